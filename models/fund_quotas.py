"""Quotas on which fund requests draw without a vote of their own (集合表决 V-27, 授权额度 V-32). Limits in fen."""

import uuid
from datetime import date

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.fund_quotas import QuotaKind, QuotaState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of


class FundQuota(CountyRow):
    """What owners agreed to once for many repairs. A draw is a request that names it (``FundRequest.quota_id``)."""

    __tablename__ = "fund_quota"
    __table_args__ = (
        link("area_id", "property_area"),
        link("building_id", "building"),
        link("vote_id", "vote"),
        link("clause_id", "mode_clause"),
        one_of("kind", QuotaKind),
        one_of("state", QuotaState),
        index("area_id", "id"),
        index("building_id"),
        index("vote_id"),
        index("clause_id"),
        CheckConstraint("0 < item_limit AND item_limit <= year_limit", name="limits_in_order"),
        CheckConstraint("valid_to >= valid_from", name="term_in_order"),
        CheckConstraint(
            "CASE kind WHEN 'COLLECTIVE' THEN vote_id IS NOT NULL AND clause_id IS NOT NULL"
            " ELSE num_nonnulls(vote_id, clause_id) = 1 END",
            name="basis_named",
        ),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    building_id: Mapped[uuid.UUID | None]
    """The building whose owners agreed; null where it holds for the whole area and each of its buildings."""
    kind: Mapped[str]
    works: Mapped[str]
    """The class of repairs, in words."""
    facility_kinds: Mapped[list[str]] = mapped_column(
        ARRAY(Text(collation="C")), server_default=text("'{}'::text[]"), default=list
    )
    """The shared facilities that it is for; empty where it is not confined to some."""
    item_limit: Mapped[Fen]
    year_limit: Mapped[Fen]
    """For all repairs of one calendar year."""
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    """The last day on which it is drawn on."""
    vote_id: Mapped[uuid.UUID | None]
    """The vote that adopts it; it has this one item."""
    clause_id: Mapped[uuid.UUID | None]
    """The clause that allows the collective mode (V-25), or the adopted rule itself (V-32)."""
    state: Mapped[str]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
