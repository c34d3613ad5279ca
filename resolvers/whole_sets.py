"""Statements over whole sets of rows: joined by hashing or merging, whatever the planner believes of their number."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_JOINED = text("SELECT set_config('enable_nestloop', :row_by_row, true), set_config('jit', 'off', true)")


@asynccontextmanager
async def whole_sets(session: AsyncSession) -> AsyncIterator[None]:
    """What is executed within joins sets of rows.

    Where statistics are missing or older than the rows (a county's first run, lines written a moment ago) the planner takes
    each set for a handful of rows and joins them row by row, which takes the square of the time. A statement that fails ends
    the transaction, and the setting with it.
    """
    await session.execute(_JOINED, {"row_by_row": "off"})
    yield
    await session.execute(_JOINED, {"row_by_row": "on"})
