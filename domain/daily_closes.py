"""A cashier's day at the desk (日结): which channels it covers, and who takes part."""

from domain.payments import Channel
from domain.roles import Role
from domain.terms import Term


class CloseState(Term):
    """Where a closed day stands."""

    CLOSED = "CLOSED", "Counted and closed by the cashier; a second person has not signed yet (待复核)."
    SIGNED = "SIGNED", "Signed by a second person (已复核)."


AT_THE_DESK = frozenset({Channel.CASH, Channel.POS, Channel.TRANSFER})
"""What a cashier answers for; banks and payment services answer for theirs."""

SIGNERS = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER})
"""Who signs for another's day."""
