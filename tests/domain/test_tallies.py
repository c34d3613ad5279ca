"""Counting votes: the golden examples, the law's boundaries, and a naive count that must agree."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.profiles.parameters import VoteMode
from domain.tallies import Choice, Count, Heads, Matter, Outcome, RollUnit, by_mode, counted, strict, tally

FOR, AGAINST, ABSTAIN = Choice.FOR, Choice.AGAINST, Choice.ABSTAIN
ALL = 10_000
DEVELOPER = "developer"


def golden(*served: str) -> list[RollUnit]:
    """G-1: ten units of 100 m²: A has three, the developer two unsold, five have one each."""
    owners = ["A"] * 3 + [DEVELOPER] * 2 + ["1", "2", "3", "4", "5"]
    return [RollUnit(str(at), owner, ALL, served=owner in served) for at, owner in enumerate(owners)]


@pytest.mark.rule("G-1", "V-3", "V-5", "V-29")
def test_g_1_passes_by_half_by_three_quarters_and_without_objections() -> None:
    found = tally(golden(), {"A": FOR, "1": FOR, "2": FOR, "3": FOR, "4": AGAINST})
    assert (found.scope, found.participating, found.for_) == (Count(10 * ALL, 7), Count(7 * ALL, 5), Count(6 * ALL, 4))
    assert strict(Matter.FUND_USE, found) is Outcome.PASSED
    assert strict(Matter.FUND_RAISING, found) is Outcome.PASSED
    assert by_mode(VoteMode.OBJECTION, found) is Outcome.PASSED


@pytest.mark.rule("G-2", "V-28", "V-31")
def test_g_2_everybody_is_for_and_too_few_took_part_unless_silence_counts() -> None:
    found = tally(golden("4", "5"), {"A": FOR, "1": FOR, "2": FOR, "3": FOR})
    assert strict(Matter.FUND_USE, found) is Outcome.FAILED_QUORUM
    assert found.silent_served == Count(2 * ALL, 2)
    assert by_mode(VoteMode.DEFAULT, found) is Outcome.PASSED
    assert by_mode(VoteMode.STANDARD, found) is Outcome.FAILED_QUORUM


@pytest.mark.rule("G-2b", "V-3")
def test_g_2b_area_is_enough_and_heads_are_not() -> None:
    found = tally(golden(), {"A": FOR, DEVELOPER: FOR, "1": FOR, "2": FOR})
    assert (found.participating, strict(Matter.FUND_USE, found)) == (Count(7 * ALL, 4), Outcome.FAILED_QUORUM)


@pytest.mark.rule("V-3", "V-4", "V-5", "V-6", "V-7")
@pytest.mark.parametrize(
    ("units", "ballots", "matter", "expected"),
    [
        (3, {0: FOR, 1: FOR}, Matter.OTHER, Outcome.PASSED),
        (4, {0: FOR, 1: FOR, 2: FOR, 3: AGAINST}, Matter.REBUILDING, Outcome.PASSED),
        (4, {0: FOR, 1: FOR, 2: AGAINST, 3: AGAINST}, Matter.OTHER, Outcome.FAILED_SUPPORT),
        (4, {0: FOR, 1: FOR, 2: ABSTAIN, 3: ABSTAIN}, Matter.OTHER, Outcome.FAILED_SUPPORT),
        (4, {0: FOR, 1: FOR, 2: AGAINST}, Matter.COMMON_PARTS, Outcome.FAILED_SUPPORT),
        (0, {}, Matter.OTHER, Outcome.FAILED_QUORUM),
    ],
)
def test_the_boundaries(units: int, ballots: dict[int, Choice], matter: Matter, expected: Outcome) -> None:
    roll = [RollUnit(str(at), str(at), ALL) for at in range(units)]
    assert strict(matter, tally(roll, {str(head): choice for head, choice in ballots.items()})) is expected


@pytest.mark.rule("V-28")
def test_an_owner_who_was_not_served_at_each_unit_is_not_silent() -> None:
    roll = [RollUnit("1", "a", ALL, served=True), RollUnit("2", "a", ALL), RollUnit("3", "b", ALL, served=True)]
    assert tally(roll, {}).silent_served == Count(ALL, 1)


@pytest.mark.rule("V-29")
@pytest.mark.parametrize(("against", "expected"), [(1, Outcome.PASSED), (2, Outcome.FAILED_SUPPORT)])
def test_a_third_may_object(against: int, expected: Outcome) -> None:
    roll = [RollUnit(str(at), str(at), ALL) for at in range(3)]
    assert by_mode(VoteMode.OBJECTION, tally(roll, {str(at): AGAINST for at in range(against)})) is expected


@pytest.mark.rule("V-30")
def test_silence_joins_the_larger_side_or_none() -> None:
    roll = [RollUnit(str(at), str(at), ALL, served=True) for at in range(6)]
    votes = {"0": FOR, "1": FOR, "2": AGAINST}
    assert by_mode(VoteMode.SILENCE_WITH_MAJORITY, tally(roll, votes)) is Outcome.PASSED
    assert by_mode(VoteMode.SILENCE_WITH_MAJORITY, tally(roll, votes | {"3": AGAINST})) is Outcome.FAILED_SUPPORT


ROLLS = st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 8)), max_size=25).map(
    lambda found: [RollUnit(str(at), str(head), area) for at, (area, head) in enumerate(found)]
)
BALLOTS = st.dictionaries(st.integers(0, 9).map(str), st.sampled_from(Choice))


@given(ROLLS, BALLOTS, st.sampled_from(Matter))
def test_a_naive_count_agrees(roll: list[RollUnit], ballots: dict[str, Choice], matter: Matter) -> None:
    heads = {unit.head for unit in roll}
    of = {choice: [u for u in roll if ballots.get(u.head) is choice] for choice in Choice}
    part = [u for units in of.values() for u in units]

    def share(units: list[RollUnit], whole: list[RollUnit]) -> tuple[Fraction, Fraction]:
        area = sum(u.area for u in whole)
        number = len({u.head for u in whole})
        zero = Fraction(0)
        return (
            Fraction(sum(u.area for u in units), area) if area else zero,
            Fraction(len({u.head for u in units}), number) if number else zero,
        )

    if not heads or min(share(part, roll)) < Fraction(2, 3):
        expected = Outcome.FAILED_QUORUM
    else:
        support = min(share(of[FOR], part))
        enough = support >= Fraction(3, 4) if matter.value in ("FUND_RAISING", "REBUILDING", "COMMON_PARTS") else None
        passed = support > Fraction(1, 2) if enough is None else enough
        expected = Outcome.PASSED if passed else Outcome.FAILED_SUPPORT
    assert strict(matter, tally(roll, ballots)) is expected


@given(ROLLS, BALLOTS, st.randoms(use_true_random=False))
def test_the_order_of_the_roll_does_not_matter(
    roll: list[RollUnit], ballots: dict[str, Choice], chance: object
) -> None:
    mixed = roll.copy()
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert tally(mixed, ballots) == tally(roll, ballots)


@given(ROLLS, BALLOTS, st.sampled_from(Matter), st.integers(0, 8).map(str))
def test_one_more_vote_for_it_never_makes_it_fail(
    roll: list[RollUnit], ballots: dict[str, Choice], matter: Matter, head: str
) -> None:
    if strict(matter, tally(roll, ballots)) is Outcome.PASSED:
        assert strict(matter, tally(roll, ballots | {head: FOR})) is Outcome.PASSED


@given(st.lists(st.tuples(st.sampled_from([*Choice, None]), st.booleans(), st.integers(1, 20_000)), max_size=25))
def test_heads_that_are_alike_may_be_counted_together(heads: list[tuple[Choice | None, bool, int]]) -> None:
    together: dict[tuple[Choice | None, bool], Count] = {}
    for choice, served, area in heads:
        together[choice, served] = together.get((choice, served), Count()) + Count(area, 1)
    roll = [RollUnit(str(at), str(at), area, served) for at, (_, served, area) in enumerate(heads)]
    alone = tally(roll, {str(at): choice for at, (choice, _, _) in enumerate(heads) if choice is not None})
    assert counted(Heads(*alike, count) for alike, count in together.items()) == alone
