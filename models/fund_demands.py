"""Demands for deposits to the maintenance fund (应缴), each with the code that money comes under (FUND-1 to FUND-3)."""

import uuid
from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.fund_demands import DemandPayer, DemandPurpose, DemandState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class FundDemand(CountyRow):
    """What somebody has to pay into the account of a unit, of a building's former landlord, or of an area."""

    __tablename__ = "fund_demand"
    __table_args__ = (
        link("unit_id", "unit"),
        link("building_id", "building"),
        link("area_id", "property_area"),
        link("estate_id", "estate"),
        unique("code"),
        unique(
            "unit_id",
            where=text("purpose = 'FIRST' AND state <> 'CANCELLED'"),
            name="uq_fund_demand_first",
        ),
        index("unit_id", "id"),
        index("building_id", "id"),
        index("area_id", "issued_on", "id"),
        index("estate_id"),
        index("township", "issued_on", "id"),
        index("community", "issued_on", "id"),
        index("issued_on", "id"),
        index("due_on", "id"),
        index("updated_at", "id"),
        one_of("purpose", DemandPurpose),
        one_of("payer", DemandPayer),
        one_of("state", DemandState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("paid >= 0 AND paid <= amount", name="paid_within_amount"),
        CheckConstraint("(state = 'PAID') = (paid = amount)", name="paid_whole"),
        CheckConstraint("(state = 'CANCELLED') = (cancelled_for IS NOT NULL)", name="cancelled_with_reason"),
        CheckConstraint("num_nonnulls(unit_id, building_id, area_id) > 0", name="account_named"),
    )

    code: Mapped[str]
    """The payment code (缴款码), 16 digits, of this demand alone."""
    purpose: Mapped[str]
    payer: Mapped[str]
    payer_name: Mapped[str | None]
    """The developer, former landlord or firm that pays; an owner is not named here."""
    unit_id: Mapped[uuid.UUID | None]
    building_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID | None]
    """The property area, which names the bank account; null where the building has none yet."""
    estate_id: Mapped[uuid.UUID | None]
    township: Mapped[str]
    community: Mapped[str]
    charged_area: Mapped[int | None] = mapped_column(BigInteger)
    """The building area that the rate was applied to, in 0.01 m²."""
    rate: Mapped[int | None] = mapped_column(BigInteger)
    """Fen per m²; null for amounts that no rate gives."""
    profile_version: Mapped[str]
    """The county's profile that gave the rate."""
    basis: Mapped[str]
    """What the amount rests on, in words."""
    amount: Mapped[Fen]
    paid: Mapped[Fen] = mapped_column(server_default="0", default=0)
    issued_on: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=DemandState.OPEN)
    cancelled_for: Mapped[str | None]
    pressed_on: Mapped[date | None]
    """When it was demanded in writing, because it was not paid in time (书面催交, FUND-8)."""
    press_due_on: Mapped[date | None]
    posted_on: Mapped[date | None]
    """When the unit was first posted, masked, as not having paid."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
