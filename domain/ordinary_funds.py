"""Ordinary requests to use the maintenance fund (SM-6): plan, posting, vote, the offices' checks, work and payment."""

from typing import Any

from domain import fund_quotas, fund_use, funds
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.fund_quotas import QuotaKind
from domain.funds import FundAction, FundState
from domain.officials import Power
from domain.periods import Facts, days, end_of_day, working_days
from domain.profiles.parameters import Profile, VoteMode
from domain.roles import COMPANY, Role
from domain.tallies import Matter
from domain.workflow import ByProfile, Transition, Workflow


def plan_posting_long_enough(profile: Profile, facts: Facts) -> Refusal | None:
    """The plan is posted for seven days (FUND-24)."""
    return funds.posting_refusal(facts, profile.fund_plan_posting_days)


def settlement_posting_long_enough(profile: Profile, facts: Facts) -> Refusal | None:
    """Settlement, households and shares are posted for five days before the last payment (SM-6)."""
    return funds.posting_refusal(facts, profile.fund_settlement_posting_days)


def mode_allowed(profile: Profile, facts: Facts) -> Refusal | None:
    """The vote is held in the standard mode, or on the use of the fund in one that the county allows (V-25, V-31)."""
    special = profile.fund_modes if _is_fund_use(facts) else frozenset()
    if facts["vote_mode"] in {VoteMode.STANDARD, *special}:
        return None
    return Refusal(ErrorCode.MODE_NOT_ALLOWED, "voteMode")


def _is_fund_use(facts: Facts) -> bool:
    """Owners decide on the fund's use alone (item 5), not on a rebuilding (item 7)."""
    return funds.matter_of(funds.FundUse(facts["use"])) is Matter.FUND_USE


def vote_counts(profile: Profile, facts: Facts) -> bool:
    """Whether the vote passed, by the strict tally too where the profile requires it (V-31)."""
    return bool(facts["vote_passed"] and (facts["vote_strict_passed"] or not profile.strict_vote_required))


def vote_passed(profile: Profile, facts: Facts) -> Refusal | None:
    """The owners' joint decision on item 5 passed (FUND-19)."""
    return None if vote_counts(profile, facts) else Refusal(ErrorCode.VOTE_NOT_PASSED, "vote")


def vote_failed(profile: Profile, facts: Facts) -> Refusal | None:
    """A vote that passed cannot be recorded as failed."""
    return Refusal(ErrorCode.INVALID_INPUT, "vote") if vote_counts(profile, facts) else None


def _collective_quotas(profile: Profile, facts: Facts) -> bool:
    return _is_fund_use(facts) and fund_quotas.kind_refusal(profile, QuotaKind.COLLECTIVE) is None


def _any_quotas(profile: Profile, facts: Facts) -> bool:
    return _is_fund_use(facts) and any(fund_quotas.kind_refusal(profile, kind) is None for kind in QuotaKind)


_S = FundState
_A = FundAction
_STAND_IN = ByProfile("without_committee")
_APPLICANTS = funds.applicants(_STAND_IN)
_COMMITTEE_OR_STAND_IN = funds.by_committee_or(_STAND_IN)
_RETURNERS = (
    (_S.COMMITTEE_APPROVED, Role.COMMUNITY),
    (_S.COMMUNITY_CHECKED, Role.TOWNSHIP),
    (_S.TOWNSHIP_VERIFIED, Role.BUREAU),
)
_LAWFUL = ("not_excluded", "insurance_allowed", "warranty_over")
_WORKERS = (COMPANY, Role.COMMITTEE, _STAND_IN)


def _by_committee_or_stand_in(*, when: tuple[str, ...] = (), **fields: Any) -> tuple[Transition, ...]:
    """The committee's step, and the same step where the estate has none."""
    return tuple(Transition(**fields, by=(party,), when=(*who, *when)) for party, who in _COMMITTEE_OR_STAND_IN)


UNDONE_BY_ANNULMENT = (
    _S.VOTE_PASSED,
    *(state for state, _ in _RETURNERS),
    _S.RETURNED,
    _S.BUREAU_APPROVED,
)
"""Where a request is cancelled when the owners' decision that it rests on is annulled (V-21): before a contract."""

_UNDER_CONTRACT = (
    _S.CONTRACTED,
    _S.STAGE1_PAID,
    _S.IN_PROGRESS,
    _S.STAGE2_PAID,
    _S.POSTED,
    _S.FINAL_PAID,
    _S.APPORTIONED,
)
"""Where a payment may have to be made once more, to another account of the same contractor."""

