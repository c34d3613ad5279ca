"""Who may do what, where, with which papers, reasons and deadlines: RULES §9 written down by hand, beside the lists.

The tables hold for Gaotai with a committee in office. ``A+B`` means that both must; an action in brackets is the clock's.
"""

from datetime import date
from typing import Any

import pytest

from domain.calendar import end_of
from domain.claims import ClaimWay
from domain.contracts import ContractKind
from domain.covenant_filings import CovenantKind
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.funds import FundKind, FundUse
from domain.profiles import profile, profile_for_test
from domain.profiles.parameters import EmergencyCode
from domain.roles import Role
from domain.votes import Occasion
from domain.workflow import Transition, Workflow, check_opening, missing_documents, tasks, timers
from domain.workflows import ALL
from tests.domain.cases import NOON

GAOTAI = profile("620724", date(2025, 6, 2))
PAY_FIRST = profile("410927", date(2025, 6, 2))
FACTS: dict[str, Any] = {
    "is_applicant": True,
    "contract_kind": ContractKind.NORMAL,
    "covenant_kind": CovenantKind.COVENANT,
    "by_company": True,
    "has_committee": True,
    "vote_on_platform": False,
    "convener": Role.COMMITTEE,
    "occasion": Occasion.REGULAR,
    "proposers": 0,
    "scope_heads": 7,
    "item_count": 1,
    "by_objection": False,
    "opens_on": date(2025, 6, 20),
    "closes_on": date(2025, 7, 5),
    "extended": False,
    "acknowledged": False,
    "emergency_code": EmergencyCode.ELEVATOR,
    "signed_on": date(2025, 5, 28),
    "starts_on": date(2025, 7, 1),
    "ends_on": date(2026, 6, 30),
    "changed_on": date(2025, 5, 28),
    "replaced_on": date(2025, 8, 1),
    "rectify_by": date(2025, 6, 20),
    "inspected_on": date(2025, 6, 2),
    "posted_to": date(2025, 6, 9),
    "holds": [],
    "expires_on": date(2025, 6, 30),
    "proven": True,
    "way": ClaimWay.APPROVAL,
    "record_taken": False,
    "ended_on": date(2025, 8, 1),
    "notice_on": date(2025, 6, 20),
    "demand_on": date(2025, 6, 30),
    "broken_on": date(2025, 6, 25),
    "paid_on": date(2025, 6, 28),
    "received_on": date(2025, 6, 2),
    "correction_due_on": date(2025, 6, 12),
    "order_due_on": date(2025, 6, 17),
    "contract_from": date(2025, 7, 1),
    "year_end": date(2025, 12, 31),
    "kind": FundKind.ORDINARY,
    "use": FundUse.REPAIR,
    "has_company": True,
    "amount_fen": 1_000_000,
    "paid_stage": 1,
    "payable_on": date(2025, 6, 2),
    "settled_on": date(2025, 6, 2),
    "ordered_to": None,
    "organised": False,
}
TODAY = FACTS | {"today": NOON.date()}
FIRM = {Role.COMPANY_ADMIN, Role.PROJECT_LEADER}
STAFF = FIRM | {Role.COMPANY_STAFF}
OFFICES = {Role.BUREAU, Role.TOWNSHIP}
ADMIN = {Role.COMPANY_ADMIN}
BUREAU, TOWNSHIP, COMMUNITY = {Role.BUREAU}, {Role.TOWNSHIP}, {Role.COMMUNITY}
COMMITTEE, CLOCK = {Role.COMMITTEE}, {Role.SYSTEM}
CLAIMANT = {Role.APPLICANT}
COURT = {Role.COURT}
CONVENERS = {Role.COMMITTEE, Role.COMMUNITY, Role.TOWNSHIP}
APPLICANTS = FIRM | {Role.COMMITTEE, Role.OWNER, Role.COMMUNITY}
CHECKERS = TOWNSHIP | COMMUNITY
WORKERS = STAFF | COMMITTEE | COMMUNITY
PAYEE_NAMED = {"CONTRACT": COMMITTEE, "AMEND_CONTRACT": COMMITTEE}
REVIEWERS = CHECKERS | {Role.MARKET}
PARTIES = COMMITTEE | ADMIN
REGISTRARS = TOWNSHIP | COMMUNITY | BUREAU
CONCERNED = {Role.OWNER, Role.TENANT} | REGISTRARS
ASKING = {Role.COURT, Role.BANK, Role.PRICE, Role.MARKET} | TOWNSHIP | BUREAU
UNSETTLED = {"AGREE_PLAN": FIRM | CHECKERS, "DROP": FIRM, "END": CLOCK}
DEMANDED = {"SERVE_DEMAND": FIRM, "PREPARE_SUIT": FIRM, **UNSETTLED}


def checked_by_township_and_community(applicants: set[Role]) -> dict[str, dict[str, set[Role]]]:
    """What Gaotai makes of the filings of leaders and covenants (GT-15)."""
    return {
        "DRAFT": {"SUBMIT": applicants, "WITHDRAW": applicants},
        "SUBMITTED": {"CHECK": CHECKERS, "RETURN": CHECKERS, "WITHDRAW": applicants},
        "CHECKED": {"FILE": BUREAU, "RETURN": BUREAU, "WITHDRAW": applicants},
        "RETURNED": {"RESUBMIT": applicants, "WITHDRAW": applicants, "LAPSE": CLOCK},
        "FILED": {"REPLACE": CLOCK},
    }


