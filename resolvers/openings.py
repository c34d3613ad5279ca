"""What a county brings with it when it joins: arrears, money paid in advance, fund balances; attested, and by the thousand.

Each command takes a list and is a few statements whatever its length. Lines that are there already (by a bill's number, a
reference, an account that was opened) are left as they are, so a list can be sent again.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, text

from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.fees import ChargeItem
from models.ledger import LedgerTransaction
from resolvers.custody import fund_money
from resolvers.ledger import account, check_open, posting_ctes
from resolvers.unit_of_work import UnitOfWork

AT_ONCE = 5_000
"""Lines of one transaction."""

ATTESTERS = frozenset({Role.BUREAU})


@dataclass(frozen=True)
class OpeningArrears(Record):
    """What a unit owed for a charge and period before the platform; ``amount`` in fen, ``number`` unique in the county."""

    number: str
    charge_item_id: uuid.UUID
    unit_id: uuid.UUID
    period_from: date
    period_to: date
    due_on: date
    amount: int


@dataclass(frozen=True)
class OpeningPrepaid(Record):
    """What a unit had paid a company in advance; ``reference`` is unique for the company."""

    reference: str
    unit_id: uuid.UUID
    company_id: uuid.UUID
    amount: int


@dataclass(frozen=True)
class OpeningFund(Record):
    """What a unit's fund account (分户账) held."""

    unit_id: uuid.UUID
    amount: int


_OPEN_ACCOUNTS = text("""
INSERT INTO ledger_account (county, id, kind, unit_id, company_id, opened_on)
SELECT :county, given.id, CAST(:kind AS text), given.unit_id, given.company_id, CAST(:day AS date)
FROM unnest(CAST(:ids AS uuid[]), CAST(:units AS uuid[]), CAST(:companies AS uuid[])) given (id, unit_id, company_id)
ON CONFLICT DO NOTHING
""")

_RECEIVABLE = """
  JOIN ledger_account a ON a.county = :county AND a.kind = '{kind}' AND a.unit_id = {unit}
   AND a.company_id IS NOT DISTINCT FROM {company} AND a.area_id IS NULL AND a.building_id IS NULL"""

_ONE_TRANSACTION = """SELECT CAST(:transaction_id AS uuid) AS id, 'OPENING' AS kind, CAST(:as_of AS date) AS occurred_on,
       CAST(:attested_by AS text) AS reason, CAST(NULL AS text) AS reference, CAST(NULL AS uuid) AS reverses_id
       WHERE EXISTS (SELECT FROM written)"""

_BOTH_SIDES = """SELECT CAST(:transaction_id AS uuid) AS transaction_id, row_number() OVER () AS line, account_id,
       CAST(:as_of AS date) AS occurred_on, {sign} amount AS amount FROM written
       UNION ALL
       SELECT CAST(:transaction_id AS uuid), 0, CAST(:opening_id AS uuid), CAST(:as_of AS date),
              CAST({counter} sum(amount) AS bigint)
       FROM written HAVING count(*) > 0"""

_FUND_AND_MONEY = """SELECT CAST(:transaction_id AS uuid) AS transaction_id, row_number() OVER () AS line, account_id,
       CAST(:as_of AS date) AS occurred_on, amount
       FROM (SELECT account_id, -amount AS amount FROM written
             UNION ALL
             SELECT money_id, CAST(sum(amount) AS bigint) FROM written GROUP BY money_id) both_sides"""

_ARREARS = text(f"""
WITH written AS (
  INSERT INTO fee_bill (county, id, number, kind, unit_id, estate_id, area_id, company_id, township, community,
                        charge_item_id, transaction_id, receivable_id, payer, title, basis, period_from, period_to, area,
                        unit_price, amount, adjusted, settled, state, issued_on, due_on, created_at, updated_at)
  SELECT :county, g.id, g.number, 'OPENING_ARREARS', u.id, u.estate_id, i.area_id, i.company_id, i.township, i.community,
         i.id, CAST(:transaction_id AS uuid), a.id, 'OWNER', i.name, i.basis, g.period_from, g.period_to, 0,
         i.unit_price, g.amount, 0, 0, 'ISSUED', CAST(:as_of AS date), g.due_on, CAST(:now AS timestamptz),
         CAST(:now AS timestamptz)
  FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[]), CAST(:items AS uuid[]), CAST(:units AS uuid[]),
              CAST(:firsts AS date[]), CAST(:lasts AS date[]), CAST(:dues AS date[]), CAST(:amounts AS bigint[]))
         g (id, number, item_id, unit_id, period_from, period_to, due_on, amount)
  JOIN charge_item i ON i.county = :county AND i.id = g.item_id
  JOIN unit u ON u.county = :county AND u.id = g.unit_id AND u.area_id = i.area_id
  {_RECEIVABLE.format(kind="RECEIVABLE", unit="u.id", company="i.company_id")}
  ON CONFLICT DO NOTHING
  RETURNING receivable_id AS account_id, amount
),
{posting_ctes(_ONE_TRANSACTION, _BOTH_SIDES.format(sign="", counter="-"))}
SELECT count(*) FROM written
""")  # noqa: S608 - constants; every value is a bind

