"""Emergencies to their closing in both orders, and what happens when the parties stay idle (SM-7, FUND-21, FUND-23)."""

from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.documents import DocumentKind as Kind
from domain.errors import ErrorCode
from domain.funds import EmergencyCode, FundScope
from models.disclosures import Disclosure
from models.fund_use import FundRecovery
from models.funds import FundRequest
from resolvers import emergency_funds, funds
from tests.acts import Ask, done, opaque
from tests.funds.works import CONTACT, Work
from tests.stage import Stage


async def reported(work: Work, budget: int = 9_000, *, checked: bool = True) -> Work:
    """A lift that endangers people, reported by the company and seen by all three parties."""
    live, crew = work.live, work.crew
    photo = (await live.paper(crew.company, Kind.PHOTO)).id
    request = await live.do(
        crew.company,
        emergency_funds.report,
        estate_id=work.place.estate.id,
        emergency_code=EmergencyCode.ELEVATOR,
        scope=FundScope.ESTATE,
        title="电梯钢丝绳断股",
        description="停运待修",
        budget=budget,
        warranty_checked=True,
        document_ids=[photo],
    )
    work.id = opaque(live.county, "FundRequest", request)
    for who in (crew.company, crew.owner, crew.committee) if checked else ():
        await live.do(who, emergency_funds.check_site, id=request.id, is_emergency=True, note="属实")
    return work


async def repaired(work: Work, cost: int, by: Actor | None = None) -> str:
    company, who = work.crew.company, by or work.crew.company
    papers = await work.papers(who, Kind.PHOTO, Kind.INVOICE)
    assert await work.do(who, "RecordRepair", repairedOn=work.day(), settledCost=cost, documentIds=papers) == "REPAIRED"
    papers = await work.papers(work.crew.committee, Kind.ACCEPTANCE)
    await work.do(work.crew.committee, "Accept", documentIds=papers)
    assert await work.do(work.crew.owner, "Accept") == "ACCEPTED"
    papers = await work.papers(by or company, Kind.SETTLEMENT, Kind.APPORTIONMENT, Kind.POSTING_PROOF)
    days = {"postedFrom": work.day(6), "postedTo": work.day(1)}
    return str(await work.do(by or company, "Post", **days, **CONTACT, documentIds=papers))


@pytest.mark.rule("SM-7", "FUND-21")
async def test_post_first_repairs_posts_approves_pays_and_closes(live: Stage, ask: Ask) -> None:
    work = await reported(await Work.begin(live, ask, 5_000, 5_000, 5_000))
    crew = work.crew
    await work.do(crew.committee, "Approve")
    assert await repaired(work, 8_700) == "POSTED"
    await work.do(crew.township, "Verify", signed=True, sealed=True)
    await work.do(crew.bureau, "Grant")
    assert await work.refused(crew.cashier, "Pay") == ("NOT_CONTRACTED", None)
    assert await work.contract(9_900) == "BUREAU_APPROVED"
    assert await work.paid() == "PAID"
    assert await work.payments() == [(1, 8_700, 8_700, "EXECUTED")]  # what it cost, whatever was agreed
    assert await work.do(crew.bureau, "Apportion") == "APPORTIONED"
    assert await work.do(crew.bureau, "Close") == "CLOSED"
    assert await work.books() == {"units": [2_100] * 3, "claims": [0] * 3, "claimed": 0, "bank": 6_300, "earmarked": 0}


