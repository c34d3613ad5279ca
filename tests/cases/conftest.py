"""Sessions of the application's kind, a stage in the test's own county, and the API over it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.database import command_engine
from app.lines import read_lines
from app.settings import Settings
from auth.actor import Actor
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from tests.database import Database
from tests.stage import VAULT, Stage

Ask = Callable[..., Awaitable[dict[str, Any]]]


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


@pytest_asyncio.fixture
async def answers(database: Database, sessions: async_sessionmaker[AsyncSession], tmp_path: Path) -> AsyncIterator[Ask]:
    """Run a document as somebody: the body of its answer."""
    documents = Documents(graphql_schema())
    async with read_lines(database.url) as lines:
        executor = Executor(graphql_schema(), lines, sessions, VAULT, Settings(data=tmp_path))

        async def answer(who: Actor, text: str, **variables: Any) -> dict[str, Any]:
            document = documents.get(text)
            assert document.rejection is None, document.rejection
            context = RequestContext("test")
            found = await executor.execute(document, document.operation(None), variables, who, context)
            return orjson.loads(found.body)  # type: ignore[no-any-return]

        yield answer


@pytest.fixture
def ask(answers: Ask) -> Ask:
    """Run a document as somebody: ``data`` of its answer, which must have no errors."""

    async def asked(who: Actor, text: str, **variables: Any) -> dict[str, Any]:
        body = await answers(who, text, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]  # type: ignore[no-any-return]

    return asked