_PREPAID = text(f"""
WITH given AS MATERIALIZED (
  SELECT g.*, u.area_id, p.township, p.community, a.id AS account_id
  FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:units AS uuid[]), CAST(:companies AS uuid[]),
              CAST(:amounts AS bigint[])) g (id, reference, unit_id, company_id, amount)
  JOIN unit u ON u.county = :county AND u.id = g.unit_id
  JOIN property_area p ON p.county = :county AND p.id = u.area_id
  {_RECEIVABLE.format(kind="PREPAID", unit="g.unit_id", company="g.company_id")}
),
written AS (
  INSERT INTO payment (county, id, unit_id, company_id, area_id, township, community, channel, issuer, reference, amount,
                       prepaid, received_on, recorded_by, transaction_id, state, created_at, updated_at)
  SELECT :county, id, unit_id, company_id, area_id, township, community, 'OPENING', CAST(company_id AS text), reference,
         amount, amount, CAST(:as_of AS date), CAST(:posted_by AS uuid), id, 'SUCCEEDED', CAST(:now AS timestamptz),
         CAST(:now AS timestamptz)
  FROM given
  ON CONFLICT DO NOTHING
  RETURNING id, amount, reference
),
{
    posting_ctes(
        '''SELECT id, 'OPENING' AS kind, CAST(:as_of AS date) AS occurred_on, CAST(:attested_by AS text) AS reason, reference,
              CAST(NULL AS uuid) AS reverses_id FROM written''',
        '''SELECT written.id AS transaction_id, side.line,
              CASE side.line WHEN 1 THEN CAST(:opening_id AS uuid) ELSE given.account_id END AS account_id,
              CAST(:as_of AS date) AS occurred_on, side.sign * written.amount AS amount
       FROM written JOIN given USING (id), (VALUES (1, 1), (2, -1)) AS side (line, sign)''',
    )
}
SELECT count(*) FROM written
""")  # noqa: S608

_FUND = text(f"""
WITH opened AS MATERIALIZED (
  SELECT p.account_id
  FROM ledger_transaction t JOIN posting p ON p.county = :county AND p.transaction_id = t.id
  WHERE t.county = :county AND t.kind = 'OPENING'
    AND NOT EXISTS (SELECT FROM ledger_transaction r WHERE r.county = :county AND r.reverses_id = t.id)
),
written AS MATERIALIZED (
  SELECT a.id AS account_id, g.money_id, g.amount
  FROM unnest(CAST(:units AS uuid[]), CAST(:moneys AS uuid[]), CAST(:amounts AS bigint[])) g (unit_id, money_id, amount)
  {_RECEIVABLE.format(kind="UNIT_FUND", unit="g.unit_id", company="NULL")}
  WHERE NOT EXISTS (SELECT FROM opened WHERE opened.account_id = a.id)
),
{posting_ctes(_ONE_TRANSACTION, _FUND_AND_MONEY)}
SELECT count(*) FROM written
""")  # noqa: S608


async def arrears_open(uow: UnitOfWork, *, lines: Sequence[OpeningArrears], as_of: date, attested_by: str) -> int:
    """Bring in arrears as bills, owed since ``as_of``; they need no posting (FEE-7 binds what is billed here). How many.

    ``NOT_FOUND`` when a unit and a charge item are not of one area, ``OUT_OF_RANGE`` for nothing owed.
    """
    wanted = {line.charge_item_id for line in lines}
    found = select(ChargeItem).where(ChargeItem.county == uow.county, ChargeItem.id.in_(wanted))
    items = {item.id: item for item in await uow.session.scalars(found)}
    if wanted - items.keys():
        raise Refusal(ErrorCode.NOT_FOUND, "chargeItemId")
    areas = await _areas_of(uow, [line.unit_id for line in lines])
    if any(areas[line.unit_id] != items[line.charge_item_id].area_id for line in lines):
        raise Refusal(ErrorCode.NOT_FOUND, "unitId")
    written = 0
    for part in _portions(lines):
        await _accounts(
            uow, AccountKind.RECEIVABLE, [(line.unit_id, items[line.charge_item_id].company_id) for line in part]
        )
        values = {
            "numbers": [line.number for line in part],
            "items": [line.charge_item_id for line in part],
            "units": [line.unit_id for line in part],
            "firsts": [line.period_from for line in part],
            "lasts": [line.period_to for line in part],
            "dues": [line.due_on for line in part],
            "amounts": [line.amount for line in part],
        }
        written += await _write(uow, _ARREARS, values, len(part), as_of, attested_by)
    return written


