"""Units (房屋): entered building by building and corrected with the version that was read (ZS-1, TQ-117)."""

import uuid
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from domain.errors import ErrorCode, Refusal
from domain.estates import ChargeableBasis, ParkingRight, UnitUse
from domain.identifiers import check_unit_number, mask_unit
from domain.records import Record
from domain.units import FLOOR_LIMIT, building_name, counted_area, unit_name, unit_sort_key
from models.estates import Building, Unit
from resolvers.estates import REGISTRARS
from resolvers.fund_demands import check_handed_over
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class UnitData(Record):
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


async def unit_register(uow: UnitOfWork, *, building_id: uuid.UUID, **data: Any) -> Unit:
    """Enter a unit (``UnitData``) of a building.

    Refuses ``ALREADY_REGISTERED`` for a room, house code or real-estate unit number in use, ``OUT_OF_RANGE`` for a
    floor or area that cannot be, ``INVALID_UNIT_NUMBER``.
    """
    building = await uow.load(Building, building_id, field="buildingId")
    grant = await uow.act(REGISTRARS, Building, building)
    unit = Unit(
        county=uow.county,
        building_id=building.id,
        estate_id=building.estate_id,
        area_id=building.area_id,
        **unit_columns(building.number, UnitData(**data), uow.today),
    )
    await _check_free(uow, unit)
    uow.session.add(unit)
    await uow.session.flush()  # the event refers to it
    await uow.audit("unitRegister", unit, grant=grant)
    return unit


async def unit_correct(uow: UnitOfWork, *, id: uuid.UUID, reason: str, expected_version: int, **data: Any) -> Unit:
    """Put the named fields of ``UnitData`` right; the others stay. Refuses ``VERSION_CONFLICT`` too.

    A unit is marked as handed over (``delivered_on``), and where the developer pays at online signing as signed
    (``net_sign_no``), only once its first deposit to the maintenance fund is paid: ``DEPOSIT_NOT_PAID`` (FUND-3, TQ-104).
    """
    unit = await uow.load(Unit, id, lock=True)
    grant = await uow.act(REGISTRARS, Unit, unit)
    uow.check_version(unit, expected_version)
    building = await uow.load(Building, unit.building_id)
    known = {field.name: getattr(unit, field.name) for field in fields(UnitData)}
    if {"registered_area", "surveyed_area", "contract_area", "exclusive_area", "chargeable_basis"} & data.keys():
        known["chargeable_area"] = None  # follows its basis again unless it is named too
    values = unit_columns(building.number, UnitData(**known | data), uow.today)
    changed = sorted(name for name, value in values.items() if getattr(unit, name) != value)
    if not changed:
        return unit
    await check_handed_over(
        uow,
        unit,
        delivered=unit.delivered_on is None and values["delivered_on"] is not None,
        signed=unit.net_sign_no is None and values["net_sign_no"] is not None,
    )
    with uow.session.no_autoflush:
        for name in changed:
            setattr(unit, name, values[name])
        await _check_free(uow, unit)
    unit.version += 1
    await uow.audit("unitCorrect", unit, grant=grant, reason=reason, detail={"changed": changed})
    uow.notify(unit)
    return unit


def unit_columns(building_number: str, data: UnitData, today: date) -> dict[str, Any]:
    """A unit's columns from its data: which area counts (V-8), name, sort key. Refuses values that cannot be."""
    if not data.room.strip():
        raise Refusal(ErrorCode.REQUIRED, "room")
    if data.floor == 0 or abs(data.floor) > FLOOR_LIMIT:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "floor", least=-FLOOR_LIMIT, most=FLOOR_LIMIT)
    for name, size in (
        ("registeredArea", data.registered_area),
        ("surveyedArea", data.surveyed_area),
        ("contractArea", data.contract_area),
        ("exclusiveArea", data.exclusive_area),
        ("chargeableArea", data.chargeable_area),
    ):
        if size is not None and size <= 0:
            raise Refusal(ErrorCode.OUT_OF_RANGE, name, least=1)
    if data.delivered_on is not None and data.delivered_on > today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "deliveredOn", most=today)
    if data.parking_right is not None and data.use is not UnitUse.PARKING:
        raise Refusal(ErrorCode.INVALID_INPUT, "parkingRight")
    number = data.real_estate_unit_no
    building_area, area_basis = counted_area(data.registered_area, data.surveyed_area, data.contract_area)
    charged_by_default = {
        ChargeableBasis.BUILDING_AREA: building_area,
        ChargeableBasis.EXCLUSIVE_AREA: data.exclusive_area,
        ChargeableBasis.AGREED: None,
    }
    return {
        **vars(data),
        "real_estate_unit_no": check_unit_number(number, "realEstateUnitNo") if number else None,
        "building_area": building_area,
        "area_basis": area_basis,
        "chargeable_area": data.chargeable_area or charged_by_default[data.chargeable_basis],
        "name": unit_name(building_name(building_number), data.entrance, data.room),
        "name_mask": mask_unit(building_number, data.room),
        "sort_key": unit_sort_key(building_number, data.entrance, data.floor, data.room),
    }


async def _check_free(uow: UnitOfWork, unit: Unit) -> None:
    """No other unit has its room in the building, or its code or number in the county."""
    wanted: dict[str, ColumnElement[bool]] = {
        "room": and_(Unit.building_id == unit.building_id, Unit.entrance == unit.entrance, Unit.room == unit.room)
    }
    if unit.house_code:
        wanted["houseCode"] = Unit.house_code == unit.house_code
    if unit.real_estate_unit_no:
        wanted["realEstateUnitNo"] = Unit.real_estate_unit_no == unit.real_estate_unit_no
    for field, same in wanted.items():
        statement = select(Unit.id).where(Unit.county == uow.county, same)
        if unit.id is not None:
            statement = statement.where(Unit.id != unit.id)
        with uow.session.no_autoflush:
            if await uow.session.scalar(statement):
                raise Refusal(ErrorCode.ALREADY_REGISTERED, field)
