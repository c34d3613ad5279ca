"""Bill runs (出账): a job that issues one charge item's bills of a period, portion by portion (FEE-2, FEE-3, FEE-7, G-5).

A portion is two statements whatever its size: the receivable accounts that are still missing, then the bills together with
the ledger's transaction. Every portion commits, so that progress shows and a stopped run goes on where it stood.
"""

import secrets
import uuid
from base64 import b32encode
from calendar import monthrange
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, text

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
from models.estates import Unit
from models.fees import BillRun, ChargeItem
from models.payments import Payment
from resolvers.charge_items import current_posting
from resolvers.jobs import job
from resolvers.ledger import account, check_open, posting_ctes
from resolvers.prepaid import apply_to_unit
from resolvers.prices import budget_of
from resolvers.unit_of_work import UnitOfWork

PORTION = 2000
"""Units a transaction: large enough for set-based speed, small enough for progress and short locks."""

FIRST = uuid.UUID(int=0)

# The months of a period as an exact fraction: each part month is its days by its actual days (FEE-2). The same as
# ``domain.money.months_between``, and a test compares the two.
MONTHS = """
SELECT CASE WHEN spans = 0 THEN CAST(last AS date) - CAST(first AS date) + 1
            ELSE (first_days - first_day + 1) * last_days + last_day * first_days + (spans - 1) * first_days * last_days
       END AS numerator,
       CASE WHEN spans = 0 THEN first_days ELSE first_days * last_days END AS denominator
FROM (
  SELECT first, last,
         CAST(EXTRACT(DAY FROM first) AS bigint) AS first_day, CAST(EXTRACT(DAY FROM last) AS bigint) AS last_day,
         CAST(EXTRACT(DAY FROM date_trunc('month', CAST(first AS timestamp)) + interval '1 month - 1 day') AS bigint)
           AS first_days,
         CAST(EXTRACT(DAY FROM date_trunc('month', CAST(last AS timestamp)) + interval '1 month - 1 day') AS bigint)
           AS last_days,
         CAST((EXTRACT(YEAR FROM last) - EXTRACT(YEAR FROM first)) * 12
              + EXTRACT(MONTH FROM last) - EXTRACT(MONTH FROM first) AS bigint) AS spans
) calendar
"""

AMOUNT = """
CASE CAST(:basis AS text)
  WHEN 'ONCE' THEN CAST(:unit_price AS bigint)
  WHEN 'METERED' THEN (2 * area * CAST(:unit_price AS bigint) + 100) / 200
  WHEN 'SHARED' THEN area
  WHEN 'AREA' THEN (2 * area * CAST(:unit_price AS bigint) * months.numerator + 100 * months.denominator)
                   / (200 * months.denominator)
  ELSE (2 * CAST(:unit_price AS bigint) * months.numerator + months.denominator) / (2 * months.denominator)
END
"""
"""Fen, rounded once, half up: (2n + d) / 2d in whole numbers. The same as ``domain.fees.bill_amount``."""

_CONSUMED = """
(SELECT CAST(COALESCE(SUM((latest.value - earlier.value) * m.multiplier), 0) AS bigint)
 FROM meter m
 CROSS JOIN LATERAL (
   SELECT r.value FROM meter_reading r
   WHERE r.county = :county AND r.meter_id = m.id AND r.read_on <= CAST(:period_to AS date)
     AND NOT EXISTS (SELECT FROM meter_reading c WHERE c.county = :county AND c.corrects_id = r.id)
   ORDER BY r.read_on DESC, r.value DESC LIMIT 1
 ) latest
 CROSS JOIN LATERAL (
   SELECT r.value FROM meter_reading r
   WHERE r.county = :county AND r.meter_id = m.id AND r.read_on < CAST(:period_from AS date)
     AND NOT EXISTS (SELECT FROM meter_reading c WHERE c.county = :county AND c.corrects_id = r.id)
   ORDER BY r.read_on DESC, r.value DESC LIMIT 1
 ) earlier
 WHERE m.county = :county AND m.unit_id = u.id AND m.kind = CAST(:utility AS text))
"""
"""What a unit's meters counted in a period, in 0.01 of their unit: from the last reading before it to its own last one."""

_PART = """
(SELECT CAST(COALESCE(SUM(s.amount), 0) AS bigint) FROM shared_cost_part s
 WHERE s.county = :county AND s.charge_item_id = CAST(:charge_item_id AS uuid)
   AND s.period_from = CAST(:period_from AS date) AND s.unit_id = u.id)
"""
"""What a unit bears of the costs that were shared out for a period, in fen."""

