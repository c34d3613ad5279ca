"""Paying at WeChat Pay: signed both ways, booked once, and nothing assumed (FEE-4, FEE-11, SM-14)."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from app import wechat_pay
from app.wechat_pay_double import KEY_ID
from domain.checkouts import LIFE
from domain.ledger import AccountKind
from domain.payments import Channel
from models.checkouts import Checkout
from models.contracts import ServiceContract
from models.ledger import LedgerAccount
from models.payments import Payment
from resolvers import checkout_errands, ledger
from resolvers.receipts import payment_record
from resolvers.unit_of_work import UnitOfWork, set_fuse
from tests.acts import done, refusal, row_of
from tests.checkouts.conftest import APPID, SUB_MCHID, Till
from tests.market import days

TOO_LATE = LIFE + timedelta(minutes=1)


async def balance(till: Till, kind: AccountKind) -> int:
    found = await till.world.rows(LedgerAccount, kind=kind.value)

    async def look(uow: UnitOfWork) -> int:
        return sum([await ledger.balance(uow.session, uow.county, account.id) for account in found])

    return await till.world.do(till.market.bureau, look)  # type: ignore[no-any-return]


@pytest.mark.rule("SM-14")
async def test_a_resident_pays_a_bill_in_the_mini_program(till: Till) -> None:
    [bill] = await till.market.bills()
    opened = await till.open(bill)
    assert (opened["state"], opened["amount"], opened["advance"]) == ("PENDING", 12_000, 0)
    handed = opened["wechatPay"]
    assert (handed["appId"], handed["signType"]) == (APPID, "RSA")
    assert not await till.wechat.pay({**handed, "nonceStr": "another"}), "what is handed over is signed"

    assert await till.wechat.pay(handed)
    assert (await till.market.bills())[0].state == "ISSUED", "the payer's word moves nothing"
    assert await till.wechat.double.deliver() == [204]
    [row] = await till.rows()
    paid = await till.shown(row)
    [payment] = await till.world.rows(Payment)
    assert paid["payment"] == {"channel": "WECHAT", "reference": payment.reference, "amount": 12_000, "prepaid": 0}
    assert (paid["state"], paid["wechatPay"], payment.issuer) == ("SUCCEEDED", None, SUB_MCHID)
    assert [(one.state, one.settled) for one in await till.market.bills()] == [("PAID", 12_000)]
    assert await balance(till, AccountKind.PAYMENT_SERVICE) == 12_000, "it is at the service, for the company"
    assert await balance(till, AccountKind.RECEIVABLE) == 0
    seen = "checkouts { nodes { state } amountSum }"
    assert (await till.ask(till.market.admin, f"{{ {seen} }}"))["checkouts"] == {
        "nodes": [{"state": "SUCCEEDED"}],
        "amountSum": 12_000,
    }


@pytest.mark.rule("FEE-11")
async def test_a_notice_that_comes_again_is_booked_once(till: Till) -> None:
    [bill] = await till.market.bills()
    opened = await till.open(bill)
    till.wechat.double.trouble.twice = True
    await till.wechat.pay(opened["wechatPay"])
    late = till.wechat.double.outbox[:1]
    assert await till.wechat.double.deliver() == [204, 204]
    [row] = await till.rows()
    assert (await till.look(row))["state"] == "SUCCEEDED"
    till.wechat.double.outbox = late
    assert await till.wechat.double.deliver() == [204]
    assert len(await till.world.rows(Payment)) == 1
    assert await balance(till, AccountKind.PAYMENT_SERVICE) == 12_000


@pytest.mark.rule("FEE-11", "SM-14")
async def test_what_does_not_agree_moves_nothing(till: Till) -> None:
    [bill] = await till.market.bills()
    opened = await till.open(bill)
    double = till.wechat.double
    before = await till.world.fingerprint()
    double.trouble.forged = True
    await till.wechat.pay(opened["wechatPay"])
    assert await double.deliver() == [401]
    [row] = await till.rows()
    double.trouble.forged, double.trouble.amount_off = False, -1
    double.notice(
        "TRANSACTION.SUCCESS",
        double.told(double.orders[row.id.hex]),
        f"{till.wechat.url}/pay/wechat/{till.world.county}",
    )
    [(address, headers, body)] = double.outbox
    assert await double.deliver() == [204]
    assert await till.world.fingerprint() == before, "neither a forged notice nor another amount"

    old = {**headers, "wechatpay-timestamp": str(int(headers["wechatpay-timestamp"]) - 301)}
    other = address.replace(till.world.county, "000000")
    async with httpx2.AsyncClient(trust_env=False) as client:
        answers = [
            (await client.post(address, content=body, headers=old)).status_code,
            (await client.post(address, content=body + b" ", headers=headers)).status_code,
            (await client.post(address, content=body)).status_code,
            (await client.post(other, content=body, headers=headers)).status_code,
            (await client.post(address, content=b"x" * 70_000, headers=headers)).status_code,
        ]
    assert answers == [401, 401, 401, 404, 413]
    wrong: tuple[dict[str, Any], ...] = (
        {"sub_mchid": "1"},
        {"amount": {"total": 12_000, "currency": "USD"}},
        {"trade_state": "CLOSED"},
        {"out_trade_no": "0" * 32},
    )
    for off in wrong:
        told = {**double.orders[row.id.hex], **off}
        double.trouble.amount_off = 0
        double.notice("TRANSACTION.SUCCESS", {**double.told(told), **off}, address)
    assert await double.deliver() == [204, 204, 204, 404]
    assert await till.world.fingerprint() == before
    assert (await till.look(row))["state"] == "SUCCEEDED", "a look finds what is true"


@pytest.mark.rule("SM-14")
async def test_an_unknown_result_is_asked_for_until_it_is_known(till: Till) -> None:
    [bill] = await till.market.bills()
    double = till.wechat.double
    double.trouble.lost = 1
    opened = await till.open(bill)
    assert opened["state"] == "PENDING", "told again, the service knows the order by its number"
    assert [line.split("/")[-1] for line in double.asked] == ["jsapi", "jsapi"]
    await till.wechat.pay(opened["wechatPay"])
    [row] = await till.rows()
    double.trouble.down = 1
    assert (await till.look(row))["state"] == "PENDING"
    double.trouble.forged = True
    assert (await till.look(row, TOO_LATE))["state"] == "PENDING", (
        "an answer that nobody signed is none, however late it is"
    )
    double.trouble.forged = False
    [row] = await till.rows()
    assert row.looks == 2
    assert (await till.look(row, TOO_LATE))["state"] == "SUCCEEDED"


@pytest.mark.rule("SM-14")
async def test_an_order_that_nobody_pays_is_closed(till: Till) -> None:
    [bill] = await till.market.bills()
    opened = await till.open(bill)
    [row] = await till.rows()
    assert (await till.look(row))["state"] == "PENDING"
    again = await till.given(bill)
    assert await refusal(till.ask, till.resident, "checkoutOpen", **again) == ("CHECKOUT_UNDER_WAY", "billIds")
    closed = await till.look(row, TOO_LATE)
    assert (closed["state"], closed["failure"], closed["wechatPay"]) == ("FAILED", "EXPIRED", None)
    assert not await till.wechat.pay(opened["wechatPay"]), "closed at the service, too"
    assert (await till.look(row, TOO_LATE))["state"] == "FAILED"

    opened = await till.open(bill)
    ident = opened["id"]
    await done(till.ask, till.resident, "checkoutCancel", "checkout { state }", id=ident)
    [_, row] = await till.rows()
    assert (await till.look(row))["failure"] == "CANCELLED"
    gone = await refusal(till.ask, till.resident, "checkoutCancel", id=ident)
    assert gone == ("ACTION_NOT_AVAILABLE", "id")

    opened = await till.open(bill)
    await done(till.ask, till.resident, "checkoutCancel", "checkout { state }", id=opened["id"])
    assert await till.wechat.pay(opened["wechatPay"]), "paid before it is closed"
    [*_, row] = await till.rows()
    assert (await till.look(row))["state"] == "SUCCEEDED"


@pytest.mark.rule("FEE-11")
async def test_money_for_a_bill_that_was_paid_meanwhile_is_kept(till: Till) -> None:
    [bill] = await till.market.bills()
    opened = await till.open(bill)
    market = till.market
    cash = market.for_unit(12_000, channel=Channel.CASH)
    await till.world.do(market.cashier, payment_record, **cash)
    await till.wechat.pay(opened["wechatPay"])
    await till.wechat.double.deliver()
    [row] = await till.rows()
    assert (await till.shown(row))["payment"]["prepaid"] == 12_000
    assert await balance(till, AccountKind.PREPAID) == 12_000


@pytest.mark.rule("FEE-11")
async def test_money_that_comes_after_all_is_taken(till: Till) -> None:
    [bill] = await till.market.bills()
    opened = await till.open(bill)
    await till.wechat.pay(opened["wechatPay"])
    [row] = await till.rows()
    async with till.world.sessions.begin() as session:
        await set_fuse(session, {till.world.county})
        failed = update(Checkout).where(Checkout.county == till.world.county, Checkout.id == row.id)
        await session.execute(failed.values(state="FAILED", failure="EXPIRED"))
    assert await till.wechat.double.deliver() == [204]
    assert (await till.shown(row))["state"] == "SUCCEEDED"


async def test_an_order_that_the_service_refuses_leaves_the_bill_free(till: Till) -> None:
    [bill] = await till.market.bills()
    till.wechat.double.trouble.refusal = "RULE_LIMIT"
    refused = await till.open(bill)
    assert (refused["state"], refused["failure"]) == ("FAILED", "REFUSED")
    told = await row_of(till.ask, till.market.admin, refused["id"], "refusal wechatPay { paySign }")
    assert told == {"refusal": "RULE_LIMIT", "wechatPay": None}
    till.wechat.double.trouble.refusal = None
    again = await till.open(bill, code="no-code")
    assert (again["state"], again["failure"]) == ("FAILED", "REFUSED")
    till.wechat.double.trouble.down = 2
    unheard = await till.open(bill)
    assert unheard["state"] == "CREATED"
    [*_, row] = await till.rows()
    assert (await till.look(row, TOO_LATE))["failure"] == "EXPIRED"


@pytest.mark.rule("FEE-4")
async def test_who_wants_to_pays_in_advance_as_far_as_the_contract_agrees(till: Till) -> None:
    [bill] = await till.market.bills()
    world, contract = till.world, till.market.contract
    refused = await refusal(till.ask, till.resident, "checkoutOpen", **await till.given(bill, advance=1))
    assert refused == ("ADVANCE_NOT_AGREED", "advance")
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        (await session.get_one(ServiceContract, (world.county, contract.id))).advance_months = 2
    first, last = world.today.replace(day=1), (world.today.replace(day=28) + days(10)).replace(day=1) - days(1)
    assert (bill.period_from, bill.period_to, bill.amount) == (first, last, 12_000)
    given = await till.given(bill, advance=24_001)
    assert await refusal(till.ask, till.resident, "checkoutOpen", **given) == ("OUT_OF_RANGE", "advance")
    opened = await till.open(bill, advance=24_000)
    assert (opened["amount"], opened["advance"]) == (36_000, 24_000)
    await till.wechat.pay(opened["wechatPay"])
    await till.wechat.double.deliver()
    [row] = await till.rows()
    assert (await till.shown(row))["payment"]["prepaid"] == 24_000
    more = await till.given(advance=1)
    assert await refusal(till.ask, till.resident, "checkoutOpen", **more) == ("OUT_OF_RANGE", "advance")


async def test_who_may_pay_what(till: Till) -> None:
    [bill] = await till.market.bills()
    market, ask = till.market, till.ask
    other = await market.unit(8_000)
    given = await till.given(bill)
    neighbour = await market.resident(other)
    cases: list[tuple[Any, dict[str, Any], tuple[str, str | None]]] = [
        (neighbour, {}, ("NOT_FOUND", "unitId")),
        (neighbour, {"unitId": till.id("Unit", other)}, ("BILL_NOT_PAYABLE", "billIds")),
        (market.admin, {}, ("FORBIDDEN_ROLE", None)),
        (till.resident, {"appid": "wx1"}, ("PAY_SERVICE_NOT_READY", "appid")),
        (till.resident, {"billIds": []}, ("REQUIRED", "billIds")),
        (till.resident, {"code": " "}, ("REQUIRED", "code")),
    ]
    before = await till.world.fingerprint()
    for who, changed, expected in cases:
        assert await refusal(ask, who, "checkoutOpen", **{**given, **changed}) == expected
    merchants = (await ask(market.bureau, "{ payMerchants { nodes { id state number } } }"))["payMerchants"]["nodes"]
    [merchant] = merchants
    company = till.id("Company", market.company)
    recorded = {"companyId": company, "number": "1900000110"}
    assert await refusal(ask, market.bureau, "payMerchantRecord", **recorded) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, market.admin, "payMerchantRecord", companyId=company, number="19-1") == (
        "INVALID_INPUT",
        "number",
    )
    confirmed = {"id": merchant["id"], "reason": "进件通知书"}
    assert await refusal(ask, market.admin, "payMerchantConfirm", **confirmed) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, market.bureau, "payMerchantConfirm", **confirmed) == ("ACTION_NOT_AVAILABLE", "id")
    assert await till.world.fingerprint() == before, "a refusal changes nothing"
    ended = await done(ask, market.admin, "payMerchantEnd", "merchant { state }", id=merchant["id"], reason="更换")
    assert ended == {"state": "ENDED"}
    assert await refusal(ask, till.resident, "checkoutOpen", **given) == ("PAY_SERVICE_NOT_READY", "companyId")


async def test_a_new_key_of_the_service_is_fetched_once(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    [bill] = await till.market.bills()
    double, service = till.wechat.double, till.wechat.service
    platform = double.keys
    double.rotate()
    try:
        opened = await till.open(bill)
        assert opened["state"] == "PENDING"
        assert [line for line in double.asked if line.endswith("/certificates")] == ["GET /v3/certificates"]
        await till.wechat.pay(opened["wechatPay"])
        assert await double.deliver() == [204]
        double.key_id = "FF"
        [row] = await till.rows()
        double.asked.clear()
        with pytest.raises(wechat_pay.UnclearError):
            await service.look_up(SUB_MCHID, row.id.hex)
        assert not [line for line in double.asked if line.endswith("/certificates")], (
            "not for every serial that is named"
        )
    finally:
        double.keys, double.key_id = platform, KEY_ID


async def test_an_errand_that_is_run_again_does_nothing_twice(till: Till) -> None:
    [bill] = await till.market.bills()
    await till.open(bill)
    [row] = await till.rows()
    till.wechat.double.asked.clear()
    await till.run(checkout_errands.place, checkout_id=row.id, code="used")
    assert till.wechat.double.asked == []
    await till.run(checkout_errands.look, timedelta(0), checkout_id=row.id)
    assert (await till.rows())[0].state == "PENDING"
