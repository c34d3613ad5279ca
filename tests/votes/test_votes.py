"""A vote from its draft to its end (SM-8), by commands on a stage whose clock can be turned."""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.calendar import deadline
from domain.errors import ErrorCode
from domain.estates import BuildingKind, OwnershipKind, UnitUse
from domain.identifiers import make_phone
from domain.roles import Role
from domain.tallies import Matter
from domain.votes import Occasion
from models.ballots import Ballot
from models.disclosures import Disclosure
from models.estates import Ownership, Unit
from models.people import Owner
from models.rolls import RollHead, RollOwner, RollUnit
from models.votes import VoteItem, VoteObjection, VoteResult
from resolvers import ballots, estates, people, tallies, units, votes
from tests.stage import Stage
from tests.votes.electorate import CONTACT, ITEM, Electorate


@pytest.mark.rule("SM-8", "V-17", "V-20", "V-5")
async def test_a_vote_from_its_notice_to_its_final_result(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place())
    vote = await electorate.drafted()
    early = {"opens_on": stage.today + timedelta(days=14), "closes_on": stage.today + timedelta(days=20), **CONTACT}
    refused = await stage.refused(electorate.committee, votes.give_notice, id=vote.id, **early)
    assert (refused.code, refused.field) == (ErrorCode.OUT_OF_RANGE, "opensOn")
    vote = await electorate.noticed(vote)
    assert (vote.state, vote.scope_area, vote.scope_heads) == ("NOTICED", 30_000, 3)
    too_soon = await stage.refused(
        electorate.owners[0], ballots.cast, vote_id=vote.id, choices=await electorate.said(vote, "FOR")
    )
    assert too_soon.code is ErrorCode.ACTION_NOT_AVAILABLE
    vote = await electorate.turn_to(vote, "opens_on")
    assert vote.state == "OPEN"
    for at in range(3):
        await electorate.cast(vote, at, "FOR" if at else "AGAINST")
    assert (await stage.refused(electorate.committee, tallies.count, id=vote.id)).code is ErrorCode.ACTION_NOT_AVAILABLE
    vote = await electorate.counted(vote)
    (result,) = await stage.rows(VoteResult, vote_id=vote.id)
    assert (result.for_area, result.for_heads, result.against_area, result.against_heads) == (20_000, 2, 10_000, 1)
    assert (result.strict_outcome, result.mode_outcome, result.outcome) == ("PASSED", "PASSED", "PASSED")
    assert (result.legal_basis, result.profile_version) == ("民法典第二百七十八条", vote.profile_version)
    assert vote.due_on == deadline(stage.today, 3)
    vote = await stage.do(electorate.committee, votes.publish, id=vote.id, **CONTACT)
    notice, posted = await stage.rows(Disclosure, subject_id=vote.id)
    assert (notice.version, posted.version, posted.posted_until) == (1, 2, stage.today + timedelta(days=7))
    names = {unit.name for unit in electorate.place.units}
    assert not names & {unit["unit"] for unit in posted.content["units"]}
    assert [unit["voted"] for unit in posted.content["units"]] == [True] * 3
    assert "choice" not in str(posted.content)
    assert (await electorate.turn_to(vote, "published_on", 7)).state == "PUBLISHED"
    final = await electorate.turn_to(vote, "published_on", 8)
    assert (final.state, final.final_on) == ("FINAL", stage.today)


