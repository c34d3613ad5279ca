"""Owners' choices of who manages their maintenance fund (FUND-6)."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.custody import AccountHolder
from domain.custody_choices import CustodyChoiceState
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of, unique


class CustodyChoice(CountyRow):
    """One decision of an area's assembly: to manage its fund in its own supervised account, or to leave it to the bureau."""

    __tablename__ = "custody_choice"
    __table_args__ = (
        link("area_id", "property_area"),
        link("vote_id", "vote"),
        one_of("holder", AccountHolder),
        one_of("state", CustodyChoiceState),
        unique("area_id", where=text("state IN ('PROPOSED', 'DECIDED')"), name="uq_custody_choice_open"),
        index("area_id", "id"),
        index("vote_id"),
        CheckConstraint("state <> 'DECIDED' OR transfer_due_on IS NOT NULL", name="transfer_has_day"),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    holder: Mapped[str]
    """Who shall manage it."""
    vote_id: Mapped[uuid.UUID]
    state: Mapped[str] = mapped_column(
        server_default=CustodyChoiceState.PROPOSED, default=CustodyChoiceState.PROPOSED.value
    )
    decided_on: Mapped[date | None]
    transfer_due_on: Mapped[date | None]
    """By when the money is there; null where it is already."""
    carried_out_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
