"""Statements against the books: every way in which they differ, the balances to the fen, comparing twice, late arrivals."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.custody import MovementKind
from models.differences import BankDifference
from models.statements import BankStatement, StatementMatch
from resolvers import custody, ledger
from resolvers.reconciliation import reconcile_what_is_open
from resolvers.unit_of_work import set_fuse
from tests.custody.counter import Counter
from tests.stage import Stage

pytestmark = pytest.mark.rule("FUND-4", "FUND-11")


def figures(statement: BankStatement) -> tuple[Any, ...]:
    return (
        statement.closing_balance,
        statement.book_balance,
        statement.at_bank_only,
        statement.in_books_only,
        statement.altered,
        statement.unexplained,
    )


def seen(row: BankDifference) -> tuple[Any, ...]:
    return row.kind, row.serial, row.bank_amount, row.book_amount, row.state


async def test_every_difference_is_classified_and_the_balances_meet_to_the_fen(stage: Stage) -> None:
    counter = await Counter.open(stage)
    for serial, fen, ago, code in (
        ("S1", 10_000, 9, None),
        ("S2", 700, 8, "JK-2"),
        ("S3", 55, 8, None),
        ("S4", 900, 7, None),
        ("S5", 33, 7, None),
        ("S6", 1, 6, None),
        ("S8", 44, 5, "JK-8"),
    ):
        await counter.booked(serial, fen, ago, code)
    twice = await counter.booked("S8b", 44, 5, "JK-8")
    taken_back = await counter.booked("S9", 66, 4)

    async def reverse(uow: Any) -> None:
        await ledger.reverse(uow, taken_back.transaction_id, "误记")

    await stage.do(counter.bureau, reverse)
    await counter.stated(
        "2026-03",
        (10, 0),
        0,
        ("S1", 10_000, 9),
        ("OTHER", 700, 8, "JK-2"),  # found by amount, day and code
        ("ANY", 55, 8),  # found by amount and day alone
        ("S4", 905, 7),  # another amount
        ("S5", 33, 6),  # another value date
        ("S1", 10_000, 9),  # booked twice by the bank
        ("S7", -20, 3),  # nothing in the books
        ("S8", 44, 5),
        ("S9", 66, 4),  # the books took it back
    )
    statement = await counter.compared()
    found = sorted(await counter.differences(), key=lambda row: (row.kind, row.serial))
    assert [seen(row) for row in found] == [
        ("ALTERED_AMOUNT", "S4", 905, 900, "OPEN"),
        ("DUPLICATE", "S1", 10_000, 0, "OPEN"),
        ("DUPLICATE", "S8b", 0, 44, "OPEN"),
        ("LATE", "S5", 33, 33, "OPEN"),
        ("MISSING_AT_BANK", "S6", 0, 1, "OPEN"),
        ("MISSING_IN_BOOKS", "S7", -20, 0, "OPEN"),
        ("REVERSED", "S9", 66, 0, "OPEN"),
    ]
    assert found[2].movement_id == twice.id
    # Books 10,000 + 700 + 55 + 900 + 33 + 1 + 44 + 44; only at the bank 10,000 - 20 + 66; only in the books 1 + 44; altered 5.
    assert figures(statement) == (21_783, 11_777, 10_046, -45, 5, 0)
    assert (statement.state, statement.continuity) == ("RECONCILED", "FIRST")
    assert sorted(each.basis for each in await matches(stage)) == [
        "AMOUNT",
        "CODE",
        "DUPLICATE",
        "SERIAL",
        "SERIAL",
        "SERIAL",
        "SERIAL",
        "SERIAL",
    ]

    before = await state_of(counter)
    assert figures(await counter.compared()) == (21_783, 11_777, 10_046, -45, 5, 0)
    assert await state_of(counter) == before


async def matches(stage: Stage) -> list[Any]:
    async with stage.sessions.begin() as session:
        await set_fuse(session, {stage.county})
        return list(await session.scalars(select(StatementMatch).where(StatementMatch.county == stage.county)))


async def state_of(counter: Counter) -> Any:
    """All that a comparison could have changed."""
    rows = [*await counter.statements(), *await counter.differences()]
    return [(row.id, row.version, row.updated_at) for row in rows], len(await matches(counter.stage))


async def test_what_is_late_settles_by_itself_with_a_later_statement(stage: Stage) -> None:
    counter = await Counter.open(stage)
    await counter.booked("S1", 100, 9)
    await counter.booked("S2", 30, 6)  # the bank has it in its next statement
    await counter.stated("1", (10, 6), 0, ("S1", 100, 9), ("S3", 7, 7))  # the books hear of S3 later
    statement = await counter.compared()
    assert figures(statement) == (107, 130, 7, -30, 0, 0)
    assert {seen(row)[:2] for row in await counter.differences()} == {
        ("MISSING_AT_BANK", "S2"),
        ("MISSING_IN_BOOKS", "S3"),
    }

    await counter.booked("S3", 7, 7)
    await counter.stated("2", (5, 0), 107, ("S2", 30, 4))
    statement = await counter.compared()
    assert figures(statement) == (137, 137, 0, 0, 0, 0)
    assert statement.continuity == "CONTINUOUS"
    rows = await counter.differences()
    assert {(row.kind, row.found_as, row.state, row.resolution) for row in rows} == {
        ("LATE", "MISSING_AT_BANK", "SETTLED", "ARRIVED"),
        ("LATE", "MISSING_IN_BOOKS", "SETTLED", "ARRIVED"),
    }
    assert len(rows) == 2


async def test_reversals_meet_their_originals_on_both_sides(stage: Stage) -> None:
    """A pair of entries at the bank is nothing; one side's reversal is a difference until the other follows."""
    counter = await Counter.open(stage)
    one = await counter.booked("S1", 100, 9)
    await counter.booked("S2", 40, 8, "JK-2")
    await counter.stated(
        "1",
        (10, 5),
        0,
        ("S1", 100, 9),
        ("S1", -100, 8),  # taken back under its own serial
        ("S2", 40, 8),
        ("S8", 5, 7),
        ("S8", -5, 7),  # the bank's own mistake, mended by itself
        ("S9", 12, 6, "JK-9"),
        ("S9R", -12, 6, "JK-9", True),  # taken back under another serial, with its code
    )
    statement = await counter.compared()
    (found,) = await counter.differences()
    assert seen(found) == ("REVERSED", "S1", 0, 100, "OPEN")
    assert figures(statement) == (40, 140, 0, -100, 0, 0)

    async def reverse(uow: Any) -> None:
        await ledger.reverse(uow, one.transaction_id, "银行冲正")

    await stage.do(counter.bureau, reverse)
    await stage.do(counter.bureau, ask_for_what_is_open)
    statement = await counter.compared()
    (found,) = await counter.differences()
    assert (found.state, found.resolution) == ("SETTLED", "REVERSED")
    await counter.stated("2", (4, 0), 40)
    assert figures(await counter.compared()) == (40, 40, 0, 0, 0, 0)


