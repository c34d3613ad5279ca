"""HTTP before the authorization server: the endpoints that programs call. People's pages are in ``app/authorize.py``."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.attempts import Caller, Failure, Rules, forgive, record_failure, refuse_locked
from auth.codes import CLIENTS_PER_ADDRESS, TRIES_PER_ADDRESS, TRIES_PER_DEVICE, admit
from auth.oauth.grants import ONE_TIME_CODE
from auth.oauth.keys import current_key, published_keys
from auth.oauth.metadata import metadata
from auth.oauth.requests import Answer, FormRequest, claimed_client, read_form
from auth.oauth.server import FIRST_PARTY_GRANTS, Means, Server
from auth.proxy import TrustedProxy, client_address, client_certificate, subscriber
from domain.errors import Refusal
from domain.identifiers import check_phone
from domain.lockouts import LOCKOUTS, Proof
from models.sealed import Kind, normalised

JWKS_SECONDS = 300
"""How long others may keep our keys: a new one signs at once, and whoever does not know it asks again."""

Issuer = Callable[[Request], str]
Act = Callable[[Server, FormRequest], Answer]


def issuer_of(public_url: str | None) -> Issuer:
    """The public base URL; ``None`` takes it from each request (development)."""
    return lambda request: (public_url or str(request.base_url)).rstrip("/")


@dataclass(frozen=True)
class Endpoints:
    """The endpoints and what they work with. Callers' certificates and addresses come from ``proxy`` only."""

    sessions: async_sessionmaker[AsyncSession]
    means: Means
    issuer: Issuer
    proxy: TrustedProxy | None = None
    lockouts: Rules = field(default_factory=lambda: LOCKOUTS)

    def routes(self) -> list[Route]:
        """The routes that programs call."""
        return [
            Route("/oauth/token", self._proving(Server.create_token_response), methods=["POST"]),
            Route("/oauth/revoke", self._proving(_named("revocation")), methods=["POST"]),
            Route("/oauth/introspect", self._proving(_named("introspection")), methods=["POST"]),
            Route("/oauth/userinfo", self.user_info, methods=["GET", "POST"]),
            Route("/oauth/jwks", self.keys, methods=["GET"]),
            Route("/.well-known/oauth-authorization-server", self.discovery, methods=["GET"]),
            Route("/.well-known/openid-configuration", self.discovery, methods=["GET"]),
        ]

    async def user_info(self, request: Request) -> Response:
        """Who the bearer of the token is."""
        certificate = client_certificate(request.scope, self.proxy)
        asked = FormRequest({}, request.headers, certificate=certificate)
        return _response(await self._run(request, asked, _named("userinfo")))

    async def keys(self, _: Request) -> Response:
        """The JWKS."""

        def read(session: Session) -> list[dict[str, Any]]:
            current_key(session, self.means.vault)  # the first question makes the first key
            return published_keys(session, datetime.now(UTC))

        async with self.sessions.begin() as session:
            return JSONResponse({"keys": await session.run_sync(read)}, headers=_KEPT)

    async def discovery(self, request: Request) -> Response:
        """The metadata."""
        return JSONResponse(metadata(self.issuer(request), self.means), headers=_KEPT)

    def _proving(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint whose callers prove themselves: their tries are counted."""

        async def handle(request: Request) -> Response:
            received_at = datetime.now(UTC)
            form = await read_form(request)
            caller = _caller(request, form or {}, self.proxy)
            try:
                await self._admit(caller, device_of(request), form, received_at)
            except Refusal as refusal:
                retry = {"Retry-After": str(refusal.params["seconds"]), **_NO_STORE}
                return JSONResponse({"error": "temporarily_unavailable"}, 429, retry)
            certificate = client_certificate(request.scope, self.proxy)
            posted = FormRequest(form or {}, request.headers, certificate=certificate, received_at=received_at)
            in_form = form is not None and not _proves_twice(form, request)
            answer = await self._run(request, posted, act if in_form else Server.malformed)
            await self._note(caller, posted, answer)
            return _response(answer)

        return handle

    async def _run(self, request: Request, asked: FormRequest, act: Act) -> Answer:
        # A refusal commits too: the assertion, code or try it came with was used.
        async with self.sessions() as session:
            server = Server(session, self.means, self.issuer(request), asked.certificate)
            answer = await session.run_sync(lambda _: _acted(server, asked, act))
            await session.commit()
        return answer

    async def _note(self, caller: Caller, posted: FormRequest, answer: Answer) -> None:
        """Count a proof that failed, in a transaction of its own; one that did not ends the row of failures."""
        proof = _failed_proof(posted, answer)
        async with self.sessions.begin() as session:
            if proof is not None:
                failure = Failure(proof, answer.body["error"], caller)
                await record_failure(session, self.means.vault, failure, posted.received_at, self.lockouts)
            elif answer.status == 200:
                await forgive(session, self.means.vault, caller)

    async def _admit(self, caller: Caller, device: str | None, form: dict[str, str] | None, now: datetime) -> None:
        """Count the try; one with a person's proof counts as a sign-in too. ``RATE_LIMITED`` or ``LOCKED_OUT`` is raised."""
        address = caller.address
        async with self.sessions.begin() as session:
            await admit(session, self.means.vault, CLIENTS_PER_ADDRESS, address, now)
            await refuse_locked(session, self.means.vault, caller, now)
        if form is not None and form.get("grant_type") in _PEOPLES_PROOFS:
            async with self.sessions.begin() as session:
                await admit(session, self.means.vault, TRIES_PER_ADDRESS, address, now)
                await admit(session, self.means.vault, TRIES_PER_DEVICE, device, now)


def _acted(server: Server, asked: FormRequest, act: Act) -> Answer:
    try:
        return act(server, asked)
    except ValueError:  # credentials that are not text
        return server.handle_error_response(asked, InvalidClientError())


def _response(answer: Answer) -> Response:
    return JSONResponse(answer.body, answer.status, dict(answer.headers))


DEVICE = "x-device-id"
"""The header in which an app says which of its installations asks: a random text that it makes once and keeps."""
LONGEST_DEVICE = 200
"""Characters of it that count."""


def device_of(request: Request) -> str | None:
    """The caller's installation, a further subject of limits where the app names it."""
    return request.headers.get(DEVICE, "").strip()[:LONGEST_DEVICE] or None


def address_of(request: Request, proxy: TrustedProxy | None = None) -> str:
    """The caller's address as the subject of limits."""
    return subscriber(client_address(request.scope, proxy))


def _caller(request: Request, form: Mapping[str, str], proxy: TrustedProxy | None) -> Caller:
    phone = form.get("phone") if form.get("grant_type") == ONE_TIME_CODE else None
    try:
        number = None if phone is None else check_phone(normalised(phone, Kind.PHONE))
    except Refusal:
        number = None
    return Caller(address_of(request, proxy), number, claimed_client(form, request.headers))


def _failed_proof(posted: FormRequest, answer: Answer) -> Proof | None:
    match answer.body.get("error") if isinstance(answer.body, dict) else None:
        case "invalid_client":
            return Proof.CLIENT
        case "invalid_grant":
            return {ONE_TIME_CODE: Proof.CODE, **dict.fromkeys(_OTHER_PROOFS, Proof.APP_PROOF)}.get(
                posted.form.get("grant_type", ""), Proof.GRANT
            )
    return None


_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_KEPT = {"Cache-Control": f"public, max-age={JWKS_SECONDS}"}
_PEOPLES_PROOFS = frozenset(grant.GRANT_TYPE for grant in FIRST_PARTY_GRANTS)
_OTHER_PROOFS = _PEOPLES_PROOFS - {ONE_TIME_CODE}


def _proves_twice(form: dict[str, str], request: Request) -> bool:
    """More than one way of authenticating in one request is out of form (RFC 6749 §2.3)."""
    ways = ("authorization" in request.headers, "client_secret" in form, "client_assertion" in form)
    return sum(ways) > 1


def _named(endpoint: str) -> Act:
    def act(server: Server, posted: FormRequest) -> Answer:
        return server.create_endpoint_response(endpoint, posted)

    return act
