"""Workbooks that Anju writes: the import's template, and exports row by row in constant memory.

A text is always written as text, whatever it begins with: nobody's ``=…`` becomes a formula.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from domain.register import FORMS, CellKind, Column, Sheet
from domain.register_business import SHEETS
from domain.register_rows import required_mark

LEGEND = "说明"
_LAST_ROW = 1_048_575
_AS_TEXT = frozenset({CellKind.CODE, CellKind.PHONE, CellKind.CREDIT_CODE, CellKind.COMMUNITY, CellKind.UNIT_NUMBER})
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "head": {"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True},
    "needed": {"bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True},
    "title": {"bold": True, "font_size": 13},
    "wrap": {"text_wrap": True, "valign": "top"},
    "text": {"num_format": "@"},
    "money": {"num_format": "#,##0.00"},
    "area": {"num_format": "#,##0.00"},
    "number": {"num_format": "0"},
    "day": {"num_format": "yyyy-mm-dd"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm"},
}


class Page:
    """One sheet being written, from the top down."""

    def __init__(self, page: Any, styles: Sequence[Any]) -> None:
        self._page = page
        self._styles = styles
        self.rows = 0

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows under those that are there."""
        for cells in rows:
            self.rows += 1
            for place, (cell, style) in enumerate(zip(cells, self._styles, strict=True)):
                write_cell(self._page, self.rows, place, cell, style if cell is not None else None)


class Book:
    """A workbook being written."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._looks = {name: book.add_format(look) for name, look in _LOOKS.items()}

    def legend(self) -> None:
        """The sheet that explains the import's sheets."""
        _legend(self._book.add_worksheet(LEGEND), self._looks)

    def sheet(self, sheet: Sheet, locale: str = "zh-CN") -> Page:
        """One of the import's sheets, with its choices to choose from."""
        page = self._page(sheet.title if locale == "zh-CN" else sheet.name)
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, max(10, 2 * len(column.title) + 4), self._looks.get(_look(column)))
            if locale == "zh-CN":
                _restrict(page, place, column)
        for place, column in enumerate(sheet.columns):
            header = required_mark(column) if locale == "zh-CN" else column.name
            page.write_string(0, place, header, self._looks["needed" if column.required else "head"])
        return Page(page, [None] * len(sheet.columns))

    def plain(self, title: str, headers: Sequence[str], styles: Sequence[str]) -> Page:
        """A sheet of an exported list; ``styles`` are the looks of its columns."""
        page = self._page(title)
        for place, header in enumerate(headers):
            page.set_column(place, place, max(12, 2 * len(header) + 4))
            page.write_string(0, place, header, self._looks["head"])
        return Page(page, [self._looks[style] for style in styles])

    def _page(self, title: str) -> Any:
        page = self._book.add_worksheet(title[:31])
        page.freeze_panes(1, 0)
        return page


@contextmanager
def workbook(target: Path | IO[bytes]) -> Iterator[Book]:
    """A new workbook; it is complete when the block ends."""
    with xlsxwriter.Workbook(target, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        yield Book(book)


def write_template(target: Path | IO[bytes]) -> None:
    """An empty workbook: a legend, and every sheet of the import with its headers, forms and choices."""
    with workbook(target) as book:
        book.legend()
        for sheet in SHEETS:
            book.sheet(sheet)


def write_cell(page: Any, number: int, place: int, cell: Any, style: Any = None) -> None:
    """One cell: texts as texts, numbers as numbers, days as days."""
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


def _look(column: Column) -> str:
    return "text" if column.kind in _AS_TEXT or column.name == "document_number" else ""


def _restrict(page: Any, place: int, column: Column) -> None:
    """Offer the choices in the cell, where a workbook can hold the list."""
    choices = ["是", "否"] if column.kind is CellKind.YES_NO else column.listed.split(" | ") if column.terms else []
    if choices and column.kind is not CellKind.CHOICES and sum(len(one) + 1 for one in choices) <= 255:
        page.data_validation(
            1, place, _LAST_ROW, place, {"validate": "list", "source": choices, "error_type": "warning"}
        )


def _legend(page: Any, looks: Mapping[str, Any]) -> None:
    page.set_column(0, 0, 22)
    page.set_column(1, 1, 26)
    page.set_column(2, 6, 30, looks["wrap"])
    lines: list[tuple[Sequence[str], str | None]] = [
        (["全县物业基础数据登记表：每张表的列、格式和可填的值。带 * 的列必填。列名可用中文或英文。"], "title"),
        (["同一行再次导入按主键识别，不会重复登记；任何一格有错，整份文件都不写入。"], None),
    ]
    for sheet in SHEETS:
        lines += [((), None), ([f"{sheet.title}（{sheet.name}）", sheet.about], "title")]
        lines.append((["列", "英文列名", "必填", "格式", "可填的值", "示例", "说明"], "head"))
        lines += [(_explained(column, column.name in sheet.key), None) for column in sheet.columns]
    for number, (cells, style) in enumerate(lines):
        for place, cell in enumerate(cells):
            page.write_string(number, place, cell, looks[style] if style else None)


def _explained(column: Column, is_key: bool) -> list[str]:
    needed = "是" if column.required else ""
    note = f"{column.note}{'（主键）' if is_key else ''}"
    return [column.title, column.name, needed, FORMS[column.kind], column.listed, column.example, note]
