"""Quality warranty deposits (物业质量保修金): a developer's money, kept apart for repairs that it does not perform (FUND-32).

It lies in a bank account of its own, by property area. An official who did not ask for it grants a repair from it; what is left
goes back to the developer after a posting to which nobody has objected (ZD-22).
"""

from collections.abc import Mapping
from datetime import date

from domain.errors import ErrorCode, Refusal
from domain.ledger import TransactionKind
from domain.payment_instructions import InstructionPurpose
from domain.terms import Term


class WarrantyDepositState(Term):
    """Where a payment into a warranty deposit stands."""

    RECORDED = "RECORDED", "It came in and stands in the books (已交存)."
    REVERSED = "REVERSED", "The bank took it off the account again (已冲正)."


class WarrantyPayoutKind(Term):
    """What a warranty deposit is paid for."""

    REPAIR = "REPAIR", "A repair under warranty that the developer did not perform (代为维修)."
    REFUND = "REFUND", "Back to the developer when the warranty is over (退还)."


class WarrantyPayoutState(Term):
    """Where a payment out of a warranty deposit stands."""

    REQUESTED = "REQUESTED", "Asked for; an official who did not ask decides (待审批)."
    POSTED = "POSTED", "Posted on the area's board, for objections (公示中)."
    INSTRUCTED = "INSTRUCTED", "The bank is told to pay it (待支付)."
    PAID = "PAID", "Paid (已支付)."
    FAILED = "FAILED", "Not paid, or come back: the money is where it was, and it may be approved again (未支付)."
    DECLINED = "DECLINED", "Not granted, or given up after objections (不予支付)."


_K, _S = WarrantyPayoutKind, WarrantyPayoutState

OPENS: Mapping[WarrantyPayoutKind, WarrantyPayoutState] = {_K.REPAIR: _S.REQUESTED, _K.REFUND: _S.POSTED}
"""The state in which a payment out begins."""

UNDECIDED = frozenset({_S.REQUESTED, _S.POSTED, _S.FAILED})
"""An official approves or declines these."""

CLAIMS = UNDECIDED | {_S.INSTRUCTED}
"""The deposit may still have to pay these."""

PURPOSE: Mapping[WarrantyPayoutKind, InstructionPurpose] = {
    _K.REPAIR: InstructionPurpose.WARRANTY_REPAIR,
    _K.REFUND: InstructionPurpose.WARRANTY_REFUND,
}

TRANSACTION: Mapping[WarrantyPayoutKind, TransactionKind] = {
    _K.REPAIR: TransactionKind.WARRANTY_REPAIR,
    _K.REFUND: TransactionKind.WARRANTY_REFUND,
}

REMARK: Mapping[WarrantyPayoutKind, str] = {_K.REPAIR: "物业质量保修金代为维修", _K.REFUND: "物业质量保修金退还"}
"""What stands on the payee's statement and in the ledger, whatever the reader's language."""


def check_unopposed(posted_to: date | None, objections: int, today: date) -> None:
    """What hung on the board is paid after its last day and only without objections; what hung nowhere passes.

    >>> check_unopposed(None, 0, date(2026, 3, 2))
    >>> check_unopposed(date(2026, 3, 1), 0, date(2026, 3, 2))

    Refuses ``POSTING_PERIOD_NOT_OVER``, and ``ACTION_NOT_AVAILABLE`` where there are objections.
    """
    if objections:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="warrantyPayoutApprove", state="OBJECTED")
    if posted_to is not None and today <= posted_to:
        raise Refusal(ErrorCode.POSTING_PERIOD_NOT_OVER, "id", until=posted_to)


def posting_text(developer: str, fen: str, last_day: date, basis: str) -> str:
    """What hangs on the board before a refund; ``fen`` as people write money.

    >>> print(posting_text("演示置业", "¥1.00", date(2026, 4, 1), "保修期满"))
    拟向演示置业退还物业质量保修金¥1.00。
    事由：保修期满
    业主如有异议，请于2026-04-01前（含当日）提出。
    """
    return f"拟向{developer}退还物业质量保修金{fen}。\n事由：{basis}\n业主如有异议，请于{last_day}前（含当日）提出。"
