"""Connections as the application makes them, and the fence that they stand behind."""

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from app.database import (
    DatabaseError,
    command_engine,
    current_revision,
    ensure_database,
    for_database,
    head_revision,
    opened,
    read_pool,
    with_driver,
    without_driver,
)
from app.settings import load
from tests.database import Database


def test_urls_change_their_driver_and_nothing_else() -> None:
    url = "postgresql://anju:p%40ss@/anju?host=/run/anju&port=5432"
    assert without_driver(with_driver(url)).startswith("postgresql://anju:p%40ss@/anju?host=")
    assert sa.make_url(with_driver(url)).query == {"host": "/run/anju", "port": "5432"}
    assert for_database("postgresql+psycopg://a@db:1/x", "y") == "postgresql://a@db:1/y"


async def test_the_read_pool_is_pinned_prepared_and_quiet(database: Database) -> None:
    pool = read_pool(database.url, minimum=1, maximum=1, statement_timeout=7000)
    await pool.open(wait=True)
    async with pool.connection() as connection:
        assert connection.autocommit
        assert connection.prepare_threshold == 0
        assert connection.prepared_max is not None
        assert connection.prepared_max >= 500
        answer = await connection.execute(
            "SELECT current_user, current_setting('TimeZone'), current_setting('DateStyle'),"
            " current_setting('statement_timeout')"
        )
        assert await answer.fetchone() == ("anju_app", "Asia/Shanghai", "ISO, MDY", "7s")
        await connection.execute("SELECT set_config('anju.counties', 'kept between checkouts', false)")
    async with pool.connection() as connection:
        kept = await (await connection.execute("SELECT current_setting('anju.counties')")).fetchone()
        assert kept == ("kept between checkouts",), "a reset would cost a round trip per request"
    await pool.close()


async def test_the_command_engine_acts_as_the_application_role(database: Database) -> None:
    engine = command_engine(database.url, size=1, overflow=0)
    async with engine.connect() as connection:
        assert await connection.scalar(sa.text("SELECT current_user")) == "anju_app"
        assert await connection.scalar(sa.text("SELECT current_setting('TimeZone')")) == "Asia/Shanghai"
    await engine.dispose()


def test_a_county_sees_and_writes_its_own_rows_only(empty_database: Database) -> None:
    """The fuse of DESIGN §5, for the owner of the table as well as for the application."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from migrations.county import county_table

    with sa.create_engine(with_driver(empty_database.url), poolclass=sa.NullPool).begin() as owner:
        op = Operations(MigrationContext.configure(owner))
        key = sa.Column("county", sa.Text(collation="C"), primary_key=True)
        op.create_table("note", key, sa.Column("id", sa.Integer, primary_key=True))
        county_table(op, "note", append_only=True)
    for role in ("anju_app", "anju_test"):
        with psycopg.connect(empty_database.url, autocommit=True) as connection:
            connection.execute(f"SET ROLE {role}")
            insert = "INSERT INTO note VALUES (%s, (SELECT count(*) FROM note))"
            with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
                connection.execute(insert, ["990001"])
            connection.execute("SET anju.counties = '990001,990002'")
            connection.execute(insert, ["990001"])
            connection.execute(insert, ["990002"])
            with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
                connection.execute(insert, ["990003"])
            connection.execute("SET anju.counties = '990002'")
            assert {county for (county,) in connection.execute("SELECT county FROM note")} == {"990002"}
            connection.execute("SET anju.counties = ''")
            assert connection.execute("SELECT * FROM note").fetchall() == []
            connection.execute("SET anju.counties = '990001'")
    with psycopg.connect(empty_database.url, options="-c role=anju_app -c anju.counties=990001") as connection:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("DELETE FROM note")
        connection.rollback()
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("UPDATE note SET id = 9")


def test_a_missing_database_is_made_and_a_server_that_does_not_answer_is_named(database: Database) -> None:
    url = for_database(database.superuser_url, f"{database.name}_made")
    try:
        ensure_database(url)
        ensure_database(url)
        assert current_revision(url) is None
        with pytest.raises(DatabaseError, match="run: anju migrate"), opened(load(database_url=url)):
            pass
        with opened(load(database_url=url), up_to_date=True) as settings:
            assert current_revision(settings.database) == head_revision()
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        with (
            pytest.raises(DatabaseError, match="a newer one has used it"),
            opened(load(database_url=url), up_to_date=True),
        ):
            pass
    finally:
        with psycopg.connect(database.superuser_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database.name}_made")
    with pytest.raises(DatabaseError, match=r"cannot connect to postgresql://anju:\*\*\*@127.0.0.1:1/x"):
        ensure_database("postgresql://anju:secret@127.0.0.1:1/x")


def test_a_login_that_may_not_make_the_role_is_told_what_to_ask_for(database: Database) -> None:
    """An owner without CREATEROLE on a server that an administrator keeps."""
    with psycopg.connect(database.superuser_url, autocommit=True) as administrator:
        administrator.execute("DROP ROLE IF EXISTS anju_plain")
        administrator.execute("CREATE ROLE anju_plain LOGIN PASSWORD 'plain'")
        url = sa.make_url(database.url).set(username="anju_plain", password="plain")
        try:
            with pytest.raises(DatabaseError, match='GRANT anju_app TO "anju_plain"'):
                ensure_database(url.render_as_string(hide_password=False))
        finally:
            administrator.execute("DROP ROLE anju_plain")
