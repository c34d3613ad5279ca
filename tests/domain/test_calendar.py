"""Counting days as C-2 and the State Council's arrangements say."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import (
    SHANGHAI,
    add_days,
    add_working_days,
    anniversary,
    days_between,
    deadline,
    end_of,
    holidays_known,
    is_working_day,
    next_working_day,
    start_of,
    today,
    within,
    within_hours,
)

DAYS = st.dates(date(2023, 1, 1), date(2028, 12, 31))


@pytest.mark.parametrize(
    ("day", "working", "why"),
    [
        (date(2024, 2, 4), True, "Sunday worked for Spring Festival"),
        (date(2024, 2, 9), True, "New Year's Eve 2024 was no day off"),
        (date(2024, 2, 12), False, "Spring Festival"),
        (date(2024, 9, 14), True, "Saturday worked for Mid-Autumn"),
        (date(2024, 10, 7), False, "last day of the National Day holiday"),
        (date(2025, 1, 28), False, "New Year's Eve 2025 was off"),
        (date(2025, 4, 27), True, "Sunday worked for Labour Day"),
        (date(2025, 5, 5), False, "Labour Day, a Monday"),
        (date(2025, 10, 8), False, "National Day and Mid-Autumn"),
        (date(2025, 10, 11), True, "Saturday worked"),
        (date(2026, 2, 23), False, "ninth day of Spring Festival"),
        (date(2026, 2, 28), True, "Saturday worked"),
        (date(2026, 9, 20), True, "Sunday worked for National Day"),
        (date(2025, 6, 14), False, "a plain Saturday"),
        (date(2025, 6, 16), True, "a plain Monday"),
        (date(2031, 10, 1), True, "a Wednesday in a year that is not in the table"),
        (date(2031, 10, 4), False, "its Saturday"),
    ],
)
def test_working_days(day: date, working: bool, why: str) -> None:
    assert is_working_day(day) is working, why


@pytest.mark.parametrize(("year", "statutory", "worked"), [(2023, 11, 7), (2024, 11, 8), (2025, 13, 5), (2026, 13, 6)])
def test_each_years_weekdays_off_are_its_statutory_holidays_and_what_worked_weekends_pay_for(
    year: int, statutory: int, worked: int
) -> None:
    days = [
        date(year, 1, 1) + timedelta(days=n) for n in range(366) if (date(year, 1, 1) + timedelta(days=n)).year == year
    ]
    assert holidays_known(year)
    assert sum(day.weekday() >= 5 and is_working_day(day) for day in days) == worked
    assert sum(day.weekday() < 5 and not is_working_day(day) for day in days) == statutory + worked


def test_years_without_a_notice_are_not_claimed_to_be_known() -> None:
    assert not holidays_known(2027)


@pytest.mark.parametrize(
    ("event", "days", "last"),
    [
        (date(2025, 6, 2), 10, date(2025, 6, 12)),  # the day of the event is not counted
        (date(2025, 6, 4), 10, date(2025, 6, 16)),  # a Saturday rolls to Monday
        (date(2025, 9, 24), 10, date(2025, 10, 9)),  # a holiday rolls to its end
        (date(2025, 4, 17), 10, date(2025, 4, 27)),  # a worked Sunday does not roll
        (date(2025, 6, 2), 0, date(2025, 6, 3)),  # on the day itself, which was Dragon Boat
    ],
)
def test_a_deadline_to_act(event: date, days: int, last: date) -> None:
    assert deadline(event, days) == last


@pytest.mark.parametrize(
    ("event", "days", "last"),
    [
        (date(2025, 6, 13), 1, date(2025, 6, 16)),
        (date(2025, 9, 26), 3, date(2025, 9, 30)),  # the worked Sunday counts
        (date(2025, 9, 30), 1, date(2025, 10, 9)),
        (date(2025, 10, 3), 5, date(2025, 10, 14)),  # an event in the holiday
    ],
)
def test_working_days_to_act(event: date, days: int, last: date) -> None:
    assert add_working_days(event, days) == last


def test_working_days_are_not_counted_backward() -> None:
    with pytest.raises(ValueError, match="forward"):
        add_working_days(date(2025, 6, 13), -1)


@pytest.mark.parametrize(
    ("day", "years", "last"),
    [
        (date(2024, 5, 10), 1, date(2025, 5, 10)),  # G-7: a Saturday stays
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2023, 2, 28), 1, date(2024, 2, 28)),
    ],
)
def test_periods_of_years_end_on_the_same_date_and_never_roll(day: date, years: int, last: date) -> None:
    assert anniversary(day, years) == last


def test_a_day_ends_at_24_in_shanghai() -> None:
    day = date(2025, 3, 25)
    assert end_of(day) == datetime(2025, 3, 25, 16, tzinfo=UTC)
    assert start_of(day) == datetime(2025, 3, 24, 16, tzinfo=UTC)
    assert within(day).on == day
    assert within(day).at == end_of(day)
    assert today(datetime(2025, 3, 25, 15, 59, 59, tzinfo=UTC)) == day
    assert today(datetime(2025, 3, 25, 16, tzinfo=UTC)) == date(2025, 3, 26)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        today(datetime(2025, 3, 25, 12))  # noqa: DTZ001


def test_hours_run_from_the_instant_through_nights_and_holidays() -> None:
    since = datetime(2025, 9, 30, 20, tzinfo=SHANGHAI)
    due = within_hours(since, 24)
    assert due.at == datetime(2025, 10, 1, 20, tzinfo=SHANGHAI)
    assert due.on == date(2025, 10, 1)


@given(DAYS, st.integers(0, 60))
def test_a_deadline_is_the_first_working_day_at_or_after_its_last_day(day: date, days: int) -> None:
    last = deadline(day, days)
    assert is_working_day(last)
    passed = days_between(add_days(day, days), last)
    assert passed >= 0
    assert not any(is_working_day(last - timedelta(days=n)) for n in range(1, passed + 1))


@given(DAYS, st.integers(0, 40))
def test_working_days_count_exactly_the_working_days_after_the_event(day: date, days: int) -> None:
    last = add_working_days(day, days)
    counted = [day + timedelta(days=n) for n in range(1, days_between(day, last) + 1)]
    assert sum(is_working_day(each) for each in counted) == days
    assert last == day or is_working_day(last)


@given(DAYS)
def test_the_next_working_day_of_a_working_day_is_itself(day: date) -> None:
    assert next_working_day(next_working_day(day)) == next_working_day(day)
