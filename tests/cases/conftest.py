"""Sessions of the application's kind, a stage in the test's own county, and the API over it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.database import command_engine
from tests.acts import Ask as Ask
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


@pytest_asyncio.fixture
async def live(stage: Stage) -> Stage:
    """A stage of today: the API goes by the real clock."""
    stage.now = datetime.now(UTC)
    return stage


@pytest.fixture(scope="session")
def answers(say: Ask) -> Ask:
    return say


@pytest.fixture(scope="session")
def ask(ask: Ask) -> Ask:
    return ask
