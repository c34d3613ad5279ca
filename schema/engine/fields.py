"""The selected fields as JSON: lists and rows by compiled reads, answers and payloads from the values of Python."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import orjson
from graphql import (
    FieldNode,
    get_named_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from auth.visibility import single
from resolvers.at_once import Sent
from schema.engine.compile import Compiler
from schema.engine.declare import ENTITIES, Answer, Listing, declaration_of
from schema.engine.plan import Fill, Plan
from schema.engine.reading import Reader, Values
from schema.engine.run import Run, place
from schema.engine.scope import ReadScope, read_scope
from schema.engine.selection import sub_selections
from schema.engine.types import snake
from schema.engine.values import Ref, encode_id

EMPTY_PAGE = {
    "edges": [],
    "nodes": [],
    "page_info": {"has_next_page": False, "has_previous_page": False, "start_cursor": None, "end_cursor": None},
    "total_count": 0,
    "counts_by_state": [],
}


class Fields:
    """The fields of one operation. Without a ``reader`` only values of Python can be shown."""

    def __init__(self, run: Run, reader: Reader | None = None) -> None:
        self.run = run
        self.reader = reader

    # Values of Python

    async def field(self, type_name: str, nodes: list[FieldNode], value: Any = None) -> bytes:
        """One field of a type that is not an entity: a listing, an answer, or a part of ``value``."""
        match declaration_of(type_name, nodes[0].name.value):
            case Listing() as declared:
                return await self._listing(declared, type_name, nodes)
            case Answer(function):
                owner = () if value is None else (value,)
                found = await function(self.run, *owner, **self._keywords(type_name, nodes))
            case _:
                name = snake(nodes[0].name.value)
                found = value.get(name) if isinstance(value, Mapping) else getattr(value, name)
        return await self.show(found, self.run.definition(type_name, nodes).type, nodes)

    def _keywords(self, type_name: str, nodes: list[FieldNode]) -> dict[str, Any]:
        return {snake(name): value for name, value in self.run.arguments(type_name, nodes).items()}

    async def show(self, value: Any, type_: Any, nodes: list[FieldNode]) -> bytes:
        """A value as JSON, with the fields that were selected; a ``Ref`` is read."""
        if is_non_null_type(type_):
            type_ = type_.of_type
        if value is None:
            return b"null"
        if is_list_type(type_):
            if value and get_named_type(type_).name == "Node":
                return await self._rows(value, nodes)
            return b"[%s]" % b",".join([await self.show(each, type_.of_type, nodes) for each in value])
        if is_leaf_type(type_):
            return orjson.dumps(getattr(value, "value", value) if is_enum_type(type_) else type_.serialize(value))
        if isinstance(value, Ref):
            return await self.row(value, nodes) or b"null"
        return await self.object(get_named_type(type_).name, value, nodes)

    async def object(self, type_name: str, value: Any, nodes: list[FieldNode]) -> bytes:
        """A value of a type that is not an entity, field by field."""
        parts = []
        for key, inner in self._selected(type_name, nodes).items():
            is_name = inner[0].name.value == "__typename"
            shown = b'"%s"' % type_name.encode() if is_name else await self.field(type_name, inner, value)
            parts.append(b'"%s":%s' % (key.encode(), shown))
        return b"{%s}" % b",".join(parts)

    def _selected(self, type_name: str, nodes: list[FieldNode]) -> dict[str, list[FieldNode]]:
        return self.run.kept(
            ("fields", type_name, place(nodes)), lambda: self.run.selection.fields(type_name, sub_selections(nodes))
        )

    # Rows

    def reads_of(self, type_name: str, value: Mapping[str, Any], nodes: list[FieldNode]) -> Iterator[Sent]:
        """The statements that showing ``value`` takes, to be sent all at once (``AlreadyRead``)."""
        for inner in self._selected(type_name, nodes).values():
            found = value.get(snake(inner[0].name.value))
            if isinstance(found, Ref) and (asked := self._asked(found, inner)) is not None:
                plan, values, _ = asked
                yield plan.body, values

    async def _listing(self, declared: Listing, type_name: str, nodes: list[FieldNode]) -> bytes:
        arguments = self.run.arguments(type_name, nodes)
        if declared.before is not None:
            await declared.before(self.run, arguments)
        entity = ENTITIES[declared.target]
        scope = self._scope(arguments.get("county"))
        if not entity.shared and not scope.roles:
            empty = {**EMPTY_PAGE, **dict.fromkeys(map(snake, entity.sums), 0)}
            return await self.object(f"{entity.name}Connection", empty, nodes)
        plan = self._plan(("list", place(nodes)), scope, lambda compiler: compiler.listing(declared, type_name, nodes))
        return await self._read(plan, self._bound(plan, scope), scope.fuse) or b"null"

    async def row(self, ref: Ref, nodes: list[FieldNode]) -> bytes | None:
        """One row as JSON; ``None`` where it is not there or the actor may not see it."""
        asked = self._asked(ref, nodes)
        return None if asked is None else await self._read(*asked)

    def _asked(self, ref: Ref, nodes: list[FieldNode]) -> tuple[Plan, Values, bytes] | None:
        if (scope := self._scope_of(ref.type, ref.county)) is None:
            return None
        sets = sub_selections(nodes)
        plan = self._plan(("node", ref.type, place(nodes)), scope, lambda compiler: compiler.node(ref, sets))
        return plan, self._bound(plan, scope, {"key": ref.key}), scope.fuse

    async def _rows(self, refs: list[Ref | None], nodes: list[FieldNode]) -> bytes:
        """Rows by id in the order asked for, null where one is not there or not visible; one statement per type."""
        found: dict[str, bytes] = {}
        sets = sub_selections(nodes)
        for type_name, county in {(ref.type, ref.county) for ref in refs if ref is not None}:
            if (scope := self._scope_of(type_name, county)) is None:
                continue
            compiled = partial(Compiler.many_nodes, type_name=type_name, sets=sets)
            plan = self._plan(("nodes", type_name, place(nodes)), scope, compiled)
            keys = [ref.key for ref in refs if ref is not None and (ref.type, ref.county) == (type_name, county)]
            read = await self._read(plan, self._bound(plan, scope, {"keys": keys}), scope.fuse)
            found |= {key: orjson.dumps(value) for key, value in orjson.loads(read or b"{}").items()}
        return b"[%s]" % b",".join(found.get(encode_id(ref), b"null") if ref else b"null" for ref in refs)

    def _scope_of(self, type_name: str, county: str) -> ReadScope | None:
        """The actor's scope for rows of a type in a county (none for reference data); ``None`` where it can see none."""
        entity = ENTITIES.get(type_name)
        if entity is None or entity.shared != (county == ""):
            return None
        scope = self._scope(county or None)
        return scope if scope.roles or entity.shared else None

    def _scope(self, county: str | None) -> ReadScope:
        counties = self.run.actor.counties
        return read_scope(self.run.actor, counties if county is None else counties & {county})

    # Statements

    def _plan(self, key: Any, scope: ReadScope, compiled: Callable[[Compiler], Plan]) -> Plan:
        def make() -> Plan:
            with single(scope.singles):
                return compiled(Compiler(self.run.selection, scope.roles, scope.mode, self.run.page_cap))

        return self.run.kept((key, scope.kind), make)

    def _bound(self, plan: Plan, scope: ReadScope, extra: Mapping[str, Any] | None = None) -> Values:
        return plan.bind(self.run.variables, scope.values, extra or {})

    async def _read(self, plan: Plan, values: Values, fuse: bytes) -> bytes | None:
        assert self.reader is not None  # noqa: S101 - there are no rows in what is shown without one
        read = await self.reader.read(plan, values, fuse)
        if read is None or not plan.fills:
            return read
        data = orjson.loads(read)
        for fill in plan.fills:
            await self._fill(fill, data, fill.path)
        return orjson.dumps(data)

    async def _fill(self, fill: Fill, data: Any, path: tuple[str, ...]) -> None:
        """Put what Python computes where the statement left placeholders."""
        if data is None:
            return
        head, *rest = path
        if head == "*":
            for each in data.values() if isinstance(data, dict) else data:
                await self._fill(fill, each, tuple(rest))
        elif rest:
            await self._fill(fill, data.get(head), tuple(rest))
        elif isinstance(given := data.get(head), list) and given and given[0] == fill.mark:
            nodes = list(fill.nodes)
            value = fill.function(self.run, *given[1:], **self._keywords(fill.type_name, nodes))
            data[head] = orjson.loads(await self.show(value, self.run.definition(fill.type_name, nodes).type, nodes))
