"""Filling many rows at once: one transaction of the owner, COPY, and what would slow it down set aside meanwhile.

Keys, indexes and foreign keys of the tables that are filled are dropped first and made again at the end, which looks at
every row once; row-level security is not forced on the owner for as long. Everything happens in one transaction: an
interruption leaves nothing behind. Other sessions wait for the tables that are filled, and for their neighbours.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from app.progress import Progress
from models.base import is_county_table

Row = tuple[object, ...]

ROWS_AT_ONCE = 1_000
"""How often progress is shown."""


@dataclass
class Loading:
    """The owner's transaction."""

    connection: psycopg.Connection[Any]
    show: Progress
    counts: dict[str, int] = field(default_factory=dict)

    def copy(self, model: Any, columns: Sequence[str], rows: Iterable[Row], total: int) -> None:
        """COPY rows into a model's table; values are of the columns' Python types.

        In the binary format: reading ids, days and instants costs PostgreSQL a third of what their texts cost.
        """
        name = model.__tablename__
        terms = {"table": sql.Identifier(name), "columns": sql.SQL(", ").join(map(sql.Identifier, columns))}
        done = 0
        with self.connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT {columns} FROM {table} LIMIT 0").format(**terms))
            types = [column.type_code for column in cursor.description or ()]
            with cursor.copy(sql.SQL("COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)").format(**terms)) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)
                    done += 1
                    if done % ROWS_AT_ONCE == 0:
                        self.show(name, min(done, total - 1), total)
        self.show(name, total, total)
        self.counts[name] = self.counts.get(name, 0) + done


@contextmanager
def loading(url: str, models: Sequence[Any], show: Progress) -> Iterator[Loading]:
    """Open the transaction for filling ``models``; commits at the end."""
    names = [model.__tablename__ for model in models]
    with psycopg.connect(url) as connection:
        # Several passes over the same rows follow, in one session.
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute("SET LOCAL synchronous_commit = off")
        county_tables = [model.__tablename__ for model in models if is_county_table(model.__table__)]
        for name in county_tables:
            _forced(connection, name, on=False)
        again = _set_aside(connection, names)
        yield Loading(connection, show)
        for done, statement in enumerate(again):
            show("keys and indexes", done, len(again))
            connection.execute(statement)
        show("keys and indexes", len(again), len(again))
        for name in county_tables:
            _forced(connection, name, on=True)
    _analyse(url, names, show)


def _forced(connection: psycopg.Connection[Any], name: str, *, on: bool) -> None:
    # COPY refuses a table whose policies bind the session; the owner is bound only where that is forced.
    force = sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY" if on else "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY")
    connection.execute(force.format(sql.Identifier(name)))


_SET_ASIDE = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname) AS drop,
  format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS make,
  CASE contype WHEN 'f' THEN 3 ELSE 1 END AS turn
FROM pg_constraint WHERE contype IN ('p', 'u', 'f')
  AND (conrelid = ANY (%(tables)s::regclass[]) OR confrelid = ANY (%(tables)s::regclass[]))
UNION ALL SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid), 2
FROM pg_index WHERE indrelid = ANY (%(tables)s::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)
ORDER BY turn, make
"""
"""Keys, indexes, and foreign keys from and to the tables; the later ones need the earlier."""


def _set_aside(connection: psycopg.Connection[Any], tables: Sequence[str]) -> list[sql.SQL]:
    """Drop keys, indexes and foreign keys; how to make them again."""
    found = connection.execute(_SET_ASIDE, {"tables": list(tables)}).fetchall()
    for drop, _, _ in reversed(found):
        connection.execute(sql.SQL(drop))
    return [sql.SQL(make) for _, make, _ in found]


def _analyse(url: str, names: Sequence[str], show: Progress) -> None:
    """Tell the planner, and mark pages as visible to all so that index-only scans are index-only."""
    with psycopg.connect(url, autocommit=True) as connection:
        for done, name in enumerate(names):
            show("statistics", done, len(names))
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(name)))
        show("statistics", len(names), len(names))
