"""WeChat Pay's bill of the day against the books: what it decides is booked, what differs is listed once (SM-14)."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.wechat_pay_bills import FIELDS, read, written
from domain.calendar import today
from domain.pay_bills import BilledPayment, BilledRefund, DayBill, ready_at
from models.checkouts import PayMerchant
from models.fee_refunds import FeeRefund
from models.pay_bills import PayBill, PayDifference
from models.payments import Payment
from resolvers import bills, fee_refunds, pay_bills
from resolvers.pay_services import UnclearError
from resolvers.unit_of_work import UnitOfWork
from tests.acts import done, refusal
from tests.checkouts.conftest import SUB_MCHID, Till
from tests.docs.told import follow

LISTED = """{ payBills { nodes { payments paid refunds refunded fees
                                 differences { nodes { kind number billed booked state checkout { id } } } } } }"""


async def fetched(till: Till, days: int = 1) -> None:
    """The nightly errand, when the bills of so many days are made, today's first."""
    [merchant] = await till.world.rows(PayMerchant)
    made = ready_at(today(till.world.now) + timedelta(days=days - 1))
    await till.run(pay_bills.fetch, made - till.world.now, merchant_id=merchant.id)


async def listed(till: Till, who: Any = None) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = (await till.ask(who or till.market.admin, LISTED))["payBills"]["nodes"]
    return shown


async def paid_unheard(till: Till) -> tuple[Any, str]:
    """An order that is paid, and nobody told the platform: its row, and the service's number of the payment."""
    [bill] = await till.market.bills()
    opened = await till.open(bill)
    assert await till.wechat.pay(opened["wechatPay"])
    [row] = await till.rows()
    return row, till.wechat.double.orders[row.id.hex]["transaction_id"]


@pytest.mark.rule("SM-14")
async def test_an_order_that_no_answer_decided_is_settled_by_its_bill(till: Till) -> None:
    row, reference = await paid_unheard(till)
    assert row.state == "PENDING"
    double = till.wechat.double
    double.trouble.bill_altered = True
    await fetched(till)
    assert await listed(till) == [], "a bill that is not what was announced says nothing"
    assert (await till.shown(row))["state"] == "PENDING"
    double.trouble.bill_altered = False
    await fetched(till)
    shown = await till.shown(row)
    assert (shown["state"], shown["payment"]["reference"]) == ("SUCCEEDED", reference)
    whole = {"payments": 1, "paid": 12_000, "refunds": 0, "refunded": 0, "fees": 72, "differences": {"nodes": []}}
    assert await listed(till) == [whole]
    before = await till.world.fingerprint()
    await fetched(till)
    assert await till.world.fingerprint() == before, "once for each day"
    assert len(await till.world.rows(Payment)) == 1
    assert await listed(till, till.resident) == []


@pytest.mark.rule("SM-14")
async def test_an_order_that_its_day_s_bill_does_not_name_is_not_paid(till: Till) -> None:
    [bill] = await till.market.bills()
    await till.open(bill)
    [row] = await till.rows()
    till.wechat.double.trouble.down = 99
    await till.look(row, timedelta(hours=1))
    assert (await till.shown(row))["state"] == "PENDING", "no answer is no word"
    till.wechat.double.trouble.down = 0
    await fetched(till, days=2)
    shown = await till.shown(row)
    assert (shown["state"], shown["failure"]) == ("FAILED", "EXPIRED")


@pytest.mark.rule("SM-14")
async def test_what_differs_is_listed_once_and_explained(till: Till) -> None:
    row, reference = await paid_unheard(till)
    double, ask, market = till.wechat.double, till.ask, till.market
    await double.deliver()
    [merchant] = await till.world.rows(PayMerchant)
    day = today(till.world.now)
    bill = DayBill(
        [
            BilledPayment(row.id.hex, reference, 11_999, till.world.now),
            BilledPayment("B-2", "4200", 500, till.world.now),
        ],
        [BilledRefund("R-1", "5000", 300, done=True)],
    )
    await compared(till, merchant, day, bill)
    order = {"id": till.id("Checkout", row)}
    [shown] = await listed(till)
    assert sorted(shown["differences"]["nodes"], key=lambda one: str(one["kind"])) == [
        {
            "kind": "AMOUNT",
            "number": row.id.hex,
            "billed": 11_999,
            "booked": 12_000,
            "state": "OPEN",
            "checkout": order,
        },
        {
            "kind": "MISSING_IN_BOOKS",
            "number": "B-2",
            "billed": 500,
            "booked": None,
            "state": "OPEN",
            "checkout": None,
        },
        {"kind": "REFUND", "number": "R-1", "billed": 300, "booked": None, "state": "OPEN", "checkout": None},
    ]
    before = await till.world.fingerprint()
    await compared(till, merchant, day, DayBill())
    found = (await ask(market.admin, "{ payDifferences { nodes { id } } }"))["payDifferences"]["nodes"]
    given = {"id": found[0]["id"], "note": "与支付机构核对, 次日更正"}
    assert await refusal(ask, market.cashier, "payDifferenceResolve", **given) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, market.bureau, "payDifferenceResolve", **given) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, till.resident, "payDifferenceResolve", **given) == ("NOT_FOUND", "id")
    assert await refusal(ask, market.admin, "payDifferenceResolve", **{**given, "note": " "}) == ("REQUIRED", "note")
    assert await till.world.fingerprint() == before
    told = await follow(ask, market.admin, "ServiceBills", first=5)
    assert [bill["payments"] for bill in told["payBills"]["nodes"]] == [2]
    assert sorted(one["kind"] for one in told["payDifferences"]["nodes"]) == ["AMOUNT", "MISSING_IN_BOOKS", "REFUND"]
    explained = (await follow(ask, market.admin, "ExplainDifference", **given))["difference"]
    assert (explained["state"], explained["note"]) == ("RESOLVED", given["note"])
    told = await follow(ask, market.admin, "ServiceBills", first=5)
    assert len(told["payDifferences"]["nodes"]) == 2
    assert await refusal(ask, market.admin, "payDifferenceResolve", **given) == ("ACTION_NOT_AVAILABLE", "id")


