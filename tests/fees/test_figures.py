"""Collection rate and statements."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.collection import Collection, DueBill, Receipt, collection
from domain.errors import ErrorCode
from domain.payments import Channel
from domain.roles import Role
from models.base import new_id
from models.payments import Allocation
from resolvers.bills import bill_adjust, bill_void
from resolvers.fee_figures import collection_rate, unit_statement
from resolvers.payments import fee_bill_pay
from resolvers.receipts import payment_record, payment_reverse
from tests.market import Market, days
from tests.world import NOON, World

YEAR = {"due_from": date(2026, 1, 1), "due_to": date(2026, 12, 31)}


@pytest.mark.rule("FEE-10")
@pytest.mark.requirement("SL-35")
async def test_the_collection_rate_counts_what_came_in_for_the_bills_of_the_period(world: World) -> None:
    market = await Market.open(world, 10_000, 10_000, 10_000, 10_000)
    item = await market.item()
    world.now = NOON - days(120)  # billed in November, due in December: last year's
    await market.run(item, date(2025, 11, 1))
    world.now = NOON
    await market.run(item)  # due on 1 April

    first, second, third, fourth = await market.bills(issued_on=world.today)
    await world.do(market.bank, fee_bill_pay, id=first.id, **market.paying(12_000))
    await world.do(market.bank, fee_bill_pay, id=second.id, **market.paying(3_000))
    await world.do(market.admin, bill_adjust, id=second.id, reduction=2_000, reason="停水")
    await world.do(market.admin, bill_void, id=third.id, reason="重复")
    reversed_one, _ = await world.do(market.bank, fee_bill_pay, id=fourth.id, **market.paying(5_000))
    await world.do(market.bank, payment_reverse, id=reversed_one.id, reason="退票")
    [last_year, *_] = await market.bills(issued_on=world.today - days(120))
    await world.do(market.bank, fee_bill_pay, id=last_year.id, **market.paying(7_000))

    figures = await world.do(market.bureau, collection_rate, **YEAR)
    assert figures.collection == Collection(due=12_000 + 10_000 + 12_000, collected=15_000, recovered=7_000)
    assert figures.collection.basis_points == 4_411  # 15,000 ÷ 34,000
    assert (figures.bills, figures.overdue) == (3, 0)
    assert figures.collection == await _by_the_rule(market)
    world.now += timedelta(days=31)
    assert (await world.do(market.bureau, collection_rate, **YEAR)).overdue == 7_000 + 12_000


async def _by_the_rule(market: Market) -> Collection:
    """Counted naively from all rows (FEE-10)."""
    bills = [
        DueBill(bill.id, bill.due_on, bill.amount + bill.adjusted, bill.state == "VOIDED")
        for bill in await market.bills()
    ]
    receipts = [Receipt(row.bill_id, row.amount, row.occurred_on) for row in await market.world.rows(Allocation)]
    return collection(bills, receipts, YEAR["due_from"], YEAR["due_to"])


@pytest.mark.requirement("SL-35")
async def test_the_rate_is_of_what_the_reader_sees_and_of_nothing_null(market: Market) -> None:
    await market.bill()
    world = market.world
    for actor, due in (
        (market.bureau, 12_000),
        (market.admin, 12_000),
        (await world.township_office(), 12_000),
        (await world.township_office(world.other_township), 0),
        (await world.person(Role.COMPANY_ADMIN, company_id=new_id()), 0),
        (await world.person(Role.PRICE), 0),
    ):
        figures = await world.do(actor, collection_rate, **YEAR)
        assert (figures.collection.due, figures.collection.basis_points) == (due, 0 if due else None)
    for scope, due in (
        ({"company_id": market.company.id}, 12_000),
        ({"area_id": new_id()}, 0),
        ({"community": world.community}, 12_000),
        ({"township": world.other_township}, 0),
    ):
        assert (await world.do(market.bureau, collection_rate, **YEAR, **scope)).collection.due == due
    backwards = {"due_from": date(2026, 2, 1), "due_to": date(2026, 1, 1)}
    await world.refused(market.bureau, collection_rate, ErrorCode.OUT_OF_RANGE, "dueTo", **backwards)


async def test_a_units_statement_is_what_the_books_say(market: Market) -> None:
    world, owner = market.world, await market.resident()
    bill = await market.bill()
    world.now += timedelta(days=1)
    given = market.for_unit(15_000, channel=Channel.CASH, reference="收据 1")
    await world.do(market.cashier, payment_record, **given)
    world.now += timedelta(days=1)
    await world.do(market.admin, bill_adjust, id=bill.id, reduction=2_000, reason="停水")
    asked: dict[str, Any] = {
        "unit_id": market.units[0].id,
        "company_id": market.company.id,
        "first": date(2026, 3, 1),
        "last": date(2026, 3, 31),
    }
    statement = await world.do(owner, unit_statement, **asked)
    assert [(line.kind, line.owed, line.balance) for line in statement.lines] == [
        ("BILLS_ISSUED", 12_000, 12_000),
        ("PAYMENT", -15_000, -3_000),
        ("BILL_ADJUSTED", -2_000, -5_000),
    ]
    assert (statement.opening, statement.closing) == (0, -5_000)
    later = await world.do(owner, unit_statement, **{**asked, "first": date(2026, 3, 3)})
    assert (later.opening, len(later.lines), later.closing) == (12_000, 2, -5_000)
    stranger = await market.resident(await market.unit(100))
    await world.refused(stranger, unit_statement, ErrorCode.NOT_FOUND, "unitId", **asked)
