"""Dunning (催缴) and suit (诉讼) over unpaid bills: the chain from the first reminder to the court's result (SM-14, FEE-12..18).

The county's clock reminds and gives notice, the company serves the written demand, the committee urges, the community mediates;
an instalment plan settles it, or the company refers it and the court's own client says what became of it. Full payment ends it
at any step.
"""

from datetime import date, timedelta

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, Period, Unit, days, end_of_day
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term
from domain.workflow import Transition, Workflow


class DunningState(Term):
    """Where the dunning of one debtor stands."""

    REMINDED = "REMINDED", "Reminded the day after the bill was due (提醒)."
    NOTICE1 = "NOTICE1", "Given notice once more (催缴通知)."
    DEMAND_SERVED = "DEMAND_SERVED", "The written demand is served; its period runs or has run out (催告函送达)."
    COMMITTEE_URGED = "COMMITTEE_URGED", "The owners' committee has urged payment (业委会督促)."
    MEDIATING = "MEDIATING", "Mediation is offered or under way (调解)."
    SETTLED = "SETTLED", "An instalment plan is agreed and kept so far (分期协议)."
    PLAN_BROKEN = "PLAN_BROKEN", "An instalment was not paid in time; the demand is to be served anew."
    READY = "READY", "Ready for suit: the demand has expired and the evidence is put together."
    SUIT_REFERRED = "SUIT_REFERRED", "Referred to the court (移送起诉)."
    COURT_RECEIVED = "COURT_RECEIVED", "Received by the court (法院收件)."
    CORRECTION = "CORRECTION", "The court wants something corrected (补正)."
    FILED = "FILED", "Filed by the court under a case number (立案)."
    ORDERED = "ORDERED", "The court has issued a payment order, to which the debtor may object (支付令)."
    REJECTED = "REJECTED", "Not taken by the court, with its reason (不予受理)."
    JUDGED = "JUDGED", "Judged (判决)."
    MEDIATED = "MEDIATED", "Settled before the court (调解结案)."
    WITHDRAWN = "WITHDRAWN", "The suit was withdrawn (撤诉)."
    ENFORCING = "ENFORCING", "Under enforcement (强制执行)."
    CREDIT_LISTED = "CREDIT_LISTED", "The court has listed the debtor (列入失信名单)."
    PERFORMED = "PERFORMED", "Judgment or settlement was performed (履行完毕)."
    PAID = "PAID", "All is paid; the chain has ended (缴清)."
    DROPPED = "DROPPED", "Given up by the company, with a reason; these bills are dunned no more."


class DunningAction(Term):
    """What is done in a dunning case."""

    NOTIFY = "NOTIFY", "Give notice once more; the county's clock does."
    SERVE_DEMAND = "SERVE_DEMAND", "Serve the written demand, with its period and the proof of service."
    URGE = "URGE", "Urge payment as the owners' committee."
    OFFER_MEDIATION = "OFFER_MEDIATION", "Offer mediation."
    FAIL_MEDIATION = "FAIL_MEDIATION", "Record that mediation failed."
    AGREE_PLAN = "AGREE_PLAN", "Record an instalment plan."
    BREAK_PLAN = "BREAK_PLAN", "An instalment was not paid; the county's clock says so."
    PREPARE_SUIT = "PREPARE_SUIT", "Put the evidence together for suit."
    REFER_SUIT = "REFER_SUIT", "Refer it to the court."
    RECEIVE = "RECEIVE", "Receive it, as the court."
    WANT_CORRECTION = "WANT_CORRECTION", "Ask for a correction, as the court."
    CORRECT = "CORRECT", "Hand in what the court asked for."
    NUMBER_MEDIATION = "NUMBER_MEDIATION", "Give it a number for mediation before filing, as the court (诉前调解)."
    FILE = "FILE", "File it under a case number, as the court."
    ISSUE_ORDER = "ISSUE_ORDER", "Issue the payment order that was applied for, as the court."
    END_ORDER = "END_ORDER", "End a payment order to which the debtor objected, as the court: a suit goes on."
    REJECT = "REJECT", "Reject it with a reason, as the court."
    RECORD_JUDGED = "RECORD_JUDGED", "Record the judgment, as the court."
    RECORD_MEDIATED = "RECORD_MEDIATED", "Record a settlement before the court, as the court."
    RECORD_WITHDRAWN = "RECORD_WITHDRAWN", "Record that the suit was withdrawn, as the court."
    PERFORM = "PERFORM", "Record that it was performed, as the court."
    ENFORCE = "ENFORCE", "Record that it is being enforced, as the court."
    LIST_CREDIT = "LIST_CREDIT", "List the debtor, as the court (失信被执行人)."
    DROP = "DROP", "Give it up, with a reason."
    END = "END", "All is paid; the county's clock says so."


