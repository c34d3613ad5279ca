"""Who sees fund requests: whoever applied, the estate's people once the plan is posted, the offices of the place."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_home, of_own_township
from auth.visibility import Predicate, Rule, Scope, everyone_via, policy, whole_county
from domain.funds import FundKind, FundState
from domain.roles import COMPANY, RESIDENTS, Role
from models.fund_use import FundContract, FundObjection, FundPayment, FundProgress, FundRecovery
from models.funds import FundEarmark, FundRequest, FundShare, SiteCheck


def _handed_in(request: Any) -> ColumnElement[bool]:
    """A draft is its applicant's own affair."""
    return request.state != FundState.DRAFT.value  # type: ignore[no-any-return]


def _applied(request: Any, scope: Scope) -> ColumnElement[bool]:
    return request.applicant_id == scope.any("accounts")  # type: ignore[no-any-return]


def _own_or(rule: Predicate) -> Predicate:
    """The applicant's own requests, and by ``rule`` those that were handed in."""
    return lambda request, scope: or_(_applied(request, scope), and_(_handed_in(request), rule(request, scope)))


def _companys_or_handed_in(rule: Predicate) -> Predicate:
    """A company's own drafts are its people's; an owner's draft is no company's."""
    return lambda request, scope: and_(
        rule(request, scope),
        or_(_handed_in(request), *(request.applicant_role == role.value for role in sorted(COMPANY))),
    )


def _posted_at_home(request: Any, scope: Scope) -> ColumnElement[bool]:
    # Owners read plan, settlement and apportionment from the posting on (FUND-21, FUND-24); an emergency concerns them
    # at once, as they take part in the check on site.
    return and_(_shown_to_owners(request), of_own_home(request, scope))


def _shown_to_owners(request: Any) -> ColumnElement[bool]:
    return or_(request.posted_from.is_not(None), request.kind == FundKind.EMERGENCY.value)


policy(
    FundRequest,
    {
        **dict.fromkeys(RESIDENTS, _own_or(_posted_at_home)),
        Role.COMMITTEE: _own_or(in_own_areas),
        Role.PROJECT_LEADER: _companys_or_handed_in(in_own_areas),
        Role.COMPANY_ADMIN: _companys_or_handed_in(of_own_company),
        Role.COMPANY_STAFF: _companys_or_handed_in(of_own_company),
        Role.COMMUNITY: _own_or(of_own_community),
        Role.TOWNSHIP: _own_or(of_own_township),
        Role.BUREAU: _own_or(whole_county),
    },
)

_OF_THE_REQUEST: dict[Role, Rule] = dict(everyone_via("fund_request_id", FundRequest))


def _own_share(share: Any, scope: Scope) -> ColumnElement[bool]:
    """What a neighbour bears is the neighbour's: the posting on the board lists units masked (PRI-5)."""
    request = aliased(FundRequest)
    shown = select(1).where(
        scope.county_of(request),
        request.county == share.county,
        request.id == share.fund_request_id,
        or_(_applied(request, scope), _shown_to_owners(request)),
    )
    return and_(share.unit_id == scope.any("units"), exists(shown))


policy(FundShare, {**_OF_THE_REQUEST, **dict.fromkeys(RESIDENTS, _own_share)})
policy(FundEarmark, everyone_via("fund_request_id", FundRequest))
for _part in (FundContract, FundPayment, FundProgress):
    policy(_part, everyone_via("fund_request_id", FundRequest))


def _raised_or_answered(objection: Any, scope: Scope) -> ColumnElement[bool]:
    """An objection is its owner's; the request's parties and offices see it too."""
    return objection.raised_by == scope.any("accounts")  # type: ignore[no-any-return]


policy(FundObjection, {**_OF_THE_REQUEST, **dict.fromkeys(RESIDENTS, _raised_or_answered)})
policy(
    FundRecovery,
    {
        Role.COMMITTEE: in_own_areas,
        Role.COMMUNITY: of_own_community,
        Role.TOWNSHIP: of_own_township,
        Role.BUREAU: whole_county,
    },
)
policy(SiteCheck, everyone_via("fund_request_id", FundRequest))
