"""Takings: spread oldest first, kept, applied, reversed, refunded; the sums always agree (FEE-7, FEE-11)."""

import asyncio
import contextlib
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.bills import BillKind
from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind
from domain.payments import Channel, OpenBill, Share, allocate
from domain.roles import Role
from models.base import new_id
from models.cases import AuditEvent
from models.fees import ChargeItem, FeeBill
from models.ledger import LedgerAccount
from models.payments import Allocation, Payment
from resolvers import bills, ledger
from resolvers.openings import OpeningPrepaid, prepaid_open
from resolvers.payments import fee_bill_pay
from resolvers.prepaid import prepaid_apply
from resolvers.receipts import payment_record, payment_reverse
from resolvers.unit_of_work import UnitOfWork
from tests.market import Market, days, paid_back
from tests.world import NOON


async def balance(market: Market, kind: AccountKind, **owner: Any) -> int:
    found = await market.world.rows(LedgerAccount, kind=kind.value, **owner)

    async def look(uow: UnitOfWork) -> int:
        return sum([await ledger.balance(uow.session, uow.county, account.id) for account in found])

    return await market.world.do(market.bureau, look)  # type: ignore[no-any-return]


@pytest.fixture
async def debts(market: Market) -> Market:
    """The first unit owes 12,000 for each of January, February and March; March was billed first and is due last."""
    item = await market.item()
    for month, day in ((3, 4), (1, 2), (2, 3)):
        market.world.now = NOON + days(day)
        await market.run(item, date(2026, month, 1))
    market.world.now = NOON + days(5)
    return market


# ---- the rule ---------------------------------------------------------------------------------------------------------


def bill(kind: BillKind, day: int, outstanding: int) -> OpenBill:
    return OpenBill(new_id(), kind, date(2026, 1, day), f"B-{day}", outstanding)


@pytest.mark.rule("FEE-11")
def test_principal_comes_before_late_fees_and_the_oldest_first() -> None:
    late, young, old = (
        bill(BillKind.LATE_FEE, 1, 500),
        bill(BillKind.PRINCIPAL, 3, 1_000),
        bill(BillKind.PRINCIPAL, 2, 1_000),
    )
    assert allocate(1_500, (late, young, old)) == ((Share(old.id, 1_000), Share(young.id, 500)), 0)
    shares, left = allocate(9_000, (late, young, old))
    assert [share.bill_id for share in shares] == [old.id, young.id, late.id]
    assert left == 6_500


OPEN = st.lists(st.builds(bill, st.sampled_from(BillKind), st.integers(1, 28), st.integers(1, 10_000)), max_size=12)


@given(amount=st.integers(0, 100_000), bills_open=OPEN)
def test_shares_and_the_rest_sum_to_the_amount(amount: int, bills_open: list[OpenBill]) -> None:
    shares, left = allocate(amount, bills_open)
    owed = {bill.id: bill.outstanding for bill in bills_open}
    assert sum(share.amount for share in shares) + left == amount
    assert all(0 < share.amount <= owed[share.bill_id] for share in shares)
    assert left == max(0, amount - sum(owed.values()))


# ---- recording --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("FEE-11")
async def test_takings_settle_the_oldest_bills_and_the_rest_is_kept(debts: Market) -> None:
    payment = await debts.world.do(debts.bank, payment_record, **debts.for_unit(20_000))
    owed = sorted((bill.due_on, bill.settled, bill.state) for bill in await debts.bills())
    assert [(settled, state) for _, settled, state in owed] == [
        (12_000, "PAID"),
        (8_000, "PARTIALLY_PAID"),
        (0, "ISSUED"),
    ]
    assert payment.prepaid == 0
    more = await debts.world.do(debts.bank, payment_record, **debts.for_unit(20_000))
    assert more.prepaid == 4_000
    assert {bill.state for bill in await debts.bills()} == {"PAID"}
    assert await balance(debts, AccountKind.RECEIVABLE) == 0
    assert await balance(debts, AccountKind.PREPAID) == 4_000
    assert await balance(debts, AccountKind.BANK) == 40_000


@pytest.mark.rule("FEE-11")
async def test_the_payer_may_designate_bills(debts: Market) -> None:
    newest = max(await debts.bills(), key=lambda bill: bill.due_on)
    given = debts.for_unit(13_000, bill_ids=[newest.id])
    payment = await debts.world.do(debts.bank, payment_record, **given)
    assert [bill.id for bill in await debts.bills(state="PAID")] == [newest.id]
    assert payment.prepaid == 1_000
    await debts.world.refused(
        debts.bank,
        payment_record,
        ErrorCode.BILL_NOT_PAYABLE,
        "billIds",
        **debts.for_unit(1_000, bill_ids=[newest.id]),
    )