WHO: dict[str, dict[str, dict[str, set[Role]]]] = {
    "company_filing": {
        "DRAFT": {"SUBMIT": ADMIN, "WITHDRAW": ADMIN},
        "SUBMITTED": {"TAKE_IN": BUREAU, "WITHDRAW": ADMIN},
        "UNDER_REVIEW": {"REVIEW": REVIEWERS, "RETURN": BUREAU | REVIEWERS, "WITHDRAW": ADMIN},
        "REVIEWED": {"FILE": BUREAU, "RETURN": BUREAU | REVIEWERS, "WITHDRAW": ADMIN},
        "RETURNED": {"RESUBMIT": ADMIN, "WITHDRAW": ADMIN, "LAPSE": CLOCK},
        "FILED": {"REPORT_CHANGE": ADMIN, "ORDER_RECTIFICATION": OFFICES, "CANCEL": BUREAU | {Role.MARKET}},
        "CHANGED": {"FILE_CHANGE": BUREAU, "REFUSE_CHANGE": BUREAU},
        "RECTIFYING": {"CLEAR": OFFICES, "SUSPEND": BUREAU, "REMOVE": BUREAU, "CANCEL": BUREAU | {Role.MARKET}},
        "SUSPENDED": {"CLEAR": OFFICES, "REMOVE": BUREAU, "CANCEL": BUREAU | {Role.MARKET}},
    },
    "contract_filing": {
        "DRAFT": {"SIGN": COMMITTEE, "WITHDRAW": FIRM},
        "SIGNED": {"SUBMIT": FIRM, "WITHDRAW": FIRM},
        "SUBMITTED": {"CHECK": CHECKERS, "RETURN": CHECKERS, "WITHDRAW": FIRM},
        "CHECKED": {"FILE": BUREAU, "RETURN": BUREAU, "WITHDRAW": FIRM},
        "RETURNED": {"RESUBMIT": FIRM, "WITHDRAW": FIRM, "LAPSE": CLOCK},
        "FILED": {"TAKE_EFFECT": CLOCK, "LIST_PROBLEM": OFFICES},
        "EFFECTIVE": {
            "WATCH": CLOCK,
            "REPLACE": CLOCK,
            "RENEW": PARTIES,
            "TERMINATE": PARTIES,
            "LIST_PROBLEM": OFFICES,
        },
        "EXPIRING": {
            "CONTINUE": CLOCK,
            "REPLACE": CLOCK,
            "RENEW": PARTIES,
            "TERMINATE": PARTIES,
            "LIST_PROBLEM": OFFICES,
        },
        "EXPIRED_CONTINUING": {"REPLACE": CLOCK, "RENEW": PARTIES, "TERMINATE": PARTIES, "LIST_PROBLEM": OFFICES},
        "IRREGULAR": {"REPLACE": CLOCK, "RENEW": PARTIES, "TERMINATE": PARTIES, "CLEAR_PROBLEM": OFFICES},
    },
    "leader_filing": checked_by_township_and_community(ADMIN),
    "covenant_filing": checked_by_township_and_community(PARTIES),
    "premises_filing": {  # Gaotai has none (ZD-24 is Zhangdian's): nobody may open one
        "SUBMITTED": {"FILE": BUREAU, "RETURN": BUREAU},
        "CHECKED": {"FILE": BUREAU, "RETURN": BUREAU},
        "RETURNED": {"LAPSE": CLOCK},
        "FILED": {"REPLACE": CLOCK},
    },
    "fund_request": {
        "DRAFT": {"POST_PLAN": APPLICANTS, "CANCEL": APPLICANTS},
        "PLAN_POSTED": {"OPEN_VOTE": COMMITTEE, "USE_QUOTA": COMMITTEE, "CANCEL": APPLICANTS},
        "VOTING": {"RECORD_PASSED": COMMITTEE, "RECORD_FAILED": COMMITTEE, "CANCEL": APPLICANTS},
        "VOTE_PASSED": {"APPROVE": COMMITTEE, "CANCEL": APPLICANTS},
        "COMMITTEE_APPROVED": {"CHECK": COMMUNITY, "RETURN": COMMUNITY, "CANCEL": APPLICANTS},
        "COMMUNITY_CHECKED": {"VERIFY": TOWNSHIP, "RETURN": TOWNSHIP, "CANCEL": APPLICANTS},
        "TOWNSHIP_VERIFIED": {"GRANT": BUREAU, "RETURN": BUREAU, "REJECT": BUREAU, "CANCEL": APPLICANTS},
        "RETURNED": {"RESUBMIT": APPLICANTS, "LAPSE": CLOCK, "CANCEL": APPLICANTS},
        "BUREAU_APPROVED": {"CONTRACT": COMMITTEE, "CANCEL": APPLICANTS},
        "CONTRACTED": {"PAY": BUREAU, "AMEND_CONTRACT": COMMITTEE, "CANCEL": APPLICANTS},
        "STAGE1_PAID": {"START": WORKERS, "PAY": BUREAU, "AMEND_CONTRACT": COMMITTEE},
        "IN_PROGRESS": {
            "REPORT_PROGRESS": WORKERS,
            "CERTIFY": COMMITTEE,
            "PAY": BUREAU,
            "ACCEPT": {Role.OWNER} | COMMITTEE | COMMUNITY | STAFF,
            "AMEND_CONTRACT": COMMITTEE,
            "CANCEL": APPLICANTS,
        },
        "STAGE2_PAID": {
            "REPORT_PROGRESS": WORKERS,
            "PAY": BUREAU,
            "ACCEPT": {Role.OWNER} | COMMITTEE | COMMUNITY | STAFF,
            "AMEND_CONTRACT": COMMITTEE,
        },
        "ACCEPTED": {"SETTLE": WORKERS, "VERIFY_USE": TOWNSHIP},
        "SETTLED": {"POST": APPLICANTS},
        "POSTED": {"PAY": BUREAU, "REVISE": TOWNSHIP, "APPORTION": BUREAU, "AMEND_CONTRACT": COMMITTEE},
        "FINAL_PAID": {"PAY": BUREAU, "APPORTION": BUREAU, "AMEND_CONTRACT": COMMITTEE},
        "APPORTIONED": {"PAY": BUREAU, "CLOSE": BUREAU, "AMEND_CONTRACT": COMMITTEE},
    },
    "emergency_fund_request": {
        "REPORTED": {"CHECK_SITE": STAFF | COMMITTEE | {Role.OWNER}, "ORDER_ACTION": TOWNSHIP, "CANCEL": APPLICANTS},
        "SITE_CHECKED": {
            "APPROVE": COMMITTEE,
            "DECLINE": COMMITTEE,
            "ORDER_ACTION": TOWNSHIP,
            "CANCEL": APPLICANTS,
        },
        "APPROVED_DIRECT": {
            "RECORD_REPAIR": WORKERS,
            "ORDER_ACTION": TOWNSHIP,
            **PAYEE_NAMED,
            "CANCEL": APPLICANTS,
        },
        "REPAIRED": {"ACCEPT": COMMITTEE | {Role.OWNER}, **PAYEE_NAMED, "CANCEL": APPLICANTS},
        "ACCEPTED": {"POST": APPLICANTS, "SETTLE": WORKERS, **PAYEE_NAMED, "CANCEL": APPLICANTS},
        "POSTED": {
            "VERIFY": TOWNSHIP,
            "RETURN": TOWNSHIP,
            "REVISE": TOWNSHIP,
            "PAY": BUREAU,
            **PAYEE_NAMED,
            "CANCEL": APPLICANTS,
        },
        "TOWNSHIP_VERIFIED": {
            "GRANT": BUREAU,
            "RETURN": BUREAU,
            "REJECT": BUREAU,
            **PAYEE_NAMED,
            "CANCEL": APPLICANTS,
        },
        "RETURNED": {"RESUBMIT": APPLICANTS, "CANCEL": APPLICANTS},
        "BUREAU_APPROVED": {"PAY": BUREAU, **PAYEE_NAMED, "CANCEL": APPLICANTS},
        "PAID": {"PAY": BUREAU, "APPORTION": BUREAU},
        "APPORTIONED": {"PAY": BUREAU, "CLOSE": BUREAU, "AMEND_CONTRACT": COMMITTEE},
    },
    "inspection": {
        "PLANNED": {"ASSIGN": OFFICES, "CANCEL": OFFICES},
        "ASSIGNED": {"RECUSE": OFFICES, "REPORT": OFFICES, "CANCEL": OFFICES},
        "INSPECTED": {"FIND_CLEAN": OFFICES, "FIND_ISSUES": OFFICES},
        "CLEAN": {"PUBLISH": OFFICES},
        "ISSUE_FOUND": {"ORDER": OFFICES, "TRANSFER": OFFICES, "PUBLISH": OFFICES},
        "RECTIFICATION_ORDERED": {"EXTEND": OFFICES, "SUBMIT": FIRM, "FALL_OVERDUE": CLOCK, "PUBLISH": OFFICES},
        "SUBMITTED": {"RECHECK": OFFICES, "PUBLISH": OFFICES},
        "RECHECKED": {
            "CLOSE": OFFICES,
            "ORDER_AGAIN": OFFICES,
            "PENALISE": BUREAU,
            "TRANSFER": OFFICES,
            "PUBLISH": OFFICES,
        },
        "OVERDUE": {"SUBMIT": FIRM, "PENALISE": BUREAU, "TRANSFER": OFFICES, "PUBLISH": OFFICES},
        "CLOSED": {"PUBLISH": OFFICES},
        "PENALISED": {"PUBLISH": OFFICES},
        "TRANSFERRED": {"PUBLISH": OFFICES},
    },
    "data_correction": {
        "SUBMITTED": {"CORRECT": REGISTRARS | FIRM, "REFUSE": REGISTRARS | FIRM, "WITHDRAW": CONCERNED},
    },
    "data_deletion": {
        "SUBMITTED": {"PSEUDONYMISE": BUREAU, "BLOCK": BUREAU, "REFUSE": BUREAU, "WITHDRAW": CONCERNED},
    },
    "data_disclosure": {
        "SUBMITTED": {"APPROVE": BUREAU, "REFUSE": BUREAU, "WITHDRAW": ASKING},
        "APPROVED": {"REVOKE": BUREAU, "EXPIRE": CLOCK},
    },
    "vote": {
        "DRAFT": {"GIVE_NOTICE": CONVENERS, "CANCEL": CONVENERS},
        "NOTICED": {"ACKNOWLEDGE": COMMUNITY, "OPEN": CLOCK, "CANCEL": CONVENERS},
        "OPEN": {"ACKNOWLEDGE": COMMUNITY, "EXTEND": CONVENERS, "CLOSE": CLOCK},
        "CLOSED": {"TALLY": CONVENERS},
        "TALLIED": {"PUBLISH": CONVENERS},
        "PUBLISHED": {"OBJECT": {Role.OWNER} | OFFICES, "FINALISE": CLOCK, "ANNUL": OFFICES},
        "OBJECTED": {"RECOUNT": CONVENERS, "ANNUL": OFFICES},
        "RECOUNTED": {"CONFIRM": CONVENERS, "ANNUL": OFFICES},
        "FINAL": {"ANNUL": OFFICES},
    },
    "unit_claim": {
        "OPENED": {"PROVE": CLAIMANT, "SUBMIT": CLAIMANT, "WITHDRAW": CLAIMANT, "LAPSE": CLOCK},
        "SUBMITTED": {"APPROVE": COMMUNITY, "REJECT": COMMUNITY, "WITHDRAW": CLAIMANT, "CONTEST": {Role.OWNER}},
        "BOUND": {"CONTEST": {Role.OWNER}, "END": CLOCK},
        "CONTESTED": {"UPHOLD": TOWNSHIP, "DISMISS": TOWNSHIP, "WITHDRAW": CLAIMANT, "END": CLOCK},
    },
    "dunning": {
        "REMINDED": {"NOTIFY": CLOCK, **UNSETTLED},
        "NOTICE1": {"SERVE_DEMAND": FIRM, **UNSETTLED},
        "DEMAND_SERVED": {"URGE": COMMITTEE, "OFFER_MEDIATION": FIRM | CHECKERS, **DEMANDED},
        "COMMITTEE_URGED": {"OFFER_MEDIATION": FIRM | CHECKERS, **DEMANDED},
        "MEDIATING": {"FAIL_MEDIATION": CHECKERS, **DEMANDED},
        "SETTLED": {"BREAK_PLAN": CLOCK, "DROP": FIRM, "END": CLOCK},
        "PLAN_BROKEN": {"SERVE_DEMAND": FIRM, **UNSETTLED},
        "READY": {"REFER_SUIT": FIRM, **UNSETTLED},
        "SUIT_REFERRED": {"RECEIVE": COURT, "END": CLOCK},
        "COURT_RECEIVED": {
            **dict.fromkeys(("WANT_CORRECTION", "NUMBER_MEDIATION", "FILE", "REJECT"), COURT),
            **dict.fromkeys(("RECORD_MEDIATED", "RECORD_WITHDRAWN"), COURT),
            "END": CLOCK,
        },
        "CORRECTION": {"CORRECT": FIRM, "END": CLOCK},
        "FILED": {
            **dict.fromkeys(("ISSUE_ORDER", "RECORD_JUDGED", "RECORD_MEDIATED", "RECORD_WITHDRAWN"), COURT),
            "END": CLOCK,
        },
        "ORDERED": {**dict.fromkeys(("END_ORDER", "PERFORM", "ENFORCE"), COURT), "END": CLOCK},
        "REJECTED": {"PREPARE_SUIT": FIRM, "DROP": FIRM, "END": CLOCK},
        "WITHDRAWN": {"PREPARE_SUIT": FIRM, "DROP": FIRM, "END": CLOCK},
        "JUDGED": {"PERFORM": COURT, "ENFORCE": COURT, "END": CLOCK},
        "MEDIATED": {"PERFORM": COURT, "ENFORCE": COURT, "END": CLOCK},
        "ENFORCING": {"PERFORM": COURT, "LIST_CREDIT": COURT, "END": CLOCK},
        "CREDIT_LISTED": {"PERFORM": COURT, "END": CLOCK},
    },
    "custodian": {
        "AWARDED": {"SIGN_CONTRACT": BUREAU},
        "CONTRACTED": {"BEGIN": CLOCK},
        "ACTIVE": {"BEGIN_ASSESSMENT": CLOCK},
        "ASSESSING": {"QUALIFY": BUREAU, "DISQUALIFY": BUREAU},
        "REVIEW": {"OBJECT": {Role.BANK}, "UPHOLD": BUREAU, "TERMINATE": BUREAU},
        "TERMINATED": {"RECORD_TRANSFER": BUREAU},
        "ACCOUNTS_TRANSFERRED": {"CLOSE": BUREAU},
    },
    "bank_difference": {
        "OPEN": {"ASK_BANK": BUREAU, "PROPOSE": BUREAU},
        "BANK_ASKED": {"ANSWER": {Role.BANK}, "PROPOSE": BUREAU},
        "ANSWERED": {"ASK_BANK": BUREAU, "PROPOSE": BUREAU},
        "PROPOSED": {"CONFIRM": BUREAU, "REJECT": BUREAU},
    },
}

