"""The register's sheets of who serves and governs: companies, contracts, leaders, committees, charges, opening balances."""

from domain.bills import ChargeBasis, ChargeCategory
from domain.committees import BodyKind, MemberPost
from domain.contracts import ContractKind, ContractMode, SelectionBasis
from domain.estates import UnitUse
from domain.register import Sheet
from domain.register_sheets import (
    AREAS,
    BUILDING,
    BUILDINGS,
    COMMUNITY,
    ENTRANCE,
    ESTATE,
    ESTATES,
    FACILITIES,
    OWNERS,
    PARKING,
    ROOM,
    UNITS,
    choice,
    code,
    credit_code,
    day,
    integer,
    money,
    phone,
    text,
    yes_no,
)

AREA = code("area", "物业管理区域编码", "A0001", required=True, note="见“物业管理区域”表或已登记的区域")
COMPANY = credit_code("company", "企业信用代码", required=True, note="见“物业服务企业”表或已登记的企业")

COMPANIES = Sheet(
    "companies",
    "物业服务企业",
    "每行一家物业服务企业。",
    ("credit_code",),
    (
        credit_code("credit_code", "统一社会信用代码", required=True),
        text("name", "企业名称", "演示物业（虚构）", required=True),
        COMMUNITY,
        text("licence_number", "营业执照编号"),
        text("legal_representative", "法定代表人"),
        day("registered_on", "成立日期"),
        text("office_address", "办公地址"),
        text("service_phone", "服务电话"),
        text("complaint_phone", "投诉电话"),
        text("contact_name", "联系人"),
        phone("contact_phone", "联系人手机"),
        yes_no("filed", "已备案", "是", default=False, note="平台上线前已在本县备案；首次登记时采用"),
        text("admin_name", "平台管理员", note="首次登记时为其开通企业管理员"),
        phone("admin_phone", "平台管理员手机"),
    ),
)

CONTRACTS = Sheet(
    "contracts",
    "物业服务合同",
    "每行一份平台上线前签订的物业服务合同；平台上备案的合同不受影响。",
    ("number",),
    (
        code("number", "合同编号", "HT-2023-001", required=True),
        AREA,
        COMPANY,
        choice(
            "kind",
            "合同类别",
            ContractKind,
            "物业服务合同",
            required=True,
            words={"EARLY_STAGE": "前期物业服务合同", "NORMAL": "物业服务合同"},
        ),
        choice("mode", "收费方式", ContractMode, "包干制", required=True),
        text("title", "合同名称", "物业服务合同", default="物业服务合同"),
        day("signed_on", "签订日期", note="留空按开始日期"),
        day("starts_on", "开始日期", "2023-07-01", required=True),
        day("ends_on", "结束日期", "2026-06-30", required=True),
        text("price_terms", "收费标准", "住宅 1.20 元/㎡·月（虚构）", required=True),
        text("service_terms", "服务内容和标准", "三级", required=True),
        choice(
            "selection_basis",
            "选聘方式",
            SelectionBasis,
            "业主共同决定",
            required=True,
            words={"OWNERS_DECISION": "业主共同决定", "TENDER": "招投标", "NEGOTIATED": "协议"},
        ),
        text("developer_name", "建设单位", note="前期合同填写"),
        yes_no("model_text", "使用示范文本", default=False),
        yes_no("adjustment_clause", "有调价条款", default=False),
        yes_no("still_serving", "仍在服务", "是", default=True, note="已到期但仍在服务的按不定期合同登记"),
    ),
)

LEADERS = Sheet(
    "leaders",
    "项目负责人",
    "每行一个区域现任的项目负责人。",
    ("area",),
    (
        AREA,
        COMPANY,
        text("name", "姓名", "李某某", required=True),
        phone("phone", "手机"),
        text("work_phone", "公示电话"),
        text("certificate_number", "证书编号", required=True),
        day("appointed_on", "任职日期", "2023-07-01", required=True),
        yes_no("reported", "已到社区报到", "是", default=True),
    ),
)

