"""Quotas that owners adopted once, and the requests that draw on them without a vote of their own (V-27, V-32, TQ-42)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.documents import DocumentKind as Kind
from domain.errors import ErrorCode, Refusal
from domain.estates import FacilityKind
from domain.fund_quotas import QuotaKind
from domain.profiles import profile_for_test
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from models.cases import Review
from models.fund_quotas import FundQuota
from models.funds import FundRequest
from models.votes import Vote, VoteItem
from resolvers import estates, fund_quotas, votes
from tests.acts import Ask, act, done, opaque, refusal, row_of
from tests.funds.works import PAYEE, Work
from tests.stage import Stage
from tests.votes.electorate import CONTACT, Electorate

LIMITS = {"item_limit": 10_000, "year_limit": 15_000}
WORKS = "屋面、外墙渗漏维修"


async def collective(live: Stage, ask: Ask) -> tuple[Work, Electorate, str]:
    """Gaotai's owners agreed to leaks, of 100 yuan each and 150 a year, for a year: voted on by commands in the past."""
    profile_for_test(live.county, copy_of="620724")
    live.now = datetime.now(UTC) - timedelta(days=60)
    work = await Work.begin(live, ask, 30_000, 30_000, 30_000)
    electorate = await Electorate.build(live, work.place, committee=work.crew.committee)
    clause = await electorate.clause(VoteMode.COLLECTIVE)
    quota = await live.do(
        electorate.committee,
        fund_quotas.propose,
        area_id=work.place.area.id,
        kind=QuotaKind.COLLECTIVE,
        works=WORKS,
        valid_from=live.today,
        valid_to=live.today + timedelta(days=365),
        clause_id=clause.id,
        **LIMITS,
    )
    assert (quota.state, (await live.row(VoteItem)).matter, (await live.row(VoteItem)).mode) == (
        "PROPOSED",
        "FUND_USE",
        "COLLECTIVE",
    )
    vote = await electorate.opened(await live.row(Vote, id=quota.vote_id))
    for at in range(3):
        await electorate.cast(vote, at, "FOR")
    await electorate.final(vote)
    live.now = datetime.now(UTC)
    return work, electorate, opaque(live.county, "FundQuota", quota)


async def use(work: Work, quota: str) -> Any:
    minutes = await work.papers(work.crew.committee, Kind.COMMITTEE_RECORD)
    return await work.do(
        work.crew.committee,
        "UseQuota",
        "state quotaDrawn quota { drawnThisYear }",
        quotaId=quota,
        documentIds=minutes,
    )


@pytest.mark.requirement("GT-39")
@pytest.mark.rule("V-27", "FUND-29", "V-21")
async def test_owners_agree_once_and_requests_draw_until_it_is_used_up(live: Stage, ask: Ask) -> None:
    work, electorate, quota = await collective(live, ask)
    crew = work.crew
    shown = "state kind works itemLimit yearLimit drawnThisYear validTo area { id } vote { state } clause { mode }"
    seen = await row_of(ask, electorate.owners[0], quota, shown)
    assert seen == {
        "state": "IN_FORCE",
        "kind": "COLLECTIVE",
        "works": WORKS,
        "itemLimit": 10_000,
        "yearLimit": 15_000,
        "drawnThisYear": 0,
        "validTo": (live.today + timedelta(days=305)).isoformat(),
        "area": {"id": opaque(live.county, "PropertyArea", work.place.area)},
        "vote": {"state": "FINAL"},
        "clause": {"mode": "COLLECTIVE"},
    }
    await work.posted(10_001)  # more than one repair may cost
    minutes = await work.papers(crew.committee, Kind.COMMITTEE_RECORD)
    given = {"quotaId": quota, "documentIds": minutes}
    assert await work.refused(crew.committee, "UseQuota", **given) == ("QUOTA_EXCEEDED", "amount")
    await work.posted(9_000)
    first = work.id
    taken = {"state": "COMMITTEE_APPROVED", "quotaDrawn": 9_000, "quota": {"drawnThisYear": 9_000}}
    assert await use(work, quota) == taken
    second = await work.posted(9_500)
    assert await work.refused(crew.committee, "UseQuota", **given) == ("QUOTA_EXCEEDED", "amount")  # of the year
    # What is given up may be drawn by others.
    cancelled = "fundRequest { quotaDrawn }"
    gone = await done(ask, crew.company, "fundRequestCancel", cancelled, id=first, reason="另行安排")
    assert gone == {"quotaDrawn": 0}
    assert await row_of(ask, crew.committee, quota, "drawnThisYear") == {"drawnThisYear": 0}
    assert (await use(work, quota))["quotaDrawn"] == 9_500
    # The contract's price takes its place within the limits, then what the work cost in the end.
    await work.granted(second)
    priced = {"price": 10_400, "payee": PAYEE, "signedOn": work.day()}
    priced["documentIds"] = await work.papers(crew.committee, Kind.CONTRACT)
    assert await work.refused(crew.committee, "Contract", **priced) == ("QUOTA_EXCEEDED", "amount")
    await work.contract(9_900)
    assert (await work.seen("quotaDrawn"))["quotaDrawn"] == 9_900
    await work.progress()
    await work.accept()
    await work.settle(8_000)
    assert (await work.seen("quotaDrawn quota { drawnThisYear }"))["quota"] == {"drawnThisYear": 8_000}
    await work.posted(7_000)
    assert (await use(work, quota))["quota"] == {"drawnThisYear": 15_000}
    # An annulled decision ends it, and what drew on it and is not under contract (V-21).
    township = await live.actor(Role.TOWNSHIP)
    vote = await live.row(Vote)
    await live.do(township, votes.annul, id=vote.id, reason="送达造假", **CONTACT)
    assert await work.seen("state quotaDrawn") == {"state": "CANCELLED", "quotaDrawn": 0}
    ended = await row_of(ask, crew.committee, quota, "state endedOn endReason draws { totalCount }")
    assert ended == {"state": "ENDED", "endedOn": work.day(), "endReason": "ANNULLED", "draws": {"totalCount": 3}}
    await work.posted(1_000)
    assert await work.refused(crew.committee, "UseQuota", **given) == ("QUOTA_NOT_IN_FORCE", "quotaId")


