"""What all workflow cases share, and the tables around them: reviews, tasks, audit events, idempotent operations.

A case (filing, fund request, inspection …) is one row of its own table that inherits ``CaseRow``; its state moves only
through ``resolvers.cases.advance``. Reviews and audit events are never changed or deleted (RULES C-7).
"""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, ForeignKey, Text, UniqueConstraint, Uuid, case, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column

from domain.roles import Role
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of

APPEND_ONLY: dict[str, Any] = {"info": {"append_only": True}}
NEVER_DUE = date(9999, 12, 31)
"""Sorts open tasks without a deadline behind all others (a keyset needs a value)."""

_NO_UUIDS = text("'{}'::uuid[]")
_NO_TEXTS = text("'{}'::text[]")
_OPEN = text("closed_at IS NULL")


class CaseRow(CountyRow):
    """A workflow case. It finishes on the versions of the workflow and the profile that it started with (DESIGN §4).

    ``township`` and ``community`` are division codes: an office's jurisdiction is an equality on one of them. ``step``
    counts the state's moves, so that the reviews of one visit to a state are told from those of an earlier one.
    """

    __abstract__ = True

    title: Mapped[str]
    """What it is about, as queues show it."""
    state: Mapped[str]
    state_since: Mapped[datetime]
    step: Mapped[int] = mapped_column(server_default="0", default=0)
    due_on: Mapped[date | None]
    """The last day for the present state's next act; null when nothing is due."""
    wake_at: Mapped[datetime | None]
    """When the county's own clock next has something to do with the case."""
    workflow: Mapped[str]
    workflow_version: Mapped[int]
    profile_version: Mapped[str]
    version: Mapped[int]
    township: Mapped[str | None]
    community: Mapped[str | None]
    estate_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID | None]
    company_id: Mapped[uuid.UUID | None]
    committee_id: Mapped[uuid.UUID | None]
    applicant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    """The account that opened the case; it may not decide on it (RULES §9)."""
    applicant_role: Mapped[str]
    document_kinds: Mapped[list[str]] = mapped_column(
        ARRAY(Text(collation="C")), server_default=_NO_TEXTS, default=list
    )
    """The kinds of the documents attached so far, sorted: what ``availableActions`` finds missing is read off it."""
    reviewed_by: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")), server_default=_NO_TEXTS, default=list)
    """The roles that have decided in the present step, which others still share with them."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - called with the class
        # Every change of the row counts ``version`` up, whoever makes it; nobody can forget to.
        return {"version_id_col": cls.__table__.c.version} if "__table__" in cls.__dict__ else {}


def case_table(states: Iterable[str], *extra: Any) -> tuple[Any, ...]:
    """``__table_args__`` of a case's table: places and parties, known states, the indexes of queues and timers."""
    return (
        link("estate_id", "estate"),
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("committee_id", "committee"),
        one_of("state", states),
        index("state", "due_on"),
        index("wake_at"),
        index("estate_id", "id"),
        index("area_id", "id"),
        index("company_id", "id"),
        index("committee_id", "id"),
        index("township", "id"),
        index("community", "id"),
        index("updated_at", "id"),
        *extra,
    )


class Review(CountyRow):
    """One office's decision in one step of a case (审核意见). A step that several offices share has one row of each."""

    __tablename__ = "review"
    __table_args__ = (
        index("case_id", "step"),
        index("case_id", "at", "id"),
        one_of("role", Role),
        APPEND_ONLY,
    )

    case_type: Mapped[str]
    case_id: Mapped[uuid.UUID]
    step: Mapped[int]
    """The case's ``step`` when the decision was given."""
    state: Mapped[str]
    action: Mapped[str]
    role: Mapped[str]
    office: Mapped[str | None]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    grant_id: Mapped[uuid.UUID | None]
    decision: Mapped[str]
    """The action's outcome as a state: where the case goes when all who must decide have decided so."""
    reason: Mapped[str | None]
    signed: Mapped[bool]
    """The responsible person's signature (签字) is on the decision (ZD-7)."""
    sealed: Mapped[bool]
    """The office's seal (盖章) is on the decision (ZD-7)."""
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    township: Mapped[str | None]
    community: Mapped[str | None]
    company_id: Mapped[uuid.UUID | None]
    committee_id: Mapped[uuid.UUID | None]
    applicant_id: Mapped[uuid.UUID]
    """The case's places and parties, copied so that its readers are found without opening the case."""
    at: Mapped[datetime]


