"""The collection rate (FEE-10, K-8)."""

from datetime import date
from uuid import UUID

import pytest

from domain.collection import Collection, DueBill, Receipt, collection

FIRST, LAST = date(2025, 1, 1), date(2025, 3, 31)


def bill(number: int, due_on: date = FIRST, amount: int = 1_000, voided: bool = False) -> DueBill:
    return DueBill(UUID(int=number), due_on, amount, voided)


def receipt(number: int, amount: int, received_on: date = FIRST) -> Receipt:
    return Receipt(UUID(int=number), amount, received_on)


@pytest.mark.parametrize(
    ("bills", "receipts", "counted", "rate"),
    [
        ([bill(1), bill(2, LAST)], [receipt(1, 1_000)], Collection(2_000, 1_000, 0), 5_000),
        ([bill(1)], [receipt(1, 1_000), receipt(1, -400)], Collection(1_000, 600, 0), 6_000),
        ([bill(1), bill(2, voided=True)], [receipt(2, 1_000)], Collection(1_000, 0, 0), 0),
        ([bill(1)], [receipt(1, 1_000, date(2025, 9, 1))], Collection(1_000, 1_000, 0), 10_000),
        ([bill(1, amount=3)], [receipt(1, 2)], Collection(3, 2, 0), 6_666),
        # of earlier years: told apart, and only what the period brought in
        ([bill(1, date(2024, 12, 31))], [receipt(1, 700)], Collection(0, 0, 700), None),
        ([bill(1, date(2024, 12, 31))], [receipt(1, 700, date(2025, 4, 1))], Collection(0, 0, 0), None),
        # due after the period, or before it in the same year's earlier quarter
        ([bill(1, date(2025, 4, 1))], [receipt(1, 700)], Collection(0, 0, 0), None),
        ([], [receipt(9, 700)], Collection(0, 0, 0), None),
    ],
)
def test_collection(bills: list[DueBill], receipts: list[Receipt], counted: Collection, rate: int | None) -> None:
    result = collection(bills, receipts, FIRST, LAST)
    assert result == counted
    assert result.basis_points == rate


def test_an_earlier_quarter_of_the_same_year_is_no_recovery_of_prior_years() -> None:
    result = collection([bill(1)], [receipt(1, 700, date(2025, 5, 1))], date(2025, 4, 1), date(2025, 6, 30))
    assert result == Collection(0, 0, 0)
