"""HTTP before the partners' authorization server: ``/oauth/token``, ``/oauth/revoke`` and its metadata (RFC 8414)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.codes import CLIENTS_PER_ADDRESS, admit
from auth.oauth.server import AUTH_METHODS, SIGNING_ALGORITHMS, Answer, FormRequest, PartnerServer
from domain.errors import Refusal
from models.sealed import Vault

FORM = "application/x-www-form-urlencoded"
LONGEST_FORM = 16 * 1024
"""Bytes; an assertion with its certificate chain fits."""

_MOST_FIELDS = 20


def routes(
    sessions: async_sessionmaker[AsyncSession], vault: Vault, *, issuer: str | None, lifetime: timedelta
) -> list[Route]:
    """The routes. ``issuer`` is the public base URL; ``None`` takes it from each request (development)."""

    def issuer_for(request: Request) -> str:
        return (issuer or str(request.base_url)).rstrip("/")

    def endpoint(act: Callable[[PartnerServer, FormRequest], Answer]) -> Callable[..., object]:
        async def handle(request: Request) -> Response:
            try:
                async with sessions.begin() as session:
                    await admit(session, vault, CLIENTS_PER_ADDRESS, address_of(request), datetime.now(UTC))
            except Refusal as refusal:
                retry = {"Retry-After": str(refusal.params["seconds"]), **_NO_STORE}
                return JSONResponse({"error": "temporarily_unavailable"}, 429, retry)
            form = await _form(request)
            public_url = issuer_for(request)

            def work(session: Session) -> Answer:
                server = PartnerServer(session, issuer=public_url, lifetime=lifetime)
                posted = FormRequest(form or {}, request.headers)
                if form is None or ("client_secret" in form and "authorization" in request.headers):
                    return server.handle_error_response(posted, InvalidRequestError())
                try:
                    return act(server, posted)
                except ValueError:  # credentials that are not text
                    return server.handle_error_response(posted, InvalidClientError())

            # A refusal commits too: the assertion it came with was used.
            async with sessions.begin() as session:
                answer = await session.run_sync(work)
            return JSONResponse(dict(answer.body), answer.status, dict(answer.headers))

        return handle

    async def metadata(request: Request) -> Response:
        base = issuer_for(request)
        return JSONResponse(
            {
                "issuer": base,
                "token_endpoint": f"{base}/oauth/token",
                "revocation_endpoint": f"{base}/oauth/revoke",
                "response_types_supported": [],
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": AUTH_METHODS,
                "token_endpoint_auth_signing_alg_values_supported": SIGNING_ALGORITHMS,
                "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
                "revocation_endpoint_auth_signing_alg_values_supported": SIGNING_ALGORITHMS,
            }
        )

    return [
        Route("/oauth/token", endpoint(PartnerServer.create_token_response), methods=["POST"]),
        Route("/oauth/revoke", endpoint(_revoke), methods=["POST"]),
        Route("/.well-known/oauth-authorization-server", metadata, methods=["GET"]),
    ]


def address_of(request: Request) -> str:
    """The peer's address as the subject of limits; an IPv6 peer counts with its /64, which is one subscriber."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ip_network((address, 64), strict=False))


_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _revoke(server: PartnerServer, posted: FormRequest) -> Answer:
    return server.create_endpoint_response("revocation", posted)


async def _form(request: Request) -> dict[str, str] | None:
    """The parameters; ``None`` for another media type, too long, not UTF-8, or one given twice (RFC 6749 §3.2)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return None
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    form = dict(fields)
    return form if len(form) == len(fields) else None
