"""Exports of lists as jobs: who may ask, what the workbook holds, what ends one without a workbook."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import obstore
import openpyxl
import pytest
from obstore.store import MemoryStore
from pydantic import SecretStr

from app.lines import Lines
from app.list_export import Exporter
from app.register import Wanted, export_file, import_as
from app.register_job import StoreCarrier
from app.settings import Settings
from app.texts import speak_up
from auth.actor import Actor, system_actor
from auth.grants import Source, end_grants
from domain.errors import ErrorCode, Refusal
from domain.exports import ExportedList
from domain.roles import Role
from models.accounts import AccountGrant
from models.cases import AuditEvent
from models.documents import Document
from models.exports import ListExport
from resolvers import exports
from resolvers.carriers import provide
from resolvers.unit_of_work import UnitOfWork
from schema.api import graphql_schema
from schema.engine.declare import Listing, declaration_of
from schema.engine.values import Ref, encode_id
from schema.exports import list_export
from schema.sheets import CONDITIONS, LISTS, reading
from schema.sheets.reading import query
from tests.database import Database
from tests.docs.test_guides import ROOT, operations
from tests.estates.test_import import business, places, register, workbook
from tests.fees.test_api import Ask
from tests.market import Market
from tests.world import World

GUIDE = ROOT / "docs" / "list-exports.md"
NOT_EXPORTED = {
    "dataRequests": "personal requests are worked on one by one",
    "divisions": "the official tree, which every client keeps anyway",
    "legalHolds": "orders about persons stay with the case",
    "listExports": "this very list",
    "personalDataReads": "the copy of the own data has them (personalDataCopy)",
    "registerJobs": "files of their own",
    "suitPacks": "files of their own",
}


@pytest.fixture(autouse=True)
def spoken() -> None:
    speak_up()


@pytest.fixture
def store(world: World, lines: Lines) -> MemoryStore:
    made = MemoryStore()
    provide(StoreCarrier(made, world.sessions, lines))
    return made


@pytest.fixture
async def market(world: World) -> Market:
    """Two homes with a bill each for this month: the one of 100 m² at 120.00, the one of 80 m² at 96.00 yuan."""
    world.now = datetime.now(UTC)
    made = await Market.open(world, 10_000, 8_000)
    first_day = world.today.replace(day=1)
    await made.run(await made.item(), first_day)
    return made


async def worked(world: World, export: ListExport) -> ListExport:
    """The export as the worker leaves it."""
    clock = system_actor(world.county, world.today)
    while await world.do(clock, exports.run, export_id=export.id):
        pass
    (row,) = await world.rows(ListExport, id=export.id)
    return row  # type: ignore[no-any-return]


async def written(world: World, store: MemoryStore, who: Actor, path: Path, **given: Any) -> Any:
    """The workbook that comes of asking."""
    done = await worked(world, await world.do(who, list_export, **given))
    assert (done.state, done.refusal, done.finished_at) == ("DONE", None, world.now)
    (document,) = await world.rows(Document, id=done.result_id)
    assert document.uploaded_by == who.account_id
    found = await obstore.get_async(store, document.key)
    return _book(path, bytes(await found.bytes_async()))


def _book(path: Path, content: bytes) -> Any:
    path.write_bytes(content)
    return openpyxl.load_workbook(path)


def cells(page: Any) -> list[dict[str, Any]]:
    headers, *rows = page.iter_rows(values_only=True)
    return [dict(zip(headers, row, strict=True)) for row in rows]


async def test_bills_are_exported_as_money_days_and_words(market: Market, store: MemoryStore, tmp_path: Path) -> None:
    book = await written(market.world, store, market.bureau, tmp_path / "bills.xlsx", list="FEE_BILLS")
    assert book.sheetnames == ["账单"]
    rows = {row["房屋"]: row for row in cells(book["账单"])}
    assert set(rows) == {unit.name for unit in market.units}
    row = rows[market.units[0].name]
    assert (row["小区"], row["楼栋"], row["企业名称"]) == ("演示花园（演示）", "1幢", "演示物业（演示）")
    assert (row["计费面积（㎡）"], row["单价（元）"], row["应缴金额（元）"]) == (100, 1.2, 120)
    (bill,) = await market.bills(unit_id=market.units[0].id)
    assert row["应缴日期"].date() == bill.due_on
    assert (row["逾期"], row["状态"], row["缴清日期"]) == ("否", "待缴", None)
    (money,) = [cell for cell in book["账单"][2] if book["账单"].cell(1, cell.column).value == "应缴金额（元）"]
    assert (money.data_type, money.number_format) == ("n", "#,##0.00")


async def test_an_export_shows_what_its_asker_sees(market: Market, store: MemoryStore, tmp_path: Path) -> None:
    world = market.world
    other = await world.person(Role.COMPANY_ADMIN, company_id=(await _another_company(market)).id)
    seen = {
        "owner": (await market.resident(), [market.units[0].name]),
        "company": (market.admin, sorted(unit.name for unit in market.units)),
        "another company": (other, []),
        "township": (await world.township_office(), sorted(unit.name for unit in market.units)),
        "another township": (await world.township_office(world.county + "002"), []),
    }
    for who, (actor, units) in seen.items():
        book = await written(world, store, actor, tmp_path / "b.xlsx", list="FEE_BILLS")
        assert sorted(row["房屋"] for row in cells(book["账单"])) == units, who


async def _another_company(market: Market) -> Any:
    from domain.identifiers import make_credit_code
    from models.base import new_id
    from models.companies import Company

    world = market.world
    place = {"county": world.county, "township": world.township, "community": world.community}
    made = Company(id=new_id(), credit_code=make_credit_code(8), name="另一家（演示）", name_sort="ling", **place)
    await world.write([made])
    return made


async def test_the_conditions_of_the_list_query_hold(market: Market, store: MemoryStore, tmp_path: Path) -> None:
    world = market.world
    home = encode_id(Ref("Unit", world.county, market.units[1].id))
    due = (await market.bills())[0].due_on
    for where, found in (
        ({"unit": home}, 1),
        ({"state": "ISSUED", "due_to": None}, 2),
        ({"dueFrom": due}, 2),
        ({"overdue": True}, 0),
    ):
        given = {"fee_bills": {key: value for key, value in where.items() if value is not None}}
        book = await written(world, store, market.admin, tmp_path / "b.xlsx", list="FEE_BILLS", where=given)
        assert len(cells(book["账单"])) == found, where


async def test_english_headers_and_labels(market: Market, store: MemoryStore, tmp_path: Path) -> None:
    world = market.world
    book = await written(world, store, market.admin, tmp_path / "b.xlsx", list="FEE_BILLS", locale="en")
    row = cells(book["Bills"])[0]
    assert (row["Overdue"], row["State"], row["Amount (yuan)"]) == ("no", "Issued", row["Outstanding (yuan)"])
    assert not any("\u4e00" <= letter <= "\u9fff" for header in row for letter in header)
    book = await written(world, store, market.bureau, tmp_path / "u.xlsx", list="UNITS", locale="en")
    assert book.sheetnames == ["units", "parking"]
    assert cells(book["units"])[0]["use"] == "DWELLING"


async def test_texts_that_look_like_formulas_stay_texts(market: Market, store: MemoryStore, tmp_path: Path) -> None:
    world = market.world
    tricks = ['=HYPERLINK("http://127.0.0.1","x")', "+1+1", "-1", "@SUM(A1)", "\t=1"]
    for number, trick in enumerate(tricks):
        await market.unit(5_000, name=trick, sort_key=f"0002{number:06d}")
    await market.run(await market.item(), world.today.replace(day=1))
    book = await written(world, store, market.admin, tmp_path / "b.xlsx", list="FEE_BILLS")
    (column,) = [cell.column for cell in book["账单"][1] if cell.value == "房屋"]
    found = [book["账单"].cell(row, column) for row in range(2, book["账单"].max_row + 1)]
    assert {cell.value for cell in found} >= set(tricks)
    assert {cell.data_type for cell in found} == {"s"}


async def test_an_empty_list_has_its_headers(market: Market, store: MemoryStore, tmp_path: Path) -> None:
    book = await written(market.world, store, market.bureau, tmp_path / "p.xlsx", list="PAYMENTS")
    assert [cell.value for cell in book["缴费记录"][1]][:3] == ["缴费日期", "渠道", "流水号"]
    assert book["缴费记录"].max_row == 1


async def test_who_may_not_ask_and_for_what(market: Market) -> None:
    world = market.world
    owner = await market.resident()
    await world.refused(owner, list_export, ErrorCode.FORBIDDEN_ROLE, "list", list="FILING_QUERIES")
    await world.refused(market.bank, list_export, ErrorCode.FORBIDDEN_ROLE, None, list="FEE_BILLS")
    wrong = {"payments": {"updatedSince": world.now}}
    await world.refused(owner, list_export, ErrorCode.INVALID_INPUT, "where", list="FEE_BILLS", where=wrong)
    area = encode_id(Ref("PropertyArea", world.county, market.area.id))
    no_unit = {"fee_bills": {"unit": area}}
    await world.refused(owner, list_export, ErrorCode.NOT_FOUND, "where", list="FEE_BILLS", where=no_unit)
    await world.refused(owner, list_export, ErrorCode.INVALID_INPUT, "locale", list="FEE_BILLS", locale="fr")


async def test_an_export_is_its_askers_own_and_on_record(market: Market, store: MemoryStore, tmp_path: Path) -> None:
    world = market.world
    await written(world, store, market.admin, tmp_path / "b.xlsx", list="FEE_BILLS")
    (row,) = await world.rows(ListExport)
    assert (row.row_count, row.locale, row.conditions) == (2, "zh-CN", None)
    assert await world.sees(market.admin, ListExport) == {row.id}
    assert await world.sees(market.bureau, ListExport) == set()
    (event,) = await world.rows(AuditEvent, action="listExport")
    assert (event.account_id, event.role, event.subject_id) == (market.admin.account_id, Role.COMPANY_ADMIN, row.id)
    assert event.detail == {"list": "FEE_BILLS", "filtered": False}


async def test_only_so_many_wait_at_a_time(market: Market, store: MemoryStore) -> None:
    world = market.world
    asked = [await world.do(market.admin, list_export, list="FEE_BILLS") for _ in range(exports.MOST_WAITING)]
    await world.refused(market.admin, list_export, ErrorCode.RATE_LIMITED, None, list="FEE_BILLS")
    await worked(world, asked[0])
    await world.do(market.admin, list_export, list="FEE_BILLS")


async def test_a_capacity_that_ended_meanwhile_shows_nothing(market: Market, store: MemoryStore) -> None:
    world = market.world
    asked = await world.do(market.admin, list_export, list="FEE_BILLS")

    async def dismiss(uow: UnitOfWork) -> None:
        grant = await uow.session.get_one(AccountGrant, asked.grant_ids[0])
        await end_grants(uow.session, Source(grant.source_type, grant.source_id), world.today)

    await world.do(market.bureau, dismiss)
    done = await worked(world, asked)
    assert (done.state, done.refusal, done.result_id) == ("REFUSED", "FORBIDDEN_ROLE", None)
    assert await world.rows(Document, uploaded_by=market.admin.account_id) == []


async def test_a_list_that_no_sheet_holds_is_refused(
    market: Market, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = market.world
    monkeypatch.setattr(reading, "MOST_ROWS", 1)
    done = await worked(world, await world.do(market.admin, list_export, list="FEE_BILLS"))
    assert (done.state, done.refusal, done.row_count) == ("REFUSED", "LIST_TOO_LONG", None)
    cut_off = [{"findings": {"pageInfo": {"hasNextPage": True}, "nodes": []}}]
    with pytest.raises(Refusal) as refused:  # a list under a row is never cut off in silence
        list(query(LISTS[ExportedList.FINDINGS])._nodes(cut_off))
    assert refused.value.code is ErrorCode.LIST_TOO_LONG


async def test_pages_follow_each_other_in_one_snapshot(
    market: Market, lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that come while an export is written are not in it, wherever they would stand."""
    monkeypatch.setattr(reading, "PAGE", 1)
    world, told = market.world, []

    def progress(label: str, done: int, total: int) -> None:
        told.append((label, done, total))

    exporter = Exporter(lines, world.sessions)
    rows = await exporter.write(tmp_path / "u.xlsx", ExportedList.UNITS, market.bureau, world.county, progress=progress)
    assert (rows, told) == (2, [("房屋", 1, 2), ("房屋", 2, 2)])
    async with exporter._snapshot() as executor:
        pages = query(LISTS[ExportedList.UNITS]).pages(executor, market.bureau, world.county, None, "zh-CN")
        first = await anext(pages)
        await market.unit(9_000)
        assert [first.total, *[page.total async for page in pages]] == [2, 2]


