"""Many rows at once: COPY into a temporary table, then one statement that inserts what is new and updates what differs.

Row-level security forbids COPY into the county's tables themselves; the temporary table goes with the transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncSession


class Stored(NamedTuple):
    """What became of the rows of one kind."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Any) -> "Stored":
        return Stored(*(mine + others for mine, others in zip(self, other, strict=True)))


async def cursor_of(session: AsyncSession) -> psycopg.AsyncCursor[Any]:
    """A cursor of the driver's own on the session's transaction."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver: psycopg.AsyncConnection[Any] = raw.driver_connection  # type: ignore[assignment]
    return driver.cursor()


class Filled(NamedTuple):
    """A temporary table with rows in it."""

    table: sql.Identifier
    columns: list[str]
    rows: int


async def fill(cursor: psycopg.AsyncCursor[Any], model: Any, rows: Iterable[Mapping[str, Any]]) -> Filled | None:
    """COPY rows, which all name the same columns of ``model``, into a temporary table; ``None`` when there are none.

    The rows are taken one by one: a generator of them is never in memory as a whole.
    """
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        return None
    columns = list(first)
    table = sql.Identifier(f"import_{model.__tablename__}")
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    await cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
    made = sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    await cursor.execute(made.format(table, listed, sql.Identifier(model.__tablename__)))
    count = 0
    async with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, listed)) as copy:
        for row in chain((first,), remaining):
            await copy.write_row(list(row.values()))
            count += 1
    return Filled(table, columns, count)


async def add_missing(session: AsyncSession, model: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows of which somebody else may have written some meanwhile: those stay as they are."""
    cursor = await cursor_of(session)
    source = await fill(cursor, model, rows)
    if source is not None:
        await _insert(cursor, model, source, sql.SQL("ON CONFLICT DO NOTHING"))


async def upsert(
    session: AsyncSession,
    model: Any,
    rows: Iterable[Mapping[str, Any]],
    *,
    known: int,
    kept: Sequence[str] = (),
    compared: Sequence[str] | None = None,
    coalesced: Sequence[str] = (),
) -> Stored:
    """Insert rows whose id is new and update those that differ; ``known`` of them have an id that the table has.

    ``kept`` columns are written at first only. ``compared`` (default: all others) tell whether a row differs, which sealed
    columns cannot. An empty ``coalesced`` column leaves what is there. A changed row's ``version`` counts up where the
    table has one.
    """
    cursor = await cursor_of(session)
    source = await fill(cursor, model, rows)
    if source is None:
        return Stored()
    keys = [column.name for column in model.__table__.primary_key.columns]
    changing = [name for name in source.columns if name not in (*keys, *kept)]
    conflict = sql.SQL("ON CONFLICT ({}) {}").format(
        sql.SQL(", ").join(map(sql.Identifier, keys)),
        _update(model, changing, compared or [name for name in changing if name != "updated_at"], frozenset(coalesced)),
    )
    # Ids made just now are in nobody's way.
    all_new = known == 0 and "id" in keys
    written = await _insert(cursor, model, source, sql.SQL("") if all_new else conflict)
    created = source.rows - known
    return Stored(created, written - created, known - (written - created))


async def _insert(cursor: psycopg.AsyncCursor[Any], model: Any, source: Filled, conflict: sql.Composable) -> int:
    statement = sql.SQL("INSERT INTO {table} ({columns}) SELECT {columns} FROM {source} {conflict}")
    columns = sql.SQL(", ").join(map(sql.Identifier, source.columns))
    named = {"table": sql.Identifier(model.__tablename__), "columns": columns, "source": source.table}
    await cursor.execute(statement.format(**named, conflict=conflict))
    return cursor.rowcount


def _update(model: Any, changing: Sequence[str], compared: Sequence[str], coalesced: frozenset[str]) -> sql.Composable:
    if not changing:
        return sql.SQL("DO NOTHING")
    table = sql.Identifier(model.__tablename__)

    def given(name: str) -> sql.Composable:
        form = "coalesce(excluded.{0}, {1}.{0})" if name in coalesced else "excluded.{0}"
        return sql.SQL(form).format(sql.Identifier(name), table)

    assigned: list[sql.Composable] = [sql.SQL("{} = {}").format(sql.Identifier(name), given(name)) for name in changing]
    if "version" in model.__table__.columns:
        assigned.append(sql.SQL("version = {}.version + 1").format(table))
    old = sql.SQL(", ").join(sql.SQL("{}.{}").format(table, sql.Identifier(name)) for name in compared)
    new = sql.SQL(", ").join(given(name) for name in compared)
    return sql.SQL("DO UPDATE SET {} WHERE ROW({}) IS DISTINCT FROM ROW({})").format(
        sql.SQL(", ").join(assigned), old, new
    )
