"""Payments: how money comes in, and how it is spread over bills (FEE-11)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.bills import BillKind
from domain.ledger import AccountKind
from domain.roles import COMPANY, Role
from domain.terms import Term


class Channel(Term):
    """How the money came (缴费渠道)."""

    BANK = "BANK", "At the bank or through it; recorded by the bank's client."
    CASH = "CASH", "In cash at the company's desk."
    POS = "POS", "By card at the company's terminal."
    TRANSFER = "TRANSFER", "Transferred to the company's account; recorded by its staff from the statement."
    WECHAT = "WECHAT", "By WeChat Pay in a mini-program, to the company's own merchant number (微信支付)."
    OPENING = "OPENING", "No money now: paid in advance before the platform, attested when brought in."


class PaymentState(Term):
    """A payment is recorded once the money is there (SM-14)."""

    SUCCEEDED = "SUCCEEDED", "The money is there."
    REVERSED = "REVERSED", "Taken back: returned by the bank, recorded in error, or refunded."


MONEY_ACCOUNT: Mapping[Channel, AccountKind] = {
    Channel.BANK: AccountKind.BANK,
    Channel.CASH: AccountKind.CASH,
    Channel.POS: AccountKind.BANK,
    Channel.TRANSFER: AccountKind.BANK,
    Channel.WECHAT: AccountKind.PAYMENT_SERVICE,
    Channel.OPENING: AccountKind.OPENING,
}
"""Which account of the company the money goes to."""

CHANNELS_OF: Mapping[Role, frozenset[Channel]] = {
    Role.BANK: frozenset({Channel.BANK}),
    **{role: frozenset({Channel.CASH, Channel.POS, Channel.TRANSFER}) for role in COMPANY},
}
"""A bank records what passed through it; a company what it took itself."""

REVERSIBLE_BY: Mapping[Role, frozenset[Channel]] = {**CHANNELS_OF, Role.BUREAU: frozenset({Channel.OPENING})}
"""Who takes a payment back: whoever recorded it, and for what was attested when it was brought in the bureau that did so."""


@dataclass(frozen=True)
class OpenBill:
    """What allocation looks at; ``outstanding`` in fen, more than zero."""

    id: UUID
    kind: BillKind
    due_on: date
    number: str
    outstanding: int


@dataclass(frozen=True)
class Share:
    """Part of a payment that settles a bill, in fen."""

    bill_id: UUID
    amount: int


def allocate(amount: int, bills: Iterable[OpenBill]) -> tuple[tuple[Share, ...], int]:
    """Spread ``amount`` fen over the bills, principal before late fees, oldest due first (FEE-11); and what is left."""
    shares: list[Share] = []
    left = amount
    for bill in sorted(bills, key=lambda bill: (bill.kind is BillKind.LATE_FEE, bill.due_on, bill.number)):
        if left == 0:
            break
        part = min(left, bill.outstanding)
        shares.append(Share(bill.id, part))
        left -= part
    return tuple(shares), left
