"""Inspections and rectification (检查、整改): terms and the transition list (SM-11, INS-1 to INS-5).

Targets are planned by name here; the random draw (DRAWN) comes with its register. The inspecting office is the bureau
or a township. At least two inspectors sign a report (行政处罚法 42). A result is published within the profile's working
days after the inspection, whether or not rectification is still under way.
"""

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.filings import deadline_set
from domain.periods import Facts, end_of_day, working_days
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term
from domain.workflow import Transition, Workflow


class InspectionKind(Term):
    """Why an office inspects."""

    ROUTINE = "ROUTINE", "Daily supervision by plan (日常检查, ZD-5, TQ-74)."
    TARGETED = "TARGETED", "After complaints, referrals or signals in the data (INS-1)."
    DOUBLE_RANDOM = "DOUBLE_RANDOM", "Targets and inspectors drawn at random (双随机一公开, GT-62)."
    SPECIAL = "SPECIAL", "More frequent checks of estates of two stars or fewer (专项整治, ZS-62)."


class CheckResult(Term):
    """What was found on one matter of the checklist."""

    CONFORMS = "CONFORMS", "As required."
    ISSUE = "ISSUE", "Not as required; findings say how."
    NOT_APPLICABLE = "NOT_APPLICABLE", "The matter does not arise here."


class Severity(Term):
    """How grave a finding is."""

    MINOR = "MINOR", "To be put right in the ordinary course."
    MAJOR = "MAJOR", "A breach that affects the owners."
    DANGER = "DANGER", "Endangers people: to be put right at once (安全隐患)."


class InspectionState(Term):
    """Where an inspection stands."""

    PLANNED = "PLANNED", "Target and matters are planned."
    ASSIGNED = "ASSIGNED", "Inspectors are named."
    INSPECTED = "INSPECTED", "The report is signed; its conclusion is open."
    CLEAN = "CLEAN", "Nothing to put right."
    ISSUE_FOUND = "ISSUE_FOUND", "Something must be put right; the order is not issued yet."
    RECTIFICATION_ORDERED = "RECTIFICATION_ORDERED", "Ordered to put it right by a day (责令整改)."
    SUBMITTED = "SUBMITTED", "The responsible unit reports it put right."
    RECHECKED = "RECHECKED", "Checked again on site (复查)."
    OVERDUE = "OVERDUE", "Not put right in time: enters the bad-conduct record (GT-64)."
    CLOSED = "CLOSED", "Put right."
    PENALISED = "PENALISED", "Punished."
    TRANSFERRED = "TRANSFERRED", "Handed to the office that is competent (移送)."
    PUBLISHED = "PUBLISHED", "Ended and published."
    CANCELLED = "CANCELLED", "Planned and not carried out, with the reason."


class InspectionAction(Term):
    """What can be done in an inspection."""

    ASSIGN = "ASSIGN", "Name the inspectors."
    RECUSE = "RECUSE", "Replace an inspector who has an interest (回避, 行政处罚法 43)."
    REPORT = "REPORT", "Hand in the signed report."
    FIND_CLEAN = "FIND_CLEAN", "Conclude that nothing is to be put right."
    FIND_ISSUES = "FIND_ISSUES", "Conclude that something is to be put right."
    ORDER = "ORDER", "Order rectification by a day."
    EXTEND = "EXTEND", "Extend the day once."
    SUBMIT = "SUBMIT", "Report it put right, with proof."
    RECHECK = "RECHECK", "Record the re-check."
    CLOSE = "CLOSE", "Close what the re-check found put right."
    ORDER_AGAIN = "ORDER_AGAIN", "Order again what the re-check did not find put right."
    FALL_OVERDUE = "FALL_OVERDUE", "The day has passed."
    PENALISE = "PENALISE", "Record the penalty."
    TRANSFER = "TRANSFER", "Hand it to the competent office."
    PUBLISH = "PUBLISH", "Publish the result."
    CANCEL = "CANCEL", "Give up a planned inspection."


def enough_inspectors(profile: Profile, facts: Facts) -> Refusal | None:
    """At least two inspectors who have not stepped back (INS-2)."""
    if facts["inspectors"] >= profile.inspectors_least:
        return None
    return Refusal(ErrorCode.OUT_OF_RANGE, "inspectors", least=profile.inspectors_least)


