"""The sheets of the register, in the order in which they build on each other."""

from typing import Any

from domain.estates import (
    BuildingKind,
    ChargeableBasis,
    ConsultedOffice,
    EstateKind,
    FacilityKind,
    FacilityState,
    FundDeposit,
    IdentityDocument,
    OwnerKind,
    OwnershipBasis,
    OwnershipKind,
    ParkingRight,
    PartyCoverage,
    ServiceMode,
    UnitUse,
)
from domain.register import CellKind, Column, Sheet
from domain.terms import Term


def _column(kind: CellKind) -> Any:
    def make(name: str, title: str, example: str = "", **more: Any) -> Column:
        return Column(name, title, kind, example=example, **more)

    return make


text, code, integer = _column(CellKind.TEXT), _column(CellKind.CODE), _column(CellKind.INTEGER)
area, money, day, yes_no = (_column(kind) for kind in (CellKind.AREA, CellKind.MONEY, CellKind.DAY, CellKind.YES_NO))
phone, credit_code = _column(CellKind.PHONE), _column(CellKind.CREDIT_CODE)
community, unit_number = _column(CellKind.COMMUNITY), _column(CellKind.UNIT_NUMBER)


def choice(name: str, title: str, terms: type[Term], example: str = "", **more: Any) -> Column:
    """A column that takes one of an enumeration's values."""
    return Column(name, title, CellKind.CHOICE, example=example, terms=terms, **more)


COMMUNITY = community("community", "社区代码", "370303001001", required=True, note="决定所属街道（镇）和社区")
AREA_CODE = code("area", "物业管理区域编码", "A0001", note="见“物业管理区域”表或已登记的区域")
ESTATE = code("estate", "小区编码", "E0001", required=True, note="见“小区”表或已登记的小区")
BUILDING = code("building", "幢号", "3", required=True, note="不写“幢”“栋”二字；无幢号的写名称，如 地下车库")
ENTRANCE = code("entrance", "单元", "2", default="", note="没有单元的留空")
ROOM = code("room", "房号", "501", required=True)

AREAS = Sheet(
    "areas",
    "物业管理区域",
    "每行一个物业管理区域；合同、业主委员会、表决和维修资金都挂在区域上。",
    ("code",),
    (
        code("code", "区域编码", "A0001", required=True),
        text("name", "区域名称", "演示一区（演示）", required=True),
        COMMUNITY,
        text("boundary", "四至范围", "东至柳泉路，西至西一路"),
        text("filing_number", "备案号"),
        day("filed_on", "备案日期", "2023-06-01"),
        area("floor_area", "总建筑面积", "30120.50"),
        Column(
            "consulted_offices",
            "已征求意见部门",
            CellKind.CHOICES,
            example="自然资源和规划、住建",
            terms=ConsultedOffice,
            default=(),
        ),
    ),
)

ESTATES = Sheet(
    "estates",
    "小区",
    "每行一个小区（TQ-117 基础数据）。",
    ("code",),
    (
        code("code", "小区编码", "E0001", required=True),
        text("name", "小区名称", "演示花园（演示）", required=True),
        text("address", "地址", "演示路1号", required=True),
        COMMUNITY,
        code("area", "物业管理区域编码", "A0001", note="整个小区属于一个区域时填写；分属几个区域的在“楼栋”表填写"),
        choice("service_mode", "管理模式", ServiceMode, "委托一家物业服务企业", required=True),
        choice("kind", "小区类型", EstateKind, "商品房小区", required=True),
        integer("year_built", "建成年份", "2009"),
        area("land_area", "占地面积"),
        area("building_area", "建筑面积", "30120.50"),
        area("chargeable_area", "收费面积"),
        integer("households", "户数", "320"),
        choice("fund_deposit", "维修资金交存情况", FundDeposit, "部分交存", default=FundDeposit.UNKNOWN),
        choice("party_coverage", "党组织覆盖", PartyCoverage, "联合组建", default=PartyCoverage.NONE),
        text("party_organisation", "党组织名称", "演示社区第一联合党支部"),
        text("grid", "网格", "第三网格"),
        text("contact_cadre", "挂包干部", "赵某某"),
        text("contact_cadre_office", "挂包干部单位", "演示街道办事处"),
        phone("contact_cadre_phone", "挂包干部手机", "15400000001"),
        text("developer", "建设单位"),
        yes_no("is_pilot", "试点小区", "否", default=False),
        yes_no("in_old_town", "老城区", "否", default=False),
        yes_no("in_county_town", "县城", "是", default=True, note="留空按“是”"),
        yes_no("is_renovated", "改造后老旧小区", "否", default=False),
    ),
)

