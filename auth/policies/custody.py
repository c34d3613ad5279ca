"""Who sees the county's bank accounts: the bureau all, a bank's system its own, a committee where its area's money lies.

A movement names no area: it is the bureau's and the bank's.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased

from auth.policies.contracts import has_scope
from auth.policies.places import in_own_areas
from auth.visibility import Scope, Via, policy, whole_county
from domain.agreements import PartnerScope
from domain.roles import Role
from models.custody import BankAccount, BankMovement, Custody


def kept_by_actor(account: Any, scope: Scope) -> ColumnElement[bool]:
    """The account is served by the bank's own system, and the county's agreement lets it."""
    return and_(account.client_id == scope.any("clients"), has_scope(PartnerScope.FUNDS_CUSTODY.value, scope))


def _holds_own_areas(account: Any, scope: Scope) -> ColumnElement[bool]:
    custody = aliased(Custody)
    return exists(
        select(1).where(
            scope.county_of(custody),
            custody.county == account.county,
            custody.bank_account_id == account.id,
            in_own_areas(custody, scope),
        )
    )


policy(
    BankAccount,
    {Role.BUREAU: whole_county, Role.BANK: kept_by_actor, Role.COMMITTEE: _holds_own_areas},
)
policy(
    Custody,
    {Role.BUREAU: whole_county, Role.BANK: Via("bank_account_id", BankAccount), Role.COMMITTEE: in_own_areas},
)
policy(BankMovement, {Role.BUREAU: whole_county, Role.BANK: Via("bank_account_id", BankAccount)})
