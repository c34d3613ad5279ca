"""The outcome of an owners' vote on fund use from its figures, by the law's plain majorities (V-3, V-5, V-31).

Until votes are held on the platform, their figures are attested by the committee, or by who stands in for it.
"""

from dataclasses import dataclass

from domain.errors import ErrorCode, Refusal
from domain.money import ratio_above, ratio_at_least
from domain.records import Record


@dataclass(frozen=True)
class VoteFigures(Record):
    """A counted vote: areas in 0.01 m², heads as V-9 counts them."""

    scope_area: int
    scope_heads: int
    participating_area: int
    participating_heads: int
    for_area: int
    for_heads: int


def checked(figures: VoteFigures) -> VoteFigures:
    """The figures; ``OUT_OF_RANGE`` unless the fors are among the participants and these among the owners."""
    pairs = (
        ("participatingArea", figures.participating_area, figures.scope_area),
        ("participatingHeads", figures.participating_heads, figures.scope_heads),
        ("forArea", figures.for_area, figures.participating_area),
        ("forHeads", figures.for_heads, figures.participating_heads),
    )
    for field, part, whole in pairs:
        if not 0 <= part <= whole:
            raise Refusal(ErrorCode.OUT_OF_RANGE, f"figures.{field}", least=0, most=whole)
    return figures


def strictly_passed(figures: VoteFigures) -> bool:
    """Civil Code 278: two thirds of area and heads take part, more than half of both of these are for (V-3, V-5, V-7).

    >>> strictly_passed(VoteFigures(1_000, 7, 700, 5, 600, 4))  # golden example G-1
    True
    >>> strictly_passed(VoteFigures(1_000, 7, 600, 4, 600, 4))  # G-2: everybody for, too few took part
    False
    """
    quorum = ratio_at_least(figures.participating_area, figures.scope_area, 2, 3) and ratio_at_least(
        figures.participating_heads, figures.scope_heads, 2, 3
    )
    support = ratio_above(figures.for_area, figures.participating_area, 1, 2) and ratio_above(
        figures.for_heads, figures.participating_heads, 1, 2
    )
    return quorum and support
