"""Intents whose optional inputs mean the same when they are null and when they are left out."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from schema.engine.intents import intent


def act(
    name: str,
    command: Callable[..., Awaitable[Any]],
    input_type: type[Any],
    description: str,
    returns: Mapping[str, str],
    *,
    keyed: bool = True,
    at_once: Callable[..., Awaitable[Any]] | None = None,
) -> Any:
    """An intent over a command whose defaults also stand for null (``documentIds: null`` attaches nothing)."""

    @wraps(command)
    async def without_nulls(uow: Any, **given: Any) -> Any:
        return await command(uow, **{field: value for field, value in given.items() if value is not None})

    return intent(name, without_nulls, input_type, description, returns, keyed=keyed, at_once=at_once)
