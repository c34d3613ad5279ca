"""What the caller lets apps of others do, and how to take it back."""

from typing import Any

from resolvers import consents
from schema.acts import act
from schema.engine.declare import answer
from schema.engine.intents import given, inputs
from schema.engine.run import Run
from schema.engine.types import plain_type
from schema.sessions import alone

ViewerConsent = plain_type(
    "ViewerConsent",
    "What the caller agreed that an app of others may do (授权同意), until it is withdrawn.",
    {
        "client_id": ("str", "What `consentWithdraw` takes."),
        "app": ("str", "The app's name."),
        "scopes": (
            "list[str]",
            "`api`: act for the caller here; `openid`: know that it is the caller; `profile`: know name and language.",
        ),
        "purpose": ("str", "What for, as the page said it when the caller agreed last."),
        "given_at": ("DateTime", "When the caller agreed last."),
    },
)


async def viewer_consents(run: Run, _viewer: Any) -> list[dict[str, Any]]:
    """The field ``Viewer.consents``."""
    return [] if run.actor.account_id is None else [vars(each) for each in await alone(run, consents.own)]


VIEWER_FIELDS = {
    "consents": answer(
        viewer_consents,
        "The apps of others that the caller lets act or know something, the latest first; empty for partners.",
        shows="list[ViewerConsent] | None",
        of=True,
    ),
}


@inputs("Take back what an app was allowed.", keyed=False)
class ConsentWithdrawInput:
    client_id: str = given("The app's id, from `viewer { consents }`.")


MUTATIONS = [
    act(
        "consentWithdraw",
        consents.withdraw,
        ConsentWithdrawInput,
        "Take back all that an app of others was allowed: its codes, sign-ins and tokens of the caller end at once.",
        {"ended": "int"},
        keyed=False,
        newcomers=True,
    ),
]
