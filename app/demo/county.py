"""What a demo county consists of, as its file in ``app/demo/data`` says."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from domain.profiles import COUNTIES


@dataclass(frozen=True)
class BuildingPlan:
    """A building: ``dwellings``, ``shops``, ``parking`` and ``storage`` are numbers of units."""

    number: str
    kind: str
    floors: int = 6
    dwellings: int = 0
    shops: int = 0
    parking: int = 0
    storage: int = 0
    seller: str | None = None
    """The work unit that sold the flats to its staff (房改房)."""

    @property
    def lift(self) -> bool:
        return self.kind in ("MID_RISE", "HIGH_RISE")


@dataclass(frozen=True)
class EstatePlan:
    """An estate, who manages it, and how far its contract has come."""

    key: str
    name: str
    place: str
    """The community's code."""
    buildings: tuple[BuildingPlan, ...]
    kind: str = "COMMODITY"
    year: int | None = None
    mode: str = "COMPANY"
    firm: str | None = None
    contract: str | None = None
    """The state that its contract reaches (``domain.contract_filings``), or a story of it."""
    body: str | None = None
    billed: int = 0
    """Months of a billing period; 0: no bills yet."""
    area: str | None = None
    """Estates with the same word lie in one property area."""
    area_size: int | None = None
    """Building area in 0.01 m²; left out, it is not known yet."""
    pilot: bool = False
    renovated: bool = False
    approved: bool = True
    party: str = "NONE"
    led: bool = True
    """Whether the project has a leader who reported."""

    @property
    def township(self) -> str:
        return self.place[:9]


@dataclass(frozen=True)
class FirmPlan:
    """A company and the state that its filing reaches (``domain.filings``)."""

    key: str
    name: str
    filing: str = "FILED"
    story: str = ""


@dataclass(frozen=True)
class County:
    """A demo county."""

    code: str
    name: str
    home: str
    """The community whose offices have logins; its township likewise."""
    street: str
    """The township office's name."""
    committee_office: str
    bureau: str
    firms: tuple[FirmPlan, ...]
    estates: tuple[EstatePlan, ...]
    ordinary: tuple[str, ...]
    """The states that ordinary fund requests reach (SM-6)."""
    emergencies: tuple[str, ...]
    """The states that emergency requests reach (SM-7)."""
    inspections: tuple[str, ...]
    stories: tuple[str, ...] = ()
    """``both``: a resident here works for a firm in another county; ``works_here``: that county; ``fund_year``: a year of
    the main estate's maintenance fund is told."""

    @property
    def township(self) -> str:
        return self.home[:9]

    @property
    def number(self) -> int:
        """Its place among the demo counties: phones and credit codes must not meet."""
        return COUNTIES.index(self.code)


@cache
def packaged_counties() -> tuple[County, ...]:
    """The five demo counties, in order of code."""
    folder = files("app.demo").joinpath("data")
    return tuple(_county(code, folder.joinpath(f"{code}.toml").read_text("utf-8")) for code in COUNTIES)


def _county(code: str, text: str) -> County:
    given: dict[str, Any] = tomllib.loads(text)
    firms = tuple(FirmPlan(**firm) for firm in given.pop("firm"))
    estates = tuple(
        EstatePlan(**{**estate, "buildings": tuple(BuildingPlan(**each) for each in estate["buildings"])})
        for estate in given.pop("estate")
    )
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    return County(code=code, firms=firms, estates=estates, **{**given, **lists})
