"""Many requests of two counties at once on few connections: nobody is answered with another county's rows."""

import asyncio
import uuid
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import APP_ROLE, command_engine, session_options, without_driver
from models.base import Base, is_county_table
from resolvers.unit_of_work import set_fuse
from tests.access.conftest import HOME, OTHER, Demo
from tests.engine.conftest import Ask

REQUESTS = 400
"""The short form; ``python -m bench --access`` sends 10,000 through a served application."""
given_away: list[tuple[str, int]] = []
"""Changeable tables, and how many rows of the county were there to try with."""

TABLES = sorted(table.name for table in Base.metadata.sorted_tables if is_county_table(table))


async def test_requests_of_two_counties_at_once_never_mix(town: Demo, demo_ask: Ask) -> None:
    query = "{ estates { totalCount nodes { id code } } feeBills(first: 5) { totalCount nodes { id } } viewer { counties } }"
    logins = [f"{county}-{name}" for county in (HOME, OTHER) for name in ("bureau", "company", "resident", "bank")]
    alone = {login: await demo_ask(town.actors[login], query) for login in logins}
    for login, answer in alone.items():
        county = login.partition("-")[0]
        ids = [node["id"] for root in ("estates", "feeBills") for node in answer["data"][root]["nodes"]]
        assert {each.split("_")[1] for each in ids} == {county}, login
        assert answer["data"]["viewer"] == {"counties": [county]}
    asked = [logins[at % len(logins)] for at in range(REQUESTS)]
    together = await asyncio.gather(*(demo_ask(town.actors[login], query) for login in asked))
    assert [login for login, answer in zip(asked, together, strict=True) if answer != alone[login]] == []


async def test_the_application_and_these_tests_are_not_the_owner(town: Demo) -> None:
    engine = command_engine(town.database.url)
    async with AsyncSession(engine) as session:
        asked = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        assert (await session.scalar(text("SELECT current_user"))) == APP_ROLE
        assert (await session.scalar(text(asked))) is False
        owners = "SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user"
        assert (await session.scalars(text(owners))).all() == []
        unfused = "SELECT relname FROM pg_class WHERE relname = ANY (:tables) AND NOT (relrowsecurity AND relforcerowsecurity)"
        assert (await session.scalars(text(unfused), {"tables": TABLES})).all() == []
    await engine.dispose()


async def test_core_and_text_see_one_county_or_none(town: Demo) -> None:
    """Statements that name no county at all: the fuse alone decides, for every table of a county."""
    tables = [Base.metadata.tables[name] for name in TABLES]
    engine = command_engine(town.database.url)
    counted: dict[str, int] = {}
    async with AsyncSession(engine) as session:
        for table in tables:
            assert await session.scalar(select(func.count()).select_from(table)) == 0, table.name
            assert await session.scalar(text(f'SELECT count(*) FROM "{table.name}"')) == 0, table.name
        await set_fuse(session, [HOME])
        for table in tables:
            found = (await session.scalars(select(table.c.county).distinct())).all()
            named = (await session.scalars(text(f'SELECT DISTINCT county FROM "{table.name}"'))).all()
            assert set(found) == set(named) <= {HOME}, table.name
            counted[table.name] = len(found)
    await engine.dispose()
    assert sum(counted.values()) > len(tables) * 3 / 4, "most tables have rows to hide"


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
