"""Property areas, estates, buildings, units, parking spaces and facilities of an import."""

import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, select, update

from domain.errors import ErrorCode, Refusal
from domain.estates import EstateState, PartyCoverage, UnitUse
from domain.register import Row, Sheet
from domain.register_sheets import AREAS, BUILDINGS, ESTATES, FACILITIES, PARKING, UNITS
from domain.text import natural_key, pinyin_key
from domain.units import building_name
from models.base import new_id
from models.estates import Building, Estate, EstateArea, Facility, PropertyArea, Unit
from models.sealed import Context, Kind
from resolvers.areas import move_buildings
from resolvers.estates import BuildingData, FacilityData, check_building, facility_sort_key
from resolvers.register.work import Work, claim
from resolvers.units import UnitData, unit_columns

BASE_DATA = tuple(
    column.name for column in ESTATES.columns if column.name not in ("community", "area", "contact_cadre_phone")
)
"""The columns of the sheet that are columns of the table under the same name."""


async def areas(work: Work) -> None:
    """Property areas, by code."""
    met: Counter[bool] = Counter()
    rows = []
    for row in work.read(AREAS):
        township = work.township(AREAS, row)
        rows.append(
            {
                **common(work, claim(work.areas, row["code"], met)),
                **{name: row[name] for name in ("code", "name", "community", "boundary", "filing_number", "filed_on")},
                "floor_area": row["floor_area"],
                "township": township,
                "name_sort": pinyin_key(row["name"]),
                "consulted_offices": sorted(str(office) for office in row["consulted_offices"]),
            }
        )
    await work.store(AREAS, PropertyArea, rows, met[True])


async def estates(work: Work) -> None:
    """Estates, by code, with the area that covers each as a whole. What a bureau imports is approved base data."""
    met: Counter[bool] = Counter()
    rows = []
    for row in work.read(ESTATES):
        township = work.township(ESTATES, row)
        work.area(ESTATES, row)
        if row["year_built"] is not None and not 1900 <= row["year_built"] <= work.uow.today.year:
            work.fault(ESTATES, row, "year_built", ErrorCode.OUT_OF_RANGE, least=1900, most=work.uow.today.year)
        if row["party_coverage"] is not PartyCoverage.NONE and not row["party_organisation"]:
            work.fault(ESTATES, row, "party_organisation", ErrorCode.REQUIRED)
        row_id = claim(work.estates, row["code"], met)
        rows.append(
            {
                **common(work, row_id),
                **{name: row[name] for name in BASE_DATA},
                "community": row["community"],
                "township": township,
                "name_sort": pinyin_key(row["name"]),
                **sealed(work, Estate, row_id, "contact_cadre_phone", row["contact_cadre_phone"], Kind.PHONE),
                "state": EstateState.APPROVED.value,
                "approved_on": work.uow.today,
                "service_mode_since": work.uow.today,
            }
        )
    kept = ("state", "approved_on", "service_mode_since")
    left_empty = [f"contact_cadre_phone_{part}" for part in ("sealed", "index", "mask")]
    options: dict[str, Any] = {"kept": kept, "compared": unsealed(rows, kept), "coalesced": left_empty}
    await work.store(ESTATES, Estate, rows, met[True], **options)


async def buildings(work: Work) -> None:
    """Buildings, by estate and number, and which area each estate and building belongs to from now on."""
    met: Counter[bool] = Counter()
    rows = []
    whole = await _whole_areas(work)
    parts: dict[uuid.UUID, dict[uuid.UUID, list[str]]] = defaultdict(lambda: defaultdict(list))
    wanted: dict[uuid.UUID, uuid.UUID | None] = {}
    for row in work.read(BUILDINGS):
        estate_id, area_id = work.estate(BUILDINGS, row), work.area(BUILDINGS, row)
        data = BuildingData(**{name: row[name] for name in BuildingData.__dataclass_fields__})
        _checked(work, BUILDINGS, row, lambda data=data: check_building(data))
        if estate_id is None:
            continue
        if area_id is not None and whole.get(estate_id) not in (None, area_id):
            work.fault(BUILDINGS, row, "area", ErrorCode.INVALID_INPUT, value=row["area"])
        row_id = claim(work.buildings, (estate_id, row["number"]), met)
        work.building_numbers[row_id] = row["number"]
        if area_id is not None:
            parts[estate_id][area_id].append(building_name(row["number"]))
        wanted[row_id] = area_id or whole.get(estate_id) or work.building_areas.get(row_id)
        rows.append(
            {
                **common(work, row_id),
                **vars(data),
                "estate_id": estate_id,
                "area_id": wanted[row_id],
                "name": building_name(row["number"]),
                "sort_key": natural_key(row["number"]),
            }
        )
    for (estate_id, _number), row_id in work.buildings.items():
        if row_id not in wanted and whole.get(estate_id):
            wanted[row_id] = whole[estate_id]
    if work.faults:
        return
    for estate_id, area_id in whole.items():
        if area_id is not None and estate_id not in parts:
            parts[estate_id] = defaultdict(list, {area_id: []})
    await _link(work, parts, whole)
    await _move(work, wanted)
    await work.store(BUILDINGS, Building, rows, met[True])


