"""The large demo's accounts, places, units, owners, companies and contracts."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import chain

from app.large import plan
from app.large.copying import Loading, Row
from app.large.plan import UNITS_PER_BUILDING, Large, Place
from auth.policies.contracts import FILINGS_PUBLIC
from auth.policies.fees import FEES_COLLECT
from domain.companies import CompanyState
from domain.contracts import ContractKind, ContractMode, ContractState, SelectionBasis
from domain.estates import (
    AreaBasis,
    BuildingKind,
    EstateKind,
    EstateState,
    OwnerKind,
    OwnershipBasis,
    OwnershipKind,
    SearchKind,
    ServiceMode,
    UnitUse,
)
from domain.identifiers import mask_name, mask_unit
from domain.officials import BUREAU_POWERS
from domain.profiles import COUNTIES
from domain.roles import Role
from domain.search import grams
from domain.text import natural_key, pinyin_key
from domain.units import building_name, unit_name, unit_sort_key
from models.accounts import Account, AccountGrant, OAuthClient
from models.companies import Company
from models.contracts import ServiceContract
from models.estates import Building, Estate, EstateArea, Ownership, PropertyArea, Unit
from models.people import Owner
from models.search import SearchGram

MODELS = (
    Account, OAuthClient, AccountGrant, PropertyArea, Estate, EstateArea, Building, Unit, Owner, Ownership, Company,
    ServiceContract, SearchGram,
)  # fmt: skip

_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = [
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀英",
    "霞",
    "平",
    "刚",
    "桂英",
    "建华",
    "文",
    "玉兰",
    "志强",
    "建国",
    "海燕",
    "丽华",
    "晓东",
    "雪梅",
]

pinyin = cache(pinyin_key)


def load(large: Large, loading: Loading) -> None:
    """Everything but the fees and the cases."""
    _accounts(large, loading)
    _companies(large, loading)
    _places(large, loading)
    _homes(large, loading)


def _accounts(large: Large, loading: Loading) -> None:
    officials = [(large.bureau(county), large.login(f"{county}-bureau"), "县住建局（演示）") for county in COUNTIES] + [
        (large.ident(plan.ACCOUNT, 100 + at), large.login(f"{at}-township"), "街道办（演示）")
        for at, _ in enumerate(_townships(large))
    ]
    admins = [(firm.admin, large.login(f"{firm.number}-company"), f"{firm.name}经办人") for firm in large.companies]
    residents = ((large.resident(unit), None, owner_name(large, unit)) for unit in range(large.units))
    total = len(officials) + len(admins) + large.units
    loading.copy(Account, ("id", "login", "display_name"), chain(officials, admins, residents), total)
    scopes = [FEES_COLLECT, FILINGS_PUBLIC]
    bank = (
        large.bank,
        "演示银行（虚构）",
        "!",
        list(COUNTIES),
        scopes,
        "代收物业费",
        "县住建局与银行的协议（虚构）",
    )
    loading.copy(
        OAuthClient, ("client_id", "name", "secret_hash", "counties", "scopes", "purpose", "legal_basis"), [bank], 1
    )
    loading.copy(AccountGrant, _GRANT, _grants(large, scopes), large.units + len(officials) + len(admins) + 5)


_GRANT = (
    "id", "account_id", "client_id", "county", "role", "office", "township", "unit_id", "estate_id", "area_id",
    "company_id", "scopes", "valid_from", "source_type", "source_id",
)  # fmt: skip


def _grants(large: Large, scopes: list[str]) -> Iterator[Row]:
    since = large.months[0] - timedelta(days=30)
    nothing, powers = list[str](), list(BUREAU_POWERS)
    for at, county in enumerate(COUNTIES):
        holder = large.bureau(county)
        ident = large.ident(plan.GRANT, at)
        office = f"{county}住房和城乡建设局"
        yield (ident, holder, None, county, Role.BUREAU, office, *[None] * 5, powers, since, "official", holder)
        ident = large.ident(plan.GRANT, 50 + at)
        yield (ident, None, large.bank, county, Role.BANK, *[None] * 6, scopes, since, "partner_agreement", ident)
    for at, (county, township) in enumerate(_townships(large)):
        holder = large.ident(plan.ACCOUNT, 100 + at)
        ident = large.ident(plan.GRANT, 100 + at)
        yield (
            ident,
            holder,
            None,
            county,
            Role.TOWNSHIP,
            "街道办",
            township,
            *[None] * 4,
            nothing,
            since,
            "official",
            holder,
        )
    for firm in large.companies:
        ident = large.ident(plan.GRANT, 1_000 + firm.number)
        yield (
            ident,
            firm.admin,
            None,
            firm.county,
            Role.COMPANY_ADMIN,
            *[None] * 5,
            firm.id,
            nothing,
            since,
            "company_staff",
            firm.admin,
        )
    for place in large.places:
        for unit in range(place.first_unit, place.first_unit + place.units):
            yield (
                large.ident(plan.GRANT, 10_000_000 + unit), large.resident(unit), None, place.county, Role.OWNER, None,
                None, large.unit_id(unit), place.estate_id, place.area_id, None, nothing, since, "ownership",
                large.ident(plan.OWNERSHIP, unit),
            )  # fmt: skip


def _townships(large: Large) -> list[tuple[str, str]]:
    return sorted({(place.county, place.township) for place in large.places})


def _companies(large: Large, loading: Loading) -> None:
    home = {place.company.number: place for place in reversed(large.places)}
    columns = (
        "county", "id", "credit_code", "name", "name_sort", "township", "community", "state", "listed", "staff_count",
    )  # fmt: skip
    rows = [
        (
            firm.county,
            firm.id,
            firm.credit_code,
            firm.name,
            pinyin(firm.name),
            home[firm.number].township,
            home[firm.number].community,
            CompanyState.FILED,
            True,
            12,
        )
        for firm in large.companies
    ]
    loading.copy(Company, columns, rows, len(rows))


def _places(large: Large, loading: Loading) -> None:
    count = len(large.places)
    since = large.months[0] - timedelta(days=30)
    loading.copy(
        PropertyArea,
        ("county", "id", "code", "name", "name_sort", "township", "community", "floor_area"),
        (
            (p.county, p.area_id, code("LA", large, p), p.name, pinyin(p.name), p.township, p.community, 1_000_000)
            for p in large.places
        ),
        count,
    )
    loading.copy(
        Estate,
        (
            "county", "id", "code", "name", "name_sort", "address", "township", "community", "state", "approved_on",
            "service_mode", "kind", "year_built", "building_area", "households",
        ),
        (
            (
                p.county, p.estate_id, code("LE", large, p), p.name, pinyin(p.name), f"演示路{p.number + 1}号", p.township,
                p.community, EstateState.APPROVED, since, ServiceMode.COMPANY, EstateKind.COMMODITY,
                1990 + p.number % 35, 1_000_000, p.units,
            )
            for p in large.places
        ),
        count,
    )  # fmt: skip
    loading.copy(
        EstateArea,
        ("county", "id", "estate_id", "area_id", "valid_from"),
        ((p.county, large.ident(plan.LINK, p.number), p.estate_id, p.area_id, since) for p in large.places),
        count,
    )
    loading.copy(
        ServiceContract,
        (
            "county", "id", "number", "area_id", "company_id", "township", "community", "kind", "mode", "title",
            "signed_on", "starts_on", "ends_on", "price_terms", "unit_price", "service_terms", "model_text",
            "adjustment_clause", "selection_basis", "state", "published", "drafted_by",
        ),
        (_contract(large, p, since) for p in large.places),
        count,
    )  # fmt: skip
    texts = [(SearchKind.ESTATE, p.county, p.estate_id, grams(p.name, code("LE", large, p))) for p in large.places]
    texts += [(SearchKind.AREA, p.county, p.area_id, grams(p.name, code("LA", large, p))) for p in large.places]
    texts += [(SearchKind.COMPANY, f.county, f.id, grams(f.name, f.credit_code)) for f in large.companies]
    found = [(county, kind, gram, ident) for kind, county, ident, words in texts for gram in sorted(words)]
    loading.copy(SearchGram, ("county", "kind", "gram", "subject_id"), found, len(found))


def _contract(large: Large, p: Place, since: date) -> Row:
    return (
        p.county, large.ident(plan.CONTRACT, p.number), code("LC", large, p), p.area_id, p.company.id, p.township,
        p.community, ContractKind.EARLY_STAGE, ContractMode.LUMP_SUM, f"{p.name}物业服务合同", since, since,
        large.today + timedelta(days=400 + p.number % 500), "按建筑面积每月计收（虚构）", p.price, "三星级服务（虚构）", True,
        True, SelectionBasis.TENDER, ContractState.EFFECTIVE, True, p.company.admin,
    )  # fmt: skip


def code(prefix: str, large: Large, place: Place) -> str:
    """A natural key that no register of a county uses."""
    return f"{prefix}{large.seed}-{place.number + 1:05}"


def _homes(large: Large, loading: Loading) -> None:
    buildings = [
        (place, number, min(UNITS_PER_BUILDING, place.units - number * UNITS_PER_BUILDING))
        for place in large.places
        for number in range(-(-place.units // UNITS_PER_BUILDING))
    ]
    loading.copy(
        Building,
        ("county", "id", "estate_id", "area_id", "number", "name", "sort_key", "kind", "floors_above", "entrance_count"),
        (
            (
                place.county, large.building_id(place, number), place.estate_id, place.area_id, str(number + 1),
                building_name(str(number + 1)), natural_key(str(number + 1)), BuildingKind.MULTI_STOREY, 6, 3,
            )
            for place, number, _ in buildings
        ),
        len(buildings),
    )  # fmt: skip
    loading.copy(Unit, _UNIT, _units(large, buildings), large.units)
    loading.copy(
        Owner,
        ("county", "id", "kind", "name", "name_sort", "name_mask", "account_id"),
        (
            (
                place.county, large.ident(plan.OWNER, unit), OwnerKind.PERSON, name := owner_name(large, unit),
                pinyin(name), mask_name(name), large.resident(unit),
            )
            for place in large.places
            for unit in range(place.first_unit, place.first_unit + place.units)
        ),
        large.units,
    )  # fmt: skip
    since = large.months[0] - timedelta(days=30)
    loading.copy(
        Ownership,
        ("county", "id", "unit_id", "owner_id", "kind", "basis", "valid_from"),
        (
            (
                place.county, large.ident(plan.OWNERSHIP, unit), large.unit_id(unit), large.ident(plan.OWNER, unit),
                OwnershipKind.SOLE, OwnershipBasis.REGISTERED, since,
            )
            for place in large.places
            for unit in range(place.first_unit, place.first_unit + place.units)
        ),
        large.units,
    )  # fmt: skip


_UNIT = (
    "county", "id", "building_id", "estate_id", "area_id", "entrance", "floor", "room", "name", "name_mask", "sort_key",
    "use", "registered_area", "building_area", "area_basis", "chargeable_area", "delivered_on",
)  # fmt: skip


@cache
def _door(building: str, at: int) -> tuple[str, int, str, str, str, str]:
    """Entrance, floor, room, name, mask and sort key of unit ``at`` of a walk-up: two flats on each landing."""
    entrance, floor = str(at // 12 + 1), at % 12 // 2 + 1
    room = f"{floor}0{at % 2 + 1}"
    return (
        entrance,
        floor,
        room,
        unit_name(building_name(building), entrance, room),
        mask_unit(building, room),
        unit_sort_key(building, entrance, floor, room),
    )


def _units(large: Large, buildings: list[tuple[Place, int, int]]) -> Iterator[Row]:
    delivered = large.months[0] - timedelta(days=365)
    for place, number, count in buildings:
        for at in range(count):
            unit = place.first_unit + number * UNITS_PER_BUILDING + at
            area = large.area_of(unit)
            yield (
                place.county, large.unit_id(unit), large.building_id(place, number), place.estate_id, place.area_id,
                *_door(str(number + 1), at), UnitUse.DWELLING, area, area, AreaBasis.REGISTERED, area, delivered,
            )  # fmt: skip


def owner_name(large: Large, unit: int) -> str:
    """An invented name; six hundred of them, as in life many people share one."""
    mixed = unit * 48271 + large.seed
    return _FAMILY[mixed % len(_FAMILY)] + _GIVEN[mixed // 20 % len(_GIVEN)]
