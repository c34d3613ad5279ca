"""From the first reminder to a settlement, through the API (SM-14, FEE-12, FEE-16)."""

import pytest

from domain.documents import DocumentKind
from domain.roles import Role
from models.base import new_id
from models.cases import Task
from models.dunning import DunningCase, DunningClaim
from models.filings import Filing
from resolvers.payments import fee_bill_pay
from resolvers.receipts import payment_reverse
from tests.acts import Ask, done, refusal, row_of
from tests.dunning.debtors import Debtors
from tests.market import days
from tests.world import World

SHOWN = "state outstanding records { nodes { step means outstanding role } } claims { totalCount }"


@pytest.mark.rule("FEE-12", "SM-14")
async def test_the_clock_reminds_once_and_gives_notice_and_the_company_demands(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask, units=2)
    market, today = debtors.market, world.today
    await debtors.night()
    await debtors.night()
    cases = await world.rows(DunningCase)
    assert [case.unit_id for case in cases] == [unit.id for unit in market.units]
    case = cases[0]
    assert (case.due_since, case.notice_on, case.demand_on) == (today - days(100), today + days(29), today + days(59))
    reminder = {"step": "REMINDER", "means": "APP", "outstanding": 12_000, "role": "SYSTEM"}
    assert await row_of(ask, market.admin, debtors.id(case), SHOWN) == {
        "state": "REMINDED",
        "outstanding": 12_000,
        "records": {"nodes": [reminder]},
        "claims": {"totalCount": 1},
    }
    # Before the demand a further bill joins the case: there is one for each debtor.
    await debtors.bill(due=10)
    await debtors.night()
    assert len(await world.rows(DunningCase)) == 2
    assert (await row_of(ask, market.admin, debtors.id(case), "outstanding claims { totalCount }")) == {
        "outstanding": 24_000,
        "claims": {"totalCount": 2},
    }
    assert await world.rows(Task) == []
    await debtors.night(later=28)
    assert (await debtors.case()).state == "REMINDED"
    await debtors.night(later=29)
    seen = await row_of(ask, await market.resident(), debtors.id(case), SHOWN)
    notice = {"step": "NOTICE", "means": "APP", "outstanding": 24_000, "role": "SYSTEM"}
    assert (seen["state"], seen["records"]["nodes"]) == ("NOTICE1", [reminder, notice])
    tasks = [(task.role, task.due_on) for task in await world.rows(Task) if task.case_id == case.id]
    assert sorted(tasks) == [("COMPANY_ADMIN", today + days(59)), ("PROJECT_LEADER", today + days(59))]
    stranger = await market.resident(market.units[1])
    assert await row_of(ask, stranger, debtors.id(case), "state") is None

    demand = await debtors.demand(case, ago=0)
    short = {**demand, "endsOn": (today + days(14)).isoformat()}
    before = await world.fingerprint()
    assert await refusal(ask, market.admin, "dunningDemandServe", **{**demand, "documentIds": []}) == (
        "MISSING_DOCUMENT",
        "documents",
    )
    assert await refusal(ask, market.admin, "dunningDemandServe", **short) == ("OUT_OF_RANGE", "endsOn")
    assert (await refusal(ask, debtors.committee, "dunningDemandServe", **demand))[0] == "FORBIDDEN_ROLE"
    assert before == await world.fingerprint()
    served = await done(ask, market.admin, "dunningDemandServe", "case { state demandEndsOn }", **demand)
    assert served == {"state": "DEMAND_SERVED", "demandEndsOn": (today + days(15)).isoformat()}
    # What falls due after the demand is another debt with a demand of its own.
    await debtors.bill(due=5)
    await debtors.night()
    assert [one.state for one in await world.rows(DunningCase, unit_id=case.unit_id)] == ["DEMAND_SERVED", "REMINDED"]


