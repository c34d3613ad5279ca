"""The ballot box: who votes for a head, which version is the last, and the one way in which a version is added (SM-8).

Ballots of one head wait for its row of the roll, so however many come at once, the last one counts and it counts once.
"""

import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from domain.ballots import BallotChannel
from domain.calendar import end_of
from domain.errors import ErrorCode, Refusal
from domain.votes import VoteState
from models.ballots import Ballot
from models.people import Owner
from models.rolls import RollHead
from models.votes import Vote
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Elector:
    """In whose right a ballot of a head is cast; the developer and unknown owners have no record of their own."""

    head: RollHead
    owner_id: uuid.UUID | None
    account_id: uuid.UUID | None

    @property
    def key(self) -> uuid.UUID:
        """Whose versions these are."""
        return self.owner_id or self.head.id


async def open_vote(uow: UnitOfWork, vote_id: uuid.UUID) -> Vote:
    """The vote, which cannot close before this transaction ends; ``ACTION_NOT_AVAILABLE`` or ``LATE`` when it is not open."""
    vote = await uow.load(Vote, vote_id, field="voteId")
    # Shared, so that ballots do not wait for each other; closing and counting take it alone and wait for them all.
    shared = select(Vote).where(Vote.county == uow.county, Vote.id == vote.id).with_for_update(read=True)
    await uow.session.execute(shared.execution_options(populate_existing=True))
    if vote.state != VoteState.OPEN or vote.closes_on is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=vote.state, action="CAST")
    if uow.now >= end_of(vote.closes_on):
        raise Refusal(ErrorCode.LATE, deadline=vote.closes_on)
    return vote


async def latest_of(uow: UnitOfWork, elector: Elector) -> Ballot | None:
    """The elector's last ballot. The head must be locked."""
    return await uow.session.scalar(
        select(Ballot)
        .where(Ballot.county == uow.county, Ballot.head_id == elector.head.id, Ballot.elector_key == elector.key)
        .order_by(Ballot.version.desc())
        .limit(1)
    )


async def append(
    uow: UnitOfWork,
    vote: Vote,
    elector: Elector,
    choices: list[str] | None,
    channel: BallotChannel,
    *,
    latest: Ballot | None,
    mandate_id: uuid.UUID | None = None,
    paper_id: uuid.UUID | None = None,
) -> Ballot:
    """Append the elector's next version to a locked head; ``choices`` ``None`` withdraws. One channel for each head (V-19)."""
    head = elector.head
    take_channel(head, channel)
    if head.representative_id not in (None, elector.owner_id):
        raise Refusal(ErrorCode.REPRESENTATIVE_VOTES, "headId")
    ballot = Ballot(
        county=uow.county,
        vote_id=vote.id,
        head_id=head.id,
        elector_id=elector.owner_id,
        elector_key=elector.key,
        version=latest.version + 1 if latest else 1,
        choices=choices,
        channel=channel.value,
        mandate_id=mandate_id,
        paper_id=paper_id,
        cast_by=uow.actor.account_id,
        elector_account_id=elector.account_id,
        receipt=secrets.token_hex(8).upper(),
        at=uow.now,
    )
    uow.session.add(ballot)
    await uow.session.flush()  # its event names it
    if choices is None:
        await count_anew(uow, head)
    else:
        head.voted_at = uow.now
    uow.notify(vote)
    return ballot


def take_channel(head: RollHead, channel: BallotChannel) -> None:
    """Keep a head to the channel in which it voted first (V-19)."""
    if head.channel not in (None, channel.value):
        raise Refusal(ErrorCode.SECOND_CHANNEL, channel=head.channel)
    head.channel = channel.value


async def lock_head(uow: UnitOfWork, vote: Vote, head_id: uuid.UUID) -> RollHead:
    """The head's row, for this transaction alone."""
    found = await uow.session.execute(
        select(RollHead)
        .where(RollHead.county == uow.county, RollHead.vote_id == vote.id, RollHead.id == head_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.scalar_one()


async def account_of(uow: UnitOfWork, owner_id: uuid.UUID) -> uuid.UUID | None:
    """The login of an owner, or of a minor's guardian."""
    guardian = aliased(Owner)
    return await uow.session.scalar(
        select(func.coalesce(Owner.account_id, guardian.account_id))
        .outerjoin(guardian, and_(guardian.county == Owner.county, guardian.id == Owner.guardian_id))
        .where(Owner.county == uow.county, Owner.id == owner_id)
    )


async def count_anew(uow: UnitOfWork, head: RollHead) -> None:
    """Say of a locked head when its standing ballot was cast, after one was withdrawn or a representative was fixed."""
    await uow.session.flush()
    newest = (
        select(Ballot.elector_id, Ballot.choices, Ballot.at)
        .ext(distinct_on(Ballot.elector_key))
        .where(Ballot.county == uow.county, Ballot.head_id == head.id)
        .order_by(Ballot.elector_key, Ballot.version.desc())
    )
    speaks = head.representative_id
    head.voted_at = max(
        (at for who, said, at in await uow.session.execute(newest) if said is not None and speaks in (None, who)),
        default=None,
    )
