"""The hub: one LISTEN connection per process, fanned out to this process's subscriptions.

Writers say what changed inside their own transaction (``pg_notify('anju', …)``), so that nobody hears of what was
rolled back. A notice carries no data but ``{"type", "county", "id"}``; each subscriber reads the row under its own
policies. Nothing here may lose an event in silence: a broken connection or a subscriber that does not keep up ends the
subscription with an error that tells the client to poll (``updatedSince``) and to subscribe anew.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import psycopg
import structlog

from schema.events import Event
from schema.faults import RequestCode, RequestError

log = structlog.get_logger(__name__)

CHANNEL = "anju"
NOTIFY_SQL = "SELECT pg_notify('anju', $1)"
"""Takes ``notice(event)``. Delivered when the transaction commits."""


def notice(event: Event) -> str:
    """The payload of an event, far below PostgreSQL's 8,000 bytes."""
    return orjson.dumps({"type": event.type, "county": event.county, "id": event.id}).decode()


class Listener:
    """One subscription's queue. It ends with ``None``, or with the error put into it."""

    def __init__(self, places: int) -> None:
        # One place more than it may fill: the last is for the end, which must always fit.
        self._queue: asyncio.Queue[Event | RequestError | None] = asyncio.Queue(places + 1)
        self._places = places
        self._ended = False

    def put(self, event: Event) -> None:
        """Hand over an event; a full queue ends the subscription."""
        if self._queue.qsize() < self._places:
            self._queue.put_nowait(event)
        else:
            self.end(RequestError(RequestCode.SLOW_CONSUMER, RequestCode.SLOW_CONSUMER.doc))

    def end(self, reason: RequestError | None) -> None:
        """No more events after those that wait already."""
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(reason)

    async def events(self) -> AsyncIterator[Event]:
        while (event := await self._queue.get()) is not None:
            if isinstance(event, RequestError):
                raise event
            yield event


class Hub:
    """Start it with the process, stop it before the pools close."""

    def __init__(
        self,
        url: str,
        *,
        places: int = 100,
        longest_pause: float = 5.0,
        longest_silence: float = 20.0,
        **connection: Any,
    ) -> None:
        """``places``: events that may wait for one subscriber; ``longest_pause``: seconds between two attempts to
        connect, ``longest_silence``: between two signs of life, at most; ``connection``: parameters of libpq."""
        self._url = url
        self._connection = connection
        self._places = places
        self._longest_pause = longest_pause
        self._longest_silence = longest_silence
        self._listeners: dict[tuple[str, str], set[tuple[str | None, Listener]]] = defaultdict(set)
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def listening(self) -> bool:
        """Whether notices arrive at present."""
        return self._listening.is_set()

    async def start(self) -> None:
        """Connect in the background; the process serves reads and writes meanwhile."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End every subscription, then disconnect."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._end_all(None)

    async def wait_until_listening(self) -> None:
        """Return once notices arrive."""
        await self._listening.wait()

    @asynccontextmanager
    async def subscribe(
        self, type_name: str, county: str, row_id: str | None = None
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """Listen from now on (``schema.events.Events.subscribe``)."""
        if not self.listening:
            raise RequestError(RequestCode.EVENTS_LOST, RequestCode.EVENTS_LOST.doc)
        listener = Listener(self._places)
        key, entry = (type_name, county), (row_id, listener)
        self._listeners[key].add(entry)
        try:
            yield listener.events()
        finally:
            self._listeners[key].discard(entry)
            if not self._listeners[key]:
                del self._listeners[key]

    async def _run(self) -> None:
        pause = 0.1
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, application_name="anju hub", **self._connection
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    pause = 0.1
                    while True:
                        async for notification in connection.notifies(timeout=self._longest_silence):
                            self._deliver(notification.payload)
                        # A firewall drops silent connections without telling either side.
                        await connection.execute("SELECT 1")
            except psycopg.Error as error:
                log.warning("hub lost its connection", error=type(error).__name__)
            finally:
                self._listening.clear()
            self._end_all(RequestError(RequestCode.EVENTS_LOST, RequestCode.EVENTS_LOST.doc))
            # Spread out, so that the processes of a deployment do not come back all at once.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
            pause = min(self._longest_pause, pause * 2)

    def _deliver(self, payload: str) -> None:
        try:
            told = orjson.loads(payload)
            event = Event(told["type"], told["county"], told["id"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            log.warning("hub got a notice that it cannot read")
            return
        for row_id, listener in list(self._listeners.get((event.type, event.county), ())):
            if row_id is None or row_id == event.id:
                listener.put(event)

    def _end_all(self, reason: RequestError | None) -> None:
        for listener in self._all():
            listener.end(reason)

    def _all(self) -> Iterator[Listener]:
        for entries in list(self._listeners.values()):
            for _, listener in list(entries):
                yield listener
