"""Charge items: prices under their ceiling, nothing billed before it is posted (FEE-5..8, TQ-73, ZS-26, ZD-47)."""

from datetime import date
from typing import Any

import pytest

from domain.bills import ChargeBasis, ChargeCategory, Payer
from domain.contracts import ContractKind, ContractState
from domain.errors import ErrorCode, Refusal
from domain.fees import check_price, guided_charge, owner_pays_from, payers, price_ceiling
from domain.profiles import profile
from domain.profiles.parameters import BuildingType, FeeStart, GuidedCharge
from domain.roles import Role
from models.base import new_id
from models.contracts import ServiceContract
from models.disclosures import DisclosureEntry
from models.fees import BillRun, ChargeItem, FeeBill
from resolvers import bill_runs, charge_items
from resolvers.unit_of_work import set_fuse
from tests.market import MARCH, Market, days
from tests.world import World

ZHANGDIAN = profile("370303", MARCH)


def definition(market: Market, **changes: Any) -> dict[str, Any]:
    return {
        "contract_id": market.contract.id,
        "code": "WY-01",
        "name": "物业服务费",
        "category": ChargeCategory.PROPERTY_SERVICE,
        "basis": ChargeBasis.AREA,
        "unit_price": 120,
        "period_months": 3,
        "service_content": "三星（演示）",
        "valid_from": MARCH,
        **changes,
    }


@pytest.mark.rule("FEE-9")
async def test_the_company_defines_what_its_contract_lets_it_charge(market: Market) -> None:
    item = await market.world.do(market.admin, charge_items.charge_item_define, **definition(market))
    assert (item.area_id, item.company_id, item.contract_id) == (
        market.area.id,
        market.company.id,
        market.contract.id,
    )
    assert (item.state, item.guide_price, item.mode, item.late_fee_rate) == ("DEFINED", False, "LUMP_SUM", None)
    # A late fee is agreed or there is none (FEE-9); where the contract names no rate, 0.03 % a day.
    agreed = definition(market, code="WY-02", late_fee_agreed=True)
    assert (await market.world.do(market.admin, charge_items.charge_item_define, **agreed)).late_fee_rate == 30
    named = definition(market, code="WY-03", late_fee_agreed=True, late_fee_rate=50)
    assert (await market.world.do(market.admin, charge_items.charge_item_define, **named)).late_fee_rate == 50


@pytest.mark.requirement("ZD-47")
async def test_a_company_charges_no_more_than_its_contract_and_nothing_outside_it(market: Market) -> None:
    world, define = market.world, charge_items.charge_item_define
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        contract = await session.get_one(ServiceContract, (world.county, market.contract.id))
        contract.unit_price, contract.building_type = 120, BuildingType.MULTI_STOREY.value
    for changes in ({}, {"unit_use": "DWELLING"}, {"building_type": BuildingType.MULTI_STOREY}):
        refusal = await world.refused(
            market.admin,
            define,
            ErrorCode.PRICE_ABOVE_CONTRACT,
            "unitPrice",
            **definition(market, unit_price=121, **changes),
        )
        assert refusal.params == {"contract_fen": 120}
    await world.do(market.admin, define, **definition(market, code="WY-1", unit_price=120))
    # The contract's figure is that of dwellings of its type: shops, towers and services of other kinds are not under it.
    await world.do(market.admin, define, **definition(market, code="WY-2", unit_price=300, unit_use="SHOP"))
    await world.do(
        market.admin, define, **definition(market, code="WY-3", unit_price=200, building_type=BuildingType.HIGH_RISE)
    )
    # Under no contract, or one that is over, nothing is charged at all.
    await world.refused(
        market.admin, define, ErrorCode.NOT_FOUND, "contractId", **definition(market, code="WY-4", contract_id=new_id())
    )
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        contract = await session.get_one(ServiceContract, (world.county, market.contract.id))
        contract.state, contract.ended_on, contract.end_reason = "TERMINATED", world.today, "REPLACED"
    await world.refused(
        market.admin, define, ErrorCode.ACTION_NOT_AVAILABLE, "contractId", **definition(market, code="WY-4")
    )


