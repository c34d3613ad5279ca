"""Paying one bill: everything in one statement, never above what is owed, whoever is first."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from app.lines import read_lines
from auth.actor import Actor
from domain.errors import ErrorCode, Refusal
from domain.payments import Channel
from domain.roles import Role
from models.base import new_id
from models.cases import AuditEvent, Operation
from models.fees import FeeBill
from models.ledger import LedgerTransaction, Posting
from models.payments import Allocation, Payment
from resolvers import payments
from resolvers.at_once import do
from resolvers.idempotency import Outcome
from resolvers.payments import fee_bill_pay, pay_at_once
from resolvers.unit_of_work import UnitOfWork, transact
from tests.database import Database
from tests.market import Market, days


async def test_a_bank_records_a_payment_and_the_bill_follows(market: Market) -> None:
    bill = await market.bill()
    given = market.paying(5_000, payer_name="王小明")
    payment, shown = await market.world.do(market.bank, fee_bill_pay, id=bill.id, **given)

    assert (shown.state, shown.settled, shown.paid_on) == ("PARTIALLY_PAID", 5_000, None)
    assert (payment.amount, payment.prepaid, payment.state) == (5_000, 0, "SUCCEEDED")
    assert (payment.unit_id, payment.company_id) == (bill.unit_id, bill.company_id)
    assert (payment.issuer, payment.recorded_by_client, payment.recorded_by) == (
        market.bank.client_id,
        market.bank.client_id,
        None,
    )
    [allocation] = await market.world.rows(Allocation)
    assert (allocation.payment_id, allocation.bill_id, allocation.amount) == (payment.id, bill.id, 5_000)
    [entry] = await market.world.rows(LedgerTransaction, kind="PAYMENT")
    assert (entry.id, entry.reference, entry.occurred_on) == (
        payment.transaction_id,
        given["reference"],
        market.world.today,
    )
    [event] = await market.world.rows(AuditEvent, action="feeBillPay")
    assert (event.subject_id, event.role, event.from_state, event.to_state) == (
        bill.id,
        "BANK",
        "ISSUED",
        "PARTIALLY_PAID",
    )

    _, shown = await market.world.do(market.bank, fee_bill_pay, id=bill.id, **market.paying(7_000))
    assert (shown.state, shown.settled, shown.paid_on) == ("PAID", 12_000, market.world.today)


async def test_cash_is_recorded_by_the_company_that_took_it(market: Market) -> None:
    bill = await market.bill()
    given = market.paying(12_000, channel=Channel.CASH, reference="收据 0001")
    payment, _ = await market.world.do(market.cashier, fee_bill_pay, id=bill.id, **given)
    assert (payment.issuer, payment.recorded_by) == (str(market.company.id), market.cashier.account_id)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"amount": 12_001}, ErrorCode.OVERPAYMENT, "amount"),
        ({"amount": 0}, ErrorCode.OUT_OF_RANGE, "amount"),
        ({"amount": -1}, ErrorCode.OUT_OF_RANGE, "amount"),
        ({"channel": Channel.CASH}, ErrorCode.INVALID_INPUT, "channel"),
        ({"channel": Channel.OPENING}, ErrorCode.INVALID_INPUT, "channel"),
        ({"reference": "  "}, ErrorCode.REQUIRED, "reference"),
    ],
)
async def test_what_a_payment_is_refused_for(market: Market, changes: Any, code: ErrorCode, field: str) -> None:
    bill = await market.bill()
    given = {**market.paying(12_000), **changes}
    await market.world.refused(market.bank, fee_bill_pay, code, field, id=bill.id, **given)


async def test_money_of_tomorrow_is_not_here_yet(market: Market) -> None:
    bill = await market.bill()
    given = market.paying(12_000, received_on=market.world.today + days(1))
    await market.world.refused(market.bank, fee_bill_pay, ErrorCode.OUT_OF_RANGE, "receivedOn", id=bill.id, **given)


async def test_a_paid_bill_takes_no_more(market: Market) -> None:
    bill = await market.bill()
    await market.world.do(market.bank, fee_bill_pay, id=bill.id, **market.paying(12_000))
    await market.world.refused(
        market.bank, fee_bill_pay, ErrorCode.BILL_NOT_PAYABLE, "id", id=bill.id, **market.paying(1)
    )


async def test_a_reference_stands_for_one_payment(market: Market) -> None:
    bill = await market.bill()
    given = market.paying(1_000)
    await market.world.do(market.bank, fee_bill_pay, id=bill.id, **given)
    await market.world.refused(
        market.bank, fee_bill_pay, ErrorCode.ALREADY_REGISTERED, "reference", id=bill.id, **given
    )
    # The reference is the bank's: another bank may have the same.
    other = await market.world.person(Role.BANK, scopes=("fees:collect",))
    await market.world.do(other, fee_bill_pay, id=bill.id, **given)
    assert [bill.settled for bill in await market.bills()] == [2_000]


async def test_who_may_not_record_payments(market: Market) -> None:
    bill = await market.bill()
    given = market.paying(12_000)
    owner = await market.resident()
    await market.world.refused(owner, fee_bill_pay, ErrorCode.FORBIDDEN_ROLE, id=bill.id, **given)
    strangers: list[Actor] = [
        await market.world.person(Role.BANK),  # no agreement to collect
        await market.world.person(Role.COMPANY_ADMIN, company_id=new_id()),
        await market.world.person(Role.OWNER, unit_id=new_id()),
    ]
    for stranger in strangers:
        await market.world.refused(stranger, fee_bill_pay, ErrorCode.NOT_FOUND, "id", id=bill.id, **given)


async def _pay(market: Market, bill: FeeBill, amount: int) -> Any:
    return await market.world.do(market.bank, fee_bill_pay, id=bill.id, **market.paying(amount))


async def test_two_who_pay_a_bill_in_full_at_once(market: Market) -> None:
    bill = await market.bill()
    results = await asyncio.gather(*(_pay(market, bill, 12_000) for _ in range(4)), return_exceptions=True)

    refused = [result.code for result in results if isinstance(result, Refusal)]
    assert refused == [ErrorCode.BILL_NOT_PAYABLE] * 3
    [after] = await market.bills()
    assert (after.state, after.settled) == ("PAID", 12_000)
    assert len(await market.world.rows(Payment)) == 1


async def test_two_who_pay_parts_at_once_both_count_and_never_above_the_amount(market: Market) -> None:
    bill = await market.bill()
    results = await asyncio.gather(*(_pay(market, bill, 5_000) for _ in range(4)), return_exceptions=True)

    refused = [result.code for result in results if isinstance(result, Refusal)]
    assert refused == [ErrorCode.OVERPAYMENT] * 2
    [after] = await market.bills()
    assert (after.state, after.settled) == ("PARTIALLY_PAID", 10_000)
    assert [row.amount for row in await market.world.rows(Allocation)] == [5_000, 5_000]


# ---- the short way -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Any]:
    """A line, as compiled reads use them."""
    async with read_lines(database.url) as lines:
        line = await lines.take()
        yield line
        lines.give(line)


class OneLine:
    """Lines of which there is one, or none because the server cannot be reached."""

    def __init__(self, line: Any) -> None:
        self.line = line

    async def take(self) -> Any:
        if self.line is None:
            raise NEVER_MADE
        return self.line

    def give(self, line: Any) -> None:
        assert line is self.line


def idle(line: Any) -> bool:
    return bool(line.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE)


async def at_once(market: Market, connection: Any, bill: FeeBill, amount: int, **options: Any) -> Outcome | None:
    """Pay as the engine does; ``None`` where the ordinary way has to be taken. ``reads`` go along with it."""
    given = {"id": bill.id, **market.paying(amount), **options.pop("changes", {})}
    reads, read = options.pop("reads", []), options.pop("read", [])
    made = pay_at_once(
        options.pop("actor", market.bank),
        market.world.county,
        given,
        **{
            "key": new_id().hex,
            "name": "feeBillPay",
            "inputs": {"bill": str(bill.id), "amount": amount},
            "now": market.world.now,
            **options,
        },
    )
    if made is None:
        return None
    rows = await do(OneLine(connection), made, market.world.county, reads)
    read += rows or []
    return None if rows is None else made.outcome


async def test_the_short_way_writes_the_same_rows_and_reads_the_answer(market: Market, connection: Any) -> None:
    bill = await market.bill()
    county = market.world.county

    read: list[Any] = []
    row = "SELECT state, settled = amount FROM fee_bill WHERE county = $1 AND id = $2"
    reads = [(row, [county.encode(), str(bill.id).encode()])]
    paid = await at_once(market, connection, bill, 12_000, key="K-1", reads=reads, read=read)

    assert read == [(b"PAID", b"\x01")]
    [payment] = await market.world.rows(Payment)
    assert paid is not None
    assert (payment.id, payment.amount) == (paid.id, 12_000)
    assert len(await market.world.rows(Allocation)) == 1
    assert len(await market.world.rows(AuditEvent, action="feeBillPay")) == 1
    [operation] = await market.world.rows(Operation, key="K-1")
    assert (operation.outcome_type, operation.outcome_id) == ("Payment", payment.id)
    assert operation.others == [{"type": "FeeBill", "id": str(bill.id), "version": None}]
    assert idle(connection)


async def postings(market: Market, transaction_id: uuid.UUID) -> list[Posting]:
    async def look(uow: UnitOfWork) -> list[Posting]:
        of_it = select(Posting).where(Posting.county == uow.county, Posting.transaction_id == transaction_id)
        return list(await uow.session.scalars(of_it.order_by(Posting.line)))

    return await market.world.do(market.bureau, look)  # type: ignore[no-any-return]


async def test_both_ways_leave_the_same_and_tell_nobody(market: Market, connection: Any, database: Database) -> None:
    """Row by row, but for ids and instants: and no subscriber hears of it, since no subscription is about bills."""
    with psycopg.connect(database.url, autocommit=True) as listener:
        listener.execute("LISTEN anju")
        of_each = []
        for way in ("short", "ordinary"):
            bill = await market.bill()
            if way == "short":
                paid = await at_once(market, connection, bill, 5_000, changes={"reference": "R"})
                assert paid is not None
                paid_id = paid.id
            else:
                given = {**market.paying(5_000), "reference": "R-2"}
                payment, _ = await market.world.do(market.bank, fee_bill_pay, id=bill.id, **given)
                paid_id = payment.id
            of_each.append(
                {
                    Payment: await market.world.rows(Payment, id=paid_id),
                    Allocation: await market.world.rows(Allocation, payment_id=paid_id),
                    LedgerTransaction: await market.world.rows(LedgerTransaction, id=paid_id),
                    Posting: await postings(market, paid_id),
                    AuditEvent: await market.world.rows(AuditEvent, subject_id=bill.id, action="feeBillPay"),
                    FeeBill: await market.world.rows(FeeBill, id=bill.id),
                }
            )
        heard = [notice.payload for notice in listener.notifies(timeout=0.5)]
    assert [notice for notice in heard if "FeeBill" in notice or "Payment" in notice] == []
    own = re.compile(r"(id|reference|number|created_at|updated_at|at|request_id|_sa_instance_state)$")

    def shape(row: Any) -> dict[str, Any]:
        return {name: value for name, value in vars(row).items() if not own.search(name)}

    short, ordinary = ({model: list(map(shape, rows)) for model, rows in one.items()} for one in of_each)
    assert all(short.values())
    assert short == ordinary


async def test_an_answer_that_fails_undoes_the_payment(market: Market, connection: Any) -> None:
    bill = await market.bill()
    before = await market.world.fingerprint()
    with pytest.raises(psycopg.errors.DivisionByZero):
        await at_once(market, connection, bill, 12_000, reads=[("SELECT 1 / 0", [])])
    assert await market.world.fingerprint() == before
    assert idle(connection)


async def test_what_is_not_ordinary_writes_nothing_and_is_left_to_the_command(market: Market, connection: Any) -> None:
    bill = await market.bill()
    first = market.paying(1_000)
    assert await at_once(market, connection, bill, 1_000, changes=first, key="K-1") is not None
    before = await market.world.fingerprint()
    both = await market.world.person(Role.COMPANY_ADMIN, company_id=market.company.id)
    several = Actor(
        both.account_id, None, None, "", "zh-CN", market.world.today, (*both.grants, *market.cashier.grants)
    )
    stranger = await market.world.person(Role.BANK)
    cases: list[dict[str, Any]] = [
        {"amount": 12_000},  # more than is left
        {"amount": 0},
        {"amount": 1_000, "key": "K-1"},  # a key that was used
        {"amount": 1_000, "changes": {"reference": first["reference"]}},  # a reference that was used
        {"amount": 1_000, "actor": several, "changes": {"channel": Channel.CASH}},
        {"amount": 1_000, "actor": stranger},
    ]
    for case in cases:
        assert await at_once(market, connection, bill, **case) is None, case
        assert await market.world.fingerprint() == before, case
        assert idle(connection)


async def test_a_key_of_the_short_way_replays_in_the_ordinary_way(market: Market, connection: Any) -> None:
    bill = await market.bill()
    inputs = {"bill": str(bill.id), "amount": 1_000}
    paid = await at_once(market, connection, bill, 1_000, key="K-1", inputs=inputs)
    assert paid is not None

    async def again(_uow: Any) -> Any:
        raise AssertionError("a replay runs no command")

    outcome = await transact(
        market.world.sessions,
        market.bank,
        market.world.county,
        again,
        name="feeBillPay",
        inputs=inputs,
        idempotency_key="K-1",
        now=market.world.now,
    )
    assert (outcome.replayed, outcome.type, outcome.id) == (True, "Payment", paid.id)
    with pytest.raises(Refusal) as refused:
        await transact(
            market.world.sessions,
            market.bank,
            market.world.county,
            again,
            name="feeBillPay",
            inputs={"bill": str(bill.id), "amount": 2_000},
            idempotency_key="K-1",
            now=market.world.now,
        )
    assert refused.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED


class Unlucky:
    """A line whose server goes away right after, or right before, it did what it was asked."""

    def __init__(self, line: Any, error: Exception, *, after: bool) -> None:
        self.line, self.error, self.after = line, error, after

    async def together(self, statements: Any) -> Any:
        if self.after:
            await self.line.together(statements)
        raise self.error


LOST = psycopg.OperationalError("the server closed the connection")
NEVER_MADE = psycopg.OperationalError("connection refused")


@pytest.mark.parametrize(
    ("error", "after", "payments_made"),
    [
        (psycopg.errors.DeadlockDetected("deadlock detected"), False, 0),
        (LOST, False, 0),
        (LOST, True, 1),
        (NEVER_MADE, False, 0),
    ],
)
async def test_a_lost_connection_leaves_it_to_the_key(
    market: Market, connection: Any, error: Exception, after: bool, payments_made: int
) -> None:
    bill = await market.bill()
    given = market.paying(1_000)
    inputs = {"bill": str(bill.id)}
    unlucky = None if error is NEVER_MADE else Unlucky(connection, error, after=after)
    assert await at_once(market, unlucky, bill, 1_000, key="K-1", inputs=inputs, changes=given) is None
    assert len(await market.world.rows(Payment)) == payments_made

    async def pay(uow: Any) -> Any:
        return await fee_bill_pay(uow, id=bill.id, **given)

    outcome = await transact(
        market.world.sessions,
        market.bank,
        market.world.county,
        pay,
        name="feeBillPay",
        inputs=inputs,
        idempotency_key="K-1",
        now=market.world.now,
    )
    assert (outcome.type, outcome.replayed) == ("Payment", bool(payments_made))
    assert [row.settled for row in await market.bills()] == [1_000]


def test_who_may_see_the_bill_is_part_of_the_statement() -> None:
    bank = payments._pay_statement(Role.BANK, True)
    assert "= ANY" in bank.sql.split("FOR NO KEY UPDATE")[0]
    assert "BANK__scopes" in bank.names
    assert "COMPANY_ADMIN__companies" in payments._pay_statement(Role.COMPANY_ADMIN, False).names
