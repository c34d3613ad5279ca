"""Electronic invoices through a gateway of the deployment's own, which stands before the tax platform or a licensed service.

    POST ANJU_INVOICE_GATEWAY
    webhook-id, webhook-timestamp, webhook-signature            (Standard Webhooks, as app.sms; docs/adr/0022)
    {"type": "invoice.issue" | "invoice.take_back" | "invoice.look_up", "timestamp": "…",
     "data": {"number": "…", "seller": "…", …}}

An answer counts when it is signed with the same secret under the same ``webhook-id``; anything else, a fault, silence or a
redirect, leaves what happened unclear (``UnclearError``), and is looked up. docs/operators.md has the fields.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import structlog
from standardwebhooks import Webhook, WebhookVerificationError

from app.settings import Settings, checked_endpoint
from app.sms import checked_secret, tls
from domain.checkouts import CURRENCY
from domain.fee_invoices import Invoiced, InvoiceWord
from models.base import new_id
from resolvers.invoice_services import InvoiceLine, InvoiceOrder, RedOrder, provide
from resolvers.pay_services import UnclearError

SECONDS = 10.0
"""How long one request may take."""
LONGEST_ANSWER = 64 * 1024
LONGEST_TEXT = 500

log = structlog.get_logger(__name__)


class InvoiceGateway:
    """``resolvers.invoice_services.Service`` over HTTP; ``secret`` (``whsec_…``) is shared with the gateway at ``url``."""

    def __init__(self, url: str, secret: str, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._seconds = seconds
        self._webhook = Webhook(secret)

    async def issue(self, order: InvoiceOrder) -> Invoiced:
        buyer = {
            "kind": order.buyer.kind.value,
            "title": order.buyer.title,
            "taxNumber": order.buyer.tax_number,
            "email": order.buyer.email,
        }
        return await self._ask(
            "invoice.issue",
            number=order.number,
            seller=order.seller,
            sellerName=order.seller_name,
            buyer=buyer,
            amount=order.amount,
            currency=CURRENCY,
            lines=[_line(one) for one in order.lines],
        )

    async def take_back(self, order: RedOrder) -> Invoiced:
        return await self._ask(
            "invoice.take_back",
            number=order.number,
            seller=order.seller,
            invoiceNumber=order.invoice_number,
            amount=order.amount,
            reason=order.reason,
        )

    async def look_up(self, seller: str, number: str) -> Invoiced:
        return await self._ask("invoice.look_up", number=number, seller=seller)

    async def _ask(self, what: str, **data: Any) -> Invoiced:
        now = datetime.now(UTC)
        body = json.dumps({"type": what, "timestamp": now.isoformat(timespec="seconds"), "data": data})
        message_id = f"msg_{new_id().hex}"
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, now, body),
        }
        try:
            # No proxy or .netrc of the environment: buyers' names go where the settings say. A redirect is no answer.
            async with (
                asyncio.timeout(self._seconds),
                httpx2.AsyncClient(verify=tls(), trust_env=False, timeout=self._seconds) as client,
            ):
                answer = await client.post(self._url, content=body, headers=headers)
        except (httpx2.TransportError, TimeoutError) as error:
            raise UnclearError("no answer") from error
        if not answer.is_success or len(answer.content) > LONGEST_ANSWER:
            log.warning("the invoice gateway does not answer", asked=what, status=answer.status_code)
            raise UnclearError("a fault")
        return self._read(answer, message_id)

    def _read(self, answer: httpx2.Response, message_id: str) -> Invoiced:
        """What an answer to this very message says. Raises ``UnclearError``."""
        try:
            if answer.headers.get("webhook-id") != message_id:
                raise UnclearError("an answer to something else")
            return _invoiced(self._webhook.verify(answer.content, dict(answer.headers)))
        except (WebhookVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnclearError("not signed, or not as it should be") from error


def provide_invoices(settings: Settings) -> bool:
    """Make the invoice gateway known, or its double in development; whether there is one."""
    if settings.invoice_gateway is not None and settings.invoice_secret is not None:
        gateway = InvoiceGateway(settings.invoice_gateway, checked_secret(settings.invoice_secret.get_secret_value()))
    elif settings.development:
        from app.invoice_double import PATH

        gateway = InvoiceGateway(f"http://127.0.0.1:{settings.port}{PATH}", double_secret(settings))
    else:
        provide(None)
        return False
    provide(lambda: gateway)
    return True


def double_secret(settings: Settings) -> str:
    """What a development server shares with its double: server and worker are two processes."""
    return f"whsec_{base64.b64encode(settings.keys.key('invoice double')).decode()}"


def _line(line: InvoiceLine) -> dict[str, Any]:
    return {
        "name": line.name,
        "amount": line.amount,
        "periodFrom": line.period_from and line.period_from.isoformat(),
        "periodTo": line.period_to and line.period_to.isoformat(),
    }


def _invoiced(told: Mapping[str, Any]) -> Invoiced:
    """An answer's ``data``; whatever it lacks or misspells raises."""
    data = told["data"]
    amount, issued_on = data.get("amount"), data.get("issuedOn")
    if amount is not None and type(amount) is not int:
        raise TypeError("fen are whole")
    return Invoiced(
        number=_text(data["number"]),
        seller=_text(data["seller"]),
        word=InvoiceWord(data["state"]),
        amount=amount,
        invoice_number=_text(data["invoiceNumber"]) if data.get("invoiceNumber") else None,
        issued_on=date.fromisoformat(issued_on) if issued_on else None,
        url=_address(data.get("url")),
        problem=_text(data["problem"]) if data.get("problem") else None,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise ValueError("no text")
    return value


def _address(value: Any) -> str | None:
    """Where the paper is, if people can be sent there; the invoice is one without it, too."""
    try:
        return checked_endpoint(_text(value)) if value else None
    except ValueError:
        log.warning("the invoice gateway names an address that is none")
        return None
