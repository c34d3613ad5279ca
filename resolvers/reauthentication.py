"""Sensitive acts need a sign-in that was proven within the last minutes: by signing in, or with a one-time code since.

A command declares it, and the schema's description says it::

    @sensitive
    async def confirm(uow: UnitOfWork, *, id: UUID) -> Official: ...

A command that is sensitive only in some cases calls ``require_fresh_sign_in`` itself.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from auth.sessions import FRESH, proven_at
from domain.errors import ErrorCode, Refusal
from resolvers.unit_of_work import UnitOfWork

Command = Callable[..., Awaitable[Any]]

NOTE = "Needs a sign-in proven within the last 10 minutes (REAUTHENTICATION_REQUIRED otherwise)."
"""What the descriptions of sensitive intents end with."""


async def require_fresh_sign_in(uow: UnitOfWork) -> None:
    """Refuse with ``REAUTHENTICATION_REQUIRED`` unless the session behind the request was proven a short time ago.

    Who acts without a token is no caller from outside: the county's clock, the operator's console, the demo.
    """
    token_id = uow.actor.token_id
    if token_id is None and uow.actor.client_id is None:
        return
    proven = None if token_id is None or uow.actor.account_id is None else await proven_at(uow.session, token_id)
    if proven is None or proven + FRESH <= uow.now:
        raise Refusal(ErrorCode.REAUTHENTICATION_REQUIRED, minutes=int(FRESH.total_seconds() // 60))


def sensitive(command: Command) -> Command:
    """The command, run only after a fresh sign-in."""

    @wraps(command)
    async def guarded(uow: UnitOfWork, **given: Any) -> Any:
        await require_fresh_sign_in(uow)
        return await command(uow, **given)

    return guarded
