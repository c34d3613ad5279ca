"""Scalars and small types that every stem uses."""

from datetime import UTC, date, datetime
from typing import Any, NewType
from zoneinfo import ZoneInfo

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.engine.types import TYPES, plain_type

SHANGHAI = ZoneInfo("Asia/Shanghai")
SAFE = 2**53

Fen = NewType("Fen", int)
Area = NewType("Area", int)
DateTime = NewType("DateTime", datetime)
JSON = NewType("JSON", object)


def _safe_integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > SAFE:
        raise ValueError("expected an integer between -2^53 and 2^53")
    return value


def _instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("expected an ISO 8601 instant with an offset, such as 2026-03-01T09:30:00+08:00")
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("an instant needs an offset, such as +08:00 or Z")
    return found.astimezone(UTC)


def instant_text(value: datetime) -> str:
    """Instants as clients see them: milliseconds, in the offset of Asia/Shanghai."""
    return value.astimezone(SHANGHAI).isoformat(timespec="milliseconds")


SCALARS: dict[object, Any] = {
    Fen: strawberry.scalar(
        name="Fen",
        description="Money in integer fen (1/100 yuan), exact to 2^53: show 12345 as ¥123.45.",
        specified_by_url=None,
        serialize=_safe_integer,
        parse_value=_safe_integer,
    ),
    Area: strawberry.scalar(
        name="Area",
        description="Area in integer hundredths of a square metre, exact to 2^53: show 8875 as 88.75 m².",
        serialize=_safe_integer,
        parse_value=_safe_integer,
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description="An instant in ISO 8601 with an offset; answers have milliseconds and the offset +08:00.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=instant_text,
        parse_value=_instant,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="A JSON value whose form the field's description states.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}
CONFIG = StrawberryConfig(scalar_map=SCALARS)


@strawberry.interface(description="Anything that has an id of its own and can be fetched again by `node`.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque id, the same for ever; take it as it is.")


TYPES.update(
    Node=Node,
    Fen=Fen,
    Area=Area,
    DateTime=DateTime,
    JSON=JSON,
    Date=date,
    date=date,
    strawberry=strawberry,
    ID=strawberry.ID,
)

PageInfo = plain_type(
    "PageInfo",
    "Where a page ends and whether there is more.",
    {
        "has_next_page": ("bool", "Whether rows follow this page."),
        "has_previous_page": ("bool", "Whether rows come before this page."),
        "start_cursor": ("str | None", "Cursor of the page's first row; null on an empty page."),
        "end_cursor": ("str | None", "Cursor of the page's last row; null on an empty page."),
    },
)
StateCount = plain_type(
    "StateCount",
    "How many rows are in one state.",
    {"state": ("str", "The state's enum value."), "count": ("int", "Rows in it that the actor may see.")},
)
UserError = plain_type(
    "UserError",
    "Why an intent was refused. Nothing was changed.",
    {
        "code": ("str", "A stable code from docs/errors.md."),
        "message": ("str", "What is wrong and what to do, in the language of Accept-Language (zh-CN or en)."),
        "field": ("str | None", "The input field at fault, as a path such as `items.3.amount`; null when none is."),
        "retryable": ("bool", "Whether the same request may succeed later unchanged."),
    },
)
