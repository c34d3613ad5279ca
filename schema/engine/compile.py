"""From a validated selection to one SQL statement that builds the answer's JSON in PostgreSQL.

Every table reference names its county by a bind, and the visibility policy is part of the statement at the root, at every
edge and in every count: a model without a policy cannot be compiled (DESIGN §3, §5, §8).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from graphql import FieldNode, SelectionSetNode
from graphql.execution.values import VariableValues
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    select,
    true,
)
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.orm import aliased

from auth.actor import FRESH_SQL
from auth.visibility import POLICIES, Mode, Via, county_is, follows, rules_of, seen_from, visible
from domain.roles import Role
from schema.engine import declare
from schema.engine.declare import ENTITIES, FILTERS, Entity
from schema.engine.page import MOST, Page
from schema.engine.selection import Arg, Selection, sub_selections
from schema.engine.values import NULL, Ref, concat, dumped, id_pieces, nullable, text, to_json

DIALECT = PGDialectAsync_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Fill:
    """A field that Python fills in: where its placeholder stands, what computes it, and what of it was selected."""

    path: tuple[str, ...]
    function: Callable[..., Any]
    type_name: str
    nodes: tuple[FieldNode, ...]
    number: int
    """At one place there may be several: a union's types, and a list's rows by the role that sees them."""

    @property
    def mark(self) -> str:
        """What its placeholders begin with, and no value of a field does."""
        return f"\0{self.number}"


@dataclass(frozen=True)
class Plan:
    """A compiled read: the statement's body and how each parameter is read from a request."""

    body: str
    parameters: tuple[str, ...]
    getters: dict[str, Callable[[VariableValues], Any]]
    constants: dict[str, Any]
    """What policies and expressions compare with by themselves (``state == "APPROVED"``)."""

    fills: tuple[Fill, ...]

    @cached_property
    def statement(self) -> str:
        """The body behind the county fuse, for an autocommit connection: one round trip (DESIGN §5)."""
        return self._fused("true")

    @cached_property
    def checked_statement(self) -> str:
        """The same, which also says whether the token and the actor's grants still hold."""
        at = len(self.parameters)
        return self._fused(f"coalesce({FRESH_SQL.format(token=f'${at + 2}')} = ${at + 3}, false)")

    def _fused(self, fresh: str) -> str:
        fuse = f"${len(self.parameters) + 1}"
        return (
            f"WITH s AS MATERIALIZED (SELECT set_config('anju.counties', {fuse}, true) AS c, {fresh} AS fresh)"  # noqa: S608 - own text, binds only
            f" SELECT s.fresh, CASE WHEN s.c = {fuse} AND s.fresh THEN ({self.body}) END FROM s"
        )

    @cached_property
    def dumped_constants(self) -> dict[str, bytes | None]:
        return {name: dumped(value) for name, value in self.constants.items()}

    def bind(self, variables: VariableValues, scope: Mapping[str, Any]) -> list[Any]:
        """The values of ``$1…``: arguments through their getters, everything else from the actor's scope."""
        getters, constants = self.getters, self.constants
        return [
            getters[name](variables)
            if name in getters
            else constants[name]
            if name in constants
            else scope.get(name, [])
            for name in self.parameters
        ]

    def bind_dumped(
        self, variables: VariableValues, scope: Mapping[str, bytes | None], extra: Mapping[str, Any]
    ) -> list[bytes | None]:
        """The same in PostgreSQL's text format; what does not come from the request is dumped already."""
        getters, constants = self.getters, self.dumped_constants
        found: list[bytes | None] = []
        for name in self.parameters:
            if name in getters:
                found.append(dumped(getters[name](variables)))
            elif name in constants:
                found.append(constants[name])
            elif name in extra:
                found.append(dumped(extra[name]))
            else:
                found.append(scope.get(name, b"{}"))  # what the actor's grants do not name is an empty array
        return found


@dataclass
class Env:
    """What a derived expression may use besides its row."""

    mode: Mode
    today: Any = field(default_factory=lambda: bindparam("today", type_=Date()))
    account: Any = field(default_factory=lambda: bindparam("account", type_=Uuid()))

    def county_of(self, alias: Any) -> ColumnElement[bool]:
        return county_is(alias, self.mode)


