"""Owners' votes by intent (SM-8): prepare, give notice, extend, publish, object, confirm, annul; and who waits for the result.

Counting is in ``tallies``, the roll in ``rolls``, ballots in ``ballots``. A subject that waits for a vote names its handler::

    concluded("fund_request", _take_result)

The handler gets ``(uow, vote, outcome)`` in the transaction in which the vote becomes final; ``outcome`` is ``None`` when the
decision is annulled, before or after.
"""

import secrets
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete

from domain.errors import ErrorCode, Refusal
from domain.profiles.parameters import VoteMode
from domain.records import Record
from domain.roles import Role
from domain.tallies import Matter, Outcome
from domain.votes import VOTE, Authority, Occasion, VoteAction, VoteScope, VoteState, mode_refusal
from models.estates import Building, PropertyArea
from models.votes import ModeClause, Vote, VoteItem, VoteObjection
from resolvers import documents as papers
from resolvers import mode_clauses, rolls, tallies
from resolvers.cases import case_kind
from resolvers.committees import body_in_office
from resolvers.unit_of_work import UnitOfWork

MOST_ITEMS = 30
Handler = Callable[[UnitOfWork, Vote, Outcome | None], Awaitable[None]]
_CONCLUDED: dict[str, Handler] = {}


def concluded(subject_type: str, handler: Handler) -> None:
    """Name what happens to rows of a table when the vote that they wait for is final, or annulled (``None``)."""
    _CONCLUDED[subject_type] = handler


def facts_of(row: Any) -> Mapping[str, Any]:
    """The facts of a vote's own columns."""
    return {
        "has_committee": row.committee_id is not None,
        "convener": Role(row.applicant_role),
        "occasion": row.occasion,
        "proposers": row.proposers,
        "scope_heads": row.scope_heads,
        "item_count": row.item_count,
        "by_objection": row.by_objection,
        "opens_on": row.opens_on,
        "closes_on": row.closes_on,
        "extended": row.extended_from is not None,
        "acknowledged": row.acknowledged_at is not None,
    }


async def _moved(uow: UnitOfWork, vote: Vote, _former: str) -> None:
    """A vote that is final, or annulled, tells who waits for it."""
    if vote.state == VoteState.FINAL:
        vote.final_on = uow.today
        await _conclude(uow, vote, await tallies.overall(uow, vote))
    elif vote.state in (VoteState.ANNULLED, VoteState.CANCELLED):
        await _conclude(uow, vote, None)


async def _conclude(uow: UnitOfWork, vote: Vote, outcome: Outcome | None) -> None:
    if vote.subject_type is not None:
        await _CONCLUDED[vote.subject_type](uow, vote, outcome)


def _asks(vote: Any, role: Role) -> bool:
    """Of all who could act, the residents' committee is asked to take note, and the convener to count and publish."""
    if vote.state == VoteState.NOTICED:
        return role is Role.COMMUNITY
    convening = Role.COMMITTEE if vote.applicant_role == Role.COMMITTEE else Role(vote.applicant_role)
    return role is convening and vote.state not in (VoteState.OPEN, VoteState.PUBLISHED, VoteState.FINAL)


case_kind(Vote, (VOTE,), facts=facts_of, resting=(VoteState.FINAL,), moved=_moved, asks=_asks)


@dataclass(frozen=True)
class Item(Record):
    """One question: the matter of Civil Code 278, its words, and how silence is read (V-1, V-25)."""

    matter: Matter
    title: str
    text: str
    mode: VoteMode = VoteMode.STANDARD
    clause_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Subject:
    """The row that waits for the result: its table and id."""

    table: str
    id: uuid.UUID


