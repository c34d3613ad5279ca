"""Bill runs: the right amounts for the right payers, once, portion by portion (FEE-2, FEE-3, G-5)."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from domain.bills import MONTHLY, ChargeBasis, ChargeCategory
from domain.errors import ErrorCode
from domain.estates import BuildingKind, OccupancyKind
from domain.fees import bill_amount, vacancy_discount
from domain.ledger import AccountKind
from domain.profiles.parameters import BuildingType
from models.base import new_id
from models.estates import Building, Occupancy, Unit
from models.fees import BillRun, ChargeItem
from models.ledger import LedgerAccount, LedgerTransaction
from resolvers import bill_runs, ledger, receipts
from resolvers.bill_runs import bill_run_start, period_end
from resolvers.bill_runs_sql import AMOUNT, DISCOUNT, MONTHS
from resolvers.unit_of_work import UnitOfWork, set_fuse
from tests.market import MARCH, Market, days
from tests.world import World

QUARTER = date(2026, 1, 1)


@pytest.mark.rule("G-5", "FEE-2")
async def test_golden_example_five(world: World) -> None:
    market = await Market.open(world, 9_537)
    quarterly = await market.item(period_months=3)
    run = await market.run(quarterly, QUARTER)
    assert (run.period_to, run.issued, run.amount) == (date(2026, 3, 31), 1, 34_333)

    monthly = await market.item(code="WY-M")
    for month in (1, 2, 3):
        await market.run(monthly, date(2026, month, 1))
    assert [bill.amount for bill in await market.bills(charge_item_id=monthly.id)] == [11_444] * 3


def test_a_period_ends_on_the_eve_of_the_same_day_of_a_later_month() -> None:
    assert period_end(date(2026, 1, 1), 12) == date(2026, 12, 31)
    assert period_end(date(2026, 1, 15), 1) == date(2026, 2, 14)
    assert period_end(date(2026, 1, 31), 1) == date(2026, 2, 27)


@pytest.mark.rule("G-5", "FEE-2")
async def test_a_half_fen_is_rounded_up(world: World) -> None:
    market = await Market.open(world, 8_875)
    bill = await market.bill(price=110)
    assert (bill.amount, bill.area, bill.unit_price) == (9_763, 8_875, 110)
    assert bill_amount(ChargeBasis.AREA, 8_875, 110, MARCH, date(2026, 3, 31)) == 9_763


DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@pytest.mark.rule("FEE-2")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.tuples(st.integers(0, 5_000_000), DAYS, st.integers(0, 400)), min_size=1, max_size=40),
    basis=st.sampled_from(ChargeBasis),
    price=st.integers(1, 1_000_000),
    percent=st.integers(1, 99),
)
async def test_the_statement_rounds_as_the_rule_does(
    world: World, lines: list[tuple[int, date, int]], basis: ChargeBasis, price: int, percent: int
) -> None:
    periods = [(area, first, first + timedelta(days=length)) for area, first, length in lines]
    statement = text(f"""
        SELECT {AMOUNT}, {DISCOUNT} FROM unnest(CAST(:areas AS bigint[]), CAST(:firsts AS date[]), CAST(:lasts AS date[]))
          WITH ORDINALITY AS given (area, first, last, n), LATERAL ({MONTHS}) months ORDER BY n
    """)
    values: dict[str, Any] = {"basis": basis.value, "unit_price": price, "vacancy_percent": percent}
    values["areas"], values["firsts"], values["lasts"] = (list(column) for column in zip(*periods, strict=True))
    async with world.sessions() as session:
        counted = (await session.execute(statement, values)).all()
    assert [row[0] for row in counted] == [bill_amount(basis, *_line(period, price)) for period in periods]
    if basis in MONTHLY:
        less = [vacancy_discount(basis, *_line(period, price), percent=percent) for period in periods]
        assert [row[1] for row in counted] == less


def _line(period: tuple[int, date, date], price: int) -> tuple[int, int, date, date]:
    area, first, last = period
    return area, price, first, last


async def test_a_run_bills_every_unit_it_applies_to_and_says_how_far_it_is(market: Market) -> None:
    await market.unit(8_000)
    shop = await market.unit(5_000, use="SHOP")
    await market.unit(None)  # nobody knows its area yet: nothing to charge
    await market.unit(1_200, use="PARKING")
    item = await market.item(unit_use="DWELLING")
    run = await market.run(item)

    assert (run.state, run.planned, run.done, run.issued, run.skipped) == ("DONE", 3, 3, 2, 1)
    assert run.amount == 12_000 + 9_600
    bills = await market.bills()
    assert [bill.unit_id for bill in bills] == [unit.id for unit in market.units[:2]]
    # Drawn, not counted: two numbers do not tell how many bills of others lie between.
    assert all(re.fullmatch(rf"{run.number}-[A-Z2-7]{{8}}", bill.number) for bill in bills)
    assert len({bill.number for bill in bills}) == 2
    assert {(bill.state, bill.issued_on, bill.due_on) for bill in bills} == {
        ("ISSUED", market.world.today, market.world.today + days(30))
    }
    everything = await market.run(await market.item())
    assert everything.issued == 3
    assert [bill.unit_id for bill in await market.bills(bill_run_id=everything.id)][-1] == shop.id


@pytest.mark.rule("FEE-5")
async def test_a_price_of_one_type_of_building_is_charged_in_no_other(market: Market) -> None:
    """An area of walk-ups and towers has a price for each; shops keep to what names no type."""
    tower = Building(
        id=new_id(),
        county=market.world.county,
        estate_id=market.estate.id,
        area_id=market.area.id,
        number="2",
        name="2幢",
        sort_key="0002",
        kind=BuildingKind.HIGH_RISE.value,
    )
    await market.world.write([tower])
    walk_up, home = market.units[0], await market.unit(8_000)
    async with market.world.sessions.begin() as session:
        await set_fuse(session, {market.world.county})
        (await session.get_one(Unit, (market.world.county, home.id))).building_id = tower.id
    for building_type, unit, price in (
        (BuildingType.MULTI_STOREY, walk_up, 70),
        (BuildingType.HIGH_RISE, home, 140),
    ):
        item = await market.item(price, building_type=building_type)
        run = await market.run(item)
        assert (run.planned, run.issued) == (1, 1)
        assert [bill.unit_id for bill in await market.bills(charge_item_id=item.id)] == [unit.id]
    assert (await market.run(await market.item(code="WY-ALL"))).issued == 2


async def test_spaces_and_units_are_charged_a_price_each(market: Market) -> None:
    space = await market.unit(1_200, use="PARKING")
    parking = await market.item(
        8_000, category=ChargeCategory.PARKING, basis=ChargeBasis.SPACE, unit_use=None, name="停车费"
    )
    await market.run(parking)
    [bill] = await market.bills(charge_item_id=parking.id)
    assert (bill.unit_id, bill.amount, bill.area, bill.title) == (space.id, 8_000, 0, "停车费")

    waste = await market.item(30_000, category=ChargeCategory.WASTE, basis=ChargeBasis.ONCE)
    await market.run(waste)
    [bill] = await market.bills(charge_item_id=waste.id)
    assert (bill.unit_id, bill.amount) == (market.units[0].id, 30_000)


@pytest.mark.rule("FEE-3")
async def test_the_developer_bears_what_comes_before_delivery(world: World) -> None:
    market = await Market.open(world)
    handed_over = await market.unit(10_000, delivered_on=date(2026, 3, 11))
    unsold = await market.unit(10_000, developer_held=True)
    run = await market.run(await market.item())  # Zhangdian: from delivery

    assert (run.done, run.issued) == (3, 4)
    bills = [(bill.unit_id, bill.payer, bill.period_from.day, bill.period_to.day) for bill in await market.bills()]
    assert bills == [
        (market.units[0].id, "OWNER", 1, 31),
        (handed_over.id, "DEVELOPER", 1, 10),
        (handed_over.id, "OWNER", 11, 31),
        (unsold.id, "DEVELOPER", 1, 31),
    ]
    assert [bill.amount for bill in await market.bills(unit_id=handed_over.id)] == [3_871, 8_129]


@pytest.mark.rule("FEE-3")
@pytest.mark.parametrize("county", ["620724"], indirect=True)
async def test_where_the_county_says_so_the_owner_bears_the_months_after_delivery(world: World) -> None:
    market = await Market.open(world)
    delivered = await market.unit(10_000, delivered_on=date(2026, 2, 11))
    item = await market.item(period_months=2, valid_from=date(2026, 2, 1))
    await market.run(item, date(2026, 2, 1))
    bills = [(bill.payer, bill.period_from, bill.period_to) for bill in await market.bills(unit_id=delivered.id)]
    assert bills == [
        ("DEVELOPER", date(2026, 2, 1), date(2026, 2, 28)),
        ("OWNER", date(2026, 3, 1), date(2026, 3, 31)),
    ]


@pytest.mark.rule("FEE-3")
@pytest.mark.parametrize(
    ("pays", "until", "payer"),
    [
        (True, None, "TENANT"),
        (True, date(2026, 4, 1), "TENANT"),
        (True, date(2026, 3, 31), "OWNER"),  # gone on the period's last day
        (False, None, "OWNER"),
    ],
)
async def test_a_tenant_who_agreed_to_pay_is_named_while_the_tenancy_lasts(
    market: Market, pays: bool, until: date | None, payer: str
) -> None:
    tenancy = Occupancy(
        county=market.world.county,
        id=new_id(),
        unit_id=market.units[0].id,
        kind=OccupancyKind.TENANT.value,
        name="演示",
        pays_fees=pays,
        valid_from=date(2026, 1, 1),
        valid_to=until,
    )
    await market.world.write([tenancy])
    assert (await market.bill()).payer == payer


async def test_a_unit_is_billed_once_for_a_period(market: Market) -> None:
    item = await market.item()
    await market.run(item)
    newcomer = await market.unit(5_000)
    again = await market.run(item)
    assert (again.issued, again.skipped) == (1, 1)
    assert [bill.unit_id for bill in await market.bills()] == [market.units[0].id, newcomer.id]

    overlapping = await market.run(item, date(2026, 3, 20), date(2026, 4, 19))
    assert (overlapping.issued, overlapping.skipped) == (0, 2)


async def test_one_run_at_a_time(market: Market) -> None:
    item = await market.item()
    given = {"charge_item_id": item.id, "period_from": MARCH}
    run = await market.world.do(market.admin, bill_run_start, **given)
    await market.world.refused(market.admin, bill_run_start, ErrorCode.ALREADY_REGISTERED, **given)
    await market.work(run)
    await market.world.do(market.admin, bill_run_start, **given)


@pytest.mark.rule("FEE-4")
async def test_nobody_is_made_to_prepay(market: Market) -> None:
    item = await market.item()
    start = market.world.refused
    for period_from in (date(2026, 4, 2), date(2024, 12, 31)):
        await start(
            market.admin,
            bill_run_start,
            ErrorCode.OUT_OF_RANGE,
            "periodFrom",
            charge_item_id=item.id,
            period_from=period_from,
        )
    await start(
        market.admin,
        bill_run_start,
        ErrorCode.OUT_OF_RANGE,
        "periodTo",
        charge_item_id=item.id,
        period_from=MARCH,
        period_to=MARCH - days(1),
    )
    # Neither does a period of years make anybody prepay; what is over may be billed in one.
    await start(
        market.admin,
        bill_run_start,
        ErrorCode.OUT_OF_RANGE,
        "periodTo",
        charge_item_id=item.id,
        period_from=MARCH,
        period_to=date(2026, 4, 1),
    )
    past = {"period_from": date(2025, 1, 1), "period_to": date(2026, 2, 28)}
    await market.world.do(market.admin, bill_run_start, charge_item_id=item.id, **past)
    for actor in (market.cashier, market.bureau, market.bank):
        await start(actor, bill_run_start, ErrorCode.FORBIDDEN_ROLE, charge_item_id=item.id, period_from=MARCH)


async def test_portions_commit_one_by_one_and_a_stopped_run_goes_on(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bill_runs, "PORTION", 2)
    for _ in range(4):
        await market.unit(10_000)
    run = await market.world.do(
        market.admin, bill_run_start, charge_item_id=(await market.item()).id, period_from=MARCH
    )
    clock = _clock(market)
    assert await market.world.do(clock, bill_runs.issue, bill_run_id=run.id) is True
    [seen] = await market.world.rows(BillRun)
    assert (seen.state, seen.planned, seen.done, seen.issued) == ("RUNNING", 5, 2, 2)
    # The worker died here; another one takes the job up.
    done = await market.work(run)
    assert (done.state, done.done, done.issued) == ("DONE", 5, 5)
    assert len({bill.number for bill in await market.bills()}) == 5
    assert await market.world.do(clock, bill_runs.issue, bill_run_id=run.id) is False


async def test_a_run_whose_item_ended_meanwhile_fails_with_the_reason(market: Market) -> None:
    from resolvers.charge_items import charge_item_end

    item = await market.item()
    run = await market.world.do(market.admin, bill_run_start, charge_item_id=item.id, period_from=MARCH)
    await market.world.do(
        market.admin, charge_item_end, id=item.id, last_day=market.world.today - days(1), reason="合同到期"
    )
    done = await market.work(run)
    assert (done.state, done.failure, done.issued) == ("FAILED", "ITEM_NOT_DISCLOSED", 0)


async def test_what_is_billed_stands_in_the_books(market: Market) -> None:
    await market.unit(5_000)
    await market.run(await market.item())
    [entry] = await market.world.rows(LedgerTransaction)
    assert (entry.kind, entry.posted_by) == ("BILLS_ISSUED", market.admin.account_id)
    assert await _balance(market, AccountKind.FEE_INCOME) == 18_000
    assert await _balance(market, AccountKind.RECEIVABLE, unit_id=market.units[0].id) == 12_000
    assert await _balance(market, AccountKind.RECEIVABLE, unit_id=market.units[1].id) == 6_000


@pytest.mark.rule("FEE-1")
async def test_remuneration_mode_books_advance_funds_of_the_payers(market: Market) -> None:
    async with market.world.sessions.begin() as session:
        await set_fuse(session, {market.world.county})
        item = await market.item()
        stored = await session.get_one(ChargeItem, (market.world.county, item.id))
        stored.mode = "REMUNERATION"
    await market.run(item)
    assert await _balance(market, AccountKind.FEE_ADVANCE) == 12_000


async def test_what_was_paid_in_advance_settles_new_bills(market: Market) -> None:
    item = await market.item()
    unit = market.units[0]
    payment = await market.world.do(market.bank, receipts.payment_record, **market.for_unit(20_000))
    assert payment.prepaid == 20_000
    await market.run(item)
    [bill] = await market.bills()
    assert (bill.state, bill.settled) == ("PAID", 12_000)
    assert await _balance(market, AccountKind.PREPAID, unit_id=unit.id) == 8_000
    await market.run(item, date(2026, 4, 1))
    [_, bill] = await market.bills()
    assert (bill.state, bill.settled) == ("PARTIALLY_PAID", 8_000)
    assert await _balance(market, AccountKind.RECEIVABLE, unit_id=unit.id) == 4_000


def _clock(market: Market) -> Any:
    from auth.actor import system_actor

    return system_actor(market.world.county, market.world.today)


async def _balance(market: Market, kind: AccountKind, **owner: Any) -> int:
    [account] = await market.world.rows(LedgerAccount, kind=kind.value, **owner)

    async def look(uow: UnitOfWork) -> int:
        return await ledger.balance(uow.session, uow.county, account.id)

    return await market.world.do(market.bureau, look)  # type: ignore[no-any-return]
