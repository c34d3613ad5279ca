"""Quality warranty deposits (物业质量保修金): what came in, what goes out, and who objects (FUND-32, ZD-22)."""

import uuid
from datetime import date

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.warranty_deposits import WarrantyDepositState, WarrantyPayoutKind, WarrantyPayoutState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique

_NO_UUIDS = text("'{}'::uuid[]")


class WarrantyDeposit(CountyRow):
    """One payment of a developer for an area's warranty. It never changes but for the reversal that takes it back."""

    __tablename__ = "warranty_deposit"
    __table_args__ = (
        link("area_id", "property_area"),
        link("bank_account_id", "bank_account"),
        link("transaction_id", "ledger_transaction"),
        link("reversal_id", "ledger_transaction"),
        unique("bank_account_id", "serial"),
        one_of("state", WarrantyDepositState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("(state = 'REVERSED') = (reversal_id IS NOT NULL)", name="reversed_is_posted"),
        index("area_id", "value_date", "id"),
        index("transaction_id"),
        index("reversal_id"),
        index("township", "value_date", "id"),
        index("community", "value_date", "id"),
        index("value_date", "id"),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    bank_account_id: Mapped[uuid.UUID]
    developer: Mapped[str]
    """Who paid: the development enterprise, by its registered name."""
    amount: Mapped[Fen]
    serial: Mapped[str]
    """The bank's number of the entry; one row each."""
    value_date: Mapped[date]
    refundable_from: Mapped[date]
    """The first day after the warranty: earlier nothing goes back."""
    state: Mapped[str] = mapped_column(
        server_default=WarrantyDepositState.RECORDED, default=WarrantyDepositState.RECORDED.value
    )
    reason: Mapped[str | None]
    """Why it was reversed."""
    transaction_id: Mapped[uuid.UUID]
    reversal_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class WarrantyPayout(CountyRow):
    """One payment out of an area's deposit: for a repair, or back to the developer. Its postings are the instruction's."""

    __tablename__ = "warranty_payout"
    __table_args__ = (
        link("area_id", "property_area"),
        link("instruction_id", "payment_instruction"),
        link("disclosure_id", "disclosure"),
        unique(
            "area_id",
            where=text("kind = 'REFUND' AND state IN ('POSTED', 'INSTRUCTED', 'FAILED')"),
            name="uq_warranty_payout_refund_under_way",
        ),
        unique("instruction_id"),
        one_of("kind", WarrantyPayoutKind),
        one_of("state", WarrantyPayoutState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("(kind = 'REFUND') = (posted_to IS NOT NULL)", name="refunds_are_posted"),
        index("area_id", "created_at", "id"),
        index("disclosure_id"),
        index("township", "created_at", "id"),
        index("community", "created_at", "id"),
        index("created_at", "id"),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    kind: Mapped[str]
    basis: Mapped[str]
    """The defect and what the developer did about it, or why the deposit goes back: owners read it."""
    amount: Mapped[Fen]
    demanded_on: Mapped[date | None]
    """For a repair: the day on which the developer was asked to perform it."""
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    posted_to: Mapped[date | None]
    """For a refund: the last day of its posting."""
    disclosure_id: Mapped[uuid.UUID | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    """Why it was declined."""
    instruction_id: Mapped[uuid.UUID | None]
    requested_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class WarrantyObjection(CountyRow):
    """What somebody of the area has against a refund while it is posted; once each."""

    __tablename__ = "warranty_objection"
    __table_args__ = (
        link("payout_id", "warranty_payout"),
        link("area_id", "property_area"),
        unique("payout_id", "account_id"),
        index("payout_id", "created_at", "id"),
        index("area_id"),
    )

    payout_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str]
    """The capacity in which it was made."""
    text: Mapped[str]
    created_at: Mapped[CreatedAt]
