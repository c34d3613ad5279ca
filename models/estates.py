"""The register (全县一张表, ZS-1): property areas, estates, buildings, units, who holds and uses them, facilities."""

import uuid
from datetime import date

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from domain import estates as words
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of, unique
from models.sealed import sealed_columns

CURRENT = text("valid_to IS NULL")


class PropertyArea(CountyRow):
    """A property area (物业管理区域): what contracts, committees, votes and fund accounts hang on (ZS-2, ZD-10).

    It covers one or more estates, or some buildings of one. ``township`` and ``community`` name the offices that answer
    for it.
    """

    __tablename__ = "property_area"
    __table_args__ = (
        one_of("state", words.AreaState),
        one_of("warning", words.AreaWarning),
        unique("code"),
        index("name_sort", "id", name="ix_property_area_name_sort"),
        index("township", "code"),
        index("community", "code"),
        index("state", "code"),
        index("updated_at", "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    name_sort: Mapped[str]
    """The name in pinyin, for sorting."""
    township: Mapped[str]
    """Division code, 9 digits."""
    community: Mapped[str]
    """Division code, 12 digits."""
    boundary: Mapped[str | None]
    """The four boundaries in words (四至范围)."""
    filing_number: Mapped[str | None]
    """Number under which the delimitation was filed (区域划定备案号)."""
    filed_on: Mapped[date | None]
    floor_area: Mapped[int | None] = mapped_column(BigInteger)
    """Total building area in 0.01 m² (总建筑面积)."""
    consulted_offices: Mapped[list[str]] = mapped_column(
        ARRAY(Text(collation="C")), server_default=text("'{}'::text[]")
    )
    """Which offices were heard (ZD-10)."""
    warning: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=words.AreaState.ACTIVE)
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class AreaSuccession(CountyRow):
    """One step of an area's history: ``predecessor`` gave way to ``successor`` by merging or splitting."""

    __tablename__ = "area_succession"
    __table_args__ = (
        one_of("kind", words.SuccessionKind),
        link("predecessor_id", "property_area"),
        link("successor_id", "property_area"),
        unique("predecessor_id", "successor_id"),
        index("successor_id"),
        {"info": {"append_only": True}},
    )

    predecessor_id: Mapped[uuid.UUID]
    successor_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    happened_on: Mapped[date]
    reason: Mapped[str]
    created_at: Mapped[CreatedAt]


class Estate(CountyRow):
    """An estate (住宅小区) with its base data (TQ-117)."""

    __tablename__ = "estate"
    __table_args__ = (
        one_of("state", words.EstateState),
        one_of("service_mode", words.ServiceMode),
        one_of("kind", words.EstateKind),
        one_of("party_coverage", words.PartyCoverage),
        one_of("fund_deposit", words.FundDeposit),
        unique("code"),
        index("name_sort", "id", name="ix_estate_name_sort"),
        index("township", "name_sort", "id", name="ix_estate_township"),
        index("community", "name_sort", "id", name="ix_estate_community"),
        index("service_mode", "name_sort", "id", name="ix_estate_service_mode"),
        index("state", "name_sort", "id", name="ix_estate_state"),
        index("updated_at", "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    name_sort: Mapped[str]
    """The name in pinyin, for sorting."""
    address: Mapped[str]
    township: Mapped[str]
    """Division code, 9 digits."""
    community: Mapped[str]
    """Division code, 12 digits."""
    state: Mapped[str] = mapped_column(server_default=words.EstateState.DRAFT)
    approved_on: Mapped[date | None]
    service_mode: Mapped[str]
    service_mode_since: Mapped[date | None]
    kind: Mapped[str]
    year_built: Mapped[int | None]
    land_area: Mapped[int | None] = mapped_column(BigInteger)
    """In 0.01 m² (占地面积)."""
    building_area: Mapped[int | None] = mapped_column(BigInteger)
    """In 0.01 m² (建筑面积)."""
    chargeable_area: Mapped[int | None] = mapped_column(BigInteger)
    """In 0.01 m² (收费面积)."""
    households: Mapped[int | None]
    fund_deposit: Mapped[str] = mapped_column(server_default=words.FundDeposit.UNKNOWN)
    party_coverage: Mapped[str] = mapped_column(server_default=words.PartyCoverage.NONE)
    party_organisation: Mapped[str | None]
    grid: Mapped[str | None]
    """The grid that it lies in (网格)."""
    contact_cadre: Mapped[str | None]
    """The one named contact cadre (挂包干部, ZD-70)."""
    contact_cadre_office: Mapped[str | None]
    contact_cadre_phone_sealed, contact_cadre_phone_index, contact_cadre_phone_mask = sealed_columns()
    is_pilot: Mapped[bool] = mapped_column(server_default="false")
    """A pilot estate of the county's programme (试点小区)."""
    in_old_town: Mapped[bool] = mapped_column(server_default="false")
    """In the old town (老城区, ZD-67)."""
    in_county_town: Mapped[bool] = mapped_column(server_default="true")
    """In the county town, so in the scope of the coverage figures (县城, K-1)."""
    is_renovated: Mapped[bool] = mapped_column(server_default="false")
    """A renovated old estate (改造后老旧小区, TQ-108)."""
    developer: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class EstateArea(CountyRow):
    """That an estate, or a part of it, belongs to a property area over some time (valid_to exclusive; null: now)."""

    __tablename__ = "estate_area"
    __table_args__ = (
        link("estate_id", "estate"),
        link("area_id", "property_area"),
        CheckConstraint("valid_to >= valid_from", name="dates_in_order"),
        unique("estate_id", "area_id", where=CURRENT, name="uq_estate_area_current"),
        index("area_id", "estate_id"),
    )

    estate_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    part: Mapped[str | None]
    """Which part, in words; null where the whole estate belongs to the area."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Building(CountyRow):
    """A building (幢) of an estate. ``area_id`` is its property area, which may hold only a part of the estate."""

    __tablename__ = "building"
    __table_args__ = (
        one_of("kind", words.BuildingKind),
        link("estate_id", "estate"),
        link("area_id", "property_area"),
        unique("estate_id", "number"),
        index("estate_id", "sort_key", "id", name="ix_building_estate"),
        index("sort_key", "id"),
        index("area_id"),
    )

    estate_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID | None]
    number: Mapped[str]
    """As on the plate, without 幢 or 栋: ``3``, ``A2``."""
    name: Mapped[str]
    """As it is said: 3幢."""
    sort_key: Mapped[str]
    """Natural order: 9幢 before 10幢."""
    kind: Mapped[str]
    floors_above: Mapped[int | None]
    floors_below: Mapped[int] = mapped_column(server_default="0")
    entrance_count: Mapped[int] = mapped_column(server_default="1")
    """How many 单元 it has."""
    has_elevator: Mapped[bool] = mapped_column(server_default="false")
    year_built: Mapped[int | None]
    building_area: Mapped[int | None] = mapped_column(BigInteger)
    """In 0.01 m²."""
    public_housing_seller: Mapped[str | None]
    """The work unit that sold it to its residents (房改售房单位): its fund has an account of its own (FUND-4)."""
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Unit(CountyRow):
    """A unit (房屋): the exclusive part that is owned, voted with and billed. Areas are in 0.01 m².

    ``building_area`` is the first known of registered, surveyed and contract area, and ``area_basis`` says which (V-8).
    """

    __tablename__ = "unit"
    __table_args__ = (
        one_of("use", words.UnitUse),
        one_of("parking_right", words.ParkingRight),
        one_of("area_basis", words.AreaBasis),
        one_of("chargeable_basis", words.ChargeableBasis),
        CheckConstraint("(area_basis IS NULL) = (building_area IS NULL)", name="area_with_basis"),
        link("building_id", "building"),
        link("estate_id", "estate"),
        link("area_id", "property_area"),
        unique("building_id", "entrance", "room"),
        unique("house_code", where=text("house_code IS NOT NULL"), name="uq_unit_house_code"),
        unique(
            "real_estate_unit_no", where=text("real_estate_unit_no IS NOT NULL"), name="uq_unit_real_estate_unit_no"
        ),
        index("building_id", "sort_key", "id", name="ix_unit_building"),
        index("estate_id", "sort_key", "id", name="ix_unit_estate"),
        index("area_id", "sort_key", "id", name="ix_unit_area"),
        index("sort_key", "id"),
        index("updated_at", "id"),
    )

    building_id: Mapped[uuid.UUID]
    estate_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID | None]
    """The building's property area."""
    entrance: Mapped[str] = mapped_column(server_default="")
    """The 单元; empty where the building has none."""
    floor: Mapped[int]
    """Negative below ground; there is no floor 0."""
    room: Mapped[str]
    name: Mapped[str]
    """As it is said: 3幢2单元501."""
    name_mask: Mapped[str]
    """3-*-5**: what may be shown in public lists (PRI-6)."""
    sort_key: Mapped[str]
    """Natural order within an estate: building, entrance, floor, room."""
    use: Mapped[str]
    parking_right: Mapped[str | None]
    registered_area: Mapped[int | None] = mapped_column(BigInteger)
    surveyed_area: Mapped[int | None] = mapped_column(BigInteger)
    contract_area: Mapped[int | None] = mapped_column(BigInteger)
    building_area: Mapped[int | None] = mapped_column(BigInteger)
    area_basis: Mapped[str | None]
    exclusive_area: Mapped[int | None] = mapped_column(BigInteger)
    chargeable_area: Mapped[int | None] = mapped_column(BigInteger)
    chargeable_basis: Mapped[str] = mapped_column(server_default=words.ChargeableBasis.BUILDING_AREA)
    house_code: Mapped[str | None]
    """The housing authority's code (房屋编码)."""
    real_estate_unit_no: Mapped[str | None]
    """28 characters (不动产单元号)."""
    certificate_no: Mapped[str | None]
    """Real estate certificate (不动产权证号)."""
    net_sign_no: Mapped[str | None]
    """Online-signed sales contract (网签备案号)."""
    delivered_on: Mapped[date | None]
    """When it was handed over to its first buyer (交付日期)."""
    sold_public_housing: Mapped[bool] = mapped_column(server_default="false")
    """Public housing sold to its residents (房改房)."""
    developer_held: Mapped[bool] = mapped_column(server_default="false")
    """Not sold yet: all of these together are one head in votes (V-9)."""
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Ownership(CountyRow):
    """That an owner holds a unit, alone or with others, over some time (valid_to exclusive; null: now)."""

    __tablename__ = "ownership"
    __table_args__ = (
        one_of("kind", words.OwnershipKind),
        one_of("basis", words.OwnershipBasis),
        CheckConstraint("valid_to >= valid_from", name="dates_in_order"),
        CheckConstraint(
            "CASE WHEN kind = 'SHARES' THEN numerator IS NOT NULL AND denominator IS NOT NULL "
            "ELSE numerator IS NULL AND denominator IS NULL END",
            name="shares_given",
        ),
        CheckConstraint("numerator > 0 AND denominator >= numerator", name="share_is_a_part"),
        link("unit_id", "unit"),
        link("owner_id", "owner"),
        unique("unit_id", "owner_id", where=CURRENT, name="uq_ownership_current"),
        unique("unit_id", where=text("valid_to IS NULL AND is_representative"), name="uq_ownership_representative"),
        index("unit_id", "valid_from", "id", name="ix_ownership_unit"),
        index("owner_id", "valid_from", "id", name="ix_ownership_owner"),
    )

    unit_id: Mapped[uuid.UUID]
    owner_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    basis: Mapped[str]
    numerator: Mapped[int | None]
    denominator: Mapped[int | None]
    is_representative: Mapped[bool] = mapped_column(server_default="true")
    """Casts the unit's one vote, with the others' written authority (V-11)."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    created_at: Mapped[CreatedAt]


class Occupancy(CountyRow):
    """That somebody besides the owner uses a unit over some time (valid_to exclusive; null: now)."""

    __tablename__ = "occupancy"
    __table_args__ = (
        one_of("kind", words.OccupancyKind),
        CheckConstraint("valid_to >= valid_from", name="dates_in_order"),
        link("unit_id", "unit"),
        index("unit_id", "valid_from", "id", name="ix_occupancy_unit"),
        index("account_id"),
        index("phone_index"),
    )

    unit_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    name: Mapped[str]
    phone_sealed, phone_index, phone_mask = sealed_columns()
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    pays_fees: Mapped[bool] = mapped_column(server_default="false")
    """Agreed with the owner to pay the property fee; the owner stays jointly liable (PMR 41)."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    created_at: Mapped[CreatedAt]


class Facility(CountyRow):
    """A shared facility (共用设施设备) of an estate, or of one of its buildings."""

    __tablename__ = "facility"
    __table_args__ = (
        one_of("kind", words.FacilityKind),
        one_of("state", words.FacilityState),
        link("estate_id", "estate"),
        link("building_id", "building"),
        unique("estate_id", "kind", "number"),
        index("estate_id", "sort_key", "id", name="ix_facility_estate"),
        index("sort_key", "id"),
        index("building_id"),
    )

    estate_id: Mapped[uuid.UUID]
    building_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    number: Mapped[str]
    """Its plate or registration number; unique among the estate's facilities of this kind."""
    name: Mapped[str]
    sort_key: Mapped[str]
    location: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=words.FacilityState.IN_USE)
    installed_on: Mapped[date | None]
    maintainer: Mapped[str | None]
    """The firm that maintains it (维保单位, TQ-69, GT-51)."""
    inspected_until: Mapped[date | None]
    """How long its last statutory inspection is valid (检验有效期至)."""
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
