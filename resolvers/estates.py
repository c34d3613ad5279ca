"""Estates, their buildings and facilities: registered, approved and corrected by intent (ZS-1, TQ-117, TQ-119)."""

import uuid
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import select

from domain.errors import ErrorCode, Refusal
from domain.estates import (
    BuildingKind,
    EstateKind,
    EstateState,
    FacilityKind,
    FacilityState,
    FundDeposit,
    PartyCoverage,
    SearchKind,
    ServiceMode,
)
from domain.identifiers import check_phone
from domain.records import Record
from domain.roles import Role
from domain.text import natural_key, pinyin_key
from domain.units import FLOOR_LIMIT, building_name
from models.estates import Building, Estate, EstateArea, Facility
from models.sealed import Kind, seal_into
from resolvers.divisions import check_place
from resolvers.search import index_texts
from resolvers.unit_of_work import UnitOfWork

REGISTRARS = (Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU)
"""The census is taken by county, township and community (ZS-1)."""

FIRST_YEAR = 1900


@dataclass(frozen=True)
class EstateData(Record):
    """Base data of an estate that the census fills in and later corrects (TQ-117). Areas in 0.01 m²."""

    name: str
    address: str
    kind: EstateKind
    year_built: int | None = None
    land_area: int | None = None
    building_area: int | None = None
    chargeable_area: int | None = None
    households: int | None = None
    fund_deposit: FundDeposit = FundDeposit.UNKNOWN
    party_coverage: PartyCoverage = PartyCoverage.NONE
    party_organisation: str | None = None
    grid: str | None = None
    developer: str | None = None
    is_pilot: bool = False
    in_old_town: bool = False
    in_county_town: bool = True
    is_renovated: bool = False


async def estate_register(
    uow: UnitOfWork, *, code: str, township: str, community: str, service_mode: ServiceMode, **data: Any
) -> Estate:
    """Enter an estate (``EstateData``) in the register.

    What the bureau enters stands at once; other offices' entries await its approval. Refuses ``ALREADY_REGISTERED`` for
    a code in use, ``INVALID_DIVISION`` for a place outside the county, ``FORBIDDEN_ROLE`` for one that is not the
    actor's, ``OUT_OF_RANGE`` for a year or an area that cannot be.
    """
    grant = await uow.act(REGISTRARS)
    await check_place(uow, township, community)
    if grant.township not in (None, township) or grant.community not in (None, community):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "community")
    entered = EstateData(**data)
    _check(uow, entered)
    if await uow.session.scalar(select(Estate.id).where(Estate.county == uow.county, Estate.code == code)):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "code")
    approved = grant.role is Role.BUREAU
    estate = Estate(
        county=uow.county,
        code=code,
        township=township,
        community=community,
        service_mode=str(service_mode),
        service_mode_since=uow.today,
        state=(EstateState.APPROVED if approved else EstateState.DRAFT).value,
        approved_on=uow.today if approved else None,
        **_columns(entered),
    )
    uow.session.add(estate)
    await uow.session.flush()  # its grams and its event refer to it
    await _index(uow, estate)
    await uow.audit("estateRegister", estate, grant=grant, to_state=estate.state)
    uow.notify(estate)
    return estate


async def estate_approve(uow: UnitOfWork, *, id: uuid.UUID, expected_version: int | None = None) -> Estate:
    """The bureau approves the base data that a township or community entered (SL-14)."""
    estate = await uow.load(Estate, id, lock=True)
    grant = await uow.act((Role.BUREAU,), Estate, estate)
    uow.check_version(estate, expected_version)
    if estate.state != EstateState.DRAFT:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=estate.state)
    estate.state = EstateState.APPROVED.value
    estate.approved_on = uow.today
    estate.version += 1
    await uow.audit(
        "estateApprove", estate, grant=grant, from_state=EstateState.DRAFT.value, to_state=EstateState.APPROVED.value
    )
    uow.notify(estate)
    return estate


