"""The frozen roll of a vote (表决权清册): which units count, with what area, and which of them make one head (V-8 to V-16)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from domain.estates import OwnershipBasis, UnitUse
from domain.profiles.parameters import Profile
from domain.terms import Term


class HeadKind(Term):
    """Whose head it is."""

    OWNERS = "OWNERS", "Of one buyer: the same person, or the same set of co-owners (V-9, V-11)."
    DEVELOPER = "DEVELOPER", "Of the developer: what is not sold, or sold and not delivered (V-9)."
    UNKNOWN = (
        "UNKNOWN",
        "Of a unit whose owner the register does not know; it is asked, and cannot vote on the platform.",
    )


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a unit now, and why."""

    owner_id: uuid.UUID
    basis: OwnershipBasis
    represents: bool = False
    """Casts for the co-owners with their written authority, as the register says (V-11)."""


@dataclass(frozen=True, slots=True)
class RegisteredUnit:
    """A unit as the register has it on the day of the notice. ``area`` is the building area in 0.01 m² (V-8)."""

    unit_id: uuid.UUID
    area: int | None
    use: UnitUse
    holders: tuple[Holder, ...]
    developer_held: bool = False
    sold: bool = False
    """There is an online-signed sales contract (网签)."""
    delivered_on: date | None = None


def counts(unit: RegisteredUnit, profile: Profile) -> bool:
    """Whether a unit is an exclusive part that votes: rooms for everybody never are, parking by profile (V-14)."""
    if unit.use is UnitUse.PUBLIC:
        return False
    return unit.use is not UnitUse.PARKING or profile.parking_counts


def head_of(unit: RegisteredUnit, on: date) -> tuple[HeadKind, str]:
    """The head that a unit belongs to, and a key that all units of this head share (V-9, V-10, V-11).

    A registered owner is one, delivered or not; so is who holds by judgment or construction. A buyer who is not registered
    counts once the unit was handed over; until then it is the developer's.

    >>> a, b = uuid.UUID(int=1), uuid.UUID(int=2)
    >>> def held(*owners): return tuple(Holder(owner, OwnershipBasis.REGISTERED) for owner in owners)
    >>> def unit(*owners): return RegisteredUnit(uuid.UUID(int=9), 1, UnitUse.DWELLING, held(*owners))
    >>> today = date(2026, 3, 2)
    >>> head_of(unit(b, a), today) == head_of(unit(a, b), today), head_of(unit(a), today) == head_of(unit(a, b), today)
    (True, False)
    """
    if unit.developer_held or _undelivered(unit, on):
        return HeadKind.DEVELOPER, "developer"
    if not unit.holders:
        return HeadKind.UNKNOWN, f"unit:{unit.unit_id}"
    return HeadKind.OWNERS, "+".join(sorted(str(holder.owner_id) for holder in unit.holders))


def _undelivered(unit: RegisteredUnit, on: date) -> bool:
    """Sold, and its buyer's in law or in fact no earlier than the hand-over (交付)."""
    if any(holder.basis is not OwnershipBasis.POSSESSION for holder in unit.holders):
        return False
    if unit.holders:
        return unit.delivered_on is not None and unit.delivered_on > on
    return unit.sold and (unit.delivered_on is None or unit.delivered_on > on)


def representative(units: Iterable[RegisteredUnit]) -> uuid.UUID | None:
    """Who casts for the co-owners of a head: the one whom the register names at each of its units (V-11)."""
    named = [{holder.owner_id for holder in unit.holders if holder.represents} for unit in units]
    common = set.intersection(*named) if named else set()
    return next(iter(common)) if len(common) == 1 else None
