"""What every part of one statement shares: whom it is for, its counties, the binds of arguments, what Python fills in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql.execution.values import VariableValues
from sqlalchemy import ColumnElement, Date, Uuid, bindparam, true

from auth.visibility import POLICIES, Mode, county_is, visible
from domain.roles import Role
from schema.engine.declare import Entity
from schema.engine.plan import Fill
from schema.engine.selection import Arg

MOST = 100
"""Rows that a client may ask for in one page."""


@dataclass
class Env:
    """What a derived expression may use besides its row."""

    mode: Mode
    today: Any = field(default_factory=lambda: bindparam("today", type_=Date()))
    account: Any = field(default_factory=lambda: bindparam("account", type_=Uuid()))

    def county_of(self, alias: Any) -> ColumnElement[bool]:
        return county_is(alias, self.mode)


class Statement:
    """A statement while it is built, for one kind of actor (the roles of its grants)."""

    def __init__(self, roles: frozenset[Role], mode: Mode, page_cap: int = MOST) -> None:
        self.roles = roles
        self.mode = mode
        self.page_cap = page_cap
        self.env = Env(mode)
        self.getters: dict[str, Callable[[VariableValues], Any]] = {}
        self.fills: list[Fill] = []

    def bind(self, arg: Arg, type_: Any, read: Callable[[Any], Any] | None = None) -> Any:
        """A bind whose value each request reads from its own variables."""
        name = f"a{len(self.getters)}"
        self.getters[name] = arg.read if read is None else lambda variables: read(arg.read(variables))
        return bindparam(name, type_=type_)

    def in_county(self, entity: Entity, row: Any) -> list[ColumnElement[bool]]:
        """The county predicate that every reference to a county's table carries."""
        return [] if entity.shared else [county_is(row, self.mode)]

    def same_county(self, row: Any, owner: Any) -> list[ColumnElement[bool]]:
        """That two rows are of one county. In a statement about one county both are bound to it, and to say it again
        would cost a step of the plan for every list."""
        return [] if self.mode == "one" else [row.county == owner.county]

    def visible(self, entity: Entity, row: Any) -> ColumnElement[bool]:
        """Whether the actor may see the row. Reference data with a policy is everybody's."""
        if entity.shared and entity.model in POLICIES:
            return true()
        return visible(entity.model, row, self.roles, self.mode)
