"""Refunds of the fund: the rest of a unit's account when the unit is gone (FUND-7)."""

import uuid

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.payment_instructions import PayoutState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class FundRefund(CountyRow):
    """What is paid back to the owner of a unit that was destroyed; its transaction is the instruction's."""

    __tablename__ = "fund_refund"
    __table_args__ = (
        link("unit_id", "unit"),
        link("area_id", "property_area"),
        link("instruction_id", "payment_instruction"),
        unique("unit_id", where=text("state = 'INSTRUCTED'"), name="uq_fund_refund_under_way"),
        unique("instruction_id"),
        index("unit_id", "id"),
        index("area_id", "id"),
        index("created_at", "id"),
        one_of("state", PayoutState),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    unit_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID | None]
    basis: Mapped[str]
    """How it is known that the unit is gone, in words; the papers are attached."""
    amount: Mapped[Fen]
    state: Mapped[str] = mapped_column(server_default=PayoutState.INSTRUCTED, default=PayoutState.INSTRUCTED.value)
    instruction_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
