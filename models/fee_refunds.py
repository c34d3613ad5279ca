"""Refunds of fees: who asked for what, who decided, and how it went back (FEE-7)."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.fee_refunds import RefundState
from domain.payments import Channel
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of

_IN_A_DRAWER = text("cashier_id IS NOT NULL AND daily_close_id IS NULL")


class FeeRefund(CountyRow):
    """A refund (退费) of a part of one payment that no bill holds. Its id, without hyphens, is its number at a service."""

    __tablename__ = "fee_refund"
    __table_args__ = (
        link("payment_id", "payment"),
        link("unit_id", "unit"),
        link("company_id", "company"),
        link("area_id", "property_area"),
        link("transaction_id", "ledger_transaction"),
        link("daily_close_id", "daily_close"),
        index("payment_id", "id"),
        index("unit_id", "created_at", "id"),
        index("company_id", "created_at", "id"),
        index("area_id", "created_at", "id"),
        index("created_at", "id"),
        index("company_id", "cashier_id", where=_IN_A_DRAWER, name="ix_fee_refund_drawer"),
        one_of("state", RefundState),
        one_of("channel", Channel),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("(state = 'REQUESTED') = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint("decided_by <> requested_by", name="decided_by_another"),
        CheckConstraint(
            "state IN ('REQUESTED', 'REFUSED') OR transaction_id IS NOT NULL", name="granted_is_on_the_books"
        ),
    )

    payment_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    amount: Mapped[Fen]
    channel: Mapped[str]
    """The payment's: it goes back the way it came."""
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=RefundState.REQUESTED)
    requested_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    decision: Mapped[str | None]
    """The company's words, where it refused; where it paid by itself, how."""
    reference: Mapped[str | None]
    """The number of the transfer or of the signed slip, or the payment service's own."""
    problem: Mapped[str | None]
    """The payment service's code, where it is stuck or was not done."""
    transaction_id: Mapped[uuid.UUID | None]
    cashier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    """Whose drawer it left, of what came to a desk."""
    daily_close_id: Mapped[uuid.UUID | None]
    """The cashier's closed day that counts it."""
    looks: Mapped[int] = mapped_column(server_default="0", default=0)
    billed_on: Mapped[date | None]
    """The day of the payment service's bill that names it."""
    finished_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
