"""An area in business for every test of fees."""

import pytest

from tests.market import Market
from tests.world import World


@pytest.fixture
async def market(world: World) -> Market:
    return await Market.open(world)
