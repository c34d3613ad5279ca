"""Evidence packs as files: who may have one, what is in it, who read it (FEE-14, FEE-15)."""

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import obstore
import openpyxl
import pytest
from obstore.store import MemoryStore
from sqlalchemy import update

from app.register_job import StoreCarrier
from app.texts import speak_up
from auth.actor import Actor, system_actor
from domain.roles import Role
from models.documents import Document
from models.suits import SuitPack
from resolvers import carriers, suit_files
from resolvers.unit_of_work import set_fuse
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.docs.told import CLIENTS, PARTNERS, follow
from tests.dunning.debtors import DEMAND, Debtors
from tests.exports.test_exports import _another_company
from tests.suits.test_suits import court
from tests.world import World


@pytest.fixture
def store(world: World) -> Any:
    speak_up()
    made = MemoryStore()
    carriers.provide(StoreCarrier(made, world.sessions))
    yield made
    carriers._carriers.clear()


async def scanned(world: World, store: MemoryStore) -> dict[str, bytes]:
    """Bytes for the demand's letters and proofs, which the tests' papers lack; by their SHA-256."""
    bytes_of = {}
    for document in await world.rows(Document):
        if document.kind in DEMAND:
            content = b"%PDF-" + document.id.bytes * 3
            digest = hashlib.sha256(content).hexdigest()
            await obstore.put_async(store, document.key, content)
            async with world.sessions.begin() as session:
                await set_fuse(session, {world.county})
                named = (Document.county == world.county, Document.id == document.id)
                changed = {"sha256": digest, "size": len(content), "name": "扫描件/../<1>.pdf"}
                await session.execute(update(Document).where(*named).values(**changed))
            bytes_of[digest] = content
    return bytes_of


async def written(
    ask: Ask, world: World, store: MemoryStore, who: Actor, told: str, cases: list[str]
) -> tuple[Any, bytes]:
    """A pack as a guide tells its asker to have it: written, its reading on record; and its bytes."""
    asked = (await follow(ask, who, "WritePack", told=told, caseIds=cases))["pack"]
    assert (asked["finishedAt"], asked["caseIds"]) == (None, sorted(cases))
    assert await refusal(ask, who, "suitPackRead", id=asked["id"]) == ("ACTION_NOT_AVAILABLE", "id")
    pack = next(row for row in await world.rows(SuitPack) if opaque(world.county, "SuitPack", row) == asked["id"])
    for _ in range(2):  # a job that runs again writes nothing anew
        await world.do(system_actor(world.county, world.today), suit_files.write, pack_id=pack.id)
    [listed] = (await follow(ask, who, "Packs", told=told))["nodes"]
    assert (listed["id"], listed["finishedAt"] is not None) == (asked["id"], True)
    assert await row_of(ask, who, asked["id"], "downloadUrl") == {"downloadUrl": None}  # nobody has read it yet
    read = (await follow(ask, who, "ReadPack", told=told, id=asked["id"]))["pack"]
    again = await row_of(ask, who, asked["id"], "downloadUrl")
    assert "/files/" in read["downloadUrl"] == again["downloadUrl"]
    [row] = await world.rows(SuitPack, id=pack.id)
    content = bytes(await (await obstore.get_async(store, row.key)).bytes_async())
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (read["sha256"], row.size)
    return read, content


async def readings(ask: Ask, who: Actor, case: str) -> list[tuple[str, str]]:
    """What the events of a case tell of packs."""
    seen = await row_of(ask, who, case, "events(first: 50) { nodes { action role } }")
    return [(one["action"], one["role"]) for one in seen["events"]["nodes"] if one["action"].startswith("suitPack")]


