"""Who sees the register: every role in its own place, and nobody in another's."""

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from auth.actor import Actor
from auth.visibility import rules_of
from domain.contracts import ContractState
from domain.estates import BuildingKind, EstateKind
from domain.identifiers import make_credit_code
from domain.roles import Role
from models.companies import Company
from models.contracts import ServiceContract
from models.divisions import Division
from models.estates import (
    AreaSuccession,
    Building,
    Estate,
    EstateArea,
    Facility,
    Occupancy,
    Ownership,
    PropertyArea,
    Unit,
)
from models.people import Owner
from resolvers import areas, estates, people
from resolvers.areas import EstatePart
from resolvers.unit_of_work import set_fuse
from tests.estates import places
from tests.world import World

EVERY_MODEL = (PropertyArea, Estate, EstateArea, Building, Unit, Ownership, Owner, Occupancy, Facility)


@dataclass
class Town:
    """One estate in two areas of a building each, and another estate in another township; all rows by a short name."""

    world: World
    company_id: Any
    named: dict[Any, str]
    rows: dict[str, Any]

    async def sees(self, actor: Actor, model: type[Any]) -> set[str]:
        return {self.named[row_id] for row_id in await self.world.sees(actor, model)}


@pytest_asyncio.fixture
async def town(world: World) -> Town:
    bureau = await world.bureau()
    rows: dict[str, Any] = {"near": await places.estate(world, "E1")}
    for name, number in (("one", "1"), ("two", "2")):
        rows[name] = await places.building(world, rows["near"], number)
    parts = {f"{name} area": EstatePart(rows["near"].id, f"{name}期", (rows[name].id,)) for name in ("one", "two")}
    far_away = {"township": world.other_township, "community": world.other_community}
    rows["far"] = await world.do(
        bureau,
        estates.estate_register,
        **places.estate_data(world, "E2", name="远处花园（演示）", kind=EstateKind.OTHER, **far_away),
    )
    rows["draft"] = await world.do(
        await world.community_office(),
        estates.estate_register,
        **places.estate_data(world, "E3", name="新报花园（演示）"),
    )
    rows["far block"] = await world.do(
        bureau, estates.building_register, estate_id=rows["far"].id, number="1", kind=BuildingKind.HIGH_RISE
    )
    for name, part in parts.items():
        rows[name] = await places.area(world, name, part)
    rows["far area"] = await places.area(world, "far", EstatePart(rows["far"].id), **far_away)
    for number, (name, block) in enumerate((("one flat", "one"), ("two flat", "two"), ("far flat", "far block")), 1):
        rows[name] = await places.unit(world, rows[block])
        await places.owned(world, rows[name], number)
        rows[f"{name} tenant"] = await world.do(
            bureau, people.occupancy_register, unit_id=rows[name].id, kind="TENANT", name="租客", since=world.today
        )
        lift = {"estate_id": rows[name].estate_id, "kind": "ELEVATOR", "number": name, "name": "电梯"}
        rows[f"{name} lift"] = await world.do(bureau, estates.facility_register, **lift)
    company = Company(
        county=world.county,
        name="演示物业（虚构）",
        name_sort="yanshi",
        credit_code=make_credit_code(1),
        township=world.township,
        community=world.community,
    )
    await world.write([company])
    named = {row.id: name for name, row in rows.items()}
    held = {row.unit_id: row for row in await world.rows(Ownership)}
    for name in ("one flat", "two flat", "far flat"):
        ownership = held[rows[name].id]
        named[ownership.id] = f"{name} held"
        named[ownership.owner_id] = f"{name} owner"
    for link in await world.rows(EstateArea):
        named[link.id] = f"{named[link.area_id]} link"
    return Town(world, company.id, named, rows)


async def contract(town: Town, area: str, state: ContractState) -> None:
    world = town.world
    drafter = await world.bureau()
    await world.write(
        [
            ServiceContract(
                county=world.county,
                number=f"{area}-{state}",
                area_id=town.rows[area].id,
                company_id=town.company_id,
                township=world.township,
                community=world.community,
                kind="NORMAL",
                mode="LUMP_SUM",
                title="物业服务合同",
                starts_on=world.today,
                ends_on=world.today.replace(year=world.today.year + 3),
                price_terms="1.20 元/㎡·月（虚构）",
                service_terms="二级",
                model_text=True,
                adjustment_clause=True,
                selection_basis="OWNERS_DECISION",
                state=state.value,
                drafted_by=drafter.account_id,
            )
        ]
    )


async def expect(town: Town, actor: Actor, seen: dict[type[Any], set[str]]) -> None:
    for model in EVERY_MODEL:
        assert await town.sees(actor, model) == seen.get(model, set()), model.__name__


async def test_an_owner_sees_the_own_home_and_nobody_elses(town: Town) -> None:
    flat = town.rows["one flat"]
    (holder,) = [row for row in await town.world.rows(Owner) if town.named[row.id] == "one flat owner"]
    resident = await town.world.person(Role.OWNER, unit_id=flat.id, estate_id=flat.estate_id, area_id=flat.area_id)
    home = {
        PropertyArea: {"one area"},
        Estate: {"near"},
        EstateArea: {"one area link"},
        Building: {"one"},
        Unit: {"one flat"},
        Occupancy: {"one flat tenant"},
        Facility: {"one flat lift", "two flat lift"},
    }
    await expect(town, resident, home)
    async with town.world.sessions.begin() as session:
        await set_fuse(session, {town.world.county})
        (await session.get_one(Owner, (holder.county, holder.id))).account_id = resident.account_id
    await expect(town, resident, {**home, Ownership: {"one flat held"}, Owner: {"one flat owner"}})


