"""Charge items: defined by the company from its contract, disclosed, ended. Nothing else may be billed (TQ-73, ZD-47)."""

import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from domain.bills import BILLERS, ChargeBasis, ChargeCategory, ChargeItemState
from domain.contracts import ContractKind, ContractState
from domain.errors import ErrorCode, Refusal
from domain.estates import UnitUse
from domain.fees import check_price
from domain.profiles.parameters import BuildingType
from models.base import new_id
from models.contracts import ServiceContract
from models.disclosures import Disclosure, DisclosureEntry
from models.fees import ChargeItem, ChargeItemDisclosure
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
    replaces_id: uuid.UUID | None = None,
) -> ChargeItem:
    """Define what the company charges under its contract: price in fen a month (for ``ONCE`` altogether), grade and content.

    It can be billed once it is disclosed. Where the profile lists the charge under guide price, the price is checked
    against the ceiling for the star: ``PRICE_ABOVE_CEILING`` (FEE-5, GT-44, TQ-57). ``CHARGE_FORBIDDEN``: FEE-8.
    ``ALREADY_REGISTERED``: the area has an item of this code. ``replaces_id`` ends the item before on the eve.
    """
    contract = await uow.load(ServiceContract, contract_id, field="contractId")
    grant = await uow.act(BILLERS, ServiceContract, contract)
    if contract.state in _OVER:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "contractId", state=contract.state)
    for field, value in (("code", code), ("name", name), ("serviceContent", service_content)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    _check_ranges(valid_from, valid_to, period_months, due_days, star, late_fee_rate)
    guided = check_price(
        uow.profile,
        contract=ContractKind(contract.kind),
        category=ChargeCategory(category),
        building_type=BuildingType(building_type) if building_type else None,
        star=star,
        unit_price=unit_price,
    )
    taken = await uow.session.scalar(
        select(ChargeItem.id).where(
            ChargeItem.county == uow.county, ChargeItem.area_id == contract.area_id, ChargeItem.code == code
        )
    )
    if taken is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "code")
    if replaces_id is not None:
        await _replace(uow, replaces_id, contract, valid_from)
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
        unit_use=UnitUse(unit_use).value if unit_use else None,
        unit_price=unit_price,
        period_months=period_months,
        due_days=due_days,
        star=star,
        building_type=BuildingType(building_type).value if building_type else None,
        guide_price=guided is not None,
        late_fee_rate=late_fee_rate,
        service_content=service_content,
        valid_from=valid_from,
        valid_to=valid_to,
        state=ChargeItemState.DEFINED.value,
        version=1,
    )
    uow.session.add(item)
    await uow.audit("chargeItemDefine", item, grant=grant, to_state=item.state, detail={"unitPrice": unit_price})
    return item


def _check_ranges(
    valid_from: date,
    valid_to: date | None,
    period_months: int,
    due_days: int,
    star: int | None,
    late_fee_rate: int | None,
) -> None:
    if valid_to is not None and valid_to < valid_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validTo", least=valid_from)
    ranges: list[tuple[str, int | None, int, int]] = [
        ("periodMonths", period_months, 1, 12),
        ("dueDays", due_days, 0, 366),
        ("star", star, 1, 5),
        ("lateFeeRate", late_fee_rate, 1, 1000),
    ]
    for field, value, least, most in ranges:
        if value is not None and not least <= value <= most:
            raise Refusal(ErrorCode.OUT_OF_RANGE, field, least=least, most=most)


async def _replace(uow: UnitOfWork, item_id: uuid.UUID, contract: ServiceContract, from_day: date) -> None:
    before = await uow.load(ChargeItem, item_id, lock=True, field="replacesId")
    if (before.area_id, before.company_id) != (contract.area_id, contract.company_id):
        raise Refusal(ErrorCode.NOT_FOUND, "replacesId")
    if before.valid_from >= from_day:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validFrom", least=before.valid_from + timedelta(days=1))
    before.valid_to = from_day - timedelta(days=1)
    before.version += 1


