"""Paper ballots, entered with their image by two people who do not see each other's entry; a third decides a difference."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from auth.actor import Grant
from domain.ballots import BallotChannel, PaperState
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from domain.votes import VoteState
from models.ballots import BallotPaper, PaperEntry
from models.documents import Document
from models.rolls import RollHead, RollOwner, RollUnit
from models.votes import Vote
from resolvers import documents as papers
from resolvers.ballot_box import Elector, account_of, append, count_anew, latest_of, lock_head, take_channel
from resolvers.ballots import ItemChoice, in_order
from resolvers.unit_of_work import UnitOfWork

ENTERERS = frozenset({Role.COMMITTEE, Role.COMMUNITY, Role.TOWNSHIP})
_ENTERED_IN = frozenset({VoteState.OPEN, VoteState.CLOSED, VoteState.OBJECTED})
Choices = Iterable[ItemChoice | Mapping[str, Any]] | None


async def enter(
    uow: UnitOfWork,
    *,
    vote_id: uuid.UUID,
    unit_id: uuid.UUID,
    channel: BallotChannel,
    received_on: date,
    document_id: uuid.UUID,
    choices: Choices = None,
    elector_id: uuid.UUID | None = None,
) -> BallotPaper:
    """Enter a paper ballot for the first time, with its image (ballotPaperEnter, V-19).

    ``unit_id`` is any unit of the head; ``elector_id`` the owner who signed, needed where co-owners hold it. Without ``choices``
    the paper is read as no valid ballot. It counts once a second person enters the same. Refuses ``OUT_OF_RANGE`` for a paper
    that came too early or too late, ``SECOND_CHANNEL``, ``MISSING_DOCUMENT`` without an image, ``NOT_FOUND`` for who is not on
    the roll.
    """
    channel = BallotChannel(channel)
    if channel is BallotChannel.ONLINE:
        raise Refusal(ErrorCode.INVALID_INPUT, "channel")
    vote, grant = await _vote(uow, vote_id, "voteId")
    if vote.opens_on is None or vote.closes_on is None or not vote.opens_on <= received_on <= vote.closes_on:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "receivedOn", least=vote.opens_on, most=vote.closes_on)
    if received_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "receivedOn", most=uow.today)
    said = await _read(uow, vote, choices)
    head = await _head_of(uow, vote, unit_id)
    take_channel(head, channel)
    signer = await _signer(uow, head, elector_id)
    (image,) = await uow.load_all(Document, [document_id], field="documentId")
    if image.kind != DocumentKind.BALLOT:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentId", documents=[DocumentKind.BALLOT.value])
    paper = BallotPaper(
        county=uow.county,
        vote_id=vote.id,
        head_id=head.id,
        elector_id=signer,
        channel=channel.value,
        received_on=received_on,
        document_id=document_id,
        state=PaperState.ENTERED_ONCE.value,
        entries=1,
    )
    uow.session.add(paper)
    await uow.session.flush()  # the entry and the image name it
    await papers.attach(uow, [document_id], paper, field="documentId")
    uow.session.add(_entry(uow, paper, said))
    await uow.audit("ballotPaperEnter", paper, grant=grant, documents=[document_id])
    return paper


async def confirm(uow: UnitOfWork, *, id: uuid.UUID, choices: Choices = None) -> BallotPaper:
    """Enter a paper ballot as another person, from the paper itself (ballotPaperConfirm).

    It is cast when both entries agree, and a third person is asked when they differ. ``SECOND_PERSON_REQUIRED`` for who
    entered it before.
    """
    paper, vote, grant, said = await _again(uow, id, choices, {PaperState.ENTERED_ONCE})
    first = await uow.session.scalar(
        select(PaperEntry).where(PaperEntry.county == uow.county, PaperEntry.paper_id == paper.id)
    )
    agreed = first is not None and first.choices == said
    await _add_entry(uow, paper, said)
    if agreed:
        await _settle(uow, vote, paper, said)
    else:
        paper.state = PaperState.CONFLICT.value
    await uow.audit("ballotPaperConfirm", paper, grant=grant, detail={"agreed": agreed})
    return paper


async def decide(uow: UnitOfWork, *, id: uuid.UUID, reason: str, choices: Choices = None) -> BallotPaper:
    """Decide as a third person what a paper says (ballotPaperDecide): where two entries differ, and in a recount where
    somebody objected to an entry. The reason stands in the record."""
    paper, vote, grant, said = await _again(uow, id, choices, {PaperState.CONFLICT}, recount=True)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    await _add_entry(uow, paper, said)
    await _settle(uow, vote, paper, said)
    await uow.audit("ballotPaperDecide", paper, grant=grant, reason=reason.strip())
    return paper


async def _vote(uow: UnitOfWork, vote_id: uuid.UUID, field: str) -> tuple[Vote, Grant]:
    """The vote, which is not counted before this transaction ends."""
    vote = await uow.load(Vote, vote_id, field=field)
    shared = select(Vote).where(Vote.county == uow.county, Vote.id == vote.id).with_for_update(read=True)
    await uow.session.execute(shared.execution_options(populate_existing=True))
    if vote.state not in _ENTERED_IN:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=vote.state, action="ENTER")
    return vote, await uow.act(ENTERERS, Vote, vote)


async def _read(uow: UnitOfWork, vote: Vote, choices: Choices) -> list[str] | None:
    return None if choices is None else await in_order(uow, vote, choices)


async def _head_of(uow: UnitOfWork, vote: Vote, unit_id: uuid.UUID) -> RollHead:
    head_id = await uow.session.scalar(
        select(RollUnit.head_id).where(
            RollUnit.county == uow.county, RollUnit.vote_id == vote.id, RollUnit.unit_id == unit_id
        )
    )
    if head_id is None:
        raise Refusal(ErrorCode.NOT_FOUND, "unitId")
    return await lock_head(uow, vote, head_id)


async def _signer(uow: UnitOfWork, head: RollHead, elector_id: uuid.UUID | None) -> uuid.UUID | None:
    """The owner who signed: the only one, or the one who is named; none for the developer and unknown owners."""
    owners = set(
        await uow.session.scalars(
            select(RollOwner.owner_id).where(RollOwner.county == uow.county, RollOwner.head_id == head.id)
        )
    )
    if elector_id is None and len(owners) > 1:
        raise Refusal(ErrorCode.REQUIRED, "electorId")
    if elector_id is not None and elector_id not in owners:
        raise Refusal(ErrorCode.NOT_FOUND, "electorId")
    signer = elector_id or next(iter(owners), None)
    if head.representative_id not in (None, signer):
        raise Refusal(ErrorCode.REPRESENTATIVE_VOTES, "electorId")
    return signer


async def _again(
    uow: UnitOfWork, id: uuid.UUID, choices: Choices, states: set[PaperState], *, recount: bool = False
) -> tuple[BallotPaper, Vote, Grant, list[str] | None]:
    """A paper that somebody else entered before, and what is read on it now."""
    paper = await uow.load(BallotPaper, id, lock=True)
    vote, grant = await _vote(uow, paper.vote_id, "id")
    open_again = recount and vote.state == VoteState.OBJECTED and paper.state != PaperState.ENTERED_ONCE
    if paper.state not in states and not open_again:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=paper.state, action="ENTER")
    entered = select(PaperEntry.id).where(
        PaperEntry.county == uow.county,
        PaperEntry.paper_id == paper.id,
        PaperEntry.account_id == uow.actor.account_id,
    )
    if await uow.session.scalar(entered) is not None:
        raise Refusal(ErrorCode.SECOND_PERSON_REQUIRED)
    return paper, vote, grant, await _read(uow, vote, choices)


def _entry(uow: UnitOfWork, paper: BallotPaper, said: list[str] | None) -> PaperEntry:
    return PaperEntry(county=uow.county, paper_id=paper.id, account_id=uow.actor.account_id, choices=said, at=uow.now)


async def _add_entry(uow: UnitOfWork, paper: BallotPaper, said: list[str] | None) -> None:
    uow.session.add(_entry(uow, paper, said))
    paper.entries += 1
    paper.updated_at = uow.now


async def _settle(uow: UnitOfWork, vote: Vote, paper: BallotPaper, said: list[str] | None) -> None:
    """Put what the paper says into the box, or take it out: an invalid ballot takes no part (V-6)."""
    head = await lock_head(uow, vote, paper.head_id)
    elector = Elector(head, paper.elector_id, paper.elector_id and await account_of(uow, paper.elector_id))
    latest = await latest_of(uow, elector)
    paper.state = (PaperState.REJECTED if said is None else PaperState.ACCEPTED).value
    if said is not None or (latest is not None and latest.paper_id == paper.id):
        channel = BallotChannel(paper.channel)
        await append(uow, vote, elector, said, channel, latest=latest, paper_id=paper.id)
    if said is None:
        await count_anew(uow, head)
        head.channel = head.channel if head.voted_at else None
