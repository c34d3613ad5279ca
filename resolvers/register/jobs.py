"""Imports and exports through the API: asked for, done by the worker, answered with counts and an error file."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from auth.actor import Actor, Grant
from domain.documents import XLSX, DocumentKind, DocumentState
from domain.errors import ErrorCode, Refusal
from domain.register import Fault, Row
from domain.register_business import SHEETS
from domain.register_jobs import MOST_SHOWN, RegisterJobKind, RegisterJobState
from domain.register_rows import Faults
from domain.roles import Role
from models.base import new_id
from models.documents import Document
from models.register import RegisterJob
from resolvers.documents import Received
from resolvers.jobs import job
from resolvers.register.export import export_rows
from resolvers.register.run import NothingKept, Report, import_register
from resolvers.unit_of_work import UnitOfWork

_SECONDS_BETWEEN_NEWS = 1.0


class Carrier(Protocol):
    """What the jobs need of the world of files; the application provides it where a worker runs."""

    def fetched(self, key: str, name: str) -> AbstractAsyncContextManager[Path]:
        """A stored file as a file on disk, for as long."""

    def read(self, path: Path, faults: Faults, progress: Any) -> Mapping[str, list[Row]]:
        """Its sheets; what cannot be read at all is a fault without a place."""

    def marked(self, source: Path, faults: Iterable[Fault]) -> Path:
        """A copy with the faults marked."""

    def written(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
        """A workbook of the register's sheets."""

    async def keep(self, county: str, path: Path) -> Received:
        """Store a file that was written here, and take it off the disk."""

    async def tell(self, county: str, job_id: uuid.UUID, step: str, done: int, total: int) -> None:
        """Make progress visible while the job's own transaction is open."""


_carriers: list[Carrier] = []


def provide(carrier: Carrier) -> None:
    """Say what carries files in this process; the last one counts."""
    _carriers[:] = [carrier]


async def register_import(uow: UnitOfWork, *, document_id: uuid.UUID, dry_run: bool | None = None) -> RegisterJob:
    """Ask for the import of an uploaded workbook (registerImport), or with ``dry_run`` for its check only.

    The bureau's own act. Refuses ``DOCUMENT_NOT_READY``, ``INVALID_INPUT`` for a file that is no workbook.
    """
    document = await uow.load(Document, document_id, field="documentId")
    if document.state != DocumentState.READY:
        raise Refusal(ErrorCode.DOCUMENT_NOT_READY, "documentId", name=document.name)
    if document.media_type != XLSX:
        raise Refusal(ErrorCode.INVALID_INPUT, "documentId", value=document.media_type)
    return await _ask(uow, RegisterJobKind.IMPORT, source_id=document.id, dry_run=bool(dry_run))


async def register_export(uow: UnitOfWork) -> RegisterJob:
    """Ask for a workbook of the county's whole register (registerExport). Sealed data is left out (PRI-6)."""
    return await _ask(uow, RegisterJobKind.EXPORT)


async def _ask(uow: UnitOfWork, kind: RegisterJobKind, **given: Any) -> RegisterJob:
    grant = await uow.act((Role.BUREAU,))
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    row = RegisterJob(
        county=uow.county,
        kind=kind.value,
        requested_by=uow.actor.account_id,
        grant_id=grant.id,
        office=grant.office,
        **given,
    )
    uow.session.add(row)
    await uow.session.flush()  # the job and the event name it
    await uow.audit(f"register{kind.value.title()}", row, grant=grant)
    await uow.enqueue("register_job", lock=f"register/{uow.county}", job_id=row.id)
    return row


@job("register_job")
async def run(uow: UnitOfWork, *, job_id: uuid.UUID) -> bool:
    """Work on an import or export: first it shows as running, then it is done in one transaction."""
    row = await uow.load(RegisterJob, job_id)
    if row.state == RegisterJobState.QUEUED:
        row.state = RegisterJobState.RUNNING.value
        return True
    if row.state != RegisterJobState.RUNNING:
        return False
    acting = _acting(uow, row)
    async with _news(uow.county, row.id) as progress:
        if row.kind == RegisterJobKind.IMPORT:
            await _import(acting, row, progress)
        else:
            await _export(acting, row)
    row.finished_at = uow.now
    uow.notify(row)
    return False


