"""Requests to use the maintenance fund: after a vote (SM-6), and in emergencies in both orders (SM-7)."""

from datetime import date, datetime
from typing import Any

import pytest

from domain.calendar import SHANGHAI
from domain.documents import DocumentKind
from domain.emergency_funds import EMERGENCY_FUND_REQUEST
from domain.errors import ErrorCode, Refusal
from domain.funds import EmergencyCode, Exclusion, FundAction, FundKind, FundState, FundUse, VoteMode
from domain.ordinary_funds import FUND_REQUEST
from domain.profiles import COUNTIES, profile, profile_for_test
from domain.roles import Role
from domain.workflow import Workflow, check_opening, timers
from tests.domain.cases import NOON, Case, refused

GT, ZS, SL, ZD, TQ = "620724", "451122", "220382", "370303", "410927"
ON = date(2025, 6, 2)
D, A, S = DocumentKind, FundAction, FundState

FACTS: dict[str, Any] = {
    "is_applicant": True,
    "kind": FundKind.ORDINARY,
    "use": FundUse.REPAIR,
    "has_company": True,
    "contracted": False,
    "budget_fen": 1_000_000,
    "fund_part_fen": 0,
    "asked_fen": 0,
    "paid_fen": 0,
    "instructed_fen": 0,
    "payable_on": None,
    "certificates": 0,
    "open_objections": 0,
    "open_recoveries": 0,
    "settled": False,
    "settled_on": None,
    "ordered_to": None,
    "organised": False,
    "has_committee": True,
    "warranty_checked": True,
    "warranty_ends_on": date(2025, 6, 1),
    "requested_on": ON,
    "exclusion": None,
    "posted_from": ON,
    "posted_to": date(2025, 6, 9),
    "vote_mode": VoteMode.STANDARD,
    "vote_passed": True,
    "vote_strict_passed": True,
    "amount_fen": 1_000_000,
    "available_fen": 1_000_000,
    "quota_item_fen": 2_000_000,
    "quota_year_fen": 3_000_000,
    "quota_used_fen": 0,
    "signed": True,
    "sealed": True,
    "returns": 0,
    "emergency_code": EmergencyCode.ELEVATOR,
}


def ordinary(county: str, state: str = "", **facts: Any) -> Case:
    return Case(FUND_REQUEST, profile(county, ON), FACTS | {"state": state} | facts, state)


def emergency(county: str, state: str = "", **facts: Any) -> Case:
    return Case(EMERGENCY_FUND_REQUEST, profile(county, ON), FACTS | {"state": state} | facts, state)


# --- ordinary (SM-6) -------------------------------------------------------------------------------------------------


@pytest.mark.rule("FUND-24")
@pytest.mark.requirement("GT-37")
@pytest.mark.parametrize("has_committee", [True, False])
@pytest.mark.parametrize("county", COUNTIES)
def test_a_request_goes_from_plan_to_earmark(county: str, has_committee: bool) -> None:
    case = ordinary(county, has_committee=has_committee)
    owners_side = Role.COMMITTEE if has_committee else case.profile.without_committee
    case.take(A.POST_PLAN, Role.COMPANY_ADMIN)
    case.wait(days=8)
    for action, role, state in (
        (A.OPEN_VOTE, owners_side, S.VOTING),
        (A.RECORD_PASSED, owners_side, S.VOTE_PASSED),
        (A.APPROVE, owners_side, S.COMMITTEE_APPROVED),
        (A.CHECK, Role.COMMUNITY, S.COMMUNITY_CHECKED),
        (A.VERIFY, Role.TOWNSHIP, S.TOWNSHIP_VERIFIED),
        (A.GRANT, Role.BUREAU, S.BUREAU_APPROVED),
    ):
        case.take(action, role)
        assert case.state == state


def test_without_a_committee_the_profile_says_who_stands_in() -> None:
    for county, role, other in ((TQ, Role.TOWNSHIP, Role.COMMUNITY), (ZD, Role.COMMUNITY, Role.TOWNSHIP)):
        case = ordinary(county, S.VOTE_PASSED, has_committee=False)
        assert refused(case, A.APPROVE, other).code == ErrorCode.FORBIDDEN_ROLE
        assert refused(case, A.APPROVE, Role.COMMITTEE).code == ErrorCode.FORBIDDEN_ROLE
        case.take(A.APPROVE, role)
        assert refused(ordinary(county, S.VOTE_PASSED), A.APPROVE, role).code == ErrorCode.FORBIDDEN_ROLE


