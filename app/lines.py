"""Connections for compiled reads, spoken to at the level of libpq.

A compiled read is one prepared statement with text parameters and one binary value in return. psycopg's cursors can do much
more, and for so small a statement that costs as much as everything else together: conversion of parameters by their types,
and a watch on the socket that is set up and taken down for every statement. Here a watch stays as long as its connection
(bench: a third of a small read's CPU). psycopg makes the connections and names the errors.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from app.database import session_options, without_driver
from schema.faults import RequestCode, RequestError

MOST_PREPARED = 1_000
LIFETIME_SECONDS = 3_600
"""A connection this old is replaced: a server process keeps what it prepared, and cached tables, as long as it lives."""

Row = tuple[bytes | None, ...]


class Line:
    """One connection, used by one reader at a time."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection
        self.broken = False
        self.made = time.monotonic()
        self._libpq = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._socket = self._libpq.socket
        self._prepared: dict[str, bytes] = {}
        self._waiting: asyncio.Future[list[Any]] | None = None
        self._results: list[Any] = []
        self._loop.add_reader(self._socket, self._arrived)

    async def fetch(self, statement: str, parameters: Sequence[bytes | None]) -> Row | None:
        """The first row of a statement with numbered parameters, prepared at first sight."""
        name = self._prepared.get(statement)
        if name is None:
            name = await self._prepare(statement)
        self._libpq.send_query_prepared(name, parameters, result_format=pq.Format.BINARY)
        result = await self._answer()
        if not result.ntuples:
            return None
        return tuple([result.get_value(0, column) for column in range(result.nfields)])

    async def run(self, statement: str) -> None:
        """A statement without parameters and without an answer (BEGIN, COMMIT)."""
        self._libpq.send_query(statement.encode())
        await self._answer()

    async def _prepare(self, statement: str) -> bytes:
        if len(self._prepared) >= MOST_PREPARED:
            self._prepared.clear()
            await self.run("DEALLOCATE ALL")
        name = b"read_%d" % len(self._prepared)
        self._libpq.send_prepare(name, statement.encode())
        await self._answer()
        self._prepared[statement] = name
        return name

    async def _answer(self) -> Any:
        waiting = self._waiting = self._loop.create_future()
        try:
            if self._libpq.flush():
                self._loop.add_writer(self._socket, self._flush)
            results = await waiting
        except BaseException:
            # Whoever stops waiting leaves an answer on its way that nobody may read as theirs.
            self.broken = True
            raise
        finally:
            self._waiting = None
        result = results[-1]
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise error_from_result(result, encoding="utf-8")
        return result

    def _flush(self) -> None:
        try:
            if not self._libpq.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as error:
            self._fail(error)

    def _arrived(self) -> None:
        libpq = self._libpq
        try:
            libpq.consume_input()
            while not libpq.is_busy():
                result = libpq.get_result()
                if result is None:
                    waiting = self._waiting
                    if waiting is not None and not waiting.done() and self._results:
                        waiting.set_result(self._results)
                    self._results = []
                    break
                self._results.append(result)
        except psycopg.OperationalError as error:
            self._fail(error)
            return
        if libpq.status == pq.ConnStatus.BAD:
            self._fail(psycopg.OperationalError("the server closed the connection"))

    def _fail(self, error: psycopg.OperationalError) -> None:
        self.broken = True
        self._unwatch()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    def _unwatch(self) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)

    async def close(self, *, cancel: bool = False) -> None:
        """End the connection; with ``cancel`` the server is told to give up what it does for it."""
        self._unwatch()
        if cancel and self._libpq.status == pq.ConnStatus.OK:
            with suppress(psycopg.Error, OSError):
                await self.connection.cancel_safe(timeout=2)
        await self.connection.close()


class Lines:
    """At most so many lines, made when they are needed. The one used last is used next, so that few stay warm."""

    def __init__(self, conninfo: str, *, options: str, most: int = 8, seconds: float = 10.0) -> None:
        self._conninfo = conninfo
        self._options = options
        self._seconds = seconds
        self._places: asyncio.LifoQueue[Line | None] = asyncio.LifoQueue()
        """Lines that nobody uses, above places for lines still to be made."""

        for _ in range(most):
            self._places.put_nowait(None)
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Lines":
        await self.open()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Make the first line, so that a database that cannot be reached is found out at the start."""
        self.give(await self.take())

    async def close(self) -> None:
        """Close the lines that nobody uses, and wait for those under way to be closed."""
        self._closed = True
        while not self._places.empty():
            if (line := self._places.get_nowait()) is not None:
                await line.close()
        if self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def take(self) -> Line:
        """A line for oneself until it is given back. Raises ``RequestError`` (``OVERLOADED``) when none becomes free."""
        line = await self._place()
        if line is not None and not line.broken:
            return line
        if line is not None:
            self._discard(line)
        try:
            return await self._made()
        except BaseException:
            self._places.put_nowait(None)
            raise

    def give(self, line: Line) -> None:
        """Give a line back."""
        if line.broken or self._closed or time.monotonic() - line.made > LIFETIME_SECONDS:
            self._discard(line)
            self._places.put_nowait(None)
        else:
            self._places.put_nowait(line)

    async def _place(self) -> Line | None:
        with suppress(asyncio.QueueEmpty):
            return self._places.get_nowait()
        try:
            async with asyncio.timeout(self._seconds):
                return await self._places.get()
        except TimeoutError:
            raise RequestError(RequestCode.OVERLOADED, RequestCode.OVERLOADED.doc) from None

    async def _made(self) -> Line:
        connection = await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, options=self._options, prepare_threshold=None
        )
        return Line(connection)

    def _discard(self, line: Line) -> None:
        task = asyncio.ensure_future(line.close(cancel=line.broken))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def read_lines(url: str, *, maximum: int = 8, **settings: str | int) -> Lines:
    """The lines of compiled reads, as ``anju_app``; ``settings`` are session settings of PostgreSQL.

    They are made when needed: ``await lines.open()`` inside the event loop, or ``async with``.
    """
    return Lines(without_driver(url), options=session_options(**settings), most=maximum)
