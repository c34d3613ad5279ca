"""Officials' postings (任职): duties, the powers that come with them, and who may appoint whom.

A posting is a department in a county, a township or a community, from a day to a day. Everybody posted handles the
office's cases; a *power* opens what only some of the office may do, and travels in the grant's scopes.
"""

from datetime import date

from domain.errors import ErrorCode, Refusal
from domain.roles import OFFICIALS, Role
from domain.terms import Term


class PostingDuty(Term):
    """What an official is there for, besides the office's everyday cases."""

    ADMINISTRATOR = "ADMINISTRATOR", "Appoints officials, and at the bureau registers partners' systems (管理员)."
    APPROVER = "APPROVER", "Decides for the bureau where money leaves the fund (审批人); two persons appoint one."
    CASHIER = "CASHIER", "Instructs the bank to pay from the fund what others approved (出纳); two persons appoint one."
    OFFICER = "OFFICER", "Handles the office's cases (经办人)."


class PostingState(Term):
    """Where a posting stands."""

    PROPOSED = "PROPOSED", "One administrator proposed it; another one must confirm it."
    IN_POST = "IN_POST", "Appointed: it holds from its first day to its last."
    REFUSED = "REFUSED", "A second administrator refused it, or its proposer took it back."
    ENDED = "ENDED", "Ended before its time or handed over."


class Power(Term):
    """What a grant may open beyond its role (``resource:action``)."""

    FUNDS_APPROVE = "funds:approve", "Approve the use of the maintenance fund for the bureau."
    FUNDS_RELEASE = "funds:release", "Instruct the bank to pay from the maintenance fund what was approved."
    OFFICIALS_APPOINT = "officials:appoint", "Appoint officials and end their postings."
    PARTNERS_REGISTER = "partners:register", "Register partners' systems, renew and end their agreements."


LIVE = frozenset({PostingState.PROPOSED, PostingState.IN_POST})

_MONEY = {PostingDuty.APPROVER: Power.FUNDS_APPROVE, PostingDuty.CASHIER: Power.FUNDS_RELEASE}
"""The bureau's duties over the fund's money: who approves does not release (FUND-24, FUND-28)."""

_ADMINISTERED_BY: dict[Role, Role] = {
    Role.BUREAU: Role.BUREAU,
    Role.PRICE: Role.BUREAU,
    Role.MARKET: Role.BUREAU,
    Role.TOWNSHIP: Role.BUREAU,
    Role.COMMUNITY: Role.TOWNSHIP,
}
"""Whose administrators appoint an office's administrators."""


def appointers(role: Role, duty: PostingDuty) -> frozenset[Role]:
    """The offices whose administrators may appoint: those above for administrators, the own one for the rest.

    >>> sorted(appointers(Role.COMMUNITY, PostingDuty.OFFICER))
    [<Role.COMMUNITY: 'COMMUNITY'>, <Role.TOWNSHIP: 'TOWNSHIP'>]
    """
    if role not in OFFICIALS or (duty in _MONEY and role is not Role.BUREAU):
        raise Refusal(ErrorCode.INVALID_INPUT, "duty")
    above = _ADMINISTERED_BY[role]
    if duty is PostingDuty.ADMINISTRATOR:
        return frozenset({above})
    return frozenset({role, Role.TOWNSHIP} if role is Role.COMMUNITY else {role})


def needs_two(role: Role, duty: PostingDuty) -> bool:
    """Whether one administrator proposes and another confirms: whoever approves, and whoever could appoint approvers."""
    return role is Role.BUREAU and duty is not PostingDuty.OFFICER


def powers(role: Role, duty: PostingDuty) -> tuple[Power, ...]:
    """What the duty opens."""
    if duty in _MONEY:
        return (_MONEY[duty],)
    if duty is PostingDuty.OFFICER:
        return ()
    bureau = (Power.PARTNERS_REGISTER,) if role is Role.BUREAU else ()
    return (Power.OFFICIALS_APPOINT, *bureau)


def check_term(valid_from: date, valid_to: date | None, *, today: date, field: str = "validTo") -> None:
    """A term has at least one day that is still to come; ``valid_to`` is the first day after it."""
    if valid_to is not None and (valid_to <= valid_from or valid_to <= today):
        raise Refusal(ErrorCode.OUT_OF_RANGE, field, least=max(valid_from, today))


BUREAU_POWERS = tuple(Power)
"""All that postings at the bureau can open."""
