"""Inspections and rectification (检查、整改; SM-11): plans, checklists, inspections, inspectors, findings, orders.

An ``Inspection`` is the case. What was seen is written by its inspectors and signed by at least two of them (INS-2);
what must be put right follows as a rectification order with a deadline and is checked again before it is closed
(INS-5).
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.inspections import CheckResult, InspectionKind, InspectionState, Severity
from models.base import CountyRow, CreatedAt, index, link, one_of, unique
from models.cases import APPEND_ONLY, CaseRow, case_table

_NO_UUIDS = text("'{}'::uuid[]")
DRAFTED: dict[str, Any] = {"info": {"deletable": True}}
"""Rows of a report that its inspectors still write; once it is signed no command touches what was found."""


class InspectionPlan(CountyRow):
    """A round of inspections (检查计划) of one office: its matters are published with it (INS-1)."""

    __tablename__ = "inspection_plan"
    __table_args__ = (
        one_of("kind", InspectionKind),
        CheckConstraint("ends_on >= starts_on", name="dates_in_order"),
        index("starts_on", "id"),
        index("township", "starts_on", "id"),
    )

    title: Mapped[str]
    kind: Mapped[str]
    basis: Mapped[str]
    """Why the office may inspect this: law, policy or requirement id."""
    township: Mapped[str | None]
    """The township that made it; null for the bureau's."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    planned_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


class ChecklistItem(CountyRow):
    """One matter of a plan's checklist (检查事项), with the requirement that it checks."""

    __tablename__ = "checklist_item"
    __table_args__ = (link("plan_id", "inspection_plan"), unique("plan_id", "position"))

    plan_id: Mapped[uuid.UUID]
    position: Mapped[int] = mapped_column(SmallInteger())
    """From 1, in the order in which inspectors walk through it."""
    matter: Mapped[str]
    basis: Mapped[str]
    """The requirement checked: an id of the county's policy (TQ-69) or an article of law."""


class Inspection(CaseRow):
    """The inspection of one estate, and of the company that serves it, under a plan (SM-11)."""

    __tablename__ = "inspection"
    __table_args__ = case_table(
        InspectionState,
        link("plan_id", "inspection_plan"),
        index("plan_id", "id"),
        index("published_on", "id"),
        index("state", "id"),
        CheckConstraint("estate_id IS NOT NULL", name="target_named"),
    )

    plan_id: Mapped[uuid.UUID]
    target: Mapped[str]
    """The estate's name as it was when planned."""
    inspected_on: Mapped[date | None]
    """The day of the visit; the result is published within 20 working days of it (INS-5)."""
    report: Mapped[str | None]
    report_revision: Mapped[int] = mapped_column(server_default="0", default=0)
    """How often the report was written; a signature is for one revision."""
    reported_at: Mapped[datetime | None]
    """When the signed report was handed in; from then on the inspected company sees the inspection."""
    finding_count: Mapped[int] = mapped_column(server_default="0", default=0)
    responsible: Mapped[str | None]
    """The responsible unit (责任单位, ZS-10)."""
    rectify_by: Mapped[date | None]
    """The last day to put things right, as extended."""
    extension_count: Mapped[int] = mapped_column(server_default="0", default=0)
    recheck_passed: Mapped[bool | None]
    """What the last re-check found; null before one."""
    published_on: Mapped[date | None]
    published_text: Mapped[str | None]
    """The result in the words that the public reads."""


class Inspector(CountyRow):
    """One inspector of an inspection (检查人员): at least two sign (INS-2); who has an interest steps back."""

    __tablename__ = "inspector"
    __table_args__ = (
        link("inspection_id", "inspection"),
        unique("inspection_id", "account_id", where=text("recused_at IS NULL"), name="uq_inspector_of_inspection"),
        index("inspection_id", "id"),
        index("account_id", "id"),
        CheckConstraint("(recused_at IS NULL) = (recusal_reason IS NULL)", name="recusal_has_reason"),
    )

    inspection_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    office: Mapped[str]
    certificate: Mapped[str]
    """Number of the law-enforcement certificate (执法证号), stated in the report (行政处罚法 42)."""
    assigned_at: Mapped[datetime]
    recused_at: Mapped[datetime | None]
    recusal_reason: Mapped[str | None]