async def test_every_sheet_of_the_import_comes_back_unchanged(world: World, lines: Lines, tmp_path: Path) -> None:
    cells_of = register(world) | business(world)
    bureau = await world.bureau()
    first = await import_as(
        world.sessions, bureau, world.county, workbook(tmp_path / "in.xlsx", cells_of), vault=world.vault
    )
    assert places(first) == []
    exporter = Exporter(lines, world.sessions)
    before = await world.fingerprint()
    brought = 0
    for name, listed in LISTS.items():
        if not any(part.sheet for part in listed.parts):
            continue
        for locale in ("zh-CN", "en"):
            file = tmp_path / f"{name}.{locale}.xlsx"
            assert await exporter.write(file, name, bureau, world.county, locale=locale) > 0, name
            again = await import_as(world.sessions, bureau, world.county, file, vault=world.vault)
            assert places(again) == [], name
            changed = {what: count for what, count in again.report.counts.items() if count.created or count.updated}
            assert changed == {}, name
            brought += 1
    assert brought == 24
    after = await world.fingerprint()
    assert after.pop("personal_data_read") != before.pop("personal_data_read"), "names in files are reads"
    assert after == before


async def test_what_an_import_cannot_bring_in_stands_beside(world: World, lines: Lines, tmp_path: Path) -> None:
    """A former leader is exported, on a sheet that the import passes over."""
    bureau = await world.bureau()
    cells_of = register(world) | business(world)
    await import_as(world.sessions, bureau, world.county, workbook(tmp_path / "1.xlsx", cells_of), vault=world.vault)
    cells_of["项目负责人"][0] |= {"姓名": "孙新任"}
    await import_as(world.sessions, bureau, world.county, workbook(tmp_path / "2.xlsx", cells_of), vault=world.vault)
    file = tmp_path / "leaders.xlsx"
    assert await Exporter(lines, world.sessions).write(file, ExportedList.PROJECT_LEADERS, bureau, world.county) == 2
    book = openpyxl.load_workbook(file)
    assert [row["姓名*"] for row in cells(book["项目负责人"])] == ["孙新任"]
    (former,) = cells(book["项目负责人（仅供查阅）"])
    assert (former["状态"], former["离任日期"] is not None) == ("已更换", True)
    again = await import_as(world.sessions, bureau, world.county, file, vault=world.vault)
    assert again.report.counts["leaders"] == (0, 0, 1)


