"""The register as clients see it: estates, buildings, units, facilities. Property areas have ``areas``."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import Boolean, ColumnElement, Integer

from domain.estates import (
    AreaBasis,
    BuildingKind,
    ChargeableBasis,
    EstateKind,
    EstateState,
    FacilityKind,
    FacilityState,
    FundDeposit,
    ParkingRight,
    PartyCoverage,
    SearchKind,
    ServiceMode,
    UnitUse,
)
from domain.roles import FUND_OFFICES, IN_THE_COUNTY, Role
from models import estates as models
from models.funds import FundRequest as FundRequestRow
from models.inspections import Inspection as InspectionRow
from schema.areas import contract_in_force
from schema.common import Area, DateTime, Fen
from schema.conditions import equal, found_by, of, since
from schema.engine.declare import (
    Through,
    ascending,
    column,
    count,
    derived,
    descending,
    entity,
    filters,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.types import Connection, described
from schema.ledger import as_of_day, fund_of_estate

if TYPE_CHECKING:
    from schema.areas import EstateArea, PropertyArea
    from schema.contracts import ServiceContract
    from schema.divisions import Division
    from schema.funds import FundRequest
    from schema.inspections import Inspection
    from schema.people import Occupancy, Ownership

for _enumeration in (
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


NOT_RESIDENTS = IN_THE_COUNTY - {Role.TENANT}


def _now(link: Any) -> ColumnElement[bool]:
    return link.valid_to.is_(None)  # type: ignore[no-any-return]


ESTATE_ORDERS = orders(
    "EstateOrder",
    "How estates are ordered.",
    NAME=(ascending(models.Estate.name_sort), "By name, in pinyin."),
    CODE=(ascending(models.Estate.code), "By code."),
    NEWEST=(descending(models.Estate.updated_at), "Last changed first."),
)


@filters("Which estates. All given conditions must hold.")
class EstateFilter:
    township: str | None = equal("township", "Township or subdistrict code, 9 digits.")
    community: str | None = equal("community", "Community code, 12 digits.")
    code: str | None = equal("code", "Exactly this code.")
    state: EstateState | None = equal("state", "In this state.")
    service_mode: ServiceMode | None = equal("service_mode", "Managed in this way.")
    kind: EstateKind | None = equal("kind", "Of this kind.")
    party_coverage: PartyCoverage | None = equal("party_coverage", "Reached by the party in this way.")
    is_pilot: bool | None = equal("is_pilot", "Pilot estates, or the others.", Boolean())
    in_old_town: bool | None = equal("in_old_town", "In the old town, or outside.", Boolean())
    built_before: int | None = matches(
        lambda row, value: row.year_built < value, Integer(), "Completed before this year."
    )
    keyword: str | None = found_by(SearchKind.ESTATE)
    updated_since: DateTime | None = since()


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
        models.Estate.party_organisation, "Which party organisation.", to=IN_THE_COUNTY
    )
    grid: str | None = column(models.Estate.grid, "The grid that it lies in (网格).", to=IN_THE_COUNTY)
    contact_cadre: str | None = column(models.Estate.contact_cadre, "Its contact cadre (挂包干部).", to=IN_THE_COUNTY)
    contact_cadre_office: str | None = column(
        models.Estate.contact_cadre_office, "The cadre's office.", to=IN_THE_COUNTY
    )
    contact_cadre_phone: str | None = column(
        models.Estate.contact_cadre_phone_mask, "The cadre's phone, masked.", to=IN_THE_COUNTY
    )
    is_pilot: bool = column(models.Estate.is_pilot, "A pilot estate of the county's programme (试点小区).")
    in_old_town: bool = column(models.Estate.in_old_town, "In the old town (老城区).")
    in_county_town: bool = column(models.Estate.in_county_town, "In the county town, so counted in coverage rates.")
    is_renovated: bool = column(models.Estate.is_renovated, "A renovated old estate (改造后老旧小区).")
    developer: str | None = column(models.Estate.developer, "Who built it (建设单位).", to=IN_THE_COUNTY)
    version: int = column(models.Estate.version, "Counts up with every change: give it as `expectedVersion`.")
    updated_at: DateTime = column(models.Estate.updated_at, "Last change.")
    areas: Connection["EstateArea"] = many(models.EstateArea.estate_id, "Property areas that cover it now.", where=_now)
    contract: "ServiceContract | None" = contract_in_force(
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
    fund_balance: Fen | None = derived(
        fund_of_estate,
        "What the maintenance fund's accounts of its units and buildings hold together, in fen.",
        to=FUND_OFFICES,
        as_of=as_of_day(),
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
    estate: strawberry.ID | None = of("Estate", "estate_id", "In this estate.")
    building: strawberry.ID | None = of("Building", "building_id", "In this building.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    use: UnitUse | None = equal("use", "Used for this.")
    entrance: str | None = equal("entrance", "In this entrance (单元).")
    house_code: str | None = equal("house_code", "With exactly this house code.")
    real_estate_unit_no: str | None = equal("real_estate_unit_no", "With exactly this 不动产单元号.")
    developer_held: bool | None = equal("developer_held", "Not sold yet, or sold.", Boolean())
    updated_since: DateTime | None = since()


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
    kind: FacilityKind | None = equal("kind", "Of this kind.")
    state: FacilityState | None = equal("state", "In this state.")
    building: strawberry.ID | None = of("Building", "building_id", "Of this building.")


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
    "estates": listing("Estate", "Estates that the caller may see."),
    "units": listing("Unit", "Units that the caller may see."),
}