class InspectionSignature(CountyRow):
    """An inspector's signature under a revision of the report, or under a re-check (INS-2). Append-only."""

    __tablename__ = "inspection_signature"
    __table_args__ = (
        UniqueConstraint(
            "county",
            "inspection_id",
            "inspector_id",
            "rectification_id",
            "revision",
            name="uq_inspection_signature_once",
            postgresql_nulls_not_distinct=True,
        ),
        link("inspection_id", "inspection"),
        link("inspector_id", "inspector"),
        link("rectification_id", "rectification"),
        index("inspector_id"),
        index("rectification_id"),
        APPEND_ONLY,
    )

    inspection_id: Mapped[uuid.UUID]
    inspector_id: Mapped[uuid.UUID]
    rectification_id: Mapped[uuid.UUID | None]
    """The order whose re-check is signed; null for the report."""
    revision: Mapped[int]
    signed_at: Mapped[datetime]


class CheckedItem(CountyRow):
    """What an inspection found on one matter of the checklist."""

    __tablename__ = "checked_item"
    __table_args__ = (
        link("inspection_id", "inspection"),
        link("checklist_item_id", "checklist_item"),
        unique("inspection_id", "checklist_item_id"),
        index("checklist_item_id"),
        one_of("result", CheckResult),
        DRAFTED,
    )

    inspection_id: Mapped[uuid.UUID]
    checklist_item_id: Mapped[uuid.UUID]
    result: Mapped[str]
    note: Mapped[str | None]


class Finding(CountyRow):
    """A problem that an inspection found (检查发现的问题), with photos."""

    __tablename__ = "finding"
    __table_args__ = (
        link("inspection_id", "inspection"),
        link("checklist_item_id", "checklist_item"),
        one_of("severity", Severity),
        unique("inspection_id", "position"),
        index("inspection_id", "position", "id"),
        index("checklist_item_id"),
        CheckConstraint("cleared_on IS NULL OR rectified_on IS NOT NULL", name="rectified_before_cleared"),
        DRAFTED,
    )

    inspection_id: Mapped[uuid.UUID]
    checklist_item_id: Mapped[uuid.UUID | None]
    position: Mapped[int] = mapped_column(SmallInteger())
    severity: Mapped[str]
    description: Mapped[str]
    basis: Mapped[str]
    """The requirement that is not met."""
    photo_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    rectification: Mapped[str | None]
    """How it was put right, in the words of the responsible unit."""
    rectified_on: Mapped[date | None]
    rectified_photo_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    cleared_on: Mapped[date | None]
    """When a re-check found it put right."""
    created_at: Mapped[CreatedAt]


class Rectification(CountyRow):
    """A rectification order (责令整改): what, by whom, by when. The deadline can be extended once (INS-5)."""

    __tablename__ = "rectification"
    __table_args__ = (
        link("inspection_id", "inspection"),
        index("inspection_id", "id"),
        CheckConstraint("deadline >= ordered_on", name="dates_in_order"),
        CheckConstraint("extended_from IS NULL OR extension_reason IS NOT NULL", name="extension_has_reason"),
    )

    inspection_id: Mapped[uuid.UUID]
    ordered_on: Mapped[date]
    deadline: Mapped[date]
    """The last day to hand in proof, as extended."""
    requirement: Mapped[str]
    """What must be done."""
    responsible: Mapped[str]
    """The responsible unit (责任单位, ZS-10)."""
    extended_from: Mapped[date | None]
    """The deadline before its one extension."""
    extension_reason: Mapped[str | None]
    submitted_on: Mapped[date | None]
    submission: Mapped[str | None]
    recheck_revision: Mapped[int] = mapped_column(server_default="0", default=0)
    """How often the re-check was written; a signature is for one revision."""
    rechecked_on: Mapped[date | None]
    recheck_note: Mapped[str | None]
    passed: Mapped[bool | None]
    """What the re-check found; null before one."""
