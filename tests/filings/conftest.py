"""Asking the engine as the edge does, about a project that lives today."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import read_lines
from app.settings import Settings
from auth.actor import Actor
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from schema.engine.values import Ref, encode_id
from tests.database import Database
from tests.project import Project
from tests.world import World

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest_asyncio.fixture
async def ask(
    database: Database,
    command_sessions: async_sessionmaker[AsyncSession],
    world: World,
    tmp_path: Path,
) -> AsyncIterator[Ask]:
    documents = Documents(graphql_schema())
    settings = Settings(data=tmp_path)
    async with read_lines(database.url) as lines:
        executor = Executor(graphql_schema(), lines, command_sessions, world.vault, settings)

        async def asked(who: Actor, text: str, **variables: Any) -> dict[str, Any]:
            document = documents.get(text)
            assert document.rejection is None, document.rejection
            context = RequestContext("r-1")
            answer = await executor.execute(document, document.operation(None), variables, who, context)
            return orjson.loads(answer.body)  # type: ignore[no-any-return]

        yield asked


@pytest_asyncio.fixture
async def project(world: World) -> Project:
    """The same project, today: the engine reads with the real clock."""
    world.now = datetime.now(UTC)
    return await Project.build(world)


def ids(type_name: str, county: str, *keys: Any) -> list[str]:
    return [encode_id(Ref(type_name, county, key)) for key in keys]
