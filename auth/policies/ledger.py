"""Who sees the books: owners their unit's accounts and the common income's, companies their own, committees their area's, the
bureau all."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.places import in_own_areas, of_own_company, of_own_home
from auth.visibility import Rule, Scope, Via, policy, visible_in, whole_county
from domain.ledger import AccountKind
from domain.roles import Role
from models.ledger import LedgerAccount, LedgerTransaction, Posting

OF_A_COMPANY = (Role.COMPANY_ADMIN, Role.COMPANY_STAFF)
"""A project leader answers for an area's service, not for the company's books."""


def _of_own_unit(account: Any, scope: Scope) -> ColumnElement[bool]:
    return account.unit_id == scope.any("units")  # type: ignore[no-any-return]


def _of_own_unit_or_in_common(account: Any, scope: Scope) -> ColumnElement[bool]:
    """Common income is the owners' together: each reads its account (V-22)."""
    common = (AccountKind.COMMON_INCOME, AccountKind.COMMON_MONEY)
    shared = or_(*(account.kind == kind.value for kind in common))
    return or_(_of_own_unit(account, scope), and_(shared, of_own_home(account, scope)))


def _of_own_unit_with_a_company(account: Any, scope: Scope) -> ColumnElement[bool]:
    """A tenant may owe fees; the unit's maintenance fund is the owner's affair."""
    return and_(_of_own_unit(account, scope), account.company_id.is_not(None))


policy(
    LedgerAccount,
    {
        Role.OWNER: _of_own_unit_or_in_common,
        Role.TENANT: _of_own_unit_with_a_company,
        Role.COMMITTEE: lambda account, scope: and_(account.company_id.is_(None), in_own_areas(account, scope)),
        **dict.fromkeys(OF_A_COMPANY, of_own_company),
        Role.BUREAU: whole_county,
    },
)

_READERS = (Role.OWNER, Role.TENANT, Role.COMMITTEE, *OF_A_COMPANY)
_THROUGH_THE_ACCOUNT: dict[Role, Rule] = dict.fromkeys(_READERS, Via("account_id", LedgerAccount))

policy(Posting, {**_THROUGH_THE_ACCOUNT, Role.BUREAU: whole_county})


def _touches_a_visible_account(transaction: Any, scope: Scope) -> ColumnElement[bool]:
    posting = aliased(Posting)
    return exists(
        select(1).where(
            scope.county_of(posting),
            posting.county == transaction.county,
            posting.transaction_id == transaction.id,
            visible_in(Posting, posting, scope.role, scope.mode),
        )
    )


policy(LedgerTransaction, {**dict.fromkeys(_READERS, _touches_a_visible_account), Role.BUREAU: whole_county})
