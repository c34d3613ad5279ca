"""Who sees service contracts: the parties at once, offices once signed, owners and partners once published."""

from typing import Any

from sqlalchemy import ColumnElement, and_, literal

from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_home, of_own_township
from auth.visibility import Predicate, Scope, policy, whole_county
from domain.roles import COMPANY, PARTNERS, RESIDENTS, Role
from models.contracts import ContractProblem, ServiceContract

FILINGS_PUBLIC = "filings:public"
"""The partners' scope for what filings publish."""

FILINGS_ASKED = "filings:asked"
"""Held for one operation by a partner that has said why it asks and was logged (``schema.filing_partners``). No agreement
gives it: without it partners reach no filing by any way, neither by ``node`` nor through a company."""


def has_scope(name: str, scope: Scope) -> ColumnElement[bool]:
    """One of the actor's grants in this role carries the scope."""
    return literal(name) == scope.any("scopes")  # type: ignore[no-any-return]


def published_to_partners(row: Any, scope: Scope) -> ColumnElement[bool]:
    """What is published, to a partner whose agreement covers it and who has said why it asks."""
    return and_(row.published.is_(True), has_scope(FILINGS_PUBLIC, scope), has_scope(FILINGS_ASKED, scope))


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
        **dict.fromkeys(PARTNERS, published_to_partners),
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
