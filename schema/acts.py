"""What acts have in common: texts of their inputs, and optional inputs that mean the same when null and when left out."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from resolvers.at_once import AtOnce
from resolvers.reauthentication import NOTE, require_fresh_sign_in
from schema.engine.intents import intent

COUNTY = "The county, by its six-digit code; needed only by who acts in several."
VERSION = "The `version` that was read: refused with VERSION_CONFLICT when somebody changed the row since."


def act(
    name: str,
    command: Callable[..., Awaitable[Any]],
    input_type: type[Any],
    description: str,
    returns: Mapping[str, str],
    *,
    keyed: bool = True,
    newcomers: bool = False,
    at_once: Callable[..., AtOnce | None] | None = None,
    sensitive: bool = False,
) -> Any:
    """An intent over a command whose defaults also stand for null (``documentIds: null`` attaches nothing).

    ``sensitive``: what gives power or pays money out needs a fresh sign-in, and the description says so.
    """

    @wraps(command)
    async def without_nulls(uow: Any, **given: Any) -> Any:
        if sensitive:
            await require_fresh_sign_in(uow)
        return await command(uow, **{field: value for field, value in given.items() if value is not None})

    told = f"{description} {NOTE}" if sensitive else description
    return intent(name, without_nulls, input_type, told, returns, keyed=keyed, newcomers=newcomers, at_once=at_once)
