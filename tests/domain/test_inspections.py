"""Inspections and rectification (SM-11), from the plan to the publication."""

from datetime import date, datetime
from typing import Any

import pytest

from domain.calendar import SHANGHAI
from domain.errors import ErrorCode, Refusal
from domain.inspections import INSPECTION, InspectionAction, InspectionState
from domain.profiles import profile
from domain.roles import Role
from domain.workflow import timers
from tests.domain.cases import Case, refused

A, S = InspectionAction, InspectionState
ON = date(2025, 6, 2)
BY = date(2025, 6, 20)

FACTS: dict[str, Any] = {
    "is_applicant": False,
    "inspectors": 2,
    "signatures": 2,
    "findings": 1,
    "inspected_on": ON,
    "rectify_by": BY,
    "responsible": "The company",
    "extensions": 0,
    "recheck_passed": None,
    "published_on": None,
}


def inspection(state: str = "", **facts: Any) -> Case:
    return Case(INSPECTION, profile("370303", ON), FACTS | facts, state)


@pytest.mark.requirement("ZD-5")
@pytest.mark.parametrize("office", [Role.BUREAU, Role.TOWNSHIP])
def test_an_inspection_goes_from_plan_to_publication(office: Role) -> None:
    case = inspection()
    for action, role, state, facts in (
        (A.ASSIGN, office, S.ASSIGNED, {}),
        (A.REPORT, office, S.INSPECTED, {}),
        (A.FIND_ISSUES, office, S.ISSUE_FOUND, {}),
        (A.ORDER, office, S.RECTIFICATION_ORDERED, {}),
        (A.SUBMIT, Role.PROJECT_LEADER, S.SUBMITTED, {}),
        (A.RECHECK, office, S.RECHECKED, {"recheck_passed": True}),
        (A.CLOSE, office, S.CLOSED, {}),
        (A.PUBLISH, office, S.PUBLISHED, {}),
    ):
        case.take(action, role, **facts)
        assert case.state == state


@pytest.mark.parametrize(
    ("state", "action", "facts", "code"),
    [
        (S.PLANNED, A.ASSIGN, {"inspectors": 1}, ErrorCode.OUT_OF_RANGE),
        (S.ASSIGNED, A.RECUSE, {"inspectors": 1}, ErrorCode.OUT_OF_RANGE),
        (S.ASSIGNED, A.REPORT, {"signatures": 1}, ErrorCode.SIGNATURES_REQUIRED),
        (S.SUBMITTED, A.RECHECK, {"signatures": 1}, ErrorCode.SIGNATURES_REQUIRED),
        (S.INSPECTED, A.FIND_CLEAN, {"findings": 1}, ErrorCode.OUT_OF_RANGE),
        (S.INSPECTED, A.FIND_ISSUES, {"findings": 0}, ErrorCode.REQUIRED),
        (S.ISSUE_FOUND, A.ORDER, {"rectify_by": None}, ErrorCode.REQUIRED),
        (S.ISSUE_FOUND, A.ORDER, {"rectify_by": ON}, ErrorCode.OUT_OF_RANGE),
        (S.ISSUE_FOUND, A.ORDER, {"responsible": None}, ErrorCode.REQUIRED),
        (S.RECHECKED, A.CLOSE, {"recheck_passed": False}, ErrorCode.NOT_RECTIFIED),
        (S.RECHECKED, A.ORDER_AGAIN, {"recheck_passed": True}, ErrorCode.INVALID_INPUT),
        (S.RECHECKED, A.PENALISE, {"recheck_passed": True}, ErrorCode.INVALID_INPUT),
        (S.OVERDUE, A.PUBLISH, {"published_on": ON}, ErrorCode.ALREADY_REGISTERED),
    ],
)
def test_what_stands_in_the_way(state: str, action: str, facts: dict[str, Any], code: ErrorCode) -> None:
    assert refused(inspection(state, **facts), action, Role.BUREAU, reason="x").code == code


def test_nothing_found_is_published_within_twenty_working_days() -> None:
    case = inspection(S.INSPECTED, findings=0)
    case.take(A.FIND_CLEAN, Role.BUREAU)
    deadline = case.offers(Role.BUREAU)[A.PUBLISH].deadline
    assert deadline is not None
    assert deadline.on == date(2025, 6, 30)
    case.take(A.PUBLISH, Role.BUREAU)
    assert case.state == S.PUBLISHED


def test_a_result_is_published_while_rectification_is_under_way() -> None:
    case = inspection(S.RECTIFICATION_ORDERED)
    case.take(A.PUBLISH, Role.BUREAU)
    assert case.state == S.RECTIFICATION_ORDERED


def test_a_deadline_is_extended_once() -> None:
    case = inspection(S.RECTIFICATION_ORDERED)
    case.take(A.EXTEND, Role.BUREAU, reason="parts are late", rectify_by=date(2025, 7, 10))
    assert case.state == S.RECTIFICATION_ORDERED
    refusal = refused(inspection(S.RECTIFICATION_ORDERED, extensions=1), A.EXTEND, Role.BUREAU, reason="again")
    assert refusal.params["most"] == 1


def test_the_clock_finds_overdue_what_is_not_put_right_in_time() -> None:
    case = inspection(S.RECTIFICATION_ORDERED)
    (timer,) = timers(INSPECTION, case.profile, case.state, case.facts, case.entered)
    assert timer.at == datetime(2025, 6, 21, tzinfo=SHANGHAI)
    case.now = timer.at
    case.take(A.FALL_OVERDUE, Role.SYSTEM)
    assert case.state == S.OVERDUE
    case.take(A.PENALISE, Role.BUREAU, reason="nothing was done")
    assert case.state == S.PENALISED
    late = inspection(S.OVERDUE)
    late.take(A.SUBMIT, Role.COMPANY_ADMIN)
    assert late.state == S.SUBMITTED


def test_a_failed_recheck_orders_again_or_hands_over() -> None:
    again = inspection(S.RECHECKED, recheck_passed=False)
    again.take(A.ORDER_AGAIN, Role.BUREAU, rectify_by=date(2025, 7, 1))
    assert again.state == S.RECTIFICATION_ORDERED
    handed = inspection(S.RECHECKED, recheck_passed=False)
    assert refused(handed, A.TRANSFER, Role.TOWNSHIP) == Refusal(ErrorCode.REQUIRED, "reason")
    handed.take(A.TRANSFER, Role.TOWNSHIP, reason="for the market authority")
    assert handed.state == S.TRANSFERRED


def test_a_company_inspects_nothing() -> None:
    for state in S:
        assert set(inspection(state).offers(Role.COMPANY_ADMIN)) <= {A.SUBMIT}
