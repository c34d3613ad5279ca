"""Proving a sign-in again before a sensitive act, with a one-time code to the account's own phone.

    POST /auth/reauthenticate/code  Authorization           202 {"sent": true}
    POST /auth/reauthenticate       Authorization {"code"}  200 {"fresh_until": …}

The session of the token is then fresh for ten minutes; other sessions of the account are not.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.signin import NO_STORE, Phones, answered, json_body, text_of
from auth.sessions import FRESH, note_proof
from auth.tokens import live_token
from domain.errors import ErrorCode, Refusal
from models.accounts import Account, AccountStatus
from models.sealed import reveal


@dataclass(frozen=True)
class Caller:
    """Who asks, by the token of the request."""

    account: Account
    token_id: uuid.UUID
    phone: str


@dataclass(frozen=True)
class Reauthentication:
    """The two endpoints."""

    phones: Phones

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/auth/reauthenticate/code", answered(self.send_code), methods=["POST"]),
            Route("/auth/reauthenticate", answered(self.prove), methods=["POST"]),
        ]

    async def send_code(self, request: Request) -> Response:
        """A code to the account's own phone."""
        caller = await self._caller(request)
        if caller is None:
            return _unauthenticated()
        task = await self.phones.send_code(caller.phone, self.phones.address(request))
        return JSONResponse({"sent": True}, 202, NO_STORE, background=task)

    async def prove(self, request: Request) -> Response:
        """The session is fresh from now on. Refuses with ``WRONG_CODE``, ``RATE_LIMITED``."""
        caller = await self._caller(request)
        if caller is None:
            return _unauthenticated()
        code = text_of(await json_body(request), "code")
        now = datetime.now(UTC)

        async def note(session: AsyncSession, account: Account) -> datetime | None:
            if account.id != caller.account.id:
                return None
            await note_proof(session, caller.token_id, account.id, now)
            return now + FRESH

        until = await self.phones.prove(caller.phone, code, self.phones.address(request), note)
        assert until is not None  # noqa: S101 -- ``prove`` refuses where there is none
        return JSONResponse({"fresh_until": until.isoformat()}, 200, NO_STORE)

    async def _caller(self, request: Request) -> Caller | None:
        """Whose live token came with the request; ``ACTION_NOT_AVAILABLE`` for somebody without a phone."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return None
        async with self.phones.sessions() as session:
            found = await live_token(session, token.strip())
            if found is None or found.account_id is None:
                return None
            account = await session.get(Account, found.account_id)
            if account is None or account.status != AccountStatus.ACTIVE:
                return None
            phone = reveal(account, "phone", self.phones.vault)
        if phone is None:
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, action="reauthenticate", state="NO_PHONE")
        return Caller(account, found.id, phone)


def _unauthenticated() -> Response:
    return Response(status_code=401, headers={"WWW-Authenticate": "Bearer", **NO_STORE})
