"""What people do with inspections: one mutation per step of SM-11."""

import datetime

import strawberry

from domain.inspections import CheckResult, InspectionKind, Severity
from resolvers import inspections, rectifications
from schema import inspections as types
from schema.acts import COUNTY, act
from schema.engine.intents import given, inputs, ref

ENUMERATIONS_FROM = types
"""Its module gives the enumerations below to the schema."""

REASON = "Why, for the record and for whom it concerns."
INSPECTION = "The inspection."
PAPERS = "Confirmed documents to attach."


@inputs("One matter of a checklist.", item=True)
class MatterInput:
    matter: str = given("What is looked at.")
    basis: str = given("The requirement checked: a requirement id (TQ-69) or an article.")


@inputs("Make a plan with its checklist (检查计划).")
class InspectionPlanInput:
    county: str | None = given(COUNTY)
    title: str = given("What it is called.")
    kind: InspectionKind = given("Why the office inspects.")
    basis: str = given("The law, policy or requirement that it rests on.")
    starts_on: datetime.date = given("First day.")
    ends_on: datetime.date = given("Last day.")
    matters: list[MatterInput] = given("The checklist, in its order; at most 100 matters.")


@inputs("Plan the inspection of one estate.")
class InspectionOpenInput:
    plan_id: strawberry.ID = ref("InspectionPlan", "The plan.")
    estate_id: strawberry.ID = ref("Estate", "The estate.")


@inputs("An official who shall inspect.", item=True)
class InspectorInput:
    account_id: strawberry.ID = ref("Account", "The account, as the office's directory shows it (`Account_…`).")
    certificate: str = given("Number of the law-enforcement certificate (执法证号).")


@inputs("Name the inspectors.")
class InspectionAssignInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    inspectors: list[InspectorInput] = given("Who inspects; with those named before, two at least.")


@inputs("Take an inspector with an interest off the case (回避).")
class InspectorRecuseInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    inspector_id: strawberry.ID = ref("Inspector", "Who steps back.")
    reason: str = given(REASON)
    replacement: InspectorInput | None = given("Who takes the place.")


@inputs("What was seen on one matter.", item=True)
class CheckedInput:
    checklist_item_id: strawberry.ID = ref("ChecklistItem", "The matter.")
    result: CheckResult = given("What was seen.")
    note: str | None = given("A remark.")


@inputs("A problem that was found.", item=True)
class FindingInput:
    severity: Severity = given("How grave it is.")
    description: str = given("What is wrong.")
    basis: str = given("The requirement that is not met.")
    checklist_item_id: strawberry.ID | None = ref("ChecklistItem", "The matter it belongs to.")
    photo_ids: list[strawberry.ID] = ref("Document", "Photos, one at least.")


@inputs("Write and sign the report of a visit.")
class InspectionReportInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    inspected_on: datetime.date = given("Day of the visit.")
    report: str = given("The report.")
    checked: list[CheckedInput] = given("Every matter of the checklist.")
    findings: list[FindingInput] | None = given("What was found.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Sign the report, or the re-check, as one of its inspectors.")
class InspectionSignInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)


@inputs("Publish matter and result.")
class InspectionPublishInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    text: str = given("The result in the words that the public reads.")


@inputs("Give an inspection up before the visit.")
class InspectionCancelInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    reason: str = given(REASON)


@inputs("Order rectification by a day (责令整改).")
class RectificationOrderInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    requirement: str = given("What must be done.")
    deadline: datetime.date | None = given("The last day; left out, by the county's number of days.")
    responsible: str | None = given("Who must do it; left out, the company that serves the estate.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Extend the deadline of an order; once.")
class RectificationExtendInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    deadline: datetime.date = given("The new last day.")
    reason: str = given(REASON)


@inputs("How one finding was put right.", item=True)
class FindingAnswerInput:
    finding_id: strawberry.ID = ref("Finding", "The finding.")
    rectification: str = given("How it was put right.")
    photo_ids: list[strawberry.ID] = ref("Document", "Photos of how it is now, one at least.")


@inputs("Hand in how each finding was put right.")
class RectificationSubmitInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    note: str = given("A summary.")
    answers: list[FindingAnswerInput] = given("An answer to every finding that is not cleared.")


@inputs("Write and sign the re-check of what was handed in.")
class RectificationRecheckInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    passed: bool = given("Whether everything was put right.")
    note: str = given("What was seen.")
    cleared_ids: list[strawberry.ID] | None = ref("Finding", "The findings that were put right.")


@inputs("Record the penalty for an order that was not followed.")
class InspectionPenaliseInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    reason: str = given(REASON)
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Hand an inspection over to the office in charge (移送).")
class InspectionTransferInput:
    id: strawberry.ID = ref("Inspection", INSPECTION)
    reason: str = given(REASON)
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


_CASE = {"inspection": "Inspection"}

MUTATIONS = [
    act(
        "inspectionPlanMake",
        inspections.plan_make,
        InspectionPlanInput,
        "Make a plan with its checklist. BUREAU, or TOWNSHIP for its own estates.",
        {"plan": "InspectionPlan"},
    ),
    act("inspectionOpen", inspections.open_, InspectionOpenInput, "Plan the inspection of one estate.", _CASE),
    act("inspectionAssign", inspections.assign, InspectionAssignInput, "Name the inspectors, two at least.", _CASE),
    act("inspectorRecuse", inspections.recuse, InspectorRecuseInput, "Replace an inspector with an interest.", _CASE),
    act(
        "inspectionReport",
        inspections.report,
        InspectionReportInput,
        "Write and sign the report, as a named inspector; writing it again replaces it until enough have signed.",
        _CASE,
    ),
    act(
        "inspectionSign",
        inspections.sign,
        InspectionSignInput,
        "Sign the report or the re-check, as a named inspector; the second signature settles it.",
        _CASE,
    ),
    act("inspectionPublish", inspections.publish, InspectionPublishInput, "Publish matter and result.", _CASE),
    act("inspectionCancel", inspections.cancel, InspectionCancelInput, "Give it up before the visit.", _CASE),
    act(
        "rectificationOrder",
        rectifications.order,
        RectificationOrderInput,
        "Order rectification by a day, or order again what a re-check did not find put right.",
        _CASE,
    ),
    act("rectificationExtend", rectifications.extend, RectificationExtendInput, "Extend the deadline, once.", _CASE),
    act(
        "rectificationSubmit",
        rectifications.submit,
        RectificationSubmitInput,
        "Hand in how each finding was put right, as the company that serves the estate.",
        _CASE,
    ),
    act(
        "rectificationRecheck",
        rectifications.recheck,
        RectificationRecheckInput,
        "Write and sign the re-check, as a named inspector; a second signature settles it.",
        _CASE,
    ),
    act("inspectionPenalise", rectifications.penalise, InspectionPenaliseInput, "Record the penalty. BUREAU.", _CASE),
    act(
        "inspectionTransfer",
        rectifications.transfer,
        InspectionTransferInput,
        "Hand it over to the office in charge.",
        _CASE,
    ),
]