SIMPLE = ("leader_filing", "covenant_filing", "premises_filing")

REASONED = {
    "company_filing": {"RETURN", "REFUSE_CHANGE", "ORDER_RECTIFICATION", "SUSPEND", "REMOVE", "CANCEL"},
    "contract_filing": {"RETURN", "TERMINATE", "LIST_PROBLEM"},
    **{key: {"RETURN"} for key in SIMPLE},
    "fund_request": {"RETURN", "REJECT", "CANCEL", "REVISE", "STOP", "RESUME", "TERMINATE"},
    "emergency_fund_request": {"DECLINE", "RETURN", "REJECT", "CANCEL", "ORDER_ACTION", "REVISE"},
    "inspection": {"RECUSE", "CANCEL", "EXTEND", "PENALISE", "TRANSFER"},
    **{key: {"REFUSE"} for key in ("data_correction", "data_deletion")},
    "data_disclosure": {"REFUSE", "REVOKE"},
    "vote": {"EXTEND", "OBJECT", "CONFIRM", "ANNUL", "CANCEL"},
    "unit_claim": {"REJECT", "CONTEST", "UPHOLD", "DISMISS"},
    "bank_difference": {"ASK_BANK", "ANSWER", "PROPOSE", "REJECT"},
    "dunning": {"FAIL_MEDIATION", "REJECT", "LIST_CREDIT", "DROP"},
    "custodian": {"QUALIFY", "DISQUALIFY", "OBJECT", "UPHOLD", "TERMINATE"},
}

