"""Every mutation's command takes what the mutation's input gives: a client who fills in each field meets no TypeError."""

import inspect

import pytest
from strawberry.types.base import StrawberryOptional

from schema.api import graphql_schema
from schema.engine.declare import declaration_of
from schema.engine.intents import INPUTS, Intent

NOT_HANDED_ON = {"idempotency_key", "items", "county"}
"""What the engine takes itself: the key, a batch's list, and the county of the unit of work."""

INTENTS = [
    declared
    for name in graphql_schema().mutation_type.fields  # type: ignore[union-attr]
    if isinstance(declared := declaration_of("Mutation", name), Intent)
]


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.name)
def test_a_command_takes_what_its_input_gives(intent: Intent) -> None:
    inputs = [intent.input_type, *([intent.item_type] if intent.item_type else [])]
    given = {field.python_name: field for name in inputs for field in INPUTS[name].values()}
    taken = inspect.signature(intent.command).parameters
    asked = {name for name, each in taken.items() if each.kind is each.KEYWORD_ONLY and each.default is each.empty}
    if not any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        assert given.keys() - NOT_HANDED_ON <= taken.keys()
    assert asked <= {name for name, field in given.items() if not isinstance(field.type, StrawberryOptional)}
