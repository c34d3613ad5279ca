"""How votes, rolls, ballots and mandates stand to grants (the judgement behind their matrix), and examples of each."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.actor import Actor, Grant
from domain.roles import Role
from models.ballots import Ballot, BallotPaper, Mandate
from models.base import new_id
from models.committees import Committee
from models.custody_choices import CustodyChoice
from models.documents import Document
from models.estates import Estate, Ownership, Unit
from models.fund_quotas import FundQuota
from models.people import Owner
from models.rolls import BallotService, RollHead, RollOwner, RollUnit
from models.votes import ModeClause, Vote, VoteItem, VoteObjection, VoteResult

KNOWN = (Vote, ModeClause, FundQuota, CustodyChoice, VoteObjection, RollHead, Mandate, Ballot)
PARENTS: Mapping[type[Any], tuple[str, type[Any]]] = {
    VoteItem: ("vote_id", Vote),
    VoteResult: ("vote_id", Vote),
    RollUnit: ("head_id", RollHead),
    RollOwner: ("head_id", RollHead),
    BallotPaper: ("head_id", RollHead),
    BallotService: ("roll_unit_id", RollUnit),
}


def _noticed_or(role: str) -> Callable[[Any, Any], bool]:
    return lambda _places, vote: vote.noticed_at is not None or vote.applicant_role == role


CONDITIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "decided": lambda _places, quota: quota.state != "PROPOSED",
    "noticed": lambda _places, vote: vote.noticed_at is not None,
    "noticed_or_committees": _noticed_or("COMMITTEE"),
    "noticed_or_communitys": _noticed_or("COMMUNITY"),
    "noticed_or_townships": _noticed_or("TOWNSHIP"),
}


def own(places: Any, actor: Actor, grant: Grant, row: Any) -> bool | None:
    """Owners: votes of their area, their own head, objection, mandate. A ballot: its voter's. ``None``: its place decides."""
    if isinstance(row, Ballot):
        return actor.account_id in (row.elector_account_id, row.cast_by if row.paper_id is None else None)
    if isinstance(row, VoteObjection) and grant.role is not Role.OWNER:
        vote = places.one(Vote, row.county, row.vote_id)
        return bool(places.sees(actor, Vote, vote) & {grant.role})
    if grant.role is not Role.OWNER:
        return None
    if isinstance(row, Vote | ModeClause | FundQuota | CustodyChoice):
        return bool(places.one(Unit, row.county, grant.unit_id).area_id == row.area_id)
    if isinstance(row, RollHead):
        held = [entry.owner_id for entry in places.world.rows[RollOwner] if entry.head_id == row.id]
        return any(_oneself(places, actor, row.county, owner) for owner in held)
    if isinstance(row, Mandate):
        return any(_oneself(places, actor, row.county, owner) for owner in (row.principal_id, row.agent_id))
    return bool(row.account_id == actor.account_id)


def _oneself(places: Any, actor: Actor, county: str, owner_id: Any) -> bool:
    owner = places.one(Owner, county, owner_id)
    guardian = places.one(Owner, county, owner.guardian_id) if owner else None
    return actor.account_id in {each.account_id for each in (owner, guardian) if each} - {None}


def examples(session: Session, county: str, by: Any, document: Document) -> None:
    """A final vote and a draft of every area that has owners with logins, with what hangs on them."""
    held = (
        select(Unit, Owner)
        .join(Ownership, (Ownership.county == Unit.county) & (Ownership.unit_id == Unit.id))
        .join(Owner, (Owner.county == Ownership.county) & (Owner.id == Ownership.owner_id))
        .where(Unit.county == county, Unit.area_id.is_not(None), Ownership.valid_to.is_(None))
        .order_by(Owner.account_id.is_(None), Unit.id)
    )
    voters: dict[Any, dict[Any, tuple[Unit, Owner]]] = {}
    for unit, owner in session.execute(held):
        voters.setdefault(unit.area_id, {}).setdefault(unit.id, (unit, owner))
    for at, theirs in enumerate(voters.values()):
        _vote_of(session, list(theirs.values())[:4], by, document, with_paper=at == 0)
    session.flush()


