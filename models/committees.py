"""Owners' committees and the bodies that stand in for them, attested until elections come (SM-5, COM-18, COM-19)."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.committees import BodyKind, CommitteeState, MemberPost, MemberStatus
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of, unique
from models.sealed import sealed_columns


class Committee(CountyRow):
    """The body that acts for the owners of a property area: committee, PMC (物管会) or 自管小组."""

    __tablename__ = "committee"
    __table_args__ = (
        link("area_id", "property_area"),
        index("area_id", "term_from"),
        index("name_sort", "id"),
        index("township", "name_sort", "id"),
        index("community", "name_sort", "id"),
        index("state", "term_to"),
        unique("area_id", where=text("state IN ('ATTESTED', 'FILED')"), name="uq_committee_area_in_office"),
        one_of("kind", BodyKind),
        one_of("state", CommitteeState),
        CheckConstraint("term_to > term_from", name="term_in_order"),
        CheckConstraint("(filing_number IS NULL) = (filed_on IS NULL)", name="filing_whole"),
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    name_sort: Mapped[str]
    term_from: Mapped[date]
    term_to: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=CommitteeState.ATTESTED)
    filing_number: Mapped[str | None]
    """Number of the filing certificate (备案证明) where the body was filed before the platform."""
    filed_on: Mapped[date | None]
    commitment_signed: Mapped[bool] = mapped_column(server_default=text("false"))
    """Members signed the commitment letter (GT-28)."""
    model_text_declared: Mapped[bool] = mapped_column(server_default=text("false"))
    """The body declared that it uses the model texts (GT-18)."""
    member_count: Mapped[int]
    attested_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    attested_basis: Mapped[str]
    """What the attestation rests on: the paper filing, the minutes, the posted result."""
    ended_on: Mapped[date | None]
    ended_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    version: Mapped[int] = mapped_column(server_default="1")


class CommitteeMember(CountyRow):
    """A member of a body for one term. The account's grants follow the term and the status."""

    __tablename__ = "committee_member"
    __table_args__ = (
        link("committee_id", "committee"),
        link("unit_id", "unit"),
        index("committee_id", "post_order", "id"),
        index("account_id"),
        index("unit_id"),
        one_of("post", MemberPost),
        one_of("status", MemberStatus),
        CheckConstraint("term_to >= term_from", name="term_in_order"),
    )

    committee_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    unit_id: Mapped[uuid.UUID | None]
    """The unit that makes the member an owner (COM-5); a community's delegate in a PMC has none."""
    name: Mapped[str]
    name_mask: Mapped[str]
    """What a public list shows (PRI-5): ``王*``."""
    phone_sealed, phone_index, phone_mask = sealed_columns()
    post: Mapped[str]
    post_order: Mapped[int]
    """Chair first, reserves last, then the order of votes."""
    status: Mapped[str] = mapped_column(server_default=MemberStatus.IN_OFFICE)
    term_from: Mapped[date]
    term_to: Mapped[date]
    commitment_signed_on: Mapped[date | None]
    trained_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]