async def units(work: Work) -> None:
    """Units and parking spaces, by building, entrance and room."""
    met: Counter[bool] = Counter()
    for sheet in (UNITS, PARKING):
        found = work.take(sheet)
        known_before = met[True]
        mine: list[tuple[Row, dict[str, Any]]] = []
        for place, row in enumerate(found):
            await work.breathe(sheet, place, len(found))
            building_id = work.building(sheet, row)
            if building_id is None:
                continue
            given = dict(row.values)
            if sheet is PARKING:
                given |= {"use": UnitUse.PARKING, "entrance": ""}
            data = UnitData(**{name: value for name, value in given.items() if name not in ("estate", "building")})
            try:
                columns = unit_columns(work.building_numbers[building_id], data, work.uow.today)
            except Refusal as refusal:
                work.fault(sheet, row, snake(refusal.field), refusal.code, **refusal.params)
                continue
            row_id = claim(work.units, (building_id, data.entrance, data.room), met)
            work.unit_buildings[row_id] = building_id
            places = {
                "building_id": building_id,
                "estate_id": work.estates[row["estate"]],
                "area_id": work.building_areas.get(building_id),
            }
            mine.append((row, {**common(work, row_id), **places, **columns}))
        await _check_numbers(work, sheet, mine)
        work.progress(sheet.title, len(found), len(found))
        await work.store(sheet, Unit, [made for _row, made in mine], met[True] - known_before)


async def facilities(work: Work) -> None:
    """Shared facilities, by estate, kind and number."""
    county = work.uow.county
    columns = (Facility.estate_id, Facility.kind, Facility.number, Facility.id)
    statement = select(*columns).where(Facility.county == county)
    known: dict[Any, uuid.UUID] = {
        (estate_id, kind, number): row_id
        for estate_id, kind, number, row_id in (await work.uow.session.execute(statement)).all()
    }
    met: Counter[bool] = Counter()
    rows = []
    for row in work.read(FACILITIES):
        estate_id = work.estate(FACILITIES, row)
        building_id = work.building(FACILITIES, row) if row["building"] and estate_id else None
        if estate_id is None:
            continue
        data = FacilityData(**{name: row[name] for name in FacilityData.__dataclass_fields__})
        row_id = claim(known, (estate_id, data.kind.value, data.number), met)
        places = {"estate_id": estate_id, "building_id": building_id, "sort_key": facility_sort_key(data)}
        rows.append({**common(work, row_id), **places, **vars(data)})
    await work.store(FACILITIES, Facility, rows, met[True])


def sealed(work: Work, model: Any, row_id: uuid.UUID, name: str, value: str | None, kind: Kind) -> dict[str, Any]:
    """The three columns of a sealed attribute."""
    columns = (f"{name}_sealed", f"{name}_index", f"{name}_mask")
    if value is None:
        return dict.fromkeys(columns)
    context = Context(model.__tablename__, name, str(row_id))
    return dict(zip(columns, work.uow.vault.seal(value, kind, work.uow.county, context), strict=True))


def unsealed(rows: list[dict[str, Any]], kept: Iterable[str]) -> list[str]:
    """The columns that tell whether a row differs: a ciphertext is another each time, its index is not."""
    ignored = {"county", "id", "updated_at", *kept}
    return [name for name in rows[0] if name not in ignored and not name.endswith("_sealed")] if rows else []


