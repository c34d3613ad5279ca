"""Bills after their issue: disputed and answered, reduced, taken back (SM-14)."""

from datetime import date
from typing import Any

import pytest

from domain.bills import BillState, DisputeOutcome, settled_state
from domain.errors import ErrorCode
from domain.ledger import AccountKind
from domain.roles import Role
from models.base import new_id
from models.cases import AuditEvent, Task
from models.fees import BillAdjustment, BillDispute
from models.payments import Allocation, Payment
from resolvers.bills import bill_adjust, bill_dispute, bill_dispute_answer, bill_dispute_withdraw, bill_void
from resolvers.payments import fee_bill_pay
from tests.fees.test_bill_runs import _balance
from tests.market import Market


async def pay(market: Market, bill: Any, amount: int) -> None:
    await market.world.do(market.bank, fee_bill_pay, id=bill.id, **market.paying(amount))


@pytest.mark.rule("SM-14")
async def test_a_disputed_bill_rests_until_it_is_answered(market: Market) -> None:
    bill, owner = await market.bill(), await market.resident()
    shown, dispute = await market.world.do(owner, bill_dispute, id=bill.id, reason="面积有误")
    assert (shown.state, dispute.state, dispute.answer_due_on) == ("DISPUTED", "OPEN", date(2026, 3, 9))
    await market.world.refused(market.bank, fee_bill_pay, ErrorCode.BILL_NOT_PAYABLE, id=bill.id, **market.paying(1))
    await market.world.refused(
        owner, bill_dispute, ErrorCode.ACTION_NOT_AVAILABLE, "id", id=bill.id, reason="once more"
    )

    given: dict[str, Any] = {"id": bill.id, "outcome": DisputeOutcome.UPHELD, "answer": "面积以登记簿为准"}
    shown, dispute = await market.world.do(market.admin, bill_dispute_answer, **given)
    assert (shown.state, dispute.state, dispute.answer) == ("ISSUED", "UPHELD", "面积以登记簿为准")
    assert (dispute.closed_by, dispute.closed_at) == (market.admin.account_id, market.world.now)
    await pay(market, bill, 12_000)


async def test_a_dispute_may_end_in_a_reduction_and_money_back(market: Market) -> None:
    bill, owner = await market.bill(), await market.resident()
    await pay(market, bill, 12_000)
    await market.world.do(owner, bill_dispute, id=bill.id, reason="空置")  # paid or not (Interp-PS 2)
    given = {"id": bill.id, "outcome": DisputeOutcome.ADJUSTED, "answer": "减免三成", "reduction": 3_600}
    shown, dispute = await market.world.do(market.admin, bill_dispute_answer, **given)

    assert (shown.amount, shown.adjusted, shown.settled, shown.state) == (12_000, -3_600, 8_400, "PAID")
    [adjustment] = await market.world.rows(BillAdjustment)
    assert (dispute.adjustment_id, adjustment.amount, adjustment.reason) == (adjustment.id, -3_600, "减免三成")
    [payment] = await market.world.rows(Payment)
    assert payment.prepaid == 3_600
    assert [row.amount for row in await market.world.rows(Allocation)] == [12_000, -3_600]
    assert await _balance(market, AccountKind.FEE_INCOME) == 8_400
    assert await _balance(market, AccountKind.RECEIVABLE) == 0
    assert await _balance(market, AccountKind.PREPAID) == 3_600


async def test_a_dispute_waits_in_the_queue_of_those_who_may_answer(market: Market) -> None:
    bill, owner = await market.bill(), await market.resident()
    leader = await market.world.person(
        Role.PROJECT_LEADER, company_id=market.company.id, area_id=market.area.id, estate_id=market.estate.id
    )
    _, dispute = await market.world.do(owner, bill_dispute, id=bill.id, reason="x")
    tasks = await market.world.rows(Task, case_id=dispute.id)
    assert {(task.role, task.due_on, task.closed_at) for task in tasks} == {
        ("COMPANY_ADMIN", date(2026, 3, 9), None),
        ("PROJECT_LEADER", date(2026, 3, 9), None),
    }
    for actor in (market.admin, leader):
        assert len(await market.world.sees(actor, Task)) == 1
    for actor in (owner, market.cashier):
        assert await market.world.sees(actor, Task) == set()
    answer = {"id": bill.id, "outcome": DisputeOutcome.UPHELD, "answer": "无误"}
    await market.world.do(leader, bill_dispute_answer, **answer)
    assert {task.closed_at for task in await market.world.rows(Task, case_id=dispute.id)} == {market.world.now}


async def test_a_dispute_can_be_taken_back(market: Market) -> None:
    bill, owner = await market.bill(), await market.resident()
    await pay(market, bill, 100)
    await market.world.do(owner, bill_dispute, id=bill.id, reason="x")
    shown, dispute = await market.world.do(owner, bill_dispute_withdraw, id=bill.id)
    assert (shown.state, dispute.state) == ("PARTIALLY_PAID", "WITHDRAWN")
    await market.world.refused(owner, bill_dispute_withdraw, ErrorCode.ACTION_NOT_AVAILABLE, id=bill.id)


