"""Emergency requests to use the maintenance fund (SM-7, Civil Code 281): no vote, but a check on site and a posting.

Counties differ in the order (``Profile.emergency_order``): ``PAY_FIRST`` verifies, approves and pays at once, ``POST_FIRST``
repairs, accepts and posts before. Where the parties stay idle the township orders and then organises the repair (FUND-23).
"""

from domain import fund_use, funds
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.funds import FundAction, FundState
from domain.officials import Power
from domain.periods import Facts, end_of_day, hours, posting, working_days
from domain.profiles.parameters import EmergencyCode, EmergencyOrder, Profile
from domain.roles import COMPANY, Role
from domain.workflow import ByProfile, Needs, Transition, Workflow


def on_the_list(profile: Profile, facts: Facts) -> Refusal | None:
    """The matter is on the county's emergency list; else it needs a vote (FUND-20, FUND-22)."""
    if facts["emergency_code"] in profile.emergency_codes:
        return None
    return Refusal(ErrorCode.NOT_EMERGENCY, "emergencyCode")


def posting_long_enough(profile: Profile, facts: Facts) -> Refusal | None:
    """Settlement, households and shares are posted for five days (FUND-21)."""
    return funds.posting_refusal(facts, profile.fund_emergency_posting_days)


def _named(profile: Profile, facts: Facts) -> bool:
    return bool(facts["emergency_code"] != EmergencyCode.OTHER_SAFETY)


def _other_safety(profile: Profile, facts: Facts) -> bool:
    return not _named(profile, facts)


def _pay_first(profile: Profile, facts: Facts) -> bool:
    return profile.emergency_order is EmergencyOrder.PAY_FIRST


def _post_first(profile: Profile, facts: Facts) -> bool:
    return profile.emergency_order is EmergencyOrder.POST_FIRST


_S = FundState
_A = FundAction
_STAND_IN = ByProfile("emergency_without_committee")
_APPLICANTS = funds.applicants(_STAND_IN)
_COMMITTEE_OR_STAND_IN = funds.by_committee_or(_STAND_IN)
_LAWFUL = ("on_the_list", "not_excluded", "warranty_over")
_IDLE = (_S.REPORTED, _S.SITE_CHECKED, _S.APPROVED_DIRECT)
"""Where a danger waits for somebody to act."""

_UNPAID = (_S.APPROVED_DIRECT, _S.REPAIRED, _S.ACCEPTED, _S.POSTED, _S.TOWNSHIP_VERIFIED, _S.BUREAU_APPROVED)
"""Repaired at once, an emergency has its contractor before or after its approval."""

_DECIDERS = (
    *((party, ("named_item", *when)) for party, when in _COMMITTEE_OR_STAND_IN),
    (Role.TOWNSHIP, ("other_safety",)),
)
"""Who decides on the no-vote path: the committee or its stand-in; on other dangers always the township (FUND-20)."""

_WHEN_IDLE = (
    Transition(
        action=_A.ORDER_ACTION,
        sources=_IDLE,
        target=None,
        by=(Role.TOWNSHIP,),
        basis=("FUND-23",),
        reason=True,
    ),
    Transition(
        action=_A.ORGANISE,
        sources=_IDLE,
        target=_S.APPROVED_DIRECT,
        by=(Role.TOWNSHIP,),
        basis=("FUND-23",),
        waits=end_of_day("ordered_to"),
        when=("ordered",),
        guards=_LAWFUL,
        decides=True,
    ),
    Transition(
        action=_A.APPROVE,
        sources=(_S.SITE_CHECKED,),
        target=_S.APPROVED_DIRECT,
        by=(Role.BUREAU,),
        basis=("FUND-23",),
        waits=posting("fund_committee_days"),
        when=("named_item", "has_committee"),
        guards=_LAWFUL,
        decides=True,
    ),
)
"""The township orders idle parties and then organises; a silent committee's decision the bureau may take (FUND-23)."""