async def draft(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    title: str,
    agenda: Sequence[Item | Mapping[str, Any]],
    building_id: uuid.UUID | None = None,
    entrance: str | None = None,
    occasion: Occasion = Occasion.REGULAR,
    occasion_note: str | None = None,
    proposers: int = 0,
) -> Vote:
    """Prepare a vote of an area, of a building, or of one of its entrances (voteDraft, V-1, V-15, V-18).

    Refuses ``FORBIDDEN_ROLE`` for who does not convene here, ``REQUIRED`` for what is not said, ``MODE_NOT_ALLOWED`` and
    ``INVALID_INPUT`` for a mode that no adopted clause of the area names (V-25), ``NOT_FOUND`` for a building elsewhere.
    """
    return await convene(
        uow,
        area_id=area_id,
        title=title,
        agenda=agenda,
        building_id=building_id,
        entrance=entrance,
        occasion=occasion,
        occasion_note=occasion_note,
        proposers=proposers,
    )


async def convene(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    title: str,
    agenda: Sequence[Item | Mapping[str, Any]],
    building_id: uuid.UUID | None = None,
    entrance: str | None = None,
    occasion: Occasion = Occasion.BY_RULES,
    occasion_note: str | None = None,
    proposers: int = 0,
    subject: Subject | None = None,
) -> Vote:
    """Prepare a vote, also one whose result a ``subject`` waits for: such a vote has one item."""
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(VOTE.openers(uow.profile), PropertyArea, area)
    occasion = Occasion(occasion)
    if occasion not in (Occasion.REGULAR, Occasion.BY_RULES) and not (occasion_note or "").strip():
        raise Refusal(ErrorCode.REQUIRED, "occasionNote")
    building = await _building(uow, area, building_id, entrance)
    vote = Vote(
        area_id=area.id,
        estate_id=building.estate_id if building else None,
        township=area.township,
        community=area.community,
        committee_id=await body_in_office(uow, area.id),
        title=_text(title, "title"),
        scope=_scope(building_id, entrance).value,
        building_id=building_id,
        entrance=entrance,
        occasion=occasion.value,
        occasion_note=(occasion_note or "").strip() or None,
        proposers=proposers,
        subject_type=subject.table if subject else None,
        subject_id=subject.id if subject else None,
        salt=secrets.token_hex(32),
        item_count=0,
        by_objection=False,
        scope_area=0,
        scope_heads=0,
    )
    await uow.open_case(vote, VOTE, grant=grant)
    await _write_items(uow, vote, agenda)
    return vote


async def change(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    expected_version: int,
    title: str,
    agenda: Sequence[Item | Mapping[str, Any]],
    occasion_note: str | None = None,
    proposers: int = 0,
) -> Vote:
    """Correct a draft: what it says anew (voteChange). ``VERSION_CONFLICT`` when somebody changed it since, ``INVALID_INPUT`` on
    ``agenda`` where a request or quota waits for the vote and would be asked otherwise."""
    vote = await uow.load(Vote, id, lock=True)
    uow.check_version(vote, expected_version)
    if vote.state != VoteState.DRAFT:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=vote.state, action="CHANGE")
    grant = await conveners_grant(uow, vote)
    vote.title, vote.proposers = _text(title, "title"), proposers
    vote.occasion_note = (occasion_note or "").strip() or None
    items = [item if isinstance(item, Item) else Item(**item) for item in agenda]
    await _check_asks_the_same(uow, vote, items)
    await uow.session.execute(delete(VoteItem).where(VoteItem.county == uow.county, VoteItem.vote_id == vote.id))
    await _write_items(uow, vote, items)
    await uow.audit("CHANGE", vote, grant=grant)
    uow.notify(vote)
    return vote


