"""The whole schema: every stem's queries, mutations and subscriptions, and the few that belong to none."""

from functools import cache
from typing import Annotated, Any, cast

import strawberry
from graphql import GraphQLSchema

from domain.errors import Refusal
from schema import common, divisions, estates, people
from schema.common import Node
from schema.engine.declare import answer, finish, root_type
from schema.engine.execute import Run
from schema.engine.values import decode_id

STEMS: tuple[Any, ...] = (divisions, estates, people)


async def node(
    run: Run,
    id: Annotated[strawberry.ID, strawberry.argument(description="Any opaque id.")],
) -> Node | None:
    try:
        return cast(Node, decode_id(id))
    except Refusal:
        return None


@cache
def schema() -> strawberry.Schema:
    """The Strawberry schema (built once)."""
    finish()
    queries = {"node": answer(node, "One row by its opaque id; null where there is none or the caller may not see it.")}
    for stem in STEMS:
        queries |= getattr(stem, "QUERIES", {})
    mutations = {name: field for stem in STEMS for name, field in getattr(stem, "MUTATIONS", ())}
    subscriptions = {name: field for stem in STEMS for name, field in getattr(stem, "SUBSCRIPTIONS", ())}
    return strawberry.Schema(
        query=root_type("Query", "Everything that can be read.", queries),
        mutation=root_type("Mutation", "What people and partners do; one mutation per act.", mutations)
        if mutations
        else None,
        subscription=root_type("Subscription", "Rows as they change.", subscriptions) if subscriptions else None,
        config=common.CONFIG,
    )


def graphql_schema() -> GraphQLSchema:
    """graphql-core's schema, for validation and introspection."""
    return schema()._schema


def sdl() -> str:
    """The schema as text."""
    return schema().as_str() + "\n"
