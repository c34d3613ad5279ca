"""An area in business for every test of fees, and the API over it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import read_lines
from app.settings import Settings
from auth.actor import Actor
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from tests.acts import Ask
from tests.database import Database
from tests.market import Market
from tests.world import World


@pytest.fixture
async def market(world: World) -> Market:
    return await Market.open(world)


@pytest_asyncio.fixture
async def ask(
    database: Database, command_sessions: async_sessionmaker[AsyncSession], world: World, tmp_path: Path
) -> AsyncIterator[Ask]:
    """``await ask(actor, document, **variables)`` gives ``data``; there must be no errors."""
    documents = Documents(graphql_schema())
    async with read_lines(database.url) as lines:
        executor = Executor(graphql_schema(), lines, command_sessions, world.vault, Settings(data=tmp_path))

        async def asked(who: Actor, text: str, **variables: Any) -> Any:
            document = documents.get(text)
            assert document.rejection is None, document.rejection
            answer = await executor.execute(document, document.operation(None), variables, who, RequestContext("r-1"))
            body = orjson.loads(answer.body)
            assert "errors" not in body, body
            return body["data"]

        yield asked
