"""Bill runs (出账): a job that issues one charge item's bills of a period, portion by portion (FEE-2, FEE-3, FEE-7, G-5).

A portion is two statements whatever its size: the receivable accounts that are still missing, then the bills together with
the ledger's transaction. Every portion commits, so that progress shows and a stopped run goes on where it stood.
"""

import secrets
import uuid
from base64 import b32encode
from calendar import monthrange
from collections.abc import Container, Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from auth.actor import Grant
from domain.bills import BILLERS, ChargeBasis, ChargeCategory, RunState
from domain.contracts import IN_FORCE, ContractKind, ContractMode
from domain.errors import ErrorCode, Refusal
from domain.estates import UnitUse
from domain.fees import check_price
from domain.ledger import AccountKind, TransactionKind
from domain.profiles.parameters import BuildingType
from models.base import new_id
from models.contracts import ServiceContract
from models.estates import Building, Unit
from models.fees import BillRun, ChargeItem
from models.payments import Payment
from resolvers.bill_runs_sql import ISSUE, OPEN_ACCOUNTS
from resolvers.charge_items import current_posting, current_star, guided_type
from resolvers.jobs import job
from resolvers.ledger import account, check_open
from resolvers.prepaid import apply_to_unit
from resolvers.prices import budget_of
from resolvers.unit_of_work import UnitOfWork
from resolvers.whole_sets import whole_sets

PORTION = 2000
"""Units a transaction: large enough for set-based speed, small enough for progress and short locks."""

FIRST = uuid.UUID(int=0)


def uses_of(item: ChargeItem) -> list[str]:
    """The uses of the units that an item applies to: the one it names; else all that are charged on its basis."""
    if item.unit_use is not None:
        return [item.unit_use]
    if item.basis == ChargeBasis.SPACE:
        return [UnitUse.PARKING.value]
    return sorted(use.value for use in UnitUse if use not in {UnitUse.PARKING, UnitUse.PUBLIC})


def other_types(item: ChargeItem) -> list[str]:
    """The kinds of building that an item for one type of building leaves to others; none where it names no type."""
    return sorted(kind.value for kind in BuildingType if item.building_type not in (None, kind))


def applies_to(uow: UnitOfWork, item: ChargeItem) -> ColumnElement[bool]:
    """The units of its area that an item applies to, by their use and their building (as the statements of runs say it)."""
    of_others = select(Building.id).where(Building.county == uow.county, Building.kind.in_(other_types(item)))
    return Unit.use.in_(uses_of(item)) & Unit.building_id.not_in(of_others)


async def bill_run_start(
    uow: UnitOfWork, *, charge_item_id: uuid.UUID, period_from: date, period_to: date | None = None
) -> BillRun:
    """Start issuing the bills of one charge item for one period (by default as long as the item's ``period_months``).

    The item must be disclosed now at this price or a higher one (``ITEM_NOT_DISCLOSED``, ``PRICE_ABOVE_DISCLOSED``: FEE-7,
    TQ-73, ZS-26), its contract in force (``ACTION_NOT_AVAILABLE``: ZD-47), and its price not above the guide price of today
    (``PRICE_ABOVE_CEILING``: FEE-5), in remuneration mode the year's budget is posted (``BUDGET_REQUIRED``: FEE-1). A
    period may not start after next month, nor reach past today by more than the item's own period: nobody is made to
    prepay (FEE-4).
    Units billed for the item and period before are skipped, so a run can be started again at any time; while one is under
    way a second is refused (``ALREADY_REGISTERED``).
    """
    item = await uow.load(ChargeItem, charge_item_id, lock=True, field="chargeItemId")
    grant = await uow.act(BILLERS, ChargeItem, item)
    contract = await _contract(uow, item)
    started = await under_way(uow, [item])
    run = await queued(uow, item, contract, grant, period_from, period_to, under_way=started)
    await uow.enqueue_each("bill_run_issue", bill_run_id=[run.id])
    return run


def latest_start(today: date) -> date:
    """The last day on which a period billed today may start: the first of next month (FEE-4)."""
    return period_end(today.replace(day=1), 1) + timedelta(days=1)