@pytest.mark.requirement("TQ-72", "TQ-73")
async def test_an_extra_service_is_charged_at_the_price_that_is_posted(market: Market) -> None:
    """Household and elderly care: billed once its price list hangs, never above it."""
    world = market.world
    extra = {"category": ChargeCategory.EXTRA_SERVICE, "basis": ChargeBasis.ONCE, "name": "助浴服务"}
    item = await market.item(5_000, posted=0, **extra)
    await world.refused(
        market.admin,
        bill_runs.bill_run_start,
        ErrorCode.ITEM_NOT_DISCLOSED,
        "chargeItemId",
        charge_item_id=item.id,
        period_from=MARCH,
    )
    cheaper = await market.post_prices({item.code: 4_999})
    refusal = await world.refused(
        market.admin,
        charge_items.charge_item_disclose,
        ErrorCode.PRICE_ABOVE_DISCLOSED,
        id=item.id,
        disclosure_id=cheaper.id,
    )
    assert refusal.params == {"price_fen": 5_000, "disclosed_fen": 4_999}
    agreed = await market.post_prices({item.code: 5_000})
    await world.do(market.admin, charge_items.charge_item_disclose, id=item.id, disclosure_id=agreed.id)
    await market.run(item)
    [bill] = await market.bills()
    assert (bill.amount, bill.title) == (5_000, "助浴服务")


@pytest.mark.rule("FEE-8")
async def test_an_item_is_refused(market: Market) -> None:
    define, refused = charge_items.charge_item_define, market.world.refused
    await market.world.do(market.admin, define, **definition(market, code="WY-00"))
    stranger = await market.world.person(Role.COMPANY_ADMIN, company_id=new_id())
    cases: list[tuple[Any, dict[str, Any], ErrorCode, str | None]] = [
        (market.admin, {"code": "WY-00"}, ErrorCode.ALREADY_REGISTERED, "code"),
        (market.admin, {"code": " "}, ErrorCode.REQUIRED, "code"),
        (market.admin, {"service_content": ""}, ErrorCode.REQUIRED, "serviceContent"),
        (market.admin, {"unit_price": 0}, ErrorCode.OUT_OF_RANGE, "unitPrice"),
        (market.admin, {"period_months": 13}, ErrorCode.OUT_OF_RANGE, "periodMonths"),
        (market.admin, {"valid_to": MARCH - days(1)}, ErrorCode.OUT_OF_RANGE, "validTo"),
        (market.admin, {"category": ChargeCategory.UTILITY_AGENCY}, ErrorCode.CHARGE_FORBIDDEN, "category"),
        (market.admin, {"contract_id": new_id()}, ErrorCode.NOT_FOUND, "contractId"),
        (stranger, {}, ErrorCode.NOT_FOUND, "contractId"),
        (market.cashier, {}, ErrorCode.FORBIDDEN_ROLE, None),
        (market.bureau, {}, ErrorCode.FORBIDDEN_ROLE, None),
    ]
    for actor, changes, code, field in cases:
        await refused(actor, define, code, field, **definition(market, **changes))


