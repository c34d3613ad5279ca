"""What the large demo consists of, decided once from its sizes and its seed; everything invented, named （演示）."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from uuid import UUID

from domain.calendar import SHANGHAI
from domain.divisions import DivisionLevel
from domain.identifiers import make_credit_code
from domain.profiles import COUNTIES
from resolvers.divisions import DivisionLine, packaged_divisions

UNITS_PER_ESTATE = 100
UNITS_PER_BUILDING = 25
ESTATES_PER_COMPANY = 8
BILLS_PER_UNIT = 25
"""Monthly bills of two years and the present month."""

# Kinds of rows, as the middle of their ids.
(ACCOUNT, GRANT, AREA, ESTATE, LINK, BUILDING, UNIT, OWNER, OWNERSHIP, COMPANY, CONTRACT, ITEM, ENTRY, POSTING, SHOWN,
 RUN, BILL, TRANSACTION, PAYMENT, ALLOCATION, LEDGER, PLAN, INSPECTION, FINDING, REQUEST) = range(1, 26)  # fmt: skip

_FIRST = [
    "柳泉",
    "金泰",
    "锦绣",
    "和平",
    "阳光",
    "翠湖",
    "滨河",
    "紫荆",
    "景明",
    "东升",
    "怡和",
    "星河",
    "御景",
    "梧桐",
    "枫林",
    "玉泉",
    "丰泽",
    "盛世",
    "华庭",
    "绿洲",
]
_LAST = ["花园", "家园", "苑", "佳苑", "名邸", "新村", "雅居", "小区", "华府", "里"]


@dataclass(frozen=True)
class Company:
    number: int
    county: str
    id: UUID
    credit_code: str
    name: str
    admin: UUID
    """The account of its administrator."""


@dataclass(frozen=True)
class Place:
    """One estate with its property area: the same place seen twice."""

    number: int
    county: str
    township: str
    community: str
    name: str
    company: Company
    estate_id: UUID
    area_id: UUID
    item_id: UUID
    first_unit: int
    """Number of its first unit among all."""
    units: int
    billed: bool
    price: int
    """Fen per m² and month."""


@dataclass
class Large:
    """Sizes, seed, day, and the invented places."""

    units: int
    bills: int
    seed: int
    today: date
    companies: list[Company] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lay_out()

    def ident(self, kind: int, number: int, day: date | None = None) -> UUID:
        """The id of a row, ordered by the day it was made."""
        return UUID(int=_first(kind, self.seed, self.first_ms if day is None else self.ms(day)) + number)

    @staticmethod
    @cache
    def at(day: date, hour: int = 8) -> datetime:
        """The instant at which an hour of a day begins in Shanghai."""
        return datetime.combine(day, time(hour), SHANGHAI).astimezone(UTC)

    @staticmethod
    @cache
    def ms(day: date) -> int:
        """Eight in the morning of a day, in milliseconds since 1970."""
        return int(Large.at(day).timestamp() * 1000)

    @cached_property
    def first_ms(self) -> int:
        return self.ms(self.months[0] - timedelta(days=30))

    @cached_property
    def bills_per_unit(self) -> int:
        return max(BILLS_PER_UNIT, -(-self.bills // self.units))

    @cached_property
    def months(self) -> list[date]:
        """The first days of the months billed, oldest first, up to the present one."""
        last = self.today.year * 12 + self.today.month - 1
        counted = range(last - self.bills_per_unit + 1, last + 1)
        return [date(month // 12, month % 12 + 1, 1) for month in counted]

    @cached_property
    def groups(self) -> int:
        """Half-years whose bills can have been paid together: those before the present month."""
        return (self.bills_per_unit - 1) // 6

    def paid_groups(self, unit: int) -> int:
        """How many half-years a unit has paid: four in five all of them, some the older half, a few none."""
        kind = (unit * 2654435761 + self.seed * 97) % 100
        return self.groups if kind < 80 else self.groups // 2 if kind < 95 else 0

    def login(self, name: str) -> str:
        return f"large{self.seed}-{name}"

    @property
    def bank(self) -> str:
        """The client id of the bank that collects everywhere."""
        return f"large{self.seed}-bank"

    def bureau(self, county: str) -> UUID:
        """The account of the county's bureau."""
        return self.ident(ACCOUNT, COUNTIES.index(county))

    def resident(self, unit: int) -> UUID:
        """The account of a unit's owner."""
        return self.ident(ACCOUNT, 10_000_000 + unit)

    def unit_id(self, unit: int) -> UUID:
        return self.ident(UNIT, unit)

    def building_id(self, place: Place, building: int) -> UUID:
        return self.ident(BUILDING, place.number * 100 + building)

    def area_of(self, unit: int) -> int:
        """Building area in 0.01 m²."""
        return 6_000 + (unit * 7919 + self.seed) % 9_000

    def bill_amount(self, place: Place, unit: int) -> int:
        """Fen a month, half up."""
        return (2 * self.area_of(unit) * place.price + 100) // 200

    def _lay_out(self) -> None:
        chance = random.Random(self.seed)  # noqa: S311 - invented data
        communities = {
            county: [line for line in packaged_divisions() if line.county == county and _is_urban(line)]
            for county in COUNTIES
        }
        total = -(-self.units // UNITS_PER_ESTATE)
        sizes = [min(UNITS_PER_ESTATE, self.units - number * UNITS_PER_ESTATE) for number in range(total)]
        billed = self._billed(sizes)
        of_county: dict[str, list[Company]] = {county: [] for county in COUNTIES}
        for number in range(total):
            county = COUNTIES[number % len(COUNTIES)]
            rank = number // len(COUNTIES)
            companies = of_county[county]
            if rank % ESTATES_PER_COMPANY == 0:
                companies.append(self._company(county, len(self.companies)))
                self.companies.append(companies[-1])
            community = chance.choice(communities[county])
            name = f"{_FIRST[rank % 20]}{_LAST[rank // 20 % 10]}{_storey(rank // 200)}（演示）"
            first = number * UNITS_PER_ESTATE
            self.places.append(
                Place(
                    number,
                    county,
                    str(community.parent_code),
                    community.code,
                    name,
                    companies[-1],
                    self.ident(ESTATE, number),
                    self.ident(AREA, number),
                    self.ident(ITEM, number),
                    first,
                    sizes[number],
                    number in billed,
                    chance.randint(80, 220),
                )
            )

    def _billed(self, sizes: list[int]) -> set[int]:
        """Which estates get bills: as many as it takes, spread evenly so that few bills lie in every county too."""
        wanted = min(self.units, -(-self.bills // self.bills_per_unit))
        step = max(self.units // wanted, 1)
        step += step % len(COUNTIES) == 0  # every county in turn
        chosen: set[int] = set()
        for number in sorted(range(len(sizes)), key=lambda number: (number % step, number)):
            if sum(sizes[each] for each in chosen) >= wanted:
                break
            chosen.add(number)
        return chosen

    def _company(self, county: str, number: int) -> Company:
        name = f"{_FIRST[number % 20]}{_LAST[number // 20 % 10][0]}物业服务有限公司{number + 1}（演示）"
        code = make_credit_code(50_000_000 + self.seed % 400 * 100_000 + number)
        return Company(number, county, self.ident(COMPANY, number), code, name, self.ident(ACCOUNT, 1_000 + number))


@cache
def _first(kind: int, seed: int, ms: int) -> int:
    """A UUIDv7 whose last 48 bits, which tell it from others of its kind, seed and instant, are zero."""
    return int(f"{ms:012x}7{kind:03x}8{seed & 0xFFF:03x}{0:012x}", 16)


def _is_urban(line: DivisionLine) -> bool:
    name, level = line.name, line.level
    return level is DivisionLevel.COMMUNITY and not name.endswith(("村", "村委会", "村民委员会"))


def _storey(number: int) -> str:
    return f"{number + 1}期" if number else ""
