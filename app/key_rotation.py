"""``anju keys rotate-data``: a fresh key for a county's personal data, and every value re-encrypted under it, online."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.county_keys import FileCountyKeys
from app.database import command_engine
from app.progress import Progress, silent
from app.settings import Settings, SettingsError
from auth.actor import system_actor
from domain.calendar import today
from models.personal_data import KeyRotation
from models.sealed import SHARED
from resolvers import key_rotation
from resolvers.unit_of_work import Command, transact


async def rotate(settings: Settings, county: str, show: Progress = silent) -> int:
    """Give the county (``*``: the accounts) a fresh key and re-encrypt its data; how many values were.

    A rotation that was broken off is taken up where it stands. A worker that runs beside does the same work: one batch at a
    time, whoever comes first.
    """
    async with _unit(settings, county) as run:
        running: KeyRotation | None = await run(key_rotation.running)
        if running is None:
            _keys_of(settings).add(_key_county(county))
        rotation: KeyRotation = await run(key_rotation.begin)
        batch, look = (
            partial(key_rotation.rotate, rotation_id=rotation.id),
            partial(key_rotation.find, rotation_id=rotation.id),
        )
        while await run(batch):
            rotation = await run(look)
            show(county, rotation.done, max(rotation.total, rotation.done))
        rotation = await run(look)
        show(county, rotation.done, rotation.done)
        return rotation.done


async def retire(settings: Settings, county: str) -> int:
    """Forget the county's former keys, once no value is sealed under them; how many there were. Raises ``SettingsError``."""
    keys = _keys_of(settings)
    current = keys.current(_key_county(county))
    if current is None:
        raise SettingsError(f"{county} has no key of its own; run: anju keys rotate-data")
    async with _unit(settings, county) as run:
        left = await run(key_rotation.outdated)
    if left:
        raise SettingsError(f"{left} values of {county} are sealed under former keys; run: anju keys rotate-data")
    return keys.retire(_key_county(county), keep=current)


def _keys_of(settings: Settings) -> FileCountyKeys:
    keys = settings.keys.counties
    assert keys is not None  # noqa: S101 - the settings always give them
    return keys


def _key_county(county: str) -> str:
    return SHARED if county == key_rotation.ACCOUNTS else county


@asynccontextmanager
async def _unit(settings: Settings, county: str) -> AsyncIterator[Any]:
    """Runs commands as the county's own clock, each in its transaction."""
    engine = command_engine(settings.database, size=1, overflow=0)
    sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine, expire_on_commit=False)
    vault = settings.keys.vault()

    async def run(command: Command) -> Any:
        actor = system_actor(county, today(datetime.now(UTC)))
        return (await transact(sessions, actor, county, command, vault=vault)).row

    try:
        yield run
    finally:
        await engine.dispose()
