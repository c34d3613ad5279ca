"""Metered and shared charges through the API: readings, consumption, a public cost shared to the fen (TQ-69, FEE-2, FEE-8)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.bills import ChargeBasis, ChargeCategory
from domain.disclosures import DisclosureItem
from domain.errors import Refusal
from domain.meters import MeterKind, Weighting, check_shared, metered_amount, shares
from models.disclosures import Disclosure
from models.meters import MeterReading, SharedCost
from tests.acts import Ask, act, done, opaque, refusal
from tests.market import Market
from tests.world import World


@pytest.fixture
async def market(world: World) -> Market:
    """Three dwellings of the areas of golden example G-3."""
    world.now = datetime.now(UTC)
    return await Market.open(world, 8_050, 12_025, 9_999)


def month(world: World) -> tuple[date, date]:
    """The last whole month."""
    last = world.today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


async def read(ask: Ask, market: Market, meter: str, on: date, value: int, **more: Any) -> Any:
    item = {"meterId": meter, "readOn": on.isoformat(), "value": value, **more}
    shown = "results { userErrors { code field } reading { id value } }"
    [result] = (await act(ask, market.cashier, "meterReadingRecord", shown, items=[item]))["results"]
    return result


@pytest.mark.rule("FEE-2")
def test_a_consumption_is_rounded_once() -> None:
    assert metered_amount(1_250, 350) == 4_375
    assert metered_amount(1, 50) == 1  # half a fen goes up
    assert metered_amount(0, 350) == 0


@pytest.mark.rule("FEE-8", "G-3")
def test_a_cost_is_shared_to_the_fen_and_nothing_comes_on_top() -> None:
    units = [("a", 8_050), ("b", 12_025), ("c", 9_999)]
    assert shares(10_000, units, Weighting.AREA) == {"a": 2_677, "b": 3_998, "c": 3_325}
    assert sorted(shares(10_000, units, Weighting.UNIT).values()) == [3_333, 3_333, 3_334]
    check_shared(10_000, 10_000)
    with pytest.raises(Refusal) as refused:
        check_shared(10_001, 10_000)
    assert refused.value.field == "amount"


async def test_what_a_meter_counted_is_billed_and_a_wrong_reading_corrected(ask: Ask, market: Market) -> None:
    world = market.world
    first, last = month(world)
    item = await market.item(350, basis=ChargeBasis.METERED, category=ChargeCategory.UTILITY, utility=MeterKind.WATER)
    area = opaque(world.county, "PropertyArea", market.area)
    given = {"areaId": area, "kind": "WATER", "code": "S-1", "unitId": opaque(world.county, "Unit", market.units[0])}
    assert (await refusal(ask, market.bureau, "meterRegister", **given))[0] == "FORBIDDEN_ROLE"
    meter = (await done(ask, market.admin, "meterRegister", "meter { id }", **given))["id"]
    assert await refusal(ask, market.admin, "meterRegister", **given) == ("ALREADY_REGISTERED", "code")

    await read(ask, market, meter, first - timedelta(days=1), 10_000)
    wrong = await read(ask, market, meter, last, 99_999)
    lower = await read(ask, market, meter, last, 9_999)
    assert lower["userErrors"] == [{"code": "OUT_OF_RANGE", "field": "value"}]
    # Corrected by a new reading: both stay, the last one counts.
    right = await read(ask, market, meter, last, 11_250, correctsId=wrong["reading"]["id"])
    assert right["userErrors"] == []
    again = await read(ask, market, meter, last, 11_000, correctsId=wrong["reading"]["id"])
    assert again["userErrors"] == [{"code": "ACTION_NOT_AVAILABLE", "field": "correctsId"}]
    assert [reading.value for reading in await world.rows(MeterReading)] == [10_000, 99_999, 11_250]

    run = await market.run(item, first, last)
    assert (run.planned, run.issued, run.amount) == (3, 1, 4_375)  # 12.50 m³ × ¥3.50; two units have no meter
    [bill] = await market.bills()
    assert (bill.unit_id, bill.area, bill.unit_price, bill.payer) == (market.units[0].id, 1_250, 350, "OWNER")
    seen = "{ meters { nodes { code readings { totalCount } } } }"
    assert (await ask(await market.resident(), seen))["meters"]["nodes"] == [
        {"code": "S-1", "readings": {"totalCount": 3}}
    ]
    assert (await ask(await market.resident(market.units[1]), seen))["meters"]["nodes"] == []
    ended = {"id": meter, "lastDay": world.today.isoformat()}
    assert await done(ask, market.admin, "meterEnd", "meter { code endedOn }", **ended) == {
        "code": "S-1",
        "endedOn": world.today.isoformat(),
    }


@pytest.mark.requirement("TQ-69")
@pytest.mark.rule("FEE-8")
async def test_a_public_cost_is_shared_posted_and_billed(ask: Ask, market: Market) -> None:
    world = market.world
    first, last = month(world)
    item = await market.item(
        60, basis=ChargeBasis.SHARED, category=ChargeCategory.UTILITY_SHARE, name="公共照明公摊电费"
    )
    given = {
        "chargeItemId": opaque(world.county, "ChargeItem", item),
        "periodFrom": first.isoformat(),
        "periodTo": last.isoformat(),
        "weighting": "AREA",
        "invoiced": 10_000,
        "amount": 10_000,
        "quantity": 16_667,
        "objectionContact": "演示社区",
    }
    before = await world.fingerprint()
    on_top = await refusal(ask, market.admin, "sharedCostRecord", **{**given, "amount": 10_300})
    assert on_top == ("CHARGE_FORBIDDEN", "amount")
    assert (await refusal(ask, market.cashier, "sharedCostRecord", **given))[0] == "FORBIDDEN_ROLE"
    assert before == await world.fingerprint()
    shared = await act(
        ask, market.admin, "sharedCostRecord", "cost { amount units parts { amountSum } } disclosure { title }", **given
    )
    assert shared["cost"] == {"amount": 10_000, "units": 3, "parts": {"amountSum": 10_000}}
    assert await refusal(ask, market.admin, "sharedCostRecord", **given) == ("ALREADY_REGISTERED", "periodFrom")
    [cost] = await world.rows(SharedCost)
    [posted] = await world.rows(Disclosure, id=cost.disclosure_id)
    assert (posted.item, posted.content["amount"]) == (DisclosureItem.UTILITY_SHARES, 10_000)

    run = await market.run(item, first, last)
    assert (run.issued, run.amount) == (3, 10_000)
    amounts = {bill.unit_id: bill.amount for bill in await market.bills()}
    assert [amounts[unit.id] for unit in market.units] == [2_677, 3_998, 3_325]  # G-3
    own = "{ sharedCosts { nodes { amount units parts { nodes { amount } } } } }"
    resident = await market.resident(market.units[1])
    assert (await ask(resident, own))["sharedCosts"]["nodes"] == [
        {"amount": 10_000, "units": 3, "parts": {"nodes": [{"amount": 3_998}]}}
    ]