@pytest.mark.rule("FEE-7", "SM-14")
async def test_refunds_are_looked_for_on_the_bill_of_the_day_they_were_sent(till: Till) -> None:
    await paid_unheard(till)
    await till.wechat.double.deliver()
    [bill] = await till.market.bills()
    await till.world.do(till.market.admin, bills.bill_void, id=bill.id, reason="未公示的收费")
    [payment] = await till.world.rows(Payment)
    for amount in (5_000, 1_000):
        given = {"paymentId": till.id("Payment", payment), "amount": amount, "reason": "违规收费退还"}
        asked = await done(till.ask, till.resident, "feeRefundRequest", "refund { id }", **given)
        await done(till.ask, till.market.admin, "feeRefundGrant", "refund { state }", id=asked["id"])
    first, second = await till.world.rows(FeeRefund)
    assert (first.amount, second.amount) == (5_000, 1_000)
    await till.run(fee_refunds.look, refund_id=first.id)
    till.wechat.double.refunds[first.id.hex]["status"] = "SUCCESS"
    await fetched(till)
    first, second = await till.world.rows(FeeRefund)
    assert (first.state, second.state) == ("SUCCEEDED", "PROCESSING"), "the bill says so of the first"
    assert [one["differences"]["nodes"] for one in await listed(till)] == [[]]

    [merchant] = await till.world.rows(PayMerchant)
    day = today(till.world.now)
    gone = BilledRefund(second.id.hex, "5001", 1_000, done=True)
    await compared(till, merchant, day + timedelta(days=1), DayBill(refunds=[gone]))
    assert [one.state for one in await till.world.rows(FeeRefund)] == ["SUCCEEDED", "SUCCEEDED"]
    assert await till.world.rows(PayDifference) == []


@pytest.mark.rule("SM-14")
async def test_what_the_books_have_and_the_bill_has_not(till: Till) -> None:
    row, _ = await paid_unheard(till)
    await till.wechat.double.deliver()
    [merchant] = await till.world.rows(PayMerchant)
    await compared(till, merchant, today(till.world.now), DayBill())
    [found] = await till.world.rows(PayDifference)
    assert (found.kind, found.number, found.billed, found.booked) == ("MISSING_AT_SERVICE", row.id.hex, None, 12_000)
    assert (await till.world.rows(PayBill))[0].paid == 0


async def test_a_bill_of_another_merchant_is_not_believed(till: Till) -> None:
    row, _ = await paid_unheard(till)
    service, double = till.wechat.service, till.wechat.double
    day = today(till.world.now)
    assert [one.number for one in (await service.bill(SUB_MCHID, day)).payments] == [row.id.hex]
    assert await service.bill("1900000110", day) == DayBill()
    assert await service.bill(SUB_MCHID, day - timedelta(days=1)) == DayBill()
    double.trouble.bill_altered = True
    with pytest.raises(UnclearError):
        await service.bill(SUB_MCHID, day)


def test_only_a_whole_bill_of_one_merchant_is_read() -> None:
    line = dict.fromkeys(FIELDS, "") | {"交易时间": "2026-03-02 08:00:00", "特约商户号": "19", "货币种类": "CNY"}
    line |= {"交易状态": "SUCCESS", "商户订单号": "A1", "订单金额": "0.10", "手续费": "0.00060", "商品名称": "a,b"}
    whole = written([line, line])
    assert [paid.amount for paid in read(whole, "19").payments] == [10, 10]
    part = "\r\n".join([*whole.splitlines()[:2], *whole.splitlines()[3:], ""])
    for text in (part, whole.partition("总交易单数")[0], "", "<html>", written([line | {"订单金额": "0.105"}])):
        with pytest.raises(ValueError, match=r".+"):
            read(text, "19")
    with pytest.raises(ValueError, match="another merchant"):
        read(whole, "20")


async def compared(till: Till, merchant: Any, day: date, bill: DayBill) -> None:
    """A bill of the test's making, compared as the errand does."""

    async def work(uow: UnitOfWork) -> Any:
        return await pay_bills.compare(uow, merchant.id, day, bill)

    async def errand(within: Any) -> None:
        await within(work)

    await till.run(errand)
