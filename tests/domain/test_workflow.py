"""The machinery of transition lists, on a small list of its own, and what must hold for every list of the domain."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain.calendar import SHANGHAI
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, days, days_before, end_of_day, hours, posting, working_days
from domain.profiles import COUNTIES, profile, profile_for_test
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term
from domain.workflow import (
    ByProfile,
    Needs,
    Reviewer,
    Transition,
    Workflow,
    available,
    check,
    mermaid,
    reviewer_refusal,
    tasks,
    timers,
)
from domain.workflows import ALL, workflow_version
from tests.domain.cases import NOON, Case, refused

GAOTAI = profile("620724", date(2025, 1, 1))


class State(Term):
    """A toy."""

    DRAFT = "DRAFT", "."
    OPEN = "OPEN", "."
    SHARED = "SHARED", "."
    DONE = "DONE", "."
    LAPSED = "LAPSED", "."


def small_enough(profile: Profile, facts: Facts) -> Refusal | None:
    return Refusal(ErrorCode.OUT_OF_RANGE, "amount", most=10) if facts["amount"] > 10 else None


def line(**fields: Any) -> Transition:
    return Transition(**({"basis": ("toy",)} | fields))


TOY = Workflow(
    id="toy",
    version=3,
    title="Toy",
    states=State,
    start="DRAFT",
    terminal=frozenset({"DONE", "LAPSED"}),
    opened_by=(Role.OWNER,),
    transitions=(
        line(
            action="HAND_IN",
            sources=("DRAFT",),
            target="OPEN",
            by=(Role.OWNER,),
            documents=(
                DocumentKind.PLAN,
                Needs((DocumentKind.PHOTO, DocumentKind.REPORT)),
                Needs((DocumentKind.BUDGET,), when="costly"),
            ),
            guards=("small_enough",),
            within=days(10),
            bars=True,
            applicant_only=True,
        ),
        line(
            action="PASS",
            sources=("OPEN",),
            target="SHARED",
            by=(ByProfile("contract_filing_body"),),
            within=working_days("fund_township_working_days"),
        ),
        line(action="PASS", sources=("OPEN",), target="DONE", by=(Role.PRICE,), when=("costly",)),
        line(action="REFUSE", sources=("OPEN", "SHARED"), target="DRAFT", by=(Role.TOWNSHIP,), reason=True),
        line(
            action="AGREE",
            sources=("SHARED",),
            target="DONE",
            by=(ByProfile("contract_checks"), frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER})),
            joined=True,
            after=posting("fund_plan_posting_days"),
            decides=True,
        ),
        line(action="NOTE", sources=("SHARED",), target=None, by=(Role.BUREAU,)),
        line(action="LAPSE", sources=("DRAFT",), target="LAPSED", by=(Role.SYSTEM,), fires=days(10)),
    ),
    guards={"small_enough": small_enough},
    conditions={"costly": lambda profile, facts: facts["amount"] > 5},
    facts={"amount": "int"},
)


def toy(profile: Profile = GAOTAI, **facts: Any) -> Case:
    return Case(TOY, profile, {"amount": 1, "is_applicant": True} | facts)


# --- check -----------------------------------------------------------------------------------------------------------


def test_an_allowed_action_gives_its_line() -> None:
    case = toy()
    assert case.take("HAND_IN", Role.OWNER).target == "OPEN"
    assert case.state == "OPEN"


def test_an_action_that_the_state_lacks_is_not_available() -> None:
    refusal = refused(toy(), "AGREE", Role.TOWNSHIP)
    assert refusal == Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state="DRAFT", action="AGREE")
    assert refused(toy(), "NO_SUCH_ACTION", Role.OWNER).code == ErrorCode.ACTION_NOT_AVAILABLE


def test_another_role_is_told_whose_turn_it_is() -> None:
    refusal = refused(toy(), "HAND_IN", Role.TENANT)
    assert (refusal.code, refusal.params["roles"]) == (ErrorCode.FORBIDDEN_ROLE, frozenset({Role.OWNER}))


def test_the_same_role_of_another_party_may_not_act_for_the_applicant() -> None:
    assert refused(toy(is_applicant=False), "HAND_IN", Role.OWNER).code == ErrorCode.FORBIDDEN_ROLE
    del (case := toy()).facts["is_applicant"]
    assert refused(case, "HAND_IN", Role.OWNER).code == ErrorCode.FORBIDDEN_ROLE


def test_the_filing_body_is_the_profiles() -> None:
    for body, county in ((Role.BUREAU, "620724"), (Role.TOWNSHIP, "220382")):
        case = toy(profile(county, date(2025, 1, 1)))
        case.state = "OPEN"
        other = Role.TOWNSHIP if body is Role.BUREAU else Role.BUREAU
        assert refused(case, "PASS", other).code == ErrorCode.FORBIDDEN_ROLE
        case.take("PASS", body)
        assert case.state == "SHARED"


@pytest.mark.parametrize(
    ("documents", "amount", "missing"),
    [
        ((), 1, ["PLAN", "PHOTO|REPORT"]),
        ((DocumentKind.PLAN,), 1, ["PHOTO|REPORT"]),
        ((DocumentKind.PLAN, DocumentKind.REPORT), 6, ["BUDGET"]),
    ],
)
def test_missing_documents_are_named(documents: tuple[DocumentKind, ...], amount: int, missing: list[str]) -> None:
    refusal = refused(toy(amount=amount), "HAND_IN", Role.OWNER, documents=documents)
    assert refusal == Refusal(ErrorCode.MISSING_DOCUMENT, "documents", documents=missing)


def test_an_alternative_document_and_an_unmet_condition_suffice() -> None:
    toy().take("HAND_IN", Role.OWNER, (DocumentKind.PLAN, DocumentKind.PHOTO))


def test_guards_refuse_last() -> None:
    assert refused(toy(amount=11), "HAND_IN", Role.OWNER).code == ErrorCode.OUT_OF_RANGE
    assert refused(toy(amount=11), "HAND_IN", Role.OWNER, documents=()).code == ErrorCode.MISSING_DOCUMENT


def test_a_fact_that_was_not_given_is_a_fault_and_never_a_pass() -> None:
    case = toy()
    del case.facts["amount"]
    with pytest.raises(KeyError, match="amount"):
        case.take("HAND_IN", Role.OWNER)


def test_a_reason_is_asked_for_where_somebody_will_read_it() -> None:
    case = toy()
    case.state = "OPEN"
    for reason in (None, " "):
        assert refused(case, "REFUSE", Role.TOWNSHIP, reason=reason) == Refusal(ErrorCode.REQUIRED, "reason")
    case.take("REFUSE", Role.TOWNSHIP, reason="no plan")
    assert case.state == "DRAFT"


def test_a_barring_deadline_refuses_from_its_end_on() -> None:
    case = toy()
    case.now = datetime(2025, 6, 12, 23, 59, tzinfo=SHANGHAI)  # ten days after 2 June
    late = toy()
    late.now = case.now + timedelta(minutes=1)
    assert refused(late, "HAND_IN", Role.OWNER) == Refusal(ErrorCode.LATE, deadline=date(2025, 6, 12))
    case.take("HAND_IN", Role.OWNER)


def test_other_deadlines_only_show() -> None:
    case = toy()
    case.state = "OPEN"
    case.wait(days=100)
    case.take("PASS", Role.BUREAU)


# --- conditions ------------------------------------------------------------------------------------------------------


def test_a_condition_adds_a_way_for_some_cases_only() -> None:
    plain, costly = toy(amount=1), toy(amount=6)
    plain.state = costly.state = "OPEN"
    assert refused(plain, "PASS", Role.PRICE).params["roles"] == frozenset({Role.BUREAU})
    costly.take("PASS", Role.PRICE)
    assert costly.state == "DONE"


# --- joined steps ----------------------------------------------------------------------------------------------------


def shared() -> Case:
    case = toy()
    case.state = "SHARED"
    case.wait(days=8)
    return case


def test_a_joined_step_moves_when_every_party_has_decided_in_any_order() -> None:
    for order in (
        (Role.TOWNSHIP, Role.COMMUNITY, Role.COMPANY_ADMIN),
        (Role.PROJECT_LEADER, Role.COMMUNITY, Role.TOWNSHIP),
    ):
        case = shared()
        case.take("AGREE", order[0])
        case.take("AGREE", order[1])
        assert (case.state, case.reviewed_by) == ("SHARED", list(order[:2]))
        case.take("AGREE", order[2])
        assert (case.state, case.reviewed_by) == ("DONE", [])


def test_a_party_decides_once() -> None:
    case = shared()
    case.take("AGREE", Role.COMPANY_ADMIN)
    assert refused(case, "AGREE", Role.COMPANY_ADMIN).code == ErrorCode.ACTION_NOT_AVAILABLE
    assert refused(case, "AGREE", Role.PROJECT_LEADER).code == ErrorCode.ACTION_NOT_AVAILABLE
    assert "AGREE" not in case.offers(Role.PROJECT_LEADER)
    assert "AGREE" in case.offers(Role.TOWNSHIP)


def test_one_party_can_still_send_it_back() -> None:
    case = shared()
    case.take("AGREE", Role.COMMUNITY)
    case.take("REFUSE", Role.TOWNSHIP, reason="no")
    assert case.state == "DRAFT"


def test_an_action_may_leave_the_state() -> None:
    case = shared()
    entered = case.entered
    case.take("NOTE", Role.BUREAU)
    assert (case.state, case.entered) == ("SHARED", entered)


# --- postings and timers ---------------------------------------------------------------------------------------------


def test_a_posting_runs_its_full_days() -> None:
    case = toy()
    case.state = "SHARED"
    case.now = datetime(2025, 6, 9, 23, 59, tzinfo=SHANGHAI)  # posted on the 2nd, seven days
    refusal = refused(case, "AGREE", Role.TOWNSHIP)
    assert refusal == Refusal(ErrorCode.POSTING_PERIOD_NOT_OVER, until=date(2025, 6, 9))
    case.wait(minutes=1)
    case.take("AGREE", Role.TOWNSHIP)


def test_the_clock_acts_only_when_its_time_has_come() -> None:
    (timer,) = timers(TOY, GAOTAI, "DRAFT", {}, NOON)
    assert (timer.transition.action, timer.at) == ("LAPSE", datetime(2025, 6, 13, tzinfo=SHANGHAI))
    case = toy()
    case.now = timer.at - timedelta(seconds=1)
    assert refused(case, "LAPSE", Role.SYSTEM) == Refusal(ErrorCode.TOO_EARLY, earliest=date(2025, 6, 13))
    case.now = timer.at
    case.take("LAPSE", Role.SYSTEM)
    assert case.state == "LAPSED"
    assert timers(TOY, GAOTAI, "OPEN", {}, NOON) == []


def test_nobody_may_do_what_only_the_clock_does() -> None:
    case = toy()
    case.wait(days=30)
    assert refused(case, "LAPSE", Role.OWNER).code == ErrorCode.FORBIDDEN_ROLE
    assert "LAPSE" not in case.offers(*Role)


@pytest.mark.parametrize(
    ("period", "last", "at"),
    [
        (days(3), date(2025, 6, 5), (2025, 6, 6, 0)),
        (days(5), date(2025, 6, 9), (2025, 6, 10, 0)),  # the 7th is a Saturday
        (posting(5), date(2025, 6, 7), (2025, 6, 8, 0)),
        (working_days(5), date(2025, 6, 9), (2025, 6, 10, 0)),
        (hours(24), date(2025, 6, 3), (2025, 6, 3, 12)),
        (days("company_decision_days"), date(2025, 6, 12), (2025, 6, 13, 0)),
        (days(10, since="signed_on"), date(2025, 5, 12), (2025, 5, 13, 0)),  # the 11th is a Sunday
        (days_before(90, "ends_on"), date(2025, 10, 1), (2025, 10, 2, 0)),
        (days_before(0, "ends_on"), date(2025, 12, 30), (2025, 12, 31, 0)),
        (end_of_day("ends_on"), date(2025, 12, 31), (2026, 1, 1, 0)),
        (days(3, since="unknown_yet"), None, None),
    ],
)
def test_periods(period: Any, last: date | None, at: tuple[int, ...] | None) -> None:
    facts = {"signed_on": date(2025, 5, 1), "ends_on": date(2025, 12, 31), "unknown_yet": None}
    due = period.due(GAOTAI, facts, NOON)
    assert (due and due.on) == last
    assert (due and due.at) == (at and datetime(*at, tzinfo=SHANGHAI))  # type: ignore[arg-type, misc]


# --- offers and tasks ------------------------------------------------------------------------------------------------


def test_offers_say_what_is_missing_and_by_when() -> None:
    offers = toy(amount=11).offers(Role.OWNER, Role.TENANT, documents=(DocumentKind.PHOTO,))
    assert list(offers) == ["HAND_IN"]
    offer = offers["HAND_IN"]
    assert offer.deadline is not None
    assert offer.deadline.on == date(2025, 6, 12)
    assert offer.missing == ("PLAN", "BUDGET")
    assert offer.blocked_by == (ErrorCode.OUT_OF_RANGE,)


def test_offers_leave_out_what_another_party_may_do() -> None:
    assert toy(is_applicant=False).offers(Role.OWNER) == {}
    assert toy().offers(Role.BUREAU) == {}


def test_an_offer_without_its_facts_is_a_hint_and_the_check_stays_strict() -> None:
    offers = available(TOY, GAOTAI, "DRAFT", [Role.OWNER], {"is_applicant": True})
    assert [offer.blocked_by for offer in offers] == [()]
    with pytest.raises(KeyError):
        check(
            TOY,
            GAOTAI,
            "DRAFT",
            "HAND_IN",
            Role.OWNER,
            {"is_applicant": True},
            list(DocumentKind),
            entered=NOON,
            now=NOON,
        )


def test_offers_show_a_posting_that_still_runs() -> None:
    case = toy()
    case.state = "SHARED"
    assert case.offers(Role.TOWNSHIP)["AGREE"].blocked_by == (ErrorCode.POSTING_PERIOD_NOT_OVER,)
    case.wait(days=8)
    assert case.offers(Role.TOWNSHIP)["AGREE"].blocked_by == ()


def test_tasks_are_the_turns_of_people_with_their_earliest_deadline() -> None:
    found = {task.role: task for task in tasks(TOY, GAOTAI, "OPEN", {"amount": 1}, entered=NOON)}
    assert set(found) == {Role.BUREAU, Role.TOWNSHIP}
    assert found[Role.BUREAU].actions == ("PASS",)
    assert found[Role.BUREAU].due is not None
    assert found[Role.BUREAU].due.on == date(2025, 6, 5)
    assert (found[Role.TOWNSHIP].actions, found[Role.TOWNSHIP].due) == (("REFUSE",), None)
    assert [task.role for task in tasks(TOY, GAOTAI, "DRAFT", entered=NOON)] == [Role.OWNER]
    assert tasks(TOY, GAOTAI, "DONE") == []


def test_a_decided_party_has_no_task_left() -> None:
    left = tasks(TOY, GAOTAI, "SHARED", reviewed_by=[Role.TOWNSHIP, Role.PROJECT_LEADER])
    assert {task.role: task.actions for task in left} == {
        Role.COMMUNITY: ("AGREE",),
        Role.TOWNSHIP: ("REFUSE",),
        Role.BUREAU: ("NOTE",),
    }


# --- reviewers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reviewer", "previous", "code"),
    [
        (Reviewer("chen", "bureau"), None, None),
        (Reviewer("li", "bureau"), None, ErrorCode.OWN_APPLICATION),
        (Reviewer("chen", "bureau"), Reviewer("chen", "bureau"), ErrorCode.SAME_REVIEWER),
        (Reviewer("chen", "bureau"), Reviewer("chen", "township"), None),
        (Reviewer("chen", "bureau"), Reviewer("wu", "bureau"), None),
    ],
)
def test_nobody_decides_for_oneself_or_twice_in_a_row(
    reviewer: Reviewer, previous: Reviewer | None, code: ErrorCode | None
) -> None:
    refusal = reviewer_refusal(reviewer, {"li"}, previous)
    assert (refusal and refusal.code) == code


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ({"target": "NOWHERE"}, "NOWHERE"),
        ({"sources": ("NOWHERE",)}, "NOWHERE"),
        ({"guards": ("no_guard",)}, "no_guard"),
        ({"when": ("no_condition",)}, "no_condition"),
        ({"documents": (Needs((DocumentKind.PLAN,), when="no_condition"),)}, "no_condition"),
        ({"within": days("no_parameter")}, "no_parameter"),
        ({"after": days(3, since="no_fact")}, "no_fact"),
        ({"by": (ByProfile("no_parameter"),)}, "no_parameter"),
        ({"joined": "no_parameter"}, "no_parameter"),
    ],
)
def test_a_list_that_names_what_does_not_exist_is_refused(broken: dict[str, Any], name: str) -> None:
    fields: dict[str, Any] = {"action": "A", "sources": ("DRAFT",), "target": "DONE", "by": (Role.OWNER,)}
    with pytest.raises(ValueError, match=name):
        Workflow(
            id="broken",
            version=1,
            title="",
            states=State,
            start="DRAFT",
            terminal=frozenset(),
            opened_by=(),
            transitions=(line(**(fields | broken)),),
        )


def test_a_diagram_shows_states_actions_and_roles() -> None:
    drawn = mermaid(TOY)
    assert drawn.startswith("stateDiagram-v2\n    [*] --> DRAFT\n")
    assert "    OPEN --> SHARED : PASS (contract_filing_body)\n" in drawn
    assert "    SHARED --> SHARED : NOTE (BUREAU)\n" in drawn
    assert "    DONE --> [*]\n" in drawn
    assert "    OPEN --> SHARED : PASS (BUREAU)\n" in mermaid(TOY, GAOTAI)


def test_a_case_finds_the_list_it_started_on() -> None:
    for workflow in ALL:
        assert workflow_version(workflow.id, workflow.version) is workflow
    with pytest.raises(LookupError, match="no_such version 1"):
        workflow_version("no_such", 1)


IN_EVERY_COUNTY = [
    pytest.param(workflow, profile(county, date(2025, 1, 1)), id=f"{workflow.id}-{county}")
    for workflow in ALL
    for county in COUNTIES
]


@pytest.mark.parametrize(("workflow", "profile"), IN_EVERY_COUNTY)
def test_every_list_can_be_walked_in_every_county(workflow: Workflow, profile: Profile) -> None:
    """Each state that is no end has a way on for somebody, and ends have none; names and bases are complete."""
    for state in workflow.states:
        ways = [line for line in workflow.transitions if state in line.sources]
        assert bool(ways) is (state not in workflow.terminal), state
        assert state.description.endswith("."), state
    assert all(line.basis for line in workflow.transitions)
    # Premises are pre-filed where a county's text says so: in Zhangdian (ZD-24).
    assert bool(workflow.openers(profile)) is (workflow.id != "premises_filing" or profile.county == "370303")


@pytest.mark.parametrize("workflow", ALL, ids=lambda workflow: workflow.id)
def test_every_state_can_be_reached(workflow: Workflow) -> None:
    reached, before = {workflow.start}, set[str]()
    while reached != before:
        before = set(reached)
        reached |= {line.target for line in workflow.transitions if line.target and set(line.sources) & before}
    assert reached == {state.value for state in workflow.states}


@pytest.mark.parametrize("workflow", ALL, ids=lambda workflow: workflow.id)
def test_every_guard_condition_and_fact_is_used(workflow: Workflow) -> None:
    lines = workflow.transitions
    needs = {need.when for line in lines for need in line.documents if isinstance(need, Needs) and need.when}
    assert {guard for line in (*lines, workflow.opening()) for guard in line.guards} == set(workflow.guards)
    assert {condition for line in lines for condition in line.when} | needs == set(workflow.conditions)


@pytest.mark.parametrize("workflow", ALL, ids=lambda workflow: workflow.id)
def test_an_action_of_a_role_is_told_by_state_and_conditions_alone(workflow: Workflow) -> None:
    """No two lines give the same role the same action in the same state unless conditions tell them apart."""
    for state in workflow.states:
        plain = [line for line in workflow.transitions if state in line.sources and not line.when]
        seen = [(line.action, role) for line in plain for role in line.roles(GAOTAI)]
        assert len(seen) == len(set(seen)), state


@pytest.mark.parametrize("workflow", ALL, ids=lambda workflow: workflow.id)
def test_decisions_are_never_the_applicants(workflow: Workflow) -> None:
    assert not [line.action for line in workflow.transitions if line.decides and line.applicant_only]


def test_copies_of_counties_work_like_their_originals() -> None:
    copied = profile_for_test("991777", "620724")
    case = toy(copied)
    case.state = "OPEN"
    case.take("PASS", Role.BUREAU)
    assert case.state == "SHARED"
