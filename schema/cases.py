"""What all cases share as clients see it: tasks and their counts, reviews, events, what can be done next, done
operations."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Date, Text, Uuid, func
from sqlalchemy import DateTime as SqlDateTime

from domain.roles import Role
from models import cases as models
from models.cases import CaseRow
from resolvers.cases import available_actions
from schema.common import DateTime
from schema.engine.declare import (
    ascending,
    choice,
    column,
    computed,
    derived,
    descending,
    entity,
    filters,
    listing,
    many,
    matches,
    orders,
)
from schema.engine.run import Run
from schema.engine.types import described, plain_type
from schema.engine.values import Ref, encode_id, key_of

if TYPE_CHECKING:
    from resolvers.unit_of_work import UnitOfWork
    from schema.claims import UnitClaim
    from schema.custodians import Custodian
    from schema.data_requests import DataRequest
    from schema.differences import BankDifference
    from schema.dunning import DunningCase
    from schema.fees import BillDispute
    from schema.filings import Filing
    from schema.funds import FundRequest
    from schema.inspections import Inspection
    from schema.votes import Vote

described(Role)

AvailableAction = plain_type(
    "AvailableAction",
    "An action that the caller may take on a case now: which buttons to show.",
    {
        "action": ("str", "The action's name, as the case's enumeration of actions describes it."),
        "deadline": ("DateTime | None", "By when; null when nothing presses."),
        "missing": ("list[str]", "Kinds of documents to attach first; alternatives are joined by `|`."),
        "blocked_by": ("list[str]", "Codes of what would be refused at present, documents aside (docs/errors.md)."),
    },
)

_CASE_COLUMNS = (
    "county",
    "state",
    "state_since",
    "workflow",
    "workflow_version",
    "profile_version",
    "township",
    "community",
    "estate_id",
    "area_id",
    "company_id",
    "committee_id",
    "applicant_id",
    "applicant_role",
    "document_kinds",
    "reviewed_by",
)


def available_actions_of(model: type[CaseRow], *reads: Any) -> Any:
    """The field ``availableActions`` of a case. ``reads`` are the columns that the kind's facts read besides
    ``CaseRow``'s."""
    needs = [*(getattr(model, name) for name in _CASE_COLUMNS), *reads]
    readers = {attribute.key: _reader(attribute.type) for attribute in needs}

    def offered(run: Run, *values: Any) -> list[dict[str, Any]]:
        row = SimpleNamespace(**{key: read(value) for (key, read), value in zip(readers.items(), values, strict=True)})
        return [
            {
                "action": offer.action,
                "deadline": offer.deadline.at if offer.deadline else None,
                "missing": list(offer.missing),
                "blocked_by": [str(code) for code in offer.blocked_by],
            }
            for offer in available_actions(model, row, run.actor, datetime.now(UTC))
        ]

    return computed(offered, "What the caller may do with the case now, by when, and what is missing.", needs=needs)


def _reader(kind: Any) -> Any:
    readers: Mapping[type[Any], Any] = {Date: date.fromisoformat, SqlDateTime: datetime.fromisoformat, Uuid: uuid.UUID}
    read = next((reader for known, reader in readers.items() if isinstance(kind, known)), None)
    return lambda value: value if value is None or read is None else read(value)


def reviews_of(model: type[CaseRow]) -> Any:
    """The field ``reviews`` of a case."""
    return many(models.Review.case_id, f"The offices' decisions on the {model.__name__}, oldest first.")


def events_of(model: type[Any]) -> Any:
    """The field ``events`` of a row that commands change."""
    return many(models.AuditEvent.subject_id, f"What was done with the {model.__name__}, latest first.")


def document_ids_of(model: type[Any], ids: Any, description: str) -> Any:
    """A list of documents' ids, from a column that holds their keys."""
    return computed(
        lambda _run, county, keys: [encode_id(Ref("Document", county, uuid.UUID(key))) for key in keys],
        description,
        needs=[model.county, ids],
    )


# Tasks

CASE = strawberry.union(
    "Case", description="What somebody's turn is about: a case that a workflow moves, or a bill's dispute."
)