async def prepaid_open(uow: UnitOfWork, *, lines: Sequence[OpeningPrepaid], as_of: date, attested_by: str) -> int:
    """Bring in money that units had paid in advance, as payments of the channel ``OPENING``. How many."""
    await _areas_of(uow, [line.unit_id for line in lines])
    written = 0
    for part in _portions(lines):
        await _accounts(uow, AccountKind.PREPAID, [(line.unit_id, line.company_id) for line in part])
        values = {
            "references": [line.reference for line in part],
            "units": [line.unit_id for line in part],
            "companies": [line.company_id for line in part],
            "amounts": [line.amount for line in part],
        }
        written += await _write(uow, _PREPAID, values, len(part), as_of, attested_by)
    return written


async def fund_open(uow: UnitOfWork, *, lines: Sequence[OpeningFund], as_of: date, attested_by: str) -> int:
    """Bring in what units' fund accounts held at the end of ``as_of``, with the money itself (FUND-4). How many.

    ``ALREADY_REGISTERED`` for a list that names a unit twice; a unit that was brought in before is left as it is.

    The money lies where the unit's area, or without one its building, has its fund: without it nothing could be paid from
    these accounts.
    """
    await _areas_of(uow, [line.unit_id for line in lines])
    if len({line.unit_id for line in lines}) < len(lines):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "unitId")
    # One list after the other: of two that name a unit the second finds it opened.
    await uow.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{uow.county}/fund_open"}
    )
    moneys = await _moneys_of(uow, [line.unit_id for line in lines])
    written = 0
    for part in _portions(lines):
        await _accounts(uow, AccountKind.UNIT_FUND, [(line.unit_id, None) for line in part])
        values = {
            "units": [line.unit_id for line in part],
            "moneys": [moneys[line.unit_id] for line in part],
            "amounts": [line.amount for line in part],
        }
        written += await _write(uow, _FUND, values, len(part), as_of, attested_by)
    return written


async def _areas_of(uow: UnitOfWork, units: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID | None]:
    """The property area of each unit; ``NOT_FOUND`` unless the county has them all."""
    statement = text("SELECT id, area_id FROM unit WHERE county = :county AND id = ANY(CAST(:ids AS uuid[]))")
    rows = await uow.session.execute(statement, {"county": uow.county, "ids": list(set(units))})
    areas = {row.id: row.area_id for row in rows}
    if any(unit not in areas for unit in units):
        raise Refusal(ErrorCode.NOT_FOUND, "unitId")
    return areas


async def _moneys_of(uow: UnitOfWork, units: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The ledger account of the money behind each unit's fund account."""
    statement = text(
        "SELECT id, area_id, building_id FROM unit WHERE county = :county AND id = ANY(CAST(:ids AS uuid[]))"
    )
    rows = await uow.session.execute(statement, {"county": uow.county, "ids": list(units)})
    places = {row.id: ("area_id", row.area_id) if row.area_id else ("building_id", row.building_id) for row in rows}
    moneys = {place: await fund_money(uow, **dict([place])) for place in sorted(set(places.values()))}
    return {unit_id: moneys[place] for unit_id, place in places.items()}


def _portions(lines: Sequence[Any]) -> list[Sequence[Any]]:
    if any(line.amount <= 0 for line in lines):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    return [lines[start : start + AT_ONCE] for start in range(0, len(lines), AT_ONCE)]


async def _accounts(uow: UnitOfWork, kind: AccountKind, owners: Sequence[tuple[uuid.UUID, uuid.UUID | None]]) -> None:
    await uow.session.flush()
    distinct = list(dict.fromkeys(owners))
    await uow.session.execute(
        _OPEN_ACCOUNTS,
        {
            "county": uow.county,
            "kind": kind.value,
            "day": uow.today,
            "ids": [new_id() for _ in distinct],
            "units": [unit for unit, _ in distinct],
            "companies": [company for _, company in distinct],
        },
    )


async def _write(
    uow: UnitOfWork, statement: Any, values: dict[str, Any], count: int, as_of: date, attested_by: str
) -> int:
    """Run one portion's statement and record who attested it."""
    grant = await uow.act(ATTESTERS)
    if not attested_by.strip():
        raise Refusal(ErrorCode.REQUIRED, "attestedBy")
    await check_open(uow)
    transaction_id = new_id()
    # Joined as sets, whatever the planner believes about tables that were empty a moment ago (see ``bill_runs``).
    await uow.session.execute(text("SET LOCAL enable_nestloop = off"))
    written = await uow.session.scalar(
        statement,
        {
            **values,
            "county": uow.county,
            "ids": [new_id() for _ in range(count)],
            "transaction_id": transaction_id,
            "opening_id": await account(uow, AccountKind.OPENING),
            "as_of": as_of,
            "attested_by": attested_by,
            "posted_by": uow.actor.account_id,
            "posted_by_client": None,
            "now": uow.now,
        },
    )
    await uow.session.execute(text("SET LOCAL enable_nestloop = on"))
    entry = await uow.session.get(LedgerTransaction, (uow.county, transaction_id))
    if entry is not None:
        await uow.audit("openingsRecord", entry, grant=grant, reason=attested_by, detail={"lines": int(written or 0)})
    return int(written or 0)
