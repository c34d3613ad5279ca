"""Development's double of an invoice gateway, over real HTTP: it issues and takes back what it is asked to, and is no tax office.

``anju serve`` in development mounts it at ``/dev/invoices`` and uses it unless ``ANJU_INVOICE_GATEWAY`` names a real one. It
believes no request that is not signed, and signs what it says. Its numbers begin with 00, which no invoice does. ``trouble``
holds what goes wrong, for tests.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.signin import from_this_machine
from domain.calendar import today
from domain.fee_invoices import InvoiceWord

PATH = "/dev/invoices"


@dataclass
class Trouble:
    """What goes wrong from now on."""

    down: int = 0
    """So many of the next requests get no answer but a fault of the server."""
    lost: int = 0
    """So many of the next requests are done, and the answer is a fault of the server."""
    forged: bool = False
    """Answers are signed by another secret."""
    another: bool = False
    """Answers are to another message: somebody's copy."""
    slow: bool = False
    """What is asked for is under way until ``finish``."""
    refusal: str | None = None
    """Why what is asked for is refused."""
    amount_off: int = 0
    """Fen by which what is said to be issued differs from what was asked for."""


class InvoiceDouble:
    """One gateway; ``secret`` is shared with those who ask."""

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)
        self._stranger = Webhook(f"whsec_{secrets.token_hex(32)}")
        self.trouble = Trouble()
        self.invoices: dict[str, dict[str, Any]] = {}
        """By the asker's number, as an answer tells them; what was asked besides."""
        self.asked: list[str] = []
        """What was asked for, in order."""

    def route(self) -> Route:
        """It answers this machine alone."""
        return Route(PATH, self.answer, methods=["POST"])

    async def answer(self, request: Request) -> Response:
        """One signed message, and the signed answer to it."""
        if not from_this_machine(request):
            return Response("Not Found", 404, media_type="text/plain")
        try:
            message = self._webhook.verify(await request.body(), dict(request.headers))
        except (WebhookVerificationError, ValueError):
            return JSONResponse({"error": "not signed"}, 401)
        self.asked.append(message["type"])
        if self.trouble.down:
            self.trouble.down -= 1
            return Response(status_code=503)
        told = self._do(message["type"], message["data"])
        if self.trouble.lost and message["type"] != "invoice.look_up":
            self.trouble.lost -= 1
            return Response(status_code=502)
        return self._signed(told, request.headers["webhook-id"])

    def finish(self, number: str) -> None:
        """What is under way is issued."""
        self.invoices[number]["state"] = InvoiceWord.ISSUED.value

    def _do(self, what: str, asked: dict[str, Any]) -> dict[str, Any]:
        known = self.invoices.get(asked["number"])
        if known is not None or what == "invoice.look_up":
            return known or {"number": asked["number"], "seller": asked["seller"], "state": InvoiceWord.ABSENT.value}
        made = {
            "number": asked["number"],
            "seller": asked["seller"],
            "state": (InvoiceWord.UNDER_WAY if self.trouble.slow else InvoiceWord.ISSUED).value,
            "amount": asked["amount"] + self.trouble.amount_off,
            "invoiceNumber": f"00{secrets.randbelow(10**18):018d}",
            "issuedOn": today(datetime.now(UTC)).isoformat(),
            "url": f"https://invoices.example.com/{secrets.token_hex(8)}.pdf",
        }
        if self.trouble.refusal:
            made = {**made, "state": InvoiceWord.REFUSED.value, "problem": self.trouble.refusal}
        self.invoices[asked["number"]] = {**made, "asked": asked}
        return made

    def _signed(self, told: dict[str, Any], message_id: str) -> Response:
        now = datetime.now(UTC)
        body = json.dumps({"type": "invoice.told", "data": {k: v for k, v in told.items() if k != "asked"}})
        signer = self._stranger if self.trouble.forged else self._webhook
        named = f"msg_{secrets.token_hex(8)}" if self.trouble.another else message_id
        headers = {
            "webhook-id": named,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(named, now, body),
        }
        return Response(body, media_type="application/json", headers=headers)
