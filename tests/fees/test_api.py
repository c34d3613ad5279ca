"""Fees through the API: a company charges, a bank collects, an owner reads, disputes and is answered."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from domain.roles import Role
from models.base import new_id
from models.fees import BillRun, FeeBill
from models.payments import Payment
from resolvers import bills
from resolvers.payments import fee_bill_pay
from resolvers.unit_of_work import set_fuse
from schema.engine.values import Ref, encode_id
from tests.acts import Ask as Ask
from tests.acts import act
from tests.market import Market, days
from tests.world import World


@pytest.fixture
async def market(world: World) -> Market:
    """The same area, today: the engine reads with the real clock."""
    world.now = datetime.now(UTC)
    return await Market.open(world)


def name_of(market: Market, type_name: str, row: Any) -> str:
    return encode_id(Ref(type_name, market.world.county, row.id))


async def test_from_a_charge_to_a_paid_bill(ask: Ask, market: Market) -> None:
    world = market.world
    first_day = world.today.replace(day=1)
    defined = await act(
        ask,
        market.admin,
        "chargeItemDefine",
        "item { id code state unitPrice company { id } contract { id } }",
        contractId=name_of(market, "ServiceContract", market.contract),
        code="WY-01",
        name="物业服务费",
        category="PROPERTY_SERVICE",
        basis="AREA",
        unitPrice=120,
        periodMonths=1,
        serviceContent="三星（演示）",
        validFrom=first_day.isoformat(),
    )
    assert defined["userErrors"] == []
    item = defined["item"]
    assert (item["code"], item["state"], item["unitPrice"]) == ("WY-01", "DEFINED", 120)
    assert item["company"]["id"] == name_of(market, "Company", market.company)

    period = {"chargeItemId": item["id"], "periodFrom": first_day.isoformat()}
    early = await act(ask, market.admin, "billRunStart", "run { id }", **period)
    assert early == {"userErrors": [{"code": "ITEM_NOT_DISCLOSED", "field": "chargeItemId"}], "run": None}

    posted = await act(
        ask,
        market.admin,
        "chargeItemsDisclose",
        "disclosure { title }",
        areaId=name_of(market, "PropertyArea", market.area),
        chargeItemIds=[item["id"]],
        objectionContact="演示社区",
    )
    assert posted == {"userErrors": [], "disclosure": {"title": "物业服务收费公示"}}
    started = await act(ask, market.admin, "billRunStart", "run { state planned }", **period)
    assert started["run"] == {"state": "QUEUED", "planned": 0}
    [run] = await world.rows(BillRun)
    await market.work(run)
    progress = "{ billRuns { nodes { state planned done issued amount item { code } } } }"
    assert (await ask(market.admin, progress))["billRuns"]["nodes"] == [
        {"state": "DONE", "planned": 1, "done": 1, "issued": 1, "amount": 12_000, "item": {"code": "WY-01"}}
    ]

    bills = """{ feeBills { totalCount amountSum settledSum countsByState { state count }
      nodes { id number state amount outstanding isOverdue unit { name } unitId availableActions item { code }
              restsOn { unitPrice disclosure { title } } } } }"""
    seen = (await ask(market.bank, bills))["feeBills"]
    assert (seen["totalCount"], seen["amountSum"], seen["settledSum"]) == (1, 12_000, 0)
    [bill] = seen["nodes"]
    assert (bill["unit"], bill["unitId"]) == (None, name_of(market, "Unit", market.units[0]))
    assert (bill["outstanding"], bill["isOverdue"], bill["availableActions"]) == (12_000, False, ["PAY"])

    given = {
        "id": bill["id"],
        "amount": 12_000,
        "channel": "BANK",
        "reference": "T-1",
        "receivedOn": world.today.isoformat(),
        "payerName": "王小明",
    }
    shown = "replayed bill { state outstanding paidOn } payment { amount payerName allocations { nodes { amount } } }"
    paid = await act(ask, market.bank, "feeBillPay", shown, idempotencyKey="pay-1", **given)
    assert paid == {
        "userErrors": [],
        "replayed": False,
        "bill": {"state": "PAID", "outstanding": 0, "paidOn": world.today.isoformat()},
        "payment": {"amount": 12_000, "payerName": "王小明", "allocations": {"nodes": [{"amount": 12_000}]}},
    }
    again = await act(ask, market.bank, "feeBillPay", shown, idempotencyKey="pay-1", **given)
    assert again == {**paid, "replayed": True}
    assert len(await world.rows(Payment)) == 1
    other = await act(ask, market.bank, "feeBillPay", shown, idempotencyKey="pay-2", **{**given, "reference": "T-2"})
    assert other["userErrors"] == [{"code": "BILL_NOT_PAYABLE", "field": "id"}]


async def test_a_collecting_bank_names_the_payee_and_other_banks_do_not(ask: Ask, market: Market) -> None:
    """The company was brought in and never filed here, so it is not public: its bills' payee it is all the same."""
    bill = await _bill_of_this_month(market)
    world = market.world
    payee = "{ feeBills { nodes { company { name } } } companies { nodes { name } } }"
    named = {"name": market.company.name}
    assert await ask(market.bank, payee) == {
        "feeBills": {"nodes": [{"company": named}]},
        "companies": {"nodes": [named]},
    }
    without_agreement = await world.person(Role.BANK, scopes=("filings:public",))
    court = await world.person(Role.COURT, scopes=("fees:collect",))
    for stranger in (without_agreement, court):
        assert await ask(stranger, payee) == {"feeBills": {"nodes": []}, "companies": {"nodes": []}}
    assert bill.company_id == market.company.id


