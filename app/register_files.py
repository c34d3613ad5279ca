"""The register's files: workbooks and CSV read as sheets of cells; templates, exports and marked copies written.

A file is an XLSX workbook, one CSV file, a folder of CSV files or a ZIP of them. Sheets go by their Chinese or English
name, and so do columns; CSV may be UTF-8 or GB18030.
"""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from app.texts import sentence
from domain.errors import ErrorCode, Refusal
from domain.register import FORMS, CellKind, Column, Fault, Row, Sheet
from domain.register_business import SHEETS
from domain.register_rows import Faults, read_sheet, required_mark
from schema.documents import Locale

LEGEND = "说明"
MOST_UNPACKED = 1 << 30
"""A ZIP or workbook that unpacks to more than this is not read."""

Lines = Iterator[tuple[int, Sequence[Any]]]
_BY_NAME = {name.casefold(): sheet for sheet in SHEETS for name in (sheet.name, sheet.title)}


class UnreadableFile(Exception):  # noqa: N818 - said to the person as it is
    """The file is neither a workbook nor CSV; the message says what was found."""


def read(path: Path, faults: Faults, progress: Any = None) -> dict[str, list[Row]]:
    """All sheets of a file by English name. What cannot be read in it is noted in ``faults``.

    Raises ``UnreadableFile`` when there is no sheet in it at all.
    """
    found: dict[str, list[Row]] = {}
    with sheets_of(path) as named:
        for name, lines in named:
            sheet = _BY_NAME.get(name.strip().casefold())
            if sheet is None:
                if name.strip() != LEGEND:
                    faults.note(name, None, None, Refusal(ErrorCode.INVALID_INPUT, value=name))
                continue
            found[sheet.name] = read_sheet(sheet, _counted(sheet, lines, progress), faults)
    return found


def _counted(sheet: Sheet, lines: Lines, progress: Any) -> Lines:
    for number, cells in lines:
        if progress is not None and number % 10_000 == 0:
            progress(f"{sheet.title} 读取", number, number + 1)
        yield number, cells


@contextmanager
def sheets_of(path: Path) -> Iterator[Iterator[tuple[str, Lines]]]:
    """The file's sheets by name, each an iterator of numbered rows of cells."""
    if path.is_dir():
        yield _folder(path)
    elif path.suffix.casefold() == ".csv":
        yield iter([(path.stem, _csv_lines(path.read_bytes()))])
    elif not zipfile.is_zipfile(path):
        raise UnreadableFile(f"{path.name} is neither an XLSX workbook nor CSV, a folder or a ZIP of CSV files")
    else:
        with zipfile.ZipFile(path) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
                raise UnreadableFile(f"{path.name} unpacks to more than {MOST_UNPACKED >> 20} MiB")
            if "[Content_Types].xml" in packed.namelist():
                yield _workbook(path)
            else:
                yield _archive(packed)


def _workbook(path: Path) -> Iterator[tuple[str, Lines]]:
    # Ten times as fast as openpyxl, which a register of a hundred thousand rows feels.
    try:
        book = CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"{path.name} is no XLSX workbook: {error}") from error
    for name in book.sheet_names:
        if name != LEGEND:
            yield name, _numbered(book.get_sheet_by_name(name))


def _numbered(sheet: CalamineSheet) -> Lines:
    """Rows from the first on; columns that are empty all the way down on the left are put back."""
    if sheet.start is None:
        return
    left = [""] * sheet.start[1]
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, left + cells if left else cells


def _folder(path: Path) -> Iterator[tuple[str, Lines]]:
    files = sorted(path.glob("*.csv"))
    if not files:
        raise UnreadableFile(f"{path.name} holds no CSV file")
    return ((file.stem, _csv_lines(file.read_bytes())) for file in files)


def _archive(packed: zipfile.ZipFile) -> Iterator[tuple[str, Lines]]:
    names = sorted(name for name in packed.namelist() if name.casefold().endswith(".csv"))
    if not names:
        raise UnreadableFile("the ZIP holds no CSV file")
    for name in names:
        yield Path(name).stem, _csv_lines(packed.read(name))


