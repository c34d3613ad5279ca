"""The reference: the same declarations answered naively by graphql-core, row by row, in Python.

It reads whole tables as the administrator, and asks ``sees`` (tests/access, from the hand-written matrix, not the engine's
predicates) which rows an actor may see and in which roles. Its answers are what the engine's must equal.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema, build_schema, graphql_sync
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.database import with_driver
from auth.actor import Actor
from domain.roles import Role
from schema import api
from schema.common import instant_text
from schema.engine import declare
from schema.engine.declare import DECLARATION, ENTITIES, TYPES, Entity, camel
from schema.engine.execute import declaration_of, snake

Sees = Callable[[Actor, type[Any], Any], frozenset[Role]]
"""The roles in which the actor sees a row; empty: not at all."""


@dataclass
class World:
    """Every row of some counties, by model."""

    rows: Mapping[type[Any], list[Any]]
    by_key: dict[tuple[type[Any], str, Any], Any] = field(default_factory=dict)

    @classmethod
    def load(cls, superuser_url: str, counties: set[str]) -> "World":
        engine = create_engine(with_driver(superuser_url))
        made: dict[type[Any], list[Any]] = {}
        with Session(engine, expire_on_commit=False) as session:
            for entity in ENTITIES.values():
                statement = select(entity.model)
                if not entity.shared:
                    statement = statement.where(entity.model.county.in_(counties))
                made[entity.model] = list(session.execute(statement).scalars())
        engine.dispose()
        world = cls(made)
        for model, rows in made.items():
            for row in rows:
                world.by_key[model, getattr(row, "county", ""), getattr(row, "id", None)] = row
        return world

    def find(self, model: type[Any], county: str, key: Any) -> Any:
        return self.by_key.get((model, county, key))


@cache
def bare_schema() -> GraphQLSchema:
    """The SDL without any resolver."""
    return build_schema(api.sdl())


class Reference:
    """Answers documents for one actor over one world."""

    def __init__(self, world: World, actor: Actor, sees: Sees) -> None:
        self.world, self.actor, self.sees = world, actor, sees

    def answer(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What graphql-core makes of it (data, and errors by path and code only)."""
        result = graphql_sync(
            bare_schema(),
            text,
            variable_values=dict(variables),
            field_resolver=self.resolve,
            type_resolver=lambda value, *_: ENTITY_OF[type(value)].name,
        )
        assert not result.errors, result.errors
        return {"data": result.data}

    # Fields

    def resolve(self, source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
        name = info.parent_type.name
        if isinstance(source, Mapping):
            return source.get(info.field_name)
        if name == "Query":
            return self._root(declaration_of("Query", info.field_name), args)
        entity = ENTITIES[name]
        if info.field_name == "id":
            return opaque(entity, source)
        return self._field(entity, source, entity.fields[info.field_name], args)

    def _root(self, declared: Any, args: Mapping[str, Any]) -> Any:
        if isinstance(declared, declare.Listing):
            entity = ENTITIES[declared.target]
            rows = [
                row
                for row in self.world.rows[entity.model]
                if args.get("county") in (None, getattr(row, "county", None))
            ]
            return self._connection(entity, self._visible(entity.model, rows), args)
        ref = args["id"].split("_")
        found = [row for row in self.world.rows[ENTITIES[ref[0]].model] if opaque(ENTITIES[ref[0]], row) == args["id"]]
        return next(iter(self._visible(ENTITIES[ref[0]].model, found)), None)

    def _visible(self, model: type[Any], rows: list[Any]) -> list[Any]:
        return [row for row in rows if self.sees(self.actor, model, row)]

    def _field(self, entity: Entity, row: Any, declared: Any, args: Mapping[str, Any]) -> Any:
        audience = declared.to or entity.to
        if audience is not None and not self.sees(self.actor, entity.model, row) & audience:
            mask = getattr(declared, "mask", None)
            return shown(getattr(row, mask.key)) if mask is not None else None
        match declared:
            case declare.Column(attr):
                return shown(getattr(row, attr.key))
            case declare.One(column, target=target):
                return self._one(target, row, column)
            case declare.Choice(columns):
                found = [self._one(target, row, column) for target, column in columns.items()]
                return next((each for each in found if each is not None), None)
            case declare.Many(on, where=None, target=target):
                return self._connection(ENTITIES[target], self._children(row, on), args)
            case declare.Count(on, where=None):
                return len(self._children(row, on))
        raise NotImplementedError(f"{entity.name}: {declared}")

    def _one(self, target: str, row: Any, column: Any) -> Any:
        entity = ENTITIES[target]
        found = self.world.find(entity.model, row.county, getattr(row, column.key))
        return found if found is not None and self.sees(self.actor, entity.model, found) else None

    def _children(self, row: Any, on: Any) -> list[Any]:
        rows = self.world.rows[on.class_]
        mine = [child for child in rows if child.county == row.county and getattr(child, on.key) == row.id]
        return self._visible(on.class_, mine)

    # Lists

    def _connection(self, entity: Entity, rows: list[Any], args: Mapping[str, Any]) -> dict[str, Any]:
        name = args.get("orderBy") or next(iter(entity.orders))
        order = entity.orders[name]

        def key(row: Any) -> tuple[Any, ...]:
            return (*(getattr(row, attr.key) for attr in order.attributes), row.id)

        rows = sorted((row for row in rows if matching(row, args.get("where"))), key=key, reverse=order.descending)
        cursors = [cursor(name, key(row)) for row in rows]
        start = cursors.index(args["after"]) + 1 if args.get("after") else 0
        stop = cursors.index(args["before"]) if args.get("before") else len(rows)
        first, last = args.get("first"), args.get("last")
        window = list(range(start, stop))
        page = window[len(window) - last :] if last is not None and last <= len(window) else window
        if last is None:
            page = window[: 20 if first is None else first]
        edges = [{"node": rows[at], "cursor": cursors[at]} for at in page]
        more = len(page) < len(window)
        states: dict[str, int] = {}
        if entity.states is not None:
            for row in rows:
                state = getattr(row, entity.states.key)
                states[state] = states.get(state, 0) + 1
        return {
            "edges": edges,
            "nodes": [edge["node"] for edge in edges],
            "totalCount": len(rows),
            "countsByState": [{"state": state, "count": states[state]} for state in sorted(states)],
            "pageInfo": {
                "hasNextPage": more if last is None else "before" in args and args["before"] is not None,
                "hasPreviousPage": more if last is not None else args.get("after") is not None,
                "startCursor": edges[0]["cursor"] if edges else None,
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
            **{name: sum(getattr(row, attr.key) or 0 for row in rows) for name, attr in entity.sums.items()},
        }


ENTITY_OF = {entity.model: entity for entity in ENTITIES.values()}


def opaque(entity: Entity, row: Any) -> str:
    if entity.shared:
        return f"{entity.name}_{getattr(row, entity.key.key)}"
    return f"{entity.name}_{row.county}_{row.id.hex}"


def shown(value: Any) -> Any:
    """A stored value as graphql-core's default scalars would print it."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value)
    return value


def cursor(order: str, keys: tuple[Any, ...]) -> str:
    packed = "\x1f".join([order, *(str(key) for key in keys)]).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def matching(_row: Any, where: Mapping[str, Any] | None) -> bool:
    """Filters have tests of their own; generated operations carry none."""
    assert not where
    return True


__all__ = ["DECLARATION", "TYPES", "Reference", "World", "camel", "snake"]
