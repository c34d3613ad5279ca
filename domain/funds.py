"""Requests to use the maintenance fund (住宅专项维修资金): terms, what may be paid, and the ordinary list (SM-6).

The emergency list (SM-7) is in ``emergency_funds``, the sharing of costs in ``fund_shares``. Both lists end here with the
bureau's approval, which earmarks the amount (FUND-29); contract, stages and settlement follow as a later version.
"""

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, days, end_of_day, working_days
from domain.profiles.parameters import EmergencyCode, EmergencyOrder, Profile, VoteMode
from domain.roles import Role
from domain.terms import Term
from domain.workflow import ByProfile, Transition, Workflow

__all__ = ["EmergencyCode", "EmergencyOrder", "VoteMode"]


class FundKind(Term):
    """Which way a request goes."""

    ORDINARY = "ORDINARY", "After plan, posting and vote (SM-6)."
    EMERGENCY = "EMERGENCY", "Without a prior vote, for matters on the county's list (SM-7, Civil Code 281)."


class FundScope(Term):
    """Whose asset is repaired, and so who bears the cost (FUND-15)."""

    ESTATE = "ESTATE", "An asset of the whole estate: all units."
    BUILDING = "BUILDING", "An asset of one building: its units."


class Exclusion(Term):
    """Why the fund may not pay (FUND-13)."""

    BUILDER_LIABLE = "BUILDER_LIABLE", "The developer or constructor is liable (建设单位、施工单位责任)."
    UTILITY_OWNED = "UTILITY_OWNED", "Lines and equipment that a utility must maintain (专业经营单位)."
    PERSON_LIABLE = "PERSON_LIABLE", "Damage done by a person (人为损坏)."
    FIRM_DUTY = "FIRM_DUTY", "Work that the service contract puts on the company (物业服务合同约定)."


class FundState(Term):
    """Where a request stands; the ordinary and the emergency list share the words."""

    DRAFT = "DRAFT", "Being prepared by the applicant."
    PLAN_POSTED = "PLAN_POSTED", "Plan and budget are posted to the owners (方案公示)."
    VOTING = "VOTING", "The beneficiary owners vote."
    VOTE_PASSED = "VOTE_PASSED", "The vote passed."
    VOTE_FAILED = "VOTE_FAILED", "The vote failed."
    COMMITTEE_APPROVED = "COMMITTEE_APPROVED", "Approved by the committee, or by who stands in for it."
    COMMUNITY_CHECKED = "COMMUNITY_CHECKED", "The residents' committee found the materials true (SL-6)."
    REPORTED = "REPORTED", "An emergency is reported."
    SITE_CHECKED = "SITE_CHECKED", "Owner, committee or community, and company were on site (现场查勘)."
    APPROVED_DIRECT = "APPROVED_DIRECT", "Approved as an emergency without a vote."
    NOT_EMERGENCY = "NOT_EMERGENCY", "Found to be no emergency: to go on as an ordinary request."
    REPAIRED = "REPAIRED", "Repaired."
    ACCEPTED = "ACCEPTED", "The work is accepted (验收)."
    POSTED = "POSTED", "Settlement, households and shares are posted to the owners."
    TOWNSHIP_VERIFIED = "TOWNSHIP_VERIFIED", "Verified by the township, with signature and seal (ZD-7)."
    BUREAU_APPROVED = "BUREAU_APPROVED", "Approved by the bureau; the amount is earmarked."
    RETURNED = "RETURNED", "Returned for correction (退回补正)."
    REJECTED = "REJECTED", "Rejected with reasons."
    CANCELLED = "CANCELLED", "Cancelled by the applicant; an earmark is released."
    LAPSED = "LAPSED", "Returned and not resubmitted in time."


class FundAction(Term):
    """What can be done with a request."""

    POST_PLAN = "POST_PLAN", "Post plan and budget to the owners."
    OPEN_VOTE = "OPEN_VOTE", "Open the owners' vote after the posting."
    RECORD_PASSED = "RECORD_PASSED", "Record that the vote passed, with the resolution."
    RECORD_FAILED = "RECORD_FAILED", "Record that the vote failed."
    USE_QUOTA = "USE_QUOTA", "Approve within the quota that the assembly delegated (TQ-42)."
    APPROVE = "APPROVE", "Approve as the committee, or in its stead."
    CHECK = "CHECK", "Find the materials true, as the residents' committee."
    VERIFY = "VERIFY", "Verify as the township, with signature and seal."
    GRANT = "GRANT", "Approve as the bureau and earmark the amount."
    RETURN = "RETURN", "Return for correction."
    RESUBMIT = "RESUBMIT", "Hand in the corrected request."
    REJECT = "REJECT", "Reject with reasons."
    CANCEL = "CANCEL", "Cancel the request."
    LAPSE = "LAPSE", "The time to resubmit is over."
    CHECK_SITE = "CHECK_SITE", "Take part in the joint check on site."
    DECLINE = "DECLINE", "Find that it is no emergency."
    RECORD_REPAIR = "RECORD_REPAIR", "Record the repair."
    ACCEPT = "ACCEPT", "Accept the work."
    POST = "POST", "Post settlement, households and shares."


