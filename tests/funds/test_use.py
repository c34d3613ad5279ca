"""Ordinary requests after their approval, by mutations: contract, three staged payments, acceptance, settlement, posting,
apportionment, closing; what accounts lack, what comes back, what is cancelled (SM-6, FUND-15..18, FUND-26..29)."""

from typing import Any

import pytest

from domain.fund_shares import Bearer
from domain.ledger import AccountKind, TransactionKind, credit, debit
from models.estates import Building, Unit
from models.funds import FundShare
from models.payment_instructions import PaymentInstruction
from resolvers import custody, ledger
from resolvers.books import verify
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask
from tests.docs.told import follow
from tests.funds.works import PAYEE, Work
from tests.stage import Stage


@pytest.mark.requirement("SL-5", "SL-7", "SL-9")
@pytest.mark.rule("SM-6", "FUND-26", "FUND-28", "FUND-29", "G-3")
async def test_a_request_from_its_approval_to_its_closing(live: Stage, ask: Ask) -> None:
    work = await (await Work.begin(live, ask, 5_000, 5_000, 5_000, areas=(8_050, 12_025, 9_999))).approved(10_000)
    crew = work.crew
    assert await work.books() == {
        "units": [5_000, 5_000, 5_000],
        "claims": [0, 0, 0],
        "claimed": 0,
        "bank": 15_000,
        "earmarked": 10_000,
    }
    assert await work.refused(crew.cashier, "Pay") == ("ACTION_NOT_AVAILABLE", None)
    assert await work.contract() == "CONTRACTED"
    instructed = await follow(ask, crew.cashier, "PayStage", id=work.id)
    assert (instructed["fundRequest"]["instructed"], instructed["fundPayment"]["stage"]) == (3_000, 1)
    first = await live.row(PaymentInstruction)
    assert (first.amount, first.remark, first.payee_name) == (3_000, "屋面防水第1期款", PAYEE["name"])
    assert (await work.books())["units"] == [5_000, 5_000, 5_000]  # posted on payment, not on approval or instruction
    assert await work.refused(crew.cashier, "Pay") == ("NOTHING_DUE", None)
    assert await work.report(first) == "EXECUTED"
    assert (await work.seen("state paid instructed")) == {"state": "STAGE1_PAID", "paid": 3_000, "instructed": 0}
    assert await work.drawn() == [803, 1_199, 998]
    assert await work.do(crew.company, "Start") == "IN_PROGRESS"
    assert await work.refused(crew.cashier, "Pay") == ("NOTHING_DUE", None)
    percent = {"percent": 50, "note": "一半"}
    reported = await follow(ask, crew.company, "ReportProgress", id=work.id, **percent)
    assert reported["fundProgress"] == {**percent, "certified": False}
    assert (await work.seen("progress { nodes { role } }"))["progress"]["nodes"] == [{"role": "COMPANY_ADMIN"}]
    assert await work.refused(crew.cashier, "Pay") == ("NOTHING_DUE", None)  # a report is no certificate
    assert await work.refused(crew.committee, "Certify", **percent) == ("MISSING_DOCUMENT", "documents")
    assert await work.refused(crew.company, "Certify", **percent) == ("FORBIDDEN_ROLE", None)
    await work.certify()
    assert await work.paid() == "STAGE2_PAID"
    [followed] = (await follow(ask, crew.owner, "FollowRequest"))["nodes"]
    assert [(each["stage"], each["amount"], each["state"]) for each in followed["payments"]["nodes"]] == [
        (1, 3_000, "EXECUTED"),
        (2, 5_000, "EXECUTED"),
    ]
    assert [(each["percent"], each["certified"]) for each in followed["progress"]["nodes"]] == [(50, False), (80, True)]
    assert [offer["action"] for offer in followed["availableActions"]] == ["ACCEPT"]
    assert await work.accept() == "ACCEPTED"
    assert await work.refused(crew.cashier, "Pay") == ("ACTION_NOT_AVAILABLE", None)  # nothing final before settlement
    assert await work.refused(crew.auditor, "VerifyUse", signed=True, sealed=True) == ("MISSING_DOCUMENT", "documents")
    assert await work.settle(9_800) == "SETTLED"
    assert await work.post() == "POSTED"
    assert await work.paid() == "FINAL_PAID"
    assert await work.payments() == [
        (1, 3_000, 3_000, "EXECUTED"),
        (2, 5_000, 5_000, "EXECUTED"),
        (3, 1_800, 1_800, "EXECUTED"),
    ]
    assert await work.do(crew.bureau, "Apportion") == "APPORTIONED"
    # 9,800 fen by 80.50, 120.25 and 99.99 m²: 2623.45, 3918.90, 3257.65.
    assert await work.drawn() == [2_623, 3_919, 3_258]
    assert (await work.books())["earmarked"] == 200
    assert await work.do(crew.bureau, "Close") == "CLOSED"
    assert await work.books() == {
        "units": [2_377, 1_081, 1_742],
        "claims": [0, 0, 0],
        "claimed": 0,
        "bank": 5_200,
        "earmarked": 0,
    }
    # The owner's view: the own share of it, and every line of the own account with its reason.
    [share] = (await follow(ask, crew.owner, "FollowRequest"))["nodes"][0]["shares"]["nodes"]
    assert (share["area"], share["amount"], share["drawn"], share["shortfall"]) == (8_050, 2_623, 2_623, 0)
    [account] = (await follow(ask, crew.owner, "MyFund", first=5))["ledgerAccounts"]["nodes"]
    assert [(line["change"], line["transaction"]["reason"]) for line in account["postings"]["nodes"]] == [
        (-481, "屋面防水：第3期款"),
        (-1_339, "屋面防水：第2期款"),
        (-803, "屋面防水：第1期款"),
        (5_000, "交存"),
    ]
    shown = await work.seen(
        "earmark { amount used isReleased } contract { contractor price payeeAccountMask payeeBankCode }"
    )
    assert shown["earmark"] == {"amount": 10_000, "used": 9_800, "isReleased": True}
    assert shown["contract"] == {
        "contractor": PAYEE["name"],
        "price": 10_000,
        "payeeAccountMask": f"****{PAYEE['account'][-4:]}",
        "payeeBankCode": PAYEE["bankCode"],
    }


