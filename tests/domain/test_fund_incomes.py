"""How the fund's income is weighed and shared, and what of it a county pools (FUND-9, FUND-10)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ErrorCode, Refusal
from domain.fund_incomes import (
    IncomeKind,
    check_pool_use,
    check_year,
    day_weight,
    distribution_due,
    income_year,
    pooled,
    share_interest,
)
from domain.profiles import profile

ZD, TQ = "370303", "410927"
ON = date(2026, 3, 2)
DAYS = st.dates(date(2024, 6, 1), date(2026, 6, 30))
WEIGHTS = st.lists(st.integers(0, 10**13), min_size=1, max_size=30).filter(any)


@pytest.mark.rule("FUND-9")
@given(st.lists(st.tuples(DAYS, st.integers(-(10**9), 10**9)), max_size=12))
def test_a_weight_is_the_sum_of_the_balances_at_the_end_of_each_day(changes: list[tuple[date, int]]) -> None:
    days = [date(2025, 1, 1) + timedelta(days=each) for each in range(365)]
    naive = sum(sum(fen for day, fen in changes if day <= each) for each in days)
    assert day_weight(changes, 2025) == naive


@pytest.mark.rule("FUND-9")
@given(st.integers(0, 10**11), WEIGHTS)
def test_shares_sum_to_the_fen_and_the_largest_gets_what_is_left(amount: int, weights: list[int]) -> None:
    named = [(f"{place:03}", weight) for place, weight in enumerate(weights)]
    shares = share_interest(amount, named)
    total, largest = sum(weights), f"{weights.index(max(weights)):03}"
    assert sum(shares.values()) == amount
    assert set(shares) == {key for key, weight in named if weight}
    for key, weight in named:
        if weight and key != largest:
            assert shares[key] == amount * weight // total
    assert 0 <= shares[largest] - amount * max(weights) // total < len(shares)


@pytest.mark.rule("FUND-9")
@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**9), min_size=2, max_size=8, unique=True), st.randoms())
def test_shares_do_not_depend_on_the_order_of_accounts(amount: int, weights: list[int], dice: object) -> None:
    named = [(str(weight), weight) for weight in weights]
    mixed = list(named)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert share_interest(amount, mixed) == share_interest(amount, named)


def test_nobody_to_share_with_is_a_fault() -> None:
    for weights in ([], [("a", 0)], [("a", -5)]):
        with pytest.raises(ValueError, match="somebody earns"):
            share_interest(1, weights)


@pytest.mark.rule("FUND-10")
@pytest.mark.parametrize(
    ("county", "kind", "demand_part", "kept"),
    [
        (ZD, IncomeKind.VALUE_ADDED, None, 0),
        (ZD, IncomeKind.VALUE_ADDED, 200, 0),
        (TQ, IncomeKind.VALUE_ADDED, 200, 800),
        (TQ, IncomeKind.VALUE_ADDED, 1_000, 0),
        (TQ, IncomeKind.DEMAND_INTEREST, None, 0),
        (TQ, IncomeKind.BOND_GAIN, None, 0),
    ],
)
def test_only_what_exceeds_demand_interest_is_pooled(
    county: str, kind: IncomeKind, demand_part: int | None, kept: int
) -> None:
    assert pooled(profile(county, ON), kind, 1_000, demand_part) == kept


@pytest.mark.rule("FUND-10")
@pytest.mark.parametrize(
    ("demand_part", "code"), [(None, ErrorCode.REQUIRED), (-1, ErrorCode.OUT_OF_RANGE), (1_001, ErrorCode.OUT_OF_RANGE)]
)
def test_where_income_is_pooled_the_demand_interest_is_said(demand_part: int | None, code: ErrorCode) -> None:
    with pytest.raises(Refusal) as refused:
        pooled(profile(TQ, ON), IncomeKind.VALUE_ADDED, 1_000, demand_part)
    assert (refused.value.code, refused.value.field) == (code, "demandPart")


@pytest.mark.rule("FUND-10")
def test_only_a_county_that_pools_has_a_pool() -> None:
    check_pool_use(profile(TQ, ON))
    with pytest.raises(Refusal) as refused:
        check_pool_use(profile(ZD, ON))
    assert refused.value.code is ErrorCode.NO_POOL


@pytest.mark.rule("FUND-10")
def test_a_year_is_shared_in_the_next_ones_first_quarter() -> None:
    check_year(2025, date(2026, 1, 1))
    with pytest.raises(Refusal) as refused:
        check_year(2025, date(2025, 12, 31))
    assert refused.value.params == {"earliest": date(2026, 1, 1)}
    assert distribution_due(2025) == date(2026, 3, 31)
    assert income_year(date(2025, 12, 21), {2024}) == 2025
    assert income_year(date(2025, 12, 21), {2024, 2025}) == 2026