@pytest.mark.rule("FEE-5")
async def test_an_early_stage_price_stays_under_the_ceiling_of_its_star(world: World) -> None:
    market = await Market.open(world, kind=ContractKind.EARLY_STAGE)
    guided = {"building_type": BuildingType.MULTI_STOREY, "star": 3}
    ceiling = price_ceiling(ZHANGDIAN, GuidedCharge.EARLY_STAGE_SERVICE, BuildingType.MULTI_STOREY, 3)
    assert ceiling == 72  # 60 fen (虚构) and 20 %
    define = charge_items.charge_item_define

    item = await world.do(market.admin, define, **definition(market, unit_price=72, **guided))
    assert item.guide_price
    refusal = await world.refused(
        market.admin,
        define,
        ErrorCode.PRICE_ABOVE_CEILING,
        "unitPrice",
        **definition(market, code="WY-02", unit_price=73, **guided),
    )
    assert refusal.params == {"ceiling_fen": 72}
    await world.refused(
        market.admin,
        define,
        ErrorCode.REQUIRED,
        "star",
        **definition(market, code="WY-02", unit_price=72, building_type=BuildingType.MULTI_STOREY),
    )
    # Shops of the same area are at market price.
    await world.do(market.admin, define, **definition(market, code="WY-03", unit_price=500, unit_use="SHOP"))
    # Who leaves the type out, or promises more stars than the contract, is under the contract's ceiling all the same.
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        contract = await session.get_one(ServiceContract, (world.county, market.contract.id))
        contract.service_star, contract.building_type = 3, BuildingType.MULTI_STOREY.value
    for changes in ({"unit_use": "DWELLING"}, {"star": 5}, {**guided, "star": 5}):
        refusal = await world.refused(
            market.admin,
            define,
            ErrorCode.PRICE_ABOVE_CEILING,
            "unitPrice",
            **definition(market, code="WY-04", unit_price=73, **changes),
        )
        assert refusal.params == {"ceiling_fen": 72}


@pytest.mark.rule("FEE-6")
def test_after_a_committee_exists_the_contract_sets_the_price() -> None:
    service, multi = ChargeCategory.PROPERTY_SERVICE, BuildingType.MULTI_STOREY
    assert guided_charge(ZHANGDIAN, ContractKind.NORMAL, service, multi) is None
    given: dict[str, Any] = {"category": service, "building_type": multi, "star": 3, "unit_price": 999}
    assert check_price(ZHANGDIAN, contract=ContractKind.NORMAL, **given) is None
    with pytest.raises(Refusal):
        check_price(ZHANGDIAN, contract=ContractKind.EARLY_STAGE, **given)


@pytest.mark.rule("FEE-5")
def test_parking_has_a_guide_price_of_its_own() -> None:
    parking = guided_charge(ZHANGDIAN, ContractKind.EARLY_STAGE, ChargeCategory.PARKING, None)
    assert price_ceiling(ZHANGDIAN, parking, None, None) == 9_600


@pytest.mark.rule("FEE-7")
@pytest.mark.requirement("TQ-73", "ZS-26")
async def test_nothing_is_billed_before_it_is_disclosed(market: Market) -> None:
    item = await market.item(posted=0)
    start = {"charge_item_id": item.id, "period_from": MARCH}
    await market.world.refused(
        market.admin, bill_runs.bill_run_start, ErrorCode.ITEM_NOT_DISCLOSED, "chargeItemId", **start
    )
    disclosure = await market.post_prices({item.code: 120})
    shown, _ = await market.world.do(
        market.admin, charge_items.charge_item_disclose, id=item.id, disclosure_id=disclosure.id
    )
    assert shown.state == "DISCLOSED"
    await market.world.do(market.admin, bill_runs.bill_run_start, **start)


@pytest.mark.rule("FEE-7")
@pytest.mark.requirement("TQ-73", "ZS-26")
async def test_a_posting_that_came_down_carries_no_bill(market: Market) -> None:
    item = await market.item()
    async with market.world.sessions.begin() as session:
        await set_fuse(session, {market.world.county})
        [entry] = await market.world.rows(DisclosureEntry)
        stored = await session.get_one(DisclosureEntry, (market.world.county, entry.id))
        stored.current_id = None
    await market.world.refused(
        market.admin,
        bill_runs.bill_run_start,
        ErrorCode.ITEM_NOT_DISCLOSED,
        charge_item_id=item.id,
        period_from=MARCH,
    )


