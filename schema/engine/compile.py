"""From a validated selection to one SQL statement that builds the answer's JSON in PostgreSQL.

Every table reference names its county by a bind, and the visibility policy is part of the statement at the root, at every
edge and in every count: a model without a policy cannot be compiled (DESIGN §3, §5, §8).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from graphql import FieldNode, SelectionSetNode
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, and_, bindparam, case, cast, func, select
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.orm import aliased

from auth.visibility import Mode, Via, follows, rules_of, seen_from, visible
from domain.personal_data import PersonalField
from domain.roles import Role
from schema.engine import declare
from schema.engine.declare import ENTITIES, FILTERS, Entity
from schema.engine.page import Limit, Page, Rows
from schema.engine.plan import Fill, Plan
from schema.engine.selection import Arg, Selection, sub_selections
from schema.engine.statement import MOST, Statement
from schema.engine.types import camel
from schema.engine.values import NULL, Ref, concat, dumped, id_pieces, nullable, text, to_json

Path = tuple[str, ...]
"""Where a field stands in the answer: response keys, ``*`` for every element of a list."""

Show = Callable[[str, list[FieldNode]], list[Any]]
"""The pieces of a field's JSON, by its response key and nodes."""

DIALECT = PGDialectAsync_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class Compiler(Statement):
    """Compiles one root field for one kind of actor (the roles of its grants) and one shape of variables."""

    def __init__(self, selection: Selection, roles: frozenset[Role], mode: Mode, page_cap: int = MOST) -> None:
        super().__init__(roles, mode, page_cap)
        self.selection = selection

    # Roots

    def listing(self, declared: declare.Listing, parent: str, nodes: list[FieldNode]) -> Plan:
        """A root connection."""
        extra = declared.where
        limits = [lambda row: extra(row, self.env)] if extra else []
        return self._plan(self._connection(Rows(ENTITIES[declared.target], limits), parent, nodes, ()))

    def node(self, ref: Ref, sets: list[SelectionSetNode]) -> Plan:
        """One row by id: SQL null where it is not there or not visible."""
        entity = ENTITIES[ref.type]
        row = aliased(entity.model)
        is_it = entity.key_of(row) == bindparam("key", type_=entity.key_type)
        shown = select(self._object(entity, (), row, sets))
        return self._plan(shown.where(*self.in_county(entity, row), is_it, self.visible(entity, row)).scalar_subquery())

    def many_nodes(self, type_name: str, sets: list[SelectionSetNode]) -> Plan:
        """The rows of one type among a list of ids, as a JSON object by id."""
        entity = ENTITIES[type_name]
        row = aliased(entity.model)
        is_one = entity.key_of(row) == func.any(bindparam("keys", type_=ARRAY(entity.key_type)))
        pair = concat([*id_pieces(entity.name, row, entity.key), ":", self._object(entity, ("*",), row, sets)])
        found = select(pair.label("pair"))
        page = found.where(*self.in_county(entity, row), is_one, self.visible(entity, row)).subquery()
        return self._plan(select(concat(["{", func.string_agg(page.c.pair, text(",")), "}"])).scalar_subquery())

    def _plan(self, body: Any) -> Plan:
        compiled = select(func.convert_to(body, text("UTF8"))).compile(dialect=DIALECT)
        constants = {name: dumped(value) for name, value in compiled.params.items() if value is not None}
        return Plan(str(compiled), tuple(compiled.positiontup or ()), self.getters, constants, tuple(self.fills))

    # Objects

    def _members(self, type_name: str, sets: list[SelectionSetNode], show: Show) -> list[Any]:
        """The pieces of a JSON object with the fields that were selected."""
        pieces: list[Any] = []
        for key, nodes in self.selection.fields(type_name, sets).items():
            pieces.append(f'{"," if pieces else "{"}"{key}":')
            pieces += [f'"{type_name}"'] if nodes[0].name.value == "__typename" else show(key, nodes)
        return [*(pieces or ["{"]), "}"]

    def _object(self, entity: Entity, path: Path, row: Any, sets: list[SelectionSetNode]) -> ColumnElement[str]:
        return concat(self._members(entity.name, sets, partial(self._field, entity, path, row)))

    def _field(self, entity: Entity, path: Path, row: Any, key: str, nodes: list[FieldNode]) -> list[Any]:
        name, path = nodes[0].name.value, (*path, key)
        if name == "id":
            return id_pieces(entity.name, row, entity.key)
        declared = entity.fields[name]
        audience = getattr(declared, "to", None) or entity.to
        reached = {role for role in self.roles if role in rules_of(entity.model)}
        if audience is None or reached <= audience:
            return [self._value(entity, row, declared, nodes, path)]
        hidden = NULL
        if isinstance(declared, declare.Column) and declared.mask is not None:
            hidden = cast(self._scalar(getattr(row, declared.mask.key)), Text)
        if not reached & audience:
            return [hidden]
        here = visible(entity.model, row, reached & audience, self.mode)
        shown = self._value(entity, row, declared, nodes, path)
        return [case((here, cast(shown, Text)), else_=hidden)]

    def _value(
        self, entity: Entity, row: Any, declared: declare.Declaration, nodes: list[FieldNode], path: Path
    ) -> ColumnElement[Any]:
        match declared:
            case declare.Column(attr, personal=str() as shown):
                values = (row.county, row.id, getattr(row, attr.key))
                return self._filled(entity, partial(_shown, entity.name, shown), values, nodes, path)
            case declare.Column(attr):
                return self._scalar(getattr(row, attr.key), plain=declared.plain)
            case declare.Derived(expression, takes=takes):
                given = self.selection.arguments(entity.name, nodes[0]) if takes else {}
                binds = {
                    name: self.bind(given[camel(name)], each.type_)
                    for name, each in takes.items()
                    if camel(name) in given
                }
                return self._scalar(expression(row, self.env, **binds), known=False)
            case declare.One(foreign):
                return self._one(entity, row, declared.target, foreign, nodes, path)
            case declare.Choice(columns):
                found = [self._one(entity, row, n, c, nodes, path, bare=True) for n, c in columns.items()]
                return func.coalesce(*found, NULL)
            case declare.Many(on):
                return self._many(entity, row, declared, nodes, path)
            case declare.Count(on):
                child, test = self._children(entity, row, on, declared.where)
                return select(func.count()).select_from(child).where(*test).scalar_subquery()
            case declare.Latest():
                child, test = self._first_among(entity, row, declared)
                made = self._object(ENTITIES[declared.target], path, child, sub_selections(nodes))
                first = select(made).select_from(child).where(*test).order_by(*declared.by(child)).limit(sql("1"))
                return func.coalesce(first.scalar_subquery(), NULL)
            case declare.Computed(function, needs):
                return self._filled(entity, function, [getattr(row, attr.key) for attr in needs], nodes, path)
        raise TypeError(f"{entity.name}.{nodes[0].name.value} cannot be compiled")

    def _filled(
        self, entity: Entity, function: Callable[..., Any], needs: Sequence[Any], nodes: list[FieldNode], path: Path
    ) -> ColumnElement[str]:
        """A placeholder with the values that ``function`` makes the field's value of."""
        fill = Fill(path, function, entity.name, tuple(nodes), len(self.fills))
        self.fills.append(fill)
        pieces = [piece for value in needs for piece in (",", self._scalar(value))]
        return concat([f'["\\u0000{fill.number}"', *pieces, "]"])

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
        path: Path,
        *,
        bare: bool = False,
    ) -> ColumnElement[Any]:
        target = ENTITIES[target_name]
        other = aliased(target.model)
        test = [*self.in_county(target, other), target.key_of(other) == getattr(row, foreign.key)]
        if not target.shared:
            test += self.same_county(other, row)
        if not follows_owner(entity, foreign.key, target, self.roles):
            test.append(self.visible(target, other))
        found = select(self._object(target, path, other, sub_selections(nodes))).where(*test).scalar_subquery()
        return found if bare else func.coalesce(found, NULL)

    # Lists

    def _children(self, entity: Entity, row: Any, on: Any, where: Any) -> tuple[Any, list[ColumnElement[bool]]]:
        model = on.class_
        child = aliased(model)
        test = [self.env.county_of(child), *(limit(child) for limit in self._pointing_at(row, on, where))]
        if not follows(model, on.key, entity.model, self.roles):
            test.append(visible(model, child, self.roles, self.mode))
        return child, test

    def _pointing_at(self, row: Any, on: Any, where: Limit | None) -> list[Limit]:
        """What makes rows this one's: their foreign key ``on``, and ``where``."""

        def points(child: Any) -> ColumnElement[bool]:
            return and_(*self.same_county(child, row), getattr(child, on.key) == row.id)

        return [points] if where is None else [points, where]

    def _first_among(self, entity: Entity, row: Any, declared: declare.Latest) -> tuple[Any, list[ColumnElement[bool]]]:
        if declared.through is None:
            return self._children(entity, row, declared.on, declared.where)
        link, child = aliased(declared.through.near.class_), aliased(declared.on.class_)
        linked = [
            self.env.county_of(link),
            *(limit(link) for limit in self._pointing_at(row, declared.through.near, declared.through.where)),
            self.env.county_of(child),
            *self.same_county(child, row),
            getattr(child, declared.on.key) == getattr(link, declared.through.far.key),
        ]
        # They are few. Told which of them are wanted, and in what order, the planner would rather walk through all rows that
        # the actor sees, in that order; OFFSET keeps that from it until they are found by their link.
        few = select(child).where(*linked).correlate(row).offset(sql("0")).subquery()
        found = aliased(declared.on.class_, few)
        chosen = [] if declared.where is None else [declared.where(found)]
        return found, [*chosen, visible(declared.on.class_, found, self.roles, self.mode)]

    def _many(
        self, entity: Entity, row: Any, declared: declare.Many, nodes: list[FieldNode], path: Path
    ) -> ColumnElement[Any]:
        target, on = ENTITIES[declared.target], declared.on
        owned = follows(target.model, on.key, entity.model, self.roles)
        return self._connection(
            Rows(target, self._pointing_at(row, on, declared.where), owned, row), entity.name, nodes, path
        )

    def _connection(self, rows: Rows, parent: str, nodes: list[FieldNode], path: Path) -> ColumnElement[Any]:
        """A page of rows, and figures over all of them, as JSON."""
        args = self.selection.arguments(parent, nodes[0])
        rows = rows.limited(self._filters(args, parent, nodes[0]))
        page = Page(self, rows, args)
        shown = partial(self._connection_field, rows, page, path)
        return page.select(self._members(f"{rows.entity.name}Connection", sub_selections(nodes), shown))

    def _connection_field(self, rows: Rows, page: Page, path: Path, key: str, nodes: list[FieldNode]) -> list[Any]:
        sets, each = sub_selections(nodes), (*path, key, "*")
        match nodes[0].name.value:
            case "nodes":
                return ["[", page.column(partial(self._object, rows.entity, each, sets=sets)), "]"]
            case "edges":
                return ["[", page.column(partial(self._edge, rows.entity, page, each, sets=sets)), "]"]
            case "pageInfo":
                return self._members("PageInfo", sets, lambda _, inner: [page.info(inner[0].name.value)])
            case "totalCount":
                return [self._figure(rows, lambda _: func.count())]
            case "countsByState":
                return [self._by_state(rows, sets)]
            case name:
                return [self._figure(rows, partial(_total, rows.entity.sums[name]))]

    def _edge(
        self, entity: Entity, page: Page, path: Path, row: Any, sets: list[SelectionSetNode]
    ) -> ColumnElement[Any]:
        def shown(key: str, nodes: list[FieldNode]) -> list[Any]:
            if nodes[0].name.value == "cursor":
                return ['"', page.cursor(row), '"']
            return [self._object(entity, (*path, key), row, sub_selections(nodes))]

        return concat(self._members(f"{entity.name}Edge", sets, shown))

    def _figure(self, rows: Rows, figure: Callable[[Any], Any]) -> ColumnElement[Any]:
        row = aliased(rows.entity.model)
        found = select(figure(row)).select_from(row).where(*self._all(rows, row))
        return rows.beside(found).scalar_subquery()

    def _by_state(self, rows: Rows, sets: list[SelectionSetNode]) -> ColumnElement[Any]:
        row = aliased(rows.entity.model)
        state = getattr(row, rows.entity.states.key)
        counted = select(state.label("state"), func.count().label("n")).where(*self._all(rows, row)).group_by(state)
        groups = rows.beside(counted).subquery()
        values: dict[str, Any] = {"state": to_json(groups.c.state), "count": groups.c.n}
        each = concat(self._members("StateCount", sets, lambda _, nodes: [values[nodes[0].name.value]]))
        listed = func.string_agg(each, aggregate_order_by(text(","), groups.c.state))
        return select(concat(["[", listed, "]"])).scalar_subquery()

    def _all(self, rows: Rows, row: Any) -> list[ColumnElement[bool]]:
        test = rows.test(self, row)
        return test if rows.owned else [*test, self.visible(rows.entity, row)]

    def _filters(self, args: dict[str, Arg], parent: str, node: FieldNode) -> list[Limit]:
        if "where" not in args:
            return []
        given = args["where"]
        type_ = self.selection.definition(parent, node.name.value).args["where"].type
        declared = FILTERS[type_.name]  # type: ignore[union-attr]
        made: list[Limit] = []
        for key, value in given.value.items():
            if value is None:
                continue
            found = declared[key]
            bind = self.bind(given.part(key), found.type_, found.read)
            made.append(partial(_holds, found, (bind, self.env) if found.opens else (bind,)))
        return made


def _shown(type_name: str, field: PersonalField, run: Any, county: str, key: str, value: Any) -> Any:
    """Personal data in plain: remembered for the log, which is written before the answer is given (PRI-7)."""
    if value is not None:
        run.personal_reads.setdefault(county, {}).setdefault((type_name, UUID(key)), set()).add(field)
    return value


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