@pytest.mark.parametrize("missing", [D.PLAN, D.BUDGET, D.POSTING_PROOF])
def test_plan_budget_and_proof_of_posting_are_needed(missing: DocumentKind) -> None:
    papers = [kind for kind in D if kind is not missing]
    assert refused(ordinary(ZD), A.POST_PLAN, Role.OWNER, documents=papers).params["documents"] == [missing.value]


UNLAWFUL: list[tuple[dict[str, Any], Refusal]] = [
    (
        {"exclusion": Exclusion.UTILITY_OWNED},
        Refusal(ErrorCode.EXCLUDED_WORK, "exclusion", exclusions=["UTILITY_OWNED"]),
    ),
    ({"warranty_checked": False}, Refusal(ErrorCode.REQUIRED, "warrantyChecked")),
    ({"warranty_ends_on": ON}, Refusal(ErrorCode.WARRANTY_NOT_OVER, "warrantyEndsOn", until=ON)),
]


@pytest.mark.rule("FUND-12", "FUND-13", "FUND-14")
@pytest.mark.parametrize(("facts", "refusal"), UNLAWFUL)
def test_what_the_fund_may_not_pay_is_refused_at_every_gate(facts: dict[str, Any], refusal: Refusal) -> None:
    for case, action, role in (
        (ordinary(ZD, **facts), A.POST_PLAN, Role.OWNER),
        (ordinary(ZD, S.RETURNED, **facts), A.RESUBMIT, Role.OWNER),
        (ordinary(ZD, S.TOWNSHIP_VERIFIED, **facts), A.GRANT, Role.BUREAU),
        (emergency(ZD, S.SITE_CHECKED, **facts), A.APPROVE, Role.COMMITTEE),
        (emergency(TQ, S.TOWNSHIP_VERIFIED, **facts), A.GRANT, Role.BUREAU),
    ):
        assert refused(case, action, role) == refusal


def test_an_asset_that_never_had_a_warranty_may_be_repaired() -> None:
    ordinary(ZD, warranty_ends_on=None).take(A.POST_PLAN, Role.OWNER)


@pytest.mark.rule("FUND-24")
@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (None, date(2025, 6, 9), "postedFrom"),
        (ON, None, "postedTo"),
        (ON, date(2025, 6, 8), "postedTo"),  # six days
        (date(2025, 6, 3), date(2025, 6, 20), "postedFrom"),  # tomorrow
    ],
)
def test_a_plan_is_posted_for_seven_days_from_today_or_before(
    first: date | None, last: date | None, field: str
) -> None:
    assert refused(ordinary(ZD, posted_from=first, posted_to=last), A.POST_PLAN, Role.OWNER).field == field


@pytest.mark.rule("FUND-24")
def test_no_vote_opens_before_the_posting_is_over() -> None:
    case = ordinary(ZD, S.PLAN_POSTED)
    case.now = datetime(2025, 6, 9, 23, 59, tzinfo=SHANGHAI)
    refusal = refused(case, A.OPEN_VOTE, Role.COMMITTEE)
    assert refusal == Refusal(ErrorCode.POSTING_PERIOD_NOT_OVER, until=date(2025, 6, 9))
    case.wait(minutes=1)
    case.take(A.OPEN_VOTE, Role.COMMITTEE)


@pytest.mark.parametrize(("county", "role"), [(TQ, Role.TOWNSHIP), (ZD, Role.COMMUNITY)])
def test_the_posting_runs_out_for_a_stand_in_too(county: str, role: Role) -> None:
    case = ordinary(county, S.PLAN_POSTED, has_committee=False)
    assert refused(case, A.OPEN_VOTE, role).code == ErrorCode.POSTING_PERIOD_NOT_OVER
    quota = ordinary(TQ, S.PLAN_POSTED)
    assert refused(quota, A.USE_QUOTA, Role.COMMITTEE).code == ErrorCode.POSTING_PERIOD_NOT_OVER
    quota.wait(days=8)
    assert refused(quota, A.USE_QUOTA, Role.COMMITTEE, has_committee=False).code == ErrorCode.ACTION_NOT_AVAILABLE


