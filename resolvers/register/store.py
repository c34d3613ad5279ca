"""Many rows at once: COPY into a temporary table, then one statement that inserts what is new and updates what differs.

Row-level security forbids COPY into the county's tables themselves; the temporary table goes with the transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncSession

ROWS_AT_ONCE = 2_000


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


async def fill(cursor: psycopg.AsyncCursor[Any], model: Any, rows: Sequence[Mapping[str, Any]]) -> sql.Identifier:
    """COPY rows, which all name the same columns of ``model``, into a temporary table; its name."""
    columns = list(rows[0])
    table = sql.Identifier(f"import_{model.__tablename__}")
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    await cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
    made = sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    await cursor.execute(made.format(table, listed, sql.Identifier(model.__tablename__)))
    async with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, listed)) as copy:
        for row in rows:
            await copy.write_row(list(row.values()))
    return table


async def add_missing(session: AsyncSession, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of which somebody else may have written some meanwhile: those stay as they are."""
    if not rows:
        return
    cursor = await cursor_of(session)
    source = await fill(cursor, model, rows)
    statement = sql.SQL("INSERT INTO {table} ({columns}) SELECT {columns} FROM {source} ON CONFLICT DO NOTHING")
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    await cursor.execute(statement.format(table=sql.Identifier(model.__tablename__), columns=columns, source=source))


async def upsert(
    session: AsyncSession,
    model: Any,
    rows: Sequence[Mapping[str, Any]],
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
    if not rows:
        return Stored()
    cursor = await cursor_of(session)
    source = await fill(cursor, model, rows)
    columns = list(rows[0])
    keys = [column.name for column in model.__table__.primary_key.columns]
    changing = [name for name in columns if name not in (*keys, *kept)]
    statement = sql.SQL("INSERT INTO {table} ({columns}) SELECT {columns} FROM {source} ON CONFLICT ({keys}) {action}")
    await cursor.execute(
        statement.format(
            table=sql.Identifier(model.__tablename__),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            source=source,
            keys=sql.SQL(", ").join(map(sql.Identifier, keys)),
            action=_update(
                model, changing, compared or [name for name in changing if name != "updated_at"], frozenset(coalesced)
            ),
        )
    )
    written = cursor.rowcount
    created = len(rows) - known
    return Stored(created, written - created, known - (written - created))


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