class DunningStep(Term):
    """What was done towards a debtor, as the record shows it."""

    REMINDER = "REMINDER", "The first reminder."
    NOTICE = "NOTICE", "The notice."
    CONTACT = "CONTACT", "A call, a visit, another word of the company."
    DEMAND = "DEMAND", "The written demand (催告函)."
    URGING = "URGING", "The committee's urging (ZD-43, TQ-43)."
    COVENANT_MEASURE = "COVENANT_MEASURE", "A measure of the filed covenant towards repeated debtors (TQ-44)."
    MEDIATION_OFFER = "MEDIATION_OFFER", "The offer to mediate."
    MEDIATION = "MEDIATION", "What mediation came to (TQ-27, ZS-27)."
    PLAN = "PLAN", "An instalment plan was agreed."
    COURT = "COURT", "A step of the court."


DUNNED = frozenset(
    {DunningStep.REMINDER, DunningStep.NOTICE, DunningStep.CONTACT, DunningStep.DEMAND, DunningStep.URGING}
)
"""What counts as a dunning record (FEE-13)."""


class DunningMeans(Term):
    """How a debtor was reached. The two last ones are refused wherever they are named (FEE-16, Civil Code 944)."""

    APP = "APP", "On the platform."
    MESSAGE = "MESSAGE", "A message to the phone (短信)."
    PHONE = "PHONE", "A call."
    LETTER = "LETTER", "A letter by post, with its receipt (邮寄)."
    IN_PERSON = "IN_PERSON", "Handed over in person (当面送达)."
    AT_THE_DOOR = "AT_THE_DOOR", "Left at the door, witnessed or photographed (留置送达)."
    SUPPLY_CUT = "SUPPLY_CUT", "Power, water, heat or gas cut off: never allowed (停电停水停热停气)."
    ACCESS_BARRED = "ACCESS_BARRED", "Entry or vehicle barred: never allowed (限制出入)."


FORBIDDEN = frozenset({DunningMeans.SUPPLY_CUT, DunningMeans.ACCESS_BARRED})


def check_means(means: DunningMeans, field: str = "means") -> DunningMeans:
    """How a debtor may be reached; ``MEASURE_FORBIDDEN`` for cut supplies and barred access (FEE-16)."""
    found = DunningMeans(means)
    if found in FORBIDDEN:
        raise Refusal(ErrorCode.MEASURE_FORBIDDEN, field)
    return found


def notice_days(profile: Profile, due_on: date, reminded_on: date) -> tuple[date, date]:
    """The days of the notice and of the written demand for a bill due on a day (FEE-12).

    They follow the due date; where the reminder came late (arrears brought in), they keep their distance from it.
    """
    notice_on = max(
        due_on + timedelta(days=profile.dunning_notice_days),
        reminded_on + timedelta(days=profile.dunning_notice_days - 1),
    )
    return notice_on, notice_on + timedelta(days=profile.dunning_demand_days - profile.dunning_notice_days)


# Guards


def demand_long_enough(profile: Profile, facts: Facts) -> Refusal | None:
    """The debtor has the profile's days after service, 15 at least (FEE-12)."""
    served_on, ends_on = facts["demand_served_on"], facts["demand_ends_on"]
    least = served_on + timedelta(days=profile.demand_period_days)
    return None if ends_on >= least else Refusal(ErrorCode.OUT_OF_RANGE, "endsOn", least=least)


def demand_expired(profile: Profile, facts: Facts) -> Refusal | None:
    """A written demand was served and its period is over: the one thing without which nobody sues (FEE-13, Civil Code 944)."""
    ends_on = facts["demand_ends_on"]
    if ends_on is None:
        return Refusal(ErrorCode.DEMAND_REQUIRED, "id")
    if ends_on >= facts["today"]:
        return Refusal(ErrorCode.TOO_EARLY, "id", earliest=ends_on + timedelta(days=1))
    return None


def something_open(profile: Profile, facts: Facts) -> Refusal | None:
    """Nobody is dunned for what is paid."""
    return None if facts["open_fen"] > 0 else Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=DunningState.PAID)


def judgment_effective(profile: Profile, facts: Facts) -> Refusal | None:
    """Only what has taken effect is enforced."""
    effective_on = facts["effective_on"]
    if effective_on is None:
        return Refusal(ErrorCode.REQUIRED, "effectiveOn")
    return Refusal(ErrorCode.TOO_EARLY, "id", earliest=effective_on) if effective_on > facts["today"] else None


def order_applied_for(profile: Profile, facts: Facts) -> Refusal | None:
    """A payment order is issued where one was applied for, and not in a suit (FEE-15)."""
    return None if facts["order_due_on"] else Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=DunningState.FILED)