def test_owner_and_stand_in_accept_a_repair_together() -> None:
    for first, second in ((Role.OWNER, Role.COMMUNITY), (Role.COMMUNITY, Role.OWNER)):
        case = emergency(ZD, S.REPAIRED, has_committee=False)
        assert refused(case, A.ACCEPT, Role.COMMITTEE).code == ErrorCode.FORBIDDEN_ROLE
        case.take(A.ACCEPT, first)
        assert case.state == S.REPAIRED
        case.take(A.ACCEPT, second)
        assert case.state == S.ACCEPTED


def test_in_pay_first_counties_every_applicant_may_hand_in_again() -> None:
    for role in (Role.COMPANY_ADMIN, Role.PROJECT_LEADER, Role.OWNER, Role.COMMITTEE, Role.TOWNSHIP):
        case = emergency(TQ, S.RETURNED)
        case.take(A.RESUBMIT, role)
        assert case.state == S.APPROVED_DIRECT


@pytest.mark.requirement("GT-39")
@pytest.mark.parametrize(
    ("county", "mode", "allowed"),
    [
        (GT, VoteMode.OBJECTION, True),
        (GT, VoteMode.DEFAULT, True),
        (TQ, VoteMode.OBJECTION, True),
        (TQ, VoteMode.DEFAULT, False),
        (ZD, VoteMode.OBJECTION, False),
        (ZD, VoteMode.STANDARD, True),
    ],
)
def test_special_modes_of_voting_are_the_countys(county: str, mode: VoteMode, allowed: bool) -> None:
    case = ordinary(county, S.VOTING, vote_mode=mode)
    if allowed:
        case.take(A.RECORD_PASSED, Role.COMMITTEE)
        assert case.state == S.VOTE_PASSED
    else:
        assert refused(case, A.RECORD_PASSED, Role.COMMITTEE) == Refusal(ErrorCode.MODE_NOT_ALLOWED, "voteMode")


@pytest.mark.rule("V-31")
@pytest.mark.parametrize(
    ("county", "passed", "strict", "counts"),
    [
        (ZD, True, True, True),
        (ZD, True, False, False),  # the profile wants the strict tally (V-31)
        (GT, True, False, True),
        (GT, False, True, False),
        (ZD, None, None, False),
    ],
)
def test_which_tally_counts_is_the_profiles(county: str, passed: bool, strict: bool, counts: bool) -> None:
    votes: dict[str, Any] = {"vote_passed": passed, "vote_strict_passed": strict}
    winning, losing = ordinary(county, S.VOTING, **votes), ordinary(county, S.VOTING, **votes)
    if counts:
        winning.take(A.RECORD_PASSED, Role.COMMITTEE)
        assert refused(losing, A.RECORD_FAILED, Role.COMMITTEE).code == ErrorCode.INVALID_INPUT
    else:
        assert refused(winning, A.RECORD_PASSED, Role.COMMITTEE).code == ErrorCode.VOTE_NOT_PASSED
        losing.take(A.RECORD_FAILED, Role.COMMITTEE)
        assert losing.state == S.VOTE_FAILED


@pytest.mark.requirement("TQ-42")
@pytest.mark.rule("V-32")
@pytest.mark.parametrize(
    ("amount", "used", "left"),
    [(2_000_000, 0, None), (2_000_001, 0, 2_000_000), (1_000_000, 2_000_000, None), (1_000_001, 2_000_000, 1_000_000)],
)
def test_taiqians_committee_decides_within_the_quota_that_the_assembly_gave(
    amount: int, used: int, left: int | None
) -> None:
    case = ordinary(TQ, S.PLAN_POSTED, amount_fen=amount, quota_used_fen=used)
    case.wait(days=8)
    if left is None:
        case.take(A.USE_QUOTA, Role.COMMITTEE)
        assert case.state == S.COMMITTEE_APPROVED
    else:
        assert refused(case, A.USE_QUOTA, Role.COMMITTEE) == Refusal(ErrorCode.QUOTA_EXCEEDED, "amount", limit_fen=left)


