"""Owners, persons and organisations alike, with their personal data sealed (PRI-6)."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.estates import IdentityDocument, OwnerKind
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of, unique
from models.sealed import sealed_columns


class Owner(CountyRow):
    """An owner (业主) or an owner's guardian or agent, once per county.

    A person is known by a document's blind index; an organisation by its unified social credit code (统一社会信用代码),
    acting through a named agent. ``account_id`` links the login once its holder has proved the phone.
    """

    __tablename__ = "owner"
    __table_args__ = (
        one_of("kind", OwnerKind),
        one_of("document_kind", IdentityDocument),
        CheckConstraint("kind = 'ORGANISATION' OR credit_code IS NULL", name="credit_code_of_organisation"),
        CheckConstraint("kind = 'PERSON' OR (document_kind IS NULL AND NOT is_minor)", name="document_of_person"),
        CheckConstraint("(document_kind IS NULL) = (document_index IS NULL)", name="document_with_kind"),
        link("guardian_id", "owner"),
        unique("document_kind", "document_index", where=text("document_index IS NOT NULL"), name="uq_owner_document"),
        unique("credit_code", where=text("credit_code IS NOT NULL"), name="uq_owner_credit_code"),
        index("account_id"),
        index("phone_index"),
        index("guardian_id"),
        index("name_sort", "id", name="ix_owner_name_sort"),
    )

    kind: Mapped[str]
    name: Mapped[str]
    name_sort: Mapped[str]
    """The name in pinyin, for sorting."""
    name_mask: Mapped[str]
    """王*: what may be shown where the name may not (PRI-5)."""
    document_kind: Mapped[str | None]
    document_sealed, document_index, document_mask = sealed_columns()
    phone_sealed, phone_index, phone_mask = sealed_columns()
    credit_code: Mapped[str | None]
    agent_name: Mapped[str | None]
    """Who acts for an organisation (代理人)."""
    agent_phone_sealed, agent_phone_index, agent_phone_mask = sealed_columns()
    is_minor: Mapped[bool] = mapped_column(server_default="false")
    """A minor acts through the guardian (监护人)."""
    born_on: Mapped[date | None]
    guardian_id: Mapped[uuid.UUID | None]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
