"""Files: sent raw or by form under an expiring token, measured, recognised, confirmed once, fetched with safe headers."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from app.files import FORM_BYTES, Files, open_store, routes, sweep_uploads
from app.middleware import shown_path
from auth.actor import Actor
from auth.file_tokens import DOWNLOAD_SECONDS, UPLOAD_SECONDS, BadToken, Download, FileTokens, Upload
from domain.documents import JPEG, MAX_PHOTO_BYTES, PDF, PNG, WEBP, XLSX, DocumentKind, looks_like
from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from models.base import new_id
from models.documents import Document
from resolvers import documents
from tests.world import World

SECRET = bytes(range(32))
PICTURE = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\x00" * 400_000


class Desk:
    """The endpoint on a folder, with the world's clock."""

    def __init__(self, world: World, folder: Path, client: httpx.AsyncClient, files: Files) -> None:
        self.world, self.folder, self.client, self.files = world, folder, client, files

    @property
    def tokens(self) -> FileTokens:
        return self.files.tokens

    async def announced(self, actor: Actor, **changes: Any) -> tuple[Document, str]:
        given = {
            "kind": DocumentKind.PHOTO,
            "name": "照片.png",
            "media_type": PNG,
            "size": len(PICTURE),
            **changes,
        }
        document = await self.world.do(actor, documents.upload_create, **given)
        return document, "/files/" + self.tokens.for_upload(documents.upload_of(document), self.world.now)

    def stored(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest_asyncio.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    folder = tmp_path / "files"
    files = Files(open_store(folder.as_uri()), FileTokens(SECRET), world.sessions, lambda: world.now)
    app = Starlette(routes=routes(files))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        yield Desk(world, folder, client, files)


@pytest_asyncio.fixture
async def clerk(world: World) -> Actor:
    return await world.community_office()


async def test_a_file_is_sent_raw_confirmed_and_fetched(desk: Desk, clerk: Actor) -> None:
    document, url = await desk.announced(clerk)
    await desk.world.refused(clerk, documents.upload_confirm, ErrorCode.DOCUMENT_NOT_READY, "id", id=document.id)
    sent = await desk.client.put(url, content=PICTURE)
    digest = hashlib.sha256(PICTURE).hexdigest()
    assert (sent.status_code, sent.json()) == (201, {"size": len(PICTURE), "sha256": digest})
    await desk.world.refused(
        clerk, documents.upload_confirm, ErrorCode.INVALID_INPUT, "sha256", id=document.id, sha256="0" * 64
    )
    ready = await desk.world.do(clerk, documents.upload_confirm, id=document.id, sha256=digest.upper())
    assert (ready.state, ready.size, ready.sha256, ready.ready_at) == ("READY", len(PICTURE), digest, desk.world.now)
    again = await desk.world.do(clerk, documents.upload_confirm, id=document.id)
    assert again.ready_at == ready.ready_at
    link = desk.tokens.for_download(Download(ready.key, ready.name, ready.media_type), desk.world.now)
    got = await desk.client.get("/files/" + link)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, PICTURE, PNG)
    assert got.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote('照片.png')}"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert got.headers["cache-control"] == "private, no-store"
    assert got.headers["content-length"] == str(len(PICTURE))


async def test_a_mini_program_sends_a_form(desk: Desk, clerk: Actor) -> None:
    document, url = await desk.announced(clerk)
    sent = await desk.client.post(
        url, files={"file": ("tmp_1.png", PICTURE, "application/octet-stream")}, data={"user": "test"}
    )
    assert (sent.status_code, sent.json()["size"]) == (201, len(PICTURE))
    assert (await desk.world.do(clerk, documents.upload_confirm, id=document.id)).state == "READY"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (PICTURE + b"x", 413, "TOO_LARGE"),
        (PICTURE[:-1], 400, "WRONG_SIZE"),
        (b"", 400, "WRONG_SIZE"),
        (b"<html><script>alert(1)</script>" + b" " * (len(PICTURE) - 31), 415, "WRONG_TYPE"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_what_was_not_announced_is_refused_and_leaves_nothing(
    desk: Desk, clerk: Actor, method: str, content: bytes, status: int, code: str
) -> None:
    document, url = await desk.announced(clerk)
    form = {"files": {"file": ("x.png", content)}} if method == "POST" else {"content": content}
    refused = await desk.client.request(method, url, **form)  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()) == (status, {"code": code})
    assert desk.stored() == []
    (row,) = await desk.world.rows(Document, id=document.id)
    assert (row.state, row.key, row.sha256) == ("PENDING", None, None)
    sent = await desk.client.put(url, content=PICTURE)  # the token still serves for the right bytes
    assert sent.status_code == 201


