"""Keeps the embedded PostgreSQL running while Anju does: one that died is started again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from app import postgres

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25
"""Between two looks; one costs a tenth of a millisecond."""

WAIT_SECONDS = 5.0
"""After a start that failed, before the next one."""


@asynccontextmanager
async def kept_running(folder: Path | None) -> AsyncIterator[None]:
    """Look after the server of a data folder for as long; without a folder there is nothing to look after."""
    if folder is None:
        yield
        return
    task = asyncio.create_task(keep_running(folder))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def keep_running(folder: Path) -> None:
    """Look after the server of a data folder until cancelled. Whoever shares the folder may do so too."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if postgres.is_alive(folder):
            continue
        log.error("postgres_died", folder=str(folder), doing="it is started again")
        try:
            await asyncio.to_thread(_start_again, folder)
        except (postgres.PostgresError, OSError) as error:
            log.error("postgres_did_not_start", folder=str(folder), error=str(error))
            await asyncio.sleep(WAIT_SECONDS)


def _start_again(folder: Path) -> None:
    # It is for those who hold the folder's lock already: this call lets go at once.
    postgres.start(folder).stop()
