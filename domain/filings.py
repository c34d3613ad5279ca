"""Filings (备案): what all share, and the filing of property companies (SM-1). Contracts have ``contract_filings``.

Filing is notification, not licensing (RULES §10, conflict 9). Who takes in, reviews and files is the profile's.
A returned filing is resubmitted within the profile's days or lapses; the applicant may withdraw what is not decided.
"""

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, days, end_of_day, working_days
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term
from domain.workflow import ByProfile, Party, Transition, Workflow


class CompanyFilingState(Term):
    """Where a company's filing stands (物业企业备案, SM-1)."""

    DRAFT = "DRAFT", "Being prepared by the company."
    SUBMITTED = "SUBMITTED", "Handed in; the first office has not taken it in yet."
    UNDER_REVIEW = "UNDER_REVIEW", "Taken in (受理); the offices that the profile names review it."
    REVIEWED = "REVIEWED", "All offices that review before the filing body have agreed."
    RETURNED = "RETURNED", "Returned with reasons (退回补正); may be resubmitted for a time."
    FILED = "FILED", "Filed (已备案). A black-listed company stays filed but may take no new project (CR-5)."
    CHANGED = "CHANGED", "Filed; the company reported a change that is not filed yet."
    RECTIFYING = "RECTIFYING", "Ordered to put right what does not conform, by a deadline (限期整改, GT-13)."
    SUSPENDED = "SUSPENDED", "The filing rests because the order was not followed."
    REMOVED = "REMOVED", "Persuaded or ordered to leave (劝退、清退, GT-13)."
    CANCELLED = "CANCELLED", "Cancelled as a firm without business, staff and office (三无/僵尸, GT-11)."
    LAPSED = "LAPSED", "Returned and not resubmitted in time."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the company."


class CompanyFilingAction(Term):
    """What can be done with a company's filing."""

    SUBMIT = "SUBMIT", "Hand in the filing with its documents."
    TAKE_IN = "TAKE_IN", "Take it in for review (受理)."
    REVIEW = "REVIEW", "Agree, as one of the offices that review before the filing body."
    FILE = "FILE", "File it (备案)."
    RETURN = "RETURN", "Return it with reasons."
    RESUBMIT = "RESUBMIT", "Hand in a returned filing resubmitted."
    WITHDRAW = "WITHDRAW", "Withdraw it."
    LAPSE = "LAPSE", "The time to resubmit is over."
    REPORT_CHANGE = "REPORT_CHANGE", "Report a change of what was filed."
    FILE_CHANGE = "FILE_CHANGE", "File the change."
    REFUSE_CHANGE = "REFUSE_CHANGE", "Leave the filing as it was, with reasons."
    ORDER_RECTIFICATION = "ORDER_RECTIFICATION", "Order rectification by a day."
    CLEAR = "CLEAR", "Find that the order was followed."
    SUSPEND = "SUSPEND", "Let the filing rest because the order was not followed."
    REMOVE = "REMOVE", "Persuade or order the company to leave."
    CANCEL = "CANCEL", "Cancel the filing of a firm without business, staff and office."


def ways_back(open_states: tuple[str, ...], resubmitted: Transition, by: tuple[Party, ...]) -> tuple[Transition, ...]:
    """What every filing has: a returned one is resubmitted in time or lapses, an open one may be withdrawn (RULES §9).

    ``resubmitted`` is the line that handed it in: the same people, documents and guards hold the second time.
    """
    return (
        Transition(
            action="RESUBMIT",
            sources=("RETURNED",),
            target=resubmitted.target,
            by=resubmitted.by,
            basis=("RULES §9",),
            documents=resubmitted.documents,
            guards=resubmitted.guards,
            within=days("resubmission_days"),
            bars=True,
            applicant_only=True,
        ),
        Transition(
            action="LAPSE",
            sources=("RETURNED",),
            target="LAPSED",
            by=(Role.SYSTEM,),
            basis=("RULES §9",),
            fires=days("resubmission_days"),
        ),
        Transition(
            action="WITHDRAW",
            sources=(*open_states, "RETURNED"),
            target="WITHDRAWN",
            by=by,
            basis=("RULES §9",),
            applicant_only=True,
        ),
    )


