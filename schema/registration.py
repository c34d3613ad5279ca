"""What people do with the register: one mutation per act, each answered with the row it touched."""

import datetime
from typing import Any

import strawberry

from domain.estates import (
    BuildingKind,
    ChargeableBasis,
    ConsultedOffice,
    EstateKind,
    FacilityKind,
    FacilityState,
    FundDeposit,
    IdentityDocument,
    OccupancyKind,
    OwnershipBasis,
    OwnershipKind,
    ParkingRight,
    PartyCoverage,
    ServiceMode,
    UnitUse,
)
from resolvers import areas, estates, people, units
from schema import areas as areas_schema
from schema import estates as estates_schema
from schema import people as people_schema
from schema.acts import COUNTY, VERSION
from schema.common import Area
from schema.engine.intents import given, included, inputs, intent, ref

ENUMERATIONS_FROM = (areas_schema, estates_schema, people_schema)
"""Their modules give the enumerations below to the schema."""

REASON = "Why, for the record."


@inputs("An estate that an area covers: whole, or the part made of some buildings.", item=True)
class EstatePartInput:
    estate_id: strawberry.ID = ref("Estate", "The estate.")
    part: str | None = given("Which part, in words; left out for the whole estate.")
    building_ids: list[strawberry.ID] | None = ref("Building", "The part's buildings; left out for all.")


class Delimitation:
    """What is said of a property area by whichever act fixes it."""

    community: str = given("Community that answers for it, 12 digits.")
    boundary: str | None = given("Its four boundaries in words.")
    filing_number: str | None = given("Number of the filed delimitation.")
    filed_on: datetime.date | None = given("Day of that filing.")
    floor_area: Area | None = given("Total building area; left out, the sum of its estates.")
    consulted_offices: list[ConsultedOffice] | None = given("Offices that were heard (ZD-10).")


@inputs("Fix a property area (划定物业管理区域).", keyed=False)
class AreaRegisterInput:
    county: str | None = given(COUNTY)
    code: str = given("The county's code of the area; each is used once.")
    name: str = given("Its name.")
    township: str = given("Township or subdistrict that answers for it, 9 digits.")
    delimitation: Delimitation = included()
    estates: list[EstatePartInput] = given("What it covers.")


@inputs("Merge property areas of one township (合并).", keyed=False)
class AreaMergeInput:
    area_ids: list[strawberry.ID] = ref("PropertyArea", "The areas to merge, two or more.")
    reason: str = given(REASON)
    code: str = given("Code of the new area.")
    name: str = given("Its name.")
    township: str = given("Township or subdistrict, 9 digits; that of the old areas.")
    delimitation: Delimitation = included()


@inputs("One of the new areas of a split.", item=True)
class AreaPartInput:
    code: str = given("Its code.")
    name: str = given("Its name.")
    township: str = given("Township or subdistrict, 9 digits; that of the old area.")
    delimitation: Delimitation = included()
    estates: list[EstatePartInput] = given("What it takes over from the old area.")


@inputs("Split a property area (拆分).", keyed=False)
class AreaSplitInput:
    id: strawberry.ID = ref("PropertyArea", "The area to split.")
    parts: list[AreaPartInput] = given("The new areas, which together take over all its buildings.")
    reason: str = given(REASON)


class EstateParticulars:
    """What the register says of an estate where it is known."""

    year_built: int | None = given("Year of completion.")
    land_area: Area | None = given("Area of its ground.")
    building_area: Area | None = given("Building area.")
    chargeable_area: Area | None = given("Area that fees are charged on.")
    households: int | None = given("Households.")
    fund_deposit: FundDeposit | None = given("How far its maintenance fund is paid in.")
    party_coverage: PartyCoverage | None = given("How a party organisation reaches it.")
    party_organisation: str | None = given("Which party organisation.")
    grid: str | None = given("The grid that it lies in.")
    developer: str | None = given("Who built it.")
    is_pilot: bool | None = given("A pilot estate.")
    in_old_town: bool | None = given("In the old town.")


@inputs("Enter an estate in the register.", keyed=False)
class EstateRegisterInput:
    county: str | None = given(COUNTY)
    code: str = given("The county's code of the estate; each is used once.")
    name: str = given("Its name.")
    address: str = given("Where it is.")
    township: str = given("Township or subdistrict code, 9 digits.")
    community: str = given("Community code, 12 digits.")
    service_mode: ServiceMode = given("Who manages it.")
    kind: EstateKind = given("What sort of estate it is.")
    particulars: EstateParticulars = included()
    in_county_town: bool | None = given("In the county town; true when left out.")
    is_renovated: bool | None = given("A renovated old estate.")


@inputs("Bring an estate's base data up to date; what is left out stays.", keyed=False)
class EstateCorrectInput:
    id: strawberry.ID = ref("Estate", "The estate.")
    expected_version: int = given(VERSION)
    reason: str = given(REASON)
    name: str | None = given("Its name.")
    address: str | None = given("Where it is.")
    kind: EstateKind | None = given("What sort of estate it is.")
    particulars: EstateParticulars = included()
    in_county_town: bool | None = given("In the county town.")
    is_renovated: bool | None = given("A renovated old estate.")


