"""The words of the register (物业基础数据): how estates are managed, what buildings and units are, who holds them.

Every value carries its description in the API.
"""

from domain.terms import Term


class AreaState(Term):
    """Whether a property area (物业管理区域) still stands."""

    ACTIVE = "ACTIVE", "In force: contracts, committees, votes and fund accounts may hang on it."
    MERGED = "MERGED", "Merged into another area; kept for history (合并)."
    SPLIT = "SPLIT", "Divided into several areas; kept for history (拆分)."


class AreaWarning(Term):
    """What about a property area should be looked at again; nothing is refused for it."""

    OLD_ESTATE_SIZE = "OLD_ESTATE_SIZE", "Renovated old estates whose area is far from the county's measure (TQ-108)."


class ConsultedOffice(Term):
    """Offices that a township hears before it fixes a property area (ZD-10)."""

    PLANNING = "PLANNING", "Natural resources and planning (自然资源和规划)."
    CONSTRUCTION = "CONSTRUCTION", "Housing and urban-rural development (住建)."
    HOUSING = "HOUSING", "The housing office, where it is an office of its own (房管)."


class SuccessionKind(Term):
    """How one property area came to replace another (ZS-2, ZD-10)."""

    MERGE = "MERGE", "Several areas became one."
    SPLIT = "SPLIT", "One area became several."


class ServiceMode(Term):
    """Who manages an estate (管理模式, TQ-47)."""

    COMPANY = "COMPANY", "One property company manages everything (委托一家物业服务企业)."
    SPECIALISED = "SPECIALISED", "Several specialised units, each for its service (委托专业单位)."
    OTHER_MANAGER = "OTHER_MANAGER", "Another manager entrusted by the owners (其他管理人)."
    OWNERS = "OWNERS", "The owners manage it themselves (业主自行管理)."
    COMMITTEE = (
        "COMMITTEE",
        "The owners' committee or property management committee manages it (业主委员会、物业管理委员会自管).",
    )
    COMMUNITY_CUSTODY = "COMMUNITY_CUSTODY", "The residents' committee holds it in custody (社区托管)."
    COMPANY_CUSTODY = (
        "COMPANY_CUSTODY",
        "A company, state-owned or other, runs it on behalf of the community (企业代管).",
    )
    SIMPLE = "SIMPLE", "Basic upkeep only, paid at a low rate (简易物业)."
    UNMANAGED = "UNMANAGED", "Nobody manages it (失管小区, ZS-5): counts as not covered (K-2)."


SELF_COVERED_MODES = frozenset(
    {
        ServiceMode.OWNERS,
        ServiceMode.COMMITTEE,
        ServiceMode.COMMUNITY_CUSTODY,
        ServiceMode.COMPANY_CUSTODY,
        ServiceMode.SIMPLE,
    }
)
"""Modes that count as covered by being registered; the others need an effective service contract (K-2)."""


class EstateState(Term):
    """Whether an estate's base data stands on the platform (SL-14)."""

    DRAFT = "DRAFT", "Registered; the bureau has not approved the base data yet. Partners do not see it."
    APPROVED = "APPROVED", "The bureau approved the base data (基础数据审核通过)."


class EstateKind(Term):
    """What sort of estate it is (小区类型)."""

    COMMODITY = "COMMODITY", "Built for sale (商品房小区)."
    RESETTLEMENT = "RESETTLEMENT", "Built for resettled households (安置小区)."
    AFFORDABLE = "AFFORDABLE", "Public or affordable housing (保障性住房小区)."
    REFORMED_HOUSING = "REFORMED_HOUSING", "Former work-unit housing sold to its residents (房改房小区)."
    OLD_COURTYARD = "OLD_COURTYARD", "Scattered old courtyards and single buildings (老旧小区、散居楼院)."
    COMMERCIAL = "COMMERCIAL", "Offices and shops without dwellings (商业办公物业)."
    OTHER = "OTHER", "Anything else (其他)."


class PartyCoverage(Term):
    """How an estate is reached by a party organisation (小区党组织, K-3, TQ-9)."""

    OWN = "OWN", "The estate has a party organisation of its own (单独组建)."
    JOINT = "JOINT", "A joint branch covers several estates (联合组建)."
    NONE = "NONE", "None yet (未组建)."


class FundDeposit(Term):
    """How far the special maintenance fund of an estate has been paid in (维修资金交存情况, TQ-117)."""

    FULL = "FULL", "Every unit has paid (已足额交存)."
    PARTIAL = "PARTIAL", "Some units have paid (部分交存)."
    NONE = "NONE", "No fund was set up (未交存)."
    UNKNOWN = "UNKNOWN", "Not surveyed yet (未核实)."


class BuildingKind(Term):
    """The form of a building (楼栋类型)."""

    MULTI_STOREY = "MULTI_STOREY", "A walk-up of several storeys (多层)."
    MID_RISE = "MID_RISE", "Lower high-rise with lift (小高层)."
    HIGH_RISE = "HIGH_RISE", "High-rise with lifts (高层)."
    VILLA = "VILLA", "Detached or terraced houses (别墅、联排)."
    COMMERCIAL = "COMMERCIAL", "Shops or offices (商业、办公楼)."
    GARAGE = "GARAGE", "Underground or separate garage that holds parking and storage units (车库)."
    OTHER = "OTHER", "Anything else (其他)."


class UnitUse(Term):
    """What a unit (房屋、专有部分) is used for (规划用途)."""

    DWELLING = "DWELLING", "A flat or house (住宅)."
    SHOP = "SHOP", "A shop (商业)."
    OFFICE = "OFFICE", "An office (办公)."
    PARKING = "PARKING", "A parking space (车位、车库)."
    STORAGE = "STORAGE", "A storage room (储藏室)."
    PUBLIC = "PUBLIC", "Rooms for everybody: the management office, the community's room (物业用房、社区用房)."


