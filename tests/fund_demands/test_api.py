"""Demands for deposits through the API: by whom, how much, and what cannot happen before they are paid (FUND-1 to 3)."""

from datetime import date, timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.roles import Role
from models.fund_demands import FundDemand
from tests.acts import Ask, act, done, opaque, refusal, row_of
from tests.fund_receipts.money import deposit, first_demands
from tests.stage import Place, Stage

SHOWN = "demand { id code purpose payer payerName rate chargedArea amount paid outstanding state dueOn isOverdue }"


def later(stage: Stage, days: int = 30) -> str:
    return (stage.today + timedelta(days=days)).isoformat()


@pytest.mark.rule("FUND-1", "FUND-2")
async def test_the_bureau_asks_for_first_deposits_and_owners_see_their_own(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(8_875, 10_000, bureau=bureau)
    owner, neighbour = await live.owner(place), await live.owner(place, 1)
    committee = await live.committee(place)
    items = [{"unitId": opaque(live.county, "Unit", unit), "dueOn": later(live)} for unit in place.units]
    for other in (owner, committee):
        payload = await act(ask, other, "fundFirstDemandIssue", "results { userErrors { code } }", items=items[:1])
        assert [each["userErrors"][0]["code"] for each in payload["results"]] == ["FORBIDDEN_ROLE"]
    assert await live.rows(FundDemand) == []
    results = f"results {{ userErrors {{ code field }} {SHOWN} }}"
    issued = (await act(ask, bureau, "fundFirstDemandIssue", results, items=items))["results"]
    assert [each["demand"]["amount"] for each in issued] == [532_500, 600_000]
    first = issued[0]["demand"]
    assert first == {
        **first,
        "purpose": "FIRST",
        "payer": "OWNER",
        "payerName": None,
        "rate": 6_000,
        "chargedArea": 8_875,
        "paid": 0,
        "outstanding": 532_500,
        "state": "OPEN",
        "dueOn": later(live),
        "isOverdue": False,
    }
    again = (await act(ask, bureau, "fundFirstDemandIssue", results, items=items[:1]))["results"][0]
    assert again["userErrors"] == [{"code": "ALREADY_REGISTERED", "field": "unitId"}]
    alone = await live.place(10_000, bureau=bureau)
    exempt = [{**items[0], "unitId": opaque(live.county, "Unit", alone.units[0])}]
    none = (await act(ask, bureau, "fundFirstDemandIssue", results, items=exempt))["results"][0]
    assert none["userErrors"] == [{"code": "NO_DEPOSIT_DUE", "field": "unitId"}]
    past = [{**items[0], "dueOn": later(live, -1)}]
    mine = "{ fundDemands { totalCount nodes { amount unit { name } } } }"
    assert (await ask(owner, mine))["fundDemands"] == {
        "totalCount": 1,
        "nodes": [{"amount": 532_500, "unit": {"name": place.units[0].name}}],
    }
    assert (await ask(neighbour, mine))["fundDemands"]["nodes"][0]["amount"] == 600_000
    assert (await ask(committee, mine))["fundDemands"]["totalCount"] == 2
    cancel = {"id": first["id"], "reason": "面积有误"}
    assert await refusal(ask, owner, "fundDemandCancel", **cancel) == ("FORBIDDEN_ROLE", None)
    assert (await done(ask, bureau, "fundDemandCancel", "demand { state cancelledFor }", **cancel)) == {
        "state": "CANCELLED",
        "cancelledFor": "面积有误",
    }
    late = (await act(ask, bureau, "fundFirstDemandIssue", results, items=past))["results"][0]
    assert late["userErrors"] == [{"code": "OUT_OF_RANGE", "field": "dueOn"}]
    assert await refusal(ask, bureau, "fundDemandCancel", **cancel) == ("ACTION_NOT_AVAILABLE", "id")


@pytest.mark.rule("FUND-3")
async def test_no_unit_is_handed_over_before_its_deposit_is_paid(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, 10_000, bureau=bureau)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    handing_over: dict[str, Any] = {
        "id": opaque(live.county, "Unit", place.units[0]),
        "deliveredOn": live.today.isoformat(),
        "reason": "交付",
        "expectedVersion": 2,
    }
    early = await refusal(ask, bureau, "unitCorrect", **handing_over)
    assert early == ("DEPOSIT_NOT_PAID", "deliveredOn")
    (demand,) = await first_demands(live, ask, bureau, place.units[0])
    await deposit(live, ask, bank, account, demand["code"], demand["amount"] - 1)
    assert await refusal(ask, bureau, "unitCorrect", **handing_over) == early
    assert await row_of(ask, bureau, handing_over["id"], "deliveredOn") == {"deliveredOn": None}
    await deposit(live, ask, bank, account, demand["code"], 1)
    assert await done(ask, bureau, "unitCorrect", "unit { deliveredOn }", **handing_over) == {
        "deliveredOn": live.today.isoformat()
    }


@pytest.mark.rule("FUND-3")
@pytest.mark.requirement("TQ-104")
async def test_the_developer_has_paid_in_full_when_a_sale_is_signed_online(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, 10_000, bureau=bureau)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    unit_id = opaque(live.county, "Unit", place.units[0])
    signing: dict[str, Any] = {"id": unit_id, "netSignNo": "WQ-1", "reason": "网签", "expectedVersion": 2}
    unpaid = ("DEPOSIT_NOT_PAID", "netSignNo")
    assert await refusal(ask, bureau, "unitCorrect", **signing) == unpaid
    nameless = (
        await act(
            ask,
            bureau,
            "fundFirstDemandIssue",
            "results { userErrors { code field } }",
            items=[{"unitId": unit_id, "dueOn": later(live)}],
        )
    )["results"][0]
    assert nameless["userErrors"] == [{"code": "REQUIRED", "field": "payerName"}]
    (demand,) = await first_demands(live, ask, bureau, place.units[0], payerName="演示置业（虚构）")
    assert (demand["payer"], demand["payerName"]) == ("DEVELOPER", "演示置业（虚构）")
    assert await refusal(ask, bureau, "unitCorrect", **signing) == unpaid
    await deposit(live, ask, bank, account, demand["code"], demand["amount"])
    assert await done(ask, bureau, "unitCorrect", "unit { netSignNo }", **signing) == {"netSignNo": "WQ-1"}


@pytest.mark.rule("FUND-3")
@pytest.mark.requirement("ZD-21")
async def test_the_developer_pays_for_what_is_unsold_at_completion(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, 10_000, bureau=bureau)
    unsold = await _unsold(live, ask, bureau, place)
    demands = await first_demands(live, ask, bureau, *place.units, payerName="演示置业（虚构）")
    assert [each["payer"] for each in demands] == ["DEVELOPER", "OWNER"]
    assert [each["payerName"] for each in demands] == ["演示置业（虚构）", None]
    signing = {"id": unsold, "netSignNo": "WQ-1", "reason": "网签", "expectedVersion": 3}
    assert await done(ask, bureau, "unitCorrect", "unit { netSignNo }", **signing) == {"netSignNo": "WQ-1"}


async def _unsold(live: Stage, ask: Ask, bureau: Actor, place: Place) -> str:
    unit_id = opaque(live.county, "Unit", place.units[0])
    held = {"id": unit_id, "developerHeld": True, "reason": "未售", "expectedVersion": 2}
    assert await done(ask, bureau, "unitCorrect", "unit { developerHeld }", **held) == {"developerHeld": True}
    return unit_id


@pytest.mark.requirement("TQ-105")
async def test_fund_money_that_a_developer_holds_is_demanded_and_listed_until_it_is_there(
    live: Stage, ask: Ask
) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, 10_000, bureau=bureau)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    claim: dict[str, Any] = {
        "estateId": opaque(live.county, "Estate", place.estate),
        "areaId": opaque(live.county, "PropertyArea", place.area),
        "holder": "演示置业（虚构）",
        "amount": 50_000,
        "basis": "审计报告（演示）",
        "dueOn": later(live, 0),
    }
    owner = await live.owner(place)
    assert (await refusal(ask, owner, "fundCollectionDemandIssue", **claim))[0] == "FORBIDDEN_ROLE"
    nothing = await refusal(ask, bureau, "fundCollectionDemandIssue", **{**claim, "amount": 0})
    assert nothing == ("OUT_OF_RANGE", "amount")
    demand = await done(ask, bureau, "fundCollectionDemandIssue", SHOWN, **claim)
    assert (demand["payer"], demand["payerName"], demand["amount"]) == ("HOLDER", "演示置业（虚构）", 50_000)
    await _overdue_since_yesterday(live)
    overdue = (
        "{ fundDemands(where: {purpose: COLLECTION, overdue: true}) { nodes { payerName outstanding isOverdue } } }"
    )
    nodes = [{"payerName": "演示置业（虚构）", "outstanding": 50_000, "isOverdue": True}]
    assert (await ask(bureau, overdue))["fundDemands"]["nodes"] == nodes
    assert (await ask(owner, overdue))["fundDemands"]["nodes"] == []
    await deposit(live, ask, bank, account, demand["code"], 20_000)
    assert (await ask(bureau, overdue))["fundDemands"]["nodes"][0]["outstanding"] == 30_000
    await deposit(live, ask, bank, account, demand["code"], 30_000)
    assert (await ask(bureau, overdue))["fundDemands"]["nodes"] == []
    balances = "{ ledgerAccounts(where: {kind: AREA_FUND}) { nodes { balance } } }"
    assert (await ask(bureau, balances))["ledgerAccounts"]["nodes"] == [{"balance": 50_000}]


