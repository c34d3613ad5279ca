"""Whatever the register is told of a place or a person, it says again: each field by its own value, through the API."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.identifiers import make_credit_code, make_id_number, make_unit_number
from models.estates import Ownership, Unit
from tests.acts import Ask, act, done, refusal, row_of
from tests.world import World

OFFICES = ["PLANNING", "CONSTRUCTION", "HOUSING"]


@pytest.fixture
def today(world: World) -> World:
    """The world as of now: the API goes by the real clock."""
    world.now = datetime.now(UTC)
    return world


def fields(given: dict[str, Any]) -> str:
    return " ".join(given)


def place(world: World) -> dict[str, Any]:
    return {"township": world.township, "community": world.community}


def estate_of(world: World, code: str = "E1", **more: Any) -> dict[str, Any]:
    named = {"code": code, "name": f"{code}花园（演示）", "address": "测试路1号"}
    return {**named, **place(world), "serviceMode": "COMPANY", "kind": "COMMODITY", **more}


async def estate(ask: Ask, world: World, code: str = "E1", **more: Any) -> str:
    given = estate_of(world, code, **more)
    return (await done(ask, await world.bureau(), "estateRegister", "estate { id }", **given))["id"]  # type: ignore[no-any-return]


async def building(ask: Ask, world: World, estate_id: str, number: str = "1", kind: str = "MULTI_STOREY") -> str:
    given = {"estateId": estate_id, "number": number, "kind": kind}
    return (await done(ask, await world.bureau(), "buildingRegister", "building { id }", **given))["id"]  # type: ignore[no-any-return]


async def area(ask: Ask, world: World, code: str, *estates: dict[str, Any], **more: Any) -> str:
    named = {"code": code, "name": f"{code}区域（演示）", **place(world), "consultedOffices": OFFICES}
    given = {**named, "estates": list(estates), **more}
    return (await done(ask, await world.bureau(), "areaRegister", "area { id }", **given))["id"]  # type: ignore[no-any-return]


@pytest.mark.requirement("TQ-117")
async def test_all_that_is_said_of_an_estate(today: World, ask: Ask) -> None:
    world = today
    given = estate_of(
        world,
        yearBuilt=1998,
        landArea=1_234_567,
        buildingArea=3_012_050,
        chargeableArea=2_900_001,
        households=320,
        fundDeposit="PARTIAL",
        partyCoverage="JOINT",
        partyOrganisation="演示联合党支部",
        grid="柳泉第三网格",
        developer="演示开发（虚构）",
        isPilot=True,
        inOldTown=True,
        inCountyTown=False,
        isRenovated=True,
    )
    made = await done(
        ask,
        await world.bureau(),
        "estateRegister",
        f"estate {{ id {fields(given)} state approvedOn version }}",
        **given,
    )
    today_ = world.today.isoformat()
    assert made == {**given, "id": made["id"], "state": "APPROVED", "approvedOn": today_, "version": 1}
    changed = {"yearBuilt": 1999, "landArea": 1, "grid": "第四网格", "isPilot": False, "fundDeposit": "FULL"}
    corrected = await done(
        ask,
        await world.township_office(),
        "estateCorrect",
        f"estate {{ {fields(given)} version }}",
        id=made["id"],
        expectedVersion=1,
        reason="普查",
        **changed,
    )
    assert corrected == {**given, **changed, "version": 2}
    mode = {"mode": "UNMANAGED", "since": "2026-01-05", "reason": "物业企业撤出"}
    shown = "estate { serviceMode serviceModeSince }"
    unmanaged = await done(ask, await world.community_office(), "estateServiceModeSet", shown, id=made["id"], **mode)
    assert unmanaged == {"serviceMode": "UNMANAGED", "serviceModeSince": "2026-01-05"}
    shown = "estate { contactCadre contactCadreOffice contactCadrePhone }"
    cadre = {"estateId": made["id"], "name": "赵干部", "office": "柳泉街道", "phone": "15400000001"}
    named = await done(ask, await world.township_office(), "contactCadreAppoint", shown, **cadre)
    assert named == {
        "contactCadre": "赵干部",
        "contactCadreOffice": "柳泉街道",
        "contactCadrePhone": "154****0001",
    }
    divisions = "townshipDivision { code name } communityDivision { code parent { code } county level }"
    assert await row_of(ask, await world.bureau(), made["id"], divisions) == {
        "townshipDivision": {"code": world.township, "name": "演示001街道"},
        "communityDivision": {
            "code": world.community,
            "parent": {"code": world.township},
            "county": world.county,
            "level": "COMMUNITY",
        },
    }


async def test_what_a_community_enters_waits_for_the_bureau(today: World, ask: Ask) -> None:
    world = today
    entered = await done(
        ask, await world.community_office(), "estateRegister", "estate { id state }", **estate_of(world)
    )
    assert entered["state"] == "DRAFT"
    approved = await done(ask, await world.bureau(), "estateApprove", "estate { state }", id=entered["id"])
    assert approved == {"state": "APPROVED"}


@pytest.mark.requirement("ZS-5")
async def test_estates_are_found_by_how_they_are_managed_and_when_they_were_built(today: World, ask: Ask) -> None:
    world = today
    await estate(ask, world, "E1", yearBuilt=1985, inOldTown=True, partyCoverage="OWN", partyOrganisation="支部")
    await estate(ask, world, "E2", serviceMode="UNMANAGED", yearBuilt=2001, isPilot=True)
    await estate(ask, world, "E3", kind="REFORMED_HOUSING", yearBuilt=2000)
    text = "query ($where: EstateFilter) { estates(where: $where, orderBy: CODE) { nodes { code } } }"
    conditions: list[tuple[dict[str, Any], list[str]]] = [
        ({"serviceMode": "UNMANAGED"}, ["E2"]),
        ({"kind": "REFORMED_HOUSING"}, ["E3"]),
        ({"builtBefore": 2001}, ["E1", "E3"]),
        ({"inOldTown": True}, ["E1"]),
        ({"isPilot": True}, ["E2"]),
        ({"partyCoverage": "NONE"}, ["E2", "E3"]),
        ({"code": "E3"}, ["E3"]),
        ({"community": world.other_community}, []),
    ]
    for where, codes in conditions:
        found = (await ask(await world.bureau(), text, where=where))["estates"]["nodes"]
        assert [node["code"] for node in found] == codes, where


async def test_all_that_is_said_of_a_building_and_of_a_facility(today: World, ask: Ask) -> None:
    world = today
    estate_id = await estate(ask, world)
    given = {
        "number": "A2",
        "kind": "HIGH_RISE",
        "floorsAbove": 18,
        "floorsBelow": 2,
        "entranceCount": 3,
        "hasElevator": True,
        "yearBuilt": 2011,
        "publicHousingSeller": "演示总厂（虚构）",
    }
    made = await done(
        ask,
        await world.community_office(),
        "buildingRegister",
        f"building {{ id name floorArea estate {{ id }} {fields(given)} }}",
        estateId=estate_id,
        buildingArea=912_345,
        **given,
    )
    assert made == {**given, "id": made["id"], "name": "A2幢", "floorArea": 912_345, "estate": {"id": estate_id}}
    lift = {
        "kind": "ELEVATOR",
        "number": "梯11鲁C00001",
        "name": "1号电梯",
        "location": "2单元",
        "state": "OUT_OF_ORDER",
        "installedOn": "2011-09-01",
        "maintainer": "演示维保（虚构）",
        "inspectedUntil": "2027-08-31",
    }
    shown = f"facility {{ {fields(lift)} building {{ name }} estate {{ code }} }}"
    facility = await done(
        ask, await world.bureau(), "facilityRegister", shown, estateId=estate_id, buildingId=made["id"], **lift
    )
    assert facility == {**lift, "building": {"name": "A2幢"}, "estate": {"code": "E1"}}


UNIT = (
    "id name entrance floor room use parkingRight buildingArea areaBasis registeredArea surveyedArea contractArea"
    " exclusiveArea chargeableArea chargeableBasis houseCode realEstateUnitNo certificateNo netSignNo deliveredOn"
    " soldPublicHousing developerHeld version"
)


async def registered(ask: Ask, world: World, building_id: str, *items: dict[str, Any]) -> list[Any]:
    """The units that were entered, none of them refused."""
    shown = f"results {{ unit {{ {UNIT} }} userErrors {{ code field }} }}"
    payload = await act(ask, await world.bureau(), "unitsRegister", shown, buildingId=building_id, items=list(items))
    assert [result["userErrors"] for result in payload["results"]] == [[]] * len(items), payload
    return [result["unit"] for result in payload["results"]]


@pytest.mark.requirement("TQ-117")
async def test_all_that_is_said_of_a_unit(today: World, ask: Ask) -> None:
    world = today
    building_id = await building(ask, world, await estate(ask, world), "3")
    given = {
        "entrance": "2",
        "floor": 5,
        "room": "501",
        "use": "DWELLING",
        "registeredArea": 8_875,
        "surveyedArea": 8_890,
        "contractArea": 8_901,
        "exclusiveArea": 7_012,
        "houseCode": "FW-000501",
        "realEstateUnitNo": make_unit_number(12),
        "certificateNo": "鲁（2015）演示区不动产权第0000501号",
        "netSignNo": "WQ-2014-00501",
        "deliveredOn": "2015-06-30",
        "soldPublicHousing": True,
        "developerHeld": False,
    }
    [made] = await registered(ask, world, building_id, given)
    follows = {"name": "3幢2单元501", "buildingArea": 8_875, "areaBasis": "REGISTERED", "parkingRight": None}
    charged = {"chargeableArea": 8_875, "chargeableBasis": "BUILDING_AREA"}
    assert made == {**given, **follows, **charged, "id": made["id"], "version": 1}

    async def corrected(version: int, **changes: Any) -> Any:
        fix = {"id": made["id"], "expectedVersion": version, "reason": "更正"}
        return await done(ask, await world.bureau(), "unitCorrect", f"unit {{ {UNIT} }}", **fix, **changes)

    # The area that is charged is the one that its basis names, unless the contract fixes another.
    by_exclusive = await corrected(1, chargeableBasis="EXCLUSIVE_AREA")
    assert by_exclusive == {**made, "chargeableBasis": "EXCLUSIVE_AREA", "chargeableArea": 7_012, "version": 2}
    agreed = await corrected(2, chargeableBasis="AGREED", chargeableArea=8_000, netSignNo="WQ-2")
    assert (agreed["chargeableBasis"], agreed["chargeableArea"], agreed["netSignNo"]) == ("AGREED", 8_000, "WQ-2")
    text = "query ($where: UnitFilter) { units(where: $where) { nodes { id } } }"
    for where in ({"houseCode": "FW-000501"}, {"realEstateUnitNo": make_unit_number(12)}, {"entrance": "2"}):
        assert (await ask(await world.bureau(), text, where=where))["units"]["nodes"] == [{"id": made["id"]}], where
    assert (await ask(await world.bureau(), text, where={"houseCode": "FW-0"}))["units"]["nodes"] == []


async def test_a_list_of_units_has_a_hundred_at_most(today: World, ask: Ask) -> None:
    world = today
    building_id = await building(ask, world, await estate(ask, world))
    items = [{"room": f"{number}", "floor": 1, "use": "STORAGE"} for number in range(101)]
    refused = await refusal(ask, await world.bureau(), "unitsRegister", buildingId=building_id, items=items)
    assert refused == ("OUT_OF_RANGE", "items")
    assert await world.rows(Unit) == []
    assert len(await registered(ask, world, building_id, *items[:100])) == 100


async def test_units_stand_in_natural_order_from_below_the_ground(today: World, ask: Ask) -> None:
    """Entered in any order: 9幢 before 10幢, the second cellar under the first, room 2 before room 10."""
    world = today
    estate_id = await estate(ask, world)
    tenth, ninth = [await building(ask, world, estate_id, number) for number in ("10", "9")]
    garage = await building(ask, world, estate_id, "地下车库", "GARAGE")
    await registered(
        ask,
        world,
        garage,
        {"room": "B1-10", "floor": -1, "use": "PARKING", "parkingRight": "TITLED"},
        {"room": "B1-2", "floor": -1, "use": "PARKING", "parkingRight": "COMMON"},
        {"room": "B2-1", "floor": -2, "use": "STORAGE"},
    )
    await registered(ask, world, tenth, {"room": "101", "floor": 1, "use": "SHOP"})
    await registered(
        ask,
        world,
        ninth,
        {"entrance": "10", "room": "101", "floor": 1, "use": "DWELLING"},
        {"entrance": "2", "room": "1001", "floor": 10, "use": "OFFICE"},
        {"entrance": "2", "room": "201", "floor": 2, "use": "PUBLIC"},
        {"entrance": "2", "room": "-101", "floor": -1, "use": "STORAGE"},
    )
    text = "query ($where: UnitFilter) { units(where: $where, orderBy: NUMBER) { nodes { name floor use } } }"
    found = (await ask(await world.bureau(), text, where={"estate": estate_id}))["units"]["nodes"]
    assert [(node["name"], node["floor"], node["use"]) for node in found] == [
        ("9幢2单元-101", -1, "STORAGE"),
        ("9幢2单元201", 2, "PUBLIC"),
        ("9幢2单元1001", 10, "OFFICE"),
        ("9幢10单元101", 1, "DWELLING"),
        ("10幢101", 1, "SHOP"),
        ("地下车库B2-1", -2, "STORAGE"),
        ("地下车库B1-2", -1, "PARKING"),
        ("地下车库B1-10", -1, "PARKING"),
    ]
    shops = (await ask(await world.bureau(), text, where={"estate": estate_id, "use": "SHOP"}))["units"]["nodes"]
    assert [node["name"] for node in shops] == ["10幢101"]


HOLDERS = """ownerships(first: 9) { nodes { kind basis numerator denominator isRepresentative validFrom validTo
  owner { kind name document creditCode agentName agentPhone isMinor guardian { name phone } } } }"""


def person(number: int, born: date = date(1980, 1, 1), **more: Any) -> dict[str, Any]:
    document = {"documentKind": "ID_CARD", "documentNumber": make_id_number(number, born)}
    return {"name": f"测试{number}", **document, **more}


async def test_all_that_is_said_of_who_holds_a_unit(today: World, ask: Ask) -> None:
    world = today
    building_id = await building(ask, world, await estate(ask, world))
    [unit] = await registered(ask, world, building_id, {"room": "101", "floor": 1, "use": "DWELLING"})
    guardian = person(31, phone="15400000031")
    firm = {"name": "演示公司（虚构）", "creditCode": make_credit_code(1), "agentName": "李代理"}
    holders = [
        {"person": person(32, date(2015, 1, 1), guardian=guardian), "numerator": 1, "denominator": 3},
        {
            "organisation": {**firm, "agentPhone": "15400000009"},
            "numerator": 2,
            "denominator": 3,
            "isRepresentative": True,
        },
    ]
    given = {"unitId": unit["id"], "kind": "SHARES", "holders": holders, "since": "2026-01-02", "basis": "POSSESSION"}
    bureau = await world.bureau()
    # One of several holders casts the unit's one vote: two are one too many.
    both = [{**holder, "isRepresentative": True} for holder in holders]
    refused = await refusal(ask, bureau, "ownershipRegister", **{**given, "holders": both})
    assert refused == ("INVALID_INPUT", "holders")
    assert await world.rows(Ownership) == []
    held = (await done(ask, bureau, "ownershipRegister", f"unit {{ {HOLDERS} }}", **given))["ownerships"]["nodes"]
    since = {"kind": "SHARES", "basis": "POSSESSION", "validFrom": "2026-01-02", "validTo": None}
    child, company = sorted(held, key=lambda row: row["numerator"])
    number = make_id_number(32, date(2015, 1, 1))
    assert child == {
        **since,
        "numerator": 1,
        "denominator": 3,
        "isRepresentative": False,
        "owner": {
            "kind": "PERSON",
            "name": "测试32",
            "document": f"{number[:3]}***********{number[-4:]}",
            "creditCode": None,
            "agentName": None,
            "agentPhone": None,
            "isMinor": True,
            "guardian": {"name": "测试31", "phone": "154****0031"},
        },
    }
    assert company == {
        **since,
        "numerator": 2,
        "denominator": 3,
        "isRepresentative": True,
        "owner": {
            "kind": "ORGANISATION",
            "name": "演示公司（虚构）",
            "document": None,
            "creditCode": make_credit_code(1),
            "agentName": "李代理",
            "agentPhone": "154****0009",
            "isMinor": False,
            "guardian": None,
        },
    }
    sold = {"unitId": unit["id"], "kind": "SOLE", "holders": [{"person": person(33)}], "on": "2026-02-03"}
    shown = f"unit {{ {HOLDERS} ownershipHistory(first: 9) {{ nodes {{ validTo owner {{ name }} }} }} }}"
    passed = await done(ask, bureau, "ownershipTransfer", shown, reason="买卖", **sold)
    [now] = passed["ownerships"]["nodes"]
    assert (now["owner"]["name"], now["isRepresentative"], now["basis"]) == ("测试33", True, "REGISTERED")
    history = {(row["validTo"], row["owner"]["name"]) for row in passed["ownershipHistory"]["nodes"]}
    assert history == {("2026-02-03", "测试32"), ("2026-02-03", "演示公司（虚构）"), (None, "测试33")}


async def test_all_that_is_said_of_who_uses_a_unit(today: World, ask: Ask) -> None:
    world = today
    building_id = await building(ask, world, await estate(ask, world))
    [unit] = await registered(ask, world, building_id, {"room": "101", "floor": 1, "use": "DWELLING"})
    community = await world.community_office()
    shown = "occupancy { id kind name phone paysFees validFrom validTo isCurrent }"
    tenant = {"kind": "TENANT", "name": "赵租客", "since": "2026-01-02", "paysFees": True, "phone": "15400000041"}
    made = await done(ask, community, "occupancyRegister", shown, unitId=unit["id"], until="2030-01-01", **tenant)
    assert made == {
        "id": made["id"],
        "kind": "TENANT",
        "name": "赵租客",
        "phone": "154****0041",
        "paysFees": True,
        "validFrom": "2026-01-02",
        "validTo": "2030-01-01",
        "isCurrent": True,
    }
    family = {"kind": "FAMILY", "name": "钱家属", "since": "2026-01-02"}
    relative = await done(ask, community, "occupancyRegister", shown, unitId=unit["id"], **family)
    assert (relative["kind"], relative["paysFees"], relative["validTo"]) == ("FAMILY", False, None)
    ended = await done(
        ask, community, "occupancyEnd", "occupancy { validTo isCurrent }", id=made["id"], on="2026-02-01"
    )
    assert ended == {"validTo": "2026-02-01", "isCurrent": False}


AREA = (
    "id code name township community boundary filingNumber filedOn floorArea consultedOffices state endedOn"
    " buildingCount unitCount"
)


@pytest.mark.requirement("ZS-2")
async def test_all_that_is_said_of_an_area_and_what_became_of_it(today: World, ask: Ask) -> None:
    """Two estates' areas are merged into one, and that is split again: each says where it came from and went to."""
    world = today
    bureau = await world.bureau()
    first, second = [await estate(ask, world, code) for code in ("E1", "E2")]
    blocks = [await building(ask, world, first, number) for number in ("1", "2")]
    await building(ask, world, second)
    await registered(ask, world, blocks[0], {"room": "101", "floor": 1, "use": "DWELLING"})
    told = {
        "boundary": "东至柳泉路，西至西一路",
        "filingNumber": "演划〔2026〕1号",
        "filedOn": "2026-01-15",
        "floorArea": 3_000_001,
        "consultedOffices": ["CONSTRUCTION", "HOUSING", "PLANNING"],
    }
    named = {"code": "A1", "name": "一区（演示）", **place(world)}
    one = await done(ask, bureau, "areaRegister", f"area {{ {AREA} }}", **named, **told, estates=[{"estateId": first}])
    counted = {"state": "ACTIVE", "endedOn": None, "buildingCount": 2, "unitCount": 1}
    assert one == {**named, **told, **counted, "id": one["id"]}
    two = await area(ask, world, "A2", {"estateId": second})
    merging = {"areaIds": [one["id"], two], "reason": "连片管理", "code": "M1", "name": "连片（演示）", **place(world)}
    came = "predecessors(first: 9) { nodes { kind happenedOn reason predecessor { code state endedOn } } }"
    went = "successors(first: 9) { nodes { kind reason successor { code } } }"
    merged = await done(ask, bureau, "areaMerge", f"area {{ {AREA} {came} }}", **merging, consultedOffices=OFFICES)
    today_ = world.today.isoformat()
    assert sorted(merged.pop("predecessors")["nodes"], key=lambda step: step["predecessor"]["code"]) == [
        {
            "kind": "MERGE",
            "happenedOn": today_,
            "reason": "连片管理",
            "predecessor": {"code": code, "state": "MERGED", "endedOn": today_},
        }
        for code in ("A1", "A2")
    ]
    assert (merged["buildingCount"], merged["unitCount"]) == (3, 1)
    covered = "estates(first: 9) { nodes { estate { code } validFrom validTo } }"
    old = await row_of(ask, bureau, one["id"], f"{AREA} {went} {covered}")
    # The old area says what it was, what it covered and until when.
    assert old == {
        **one,
        "state": "MERGED",
        "endedOn": today_,
        "buildingCount": 0,
        "unitCount": 0,
        "successors": {"nodes": [{"kind": "MERGE", "reason": "连片管理", "successor": {"code": "M1"}}]},
        "estates": {"nodes": [{"estate": {"code": "E1"}, "validFrom": today_, "validTo": today_}]},
    }

    def part(code: str, *covers: dict[str, Any]) -> dict[str, Any]:
        return {"code": code, "name": f"{code}（演示）", **place(world), "consultedOffices": OFFICES, "estates": covers}

    parts = [
        part("P1", {"estateId": first, "part": "一期", "buildingIds": [blocks[0]]}),
        part("P2", {"estateId": first, "part": "二期", "buildingIds": [blocks[1]]}, {"estateId": second}),
    ]
    shown = f"area {{ state {went} }}"
    split = await done(ask, bureau, "areaSplit", shown, id=merged["id"], parts=parts, reason="分期")
    assert split["state"] == "SPLIT"
    assert sorted(step["successor"]["code"] for step in split["successors"]["nodes"]) == ["P1", "P2"]
    text = """query { propertyAreas(orderBy: CODE, where: {state: ACTIVE}) { nodes { code buildingCount unitCount
      estates { nodes { part estate { code } } } } } }"""
    standing = (await ask(bureau, text))["propertyAreas"]["nodes"]
    assert [(node["code"], node["buildingCount"], node["unitCount"]) for node in standing] == [
        ("P1", 1, 1),
        ("P2", 2, 0),
    ]
    assert {(link["estate"]["code"], link["part"]) for link in standing[1]["estates"]["nodes"]} == {
        ("E1", "二期"),
        ("E2", None),
    }