@pytest.mark.rule("FEE-14")
@pytest.mark.requirement("SL-36")
async def test_a_pack_holds_what_its_manifest_says_and_claims_to_the_fen(
    ask: Ask, world: World, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    debtors = await Debtors.owe(world, ask, units=2)
    admin, judge, other = debtors.market.admin, await court(world), await court(world)
    stranger = await world.person(Role.COMPANY_ADMIN, company_id=(await _another_company(debtors.market)).id)
    await debtors.owner(debtors.market.units[0])
    cases = [await debtors.demanded(), await debtors.case(debtors.market.units[1])]
    await done(ask, admin, "dunningDemandServe", "case { state }", **await debtors.demand(cases[1]))
    scans = await scanned(world, store)
    ids = [debtors.id(case) for case in cases]
    assert (await refusal(ask, admin, "suitPackWrite", caseIds=ids)) == ("ACTION_NOT_AVAILABLE", "caseIds")
    shown = """case { title edition lines { principalSum lateFeeSum nodes { title principal lateFee } }
      parties { nodes { side maskedName serviceAddress agentName } } evidence(first: 50) { nodes { position sha256 size } } }"""
    prepared = {
        id: await done(ask, admin, "suitPrepare", shown, id=id, agentName="演示律师", agentContact="演示律师事务所")
        for id in sorted(ids)
    }

    # Before the referral: the company, nobody else.
    before = await world.fingerprint()
    for who, code in (
        (judge, "NOT_FOUND"),
        (stranger, "NOT_FOUND"),
        (await world.bureau(), "FORBIDDEN_ROLE"),
        (debtors.committee, "FORBIDDEN_ROLE"),
    ):
        assert (await refusal(ask, who, "suitPackWrite", caseIds=ids))[0] == code
    assert before == await world.fingerprint()
    pack, content = await written(ask, world, store, admin, CLIENTS, ids)

    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    assert sorted([*(file["path"] for file in manifest["files"]), "manifest.json"]) == sorted(archive.namelist())
    for file in manifest["files"]:
        held = archive.read(file["path"])
        assert (hashlib.sha256(held).hexdigest(), len(held)) == (file["sha256"], file["size"]), file["path"]
    assert all(".." not in name and name.count("/") <= 2 for name in archive.namelist())
    by_path = {file["path"]: file for file in manifest["files"]}
    for number, (id, case) in enumerate(prepared.items(), 1):
        folder = f"{number:02}/"
        told = manifest["cases"][number - 1]
        sums = case["lines"]["principalSum"], case["lines"]["lateFeeSum"]
        assert (told["case"], told["folder"], told["edition"]) == (id, folder, 1)
        assert (told["principal"], told["lateFee"]) == sums == (12_000, 600)
        # Claim tables: XLSX and CSV say the same, and what the case says, to the fen.
        book = openpyxl.load_workbook(io.BytesIO(archive.read(f"{folder}诉请明细.xlsx")))
        assert book.sheetnames == ["诉请明细", "当事人", "证据目录"]
        heads, *rows = book["诉请明细"].iter_rows(values_only=True)
        claims = [dict(zip(heads, row, strict=True)) for row in rows]
        text = archive.read(f"{folder}诉请明细.csv").decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text)))
        assert [(line["账单"], line["本金（元）"], line["违约金（元）"], line["合计（元）"]) for line in lines] == [
            (case["lines"]["nodes"][0]["title"], "120.00", "6.00", "126.00")
        ]
        assert [(row["账单"], row["本金（元）"], row["违约金（元）"]) for row in claims] == [(lines[0]["账单"], 120, 6)]
        assert [str(row["费用期间起"].date()) for row in claims] == [line["费用期间起"] for line in lines]
        # Parties: where they are served and who acts.
        text = archive.read(f"{folder}当事人.csv").decode("utf-8-sig")
        parties = list(csv.DictReader(io.StringIO(text)))
        assert [(one["名称或姓名"], one["送达地址"] or None, one["诉讼代理人"] or None) for one in parties] == [
            (one["maskedName"], one["serviceAddress"], one["agentName"]) for one in case["parties"]["nodes"]
        ]
        assert parties[0]["代理人联系方式"] == "演示律师事务所"
        # Every numbered piece of evidence is there under its number and SHA-256.
        pieces = {file["position"]: file for path, file in by_path.items() if path.startswith(f"{folder}证据/")}
        assert [(at, one["sha256"], one["size"]) for at, one in sorted(pieces.items())] == [
            (one["position"], one["sha256"], one["size"]) for one in case["evidence"]["nodes"]
        ]
        scanned_here = {one["sha256"] for one in pieces.values() if one["sha256"] in scans}
        assert len(scanned_here) == 2
        assert all(
            archive.read(one["path"]) == scans[one["sha256"]] for one in pieces.values() if one["sha256"] in scans
        )
    assert len(scans) == 4
    assert "王小明".encode() not in b"".join(archive.read(name) for name in archive.namelist())
    heads, *rows = openpyxl.load_workbook(io.BytesIO(archive.read("案件清单.xlsx"))).active.iter_rows(values_only=True)
    assert [(row[0], row[3:]) for row in rows] == [("01", (120, 6, 126)), ("02", (120, 6, 126))]

    # It is its asker's alone, and each reading is on record with the case.
    for who in (judge, other, stranger, await world.bureau(), debtors.committee):
        assert await row_of(ask, who, pack["id"], "sha256") is None
        assert (await ask(who, "{ suitPacks { totalCount } }"))["suitPacks"]["totalCount"] == 0
        assert await refusal(ask, who, "suitPackRead", id=pack["id"]) == ("NOT_FOUND", "id")
    assert sorted(await readings(ask, await world.bureau(), ids[1])) == [
        ("suitPackRead", "COMPANY_ADMIN"),
        ("suitPackWrite", "COMPANY_ADMIN"),
    ]

    # How much one pack holds, and how many may wait.
    monkeypatch.setattr(suit_files, "MOST_BYTES", 100)
    assert await refusal(ask, admin, "suitPackWrite", caseIds=ids) == ("OUT_OF_RANGE", "caseIds")
    assert await refusal(ask, admin, "suitPackWrite", caseIds=[]) == ("OUT_OF_RANGE", "caseIds")
    for _ in range(suit_files.MOST_WAITING):
        await done(ask, admin, "suitPackWrite", "pack { id }", caseIds=ids[:1])
    assert await refusal(ask, admin, "suitPackWrite", caseIds=ids[:1]) == ("RATE_LIMITED", None)


