"""What the commands do, on a database of their own: a register comes in and goes out, books are checked, demos are made."""

import asyncio
import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from signal import signal as set_handler

import openpyxl
import psycopg
import pytest

from app import cli, progress
from app.settings import Settings
from auth.actor import load_actor
from domain.calendar import today
from models.base import new_id
from schema.api import sdl
from tests.app.conftest import Anju
from tests.database import Database

COUNTY, COMMUNITY = "370303", "370303003002"
AREA = {"区域编码": "A1", "区域名称": "一区（演示）", "社区代码": COMMUNITY}
ESTATE = {
    "小区编码": "E1",
    "小区名称": "演示花园（演示）",
    "社区代码": COMMUNITY,
    "地址": "演示路1号",
    "物业管理区域编码": "A1",
    "管理模式": "委托一家物业服务企业",
    "小区类型": "商品房小区",
}
BUILDING = {"小区编码": "E1", "幢号": "1", "楼栋类型": "多层"}
HOME = {"小区编码": "E1", "幢号": "1", "房号": "101", "楼层": 1, "用途": "住宅"}


def filled(template: Path, **changes: object) -> Path:
    """The template with one row in each of four sheets."""
    book = openpyxl.load_workbook(template)
    rows = {"物业管理区域": AREA, "小区": {**ESTATE, **changes}, "楼栋": BUILDING, "房屋": HOME}
    for title, row in rows.items():
        page = book[title]
        columns = {str(cell.value).strip("*"): cell.column for cell in page[1]}
        for header, value in row.items():
            page.cell(2, columns[header], value)
    book.save(template.with_name("register.xlsx"))
    return template.with_name("register.xlsx")


def counted(database: Database, table: str) -> int:
    with psycopg.connect(database.superuser_url) as connection:
        [found] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(found[0])


def test_a_register_comes_in_by_template_and_check_and_goes_out_again(
    own_anju: Anju, own_database: Database, tmp_path: Path
) -> None:
    template = tmp_path / "template.xlsx"
    assert own_anju("import", "--template", str(template)) == (0, f"wrote {template}\n", "")
    file = filled(template)
    code, said, shown = own_anju("import", str(file), "--county", COUNTY, "--dry-run")
    assert (code, said.splitlines()[-1]) == (0, "dry run: nothing was written")
    assert "estates: 1 created, 0 updated, 0 unchanged" in said
    assert "房屋: 1/1\n" in shown  # how far it is, on standard error
    assert counted(own_database, "estate") == 0
    for counts in ("1 created, 0 updated, 0 unchanged", "0 created, 0 updated, 1 unchanged"):
        code, said, _ = own_anju("import", str(file), "--county", COUNTY)
        assert (code, said.splitlines()[:2]) == (0, [f"areas: {counts}", f"estates: {counts}"])
    assert counted(own_database, "estate") == 1

    code, said, _ = own_anju("import", str(filled(template, 建成年份=2999)), "--county", COUNTY)
    listed, marked = file.with_suffix(".faults.json"), file.with_suffix(".faults.xlsx")
    assert (code, said) == (1, f"nothing was written: 1 faults, listed in {listed} and {marked}\n")
    [fault] = json.loads(listed.read_text("utf-8"))["faults"]
    assert (fault["sheet"], fault["row"], fault["column"], fault["code"]) == ("小区", 2, "建成年份", "OUT_OF_RANGE")
    assert marked.exists()

    out = tmp_path / "out.xlsx"
    code, said, _ = own_anju("export", str(out), "--county", COUNTY)
    assert (code, said) == (0, f"wrote {out}: 4 rows\n")
    headers, row = openpyxl.load_workbook(out)["小区"].iter_rows(values_only=True)
    written = dict(zip([header.strip("*") for header in headers], row, strict=True))
    assert (written["小区编码"], written["小区名称"]) == ("E1", "演示花园（演示）")
    code, said, _ = own_anju("export", str(out), "--county", COUNTY, "--list", "estates", "--where", '{"code": "E9"}')
    assert (code, said) == (0, f"wrote {out}: 0 rows\n")
    for wrong in (("--list", "HOUSES"), ("--where", "[1]"), ("--locale", "fr")):
        code, said, told = own_anju("export", str(out), "--county", COUNTY, *wrong)
        assert (code, said, told.count("\n")) == (2, "", 1), wrong


