"""Requests about personal data: corrections and deletions that a person asks for, data that courts and departments ask for."""

import uuid
from datetime import date

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.data_requests import DataRequestKind, DataRequestState
from domain.estates import IdentityDocument
from models.base import index, link, one_of
from models.cases import CaseRow, case_table
from models.sealed import sealed_columns

_TEXTS = ARRAY(Text(collation="C"))
_NO_TEXTS = text("'{}'::text[]")


class DataRequest(CaseRow):
    """A request about personal data (PRI-4, PRI-8).

    A person's own names its record (``owner_id`` or ``occupancy_id``) and, for a correction, the new values. A court's or
    department's names its legal basis, case number and scope: a person by the number of the identity document, a unit, or an
    estate; once approved a referral opens the ``fields`` to whoever asked until ``expires_on``.
    """

    __tablename__ = "data_request"
    __table_args__ = case_table(
        sorted(DataRequestState),
        link("owner_id", "owner"),
        link("occupancy_id", "occupancy"),
        link("unit_id", "unit"),
        link("referral_id", "referral"),
        index("kind", "state", "id"),
        index("applicant_id", "id"),
        index("client_id", "id"),
        index("owner_id"),
        index("occupancy_id"),
        index("unit_id"),
        index("referral_id"),
        one_of("kind", DataRequestKind),
        one_of("new_document_kind", IdentityDocument),
        CheckConstraint(
            "kind = 'DISCLOSURE' OR owner_id IS NOT NULL OR occupancy_id IS NOT NULL", name="subject_named"
        ),
        CheckConstraint(
            "kind <> 'DISCLOSURE' OR (legal_basis IS NOT NULL AND case_number IS NOT NULL AND purpose IS NOT NULL"
            " AND expires_on IS NOT NULL AND cardinality(fields) > 0"
            " AND num_nonnulls(subject_document_index, unit_id, estate_id) = 1)",
            name="disclosure_complete",
        ),
    )

    kind: Mapped[str]
    owner_id: Mapped[uuid.UUID | None]
    occupancy_id: Mapped[uuid.UUID | None]
    fields: Mapped[list[str]] = mapped_column(_TEXTS, server_default=_NO_TEXTS, default=list)
    """What is to be corrected, or read."""
    new_name: Mapped[str | None]
    new_document_kind: Mapped[str | None]
    new_document_sealed, new_document_index, new_document_mask = sealed_columns()
    new_phone_sealed, new_phone_index, new_phone_mask = sealed_columns()
    holds: Mapped[list[str]] = mapped_column(_TEXTS, server_default=_NO_TEXTS, default=list)
    """Why data may not be deleted, as found when it was asked for and again when it was decided."""
    client_id: Mapped[str | None] = mapped_column(ForeignKey("oauth_client.client_id"))
    """The partner that asks; null for a department, which asks through the applicant."""
    purpose: Mapped[str | None]
    legal_basis: Mapped[str | None]
    case_number: Mapped[str | None]
    subject_document_sealed, subject_document_index, subject_document_mask = sealed_columns()
    unit_id: Mapped[uuid.UUID | None]
    expires_on: Mapped[date | None]
    referral_id: Mapped[uuid.UUID | None]
    """What the approval opened."""
    decided_reason: Mapped[str | None]
    """Why it was refused or revoked."""
