"""Sessions of the application's kind, and a stage in the test's own county."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.database import command_engine
from tests.database import Database
from tests.stage import Stage


@pytest_asyncio.fixture(scope="session")
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    made = command_engine(database.url, size=4, overflow=8)
    yield made
    await made.dispose()


@pytest.fixture(scope="session")
def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


@pytest_asyncio.fixture
async def stage(sessions: async_sessionmaker[AsyncSession], county: str) -> Stage:
    return await Stage.build(sessions, county)
