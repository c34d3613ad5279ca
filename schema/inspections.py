"""Inspections as clients see them and what people do with them (SM-11)."""

import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy import Text, Uuid

from domain.inspections import CheckResult, InspectionAction, InspectionKind, InspectionState, Severity
from domain.roles import OFFICIALS
from models import inspections as models
from resolvers import inspections
from schema.cases import available_actions_of, document_ids_of, events_of, reviews_of
from schema.common import DateTime
from schema.engine.declare import (
    answer,
    ascending,
    column,
    count,
    derived,
    descending,
    entity,
    filters,
    latest,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.intents import changes, value_county
from schema.engine.run import Run
from schema.engine.types import Connection, described, plain_type
from schema.engine.values import key_of

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.cases import AuditEvent, AvailableAction, Review
    from schema.companies import Company
    from schema.estates import Estate

for _enumeration in (InspectionState, InspectionAction, InspectionKind, CheckResult, Severity):
    described(_enumeration)

PLAN_ORDERS = orders(
    "InspectionPlanOrder",
    "How plans are ordered.",
    NEWEST=(descending(models.InspectionPlan.starts_on), "Latest start first."),
)
ITEM_ORDERS = orders(
    "ChecklistItemOrder",
    "How a checklist is ordered.",
    POSITION=(ascending(models.ChecklistItem.position), "As inspectors walk through it."),
)


@entity(models.InspectionPlan, "A round of inspections of one office (检查计划).", orders=PLAN_ORDERS)
class InspectionPlan:
    title: str = column(models.InspectionPlan.title, "What it is called.")
    kind: InspectionKind = column(models.InspectionPlan.kind, "Why the office inspects.")
    basis: str = column(models.InspectionPlan.basis, "The law, policy or requirement that it rests on.")
    township: str | None = column(models.InspectionPlan.township, "The township that made it; null: the bureau.")
    starts_on: datetime.date = column(models.InspectionPlan.starts_on, "First day.")
    ends_on: datetime.date = column(models.InspectionPlan.ends_on, "Last day.")
    checklist: Connection["ChecklistItem"] = many(models.ChecklistItem.plan_id, "What is looked at.")
    inspections: Connection["Inspection"] = many(models.Inspection.plan_id, "The inspections under it.")
    inspection_count: int = count(models.Inspection.plan_id, "How many inspections the caller sees under it.")


@entity(models.ChecklistItem, "One matter of a checklist (检查事项).", orders=ITEM_ORDERS)
class ChecklistItem:
    position: int = column(models.ChecklistItem.position, "From 1.")
    matter: str = column(models.ChecklistItem.matter, "What is looked at.")
    basis: str = column(models.ChecklistItem.basis, "The requirement checked: a requirement id or an article.")


INSPECTION_ORDERS = orders(
    "InspectionOrder",
    "How inspections are ordered.",
    NEWEST=(descending(models.Inspection.id), "Latest planned first."),
    UPDATED=(descending(models.Inspection.updated_at), "Last changed first."),
)


@filters("Which inspections. All given conditions must hold.")
class InspectionFilter:
    state: InspectionState | None = matches(lambda row, value: row.state == value, Text(), "In this state.")
    estate: strawberry.ID | None = matches(
        lambda row, value: row.estate_id == value, Uuid(), "Of this estate.", read=key_of("Estate")
    )
    plan: strawberry.ID | None = matches(
        lambda row, value: row.plan_id == value, Uuid(), "Under this plan.", read=key_of("InspectionPlan")
    )
    township: str | None = matches(lambda row, value: row.township == value, Text(), "In this township, 9 digits.")
    community: str | None = matches(lambda row, value: row.community == value, Text(), "In this community, 12 digits.")
    updated_since: DateTime | None = matches(
        lambda row, value: row.updated_at >= value, SqlDateTime(timezone=True), "Changed at or after this instant."
    )


@entity(
    models.Inspection,
    "The inspection of one estate and of the company that serves it (检查). The company sees it from the signed report "
    "on, everybody in the county once it is published.",
    orders=INSPECTION_ORDERS,
    filters=InspectionFilter,
    states=models.Inspection.state,
)
class Inspection:
    title: str = column(models.Inspection.title, "What it is about.")
    target: str = column(models.Inspection.target, "The estate's name when it was planned.")
    state: InspectionState = column(models.Inspection.state, "Where it stands.")
    state_since: DateTime = column(models.Inspection.state_since, "Since when.")
    due_on: datetime.date | None = column(models.Inspection.due_on, "The soonest deadline of the present state.")
    is_overdue: bool | None = derived(lambda row, env: row.due_on < env.today, "Whether that day has passed.")
    version: int = column(models.Inspection.version, "Counts its changes.")
    township: str | None = column(models.Inspection.township, "Division code, 9 digits.")
    community: str | None = column(models.Inspection.community, "Division code, 12 digits.")
    plan: "InspectionPlan | None" = one(models.Inspection.plan_id, "The plan (offices see it).")
    estate: "Estate | None" = one(models.Inspection.estate_id, "The estate, where the caller sees it.")
    area: "PropertyArea | None" = one(models.Inspection.area_id, "Its property area, where the caller sees it.")
    company: "Company | None" = one(models.Inspection.company_id, "The company that served it when it was planned.")
    inspected_on: datetime.date | None = column(models.Inspection.inspected_on, "Day of the visit.")
    report: str | None = column(models.Inspection.report, "The report.")
    reported_at: DateTime | None = column(models.Inspection.reported_at, "When the signed report was handed in.")
    finding_count: int = column(models.Inspection.finding_count, "How many problems were found.")
    responsible: str | None = column(models.Inspection.responsible, "Who must put them right (责任单位).")
    rectify_by: datetime.date | None = column(models.Inspection.rectify_by, "The last day to put them right.")
    recheck_passed: bool | None = column(models.Inspection.recheck_passed, "What the last re-check found.")
    published_on: datetime.date | None = column(models.Inspection.published_on, "Day of publication.")
    published_text: str | None = column(models.Inspection.published_text, "The published result.")
    updated_at: DateTime = column(models.Inspection.updated_at, "Last change.")
    inspectors: Connection["Inspector"] = many(models.Inspector.inspection_id, "Who inspects.")
    checked_items: Connection["CheckedItem"] = many(models.CheckedItem.inspection_id, "The answered checklist.")
    findings: Connection["Finding"] = many(models.Finding.inspection_id, "What was found, in the report's order.")
    rectifications: Connection["Rectification"] = many(models.Rectification.inspection_id, "The orders, latest first.")
    rectification: "Rectification | None" = latest(
        models.Rectification.inspection_id, "The order in force.", by=lambda row: [row.id.desc()]
    )
    reviews: Connection["Review"] = reviews_of(models.Inspection)
    events: Connection["AuditEvent"] = events_of(models.Inspection)
    available_actions: "list[AvailableAction]" = available_actions_of(  # type: ignore[valid-type]
        models.Inspection,
        models.Inspection.finding_count,
        models.Inspection.inspected_on,
        models.Inspection.published_on,
        models.Inspection.rectify_by,
        models.Inspection.responsible,
        models.Inspection.extension_count,
        models.Inspection.recheck_passed,
    )


@entity(models.Inspector, "An official who inspects (检查人员); at least two sign.")
class Inspector:
    name: str = column(models.Inspector.name, "The name.")
    office: str = column(models.Inspector.office, "The office.")
    certificate: str = column(models.Inspector.certificate, "Number of the law-enforcement certificate (执法证号).")
    assigned_at: DateTime = column(models.Inspector.assigned_at, "When named.")
    recused_at: DateTime | None = column(models.Inspector.recused_at, "When the inspector stepped back (回避).")
    recusal_reason: str | None = column(models.Inspector.recusal_reason, "Why.", to=OFFICIALS)
    signatures: Connection["InspectionSignature"] = many(
        models.InspectionSignature.inspector_id, "What the inspector signed."
    )


@entity(models.InspectionSignature, "A signature under a revision of a report or of a re-check.")
class InspectionSignature:
    rectification: "Rectification | None" = one(
        models.InspectionSignature.rectification_id, "The order whose re-check is signed; null: the report."
    )
    revision: int = column(models.InspectionSignature.revision, "The revision of the text that is signed.")
    signed_at: DateTime = column(models.InspectionSignature.signed_at, "When.")


@entity(models.CheckedItem, "What was seen on one matter of the checklist.")
class CheckedItem:
    item: "ChecklistItem | None" = one(models.CheckedItem.checklist_item_id, "The matter (offices see it).")
    result: CheckResult = column(models.CheckedItem.result, "What was seen.")
    note: str | None = column(models.CheckedItem.note, "A remark.")


FINDING_ORDERS = orders(
    "FindingOrder", "How findings are ordered.", POSITION=(ascending(models.Finding.position), "As in the report.")
)


@entity(models.Finding, "A problem that was found (检查发现的问题).", orders=FINDING_ORDERS)
class Finding:
    position: int = column(models.Finding.position, "From 1, as in the report.")
    severity: Severity = column(models.Finding.severity, "How grave it is.")
    description: str = column(models.Finding.description, "What is wrong.")
    basis: str = column(models.Finding.basis, "The requirement that is not met.")
    photo_ids: list[strawberry.ID] = document_ids_of(
        models.Finding, models.Finding.photo_ids, "The photos, as ids of documents."
    )
    rectification: str | None = column(
        models.Finding.rectification, "How it was put right, in the responsible unit's words."
    )
    rectified_on: datetime.date | None = column(models.Finding.rectified_on, "When that was handed in.")
    rectified_photo_ids: list[strawberry.ID] = document_ids_of(
        models.Finding, models.Finding.rectified_photo_ids, "Photos of how it is now, as ids of documents."
    )
    cleared_on: datetime.date | None = column(models.Finding.cleared_on, "When a re-check found it put right.")


RECTIFICATION_ORDERS = orders(
    "RectificationOrder", "How orders are ordered.", NEWEST=(descending(models.Rectification.id), "Latest first.")
)


@entity(models.Rectification, "An order to put things right by a day (责令整改).", orders=RECTIFICATION_ORDERS)
class Rectification:
    ordered_on: datetime.date = column(models.Rectification.ordered_on, "Day of the order.")
    deadline: datetime.date = column(models.Rectification.deadline, "The last day, as extended.")
    requirement: str = column(models.Rectification.requirement, "What must be done.")
    responsible: str = column(models.Rectification.responsible, "Who must do it (责任单位).")
    extended_from: datetime.date | None = column(models.Rectification.extended_from, "The day before its extension.")
    extension_reason: str | None = column(models.Rectification.extension_reason, "Why it was extended.")
    submitted_on: datetime.date | None = column(models.Rectification.submitted_on, "When the answer was handed in.")
    submission: str | None = column(models.Rectification.submission, "The answer.")
    rechecked_on: datetime.date | None = column(models.Rectification.rechecked_on, "Day of the re-check.")
    recheck_note: str | None = column(models.Rectification.recheck_note, "What the re-check found.")
    passed: bool | None = column(models.Rectification.passed, "Whether everything was put right.")


InspectorCandidate = plain_type(
    "InspectorCandidate",
    "An official of the caller's office who can be named as inspector.",
    {
        "id": ("ID", "The account, as `inspectionAssign` takes it."),
        "name": ("str", "The name."),
        "office": ("str | None", "The office."),
    },
)


async def _candidates(
    run: Run,
    county: Annotated[
        str | None, strawberry.argument(description="The county; needed only with grants in several.")
    ] = None,
) -> list[dict[str, str | None]]:
    found = await run.within(county or value_county(run.actor), inspections.candidates)
    return [{"id": f"Account_{account_id}", "name": name, "office": office} for account_id, name, office in found]


QUERIES = {
    "inspections": listing("Inspection", "Inspections that the caller may see."),
    "inspectionPlans": listing("InspectionPlan", "Plans of inspections, for the offices."),
    "inspectorCandidates": answer(
        _candidates,
        "Who can be named as inspector: the officials of the caller's own office.",
        shows="list[InspectorCandidate] | None",
    ),
}

SUBSCRIPTIONS = [changes("inspectionChanged", "Inspection", "An inspection that changed.")]