async def give_notice(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    opens_on: date,
    closes_on: date,
    contact: str,
    document_ids: Sequence[uuid.UUID] = (),
) -> Vote:
    """Tell owners and the residents' committee, and freeze the roll (voteGiveNotice, V-16, V-17).

    The notice hangs on the area's board from now on; ``opens_on`` is the county's days away at least, the vote runs to 24:00
    of ``closes_on``. Refuses ``OUT_OF_RANGE`` for days that are too soon or too few, ``ROLL_INCOMPLETE`` where units have no
    area, ``TOO_FEW_PROPOSERS``.
    """
    vote = await uow.load(Vote, id, lock=True)
    vote.opens_on, vote.closes_on = opens_on, closes_on
    if vote.state == VoteState.DRAFT:
        await rolls.freeze(uow, vote)
    await uow.advance(vote, VoteAction.GIVE_NOTICE, documents=document_ids)
    vote.noticed_at = uow.now
    await tallies.announce(uow, vote, contact)
    return vote


async def acknowledge(uow: UnitOfWork, *, id: uuid.UUID) -> Vote:
    """Take note of a vote as the residents' committee (voteAcknowledge, V-17)."""
    vote = await uow.load(Vote, id, lock=True)
    await uow.advance(vote, VoteAction.ACKNOWLEDGE)
    vote.acknowledged_at = uow.now
    await uow.reschedule(vote)
    return vote


async def extend(uow: UnitOfWork, *, id: uuid.UUID, closes_on: date, reason: str) -> Vote:
    """Put off the last day, once and before it is over (voteExtend). Ballots served before keep the day printed on them."""
    vote = await uow.load(Vote, id, lock=True)
    await uow.advance(vote, VoteAction.EXTEND, facts={"extended_to": closes_on}, reason=reason)
    vote.extended_from, vote.closes_on = vote.closes_on, closes_on
    await uow.reschedule(vote)
    return vote