def test_a_large_demo_is_made_with_its_progress_and_its_books_are_whole(own_anju: Anju, own_database: Database) -> None:
    code, said, shown = own_anju("demo", "--units", "40", "--bills", "120", "--seed", "3")
    assert code == 0, shown
    rows = dict(line.removesuffix(" rows").split(": ") for line in said.splitlines())
    assert int(rows["unit"]) == counted(own_database, "unit") == 40
    assert int(rows["fee_bill"]) == counted(own_database, "fee_bill") >= 120
    done = [line.rpartition(": ")[2].split("/") for line in shown.splitlines()]
    assert done
    assert all(far == total for far, total in done), shown
    code, _, told = own_anju("demo", "--units", "40", "--bills", "120", "--seed", "3")
    assert (code, told.count("\n")) == (1, 1)

    assert own_anju("ledger", "verify", "--county", COUNTY) == (0, "the ledger is whole\n", "")
    with psycopg.connect(own_database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE posting SET amount = amount + 1 WHERE ctid = (SELECT ctid FROM posting WHERE amount > 0 LIMIT 1)"
        )
    code, said, found = own_anju("ledger", "verify")
    assert (code, said) == (1, "")
    assert "transaction_balances" in found


def test_doctor_says_what_is_wrong_and_ends_with_1(own_anju: Anju, own_database: Database) -> None:
    assert own_anju("doctor")[0] == 0
    with psycopg.connect(own_database.superuser_url) as connection:
        connection.execute("ALTER TABLE estate NO FORCE ROW LEVEL SECURITY")
    code, said, _ = own_anju("doctor")
    [wrong] = [line for line in said.splitlines() if line.startswith("wrong")]
    assert (code, wrong.split()[1:]) == (
        1,
        ["row-level", "security", "no", "forced", "row-level", "security", "on", "estate;", "run:", "anju", "migrate"],
    )
    code, said, _ = own_anju("doctor", "--json")
    states = {finding["check"]: finding["state"] for finding in map(json.loads, said.splitlines())}
    assert (code, states["row-level security"]) == (1, "wrong")


def test_a_printed_token_is_its_logins(anju: Anju, database: Database) -> None:
    account_id = new_id()
    login = f"test-{account_id.hex[-8:]}"
    with psycopg.connect(database.superuser_url) as connection:
        named = "INSERT INTO account (id, display_name, login) VALUES (%s, %s, %s)"
        connection.execute(named, [account_id, "演示", login])
    code, said, _ = anju("token", "--as", login)
    assert (code, said.count("\n")) == (0, 1)

    async def known() -> object:
        async with await psycopg.AsyncConnection.connect(database.superuser_url) as connection:
            actor = await load_actor(connection, said.strip(), today(datetime.now(UTC)))
        return actor and actor.account_id

    assert asyncio.run(known()) == account_id


def test_the_printed_schema_is_the_one_that_is_served(anju: Anju) -> None:
    assert anju("schema") == (0, sdl(), "")


def test_the_worker_works_until_it_is_told_to_stop(anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    async def work(settings: Settings) -> None:
        begun.append(settings.development)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    monkeypatch.setattr("app.serve.work", work)
    monkeypatch.setattr(signal, "signal", set_handler)  # the real one again
    before = signal.getsignal(signal.SIGINT)
    assert anju("worker") == (0, "", "")
    set_handler(signal.SIGINT, before)
    assert begun == [True]


def test_ctrl_c_ends_a_command_with_130(anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = {}
    monkeypatch.setattr(cli.signal, "signal", handlers.__setitem__)

    def interrupted(**_given: object) -> Settings:
        handlers[cli.signal.SIGINT](cli.signal.SIGINT, None)
        raise AssertionError("must not go on")

    monkeypatch.setattr("app.settings.load", interrupted)
    assert anju("migrate") == (130, "", "")


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with progress.shown() as show:
        show("张店区", 3, 9)
    said, bars = capfd.readouterr()
    assert said == ""
    assert "张店区" in bars
    assert "3/9" in bars