@inputs("Approve the base data that a township or community entered.", keyed=False)
class EstateApproveInput:
    id: strawberry.ID = ref("Estate", "The estate.")
    expected_version: int | None = given(VERSION)


@inputs("Record who manages an estate, or that nobody does.", keyed=False)
class EstateServiceModeSetInput:
    id: strawberry.ID = ref("Estate", "The estate.")
    mode: ServiceMode = given("Who manages it now.")
    since: datetime.date = given("From which day on.")
    reason: str = given(REASON)
    expected_version: int | None = given(VERSION)


@inputs("Name an estate's contact cadre (挂包干部).", keyed=False)
class ContactCadreAppointInput:
    estate_id: strawberry.ID = ref("Estate", "The estate.")
    name: str = given("The cadre's name.")
    office: str = given("The cadre's office.")
    phone: str | None = given("Mobile number; shown masked.")


@inputs("Enter a building (幢).", keyed=False)
class BuildingRegisterInput:
    estate_id: strawberry.ID = ref("Estate", "The estate.")
    number: str = given("Its number, without 幢 or 栋; unique in the estate.")
    kind: BuildingKind = given("Its form.")
    floors_above: int | None = given("Storeys above ground.")
    floors_below: int | None = given("Storeys below ground.")
    entrance_count: int | None = given("How many 单元 it has.")
    has_elevator: bool | None = given("Whether it has a lift.")
    year_built: int | None = given("Year of completion.")
    building_area: Area | None = given("Building area.")
    public_housing_seller: str | None = given("The work unit that sold it to its residents.")


class UnitAreas:
    """A unit's area, by where it is written."""

    registered_area: Area | None = given("Area in the real estate register.")
    surveyed_area: Area | None = given("Area in the survey report.")
    contract_area: Area | None = given("Area in the sales contract.")
    exclusive_area: Area | None = given("Area inside its walls.")


class UnitPapers:
    """Where else a unit is known, and how it came to its owner."""

    house_code: str | None = given("The housing authority's code.")
    real_estate_unit_no: str | None = given("Real-estate unit number, 28 characters.")
    certificate_no: str | None = given("Real-estate certificate number.")
    net_sign_no: str | None = given("Number of the online-signed sales contract.")
    delivered_on: datetime.date | None = given("When its first buyer took it over.")
    sold_public_housing: bool | None = given("Public housing sold to its residents.")
    developer_held: bool | None = given("Whether its developer still holds it.")


@inputs("A unit of the list.", item=True)
class UnitItem:
    room: str = given("Room number.")
    floor: int = given("Floor; negative below ground, never 0.")
    use: UnitUse = given("What it is used for.")
    entrance: str | None = given("The 单元; left out where the building has none.")
    parking_right: ParkingRight | None = given("Whose a parking space is.")
    areas: UnitAreas = included()
    chargeable_area: Area | None = given("Area that its fee is charged on; left out, the one that its basis names.")
    chargeable_basis: ChargeableBasis | None = given("Which area that is; the building area when left out.")
    papers: UnitPapers = included()


@inputs("Enter units of a building, at most 100, each by itself.", keyed=False)
class UnitsRegisterInput:
    building_id: strawberry.ID = ref("Building", "The building.")
    items: list[UnitItem] = given("The units.")


@inputs("Put a unit's data right; what is left out stays.", keyed=False)
class UnitCorrectInput:
    id: strawberry.ID = ref("Unit", "The unit.")
    expected_version: int = given(VERSION)
    reason: str = given(REASON)
    room: str | None = given("Room number.")
    floor: int | None = given("Floor; negative below ground, never 0.")
    use: UnitUse | None = given("What it is used for.")
    entrance: str | None = given("The 单元.")
    parking_right: ParkingRight | None = given("Whose a parking space is.")
    areas: UnitAreas = included()
    chargeable_area: Area | None = given("Area that its fee is charged on.")
    chargeable_basis: ChargeableBasis | None = given("Which area that is.")
    papers: UnitPapers = included()


class Identity:
    """Who somebody is, and how they are reached."""

    name: str = given("Name as in the document.")
    document_kind: IdentityDocument | None = given("What proves the identity.")
    document_number: str | None = given("Its number; stored sealed.")
    phone: str | None = given("Mobile number; stored sealed.")


@inputs("A minor's guardian (监护人).", item=True)
class GuardianInput:
    identity: Identity = included()


@inputs("A natural person.", item=True)
class PersonInput:
    identity: Identity = included()
    born: datetime.date | None = given("Birthday, where the document does not tell it.")
    guardian: GuardianInput | None = given("Needed for a minor.")


@inputs("An organisation.", item=True)
class OrganisationInput:
    name: str = given("Registered name.")
    credit_code: str = given("Unified social credit code, 18 characters.")
    agent_name: str = given("Who acts for it.")
    agent_phone: str | None = given("The agent's mobile number; stored sealed.")


