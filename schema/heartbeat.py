"""A subscription to try the way with: whether events get through the proxies between a client and here, and how long."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from domain.errors import ErrorCode, Refusal
from schema.common import DateTime  # noqa: F401 (the annotation below names it)
from schema.engine.declare import DECLARATION
from schema.engine.types import argument, plain_type

SECONDS = 1.0
"""Between two beats."""

MOST = 3600

Heartbeat = plain_type(
    "Heartbeat",
    "A sign of life of the server.",
    {"number": ("int", "Counts from 1."), "at": ("DateTime", "The server's clock.")},
)


@dataclass(frozen=True)
class Beats:
    """The beats of one subscription: the first at once, then one a second."""

    async def source(self, _run: Any, args: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        count = args.get("count")
        if count is not None and not 1 <= count <= MOST:
            raise Refusal(ErrorCode.OUT_OF_RANGE, "count", least=1, most=MOST)
        for number in itertools.count(1) if count is None else range(1, count + 1):
            if number > 1:
                await asyncio.sleep(SECONDS)
            yield {"number": number, "at": datetime.now(UTC)}


def _heartbeat() -> StrawberryField:
    field = StrawberryField(
        description="Signs of life, one a second, to try a connection with. For signed-in callers.",
        type_annotation=StrawberryAnnotation(Heartbeat),
        metadata={DECLARATION: Beats()},
    )
    field.is_subscription = False  # the engine runs it; Strawberry has no resolver to call
    field.arguments = [argument("count", "int | None", f"How many (1 to {MOST}); endless without.")]
    return field


SUBSCRIPTIONS = [("heartbeat", _heartbeat())]
