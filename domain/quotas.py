"""Quotas (配额): how much a caller may ask, as a leaky bucket. One point is one row that an operation could return.

A bucket holds ``points`` and loses ``per_second`` of what is in it each second. A request pours its cost in; one that
would overflow is refused until enough has leaked away. Payments may go over the brim by as much again, so that a caller
who has asked too much can still pay.
"""

from dataclasses import dataclass
from math import ceil

PORTION = 20
"""A server process lets a bucket take a twentieth of its points before it settles with the others: so far each of them
may be off the mark."""

PAYMENT_RESERVE = 2
"""Payments fill a bucket up to this many times its points."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The points that a bucket holds and loses each second; both are positive."""

    points: int
    per_second: int

    def __post_init__(self) -> None:
        if self.points < 1 or self.per_second < 1:
            raise ValueError("a quota has at least one point, and one per second")

    @classmethod
    def parse(cls, text: str) -> "Quota":
        """``"60000/300"``: points, and points per second. Raises ``ValueError``."""
        points, slash, per_second = text.partition("/")
        if not (slash and points.strip().isdecimal() and per_second.strip().isdecimal()):
            raise ValueError("must look like 60000/300: points, and points per second")
        return cls(int(points), int(per_second))

    def __str__(self) -> str:
        return f"{self.points}/{self.per_second}"

    def times(self, factor: int) -> "Quota":
        """So many times as much of both."""
        return Quota(self.points * factor, self.per_second * factor)

    def brim(self, *, payment: bool) -> int:
        """How full a request may make the bucket."""
        return self.points * PAYMENT_RESERVE if payment else self.points

    def wait(self, level: float, cost: int, *, payment: bool = False) -> int:
        """Whole seconds until ``cost`` fits into a bucket that is this full; 0 when it fits now."""
        return max(0, ceil((level + cost - self.brim(payment=payment)) / self.per_second))
