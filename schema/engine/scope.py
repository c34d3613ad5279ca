"""What an actor may read of some counties: its roles decide the statement, the rest is bound to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from auth.actor import Actor
from auth.visibility import Mode, bind_values
from domain.errors import Refusal
from domain.roles import Role
from schema.documents import RequestContext
from schema.engine.values import dumped
from schema.faults import RequestCode, RequestError


@dataclass(frozen=True)
class ReadScope:
    """An actor's scope in some counties."""

    roles: frozenset[Role]
    mode: Mode
    singles: frozenset[str]
    """Names of the values that are one value instead of an array."""

    values: Mapping[str, bytes | None]
    """The parameters: the same for every request of the actor."""

    fuse: bytes
    """The counties, as row-level security wants them."""

    @cached_property
    def kind(self) -> tuple[Any, ...]:
        """What of the scope decides the statement."""
        return self.roles, self.mode, self.singles


def read_scope(actor: Actor, counties: frozenset[str]) -> ReadScope:
    """The actor's scope in these counties, kept with the actor (which is kept between requests)."""
    kept: dict[frozenset[str], ReadScope] = actor.__dict__.setdefault("_scopes", {})
    found = kept.get(counties)
    if found is None:
        found = kept[counties] = _read_scope(actor, counties)
    return found


def _read_scope(actor: Actor, counties: frozenset[str]) -> ReadScope:
    roles = frozenset(grant.role for grant in actor.grants if grant.county in counties)
    values = bind_values(actor.grants, counties, actor.today)
    singles = frozenset(name for name, value in values.items() if name != "today" and len(set(value)) == 1)
    values |= {name: values[name][0] for name in singles}
    values |= {"counties": sorted(counties), "account": actor.account_id}
    if len(counties) == 1:
        values["county"] = next(iter(counties))
    return ReadScope(
        roles,
        "one" if len(counties) == 1 else "many",
        singles,
        {name: dumped(value) for name, value in values.items()},
        ",".join(sorted(counties)).encode(),
    )


def narrowed(actor: Actor, context: RequestContext) -> Actor:
    """The actor with the one grant that ``X-Acting-As`` names."""
    if context.acting_as is None:
        return actor
    kept: dict[UUID, Actor] = actor.__dict__.setdefault("_narrowed", {})
    if context.acting_as not in kept:
        try:
            kept[context.acting_as] = actor.narrowed(context.acting_as)
        except Refusal:
            raise RequestError(RequestCode.FORBIDDEN, "X-Acting-As names no grant of yours.") from None
    return kept[context.acting_as]
