"""When a connection that stays open must end: its token ended, a grant that it had at first, or the day to which one held.

The database says which holder changed (migration 0021: a trigger on accounts, clients and tokens, so that no path is
forgotten, an operator's own SQL neither); a look at the clock stands in while nothing can be heard.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from app.actors import SHANGHAI
from auth.actor import Actor
from schema.events import Events
from schema.faults import RequestError

HOLDER = "Holder"
"""What the database calls the change of an account, a client or one of their tokens; its id is theirs, its county empty."""


async def until_worthless(find: Callable[[], Awaitable[Actor]], events: Events | None, recheck_seconds: float) -> None:
    """Return once ``find`` refuses the token, or gives an actor without a grant that it had before."""
    granted: set[uuid.UUID] = set()
    changed = asyncio.Event()
    hearing: asyncio.Task[None] | None = None
    try:
        while True:
            changed.clear()
            try:
                actor = await find()
            except RequestError:
                return
            if not granted <= (present := {grant.id for grant in actor.grants}):
                return
            granted = present
            if events is not None and (hearing is None or hearing.done()):
                hearing = asyncio.create_task(_hear(events, actor, changed))
            with suppress(TimeoutError):
                async with asyncio.timeout(min(recheck_seconds, until_tomorrow(datetime.now(SHANGHAI)))):
                    await changed.wait()
    finally:
        if hearing is not None:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)


async def _hear(events: Events, actor: Actor, changed: asyncio.Event) -> None:
    with suppress(RequestError):  # nothing can be heard at present: the clock has to do
        async with events.subscribe(HOLDER, "", str(actor.account_id or actor.client_id)) as told:
            changed.set()  # what ended before this moment was not heard
            async for _ in told:
                changed.set()


def until_tomorrow(now: datetime) -> float:
    """Seconds to the first moment of the next day, when grants end that held to this one.

    >>> until_tomorrow(datetime(2026, 3, 2, 23, 59, 30))
    30.0
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - now).total_seconds()
