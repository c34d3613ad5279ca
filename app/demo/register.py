"""Estates, buildings, units and who holds them; property areas over them; opening balances of the maintenance fund."""

import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

from app.demo import people
from app.demo.county import BuildingPlan, EstatePlan
from app.demo.scene import Home, Scene, Site
from domain.estates import (
    BuildingKind,
    ConsultedOffice,
    EstateKind,
    FacilityKind,
    FundDeposit,
    OccupancyKind,
    OwnershipKind,
    ParkingRight,
    PartyCoverage,
    ServiceMode,
    UnitUse,
)
from domain.identifiers import make_credit_code
from domain.roles import Role
from models.estates import Building, Estate, Unit
from resolvers import areas, estates, openings, units
from resolvers import people as holders
from resolvers.unit_of_work import UnitOfWork

FUND_FEN_PER_HOME = 1_200_000
"""Opening balance of a dwelling's account, invented."""


async def estate(scene: Scene, plan: EstatePlan) -> None:
    """An estate with its buildings, units, owners and tenants; its area, unless it shares one."""
    async with scene.sessions.begin() as session:
        logins = {0: "resident", 2: "resident2"} if plan.key == "main" else {}
        if plan.key == "main" and "both" in scene.county.stories:
            scene.signed_up[plan.key, 4] = (people.BOTH_NAME, people.BOTH_PHONE)
            logins[4] = "both"
        accounts = {}
        for index in sorted({0, *logins, *([2] if plan.year else [])}):
            shown, number = _signed_up(scene, plan, index)
            accounts[index] = await people.open_account(scene, session, shown, login=logins.get(index), number=number)
    bureau = scene.office(Role.BUREAU)

    async def work(uow: UnitOfWork) -> Site:
        row = await _estate(uow, scene, plan)
        site = Site(plan, row.id, row.id, f"{scene.county.code}-{plan.area or plan.key}", [], [])
        index = 0
        for building in plan.buildings:
            made = await _building(uow, row, building, plan.year)
            site.buildings.append(made.id)
            for data in _units(building, plan):
                unit = await units.unit_register(uow, building_id=made.id, **data)
                account_id = await _hold(uow, scene, plan, unit, index, accounts)
                site.homes.append(Home(unit.id, unit.use, unit.chargeable_area or 0, account_id))
                index += 1
            if building.lift:
                facility = await estates.facility_register(
                    uow,
                    estate_id=row.id,
                    building_id=made.id,
                    kind=FacilityKind.ELEVATOR,
                    number=f"{building.number}-1",
                    name=f"{building.number}幢1号电梯",
                    location=f"{building.number}幢",
                    installed_on=date(plan.year, 9, 1) if plan.year else None,
                    maintainer="演示电梯维保有限公司（虚构）",
                    inspected_until=scene.day(-120),
                )
                site.facility_id = facility.id
        return site

    scene.sites[plan.key] = await scene.run(bureau, scene.at(scene.beginning), work)
    if scene.profile.contact_cadre_required:
        await scene.do(
            bureau,
            scene.at(scene.beginning - 1),
            estates.contact_cadre_appoint,
            estate_id=scene.sites[plan.key].estate_id,
            name=people.name(scene),
            office=scene.county.street,
            phone=people.phone(scene),
        )


async def area(scene: Scene, plans: tuple[EstatePlan, ...]) -> None:
    """The property area of one estate, or of several courtyards together; the fund's opening balances."""
    sites = [scene.sites[plan.key] for plan in plans]
    first = plans[0]
    bureau = scene.office(Role.BUREAU)
    shown = first.name if len(plans) == 1 else first.name.replace("（演示）", "等院落（演示）")

    async def work(uow: UnitOfWork) -> uuid.UUID:
        made = await areas.area_register(
            uow,
            code=sites[0].area_code,
            name=f"{shown}物业管理区域",
            township=first.township,
            community=first.place,
            boundary="以规划红线为准（演示）",
            consulted_offices=frozenset(ConsultedOffice),
            estates=[areas.EstatePart(site.estate_id) for site in sites],
        )
        lines = [
            openings.OpeningFund(home.id, FUND_FEN_PER_HOME)
            for site in sites
            for home in (site.homes if site.plan.billed else ())  # of the others no balance has been handed over yet
            if home.use == UnitUse.DWELLING and home.area
        ]
        if lines:
            register = "维修资金移交清册（演示，金额虚构）"
            await openings.fund_open(uow, lines=lines, as_of=uow.today, attested_by=register)
        return made.id

    area_id = await scene.run(bureau, scene.at(scene.beginning - 2), work)
    for site in sites:
        site.area_id = area_id


def _signed_up(scene: Scene, plan: EstatePlan, index: int) -> tuple[str, str]:
    """Name and phone of the owner of this home: by the phone the register finds the account."""
    if (plan.key, index) not in scene.signed_up:
        scene.signed_up[plan.key, index] = (people.name(scene), people.phone(scene))
    return scene.signed_up[plan.key, index]


async def _estate(uow: UnitOfWork, scene: Scene, plan: EstatePlan) -> Estate:
    dwellings = sum(building.dwellings for building in plan.buildings)
    return await estates.estate_register(
        uow,
        code=f"{scene.county.code}-YS-{plan.key}",
        township=plan.township,
        community=plan.place,
        service_mode=ServiceMode(plan.mode),
        name=plan.name,
        address=f"演示路{scene.serial()}号",
        kind=EstateKind(plan.kind),
        year_built=plan.year,
        building_area=plan.area_size,
        households=dwellings or None,
        fund_deposit=FundDeposit.PARTIAL if plan.year else FundDeposit.UNKNOWN,
        party_coverage=PartyCoverage(plan.party),
        party_organisation="小区党支部（演示）" if plan.party != PartyCoverage.NONE else None,
        grid=f"第{scene.serial() % 9 + 1}网格",
        developer="演示房地产开发有限公司（虚构）" if plan.kind == EstateKind.COMMODITY else None,
        is_pilot=plan.pilot,
        is_renovated=plan.renovated,
        in_old_town=plan.renovated,
    )


