"""Who sees a document: its uploader, the parties and offices of its subject, and all concerned once published."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.dunning import referred_to_court
from auth.policies.filings import referred
from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_home, of_own_township
from auth.visibility import Predicate, Scope, policy
from domain.documents import DocumentAudience
from domain.roles import COMPANY, PARTNERS, RESIDENTS, Role
from models.documents import Document
from models.dunning import DunningCase
from models.suits import SuitEvidence


def _uploaded(document: Any, scope: Scope) -> ColumnElement[bool]:
    return document.uploaded_by == scope.any("accounts")  # type: ignore[no-any-return]


def _uploaded_or(rule: Predicate) -> Predicate:
    return lambda document, scope: or_(_uploaded(document, scope), rule(document, scope))


def _attached(document: Any, _scope: Scope) -> ColumnElement[bool]:
    """A file that was uploaded and not used yet concerns nobody but its uploader."""
    return document.subject_id.is_not(None)  # type: ignore[no-any-return]


def _attached_but_no_ballot(document: Any, scope: Scope) -> ColumnElement[bool]:
    """The image of a paper ballot shows a choice: it is its enterer's alone (PRI-9)."""
    return and_(_attached(document, scope), document.subject_type != "ballot_paper")


def _of_own_unit_or_published(document: Any, scope: Scope) -> ColumnElement[bool]:
    published = and_(document.audience == DocumentAudience.PUBLISHED.value, of_own_home(document, scope))
    return or_(document.unit_id == scope.any("units"), published)


def _of_filings(document: Any, _scope: Scope) -> ColumnElement[bool]:
    return document.subject_type == "filing"  # type: ignore[no-any-return]


def _of_referred_filings(document: Any, scope: Scope) -> ColumnElement[bool]:
    """A referral opens what the published fields do not hold (PRI-4)."""
    return and_(_of_filings(document, scope), referred(document, scope))


def _of_referred_suits(document: Any, scope: Scope) -> ColumnElement[bool]:
    """A court reads the numbered documents of the suits before it, and no other paper of their cases (FEE-14, FEE-15)."""
    evidence, case = aliased(SuitEvidence), aliased(DunningCase)
    return exists(
        select(1).where(
            scope.county_of(evidence),
            scope.county_of(case),
            evidence.county == document.county,
            case.county == document.county,
            evidence.document_id == document.id,
            case.id == evidence.case_id,
            referred_to_court(case, scope),
        )
    )


def _of_a_court(document: Any, scope: Scope) -> ColumnElement[bool]:
    return or_(_of_referred_filings(document, scope), _of_referred_suits(document, scope))


policy(
    Document,
    {
        Role.APPLICANT: _uploaded,
        **dict.fromkeys(RESIDENTS, _uploaded_or(_of_own_unit_or_published)),
        Role.COMMITTEE: _uploaded_or(in_own_areas),
        **dict.fromkeys(COMPANY, _uploaded_or(of_own_company)),
        Role.COMMUNITY: _uploaded_or(of_own_community),
        Role.TOWNSHIP: _uploaded_or(of_own_township),
        Role.BUREAU: _uploaded_or(_attached_but_no_ballot),
        Role.PRICE: _uploaded_or(_of_filings),
        Role.MARKET: _uploaded_or(_of_filings),
        **dict.fromkeys(PARTNERS, _of_referred_filings),
        Role.COURT: _of_a_court,
    },
)
