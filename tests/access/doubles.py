"""Doubles of what somebody does not see, for as long as a test looks whether they make a difference."""

import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import CheckConstraint, Integer, LargeBinary, Text, UniqueConstraint, Uuid

from auth.actor import Actor, Grant
from models.base import new_id
from schema.engine.declare import Entity
from tests.access.matrix import PARENTS, Places

OF_A_KIND = 3
"""Rows of each type, state and relation to the grants that are doubled."""


def hidden(places: Places, actor: Actor, entity: Entity) -> list[Any]:
    """Some rows of each kind that the actor does not see: by relation to each grant, county and state."""
    kinds: dict[Any, list[Any]] = {}
    for row in places.world.rows[entity.model]:
        if places.sees(actor, entity.model, row):
            continue
        relations = tuple(relation(places, actor, grant, row) for grant in actor.grants)
        kept = kinds.setdefault((relations, row.county, getattr(row, "state", None)), [])
        if len(kept) < OF_A_KIND:
            kept.append(row)
    return [row for kept in kinds.values() for row in kept]


def relation(places: Places, actor: Actor, grant: Grant, row: Any) -> str:
    """How a row stands to a grant; of a part of a case its case decides, which is not asked here."""
    if row.county != grant.county:
        return "other county"
    return "own" if type(row) in PARENTS else places.relation(actor, grant, row)


def others(table: Any) -> dict[str, Any]:
    """What a double has another value of: a column of each unique key, a text where there is one, else a number or id."""
    keys = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    keys += [index for index in table.indexes if index.unique]
    listed = _listed(table)
    changed: dict[str, Any] = {}
    for key in keys:
        free = [column for column in key.columns if column.name not in listed and column.name != "county"]
        nulls_count = bool(key.dialect_options["postgresql"]["nulls_not_distinct"])
        texts = [column for column in free if isinstance(column.type, Text)]
        for column in (
            texts or [column for column in free if isinstance(column.type, Integer | Uuid | LargeBinary)][-1:]
        ):
            changed[column.name] = _other(column, nulls_count)
    return changed


def _other(column: Any, nulls_count: bool) -> Any:
    name = sql.Identifier(column.name)
    if isinstance(column.type, Uuid):
        if nulls_count or not column.nullable:
            return sql.SQL("%(copy)s")
        # What names nothing goes on naming nothing: nulls are no duplicates.
        return sql.SQL("CASE WHEN {} IS NOT NULL THEN CAST(%(copy)s AS uuid) END").format(name)
    if isinstance(column.type, LargeBinary):
        return sql.SQL("{} || '\\x00'").format(name)
    return sql.SQL("{} + 10000" if isinstance(column.type, Integer) else "{} || '′'").format(name)


def _listed(table: Any) -> set[str]:
    """Columns that take only values of a list."""
    checks = [str(each.sqltext) for each in table.constraints if isinstance(each, CheckConstraint)]
    return {check.partition(" IN ")[0] for check in checks if " IN " in check}


@asynccontextmanager
async def doubled(superuser_url: str, rows: Iterable[Any]) -> AsyncIterator[dict[str, int]]:
    """Copies of the rows under ids of their own, while it lasts; how many there are by table."""
    made: dict[str, list[uuid.UUID]] = {}
    async with await psycopg.AsyncConnection.connect(superuser_url, autocommit=True) as connection:
        # Neither triggers nor foreign keys: rows are put beside their originals and go without a trace.
        await connection.execute("SET session_replication_role = replica")
        try:
            for row in rows:
                copy, table = new_id(), type(row).__table__
                found = await connection.execute(_copy(table), {"county": row.county, "id": row.id, "copy": copy})
                # A table whose ids the database makes (postings) gives the copy one of its own.
                for (made_id,) in await found.fetchall():
                    made.setdefault(table.name, []).append(made_id)
                await connection.execute(_GRAMS, {"county": row.county, "id": row.id, "copy": copy})
            yield {name: len(ids) for name, ids in made.items()}
        finally:
            for name, ids in made.items():
                await connection.execute(
                    sql.SQL("DELETE FROM {} WHERE id = ANY (%s)").format(sql.Identifier(name)), [ids]
                )
                await connection.execute("DELETE FROM search_gram WHERE subject_id = ANY (%s)", [ids])


_GRAMS = """INSERT INTO search_gram (county, kind, gram, subject_id)
  SELECT county, kind, gram, %(copy)s FROM search_gram WHERE county = %(county)s AND subject_id = %(id)s"""


@cache
def _copy(table: Any) -> sql.Composed:
    changed = others(table) | {"id": sql.SQL("%(copy)s")}
    columns = [column.name for column in table.columns if column.computed is None]
    return sql.SQL(
        "INSERT INTO {} ({}) SELECT {} FROM {} WHERE county = %(county)s AND id = %(id)s ON CONFLICT DO NOTHING"
        " RETURNING id"
    ).format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(changed.get(name, sql.Identifier(name)) for name in columns),
        sql.Identifier(table.name),
    )
