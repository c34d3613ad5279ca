"""Late fees (违约金): only where the contract agrees one; simple, by the day, capped, never on themselves (FEE-9)."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from domain.money import half_up


def late_fen_days(owed: int, payments: Iterable[tuple[date, int]], due_on: date, until: date) -> int:
    """What was owed late, in fen × days: each part of ``owed`` counts from the day after ``due_on`` to the day it was paid.

    ``payments`` are the allocations by day, fen; what went back counts against them, with the day it was paid where a
    reduction gave it back. The rest counts until ``until``.

    >>> late_fen_days(10_000, [(date(2026, 3, 11), 4_000)], date(2026, 3, 1), date(2026, 3, 31))
    220000
    """
    open_fen, counted = owed, 0
    for day, fen in payments:
        open_fen -= fen
        counted += fen * max(0, (day - due_on).days)
    return counted + open_fen * max(0, (until - due_on).days)


def late_fee(owed: int, fen_days: int, rate_per_100000: int, cap_percent: int) -> int:
    """The late fee in fen on a claim of ``owed`` fen, rounded once, half up; at most ``cap_percent`` of the claim (FEE-9).

    ``rate_per_100000`` is the agreed daily rate in hundred-thousandths: 30 is 0.03 %.

    >>> late_fee(10_000, 220_000, 30, 30), late_fee(10_000, 11_000_000, 30, 30)
    (66, 3000)
    """
    return min(half_up(Fraction(fen_days * rate_per_100000, 100_000)), owed * cap_percent // 100)