def _csv_lines(content: bytes) -> Lines:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise UnreadableFile(f"a CSV file is neither UTF-8 nor GB18030: {error}") from error
    return enumerate(csv.reader(io.StringIO(text, newline="")), 1)


# -- writing ----------------------------------------------------------------------------------------------------------

_AS_TEXT = frozenset({CellKind.CODE, CellKind.PHONE, CellKind.CREDIT_CODE, CellKind.COMMUNITY, CellKind.UNIT_NUMBER})
_LAST_ROW = 1_048_575


def write_template(target: Path | IO[bytes]) -> None:
    """An empty workbook: a legend, and every sheet with its headers, forms and choices."""
    write_sheets(target, {})


def write_sheets(target: Path | IO[bytes], rows: Mapping[str, Iterable[Sequence[Any]]]) -> None:
    """A workbook with the legend and all sheets; ``rows`` are cells in the order of the columns, by English name."""
    with xlsxwriter.Workbook(target, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        formats = {
            "head": book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True}),
            "needed": book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True}),
            "text": book.add_format({"num_format": "@"}),
            "title": book.add_format({"bold": True, "font_size": 13}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        }
        _legend(book, formats)
        for sheet in SHEETS:
            page = book.add_worksheet(sheet.title)
            page.freeze_panes(1, 0)
            for place, column in enumerate(sheet.columns):
                page.set_column(place, place, max(10, 2 * len(column.title) + 4), _format(column, formats))
                _restrict(page, place, column)
            for place, column in enumerate(sheet.columns):
                page.write_string(0, place, required_mark(column), formats["needed" if column.required else "head"])
            for number, cells in enumerate(rows.get(sheet.name, ()), 1):
                for place, cell in enumerate(cells):
                    _write(page, number, place, cell)


def _format(column: Column, formats: Mapping[str, Any]) -> Any:
    return formats["text"] if column.kind in _AS_TEXT or column.name == "document_number" else None


def _restrict(page: Any, place: int, column: Column) -> None:
    """Offer the choices in the cell, where a workbook can hold the list."""
    choices = ["是", "否"] if column.kind is CellKind.YES_NO else column.listed.split(" | ") if column.terms else []
    if choices and column.kind is not CellKind.CHOICES and sum(len(one) + 1 for one in choices) <= 255:
        page.data_validation(
            1, place, _LAST_ROW, place, {"validate": "list", "source": choices, "error_type": "warning"}
        )


def _legend(book: Any, formats: Mapping[str, Any]) -> None:
    page = book.add_worksheet(LEGEND)
    page.set_column(0, 0, 22)
    page.set_column(1, 1, 26)
    page.set_column(2, 6, 30, formats["wrap"])
    lines: list[tuple[Sequence[str], str | None]] = [
        (["全县物业基础数据登记表：每张表的列、格式和可填的值。带 * 的列必填。列名可用中文或英文。"], "title"),
        (["同一行再次导入按主键识别，不会重复登记；任何一格有错，整份文件都不写入。"], None),
    ]
    for sheet in SHEETS:
        lines += [((), None), ([f"{sheet.title}（{sheet.name}）", sheet.about], "title")]
        lines.append((["列", "英文列名", "必填", "格式", "可填的值", "示例", "说明"], "head"))
        lines += [
            (
                [
                    column.title,
                    column.name,
                    "是" if column.required else "",
                    FORMS[column.kind],
                    column.listed,
                    column.example,
                    f"{column.note}{'（主键）' if column.name in sheet.key else ''}",
                ],
                None,
            )
            for column in sheet.columns
        ]
    for number, (cells, style) in enumerate(lines):
        for place, cell in enumerate(cells):
            page.write_string(number, place, cell, formats[style] if style else None)


def _write(page: Any, number: int, place: int, cell: Any, style: Any = None) -> None:
    match cell:
        case None:
            if style is not None:
                page.write_blank(number, place, None, style)
        case bool() | str():
            page.write_string(number, place, str(cell), style)
        case int() | float() | Decimal():
            page.write_number(number, place, cell, style)
        case _:
            page.write_datetime(number, place, cell, style)


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
                    _write(page, number - 1, place, cell, wrong if place in marks else None)
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
