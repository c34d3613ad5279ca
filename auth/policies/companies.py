"""Who sees companies, their project leaders and staff: filed companies are published, staff are not (ZS-20, PRI-9)."""

from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.fees import collects
from auth.policies.places import (
    in_own_areas,
    of_own_community,
    of_own_company,
    of_own_home,
    of_own_township,
)
from auth.visibility import Scope, policy, whole_county
from domain.roles import COMPANY, COUNTY_OFFICES, RESIDENTS, Role
from models.companies import Company, CompanyStaff, ProjectLeader
from models.fees import ChargeItem


def _listed(company: Any, _scope: Scope) -> ColumnElement[bool]:
    """Once filed, a company's particulars are public here (licence, contacts, state)."""
    return company.listed.is_(True)  # type: ignore[no-any-return]


def _listed_or_at_home(company: Any, scope: Scope) -> ColumnElement[bool]:
    return or_(company.listed.is_(True), of_own_township(company, scope))


def _listed_or_in_the_community(company: Any, scope: Scope) -> ColumnElement[bool]:
    """Where communities review a company before it is filed they read what they review (GT-15)."""
    return or_(company.listed.is_(True), of_own_community(company, scope))


def _listed_or_payee(company: Any, scope: Scope) -> ColumnElement[bool]:
    """A bank that collects names the payee of each bill, a legal person, even where it was brought in and not filed here."""
    item = aliased(ChargeItem)
    owed = exists(
        select(1).where(
            scope.county_of(item), item.county == company.county, item.company_id == company.id, collects(item, scope)
        )
    )
    return or_(company.listed.is_(True), owed)


def _of_companies_at_home(row: Any, scope: Scope) -> ColumnElement[bool]:
    """The company has its office in the actor's street, which reviews its filing (SL-19)."""
    company = aliased(Company)
    return exists(
        select(1).where(
            scope.county_of(company),
            company.county == row.county,
            company.id == row.company_id,
            of_own_township(company, scope),
        )
    )


policy(
    Company,
    {
        **dict.fromkeys((*RESIDENTS, Role.COMMITTEE, Role.COURT), _listed),
        Role.BANK: _listed_or_payee,
        **{role: lambda company, scope: company.id == scope.any("companies") for role in COMPANY},
        Role.COMMUNITY: _listed_or_in_the_community,
        Role.TOWNSHIP: _listed_or_at_home,
        **dict.fromkeys(COUNTY_OFFICES, whole_county),
    },
)

policy(
    ProjectLeader,
    {
        **dict.fromkeys(RESIDENTS, of_own_home),
        Role.COMMITTEE: in_own_areas,
        **dict.fromkeys(COMPANY, of_own_company),
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        **dict.fromkeys(COUNTY_OFFICES, whole_county),
    },
)

policy(
    CompanyStaff,
    {
        **dict.fromkeys(COMPANY, of_own_company),
        Role.TOWNSHIP: _of_companies_at_home,
        Role.BUREAU: whole_county,
        Role.MARKET: whole_county,
    },
)
