"""Signing in: a phone with a one-time code, and the development sign-in for demo logins. Answers are never cached.

    POST /auth/code    {"phone"}          202, alike for every phone
    POST /auth/token   {"phone", "code"}  200 {"access_token", "token_type", "expires_in"}
    POST /auth/logout  Authorization      204
    POST /dev/login    {"login"}          200 as /auth/token; 404 unless in development and from this machine

A refusal is ``{"error": {code, message, field, retryable}}``, in Chinese or English by ``Accept-Language``.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.database import command_engine
from app.negotiation import is_json, locale
from app.settings import Settings, SettingsError
from app.texts import error_body
from auth.attempts import Caller, Failure, Rules, forgive, record_failure, refuse_locked
from auth.codes import (
    CODES_PER_ADDRESS,
    CODES_PER_DEVICE,
    CODES_PER_PHONE,
    TRIES_PER_ADDRESS,
    TRIES_PER_DEVICE,
    CodeSender,
    admit,
    new_code,
    redeem_code,
)
from auth.oauth.endpoints import address_of, device_of
from auth.proxy import TrustedProxy
from auth.tokens import IssuedToken, issue_token, revoke_token
from domain.errors import ErrorCode, Refusal
from domain.identifiers import check_phone
from domain.lockouts import LOCKOUTS, Proof
from models.accounts import Account, AccountStatus, OAuthClient
from models.sealed import Kind, Vault, normalised

LONGEST_BODY = 4096
"""Bytes of a sign-in request."""

NO_STORE = {"Cache-Control": "no-store"}
_STATUS = {ErrorCode.RATE_LIMITED: 429, ErrorCode.LOCKED_OUT: 429}

log = structlog.get_logger(__name__)

T = TypeVar("T")


class PrintingSender:
    """Development's gateway: the code appears in the terminal where Anju runs."""

    async def send(self, phone: str, code: str) -> None:
        """Print it."""
        sys.stdout.write(f"sign-in code for {phone}: {code}\n")
        sys.stdout.flush()


class Source(NamedTuple):
    """Where a sign-in comes from: what its tries are counted by, besides the phone."""

    address: str
    device: str | None = None
    """The app's installation or, on our own pages, the browser; ``None`` where nobody says."""


@dataclass(frozen=True)
class Phones:
    """Proof by phone: codes sent and redeemed, with their limits."""

    sessions: async_sessionmaker[AsyncSession]
    vault: Vault
    sender: CodeSender
    proxy: TrustedProxy | None = None
    lockouts: Rules = field(default_factory=lambda: LOCKOUTS)

    def source(self, request: Request, *, browser: str | None = None) -> Source:
        """Where a request comes from; ``browser`` is known on our own pages."""
        return Source(address_of(request, self.proxy), browser or device_of(request))

    async def send_code(self, phone: str, source: Source) -> BackgroundTask | None:
        """A code for the phone; the task that sends it runs after the answer. Refuses with ``RATE_LIMITED``, ``LOCKED_OUT``.

        Whether an account has the phone changes neither the answer nor the time it takes.
        """
        now = datetime.now(UTC)
        async with self.sessions.begin() as session:
            await refuse_locked(session, self.vault, Caller(source.address, phone), now)
            await admit(session, self.vault, CODES_PER_ADDRESS, source.address, now)
            await admit(session, self.vault, CODES_PER_DEVICE, source.device, now)
            await admit(session, self.vault, CODES_PER_PHONE, phone, now)
            code = await new_code(session, self.vault, phone, now)
        return BackgroundTask(self._deliver, phone, code) if code else None

    async def prove(
        self, phone: str, code: str, source: Source, then: Callable[[AsyncSession, Account], Awaitable[T]]
    ) -> T:
        """What ``then`` makes of the phone's account, in the transaction that uses up the code.

        Refuses with ``RATE_LIMITED``, ``LOCKED_OUT`` or ``WRONG_CODE``.
        """
        now, caller = datetime.now(UTC), Caller(source.address, phone)
        async with self.sessions.begin() as session:
            await admit(session, self.vault, TRIES_PER_ADDRESS, source.address, now)
            await admit(session, self.vault, TRIES_PER_DEVICE, source.device, now)
            await refuse_locked(session, self.vault, caller, now)
        # A wrong code counts: the transaction commits before the refusal is raised.
        async with self.sessions.begin() as session:
            account = await redeem_code(session, self.vault, phone, code, now)
            made = None if account is None else await then(session, account)
            if made is None:
                failure = Failure(Proof.CODE, ErrorCode.WRONG_CODE, caller)
                await record_failure(session, self.vault, failure, now, self.lockouts)
            else:
                await forgive(session, self.vault, caller)
        if made is None:
            raise Refusal(ErrorCode.WRONG_CODE, "code")
        return made

    async def _deliver(self, phone: str, code: str) -> None:
        try:
            await self.sender.send(phone, code)
        except Exception as error:  # noqa: BLE001 (a gateway may fail in any way; the person asks again)
            log.warning("a sign-in code was not delivered", fault=type(error).__name__)