CANCELLATION_TESTS = ("no_business_record", "no_staff", "no_office")
"""The three tests of GT-11; each is recorded with evidence as met (``True``) or not (``False``)."""


def staff_qualified(profile: Profile, facts: Facts) -> Refusal | None:
    """Professional technical staff and a certified manager, where the profile checks the register for them (SL-18)."""
    if profile.company_staff_checked and not (facts["technicians"] and facts["certified_managers"]):
        return Refusal(ErrorCode.STAFF_REQUIRED, "staff")
    return None


def deadline_set(profile: Profile, facts: Facts) -> Refusal | None:
    """An order names the day by which it is followed, from tomorrow on (GT-13, ZS-10)."""
    if facts["rectify_by"] is None:
        return Refusal(ErrorCode.REQUIRED, "rectifyBy")
    if facts["rectify_by"] <= facts["today"]:
        return Refusal(ErrorCode.OUT_OF_RANGE, "rectifyBy", least=facts["today"])
    return None


def rectification_failed(profile: Profile, facts: Facts) -> Refusal | None:
    """The company refused, or its day has passed (GT-13: 逾期不整改或拒不整改)."""
    if facts["rectification_refused"] or facts["today"] > facts["rectify_by"]:
        return None
    return Refusal(ErrorCode.TOO_EARLY, earliest=facts["rectify_by"])


def cancellation_tests_met(profile: Profile, facts: Facts) -> Refusal | None:
    """All three tests of GT-11 are recorded, and each is met."""
    open_tests = [test for test in CANCELLATION_TESTS if facts[test] is not True]
    return Refusal(ErrorCode.TESTS_NOT_RECORDED, "tests", tests=open_tests) if open_tests else None


_CS = CompanyFilingState
_CA = CompanyFilingAction
_COMPANY_BODY = ByProfile("company_filing_body")

_SUBMIT_COMPANY = Transition(
    action=_CA.SUBMIT,
    sources=(_CS.DRAFT,),
    target=_CS.SUBMITTED,
    by=(Role.COMPANY_ADMIN,),
    basis=("GT-8", "SL-17", "SL-18"),
    documents=(
        DocumentKind.BUSINESS_LICENCE,
        DocumentKind.STAFF_LIST,
        DocumentKind.MANAGER_CERTIFICATE,
        DocumentKind.TRAINING_RECORD,
        DocumentKind.OFFICE_PROOF,
    ),
    guards=("staff_qualified",),
    applicant_only=True,
)

