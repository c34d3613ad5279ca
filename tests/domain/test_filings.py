"""The filings of companies (SM-1) and of service contracts (SM-3), walked as their offices walk them."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain.calendar import SHANGHAI
from domain.companies import CompanyState
from domain.contract_filings import CONTRACT_FILING, ContractFilingAction, ContractFilingState
from domain.contracts import ContractKind
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.filings import COMPANY_FILING, CompanyFilingAction, CompanyFilingState
from domain.profiles import COUNTIES, profile, profile_for_test
from domain.roles import Role
from domain.workflow import timers
from tests.domain.cases import Case, refused

GT, ZS, SL, ZD, TQ = "620724", "451122", "220382", "370303", "410927"
ON = date(2025, 6, 2)
D = DocumentKind
C, CS = CompanyFilingAction, CompanyFilingState
K, KS = ContractFilingAction, ContractFilingState

COMPANY_FACTS: dict[str, Any] = {
    "is_applicant": True,
    "technicians": 1,
    "certified_managers": 1,
    "changed_on": None,
    "rectify_by": None,
    "rectification_refused": False,
    "no_business_record": None,
    "no_staff": None,
    "no_office": None,
}
CONTRACT_FACTS: dict[str, Any] = {
    "is_applicant": True,
    "contract_kind": ContractKind.NORMAL,
    "vote_passed": True,
    "company_state": CompanyState.FILED,
    "listed_on": None,
    "corrected_on": None,
    "renewal": False,
    "unit_price_fen": 120,
    "ceiling_fen": None,
    "whole_transfer": False,
    "adjustment_clause": True,
    "model_text": True,
    "new_estate_or_committee": True,
    "successor_signed": False,
    "earliest_end": None,
    "rectify_by": None,
    "signed_on": ON,
    "starts_on": date(2025, 7, 1),
    "ends_on": date(2026, 6, 30),
    "replaced_on": None,
}


def company(county: str, state: str = "", **facts: Any) -> Case:
    return Case(COMPANY_FILING, profile(county, ON), COMPANY_FACTS | facts, state)


def contract(county: str, state: str = "", **facts: Any) -> Case:
    return Case(CONTRACT_FILING, profile(county, ON), CONTRACT_FACTS | facts, state)


# --- companies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("county", COUNTIES)
def test_a_company_is_filed_by_the_body_that_its_county_names(county: str) -> None:
    case = company(county)
    body = case.profile.company_filing_body
    other = Role.TOWNSHIP if body is Role.BUREAU else Role.BUREAU
    case.take(C.SUBMIT, Role.COMPANY_ADMIN)
    assert refused(case, C.TAKE_IN, other).code == ErrorCode.FORBIDDEN_ROLE
    case.take(C.TAKE_IN, body)
    for reviewer in case.profile.company_filing_reviews:
        assert refused(case, C.FILE, body).code == ErrorCode.ACTION_NOT_AVAILABLE
        case.take(C.REVIEW, reviewer)
    assert refused(case, C.FILE, other).code == ErrorCode.FORBIDDEN_ROLE
    assert case.take(C.FILE, body).decides
    assert case.state == CS.FILED


COMPANY_PAPERS = (D.BUSINESS_LICENCE, D.STAFF_LIST, D.MANAGER_CERTIFICATE, D.TRAINING_RECORD, D.OFFICE_PROOF)


@pytest.mark.parametrize("missing", COMPANY_PAPERS)
def test_each_paper_of_a_company_filing_is_needed(missing: DocumentKind) -> None:
    papers = [kind for kind in COMPANY_PAPERS if kind is not missing]
    refusal = refused(company(SL), C.SUBMIT, Role.COMPANY_ADMIN, documents=papers)
    assert refusal == Refusal(ErrorCode.MISSING_DOCUMENT, "documents", documents=[missing.value])
    case = company(SL)
    case.take(C.SUBMIT, Role.COMPANY_ADMIN, COMPANY_PAPERS)
    assert case.state == CS.SUBMITTED


@pytest.mark.requirement("SL-18")
@pytest.mark.parametrize(("technicians", "managers"), [(0, 1), (1, 0)])
def test_shuangliao_asks_for_technical_staff_and_a_certified_manager(technicians: int, managers: int) -> None:
    lacking: dict[str, Any] = {"technicians": technicians, "certified_managers": managers}
    assert refused(company(SL, **lacking), C.SUBMIT, Role.COMPANY_ADMIN) == Refusal(ErrorCode.STAFF_REQUIRED, "staff")
    company(SL).take(C.SUBMIT, Role.COMPANY_ADMIN)
    company(ZD, **lacking).take(C.SUBMIT, Role.COMPANY_ADMIN)


def test_offices_that_review_before_the_filing_body_all_have_their_say() -> None:
    county = profile_for_test("991801", GT, company_filing_reviews=(Role.TOWNSHIP, Role.MARKET))
    case = Case(COMPANY_FILING, county, dict(COMPANY_FACTS), CS.UNDER_REVIEW)
    assert refused(case, C.FILE, Role.BUREAU).code == ErrorCode.ACTION_NOT_AVAILABLE
    case.take(C.REVIEW, Role.MARKET)
    assert case.state == CS.UNDER_REVIEW
    case.take(C.REVIEW, Role.TOWNSHIP)
    case.take(C.FILE, Role.BUREAU)
    assert case.state == CS.FILED
    returned = Case(COMPANY_FILING, county, dict(COMPANY_FACTS), CS.UNDER_REVIEW)
    returned.take(C.RETURN, Role.MARKET, reason="the licence has expired")
    assert returned.state == CS.RETURNED


def test_without_such_offices_there_is_no_review() -> None:
    assert refused(company(ZS, CS.UNDER_REVIEW), C.REVIEW, Role.MARKET).code == ErrorCode.ACTION_NOT_AVAILABLE


def test_a_returned_filing_comes_back_in_ten_days_or_lapses() -> None:
    case = company(GT, CS.UNDER_REVIEW)
    assert refused(case, C.RETURN, Role.BUREAU) == Refusal(ErrorCode.REQUIRED, "reason")
    case.take(C.RETURN, Role.BUREAU, reason="licence is blurred")
    (timer,) = timers(COMPANY_FILING, case.profile, case.state, case.facts, case.entered)
    assert timer.at == datetime(2025, 6, 13, tzinfo=SHANGHAI)
    case.now = timer.at - timedelta(seconds=1)
    assert refused(case, C.RESUBMIT, Role.COMPANY_ADMIN, documents=()).code == ErrorCode.MISSING_DOCUMENT
    assert refused(case, C.LAPSE, Role.SYSTEM).code == ErrorCode.TOO_EARLY
    case.now = timer.at
    assert refused(case, C.RESUBMIT, Role.COMPANY_ADMIN).code == ErrorCode.LATE
    case.take(C.LAPSE, Role.SYSTEM)
    assert case.state == CS.LAPSED

    again = company(GT, CS.RETURNED)
    again.take(C.RESUBMIT, Role.COMPANY_ADMIN)
    assert again.state == CS.SUBMITTED


@pytest.mark.parametrize("state", [CS.DRAFT, CS.SUBMITTED, CS.UNDER_REVIEW, CS.RETURNED])
def test_an_applicant_may_withdraw_what_is_not_decided(state: str) -> None:
    assert (
        refused(company(GT, state, is_applicant=False), C.WITHDRAW, Role.COMPANY_ADMIN).code == ErrorCode.FORBIDDEN_ROLE
    )
    case = company(GT, state)
    case.take(C.WITHDRAW, Role.COMPANY_ADMIN)
    assert case.state == CS.WITHDRAWN


def test_a_filed_company_cannot_withdraw() -> None:
    assert refused(company(GT, CS.FILED), C.WITHDRAW, Role.COMPANY_ADMIN).code == ErrorCode.ACTION_NOT_AVAILABLE


def test_a_change_is_reported_in_thirty_days_and_filed_or_refused() -> None:
    case = company(SL, CS.FILED, changed_on=date(2025, 5, 20))
    deadline = case.offers(Role.COMPANY_ADMIN)[C.REPORT_CHANGE].deadline
    assert deadline is not None
    assert deadline.on == date(2025, 6, 19)
    case.take(C.REPORT_CHANGE, Role.COMPANY_ADMIN)
    refusing = company(SL, CS.CHANGED)
    assert refused(refusing, C.REFUSE_CHANGE, Role.TOWNSHIP).code == ErrorCode.REQUIRED
    refusing.take(C.REFUSE_CHANGE, Role.TOWNSHIP, reason="no proof")
    case.take(C.FILE_CHANGE, Role.TOWNSHIP)
    assert case.state == refusing.state == CS.FILED


@pytest.mark.requirement("GT-13")
def test_a_company_that_does_not_rectify_in_time_or_refuses_is_removed() -> None:
    case = company(GT, CS.FILED)
    assert refused(case, C.ORDER_RECTIFICATION, Role.BUREAU, reason="x").field == "rectifyBy"
    assert refused(case, C.ORDER_RECTIFICATION, Role.BUREAU, reason="x", rectify_by=ON).code == ErrorCode.OUT_OF_RANGE
    case.take(C.ORDER_RECTIFICATION, Role.BUREAU, reason="no training", rectify_by=date(2025, 6, 10))
    case.now = datetime(2025, 6, 10, 23, tzinfo=SHANGHAI)
    assert refused(case, C.REMOVE, Role.BUREAU, reason="x").code == ErrorCode.TOO_EARLY
    refusing = company(GT, CS.RECTIFYING, rectify_by=date(2025, 6, 10), rectification_refused=True)
    refusing.take(C.REMOVE, Role.BUREAU, reason="refuses")
    case.wait(hours=1)
    case.take(C.SUSPEND, Role.BUREAU, reason="nothing done")
    case.take(C.REMOVE, Role.BUREAU, reason="nothing done")
    assert case.state == refusing.state == CS.REMOVED


def test_a_company_that_rectifies_is_filed_again() -> None:
    case = company(GT, CS.RECTIFYING, rectify_by=date(2025, 6, 10))
    case.take(C.CLEAR, Role.TOWNSHIP)
    assert case.state == CS.FILED


@pytest.mark.requirement("GT-11")
@pytest.mark.parametrize(
    ("tests", "open_tests"),
    [
        ((True, True, None), ["no_office"]),
        ((True, False, True), ["no_staff"]),
        ((None, None, None), ["no_business_record", "no_staff", "no_office"]),
    ],
)
def test_a_zombie_firm_is_cancelled_only_with_all_three_tests_met(
    tests: tuple[bool | None, ...], open_tests: list[str]
) -> None:
    names = ("no_business_record", "no_staff", "no_office")
    case = company(GT, CS.FILED, **dict(zip(names, tests, strict=True)))
    refusal = refused(case, C.CANCEL, Role.BUREAU, reason="zombie firm")
    assert (refusal.code, refusal.params["tests"]) == (ErrorCode.TESTS_NOT_RECORDED, open_tests)
    met = company(GT, CS.FILED, **dict.fromkeys(names, True))
    met.take(C.CANCEL, Role.BUREAU, reason="zombie firm")
    assert met.state == CS.FILED, "the market authority has not agreed yet"
    met.take(C.CANCEL, Role.MARKET, reason="zombie firm")
    assert met.state == CS.CANCELLED


# --- contracts -------------------------------------------------------------------------------------------------------

CHECKERS = {
    GT: (Role.TOWNSHIP, Role.COMMUNITY),
    TQ: (Role.TOWNSHIP,),
    ZS: (Role.COMMUNITY,),
    ZD: (Role.TOWNSHIP,),
    SL: (Role.COMMUNITY,),
}


@pytest.mark.parametrize("county", COUNTIES)
def test_a_contract_is_signed_submitted_checked_and_filed(county: str) -> None:
    case = contract(county)
    case.take(K.SIGN, Role.COMMITTEE)
    case.take(K.SUBMIT, Role.COMPANY_ADMIN)
    for checker in CHECKERS[county]:
        assert case.state == KS.SUBMITTED
        case.take(K.CHECK, checker)
    assert case.state == KS.CHECKED
    case.take(K.FILE, case.profile.contract_filing_body)
    assert case.state == KS.FILED


@pytest.mark.requirement("GT-19")
def test_in_gaotai_township_and_community_both_check_before_the_bureau_files() -> None:
    for first, second in ((Role.TOWNSHIP, Role.COMMUNITY), (Role.COMMUNITY, Role.TOWNSHIP)):
        case = contract(GT, KS.SUBMITTED)
        case.take(K.CHECK, first)
        assert refused(case, K.FILE, Role.BUREAU).code == ErrorCode.ACTION_NOT_AVAILABLE
        case.take(K.CHECK, second)
        case.take(K.FILE, Role.BUREAU)
        assert case.state == KS.FILED


@pytest.mark.requirement("ZD-41")
def test_a_committee_signs_only_for_the_company_that_the_owners_chose() -> None:
    assert refused(contract(ZD, vote_passed=False), K.SIGN, Role.COMMITTEE).code == ErrorCode.VOTE_NOT_PASSED
    assert refused(contract(ZD), K.SIGN, Role.COMPANY_ADMIN).code == ErrorCode.FORBIDDEN_ROLE


def test_an_early_stage_contract_needs_its_award_or_the_approved_exception() -> None:
    early: dict[str, Any] = {"contract_kind": ContractKind.EARLY_STAGE}
    assert refused(contract(ZD, **early), K.SIGN, Role.COMMITTEE).code == ErrorCode.FORBIDDEN_ROLE
    refusal = refused(contract(ZD, **early), K.SIGN, Role.COMPANY_ADMIN, documents=(D.CONTRACT,))
    assert refusal.params["documents"] == ["TENDER_RESULT|EXCEPTION_APPROVAL"]
    for proof in (D.TENDER_RESULT, D.EXCEPTION_APPROVAL):
        case = contract(ZD, **early)
        case.take(K.SIGN, Role.COMPANY_ADMIN, (D.CONTRACT, proof))
        case.take(K.SUBMIT, Role.COMPANY_ADMIN, (D.CONTRACT, D.PRICE_ITEM, proof))
        assert case.state == KS.SUBMITTED


def test_an_owners_contract_is_submitted_with_the_resolution() -> None:
    papers = (D.CONTRACT, D.PRICE_ITEM)
    refusal = refused(contract(ZD, KS.SIGNED), K.SUBMIT, Role.COMPANY_ADMIN, documents=papers)
    assert refusal.params["documents"] == ["OWNERS_RESOLUTION"]
    contract(ZD, KS.SIGNED).take(K.SUBMIT, Role.COMPANY_ADMIN, (*papers, D.OWNERS_RESOLUTION))


@pytest.mark.parametrize(
    ("county", "last"), [(ZD, date(2025, 6, 12)), (TQ, date(2025, 6, 17)), (GT, date(2025, 6, 17))]
)
def test_the_filing_is_due_by_the_countys_days_from_signing_and_lateness_does_not_bar(county: str, last: date) -> None:
    case = contract(county, KS.SIGNED)
    deadline = case.offers(Role.PROJECT_LEADER)[K.SUBMIT].deadline
    assert deadline is not None
    assert deadline.on == last
    case.wait(days=60)
    case.take(K.SUBMIT, Role.PROJECT_LEADER)


FAULTS: list[Any] = [
    pytest.param(SL, {"company_state": CompanyState.UNFILED}, ErrorCode.FIRM_NOT_FILED, id="firm"),
    pytest.param(SL, {"company_state": CompanyState.REMOVED}, ErrorCode.FIRM_NOT_FILED, id="removed"),
    pytest.param(SL, {"listed_on": date(2025, 6, 1)}, ErrorCode.BLACKLISTED, id="blacklisted"),
    pytest.param(TQ, {"ceiling_fen": 119}, ErrorCode.PRICE_ABOVE_CEILING, id="price"),
    pytest.param(ZS, {"whole_transfer": True}, ErrorCode.WHOLE_TRANSFER, id="transfer"),
    pytest.param(
        TQ,
        {"adjustment_clause": False},
        ErrorCode.ADJUSTMENT_CLAUSE_REQUIRED,
        id="clause",
        marks=pytest.mark.requirement("TQ-63"),
    ),
    pytest.param(
        GT,
        {"model_text": False},
        ErrorCode.MODEL_TEXT_REQUIRED,
        id="model text",
        marks=pytest.mark.requirement("GT-18"),
    ),
]


@pytest.mark.parametrize(("county", "fault", "code"), FAULTS)
def test_what_the_law_refuses_is_refused_when_handed_in_again_and_when_filed(
    county: str, fault: dict[str, Any], code: ErrorCode
) -> None:
    body = profile(county, ON).contract_filing_body
    for state, action, role in (
        (KS.SIGNED, K.SUBMIT, Role.COMPANY_ADMIN),
        (KS.RETURNED, K.RESUBMIT, Role.COMPANY_ADMIN),
        (KS.CHECKED, K.FILE, body),
    ):
        assert refused(contract(county, state, **fault), action, role).code == code
        contract(county, state).take(action, role)


@pytest.mark.parametrize(
    ("county", "facts"),
    [
        (TQ, {"ceiling_fen": 120}),  # the ceiling itself is allowed
        (SL, {"company_state": CompanyState.RECTIFYING}),
        (SL, {"listed_on": date(2025, 6, 1), "renewal": True}),
        (GT, {"listed_on": date(2025, 6, 1)}),  # no ban in this profile
        (GT, {"model_text": False, "new_estate_or_committee": False}),  # GT-17: where possible only
        (ZD, {"model_text": False, "adjustment_clause": False}),
    ],
)
def test_what_the_rules_leave_free_is_filed(county: str, facts: dict[str, Any]) -> None:
    case = contract(county, KS.SIGNED, **facts)
    case.take(K.SUBMIT, Role.COMPANY_ADMIN)
    assert case.state == KS.SUBMITTED


@pytest.mark.rule("G-7")
@pytest.mark.requirement("SL-25")
@pytest.mark.parametrize(
    ("day", "corrected_on", "until"),
    [
        (date(2025, 5, 10), date(2024, 8, 1), date(2025, 5, 10)),  # G-7: the last day, a Saturday
        (date(2025, 5, 11), None, None),
        (date(2025, 5, 11), date(2024, 8, 1), "allowed"),
    ],
)
def test_g7_a_blacklisted_company_takes_no_new_project_for_a_year(
    day: date, corrected_on: date | None, until: Any
) -> None:
    case = contract(SL, KS.SIGNED, listed_on=date(2024, 5, 10), corrected_on=corrected_on)
    case.now = datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)
    if until == "allowed":
        case.take(K.SUBMIT, Role.COMPANY_ADMIN)
        assert case.state == KS.SUBMITTED
    else:
        assert refused(case, K.SUBMIT, Role.COMPANY_ADMIN) == Refusal(ErrorCode.BLACKLISTED, "companyId", until=until)


def test_checkers_and_the_filing_body_return_with_reasons() -> None:
    for state, role in ((KS.SUBMITTED, Role.COMMUNITY), (KS.CHECKED, Role.BUREAU)):
        case = contract(GT, state)
        assert refused(case, K.RETURN, role) == Refusal(ErrorCode.REQUIRED, "reason")
        assert case.take(K.RETURN, role, reason="the price item is missing").decides
        assert case.state == KS.RETURNED


def test_the_clock_watches_a_filed_contract_to_its_end() -> None:
    case = contract(ZD, KS.FILED)
    for action, state, at in (
        (K.TAKE_EFFECT, KS.EFFECTIVE, datetime(2025, 7, 1, tzinfo=SHANGHAI)),
        (K.WATCH, KS.EXPIRING, datetime(2026, 4, 1, tzinfo=SHANGHAI)),  # 90 days before 30 June
        (K.CONTINUE, KS.EXPIRED_CONTINUING, datetime(2026, 7, 1, tzinfo=SHANGHAI)),
    ):
        (timer,) = timers(CONTRACT_FILING, case.profile, case.state, case.facts, case.entered)
        assert (timer.transition.action, timer.at) == (action, at)
        case.now = at - timedelta(seconds=1)
        assert refused(case, action, Role.SYSTEM).code == ErrorCode.TOO_EARLY
        case.now = at
        case.take(action, Role.SYSTEM)
        assert case.state == state
    assert timers(CONTRACT_FILING, case.profile, case.state, case.facts, case.entered) == []


def test_a_contract_without_an_end_is_not_watched() -> None:
    case = contract(ZD, KS.EFFECTIVE, ends_on=None)
    assert timers(CONTRACT_FILING, case.profile, case.state, case.facts, case.entered) == []
    assert refused(case, K.WATCH, Role.SYSTEM).code == ErrorCode.TOO_EARLY


def test_an_early_stage_contract_ends_when_the_owners_contract_takes_effect() -> None:
    case = contract(ZD, KS.EFFECTIVE, contract_kind=ContractKind.EARLY_STAGE, replaced_on=date(2025, 8, 1))
    case.now = datetime(2025, 8, 1, tzinfo=SHANGHAI)
    case.take(K.REPLACE, Role.SYSTEM)
    assert case.state == KS.TERMINATED


@pytest.mark.parametrize("state", [KS.EFFECTIVE, KS.EXPIRING, KS.EXPIRED_CONTINUING, KS.IRREGULAR])
def test_a_following_contract_or_a_notice_ends_a_running_one(state: str) -> None:
    case = contract(ZD, state)
    assert refused(case, K.RENEW, Role.COMMITTEE) == Refusal(ErrorCode.REQUIRED, "successorId")
    case.take(K.RENEW, Role.COMMITTEE, successor_signed=True)
    ended = contract(ZD, state, earliest_end=date(2025, 8, 1))
    assert refused(ended, K.TERMINATE, Role.COMMITTEE, documents=(), reason="vote").code == ErrorCode.MISSING_DOCUMENT
    assert refused(ended, K.TERMINATE, Role.COMMITTEE, reason="vote").code == ErrorCode.TOO_EARLY
    ended.now = datetime(2025, 8, 1, tzinfo=SHANGHAI)
    ended.take(K.TERMINATE, Role.COMMITTEE, reason="vote")
    assert (case.state, ended.state) == (KS.RENEWED, KS.TERMINATED)


@pytest.mark.requirement("GT-16")
def test_an_irregular_contract_goes_on_the_problem_list_with_a_deadline_and_comes_off_it() -> None:
    case = contract(GT, KS.EFFECTIVE, starts_on=ON)
    assert refused(case, K.LIST_PROBLEM, Role.BUREAU, reason="not the model text").field == "rectifyBy"
    case.take(K.LIST_PROBLEM, Role.TOWNSHIP, reason="not the model text", rectify_by=date(2025, 7, 1))
    assert case.state == KS.IRREGULAR
    deadline = case.offers(Role.BUREAU)[K.CLEAR_PROBLEM].deadline
    assert deadline is not None
    assert deadline.on == date(2025, 7, 1)
    case.take(K.CLEAR_PROBLEM, Role.BUREAU)
    assert case.state == KS.EFFECTIVE


def test_a_contract_that_has_not_begun_comes_off_the_list_as_filed() -> None:
    case = contract(GT, KS.FILED)
    case.take(K.LIST_PROBLEM, Role.BUREAU, reason="not the model text", rectify_by=date(2025, 6, 20))
    case.take(K.CLEAR_PROBLEM, Role.BUREAU)
    assert case.state == KS.FILED
