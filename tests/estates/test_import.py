"""The register's import and export: workbooks and CSV, every fault with its place, all or nothing, twice is once."""

import csv
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from app import register_files
from app.lines import Lines
from app.list_export import Exporter
from app.register import Outcome, import_as
from app.workbooks import write_template
from domain.errors import ErrorCode, Refusal
from domain.identifiers import make_credit_code, make_id_number, make_phone, make_unit_number
from domain.register_business import SHEETS
from domain.roles import Role
from models.committees import Committee
from models.companies import Company, ProjectLeader
from models.contracts import ServiceContract
from models.estates import Building, Estate, EstateArea, Facility, Ownership, PropertyArea, Unit
from models.fees import ChargeItem, FeeBill
from models.ledger import LedgerAccount
from models.people import Owner
from models.sealed import reveal
from resolvers.ledger import balance
from resolvers.unit_of_work import set_fuse
from tests.world import World

Cells = dict[str, list[dict[str, Any]]]


def register(world: World) -> Cells:
    """Two estates: one a property area as a whole, one divided between two areas by buildings."""
    place = {"社区代码": world.community}
    return {
        "物业管理区域": [{"区域编码": code, "区域名称": f"{code}（演示）", **place} for code in ("A1", "A2", "A3")],
        "小区": [
            {
                "小区编码": "E1",
                "小区名称": "演示花园（演示）",
                "地址": "演示路1号",
                "物业管理区域编码": "A1",
                "管理模式": "委托一家物业服务企业",
                "小区类型": "商品房小区",
                "建成年份": 2009,
                "建筑面积": "30120.50",
                "户数": 2,
                "挂包干部": "赵干部",
                "挂包干部手机": make_phone(71),
                **place,
            },
            {
                "小区编码": "E2",
                "小区名称": "演示里（演示）",
                "地址": "演示路2号",
                "管理模式": "UNMANAGED",
                "小区类型": "老旧小区",
                **place,
            },
        ],
        "楼栋": [
            {"小区编码": "E1", "幢号": "1", "楼栋类型": "多层", "地上层数": 6, "有电梯": "否"},
            {"小区编码": "E1", "幢号": "地下车库", "楼栋类型": "车库", "地下层数": 2},
            {"小区编码": "E2", "幢号": "1", "楼栋类型": "高层", "物业管理区域编码": "A2"},
            {"小区编码": "E2", "幢号": "2", "楼栋类型": "高层", "物业管理区域编码": "A3"},
        ],
        "房屋": [
            {
                "小区编码": "E1",
                "幢号": "1",
                "单元": "2",
                "楼层": 5,
                "房号": "501",
                "用途": "住宅",
                "登记面积": "88.75",
                "不动产单元号": make_unit_number(1),
                "交付日期": "2010年5月1日",
            },
            {"小区编码": "E1", "幢号": "1", "楼层": 1, "房号": "101", "用途": "商业", "合同面积": 45.5},
            {"小区编码": "E2", "幢号": "2", "楼层": -1, "房号": "B1", "用途": "储藏室"},
        ],
        "车位": [{"小区编码": "E1", "车库": "地下车库", "车位号": "B1-077", "楼层": -1, "权属": "产权车位"}],
        "业主": [
            {
                "小区编码": "E1",
                "幢号": "1",
                "单元": "2",
                "房号": "501",
                "共有方式": "共同共有",
                "姓名或名称": "王一",
                "证件号码": make_id_number(1),
                "手机号": make_phone(71),
                "表决代表": "是",
            },
            {
                "小区编码": "E1",
                "幢号": "1",
                "单元": "2",
                "房号": "501",
                "共有方式": "共同共有",
                "姓名或名称": "王二",
                "证件号码": make_id_number(2),
            },
            {
                "小区编码": "E1",
                "幢号": "1",
                "房号": "101",
                "业主类型": "法人",
                "姓名或名称": "演示公司（虚构）",
                "统一社会信用代码": make_credit_code(1),
                "代理人": "李代理",
                "代理人手机": make_phone(9),
            },
            {
                "小区编码": "E2",
                "幢号": "2",
                "房号": "B1",
                "姓名或名称": "王一",
                "证件号码": make_id_number(1),
                "取得日期": "2015-03-01",
            },
        ],
        "设施设备": [
            {
                "小区编码": "E1",
                "幢号": "1",
                "设施类型": "电梯",
                "编号": "T1",
                "名称": "1号电梯",
                "维保单位": "演示维保（虚构）",
            }
        ],
    }


