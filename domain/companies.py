"""Property companies (物业服务企业), their project leaders and staff: what the registers may say."""

from datetime import date

from domain.terms import Term


class CompanyState(Term):
    """Where a company stands in this county; follows its filing (SM-1). The blacklist leaves it ``FILED`` (CR-5)."""

    UNFILED = "UNFILED", "Known here, but no filing is in force."
    FILED = "FILED", "Filed in this county."
    RECTIFYING = "RECTIFYING", "Ordered to put something right (GT-13)."
    SUSPENDED = "SUSPENDED", "Suspended."
    REMOVED = "REMOVED", "Persuaded or ordered to leave the county (劝退, 清退)."
    CANCELLED = (
        "CANCELLED",
        "The filing of a 三无/僵尸 company was cancelled (GT-11); the market authority alone deregisters a firm.",
    )


class StaffKind(Term):
    """What a member of staff does for the company, as far as the filing asks for it (SL-18)."""

    ADMIN = "ADMIN", "Runs the company's affairs on the platform."
    MANAGER = (
        "MANAGER",
        "A certified property manager (持证物业经理); a training certificate counts (RULES §10, conflict 12).",
    )
    TECHNICIAN = "TECHNICIAN", "Professional technical staff (专业技术人员)."
    SERVICE = "SERVICE", "Serves the residents: cleaning, guarding, repairs."


class LeaderState(Term):
    """A project leader's post (SM-2)."""

    APPOINTED = "APPOINTED", "In post, has not reported to the residents' committee yet."
    REPORTED = "REPORTED", "Has reported to the residents' committee, within five days of taking the post (COM-20)."
    REPLACED = "REPLACED", "Another leader took the post."
    ENDED = "ENDED", "The post or term ended."


OPEN_LEADER_STATES = frozenset({LeaderState.APPOINTED, LeaderState.REPORTED})

CAN_SERVE = frozenset({CompanyState.FILED, CompanyState.RECTIFYING})
"""States in which a company may take contracts and appoint leaders. Rectifying alone bans nothing (GT-13)."""


MAX_PROJECTS_PER_LEADER = 3
"""How many projects one person leads at a time (SM-2, assumption)."""


def banned_until(listed_on: date, corrected: bool) -> date | None:
    """The last day of the ban on new projects after a blacklisting (SL-25); ``None``: until the correction is recorded.

    A year ends on the same date of the next year and a ban does not roll over a holiday (C-2).

    >>> banned_until(date(2024, 5, 10), corrected=True)
    datetime.date(2025, 5, 10)
    """
    if not corrected:
        return None
    try:
        return listed_on.replace(year=listed_on.year + 1)
    except ValueError:  # 29 February: the year ends on the last day of that month
        return listed_on.replace(year=listed_on.year + 1, day=28)


def may_take_new_project(listed_on: date | None, corrected_on: date | None, on: date) -> bool:
    """Whether a company may enter a new project on a day (CR-5, G-7); renewals of its own projects are not asked."""
    if listed_on is None:
        return True
    corrected = corrected_on is not None and corrected_on <= on
    last = banned_until(listed_on, corrected)
    return last is not None and on > last
