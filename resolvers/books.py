"""Whether the books are whole: what must be true of every county's ledger, and where it is not (FUND-4, FUND-5).

The county's clock looks every night, an official whenever asked for, an operator by ``anju ledger verify``; each run is kept
with what it found. A finding names the row at fault and what was expected; no finding means that every check was made and
held. Nothing is repaired here: a fault is corrected by a reversal or a new entry, by somebody who knows why. Books that do
not balance stop the county's postings (``STOPPING``) until a later run finds them whole; a difference with a bank's statement
is no matter of the books and stops nothing.
"""

import logging
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger import FUND_KINDS, NEVER_NEGATIVE, PAIRS, AccountKind
from domain.roles import Role
from models.base import new_id
from models.books import LedgerCheck, LedgerFinding
from resolvers.jobs import job, nightly
from resolvers.unit_of_work import UnitOfWork, set_fuse
from resolvers.whole_sets import whole_sets

KEPT = 1_000
"""Findings of one run that are kept; one broken rule may show in every row."""

log = logging.getLogger(__name__)

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


def _listed(kinds: Iterable[AccountKind]) -> str:
    return ", ".join(f"'{kind.value}'" for kind in sorted(kinds))


_GUARDED = _listed(NEVER_NEGATIVE)

_FUND_LINES = f"""
  -- Lines on the fund's accounts, each with the area (or, without one, the building) and the bank account that it is of.
  -- What an attested balance was brought in against is no fund money: a county attests sub-accounts and bank money at
  -- different times. Openings that bring the money in with the balances are checked like any other transaction.
  SELECT p.transaction_id, p.amount, a.kind, a.bank_account_id,
         COALESCE(a.area_id, u.area_id, b.area_id, u.building_id, a.building_id) AS place_id
  FROM ledger_account a
  JOIN posting p ON p.county = :county AND p.account_id = a.id
  LEFT JOIN unit u ON u.county = :county AND u.id = a.unit_id
  LEFT JOIN building b ON b.county = :county AND b.id = COALESCE(u.building_id, a.building_id)
  WHERE a.county = :county AND a.kind IN ({_listed(FUND_KINDS)}) AND a.company_id IS NULL
    AND NOT EXISTS (
      SELECT FROM posting against JOIN ledger_account brought ON brought.county = :county AND brought.id = against.account_id
      WHERE against.county = :county AND against.transaction_id = p.transaction_id AND brought.kind = 'OPENING'
    )"""  # noqa: S608 - constants


def _paired(kinds: Iterable[AccountKind]) -> str:
    """Transactions in which two kinds of accounts that mirror each other do not."""
    return f"""
SELECT p.transaction_id, 0, sum(p.amount) FROM ledger_account a
JOIN posting p ON p.county = :county AND p.account_id = a.id
WHERE a.county = :county AND a.kind IN ({_listed(kinds)})
GROUP BY p.transaction_id HAVING sum(p.amount) <> 0"""  # noqa: S608 - constants


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
SELECT r.id, 0, sum(p.amount)
FROM (
  SELECT id, unnest(ARRAY[id, reverses_id]) AS part_id FROM ledger_transaction
  WHERE county = :county AND reverses_id IS NOT NULL
) r
JOIN posting p ON p.county = :county AND p.transaction_id = r.part_id
GROUP BY r.id, p.account_id HAVING sum(p.amount) <> 0""",
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
    "fund_money_stays_in_the_fund": f"""
SELECT transaction_id, 0, sum(amount) FROM ({_FUND_LINES}) f
GROUP BY transaction_id HAVING sum(amount) <> 0""",  # noqa: S608
    # Money at the bank against units, buildings, the area's own, suspense and in transit of the same area.
    "area_fund_is_its_money": f"""
SELECT place_id, COALESCE(sum(amount) FILTER (WHERE kind = 'BANK'), 0),
       -COALESCE(sum(amount) FILTER (WHERE kind <> 'BANK'), 0)
