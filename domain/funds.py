"""Requests to use the maintenance fund (住宅专项维修资金): their terms, and what holds for every request.

The lists are in ``ordinary_funds`` (SM-6) and ``emergency_funds`` (SM-7), the sharing of costs in ``fund_shares``, what
follows the bureau's approval (contract, payment, settlement) in ``fund_use``.
"""

from domain.errors import ErrorCode, Refusal
from domain.periods import Facts
from domain.profiles.parameters import EmergencyCode, EmergencyOrder, Profile, VoteMode
from domain.roles import Role
from domain.tallies import Matter
from domain.terms import Term
from domain.workflow import ByProfile, Party, Transition

__all__ = ["EmergencyCode", "EmergencyOrder", "VoteMode"]


class FundKind(Term):
    """Which way a request goes."""

    ORDINARY = "ORDINARY", "After plan, posting and vote (SM-6)."
    EMERGENCY = "EMERGENCY", "Without a prior vote, for matters on the county's list (SM-7, Civil Code 281)."


class FundUse(Term):
    """What the money buys (FUND-12)."""

    REPAIR = "REPAIR", "Repair or renewal of common parts and shared equipment (维修、更新、改造)."
    REBUILDING = (
        "REBUILDING",
        "Altering or rebuilding (改建、重建): three quarters of the owners decide on it (FUND-19).",
    )
    INSURANCE = "INSURANCE", "Liability insurance of houses and lifts, where the county allows it (保险, TQ-102)."


class FundScope(Term):
    """Whose asset is repaired, and so who bears the cost (FUND-15)."""

    ESTATE = "ESTATE", "An asset of the whole estate: all units."
    BUILDING = "BUILDING", "An asset of one building: its units."
    ENTRANCE = "ENTRANCE", "An asset of one entrance (单元) of a building, as its lift: its units."


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
    CONTRACTED = "CONTRACTED", "The contractor is chosen and the contract signed."
    STAGE1_PAID = "STAGE1_PAID", "The bank has paid what is due at the start."
    IN_PROGRESS = "IN_PROGRESS", "The work is under way."
    STAGE2_PAID = "STAGE2_PAID", "The bank has paid what is due before acceptance."
    SETTLED = "SETTLED", "The costs are settled; the township has verified the use (ZD-7)."
    FINAL_PAID = "FINAL_PAID", "The bank has paid the rest."
    PAID = "PAID", "The bank has paid an emergency's repair."
    APPORTIONED = "APPORTIONED", "Every bearer's part is final."
    CLOSED = "CLOSED", "Closed; what was earmarked and not needed is free again."
    RETURNED = "RETURNED", "Returned for correction (退回补正)."
    REJECTED = "REJECTED", "Rejected with reasons."
    CANCELLED = "CANCELLED", "Cancelled by the applicant; an earmark is released."
    LAPSED = "LAPSED", "Returned and not resubmitted in time."


GIVEN_UP = frozenset({FundState.REJECTED, FundState.CANCELLED, FundState.LAPSED})
"""Where nothing is paid any more: what was drawn on a quota may be drawn by others (V-27)."""


class FundAction(Term):
    """What can be done with a request."""

    POST_PLAN = "POST_PLAN", "Post plan and budget to the owners."
    OPEN_VOTE = "OPEN_VOTE", "Open the owners' vote after the posting."
    RECORD_PASSED = "RECORD_PASSED", "Record that the vote passed, with the resolution."
    RECORD_FAILED = "RECORD_FAILED", "Record that the vote failed."
    USE_QUOTA = "USE_QUOTA", "Approve within a quota that owners adopted, instead of a vote (V-27, TQ-42)."
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
    ORDER_ACTION = "ORDER_ACTION", "Order idle parties to act until a day (FUND-23)."
    ORGANISE = "ORGANISE", "Organise the repair in place of parties that stayed idle (FUND-23)."
    CONTRACT = "CONTRACT", "Enter the contractor and the signed contract."
    AMEND_CONTRACT = "AMEND_CONTRACT", "Correct the contractor's account."
    PAY = "PAY", "Instruct the bank to pay what is due."
    MARK_PAID = "MARK_PAID", "The bank has paid."
    MARK_RETURNED = "MARK_RETURNED", "A payment came back (退汇)."
    START = "START", "The work begins."
    REPORT_PROGRESS = "REPORT_PROGRESS", "Report how far the work is."
    CERTIFY = "CERTIFY", "Certify the progress of the work."
    SETTLE = "SETTLE", "Enter the settled cost."
    VERIFY_USE = "VERIFY_USE", "Verify the use as the township, with signature and seal."
    REVISE = "REVISE", "Send the settlement back after an objection."
    APPORTION = "APPORTION", "Make every bearer's part final."
    STOP = "STOP", "Its decision was annulled: nothing more is paid (V-21)."
    RESUME = "RESUME", "Go on with what was stopped, on a new decision of the owners."
    TERMINATE = "TERMINATE", "End what was stopped; what was paid wrongly is demanded back."
    CLOSE = "CLOSE", "Close it and release the rest of the earmark."