async def test_money_paid_in_advance_is_applied_through_the_api(ask: Ask, market: Market) -> None:
    bill = await _bill_of_this_month(market)
    world = market.world
    await market.run(await market.item(), world.today.replace(day=1))
    payment, _ = await world.do(market.bank, fee_bill_pay, id=bill.id, **market.paying(12_000))
    await world.do(market.admin, bills.bill_adjust, id=bill.id, reduction=5_000, reason="空置减免")
    shown = "payment { prepaid allocations { nodes { amount } } }"
    given = {"id": name_of(market, "Payment", payment), "idempotencyKey": "apply-1"}
    refused = await act(ask, market.bank, "prepaidApply", shown, **given)
    assert refused == {"userErrors": [{"code": "FORBIDDEN_ROLE", "field": None}], "payment": None}
    applied = await act(ask, market.admin, "prepaidApply", shown, **given)
    assert applied["userErrors"] == []
    assert applied["payment"]["prepaid"] == 0
    assert sum(node["amount"] for node in applied["payment"]["allocations"]["nodes"]) == 12_000
    again = await act(ask, market.admin, "prepaidApply", shown, **{**given, "idempotencyKey": "apply-2"})
    assert again["userErrors"] == [{"code": "INSUFFICIENT_BALANCE", "field": "id"}]


