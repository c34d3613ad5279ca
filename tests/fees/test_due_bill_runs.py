"""All due bill runs of a company at once: each item once, what may not be billed told and kept apart (FEE-2, FEE-7)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.bills import ChargeBasis
from domain.identifiers import make_credit_code
from domain.roles import Role
from models.base import new_id
from models.companies import Company
from models.fees import BillRun, FeeBill
from resolvers.bill_runs import latest_start
from tests.acts import Ask, act, opaque, refusal
from tests.market import Market
from tests.world import World

SHOWN = "runs { started left refused { item name code } }"


@pytest.fixture
async def market(world: World) -> Market:
    """The same area, today: the engine reads with the real clock."""
    world.now = datetime.now(UTC)
    return await Market.open(world, 10_000, 5_000)


async def started(ask: Ask, market: Market, period_from: date) -> Any:
    payload = await act(ask, market.admin, "billRunsStart", SHOWN, periodFrom=period_from.isoformat())
    assert payload["userErrors"] == []
    return payload["runs"]


@pytest.mark.rule("FEE-7", "FEE-2")
async def test_what_is_due_is_started_once_and_what_may_not_be_billed_is_told(ask: Ask, market: Market) -> None:
    month = market.world.today.replace(day=1)
    quarterly = await market.item(period_months=3)
    last_day = month + timedelta(days=9)
    ending = await market.item(basis=ChargeBasis.UNIT, price=500, valid_to=last_day)
    unposted = await market.item(posted=0, code="WY-0")
    await market.item(basis=ChargeBasis.ONCE, price=900)  # for its occasion, never by the calendar
    await market.item(valid_from=latest_start(market.world.today))  # not charged for yet

    told = {"item": opaque(market.world.county, "ChargeItem", unposted), "name": unposted.name}
    refused = [{**told, "code": "ITEM_NOT_DISCLOSED"}]
    assert await started(ask, market, month) == {"started": 2, "left": 0, "refused": refused}
    runs = {run.charge_item_id: run for run in await market.world.rows(BillRun)}
    assert set(runs) == {quarterly.id, ending.id}
    assert runs[ending.id].period_to == last_day
    assert runs[quarterly.id].period_to > month + timedelta(days=60)
    assert [(await market.work(run)).issued for run in runs.values()] == [2, 2]

    # Billed, and so not due: neither again nor, for the quarter, in its second month.
    assert await started(ask, market, month) == {"started": 0, "left": 0, "refused": refused}
    second = await started(ask, market, latest_start(market.world.today))
    assert second == {"started": 1, "left": 0, "refused": refused}  # the one that is charged for from then on
    assert len(await market.world.rows(FeeBill)) == 4


@pytest.mark.rule("FEE-4")
async def test_nobody_is_billed_beyond_next_month_and_only_companies_bill(ask: Ask, market: Market) -> None:
    item = await market.item()
    ahead = (latest_start(market.world.today) + timedelta(days=1)).isoformat()
    assert await refusal(ask, market.admin, "billRunsStart", periodFrom=ahead) == ("OUT_OF_RANGE", "periodFrom")
    today = market.world.today.replace(day=1).isoformat()
    resident = await market.resident()
    for stranger in (market.cashier, market.bureau, resident):
        assert await refusal(ask, stranger, "billRunsStart", periodFrom=today) == ("FORBIDDEN_ROLE", None)
    # Another company's administrator bills its own items, of which there are none.
    world = market.world
    place = {"county": world.county, "township": world.township, "community": world.community}
    code = make_credit_code(8)
    rival = Company(id=new_id(), credit_code=code, name="乙（演示）", name_sort="yi", **place)
    await world.write([rival])
    outsider = await world.person(Role.COMPANY_ADMIN, company_id=rival.id)
    payload = await act(ask, outsider, "billRunsStart", SHOWN, periodFrom=today)
    assert payload["runs"] == {"started": 0, "left": 0, "refused": []}
    assert await world.rows(BillRun, charge_item_id=item.id) == []