@pytest.mark.rule("FEE-7")
@pytest.mark.requirement("TQ-73", "ZS-26")
async def test_the_price_is_the_disclosed_one_or_lower(market: Market) -> None:
    item = await market.item(price=120, posted=0)
    too_low = await market.post_prices({item.code: 119})
    other = await market.post_prices({"WY-99": 120})
    disclose = charge_items.charge_item_disclose
    refusal = await market.world.refused(
        market.admin, disclose, ErrorCode.PRICE_ABOVE_DISCLOSED, id=item.id, disclosure_id=too_low.id
    )
    assert refusal.params == {"price_fen": 120, "disclosed_fen": 119}
    await market.world.refused(market.admin, disclose, ErrorCode.ITEM_NOT_DISCLOSED, id=item.id, disclosure_id=other.id)
    cheaper = await market.item(price=120, posted=150)
    assert (await market.run(cheaper)).state == "DONE"
    # The board shows less meanwhile: what was disclosed before carries no bill above it.
    async with market.world.sessions.begin() as session:
        await set_fuse(session, {market.world.county})
        for entry in await market.world.rows(DisclosureEntry):
            (await session.get_one(DisclosureEntry, (market.world.county, entry.id))).current_id = None
    await market.post_prices({cheaper.code: 119})
    start = {"charge_item_id": cheaper.id, "period_from": date(2026, 4, 1)}
    refusal = await market.world.refused(
        market.admin, bill_runs.bill_run_start, ErrorCode.PRICE_ABOVE_DISCLOSED, "chargeItemId", **start
    )
    assert refusal.params == {"price_fen": 120, "disclosed_fen": 119}


async def test_a_contract_that_ended_carries_no_bill(market: Market) -> None:
    item = await market.item()
    async with market.world.sessions.begin() as session:
        await set_fuse(session, {market.world.county})
        contract = await session.get_one(ServiceContract, (market.world.county, market.contract.id))
        contract.state = ContractState.RENEWED.value
    await market.world.refused(
        market.admin,
        bill_runs.bill_run_start,
        ErrorCode.ACTION_NOT_AVAILABLE,
        "chargeItemId",
        charge_item_id=item.id,
        period_from=MARCH,
    )


async def test_a_new_item_takes_over_from_an_old_one(market: Market) -> None:
    old = await market.item(price=100)
    given = definition(market, replaces_id=old.id, valid_from=date(2026, 4, 1))
    await market.world.do(market.admin, charge_items.charge_item_define, **given)
    [ended] = await market.world.rows(ChargeItem, id=old.id)
    assert ended.valid_to == date(2026, 3, 31)
    await market.world.refused(
        market.admin,
        bill_runs.bill_run_start,
        ErrorCode.OUT_OF_RANGE,
        "periodTo",
        charge_item_id=old.id,
        period_from=date(2026, 3, 15),
        period_to=date(2026, 4, 14),
    )


async def test_an_ended_item_is_disclosed_and_billed_no_more(market: Market) -> None:
    item = await market.item()
    last = market.world.today - days(1)
    ended = await market.world.do(
        market.admin, charge_items.charge_item_end, id=item.id, last_day=last, reason="合同到期"
    )
    assert (ended.state, ended.valid_to) == ("ENDED", last)
    await market.world.refused(
        market.admin,
        charge_items.charge_item_end,
        ErrorCode.ACTION_NOT_AVAILABLE,
        id=item.id,
        last_day=last,
        reason="again",
    )


async def test_who_sees_items_and_bills(market: Market) -> None:
    draft = await market.item(posted=0)
    bill = await market.bill()
    world = market.world
    [item] = await world.rows(ChargeItem, state="DISCLOSED")
    neighbour = await market.resident(await market.unit(9_000))
    owner = await market.resident()
    tenant = await market.resident(role=Role.TENANT)
    everywhere: dict[str, Any] = {
        "owner": owner,
        "tenant": tenant,
        "neighbour": neighbour,
        "committee": await world.person(Role.COMMITTEE, committee_id=new_id(), area_id=market.area.id),
        "other committee": await world.person(Role.COMMITTEE, committee_id=new_id(), area_id=new_id()),
        "company": market.cashier,
        "leader": await world.person(Role.PROJECT_LEADER, company_id=market.company.id, area_id=market.area.id),
        "leader elsewhere": await world.person(Role.PROJECT_LEADER, company_id=market.company.id, area_id=new_id()),
        "community": await world.community_office(),
        "sibling community": await world.community_office(world.sibling_community),
        "township": await world.township_office(),
        "other township": await world.township_office(world.other_township),
        "bureau": market.bureau,
        "price": await world.person(Role.PRICE),
        "market": await world.person(Role.MARKET),
        "bank": market.bank,
        "court": await world.person(Role.COURT),
    }
    items = {name: await world.sees(actor, ChargeItem) for name, actor in everywhere.items()}
    both, posted, none = {item.id, draft.id}, {item.id}, set()
    assert items == {
        **dict.fromkeys(("owner", "tenant", "neighbour", "committee"), posted),
        **dict.fromkeys(("company", "leader", "community", "township", "bureau", "price", "market", "bank"), both),
        **dict.fromkeys(("other committee", "leader elsewhere", "sibling community", "other township", "court"), none),
    }
    bills = {name for name, actor in everywhere.items() if bill.id in await world.sees(actor, FeeBill)}
    assert bills == {
        *("owner", "tenant", "committee", "company", "leader"),
        *("community", "township", "bureau", "bank"),
    }
    runs = {name for name, actor in everywhere.items() if await world.sees(actor, BillRun)}
    assert runs == {"committee", "company", "leader", "community", "township", "bureau"}


