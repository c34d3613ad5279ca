"""Who sees the boards: the area's people, the company that serves it, the offices; price and market what is charged."""

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
from auth.visibility import Rule, Scope, Via, policy, whole_county
from domain.disclosures import DisclosureItem
from domain.roles import RESIDENTS, Role
from models.disclosures import Disclosure, DisclosureEntry, DisclosureProof

_CHARGED = (DisclosureItem.CHARGES, DisclosureItem.EXTRA_SERVICES, DisclosureItem.UTILITY_SHARES)


def _of_charges(row: Any, _scope: Scope) -> ColumnElement[bool]:
    return or_(*(row.item == item.value for item in _CHARGED))


def _served_or_own(row: Any, scope: Scope) -> ColumnElement[bool]:
    """What the company posted stays its own record after it has left."""
    return or_(of_own_company(row, scope), in_served_area(row, scope))


_OF_THE_AREA: dict[Role, Rule] = {
    **dict.fromkeys(RESIDENTS, of_own_home),
    Role.COMMITTEE: in_own_areas,
    Role.PROJECT_LEADER: in_own_areas,
    Role.COMMUNITY: of_own_community,
    Role.TOWNSHIP: of_own_township,
    Role.BUREAU: whole_county,
    Role.PRICE: _of_charges,
    Role.MARKET: _of_charges,
}

policy(DisclosureEntry, {**_OF_THE_AREA, Role.COMPANY_ADMIN: in_served_area, Role.COMPANY_STAFF: in_served_area})
policy(Disclosure, {**_OF_THE_AREA, Role.COMPANY_ADMIN: _served_or_own, Role.COMPANY_STAFF: _served_or_own})
policy(
    DisclosureProof,
    {role: Via("disclosure_id", Disclosure) for role in (*_OF_THE_AREA, Role.COMPANY_ADMIN, Role.COMPANY_STAFF)},
)
