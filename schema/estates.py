"""The register as clients see it: property areas, estates, buildings, units, facilities."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import ARRAY, Boolean, ColumnElement, Integer, Text, Uuid, any_, func, or_, select
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.orm import aliased

from domain.contracts import IN_FORCE
from domain.estates import (
    AreaBasis,
    AreaState,
    AreaWarning,
    BuildingKind,
    ChargeableBasis,
    ConsultedOffice,
    EstateKind,
    EstateState,
    FacilityKind,
    FacilityState,
    FundDeposit,
    ParkingRight,
    PartyCoverage,
    SearchKind,
    ServiceMode,
    SuccessionKind,
    UnitUse,
)
from domain.roles import PARTNERS, Role
from domain.search import keyword_grams
from models import estates as models
from models.committees import Committee as CommitteeRow
from models.companies import ProjectLeader as ProjectLeaderRow
from models.contracts import ServiceContract as ServiceContractRow
from models.disclosures import Disclosure as DisclosureRow
from models.disclosures import DisclosureEntry as DisclosureEntryRow
from models.funds import FundRequest as FundRequestRow
from models.inspections import Inspection as InspectionRow
from models.search import SearchGram
from schema.common import Area, DateTime
from schema.engine.declare import (
    Through,
    ascending,
    column,
    count,
    descending,
    entity,
    filters,
    latest,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.types import Connection, described
from schema.engine.values import key_of

if TYPE_CHECKING:
    from schema.committees import Committee
    from schema.companies import ProjectLeader
    from schema.contracts import ServiceContract
    from schema.disclosures import Disclosure, DisclosureEntry
    from schema.divisions import Division
    from schema.funds import FundRequest
    from schema.inspections import Inspection
    from schema.people import Occupancy, Ownership

for _enumeration in (
    AreaState,
    AreaWarning,
    ConsultedOffice,
    SuccessionKind,
    ServiceMode,
    EstateState,
    EstateKind,
    PartyCoverage,
    FundDeposit,
    BuildingKind,
    UnitUse,
    ParkingRight,
    AreaBasis,
    ChargeableBasis,
    FacilityKind,
    FacilityState,
):
    described(_enumeration)


INSIDE_THE_COUNTY = frozenset(Role) - PARTNERS - {Role.SYSTEM}
"""Banks and courts know an estate by code, name and place only."""

NOT_RESIDENTS = INSIDE_THE_COUNTY - {Role.TENANT}


def found_by(kind: SearchKind) -> Any:
    """A keyword condition: the row's texts hold all grams of the keyword."""

    def predicate(row: Any, grams: Any, env: Any) -> ColumnElement[bool]:
        held = aliased(SearchGram)
        holding_all = (
            select(held.subject_id)
            .where(env.county_of(held), held.kind == kind.value, held.gram == any_(grams))
            .group_by(held.subject_id)
            .having(func.count() == func.cardinality(grams))
        )
        return row.id.in_(holding_all)  # type: ignore[no-any-return]

    return matches(
        predicate,
        ARRAY(Text(collation="C")),
        "Words that occur in its name, code or address; any order.",
        read=lambda keyword: list(keyword_grams(keyword)),
        opens=True,
    )


def _since(description: str = "Changed at or after this instant.") -> Any:
    return matches(lambda row, value: row.updated_at >= value, SqlDateTime(timezone=True), description)


def _equal(name: str, type_: Any, description: str) -> Any:
    return matches(lambda row, value: getattr(row, name) == value, type_, description)


def _of(type_name: str, name: str, description: str) -> Any:
    return matches(lambda row, value: getattr(row, name) == value, Uuid(), description, read=key_of(type_name))


def _contract_in_force(description: str, through: Through | None = None) -> Any:
    return latest(
        ServiceContractRow.area_id,
        description,
        by=lambda row: [row.starts_on.desc(), row.id.desc()],
        where=lambda row: or_(*(row.state == state.value for state in sorted(IN_FORCE))),
        through=through,
    )


def _now(link: Any) -> ColumnElement[bool]:
    return link.valid_to.is_(None)  # type: ignore[no-any-return]


AREA_ORDERS = orders(
    "PropertyAreaOrder",
    "How property areas are ordered.",
    NAME=(ascending(models.PropertyArea.name_sort), "By name, in pinyin."),
    CODE=(ascending(models.PropertyArea.code), "By code."),
    NEWEST=(descending(models.PropertyArea.updated_at), "Last changed first."),
)


