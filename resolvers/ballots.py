"""Named ballots: cast online by an owner, or for one by a mandate; changed until the last day, every version kept (SM-8)."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from auth.actor import Grant
from domain.ballots import BallotChannel
from domain.errors import ErrorCode, Refusal
from domain.records import Record
from domain.roles import Role
from domain.tallies import Choice
from models.ballots import Ballot, Mandate
from models.people import Owner
from models.rolls import RollOwner
from models.votes import Vote
from resolvers import mandates
from resolvers.ballot_box import Elector, account_of, append, latest_of, lock_head, open_vote
from resolvers.tallies import items_of
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class ItemChoice(Record):
    """What a ballot says of one item."""

    item_id: uuid.UUID
    choice: Choice


async def cast(
    uow: UnitOfWork,
    *,
    vote_id: uuid.UUID,
    choices: Iterable[ItemChoice | Mapping[str, Any]],
    head_id: uuid.UUID | None = None,
    mandate_id: uuid.UUID | None = None,
) -> Ballot:
    """Cast a ballot, or another one instead of it, until the last day (ballotCast, V-11 to V-13, V-19, V-26).

    The voter is who signed in as the owner of a unit on the roll (实名), or acts on an owner's mandate. ``head_id`` is needed
    only by who votes in several heads. Every item is answered. Refuses ``NOT_FOUND`` for who is not on the roll,
    ``LATE``, ``SECOND_CHANNEL``, ``REPRESENTATIVE_VOTES``, ``MANDATE_NOT_VALID``, ``OWN_BALLOT_CAST``, ``PROXY_LIMIT``.
    """
    vote = await open_vote(uow, vote_id)
    said = await in_order(uow, vote, choices)
    mandate = None if mandate_id is None else await uow.load(Mandate, mandate_id, field="mandateId")
    owners = await _own_records(uow) if mandate is None else {mandate.principal_id: None}
    elector = await _elector(uow, vote, owners, head_id)
    if mandate is not None:
        grant = await mandates.check(uow, mandate, vote, elector.head, await items_of(uow, vote))
    else:
        grant = _owners_grant(uow)
    latest = await latest_of(uow, elector)
    if mandate is not None and latest is not None and latest.mandate_id is None and latest.choices is not None:
        raise Refusal(ErrorCode.OWN_BALLOT_CAST, "mandateId")
    ballot = await append(uow, vote, elector, said, BallotChannel.ONLINE, latest=latest, mandate_id=mandate_id)
    await uow.audit("ballotCast", ballot, grant=grant, detail={"version": ballot.version})
    return ballot


async def in_order(uow: UnitOfWork, vote: Vote, choices: Iterable[ItemChoice | Mapping[str, Any]]) -> list[str]:
    """The choices by item, in their order; ``REQUIRED`` unless each is answered, ``INVALID_INPUT`` if one is twice,
    ``NOT_FOUND`` for what the notice does not name (V-17)."""
    given = [choice if isinstance(choice, ItemChoice) else ItemChoice(**choice) for choice in choices]
    by_item = {choice.item_id: choice.choice.value for choice in given}
    items = [item.id for item in await items_of(uow, vote)]
    if len(by_item) < len(given):
        raise Refusal(ErrorCode.INVALID_INPUT, "choices")
    if unknown := by_item.keys() - set(items):
        raise Refusal(ErrorCode.NOT_FOUND, "choices", ids=sorted(map(str, unknown)))
    if set(items) - by_item.keys():
        raise Refusal(ErrorCode.REQUIRED, "choices")
    return [by_item[item] for item in items]


async def _own_records(uow: UnitOfWork) -> dict[uuid.UUID, uuid.UUID | None]:
    """The actor's own owner records, and those of minors in the actor's care."""
    guardian = aliased(Owner)
    found = await uow.session.scalars(
        select(Owner.id)
        .outerjoin(guardian, and_(guardian.county == Owner.county, guardian.id == Owner.guardian_id))
        .where(
            Owner.county == uow.county,
            or_(Owner.account_id == uow.actor.account_id, guardian.account_id == uow.actor.account_id),
        )
    )
    return dict.fromkeys(found, uow.actor.account_id)


async def _elector(
    uow: UnitOfWork, vote: Vote, owners: Mapping[uuid.UUID, uuid.UUID | None], head_id: uuid.UUID | None
) -> Elector:
    """The head for which one of these owners votes, locked, and which of them does."""
    on_the_roll = await uow.session.execute(
        select(RollOwner.head_id, RollOwner.owner_id)
        .where(RollOwner.county == uow.county, RollOwner.vote_id == vote.id, RollOwner.owner_id.in_(owners))
        .order_by(RollOwner.head_id, RollOwner.owner_id)
    )
    mine = [(head, owner) for head, owner in on_the_roll if head_id in (None, head)]
    if not mine:
        raise Refusal(ErrorCode.NOT_FOUND, "headId" if head_id else "voteId")
    if len({head for head, _ in mine}) > 1:
        raise Refusal(ErrorCode.REQUIRED, "headId")
    head = await lock_head(uow, vote, mine[0][0])
    # A guardian of two co-owning children speaks as the one who represents them, or as the first.
    owner = next((owner for _, owner in mine if owner == head.representative_id), mine[0][1])
    return Elector(head, owner, owners[owner] or await account_of(uow, owner))


def _owners_grant(uow: UnitOfWork) -> Grant:
    """Who owns several units votes once for all of them: any of the grants speaks (V-12)."""
    held = uow.actor.eligible({Role.OWNER}, uow.county)
    if not held:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    uow.grant = held[0]
    return held[0]
