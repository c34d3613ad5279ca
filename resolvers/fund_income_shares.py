"""Sharing a year's income among all accounts at a bank account, in one statement however many they are (FUND-9).

The same as ``domain.fund_incomes.share_interest`` over ``day_weight`` of each account's postings; a test compares the two.
Beside each account's share the money moves from the bank account as a whole to the areas' part of it.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, TransactionKind
from models.base import new_id
from resolvers import ledger
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Shared:
    """What came of it: how many ``accounts`` were given something, fen × days of all, and who got the odd fen."""

    transaction_id: uuid.UUID
    accounts: int
    total_weight: int
    residue: int
    largest_account_id: uuid.UUID


_WEIGHTS = """
held AS MATERIALIZED (
  SELECT c.area_id, c.building_id FROM custody c
  WHERE c.county = :county AND c.bank_account_id = CAST(:bank_account_id AS uuid) AND c.purpose = 'FUND'
    AND c.valid_to IS NULL
),
accounts AS (
  -- A building stands by itself only where it has no area.
  SELECT l.id, u.area_id, CASE WHEN u.area_id IS NULL THEN u.building_id END AS building_id
  FROM ledger_account l JOIN unit u ON u.county = :county AND u.id = l.unit_id
  WHERE l.county = :county AND l.kind = 'UNIT_FUND'
  UNION ALL
  SELECT l.id, b.area_id, CASE WHEN b.area_id IS NULL THEN b.id END
  FROM ledger_account l JOIN building b ON b.county = :county AND b.id = l.building_id
  WHERE l.county = :county AND l.kind = 'BUILDING_FUND'
  UNION ALL
  SELECT l.id, l.area_id, CAST(NULL AS uuid) FROM ledger_account l WHERE l.county = :county AND l.kind = 'AREA_FUND'
),
weights AS MATERIALIZED (
  SELECT a.id, a.area_id, a.building_id,
         -sum(p.amount * (CAST(:last AS date) - GREATEST(p.occurred_on, CAST(:first AS date)) + 1)) AS weight
  FROM accounts a
  JOIN posting p ON p.county = :county AND p.account_id = a.id AND p.occurred_on <= CAST(:last AS date)
  WHERE a.area_id IN (SELECT held.area_id FROM held) OR a.building_id IN (SELECT held.building_id FROM held)
  GROUP BY a.id, a.area_id, a.building_id
  HAVING sum(p.amount * (CAST(:last AS date) - GREATEST(p.occurred_on, CAST(:first AS date)) + 1)) < 0
)"""

_OWNERS = text(f"""
WITH {_WEIGHTS}
SELECT w.area_id, w.building_id FROM (SELECT DISTINCT area_id, building_id FROM weights) w
WHERE NOT EXISTS (
  SELECT FROM ledger_account m
  WHERE m.county = :county AND m.kind = 'BANK' AND m.bank_account_id = CAST(:bank_account_id AS uuid)
    AND m.area_id IS NOT DISTINCT FROM w.area_id AND m.building_id IS NOT DISTINCT FROM w.building_id
)""")  # noqa: S608 - constants; every value is a bind

_BOOKED = ledger.posting_ctes(
    """SELECT CAST(:id AS uuid) AS id, CAST(:kind AS text) AS kind, CAST(:today AS date) AS occurred_on,
              CAST(:reason AS text) AS reason, CAST(NULL AS text) AS reference, CAST(NULL AS uuid) AS reverses_id
       WHERE EXISTS (SELECT FROM given)""",
    """SELECT CAST(:id AS uuid) AS transaction_id, row_number() OVER () AS line, lines.account_id,
              CAST(:today AS date) AS occurred_on, lines.amount
       FROM (
         SELECT id AS account_id, -fen AS amount FROM given WHERE fen > 0
         UNION ALL
         SELECT m.id, g.fen
         FROM (
           SELECT area_id, building_id, CAST(sum(fen) AS bigint) AS fen FROM given
           GROUP BY area_id, building_id HAVING sum(fen) > 0
         ) g
         JOIN ledger_account m ON m.county = :county AND m.kind = 'BANK'
          AND m.bank_account_id = CAST(:bank_account_id AS uuid)
          AND m.area_id IS NOT DISTINCT FROM g.area_id AND m.building_id IS NOT DISTINCT FROM g.building_id
         UNION ALL
         SELECT CAST(:undistributed_id AS uuid), CAST(:amount AS bigint) FROM total WHERE weight > 0
         UNION ALL
         SELECT CAST(:money_id AS uuid), -CAST(:amount AS bigint) FROM total WHERE weight > 0
       ) lines""",
)

_SHARE = text(f"""
WITH {_WEIGHTS},
total AS (SELECT sum(weight) AS weight FROM weights),
floors AS MATERIALIZED (
  SELECT w.id, w.area_id, w.building_id, w.weight,
         CAST(div(CAST(:amount AS numeric) * w.weight, total.weight) AS bigint) AS fen
  FROM weights w CROSS JOIN total
),
largest AS (SELECT id FROM floors ORDER BY weight DESC, id LIMIT 1),
residue AS (SELECT CAST(:amount AS bigint) - CAST(sum(fen) AS bigint) AS fen FROM floors),
given AS MATERIALIZED (
  SELECT f.id, f.area_id, f.building_id, f.fen + CASE WHEN f.id = largest.id THEN residue.fen ELSE 0 END AS fen
  FROM floors f CROSS JOIN largest CROSS JOIN residue
),
{_BOOKED}
SELECT (SELECT count(*) FROM given WHERE fen > 0), total.weight, residue.fen, largest.id
FROM total CROSS JOIN residue CROSS JOIN largest
""")  # noqa: S608 - constants; every value is a bind


async def share(uow: UnitOfWork, bank_account_id: uuid.UUID, year: int, amount: int) -> Shared | None:
    """Post ``amount`` fen of undistributed income to the accounts by their day-weighted balances of ``year``.

    Dated today, under a reason that names the year. ``None`` where no account held anything; ``INSUFFICIENT_BALANCE`` where
    less is undistributed. The caller holds the bank account's row.
    """
    await ledger.check_open(uow)
    at = {"bank_account_id": bank_account_id}
    undistributed_id = await ledger.account(uow, AccountKind.UNDISTRIBUTED_INTEREST, **at)
    available = await ledger.balance(uow.session, uow.county, undistributed_id)
    if amount > available:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "year", available_fen=available, needed_fen=amount)
    period = {
        "county": uow.county,
        "bank_account_id": bank_account_id,
        "first": date(year, 1, 1),
        "last": date(year, 12, 31),
    }
    for area_id, building_id in (await uow.session.execute(_OWNERS, period)).all():
        owner = {"area_id": area_id} if area_id else {"building_id": building_id}
        await ledger.account(uow, AccountKind.BANK, **owner, **at)
    transaction_id = new_id()
    found = await uow.session.execute(
        _SHARE,
        {
            **period,
            "id": transaction_id,
            "kind": TransactionKind.INTEREST.value,
            "reason": f"{year}年度维修资金收益分配",
            "amount": amount,
            "today": uow.today,
            "undistributed_id": undistributed_id,
            "money_id": await ledger.account(uow, AccountKind.BANK, **at),
            "posted_by": uow.actor.account_id,
            "posted_by_client": uow.actor.client_id,
            "now": uow.now,
        },
    )
    row = found.one_or_none()
    return None if row is None else Shared(transaction_id, int(row[0]), int(row[1]), int(row[2]), row[3])
