"""Exports of lists: who asked for which list under which conditions, how far it is, what came of it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ForeignKey, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.exports import ExportState
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of


class ListExport(CountyRow):
    """One export of one list. ``result`` is the workbook; only who asked for it sees either."""

    __tablename__ = "list_export"
    __table_args__ = (
        one_of("state", ExportState),
        link("result_id", "document"),
        index("created_at", "id"),
        index("requested_by", "created_at", "id"),
        index("result_id"),
    )

    list_name: Mapped[str]
    """Of ``domain.exports.ExportedList``; without a CHECK, for a new list is no migration."""
    conditions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The list query's ``where``, as JSON."""
    locale: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=ExportState.QUEUED)
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    """Of ``total`` rows of the list ``done`` are read."""
    row_count: Mapped[int | None]
    """Rows written; more than ``total`` where a row has several."""
    refusal: Mapped[str | None]
    """The error code that ended it without a workbook."""
    result_id: Mapped[uuid.UUID | None]
    requested_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    grant_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()))
    """The capacities in which it was asked for: of these it shows what those see that still hold when it is written."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    finished_at: Mapped[datetime | None]
