"""What a count gave: the tally of a vote's items, its recount by others, and what hangs on the board (V-20, V-31)."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, text

from domain.ballots import PaperState, effective
from domain.disclosures import DisclosureItem
from domain.errors import ErrorCode, Refusal
from domain.fund_votes import VoteFigures
from domain.profiles import profile_version
from domain.profiles.parameters import VoteMode
from domain.tallies import LEGAL_BASIS, Choice, Count, Heads, Matter, Outcome, Tally, by_mode, counted, deciding, strict
from domain.votes import VoteAction, VoteState
from models import rolls as roll_models
from models.ballots import BallotPaper
from models.estates import PropertyArea
from models.votes import Vote, VoteItem, VoteResult
from resolvers.disclosures import About, Posting, put_up
from resolvers.unit_of_work import UnitOfWork


async def count(uow: UnitOfWork, *, id: uuid.UUID) -> Vote:
    """Count the ballots: the strict tally and the mode's of every item (voteTally, V-20, V-31).

    Refuses ``PAPERS_NOT_SETTLED`` while a paper ballot waits for its second or third entry.
    """
    vote = await uow.load(Vote, id, lock=True)
    await uow.advance(vote, VoteAction.TALLY, facts={"open_papers": await _open_papers(uow, vote)})
    vote.counted_by = uow.actor.account_id
    await _store(uow, vote, 1)
    return vote


async def recount(uow: UnitOfWork, *, id: uuid.UUID) -> Vote:
    """Count again from the frozen roll and the ballots, by others than who counted (voteRecount, SM-8)."""
    vote = await uow.load(Vote, id, lock=True)
    if await _open_papers(uow, vote):
        raise Refusal(ErrorCode.PAPERS_NOT_SETTLED, papers=await _open_papers(uow, vote))
    own = vote.counted_by == uow.actor.account_id
    await uow.advance(vote, VoteAction.RECOUNT, facts={"counts_own_count": own})
    await _store(uow, vote, 2)
    return vote


async def counted_items(uow: UnitOfWork, vote: Vote, items: Sequence[VoteItem]) -> list[Tally]:
    """The pure count of each item over the frozen roll, of whose many thousand heads the database puts those together that are
    alike: it sums areas and decides nothing."""
    by_item: list[list[Heads]] = [[] for _ in items]
    found = await uow.session.execute(_ALIKE, {"county": vote.county, "vote": vote.id})
    for units, served, representative, said, area, heads in found:
        choices = effective(dict(enumerate(map(tuple, said or ()), start=1)), representative)
        for at, alike in enumerate(by_item):
            word = choices[at] if choices else None
            choice = None if word is None else Choice(word)
            # A head is silent only when it was served at each of its units with the last day on the ballot (V-28).
            alike.append(Heads(choice, served == units, Count(int(area), heads)))
    return [counted(alike) for alike in by_item]


async def results_of(uow: UnitOfWork, vote: Vote) -> list[VoteResult]:
    """The results of the last round, in the items' order."""
    newest = select(func.max(VoteResult.round)).where(VoteResult.county == uow.county, VoteResult.vote_id == vote.id)
    found = await uow.session.scalars(
        select(VoteResult)
        .where(
            VoteResult.county == uow.county, VoteResult.vote_id == vote.id, VoteResult.round == newest.scalar_subquery()
        )
        .order_by(VoteResult.position)
    )
    return list(found)


def figures(result: VoteResult) -> VoteFigures:
    """A result as requests and plans keep it."""
    return VoteFigures(
        scope_area=result.scope_area,
        scope_heads=result.scope_heads,
        participating_area=result.for_area + result.against_area + result.abstained_area,
        participating_heads=result.for_heads + result.against_heads + result.abstained_heads,
        for_area=result.for_area,
        for_heads=result.for_heads,
    )


