"""An id of another county, of a row that is hidden, of none at all or of nothing: always the same answer, and nothing done."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from graphql import (
    GraphQLInputObjectType,
    get_named_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
)
from psycopg import sql

from models.base import Base, is_county_table, new_id
from schema.api import graphql_schema
from schema.engine.declare import DECLARATION, ENTITIES, declaration_of
from schema.engine.intents import INPUTS, Intent, Reference
from tests.access.conftest import HOME, OTHER, Demo
from tests.access.test_executed import places_of
from tests.engine.conftest import Ask
from tests.engine.reference import opaque

PLAIN = {
    "Boolean": True,
    "Int": 1,
    "Fen": 100,
    "Area": 100,
    "Date": "2024-05-06",
    "DateTime": "2024-05-06T00:00:00+08:00",
}


def intents() -> Iterator[Intent]:
    graphql_schema()
    for name in graphql_schema().mutation_type.fields:  # type: ignore[union-attr]
        declared = declaration_of("Mutation", name)
        if isinstance(declared, Intent):
            yield declared


def references(intent: Intent) -> Iterator[tuple[str, str, bool]]:
    """The input's ids: field, type, and whether it is a list of them."""
    type_ = graphql_schema().get_type(intent.input_type)
    assert isinstance(type_, GraphQLInputObjectType)
    for name, field in INPUTS[intent.input_type].items():
        declared = field.metadata.get(DECLARATION)
        if isinstance(declared, Reference):
            inner = type_.fields[name].type
            yield name, declared.type, is_list_type(inner.of_type if is_non_null_type(inner) else inner)


CASES = [(intent, *reference) for intent in intents() for reference in references(intent)]


def filled(type_: Any, ids: dict[str, str]) -> Any:
    """The least that a type asks for."""
    if is_non_null_type(type_):
        type_ = type_.of_type
    if is_list_type(type_):
        return [filled(type_.of_type, ids)]
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        return {
            name: ids.get(f"{named.name}.{name}") or _id_of(named.name, name) or filled(field.type, ids)
            for name, field in named.fields.items()
            if is_non_null_type(field.type)
        }
    if is_enum_type(named):
        return next(iter(named.values))
    return PLAIN.get(named.name, "x")


def _id_of(input_type: str, field: str) -> Any:
    """An id of the type that a field asks for, of no row."""
    declared = INPUTS[input_type][field].metadata.get(DECLARATION)
    if not isinstance(declared, Reference):
        return None
    given = f"{declared.type}_{HOME}_{new_id().hex}"
    type_: Any = graphql_schema().get_type(input_type).fields[field].type  # type: ignore[union-attr]
    return [given] if is_list_type(type_.of_type) else given


def ids_of(town: Demo, login: str, type_name: str) -> dict[str, str]:
    """One id of each kind that must not tell anything."""
    entity, places, actor = ENTITIES[type_name], places_of(town), town.actors[login]
    rows = town.world.rows[entity.model]
    found = {"none": f"{type_name}_{HOME}_{new_id().hex}", "malformed": "x_y", "of a type": f"Division_{HOME}"}
    for row in rows:
        if row.county == OTHER:
            found.setdefault("of another county", opaque(entity, row))
        elif not places.sees(actor, entity.model, row):
            found.setdefault("hidden", opaque(entity, row))
    return found


@pytest.mark.parametrize("login", [f"{HOME}-bureau", f"{HOME}-company"])
async def test_an_id_that_is_not_ones_own_is_no_id(login: str, town: Demo, demo_ask: Ask) -> None:
    actor = town.actors[login]
    before = state(town)
    wrong: list[str] = []
    for intent, field, type_name, listed in CASES:
        errors = "userErrors { code field message }"
        shown = f"results {{ {errors} }}" if intent.items else errors
        text = f"mutation M($input: {intent.input_type}!) {{ {intent.name}(input: $input) {{ {shown} }} }}"
        answers: dict[str, Any] = {}
        known = own_ids(town, login, intent)
        for kind, given in ids_of(town, login, type_name).items():
            value = filled(graphql_schema().get_type(intent.input_type), known)
            value |= {field: [given] if listed else given, "idempotencyKey": new_id().hex}
            found = await demo_ask(actor, text, input=value)
            assert "errors" not in found, found
            payload = found["data"][intent.name]
            answers[kind] = (payload["results"][0] if intent.items else payload)["userErrors"]
        unread = {
            kind: answers.pop(kind) for kind in ("malformed", "of a type", "of another county") if kind in answers
        }
        # Refused as soon as it is read, at its own field; a row that is hidden as late as one that is not there.
        at = f"{field}.0" if listed else field
        for kind, answer in unread.items():
            if [(each["code"], each["field"]) for each in answer] != [("NOT_FOUND", at)]:
                wrong.append(f"{intent.name}.{field} {kind}: {answer}")
        if answers.get("hidden", answers["none"]) != answers["none"] or not answers["none"]:
            wrong.append(f"{intent.name}.{field}: {answers}")
    assert not wrong, "\n".join(wrong)
    assert state(town) == before


def own_ids(town: Demo, login: str, intent: Intent) -> dict[str, str]:
    """For the other ids of the input, rows that the actor does see."""
    places, actor = places_of(town), town.actors[login]
    found = {}
    for name, type_name, listed in references(intent):
        entity = ENTITIES[type_name]
        for row in town.world.rows[entity.model]:
            if row.county == HOME and places.sees(actor, entity.model, row):
                found[f"{intent.input_type}.{name}"] = opaque(entity, row)
                break
        if listed and f"{intent.input_type}.{name}" in found:
            found[f"{intent.input_type}.{name}"] = [found[f"{intent.input_type}.{name}"]]  # type: ignore[assignment]
    return found


def state(town: Demo) -> list[Any]:
    """Rows and last writers of every table of the counties."""
    tables = [table.name for table in Base.metadata.sorted_tables if is_county_table(table)]
    counted = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {name}, count(*), max(xmin::text::bigint) FROM {table}").format(
            name=sql.Literal(name), table=sql.Identifier(name)
        )
        for name in tables
    )
    with psycopg.connect(town.database.superuser_url) as connection:
        return connection.execute(counted).fetchall()
