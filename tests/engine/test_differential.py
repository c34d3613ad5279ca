"""Generated operations give the same JSON through the engine and through the naive reference."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from auth.actor import Actor
from domain.roles import Role
from schema.api import graphql_schema
from tests.access.matrix import Places
from tests.database import Database
from tests.engine.conftest import Ask, Town, actor, grant
from tests.engine.operations import documents
from tests.engine.reference import ENTITY_OF, Reference, World


def actors(town: Town) -> dict[str, Actor]:
    unit = town.units["2-101"]
    own = {"unit_id": unit.id, "estate_id": unit.estate_id, "area_id": unit.area_id}
    return {
        "bureau": town.bureau,
        "township": town.township,
        "owner": town.owner("2-101", "9-101"),
        "owner and township": actor(
            grant(Role.OWNER, town.county, **own), grant(Role.TOWNSHIP, town.county, township=town.south)
        ),
        "committee": actor(grant(Role.COMMITTEE, town.county, area_id=town.areas["Alder"].id)),
        "price": actor(grant(Role.PRICE, town.county)),
        "bank": actor(grant(Role.BANK, town.county)),
        "nobody": actor(),
    }


@pytest.mark.parametrize(
    "name", ["bureau", "township", "owner", "owner and township", "committee", "price", "bank", "nobody"]
)
async def test_the_engine_equals_the_reference(name: str, ask: Ask, town: Town, database: Database) -> None:
    who = actors(town)[name]
    world = World.load(database.superuser_url, {town.county})
    places = Places(world, {model: entity.name for model, entity in ENTITY_OF.items()})
    reference = Reference(world, who, places.sees)
    cases: list[tuple[str, dict[str, bool]]] = []

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(documents(graphql_schema()))
    def draw(case: tuple[str, dict[str, bool]]) -> None:
        cases.append(case)

    draw()
    for text, variables in cases:
        found: dict[str, Any] = await ask(who, text, **variables)
        assert "errors" not in found, (text, found["errors"])
        assert {"data": found["data"]} == reference.answer(text, variables), text
