"""Days as the law counts them, in Asia/Shanghai (C-2).

The day of the event is not counted and a period ends at 24:00 of its last day. A deadline *to act* whose last day is no
working day moves to the next working day; bans, terms of office, postings and validity periods never move. Working days
follow the State Council's yearly arrangements in ``data/holidays.toml``; a year that is not there has plain weekends.
"""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Due:
    """When something must be done: ``on`` is the last day, ``at`` the first instant at which it is late."""

    on: date
    at: datetime


@cache
def _arrangements() -> tuple[frozenset[date], frozenset[date], frozenset[int]]:
    """Days off, working days on weekends, and the years that are known."""
    years = tomllib.loads(files("domain.data").joinpath("holidays.toml").read_text("utf-8"))["year"]
    off: set[date] = set()
    on: set[date] = set()
    for year in years:
        on.update(year["working"])
        for first, last in year["off"].values():
            off.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return frozenset(off), frozenset(on), frozenset(year["year"] for year in years)


def holidays_known(year: int) -> bool:
    """Whether the State Council's arrangement of the year is in the table; otherwise only weekends are off."""
    return year in _arrangements()[2]


def today(now: datetime) -> date:
    """The day in Shanghai at an instant. Raises ``ValueError`` for an instant without a zone."""
    if now.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return now.astimezone(SHANGHAI).date()


def end_of(day: date) -> datetime:
    """24:00 of a day in Shanghai: the first instant after it."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


def start_of(day: date) -> datetime:
    """0:00 of a day in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def is_working_day(day: date) -> bool:
    """Whether offices work on a day: weekdays but holidays, and the weekend days that make up for holidays."""
    off, on, _ = _arrangements()
    return day in on or (day.weekday() < SATURDAY and day not in off)


def next_working_day(day: date) -> date:
    """The day itself when it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def add_days(day: date, days: int) -> date:
    """The last day of a period of calendar days after an event on ``day``, which is not counted; it does not roll."""
    return day + timedelta(days=days)


def deadline(day: date, days: int) -> date:
    """The last day to act within ``days`` calendar days of an event on ``day``: rolls to the next working day (C-2).

    >>> deadline(date(2025, 9, 24), 10)  # 4 October lies in the National Day holiday, which ends on the 8th
    datetime.date(2025, 10, 9)
    """
    return next_working_day(add_days(day, days))


def add_working_days(day: date, days: int) -> date:
    """The last day to act within ``days`` working days of an event on ``day``, which is not counted.

    >>> add_working_days(date(2025, 4, 30), 2)  # May Day; the 27th of April was the make-up day
    datetime.date(2025, 5, 7)
    """
    if days < 0:
        raise ValueError("working days are counted forward")
    for _ in range(days):
        day = next_working_day(day + timedelta(days=1))
    return day


def anniversary(day: date, years: int = 1) -> date:
    """The last day of a period of years: the same date, or the month's last day where it has none (Civil Code 202).

    >>> anniversary(date(2024, 5, 10))  # a Saturday: periods of years do not roll
    datetime.date(2025, 5, 10)
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def days_between(first: date, last: date) -> int:
    """How many days ``last`` lies after ``first``."""
    return (last - first).days


def within_hours(since: datetime, hours: int) -> Due:
    """A period of hours, which runs from the instant of the event and does not roll."""
    at = since + timedelta(hours=hours)
    return Due(today(at), at)


def within(on: date) -> Due:
    """A period whose last day is ``on``: it ends at 24:00 (Civil Code 201, 203)."""
    return Due(on, end_of(on))