async def test_a_bank_may_report_the_same_money_twice(debts: Market) -> None:
    given = debts.for_unit(5_000)
    first, second = await asyncio.gather(*(debts.world.do(debts.bank, payment_record, **given) for _ in range(2)))
    assert first.id == second.id
    again = await debts.world.do(debts.bank, payment_record, **given)
    assert again.id == first.id
    assert len(await debts.world.rows(Payment)) == 1
    other = {**given, "amount": 5_001}
    await debts.world.refused(debts.bank, payment_record, ErrorCode.ALREADY_REGISTERED, "reference", **other)
    # Taken back, it is no answer to a report of the same money any more.
    await debts.world.do(debts.bank, payment_reverse, id=first.id, reason="退票")
    await debts.world.refused(debts.bank, payment_record, ErrorCode.ALREADY_REVERSED, "reference", **given)


async def test_takings_are_refused(market: Market) -> None:
    await market.item()
    stranger = await market.world.person(Role.COMPANY_STAFF, company_id=new_id())
    owner = await market.resident()
    cases: list[tuple[Any, dict[str, Any], ErrorCode, str | None]] = [
        (market.bank, {"amount": 0}, ErrorCode.OUT_OF_RANGE, "amount"),
        (market.bank, {"received_on": date(2026, 3, 3)}, ErrorCode.OUT_OF_RANGE, "receivedOn"),
        (market.bank, {"reference": ""}, ErrorCode.REQUIRED, "reference"),
        (market.bank, {"channel": Channel.CASH}, ErrorCode.INVALID_INPUT, "channel"),
        (market.cashier, {"channel": Channel.BANK}, ErrorCode.INVALID_INPUT, "channel"),
        (market.bank, {"unit_id": new_id()}, ErrorCode.NOT_FOUND, "unitId"),
        (market.bank, {"company_id": new_id()}, ErrorCode.NOT_FOUND, "unitId"),
        (stranger, {"channel": Channel.CASH}, ErrorCode.NOT_FOUND, "unitId"),
        (owner, {}, ErrorCode.FORBIDDEN_ROLE, None),
        (await market.world.person(Role.BANK), {}, ErrorCode.NOT_FOUND, "unitId"),
    ]
    for actor, changes, code, field in cases:
        await market.world.refused(actor, payment_record, code, field, **{**market.for_unit(1_000), **changes})


# ---- taken back -------------------------------------------------------------------------------------------------------


async def test_a_reversed_payment_opens_its_bills_again(debts: Market) -> None:
    await debts.world.do(debts.bank, payment_record, **debts.for_unit(3_000))
    payment = await debts.world.do(debts.bank, payment_record, **debts.for_unit(40_000))
    assert payment.prepaid == 7_000
    undone = await debts.world.do(debts.bank, payment_reverse, id=payment.id, reason="退票")

    assert (undone.state, undone.prepaid, undone.reversal_reason) == ("REVERSED", 0, "退票")
    settled = sorted((bill.settled, bill.state, bill.paid_on) for bill in await debts.bills())
    assert settled == [(0, "ISSUED", None), (0, "ISSUED", None), (3_000, "PARTIALLY_PAID", None)]
    assert sum(row.amount for row in await debts.world.rows(Allocation, payment_id=payment.id)) == 0
    assert await balance(debts, AccountKind.BANK) == 3_000
    assert await balance(debts, AccountKind.PREPAID) == 0
    assert await balance(debts, AccountKind.RECEIVABLE) == 33_000
    refused = {"id": payment.id, "reason": "again"}
    await debts.world.refused(debts.bank, payment_reverse, ErrorCode.ALREADY_REVERSED, **refused)


async def test_only_who_records_such_money_takes_it_back(debts: Market) -> None:
    payment = await debts.world.do(debts.bank, payment_record, **debts.for_unit(3_000))
    given = {"id": payment.id, "reason": "错账"}
    await debts.world.refused(debts.admin, payment_reverse, ErrorCode.FORBIDDEN_ROLE, **given)
    other_bank = await debts.world.person(Role.BANK, scopes=("fees:collect",))
    await debts.world.refused(other_bank, payment_reverse, ErrorCode.NOT_FOUND, "id", **given)
    await debts.world.refused(debts.bank, payment_reverse, ErrorCode.REQUIRED, **{**given, "reason": " "})