DECIDED = {
    "company_filing": {"REVIEW", "FILE", "RETURN", "FILE_CHANGE", "REFUSE_CHANGE"},
    "contract_filing": {"CHECK", "FILE", "RETURN"},
    **{key: {"CHECK", "FILE", "RETURN"} for key in SIMPLE},
    "fund_request": {"USE_QUOTA", "APPROVE", "CHECK", "VERIFY", "GRANT", "RETURN", "REJECT", "VERIFY_USE"},
    "emergency_fund_request": {"APPROVE", "ORGANISE", "VERIFY", "GRANT", "RETURN", "REJECT"},
    "inspection": set[str](),
    "data_correction": {"CORRECT", "REFUSE"},
    "data_deletion": {"PSEUDONYMISE", "BLOCK", "REFUSE"},
    "data_disclosure": {"APPROVE", "REFUSE"},
    "vote": set[str](),
    "unit_claim": {"APPROVE", "REJECT", "UPHOLD", "DISMISS"},
    "bank_difference": set[str](),
    "dunning": set[str](),
    "custodian": set[str](),
}

APPLICANTS_OWN = {
    "company_filing": {"SUBMIT", "RESUBMIT", "WITHDRAW", "REPORT_CHANGE"},
    "contract_filing": {"SIGN", "SUBMIT", "RESUBMIT", "WITHDRAW"},
    **{key: {"SUBMIT", "RESUBMIT", "WITHDRAW"} for key in SIMPLE},
    "fund_request": {"POST_PLAN", "RESUBMIT", "CANCEL", "POST"},
    "emergency_fund_request": {"POST", "RESUBMIT", "CANCEL"},
    "inspection": set[str](),
    **{key: {"WITHDRAW"} for key in ("data_correction", "data_deletion", "data_disclosure")},
    "vote": {"GIVE_NOTICE", "EXTEND", "TALLY", "PUBLISH", "CANCEL"},
    "unit_claim": {"PROVE", "SUBMIT", "WITHDRAW"},
    "bank_difference": set[str](),
    "dunning": set[str](),
    "custodian": set[str](),
}

