"""Bodies that act for the owners of a property area: kinds, terms and members, as attested until elections come."""

from datetime import date, timedelta

from domain.terms import Term


class BodyKind(Term):
    """Which body acts for the owners."""

    COMMITTEE = "COMMITTEE", "Owners' committee (业主委员会)."
    PMC = (
        "PMC",
        "Property management committee (物业管理委员会): ends with the committee's election (COM-18).",
    )
    SELF_MANAGEMENT_GROUP = (
        "SELF_MANAGEMENT_GROUP",
        "Self-management group (物业自管小组), the PMC of Gaotai (COM-19, GT-32).",
    )


class CommitteeState(Term):
    """Where a body stands (SM-5, the part that attested records need)."""

    ATTESTED = "ATTESTED", "In office by an attested record, not filed yet."
    FILED = "FILED", "Filed in this county."
    ENDED = "ENDED", "Its term ended or another body replaced it."
    REVOKED = "REVOKED", "The filing was revoked (GT-30); membership ends by the owners' decision."


IN_OFFICE = frozenset({CommitteeState.ATTESTED, CommitteeState.FILED})


class MemberPost(Term):
    """A member's post in the body (COM-4)."""

    CHAIR = "CHAIR", "Chair (主任), chosen by the members (COM-4)."
    VICE_CHAIR = "VICE_CHAIR", "Vice chair (副主任)."
    MEMBER = "MEMBER", "Member (委员)."
    RESERVE = "RESERVE", "Reserve member (候补委员), fills in by vote order."


class MemberStatus(Term):
    """Whether a member holds office (SM-5)."""

    IN_OFFICE = "IN_OFFICE", "Holds office."
    SUSPENDED = "SUSPENDED", "Suspended."
    REMOVED = "REMOVED", "Removed by the owners' decision."
    ENDED = "ENDED", "The post or term ended."


POST_ORDER = {MemberPost.CHAIR: 1, MemberPost.VICE_CHAIR: 2, MemberPost.MEMBER: 3, MemberPost.RESERVE: 4}

MAX_TERM_YEARS = {BodyKind.COMMITTEE: 5, BodyKind.PMC: 3, BodyKind.SELF_MANAGEMENT_GROUP: 3}
"""The longest term of each body (COM-9, COM-18)."""


def size_fault(kind: BodyKind, members: int, households: int | None) -> str | None:
    """Why a body of this size is not lawful, or ``None``: ``TOO_FEW``, ``TOO_MANY`` or ``EVEN``.

    A committee has 5 to 11 members, odd, in a small estate (under 100 households) 3 or more (COM-4). A PMC has 7 or
    more, odd (COM-18). A self-management group has no minimum (COM-19). Reserves do not count.
    """
    if kind is BodyKind.SELF_MANAGEMENT_GROUP:
        return None if members else "TOO_FEW"
    small = households is not None and households < 100
    least = 7 if kind is BodyKind.PMC else (3 if small else 5)
    if members < least:
        return "TOO_FEW"
    if kind is BodyKind.COMMITTEE and members > 11:
        return "TOO_MANY"
    return None if members % 2 else "EVEN"


def last_day_of_term(first: date, years: int) -> date:
    """The last day of a term of so many years from its first day; terms never move for holidays (C-2).

    >>> last_day_of_term(date(2024, 3, 1), 5)
    datetime.date(2029, 2, 28)
    """
    try:
        anniversary = first.replace(year=first.year + years)
    except ValueError:  # 29 February
        return date(first.year + years, 2, 28)
    return anniversary - timedelta(days=1)
