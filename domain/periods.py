"""Periods of workflow steps: lengths that live in a profile, counted from a state's start or from a day of the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from domain.calendar import Due, add_days, add_working_days, deadline, start_of, today, within, within_hours
from domain.profiles.parameters import Profile

Facts = Mapping[str, Any]


class Unit(StrEnum):
    """What a period is counted in."""

    DAYS = "DAYS"
    WORKING_DAYS = "WORKING_DAYS"
    HOURS = "HOURS"


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time from a state's start or a fact: a number, or the name of the profile parameter that holds it."""

    amount: int | str
    unit: Unit
    since: str | None = None
    """The fact with the day from which is counted; by default the instant at which the case entered its state."""
    backward: bool = False
    """Counted back from ``since``: the period ends when only ``amount`` days are left."""
    rolls: bool = True
    """Whether a last day on a holiday moves on: deadlines to act do, postings and validity do not (C-2)."""

    def length(self, profile: Profile) -> int:
        """The number, read from the profile where it lives there."""
        return self.amount if isinstance(self.amount, int) else int(getattr(profile, self.amount))

    def due(self, profile: Profile, facts: Facts, entered: datetime | None) -> Due | None:
        """When the period ends; ``None`` while its starting day is not known."""
        length = self.length(profile)
        start: date | None = facts.get(self.since) if self.since else entered and today(entered)
        if start is None:
            return None
        if self.backward:
            return within(add_days(start, -length - 1))
        if self.unit is Unit.HOURS:
            return within_hours(entered if entered and not self.since else start_of(start), length)
        if self.unit is Unit.WORKING_DAYS:
            return within(add_working_days(start, length))
        return within(deadline(start, length) if self.rolls else add_days(start, length))


def days(amount: int | str, since: str | None = None) -> Period:
    """Calendar days to act in: the last day rolls to a working day."""
    return Period(amount, Unit.DAYS, since)


def posting(amount: int | str, since: str | None = None) -> Period:
    """Calendar days of posting or validity, which never roll."""
    return Period(amount, Unit.DAYS, since, rolls=False)


def working_days(amount: int | str, since: str | None = None) -> Period:
    """Working days to act in."""
    return Period(amount, Unit.WORKING_DAYS, since)


def hours(amount: int | str) -> Period:
    """Hours from the instant at which the case entered its state."""
    return Period(amount, Unit.HOURS)


def days_before(amount: int | str, day: str) -> Period:
    """Until only so many days are left before the day that a fact names (``0``: until that day begins)."""
    return Period(amount, Unit.DAYS, day, backward=True, rolls=False)


def end_of_day(day: str) -> Period:
    """Until 24:00 of the day that a fact names, which does not roll."""
    return Period(0, Unit.DAYS, day, rolls=False)
