"""Counting an owners' vote (计票) from the frozen roll and the ballots: pure, so that anybody can count again (V-20).

The strict count is the law's (Civil Code 278). A special mode for fund use (V-28 to V-30) reads silence or objections in
another way; it is always given beside the strict count, and which of the two decides is the county's (V-31).

A *head* (人数) is a buyer with all of the units that the same people hold (V-9, V-11): it casts one ballot for all of them
(V-12), and its areas count in full. Areas are in 0.01 m².
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from domain.money import ratio_above, ratio_at_least
from domain.profiles.parameters import VoteMode
from domain.terms import Term


class Matter(Term):
    """What owners decide jointly (Civil Code 278); it fixes the majority (V-1)."""

    RULES_OF_PROCEDURE = "RULES_OF_PROCEDURE", "(1) The assembly's rules of procedure (业主大会议事规则)."
    COVENANT = "COVENANT", "(2) The covenant (管理规约)."
    ELECTION = "ELECTION", "(3) Electing the committee or replacing its members (选举业主委员会)."
    MANAGER = "MANAGER", "(4) Selecting or dismissing the company or another manager (选聘、解聘)."
    FUND_USE = "FUND_USE", "(5) Using the maintenance fund (使用维修资金)."
    FUND_RAISING = "FUND_RAISING", "(6) Raising the maintenance fund (筹集维修资金)."
    REBUILDING = "REBUILDING", "(7) Altering or rebuilding (改建、重建)."
    COMMON_PARTS = "COMMON_PARTS", "(8) Changing the use of common parts or doing business with them (共有部分经营)."
    OTHER = "OTHER", "(9) Other major matters (其他重大事项)."


QUALIFIED = frozenset({Matter.FUND_RAISING, Matter.REBUILDING, Matter.COMMON_PARTS})
"""Three quarters of the participants instead of more than half (V-4)."""


class Choice(Term):
    """What a ballot says."""

    FOR = "FOR", "For (同意)."
    AGAINST = "AGAINST", "Against (反对)."
    ABSTAIN = "ABSTAIN", "Abstains (弃权): takes part and does not agree (V-6)."


class Outcome(Term):
    """What a count gives."""

    PASSED = "PASSED", "Passed."
    FAILED_QUORUM = "FAILED_QUORUM", "Failed: too few took part (V-3)."
    FAILED_SUPPORT = "FAILED_SUPPORT", "Failed: too few were for it, or too many against (V-4, V-5, V-29)."


@dataclass(frozen=True, slots=True)
class RollUnit:
    """A unit of the frozen roll (V-16): its head, its area, and whether its owner was served with the ballot."""

    unit: str
    head: str
    area: int
    served: bool = False


class Count(NamedTuple):
    """Areas and heads."""

    area: int = 0
    heads: int = 0

    def __add__(self, other: Self) -> "Count":  # type: ignore[override]
        return Count(self.area + other.area, self.heads + other.heads)


class Heads(NamedTuple):
    """Heads that are alike: what their ballots say of an item, and whether each was served at each of its units."""

    choice: Choice | None
    """``None``: no valid ballot."""
    served: bool
    size: Count
    """How many they are, with what area."""


@dataclass(frozen=True)
class Tally:
    """A counted item. Invalid ballots and silence are in the scope alone (V-6)."""

    scope: Count
    for_: Count
    against: Count
    abstained: Count
    silent_served: Count
    """Heads without a valid ballot whose every unit in scope was served with proof (V-28)."""

    @property
    def participating(self) -> Count:
        """Who cast a valid ballot."""
        return self.for_ + self.against + self.abstained


def tally(roll: Iterable[RollUnit], ballots: Mapping[str, Choice]) -> Tally:
    """Count ballots (by head) over the units of the scope; a head without a valid ballot is simply not in ``ballots``.

    A ballot of a head that has no unit in the scope counts for nothing (V-15).

    >>> roll = [RollUnit("1", "a", 10_000), RollUnit("2", "a", 10_000), RollUnit("3", "b", 10_000)]
    >>> tally(roll, {"a": Choice.FOR}).for_
    Count(area=20000, heads=1)
    """
    areas: dict[str, int] = {}
    unserved: set[str] = set()
    for unit in roll:
        areas[unit.head] = areas.get(unit.head, 0) + unit.area
        if not unit.served:
            unserved.add(unit.head)
    return counted(
        Heads(ballots.get(head), served=head not in unserved, size=Count(area, 1)) for head, area in areas.items()
    )


def counted(scope: Iterable[Heads]) -> Tally:
    """Count heads: one by one, or those that are alike together, which gives the same.

    >>> both = Heads(Choice.FOR, served=True, size=Count(30_000, 2))
    >>> counted([both]).participating
    Count(area=30000, heads=2)
    """
    whole = Count()
    by_choice: dict[Choice | None, Count] = dict.fromkeys((*Choice, None), Count())
    for choice, served, size in scope:
        whole += size
        if choice is not None or served:
            by_choice[choice] += size
    return Tally(whole, by_choice[Choice.FOR], by_choice[Choice.AGAINST], by_choice[Choice.ABSTAIN], by_choice[None])


def majority(matter: Matter, scope: Count, participating: Count, for_: Count) -> Outcome:
    """The law's majorities over area and heads: two thirds of the scope take part, and of these more than half are for it,
    or three quarters where the matter asks for them (V-3 to V-5).

    >>> majority(Matter.FUND_USE, Count(1_000, 7), Count(700, 5), Count(600, 4)).value  # golden example G-1
    'PASSED'
    """
    if not all(ratio_at_least(part, whole, 2, 3) for part, whole in zip(participating, scope, strict=True)):
        return Outcome.FAILED_QUORUM
    enough = (
        all(ratio_at_least(part, whole, 3, 4) for part, whole in zip(for_, participating, strict=True))
        if matter in QUALIFIED
        else all(ratio_above(part, whole, 1, 2) for part, whole in zip(for_, participating, strict=True))
    )
    return Outcome.PASSED if enough else Outcome.FAILED_SUPPORT


def strict(matter: Matter, count: Tally) -> Outcome:
    """What Civil Code 278 gives for a counted item."""
    return majority(matter, count.scope, count.participating, count.for_)


def by_mode(mode: VoteMode, count: Tally) -> Outcome:
    """What a special mode gives for the use of the fund (item 5 only, V-25). The standard mode is the strict count.

    With ``DEFAULT`` the served and silent are for (V-28); with ``SILENCE_WITH_MAJORITY`` they join the larger side of the votes
    cast, in area and in heads each, and where the sides are equal they join neither and only take part (V-30); with
    ``OBJECTION`` it passes unless more than a third of the scope's area or heads is against, whoever took part (V-29). A
    delegated ballot is a ballot (V-26), and a collective quota is decided by an ordinary vote (V-27).
    """
    silent = count.silent_served
    if mode is VoteMode.OBJECTION:
        few = all(
            whole and not ratio_above(against, whole, 1, 3)
            for against, whole in zip(count.against, count.scope, strict=True)
        )
        return Outcome.PASSED if few else Outcome.FAILED_SUPPORT
    if mode is VoteMode.DEFAULT:
        return majority(Matter.FUND_USE, count.scope, count.participating + silent, count.for_ + silent)
    if mode is VoteMode.SILENCE_WITH_MAJORITY:
        joined = Count(
            silent.area if count.for_.area > count.against.area else 0,
            silent.heads if count.for_.heads > count.against.heads else 0,
        )
        return majority(Matter.FUND_USE, count.scope, count.participating + silent, count.for_ + joined)
    return strict(Matter.FUND_USE, count)


def deciding(strict_outcome: Outcome, mode_outcome: Outcome, *, strict_required: bool) -> Outcome:
    """Which of the two outcomes counts: the mode's, and the strict one too where the county requires it (V-31).

    >>> deciding(Outcome.FAILED_QUORUM, Outcome.PASSED, strict_required=True).value
    'FAILED_QUORUM'
    >>> deciding(Outcome.FAILED_QUORUM, Outcome.PASSED, strict_required=False).value
    'PASSED'
    """
    return strict_outcome if strict_required and mode_outcome is Outcome.PASSED else mode_outcome


LEGAL_BASIS: Mapping[VoteMode, str] = {
    VoteMode.STANDARD: "民法典第二百七十八条",
    VoteMode.DELEGATED: "民法典第二百七十八条；建办房〔2015〕52号（委托表决）",
    VoteMode.COLLECTIVE: "民法典第二百七十八条；建办房〔2015〕52号（集合表决）",
    VoteMode.DEFAULT: "建办房〔2015〕52号（默认表决）；民法典第二百七十八条未作规定",
    VoteMode.OBJECTION: "建办房〔2015〕52号（异议表决）；民法典第二百七十八条未作规定",
    VoteMode.SILENCE_WITH_MAJORITY: "建房〔2009〕274号（未投票从多数票）；民法典第二百七十八条未作规定",
}
"""What an outcome in a mode rests on, as it is shown beside it: Civil Code 278 is silent on the last three (V-31)."""
