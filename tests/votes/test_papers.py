"""Paper ballots, what was served, and the modes that read silence (V-19, V-28 to V-31, G-1, G-2, G-2b)."""

from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.ballots import BallotChannel, PaperState
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.profiles import profile_for_test
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.votes import ServedPaper, ServiceWay
from models.ballots import Ballot, BallotPaper, PaperEntry
from models.estates import Unit
from models.rolls import RollHead
from models.votes import Vote, VoteResult
from resolvers import ballot_papers, ballots, rolls, tallies
from tests.acts import Ask, opaque, row_of
from tests.stage import Stage
from tests.votes.electorate import ITEM, Electorate


class Clerks:
    """Three people who enter the papers of one vote: of the committee, the community and the township."""

    def __init__(self, electorate: Electorate, vote: Vote, others: list[Actor]) -> None:
        self.electorate, self.vote, self.stage = electorate, vote, electorate.stage
        self.first, self.second, self.third = electorate.committee, *others

    @classmethod
    async def of(cls, electorate: Electorate, vote: Vote) -> "Clerks":
        others = [await electorate.stage.actor(role) for role in (Role.COMMUNITY, Role.TOWNSHIP)]
        return cls(electorate, vote, others)

    async def given(self, unit: int, choice: str | None, **changes: Any) -> dict[str, Any]:
        return {
            "vote_id": self.vote.id,
            "unit_id": self.electorate.place.units[unit].id,
            "channel": BallotChannel.PAPER,
            "received_on": self.stage.today,
            "document_id": await self.electorate.paper(self.first, DocumentKind.BALLOT),
            "choices": None if choice is None else await self.electorate.said(self.vote, choice),
            **changes,
        }

    async def enter(self, unit: int, choice: str | None, **changes: Any) -> BallotPaper:
        return await self.stage.do(self.first, ballot_papers.enter, **await self.given(unit, choice, **changes))  # type: ignore[no-any-return]

    async def again(self, who: Actor, paper: BallotPaper, choice: str | None, **changes: Any) -> BallotPaper:
        command = ballot_papers.decide if changes else ballot_papers.confirm
        said = None if choice is None else await self.electorate.said(self.vote, choice)
        return await self.stage.do(who, command, id=paper.id, choices=said, **changes)  # type: ignore[no-any-return]


@pytest.mark.rule("V-19", "V-6")
async def test_a_paper_counts_once_two_people_read_the_same_and_a_third_decides_a_difference(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(*[10_000] * 4))
    vote = await electorate.opened(await electorate.drafted())
    clerks = await Clerks.of(electorate, vote)
    agreed = await clerks.enter(0, "FOR")
    assert (agreed.state, await stage.rows(Ballot, vote_id=vote.id)) == ("ENTERED_ONCE", [])
    own = await stage.refused(
        clerks.first, ballot_papers.confirm, id=agreed.id, choices=await electorate.said(vote, "FOR")
    )
    assert own.code is ErrorCode.SECOND_PERSON_REQUIRED
    assert (await clerks.again(clerks.second, agreed, "FOR")).state == "ACCEPTED"
    (ballot,) = await stage.rows(Ballot, vote_id=vote.id)
    assert (ballot.choices, ballot.channel, ballot.paper_id) == (["FOR"], "PAPER", agreed.id)
    differing = await clerks.again(clerks.second, await clerks.enter(1, "FOR"), "AGAINST")
    assert differing.state == "CONFLICT"
    closed = await electorate.turn_to(vote, "closes_on", 1)
    unsettled = await stage.refused(electorate.committee, tallies.count, id=closed.id)
    assert (unsettled.code, unsettled.params["papers"]) == (ErrorCode.PAPERS_NOT_SETTLED, 1)
    decided = await clerks.again(clerks.third, differing, "AGAINST", reason="选票影像清楚")
    assert (decided.state, decided.entries) == ("ACCEPTED", 3)
    # What came in time may be entered after the last day; an invalid paper takes no part.
    invalid = await clerks.enter(2, None, received_on=vote.closes_on)
    assert (await clerks.again(clerks.second, invalid, None)).state == PaperState.REJECTED
    late = await stage.refused(clerks.first, ballot_papers.enter, **await clerks.given(3, "FOR"))
    assert (late.code, late.field) == (ErrorCode.OUT_OF_RANGE, "receivedOn")
    await stage.do(electorate.committee, tallies.count, id=vote.id)
    (result,) = await stage.rows(VoteResult, vote_id=vote.id)
    assert (result.for_heads, result.against_heads, result.outcome) == (1, 1, "FAILED_QUORUM")
    assert len(await stage.rows(PaperEntry)) == 7


