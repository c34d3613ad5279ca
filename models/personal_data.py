"""The log of who read whose personal data and why, orders that keep data, and the rotation of the keys that seal it."""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.personal_data import LawfulBasis, ProcessingPurpose
from domain.roles import Role
from models.base import CountyRow, CreatedAt, index, link, one_of
from models.cases import APPEND_ONLY

_TEXTS = ARRAY(Text(collation="C"))


class PersonalDataRead(CountyRow):
    """That somebody read personal data of a person in plain (PRI-7): who, as what, what for, which fields, when.

    An operation that reads several persons appends one row for each in one statement; they share ``operation_id``. Without
    a subject it read the whole register (an export). Append-only, kept three years at least.
    """

    __tablename__ = "personal_data_read"
    __table_args__ = (
        index("subject_id", "at", "id"),
        index("owner_id", "at", "id"),
        index("subject_account_id", "at", "id"),
        index("at", "id"),
        index("account_id", "at", "id"),
        index("client_id", "at", "id"),
        index("operation_id"),
        one_of("role", Role),
        one_of("purpose", ProcessingPurpose),
        one_of("basis", LawfulBasis),
        APPEND_ONLY,
    )

    operation_id: Mapped[uuid.UUID]
    subject_type: Mapped[str]
    """Type of the row that was read, as the API names it: ``Owner``."""
    subject_id: Mapped[uuid.UUID | None]
    owner_id: Mapped[uuid.UUID | None]
    """The person, where the register knows it as an owner; null for others and for the whole register."""
    subject_account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    """The account of the person who was read, as it was then; it sees the entry."""
    fields: Mapped[list[str]] = mapped_column(_TEXTS)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    client_id: Mapped[str | None]
    grant_id: Mapped[uuid.UUID | None]
    role: Mapped[str]
    office: Mapped[str | None]
    acting_for: Mapped[str | None]
    """Whom an acting official stood in for (代理)."""
    purpose: Mapped[str]
    basis: Mapped[str]
    reason: Mapped[str | None]
    legal_basis: Mapped[str | None]
    """The provision that a court or department named."""
    case_number: Mapped[str | None]
    data_request_id: Mapped[uuid.UUID | None]
    operation: Mapped[str]
    """The root field of the API that showed it."""
    request_id: Mapped[str | None]
    at: Mapped[datetime]


class LegalHold(CountyRow):
    """An order that keeps a person's data while it lasts (PIPL 47): a suit, an audit, an investigation."""

    __tablename__ = "legal_hold"
    __table_args__ = (link("owner_id", "owner"), index("owner_id"), index("placed_on", "id"))

    owner_id: Mapped[uuid.UUID]
    legal_basis: Mapped[str]
    reason: Mapped[str]
    case_number: Mapped[str | None]
    placed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    placed_on: Mapped[date]
    lifted_on: Mapped[date | None]
    lifted_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class KeyRotation(CountyRow):
    """A rotation of the key that seals a county's personal data: how far the values are re-encrypted under ``key_number``.

    ``county`` is ``*`` for the accounts, which belong to no county.
    """

    __tablename__ = "key_rotation"
    __table_args__ = (
        Index("uq_key_rotation_running", "county", unique=True, postgresql_where=text("finished_at IS NULL")),
        CheckConstraint("done >= 0", name="done_counts"),
    )

    key_number: Mapped[int]
    in_table: Mapped[str] = mapped_column(server_default="")
    """The table at hand; empty before the first."""
    after: Mapped[str] = mapped_column(server_default="")
    """Key of the last row of the last batch in that table: there the next one starts."""
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    """Of ``total`` values at the start ``done`` are re-encrypted; values written meanwhile are under the new key at once."""
    passes: Mapped[int] = mapped_column(server_default="0")
    """How often all tables were gone through: rows that somebody held are met again in the next pass."""
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
