"""Files for the register's jobs: fetched from and kept in the object store, progress told in transactions of its own."""

import asyncio
import hashlib
import secrets
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
from obstore.store import ObjectStore
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app import register_files
from domain.errors import ErrorCode, Refusal
from domain.register import Fault, Row, shown
from domain.register_business import SHEETS
from domain.register_rows import Faults
from models.register import RegisterJob
from resolvers.documents import Received
from resolvers.unit_of_work import set_fuse


@dataclass(frozen=True)
class StoreCarrier:
    """``resolvers.register.jobs.Carrier`` over the object store that uploads go to."""

    store: ObjectStore
    sessions: async_sessionmaker[AsyncSession]

    @asynccontextmanager
    async def fetched(self, key: str, name: str) -> AsyncIterator[Path]:
        with tempfile.TemporaryDirectory(prefix="anju-register-") as folder:
            path = Path(folder) / "source.xlsx"
            found = await obstore.get_async(self.store, key)
            with path.open("wb") as file:
                async for chunk in found.stream():
                    file.write(bytes(chunk))
            yield path

    def read(self, path: Path, faults: Faults, progress: Any) -> Mapping[str, list[Row]]:
        try:
            return register_files.read(path, faults, progress)
        except register_files.UnreadableFile as error:
            faults.note(path.name, None, None, Refusal(ErrorCode.INVALID_INPUT, value=str(error)))
            return {}

    def marked(self, source: Path, faults: Iterable[Fault]) -> Path:
        target = source.with_name("marked.xlsx")
        try:
            register_files.write_marked(source, target, faults)
        except register_files.UnreadableFile:
            register_files.write_template(target)  # what the file should have been
        return target

    def written(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
        target = Path(tempfile.mkdtemp(prefix="anju-register-")) / "register.xlsx"
        register_files.write_sheets(target, {sheet.name: _cells(sheet, rows[sheet.name]) for sheet in SHEETS})
        return target

    async def keep(self, county: str, path: Path) -> Received:
        content = await asyncio.to_thread(_taken, path)
        key = f"{county}/register/{secrets.token_hex(16)}"
        await obstore.put_async(self.store, key, content)
        return Received(key, len(content), hashlib.sha256(content).hexdigest())

    async def tell(self, county: str, job_id: uuid.UUID, step: str, done: int, total: int) -> None:
        async with self.sessions.begin() as session:
            await set_fuse(session, {county})
            await session.execute(
                update(RegisterJob)
                .where(RegisterJob.county == county, RegisterJob.id == job_id)
                .values(step=step, done=done, total=total)
            )


def _taken(path: Path) -> bytes:
    """A temporary file's bytes; it goes, and its folder with it when it was alone in one of ours."""
    content = path.read_bytes()
    path.unlink()
    if path.parent.name.startswith("anju-register-") and not any(path.parent.iterdir()):
        path.parent.rmdir()
    return content


def _cells(sheet: Any, rows: Sequence[Mapping[str, Any]]) -> Iterator[list[Any]]:
    return ([shown(column, row.get(column.name)) for column in sheet.columns] for row in rows)
