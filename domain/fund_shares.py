"""Who bears the cost of a repair paid from the maintenance fund, to the fen (FUND-16 to FUND-18).

The beneficiaries bear: the units that the asset serves (``FundScope``, FUND-15). The cost is
shared by building area. What falls on sold public housing (已售公有住房) is shared between its owners and its former
landlord by their deposits, and among the owners by area. Unsold units are the developer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import ErrorCode, Refusal
from domain.money import apportion
from domain.terms import Term


class Bearer(Term):
    """What a share is taken from."""

    UNIT_ACCOUNT = "UNIT_ACCOUNT", "The unit's account in the fund (分户账)."
    SELLER_ACCOUNT = "SELLER_ACCOUNT", "The account of the public housing's former landlord, by building (售房单位)."
    DEVELOPER = "DEVELOPER", "The developer in cash, not the fund: an unsold unit without a deposit (FUND-17)."


@dataclass(frozen=True, slots=True)
class PublicHousing:
    """What was deposited for a sold public-housing unit: by its owner and by the seller, in fen."""

    owner_deposit: int
    seller_deposit: int


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """A unit as the sharing of costs sees it. ``area`` is its building area in 0.01 m²; ids sort as text."""

    unit: str
    building: str
    area: int
    unsold: bool = False
    deposited: bool = True
    """Whether the fund holds a deposit for it; for unsold units the developer's (FUND-17)."""
    public_housing: PublicHousing | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One bearer's part in fen. ``key`` is the unit's id, or the building's for a seller's account."""

    bearer: Bearer
    key: str
    amount: int


def shares(cost: int, units: Sequence[Beneficiary]) -> tuple[Share, ...]:
    """Share ``cost`` fen among the beneficiaries; the parts sum to it to the fen (FUND-16, FUND-17, FUND-18).

    Fen that do not divide go to the largest fractions, ties to the smaller id. A public-housing building without any
    deposit is shared by area alone. Units come in their order, sellers' accounts after them.
    Refuses with REQUIRED when no unit has an area to bear by.

    >>> [share.amount for share in shares(10_000, [Beneficiary("a", "1", 8050), Beneficiary("b", "1", 12025)])]
    [4010, 5990]
    """
    if not sum(unit.area for unit in units):
        raise Refusal(ErrorCode.REQUIRED, "units")
    properties = apportion(cost, _properties(units))
    borne: dict[str, int] = {unit.unit: properties[unit.unit] for unit in units if unit.public_housing is None}
    sellers: dict[str, int] = {}
    for building, group in _public_buildings(units).items():
        owners, seller = _between_owners_and_seller(properties[_group_key(building)], group)
        borne |= apportion(owners, [(unit.unit, unit.area) for unit in group])
        sellers[building] = seller
    return (
        *(Share(_bearer(unit), unit.unit, borne[unit.unit]) for unit in units),
        *(Share(Bearer.SELLER_ACCOUNT, building, amount) for building, amount in sorted(sellers.items()) if amount),
    )


def debit(share: int, balance: int) -> tuple[int, int]:
    """What a unit's account pays of its share, and what becomes a claim against its owner, in fen (FUND-5, FUND-18).

    >>> debit(500, 320)
    (320, 180)
    """
    paid = min(share, max(balance, 0))
    return paid, share - paid


def _properties(units: Sequence[Beneficiary]) -> list[tuple[str, int]]:
    """First by area to the properties: each commodity unit for itself, a building's sold public housing together."""
    weights = [(unit.unit, unit.area) for unit in units if unit.public_housing is None]
    public = _public_buildings(units)
    return weights + [(_group_key(building), sum(unit.area for unit in group)) for building, group in public.items()]


def _public_buildings(units: Sequence[Beneficiary]) -> dict[str, list[Beneficiary]]:
    groups: dict[str, list[Beneficiary]] = {}
    for unit in units:
        if unit.public_housing is not None:
            groups.setdefault(unit.building, []).append(unit)
    return groups


def _group_key(building: str) -> str:
    return f"public housing of {building}"


def _between_owners_and_seller(part: int, group: Sequence[Beneficiary]) -> tuple[int, int]:
    deposits = [unit.public_housing for unit in group if unit.public_housing is not None]
    by_owners = sum(deposit.owner_deposit for deposit in deposits)
    by_seller = sum(deposit.seller_deposit for deposit in deposits)
    if not by_owners + by_seller:
        return part, 0
    split = apportion(part, [("owners", by_owners), ("seller", by_seller)])
    return split["owners"], split["seller"]


def _bearer(unit: Beneficiary) -> Bearer:
    return Bearer.DEVELOPER if unit.unsold and not unit.deposited else Bearer.UNIT_ACCOUNT
