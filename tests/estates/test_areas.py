"""Property areas: fixed, merged and split with their history; each refusal changes nothing."""

from typing import Any

import pytest

from domain.committees import CommitteeState
from domain.contracts import ContractState
from domain.errors import ErrorCode
from domain.estates import AreaState, AreaWarning, ConsultedOffice
from domain.profiles import profile_for_test
from domain.roles import Role
from models.accounts import Account
from models.cases import AuditEvent
from models.estates import AreaSuccession, Building, EstateArea, PropertyArea, Unit
from resolvers import areas
from resolvers.areas import EstatePart
from tests.estates import places
from tests.estates.test_statistics import body, contract, firm
from tests.world import World


@pytest.mark.requirement("ZD-10")
async def test_a_township_fixes_an_area_after_hearing_the_offices(world: World) -> None:
    office = await world.township_office()
    estate = await places.estate(world)
    block = await places.building(world, estate)
    flat = await places.unit(world, block)
    given = places.area_data(world, estates=[EstatePart(estate.id)], boundary="东至柳泉路，西至西一路")
    heard = {ConsultedOffice.PLANNING, ConsultedOffice.CONSTRUCTION}
    await world.refused(
        office, areas.area_register, ErrorCode.REQUIRED, "consultedOffices", **given | {"consulted_offices": heard}
    )
    area = await world.do(office, areas.area_register, **given)
    assert (area.code, area.state, area.boundary) == ("A1", AreaState.ACTIVE, "东至柳泉路，西至西一路")
    assert area.consulted_offices == ["CONSTRUCTION", "HOUSING", "PLANNING"]
    (link,) = await world.rows(EstateArea)
    assert (link.estate_id, link.area_id, link.part, link.valid_to) == (estate.id, area.id, None, None)
    assert (await world.rows(Building))[0].area_id == area.id
    assert [(row.id, row.area_id) for row in await world.rows(Unit)] == [(flat.id, area.id)]
    (event,) = await world.rows(AuditEvent, action="areaRegister")
    assert (event.subject_id, event.role, event.township) == (area.id, "TOWNSHIP", world.township)


async def test_a_building_registered_later_joins_the_area_of_its_whole_estate(world: World) -> None:
    estate = await places.estate(world)
    area = await places.area(world, "A1", EstatePart(estate.id))
    assert (await places.building(world, estate, "7")).area_id == area.id


async def test_what_an_area_may_not_be(world: World) -> None:
    bureau, office = await world.bureau(), await world.township_office()
    estate = await places.estate(world)
    await places.building(world, estate)
    await places.area(world, "A1", EstatePart(estate.id))
    community = await world.community_office()
    elsewhere: dict[str, Any] = {"township": world.other_township, "community": world.other_community}
    for actor, code, field, changes in (
        (bureau, ErrorCode.ALREADY_REGISTERED, "code", {"code": "A1"}),
        (bureau, ErrorCode.ALREADY_REGISTERED, "estates", {"estates": [EstatePart(estate.id)]}),
        (bureau, ErrorCode.INVALID_DIVISION, "township", {"township": "123456789"}),
        (bureau, ErrorCode.INVALID_DIVISION, "community", {"community": world.other_community}),
        (office, ErrorCode.FORBIDDEN_ROLE, "township", elsewhere),
        (community, ErrorCode.FORBIDDEN_ROLE, None, {}),
    ):
        given = {**places.area_data(world, "A2"), **changes}
        await world.refused(actor, areas.area_register, code, field, **given)


@pytest.mark.requirement("TQ-108")
async def test_renovated_estates_far_from_the_measure_are_registered_with_a_warning(world: World) -> None:
    profile_for_test(world.county, copy_of="410927")
    for code, size, warning in (
        ("E1", 2_400_000, None),
        ("E2", 2_399_999, AreaWarning.OLD_ESTATE_SIZE),
        ("E3", 3_600_001, AreaWarning.OLD_ESTATE_SIZE),
    ):
        old = await places.estate(world, code, is_renovated=True, building_area=size)
        area = await places.area(world, code, EstatePart(old.id))
        assert (area.floor_area, area.warning) == (size, warning)
    new = await places.estate(world, "E4", building_area=1_000_000)
    assert (await places.area(world, "E4", EstatePart(new.id))).warning is None


async def test_where_the_county_has_no_measure_nothing_is_warned_of(world: World) -> None:
    old = await places.estate(world, is_renovated=True, building_area=1)
    assert (await places.area(world, "A1", EstatePart(old.id))).warning is None