async def test_money_that_bills_took_later_goes_back_too(market: Market) -> None:
    payment = await market.world.do(market.bank, payment_record, **(await with_item(market, 20_000)))
    [item] = await market.world.rows(ChargeItem)
    await market.run(item)
    [after] = await market.world.rows(Payment)
    assert after.prepaid == 8_000
    await market.world.do(market.bank, payment_reverse, id=payment.id, reason="退票")
    [bill_after] = await market.bills()
    assert (bill_after.state, bill_after.settled) == ("ISSUED", 0)
    assert await balance(market, AccountKind.PREPAID) == 0
    assert await balance(market, AccountKind.BANK) == 0
    assert await balance(market, AccountKind.RECEIVABLE) == 12_000


async def test_what_is_left_over_is_paid_back(market: Market) -> None:
    payment = await market.world.do(market.bank, payment_record, **(await with_item(market, 20_000)))
    await paid_back(market, market.cashier, payment, 15_000, "合同终止, 预收款退还")
    [back] = await market.world.rows(Payment)
    assert (back.prepaid, back.refunded) == (5_000, 15_000)
    assert await balance(market, AccountKind.BANK) == 5_000
    in_cash = market.for_unit(3_000, channel=Channel.CASH)
    taken = await market.world.do(market.cashier, payment_record, **in_cash)
    await paid_back(market, market.cashier, taken, 1_000)
    assert await balance(market, AccountKind.CASH) == 2_000, "from the drawer that it went into"
    assert await balance(market, AccountKind.BANK) == 5_000
    await market.world.refused(
        market.bank, payment_reverse, ErrorCode.ACTION_NOT_AVAILABLE, "id", id=payment.id, reason="退票"
    )


async def with_item(market: Market, amount: int) -> dict[str, Any]:
    await market.item()
    return market.for_unit(amount)


# ---- whatever happens, in whatever order --------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "record", "reverse", "adjust", "void", "dispute", "answer", "refund"]),
        st.integers(0, 5),
        st.integers(1, 30_000),
    ),
    min_size=3,
    max_size=9,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_bills_payments_and_books_agree_after_any_history(
    market: Market, steps: list[tuple[str, int, int]]
) -> None:
    item = await market.item()
    for month in (1, 2, 3):
        await market.run(item, date(2026, month, 1))
    owner = await market.resident()
    for step, which, amount in steps:
        # Many steps are impossible where they come; what matters is what is left behind.
        with contextlib.suppress(Refusal):
            await _take(market, owner, step, which, amount)
    await _agree(market)


async def _take(market: Market, owner: Any, step: str, which: int, amount: int) -> None:
    do, bill_rows, paid = market.world.do, (await market.bills())[-3:], (await market.world.rows(Payment))[-3:]
    chosen = bill_rows[which % len(bill_rows)].id
    payment = paid[which % len(paid)].id if paid else new_id()
    match step:
        case "pay":
            await do(market.bank, fee_bill_pay, id=chosen, **market.paying(amount))
        case "record":
            await do(market.bank, payment_record, **market.for_unit(amount))
        case "reverse":
            await do(market.bank, payment_reverse, id=payment, reason="test")
        case "adjust":
            await do(market.admin, bills.bill_adjust, id=chosen, reduction=amount, reason="test")
        case "void":
            await do(market.admin, bills.bill_void, id=chosen, reason="test")
        case "dispute":
            await do(owner, bills.bill_dispute, id=chosen, reason="test")
        case "answer":
            await do(
                market.admin, bills.bill_dispute_answer, id=chosen, outcome="ADJUSTED", answer="test", reduction=amount
            )
        case _ if paid:
            await paid_back(market, owner, paid[which % len(paid)], amount)


async def _agree(market: Market) -> None:
    given: dict[Any, int] = {}
    taken: dict[Any, int] = {}
    for row in await market.world.rows(Allocation):
        given[row.payment_id] = given.get(row.payment_id, 0) + row.amount
        taken[row.bill_id] = taken.get(row.bill_id, 0) + row.amount
    paid = await market.world.rows(Payment)
    for payment in paid:
        expected = payment.amount if payment.state == "SUCCEEDED" else 0
        assert given.get(payment.id, 0) + payment.prepaid + payment.refunded == expected
    owed = 0
    for row in await market.bills():
        assert row.settled == taken.get(row.id, 0)
        owed += 0 if row.state == "VOIDED" else row.amount + row.adjusted - row.settled
    assert await balance(market, AccountKind.RECEIVABLE) == owed
    assert await balance(market, AccountKind.PREPAID) == sum(payment.prepaid for payment in paid)