@pytest.mark.rule("V-19")
async def test_a_second_channel_is_refused_either_way(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000, 10_000))
    vote = await electorate.opened(await electorate.drafted())
    clerks = await Clerks.of(electorate, vote)
    await electorate.cast(vote, 0, "FOR")
    refused = await stage.refused(clerks.first, ballot_papers.enter, **await clerks.given(0, "AGAINST"))
    assert (refused.code, refused.params["channel"]) == (ErrorCode.SECOND_CHANNEL, "ONLINE")
    await clerks.enter(1, "FOR")
    said = await electorate.said(vote, "FOR")
    refused = await stage.refused(electorate.owners[1], ballots.cast, vote_id=vote.id, choices=said)
    assert (refused.code, refused.params["channel"]) == (ErrorCode.SECOND_CHANNEL, "PAPER")


async def test_the_image_of_a_ballot_is_its_enterers_and_the_choice_its_voters(stage: Stage, ask: Ask) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000))
    vote = await electorate.opened(await electorate.drafted())
    clerks = await Clerks.of(electorate, vote)
    paper = await clerks.again(clerks.second, await clerks.enter(0, "FOR"), "FOR")
    image, held = opaque(stage.county, "Document", paper.document_id), opaque(stage.county, "BallotPaper", paper)
    (ballot,) = await stage.rows(Ballot, vote_id=vote.id)
    cast = opaque(stage.county, "Ballot", ballot)
    bureau = await stage.actor(Role.BUREAU)
    assert [await row_of(ask, who, image, "kind") for who in (clerks.second, clerks.third, bureau)] == [None] * 3
    assert await row_of(ask, bureau, held, "state entries") == {"state": "ACCEPTED", "entries": 2}
    assert [await row_of(ask, who, cast, "choices") for who in (clerks.first, clerks.second, bureau)] == [None] * 3
    assert await row_of(ask, electorate.owners[0], cast, "choices") == {"choices": ["FOR"]}


async def golden(stage: Stage, *modes: VoteMode) -> tuple[Electorate, Vote]:
    """G-1's ten units: A has three, the developer two unsold, five have one each; one item by each mode."""
    place = await stage.place(*[10_000] * 10)
    async with stage.sessions.begin() as session:
        from resolvers.unit_of_work import set_fuse

        await set_fuse(session, {stage.county})
        for unit in place.units[3:5]:
            (await session.get_one(Unit, (stage.county, unit.id))).developer_held = True
    electorate = await Electorate.build(stage, place, (0, 1, 2), (5,), (6,), (7,), (8,), (9,))
    items = [
        {**ITEM, "mode": mode, "clause_id": None if mode is VoteMode.STANDARD else (await electorate.clause(mode)).id}
        for mode in modes
    ]
    vote = await electorate.opened(await electorate.drafted(*items))
    assert (vote.scope_area, vote.scope_heads) == (100_000, 7)
    return electorate, vote


async def outcomes(electorate: Electorate, vote: Vote) -> list[tuple[str, str, str]]:
    await electorate.counted(vote)
    found = await electorate.stage.rows(VoteResult, vote_id=vote.id)
    return [(row.strict_outcome, row.mode_outcome, row.outcome) for row in sorted(found, key=lambda row: row.position)]


@pytest.mark.rule("G-1", "V-3", "V-9", "V-29", "V-31")
async def test_g_1_on_the_platform(stage: Stage) -> None:
    profile_for_test(stage.county, copy_of="620724")
    electorate, vote = await golden(stage, VoteMode.STANDARD, VoteMode.OBJECTION)
    for at, choice in enumerate(("FOR", "FOR", "FOR", "FOR", "AGAINST")):
        await electorate.cast(vote, at, choice, choice)
    assert await outcomes(electorate, vote) == [("PASSED", "PASSED", "PASSED")] * 2
    first, second = sorted(await stage.rows(VoteResult, vote_id=vote.id), key=lambda row: row.position)
    assert (first.for_area, first.for_heads, first.against_area, first.against_heads) == (60_000, 4, 10_000, 1)
    assert "第二百七十八条" in first.legal_basis
    assert "异议表决" in second.legal_basis


