"""Payment services' bills of a day, and their differences from the books."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.pay_bills import PayDifferenceKind, PayDifferenceState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class PayBill(CountyRow):
    """A service's bill of one merchant's day (交易账单), once it was compared with the books."""

    __tablename__ = "pay_bill"
    __table_args__ = (
        link("merchant_id", "pay_merchant"),
        link("company_id", "company"),
        unique("merchant_id", "day"),
        index("company_id", "day", "id"),
        index("day", "id"),
        {"info": {"append_only": True}},
    )

    merchant_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    day: Mapped[date]
    payments: Mapped[int]
    """How many orders were paid."""
    paid: Mapped[Fen]
    refunds: Mapped[int]
    refunded: Mapped[Fen]
    fees: Mapped[Fen]
    """What the service keeps."""
    created_at: Mapped[CreatedAt]


class PayDifference(CountyRow):
    """A difference (对账差异) between a bill and the books, until the company has explained it."""

    __tablename__ = "pay_difference"
    __table_args__ = (
        link("bill_id", "pay_bill"),
        link("company_id", "company"),
        link("checkout_id", "checkout"),
        link("refund_id", "fee_refund"),
        unique("bill_id", "kind", "number"),
        index("bill_id", "id"),
        index("company_id", "created_at", "id"),
        index("created_at", "id"),
        one_of("kind", PayDifferenceKind),
        one_of("state", PayDifferenceState),
        CheckConstraint("billed IS NOT NULL OR booked IS NOT NULL", name="on_one_side_at_least"),
        CheckConstraint(
            "(state = 'RESOLVED') = (resolved_by IS NOT NULL) AND (state = 'RESOLVED') = (note IS NOT NULL)",
            name="resolved_by_somebody",
        ),
    )

    bill_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    number: Mapped[str]
    """Of the order or refund, as the service was told it."""
    billed: Mapped[Fen | None]
    booked: Mapped[Fen | None]
    checkout_id: Mapped[uuid.UUID | None]
    refund_id: Mapped[uuid.UUID | None]
    state: Mapped[str] = mapped_column(server_default=PayDifferenceState.OPEN)
    note: Mapped[str | None]
    resolved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    resolved_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
