"""Who sees owners' records: themselves, and whoever sees a unit that they hold now (PRI-9)."""

from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from auth.policies.estates import BUREAU_ONLY, OF_A_COMPANY, OF_AN_AREA, held_by_actor
from auth.visibility import Scope, policy, visible_in
from domain.roles import Role
from models.estates import Ownership, Unit
from models.people import Owner


def _oneself_or_ward(owner: Any, scope: Scope) -> ColumnElement[bool]:
    guardian = aliased(Owner)
    return held_by_actor(owner, scope) | exists(
        select(1).where(
            scope.county_of(guardian),
            guardian.county == owner.county,
            guardian.id == owner.guardian_id,
            held_by_actor(guardian, scope),
        )
    )


def _holds_a_visible_unit(owner: Any, scope: Scope) -> ColumnElement[bool]:
    held, unit = aliased(Ownership), aliased(Unit)
    return exists(
        select(1).where(
            scope.county_of(held),
            held.county == owner.county,
            held.owner_id == owner.id,
            held.valid_to.is_(None),
            scope.county_of(unit),
            unit.county == held.county,
            unit.id == held.unit_id,
            visible_in(Unit, unit, scope.role, scope.mode),
        )
    )


policy(
    Owner,
    {
        Role.OWNER: _oneself_or_ward,
        **dict.fromkeys((*OF_AN_AREA, *OF_A_COMPANY, Role.COMMUNITY, Role.TOWNSHIP), _holds_a_visible_unit),
        **BUREAU_ONLY,
    },
)
