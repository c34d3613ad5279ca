"""An area whose cashier takes money, today: the API reads with the real clock."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.files import open_store
from app.register_job import StoreCarrier
from resolvers import carriers
from tests.market import Market
from tests.world import World


@pytest.fixture
async def market(world: World) -> Market:
    world.now = datetime.now(UTC)
    made = await Market.open(world)
    await made.run(await made.item(), world.today.replace(day=1))
    return made


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Iterator[Path]:
    """Where papers are kept."""
    carriers.provide(StoreCarrier(open_store(tmp_path.as_uri()), world.sessions, address="https://anju.example.gov.cn"))
    yield tmp_path
    carriers._carriers.clear()
