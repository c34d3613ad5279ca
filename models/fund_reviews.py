"""Owners' requests to look again at their account in the maintenance fund, with the answer (FUND-11)."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.fund_reports import ReviewState
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of


class FundReview(CountyRow):
    """One question about a unit's account (复核申请)."""

    __tablename__ = "fund_review"
    __table_args__ = (
        link("unit_id", "unit"),
        index("unit_id", "id"),
        index("due_on", "id"),
        index("created_at", "id"),
        one_of("state", ReviewState),
        CheckConstraint("(state = 'ANSWERED') = (answer IS NOT NULL)", name="answered_in_words"),
    )

    unit_id: Mapped[uuid.UUID]
    question: Mapped[str]
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=ReviewState.OPEN, default=ReviewState.OPEN.value)
    answer: Mapped[str | None]
    answered_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
