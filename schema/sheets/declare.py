"""Exported lists declared as data: which list query they follow, and what stands in each column.

    FEE_BILLS = Listed(ExportedList.FEE_BILLS, "feeBills", (
        Part("账单", "Bills", (
            shown("number", "账单号", "Number"),
            shown("unit.estate.name", "小区", "Estate"),
            shown("amount", "金额（元）", "Amount (yuan)"),
        )),
    ))

An export is the list query itself, asked page by page in the name of who wants it: a column is a path of fields, so it shows
what the query shows them, and a path that the schema does not have fails when the lists are first used. What a cell looks
like follows from the GraphQL type at the end of its path. A list whose rows an import brings in has that import's sheet;
rows that it cannot bring in (former leaders, contracts filed here) stand on a sheet of their own, which an import passes over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.exports import REFERENCE, ExportedList
from domain.register import Sheet

Node = Mapping[str, Any]
"""A row as the query answers it; of a list under each row (``each``), with the row above under ``ABOVE``."""

ABOVE = "^"


@dataclass(frozen=True)
class Cell:
    """What a column shows: the fields that it needs of the row, and of the row above, and what it makes of them."""

    read: Callable[[Node], Any]
    needs: str = ""
    above: str = ""
    path: tuple[str, ...] = ()


def at(path: str) -> Cell:
    """The field at the end of a path from the row: ``at("unit.estate.code")``; ``at("^.title")`` starts at the row above."""
    above, names = path.startswith(f"{ABOVE}."), tuple(path.removeprefix(f"{ABOVE}.").split("."))
    needs = " { ".join(names) + " }" * (len(names) - 1)
    steps = (ABOVE, *names) if above else names
    return Cell(lambda row: _followed(row, steps), "" if above else needs, needs if above else "", steps)


def made(read: Callable[[Node], Any], needs: str, above: str = "") -> Cell:
    """A cell made of several fields, or of a list: ``made(lambda row: …, "state endedOn")``."""
    return Cell(read, needs, above)


NOTHING = Cell(lambda _row: None)
"""Sealed data, and what only a first import gives: never written (PRI-6)."""


def _followed(row: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        row = None if row is None else row[step]
    return row


@dataclass(frozen=True)
class Head:
    """One column under its Chinese and English header. ``kind`` is a GraphQL type where the cell is not a path."""

    cell: Cell
    title: str
    english: str
    kind: str = "String"


def shown(path: str | Cell, title: str, english: str, kind: str = "String") -> Head:
    """A column; the form of a path's cell follows from its type."""
    return Head(path if isinstance(path, Cell) else at(path), title, english, kind)


@dataclass(frozen=True)
class Part:
    """One sheet of the workbook: those of the list's rows for which ``only`` holds."""

    title: str
    english: str
    heads: tuple[Head, ...]
    only: Cell | None = None
    sheet: Sheet | None = None
    """The import's sheet with the very same columns."""


@dataclass(frozen=True, eq=False)
class Listed:
    """One exported list. ``root`` is the list query; ``each`` a list under every row, whose rows are exported then."""

    name: ExportedList
    root: str
    parts: tuple[Part, ...]
    each: str | None = None
    order: str | None = None
    """The order that the import's clerks know; otherwise the query's own."""

    @property
    def title(self) -> str:
        return self.parts[0].title

    @property
    def cells(self) -> list[Cell]:
        """All that the query has to ask for."""
        heads = [head.cell for part in self.parts for head in part.heads]
        return heads + [part.only for part in self.parts if part.only]


def imported(sheet: Sheet, cells: Mapping[str, str | Cell], only: Cell | None = None, english: str = "") -> Part:
    """The import's own sheet: a column that ``cells`` does not name is the field of its name."""

    def cell(name: str) -> Cell:
        found = cells.get(name, _camel(name))
        return found if isinstance(found, Cell) else at(found)

    heads = tuple(Head(cell(column.name), column.title, column.name) for column in sheet.columns)
    return Part(sheet.title, english or sheet.name, heads, only, sheet)


def beside(part: Part, *more: Head) -> Part:
    """The rows that the import's sheet leaves out, in the same columns and ``more``, for reading only."""
    assert part.only is not None  # noqa: S101 - there is something left out
    kept, needs, above = part.only.read, part.only.needs, part.only.above
    rest = Cell(lambda row: not kept(row), needs, above)
    return Part(f"{part.title}{REFERENCE}", f"{part.english}{REFERENCE}", (*part.heads, *more), rest)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