def _acting(uow: UnitOfWork, row: RegisterJob) -> UnitOfWork:
    """The same transaction in the name of who asked for it."""
    grant = Grant(row.grant_id, Role.BUREAU, uow.county, account_id=row.requested_by, office=row.office)
    actor = Actor(row.requested_by, None, None, "", "zh-CN", uow.today, (grant,))
    return UnitOfWork(uow.session, actor, uow.county, uow.now, vault=uow.vault)


async def _import(uow: UnitOfWork, row: RegisterJob, progress: Any) -> None:
    carrier = _carrier()
    source = await uow.session.get_one(Document, (uow.county, row.source_id))
    assert source.key is not None  # noqa: S101 - a confirmed document has its bytes
    async with carrier.fetched(source.key, source.name) as path:
        faults = Faults()
        rows = await asyncio.to_thread(carrier.read, path, faults, progress)
        report = await _report(uow, rows, faults, dry_run=row.dry_run, progress=progress)
        row.counts = {name: counted._asdict() for name, counted in report.counts.items()}
        row.fault_count = report.fault_count
        row.faults = [
            {"sheet": fault.sheet, "row": fault.row, "column": fault.column, "code": fault.code.value}
            for fault in report.faults[:MOST_SHOWN]
        ]
        row.state = (RegisterJobState.REFUSED if report.fault_count else RegisterJobState.DONE).value
        if report.fault_count:
            marked = await asyncio.to_thread(carrier.marked, path, report.faults)
            row.result_id = await _stored(uow, row, marked, f"有误_{source.name}")


async def _report(
    uow: UnitOfWork, rows: Mapping[str, list[Row]], faults: Faults, *, dry_run: bool, progress: Any
) -> Report:
    """The import in a savepoint: with faults, or dry, nothing of it stays while the job's outcome does."""
    try:
        async with uow.session.begin_nested():
            return await import_register(uow, rows, faults, dry_run=dry_run, progress=progress)
    except NothingKept as nothing:
        return nothing.report


async def _export(uow: UnitOfWork, row: RegisterJob) -> None:
    rows = {sheet.name: await export_rows(uow, sheet) for sheet in SHEETS}
    written = await asyncio.to_thread(_carrier().written, rows)
    row.counts = {name: {"rows": len(found)} for name, found in rows.items()}
    row.result_id = await _stored(uow, row, written, f"登记表_{uow.county}_{uow.today:%Y%m%d}.xlsx")
    row.state = RegisterJobState.DONE.value


async def _stored(uow: UnitOfWork, row: RegisterJob, path: Path, name: str) -> uuid.UUID:
    """The file as a document of who asked for it."""
    received = await _carrier().keep(uow.county, path)
    document = Document(
        county=uow.county,
        id=new_id(),
        kind=DocumentKind.OTHER.value,
        name=name if name.endswith(".xlsx") else f"{name}.xlsx",
        media_type=XLSX,
        key=received.key,
        declared_size=received.size,
        size=received.size,
        sha256=received.sha256,
        state=DocumentState.READY.value,
        uploaded_by=row.requested_by,
        ready_at=uow.now,
    )
    uow.session.add(document)
    await uow.session.flush()  # the job names it
    return document.id


def _carrier() -> Carrier:
    if not _carriers:
        raise RuntimeError(
            "this process carries no files: call resolvers.register.jobs.provide() where a worker starts"
        )
    return _carriers[0]


@contextlib.asynccontextmanager
async def _news(county: str, job_id: uuid.UUID) -> AsyncIterator[Any]:
    """A progress callback whose latest word is made visible every second."""
    latest: list[tuple[str, int, int]] = []

    async def tell() -> None:
        told = None
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_NEWS)
            if latest and latest[-1] != told:
                told = latest[-1]
                del latest[:-1]
                await _carrier().tell(county, job_id, *told)

    task = asyncio.create_task(tell())
    try:
        yield lambda label, done, total: latest.append((label, done, total))
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
