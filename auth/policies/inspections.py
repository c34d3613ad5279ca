"""Who sees inspections: the offices of the place, the inspected company from the report on, everybody what is
published."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from auth.visibility import Scope, Via, everyone_via, policy, whole_county
from domain.roles import COMPANY, RESIDENTS, Role
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


def _own_company(inspection: Any, scope: Scope) -> ColumnElement[bool]:
    # Not before the report: an unannounced inspection stays unannounced.
    reported = and_(inspection.company_id == scope.any("companies"), inspection.reported_at.is_not(None))
    return or_(reported, inspection.published_on.is_not(None))


policy(
    Inspection,
    {
        **dict.fromkeys(RESIDENTS | {Role.COMMITTEE, Role.PRICE}, _published),
        **dict.fromkeys(COMPANY, _own_company),
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
