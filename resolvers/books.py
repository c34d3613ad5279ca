"""Whether the books are whole: what must be true of every county's ledger, and where it is not (FUND-4, FUND-5).

``anju ledger verify`` runs it. A finding names the row at fault and what was expected; no finding means that every check was
made and held. Nothing is repaired here: a fault is corrected by a reversal or a new entry, by somebody who knows why.
"""

import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger import NEVER_NEGATIVE
from resolvers.unit_of_work import set_fuse

_OWED = """
  SELECT unit_id, company_id, sum(amount + adjusted - settled) AS fen
  FROM fee_bill WHERE county = :county AND state <> 'VOIDED' GROUP BY unit_id, company_id"""

_ADVANCED = """
  SELECT unit_id, company_id, sum(prepaid) AS fen FROM payment WHERE county = :county GROUP BY unit_id, company_id"""


def _of_units(kind: str, sign: int, expected: str) -> str:
    """Accounts of units towards companies against the sums that bills or payments give."""
    return f"""
SELECT COALESCE(a.id, e.unit_id), COALESCE(e.fen, 0), COALESCE(a.fen, 0)
FROM (
  SELECT l.id, l.unit_id, l.company_id, COALESCE({sign} * sum(p.amount), 0) AS fen
  FROM ledger_account l
  LEFT JOIN posting p ON p.county = :county AND p.account_id = l.id
  WHERE l.county = :county AND l.kind = '{kind}' GROUP BY l.id, l.unit_id, l.company_id
) a
FULL JOIN ({expected}) e ON e.unit_id = a.unit_id AND e.company_id = a.company_id
WHERE COALESCE(e.fen, 0) <> COALESCE(a.fen, 0)"""  # noqa: S608 - constants


_GUARDED = ", ".join(f"'{kind.value}'" for kind in sorted(NEVER_NEGATIVE))

CHECKS: dict[str, str] = {
    # Each gives (the row at fault, what was expected, what was found), all in fen or counts.
    "transaction_balances": """
SELECT transaction_id, 0, sum(amount) FROM posting WHERE county = :county
GROUP BY transaction_id HAVING sum(amount) <> 0""",
    "transaction_has_lines": """
SELECT t.id, 2, count(p.line) FROM ledger_transaction t
LEFT JOIN posting p ON p.county = :county AND p.transaction_id = t.id
WHERE t.county = :county GROUP BY t.id HAVING count(p.line) < 2""",
    "lines_bear_their_transactions_day": """
SELECT t.id, 0, count(*) FROM ledger_transaction t JOIN posting p ON p.county = :county AND p.transaction_id = t.id
WHERE t.county = :county AND p.occurred_on <> t.occurred_on GROUP BY t.id""",
    "account_not_below_zero": f"""
SELECT a.id, 0, -sum(p.amount) FROM ledger_account a JOIN posting p ON p.county = :county AND p.account_id = a.id
WHERE a.county = :county AND a.kind IN ({_GUARDED}) GROUP BY a.id HAVING sum(p.amount) > 0""",  # noqa: S608
    "reversal_mirrors_its_original": """
SELECT t.id, 0, p.fen
FROM ledger_transaction t
JOIN LATERAL (
  SELECT account_id, sum(amount) AS fen FROM posting
  WHERE county = :county AND transaction_id IN (t.id, t.reverses_id) GROUP BY account_id HAVING sum(amount) <> 0
) p ON true
WHERE t.county = :county AND t.reverses_id IS NOT NULL""",
    "bill_settled_by_its_allocations": """
SELECT b.id, b.settled, COALESCE(a.fen, 0) FROM fee_bill b
LEFT JOIN (SELECT bill_id, sum(amount) AS fen FROM allocation WHERE county = :county GROUP BY bill_id) a
  ON a.bill_id = b.id
WHERE b.county = :county AND b.settled <> COALESCE(a.fen, 0)""",
    "bill_adjusted_by_its_adjustments": """
SELECT b.id, b.adjusted, COALESCE(a.fen, 0) FROM fee_bill b
LEFT JOIN (SELECT bill_id, sum(amount) AS fen FROM bill_adjustment WHERE county = :county GROUP BY bill_id) a
  ON a.bill_id = b.id
WHERE b.county = :county AND b.adjusted <> COALESCE(a.fen, 0)""",
    "payment_is_where_it_went": """
SELECT p.id, CASE p.state WHEN 'SUCCEEDED' THEN p.amount ELSE 0 END, COALESCE(a.fen, 0) + p.prepaid + p.refunded
FROM payment p
LEFT JOIN (SELECT payment_id, sum(amount) AS fen FROM allocation WHERE county = :county GROUP BY payment_id) a
  ON a.payment_id = p.id
WHERE p.county = :county
  AND CASE p.state WHEN 'SUCCEEDED' THEN p.amount ELSE 0 END <> COALESCE(a.fen, 0) + p.prepaid + p.refunded""",
    "receivables_are_what_bills_owe": _of_units("RECEIVABLE", 1, _OWED),
    "advance_money_is_what_payments_left": _of_units("PREPAID", -1, _ADVANCED),
    "earmarks_have_their_counterpart": """
SELECT CAST(min(CAST(a.id AS text)) AS uuid), 0, sum(p.amount) FROM ledger_account a
JOIN posting p ON p.county = :county AND p.account_id = a.id
WHERE a.county = :county AND a.kind IN ('EARMARK', 'EARMARK_CONTRA')
GROUP BY a.area_id, a.building_id HAVING sum(p.amount) <> 0""",
}


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold: the check, the row, and the two figures that should be equal."""

    county: str
    check: str
    row_id: uuid.UUID
    expected: int
    found: int

    def __str__(self) -> str:
        return f"{self.county} {self.check} {self.row_id}: expected {self.expected}, found {self.found}"


async def verify(session: AsyncSession, counties: Iterable[str]) -> AsyncIterator[Finding]:
    """Run every check over these counties, one county after the other, and yield what does not hold.

    One snapshot a county: the session's transaction is made repeatable and read-only, so that work going on meanwhile
    makes no findings. The session must be fresh (no transaction begun).
    """
    for county in counties:
        async with session.begin():
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            await set_fuse(session, {county})
            for check, query in CHECKS.items():
                for row_id, expected, found in (await session.execute(text(query), {"county": county})).all():
                    yield Finding(county, check, row_id, int(expected), int(found))
