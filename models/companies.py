"""Property companies as a county knows them, their project leaders and staff (SL-18, COM-20).

A company has a row in every county where it works; rows of one company are linked by its unified social credit code.
"""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.companies import CompanyState, LeaderState, StaffKind
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of, unique
from models.sealed import sealed_columns


class Company(CountyRow):
    """A property company (物业服务企业) in this county. ``state`` mirrors its filing (SM-1)."""

    __tablename__ = "company"
    __table_args__ = (
        unique("credit_code"),
        index("name_sort", "id"),
        index("township", "name_sort", "id"),
        index("state", "name_sort", "id"),
        one_of("state", CompanyState),
        CheckConstraint("blacklist_corrected_on >= blacklisted_on", name="corrected_after_listing"),
    )

    credit_code: Mapped[str]
    """Unified social credit code (统一社会信用代码), check character verified."""
    name: Mapped[str]
    name_sort: Mapped[str]
    """The name in pinyin, written by Python; lists are sorted by it."""
    licence_number: Mapped[str | None]
    legal_representative: Mapped[str | None]
    registered_on: Mapped[date | None]
    township: Mapped[str]
    """Where its office in the county is: the street that takes in its filing (SL-17). Division code, 9 digits."""
    community: Mapped[str]
    office_address: Mapped[str | None]
    service_phone: Mapped[str | None]
    """The published 24-hour line (TQ-69); a business number, not a person's."""
    complaint_phone: Mapped[str | None]
    contact_name: Mapped[str | None]
    contact_phone_sealed, contact_phone_index, contact_phone_mask = sealed_columns()
    state: Mapped[str] = mapped_column(server_default=CompanyState.UNFILED)
    listed: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it was ever filed here: then everybody sees its published particulars (ZS-20)."""
    staff_count: Mapped[int] = mapped_column(server_default="0")
    """Staff in post, kept by the commands that enrol and dismiss."""
    blacklisted_on: Mapped[date | None]
    blacklist_reason: Mapped[str | None]
    blacklist_corrected_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    version: Mapped[int] = mapped_column(server_default="1")


class ProjectLeader(CountyRow):
    """The project leader (项目负责人) of one property area; one at a time, replaced ones stay on record (COM-20)."""

    __tablename__ = "project_leader"
    __table_args__ = (
        link("company_id", "company"),
        link("area_id", "property_area"),
        link("staff_id", "company_staff"),
        index("company_id", "state"),
        index("area_id", "appointed_on"),
        index("staff_id"),
        index("township", "state"),
        unique("area_id", where=text("state IN ('APPOINTED', 'REPORTED')"), name="uq_project_leader_area_in_post"),
        one_of("state", LeaderState),
        CheckConstraint("ended_on >= appointed_on", name="dates_in_order"),
    )

    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    name: Mapped[str]
    certificate_number: Mapped[str]
    work_phone: Mapped[str | None]
    """The number posted on the disclosure board (TQ-69); the person's own phone is sealed with the staff record."""
    state: Mapped[str] = mapped_column(server_default=LeaderState.APPOINTED)
    appointed_on: Mapped[date]
    reported_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    """The first day on which they no longer hold the post."""
    replaced_by_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]


class CompanyStaff(CountyRow):
    """A member of a company's staff, with certificate and training (SL-18). Grants follow the employment."""

    __tablename__ = "company_staff"
    __table_args__ = (
        link("company_id", "company"),
        link("area_id", "property_area"),
        index("company_id", "name_sort", "id"),
        index("account_id"),
        unique(
            "company_id",
            "account_id",
            where=text("employed_to IS NULL AND account_id IS NOT NULL"),
            name="uq_company_staff_account_employed",
        ),
        one_of("kind", StaffKind),
        CheckConstraint("employed_to >= employed_from", name="dates_in_order"),
    )

    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID | None]
    """The project where they work; empty for the company's own office."""
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    name_sort: Mapped[str]
    phone_sealed, phone_index, phone_mask = sealed_columns()
    kind: Mapped[str]
    post: Mapped[str]
    certificate_number: Mapped[str | None]
    certificate_name: Mapped[str | None]
    trained_on: Mapped[date | None]
    training_name: Mapped[str | None]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]
    created_at: Mapped[CreatedAt]
