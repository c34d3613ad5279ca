"""Who sees inspections: the offices of the place, the inspected company from the report on, everybody what is
published."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from auth.policies.places import in_own_areas, of_own_company
from auth.visibility import Predicate, Scope, Via, everyone_via, policy, whole_county
from domain.roles import RESIDENTS, Role
from models.inspections import (
    CheckedItem,
    ChecklistItem,
    Finding,
    Inspection,
    InspectionPlan,
    InspectionSignature,
    Inspector,
    Rectification,
)


def _published(inspection: Any, _scope: Scope) -> ColumnElement[bool]:
    """Matters and results are public (INS-1): everybody in the county reads them."""
    return inspection.published_on.is_not(None)  # type: ignore[no-any-return]


def _reported_or_published(rule: Predicate) -> Predicate:
    """Not before the signed report: an unannounced inspection stays unannounced."""
    return lambda inspection, scope: or_(
        and_(rule(inspection, scope), inspection.reported_at.is_not(None)), inspection.published_on.is_not(None)
    )


policy(
    Inspection,
    {
        **dict.fromkeys(RESIDENTS | {Role.COMMITTEE, Role.PRICE}, _published),
        **dict.fromkeys((Role.COMPANY_ADMIN, Role.COMPANY_STAFF), _reported_or_published(of_own_company)),
        Role.PROJECT_LEADER: _reported_or_published(in_own_areas),
        Role.COMMUNITY: lambda inspection, scope: or_(
            inspection.community == scope.any("communities"), inspection.published_on.is_not(None)
        ),
        Role.TOWNSHIP: lambda inspection, scope: or_(
            inspection.township == scope.any("townships"), inspection.published_on.is_not(None)
        ),
        Role.BUREAU: whole_county,
        Role.MARKET: whole_county,
    },
)

policy(
    InspectionPlan,
    {
        Role.TOWNSHIP: whole_county,
        Role.COMMUNITY: whole_county,
        Role.BUREAU: whole_county,
        Role.MARKET: whole_county,
        Role.PRICE: whole_county,
    },
)
policy(
    ChecklistItem,
    {role: Via("plan_id", InspectionPlan) for role in Role},
)

for part in (Inspector, InspectionSignature, CheckedItem, Finding, Rectification):
    policy(part, everyone_via("inspection_id", Inspection))
