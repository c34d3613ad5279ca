"""Receipts for fees, their numbers, and cashiers' days."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.daily_closes import CloseState
from domain.fee_receipts import FeeReceiptState
from domain.payments import Channel
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class FeeReceipt(CountyRow):
    """A receipt (收据) for one payment. What it says never changes; one that is wrong is voided, and another is issued."""

    __tablename__ = "fee_receipt"
    __table_args__ = (
        link("payment_id", "payment"),
        link("unit_id", "unit"),
        link("company_id", "company"),
        link("area_id", "property_area"),
        link("document_id", "document"),
        unique("number"),
        unique("code"),
        unique("company_id", "year", "serial"),
        unique("payment_id", where=text("state = 'ISSUED'"), name="uq_fee_receipt_one_counts"),
        index("payment_id", "id"),
        index("unit_id", "created_at", "id"),
        index("company_id", "created_at", "id"),
        index("area_id", "created_at", "id"),
        index("created_at", "id"),
        one_of("state", FeeReceiptState),
        one_of("channel", Channel),
        CheckConstraint("amount > 0 AND serial > 0", name="amount_and_serial_positive"),
        CheckConstraint("(state = 'VOIDED') = (voided_at IS NOT NULL)", name="voided_whole"),
        CheckConstraint("(voided_at IS NULL) = (void_reason IS NULL)", name="voided_says_why"),
    )

    payment_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    number: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    """The company's how-manieth of the year: without gaps, since people count them."""
    code: Mapped[str]
    """The verification code, which the QR code leads to."""
    payer_name: Mapped[str | None]
    amount: Mapped[Fen]
    channel: Mapped[str]
    received_on: Mapped[date]
    issued_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str] = mapped_column(server_default=FeeReceiptState.ISSUED)
    void_reason: Mapped[str | None]
    voided_at: Mapped[datetime | None]
    document_id: Mapped[uuid.UUID | None]
    """The paper (PDF) as it stands now; null until it is written."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class ReceiptCounter(CountyRow):
    """The last serial that a company gave a receipt in a year. Its row is the queue in which serials are given."""

    __tablename__ = "receipt_counter"
    __table_args__ = (link("company_id", "company"), unique("company_id", "year"))

    company_id: Mapped[uuid.UUID]
    year: Mapped[int]
    last: Mapped[int]


class DailyClose(CountyRow):
    """A cashier's closed day (日结): what the books say was taken at the desk, what was counted, and who signed for it."""

    __tablename__ = "daily_close"
    __table_args__ = (
        link("company_id", "company"),
        unique("company_id", "cashier_id", "day"),
        index("company_id", "day", "id"),
        index("day", "id"),
        one_of("state", CloseState),
        CheckConstraint("difference = cash_counted - cash", name="difference_is_right"),
        CheckConstraint("difference = 0 OR reason IS NOT NULL", name="difference_says_why"),
        CheckConstraint("(state = 'SIGNED') = (signed_at IS NOT NULL)", name="signed_whole"),
        CheckConstraint("(signed_by IS NULL) = (signed_at IS NULL)", name="signed_by_somebody"),
        CheckConstraint("signed_by <> cashier_id", name="signed_by_another"),
    )

    company_id: Mapped[uuid.UUID]
    cashier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    day: Mapped[date]
    cash: Mapped[Fen]
    """In cash by the books: what was taken, less what was taken back."""
    pos: Mapped[Fen]
    transfer: Mapped[Fen]
    entries: Mapped[int]
    """Payments taken or taken back."""
    cash_counted: Mapped[Fen]
    difference: Mapped[Fen]
    """Counted less books: more than zero is too much in the drawer."""
    reason: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=CloseState.CLOSED)
    signed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    signed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