def test_every_list_query_is_exported() -> None:
    """A new list is exported, or said why not; and so are all conditions of its query."""
    roots = {
        name
        for name in graphql_schema().query_type.fields  # type: ignore[union-attr]
        if isinstance(declaration_of("Query", name), Listing)
    }
    exported = {listed.root for listed in LISTS.values()}
    assert roots - exported == set(NOT_EXPORTED), "give new lists their columns in schema/sheets"
    assert exported - roots == {"viewer.tasks"}
    assert set(LISTS) == set(ExportedList)
    found = {query(listed).field_name: query(listed).filter_type for listed in LISTS.values()}
    assert {name: kind for name, kind in found.items() if kind} == CONDITIONS


@pytest.mark.parametrize("name", ExportedList)
def test_every_list_can_be_asked_and_its_columns_told_apart(name: ExportedList) -> None:
    listed = LISTS[name]
    assert query(listed).document.rejection is None
    for part in listed.parts:
        assert len({head.title for head in part.heads}) == len(part.heads)
        assert len({head.english for head in part.heads}) == len(part.heads)
        assert len(part.title) <= 31


def test_enum_conditions_are_stored_as_the_client_gave_them() -> None:
    """A stored condition is read again by its name."""
    types = graphql_schema().type_map
    for name in set(CONDITIONS.values()):
        fields: Any = types[name].fields  # type: ignore[attr-defined]
        for field in fields.values():
            values = getattr(getattr(field.type, "of_type", field.type), "values", {})
            assert all(str(getattr(value.value, "value", value.value)) == key for key, value in values.items()), name


