"""Loading demo counties in this process: each in one transaction, commands committing into it."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import psycopg
from psycopg import waiting
from psycopg.abc import RV, PQGen
from psycopg.rows import TupleRow
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from app.database import command_engine
from app.demo.county import County
from app.demo.people import login_of
from app.demo.scene import Scene
from app.demo.story import chapters
from app.files import open_store
from app.progress import Progress, silent
from app.settings import Settings
from domain.roles import Role
from models.accounts import Account
from models.divisions import Division
from resolvers.divisions import packaged_divisions, seed_divisions

_LOCK = 0x64656D6F
"""The advisory lock ("demo") under which one process at a time loads a county, or the division tree."""


class _Patient(psycopg.AsyncConnection[TupleRow]):
    """A connection that waits for its answers itself, and the process with it.

    Nothing else happens in this process, and six thousand turns of the event loop cost a fifth of a county's time.
    """

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:  # noqa: ASYNC109
        return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=timeout)


@asynccontextmanager
async def ready(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine for ``load_county``, on a database with the division tree; the garbage collector rests meanwhile."""
    # One engine for all counties: what they say to the database is compiled and planned once.
    engine = command_engine(
        settings.database, size=1, overflow=0, connection=_Patient, plan_cache_mode="force_generic_plan"
    )
    # What a demo leaves behind is little; looking for it among everything loaded costs a sixth of the time.
    gc.freeze()
    gc.disable()
    try:
        await _seed_divisions(engine)
        yield engine
    finally:
        gc.enable()
        gc.unfreeze()
        await engine.dispose()


async def load_county(
    engine: AsyncEngine,
    settings: Settings,
    county: County,
    show: Progress = silent,
    *,
    seed: int = 1,
    now: datetime | None = None,
) -> bool:
    """Load one county unless it is there; whether it was made. ``now`` is the instant that the demo is relative to."""
    async with engine.connect() as connection, connection.begin():
        if await _is_there(connection, county.code):
            return False
        instant = now or datetime.now(UTC)
        scene = Scene(connection, county, settings.keys.vault(), open_store(settings.files_url), instant, seed)
        parts = chapters(scene)
        label = f"演示 {county.code} {county.name}"
        for done, part in enumerate(parts):
            show(label, done, len(parts))
            await part()
    show(label, len(parts), len(parts))
    return True


async def _seed_divisions(engine: AsyncEngine) -> None:
    lines = packaged_divisions()
    async with AsyncSession(engine) as session, session.begin():
        await session.execute(select(func.pg_advisory_xact_lock(_LOCK, 0)))
        there = select(func.count()).where(Division.code.in_([line.code for line in lines]))
        if await session.scalar(there) != len(lines):
            await seed_divisions(session, lines)


async def _is_there(connection: AsyncConnection, county: str) -> bool:
    await connection.execute(select(func.pg_advisory_xact_lock(_LOCK, int(county))))
    login = login_of(county, Role.BUREAU)
    return await connection.scalar(select(Account.id).where(Account.login == login)) is not None
