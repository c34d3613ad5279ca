"""Meters, readings and shared costs as clients see them, and what companies do about them (公摊, TQ-69)."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.meters import MeterKind, Weighting
from models import meters as models
from resolvers import meters
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import given, inputs, intent, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.companies import Company
    from schema.disclosures import Disclosure
    from schema.documents import Document
    from schema.estates import Building, Unit
    from schema.fees import ChargeItem

for _enumeration in (MeterKind, Weighting):
    described(_enumeration)


@filters("Which meters. All given conditions must hold.")
class MeterFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    unit: strawberry.ID | None = of("Unit", "unit_id", "Of this unit.")
    code: str | None = equal("code", "With this code.")
    updated_since: DateTime | None = since()


@entity(
    models.Meter,
    "A meter (计量表) of a unit, or a common one.",
    orders=orders("MeterOrder", "How meters are ordered.", NEWEST=(descending(models.Meter.id), "Latest first.")),
    filters=MeterFilter,
)
class Meter:
    kind: MeterKind = column(models.Meter.kind, "What it counts.")
    code: str = column(models.Meter.code, "What stands on it.")
    multiplier: int = column(models.Meter.multiplier, "By what its count is multiplied (倍率).")
    ended_on: datetime.date | None = column(models.Meter.ended_on, "The last day of its use.")
    area: "PropertyArea | None" = one(models.Meter.area_id, "The property area.")
    company: "Company | None" = one(models.Meter.company_id, "Who reads it.")
    unit: "Unit | None" = one(models.Meter.unit_id, "Whose it is; null for a common one.")
    building: "Building | None" = one(models.Meter.building_id, "The building of a common one, if it has one.")
    readings: Connection["MeterReading"] = many(models.MeterReading.meter_id, "Its readings, latest first.")


@entity(
    models.MeterReading,
    "What a meter showed on a day. Never changed; a wrong one is corrected by another.",
    orders=orders(
        "MeterReadingOrder",
        "How readings are ordered.",
        NEWEST=(descending(models.MeterReading.read_on), "Latest first."),
    ),
)
class MeterReading:
    read_on: datetime.date = column(models.MeterReading.read_on, "On which day.")
    value: int = column(models.MeterReading.value, "In 0.01 of the meter's unit.")
    photo: "Document | None" = one(models.MeterReading.photo_id, "The photo.")
    corrects: "MeterReading | None" = one(models.MeterReading.corrects_id, "The reading that it corrects.")
    note: str | None = column(models.MeterReading.note, "In words.")
    at: DateTime = column(models.MeterReading.at, "When it was recorded.")


@entity(
    models.SharedCost,
    "A public utility cost of a period that units share (公摊费用). It is posted on the area's board.",
    orders=orders(
        "SharedCostOrder", "How costs are ordered.", NEWEST=(descending(models.SharedCost.id), "Latest first.")
    ),
)
class SharedCost:
    item: "ChargeItem | None" = one(models.SharedCost.charge_item_id, "The charge item.")
    area: "PropertyArea | None" = one(models.SharedCost.area_id, "The property area.")
    building: "Building | None" = one(models.SharedCost.building_id, "Only this building shares it.")
    company: "Company | None" = one(models.SharedCost.company_id, "Who shares it out.")
    period_from: datetime.date = column(models.SharedCost.period_from, "First day of the period.")
    period_to: datetime.date = column(models.SharedCost.period_to, "Last day of the period.")
    weighting: Weighting = column(models.SharedCost.weighting, "By what it is shared.")
    invoiced: Fen = column(models.SharedCost.invoiced, "What the supplier charged.")
    amount: Fen = column(models.SharedCost.amount, "What is shared out; never more.")
    quantity: int | None = column(models.SharedCost.quantity, "Public consumption in 0.01 of the unit.")
    units: int = column(models.SharedCost.units, "How many units share it.")
    disclosure: "Disclosure | None" = one(models.SharedCost.disclosure_id, "The posting.")
    parts: Connection["SharedCostPart"] = many(
        models.SharedCostPart.cost_id, "Who bears what. Residents see the parts of their own units."
    )


@entity(
    models.SharedCostPart,
    "What one unit bears of a shared cost; the parts come to it, to the fen.",
    orders=orders(
        "SharedCostPartOrder", "How parts are ordered.", UNIT=(ascending(models.SharedCostPart.unit_id), "By unit.")
    ),
    sums={"amountSum": (models.SharedCostPart.amount, "All parts.")},
)
class SharedCostPart:
    unit: "Unit | None" = one(models.SharedCostPart.unit_id, "The unit.")
    amount: Fen = column(models.SharedCostPart.amount, "Its part.")


QUERIES = {
    "meters": listing("Meter", "Meters that the caller may see."),
    "sharedCosts": listing("SharedCost", "Shared costs that the caller may see."),
}


@inputs("Register a meter.", keyed=False)
class MeterRegisterInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    kind: MeterKind = given("What it counts.")
    code: str = given("What stands on it; unique in the area.")
    unit_id: strawberry.ID | None = ref("Unit", "The unit that it belongs to.")
    building_id: strawberry.ID | None = ref("Building", "The building that a common one belongs to.")
    multiplier: int | None = given("By what its count is multiplied; 1 when left out.")


@inputs("Take a meter out of use.", keyed=False)
class MeterEndInput:
    id: strawberry.ID = ref("Meter", "The meter.")
    last_day: datetime.date = given("The last day of its use.")


@inputs("One reading.", item=True)
class MeterReadingRecordItem:
    meter_id: strawberry.ID = ref("Meter", "The meter.")
    read_on: datetime.date = given("On which day.")
    value: int = given("In 0.01 of the meter's unit.")
    photo_id: strawberry.ID | None = ref("Document", "A confirmed photo.")
    corrects_id: strawberry.ID | None = ref("MeterReading", "The reading of that day that it corrects.")
    note: str | None = given("In words.")


@inputs("Record readings, up to 100.")
class MeterReadingRecordInput:
    items: list[MeterReadingRecordItem] = given("The readings.")


@inputs("Share a public cost out.")
class SharedCostRecordInput:
    charge_item_id: strawberry.ID = ref("ChargeItem", "The charge item, of the basis SHARED.")
    period_from: datetime.date = given("First day of the period.")
    period_to: datetime.date = given("Last day of the period.")
    weighting: Weighting = given("By area or by unit, as the contract says.")
    invoiced: Fen = given("What the supplier charged.")
    amount: Fen = given("What is shared out; not more than that (FEE-8).")
    objection_contact: str = given("Where an owner objects.")
    building_id: strawberry.ID | None = ref("Building", "Only this building's units share it.")
    quantity: int | None = given("Public consumption in 0.01 of the unit.")
    document_ids: list[strawberry.ID] | None = ref("Document", "The supplier's invoice.")


async def _read(uow, **item):  # type: ignore[no-untyped-def]
    return await meters.meter_reading_record(uow, **{name: value for name, value in item.items() if value is not None})


MUTATIONS = [
    act(
        "meterRegister",
        meters.meter_register,
        MeterRegisterInput,
        "Register a unit's meter or a common one. By the company.",
        {"meter": "Meter"},
        keyed=False,
    ),
    act("meterEnd", meters.meter_end, MeterEndInput, "Take a meter out of use.", {"meter": "Meter"}, keyed=False),
    intent(
        "meterReadingRecord",
        _read,
        MeterReadingRecordInput,
        "Record readings; a wrong one is corrected by a new one and never changed. By the company.",
        {"reading": "MeterReading"},
        items=MeterReadingRecordItem,
    ),
    act(
        "sharedCostRecord",
        meters.shared_cost_record,
        SharedCostRecordInput,
        "Share a public cost out to the fen and post it (TQ-69); no fee on top (FEE-8). By the company.",
        {"cost": "SharedCost", "disclosure": "Disclosure"},
    ),
]