async def overall(uow: UnitOfWork, vote: Vote) -> Outcome:
    """What counts for whoever waits for the vote: such a vote has one item."""
    return next(
        (Outcome(result.outcome) for result in await results_of(uow, vote) if result.outcome != Outcome.PASSED),
        Outcome.PASSED,
    )


async def announce(uow: UnitOfWork, vote: Vote, contact: str, *, note: str = "") -> None:
    """Post on the area's board what stands now: the notice, the result with units masked, its end (V-17, V-20, V-21)."""
    if uow.grant is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    area = await uow.load(PropertyArea, vote.area_id or uuid.UUID(int=0), field="id")
    items = await items_of(uow, vote)
    results = await results_of(uow, vote)
    profile = profile_version(vote.profile_version)
    posting = Posting(
        title=f"{_TITLES[VoteState(vote.state)]}：{vote.title}",
        body="\n".join([*_lines(vote, items, results), *([note] if note else [])]),
        objection_contact=contact,
        content={
            "vote": str(vote.id),
            "state": vote.state,
            "results": [_as_data(result) for result in results],
            "units": await _masked_units(uow, vote) if results else [],
        },
        posted_days=profile.vote_objection_days if results else profile.vote_notice_days,
        estate_id=vote.estate_id,
    )
    await put_up(uow, area, DisclosureItem.DECISION, posting, grant=uow.grant, about=About("vote", vote.id))


async def items_of(uow: UnitOfWork, vote: Vote) -> list[VoteItem]:
    """What is asked, in order."""
    found = await uow.session.scalars(
        select(VoteItem).where(VoteItem.county == uow.county, VoteItem.vote_id == vote.id).order_by(VoteItem.position)
    )
    return list(found)


async def _open_papers(uow: UnitOfWork, vote: Vote) -> int:
    waiting = select(func.count()).where(
        BallotPaper.county == uow.county,
        BallotPaper.vote_id == vote.id,
        BallotPaper.state.in_([PaperState.ENTERED_ONCE.value, PaperState.CONFLICT.value]),
    )
    return int(await uow.session.scalar(waiting) or 0)


async def _store(uow: UnitOfWork, vote: Vote, number: int) -> None:
    items = await items_of(uow, vote)
    strict_required = profile_version(vote.profile_version).strict_vote_required
    for item, tallied in zip(items, await counted_items(uow, vote, items), strict=True):
        matter, mode = Matter(item.matter), VoteMode(item.mode)
        strictly = strict(matter, tallied)
        in_mode = strictly if mode is VoteMode.STANDARD else by_mode(mode, tallied)
        uow.session.add(
            VoteResult(
                county=uow.county,
                vote_id=vote.id,
                item_id=item.id,
                round=number,
                position=item.position,
                scope_area=tallied.scope.area,
                scope_heads=tallied.scope.heads,
                for_area=tallied.for_.area,
                for_heads=tallied.for_.heads,
                against_area=tallied.against.area,
                against_heads=tallied.against.heads,
                abstained_area=tallied.abstained.area,
                abstained_heads=tallied.abstained.heads,
                silent_area=tallied.silent_served.area,
                silent_heads=tallied.silent_served.heads,
                strict_outcome=strictly.value,
                mode_outcome=in_mode.value,
                outcome=deciding(strictly, in_mode, strict_required=strict_required).value,
                legal_basis=LEGAL_BASIS[mode],
                profile_version=vote.profile_version,
                counted_by=uow.actor.account_id,
                counted_at=uow.now,
            )
        )
    await uow.session.flush()


