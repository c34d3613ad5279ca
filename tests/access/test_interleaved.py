"""Many requests of two counties at once on few connections: nobody is answered with another county's rows."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from sqlalchemy import func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import APP_ROLE, command_engine, session_options, without_driver
from models.base import Base, is_county_table
from resolvers.unit_of_work import set_fuse
from tests.access.conftest import HOME, OTHER, Demo, unchecked
from tests.database import Cluster, Database
from tests.engine.conftest import Ask

REQUESTS = 400
"""The short form; ``python -m bench --access`` sends 10,000 through a served application."""
ANYTHING = {
    "TEXT": "x",
    "TEXT[]": [],
    "UUID": uuid.UUID(int=1),
    "UUID[]": [],
    "TIMESTAMP": datetime(2026, 1, 1, tzinfo=UTC),
    "DATE": date(2026, 1, 1),
    "DATEMULTIRANGE": "{}",
    "INTEGER": 1,
    "BIGINT": 1,
    "SMALLINT": 1,
    "BOOLEAN": False,
    "JSONB": "{}",
    "BYTEA": b"",
}
"""A value of each type that a column of a county's table asks for."""

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


@pytest.fixture(scope="module")
def filled(database_cluster: Cluster) -> Iterator[Database]:
    """A database with one row of each of two counties in every table; the fuse asks for nothing but their county."""
    with database_cluster.clone("fused") as database:
        with psycopg.connect(without_driver(database.superuser_url)) as connection:
            connection.execute("SET session_replication_role = replica")
            unchecked(connection)
            for table in TABLES:
                _fill(connection, table)
        yield database


async def test_core_and_text_see_one_county_or_none(filled: Database) -> None:
    """Statements that name no county at all: the fuse alone decides, for every table of a county."""
    tables = [Base.metadata.tables[name] for name in TABLES]
    engine = command_engine(filled.url)
    async with AsyncSession(engine) as session:
        for table in tables:
            assert await session.scalar(select(func.count()).select_from(table)) == 0, table.name
            assert await session.scalar(text(f'SELECT count(*) FROM "{table.name}"')) == 0, table.name
        await set_fuse(session, [HOME])
        for table in tables:
            found = (await session.scalars(select(table.c.county))).all()
            named = (await session.scalars(text(f'SELECT county FROM "{table.name}"'))).all()
            assert found == named == [HOME], table.name
    await engine.dispose()


@pytest.mark.parametrize("table", TABLES)
async def test_the_fuse_refuses_rows_of_another_county(table: str, fused: psycopg.AsyncConnection[Any]) -> None:
    """The check is on the row, whatever the application would do: none is made for another county, none is given away."""
    name = sql.Identifier(table)
    async with fused.transaction(force_rollback=True):
        await fused.execute("SELECT set_config('anju.counties', %s, true)", (HOME,))
        may_write = (
            "SELECT has_table_privilege(current_user, %s, 'INSERT'), has_table_privilege(current_user, %s, 'UPDATE')"
        )
        insert, update = await (await fused.execute(may_write, (table, table))).fetchone()  # type: ignore[misc]
        if insert:
            await _refused(fused, _copied(table), {"county": OTHER, "id": uuid.uuid4()})
        if update:
            move = sql.SQL("UPDATE {} SET county = %s WHERE county = %s").format(name)
            await _refused(fused, move, (OTHER, HOME))
            assert (await fused.execute(move, (HOME, OTHER))).rowcount == 0


async def _refused(fused: psycopg.AsyncConnection[Any], statement: Any, values: Any) -> None:
    await fused.execute("SAVEPOINT before")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        await fused.execute(statement, values)
    await fused.execute("ROLLBACK TO before")


def _copied(table: str) -> Any:
    """An insert of the columns that every table must have; the policy is checked before any constraint."""
    columns = Base.metadata.tables[table].columns
    given = [name for name in ("county", "id") if name in columns and columns[name].computed is None]
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, given)),
        sql.SQL(", ").join(map(sql.Placeholder, given)),
    )


def _fill(connection: psycopg.Connection[Any], table: str) -> None:
    """A row of each county, of values that mean nothing."""
    columns = [each for each in Base.metadata.tables[table].columns if not each.nullable and each.computed is None]
    insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
        sql.SQL(", ").join(sql.Placeholder(column.name) for column in columns),
    )
    for county in (HOME, OTHER):
        values = {column.name: ANYTHING[column.type.compile(postgresql.dialect()).split()[0]] for column in columns}
        connection.execute(insert, {**values, "county": county})


@pytest_asyncio.fixture
async def fused(filled: Database) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    url = without_driver(filled.url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, options=session_options()) as connection:
        yield connection
