"""Who sees service contracts: the parties at once, offices once signed, owners and partners once published."""

from typing import Any

from sqlalchemy import ColumnElement, and_, literal

from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_home, of_own_township
from auth.visibility import Predicate, Scope, policy, whole_county
from domain.roles import COMPANY, PARTNERS, RESIDENTS, Role
from models.contracts import ContractProblem, ServiceContract

FILINGS_PUBLIC = "filings:public"
"""The partners' scope for what filings publish."""


def has_scope(name: str, scope: Scope) -> ColumnElement[bool]:
    """One of the actor's grants in this role carries the scope."""
    return literal(name) == scope.any("scopes")  # type: ignore[no-any-return]


def _signed(contract: Any, scope: Scope) -> ColumnElement[bool]:
    return contract.signed_on.is_not(None)  # type: ignore[no-any-return]


def _once_signed(rule: Predicate) -> Predicate:
    """A draft is the parties' own affair."""
    return lambda contract, scope: and_(_signed(contract, scope), rule(contract, scope))


policy(
    ServiceContract,
    {
        **{
            role: lambda contract, scope: and_(contract.published.is_(True), of_own_home(contract, scope))
            for role in RESIDENTS
        },
        Role.COMMITTEE: in_own_areas,
        **dict.fromkeys(COMPANY, of_own_company),
        Role.COMMUNITY: _once_signed(of_own_community),
        Role.TOWNSHIP: _once_signed(of_own_township),
        **dict.fromkeys((Role.BUREAU, Role.PRICE, Role.MARKET), _signed),
        **{
            role: lambda contract, scope: and_(contract.published.is_(True), has_scope(FILINGS_PUBLIC, scope))
            for role in PARTNERS
        },
    },
)

policy(
    ContractProblem,
    {
        Role.COMMITTEE: in_own_areas,
        **dict.fromkeys(COMPANY, of_own_company),
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
    },
)
