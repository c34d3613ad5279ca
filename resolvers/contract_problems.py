"""The problem list of contracts (问题清单): listed with a deadline, put right or signed anew (ZS-16, ZS-17, GT-16)."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from domain.contract_filings import ContractFilingState as State
from domain.contracts import ProblemReason
from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from models.base import new_id
from models.contracts import ContractProblem, ServiceContract
from models.documents import Document
from resolvers.cases import reschedule
from resolvers.contracts import live_filing
from resolvers.unit_of_work import UnitOfWork

LISTERS = (Role.BUREAU, Role.TOWNSHIP)
LISTED_FROM = frozenset({State.FILED, State.EFFECTIVE, State.EXPIRING, State.EXPIRED_CONTINUING})
"""From here the filing itself moves to IRREGULAR; a contract that was never filed is listed without that."""


async def list_problem(
    uow: UnitOfWork, *, id: uuid.UUID, reason: ProblemReason, detail: str, deadline: date
) -> ContractProblem:
    """Put a contract on the problem list (contractListAsProblem) with what to do and the day by which.

    ``ALREADY_REGISTERED`` while it is listed for the same reason, ``OUT_OF_RANGE`` for a deadline before tomorrow. The
    contract stays in force: the list orders, it does not void (RULES §10, conflict 9).
    """
    contract = await uow.load(ServiceContract, id, lock=True)
    grant = await uow.act(LISTERS, ServiceContract, contract)
    why = ProblemReason(reason)
    if not detail.strip():
        raise Refusal(ErrorCode.REQUIRED, "detail")
    if deadline <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "deadline", least=uow.today)
    same = select(ContractProblem.id).where(
        ContractProblem.county == uow.county,
        ContractProblem.contract_id == contract.id,
        ContractProblem.reason == why.value,
        ContractProblem.open.is_(True),
    )
    if await uow.session.scalar(same) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "reason", value=why)
    filing = await live_filing(uow, contract.id)
    if filing is not None and filing.state in LISTED_FROM:
        facts = {"today": uow.today, "rectify_by": deadline}
        await uow.advance(filing, "LIST_PROBLEM", facts=facts, reason=detail)
        filing.rectify_by = deadline
        await reschedule(uow, filing)  # the deadline counts from the day just set
    problem = ContractProblem(
        county=uow.county,
        id=new_id(),
        contract_id=contract.id,
        area_id=contract.area_id,
        company_id=contract.company_id,
        township=contract.township,
        community=contract.community,
        reason=why.value,
        detail=detail.strip(),
        listed_on=uow.today,
        listed_by=uow.actor.account_id,
        deadline=deadline,
        open=True,
    )
    uow.session.add(problem)
    await uow.session.flush()  # its event names it
    await uow.audit("contractListAsProblem", problem, grant=grant, reason=detail)
    uow.notify(contract)
    return problem


async def resolve_problem(
    uow: UnitOfWork, *, id: uuid.UUID, finding: str, document_ids: Sequence[uuid.UUID] = ()
) -> ContractProblem:
    """Take an entry off the list because it was put right (contractProblemResolve).

    With the last one the filing leaves ``IRREGULAR``. A contract signed anew and filed resolves by itself (ZS-17).
    """
    problem = await uow.load(ContractProblem, id, lock=True)
    grant = await uow.act(LISTERS, ContractProblem, problem)
    if not problem.open:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="contractProblemResolve", state="RESOLVED")
    if not finding.strip():
        raise Refusal(ErrorCode.REQUIRED, "finding")
    await uow.load_all(Document, document_ids, field="documentIds")
    problem.open, problem.resolved_on = False, uow.today
    await uow.session.flush()  # the count below must not find it
    still_open = await uow.session.scalar(
        select(func.count()).where(
            ContractProblem.county == uow.county,
            ContractProblem.contract_id == problem.contract_id,
            ContractProblem.open.is_(True),
        )
    )
    filing = await live_filing(uow, problem.contract_id)
    if not still_open and filing is not None and filing.state == State.IRREGULAR:
        await uow.advance(filing, "CLEAR_PROBLEM", documents=document_ids, reason=finding)
    await uow.audit("contractProblemResolve", problem, grant=grant, reason=finding, documents=document_ids)
    uow.notify(problem)
    return problem
