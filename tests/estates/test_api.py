"""The register through the API: search by keyword, batches answered item by item, figures, all under the actor's eyes."""

from datetime import UTC, datetime

from schema.engine.values import Ref, encode_id
from tests.cases.conftest import Ask
from tests.estates import places
from tests.world import World


async def test_estates_are_found_by_words_of_their_name(world: World, ask: Ask) -> None:
    world.now = datetime.now(UTC)
    for code, name in (("E1", "柳泉花园（演示）"), ("E2", "西山花园（演示）")):
        await places.estate(world, code, name=name)
    text = "query Q($w: String!) { estates(where: {keyword: $w}) { totalCount nodes { code } } }"
    bureau, stranger = await world.bureau(), await world.township_office(world.other_township)
    for word, codes in (("花园", ["E1", "E2"]), ("柳泉", ["E1"]), ("园 柳泉", ["E1"]), ("东湖", [])):
        found = (await ask(bureau, text, w=word))["estates"]
        assert (found["totalCount"], sorted(node["code"] for node in found["nodes"])) == (len(codes), codes)
    assert (await ask(stranger, text, w="花园"))["estates"]["totalCount"] == 0


async def test_a_list_of_units_is_answered_item_by_item_and_figures_follow(world: World, ask: Ask) -> None:
    world.now = datetime.now(UTC)
    estate = await places.estate(world, party_coverage="OWN", party_organisation="演示党支部")
    block = await places.building(world, estate)
    bureau = await world.bureau()
    text = """mutation M($b: ID!) { unitsRegister(input: {buildingId: $b, idempotencyKey: "u-1", items: [
      {room: "101", floor: 1, use: DWELLING, registeredArea: 8875}, {room: "101", floor: 0, use: SHOP}]}) {
      userErrors { code } results { index unit { name buildingArea areaBasis } userErrors { code field } } } }"""
    answer = (await ask(bureau, text, b=encode_id(Ref("Building", world.county, block.id))))["unitsRegister"]
    first, second = answer["results"]
    assert first["unit"] == {"name": "1幢101", "buildingArea": 8875, "areaBasis": "REGISTERED"}
    assert second["unit"] is None
    assert [error["code"] for error in second["userErrors"]] == ["OUT_OF_RANGE"]
    figures = "{ statistics(measure: PARTY, by: TOWNSHIP) { division { code } covered total basisPoints passes } }"
    rates = (await ask(bureau, figures))["statistics"]
    assert [(rate["division"]["code"], rate["covered"], rate["basisPoints"]) for rate in rates] == [
        (world.township, 1, 10_000),
        (world.other_township, 0, None),
    ]
