"""Suits over unpaid bills (FEE-14): batches referred together, and what the evidence pack of a case holds."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.suits import EvidenceKind, PartySide
from models.base import CountyRow, CreatedAt, Fen, index, link, one_of, unique
from models.cases import APPEND_ONLY


class SuitBatch(CountyRow):
    """Similar cases of one company and estate, referred to the court together (批量移送)."""

    __tablename__ = "suit_batch"
    __table_args__ = (
        link("company_id", "company"),
        link("estate_id", "estate"),
        unique("number"),
        index("company_id", "id"),
        index("estate_id"),
        index("court_client_id"),
        index("township", "id"),
        index("community", "id"),
        index("area_id", "id"),
        APPEND_ONLY,
    )

    number: Mapped[str]
    company_id: Mapped[uuid.UUID]
    estate_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    court_client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.client_id"))
    case_count: Mapped[int]
    referred_on: Mapped[date]
    referred_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


def _part(*extra: Any) -> tuple[Any, ...]:
    """``__table_args__`` of a numbered part of a case's evidence pack; each time it is put together is a new edition."""
    return (link("case_id", "dunning_case"), unique("case_id", "referral", "position"), *extra, APPEND_ONLY)


class SuitLine(CountyRow):
    """One line of the claim table (诉请明细): principal, period and late fee, in fen, as of the day it was put together."""

    __tablename__ = "suit_line"
    __table_args__ = _part(
        link("bill_id", "fee_bill"),
        index("bill_id"),
        CheckConstraint("principal >= 0 AND late_fee >= 0 AND principal + late_fee > 0", name="claims_something"),
    )

    case_id: Mapped[uuid.UUID]
    referral: Mapped[int]
    position: Mapped[int]
    bill_id: Mapped[uuid.UUID]
    title: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    due_on: Mapped[date]
    principal: Mapped[Fen]
    late_fee: Mapped[Fen]
    created_at: Mapped[CreatedAt]


class SuitParty(CountyRow):
    """A party of a suit. A person is named by the register's row; what is plain of it the court reads under its purpose."""

    __tablename__ = "suit_party"
    __table_args__ = _part(
        link("company_id", "company"),
        link("owner_id", "owner"),
        link("occupancy_id", "occupancy"),
        index("owner_id"),
        index("company_id"),
        index("occupancy_id"),
        one_of("side", PartySide),
        CheckConstraint("(side = 'PLAINTIFF') = (company_id IS NOT NULL)", name="the_company_sues"),
    )

    case_id: Mapped[uuid.UUID]
    referral: Mapped[int]
    position: Mapped[int]
    side: Mapped[str]
    company_id: Mapped[uuid.UUID | None]
    owner_id: Mapped[uuid.UUID | None]
    occupancy_id: Mapped[uuid.UUID | None]
    masked_name: Mapped[str]
    """A company's name; of a person the mask (王*)."""
    credit_code: Mapped[str | None]
    service_address: Mapped[str | None]
    agent_name: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class SuitEvidence(CountyRow):
    """A numbered piece of evidence: a document, or facts of the platform, under its SHA-256."""

    __tablename__ = "suit_evidence"
    __table_args__ = _part(
        link("document_id", "document"),
        index("document_id"),
        one_of("kind", EvidenceKind),
        CheckConstraint("num_nonnulls(document_id, content) = 1", name="document_or_facts"),
    )

    case_id: Mapped[uuid.UUID]
    referral: Mapped[int]
    position: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str]
    dated_on: Mapped[date | None]
    document_id: Mapped[uuid.UUID | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What the platform knows, as JSON; its SHA-256 is that of the canonical text (sorted keys, no blanks, UTF-8)."""
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes."""
    created_at: Mapped[CreatedAt]


class SuitPack(CountyRow):
    """The evidence packs of similar cases as one ZIP, for whoever asked for it: a person of the company, or a court's client."""

    __tablename__ = "suit_pack"
    __table_args__ = (
        link("company_id", "company"),
        index("company_id", "id"),
        index("area_id", "id"),
        index("requested_by", "id"),
        index("client_id", "id"),
        unique("key"),
        CheckConstraint("num_nonnulls(requested_by, client_id) = 1", name="one_asker"),
        CheckConstraint("cardinality(case_ids) > 0", name="of_cases"),
        CheckConstraint("num_nonnulls(key, name, size, sha256, finished_at) IN (0, 5)", name="whole"),
    )

    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    case_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()))
    """In the order of its folders."""
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    client_id: Mapped[str | None] = mapped_column(ForeignKey("oauth_client.client_id"))
    key: Mapped[str | None]
    """Where its bytes are in the object store; null until they are written."""
    name: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes."""
    sha256: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    opened_until: Mapped[datetime | None]
    """Until when its asker may fetch it; each reading that is put on record opens it anew."""
    created_at: Mapped[CreatedAt]