@pytest.mark.rule("FEE-14", "FEE-15")
async def test_a_court_has_packs_of_suits_before_it_and_loses_them_with_the_case(
    ask: Ask, world: World, store: MemoryStore
) -> None:
    debtors = await Debtors.owe(world, ask)
    admin, judge, other = debtors.market.admin, await court(world), await court(world)
    case = debtors.id(await debtors.demanded())
    await scanned(world, store)
    await done(ask, admin, "suitPrepare", "case { state }", id=case)
    await done(ask, admin, "suitRefer", "batch { caseCount }", caseIds=[case], courtClientId=judge.client_id)
    assert await refusal(ask, other, "suitPackWrite", caseIds=[case]) == ("NOT_FOUND", "caseIds")
    pack, content = await written(ask, world, store, judge, PARTNERS, [case])
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    for who in (other, admin):
        assert await row_of(ask, who, pack["id"], "sha256") is None
    told = await readings(ask, await world.bureau(), case)
    assert sorted(told) == [("suitPackRead", "COURT"), ("suitPackWrite", "COURT")]
    # Ten minutes after the reading the address is gone; another reading gives another, and is told of.
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        await session.execute(update(SuitPack).values(opened_until=world.now - suit_files.OPEN_FOR))
    assert await row_of(ask, judge, pack["id"], "downloadUrl") == {"downloadUrl": None}

    # Rejected, it is still the court's; prepared anew it is with the company again, and the pack is gone with it.
    await done(ask, judge, "suitReceive", "case { state }", id=case)
    await done(ask, judge, "suitReject", "case { state }", id=case, reason="被告住址不明")
    assert await row_of(ask, judge, pack["id"], "sha256") == {"sha256": pack["sha256"]}
    await done(ask, admin, "suitPrepare", "case { state }", id=case)
    assert await row_of(ask, judge, pack["id"], "sha256") is None
    assert await refusal(ask, judge, "suitPackRead", id=pack["id"]) == ("NOT_FOUND", "id")
