"""An owners' vote on fund matters that was held elsewhere: its figures as the committee, or who stands in for it, attests them.

The law's majorities are those of ``tallies`` (V-3 to V-5, V-31).
"""

from dataclasses import dataclass

from domain.errors import ErrorCode, Refusal
from domain.records import Record
from domain.tallies import Count, Matter, Outcome, majority


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


def strictly_passed(figures: VoteFigures, matter: Matter) -> bool:
    """Whether Civil Code 278 passes what these figures say of a matter.

    >>> strictly_passed(VoteFigures(1_000, 7, 600, 4, 600, 4), Matter.FUND_USE)  # G-2: everybody for, too few took part
    False
    """
    scope = Count(figures.scope_area, figures.scope_heads)
    participating = Count(figures.participating_area, figures.participating_heads)
    return majority(matter, scope, participating, Count(figures.for_area, figures.for_heads)) is Outcome.PASSED