def business(world: World) -> Cells:
    """Who serves and governs the first area, and what its units owe and hold."""
    unit = {"小区编码": "E1", "幢号": "1", "单元": "2", "房号": "501"}
    attested = {"截止日期": "2025-12-31", "核实人和依据": "演示街道，账册"}
    firm = {"物业管理区域编码": "A1", "企业信用代码": make_credit_code(5)}
    return {
        "物业服务企业": [
            {
                "统一社会信用代码": make_credit_code(5),
                "企业名称": "演示物业（虚构）",
                "社区代码": world.community,
                "联系人": "孙联系",
                "联系人手机": make_phone(51),
                "已备案": "是",
                "平台管理员": "钱管理",
                "平台管理员手机": make_phone(52),
            }
        ],
        "物业服务合同": [
            {
                "合同编号": "HT-1",
                "合同类别": "物业服务合同",
                "收费方式": "包干制",
                "开始日期": "2024-01-01",
                "结束日期": "2027-12-31",
                "收费标准": "住宅 1.20 元/㎡·月（虚构）",
                "服务内容和标准": "三级",
                "选聘方式": "业主共同决定",
                **firm,
            }
        ],
        "项目负责人": [{"姓名": "李负责", "证书编号": "ZS-1", "任职日期": "2024-01-01", **firm}],
        "业主委员会": [
            {
                "物业管理区域编码": "A1",
                "类型": "业主委员会",
                "名称": "演示花园业主委员会（演示）",
                "任期开始": "2024-03-01",
                "任期届满": "2027-02-28",
                "确认依据": "纸质备案",
                "备案编号": "BA-1",
                "备案日期": "2024-04-01",
            }
        ],
        "业主委员会成员": [
            {"物业管理区域编码": "A1", "姓名": f"委员{number}", "职务": "主任" if number == 1 else "委员"}
            for number in (1, 2, 3)
        ],
        "收费项目": [
            {
                "物业管理区域编码": "A1",
                "合同编号": "HT-1",
                "项目编码": "WY01",
                "项目名称": "物业服务费",
                "类别": "物业服务费",
                "计费方式": "按面积",
                "适用用途": "住宅",
                "单价": "1.20",
                "账期（月）": 12,
                "服务内容和标准": "三级",
                "开始日期": "2024-01-01",
            }
        ],
        "期初欠费": [
            {
                "欠费单号": "QC-1",
                "收费项目编码": "WY01",
                "账期开始": "2024-01-01",
                "账期结束": "2024-12-31",
                "应缴日期": "2024-12-31",
                "欠费金额": "1278.00",
                **unit,
                **attested,
            }
        ],
        "期初预收": [{"预收单号": "YS-1", "企业信用代码": make_credit_code(5), "余额": "600.50", **unit, **attested}],
        "期初维修资金": [{"余额": 8875, **unit, **attested}],
    }


def workbook(path: Path, cells: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in cells.items():
        page = book.create_sheet(title)
        headers = list(dict.fromkeys(header for row in rows for header in row))
        page.append(headers)
        for row in rows:
            page.append([row.get(header) for header in headers])
    book.save(path)
    return path


def folder(path: Path, cells: Mapping[str, Sequence[Mapping[str, Any]]], encoding: str) -> Path:
    path.mkdir()
    for title, rows in cells.items():
        with (path / f"{title}.csv").open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(header for row in rows for header in row)))
            writer.writeheader()
            writer.writerows(rows)
    return path


async def imported(world: World, file: Path, **options: Any) -> Outcome:
    return await import_as(
        world.sessions, await world.bureau(), world.county, file, vault=world.vault, now=world.now, **options
    )


def counts(outcome: Outcome) -> dict[str, tuple[int, int, int]]:
    return {name: tuple(counted) for name, counted in outcome.report.counts.items() if sum(counted)}  # type: ignore[misc]


def places(outcome: Outcome) -> list[tuple[str, int | None, str | None, ErrorCode]]:
    return [(fault.sheet, fault.row, fault.column, fault.code) for fault in outcome.report.faults]