@pytest.mark.requirement("TQ-99", "TQ-101")
@pytest.mark.rule("SM-7", "FUND-21", "FUND-30")
async def test_pay_first_pays_at_once_publishes_the_amount_used_and_gets_the_rest_back(live: Stage, ask: Ask) -> None:
    work = await reported(await Work.begin(live, ask, 5_000, 5_000, 5_000))
    crew = work.crew
    await work.do(crew.committee, "Approve")
    papers = await work.papers(crew.township, Kind.PLAN, Kind.BUDGET)
    await work.do(crew.township, "Verify", signed=True, sealed=True, documentIds=papers)
    await work.do(crew.bureau, "Grant")
    await work.contract(9_000)
    assert await work.paid() == "PAID"
    assert await work.refused(crew.company, "Cancel", reason="撤销") == ("ACTION_NOT_AVAILABLE", None)
    assert await repaired(work, 8_400) == "POSTED"
    posted = (await live.rows(Disclosure))[-1]
    assert (posted.content["fundRequest"], posted.content["amountUsed"]) == (str((await work.request()).id), 8_400)
    assert await work.refused(crew.cashier, "Pay") == ("NOTHING_DUE", None)
    assert await work.do(crew.bureau, "Apportion") == "APPORTIONED"
    assert (await work.refused(crew.bureau, "Close"))[0] == "CLAIMS_OPEN"
    (back,) = await live.rows(FundRecovery)
    assert (back.reason_kind, back.amount) == ("OVERPAID", 600)
    given = {"serial": "R-1", "valueDate": work.day(), "amount": 600}
    id = opaque(live.county, "FundRecovery", back)
    await done(ask, crew.cashier, "fundRecoveryReceive", "fundRecovery { state }", id=id, **given)
    assert await work.do(crew.bureau, "Close") == "CLOSED"
    assert await work.books() == {"units": [2_200] * 3, "claims": [0] * 3, "claimed": 0, "bank": 6_600, "earmarked": 0}


@pytest.mark.rule("FUND-23")
@pytest.mark.requirement("GT-38")
async def test_the_township_orders_idle_parties_and_then_organises_the_repair(live: Stage, ask: Ask) -> None:
    live.now -= timedelta(days=3)
    work = await reported(await Work.begin(live, ask, 5_000, 5_000, 5_000), checked=False)
    live.now += timedelta(days=3)
    crew = work.crew
    order: dict[str, Any] = {"orderedTo": work.day(-1), "reason": "无人处理"}
    assert await work.refused(crew.township, "Organise") == ("ACTION_NOT_AVAILABLE", None)
    assert await work.refused(crew.bureau, "Order", **order) == ("FORBIDDEN_ROLE", None)
    assert await work.refused(crew.township, "Order", **{**order, "orderedTo": work.day(1)}) == (
        "OUT_OF_RANGE",
        "orderedTo",
    )
    assert (await work.do(crew.township, "Order", "orderedTo state", **order))["orderedTo"] == work.day(-1)
    assert await work.refused(crew.township, "Organise") == ("TOO_EARLY", None)
    live.now -= timedelta(days=2)
    request = await work.request()
    await live.do(crew.township, emergency_funds.order, id=request.id, ordered_to=live.today, reason="限期")
    live.now += timedelta(days=2)
    shown = await work.do(crew.township, "Organise", "state organisedOn")
    assert shown == {"state": "APPROVED_DIRECT", "organisedOn": work.day()}
    assert await repaired(work, 9_000, by=crew.auditor) == "POSTED"
    signed = {"signed": True, "sealed": True}
    assert await work.refused(crew.township, "Verify", **signed) == ("SAME_REVIEWER", None)
    assert await work.do(crew.auditor, "Verify", **signed) == "TOWNSHIP_VERIFIED"


@pytest.mark.rule("FUND-23")
async def test_what_a_silent_committee_leaves_undecided_the_bureau_may_decide_after_seven_days(
    stage: Stage, ask: Ask
) -> None:
    work = await reported(await Work.begin(stage, ask, 5_000, 5_000, 5_000))
    bureau, request = work.crew.bureau, await work.request()
    stage.later(days=6)
    assert (await stage.refused(bureau, funds.approve, id=request.id)).code is ErrorCode.TOO_EARLY
    stage.later(days=2)
    await stage.do(bureau, funds.approve, id=request.id)
    assert (await stage.row(FundRequest)).state == "APPROVED_DIRECT"
