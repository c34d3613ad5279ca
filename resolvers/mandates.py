"""Written authority to vote for an owner: given, checked when it is used, revoked (V-11, V-13, V-26)."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from auth.actor import Grant
from domain.ballots import BallotChannel, MandateKind
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.profiles import profile_version
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.votes import VoteState
from models.ballots import Ballot, Mandate
from models.committees import Committee
from models.documents import Document
from models.estates import Ownership, PropertyArea, Unit
from models.people import Owner
from models.rolls import RollHead, RollOwner
from models.votes import Vote, VoteItem
from resolvers import documents as papers
from resolvers.ballot_box import Elector, account_of, append, count_anew, latest_of, lock_head
from resolvers.unit_of_work import UnitOfWork

RECORDERS = frozenset({Role.OWNER, Role.COMMITTEE, Role.COMMUNITY, Role.TOWNSHIP})
"""An owner gives the own authority; the others record one that was signed on paper."""


async def give(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    kind: MandateKind,
    principal_id: uuid.UUID,
    valid_from: date,
    valid_to: date,
    document_id: uuid.UUID,
    vote_id: uuid.UUID | None = None,
    agent_id: uuid.UUID | None = None,
    committee_id: uuid.UUID | None = None,
) -> Mandate:
    """Give or record an owner's written authority (mandateGive): for one vote (V-13), of a co-owner (V-11), or for fund
    matters over some time (V-26).

    ``principal_id`` is the owner who gives it; ``agent_id`` another owner of the area, or for a delegation ``committee_id`` the
    body in office. Refuses ``MISSING_DOCUMENT`` without the signed authority, ``OUT_OF_RANGE`` for days that cannot be,
    ``INVALID_INPUT`` for an agent who is the principal, ``NOT_FOUND`` for who owns nothing here, ``SECOND_PERSON_REQUIRED`` where
    who records a paper would vote by it.
    """
    kind = MandateKind(kind)
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(RECORDERS, PropertyArea, area)
    await uow.load(Owner, principal_id, field="principalId")
    if (agent_id is None) is (committee_id is None) or principal_id == agent_id:
        raise Refusal(ErrorCode.INVALID_INPUT, "agentId")
    if not uow.today <= valid_to or valid_to < valid_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validTo", least=max(valid_from, uow.today))
    vote = await _vote_of(uow, kind, area, vote_id)
    await _check_people(uow, area, kind, principal_id, agent_id, committee_id)
    await _check_recorder(uow, grant, agent_id, committee_id)
    (paper,) = await uow.load_all(Document, [document_id], field="documentId")
    if paper.kind != DocumentKind.MANDATE:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentId", documents=[DocumentKind.MANDATE.value])
    mandate = Mandate(
        county=uow.county,
        kind=kind.value,
        area_id=area.id,
        township=area.township,
        community=area.community,
        vote_id=vote_id,
        principal_id=principal_id,
        agent_id=agent_id,
        committee_id=committee_id,
        valid_from=valid_from,
        valid_to=valid_to,
        document_id=document_id,
        recorded_by=uow.actor.account_id,
    )
    uow.session.add(mandate)
    await uow.session.flush()  # its paper names it
    await papers.attach(uow, [document_id], mandate, field="documentId")
    if vote is not None and kind is MandateKind.REPRESENTATIVE:
        await _fix_representatives(uow, vote, principal_id)
    await uow.audit("mandateGive", mandate, grant=grant, documents=[document_id])
    return mandate


async def check(uow: UnitOfWork, mandate: Mandate, vote: Vote, head: RollHead, items: Sequence[VoteItem]) -> Grant:
    """The grant under which the actor may use a mandate now in this vote.

    ``MANDATE_NOT_VALID`` when it is revoked, over, for another vote or matter, or not the actor's; ``PROXY_LIMIT`` when the
    actor would vote for more units than the county lets one proxy (V-13).
    """
    in_force = mandate.revoked_at is None and mandate.valid_from <= uow.today <= mandate.valid_to
    if not in_force or mandate.area_id != vote.area_id or mandate.vote_id not in (None, vote.id):
        raise Refusal(ErrorCode.MANDATE_NOT_VALID, "mandateId")
    if mandate.kind == MandateKind.DELEGATION and any(item.mode != VoteMode.DELEGATED for item in items):
        raise Refusal(ErrorCode.MANDATE_NOT_VALID, "mandateId")
    grant = await _agents_grant(uow, mandate)
    await _check_cap(uow, mandate, vote, head)
    return grant


async def revoke(uow: UnitOfWork, *, id: uuid.UUID) -> Mandate:
    """Take an authority back (mandateRevoke): what was cast under it in votes that are still open no longer counts (V-26)."""
    mandate = await uow.load(Mandate, id, lock=True)
    grant = await uow.act(RECORDERS, Mandate, mandate)
    if mandate.revoked_at is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state="REVOKED", action="REVOKE")
    if grant.role is Role.OWNER and await account_of(uow, mandate.principal_id) != uow.actor.account_id:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    mandate.revoked_at = mandate.updated_at = uow.now
    used = await uow.session.execute(
        select(Ballot.head_id, Vote)
        .join(Vote, and_(Vote.county == Ballot.county, Vote.id == Ballot.vote_id))
        .where(
            Ballot.county == uow.county,
            Ballot.mandate_id == mandate.id,
            Vote.county == uow.county,
            Vote.state == VoteState.OPEN.value,
            Vote.closes_on >= uow.today,
        )
        .order_by(Ballot.head_id)
        .with_for_update(of=Vote, read=True)
    )
    for head_id, vote in dict.fromkeys((row[0], row[1]) for row in used):
        head = await lock_head(uow, vote, head_id)
        account_id = await account_of(uow, mandate.principal_id)
        elector = Elector(head, mandate.principal_id, account_id)
        latest = await latest_of(uow, elector)
        if latest is not None and latest.mandate_id == mandate.id and latest.choices is not None:
            channel = BallotChannel(latest.channel)
            await append(uow, vote, elector, None, channel, latest=latest, mandate_id=mandate.id)
    if mandate.kind == MandateKind.REPRESENTATIVE:
        await _release_representatives(uow, mandate)
    await uow.audit("mandateRevoke", mandate, grant=grant)
    return mandate


async def _vote_of(uow: UnitOfWork, kind: MandateKind, area: PropertyArea, vote_id: uuid.UUID | None) -> Vote | None:
    if kind is MandateKind.DELEGATION:
        if vote_id is not None:
            raise Refusal(ErrorCode.INVALID_INPUT, "voteId")
        if VoteMode.DELEGATED not in uow.profile.fund_modes:
            raise Refusal(ErrorCode.MODE_NOT_ALLOWED, "kind")
        return None
    if vote_id is None:
        raise Refusal(ErrorCode.REQUIRED, "voteId")
    vote = await uow.load(Vote, vote_id, field="voteId")
    if vote.area_id != area.id:
        raise Refusal(ErrorCode.NOT_FOUND, "voteId")
    if vote.noticed_at is None or vote.state not in (VoteState.NOTICED, VoteState.OPEN):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "voteId", state=vote.state, action="GIVE")
    return vote


async def _check_people(
    uow: UnitOfWork,
    area: PropertyArea,
    kind: MandateKind,
    principal_id: uuid.UUID,
    agent_id: uuid.UUID | None,
    committee_id: uuid.UUID | None,
) -> None:
    for owner_id, field in ((principal_id, "principalId"), (agent_id, "agentId")):
        if owner_id is not None and not await _owns_here(uow, area, owner_id):
            raise Refusal(ErrorCode.NOT_FOUND, field)
    if committee_id is not None:
        if kind is not MandateKind.DELEGATION:
            raise Refusal(ErrorCode.INVALID_INPUT, "committeeId")
        committee = await uow.load(Committee, committee_id, field="committeeId")
        if committee.area_id != area.id:
            raise Refusal(ErrorCode.NOT_FOUND, "committeeId")


async def _check_recorder(
    uow: UnitOfWork, grant: Grant, agent_id: uuid.UUID | None, committee_id: uuid.UUID | None
) -> None:
    """Whose authority a paper shows is seen by somebody else than who votes by it; an owner speaks for oneself."""
    if grant.role is Role.OWNER:
        return
    own_body = committee_id is not None and grant.committee_id == committee_id
    if own_body or (agent_id is not None and await account_of(uow, agent_id) == uow.actor.account_id):
        raise Refusal(ErrorCode.SECOND_PERSON_REQUIRED, "committeeId" if own_body else "agentId")


async def _owns_here(uow: UnitOfWork, area: PropertyArea, owner_id: uuid.UUID) -> bool:
    held = select(Ownership.id).join(Unit, and_(Unit.county == Ownership.county, Unit.id == Ownership.unit_id))
    return bool(
        await uow.session.scalar(
            held.where(
                Ownership.county == uow.county,
                Ownership.owner_id == owner_id,
                Unit.county == uow.county,
                Unit.area_id == area.id,
                or_(Ownership.valid_to.is_(None), Ownership.valid_to > uow.today),
            ).limit(1)
        )
    )


async def _fix_representatives(uow: UnitOfWork, vote: Vote, principal_id: uuid.UUID) -> None:
    """Fix who casts for a head once all other co-owners gave one of them their authority (V-11)."""
    theirs = aliased(RollOwner)
    heads = await uow.session.scalars(
        select(RollHead)
        .join(theirs, and_(theirs.county == RollHead.county, theirs.head_id == RollHead.id))
        .where(RollHead.county == uow.county, RollHead.vote_id == vote.id, theirs.owner_id == principal_id)
        .order_by(RollHead.id)
        .with_for_update(of=RollHead)
    )
    for head in heads.all():
        owners = set(
            await uow.session.scalars(
                select(RollOwner.owner_id).where(RollOwner.county == uow.county, RollOwner.head_id == head.id)
            )
        )
        given = await uow.session.execute(
            select(Mandate.principal_id, Mandate.agent_id).where(
                Mandate.county == uow.county,
                Mandate.vote_id == vote.id,
                Mandate.kind == MandateKind.REPRESENTATIVE.value,
                Mandate.revoked_at.is_(None),
                Mandate.principal_id.in_(owners),
                Mandate.agent_id.in_(owners),
            )
        )
        authority = {(principal, agent) for principal, agent in given}
        chosen = [one for one in owners if all((other, one) in authority for other in owners - {one})]
        if len(chosen) == 1:
            head.representative_id = chosen[0]
            await count_anew(uow, head)


async def _release_representatives(uow: UnitOfWork, mandate: Mandate) -> None:
    """The co-owners of a head must agree again once one of them took the authority back."""
    theirs = aliased(RollOwner)
    heads = await uow.session.scalars(
        select(RollHead)
        .join(theirs, and_(theirs.county == RollHead.county, theirs.head_id == RollHead.id))
        .join(Vote, and_(Vote.county == RollHead.county, Vote.id == RollHead.vote_id))
        .where(
            RollHead.county == uow.county,
            RollHead.vote_id == mandate.vote_id,
            RollHead.representative_id == mandate.agent_id,
            theirs.owner_id == mandate.principal_id,
            Vote.state.in_([VoteState.NOTICED.value, VoteState.OPEN.value]),
        )
        .order_by(RollHead.id)
        .with_for_update(of=RollHead)
    )
    for head in heads.all():
        head.representative_id = None
        await count_anew(uow, head)


async def _agents_grant(uow: UnitOfWork, mandate: Mandate) -> Grant:
    if mandate.committee_id is not None:
        held = uow.actor.eligible(
            {Role.COMMITTEE}, uow.county, lambda grant: grant.committee_id == mandate.committee_id
        )
    else:
        own = mandate.agent_id and await account_of(uow, mandate.agent_id)
        held = uow.actor.eligible({Role.OWNER}, uow.county) if own == uow.actor.account_id else ()
    if not held:
        raise Refusal(ErrorCode.MANDATE_NOT_VALID, "mandateId")
    uow.grant = held[0]
    return held[0]


async def _check_cap(uow: UnitOfWork, mandate: Mandate, vote: Vote, head: RollHead) -> None:
    cap = profile_version(vote.profile_version).units_per_proxy
    if cap is None or mandate.committee_id is not None:
        return
    others = select(func.coalesce(func.sum(RollHead.unit_count), 0)).where(
        RollHead.county == uow.county,
        RollHead.vote_id == vote.id,
        RollHead.id != head.id,
        RollHead.id.in_(
            select(Ballot.head_id).where(
                Ballot.county == uow.county,
                Ballot.vote_id == vote.id,
                Ballot.cast_by == uow.actor.account_id,
                Ballot.mandate_id.is_not(None),
                Ballot.choices.is_not(None),
            )
        ),
    )
    if int(await uow.session.scalar(others) or 0) + head.unit_count > cap:
        raise Refusal(ErrorCode.PROXY_LIMIT, "mandateId", most=cap)