@pytest.mark.rule("V-38")
@pytest.mark.rule("FEE-16")
async def test_nobody_is_cut_off_or_kept_out(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    case = await debtors.demanded()
    contact = {"id": debtors.id(case), "note": "电话联系业主"}
    demand = await debtors.demand(case)
    before = await world.fingerprint()
    for means in ("SUPPLY_CUT", "ACCESS_BARRED"):
        refused = ("MEASURE_FORBIDDEN", "means")
        assert await refusal(ask, debtors.market.admin, "dunningContactRecord", **contact, means=means) == refused
        assert await refusal(ask, debtors.committee, "dunningUrge", id=debtors.id(case), means=means) == refused
        assert await refusal(ask, debtors.market.admin, "dunningDemandServe", **{**demand, "means": means}) == refused
    assert before == await world.fingerprint()
    recorded = await done(
        ask, debtors.market.cashier, "dunningContactRecord", "record { step means note }", **contact, means="PHONE"
    )
    assert recorded == {"step": "CONTACT", "means": "PHONE", "note": "电话联系业主"}


@pytest.mark.requirement("ZD-43", "TQ-43", "GT-61")
async def test_the_committee_urges(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    case = await debtors.demanded()
    given = {"id": debtors.id(case), "means": "IN_PERSON", "note": "上门提醒按时缴费"}
    assert (await refusal(ask, debtors.market.admin, "dunningUrge", **given))[0] == "FORBIDDEN_ROLE"
    elsewhere = await world.person(Role.COMMITTEE, committee_id=case.id, area_id=case.id)
    assert await refusal(ask, elsewhere, "dunningUrge", **given) == ("NOT_FOUND", "id")
    urged = await done(ask, debtors.committee, "dunningUrge", "case { state } ", **given)
    assert urged == {"state": "COMMITTEE_URGED"}
    records = await row_of(ask, await debtors.market.resident(), debtors.id(case), "records { nodes { step note } }")
    assert records["records"]["nodes"][-1] == {"step": "URGING", "note": "上门提醒按时缴费"}


@pytest.mark.requirement("TQ-27", "ZS-27")
async def test_mediation_fails_or_settles_in_instalments(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    case, street = await debtors.demanded(), await world.community_office()
    offer = {"id": debtors.id(case), "means": "APP"}
    assert await done(ask, street, "dunningMediationOffer", "case { state }", **offer) == {"state": "MEDIATING"}
    failed = {"id": debtors.id(case), "reason": "未到场"}
    assert (await refusal(ask, debtors.market.admin, "dunningMediationFail", **failed))[0] == "FORBIDDEN_ROLE"
    assert await done(ask, street, "dunningMediationFail", "case { state }", **failed) == {"state": "DEMAND_SERVED"}
    await done(ask, debtors.market.admin, "dunningMediationOffer", "case { state }", **offer)
    today = world.today
    parts = [
        {"dueOn": (today + days(10)).isoformat(), "amount": 5_000},
        {"dueOn": (today + days(40)).isoformat(), "amount": 7_000},
    ]
    plan = {"id": debtors.id(case), "instalments": parts, "note": "调解协议"}
    record = await debtors.papers(DocumentKind.MEDIATION_RECORD, by=street)
    settled = await done(
        ask,
        street,
        "dunningPlanAgree",
        "case { state planTotal instalments { amountSum nodes { plan position dueOn amount } } }",
        **plan,
        documentIds=record,
    )
    assert (settled["state"], settled["planTotal"]) == ("SETTLED", 12_000)
    assert settled["instalments"]["amountSum"] == 12_000
    assert settled["instalments"]["nodes"][1] == {"plan": 1, "position": 2, **parts[1]}
    steps = await row_of(ask, street, debtors.id(case), "records { nodes { step note documentIds } }")
    assert steps["records"]["nodes"][-1] == {"step": "MEDIATION", "note": "调解协议", "documentIds": record}


@pytest.mark.rule("SM-14")
async def test_a_plan_is_whole_and_a_missed_part_calls_for_a_new_demand(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    case, today = await debtors.demanded(), world.today
    admin, [bill] = debtors.market.admin, await debtors.market.bills()
    first, second = (today + days(10)).isoformat(), (today + days(40)).isoformat()
    short = [{"dueOn": first, "amount": 5_000}, {"dueOn": second, "amount": 6_999}]
    backward = [{"dueOn": second, "amount": 5_000}, {"dueOn": first, "amount": 7_000}]
    before = await world.fingerprint()
    agree = {"id": debtors.id(case)}
    assert await refusal(ask, admin, "dunningPlanAgree", **agree, instalments=short) == (
        "PLAN_NOT_WHOLE",
        "instalments",
    )
    assert await refusal(ask, admin, "dunningPlanAgree", **agree, instalments=backward) == (
        "OUT_OF_RANGE",
        "instalments.1.dueOn",
    )
    assert before == await world.fingerprint()
    kept = [{"dueOn": first, "amount": 5_000}, {"dueOn": second, "amount": 7_000}]
    await done(ask, admin, "dunningPlanAgree", "case { state }", **agree, instalments=kept)
    await world.do(debtors.market.bank, fee_bill_pay, id=bill.id, **debtors.market.paying(5_000))
    await debtors.night(later=11)  # the first part was paid
    assert (await debtors.case()).state == "SETTLED"
    await debtors.night(later=41)  # the second was not
    assert (await debtors.case()).state == "PLAN_BROKEN"
    # The old demand no longer carries a suit: it is served anew.
    assert (await refusal(ask, admin, "suitPrepare", id=debtors.id(case)))[0] == "ACTION_NOT_AVAILABLE"
    again = await done(ask, admin, "dunningDemandServe", "case { state }", **await debtors.demand(case))
    assert again == {"state": "DEMAND_SERVED"}


@pytest.mark.rule("SM-14")
async def test_full_payment_ends_the_chain_and_a_reversal_starts_it_anew(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    case, [bill] = await debtors.demanded(), await debtors.market.bills()
    part, _ = await world.do(debtors.market.bank, fee_bill_pay, id=bill.id, **debtors.market.paying(2_000))
    await debtors.night()
    assert (await debtors.case()).state == "DEMAND_SERVED"  # part payment changes nothing
    await world.do(debtors.market.bank, fee_bill_pay, id=bill.id, **debtors.market.paying(10_000))
    await debtors.night()
    assert (await debtors.case()).state == "PAID"
    assert [task.closed_at is None for task in await world.rows(Task, case_id=case.id)].count(True) == 0
    assert (await refusal(ask, debtors.market.admin, "suitPrepare", id=debtors.id(case)))[0] == "ACTION_NOT_AVAILABLE"
    await world.do(debtors.market.bank, payment_reverse, id=part.id, reason="退票")
    await debtors.night()
    assert [one.state for one in await world.rows(DunningCase)] == ["PAID", "REMINDED"]
    assert [claim.ended_on for claim in await world.rows(DunningClaim)] == [world.today, None]


async def test_a_case_is_given_up_with_a_reason_and_its_bills_are_left_alone(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    case = await debtors.demanded()
    given = {"id": debtors.id(case), "reason": "金额过小"}
    assert (await refusal(ask, debtors.committee, "dunningDrop", **given))[0] == "FORBIDDEN_ROLE"
    assert await done(ask, debtors.market.admin, "dunningDrop", "case { state }", **given) == {"state": "DROPPED"}
    await debtors.night()
    assert len(await world.rows(DunningCase)) == 1


async def test_a_disputed_bill_rests(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    bill = (await ask(debtors.market.admin, "{ feeBills { nodes { id } } }"))["feeBills"]["nodes"][0]["id"]
    await done(ask, await debtors.market.resident(), "billDispute", "bill { state }", id=bill, reason="面积有误")
    await debtors.night()
    assert await world.rows(DunningCase) == []


@pytest.mark.rule("FEE-17")
async def test_arrears_hang_on_the_board_masked_and_by_the_committees_decision(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask, units=2)
    await debtors.owner(debtors.market.units[0])
    await debtors.demanded()  # of the first unit; the second has not been demanded
    area = debtors.market.area
    record = await debtors.papers(DocumentKind.COMMITTEE_RECORD, by=debtors.committee)
    given = {
        "areaId": f"PropertyArea_{world.county}_{area.id.hex}",
        "decidedOn": world.today.isoformat(),
        "objectionContact": "演示社区",
        "documentIds": record,
    }
    before = await world.fingerprint()
    assert (await refusal(ask, debtors.market.admin, "arrearsPost", **given))[0] == "FORBIDDEN_ROLE"
    undecided = await refusal(ask, debtors.committee, "arrearsPost", **{**given, "documentIds": []})
    assert undecided == ("MISSING_DOCUMENT", "documentIds")
    assert before == await world.fingerprint()
    posted = await done(ask, debtors.committee, "arrearsPost", "disclosure { title body }", **given)
    assert posted == {"title": "物业费欠费公示", "body": f"{debtors.market.units[0].name_mask}：¥120.00"}


@pytest.mark.requirement("TQ-44")
async def test_a_covenants_measure_needs_a_covenant_two_records_and_no_forbidden_means(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    await debtors.night()
    case = await debtors.case()
    area = debtors.market.area
    covenant = Filing(
        county=world.county,
        id=new_id(),
        kind="COVENANT",
        number="GY-1",
        title="管理规约（演示）",
        state="FILED",
        state_since=world.now,
        workflow="covenant_filing",
        workflow_version=1,
        profile_version="1",
        version=1,
        township=world.township,
        community=world.community,
        area_id=area.id,
        applicant_id=debtors.committee.account_id,
        applicant_role="COMMITTEE",
        covenant_kind="COVENANT",
        published=True,
        effective_from=world.today - days(100),
    )
    await world.write([covenant])
    given = {
        "id": debtors.id(case),
        "covenantId": f"Filing_{world.county}_{covenant.id.hex}",
        "article": "第三十条",
        "note": "暂停参与业主活动",
        "means": "IN_PERSON",
    }
    before = await world.fingerprint()
    barred = {**given, "means": "ACCESS_BARRED"}
    assert await refusal(ask, debtors.committee, "dunningCovenantMeasure", **barred) == ("MEASURE_FORBIDDEN", "means")
    assert await refusal(ask, debtors.committee, "dunningCovenantMeasure", **given) == ("TOO_EARLY", "id")
    assert (await refusal(ask, debtors.market.admin, "dunningCovenantMeasure", **given))[0] == "FORBIDDEN_ROLE"
    assert before == await world.fingerprint()
    await debtors.night(later=30)
    made = await done(ask, debtors.committee, "dunningCovenantMeasure", "record { step note }", **given)
    assert made == {"step": "COVENANT_MEASURE", "note": "第三十条：暂停参与业主活动"}
