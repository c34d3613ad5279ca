"""Many requests of two counties at once on few connections: nobody is answered with another county's rows."""

import asyncio
import uuid
from typing import Any

import psycopg
import pytest
from psycopg import sql

from app.database import session_options, without_driver
from models.base import Base, is_county_table
from tests.access.conftest import HOME, OTHER, Demo
from tests.engine.conftest import Ask

REQUESTS = 400
given_away: list[tuple[str, int]] = []
"""Changeable tables, and how many rows of the county were there to try with."""

TABLES = sorted(table.name for table in Base.metadata.sorted_tables if is_county_table(table))


async def test_requests_of_two_counties_at_once_never_mix(town: Demo, demo_ask: Ask) -> None:
    text = "{ estates { totalCount nodes { id code } } feeBills(first: 5) { totalCount nodes { id } } viewer { counties } }"
    logins = [f"{county}-{name}" for county in (HOME, OTHER) for name in ("bureau", "company", "resident", "bank")]
    alone = {login: await demo_ask(town.actors[login], text) for login in logins}
    for login, answer in alone.items():
        county = login.partition("-")[0]
        ids = [node["id"] for root in ("estates", "feeBills") for node in answer["data"][root]["nodes"]]
        assert {each.split("_")[1] for each in ids} == {county}, login
        assert answer["data"]["viewer"] == {"counties": [county]}
    asked = [logins[at % len(logins)] for at in range(REQUESTS)]
    together = await asyncio.gather(*(demo_ask(town.actors[login], text) for login in asked))
    assert [login for login, answer in zip(asked, together, strict=True) if answer != alone[login]] == []


@pytest.mark.parametrize("table", TABLES)
async def test_the_fuse_refuses_rows_of_another_county(
    table: str, fused: psycopg.AsyncConnection[Any], town: Demo
) -> None:
    """A copy of a row under another county's code: the check is on the row, whatever the application would do."""
    name = sql.Identifier(table)
    async with fused.transaction(force_rollback=True):
        await fused.execute("SELECT set_config('anju.counties', %s, true)", (HOME,))
        found = await (
            await fused.execute(sql.SQL("SELECT count(*) FROM {} WHERE county <> %s").format(name), (HOME,))
        ).fetchone()
        assert found == (0,)
        may_write = (
            "SELECT has_table_privilege(current_user, %s, 'INSERT'), has_table_privilege(current_user, %s, 'UPDATE')"
        )
        insert, update = await (await fused.execute(may_write, (table, table))).fetchone()  # type: ignore[misc]
        if insert:
            await fused.execute("SAVEPOINT before")
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                await fused.execute(_copied(table), {"county": OTHER, "id": uuid.uuid4()})
            await fused.execute("ROLLBACK TO before")
        if update:
            # Its own row cannot be given away either: the new row is checked as an inserted one is.
            own = sql.SQL("SELECT count(*) FROM {} WHERE county = %s").format(name)
            (rows,) = await (await fused.execute(own, (HOME,))).fetchone()  # type: ignore[misc]
            if rows:
                await fused.execute("SAVEPOINT before")
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                    await fused.execute(
                        sql.SQL("UPDATE {} SET county = %s WHERE county = %s").format(name), (OTHER, HOME)
                    )
                await fused.execute("ROLLBACK TO before")
            given_away.append((table, rows))
            moved = await fused.execute(
                sql.SQL("UPDATE {} SET county = %s WHERE county = %s").format(name), (HOME, OTHER)
            )
            assert moved.rowcount == 0


def test_most_changeable_tables_had_rows_to_try_with() -> None:
    empty = {table for table, rows in given_away if not rows}
    assert len(given_away) > 30
    assert len(empty) < len(given_away) / 4, sorted(empty)


def _copied(table: str) -> Any:
    """An insert of the columns that every table must have; the policy is checked before any constraint."""
    columns = Base.metadata.tables[table].columns
    given = [name for name in ("county", "id") if name in columns]
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, given)),
        sql.SQL(", ").join(map(sql.Placeholder, given)),
    )


@pytest.fixture
async def fused(town: Demo) -> Any:
    url = without_driver(town.database.url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, options=session_options()) as connection:
        yield connection
