"""Chinese keyword search by equality: one row per gram, since the embedded PostgreSQL has no trigrams (DESIGN §2)."""

import uuid

from sqlalchemy.orm import Mapped, mapped_column

from domain.estates import SearchKind
from models.base import Base, County, index, one_of


class SearchGram(Base):
    """One gram (one or two characters) that occurs in the searchable texts of a subject (``domain.search``)."""

    __tablename__ = "search_gram"
    __table_args__ = (one_of("kind", SearchKind), index("kind", "subject_id"), {"info": {"deletable": True}})

    county: Mapped[County]
    kind: Mapped[str] = mapped_column(primary_key=True)
    gram: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
