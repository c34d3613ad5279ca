"""Who sees demands for deposits: owners their unit's, committees and offices those of their places, a bank those whose
money comes to an account it keeps. A tenant does not: the fund is the owner's affair."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.custody import kept_by_actor
from auth.policies.fees import of_own_unit
from auth.policies.places import in_own_areas, of_own_community, of_own_township
from auth.visibility import Scope, policy, whole_county
from domain.custody import AccountPurpose
from domain.roles import Role
from models.custody import BankAccount, Custody
from models.fund_demands import FundDemand


def _comes_to_own_account(demand: Any, scope: Scope) -> ColumnElement[bool]:
    """The fund of the demand's place lies at an account that the bank's system keeps."""
    custody, account = aliased(Custody), aliased(BankAccount)
    return exists(
        select(1).where(
            scope.county_of(custody),
            custody.county == demand.county,
            custody.purpose == AccountPurpose.FUND.value,
            custody.valid_to.is_(None),
            or_(
                custody.area_id == demand.area_id,
                and_(demand.area_id.is_(None), custody.building_id == demand.building_id),
            ),
            scope.county_of(account),
            account.county == custody.county,
            account.id == custody.bank_account_id,
            kept_by_actor(account, scope),
        )
    )


policy(
    FundDemand,
    {
        Role.OWNER: of_own_unit,
        Role.COMMITTEE: in_own_areas,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
        Role.BANK: _comes_to_own_account,
    },
)
