"""Ballots: whose they are, how often they count, who else may cast them, and who may read them (V-11 to V-13, V-19, PRI-9)."""

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.ballots import MandateKind
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.profiles import profile_for_test
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.tallies import Matter
from models.ballots import Ballot, Mandate
from models.rolls import RollHead
from models.votes import VoteResult
from resolvers import ballots, mandates, votes
from tests.acts import Ask, opaque, row_of
from tests.stage import Stage
from tests.votes.electorate import ITEM, Electorate


@pytest.mark.rule("V-12", "SM-8")
async def test_64_ballots_of_one_unit_at_once_count_once_and_the_last_one_counts(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000))
    vote = await electorate.opened(await electorate.drafted())
    for_, against = await electorate.said(vote, "FOR"), await electorate.said(vote, "AGAINST")

    async def one(at: int) -> Ballot:
        said = against if at % 2 else for_
        return await stage.do(electorate.owners[0], ballots.cast, vote_id=vote.id, choices=said)  # type: ignore[no-any-return]

    cast = await asyncio.gather(*(one(at) for at in range(64)))
    assert sorted(ballot.version for ballot in cast) == list(range(1, 65))
    last = max(cast, key=lambda ballot: ballot.version)
    await electorate.counted(vote)
    (result,) = await stage.rows(VoteResult, vote_id=vote.id)
    assert (result.for_heads + result.against_heads, result.for_area + result.against_area) == (1, 10_000)
    assert result.for_heads == (last.choices == ["FOR"])
    assert len(await stage.rows(Ballot, vote_id=vote.id)) == 64


@pytest.mark.rule("V-11", "V-6")
async def test_co_owners_who_contradict_each_other_take_no_part_until_one_represents_them(stage: Stage) -> None:
    place = await stage.place(10_000, 10_000)
    electorate = Electorate(stage, place, await stage.committee(place))
    bureau = await stage.actor(Role.BUREAU)
    await electorate.register(bureau, place.units[:1], co_owners=2)
    await electorate.register(bureau, place.units[1:])
    vote = await electorate.opened(await electorate.drafted())
    await electorate.cast(vote, 0, "FOR")
    await electorate.cast(vote, 1, "AGAINST")
    await electorate.cast(vote, 2, "FOR")
    assert await _counts(electorate, vote.id) == (1, 0)
    given = await _mandate(electorate, MandateKind.REPRESENTATIVE, 0, 1, vote_id=vote.id)
    assert given.principal_id == electorate.records[0]
    refused = await stage.refused(
        electorate.owners[0], ballots.cast, vote_id=vote.id, choices=await electorate.said(vote, "FOR")
    )
    assert refused.code is ErrorCode.REPRESENTATIVE_VOTES
    assert await _counts(electorate, vote.id) == (1, 1)
    await stage.do(electorate.committee, mandates.revoke, id=given.id)
    assert await _counts(electorate, vote.id) == (1, 0)
    await electorate.cast(vote, 1, "FOR")
    assert await _counts(electorate, vote.id) == (2, 0)


async def _counts(electorate: Electorate, vote_id: uuid.UUID) -> tuple[int, int]:
    """Heads for and against, as a count would find them now."""
    from models.votes import Vote
    from resolvers import tallies
    from resolvers.unit_of_work import UnitOfWork

    async def count(uow: UnitOfWork) -> Any:
        vote = await uow.load(Vote, vote_id)
        (found,) = await tallies.counted_items(uow, vote, await tallies.items_of(uow, vote))
        return found.for_.heads, found.against.heads

    return await electorate.stage.do(electorate.committee, count)  # type: ignore[no-any-return]


async def _terms(electorate: Electorate, who: Actor, kind: MandateKind, principal: int, agent: int) -> dict[str, Any]:
    return {
        "area_id": electorate.place.area.id,
        "kind": kind,
        "principal_id": electorate.records[principal],
        "agent_id": electorate.records[agent],
        "valid_from": electorate.stage.today,
        "valid_to": electorate.stage.today + timedelta(days=60),
        "document_id": await electorate.paper(who, DocumentKind.MANDATE),
    }


async def _mandate(
    electorate: Electorate, kind: MandateKind, principal: int, agent: int, by: Actor | None = None, **changes: Any
) -> Mandate:
    who = by or electorate.committee
    given = {**await _terms(electorate, who, kind, principal, agent), **changes}
    return await electorate.stage.do(who, mandates.give, **given)  # type: ignore[no-any-return]


async def _refused_mandate(
    electorate: Electorate, who: Actor, kind: MandateKind, principal: int, agent: int, **changes: Any
) -> Refusal:
    given = {**await _terms(electorate, who, kind, principal, agent), **changes}
    refused = await electorate.stage.refused(who, mandates.give, **given)
    assert await electorate.stage.rows(Mandate) == []
    return refused


