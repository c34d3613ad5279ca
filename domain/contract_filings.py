"""The filing of service contracts (合同备案, SM-3), and the watch over filed contracts until they end.

A returned filing voids no contract (RULES §10, conflict 9). The guards run when the filing is handed in and again when
it is filed: a company may have been black-listed, or its star may have dropped, in between.
"""

from domain.companies import CAN_SERVE, banned_until, may_take_new_project
from domain.contracts import ContractKind
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.filings import deadline_set, ways_back
from domain.periods import Facts, days, days_before, end_of_day
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term
from domain.workflow import ByProfile, Needs, Transition, Workflow


class ContractFilingState(Term):
    """Where the filing of a service contract stands, and the contract's watch after it (合同备案, SM-3)."""

    DRAFT = "DRAFT", "Being prepared."
    SIGNED = "SIGNED", "Signed; to be submitted within the profile's days."
    SUBMITTED = "SUBMITTED", "Handed in; township or community check its truth (SL-16)."
    CHECKED = "CHECKED", "The check is done; the filing body decides."
    RETURNED = "RETURNED", "Returned with reasons (退回补正); the contract itself stands."
    FILED = "FILED", "Filed, with a certificate (备案证明); its term has not begun."
    EFFECTIVE = "EFFECTIVE", "Filed and running."
    EXPIRING = "EXPIRING", "Ends within the profile's watch, by default 90 days."
    EXPIRED_CONTINUING = "EXPIRED_CONTINUING", "Ran out undecided; continues for an indefinite time (V-36)."
    IRREGULAR = "IRREGULAR", "On the problem list (ZS-16, GT-16) until it is put right or signed anew."
    RENEWED = "RENEWED", "Followed by a new contract."
    TERMINATED = "TERMINATED", "Ended."
    LAPSED = "LAPSED", "Returned and not resubmitted in time."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the company."


class ContractFilingAction(Term):
    """What can be done with the filing of a service contract."""

    SIGN = "SIGN", "Record that the contract is signed."
    SUBMIT = "SUBMIT", "Hand in the contract with its documents."
    CHECK = "CHECK", "Find the contract and its prices true (SL-16)."
    FILE = "FILE", "File it and give the certificate."
    RETURN = "RETURN", "Return it with reasons."
    RESUBMIT = "RESUBMIT", "Hand in a returned filing again."
    WITHDRAW = "WITHDRAW", "Withdraw it."
    LAPSE = "LAPSE", "The time to resubmit is over."
    TAKE_EFFECT = "TAKE_EFFECT", "Its first day has come."
    WATCH = "WATCH", "Its end comes near."
    CONTINUE = "CONTINUE", "It ran out and the company stays."
    RENEW = "RENEW", "Record the contract that follows."
    TERMINATE = "TERMINATE", "End it after due notice."
    REPLACE = "REPLACE", "End an early-stage contract: the owners' own contract takes effect (V-33)."
    LIST_PROBLEM = "LIST_PROBLEM", "Put it on the problem list."
    CLEAR_PROBLEM = "CLEAR_PROBLEM", "Take it off the problem list."


def vote_passed(profile: Profile, facts: Facts) -> Refusal | None:
    """The owners chose this company by joint decision, item V-1(4) (ZD-41)."""
    return None if facts["vote_passed"] else Refusal(ErrorCode.VOTE_NOT_PASSED, "voteId")


def firm_filed(profile: Profile, facts: Facts) -> Refusal | None:
    """The company is filed in this county (SL-17, GT-8)."""
    return None if facts["company_state"] in CAN_SERVE else Refusal(ErrorCode.FIRM_NOT_FILED, "companyId")


def not_banned(profile: Profile, facts: Facts) -> Refusal | None:
    """A black-listed company takes no new project for one year where the profile bans it; renewals stand (CR-5)."""
    if not profile.blacklist_ban or facts["renewal"]:
        return None
    if may_take_new_project(facts["listed_on"], facts["corrected_on"], facts["today"]):
        return None
    corrected = facts["corrected_on"] is not None
    return Refusal(ErrorCode.BLACKLISTED, "companyId", until=banned_until(facts["listed_on"], corrected))


def price_within_ceiling(profile: Profile, facts: Facts) -> Refusal | None:
    """Where a guide price applies, the price is not above its ceiling for the current star (FEE-5, GT-44, TQ-66)."""
    ceiling = facts["ceiling_fen"]
    if ceiling is None or facts["unit_price_fen"] <= ceiling:
        return None
    return Refusal(ErrorCode.PRICE_ABOVE_CEILING, "unitPriceFen", ceiling_fen=ceiling)


def no_whole_transfer(profile: Profile, facts: Facts) -> Refusal | None:
    """Parts may be sub-contracted; the whole may not be passed on or cut up (V-34, Civil Code 941)."""
    return Refusal(ErrorCode.WHOLE_TRANSFER, "subcontracting") if facts["whole_transfer"] else None