class Task(CountyRow):
    """Somebody's turn in a case (待办): the open tasks of a role in its scope are its work queue."""

    __tablename__ = "task"
    __table_args__ = (
        one_of("role", Role),
        index("case_type", "case_id"),
        index("role", "due_order", "id", name="ix_task_queue", where=_OPEN),
        index("role", "township", "due_order", "id", name="ix_task_queue_township", where=_OPEN),
        index("role", "community", "due_order", "id", name="ix_task_queue_community", where=_OPEN),
        index("role", "company_id", "due_order", "id", name="ix_task_queue_company", where=_OPEN),
        index("role", "committee_id", "due_order", "id", name="ix_task_queue_committee", where=_OPEN),
        index("role", "area_id", "due_order", "id", name="ix_task_queue_area", where=_OPEN),
        index("role", "account_id", "due_order", "id", name="ix_task_queue_account", where=_OPEN),
        index("role", "client_id", "due_order", "id", name="ix_task_queue_client", where=_OPEN),
    )

    case_type: Mapped[str]
    case_id: Mapped[uuid.UUID]
    role: Mapped[str]
    actions: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))
    title: Mapped[str]
    """What the case is about, in the words of the person who opened it or of its estate."""
    state: Mapped[str]
    township: Mapped[str | None]
    community: Mapped[str | None]
    estate_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID | None]
    company_id: Mapped[uuid.UUID | None]
    committee_id: Mapped[uuid.UUID | None]
    client_id: Mapped[str | None]
    """Set when it is the turn of a partner's system (a bank's answer)."""
    account_id: Mapped[uuid.UUID | None]
    """Set when the task is one person's alone (the applicant's correction, an inspector's report)."""
    due_on: Mapped[date | None]
    due_order: Mapped[date]
    """``due_on``, or 9999-12-31 without one: the queue's order."""
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


# The case's id under the name of its type, for readers that follow it: null for tasks of other types.
Task.bill_dispute_id = column_property(case((Task.case_type == "BillDispute", Task.case_id)))
Task.dunning_case_id = column_property(case((Task.case_type == "DunningCase", Task.case_id)))
Task.filing_id = column_property(case((Task.case_type == "Filing", Task.case_id)))
Task.fund_request_id = column_property(case((Task.case_type == "FundRequest", Task.case_id)))
Task.data_request_id = column_property(case((Task.case_type == "DataRequest", Task.case_id)))
Task.unit_claim_id = column_property(case((Task.case_type == "UnitClaim", Task.case_id)))
Task.custodian_id = column_property(case((Task.case_type == "Custodian", Task.case_id)))
Task.bank_difference_id = column_property(case((Task.case_type == "BankDifference", Task.case_id)))
Task.vote_id = column_property(case((Task.case_type == "Vote", Task.case_id)))
Task.inspection_id = column_property(case((Task.case_type == "Inspection", Task.case_id)))


class AuditEvent(CountyRow):
    """Who did what to which row, in which capacity, when and why (RULES C-7). Append-only."""

    __tablename__ = "audit_event"
    __table_args__ = (
        index("subject_id", "at", "id"),
        index("account_id", "id"),
        index("client_id", "id"),
        index("at", "id"),
        one_of("role", Role),
        APPEND_ONLY,
    )

    account_id: Mapped[uuid.UUID | None]
    client_id: Mapped[str | None]
    grant_id: Mapped[uuid.UUID | None]
    role: Mapped[str]
    office: Mapped[str | None]
    acting_for: Mapped[str | None]
    """Whom the official stood in for (代理)."""
    action: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    township: Mapped[str | None]
    community: Mapped[str | None]
    from_state: Mapped[str | None]
    to_state: Mapped[str | None]
    reason: Mapped[str | None]
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    request_id: Mapped[str | None]
    at: Mapped[datetime]


class Operation(CountyRow):
    """A mutation that was done under an idempotency key, and what came of it (DESIGN §4).

    Written first and completed in the transaction that does the work: a second call with its key waits for the first.
    """

    __tablename__ = "operation"
    __table_args__ = (
        UniqueConstraint("county", "client_id", "account_id", "key", postgresql_nulls_not_distinct=True),
        index("at"),
    )

    client_id: Mapped[str | None]
    account_id: Mapped[uuid.UUID | None]
    key: Mapped[str]
    name: Mapped[str]
    """The mutation's field name in the schema (``fundRequestVerify``)."""
    input_hash: Mapped[str]
    """SHA-256 of the canonical JSON of the arguments, in hexadecimal."""
    outcome_type: Mapped[str | None]
    outcome_id: Mapped[uuid.UUID | None]
    outcome_version: Mapped[int | None]
    others: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"), default=list)
    """Further results of a command that returns several rows: ``{"type", "id", "version"}`` each."""
    at: Mapped[datetime]
