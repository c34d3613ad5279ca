"""Connections, roles and migrations of the database, wherever it runs.

Two ways in, both as the role ``anju_app``, which owns nothing and passes through row-level security: an SQLAlchemy
engine for commands and a raw psycopg pool for compiled reads (DESIGN §3). Migrations run as the login of
``DATABASE_URL``, the owner.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
import sqlalchemy as sa
from psycopg import errors, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

import migrations
from app import postgres
from app.settings import Settings

if TYPE_CHECKING:
    from alembic.config import Config

APP_ROLE = "anju_app"
MINIMUM_VERSION = 15
_HISTORY = Path(migrations.__file__).parent / "versions"
MIGRATION_LOCK = 0x616E6A75
"""The advisory lock ("anju") that keeps two migrations of one database apart."""

SESSION = {"role": APP_ROLE, "TimeZone": "Asia/Shanghai", "DateStyle": "ISO", "jit": "off"}
"""What every application connection is pinned to, sent with the start-up packet and so without a round trip."""


MOST_PREPARED = 1000
"""Statements that a connection keeps prepared."""


class DatabaseError(Exception):
    """The database cannot be used as configured; the message says what to do."""


def with_driver(url: str) -> str:
    """The URL as SQLAlchemy wants it: ``postgresql+psycopg://``."""
    return sa.make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def without_driver(url: str) -> str:
    """The URL as libpq wants it: ``postgresql://``."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def for_database(url: str, name: str) -> str:
    """The same server and login, another database; ``postgresql://``."""
    return sa.make_url(url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def session_options(**settings: str | int) -> str:
    """The ``options`` of an application connection; arguments add to ``SESSION`` or override it."""
    return " ".join(f"-c {name}={value}" for name, value in {**SESSION, **settings}.items())


def command_engine(
    url: str,
    *,
    size: int = 10,
    overflow: int = 10,
    connection: type[psycopg.AsyncConnection[TupleRow]] = psycopg.AsyncConnection,
    **settings: str | int,
) -> AsyncEngine:
    """The engine of the unit of work: transactions, as ``anju_app``. ``settings`` are session settings of
    PostgreSQL."""
    engine = create_async_engine(
        with_driver(url),
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=10,
        # A connection that the server dropped is found out by its first statement, and the transaction helper retries.
        pool_pre_ping=False,
        connect_args={
            "options": session_options(**settings),
            "prepare_threshold": 2,
            "async_creator_fn": connection.connect,
        },
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        use_native_hstore=False,
    )
    sa.event.listen(engine.sync_engine, "connect", _keep_prepared)
    return engine


def _keep_prepared(connection: Any, _record: Any) -> None:
    # Commands have some six hundred statements between them; psycopg keeps the last hundred unless told otherwise.
    connection.driver_connection.prepared_max = MOST_PREPARED


ReadPool = AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]