async def test_more_than_announced_is_stopped_while_it_streams(desk: Desk, clerk: Actor) -> None:
    _document, url = await desk.announced(clerk)
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield PICTURE
        while True:
            taken += 1
            yield b"\x00" * 65_536

    refused = await desk.client.put(url, content=endless())
    assert refused.status_code == 413
    assert taken <= 2
    taken = 0
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.png"\r\n\r\n'

    async def endless_form() -> AsyncIterator[bytes]:
        nonlocal taken
        yield head + PICTURE
        while True:
            taken += 1
            yield b"\x00" * 65_536

    refused = await desk.client.post(
        url, content=endless_form(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert refused.status_code == 413
    assert taken <= 2
    assert desk.stored() == []
    assert FORM_BYTES < 65_536


async def test_bytes_arrive_once(desk: Desk, clerk: Actor) -> None:
    document, url = await desk.announced(clerk)
    assert (await desk.client.put(url, content=PICTURE)).status_code == 201
    (before,) = await desk.world.rows(Document, id=document.id)
    again = await desk.client.put(url, content=PICTURE)
    assert (again.status_code, again.json()) == (409, {"code": "ALREADY_RECEIVED"})
    (after,) = await desk.world.rows(Document, id=document.id)
    assert (after.key, after.sha256) == (before.key, before.sha256)
    assert len(desk.stored()) == 1


async def test_tokens_expire_and_serve_one_use(desk: Desk, clerk: Actor) -> None:
    document, url = await desk.announced(clerk)
    link = desk.tokens.for_download(Download("x/y", "a.png", PNG), desk.world.now)
    elsewhere = FileTokens(bytes(32)).for_upload(documents.upload_of(document), desk.world.now)
    for method, path in (
        ("PUT", "/files/nonsense"),
        ("PUT", url[:-2]),
        ("PUT", "/files/" + link),
        ("PUT", "/files/" + elsewhere),
        ("POST", "/files/nonsense"),
        ("GET", url),
    ):
        refused = await desk.client.request(method, path, content=PICTURE if method == "PUT" else None)
        assert (refused.status_code, refused.json()) == (403, {"code": "BAD_TOKEN"})
    assert (await desk.client.get("/files/" + link)).status_code == 404
    desk.world.now += timedelta(seconds=DOWNLOAD_SECONDS + 1)
    assert (await desk.client.get("/files/" + link)).status_code == 403
    desk.world.now += timedelta(seconds=UPLOAD_SECONDS)
    assert (await desk.client.put(url, content=PICTURE)).status_code == 403
    assert desk.stored() == []


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"nothing", "text/plain", "MALFORMED_FORM"),
        (b"--b\r\nbroken", "multipart/form-data; boundary=b", "ONE_FILE_EXPECTED"),
        (b"x", "multipart/form-data", "MALFORMED_FORM"),
        (
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            "ONE_FILE_EXPECTED",
        ),
    ],
)
async def test_a_malformed_form_is_the_clients_fault(
    desk: Desk, clerk: Actor, body: bytes, content_type: str, code: str
) -> None:
    _document, url = await desk.announced(clerk)
    refused = await desk.client.post(url, content=body, headers={"Content-Type": content_type})
    assert (refused.status_code, refused.json()) == (400, {"code": code})


async def test_two_files_in_a_form_are_refused(desk: Desk, clerk: Actor) -> None:
    _document, url = await desk.announced(clerk, size=10)
    form = [("file", ("a.png", b"0123456789")), ("more", ("b.png", b"0123456789"))]
    refused = await desk.client.post(url, files=form)
    assert refused.status_code == 400
    assert desk.stored() == []


async def test_what_may_be_announced(desk: Desk, clerk: Actor, world: World) -> None:
    given: dict[str, Any] = {"kind": DocumentKind.PHOTO, "name": "a.png", "media_type": PNG, "size": 10}
    for changes, code, field in (
        ({"media_type": "text/html"}, ErrorCode.INVALID_INPUT, "mediaType"),
        ({"media_type": "image/svg+xml"}, ErrorCode.INVALID_INPUT, "mediaType"),
        ({"media_type": PDF}, ErrorCode.INVALID_INPUT, "mediaType"),
        ({"size": 0}, ErrorCode.OUT_OF_RANGE, "size"),
        ({"size": MAX_PHOTO_BYTES + 1}, ErrorCode.OUT_OF_RANGE, "size"),
        ({"name": "../.."}, ErrorCode.INVALID_INPUT, "name"),
    ):
        await world.refused(clerk, documents.upload_create, code, field, **{**given, **changes})
    bank = await world.person(Role.BANK)
    await world.refused(bank, documents.upload_create, ErrorCode.FORBIDDEN_ROLE, **given)


