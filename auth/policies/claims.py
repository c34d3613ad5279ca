"""Who sees claims to units and invitations: the applicant, the present owner, and the offices that decide."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from auth.policies.places import in_own_areas, in_served_area, of_own_community, of_own_township
from auth.visibility import Predicate, Scope, policy, whole_county
from domain.claims import ClaimState
from domain.roles import Role
from models.claims import Invitation, UnitClaim


def _own(claim: Any, scope: Scope) -> ColumnElement[bool]:
    return claim.applicant_id == scope.any("accounts")  # type: ignore[no-any-return]


def _handed_in(rule: Predicate) -> Predicate:
    """A claim that is only begun concerns nobody but its applicant."""
    return lambda claim, scope: and_(claim.state != ClaimState.OPENED.value, rule(claim, scope))


def _to_own_unit(claim: Any, scope: Scope) -> ColumnElement[bool]:
    return claim.unit_id == scope.any("units")  # type: ignore[no-any-return]


policy(
    UnitClaim,
    {
        Role.APPLICANT: _own,
        Role.OWNER: lambda claim, scope: or_(_own(claim, scope), _handed_in(_to_own_unit)(claim, scope)),
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
