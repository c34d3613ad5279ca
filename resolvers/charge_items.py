"""Charge items: defined by the company from its contract, disclosed, ended. Nothing else may be billed (TQ-73, ZD-47)."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import or_, select

from domain.bills import BILLERS, MONTHLY, ChargeBasis, ChargeCategory, ChargeItemState
from domain.contracts import ContractKind, ContractState
from domain.disclosures import RULES, DisclosureItem
from domain.errors import ErrorCode, Refusal
from domain.estates import UnitUse
from domain.fees import check_price
from domain.meters import MeterKind
from domain.money import format_fen
from domain.profiles.parameters import BuildingType
from models.base import new_id
from models.contracts import ServiceContract
from models.disclosures import Disclosure, DisclosureEntry
from models.estates import PropertyArea
from models.fees import ChargeItem, ChargeItemDisclosure
from resolvers.disclosures import About, Posting, put_up
from resolvers.prices import check_may_rise
from resolvers.unit_of_work import UnitOfWork

_OVER = frozenset({ContractState.TERMINATED, ContractState.WITHDRAWN, ContractState.RENEWED})


async def charge_item_define(
    uow: UnitOfWork,
    *,
    contract_id: uuid.UUID,
    code: str,
    name: str,
    category: ChargeCategory,
    basis: ChargeBasis,
    unit_price: int,
    period_months: int,
    service_content: str,
    valid_from: date,
    valid_to: date | None = None,
    due_days: int = 30,
    unit_use: UnitUse | None = None,
    building_type: BuildingType | None = None,
    star: int | None = None,
    late_fee_rate: int | None = None,
    late_fee_agreed: bool = False,
    vacancy_percent: int | None = None,
    vacancy_after_months: int = 0,
    utility: MeterKind | None = None,
    replaces_id: uuid.UUID | None = None,
) -> ChargeItem:
    """Define what the company charges under its contract: price in fen a month (for ``ONCE`` altogether), grade and content.

    It can be billed once it is disclosed. Where the profile lists the charge under guide price, the price is checked
    against the ceiling for the star: ``PRICE_ABOVE_CEILING`` (FEE-5, GT-44, TQ-57). ``CHARGE_FORBIDDEN``: FEE-8.
    ``PRICE_ABOVE_CONTRACT``: more than the contract's own standard (ZD-47).
    ``late_fee_rate``: the agreed daily rate in 1/100,000; ``late_fee_agreed``: the county's, for the contract names none (FEE-9).
    ``vacancy_percent``: what the contract agrees for vacant units (FEE-4); ``INVALID_INPUT`` on what is not charged by the month.
    ``REQUIRED``: a metered item names its ``utility``. ``ALREADY_REGISTERED``: the area has an item of this code.
    ``replaces_id`` ends the item before on the eve.
    """
    contract = await uow.load(ServiceContract, contract_id, field="contractId")
    grant = await uow.act(BILLERS, ServiceContract, contract)
    if contract.state in _OVER:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "contractId", state=contract.state)
    for field, value in (("code", code), ("name", name), ("serviceContent", service_content)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    if (utility is not None) != (ChargeBasis(basis) is ChargeBasis.METERED):
        raise Refusal(ErrorCode.REQUIRED if utility is None else ErrorCode.INVALID_INPUT, "utility")
    if valid_to is not None and valid_to < valid_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validTo", least=valid_from)
    agreed_rate = _agreed_rate(uow, late_fee_rate, late_fee_agreed)
    _check_ranges(
        ("periodMonths", period_months, 1, 12),
        ("dueDays", due_days, 0, 366),
        ("star", star, 1, 5),
        ("lateFeeRate", late_fee_rate, 1, 1000),
        ("vacancyPercent", vacancy_percent, 1, 99),
        ("vacancyAfterMonths", vacancy_after_months, 0, 24),
    )
    if vacancy_percent is not None and ChargeBasis(basis) not in MONTHLY:
        raise Refusal(ErrorCode.INVALID_INPUT, "vacancyPercent")
    guided = check_price(
        uow.profile,
        contract=ContractKind(contract.kind),
        category=ChargeCategory(category),
        building_type=guided_type(contract, unit_use, building_type),
        star=current_star(contract, star),
        unit_price=unit_price,
    )
    _within_contract(contract, ChargeCategory(category), ChargeBasis(basis), unit_use, building_type, unit_price)
    taken = await uow.session.scalar(
        select(ChargeItem.id).where(
            ChargeItem.county == uow.county, ChargeItem.area_id == contract.area_id, ChargeItem.code == code
        )
    )
    if taken is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "code")
    if replaces_id is not None:
        await _replace(uow, replaces_id, contract, valid_from, unit_price)
    elif before := await _charged_before(uow, contract, category, basis, unit_use, building_type):
        await check_may_rise(uow, before, unit_price, valid_from)
    item = ChargeItem(
        county=uow.county,
        id=new_id(),
        area_id=contract.area_id,
        company_id=contract.company_id,
        contract_id=contract.id,
        replaces_id=replaces_id,
        township=contract.township,
        community=contract.community,
        code=code.strip(),
        name=name.strip(),
        category=ChargeCategory(category).value,
        mode=contract.mode,
        basis=ChargeBasis(basis).value,
        utility=MeterKind(utility).value if utility else None,
        unit_use=UnitUse(unit_use).value if unit_use else None,
        unit_price=unit_price,
        period_months=period_months,
        due_days=due_days,
        star=star,
        building_type=BuildingType(building_type).value if building_type else None,
        guide_price=guided is not None,
        late_fee_rate=agreed_rate,
        vacancy_percent=vacancy_percent,
        vacancy_after_months=vacancy_after_months,
        service_content=service_content,
        valid_from=valid_from,
        valid_to=valid_to,
        state=ChargeItemState.DEFINED.value,
        version=1,
    )
    uow.session.add(item)
    await uow.audit("chargeItemDefine", item, grant=grant, to_state=item.state, detail={"unitPrice": unit_price})
    return item


def _agreed_rate(uow: UnitOfWork, rate: int | None, agreed: bool) -> int | None:
    """The daily late fee in 1/100,000: as the contract says it, or the county's where it only says that there is one."""
    return uow.profile.late_fee_per_100000 if agreed and rate is None else rate


