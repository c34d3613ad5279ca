"""One page of a list: keyset order in both directions, and no more work than the selected fields ask for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import FunctionType
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, case, cast, func, or_, select, tuple_, union_all
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from auth.visibility import branches
from domain.errors import ErrorCode, Refusal
from schema.engine.declare import Entity, Order
from schema.engine.selection import Arg
from schema.engine.statement import Statement
from schema.engine.values import NULL, concat, cursor_keys, packed, read_cursor, text

PAGE = 20
"""Rows of a page when neither ``first`` nor ``last`` is given."""

Later = Callable[[], ColumnElement[Any]]
Limit = Callable[[Any], ColumnElement[bool]]
"""A predicate over a row."""

Test = Callable[[Any], list[ColumnElement[bool]]]
"""Predicates over a row, all of which must hold."""


@dataclass(frozen=True)
class Rows:
    """The rows that a list is about: all of an entity within ``limits``."""

    entity: Entity
    limits: Sequence[Limit]
    owned: bool = False
    """They are visible because their owner is."""

    owner: Any = None
    """The row that the list hangs on, if any."""

    def limited(self, limits: Sequence[Limit]) -> "Rows":
        return replace(self, limits=[*self.limits, *limits])

    def test(self, statement: Statement, row: Any) -> list[ColumnElement[bool]]:
        """Whether a row is one of them, apart from its being visible."""
        return [*statement.in_county(self.entity, row), *(limit(row) for limit in self.limits)]

    def beside(self, found: Select[Any]) -> Select[Any]:
        """A statement beside the list's owner, not in it: without saying so, it would go through the owner's whole table."""
        return found if self.owner is None else found.correlate(self.owner)


class Page:
    """One page of a list's rows."""

    def __init__(self, statement: Statement, rows: Rows, args: dict[str, Arg]) -> None:
        if "first" in args and "last" in args:
            raise Refusal(ErrorCode.INVALID_INPUT, field="last")
        self.statement, self.rows, self.entity, self.args = statement, rows, rows.entity, args
        way = args["orderBy"].value if "orderBy" in args else next(iter(self.entity.orders))
        self.order_name: str = getattr(way, "value", way)
        self.order: Order = self.entity.orders[self.order_name]
        self.backward = "last" in args
        self.descending = self.order.descending != self.backward
        self.makers: list[Callable[[Any], ColumnElement[Any]]] = []
        self.numbered = self.cursored = False

    def keys(self, row: Any) -> list[Any]:
        """What orders the list, the row's own key last."""
        return [*(getattr(row, attr.key) for attr in self.order.attributes), self.entity.key_of(row)]

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
            return func.string_agg(each, aggregate_order_by(text(","), number.desc())).filter(number <= self.size)
        joined = func.string_agg(each, text(","))
        return joined.filter(number <= self.size) if self.numbered else joined

    def cursor(self, row: Any) -> ColumnElement[str]:
        """Where a row stands in the list."""
        return packed(cursor_keys(self.order_name, self.keys(row)))

    def info(self, name: str) -> Any:
        """A field of ``pageInfo``."""
        if name in ("hasNextPage", "hasPreviousPage"):
            if (name == "hasNextPage") != self.backward:
                self.numbered = True
                return cast(func.count() > self.size, Text)
            return "true" if ("before" if self.backward else "after") in self.args else "false"
        self.numbered = self.cursored = True
        first = (name == "startCursor") != self.backward
        place = sql("1", Integer()) if first else cast(func.least(func.count(), self.size), Integer)
        keys = [self._shown(f"s{at}", key.type)[place] for at, key in enumerate(self.keys(self.entity.model))]
        at = concat(['"', packed(cursor_keys(self.order_name, keys)), '"'])
        # No rows there, or none asked for (``first: 0``).
        return case((or_(func.count() == sql("0"), self.size == sql("0")), NULL), else_=at)

    def _shown(self, column: str, type_: Any) -> Any:
        """A column of the page's rows as an array: only the row whose cursor is shown is then made into text."""
        return func.array_agg(sql(f"page.{column}", type_)).filter(sql("page.n", Integer()) <= self.size)

    @cached_property
    def size(self) -> Any:
        """How many rows the page has at the most."""
        asked = self.args.get("last") or self.args.get("first")
        if asked is None:
            return sql(str(PAGE), Integer())
        name, most = "last" if self.backward else "first", self.statement.page_cap
        return self.statement.bind(asked, Integer(), lambda n: checked_size(n, name, most))

    def select(self, pieces: list[Any]) -> ColumnElement[Any]:
        """The connection's JSON over the page's rows (over none where only figures were asked for)."""
        page = self._rows() if self.makers or self.numbered else None
        whole = concat([piece() if isinstance(piece, FunctionType) else piece for piece in pieces])
        return whole if page is None else select(whole).select_from(page).scalar_subquery()

    def _rows(self) -> Any:
        size = self.size
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
        columns = [c for c in inner.c if self.cursored or c.name.startswith("j")]
        if needs_order:
            columns.append(func.row_number().over(order_by=order).label("n"))
        return select(*columns).order_by(*order).limit(limit).subquery("page")

    def _branches(self) -> list[Test]:
        """Disjoint sets of rows that together are the list: each can be read by an index of its own."""
        return [partial(self._test, seen) for seen in self._seen()]

    def _test(self, seen: Test, row: Any) -> list[ColumnElement[bool]]:
        return [*self.rows.test(self.statement, row), *self._cursor(row), *seen(row)]

    def _seen(self) -> list[Test]:
        """What makes a row visible: one test for each of the actor's roles where the list is a root's."""
        statement, entity = self.statement, self.entity
        if self.rows.owned:
            return [lambda row: []]
        if self.rows.owner is None and not entity.shared:
            count = len(branches(entity.model, aliased(entity.model), statement.roles, statement.mode))
            if count:
                return [partial(self._seen_in, at) for at in range(count)]
        return [lambda row: [statement.visible(entity, row)]]

    def _seen_in(self, at: int, row: Any) -> list[ColumnElement[bool]]:
        return [branches(self.entity.model, row, self.statement.roles, self.statement.mode)[at]]

    def _branch(self, test: Test, limit: Any) -> Select[Any]:
        row = aliased(self.entity.model)
        keys = self.keys(row)
        columns = [make(row).label(f"j{at}") for at, make in enumerate(self.makers, 1)]
        columns += [key.label(f"s{at}") for at, key in enumerate(keys)]
        order = [key.desc() if self.descending else key.asc() for key in keys]
        return self.rows.beside(select(*columns).where(*test(row)).order_by(*order).limit(limit))

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
        return self.statement.bind(self.args[name], types[at], lambda value: read(value)[at])


def checked_size(value: int, name: str, most: int) -> int:
    if not 0 <= value <= most:
        raise Refusal(ErrorCode.OUT_OF_RANGE, field=name, least=0, most=most)
    return value