@pytest.mark.rule("V-13")
async def test_a_proxy_votes_within_the_written_mandate_and_the_countys_cap(stage: Stage) -> None:
    profile_for_test(stage.county, copy_of="370303", units_per_proxy=2)
    electorate = await Electorate.build(stage, await stage.place(*[10_000] * 5), (0,), (1,), (2,), (3, 4))
    vote = await electorate.opened(await electorate.drafted())
    agent, said = electorate.owners[0], await electorate.said(vote, "FOR")
    first = await _mandate(electorate, MandateKind.PROXY, 1, 0, vote_id=vote.id)
    cast = await stage.do(agent, ballots.cast, vote_id=vote.id, choices=said, mandate_id=first.id)
    assert (cast.elector_id, cast.mandate_id, cast.cast_by) == (electorate.records[1], first.id, agent.account_id)
    many = await _mandate(electorate, MandateKind.PROXY, 3, 0, vote_id=vote.id)
    capped = await stage.refused(agent, ballots.cast, vote_id=vote.id, choices=said, mandate_id=many.id)
    assert (capped.code, capped.params["most"]) == (ErrorCode.PROXY_LIMIT, 2)
    anothers = await stage.refused(
        electorate.owners[2], ballots.cast, vote_id=vote.id, choices=said, mandate_id=first.id
    )
    assert anothers.code is ErrorCode.NOT_FOUND
    # The principal's own ballot stands above the proxy's.
    await electorate.cast(vote, 1, "AGAINST")
    own = await stage.refused(agent, ballots.cast, vote_id=vote.id, choices=said, mandate_id=first.id)
    assert own.code is ErrorCode.OWN_BALLOT_CAST
    unsigned = await electorate.paper(electorate.committee, DocumentKind.OTHER)
    refused = await stage.refused(
        electorate.committee,
        mandates.give,
        area_id=electorate.place.area.id,
        kind=MandateKind.PROXY,
        principal_id=electorate.records[2],
        agent_id=electorate.records[0],
        vote_id=vote.id,
        valid_from=stage.today,
        valid_to=stage.today,
        document_id=unsigned,
    )
    assert (refused.code, refused.field) == (ErrorCode.MISSING_DOCUMENT, "documentId")


@pytest.mark.rule("V-13", "V-26")
async def test_a_mandate_holds_to_its_last_day_and_not_after_it_is_taken_back(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000, 10_000))
    vote = await electorate.opened(await electorate.drafted())
    agent, said = electorate.owners[0], await electorate.said(vote, "FOR")
    short = await _mandate(electorate, MandateKind.PROXY, 1, 0, vote_id=vote.id, valid_to=stage.today + timedelta(1))
    await stage.do(agent, ballots.cast, vote_id=vote.id, choices=said, mandate_id=short.id)
    (head,) = [row for row in await stage.rows(RollHead, vote_id=vote.id) if row.voted_at]
    await stage.do(electorate.owners[1], mandates.revoke, id=short.id)
    # What was cast under it no longer counts, and every version is kept.
    versions = await stage.rows(Ballot, head_id=head.id)
    assert [(row.version, row.choices) for row in versions] == [(1, ["FOR"]), (2, None)]
    assert (await stage.row(RollHead, id=head.id)).voted_at is None
    again = await stage.refused(agent, ballots.cast, vote_id=vote.id, choices=said, mandate_id=short.id)
    assert again.code is ErrorCode.MANDATE_NOT_VALID
    longer = await _mandate(electorate, MandateKind.PROXY, 1, 0, vote_id=vote.id, valid_to=stage.today + timedelta(1))
    stage.later(days=2)
    late = await stage.refused(agent, ballots.cast, vote_id=vote.id, choices=said, mandate_id=longer.id)
    assert late.code is ErrorCode.MANDATE_NOT_VALID


@pytest.mark.rule("V-26", "V-25")
async def test_a_delegation_is_for_fund_matters_in_the_mode_that_a_clause_names(stage: Stage) -> None:
    profile_for_test(stage.county, copy_of="620724")
    electorate = await Electorate.build(stage, await stage.place(10_000, 10_000))
    (grant,) = electorate.committee.grants
    body = {"agent_id": None, "committee_id": grant.committee_id}
    # A body does not record authorities given to itself, nor anybody those by which they would vote.
    township, own = await stage.actor(Role.TOWNSHIP), electorate.owners[1]
    clerk = await stage.actor(Role.COMMUNITY)
    grants = tuple(replace(each, account_id=own.account_id) for each in clerk.grants)
    clerk = replace(clerk, account_id=own.account_id, grants=grants)
    for recorder, named, field in ((electorate.committee, body, "committeeId"), (clerk, {}, "agentId")):
        refused = await _refused_mandate(electorate, recorder, MandateKind.DELEGATION, 0, 1, **named)
        assert (refused.code, refused.field) == (ErrorCode.SECOND_PERSON_REQUIRED, field)
    given = await _mandate(electorate, MandateKind.DELEGATION, 0, 0, by=township, **body)
    clause = await electorate.clause(VoteMode.DELEGATED)
    fund_use = {**ITEM, "mode": VoteMode.DELEGATED, "clause_id": clause.id}
    delegated = await electorate.noticed(await electorate.drafted(fund_use))
    ordinary = await electorate.noticed(await electorate.drafted(ITEM))
    await electorate.turn_to(delegated, "opens_on")
    cast = {"mandate_id": given.id, "vote_id": delegated.id, "choices": await electorate.said(delegated, "FOR")}
    ballot = await stage.do(electorate.committee, ballots.cast, **cast)
    assert (ballot.elector_id, ballot.choices) == (electorate.records[0], ["FOR"])
    elsewhere = {"mandate_id": given.id, "vote_id": ordinary.id, "choices": await electorate.said(ordinary, "FOR")}
    refused = await stage.refused(electorate.committee, ballots.cast, **elsewhere)
    assert refused.code is ErrorCode.MANDATE_NOT_VALID