TASK_ORDERS = orders(
    "TaskOrder",
    "How tasks are ordered.",
    DUE=(ascending(models.Task.due_order), "Soonest due first, so overdue ones lead; without a deadline last."),
    NEWEST=(descending(models.Task.opened_at), "Latest opened first."),
)


@filters("Which tasks. All given conditions must hold.")
class TaskFilter:
    due_before: date | None = matches(lambda row, value: row.due_order < value, Date(), "Due before this day.")
    case_type: str | None = matches(
        lambda row, value: row.case_type == value, Text(), "Only cases of this type, such as `FundRequest`."
    )
    state: str | None = matches(lambda row, value: row.state == value, Text(), "Only cases in this state.")
    role: Role | None = matches(lambda row, value: row.role == value, Text(), "Only the queue of this role.")
    estate: strawberry.ID | None = matches(
        lambda row, value: row.estate_id == value, Uuid(), "Only cases of this estate.", read=key_of("Estate")
    )


@entity(
    models.Task,
    "Somebody's turn in a case (待办). The caller sees the tasks of its roles within what its grants cover.",
    orders=TASK_ORDERS,
    filters=TaskFilter,
    states=models.Task.case_type,
)
class Task:
    case_type: str = column(models.Task.case_type, "The type of the case, such as `Filing`.")
    case: """Annotated[
        BankDifference | BillDispute | Custodian | DataRequest | DunningCase | Filing | FundRequest | Inspection
        | UnitClaim | Vote, CASE
    ] | None""" = choice(
        "The case itself.",
        by={
            "BankDifference": models.Task.bank_difference_id,  # type: ignore[attr-defined]
            "BillDispute": models.Task.bill_dispute_id,  # type: ignore[attr-defined]
            "Custodian": models.Task.custodian_id,  # type: ignore[attr-defined]
            "DataRequest": models.Task.data_request_id,  # type: ignore[attr-defined]
            "DunningCase": models.Task.dunning_case_id,  # type: ignore[attr-defined]
            "Filing": models.Task.filing_id,  # type: ignore[attr-defined]
            "FundRequest": models.Task.fund_request_id,  # type: ignore[attr-defined]
            "Inspection": models.Task.inspection_id,  # type: ignore[attr-defined]
            "UnitClaim": models.Task.unit_claim_id,  # type: ignore[attr-defined]
            "Vote": models.Task.vote_id,  # type: ignore[attr-defined]
        },
    )
    case_id: strawberry.ID = computed(
        lambda _run, kind, county, key: encode_id(Ref(kind, county, uuid.UUID(key))),
        "The id of the case, for `node`.",
        needs=[models.Task.case_type, models.Task.county, models.Task.case_id],
    )
    role: Role = column(models.Task.role, "The role whose turn it is.")
    actions: list[str] = column(models.Task.actions, "The actions of the workflow that are waited for.")
    title: str = column(models.Task.title, "What the case is about.")
    state: str = column(models.Task.state, "The case's state.")
    township: str | None = column(models.Task.township, "Division code, 9 digits.")
    community: str | None = column(models.Task.community, "Division code, 12 digits.")
    due_on: date | None = column(models.Task.due_on, "The last day to act; null when nothing is due.")
    is_overdue: bool = derived(
        lambda row, env: func.coalesce((row.due_on < env.today) & row.closed_at.is_(None), False),
        "Open, and its last day has passed.",
    )
    opened_at: DateTime = column(models.Task.opened_at, "When it became this role's turn.")
    closed_at: DateTime | None = column(models.Task.closed_at, "When it was over; null while open.")


TaskCount = plain_type(
    "TaskCount",
    "How much waits in one queue.",
    {
        "role": ("Role", "The role whose queue it is."),
        "case_type": ("str", "The type of the cases."),
        "open": ("int", "Open tasks."),
        "due_today": ("int", "Of these, due today."),
        "overdue": ("int", "Of these, overdue."),
    },
)


