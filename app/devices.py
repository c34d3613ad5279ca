"""Where people are signed in: each session's device, network and last use, noted beside the requests that use it."""

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth.actor import Actor
from auth.sessions import note_use
from schema.documents import RequestContext

EVERY = 300.0
"""Seconds between two notes of one session: lists say when it was used last, to five minutes."""
KEPT = 5_000

log = structlog.get_logger(__name__)


class Devices:
    """Notes the use of sessions. A request neither waits for it nor fails with it."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], *, every: float = EVERY) -> None:
        self._sessions = sessions
        self._every = every
        self._noted: OrderedDict[uuid.UUID, float] = OrderedDict()
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, actor: Actor, context: RequestContext) -> None:
        """Remember that a person's session is in use, unless it was noted a short time ago."""
        if actor.account_id is None or actor.token_id is None:
            return
        now, last = time.monotonic(), self._noted.get(actor.token_id)
        if last is not None and now - last < self._every:
            return
        self._noted[actor.token_id] = now
        self._noted.move_to_end(actor.token_id)
        while len(self._noted) > KEPT:
            self._noted.popitem(last=False)
        task = asyncio.create_task(self._write(actor.token_id, actor.account_id, context.device, context.client_ip))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settle(self) -> None:
        """Wait until everything is written (when the server stops)."""
        await asyncio.gather(*self._writing)

    async def _write(self, token_id: uuid.UUID, account_id: uuid.UUID, device: str, address: str) -> None:
        try:
            async with self._sessions.begin() as session:
                await note_use(session, token_id, account_id, datetime.now(UTC), device=device, address=address)
        except (SQLAlchemyError, OSError) as error:
            self._noted.pop(token_id, None)
            log.warning("the use of a session was not noted", fault=type(error).__name__)


def device_name(headers: Mapping[bytes, bytes]) -> str:
    """What the app calls its device (``X-Device-Name``), or what the browser says of itself."""
    named = headers.get(b"x-device-name") or headers.get(b"user-agent", b"")
    text = named.decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable())[:80]