def adjustment_clause(profile: Profile, facts: Facts) -> Refusal | None:
    """The contract says how its price is adjusted (TQ-63)."""
    if profile.adjustment_clause_required and not facts["adjustment_clause"]:
        return Refusal(ErrorCode.ADJUSTMENT_CLAUSE_REQUIRED, "adjustmentClause")
    return None


def model_text(profile: Profile, facts: Facts) -> Refusal | None:
    """A newly taken estate or a new committee uses the model text (GT-18); others may keep theirs (GT-17)."""
    if profile.model_texts_required and facts["new_estate_or_committee"] and not facts["model_text"]:
        return Refusal(ErrorCode.MODEL_TEXT_REQUIRED, "modelTextId")
    return None


def successor_signed(profile: Profile, facts: Facts) -> Refusal | None:
    """The contract that follows is named and signed (Civil Code 947, ZS-17)."""
    return None if facts["successor_signed"] else Refusal(ErrorCode.REQUIRED, "successorId")


def notice_run_out(profile: Profile, facts: Facts) -> Refusal | None:
    """The notice has run its time; ``domain.contracts.earliest_end`` gives the day (V-35, V-36)."""
    earliest = facts["earliest_end"]
    if earliest is None:
        return Refusal(ErrorCode.REQUIRED, "noticedOn")
    return Refusal(ErrorCode.TOO_EARLY, earliest=earliest) if facts["today"] < earliest else None


def term_begun(profile: Profile, facts: Facts) -> bool:
    """The contract's first day has come; one without a first day runs from its filing."""
    return facts["starts_on"] is None or facts["starts_on"] <= facts["today"]


_KS = ContractFilingState
_KA = ContractFilingAction
_CONTRACT_BODY = ByProfile("contract_filing_body")
_CONTRACT_CHECKS = ByProfile("contract_checks")
_FILERS = (Role.COMPANY_ADMIN, Role.PROJECT_LEADER)
_RUNNING = (_KS.EFFECTIVE, _KS.EXPIRING, _KS.EXPIRED_CONTINUING)
_FILING_GUARDS = (
    "firm_filed",
    "not_banned",
    "price_within_ceiling",
    "no_whole_transfer",
    "adjustment_clause",
    "model_text",
)

_SUBMIT_CONTRACT = Transition(
    action=_KA.SUBMIT,
    sources=(_KS.SIGNED,),
    target=_KS.SUBMITTED,
    by=_FILERS,
    basis=("GT-19", "ZS-17", "SL-8", "ZD-26", "TQ-81"),
    documents=(
        DocumentKind.CONTRACT,
        DocumentKind.PRICE_ITEM,
        Needs((DocumentKind.OWNERS_RESOLUTION,), when="owners_contract"),
        Needs((DocumentKind.TENDER_RESULT, DocumentKind.EXCEPTION_APPROVAL), when="early_stage"),
    ),
    within=days("contract_filing_days", since="signed_on"),
    guards=_FILING_GUARDS,
    applicant_only=True,
)

