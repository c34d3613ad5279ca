"""A vacant unit is charged less where the contract says so, for the days that were recorded, and nowhere else (FEE-4)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.bills import ChargeBasis, ChargeCategory
from domain.errors import ErrorCode
from domain.roles import Role
from models.base import new_id
from models.disclosures import Disclosure
from models.documents import Document
from models.estates import Unit
from resolvers.charge_items import charge_item_define
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.market import MARCH, Market
from tests.world import World

VACANT = date(2026, 2, 10)
SHOWN = "vacancy { id vacantFrom vacantTo }"


@pytest.fixture
async def market(world: World) -> Market:
    """Today: the API reads with the real clock."""
    world.now = datetime.now(UTC)
    return await Market.open(world)


async def paper(market: Market, by: Actor) -> str:
    """An owner's application, uploaded."""
    made = Document(
        id=new_id(), county=market.world.county, kind="OTHER", name="空置申请.pdf", media_type="application/pdf",
        key=new_id().hex, declared_size=1, size=1, sha256="0" * 64, state="READY", uploaded_by=by.account_id,
        ready_at=market.world.now,
    )  # fmt: skip
    await market.world.write([made])
    return opaque(market.world.county, "Document", made)


async def record(ask: Ask, market: Market, unit: Unit, **changes: Any) -> Any:
    given = {
        "unitId": opaque(market.world.county, "Unit", unit),
        "vacantFrom": VACANT.isoformat(),
        "note": "业主书面申请",
        "documentIds": [await paper(market, market.admin)],
        **changes,
    }
    return await done(ask, market.admin, "unitVacancyRecord", SHOWN, **given)


async def amounts(market: Market, item: Any, unit: Unit) -> list[tuple[int, int]]:
    bills = await market.bills(charge_item_id=item.id, unit_id=unit.id)
    return [(bill.amount, bill.vacancy_discount) for bill in bills]


@pytest.mark.rule("FEE-4")
async def test_a_vacant_unit_is_charged_what_the_contract_says(ask: Ask, market: Market) -> None:
    vacant, lived_in = market.units[0], await market.unit(10_000)
    unsold = await market.unit(10_000, developer_held=True)
    agreed = await market.item(vacancy_percent=60, vacancy_after_months=1)
    unagreed = await market.item()
    for unit in (vacant, unsold):
        await record(ask, market, unit)
    run = await market.run(agreed, MARCH)
    await market.run(unagreed, MARCH)
    # From 10 March, a month after the first day: 12000 × 22/31 × 40 % = 3406.45.
    assert await amounts(market, agreed, vacant) == [(8_594, 3_406)]
    assert await amounts(market, agreed, lived_in) == [(12_000, 0)]
    assert await amounts(market, agreed, unsold) == [(12_000, 0)], "the developer's own home is charged in full"
    assert await amounts(market, unagreed, vacant) == [(12_000, 0)], "only as the contract says"
    assert run.amount == 32_594
    await market.run(agreed, date(2026, 4, 1))
    assert (await amounts(market, agreed, vacant))[1:] == [(7_200, 4_800)]

    [bill, _] = await market.bills(charge_item_id=agreed.id, unit_id=vacant.id)
    ident = opaque(market.world.county, "FeeBill", bill)
    committee = await market.world.person(Role.COMMITTEE, committee_id=new_id(), area_id=market.area.id)
    for who, discount in ((await market.resident(), 3_406), (market.admin, 3_406), (committee, None)):
        assert await row_of(ask, who, ident, "amount vacancyDiscount") == {"amount": 8_594, "vacancyDiscount": discount}


@pytest.mark.rule("FEE-4")
async def test_days_before_and_after_and_a_wrong_record_count_in_full(ask: Ask, market: Market) -> None:
    unit, item = market.units[0], await market.item(vacancy_percent=50, period_months=3)
    first = await record(ask, market, unit, vacantFrom="2026-01-11", vacantTo="2026-01-20")
    second = await record(ask, market, unit, vacantFrom="2026-03-01")
    given = {"id": second["id"], "lastDay": "2026-03-15", "reason": "已入住"}
    ended = await done(ask, market.admin, "unitVacancyEnd", SHOWN, **given)
    assert ended["vacantTo"] == "2026-03-15"
    wrong = await record(ask, market, unit, vacantFrom="2026-02-01", vacantTo="2026-02-28")
    given = {"id": wrong["id"], "lastDay": "2026-01-31", "reason": "登记有误"}
    await done(ask, market.admin, "unitVacancyEnd", SHOWN, **given)
    await market.run(item, date(2026, 1, 1))
    # 12000 × 10/31 ÷ 2 = 1935.48 and 12000 × 15/31 ÷ 2 = 2903.23, each a line of its own.
    assert await amounts(market, item, unit) == [(36_000 - 1_935 - 2_903, 4_838)]
    assert first["vacantTo"] == "2026-01-20"