async def _prepare_for_reads(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    # Compiled statements are few hundred, long and worth their plans: prepare at first sight, keep them all.
    connection.prepared_max = 1000


def read_pool(url: str, *, minimum: int = 2, maximum: int = 10, **settings: str | int) -> ReadPool:
    """The pool of compiled reads: autocommit, every statement prepared, nothing sent when a connection comes or goes.

    It is returned closed: ``await pool.open()`` inside the event loop. ``settings`` are session settings of PostgreSQL.
    """
    return AsyncConnectionPool(
        without_driver(url),
        kwargs={"autocommit": True, "prepare_threshold": 0, "options": session_options(**settings)},
        configure=_prepare_for_reads,
        min_size=minimum,
        max_size=maximum,
        timeout=10,
        open=False,
        name="reads",
    )


def embedded_folder(settings: Settings) -> Path | None:
    """The data folder whose embedded server these settings mean; None with a database of the operator's own."""
    return settings.data if settings.database_url is None else None


@contextmanager
def opened(settings: Settings, *, up_to_date: bool = False) -> Iterator[Settings]:
    """The settings on a database that answers: the configured one, or the embedded server, started for as long.

    With ``up_to_date`` it is migrated first; without, a database behind the source is refused with ``DatabaseError``.
    """
    if settings.database_url is None:
        with postgres.start(settings.data) as server:
            create_database(server.superuser_url, "anju", postgres.OWNER)
            yield _at_head(settings.with_database(server.url), migrating=True)
    else:
        ensure_database(settings.database)
        yield _at_head(settings, migrating=up_to_date)


def _at_head(settings: Settings, *, migrating: bool) -> Settings:
    found, wanted = current_revision(settings.database), head_revision()
    if found != wanted:
        if found and wanted and found > wanted:
            raise DatabaseError(
                f"the database stands at migration {found} and this version of Anju ends at {wanted}: a newer one has used "
                "it; take that one, or another database (ANJU_DATA, DATABASE_URL)"
            )
        if not migrating:
            raise DatabaseError(f"the database stands at migration {found or 'none'}, not {wanted}; run: anju migrate")
        migrate(settings.database)
        asyncio.run(_seed_divisions(settings.database))
    return settings


async def _seed_divisions(url: str) -> None:
    """The division tree, which all data of a county refers to, is written with the tables and follows them."""
    from resolvers.divisions import seed_divisions  # loads every model, and most starts have nothing to migrate

    engine = command_engine(url, size=1, overflow=0)
    try:
        async with AsyncSession(engine) as session, session.begin():
            await seed_divisions(session)
    finally:
        await engine.dispose()


def create_database(superuser_url: str, name: str, owner: str) -> None:
    """Make a login and a database of its own, where they do not exist (the embedded server; tests)."""
    with psycopg.connect(without_driver(superuser_url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])  # two first starts at once
        if not _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", owner):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(owner)))
        _create_app_role(connection, owner)
        if not _exists(connection, "SELECT FROM pg_database WHERE datname = %s", name):
            statement = "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(owner)))


def ensure_database(url: str) -> None:
    """See to it that the database of ``url`` exists, is new enough and knows ``anju_app``.

    What the login may not do itself is asked for in the error: ``DatabaseError`` names the statements for an
    administrator.
    """
    target = sa.make_url(url)
    owner, name = target.username or "", target.database or ""
    try:
        connection = psycopg.connect(without_driver(url), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        if f'database "{name}" does not exist' not in str(error):
            raise DatabaseError(
                f"cannot connect to {target.render_as_string(hide_password=True)}: {_line(error)}"
            ) from error
        _create_missing(url, name)
        connection = psycopg.connect(without_driver(url), autocommit=True)
    with connection:
        if connection.info.server_version < MINIMUM_VERSION * 10_000:
            found = connection.info.server_version // 10_000
            raise DatabaseError(f"PostgreSQL {MINIMUM_VERSION} or newer is needed; this server is {found}")
        if not _exists(
            connection,
            "SELECT WHERE pg_has_role(current_user, (SELECT oid FROM pg_roles WHERE rolname = %s), 'MEMBER')",
            APP_ROLE,
        ):
            try:
                _create_app_role(connection, owner)
            except errors.InsufficientPrivilege as error:
                statements = f'CREATE ROLE {APP_ROLE} NOLOGIN; GRANT {APP_ROLE} TO "{owner}";'
                raise DatabaseError(
                    f"the login may not create roles; ask an administrator to run: {statements}"
                ) from error


def _create_missing(url: str, name: str) -> None:
    try:
        with psycopg.connect(for_database(url, "postgres"), autocommit=True) as connection:
            statement = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'"
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
    except errors.DuplicateDatabase:
        return
    except (psycopg.OperationalError, errors.InsufficientPrivilege) as error:
        raise DatabaseError(f'the database "{name}" does not exist and cannot be created: {_line(error)}') from error


def _create_app_role(connection: psycopg.Connection[Any], member: str) -> None:
    # Roles belong to the whole server: another database's start may be making the same one.
    try:
        if not _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", APP_ROLE):
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(APP_ROLE)))
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP_ROLE), sql.Identifier(member)))
    except (errors.DuplicateObject, errors.UniqueViolation, errors.InternalError):
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP_ROLE), sql.Identifier(member)))


def _exists(connection: psycopg.Connection[Any], query: Any, *arguments: str) -> bool:
    return connection.execute(query, arguments).fetchone() is not None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def alembic_config(attributes: Mapping[str, Any] | None = None) -> "Config":
    """Alembic's configuration, in code: there is no ini file."""
    from alembic.config import Config  # slow to load, and most starts have nothing to migrate

    config = Config()
    config.set_main_option("script_location", str(_HISTORY.parent))
    config.attributes.update(attributes or {})
    return config


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema to ``revision``, as the owner, one transaction per migration. Two migrations wait for each
    other."""
    from alembic import command

    engine = sa.create_engine(with_driver(url), poolclass=sa.NullPool, use_native_hstore=False)
    with engine.connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
        connection.commit()
        command.upgrade(alembic_config({"connection": connection}), revision)
    engine.dispose()


def head_revision() -> str | None:
    """The newest migration in the source: files are numbered in the order of their history."""
    return max((path.name.partition("_")[0] for path in _HISTORY.glob("[0-9]*.py")), default=None)


def current_revision(url: str) -> str | None:
    """The migration that the database stands at; None before the first."""
    with psycopg.connect(without_driver(url)) as connection:
        if not _exists(connection, "SELECT WHERE to_regclass('public.alembic_version') IS NOT NULL"):
            return None
        row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
    return row[0] if row else None
