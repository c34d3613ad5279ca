"""Plans to renew an area's maintenance fund, unit by unit, with the owners' decision (FUND-8)."""

import uuid
from datetime import date

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.fund_renewals import RenewalState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class FundRenewalPlan(CountyRow):
    """What the owners of an area's low accounts shall pay, as it stood when it was drafted."""

    __tablename__ = "fund_renewal_plan"
    __table_args__ = (
        link("area_id", "property_area"),
        link("vote_id", "vote"),
        index("vote_id"),
        unique("area_id", where=text("state = 'DRAFT'"), name="uq_fund_renewal_plan_draft"),
        index("area_id", "drafted_on", "id"),
        index("township", "drafted_on", "id"),
        index("community", "drafted_on", "id"),
        index("drafted_on", "id"),
        one_of("state", RenewalState),
        CheckConstraint("amount > 0 AND unit_count > 0", name="somebody_pays"),
        CheckConstraint("(state = 'DRAFT') = (decided_on IS NULL)", name="decided_on_a_day"),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    below_percent: Mapped[int]
    """Below this share of the first deposit an account is too low."""
    target_percent: Mapped[int]
    """Up to this share of the first deposit each account is filled."""
    unit_count: Mapped[int]
    amount: Mapped[Fen]
    drafted_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=RenewalState.DRAFT)
    vote_id: Mapped[uuid.UUID | None]
    """The vote on the platform, whose result is the plan's; null where it is held elsewhere and attested."""
    decided_on: Mapped[date | None]
    scope_area: Mapped[int | None] = mapped_column(BigInteger)
    scope_heads: Mapped[int | None]
    participating_area: Mapped[int | None] = mapped_column(BigInteger)
    participating_heads: Mapped[int | None]
    for_area: Mapped[int | None] = mapped_column(BigInteger)
    for_heads: Mapped[int | None]
    decision_document_ids: Mapped[list[uuid.UUID]] = mapped_column(
        ARRAY(Uuid()), server_default=text("'{}'::uuid[]"), default=list
    )
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class FundRenewalLine(CountyRow):
    """One unit of a renewal plan: its account when the plan was drafted, and what it pays."""

    __tablename__ = "fund_renewal_line"
    __table_args__ = (
        link("plan_id", "fund_renewal_plan"),
        link("unit_id", "unit"),
        link("demand_id", "fund_demand"),
        unique("plan_id", "unit_id"),
        index("plan_id", "position", "id"),
        index("unit_id"),
        index("demand_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    plan_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    position: Mapped[int]
    """From 1, the units in their natural order."""
    first_deposit: Mapped[Fen]
    balance: Mapped[Fen]
    amount: Mapped[Fen]
    demand_id: Mapped[uuid.UUID | None]
    """The demand that the owners' decision led to."""
