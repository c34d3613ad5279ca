"""Paying fees back (退费): asked for, decided by another person, sent the way the money came (FEE-7, SM-14)."""

from dataclasses import dataclass
from enum import StrEnum

from domain.roles import COMPANY, RESIDENTS, Role
from domain.terms import Term


class RefundState(Term):
    """Where a refund stands."""

    REQUESTED = "REQUESTED", "Asked for; the company has not decided (待审核)."
    PROCESSING = "PROCESSING", "Granted, and under way at the payment service (退款中)."
    SUCCEEDED = "SUCCEEDED", "Paid back (已退款)."
    FAILED = "FAILED", "The payment service did not do it: the money is advance money again (退款失败)."
    REFUSED = "REFUSED", "Refused by the company, with a reason (已驳回)."


ASKERS = COMPANY | RESIDENTS
DECIDERS = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER})


class RefundWord(StrEnum):
    """What a payment service says of a refund."""

    ABSENT = "ABSENT"
    UNDER_WAY = "UNDER_WAY"
    STUCK = "STUCK"
    """It could not reach the payer (退款异常): the merchant settles it at the service, and it goes on from there."""
    DONE = "DONE"
    CLOSED = "CLOSED"


@dataclass(frozen=True)
class Repayment:
    """A refund as a payment service knows it. ``amount`` in fen; ``reference`` is the service's own number of it."""

    number: str
    merchant: str | None
    word: RefundWord
    amount: int | None = None
    reference: str | None = None


def differs(said: Repayment, *, number: str, merchant: str, amount: int) -> bool:
    """Whether what is said is about another refund, or another amount. An answer that names no merchant was asked of this one.

    >>> differs(Repayment("R1", "1900", RefundWord.DONE, 100), number="R1", merchant="1900", amount=100)
    False
    """
    return (said.number, said.merchant or merchant, said.amount) != (number, merchant, amount)
