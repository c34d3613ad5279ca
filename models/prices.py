"""How a price was raised (FEE-6), and what a company tells the payers of advance funds (FEE-1)."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.prices import FeeAccountKind
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique
from models.cases import APPEND_ONLY

_NO_UUIDS = text("'{}'::uuid[]")


class PriceIncrease(CountyRow):
    """The owners' way to a higher price: audit and proposal posted, vote, result posted. A charge item may rest on it once."""

    __tablename__ = "price_increase"
    __table_args__ = (
        link("charge_item_id", "charge_item"),
        link("area_id", "property_area"),
        link("company_id", "company"),
        index("charge_item_id", "id"),
        index("area_id", "id"),
        index("company_id", "id"),
        index("township", "id"),
        index("community", "id"),
        CheckConstraint("new_price > 0", name="price_positive"),
        CheckConstraint(
            "posted_to >= posted_from AND result_posted_to >= result_posted_from", name="postings_in_order"
        ),
        APPEND_ONLY,
    )

    charge_item_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    new_price: Mapped[Fen]
    valid_from: Mapped[date]
    posted_from: Mapped[date]
    posted_to: Mapped[date]
    voted_on: Mapped[date]
    result_posted_from: Mapped[date]
    result_posted_to: Mapped[date]
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


class FeeAccount(CountyRow):
    """A budget, quarterly or annual accounts of the remuneration mode, posted on the board."""

    __tablename__ = "fee_account"
    __table_args__ = (
        link("contract_id", "service_contract"),
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("disclosure_id", "disclosure"),
        unique("contract_id", "kind", "period_from"),
        index("area_id", "period_from", "id"),
        index("company_id", "id"),
        index("disclosure_id"),
        index("township", "id"),
        index("community", "id"),
        one_of("kind", FeeAccountKind),
        CheckConstraint("income >= 0 AND expense >= 0 AND remuneration >= 0", name="amounts_not_negative"),
        CheckConstraint("period_to > period_from", name="period_in_order"),
        APPEND_ONLY,
    )

    contract_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    kind: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    income: Mapped[Fen]
    """Advance funds of the period."""
    expense: Mapped[Fen]
    """What service cost, the remuneration apart."""
    remuneration: Mapped[Fen]
    """What the company drew, or will draw (酬金)."""
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"), default=list)
    """``{"title", "amount"}`` each, in fen."""
    disclosure_id: Mapped[uuid.UUID]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


class FeeQuestion(CountyRow):
    """A payer's question about posted accounts, and the company's answer; both are shown to all who see the accounts."""

    __tablename__ = "fee_question"
    __table_args__ = (
        link("fee_account_id", "fee_account"),
        index("fee_account_id", "id"),
        CheckConstraint("(answer IS NULL) = (answered_on IS NULL)", name="answered_on_a_day"),
    )

    fee_account_id: Mapped[uuid.UUID]
    question: Mapped[str]
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    due_on: Mapped[date]
    answer: Mapped[str | None]
    answered_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