_PAYMENT = (
    *(fund_use.contracted(_UNPAID, None, party, *when) for party, when in _COMMITTEE_OR_STAND_IN),
    fund_use.contracted(_UNPAID, None, Role.TOWNSHIP, "organised"),
    *(fund_use.amended((*_UNPAID, _S.APPORTIONED), party, *when) for party, when in _COMMITTEE_OR_STAND_IN),
    *(fund_use.pay(state) for state in (_S.BUREAU_APPROVED, _S.PAID, _S.APPORTIONED)),
    fund_use.pay_posted(),
    fund_use.paid(_S.BUREAU_APPROVED, _S.PAID),
    *(fund_use.paid(state, None) for state in (_S.PAID, _S.POSTED, _S.APPORTIONED)),
    fund_use.came_back(_S.PAID, _S.BUREAU_APPROVED),
    fund_use.came_back(_S.CLOSED, _S.APPORTIONED),
    *(
        fund_use.came_back(state, None)
        for state in (_S.BUREAU_APPROVED, _S.REPAIRED, _S.ACCEPTED, _S.POSTED, _S.APPORTIONED)
    ),
    fund_use.REVISED,
    Transition(
        action=_A.SETTLE,
        sources=(_S.ACCEPTED,),
        target=None,
        by=(COMPANY, Role.COMMITTEE, _STAND_IN),
        basis=("FUND-21", "FUND-27"),
        documents=fund_use.SETTLE_PAPERS,
        guards=("within_overrun",),
    ),
    fund_use.apportioned(_S.PAID, when=("post_first",)),
    fund_use.apportioned(_S.POSTED, after=end_of_day("posted_to"), when=("pay_first",)),
    fund_use.CLOSED,
)

