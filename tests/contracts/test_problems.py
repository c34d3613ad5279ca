"""The problem list (ZS-16, ZS-17, GT-16): listed with a deadline, put right or signed anew."""

from datetime import timedelta
from typing import Any

import pytest

from domain.contracts import ProblemReason
from domain.errors import ErrorCode
from models.contracts import ContractProblem
from models.filings import Filing
from resolvers import contract_problems, contracts, filings
from tests.project import Project


@pytest.mark.requirement("ZS-16", "GT-16")
async def test_an_irregular_contract_is_listed_and_put_right(project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, filing = await project.effective(starts_on=world.today + timedelta(days=1))
    listing: dict[str, Any] = {
        "id": contract.id,
        "reason": ProblemReason.NOT_MODEL_TEXT,
        "detail": "改用示范文本",
        "deadline": world.today + timedelta(days=30),
    }
    await world.refused(project.admin, contract_problems.list_problem, ErrorCode.FORBIDDEN_ROLE, **listing)
    await world.refused(
        project.bureau,
        contract_problems.list_problem,
        ErrorCode.OUT_OF_RANGE,
        "deadline",
        **{**listing, "deadline": world.today},
    )
    problem = await world.do(project.street, contract_problems.list_problem, **listing)
    contract, filing = await project.fresh(contract.id)
    assert (contract.state, filing.state) == ("EFFECTIVE", "IRREGULAR")
    assert (filing.rectify_by, filing.due_on) == (listing["deadline"], listing["deadline"])
    await world.refused(
        project.bureau, contract_problems.list_problem, ErrorCode.ALREADY_REGISTERED, "reason", **listing
    )
    other = {**listing, "reason": ProblemReason.IRREGULAR}
    second = await world.do(project.bureau, contract_problems.list_problem, **other)
    await world.do(project.street, contract_problems.resolve_problem, id=problem.id, finding="已换签")
    assert (await project.fresh(contract.id))[1].state == "IRREGULAR"
    await world.do(project.bureau, contract_problems.resolve_problem, id=second.id, finding="已整改")
    assert (await project.fresh(contract.id))[1].state == "EFFECTIVE"
    await world.refused(
        project.bureau,
        contract_problems.resolve_problem,
        ErrorCode.ACTION_NOT_AVAILABLE,
        id=second.id,
        finding="x",
    )
    assert await world.sees(project.admin, ContractProblem) == {problem.id, second.id}
    assert await world.sees(project.owner, ContractProblem) == set()


@pytest.mark.requirement("GT-16")
async def test_gaotais_irregular_contract_is_rectified_to_the_model_text_by_its_deadline(project: Project) -> None:
    world = project.world
    await project.filed_company()
    first, _filing = await project.effective(starts_on=world.today + timedelta(days=1))
    problem = await world.do(
        project.bureau,
        contract_problems.list_problem,
        id=first.id,
        reason=ProblemReason.NOT_MODEL_TEXT,
        detail="未使用示范文本",
        deadline=world.today + timedelta(days=30),
    )
    (listed,) = await world.rows(Filing, contract_id=first.id)
    assert (listed.state, listed.due_on) == ("IRREGULAR", problem.deadline)
    anew, filing = await project.submitted(renews_id=first.id, number="HT-示范")
    assert filing.content["modelText"] is True
    await project.check(filing.id)
    await world.do(project.bureau, filings.approve, id=filing.id)
    (problem,) = await world.rows(ContractProblem, id=problem.id)
    assert (problem.open, problem.resolved_by_id) == (False, anew.id)
    assert problem.resolved_on <= problem.deadline


async def test_a_signed_contract_that_was_never_filed_is_listed_too(project: Project) -> None:
    world = project.world
    contract, filing = await project.signed()
    problem = await world.do(
        project.bureau,
        contract_problems.list_problem,
        id=contract.id,
        reason=ProblemReason.NOT_FILED,
        detail="逾期未备案",
        deadline=world.today + timedelta(days=5),
    )
    assert problem.open
    (filing,) = await world.rows(Filing, id=filing.id)
    assert filing.state == "SIGNED"


@pytest.mark.requirement("ZS-17")
async def test_signing_and_filing_anew_resolves_the_entry(project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, _filing = await project.effective(starts_on=world.today + timedelta(days=1))
    problem = await world.do(
        project.bureau,
        contract_problems.list_problem,
        id=contract.id,
        reason=ProblemReason.IRREGULAR,
        detail="缺少服务标准",
        deadline=world.today + timedelta(days=30),
    )
    anew, filing = await project.submitted(renews_id=contract.id, number="HT-NEW")
    await project.check(filing.id)
    await world.do(project.bureau, filings.approve, id=filing.id)
    (problem,) = await world.rows(ContractProblem, id=problem.id)
    assert (problem.open, problem.resolved_by_id, problem.resolved_on) == (False, anew.id, world.today)
    _renewed, old = await world.do(project.chair, contracts.renew, id=contract.id, successor_id=anew.id)
    assert old.state == "RENEWED"
