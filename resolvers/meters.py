"""Meters and their readings, and public costs shared out among the units (公摊, TQ-69, FEE-8)."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import aliased

from domain.bills import BILLERS, ChargeBasis, ChargeItemState
from domain.contracts import IN_FORCE
from domain.disclosures import DisclosureItem
from domain.errors import ErrorCode, Refusal
from domain.meters import MeterKind, Weighting, check_shared, shares
from domain.money import format_fen
from domain.roles import COMPANY
from models.base import new_id
from models.contracts import ServiceContract
from models.disclosures import Disclosure
from models.estates import Building, PropertyArea, Unit
from models.fees import ChargeItem
from models.meters import Meter, MeterReading, SharedCost, SharedCostPart
from resolvers import documents as papers
from resolvers.bill_runs import applies_to
from resolvers.disclosures import About, Posting, put_up
from resolvers.unit_of_work import UnitOfWork

MOST_MULTIPLIER = 100_000


async def meter_register(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    kind: MeterKind,
    code: str,
    unit_id: uuid.UUID | None = None,
    building_id: uuid.UUID | None = None,
    multiplier: int = 1,
) -> Meter:
    """Register a unit's meter, or a common one of a building or the area (meterRegister).

    By the company that serves the area (``FORBIDDEN_ROLE``). ``ALREADY_REGISTERED``: the area has a meter of this code;
    ``NOT_FOUND``: a unit or building of another area; ``INVALID_INPUT``: both of them.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(COMPANY, PropertyArea, area)
    if unit_id is not None and building_id is not None:
        raise Refusal(ErrorCode.INVALID_INPUT, "buildingId")
    for field, model, row_id in (("unitId", Unit, unit_id), ("buildingId", Building, building_id)):
        if row_id is not None and (await uow.load(model, row_id, field=field)).area_id != area.id:  # type: ignore[attr-defined]
            raise Refusal(ErrorCode.NOT_FOUND, field)
    if not code.strip():
        raise Refusal(ErrorCode.REQUIRED, "code")
    if not 1 <= multiplier <= MOST_MULTIPLIER:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "multiplier", least=1, most=MOST_MULTIPLIER)
    serves = await uow.session.scalar(
        select(ServiceContract.id).where(
            ServiceContract.county == uow.county,
            ServiceContract.area_id == area.id,
            ServiceContract.company_id == grant.company_id,
            ServiceContract.state.in_(sorted(IN_FORCE)),
        )
    )
    if serves is None or grant.company_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "areaId")
    taken = select(Meter.id).where(Meter.county == uow.county, Meter.area_id == area.id, Meter.code == code.strip())
    if await uow.session.scalar(taken) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "code")
    meter = Meter(
        county=uow.county,
        id=new_id(),
        area_id=area.id,
        company_id=grant.company_id,
        unit_id=unit_id,
        building_id=building_id,
        township=area.township,
        community=area.community,
        kind=MeterKind(kind).value,
        code=code.strip(),
        multiplier=multiplier,
    )
    uow.session.add(meter)
    await uow.audit("meterRegister", meter, grant=grant)
    return meter


async def meter_end(uow: UnitOfWork, *, id: uuid.UUID, last_day: date) -> Meter:
    """Take a meter out of use after a day (meterEnd); its readings stay and are billed."""
    meter = await uow.load(Meter, id, lock=True)
    grant = await uow.act(COMPANY, Meter, meter)
    if meter.ended_on is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state="ENDED")
    meter.ended_on = last_day
    await uow.audit("meterEnd", meter, grant=grant)
    return meter


async def meter_reading_record(
    uow: UnitOfWork,
    *,
    meter_id: uuid.UUID,
    read_on: date,
    value: int,
    photo_id: uuid.UUID | None = None,
    corrects_id: uuid.UUID | None = None,
    note: str | None = None,
) -> MeterReading:
    """Record what a meter shows, in 0.01 of its unit (meterReadingRecord), or correct a reading by another of its day.

    Refuses ``OUT_OF_RANGE`` for a day to come and for less than the reading before or more than the one after it,
    ``NOT_FOUND`` for a reading of another meter, ``ACTION_NOT_AVAILABLE`` for one that was corrected and on a meter out of use.
    """
    meter = await uow.load(Meter, meter_id, lock=True, field="meterId")
    grant = await uow.act(COMPANY, Meter, meter)
    if read_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "readOn", most=uow.today)
    if meter.ended_on is not None and read_on > meter.ended_on:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "meterId", state="ENDED")
    standing = {reading.id: reading for reading in await standing_readings(uow, meter)}
    if corrects_id is not None:
        wrong = await uow.load(MeterReading, corrects_id, field="correctsId")
        if wrong.meter_id != meter.id or wrong.read_on != read_on:
            raise Refusal(ErrorCode.NOT_FOUND, "correctsId")
        if standing.pop(wrong.id, None) is None:
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "correctsId", state="CORRECTED")
    least = max((one.value for one in standing.values() if one.read_on <= read_on), default=0)
    most = min((one.value for one in standing.values() if one.read_on > read_on), default=None)
    if value < least or (most is not None and value > most):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "value", least=least, most=most)
    reading = MeterReading(
        county=uow.county,
        id=new_id(),
        meter_id=meter.id,
        read_on=read_on,
        value=value,
        photo_id=photo_id,
        corrects_id=corrects_id,
        note=(note or "").strip() or None,
        read_by=uow.actor.account_id,
        at=uow.now,
    )
    if photo_id is not None:
        await papers.attach(uow, [photo_id], meter, field="photoId")
    uow.session.add(reading)
    await uow.audit("meterReadingRecord", meter, grant=grant, detail={"value": value})
    return reading