_PORTION = f"""
portion AS MATERIALIZED (
  SELECT u.id, u.estate_id,
         CASE CAST(:basis AS text) WHEN 'METERED' THEN {_CONSUMED} WHEN 'SHARED' THEN {_PART}
              ELSE COALESCE(u.chargeable_area, 0) END AS area,
         CASE WHEN u.developer_held THEN DATE '9999-12-31'
              WHEN u.delivered_on IS NULL THEN CAST(:period_from AS date)
              WHEN CAST(:fee_starts AS text) = 'DELIVERY' THEN u.delivered_on
              ELSE CAST(date_trunc('month', CAST(u.delivered_on AS timestamp)) + interval '1 month' AS date)
         END AS owner_from
  FROM unit u
  WHERE u.county = :county AND u.area_id = CAST(:area_id AS uuid) AND u.id > CAST(:after AS uuid)
    AND u.use = ANY (CAST(:uses AS text[]))
  ORDER BY u.id
  LIMIT CAST(:size AS int)
)"""  # noqa: S608 - constants; every value is a bind

_OPEN_ACCOUNTS = text(f"""
WITH {_PORTION}
INSERT INTO ledger_account (county, id, kind, unit_id, company_id, opened_on)
SELECT :county, given.id, 'RECEIVABLE', numbered.id, CAST(:company_id AS uuid), CAST(:issued_on AS date)
FROM (SELECT portion.id, row_number() OVER (ORDER BY portion.id) AS n FROM portion) numbered
JOIN unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS given (id, n) USING (n)
ON CONFLICT DO NOTHING
""")  # noqa: S608 - constants; every value is a bind

_BOOKED = posting_ctes(
    """SELECT CAST(:transaction_id AS uuid) AS id, CAST(:kind AS text) AS kind, CAST(:issued_on AS date) AS occurred_on,
              CAST(:title AS text) AS reason, CAST(:number AS text) AS reference, CAST(NULL AS uuid) AS reverses_id
       WHERE EXISTS (SELECT FROM bills)""",
    """SELECT CAST(:transaction_id AS uuid) AS transaction_id, row_number() OVER () AS line,
              receivable_id AS account_id, CAST(:issued_on AS date) AS occurred_on, amount
       FROM bills
       UNION ALL
       SELECT CAST(:transaction_id AS uuid), 0, CAST(:income_id AS uuid), CAST(:issued_on AS date),
              -CAST(sum(amount) AS bigint)
       FROM bills HAVING count(*) > 0""",
)

