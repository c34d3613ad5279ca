"""Imports and exports of a county's register: who asked, how far it is, what came of it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.register_jobs import RegisterJobKind, RegisterJobState
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of


class RegisterJob(CountyRow):
    """One import or export. ``result`` is the exported workbook, or the import's copy with its faults marked."""

    __tablename__ = "register_job"
    __table_args__ = (
        one_of("kind", RegisterJobKind),
        one_of("state", RegisterJobState),
        link("source_id", "document"),
        link("result_id", "document"),
        index("created_at", "id"),
        index("source_id"),
        index("result_id"),
        CheckConstraint("(kind = 'IMPORT') = (source_id IS NOT NULL)", name="import_has_a_source"),
    )

    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=RegisterJobState.QUEUED)
    dry_run: Mapped[bool] = mapped_column(server_default="false")
    source_id: Mapped[uuid.UUID | None]
    result_id: Mapped[uuid.UUID | None]
    step: Mapped[str | None]
    """The sheet at hand, in Chinese."""
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    """Of ``total`` rows of the sheet at hand ``done`` are worked off."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    """By sheet: ``{"created", "updated", "unchanged"}``."""
    fault_count: Mapped[int] = mapped_column(server_default="0")
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"), default=list)
    """The first faults: ``{"sheet", "row", "column", "code"}`` each."""
    requested_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    grant_id: Mapped[uuid.UUID]
    """The grant under which it was asked for; its holder's events say so."""
    office: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    finished_at: Mapped[datetime | None]
