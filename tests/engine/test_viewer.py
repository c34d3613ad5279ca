"""The caller, rows by id, labels, and outcomes of lost answers."""

from domain.roles import Role
from tests.engine.conftest import TODAY, Ask, Town, actor, key
from tests.engine.test_reads import answered


async def test_the_viewer_has_its_grants_with_their_subjects(ask: Ask, town: Town) -> None:
    text = "{ viewer { displayName today counties roles grants { id role unit { name } estate { code } area { id } township } } }"
    who = town.owner("2-101")
    shown = {
        "id": str(who.grants[0].id),
        "role": "OWNER",
        "unit": {"name": "2幢1单元101"},
        "estate": {"code": "E0"},
        "area": {"id": key("PropertyArea", town.areas["Alder"])},
        "township": None,
    }
    viewer = {
        "displayName": "某人",
        "today": TODAY.isoformat(),
        "counties": [town.county],
        "roles": [Role.OWNER],
        "grants": [shown],
    }
    assert await ask(who, text) == answered(viewer=viewer)


async def test_nodes_keep_their_order_and_hide_what_is_hidden(ask: Ask, town: Town) -> None:
    text = "query N($ids: [ID!]!) { nodes(ids: $ids) { id ... on Estate { code } ... on Building { number } } }"
    north, south = key("Estate", town.estates["Birch"]), key("Estate", town.estates["Cedar"])
    two = key("Building", town.buildings["2"])
    shown = [{"id": two, "number": "2"}, None, {"id": north, "code": "E1"}, None, {"id": two, "number": "2"}]
    assert await ask(town.township, text, ids=[two, south, north, "nonsense", two]) == answered(nodes=shown)
    answer = await ask(actor(), text, ids=[two, south])
    assert answer == answered(nodes=[None, None])


async def test_too_many_ids_are_refused(ask: Ask, town: Town) -> None:
    answer = await ask(town.bureau, "query N($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 101)
    assert answer["data"] == {"nodes": None}
    assert answer["errors"][0]["extensions"] == {"code": "OUT_OF_RANGE", "field": "ids"}
