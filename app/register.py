"""``anju import`` and ``anju export``: the register of a county from and to files."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app import register_files
from app.database import command_engine
from app.progress import Progress, silent
from app.settings import Settings
from auth.actor import Actor, Grant
from domain.calendar import today
from domain.register import shown
from domain.register_business import SHEETS
from domain.register_rows import Faults
from domain.roles import Role
from models.accounts import Account, AccountStatus
from models.base import new_id
from models.sealed import Vault
from resolvers.divisions import seed_divisions
from resolvers.register.export import export_rows
from resolvers.register.run import NothingKept, Report, import_register
from resolvers.unit_of_work import UnitOfWork, transact

OPERATOR = "register-import"
"""The login of the account under which the command line writes; nobody can sign in with it."""


@dataclass(frozen=True)
class Outcome:
    """An import's report and where its faults were written."""

    report: Report
    written: Sequence[Path] = ()

    @property
    def faults(self) -> bool:
        return self.report.fault_count > 0

    def __str__(self) -> str:
        if self.faults:
            places = " and ".join(str(path) for path in self.written)
            return f"nothing was written: {self.report.fault_count} faults, listed in {places}"
        lines = [
            f"{name}: {counted.created} created, {counted.updated} updated, {counted.unchanged} unchanged"
            for name, counted in self.report.counts.items()
        ]
        return "\n".join([*lines, "dry run: nothing was written"] if self.report.dry_run else lines)


def write_template(path: Path) -> None:
    """Write an empty workbook with its legend."""
    register_files.write_template(path)


async def import_file(
    settings: Settings, file: Path, county: str, *, dry_run: bool = False, progress: Progress = silent
) -> Outcome:
    """Import a file into a county. Faults are written beside it: ``….faults.json`` and ``….faults.xlsx``."""
    engine = command_engine(settings.database)
    try:
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        async with sessions.begin() as session:
            await seed_divisions(session)
        actor = await operator(sessions, county)
        return await import_as(
            sessions, actor, county, file, vault=settings.keys.vault(), dry_run=dry_run, progress=progress
        )
    finally:
        await engine.dispose()


async def import_as(
    sessions: async_sessionmaker[AsyncSession],
    actor: Actor,
    county: str,
    file: Path,
    *,
    vault: Vault,
    dry_run: bool = False,
    progress: Progress = silent,
    now: datetime | None = None,
) -> Outcome:
    """Import a file as somebody of the bureau; one transaction."""
    faults = Faults()
    rows = register_files.read(file, faults, progress)

    async def work(uow: UnitOfWork) -> Report:
        return await import_register(uow, rows, faults, dry_run=dry_run, progress=progress)

    try:
        report: Report = (await transact(sessions, actor, county, work, vault=vault, now=now)).row
    except NothingKept as nothing:
        report = nothing.report
    if not report.fault_count:
        return Outcome(report)
    listed, marked = file.with_suffix(".faults.json"), file.with_suffix(".faults.xlsx")
    body = {"count": report.fault_count, "faults": register_files.faults_as_json(report.faults)}
    listed.write_text(json.dumps(body, ensure_ascii=False, indent=1), "utf-8")
    register_files.write_marked(file, marked, report.faults)
    return Outcome(report, (listed, marked))


async def export_file(settings: Settings, file: Path, county: str, *, progress: Progress = silent) -> None:
    """Write a county's register as a workbook that ``import`` reads back. Sealed data is left out (PRI-6)."""
    engine = command_engine(settings.database)
    try:
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        await export_as(sessions, await operator(sessions, county), county, file, progress=progress)
    finally:
        await engine.dispose()


async def export_as(
    sessions: async_sessionmaker[AsyncSession], actor: Actor, county: str, file: Path, *, progress: Progress = silent
) -> None:
    """Write what somebody sees of a county's register."""

    async def work(uow: UnitOfWork) -> None:
        found = {sheet.name: await export_rows(uow, sheet) for sheet in SHEETS}
        register_files.write_sheets(file, {name: cells(name, rows) for name, rows in found.items()})

    def cells(name: str, rows: Sequence[Any]) -> Iterator[list[Any]]:
        sheet = next(sheet for sheet in SHEETS if sheet.name == name)
        for done, row in enumerate(rows):
            if done % 5_000 == 0:
                progress(sheet.title, done, len(rows))
            yield [shown(column, row.get(column.name)) for column in sheet.columns]
        progress(sheet.title, len(rows), len(rows))

    await transact(sessions, actor, county, work)


async def operator(sessions: async_sessionmaker[AsyncSession], county: str) -> Actor:
    """The person at the server's own command line, acting for the county's bureau."""
    async with sessions.begin() as session:
        account = await session.scalar(select(Account).where(Account.login == OPERATOR))
        if account is None:
            account = Account(
                id=new_id(), login=OPERATOR, display_name="命令行导入", status=AccountStatus.SUSPENDED.value
            )
            session.add(account)
            await session.flush()
    day = today(datetime.now(UTC))
    grant = Grant(new_id(), Role.BUREAU, county, account_id=account.id, office="命令行导入")
    return Actor(account.id, None, None, account.display_name, "zh-CN", day, (grant,))
