"""Owners' votes on the use of the fund: one that passes by the law, one that passes by a special mode alone (SM-8, V-31)."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.demo.scene import Scene, Site
from domain.ballots import BallotChannel
from domain.documents import DocumentKind
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.tallies import Choice, Matter
from domain.votes import ServedPaper, ServiceWay
from models.funds import FundRequest
from models.rolls import RollHead, RollOwner, RollUnit
from models.votes import Vote, VoteItem
from resolvers import ballot_papers, ballots, fund_votes, mode_clauses, rolls, tallies, votes
from resolvers.unit_of_work import UnitOfWork

TAKES = 42
"""Days from the notice to the final result: sixteen to the first day, fifteen of voting, a week of objections."""

_CONTACT: dict[str, Any] = {"contact": "居委会（演示）"}


async def clause(scene: Scene, site: Site, mode: VoteMode, ago: int) -> uuid.UUID:
    """The adopted clause of the rules of procedure that allows a special mode (V-25)."""
    row = await scene.do(
        site.chair_id or uuid.UUID(int=0),
        scene.at(ago),
        mode_clauses.record,
        DocumentKind.OWNERS_RESOLUTION,
        area_id=site.area_id,
        mode=mode,
        source=Matter.RULES_OF_PROCEDURE,
        article="第三十二条：使用维修资金可以采用异议表决（演示）",
        adopted_on=scene.day(ago + 200),
    )
    found: uuid.UUID = row.id
    return found


async def hold(
    scene: Scene,
    site: Site,
    request_id: uuid.UUID,
    ago: int,
    *,
    on_paper: int,
    mode: VoteMode = VoteMode.STANDARD,
    clause_id: uuid.UUID | None = None,
) -> None:
    """Hold the vote of a posted request from ``ago`` days before today; final ``TAKES`` days later.

    Two owners vote online; ``on_paper`` others hand in paper ballots, which two people of the committee enter.
    """
    chair, vice = site.chair_id or uuid.UUID(int=0), site.vice_id or uuid.UUID(int=0)
    given: dict[str, Any] = {"on_platform": True, "mode": mode, "clause_id": clause_id}
    request: FundRequest = await scene.do(chair, scene.at(ago), fund_votes.open_vote, id=request_id, **given)
    vote_id = request.vote_id or uuid.UUID(int=0)
    days: dict[str, Any] = {"opens_on": scene.day(ago - 16), "closes_on": scene.day(ago - 31)}
    await scene.do(chair, scene.at(ago, 11), votes.give_notice, id=vote_id, **days, **_CONTACT)
    await scene.do(scene.office(Role.COMMUNITY, site.plan.place), scene.at(ago - 1), votes.acknowledge, id=vote_id)
    await scene.tick(scene.at(ago - 16))
    await _serve(scene, chair, vote_id, ago - 17)
    choices = await _all_for(scene, vote_id)
    for home in site.homes:
        if home.account_id:
            await scene.do(home.account_id, scene.at(ago - 18), ballots.cast, vote_id=vote_id, choices=choices)
    when = scene.at(ago - 20)
    for unit_id, elector_id in (await _silent(scene, vote_id))[:on_paper]:
        paper = await scene.do(
            chair,
            when,
            _enter,
            DocumentKind.BALLOT,
            vote_id=vote_id,
            unit_id=unit_id,
            channel=BallotChannel.PAPER,
            received_on=scene.day(ago - 20),
            choices=choices,
            elector_id=elector_id,
        )
        await scene.do(vice, when + timedelta(hours=1), ballot_papers.confirm, id=paper.id, choices=choices)
    await scene.tick(scene.at(ago - 32))
    await scene.do(chair, scene.at(ago - 32), tallies.count, id=vote_id)
    await scene.do(chair, scene.at(ago - 32, 15), votes.publish, id=vote_id, **_CONTACT)
    await scene.tick(scene.at(ago - TAKES))


async def _enter(uow: UnitOfWork, *, document_ids: list[uuid.UUID], **given: Any) -> Any:
    return await ballot_papers.enter(uow, document_id=document_ids[0], **given)


async def _serve(scene: Scene, chair: uuid.UUID, vote_id: uuid.UUID, ago: int) -> None:
    """The ballots handed over at every unit, with the last day printed on them (V-28)."""

    async def work(uow: UnitOfWork) -> None:
        vote = await uow.load(Vote, vote_id)
        units = await uow.session.scalars(
            select(RollUnit.unit_id).where(RollUnit.county == uow.county, RollUnit.vote_id == vote_id)
        )
        await rolls.serve(
            uow,
            vote_id=vote_id,
            unit_ids=list(units),
            paper=ServedPaper.BALLOT,
            way=ServiceWay.IN_PERSON,
            served_on=uow.today,
            document_id=await scene.paper(uow, DocumentKind.SERVICE_PROOF),
            printed_last_day=vote.closes_on,
        )

    await scene.run(chair, scene.at(ago), work)


async def _all_for(scene: Scene, vote_id: uuid.UUID) -> list[dict[str, Any]]:
    async def look(uow: UnitOfWork) -> list[dict[str, Any]]:
        items = await uow.session.scalars(
            select(VoteItem.id).where(VoteItem.county == uow.county, VoteItem.vote_id == vote_id)
        )
        return [{"item_id": item, "choice": Choice.FOR} for item in items]

    return await scene.clock(scene.now, look)  # type: ignore[no-any-return]


async def _silent(scene: Scene, vote_id: uuid.UUID) -> list[tuple[uuid.UUID, uuid.UUID | None]]:
    """A unit and an owner of each head that has no ballot yet, in the roll's order."""

    async def look(uow: UnitOfWork) -> list[tuple[uuid.UUID, uuid.UUID | None]]:
        found = await uow.session.execute(
            select(RollHead.id, RollUnit.unit_id, RollOwner.owner_id)
            .join(RollUnit, (RollUnit.county == RollHead.county) & (RollUnit.head_id == RollHead.id))
            .outerjoin(RollOwner, (RollOwner.county == RollHead.county) & (RollOwner.head_id == RollHead.id))
            .where(RollHead.county == uow.county, RollHead.vote_id == vote_id, RollHead.voted_at.is_(None))
            .order_by(RollHead.number, RollUnit.position, RollOwner.owner_id)
        )
        heads: dict[uuid.UUID, tuple[uuid.UUID, uuid.UUID | None]] = {}
        for head_id, unit_id, owner_id in found:
            heads.setdefault(head_id, (unit_id, owner_id))
        return list(heads.values())

    return await scene.clock(scene.now, look)  # type: ignore[no-any-return]