@pytest.mark.rule("V-16", "V-8")
async def test_the_roll_stays_as_it_was_at_the_notice(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(8_050, 12_025))
    vote = await electorate.noticed(await electorate.drafted())
    first, bureau = electorate.place.units[0], await stage.actor(Role.BUREAU)
    before = [
        (row.unit_id, row.head_id, row.area, row.area_basis) for row in await stage.rows(RollUnit, vote_id=vote.id)
    ]
    assert [row[2:] for row in before] == [(8_050, "REGISTERED"), (12_025, "REGISTERED")]
    stage.later(days=1)
    await stage.do(
        bureau,
        units.unit_correct,
        id=first.id,
        reason="测绘更正",
        expected_version=(await stage.row(Unit, id=first.id)).version,
        registered_area=1,
    )
    buyer = [{"person": {"name": "新业主", "phone": make_phone(secrets.randbelow(10**8))}}]
    sold = {"unit_id": first.id, "kind": OwnershipKind.SOLE, "holders": buyer, "on": stage.today, "reason": "买卖"}
    await stage.do(bureau, people.ownership_transfer, **sold)
    after = [
        (row.unit_id, row.head_id, row.area, row.area_basis) for row in await stage.rows(RollUnit, vote_id=vote.id)
    ]
    assert after == before
    vote = await electorate.turn_to(vote, "opens_on")
    # Who owned it at the notice is asked, whoever holds it now.
    assert {row.owner_id for row in await stage.rows(RollOwner, head_id=before[0][1])} == {electorate.records[0]}
    held = await stage.row(Ownership, unit_id=first.id, valid_to=None)
    assert held.owner_id not in electorate.records
    (buyer_login,) = await stage.rows(Owner, id=held.owner_id)
    newcomer = replace(electorate.owners[0], account_id=buyer_login.account_id)
    said = await electorate.said(vote, "FOR")
    assert (await stage.refused(newcomer, ballots.cast, vote_id=vote.id, choices=said)).code is ErrorCode.NOT_FOUND


@pytest.mark.rule("V-1", "V-2", "V-4", "V-7")
async def test_the_matter_fixes_the_majority(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(*[10_000] * 5))
    matters = [Matter.OTHER, Matter.COMMON_PARTS, Matter.FUND_RAISING, Matter.REBUILDING, Matter.ELECTION]
    items = [{"matter": matter, "title": "事项", "text": "内容"} for matter in matters]
    vote = await electorate.opened(await electorate.drafted(*items))
    for at in range(5):
        await electorate.cast(vote, at, *["FOR" if at < 3 else "AGAINST"] * 5)
    await electorate.counted(vote)
    results = {row.position: row.outcome for row in await stage.rows(VoteResult, vote_id=vote.id)}
    assert [results[at] for at in range(1, 6)] == ["PASSED", *["FAILED_SUPPORT"] * 3, "PASSED"]


@pytest.mark.rule("V-15")
async def test_a_vote_of_one_building_asks_and_counts_its_units_alone(stage: Stage) -> None:
    place = await stage.place(10_000, 10_000)
    bureau = await stage.actor(Role.BUREAU)
    other = await stage.do(
        bureau, estates.building_register, estate_id=place.estate.id, number="2", kind=BuildingKind.MULTI_STOREY
    )
    await stage.do(
        bureau,
        units.unit_register,
        building_id=other.id,
        room="101",
        floor=1,
        use=UnitUse.DWELLING,
        registered_area=30_000,
    )
    electorate = await Electorate.build(stage, place)
    vote = await electorate.noticed(await electorate.drafted(building_id=place.building.id))
    assert (vote.scope, vote.scope_area, vote.scope_heads) == ("BUILDING", 20_000, 2)
    whole = await electorate.noticed(await electorate.drafted())
    assert (whole.scope, whole.scope_area, whole.scope_heads) == ("AREA", 50_000, 3)
    entrance = await stage.refused(
        electorate.committee, votes.draft, area_id=place.area.id, title="无", agenda=[ITEM], entrance="1"
    )
    assert (entrance.code, entrance.field) == (ErrorCode.REQUIRED, "buildingId")
    nobody = await electorate.drafted(building_id=place.building.id, entrance="9")
    refused = await stage.refused(electorate.committee, votes.give_notice, id=nobody.id, **_days(stage, 15, 20))
    assert refused.code is ErrorCode.ROLL_INCOMPLETE


def _days(stage: Stage, opens: int, closes: int) -> dict[str, Any]:
    return {
        "opens_on": stage.today + timedelta(days=opens),
        "closes_on": stage.today + timedelta(days=closes),
        **CONTACT,
    }


