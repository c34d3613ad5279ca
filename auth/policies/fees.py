"""Who sees charge items, runs, bills and disputes: payers their own, companies theirs, offices their division (PRI-9).

A disclosed charge item is public in its area. Bills name a unit and no person, so a committee sees its area's. A bank
sees bills where the county let its client collect them (scope ``fees:collect``).
"""

from typing import Any

from sqlalchemy import ColumnElement, and_

from auth.policies.contracts import has_scope
from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_home, of_own_township
from auth.visibility import Predicate, Rule, Scope, Via, policy, whole_county
from domain.bills import ChargeItemState
from domain.roles import RESIDENTS, Role
from models.fees import BillAdjustment, BillDispute, BillRun, ChargeItem, ChargeItemDisclosure, FeeBill

FEES_COLLECT = "fees:collect"
"""A partner's scope: find bills of the county and record payments of them."""

OF_A_COMPANY = (Role.COMPANY_ADMIN, Role.COMPANY_STAFF)


def of_own_unit(row: Any, scope: Scope) -> ColumnElement[bool]:
    """The row belongs to a unit that the resident's grants name."""
    return row.unit_id == scope.any("units")  # type: ignore[no-any-return]


def led_by_actor(row: Any, scope: Scope) -> ColumnElement[bool]:
    """The row belongs to the project leader's company, in an area that the leader answers for."""
    return and_(of_own_company(row, scope), in_own_areas(row, scope))


def _posted(rule: Predicate) -> Predicate:
    """Owners and committees see what was disclosed, not what a company has in mind."""
    return lambda item, scope: and_(item.state != ChargeItemState.DEFINED.value, rule(item, scope))


def collects(_row: Any, scope: Scope) -> ColumnElement[bool]:
    """Any row of the county, for a client that may collect."""
    return has_scope(FEES_COLLECT, scope)


policy(
    ChargeItem,
    {
        **dict.fromkeys(RESIDENTS, _posted(of_own_home)),
        Role.COMMITTEE: _posted(in_own_areas),
        **dict.fromkeys(OF_A_COMPANY, of_own_company),
        Role.PROJECT_LEADER: led_by_actor,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        **dict.fromkeys((Role.BUREAU, Role.PRICE, Role.MARKET), whole_county),
        Role.BANK: collects,
    },
)

_ITEM_READERS = (
    *RESIDENTS,
    Role.COMMITTEE,
    *OF_A_COMPANY,
    Role.PROJECT_LEADER,
    Role.COMMUNITY,
    Role.TOWNSHIP,
    Role.BUREAU,
    Role.PRICE,
    Role.MARKET,
    Role.BANK,
)
policy(ChargeItemDisclosure, dict.fromkeys(_ITEM_READERS, Via("charge_item_id", ChargeItem)))

_OFFICES: dict[Role, Rule] = {
    Role.COMMUNITY: of_own_community,
    Role.TOWNSHIP: of_own_township,
    Role.BUREAU: whole_county,
}

policy(
    BillRun,
    {
        Role.COMMITTEE: in_own_areas,
        **dict.fromkeys(OF_A_COMPANY, of_own_company),
        Role.PROJECT_LEADER: led_by_actor,
        **_OFFICES,
    },
)

policy(
    FeeBill,
    {
        **dict.fromkeys(RESIDENTS, of_own_unit),
        Role.COMMITTEE: in_own_areas,
        **dict.fromkeys(OF_A_COMPANY, of_own_company),
        Role.PROJECT_LEADER: led_by_actor,
        **_OFFICES,
        Role.BANK: collects,
    },
)

_BILL_READERS = (*RESIDENTS, *OF_A_COMPANY, Role.PROJECT_LEADER, Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU)
policy(BillAdjustment, dict.fromkeys((*_BILL_READERS, Role.COMMITTEE), Via("bill_id", FeeBill)))

# A dispute gives a person's reasons: the parties and the offices that mediate see it, the neighbours do not.
policy(BillDispute, dict.fromkeys(_BILL_READERS, Via("bill_id", FeeBill)))
