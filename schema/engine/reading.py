"""Where the statements of compiled reads are sent: by themselves behind the county fuse, or inside a transaction under way."""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
from psycopg.raw_cursor import AsyncRawCursor
from sqlalchemy.ext.asyncio import AsyncSession

from auth.standing import StaleActorError, Standing
from resolvers.at_once import Lines, Sent
from schema.engine.plan import Plan

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

Values = list[bytes | None]
Row = tuple[bytes | None, ...] | None
"""The first row of an answer, if any; its values binary."""


class ReadLine(Protocol):
    """A connection for compiled reads (``app.lines``)."""

    broken: bool

    async def fetch(self, statement: str, parameters: Sequence[bytes | None]) -> Row:
        """The first row, its values binary."""
        ...

    async def run(self, statement: str) -> None:
        """A statement without an answer."""
        ...


class Reader(Protocol):
    """Sends compiled reads."""

    async def read(self, plan: Plan, values: Values, fuse: bytes) -> bytes | None:
        """The JSON of a plan with these values; ``fuse`` are the counties that it may touch."""
        ...


class FusedReader:
    """Reads on a line of their own. Each also checks that the actor is still what it was (``StaleActorError``).

    It is a context. With ``snapshot`` all reads in it see the same state of the data.
    """

    def __init__(self, lines: Lines, standing: Standing | None, *, snapshot: bool) -> None:
        self._lines = lines
        self._standing = standing
        self._snapshot = snapshot
        self._line: Any = None

    async def read(self, plan: Plan, values: Values, fuse: bytes) -> bytes | None:
        values.append(fuse)
        statement = plan.statement
        if self._standing is not None:
            statement = plan.checked_statement
            values += self._standing.binds
        row = await self._fetch(statement, values)
        if row is None or row[0] != b"\x01":
            raise StaleActorError
        return row[1]

    async def _fetch(self, statement: str, values: Values) -> Row:
        line: ReadLine = self._line
        try:
            return await line.fetch(statement, values)
        except psycopg.Error as error:
            if self._snapshot and not line.broken:
                # The roots that follow are read all the same, in a snapshot of their own.
                await line.run("ROLLBACK")
                await line.run(SNAPSHOT)
            if self._snapshot or not line.broken or not isinstance(error, psycopg.OperationalError):
                raise
        # The server went away between two requests (a restart): a read is simply sent again, on a new connection.
        self._give()
        line = self._line = await self._lines.take()
        return await line.fetch(statement, values)

    async def __aenter__(self) -> "FusedReader":
        self._line = await self._lines.take()
        if self._snapshot:
            try:
                await self._line.run(SNAPSHOT)
            except BaseException:
                self._give()
                raise
        return self

    async def __aexit__(self, *raised: object) -> None:
        try:
            if self._snapshot and not self._line.broken:
                await self._line.run("COMMIT")
        finally:
            self._give()

    def _give(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            self._lines.give(line)


class AlreadyRead:
    """What was read along with an act, by statement and values (``Fields.reads_of``)."""

    def __init__(self, reads: Sequence[Sent], rows: Sequence[Row]) -> None:
        self._found = {
            (statement, tuple(values)): row[0] if row else None
            for (statement, values), row in zip(reads, rows, strict=True)
        }

    async def read(self, plan: Plan, values: Values, fuse: bytes) -> bytes | None:
        return self._found[plan.body, tuple(values)]


class SessionReader:
    """Reads in a command's transaction: the fuse is set and the actor was checked."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def read(self, plan: Plan, values: Values, fuse: bytes) -> bytes | None:
        connection = await (await self._session.connection()).get_raw_connection()
        cursor: AsyncRawCursor[Any] = AsyncRawCursor(connection.driver_connection)  # type: ignore[arg-type]
        texts = [None if value is None else value.decode() for value in values]
        await cursor.execute(plan.body, texts, prepare=True, binary=True)
        row = await cursor.fetchone()
        return row[0] if row else None
