"""Who sees which rows: one declaration per model, shared by compiled reads, commands' loads, ``node``, subscriptions, exports.

A policy maps a role to a rule. A rule is a predicate over a row and the actor's *scope in that role*, or ``via(...)``: the row
is visible when its owner row is visible to the same role. A role that is not named sees nothing; a model without a policy
cannot be read at all. Predicates are SQL: filtering happens before counting and paging (DESIGN §5).

    policy(Estate, {
        Role.BUREAU: whole_county,
        Role.TOWNSHIP: lambda estate, scope: estate.township == scope.any("townships"),
    })
    policy(Building, everyone_via("estate_id", Estate))
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import ARRAY, ColumnElement, Date, Text, Uuid, and_, any_, bindparam, exists, false, or_, select, true
from sqlalchemy.orm import aliased

from domain.roles import Role

Mode = Literal["one", "many"]
"""A statement is about one county (``alias.county = $county`` everywhere) or several (``= any($counties)``)."""

SCOPES: Mapping[str, Any] = {
    "areas": Uuid(),
    "accounts": Uuid(),
    "clients": Text(),
    "committees": Uuid(),
    "communities": Text(),
    "companies": Uuid(),
    "counties": Text(),
    "estates": Uuid(),
    "scopes": Text(),
    "townships": Text(),
    "units": Uuid(),
}
"""What a grant can be about, by the plural that predicates use, with the element's SQL type."""


_SINGLE: ContextVar[frozenset[str]] = ContextVar("single", default=frozenset())


@contextmanager
def single(names: frozenset[str]) -> Iterator[None]:
    """While a statement is built: these scope binds hold one value, not an array.

    Most people have one unit, one company, one street. Of an array that is not known yet PostgreSQL expects ten elements,
    so a statement's generic plan looks dear beside the one made for the values at hand, and it would plan anew every time.
    """
    token = _SINGLE.set(names)
    try:
        yield
    finally:
        _SINGLE.reset(token)


@dataclass(frozen=True)
class Scope:
    """The actor's scope in one role, as bind parameters; values come from ``bind_values`` when the statement runs."""

    role: Role
    mode: Mode

    def any(self, what: str) -> Any:
        """``column == scope.any("units")``: the column is one of the units that the actor's grants in this role name."""
        kind, name = SCOPES[what], f"{self.role.value}__{what}"
        return bindparam(name, type_=kind) if name in _SINGLE.get() else any_(bindparam(name, type_=ARRAY(kind)))

    def county_of(self, alias: Any) -> ColumnElement[bool]:
        """The county predicate of one table reference; a rule that opens another table adds it for that table."""
        return county_is(alias, self.mode)

    @property
    def today(self) -> Any:
        return bindparam("today", type_=Date())


Predicate = Callable[[Any, Scope], ColumnElement[bool]]


@dataclass(frozen=True)
class Via:
    """Visible when the row that ``column`` points at is visible to the same role."""

    column: str
    parent: type[Any]


Rule = Predicate | Via

POLICIES: dict[type[Any], Mapping[Role, Rule]] = {}


def policy(model: type[Any], rules: Mapping[Role, Rule]) -> None:
    """Declare a model's visibility. Roles that are not named see no row; declaring twice is an error."""
    if model in POLICIES:
        raise ValueError(f"{model.__name__} has a policy already")
    POLICIES[model] = dict(rules)


def everyone_via(column: str, parent: type[Any]) -> dict[Role, Rule]:
    """For every role: visible when the row that ``column`` points at is."""
    return {role: Via(column, parent) for role in Role}


def whole_county(_row: Any, _scope: Scope) -> ColumnElement[bool]:
    """Every row of the grant's county (the county predicate itself is added to every table reference)."""
    return true()


def county_is(alias: Any, mode: Mode) -> ColumnElement[bool]:
    """Each table reference of a statement names its county by a bind, not only by correlation (DESIGN §8)."""
    if mode == "one":
        return alias.county == bindparam("county", type_=Text())  # type: ignore[no-any-return]
    return alias.county == any_(bindparam("counties", type_=ARRAY(Text())))  # type: ignore[no-any-return]


def rules_of(model: type[Any]) -> Mapping[Role, Rule]:
    """The model's policy; ``LookupError`` where it has none, so nothing unprotected can be compiled."""
    try:
        return POLICIES[model]
    except KeyError:
        raise LookupError(f"{model.__name__} has no visibility policy") from None


def visible_in(model: type[Any], row: Any, role: Role, mode: Mode) -> ColumnElement[bool]:
    """The predicate under which ``row`` (an alias of ``model``) is visible in one role."""
    rule = rules_of(model).get(role)
    if rule is None:
        return false()
    if not isinstance(rule, Via):
        scope = Scope(role, mode)
        if mode == "one":
            return rule(row, scope)
        # An actor may be an official in one county and an owner in another: each role reaches its own counties only.
        return and_(row.county == scope.any("counties"), rule(row, scope))
    owner = aliased(rule.parent)
    return exists(
        select(1).where(
            county_is(owner, mode),
            owner.county == row.county,
            owner.id == getattr(row, rule.column),
            visible_in(rule.parent, owner, role, mode),
        )
    )


def visible(model: type[Any], row: Any, roles: Iterable[Role], mode: Mode) -> ColumnElement[bool]:
    """The row is visible in at least one of the roles (``false`` for none)."""
    found = [visible_in(model, row, role, mode) for role in sorted(roles) if role in rules_of(model)]
    return or_(false(), *found)


def branches(model: type[Any], row: Any, roles: Iterable[Role], mode: Mode) -> list[ColumnElement[bool]]:
    """Disjoint predicates, one per role, whose union is ``visible``: each branch can use its own index (DESIGN §5)."""
    found: list[ColumnElement[bool]] = []
    taken: list[ColumnElement[bool]] = []
    for role in sorted(roles):
        if role not in rules_of(model):
            continue
        here = visible_in(model, row, role, mode)
        if isinstance(here, type(true())):
            return [here]
        found.append(and_(here, *(~other for other in taken)) if taken else here)
        taken.append(here)
    return found


def seen_from(rule: Rule | None, model: type[Any], column: str) -> bool:
    """Whether a rule says no more than that a visible row of ``model`` points here with ``column``."""
    return getattr(rule, "seen_from", None) == (model, column)


def follows(model: type[Any], column: str, parent: type[Any], roles: Iterable[Role]) -> bool:
    """Whether, for these roles, a row reached from its visible owner through ``column`` needs no test of its own."""
    seen_from = rules_of(parent)
    return all(rules_of(model).get(role) == Via(column, parent) for role in roles if role in seen_from) and all(
        rules_of(model).get(role) == Via(column, parent) for role in roles if role in rules_of(model)
    )


def bind_values(grants: Iterable[Any], counties: frozenset[str], today: date) -> dict[str, Any]:
    """Values for every scope bind of the actor's grants in these counties (empty arrays for what a role does not name)."""
    values: dict[str, Any] = {"today": today}
    for grant in grants:
        if grant.county not in counties:
            continue
        for what in SCOPES:
            values.setdefault(f"{grant.role.value}__{what}", []).extend(grant.scope(what))
    return values
