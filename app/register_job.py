"""Files for jobs: fetched from and kept in the object store, exports written, progress told in transactions of its own."""

import asyncio
import hashlib
import secrets
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
from obstore.store import ObjectStore
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app import register_files, statement_files
from app.files import PART_BYTES
from app.lines import Lines
from app.list_export import Exporter
from app.receipt_pages import PATH as RECEIPTS
from app.suit_files import papers_of, write_pack
from app.texts import sentence
from app.workbooks import write_template
from auth.actor import Actor
from domain.errors import Refusal
from domain.exports import ExportedList
from domain.register import Fault, Row
from domain.register_rows import Faults
from domain.statements import GivenStatement
from models.base import CountyRow
from resolvers.documents import Received
from resolvers.fee_receipts import ReceiptFacts
from resolvers.suit_files import PackFacts
from resolvers.unit_of_work import set_fuse


@dataclass(frozen=True)
class StoreCarrier:
    """``resolvers.carriers.Carrier`` over the object store that uploads go to."""

    store: ObjectStore
    sessions: async_sessionmaker[AsyncSession]
    lines: Lines | None = None
    """For reading lists; an import needs none."""
    address: str = ""
    """Where this deployment is reached: the QR codes of papers lead there."""

    @asynccontextmanager
    async def fetched(self, key: str, name: str) -> AsyncIterator[Path]:
        with tempfile.TemporaryDirectory(prefix="anju-register-") as folder:
            path = Path(folder) / Path(name).with_suffix("").name
            found = await obstore.get_async(self.store, key)
            with path.open("wb") as file:
                async for chunk in found.stream():
                    file.write(bytes(chunk))
            yield path

    def read(self, path: Path, faults: Faults, progress: Any) -> dict[str, list[Row]]:
        try:
            return register_files.read(path, faults, progress)
        except register_files.UnreadableFile as error:
            faults.note(error.params["name"], None, None, error)
            return {}

    def statement(self, path: Path, media_type: str, faults: Faults) -> GivenStatement | None:
        return statement_files.read(path, media_type, faults)

    def sentence(self, refusal: Refusal) -> str:
        return sentence(refusal, "zh-CN")

    def marked(self, source: Path, faults: Iterable[Fault]) -> Path:
        target = source.with_name("marked.xlsx")
        try:
            register_files.write_marked(source, target, faults)
        except register_files.UnreadableFile:
            write_template(target)  # what the file should have been
        return target

    async def exported(
        self,
        name: ExportedList,
        actor: Actor,
        county: str,
        *,
        where: Mapping[str, Any] | None,
        locale: str,
        progress: Any,
    ) -> tuple[Path, int]:
        with _new_file() as target:
            rows = await self._exporter().write(
                target, name, actor, county, where=where, locale=locale, progress=progress
            )
        return target, rows

    async def register(self, actor: Actor, county: str, progress: Any) -> tuple[Path, Mapping[str, int]]:
        with _new_file() as target:
            rows = await self._exporter().write_register(target, actor, county, progress=progress)
        return target, rows

    def _exporter(self) -> Exporter:
        if self.lines is None:
            raise RuntimeError("this process reads no lists: its carrier was made without lines")
        return Exporter(self.lines, self.sessions)

    async def receipt(self, facts: ReceiptFacts) -> Path:
        from app.receipt_pdf import write_receipt  # loads the PDF library, which other jobs do without

        with _new_file() as target:
            await asyncio.to_thread(write_receipt, target, facts, f"{self.address}{RECEIPTS}/{facts.code}")
        return target

    async def suit_pack(self, facts: PackFacts) -> Path:
        async with AsyncExitStack() as stack:
            fetched = {
                paper.id: await stack.enter_async_context(self.fetched(str(paper.key), "paper"))
                for paper in papers_of(facts)
            }
            with _new_file() as target:
                await asyncio.to_thread(write_pack, target, facts, fetched)
        return target

    async def keep(self, county: str, path: Path) -> Received:
        key = f"{county}/register/{secrets.token_hex(16)}"
        try:
            received = Received(key, *await asyncio.to_thread(_measured, path))
            await obstore.put_async(self.store, key, path, chunk_size=PART_BYTES, max_concurrency=2)
        finally:
            _drop(path)
        return received

    async def tell(self, model: type[CountyRow], county: str, job_id: uuid.UUID, **progress: Any) -> None:
        async with self.sessions.begin() as session:
            await set_fuse(session, {county})
            await session.execute(update(model).where(model.county == county, model.id == job_id).values(**progress))


@contextmanager
def _new_file() -> Iterator[Path]:
    """Where to write; nothing of it stays when writing fails."""
    folder = Path(tempfile.mkdtemp(prefix="anju-register-"))
    try:
        yield folder / "list.xlsx"
    except BaseException:
        shutil.rmtree(folder)
        raise


def _measured(path: Path) -> tuple[int, str]:
    """Bytes, and SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _drop(path: Path) -> None:
    """A temporary file goes, and its folder with it when it was alone in one of ours."""
    path.unlink()
    if path.parent.name.startswith("anju-register-") and not any(path.parent.iterdir()):
        path.parent.rmdir()