@pytest.mark.rule("FEE-4")
async def test_what_is_refused_changes_nothing_and_neighbours_see_nothing(ask: Ask, market: Market) -> None:
    world, unit = market.world, market.units[0]
    made = await record(ask, market, unit, vacantTo="2026-02-20")
    owner, neighbour = await market.resident(), await market.resident(await market.unit(9_000))
    committee = await world.person(Role.COMMITTEE, committee_id=new_id(), area_id=market.area.id)
    seeing = "{ unitVacancies { nodes { unit { id } documents { nodes { name } } } } }"
    unit_id = opaque(world.county, "Unit", unit)
    shown = [{"unit": {"id": unit_id}, "documents": {"nodes": [{"name": "空置申请.pdf"}]}}]
    for who, expected in ((owner, shown), (market.admin, shown), (neighbour, []), (committee, [])):
        assert (await ask(who, seeing))["unitVacancies"]["nodes"] == expected
    assert (await ask(committee, "{ documents { totalCount } }"))["documents"]["totalCount"] == 0

    tomorrow = (world.today + timedelta(days=1)).isoformat()
    given = {
        "unitId": unit_id,
        "vacantFrom": "2026-03-01",
        "note": "x",
        "documentIds": [await paper(market, market.admin)],
    }
    before = await world.fingerprint()
    cases: list[tuple[Actor, dict[str, Any], tuple[str, str | None]]] = [
        (market.admin, {"note": " "}, ("REQUIRED", "note")),
        (market.admin, {"documentIds": []}, ("REQUIRED", "documentIds")),
        (market.admin, {"vacantFrom": tomorrow}, ("OUT_OF_RANGE", "vacantFrom")),
        (market.admin, {"vacantTo": "2026-02-28"}, ("OUT_OF_RANGE", "vacantTo")),
        (market.admin, {"vacantFrom": "2026-02-20"}, ("ALREADY_REGISTERED", "vacantFrom")),
        (market.admin, {"vacantFrom": "2026-01-01", "vacantTo": "2026-02-10"}, ("ALREADY_REGISTERED", "vacantFrom")),
        (owner, {}, ("FORBIDDEN_ROLE", None)),
        (market.cashier, {}, ("FORBIDDEN_ROLE", None)),
    ]
    for who, changes, expected in cases:
        assert await refusal(ask, who, "unitVacancyRecord", **{**given, **changes}) == expected, changes
    for last_day in ("2026-02-08", "2026-02-21"):
        ending = {"id": made["id"], "lastDay": last_day, "reason": "x"}
        assert await refusal(ask, market.admin, "unitVacancyEnd", **ending) == ("OUT_OF_RANGE", "lastDay")
    item = {
        "contract_id": market.contract.id, "code": "X", "name": "x", "category": ChargeCategory.WASTE, "unit_price": 1,
        "period_months": 1, "service_content": "x", "valid_from": MARCH,
    }  # fmt: skip
    for basis, percent, code in (
        (ChargeBasis.ONCE, 50, ErrorCode.INVALID_INPUT),
        (ChargeBasis.UNIT, 100, ErrorCode.OUT_OF_RANGE),
    ):
        wrong = {**item, "basis": basis, "vacancy_percent": percent}
        await world.refused(market.admin, charge_item_define, code, "vacancyPercent", **wrong)
    assert await world.fingerprint() == before


async def test_the_posting_says_what_vacant_units_pay(ask: Ask, market: Market) -> None:
    item = await market.item(posted=0, vacancy_percent=60, vacancy_after_months=6)
    given = {
        "areaId": opaque(market.world.county, "PropertyArea", market.area),
        "chargeItemIds": [opaque(market.world.county, "ChargeItem", item)],
        "objectionContact": "社区",
    }
    await done(ask, market.admin, "chargeItemsDisclose", "disclosure { id }", **given)
    [posted] = await market.world.rows(Disclosure)
    assert posted.body.endswith("三星（演示）；连续空置满6个月后按60%收取")
