"""Units (房屋): entered building by building and corrected with the version that was read (ZS-1, TQ-117)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from domain.errors import ErrorCode, Refusal
from domain.estates import ChargeableBasis, ParkingRight, UnitUse
from domain.identifiers import check_unit_number, mask_unit
from domain.units import FLOOR_LIMIT, counted_area, unit_name, unit_sort_key
from models.estates import Building, Unit
from resolvers.estates import REGISTRARS
from resolvers.unit_of_work import UnitOfWork

MOST_AT_ONCE = 100


@dataclass(frozen=True)
class UnitData:
    """What is to be known of a unit. Areas in 0.01 m²; the chargeable area left out is the one its basis names."""

    room: str
    floor: int
    use: UnitUse
    entrance: str = ""
    parking_right: ParkingRight | None = None
    registered_area: int | None = None
    surveyed_area: int | None = None
    contract_area: int | None = None
    exclusive_area: int | None = None
    chargeable_area: int | None = None
    chargeable_basis: ChargeableBasis = ChargeableBasis.BUILDING_AREA
    house_code: str | None = None
    real_estate_unit_no: str | None = None
    certificate_no: str | None = None
    net_sign_no: str | None = None
    delivered_on: date | None = None
    sold_public_housing: bool = False
    developer_held: bool = False


async def units_register(uow: UnitOfWork, *, building_id: uuid.UUID, units: Sequence[UnitData]) -> tuple[Unit, ...]:
    """Enter up to 100 units of a building; all of them or, when one cannot be, none.

    Refuses, naming the item (``units.3.room``): ``ALREADY_REGISTERED`` for a room, house code or real-estate unit
    number in use, ``OUT_OF_RANGE`` for a floor or area that cannot be, ``INVALID_UNIT_NUMBER``.
    """
    building = await uow.load(Building, building_id, lock=True, field="buildingId")
    grant = await uow.act(REGISTRARS, Building, building)
    if not 1 <= len(units) <= MOST_AT_ONCE:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "units", least=1, most=MOST_AT_ONCE)
    rows = []
    for place, data in enumerate(units):
        values = unit_columns(building, data, uow.today, field=f"units.{place}.")
        rows.append(Unit(county=uow.county, **_places(building), **values))
    await _check_free(uow, building, rows)
    uow.session.add_all(rows)
    await uow.session.flush()  # the event names how many there are; constraints speak now
    await uow.audit("unitsRegister", building, grant=grant, detail={"count": len(rows)})
    return tuple(rows)


async def unit_correct(uow: UnitOfWork, *, id: uuid.UUID, data: UnitData, reason: str, expected_version: int) -> Unit:
    """Put a unit's data right. Refuses ``VERSION_CONFLICT`` and as ``units_register`` does."""
    unit = await uow.load(Unit, id, lock=True)
    grant = await uow.act(REGISTRARS, Unit, unit)
    uow.check_version(unit, expected_version)
    building = await uow.load(Building, unit.building_id)
    values = unit_columns(building, data, uow.today)
    changed = sorted(name for name, value in values.items() if getattr(unit, name) != value)
    if not changed:
        return unit
    with uow.session.no_autoflush:
        for name in changed:
            setattr(unit, name, values[name])
        await _check_free(uow, building, [unit], field="")
    unit.version += 1
    await uow.audit("unitCorrect", unit, grant=grant, reason=reason, detail={"changed": changed})
    uow.notify(unit)
    return unit


def unit_columns(building: Building, data: UnitData, today: date, field: str = "") -> dict[str, Any]:
    """A unit's columns from its data: which area counts (V-8), name, sort key. Refuses values that cannot be."""
    if not data.room.strip():
        raise Refusal(ErrorCode.REQUIRED, f"{field}room")
    if data.floor == 0 or abs(data.floor) > FLOOR_LIMIT:
        raise Refusal(ErrorCode.OUT_OF_RANGE, f"{field}floor", least=-FLOOR_LIMIT, most=FLOOR_LIMIT)
    for name in ("registered_area", "surveyed_area", "contract_area", "exclusive_area", "chargeable_area"):
        size = getattr(data, name)
        if size is not None and size <= 0:
            raise Refusal(ErrorCode.OUT_OF_RANGE, f"{field}{_camel(name)}", least=1)
    if data.delivered_on is not None and data.delivered_on > today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, f"{field}deliveredOn", most=today)
    if data.parking_right is not None and data.use is not UnitUse.PARKING:
        raise Refusal(ErrorCode.INVALID_INPUT, f"{field}parkingRight")
    number = data.real_estate_unit_no
    building_area, area_basis = counted_area(data.registered_area, data.surveyed_area, data.contract_area)
    charged_by_default = {
        ChargeableBasis.BUILDING_AREA: building_area,
        ChargeableBasis.EXCLUSIVE_AREA: data.exclusive_area,
        ChargeableBasis.AGREED: None,
    }
    return {
        **vars(data),
        "real_estate_unit_no": check_unit_number(number, f"{field}realEstateUnitNo") if number else None,
        "building_area": building_area,
        "area_basis": area_basis,
        "chargeable_area": data.chargeable_area or charged_by_default[data.chargeable_basis],
        "name": unit_name(building.name, data.entrance, data.room),
        "name_mask": mask_unit(building.number, data.room),
        "sort_key": unit_sort_key(building.number, data.entrance, data.floor, data.room),
    }


def _places(building: Building) -> dict[str, Any]:
    return {"building_id": building.id, "estate_id": building.estate_id, "area_id": building.area_id}


async def _check_free(uow: UnitOfWork, building: Building, units: Sequence[Unit], field: str = "units.{}.") -> None:
    """No two units share a room of the building, nor a code or number in the county."""
    keys: dict[str, dict[Any, int]] = {"room": {}, "houseCode": {}, "realEstateUnitNo": {}}
    for place, unit in enumerate(units):
        for name, key in _keys(unit).items():
            if key is not None and keys[name].setdefault(key, place) != place:
                raise Refusal(ErrorCode.ALREADY_REGISTERED, field.format(place) + name)
    same_building: list[ColumnElement[bool]] = [Unit.building_id == building.id]
    statement = select(Unit).where(
        Unit.county == uow.county,
        or_(
            *same_building,
            Unit.house_code.in_(list(keys["houseCode"])),
            Unit.real_estate_unit_no.in_(list(keys["realEstateUnitNo"])),
        ),
        Unit.id.not_in([unit.id for unit in units if unit.id is not None]),
    )
    with uow.session.no_autoflush:
        others = (await uow.session.scalars(statement)).all()
    for other in others:
        for name, key in _keys(other).items():
            if name == "room" and other.building_id != building.id:
                continue
            if key is not None and key in keys[name]:
                raise Refusal(ErrorCode.ALREADY_REGISTERED, field.format(keys[name][key]) + name)


def _keys(unit: Unit) -> dict[str, Any]:
    return {
        "room": (unit.entrance, unit.room),
        "houseCode": unit.house_code,
        "realEstateUnitNo": unit.real_estate_unit_no,
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