_ISSUE = text(f"""
WITH {_PORTION},
parts AS (
  -- The developer bears the days before the owner's first day, and all of them while the unit is unsold (FEE-3).
  -- A charge of its own (ONCE), a consumption and a shared cost are not divided: they are borne by whoever holds the
  -- unit at the period's end.
  SELECT portion.id, portion.estate_id, portion.area, part.payer, part.first, part.last
  FROM portion
  CROSS JOIN LATERAL (
    SELECT CASE WHEN CAST(:basis AS text) IN ('ONCE', 'METERED', 'SHARED') AND portion.owner_from <= CAST(:period_to AS date)
                THEN CAST(:period_from AS date) ELSE portion.owner_from END AS owner_from
  ) starts
  CROSS JOIN LATERAL (VALUES
    ('DEVELOPER', CAST(:period_from AS date), LEAST(CAST(:period_to AS date), starts.owner_from - 1)),
    ('OWNER', GREATEST(CAST(:period_from AS date), starts.owner_from), CAST(:period_to AS date))
  ) AS part (payer, first, last)
  WHERE part.first <= part.last
),
priced AS (
  SELECT parts.*, {AMOUNT} AS amount
  FROM parts CROSS JOIN LATERAL ({MONTHS}) months
),
billed AS MATERIALIZED (
  SELECT x.unit_id, x.period_from, x.period_to
  FROM fee_bill x
  WHERE x.county = :county AND x.charge_item_id = CAST(:charge_item_id AS uuid) AND x.unit_id > CAST(:after AS uuid)
    AND x.kind = 'PRINCIPAL' AND x.state <> 'VOIDED'
    AND x.period_from <= CAST(:period_to AS date) AND x.period_to >= CAST(:period_from AS date)
),
receivables AS MATERIALIZED (
  SELECT a.id, a.unit_id
  FROM ledger_account a
  WHERE a.county = :county AND a.kind = 'RECEIVABLE' AND a.company_id = CAST(:company_id AS uuid)
    AND a.unit_id > CAST(:after AS uuid) AND a.unit_id <= (SELECT id FROM portion ORDER BY id DESC LIMIT 1)
),
tenancies AS MATERIALIZED (
  SELECT o.unit_id
  FROM occupancy o
  WHERE o.county = :county AND o.pays_fees AND o.valid_from <= CAST(:period_to AS date)
    AND (o.valid_to IS NULL OR o.valid_to > CAST(:period_to AS date))
),
chosen AS (
  SELECT priced.*, receivables.id AS receivable_id, row_number() OVER (ORDER BY priced.id, priced.first) AS n
  FROM priced JOIN receivables ON receivables.unit_id = priced.id
  WHERE priced.amount > 0
    AND NOT EXISTS (
      SELECT FROM billed
      WHERE billed.unit_id = priced.id AND billed.period_from <= priced.last AND billed.period_to >= priced.first
    )
),
bills AS (
  INSERT INTO fee_bill (county, id, number, kind, unit_id, estate_id, area_id, company_id, township, community,
                        charge_item_id, item_disclosure_id, bill_run_id, transaction_id, receivable_id, payer, title,
                        basis, period_from, period_to, area, unit_price, amount, adjusted, settled, state, issued_on,
                        due_on, created_at, updated_at)
  SELECT :county, given.id, :number || '-' || given.mark, 'PRINCIPAL',
         chosen.id, chosen.estate_id, CAST(:area_id AS uuid), CAST(:company_id AS uuid), :township, :community,
         CAST(:charge_item_id AS uuid), CAST(:item_disclosure_id AS uuid), CAST(:run_id AS uuid),
         CAST(:transaction_id AS uuid), chosen.receivable_id,
         CASE WHEN chosen.payer = 'OWNER' AND chosen.id IN (SELECT unit_id FROM tenancies) THEN 'TENANT'
              ELSE chosen.payer END,
         :title, :basis, chosen.first, chosen.last,
         CASE WHEN CAST(:basis AS text) IN ('AREA', 'METERED') THEN chosen.area ELSE 0 END, CAST(:unit_price AS bigint),
         chosen.amount, 0, 0, 'ISSUED', CAST(:issued_on AS date), CAST(:due_on AS date),
         CAST(:now AS timestamptz), CAST(:now AS timestamptz)
  FROM chosen JOIN unnest(CAST(:ids AS uuid[]), CAST(:marks AS text[])) WITH ORDINALITY AS given (id, mark, n) USING (n)
  RETURNING unit_id, receivable_id, amount
),
{_BOOKED}
SELECT (SELECT count(*) FROM portion), (SELECT id FROM portion ORDER BY id DESC LIMIT 1),
       (SELECT count(DISTINCT unit_id) FROM bills), (SELECT count(*) FROM bills),
       (SELECT COALESCE(sum(amount), 0) FROM bills)
""")  # noqa: S608


# Without statistics (the first run of a new county) the planner takes every set for a handful of rows and joins them row
# by row: 130 bills a second instead of thousands. Portions are sets; let it join them as sets.
_SETS_OF_ROWS = text("SET LOCAL enable_nestloop = off")
_ROW_BY_ROW = text("SET LOCAL enable_nestloop = on")


def uses_of(item: ChargeItem) -> list[str]:
    """The uses of the units that an item applies to: the one it names; else all that are charged on its basis."""
    if item.unit_use is not None:
        return [item.unit_use]
    if item.basis == ChargeBasis.SPACE:
        return [UnitUse.PARKING.value]
    return sorted(use.value for use in UnitUse if use not in {UnitUse.PARKING, UnitUse.PUBLIC})


