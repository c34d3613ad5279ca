"""Settlements: what a payment service has paid out to a company's bank account."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, unique


class PaySettlement(CountyRow):
    """A settlement (结算到账): money of a merchant number that came to the company's bank account, by its statement."""

    __tablename__ = "pay_settlement"
    __table_args__ = (
        link("merchant_id", "pay_merchant"),
        link("company_id", "company"),
        link("transaction_id", "ledger_transaction"),
        unique("merchant_id", "reference", where=text("reversed_at IS NULL"), name="uq_pay_settlement_reference"),
        index("company_id", "settled_on", "id"),
        index("settled_on", "id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("(reversed_at IS NULL) = (reversal_reason IS NULL)", name="reversed_says_why"),
    )

    merchant_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    amount: Mapped[Fen]
    settled_on: Mapped[date]
    reference: Mapped[str]
    """The number on the bank's statement."""
    transaction_id: Mapped[uuid.UUID]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    reversed_at: Mapped[datetime | None]
    reversal_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