def enough_signatures(profile: Profile, facts: Facts) -> Refusal | None:
    """At least two inspectors signed the report (INS-2)."""
    if facts["signatures"] >= profile.inspectors_least:
        return None
    return Refusal(ErrorCode.SIGNATURES_REQUIRED, "signatures", least=profile.inspectors_least)


def no_findings(profile: Profile, facts: Facts) -> Refusal | None:
    """A clean conclusion has no findings."""
    return Refusal(ErrorCode.OUT_OF_RANGE, "findings", most=0) if facts["findings"] else None


def some_findings(profile: Profile, facts: Facts) -> Refusal | None:
    """An issue is described by a finding at least."""
    return None if facts["findings"] else Refusal(ErrorCode.REQUIRED, "findings")


def responsible_named(profile: Profile, facts: Facts) -> Refusal | None:
    """An order names who must follow it (ZS-10)."""
    return None if facts["responsible"] else Refusal(ErrorCode.REQUIRED, "responsible")


def extension_left(profile: Profile, facts: Facts) -> Refusal | None:
    """An order is extended once (INS-5)."""
    if facts["extensions"] < profile.rectification_extensions:
        return None
    return Refusal(ErrorCode.OUT_OF_RANGE, "extensions", most=profile.rectification_extensions)


def put_right(profile: Profile, facts: Facts) -> Refusal | None:
    """The re-check found everything put right."""
    return None if facts["recheck_passed"] else Refusal(ErrorCode.NOT_RECTIFIED, "recheckPassed")


def not_put_right(profile: Profile, facts: Facts) -> Refusal | None:
    """What was found put right is not ordered again."""
    return Refusal(ErrorCode.INVALID_INPUT, "recheckPassed") if facts["recheck_passed"] else None


def not_published(profile: Profile, facts: Facts) -> Refusal | None:
    """A result is published once; a correction is a new version of the posting."""
    return Refusal(ErrorCode.ALREADY_REGISTERED, "publishedOn") if facts["published_on"] else None


_S = InspectionState
_A = InspectionAction
_OFFICES = (Role.BUREAU, Role.TOWNSHIP)
_UNDER_WAY = (_S.ISSUE_FOUND, _S.RECTIFICATION_ORDERED, _S.SUBMITTED, _S.RECHECKED, _S.OVERDUE)
_ENDS = (_S.CLEAN, _S.CLOSED, _S.PENALISED, _S.TRANSFERRED)
_PUBLISH_BY = working_days("inspection_publication_working_days", since="inspected_on")