# ---- what was paid in advance ------------------------------------------------------------------------------------------


async def test_what_is_left_over_is_put_towards_the_bills_that_the_payer_names(debts: Market) -> None:
    market, world = debts, debts.world
    january, february, march = await in_order(market)
    given: dict[str, Any] = {"unit_id": market.units[0].id, "company_id": market.company.id, "channel": Channel.CASH}
    payment = await world.do(
        market.cashier, payment_record, amount=40_000, reference="S-1", received_on=world.today, **given
    )
    assert payment.prepaid == 4_000
    await world.refused(market.admin, prepaid_apply, ErrorCode.BILL_NOT_PAYABLE, "id", id=payment.id)
    await world.do(market.admin, payment_reverse, id=payment.id, reason="记错")
    await world.refused(market.admin, prepaid_apply, ErrorCode.INSUFFICIENT_BALANCE, "id", id=payment.id)

    # January is paid with more than it needed, and given back by an adjustment of nothing: the rest stays advance money.
    payment = await world.do(
        market.cashier,
        payment_record,
        amount=12_000,
        reference="S-2",
        received_on=world.today,
        bill_ids=[january.id],
        **given,
    )
    await world.do(market.admin, bills.bill_adjust, id=january.id, reduction=7_000, reason="空置减免")
    [payment] = await world.rows(Payment, id=payment.id)
    assert payment.prepaid == 7_000
    for named in ([new_id()], [january.id], [march.id, new_id()]):
        await world.refused(
            market.admin, prepaid_apply, ErrorCode.BILL_NOT_PAYABLE, "billIds", id=payment.id, bill_ids=named
        )
    await world.refused(market.bureau, prepaid_apply, ErrorCode.FORBIDDEN_ROLE, id=payment.id)
    resident = await market.resident()
    await world.refused(resident, prepaid_apply, ErrorCode.FORBIDDEN_ROLE, id=payment.id)
    applied = await world.do(market.cashier, prepaid_apply, id=payment.id, bill_ids=[march.id])
    assert applied.prepaid == 0
    states = {bill.id: (bill.state, bill.settled) for bill in await world.rows(FeeBill)}
    assert states[march.id] == ("PARTIALLY_PAID", 7_000)
    assert states[february.id] == ("ISSUED", 0)
    assert await balance(market, AccountKind.PREPAID) == 0
    [event] = await world.rows(AuditEvent, action="prepaidApply")
    assert (event.subject_id, event.detail) == (payment.id, {"amount": 7_000})


async def in_order(market: Market) -> list[FeeBill]:
    return sorted(await market.bills(), key=lambda bill: bill.period_from)


async def test_brought_in_advance_money_is_taken_back_by_the_bureau_alone(market: Market) -> None:
    world = market.world
    lines = [
        OpeningPrepaid("YS-1", market.units[0].id, market.company.id, 9_000),
        OpeningPrepaid("YS-2", market.units[0].id, market.company.id, 500),
    ]
    attested: dict[str, Any] = {"as_of": date(2025, 12, 31), "attested_by": "演示街道办事处 移交清册"}
    await world.do(market.bureau, prepaid_open, lines=lines, **attested)
    wrong = next(payment for payment in await world.rows(Payment) if payment.reference == "YS-1")
    for who in (market.admin, market.cashier):
        await world.refused(who, payment_reverse, ErrorCode.FORBIDDEN_ROLE, "id", id=wrong.id, reason="x")
    back = await world.do(market.bureau, payment_reverse, id=wrong.id, reason="清册有误")
    assert (back.state, back.prepaid) == ("REVERSED", 0)
    # Only its own entry is mirrored, not the other lines of the same list.
    assert await balance(market, AccountKind.PREPAID) == 500
    assert await balance(market, AccountKind.OPENING) == 500
    await world.refused(market.bureau, payment_reverse, ErrorCode.ALREADY_REVERSED, id=wrong.id, reason="x")
    await market.item()
    cash = await world.do(
        market.cashier,
        payment_record,
        unit_id=market.units[0].id,
        company_id=market.company.id,
        amount=100,
        channel=Channel.CASH,
        reference="S-1",
        received_on=world.today,
    )
    await world.refused(market.bureau, payment_reverse, ErrorCode.FORBIDDEN_ROLE, "id", id=cash.id, reason="x")