@filters("Which property areas. All given conditions must hold.")
class PropertyAreaFilter:
    state: AreaState | None = _equal("state", Text(), "In this state.")
    township: str | None = _equal("township", Text(), "Township or subdistrict code, 9 digits.")
    community: str | None = _equal("community", Text(), "Community code, 12 digits.")
    warning: AreaWarning | None = _equal("warning", Text(), "With this warning.")
    code: str | None = _equal("code", Text(), "Exactly this code.")
    keyword: str | None = found_by(SearchKind.AREA)
    updated_since: DateTime | None = _since()


@entity(
    models.PropertyArea,
    "A property area (物业管理区域): what contracts, committees, votes and fund accounts hang on.",
    orders=AREA_ORDERS,
    filters=PropertyAreaFilter,
    states=models.PropertyArea.state,
)
class PropertyArea:
    code: str = column(models.PropertyArea.code, "The county's code of the area.")
    name: str = column(models.PropertyArea.name, "Its name.")
    township: str = column(models.PropertyArea.township, "Township or subdistrict that answers for it, 9 digits.")
    community: str = column(models.PropertyArea.community, "Community that answers for it, 12 digits.")
    township_division: "Division | None" = one(models.PropertyArea.township, "The township or subdistrict.")
    community_division: "Division | None" = one(models.PropertyArea.community, "The community.")
    boundary: str | None = column(models.PropertyArea.boundary, "Its four boundaries in words (四至范围).")
    filing_number: str | None = column(models.PropertyArea.filing_number, "Number of the filed delimitation (备案号).")
    filed_on: datetime.date | None = column(models.PropertyArea.filed_on, "Day of that filing.")
    floor_area: Area | None = column(models.PropertyArea.floor_area, "Total building area.")
    consulted_offices: list[ConsultedOffice] = column(
        models.PropertyArea.consulted_offices, "Offices that were heard before it was drawn (征求意见部门)."
    )
    warning: AreaWarning | None = column(
        models.PropertyArea.warning, "What should be looked at again.", to=INSIDE_THE_COUNTY
    )
    state: AreaState = column(models.PropertyArea.state, "Whether it still stands.")
    ended_on: datetime.date | None = column(models.PropertyArea.ended_on, "Day it was merged or split.")
    version: int = column(models.PropertyArea.version, "Counts up with every change.")
    updated_at: DateTime = column(models.PropertyArea.updated_at, "Last change.")
    estates: Connection["EstateArea"] = many(models.EstateArea.area_id, "Estates, or parts of them, that it covers.")
    buildings: Connection["Building"] = many(models.Building.area_id, "Its buildings, in natural order.")
    building_count: int = count(models.Building.area_id, "How many buildings it has.")
    unit_count: int = count(models.Unit.area_id, "How many units it has.")
    predecessors: Connection["AreaSuccession"] = many(models.AreaSuccession.successor_id, "Areas that it came from.")
    successors: Connection["AreaSuccession"] = many(models.AreaSuccession.predecessor_id, "Areas that followed it.")
    contract: "ServiceContract | None" = _contract_in_force("The contract in force, the latest begun.")
    contracts: Connection["ServiceContract"] = many(ServiceContractRow.area_id, "Its service contracts.")
    project_leader: "ProjectLeader | None" = latest(
        ProjectLeaderRow.area_id,
        "The project leader in post.",
        by=lambda row: [row.appointed_on.desc(), row.id.desc()],
        where=lambda row: row.ended_on.is_(None),
    )
    committee: "Committee | None" = latest(
        CommitteeRow.area_id,
        "The body in office that acts for its owners.",
        by=lambda row: [row.term_from.desc(), row.id.desc()],
        where=lambda row: row.ended_on.is_(None),
    )
    committees: Connection["Committee"] = many(CommitteeRow.area_id, "Its bodies, now and before.")
    board: Connection["DisclosureEntry"] = many(DisclosureEntryRow.area_id, "Its disclosure board (公示栏).")
    disclosures: Connection["Disclosure"] = many(DisclosureRow.area_id, "Its postings, all versions.")


@entity(models.AreaSuccession, "One step of a property area's history (合并、拆分).")
class AreaSuccession:
    predecessor: "PropertyArea | None" = one(models.AreaSuccession.predecessor_id, "The area that gave way.")
    successor: "PropertyArea | None" = one(models.AreaSuccession.successor_id, "The area that took its place.")
    kind: SuccessionKind = column(models.AreaSuccession.kind, "Merged or split.")
    happened_on: datetime.date = column(models.AreaSuccession.happened_on, "When.")
    reason: str = column(models.AreaSuccession.reason, "Why.")


