"""Opening arrears, advance money and fund balances: attested, once, in the books, and paid like anything else."""

import asyncio
from datetime import date
from typing import Any

import pytest

from domain.errors import ErrorCode
from domain.ledger import AccountKind
from models.base import new_id
from models.cases import AuditEvent
from models.ledger import LedgerTransaction
from models.payments import Payment
from resolvers.books import verify
from resolvers.openings import OpeningArrears, OpeningFund, OpeningPrepaid, arrears_open, fund_open, prepaid_open
from resolvers.payments import fee_bill_pay
from resolvers.prepaid import apply_to_unit
from tests.fees.test_bill_runs import _balance
from tests.market import Market

ATTESTED: dict[str, Any] = {"as_of": date(2025, 12, 31), "attested_by": "演示街道办事处 移交清册"}


async def arrears(market: Market, *amounts: int) -> list[OpeningArrears]:
    item = await market.item(posted=0)
    return [
        OpeningArrears(
            f"QC-{number}",
            item.id,
            market.units[0].id,
            date(2025, number, 1),
            date(2025, number, 28),
            date(2025, 12, 31),
            fen,
        )
        for number, fen in enumerate(amounts, start=1)
    ]


async def whole(market: Market) -> bool:
    async with market.world.sessions() as session:
        return [finding async for finding in verify(session, [market.world.county])] == []


async def test_arrears_come_as_bills_and_are_paid_as_bills(market: Market) -> None:
    lines = await arrears(market, 5_000, 7_000)
    assert await market.world.do(market.bureau, arrears_open, lines=lines, **ATTESTED) == 2
    assert await market.world.do(market.bureau, arrears_open, lines=lines, **ATTESTED) == 0
    bills = await market.bills()
    assert [(bill.number, bill.kind, bill.state, bill.amount) for bill in bills] == [
        ("QC-1", "OPENING_ARREARS", "ISSUED", 5_000),
        ("QC-2", "OPENING_ARREARS", "ISSUED", 7_000),
    ]
    [entry] = await market.world.rows(LedgerTransaction)
    assert (entry.kind, entry.occurred_on, entry.reason) == ("OPENING", ATTESTED["as_of"], ATTESTED["attested_by"])
    [event] = await market.world.rows(AuditEvent, action="openingsRecord")
    assert (event.subject_id, event.detail) == (entry.id, {"lines": 2})
    assert await _balance(market, AccountKind.RECEIVABLE) == 12_000
    await market.world.do(market.bank, fee_bill_pay, id=bills[0].id, **market.paying(5_000))
    assert await whole(market)


async def test_advance_money_settles_bills_when_they_come(market: Market) -> None:
    line = OpeningPrepaid("YS-1", market.units[0].id, market.company.id, 9_000)
    assert await market.world.do(market.bureau, prepaid_open, lines=[line], **ATTESTED) == 1
    assert await market.world.do(market.bureau, prepaid_open, lines=[line], **ATTESTED) == 0
    [payment] = await market.world.rows(Payment)
    assert (payment.channel, payment.prepaid, payment.received_on) == ("OPENING", 9_000, ATTESTED["as_of"])
    await market.world.do(market.bureau, arrears_open, lines=await arrears(market, 4_000), **ATTESTED)
    owner = {"unit_id": market.units[0].id, "company_id": market.company.id}
    await market.world.do(market.bureau, apply_to_unit, **owner)
    [bill] = await market.bills()
    assert (bill.state, bill.settled) == ("PAID", 4_000)
    assert await _balance(market, AccountKind.PREPAID) == 5_000
    assert await whole(market)


async def test_fund_balances_are_brought_in_once(market: Market) -> None:
    second = await market.unit(8_000)
    lines = [OpeningFund(market.units[0].id, 800_000), OpeningFund(second.id, 640_000)]
    twice = [*lines, lines[0]]
    await market.world.refused(
        market.bureau, fund_open, ErrorCode.ALREADY_REGISTERED, "unitId", lines=twice, **ATTESTED
    )
    at_once = (market.world.do(market.bureau, fund_open, lines=lines[:1], **ATTESTED) for _ in range(3))
    assert sorted(await asyncio.gather(*at_once)) == [0, 0, 1]
    assert await market.world.do(market.bureau, fund_open, lines=lines, **ATTESTED) == 1
    assert await _balance(market, AccountKind.UNIT_FUND, unit_id=market.units[0].id) == 800_000
    assert await _balance(market, AccountKind.UNIT_FUND, unit_id=second.id) == 640_000
    money = await _balance(market, AccountKind.BANK, area_id=second.area_id)
    assert (money, await _balance(market, AccountKind.OPENING)) == (1_440_000, 0)
    assert await whole(market)


@pytest.mark.parametrize("changes", [{"amount": 0}, {"amount": -5}])
async def test_openings_are_refused(market: Market, changes: dict[str, int]) -> None:
    [line] = await arrears(market, 100)
    wrong = [OpeningArrears(**{**vars(line), **changes})]
    refused = market.world.refused
    await refused(market.bureau, arrears_open, ErrorCode.OUT_OF_RANGE, "amount", lines=wrong, **ATTESTED)
    await refused(market.admin, arrears_open, ErrorCode.FORBIDDEN_ROLE, lines=[line], **ATTESTED)
    unattested = {**ATTESTED, "attested_by": " "}
    await refused(market.bureau, arrears_open, ErrorCode.REQUIRED, "attestedBy", lines=[line], **unattested)
    unknown = [OpeningArrears(**{**vars(line), "charge_item_id": new_id()})]
    await refused(market.bureau, arrears_open, ErrorCode.NOT_FOUND, "chargeItemId", lines=unknown, **ATTESTED)
    elsewhere = [OpeningArrears(**{**vars(line), "unit_id": new_id()})]
    await refused(market.bureau, arrears_open, ErrorCode.NOT_FOUND, "unitId", lines=elsewhere, **ATTESTED)
