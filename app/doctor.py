"""What is wrong with a deployment, and what to do about it."""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from app.database import APP_ROLE, MINIMUM_VERSION, head_revision, session_options, without_driver
from app.settings import Settings, SettingsError

CLOCK_TOLERANCE = timedelta(seconds=2)
WORKER_SILENCE = timedelta(minutes=2)


class State(StrEnum):
    """A check's outcome. Only ``WRONG`` makes the command fail."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    state: State
    said: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check, in the order in which they depend on each other. A database that does not answer ends the list."""
    for name, check in ON_THE_MACHINE:
        state, said = check(settings)
        yield Finding(name, state, said)
    if settings.database_url is None:
        yield Finding(
            "database", State.WRONG, f"none was made in {settings.data} yet; run: anju serve, or set DATABASE_URL"
        )
        return
    try:
        connection = psycopg.connect(without_driver(settings.database), connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        yield Finding("database", State.WRONG, " ".join(str(error).split()))
        return
    with connection:
        for name, look in IN_THE_DATABASE:
            try:
                state, said = look(connection)
            except psycopg.Error as error:
                state, said = State.WRONG, " ".join(str(error).split())
            yield Finding(name, state, said)


def _secrets(settings: Settings) -> tuple[State, str]:
    try:
        keys = settings.keys
    except SettingsError as error:
        return State.WRONG, str(error)
    return State.FINE, f"made for {keys.made_for}, sealing with key {keys.sealing} of {len(keys.masters)}"


def _data_folder(settings: Settings) -> tuple[State, str]:
    folder = settings.data.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return State.WRONG, f"{folder} cannot be written: {error.strerror}; set ANJU_DATA"
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    return (State.FINE if free > 2**30 else State.DOUBTFUL), f"{folder}, {free / 2**30:.1f} GiB free"


def _exposure(settings: Settings) -> tuple[State, str]:
    if settings.development and not settings.host.startswith(("127.", "localhost", "::1")):
        return State.WRONG, f"development listens on {settings.host}; set ANJU_ENVIRONMENT=production"
    if not settings.development and not settings.url.startswith("https://"):
        return State.DOUBTFUL, f"clients are told {settings.url}; set ANJU_PUBLIC_URL to the https address"
    return State.FINE, f"{settings.environment} at {settings.url}"


def _version(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    version = connection.info.server_version
    said = f"PostgreSQL {version // 10_000}.{version % 10_000} as {connection.info.user} on {connection.info.dbname}"
    if version < MINIMUM_VERSION * 10_000:
        return State.WRONG, f"{said}; {MINIMUM_VERSION} or newer is needed"
    return State.FINE, said


def _encoding(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    encoding = _value(connection, "SHOW server_encoding")
    return (State.FINE if encoding == "UTF8" else State.WRONG), f"encoding {encoding}"


def _migrations(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    head = head_revision()
    if _value(connection, "SELECT to_regclass('public.alembic_version')") is None:
        return State.WRONG, "no migration was applied; run: anju migrate"
    found = _value(connection, "SELECT version_num FROM alembic_version")
    if found != head:
        return State.WRONG, f"the database stands at {found}, the program at {head}; run: anju migrate"
    return State.FINE, f"at {head}"


def _role(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    role = connection.execute(
        "SELECT rolsuper, rolbypassrls, pg_has_role(current_user, oid, 'MEMBER'),"
        " (SELECT count(*) FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname = %s",
        [APP_ROLE],
    ).fetchone()
    if role is None:
        return State.WRONG, f"the role {APP_ROLE} does not exist; run: anju migrate"
    superuser, bypasses, member, owned = role
    if superuser or bypasses:
        return State.WRONG, f"{APP_ROLE} passes by row-level security: ALTER ROLE {APP_ROLE} NOSUPERUSER NOBYPASSRLS"
    if owned:
        return State.WRONG, f"{APP_ROLE} owns {owned} tables; it must own nothing"
    if not member:
        return State.WRONG, f"the login may not act as {APP_ROLE}: GRANT {APP_ROLE} TO {connection.info.user}"
    return State.FINE, f"{APP_ROLE} owns nothing and passes by nothing"


def _fence(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    import models  # noqa: F401 — the whole metadata
    from models.base import Base, is_county_table

    tables = [table.name for table in Base.metadata.sorted_tables if is_county_table(table)]
    fenced = connection.execute(
        "SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relname = ANY (%s)"
        " AND relrowsecurity AND relforcerowsecurity"
        " AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'county')",
        [tables],
    ).fetchall()
    open_tables = sorted(set(tables) - {name for (name,) in fenced})
    if open_tables:
        return State.WRONG, f"no forced row-level security on {', '.join(open_tables)}; run: anju migrate"
    return State.FINE, f"forced on {len(tables)} county tables"


def _clock(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    before = time.time()
    theirs: datetime = _value(connection, "SELECT clock_timestamp()")
    ours = datetime.fromtimestamp((before + time.time()) / 2, ZoneInfo("Asia/Shanghai"))
    apart = abs(theirs - ours)
    if apart > CLOCK_TOLERANCE:
        return State.WRONG, f"this machine and the database are {apart.total_seconds():.1f} s apart; so are deadlines"
    return State.FINE, f"{ours:%Y-%m-%d %H:%M:%S %Z}"


def _connections(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    allowed = int(_value(connection, "SHOW max_connections"))
    used = int(_value(connection, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    return (State.FINE if used < allowed * 0.8 else State.DOUBTFUL), f"{used} of {allowed} in use"


def _worker(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    if _value(connection, "SELECT to_regclass('procrastinate_workers')") is None:
        return State.WRONG, "the job tables are missing; run: anju migrate"
    last = _value(connection, "SELECT max(last_heartbeat) FROM procrastinate_workers")
    waiting = _value(connection, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
    if last is None or datetime.now(last.tzinfo) - last > WORKER_SILENCE:
        return State.DOUBTFUL, f"no worker is alive, {waiting} jobs wait; `anju serve` or `anju worker` runs one"
    return State.FINE, f"a worker is alive, {waiting} jobs wait"


def _value(connection: psycopg.Connection[Any], query: Any) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _sign_on(connection: psycopg.Connection[Any]) -> tuple[State, str]:
    """A connection as the application makes it: the role and the pinned settings come with the start-up packet."""
    dsn, password = connection.info.dsn, connection.info.password
    with psycopg.connect(dsn, password=password, options=session_options()) as signed_on:
        user, zone = signed_on.execute("SELECT current_user, current_setting('TimeZone')").fetchone() or ("", "")
    if user != APP_ROLE or zone != "Asia/Shanghai":
        return State.WRONG, f"connections act as {user} in {zone}; a pooler in between must pass start-up options on"
    return State.FINE, f"connections act as {user} in {zone}"


ON_THE_MACHINE = (("secrets", _secrets), ("data folder", _data_folder), ("exposure", _exposure))
IN_THE_DATABASE = (
    ("database", _version),
    ("encoding", _encoding),
    ("migrations", _migrations),
    ("application role", _role),
    ("sign-on", _sign_on),
    ("row-level security", _fence),
    ("clock", _clock),
    ("connections", _connections),
    ("worker", _worker),
)