@dataclass(frozen=True)
class SignIn:
    """The sign-in endpoints of apps that keep one long token, and what they work with."""

    settings: Settings
    phones: Phones

    def routes(self) -> list[Route]:
        """The four routes."""
        return [
            Route("/auth/code", answered(self.send_code), methods=["POST"]),
            Route("/auth/token", answered(self.sign_in), methods=["POST"]),
            Route("/auth/logout", self.sign_out, methods=["POST"]),
            Route("/dev/login", answered(self.development_login), methods=["POST"]),
        ]

    async def send_code(self, request: Request) -> Response:
        """A code to the phone."""
        task = await self.phones.send_code(_phone(await json_body(request)), self.phones.source(request))
        return JSONResponse({"sent": True}, 202, NO_STORE, background=task)

    async def sign_in(self, request: Request) -> Response:
        """A token for the phone's account."""
        body = await json_body(request)
        phone, code = _phone(body), text_of(body, "code")

        async def issue(session: AsyncSession, account: Account) -> IssuedToken:
            return await _issue(session, self.settings, account)

        return _token(await self.phones.prove(phone, code, self.phones.source(request), issue))

    async def sign_out(self, request: Request) -> Response:
        """Revoke the token that came with the request; one that is dead already is as good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer", **NO_STORE})
        async with self.phones.sessions.begin() as session:
            await revoke_token(session, token.strip())
        return Response(status_code=204, headers=NO_STORE)

    async def development_login(self, request: Request) -> Response:
        """A token for a demo login, without proof."""
        if not (self.settings.development and from_this_machine(request)):
            return Response("Not Found", 404, media_type="text/plain")
        login = text_of(await json_body(request), "login")
        async with self.phones.sessions.begin() as session:
            issued = await _issue_for_login(session, self.settings, login)
        return _token(issued)


def sender(settings: Settings) -> CodeSender:
    """What brings codes to phones: the gateway that is set, or development's, which prints. Raises ``SettingsError``."""
    if settings.sms_gateway is None or settings.sms_secret is None:
        if not settings.development:
            raise SettingsError("ANJU_SMS_GATEWAY: production needs a gateway for one-time codes")
        return PrintingSender()
    from app.sms import Gateway, checked_secret  # loads httpx2, which development does without

    try:
        return Gateway(settings.sms_gateway, checked_secret(settings.sms_secret.get_secret_value()))
    except ValueError as error:
        raise SettingsError(f"ANJU_SMS_SECRET: {error}") from None


def routes(
    settings: Settings, sessions: async_sessionmaker[AsyncSession], vault: Vault, gateway: CodeSender | None = None
) -> list[Route]:
    """The sign-in routes. Without a ``gateway`` it is the one of the settings (``sender``)."""
    return SignIn(settings, Phones(sessions, vault, gateway or sender(settings))).routes()


async def development_token(settings: Settings, login: str) -> IssuedToken:
    """A token for a demo login, an account's or a client's (``anju token --as LOGIN``).

    Raises ``SettingsError`` outside development and ``Refusal(NOT_FOUND)`` for a login that does not exist.
    """
    if not settings.development:
        raise SettingsError("tokens are printed in development only (ANJU_ENVIRONMENT)")
    engine = command_engine(settings.database, size=1, overflow=0)
    try:
        async with async_sessionmaker(engine).begin() as session:
            return await _issue_for_login(session, settings, login)
    finally:
        await engine.dispose()


async def _issue(session: AsyncSession, settings: Settings, account: Account) -> IssuedToken:
    return await issue_token(session, account_id=account.id, lifetime=timedelta(days=settings.session_days))


async def _issue_for_login(session: AsyncSession, settings: Settings, login: str) -> IssuedToken:
    """A token of the account with this login or, as banks and courts have systems and no persons, of the client."""
    active = select(Account).where(Account.login == login, Account.status == AccountStatus.ACTIVE)
    account = await session.scalar(active)
    if account is not None:
        return await _issue(session, settings, account)
    client = await session.get(OAuthClient, login)
    if client is None or client.status != AccountStatus.ACTIVE:
        raise Refusal(ErrorCode.NOT_FOUND, "login")
    lifetime = timedelta(minutes=settings.partner_token_minutes)
    return await issue_token(session, client_id=client.client_id, scopes=client.scopes, lifetime=lifetime)


Handler = Callable[[Request], Awaitable[Response]]


def answered(handler: Handler) -> Handler:
    """Refusals become answers in the caller's language."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            headers = dict(NO_STORE)
            if "seconds" in refusal.params:
                headers["Retry-After"] = str(refusal.params["seconds"])
            language = locale(request.headers.get("accept-language", "").encode("latin-1"))
            return JSONResponse({"error": error_body(refusal, language)}, _STATUS.get(refusal.code, 400), headers)

    return answer


def _token(issued: IssuedToken) -> Response:
    body = {"access_token": issued.value, "token_type": "Bearer", "expires_in": issued.expires_in}
    return JSONResponse(body, 200, NO_STORE)


async def json_body(request: Request) -> dict[str, Any]:
    # Only JSON: a web page cannot send it across origins without being allowed to.
    if not is_json(request.headers.get("content-type", "").encode("latin-1")):
        raise Refusal(ErrorCode.INVALID_INPUT)
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LONGEST_BODY:
            raise Refusal(ErrorCode.INVALID_INPUT)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal(ErrorCode.INVALID_INPUT) from None
    if not isinstance(body, dict):
        raise Refusal(ErrorCode.INVALID_INPUT)
    return body


def text_of(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        raise Refusal(ErrorCode.REQUIRED, name)
    if not isinstance(value, str) or "\x00" in value or not value.isprintable():
        raise Refusal(ErrorCode.INVALID_INPUT, name)
    return value


def _phone(body: dict[str, Any]) -> str:
    return phone_number(text_of(body, "phone"))


def phone_number(text: str) -> str:
    """A phone as people write it (blanks, +86), in its one spelling; refuses with ``INVALID_PHONE``."""
    return check_phone(normalised(text, Kind.PHONE))


def from_this_machine(request: Request) -> bool:
    """A peer on loopback that nobody forwarded: behind a proxy on this machine every caller would look like that."""
    headers = request.headers
    if request.client is None or "x-forwarded-for" in headers or "forwarded" in headers:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