def _vote_of(
    session: Session, voters: list[tuple[Unit, Owner]], by: Any, document: Document, *, with_paper: bool
) -> None:
    (unit, owner), at = voters[0], datetime.now(UTC)
    estate = session.get_one(Estate, (unit.county, unit.estate_id))
    committee = session.scalar(
        select(Committee.id).where(Committee.county == unit.county, Committee.area_id == unit.area_id).limit(1)
    )
    place = {"county": unit.county, "area_id": unit.area_id, "township": estate.township, "community": estate.community}
    case = {
        "title": "示例表决",
        "state_since": at,
        "step": 0,
        "workflow": "vote",
        "workflow_version": 1,
        "profile_version": f"{unit.county}/1",
        "committee_id": committee,
        "applicant_id": owner.account_id or by,
        "scope": "AREA",
        "version": 1,
        "occasion": "REGULAR",
        "salt": "示例",
    }
    rows: list[Any] = [
        Vote(**place, **case, id=new_id(), state="DRAFT", applicant_role=role)
        for role in ("COMMITTEE", "COMMUNITY", "TOWNSHIP")
    ]
    vote = Vote(**place, **case, id=new_id(), state="FINAL", applicant_role="COMMITTEE", noticed_at=at, item_count=1)
    key = {"county": unit.county, "vote_id": vote.id}
    clause = ModeClause(
        **place,
        id=new_id(),
        mode="OBJECTION",
        source="COVENANT",
        article="第五条",
        adopted_on=date(2025, 1, 1),
        recorded_by=by,
    )
    limits = {"works": "示例", "item_limit": 1, "year_limit": 1, "valid_from": at.date(), "valid_to": at.date()}
    quotas = [
        FundQuota(
            **place,
            **limits,
            id=new_id(),
            kind="COLLECTIVE",
            state=state,
            vote_id=vote.id,
            clause_id=clause.id,
            recorded_by=by,
        )
        for state in ("PROPOSED", "IN_FORCE")
    ]
    choices = [
        CustodyChoice(**place, id=new_id(), holder="BUREAU", state=state, vote_id=vote.id)
        for state in ("PROPOSED", "CARRIED_OUT")
    ]
    item = VoteItem(**key, id=new_id(), position=1, matter="FUND_USE", title="示例", text="示例", mode="STANDARD")
    figures = {
        f"{name}_{what}": 1 for name in ("scope", "for", "against", "abstained", "silent") for what in ("area", "heads")
    }
    outcomes = dict.fromkeys(("strict_outcome", "mode_outcome", "outcome"), "PASSED")
    counted = {"legal_basis": "示例", "profile_version": "1", "counted_by": by, "counted_at": at}
    result = VoteResult(**key, id=new_id(), item_id=item.id, round=1, position=1, **figures, **outcomes, **counted)
    rows += [vote, clause, *quotas, *choices, item, result]
    for number, (home, holder) in enumerate(voters, start=1):
        account = holder.account_id or by
        head = RollHead(
            **place, id=new_id(), vote_id=vote.id, number=number, kind="OWNERS", area=1, unit_count=1, voted_at=at
        )
        entry = RollUnit(
            **key, id=new_id(), head_id=head.id, unit_id=home.id, position=number, name=home.name,
            name_mask=home.name_mask, area=1, area_basis="REGISTERED",
        )  # fmt: skip
        served = {"paper": "BALLOT", "way": "IN_PERSON", "served_on": at.date(), "document_id": document.id}
        received = {"channel": "PAPER", "received_on": at.date(), "state": "ACCEPTED", "entries": 2}
        said = {"version": 1, "choices": ["FOR"], "channel": "ONLINE", "receipt": "示例", "at": at}
        mandate = {"kind": "PROXY", "principal_id": holder.id, "agent_id": voters[-1][1].id, "document_id": document.id}
        rows += [
            head,
            entry,
            RollOwner(**key, id=new_id(), head_id=head.id, owner_id=holder.id),
            BallotService(**key, id=new_id(), roll_unit_id=entry.id, **served, recorded_by=by, at=at),
            Mandate(
                **place, **mandate, id=new_id(), vote_id=vote.id, valid_from=at.date(), valid_to=at.date(), recorded_by=by
            ),
            VoteObjection(**key, id=new_id(), role="OWNER", account_id=account, reason="示例", at=at),
            Ballot(
                **key, **said, id=new_id(), head_id=head.id, elector_id=holder.id, elector_key=holder.id,
                cast_by=by, elector_account_id=account,
            ),
        ]  # fmt: skip
        if with_paper and number == 1:  # one image is of one paper
            rows.append(
                BallotPaper(
                    **key, **received, id=new_id(), head_id=head.id, elector_id=holder.id, document_id=document.id
                )
            )
    for row in rows:
        session.add(row)
        session.flush()
