"""The fund's yearly report on the area's board, and owners' requests for review by intent (FUND-11, FUND-31)."""

import uuid
from datetime import date

from sqlalchemy import text

from domain.calendar import add_working_days
from domain.disclosures import DisclosureItem
from domain.errors import ErrorCode, Refusal
from domain.fund_reports import AUDIT_DAYS, OTHER, WORDS, Expense, ReviewState, Year, board_text, check_year
from domain.ledger import TransactionKind
from domain.roles import Role
from models.base import new_id
from models.disclosures import Disclosure
from models.estates import PropertyArea, Unit
from models.fund_reviews import FundReview
from resolvers import disclosures
from resolvers.unit_of_work import UnitOfWork

REPORTERS = (Role.COMMITTEE, Role.BUREAU)
"""Who publishes: whoever keeps the fund, the bureau or the owners' own committee (FUND-6, FUND-11)."""

_ACCOUNTS = """
accounts AS MATERIALIZED (
  SELECT l.id FROM ledger_account l JOIN unit u ON u.county = :county AND u.id = l.unit_id
  WHERE l.county = :county AND l.kind = 'UNIT_FUND' AND u.area_id = CAST(:area_id AS uuid)
  UNION ALL
  SELECT l.id FROM ledger_account l JOIN building b ON b.county = :county AND b.id = l.building_id
  WHERE l.county = :county AND l.kind = 'BUILDING_FUND' AND b.area_id = CAST(:area_id AS uuid)
  UNION ALL
  SELECT l.id FROM ledger_account l
  WHERE l.county = :county AND l.kind = 'AREA_FUND' AND l.area_id = CAST(:area_id AS uuid)
)"""

_CHANGES = text(f"""
WITH {_ACCOUNTS}
SELECT CASE WHEN p.occurred_on < CAST(:first AS date) THEN NULL ELSE t.kind END AS kind,
       CAST(-sum(p.amount) AS bigint)
FROM accounts a
JOIN posting p ON p.county = :county AND p.account_id = a.id AND p.occurred_on <= CAST(:last AS date)
JOIN ledger_transaction t ON t.county = :county AND t.id = p.transaction_id
GROUP BY 1 ORDER BY 1""")  # noqa: S608 - constants; every value is a bind

_EXPENSES = text(f"""
WITH {_ACCOUNTS}
SELECT t.occurred_on, t.reason, CAST(sum(p.amount) AS bigint), count(*)
FROM accounts a
JOIN posting p ON p.county = :county AND p.account_id = a.id
 AND p.occurred_on BETWEEN CAST(:first AS date) AND CAST(:last AS date)
JOIN ledger_transaction t ON t.county = :county AND t.id = p.transaction_id AND t.kind = 'FUND_SPENT'
WHERE NOT EXISTS (SELECT FROM ledger_transaction r WHERE r.county = :county AND r.reverses_id = t.id)
GROUP BY t.id, t.occurred_on, t.reason ORDER BY t.occurred_on, t.id""")  # noqa: S608 - constants; every value is a bind


async def publish(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    year: int,
    objection_contact: str,
    audit: str | None = None,
) -> Disclosure:
    """Post an area's fund of a year on its board (fundReportPublish): totals, each expense and how many accounts bear it.

    The figures are the books'. With ``audit``, the auditor's finding (FUND-31), it hangs thirty days. ``TOO_EARLY`` before
    the year is over. A report published again replaces the one before; nobody's own account stands in it (PRI-5).
    """
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(REPORTERS, PropertyArea, area)
    check_year(year, uow.today)
    report = await _of_year(uow, area.id, year)
    found = (audit or "").strip() or None
    posting = disclosures.Posting(
        title=f"{year}年度住宅专项维修资金公示",
        body=board_text(report, found),
        objection_contact=objection_contact,
        content={
            "year": year,
            "opening": report.opening,
            "changes": dict(report.changes),
            "closing": report.closing,
            "expenses": [
                {"on": each.on.isoformat(), "reason": each.reason, "amount": each.amount, "accounts": each.accounts}
                for each in report.expenses
            ],
            "audit": found,
        },
        posted_days=AUDIT_DAYS if found else None,
    )
    about = disclosures.About("property_area", area.id)
    posted = await disclosures.put_up(uow, area, DisclosureItem.FUND_ACCOUNT, posting, grant=grant, about=about)
    await uow.audit("fundReportPublish", area, grant=grant, detail={"year": year})
    return posted


async def _of_year(uow: UnitOfWork, area_id: uuid.UUID, year: int) -> Year:
    period = {"county": uow.county, "area_id": area_id, "first": date(year, 1, 1), "last": date(year, 12, 31)}
    sums = {kind: int(fen) for kind, fen in (await uow.session.execute(_CHANGES, period)).all()}
    opening = sums.pop(None, 0)
    changes: dict[str, int] = {}
    for kind, fen in sums.items():
        name = WORDS.get(TransactionKind(kind), OTHER)
        changes[name] = changes.get(name, 0) + fen
    spent = (await uow.session.execute(_EXPENSES, period)).all()
    expenses = [Expense(on, reason, int(fen), int(count)) for on, reason, fen, count in spent]
    return Year(year, opening, changes, expenses)


async def ask(uow: UnitOfWork, *, unit_id: uuid.UUID, question: str) -> FundReview:
    """Ask the bureau to look again at the own unit's account (fundReviewAsk, FUND-11)."""
    unit = await uow.load(Unit, unit_id, field="unitId")
    grant = await uow.act((Role.OWNER,), Unit, unit)
    if not question.strip():
        raise Refusal(ErrorCode.REQUIRED, "question")
    if grant.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    review = FundReview(
        county=uow.county,
        id=new_id(),
        unit_id=unit.id,
        question=question.strip(),
        asked_by=grant.account_id,
        due_on=add_working_days(uow.today, uow.profile.fund_review_working_days),
        state=ReviewState.OPEN.value,
    )
    uow.session.add(review)
    await uow.session.flush()  # the event names it
    await uow.audit("fundReviewAsk", review, grant=grant)
    uow.notify(review)
    return review


async def answer(uow: UnitOfWork, *, id: uuid.UUID, answer: str) -> FundReview:
    """Answer an owner's request for review, as the bureau (fundReviewAnswer). ``ACTION_NOT_AVAILABLE`` once answered."""
    review = await uow.load(FundReview, id, lock=True)
    grant = await uow.act((Role.BUREAU,), FundReview, review)
    if not answer.strip():
        raise Refusal(ErrorCode.REQUIRED, "answer")
    if review.state != ReviewState.OPEN:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=review.state, action="fundReviewAnswer")
    review.state, review.answer, review.answered_on = ReviewState.ANSWERED.value, answer.strip(), uow.today
    await uow.audit("fundReviewAnswer", review, grant=grant)
    uow.notify(review)
    return review
