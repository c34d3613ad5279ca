"""Common income from the receipt to the units' fund accounts and the board (V-22, V-24, FUND-9, TQ-106)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common_income import least_to_fund
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.ledger import AccountKind
from domain.roles import Role
from resolvers import ledger
from resolvers.books import verify
from resolvers.unit_of_work import UnitOfWork
from schema.common_income import MUTATIONS
from tests.docs.told import follow
from tests.door import Door
from tests.market import Market
from tests.project import attested_committee, paper

EXCLUSIVE = (8_050, 12_025, 9_999)
"""G-3: 10,000 fen over 80.50, 120.25 and 99.99 m²."""

SEEN = """{ commonIncomeEntries { nodes { kind amount description isReversed } }
  commonIncomeSplits { nodes { state toFund } }
  ledgerAccounts(where: {kind: UNIT_FUND}) { nodes { balance postings { nodes { change transaction { kind reason
    postings { totalCount } } } } } }
  common: ledgerAccounts(where: {kind: COMMON_INCOME}) { nodes { balance } } }"""


@pytest.mark.rule("V-22", "V-24", "FUND-9", "G-3")
@pytest.mark.requirement("TQ-106")
async def test_a_years_income_reaches_the_owners_fund_and_the_board(door: Door) -> None:
    world = door.world
    market = await Market.open(world)
    units = [await market.unit(10_000, exclusive_area=area) for area in EXCLUSIVE]
    _, member = await attested_committee(world, await world.township_office(), market.area)
    owner, year = await market.resident(units[0]), world.today.year - 1
    spring = {"areaId": door.id("PropertyArea", market.area), "occurredOn": date(year, 5, 4).isoformat()}

    async def document(who: Any, kind: DocumentKind = DocumentKind.INVOICE) -> str:
        return door.id("Document", await paper(world, who, kind))

    # Whoever keeps the account records; a cost is proven, a use decided, and nothing is spent that was not earned.
    parking = {**spring, "kind": "PARKING", "amount": 18_000, "description": "地面停车费"}
    for who in (owner, market.bureau, market.cashier):
        await door.refused(who, "commonIncomeRecord", ErrorCode.FORBIDDEN_ROLE, **parking)
    await door.did(market.admin, "commonIncomeRecord", "amount", **parking)
    cost = {**spring, "kind": "OPERATING_COST", "amount": 5_000, "description": "道闸电费"}
    await door.refused(market.admin, "commonIncomeRecord", ErrorCode.MISSING_DOCUMENT, "documentIds", **cost)
    proof = [await document(market.admin)]
    too_much = {**cost, "amount": 20_001, "documentIds": proof}
    await door.refused(market.admin, "commonIncomeRecord", ErrorCode.INSUFFICIENT_BALANCE, **too_much)
    await door.did(market.admin, "commonIncomeRecord", "kind", **cost, documentIds=proof)
    use = {**cost, "kind": "DECIDED_USE", "documentIds": [await document(member)]}
    await door.refused(member, "commonIncomeRecord", ErrorCode.REQUIRED, "decision", **use)
    advertising = {**spring, "kind": "ADVERTISING", "amount": 3_000, "description": "电梯广告"}
    await door.did(member, "commonIncomeRecord", "amount", **advertising)
    scrap = {**spring, "kind": "SCRAP_VALUE", "amount": 2_000, "description": "旧曳引机残值"}
    await door.did(member, "commonIncomeRecord", "amount", **scrap)
    mistaken = await door.did(member, "commonIncomeRecord", "id", **{**advertising, "amount": 50_000})
    await door.refused(
        market.admin, "commonIncomeReverse", ErrorCode.FORBIDDEN_ROLE, id=mistaken["id"], reason="录入错误"
    )
    await door.refused(member, "commonIncomeReverse", ErrorCode.REQUIRED, "reason", id=mistaken["id"], reason=" ")
    await door.did(member, "commonIncomeReverse", "isReversed", id=mistaken["id"], reason="录入错误")
    await door.refused(member, "commonIncomeReverse", ErrorCode.ALREADY_REVERSED, id=mistaken["id"], reason="录入错误")

    # 180 yuan are left of the year. Without the assembly all of it goes to the fund; with it the scrap value and half of the
    # rest at least, for no owner has paid a first deposit and the fund is below its mark.
    splitting = {"areaId": spring["areaId"], "year": year, "toFund": 10_000}
    decided = {
        "decision": "业主大会2026年第1号决议",
        "documentIds": [await document(member, DocumentKind.OWNERS_RESOLUTION)],
    }
    share = ErrorCode.COMMON_INCOME_SHARE
    await door.refused(member, "commonIncomeSplit", share, "toFund", **splitting)
    await door.refused(member, "commonIncomeSplit", share, "toFund", **{**splitting, **decided, "toFund": 9_999})
    bare = {**splitting, "decision": decided["decision"]}
    await door.refused(member, "commonIncomeSplit", ErrorCode.MISSING_DOCUMENT, "documentIds", **bare)
    above = {**splitting, **decided, "toFund": 18_001}
    await door.refused(member, "commonIncomeSplit", ErrorCode.INSUFFICIENT_BALANCE, "toFund", **above)
    await door.refused(member, "commonIncomeSplit", ErrorCode.TOO_EARLY, "year", **{**splitting, "year": year + 1})
    await door.refused(market.admin, "commonIncomeSplit", ErrorCode.FORBIDDEN_ROLE, **splitting)
    made = await door.did(member, "commonIncomeSplit", "id net least belowMark state", **splitting, **decided)
    split = {"id": made.pop("id")}
    assert made == {"net": 18_000, "least": 10_000, "belowMark": True, "state": "DECIDED"}
    await door.refused(member, "commonIncomeSplit", ErrorCode.ALREADY_REGISTERED, "year", **splitting)
    await door.refused(member, "commonIncomeSplitWithdraw", ErrorCode.REQUIRED, "reason", **split, reason="")
    await door.did(member, "commonIncomeSplitWithdraw", "state", **split, reason="金额待核")
    decided["documentIds"] = [await document(member, DocumentKind.OWNERS_RESOLUTION)]
    split = {"id": (await door.did(member, "commonIncomeSplit", "id", **splitting, **decided))["id"]}

    arrived = {**split, "serial": "20260001", "valueDate": world.today.isoformat()}
    await door.refused(member, "commonIncomeSplitPay", ErrorCode.FORBIDDEN_ROLE, **arrived)
    await door.did(market.bureau, "commonIncomeSplitPay", "state paidOn", **arrived)
    await door.refused(market.bureau, "commonIncomeSplitPay", ErrorCode.ACTION_NOT_AVAILABLE, **arrived)
    await door.refused(member, "commonIncomeSplitWithdraw", ErrorCode.ACTION_NOT_AVAILABLE, **split, reason="x")

    async def balances(uow: UnitOfWork) -> list[int]:
        accounts = await ledger.unit_accounts(uow, AccountKind.UNIT_FUND, [unit.id for unit in units])
        return [await ledger.balance(uow.session, uow.county, accounts[unit.id]) for unit in units]

    assert await world.do(market.bureau, balances) == [2_677, 3_998, 3_325]
    seen = await door.ask(owner, SEEN)
    reason = f"{year}年公共收益补充维修资金"
    line = {"change": 2_677, "transaction": {"kind": "COMMON_SHARE", "reason": reason, "postings": {"totalCount": 3}}}
    # Of the posting an owner sees the own line and the two of the common income, which is the owner's too.
    assert seen["ledgerAccounts"]["nodes"] == [{"balance": 2_677, "postings": {"nodes": [line]}}]
    assert seen["common"]["nodes"] == [{"balance": 8_000}]
    assert [entry["isReversed"] for entry in seen["commonIncomeEntries"]["nodes"]].count(True) == 1
    assert {split["state"] for split in seen["commonIncomeSplits"]["nodes"]} == {"PAID", "WITHDRAWN"}

    # The year's account, as the owner reads it; and a quarter's on the board.
    whole = {"area": spring["areaId"], "from": date(year, 1, 1).isoformat(), "to": world.today.isoformat()}
    told = await follow(door.ask, member, "CommonIncome", first=10)
    assert sorted(each["amount"] for each in told["commonIncomeEntries"]["nodes"] if not each["isReversed"]) == [
        2_000,
        3_000,
        5_000,
        18_000,
    ]
    paid_out = [each for each in told["commonIncomeSplits"]["nodes"] if each["state"] == "PAID"]
    assert [(each["net"], each["toFund"], each["least"]) for each in paid_out] == [(18_000, 10_000, 10_000)]
    account = await follow(door.ask, owner, "CommonIncomeOf", **whole)
    assert {each["kind"]: each["amount"] for each in account.pop("byKind")} == {
        "PARKING": 18_000,
        "ADVERTISING": 3_000,
        "SCRAP_VALUE": 2_000,
        "OPERATING_COST": 5_000,
    }
    assert account == {"opening": 0, "income": 23_000, "costs": 5_000, "toFund": 10_000, "closing": 8_000}
    posting = {"areaId": spring["areaId"], "year": year, "quarter": 2, "objectionContact": "业委会办公室"}
    await door.refused(owner, "commonIncomePost", ErrorCode.FORBIDDEN_ROLE, **posting)
    ahead = {**posting, "year": year + 1, "quarter": 4}
    await door.refused(member, "commonIncomePost", ErrorCode.TOO_EARLY, "quarter", **ahead)
    board = await door.did(market.admin, "commonIncomePost", "item title body", **posting)
    assert (board["item"], board["title"]) == ("COMMON_INCOME", f"公共收益收支情况（{year}年第2季度）")
    # What was wrong then still stood in the books at the quarter's end.
    assert board["body"].splitlines()[-1] == "期末结余：¥680.00"

    async with world.sessions() as session:
        assert [finding async for finding in verify(session, [world.county])] == []
    door.covers(MUTATIONS)


@pytest.mark.rule("V-22")
@given(net=st.integers(1, 10**9), percent=st.integers(0, 100))
def test_the_least_share_is_never_below_its_percentage(net: int, percent: int) -> None:
    least = least_to_fund(net, percent, below_mark=True, decided=True)
    assert (least - 1) * 100 < net * percent <= least * 100
    assert least_to_fund(net, percent, below_mark=False, decided=True) == 0
    assert {least_to_fund(net, percent, below_mark=mark, decided=False) for mark in (True, False)} == {net}


@pytest.mark.rule("V-22")
async def test_neighbouring_areas_do_not_read_it(door: Door) -> None:
    market = await Market.open(door.world)
    day = (door.world.today - timedelta(days=1)).isoformat()
    given = {"areaId": door.id("PropertyArea", market.area), "kind": "RENT", "amount": 100, "occurredOn": day}
    await door.did(market.admin, "commonIncomeRecord", "amount", **given, description="临街用房")
    text = "{ commonIncomeEntries { totalCount } }"
    readers = {
        "owner": await market.resident(),
        "tenant": await market.resident(role=Role.TENANT),
        "community": await door.world.community_office(),
        "sibling": await door.world.community_office(door.world.sibling_community),
    }
    counts = {name: (await door.ask(who, text))["commonIncomeEntries"]["totalCount"] for name, who in readers.items()}
    assert counts == {"owner": 1, "tenant": 0, "community": 1, "sibling": 0}
