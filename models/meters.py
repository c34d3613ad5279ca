"""Meters, their readings, and public utility costs with everybody's share (公摊, TQ-69)."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.meters import MeterKind, Weighting
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique
from models.cases import APPEND_ONLY


class Meter(CountyRow):
    """A meter of a unit, or a common one of a building or an area."""

    __tablename__ = "meter"
    __table_args__ = (
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("unit_id", "unit"),
        link("building_id", "building"),
        unique("area_id", "code"),
        index("unit_id", "id"),
        index("building_id"),
        index("company_id", "id"),
        index("township", "id"),
        index("community", "id"),
        one_of("kind", MeterKind),
        CheckConstraint("multiplier BETWEEN 1 AND 100000", name="multiplier_positive"),
        CheckConstraint("num_nonnulls(unit_id, building_id) <= 1", name="one_place"),
    )

    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    """Who reads it."""
    unit_id: Mapped[uuid.UUID | None]
    building_id: Mapped[uuid.UUID | None]
    township: Mapped[str]
    community: Mapped[str]
    kind: Mapped[str]
    code: Mapped[str]
    """What stands on it; unique in the area."""
    multiplier: Mapped[int] = mapped_column(server_default="1", default=1)
    """By what its count is multiplied (倍率)."""
    ended_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class MeterReading(CountyRow):
    """What a meter showed on a day. Never changed: a wrong one is corrected by another reading of the same day."""

    __tablename__ = "meter_reading"
    __table_args__ = (
        link("meter_id", "meter"),
        link("photo_id", "document"),
        link("corrects_id", "meter_reading"),
        index("meter_id", "read_on", "id"),
        index("photo_id"),
        unique("corrects_id", where=text("corrects_id IS NOT NULL"), name="uq_meter_reading_corrected_once"),
        CheckConstraint("value >= 0", name="value_not_negative"),
        APPEND_ONLY,
    )

    meter_id: Mapped[uuid.UUID]
    read_on: Mapped[date]
    value: Mapped[int] = mapped_column(BigInteger)
    """In 0.01 of the meter's unit."""
    photo_id: Mapped[uuid.UUID | None]
    corrects_id: Mapped[uuid.UUID | None]
    note: Mapped[str | None]
    read_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]


class SharedCost(CountyRow):
    """A public utility cost of a period that the units of an area or a building share (公摊费用)."""

    __tablename__ = "shared_cost"
    __table_args__ = (
        link("charge_item_id", "charge_item"),
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("building_id", "building"),
        link("disclosure_id", "disclosure"),
        index("charge_item_id", "period_from", "id"),
        index("area_id", "id"),
        index("building_id"),
        index("company_id", "id"),
        index("disclosure_id"),
        index("township", "id"),
        index("community", "id"),
        one_of("weighting", Weighting),
        CheckConstraint("amount BETWEEN 1 AND invoiced", name="no_fee_on_top"),
        CheckConstraint("period_to >= period_from", name="period_in_order"),
        APPEND_ONLY,
    )

    charge_item_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    building_id: Mapped[uuid.UUID | None]
    """Null: all units of the area share it."""
    township: Mapped[str]
    community: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    weighting: Mapped[str]
    invoiced: Mapped[Fen]
    """What the supplier charged for it."""
    amount: Mapped[Fen]
    """What is shared out."""
    quantity: Mapped[int | None] = mapped_column(BigInteger)
    """Public consumption in 0.01 of the unit, where meters say it."""
    units: Mapped[int]
    disclosure_id: Mapped[uuid.UUID]
    """The posting on the area's board (TQ-69)."""
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


class SharedCostPart(CountyRow):
    """What one unit bears of a shared cost; the parts come to the cost."""

    __tablename__ = "shared_cost_part"
    __table_args__ = (
        link("cost_id", "shared_cost"),
        link("unit_id", "unit"),
        link("charge_item_id", "charge_item"),
        unique("cost_id", "unit_id"),
        index("unit_id", "id"),
        index("charge_item_id", "period_from", "unit_id"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        APPEND_ONLY,
    )

    cost_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    charge_item_id: Mapped[uuid.UUID]
    period_from: Mapped[date]
    """Copied from its cost, so that a bill run finds it by item, period and unit."""
    amount: Mapped[Fen]
    created_at: Mapped[CreatedAt]
