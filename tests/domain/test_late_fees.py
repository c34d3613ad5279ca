"""Late fees by hand (FEE-9)."""

from datetime import date

import pytest

from domain.late_fees import late_fee, late_fen_days

DUE = date(2026, 3, 1)


@pytest.mark.rule("FEE-9")
@pytest.mark.parametrize(
    ("owed", "days", "fee"),
    [
        (100_000, 0, 0),
        (100_000, 10, 300),  # 0.03 % a day
        (100_000, 999, 29_970),
        (100_000, 1_000, 30_000),  # 30 %
        (100_000, 5_000, 30_000),  # and never above it
        (1_667, 1, 1),  # 0.5001 fen
        (99_999, 5_000, 29_999),  # the cap is not rounded up
    ],
)
def test_late_fees_are_simple_and_capped(owed: int, days: int, fee: int) -> None:
    assert late_fee(owed, owed * days, 30, 30) == fee


@pytest.mark.rule("FEE-9")
@pytest.mark.parametrize(
    ("payments", "until", "fen_days"),
    [
        ([], date(2026, 3, 1), 0),  # the last day to pay is not late
        ([], date(2026, 3, 2), 10_000),
        ([(date(2026, 2, 20), 4_000)], date(2026, 3, 11), 60_000),  # what came in time is not late
        ([(date(2026, 3, 6), 4_000)], date(2026, 3, 11), 4_000 * 5 + 6_000 * 10),
        ([(date(2026, 3, 6), 4_000), (date(2026, 3, 8), -4_000)], date(2026, 3, 11), 4_000 * (5 - 7) + 10_000 * 10),
        ([(date(2026, 3, 6), 10_000)], date(2026, 9, 1), 50_000),  # paid in full: nothing accrues any more
    ],
)
def test_each_part_is_late_until_it_is_paid(payments: list[tuple[date, int]], until: date, fen_days: int) -> None:
    assert late_fen_days(10_000, payments, DUE, until) == fen_days