def test_money_is_exact() -> None:
    form = query(LISTS[ExportedList.FEE_BILLS]).forms[0][10]
    assert form.write(9_007_199_254_740_991, "zh-CN") == Decimal("90071992547409.91")


async def test_through_the_api(market: Market, store: MemoryStore, ask: Ask) -> None:
    """Asked for with the query's own conditions, followed by its id, fetched by its address."""
    world = market.world
    home = encode_id(Ref("Unit", world.county, market.units[1].id))
    asked = await ask(
        market.admin,
        """mutation ($input: ListExportInput!) {
          listExport(input: $input) { export { id list state locale } userErrors { code field } }
        }""",
        input={"list": "FEE_BILLS", "where": {"feeBills": {"unit": home, "dueFrom": "2026-01-01"}}, "locale": "en"},
    )
    export = asked["listExport"]["export"]
    assert asked["listExport"]["userErrors"] == []
    assert {name: export[name] for name in ("list", "state", "locale")} == {
        "list": "FEE_BILLS",
        "state": "QUEUED",
        "locale": "en",
    }
    (row,) = await world.rows(ListExport)
    assert row.conditions == {"unit": home, "dueFrom": "2026-01-01"}
    await worked(world, row)
    shown = await ask(
        market.admin,
        """query ($id: ID!) {
          node(id: $id) { ... on ListExport { state done total rowCount refusal finishedAt result { name downloadUrl } } }
          listExports(where: { state: DONE }) { totalCount countsByState { state count } }
        }""",
        id=export["id"],
    )
    done = shown["node"]
    assert (done["state"], done["rowCount"], done["refusal"], done["finishedAt"] is not None) == ("DONE", 1, None, True)
    assert done["result"]["name"].startswith(f"fee_bills_{world.county}_")
    assert "/files/" in done["result"]["downloadUrl"]
    assert shown["listExports"] == {"totalCount": 1, "countsByState": [{"state": "DONE", "count": 1}]}
    other = await ask(market.bureau, "query ($id: ID!) { node(id: $id) { id } }", id=export["id"])
    assert other["node"] is None


