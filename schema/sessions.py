"""The caller's own sign-ins: where from, how long, and how to end them."""

from typing import Any

import strawberry

from auth.sessions import FRESH, proven_at
from domain.profiles import counties
from resolvers import sessions
from resolvers.unit_of_work import transact
from schema.acts import act
from schema.engine.declare import answer
from schema.engine.intents import given, inputs
from schema.engine.run import Run
from schema.engine.types import plain_type

ViewerSession = plain_type(
    "ViewerSession",
    "A place where the caller is signed in.",
    {
        "id": ("strawberry.ID", "What `sessionRevoke` takes."),
        "app": ("str | None", "The app through which it was made; null for a sign-in by phone and code alone."),
        "device": ("str | None", "As the app or the browser names its device; null before its first use."),
        "address": ("str | None", "The network it came from last, masked: 203.0.113.*."),
        "signed_in_at": ("DateTime", "When the caller signed in there."),
        "last_used_at": ("DateTime", "When it was used last, to five minutes."),
        "expires_at": ("DateTime", "When it ends by itself."),
        "is_current": ("bool", "The session that asks."),
    },
)


async def viewer_sessions(run: Run, _viewer: Any) -> list[dict[str, Any]]:
    """The field ``Viewer.sessions``."""
    if run.actor.account_id is None:
        return []
    found, present = await alone(run, sessions.own)
    return [{**vars(each), "is_current": each.id == present} for each in found]


async def viewer_fresh_until(run: Run, _viewer: Any) -> Any:
    """The field ``Viewer.freshUntil``."""
    token_id = run.actor.token_id
    if run.actor.account_id is None or token_id is None:
        return None
    proven = await alone(run, lambda uow: proven_at(uow.session, token_id))
    return None if proven is None else proven + FRESH


async def alone(run: Run, work: Any) -> Any:
    """In a transaction of its own, whether or not the caller has a grant anywhere: sign-ins belong to no county."""
    actor = run.actor.as_applicant(counties())

    async def shown(_uow: Any, outcome: Any) -> Any:
        return outcome.row

    return await transact(run.services.sessions, actor, actor.home_county, work, answer=shown)


VIEWER_FIELDS = {
    "sessions": answer(
        viewer_sessions,
        "Where the caller is signed in, the session used last first; empty for partners.",
        shows="list[ViewerSession] | None",
        of=True,
    ),
    "fresh_until": answer(
        viewer_fresh_until,
        "Until when this sign-in counts as fresh for sensitive acts (POST /auth/reauthenticate renews it).",
        shows="DateTime | None",
        of=True,
    ),
}


@inputs("End one of the caller's own sign-ins.", keyed=False)
class SessionRevokeInput:
    session_id: strawberry.ID = given("The session's id, from `viewer { sessions }`.")


@inputs("End all of the caller's other sign-ins.", keyed=False)
class SessionsRevokeOthersInput:
    county: str | None = given("Not needed: sign-ins belong to no county.")


MUTATIONS = [
    act(
        "sessionRevoke",
        sessions.revoke,
        SessionRevokeInput,
        "End one of the caller's own sign-ins: its tokens are refused from the next request on.",
        {"left": "int"},
        keyed=False,
        newcomers=True,
    ),
    act(
        "sessionsRevokeOthers",
        sessions.revoke_others,
        SessionsRevokeOthersInput,
        "End all of the caller's sign-ins but the one that asks.",
        {"revoked": "int"},
        keyed=False,
        newcomers=True,
    ),
]