STOPPED_BY_ANNULMENT = (*_UNDER_CONTRACT, _S.ACCEPTED, _S.SETTLED)
"""Where work is under contract: when the owners' decision is annulled, nothing more is paid and the bureau decides (V-21)."""

_AFTER_APPROVAL = (
    *(
        fund_use.contracted((_S.BUREAU_APPROVED,), _S.CONTRACTED, party, *when)
        for party, when in _COMMITTEE_OR_STAND_IN
    ),
    *(fund_use.amended(_UNDER_CONTRACT, party, *when) for party, when in _COMMITTEE_OR_STAND_IN),
    *(
        fund_use.pay(state)
        for state in (_S.CONTRACTED, _S.STAGE1_PAID, _S.IN_PROGRESS, _S.STAGE2_PAID, _S.FINAL_PAID, _S.APPORTIONED)
    ),
    fund_use.pay_posted(),
    fund_use.paid(_S.CONTRACTED, _S.STAGE1_PAID),
    fund_use.paid(_S.IN_PROGRESS, _S.STAGE2_PAID, "last_before_acceptance"),
    fund_use.paid(_S.IN_PROGRESS, None, "not_last_before_acceptance"),
    fund_use.paid(_S.POSTED, _S.FINAL_PAID, "last_stage"),
    fund_use.paid(_S.POSTED, None, "not_last_stage"),
    *(
        fund_use.paid(state, None)
        for state in (_S.STAGE1_PAID, _S.STAGE2_PAID, _S.ACCEPTED, _S.SETTLED, _S.FINAL_PAID, _S.APPORTIONED)
    ),
    fund_use.came_back(_S.STAGE1_PAID, _S.CONTRACTED),
    fund_use.came_back(_S.STAGE2_PAID, _S.IN_PROGRESS),
    fund_use.came_back(_S.FINAL_PAID, _S.POSTED),
    fund_use.came_back(_S.CLOSED, _S.APPORTIONED),
    *(
        fund_use.came_back(state, None)
        for state in (_S.CONTRACTED, _S.IN_PROGRESS, _S.ACCEPTED, _S.SETTLED, _S.POSTED, _S.APPORTIONED)
    ),
    Transition(
        action=_A.START,
        sources=(_S.STAGE1_PAID,),
        target=_S.IN_PROGRESS,
        by=_WORKERS,
        basis=("SM-6", "GT-38"),
    ),
    Transition(
        action=_A.START,
        sources=(_S.CONTRACTED,),
        target=_S.IN_PROGRESS,
        by=_WORKERS,
        basis=("SM-6", "GT-38"),
        when=("nothing_before_work",),
    ),
    Transition(
        action=_A.REPORT_PROGRESS,
        sources=(_S.IN_PROGRESS, _S.STAGE2_PAID),
        target=None,
        by=_WORKERS,
        basis=("SM-6", "GT-38"),
    ),
    *_by_committee_or_stand_in(
        action=_A.CERTIFY,
        sources=(_S.IN_PROGRESS,),
        target=None,
        basis=("SM-6", "FUND-26"),
        documents=(DocumentKind.PROGRESS,),
    ),
    *(
        Transition(
            action=_A.ACCEPT,
            sources=(_S.IN_PROGRESS, _S.STAGE2_PAID),
            target=_S.ACCEPTED,
            by=(Role.OWNER, party, Role.COMMUNITY, *firm),
            joined=True,
            basis=("SM-6", "FUND-26"),
            documents=(DocumentKind.ACCEPTANCE,),
            when=(*when, has_firm),
        )
        for party, when in _COMMITTEE_OR_STAND_IN
        for firm, has_firm in fund_use.FIRM
    ),
    Transition(
        action=_A.SETTLE,
        sources=(_S.ACCEPTED,),
        target=None,
        by=_WORKERS,
        basis=("SM-6", "FUND-27"),
        documents=fund_use.SETTLE_PAPERS,
        guards=("within_overrun",),
    ),
    Transition(
        action=_A.VERIFY_USE,
        sources=(_S.ACCEPTED,),
        target=_S.SETTLED,
        by=(Role.TOWNSHIP,),
        basis=("ZD-7", "SL-6"),
        within=working_days("fund_township_working_days", since="settled_on"),
        documents=fund_use.SETTLE_PAPERS,
        guards=("settled", "signed_and_sealed"),
        decides=True,
    ),
    Transition(
        action=_A.POST,
        sources=(_S.SETTLED,),
        target=_S.POSTED,
        by=_APPLICANTS,
        basis=("SM-6", "ZS-21"),
        documents=(DocumentKind.APPORTIONMENT, DocumentKind.POSTING_PROOF),
        guards=("settlement_posting_long_enough",),
        applicant_only=True,
    ),
    *fund_use.stopped(STOPPED_BY_ANNULMENT),
    fund_use.REVISED,
    fund_use.apportioned(_S.POSTED, after=end_of_day("posted_to")),
    fund_use.apportioned(_S.FINAL_PAID),
    fund_use.CLOSED,
)

