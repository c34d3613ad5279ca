"""When an account is too low, what fills it, and which decision it takes (FUND-8, G-4)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ErrorCode, Refusal
from domain.fund_demands import DemandState
from domain.fund_renewals import (
    Standing,
    check_press,
    check_target,
    is_below,
    pay_by,
    renewal_passed,
    to_pay,
)
from domain.fund_votes import VoteFigures
from domain.profiles import profile

ZD = profile("370303", date(2026, 3, 2))


@pytest.mark.rule("FUND-8", "G-4")
@pytest.mark.parametrize(("balance", "below"), [(240_000, False), (239_999, True), (0, True), (800_000, False)])
def test_exactly_thirty_percent_is_not_below(balance: int, below: bool) -> None:
    assert is_below(ZD, Standing(800_000, balance)) is below


@pytest.mark.rule("FUND-8")
@given(st.integers(1, 10**10), st.integers(0, 10**10), st.integers(30, 100))
def test_what_is_paid_fills_the_account_and_no_fen_more(first: int, balance: int, percent: int) -> None:
    paid = to_pay(Standing(first, balance), percent)
    if paid:
        assert (balance + paid) * 100 >= first * percent > (balance + paid - 1) * 100
        assert not is_below(ZD, Standing(first, balance + paid))
    else:
        assert balance * 100 >= first * percent


@pytest.mark.rule("FUND-8", "V-4")
@pytest.mark.parametrize(
    ("figures", "passed"),
    [
        ((1_000, 7, 700, 5, 600, 4), True),  # G-1 passes V-4 too
        ((1_000, 8, 800, 8, 600, 6), True),  # exactly three quarters
        ((1_000, 8, 800, 8, 599, 6), False),
        ((1_000, 8, 800, 8, 600, 5), False),
        ((1_000, 7, 600, 4, 600, 4), False),  # too few took part
    ],
)
def test_raising_the_fund_takes_three_quarters(figures: tuple[int, ...], passed: bool) -> None:
    assert renewal_passed(VoteFigures(*figures)) is passed


@pytest.mark.rule("FUND-8")
def test_it_is_paid_within_thirty_days_of_the_notice_and_pressed_after() -> None:
    due_on = pay_by(ZD, date(2026, 3, 2))
    assert due_on == date(2026, 4, 1)
    check_press(DemandState.OPEN, due_on, None, date(2026, 4, 2))
    for state, pressed_on, day, code in (
        (DemandState.OPEN, None, due_on, ErrorCode.TOO_EARLY),
        (DemandState.PAID, None, date(2026, 4, 2), ErrorCode.ACTION_NOT_AVAILABLE),
        (DemandState.OPEN, due_on, date(2026, 4, 2), ErrorCode.ACTION_NOT_AVAILABLE),
    ):
        with pytest.raises(Refusal) as refused:
            check_press(state, due_on, pressed_on, day)
        assert refused.value.code is code


@pytest.mark.parametrize(("percent", "refused"), [(29, True), (30, False), (100, False), (101, True)])
def test_a_renewal_fills_up_to_the_first_deposit_at_most(percent: int, refused: bool) -> None:
    if not refused:
        check_target(ZD, percent)
        return
    with pytest.raises(Refusal) as caught:
        check_target(replace(ZD, fund_renewal_below_percent=30), percent)
    assert (caught.value.code, caught.value.field) == (ErrorCode.OUT_OF_RANGE, "targetPercent")