BUILDINGS = Sheet(
    "buildings",
    "楼栋",
    "每行一幢楼。",
    ("estate", "number"),
    (
        ESTATE,
        code("number", "幢号", "3", required=True, note=BUILDING.note),
        choice("kind", "楼栋类型", BuildingKind, "多层", required=True),
        code("area", "物业管理区域编码", "", note="小区分属几个区域时填写；留空随小区"),
        integer("floors_above", "地上层数", "6"),
        integer("floors_below", "地下层数", "0", default=0),
        integer("entrance_count", "单元数", "3", default=1),
        yes_no("has_elevator", "有电梯", "否", default=False),
        integer("year_built", "建成年份", "2009"),
        area("building_area", "建筑面积"),
        text("public_housing_seller", "房改售房单位"),
    ),
)

_NUMBERS = (
    code("house_code", "房屋编码"),
    unit_number("real_estate_unit_no", "不动产单元号"),
    text("certificate_no", "不动产权证号"),
    text("net_sign_no", "网签备案号"),
    day("delivered_on", "交付日期", "2010-05-01"),
)

UNITS = Sheet(
    "units",
    "房屋",
    "每行一套房屋。建筑面积依次取登记、实测、合同面积。",
    ("estate", "building", "entrance", "room"),
    (
        ESTATE,
        BUILDING,
        ENTRANCE,
        integer("floor", "楼层", "5", required=True, note="地下为负数，没有 0 层"),
        ROOM,
        choice("use", "用途", UnitUse, "住宅", required=True),
        area("registered_area", "登记面积", "88.75"),
        area("surveyed_area", "实测面积"),
        area("contract_area", "合同面积"),
        area("exclusive_area", "套内面积", "70.12"),
        area("chargeable_area", "计费面积", note="留空按计费依据取"),
        choice("chargeable_basis", "计费依据", ChargeableBasis, "建筑面积", default=ChargeableBasis.BUILDING_AREA),
        *_NUMBERS,
        yes_no("sold_public_housing", "房改房", "否", default=False),
        yes_no("developer_held", "开发企业持有", "否", default=False),
    ),
)

PARKING = Sheet(
    "parking",
    "车位",
    "每行一个车位；车库作为一幢楼先在“楼栋”表登记。",
    ("estate", "building", "room"),
    (
        ESTATE,
        code("building", "车库", "地下车库", required=True),
        code("room", "车位号", "B1-077", required=True),
        integer("floor", "楼层", "-1", required=True),
        choice("parking_right", "权属", ParkingRight, "产权车位", required=True),
        area("registered_area", "登记面积"),
        area("surveyed_area", "实测面积"),
        area("contract_area", "合同面积"),
        *_NUMBERS,
    ),
)

OWNERS = Sheet(
    "owners",
    "业主",
    "每行一套房屋的一位业主；共有的写几行。证件号码和手机号加密保存。",
    ("estate", "building", "entrance", "room", "name", "document_number", "credit_code"),
    (
        ESTATE,
        BUILDING,
        ENTRANCE,
        ROOM,
        choice("kind", "共有方式", OwnershipKind, "单独所有", default=OwnershipKind.SOLE),
        choice("owner_kind", "业主类型", OwnerKind, "自然人", default=OwnerKind.PERSON),
        text("name", "姓名或名称", "王某某", required=True),
        choice("document_kind", "证件类型", IdentityDocument, "居民身份证", note="填了证件号码而留空按居民身份证"),
        text("document_number", "证件号码"),
        phone("phone", "手机号"),
        credit_code("credit_code", "统一社会信用代码", note="单位业主必填"),
        text("agent_name", "代理人", note="单位业主必填"),
        phone("agent_phone", "代理人手机"),
        integer("numerator", "份额分子", note="按份共有时填写"),
        integer("denominator", "份额分母"),
        yes_no("is_representative", "表决代表", default=False),
        choice("basis", "权利依据", OwnershipBasis, "已登记", default=OwnershipBasis.REGISTERED),
        day("since", "取得日期", "2010-05-01", note="留空按导入当日"),
        day("born", "出生日期", note="证件不是居民身份证的未成年人填写"),
        text("guardian_name", "监护人姓名", note="未成年人必填"),
        text("guardian_document_number", "监护人身份证号码"),
        phone("guardian_phone", "监护人手机"),
    ),
)

FACILITIES = Sheet(
    "facilities",
    "设施设备",
    "每行一处共用设施设备。",
    ("estate", "kind", "number"),
    (
        ESTATE,
        code("building", "幢号", "3", note="为整个小区服务的留空"),
        choice("kind", "设施类型", FacilityKind, "电梯", required=True),
        code("number", "编号", "DT-0001", required=True),
        text("name", "名称", "3幢1号电梯", required=True),
        text("location", "位置"),
        choice("state", "状态", FacilityState, "在用", default=FacilityState.IN_USE),
        day("installed_on", "安装日期"),
        text("maintainer", "维保单位"),
        day("inspected_until", "检验有效期至"),
    ),
)
