"""The owners' vote on the platform behind an ordinary fund request (SM-6, SM-8, FUND-19, V-31)."""

from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.estates import BuildingKind, UnitUse
from domain.funds import FundScope, FundUse
from domain.profiles import profile_for_test
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.tallies import Matter
from models.cases import AuditEvent
from models.funds import FundEarmark, FundRequest, FundShare
from models.rolls import RollUnit
from models.votes import Vote, VoteItem
from resolvers import estates, fund_quotas, fund_votes, funds, units, votes
from tests.stage import Stage
from tests.votes.electorate import CONTACT, Electorate


async def posted(stage: Stage, electorate: Electorate, **changes: Any) -> tuple[Actor, FundRequest]:
    """A request whose plan hung for its days."""
    place = electorate.place
    company = await stage.actor(Role.COMPANY_ADMIN, company_id=await stage.company(place))
    plan = {"title": "屋面防水", "description": "重做屋面防水层", "budget": 9_000, "warranty_checked": True}
    asset = {"scope": FundScope.ESTATE, **changes}
    drafted = await stage.do(company, funds.draft, estate_id=place.estate.id, **plan, **asset)
    kinds = (DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.POSTING_PROOF)
    request = await stage.do(
        company,
        funds.post_plan,
        id=drafted.id,
        posted_from=stage.today,
        posted_to=stage.today + timedelta(days=7),
        objection_contact="社区",
        document_ids=[(await stage.paper(company, kind)).id for kind in kinds],
    )
    stage.later(days=8)
    return company, request


@pytest.mark.rule("SM-6", "FUND-19")
async def test_a_vote_on_the_platform_moves_its_request_and_nothing_else_does(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place())
    _company, request = await posted(stage, electorate)
    request = await stage.do(electorate.committee, fund_votes.open_vote, id=request.id, on_platform=True)
    vote = await stage.row(Vote, id=request.vote_id)
    assert (request.state, vote.state, vote.subject_id, vote.item_count) == ("VOTING", "DRAFT", request.id, 1)
    figures = dict.fromkeys(
        ("scope_area", "scope_heads", "participating_area", "participating_heads", "for_area", "for_heads"), 3
    )
    attested: dict[str, Any] = {"id": request.id, "voted_on": stage.today, "figures": figures}
    by_hand = await stage.refused(electorate.committee, fund_votes.record_vote, **attested)
    assert by_hand.code is ErrorCode.VOTE_ON_PLATFORM
    vote = await electorate.opened(vote)
    for at, choice in enumerate(("FOR", "FOR", "AGAINST")):
        await electorate.cast(vote, at, choice)
    vote = await electorate.published(vote)
    assert (await stage.row(FundRequest, id=request.id)).state == "VOTING"
    await electorate.turn_to(vote, "published_on", 8)
    passed = await stage.row(FundRequest, id=request.id)
    assert (passed.state, passed.vote_passed, passed.vote_strict_passed) == ("VOTE_PASSED", True, True)
    assert (passed.vote_scope_area, passed.vote_participating_heads, passed.vote_for_area) == (30_000, 3, 20_000)
    *_, event = await stage.rows(AuditEvent, subject_id=request.id)
    assert (event.action, event.role, event.to_state) == ("RECORD_PASSED", "SYSTEM", "VOTE_PASSED")


@pytest.mark.rule("SM-6", "FUND-19")
async def test_a_vote_that_fails_ends_its_request(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place())
    _company, request = await posted(stage, electorate)
    await electorate.hold("FOR", None, None, request_id=request.id)
    failed = await stage.row(FundRequest, id=request.id)
    assert (failed.state, failed.vote_passed, failed.vote_participating_heads) == ("VOTE_FAILED", False, 1)


@pytest.mark.rule("V-21", "SM-8")
async def test_a_request_whose_decision_is_annulled_is_cancelled_and_its_earmark_released(stage: Stage) -> None:
    electorate = await Electorate.build(stage, await stage.place())
    await stage.fund(electorate.place, 5_000, 5_000, 5_000)
    _company, request = await posted(stage, electorate)
    vote = await electorate.hold("FOR", "FOR", "FOR", request_id=request.id)
    community, township, bureau = [await stage.actor(role) for role in (Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU)]
    await stage.do(electorate.committee, funds.approve, id=request.id)
    await stage.do(community, funds.check, id=request.id)
    await stage.do(township, funds.verify, id=request.id, signed=True, sealed=True)
    granted = await stage.do(bureau, funds.grant, id=request.id)
    assert (granted.state, (await stage.row(FundEarmark)).released_at) == ("BUREAU_APPROVED", None)
    await stage.do(township, votes.annul, id=vote.id, reason="送达造假", **CONTACT)
    assert (await stage.row(FundRequest, id=request.id)).state == "CANCELLED"
    assert (await stage.row(FundEarmark)).released_at is not None