@pytest.mark.rule("V-18")
async def test_who_convenes_and_why(stage: Stage) -> None:
    place = await stage.place(*[10_000] * 6)
    electorate = await Electorate.build(stage, place)
    township, community = await stage.actor(Role.TOWNSHIP), await stage.actor(Role.COMMUNITY)
    given = {"area_id": place.area.id, "title": "临时会议", "agenda": [ITEM]}
    for stands_in in (township, community):
        assert (await stage.refused(stands_in, votes.draft, **given)).code is ErrorCode.FORBIDDEN_ROLE
    failed = {"occasion": Occasion.COMMITTEE_FAILED, "occasion_note": "业委会逾期未召集，街道已责令"}
    assert (await stage.refused(community, votes.draft, **given, **failed)).code is ErrorCode.FORBIDDEN_ROLE
    assert (await stage.do(township, votes.draft, **given, **failed)).applicant_role == "TOWNSHIP"
    no_reason = await stage.refused(electorate.committee, votes.draft, **given, occasion=Occasion.ACCIDENT)
    assert (no_reason.code, no_reason.field) == (ErrorCode.REQUIRED, "occasionNote")
    proposed = {"occasion": Occasion.OWNERS_PROPOSED, "occasion_note": "业主联名提议"}
    for proposers, code in ((1, ErrorCode.TOO_FEW_PROPOSERS), (2, None)):
        vote = await stage.do(electorate.committee, votes.draft, **given, **proposed, proposers=proposers)
        if code is None:
            assert (await electorate.noticed(vote)).state == "NOTICED"
        else:
            refused = await stage.refused(electorate.committee, votes.give_notice, id=vote.id, **_days(stage, 15, 20))
            assert (refused.code, refused.params["least"]) == (code, 2)


@pytest.mark.rule("SM-8")
async def test_it_is_extended_once_to_a_later_day_before_it_is_over(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000))
    vote = await electorate.opened(await electorate.drafted(), days=5)
    given = {"id": vote.id, "reason": "参与不足"}
    same = await stage.refused(electorate.committee, votes.extend, closes_on=vote.closes_on, **given)
    assert same.code is ErrorCode.OUT_OF_RANGE
    longer = await stage.do(electorate.committee, votes.extend, closes_on=vote.closes_on + timedelta(days=5), **given)
    again = {"closes_on": longer.closes_on + timedelta(days=5), **given}
    assert (await stage.refused(electorate.committee, votes.extend, **again)).code is ErrorCode.ACTION_NOT_AVAILABLE
    assert (await electorate.turn_to(vote, "closes_on", 1)).state == "OPEN"
    assert (await electorate.turn_to(longer, "closes_on", 1)).state == "CLOSED"
    late = await stage.refused(
        electorate.owners[0], ballots.cast, vote_id=vote.id, choices=await electorate.said(vote, "FOR")
    )
    assert late.code is ErrorCode.ACTION_NOT_AVAILABLE


@pytest.mark.rule("V-20", "SM-8")
async def test_an_objection_in_time_has_others_count_again(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place())
    vote = await electorate.opened(await electorate.drafted())
    for at in range(3):
        await electorate.cast(vote, at, "FOR")
    vote = await electorate.published(vote)
    vote, objection = await stage.do(electorate.owners[0], votes.object_, id=vote.id, reason="票数不符")
    assert (vote.state, objection.role, objection.reason) == ("OBJECTED", "OWNER", "票数不符")
    await stage.do(electorate.owners[1], votes.object_, id=vote.id, reason="同意上述异议")
    assert len(await stage.rows(VoteObjection, vote_id=vote.id)) == 2
    own = await stage.refused(electorate.committee, tallies.recount, id=vote.id)
    assert own.code is ErrorCode.SAME_REVIEWER
    township = await stage.actor(Role.TOWNSHIP)
    assert (await stage.do(township, tallies.recount, id=vote.id)).state == "RECOUNTED"
    first, second = await stage.rows(VoteResult, vote_id=vote.id)
    assert (first.round, second.round, second.for_heads) == (1, 2, 3)
    assert first.counted_by != second.counted_by
    final = await stage.do(township, votes.confirm, id=vote.id, reason="复核无误", **CONTACT)
    assert (final.state, final.final_on) == ("FINAL", stage.today)


