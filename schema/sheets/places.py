"""The lists of places and of who lives there: areas, estates, buildings, units, holdings, owners, occupancies, facilities."""

from domain.exports import ExportedList
from domain.register_sheets import AREAS, BUILDINGS, ESTATES, FACILITIES, OWNERS, PARKING, UNITS
from schema.sheets.declare import ABOVE, NOTHING, Listed, Node, Part, beside, imported, made, shown

LINKS = "areas(first: 100) { nodes { part area { code } } }"


def _links(estate: Node, *, whole: bool) -> list[str]:
    """Codes of the areas that cover the estate as a whole, or parts of it."""
    links = estate["areas"]["nodes"]
    return [link["area"]["code"] for link in links if link["area"] and (link["part"] is None) == whole]


def _own_area(building: Node) -> str | None:
    """A building names its area only where its estate is divided between several."""
    code = building["area"] and building["area"]["code"]
    return code if code in _links(building[ABOVE], whole=False) else None


_UNIT = {"estate": "estate.code", "building": "building.number"}
_HOME = (
    shown("^.estate.name", "小区", "Estate"),
    shown("^.building.name", "楼栋", "Building"),
    shown("^.name", "房屋", "Unit"),
)

_SEALED = (
    *("document_kind", "document_number", "phone", "agent_phone", "born"),
    *("guardian_name", "guardian_document_number", "guardian_phone"),
)

_areas = imported(AREAS, {}, only=made(lambda row: row["state"] == "ACTIVE", "state"))
_owners = imported(
    OWNERS,
    {
        **{name: f"^.{path}" for name, path in _UNIT.items()},
        "entrance": "^.entrance",
        "room": "^.room",
        "owner_kind": "owner.kind",
        "name": "owner.name",
        "credit_code": "owner.creditCode",
        "agent_name": "owner.agentName",
        "since": "validFrom",
        **dict.fromkeys(_SEALED, NOTHING),
    },
)

LISTS = (
    Listed(
        ExportedList.PROPERTY_AREAS,
        "propertyAreas",
        (_areas, beside(_areas, shown("state", "状态", "State"), shown("endedOn", "终止日期", "Ended on"))),
        order="CODE",
    ),
    Listed(
        ExportedList.ESTATES,
        "estates",
        (
            imported(
                ESTATES,
                {
                    "area": made(lambda row: next(iter(_links(row, whole=True)), None), LINKS),
                    "contact_cadre_phone": NOTHING,
                },
            ),
        ),
        order="CODE",
    ),
    Listed(
        ExportedList.BUILDINGS,
        "estates",
        (
            imported(
                BUILDINGS,
                {
                    "estate": "^.code",
                    "area": made(_own_area, "area { code }", LINKS),
                    "building_area": "floorArea",
                },
            ),
        ),
        each="buildings",
        order="CODE",
    ),
    Listed(
        ExportedList.UNITS,
        "units",
        (
            imported(UNITS, _UNIT, only=made(lambda row: row["parkingRight"] is None, "parkingRight")),
            imported(PARKING, _UNIT, only=made(lambda row: row["parkingRight"] is not None, "parkingRight")),
        ),
    ),
    Listed(ExportedList.OWNERSHIPS, "units", (_owners,), each="ownerships"),
    Listed(
        ExportedList.OWNERS,
        "owners",
        (
            Part(
                "业主名册",
                "Owners",
                (
                    shown("name", "姓名或名称", "Name"),
                    shown("kind", "业主类型", "Kind"),
                    shown("document", "证件号码（脱敏）", "Document (masked)"),
                    shown("phone", "手机（脱敏）", "Phone (masked)"),
                    shown("creditCode", "统一社会信用代码", "Credit code"),
                    shown("agentName", "代理人", "Agent"),
                    shown("agentPhone", "代理人手机（脱敏）", "Agent's phone (masked)"),
                    shown("isMinor", "未成年人", "Minor"),
                    shown("guardian.name", "监护人", "Guardian"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.OCCUPANCIES,
        "units",
        (
            Part(
                "物业使用人",
                "Occupants",
                (
                    *_HOME,
                    shown("kind", "使用方式", "Kind"),
                    shown("name", "姓名", "Name"),
                    shown("phone", "手机（脱敏）", "Phone (masked)"),
                    shown("paysFees", "约定缴费", "Pays the fees"),
                    shown("validFrom", "开始日期", "From"),
                    shown("validTo", "结束日期", "Until"),
                    shown("isCurrent", "现使用", "Current"),
                ),
            ),
        ),
        each="occupancies",
    ),
    Listed(
        ExportedList.FACILITIES,
        "estates",
        (imported(FACILITIES, {"estate": "^.code", "building": "building.number"}),),
        each="facilities",
        order="CODE",
    ),
)
