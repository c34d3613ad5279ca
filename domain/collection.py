"""How much of what fell due was collected (收缴率, SL-35, FEE-10)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.terms import Term


class RateBy(Term):
    """By what collection rates are told apart."""

    ESTATE = "ESTATE", "By estate (小区)."
    AREA = "AREA", "By property area (物业管理区域)."
    COMPANY = "COMPANY", "By company."
    TOWNSHIP = "TOWNSHIP", "By township."
    COMMUNITY = "COMMUNITY", "By community."


@dataclass(frozen=True, slots=True)
class DueBill:
    """A bill as the rate sees it; ``amount`` in fen after adjustments."""

    id: UUID
    due_on: date
    amount: int
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money allocated to a bill, in fen; refunds and reversals are negative."""

    bill_id: UUID
    amount: int
    received_on: date


@dataclass(frozen=True, slots=True)
class Collection:
    """What fell due in a period, what was paid of it by now, and what the period brought in of earlier years' bills."""

    due: int
    collected: int
    recovered: int

    @property
    def basis_points(self) -> int | None:
        """The rate in hundredths of a percent, rounded down; ``None`` when nothing fell due (K-8)."""
        return self.collected * 10_000 // self.due if self.due else None


def collection(bills: Iterable[DueBill], receipts: Iterable[Receipt], first: date, last: date) -> Collection:
    """The collection of the bills due from ``first`` to ``last``, both included (FEE-10).

    Counts what was paid of these bills whenever it came, refunds deducted and voided bills left out. What the period
    brought in of bills of earlier years is told apart: it never lifts the rate.
    """
    counted = {bill.id: bill for bill in bills if not bill.voided}
    due = sum(bill.amount for bill in counted.values() if first <= bill.due_on <= last)
    collected = recovered = 0
    for receipt in receipts:
        bill = counted.get(receipt.bill_id)
        if bill is None:
            continue
        if first <= bill.due_on <= last:
            collected += receipt.amount
        elif bill.due_on.year < first.year and first <= receipt.received_on <= last:
            recovered += receipt.amount
    return Collection(due, collected, recovered)