COMPANY_PAPERS = ("BUSINESS_LICENCE", "STAFF_LIST", "MANAGER_CERTIFICATE", "TRAINING_RECORD", "OFFICE_PROOF")
CONTRACT_PAPERS = ("CONTRACT", "PRICE_ITEM", "OWNERS_RESOLUTION")
PAPERS = {
    ("company_filing", "SUBMIT"): COMPANY_PAPERS,
    ("company_filing", "RESUBMIT"): COMPANY_PAPERS,
    ("contract_filing", "SIGN"): ("CONTRACT",),
    ("contract_filing", "SUBMIT"): CONTRACT_PAPERS,
    ("contract_filing", "RESUBMIT"): CONTRACT_PAPERS,
    ("contract_filing", "TERMINATE"): ("TERMINATION_NOTICE",),
    **dict.fromkeys(
        (("leader_filing", "SUBMIT"), ("leader_filing", "RESUBMIT")), ("MANAGER_CERTIFICATE", "APPOINTMENT")
    ),
    **dict.fromkeys(
        (("covenant_filing", "SUBMIT"), ("covenant_filing", "RESUBMIT")), ("COVENANT", "OWNERS_RESOLUTION")
    ),
    **dict.fromkeys(
        (("premises_filing", "SUBMIT"), ("premises_filing", "RESUBMIT")),
        ("PLANNING_PERMIT", "FLOOR_PLAN", "DEVELOPER_MANDATE"),
    ),
    ("fund_request", "POST_PLAN"): ("PLAN", "BUDGET", "POSTING_PROOF"),
    ("fund_request", "USE_QUOTA"): ("COMMITTEE_RECORD",),
    ("fund_request", "RECORD_PASSED"): ("OWNERS_RESOLUTION",),
    ("fund_request", "RESUBMIT"): ("PLAN", "BUDGET"),
    **{
        (name, action): ("CONTRACT",)
        for name in ("fund_request", "emergency_fund_request")
        for action in ("CONTRACT", "AMEND_CONTRACT")
    },
    ("fund_request", "CERTIFY"): ("PROGRESS",),
    ("fund_request", "ACCEPT"): ("ACCEPTANCE",),
    ("fund_request", "SETTLE"): ("SETTLEMENT", "INVOICE"),
    ("fund_request", "VERIFY_USE"): ("SETTLEMENT", "INVOICE"),
    ("fund_request", "POST"): ("APPORTIONMENT", "POSTING_PROOF"),
    ("emergency_fund_request", "SETTLE"): ("SETTLEMENT", "INVOICE"),
    ("emergency_fund_request", "RECORD_REPAIR"): ("PHOTO", "INVOICE"),
    ("emergency_fund_request", "ACCEPT"): ("ACCEPTANCE",),
    ("emergency_fund_request", "POST"): ("SETTLEMENT", "APPORTIONMENT", "POSTING_PROOF"),
    ("emergency_fund_request", "RESUBMIT"): ("SETTLEMENT", "APPORTIONMENT", "POSTING_PROOF"),
    ("inspection", "SUBMIT"): ("PHOTO",),
    ("unit_claim", "SUBMIT"): ("OWNERSHIP_PROOF",),
    ("dunning", "SERVE_DEMAND"): ("DEMAND_LETTER", "SERVICE_PROOF"),
    ("custodian", "SIGN_CONTRACT"): ("CONTRACT",),
    ("custodian", "TERMINATE"): ("TERMINATION_NOTICE",),
}

DUE = {
    ("company_filing", "SUBMITTED", "TAKE_IN"): date(2025, 6, 4),
    ("company_filing", "UNDER_REVIEW", "REVIEW"): date(2025, 6, 12),
    ("company_filing", "REVIEWED", "FILE"): date(2025, 6, 12),
    ("company_filing", "RETURNED", "RESUBMIT"): date(2025, 6, 12),
    ("company_filing", "FILED", "REPORT_CHANGE"): date(2025, 6, 27),
    ("company_filing", "CHANGED", "FILE_CHANGE"): date(2025, 6, 12),
    ("company_filing", "RECTIFYING", "CLEAR"): date(2025, 6, 20),
    ("company_filing", "SUSPENDED", "CLEAR"): date(2025, 6, 20),
    ("contract_filing", "SIGNED", "SUBMIT"): date(2025, 6, 12),
    ("contract_filing", "SUBMITTED", "CHECK"): date(2025, 6, 9),  # the 7th is a Saturday
    ("contract_filing", "CHECKED", "FILE"): date(2025, 6, 12),
    ("contract_filing", "RETURNED", "RESUBMIT"): date(2025, 6, 12),
    ("contract_filing", "EFFECTIVE", "RENEW"): date(2026, 6, 30),
    ("contract_filing", "EXPIRING", "RENEW"): date(2026, 6, 30),
    ("contract_filing", "EXPIRED_CONTINUING", "RENEW"): date(2026, 6, 30),
    ("contract_filing", "IRREGULAR", "RENEW"): date(2026, 6, 30),
    ("contract_filing", "IRREGULAR", "CLEAR_PROBLEM"): date(2025, 6, 20),
    **{(name, "SUBMITTED", "CHECK"): date(2025, 6, 9) for name in ("leader_filing", "covenant_filing")},
    **{(name, "RETURNED", "RESUBMIT"): date(2025, 6, 12) for name in SIMPLE},
    ("leader_filing", "CHECKED", "FILE"): date(2025, 6, 9),
    ("covenant_filing", "DRAFT", "SUBMIT"): date(2025, 6, 27),
    ("covenant_filing", "CHECKED", "FILE"): date(2025, 6, 12),
    ("premises_filing", "SUBMITTED", "FILE"): date(2025, 6, 12),
    ("premises_filing", "CHECKED", "FILE"): date(2025, 6, 12),
    ("fund_request", "VOTE_PASSED", "APPROVE"): date(2025, 6, 9),
    ("fund_request", "COMMITTEE_APPROVED", "CHECK"): date(2025, 6, 5),
    ("fund_request", "COMMUNITY_CHECKED", "VERIFY"): date(2025, 6, 5),
    ("fund_request", "TOWNSHIP_VERIFIED", "GRANT"): date(2025, 6, 9),
    ("fund_request", "RETURNED", "RESUBMIT"): date(2025, 6, 12),
    **{
        ("fund_request", state, "PAY"): date(2025, 6, 5)
        for state, actions in WHO["fund_request"].items()
        if "PAY" in actions
    },
    **{
        ("emergency_fund_request", state, "PAY"): date(2025, 6, 5)
        for state, actions in WHO["emergency_fund_request"].items()
        if "PAY" in actions
    },
    ("fund_request", "ACCEPTED", "VERIFY_USE"): date(2025, 6, 5),
    ("emergency_fund_request", "REPORTED", "CHECK_SITE"): date(2025, 6, 3),
    ("emergency_fund_request", "POSTED", "VERIFY"): date(2025, 6, 10),
    ("emergency_fund_request", "TOWNSHIP_VERIFIED", "GRANT"): date(2025, 6, 3),
    ("data_correction", "SUBMITTED", "CORRECT"): date(2025, 6, 23),
    ("data_deletion", "SUBMITTED", "PSEUDONYMISE"): date(2025, 6, 23),
    ("data_deletion", "SUBMITTED", "BLOCK"): date(2025, 6, 23),
    ("data_disclosure", "SUBMITTED", "APPROVE"): date(2025, 6, 9),
    ("inspection", "RECTIFICATION_ORDERED", "SUBMIT"): date(2025, 6, 20),
    ("inspection", "OVERDUE", "SUBMIT"): date(2025, 6, 20),
    ("inspection", "SUBMITTED", "RECHECK"): date(2025, 6, 9),
    ("vote", "OPEN", "EXTEND"): date(2025, 7, 5),
    ("vote", "TALLIED", "PUBLISH"): date(2025, 6, 5),
    ("vote", "PUBLISHED", "OBJECT"): date(2025, 6, 9),
    ("unit_claim", "SUBMITTED", "APPROVE"): date(2025, 6, 9),
    ("unit_claim", "CONTESTED", "UPHOLD"): date(2025, 6, 16),
    ("unit_claim", "CONTESTED", "DISMISS"): date(2025, 6, 16),
    **{
        ("dunning", state, "SERVE_DEMAND"): date(2025, 6, 30)
        for state, actions in WHO["dunning"].items()
        if "SERVE_DEMAND" in actions
    },
    ("dunning", "CORRECTION", "CORRECT"): date(2025, 6, 12),
    ("dunning", "COURT_RECEIVED", "FILE"): date(2025, 6, 9),
    ("dunning", "FILED", "ISSUE_ORDER"): date(2025, 6, 17),
    ("custodian", "AWARDED", "SIGN_CONTRACT"): date(2025, 7, 2),
    ("custodian", "ASSESSING", "QUALIFY"): date(2026, 1, 31),
    ("custodian", "ASSESSING", "DISQUALIFY"): date(2026, 1, 31),
    ("custodian", "REVIEW", "OBJECT"): date(2025, 6, 12),
    ("custodian", "TERMINATED", "RECORD_TRANSFER"): date(2025, 7, 2),
    ("bank_difference", "OPEN", "ASK_BANK"): date(2025, 6, 9),
    ("bank_difference", "OPEN", "PROPOSE"): date(2025, 6, 9),
    ("bank_difference", "BANK_ASKED", "ANSWER"): date(2025, 6, 5),
    ("bank_difference", "BANK_ASKED", "PROPOSE"): date(2025, 6, 9),
    ("bank_difference", "ANSWERED", "ASK_BANK"): date(2025, 6, 9),
    ("bank_difference", "ANSWERED", "PROPOSE"): date(2025, 6, 9),
    ("bank_difference", "PROPOSED", "CONFIRM"): date(2025, 6, 9),
    ("bank_difference", "PROPOSED", "REJECT"): date(2025, 6, 9),
    **{
        ("inspection", state, "PUBLISH"): date(2025, 6, 30)
        for state, actions in WHO["inspection"].items()
        if "PUBLISH" in actions
    },
}

