"""What may be charged: guide prices and their ceiling, periods, and from when whom (RULES §4)."""

from datetime import date, timedelta

from domain.bills import MONTHLY, ChargeBasis, ChargeCategory, Payer
from domain.contracts import ContractKind
from domain.errors import ErrorCode, Refusal
from domain.meters import metered_amount
from domain.money import half_up, line_amount, months_between
from domain.profiles.parameters import BuildingType, FeeStart, GuidedCharge, Profile

_GUIDED: dict[tuple[ContractKind, ChargeCategory], GuidedCharge] = {
    (ContractKind.EARLY_STAGE, ChargeCategory.PROPERTY_SERVICE): GuidedCharge.EARLY_STAGE_SERVICE,
    (ContractKind.EARLY_STAGE, ChargeCategory.PARKING): GuidedCharge.EARLY_STAGE_PARKING,
}
_OF_DWELLINGS = GuidedCharge.EARLY_STAGE_SERVICE


def guided_charge(
    profile: Profile, contract: ContractKind, category: ChargeCategory, building_type: BuildingType | None
) -> GuidedCharge | None:
    """Which guide price of the profile a charge stands under; ``None``: market price by contract, no ceiling (FEE-5, FEE-6).

    Service of dwellings only: a charge without a building type (shops, offices) is at market price.
    """
    charge = _GUIDED.get((contract, category))
    if charge not in profile.guided_charges or (charge is _OF_DWELLINGS and building_type is None):
        return None
    return charge


def price_ceiling(
    profile: Profile, charge: GuidedCharge | None, building_type: BuildingType | None, star: int | None
) -> int | None:
    """The highest price in fen (per m², or per space, and month): base × (1 + float), floored (FEE-5).

    ``None`` where no guide price applies, or the county has published none for the star: nothing to compare with.
    """
    if charge is None:
        return None
    if charge is GuidedCharge.EARLY_STAGE_PARKING:
        base: int | None = profile.guide_parking_fen
    else:
        base = profile.guide_price(building_type, star) if building_type and star else None
    return None if base is None else base * (100 + profile.guide_float_percent) // 100


def check_price(
    profile: Profile,
    *,
    contract: ContractKind,
    category: ChargeCategory,
    building_type: BuildingType | None,
    star: int | None,
    unit_price: int,
) -> GuidedCharge | None:
    """The guide price that the charge stands under, if any.

    Raises ``CHARGE_FORBIDDEN`` for an agency fee on collected utility money (FEE-8), ``REQUIRED`` when a guided service
    names no star, ``PRICE_ABOVE_CEILING`` above the ceiling for the star.
    """
    if category is ChargeCategory.UTILITY_AGENCY:
        raise Refusal(ErrorCode.CHARGE_FORBIDDEN, "category")
    if unit_price <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "unitPrice", least=1)
    charge = guided_charge(profile, contract, category, building_type)
    if charge is _OF_DWELLINGS and star is None:
        raise Refusal(ErrorCode.REQUIRED, "star")
    ceiling = price_ceiling(profile, charge, building_type, star)
    if ceiling is not None and unit_price > ceiling:
        raise Refusal(ErrorCode.PRICE_ABOVE_CEILING, "unitPrice", ceiling_fen=ceiling)
    return charge


def bill_amount(basis: ChargeBasis, area: int, unit_price: int, first: date, last: date) -> int:
    """One bill line in fen, rounded once, half up (FEE-2). ``area`` in 0.01 m², price in fen a month.

    Where a meter counts, ``area`` is the consumption in 0.01 of its unit; of a shared cost it is the unit's part in fen.

    The statement that issues bills says the same in SQL (``resolvers.bill_runs``), and a test compares the two.

    >>> bill_amount(ChargeBasis.AREA, 9537, 120, date(2026, 1, 1), date(2026, 3, 31))
    34333
    """
    if basis is ChargeBasis.ONCE:
        return unit_price
    if basis is ChargeBasis.METERED:
        return metered_amount(area, unit_price)
    if basis is ChargeBasis.SHARED:
        return area
    months = months_between(first, last)
    return line_amount(area, unit_price, months) if basis is ChargeBasis.AREA else half_up(unit_price * months)


def vacancy_discount(basis: ChargeBasis, area: int, unit_price: int, first: date, last: date, *, percent: int) -> int:
    """What a vacant time is charged less in fen, where ``percent`` of the price is agreed for it (FEE-4); rounded once, half up.

    Charges that do not go by the month are not reduced. The statement that issues bills says the same in SQL.

    >>> vacancy_discount(ChargeBasis.AREA, 10000, 120, date(2026, 3, 1), date(2026, 3, 31), percent=60)
    4800
    """
    months = months_between(first, last) * (100 - percent) / 100
    if basis is ChargeBasis.AREA:
        return line_amount(area, unit_price, months)
    return half_up(unit_price * months) if basis in MONTHLY else 0


def owner_pays_from(delivered_on: date, starts: FeeStart) -> date:
    """The first day that the owner of a delivered unit bears (FEE-3)."""
    if starts is FeeStart.DELIVERY:
        return delivered_on
    return (delivered_on.replace(day=1) + timedelta(days=32)).replace(day=1)


def payers(
    first: date, last: date, *, delivered_on: date | None, developer_held: bool, starts: FeeStart
) -> tuple[tuple[Payer, date, date], ...]:
    """Who bears which part of a period: the developer before the owner's first day and for unsold units (FEE-3).

    A unit whose delivery date nobody knows counts as delivered.
    """
    if developer_held:
        return ((Payer.DEVELOPER, first, last),)
    start = first if delivered_on is None else owner_pays_from(delivered_on, starts)
    parts: list[tuple[Payer, date, date]] = []
    if start > first:
        parts.append((Payer.DEVELOPER, first, min(last, start - timedelta(days=1))))
    if start <= last:
        parts.append((Payer.OWNER, max(first, start), last))
    return tuple(parts)
