"""What the maintenance fund holds, for officials by division, over the places that their office is responsible for."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, true

from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, shown_balance
from models.estates import Building, Estate, PropertyArea, Unit
from models.ledger import LedgerAccount, Posting
from resolvers.statistics import divisions
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class FundBalance:
    """What the fund of a division comes to on a day, in fen."""

    division: str
    units: int = 0
    """On the sub-accounts of units (分户账)."""
    public_housing: int = 0
    """Of these on sub-accounts of sold public housing, which is managed together with all else (并轨, TQ-107)."""
    buildings: int = 0
    """On buildings' accounts: public-housing sellers' parts, buildings without an area."""
    areas: int = 0
    """On property areas' own accounts."""
    earmarked: int = 0
    """Of all of that promised to approved requests (FUND-29)."""
    claims: int = 0
    """Besides: what owners owe the fund (FUND-18); no money."""

    @property
    def total(self) -> int:
        """The money altogether.

        >>> FundBalance("370303", units=5, buildings=2, areas=1, earmarked=4).total
        8
        """
        return self.units + self.buildings + self.areas


_FIGURES: Mapping[str, tuple[AccountKind, type[Any], ColumnElement[bool]]] = {
    "units": (AccountKind.UNIT_FUND, Unit, true()),
    "public_housing": (AccountKind.UNIT_FUND, Unit, Unit.sold_public_housing.is_(True)),
    "buildings": (AccountKind.BUILDING_FUND, Building, true()),
    "areas": (AccountKind.AREA_FUND, PropertyArea, true()),
    "earmarked": (AccountKind.EARMARK, PropertyArea, true()),
    "claims": (AccountKind.FUND_CLAIM, Unit, true()),
}
"""Which accounts a figure sums: their kind, whose they are, and which of these."""

_OWNED_BY = {Unit: LedgerAccount.unit_id, Building: LedgerAccount.building_id, PropertyArea: LedgerAccount.area_id}


async def fund_balances(uow: UnitOfWork, *, by: DivisionLevel, as_of: date | None = None) -> list[FundBalance]:
    """What the fund holds in each division of the level (county, township or community), in order of code.

    Over the property areas, buildings and units that the actor sees; at the end of ``as_of``, or of everything posted.
    Divisions without money are listed with zeros. Refuses ``OUT_OF_RANGE`` for a day to come.
    """
    level = DivisionLevel(by)
    if as_of is not None and as_of > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "asOf", most=uow.today)
    figures: dict[str, dict[str, int]] = defaultdict(dict)
    for figure, (kind, owner, which) in _FIGURES.items():
        for code, signed in await uow.session.execute(_sums(uow, level, kind, owner, as_of).where(which)):
            figures[code][figure] = shown_balance(kind, int(signed))
    return [FundBalance(code, **figures[code]) for code in sorted({*await divisions(uow, level), *figures})]


def _sums(uow: UnitOfWork, level: DivisionLevel, kind: AccountKind, owner: type[Any], as_of: date | None) -> Any:
    """The signed sums of a kind's accounts by division, over their owners that the actor sees."""
    day = [] if as_of is None else [Posting.occurred_on <= as_of]
    seen = uow.select(owner)
    if owner is PropertyArea:
        place: Any = PropertyArea
    else:
        seen = seen.join(Estate, and_(Estate.county == uow.county, Estate.id == owner.estate_id))
        place = Estate
    division = getattr(place, level.value.lower()) if level is not DivisionLevel.COUNTY else owner.county
    return (
        seen.join(LedgerAccount, and_(LedgerAccount.county == uow.county, _OWNED_BY[owner] == owner.id))
        .join(Posting, and_(Posting.county == uow.county, Posting.account_id == LedgerAccount.id))
        .where(LedgerAccount.kind == kind.value, *day)
        .with_only_columns(division, func.sum(Posting.amount))
        .group_by(division)
    )