@pytest.mark.rule("V-27")
def test_without_a_committee_the_stand_in_draws_on_what_gaotais_owners_agreed_to() -> None:
    case = ordinary(GT, S.PLAN_POSTED, has_committee=False)
    case.wait(days=8)
    assert refused(case, A.USE_QUOTA, Role.COMMITTEE).code == ErrorCode.FORBIDDEN_ROLE
    case.take(A.USE_QUOTA, case.profile.without_committee)
    assert case.state == S.COMMITTEE_APPROVED


@pytest.mark.rule("V-32")
def test_elsewhere_there_is_no_quota() -> None:
    case = ordinary(ZD, S.PLAN_POSTED)
    case.wait(days=8)
    assert refused(case, A.USE_QUOTA, Role.COMMITTEE).code == ErrorCode.ACTION_NOT_AVAILABLE


@pytest.mark.requirement("ZD-7")
@pytest.mark.parametrize(
    ("signed", "sealed", "code"),
    [
        (False, True, ErrorCode.SIGNATURES_REQUIRED),
        (True, False, ErrorCode.SEAL_REQUIRED),
        (False, False, ErrorCode.SIGNATURES_REQUIRED),
    ],
)
def test_the_bureau_receives_a_request_only_with_the_townships_signature_and_seal(
    signed: bool, sealed: bool, code: ErrorCode
) -> None:
    for case in (
        ordinary(ZD, S.COMMUNITY_CHECKED, signed=signed, sealed=sealed),
        emergency(ZD, S.POSTED, signed=signed, sealed=sealed),
        emergency(TQ, S.APPROVED_DIRECT, signed=signed, sealed=sealed),
    ):
        case.wait(days=8)
        assert refused(case, A.GRANT, Role.BUREAU).code == ErrorCode.ACTION_NOT_AVAILABLE
        assert refused(case, A.VERIFY, Role.TOWNSHIP).code == code
        case.take(A.VERIFY, Role.TOWNSHIP, signed=True, sealed=True)
        assert case.state == S.TOWNSHIP_VERIFIED


def test_a_county_may_do_without_the_seal() -> None:
    county = profile_for_test("991802", ZD, township_seal=False)
    case = Case(FUND_REQUEST, county, FACTS | {"signed": False, "sealed": False}, S.COMMUNITY_CHECKED)
    case.take(A.VERIFY, Role.TOWNSHIP)


@pytest.mark.rule("FUND-28")
def test_nothing_is_granted_above_the_balance() -> None:
    case = ordinary(ZD, S.TOWNSHIP_VERIFIED, available_fen=999_999)
    assert refused(case, A.GRANT, Role.BUREAU) == Refusal(
        ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=999_999
    )
    case.take(A.GRANT, Role.BUREAU, available_fen=1_000_000)


@pytest.mark.rule("FUND-25")
@pytest.mark.requirement("SL-6", "TQ-98")
@pytest.mark.parametrize(
    ("state", "role"),
    [
        (S.COMMITTEE_APPROVED, Role.COMMUNITY),
        (S.COMMUNITY_CHECKED, Role.TOWNSHIP),
        (S.TOWNSHIP_VERIFIED, Role.BUREAU),
    ],
)
def test_each_office_may_return_a_request_but_only_once_in_all(state: str, role: Role) -> None:
    case = ordinary(SL, state)
    assert refused(case, A.RETURN, role).code == ErrorCode.REQUIRED
    case.take(A.RETURN, role, reason="the budget does not add up")
    assert case.state == S.RETURNED
    case.take(A.RESUBMIT, Role.OWNER)
    assert case.state == S.COMMITTEE_APPROVED, "all offices look again"
    again = ordinary(SL, state, returns=1)
    assert refused(again, A.RETURN, role, reason="x").code == ErrorCode.CORRECTIONS_USED_UP


def test_a_returned_request_lapses_after_ten_days() -> None:
    case = ordinary(SL, S.RETURNED)
    (timer,) = timers(FUND_REQUEST, case.profile, case.state, case.facts, case.entered)
    case.now = timer.at
    assert refused(case, A.RESUBMIT, Role.OWNER).code == ErrorCode.LATE
    case.take(A.LAPSE, Role.SYSTEM)
    assert case.state == S.LAPSED