async def charge_item_disclose(
    uow: UnitOfWork, *, id: uuid.UUID, disclosure_id: uuid.UUID
) -> tuple[ChargeItem, ChargeItemDisclosure]:
    """Say which current posting on the area's board shows the item; from then on it can be billed (ZS-26, TQ-69, TQ-73).

    The posting's content names prices by item code (``{"prices": {"WY-01": 120}}``, fen). ``ITEM_NOT_DISCLOSED`` when it is
    of another area, no longer current, or does not show the item; ``PRICE_ABOVE_DISCLOSED`` when it shows a lower price.
    """
    item = await uow.load(ChargeItem, id, lock=True)
    grant = await uow.act(BILLERS, ChargeItem, item)
    if item.state == ChargeItemState.ENDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=item.state)
    disclosure = await uow.load(Disclosure, disclosure_id, field="disclosureId")
    price = shown_price(disclosure.content, item.code)
    if disclosure.area_id != item.area_id or price is None or not await _is_current(uow, disclosure.id):
        raise Refusal(ErrorCode.ITEM_NOT_DISCLOSED, "disclosureId")
    if item.unit_price > price:
        raise Refusal(ErrorCode.PRICE_ABOVE_DISCLOSED, "disclosureId", price_fen=item.unit_price, disclosed_fen=price)
    linked = await uow.session.scalar(
        select(ChargeItemDisclosure).where(
            ChargeItemDisclosure.county == uow.county,
            ChargeItemDisclosure.charge_item_id == item.id,
            ChargeItemDisclosure.disclosure_id == disclosure.id,
        )
    )
    if linked is not None:
        return item, linked
    linked = ChargeItemDisclosure(
        county=uow.county,
        id=new_id(),
        charge_item_id=item.id,
        disclosure_id=disclosure.id,
        unit_price=price,
        created_at=uow.now,
    )
    uow.session.add(linked)
    former, item.state = item.state, ChargeItemState.DISCLOSED.value
    item.version += 1
    await uow.audit("chargeItemDisclose", item, grant=grant, from_state=former, to_state=item.state)
    return item, linked


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


def shown_price(content: Any, code: str) -> int | None:
    """The price in fen that a posting's content shows for an item; ``None`` when it does not show it."""
    prices = content.get("prices") if isinstance(content, dict) else None
    price = prices.get(code) if isinstance(prices, dict) else None
    return price if isinstance(price, int) and not isinstance(price, bool) and price > 0 else None


def _current(today: date) -> list[Any]:
    """Conditions under which a posting hangs on the board today."""
    return [
        DisclosureEntry.county == Disclosure.county,
        DisclosureEntry.id == Disclosure.entry_id,
        DisclosureEntry.current_id == Disclosure.id,
        Disclosure.withdrawn.is_(False),
        Disclosure.valid_from <= today,
        or_(Disclosure.valid_to.is_(None), Disclosure.valid_to >= today),
    ]


async def _is_current(uow: UnitOfWork, disclosure_id: uuid.UUID) -> bool:
    found = await uow.session.scalar(
        select(Disclosure.id)
        .select_from(Disclosure)
        .join(DisclosureEntry, DisclosureEntry.id == Disclosure.entry_id)
        .where(
            Disclosure.county == uow.county,
            DisclosureEntry.county == uow.county,
            Disclosure.id == disclosure_id,
            *_current(uow.today),
        )
    )
    return found is not None


async def current_posting(uow: UnitOfWork, item: ChargeItem) -> uuid.UUID:
    """The link to a posting that hangs today and shows the item at its price or a higher one (FEE-7).

    ``ITEM_NOT_DISCLOSED`` without any, ``PRICE_ABOVE_DISCLOSED`` when all show less.
    """
    rows = (
        await uow.session.execute(
            select(ChargeItemDisclosure.id, ChargeItemDisclosure.unit_price)
            .select_from(ChargeItemDisclosure)
            .join(Disclosure, Disclosure.id == ChargeItemDisclosure.disclosure_id)
            .join(DisclosureEntry, DisclosureEntry.id == Disclosure.entry_id)
            .where(
                ChargeItemDisclosure.county == uow.county,
                Disclosure.county == uow.county,
                DisclosureEntry.county == uow.county,
                ChargeItemDisclosure.charge_item_id == item.id,
                *_current(uow.today),
            )
            .order_by(ChargeItemDisclosure.created_at.desc(), ChargeItemDisclosure.id.desc())
        )
    ).all()
    if not rows or item.state != ChargeItemState.DISCLOSED:
        raise Refusal(ErrorCode.ITEM_NOT_DISCLOSED, "chargeItemId")
    for link_id, price in rows:
        if item.unit_price <= price:
            return link_id  # type: ignore[no-any-return]
    raise Refusal(
        ErrorCode.PRICE_ABOVE_DISCLOSED, "chargeItemId", price_fen=item.unit_price, disclosed_fen=rows[0].unit_price
    )
