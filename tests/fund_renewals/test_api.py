"""Renewal through the API: low accounts are found, the owners decide, units are asked, pressed, and posted masked (FUND-8)."""

from datetime import timedelta
from typing import Any

import pytest

from domain.documents import DocumentKind
from domain.money import format_fen
from domain.roles import Role
from models.disclosures import Disclosure
from models.fund_demands import FundDemand
from models.fund_renewals import FundRenewalPlan
from models.votes import Vote
from resolvers import votes
from resolvers.unit_of_work import set_fuse
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.fund_receipts.money import deposit
from tests.stage import Place, Stage
from tests.votes.electorate import CONTACT, Electorate

PASSED = {
    "scopeArea": 40_000,
    "scopeHeads": 4,
    "participatingArea": 40_000,
    "participatingHeads": 4,
    "forArea": 30_000,
    "forHeads": 3,
}
PLAN = "plan { id state unitCount amount belowPercent targetPercent decidedOn lines { totalCount } }"
NEED = "query ($area: ID!) { fundRenewalNeed(area: $area) { units below percent firstDeposits balances missing } }"


async def backdated(live: Stage, days: int) -> None:
    """Let so many days pass over the county's demands: the API goes by the real clock."""
    async with live.sessions.begin() as session:
        await set_fuse(session, {live.county})
        for row in await live.rows(FundDemand):
            stored = await session.get_one(FundDemand, (live.county, row.id))
            stored.due_on -= timedelta(days=days)
            if stored.press_due_on is not None:
                stored.press_due_on -= timedelta(days=days)


async def low_area(live: Stage) -> Place:
    """Four units of 100 m², whose first deposit is ¥6,000 today; two accounts stand below 30 %, one on it exactly."""
    place = await live.place(10_000, 10_000, 10_000, 10_000)
    await live.fund(place, 179_999, 180_000, 1, 600_000)
    return place


