"""What commands and jobs need of payment services: the application provides them where it is deployed.

Nobody is asked inside a transaction: jobs that talk to a service are errands (``resolvers.jobs.errand``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.checkouts import PayService, Trade
from domain.errors import ErrorCode, Refusal
from domain.fee_refunds import Repayment
from domain.pay_bills import DayBill


class UnclearError(Exception):
    """No answer, or none that can be believed: what became of the request is not known, and must be asked."""


class ForgedError(Exception):
    """It is not signed by the service, or not now."""


class RefusedError(Exception):
    """The service answered that it does not do this; the argument is its code."""

    @property
    def code(self) -> str:
        """The service's word for why."""
        return str(self.args[0]) if self.args else ""


@dataclass(frozen=True)
class Order:
    """What a service is asked to collect. ``amount`` in fen; ``payer`` as the service knows them in this mini-program."""

    county: str
    number: str
    merchant: str
    appid: str
    payer: str
    amount: int
    description: str
    expires_at: datetime


@dataclass(frozen=True)
class Notice:
    """What a service tells of its own accord; neither: something that is no business of ours."""

    trade: Trade | None = None
    repayment: Repayment | None = None


@dataclass(frozen=True)
class Return:
    """What a service is asked to pay back: ``amount`` fen of a payment of ``total``, whose ``reference`` it gave."""

    county: str
    number: str
    merchant: str
    reference: str
    amount: int
    total: int


class Service(Protocol):
    """One payment service. Every method that asks it raises ``UnclearError`` or ``RefusedError``."""

    def serves(self, appid: str) -> bool:
        """Whether it can be paid in this mini-program."""
        ...

    async def payer(self, appid: str, code: str) -> str:
        """Who got this sign-in code in the mini-program just now, by the service's name for them."""
        ...

    async def place(self, order: Order) -> str:
        """Tell it of an order; what it calls the order that the payer confirms. The same order again gives the same."""
        ...

    def parameters(self, appid: str, prepay_id: str) -> Mapping[str, str]:
        """What the mini-program hands over so that the payer can confirm; signed, and asks nobody."""
        ...

    async def look_up(self, merchant: str, number: str) -> Trade:
        """What it knows of an order."""
        ...

    async def close(self, merchant: str, number: str) -> None:
        """Let nobody pay an order any more; refused when it is paid."""
        ...

    async def give_back(self, wanted: Return) -> Repayment:
        """Pay back. The same number again pays back once."""
        ...

    async def look_up_refund(self, merchant: str, number: str) -> Repayment:
        """What it knows of a refund."""
        ...

    async def bill(self, merchant: str, day: date) -> DayBill:
        """What it says of a merchant's day, once that is over; a day without any payment is empty."""
        ...

    async def heard(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """A notice, once it is known to be the service's. Raises ``ForgedError``."""
        ...


_services: dict[PayService, Callable[[], Service]] = {}


def provide(name: PayService, made: Callable[[], Service] | None) -> None:
    """Say how a payment service is reached from this process, made when it is first used; ``None`` takes it away."""
    if made is None:
        _services.pop(name, None)
    else:
        _services[name] = made


def is_offered(name: PayService) -> bool:
    """Whether the deployment has the service."""
    return name in _services


def pay_service(name: PayService, field: str | None = None) -> Service:
    """The service. ``PAY_SERVICE_NOT_READY`` where the deployment has none."""
    if not is_offered(name):
        raise Refusal(ErrorCode.PAY_SERVICE_NOT_READY, field)
    return _services[name]()