CONTRACT_FILING = Workflow(
    id="contract_filing",
    version=1,
    title="Service contract filing (物业服务合同备案)",
    states=ContractFilingState,
    start=_KS.DRAFT,
    terminal=frozenset({_KS.RENEWED, _KS.TERMINATED, _KS.LAPSED, _KS.WITHDRAWN}),
    opened_by=_FILERS,
    transitions=(
        Transition(
            action=_KA.SIGN,
            sources=(_KS.DRAFT,),
            target=_KS.SIGNED,
            by=(Role.COMMITTEE,),
            basis=("ZD-41", "V-1"),
            documents=(DocumentKind.CONTRACT,),
            when=("owners_contract",),
            guards=("vote_passed",),
        ),
        Transition(
            action=_KA.SIGN,
            sources=(_KS.DRAFT,),
            target=_KS.SIGNED,
            by=(Role.COMPANY_ADMIN,),
            basis=("ZD-56", "COM-22"),
            documents=(DocumentKind.CONTRACT, Needs((DocumentKind.TENDER_RESULT, DocumentKind.EXCEPTION_APPROVAL))),
            when=("early_stage",),
            applicant_only=True,
        ),
        _SUBMIT_CONTRACT,
        Transition(
            action=_KA.CHECK,
            sources=(_KS.SUBMITTED,),
            target=_KS.CHECKED,
            by=(_CONTRACT_CHECKS,),
            joined="contract_checks_joined",
            basis=("GT-15", "GT-19", "SL-16"),
            within=days("contract_check_days"),
            decides=True,
        ),
        Transition(
            action=_KA.FILE,
            sources=(_KS.CHECKED,),
            target=_KS.FILED,
            by=(_CONTRACT_BODY,),
            basis=("GT-19", "SL-10", "ZD-26", "TQ-20"),
            within=days("contract_decision_days"),
            guards=_FILING_GUARDS,
            decides=True,
        ),
        Transition(
            action=_KA.RETURN,
            sources=(_KS.SUBMITTED,),
            target=_KS.RETURNED,
            by=(_CONTRACT_CHECKS,),
            basis=("GT-15", "SL-16"),
            decides=True,
            reason=True,
        ),
        Transition(
            action=_KA.RETURN,
            sources=(_KS.CHECKED,),
            target=_KS.RETURNED,
            by=(_CONTRACT_BODY,),
            basis=("GT-15",),
            decides=True,
            reason=True,
        ),
        *ways_back((_KS.DRAFT, _KS.SIGNED, _KS.SUBMITTED, _KS.CHECKED), _SUBMIT_CONTRACT, _FILERS),
        Transition(
            action=_KA.TAKE_EFFECT,
            sources=(_KS.FILED,),
            target=_KS.EFFECTIVE,
            by=(Role.SYSTEM,),
            basis=("SM-3",),
            fires=days_before(0, "starts_on"),
        ),
        Transition(
            action=_KA.WATCH,
            sources=(_KS.EFFECTIVE,),
            target=_KS.EXPIRING,
            by=(Role.SYSTEM,),
            basis=("SM-3", "ZS-16"),
            fires=days_before("contract_watch_days", "ends_on"),
        ),
        Transition(
            action=_KA.CONTINUE,
            sources=(_KS.EXPIRING,),
            target=_KS.EXPIRED_CONTINUING,
            by=(Role.SYSTEM,),
            basis=("V-36",),
            fires=end_of_day("ends_on"),
        ),
        Transition(
            action=_KA.RENEW,
            sources=(*_RUNNING, _KS.IRREGULAR),
            target=_KS.RENEWED,
            by=(Role.COMMITTEE, Role.COMPANY_ADMIN),
            basis=("V-35", "ZS-17"),
            within=end_of_day("ends_on"),
            guards=("successor_signed",),
        ),
        Transition(
            action=_KA.TERMINATE,
            sources=(*_RUNNING, _KS.IRREGULAR),
            target=_KS.TERMINATED,
            by=(Role.COMMITTEE, Role.COMPANY_ADMIN),
            basis=("V-35", "V-36"),
            documents=(DocumentKind.TERMINATION_NOTICE,),
            guards=("notice_run_out",),
            reason=True,
        ),
        Transition(
            action=_KA.REPLACE,
            sources=(*_RUNNING, _KS.IRREGULAR),
            target=_KS.TERMINATED,
            by=(Role.SYSTEM,),
            basis=("V-33",),
            fires=days_before(0, "replaced_on"),
        ),
        Transition(
            action=_KA.LIST_PROBLEM,
            sources=(_KS.FILED, *_RUNNING),
            target=_KS.IRREGULAR,
            by=(Role.BUREAU, Role.TOWNSHIP),
            basis=("GT-16", "ZS-10", "ZS-16"),
            guards=("deadline_set",),
            reason=True,
        ),
        *(
            Transition(
                action=_KA.CLEAR_PROBLEM,
                sources=(_KS.IRREGULAR,),
                target=target,
                by=(Role.BUREAU, Role.TOWNSHIP),
                basis=("GT-16",),
                within=end_of_day("rectify_by"),
                when=(when,),
            )
            for target, when in ((_KS.EFFECTIVE, "term_begun"), (_KS.FILED, "term_to_begin"))
        ),
    ),
    guards={
        "vote_passed": vote_passed,
        "firm_filed": firm_filed,
        "not_banned": not_banned,
        "price_within_ceiling": price_within_ceiling,
        "no_whole_transfer": no_whole_transfer,
        "adjustment_clause": adjustment_clause,
        "model_text": model_text,
        "successor_signed": successor_signed,
        "notice_run_out": notice_run_out,
        "deadline_set": deadline_set,
    },
    conditions={
        "owners_contract": lambda profile, facts: facts["contract_kind"] == ContractKind.NORMAL,
        "early_stage": lambda profile, facts: facts["contract_kind"] == ContractKind.EARLY_STAGE,
        "term_begun": term_begun,
        "term_to_begin": lambda profile, facts: not term_begun(profile, facts),
    },
    facts={
        "contract_kind": "ContractKind",
        "vote_passed": "bool: the owners' joint decision for this company passed (strictly where the profile asks)",
        "company_state": "CompanyState of the company in this county",
        "listed_on": "date | None: the day on which the company was black-listed, while the listing stands",
        "corrected_on": "date | None: the day on which its correction was recorded",
        "renewal": "bool: the company serves this estate already and was not dismissed",
        "unit_price_fen": "int: fen per m² and month",
        "ceiling_fen": "int | None: domain.fees.ceiling for the current star; None where no guide price applies",
        "whole_transfer": "bool: the service is passed on whole or cut up whole",
        "adjustment_clause": "bool: the contract has a price-adjustment clause",
        "model_text": "bool: the contract uses the model text in force",
        "new_estate_or_committee": "bool: the company is new in the estate, or the committee is new",
        "successor_signed": "bool: a following contract is named and signed",
        "earliest_end": "date | None: the first lawful end after the notice (domain.contracts.earliest_end)",
        "rectify_by": "date | None: the day by which the problem is to be put right",
        "replaced_on": "date | None: first day of the contract that takes an early-stage contract's place",
        "signed_on": "date | None",
        "starts_on": "date | None: first day of the term",
        "ends_on": "date | None: last day of the term",
    },
)