@pytest.mark.rule("FUND-8", "V-4")
async def test_low_accounts_are_renewed_by_the_owners_decision(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await low_area(live)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    owner, neighbour = await live.owner(place), await live.owner(place, 1)
    committee = await live.committee(place)
    area = {"areaId": opaque(live.county, "PropertyArea", place.area)}
    need = (await ask(committee, NEED, area=area["areaId"]))["fundRenewalNeed"]
    assert need == {
        "units": 4,
        "below": 2,
        "percent": 30,
        "firstDeposits": 2_400_000,
        "balances": 960_000,
        "missing": 420_001 + 599_999,
    }
    assert await refusal(ask, owner, "fundRenewalDraft", **area) == ("FORBIDDEN_ROLE", None)
    more = await refusal(ask, committee, "fundRenewalDraft", **area, targetPercent=101)
    assert more == ("OUT_OF_RANGE", "targetPercent")
    plan = await done(ask, committee, "fundRenewalDraft", PLAN, **area)
    assert (plan["state"], plan["unitCount"], plan["amount"]) == ("DRAFT", 2, 1_020_000)
    assert await refusal(ask, committee, "fundRenewalDraft", **area) == ("ALREADY_REGISTERED", "areaId")
    lines = "{ fundRenewalPlans { nodes { lines { nodes { position firstDeposit balance amount unit { name } } } } } }"
    (seen,) = (await ask(committee, lines))["fundRenewalPlans"]["nodes"]
    first, third = place.units[0].name, place.units[2].name
    both = [
        {"position": 1, "firstDeposit": 600_000, "balance": 179_999, "amount": 420_001, "unit": {"name": first}},
        {"position": 2, "firstDeposit": 600_000, "balance": 1, "amount": 599_999, "unit": {"name": third}},
    ]
    assert seen["lines"]["nodes"] == both
    (mine,) = (await ask(owner, lines))["fundRenewalPlans"]["nodes"]
    assert mine["lines"]["nodes"] == both[:1]  # what a neighbour has in the fund is the neighbour's
    (others,) = (await ask(neighbour, lines))["fundRenewalPlans"]["nodes"]
    assert others["lines"]["nodes"] == []

    paper = opaque(live.county, "Document", await live.paper(committee, DocumentKind.OWNERS_RESOLUTION))
    decision: dict[str, Any] = {
        "id": plan["id"],
        "decidedOn": live.today.isoformat(),
        "figures": PASSED,
        "documentIds": [paper],
    }
    assert await refusal(ask, owner, "fundRenewalDecide", **decision) == ("FORBIDDEN_ROLE", None)
    without = {**decision, "documentIds": []}
    assert await refusal(ask, committee, "fundRenewalDecide", **without) == ("MISSING_DOCUMENT", "documentIds")
    impossible = {**decision, "figures": {**PASSED, "forArea": 40_001}}
    assert (await refusal(ask, committee, "fundRenewalDecide", **impossible))[0] == "OUT_OF_RANGE"
    assert await live.rows(FundDemand) == []
    decided = await done(ask, committee, "fundRenewalDecide", PLAN, **decision)
    assert (decided["state"], decided["decidedOn"]) == ("PASSED", live.today.isoformat())
    asked = "{ fundDemands { nodes { id code purpose amount dueOn state unit { name } } } }"
    (demand,) = (await ask(owner, asked))["fundDemands"]["nodes"]
    assert (demand["purpose"], demand["amount"]) == ("RENEWAL", 420_001)
    assert demand["dueOn"] == (live.today + timedelta(days=30)).isoformat()
    assert (await ask(bureau, "{ fundDemands { totalCount amountSum } }"))["fundDemands"] == {
        "totalCount": 2,
        "amountSum": 1_020_000,
    }
    again = await refusal(ask, committee, "fundRenewalDecide", **{**decision, "documentIds": [paper]})
    assert again == ("ACTION_NOT_AVAILABLE", "id")
    posted = await deposit(live, ask, bank, account, demand["code"], 420_001)
    assert posted["demand"] == {"paid": 420_001, "state": "PAID"}
    need = (await ask(committee, NEED, area=area["areaId"]))["fundRenewalNeed"]
    assert (need["below"], need["balances"]) == (1, 960_000 + 420_001)


@pytest.mark.rule("FUND-8", "V-4", "V-21")
async def test_owners_vote_on_a_plan_here_and_its_result_is_the_plans(live: Stage, ask: Ask) -> None:
    place = await low_area(live)
    electorate = await Electorate.build(live, place)
    committee = electorate.committee
    area = {"areaId": opaque(live.county, "PropertyArea", place.area)}

    async def held(*choices: str | None) -> tuple[Any, Vote]:
        plan = await done(ask, committee, "fundRenewalDraft", PLAN, **area)
        shown = "plan { state vote { state items { nodes { matter mode } } } }"
        opened = await done(ask, committee, "fundRenewalOpenVote", shown, id=plan["id"])
        items = {"nodes": [{"matter": "FUND_RAISING", "mode": "STANDARD"}]}
        assert opened == {"state": "DRAFT", "vote": {"state": "DRAFT", "items": items}}
        again = await refusal(ask, committee, "fundRenewalOpenVote", id=plan["id"])
        assert again == ("ACTION_NOT_AVAILABLE", "id")
        paper = opaque(live.county, "Document", await live.paper(committee, DocumentKind.OWNERS_RESOLUTION))
        attested = {"decidedOn": live.today.isoformat(), "figures": PASSED, "documentIds": [paper]}
        by_hand = await refusal(ask, committee, "fundRenewalDecide", id=plan["id"], **attested)
        assert by_hand == ("VOTE_ON_PLATFORM", "id")
        vote = await electorate.opened((await live.rows(Vote))[-1])
        for at, choice in enumerate(choices):
            if choice is not None:
                await electorate.cast(vote, at, choice)
        await electorate.final(vote)
        return plan["id"], vote

    # Two of three are more than half, and less than three quarters.
    plan, _vote = await held("FOR", "FOR", "AGAINST", None)
    shown = "state forArea forHeads participatingHeads"
    failed = {"state": "REJECTED", "forArea": 20_000, "forHeads": 2, "participatingHeads": 3}
    assert (await row_of(ask, committee, plan, shown), await live.rows(FundDemand)) == (failed, [])
    plan, vote = await held("FOR", "FOR", "FOR", "AGAINST")
    passed = {"state": "PASSED", "forArea": 30_000, "forHeads": 3, "participatingHeads": 4}
    assert await row_of(ask, committee, plan, shown) == passed
    assert sorted(row.amount for row in await live.rows(FundDemand)) == [420_001, 599_999]
    # An annulled decision takes back what nobody has paid on.
    await live.do(await live.actor(Role.TOWNSHIP), votes.annul, id=vote.id, reason="送达造假", **CONTACT)
    assert {row.state for row in await live.rows(FundDemand)} == {"CANCELLED"}
    assert await row_of(ask, committee, plan, "state") == {"state": "REJECTED"}


@pytest.mark.rule("FUND-8")
async def test_who_is_late_is_pressed_in_writing_and_then_posted_masked(live: Stage, ask: Ask) -> None:
    place = await low_area(live)
    committee, owner = await live.committee(place), await live.owner(place)
    area = {"areaId": opaque(live.county, "PropertyArea", place.area)}
    plan = await done(ask, committee, "fundRenewalDraft", PLAN, **area, targetPercent=50)
    paper = opaque(live.county, "Document", await live.paper(committee, DocumentKind.OWNERS_RESOLUTION))
    decision = {"id": plan["id"], "decidedOn": live.today.isoformat(), "figures": PASSED, "documentIds": [paper]}
    await done(ask, committee, "fundRenewalDecide", PLAN, **decision)
    demands = {row.unit_id: opaque(live.county, "FundDemand", row) for row in await live.rows(FundDemand)}
    first = {"id": demands[place.units[0].id]}
    posting = {**area, "objectionContact": "社区（演示）"}
    assert await refusal(ask, committee, "fundDemandPress", **first) == ("TOO_EARLY", "id")
    await backdated(live, 31)
    assert await refusal(ask, owner, "fundDemandPress", **first) == ("FORBIDDEN_ROLE", None)
    pressed = await done(ask, committee, "fundDemandPress", "demand { pressedOn pressDueOn postedOn }", **first)
    assert pressed == {
        "pressedOn": live.today.isoformat(),
        "pressDueOn": (live.today + timedelta(days=15)).isoformat(),
        "postedOn": None,
    }
    assert await refusal(ask, committee, "fundDemandPress", **first) == ("ACTION_NOT_AVAILABLE", "id")
    assert await refusal(ask, committee, "fundRenewalPostLate", **posting) == ("NOTHING_TO_POST", "areaId")
    await backdated(live, 16)
    assert await refusal(ask, owner, "fundRenewalPostLate", **posting) == ("FORBIDDEN_ROLE", None)
    assert await live.rows(Disclosure) == []
    shown = "disclosure { title body content }"
    posted = await done(ask, committee, "fundRenewalPostLate", shown, **posting)
    mask = place.units[0].name_mask
    owed = 300_000 - 179_999
    assert posted["body"] == f"{mask}：{format_fen(owed)}"  # the other unit was never pressed
    assert posted["content"] == {"units": [{"unit": mask, "outstanding": owed}]}
    assert await row_of(ask, owner, first["id"], "postedOn") == {"postedOn": live.today.isoformat()}


@pytest.mark.rule("FUND-8", "V-4")
async def test_a_decision_short_of_three_quarters_asks_nobody(live: Stage, ask: Ask) -> None:
    place = await low_area(live)
    committee = await live.committee(place)
    area = {"areaId": opaque(live.county, "PropertyArea", place.area)}
    plan = await done(ask, committee, "fundRenewalDraft", PLAN, **area)
    paper = opaque(live.county, "Document", await live.paper(committee, DocumentKind.OWNERS_RESOLUTION))
    short = {**PASSED, "forArea": 29_999}
    decision = {"id": plan["id"], "decidedOn": live.today.isoformat(), "figures": short, "documentIds": [paper]}
    assert (await done(ask, committee, "fundRenewalDecide", PLAN, **decision))["state"] == "REJECTED"
    assert await live.rows(FundDemand) == []
    await done(ask, committee, "fundRenewalDraft", PLAN, **area)  # another plan may follow
    assert len(await live.rows(FundRenewalPlan)) == 2
    full = await live.place(10_000, 10_000)
    await live.fund(full, 600_000, 600_000)
    nothing = {"areaId": opaque(live.county, "PropertyArea", full.area)}
    refused = await refusal(ask, await live.actor(Role.BUREAU), "fundRenewalDraft", **nothing)
    assert refused == ("NOTHING_TO_RENEW", "areaId")
