"""Bearer tokens to actors: each request knows who asks before anything else of it is looked at.

An actor is kept between requests only for executors that check in their own statement that it is still fresh
(``schema.documents.Executor.verifies_actors``); otherwise it is asked for with a statement of its own, or loaded.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from app.database import ReadPool
from app.lines import Lines
from auth.actor import Actor, anonymous, load_actor
from auth.standing import STILL_SQL, Standing
from auth.tokens import token_hash
from schema.faults import RequestCode, RequestError

SHANGHAI = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """The day by which grants hold."""
    return datetime.now(SHANGHAI).date()


def bearer(header: bytes | None) -> str | None:
    """The token of an ``Authorization`` header, ``None`` without one; any other scheme is refused."""
    if header is None:
        return None
    scheme, _, token = header.decode("latin-1").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > 4096:
        raise unauthenticated("The Authorization header must be: Bearer <token>.", b"invalid_request")
    return token


def unauthenticated(message: str, error: bytes = b"invalid_token") -> RequestError:
    """401 with the challenge of RFC 6750."""
    challenge = b'Bearer error="%s"' % error
    return RequestError(RequestCode.UNAUTHENTICATED, message).with_header(b"www-authenticate", challenge)


class Actors(Protocol):
    """Who stands behind a token."""

    async def find(self, token: str | None, *, fresh: bool) -> Actor:
        """The actor; nobody in particular without a token. Raises ``UNAUTHENTICATED`` for a token worth nothing."""
        ...


async def admitted(actors: Actors, token: str | None, certificate: bytes | None, *, fresh: bool) -> Actor:
    """The one door for bearer tokens: the actor, if the token came with the client certificate it is bound to (its
    SHA-256, ``None`` without one). Raises ``UNAUTHENTICATED``."""
    actor = await actors.find(token, fresh=fresh)
    if not actor.comes_with(certificate):
        raise unauthenticated("The token is bound to a client certificate that did not come with it.")
    return actor


class StoredActors:
    """Actors of the database, the ones used last kept."""

    def __init__(
        self, pool: ReadPool, lines: Lines | None = None, *, kept: int = 5_000, day: Callable[[], date] = today
    ) -> None:
        self._pool = pool
        self._lines = lines
        self._kept = kept
        self._day = day
        self._actors: OrderedDict[bytes, Actor] = OrderedDict()

    async def find(self, token: str | None, *, fresh: bool) -> Actor:
        day = self._day()
        if token is None:
            return anonymous(day)
        key = token_hash(token)
        kept = self._actors.get(key)
        if (
            kept is not None
            and kept.today == day
            and (not fresh or await self._is_fresh(Standing(key, kept.grants_version)))
        ):
            self._actors.move_to_end(key)
            return kept
        async with self._pool.connection() as connection:
            actor = await load_actor(connection, token, day)
        if actor is None:
            self._actors.pop(key, None)
            raise unauthenticated("The token is wrong, expired or revoked.")
        self._actors[key] = actor
        while len(self._actors) > self._kept:
            self._actors.popitem(last=False)
        return actor

    async def _is_fresh(self, standing: Standing) -> bool:
        """Whether a kept actor is still what the database says: one small statement instead of loading it anew."""
        if self._lines is None:
            return False
        line = await self._lines.take()
        try:
            return await line.fetch(STILL_SQL, standing.binds) == (b"\x01",)
        finally:
            self._lines.give(line)