async def standing_readings(uow: UnitOfWork, meter: Meter) -> list[MeterReading]:
    """A meter's readings that no other corrects, by day."""
    correction = aliased(MeterReading)
    corrected = select(correction.id).where(correction.county == uow.county, correction.corrects_id == MeterReading.id)
    found = (
        select(MeterReading)
        .where(MeterReading.county == uow.county, MeterReading.meter_id == meter.id, ~corrected.exists())
        .order_by(MeterReading.read_on, MeterReading.id)
    )
    return list((await uow.session.scalars(found)).all())


async def shared_cost_record(
    uow: UnitOfWork,
    *,
    charge_item_id: uuid.UUID,
    period_from: date,
    period_to: date,
    weighting: Weighting,
    invoiced: int,
    amount: int,
    objection_contact: str,
    building_id: uuid.UUID | None = None,
    quantity: int | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> tuple[SharedCost, Disclosure]:
    """Share a public cost out, to the fen, and post it on the area's board (sharedCostRecord, TQ-69); a bill run charges it.

    ``invoiced`` is what the supplier charged; more than that is shared out to nobody (``CHARGE_FORBIDDEN``, FEE-8).
    ``INVALID_INPUT`` for an item of another basis, ``ITEM_NOT_DISCLOSED`` for one that was not posted,
    ``ALREADY_REGISTERED`` where the period and place were shared before.
    """
    item = await uow.load(ChargeItem, charge_item_id, lock=True, field="chargeItemId")
    grant = await uow.act(BILLERS, ChargeItem, item)
    if item.basis != ChargeBasis.SHARED:
        raise Refusal(ErrorCode.INVALID_INPUT, "chargeItemId")
    if item.state != ChargeItemState.DISCLOSED:
        raise Refusal(ErrorCode.ITEM_NOT_DISCLOSED, "chargeItemId")
    if period_to < period_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "periodTo", least=period_from)
    check_shared(amount, invoiced)
    if building_id is not None and (await uow.load(Building, building_id, field="buildingId")).area_id != item.area_id:
        raise Refusal(ErrorCode.NOT_FOUND, "buildingId")
    before = await uow.session.scalar(
        select(SharedCost.id).where(
            SharedCost.county == uow.county,
            SharedCost.charge_item_id == item.id,
            SharedCost.period_from <= period_to,
            SharedCost.period_to >= period_from,
            SharedCost.building_id.is_not_distinct_from(building_id),
        )
    )
    if before is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "periodFrom")
    parts = shares(amount, await _sharing(uow, item, building_id), Weighting(weighting))
    area = await uow.session.get_one(PropertyArea, (uow.county, item.area_id))
    cost_id = new_id()
    posting = Posting(
        title=f"公摊费用公示 {item.name}",
        body=f"{period_from:%Y-%m-%d}至{period_to:%Y-%m-%d}，供应单位收费{format_fen(invoiced)}，"
        f"本期公摊{format_fen(amount)}，{len(parts)}户，{'按面积' if weighting == Weighting.AREA else '按户'}分摊。",
        objection_contact=objection_contact,
        content={"invoiced": invoiced, "amount": amount, "units": len(parts), "quantity": quantity},
    )
    disclosure = await put_up(
        uow, area, DisclosureItem.UTILITY_SHARES, posting, grant=grant, about=About("shared_cost", cost_id)
    )
    await uow.session.flush()
    cost = SharedCost(
        county=uow.county,
        id=cost_id,
        charge_item_id=item.id,
        area_id=item.area_id,
        company_id=item.company_id,
        building_id=building_id,
        township=item.township,
        community=item.community,
        period_from=period_from,
        period_to=period_to,
        weighting=Weighting(weighting).value,
        invoiced=invoiced,
        amount=amount,
        quantity=quantity,
        units=len(parts),
        disclosure_id=disclosure.id,
        recorded_by=uow.actor.account_id,
    )
    uow.session.add(cost)
    await uow.session.flush()  # its parts and papers name it
    await papers.attach(uow, document_ids, cost)
    uow.session.add_all(
        SharedCostPart(
            county=uow.county,
            id=new_id(),
            cost_id=cost.id,
            unit_id=uuid.UUID(unit_id),
            charge_item_id=item.id,
            period_from=period_from,
            amount=fen,
        )
        for unit_id, fen in parts.items()
    )
    await uow.audit("sharedCostRecord", cost, grant=grant, detail={"amount": amount, "invoiced": invoiced})
    return cost, disclosure


async def _sharing(uow: UnitOfWork, item: ChargeItem, building_id: uuid.UUID | None) -> list[tuple[str, int]]:
    """The units that share, with their chargeable areas, in a fixed order."""
    place = Unit.area_id == item.area_id if building_id is None else Unit.building_id == building_id
    rows = await uow.session.execute(
        select(Unit.id, Unit.chargeable_area)
        .where(Unit.county == uow.county, place, applies_to(uow, item))
        .order_by(Unit.id)
    )
    return [(str(unit_id), area or 0) for unit_id, area in rows]
