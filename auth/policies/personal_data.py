"""Who sees the log of reads, orders and requests about personal data: the person concerned, and the office that answers."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.estates import held_by_actor
from auth.policies.places import of_own_community, of_own_company, of_own_township
from auth.visibility import Predicate, Scope, policy, whole_county
from domain.data_requests import DataRequestKind
from domain.roles import COMPANY, PARTNERS, RESIDENTS, Role
from models.data_requests import DataRequest
from models.people import Owner
from models.personal_data import KeyRotation, LegalHold, PersonalDataRead


def _about_me(read: Any, scope: Scope) -> ColumnElement[bool]:
    """The entry names the actor's account, or the owner's record that has become the actor's since."""
    owner = aliased(Owner)
    mine = exists(
        select(1).where(
            scope.county_of(owner),
            owner.county == read.county,
            owner.id == read.owner_id,
            held_by_actor(owner, scope),
        )
    )
    return or_(read.subject_account_id == scope.any("accounts"), mine)


def _about_me_or_everybody(read: Any, scope: Scope) -> ColumnElement[bool]:
    """A copy of the whole register was about everybody in it."""
    return or_(_about_me(read, scope), read.subject_id.is_(None))


policy(
    PersonalDataRead,
    {
        **dict.fromkeys(RESIDENTS, _about_me_or_everybody),
        **dict.fromkeys(
            (Role.APPLICANT, Role.COMMITTEE, *COMPANY, Role.COMMUNITY, Role.TOWNSHIP, Role.PRICE, Role.MARKET),
            _about_me,
        ),
        Role.BUREAU: whole_county,
    },
)
policy(LegalHold, {Role.BUREAU: whole_county})
policy(KeyRotation, {})


def _own(request: Any, scope: Scope) -> ColumnElement[bool]:
    return request.applicant_id == scope.any("accounts")  # type: ignore[no-any-return]


def _of_own_client(request: Any, scope: Scope) -> ColumnElement[bool]:
    return request.client_id == scope.any("clients")  # type: ignore[no-any-return]


def _correction(rule: Predicate) -> Predicate:
    """Corrections are decided by the offices of the place and the company that keeps the record."""
    return lambda request, scope: and_(request.kind == DataRequestKind.CORRECTION.value, rule(request, scope))


def _corrections_and_own(rule: Predicate) -> Predicate:
    return lambda request, scope: or_(_correction(rule)(request, scope), _own(request, scope))


policy(
    DataRequest,
    {
        **dict.fromkeys(RESIDENTS, _own),
        **{role: _correction(of_own_company) for role in (Role.COMPANY_ADMIN, Role.PROJECT_LEADER)},
        Role.COMMUNITY: _correction(of_own_community),
        Role.TOWNSHIP: _corrections_and_own(of_own_township),
        **dict.fromkeys((Role.PRICE, Role.MARKET), _own),
        Role.BUREAU: whole_county,
        **dict.fromkeys(PARTNERS, _of_own_client),
    },
)
