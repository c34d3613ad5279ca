"""Imports and exports through the API: asked for, done by the worker, answered with counts and an error file."""

import asyncio
import uuid
from typing import Any

from auth.actor import Actor, Grant
from domain.documents import REGISTERS, DocumentState
from domain.errors import ErrorCode, Refusal
from domain.register import Row
from domain.register_jobs import MOST_SHOWN, RegisterJobKind, RegisterJobState
from domain.register_rows import Faults
from domain.roles import Role
from models.documents import Document
from models.register import RegisterJob
from resolvers.carriers import carrier, kept, news
from resolvers.jobs import job
from resolvers.register.run import NothingKept, Report, import_register
from resolvers.unit_of_work import UnitOfWork


async def register_import(uow: UnitOfWork, *, document_id: uuid.UUID, dry_run: bool | None = None) -> RegisterJob:
    """Ask for the import of an uploaded workbook or ZIP of CSV files (registerImport), or with ``dry_run`` for its check.

    The bureau's own act. Refuses ``DOCUMENT_NOT_READY``, ``INVALID_INPUT`` for a file that is neither.
    """
    document = await uow.load(Document, document_id, field="documentId")
    if document.state != DocumentState.READY:
        raise Refusal(ErrorCode.DOCUMENT_NOT_READY, "documentId", name=document.name)
    if document.media_type not in REGISTERS:
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
    async with news(row, steps=True) as progress:
        work = _import if row.kind == RegisterJobKind.IMPORT else _export
        await work(acting, row, progress)
    row.finished_at = uow.now
    uow.notify(row)
    return False


def _acting(uow: UnitOfWork, row: RegisterJob) -> UnitOfWork:
    """The same transaction in the name of who asked for it."""
    grant = Grant(row.grant_id, Role.BUREAU, uow.county, account_id=row.requested_by, office=row.office)
    actor = Actor(row.requested_by, None, None, "", "zh-CN", uow.today, (grant,))
    return UnitOfWork(uow.session, actor, uow.county, uow.now, vault=uow.vault)


async def _import(uow: UnitOfWork, row: RegisterJob, progress: Any) -> None:
    files = carrier()
    source = await uow.session.get_one(Document, (uow.county, row.source_id))
    assert source.key is not None  # noqa: S101 - a confirmed document has its bytes
    async with files.fetched(source.key, source.name) as path:
        faults = Faults()
        rows = await asyncio.to_thread(files.read, path, faults, progress)
        report = await _report(uow, rows, faults, dry_run=row.dry_run, progress=progress)
        row.counts = {name: counted._asdict() for name, counted in report.counts.items()}
        row.fault_count = report.fault_count
        row.faults = [
            {"sheet": fault.sheet, "row": fault.row, "column": fault.column, "code": fault.code.value}
            for fault in report.faults[:MOST_SHOWN]
        ]
        row.state = (RegisterJobState.REFUSED if report.fault_count else RegisterJobState.DONE).value
        if report.fault_count:
            marked = await asyncio.to_thread(files.marked, path, report.faults)
            row.result_id = await kept(uow, marked, f"有误_{source.name}", row.requested_by)


async def _report(
    uow: UnitOfWork, rows: dict[str, list[Row]], faults: Faults, *, dry_run: bool, progress: Any
) -> Report:
    """The import in a savepoint: with faults, or dry, nothing of it stays while the job's outcome does."""
    try:
        async with uow.session.begin_nested():
            return await import_register(uow, rows, faults, dry_run=dry_run, progress=progress)
    except NothingKept as nothing:
        return nothing.report


async def _export(uow: UnitOfWork, row: RegisterJob, progress: Any) -> None:
    written, rows = await carrier().register(uow.actor, uow.county, progress)
    row.counts = {name: {"rows": count} for name, count in rows.items()}
    row.result_id = await kept(uow, written, f"登记表_{uow.county}_{uow.today:%Y%m%d}.xlsx", row.requested_by)
    row.state = RegisterJobState.DONE.value
