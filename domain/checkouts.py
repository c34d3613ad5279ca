"""Paying at a payment service (线上支付): what takes its time, from opened to paid, and what the service says of it (SM-14).

A company has a merchant number of its own at the service (特约商户号): what owners pay is the company's from the first moment,
the platform never holds it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.terms import Term


class PayService(Term):
    """A payment service (支付机构)."""

    WECHAT = "WECHAT", "WeChat Pay in a mini-program (微信支付)."


class MerchantState(Term):
    """Where a company's merchant number stands."""

    RECORDED = "RECORDED", "Named by the company, not confirmed yet: nothing is paid to it."
    CONFIRMED = "CONFIRMED", "Confirmed by the bureau to be the company's: fees are paid to it."
    ENDED = "ENDED", "No longer used; what was paid to it can still be paid back."


class CheckoutState(Term):
    """Where a payment at a payment service stands (SM-14)."""

    CREATED = "CREATED", "Opened here; the payment service is being told."
    PENDING = "PENDING", "The payment service waits for the payer (待支付)."
    SUCCEEDED = "SUCCEEDED", "Paid: the service says so, and all that it says agrees (已支付)."
    FAILED = "FAILED", "Not paid, and closed at the service (已关闭)."
    REFUNDED = "REFUNDED", "Paid, and paid back in full (已退款)."


class CheckoutFailure(Term):
    """Why nothing was paid."""

    REFUSED = "REFUSED", "The payment service did not take the order."
    EXPIRED = "EXPIRED", "Nobody paid in time."
    CANCELLED = "CANCELLED", "Given up by the payer."


class TradeState(StrEnum):
    """What a payment service says of an order."""

    ABSENT = "ABSENT"
    WAITING = "WAITING"
    PAID = "PAID"
    OVER = "OVER"
    """Closed there without being paid."""


class Next(StrEnum):
    """What is to be done after a look at the service."""

    SETTLE = "SETTLE"
    CLOSE = "CLOSE"
    FAIL = "FAIL"
    WAIT = "WAIT"


OPEN = frozenset({CheckoutState.CREATED, CheckoutState.PENDING})
"""Not decided yet."""

LIFE = timedelta(minutes=30)
"""How long a payer has; then the order is closed at the service. An assumption."""

FIRST_LOOK = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=30)
MOST_LOOKS = 60
"""More than a day of looking: the service's bill of the day is there by then, and decides what no answer did
(``domain.pay_bills``)."""

CURRENCY = "CNY"


@dataclass(frozen=True)
class Trade:
    """An order as a payment service knows it. ``amount`` in fen; ``reference`` is the service's own number of the payment."""

    number: str
    merchant: str
    state: TradeState
    amount: int | None = None
    currency: str | None = None
    reference: str | None = None
    paid_at: datetime | None = None


def disagreement(trade: Trade, *, number: str, merchant: str, amount: int) -> str | None:
    """What of a trade is not as that of the paid order: the name of the first such part, ``None`` when all agree.

    >>> paid = Trade("A1", "1900", TradeState.PAID, 100, "CNY", "4200", datetime(2026, 3, 2))
    >>> disagreement(paid, number="A1", merchant="1900", amount=100)
    >>> disagreement(paid, number="A1", merchant="1900", amount=101)
    'amount'
    """
    expected = {
        "state": TradeState.PAID,
        "number": number,
        "merchant": merchant,
        "amount": amount,
        "currency": CURRENCY,
    }
    for name, value in expected.items():
        if getattr(trade, name) != value:
            return name
    return next((name for name in ("reference", "paid_at") if not getattr(trade, name)), None)


def next_step(said: TradeState | None, *, ending: bool) -> Next:
    """What follows from the service's word; ``said`` is ``None`` when it gave none: then nothing is assumed, only asked again.

    ``ending``: whether the order's time is over, or its payer has given it up.
    """
    if said is TradeState.PAID:
        return Next.SETTLE
    if said is TradeState.OVER:
        return Next.FAIL
    if said is None or not ending:
        return Next.WAIT
    return Next.CLOSE if said is TradeState.WAITING else Next.FAIL


def pause_after(looks: int) -> timedelta | None:
    """How long to wait after so many looks before the next one, twice as long each time; ``None``: look no more.

    >>> [str(pause_after(n)) for n in (0, 1, 2, 7, 59)], pause_after(60)
    (['0:00:15', '0:00:30', '0:01:00', '0:30:00', '0:30:00'], None)
    """
    if looks >= MOST_LOOKS:
        return None
    doubled: int = 2 ** min(looks, 10)
    return min(FIRST_LOOK * doubled, LONGEST_PAUSE)


def most_in_advance(months: int | None, monthly: int, held: int) -> int:
    """The most that may be paid in advance now, in fen (FEE-4): so many months of what is charged, less what is there already.

    ``months`` as the contract agrees; ``None``: it agrees to none.
    """
    return max(0, (months or 0) * monthly - held)
