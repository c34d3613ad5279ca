"""What compiling gives: a statement, how its parameters are read from a request, and what Python fills in afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import FieldNode
from graphql.execution.values import VariableValues

from auth.actor import FRESH_SQL
from schema.engine.values import dumped


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
    """A compiled read. Its parameters are in PostgreSQL's text format; the statement casts each."""

    body: str
    """One value: the answer's JSON as bytes in UTF-8."""

    parameters: tuple[str, ...]
    getters: Mapping[str, Callable[[VariableValues], Any]]
    """Of the parameters that are a client's arguments, by name."""

    constants: Mapping[str, bytes | None]
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

    def bind(
        self, variables: VariableValues, scope: Mapping[str, bytes | None], extra: Mapping[str, Any]
    ) -> list[bytes | None]:
        """The values of ``$1…`` from the client's arguments, the actor's scope and ``extra``."""
        getters, constants = self.getters, self.constants
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
