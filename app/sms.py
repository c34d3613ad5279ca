"""One-time codes by SMS: each goes to the deployment's gateway in one signed request (Standard Webhooks; docs/adr/0014).

    POST ANJU_SMS_GATEWAY
    webhook-id, webhook-timestamp, webhook-signature
    {"type": "one_time_code", "timestamp": "2026-03-02T01:30:00+00:00", "data": {"phone": "+8613900000001", "code": "123456"}}

Any 2xx means that the gateway took it over. What failed on the way or on the gateway's side is sent once more under the
same ``webhook-id``, so that a gateway which did take it over knows it again.
"""

import asyncio
import base64
import binascii
import json
import ssl
from datetime import UTC, datetime
from functools import cache

import httpx2
from standardwebhooks import Webhook

from models.base import new_id

ATTEMPTS = 2
ATTEMPT_SECONDS = 5.0
"""How long one request may take, and also how long it may wait to connect."""
SECRET_BYTES = 24
"""The shortest secret that the specification allows."""


class GatewayRefusedError(Exception):
    """The gateway answered that it does not send this."""


class GatewayDownError(Exception):
    """The gateway did not answer in time, or with a fault of its own."""


class Gateway:
    """Sends codes through the gateway at ``url``; ``secret`` (``whsec_…``) is shared with it."""

    def __init__(self, url: str, secret: str, *, seconds: float = ATTEMPT_SECONDS) -> None:
        self._url = url
        self._seconds = seconds
        self._webhook = Webhook(secret)

    async def send(self, phone: str, code: str) -> None:
        """Hand a code for a mainland phone (11 digits) over. Raises ``GatewayRefusedError``, ``GatewayDownError``."""
        issued_at = datetime.now(UTC).isoformat(timespec="seconds")
        data = {"phone": f"+86{phone}", "code": code}
        body = json.dumps({"type": "one_time_code", "timestamp": issued_at, "data": data})
        message_id = f"msg_{new_id().hex}"
        # No proxy or .netrc of the environment: the code goes where the settings say. A redirect is a refusal.
        async with httpx2.AsyncClient(verify=tls(), trust_env=False, timeout=self._seconds) as client:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    async with asyncio.timeout(self._seconds):
                        answer = await client.post(self._url, content=body, headers=self._signed(message_id, body))
                except (httpx2.TransportError, TimeoutError) as error:
                    if attempt == ATTEMPTS:
                        raise GatewayDownError from error
                    continue
                if answer.is_success:
                    return
                if not answer.is_server_error:
                    raise GatewayRefusedError(answer.status_code)
        raise GatewayDownError(answer.status_code)

    def _signed(self, message_id: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, now, body),
        }


def checked_secret(secret: str) -> str:
    """The secret, if a gateway can be trusted with it: ``whsec_`` and 24 bytes or more in Base64. Raises ``ValueError``."""
    prefix, _, encoded = secret.partition("_")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if prefix != "whsec" or len(key) < SECRET_BYTES:
        raise ValueError(f"must be whsec_ and {SECRET_BYTES} bytes or more in Base64")
    return secret


@cache
def tls() -> ssl.SSLContext:
    """What is trusted, read once: a client of its own per request would read it each time."""
    return httpx2.create_ssl_context(trust_env=False)
