"""What jobs need of the world of files: the application provides it where a worker runs."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from auth.actor import Actor
from domain.documents import XLSX, DocumentKind, DocumentState
from domain.errors import Refusal
from domain.exports import ExportedList
from domain.register import Fault, Row
from domain.register_rows import Faults
from domain.statements import GivenStatement
from models.base import CountyRow, new_id
from models.documents import Document
from resolvers.documents import Received
from resolvers.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from resolvers.fee_receipts import ReceiptFacts
    from resolvers.suit_files import PackFacts

_SECONDS_BETWEEN_NEWS = 1.0


class Carrier(Protocol):
    """Reads and writes files for jobs."""

    def fetched(self, key: str, name: str) -> AbstractAsyncContextManager[Path]:
        """A stored file as a file on disk, for as long."""

    def read(self, path: Path, faults: Faults, progress: Any) -> dict[str, list[Row]]:
        """The sheets of a register; what cannot be read at all is a fault without a place."""

    def statement(self, path: Path, media_type: str, faults: Faults) -> GivenStatement | None:
        """A bank's statement; what cannot be read is a fault with its row and column. ``None``: no statement at all."""

    def sentence(self, refusal: Refusal) -> str:
        """What is wrong and what to do, in Chinese."""

    def marked(self, source: Path, faults: Iterable[Fault]) -> Path:
        """A copy with the faults marked."""

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
        """A workbook of a list as the actor sees it, and how many rows it has. Raises ``Refusal``."""

    async def register(self, actor: Actor, county: str, progress: Any) -> tuple[Path, Mapping[str, int]]:
        """A workbook of the register as the actor sees it, and how many rows its sheets have."""

    async def receipt(self, facts: "ReceiptFacts") -> Path:
        """The paper of a receipt for fees."""

    async def suit_pack(self, facts: "PackFacts") -> Path:
        """The evidence of suits as a ZIP, its documents fetched from where they are kept."""

    async def keep(self, county: str, path: Path) -> Received:
        """Store a file that was written here, and take it off the disk."""

    async def tell(self, model: type[CountyRow], county: str, job_id: uuid.UUID, **progress: Any) -> None:
        """Make progress visible while the job's own transaction is open."""


_carriers: list[Carrier] = []


def provide(made: Carrier) -> None:
    """Say what carries files in this process; the last one counts."""
    _carriers[:] = [made]


def carrier() -> Carrier:
    """What carries files in this process."""
    if not _carriers:
        raise RuntimeError("this process carries no files: call resolvers.carriers.provide() where a worker starts")
    return _carriers[0]


async def kept(
    uow: UnitOfWork,
    path: Path,
    name: str,
    owner: uuid.UUID,
    *,
    media_type: str = XLSX,
    kind: DocumentKind = DocumentKind.OTHER,
) -> uuid.UUID:
    """A written file (a workbook unless told otherwise) as a document of an account; its id."""
    received = await carrier().keep(uow.county, path)
    document = Document(
        county=uow.county,
        id=new_id(),
        kind=kind.value,
        name=f"{name}.xlsx" if media_type == XLSX and not name.endswith(".xlsx") else name,
        media_type=media_type,
        key=received.key,
        declared_size=received.size,
        size=received.size,
        sha256=received.sha256,
        state=DocumentState.READY.value,
        uploaded_by=owner,
        ready_at=uow.now,
    )
    uow.session.add(document)
    await uow.session.flush()  # the job names it
    return document.id


@contextlib.asynccontextmanager
async def news(row: CountyRow, *, steps: bool) -> AsyncIterator[Any]:
    """A progress callback for a job whose latest word is made visible every second; ``steps`` names the sheet at hand."""
    latest: list[tuple[str, int, int]] = []
    model, county, row_id = type(row), row.county, row.id

    async def tell() -> None:
        told = None
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_NEWS)
            if latest and latest[-1] != told:
                told = latest[-1]
                del latest[:-1]
                label, done, total = told
                await carrier().tell(
                    model, county, row_id, done=done, total=total, **({"step": label} if steps else {})
                )

    task = asyncio.create_task(tell())
    try:
        yield lambda label, done, total: latest.append((label, done, total))
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
