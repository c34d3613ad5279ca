"""Meters (计量表) and public utility costs that are shared (公摊): what was used, and who bears how much (TQ-69, FEE-8)."""

from collections.abc import Sequence
from fractions import Fraction

from domain.errors import ErrorCode, Refusal
from domain.money import apportion, half_up
from domain.terms import Term


class MeterKind(Term):
    """What a meter counts."""

    WATER = "WATER", "Water, m³ (水)."
    POWER = "POWER", "Electricity, kWh (电)."
    HEAT = "HEAT", "Heat, kWh (热)."
    GAS = "GAS", "Gas, m³ (气)."


class Weighting(Term):
    """By what a public cost is shared."""

    AREA = "AREA", "By chargeable area (按面积)."
    UNIT = "UNIT", "The same for each unit (按户)."


def metered_amount(quantity: int, unit_price: int) -> int:
    """Fen for a consumption in 0.01 of the meter's unit at a price in fen for a whole one; rounded once, half up.

    >>> metered_amount(1_250, 350)  # 12.50 m³ × ¥3.50
    4375
    """
    return half_up(Fraction(quantity * unit_price, 100))


def check_shared(amount: int, invoiced: int) -> None:
    """What is shared out is what the supplier charged, or less: no agency fee on top (``CHARGE_FORBIDDEN``, FEE-8)."""
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if amount > invoiced:
        raise Refusal(ErrorCode.CHARGE_FORBIDDEN, "amount")


def shares(amount: int, units: Sequence[tuple[str, int]], weighting: Weighting) -> dict[str, int]:
    """How much each unit bears, by key, in fen; the parts come to ``amount`` (G-3). ``units``: key and area in 0.01 m².

    >>> shares(10_000, [("a", 8_050), ("b", 12_025), ("c", 9_999)], Weighting.AREA)
    {'a': 2677, 'b': 3998, 'c': 3325}
    """
    weights = units if weighting is Weighting.AREA else [(key, 1) for key, _ in units]
    if not any(weight for _, weight in weights):
        raise Refusal(ErrorCode.REQUIRED, "areaId")
    return apportion(amount, weights)