@pytest.mark.rule("V-20", "SM-8")
async def test_after_seven_days_nobody_objects_any_more(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000))
    vote = await electorate.opened(await electorate.drafted())
    final = await electorate.final(vote)
    refused = await stage.refused(electorate.owners[0], votes.object_, id=vote.id, reason="太晚")
    assert (final.state, refused.code) == ("FINAL", ErrorCode.ACTION_NOT_AVAILABLE)


@pytest.mark.rule("V-21", "SM-8")
async def test_an_office_cancels_an_unlawful_decision_and_tells_the_owners(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000))
    vote = await electorate.final(await electorate.opened(await electorate.drafted()))
    bureau = await stage.actor(Role.BUREAU)
    empty = await stage.refused(bureau, votes.annul, id=vote.id, reason=" ", **CONTACT)
    assert (empty.code, empty.field) == (ErrorCode.REQUIRED, "reason")
    assert (await stage.refused(electorate.committee, votes.annul, id=vote.id, reason="x", **CONTACT)).code in (
        ErrorCode.FORBIDDEN_ROLE,
        ErrorCode.ACTION_NOT_AVAILABLE,
    )
    annulled = await stage.do(
        bureau, votes.annul, id=vote.id, reason="程序违法", judgment="（2026）鲁0303民初1号（演示）", **CONTACT
    )
    assert (annulled.state, annulled.annulled_as) == ("ANNULLED", "COURT")
    *_, told = await stage.rows(Disclosure, subject_id=vote.id)
    assert told.title.startswith("业主共同决定撤销公告")
    assert "程序违法" in told.body


@pytest.mark.rule("V-12", "V-9")
async def test_who_owns_several_units_votes_once_with_all_their_area(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(), (0, 2), (1,))
    vote = await electorate.opened(await electorate.drafted())
    await electorate.cast(vote, 0, "FOR")
    heads = await stage.rows(RollHead, vote_id=vote.id)
    assert [(head.unit_count, head.area, head.voted_at is not None) for head in heads] == [
        (2, 20_000, True),
        (1, 10_000, False),
    ]


@pytest.mark.requirement("ZS-66")
async def test_owners_vote_online_on_assemblies_fund_use_and_common_revenue(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place(10_000, 10_000, 10_000))
    asked = {
        Matter.ELECTION: "选举业主委员会委员",
        Matter.FUND_USE: "使用维修资金重做屋面防水",
        Matter.OTHER: "公共收益用于补充维修资金",
        Matter.COMMON_PARTS: "将共有场地用于经营",
    }
    agenda = [{"matter": matter, "title": title, "text": title} for matter, title in asked.items()]
    vote = await electorate.opened(await electorate.drafted(*agenda))
    for at, said in enumerate(("FOR", "FOR", "AGAINST")):
        await electorate.cast(vote, at, *[said] * len(asked))
    assert {ballot.channel for ballot in await stage.rows(Ballot, vote_id=vote.id)} == {"ONLINE"}
    await electorate.counted(vote)
    matters = {item.id: item.matter for item in await stage.rows(VoteItem, vote_id=vote.id)}
    outcomes = {matters[one.item_id]: one.outcome for one in await stage.rows(VoteResult, vote_id=vote.id)}
    # Two of three carry what takes more than half, and not business with common parts, which takes three quarters.
    assert outcomes == {
        "ELECTION": "PASSED",
        "FUND_USE": "PASSED",
        "OTHER": "PASSED",
        "COMMON_PARTS": "FAILED_SUPPORT",
    }
