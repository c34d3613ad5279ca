"""Raising a price, a star that fell, the remuneration mode's budget, rates told apart (FEE-1, FEE-5, FEE-6, FEE-10)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import update

from domain.contracts import ContractKind
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.profiles.parameters import BuildingType
from models.contracts import ServiceContract
from models.prices import FeeQuestion
from resolvers.bill_runs import bill_run_start
from resolvers.payments import fee_bill_pay
from resolvers.unit_of_work import set_fuse
from tests.acts import Ask, act, done, opaque, refusal
from tests.market import Market, days
from tests.project import papers
from tests.world import World


async def change(market: Market, **values: Any) -> None:
    """Let the market's contract say something else (contracts have tests of their own)."""
    async with market.world.sessions.begin() as session:
        await set_fuse(session, {market.world.county})
        await session.execute(
            update(ServiceContract).where(ServiceContract.county == market.world.county).values(**values)
        )


@pytest.mark.rule("FEE-6")
async def test_an_early_stage_price_rises_only_by_the_owners_way(ask: Ask, world: World) -> None:
    world.now = datetime.now(UTC)
    market = await Market.open(world, kind=ContractKind.EARLY_STAGE)
    item, today = await market.item(100), world.today
    start = today + days(5)
    dearer = {
        "contractId": opaque(world.county, "ServiceContract", market.contract),
        "code": "WY-UP",
        "name": "物业服务费",
        "category": "PROPERTY_SERVICE",
        "basis": "AREA",
        "unitPrice": 120,
        "periodMonths": 1,
        "serviceContent": "三星（演示）",
        "validFrom": start.isoformat(),
        "replacesId": opaque(world.county, "ChargeItem", item),
    }
    beside = {name: value for name, value in dearer.items() if name != "replacesId"}
    for given in (dearer, beside):  # neither does an item of another code raise it
        assert await refusal(ask, market.admin, "chargeItemDefine", **given) == (
            "PRICE_INCREASE_REQUIRED",
            "unitPrice",
        )
    kinds = (DocumentKind.REPORT, DocumentKind.OWNERS_RESOLUTION)
    ids = [opaque(world.county, "Document", key) for key in await papers(world, market.admin, *kinds)]
    way = {
        "chargeItemId": opaque(world.county, "ChargeItem", item),
        "newPrice": 120,
        "validFrom": start.isoformat(),
        "postedFrom": (today - days(60)).isoformat(),
        "postedTo": (today - days(30)).isoformat(),
        "votedOn": (today - days(20)).isoformat(),
        "votePassed": True,
        "resultPostedFrom": (today - days(10)).isoformat(),
        "resultPostedTo": (today - days(3)).isoformat(),
        "documentIds": ids,
    }
    before = await world.fingerprint()
    wrong: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"documentIds": ids[1:]}, ("MISSING_DOCUMENT", "documentIds")),  # no audit
        ({"documentIds": ids[:1]}, ("MISSING_DOCUMENT", "documentIds")),  # no resolution
        ({"postedFrom": (today - days(59)).isoformat()}, ("POSTING_PERIOD_NOT_OVER", "postedTo")),  # 29 days
        ({"votePassed": False}, ("VOTE_NOT_PASSED", "votePassed")),
        ({"resultPostedTo": (today - days(4)).isoformat()}, ("POSTING_PERIOD_NOT_OVER", "resultPostedTo")),
        ({"validFrom": (today - days(3)).isoformat()}, ("POSTING_PERIOD_NOT_OVER", "validFrom")),
    ]
    for changes, expected in wrong:
        assert await refusal(ask, market.admin, "priceIncreaseRecord", **{**way, **changes}) == expected
    assert before == await world.fingerprint()
    recorded = await done(ask, market.admin, "priceIncreaseRecord", "increase { newPrice documentIds }", **way)
    assert recorded == {"newPrice": 120, "documentIds": ids}
    above = {**dearer, "unitPrice": 121}
    assert await refusal(ask, market.admin, "chargeItemDefine", **above) == ("PRICE_INCREASE_REQUIRED", "unitPrice")
    assert await done(ask, market.admin, "chargeItemDefine", "item { unitPrice }", **dearer) == {"unitPrice": 120}
    read = "{ priceIncreases { nodes { newPrice votedOn } } }"
    assert (await ask(await market.resident(), read))["priceIncreases"]["nodes"] == [
        {"newPrice": 120, "votedOn": way["votedOn"]}
    ]


