"""Manifests of trusted documents: the operations that a client's app was built with."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.accounts import SHARED_TABLE
from models.base import Base, CreatedAt


class DocumentManifest(Base):
    """The documents of one version of a client's app, by their ids. A version that was retired counts no more."""

    __tablename__ = "document_manifest"
    __table_args__ = (SHARED_TABLE,)

    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.client_id"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    """As the app's makers call it."""
    documents: Mapped[dict[str, str]] = mapped_column(JSONB)
    uploaded_at: Mapped[CreatedAt]
    retired_at: Mapped[datetime | None]
