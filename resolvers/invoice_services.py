"""What commands and jobs need of an electronic invoice service: the application provides it where it is deployed.

Nobody is asked inside a transaction: jobs that talk to a service are errands (``resolvers.jobs.errand``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from domain.errors import ErrorCode, Refusal
from domain.fee_invoices import Invoiced, TitleKind


@dataclass(frozen=True)
class Buyer:
    """To whom an invoice is made out, in plain."""

    kind: TitleKind
    title: str = field(repr=False)
    tax_number: str | None = field(repr=False)
    email: str | None = field(repr=False)


@dataclass(frozen=True)
class InvoiceLine:
    """What a part of the amount was paid for; ``amount`` in fen. Without a period: paid in advance."""

    name: str
    amount: int
    period_from: date | None = None
    period_to: date | None = None


@dataclass(frozen=True)
class InvoiceOrder:
    """What a service is asked to issue, under a ``number`` of ours; ``seller`` is the company's credit code. ``amount`` in fen,
    the sum of the lines, tax included."""

    number: str
    seller: str
    seller_name: str
    buyer: Buyer
    amount: int
    lines: Sequence[InvoiceLine]


@dataclass(frozen=True)
class RedOrder:
    """What a service is asked to take back: the whole of an invoice that it issued, ``amount`` fen."""

    number: str
    seller: str
    invoice_number: str
    amount: int
    reason: str


class Service(Protocol):
    """An invoice service. Every method raises ``resolvers.pay_services.UnclearError`` when there is no answer to believe; what is
    unclear is looked up, and asked for again only when the service does not know of it."""

    async def issue(self, order: InvoiceOrder) -> Invoiced:
        """Issue an invoice. The same number again gives the same one."""
        ...

    async def take_back(self, order: RedOrder) -> Invoiced:
        """Issue a red invoice over a whole one. The same number again gives the same one."""
        ...

    async def look_up(self, seller: str, number: str) -> Invoiced:
        """What it knows of an invoice, blue or red, by our number."""
        ...


_made: Callable[[], Service] | None = None


def provide(made: Callable[[], Service] | None) -> None:
    """Say how the invoice service is reached from this process, made when it is first used; ``None``: there is none."""
    global _made
    _made = made


def is_offered() -> bool:
    """Whether the deployment has an invoice service."""
    return _made is not None


def check_offered(field: str | None = None) -> None:
    """Refuse ``INVOICE_SERVICE_NOT_READY`` where the deployment has no invoice service."""
    if not is_offered():
        raise Refusal(ErrorCode.INVOICE_SERVICE_NOT_READY, field)


def invoice_service() -> Service:
    """The service. ``INVOICE_SERVICE_NOT_READY`` where the deployment has none."""
    if _made is None:
        raise Refusal(ErrorCode.INVOICE_SERVICE_NOT_READY)
    return _made()