# --- what both lists ask -----------------------------------------------------------------------------------------------


def warranty_over(profile: Profile, facts: Facts) -> Refusal | None:
    """The asset's warranty was looked up and ended before the request; else its builder repairs (FUND-12, FUND-14)."""
    if not facts["warranty_checked"]:
        return Refusal(ErrorCode.REQUIRED, "warrantyChecked")
    ends_on = facts["warranty_ends_on"]
    if ends_on is not None and ends_on >= facts["requested_on"]:
        return Refusal(ErrorCode.WARRANTY_NOT_OVER, "warrantyEndsOn", until=ends_on)
    return None


def not_excluded(profile: Profile, facts: Facts) -> Refusal | None:
    """Nobody else is liable for the work (FUND-13)."""
    exclusion = facts["exclusion"]
    return None if exclusion is None else Refusal(ErrorCode.EXCLUDED_WORK, "exclusion", exclusions=[exclusion])


def signed_and_sealed(profile: Profile, facts: Facts) -> Refusal | None:
    """The township's verification bears signature *and* seal where the profile asks for them (ZD-7)."""
    if not profile.township_seal:
        return None
    if not facts["signed"]:
        return Refusal(ErrorCode.SIGNATURES_REQUIRED, "signed", least=1)
    return None if facts["sealed"] else Refusal(ErrorCode.SEAL_REQUIRED, "sealed")


def covered(profile: Profile, facts: Facts) -> Refusal | None:
    """What is granted is available in the fund; a single unit's shortfall is claimed from its owner (FUND-18, FUND-28)."""
    if facts["amount_fen"] <= facts["available_fen"]:
        return None
    return Refusal(ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=facts["available_fen"])


def may_be_returned(profile: Profile, facts: Facts) -> Refusal | None:
    """An application is returned as often as the profile allows, by default once (FUND-25, TQ-98)."""
    return None if facts["returns"] < profile.fund_corrections else Refusal(ErrorCode.CORRECTIONS_USED_UP)


def posting_refusal(facts: Facts, least_days: int) -> Refusal | None:
    """The posting is announced for its full days; its first day is not counted (C-2)."""
    first, last = facts["posted_from"], facts["posted_to"]
    if first is None or last is None:
        return Refusal(ErrorCode.REQUIRED, "postedFrom" if first is None else "postedTo")
    if first > facts["today"]:
        return Refusal(ErrorCode.OUT_OF_RANGE, "postedFrom", most=facts["today"])
    if (last - first).days < least_days:
        return Refusal(ErrorCode.OUT_OF_RANGE, "postedTo", least=least_days)
    return None


def has_committee(profile: Profile, facts: Facts) -> bool:
    """The estate has a committee or PMC in office."""
    return bool(facts["has_committee"])


def no_committee(profile: Profile, facts: Facts) -> bool:
    """Somebody stands in for the committee."""
    return not facts["has_committee"]


# --- the ordinary list (SM-6) ------------------------------------------------------------------------------------------


def plan_posting_long_enough(profile: Profile, facts: Facts) -> Refusal | None:
    """The plan is posted for seven days (FUND-24)."""
    return posting_refusal(facts, profile.fund_plan_posting_days)


def mode_allowed(profile: Profile, facts: Facts) -> Refusal | None:
    """The vote is held in the standard mode, or in one that the county allows (V-25, V-31)."""
    if facts["vote_mode"] in {VoteMode.STANDARD, *profile.fund_modes}:
        return None
    return Refusal(ErrorCode.MODE_NOT_ALLOWED, "voteMode")


def vote_counts(profile: Profile, facts: Facts) -> bool:
    """Whether the vote passed, by the strict tally too where the profile requires it (V-31)."""
    return bool(facts["vote_passed"] and (facts["vote_strict_passed"] or not profile.strict_vote_required))


def vote_passed(profile: Profile, facts: Facts) -> Refusal | None:
    """The owners' joint decision on item 5 passed (FUND-19)."""
    return None if vote_counts(profile, facts) else Refusal(ErrorCode.VOTE_NOT_PASSED, "vote")


def vote_failed(profile: Profile, facts: Facts) -> Refusal | None:
    """A vote that passed cannot be recorded as failed."""
    return Refusal(ErrorCode.INVALID_INPUT, "vote") if vote_counts(profile, facts) else None


def within_quota(profile: Profile, facts: Facts) -> Refusal | None:
    """The amount keeps to the assembly's limit per item and to what is left of its limit per year (V-32, TQ-42)."""
    left = min(facts["quota_item_fen"], facts["quota_year_fen"] - facts["quota_used_fen"])
    return None if facts["amount_fen"] <= left else Refusal(ErrorCode.QUOTA_EXCEEDED, "amount", limit_fen=max(left, 0))


