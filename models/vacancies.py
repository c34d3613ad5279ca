"""Vacant units (空置): from when to when, as the company recorded it on paper (FEE-4)."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import CountyRow, CreatedAt, UpdatedAt, index, link


class UnitVacancy(CountyRow):
    """A time in which nobody uses a unit. One that was recorded wrongly ends on the eve of its first day."""

    __tablename__ = "unit_vacancy"
    __table_args__ = (
        link("unit_id", "unit"),
        link("company_id", "company"),
        link("area_id", "property_area"),
        index("unit_id", "vacant_from", "id"),
        index("company_id", "vacant_from", "id"),
        index("area_id", "vacant_from", "id"),
        index("township", "vacant_from", "id"),
        index("community", "vacant_from", "id"),
        index("vacant_from", "id"),
        CheckConstraint("vacant_to >= vacant_from - 1", name="dates_in_order"),
    )

    unit_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    vacant_from: Mapped[date]
    vacant_to: Mapped[date | None]
    """The last day; null: until further notice."""
    note: Mapped[str]
    """What it rests on: the owner's application, what was seen on the spot."""
    end_reason: Mapped[str | None]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
