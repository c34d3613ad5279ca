"""Reading a sheet: headers matched, every cell read, every fault noted with its row and column."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.errors import ErrorCode, Refusal
from domain.register import Column, Fault, Row, Sheet, read_cell

MOST_KNOWN = 5_000
"""So many texts of a column are remembered with their values."""

MOST_FAULTS = 5_000
"""A file with more is not being corrected cell by cell."""


@dataclass
class Faults:
    """What was found wrong so far; the first ``MOST_FAULTS`` are kept, all are counted."""

    kept: list[Fault] = field(default_factory=list)
    count: int = 0
    unsound: set[tuple[Any, ...]] = field(default_factory=set)
    """Sheet name and key of rows that are at fault themselves: rows that name them are not blamed for it."""

    def note(self, sheet: Sheet | str, row: int | None, column: str | None, refusal: Refusal) -> None:
        """``column`` is a column's name; the fault shows its header."""
        self.count += 1
        if len(self.kept) < MOST_FAULTS:
            if isinstance(sheet, Sheet):
                known = sheet.by_name.get(column or "")
                column = known.title if known else column
                sheet = sheet.title
            self.kept.append(Fault(sheet, row, column, refusal))

    def __bool__(self) -> bool:
        return self.count > 0


def read_sheet(sheet: Sheet, lines: Iterable[tuple[int, Sequence[Any]]], faults: Faults) -> list[Row]:
    """The rows of a sheet without faults; ``lines`` are numbered and begin with the headers. Empty rows are skipped.

    A header that is not known, a column that is needed but missing, and a row whose key was there before are faults.
    """
    numbered = iter(lines)
    number, headers = next(numbered, (1, ()))
    readers = _readers(sheet, _places(sheet, number, headers, faults))
    places = {column.name: place for place, column in enumerate(sheet.columns)}
    key_places = [places[name] for name in sheet.key]
    rows: list[Row] = []
    first_with: dict[tuple[Any, ...], int] = {}
    for number, cells in numbered:
        if all(cell is None or cell == "" for cell in cells):
            continue
        values, refused = _read(readers, cells)
        for column, refusal in refused:
            faults.note(sheet, number, column.name, refusal)
        key = tuple(values[place] for place in key_places)
        if refused:
            if not {column.name for column, _ in refused} & set(sheet.key):
                faults.unsound.add((sheet.name, *key))
            continue
        earlier = first_with.setdefault(key, number) if key else number  # a sheet without a key may repeat itself
        if earlier != number:
            faults.note(sheet, number, sheet.key[-1], Refusal(ErrorCode.ALREADY_REGISTERED, row=earlier))
            continue
        rows.append(Row(number, places, tuple(values)))
    return rows


def _readers(sheet: Sheet, places: dict[str, int]) -> list[tuple[Column, int | None, dict[str, Any]]]:
    """The columns in the sheet's own order, each with its place in the file and the texts of it that were read already."""
    return [(column, places.get(column.name), {}) for column in sheet.columns]


def _read(
    readers: Iterable[tuple[Column, int | None, dict[str, Any]]], cells: Sequence[Any]
) -> tuple[list[Any], list[tuple[Column, Refusal]]]:
    """A row's values, and what is wrong with which of its cells."""
    values: list[Any] = []
    refused: list[tuple[Column, Refusal]] = []
    for column, place, known in readers:
        if place is None:
            values.append(column.default)
            continue
        raw = cells[place] if place < len(cells) else None
        if type(raw) is str and raw in known:  # most columns repeat few texts, and equal values are one object then
            values.append(known[raw])
            continue
        try:
            value = read_cell(column, raw)
        except Refusal as refusal:
            refused.append((column, refusal))
            value = None
        else:
            if type(raw) is str and len(known) < MOST_KNOWN:
                known[raw] = value
        values.append(value)
    return values, refused


def _places(sheet: Sheet, number: int, headers: Sequence[Any], faults: Faults) -> dict[str, int]:
    """Where each column stands."""
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        if header is None or not str(header).strip():
            continue
        column = sheet.find(header)
        if column is None or column.name in places:
            faults.note(sheet, number, str(header), Refusal(ErrorCode.INVALID_INPUT, value=header))
        else:
            places[column.name] = place
    for column in sheet.columns:
        if column.required and column.name not in places:
            faults.note(sheet, number, column.name, Refusal(ErrorCode.REQUIRED, column.name))
    return places


def required_mark(column: Column) -> str:
    """A column's header in a template."""
    return f"{column.title}*" if column.required else column.title