async def cancel(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Vote:
    """Call a vote off before it opens (voteCancel)."""
    vote = await uow.load(Vote, id, lock=True)
    return await uow.advance(vote, VoteAction.CANCEL, reason=reason)


async def publish(uow: UnitOfWork, *, id: uuid.UUID, contact: str, document_ids: Sequence[uuid.UUID] = ()) -> Vote:
    """Post the result in the estate, units masked, for objections (votePublish, V-20). ``contact``: where owners object."""
    vote = await uow.load(Vote, id, lock=True)
    await uow.advance(vote, VoteAction.PUBLISH, documents=document_ids)
    vote.published_on = uow.today
    await tallies.announce(uow, vote, contact)
    return vote


async def object_(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[Vote, VoteObjection]:
    """Object to a published result in time; as an office, order its correction (voteObject, V-20, V-21).

    The first objection asks for a recount; others are recorded until it is done.
    """
    vote = await uow.load(Vote, id, lock=True)
    if vote.state == VoteState.OBJECTED:
        if not reason.strip():
            raise Refusal(ErrorCode.REQUIRED, "reason")
        await uow.act({Role.OWNER, Role.TOWNSHIP, Role.BUREAU}, Vote, vote)
    else:
        await uow.advance(vote, VoteAction.OBJECT, reason=reason)
    if uow.grant is None or uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    objection = VoteObjection(
        county=uow.county,
        vote_id=vote.id,
        role=uow.grant.role.value,
        account_id=uow.actor.account_id,
        reason=reason.strip(),
        document_ids=list(document_ids),
        at=uow.now,
    )
    uow.session.add(objection)
    await uow.session.flush()  # its papers name it
    await papers.attach(uow, document_ids, objection)
    uow.notify(vote)
    return vote, objection


async def confirm(uow: UnitOfWork, *, id: uuid.UUID, reason: str, contact: str) -> Vote:
    """Let the recount stand: post it with the answer to the objections (voteConfirm, SM-8)."""
    vote = await uow.load(Vote, id, lock=True)
    await uow.advance(vote, VoteAction.CONFIRM, reason=reason)
    await tallies.announce(uow, vote, contact, note=reason)
    return vote


async def annul(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    reason: str,
    contact: str,
    judgment: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> Vote:
    """Cancel an unlawful decision and tell all owners (voteAnnul, V-21). With ``judgment``, a court's case number, the office
    records that the court cancelled it (Civil Code 280)."""
    vote = await uow.load(Vote, id, lock=True)
    await uow.advance(vote, VoteAction.ANNUL, reason=reason, documents=document_ids)
    if uow.grant is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    vote.judgment = (judgment or "").strip() or None
    vote.annulled_as = (Authority.COURT if vote.judgment else Authority(uow.grant.role.value)).value
    await tallies.announce(uow, vote, contact, note=reason)
    return vote


async def conveners_grant(uow: UnitOfWork, vote: Vote) -> Any:
    """The grant under which the actor acts for who convened the vote."""
    return await uow.act({Role(vote.applicant_role)}, Vote, vote)


def _scope(building_id: uuid.UUID | None, entrance: str | None) -> VoteScope:
    if building_id is None:
        return VoteScope.AREA
    return VoteScope.BUILDING if entrance is None else VoteScope.ENTRANCE


async def _building(
    uow: UnitOfWork, area: PropertyArea, building_id: uuid.UUID | None, entrance: str | None
) -> Building | None:
    if building_id is None:
        if entrance is not None:
            raise Refusal(ErrorCode.REQUIRED, "buildingId")
        return None
    building = await uow.load(Building, building_id, field="buildingId")
    if building.area_id != area.id:
        raise Refusal(ErrorCode.NOT_FOUND, "buildingId")
    return building


async def _write_items(uow: UnitOfWork, vote: Vote, given: Iterable[Item | Mapping[str, Any]]) -> None:
    items = [item if isinstance(item, Item) else Item(**item) for item in given]
    if not items:
        raise Refusal(ErrorCode.REQUIRED, "agenda")
    most = MOST_ITEMS if vote.subject_id is None else 1
    if len(items) > most:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "agenda", most=most)
    for item in items:
        refused = mode_refusal(uow.profile, item.matter, item.mode, await _mode_of_clause(uow, vote, item))
        if refused:
            raise refused
    uow.session.add_all(
        VoteItem(
            county=uow.county,
            vote_id=vote.id,
            position=position,
            matter=item.matter.value,
            title=_text(item.title, "title"),
            text=_text(item.text, "text"),
            mode=item.mode.value,
            clause_id=item.clause_id if item.mode is not VoteMode.STANDARD else None,
        )
        for position, item in enumerate(items, start=1)
    )
    vote.item_count = len(items)
    vote.by_objection = any(item.mode is VoteMode.OBJECTION for item in items)
    await uow.session.flush()


async def _mode_of_clause(uow: UnitOfWork, vote: Vote, item: Item) -> VoteMode | None:
    """The mode that the named clause allows, if it stands and is one of the vote's area."""
    if item.clause_id is None:
        return None
    clause = await uow.load(ModeClause, item.clause_id, field="clauseId")
    if clause.area_id != vote.area_id:
        raise Refusal(ErrorCode.NOT_FOUND, "clauseId")
    if clause.mode is None:  # it is about the committee's quota
        raise Refusal(ErrorCode.INVALID_INPUT, "clauseId")
    await mode_clauses.check_stands(uow, clause, "clauseId")
    return VoteMode(clause.mode)


async def _check_asks_the_same(uow: UnitOfWork, vote: Vote, given: Sequence[Item]) -> None:
    """What a fund request or a quota asks is its own: its words and its majority are not changed in the vote's draft."""
    if vote.subject_id is None:
        return
    asked = [
        Item(Matter(row.matter), row.title, row.text, VoteMode(row.mode), row.clause_id)
        for row in await tallies.items_of(uow, vote)
    ]
    if list(given) != asked:
        raise Refusal(ErrorCode.INVALID_INPUT, "agenda")


def _text(value: str, field: str) -> str:
    if not value.strip():
        raise Refusal(ErrorCode.REQUIRED, field)
    return value.strip()
