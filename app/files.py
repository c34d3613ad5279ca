"""The bytes of documents: received and handed out under expiring tokens at ``/files/{token}`` (DESIGN §7, Files).

``PUT`` takes the raw bytes; ``POST`` takes one file as ``multipart/form-data``, which is all that ``wx.uploadFile`` can
send. Both stream to the object store, stop at the announced size, recognise the type by its leading bytes and measure
SHA-256. Every attempt writes an object of its own; the first that arrives whole becomes the document's, for good.

Answers: 201 received · 400 malformed or another size than announced · 403 token wrong or expired · 404 no such object ·
409 received before · 413 too large · 415 not the announced type.
"""

import hashlib
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import obstore
from obstore.store import LocalStore, ObjectStore, from_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from auth.actor import system_actor
from auth.file_tokens import BadToken, FileTokens, Upload
from domain.calendar import today
from domain.documents import HEAD_BYTES, looks_like
from resolvers.documents import SWEPT_AT_ONCE, Received, give_up_unconfirmed, receive
from resolvers.unit_of_work import UnitOfWork, transact

CHUNK = 1 << 18
PART_BYTES = 5 << 20
"""The store sends parts of this size (S3's least), two at a time: a transfer holds at most about 15 MiB."""
FORM_BYTES = 16 << 10
"""What the frame of a one-file form may add to the file."""
FORM_FIELDS = 8

UNCONFIRMED = timedelta(days=1)
"""How long an announced file may wait for its confirmation."""

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}
"""A stored file is never run or framed by a browser, nor kept by a proxy."""


def open_store(url: str) -> ObjectStore:
    """The object store of a URL: ``file:///folder`` or ``s3://bucket/prefix``, credentials from the environment."""
    where = urlsplit(url)
    if where.scheme != "file":
        return from_url(url)
    folder = Path(unquote(where.path))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LocalStore(folder)


class Refused(Exception):  # noqa: N818 -- an answer, not a fault
    """An answer other than success, by status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Files:
    """What the endpoint needs: the store, the tokens' secret, sessions to record what was received, a clock."""

    store: ObjectStore
    tokens: FileTokens
    sessions: async_sessionmaker[AsyncSession]
    now: Callable[[], datetime] = _now

    async def take(self, upload: Upload, chunks: AsyncIterator[bytes]) -> Received:
        """Store an upload's bytes and record them; ``Refused`` leaves nothing behind."""
        received = await self._store(upload, chunks)
        try:
            first = await self._record(upload, received)
        except BaseException:
            await obstore.delete_async(self.store, received.key)
            raise
        if not first:
            await obstore.delete_async(self.store, received.key)
            raise Refused(409, "ALREADY_RECEIVED")
        return received

    async def _store(self, upload: Upload, chunks: AsyncIterator[bytes]) -> Received:
        key = f"{upload.county}/{upload.document_id.hex}/{secrets.token_hex(8)}"
        measure = hashlib.sha256()
        size = 0

        async def checked() -> AsyncIterator[bytes]:
            nonlocal size
            head = b""
            async for chunk in chunks:
                size += len(chunk)
                if size > upload.size:
                    raise Refused(413, "TOO_LARGE")
                measure.update(chunk)
                if len(head) < HEAD_BYTES:
                    head += chunk[: HEAD_BYTES - len(head)]
                    if len(head) == HEAD_BYTES and not looks_like(upload.media_type, head):
                        raise Refused(415, "WRONG_TYPE")
                yield chunk
            if size != upload.size:
                raise Refused(400, "WRONG_SIZE")
            if not looks_like(upload.media_type, head):
                raise Refused(415, "WRONG_TYPE")

        # A store that fails half-way drops the parts it has: nothing appears under the key.
        await obstore.put_async(self.store, key, checked(), chunk_size=PART_BYTES, max_concurrency=2)
        return Received(key, size, measure.hexdigest())

    async def _record(self, upload: Upload, received: Received) -> bool:
        async def work(uow: UnitOfWork) -> bool:
            return await receive(uow, document_id=upload.document_id, received=received)

        now = self.now()
        actor = system_actor(upload.county, today(now))
        outcome = await transact(self.sessions, actor, upload.county, work, now=now)
        return bool(outcome.row)


