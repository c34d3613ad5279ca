"""The guides' operations, by their names: stories execute them as the guide has them."""

import itertools
from typing import Any

from auth.actor import Actor
from tests.acts import Ask
from tests.docs.test_guides import ROOT, operations

CLIENTS, PARTNERS = "docs/clients.md", "docs/partners.md"
_keys = itertools.count(1)


def guide(name: str) -> dict[str, tuple[str, dict[str, Any] | None]]:
    """A guide's operations by their names, with the variables of the JSON after them."""
    return {text.split("(")[0].split("{")[0].split()[1]: (text, given) for text, given in operations(ROOT / name)}


async def follow(ask: Ask, who: Actor, operation: str, *, told: str = CLIENTS, **given: Any) -> Any:
    """Run a guide's operation; an act's input has a key of its own, and nothing may speak against it.

    Gives what its root field answers; of a query with several, all of them.
    """
    text, _ = guide(told)[operation]
    if text.startswith("mutation"):
        given = {"input": {"idempotencyKey": f"told-{next(_keys)}", **given}}
    answer = await ask(who, text, **given)
    if len(answer) > 1:
        return answer
    (found,) = answer.values()
    if text.startswith("mutation"):
        assert found["userErrors"] == [], (operation, found)
    return found
