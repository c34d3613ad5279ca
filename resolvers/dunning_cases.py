"""A dunning case as a record: its facts, what is open on it, its steps (SM-14)."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from domain.bills import BillState
from domain.dunning import DUNNING, DunningMeans, DunningState, DunningStep
from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from models.base import new_id
from models.dunning import DunningCase, DunningClaim, DunningRecord
from models.fees import FeeBill
from resolvers.cases import case_kind
from resolvers.unit_of_work import UnitOfWork

FACTS = (
    "notice_on",
    "demand_on",
    "demand_served_on",
    "demand_ends_on",
    "broken_on",
    "paid_on",
    "received_on",
    "correction_due_on",
    "order_due_on",
    "effective_on",
    "able_debtor",
)
"""The columns that the list's guards and periods read."""


def facts_of(row: Any) -> Mapping[str, Any]:
    """The facts that a case's row holds."""
    return {name: getattr(row, name) for name in FACTS}


async def _moved(uow: UnitOfWork, case: DunningCase, _former: str) -> None:
    """What the clock's moves leave behind: the notice on record, and bills that may be dunned anew once all was paid."""
    if case.state == DunningState.NOTICE1:
        await record(uow, case, DunningStep.NOTICE, DunningMeans.APP, role=Role.SYSTEM)
    if case.state == DunningState.PAID:
        await uow.session.execute(
            update(DunningClaim)
            .where(DunningClaim.county == uow.county, DunningClaim.case_id == case.id, DunningClaim.ended_on.is_(None))
            .values(ended_on=uow.today)
            .execution_options(synchronize_session=False)
        )


case_kind(
    DunningCase,
    (DUNNING,),
    facts=facts_of,
    resting=(DunningState.REMINDED, DunningState.SETTLED),
    # Offices are asked where mediation runs.
    asks=lambda row, role: role not in (Role.COMMUNITY, Role.TOWNSHIP) or row.state == DunningState.MEDIATING,
    moved=_moved,
)


async def outstanding(uow: UnitOfWork, case: DunningCase) -> int:
    """What is open on the case's bills, in fen; voided bills owe nothing."""
    open_fen = await uow.session.scalar(
        select(func.coalesce(func.sum(FeeBill.amount + FeeBill.adjusted - FeeBill.settled), 0))
        .join(DunningClaim, (DunningClaim.county == FeeBill.county) & (DunningClaim.bill_id == FeeBill.id))
        .where(
            FeeBill.county == uow.county,
            DunningClaim.county == uow.county,
            DunningClaim.case_id == case.id,
            FeeBill.state != BillState.VOIDED.value,
        )
    )
    return int(open_fen or 0)


async def record(
    uow: UnitOfWork,
    case: DunningCase,
    step: DunningStep,
    means: DunningMeans,
    *,
    role: Role,
    note: str | None = None,
    taken_on: date | None = None,
    ends_on: date | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> DunningRecord:
    """Put a step on the case's record. ``OUT_OF_RANGE`` for a day that has not come."""
    if taken_on is not None and taken_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "takenOn", most=uow.today)
    made = DunningRecord(
        county=uow.county,
        id=new_id(),
        case_id=case.id,
        step=step.value,
        taken_on=taken_on or uow.today,
        means=means.value,
        note=(note or "").strip() or None,
        outstanding=await outstanding(uow, case),
        ends_on=ends_on,
        document_ids=list(document_ids),
        role=role.value,
        recorded_by=uow.actor.account_id,
        at=uow.now,
    )
    uow.session.add(made)
    await uow.session.flush()
    return made
