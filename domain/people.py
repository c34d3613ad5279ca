"""Who holds a unit: what a set of holders must fulfil (V-10, V-11)."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from domain.errors import ErrorCode, Refusal
from domain.estates import OwnershipKind

FULL_AGE = 18
MOST_HOLDERS = 50


def check_holding(
    kind: OwnershipKind,
    shares: Sequence[tuple[int | None, int | None]],
    representatives: int,
    field: str = "holders",
) -> None:
    """Whether these holders can hold one unit together.

    One for ``SOLE``, at least two otherwise; ``SHARES`` need a share each that add up to one, the others have none; at
    most one representative. Refuses ``OUT_OF_RANGE`` or ``INVALID_INPUT``.

    >>> check_holding(OwnershipKind.SHARES, [(1, 3), (2, 3)], 1)
    """
    least, most = (1, 1) if kind is OwnershipKind.SOLE else (2, MOST_HOLDERS)
    if not least <= len(shares) <= most:
        raise Refusal(ErrorCode.OUT_OF_RANGE, field, least=least, most=most)
    if representatives > 1:
        raise Refusal(ErrorCode.INVALID_INPUT, field)
    if kind is not OwnershipKind.SHARES:
        if any(part is not None for share in shares for part in share):
            raise Refusal(ErrorCode.INVALID_INPUT, field)
        return
    parts = [
        Fraction(numerator, denominator)
        for numerator, denominator in shares
        if numerator is not None and denominator is not None and 0 < numerator <= denominator
    ]
    if len(parts) != len(shares) or sum(parts) != 1:
        raise Refusal(ErrorCode.INVALID_INPUT, field)


def born_on(id_number: str) -> date:
    """The birthday in a checked resident identity number.

    >>> born_on("11010519491231002X")
    datetime.date(1949, 12, 31)
    """
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def is_minor(born: date, today: date) -> bool:
    """Under 18 years of age on ``today`` (Civil Code 17).

    >>> is_minor(date(2008, 3, 1), date(2026, 2, 28)), is_minor(date(2008, 3, 1), date(2026, 3, 1))
    (True, False)
    """
    return (today.year - born.year, today.month, today.day) < (FULL_AGE, born.month, born.day)