def matter_of(use: FundUse) -> Matter:
    """On what the owners decide: the use of the fund, or with a rebuilding the work itself (V-1, FUND-19)."""
    return Matter.REBUILDING if use is FundUse.REBUILDING else Matter.FUND_USE


# --- what every request must keep to -----------------------------------------------------------------------------------


def warranty_over(profile: Profile, facts: Facts) -> Refusal | None:
    """The asset's warranty was looked up and ended before the request; else its builder repairs (FUND-12, FUND-14)."""
    if facts["use"] == FundUse.INSURANCE:
        return None
    if not facts["warranty_checked"]:
        return Refusal(ErrorCode.REQUIRED, "warrantyChecked")
    ends_on = facts["warranty_ends_on"]
    if ends_on is not None and ends_on >= facts["requested_on"]:
        return Refusal(ErrorCode.WARRANTY_NOT_OVER, "warrantyEndsOn", until=ends_on)
    return None


def insurance_allowed(profile: Profile, facts: Facts) -> Refusal | None:
    """The fund buys house and lift liability insurance only where the profile says so (FUND-12, TQ-102)."""
    if facts["use"] == FundUse.INSURANCE and not profile.fund_buys_insurance:
        return Refusal(ErrorCode.INSURANCE_NOT_ALLOWED, "use")
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


GUARDS = {
    "warranty_over": warranty_over,
    "not_excluded": not_excluded,
    "signed_and_sealed": signed_and_sealed,
    "covered": covered,
    "may_be_returned": may_be_returned,
}
CONDITIONS = {"has_committee": has_committee, "no_committee": no_committee}
FACTS = {
    "use": "FundUse",
    "has_committee": "bool: the area has a committee or PMC in office",
    "warranty_checked": "bool: the applicant looked the warranty up",
    "warranty_ends_on": "date | None: last day of the builder's warranty; None where there is none",
    "requested_on": "date: the day on which the request was opened",
    "exclusion": "Exclusion | None: why the fund may not pay, as declared or found",
    "posted_from": "date | None: first day of the posting",
    "posted_to": "date | None: last day of the posting",
    "amount_fen": "int: what is asked for, or granted",
    "available_fen": "int: balance of the beneficiaries' accounts less earmarks",
    "signed": "bool: the paper bears the responsible person's signature",
    "sealed": "bool: the paper bears the office's seal",
    "returns": "int: how often the application was returned",
}


# --- the lines that both lists have ------------------------------------------------------------------------------------


def applicants(stand_in: ByProfile) -> tuple[Party, ...]:
    """Who may ask for the fund's use: company, committee, an owner, and who stands in for a committee (SM-6, SM-7)."""
    return (Role.COMPANY_ADMIN, Role.PROJECT_LEADER, Role.COMMITTEE, Role.OWNER, stand_in)


def by_committee_or(stand_in: ByProfile) -> tuple[tuple[Party, tuple[str]], ...]:
    """Who takes the committee's step, and the condition under which it does."""
    return ((Role.COMMITTEE, ("has_committee",)), (stand_in, ("no_committee",)))


def returned(source: FundState, by: Role, *basis: str, when: tuple[str, ...] = ()) -> Transition:
    """An office sends the request back for correction (FUND-25)."""
    return Transition(
        action=FundAction.RETURN,
        sources=(source,),
        target=FundState.RETURNED,
        by=(by,),
        basis=(*basis, "FUND-25"),
        when=when,
        guards=("may_be_returned",),
        decides=True,
        reason=True,
    )


def cancelled(sources: tuple[FundState, ...], by: tuple[Party, ...]) -> Transition:
    """The applicant gives the request up; what was earmarked is free again (FUND-29)."""
    return Transition(
        action=FundAction.CANCEL,
        sources=sources,
        target=FundState.CANCELLED,
        by=by,
        basis=("SM-6", "FUND-29"),
        guards=("nothing_paid",),
        applicant_only=True,
        reason=True,
    )


REJECTED = Transition(
    action=FundAction.REJECT,
    sources=(FundState.TOWNSHIP_VERIFIED,),
    target=FundState.REJECTED,
    by=(Role.BUREAU,),
    basis=("ZD-21",),
    decides=True,
    reason=True,
)
"""The bureau refuses what the township verified."""
