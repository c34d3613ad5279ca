"""Money in integer fen, areas in integer 0.01 m², and the few places where they meet (C-3, FEE-2, FUND-18)."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import TypeVar

K = TypeVar("K", bound=str)


def half_up(amount: Fraction) -> int:
    """To the nearest integer, halves away from zero, as bills are rounded (FEE-2).

    >>> half_up(Fraction(9762500, 1000))
    9763
    """
    magnitude = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
    return magnitude if amount >= 0 else -magnitude


def line_amount(area_001m2: int, unit_price_fen: int, months: int | Fraction) -> int:
    """One bill line in fen: area (0.01 m²) × price (fen per m² and month) × months, rounded once, half up (FEE-2, G-5).

    >>> line_amount(9537, 120, 3)  # 95.37 m² × ¥1.20 × 3
    34333
    """
    return half_up(Fraction(area_001m2 * unit_price_fen, 100) * months)


def months_between(first: date, last: date) -> Fraction:
    """The months from ``first`` to ``last``, both included; a part month is its days by its actual days (FEE-2).

    >>> months_between(date(2025, 2, 15), date(2025, 3, 31))
    Fraction(3, 2)
    """
    if last < first:
        raise ValueError("a period ends on or after the day it starts")
    months = Fraction(0)
    day = first
    while day <= last:
        following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        until = min(last, following - timedelta(days=1))
        days_in_month = (following - day.replace(day=1)).days
        months += Fraction((until - day).days + 1, days_in_month)
        day = following
    return months


def apportion(cost: int, weights: Sequence[tuple[K, int]]) -> dict[K, int]:
    """Split ``cost`` (fen, not negative) by integer weights so that the parts sum to the fen (FUND-18, G-3).

    Each part is floored; the fen left over go to the largest fractions, ties to the smaller key. Keys keep their order.
    Raises ``ValueError`` for a negative cost or weight, a repeated key, or a cost without any weight to bear it.

    >>> apportion(10_000, [("a", 8050), ("b", 12025), ("c", 9999)])
    {'a': 2677, 'b': 3998, 'c': 3325}
    """
    total = sum(weight for _, weight in weights)
    if cost < 0 or any(weight < 0 for _, weight in weights):
        raise ValueError("costs and weights are not negative")
    if len({key for key, _ in weights}) != len(weights):
        raise ValueError("a key bears one share")
    if not total:
        if cost:
            raise ValueError("nobody bears the cost")
        return dict.fromkeys((key for key, _ in weights), 0)
    shares = {key: cost * weight // total for key, weight in weights}
    by_fraction = sorted(weights, key=lambda pair: (-(cost * pair[1] % total), pair[0]))
    for key, _ in by_fraction[: cost - sum(shares.values())]:
        shares[key] += 1
    return shares


def ratio_at_least(part: int, whole: int, numerator: int, denominator: int) -> bool:
    """Whether part/whole ≥ numerator/denominator, by cross-multiplication; of nothing, no ratio (C-1, C-3)."""
    return whole > 0 and part * denominator >= whole * numerator


def ratio_above(part: int, whole: int, numerator: int, denominator: int) -> bool:
    """Whether part/whole > numerator/denominator: 过半数 and 超过 do not include the number (C-1)."""
    return whole > 0 and part * denominator > whole * numerator


def ratio_below(part: int, whole: int, numerator: int, denominator: int) -> bool:
    """Whether part/whole < numerator/denominator; exactly 30 % is not below 30 % (FUND-8)."""
    return whole > 0 and part * denominator < whole * numerator


def format_fen(fen: int) -> str:
    """Fen as people read it.

    >>> format_fen(123456), format_fen(-5)
    ('¥1,234.56', '-¥0.05')
    """
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}¥{yuan:,}.{rest:02d}"