async def test_a_tenant_sees_the_home_without_who_owns_it(town: Town) -> None:
    flat = town.rows["two flat"]
    tenant = await town.world.person(Role.TENANT, unit_id=flat.id)
    await expect(
        town,
        tenant,
        {
            PropertyArea: {"two area"},
            Estate: {"near"},
            EstateArea: {"two area link"},
            Building: {"two"},
            Unit: {"two flat"},
            Facility: {"one flat lift", "two flat lift"},
        },
    )


async def test_a_committee_sees_its_own_part_of_the_estate_with_the_owners_names(town: Town) -> None:
    area = town.rows["one area"]
    member = await town.world.person(Role.COMMITTEE, committee_id=area.id, area_id=area.id)
    await expect(
        town,
        member,
        {
            PropertyArea: {"one area"},
            Estate: {"near"},
            EstateArea: {"one area link"},
            Building: {"one"},
            Unit: {"one flat"},
            Ownership: {"one flat held"},
            Owner: {"one flat owner"},
            Facility: {"one flat lift", "two flat lift"},
        },
    )


async def test_a_company_sees_units_and_owners_only_while_its_contract_is_in_force(town: Town) -> None:
    admin = await town.world.person(Role.COMPANY_ADMIN, company_id=town.company_id)
    await expect(town, admin, {})
    await contract(town, "two area", ContractState.TERMINATED)
    places_only = {
        PropertyArea: {"two area"},
        Estate: {"near"},
        EstateArea: {"two area link"},
        Facility: {"one flat lift", "two flat lift"},
    }
    await expect(town, admin, places_only)
    await contract(town, "two area", ContractState.EFFECTIVE)
    served = {
        **places_only,
        Building: {"two"},
        Unit: {"two flat"},
        Ownership: {"two flat held"},
        Owner: {"two flat owner"},
        Occupancy: {"two flat tenant"},
    }
    await expect(town, admin, served)
    area = town.rows["two area"]
    leader = await town.world.person(Role.PROJECT_LEADER, company_id=town.company_id, area_id=area.id)
    await expect(town, leader, served)
    competitor = await town.world.person(Role.COMPANY_STAFF, company_id=area.id)
    await expect(town, competitor, {})


NEAR: dict[type[Any], set[str]] = {
    PropertyArea: {"one area", "two area"},
    Estate: {"near", "draft"},
    EstateArea: {"one area link", "two area link"},
    Building: {"one", "two"},
    Unit: {"one flat", "two flat"},
    Ownership: {"one flat held", "two flat held"},
    Owner: {"one flat owner", "two flat owner"},
    Occupancy: {"one flat tenant", "two flat tenant"},
    Facility: {"one flat lift", "two flat lift"},
}
FAR: dict[type[Any], set[str]] = {
    PropertyArea: {"far area"},
    Estate: {"far"},
    EstateArea: {"far area link"},
    Building: {"far block"},
    Unit: {"far flat"},
    Ownership: {"far flat held"},
    Owner: {"far flat owner"},
    Occupancy: {"far flat tenant"},
    Facility: {"far flat lift"},
}
EVERYTHING = {model: NEAR[model] | FAR[model] for model in EVERY_MODEL}
OF_PEOPLE = (Ownership, Owner, Occupancy)


@pytest.mark.requirement("TQ-119")
async def test_offices_see_their_division_and_the_bureau_the_county(town: Town) -> None:
    world = town.world
    for actor, seen in (
        (await world.township_office(), NEAR),
        (await world.community_office(), NEAR),
        (await world.community_office(world.sibling_community), {}),
        (await world.township_office(world.other_township), FAR),
        (await world.bureau(), EVERYTHING),
    ):
        await expect(town, actor, seen)


@pytest.mark.requirement("TQ-119")
async def test_price_and_market_see_estates_but_no_people(town: Town) -> None:
    for role in (Role.PRICE, Role.MARKET):
        office = await town.world.person(role)
        await expect(town, office, {model: rows for model, rows in EVERYTHING.items() if model not in OF_PEOPLE})


async def test_banks_and_courts_see_approved_estates_and_areas_only(town: Town) -> None:
    for role in (Role.BANK, Role.COURT):
        partner = await town.world.person(role, scopes=("filings:public",))
        links = {"one area link", "two area link", "far area link"}
        await expect(
            town,
            partner,
            {PropertyArea: EVERYTHING[PropertyArea], Estate: {"near", "far"}, EstateArea: links},
        )


async def test_the_history_of_areas_is_for_offices(town: Town) -> None:
    world = town.world
    near = [town.rows["one area"], town.rows["two area"]]
    merged = await world.do(
        await world.bureau(),
        areas.area_merge,
        area_ids=[area.id for area in near],
        reason="x",
        **places.area_data(world, "M"),
    )
    member = await world.person(Role.COMMITTEE, committee_id=merged.id, area_id=merged.id)
    counts = {
        actor: len(await world.sees(actor, AreaSuccession))
        for actor in (await world.bureau(), await world.township_office(), member)
    }
    assert list(counts.values()) == [2, 2, 0]
    assert await world.sees(await world.township_office(world.other_township), AreaSuccession) == set()


async def test_everybody_reads_the_divisions_of_the_county(town: Town) -> None:
    assert set(rules_of(Division)) == set(Role)
