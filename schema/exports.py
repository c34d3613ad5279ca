"""Exports of lists: asked for by mutation under the list query's own conditions, written by a job that shows its progress."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text

from domain.errors import ErrorCode, Refusal
from domain.exports import ExportedList, ExportState
from models import exports as models
from resolvers import exports
from resolvers.unit_of_work import UnitOfWork
from schema.common import DateTime
from schema.engine.declare import FILTERS, column, descending, entity, filters, listing, matches, one, orders
from schema.engine.intents import changes, given, inputs, intent
from schema.engine.types import described, snake
from schema.sheets import CONDITIONS, LISTS

if TYPE_CHECKING:
    from schema.attachments import Document

described(ExportedList)
described(ExportState)

LIST_EXPORT_ORDERS = orders(
    "ListExportOrder",
    "How exports are ordered.",
    NEWEST=(descending(models.ListExport.created_at), "The latest first."),
)


@filters("Which exports. All given conditions must hold.")
class ListExportFilter:
    list: ExportedList | None = matches(lambda row, value: row.list_name == value, Text(), "Of this list.")
    state: ExportState | None = matches(lambda row, value: row.state == value, Text(), "In this state.")


@entity(
    models.ListExport,
    "A list written to a workbook (导出), as who asked for it sees the list. Nobody else sees the export.",
    orders=LIST_EXPORT_ORDERS,
    filters=ListExportFilter,
    states=models.ListExport.state,
)
class ListExport:
    list: ExportedList = column(models.ListExport.list_name, "Which list.")
    state: ExportState = column(models.ListExport.state, "Where it stands.")
    locale: str = column(models.ListExport.locale, "The language of its headers and labels: zh-CN or en.")
    done: int = column(models.ListExport.done, "Rows of the list that are read.")
    total: int = column(models.ListExport.total, "Rows of the list.")
    row_count: int | None = column(
        models.ListExport.row_count, "Rows written; null until then. An estate's buildings are a row each, for example."
    )
    refusal: str | None = column(models.ListExport.refusal, "The error code for which it was not written.")
    result: "Document | None" = one(models.ListExport.result_id, "The workbook; null until it is written.")
    created_at: DateTime = column(models.ListExport.created_at, "When it was asked for.")
    finished_at: DateTime | None = column(models.ListExport.finished_at, "When it was finished.")


def _conditions() -> Any:
    """An input with a field for every list query, which takes that query's ``where``."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for root, type_name in sorted(CONDITIONS.items()):
        name = snake(root)
        body["__annotations__"][name] = f"{type_name} | None"
        body[name] = given(f"Conditions of the query `{root}`.")
    return type("ListExportConditions", (), body)


inputs(
    "The conditions of the list query that is exported, under that query's name. Conditions of another are refused.",
    item=True,
)(_conditions())


@inputs("Write a list to a workbook.", keyed=False)
class ListExportInput:
    county: str | None = given("The county; needed only by who acts in several.")
    list: ExportedList = given("Which list.")
    where: "ListExportConditions | None" = given(  # type: ignore[name-defined] # noqa: F821 - made from data above
        "Which of its rows; all that the caller sees when left out."
    )
    locale: str | None = given("The language of headers and labels, zh-CN or en; otherwise the account's.")


async def list_export(
    uow: UnitOfWork,
    *,
    list: str,  # noqa: A002 - the input's field
    where: Mapping[str, Any] | None = None,
    locale: str | None = None,
) -> models.ListExport:
    """Checks what the engine would refuse later, then asks for the export."""
    from schema.sheets.reading import query  # the whole schema is needed for it, of which this module is a part

    name = ExportedList(list)
    asked = query(LISTS[name])
    if not asked.is_for(uow.actor, uow.county):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "list")
    found = {root: conditions for root, conditions in (where or {}).items() if conditions is not None}
    if found.keys() - {snake(asked.field_name)}:
        raise Refusal(ErrorCode.INVALID_INPUT, "where", value="、".join(found))
    conditions = next(iter(found.values()), None)
    for field, value in (conditions or {}).items():
        read = FILTERS[asked.filter_type or ""][field].read
        if read is not None and value is not None:
            read(value)  # an id that is none, or of another type
    return await exports.list_export(uow, name=name, conditions=_json(conditions), locale=locale)


def _json(value: Any) -> Any:
    """An input as the client gave it, to be read again when the export is written."""
    if isinstance(value, Mapping):
        return {key: _json(each) for key, each in value.items()}
    if isinstance(value, Enum):
        return value.name
    return value.isoformat() if isinstance(value, date | datetime) else value


QUERIES = {"listExports": listing("ListExport", "The caller's own exports.")}
MUTATIONS = [
    intent(
        "listExport",
        list_export,
        ListExportInput,
        "Write a list to a workbook, as the caller sees it.",
        {"export": "ListExport"},
        keyed=False,
    )
]
SUBSCRIPTIONS = [changes("listExportChanged", "ListExport", "An export of the caller's that was finished.")]