async def _building(uow: UnitOfWork, row: Estate, plan: BuildingPlan, year: int | None) -> Building:
    return await estates.building_register(
        uow,
        estate_id=row.id,
        number=plan.number,
        kind=BuildingKind(plan.kind),
        floors_above=None if plan.kind == BuildingKind.GARAGE else plan.floors,
        floors_below=1 if plan.kind == BuildingKind.GARAGE else 0,
        has_elevator=plan.lift,
        year_built=year,
        public_housing_seller=plan.seller,
    )


def _units(plan: BuildingPlan, of: EstatePlan) -> Iterator[dict[str, Any]]:
    """The units of a building: dwellings spread over its floors, shops below, parking and storage underground."""
    delivered = date(of.year, 10, 1) if of.year else None
    for number in range(plan.dwellings):
        floor = 1 + number * max(plan.floors - 1, 1) // max(plan.dwellings - 1, 1)
        size = 6_850 + (number * 1_317 + plan.floors * 211) % 6_400
        yield {
            "room": f"{floor}{1 + number % 2:02}",
            "floor": floor,
            "entrance": str(1 + number % 2) if plan.dwellings > 4 else "",
            "use": UnitUse.DWELLING,
            # A record of the census may lack its area: nothing can be charged by it yet.
            "registered_area": None if of.year is None and number == plan.dwellings - 1 else size,
            "delivered_on": delivered,
            "sold_public_housing": plan.seller is not None,
        }
    for number in range(plan.shops):
        yield {
            "room": f"S{number + 1:02}",
            "floor": 1,
            "use": UnitUse.SHOP,
            "registered_area": 4_200 + 900 * number,
            "delivered_on": delivered,
        }
    rights = (ParkingRight.TITLED, ParkingRight.DEVELOPER, ParkingRight.CIVIL_DEFENCE, ParkingRight.TITLED)
    for number in range(plan.parking):
        yield {
            "room": f"B1-{number + 1:03}",
            "floor": -1,
            "use": UnitUse.PARKING,
            "parking_right": rights[number % len(rights)],
            "registered_area": 1_350,
            "delivered_on": delivered,
        }
    for number in range(plan.storage):
        yield {"room": f"C{number + 1:02}", "floor": -1, "use": UnitUse.STORAGE, "registered_area": 820}


async def _hold(
    uow: UnitOfWork, scene: Scene, plan: EstatePlan, unit: Unit, index: int, accounts: dict[int, uuid.UUID]
) -> uuid.UUID | None:
    """Give a unit the owners of its kind; the account of the one who uses the platform."""
    if unit.use in (UnitUse.STORAGE, UnitUse.PUBLIC) or unit.parking_right in (
        ParkingRight.DEVELOPER,
        ParkingRight.CIVIL_DEFENCE,
    ):
        return None  # nobody owns these apart
    since = unit.delivered_on or scene.day(2_000)
    kind, parties = _parties(scene, plan, unit, index)
    if parties:
        await holders.ownership_register(uow, unit_id=unit.id, kind=kind, holders=parties, since=since)
    if index % 7 == 3 and unit.use == UnitUse.DWELLING:
        await holders.occupancy_register(
            uow,
            unit_id=unit.id,
            kind=OccupancyKind.TENANT,
            name=people.name(scene),
            since=scene.day(300),
            phone=people.phone(scene),
            pays_fees=True,
        )
    return accounts.get(index)


def _parties(scene: Scene, plan: EstatePlan, unit: Unit, index: int) -> tuple[OwnershipKind, list[dict[str, Any]]]:
    """Who holds the unit of this number: the kinds of holders take turns, and some records lack what others have."""
    if unit.use == UnitUse.SHOP:
        serial = scene.serial()
        organisation = {
            "name": f"演示商贸{serial}有限公司（虚构）",
            "credit_code": make_credit_code(scene.county.number * 1_000_000 + serial),
            "agent_name": people.name(scene),
            "agent_phone": people.phone(scene),
        }
        return OwnershipKind.SOLE, [{"organisation": organisation}]
    if plan.year is None and index % 6 == 4:
        return OwnershipKind.SOLE, []  # nobody has been asked yet
    if plan.year is None and index % 6 == 2:
        return OwnershipKind.SOLE, [{"person": {"name": people.name(scene)}}]  # a name and nothing else
    if index in (0, 2, 4):
        name, number = _signed_up(scene, plan, index)
        return OwnershipKind.SOLE, [{"person": people.person(scene, given=name, number=number)}]
    turn = index % 6
    if turn == 1:
        couple: list[dict[str, Any]] = [
            {"person": people.person(scene), "is_representative": True},
            {"person": people.person(scene)},
        ]
        return OwnershipKind.JOINT, couple
    if turn == 3:
        shares: list[dict[str, Any]] = [
            {"person": people.person(scene), "numerator": 2, "denominator": 3, "is_representative": True},
            {"person": people.person(scene), "numerator": 1, "denominator": 3},
        ]
        return OwnershipKind.SHARES, shares
    if turn == 5 and unit.use == UnitUse.DWELLING:
        minor: dict[str, Any] = people.person(scene, born=people.child_born(scene)) | {"guardian": people.person(scene)}
        return OwnershipKind.SOLE, [{"person": minor}]
    return OwnershipKind.SOLE, [{"person": people.person(scene)}]
