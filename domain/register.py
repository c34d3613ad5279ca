"""The register's import and export as data: sheets, their columns, and how a cell is read (ZS-1, TQ-117 to TQ-119).

A cell holds what a clerk writes: 88.75 for an area, 是 or yes, a choice by its Chinese label or its English value, a day
as 2024-05-10, 2024/5/10, 2024年5月10日 or a real date. ``read_cell`` gives the stored value or raises a ``Refusal``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from domain.errors import ErrorCode, Refusal
from domain.identifiers import check_credit_code, check_division, check_phone, check_unit_number
from domain.terms import Term

LONGEST_TEXT = 500
LARGEST_NUMBER = 10**13
"""In the last unit (fen, 0.01 m²): far above anything real, and exact everywhere."""


class CellKind(StrEnum):
    """What a column holds; the legend shows the description."""

    TEXT = "TEXT"
    CODE = "CODE"
    INTEGER = "INTEGER"
    AREA = "AREA"
    MONEY = "MONEY"
    DAY = "DAY"
    YES_NO = "YES_NO"
    CHOICE = "CHOICE"
    CHOICES = "CHOICES"
    PHONE = "PHONE"
    CREDIT_CODE = "CREDIT_CODE"
    COMMUNITY = "COMMUNITY"
    UNIT_NUMBER = "UNIT_NUMBER"


FORMS: Mapping[CellKind, str] = {
    CellKind.TEXT: "文字",
    CellKind.CODE: "编码（文字，不含空格）",
    CellKind.INTEGER: "整数",
    CellKind.AREA: "平方米，最多两位小数",
    CellKind.MONEY: "元，最多两位小数",
    CellKind.DAY: "日期，如 2024-05-10",
    CellKind.YES_NO: "是 / 否",
    CellKind.CHOICE: "从列出的值中选一个",
    CellKind.CHOICES: "从列出的值中选，可多个，用顿号分隔",
    CellKind.PHONE: "手机号码（11 位）",
    CellKind.CREDIT_CODE: "统一社会信用代码（18 位）",
    CellKind.COMMUNITY: "社区代码（12 位）",
    CellKind.UNIT_NUMBER: "不动产单元号（28 位）",
}


@dataclass(frozen=True)
class Column:
    """One column: English header, Chinese header, what it holds, an example, and what the legend says about it."""

    name: str
    title: str
    kind: CellKind
    required: bool = False
    example: str = ""
    note: str = ""
    terms: type[Term] | None = None
    default: Any = None
    """What an empty cell means."""

    words: Mapping[str, str] = field(default_factory=dict)
    """Chinese words by value, for terms whose descriptions give none."""

    @cached_property
    def labels(self) -> Mapping[str, Term]:
        """Every spelling of a choice."""
        assert self.terms is not None  # noqa: S101 - choices name their terms
        spellings = [
            (text, term) for term in self.terms for text in (term.value, self.word(term), *_words(term)) if text
        ]
        return dict(spellings) | {_folded(text): term for text, term in spellings}

    @cached_property
    def listed(self) -> str:
        """The choices as the legend lists them."""
        return " | ".join(self.word(term) for term in self.terms) if self.terms else ""

    def word(self, term: Term) -> str:
        """The Chinese word for one of the choices."""
        return self.words.get(term.value) or label(term)


@dataclass(frozen=True)
class Sheet:
    """One sheet: English and Chinese name, what a row is, and the columns that tell its rows apart."""

    name: str
    title: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @cached_property
    def headers(self) -> Mapping[str, Column]:
        """Every spelling of a header."""
        return {_folded(text): column for column in self.columns for text in (column.name, column.title)}

    def find(self, header: Any) -> Column | None:
        """The column of a header: Chinese or English, with or without the asterisk of a needed column."""
        return self.headers.get(_folded(str(header)))

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read: its number in the sheet, from 1, and its values. ``places`` says where each column stands in them;
    all rows of a sheet share it, for a register has hundreds of thousands."""

    number: int
    places: Mapping[str, int]
    cells: tuple[Any, ...]

    def __getitem__(self, column: str) -> Any:
        return self.cells[self.places[column]]

    @property
    def values(self) -> dict[str, Any]:
        """The values by column name."""
        return dict(zip(self.places, self.cells, strict=True))


@dataclass(frozen=True)
class Fault:
    """What is wrong where. ``column`` is the Chinese header; ``None`` where the whole row or sheet is at fault."""

    sheet: str
    row: int | None
    column: str | None
    refusal: Refusal = field(compare=False)

    @property
    def code(self) -> ErrorCode:
        return self.refusal.code


_CHINESE = re.compile(r"[（(]([㐀-鿿][^,，()（）:：]*)")
_LEADING = re.compile(r"^([㐀-鿿]+)[::]")


def label(term: Term) -> str:
    """The Chinese word for a term: the first that its description gives in brackets or begins with.

    >>> from domain.estates import ServiceMode
    >>> label(ServiceMode.UNMANAGED)
    '失管小区'
    """
    return next(iter(_words(term)), term.value)


def _words(term: Term) -> list[str]:
    found = _CHINESE.search(term.description) or _LEADING.search(term.description)
    return [word.strip() for word in found.group(1).split("、")] if found else []


