"""Raising a price (FEE-6), and the budget and accounts of the remuneration mode (酬金制, FEE-1)."""

from datetime import date, timedelta

from domain.errors import ErrorCode, Refusal
from domain.profiles.parameters import Profile
from domain.terms import Term


class FeeAccountKind(Term):
    """What a company tells the payers of the advance funds (FEE-1, 发改价格[2003]1864号)."""

    BUDGET = "BUDGET", "The budget of a year (年度预算)."
    QUARTER = "QUARTER", "Income and expense of a quarter (季度收支)."
    ANNUAL = "ANNUAL", "The accounts of a year (年度决算)."


def check_increase(
    profile: Profile,
    *,
    audited: bool,
    posted_from: date,
    posted_to: date,
    vote_passed: bool,
    result_posted_from: date,
    result_posted_to: date,
    valid_from: date,
) -> None:
    """Whether a price may rise from a day: audit and proposal posted, the owners' vote, its result posted (FEE-6).

    Refuses ``MISSING_DOCUMENT`` without an audit where the county asks for one, ``POSTING_PERIOD_NOT_OVER`` for postings that
    were too short or had not run before the new price, ``VOTE_NOT_PASSED``, ``OUT_OF_RANGE`` for days out of order.
    """
    if profile.price_increase_audit and not audited:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", documents=["REPORT"])
    proposal_until = posted_from + timedelta(days=profile.price_proposal_posting_days)
    if posted_to < proposal_until:
        raise Refusal(ErrorCode.POSTING_PERIOD_NOT_OVER, "postedTo", until=proposal_until)
    if not vote_passed:
        raise Refusal(ErrorCode.VOTE_NOT_PASSED, "votePassed")
    if result_posted_from <= posted_to:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "resultPostedFrom", least=posted_to + timedelta(days=1))
    result_until = result_posted_from + timedelta(days=profile.price_result_posting_days)
    if result_posted_to < result_until:
        raise Refusal(ErrorCode.POSTING_PERIOD_NOT_OVER, "resultPostedTo", until=result_until)
    if valid_from <= result_posted_to:
        raise Refusal(ErrorCode.POSTING_PERIOD_NOT_OVER, "validFrom", until=result_posted_to)


def check_period(kind: FeeAccountKind, first: date, last: date) -> None:
    """A budget and annual accounts are of a calendar year, quarterly ones of a quarter; ``OUT_OF_RANGE`` otherwise."""
    months = 3 if kind is FeeAccountKind.QUARTER else 12
    month = first.month + months
    ends = date(first.year + (month - 1) // 12, (month - 1) % 12 + 1, 1) - timedelta(days=1)
    if first.day != 1 or (first.month - 1) % months or last != ends:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodTo", least=ends, most=ends)