@pytest.mark.requirement("ZS-1", "TQ-117", "TQ-118")
async def test_a_whole_register_comes_in_and_a_second_time_changes_nothing(world: World, tmp_path: Path) -> None:
    file = workbook(tmp_path / "登记表.xlsx", register(world))
    first = await imported(world, file)
    created = {
        "areas": 3,
        "estates": 2,
        "buildings": 4,
        "units": 3,
        "parking": 1,
        "facilities": 1,
        "persons": 3,
        "owners": 4,
    }
    assert counts(first) == {name: (count, 0, 0) for name, count in created.items()}, places(first)
    estates = {row.code: row for row in await world.rows(Estate)}
    assert (estates["E1"].building_area, estates["E1"].year_built, estates["E1"].state) == (3_012_050, 2009, "APPROVED")
    assert (estates["E1"].township, estates["E2"].service_mode) == (world.township, "UNMANAGED")
    assert reveal(estates["E1"], "contact_cadre_phone", world.vault) == make_phone(71)
    units = {row.name: row for row in await world.rows(Unit)}
    flat = units["1幢2单元501"]
    assert (flat.building_area, flat.area_basis, flat.floor, str(flat.delivered_on)) == (
        8_875,
        "REGISTERED",
        5,
        "2010-05-01",
    )
    assert (units["1幢101"].building_area, units["1幢101"].area_basis) == (4_550, "CONTRACT")
    assert (units["地下车库B1-077"].use, units["地下车库B1-077"].parking_right) == ("PARKING", "TITLED")
    areas = {row.code: row.id for row in await world.rows(PropertyArea)}
    assert flat.area_id == areas["A1"]
    assert units["2幢B1"].area_id == areas["A3"]
    assert {(row.area_id, row.part) for row in await world.rows(EstateArea)} == {
        (areas["A1"], None),
        (areas["A2"], "1幢"),
        (areas["A3"], "2幢"),
    }
    owners = {row.name: row for row in await world.rows(Owner)}
    assert reveal(owners["王一"], "document", world.vault) == make_id_number(1)
    assert reveal(owners["演示公司（虚构）"], "agent_phone", world.vault) == make_phone(9)
    held = {(row.owner_id, row.unit_id): row for row in await world.rows(Ownership)}
    assert held[owners["王一"].id, flat.id].is_representative
    assert str(held[owners["王一"].id, units["2幢B1"].id].valid_from) == "2015-03-01"
    resident = await world.actor(account_id=owners["王一"].account_id)
    assert {grant.unit_id for grant in resident.grants if grant.county == world.county} == {flat.id, units["2幢B1"].id}
    assert owners["王二"].account_id is None
    before = await world.fingerprint()
    again = await imported(world, file)
    assert counts(again) == {name: (0, 0, count) for name, count in created.items()}
    after = await world.fingerprint()
    # The imports themselves are on record; the register is as it was.
    assert {name for name in after if after[name] != before[name]} <= {"audit_event", "register_import"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_csv_files_in_either_encoding_say_the_same(world: World, tmp_path: Path, encoding: str) -> None:
    outcome = await imported(world, folder(tmp_path / "csv", register(world), encoding))
    assert outcome.report.counts["units"].created == 3
    assert {row.name for row in await world.rows(Owner)} == {"王一", "王二", "演示公司（虚构）"}


async def test_a_zip_of_csv_files_and_english_headers(world: World, tmp_path: Path) -> None:
    english = {
        sheet.name: [{sheet.headers[header].name: value for header, value in row.items()} for row in rows]
        for title, rows in register(world).items()
        for sheet in SHEETS
        if sheet.title == title
    }
    source = folder(tmp_path / "csv", english, "utf-8")
    packed = tmp_path / "register.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in source.iterdir():
            archive.write(file, file.name)
    assert (await imported(world, packed)).report.counts["owners"].created == 4


async def test_a_dry_run_counts_and_writes_nothing(world: World, tmp_path: Path) -> None:
    file = workbook(tmp_path / "r.xlsx", register(world))
    await world.bureau()
    before = await world.fingerprint()
    outcome = await imported(world, file, dry_run=True)
    assert outcome.report.counts["units"].created == 3
    assert "nothing was written" in str(outcome)
    assert await world.fingerprint() == before


@pytest.mark.requirement("TQ-119")
async def test_a_later_file_updates_what_differs_and_passes_units_on(world: World, tmp_path: Path) -> None:
    cells = register(world)
    await imported(world, workbook(tmp_path / "1.xlsx", cells))
    resident = await world.person(Role.OWNER, unit_id=(await world.rows(Unit))[0].id)
    assert resident.grants
    cells["小区"][0]["户数"] = 3
    cells["房屋"][0]["登记面积"] = "90.00"
    cells["楼栋"][3]["物业管理区域编码"] = "A2"
    cells["业主"] = [
        row
        | {
            "共有方式": "单独所有",
            "姓名或名称": "王三",
            "证件号码": make_id_number(3),
            "手机号": None,
            "表决代表": None,
        }
        for row in cells["业主"][:1]
    ]
    outcome = await imported(world, workbook(tmp_path / "2.xlsx", cells))
    found = counts(outcome)
    assert (found["estates"], found["units"], found["owners"]) == ((0, 1, 1), (0, 1, 2), (1, 2, 0))
    assert {row.code: (row.households, row.version) for row in await world.rows(Estate)}["E1"] == (3, 2)
    areas = {row.code: row.id for row in await world.rows(PropertyArea)}
    units = {row.name: row for row in await world.rows(Unit)}
    assert units["2幢B1"].area_id == areas["A2"]
    links = await world.rows(EstateArea)
    assert {(row.part, row.valid_to is None) for row in links if row.area_id != areas["A1"]} == {
        ("1幢", False),
        ("2幢", False),
        ("1幢、2幢", True),
    }
    flat = units["1幢2单元501"]
    names = {row.id: row.name for row in await world.rows(Owner)}
    assert {(names[row.owner_id], row.valid_to) for row in await world.rows(Ownership, unit_id=flat.id)} == {
        ("王一", world.today),
        ("王二", world.today),
        ("王三", None),
    }


async def test_every_fault_is_reported_at_its_cell_and_nothing_is_written(world: World, tmp_path: Path) -> None:
    cells = register(world)
    cells["小区"][0] |= {"建成年份": 2999, "管理模式": "随便", "挂包干部手机": "12"}
    cells["小区"].append(cells["小区"][1] | {"社区代码": "370303001999", "小区名称": None, "小区编码": "E3"})
    cells["楼栋"].append(cells["楼栋"][0])
    cells["楼栋"].append({"小区编码": "E9", "幢号": "1", "楼栋类型": "多层"})
    cells["房屋"][0] |= {"楼层": 0, "登记面积": "八十八", "不动产单元号": "370303"}
    cells["房屋"][1] |= {"楼层": 0}
    cells["房屋"][2]["未知列"] = "x"
    cells["业主"][0]["证件号码"] = make_id_number(1)[:-1] + "#"
    cells["业主"][2]["统一社会信用代码"] = None
    cells["业主"][3] |= {"房号": "B9"}
    await world.bureau()
    before = await world.fingerprint()
    file = workbook(tmp_path / "错.xlsx", cells)
    outcome = await imported(world, file)
    assert await world.fingerprint() == before
    found = places(outcome)
    assert {
        ("小区", 2, "管理模式", ErrorCode.INVALID_INPUT),
        ("小区", 2, "挂包干部手机", ErrorCode.INVALID_PHONE),
        ("小区", 4, "小区名称", ErrorCode.REQUIRED),
        ("楼栋", 6, "幢号", ErrorCode.ALREADY_REGISTERED),
        ("楼栋", 7, "小区编码", ErrorCode.NOT_FOUND),
        ("房屋", 1, "未知列", ErrorCode.INVALID_INPUT),
        ("房屋", 2, "登记面积", ErrorCode.INVALID_INPUT),
        ("房屋", 2, "不动产单元号", ErrorCode.INVALID_UNIT_NUMBER),
        ("业主", 4, "统一社会信用代码", ErrorCode.REQUIRED),
    } <= set(found)
    # The second estate's rows name a sound estate, and nobody is blamed for a unit whose own row is at fault.
    assert ("业主", 2, "房号", ErrorCode.NOT_FOUND) not in found
    listed = json.loads((tmp_path / "错.faults.json").read_text("utf-8"))
    assert listed["count"] == len(found) == len(listed["faults"])
    assert all(set(fault) == {"sheet", "row", "column", "code", "reason"} for fault in listed["faults"])
    marked = openpyxl.load_workbook(tmp_path / "错.faults.xlsx")
    page = marked["房屋"]
    headers = [cell.value for cell in page[1]]
    wrong = page.cell(2, headers.index("登记面积") + 1)
    assert wrong.value == "八十八"
    assert wrong.comment is not None
    assert wrong.fill.bgColor.rgb == "FFFF9999" or wrong.fill.fgColor.rgb == "FFFF9999"
    assert page.cell(2, headers.index("用途") + 1).comment is None


@pytest.mark.parametrize(
    ("sheet", "place", "change", "column", "code"),
    [
        ("小区", 0, {"建成年份": 2999}, "建成年份", ErrorCode.OUT_OF_RANGE),
        ("小区", 0, {"社区代码": "370303001999"}, "社区代码", ErrorCode.INVALID_DIVISION),
        ("小区", 0, {"物业管理区域编码": "A9"}, "物业管理区域编码", ErrorCode.NOT_FOUND),
        ("小区", 0, {"党组织覆盖": "单独组建"}, "党组织名称", ErrorCode.REQUIRED),
        ("楼栋", 0, {"地上层数": 999}, "地上层数", ErrorCode.OUT_OF_RANGE),
        ("楼栋", 0, {"物业管理区域编码": "A2"}, "物业管理区域编码", ErrorCode.INVALID_INPUT),
        ("房屋", 1, {"楼层": 0}, "楼层", ErrorCode.OUT_OF_RANGE),
        ("房屋", 1, {"不动产单元号": make_unit_number(1)}, "不动产单元号", ErrorCode.ALREADY_REGISTERED),
        ("业主", 0, {"证件号码": "110105194912310021"}, "证件号码", ErrorCode.INVALID_ID_NUMBER),
        ("业主", 3, {"房号": "B9"}, "房号", ErrorCode.NOT_FOUND),
        ("业主", 3, {"姓名或名称": "别人"}, "证件号码", ErrorCode.ALREADY_REGISTERED),
        ("业主", 3, {"共有方式": "共同共有"}, "共有方式", ErrorCode.OUT_OF_RANGE),
        (
            "业主",
            3,
            {"证件号码": make_id_number(5, date(2020, 1, 1)), "姓名或名称": "王小"},
            "监护人姓名",
            ErrorCode.REQUIRED,
        ),
    ],
)
async def test_what_the_rules_refuse_is_a_fault_of_its_cell(
    world: World, tmp_path: Path, sheet: str, place: int, change: dict[str, Any], column: str | None, code: ErrorCode
) -> None:
    cells = register(world)
    cells[sheet][place] |= change
    outcome = await imported(world, workbook(tmp_path / "r.xlsx", cells))
    assert (sheet, place + 2, column, code) in places(outcome)
    assert await world.rows(Estate) == []


async def test_the_template_reads_back_empty_and_explains_every_column(world: World, tmp_path: Path) -> None:
    template = tmp_path / "模板.xlsx"
    write_template(template)
    outcome = await imported(world, template)
    assert counts(outcome) == {}
    book = openpyxl.load_workbook(template)
    assert book.sheetnames == ["说明", *(sheet.title for sheet in SHEETS)]
    explained = {cell.value for cell in book["说明"]["B"]}
    assert {column.name for sheet in SHEETS for column in sheet.columns} <= explained


@pytest.mark.requirement("ZS-1")
async def test_an_export_imports_without_a_change(world: World, lines: Lines, tmp_path: Path) -> None:
    first = await imported(world, workbook(tmp_path / "in.xlsx", register(world) | business(world)))
    assert places(first) == []
    exported = tmp_path / "out.xlsx"
    written = await Exporter(lines, world.sessions).write_register(exported, await world.bureau(), world.county)
    assert (written["units"], written["parking"], written["committee_members"]) == (3, 1, 3)
    text = "".join(str(cell.value) for page in openpyxl.load_workbook(exported) for row in page for cell in row)
    assert make_id_number(1) not in text
    assert make_phone(71) not in text
    again = counts(await imported(world, exported))
    assert {name: (created, updated) for name, (created, updated, _same) in again.items()} == dict.fromkeys(
        again, (0, 0)
    )
    assert len(await world.rows(Building)) == 4
    assert len(await world.rows(Facility)) == 1


async def test_only_the_bureau_imports(world: World, tmp_path: Path) -> None:

    file = workbook(tmp_path / "r.xlsx", register(world))
    with pytest.raises(Refusal) as refused:
        await import_as(world.sessions, await world.township_office(), world.county, file, vault=world.vault)
    assert refused.value.code is ErrorCode.FORBIDDEN_ROLE


async def test_a_file_that_is_no_workbook_is_said_so(world: World, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(b"not a workbook")
    with pytest.raises(register_files.UnreadableFile, match=r"x\.xlsx"):
        await imported(world, file)


@pytest.mark.requirement("ZS-1", "ZS-4", "TQ-118")
async def test_companies_contracts_bodies_and_opening_balances_come_in_too(world: World, tmp_path: Path) -> None:
    file = workbook(tmp_path / "all.xlsx", register(world) | business(world))
    first = await imported(world, file)
    assert places(first) == []
    created = {
        **dict.fromkeys(
            ("companies", "contracts", "leaders", "committees", "charge_items", "arrears", "prepaid", "funds"), 1
        ),
        "committee_members": 3,
    }
    assert {name: counts(first)[name] for name in created} == {name: (count, 0, 0) for name, count in created.items()}
    (company,) = await world.rows(Company)
    assert (company.name, company.state, company.listed) == ("演示物业（虚构）", "FILED", True)
    assert reveal(company, "contact_phone", world.vault) == make_phone(51)
    (contract,) = await world.rows(ServiceContract)
    assert (contract.state, contract.company_id, contract.township) == ("EFFECTIVE", company.id, world.township)
    (leader,) = await world.rows(ProjectLeader)
    assert (leader.name, leader.state, leader.area_id) == ("李负责", "REPORTED", contract.area_id)
    (committee,) = await world.rows(Committee)
    assert (committee.state, committee.member_count) == ("FILED", 3)
    (item,) = await world.rows(ChargeItem)
    assert (item.unit_price, item.state, item.contract_id) == (120, "DEFINED", contract.id)
    (bill,) = await world.rows(FeeBill)
    assert (bill.kind, bill.amount, bill.number, bill.charge_item_id) == ("OPENING_ARREARS", 127_800, "QC-1", item.id)
    async with world.sessions() as session:
        await set_fuse(session, {world.county})
        accounts = (await session.scalars(select(LedgerAccount).where(LedgerAccount.county == world.county))).all()
        held = {account.kind: await balance(session, world.county, account.id) for account in accounts}
    assert held == {
        "RECEIVABLE": 127_800,
        "PREPAID": 60_050,
        "UNIT_FUND": 887_500,
        "BANK": 887_500,
        "OPENING": 60_050 - 127_800,
    }
    again = counts(await imported(world, file))
    assert {name: again[name] for name in created} == {name: (0, 0, count) for name, count in created.items()}


@pytest.mark.parametrize(
    ("sheet", "change", "column", "code"),
    [
        ("物业服务企业", {"统一社会信用代码": "91990000000000051X"}, "统一社会信用代码", ErrorCode.INVALID_CREDIT_CODE),
        ("物业服务合同", {"企业信用代码": make_credit_code(6)}, "企业信用代码", ErrorCode.NOT_FOUND),
        ("物业服务合同", {"结束日期": "2023-12-31"}, "结束日期", ErrorCode.OUT_OF_RANGE),
        ("项目负责人", {"任职日期": "2999-01-01"}, "任职日期", ErrorCode.OUT_OF_RANGE),
        ("业主委员会", {"任期届满": "2040-01-01"}, "任期届满", ErrorCode.OUT_OF_RANGE),
        ("收费项目", {"类别": "代收手续费"}, None, ErrorCode.CHARGE_FORBIDDEN),
        ("收费项目", {"物业管理区域编码": "A2"}, "合同编号", ErrorCode.INVALID_INPUT),
        ("期初欠费", {"收费项目编码": "WY99"}, "收费项目编码", ErrorCode.NOT_FOUND),
        ("期初预收", {"余额": 0}, "余额", ErrorCode.OUT_OF_RANGE),
        ("期初维修资金", {"截止日期": "2999-01-01"}, "截止日期", ErrorCode.OUT_OF_RANGE),
    ],
)
async def test_what_commands_refuse_is_a_fault_of_its_cell_too(
    world: World, tmp_path: Path, sheet: str, change: dict[str, Any], column: str | None, code: ErrorCode
) -> None:
    cells = register(world) | business(world)
    cells[sheet][0] |= change
    outcome = await imported(world, workbook(tmp_path / "r.xlsx", cells))
    assert [(found[0], found[1], found[3]) for found in places(outcome)][:1] == [(sheet, 2, code)]
    assert column is None or places(outcome)[0][2] == column
    assert await world.rows(Estate) == []
    assert await world.rows(Company) == []
