"""Who sees filings: the applicant, the offices once handed in, everybody concerned once published, partners by scope.

A partner with ``filings:public`` sees what is published, once it has said why it asks. More is opened by a referral of the
bureau: for its client, the companies or areas it names, and until its last day (PRI-4, PRI-9).
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.contracts import FILINGS_ASKED, has_scope, published_to_partners
from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_home, of_own_township
from auth.visibility import Predicate, Scope, Via, policy, whole_county
from domain.filing_records import FilingKind
from domain.roles import COMPANY, IN_THE_COUNTY, PARTNERS, RESIDENTS, Role
from models.filings import (
    CancellationTest,
    Filing,
    FilingQueryLog,
    FilingSubmission,
    ModelText,
    Referral,
    ReferralSubject,
    ServicePremises,
)


def _handed_in(filing: Any, _scope: Scope) -> ColumnElement[bool]:
    """A filing is an office's business from its first submission on."""
    return filing.round > 0  # type: ignore[no-any-return]


def _of_the_body(filing: Any, scope: Scope) -> ColumnElement[bool]:
    """The body's own filings from their draft on; what others file about its area once it is handed in."""
    party = or_(filing.kind == FilingKind.SERVICE_CONTRACT.value, filing.kind == FilingKind.COVENANT.value)
    return and_(in_own_areas(filing, scope), or_(party, _handed_in(filing, scope)))


def _handed_in_or_entered(filing: Any, scope: Scope) -> ColumnElement[bool]:
    """At its window the bureau enters what developers bring (ZD-24): whoever did sees the draft."""
    return or_(_handed_in(filing, scope), filing.applicant_id == scope.any("accounts"))


def _once_handed_in(rule: Predicate) -> Predicate:
    return lambda filing, scope: and_(_handed_in(filing, scope), rule(filing, scope))


def _of_kind(kind: FilingKind) -> Predicate:
    return lambda filing, _scope: filing.kind == kind.value


def _published_at_home(filing: Any, scope: Scope) -> ColumnElement[bool]:
    return and_(filing.published.is_(True), of_own_home(filing, scope))


def referred(row: Any, scope: Scope) -> ColumnElement[bool]:
    """A live referral of the actor's client names the row's company or area."""
    subject, referral = aliased(ReferralSubject), aliased(Referral)
    return exists(
        select(1).where(
            scope.county_of(subject),
            scope.county_of(referral),
            subject.county == row.county,
            referral.county == row.county,
            referral.id == subject.referral_id,
            subject.client_id == scope.any("clients"),
            referral.client_id == scope.any("clients"),
            referral.approved_on <= scope.today,
            referral.expires_on >= scope.today,
            referral.revoked_on.is_(None),
            or_(subject.subject_id == row.company_id, subject.subject_id == row.area_id),
            has_scope(FILINGS_ASKED, scope),
        )
    )


def _for_partners(filing: Any, scope: Scope) -> ColumnElement[bool]:
    return or_(published_to_partners(filing, scope), and_(_handed_in(filing, scope), referred(filing, scope)))


def _of_own_client(row: Any, scope: Scope) -> ColumnElement[bool]:
    return row.client_id == scope.any("clients")  # type: ignore[no-any-return]


policy(
    Filing,
    {
        **dict.fromkeys(RESIDENTS, _published_at_home),
        Role.COMMITTEE: _of_the_body,
        **dict.fromkeys(COMPANY, of_own_company),
        Role.COMMUNITY: _once_handed_in(of_own_community),
        Role.TOWNSHIP: _once_handed_in(of_own_township),
        Role.BUREAU: _handed_in_or_entered,
        Role.PRICE: _once_handed_in(_of_kind(FilingKind.SERVICE_CONTRACT)),
        Role.MARKET: _handed_in,
        **dict.fromkeys(PARTNERS, _for_partners),
    },
)

_OFFICES_AND_APPLICANT = {
    role: Via("filing_id", Filing) for role in (*COMPANY, Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU, Role.MARKET)
}

policy(FilingSubmission, {**_OFFICES_AND_APPLICANT, Role.COMMITTEE: Via("filing_id", Filing)})
policy(CancellationTest, _OFFICES_AND_APPLICANT)
policy(ServicePremises, {role: Via("filing_id", Filing) for role in frozenset(Role) - {Role.SYSTEM, Role.PRICE}})
policy(ModelText, dict.fromkeys(IN_THE_COUNTY | {Role.SYSTEM}, whole_county))
policy(FilingQueryLog, {**dict.fromkeys(PARTNERS, _of_own_client), Role.BUREAU: whole_county})
_OPENED_TO_ME: Predicate = lambda row, scope: row.account_id == scope.any("accounts")  # noqa: E731
_OFFICES_REFERRED = dict.fromkeys((Role.TOWNSHIP, Role.PRICE, Role.MARKET), _OPENED_TO_ME)
policy(Referral, {**dict.fromkeys(PARTNERS, _of_own_client), **_OFFICES_REFERRED, Role.BUREAU: whole_county})
policy(ReferralSubject, {role: Via("referral_id", Referral) for role in (*PARTNERS, *_OFFICES_REFERRED, Role.BUREAU)})