CLOCKS = {
    ("company_filing", "RETURNED", "LAPSE"): date(2025, 6, 12),
    ("contract_filing", "RETURNED", "LAPSE"): date(2025, 6, 12),
    ("contract_filing", "FILED", "TAKE_EFFECT"): date(2025, 6, 30),
    ("contract_filing", "EFFECTIVE", "WATCH"): date(2026, 3, 31),
    ("contract_filing", "EXPIRING", "CONTINUE"): date(2026, 6, 30),
    **{
        ("contract_filing", state, "REPLACE"): date(2025, 7, 31)
        for state in ("EFFECTIVE", "EXPIRING", "EXPIRED_CONTINUING", "IRREGULAR")
    },
    **{(name, "RETURNED", "LAPSE"): date(2025, 6, 12) for name in SIMPLE},
    **{(name, "FILED", "REPLACE"): date(2025, 7, 31) for name in SIMPLE},
    ("fund_request", "RETURNED", "LAPSE"): date(2025, 6, 12),
    ("inspection", "RECTIFICATION_ORDERED", "FALL_OVERDUE"): date(2025, 6, 20),
    ("data_disclosure", "APPROVED", "EXPIRE"): date(2025, 6, 30),
    ("vote", "NOTICED", "OPEN"): date(2025, 6, 19),
    ("vote", "OPEN", "CLOSE"): date(2025, 7, 5),
    ("vote", "PUBLISHED", "FINALISE"): date(2025, 6, 9),
    ("unit_claim", "OPENED", "LAPSE"): date(2025, 6, 3),
    ("custodian", "CONTRACTED", "BEGIN"): date(2025, 6, 30),
    ("custodian", "ACTIVE", "BEGIN_ASSESSMENT"): date(2025, 12, 31),
    **{("unit_claim", state, "END"): date(2025, 7, 31) for state in ("BOUND", "CONTESTED")},
    ("dunning", "REMINDED", "NOTIFY"): date(2025, 6, 19),
    ("dunning", "SETTLED", "BREAK_PLAN"): date(2025, 6, 24),
    **{("dunning", state, "END"): date(2025, 6, 27) for state in WHO["dunning"]},
}
"""The last day before the clock acts."""

