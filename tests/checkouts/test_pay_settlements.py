"""What WeChat Pay pays out comes to the company's bank account: never more than is there, each number of the statement once."""

from datetime import timedelta
from typing import Any

import pytest

from domain.ledger import AccountKind
from models.checkouts import PayMerchant
from models.ledger import LedgerAccount
from resolvers import ledger
from resolvers.unit_of_work import UnitOfWork
from tests.acts import done, refusal
from tests.checkouts.conftest import Till


async def held(till: Till) -> list[int]:
    """What is at the payment service, and at the company's bank."""

    async def look(uow: UnitOfWork) -> list[int]:
        return [
            sum([await ledger.balance(uow.session, uow.county, one.id) for one in rows])
            for rows in [
                await till.world.rows(LedgerAccount, kind=kind.value)
                for kind in (AccountKind.PAYMENT_SERVICE, AccountKind.BANK)
            ]
        ]

    found: list[int] = await till.world.do(till.market.bureau, look)
    return found


@pytest.mark.rule("SM-14")
async def test_what_the_service_pays_out_moves_to_the_bank(till: Till) -> None:
    ask, market = till.ask, till.market
    [bill] = await market.bills()
    opened = await till.open(bill)
    await till.wechat.pay(opened["wechatPay"])
    await till.wechat.double.deliver()
    assert await held(till) == [12_000, 0]
    [merchant] = await till.world.rows(PayMerchant)
    given: dict[str, Any] = {
        "merchantId": till.id("PayMerchant", merchant),
        "amount": 11_928,
        "settledOn": till.world.today.isoformat(),
        "reference": "J-1",
    }
    before = await till.world.fingerprint()
    tomorrow = (till.world.today + timedelta(days=1)).isoformat()
    cases: list[tuple[Any, dict[str, Any], tuple[str, str | None]]] = [
        (market.admin, {"amount": 12_001}, ("INSUFFICIENT_BALANCE", "amount")),
        (market.admin, {"amount": 0}, ("OUT_OF_RANGE", "amount")),
        (market.admin, {"settledOn": tomorrow}, ("OUT_OF_RANGE", "settledOn")),
        (market.admin, {"reference": " "}, ("REQUIRED", "reference")),
        (market.bureau, {}, ("FORBIDDEN_ROLE", None)),
        (till.resident, {}, ("NOT_FOUND", "merchantId")),
    ]
    for who, changed, expected in cases:
        assert await refusal(ask, who, "paySettlementRecord", **{**given, **changed}) == expected, changed
    assert await till.world.fingerprint() == before
    recorded = await done(ask, market.admin, "paySettlementRecord", "settlement { id amount reversedAt }", **given)
    assert (recorded["amount"], recorded["reversedAt"]) == (11_928, None)
    assert await held(till) == [72, 11_928]
    code, _ = await refusal(ask, market.admin, "paySettlementRecord", **{**given, "amount": 1})
    assert code == "ALREADY_REGISTERED"
    assert await refusal(ask, market.admin, "paySettlementRecord", **{**given, "reference": "J-2", "amount": 73}) == (
        "INSUFFICIENT_BALANCE",
        "amount",
    )
    back = {"id": recorded["id"], "reason": "记错金额"}
    assert await refusal(ask, market.cashier, "paySettlementReverse", **back) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, market.admin, "paySettlementReverse", **{**back, "reason": ""}) == ("REQUIRED", "reason")
    await done(ask, market.admin, "paySettlementReverse", "settlement { reversalReason }", **back)
    assert await held(till) == [12_000, 0]
    assert await refusal(ask, market.admin, "paySettlementReverse", **back) == ("ALREADY_REVERSED", "id")
    await done(ask, market.admin, "paySettlementRecord", "settlement { id }", **given)
    assert await held(till) == [72, 11_928]