async def sweep_uploads(
    sessions: async_sessionmaker[AsyncSession], store: ObjectStore, county: str, now: datetime
) -> int:
    """Give up the uploads of a county that nobody confirmed within a day, then drop their bytes; how many there were."""
    swept = 0
    while True:
        actor = system_actor(county, today(now))
        before = now - UNCONFIRMED

        async def work(uow: UnitOfWork, before: datetime = before) -> list[str | None]:
            return await give_up_unconfirmed(uow, before=before)

        keys: list[str | None] = (await transact(sessions, actor, county, work, now=now)).row
        # Bytes that no row names belong to nobody: losing power here leaves some, never a document without its bytes.
        if held := [key for key in keys if key]:
            await obstore.delete_async(store, held)
        swept += len(keys)
        if len(keys) < SWEPT_AT_ONCE:
            return swept


def routes(files: Files) -> list[Route]:
    """The endpoint's routes: ``PUT``, ``POST`` and ``GET`` of ``/files/{token}``."""

    async def send(request: Request) -> Response:
        try:
            upload = files.tokens.read_upload(request.path_params["token"], files.now())
            announced = request.headers.get("content-length", "")
            frame = FORM_BYTES if request.method == "POST" else 0
            if announced.isdigit() and int(announced) > upload.size + frame:
                raise Refused(413, "TOO_LARGE")
            if request.method == "PUT":
                received = await files.take(upload, request.stream())
            else:
                received = await _take_form(files, upload, request)
        except BadToken:
            return _answer(403, "BAD_TOKEN")
        except Refused as refused:
            return _answer(refused.status, refused.code)
        except ClientDisconnect:
            return _answer(400, "INCOMPLETE")
        return JSONResponse({"size": received.size, "sha256": received.sha256}, 201, headers=SAFE_HEADERS)

    async def fetch(request: Request) -> Response:
        try:
            download = files.tokens.read_download(request.path_params["token"], files.now())
            found = await obstore.get_async(files.store, download.key)
        except BadToken:
            return _answer(403, "BAD_TOKEN")
        except FileNotFoundError:
            return _answer(404, "NOT_FOUND")
        headers = {
            **SAFE_HEADERS,
            "Content-Length": str(found.meta["size"]),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(download.name, safe='')}",
        }
        chunks = found.stream(min_chunk_size=CHUNK)
        return StreamingResponse((bytes(chunk) async for chunk in chunks), 200, headers, download.media_type)

    return [
        Route("/files/{token}", send, methods=["PUT", "POST"]),
        Route("/files/{token}", fetch, methods=["GET"]),
    ]


async def _take_form(files: Files, upload: Upload, request: Request) -> Received:
    """The one file of a form; the parser keeps it on disk while it arrives."""

    size = 0

    async def capped() -> AsyncGenerator[bytes, None]:
        nonlocal size
        async for chunk in request.stream():
            size += len(chunk)
            if size > upload.size + FORM_BYTES:
                raise MultiPartException("too large")  # the one exception upon which the parser drops its files
            yield chunk

    parser = MultiPartParser(request.headers, capped(), max_files=1, max_fields=FORM_FIELDS, max_part_size=FORM_BYTES)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        too_large = size > upload.size + FORM_BYTES
        raise Refused(413, "TOO_LARGE") if too_large else Refused(400, "MALFORMED_FORM") from None
    try:
        sent = [value for _name, value in form.multi_items() if isinstance(value, UploadFile)]
        if len(sent) != 1:
            raise Refused(400, "ONE_FILE_EXPECTED")
        return await files.take(upload, _read(sent[0]))
    finally:
        await form.close()


async def _read(sent: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await sent.read(CHUNK):
        yield chunk


def _answer(status: int, code: str) -> Response:
    return JSONResponse({"code": code}, status, headers=SAFE_HEADERS)
