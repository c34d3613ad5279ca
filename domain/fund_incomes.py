"""Income of the maintenance fund: what the bank credits, what of it belongs on the accounts, and how it is shared (FUND-9,
FUND-10).

Interest is shared by day-weighted balance: the sum of an account's balances at the end of each day of the year. Everything
is integer fen.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import count
from typing import TypeVar

from domain.errors import ErrorCode, Refusal
from domain.profiles.parameters import Profile, ValueAddedIncome
from domain.terms import Term

K = TypeVar("K", bound=str)


class IncomeKind(Term):
    """What earned it (收益类型)."""

    DEMAND_INTEREST = "DEMAND_INTEREST", "Interest at the demand-deposit rate (活期利息)."
    VALUE_ADDED = "VALUE_ADDED", "What time deposits and the like earned (增值收益, FUND-10)."
    BOND_GAIN = "BOND_GAIN", "What government bonds earned (国债收益, FUND-9)."


class PoolUse(Term):
    """What value-added income may be used for where it is pooled (TQ-103)."""

    PROPERTY_IMPROVEMENT = "PROPERTY_IMPROVEMENT", "Better common parts and equipment (改善物业)."
    LIFE_SERVICES = "LIFE_SERVICES", "Services for the residents' life (居民生活服务)."


def pooled(profile: Profile, kind: IncomeKind, amount: int, demand_part: int | None) -> int:
    """What of an income (fen) stays in the pool instead of going to the accounts (FUND-10).

    Only where the county pools, only of value-added income, and of that only what exceeds ``demand_part``, the interest
    that the same money would have earned at the demand rate (TQ-103). ``REQUIRED`` where that is not said,
    ``OUT_OF_RANGE`` for more than the income or less than nothing.
    """
    if kind is not IncomeKind.VALUE_ADDED or profile.value_added_income is ValueAddedIncome.DISTRIBUTE:
        return 0
    if demand_part is None:
        raise Refusal(ErrorCode.REQUIRED, "demandPart")
    if not 0 <= demand_part <= amount:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "demandPart", least=0, most=amount)
    return amount - demand_part


def check_pool_use(profile: Profile) -> None:
    """Where income is distributed there is no pool to use. ``NO_POOL``."""
    if profile.value_added_income is ValueAddedIncome.DISTRIBUTE:
        raise Refusal(ErrorCode.NO_POOL)


def check_year(year: int, today: date) -> None:
    """A year's income is shared once the year is over. ``TOO_EARLY``."""
    if today.year <= year:
        raise Refusal(ErrorCode.TOO_EARLY, "year", earliest=date(year + 1, 1, 1))


def distribution_due(year: int) -> date:
    """The last day to share and publish a year's income: the end of the next year's first quarter (FUND-10)."""
    return date(year + 1, 3, 31)


def income_year(value_date: date, distributed: Collection[int]) -> int:
    """The year with whose income a credit is shared: its own, or the next that was not shared already."""
    return next(year for year in count(value_date.year) if year not in distributed)


def day_weight(changes: Iterable[tuple[date, int]], year: int) -> int:
    """The sum of an account's balances (fen) at the end of each day of ``year``, from its dated changes.

    Money counts from its own day on, and no longer on the day on which it leaves.

    >>> day_weight([(date(2024, 12, 31), 100), (date(2025, 12, 31), -100)], 2025)  # held on 364 days of 365
    36400
    """
    first, last = date(year, 1, 1), date(year, 12, 31)
    return sum(fen * ((last - max(day, first)).days + 1) for day, fen in changes if day <= last)


def share_interest(amount: int, weights: Sequence[tuple[K, int]]) -> Mapping[K, int]:
    """Share ``amount`` fen by weight: floors, and what is left over to the largest account, of equals to the smaller key
    (FUND-9). Accounts without a positive weight get nothing and are not named. ``ValueError`` when there is none.

    >>> share_interest(100, [("a", 1), ("b", 1), ("c", 1), ("d", 0)])
    {'a': 34, 'b': 33, 'c': 33}
    """
    earning = [(key, weight) for key, weight in weights if weight > 0]
    if amount < 0 or not earning:
        raise ValueError("interest is not negative, and somebody earns it")
    total = sum(weight for _, weight in earning)
    shares = {key: amount * weight // total for key, weight in earning}
    largest = min(earning, key=lambda pair: (-pair[1], pair[0]))[0]
    shares[largest] += amount - sum(shares.values())
    return shares
