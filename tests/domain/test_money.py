"""Fen, areas and ratios: the golden examples, and what must hold for every amount."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    apportion,
    format_fen,
    half_up,
    line_amount,
    months_between,
    ratio_above,
    ratio_at_least,
    ratio_below,
)


@pytest.mark.rule("G-5", "FEE-2")
@pytest.mark.parametrize(
    ("area", "price", "months", "fen"),
    [
        (9537, 120, 3, 34333),  # G-5: one quarterly line
        (9537, 120, 1, 11444),  # G-5: three monthly lines make ¥343.32
        (8875, 110, 1, 9763),  # G-5: the half goes up
        (10000, 150, Fraction(15, 30), 7500),
        (1, 1, 1, 0),
        (50, 1, 1, 1),  # half a fen
    ],
)
def test_g5_a_line_is_rounded_once_half_up(area: int, price: int, months: int | Fraction, fen: int) -> None:
    assert line_amount(area, price, months) == fen


@pytest.mark.rule("FEE-2")
@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2025, 1, 1), date(2025, 3, 31), Fraction(3)),
        (date(2025, 1, 16), date(2025, 1, 31), Fraction(16, 31)),
        (date(2025, 2, 15), date(2025, 3, 31), Fraction(3, 2)),
        (date(2024, 2, 1), date(2024, 2, 1), Fraction(1, 29)),
        (date(2024, 12, 31), date(2025, 1, 1), Fraction(2, 31)),
    ],
)
def test_part_months_count_their_days_by_their_actual_days(first: date, last: date, months: Fraction) -> None:
    assert months_between(first, last) == months


def test_a_period_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="ends"):
        months_between(date(2025, 2, 1), date(2025, 1, 31))


def test_g3_the_fen_left_over_go_to_the_largest_fractions() -> None:
    assert apportion(10_000, [("a", 8050), ("b", 12025), ("c", 9999)]) == {"a": 2677, "b": 3998, "c": 3325}


def test_equal_fractions_go_to_the_smaller_key_whatever_the_order() -> None:
    assert apportion(100, [("c", 1), ("b", 1), ("a", 1)]) == {"c": 33, "b": 33, "a": 34}


@pytest.mark.parametrize(
    ("cost", "weights", "fault"),
    [
        (-1, [("a", 1)], "negative"),
        (1, [("a", -1), ("b", 2)], "negative"),
        (1, [("a", 1), ("a", 1)], "one share"),
        (1, [("a", 0)], "nobody"),
        (1, [], "nobody"),
    ],
)
def test_what_cannot_be_apportioned_is_refused(cost: int, weights: list[tuple[str, int]], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        apportion(cost, weights)


def test_no_cost_needs_nobody_to_bear_it() -> None:
    assert apportion(0, [("a", 0)]) == {"a": 0}
    assert apportion(0, []) == {}


WEIGHTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 10**7), min_size=1, max_size=40)


@given(st.integers(0, 2**53), WEIGHTS.filter(lambda weights: any(weights.values())))
def test_apportionment_sums_to_the_fen_and_nobody_is_a_fen_off(cost: int, weights: dict[str, int]) -> None:
    shares = apportion(cost, list(weights.items()))
    total = sum(weights.values())
    assert sum(shares.values()) == cost
    assert all(abs(Fraction(cost * weights[key], total) - share) < 1 for key, share in shares.items())
    assert all(share == 0 for key, share in shares.items() if not weights[key])


@given(st.integers(0, 10**9), WEIGHTS.filter(lambda weights: any(weights.values())), st.randoms())
def test_apportionment_does_not_depend_on_the_order(cost: int, weights: dict[str, int], random: object) -> None:
    shuffled = sorted(weights.items(), key=lambda pair: hash((pair, id(random))))
    assert apportion(cost, shuffled) == apportion(cost, list(weights.items()))


@pytest.mark.parametrize(
    ("part", "whole", "at_least_two_thirds", "above_half"),
    [
        (2, 3, True, True),
        (1, 2, False, False),
        (3, 4, True, True),
        (0, 0, False, False),
        (666_666, 1_000_000, False, True),
    ],
)
def test_ratios_include_or_exclude_their_number_as_c1_says(
    part: int, whole: int, at_least_two_thirds: bool, above_half: bool
) -> None:
    assert ratio_at_least(part, whole, 2, 3) is at_least_two_thirds
    assert ratio_above(part, whole, 1, 2) is above_half


def test_g4_thirty_percent_is_not_below_thirty_percent() -> None:
    assert not ratio_below(240_000, 800_000, 30, 100)
    assert ratio_below(239_999, 800_000, 30, 100)


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "¥0.00"),
        (5, "¥0.05"),
        (123_456, "¥1,234.56"),
        (-100_000_000, "-¥1,000,000.00"),
        (2**53, "¥90,071,992,547,409.92"),
    ],
)
def test_fen_as_people_read_them(fen: int, text: str) -> None:
    assert format_fen(fen) == text


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [(Fraction(1, 2), 1), (Fraction(-1, 2), -1), (Fraction(49, 100), 0), (Fraction(5, 2), 3), (Fraction(7), 7)],
)
def test_halves_go_away_from_zero(amount: Fraction, rounded: int) -> None:
    assert half_up(amount) == rounded