@pytest.mark.requirement("ZS-2", "ZD-10", "TQ-108")
async def test_courtyards_merge_into_one_area_and_keep_their_history(world: World) -> None:
    bureau = await world.bureau()
    olds = []
    for code in ("E1", "E2"):
        estate = await places.estate(world, code)
        await places.unit(world, await places.building(world, estate))
        olds.append(await places.area(world, code, EstatePart(estate.id)))
    merged = await world.do(
        bureau,
        areas.area_merge,
        area_ids=[old.id for old in olds],
        reason="改造后连片管理",
        **places.area_data(world, "M1"),
    )
    assert {row.code: row.state for row in await world.rows(PropertyArea)} == {
        "E1": AreaState.MERGED,
        "E2": AreaState.MERGED,
        "M1": AreaState.ACTIVE,
    }
    history = await world.rows(AreaSuccession)
    assert {(row.predecessor_id, row.successor_id, row.kind) for row in history} == {
        (old.id, merged.id, "MERGE") for old in olds
    }
    assert {row.area_id for row in await world.rows(Unit)} == {merged.id}
    links = await world.rows(EstateArea)
    assert sorted((row.area_id == merged.id, row.valid_to) for row in links if row.valid_to is None) == [
        (True, None),
        (True, None),
    ]
    assert [row.valid_to for row in links if row.area_id != merged.id] == [world.today, world.today]
    await world.refused(
        bureau,
        areas.area_merge,
        ErrorCode.ACTION_NOT_AVAILABLE,
        area_ids=[old.id for old in olds],
        reason="再次",
        **places.area_data(world, "M2"),
    )
    await world.refused(
        bureau,
        areas.area_merge,
        ErrorCode.OUT_OF_RANGE,
        area_ids=[merged.id],
        reason="x",
        **places.area_data(world, "M3"),
    )


@pytest.mark.requirement("ZS-2", "ZD-10")
async def test_an_area_splits_into_parts_of_its_estate(world: World) -> None:
    bureau = await world.bureau()
    estate = await places.estate(world)
    blocks = [await places.building(world, estate, number) for number in ("1", "2", "3")]
    for block in blocks:
        await places.unit(world, block)
    old = await places.area(world, "A1", EstatePart(estate.id))

    def part(code: str, *numbers: int) -> dict[str, Any]:
        covered = EstatePart(estate.id, f"{code}期", tuple(blocks[number].id for number in numbers))
        return {**places.area_data(world, code), "estates": [covered]}

    for code, parts in (
        (ErrorCode.REQUIRED, [part("P1", 0), part("P2", 1)]),
        (ErrorCode.ALREADY_REGISTERED, [part("P1", 0, 1, 2), part("P2", 1)]),
        (ErrorCode.OUT_OF_RANGE, [part("P1", 0, 1, 2)]),
    ):
        await world.refused(bureau, areas.area_split, code, id=old.id, parts=parts, reason="分期")
    await world.do(bureau, areas.area_split, id=old.id, parts=[part("P1", 0), part("P2", 1, 2)], reason="分期")
    found = {row.code: row for row in await world.rows(PropertyArea)}
    assert (found["A1"].state, found["A1"].ended_on) == (AreaState.SPLIT, world.today)
    by_building = {row.number: row.area_id for row in await world.rows(Building)}
    assert by_building == {"1": found["P1"].id, "2": found["P2"].id, "3": found["P2"].id}
    assert sorted(row.successor_id for row in await world.rows(AreaSuccession)) == sorted(
        (found["P1"].id, found["P2"].id)
    )
    assert {(row.part, row.valid_to) for row in await world.rows(EstateArea)} == {
        (None, world.today),
        ("P1期", None),
        ("P2期", None),
    }
    # A building entered now belongs to neither part by itself.
    assert (await places.building(world, estate, "4")).area_id is None


async def test_residents_grants_follow_their_unit_into_the_new_area(world: World) -> None:
    estate = await places.estate(world)
    flat = await places.unit(world, await places.building(world, estate))
    old = await places.area(world, "A1", EstatePart(estate.id))
    resident = await world.person(Role.OWNER, unit_id=flat.id, estate_id=estate.id, area_id=old.id)
    other = await places.estate(world, "E2")
    second = await places.area(world, "A2", EstatePart(other.id))
    merged = await world.do(
        await world.bureau(),
        areas.area_merge,
        area_ids=[old.id, second.id],
        reason="x",
        **places.area_data(world, "M1"),
    )
    again = await world.actor(account_id=resident.account_id)
    assert [grant.area_id for grant in again.grants] == [merged.id]
    assert await world.sees(again, PropertyArea) == {merged.id}
    async with world.sessions() as session:
        account = await session.get_one(Account, resident.account_id)
    assert account.grants_version > 1


async def test_an_area_that_a_contract_or_a_body_answers_for_is_neither_merged_nor_split(world: World) -> None:
    """What is signed, in force or in office was decided by the area's owners; drafts and what has ended do not bind it."""
    bureau, company = await world.bureau(), await firm(world)
    free = await places.area(world, "A0")

    async def closed(code: str, hindered: bool) -> None:
        (old,) = await world.rows(PropertyArea, code=code)
        merge = {"area_ids": [old.id, free.id], "reason": "连片", **places.area_data(world, f"M-{code}")}
        split = {"id": old.id, "parts": [places.area_data(world, f"{code}-{part}") for part in "ab"], "reason": "分期"}
        if hindered:
            await world.refused(bureau, areas.area_merge, ErrorCode.ACTION_NOT_AVAILABLE, "areaIds", **merge)
            await world.refused(bureau, areas.area_split, ErrorCode.ACTION_NOT_AVAILABLE, "id", **split)
        else:
            await world.do(bureau, areas.area_split, **split)

    binding = ("SIGNED", "FILED", "EFFECTIVE", "EXPIRING", "EXPIRED_CONTINUING")
    for state in ContractState:
        await contract(world, await places.area(world, f"C-{state}"), company, state)
        await closed(f"C-{state}", state in binding)
    for office in CommitteeState:
        await body(world, await places.area(world, f"B-{office}"), office)
        await closed(f"B-{office}", office in ("ATTESTED", "FILED"))
