"""An estate of a test's own: made by the commands that officials use."""

from typing import Any

from domain.estates import (
    BuildingKind,
    ConsultedOffice,
    EstateKind,
    IdentityDocument,
    OwnershipKind,
    ServiceMode,
    UnitUse,
)
from domain.identifiers import make_id_number, make_phone
from models.estates import Building, Estate, PropertyArea, Unit
from resolvers import areas, estates, people, units
from tests.world import World

EVERY_OFFICE = frozenset(ConsultedOffice)


def estate_data(world: World, code: str = "E1", **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": "测试花园（演示）",
        "address": "测试路1号",
        "township": world.township,
        "community": world.community,
        "service_mode": ServiceMode.COMPANY,
        "kind": EstateKind.COMMODITY,
        **changes,
    }


def area_data(world: World, code: str = "A1", **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": f"{code}区域（演示）",
        "township": world.township,
        "community": world.community,
        "consulted_offices": EVERY_OFFICE,
        **changes,
    }


async def estate(world: World, code: str = "E1", **changes: Any) -> Estate:
    return await world.do(await world.bureau(), estates.estate_register, **estate_data(world, code, **changes))  # type: ignore[no-any-return]


async def area(world: World, code: str, *parts: areas.EstatePart, **changes: Any) -> PropertyArea:
    data = area_data(world, code, **changes)
    return await world.do(await world.bureau(), areas.area_register, **data, estates=parts)  # type: ignore[no-any-return]


async def building(world: World, of: Estate, number: str = "1") -> Building:
    return await world.do(  # type: ignore[no-any-return]
        await world.bureau(),
        estates.building_register,
        estate_id=of.id,
        number=number,
        kind=BuildingKind.MULTI_STOREY,
    )


async def unit(world: World, of: Building, room: str = "101", **changes: Any) -> Unit:
    data = {"room": room, "floor": 1, "use": UnitUse.DWELLING, "registered_area": 8_875, **changes}
    return await world.do(await world.bureau(), units.unit_register, building_id=of.id, **data)  # type: ignore[no-any-return]


def person(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "name": f"测试{number}",
        "document_kind": IdentityDocument.ID_CARD,
        "document_number": make_id_number(number),
        "phone": make_phone(number),
        **changes,
    }


async def owned(world: World, held: Unit, *numbers: int) -> Unit:
    """The unit, held by made-up persons of these numbers (jointly where there are several)."""
    return await world.do(  # type: ignore[no-any-return]
        await world.bureau(),
        people.ownership_register,
        unit_id=held.id,
        kind=OwnershipKind.SOLE if len(numbers) == 1 else OwnershipKind.JOINT,
        holders=[{"person": person(number)} for number in numbers],
        since=world.today,
    )