FROM ({_FUND_LINES}) f WHERE place_id IS NOT NULL
GROUP BY place_id HAVING sum(amount) <> 0""",  # noqa: S608
    # What the bank credited and no area has yet: undistributed interest, the pool, suspense.
    "bank_accounts_rest_is_its_money": f"""
SELECT bank_account_id, COALESCE(sum(amount) FILTER (WHERE kind = 'BANK'), 0),
       -COALESCE(sum(amount) FILTER (WHERE kind <> 'BANK'), 0)
FROM ({_FUND_LINES}) f WHERE place_id IS NULL AND bank_account_id IS NOT NULL
GROUP BY bank_account_id HAVING sum(amount) <> 0""",  # noqa: S608
    **{name: _paired(kinds) for name, kinds in PAIRS.items()},
}

STOPPING = frozenset(
    {
        "transaction_balances",
        "transaction_has_lines",
        "account_not_below_zero",
        "reversal_mirrors_its_original",
        "fund_money_stays_in_the_fund",
        *PAIRS,
    }
)
"""Faults of the books themselves. The others are faults of what stands beside them (bills, payments, an area that was divided
and whose money was not), which further entries make no worse and often mend."""


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
            for finding in await _findings(session, county):
                yield finding


async def _findings(session: AsyncSession, county: str) -> list[Finding]:
    async with whole_sets(session):
        return [
            Finding(county, check, row_id, int(expected), int(found))
            for check, query in CHECKS.items()
            for row_id, expected, found in (await session.execute(text(query), {"county": county})).all()
        ]


async def check(uow: UnitOfWork, asked: LedgerCheck | None = None) -> list[Finding]:
    """Run every check, keep the run (``asked`` where an official did) with its findings, and return these.

    Each check is one statement, and so sees one moment of the work that goes on meanwhile. From the commit on, the run's
    word decides whether anything may be posted (``resolvers.ledger.check_open``).
    """
    found = await _findings(uow.session, uow.county)
    run = asked or LedgerCheck(county=uow.county, id=new_id(), created_at=uow.now)
    run.finished_at, run.finding_count = uow.now, len(found)
    run.stops_postings = any(finding.check in STOPPING for finding in found)
    uow.session.add(run)
    await uow.session.flush()  # findings refer to the run
    uow.session.add_all(
        LedgerFinding(
            county=uow.county,
            id=new_id(),
            ledger_check_id=run.id,
            position=position,
            check_name=finding.check,
            subject_id=finding.row_id,
            expected=finding.expected,
            found=finding.found,
            stops_postings=finding.check in STOPPING,
        )
        for position, finding in enumerate(found[:KEPT], 1)
    )
    if found:
        log.error("the books of %s: %d findings, postings stopped: %s", uow.county, len(found), run.stops_postings)
    return found


@nightly
async def check_nightly(uow: UnitOfWork) -> bool:
    """Look every night whether the county's books are whole."""
    await check(uow)
    return False


async def ledger_verify(uow: UnitOfWork) -> LedgerCheck:
    """Ask for a run of the checks (ledgerVerify), which a worker makes soon: after a correction, before a report."""
    grant = await uow.act({Role.BUREAU})
    asked = LedgerCheck(county=uow.county, id=new_id(), requested_by=uow.actor.account_id, created_at=uow.now)
    uow.session.add(asked)
    await uow.audit("ledgerVerify", asked, grant=grant)
    await uow.enqueue("ledger_check", ledger_check_id=asked.id)
    return asked


@job("ledger_check")
async def check_asked(uow: UnitOfWork, *, ledger_check_id: uuid.UUID) -> bool:
    """Make the run that an official asked for; once."""
    asked = await uow.load(LedgerCheck, ledger_check_id, lock=True)
    if asked.finished_at is None:
        await check(uow, asked)
    return False
