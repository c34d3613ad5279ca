"""Disclosures (公示): the board of each property area and its postings, immutable and versioned (RULES §7, DIS-3)."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.disclosures import DisclosureItem
from domain.roles import Role
from models.base import CountyRow, CreatedAt, index, link, one_of, unique
from models.cases import APPEND_ONLY


class DisclosureEntry(CountyRow):
    """One entry of an area's disclosure board (公示栏): an item, about one thing, and its current posting.

    The entry is the changeable pointer; what was posted stays in ``Disclosure``. An entry without a current posting was
    taken down, or is expected and not posted yet.
    """

    __tablename__ = "disclosure_entry"
    __table_args__ = (
        link("area_id", "property_area"),
        unique("area_id", "item", "subject_id"),
        index("subject_type", "subject_id"),
        index("due_on", "id"),
        index("township", "item"),
        index("community", "item"),
        one_of("item", DisclosureItem),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    item: Mapped[str]
    subject_type: Mapped[str]
    """The table of what it is about; ``property_area`` when it is about the area as a whole."""
    subject_id: Mapped[uuid.UUID]
    current_id: Mapped[uuid.UUID | None]
    current_version: Mapped[int] = mapped_column(server_default="0")
    posted_on: Mapped[date | None]
    valid_to: Mapped[date | None]
    """The current posting's last day; null: until changed."""
    due_on: Mapped[date | None]
    """When the next version must be posted (RULES §7, interval); null for items that change only with the facts."""


class Disclosure(CountyRow):
    """One version of a posting. A new version supersedes it; nothing about it changes (append-only)."""

    __tablename__ = "disclosure"
    __table_args__ = (
        link("entry_id", "disclosure_entry"),
        link("area_id", "property_area"),
        link("supersedes_id", "disclosure"),
        link("estate_id", "estate"),
        unique("entry_id", "version"),
        unique("supersedes_id"),
        index("area_id", "posted_on", "id"),
        index("estate_id"),
        index("township", "posted_on", "id"),
        index("community", "posted_on", "id"),
        index("item", "posted_on", "id"),
        index("posted_on", "id"),
        index("subject_type", "subject_id", "version"),
        one_of("item", DisclosureItem),
        one_of("publisher_role", Role),
        CheckConstraint("valid_to >= valid_from", name="validity_in_order"),
        CheckConstraint("posted_until >= posted_on", name="posting_in_order"),
        CheckConstraint("(version = 1) = (supersedes_id IS NULL)", name="chain_whole"),
        APPEND_ONLY,
    )

    entry_id: Mapped[uuid.UUID]
    version: Mapped[int]
    supersedes_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID]
    estate_id: Mapped[uuid.UUID | None]
    township: Mapped[str]
    community: Mapped[str]
    item: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    title: Mapped[str]
    body: Mapped[str]
    """The posting in words, as it hangs on the board."""
    content: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    """The same as data, for items whose figures other rules read (charge items, accounts)."""
    digest: Mapped[str]
    """SHA-256 over item, subject, title, body, content and validity."""
    withdrawn: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    """This version takes the entry down (the item ended); the reason stands in ``body``."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    posted_on: Mapped[date]
    posted_until: Mapped[date | None]
    """The last day of the required posting period (公示期); null for long-term items."""
    published_at: Mapped[datetime]
    publisher_role: Mapped[str]
    publisher_name: Mapped[str]
    publisher_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    company_id: Mapped[uuid.UUID | None]
    committee_id: Mapped[uuid.UUID | None]
    objection_contact: Mapped[str]
    """Where an owner objects; answered within three days (DIS-2)."""


class DisclosureProof(CountyRow):
    """Proof that a posting hung on the board: photo, place and time (DIS-3). Append-only."""

    __tablename__ = "disclosure_proof"
    __table_args__ = (
        link("disclosure_id", "disclosure"),
        link("document_id", "document"),
        index("disclosure_id", "taken_at"),
        index("document_id"),
        APPEND_ONLY,
    )

    disclosure_id: Mapped[uuid.UUID]
    document_id: Mapped[uuid.UUID]
    place: Mapped[str]
    taken_at: Mapped[datetime]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
