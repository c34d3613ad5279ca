"""All bill runs of a period at once: whatever a company charges by the calendar and has not billed yet (FEE-2, FEE-7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, or_, select

from auth.actor import Grant
from domain.bills import BILLERS, ChargeBasis, ChargeItemState, RunState
from domain.errors import ErrorCode, Refusal
from models.contracts import ServiceContract
from models.fees import BillRun, ChargeItem
from resolvers.bill_runs import latest_start, period_end, queued, under_way
from resolvers.unit_of_work import UnitOfWork

MOST_AT_ONCE = 500
"""Runs that one call starts; a company with more charge items calls again."""

BY_CALENDAR = (ChargeBasis.AREA.value, ChargeBasis.UNIT.value, ChargeBasis.SPACE.value)
"""Due because a period begins. What is metered or shared out waits for its readings and costs, what is charged once for
its occasion: those runs are started one by one."""


@dataclass(frozen=True)
class Refused:
    """A charge item whose run could not be started, and why."""

    item: ChargeItem
    refusal: Refusal


@dataclass(frozen=True)
class Started:
    """What came of it. ``left`` items are due, too, and were beyond ``MOST_AT_ONCE``."""

    runs: Sequence[BillRun]
    refused: Sequence[Refused]
    left: int


async def start_due(uow: UnitOfWork, *, period_from: date, county: str | None = None) -> Started:
    """Start the due runs of a company in all its areas (billRunsStart), of its leader in the areas that they lead.

    Due is each charge item on a basis of the calendar that is charged for on ``period_from`` and has no run of which the
    period holds that day, but for failed ones; so a second call starts nothing twice. An item that may not be billed
    (not disclosed, above its ceiling, without a budget …) is told with its refusal and keeps no other from being billed.
    ``OUT_OF_RANGE`` for a period after next month's first (FEE-4). ``county`` chose the county of ``uow``.
    """
    grant = await uow.act(BILLERS)
    if period_from > (most := latest_start(uow.today)):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodFrom", most=most)
    runs: list[BillRun] = []
    refused: list[Refused] = []
    due = await _due(uow, grant, period_from)
    started = await under_way(uow, [item for item, _ in due])
    looked_at = 0
    with uow.session.no_autoflush:  # all runs are written together
        for item, contract in due:
            if len(runs) == MOST_AT_ONCE:
                break
            looked_at += 1
            try:
                last = _last_day(item, period_from)
                runs.append(await queued(uow, item, contract, grant, period_from, last, under_way=started))
            except Refusal as refusal:
                refused.append(Refused(item, refusal))
    await uow.enqueue_each("bill_run_issue", bill_run_id=[run.id for run in runs])
    return Started(runs, refused, len(due) - looked_at)


def _last_day(item: ChargeItem, period_from: date) -> date:
    """The period's last day: of whole months, or the last day that the item is charged for."""
    last = period_end(period_from, item.period_months)
    return min(last, item.valid_to) if item.valid_to else last


async def _due(uow: UnitOfWork, grant: Grant, period_from: date) -> list[tuple[ChargeItem, ServiceContract]]:
    billed = exists(
        select(BillRun.id).where(
            BillRun.county == uow.county,
            BillRun.charge_item_id == ChargeItem.id,
            BillRun.state != RunState.FAILED.value,
            BillRun.period_from <= period_from,
            BillRun.period_to >= period_from,
        )
    )
    due = (
        uow.select(ChargeItem)
        .join(
            ServiceContract,
            (ServiceContract.county == ChargeItem.county) & (ServiceContract.id == ChargeItem.contract_id),
        )
        .add_columns(ServiceContract)
        .where(
            ChargeItem.company_id == grant.company_id,
            ChargeItem.basis.in_(BY_CALENDAR),
            ChargeItem.state != ChargeItemState.ENDED.value,
            ChargeItem.valid_from <= period_from,
            or_(ChargeItem.valid_to.is_(None), ChargeItem.valid_to >= period_from),
            ~billed,
        )
        .order_by(ChargeItem.area_id, ChargeItem.code)
        .with_for_update(of=ChargeItem)
    )
    return [(item, contract) for item, contract in await uow.session.execute(due)]
