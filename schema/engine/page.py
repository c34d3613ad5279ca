"""One page of a list: keyset order in both directions, and no more work than the selected fields ask for."""

from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from graphql import SelectionSetNode
from sqlalchemy import ColumnElement, Integer, Select, Text, and_, case, cast, func, or_, select, tuple_, union_all
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from auth.visibility import branches
from domain.errors import ErrorCode, Refusal
from schema.engine.declare import Entity, Order
from schema.engine.selection import Arg, sub_selections
from schema.engine.values import NULL, concat, cursor_keys, cursor_sql, packed, read_cursor, text

if TYPE_CHECKING:
    from schema.engine.compile import Compiler

PAGE = 20
MOST = 100

Later = Callable[[], ColumnElement[Any]]
Limit = Callable[[Any], ColumnElement[bool]]


class Page:
    """The rows of one page; ``limits`` are predicates over a row, ``owner`` is the row that the list hangs on (or none)."""

    def __init__(
        self,
        compiler: "Compiler",
        entity: Entity,
        args: dict[str, Arg],
        limits: list[Any],
        owned: bool,
        owner: Any,
    ) -> None:
        self.compiler, self.entity, self.args = compiler, entity, args
        self.limits, self.owned, self.owner = limits, owned, owner
        way = args["orderBy"].value if "orderBy" in args else next(iter(entity.orders))
        self.order_name: str = getattr(way, "value", way)
        self.order: Order = entity.orders[self.order_name]
        self.backward = "last" in args
        self.descending = self.order.descending != self.backward
        self.makers: list[Callable[[Any], ColumnElement[Any]]] = []
        self.numbered = self.cursored = False
        self.check()

    def check(self) -> None:
        if "first" in self.args and "last" in self.args:
            raise Refusal(ErrorCode.INVALID_INPUT, field="last")

    def keys(self, row: Any) -> list[Any]:
        tail = getattr(row, self.entity.key.key) if self.entity.shared else row.id
        return [*(getattr(row, attr.key) for attr in self.order.attributes), tail]

    def column(self, make: Callable[[Any], ColumnElement[Any]]) -> Later:
        """The page's rows, each as ``make`` shows it. Later: only when all fields are known is it clear what the page needs."""
        self.makers.append(make)
        each = sql(f"page.j{len(self.makers)}", Text())
        return lambda: self._joined(each)

    def _joined(self, each: Any) -> ColumnElement[Any]:
        # The page's rows come in their order, and nothing stands between them and the aggregate: only the other direction
        # is worth a sort.
        number = sql("page.n", Integer())
        if self.backward:
            return func.string_agg(each, aggregate_order_by(text(","), number.desc())).filter(number <= self.size())
        joined = func.string_agg(each, text(","))
        return joined.filter(number <= self.size()) if self.numbered else joined

    def edge(self, row: Any, sets: list[SelectionSetNode], path: tuple[str, ...]) -> ColumnElement[Any]:
        name = f"{self.entity.name}Edge"
        pieces: list[Any] = []
        for key, nodes in self.compiler.selection.fields(name, sets).items():
            pieces.append(f'{"," if pieces else "{"}"{key}":')
            match nodes[0].name.value:
                case "__typename":
                    pieces.append(f'"{name}"')
                case "cursor":
                    pieces += ['"', cursor_sql(self.order_name, self.keys(row)), '"']
                case _:
                    pieces.append(self.compiler._object(self.entity, row, sub_selections(nodes), (*path, key)))
        return concat([*(pieces or ["{"]), "}"])

    def info(self, sets: list[SelectionSetNode]) -> Later:
        pieces: list[Any] = []
        for key, nodes in self.compiler.selection.fields("PageInfo", sets).items():
            pieces += [f'{"," if pieces else "{"}"{key}":', self._info(nodes[0].name.value)]
        return lambda: concat([*(pieces or ["{"]), "}"])

    def _info(self, name: str) -> Any:
        if name == "__typename":
            return '"PageInfo"'
        if name in ("hasNextPage", "hasPreviousPage"):
            if (name == "hasNextPage") != self.backward:
                self.numbered = True
                return cast(func.count() > self.size(), Text)
            return "true" if ("before" if self.backward else "after") in self.args else "false"
        self.numbered = self.cursored = True
        first = (name == "startCursor") != self.backward
        number, cursor = sql("page.n", Integer()), sql("page.cursor", Text())
        shown = func.array_agg(cursor).filter(number <= self.size())
        place = sql("1", Integer()) if first else cast(func.least(func.count(), self.size()), Integer)
        at = func.concat(text('"'), packed(shown[place]), text('"'))
        # No rows there, or none asked for (``first: 0``).
        return case((or_(func.count() == sql("0"), self.size() == sql("0")), NULL), else_=at)

    def size(self) -> Any:
        if not hasattr(self, "_size"):
            asked = self.args.get("last") or self.args.get("first")
            name = "last" if self.backward else "first"
            if asked is None:
                self._size: Any = sql(str(PAGE), Integer())
            else:
                self._size = self.compiler.bind(
                    asked, Integer(), lambda n: checked_size(n, name, self.compiler.page_cap)
                )
        return self._size

    def select(self, pieces: list[Any]) -> ColumnElement[Any]:
        """The connection's JSON over the page's rows (over none where only figures were asked for)."""
        page = self._rows() if self.makers or self.numbered else None
        whole = concat([piece() if isinstance(piece, FunctionType) else piece for piece in pieces])
        return whole if page is None else select(whole).select_from(page).scalar_subquery()

    def _rows(self) -> Any:
        size = self.size()
        limit = size + sql("1") if self.numbered else size
        needs_order = self.numbered or self.backward
        made = [self._branch(row_test, limit) for row_test in self._branches()]
        if len(made) == 1 and not needs_order:
            return made[0].subquery("page")
        if len(made) == 1:
            inner: Any = made[0].subquery("rows")
        else:
            inner = union_all(*(select(part.subquery()) for part in made)).subquery("rows")
        order = [c.desc() if self.descending else c.asc() for c in inner.c if c.name.startswith("s")]
        columns = [c for c in inner.c if c.name.startswith("j") or c.name == "cursor"]
        if needs_order:
            columns.append(func.row_number().over(order_by=order).label("n"))
        return select(*columns).order_by(*order).limit(limit).subquery("page")

    def _branches(self) -> list[Callable[[Any], list[ColumnElement[bool]]]]:
        compiler, entity = self.compiler, self.entity

        def test(row: Any) -> list[ColumnElement[bool]]:
            return [*compiler._in_county(entity, row), *(limit(row) for limit in self.limits), *self._cursor(row)]

        if self.owned:
            return [test]
        if self.owner is not None or entity.shared:
            return [lambda row: [*test(row), compiler._visible(entity, row)]]
        count = len(branches(entity.model, aliased(entity.model), compiler.roles, compiler.mode))
        if count == 0:
            return [lambda row: [*test(row), compiler._visible(entity, row)]]

        def branch(at: int, row: Any) -> list[ColumnElement[bool]]:
            return [*test(row), branches(entity.model, row, compiler.roles, compiler.mode)[at]]

        return [partial(branch, at) for at in range(count)]

    def _branch(self, test: Callable[[Any], list[ColumnElement[bool]]], limit: Any) -> Select[Any]:
        row = aliased(self.entity.model)
        keys = self.keys(row)
        columns = [make(row).label(f"j{at}") for at, make in enumerate(self.makers, 1)]
        columns += [key.label(f"s{at}") for at, key in enumerate(keys)]
        if self.cursored:
            columns.append(cursor_keys(self.order_name, keys).label("cursor"))
        order = [key.desc() if self.descending else key.asc() for key in keys]
        found = select(*columns).where(and_(*test(row))).order_by(*order).limit(limit)
        return found if self.owner is None else found.correlate(self.owner)

    def _cursor(self, row: Any) -> list[ColumnElement[bool]]:
        found = []
        for name in ("after", "before"):
            if name in self.args:
                keys = self.keys(row)
                binds = [self._cursor_bind(name, [key.type for key in keys], at) for at in range(len(keys))]
                ahead = (name == "after") != self.order.descending
                left, right = tuple_(*keys), tuple_(*binds)
                found.append(left > right if ahead else left < right)
        return found

    def _cursor_bind(self, name: str, types: list[Any], at: int) -> Any:
        read = partial(read_cursor, order=self.order_name, types=types, field=name)
        return self.compiler.bind(self.args[name], types[at], lambda value: read(value)[at])


def checked_size(value: int, name: str, most: int) -> int:
    if not 0 <= value <= most:
        raise Refusal(ErrorCode.OUT_OF_RANGE, field=name, least=0, most=most)
    return value
