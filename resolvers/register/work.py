"""What an import carries from sheet to sheet: the unit of work, what the county knows already, faults and counts."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.register import Row, Sheet
from domain.register_rows import Faults
from models.base import new_id
from models.divisions import Division
from models.estates import Building, Estate, PropertyArea, Unit
from resolvers.register.store import Stored, upsert
from resolvers.unit_of_work import UnitOfWork

Progress = Callable[[str, int, int], None]
UnitKey = tuple[uuid.UUID, str, str]


@dataclass
class Work:
    """One import. ``rows`` are the sheets that were read, by name; a sheet that the file lacks has none."""

    uow: UnitOfWork
    rows: dict[str, list[Row]]
    faults: Faults
    progress: Progress
    counts: dict[str, Stored] = field(default_factory=dict)
    townships: dict[str, str] = field(default_factory=dict)
    """Community code → its township's."""
    areas: dict[str, uuid.UUID] = field(default_factory=dict)
    estates: dict[str, uuid.UUID] = field(default_factory=dict)
    buildings: dict[tuple[uuid.UUID, str], uuid.UUID] = field(default_factory=dict)
    building_areas: dict[uuid.UUID, uuid.UUID | None] = field(default_factory=dict)
    building_numbers: dict[uuid.UUID, str] = field(default_factory=dict)
    units: dict[UnitKey, uuid.UUID] = field(default_factory=dict)
    unit_buildings: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    companies: dict[Any, uuid.UUID] = field(default_factory=dict)
    contracts: dict[Any, uuid.UUID] = field(default_factory=dict)
    contract_parties: dict[str, tuple[uuid.UUID, uuid.UUID, Row]] = field(default_factory=dict)
    """The file's contracts by number: area, company and row."""
    charge_items: dict[Any, uuid.UUID] = field(default_factory=dict)

    async def recall(self) -> None:
        """Learn the natural keys of what the county has: areas, estates, buildings, and units where rows need them."""
        county = self.uow.county
        today = self.uow.today
        divisions = await self._all(
            select(Division.code, Division.parent_code, Division.valid_from, Division.valid_to).where(
                Division.county == county, Division.level == DivisionLevel.COMMUNITY.value
            )
        )
        self.townships = {
            code: parent for code, parent, start, end in divisions if start <= today and (end is None or today < end)
        }
        area = select(PropertyArea.code, PropertyArea.id).where(PropertyArea.county == county)
        self.areas = {row.code: row.id for row in await self._all(area)}
        estate = select(Estate.code, Estate.id).where(Estate.county == county)
        self.estates = {row.code: row.id for row in await self._all(estate)}
        columns = (Building.estate_id, Building.number, Building.id, Building.area_id)
        for estate_id, number, row_id, area_id in await self._all(select(*columns).where(Building.county == county)):
            self.buildings[estate_id, number] = row_id
            self.building_areas[row_id] = area_id
            self.building_numbers[row_id] = number
        unit_columns = (Unit.building_id, Unit.entrance, Unit.room, Unit.id)
        for building_id, entrance, room, row_id in await self._all(select(*unit_columns).where(Unit.county == county)):
            self.units[building_id, entrance, room] = row_id
            self.unit_buildings[row_id] = building_id

    async def _all(self, statement: Any) -> Iterable[Any]:
        return (await self.uow.session.execute(statement)).all()

    def read(self, sheet: Sheet) -> list[Row]:
        """The sheet's rows."""
        return self.rows.get(sheet.name, [])

    def take(self, sheet: Sheet) -> list[Row]:
        """The sheet's rows, for the last time: the large sheets are let go as they are worked off."""
        rows = self.rows.pop(sheet.name, None)
        return [] if rows is None else rows

    def fault(self, sheet: Sheet, row: Row, column: str | None, code: ErrorCode, **params: Any) -> None:
        self.faults.note(sheet, row.number, column, Refusal(code, column, **params))
        self.faults.unsound.add((sheet.name, *(row[name] for name in sheet.key)))

    def township(self, sheet: Sheet, row: Row) -> str | None:
        """The township of the row's community; a fault where the county has no such community today."""
        township = self.townships.get(row["community"])
        if township is None:
            self.fault(sheet, row, "community", ErrorCode.INVALID_DIVISION, value=row["community"])
        return township

    def find(
        self, sheet: Sheet, row: Row, column: str, known: Mapping[Any, uuid.UUID], key: Any, *named: tuple[Any, ...]
    ) -> uuid.UUID | None:
        """What a column names; a fault where neither the file nor the county has it.

        ``named`` are the rows it may stand for, as sheet name and key: one that is at fault itself is fault enough.
        """
        found = known.get(key)
        if found is None and not any(one in self.faults.unsound for one in named):
            self.fault(sheet, row, column, ErrorCode.NOT_FOUND, value=row[column])
        return found

    def area(self, sheet: Sheet, row: Row) -> uuid.UUID | None:
        """The property area that the row names, if it names one."""
        code = row["area"]
        return None if code is None else self.find(sheet, row, "area", self.areas, code, ("areas", code))

    def estate(self, sheet: Sheet, row: Row) -> uuid.UUID | None:
        """The estate that the row names."""
        code = row["estate"]
        return self.find(sheet, row, "estate", self.estates, code, ("estates", code))

    def building(self, sheet: Sheet, row: Row) -> uuid.UUID | None:
        """The building of the row's estate and building number."""
        estate_id = self.estate(sheet, row)
        if estate_id is None:
            return None
        named = ("buildings", row["estate"], row["building"])
        return self.find(sheet, row, "building", self.buildings, (estate_id, row["building"]), named)

    def unit(self, sheet: Sheet, row: Row) -> uuid.UUID | None:
        """The unit of the row's building, entrance and room."""
        building_id = self.building(sheet, row)
        if building_id is None:
            return None
        key = (row["entrance"], row["room"])
        named = (
            ("units", row["estate"], row["building"], *key),
            ("parking", row["estate"], row["building"], row["room"]),
        )
        return self.find(sheet, row, "room", self.units, (building_id, *key), *named)

    def count(self, sheet: Sheet, created: int, updated: int, unchanged: int) -> None:
        """Add to what became of a sheet's rows."""
        self.counts[sheet.name] = self.counts.get(sheet.name, Stored()) + Stored(created, updated, unchanged)

    async def breathe(self, sheet: Sheet, done: int, total: int) -> None:
        """Say how far a long sheet is, and let the process do its other work now and then."""
        if done % 5_000 == 0:
            self.progress(sheet.title, done, total)
        if done % 200 == 0:
            await asyncio.sleep(0)

    async def store(self, sheet: Sheet, model: Any, rows: list[dict[str, Any]], known: int, **options: Any) -> None:
        """Write a sheet's rows unless there are faults already, and count them."""
        if self.faults:
            return
        self.count(sheet, *await upsert(self.uow.session, model, rows, known=known, **options))


def claim(known: dict[Any, uuid.UUID], key: Any, met: Counter[bool]) -> uuid.UUID:
    """The id of a natural key: the one it has, or a new one; ``met`` counts how many were known."""
    found = known.get(key)
    met[found is not None] += 1
    if found is None:
        found = known[key] = new_id()
    return found