@pytest.mark.rule("FUND-15", "FUND-19", "V-15")
async def test_whom_an_asset_serves_bears_its_cost_and_votes_on_it(stage: Stage) -> None:
    place, bureau = await stage.place(10_000, 10_000), await stage.actor(Role.BUREAU)
    number = {"estate_id": place.estate.id, "number": "2", "kind": BuildingKind.HIGH_RISE}
    tower = await stage.do(bureau, estates.building_register, **number)
    flat = {"building_id": tower.id, "floor": 1, "use": UnitUse.DWELLING, "registered_area": 10_000}
    one, other = [
        await stage.do(bureau, units.unit_register, room="101", entrance=entrance, **flat) for entrance in ("1", "2")
    ]
    electorate = await Electorate.build(stage, place)
    company = await stage.actor(Role.COMPANY_ADMIN, company_id=await stage.company(place))
    given: dict[str, Any] = {"estate_id": place.estate.id, "title": "电梯", "description": "更换", "budget": 9_000}
    for scope, building, field in (
        (FundScope.BUILDING, None, "buildingId"),
        (FundScope.ENTRANCE, None, "buildingId"),
        (FundScope.ENTRANCE, tower.id, "entrance"),
        (FundScope.ENTRANCE, place.building.id, "units"),
    ):
        entrance = "1" if field == "units" else None  # the first building has no entrances of its own
        refused = await stage.refused(
            company, funds.draft, **given, scope=scope, building_id=building, entrance=entrance
        )
        assert (refused.code, refused.field) == (ErrorCode.REQUIRED, field)
    served = {
        FundScope.ESTATE: {*(unit.id for unit in place.units), one.id, other.id},
        FundScope.BUILDING: {one.id, other.id},
        FundScope.ENTRANCE: {one.id},
    }
    for scope, bears in served.items():
        _company, request = await posted(stage, electorate, scope=scope, building_id=tower.id, entrance="1")
        assert {share.unit_id for share in await stage.rows(FundShare, fund_request_id=request.id)} == bears
        await stage.do(electorate.committee, fund_votes.open_vote, id=request.id, on_platform=True)
        vote = await electorate.noticed(await stage.row(Vote, subject_id=request.id))
        assert {row.unit_id for row in await stage.rows(RollUnit, vote_id=vote.id)} == bears


@pytest.mark.rule("FUND-19", "V-4", "V-25")
async def test_three_quarters_decide_on_a_rebuilding(stage: Stage) -> None:
    """Altering or rebuilding is item 7: no special mode, no delegated quota, and half of the owners are too few."""
    profile_for_test(stage.county, copy_of="410927")
    electorate = await Electorate.build(stage, await stage.place())
    committee, figures = electorate.committee, {"participating_area": 30_000, "participating_heads": 3}
    counted = {"scope_area": 30_000, "scope_heads": 3, "for_area": 20_000, "for_heads": 2, **figures}
    states = {}
    for use in (FundUse.REPAIR, FundUse.REBUILDING):
        _company, request = await posted(stage, electorate, use=use)
        here = {"id": request.id}
        if use is FundUse.REBUILDING:
            mode = await stage.refused(committee, fund_votes.open_vote, **here, mode=VoteMode.OBJECTION)
            assert (mode.code, mode.field) == (ErrorCode.MODE_NOT_ALLOWED, "voteMode")
            rule = await stage.do(
                await stage.actor(Role.BUREAU),
                fund_quotas.record,
                clause_id=(await electorate.clause(None)).id,
                works="日常维修",
                item_limit=9_000,
                year_limit=9_000,
                valid_from=stage.today,
                valid_to=stage.today,
            )
            quota = await stage.refused(committee, fund_quotas.draw, **here, quota_id=rule.id)
            assert quota.code is ErrorCode.ACTION_NOT_AVAILABLE
        await stage.do(committee, fund_votes.open_vote, **here)
        papers = [await electorate.paper(committee, DocumentKind.OWNERS_RESOLUTION)]
        said = {"voted_on": stage.today, "figures": counted, "document_ids": papers}
        states[use] = (await stage.do(committee, fund_votes.record_vote, **here, **said)).state
    assert states == {FundUse.REPAIR: "VOTE_PASSED", FundUse.REBUILDING: "VOTE_FAILED"}
    _company, request = await posted(stage, electorate, use=FundUse.REBUILDING)
    await stage.do(committee, fund_votes.open_vote, id=request.id, on_platform=True)
    vote = await stage.row(Vote, subject_id=request.id)
    assert (await stage.row(VoteItem, vote_id=vote.id)).matter == Matter.REBUILDING


@pytest.mark.rule("FUND-19")
async def test_a_county_may_take_no_results_from_elsewhere(stage: Stage) -> None:
    profile_for_test(stage.county, copy_of="370303", attested_votes=False)
    electorate = await Electorate.build(stage, await stage.place(10_000))
    _company, request = await posted(stage, electorate)
    refused = await stage.refused(electorate.committee, fund_votes.open_vote, id=request.id)
    assert (refused.code, refused.field) == (ErrorCode.ATTESTED_VOTE_NOT_ALLOWED, "onPlatform")
    opened = await stage.do(electorate.committee, fund_votes.open_vote, id=request.id, on_platform=True)
    assert (opened.state, opened.vote_id is not None) == ("VOTING", True)