@pytest.mark.rule("V-25")
async def test_a_special_mode_needs_fund_use_a_county_that_allows_it_and_a_clause(stage: Stage) -> None:
    profile_for_test(stage.county, copy_of="620724")
    electorate = await Electorate.build(stage, await stage.place(10_000))
    clause = await electorate.clause(VoteMode.OBJECTION)
    given = {"area_id": electorate.place.area.id, "title": "表决"}
    by_objection = {"mode": VoteMode.OBJECTION, "clause_id": clause.id}

    async def refused(**item: Any) -> tuple[ErrorCode, str | None]:
        found = await stage.refused(electorate.committee, votes.draft, **given, agenda=[{**ITEM, **item}])
        return found.code, found.field

    for matter in set(Matter) - {Matter.FUND_USE}:
        assert await refused(matter=matter, **by_objection) == (ErrorCode.MODE_NOT_ALLOWED, "mode")
    assert await refused(mode=VoteMode.OBJECTION) == (ErrorCode.REQUIRED, "clauseId")
    assert await refused(mode=VoteMode.DEFAULT, clause_id=clause.id) == (ErrorCode.INVALID_INPUT, "clauseId")
    assert await refused(mode=VoteMode.SILENCE_WITH_MAJORITY, clause_id=clause.id) == (
        ErrorCode.MODE_NOT_ALLOWED,
        "mode",
    )
    drafted = await stage.do(electorate.committee, votes.draft, **given, agenda=[{**ITEM, **by_objection}])
    short = await stage.refused(
        electorate.committee,
        votes.give_notice,
        id=drafted.id,
        opens_on=stage.today + timedelta(days=15),
        closes_on=stage.today + timedelta(days=29),
        contact="社区",
    )
    assert (short.code, short.field, short.params["least"]) == (ErrorCode.OUT_OF_RANGE, "closesOn", 15)


@pytest.mark.rule("V-17")
async def test_what_the_notice_does_not_name_is_not_voted_on(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000))
    other = await electorate.drafted({**ITEM, "title": "另一事项"})
    vote = await electorate.opened(await electorate.drafted(ITEM, {**ITEM, "title": "第二项"}))
    said, foreign = await electorate.said(vote, "FOR", "FOR"), await electorate.said(other, "FOR")

    async def refused(*choices: Any) -> tuple[ErrorCode, str | None]:
        found = await stage.refused(electorate.owners[0], ballots.cast, vote_id=vote.id, choices=choices)
        return found.code, found.field

    assert await refused(*said, *foreign) == (ErrorCode.NOT_FOUND, "choices")
    assert await refused(said[0]) == (ErrorCode.REQUIRED, "choices")
    assert await refused(said[0], said[0]) == (ErrorCode.INVALID_INPUT, "choices")
    assert await stage.rows(Ballot, vote_id=vote.id) == []


async def test_a_choice_is_its_voters_and_participation_everybodys(stage: Stage, ask: Ask) -> None:
    """Owners see their own ballot and the live figures; the committee and officials who voted, and never how (PRI-9)."""
    electorate = await Electorate.build(stage, await stage.place())
    vote = await electorate.opened(await electorate.drafted())
    ballot = await electorate.cast(vote, 0, "AGAINST")
    voter, neighbour = electorate.owners[:2]
    bureau = await stage.actor(Role.BUREAU)
    id, own = opaque(stage.county, "Vote", vote), opaque(stage.county, "Ballot", ballot)
    live = "participatingHeads participatingArea scopeHeads"
    shown = f"{live} roll {{ totalCount nodes {{ votedAt }} }} ballots {{ nodes {{ choices receipt }} }}"

    async def seen(who: Actor) -> tuple[int, int, int, list[bool], int]:
        row = await row_of(ask, who, id, shown)
        voted = [head["votedAt"] is not None for head in row["roll"]["nodes"]]
        return (
            row["participatingHeads"],
            row["participatingArea"],
            row["scopeHeads"],
            voted,
            len(row["ballots"]["nodes"]),
        )

    assert await seen(voter) == (1, 10_000, 3, [True], 1)
    assert await seen(neighbour) == (1, 10_000, 3, [False], 0)
    for body in (electorate.committee, bureau):
        assert await seen(body) == (1, 10_000, 3, [True, False, False], 0)
        assert await row_of(ask, body, own, "choices") is None
    assert await row_of(ask, voter, own, "choices receipt version channel") == {
        "choices": ["AGAINST"],
        "receipt": ballot.receipt,
        "version": 1,
        "channel": "ONLINE",
    }
