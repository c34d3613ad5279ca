"""Who sees votes, rolls, ballots and quotas: the area's owners, body and offices; what a ballot says only its voter (PRI-9)."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.policies.estates import held_by_actor
from auth.policies.places import in_own_areas, of_own_community, of_own_home, of_own_township
from auth.visibility import Predicate, Rule, Scope, everyone_via, policy, whole_county
from domain.custody_choices import CustodyChoiceState
from domain.fund_quotas import QuotaState
from domain.roles import Role
from models.ballots import Ballot, BallotPaper, Mandate
from models.custody_choices import CustodyChoice
from models.fund_quotas import FundQuota
from models.people import Owner
from models.rolls import BallotService, RollHead, RollOwner, RollUnit
from models.votes import ModeClause, Vote, VoteItem, VoteObjection, VoteResult


def _noticed(vote: Any) -> ColumnElement[bool]:
    """A draft is the affair of who convenes."""
    return vote.noticed_at.is_not(None)  # type: ignore[no-any-return]


def _noticed_or_own(place: Predicate) -> Predicate:
    return lambda vote, scope: and_(place(vote, scope), or_(_noticed(vote), vote.applicant_role == scope.role.value))


def _at_home(vote: Any, scope: Scope) -> ColumnElement[bool]:
    return and_(_noticed(vote), of_own_home(vote, scope))


def _is_oneself(owner_id: Any, row: Any, scope: Scope) -> ColumnElement[bool]:
    """The owner is the actor, or a minor in the actor's care."""
    owner, guardian = aliased(Owner), aliased(Owner)
    cared_for = exists(
        select(1).where(
            scope.county_of(guardian),
            guardian.county == owner.county,
            guardian.id == owner.guardian_id,
            held_by_actor(guardian, scope),
        )
    )
    return exists(
        select(1).where(
            scope.county_of(owner),
            owner.county == row.county,
            owner.id == owner_id,
            held_by_actor(owner, scope) | cared_for,
        )
    )


def _own_head(head: Any, scope: Scope) -> ColumnElement[bool]:
    """A head of which the actor was an owner on the day of the notice."""
    entry = aliased(RollOwner)
    return exists(
        select(1).where(
            scope.county_of(entry),
            entry.county == head.county,
            entry.head_id == head.id,
            _is_oneself(entry.owner_id, entry, scope),
        )
    )


def _party(mandate: Any, scope: Scope) -> ColumnElement[bool]:
    return or_(_is_oneself(mandate.principal_id, mandate, scope), _is_oneself(mandate.agent_id, mandate, scope))


def _voters_own(ballot: Any, scope: Scope) -> ColumnElement[bool]:
    """The elector's, whoever cast it, and what an agent cast; who entered a paper ballot is no voter."""
    cast = and_(ballot.cast_by == scope.any("accounts"), ballot.paper_id.is_(None))
    return or_(ballot.elector_account_id == scope.any("accounts"), cast)


_OFFICES: dict[Role, Rule] = {
    Role.COMMITTEE: in_own_areas,
    Role.COMMUNITY: of_own_community,
    Role.TOWNSHIP: of_own_township,
    Role.BUREAU: whole_county,
}

policy(
    Vote,
    {
        Role.OWNER: _at_home,
        Role.COMMITTEE: _noticed_or_own(in_own_areas),
        Role.COMMUNITY: _noticed_or_own(of_own_community),
        Role.TOWNSHIP: _noticed_or_own(of_own_township),
        Role.BUREAU: _noticed_or_own(whole_county),
    },
)
policy(VoteItem, everyone_via("vote_id", Vote))
policy(VoteResult, everyone_via("vote_id", Vote))
policy(
    VoteObjection,
    {
        **everyone_via("vote_id", Vote),
        Role.OWNER: lambda objection, scope: objection.account_id == scope.any("accounts"),
    },
)
policy(ModeClause, {Role.OWNER: of_own_home, **_OFFICES})
policy(
    FundQuota,
    {
        Role.OWNER: lambda quota, scope: and_(quota.state != QuotaState.PROPOSED.value, of_own_home(quota, scope)),
        **_OFFICES,
    },
)
policy(
    CustodyChoice,
    {
        Role.OWNER: lambda choice, scope: and_(
            choice.state != CustodyChoiceState.PROPOSED.value, of_own_home(choice, scope)
        ),
        **_OFFICES,
    },
)
policy(RollHead, {Role.OWNER: _own_head, **_OFFICES})
policy(RollUnit, everyone_via("head_id", RollHead))
policy(RollOwner, everyone_via("head_id", RollHead))
policy(BallotService, everyone_via("roll_unit_id", RollUnit))
policy(BallotPaper, everyone_via("head_id", RollHead))
policy(Mandate, {Role.OWNER: _party, **_OFFICES})
policy(Ballot, {Role.OWNER: _voters_own, Role.COMMITTEE: _voters_own})
