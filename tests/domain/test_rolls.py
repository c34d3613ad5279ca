"""Which units vote and which of them make one head: V-8 to V-11 and V-14 as tables."""

import uuid
from datetime import date

import pytest

from domain.estates import OwnershipBasis, UnitUse
from domain.profiles import profile_for_test
from domain.rolls import HeadKind, Holder, RegisteredUnit, counts, head_of, representative

TODAY = date(2026, 3, 2)
A, B = uuid.UUID(int=1), uuid.UUID(int=2)
_units = iter(range(1, 100))


def unit(*owners: uuid.UUID, basis: OwnershipBasis = OwnershipBasis.REGISTERED, **more: object) -> RegisteredUnit:
    held = tuple(Holder(owner, basis) for owner in owners)
    use = more.pop("use", UnitUse.DWELLING)
    return RegisteredUnit(uuid.UUID(int=1_000 + next(_units)), 10_000, use, held, **more)  # type: ignore[arg-type]


@pytest.mark.rule("V-9", "G-1")
def test_the_golden_roll_has_seven_heads() -> None:
    others = [uuid.UUID(int=10 + at) for at in range(5)]
    roll = [*(unit(A) for _ in range(3)), *(unit(developer_held=True) for _ in range(2)), *(unit(o) for o in others)]
    assert len({head_of(each, TODAY) for each in roll}) == 7


@pytest.mark.rule("V-9", "V-11")
def test_a_person_alone_and_with_another_is_two_heads_and_the_same_two_are_one() -> None:
    heads = [head_of(each, TODAY) for each in (unit(A), unit(A, B), unit(B, A), unit(B))]
    assert len(set(heads)) == 3
    assert heads[1] == heads[2]


@pytest.mark.rule("V-9", "V-10")
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (unit(developer_held=True), HeadKind.DEVELOPER),
        (unit(sold=True), HeadKind.DEVELOPER),
        (unit(sold=True, delivered_on=date(2026, 3, 3)), HeadKind.DEVELOPER),
        (unit(A, basis=OwnershipBasis.POSSESSION, delivered_on=date(2026, 3, 3)), HeadKind.DEVELOPER),
        (unit(A, basis=OwnershipBasis.POSSESSION, delivered_on=TODAY), HeadKind.OWNERS),
        (unit(A, basis=OwnershipBasis.POSSESSION), HeadKind.OWNERS),
        (unit(A, delivered_on=date(2027, 1, 1)), HeadKind.OWNERS),
        (unit(A, basis=OwnershipBasis.JUDGMENT, delivered_on=date(2027, 1, 1)), HeadKind.OWNERS),
        (unit(A, basis=OwnershipBasis.CONSTRUCTION), HeadKind.OWNERS),
        (unit(), HeadKind.UNKNOWN),
    ],
)
def test_who_is_an_owner(found: RegisteredUnit, expected: HeadKind) -> None:
    assert head_of(found, TODAY)[0] is expected


@pytest.mark.rule("V-9")
def test_units_of_unknown_owners_are_heads_of_their_own() -> None:
    assert head_of(unit(), TODAY) != head_of(unit(), TODAY)


@pytest.mark.rule("V-14")
def test_parking_counts_where_the_profile_says_so_and_common_rooms_never() -> None:
    without = profile_for_test("990000", copy_of="370303")
    with_parking = profile_for_test("990000", copy_of="370303", parking_counts=True)
    space, room = unit(A, use=UnitUse.PARKING), unit(A, use=UnitUse.PUBLIC)
    assert (counts(space, without), counts(space, with_parking)) == (False, True)
    assert (counts(room, without), counts(room, with_parking)) == (False, False)
    assert counts(unit(A), without)


@pytest.mark.rule("V-11")
def test_a_representative_is_the_one_named_at_each_unit() -> None:
    def held(speaks: uuid.UUID | None) -> RegisteredUnit:
        holders = tuple(Holder(owner, OwnershipBasis.REGISTERED, owner == speaks) for owner in (A, B))
        return RegisteredUnit(uuid.uuid4(), 1, UnitUse.DWELLING, holders)

    assert representative([held(A), held(A)]) == A
    assert representative([held(A), held(B)]) is None
    assert representative([held(None)]) is None