async def _overdue_since_yesterday(live: Stage) -> None:
    """Let the due date pass: demands are not issued in the past."""
    from resolvers.unit_of_work import set_fuse

    async with live.sessions.begin() as session:
        await set_fuse(session, {live.county})
        (row,) = [await session.merge(each) for each in await live.rows(FundDemand)]
        row.due_on = date(2026, 1, 1)


@pytest.mark.rule("FUND-2", "FUND-4")
async def test_a_former_landlord_pays_into_the_buildings_account(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, bureau=bureau)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    asked = {
        "buildingId": opaque(live.county, "Building", place.building),
        "proceeds": 1_000_000,
        "dueOn": later(live),
    }
    unknown = await refusal(ask, bureau, "fundSellerDemandIssue", **asked)
    assert unknown == ("REQUIRED", "buildingId")
    await _sold_by(live, place, "演示纺织厂（虚构）")
    demand = await done(ask, bureau, "fundSellerDemandIssue", SHOWN, **asked)
    assert (demand["payer"], demand["payerName"], demand["amount"]) == ("SELLER", "演示纺织厂（虚构）", 200_000)
    await deposit(live, ask, bank, account, demand["code"], 200_000)
    balances = "{ ledgerAccounts(where: {kind: BUILDING_FUND}) { nodes { balance building { number } } } }"
    assert (await ask(bureau, balances))["ledgerAccounts"]["nodes"] == [
        {"balance": 200_000, "building": {"number": "1"}}
    ]


async def _sold_by(live: Stage, place: Place, seller: str) -> None:
    from models.estates import Building
    from resolvers.unit_of_work import set_fuse

    async with live.sessions.begin() as session:
        await set_fuse(session, {live.county})
        (await session.get_one(Building, (live.county, place.building.id))).public_housing_seller = seller
