"""Bills (账单) and the charge items behind them: what is charged, in which state, and who may do what when (SM-14)."""

from collections.abc import Mapping

from domain.roles import COMPANY, RESIDENTS, Role
from domain.terms import Term


class ChargeCategory(Term):
    """What a charge is for (收费类别); the profile's guide price covers some of these (FEE-5)."""

    PROPERTY_SERVICE = "PROPERTY_SERVICE", "Property service fee (物业服务费)."
    PARKING = "PARKING", "Vehicle parking and order (停车服务费)."
    ELEVATOR = "ELEVATOR", "Lift running cost, where charged apart (电梯运行费)."
    UTILITY_SHARE = "UTILITY_SHARE", "Public water and power shared out (公摊水电, TQ-69)."
    UTILITY = "UTILITY", "Water, power, heat or gas that a unit used, at the supplier's price (水电气热费)."
    WASTE = "WASTE", "Removal of decoration and other waste (垃圾清运费)."
    EXTRA_SERVICE = "EXTRA_SERVICE", "Household and elderly-care services at the agreed price (TQ-72)."
    UTILITY_AGENCY = "UTILITY_AGENCY", "A fee on collected utility money: never allowed (代收手续费, FEE-8)."


class ChargeBasis(Term):
    """What the unit price is multiplied by (计费方式)."""

    AREA = "AREA", "Chargeable area × unit price × months."
    UNIT = "UNIT", "One price a month for each unit (按户)."
    SPACE = "SPACE", "One price a month for each parking space (按车位)."
    ONCE = "ONCE", "Once, whatever the period."
    METERED = "METERED", "What the unit's meters say was used in the period × unit price (按表计量)."
    SHARED = "SHARED", "The unit's part of a public cost that was shared out for the period (公摊)."


MONTHLY = frozenset({ChargeBasis.AREA, ChargeBasis.UNIT, ChargeBasis.SPACE})
"""Charged by the month, whoever lives there."""


class ChargeItemState(Term):
    """Where a charge item stands: it takes effect by its disclosure and ends with its last day."""

    DEFINED = "DEFINED", "Defined by the company and not yet disclosed: nothing can be billed."
    DISCLOSED = "DISCLOSED", "Posted on the area's board (已公示)."
    ENDED = "ENDED", "No longer charged."


class BillState(Term):
    """Where a bill stands (SM-14). Overdue is no state: it follows from the due date and today."""

    ISSUED = "ISSUED", "Issued, nothing paid (待缴)."
    PARTIALLY_PAID = "PARTIALLY_PAID", "Part of it is paid (部分缴纳)."
    PAID = "PAID", "Paid in full (已缴)."
    DISPUTED = "DISPUTED", "The payer disputes it; it rests until answered (异议中)."
    VOIDED = "VOIDED", "Taken back by the company (已作废)."


class BillKind(Term):
    """What sort of claim a bill is; principal is paid before late fees (FEE-11)."""

    PRINCIPAL = "PRINCIPAL", "A charge for a period."
    OPENING_ARREARS = "OPENING_ARREARS", "Arrears from before the platform, attested when brought in (期初欠费)."
    LATE_FEE = "LATE_FEE", "A late fee on another bill (违约金, FEE-9)."


class Payer(Term):
    """Who owes a bill (FEE-3). The owner stays jointly liable for a tenant's (PMR 41)."""

    OWNER = "OWNER", "The owner (业主)."
    TENANT = "TENANT", "The user, by agreement with the owner (物业使用人)."
    DEVELOPER = "DEVELOPER", "The developer, for unsold or undelivered units (建设单位)."


class RunState(Term):
    """A bill run (出账) is a job."""

    QUEUED = "QUEUED", "Waiting for a worker."
    RUNNING = "RUNNING", "Bills are being issued, portion by portion."
    DONE = "DONE", "All bills of the run are issued."
    FAILED = "FAILED", "Stopped with a reason; what was issued stays and a new run goes on from there."


class DisputeState(Term):
    """What became of a dispute of a bill (账单异议)."""

    OPEN = "OPEN", "Waiting for the company's answer, due within seven days."
    UPHELD = "UPHELD", "The bill stands as it is."
    ADJUSTED = "ADJUSTED", "The bill was reduced."
    WITHDRAWN = "WITHDRAWN", "Taken back by the payer."
    VOIDED = "VOIDED", "The company took the bill back."


class DisputeOutcome(Term):
    """How a company answers a dispute."""

    UPHELD = "UPHELD", "The bill stands as it is."
    ADJUSTED = "ADJUSTED", "The bill is reduced."


PAYABLE = frozenset({BillState.ISSUED, BillState.PARTIALLY_PAID})
"""A disputed bill rests until it is answered or the dispute is withdrawn."""


class BillAction(Term):
    """What a person does with a bill."""

    PAY = "PAY", "Record a payment of it."
    DISPUTE = "DISPUTE", "Dispute it, with a reason."
    WITHDRAW_DISPUTE = "WITHDRAW_DISPUTE", "Take the dispute back."
    ANSWER_DISPUTE = "ANSWER_DISPUTE", "Answer the dispute."
    ADJUST = "ADJUST", "Reduce it, with a reason."
    VOID = "VOID", "Take it back, with a reason."


COLLECTORS = COMPANY | {Role.BANK}
"""Who records money that came in: the company's staff for cash and cards, the bank's client for its own takings."""

BILLERS = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER})

ACTIONS: Mapping[BillAction, tuple[frozenset[BillState], frozenset[Role]]] = {
    BillAction.PAY: (PAYABLE, COLLECTORS),
    BillAction.DISPUTE: (PAYABLE | {BillState.PAID}, RESIDENTS),
    BillAction.WITHDRAW_DISPUTE: (frozenset({BillState.DISPUTED}), RESIDENTS),
    BillAction.ANSWER_DISPUTE: (frozenset({BillState.DISPUTED}), BILLERS),
    BillAction.ADJUST: (PAYABLE | {BillState.PAID}, BILLERS),
    BillAction.VOID: (PAYABLE | {BillState.PAID, BillState.DISPUTED}, BILLERS),
}
"""In which states an action exists, and for whom."""


def settled_state(amount: int, adjusted: int, settled: int) -> BillState:
    """The state that follows from the money alone, all in fen: ``amount + adjusted`` is owed, ``settled`` was paid.

    >>> settled_state(34333, -4333, 30000)
    <BillState.PAID: 'PAID'>
    """
    if settled == amount + adjusted:
        return BillState.PAID
    return BillState.PARTIALLY_PAID if settled else BillState.ISSUED