async def estate_correct(uow: UnitOfWork, *, id: uuid.UUID, reason: str, expected_version: int, **data: Any) -> Estate:
    """Bring the named fields of ``EstateData`` up to date (TQ-119); the others stay.

    Refuses ``VERSION_CONFLICT``, ``OUT_OF_RANGE``.
    """
    estate = await uow.load(Estate, id, lock=True)
    grant = await uow.act(REGISTRARS, Estate, estate)
    uow.check_version(estate, expected_version)
    corrected = EstateData(**{field.name: getattr(estate, field.name) for field in fields(EstateData)} | data)
    _check(uow, corrected)
    changed = _assign(estate, _columns(corrected))
    if changed:
        estate.version += 1
        await _index(uow, estate)
        await uow.audit("estateCorrect", estate, grant=grant, reason=reason, detail={"changed": changed})
        uow.notify(estate)
    return estate


async def estate_service_mode_set(
    uow: UnitOfWork, *, id: uuid.UUID, mode: ServiceMode, since: date, reason: str, expected_version: int | None = None
) -> Estate:
    """Record who manages an estate from a day on (TQ-47), or that nobody does (失管, ZS-5)."""
    estate = await uow.load(Estate, id, lock=True)
    grant = await uow.act(REGISTRARS, Estate, estate)
    uow.check_version(estate, expected_version)
    if since > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "since", most=uow.today)
    before = estate.service_mode
    estate.service_mode = str(mode)
    estate.service_mode_since = since
    estate.version += 1
    await uow.audit("estateServiceModeSet", estate, grant=grant, reason=reason, from_state=before, to_state=str(mode))
    uow.notify(estate)
    return estate


async def contact_cadre_appoint(
    uow: UnitOfWork, *, estate_id: uuid.UUID, name: str, office: str, phone: str | None = None
) -> Estate:
    """Name the one contact cadre (挂包干部) of an estate; the former one is replaced (ZD-70)."""
    estate = await uow.load(Estate, estate_id, lock=True, field="estateId")
    grant = await uow.act((Role.TOWNSHIP, Role.BUREAU), Estate, estate)
    if not name.strip():
        raise Refusal(ErrorCode.REQUIRED, "name")
    phone = check_phone(phone) if phone else None
    estate.contact_cadre = name.strip()
    estate.contact_cadre_office = office
    seal_into(estate, "contact_cadre_phone", phone, Kind.PHONE, uow.vault)
    estate.version += 1
    await uow.audit("contactCadreAppoint", estate, grant=grant)
    uow.notify(estate)
    return estate


@dataclass(frozen=True)
class BuildingData(Record):
    """What is to be known of a building. Area in 0.01 m²."""

    number: str
    kind: BuildingKind
    floors_above: int | None = None
    floors_below: int = 0
    entrance_count: int = 1
    has_elevator: bool = False
    year_built: int | None = None
    building_area: int | None = None
    public_housing_seller: str | None = None


async def building_register(uow: UnitOfWork, *, estate_id: uuid.UUID, **data: Any) -> Building:
    """Enter a building (幢, ``BuildingData``). It joins the estate's property area where the estate lies in one area as a whole.

    Refuses ``ALREADY_REGISTERED`` for a number in use in the estate, ``OUT_OF_RANGE``.
    """
    estate = await uow.load(Estate, estate_id, lock=True, field="estateId")
    grant = await uow.act(REGISTRARS, Estate, estate)
    entered = BuildingData(**data)
    check_building(entered)
    taken = select(Building.id).where(
        Building.county == uow.county, Building.estate_id == estate_id, Building.number == entered.number
    )
    if await uow.session.scalar(taken):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "number")
    building = Building(
        county=uow.county,
        estate_id=estate_id,
        area_id=await whole_area(uow, estate_id),
        name=building_name(entered.number),
        sort_key=natural_key(entered.number),
        **vars(entered),
    )
    uow.session.add(building)
    await uow.session.flush()  # its event refers to it
    await uow.audit("buildingRegister", building, grant=grant)
    return building