@pytest.mark.rule("FUND-25")
@pytest.mark.parametrize(
    ("state", "role", "action", "last"),
    [
        (S.VOTE_PASSED, Role.COMMITTEE, A.APPROVE, date(2025, 6, 9)),
        (S.COMMITTEE_APPROVED, Role.COMMUNITY, A.CHECK, date(2025, 6, 5)),
        (S.COMMUNITY_CHECKED, Role.TOWNSHIP, A.VERIFY, date(2025, 6, 5)),
        (S.TOWNSHIP_VERIFIED, Role.BUREAU, A.GRANT, date(2025, 6, 9)),
    ],
)
def test_each_office_has_its_days(state: str, role: Role, action: str, last: date) -> None:
    deadline = ordinary(ZD, state).offers(role)[action].deadline
    assert deadline is not None
    assert deadline.on == last


BEFORE_PAYMENT = [
    *(
        (FUND_REQUEST, state)
        for state in (
            S.DRAFT,
            S.PLAN_POSTED,
            S.VOTING,
            S.VOTE_PASSED,
            S.COMMITTEE_APPROVED,
            S.COMMUNITY_CHECKED,
            S.TOWNSHIP_VERIFIED,
            S.RETURNED,
            S.BUREAU_APPROVED,
        )
    ),
    *(
        (EMERGENCY_FUND_REQUEST, state)
        for state in (
            S.REPORTED,
            S.SITE_CHECKED,
            S.APPROVED_DIRECT,
            S.REPAIRED,
            S.ACCEPTED,
            S.POSTED,
            S.TOWNSHIP_VERIFIED,
            S.RETURNED,
            S.BUREAU_APPROVED,
        )
    ),
]


@pytest.mark.parametrize(("workflow", "state"), BEFORE_PAYMENT)
def test_an_applicant_may_cancel_before_payment(workflow: Workflow, state: str) -> None:
    others = Case(workflow, profile(ZD, ON), FACTS | {"is_applicant": False}, state)
    assert refused(others, A.CANCEL, Role.OWNER, reason="x").code == ErrorCode.FORBIDDEN_ROLE
    case = Case(workflow, profile(ZD, ON), FACTS, state)
    assert refused(case, A.CANCEL, Role.OWNER).code == ErrorCode.REQUIRED
    case.take(A.CANCEL, Role.OWNER, reason="done by the builder after all")
    assert case.state == S.CANCELLED


@pytest.mark.parametrize("workflow", [FUND_REQUEST, EMERGENCY_FUND_REQUEST])
def test_nothing_follows_an_end_and_only_the_bureau_rejects(workflow: Workflow) -> None:
    for end in workflow.terminal:
        case = Case(workflow, profile(ZD, ON), FACTS, end)
        assert {action for role in Role for action in case.offers(role)} == set()
        assert refused(case, A.CANCEL, Role.OWNER, reason="x").code == ErrorCode.ACTION_NOT_AVAILABLE
    verified = Case(workflow, profile(ZD, ON), FACTS, S.TOWNSHIP_VERIFIED)
    assert refused(verified, A.REJECT, Role.TOWNSHIP, reason="x").code == ErrorCode.FORBIDDEN_ROLE
    verified.take(A.REJECT, Role.BUREAU, reason="the builder is liable")
    assert verified.state == S.REJECTED


# --- emergency (SM-7) ------------------------------------------------------------------------------------------------


@pytest.mark.rule("FUND-20", "FUND-22")
@pytest.mark.requirement("TQ-99")
@pytest.mark.parametrize(
    ("county", "code", "listed"),
    [
        (TQ, EmergencyCode.GUARDRAIL, True),
        (ZD, EmergencyCode.GUARDRAIL, False),
        (ZD, EmergencyCode.BASEMENT_FLOOD, True),
        (TQ, EmergencyCode.BASEMENT_FLOOD, False),
        (TQ, EmergencyCode.WATER_SUPPLY_FLOOD, True),
        (GT, EmergencyCode.ELEVATOR, True),
        (GT, EmergencyCode.CURTAIN_WALL, False),
    ],
)
def test_only_what_the_countys_list_names_goes_without_a_vote(county: str, code: EmergencyCode, listed: bool) -> None:
    def report() -> None:
        facts = FACTS | {"emergency_code": code}
        check_opening(EMERGENCY_FUND_REQUEST, profile(county, ON), Role.COMMITTEE, facts, [D.PHOTO], now=NOON)

    case = emergency(county, S.SITE_CHECKED, emergency_code=code)
    if listed:
        report()
        case.take(A.APPROVE, Role.COMMITTEE)
        assert case.state == S.APPROVED_DIRECT
    else:
        with pytest.raises(Refusal) as caught:
            report()
        assert caught.value == Refusal(ErrorCode.NOT_EMERGENCY, "emergencyCode")
        assert refused(case, A.APPROVE, Role.COMMITTEE).code == ErrorCode.NOT_EMERGENCY


