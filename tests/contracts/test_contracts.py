"""Service contracts (SM-3): drafted, signed, filed by the county's offices, watched, renewed, ended."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.companies import StaffKind
from domain.contracts import ContractKind, EndReason, SelectionBasis, earliest_end
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.filing_records import ModelTextKind
from domain.profiles import profile_for_test
from domain.profiles.parameters import BuildingType
from domain.roles import Role
from models.cases import Review, Task
from models.companies import ProjectLeader
from models.contracts import ContractProblem, ServiceContract
from models.disclosures import DisclosureEntry
from models.documents import Document
from models.filings import Filing, ModelText
from resolvers import committees, companies, contract_filings, contracts, filings, leaders, model_texts
from resolvers.cases import timers
from tests.project import FILING_PAPERS, SIGNING_PAPERS, Project, attested_committee, paper, papers, without_serial
from tests.world import World


async def county_like(world: World, code: str) -> Project:
    profile_for_test(world.county, copy_of=code)
    project = await Project.build(world)
    if code == "220382":
        await project.staff(StaffKind.TECHNICIAN, certificate_number="T-1")
        await project.staff(StaffKind.MANAGER, training_name="培训")
    await project.filed_company()
    return project


# -- drafting and signing ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("ZD-41")
async def test_the_committee_signs_what_the_owners_decided(project: Project) -> None:
    world = project.world
    contract, filing = await project.drafted()
    assert (contract.state, filing.state, contract.committee_id) == ("DRAFT", "DRAFT", project.committee.id)
    signing: dict[str, Any] = {
        "id": contract.id,
        "signed_on": world.today,
        "decision_reference": "业主大会决议2026-1",
        "decided_on": world.today,
        "document_ids": await papers(world, project.chair, *SIGNING_PAPERS),
    }
    await world.refused(project.admin, contracts.sign, ErrorCode.FORBIDDEN_ROLE, **{**signing, "document_ids": []})
    for missing in ("decision_reference", "decided_on"):
        await world.refused(project.chair, contracts.sign, ErrorCode.VOTE_NOT_PASSED, **{**signing, missing: None})
    before = {**signing, "signed_on": world.today - timedelta(days=1)}
    await world.refused(project.chair, contracts.sign, ErrorCode.VOTE_NOT_PASSED, **before)
    await world.refused(project.chair, contracts.sign, ErrorCode.MISSING_DOCUMENT, **{**signing, "document_ids": []})
    contract, filing = await world.do(project.chair, contracts.sign, **signing)
    assert (contract.state, filing.state, contract.signed_on) == ("SIGNED", "SIGNED", world.today)
    assert (contract.selection_reference, contract.selected_on) == ("业主大会决议2026-1", world.today)


@pytest.mark.requirement("ZD-56")
async def test_an_early_stage_contract_rests_on_a_tender_or_an_approved_exception(project: Project) -> None:
    world = project.world
    early = {
        "kind": ContractKind.EARLY_STAGE,
        "selection_basis": SelectionBasis.TENDER,
        "developer_name": "演示开发公司",
        "model_text_id": None,
    }
    contract, _filing = await project.drafted(**early)
    assert contract.committee_id is None
    text = await paper(world, project.admin, DocumentKind.CONTRACT)
    await world.refused(project.chair, contracts.sign, ErrorCode.FORBIDDEN_ROLE, id=contract.id, signed_on=world.today)
    refusal = await world.refused(
        project.admin,
        contracts.sign,
        ErrorCode.MISSING_DOCUMENT,
        id=contract.id,
        signed_on=world.today,
        document_ids=[text],
    )
    assert refusal.params["documents"] == ["TENDER_RESULT|EXCEPTION_APPROVAL"]
    award = await paper(world, project.admin, DocumentKind.TENDER_RESULT)
    contract, filing = await world.do(
        project.admin, contracts.sign, id=contract.id, signed_on=world.today, document_ids=[text, award]
    )
    assert (contract.state, filing.state) == ("SIGNED", "SIGNED")


async def test_terms_are_checked(project: Project) -> None:
    world = project.world
    for changes, code, field in (
        ({"area_code": "nowhere"}, ErrorCode.NOT_FOUND, "areaCode"),
        ({"ends_on": world.today}, ErrorCode.OUT_OF_RANGE, "endsOn"),
        ({"price_terms": " "}, ErrorCode.REQUIRED, "priceTerms"),
        ({"unit_price": -1}, ErrorCode.OUT_OF_RANGE, "unitPrice"),
        ({"service_star": 6}, ErrorCode.OUT_OF_RANGE, "serviceStar"),
        ({"selection_basis": SelectionBasis.TENDER}, ErrorCode.INVALID_INPUT, "selectionBasis"),
    ):
        await world.refused(project.admin, contracts.draft, code, field, **project.terms(**changes))
    await world.refused(project.chair, contracts.draft, ErrorCode.FORBIDDEN_ROLE, **project.terms())
    await project.drafted(number="HT-1")
    await world.refused(
        project.admin, contracts.draft, ErrorCode.ALREADY_REGISTERED, "number", **project.terms(number="HT-1")
    )


async def test_a_draft_can_be_changed_and_a_signed_contract_cannot(project: Project) -> None:
    world = project.world
    contract, _filing = await project.drafted()
    terms = {name: value for name, value in project.terms(title="改后").items() if name != "area_code"}
    changed = await world.do(project.admin, contracts.change, id=contract.id, **terms)
    assert (changed.title, changed.number) == ("改后", contract.number)
    await world.refused(
        project.admin, contracts.change, ErrorCode.VERSION_CONFLICT, id=contract.id, expected_version=1, **terms
    )
    signed, _filing = await project.signed(number="HT-2")
    await world.refused(project.admin, contracts.change, ErrorCode.ACTION_NOT_AVAILABLE, id=signed.id, **terms)


# -- filing, by county ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("ZD-26")
async def test_zhangdian_files_with_the_bureau_within_ten_days(world: World) -> None:
    project = await county_like(world, "370303")
    contract, filing = await project.signed()
    assert filing.due_on == world.today + timedelta(days=10)
    world.now += timedelta(days=15)
    filing = await world.do(
        project.admin,
        contracts.filing_submit,
        id=filing.id,
        document_ids=await papers(world, project.admin, *FILING_PAPERS),
    )
    assert (filing.state, filing.late_days) == ("SUBMITTED", 5)
    await world.refused(project.bureau, filings.approve, ErrorCode.ACTION_NOT_AVAILABLE, id=filing.id)
    await world.do(project.street, filings.review, id=filing.id)
    await world.refused(project.street, filings.approve, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    filed = await world.do(project.bureau, filings.approve, id=filing.id)
    assert without_serial(filed.certificate_number) == f"物合备{world.county}-2026-"
    assert (filed.effective_from, filed.published) == (world.today, False)
    (contract,) = await world.rows(ServiceContract)
    assert contract.state == "FILED"


@pytest.mark.requirement("GT-15", "GT-19")
async def test_gaotai_has_every_contract_checked_by_township_and_community_before_the_bureau(world: World) -> None:
    project = await county_like(world, "620724")
    _contract, filing = await project.submitted()
    checked = await world.do(project.street, filings.review, id=filing.id)
    assert checked.state == "SUBMITTED"
    await world.refused(project.bureau, filings.approve, ErrorCode.ACTION_NOT_AVAILABLE, id=filing.id)
    await world.refused(project.street, filings.review, ErrorCode.ACTION_NOT_AVAILABLE, id=filing.id)
    checked = await world.do(project.community, filings.review, id=filing.id)
    assert checked.state == "CHECKED"
    filed = await world.do(project.bureau, filings.approve, id=filing.id)
    assert (filed.state, filed.copied_to) == ("FILED", ["COMMUNITY", "TOWNSHIP"])
    reviews = await world.rows(Review, case_id=filing.id)
    assert [(review.role, review.action) for review in reviews] == [
        ("TOWNSHIP", "CHECK"),
        ("COMMUNITY", "CHECK"),
        ("BUREAU", "FILE"),
    ]


@pytest.mark.requirement("SL-8", "SL-10", "SL-16")
async def test_shuangliao_files_with_the_street_after_a_check_of_truth(world: World) -> None:
    project = await county_like(world, "220382")
    _contract, filing = await project.submitted()
    await world.do(project.community, filings.review, id=filing.id)
    await world.refused(project.bureau, filings.approve, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    filed = await world.do(project.street, filings.approve, id=filing.id)
    assert without_serial(filed.certificate_number) == f"物合备{world.township}-2026-"
    assert filed.copied_to == ["BUREAU"]


@pytest.mark.requirement("SL-16")
async def test_shuangliaos_street_and_community_check_the_bidding_and_the_prices(world: World) -> None:
    """Who verifies the truth reads the award and the prices that were handed in, and returns what is not true."""
    project = await county_like(world, "220382")
    early = {
        "kind": ContractKind.EARLY_STAGE,
        "selection_basis": SelectionBasis.TENDER,
        "developer_name": "演示开发公司",
        "model_text_id": None,
        "unit_price": 60,
        "building_type": BuildingType.MULTI_STOREY,
        "service_star": 3,
    }
    contract, filing = await project.drafted(**early)
    signing = await papers(world, project.admin, DocumentKind.CONTRACT, DocumentKind.TENDER_RESULT)
    await world.do(project.admin, contracts.sign, id=contract.id, signed_on=world.today, document_ids=signing)
    prices = await papers(world, project.admin, DocumentKind.PRICE_ITEM)
    filing = await world.do(project.admin, contracts.filing_submit, id=filing.id, document_ids=prices)
    assert (filing.content["unitPriceFen"], filing.content["selection"]["basis"]) == (60, "TENDER")
    handed_in = {*signing, *prices}
    for checker in (project.street, project.community):
        assert handed_in <= await world.sees(checker, Document)
        assert {task.role for task in await _open_tasks(world, filing)} == {"TOWNSHIP", "COMMUNITY"}
    await world.refused(project.bureau, filings.review, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    await world.refused(project.street, filings.return_, ErrorCode.REQUIRED, "reason", id=filing.id, reasons=[])
    returned = await world.do(project.community, filings.return_, id=filing.id, reasons=["收费标准与中标文件不一致"])
    assert (returned.state, returned.returned_reasons) == ("RETURNED", ["收费标准与中标文件不一致"])
    assert returned.certificate_number is None


@pytest.mark.requirement("SL-16")
async def test_who_checked_does_not_file_for_the_same_office(world: World) -> None:
    project = await county_like(world, "220382")
    _contract, filing = await project.submitted()
    await world.do(project.street, filings.review, id=filing.id)
    await world.refused(project.street, filings.approve, ErrorCode.SAME_REVIEWER, id=filing.id)


@pytest.mark.requirement("TQ-80", "TQ-81")
async def test_taiqian_files_on_one_network_with_bureau_and_township(world: World) -> None:
    project = await county_like(world, "410927")
    contract, filing = await project.submitted()
    assert [task.role for task in await _open_tasks(world, filing)] == ["TOWNSHIP"]
    await world.refused(project.community, filings.review, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    await world.do(project.street, filings.review, id=filing.id)
    filed = await world.do(project.bureau, filings.approve, id=filing.id)
    assert (filed.state, filed.copied_to) == ("FILED", ["TOWNSHIP"])
    assert contract.id == filed.contract_id


async def _open_tasks(world: World, filing: Filing) -> list[Any]:
    return [task for task in await world.rows(Task, case_id=filing.id) if task.closed_at is None]


@pytest.mark.requirement("GT-18")
async def test_gaotai_takes_only_model_texts_for_newly_taken_estates(world: World) -> None:
    project = await county_like(world, "620724")
    _contract, filing = await project.signed(model_text_id=None)
    given = await papers(world, project.admin, *FILING_PAPERS)
    await world.refused(
        project.admin, contracts.filing_submit, ErrorCode.MODEL_TEXT_REQUIRED, id=filing.id, document_ids=given
    )


@pytest.mark.requirement("GT-17")
async def test_gaotai_switches_to_model_texts_at_re_election_and_lets_renewals_keep_theirs(world: World) -> None:
    project = await county_like(world, "620724")
    own_text = {"model_text_id": None}
    first, _filing = await project.effective(starts_on=world.today + timedelta(days=1))
    _contract, renewal = await project.signed(renews_id=first.id, number="HT-2", **own_text)
    given = await papers(world, project.admin, *FILING_PAPERS)
    renewal = await world.do(project.admin, contracts.filing_submit, id=renewal.id, document_ids=given)
    assert (renewal.state, renewal.content["modelText"]) == ("SUBMITTED", False)
    await world.do(project.street, committees.end, id=project.committee.id, ended_on=world.today, reason="届满")
    world.now += timedelta(days=1)
    project.committee, project.chair = await attested_committee(world, project.street, project.area)
    _contract, of_new_body = await project.signed(renews_id=first.id, number="HT-3", **own_text)
    given = await papers(world, project.admin, *FILING_PAPERS)
    await world.refused(
        project.admin, contracts.filing_submit, ErrorCode.MODEL_TEXT_REQUIRED, id=of_new_body.id, document_ids=given
    )


LIBRARY = {
    ModelTextKind.SERVICE_CONTRACT,
    ModelTextKind.EARLY_STAGE_CONTRACT,
    ModelTextKind.COVENANT,
    ModelTextKind.TEMPORARY_COVENANT,
    ModelTextKind.RULES_OF_PROCEDURE,
    ModelTextKind.ELECTION_METHOD,
}
"""What GT-14 names."""


@pytest.mark.requirement("GT-14")
async def test_the_library_holds_editions_of_all_model_texts(project: Project) -> None:
    world = project.world
    given: dict[str, Any] = {"edition": "2025版", "title": "示范文本", "basis": "演示文号", "valid_from": world.today}
    for kind in LIBRARY:
        file = await paper(world, project.bureau, DocumentKind.MODEL_TEXT)
        await world.do(project.bureau, model_texts.issue, kind=kind, document_id=file, **given)
    issued = await world.rows(ModelText, edition="2025版")
    assert {text.kind for text in issued} == LIBRARY
    for reader in (project.admin, project.chair, project.owner, project.street, project.community):
        assert {text.id for text in issued} <= await world.sees(reader, ModelText)
    covenant = next(text for text in issued if text.kind == "COVENANT")
    given["kind"] = ModelTextKind.COVENANT
    await world.refused(project.bureau, model_texts.issue, ErrorCode.ALREADY_REGISTERED, "edition", **given)
    await world.refused(project.street, model_texts.issue, ErrorCode.FORBIDDEN_ROLE, **{**given, "edition": "x"})
    await world.refused(
        project.admin,
        contracts.draft,
        ErrorCode.INVALID_INPUT,
        "modelTextId",
        **project.terms(model_text_id=covenant.id),
    )


@pytest.mark.rule("V-34")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"whole_transfer": True}, ErrorCode.WHOLE_TRANSFER),
        ({"adjustment_clause": False}, ErrorCode.ADJUSTMENT_CLAUSE_REQUIRED),
    ],
)
async def test_what_the_law_forbids_is_not_filed(world: World, changes: dict[str, Any], code: ErrorCode) -> None:
    project = await county_like(world, "410927")
    _contract, filing = await project.signed(**changes)
    given = await papers(world, project.admin, *FILING_PAPERS)
    await world.refused(project.admin, contracts.filing_submit, code, id=filing.id, document_ids=given)


async def test_an_unfiled_company_files_no_contract(project: Project) -> None:
    world = project.world
    _contract, filing = await project.signed()
    given = await papers(world, project.admin, *FILING_PAPERS)
    await world.refused(
        project.admin, contracts.filing_submit, ErrorCode.FIRM_NOT_FILED, id=filing.id, document_ids=given
    )


async def test_a_black_listed_company_files_no_new_contract_where_the_profile_bans(world: World) -> None:
    project = await county_like(world, "220382")
    await world.do(
        project.bureau, companies.blacklist_record, id=project.company.id, listed_on=world.today, reason="拒不移交"
    )
    _contract, filing = await project.signed()
    given = await papers(world, project.admin, *FILING_PAPERS)
    await world.refused(project.admin, contracts.filing_submit, ErrorCode.BLACKLISTED, id=filing.id, document_ids=given)


async def test_a_guided_price_has_its_ceiling(project: Project) -> None:
    world = project.world
    await project.filed_company()
    early = {
        "kind": ContractKind.EARLY_STAGE,
        "selection_basis": SelectionBasis.TENDER,
        "building_type": BuildingType.MULTI_STOREY,
        "service_star": 3,
        "model_text_id": None,
    }
    for number, price, accepted in (("A", 73, False), ("B", 72, True)):
        contract, filing = await project.drafted(number=number, unit_price=price, **early)
        text = await paper(world, project.admin, DocumentKind.CONTRACT)
        award = await paper(world, project.admin, DocumentKind.TENDER_RESULT)
        await world.do(project.admin, contracts.sign, id=contract.id, signed_on=world.today, document_ids=[text, award])
        price_list = [await paper(world, project.admin, DocumentKind.PRICE_ITEM)]
        if accepted:
            await world.do(project.admin, contracts.filing_submit, id=filing.id, document_ids=price_list)
        else:
            refusal = await world.refused(
                project.admin,
                contracts.filing_submit,
                ErrorCode.PRICE_ABOVE_CEILING,
                id=filing.id,
                document_ids=price_list,
            )
            assert refusal.params["ceiling_fen"] == 72


async def test_a_returned_contract_stands_and_is_resubmitted(project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, filing = await project.submitted()
    await world.do(project.community, filings.return_, id=filing.id, reasons=["收费标准与公示不符"])
    (contract,) = await world.rows(ServiceContract)
    assert contract.state == "SIGNED"
    terms = {name: value for name, value in project.terms(price_terms="1.10元").items() if name != "area_code"}
    await world.do(project.admin, contracts.change, id=contract.id, **terms)
    again = await world.do(project.admin, filings.resubmit, id=filing.id)
    assert (again.state, again.content["priceTerms"]) == ("SUBMITTED", "1.10元")
    await world.refused(project.chair, filings.withdraw, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    await world.do(project.admin, filings.withdraw, id=filing.id)
    (contract,) = await world.rows(ServiceContract)
    assert contract.state == "SIGNED"
    _contract, anew = await world.do(project.admin, contracts.filing_open_again, id=contract.id)
    assert (anew.state, anew.id == filing.id) == ("DRAFT", False)


async def test_a_contract_from_before_the_platform_is_filed_while_it_runs(project: Project) -> None:
    world = project.world
    await project.filed_company()
    running = ServiceContract(
        county=world.county,
        number="OLD-1",
        area_id=project.area.id,
        company_id=project.company.id,
        township=world.township,
        community=world.community,
        kind="NORMAL",
        mode="LUMP_SUM",
        title="原合同",
        signed_on=world.today - timedelta(days=300),
        starts_on=world.today - timedelta(days=299),
        ends_on=world.today + timedelta(days=300),
        price_terms="1.20元",
        service_terms="三级",
        model_text=False,
        adjustment_clause=False,
        selection_basis="OWNERS_DECISION",
        state="EFFECTIVE",
        drafted_by=project.bureau.account_id,
    )
    await world.write([running])
    contract, filing = await world.do(project.admin, contracts.filing_open_again, id=running.id)
    assert (contract.state, contract.committee_id, filing.state) == ("EFFECTIVE", project.committee.id, "DRAFT")
    _contract, filing = await world.do(
        project.chair,
        contracts.sign,
        id=running.id,
        signed_on=running.signed_on,
        decision_reference="决议",
        decided_on=running.signed_on,
        document_ids=await papers(world, project.chair, *SIGNING_PAPERS),
    )
    await world.do(
        project.admin,
        contracts.filing_submit,
        id=filing.id,
        document_ids=await papers(world, project.admin, *FILING_PAPERS),
    )
    await project.check(filing.id)
    await world.do(project.bureau, filings.approve, id=filing.id)
    assert (await project.fresh(running.id))[0].state == "EFFECTIVE"
    await world.tick(timers)
    contract, filing = await project.fresh(running.id)
    assert (contract.state, filing.state) == ("EFFECTIVE", "EFFECTIVE")


# -- publication ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("ZS-18")
async def test_a_filed_contract_is_published_in_the_estate(project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, filing = await project.filed()
    (entry,) = await world.rows(DisclosureEntry, item="CONTRACT")
    assert (entry.current_version, entry.due_on) == (0, world.today + timedelta(days=15))
    bank = await world.person(Role.BANK, scopes=("filings:public", "filings:asked"))
    plain_bank = await world.person(Role.BANK, scopes=("filings:asked",))
    silent_bank = await world.person(Role.BANK, scopes=("filings:public",))
    assert contract.id not in await world.sees(project.owner, ServiceContract)
    assert filing.id not in await world.sees(bank, Filing)
    await world.refused(
        project.chair, contract_filings.publish, ErrorCode.FORBIDDEN_ROLE, id=contract.id, objection_contact="x"
    )
    contract, posted = await world.do(
        project.admin, contract_filings.publish, id=contract.id, objection_contact="社区居委会"
    )
    assert (contract.published, posted.item, posted.version) == (True, "CONTRACT", 1)
    assert filing.certificate_number in posted.body
    assert contract.id in await world.sees(project.owner, ServiceContract)
    assert filing.id in await world.sees(project.owner, Filing)
    assert filing.id in await world.sees(bank, Filing)
    assert contract.id in await world.sees(bank, ServiceContract)
    for partner in (plain_bank, silent_bank):
        assert await world.sees(partner, Filing) == set()
        assert await world.sees(partner, ServiceContract) == set()
    neighbour = await world.person(Role.OWNER, unit_id=contract.id)
    assert await world.sees(neighbour, ServiceContract) == set()
    (entry,) = await world.rows(DisclosureEntry, item="CONTRACT")
    assert (entry.current_version, entry.due_on) == (1, None)


async def test_what_is_not_filed_is_not_published(project: Project) -> None:
    contract, _filing = await project.signed()
    await project.world.refused(
        project.admin,
        contract_filings.publish,
        ErrorCode.ACTION_NOT_AVAILABLE,
        id=contract.id,
        objection_contact="x",
    )


# -- the watch, the end -----------------------------------------------------------------------------------------------


@pytest.mark.rule("V-36")
@pytest.mark.requirement("ZS-16")
async def test_the_clock_watches_the_end_and_lists_what_expired(project: Project) -> None:
    world = project.world
    await project.filed_company()
    short = {"starts_on": world.today + timedelta(days=1), "ends_on": world.today + timedelta(days=120)}
    contract, _filing = await project.effective(**short)
    assert contract.state == "EFFECTIVE"
    world.now += timedelta(days=29 - 1)
    await world.tick(timers)
    assert (await project.fresh(contract.id))[0].state == "EFFECTIVE"
    world.now += timedelta(days=1)
    await world.tick(timers)
    assert (await project.fresh(contract.id))[0].state == "EXPIRING"
    world.now += timedelta(days=90)
    await world.tick(timers)
    assert (await project.fresh(contract.id))[0].state == "EXPIRING"
    world.now += timedelta(days=1)
    await world.tick(timers)
    contract, filing = await project.fresh(contract.id)
    assert (contract.state, filing.state) == ("EXPIRED_CONTINUING", "EXPIRED_CONTINUING")
    (problem,) = await world.rows(ContractProblem)
    assert (problem.reason, problem.open, problem.listed_by) == ("EXPIRED", True, None)


async def test_a_renewal_takes_over_when_it_takes_effect(project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, _filing = await project.effective(
        starts_on=world.today + timedelta(days=1), ends_on=world.today + timedelta(days=60)
    )
    await world.tick(timers)
    staff = await project.staff()
    leader = await world.do(
        project.admin,
        leaders.appoint,
        area_id=project.area.id,
        staff_id=staff.id,
        certificate_number="P-1",
        appointed_on=world.today,
    )
    follows = {
        "number": "HT-NEXT",
        "renews_id": contract.id,
        "starts_on": contract.ends_on + timedelta(days=1),
        "ends_on": contract.ends_on + timedelta(days=365),
    }
    draft, _filing = await project.drafted(**follows)
    await world.refused(project.admin, contracts.renew, ErrorCode.REQUIRED, id=contract.id, successor_id=draft.id)
    signed, _filing = await world.do(
        project.chair,
        contracts.sign,
        id=draft.id,
        signed_on=world.today,
        decision_reference="决议2",
        decided_on=world.today,
        document_ids=await papers(world, project.chair, *SIGNING_PAPERS),
    )
    renewed, filing = await world.do(project.chair, contracts.renew, id=contract.id, successor_id=signed.id)
    assert (renewed.state, filing.state, filing.effective_to) == ("EXPIRING", "RENEWED", contract.ends_on)
    (next_filing,) = await world.rows(Filing, contract_id=signed.id)
    await world.do(
        project.admin,
        contracts.filing_submit,
        id=next_filing.id,
        document_ids=await papers(world, project.admin, *FILING_PAPERS),
    )
    await project.check(next_filing.id)
    await world.do(project.bureau, filings.approve, id=next_filing.id)
    while world.today < signed.starts_on:
        world.now += timedelta(days=1)
    await world.tick(timers)
    assert (await project.fresh(contract.id))[0].state == "RENEWED"
    assert (await project.fresh(signed.id))[0].state == "EFFECTIVE"
    (still,) = await world.rows(ProjectLeader, id=leader.id)
    assert still.ended_on is None


@pytest.mark.rule("V-35")
async def test_a_contract_ends_after_due_notice(project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, _filing = await project.effective(starts_on=world.today + timedelta(days=1))
    staff = await project.staff()
    leader = await world.do(
        project.admin,
        leaders.appoint,
        area_id=project.area.id,
        staff_id=staff.id,
        certificate_number="P-1",
        appointed_on=world.today,
    )
    ending: dict[str, Any] = {
        "id": contract.id,
        "end_reason": EndReason.DISMISSED,
        "noticed_on": world.today,
        "ended_on": world.today + timedelta(days=60),
        "reason": "业主大会决定解聘",
    }
    notice = [await paper(world, project.chair, DocumentKind.TERMINATION_NOTICE)]
    early = {**ending, "ended_on": world.today + timedelta(days=59)}
    await world.refused(project.chair, contracts.terminate, ErrorCode.TOO_EARLY, **early, document_ids=notice)
    await world.refused(project.chair, contracts.terminate, ErrorCode.OUT_OF_RANGE, **ending, document_ids=notice)
    world.now += timedelta(days=60)
    await world.refused(project.chair, contracts.terminate, ErrorCode.MISSING_DOCUMENT, **ending)
    # Dismissal is the owners' joint decision: no committee's alone, and no firm's.
    await world.refused(
        project.chair, contracts.terminate, ErrorCode.MISSING_DOCUMENT, "documentIds", **ending, document_ids=notice
    )
    await world.refused(project.admin, contracts.terminate, ErrorCode.FORBIDDEN_ROLE, **ending, document_ids=[])
    notice.append(await paper(world, project.chair, DocumentKind.OWNERS_RESOLUTION))
    ended, filing = await world.do(project.chair, contracts.terminate, **ending, document_ids=notice)
    assert (ended.state, filing.state) == ("TERMINATED", "TERMINATED")
    assert (ended.ended_on, ended.end_reason, filing.effective_to) == (world.today, "DISMISSED", world.today)
    (gone,) = await world.rows(ProjectLeader, id=leader.id)
    assert (gone.state, gone.ended_on) == ("ENDED", world.today + timedelta(days=1))


@pytest.mark.rule("V-35")
@pytest.mark.parametrize(
    ("reason", "days"),
    [
        (EndReason.DISMISSED, 60),
        (EndReason.NOTICE_WHILE_CONTINUING, 92),
        (EndReason.MUTUAL, 0),
    ],
)
def test_notices_run_their_time(reason: EndReason, days: int) -> None:
    noticed = date(2026, 3, 2)
    assert earliest_end(reason, noticed, None, 92) == noticed + timedelta(days=days)


@pytest.mark.rule("V-33")
async def test_an_early_stage_contract_ends_when_the_owners_own_takes_effect(project: Project) -> None:
    world = project.world
    await project.filed_company()
    early, filing = await project.drafted(
        kind=ContractKind.EARLY_STAGE,
        selection_basis=SelectionBasis.TENDER,
        number="EARLY",
        model_text_id=None,
        starts_on=world.today + timedelta(days=1),
    )
    both = await papers(world, project.admin, DocumentKind.CONTRACT, DocumentKind.TENDER_RESULT)
    await world.do(project.admin, contracts.sign, id=early.id, signed_on=world.today, document_ids=both)
    price_list = [await paper(world, project.admin, DocumentKind.PRICE_ITEM)]
    await world.do(project.admin, contracts.filing_submit, id=filing.id, document_ids=price_list)
    await project.check(filing.id)
    await world.do(project.bureau, filings.approve, id=filing.id)
    world.now += timedelta(days=1)
    await world.tick(timers)
    assert (await project.fresh(early.id))[0].state == "EFFECTIVE"
    own, _filing = await project.effective(starts_on=world.today + timedelta(days=3))
    await world.tick(timers)
    early, filing = await project.fresh(early.id)
    assert (own.state, early.state, filing.state) == ("EFFECTIVE", "TERMINATED", "TERMINATED")
    assert (early.end_reason, early.ended_on) == ("REPLACED", own.starts_on - timedelta(days=1))
