"""Fees paid back the way they came: never more than was paid, by two people, and nothing assumed (FEE-7, SM-14)."""

from typing import Any

import pytest

from domain.documents import DocumentKind
from domain.ledger import AccountKind
from domain.payments import Channel
from models.base import new_id
from models.documents import Document
from models.fee_refunds import FeeRefund
from models.ledger import LedgerAccount
from models.payments import Payment
from resolvers import bills, fee_refunds, ledger
from resolvers.fee_receipts import fee_receipt_issue
from resolvers.receipts import payment_record
from resolvers.unit_of_work import UnitOfWork
from tests.acts import done, refusal, row_of
from tests.checkouts.conftest import Till


async def balances(till: Till) -> tuple[int, int]:
    """What is at the payment service, and what owners have paid in advance."""
    found = [
        await till.world.rows(LedgerAccount, kind=kind) for kind in (AccountKind.PAYMENT_SERVICE, AccountKind.PREPAID)
    ]

    async def look(uow: UnitOfWork) -> tuple[int, ...]:
        return tuple([sum([await ledger.balance(uow.session, uow.county, one.id) for one in rows]) for rows in found])

    service, advance = await till.world.do(till.market.bureau, look)
    return service, advance


@pytest.fixture
async def overcharged(till: Till) -> Till:
    """A bill was paid by WeChat Pay, and then taken back by the company: 12,000 fen that no bill holds."""
    [bill] = await till.market.bills()
    opened = await till.open(bill)
    await till.wechat.pay(opened["wechatPay"])
    await till.wechat.double.deliver()
    await till.world.do(till.market.admin, bills.bill_void, id=bill.id, reason="未公示的收费")
    return till


async def asked(till: Till, amount: int) -> tuple[Any, str]:
    """A refund that the resident asks for: its row and id."""
    [payment] = await till.world.rows(Payment)
    given = {"paymentId": till.id("Payment", payment), "amount": amount, "reason": "违规收费退还"}
    refund = await done(till.ask, till.resident, "feeRefundRequest", "refund { id state }", **given)
    assert refund["state"] == "REQUESTED"
    [*_, row] = await till.world.rows(FeeRefund)
    return row, refund["id"]


async def granted(till: Till, amount: int) -> tuple[Any, str]:
    row, ident = await asked(till, amount)
    shown = await done(till.ask, till.market.admin, "feeRefundGrant", "refund { state }", id=ident)
    assert shown == {"state": "PROCESSING"}
    return row, ident


@pytest.mark.rule("FEE-7", "SM-14")
async def test_what_was_charged_wrongly_goes_back_through_wechat_pay(overcharged: Till) -> None:
    till, double = overcharged, overcharged.wechat.double
    [payment] = await till.world.rows(Payment)
    await till.world.do(till.market.cashier, fee_receipt_issue, payment_id=payment.id)
    assert await balances(till) == (12_000, 12_000)
    first, ident = await granted(till, 5_000)
    await till.run(fee_refunds.look, refund_id=first.id)
    assert double.refunds[first.id.hex]["amount"] == {"refund": 5_000, "total": 12_000, "currency": "CNY"}
    double.trouble.twice = True
    double.end_refund(first.id.hex, "SUCCESS")
    assert await double.deliver() == [204, 204]
    shown = await row_of(till.ask, till.resident, ident, "state amount reference payment { refunded prepaid }")
    reference = double.refunds[first.id.hex]["refund_id"]
    assert shown == {
        "state": "SUCCEEDED",
        "amount": 5_000,
        "reference": reference,
        "payment": {"refunded": 5_000, "prepaid": 7_000},
    }
    assert await balances(till) == (7_000, 7_000)
    [order] = await till.rows()
    assert order.state == "SUCCEEDED", "a part of it is still paid"

    rest, _ = await granted(till, 7_000)
    double.trouble.lost = 1
    await till.run(fee_refunds.look, refund_id=rest.id)
    await till.run(fee_refunds.look, refund_id=rest.id)
    double.end_refund(rest.id.hex, "SUCCESS")
    double.outbox.clear()
    await till.run(fee_refunds.look, refund_id=rest.id)
    [order] = await till.rows()
    assert (order.state, await balances(till)) == ("REFUNDED", (0, 0))
    assert len(double.refunds) == 2, "sent again, done once"
    receipts = (await till.ask(till.resident, "{ feeReceipts { nodes { state } } }"))["feeReceipts"]["nodes"]
    assert receipts == [{"state": "VOIDED"}]