EMERGENCY_FUND_REQUEST = Workflow(
    id="emergency_fund_request",
    version=2,
    title="Fund request, emergency (维修资金应急使用)",
    states=(
        _S.REPORTED,
        _S.SITE_CHECKED,
        _S.APPROVED_DIRECT,
        _S.NOT_EMERGENCY,
        _S.REPAIRED,
        _S.ACCEPTED,
        _S.POSTED,
        _S.TOWNSHIP_VERIFIED,
        _S.BUREAU_APPROVED,
        _S.PAID,
        _S.APPORTIONED,
        _S.CLOSED,
        _S.RETURNED,
        _S.REJECTED,
        _S.CANCELLED,
    ),
    start=_S.REPORTED,
    terminal=frozenset({_S.NOT_EMERGENCY, _S.REJECTED, _S.CANCELLED}),
    separated=True,
    opened_by=_APPLICANTS,
    opening_documents=(DocumentKind.PHOTO,),
    opening_guards=("on_the_list",),
    transitions=(
        *(
            Transition(
                action=_A.CHECK_SITE,
                sources=(_S.REPORTED,),
                target=_S.SITE_CHECKED,
                by=(Role.OWNER, party, *firm),
                joined=True,
                basis=("FUND-21", basis),
                within=hours("fund_site_check_hours"),
                when=(when, has_firm),
            )
            for party, when, basis in (
                (Role.COMMITTEE, "has_committee", "TQ-99"),
                (Role.COMMUNITY, "no_committee", "TQ-100"),
            )
            for firm, has_firm in fund_use.FIRM
        ),
        *(
            Transition(
                action=_A.APPROVE,
                sources=(_S.SITE_CHECKED,),
                target=_S.APPROVED_DIRECT,
                by=(decider,),
                basis=("FUND-20", "TQ-99", "TQ-100"),
                when=when,
                guards=_LAWFUL,
                decides=decider is not Role.COMMITTEE,
            )
            for decider, when in _DECIDERS
        ),
        *(
            Transition(
                action=_A.DECLINE,
                sources=(_S.SITE_CHECKED,),
                target=_S.NOT_EMERGENCY,
                by=(decider,),
                basis=("FUND-22",),
                when=when,
                reason=True,
            )
            for decider, when in _DECIDERS
        ),
        *(
            Transition(
                action=_A.RECORD_REPAIR,
                sources=(source,),
                target=_S.REPAIRED,
                by=by,
                basis=("FUND-21", "FUND-27"),
                documents=(DocumentKind.PHOTO, DocumentKind.INVOICE, Needs((DocumentKind.AUDIT,), when="audit_needed")),
                when=(order, *when),
                guards=("within_overrun",),
            )
            for source, order in ((_S.APPROVED_DIRECT, "post_first"), (_S.PAID, "pay_first"))
            for by, when in (((COMPANY, Role.COMMITTEE, _STAND_IN), ()), ((Role.TOWNSHIP,), ("organised",)))
        ),
        *(
            Transition(
                action=_A.ACCEPT,
                sources=(_S.REPAIRED,),
                target=_S.ACCEPTED,
                by=(Role.OWNER, party),
                joined=True,
                basis=("FUND-21",),
                documents=(DocumentKind.ACCEPTANCE,),
                when=when,
            )
            for party, when in _COMMITTEE_OR_STAND_IN
        ),
        Transition(
            action=_A.POST,
            sources=(_S.ACCEPTED,),
            target=_S.POSTED,
            by=_APPLICANTS,
            basis=("FUND-21",),
            documents=(DocumentKind.SETTLEMENT, DocumentKind.APPORTIONMENT, DocumentKind.POSTING_PROOF),
            guards=("posting_long_enough",),
            applicant_only=True,
        ),
        Transition(
            action=_A.POST,
            sources=(_S.ACCEPTED,),
            target=_S.POSTED,
            by=(Role.TOWNSHIP,),
            basis=("FUND-21", "FUND-23"),
            documents=(DocumentKind.SETTLEMENT, DocumentKind.APPORTIONMENT, DocumentKind.POSTING_PROOF),
            when=("organised",),
            guards=("posting_long_enough",),
        ),
        Transition(
            action=_A.VERIFY,
            sources=(_S.POSTED,),
            target=_S.TOWNSHIP_VERIFIED,
            by=(Role.TOWNSHIP,),
            basis=("ZD-7",),
            within=working_days("fund_emergency_working_days", since="posted_to"),
            after=end_of_day("posted_to"),
            when=("post_first",),
            guards=("objections_answered", "signed_and_sealed"),
            decides=True,
        ),
        Transition(
            action=_A.VERIFY,
            sources=(_S.APPROVED_DIRECT,),
            target=_S.TOWNSHIP_VERIFIED,
            by=(Role.TOWNSHIP,),
            basis=("ZD-7", "TQ-99"),
            documents=(DocumentKind.PLAN, DocumentKind.BUDGET),
            within=working_days("fund_emergency_working_days"),
            when=("pay_first",),
            guards=("signed_and_sealed",),
            decides=True,
        ),
        Transition(
            action=_A.GRANT,
            sources=(_S.TOWNSHIP_VERIFIED,),
            target=_S.BUREAU_APPROVED,
            by=(Role.BUREAU,),
            basis=("FUND-25", "TQ-98", "ZD-21"),
            within=working_days("fund_emergency_working_days"),
            guards=(*_LAWFUL, "covered"),
            decides=True,
            power=Power.FUNDS_APPROVE,
        ),
        funds.returned(_S.POSTED, Role.TOWNSHIP, when=("post_first",)),
        funds.returned(_S.APPROVED_DIRECT, Role.TOWNSHIP, when=("pay_first",)),
        funds.returned(_S.TOWNSHIP_VERIFIED, Role.BUREAU),
        Transition(
            action=_A.RESUBMIT,
            sources=(_S.RETURNED,),
            target=_S.POSTED,
            by=_APPLICANTS,
            basis=("FUND-25",),
            documents=(DocumentKind.SETTLEMENT, DocumentKind.APPORTIONMENT, DocumentKind.POSTING_PROOF),
            when=("post_first",),
            guards=(*_LAWFUL, "posting_long_enough"),
            applicant_only=True,
        ),
        Transition(
            action=_A.RESUBMIT,
            sources=(_S.RETURNED,),
            target=_S.APPROVED_DIRECT,
            by=_APPLICANTS,
            basis=("FUND-25", "TQ-98"),
            documents=(DocumentKind.PLAN, DocumentKind.BUDGET),
            when=("pay_first",),
            guards=_LAWFUL,
            applicant_only=True,
        ),
        funds.REJECTED,
        funds.cancelled(
            (
                _S.REPORTED,
                _S.SITE_CHECKED,
                _S.APPROVED_DIRECT,
                _S.REPAIRED,
                _S.ACCEPTED,
                _S.POSTED,
                _S.TOWNSHIP_VERIFIED,
                _S.RETURNED,
                _S.BUREAU_APPROVED,
            ),
            _APPLICANTS,
        ),
        *_WHEN_IDLE,
        *_PAYMENT,
    ),
    guards={**funds.GUARDS, **fund_use.GUARDS, "on_the_list": on_the_list, "posting_long_enough": posting_long_enough},
    conditions={
        **funds.CONDITIONS,
        **fund_use.CONDITIONS,
        "ordered": lambda profile, facts: facts["ordered_to"] is not None,
        "organised": lambda profile, facts: bool(facts["organised"]),
        "named_item": _named,
        "other_safety": _other_safety,
        "pay_first": _pay_first,
        "post_first": _post_first,
    },
    facts={
        "emergency_code": "EmergencyCode",
        "ordered_to": "date | None: until when the township ordered idle parties to act",
        "organised": "bool: the township organises the repair",
        **funds.FACTS,
        **fund_use.FACTS,
    },
)
