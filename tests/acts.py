"""Acts and reads through the API, for tests: one mutation under a key of its own, one row by its id."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from auth.actor import Actor
from schema.api import graphql_schema
from schema.engine.values import Ref, encode_id

Ask = Callable[..., Awaitable[Any]]
_keys = itertools.count(1)


def opaque(county: str, type_name: str, key: Any) -> str:
    """The id of a row, or of a row's key, as clients know it."""
    return encode_id(Ref(type_name, county, getattr(key, "id", key)))


async def act(ask: Ask, who: Actor, mutation: str, shown: str, **given: Any) -> Any:
    """Run one mutation and give its payload."""
    mutations = graphql_schema().mutation_type
    assert mutations is not None
    kind = mutations.fields[mutation].args["input"].type
    text = f"mutation ($input: {kind}) {{ {mutation}(input: $input) {{ userErrors {{ code field }} {shown} }} }}"
    return (await ask(who, text, input={"idempotencyKey": f"k-{next(_keys)}", **given}))[mutation]


async def done(ask: Ask, who: Actor, mutation: str, shown: str, **given: Any) -> Any:
    """Run one mutation that nothing speaks against, and give what it shows of its row."""
    payload = await act(ask, who, mutation, shown, **given)
    assert payload.pop("userErrors") == [], payload
    (row,) = payload.values()
    return row


async def refusal(ask: Ask, who: Actor, mutation: str, **given: Any) -> tuple[str, str | None]:
    """Run one mutation that is refused for one reason: its code and the field at fault."""
    payload = await act(ask, who, mutation, "__typename", **given)
    (error,) = payload["userErrors"]
    return error["code"], error["field"]


async def row_of(ask: Ask, who: Actor, id: str, shown: str) -> Any:
    """What somebody sees of a row; null where it is not theirs to see."""
    text = f"query ($id: ID!) {{ node(id: $id) {{ ... on {id.partition('_')[0]} {{ {shown} }} }} }}"
    return (await ask(who, text, id=id))["node"]
