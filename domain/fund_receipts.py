"""Money that came into the maintenance fund (交存), as its bank reports it: posted by its code, or kept until somebody
knows whose it is (待查, FUND-4)."""

from dataclasses import dataclass
from uuid import UUID

from domain.fund_demands import DemandState
from domain.terms import Term


class ReceiptState(Term):
    """Where the money is."""

    POSTED = "POSTED", "On the account that its demand names (已入账)."
    SUSPENSE = "SUSPENSE", "Kept apart: nobody knows yet whose it is (待查)."
    RETURNING = "RETURNING", "The bank is told to send it back (退款中)."
    RETURNED = "RETURNED", "Sent back to its payer (已退款)."
    REVERSED = "REVERSED", "Taken back by the bank: it never came, or not so (已冲正)."


class SuspenseCause(Term):
    """Why money could not be posted at once."""

    NO_CODE = "NO_CODE", "It came without a payment code."
    UNKNOWN_CODE = "UNKNOWN_CODE", "No demand of the county has the code."
    CLOSED_CODE = "CLOSED_CODE", "The demand is paid or cancelled."
    TOO_MUCH = "TOO_MUCH", "It is more than the demand still asks for."
    OTHER_BANK = "OTHER_BANK", "The fund of the place is kept at another bank account."
    NOT_RETURNED = "NOT_RETURNED", "It was to be sent back, and could not be or came back (退款未成功)."
    TAKEN_OFF = "TAKEN_OFF", "It had been posted to the wrong account and was taken off it."


@dataclass(frozen=True)
class OpenDemand:
    """What is asked of a demand when money comes under its code; ``outstanding`` in fen, ``held_at`` the bank account."""

    state: DemandState
    outstanding: int
    held_at: UUID | None


def suspended_for(
    code: str | None, demand: OpenDemand | None, amount: int, bank_account_id: UUID
) -> SuspenseCause | None:
    """Why an amount (fen) cannot go to its demand; ``None``: it can.

    Money that came is never refused: what does not fit is kept apart until an official knows more.
    """
    if code is None:
        return SuspenseCause.NO_CODE
    if demand is None:
        return SuspenseCause.UNKNOWN_CODE
    if demand.state is not DemandState.OPEN:
        return SuspenseCause.CLOSED_CODE
    if amount > demand.outstanding:
        return SuspenseCause.TOO_MUCH
    return None if demand.held_at == bank_account_id else SuspenseCause.OTHER_BANK