async def under_way(uow: UnitOfWork, items: Iterable[ChargeItem]) -> frozenset[uuid.UUID]:
    """The ids of those items of which a run is under way."""
    found = await uow.session.scalars(
        select(BillRun.charge_item_id).where(
            BillRun.county == uow.county,
            BillRun.charge_item_id.in_([item.id for item in items]),
            BillRun.state.in_([RunState.QUEUED.value, RunState.RUNNING.value]),
        )
    )
    return frozenset(found)


async def queued(
    uow: UnitOfWork,
    item: ChargeItem,
    contract: ServiceContract,
    grant: Grant,
    period_from: date,
    period_to: date | None = None,
    *,
    under_way: Container[uuid.UUID],
) -> BillRun:
    """The run of a contract's item that ``grant`` may bill, whose job the caller enqueues; refuses as ``bill_run_start``
    does, before a run is there."""
    last = period_to or period_end(period_from, item.period_months)
    if last < period_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodTo", least=period_from)
    starts_latest = latest_start(uow.today)
    if not item.valid_from <= period_from <= starts_latest:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodFrom", least=item.valid_from, most=starts_latest)
    ends_latest = max(period_end(period_from, item.period_months), uow.today)
    if item.valid_to is not None:
        ends_latest = min(ends_latest, item.valid_to)
    if last > ends_latest:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodTo", most=ends_latest)
    posting = await _may_bill(uow, item, contract, period_from)
    if item.id in under_way:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "periodFrom")
    run_id = new_id()
    run = BillRun(
        county=uow.county,
        id=run_id,
        number=f"{uow.today:%Y%m%d}-{run_id.hex[-8:].upper()}",
        charge_item_id=item.id,
        item_disclosure_id=posting,
        area_id=item.area_id,
        company_id=item.company_id,
        township=item.township,
        community=item.community,
        period_from=period_from,
        period_to=last,
        issued_on=uow.today,
        due_on=uow.today + timedelta(days=item.due_days),
        state=RunState.QUEUED.value,
        started_by=uow.actor.account_id,
    )
    uow.session.add(run)
    await uow.audit("billRunStart", run, grant=grant, to_state=RunState.QUEUED.value)
    return run


async def _contract(uow: UnitOfWork, item: ChargeItem) -> ServiceContract:
    return await uow.session.get_one(ServiceContract, (uow.county, item.contract_id))


async def _may_bill(uow: UnitOfWork, item: ChargeItem, contract: ServiceContract, period_from: date) -> uuid.UUID:
    """The posting that bills of the item may rest on today; refuses otherwise."""
    posting = await current_posting(uow, item)
    if contract.state not in IN_FORCE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "chargeItemId", state=contract.state)
    check_price(
        uow.profile,
        contract=ContractKind(contract.kind),
        category=ChargeCategory(item.category),
        building_type=guided_type(contract, item.unit_use, item.building_type),
        # A star that fell since takes the ceiling down from the next bills on (FEE-5).
        star=current_star(contract, item.star),
        unit_price=item.unit_price,
    )
    if contract.mode == ContractMode.REMUNERATION and await budget_of(uow, contract, period_from) is None:
        raise Refusal(ErrorCode.BUDGET_REQUIRED, "periodFrom")
    return posting


def period_end(first: date, months: int) -> date:
    """The last day of a period of whole months: the eve of the same day, or of the last day, of a later month.

    >>> period_end(date(2026, 1, 1), 3), period_end(date(2026, 1, 31), 1)
    (datetime.date(2026, 3, 31), datetime.date(2026, 2, 27))
    """
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1])) - timedelta(days=1)


@job("bill_run_issue")
async def issue(uow: UnitOfWork, *, bill_run_id: uuid.UUID) -> bool:
    """Issue the next portion of a run; ``True`` while there is more to do."""
    run = await uow.load(BillRun, bill_run_id, lock=True)
    if run.state not in {RunState.QUEUED, RunState.RUNNING}:
        return False
    item = await uow.load(ChargeItem, run.charge_item_id)
    try:
        await check_open(uow)
        if run.state == RunState.QUEUED:
            await _may_bill(uow, item, await _contract(uow, item), run.period_from)
    except Refusal as refusal:
        run.state, run.failure, run.finished_at = RunState.FAILED.value, refusal.code.value, uow.now
        return False
    if run.state == RunState.QUEUED:
        run.planned = int(await uow.session.scalar(_units(uow, item)) or 0)
        run.state, run.started_at = RunState.RUNNING.value, uow.now
    more = await _portion(uow, run, item)
    uow.notify(run)
    return more