def objected_in_time(profile: Profile, facts: Facts) -> Refusal | None:
    """An objection stops a payment order until it has effect (FEE-15, Civil Procedure Law 227)."""
    effective_on = facts["effective_on"]
    late = effective_on is not None and facts["today"] >= effective_on
    return Refusal(ErrorCode.LATE, "id", latest=effective_on - timedelta(days=1)) if late else None


def able_to_pay(profile: Profile, facts: Facts) -> Refusal | None:
    """Only a debtor who could pay and does not is listed (FEE-18)."""
    return None if facts["able_debtor"] else Refusal(ErrorCode.DEBTOR_UNABLE, "id")


_S = DunningState
_A = DunningAction
_BILLERS = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER})
_MEDIATORS = frozenset({Role.COMMUNITY, Role.TOWNSHIP})
_BEFORE_SUIT = (_S.DEMAND_SERVED, _S.COMMITTEE_URGED, _S.MEDIATING)
_UNSETTLED = (_S.REMINDED, _S.NOTICE1, *_BEFORE_SUIT, _S.PLAN_BROKEN, _S.READY)
AT_COURT = frozenset(
    {
        _S.SUIT_REFERRED,
        _S.COURT_RECEIVED,
        _S.CORRECTION,
        _S.FILED,
        _S.ORDERED,
        _S.REJECTED,
        _S.JUDGED,
        _S.MEDIATED,
        _S.WITHDRAWN,
        _S.ENFORCING,
        _S.CREDIT_LISTED,
        _S.PERFORMED,
    }
)
"""From the referral on: what its court sees (PRI-9)."""

GATHERING = frozenset({_S.REMINDED, _S.NOTICE1})
"""Until the demand names them, further bills of the debtor join the case."""

_TERMINAL = frozenset({_S.PERFORMED, _S.PAID, _S.DROPPED})
RUNNING = frozenset(DunningState) - _TERMINAL
WON = frozenset({_S.JUDGED, _S.MEDIATED})


def _at_once(since: str) -> Period:
    """From the first instant of the day that a fact names."""
    return Period(0, Unit.HOURS, since)


def _court(
    action: DunningAction, sources: tuple[DunningState, ...], target: DunningState | None, basis: str, **more: object
) -> Transition:
    """A step that the court's own client records and nobody else."""
    return Transition(
        action=action,
        sources=sources,
        target=target,
        by=(Role.COURT,),
        basis=(basis,),
        **more,  # type: ignore[arg-type]
    )