@entity(models.EstateArea, "That an estate, or a part of it, belongs to a property area.")
class EstateArea:
    estate: "Estate | None" = one(models.EstateArea.estate_id, "The estate.")
    area: "PropertyArea | None" = one(models.EstateArea.area_id, "The property area.")
    part: str | None = column(models.EstateArea.part, "Which part of the estate; null for all of it.")
    valid_from: datetime.date = column(models.EstateArea.valid_from, "First day.")
    valid_to: datetime.date | None = column(models.EstateArea.valid_to, "First day after; null while it lasts.")


ESTATE_ORDERS = orders(
    "EstateOrder",
    "How estates are ordered.",
    NAME=(ascending(models.Estate.name_sort), "By name, in pinyin."),
    CODE=(ascending(models.Estate.code), "By code."),
    NEWEST=(descending(models.Estate.updated_at), "Last changed first."),
)


@filters("Which estates. All given conditions must hold.")
class EstateFilter:
    township: str | None = _equal("township", Text(), "Township or subdistrict code, 9 digits.")
    community: str | None = _equal("community", Text(), "Community code, 12 digits.")
    code: str | None = _equal("code", Text(), "Exactly this code.")
    state: EstateState | None = _equal("state", Text(), "In this state.")
    service_mode: ServiceMode | None = _equal("service_mode", Text(), "Managed in this way.")
    kind: EstateKind | None = _equal("kind", Text(), "Of this kind.")
    party_coverage: PartyCoverage | None = _equal("party_coverage", Text(), "Reached by the party in this way.")
    is_pilot: bool | None = _equal("is_pilot", Boolean(), "Pilot estates, or the others.")
    in_old_town: bool | None = _equal("in_old_town", Boolean(), "In the old town, or outside.")
    built_before: int | None = matches(
        lambda row, value: row.year_built < value, Integer(), "Completed before this year."
    )
    keyword: str | None = found_by(SearchKind.ESTATE)
    updated_since: DateTime | None = _since()


@entity(
    models.Estate,
    "A residential estate (住宅小区).",
    orders=ESTATE_ORDERS,
    filters=EstateFilter,
    states=models.Estate.state,
)
class Estate:
    code: str = column(models.Estate.code, "The county's code of the estate.")
    name: str = column(models.Estate.name, "Its name.")
    address: str = column(models.Estate.address, "Where it is.")
    township: str = column(models.Estate.township, "Township or subdistrict code, 9 digits.")
    community: str = column(models.Estate.community, "Community code, 12 digits.")
    township_division: "Division | None" = one(models.Estate.township, "The township or subdistrict.")
    community_division: "Division | None" = one(models.Estate.community, "The community.")
    state: EstateState = column(models.Estate.state, "Whether its base data is approved.")
    approved_on: datetime.date | None = column(models.Estate.approved_on, "Day of that approval.")
    service_mode: ServiceMode = column(models.Estate.service_mode, "Who manages it (管理模式).")
    service_mode_since: datetime.date | None = column(models.Estate.service_mode_since, "Since when.")
    kind: EstateKind = column(models.Estate.kind, "What sort of estate it is.")
    year_built: int | None = column(models.Estate.year_built, "Year of completion.")
    land_area: Area | None = column(models.Estate.land_area, "Area of its ground.")
    building_area: Area | None = column(models.Estate.building_area, "Building area.")
    chargeable_area: Area | None = column(models.Estate.chargeable_area, "Area that fees are charged on.")
    households: int | None = column(models.Estate.households, "Households.")
    fund_deposit: FundDeposit = column(models.Estate.fund_deposit, "How far its maintenance fund is paid in.")
    party_coverage: PartyCoverage = column(models.Estate.party_coverage, "How a party organisation reaches it.")
    party_organisation: str | None = column(
        models.Estate.party_organisation, "Which party organisation.", to=INSIDE_THE_COUNTY
    )
    grid: str | None = column(models.Estate.grid, "The grid that it lies in (网格).", to=INSIDE_THE_COUNTY)
    contact_cadre: str | None = column(
        models.Estate.contact_cadre, "Its contact cadre (挂包干部).", to=INSIDE_THE_COUNTY
    )
    contact_cadre_office: str | None = column(
        models.Estate.contact_cadre_office, "The cadre's office.", to=INSIDE_THE_COUNTY
    )
    contact_cadre_phone: str | None = column(
        models.Estate.contact_cadre_phone_mask, "The cadre's phone, masked.", to=INSIDE_THE_COUNTY
    )
    is_pilot: bool = column(models.Estate.is_pilot, "A pilot estate of the county's programme (试点小区).")
    in_old_town: bool = column(models.Estate.in_old_town, "In the old town (老城区).")
    in_county_town: bool = column(models.Estate.in_county_town, "In the county town, so counted in coverage rates.")
    is_renovated: bool = column(models.Estate.is_renovated, "A renovated old estate (改造后老旧小区).")
    developer: str | None = column(models.Estate.developer, "Who built it (建设单位).", to=INSIDE_THE_COUNTY)
    version: int = column(models.Estate.version, "Counts up with every change: give it as `expectedVersion`.")
    updated_at: DateTime = column(models.Estate.updated_at, "Last change.")
    areas: Connection["EstateArea"] = many(models.EstateArea.estate_id, "Property areas that cover it now.", where=_now)
    contract: "ServiceContract | None" = _contract_in_force(
        "The service contract in force in its property area; of several areas' contracts the latest begun. All of them: `areas`.",
        through=Through(models.EstateArea.estate_id, models.EstateArea.area_id, _now),
    )
    buildings: Connection["Building"] = many(models.Building.estate_id, "Its buildings, in natural order.")
    building_count: int = count(models.Building.estate_id, "How many buildings it has.")
    units: Connection["Unit"] = many(models.Unit.estate_id, "Its units, in natural order.")
    unit_count: int = count(models.Unit.estate_id, "How many units it has.")
    facilities: Connection["Facility"] = many(models.Facility.estate_id, "Its shared facilities.")
    inspections: Connection["Inspection"] = many(
        InspectionRow.estate_id, "Inspections of it that the caller may see, latest first."
    )
    fund_requests: Connection["FundRequest"] = many(
        FundRequestRow.estate_id, "Requests to its maintenance fund that the caller may see, latest first."
    )