class Compiler:
    """Compiles one root field for one kind of actor (the roles of its grants) and one shape of variables."""

    def __init__(self, selection: Selection, roles: frozenset[Role], mode: Mode, page_cap: int = MOST) -> None:
        self.selection = selection
        self.roles = roles
        self.mode = mode
        self.page_cap = page_cap
        self.env = Env(mode)
        self.getters: dict[str, Callable[[VariableValues], Any]] = {}
        self.fills: list[Fill] = []

    # Roots

    def listing(self, declared: declare.Listing, parent: str, nodes: list[FieldNode]) -> Plan:
        """A root connection."""
        entity = ENTITIES[declared.target]
        extra = declared.where
        limits = [lambda row: extra(row, self.env)] if extra else []
        return self._plan(self._connection(entity, parent, nodes, (), limits))

    def node(self, ref: Ref, sets: list[SelectionSetNode]) -> Plan:
        """One row by id: SQL null where it is not there or not visible."""
        entity = ENTITIES[ref.type]
        row = aliased(entity.model)
        key = bindparam("key", type_=Text() if entity.shared else Uuid())
        is_it = getattr(row, entity.key.key) == key if entity.shared else row.id == key
        test = self._visible(entity, row)
        return self._plan(
            select(self._object(entity, row, sets, ()))
            .where(*self._in_county(entity, row), is_it, test)
            .scalar_subquery()
        )

    def many_nodes(self, type_name: str, sets: list[SelectionSetNode]) -> Plan:
        """The rows of one type among a list of ids, as a JSON object by id."""
        entity = ENTITIES[type_name]
        row = aliased(entity.model)
        attribute = getattr(row, entity.key.key) if entity.shared else row.id
        keys = bindparam("keys", type_=ARRAY(Text() if entity.shared else Uuid()))
        key_id = entity.key if entity.shared else None
        pair = concat([*id_pieces(entity.name, row, key_id), ":", self._object(entity, row, sets, ("*",))])
        found = select(pair.label("pair")).where(
            *self._in_county(entity, row), attribute == func.any(keys), self._visible(entity, row)
        )
        page = found.subquery()
        return self._plan(select(concat(["{", func.string_agg(page.c.pair, text(",")), "}"])).scalar_subquery())

    def _plan(self, body: Any) -> Plan:
        compiled = select(func.convert_to(body, text("UTF8"))).compile(dialect=DIALECT)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        return Plan(str(compiled), tuple(compiled.positiontup or ()), self.getters, constants, tuple(self.fills))

    # Objects

    def _object(
        self, entity: Entity, row: Any, sets: list[SelectionSetNode], path: tuple[str, ...]
    ) -> ColumnElement[str]:
        pieces: list[str | ColumnElement[Any]] = []
        for key, nodes in self.selection.fields(entity.name, sets).items():
            pieces.append(f'{"," if pieces else "{"}"{key}":')
            pieces += self._field(entity, row, nodes, (*path, key))
        return concat([*pieces, "}"]) if pieces else text("{}")

    def _field(self, entity: Entity, row: Any, nodes: list[FieldNode], path: tuple[str, ...]) -> list[Any]:
        name = nodes[0].name.value
        if name == "__typename":
            return [f'"{entity.name}"']
        if name == "id":
            return id_pieces(entity.name, row, entity.key)
        declared = entity.fields[name]
        audience = getattr(declared, "to", None) or entity.to
        reached = {role for role in self.roles if role in rules_of(entity.model)}
        if audience is None or reached <= audience:
            return [self._value(entity, row, declared, nodes, path)]
        hidden = NULL
        if isinstance(declared, declare.Column) and declared.mask is not None:
            hidden = self._scalar(getattr(row, declared.mask.key))
        if not reached & audience:
            return [hidden]
        here = visible(entity.model, row, reached & audience, self.mode)
        shown = self._value(entity, row, declared, nodes, path)
        return [case((here, cast(shown, Text)), else_=hidden)]

    def _value(
        self, entity: Entity, row: Any, declared: declare.Declaration, nodes: list[FieldNode], path: tuple[str, ...]
    ) -> ColumnElement[Any]:
        match declared:
            case declare.Column(attr):
                return self._scalar(getattr(row, attr.key), plain=declared.plain)
            case declare.Derived(expression):
                return self._scalar(expression(row, self.env), known=False)
            case declare.One(foreign):
                return self._one(entity, row, declared.target, foreign, nodes, path)
            case declare.Choice(columns):
                found = [self._one(entity, row, n, c, nodes, path, bare=True) for n, c in columns.items()]
                return func.coalesce(*found, NULL)
            case declare.Many(on):
                return self._many(entity, row, declared, nodes, path)
            case declare.Count(on):
                child, test = self._children(entity, row, on, declared.where)
                return select(func.count()).select_from(child).where(and_(*test)).scalar_subquery()
            case declare.Latest(on):
                child, test = self._children(entity, row, on, declared.where)
                made = self._object(ENTITIES[declared.target], child, sub_selections(nodes), path)
                first = select(made).where(*test).order_by(*declared.by(child)).limit(sql("1"))
                return func.coalesce(first.scalar_subquery(), NULL)
            case declare.Computed(function, needs):
                fill = Fill(path, function, entity.name, tuple(nodes), len(self.fills))
                self.fills.append(fill)
                values = [self._scalar(getattr(row, attr.key)) for attr in needs]
                return concat([f'["\\u0000{fill.number}"', *(piece for value in values for piece in (",", value)), "]"])
        raise TypeError(f"{entity.name}.{nodes[0].name.value} cannot be compiled")

    def _scalar(self, value: Any, *, known: bool = True, plain: bool = False) -> ColumnElement[Any]:
        stored = getattr(value, "property", None)
        source = stored.columns[0] if stored is not None else None
        shown = to_json(value, plain_text=plain)
        if known and source is not None and not source.nullable:
            return shown
        return nullable(value, shown)

    def _one(
        self,
        entity: Entity,
        row: Any,
        target_name: str,
        foreign: Any,
        nodes: list[FieldNode],
        path: tuple[str, ...],
        *,
        bare: bool = False,
    ) -> ColumnElement[Any]:
        target = ENTITIES[target_name]
        other = aliased(target.model)
        test = [*self._in_county(target, other)]
        if target.shared:
            test.append(getattr(other, target.key.key) == getattr(row, foreign.key))
        else:
            test += [other.county == row.county, other.id == getattr(row, foreign.key)]
        if not follows_owner(entity, foreign.key, target, self.roles):
            test.append(self._visible(target, other))
        found = select(self._object(target, other, sub_selections(nodes), path)).where(and_(*test)).scalar_subquery()
        return found if bare else func.coalesce(found, NULL)

    # Lists

    def _children(self, entity: Entity, row: Any, on: Any, where: Any) -> tuple[Any, list[ColumnElement[bool]]]:
        model = on.class_
        child = aliased(model)
        test = [county_is(child, self.mode), child.county == row.county, getattr(child, on.key) == row.id]
        if where is not None:
            test.append(where(child))
        if not follows(model, on.key, entity.model, self.roles):
            test.append(visible(model, child, self.roles, self.mode))
        return child, test

    def _many(
        self, entity: Entity, row: Any, declared: declare.Many, nodes: list[FieldNode], path: tuple[str, ...]
    ) -> ColumnElement[Any]:
        target = ENTITIES[declared.target]
        on, where = declared.on, declared.where
        limits: list[Callable[[Any], ColumnElement[bool]]] = [
            lambda child: and_(child.county == row.county, getattr(child, on.key) == row.id)
        ]
        if where is not None:
            limits.append(where)
        owned = follows(target.model, on.key, entity.model, self.roles)
        return self._connection(target, entity.name, nodes, path, limits, owned=owned, owner=row)

    def _connection(
        self,
        entity: Entity,
        parent: str,
        nodes: list[FieldNode],
        path: tuple[str, ...],
        limits: list[Callable[[Any], ColumnElement[bool]]],
        *,
        owned: bool = False,
        owner: Any = None,
    ) -> ColumnElement[Any]:
        """A page of rows as JSON: ``limits`` are predicates over a row alias; ``owned`` rows need no test of their own."""
        args = self.selection.arguments(parent, nodes[0])
        name = f"{entity.name}Connection"
        fields = self.selection.fields(name, sub_selections(nodes))
        limits = [*limits, *self._filters(entity, args, parent, nodes[0])]
        page = Page(self, entity, args, limits, owned, owner)
        pieces: list[Any] = []
        for key, here in fields.items():
            pieces.append(f'{"," if pieces else "{"}"{key}":')
            field_name, inner = here[0].name.value, sub_selections(here)
            match field_name:
                case "__typename":
                    pieces.append(f'"{name}"')
                case "nodes":
                    pieces += ["[", page.column(partial(self._object, entity, sets=inner, path=(*path, key, "*"))), "]"]
                case "edges":
                    pieces += ["[", page.column(partial(page.edge, sets=inner, path=(*path, key, "*"))), "]"]
                case "pageInfo":
                    pieces.append(page.info(inner))
                case "totalCount":
                    pieces.append(self._figure(entity, limits, owned, owner, lambda _: func.count()))
                case "countsByState":
                    pieces.append(self._by_state(entity, limits, owned, owner, inner))
                case _:
                    attr = entity.sums[field_name]
                    pieces.append(self._figure(entity, limits, owned, owner, partial(_total, attr)))
        return page.select([*(pieces or ["{"]), "}"])

    def _test(self, entity: Entity, row: Any, limits: list[Any], owned: bool) -> list[ColumnElement[bool]]:
        test = [*self._in_county(entity, row), *(limit(row) for limit in limits)]
        return test if owned else [*test, self._visible(entity, row)]

    def _figure(self, entity: Entity, limits: list[Any], owned: bool, owner: Any, figure: Any) -> ColumnElement[Any]:
        row = aliased(entity.model)
        found = select(figure(row)).select_from(row).where(and_(*self._test(entity, row, limits, owned)))
        return _about(found, owner).scalar_subquery()

    def _by_state(
        self, entity: Entity, limits: list[Any], owned: bool, owner: Any, sets: list[SelectionSetNode]
    ) -> ColumnElement[Any]:
        row = aliased(entity.model)
        state = getattr(row, entity.states.key)
        counted = (
            select(state.label("state"), func.count().label("n"))
            .where(and_(*self._test(entity, row, limits, owned)))
            .group_by(state)
        )
        groups = _about(counted, owner).subquery()
        values: dict[str, Any] = {"state": to_json(groups.c.state), "count": groups.c.n, "__typename": '"StateCount"'}
        pieces: list[Any] = []
        for key, nodes in self.selection.fields("StateCount", sets).items():
            pieces += [f'{"," if pieces else "{"}"{key}":', values[nodes[0].name.value]]
        each = concat([*(pieces or ["{"]), "}"])
        listed = func.string_agg(each, aggregate_order_by(text(","), groups.c.state))
        return select(concat(["[", listed, "]"])).scalar_subquery()

    def _filters(
        self, entity: Entity, args: dict[str, Arg], parent: str, node: FieldNode
    ) -> list[Callable[[Any], ColumnElement[bool]]]:
        if "where" not in args:
            return []
        given = args["where"]
        type_ = self.selection.definition(parent, node.name.value).args["where"].type
        declared = FILTERS[type_.name]  # type: ignore[union-attr]
        made: list[Callable[[Any], ColumnElement[bool]]] = []
        for key, value in given.value.items():
            if value is None:
                continue
            found = declared[key]
            bind = self.bind(given.part(key), found.type_, found.read)
            made.append(partial(_holds, found, (bind, self.env) if found.opens else (bind,)))
        return made

    # Small parts

    def bind(self, arg: Arg, type_: Any, read: Callable[[Any], Any] | None = None) -> Any:
        """A bind whose value each request reads from its own variables."""
        name = f"a{len(self.getters)}"
        self.getters[name] = arg.read if read is None else lambda variables: read(arg.read(variables))
        return bindparam(name, type_=type_)

    def _in_county(self, entity: Entity, row: Any) -> list[ColumnElement[bool]]:
        return [] if entity.shared else [county_is(row, self.mode)]

    def _visible(self, entity: Entity, row: Any) -> ColumnElement[bool]:
        return (
            true() if entity.shared and entity.model in POLICIES else visible(entity.model, row, self.roles, self.mode)
        )


def _about(found: Select[Any], owner: Any) -> Select[Any]:
    """A figure stands beside the page, not in it: without saying so, its owner's table would be counted through whole."""
    return found if owner is None else found.correlate(owner)


def _holds(declared: declare.Filter, given: tuple[Any, ...], row: Any) -> ColumnElement[bool]:
    return declared.predicate(row, *given)


def _total(attr: Any, row: Any) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(getattr(row, attr.key)), sql("0")), BigInteger)


def follows_owner(entity: Entity, column: str, target: Entity, roles: frozenset[Role]) -> bool:
    """Whether a visible row's owner is visible too: every role that sees the row sees it only through that owner."""
    if target.shared:
        return True
    here, there = rules_of(entity.model), rules_of(target.model)
    return all(
        here[role] == Via(column, target.model) or seen_from(there.get(role), entity.model, column)
        for role in roles
        if role in here
    )