DELIVERED = date(2026, 3, 11)


@pytest.mark.rule("FEE-3")
@pytest.mark.parametrize(
    ("starts", "first_day"), [(FeeStart.DELIVERY, DELIVERED), (FeeStart.NEXT_MONTH, date(2026, 4, 1))]
)
def test_the_owner_pays_from_delivery_or_from_the_month_after(starts: FeeStart, first_day: date) -> None:
    assert owner_pays_from(DELIVERED, starts) == first_day


@pytest.mark.rule("FEE-3")
def test_who_bears_a_period() -> None:
    first, last = MARCH, date(2026, 3, 31)
    given: dict[str, Any] = {"developer_held": False, "starts": FeeStart.DELIVERY}
    assert payers(first, last, delivered_on=None, **given) == ((Payer.OWNER, first, last),)
    assert payers(first, last, delivered_on=DELIVERED, **given) == (
        (Payer.DEVELOPER, first, date(2026, 3, 10)),
        (Payer.OWNER, DELIVERED, last),
    )
    assert payers(first, last, delivered_on=date(2026, 5, 1), **given) == ((Payer.DEVELOPER, first, last),)
    assert payers(first, last, delivered_on=DELIVERED, developer_held=True, starts=FeeStart.DELIVERY) == (
        (Payer.DEVELOPER, first, last),
    )


@pytest.mark.requirement("ZS-26", "TQ-73")
async def test_a_company_posts_its_charges_and_a_new_list_carries_the_old_items_on(market: Market) -> None:
    first = await market.item(posted=0, code="WY-01")
    second = await market.item(posted=0, code="WY-02", price=8_000, basis=ChargeBasis.SPACE, name="停车费")
    post = charge_items.charge_items_disclose
    given = {"area_id": market.area.id, "objection_contact": "演示社区 0533-0000000"}
    await market.world.do(market.admin, post, charge_item_ids=[first.id], **given)
    run = await market.run(first)
    board = await market.world.do(market.admin, post, charge_item_ids=[second.id], **given)

    assert board.version == 2
    assert board.content == {"prices": {"WY-01": 120, "WY-02": 8_000}}
    assert board.body == "WY-01 物业服务费：¥1.20/平方米·月；三星（演示）\nWY-02 停车费：¥80.00/车位·月；三星（演示）"
    assert {item.state for item in await market.world.rows(ChargeItem)} == {"DISCLOSED"}
    later = await market.run(first, date(2026, 4, 1))
    assert (run.issued, later.issued) == (1, 1)
    assert run.item_disclosure_id != later.item_disclosure_id  # each bill says which version it rests on

    elsewhere = {**given, "area_id": new_id(), "charge_item_ids": [first.id]}
    await market.world.refused(market.admin, post, ErrorCode.NOT_FOUND, "areaId", **elsewhere)
    await market.world.refused(market.admin, post, ErrorCode.REQUIRED, charge_item_ids=[], **given)
    await market.world.refused(market.bureau, post, ErrorCode.FORBIDDEN_ROLE, charge_item_ids=[first.id], **given)