DUNNING = Workflow(
    id="dunning",
    version=1,
    title="Dunning and suit (欠费催缴与诉讼)",
    states=DunningState,
    start=_S.REMINDED,
    terminal=_TERMINAL,
    opened_by=(Role.SYSTEM,),
    transitions=(
        Transition(
            action=_A.NOTIFY,
            sources=(_S.REMINDED,),
            target=_S.NOTICE1,
            by=(Role.SYSTEM,),
            basis=("FEE-12",),
            fires=_at_once("notice_on"),
        ),
        Transition(
            action=_A.SERVE_DEMAND,
            sources=(_S.NOTICE1, _S.PLAN_BROKEN, *_BEFORE_SUIT),
            target=_S.DEMAND_SERVED,
            by=(_BILLERS,),
            basis=("FEE-12", "Civil Code 944"),
            within=end_of_day("demand_on"),
            documents=(DocumentKind.DEMAND_LETTER, DocumentKind.SERVICE_PROOF),
            guards=("something_open", "demand_long_enough"),
        ),
        Transition(
            action=_A.URGE,
            sources=(_S.DEMAND_SERVED,),
            target=_S.COMMITTEE_URGED,
            by=(Role.COMMITTEE,),
            basis=("ZD-43", "TQ-43"),
        ),
        Transition(
            action=_A.OFFER_MEDIATION,
            sources=(_S.DEMAND_SERVED, _S.COMMITTEE_URGED),
            target=_S.MEDIATING,
            by=(_BILLERS, _MEDIATORS),
            basis=("TQ-27", "ZS-27", "FEE-12"),
        ),
        Transition(
            action=_A.FAIL_MEDIATION,
            sources=(_S.MEDIATING,),
            target=_S.DEMAND_SERVED,
            by=(_MEDIATORS,),
            basis=("TQ-27", "ZS-27"),
            reason=True,
        ),
        Transition(
            action=_A.AGREE_PLAN,
            sources=_UNSETTLED,
            target=_S.SETTLED,
            by=(_BILLERS, _MEDIATORS),
            basis=("SM-14", "TQ-27"),
            guards=("something_open",),
        ),
        Transition(
            action=_A.BREAK_PLAN,
            sources=(_S.SETTLED,),
            target=_S.PLAN_BROKEN,
            by=(Role.SYSTEM,),
            basis=("SM-14",),
            fires=_at_once("broken_on"),
        ),
        Transition(
            action=_A.PREPARE_SUIT,
            sources=(*_BEFORE_SUIT, _S.REJECTED, _S.WITHDRAWN),
            target=_S.READY,
            by=(_BILLERS,),
            basis=("FEE-13", "SL-36"),
            guards=("something_open", "demand_expired"),
        ),
        Transition(
            action=_A.REFER_SUIT,
            sources=(_S.READY,),
            target=_S.SUIT_REFERRED,
            by=(_BILLERS,),
            basis=("FEE-14", "SL-36"),
            guards=("something_open", "demand_expired"),
        ),
        _court(_A.RECEIVE, (_S.SUIT_REFERRED,), _S.COURT_RECEIVED, "SL-37"),
        _court(_A.WANT_CORRECTION, (_S.COURT_RECEIVED,), _S.CORRECTION, "SL-37"),
        Transition(
            action=_A.CORRECT,
            sources=(_S.CORRECTION,),
            target=_S.COURT_RECEIVED,
            by=(_BILLERS,),
            basis=("SL-37",),
            within=end_of_day("correction_due_on"),
        ),
        _court(_A.NUMBER_MEDIATION, (_S.COURT_RECEIVED,), None, "ZS-27"),
        _court(_A.FILE, (_S.COURT_RECEIVED,), _S.FILED, "FEE-15", within=days("suit_filing_days", "received_on")),
        _court(_A.REJECT, (_S.COURT_RECEIVED,), _S.REJECTED, "SL-37", reason=True),
        _court(
            _A.ISSUE_ORDER,
            (_S.FILED,),
            _S.ORDERED,
            "FEE-15",
            within=end_of_day("order_due_on"),
            guards=("order_applied_for",),
        ),
        _court(_A.END_ORDER, (_S.ORDERED,), _S.FILED, "FEE-15", guards=("objected_in_time",)),
        _court(_A.RECORD_JUDGED, (_S.FILED,), _S.JUDGED, "SM-14"),
        _court(_A.RECORD_MEDIATED, (_S.COURT_RECEIVED, _S.FILED), _S.MEDIATED, "SM-14"),
        _court(_A.RECORD_WITHDRAWN, (_S.COURT_RECEIVED, _S.FILED), _S.WITHDRAWN, "SM-14"),
        _court(_A.PERFORM, (*sorted(WON), _S.ORDERED, _S.ENFORCING, _S.CREDIT_LISTED), _S.PERFORMED, "SM-14"),
        _court(_A.ENFORCE, (*sorted(WON), _S.ORDERED), _S.ENFORCING, "SM-14", guards=("judgment_effective",)),
        _court(
            _A.LIST_CREDIT,
            (_S.ENFORCING,),
            _S.CREDIT_LISTED,
            "FEE-18",
            guards=("judgment_effective", "able_to_pay"),
            reason=True,
        ),
        Transition(
            action=_A.DROP,
            sources=(*_UNSETTLED, _S.SETTLED, _S.REJECTED, _S.WITHDRAWN),
            target=_S.DROPPED,
            by=(_BILLERS,),
            basis=("SM-14",),
            reason=True,
        ),
        Transition(
            action=_A.END,
            sources=tuple(sorted(RUNNING)),
            target=_S.PAID,
            by=(Role.SYSTEM,),
            basis=("SM-14",),
            fires=_at_once("paid_on"),
        ),
    ),
    guards={
        "demand_long_enough": demand_long_enough,
        "demand_expired": demand_expired,
        "something_open": something_open,
        "order_applied_for": order_applied_for,
        "objected_in_time": objected_in_time,
        "judgment_effective": judgment_effective,
        "able_to_pay": able_to_pay,
    },
    facts={
        "notice_on": "date: from which day the notice is due",
        "demand_on": "date: by which day the written demand is due",
        "demand_served_on": "date | None: when the last written demand was served",
        "demand_ends_on": "date | None: the last day of its period",
        "broken_on": "date | None: when the plan was found broken",
        "paid_on": "date | None: when all was found paid",
        "received_on": "date | None: when the court received it",
        "correction_due_on": "date | None: by when the court wants a correction",
        "order_due_on": "date | None: by when the payment order is issued, where one was applied for",
        "effective_on": "date | None: from when judgment, settlement or payment order has effect",
        "able_debtor": "bool: whether the court found that the debtor could pay",
        "open_fen": "int: what is open on the case's bills",
    },
)
