"""Common income (公共收益): every receipt and cost of an area, and each year's split to the maintenance fund (V-22)."""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.common_income import CommonIncomeKind, CommonIncomeSplitState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique

_NO_UUIDS = text("'{}'::uuid[]")


class CommonIncomeEntry(CountyRow):
    """One receipt or cost. It never changes but for the reversal that takes it back."""

    __tablename__ = "common_income_entry"
    __table_args__ = (
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("committee_id", "committee"),
        link("transaction_id", "ledger_transaction"),
        link("reversal_id", "ledger_transaction"),
        one_of("kind", CommonIncomeKind),
        CheckConstraint("amount > 0", name="amount_positive"),
        index("area_id", "occurred_on", "id"),
        index("company_id"),
        index("committee_id"),
        index("transaction_id"),
        index("reversal_id"),
        index("township", "occurred_on", "id"),
        index("community", "occurred_on", "id"),
        index("occurred_on", "id"),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    kind: Mapped[str]
    amount: Mapped[Fen]
    """Always positive; the kind says whether it came or went."""
    occurred_on: Mapped[date]
    description: Mapped[str]
    counterparty: Mapped[str | None]
    """Who paid or was paid, as the contract or invoice names them."""
    decision: Mapped[str | None]
    """For a decided use: the assembly's decision."""
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    company_id: Mapped[uuid.UUID | None]
    """The company that recorded it, or ``committee_id``: the committee."""
    committee_id: Mapped[uuid.UUID | None]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    transaction_id: Mapped[uuid.UUID]
    reversal_id: Mapped[uuid.UUID | None]
    reversed_on: Mapped[date | None]
    reversal_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class CommonIncomeSplit(CountyRow):
    """What of an area's net of a year goes to the maintenance fund, as decided and as arrived there."""

    __tablename__ = "common_income_split"
    __table_args__ = (
        link("area_id", "property_area"),
        link("committee_id", "committee"),
        link("transaction_id", "ledger_transaction"),
        unique("area_id", "year", where=text("state <> 'WITHDRAWN'"), name="uq_common_income_split_year"),
        one_of("state", CommonIncomeSplitState),
        CheckConstraint("to_fund > 0 AND to_fund <= net", name="within_net"),
        CheckConstraint("(state = 'PAID') = (transaction_id IS NOT NULL)", name="paid_is_posted"),
        index("area_id", "year", "id"),
        index("committee_id"),
        index("transaction_id"),
        index("township", "year", "id"),
        index("community", "year", "id"),
        index("year", "id"),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    committee_id: Mapped[uuid.UUID]
    year: Mapped[int]
    net: Mapped[Fen]
    """What there was to split at the year's end, in fen."""
    to_fund: Mapped[Fen]
    least: Mapped[Fen]
    """What at least had to go to the fund then."""
    below_mark: Mapped[bool]
    """Whether the fund was below its renewal mark then."""
    decision: Mapped[str | None]
    """The assembly's decision on the rest; without one everything goes to the fund."""
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    state: Mapped[str] = mapped_column(
        server_default=CommonIncomeSplitState.DECIDED, default=CommonIncomeSplitState.DECIDED.value
    )
    serial: Mapped[str | None]
    """The bank's serial of the money's arrival at the fund."""
    paid_on: Mapped[date | None]
    transaction_id: Mapped[uuid.UUID | None]
    decided_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    paid_at: Mapped[datetime | None]