_ALIKE = text("""
WITH newest AS (
    SELECT DISTINCT ON (head_id, elector_key) head_id, elector_key, choices FROM ballot
     WHERE county = :county AND vote_id = :vote ORDER BY head_id, elector_key, version DESC
), said AS (
    SELECT head_id, array_agg(elector_key) AS electors, array_agg(choices) AS choices FROM newest
     WHERE choices IS NOT NULL GROUP BY head_id
), served AS (
    SELECT unit.head_id, count(*) AS units FROM roll_unit unit
      JOIN ballot_service service ON service.county = unit.county AND service.roll_unit_id = unit.id
     WHERE unit.county = :county AND unit.vote_id = :vote
       AND service.county = :county AND service.vote_id = :vote AND service.paper = 'BALLOT' GROUP BY unit.head_id
)
SELECT head.unit_count, coalesce(served.units, 0),
       CASE WHEN head.representative_id IS NOT NULL
            THEN coalesce(array_position(said.electors, head.representative_id), 0) END,
       said.choices, sum(head.area), count(*)
  FROM roll_head head LEFT JOIN said ON said.head_id = head.id LEFT JOIN served ON served.head_id = head.id
 WHERE head.county = :county AND head.vote_id = :vote GROUP BY 1, 2, 3, 4
""")
"""Heads that are alike: their units and how many of these were served; the last ballots of their electors that were not
withdrawn, and which of these is the fixed representative's (0: none cast; null: none is fixed); area and number of the heads."""

_TITLES: Mapping[VoteState, str] = {
    VoteState.NOTICED: "业主共同决定事项表决通知",
    VoteState.PUBLISHED: "业主共同决定事项表决结果公示",
    VoteState.FINAL: "业主共同决定事项复核结果",
    VoteState.ANNULLED: "业主共同决定撤销公告",
}
_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.PASSED: "通过",
    Outcome.FAILED_QUORUM: "未通过（参与表决人数或面积不足）",
    Outcome.FAILED_SUPPORT: "未通过（同意人数或面积不足）",
}


def _lines(vote: Vote, items: Sequence[VoteItem], results: Sequence[VoteResult]) -> list[str]:
    by_item = {result.item_id: result for result in results}
    lines = [f"表决时间：{vote.opens_on}至{vote.closes_on}。"]
    for item in items:
        lines.append(f"{item.position}. {item.title}：{item.text}")
        if result := by_item.get(item.id):
            lines.append(
                f"应参加{_shown(result.scope_area, result.scope_heads)}；"
                f"同意{_shown(result.for_area, result.for_heads)}，"
                f"反对{_shown(result.against_area, result.against_heads)}，"
                f"弃权{_shown(result.abstained_area, result.abstained_heads)}。"
                f"按民法典第二百七十八条：{_OUTCOMES[Outcome(result.strict_outcome)]}；"
                f"按表决方式（{result.legal_basis}）：{_OUTCOMES[Outcome(result.mode_outcome)]}；"
                f"结果：{_OUTCOMES[Outcome(result.outcome)]}。"
            )
    return lines


def _shown(area: int, heads: int) -> str:
    return f"{area // 100:,}.{area % 100:02d}㎡、{heads}人"


def _as_data(result: VoteResult) -> dict[str, Any]:
    names = ("scope", "for", "against", "abstained", "silent")
    figures = {
        f"{name}{what}": getattr(result, f"{name}_{what.lower()}") for name in names for what in ("Area", "Heads")
    }
    return {
        "position": result.position,
        "round": result.round,
        **figures,
        "strictOutcome": result.strict_outcome,
        "modeOutcome": result.mode_outcome,
        "outcome": result.outcome,
        "legalBasis": result.legal_basis,
    }


async def _masked_units(uow: UnitOfWork, vote: Vote) -> list[dict[str, Any]]:
    """Who took part, by masked unit, never how (V-20, PRI-9)."""
    heads, units = roll_models.RollHead, roll_models.RollUnit
    found = await uow.session.execute(
        select(units.name_mask, units.area, heads.voted_at.is_not(None))
        .join(heads, (heads.county == units.county) & (heads.id == units.head_id))
        .where(units.county == uow.county, units.vote_id == vote.id, heads.county == uow.county)
        .order_by(units.position)
    )
    return [{"unit": mask, "area": area, "voted": voted} for mask, area, voted in found]
