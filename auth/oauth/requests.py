"""Requests and answers of the authorization server as plain data: Authlib has no integration with Starlette."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from joserfc.errors import JoseError
from joserfc.jws import extract_compact
from starlette.requests import Request

if TYPE_CHECKING:
    from models.accounts import Account
    from models.oauth import OAuthSession

FORM = "application/x-www-form-urlencoded"
LONGEST_FORM = 16 * 1024
"""Bytes; an assertion with its certificate chain fits."""

_MOST_FIELDS = 30
_LONGEST_ID = 100


class Answer(NamedTuple):
    """An HTTP response as data."""

    status: int
    body: Any
    headers: list[tuple[str, str]]


class FormRequest(OAuth2Request):
    """Parameters that came in a form or, at the authorization endpoint, in the query, as Authlib wants to see them."""

    def __init__(
        self,
        form: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        certificate: bytes | None = None,
        received_at: datetime | None = None,
    ) -> None:
        # Whether the transport is secure is known where TLS ends (the proxy), not here.
        super().__init__("POST", "https://localhost/", headers=headers)
        self.payload = BasicOAuth2Payload(form)
        self.certificate = certificate
        self.received_at = received_at or datetime.now(UTC)
        self.family: OAuthSession | None = None
        """The sign-in that the tokens of this request belong to."""
        self.signed_in_at: datetime | None = None
        """When the person of this request proved who they are."""
        self.user: Account | None = None

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters of the body; none is read from the query (RFC 6749 §2.3.1)."""
        return self.payload.data


async def read_form(request: Request) -> dict[str, str] | None:
    """The parameters; ``None`` for another media type, too long, or out of form (RFC 6749 §3.2)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return None
    return parameters(body)


def parameters(encoded: bytes) -> dict[str, str] | None:
    """URL-encoded parameters; ``None`` when they are too many, not UTF-8, hold U+0000, or one comes twice."""
    try:
        fields = parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    found = dict(fields)
    nul = any("\x00" in text for field in fields for text in field)
    return found if len(found) == len(fields) and not nul else None


def claimed_client(form: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """Which client the caller says it is, in whichever way it would prove it; nothing of it is proved here."""
    try:
        name, _secret = extract_basic_authorization(headers)
    except ValueError:  # credentials that are not text
        return None
    claimed = form.get("client_id") or name or _assertion_subject(form.get("client_assertion", ""))
    return claimed[:_LONGEST_ID] if claimed is not None and claimed.isprintable() else None


def _assertion_subject(assertion: str) -> str | None:
    try:
        claims = json.loads(extract_compact(assertion.encode()).payload)
    except (JoseError, ValueError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else None
