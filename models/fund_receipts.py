"""Money that came into the maintenance fund, as its bank reported it (交存). Once per serial; never edited, only moved on."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped

from domain.fund_receipts import ReceiptState, SuspenseCause
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class FundReceipt(CountyRow):
    """One sum at a custodian's account: posted under its demand, or kept apart until somebody knows whose it is."""

    __tablename__ = "fund_receipt"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        link("demand_id", "fund_demand"),
        link("unit_id", "unit"),
        link("area_id", "property_area"),
        link("transaction_id", "ledger_transaction"),
        link("placement_id", "ledger_transaction"),
        link("return_id", "payment_instruction"),
        unique("bank_account_id", "serial"),
        unique(
            "receipt_number",
            where=text("receipt_number IS NOT NULL AND state <> 'REVERSED'"),
            name="uq_fund_receipt_number",
        ),
        index("demand_id", "id"),
        index("unit_id", "id"),
        index("area_id", "value_date", "id"),
        index("bank_account_id", "value_date", "id"),
        index("bank_account_id", "updated_at", "id"),
        index("value_date", "id"),
        index("state", "value_date", "id"),
        index("updated_at", "id"),
        one_of("state", ReceiptState),
        one_of("suspense_cause", SuspenseCause),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("state <> 'POSTED' OR demand_id IS NOT NULL", name="posted_to_a_demand"),
        CheckConstraint("state <> 'SUSPENSE' OR suspense_cause IS NOT NULL", name="suspense_has_a_cause"),
    )

    bank_account_id: Mapped[uuid.UUID]
    serial: Mapped[str]
    """The bank's number of the entry; one receipt each."""
    code: Mapped[str | None]
    """The payment code as it came with the money, right or wrong."""
    amount: Mapped[Fen]
    value_date: Mapped[date]
    payer_name: Mapped[str | None]
    receipt_number: Mapped[str | None]
    """Number of the special receipt that the bank handed out (维修资金专用票据)."""
    demand_id: Mapped[uuid.UUID | None]
    unit_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID | None]
    state: Mapped[str]
    suspense_cause: Mapped[str | None]
    reason: Mapped[str | None]
    """Why it was identified, taken off, sent back or reversed: the last of these."""
    transaction_id: Mapped[uuid.UUID]
    """The transaction that took the money in."""
    placement_id: Mapped[uuid.UUID | None]
    """The transaction that moved it from suspense to its account, where that came later."""
    return_id: Mapped[uuid.UUID | None]
    """The instruction by which it is sent back to its payer."""
    recorded_by_client: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