_S = FundState
_A = FundAction
_STAND_IN = ByProfile("without_committee")
_APPLICANTS = (Role.COMPANY_ADMIN, Role.PROJECT_LEADER, Role.COMMITTEE, Role.OWNER, _STAND_IN)
_RETURNERS = (
    (_S.COMMITTEE_APPROVED, Role.COMMUNITY),
    (_S.COMMUNITY_CHECKED, Role.TOWNSHIP),
    (_S.TOWNSHIP_VERIFIED, Role.BUREAU),
)
_LAWFUL = ("not_excluded", "warranty_over")


def _by_committee_or_stand_in(**fields: object) -> tuple[Transition, Transition]:
    """The committee's step, and the same step where the estate has none."""
    return (
        Transition(**fields, by=(Role.COMMITTEE,), when=("has_committee",)),  # type: ignore[arg-type]
        Transition(**fields, by=(_STAND_IN,), when=("no_committee",)),  # type: ignore[arg-type]
    )


FUND_REQUEST = Workflow(
    id="fund_request",
    version=1,
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
        _S.RETURNED,
        _S.REJECTED,
        _S.CANCELLED,
        _S.LAPSED,
    ),
    start=_S.DRAFT,
    terminal=frozenset({_S.VOTE_FAILED, _S.REJECTED, _S.CANCELLED, _S.LAPSED}),
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
            basis=("TQ-42", "V-32"),
            documents=(DocumentKind.COMMITTEE_RECORD,),
            after=end_of_day("posted_to"),
            when=("delegated_quota", "has_committee"),
            guards=("within_quota",),
        ),
        *_by_committee_or_stand_in(
            action=_A.RECORD_PASSED,
            sources=(_S.VOTING,),
            target=_S.VOTE_PASSED,
            basis=("FUND-19", "V-1"),
            documents=(DocumentKind.OWNERS_RESOLUTION,),
            guards=("mode_allowed", "vote_passed"),
        ),
        *_by_committee_or_stand_in(
            action=_A.RECORD_FAILED,
            sources=(_S.VOTING,),
            target=_S.VOTE_FAILED,
            basis=("FUND-19",),
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
        ),
        *(
            Transition(
                action=_A.RETURN,
                sources=(state,),
                target=_S.RETURNED,
                by=(role,),
                basis=("SL-6", "FUND-25"),
                guards=("may_be_returned",),
                decides=True,
                reason=True,
            )
            for state, role in _RETURNERS
        ),
        Transition(
            action=_A.REJECT,
            sources=(_S.TOWNSHIP_VERIFIED,),
            target=_S.REJECTED,
            by=(Role.BUREAU,),
            basis=("ZD-21",),
            decides=True,
            reason=True,
        ),
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
            sources=(
                _S.DRAFT,
                _S.PLAN_POSTED,
                _S.VOTING,
                _S.VOTE_PASSED,
                *(state for state, _ in _RETURNERS),
                _S.RETURNED,
                _S.BUREAU_APPROVED,
            ),
            target=_S.CANCELLED,
            by=_APPLICANTS,
            basis=("SM-6", "FUND-29"),
            applicant_only=True,
            reason=True,
        ),
    ),
    guards={
        "warranty_over": warranty_over,
        "not_excluded": not_excluded,
        "plan_posting_long_enough": plan_posting_long_enough,
        "mode_allowed": mode_allowed,
        "vote_passed": vote_passed,
        "vote_failed": vote_failed,
        "within_quota": within_quota,
        "signed_and_sealed": signed_and_sealed,
        "covered": covered,
        "may_be_returned": may_be_returned,
    },
    conditions={
        "has_committee": has_committee,
        "no_committee": no_committee,
        "delegated_quota": lambda profile, facts: profile.delegated_quota,
    },
    facts={
        "has_committee": "bool: the area has a committee or PMC in office",
        "warranty_checked": "bool: the applicant looked the warranty up",
        "warranty_ends_on": "date | None: last day of the builder's warranty; None where there is none",
        "requested_on": "date: the day on which the request was opened",
        "exclusion": "Exclusion | None: why the fund may not pay, as declared or found",
        "posted_from": "date | None: first day of the posting",
        "posted_to": "date | None: last day of the posting",
        "vote_mode": "VoteMode",
        "vote_passed": "bool | None: the outcome in the mode of the vote",
        "vote_strict_passed": "bool | None: the outcome by Civil Code 278",
        "amount_fen": "int: what is asked for, or granted",
        "available_fen": "int: balance of the beneficiaries' accounts less earmarks",
        "quota_item_fen": "int: the assembly's limit per item",
        "quota_year_fen": "int: its limit per year",
        "quota_used_fen": "int: what was used of it this year",
        "signed": "bool: the paper bears the responsible person's signature",
        "sealed": "bool: the paper bears the office's seal",
        "returns": "int: how often the application was returned",
    },
)