BUILDING_ORDERS = orders(
    "BuildingOrder",
    "How buildings are ordered.",
    NUMBER=(ascending(models.Building.sort_key), "9幢 before 10幢."),
)


@entity(models.Building, "A building (幢) of an estate.", orders=BUILDING_ORDERS)
class Building:
    number: str = column(models.Building.number, "Its number, without 幢 or 栋.")
    name: str = column(models.Building.name, "As it is said: 3幢.")
    estate: Estate = one(models.Building.estate_id, "The estate that it stands in.")
    area: "PropertyArea | None" = one(models.Building.area_id, "The property area that it belongs to.")
    kind: BuildingKind = column(models.Building.kind, "Its form.")
    floors_above: int | None = column(models.Building.floors_above, "Storeys above ground.")
    floors_below: int = column(models.Building.floors_below, "Storeys below ground.")
    entrance_count: int = column(models.Building.entrance_count, "How many 单元 it has.")
    has_elevator: bool = column(models.Building.has_elevator, "Whether it has a lift.")
    year_built: int | None = column(models.Building.year_built, "Year of completion.")
    floor_area: Area | None = column(models.Building.building_area, "Building area of all floors (建筑面积).")
    public_housing_seller: str | None = column(
        models.Building.public_housing_seller, "The work unit that sold it to its residents (房改售房单位)."
    )
    version: int = column(models.Building.version, "Counts up with every change.")
    units: Connection["Unit"] = many(models.Unit.building_id, "Its units, in natural order.")
    unit_count: int = count(models.Unit.building_id, "How many units it has.")


UNIT_ORDERS = orders(
    "UnitOrder",
    "How units are ordered.",
    NUMBER=(ascending(models.Unit.sort_key), "By building, entrance, floor and room."),
    NEWEST=(descending(models.Unit.updated_at), "Last changed first."),
)


@filters("Which units. All given conditions must hold.")
class UnitFilter:
    estate: strawberry.ID | None = _of("Estate", "estate_id", "In this estate.")
    building: strawberry.ID | None = _of("Building", "building_id", "In this building.")
    area: strawberry.ID | None = _of("PropertyArea", "area_id", "In this property area.")
    use: UnitUse | None = _equal("use", Text(), "Used for this.")
    entrance: str | None = _equal("entrance", Text(), "In this entrance (单元).")
    house_code: str | None = _equal("house_code", Text(), "With exactly this house code.")
    real_estate_unit_no: str | None = _equal("real_estate_unit_no", Text(), "With exactly this 不动产单元号.")
    developer_held: bool | None = _equal("developer_held", Boolean(), "Not sold yet, or sold.")
    updated_since: DateTime | None = _since()