async def bill_run_start(
    uow: UnitOfWork, *, charge_item_id: uuid.UUID, period_from: date, period_to: date | None = None
) -> BillRun:
    """Start issuing the bills of one charge item for one period (by default as long as the item's ``period_months``).

    The item must be disclosed now at this price or a higher one (``ITEM_NOT_DISCLOSED``, ``PRICE_ABOVE_DISCLOSED``: FEE-7,
    TQ-73, ZS-26), its contract in force (``ACTION_NOT_AVAILABLE``: ZD-47), and its price not above the guide price of today
    (``PRICE_ABOVE_CEILING``: FEE-5), in remuneration mode the year's budget is posted (``BUDGET_REQUIRED``: FEE-1). A
    period may not start after next month: nobody is made to prepay (FEE-4).
    Units billed for the item and period before are skipped, so a run can be started again at any time; while one is under
    way a second is refused (``ALREADY_REGISTERED``).
    """
    item = await uow.load(ChargeItem, charge_item_id, lock=True, field="chargeItemId")
    grant = await uow.act(BILLERS, ChargeItem, item)
    return await start(uow, item, grant, period_from, period_to)


def latest_start(today: date) -> date:
    """The last day on which a period billed today may start: the first of next month (FEE-4)."""
    return period_end(today.replace(day=1), 1) + timedelta(days=1)


async def start(
    uow: UnitOfWork, item: ChargeItem, grant: Grant, period_from: date, period_to: date | None = None
) -> BillRun:
    """Start the run of an item that ``grant`` may bill; refuses as ``bill_run_start`` does, before a run is there."""
    last = period_to or period_end(period_from, item.period_months)
    if last < period_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodTo", least=period_from)
    starts_latest = latest_start(uow.today)
    if not item.valid_from <= period_from <= starts_latest:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodFrom", least=item.valid_from, most=starts_latest)
    if item.valid_to is not None and last > item.valid_to:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodTo", most=item.valid_to)
    posting = await _may_bill(uow, item, period_from)
    under_way = await uow.session.scalar(
        select(BillRun.id).where(
            BillRun.county == uow.county,
            BillRun.charge_item_id == item.id,
            BillRun.state.in_([RunState.QUEUED.value, RunState.RUNNING.value]),
        )
    )
    if under_way is not None:
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
    await uow.enqueue("bill_run_issue", bill_run_id=run.id)
    return run


async def _may_bill(uow: UnitOfWork, item: ChargeItem, period_from: date) -> uuid.UUID:
    """The posting that bills of the item may rest on today; refuses otherwise."""
    posting = await current_posting(uow, item)
    contract = await uow.session.get_one(ServiceContract, (uow.county, item.contract_id))
    if contract.state not in IN_FORCE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "chargeItemId", state=contract.state)
    check_price(
        uow.profile,
        contract=ContractKind(contract.kind),
        category=ChargeCategory(item.category),
        building_type=BuildingType(item.building_type) if item.building_type else None,
        # A star that fell since takes the ceiling down from the next bills on (FEE-5).
        star=min((star for star in (item.star, contract.service_star) if star is not None), default=None),
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
            await _may_bill(uow, item, run.period_from)
    except Refusal as refusal:
        run.state, run.failure, run.finished_at = RunState.FAILED.value, refusal.code.value, uow.now
        return False
    if run.state == RunState.QUEUED:
        run.planned = int(await uow.session.scalar(_units(uow, item)) or 0)
        run.state, run.started_at = RunState.RUNNING.value, uow.now
    more = await _portion(uow, run, item)
    if not more:
        run.state, run.finished_at = RunState.DONE.value, uow.now
    uow.notify(run)
    return more


def _units(uow: UnitOfWork, item: ChargeItem) -> Any:
    return (
        select(func.count())
        .select_from(Unit)
        .where(Unit.county == uow.county, Unit.area_id == item.area_id, Unit.use.in_(uses_of(item)))
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
        "fee_starts": uow.profile.fee_starts.value,
        "uses": uses_of(item),
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
    await uow.session.flush()
    await uow.session.execute(_SETS_OF_ROWS)
    await uow.session.execute(_OPEN_ACCOUNTS, {**values, "ids": [new_id() for _ in range(size)]})
    # A unit that changed hands within the period gets two bills.
    issued_under = {"ids": [new_id() for _ in range(2 * size)], "marks": _marks(2 * size)}
    looked_at, last_unit, billed, issued, amount = (await uow.session.execute(_ISSUE, {**values, **issued_under})).one()
    await uow.session.execute(_ROW_BY_ROW)
    run.done += looked_at
    run.skipped += looked_at - billed
    run.issued += issued
    run.amount += int(amount)
    run.after_unit_id = last_unit or run.after_unit_id
    # Units that came meanwhile are looked at too.
    run.planned = max(run.planned, run.done)
    if issued:
        await _apply_prepaid(uow, run, after)
    return int(looked_at) == size


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