@pytest.mark.rule("FEE-5")
async def test_a_star_that_fell_takes_the_ceiling_down_from_the_next_bills(world: World) -> None:
    market = await Market.open(world, kind=ContractKind.EARLY_STAGE)
    await change(market, service_star=3)
    item = await market.item(72, building_type=BuildingType.MULTI_STOREY, star=3)  # 60 fen (虚构) and 20 %
    await market.run(item, date(2026, 2, 1))
    await change(market, service_star=2)  # 45 fen and 20 %: 54
    refused = await world.refused(
        market.admin,
        bill_run_start,
        ErrorCode.PRICE_ABOVE_CEILING,
        "unitPrice",
        charge_item_id=item.id,
        period_from=date(2026, 3, 1),
    )
    assert refused.params == {"ceiling_fen": 54}
    assert [bill.period_from for bill in await market.bills()] == [date(2026, 2, 1)]  # what was billed stays


@pytest.mark.rule("FEE-1")
async def test_remuneration_mode_bills_on_a_posted_budget(ask: Ask, world: World) -> None:
    world.now = datetime.now(UTC)
    market = await Market.open(world)
    year, first = world.today.year, world.today.replace(day=1)
    budget = {
        "contractId": opaque(world.county, "ServiceContract", market.contract),
        "kind": "BUDGET",
        "periodFrom": f"{year}-01-01",
        "periodTo": f"{year}-12-31",
        "income": 100_000,
        "expense": 90_000,
        "remuneration": 10_000,
        "objectionContact": "演示社区",
        "lines": [{"title": "保洁", "amount": 50_000}, {"title": "绿化", "amount": 40_000}],
    }
    lump_sum = await refusal(ask, market.admin, "feeAccountPost", **budget)
    assert lump_sum == ("ACTION_NOT_AVAILABLE", "contractId")
    await change(market, mode="REMUNERATION")
    item = await market.item()
    run = {"chargeItemId": opaque(world.county, "ChargeItem", item), "periodFrom": first.isoformat()}
    assert await refusal(ask, market.admin, "billRunStart", **run) == ("BUDGET_REQUIRED", "periodFrom")
    before = await world.fingerprint()
    half = {**budget, "periodTo": f"{year}-06-30"}
    short = {**budget, "lines": [{"title": "保洁", "amount": 50_000}]}
    assert await refusal(ask, market.admin, "feeAccountPost", **half) == ("OUT_OF_RANGE", "periodTo")
    assert await refusal(ask, market.admin, "feeAccountPost", **short) == ("UNBALANCED", "lines")
    assert (await refusal(ask, market.bureau, "feeAccountPost", **budget))[0] == "FORBIDDEN_ROLE"
    assert before == await world.fingerprint()
    posted = await act(ask, market.admin, "feeAccountPost", "account { kind expense } disclosure { title }", **budget)
    assert posted["account"] == {"kind": "BUDGET", "expense": 90_000}
    assert posted["disclosure"]["title"] == f"物业服务资金年度预算 {year}-01-01至{year}-12-31"
    assert await refusal(ask, market.admin, "feeAccountPost", **budget) == ("ALREADY_REGISTERED", "periodFrom")
    assert await done(ask, market.admin, "billRunStart", "run { state }", **run) == {"state": "QUEUED"}
    quarter = {**budget, "kind": "QUARTER", "periodTo": f"{year}-03-31", "lines": None}
    assert await done(ask, market.admin, "feeAccountPost", "account { kind }", **quarter) == {"kind": "QUARTER"}
    read = "{ feeAccounts(where: {kind: BUDGET}) { nodes { income remuneration lines } } }"
    assert (await ask(await market.resident(), read))["feeAccounts"]["nodes"] == [
        {"income": 100_000, "remuneration": 10_000, "lines": budget["lines"]}
    ]

    # Payers ask about it, the company answers within seven days, and everybody who sees the accounts reads both.
    owner, neighbour = await market.resident(), await market.resident()
    found = await ask(owner, "{ feeAccounts(where: {kind: BUDGET}) { nodes { id } } }")
    about = {"feeAccountId": found["feeAccounts"]["nodes"][0]["id"], "question": "绿化费用为何增加？"}
    assert (await refusal(ask, market.bureau, "feeQuestionAsk", **about))[0] == "FORBIDDEN_ROLE"
    assert await refusal(ask, owner, "feeQuestionAsk", **{**about, "question": " "}) == ("REQUIRED", "question")
    question = await done(ask, owner, "feeQuestionAsk", "question { id dueOn isOverdue }", **about)
    assert question["dueOn"] == (world.today + days(7)).isoformat()
    answer = {"id": question["id"], "answer": "补种两处绿地"}
    assert (await refusal(ask, neighbour, "feeQuestionAnswer", **answer))[0] == "FORBIDDEN_ROLE"
    assert await refusal(ask, market.admin, "feeQuestionAnswer", **{**answer, "answer": ""}) == ("REQUIRED", "answer")
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        await session.execute(update(FeeQuestion).values(due_on=world.today - days(1)))
    late = "{ feeAccounts(where: {kind: BUDGET}) { nodes { questions { nodes { question isOverdue answer } } } } }"
    [seen] = (await ask(neighbour, late))["feeAccounts"]["nodes"]
    assert seen["questions"]["nodes"] == [{"question": about["question"], "isOverdue": True, "answer": None}]
    answered = await done(ask, market.admin, "feeQuestionAnswer", "question { isOverdue answer }", **answer)
    assert answered == {"isOverdue": False, "answer": "补种两处绿地"}
    assert await refusal(ask, market.admin, "feeQuestionAnswer", **answer) == ("ACTION_NOT_AVAILABLE", "id")


