"""Money that leaves the fund to whom it came from: a destroyed unit's account, a deposit nobody could identify (FUND-7)."""

from typing import Any

import pytest

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.officials import Power
from domain.roles import Role
from models.fund_refunds import FundRefund
from models.ledger import LedgerTransaction
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.fund_receipts.money import deposit, first_demands
from tests.fund_receipts.test_api import balances
from tests.stage import Stage

PAYEE = {"name": "王小明", "account": "6222020000000000018", "bankCode": "999999000001"}
_STEP = "paymentInstruction { state }"


async def executed(live: Stage, ask: Ask, bank: Actor, id: str, serial: str, prepared: Actor) -> dict[str, Any]:
    """Another official releases an instruction, the bank takes it over and pays it; what a report of its return would be given.

    Nobody sends money out of the fund alone: neither who prepared it nor who may not release, and the bank not before.
    """
    cashier, clerk = await live.actor(Role.BUREAU), await live.actor(Role.BUREAU, scopes=(Power.FUNDS_APPROVE,))
    for who, step, refused in (
        (prepared, "Release", ("SECOND_PERSON_REQUIRED", "id")),
        (clerk, "Release", ("POWER_REQUIRED", None)),
        (bank, "Release", ("FORBIDDEN_ROLE", None)),
        (bank, "Acknowledge", ("ACTION_NOT_AVAILABLE", "id")),
    ):
        assert await refusal(ask, who, f"paymentInstruction{step}", id=id) == refused
    assert await done(ask, cashier, "paymentInstructionRelease", _STEP, id=id) == {"state": "ISSUED"}
    assert await refusal(ask, cashier, "paymentInstructionRelease", id=id) == ("ACTION_NOT_AVAILABLE", "id")
    await done(ask, bank, "paymentInstructionAcknowledge", _STEP, id=id)
    paid = {"id": id, "serial": serial, "valueDate": live.today.isoformat()}
    await done(ask, bank, "paymentInstructionExecuted", _STEP, **paid)
    return {**paid, "serial": f"{serial}-R", "code": "R01", "reason": "户名不符"}


@pytest.mark.rule("FUND-7", "FUND-28")
@pytest.mark.requirement("ZD-21")
async def test_a_destroyed_units_account_goes_back_to_its_owner(live: Stage, ask: Ask) -> None:
    bureau, clerk = await live.actor(Role.BUREAU), await live.actor(Role.BUREAU, scopes=())
    place = await live.place(10_000, 10_000, bureau=bureau)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    owner, neighbour = await live.owner(place), await live.owner(place, 1)
    for demand in await first_demands(live, ask, bureau, *place.units):
        await deposit(live, ask, bank, account, demand["code"], demand["amount"])
    paper = opaque(live.county, "Document", await live.paper(bureau, DocumentKind.OTHER))
    wanted: dict[str, Any] = {
        "unitId": opaque(live.county, "Unit", place.units[0]),
        "basis": "火灾灭失（演示）",
        "payee": PAYEE,
        "documentIds": [paper],
    }
    assert await refusal(ask, owner, "fundUnitRefund", **wanted) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, clerk, "fundUnitRefund", **wanted) == ("POWER_REQUIRED", None)
    without = {**wanted, "documentIds": []}
    assert await refusal(ask, bureau, "fundUnitRefund", **without) == ("MISSING_DOCUMENT", "documentIds")
    assert await live.rows(FundRefund) == []
    refund = await done(
        ask, bureau, "fundUnitRefund", "refund { id amount state instruction { id purpose } }", **wanted
    )
    assert (refund["amount"], refund["state"]) == (600_000, "INSTRUCTED")
    assert refund["instruction"]["purpose"] == "FUND_REFUND"
    assert await refusal(ask, bureau, "fundUnitRefund", **wanted) == ("ALREADY_REGISTERED", "unitId")
    assert await balances(ask, owner) == {"UNIT_FUND": 600_000}  # nothing moves before the bank has paid
    back = await executed(live, ask, bank, refund["instruction"]["id"], "P-1", bureau)
    assert await balances(ask, owner) == {"UNIT_FUND": 0}
    assert await balances(ask, neighbour) == {"UNIT_FUND": 600_000}
    assert await row_of(ask, owner, refund["id"], "state amount") == {"state": "PAID", "amount": 600_000}
    assert await row_of(ask, neighbour, refund["id"], "state") is None
    assert [row.reason for row in await live.rows(LedgerTransaction, kind="FUND_SPENT")] == [
        "房屋灭失退还维修资金：火灾灭失（演示）"
    ]
    assert await refusal(ask, bureau, "fundUnitRefund", **wanted) == ("INSUFFICIENT_BALANCE", "unitId")
    await done(ask, bank, "paymentInstructionReturned", _STEP, **back)
    assert await row_of(ask, owner, refund["id"], "state") == {"state": "FAILED"}
    assert await balances(ask, owner) == {"UNIT_FUND": 600_000}


@pytest.mark.rule("FUND-4")
async def test_a_deposit_that_nobody_can_identify_is_sent_back(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, 10_000, bureau=bureau)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    receipt = await deposit(live, ask, bank, account, None, 12_345)
    wanted = {"id": receipt["id"], "payee": PAYEE, "reason": "无法核实"}
    assert await refusal(ask, bank, "fundSuspenseReturn", **wanted) == ("FORBIDDEN_ROLE", None)
    bad = {**wanted, "payee": {**PAYEE, "bankCode": "1"}}
    assert await refusal(ask, bureau, "fundSuspenseReturn", **bad) == ("INVALID_INPUT", "payee.bankCode")
    shown = "receipt { state returnInstruction { id amount } }"
    told = await done(ask, bureau, "fundSuspenseReturn", shown, **wanted)
    assert (told["state"], told["returnInstruction"]["amount"]) == ("RETURNING", 12_345)
    assert await refusal(ask, bureau, "fundSuspenseReturn", **wanted) == ("ACTION_NOT_AVAILABLE", "id")
    back = await executed(live, ask, bank, told["returnInstruction"]["id"], "P-1", bureau)
    state = "state suspenseCause reason"
    assert await row_of(ask, bureau, receipt["id"], state) == {
        "state": "RETURNED",
        "suspenseCause": None,
        "reason": "无法核实",
    }
    assert await balances(ask, bureau) == {"BANK": 0, "SUSPENSE": 0}
    await done(ask, bank, "paymentInstructionReturned", _STEP, **back)
    assert (await row_of(ask, bureau, receipt["id"], state))["suspenseCause"] == "NOT_RETURNED"
    assert await balances(ask, bureau) == {"BANK": 12_345, "SUSPENSE": 12_345}
