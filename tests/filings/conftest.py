"""Asking the engine as the edge does, about a project that lives today."""

from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from schema.engine.values import Ref, encode_id
from tests.acts import Ask as Ask
from tests.project import Project
from tests.world import World


@pytest.fixture(scope="session")
def ask(say: Ask) -> Ask:
    """Run a document as somebody: the whole answer, with its errors."""
    return say


@pytest_asyncio.fixture
async def project(world: World) -> Project:
    """The same project, today: the engine reads with the real clock."""
    world.now = datetime.now(UTC)
    return await Project.build(world)


def ids(type_name: str, county: str, *keys: Any) -> list[str]:
    return [encode_id(Ref(type_name, county, key)) for key in keys]