def check_building(data: BuildingData) -> None:
    """Refuses ``REQUIRED`` without a number, ``OUT_OF_RANGE`` for storeys that cannot be."""
    if not data.number.strip():
        raise Refusal(ErrorCode.REQUIRED, "number")
    for field, floors in (("floorsAbove", data.floors_above or 0), ("floorsBelow", data.floors_below)):
        if not 0 <= floors <= FLOOR_LIMIT:
            raise Refusal(ErrorCode.OUT_OF_RANGE, field, least=0, most=FLOOR_LIMIT)


async def whole_area(uow: UnitOfWork, estate_id: uuid.UUID) -> uuid.UUID | None:
    """The property area that covers the whole estate today; none where it has none or is divided."""
    statement = select(EstateArea).where(
        EstateArea.county == uow.county, EstateArea.estate_id == estate_id, EstateArea.valid_to.is_(None)
    )
    links = (await uow.session.scalars(statement)).all()
    return links[0].area_id if len(links) == 1 and links[0].part is None else None


@dataclass(frozen=True)
class FacilityData(Record):
    """What is to be known of a shared facility."""

    kind: FacilityKind
    number: str
    name: str
    location: str | None = None
    state: FacilityState = FacilityState.IN_USE
    installed_on: date | None = None
    maintainer: str | None = None
    inspected_until: date | None = None


async def facility_register(
    uow: UnitOfWork, *, estate_id: uuid.UUID, building_id: uuid.UUID | None = None, **data: Any
) -> Facility:
    """Enter a shared facility (``FacilityData``) of an estate or of one of its buildings (TQ-69, GT-51).

    Refuses ``NOT_FOUND`` for a building of another estate, ``ALREADY_REGISTERED`` for a number in use.
    """
    estate = await uow.load(Estate, estate_id, field="estateId")
    grant = await uow.act((*REGISTRARS, Role.COMPANY_ADMIN, Role.PROJECT_LEADER), Estate, estate)
    entered = FacilityData(**data)
    if building_id is not None:
        building = await uow.load(Building, building_id, field="buildingId")
        if building.estate_id != estate_id:
            raise Refusal(ErrorCode.NOT_FOUND, "buildingId")
    taken = select(Facility.id).where(
        Facility.county == uow.county,
        Facility.estate_id == estate_id,
        Facility.kind == entered.kind.value,
        Facility.number == entered.number,
    )
    if await uow.session.scalar(taken):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "number")
    facility = Facility(
        county=uow.county,
        estate_id=estate_id,
        building_id=building_id,
        sort_key=facility_sort_key(entered),
        **vars(entered),
    )
    uow.session.add(facility)
    await uow.session.flush()  # its event refers to it
    await uow.audit("facilityRegister", facility, grant=grant)
    return facility


def facility_sort_key(data: FacilityData) -> str:
    """Facilities stand by kind, then by number."""
    return f"{data.kind}\x1d{natural_key(data.number)}"


def _check(uow: UnitOfWork, data: EstateData) -> None:
    for field in ("name", "address"):
        if not getattr(data, field).strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    if data.year_built is not None and not FIRST_YEAR <= data.year_built <= uow.today.year:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "yearBuilt", least=FIRST_YEAR, most=uow.today.year)
    for field, size in (
        ("landArea", data.land_area),
        ("buildingArea", data.building_area),
        ("chargeableArea", data.chargeable_area),
        ("households", data.households),
    ):
        if size is not None and size < 0:
            raise Refusal(ErrorCode.OUT_OF_RANGE, field, least=0)
    if data.party_coverage is not PartyCoverage.NONE and not data.party_organisation:
        raise Refusal(ErrorCode.REQUIRED, "partyOrganisation")


def _columns(data: EstateData) -> dict[str, Any]:
    return {**vars(data), "name_sort": pinyin_key(data.name)}


def _assign(row: Any, values: dict[str, Any]) -> list[str]:
    """Set what differs; the names of the columns that did."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


async def _index(uow: UnitOfWork, estate: Estate) -> None:
    await index_texts(uow.session, uow.county, SearchKind.ESTATE, estate.id, estate.name, estate.code, estate.address)
