"""Imports and exports as jobs: asked for with an upload, done by the worker, answered with counts and an error file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import obstore
import openpyxl
import pytest
from obstore.store import MemoryStore

from app.lines import Lines
from app.register_job import StoreCarrier
from auth.actor import Actor, system_actor
from domain.documents import XLSX, DocumentKind
from domain.errors import ErrorCode
from domain.register_business import SHEETS
from models.cases import AuditEvent
from models.documents import Document
from models.estates import Estate
from models.register import RegisterJob
from resolvers import documents
from resolvers.carriers import provide
from resolvers.documents import Received
from resolvers.register import jobs
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, done, opaque, refusal
from tests.estates.test_import import Cells, register, workbook
from tests.world import World


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


async def uploaded(world: World, store: MemoryStore, actor: Actor, path: Path) -> Document:
    content = bytes_of(path)
    key = f"test/{path.name}"
    await obstore.put_async(store, key, content)

    async def upload(uow: UnitOfWork) -> Document:
        document = await documents.upload_create(
            uow, kind=DocumentKind.OTHER, name=path.name, media_type=XLSX, size=len(content)
        )
        received = Received(key=key, size=len(content), sha256="0" * 64)
        await documents.receive(uow, document_id=document.id, received=received)
        await uow.session.refresh(document)
        return await documents.upload_confirm(uow, id=document.id)

    return await world.do(actor, upload)  # type: ignore[no-any-return]


async def worked(world: World, job: RegisterJob) -> RegisterJob:
    """The job as the worker leaves it."""
    clock = system_actor(world.county, world.today)
    while await world.do(clock, jobs.run, job_id=job.id):
        pass
    (row,) = await world.rows(RegisterJob, id=job.id)
    return row  # type: ignore[no-any-return]


@pytest.fixture
def store(world: World, lines: Lines) -> MemoryStore:
    made = MemoryStore()
    provide(StoreCarrier(made, world.sessions, lines))
    return made


async def imported(world: World, store: MemoryStore, path: Path, cells: Cells, **options: Any) -> RegisterJob:
    bureau = await world.bureau()
    document = await uploaded(world, store, bureau, workbook(path, cells))
    asked = await world.do(bureau, jobs.register_import, document_id=document.id, **options)
    assert (asked.state, asked.kind, asked.source_id) == ("QUEUED", "IMPORT", document.id)
    return await worked(world, asked)


@pytest.mark.requirement("ZS-1", "TQ-119")
async def test_an_uploaded_workbook_is_imported_in_the_name_of_who_asked(
    world: World, store: MemoryStore, tmp_path: Path
) -> None:
    done = await imported(world, store, tmp_path / "r.xlsx", register(world))
    assert (done.state, done.fault_count, done.result_id) == ("DONE", 0, None)
    assert done.counts["units"] == {"created": 3, "updated": 0, "unchanged": 0}
    assert done.finished_at == world.now
    assert len(await world.rows(Estate)) == 2
    (event,) = await world.rows(AuditEvent, action="registerImport")
    assert (event.subject_id, event.role, event.account_id) == (done.id, "BUREAU", done.requested_by)


async def test_a_workbook_with_faults_comes_back_marked_and_writes_nothing(
    world: World, store: MemoryStore, tmp_path: Path
) -> None:
    cells = register(world)
    cells["小区"][0]["建成年份"] = 2999
    done = await imported(world, store, tmp_path / "r.xlsx", cells)
    assert (done.state, done.fault_count) == ("REFUSED", 1)
    assert done.faults == [{"sheet": "小区", "row": 2, "column": "建成年份", "code": "OUT_OF_RANGE"}]
    assert await world.rows(Estate) == []
    (result,) = await world.rows(Document, id=done.result_id)
    assert (result.uploaded_by, result.media_type) == (done.requested_by, XLSX)
    marked = tmp_path / "marked.xlsx"
    marked.write_bytes(bytes(await (await obstore.get_async(store, result.key)).bytes_async()))
    comments = [cell for row in openpyxl.load_workbook(marked)["小区"] for cell in row if cell.comment]
    assert [cell.value for cell in comments] == [2999]


async def test_a_dry_run_counts_without_writing(world: World, store: MemoryStore, tmp_path: Path) -> None:
    done = await imported(world, store, tmp_path / "r.xlsx", register(world), dry_run=True)
    assert (done.state, done.counts["estates"]["created"]) == ("DONE", 2)
    assert await world.rows(Estate) == []


async def test_the_register_is_exported_as_a_document(world: World, store: MemoryStore, tmp_path: Path) -> None:
    await imported(world, store, tmp_path / "r.xlsx", register(world))
    asked = await world.do(await world.bureau(), jobs.register_export)
    done = await worked(world, asked)
    assert (done.state, done.counts["units"]) == ("DONE", {"rows": 3})
    (result,) = await world.rows(Document, id=done.result_id)
    out = tmp_path / "out.xlsx"
    out.write_bytes(bytes(await (await obstore.get_async(store, result.key)).bytes_async()))
    assert openpyxl.load_workbook(out)["小区"].max_row == 3


async def test_a_job_tells_through_the_api_how_far_it_is_and_what_it_did(
    world: World, ask: Ask, store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.carriers._SECONDS_BETWEEN_NEWS", 0)
    world.now = datetime.now(UTC)
    bureau = await world.bureau()
    cells = register(world)
    cells["房屋"][1]["楼层"] = 0
    document = await uploaded(world, store, bureau, workbook(tmp_path / "登记表.xlsx", cells))
    source = opaque(world.county, "Document", document)
    shown = "job { id state kind dryRun step done total source { name } result { id } }"
    asked = await done(ask, bureau, "registerImport", shown, documentId=source, dryRun=True)
    assert asked == {
        "id": asked["id"],
        "state": "QUEUED",
        "kind": "IMPORT",
        "dryRun": True,
        "step": None,
        "done": 0,
        "total": 0,
        "source": {"name": "登记表.xlsx"},
        "result": None,
    }
    (row,) = await world.rows(RegisterJob)
    await worked(world, row)
    text = """query { registerJobs { nodes { id state step done total faultCount faults finishedAt
      result { name mediaType downloadUrl } } } }"""
    (told,) = (await ask(bureau, text))["registerJobs"]["nodes"]
    assert (told["id"], told["state"], told["faultCount"]) == (asked["id"], "REFUSED", 1)
    assert told["faults"] == [{"sheet": "房屋", "row": 3, "column": "楼层", "code": "OUT_OF_RANGE"}]
    # What was last told of while it worked: a sheet of the file, and how many of its rows.
    assert told["step"] in {sheet.title for sheet in SHEETS}
    assert 0 <= told["done"] <= told["total"] > 0
    assert (told["result"]["name"], told["result"]["mediaType"]) == ("有误_登记表.xlsx", XLSX)
    assert told["result"]["downloadUrl"].startswith("http://127.0.0.1:8000/files/")
    assert told["finishedAt"] is not None
    office = await world.township_office()
    assert (await ask(office, text))["registerJobs"]["nodes"] == []
    assert await refusal(ask, office, "registerImport", documentId=source) == ("NOT_FOUND", "documentId")


async def test_who_may_not_import(world: World, store: MemoryStore, tmp_path: Path) -> None:
    office = await world.township_office()
    document = await uploaded(world, store, office, workbook(tmp_path / "r.xlsx", register(world)))
    await world.refused(office, jobs.register_import, ErrorCode.FORBIDDEN_ROLE, document_id=document.id)
    await world.refused(office, jobs.register_export, ErrorCode.FORBIDDEN_ROLE)
    await world.refused(
        await world.bureau(), jobs.register_import, ErrorCode.NOT_FOUND, "documentId", document_id=office.account_id
    )
    assert await world.sees(office, RegisterJob) == set()
