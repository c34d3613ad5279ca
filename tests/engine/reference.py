"""The reference: the same declarations answered naively by graphql-core, row by row, in Python.

It reads whole tables as the administrator, and asks ``sees`` (tests/access, from the hand-written matrix, not the engine's
predicates) which rows an actor may see and in which roles. Its answers are what the engine's must equal.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from graphql import DocumentNode, GraphQLResolveInfo, GraphQLSchema, build_schema, execute_sync, parse, validate
from sqlalchemy import case, create_engine, func, select
from sqlalchemy.orm import Session, aliased

from app.database import with_driver
from auth.actor import Actor
from domain.calendar import today
from domain.roles import Role
from schema import api
from schema.common import instant_text
from schema.engine import declare
from schema.engine.declare import DECLARATION, ENTITIES, Entity, declaration_of
from schema.engine.types import TYPES, camel, snake

Sees = Callable[[Actor, type[Any], Any], frozenset[Role]]
"""The roles in which the actor sees a row; empty: not at all."""


@dataclass
class World:
    """Every row of some counties, by model."""

    rows: Mapping[type[Any], list[Any]]
    by_key: dict[tuple[type[Any], str, Any], Any] = field(default_factory=dict)
    expressions: dict[tuple[str, str], dict[tuple[str, Any], Any]] = field(default_factory=dict)
    """(entity, field) → (county, id) → what its declared SQL gives for that row by itself: the value of ``derived``, the place
    in the order of ``latest``, and whether a ``where`` holds for the other row."""

    pointing: dict[Any, dict[tuple[str, Any], list[Any]]] = field(default_factory=dict)

    @classmethod
    def load(cls, superuser_url: str, counties: set[str], *also: type[Any]) -> "World":
        """The rows of every type, and of models that have none but that the matrix's judgement needs."""
        engine = create_engine(with_driver(superuser_url))
        made: dict[type[Any], list[Any]] = {}
        with Session(engine, expire_on_commit=False) as session:
            for entity in ENTITIES.values():
                statement = select(entity.model)
                if not entity.shared:
                    statement = statement.where(entity.model.county.in_(counties))
                made[entity.model] = list(session.execute(statement).scalars())
            for model in also:
                made[model] = list(session.execute(select(model).where(model.county.in_(counties))).scalars())
            expressions = _expressions(session, counties)
        engine.dispose()
        world = cls(made, expressions=expressions)
        for model, rows in made.items():
            for row in rows:
                world.by_key[model, *key_of(model, row)] = row
        return world

    def find(self, model: type[Any], county: str, key: Any) -> Any:
        return self.by_key.get((model, county, key))

    def children(self, on: Any, row: Any) -> list[Any]:
        """The rows whose foreign key ``on`` points at a row."""
        if on not in self.pointing:
            index: dict[tuple[str, Any], list[Any]] = {}
            for child in self.rows[on.class_]:
                index.setdefault((child.county, getattr(child, on.key)), []).append(child)
            self.pointing[on] = index
        return self.pointing[on].get((row.county, row.id), [])


@dataclass
class _Env:
    """What expressions may use: there is one day, and every table is read whole."""

    today: date

    def county_of(self, alias: Any) -> Any:
        return alias.county.is_not(None)


def _expressions(session: Session, counties: set[str]) -> dict[tuple[str, str], dict[tuple[str, Any], Any]]:
    env = _Env(today(datetime.now(UTC)))
    found: dict[tuple[str, str], dict[tuple[str, Any], Any]] = {}

    def read(row: Any, value: Any) -> dict[tuple[str, Any], Any]:
        rows = session.execute(select(row.county, row.id, value).where(row.county.in_(counties)))
        return {(county, key): given for county, key, given in rows}

    for entity in ENTITIES.values():
        for name, declared in entity.fields.items():
            if (through := getattr(declared, "through", None)) is not None:
                link = aliased(through.near.class_)
                found[entity.name, f"{name} through"] = read(link, through.where(link))
            row = aliased(declared.on.class_ if hasattr(declared, "on") else entity.model)
            if isinstance(declared, declare.Derived):
                value = declared.expression(row, env)
            elif isinstance(declared, declare.Latest):
                # Ties are broken as UUIDs of version 7 suggest: the last one made.
                place = func.row_number().over(order_by=[*declared.by(row), row.id.desc()])
                value = place if declared.where is None else case((declared.where(row), place))
            elif getattr(declared, "where", None) is not None:
                value = declared.where(row)
            else:
                continue
            found[entity.name, name] = read(row, value)
    return found


@cache
def bare_schema() -> GraphQLSchema:
    """The SDL without any resolver."""
    return build_schema(api.sdl())


@lru_cache(maxsize=512)
def valid(text: str) -> DocumentNode:
    """A document that keeps to the SDL: checked once, however many people ask it."""
    document = parse(text)
    errors = validate(bare_schema(), document)
    assert not errors, errors
    return document