FUND_REQUEST = Workflow(
    id="fund_request",
    version=3,
    title="Fund request, ordinary (维修资金使用申请)",
    states=(
        _S.DRAFT,
        _S.PLAN_POSTED,
        _S.VOTING,
        _S.VOTE_PASSED,
        _S.VOTE_FAILED,
        _S.COMMITTEE_APPROVED,
        _S.COMMUNITY_CHECKED,
        _S.TOWNSHIP_VERIFIED,
        _S.BUREAU_APPROVED,
        _S.CONTRACTED,
        _S.STAGE1_PAID,
        _S.IN_PROGRESS,
        _S.STAGE2_PAID,
        _S.ACCEPTED,
        _S.SETTLED,
        _S.POSTED,
        _S.FINAL_PAID,
        _S.APPORTIONED,
        _S.CLOSED,
        _S.RETURNED,
        _S.REJECTED,
        _S.CANCELLED,
        _S.LAPSED,
    ),
    start=_S.DRAFT,
    terminal=frozenset({_S.VOTE_FAILED, _S.REJECTED, _S.CANCELLED, _S.LAPSED}),
    separated=True,
    opened_by=_APPLICANTS,
    transitions=(
        Transition(
            action=_A.POST_PLAN,
            sources=(_S.DRAFT,),
            target=_S.PLAN_POSTED,
            by=_APPLICANTS,
            basis=("FUND-24", "SL-5"),
            documents=(DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.POSTING_PROOF),
            guards=(*_LAWFUL, "plan_posting_long_enough"),
            applicant_only=True,
        ),
        *_by_committee_or_stand_in(
            action=_A.OPEN_VOTE,
            sources=(_S.PLAN_POSTED,),
            target=_S.VOTING,
            basis=("FUND-24", "GT-39"),
            after=end_of_day("posted_to"),
            guards=("mode_allowed",),
        ),
        Transition(
            action=_A.USE_QUOTA,
            sources=(_S.PLAN_POSTED,),
            target=_S.COMMITTEE_APPROVED,
            by=(Role.COMMITTEE,),
            basis=("V-27", "TQ-42", "V-32"),
            documents=(DocumentKind.COMMITTEE_RECORD,),
            after=end_of_day("posted_to"),
            when=("any_quotas", "has_committee"),
            guards=("within_quota",),
            decides=True,
        ),
        Transition(
            action=_A.USE_QUOTA,
            sources=(_S.PLAN_POSTED,),
            target=_S.COMMITTEE_APPROVED,
            by=(_STAND_IN,),
            basis=("V-27",),
            after=end_of_day("posted_to"),
            when=("collective_quotas", "no_committee"),
            guards=("within_quota",),
            decides=True,
        ),
        *_by_committee_or_stand_in(
            action=_A.RECORD_PASSED,
            sources=(_S.VOTING,),
            target=_S.VOTE_PASSED,
            basis=("FUND-19", "V-1"),
            documents=(DocumentKind.OWNERS_RESOLUTION,),
            when=("attested",),
            guards=("mode_allowed", "vote_passed"),
        ),
        *_by_committee_or_stand_in(
            action=_A.RECORD_FAILED,
            sources=(_S.VOTING,),
            target=_S.VOTE_FAILED,
            basis=("FUND-19",),
            when=("attested",),
            guards=("vote_failed",),
        ),
        Transition(
            action=_A.RECORD_PASSED,
            sources=(_S.VOTING,),
            target=_S.VOTE_PASSED,
            by=(Role.SYSTEM,),
            basis=("FUND-19", "SM-8"),
            when=("on_platform",),
            guards=("mode_allowed", "vote_passed"),
        ),
        Transition(
            action=_A.RECORD_FAILED,
            sources=(_S.VOTING,),
            target=_S.VOTE_FAILED,
            by=(Role.SYSTEM,),
            basis=("FUND-19", "SM-8"),
            when=("on_platform",),
            guards=("vote_failed",),
        ),
        *_by_committee_or_stand_in(
            action=_A.APPROVE,
            sources=(_S.VOTE_PASSED,),
            target=_S.COMMITTEE_APPROVED,
            basis=("FUND-24", "TQ-100"),
            within=days("fund_committee_days"),
            decides=True,
        ),
        Transition(
            action=_A.CHECK,
            sources=(_S.COMMITTEE_APPROVED,),
            target=_S.COMMUNITY_CHECKED,
            by=(Role.COMMUNITY,),
            basis=("SL-6", "FUND-24"),
            within=working_days("fund_community_working_days"),
            decides=True,
        ),
        Transition(
            action=_A.VERIFY,
            sources=(_S.COMMUNITY_CHECKED,),
            target=_S.TOWNSHIP_VERIFIED,
            by=(Role.TOWNSHIP,),
            basis=("ZD-7", "SL-6"),
            within=working_days("fund_township_working_days"),
            guards=("signed_and_sealed",),
            decides=True,
        ),
        Transition(
            action=_A.GRANT,
            sources=(_S.TOWNSHIP_VERIFIED,),
            target=_S.BUREAU_APPROVED,
            by=(Role.BUREAU,),
            basis=("ZD-21", "SL-9", "FUND-25"),
            within=working_days("fund_bureau_working_days"),
            guards=(*_LAWFUL, "covered"),
            decides=True,
            power=Power.FUNDS_APPROVE,
        ),
        *(funds.returned(state, role, "SL-6") for state, role in _RETURNERS),
        funds.REJECTED,
        Transition(
            action=_A.RESUBMIT,
            sources=(_S.RETURNED,),
            target=_S.COMMITTEE_APPROVED,
            by=_APPLICANTS,
            basis=("RULES §9", "FUND-25"),
            documents=(DocumentKind.PLAN, DocumentKind.BUDGET),
            within=days("resubmission_days"),
            bars=True,
            guards=_LAWFUL,
            applicant_only=True,
        ),
        Transition(
            action=_A.LAPSE,
            sources=(_S.RETURNED,),
            target=_S.LAPSED,
            by=(Role.SYSTEM,),
            basis=("RULES §9",),
            fires=days("resubmission_days"),
        ),
        Transition(
            action=_A.CANCEL,
            sources=UNDONE_BY_ANNULMENT,
            target=_S.CANCELLED,
            by=(Role.SYSTEM,),
            basis=("V-21", "SM-8"),
            when=("decided_on_platform",),
            guards=("nothing_paid",),
            reason=True,
        ),
        funds.cancelled(
            (
                _S.DRAFT,
                _S.PLAN_POSTED,
                _S.VOTING,
                _S.VOTE_PASSED,
                *(state for state, _ in _RETURNERS),
                _S.RETURNED,
                _S.BUREAU_APPROVED,
                _S.CONTRACTED,
                _S.IN_PROGRESS,
            ),
            _APPLICANTS,
        ),
        *_AFTER_APPROVAL,
    ),
    guards={
        **funds.GUARDS,
        **fund_use.GUARDS,
        "nothing_under_way": fund_use.nothing_under_way,
        "insurance_allowed": funds.insurance_allowed,
        "settled": fund_use.settled,
        "settlement_posting_long_enough": settlement_posting_long_enough,
        "plan_posting_long_enough": plan_posting_long_enough,
        "mode_allowed": mode_allowed,
        "vote_passed": vote_passed,
        "vote_failed": vote_failed,
        "within_quota": fund_quotas.within_quota,
    },
    conditions={
        **funds.CONDITIONS,
        **fund_use.CONDITIONS,
        **fund_use.STAGE_CONDITIONS,
        "any_quotas": _any_quotas,
        "collective_quotas": _collective_quotas,
        "on_platform": lambda profile, facts: bool(facts.get("vote_on_platform")),
        "decided_on_platform": lambda profile, facts: bool(facts.get("vote_on_platform") or facts.get("on_quota")),
        "attested": lambda profile, facts: not facts.get("vote_on_platform"),
    },
    facts={
        **funds.FACTS,
        **fund_use.FACTS,
        "vote_mode": "VoteMode",
        "vote_on_platform": "bool: the vote is held on the platform, its result is the request's",
        "on_quota": "bool: it draws on a quota instead of a vote of its own",
        "vote_passed": "bool | None: the outcome in the mode of the vote",
        "vote_strict_passed": "bool | None: the outcome by Civil Code 278",
        "quota_item_fen": "int: the quota's limit per repair",
        "quota_year_fen": "int: its limit per year",
        "quota_used_fen": "int: what was used of it this year",
    },
)
