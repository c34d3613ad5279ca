"""Bills (账单) and the charge items behind them: what is charged, in which state, and who may do what when (SM-14)."""

from collections.abc import Mapping
from enum import StrEnum

from domain.roles import COMPANY, RESIDENTS, Role


class ChargeCategory(StrEnum):
    """What a charge is for; the profile's guide price covers some of these (FEE-5)."""

    PROPERTY_SERVICE = "PROPERTY_SERVICE"
    """物业服务费."""
    PARKING = "PARKING"
    """Vehicle parking and order (停车服务费)."""
    ELEVATOR = "ELEVATOR"
    """Lift running cost (电梯运行费), where charged apart."""
    UTILITY_SHARE = "UTILITY_SHARE"
    """Public water and power shared out (公摊水电, TQ-69)."""
    WASTE = "WASTE"
    """Decoration waste and similar removal (垃圾清运费)."""
    EXTRA_SERVICE = "EXTRA_SERVICE"
    """Household and elderly-care services at the agreed price (TQ-72)."""
    UTILITY_AGENCY = "UTILITY_AGENCY"
    """A fee on collected utility money: never allowed (FEE-8); it has a name so that it can be refused by it."""


class ChargeBasis(StrEnum):
    """What the unit price is multiplied by."""

    AREA = "AREA"
    """Chargeable area × unit price × months."""
    UNIT = "UNIT"
    """One price a month for each unit (户)."""
    SPACE = "SPACE"
    """One price a month for each parking space."""
    ONCE = "ONCE"
    """Once, whatever the period."""


class ChargeItemState(StrEnum):
    """A charge item takes effect by its disclosure and ends with its successor or on its last day."""

    DEFINED = "DEFINED"
    DISCLOSED = "DISCLOSED"
    ENDED = "ENDED"


class BillState(StrEnum):
    """Where a bill stands (SM-14). Overdue is no state: it follows from ``due_on`` and today."""

    ISSUED = "ISSUED"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    DISPUTED = "DISPUTED"
    VOIDED = "VOIDED"


class BillKind(StrEnum):
    """Principal is paid before late fees (FEE-11)."""

    PRINCIPAL = "PRINCIPAL"
    OPENING_ARREARS = "OPENING_ARREARS"
    """Arrears from before the platform, attested when they were brought in."""
    LATE_FEE = "LATE_FEE"


class Payer(StrEnum):
    """Who owes a bill (FEE-3). The owner stays jointly liable for a tenant's (PMR 41)."""

    OWNER = "OWNER"
    TENANT = "TENANT"
    DEVELOPER = "DEVELOPER"


class RunState(StrEnum):
    """A bill run (出账) is a job: queued, running in committed portions, done, or stopped with a reason."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class DisputeState(StrEnum):
    """A disputed bill is answered within ``DISPUTE_ANSWER_DAYS``: upheld as it is, or adjusted."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    ADJUSTED = "ADJUSTED"
    WITHDRAWN = "WITHDRAWN"


DISPUTE_ANSWER_DAYS = 7
"""SM-14: a dispute is answered within seven days."""

PAYABLE = frozenset({BillState.ISSUED, BillState.PARTIALLY_PAID})
"""A disputed bill rests until it is answered or the dispute is withdrawn."""


class BillAction(StrEnum):
    """What a person does with a bill."""

    PAY = "PAY"
    DISPUTE = "DISPUTE"
    WITHDRAW_DISPUTE = "WITHDRAW_DISPUTE"
    ANSWER_DISPUTE = "ANSWER_DISPUTE"
    ADJUST = "ADJUST"
    VOID = "VOID"


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
