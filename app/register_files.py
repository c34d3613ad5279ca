"""The register's files: workbooks and CSV read as sheets of cells, copies with faults marked.

A file is an XLSX workbook, one CSV file, a folder of CSV files or a ZIP of them. Sheets go by their Chinese or English
name, and so do columns; CSV may be UTF-8 or GB18030.
"""

import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from app.csv_files import Lines, UnreadableFile, archive, csv_lines, folder, unpacked
from app.texts import sentence
from app.workbooks import LEGEND, write_cell
from domain.errors import ErrorCode, Refusal
from domain.exports import REFERENCE
from domain.register import Fault, Row, Sheet
from domain.register_business import SHEETS
from domain.register_rows import Faults, read_sheet
from schema.documents import Locale

__all__ = ["UnreadableFile", "faults_as_json", "read", "sheets_of", "write_marked"]
_BY_NAME = {name.casefold(): sheet for sheet in SHEETS for name in (sheet.name, sheet.title)}


def read(path: Path, faults: Faults, progress: Any = None) -> dict[str, list[Row]]:
    """All sheets of a file by English name. What cannot be read in it is noted in ``faults``.

    Raises ``UnreadableFile`` when there is no sheet in it at all.
    """
    found: dict[str, list[Row]] = {}
    with sheets_of(path) as named:
        for name, lines in named:
            sheet = _BY_NAME.get(name.strip().casefold())
            if sheet is None:
                if not _for_reading(name):
                    faults.note(name, None, None, Refusal(ErrorCode.INVALID_INPUT, value=name))
                continue
            if sheet.name in found:
                faults.note(name, None, None, Refusal(ErrorCode.ALREADY_REGISTERED))
                continue
            found[sheet.name] = read_sheet(sheet, _counted(sheet, lines, progress), faults)
    return found


def _for_reading(name: str) -> bool:
    """Whether a sheet is for people only: the legend, and what an export adds that no import brings in."""
    return name.strip() == LEGEND or name.strip().endswith(REFERENCE)


def _counted(sheet: Sheet, lines: Lines, progress: Any) -> Lines:
    for number, cells in lines:
        if progress is not None and number % 10_000 == 0:
            progress(f"{sheet.title} 读取", number, number + 1)
        yield number, cells


@contextmanager
def sheets_of(path: Path) -> Iterator[Iterator[tuple[str, Lines]]]:
    """The file's sheets by name, each an iterator of numbered rows of cells."""
    if path.is_dir():
        yield folder(path)
    elif path.suffix.casefold() == ".csv":
        yield iter([(path.stem, csv_lines(path.name, lambda: path.open("rb")))])
    elif not zipfile.is_zipfile(path):
        raise UnreadableFile(ErrorCode.FILE_NO_REGISTER, path.name)
    else:
        with unpacked(path) as packed:
            yield _workbook(path) if "[Content_Types].xml" in packed.namelist() else archive(packed)


def _workbook(path: Path) -> Iterator[tuple[str, Lines]]:
    # Ten times as fast as openpyxl, which a register of a hundred thousand rows feels.
    try:
        book = CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise UnreadableFile(ErrorCode.FILE_DAMAGED, path.name) from error
    for name in book.sheet_names:
        if not _for_reading(name):
            yield name, _numbered(book.get_sheet_by_name(name))


def _numbered(sheet: CalamineSheet) -> Lines:
    """Rows from the first on; columns that are empty all the way down on the left are put back."""
    if sheet.start is None:
        return
    left = [""] * sheet.start[1]
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, left + cells if left else cells


# -- faults --------------------------------------------------------------------------------------------------------------


def write_marked(source: Path, target: Path, faults: Iterable[Fault], locale: Locale = "zh-CN") -> None:
    """A copy of a file as a workbook in which every cell at fault is red and says what is wrong."""
    by_cell: dict[tuple[str, int], list[Fault]] = defaultdict(list)
    for fault in faults:
        by_cell[fault.sheet, fault.row or 1].append(fault)
    with (
        xlsxwriter.Workbook(target, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book,
        sheets_of(source) as sheets,
    ):
        wrong = book.add_format({"bg_color": "#FF9999", "border": 1})
        for name, lines in sheets:
            sheet = _BY_NAME.get(name.strip().casefold())
            title = sheet.title if sheet else name
            page = book.add_worksheet(title[:31])
            places: dict[str, int] | None = None
            for number, cells in lines:
                places = _header_places(sheet, cells) if places is None else places
                marks = _marks(places, by_cell.get((title, number), ()), locale)
                for place in range(max([len(cells), *(place + 1 for place in marks)])):
                    cell = cells[place] if place < len(cells) else None
                    write_cell(page, number - 1, place, cell, wrong if place in marks else None)
                for place, text in marks.items():
                    page.write_comment(number - 1, place, text, {"x_scale": 2})


def _header_places(sheet: Sheet | None, headers: Sequence[Any]) -> dict[str, int]:
    """Where each column stands, by its Chinese header."""
    columns = [sheet.find(header) if sheet else None for header in headers]
    return {
        column.title if column else str(header): place
        for place, (column, header) in enumerate(zip(columns, headers, strict=True))
    }


def _marks(places: Mapping[str, int], faults: Iterable[Fault], locale: Locale) -> dict[int, str]:
    """What to say at which place of a row; a fault of the whole row stands at its first cell."""
    marks: dict[int, str] = {}
    for fault in faults:
        place = places.get(fault.column or "", 0)
        text = sentence(fault.refusal, locale)
        marks[place] = f"{marks[place]}\n{text}" if place in marks else text
    return marks


def faults_as_json(faults: Iterable[Fault], locale: Locale = "zh-CN") -> list[dict[str, Any]]:
    """Faults by sheet, row, column and reason."""
    return [
        {
            "sheet": fault.sheet,
            "row": fault.row,
            "column": fault.column,
            "code": fault.code.value,
            "reason": sentence(fault.refusal, locale),
        }
        for fault in faults
    ]