@pytest.mark.requirement("TQ-107")
@pytest.mark.rule("FUND-16", "FUND-4")
async def test_commodity_and_sold_public_housing_are_one_fund(live: Stage, ask: Ask) -> None:
    """One bank account, one ledger, one request: what falls on public housing is shared with its former landlord by deposits."""
    work = await Work.begin(live, ask, 5_000, 1_000, areas=(10_000, 10_000))
    building_id = work.place.building.id

    async def sold(uow: UnitOfWork) -> None:
        (await uow.load(Unit, work.place.units[1].id)).sold_public_housing = True
        (await uow.load(Building, building_id)).public_housing_seller = "演示纺织厂（虚构）"
        money = await custody.fund_money(uow, building_id=building_id)
        landlords = await ledger.account(uow, AccountKind.BUILDING_FUND, building_id=building_id)
        given = [debit(money, 3_000), credit(landlords, 3_000)]
        await ledger.post(uow, TransactionKind.FUND_DEPOSIT, given, reason="售房单位交存")

    await live.do(work.crew.bureau, sold)
    figures = (
        "{ fundBalances(by: COUNTY) { units publicHousing buildings total } bankAccounts { nodes { bookBalance } } }"
    )

    async def held() -> Any:
        seen = await ask(work.crew.bureau, figures)
        return seen["fundBalances"][0], seen["bankAccounts"]["nodes"]

    whole = {"units": 6_000, "publicHousing": 1_000, "buildings": 3_000, "total": 9_000}
    assert await held() == (whole, [{"bookBalance": 9_000}])
    await work.approved(1_000)
    # 500 by area to either flat; of the second's the owner bears 1,000 parts of 4,000.
    shares = sorted(await live.rows(FundShare), key=lambda share: share.position)
    assert [(share.bearer, share.amount) for share in shares] == [
        (Bearer.UNIT_ACCOUNT, 500),
        (Bearer.UNIT_ACCOUNT, 125),
        (Bearer.SELLER_ACCOUNT, 375),
    ]
    await work.contract(1_000)
    assert await work.paid() == "STAGE1_PAID"
    assert await work.drawn() == [150, 38, 112]
    after = {"units": 5_812, "publicHousing": 962, "buildings": 2_888, "total": 8_700}
    assert await held() == (after, [{"bookBalance": 8_700}])
    async with live.sessions() as session:
        assert [str(finding) async for finding in verify(session, [live.county])] == []
