"""Filling many rows at once: one transaction of the owner, COPY, and what would slow it down set aside meanwhile.

Foreign keys and indexes of the tables that grow are dropped first and made again at the end, which checks every row
once; row-level security is not forced on the owner for as long. Everything happens in one transaction: an
interruption leaves nothing behind. Other sessions wait for the tables that are filled.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from app.progress import Progress
from models.base import is_county_table

LINES_AT_ONCE = 4_000
"""Lines joined to one message: about a megabyte of bills."""


def line(*values: object) -> str:
    """One row in COPY's text format. Texts hold no tab, line break or backslash (they are made here)."""
    return "\t".join("\\N" if value is None else str(value) for value in values) + "\n"


def ident(kind: int, number: int, *, seed: int, ms: int) -> uuid.UUID:
    """A UUIDv7 that is the same for the same seed: ``ms`` is its instant, ``number`` tells it from others of a kind."""
    return uuid.UUID(hex_ident(kind, number, seed=seed, ms=ms))


def hex_ident(kind: int, number: int, *, seed: int, ms: int) -> str:
    return f"{ms:012x}7{kind:03x}8{seed & 0xFFF:03x}{number:012x}"


@dataclass
class Loading:
    """The owner's transaction."""

    connection: psycopg.Connection[Any]
    show: Progress
    counts: dict[str, int] = field(default_factory=dict)

    def copy(self, model: Any, columns: Sequence[str], lines: Iterable[str], total: int) -> None:
        """COPY lines into a model's table."""
        name = model.__tablename__
        target = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        done = 0
        with self.connection.cursor() as cursor, cursor.copy(target) as copy:
            for portion in _portions(lines):
                copy.write("".join(portion))
                done += len(portion)
                self.show(name, min(done, total - 1), total)
        self.show(name, total, total)
        self.counts[name] = self.counts.get(name, 0) + done


def _portions(lines: Iterable[str]) -> Iterator[list[str]]:
    portion: list[str] = []
    for each in lines:
        portion.append(each)
        if len(portion) == LINES_AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


@contextmanager
def loading(url: str, models: Sequence[Any], growing: Sequence[Any], show: Progress) -> Iterator[Loading]:
    """Open the transaction for filling ``models``, of which ``growing`` get most rows; commits at the end."""
    with psycopg.connect(url) as connection:
        # Several passes over the same rows follow, in one session.
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute("SET LOCAL synchronous_commit = off")
        county_tables = [model.__tablename__ for model in models if is_county_table(model.__table__)]
        for name in county_tables:
            _forced(connection, name, on=False)
        again = [statement for model in growing for statement in _set_aside(connection, model.__tablename__)]
        yield Loading(connection, show)
        for done, statement in enumerate(again):
            show("indexes and foreign keys", done, len(again))
            connection.execute(statement)
        show("indexes and foreign keys", len(again), len(again))
        for name in county_tables:
            _forced(connection, name, on=True)
    _analyse(url, [model.__tablename__ for model in models], show)


def _forced(connection: psycopg.Connection[Any], name: str, *, on: bool) -> None:
    # COPY refuses a table whose policies bind the session; the owner is bound only where that is forced.
    force = sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY" if on else "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY")
    connection.execute(force.format(sql.Identifier(name)))


def _set_aside(connection: psycopg.Connection[Any], name: str) -> list[sql.Composed]:
    """Drop a table's foreign keys and those indexes that belong to no constraint; how to make them again."""
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
        [name],
    ).fetchall()
    indexes = connection.execute(
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid"
        " AND k.conrelid = i.indrelid)",
        [name],
    ).fetchall()
    table = sql.Identifier(name)
    again = []
    for index, definition in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))
        again.append(sql.Composed([sql.SQL(definition)]))
    for key, definition in keys:
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, sql.Identifier(key)))
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ")
        again.append(add.format(table, sql.Identifier(key)) + sql.SQL(definition))
    return again


def _analyse(url: str, names: Sequence[str], show: Progress) -> None:
    """Tell the planner, and mark pages as visible to all so that index-only scans are index-only."""
    with psycopg.connect(url, autocommit=True) as connection:
        for done, name in enumerate(names):
            show("statistics", done, len(names))
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(name)))
        show("statistics", len(names), len(names))