@pytest.mark.requirement("TQ-42")
@pytest.mark.rule("V-32", "V-27")
async def test_of_two_draws_at_once_one_wins(live: Stage, ask: Ask) -> None:
    profile_for_test(live.county, copy_of="410927")
    work = await Work.begin(live, ask, 30_000, 30_000, 30_000)
    crew, township = work.crew, work.crew.township
    electorate = Electorate(live, work.place, crew.committee)
    clause = await electorate.clause(None)
    day = live.today
    given: dict[str, Any] = {
        "clauseId": opaque(live.county, "ModeClause", clause),
        "works": "日常维修",
        "itemLimit": 9_999,
        "yearLimit": 15_000,
        "validFrom": day.isoformat(),
        "validTo": (day + timedelta(days=365)).isoformat(),
    }
    # The body that spends does not write its own limits down; those must be in order.
    assert await refusal(ask, crew.committee, "fundQuotaRecord", **given) == ("FORBIDDEN_ROLE", None)
    bad = {**given, "itemLimit": 15_001}
    assert await refusal(ask, township, "fundQuotaRecord", **bad) == ("OUT_OF_RANGE", "itemLimit")
    late = {**given, "validTo": (day - timedelta(days=1)).isoformat()}
    assert await refusal(ask, township, "fundQuotaRecord", **late) == ("OUT_OF_RANGE", "validTo")
    shown = "fundQuota { id kind state clause { mode article } vote { id } }"
    made = await done(ask, township, "fundQuotaRecord", shown, **given)
    id = made.pop("id")
    article = {"mode": None, "article": "议事规则第二十条"}
    assert made == {"kind": "DELEGATED", "state": "IN_FORCE", "clause": article, "vote": None}
    quota = await live.row(FundQuota)
    requests = [await work.posted(budget) for budget in (9_000, 9_000, 10_000)]
    minutes = [(await live.paper(crew.committee, Kind.COMMITTEE_RECORD)).id for _ in requests]

    def draw(at: int) -> Any:
        return live.do(
            crew.committee, fund_quotas.draw, id=requests[at].id, quota_id=quota.id, document_ids=[minutes[at]]
        )

    outcomes = await asyncio.gather(draw(0), draw(1), return_exceptions=True)
    (refused,) = [each for each in outcomes if isinstance(each, Refusal)]
    assert (refused.code, refused.field, refused.params["limit_fen"]) == (ErrorCode.QUOTA_EXCEEDED, "amount", 6_000)
    rows = await live.rows(FundRequest, quota_id=quota.id)
    assert [(row.state, row.quota_drawn) for row in rows] == [("COMMITTEE_APPROVED", 9_000)]
    with pytest.raises(Refusal) as dear:
        await draw(2)
    assert dear.value.params["limit_fen"] == 6_000
    # The committee's decision is one: who took it decides no other step.
    (review,) = await live.rows(Review)
    assert (review.action, review.role) == ("USE_QUOTA", "COMMITTEE")
    assert await refusal(ask, crew.company, "fundQuotaEnd", id=id, reason="期满前终止") == ("NOT_FOUND", "id")
    ended = await done(ask, crew.committee, "fundQuotaEnd", "fundQuota { state endReason }", id=id, reason="已修订规则")
    assert ended == {"state": "ENDED", "endReason": "已修订规则"}
    with pytest.raises(Refusal) as over:
        await draw(1)
    assert over.value.code is ErrorCode.QUOTA_NOT_IN_FORCE


