"""A payment service's bill of a day (交易账单), and how it differs from the books (对账差异).

The service makes the bill of a day on the next one: what was paid, and what is being paid back, of one merchant. It is the
last word on orders that no answer decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.calendar import SHANGHAI
from domain.roles import Role
from domain.terms import Term


class PayDifferenceKind(Term):
    """How the books and the service's bill differ."""

    MISSING_IN_BOOKS = "MISSING_IN_BOOKS", "The service was paid an order that the books do not know (账外交易)."
    MISSING_AT_SERVICE = "MISSING_AT_SERVICE", "The books have a payment of the day that the bill has not (账单缺失)."
    AMOUNT = "AMOUNT", "The order is there, but its amount, merchant or number is not the books' (金额或单号不符)."
    REFUND = "REFUND", "A refund is on one side alone, or its amounts differ (退款不符)."


class PayDifferenceState(Term):
    """Where a difference stands."""

    OPEN = "OPEN", "Nobody has explained it yet (待处理)."
    RESOLVED = "RESOLVED", "Explained by the company, with a note (已处理)."


RESOLVERS = frozenset({Role.COMPANY_ADMIN})

READY_AT = time(10, 30)
"""WeChat Pay makes a day's bill after 10:00 of the next one."""

MOST_DAYS = 60
"""How many days back a bill that could not be had is still asked for; WeChat Pay keeps them for three months."""


@dataclass(frozen=True)
class BilledPayment:
    """A paid order on a bill. ``amount`` and ``fee`` in fen; ``number`` is ours, ``reference`` the service's."""

    number: str
    reference: str
    amount: int
    paid_at: datetime
    fee: int = 0


@dataclass(frozen=True)
class BilledRefund:
    """A refund on a bill: ``amount`` fen are going back, or have gone (``done``)."""

    number: str
    reference: str
    amount: int
    done: bool


@dataclass(frozen=True)
class DayBill:
    """What a service says of one merchant's day."""

    payments: Sequence[BilledPayment] = ()
    refunds: Sequence[BilledRefund] = ()

    @property
    def fees(self) -> int:
        """What the service keeps (手续费), in fen."""
        return sum(one.fee for one in self.payments)


@dataclass(frozen=True)
class PayDifference:
    """One difference. ``billed`` and ``booked`` in fen; ``None`` where that side has nothing."""

    kind: PayDifferenceKind
    number: str
    billed: int | None
    booked: int | None


@dataclass(frozen=True)
class Booked:
    """A payment or refund as the books have it; ``amount`` in fen."""

    amount: int
    reference: str | None


def differences(bill: DayBill, orders: Mapping[str, Booked], refunds: Mapping[str, Booked]) -> list[PayDifference]:
    """What differs between a bill and the books, by the number of the order or refund.

    ``orders`` and ``refunds``: what the books say of all that the bill names, and of what they have and it should name.

    >>> paid = BilledPayment("A1", "4200", 100, datetime(2026, 3, 2))
    >>> differences(DayBill([paid]), {"A1": Booked(100, "4200")}, {})
    []
    >>> [one.kind.value for one in differences(DayBill([paid]), {"A2": Booked(100, "4201")}, {})]
    ['MISSING_IN_BOOKS', 'MISSING_AT_SERVICE']
    """
    kinds = PayDifferenceKind
    found = []
    for paid in bill.payments:
        booked = orders.get(paid.number)
        if booked is None:
            found.append(PayDifference(kinds.MISSING_IN_BOOKS, paid.number, paid.amount, None))
        elif (booked.amount, booked.reference) != (paid.amount, paid.reference):
            found.append(PayDifference(kinds.AMOUNT, paid.number, paid.amount, booked.amount))
    for back in bill.refunds:
        booked = refunds.get(back.number)
        if booked is None or booked.amount != back.amount:
            found.append(PayDifference(kinds.REFUND, back.number, back.amount, booked.amount if booked else None))
    billed = {paid.number for paid in bill.payments}
    found += [
        PayDifference(kinds.MISSING_AT_SERVICE, number, None, booked.amount)
        for number, booked in orders.items()
        if number not in billed
    ]
    back_there = {back.number for back in bill.refunds}
    found += [
        PayDifference(kinds.REFUND, number, None, booked.amount)
        for number, booked in refunds.items()
        if number not in back_there
    ]
    return found


def ready_at(day: date) -> datetime:
    """From when on the bill of a day can be had."""
    return datetime.combine(day + timedelta(days=1), READY_AT, SHANGHAI)


def first_day(confirmed_on: date, today: date) -> date:
    """The first day whose bill is looked at: none before the merchant number was confirmed, none too long ago."""
    return max(confirmed_on, today - timedelta(days=MOST_DAYS))
