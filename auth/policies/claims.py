"""Who sees claims to units and invitations: the applicant, the present owner, and the offices that decide."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from auth.policies.places import in_own_areas, in_served_area, of_own_community, of_own_township
from auth.visibility import Predicate, Scope, policy, whole_county
from domain.claims import CONTESTABLE, ClaimState
from domain.roles import Role
from models.claims import Invitation, UnitClaim


def _own(claim: Any, scope: Scope) -> ColumnElement[bool]:
    return claim.applicant_id == scope.any("accounts")  # type: ignore[no-any-return]


def _handed_in(rule: Predicate) -> Predicate:
    """A claim that is only begun concerns nobody but its applicant."""
    return lambda claim, scope: and_(claim.state != ClaimState.OPENED.value, rule(claim, scope))


def _concerns_own_unit(claim: Any, scope: Scope) -> ColumnElement[bool]:
    """A claim to the own home while it may be contested, and what came of the own contest: not former owners' affairs."""
    alive = or_(*(claim.state == state.value for state in CONTESTABLE))
    return or_(
        _own(claim, scope),
        and_(alive, claim.unit_id == scope.any("units")),
        claim.contested_by == scope.any("accounts"),
    )


policy(
    UnitClaim,
    {
        Role.APPLICANT: _own,
        Role.OWNER: _concerns_own_unit,
        Role.COMMUNITY: _handed_in(of_own_community),
        Role.TOWNSHIP: _handed_in(of_own_township),
        Role.BUREAU: _handed_in(whole_county),
    },
)

policy(
    Invitation,
    {
        Role.COMMITTEE: in_own_areas,
        Role.PROJECT_LEADER: in_own_areas,
        Role.COMPANY_ADMIN: in_served_area,
        Role.COMPANY_STAFF: in_served_area,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
    },
)