LAWFUL_CONTRACT = {
    "firm_filed",
    "not_banned",
    "price_within_ceiling",
    "no_whole_transfer",
    "adjustment_clause",
    "model_text",
}
LAWFUL_USE = {"not_excluded", "insurance_allowed", "warranty_over"}
LAWFUL_EMERGENCY = {"not_excluded", "warranty_over", "on_the_list"}
GUARDED = {
    "company_filing": {
        "SUBMIT": {"staff_qualified"},
        "RESUBMIT": {"staff_qualified"},
        "ORDER_RECTIFICATION": {"deadline_set"},
        "SUSPEND": {"rectification_failed"},
        "REMOVE": {"rectification_failed"},
        "CANCEL": {"cancellation_tests_met"},
    },
    "contract_filing": {
        "SUBMIT": LAWFUL_CONTRACT,
        "RESUBMIT": LAWFUL_CONTRACT,
        "FILE": LAWFUL_CONTRACT,
        "RENEW": {"successor_signed"},
        "TERMINATE": {"notice_run_out"},
        "LIST_PROBLEM": {"deadline_set"},
    },
    "leader_filing": {key: {"firm_filed", "in_post", "few_projects"} for key in ("SUBMIT", "RESUBMIT", "FILE")},
    "covenant_filing": {key: {"covenant_voted", "covenant_on_model_text"} for key in ("SUBMIT", "RESUBMIT", "FILE")},
    "premises_filing": {key: {"premises_large_enough", "committee_has_room"} for key in ("SUBMIT", "RESUBMIT", "FILE")},
    "fund_request": {
        "POST_PLAN": LAWFUL_USE | {"plan_posting_long_enough"},
        "OPEN_VOTE": {"mode_allowed"},
        "USE_QUOTA": {"within_quota"},
        "RECORD_PASSED": {"mode_allowed", "vote_passed"},
        "RECORD_FAILED": {"vote_failed"},
        "VERIFY": {"signed_and_sealed"},
        "GRANT": LAWFUL_USE | {"covered"},
        "RETURN": {"may_be_returned"},
        "RESUBMIT": LAWFUL_USE,
        "CANCEL": {"nothing_paid"},
        "CONTRACT": {"within_overrun"},
        "SETTLE": {"within_overrun"},
        "VERIFY_USE": {"settled", "signed_and_sealed"},
        "TERMINATE": {"nothing_under_way"},
        "POST": {"settlement_posting_long_enough"},
        "APPORTION": {"objections_answered"},
    },
    "emergency_fund_request": {
        "APPROVE": LAWFUL_EMERGENCY,
        "ORGANISE": LAWFUL_EMERGENCY,
        "CANCEL": {"nothing_paid"},
        "CONTRACT": {"within_overrun"},
        "SETTLE": {"within_overrun"},
        "RECORD_REPAIR": {"within_overrun"},
        "APPORTION": {"objections_answered"},
        "POST": {"posting_long_enough"},
        "VERIFY": {"signed_and_sealed"},
        "GRANT": LAWFUL_EMERGENCY | {"covered"},
        "RETURN": {"may_be_returned"},
        "RESUBMIT": LAWFUL_EMERGENCY | {"posting_long_enough"},
    },
    "inspection": {
        "ASSIGN": {"enough_inspectors"},
        "RECUSE": {"enough_inspectors"},
        "REPORT": {"enough_signatures"},
        "FIND_CLEAN": {"no_findings"},
        "FIND_ISSUES": {"some_findings"},
        "ORDER": {"deadline_set", "responsible_named"},
        "EXTEND": {"extension_left", "deadline_set"},
        "RECHECK": {"enough_signatures"},
        "CLOSE": {"put_right"},
        "ORDER_AGAIN": {"not_put_right", "deadline_set"},
        "PENALISE": {"not_put_right"},
    },
    "data_correction": {},
    "data_deletion": {"PSEUDONYMISE": {"nothing_held"}, "BLOCK": {"something_held"}},
    "data_disclosure": {"APPROVE": {"not_over"}},
    "vote": {
        "GIVE_NOTICE": {"has_items", "noticed_early", "objections_long_enough", "enough_proposers"},
        "EXTEND": {"later_last_day"},
        "TALLY": {"papers_settled"},
        "RECOUNT": {"other_counters"},
    },
    "unit_claim": {"PROVE": {"proven"}, "CONTEST": {"anothers"}},
    "bank_difference": {"PROPOSE": {"by_officials"}, "CONFIRM": {"second_person"}},
    "dunning": {
        "SERVE_DEMAND": {"something_open", "demand_long_enough"},
        "AGREE_PLAN": {"something_open"},
        **{key: {"something_open", "demand_expired"} for key in ("PREPARE_SUIT", "REFER_SUIT")},
        "ISSUE_ORDER": {"order_applied_for"},
        "END_ORDER": {"objected_in_time"},
        "ENFORCE": {"judgment_effective"},
        "LIST_CREDIT": {"judgment_effective", "able_to_pay"},
    },
    "custodian": {
        "QUALIFY": {"passed"},
        "DISQUALIFY": {"failed"},
        "UPHOLD": {"objected", "passed"},
        "RECORD_TRANSFER": {"emptied"},
    },
}
"""What each action is refused by. Exceptions stand in the test: signing for developers, publishing twice, paying first."""

GUARDED_ELSEWHERE = {
    ("contract_filing", "SIGN", ContractKind.NORMAL): {"vote_passed"},
    ("contract_filing", "SIGN", ContractKind.EARLY_STAGE): set[str](),
}

STANDS_IN = {
    ("fund_request", "PLAN_POSTED"): {"OPEN_VOTE"},
    ("fund_request", "VOTING"): {"RECORD_PASSED", "RECORD_FAILED"},
    ("fund_request", "VOTE_PASSED"): {"APPROVE"},
    ("emergency_fund_request", "SITE_CHECKED"): {"APPROVE", "DECLINE"},
}
"""What the committee's stand-in does alone where there is none."""

EVERY = pytest.mark.parametrize("workflow", ALL, ids=lambda workflow: workflow.id)


def test_every_list_is_written_down() -> None:
    assert set(WHO) == set(REASONED) == set(DECIDED) == {workflow.id for workflow in ALL}


@EVERY
def test_who_may_do_what(workflow: Workflow) -> None:
    for state in workflow.states:
        found: dict[str, set[Role]] = {}
        for task in tasks(workflow, GAOTAI, state, FACTS, entered=NOON):
            for action in task.actions:
                found.setdefault(action, set()).add(task.role)
        for timer in timers(workflow, GAOTAI, state, FACTS, NOON):
            found.setdefault(timer.transition.action, set()).add(Role.SYSTEM)
        assert found == WHO[workflow.id].get(state, {}), state


@EVERY
def test_what_is_given_with_reasons_decides_or_is_the_applicants(workflow: Workflow) -> None:
    def actions(mark: str) -> set[str]:
        return {line.action for line in workflow.transitions if getattr(line, mark)}

    assert actions("reason") == REASONED[workflow.id]
    assert actions("decides") == DECIDED[workflow.id]
    assert actions("applicant_only") == APPLICANTS_OWN[workflow.id]
    for line in workflow.transitions:  # an action that asks for a reason, or decides, does so wherever it stands
        assert line.reason is (line.action in REASONED[workflow.id])
        if workflow.id != "emergency_fund_request":
            assert line.decides is (line.action in DECIDED[workflow.id])