def test_what_is_typed_at_the_command_line() -> None:
    assert Wanted.of(None, None, "zh-CN") == Wanted()
    assert Wanted.of("fee-bills", '{"overdue": true}', "en") == Wanted(ExportedList.FEE_BILLS, {"overdue": True}, "en")
    for typed, said in (
        (("bills", None, "en"), "--list"),
        (("UNITS", "[1]", "en"), "--where"),
        (("UNITS", "{", "en"), "Expecting"),
        (("UNITS", None, "fr"), "--locale"),
    ):
        with pytest.raises(ValueError, match=said):
            Wanted.of(*typed)


async def test_from_the_command_line(market: Market, database: Database, tmp_path: Path) -> None:
    own_settings = Settings(data=tmp_path, database_url=SecretStr(database.url))
    file = tmp_path / "bills.xlsx"
    wanted = Wanted(ExportedList.FEE_BILLS, {"state": "VOIDED"})
    assert await export_file(own_settings, file, market.world.county, wanted) == 0
    assert await export_file(own_settings, file, market.world.county, Wanted(ExportedList.FEE_BILLS)) == 2
    assert await export_file(own_settings, file, market.world.county) > 2


async def test_the_guide_s_operations_do_what_it_says(market: Market, store: MemoryStore, ask: Ask) -> None:
    (mutation, variables), (query_text, _) = operations(GUIDE)
    asked = await ask(market.admin, mutation, **(variables or {}))
    assert asked["listExport"]["userErrors"] == []
    (row,) = await market.world.rows(ListExport)
    await worked(market.world, row)
    shown = await ask(market.admin, query_text, id=asked["listExport"]["export"]["id"])
    assert (shown["node"]["state"], shown["node"]["rowCount"]) == ("DONE", 2)
