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

from app.actors import Actors, admitted, bearer
from app.signin import NO_STORE, Handler, Phones, answered, json_body, text_of
from auth.proxy import client_certificate
from auth.sessions import FRESH, note_proof
from domain.errors import ErrorCode, Refusal
from models.accounts import Account
from models.sealed import reveal
from schema.faults import RequestCode, RequestError


@dataclass(frozen=True)
class Caller:
    """Who asks, by the token of the request."""

    account_id: uuid.UUID
    token_id: uuid.UUID
    phone: str


@dataclass(frozen=True)
class Reauthentication:
    """The two endpoints. Tokens are taken through the same door as at ``/graphql``."""

    phones: Phones
    actors: Actors

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/auth/reauthenticate/code", answered(_challenged(self.send_code)), methods=["POST"]),
            Route("/auth/reauthenticate", answered(_challenged(self.prove)), methods=["POST"]),
        ]

    async def send_code(self, request: Request) -> Response:
        """A code to the account's own phone."""
        caller = await self._caller(request)
        task = await self.phones.send_code(caller.phone, self.phones.source(request))
        return JSONResponse({"sent": True}, 202, NO_STORE, background=task)

    async def prove(self, request: Request) -> Response:
        """The session is fresh from now on. Refuses with ``WRONG_CODE``, ``RATE_LIMITED``."""
        caller = await self._caller(request)
        code = text_of(await json_body(request), "code")
        now = datetime.now(UTC)

        async def note(session: AsyncSession, account: Account) -> datetime | None:
            if account.id != caller.account_id:
                return None
            await note_proof(session, caller.token_id, account.id, now)
            return now + FRESH

        until = await self.phones.prove(caller.phone, code, self.phones.source(request), note)
        assert until is not None  # noqa: S101 -- ``prove`` refuses where there is none
        return JSONResponse({"fresh_until": until.isoformat()}, 200, NO_STORE)

    async def _caller(self, request: Request) -> Caller:
        """Whose token came with the request, ``UNAUTHENTICATED`` when it is no person's; ``ACTION_NOT_AVAILABLE`` for
        somebody without a phone."""
        header = request.headers.get("authorization")
        token = bearer(None if header is None else header.encode("latin-1"))
        certificate = client_certificate(request.scope, self.phones.proxy)
        actor = await admitted(self.actors, token, certificate, fresh=True)
        if actor.account_id is None or actor.token_id is None:
            raise RequestError(RequestCode.UNAUTHENTICATED, "This needs a person's token.")
        async with self.phones.sessions() as session:
            phone = reveal(await session.get_one(Account, actor.account_id), "phone", self.phones.vault)
        if phone is None:
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, action="reauthenticate", state="NO_PHONE")
        return Caller(actor.account_id, actor.token_id, phone)


def _challenged(handler: Handler) -> Handler:
    """Who is nobody gets 401 with the challenge of RFC 6750."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RequestError as error:
            challenge = dict(error.headers).get(b"www-authenticate", b"Bearer").decode()
            return Response(status_code=error.status, headers={"WWW-Authenticate": challenge, **NO_STORE})

    return answer