async def test_a_payment_that_comes_back_is_two_movements_and_two_lines(stage: Stage) -> None:
    """What the bank itself reports as returned (退汇) is no reversal of one side."""
    counter = await Counter.open(stage)
    await counter.booked("S1", 100, 9)
    paid = await counter.booked("S2", -40, 8, "ZF-1")

    async def returned(uow: Any) -> None:
        taken_back = await ledger.reverse(uow, paid.transaction_id, "退汇：账号有误")
        given = {"serial": "S3", "value_date": uow.today, "amount": 40, "transaction_id": taken_back, "code": "ZF-1"}
        await custody.moved(uow, counter.account.id, kind=MovementKind.RETURNED, **given)

    await stage.do(counter.bank, returned)
    await counter.stated("1", (10, 0), 0, ("S1", 100, 9), ("S2", -40, 8, "ZF-1"), ("S3", 40, 0, "ZF-1"))
    assert figures(await counter.compared()) == (100, 100, 0, 0, 0, 0)
    assert await counter.differences() == []


async def ask_for_what_is_open(uow: Any) -> None:
    await reconcile_what_is_open(uow)


async def test_gaps_overlaps_and_balances_that_nothing_explains(stage: Stage) -> None:
    counter = await Counter.open(stage)
    await counter.booked("S1", 100, 9)
    await counter.stated("1", (10, 8), 25, ("S1", 100, 9))  # the bank began with 25 that the books never had
    assert figures(await counter.compared()) == (125, 100, 0, 0, 0, 25)
    (balance,) = await counter.differences()
    assert (balance.kind, balance.amount, balance.bank_amount, balance.book_amount) == ("BALANCE", 25, 125, 100)

    await counter.booked("S4", 4, 1)
    await counter.stated("4", (2, 0), 125, ("S4", 4, 1))  # statements 2 and 3 are missing
    assert (await counter.compared()).continuity == "GAP"
    assert len(await counter.differences()) == 1  # what was unexplained before is not noted again
    await counter.booked("S2", 50, 5)
    await counter.booked("S3", -50, 4)
    await counter.stated("2", (9, 5), 25, ("S1", 100, 9), ("S2", 50, 5))
    await counter.stated("3", (4, 3), 175, ("S3", -50, 4))
    await counter.compared()
    assert [row.continuity for row in await counter.statements()] == ["FIRST", "OVERLAP", "CONTINUOUS", "CONTINUOUS"]
    assert [row.kind for row in await counter.differences()] == ["BALANCE"]


async def test_a_difference_stops_no_writing(stage: Stage) -> None:
    counter = await Counter.open(stage)
    await counter.stated("1", (10, 5), 0, ("S9", 12, 6))
    await counter.compared()
    assert [row.state for row in await counter.differences()] == ["OPEN"]
    await counter.booked("S1", 100, 1)
    await counter.stated("2", (4, 0), 12, ("S1", 100, 1))
    assert figures(await counter.compared()) == (112, 100, 12, 0, 0, 0)