def read_cell(column: Column, raw: Any) -> Any:
    """The stored value of a cell as a workbook or CSV file holds it; empty cells give the column's default.

    Raises ``Refusal``: ``REQUIRED``, ``INVALID_INPUT``, ``OUT_OF_RANGE`` or an identifier's own code.
    """
    if raw is None or raw == "" or (type(raw) is str and raw.isspace()):
        if column.required:
            raise Refusal(ErrorCode.REQUIRED, column.name)
        return column.default
    return _READERS[column.kind](column, raw)


def _text(column: Column, raw: Any) -> str:
    text = _plain(raw)
    if len(text) > LONGEST_TEXT:
        raise Refusal(ErrorCode.OUT_OF_RANGE, column.name, most=LONGEST_TEXT)
    return text


def _code(column: Column, raw: Any) -> str:
    text = _text(column, raw)
    if len(text.split()) > 1:
        raise Refusal(ErrorCode.INVALID_INPUT, column.name, value=text)
    return text


def _integer(column: Column, raw: Any) -> int:
    number = _number(column, raw)
    if number != number.to_integral_value():
        raise Refusal(ErrorCode.INVALID_INPUT, column.name, value=_plain(raw))
    return int(number)


def _hundredths(column: Column, raw: Any) -> int:
    number = _number(column, raw) * 100
    if number < 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, column.name, least=0)
    if isinstance(raw, float):
        return int(number.quantize(Decimal(1)))  # a workbook keeps 88.75 as the nearest binary fraction
    if number != number.to_integral_value():
        raise Refusal(ErrorCode.INVALID_INPUT, column.name, value=_plain(raw))
    return int(number)


def _number(column: Column, raw: Any) -> Decimal:
    try:
        number = Decimal(repr(raw)) if isinstance(raw, int | float) else Decimal(_plain(raw).replace(",", ""))
    except InvalidOperation:
        raise Refusal(ErrorCode.INVALID_INPUT, column.name, value=_plain(raw)) from None
    if not number.is_finite() or abs(number) > LARGEST_NUMBER // 100:
        raise Refusal(ErrorCode.OUT_OF_RANGE, column.name, most=LARGEST_NUMBER // 100)
    return number


_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")


def _day(column: Column, raw: Any) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    found = _day_of(_plain(raw).removesuffix(" 00:00:00"))
    if found is None:
        raise Refusal(ErrorCode.INVALID_INPUT, column.name, value=_plain(raw))
    return found


@lru_cache(maxsize=4096)  # a register repeats few days many times
def _day_of(text: str) -> date | None:
    match = _DAY.fullmatch(text)
    try:
        return date(*(int(part) for part in match.groups() if part is not None)) if match else None
    except ValueError:
        return None


_YES_NO = {"是": True, "有": True, "yes": True, "true": True, "1": True, "y": True}
_YES_NO |= {"否": False, "无": False, "no": False, "false": False, "0": False, "n": False}


def _yes_no(column: Column, raw: Any) -> bool:
    answer = raw if isinstance(raw, bool) else _YES_NO.get(_folded(_plain(raw)))
    if answer is None:
        raise Refusal(ErrorCode.INVALID_INPUT, column.name, value=_plain(raw))
    return answer


def _choice(column: Column, raw: Any) -> Term:
    term = column.labels.get(raw) or column.labels.get(_folded(_plain(raw)))
    if term is None:
        raise Refusal(ErrorCode.INVALID_INPUT, column.name, value=_plain(raw))
    return term


def _choices(column: Column, raw: Any) -> tuple[Term, ...]:
    parts = [part for part in re.split(r"[、,，;；/\s]+", _plain(raw)) if part]
    return tuple(dict.fromkeys(_choice(column, part) for part in parts))


def _community(column: Column, raw: Any) -> str:
    return check_division(_plain(raw), 12, column.name)


_READERS: Mapping[CellKind, Callable[[Column, Any], Any]] = {
    CellKind.TEXT: _text,
    CellKind.CODE: _code,
    CellKind.INTEGER: _integer,
    CellKind.AREA: _hundredths,
    CellKind.MONEY: _hundredths,
    CellKind.DAY: _day,
    CellKind.YES_NO: _yes_no,
    CellKind.CHOICE: _choice,
    CellKind.CHOICES: _choices,
    CellKind.PHONE: lambda column, raw: check_phone(_plain(raw), column.name),
    CellKind.CREDIT_CODE: lambda column, raw: check_credit_code(_plain(raw), column.name),
    CellKind.COMMUNITY: _community,
    CellKind.UNIT_NUMBER: lambda column, raw: check_unit_number(_plain(raw), column.name),
}


def shown(column: Column, value: Any) -> Any:
    """A stored value as an export writes it: what ``read_cell`` reads back.

    >>> shown(Column("area", "面积", CellKind.AREA), 8_875)
    Decimal('88.75')
    """
    if value is None:
        return None
    match column.kind:
        case CellKind.AREA | CellKind.MONEY:
            return Decimal(value) / 100
        case CellKind.YES_NO:
            return "是" if value else "否"
        case CellKind.CHOICE if column.terms is not None:
            return column.word(column.terms(value))
        case CellKind.CHOICES if column.terms is not None:
            return "、".join(column.word(column.terms(one)) for one in value)
    return value


def _plain(raw: Any) -> str:
    """A cell as text. Numbers that a workbook made of codes come back without their point: 3.0 is 3."""
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw).strip()


def _folded(text: str) -> str:
    return re.sub(r"[\s*＊（）()]+", "", text).casefold()