INSPECTION = Workflow(
    id="inspection",
    version=1,
    title="Inspection and rectification (检查与整改)",
    states=InspectionState,
    start=_S.PLANNED,
    terminal=frozenset({_S.PUBLISHED, _S.CANCELLED}),
    opened_by=_OFFICES,
    transitions=(
        Transition(
            action=_A.ASSIGN,
            sources=(_S.PLANNED,),
            target=_S.ASSIGNED,
            by=_OFFICES,
            basis=("INS-2", "TQ-80"),
            guards=("enough_inspectors",),
        ),
        Transition(
            action=_A.RECUSE,
            sources=(_S.ASSIGNED,),
            target=None,
            by=_OFFICES,
            basis=("INS-2",),
            guards=("enough_inspectors",),
            reason=True,
        ),
        Transition(
            action=_A.CANCEL,
            sources=(_S.PLANNED, _S.ASSIGNED),
            target=_S.CANCELLED,
            by=_OFFICES,
            basis=("INS-3",),
            reason=True,
        ),
        Transition(
            action=_A.REPORT,
            sources=(_S.ASSIGNED,),
            target=_S.INSPECTED,
            by=_OFFICES,
            basis=("INS-2", "ZD-5", "TQ-80"),
            guards=("enough_signatures",),
        ),
        Transition(
            action=_A.FIND_CLEAN,
            sources=(_S.INSPECTED,),
            target=_S.CLEAN,
            by=_OFFICES,
            basis=("SM-11",),
            guards=("no_findings",),
        ),
        Transition(
            action=_A.FIND_ISSUES,
            sources=(_S.INSPECTED,),
            target=_S.ISSUE_FOUND,
            by=_OFFICES,
            basis=("SM-11", "ZS-10"),
            guards=("some_findings",),
        ),
        Transition(
            action=_A.ORDER,
            sources=(_S.ISSUE_FOUND,),
            target=_S.RECTIFICATION_ORDERED,
            by=_OFFICES,
            basis=("INS-5", "GT-13", "ZS-10"),
            guards=("deadline_set", "responsible_named"),
        ),
        Transition(
            action=_A.EXTEND,
            sources=(_S.RECTIFICATION_ORDERED,),
            target=None,
            by=_OFFICES,
            basis=("INS-5",),
            guards=("extension_left", "deadline_set"),
            reason=True,
        ),
        Transition(
            action=_A.SUBMIT,
            sources=(_S.RECTIFICATION_ORDERED, _S.OVERDUE),
            target=_S.SUBMITTED,
            by=(Role.COMPANY_ADMIN, Role.PROJECT_LEADER),
            basis=("INS-5", "TQ-74"),
            documents=(DocumentKind.PHOTO,),
            within=end_of_day("rectify_by"),
        ),
        Transition(
            action=_A.RECHECK,
            sources=(_S.SUBMITTED,),
            target=_S.RECHECKED,
            by=_OFFICES,
            basis=("INS-5",),
            within=working_days("recheck_working_days"),
            guards=("enough_signatures",),
        ),
        Transition(
            action=_A.CLOSE,
            sources=(_S.RECHECKED,),
            target=_S.CLOSED,
            by=_OFFICES,
            basis=("INS-5",),
            guards=("put_right",),
        ),
        Transition(
            action=_A.ORDER_AGAIN,
            sources=(_S.RECHECKED,),
            target=_S.RECTIFICATION_ORDERED,
            by=_OFFICES,
            basis=("INS-5",),
            guards=("not_put_right", "deadline_set"),
        ),
        Transition(
            action=_A.FALL_OVERDUE,
            sources=(_S.RECTIFICATION_ORDERED,),
            target=_S.OVERDUE,
            by=(Role.SYSTEM,),
            basis=("INS-5", "GT-64"),
            fires=end_of_day("rectify_by"),
        ),
        Transition(
            action=_A.PENALISE,
            sources=(_S.OVERDUE, _S.RECHECKED),
            target=_S.PENALISED,
            by=(Role.BUREAU,),
            basis=("SM-11", "GT-64"),
            guards=("not_put_right",),
            reason=True,
        ),
        Transition(
            action=_A.TRANSFER,
            sources=(_S.ISSUE_FOUND, _S.OVERDUE, _S.RECHECKED),
            target=_S.TRANSFERRED,
            by=_OFFICES,
            basis=("SM-11", "ZD-5"),
            reason=True,
        ),
        Transition(
            action=_A.PUBLISH,
            sources=_UNDER_WAY,
            target=None,
            by=_OFFICES,
            basis=("INS-1", "INS-5"),
            within=_PUBLISH_BY,
            guards=("not_published",),
        ),
        Transition(
            action=_A.PUBLISH,
            sources=_ENDS,
            target=_S.PUBLISHED,
            by=_OFFICES,
            basis=("INS-1", "INS-5"),
            within=_PUBLISH_BY,
        ),
    ),
    guards={
        "enough_inspectors": enough_inspectors,
        "enough_signatures": enough_signatures,
        "no_findings": no_findings,
        "some_findings": some_findings,
        "deadline_set": deadline_set,
        "responsible_named": responsible_named,
        "extension_left": extension_left,
        "put_right": put_right,
        "not_put_right": not_put_right,
        "not_published": not_published,
    },
    facts={
        "inspectors": "int: inspectors who have not stepped back, those being named included",
        "signatures": "int: inspectors who signed the report, or the re-check",
        "findings": "int: findings recorded",
        "inspected_on": "date | None: the day of the inspection",
        "rectify_by": "date | None: the last day to put it right; in EXTEND and ORDER_AGAIN the new one",
        "responsible": "str | None: who must put it right",
        "extensions": "int: how often the order was extended",
        "recheck_passed": "bool | None: what the last re-check found",
        "published_on": "date | None: when the result was published first",
    },
)