async def test_who_disputes_and_who_answers(market: Market) -> None:
    bill, owner = await market.bill(), await market.resident()
    stranger = await market.world.person(Role.OWNER, unit_id=new_id())
    reason = {"id": bill.id, "reason": "x"}
    await market.world.refused(stranger, bill_dispute, ErrorCode.NOT_FOUND, "id", **reason)
    await market.world.refused(market.admin, bill_dispute, ErrorCode.FORBIDDEN_ROLE, **reason)
    await market.world.refused(owner, bill_dispute, ErrorCode.REQUIRED, "reason", **{**reason, "reason": " "})
    await market.world.do(owner, bill_dispute, **reason)
    answer: dict[str, Any] = {"id": bill.id, "outcome": DisputeOutcome.ADJUSTED, "answer": "x", "reduction": 1}
    await market.world.refused(owner, bill_dispute_answer, ErrorCode.FORBIDDEN_ROLE, **answer)
    for wrong, code, field in (
        ({"reduction": 12_001}, ErrorCode.OUT_OF_RANGE, "reduction"),
        ({"reduction": None}, ErrorCode.OUT_OF_RANGE, "reduction"),
        ({"answer": ""}, ErrorCode.REQUIRED, "answer"),
        ({"outcome": DisputeOutcome.UPHELD}, ErrorCode.INVALID_INPUT, "reduction"),
    ):
        await market.world.refused(market.admin, bill_dispute_answer, code, field, **{**answer, **wrong})
    [dispute] = await market.world.rows(BillDispute)
    readers = {
        "owner": owner,
        "company": market.admin,
        "township": await market.world.township_office(),
        "committee": await market.world.person(Role.COMMITTEE, committee_id=new_id(), area_id=market.area.id),
        "bank": market.bank,
    }
    seen = {name for name, actor in readers.items() if dispute.id in await market.world.sees(actor, BillDispute)}
    assert seen == {"owner", "company", "township"}


async def test_a_reduction_is_a_row_of_its_own(market: Market) -> None:
    bill = await market.bill()
    shown, first = await market.world.do(market.admin, bill_adjust, id=bill.id, reduction=2_000, reason="停梯三日")
    shown, _ = await market.world.do(market.admin, bill_adjust, id=bill.id, reduction=1_000, reason="停水一日")
    assert (shown.amount, shown.adjusted, shown.state, first.amount) == (12_000, -3_000, "ISSUED", -2_000)
    await pay(market, bill, 9_000)
    [after] = await market.bills()
    assert (after.state, after.settled) == ("PAID", 9_000)
    for reduction in (0, 9_001):
        given = {"id": bill.id, "reduction": reduction, "reason": "x"}
        await market.world.refused(market.admin, bill_adjust, ErrorCode.OUT_OF_RANGE, "reduction", **given)
    await market.world.refused(market.cashier, bill_adjust, ErrorCode.FORBIDDEN_ROLE, **{**given, "reduction": 1})
    events = await market.world.rows(AuditEvent, action="billAdjust")
    assert [event.detail for event in events] == [{"reduction": 2_000}, {"reduction": 1_000}]


@pytest.mark.rule("FEE-7", "SM-14")
async def test_a_voided_bill_gives_back_and_its_period_is_free(market: Market) -> None:
    bill = await market.bill()
    await pay(market, bill, 5_000)
    await market.world.refused(market.admin, bill_void, ErrorCode.REQUIRED, "reason", id=bill.id, reason="")
    voided = await market.world.do(market.admin, bill_void, id=bill.id, reason="重复出账")
    assert (voided.state, voided.settled, voided.void_reason) == ("VOIDED", 0, "重复出账")
    assert await _balance(market, AccountKind.FEE_INCOME) == 0
    assert await _balance(market, AccountKind.RECEIVABLE) == 0
    assert await _balance(market, AccountKind.PREPAID) == 5_000
    for action, given in ((bill_void, {"reason": "x"}), (bill_adjust, {"reason": "x", "reduction": 1})):
        await market.world.refused(market.admin, action, ErrorCode.ACTION_NOT_AVAILABLE, id=bill.id, **given)

    [item] = await market.world.rows(type(await market.item(posted=0)), id=bill.charge_item_id)
    await market.run(item)
    [_, anew] = await market.bills()
    assert (anew.state, anew.settled) == ("PARTIALLY_PAID", 5_000)  # by what was given back


async def test_voiding_a_disputed_bill_closes_its_dispute(market: Market) -> None:
    bill, owner = await market.bill(), await market.resident()
    await market.world.do(owner, bill_dispute, id=bill.id, reason="不是我的")
    await market.world.do(market.admin, bill_void, id=bill.id, reason="房号有误")
    [dispute] = await market.world.rows(BillDispute)
    assert (dispute.state, dispute.answer) == ("VOIDED", "房号有误")


@pytest.mark.rule("SM-14")
@pytest.mark.parametrize(
    ("money", "state"),
    [
        ((100, 0, 0), BillState.ISSUED),
        ((100, 0, 1), BillState.PARTIALLY_PAID),
        ((100, -40, 60), BillState.PAID),
        ((100, -100, 0), BillState.PAID),
    ],
)
def test_the_state_follows_from_the_money(money: tuple[int, int, int], state: BillState) -> None:
    assert settled_state(*money) is state