@pytest.mark.requirement("GT-39")
@pytest.mark.rule("G-2", "V-28", "V-30", "V-31")
@pytest.mark.parametrize(("strict_required", "deciding"), [(False, "PASSED"), (True, "FAILED_QUORUM")])
async def test_g_2_silence_counts_where_it_was_served_and_the_strict_tally_stands_beside_it(
    stage: Stage, strict_required: bool, deciding: str
) -> None:
    modes = frozenset({VoteMode.DEFAULT, VoteMode.SILENCE_WITH_MAJORITY})
    profile_for_test(stage.county, copy_of="620724", fund_modes=modes, strict_vote_required=strict_required)
    electorate, vote = await golden(stage, VoteMode.STANDARD, VoteMode.DEFAULT, VoteMode.SILENCE_WITH_MAJORITY)
    for at in range(4):
        await electorate.cast(vote, at, "FOR", "FOR", "FOR")
    await serve(electorate, vote, 8, 9)
    failed, passed = ("FAILED_QUORUM",) * 3, ("FAILED_QUORUM", "PASSED", deciding)
    assert await outcomes(electorate, vote) == [failed, passed, passed]
    result = (await stage.rows(VoteResult, vote_id=vote.id))[0]
    assert (result.silent_area, result.silent_heads) == (20_000, 2)


async def serve(electorate: Electorate, vote: Vote, *units: int, **changes: Any) -> Vote:
    given: dict[str, Any] = {
        "vote_id": vote.id,
        "unit_ids": [electorate.place.units[at].id for at in units],
        "paper": ServedPaper.BALLOT,
        "way": ServiceWay.IN_PERSON,
        "served_on": electorate.stage.today,
        "printed_last_day": vote.closes_on,
        "document_id": await electorate.paper(electorate.committee, DocumentKind.SERVICE_PROOF),
        **changes,
    }
    return await electorate.stage.do(electorate.committee, rolls.serve, **given)  # type: ignore[no-any-return]


@pytest.mark.rule("G-2b", "V-3")
async def test_g_2b_area_is_enough_and_heads_are_not(stage: Stage) -> None:
    electorate, vote = await golden(stage, VoteMode.STANDARD)
    for at in range(3):
        await electorate.cast(vote, at, "FOR")
    clerks = await Clerks.of(electorate, vote)
    paper = await clerks.enter(3, "FOR")  # the developer votes on paper, for both of its units
    await clerks.again(clerks.second, paper, "FOR")
    assert await outcomes(electorate, vote) == [("FAILED_QUORUM",) * 3]
    (result,) = await stage.rows(VoteResult, vote_id=vote.id)
    assert (result.for_area, result.for_heads) == (70_000, 4)


@pytest.mark.rule("V-28")
async def test_service_is_proven_for_each_unit_with_the_last_day_printed(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000, 10_000, 10_000), (0, 1), (2,))
    vote = await electorate.opened(await electorate.drafted())
    place = electorate.place
    given = {
        "vote_id": vote.id,
        "unit_ids": [place.units[0].id],
        "paper": ServedPaper.BALLOT,
        "way": ServiceWay.POST,
        "served_on": stage.today,
    }
    proof = await electorate.paper(electorate.committee, DocumentKind.SERVICE_PROOF)

    async def refused(**changes: Any) -> tuple[ErrorCode, str | None]:
        found = await stage.refused(
            electorate.committee,
            rolls.serve,
            **{**given, "document_id": proof, "printed_last_day": vote.closes_on, **changes},
        )
        return found.code, found.field

    assert await refused(printed_last_day=None) == (ErrorCode.REQUIRED, "printedLastDay")
    assert await refused(printed_last_day=stage.today) == (ErrorCode.OUT_OF_RANGE, "printedLastDay")
    assert await refused(served_on=stage.today + timedelta(days=1)) == (ErrorCode.OUT_OF_RANGE, "servedOn")
    assert await refused(unit_ids=[]) == (ErrorCode.OUT_OF_RANGE, "unitIds")
    assert await refused(unit_ids=[place.building.id]) == (ErrorCode.NOT_FOUND, "unitIds")
    other = await electorate.paper(electorate.committee, DocumentKind.OTHER)
    assert await refused(document_id=other) == (ErrorCode.MISSING_DOCUMENT, "documentId")
    # One of the first owner's two units, and the second owner's only one.
    await serve(electorate, vote, 0, 2)
    await serve(electorate, vote, 0)
    await electorate.counted(vote)
    (result,) = await stage.rows(VoteResult, vote_id=vote.id)
    assert (result.silent_area, result.silent_heads) == (10_000, 1)
    assert {head.unit_count for head in await stage.rows(RollHead, vote_id=vote.id)} == {1, 2}
