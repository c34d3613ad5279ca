"""Payments and how they were spread over bills (FEE-11). Money in is never edited: it is reversed."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.payments import Channel, PaymentState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique

IN_A_DRAWER = text(
    "recorded_by IS NOT NULL AND (daily_close_id IS NULL OR state = 'REVERSED' AND reversal_close_id IS NULL)"
)
"""What some cashier's next close counts: an index of few rows, in which banks' payments never are."""


class Payment(CountyRow):
    """Money that came in for one unit's bills of one company (缴费): allocated to bills, ``prepaid`` or ``refunded``."""

    __tablename__ = "payment"
    __table_args__ = (
        link("unit_id", "unit"),
        link("company_id", "company"),
        link("area_id", "property_area"),
        link("transaction_id", "ledger_transaction"),
        link("daily_close_id", "daily_close"),
        link("reversal_close_id", "daily_close"),
        unique("channel", "issuer", "reference"),
        index("unit_id", "received_on", "id"),
        index("company_id", "received_on", "id"),
        index("area_id", "received_on", "id"),
        index("recorded_by_client", "received_on", "id"),
        index("township", "received_on", "id"),
        index("community", "received_on", "id"),
        index("received_on", "id"),
        index("company_id", "recorded_by", name="ix_payment_drawer", where=IN_A_DRAWER),
        one_of("channel", Channel),
        one_of("state", PaymentState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("prepaid >= 0 AND refunded >= 0 AND prepaid + refunded <= amount", name="parts_within_amount"),
        CheckConstraint("(state = 'REVERSED') = (reversed_at IS NOT NULL)", name="reversed_whole"),
        CheckConstraint("(recorded_by IS NULL) <> (recorded_by_client IS NULL)", name="one_recorder"),
    )

    unit_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    channel: Mapped[str]
    issuer: Mapped[str]
    """Who gave ``reference``: the bank's client id, or the company's id."""
    reference: Mapped[str]
    """The bank's transaction number or the receipt's number; one payment each."""
    amount: Mapped[Fen]
    prepaid: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What no bill took: it stays the unit's money until a bill does."""
    refunded: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What was paid back of it."""
    payer_name: Mapped[str | None]
    """Who paid, as the bank or the cashier wrote it."""
    received_on: Mapped[date]
    recorded_by: Mapped[uuid.UUID | None]
    recorded_by_client: Mapped[str | None]
    transaction_id: Mapped[uuid.UUID]
    state: Mapped[str] = mapped_column(server_default=PaymentState.SUCCEEDED)
    reversal_reason: Mapped[str | None]
    reversed_at: Mapped[datetime | None]
    daily_close_id: Mapped[uuid.UUID | None]
    """The cashier's closed day that counts it; null until the next close."""
    reversal_close_id: Mapped[uuid.UUID | None]
    """The closed day that counts its being taken back."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Allocation(CountyRow):
    """A part of a payment that settles a bill; a reversal adds the same part with the other sign."""

    __tablename__ = "allocation"
    __table_args__ = (
        link("payment_id", "payment"),
        link("bill_id", "fee_bill"),
        index("payment_id", "id"),
        index("bill_id", "id"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        {"info": {"append_only": True}},
    )

    payment_id: Mapped[uuid.UUID]
    bill_id: Mapped[uuid.UUID]
    amount: Mapped[Fen]
    """Fen; negative where a payment was reversed or a bill released what it had taken."""
    occurred_on: Mapped[date]
    created_at: Mapped[CreatedAt]