class ParkingRight(Term):
    """Whose a parking space is (车位权属, ZS-30, TQ-66)."""

    TITLED = "TITLED", "Sold with a title of its own (产权车位)."
    DEVELOPER = "DEVELOPER", "Still held by the developer, sold or let to owners first (开发企业持有)."
    CIVIL_DEFENCE = "CIVIL_DEFENCE", "In civil defence works (人防车位)."
    COMMON = "COMMON", "On roads and ground that all owners share (共有车位)."


class AreaBasis(Term):
    """Where a building area comes from; the first that is known counts (Interp-Condo 8, V-8)."""

    REGISTERED = "REGISTERED", "The real estate register (不动产登记簿)."
    SURVEYED = "SURVEYED", "The survey report (实测)."
    CONTRACT = "CONTRACT", "The sales contract (合同面积)."


class ChargeableBasis(Term):
    """Which area the property fee is charged on (计费面积依据)."""

    BUILDING_AREA = "BUILDING_AREA", "The building area (建筑面积)."
    EXCLUSIVE_AREA = "EXCLUSIVE_AREA", "The exclusive area (套内面积)."
    AGREED = "AGREED", "An area that the contract fixes (合同约定)."


class OwnerKind(Term):
    """What an owner is."""

    PERSON = "PERSON", "A natural person (自然人)."
    ORGANISATION = (
        "ORGANISATION",
        "A company, office or other body with a unified social credit code (法人、非法人组织).",
    )


class IdentityDocument(Term):
    """What proves a person's identity (证件类型)."""

    ID_CARD = "ID_CARD", "Resident identity card, 18 characters with a check digit (居民身份证)."
    PASSPORT = "PASSPORT", "A passport (护照)."
    HK_MACAO_TAIWAN = (
        "HK_MACAO_TAIWAN",
        "Travel or residence permit of Hong Kong, Macao or Taiwan residents (港澳台居民证件).",
    )
    HOUSEHOLD_REGISTER = (
        "HOUSEHOLD_REGISTER",
        "The household register, for minors without a card of their own (户口簿).",
    )
    MILITARY = "MILITARY", "Military identity document (军官证)."
    OTHER = "OTHER", "Anything else (其他)."


class OwnershipKind(Term):
    """How a unit is held (共有方式)."""

    SOLE = "SOLE", "By one owner (单独所有)."
    JOINT = "JOINT", "Jointly, without shares (共同共有)."
    SHARES = "SHARES", "By shares that add up to one (按份共有)."


class OwnershipBasis(Term):
    """Why somebody counts as the owner (Interp-Condo 1, V-10)."""

    REGISTERED = "REGISTERED", "Entered in the real estate register (已登记)."
    JUDGMENT = "JUDGMENT", "By judgment, arbitration or inheritance (判决、继承)."
    CONSTRUCTION = "CONSTRUCTION", "By lawful construction (合法建造)."
    POSSESSION = "POSSESSION", "A buyer in lawful possession who is not registered yet (已交付未登记)."


class OccupancyKind(Term):
    """Who lives in or uses a unit besides its owner (物业使用人)."""

    TENANT = "TENANT", "A tenant (承租人)."
    FAMILY = "FAMILY", "A relative of the owner (家庭成员)."
    OTHER = "OTHER", "Another lawful user (其他使用人)."


class FacilityKind(Term):
    """Shared facilities that the register lists (共用设施设备)."""

    ELEVATOR = "ELEVATOR", "A lift (电梯)."
    FIRE = "FIRE", "Fire-fighting equipment (消防设施)."
    WATER = "WATER", "Secondary water supply (二次供水)."
    POWER = "POWER", "Power distribution (配电设施)."
    HEATING = "HEATING", "Heating station or network (供热设施)."
    GAS = "GAS", "Gas equipment (燃气设施)."
    SECURITY = "SECURITY", "Cameras, gates, alarms (安防设施)."
    CHARGING = "CHARGING", "Charging points for vehicles and bicycles (充电设施)."
    DRAINAGE = "DRAINAGE", "Drains, pumps, septic tanks (排水设施)."
    LIGHTING = "LIGHTING", "Lighting of roads and stairs (公共照明)."
    FITNESS = "FITNESS", "Playgrounds and fitness equipment (健身、儿童设施)."
    PROPERTY_ROOM = "PROPERTY_ROOM", "Rooms for management and the community (物业服务用房)."
    OTHER = "OTHER", "Anything else (其他)."


class FacilityState(Term):
    """The condition of a facility."""

    IN_USE = "IN_USE", "Working (在用)."
    OUT_OF_ORDER = "OUT_OF_ORDER", "Stopped for repair or by order (停用)."
    RETIRED = "RETIRED", "Taken away (报废)."


class SearchKind(Term):
    """What can be found by keyword (关键字检索)."""

    ESTATE = "ESTATE", "Estates by name, code and address."
    AREA = "AREA", "Property areas by name and code."
    COMPANY = "COMPANY", "Companies by name and credit code."
    OWNER = "OWNER", "Owners by name."


def differs_from_old_estate_measure(floor_area: int, measure: int, tolerance_percent: int) -> bool:
    """Whether an area of renovated old estates is further from the county's measure than it tolerates (TQ-108).

    Exactly at the tolerance is still near (C-1). Areas in 0.01 m².

    >>> [differs_from_old_estate_measure(area, 3_000_000, 20) for area in (2_400_000, 2_399_999, 3_600_001)]
    [False, True, True]
    """
    return 100 * abs(floor_area - measure) > tolerance_percent * measure
