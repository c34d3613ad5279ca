"""Sensitive acts need a sign-in that was proven within the last minutes: by signing in, or with a one-time code since.

Which acts they are is declared with them (``schema.acts.act(…, sensitive=True)``): what gives power over others' affairs and
what pays money out. A command that is sensitive only in some cases calls ``require_fresh_sign_in`` itself.
"""

from auth.sessions import FRESH, proven_at
from domain.errors import ErrorCode, Refusal
from resolvers.unit_of_work import UnitOfWork

NOTE = "Needs a sign-in proven within the last 10 minutes (REAUTHENTICATION_REQUIRED otherwise)."
"""What the descriptions of sensitive intents end with."""


async def require_fresh_sign_in(uow: UnitOfWork) -> None:
    """Refuse with ``REAUTHENTICATION_REQUIRED`` unless the session behind the request was proven a short time ago.

    Who acts without a token is no caller from outside: the county's clock, the operator's console, the demo. A partner's
    system proves itself by its credentials with each token.
    """
    token_id = uow.actor.token_id
    if token_id is None or uow.actor.account_id is None:
        return
    proven = await proven_at(uow.session, token_id)
    if proven is None or proven + FRESH <= uow.now:
        raise Refusal(ErrorCode.REAUTHENTICATION_REQUIRED, minutes=int(FRESH.total_seconds() // 60))
