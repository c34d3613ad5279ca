"""Officials' postings: the facts from which their grants follow."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.officials import PostingDuty, PostingState
from domain.roles import OFFICIALS
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of


class Official(CountyRow):
    """A posting: that somebody serves in an office from ``valid_from`` to the day before ``valid_to`` (null: open).

    ``township`` and ``community`` are set for their offices alone; a posting without them is at a county department.
    """

    __tablename__ = "official"
    __table_args__ = (
        one_of("role", sorted(OFFICIALS)),
        one_of("duty", PostingDuty),
        one_of("state", PostingState),
        CheckConstraint("valid_to > valid_from", name="dates_in_order"),
        CheckConstraint("confirmed_by <> proposed_by", name="two_persons"),
        CheckConstraint("account_id <> proposed_by AND account_id <> confirmed_by", name="never_oneself"),
        link("acting_for_id", "official"),
        link("predecessor_id", "official"),
        index("account_id"),
        index("acting_for_id"),
        index("predecessor_id"),
        index("township", "updated_at", "id"),
        index("community", "updated_at", "id"),
        index("updated_at", "id"),
    )

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    role: Mapped[str]
    duty: Mapped[str]
    office: Mapped[str]
    """The office's name, as events show it (张店区住房和城乡建设局)."""
    township: Mapped[str | None]
    community: Mapped[str | None]
    state: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    basis: Mapped[str]
    """The paper that appoints (任命文件), in words."""
    acting_for_id: Mapped[uuid.UUID | None]
    """The posting whose holder this one stands in for (代理)."""
    predecessor_id: Mapped[uuid.UUID | None]
    """The posting that ends when this one begins (交接)."""
    proposed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    """Who appointed or proposed; null for one made on the operator's console."""
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    ended_on: Mapped[date | None]
    """The first day on which it no longer held."""
    ended_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
