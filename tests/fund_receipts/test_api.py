"""Deposits through the API: posted by their code, kept in suspense, identified, taken off, reversed; once per serial."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.roles import Role
from models.custody import BankMovement
from models.fund_receipts import FundReceipt
from models.ledger import LedgerTransaction
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.fund_receipts.money import RECEIPT, deposit, entry, first_demands, recorded
from tests.stage import Stage

BALANCES = "{ ledgerAccounts { nodes { kind balance } } }"


async def balances(ask: Ask, who: Any) -> dict[str, int]:
    """What the visible accounts hold, by kind."""
    sums: dict[str, int] = {}
    for node in (await ask(who, BALANCES))["ledgerAccounts"]["nodes"]:
        sums[node["kind"]] = sums.get(node["kind"], 0) + node["balance"]
    return sums


@pytest.mark.rule("FUND-4")
@pytest.mark.requirement("SL-7")
async def test_a_deposit_under_its_code_is_on_the_units_account_at_once(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, 10_000, bureau=bureau)
    bank, stranger = await live.bank(), await live.bank()
    account = await live.bank_account(bank, place)
    owner, neighbour = await live.owner(place), await live.owner(place, 1)
    demand, _ = await first_demands(live, ask, bureau, *place.units)
    given = entry(live, account, f"{demand['code'][:8]} {demand['code'][8:]}", 200_000, receiptNumber="ZY-1")
    assert await recorded(ask, stranger, given) == [("NOT_FOUND", "bankAccountId")]
    assert await recorded(ask, bureau, given) == [("FORBIDDEN_ROLE", None)]
    assert await live.rows(FundReceipt) == []
    (receipt,) = await recorded(ask, bank, given)
    assert receipt == {
        "id": receipt["id"],
        "state": "POSTED",
        "suspenseCause": None,
        "serial": given["serial"],
        "code": given["code"],
        "amount": 200_000,
        "unit": None,  # a bank does not see units
        "demand": {"paid": 200_000, "state": "OPEN"},
    }
    (same,) = await recorded(ask, bank, given)
    assert same == receipt
    other = {**given, "amount": 300_000}
    assert await recorded(ask, bank, other) == [("ALREADY_REGISTERED", "serial")]
    twice = entry(live, account, demand["code"], 1, receiptNumber="ZY-1")
    assert await recorded(ask, bank, twice) == [("ALREADY_REGISTERED", "receiptNumber")]
    wrong = [
        (entry(live, account, demand["code"], 0), ("OUT_OF_RANGE", "amount")),
        (
            entry(live, account, None, 1, valueDate=(live.today + timedelta(days=1)).isoformat()),
            ("OUT_OF_RANGE", "valueDate"),
        ),
        (entry(live, account, None, 1, serial=" "), ("REQUIRED", "serial")),
    ]
    assert await recorded(ask, bank, *(each for each, _ in wrong)) == [code for _, code in wrong]
    assert len(await live.rows(FundReceipt)) == len(await live.rows(BankMovement)) == 1
    rest = await deposit(live, ask, bank, account, demand["code"], 400_000)
    assert rest["demand"] == {"paid": 600_000, "state": "PAID"}
    assert await balances(ask, bureau) == {"BANK": 600_000, "UNIT_FUND": 600_000}
    assert await balances(ask, owner) == {"UNIT_FUND": 600_000}
    mine = "{ fundReceipts { nodes { amount payerName receiptNumber } } }"
    assert (await ask(owner, mine))["fundReceipts"]["nodes"] == [
        {"amount": 400_000, "payerName": "王小明", "receiptNumber": None},
        {"amount": 200_000, "payerName": "王小明", "receiptNumber": "ZY-1"},
    ]
    assert (await ask(neighbour, mine))["fundReceipts"]["nodes"] == []
    committee = await live.committee(place)
    assert [node["payerName"] for node in (await ask(committee, mine))["fundReceipts"]["nodes"]] == [None, None]
    reasons = [row.reason for row in await live.rows(LedgerTransaction)]
    assert reasons == [f"首期维修资金交存（缴款码 {demand['code']}）"] * 2


@pytest.mark.rule("FUND-4")
async def test_money_that_no_code_explains_waits_for_an_official(live: Stage, ask: Ask) -> None:
    bureau, clerk = await live.actor(Role.BUREAU), await live.actor(Role.BUREAU, scopes=())
    place, far = await live.place(10_000, 1, bureau=bureau), await live.place(10_000, 1, bureau=bureau)
    bank = await live.bank()
    account, other_account = await live.bank_account(bank, place), await live.bank_account(bank, far)
    (demand,) = await first_demands(live, ask, bureau, place.units[0])
    mistyped = demand["code"][:-1] + str((int(demand["code"][-1]) + 1) % 10)
    waiting = await recorded(
        ask,
        bank,
        entry(live, account, None, 100_000),
        entry(live, account, mistyped, 500_000),
        entry(live, account, demand["code"], 600_001),
        entry(live, other_account, demand["code"], 1_000),
    )
    assert [each["suspenseCause"] for each in waiting] == ["NO_CODE", "UNKNOWN_CODE", "TOO_MUCH", "OTHER_BANK"]
    assert {each["state"] for each in waiting} == {"SUSPENSE"}
    assert await balances(ask, bureau) == {"BANK": 1_201_001, "SUSPENSE": 1_201_001}
    owner = await live.owner(place)
    assert (await ask(owner, "{ fundReceipts { totalCount } }"))["fundReceipts"]["totalCount"] == 0
    demand_id = {"demandId": demand["id"], "reason": "凭回单核对"}
    first = {"id": waiting[0]["id"], **demand_id}
    assert await refusal(ask, bank, "fundSuspenseIdentify", **first) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, clerk, "fundSuspenseIdentify", **first) == ("POWER_REQUIRED", None)
    assert await refusal(ask, bureau, "fundSuspenseIdentify", **{**first, "reason": " "}) == ("REQUIRED", "reason")
    too_much = {"id": waiting[2]["id"], **demand_id}
    assert await refusal(ask, bureau, "fundSuspenseIdentify", **too_much) == ("OVERPAYMENT", "demandId")
    elsewhere = {"id": waiting[3]["id"], **demand_id}
    assert await refusal(ask, bureau, "fundSuspenseIdentify", **elsewhere) == ("INVALID_INPUT", "demandId")
    shown = f"receipt {{ {RECEIPT} reason }}"
    for each in (first, {"id": waiting[1]["id"], **demand_id}):
        found = (await _identified(ask, bureau, shown, each))["receipt"]
        assert (found["state"], found["suspenseCause"], found["reason"]) == ("POSTED", None, "凭回单核对")
    assert found["demand"] == {"paid": 600_000, "state": "PAID"}
    assert await refusal(ask, bureau, "fundSuspenseIdentify", **first) == ("ACTION_NOT_AVAILABLE", "id")
    assert await refusal(ask, bureau, "fundSuspenseIdentify", **too_much) == ("ACTION_NOT_AVAILABLE", "demandId")
    assert await balances(ask, bureau) == {"BANK": 1_201_001, "SUSPENSE": 601_001, "UNIT_FUND": 600_000}
    own = "{ ledgerAccounts(where: {kind: BANK}) { nodes { area { code } balance } } }"
    by_area = {
        node["area"]["code"] if node["area"] else None: 0
        for node in (await ask(bureau, own))["ledgerAccounts"]["nodes"]
    }
    for node in (await ask(bureau, own))["ledgerAccounts"]["nodes"]:
        by_area[node["area"]["code"] if node["area"] else None] += node["balance"]
    assert by_area == {place.area.code: 600_000, None: 601_001}
    closed = await deposit(live, ask, bank, account, demand["code"], 1)
    assert closed["suspenseCause"] == "CLOSED_CODE"


async def _identified(ask: Ask, who: Any, shown: str, given: dict[str, Any]) -> Any:
    from tests.acts import act

    payload = await act(ask, who, "fundSuspenseIdentify", shown, **given)
    assert payload["userErrors"] == []
    return payload


@pytest.mark.rule("FUND-4")
async def test_a_deposit_is_taken_off_or_reversed_with_a_reason_and_never_what_is_spent(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, 10_000, bureau=bureau)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    wrong, right = await first_demands(live, ask, bureau, *place.units)
    receipt = await deposit(live, ask, bank, account, wrong["code"], 600_000)
    off = {"id": receipt["id"], "reason": "错记房号"}
    assert await refusal(ask, bank, "fundDepositTakeOff", **off) == ("FORBIDDEN_ROLE", None)
    taken = await done(ask, bureau, "fundDepositTakeOff", "receipt { state suspenseCause demand { id } }", **off)
    assert taken == {"state": "SUSPENSE", "suspenseCause": "TAKEN_OFF", "demand": None}
    assert await row_of(ask, bureau, wrong["id"], "paid state") == {"paid": 0, "state": "OPEN"}
    assert await balances(ask, bureau) == {"BANK": 600_000, "UNIT_FUND": 0, "SUSPENSE": 600_000}
    given = {"id": receipt["id"], "demandId": right["id"], "reason": "更正"}
    await _identified(ask, bureau, "receipt { state }", given)
    assert await row_of(ask, bureau, right["id"], "paid state") == {"paid": 600_000, "state": "PAID"}
    back = {"id": receipt["id"], "serial": "R-1", "valueDate": live.today.isoformat(), "reason": "退票"}
    assert await refusal(ask, bureau, "fundDepositReverse", **back) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, bank, "fundDepositReverse", **{**back, "serial": receipt["serial"]}) == (
        "ALREADY_REGISTERED",
        "serial",
    )
    assert await done(ask, bank, "fundDepositReverse", "receipt { state reason }", **back) == {
        "state": "REVERSED",
        "reason": "退票",
    }
    assert await refusal(ask, bank, "fundDepositReverse", **{**back, "serial": "R-2"}) == ("ALREADY_REVERSED", "id")
    assert await refusal(ask, bureau, "fundDepositTakeOff", **off) == ("ACTION_NOT_AVAILABLE", "id")
    assert await balances(ask, bureau) == {"BANK": 0, "UNIT_FUND": 0, "SUSPENSE": 0}
    assert [row.amount for row in await live.rows(BankMovement)] == [600_000, -600_000]


async def test_of_many_reports_of_one_deposit_one_counts(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(10_000, 10_000, bureau=bureau)
    bank = await live.bank()
    account = await live.bank_account(bank, place)
    (demand, _) = await first_demands(live, ask, bureau, *place.units)
    given = entry(live, account, demand["code"], 250_000)
    answers = await asyncio.gather(*(recorded(ask, bank, given) for _ in range(6)))
    assert {each["id"] for (each,) in answers} == {answers[0][0]["id"]}
    both = [entry(live, account, demand["code"], 350_000), entry(live, account, demand["code"], 350_000)]
    last = await asyncio.gather(*(recorded(ask, bank, each) for each in both))
    assert sorted(each["state"] for (each,) in last) == ["POSTED", "SUSPENSE"]
    assert await balances(ask, bureau) == {"BANK": 950_000, "UNIT_FUND": 600_000, "SUSPENSE": 350_000}


@pytest.mark.rule("FUND-4")
async def test_a_bank_works_by_polling_alone(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place, far = await live.place(10_000, 1, bureau=bureau), await live.place(10_000, 1, bureau=bureau)
    bank, other = await live.bank(), await live.bank()
    account = await live.bank_account(bank, place)
    await live.bank_account(other, far)
    (demand,) = await first_demands(live, ask, bureau, place.units[0])
    (_theirs,) = await first_demands(live, ask, bureau, far.units[0])
    by_code = "query ($code: String!) { fundDemands(where: {code: $code}) { nodes { outstanding state unit { id } } } }"
    assert (await ask(bank, by_code, code=demand["code"]))["fundDemands"]["nodes"] == [
        {"outstanding": 600_000, "state": "OPEN", "unit": None}
    ]
    assert (await ask(other, by_code, code=demand["code"]))["fundDemands"]["nodes"] == []
    receipt = await deposit(live, ask, bank, account, None, 5)
    changed = """query ($since: DateTime!) { fundReceipts(where: {updatedSince: $since}, orderBy: CHANGED) {
      nodes { id state updatedAt } } }"""
    (node,) = (await ask(bank, changed, since="2026-01-01T00:00:00Z"))["fundReceipts"]["nodes"]
    assert (node["id"], node["state"]) == (receipt["id"], "SUSPENSE")
    assert (await ask(other, changed, since="2026-01-01T00:00:00Z"))["fundReceipts"]["nodes"] == []
    given = {"id": receipt["id"], "demandId": demand["id"], "reason": "凭回单核对"}
    await _identified(ask, bureau, "receipt { state }", given)
    (later,) = (await ask(bank, changed, since=node["updatedAt"]))["fundReceipts"]["nodes"]
    assert (later["id"], later["state"]) == (receipt["id"], "POSTED")
    assert later["updatedAt"] > node["updatedAt"]
    assert opaque(live.county, "FundReceipt", (await live.rows(FundReceipt))[0]) == receipt["id"]
