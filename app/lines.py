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
        self._pipelining = False
        self._watched = True
        self._loop.add_reader(self._socket, self._arrived)

    async def fetch(self, statement: str, parameters: Sequence[bytes | None]) -> Row | None:
        """The first row of a statement with numbered parameters, prepared at first sight."""
        name = self._prepared.get(statement)
        if name is None:
            name = await self._prepare(statement)
        self._libpq.send_query_prepared(name, parameters, result_format=pq.Format.BINARY)
        return _first_row(await self._answer())

    async def together(self, statements: Sequence[tuple[str, Sequence[bytes | None]]]) -> list[Row | None]:
        """The first rows of several statements that are one transaction, in one round trip (libpq's pipeline mode).

        The server commits after the last of them, and this returns once it has. Where one fails those after it are not
        run, nothing of it is done, and the error is raised. What comes of a connection lost on the way nobody knows.
        """
        names = await self._names([statement for statement, _ in statements])
        try:
            self._libpq.enter_pipeline_mode()
            self._pipelining = True
            for name, (_, parameters) in zip(names, statements, strict=True):
                self._libpq.send_query_prepared(name, parameters, result_format=pq.Format.BINARY)
            self._libpq.pipeline_sync()
            results = await self._results_of_all()
            self._pipelining = False
            self._libpq.exit_pipeline_mode()
        except BaseException:
            self.broken = True
            raise
        for result in results:
            _raise_error(result)
        return [_first_row(result) for result in results[:-1]]  # the last one says no more than that all were there

    async def run(self, statement: str) -> None:
        """A statement without parameters and without an answer (BEGIN, COMMIT)."""
        self._libpq.send_query(statement.encode())
        await self._answer()

    async def _names(self, statements: Sequence[str]) -> list[bytes]:
        """The names of several statements, all prepared at the same time."""
        missing = [statement for statement in statements if statement not in self._prepared]
        if len(self._prepared) + len(missing) > MOST_PREPARED:
            await self._forget()
            missing = list(statements)
        for statement in dict.fromkeys(missing):
            await self._prepare(statement)
        return [self._prepared[statement] for statement in statements]

    async def _forget(self) -> None:
        self._prepared.clear()
        await self.run("DEALLOCATE ALL")

    async def _prepare(self, statement: str) -> bytes:
        if len(self._prepared) >= MOST_PREPARED:
            await self._forget()
        name = b"read_%d" % len(self._prepared)
        self._libpq.send_prepare(name, statement.encode())
        await self._answer()
        self._prepared[statement] = name
        return name

    async def _answer(self) -> Any:
        result = (await self._results_of_all())[-1]
        _raise_error(result)
        return result

    async def _results_of_all(self) -> list[Any]:
        waiting = self._waiting = self._loop.create_future()
        try:
            if self._libpq.flush():
                self._loop.add_writer(self._socket, self._flush)
            results: list[Any] = await waiting
        except BaseException:
            # Whoever stops waiting leaves an answer on its way that nobody may read as theirs.
            self.broken = True
            raise
        finally:
            self._waiting = None
        return results

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
            if self._collected():
                waiting = self._waiting
                if waiting is not None and not waiting.done() and self._results:
                    waiting.set_result(self._results)
                self._results = []
        except psycopg.OperationalError as error:
            self._fail(error)
            return
        if libpq.status == pq.ConnStatus.BAD:
            self._fail(psycopg.OperationalError("the server closed the connection"))

    def _collected(self) -> bool:
        """Collect the results that came; whether they are all that were waited for."""
        libpq, ended = self._libpq, False
        while not libpq.is_busy():
            result = libpq.get_result()
            if result is not None:
                self._results.append(result)
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    return True
            elif not self._pipelining:
                return True
            elif ended:  # the connection is gone: between two statements of a pipeline there is one None
                return False
            ended = result is None
        return False

    def _fail(self, error: psycopg.OperationalError) -> None:
        self.broken = True
        self._unwatch()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    def _unwatch(self) -> None:
        # Once only: libpq has closed a broken connection's socket, and its number may by now be another line's.
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)

    async def close(self, *, cancel: bool = False) -> None:
        """End the connection; with ``cancel`` the server is told to give up what it does for it."""
        self._unwatch()
        if cancel and self._libpq.status == pq.ConnStatus.OK:
            with suppress(psycopg.Error, OSError):
                await self.connection.cancel_safe(timeout=2)
        await self.connection.close()


def _raise_error(result: Any) -> None:
    if result.status == pq.ExecStatus.FATAL_ERROR:
        raise error_from_result(result, encoding="utf-8")


def _first_row(result: Any) -> Row | None:
    if not result.ntuples:
        return None
    return tuple([result.get_value(0, column) for column in range(result.nfields)])


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