@entity(
    models.Unit,
    "A unit (房屋): what is owned, voted with and billed.",
    orders=UNIT_ORDERS,
    filters=UnitFilter,
)
class Unit:
    name: str = column(models.Unit.name, "As it is said inside its estate: 3幢2单元501.")
    entrance: str = column(models.Unit.entrance, "The 单元; empty where the building has none.")
    floor: int = column(models.Unit.floor, "Floor; negative below ground.")
    room: str = column(models.Unit.room, "Room number.")
    use: UnitUse = column(models.Unit.use, "What it is used for.")
    parking_right: ParkingRight | None = column(models.Unit.parking_right, "Whose a parking space is.")
    building: Building = one(models.Unit.building_id, "The building.")
    estate: Estate = one(models.Unit.estate_id, "The estate.")
    area: "PropertyArea | None" = one(models.Unit.area_id, "The property area.")
    building_area: Area | None = column(models.Unit.building_area, "The building area that counts (建筑面积).")
    area_basis: AreaBasis | None = column(models.Unit.area_basis, "Where that area comes from.")
    registered_area: Area | None = column(models.Unit.registered_area, "Area in the real estate register.")
    surveyed_area: Area | None = column(models.Unit.surveyed_area, "Area in the survey report.")
    contract_area: Area | None = column(models.Unit.contract_area, "Area in the sales contract.")
    exclusive_area: Area | None = column(models.Unit.exclusive_area, "Area inside its walls (套内面积).")
    chargeable_area: Area | None = column(models.Unit.chargeable_area, "Area that its fee is charged on.")
    chargeable_basis: ChargeableBasis = column(models.Unit.chargeable_basis, "Which area that is.")
    house_code: str | None = column(models.Unit.house_code, "The housing authority's code (房屋编码).")
    real_estate_unit_no: str | None = column(
        models.Unit.real_estate_unit_no, "Real-estate unit number, 28 characters (不动产单元号).", to=NOT_RESIDENTS
    )
    certificate_no: str | None = column(
        models.Unit.certificate_no, "Real-estate certificate number (不动产权证号).", to=NOT_RESIDENTS
    )
    net_sign_no: str | None = column(
        models.Unit.net_sign_no, "Number of the online-signed sales contract (网签备案号).", to=NOT_RESIDENTS
    )
    delivered_on: datetime.date | None = column(models.Unit.delivered_on, "When its first buyer took it over.")
    sold_public_housing: bool = column(models.Unit.sold_public_housing, "Public housing sold to residents (房改房).")
    developer_held: bool = column(models.Unit.developer_held, "Whether its developer still holds it.")
    version: int = column(models.Unit.version, "Counts up with every change: give it as `expectedVersion`.")
    updated_at: DateTime = column(models.Unit.updated_at, "Last change.")
    ownerships: Connection["Ownership"] = many(
        models.Ownership.unit_id, "Who holds it now.", where=lambda row: row.valid_to.is_(None)
    )
    ownership_history: Connection["Ownership"] = many(models.Ownership.unit_id, "Who held it, now and before.")
    occupancies: Connection["Occupancy"] = many(models.Occupancy.unit_id, "Who uses it besides its owners.")


FACILITY_ORDERS = orders(
    "FacilityOrder",
    "How facilities are ordered.",
    NUMBER=(ascending(models.Facility.sort_key), "By kind and number."),
)


@filters("Which facilities. All given conditions must hold.")
class FacilityFilter:
    kind: FacilityKind | None = _equal("kind", Text(), "Of this kind.")
    state: FacilityState | None = _equal("state", Text(), "In this state.")
    building: strawberry.ID | None = _of("Building", "building_id", "Of this building.")


@entity(
    models.Facility, "A shared facility (共用设施设备) of an estate.", orders=FACILITY_ORDERS, filters=FacilityFilter
)
class Facility:
    kind: FacilityKind = column(models.Facility.kind, "What it is.")
    number: str = column(models.Facility.number, "Its plate or registration number.")
    name: str = column(models.Facility.name, "What it is called.")
    estate: Estate = one(models.Facility.estate_id, "The estate.")
    building: "Building | None" = one(models.Facility.building_id, "The building that it serves; null for the estate.")
    location: str | None = column(models.Facility.location, "Where it is.")
    state: FacilityState = column(models.Facility.state, "Its condition.")
    installed_on: datetime.date | None = column(models.Facility.installed_on, "When it was put in.")
    maintainer: str | None = column(models.Facility.maintainer, "Who maintains it (维保单位).")
    inspected_until: datetime.date | None = column(
        models.Facility.inspected_until, "How long its last statutory inspection is valid."
    )


QUERIES = {
    "propertyAreas": listing("PropertyArea", "Property areas that the caller may see."),
    "estates": listing("Estate", "Estates that the caller may see."),
    "units": listing("Unit", "Units that the caller may see."),
}
