"""Who sees dunning and suits: the debtor's unit, the company, the area's committee, the offices; a court what was referred to it.

What a suit needs of persons stands in none of these rows: the court reads it under its purpose (``resolvers.courts``).
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, any_, exists, false, func, not_, or_, select
from sqlalchemy.orm import aliased

from auth.policies.contracts import has_scope
from auth.policies.fees import OF_A_COMPANY, led_by_actor, of_own_unit
from auth.policies.places import in_own_areas, of_own_community, of_own_company, of_own_township
from auth.visibility import Predicate, Rule, Scope, Via, policy, whole_county
from domain.dunning import AT_COURT
from domain.roles import RESIDENTS, Role
from models.dunning import DunningCase, DunningClaim, DunningRecord, Instalment
from models.suits import SuitBatch, SuitEvidence, SuitLine, SuitPack, SuitParty

SUITS_HANDLE = "suits:handle"
"""A court's scope: the suits that were referred to its client."""


def referred_to_court(case: Any, scope: Scope) -> ColumnElement[bool]:
    """The case is before this very court (REFERRAL_REQUIRED's other side, PRI-9)."""
    return and_(
        case.court_client_id == scope.any("clients"),
        or_(*(case.state == state.value for state in sorted(AT_COURT))),
        has_scope(SUITS_HANDLE, scope),
    )


_OFFICES: dict[Role, Rule] = {
    Role.COMMUNITY: of_own_community,
    Role.TOWNSHIP: of_own_township,
    Role.BUREAU: whole_county,
}
_COMPANY: dict[Role, Rule] = {**dict.fromkeys(OF_A_COMPANY, of_own_company), Role.PROJECT_LEADER: led_by_actor}

policy(
    DunningCase,
    {
        **dict.fromkeys(RESIDENTS, of_own_unit),
        Role.COMMITTEE: in_own_areas,
        **_COMPANY,
        **_OFFICES,
        Role.COURT: referred_to_court,
    },
)

_OUTSIDE_COURT = (*RESIDENTS, Role.COMMITTEE, *OF_A_COMPANY, Role.PROJECT_LEADER, *_OFFICES)
for _model in (DunningRecord, Instalment):
    policy(_model, dict.fromkeys((*_OUTSIDE_COURT, Role.COURT), Via("case_id", DunningCase)))
# The bills themselves are no court's: what is claimed stands in the lines.
policy(DunningClaim, dict.fromkeys(_OUTSIDE_COURT, Via("case_id", DunningCase)))

_OF_THE_SUIT = (*RESIDENTS, *OF_A_COMPANY, Role.PROJECT_LEADER, Role.BUREAU, Role.COURT)
for _part in (SuitLine, SuitParty, SuitEvidence):
    policy(_part, dict.fromkeys(_OF_THE_SUIT, Via("case_id", DunningCase)))


def _batch_of_court(batch: Any, scope: Scope) -> ColumnElement[bool]:
    return and_(batch.court_client_id == scope.any("clients"), has_scope(SUITS_HANDLE, scope))


policy(SuitBatch, {**_COMPANY, Role.BUREAU: whole_county, Role.COURT: _batch_of_court})


def _asked_and(rule: Predicate) -> Predicate:
    return lambda pack, scope: and_(pack.requested_by == scope.any("accounts"), rule(pack, scope))


def _pack_of_court(pack: Any, scope: Scope) -> ColumnElement[bool]:
    """Its own pack, while all cases in it are before it: one that went back to the company takes its papers along."""
    case = aliased(DunningCase)
    elsewhere = exists(
        select(1).where(
            scope.county_of(case),
            case.county == pack.county,
            case.id == any_(pack.case_ids),
            not_(func.coalesce(referred_to_court(case, scope), false())),
        )
    )
    return and_(pack.client_id == scope.any("clients"), has_scope(SUITS_HANDLE, scope), not_(elsewhere))


policy(
    SuitPack,
    {
        Role.COMPANY_ADMIN: _asked_and(of_own_company),
        Role.PROJECT_LEADER: _asked_and(led_by_actor),
        Role.COURT: _pack_of_court,
    },
)
