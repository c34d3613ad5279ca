"""Demands and deposits through the API, for every test that needs money in the fund."""

import itertools
from datetime import timedelta
from typing import Any

from auth.actor import Actor
from models.custody import BankAccount
from models.estates import Unit
from tests.acts import Ask, act, opaque
from tests.stage import Stage

DEMAND = "id code payer payerName amount"
RECEIPT = "id state suspenseCause serial code amount unit { name } demand { paid state }"
_serials = itertools.count(1)


async def first_demands(stage: Stage, ask: Ask, bureau: Actor, *units: Unit, **more: Any) -> list[Any]:
    """First deposits asked of units, due in a month: the demands."""
    due_on = (stage.today + timedelta(days=30)).isoformat()
    items = [{"unitId": opaque(stage.county, "Unit", unit), "dueOn": due_on, **more} for unit in units]
    shown = f"results {{ userErrors {{ code field }} demand {{ {DEMAND} }} }}"
    results = (await act(ask, bureau, "fundFirstDemandIssue", shown, items=items))["results"]
    assert [each["userErrors"] for each in results] == [[] for _ in units], results
    return [each["demand"] for each in results]


def entry(stage: Stage, account: BankAccount, code: str | None, amount: int, **more: Any) -> dict[str, Any]:
    """One credit as a bank reports it, today, under a serial of its own."""
    return {
        "bankAccountId": opaque(stage.county, "BankAccount", account),
        "serial": f"S-{next(_serials)}",
        "amount": amount,
        "valueDate": stage.today.isoformat(),
        "code": code,
        "payerName": "王小明",
        **more,
    }


async def recorded(ask: Ask, bank: Actor, *entries: dict[str, Any]) -> list[Any]:
    """What a bank's report came to: each result's receipt, or its one error."""
    shown = f"results {{ userErrors {{ code field }} receipt {{ {RECEIPT} }} }}"
    results = (await act(ask, bank, "fundDepositRecord", shown, items=list(entries)))["results"]
    return [each["receipt"] or tuple(each["userErrors"][0].values()) for each in results]


async def deposit(
    stage: Stage, ask: Ask, bank: Actor, account: BankAccount, code: str | None, amount: int, **more: Any
) -> Any:
    """One credit, reported: its receipt."""
    (receipt,) = await recorded(ask, bank, entry(stage, account, code, amount, **more))
    return receipt