def guided_type(
    contract: ServiceContract, unit_use: UnitUse | str | None, building_type: BuildingType | str | None
) -> BuildingType | None:
    """The type of building whose guide price binds a charge: its own, or else its contract's, for the contract's dwellings are
    of that type. ``None`` for shops and whatever else is no dwelling."""
    if unit_use is not None and UnitUse(unit_use) is not UnitUse.DWELLING:
        return None
    found = building_type or contract.building_type
    return BuildingType(found) if found else None


def current_star(contract: ServiceContract, star: int | None) -> int | None:
    """The star whose ceiling binds: a charge promises no more than its contract's star of today (FEE-5)."""
    return min((each for each in (star, contract.service_star) if each is not None), default=None)


async def _charged_before(
    uow: UnitOfWork,
    contract: ServiceContract,
    category: ChargeCategory,
    basis: ChargeBasis,
    unit_use: UnitUse | None,
    building_type: BuildingType | None,
) -> ChargeItem | None:
    """The dearest service fee that the contract had for the same units, ended or not: a new item beside it, or after it, is
    the same price raised (FEE-6)."""
    if ChargeCategory(category) is not ChargeCategory.PROPERTY_SERVICE:
        return None
    found: ChargeItem | None = await uow.session.scalar(
        uow.select(ChargeItem)
        .where(
            ChargeItem.contract_id == contract.id,
            ChargeItem.category == ChargeCategory(category).value,
            ChargeItem.basis == ChargeBasis(basis).value,
            ChargeItem.unit_use.is_not_distinct_from(unit_use and UnitUse(unit_use).value),
            ChargeItem.building_type.is_not_distinct_from(building_type and BuildingType(building_type).value),
        )
        .order_by(ChargeItem.unit_price.desc(), ChargeItem.id)
        .limit(1)
    )
    return found


def _within_contract(
    contract: ServiceContract,
    category: ChargeCategory,
    basis: ChargeBasis,
    unit_use: UnitUse | None,
    building_type: BuildingType | None,
    unit_price: int,
) -> None:
    """The service fee of dwellings is at most what the contract says in figures (ZD-47); other charges stand there in words.

    A contract of one type of building says nothing of the others; a charge of every type or use includes it.
    """
    if contract.unit_price is None or category is not ChargeCategory.PROPERTY_SERVICE or basis is not ChargeBasis.AREA:
        return
    of_dwellings = unit_use is None or UnitUse(unit_use) is UnitUse.DWELLING
    same_type = contract.building_type is None or building_type is None or building_type == contract.building_type
    if of_dwellings and same_type and unit_price > contract.unit_price:
        raise Refusal(ErrorCode.PRICE_ABOVE_CONTRACT, "unitPrice", contract_fen=contract.unit_price)


