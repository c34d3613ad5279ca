"""The roll of a vote: frozen at the notice (V-16), and what was served to whom (V-28)."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.dialects.postgresql import insert

from domain.calendar import today
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.estates import OwnershipBasis, UnitUse
from domain.rolls import HeadKind, Holder, RegisteredUnit, counts, head_of, representative
from domain.votes import VOTE, ServedPaper, ServiceWay, VoteState
from models.base import new_id
from models.documents import Document
from models.estates import Ownership, Unit
from models.rolls import BallotService, RollHead, RollOwner, RollUnit
from models.votes import Vote
from resolvers import documents as papers
from resolvers.unit_of_work import UnitOfWork

SHOWN_UNITS = 10
MOST_SERVED = 500


async def freeze(uow: UnitOfWork, vote: Vote) -> None:
    """Write down who is asked, with what area: every unit in scope, as the register has it today (V-8, V-9, V-14, V-15).

    Refuses ``ROLL_INCOMPLETE`` for units without an area, and where nothing is in scope.
    """
    units = await _units(uow, vote)
    holders = await _holders(uow, vote)
    known = {unit.id: _registered(unit, tuple(holders[unit.id])) for unit in units}
    voting = [unit for unit in units if counts(known[unit.id], uow.profile)]
    lacking = [unit.name for unit in voting if not unit.building_area]
    if lacking or not voting:
        raise Refusal(ErrorCode.ROLL_INCOMPLETE, "id", units=lacking[:SHOWN_UNITS], count=len(lacking))
    heads: dict[tuple[HeadKind, str], list[Unit]] = defaultdict(list)
    for unit in voting:
        heads[head_of(known[unit.id], uow.today)].append(unit)
    position = {unit.id: place for place, unit in enumerate(voting, start=1)}
    place = {"county": uow.county, "vote_id": vote.id}
    head_rows: list[dict[str, Any]] = []
    unit_rows: list[dict[str, Any]] = []
    owner_rows: list[dict[str, Any]] = []
    for number, ((kind, _key), theirs) in enumerate(heads.items(), start=1):
        head_id = new_id()
        mine = [known[unit.id] for unit in theirs]
        owners = {holder.owner_id for unit in mine for holder in unit.holders} if kind is HeadKind.OWNERS else set()
        head_rows.append(
            {
                **place,
                "id": head_id,
                "area_id": vote.area_id,
                "township": vote.township,
                "community": vote.community,
                "number": number,
                "kind": kind.value,
                "area": sum(unit.building_area or 0 for unit in theirs),
                "unit_count": len(theirs),
                "representative_id": representative(mine) if len(owners) > 1 else None,
            }
        )
        unit_rows += [
            {
                **place,
                "id": new_id(),
                "head_id": head_id,
                "unit_id": unit.id,
                "position": position[unit.id],
                "name": unit.name,
                "name_mask": unit.name_mask,
                "area": unit.building_area,
                "area_basis": unit.area_basis,
            }
            for unit in theirs
        ]
        owner_rows += [{**place, "id": new_id(), "head_id": head_id, "owner_id": owner} for owner in sorted(owners)]
    await uow.session.execute(insert(RollHead), head_rows)
    await uow.session.execute(insert(RollUnit), unit_rows)
    if owner_rows:
        await uow.session.execute(insert(RollOwner), owner_rows)
    vote.scope_area, vote.scope_heads = sum(row["area"] for row in head_rows), len(head_rows)


async def serve(
    uow: UnitOfWork,
    *,
    vote_id: uuid.UUID,
    unit_ids: Sequence[uuid.UUID],
    paper: ServedPaper,
    way: ServiceWay,
    served_on: date,
    document_id: uuid.UUID,
    printed_last_day: date | None = None,
) -> Vote:
    """Record that notice or ballot reached the owners of these units, with one proof for all of them (voteServe, V-28).

    A ballot names the last day that is printed on it: the vote's own on the day of serving. Up to 500 units at once; units
    that have such a record already keep it. Refuses ``OUT_OF_RANGE`` for days that cannot be, ``NOT_FOUND`` for units that
    are not on the roll, ``MISSING_DOCUMENT`` for a document that is no proof of service.
    """
    paper, way = ServedPaper(paper), ServiceWay(way)
    vote = await uow.load(Vote, vote_id, field="voteId")
    if vote.state not in (VoteState.NOTICED, VoteState.OPEN):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=vote.state, action="SERVE")
    grant = await uow.act(VOTE.openers(uow.profile), Vote, vote)
    _check_days(uow, vote, paper, served_on, printed_last_day)
    wanted = dict.fromkeys(unit_ids)
    if not 0 < len(wanted) <= MOST_SERVED:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "unitIds", least=1, most=MOST_SERVED)
    on_the_roll = await uow.session.execute(
        select(RollUnit.unit_id, RollUnit.id).where(
            RollUnit.county == uow.county, RollUnit.vote_id == vote.id, RollUnit.unit_id.in_(wanted)
        )
    )
    rows = {row.unit_id: row.id for row in on_the_roll}
    if missing := [str(unit) for unit in wanted if unit not in rows]:
        raise Refusal(ErrorCode.NOT_FOUND, "unitIds", ids=missing[:SHOWN_UNITS])
    await _attach_proof(uow, vote, document_id)
    served = {
        "county": uow.county,
        "vote_id": vote.id,
        "paper": paper.value,
        "way": way.value,
        "served_on": served_on,
        "printed_last_day": printed_last_day if paper is ServedPaper.BALLOT else None,
        "document_id": document_id,
        "recorded_by": uow.actor.account_id,
        "at": uow.now,
    }
    records = [{**served, "id": new_id(), "roll_unit_id": row_id} for row_id in rows.values()]
    await uow.session.execute(insert(BallotService).values(records).on_conflict_do_nothing())
    await uow.audit("voteServe", vote, grant=grant, documents=[document_id], detail={"units": len(wanted)})
    uow.notify(vote)
    return vote


def _check_days(uow: UnitOfWork, vote: Vote, paper: ServedPaper, served_on: date, printed: date | None) -> None:
    first = vote.noticed_at and today(vote.noticed_at)
    if served_on > uow.today or (first is not None and served_on < first):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "servedOn", least=first, most=uow.today)
    if paper is ServedPaper.BALLOT and printed is None:
        raise Refusal(ErrorCode.REQUIRED, "printedLastDay")
    if printed is not None and printed not in (vote.closes_on, vote.extended_from):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "printedLastDay", least=vote.closes_on, most=vote.closes_on)


async def _attach_proof(uow: UnitOfWork, vote: Vote, document_id: uuid.UUID) -> None:
    (proof,) = await uow.load_all(Document, [document_id], field="documentId")
    if proof.kind not in (DocumentKind.SERVICE_PROOF, DocumentKind.PHOTO, DocumentKind.POSTING_PROOF):
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentId", documents=[DocumentKind.SERVICE_PROOF.value])
    await papers.attach(uow, [document_id], vote, field="documentId")


def _in_scope(vote: Vote) -> list[ColumnElement[bool]]:
    scope = [Unit.county == vote.county, Unit.area_id == vote.area_id]
    if vote.building_id is not None:
        scope.append(Unit.building_id == vote.building_id)
    if vote.entrance is not None:
        scope.append(Unit.entrance == vote.entrance)
    return scope


async def _units(uow: UnitOfWork, vote: Vote) -> list[Unit]:
    in_order = select(Unit).where(*_in_scope(vote)).order_by(Unit.estate_id, Unit.sort_key, Unit.id)
    return list(await uow.session.scalars(in_order))


async def _holders(uow: UnitOfWork, vote: Vote) -> dict[uuid.UUID, list[Holder]]:
    held = await uow.session.execute(
        select(Ownership.unit_id, Ownership.owner_id, Ownership.basis, Ownership.is_representative)
        .join(Unit, and_(Unit.county == Ownership.county, Unit.id == Ownership.unit_id))
        .where(
            Ownership.county == uow.county,
            *_in_scope(vote),
            Ownership.valid_from <= uow.today,
            or_(Ownership.valid_to.is_(None), Ownership.valid_to > uow.today),
        )
    )
    holders: dict[uuid.UUID, list[Holder]] = defaultdict(list)
    for unit_id, owner_id, basis, represents in held:
        holders[unit_id].append(Holder(owner_id, OwnershipBasis(basis), represents))
    return holders


def _registered(unit: Unit, holders: tuple[Holder, ...]) -> RegisteredUnit:
    return RegisteredUnit(
        unit.id,
        unit.building_area,
        UnitUse(unit.use),
        holders,
        developer_held=unit.developer_held,
        sold=unit.net_sign_no is not None,
        delivered_on=unit.delivered_on,
    )