def test_a_report_brings_a_photo_and_comes_from_somebody_concerned() -> None:
    for role, papers, code in (
        (Role.OWNER, [], ErrorCode.MISSING_DOCUMENT),
        (Role.BANK, [D.PHOTO], ErrorCode.FORBIDDEN_ROLE),
    ):
        with pytest.raises(Refusal) as caught:
            check_opening(EMERGENCY_FUND_REQUEST, profile(ZD, ON), role, FACTS, papers, now=NOON)
        assert caught.value.code == code


@pytest.mark.rule("FUND-21")
@pytest.mark.requirement("GT-38")
@pytest.mark.parametrize(("has_committee", "third"), [(True, Role.COMMITTEE), (False, Role.COMMUNITY)])
def test_owner_company_and_committee_or_community_check_together_within_a_day(has_committee: bool, third: Role) -> None:
    case = emergency(ZD, has_committee=has_committee)
    deadline = case.offers(Role.OWNER)[A.CHECK_SITE].deadline
    assert deadline is not None
    assert deadline.at == datetime(2025, 6, 3, 12, tzinfo=SHANGHAI)
    case.take(A.CHECK_SITE, Role.COMPANY_STAFF)
    case.take(A.CHECK_SITE, Role.OWNER)
    assert case.state == S.REPORTED
    other = Role.COMMUNITY if has_committee else Role.COMMITTEE
    assert refused(case, A.CHECK_SITE, other).code == ErrorCode.FORBIDDEN_ROLE
    case.take(A.CHECK_SITE, third)
    assert case.state == S.SITE_CHECKED


@pytest.mark.rule("FUND-21")
def test_where_no_company_serves_owner_and_body_check_alone() -> None:
    case = emergency(ZD, has_company=False)
    assert refused(case, A.CHECK_SITE, Role.COMPANY_STAFF).code == ErrorCode.FORBIDDEN_ROLE
    case.take(A.CHECK_SITE, Role.OWNER)
    case.take(A.CHECK_SITE, Role.COMMITTEE)
    assert case.state == S.SITE_CHECKED


@pytest.mark.rule("FUND-20", "FUND-21")
@pytest.mark.requirement("TQ-100")
@pytest.mark.parametrize(
    ("county", "has_committee", "code", "decider"),
    [
        (TQ, True, EmergencyCode.ELEVATOR, Role.COMMITTEE),
        (TQ, False, EmergencyCode.ELEVATOR, Role.TOWNSHIP),
        (ZD, False, EmergencyCode.ELEVATOR, Role.COMMUNITY),
        (GT, False, EmergencyCode.ELEVATOR, Role.COMMUNITY),
        (ZD, True, EmergencyCode.OTHER_SAFETY, Role.TOWNSHIP),
        (ZD, False, EmergencyCode.OTHER_SAFETY, Role.TOWNSHIP),
    ],
)
def test_who_decides_without_a_vote(county: str, has_committee: bool, code: EmergencyCode, decider: Role) -> None:
    for action in (A.APPROVE, A.DECLINE):
        case = emergency(county, S.SITE_CHECKED, has_committee=has_committee, emergency_code=code)
        for other in {Role.COMMITTEE, Role.TOWNSHIP, Role.COMMUNITY} - {decider}:
            assert refused(case, action, other, reason="x").code == ErrorCode.FORBIDDEN_ROLE
        case.take(action, decider, reason="seen on site")
        assert case.state == (S.APPROVED_DIRECT if action is A.APPROVE else S.NOT_EMERGENCY)