COMPANY_FILING = Workflow(
    id="company_filing",
    version=1,
    title="Company filing (物业企业备案)",
    states=CompanyFilingState,
    start=_CS.DRAFT,
    terminal=frozenset({_CS.REMOVED, _CS.CANCELLED, _CS.LAPSED, _CS.WITHDRAWN}),
    opened_by=(Role.COMPANY_ADMIN,),
    transitions=(
        _SUBMIT_COMPANY,
        Transition(
            action=_CA.TAKE_IN,
            sources=(_CS.SUBMITTED,),
            target=_CS.UNDER_REVIEW,
            by=(_COMPANY_BODY,),
            basis=("GT-7", "SL-19"),
            within=working_days("company_intake_working_days"),
        ),
        Transition(
            action=_CA.REVIEW,
            sources=(_CS.UNDER_REVIEW,),
            target=_CS.REVIEWED,
            by=(ByProfile("company_filing_reviews"),),
            joined=True,
            basis=("GT-15",),
            within=days("company_decision_days"),
            when=("reviewed_before",),
            decides=True,
        ),
        Transition(
            action=_CA.FILE,
            sources=(_CS.UNDER_REVIEW,),
            target=_CS.FILED,
            by=(_COMPANY_BODY,),
            basis=("GT-8", "SL-19"),
            within=days("company_decision_days"),
            when=("filed_at_once",),
            decides=True,
        ),
        Transition(
            action=_CA.FILE,
            sources=(_CS.REVIEWED,),
            target=_CS.FILED,
            by=(_COMPANY_BODY,),
            basis=("GT-8", "GT-15"),
            within=days("company_decision_days"),
            decides=True,
        ),
        Transition(
            action=_CA.RETURN,
            sources=(_CS.UNDER_REVIEW, _CS.REVIEWED),
            target=_CS.RETURNED,
            by=(_COMPANY_BODY, ByProfile("company_filing_reviews")),
            basis=("GT-15", "SL-19"),
            decides=True,
            reason=True,
        ),
        *ways_back((_CS.DRAFT, _CS.SUBMITTED, _CS.UNDER_REVIEW, _CS.REVIEWED), _SUBMIT_COMPANY, (Role.COMPANY_ADMIN,)),
        Transition(
            action=_CA.REPORT_CHANGE,
            sources=(_CS.FILED,),
            target=_CS.CHANGED,
            by=(Role.COMPANY_ADMIN,),
            basis=("SM-1", "GT-12"),
            within=days("company_change_days", since="changed_on"),
            applicant_only=True,
        ),
        Transition(
            action=_CA.FILE_CHANGE,
            sources=(_CS.CHANGED,),
            target=_CS.FILED,
            by=(_COMPANY_BODY,),
            basis=("SM-1", "GT-12"),
            within=days("company_decision_days"),
            decides=True,
        ),
        Transition(
            action=_CA.REFUSE_CHANGE,
            sources=(_CS.CHANGED,),
            target=_CS.FILED,
            by=(_COMPANY_BODY,),
            basis=("SM-1",),
            decides=True,
            reason=True,
        ),
        Transition(
            action=_CA.ORDER_RECTIFICATION,
            sources=(_CS.FILED,),
            target=_CS.RECTIFYING,
            by=(Role.BUREAU, Role.TOWNSHIP),
            basis=("GT-13",),
            guards=("deadline_set",),
            reason=True,
        ),
        Transition(
            action=_CA.CLEAR,
            sources=(_CS.RECTIFYING, _CS.SUSPENDED),
            target=_CS.FILED,
            by=(Role.BUREAU, Role.TOWNSHIP),
            basis=("GT-13",),
            within=end_of_day("rectify_by"),
        ),
        Transition(
            action=_CA.SUSPEND,
            sources=(_CS.RECTIFYING,),
            target=_CS.SUSPENDED,
            by=(Role.BUREAU,),
            basis=("GT-13",),
            guards=("rectification_failed",),
            reason=True,
        ),
        Transition(
            action=_CA.REMOVE,
            sources=(_CS.RECTIFYING, _CS.SUSPENDED),
            target=_CS.REMOVED,
            by=(Role.BUREAU,),
            basis=("GT-13",),
            guards=("rectification_failed",),
            reason=True,
        ),
        Transition(
            action=_CA.CANCEL,
            sources=(_CS.FILED, _CS.RECTIFYING, _CS.SUSPENDED),
            target=_CS.CANCELLED,
            by=(Role.MARKET, Role.BUREAU),
            joined=True,
            basis=("GT-11",),
            guards=("cancellation_tests_met",),
            reason=True,
        ),
    ),
    guards={
        "staff_qualified": staff_qualified,
        "deadline_set": deadline_set,
        "rectification_failed": rectification_failed,
        "cancellation_tests_met": cancellation_tests_met,
    },
    conditions={
        "reviewed_before": lambda profile, facts: bool(profile.company_filing_reviews),
        "filed_at_once": lambda profile, facts: not profile.company_filing_reviews,
    },
    facts={
        "technicians": "int: professional technical staff in the register",
        "certified_managers": "int: managers with a certificate in force; a training certificate counts",
        "changed_on": "date | None: the day of the change that is reported",
        "rectify_by": "date | None: the day by which the order is to be followed",
        "rectification_refused": "bool: the company refused to follow the order",
        **dict.fromkeys(CANCELLATION_TESTS, "bool | None: a test of GT-11, recorded as met or not"),
    },
)