def _check_ranges(*ranges: tuple[str, int | None, int, int]) -> None:
    for field, value, least, most in ranges:
        if value is not None and not least <= value <= most:
            raise Refusal(ErrorCode.OUT_OF_RANGE, field, least=least, most=most)


async def _replace(
    uow: UnitOfWork, item_id: uuid.UUID, contract: ServiceContract, from_day: date, unit_price: int
) -> None:
    before = await uow.load(ChargeItem, item_id, lock=True, field="replacesId")
    if (before.area_id, before.company_id) != (contract.area_id, contract.company_id):
        raise Refusal(ErrorCode.NOT_FOUND, "replacesId")
    if before.valid_from >= from_day:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validFrom", least=before.valid_from + timedelta(days=1))
    await check_may_rise(uow, before, unit_price, from_day)
    before.valid_to = from_day - timedelta(days=1)
    before.version += 1


async def charge_items_disclose(
    uow: UnitOfWork, *, area_id: uuid.UUID, charge_item_ids: Sequence[uuid.UUID], objection_contact: str
) -> Disclosure:
    """Post the company's charges on the area's board: these items and all that hang there and are still charged.

    From then on the items can be billed (ZS-26, TQ-69, TQ-73). ``NOT_FOUND`` for an item of another area,
    ``ACTION_NOT_AVAILABLE`` for one that ended; ``FORBIDDEN_ROLE`` and ``REQUIRED`` as for every posting.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(BILLERS & RULES[DisclosureItem.CHARGES].publishers, PropertyArea, area)
    items = await uow.load_all(ChargeItem, charge_item_ids, lock=True, field="chargeItemIds")
    if not items:
        raise Refusal(ErrorCode.REQUIRED, "chargeItemIds")
    for item in items:
        if item.area_id != area.id:
            raise Refusal(ErrorCode.NOT_FOUND, "chargeItemIds")
        if item.state == ChargeItemState.ENDED:
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "chargeItemIds", state=item.state)
    hanging = await uow.session.scalars(
        uow.select(ChargeItem).where(
            ChargeItem.area_id == area.id,
            ChargeItem.company_id == items[0].company_id,
            ChargeItem.state == ChargeItemState.DISCLOSED.value,
        )
    )
    posted = sorted({item.id: item for item in (*items, *hanging)}.values(), key=lambda item: item.code)
    posting = Posting(
        title="物业服务收费公示",
        body="\n".join(_in_words(item) for item in posted),
        objection_contact=objection_contact,
        content={"prices": {item.code: item.unit_price for item in posted}},
    )
    disclosure = await put_up(
        uow, area, DisclosureItem.CHARGES, posting, grant=grant, about=About("company", items[0].company_id)
    )
    await uow.session.flush()
    for item in posted:
        await _link(uow, item, disclosure.id, item.unit_price)
        if item.state == ChargeItemState.DEFINED:
            item.state = ChargeItemState.DISCLOSED.value
            item.version += 1
    return disclosure


_PER = {
    ChargeBasis.AREA: "平方米·月",
    ChargeBasis.UNIT: "户·月",
    ChargeBasis.SPACE: "车位·月",
    ChargeBasis.ONCE: "次",
    ChargeBasis.METERED: "计量单位",
    ChargeBasis.SHARED: "计量单位，按实公摊",
}


def _in_words(item: ChargeItem) -> str:
    """A line of the posting: code, name, price, and what it is for (ZS-26)."""
    price = f"{format_fen(item.unit_price)}/{_PER[ChargeBasis(item.basis)]}"
    return f"{item.code} {item.name}：{price}；{item.service_content}{_of_vacant_units(item)}"


def _of_vacant_units(item: ChargeItem) -> str:
    if item.vacancy_percent is None:
        return ""
    after = f"连续空置满{item.vacancy_after_months}个月后" if item.vacancy_after_months else "空置期间"
    return f"；{after}按{item.vacancy_percent}%收取"


async def charge_item_disclose(
    uow: UnitOfWork, *, id: uuid.UUID, disclosure_id: uuid.UUID
) -> tuple[ChargeItem, ChargeItemDisclosure]:
    """Say which posting on the area's board shows an item, where it was posted otherwise (a price list of extra services).

    The posting's content names prices by item code (``{"prices": {"WY-01": 120}}``, fen). ``ITEM_NOT_DISCLOSED`` when it
    is of another area, no longer hangs, or does not show the item; ``PRICE_ABOVE_DISCLOSED`` when it shows a lower price.
    """
    item = await uow.load(ChargeItem, id, lock=True)
    grant = await uow.act(BILLERS, ChargeItem, item)
    if item.state == ChargeItemState.ENDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=item.state)
    wanted = await uow.load(Disclosure, disclosure_id, field="disclosureId")
    prices = [price for found, price in await _hanging(uow, item) if found == wanted.id]
    if not prices:
        raise Refusal(ErrorCode.ITEM_NOT_DISCLOSED, "disclosureId")
    if item.unit_price > prices[0]:
        raise Refusal(
            ErrorCode.PRICE_ABOVE_DISCLOSED, "disclosureId", price_fen=item.unit_price, disclosed_fen=prices[0]
        )
    link = await _link(uow, item, wanted.id, prices[0])
    former, item.state = item.state, ChargeItemState.DISCLOSED.value
    item.version += 1
    await uow.audit("chargeItemDisclose", item, grant=grant, from_state=former, to_state=item.state)
    return item, link


async def charge_item_end(uow: UnitOfWork, *, id: uuid.UUID, last_day: date, reason: str) -> ChargeItem:
    """Charge an item no longer after ``last_day``; what was billed stays."""
    item = await uow.load(ChargeItem, id, lock=True)
    grant = await uow.act(BILLERS, ChargeItem, item)
    if item.state == ChargeItemState.ENDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=item.state)
    if last_day < item.valid_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "lastDay", least=item.valid_from)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    former = item.state
    item.valid_to = last_day
    if last_day < uow.today:
        item.state = ChargeItemState.ENDED.value
    item.version += 1
    await uow.audit("chargeItemEnd", item, grant=grant, reason=reason, from_state=former, to_state=item.state)
    return item


async def current_posting(uow: UnitOfWork, item: ChargeItem) -> uuid.UUID:
    """The link to a posting that hangs today and shows the item at its price or a higher one (FEE-7).

    A board's new version carries the item on when it still shows it; the link says which version a bill rested on.
    ``ITEM_NOT_DISCLOSED`` without any, ``PRICE_ABOVE_DISCLOSED`` when all show less.
    """
    return (await _link(uow, item, *await shown_by(uow, item))).id


async def shown_by(uow: UnitOfWork, item: ChargeItem) -> tuple[uuid.UUID, int]:
    """The posting that hangs today and shows an item, and the price in fen that it shows; refuses as ``current_posting``."""
    hanging = await _hanging(uow, item) if item.state == ChargeItemState.DISCLOSED else []
    if not hanging:
        raise Refusal(ErrorCode.ITEM_NOT_DISCLOSED, "chargeItemId")
    for disclosure_id, price in hanging:
        if item.unit_price <= price:
            return disclosure_id, price
    raise Refusal(
        ErrorCode.PRICE_ABOVE_DISCLOSED, "chargeItemId", price_fen=item.unit_price, disclosed_fen=hanging[0][1]
    )


async def _hanging(uow: UnitOfWork, item: ChargeItem) -> list[tuple[uuid.UUID, int]]:
    """The postings of the item's area that hang today and show it, newest first, each with the price that it shows."""
    price = Disclosure.content["prices"][item.code]
    rows = await uow.session.execute(
        select(Disclosure.id, price)
        .join(DisclosureEntry, DisclosureEntry.current_id == Disclosure.id)
        .where(
            Disclosure.county == uow.county,
            DisclosureEntry.county == uow.county,
            DisclosureEntry.area_id == item.area_id,
            Disclosure.withdrawn.is_(False),
            Disclosure.valid_from <= uow.today,
            or_(Disclosure.valid_to.is_(None), Disclosure.valid_to >= uow.today),
            price.is_not(None),
        )
        .order_by(Disclosure.posted_on.desc(), Disclosure.id.desc())
    )
    # Content is free in form: only a whole number of fen counts as a price.
    return [(found, shown) for found, shown in rows if type(shown) is int and shown > 0]


async def _link(uow: UnitOfWork, item: ChargeItem, disclosure_id: uuid.UUID, price: int) -> ChargeItemDisclosure:
    found = await uow.session.scalar(
        select(ChargeItemDisclosure).where(
            ChargeItemDisclosure.county == uow.county,
            ChargeItemDisclosure.charge_item_id == item.id,
            ChargeItemDisclosure.disclosure_id == disclosure_id,
        )
    )
    if found is None:
        found = ChargeItemDisclosure(
            county=uow.county,
            id=new_id(),
            charge_item_id=item.id,
            disclosure_id=disclosure_id,
            unit_price=price,
            created_at=uow.now,
        )
        uow.session.add(found)
        await uow.session.flush()
    return found