@pytest.mark.rule("FUND-21", "V-23")
def test_post_first_repairs_accepts_and_posts_before_the_offices_decide() -> None:
    case = emergency(ZD, S.APPROVED_DIRECT)
    assert refused(case, A.VERIFY, Role.TOWNSHIP).code == ErrorCode.ACTION_NOT_AVAILABLE
    case.take(A.RECORD_REPAIR, Role.PROJECT_LEADER)
    case.take(A.ACCEPT, Role.OWNER)
    assert case.state == S.REPAIRED
    case.take(A.ACCEPT, Role.COMMITTEE)
    assert refused(case, A.POST, Role.COMMITTEE, posted_to=date(2025, 6, 6)).field == "postedTo"
    papers = (D.SETTLEMENT, D.POSTING_PROOF)
    assert refused(case, A.POST, Role.COMMITTEE, documents=papers).params["documents"] == ["APPORTIONMENT"]
    case.take(A.POST, Role.COMMITTEE, posted_to=date(2025, 6, 7))
    assert refused(case, A.VERIFY, Role.TOWNSHIP).code == ErrorCode.POSTING_PERIOD_NOT_OVER
    case.now = datetime(2025, 6, 8, tzinfo=SHANGHAI)
    case.take(A.VERIFY, Role.TOWNSHIP)
    case.take(A.GRANT, Role.BUREAU)
    assert case.state == S.BUREAU_APPROVED


@pytest.mark.requirement("TQ-98")
def test_pay_first_verifies_and_approves_at_once() -> None:
    case = emergency(TQ, S.APPROVED_DIRECT)
    assert refused(case, A.RECORD_REPAIR, Role.PROJECT_LEADER).code == ErrorCode.ACTION_NOT_AVAILABLE
    case.take(A.VERIFY, Role.TOWNSHIP)
    deadline = case.offers(Role.BUREAU)[A.GRANT].deadline
    assert deadline is not None
    assert deadline.on == date(2025, 6, 3)
    case.take(A.GRANT, Role.BUREAU)
    assert case.state == S.BUREAU_APPROVED


@pytest.mark.parametrize(
    ("county", "state", "role", "back"),
    [
        (ZD, S.POSTED, Role.TOWNSHIP, S.POSTED),
        (ZD, S.TOWNSHIP_VERIFIED, Role.BUREAU, S.POSTED),
        (TQ, S.APPROVED_DIRECT, Role.TOWNSHIP, S.APPROVED_DIRECT),
        (TQ, S.TOWNSHIP_VERIFIED, Role.BUREAU, S.APPROVED_DIRECT),
    ],
)
def test_a_returned_emergency_goes_back_to_where_the_offices_begin(
    county: str, state: str, role: Role, back: str
) -> None:
    case = emergency(county, state)
    case.take(A.RETURN, role, reason="a household is missing")
    case.take(A.RESUBMIT, Role.COMMITTEE)
    assert case.state == back
    assert (
        refused(emergency(county, state, returns=1), A.RETURN, role, reason="x").code == ErrorCode.CORRECTIONS_USED_UP
    )


@pytest.mark.requirement("TQ-102")
@pytest.mark.rule("FUND-12")
def test_the_fund_buys_insurance_only_where_the_profile_says_so() -> None:
    bought = {"use": FundUse.INSURANCE, "warranty_checked": False, "posted_to": date(2025, 6, 9)}
    assert refused(ordinary(ZD, S.DRAFT, **bought), A.POST_PLAN, Role.COMMITTEE).code == ErrorCode.INSURANCE_NOT_ALLOWED
    case = ordinary(TQ, S.DRAFT, **bought)
    case.take(A.POST_PLAN, Role.COMMITTEE)
    assert case.state == S.PLAN_POSTED


@pytest.mark.rule("FUND-24", "FUND-28")
def test_no_role_asks_for_money_approves_it_and_pays_it_out() -> None:
    for workflow in (FUND_REQUEST, EMERGENCY_FUND_REQUEST):
        assert workflow.separated
        for county in COUNTIES:
            rules = profile(county, ON)
            lines = workflow.transitions
            approves = {role for line in lines if line.decides for role in line.roles(rules)}
            releases = {role for line in lines if line.releases for role in line.roles(rules)}
            assert releases == {Role.BUREAU}
            assert not workflow.openers(rules) & approves & releases
