"""The register through the API: search by keyword, batches answered item by item, figures, all under the actor's eyes."""

from datetime import UTC, datetime

from auth.actor import Actor
from domain.profiles import profile_for_test
from domain.roles import Role
from models.base import new_id
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


FIGURES = """query ($measure: Coverage!, $by: DivisionLevel!) { statistics(measure: $measure, by: $by) {
  division { code } covered total basisPoints targetPercent passes } }"""


async def test_each_measure_is_counted_over_the_estates_that_the_office_sees(world: World, ask: Ask) -> None:
    """K-1 to K-3 of a county, a street and a community: each office counts what lies in its own division."""
    world.now = datetime.now(UTC)
    profile_for_test(world.county, copy_of="410927")
    here, there = {"community": world.community}, {"community": world.sibling_community}
    await places.estate(world, "E1", service_mode="SIMPLE", party_coverage="OWN", party_organisation="支部", **here)
    await places.estate(world, "E2", service_mode="UNMANAGED", **there)
    community, street, bureau = await world.community_office(), await world.township_office(), await world.bureau()

    async def figures(who: Actor, measure: str, by: str) -> list[tuple[str, int, int]]:
        rates = (await ask(who, FIGURES, measure=measure, by=by))["statistics"]
        return [(rate["division"]["code"], rate["covered"], rate["total"]) for rate in rates]

    assert await figures(community, "PARTY", "COMMUNITY") == [(world.community, 1, 1)]
    assert await figures(community, "SERVICE", "COMMUNITY") == [(world.community, 1, 1)]
    assert await figures(street, "SERVICE", "COMMUNITY") == [(world.community, 1, 1), (world.sibling_community, 0, 1)]
    assert await figures(bureau, "SERVICE", "TOWNSHIP") == [(world.township, 1, 2), (world.other_township, 0, 0)]
    assert await figures(bureau, "FORMATION", "COUNTY") == [(world.county, 0, 2)]
    (county,) = (await ask(bureau, FIGURES, measure="PARTY", by="COUNTY"))["statistics"]
    assert county == {
        "division": {"code": world.county},
        "covered": 1,
        "total": 2,
        "basisPoints": 5_000,
        "targetPercent": 90,
        "passes": False,
    }


async def test_figures_are_for_offices_and_for_divisions_of_the_county(world: World, answers: Ask) -> None:
    async def refused(who: Actor, measure: str, by: str) -> list[str]:
        body = await answers(who, FIGURES, measure=measure, by=by)
        assert body["data"] == {"statistics": None}
        return [error["extensions"]["code"] for error in body["errors"]]

    resident = await world.person(Role.OWNER, unit_id=new_id())
    court = await world.person(Role.COURT, scopes=("filings:public",))
    for who in (resident, court):
        assert await refused(who, "PARTY", "COUNTY") == ["FORBIDDEN_ROLE"]
    assert await refused(await world.bureau(), "PARTY", "PROVINCE") == ["OUT_OF_RANGE"]


TREE = """query ($where: DivisionFilter) { divisions(where: $where, orderBy: CODE) { totalCount
  nodes { code name level parent { code } } } }"""


async def test_the_tree_of_divisions_is_read_by_level_and_parent(world: World, ask: Ask) -> None:
    resident = await world.person(Role.OWNER, unit_id=new_id())
    streets = (await ask(resident, TREE, where={"parent": world.county}))["divisions"]
    assert streets == {
        "totalCount": 2,
        "nodes": [
            {"code": code, "name": name, "level": "TOWNSHIP", "parent": {"code": world.county}}
            for code, name in ((world.township, "演示001街道"), (world.other_township, "演示002街道"))
        ],
    }
    below = (await ask(resident, TREE, where={"level": "COMMUNITY", "county": world.county}))["divisions"]
    assert (below["totalCount"], below["nodes"][0]["parent"]) == (4, {"code": world.township})
