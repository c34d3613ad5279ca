"""How a value of each GraphQL type stands in a cell: money as yuan, days as days, choices by what people call them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from graphql import GraphQLSchema, get_named_type, is_enum_type

from domain.register import CellKind, Column, shown
from schema.engine.messages import label

SHANGHAI = ZoneInfo("Asia/Shanghai")
YES_NO = {"zh-CN": ("是", "否"), "en": ("yes", "no")}


@dataclass(frozen=True)
class Form:
    """A cell's look (a number format of ``app.workbooks``) and how a value of the query becomes what stands in it."""

    style: str
    write: Callable[[Any, str], Any]


def _hundredths(value: int, _locale: str) -> Decimal:
    return Decimal(value) / 100


def _instant(value: str, _locale: str) -> datetime:
    """By the clock on the wall: a workbook knows no zones."""
    return datetime.fromisoformat(value).astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0)


def _yes_no(value: bool, locale: str) -> str:
    return YES_NO[locale][0 if value else 1]


def _labelled(value: tuple[str, str], locale: str) -> str:
    enum, name = value
    return label(enum, name, locale)


_FORMS = {
    "Fen": Form("money", _hundredths),
    "Area": Form("area", _hundredths),
    "Date": Form("day", lambda value, _locale: date.fromisoformat(value)),
    "DateTime": Form("instant", _instant),
    "Boolean": Form("text", _yes_no),
    "Int": Form("number", lambda value, _locale: value),
    "Labelled": Form("text", _labelled),
}
_TEXT = Form("text", lambda value, _locale: str(value))


def form_of(schema: GraphQLSchema, type_name: str) -> Form:
    """The form of a GraphQL type's values; of a list's, one after the other."""
    if is_enum_type(schema.get_type(type_name)):
        return Form("text", lambda value, locale: label(type_name, value, locale))
    return _FORMS.get(type_name, _TEXT)


def written(form: Form, value: Any, locale: str) -> Any:
    """What stands in the cell; nothing where there is no value, or none to see."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, list):
        return "、".join(str(form.write(each, locale)) for each in value)
    return form.write(value, locale)


_IMPORTED_STYLES = {
    CellKind.AREA: "area",
    CellKind.MONEY: "money",
    CellKind.DAY: "day",
    CellKind.INTEGER: "number",
}


def imported_form(column: Column) -> Form:
    """The form of a column of the import: what ``domain.register.read_cell`` reads back."""

    def write(value: Any, locale: str) -> Any:
        if column.terms is not None:  # of several choices, one after the other
            return str(value) if locale == "en" else column.word(column.terms(value))
        if column.kind is CellKind.DAY:
            return date.fromisoformat(value)
        if column.kind is CellKind.YES_NO:
            return _yes_no(value, locale)
        return shown(column, value)

    return Form(_IMPORTED_STYLES.get(column.kind, "text"), write)


def kind_at_end(schema: GraphQLSchema, type_name: str, path: tuple[str, ...]) -> str:
    """The named type of the field that a path of to-one fields ends at. ``KeyError`` where the schema has none such."""
    for step in path:
        fields: Any = schema.type_map[type_name].fields  # type: ignore[attr-defined]
        type_name = get_named_type(fields[step].type).name
    return type_name