class Reference:
    """Answers documents for one actor over one world."""

    def __init__(self, world: World, actor: Actor, sees: Sees) -> None:
        self.world, self.actor = world, actor

        @cache
        def seen(model: type[Any], row: Any) -> frozenset[Role]:
            return sees(actor, model, row)

        self.sees = seen

    def answer(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What graphql-core makes of it (data, and errors by path and code only)."""
        result = execute_sync(
            bare_schema(),
            valid(text),
            variable_values=dict(variables),
            field_resolver=self.resolve,
            type_resolver=lambda value, *_: ENTITY_OF[type(value)].name,
        )
        assert not result.errors, result.errors
        return {"data": result.data}

    # Fields

    def resolve(self, source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
        name = info.parent_type.name
        if info.field_name == "nodes" and name == "Query":
            return [self._node(each) for each in args["ids"]]
        if isinstance(source, Mapping):
            return source.get(info.field_name)
        if name == "Query":
            return self._root(declaration_of("Query", info.field_name), args)
        entity = ENTITIES[name]
        if info.field_name == "id":
            return opaque(entity, source)
        return self._field(entity, source, info.field_name, args)

    def _root(self, declared: Any, args: Mapping[str, Any]) -> Any:
        if isinstance(declared, declare.Listing):
            entity = ENTITIES[declared.target]
            rows = [
                row
                for row in self.world.rows[entity.model]
                if args.get("county") in (None, getattr(row, "county", None))
            ]
            return self._connection(entity, self._visible(entity.model, rows), args)
        return self._node(args["id"])

    def _node(self, given: str) -> Any:
        type_name, *rest = given.split("_")
        entity = ENTITIES[type_name]
        county, key = ("", rest[0]) if entity.shared else (rest[0], UUID(rest[1]))
        found = self.world.find(entity.model, county, key)
        return found if found is not None and self._sees(entity.model, found) else None

    def _sees(self, model: type[Any], row: Any) -> bool:
        """Reference data is everybody's, with grants or without."""
        return ENTITY_OF[model].shared or bool(self.sees(model, row))

    def _visible(self, model: type[Any], rows: list[Any]) -> list[Any]:
        return [row for row in rows if self._sees(model, row)]

    def _field(self, entity: Entity, row: Any, name: str, args: Mapping[str, Any]) -> Any:
        declared: Any = entity.fields[name]
        audience = declared.to or entity.to
        if audience is not None and not self.sees(entity.model, row) & audience:
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
            case declare.Derived():
                return shown(self.world.expressions[entity.name, name][row.county, row.id])
            case declare.Many(target=target):
                return self._connection(ENTITIES[target], self._children(entity, row, name), args)
            case declare.Count():
                return len(self._children(entity, row, name))
            case declare.Latest():
                places = self.world.expressions[entity.name, name]
                found = [child for child in self._children(entity, row, name) if places[child.county, child.id]]
                return min(found, key=lambda child: places[child.county, child.id], default=None)
        raise NotImplementedError(f"{entity.name}: {declared}")

    def _one(self, target: str, row: Any, column: Any) -> Any:
        entity = ENTITIES[target]
        found = self.world.find(entity.model, "" if entity.shared else row.county, getattr(row, column.key))
        return found if found is not None and self._sees(entity.model, found) else None

    def _children(self, entity: Entity, row: Any, name: str) -> list[Any]:
        declared: Any = entity.fields[name]
        rows = self._visible(declared.on.class_, self._pointing(entity, row, name))
        if declared.where is None:
            return rows
        holds = self.world.expressions[entity.name, name]
        return [child for child in rows if holds[child.county, child.id]]

    def _pointing(self, entity: Entity, row: Any, name: str) -> list[Any]:
        declared: Any = entity.fields[name]
        through = getattr(declared, "through", None)
        if through is None:
            return self.world.children(declared.on, row)
        holds = self.world.expressions[entity.name, f"{name} through"]
        links = [link for link in self.world.children(through.near, row) if holds[link.county, link.id]]
        far = {getattr(link, through.far.key) for link in links}
        index = self.world.rows[declared.on.class_]
        return [child for child in index if child.county == row.county and getattr(child, declared.on.key) in far]

    # Lists

    def _connection(self, entity: Entity, rows: list[Any], args: Mapping[str, Any]) -> dict[str, Any]:
        name = args.get("orderBy") or next(iter(entity.orders))
        order = entity.orders[name]

        def key(row: Any) -> tuple[Any, ...]:
            return (*(getattr(row, attr.key) for attr in order.attributes), key_of(entity.model, row)[1])

        rows = sorted((row for row in rows if matching(row, args.get("where"))), key=key, reverse=order.descending)

        def place(given: str) -> int:
            return next(at for at, row in enumerate(rows) if cursor(name, key(row)) == given)

        start = place(args["after"]) + 1 if args.get("after") else 0
        stop = place(args["before"]) if args.get("before") else len(rows)
        first, last = args.get("first"), args.get("last")
        window = list(range(start, stop))
        page = window[len(window) - last :] if last is not None and last <= len(window) else window
        if last is None:
            page = window[: 20 if first is None else first]
        edges = [{"node": rows[at], "cursor": cursor(name, key(rows[at]))} for at in page]
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


def key_of(model: type[Any], row: Any) -> tuple[str, Any]:
    """The county (empty for reference data) and the key of a row."""
    entity = ENTITY_OF.get(model)
    return ("", getattr(row, entity.key.key)) if entity is not None and entity.shared else (row.county, row.id)


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
