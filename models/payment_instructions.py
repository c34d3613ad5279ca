"""Payment instructions to custodian banks (支付指令, FUND-28): what to pay to whom, and what the bank made of it."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.payment_instructions import InstructionPurpose, InstructionState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique
from models.sealed import sealed_columns


class PaymentInstruction(CountyRow):
    """One payment out of a bank account of the county, carried out once or not at all.

    ``source_type`` and ``source_id`` name the row that it pays for (a table's name and the row's id).
    """

    __tablename__ = "payment_instruction"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        link("money_account_id", "ledger_account"),
        link("area_id", "property_area"),
        link("transaction_id", "ledger_transaction"),
        link("reversal_id", "ledger_transaction"),
        unique("number"),
        unique("bank_account_id", "serial", where=text("serial IS NOT NULL"), name="uq_payment_instruction_serial"),
        index("state", "id"),
        index("updated_at", "id"),
        index("bank_account_id", "state", "id"),
        index("money_account_id", "state"),
        index("source_id"),
        index("area_id", "id"),
        index("township", "id"),
        index("community", "id"),
        index("transaction_id"),
        index("reversal_id"),
        one_of("purpose", InstructionPurpose),
        one_of("state", InstructionState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "(state IN ('EXECUTED', 'RETURNED')) = (transaction_id IS NOT NULL)", name="executed_is_posted"
        ),
        CheckConstraint("(state = 'RETURNED') = (reversal_id IS NOT NULL)", name="returned_is_reversed"),
        CheckConstraint("(serial IS NULL) = (transaction_id IS NULL)", name="executed_with_serial"),
    )

    number: Mapped[str]
    """What the county and the bank call it (指令编号)."""
    purpose: Mapped[str]
    source_type: Mapped[str]
    source_id: Mapped[uuid.UUID]
    bank_account_id: Mapped[uuid.UUID]
    money_account_id: Mapped[uuid.UUID]
    """The ledger's account of the money that leaves."""
    area_id: Mapped[uuid.UUID | None]
    township: Mapped[str | None]
    community: Mapped[str | None]
    payee_name: Mapped[str]
    payee_name_mask: Mapped[str]
    payee_account_sealed, payee_account_index, payee_account_mask = sealed_columns(required=True)
    payee_bank_code: Mapped[str]
    """The 12-digit line number of the payee's bank (联行号)."""
    amount: Mapped[Fen]
    remark: Mapped[str]
    """What stands on the payee's statement (附言)."""
    state: Mapped[str] = mapped_column(server_default=InstructionState.ISSUED, default=InstructionState.ISSUED.value)
    issued_on: Mapped[date]
    due_on: Mapped[date]
    """The last day on which the bank executes it in time."""
    issued_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    acknowledged_at: Mapped[datetime | None]
    serial: Mapped[str | None]
    """The bank's own number of the payment (流水号)."""
    value_date: Mapped[date | None]
    transaction_id: Mapped[uuid.UUID | None]
    returned_serial: Mapped[str | None]
    """The bank's own number of the payment's return."""
    returned_on: Mapped[date | None]
    """The return's value date."""
    reversal_id: Mapped[uuid.UUID | None]
    failure_code: Mapped[str | None]
    """The bank's code for why it was not paid or came back."""
    reason: Mapped[str | None]
    """Why it was not paid, came back or was cancelled."""
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