def common(work: Work, row_id: uuid.UUID) -> dict[str, Any]:
    return {"county": work.uow.county, "id": row_id, "updated_at": work.uow.now}


def _checked(work: Work, sheet: Sheet, row: Row, check: Any) -> None:
    try:
        check()
    except Refusal as refusal:
        work.fault(sheet, row, snake(refusal.field), refusal.code, **refusal.params)


def snake(field: str | None) -> str | None:
    """A refusal's field as the column that it comes from."""
    return re.sub(r"[A-Z]", lambda found: f"_{found.group().lower()}", field) if field else None


async def _whole_areas(work: Work) -> dict[uuid.UUID, uuid.UUID | None]:
    """The area of each estate that lies in one as a whole: as the file says, else as it is."""
    current = select(EstateArea.estate_id, EstateArea.area_id).where(
        EstateArea.county == work.uow.county, EstateArea.valid_to.is_(None), EstateArea.part.is_(None)
    )
    found = (await work.uow.session.execute(current)).all()
    whole: dict[uuid.UUID, uuid.UUID | None] = {link.estate_id: link.area_id for link in found}
    for row in work.read(ESTATES):
        if row["area"] in work.areas:
            whole[work.estates[row["code"]]] = work.areas[row["area"]]
    return whole


async def _link(
    work: Work, parts: dict[uuid.UUID, dict[uuid.UUID, list[str]]], whole: dict[uuid.UUID, uuid.UUID | None]
) -> None:
    """Bring the links of estates to areas to what the file says; what ends is kept as history."""
    session, county, today = work.uow.session, work.uow.county, work.uow.today
    statement = select(EstateArea.id, EstateArea.estate_id, EstateArea.area_id, EstateArea.part).where(
        EstateArea.county == county, EstateArea.valid_to.is_(None)
    )
    wanted = {
        (estate_id, area_id, None if whole.get(estate_id) == area_id else "、".join(names))
        for estate_id, by_area in parts.items()
        for area_id, names in by_area.items()
    }
    ended = []
    for row_id, estate_id, area_id, part in (await session.execute(statement)).all():
        if estate_id not in parts:
            continue
        if (estate_id, area_id, part) in wanted:
            wanted.remove((estate_id, area_id, part))
        else:
            ended.append(row_id)
    if ended:
        await session.execute(
            update(EstateArea)
            .where(EstateArea.county == county, EstateArea.id.in_(ended))
            .values(valid_to=today)
            .execution_options(synchronize_session=False)
        )
    if wanted:
        rows = [
            {"county": county, "id": new_id(), "estate_id": e, "area_id": a, "part": part, "valid_from": today}
            for e, a, part in wanted
        ]
        await session.execute(insert(EstateArea), rows)


async def _move(work: Work, wanted: dict[uuid.UUID, uuid.UUID | None]) -> None:
    """Move buildings that the county knows, with their units and the residents' grants, to the area they belong to."""
    moves: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for row_id, area_id in wanted.items():
        if row_id in work.building_areas and area_id is not None and work.building_areas[row_id] != area_id:
            moves[area_id].append(row_id)
        work.building_areas[row_id] = area_id
    for area_id, ids in moves.items():
        await move_buildings(work.uow, [Building.id.in_(ids)], area_id)


async def _check_numbers(work: Work, sheet: Sheet, rows: list[tuple[Row, dict[str, Any]]]) -> None:
    """House codes and real-estate unit numbers belong to one unit each, in the file and in the county."""
    by_id = {made["id"]: made for _row, made in rows}
    for name in ("house_code", "real_estate_unit_no"):
        holders = {made[name]: made["id"] for _row, made in reversed(rows) if made[name] is not None}
        if not holders:
            continue
        column = getattr(Unit, name)
        taken = select(column, Unit.id).where(Unit.county == work.uow.county, column.is_not(None))
        for value, row_id in (await work.uow.session.execute(taken)).all():
            if value in holders and holders[value] != row_id and by_id.get(row_id, {}).get(name, value) == value:
                holders[value] = row_id
        for row, made in rows:
            if made[name] is not None and holders[made[name]] != made["id"]:
                work.fault(sheet, row, name, ErrorCode.ALREADY_REGISTERED)
