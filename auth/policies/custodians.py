"""Who sees custodian banks: tenders and their scores are published; contracts and assessments are the bureau's and the bank's."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.contracts import has_scope
from auth.policies.custody import kept_by_actor
from auth.policies.places import in_own_areas
from auth.visibility import Scope, Via, policy, whole_county
from domain.agreements import PartnerScope
from domain.roles import IN_THE_COUNTY, Role
from models.custodians import (
    Custodian,
    CustodianAssessment,
    CustodianBid,
    CustodianMeasures,
    CustodianTender,
    CustodyTransfer,
)
from models.custody import BankAccount


def _of_own_contract(custodian: Any, scope: Scope) -> ColumnElement[bool]:
    return and_(custodian.client_id == scope.any("clients"), has_scope(PartnerScope.FUNDS_CUSTODY.value, scope))


def _from_or_to_own_account(transfer: Any, scope: Scope) -> ColumnElement[bool]:
    account = aliased(BankAccount)
    return exists(
        select(1).where(
            scope.county_of(account),
            account.county == transfer.county,
            or_(account.id == transfer.from_account_id, account.id == transfer.to_account_id),
            kept_by_actor(account, scope),
        )
    )


policy(CustodianTender, dict.fromkeys(IN_THE_COUNTY | {Role.BANK}, whole_county))
policy(CustodianBid, dict.fromkeys(IN_THE_COUNTY | {Role.BANK}, whole_county))
policy(CustodianMeasures, dict.fromkeys((Role.BUREAU, Role.BANK), whole_county))
policy(Custodian, {Role.BUREAU: whole_county, Role.BANK: _of_own_contract})
policy(CustodianAssessment, {Role.BUREAU: whole_county, Role.BANK: Via("custodian_id", Custodian)})
policy(
    CustodyTransfer,
    {Role.BUREAU: whole_county, Role.BANK: _from_or_to_own_account, Role.COMMITTEE: in_own_areas},
)
