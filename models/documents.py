"""Documents: what was uploaded to a case, a posting or a record, and where its bytes are."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.documents import DocumentAudience, DocumentKind, DocumentState
from models.base import CountyRow, CreatedAt, index, one_of, unique


class Document(CountyRow):
    """One file. Its bytes are in the object store under ``key``; they never change once the document is ``READY``.

    The places and bodies of its subject are copied here (township, community, area, estate, unit, company, committee),
    so that who sees it is an equality, whatever the subject is.
    """

    __tablename__ = "document"
    __table_args__ = (
        unique("key"),
        index("subject_type", "subject_id", "created_at", "id"),
        index("uploaded_by", "created_at", "id"),
        index("company_id", "created_at", "id"),
        index("area_id", "created_at", "id"),
        index("township", "created_at", "id"),
        index("community", "created_at", "id"),
        index("state", "created_at", "id"),
        one_of("kind", DocumentKind),
        one_of("state", DocumentState),
        one_of("audience", DocumentAudience),
        CheckConstraint(
            "state <> 'READY' OR num_nulls(key, sha256, size, ready_at) = 0",
            name="ready_whole",
        ),
    )

    subject_type: Mapped[str | None]
    """The table of the row it belongs to (``filing``); null until it is used."""
    subject_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    audience: Mapped[str] = mapped_column(server_default=DocumentAudience.CASE)
    name: Mapped[str]
    """The file name the uploader gave, without path and control characters."""
    media_type: Mapped[str]
    key: Mapped[str | None]
    """Where the bytes are in the object store; set when they were received."""
    declared_size: Mapped[int] = mapped_column(BigInteger)
    """What the uploader announced, in bytes; an upload may not be larger."""
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=DocumentState.PENDING)
    refused_reason: Mapped[str | None]
    uploaded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    township: Mapped[str | None]
    community: Mapped[str | None]
    area_id: Mapped[uuid.UUID | None]
    estate_id: Mapped[uuid.UUID | None]
    unit_id: Mapped[uuid.UUID | None]
    company_id: Mapped[uuid.UUID | None]
    committee_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    ready_at: Mapped[datetime | None]