COMMITTEES = Sheet(
    "committees",
    "业主委员会",
    "每行一个区域现任的业主委员会、物业管理委员会或自管小组；由主管部门依据纸质材料确认。",
    ("area",),
    (
        AREA,
        choice("kind", "类型", BodyKind, "业主委员会", required=True),
        text("name", "名称", "演示花园业主委员会（演示）", required=True),
        day("term_from", "任期开始", "2023-03-01", required=True),
        day("term_to", "任期届满", "2026-02-28", required=True),
        text("basis", "确认依据", "纸质备案材料", required=True),
        text("filing_number", "备案编号"),
        day("filed_on", "备案日期"),
        yes_no("commitment_signed", "已签承诺书", default=False),
        yes_no("model_text_declared", "使用示范文本", default=False),
    ),
)

MEMBERS = Sheet(
    "committee_members",
    "业主委员会成员",
    "每行一名成员。",
    ("area", "name"),
    (
        AREA,
        text("name", "姓名", "王某某", required=True),
        choice("post", "职务", MemberPost, "委员", required=True),
        phone("phone", "手机"),
        day("commitment_signed_on", "签承诺书日期"),
        day("trained_on", "任前培训日期"),
    ),
)

CHARGE_ITEMS = Sheet(
    "charge_items",
    "收费项目",
    "每行一个收费项目；公示之后才能出账（TQ-73）。",
    ("area", "code"),
    (
        AREA,
        code("contract", "合同编号", "HT-2023-001", required=True),
        code("code", "项目编码", "WY01", required=True),
        text("name", "项目名称", "物业服务费", required=True),
        choice("category", "类别", ChargeCategory, "物业服务费", required=True, words={"EXTRA_SERVICE": "特约服务"}),
        choice(
            "basis",
            "计费方式",
            ChargeBasis,
            "按面积",
            required=True,
            words={
                "AREA": "按面积",
                "UNIT": "按户",
                "SPACE": "按车位",
                "ONCE": "一次性",
                "METERED": "按表计量",
                "SHARED": "公摊",
            },
        ),
        choice("unit_use", "适用用途", UnitUse, "住宅"),
        money("unit_price", "单价", "1.20", required=True, note="元/㎡·月、元/户·月或一次性金额"),
        integer("period_months", "账期（月）", "3", default=1),
        integer("due_days", "缴费期限（天）", "30", default=30),
        text("service_content", "服务内容和标准", "三级", required=True),
        day("valid_from", "开始日期", "2023-07-01", required=True),
        day("valid_to", "结束日期"),
    ),
)

_UNIT = (ESTATE, BUILDING, ENTRANCE, ROOM)
_ATTESTED = (
    day("as_of", "截止日期", "2025-12-31", required=True),
    text("attested_by", "核实人和依据", "演示街道，账册", required=True),
)

ARREARS = Sheet(
    "arrears",
    "期初欠费",
    "每行一户一个收费项目一个账期的欠费。",
    ("number",),
    (
        code("number", "欠费单号", "QC-0001", required=True),
        *_UNIT,
        code("item", "收费项目编码", "WY01", required=True, note="房屋所在区域的收费项目"),
        day("period_from", "账期开始", "2024-01-01", required=True),
        day("period_to", "账期结束", "2024-12-31", required=True),
        day("due_on", "应缴日期", "2024-12-31", required=True),
        money("amount", "欠费金额", "1278.00", required=True),
        *_ATTESTED,
    ),
)

PREPAID = Sheet(
    "prepaid",
    "期初预收",
    "每行一户向企业预交的余额。",
    ("company", "reference"),
    (
        code("reference", "预收单号", "YS-0001", required=True),
        *_UNIT,
        COMPANY,
        money("amount", "余额", "600.00", required=True),
        *_ATTESTED,
    ),
)

FUNDS = Sheet(
    "funds",
    "期初维修资金",
    "每行一户的维修资金分户余额。",
    ("estate", "building", "entrance", "room"),
    (*_UNIT, money("amount", "余额", "8875.00", required=True), *_ATTESTED),
)

SHEETS: tuple[Sheet, ...] = (
    AREAS,
    ESTATES,
    BUILDINGS,
    UNITS,
    PARKING,
    OWNERS,
    FACILITIES,
    COMPANIES,
    CONTRACTS,
    LEADERS,
    COMMITTEES,
    MEMBERS,
    CHARGE_ITEMS,
    ARREARS,
    PREPAID,
    FUNDS,
)
"""All sheets, in the order in which they build on each other."""