@inputs("One holder of a unit: a person or an organisation.", item=True)
class HolderInput:
    person: PersonInput | None = given("The person.")
    organisation: OrganisationInput | None = given("The organisation.")
    numerator: int | None = given("The share's numerator, where the unit is held by shares.")
    denominator: int | None = given("The share's denominator.")
    is_representative: bool | None = given("Casts the unit's one vote for all holders.")


@inputs("Enter who holds a unit that has no owner in the register yet.", keyed=False)
class OwnershipRegisterInput:
    unit_id: strawberry.ID = ref("Unit", "The unit.")
    kind: OwnershipKind = given("Sole, joint or by shares.")
    holders: list[HolderInput] = given("Who holds it.")
    since: datetime.date = given("From which day on.")
    basis: OwnershipBasis | None = given("Why they count as owners; registered when left out.")


@inputs("Pass a unit on to new owners.", keyed=False)
class OwnershipTransferInput:
    unit_id: strawberry.ID = ref("Unit", "The unit.")
    kind: OwnershipKind = given("Sole, joint or by shares.")
    holders: list[HolderInput] = given("Who holds it from then on.")
    on: datetime.date = given("The day on which it passes.")
    reason: str = given(REASON)
    basis: OwnershipBasis | None = given("Why they count as owners; registered when left out.")


@inputs("Enter somebody who uses a unit besides its owner.", keyed=False)
class OccupancyRegisterInput:
    unit_id: strawberry.ID = ref("Unit", "The unit.")
    kind: OccupancyKind = given("Tenant, family or other.")
    name: str = given("The name.")
    since: datetime.date = given("First day.")
    until: datetime.date | None = given("First day after.")
    phone: str | None = given("Mobile number; stored sealed.")
    pays_fees: bool | None = given("Whether they agreed to pay the property fee.")


@inputs("End an occupancy.", keyed=False)
class OccupancyEndInput:
    id: strawberry.ID = ref("Occupancy", "The occupancy.")
    on: datetime.date = given("First day on which it no longer holds.")


@inputs("Enter a shared facility.", keyed=False)
class FacilityRegisterInput:
    estate_id: strawberry.ID = ref("Estate", "The estate.")
    kind: FacilityKind = given("What it is.")
    number: str = given("Its plate or registration number.")
    name: str = given("What it is called.")
    building_id: strawberry.ID | None = ref("Building", "The building that it serves.")
    location: str | None = given("Where it is.")
    state: FacilityState | None = given("Its condition; in use when left out.")
    installed_on: datetime.date | None = given("When it was put in.")
    maintainer: str | None = given("Who maintains it.")
    inspected_until: datetime.date | None = given("How long its last statutory inspection is valid.")


def _act(name: str, command: Any, input_type: Any, description: str, **returns: str) -> Any:
    return intent(name, command, input_type, description, returns, keyed=False)


MUTATIONS = [
    _act("areaRegister", areas.area_register, AreaRegisterInput, "Fix a property area.", area="PropertyArea"),
    _act("areaMerge", areas.area_merge, AreaMergeInput, "Merge property areas.", area="PropertyArea"),
    _act("areaSplit", areas.area_split, AreaSplitInput, "Split a property area.", area="PropertyArea"),
    _act("estateRegister", estates.estate_register, EstateRegisterInput, "Enter an estate.", estate="Estate"),
    _act("estateCorrect", estates.estate_correct, EstateCorrectInput, "Update its base data.", estate="Estate"),
    _act("estateApprove", estates.estate_approve, EstateApproveInput, "Approve its base data.", estate="Estate"),
    _act(
        "estateServiceModeSet",
        estates.estate_service_mode_set,
        EstateServiceModeSetInput,
        "Record who manages an estate.",
        estate="Estate",
    ),
    _act(
        "contactCadreAppoint",
        estates.contact_cadre_appoint,
        ContactCadreAppointInput,
        "Name an estate's contact cadre.",
        estate="Estate",
    ),
    _act(
        "buildingRegister", estates.building_register, BuildingRegisterInput, "Enter a building.", building="Building"
    ),
    intent(
        "unitsRegister",
        units.unit_register,
        UnitsRegisterInput,
        "Enter units of a building.",
        {"unit": "Unit"},
        keyed=False,
        items=UnitItem,
    ),
    _act("unitCorrect", units.unit_correct, UnitCorrectInput, "Put a unit's data right.", unit="Unit"),
    _act(
        "ownershipRegister", people.ownership_register, OwnershipRegisterInput, "Enter who holds a unit.", unit="Unit"
    ),
    _act("ownershipTransfer", people.ownership_transfer, OwnershipTransferInput, "Pass a unit on.", unit="Unit"),
    _act(
        "occupancyRegister",
        people.occupancy_register,
        OccupancyRegisterInput,
        "Enter a unit's user.",
        occupancy="Occupancy",
    ),
    _act("occupancyEnd", people.occupancy_end, OccupancyEndInput, "End an occupancy.", occupancy="Occupancy"),
    _act(
        "facilityRegister", estates.facility_register, FacilityRegisterInput, "Enter a facility.", facility="Facility"
    ),
]