@pytest.mark.rule("SM-14")
async def test_a_refund_that_fails_leaves_the_money_where_it_was(overcharged: Till) -> None:
    till, double = overcharged, overcharged.wechat.double
    refund, ident = await granted(till, 12_000)
    assert await balances(till) == (0, 0)
    await till.run(fee_refunds.look, refund_id=refund.id)
    double.refunds[refund.id.hex]["amount"]["refund"] = 11_999
    double.end_refund(refund.id.hex, "SUCCESS")
    assert await double.deliver() == [204]
    told = "state problem payment { refunded prepaid }"
    assert (await row_of(till.ask, till.market.admin, ident, told))["state"] == "PROCESSING", (
        "another amount is no word"
    )
    double.trouble.refusal = "NO_AUTH"
    await till.run(fee_refunds.look, refund_id=refund.id)
    double.trouble.refusal = None
    under_way = await row_of(till.ask, till.market.admin, ident, told)
    assert under_way["state"] == "PROCESSING", "who is not told what became of a refund does not take it back"
    double.refunds[refund.id.hex]["amount"]["refund"] = 12_000
    double.end_refund(refund.id.hex, "ABNORMAL")
    await double.deliver()
    stuck = await row_of(till.ask, till.market.admin, ident, told)
    assert (stuck["state"], stuck["problem"]) == ("PROCESSING", "ABNORMAL")
    double.end_refund(refund.id.hex, "CLOSED")
    await double.deliver()
    back = {"refunded": 0, "prepaid": 12_000}
    assert await row_of(till.ask, till.market.admin, ident, told) == {
        "state": "FAILED",
        "problem": "CLOSED",
        "payment": back,
    }
    assert await balances(till) == (12_000, 12_000)

    double.trouble.refusal = "NOT_ENOUGH"
    refund, ident = await granted(till, 12_000)
    await till.run(fee_refunds.look, refund_id=refund.id)
    assert await row_of(till.ask, till.resident, ident, told) == {
        "state": "FAILED",
        "problem": "NOT_ENOUGH",
        "payment": back,
    }
    assert await balances(till) == (12_000, 12_000)


@pytest.mark.rule("FEE-7")
async def test_never_more_than_was_paid_and_by_two_people(overcharged: Till) -> None:
    till, ask, market = overcharged, overcharged.ask, overcharged.market
    [payment] = await till.world.rows(Payment)
    _, ident = await asked(till, 8_000)
    named = till.id("Payment", payment)
    before = await till.world.fingerprint()
    cases: list[tuple[Any, str, dict[str, Any], tuple[str, str | None]]] = [
        (till.resident, "feeRefundRequest", {"paymentId": named, "amount": 4_001, "reason": "x"},
         ("INSUFFICIENT_BALANCE", "amount")),
        (till.resident, "feeRefundRequest", {"paymentId": named, "amount": 0, "reason": "x"}, ("OUT_OF_RANGE", "amount")),
        (till.resident, "feeRefundRequest", {"paymentId": named, "amount": 1, "reason": " "}, ("REQUIRED", "reason")),
        (market.bureau, "feeRefundRequest", {"paymentId": named, "amount": 1, "reason": "x"}, ("FORBIDDEN_ROLE", None)),
        (till.resident, "feeRefundGrant", {"id": ident}, ("FORBIDDEN_ROLE", None)),
        (market.cashier, "feeRefundGrant", {"id": ident}, ("FORBIDDEN_ROLE", None)),
        (market.admin, "feeRefundRefuse", {"id": ident, "reason": ""}, ("REQUIRED", "reason")),
    ]  # fmt: skip
    for who, mutation, given, expected in cases:
        assert await refusal(ask, who, mutation, **given) == expected, given
    assert await till.world.fingerprint() == before
    refused = await done(ask, market.admin, "feeRefundRefuse", "refund { state decision }", id=ident, reason="已抵扣")
    assert refused == {"state": "REFUSED", "decision": "已抵扣"}
    assert await refusal(ask, market.admin, "feeRefundGrant", id=ident) == ("ACTION_NOT_AVAILABLE", "id")
    own = {"paymentId": named, "amount": 1, "reason": "x"}
    mine = await done(ask, market.admin, "feeRefundRequest", "refund { id }", **own)
    assert await refusal(ask, market.admin, "feeRefundGrant", id=mine["id"]) == ("SECOND_PERSON_REQUIRED", "id")


@pytest.mark.rule("FEE-7")
async def test_what_came_in_cash_goes_back_with_its_paper(till: Till) -> None:
    market, ask, world = till.market, till.ask, till.world
    await world.do(market.cashier, payment_record, **market.for_unit(15_000, channel=Channel.CASH))
    _, ident = await asked(till, 3_000)
    assert await refusal(ask, market.admin, "feeRefundGrant", id=ident) == ("REQUIRED", "reference")
    assert await refusal(ask, market.admin, "feeRefundGrant", id=ident, reference="TK-1") == ("REQUIRED", "documentIds")
    paper = Document(
        id=new_id(), county=world.county, kind=DocumentKind.OTHER.value, name="a.pdf", media_type="application/pdf",
        key="k", declared_size=1, size=1, sha256="0" * 64, state="READY", uploaded_by=market.admin.account_id,
        ready_at=world.now,
    )  # fmt: skip
    await world.write([paper])
    given = {"id": ident, "reference": "TK-1", "documentIds": [till.id("Document", paper)]}
    shown = await done(
        ask, market.admin, "feeRefundGrant", "refund { state reference payment { refunded prepaid } }", **given
    )
    assert shown == {"state": "SUCCEEDED", "reference": "TK-1", "payment": {"refunded": 3_000, "prepaid": 0}}
    [cash] = await world.rows(LedgerAccount, kind=AccountKind.CASH.value)

    async def look(uow: UnitOfWork) -> int:
        return await ledger.balance(uow.session, uow.county, cash.id)

    assert await world.do(market.bureau, look) == 12_000
