"""The demo counties: invented throughout, dated relative to today, made by the commands that people use (issue 2, §3).

Each county is one transaction: its logins work from its commit on, an interruption leaves no half of it, and a county
that is there stays as it is. ``anju demo`` and ``anju serve --demo`` run ``load``.
"""

import asyncio
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from app.database import command_engine
from app.demo.county import County, packaged_counties
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

AT_ONCE = 2
"""Counties in the making at one time: while the database works for one, Python does for the other."""

_LOCK = 0x64656D6F
"""The advisory lock ("demo") under which one process at a time loads a county."""


def load(settings: Settings, show: Progress = silent, *, seed: int = 1, now: datetime | None = None) -> list[str]:
    """Load the demo counties that are not there yet, and return their codes; ``seed`` varies names and figures."""
    with _no_garbage():
        return asyncio.run(load_counties(settings, show, seed=seed, now=now))


@contextmanager
def _no_garbage() -> Iterator[None]:
    """What a demo leaves behind is little; looking for it among everything loaded costs a sixth of the time."""
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


async def load_counties(
    settings: Settings,
    show: Progress = silent,
    *,
    seed: int = 1,
    now: datetime | None = None,
    counties: Sequence[County] | None = None,
) -> list[str]:
    """As ``load``, within a running event loop. ``now`` is the instant that the demo is relative to."""
    instant = now or datetime.now(UTC)
    engine = command_engine(settings.database, size=AT_ONCE, overflow=0)
    made: list[str] = []
    waiting = list(packaged_counties() if counties is None else counties)
    turns = iter(waiting)

    async def take_turns() -> None:
        for county in turns:
            async with engine.connect() as connection, connection.begin():
                if await _is_there(connection, county.code):
                    continue
                await _make(connection, county, settings, show, instant, seed)
            made.append(county.code)

    try:
        await _seed_divisions(engine)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(take_turns())
    finally:
        await engine.dispose()
    return sorted(made)


async def _make(
    connection: AsyncConnection, county: County, settings: Settings, show: Progress, now: datetime, seed: int
) -> None:
    # Each command commits into a savepoint of the county's transaction.
    sessions = async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    scene = Scene(sessions, county, settings.keys.vault(), open_store(settings.files_url), now, seed)
    parts = chapters(scene)
    label = f"演示 {county.code} {county.name}"
    for done, part in enumerate(parts):
        show(label, done, len(parts))
        await part()
    show(label, len(parts), len(parts))


async def _seed_divisions(engine: AsyncEngine) -> None:
    lines = packaged_divisions()
    async with AsyncSession(engine) as session, session.begin():
        there = select(func.count()).where(Division.code.in_([line.code for line in lines]))
        if await session.scalar(there) != len(lines):
            await seed_divisions(session, lines)


async def _is_there(connection: AsyncConnection, county: str) -> bool:
    await connection.execute(select(func.pg_advisory_xact_lock(_LOCK, int(county))))
    login = login_of(county, Role.BUREAU)
    return await connection.scalar(select(Account.id).where(Account.login == login)) is not None