def _units(uow: UnitOfWork, item: ChargeItem) -> Any:
    return (
        select(func.count())
        .select_from(Unit)
        .where(Unit.county == uow.county, Unit.area_id == item.area_id, applies_to(uow, item))
    )


async def _portion(uow: UnitOfWork, run: BillRun, item: ChargeItem) -> bool:
    income = AccountKind.FEE_INCOME if item.mode == ContractMode.LUMP_SUM else AccountKind.FEE_ADVANCE
    after = run.after_unit_id or FIRST
    # One more than are known, so that the last portion is seen to be the last; units that came meanwhile make another.
    size = min(PORTION, run.planned - run.done + 1) if run.planned > run.done else PORTION
    values: dict[str, Any] = {
        "county": uow.county,
        "run_id": run.id,
        "charge_item_id": item.id,
        "item_disclosure_id": run.item_disclosure_id,
        "area_id": item.area_id,
        "company_id": item.company_id,
        "township": item.township,
        "community": item.community,
        "basis": item.basis,
        "utility": item.utility,
        "unit_price": item.unit_price,
        "title": item.name,
        "period_from": run.period_from,
        "period_to": run.period_to,
        "issued_on": run.issued_on,
        "due_on": run.due_on,
        "number": run.number,
        "vacancy_percent": item.vacancy_percent,
        "vacancy_after_months": item.vacancy_after_months,
        "fee_starts": uow.profile.fee_starts.value,
        "uses": uses_of(item),
        "other_types": other_types(item),
        "after": after,
        "size": size,
        "kind": TransactionKind.BILLS_ISSUED.value,
        "transaction_id": new_id(),
        "income_id": await account(uow, income, area_id=item.area_id, company_id=item.company_id),
        "posted_by": run.started_by,
        "posted_by_client": None,
        "now": uow.now,
    }
    for kind in (AccountKind.BANK, AccountKind.CASH):
        await account(uow, kind, company_id=item.company_id)
    # A unit that changed hands within the period gets two bills.
    issued_under = {"ids": [new_id() for _ in range(2 * size)], "marks": _marks(2 * size)}
    async with whole_sets(uow.session):
        await uow.session.execute(OPEN_ACCOUNTS, {**values, "ids": [new_id() for _ in range(size)]})
        portion = await uow.session.execute(ISSUE, {**values, **issued_under})
    looked_at, last_unit, billed, issued, amount = portion.one()
    run.done += looked_at
    run.skipped += looked_at - billed
    run.issued += issued
    run.amount += int(amount)
    run.after_unit_id = last_unit or run.after_unit_id
    # Units that came meanwhile are looked at too.
    run.planned = max(run.planned, run.done)
    more = int(looked_at) == size
    if not more:
        run.state, run.finished_at = RunState.DONE.value, uow.now
    if issued:
        await _apply_prepaid(uow, run, after)
    return more


def _marks(count: int) -> list[str]:
    """What tells the bills of a run apart: eight letters and digits each, drawn rather than counted.

    Of two numbers nobody learns how many bills of others lie between. Of 10¹² marks few are ever drawn twice in a run; a
    portion that does is done again (``transact``).
    """
    drawn = b32encode(secrets.token_bytes(5 * count)).decode()
    return [drawn[at : at + 8] for at in range(0, len(drawn), 8)]


async def _apply_prepaid(uow: UnitOfWork, run: BillRun, after: uuid.UUID) -> None:
    """Let what units of this portion paid in advance settle their new bills."""
    in_advance = await uow.session.execute(
        select(Payment.unit_id)
        .where(
            Payment.county == uow.county,
            Payment.company_id == run.company_id,
            Payment.area_id == run.area_id,
            Payment.prepaid > 0,
            Payment.unit_id > after,
            Payment.unit_id <= run.after_unit_id,
        )
        .distinct()
        .order_by(Payment.unit_id)
    )
    for unit_id in in_advance.scalars().all():
        await apply_to_unit(uow, unit_id=unit_id, company_id=run.company_id)
