"""Electronic invoices: who asked for which, to whom it is made out, and what the invoice service said of it."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.fee_invoices import FeeInvoiceState, TitleKind
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique
from models.sealed import sealed_columns


class FeeInvoice(CountyRow):
    """An electronic invoice (电子发票) for one payment. What it says never changes: a wrong one is taken back in red, and
    another is asked for."""

    __tablename__ = "fee_invoice"
    __table_args__ = (
        link("payment_id", "payment"),
        link("unit_id", "unit"),
        link("company_id", "company"),
        link("area_id", "property_area"),
        unique("invoice_number"),
        unique("red_number"),
        unique("payment_id", where=text("state NOT IN ('CANCELLED', 'REVERSED')"), name="uq_fee_invoice_one_lives"),
        index("payment_id", "id"),
        index("unit_id", "created_at", "id"),
        index("company_id", "created_at", "id"),
        index("company_id", "state", "id"),
        index("area_id", "created_at", "id"),
        index("created_at", "id"),
        one_of("state", FeeInvoiceState),
        one_of("title_kind", TitleKind),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "title_kind = 'PERSON' AND tax_number_sealed IS NULL"
            " OR title_kind = 'ORGANISATION' AND tax_number_sealed IS NOT NULL",
            name="organisations_have_tax_numbers",
        ),
        CheckConstraint(
            "(state IN ('ISSUED', 'REVERSING', 'REVERSAL_FAILED', 'REVERSED')) = (invoice_number IS NOT NULL)",
            name="issued_has_a_number",
        ),
        CheckConstraint("(state = 'REVERSED') = (red_number IS NOT NULL)", name="reversed_has_a_number"),
        CheckConstraint("(invoice_number IS NULL) = (issued_on IS NULL)", name="issued_on_a_day"),
        CheckConstraint("(red_number IS NULL) = (red_on IS NULL)", name="reversed_on_a_day"),
    )

    payment_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    """Who asked for it."""
    title_kind: Mapped[str]
    title_sealed, title_index, title_mask = sealed_columns(required=True)
    """To whom it is made out (抬头); an organisation's is its own mask."""
    tax_number_sealed, tax_number_index, tax_number_mask = sealed_columns()
    email_sealed, email_index, email_mask = sealed_columns()
    """Where the service sends it."""
    amount: Mapped[Fen]
    """What was paid and not paid back when it was asked for."""
    state: Mapped[str] = mapped_column(server_default=FeeInvoiceState.REQUESTED)
    attempt: Mapped[int] = mapped_column(server_default="0", default=0)
    """How often the service was asked to make or to take back this invoice: a part of the number it is asked under."""
    looks: Mapped[int] = mapped_column(server_default="0", default=0)
    reason: Mapped[str | None]
    """Why it was given up, or is taken back."""
    problem: Mapped[str | None]
    """Why the service did not do it, in its words; UNKNOWN when it said nothing for more than a day."""
    invoice_number: Mapped[str | None]
    issued_on: Mapped[date | None]
    url: Mapped[str | None]
    """Where the service has its paper."""
    red_number: Mapped[str | None]
    red_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    @property
    def number(self) -> str:
        """What the service knows the present attempt by."""
        return f"{self.id.hex}{self.attempt:02d}"
