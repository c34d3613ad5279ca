"""Who reads common income: everybody of the area whose it is, whoever records it there, the offices of the place (V-22)."""

from typing import Any

from sqlalchemy import ColumnElement, or_

from auth.policies.places import (
    in_own_areas,
    in_served_area,
    of_own_community,
    of_own_company,
    of_own_home,
    of_own_township,
)
from auth.visibility import Rule, Scope, policy, whole_county
from domain.roles import Role
from models.common_income import CommonIncomeEntry, CommonIncomeSplit

_OF_THE_AREA: dict[Role, Rule] = {
    Role.OWNER: of_own_home,
    Role.COMMITTEE: in_own_areas,
    Role.PROJECT_LEADER: in_own_areas,
    Role.COMMUNITY: of_own_community,
    Role.TOWNSHIP: of_own_township,
    Role.BUREAU: whole_county,
}


def _own_or_served(entry: Any, scope: Scope) -> ColumnElement[bool]:
    """Who serves the area answers for its whole account; what a company recorded stays its own after it has left."""
    return or_(of_own_company(entry, scope), in_served_area(entry, scope))


policy(CommonIncomeEntry, {**_OF_THE_AREA, Role.COMPANY_ADMIN: _own_or_served, Role.COMPANY_STAFF: _own_or_served})
policy(CommonIncomeSplit, {**_OF_THE_AREA, Role.COMPANY_ADMIN: in_served_area, Role.COMPANY_STAFF: in_served_area})
