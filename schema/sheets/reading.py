"""A list's rows for an export: the list query asked page after page, in one snapshot, by whoever wants the export."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from graphql import GraphQLField, get_named_type

from auth.actor import Actor
from auth.visibility import POLICIES
from domain.errors import ErrorCode, Refusal
from domain.exports import MOST_ROWS
from schema.api import graphql_schema
from schema.documents import Document, Documents, RequestContext
from schema.engine.declare import ENTITIES
from schema.engine.execute import Executor
from schema.limits import Limits
from schema.sheets.declare import ABOVE, Listed, Part
from schema.sheets.forms import Form, form_of, imported_form, kind_at_end, written

PAGE = 500
MOST_EACH = 5_000
"""Rows of a list under one row, such as the buildings of an estate: far above anything real."""


@dataclass(frozen=True)
class Page:
    """The list has ``total`` rows; these are the next ``rows`` of them, as cells by sheet of the export."""

    total: int
    rows: int
    cells: Sequence[list[list[Any]]]


class Query:
    """The list query of an exported list."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self.schema = graphql_schema()
        *around, self.field_name = listed.root.split(".")
        self.around = around
        type_name = "Query"
        for name in around:
            type_name = kind_at_end(self.schema, type_name, (name,))
        self.root: GraphQLField = self.schema.get_type(type_name).fields[self.field_name]  # type: ignore[union-attr]
        self.entity = ENTITIES[get_named_type(self.root.type).name.removesuffix("Connection")]
        self.row_type = self._rows_of(listed.each) if listed.each else self.entity.name
        self.forms = [[self._form(part, at) for at in range(len(part.heads))] for part in listed.parts]

    def _rows_of(self, each: str) -> str:
        connection = kind_at_end(self.schema, self.entity.name, (each,))
        return kind_at_end(self.schema, connection, ("nodes",))

    def _form(self, part: Part, at: int) -> Form:
        head = part.heads[at]
        imports = part.sheet or next((other.sheet for other in self.listed.parts if other.sheet), None)
        if imports is not None and at < len(imports.columns) and imports.columns[at].title == head.title:
            return imported_form(imports.columns[at])
        path = head.cell.path
        if not path:
            return form_of(self.schema, head.kind)
        start = self.entity.name if path[0] == ABOVE else self.row_type
        return form_of(self.schema, kind_at_end(self.schema, start, tuple(step for step in path if step != ABOVE)))

    @property
    def filter_type(self) -> str | None:
        """The input type of the query's conditions, if it takes any."""
        given = self.root.args.get("where")
        return get_named_type(given.type).name if given else None

    def is_for(self, actor: Actor, county: str) -> bool:
        """Whether any of the actor's capacities in the county sees such rows at all."""
        roles = {grant.role for grant in actor.grants if grant.county == county}
        return self.entity.shared or not roles.isdisjoint(POLICIES.get(self.entity.model, ()))

    @property
    def text(self) -> str:
        """The document."""
        rows = _joined(cell.needs for cell in self.listed.cells)
        if self.listed.each:
            above = _joined(cell.above for cell in self.listed.cells)
            rows = f"{above} {self.listed.each}(first: {MOST_EACH}) {{ pageInfo {{ hasNextPage }} nodes {{ {rows} }} }}"
        where = f"$where: {self.filter_type}, " if self.filter_type else ""
        given = ["county: $county", "first: $first", "after: $after"]
        given += ["where: $where"] * bool(self.filter_type) + [f"orderBy: {self.listed.order}"] * bool(
            self.listed.order
        )
        page = f"totalCount @include(if: $counted) pageInfo {{ hasNextPage endCursor }} nodes {{ {rows} }}"
        body = f"{self.field_name}({', '.join(given)}) {{ {page} }}"
        for name in reversed(self.around):
            body = f"{name} {{ {body} }}"
        return f"query Export({where}$county: String, $first: Int, $after: String, $counted: Boolean!) {{ {body} }}"

    @property
    def document(self) -> Document:
        """The document, parsed and checked; plans are kept with it, apart from those of requests."""
        found = _documents().get(self.text)
        if found.rejection is not None:
            raise TypeError(f"{self.listed.name} cannot be asked: {found.rejection.errors}")
        return found

    async def pages(
        self, executor: Executor, actor: Actor, county: str, where: Mapping[str, Any] | None, locale: str
    ) -> AsyncIterator[Page]:
        """All rows. Raises ``Refusal``: ``LIST_TOO_LONG``, and what the query itself refuses."""
        total, after = 0, None
        while True:
            variables = {"county": county, "first": PAGE, "after": after, "counted": after is None}
            answer = await self._ask(executor, actor, variables | ({"where": where} if where else {}))
            total = answer.get("totalCount", total)
            if total > MOST_ROWS:
                raise Refusal(ErrorCode.LIST_TOO_LONG, "where", most=MOST_ROWS)
            nodes = list(self._nodes(answer["nodes"]))
            cells = [self._cells(part, at, nodes, locale) for at, part in enumerate(self.listed.parts)]
            yield Page(total, len(answer["nodes"]), cells)
            if not answer["pageInfo"]["hasNextPage"]:
                return
            after = answer["pageInfo"]["endCursor"]

    async def _ask(self, executor: Executor, actor: Actor, variables: Mapping[str, Any]) -> Any:
        document = self.document
        context = RequestContext("export")
        answer = await executor.execute(document, document.operation(None), variables, actor, context)
        body = orjson.loads(answer.body)
        for error in body.get("errors", ()):
            code = error["extensions"]["code"]
            if code in ErrorCode.__members__:
                raise Refusal(ErrorCode[code], "where")
            raise RuntimeError(f"{self.listed.name} could not be read: {error['message']}")
        found = body["data"]
        for name in (*self.around, self.field_name):
            found = found[name]
        return found

    def _nodes(self, rows: Sequence[Any]) -> Iterator[Any]:
        if self.listed.each is None:
            yield from rows
            return
        for row in rows:
            below = row[self.listed.each]
            if below["pageInfo"]["hasNextPage"]:
                raise Refusal(ErrorCode.LIST_TOO_LONG, "where", most=MOST_EACH)
            yield from ({**each, ABOVE: row} for each in below["nodes"])

    def _cells(self, part: Part, at: int, nodes: Sequence[Any], locale: str) -> list[list[Any]]:
        only: Callable[[Any], Any] = part.only.read if part.only else lambda _row: True
        columns = list(zip((head.cell.read for head in part.heads), self.forms[at], strict=True))
        return [[written(form, read(row), locale) for read, form in columns] for row in nodes if only(row)]


@cache
def query(listed: Listed) -> Query:
    """The list's query, made once."""
    return Query(listed)


@cache
def _documents() -> Documents:
    # Own text, not a client's: only validation is wanted of it.
    return Documents(graphql_schema(), limits=Limits(tokens=10_000))


def _joined(parts: Iterator[str]) -> str:
    return " ".join(dict.fromkeys(part for part in parts if part)) or "__typename"