@EVERY
def test_what_each_action_is_refused_by(workflow: Workflow) -> None:
    for line in workflow.transitions:
        wanted = GUARDED[workflow.id].get(line.action, set())
        if line.action == "SIGN":
            kinds = [
                kind
                for kind in ContractKind
                if all(workflow.conditions[name](GAOTAI, {"contract_kind": kind}) for name in line.when)
            ]
            assert len(kinds) == 1
            wanted = GUARDED_ELSEWHERE[workflow.id, "SIGN", kinds[0]]
        if line.action == "PUBLISH" and line.target is None:
            wanted = {"not_published"}
        if line.action == "PAY" and "POSTED" in line.sources:
            wanted = {"objections_answered"}
        if line.action == "VERIFY" and "POSTED" in line.sources:
            wanted = wanted | {"objections_answered"}
        if line.action == "RESUBMIT" and "pay_first" in line.when:
            wanted = wanted - {"posting_long_enough"}
        assert set(line.guards) == wanted, (line.action, line.sources)


@pytest.mark.parametrize(("county", "stand_in"), [("410927", Role.TOWNSHIP), ("370303", Role.COMMUNITY)])
@pytest.mark.parametrize(("name", "state"), STANDS_IN)
def test_without_a_committee_its_turns_are_the_stand_ins_alone(
    name: str, state: str, county: str, stand_in: Role
) -> None:
    (workflow,) = (workflow for workflow in ALL if workflow.id == name)
    facts = FACTS | {"has_committee": False}
    turns: dict[str, set[Role]] = {}
    for task in tasks(workflow, profile(county, date(2025, 6, 2)), state, facts, entered=NOON):
        for action in task.actions:
            turns.setdefault(action, set()).add(task.role)
    for anytime in ("CANCEL", "ORDER_ACTION"):
        turns.pop(anytime, None)
    assert turns == {action: {stand_in} for action in STANDS_IN[name, state]}


@EVERY
def test_what_is_barred_when_its_time_is_over(workflow: Workflow) -> None:
    """Resubmitting a case that lapses; extending a vote, and objecting to its result or, as a bank, to an assessment."""
    lapsing = any(line.action == "LAPSE" for line in workflow.transitions)
    barred = {"vote": {"EXTEND", "OBJECT"}, "custodian": {"OBJECT"}}.get(
        workflow.id, {"RESUBMIT"} if lapsing else set()
    )
    for line in workflow.transitions:
        assert line.bars is (line.action in barred)


def may_exist(workflow: Workflow, line: Transition) -> bool:
    """Whether a line exists for the facts above; what asks for facts that are not there may."""

    def holds(name: str) -> bool:
        try:
            return workflow.conditions[name](GAOTAI, TODAY)
        except KeyError:
            return True

    return all(holds(name) for name in line.when)


@EVERY
def test_papers(workflow: Workflow) -> None:
    found = {
        (workflow.id, str(line.action)): missing_documents(workflow, GAOTAI, line, FACTS, ())
        for line in workflow.transitions
        if may_exist(workflow, line)
    }
    assert {key: papers for key, papers in found.items() if papers} == {
        key: papers for key, papers in PAPERS.items() if key[0] == workflow.id
    }


@EVERY
def test_deadlines(workflow: Workflow) -> None:
    found = {
        (workflow.id, str(state), str(line.action)): due.on
        for state in workflow.states
        for line in workflow.transitions
        if state in line.sources
        and line.within
        and may_exist(workflow, line)
        and (due := line.within.due(GAOTAI, FACTS, NOON))
    }
    assert found == {key: day for key, day in DUE.items() if key[0] == workflow.id}


@EVERY
def test_clocks(workflow: Workflow) -> None:
    found = {
        (workflow.id, str(state), str(timer.transition.action)): timer.at
        for state in workflow.states
        for timer in timers(workflow, GAOTAI, state, FACTS, NOON)
    }
    assert found == {key: end_of(day) for key, day in CLOCKS.items() if key[0] == workflow.id}


def test_papers_of_pay_first_and_of_the_quota() -> None:
    by_id = {workflow.id: workflow for workflow in ALL}
    wanted = {
        ("emergency_fund_request", "APPROVED_DIRECT", "VERIFY"): ("PLAN", "BUDGET"),
        ("emergency_fund_request", "RETURNED", "RESUBMIT"): ("PLAN", "BUDGET"),
        ("fund_request", "PLAN_POSTED", "USE_QUOTA"): ("COMMITTEE_RECORD",),
    }
    for (name, state, action), papers in wanted.items():
        workflow = by_id[name]
        (line,) = (
            line
            for line in workflow.transitions
            if line.action == action
            and state in line.sources
            and all(workflow.conditions[each](PAY_FIRST, FACTS) for each in line.when)
        )
        assert missing_documents(workflow, PAY_FIRST, line, FACTS, ()) == papers


@pytest.mark.parametrize(
    ("name", "openers"),
    [
        ("company_filing", ADMIN),
        ("contract_filing", FIRM),
        ("fund_request", APPLICANTS),
        ("emergency_fund_request", APPLICANTS),
        ("inspection", OFFICES),
        ("unit_claim", CLAIMANT),
        ("vote", CONVENERS),
    ],
)
def test_who_may_open_a_case(name: str, openers: set[Role]) -> None:
    (workflow,) = (workflow for workflow in ALL if workflow.id == name)
    for role in Role:
        if role in openers:
            check_opening(workflow, GAOTAI, role, FACTS, list(DocumentKind), now=NOON)
        else:
            with pytest.raises(Refusal) as caught:
                check_opening(workflow, GAOTAI, role, FACTS, list(DocumentKind), now=NOON)
            assert caught.value.code == ErrorCode.FORBIDDEN_ROLE


def test_in_taiqian_the_township_applies_where_there_is_no_committee() -> None:
    (workflow,) = (workflow for workflow in ALL if workflow.id == "fund_request")
    assert workflow.openers(PAY_FIRST) == FIRM | {Role.COMMITTEE, Role.OWNER, Role.TOWNSHIP}


def test_deadlines_that_live_in_the_profile_follow_it() -> None:
    quick = profile_for_test("991803", "620724", company_decision_days=3, fund_bureau_working_days=1)
    by_id = {workflow.id: workflow for workflow in ALL}
    for name, state, day in (
        ("company_filing", "REVIEWED", date(2025, 6, 5)),
        ("fund_request", "TOWNSHIP_VERIFIED", date(2025, 6, 3)),
    ):
        turns = {task.role: task for task in tasks(by_id[name], quick, state, FACTS, entered=NOON)}
        due = turns[Role.BUREAU].due
        assert due is not None
        assert due.on == day