@pytest.mark.rule("FEE-10")
@pytest.mark.requirement("SL-35")
async def test_rates_by_estate_company_and_division(ask: Ask, world: World) -> None:
    world.now = datetime.now(UTC)
    market = await Market.open(world, 10_000, 10_000, 10_000)
    await market.run(await market.item(), world.today.replace(day=1))
    first, *_ = await market.bills()
    await world.do(market.bank, fee_bill_pay, id=first.id, **market.paying(12_000))
    text = """query ($by: RateBy!, $from: Date!, $to: Date!) {
      collectionRates(by: $by, dueFrom: $from, dueTo: $to) { id code name bills due collected basisPoints } }"""
    span = {"from": world.today.isoformat(), "to": (world.today + days(60)).isoformat()}
    figures = {"bills": 3, "due": 36_000, "collected": 12_000, "basisPoints": 3_333}
    named = {
        "ESTATE": (opaque(world.county, "Estate", market.estate), None, market.estate.name),
        "AREA": (opaque(world.county, "PropertyArea", market.area), None, market.area.name),
        "COMPANY": (opaque(world.county, "Company", market.company), None, market.company.name),
        "TOWNSHIP": (None, world.township, "演示001街道"),
        "COMMUNITY": (None, world.community, "演示001社区"),
    }
    for by, (id, code, name) in named.items():
        found = (await ask(market.bureau, text, by=by, **span))["collectionRates"]
        assert found == [{"id": id, "code": code, "name": name, **figures}], by
    none = {"from": "2020-01-01", "to": "2020-12-31"}
    assert (await ask(market.bureau, text, by="ESTATE", **none))["collectionRates"] == []  # nothing due, no rate (K-8)