@pytest.mark.rule("V-27", "V-32")
async def test_a_quota_is_for_its_area_its_building_its_class_and_its_term(live: Stage, ask: Ask) -> None:
    profile_for_test(live.county, copy_of="410927")
    work = await Work.begin(live, ask, 30_000, 30_000, 30_000)
    clause = await Electorate(live, work.place, work.crew.committee).clause(None)
    there = await live.place()
    elsewhere = await Electorate(live, there, await live.committee(there)).clause(None)
    day = live.today

    async def quota(clause_id: Any = clause.id, **terms: Any) -> str:
        given = {"works": "日常维修", "valid_from": day, "valid_to": day, **LIMITS, **terms}
        made = await live.do(work.crew.bureau, fund_quotas.record, clause_id=clause_id, **given)
        return opaque(live.county, "FundQuota", made)

    lifts = await quota(facility_kinds=[FacilityKind.ELEVATOR])
    to_come = await quota(valid_from=day + timedelta(days=1), valid_to=day + timedelta(days=9))
    of_others = await quota(elsewhere.id)
    await work.posted(1_000)
    minutes = await work.papers(work.crew.committee, Kind.COMMITTEE_RECORD)
    for id, code in (
        (lifts, "QUOTA_NOT_FOR_THIS"),
        (to_come, "QUOTA_NOT_IN_FORCE"),
        (of_others, "NOT_FOUND"),  # what is not theirs does not exist
    ):
        found = await work.refused(work.crew.committee, "UseQuota", quotaId=id, documentIds=minutes)
        assert found == (code, "quotaId")
    await work.posted(10_000, facility_id=(await _lift(work)).id)
    assert (await use(work, lifts))["state"] == "COMMITTEE_APPROVED"


async def _lift(work: Work) -> Any:
    given = {"estate_id": work.place.estate.id, "kind": FacilityKind.ELEVATOR, "number": "1", "name": "1号电梯"}
    return await work.live.do(work.crew.bureau, estates.facility_register, **given)


@pytest.mark.rule("V-32", "V-27")
async def test_zibo_delegates_nothing_and_a_collective_quota_needs_its_clause(live: Stage, ask: Ask) -> None:
    profile_for_test(live.county, copy_of="370303")
    work = await Work.begin(live, ask, 0, 0, 0)
    committee, area = work.crew.committee, opaque(live.county, "PropertyArea", work.place.area)
    paper = await work.papers(committee, Kind.OWNERS_RESOLUTION)
    clause = {
        "areaId": area,
        "source": "RULES_OF_PROCEDURE",
        "article": "x",
        "adoptedOn": work.day(),
        "documentIds": paper,
    }
    assert await refusal(ask, committee, "modeClauseRecord", **clause) == ("MODE_NOT_ALLOWED", "mode")
    terms = {"areaId": area, "works": WORKS, "itemLimit": 1, "yearLimit": 1}
    terms |= {"validFrom": work.day(), "validTo": work.day()}
    for kind in QuotaKind:
        found = await refusal(ask, committee, "fundQuotaPropose", kind=kind.value, **terms)
        assert found == ("MODE_NOT_ALLOWED", "kind")
    profile_for_test(live.county, copy_of="620724")
    bare = await refusal(ask, committee, "fundQuotaPropose", kind="COLLECTIVE", **terms)
    assert bare == ("REQUIRED", "clauseId")
    payload = await act(ask, committee, "modeClauseRecord", "modeClause { id }", **clause, mode="COLLECTIVE")
    shown = "fundQuota { state vote { id version state items { nodes { title text matter mode } } } }"
    given = {**terms, "kind": "COLLECTIVE", "clauseId": payload["modeClause"]["id"]}
    proposed = await done(ask, committee, "fundQuotaPropose", shown, **given)
    vote = proposed["vote"]
    (item,) = vote["items"]["nodes"]
    assert (proposed["state"], vote["state"], item["matter"], item["mode"]) == (
        "PROPOSED",
        "DRAFT",
        "FUND_USE",
        "COLLECTIVE",
    )
    assert "单项不超过¥0.01" in item["text"]
    # What owners are asked is the quota's own: its words and its majority are not changed in the draft.
    other = {**item, "text": "单项不超过100万元", "clauseId": given["clauseId"]}
    changed = {"id": vote["id"], "expectedVersion": vote["version"], "title": "改", "agenda": [other]}
    assert await refusal(ask, committee, "voteChange", **changed) == ("INVALID_INPUT", "agenda")