async def test_only_the_uploader_sees_and_confirms_an_unused_file(desk: Desk, clerk: Actor, world: World) -> None:
    document, url = await desk.announced(clerk)
    await desk.client.put(url, content=PICTURE)
    for other in (
        await world.bureau(),
        await world.community_office(),
        await world.person(Role.OWNER, unit_id=document.id),
    ):
        assert await world.sees(other, Document) == set()
        await world.refused(other, documents.upload_confirm, ErrorCode.NOT_FOUND, "id", id=document.id)
    assert await world.sees(clerk, Document) == {document.id}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("合同.pdf", "合同.pdf"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\a.pdf", "a.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a__Set-Cookie_ x.pdf"),
        ("长" * 200 + ".pdf", "长" * 116 + ".pdf"),
    ],
)
def test_names_are_cleaned(given: str, kept: str) -> None:
    assert documents.clean_name(given) == kept


def test_a_name_of_nothing_is_refused() -> None:
    with pytest.raises(Refusal):
        documents.clean_name(" .. ")


@pytest.mark.parametrize(
    ("media_type", "head", "same"),
    [
        (PDF, b"%PDF-1.7", True),
        (JPEG, b"\xff\xd8\xff\xe0", True),
        (JPEG, b"\x89PNG\r\n\x1a\n", False),
        (WEBP, b"RIFF\x00\x00\x00\x00WEBPVP8 ", True),
        (WEBP, b"RIFF\x00\x00\x00\x00WAVEfmt ", False),
        (XLSX, b"PK\x03\x04", True),
        ("text/html", b"<html>", False),
    ],
)
def test_types_are_recognised_by_their_first_bytes(media_type: str, head: bytes, same: bool) -> None:
    assert looks_like(media_type, head) is same


def test_a_short_secret_is_no_secret() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        FileTokens(b"short")


def test_a_token_without_an_end_is_refused(world: World) -> None:
    from joserfc import jwt
    from joserfc.jwk import OctKey

    endless = jwt.encode({"alg": "HS256"}, {"use": "upload"}, OctKey.import_key(SECRET))
    with pytest.raises(BadToken):
        FileTokens(SECRET).read_upload(endless, world.now)
    unsigned = FileTokens(SECRET).for_upload(Upload("990000", new_id(), PNG, 1), world.now).rsplit(".", 1)[0] + "."
    with pytest.raises(BadToken):
        FileTokens(SECRET).read_upload(unsigned, world.now)


async def test_uploads_that_nobody_confirmed_are_swept_after_a_day(desk: Desk, clerk: Actor) -> None:
    world = desk.world
    announced, _url = await desk.announced(clerk)
    received, url = await desk.announced(clerk)
    await desk.client.put(url, content=PICTURE)
    kept, url = await desk.announced(clerk)
    await desk.client.put(url, content=PICTURE)
    await world.do(clerk, documents.upload_confirm, id=kept.id)
    made = max(row.created_at for row in await world.rows(Document))
    within_a_day, later = made + timedelta(hours=23), made + timedelta(hours=25)
    assert await sweep_uploads(world.sessions, desk.files.store, world.county, within_a_day) == 0
    assert await sweep_uploads(world.sessions, desk.files.store, world.county, later) == 2
    rows = {row.id: row for row in await world.rows(Document)}
    for given_up in (announced, received):
        assert (rows[given_up.id].state, rows[given_up.id].key) == ("REFUSED", None)
    assert rows[kept.id].state == "READY"
    assert [str(path.relative_to(desk.folder)) for path in desk.stored()] == [rows[kept.id].key]
    assert (await desk.client.put(url, content=PICTURE)).status_code == 409
    await world.refused(clerk, documents.upload_confirm, ErrorCode.DOCUMENT_NOT_READY, "id", id=received.id)


def test_no_token_stands_in_a_log() -> None:
    assert shown_path("/files/eyJhbGciOiJIUzI1NiJ9.e30.x") == "/files/…"
    assert shown_path("/graphql") == "/graphql"
