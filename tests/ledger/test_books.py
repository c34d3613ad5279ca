"""Verification of the books: silent on whole ones, and every check finds the fault that it is there for."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.database import with_driver
from domain.ledger import AccountKind, TransactionKind, credit, debit
from models.base import new_id
from resolvers import ledger
from resolvers.bills import bill_adjust, bill_void
from resolvers.books import CHECKS, Finding, verify
from resolvers.payments import fee_bill_pay
from resolvers.receipts import payment_record, payment_reverse
from resolvers.unit_of_work import UnitOfWork
from tests.database import Database
from tests.market import Market
from tests.world import World


async def findings(world: World) -> list[Finding]:
    async with world.sessions() as session:
        return [finding async for finding in verify(session, [world.county])]


@pytest.fixture
async def books(world: World) -> Market:
    """Bills paid, paid in advance, reduced, taken back and reversed; fund money earmarked."""
    market = await Market.open(world)
    bill = await market.bill()
    await world.do(market.bank, fee_bill_pay, id=bill.id, **market.paying(2_000))
    payment = await world.do(market.bank, payment_record, **market.for_unit(15_000))
    await world.do(market.bank, payment_reverse, id=payment.id, reason="退票")
    await world.do(market.admin, bill_adjust, id=bill.id, reduction=1_000, reason="停水")
    await world.do(market.bank, payment_record, **market.for_unit(15_000))
    other = await market.bill(price=10)
    await world.do(market.admin, bill_void, id=other.id, reason="重复")

    async def earmark(uow: UnitOfWork) -> None:
        both = [
            await ledger.account(uow, kind, area_id=market.area.id)
            for kind in (AccountKind.EARMARK_CONTRA, AccountKind.EARMARK)
        ]
        await ledger.post(uow, TransactionKind.EARMARKED, [debit(both[0], 500), credit(both[1], 500)], reason="test")

    await world.do(market.bureau, earmark)
    return market


async def test_whole_books_give_no_findings(books: Market) -> None:
    assert await findings(books.world) == []


@pytest.fixture
async def vandal(database: Database) -> AsyncIterator[Any]:
    """A superuser who changes what the application cannot."""
    engine = create_async_engine(with_driver(database.superuser_url))

    async def damage(statements: Sequence[str], values: dict[str, Any]) -> None:
        async with async_sessionmaker(engine).begin() as session:
            await session.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers, no foreign keys
            for statement in statements:
                await session.execute(text(statement), values)

    yield damage
    await engine.dispose()


DAMAGE: dict[str, list[str]] = {
    "transaction_balances": [
        "UPDATE posting SET amount = amount + 1 WHERE county = :county AND amount = 500",
    ],
    "transaction_has_lines": [
        "INSERT INTO ledger_transaction (county, id, kind, occurred_on, reason)"
        " VALUES (:county, :id, 'TRANSFER', :today, 'x')",
    ],
    "lines_bear_their_transactions_day": [
        "UPDATE posting SET occurred_on = :yesterday WHERE county = :county AND amount = 500",
    ],
    "account_not_below_zero": [
        "UPDATE posting SET amount = -amount WHERE county = :county AND abs(amount) = 500",
    ],
    "reversal_mirrors_its_original": [
        "UPDATE posting SET amount = amount + sign(amount) WHERE county = :county AND transaction_id ="
        " (SELECT id FROM ledger_transaction WHERE county = :county AND reverses_id IS NOT NULL)",
    ],
    "bill_settled_by_its_allocations": [
        "UPDATE allocation SET amount = amount + 1 WHERE county = :county AND amount = 2000",
    ],
    "bill_adjusted_by_its_adjustments": [
        "UPDATE bill_adjustment SET amount = amount - 1 WHERE county = :county",
    ],
    "payment_is_where_it_went": [
        "UPDATE payment SET amount = amount + 1 WHERE county = :county AND amount = 2000",
    ],
    "receivables_are_what_bills_owe": [
        "UPDATE fee_bill SET amount = amount + 1, state = 'DISPUTED' WHERE county = :county AND state = 'PAID'",
    ],
    "advance_money_is_what_payments_left": [
        "UPDATE payment SET prepaid = prepaid - 1 WHERE county = :county AND prepaid > 0",
    ],
    "earmarks_have_their_counterpart": [
        "UPDATE posting SET amount = 501 WHERE county = :county AND amount = 500",
    ],
}


def test_every_check_is_shown() -> None:
    assert DAMAGE.keys() == CHECKS.keys()


@pytest.mark.parametrize("check", sorted(DAMAGE))
async def test_each_check_finds_its_fault(books: Market, vandal: Any, check: str) -> None:
    world = books.world
    values = {"county": world.county, "id": new_id(), "today": world.today}
    values["yesterday"] = world.today - timedelta(days=1)
    await vandal(DAMAGE[check], {name: value for name, value in values.items() if f":{name}" in DAMAGE[check][0]})
    found = await findings(world)
    assert check in {finding.check for finding in found}
    assert all(finding.county == world.county and finding.expected != finding.found for finding in found)
