"""A register as a ZIP of CSV files: what comes in through the API, and what is refused before anything of it is read."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore

from app import csv_files, register_files
from app.texts import sentence
from auth.actor import Actor
from domain.documents import XLSX, ZIP, DocumentKind, looks_like
from domain.errors import ErrorCode
from domain.register_rows import Faults
from models.documents import Document
from models.estates import Unit
from models.register import RegisterJob
from resolvers import documents
from resolvers.documents import Received
from resolvers.register import jobs
from resolvers.unit_of_work import UnitOfWork
from tests.estates.test_import import folder, register
from tests.estates.test_register_jobs import store as store
from tests.estates.test_register_jobs import worked
from tests.world import World

AREAS = "区域编码,区域名称,社区代码\nA1,演示一区,370303001001\n".encode()


def packed(files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def on_disk(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def csv_of(world: World, path: Path, encoding: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder(path, register(world), encoding).iterdir())}


async def brought(world: World, store: MemoryStore, who: Actor, name: str, content: bytes) -> RegisterJob:
    """The job of importing an uploaded ZIP."""
    await obstore.put_async(store, f"test/{name}", content)

    async def upload(uow: UnitOfWork) -> Document:
        document = await documents.upload_create(
            uow, kind=DocumentKind.OTHER, name=name, media_type=ZIP, size=len(content)
        )
        received = Received(key=f"test/{name}", size=len(content), sha256="0" * 64)
        await documents.receive(uow, document_id=document.id, received=received)
        await uow.session.refresh(document)
        return await documents.upload_confirm(uow, id=document.id)

    document = await world.do(who, upload)
    return await worked(world, await world.do(who, jobs.register_import, document_id=document.id))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_zip_of_csv_files_comes_in_through_the_api(
    world: World, store: MemoryStore, tmp_path: Path, encoding: str
) -> None:
    content = packed({f"登记表/{name}": body for name, body in csv_of(world, tmp_path / "csv", encoding).items()})
    done = await brought(world, store, await world.bureau(), "登记表.zip", content)
    assert (done.state, done.fault_count, done.counts["units"]["created"]) == ("DONE", 0, 3)
    assert len(await world.rows(Unit)) == 4


async def test_a_zip_that_cannot_be_read_says_why(world: World, store: MemoryStore, tmp_path: Path) -> None:
    bureau = await world.bureau()
    done = await brought(world, store, bureau, "坏.zip", packed({"../units.csv": AREAS}))
    assert (done.state, done.fault_count) == ("REFUSED", 1)
    assert done.faults == [{"sheet": "坏", "row": None, "column": None, "code": "FILE_UNSAFE"}]
    assert await world.rows(Unit) == []


async def test_only_the_bureau_uploads_a_zip_and_as_nothing_but_a_register(world: World) -> None:
    given = {"name": "r.zip", "media_type": ZIP, "size": 10}
    await world.refused(
        await world.township_office(),
        documents.upload_create,
        ErrorCode.INVALID_INPUT,
        "mediaType",
        kind=DocumentKind.OTHER,
        **given,
    )
    await world.refused(
        await world.bureau(),
        documents.upload_create,
        ErrorCode.INVALID_INPUT,
        "mediaType",
        kind=DocumentKind.CONTRACT,
        **given,
    )
    assert looks_like(ZIP, b"PK\x03\x04")
    assert not looks_like(ZIP, b"<html>")
    assert ZIP != XLSX


def named_outside() -> bytes:
    return packed({"/etc/units.csv": AREAS})


def with_a_drive() -> bytes:
    return packed({"C:units.csv": AREAS})


def with_a_link() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("units.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return made.getvalue()


def encrypted() -> bytes:
    content = bytearray(packed({"areas.csv": AREAS}))
    at = content.index(b"PK\x01\x02") + 8  # the flags of the directory's first entry
    content[at] |= 1
    return bytes(content)


def bomb() -> bytes:
    return packed({"areas.csv": b"0" * (64 << 20)})


def lying_bomb() -> bytes:
    """Says that it is small: what it says is read, and does not fit what it holds."""
    content = bytearray(packed({"areas.csv": b"0" * (64 << 20)}))
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", 100)
    return bytes(content)


def many_files() -> bytes:
    return packed({f"{number}.csv": AREAS for number in range(csv_files.MOST_FILES + 1)})


def cut_short() -> bytes:
    content = bytearray(packed({"areas.csv": AREAS * 200}, method=zipfile.ZIP_STORED))
    content[200] ^= 0xFF
    return bytes(content)


def of_neither_encoding() -> bytes:
    return packed({"areas.csv": AREAS + b"\xff\xff\xff\n"})


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (named_outside, ErrorCode.FILE_UNSAFE),
        (with_a_drive, ErrorCode.FILE_UNSAFE),
        (with_a_link, ErrorCode.FILE_UNSAFE),
        (encrypted, ErrorCode.FILE_ENCRYPTED),
        (bomb, ErrorCode.FILE_TOO_LARGE),
        (lying_bomb, ErrorCode.FILE_DAMAGED),
        (many_files, ErrorCode.FILE_TOO_LARGE),
        (cut_short, ErrorCode.FILE_DAMAGED),
        (of_neither_encoding, ErrorCode.FILE_ENCODING),
        (lambda: packed({"readme.txt": b"?"}), ErrorCode.FILE_NO_REGISTER),
        (lambda: b"PK\x03\x04 and no more", ErrorCode.FILE_NO_REGISTER),
        (lambda: packed({"areas.csv": AREAS + b'"' + b"x" * 200_000 + b'"\n'}), ErrorCode.FILE_DAMAGED),
    ],
)
def test_what_is_refused_before_it_is_read(tmp_path: Path, made: Callable[[], bytes], code: ErrorCode) -> None:
    file = on_disk(tmp_path / "r.zip", made())
    with pytest.raises(register_files.UnreadableFile) as refused:
        register_files.read(file, Faults())
    assert refused.value.code is code
    for locale in ("zh-CN", "en"):
        assert refused.value.params["name"] in sentence(refused.value, locale)  # type: ignore[arg-type]


def test_names_in_the_encoding_of_windows_and_what_systems_add(tmp_path: Path) -> None:
    """A Chinese name without the UTF-8 mark is GB18030; resource forks and hidden files are no sheets."""
    placeholder = "a" * len("物业管理区域".encode("gb18030")) + ".csv"
    others: dict[str, Any] = {"__MACOSX/._物业管理区域.csv": b"\0\1", ".hidden.csv": b"\0", "notes.txt": b"?"}
    content = packed({placeholder: AREAS, **others})
    content = content.replace(placeholder.encode(), "物业管理区域.csv".encode("gb18030"))
    faults = Faults()
    rows = register_files.read(on_disk(tmp_path / "r.zip", content), faults)
    assert [row["code"] for row in rows["areas"]] == ["A1"]
    assert not faults


def test_a_sheet_that_is_there_twice_is_a_fault(tmp_path: Path) -> None:
    faults = Faults()
    file = on_disk(tmp_path / "r.zip", packed({"areas.csv": AREAS, "物业管理区域.csv": AREAS}))
    rows = register_files.read(file, faults)
    assert len(rows["areas"]) == 1
    assert [(fault.sheet, fault.code) for fault in faults.kept] == [("物业管理区域", ErrorCode.ALREADY_REGISTERED)]