async def test_sums_are_exact_to_the_fen_however_large(ask: Ask, market: Market) -> None:
    """A float would round here; clients read numbers exactly up to 2^53."""
    second, third = await market.unit(10_000), await market.unit(10_000)
    await _run_of_this_month(market)
    amounts = {market.units[0].id: 2**53 // 3, second.id: 2**53 // 3 + 1, third.id: 2**53 // 3 - 1}
    async with market.world.sessions.begin() as session:
        await set_fuse(session, {market.world.county})
        for unit_id, amount in amounts.items():
            await session.execute(
                update(FeeBill)
                .where(FeeBill.county == market.world.county, FeeBill.unit_id == unit_id)
                .values(amount=amount)
            )
    figures = "{ feeBills { amountSum nodes { amount } } }"
    seen = (await ask(market.bureau, figures))["feeBills"]
    assert sorted(node["amount"] for node in seen["nodes"]) == sorted(amounts.values())
    assert seen["amountSum"] == sum(amounts.values())
    assert sum(amounts.values()) == 9_007_199_254_740_990


async def test_who_paid_is_the_parties_affair(ask: Ask, market: Market) -> None:
    bill = await _bill_of_this_month(market)
    payment, _ = await market.world.do(
        market.bank, fee_bill_pay, id=bill.id, **market.paying(12_000, payer_name="王小明")
    )
    text = "{ payments { nodes { payerName } } feeBills { nodes { state } } }"
    committee = await market.world.person(Role.COMMITTEE, committee_id=new_id(), area_id=market.area.id)
    other_bank = await market.world.person(Role.BANK, scopes=("fees:collect",))
    seen = {
        name: await ask(actor, text)
        for name, actor in {
            "owner": await market.resident(),
            "company": market.admin,
            "bank": market.bank,
            "other bank": other_bank,
            "bureau": market.bureau,
            "committee": committee,
        }.items()
    }
    payers = {name: [row["payerName"] for row in data["payments"]["nodes"]] for name, data in seen.items()}
    named, unnamed, none = ["王小明"], [None], []  # type: ignore[var-annotated]
    assert payers == {
        **dict.fromkeys(("owner", "company", "bank"), named),
        "bureau": unnamed,
        **dict.fromkeys(("other bank", "committee"), none),
    }
    assert all(data["feeBills"]["nodes"] == [{"state": "PAID"}] for data in seen.values())
    assert payment.payer_name == "王小明"


async def test_an_owner_disputes_and_the_company_answers(ask: Ask, market: Market) -> None:
    bill, owner = await _bill_of_this_month(market), await market.resident()
    bill_id = name_of(market, "FeeBill", bill)
    text = (
        "query ($id: ID!) { node(id: $id) { ... on FeeBill { availableActions openDispute { reason answerDueOn } } } }"
    )
    assert (await ask(owner, text, id=bill_id))["node"] == {"availableActions": ["DISPUTE"], "openDispute": None}

    raised = await act(
        ask, owner, "billDispute", "bill { state } dispute { state isOverdue }", id=bill_id, reason="面积有误"
    )
    assert (raised["bill"], raised["dispute"]) == ({"state": "DISPUTED"}, {"state": "OPEN", "isOverdue": False})
    assert (await ask(owner, text, id=bill_id))["node"]["availableActions"] == ["WITHDRAW_DISPUTE"]
    assert (await ask(market.admin, text, id=bill_id))["node"]["availableActions"] == ["ANSWER_DISPUTE", "VOID"]
    queue = """query { viewer { taskCounts { role caseType open }
      tasks { nodes { caseType actions case { ... on BillDispute { reason bill { id } } } } } } }"""
    viewer = (await ask(market.admin, queue))["viewer"]
    assert viewer == {
        "taskCounts": [{"role": "COMPANY_ADMIN", "caseType": "BillDispute", "open": 1}],
        "tasks": {
            "nodes": [
                {
                    "caseType": "BillDispute",
                    "actions": ["ANSWER_DISPUTE"],
                    "case": {"reason": "面积有误", "bill": {"id": bill_id}},
                }
            ]
        },
    }

    answered = await act(
        ask,
        market.admin,
        "billDisputeAnswer",
        "bill { state adjusted outstanding adjustments { nodes { amount reason } } } dispute { state answer }",
        id=bill_id,
        outcome="ADJUSTED",
        answer="更正面积",
        reduction=2_000,
    )
    assert answered["bill"] == {
        "state": "ISSUED",
        "adjusted": -2_000,
        "outstanding": 10_000,
        "adjustments": {"nodes": [{"amount": -2_000, "reason": "更正面积"}]},
    }
    assert answered["dispute"] == {"state": "ADJUSTED", "answer": "更正面积"}


async def test_a_bank_hands_in_its_list_item_by_item(ask: Ask, market: Market) -> None:
    bill = await _bill_of_this_month(market)
    unit, company = name_of(market, "Unit", market.units[0]), name_of(market, "Company", market.company)
    base = {"unitId": unit, "companyId": company, "channel": "BANK", "receivedOn": market.world.today.isoformat()}
    text = """mutation ($input: PaymentRecordInput!) { paymentRecord(input: $input) {
      userErrors { code } results { index userErrors { code field } payment { amount prepaid } } } }"""
    items = [
        {**base, "amount": 5_000, "reference": "A"},
        {**base, "amount": 0, "reference": "B"},
        {**base, "amount": 9_000, "reference": "C", "billIds": [name_of(market, "FeeBill", bill)]},
        {**base, "amount": 5_001, "reference": "A"},
    ]
    data = await ask(market.bank, text, input={"idempotencyKey": "list-1", "items": items})
    assert data["paymentRecord"] == {
        "userErrors": [],
        "results": [
            {"index": 0, "userErrors": [], "payment": {"amount": 5_000, "prepaid": 0}},
            {"index": 1, "userErrors": [{"code": "OUT_OF_RANGE", "field": "amount"}], "payment": None},
            {"index": 2, "userErrors": [], "payment": {"amount": 9_000, "prepaid": 2_000}},
            {"index": 3, "userErrors": [{"code": "ALREADY_REGISTERED", "field": "reference"}], "payment": None},
        ],
    }
    figures = """query ($unit: ID!, $company: ID!, $first: Date!, $last: Date!) {
      feeStatement(unit: $unit, company: $company, first: $first, last: $last) {
        opening closing lines { kind owed balance } }
      ledgerAccounts(where: {unit: $unit}) { nodes { kind balance } }
      collectionRate(dueFrom: $first, dueTo: $last, company: $company) { bills due collected basisPoints overdue } }"""
    span = {"first": (market.world.today - days(1)).isoformat(), "last": (market.world.today + days(60)).isoformat()}
    shown = await ask(await market.resident(), figures, unit=unit, company=company, **span)
    assert shown["feeStatement"] == {
        "opening": 0,
        "closing": -2_000,
        "lines": [
            {"kind": "BILLS_ISSUED", "owed": 12_000, "balance": 12_000},
            {"kind": "PAYMENT", "owed": -5_000, "balance": 7_000},
            {"kind": "PAYMENT", "owed": -9_000, "balance": -2_000},
        ],
    }
    balances = {node["kind"]: node["balance"] for node in shown["ledgerAccounts"]["nodes"]}
    assert balances == {"RECEIVABLE": 0, "PREPAID": 2_000}
    assert shown["collectionRate"] == {
        "bills": 1,
        "due": 12_000,
        "collected": 12_000,
        "basisPoints": 10_000,
        "overdue": 0,
    }


async def test_bills_are_found_and_ordered(ask: Ask, market: Market) -> None:
    bill = await _bill_of_this_month(market)
    text = "query ($where: FeeBillFilter) { feeBills(where: $where, orderBy: OLDEST) { nodes { number } } }"
    unit = name_of(market, "Unit", market.units[0])
    found, none = [{"number": bill.number}], []  # type: ignore[var-annotated]
    conditions: list[tuple[dict[str, Any], list[Any]]] = [
        ({"unit": unit, "state": "ISSUED"}, found),
        ({"state": "PAID"}, none),
        ({"number": bill.number}, found),
        ({"overdue": True}, none),
        ({"overdue": False, "dueFrom": bill.due_on.isoformat(), "dueTo": bill.due_on.isoformat()}, found),
        ({"dueTo": (bill.due_on - days(1)).isoformat()}, none),
        ({"township": market.world.township, "kind": "PRINCIPAL"}, found),
        ({"community": market.world.other_community}, none),
        ({"item": encode_id(Ref("ChargeItem", market.world.county, bill.charge_item_id))}, found),
        ({"updatedSince": "2020-01-01T00:00:00Z"}, found),
    ]
    for where, expected in conditions:
        data = await ask(market.bureau, text, where=where)
        assert data["feeBills"]["nodes"] == expected, where


async def _run_of_this_month(market: Market) -> None:
    await market.run(await market.item(), market.world.today.replace(day=1))


async def _bill_of_this_month(market: Market) -> Any:
    await _run_of_this_month(market)
    [bill] = await market.bills()
    return bill
