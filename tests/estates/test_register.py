"""Estates, buildings, units and facilities: entered, approved, corrected; each refusal changes nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.errors import ErrorCode
from domain.estates import AreaBasis, BuildingKind, EstateState, FacilityKind, PartyCoverage, ServiceMode, UnitUse
from domain.identifiers import make_phone, make_unit_number
from models.cases import AuditEvent
from models.estates import Estate, Unit
from models.sealed import reveal
from models.search import SearchGram
from resolvers import estates, units
from resolvers.unit_of_work import set_fuse
from tests.estates import places
from tests.world import World


@pytest.mark.requirement("ZS-1", "TQ-117")
async def test_a_community_enters_an_estate_and_the_bureau_approves_it(world: World) -> None:
    community, bureau = await world.community_office(), await world.bureau()
    given = places.estate_data(
        world, year_built=1998, households=320, building_area=2_845_000, fund_deposit="PARTIAL", grid="柳泉第三网格"
    )
    estate = await world.do(community, estates.estate_register, **given)
    assert (estate.state, estate.approved_on, estate.year_built, estate.households) == ("DRAFT", None, 1998, 320)
    assert (estate.building_area, estate.fund_deposit, estate.grid) == (2_845_000, "PARTIAL", "柳泉第三网格")
    await world.refused(community, estates.estate_approve, ErrorCode.FORBIDDEN_ROLE, id=estate.id)
    approved = await world.do(bureau, estates.estate_approve, id=estate.id, expected_version=1)
    assert (approved.state, approved.approved_on, approved.version) == (EstateState.APPROVED, world.today, 2)
    await world.refused(bureau, estates.estate_approve, ErrorCode.ACTION_NOT_AVAILABLE, id=estate.id)
    events = await world.rows(AuditEvent, subject_id=estate.id)
    assert [(event.action, event.role, event.to_state) for event in events] == [
        ("estateRegister", "COMMUNITY", "DRAFT"),
        ("estateApprove", "BUREAU", "APPROVED"),
    ]


async def test_what_the_bureau_enters_stands_at_once(world: World) -> None:
    assert (await places.estate(world)).state == EstateState.APPROVED


async def test_what_an_estate_may_not_be(world: World) -> None:
    community, bureau = await world.community_office(), await world.bureau()
    await places.estate(world)
    for actor, code, field, changes in (
        (bureau, ErrorCode.ALREADY_REGISTERED, "code", {"code": "E1"}),
        (bureau, ErrorCode.INVALID_DIVISION, "community", {"community": world.other_community}),
        (bureau, ErrorCode.OUT_OF_RANGE, "yearBuilt", {"year_built": world.today.year + 1}),
        (bureau, ErrorCode.OUT_OF_RANGE, "buildingArea", {"building_area": -1}),
        (bureau, ErrorCode.REQUIRED, "name", {"name": " "}),
        (bureau, ErrorCode.REQUIRED, "partyOrganisation", {"party_coverage": PartyCoverage.OWN}),
        (community, ErrorCode.FORBIDDEN_ROLE, "community", {"community": world.sibling_community}),
    ):
        given = places.estate_data(world, **{"code": "E2"} | changes)
        await world.refused(actor, estates.estate_register, code, field, **given)


@pytest.mark.requirement("TQ-119")
async def test_base_data_is_kept_up_to_date_by_whoever_read_the_latest(world: World) -> None:
    estate = await places.estate(world, households=100)
    office = await world.township_office()
    change = {"id": estate.id, "reason": "普查", "households": 102}
    corrected = await world.do(office, estates.estate_correct, expected_version=1, **change)
    assert (corrected.households, corrected.name, corrected.version) == (102, estate.name, 2)
    await world.refused(office, estates.estate_correct, ErrorCode.VERSION_CONFLICT, expected_version=1, **change)
    unchanged = await world.do(office, estates.estate_correct, expected_version=2, **change)
    assert unchanged.version == 2
    stranger = await world.township_office(world.other_township)
    await world.refused(stranger, estates.estate_correct, ErrorCode.NOT_FOUND, "id", expected_version=2, **change)


async def test_a_renamed_estate_is_found_by_its_new_name_only(world: World) -> None:
    estate = await places.estate(world, name="柳泉花园（演示）")
    await world.do(
        await world.bureau(),
        estates.estate_correct,
        id=estate.id,
        expected_version=1,
        reason="更名",
        name="西山花园（演示）",
    )
    async with world.sessions() as session:
        await set_fuse(session, {world.county})
        found = set((await session.scalars(select(SearchGram.gram).where(SearchGram.county == world.county))).all())
    assert {"西山", "花园", "测试"} <= found
    assert "柳泉" not in found


@pytest.mark.requirement("TQ-47", "ZS-5")
async def test_the_township_records_who_manages_an_estate_or_that_nobody_does(world: World) -> None:
    estate = await places.estate(world)
    office = await world.township_office()
    change = {"id": estate.id, "reason": "物业企业撤出"}
    done = await world.do(
        office, estates.estate_service_mode_set, mode=ServiceMode.UNMANAGED, since=world.today, **change
    )
    assert (done.service_mode, done.service_mode_since) == ("UNMANAGED", world.today)
    (event,) = await world.rows(AuditEvent, action="estateServiceModeSet")
    assert (event.from_state, event.to_state, event.reason) == ("COMPANY", "UNMANAGED", "物业企业撤出")
    tomorrow = world.today + timedelta(days=1)
    await world.refused(
        office,
        estates.estate_service_mode_set,
        ErrorCode.OUT_OF_RANGE,
        "since",
        mode="SIMPLE",
        since=tomorrow,
        **change,
    )
    for mode in ServiceMode:
        await world.do(office, estates.estate_service_mode_set, mode=mode, since=world.today, **change)
    (row,) = await world.rows(Estate)
    assert row.service_mode == list(ServiceMode)[-1]


@pytest.mark.requirement("ZD-70")
async def test_an_estate_has_one_named_contact_cadre(world: World) -> None:
    estate = await places.estate(world)
    office, community = await world.township_office(), await world.community_office()
    given = {"estate_id": estate.id, "office": "演示001街道"}
    await world.do(office, estates.contact_cadre_appoint, name="赵干部", phone=make_phone(1), **given)
    second = await world.do(office, estates.contact_cadre_appoint, name="钱干部", phone=make_phone(2), **given)
    assert (second.contact_cadre, second.contact_cadre_phone_mask) == ("钱干部", "154****0002")
    assert reveal(second, "contact_cadre_phone", world.vault) == make_phone(2)
    for actor, code, field, changes in (
        (office, ErrorCode.INVALID_PHONE, "phone", {"name": "孙", "phone": "12"}),
        (office, ErrorCode.REQUIRED, "name", {"name": " "}),
        (community, ErrorCode.FORBIDDEN_ROLE, None, {"name": "孙"}),
    ):
        await world.refused(actor, estates.contact_cadre_appoint, code, field, **given, **changes)


@pytest.mark.requirement("TQ-117")
async def test_buildings_and_units_of_the_register(world: World) -> None:
    estate = await places.estate(world)
    bureau = await world.bureau()
    block = await places.building(world, estate, "3")
    assert (block.name, block.kind) == ("3幢", BuildingKind.MULTI_STOREY)
    garage = await world.do(
        bureau, estates.building_register, estate_id=estate.id, number="地下车库", kind="GARAGE", floors_below=2
    )
    assert garage.name == "地下车库"
    flat = await places.unit(world, block, "501", entrance="2", floor=5, surveyed_area=8_890, exclusive_area=7_012)
    assert (flat.name, flat.name_mask) == ("3幢2单元501", "3-*-5**")
    assert (flat.building_area, flat.area_basis, flat.chargeable_area) == (8_875, AreaBasis.REGISTERED, 8_875)
    space = await places.unit(
        world, garage, "B2-077", floor=-2, use=UnitUse.PARKING, parking_right="TITLED", registered_area=None
    )
    assert (space.name, space.building_area, space.area_basis) == ("地下车库B2-077", None, None)
    low = await places.unit(world, block, "101", entrance="2")
    ninth, tenth = await places.building(world, estate, "9"), await places.building(world, estate, "10")
    order = [low, flat, await places.unit(world, ninth), await places.unit(world, tenth)]
    assert sorted(order, key=lambda unit: unit.sort_key) == order


@pytest.mark.rule("V-8")
@pytest.mark.parametrize(
    ("areas", "basis"),
    [
        ({"registered_area": 1, "surveyed_area": 2, "contract_area": 3}, "REGISTERED"),
        ({"surveyed_area": 2, "contract_area": 3}, "SURVEYED"),
        ({"contract_area": 3}, "CONTRACT"),
    ],
)
async def test_which_area_of_a_unit_counts(world: World, areas: dict[str, int], basis: str) -> None:
    block = await places.building(world, await places.estate(world))
    flat = await places.unit(world, block, **{"registered_area": None, **areas})
    assert (flat.building_area, flat.area_basis) == (min(areas.values()), basis)


async def test_what_a_unit_may_not_be(world: World) -> None:
    bureau = await world.bureau()
    estate = await places.estate(world)
    block, other = await places.building(world, estate, "1"), await places.building(world, estate, "2")
    number = make_unit_number(1)
    first = await places.unit(world, block, house_code="H1", real_estate_unit_no=number)
    assert first.real_estate_unit_no == number
    fine = {"building_id": other.id, "room": "201", "floor": 2, "use": "DWELLING"}
    for code, field, changes in (
        (ErrorCode.ALREADY_REGISTERED, "room", {"building_id": block.id, "room": "101"}),
        (ErrorCode.ALREADY_REGISTERED, "houseCode", {"house_code": "H1"}),
        (ErrorCode.ALREADY_REGISTERED, "realEstateUnitNo", {"real_estate_unit_no": number}),
        (ErrorCode.INVALID_UNIT_NUMBER, "realEstateUnitNo", {"real_estate_unit_no": number[:-1]}),
        (ErrorCode.OUT_OF_RANGE, "floor", {"floor": 0}),
        (ErrorCode.OUT_OF_RANGE, "registeredArea", {"registered_area": 0}),
        (ErrorCode.OUT_OF_RANGE, "deliveredOn", {"delivered_on": world.today + timedelta(days=1)}),
        (ErrorCode.INVALID_INPUT, "parkingRight", {"parking_right": "TITLED"}),
        (ErrorCode.REQUIRED, "room", {"room": ""}),
    ):
        await world.refused(bureau, units.unit_register, code, field, **fine | changes)
    await world.refused(
        bureau,
        estates.building_register,
        ErrorCode.ALREADY_REGISTERED,
        "number",
        estate_id=estate.id,
        number="1",
        kind="VILLA",
    )
    await world.refused(
        bureau,
        estates.building_register,
        ErrorCode.OUT_OF_RANGE,
        "floorsAbove",
        estate_id=estate.id,
        number="3",
        kind="VILLA",
        floors_above=201,
    )


async def test_a_unit_is_corrected_with_the_version_that_was_read(world: World) -> None:
    block = await places.building(world, await places.estate(world))
    flat = await places.unit(world, block)
    taken = await places.unit(world, block, "102")
    bureau = await world.bureau()
    fix = {"id": flat.id, "reason": "实测更正"}
    done = await world.do(bureau, units.unit_correct, expected_version=1, registered_area=9_001, floor=2, **fix)
    assert (done.building_area, done.chargeable_area, done.floor, done.version) == (9_001, 9_001, 2, 2)
    assert (done.room, done.use) == ("101", "DWELLING")
    (event,) = await world.rows(AuditEvent, action="unitCorrect")
    assert event.detail == {"changed": ["building_area", "chargeable_area", "floor", "registered_area", "sort_key"]}
    for code, field, changes in (
        (ErrorCode.VERSION_CONFLICT, "expectedVersion", {"expected_version": 1, "floor": 3}),
        (ErrorCode.ALREADY_REGISTERED, "room", {"expected_version": 2, "room": taken.room}),
    ):
        await world.refused(bureau, units.unit_correct, code, field, **fix, **changes)
    assert {row.version for row in await world.rows(Unit)} == {1, 2}


@pytest.mark.requirement("TQ-69")
async def test_a_lift_stands_in_the_register_with_its_maintainer(world: World) -> None:
    estate, elsewhere = await places.estate(world), await places.estate(world, "E2")
    block, foreign = await places.building(world, estate), await places.building(world, elsewhere)
    bureau = await world.bureau()
    given = {"estate_id": estate.id, "kind": FacilityKind.ELEVATOR, "number": "梯11鲁C00001", "name": "1幢1号电梯"}
    lift = await world.do(
        bureau, estates.facility_register, building_id=block.id, maintainer="演示电梯维保公司（虚构）", **given
    )
    assert (lift.maintainer, lift.state, lift.building_id) == ("演示电梯维保公司（虚构）", "IN_USE", block.id)
    await world.refused(bureau, estates.facility_register, ErrorCode.ALREADY_REGISTERED, "number", **given)
    await world.refused(
        bureau, estates.facility_register, ErrorCode.NOT_FOUND, "buildingId", **given | {"building_id": foreign.id}
    )