async def task_counts(
    run: Run,
    _viewer: Any,
    county: Annotated[
        str | None, strawberry.argument(description="Only this county, by its six-digit code; otherwise all of them.")
    ] = None,
) -> list[dict[str, Any]]:
    """The field ``Viewer.taskCounts``."""
    counts: dict[tuple[str, str], list[int]] = {}
    for code in sorted(run.actor.counties if county is None else run.actor.counties & {county}):
        for role, case_type, *numbers in await run.within(code, _counted):
            total = counts.setdefault((role, case_type), [0, 0, 0])
            counts[role, case_type] = [have + more for have, more in zip(total, numbers, strict=True)]
    return [
        {"role": role, "case_type": case_type, "open": waiting, "due_today": today, "overdue": overdue}
        for (role, case_type), (waiting, today, overdue) in sorted(counts.items())
    ]


async def _counted(uow: "UnitOfWork") -> Sequence[Any]:
    task = models.Task
    counted = (
        uow.select(task)
        .where(task.closed_at.is_(None))
        .with_only_columns(
            task.role,
            task.case_type,
            func.count(),
            func.count().filter(task.due_on == uow.today),
            func.count().filter(task.due_on < uow.today),
        )
        .group_by(task.role, task.case_type)
    )
    return (await uow.session.execute(counted)).all()


# Reviews and events

REVIEW_ORDERS = orders(
    "ReviewOrder", "How reviews are ordered.", OLDEST=(ascending(models.Review.at), "In the order of decision.")
)


@entity(models.Review, "One office's decision in one step of a case (审核意见).", orders=REVIEW_ORDERS)
class Review:
    state: str = column(models.Review.state, "The case's state when it was decided.")
    action: str = column(models.Review.action, "The action taken.")
    decision: str = column(models.Review.decision, "The state that the decision is for.")
    role: Role = column(models.Review.role, "In which role it was decided.")
    office: str | None = column(models.Review.office, "For which office.")
    reason: str | None = column(models.Review.reason, "The reasons given.")
    signed: bool = column(models.Review.signed, "Whether the responsible person signed (签字).")
    sealed: bool = column(models.Review.sealed, "Whether the office's seal is on it (盖章).")
    at: DateTime = column(models.Review.at, "When.")


EVENT_ORDERS = orders(
    "AuditEventOrder", "How events are ordered.", NEWEST=(descending(models.AuditEvent.at), "Latest first.")
)


@filters("Which events. All given conditions must hold.")
class AuditEventFilter:
    action: str | None = matches(lambda row, value: row.action == value, Text(), "Only this action.")
    since: DateTime | None = matches(
        lambda row, value: row.at >= value, SqlDateTime(timezone=True), "At or after this instant."
    )


@entity(
    models.AuditEvent,
    "Who did what, in which capacity, when and why (操作记录). Never changed or deleted.",
    orders=EVENT_ORDERS,
    filters=AuditEventFilter,
)
class AuditEvent:
    action: str = column(models.AuditEvent.action, "The action.")
    role: Role = column(models.AuditEvent.role, "In which role; `SYSTEM` is the county's own clock.")
    office: str | None = column(models.AuditEvent.office, "For which office.")
    acting_for: str | None = column(models.AuditEvent.acting_for, "Whom the official stood in for (代理).")
    subject_type: str = column(models.AuditEvent.subject_type, "The type of the row it was done to.")
    subject_id: strawberry.ID = computed(
        lambda _run, kind, county, key: encode_id(Ref(kind, county, uuid.UUID(key))),
        "The id of that row, for `node`.",
        needs=[models.AuditEvent.subject_type, models.AuditEvent.county, models.AuditEvent.subject_id],
    )
    from_state: str | None = column(models.AuditEvent.from_state, "The state before.")
    to_state: str | None = column(models.AuditEvent.to_state, "The state after.")
    reason: str | None = column(models.AuditEvent.reason, "The reason given.")
    at: DateTime = column(models.AuditEvent.at, "When.")


QUERIES = {
    "auditEvents": listing("AuditEvent", "Events that the caller may see: an office's in its place, anybody's own."),
}
