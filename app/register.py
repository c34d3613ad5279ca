"""``anju import`` and ``anju export``: the register of a county from and to files."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app import register_files, workbooks
from app.database import command_engine
from app.lines import read_lines
from app.list_export import Exporter
from app.progress import Progress, silent
from app.settings import Settings
from app.texts import speak_up
from auth.actor import Actor, Grant
from domain.calendar import today
from domain.exports import ExportedList
from domain.register_rows import Faults
from domain.roles import Role
from models.accounts import Account, AccountStatus
from models.base import new_id
from models.sealed import Vault
from resolvers.divisions import seed_divisions
from resolvers.exports import LOCALES
from resolvers.register.run import NothingKept, Report, import_register, uncollected
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
    workbooks.write_template(path)


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

    async def work(uow: UnitOfWork) -> Report:
        faults = Faults()
        with uncollected():
            rows = register_files.read(file, faults, progress)
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


@dataclass(frozen=True)
class Wanted:
    """What to export: the whole register, or one list under the conditions of its query."""

    name: ExportedList | None = None
    where: Mapping[str, Any] | None = None
    locale: str = "zh-CN"

    @classmethod
    def of(cls, name: str | None, where: str | None, locale: str) -> "Wanted":
        """As somebody typed it: ``fee-bills`` is FEE_BILLS, conditions are JSON. Raises ``ValueError``."""
        listed = ExportedList.__members__.get((name or "").upper().replace("-", "_"))
        if name is not None and listed is None:
            raise ValueError(f"--list is one of {', '.join(ExportedList)}")
        conditions = json.loads(where) if where else None
        if where and not isinstance(conditions, dict):
            raise ValueError("--where is a JSON object of conditions")
        if locale not in LOCALES:
            raise ValueError(f"--locale is one of {', '.join(LOCALES)}")
        return cls(listed, conditions, locale)


async def export_file(
    settings: Settings, file: Path, county: str, wanted: Wanted | None = None, *, progress: Progress = silent
) -> int:
    """Write a workbook as the county's bureau sees it; the number of its rows. Sealed data is left out (PRI-6)."""
    wanted = wanted or Wanted()
    async with _exporter(settings) as exporter:
        actor = await operator(exporter.sessions, county)
        if wanted.name is None:
            return sum((await exporter.write_register(file, actor, county, progress=progress)).values())
        given: dict[str, Any] = {"where": wanted.where, "locale": wanted.locale, "progress": progress}
        return await exporter.write(file, wanted.name, actor, county, **given)


@asynccontextmanager
async def _exporter(settings: Settings) -> AsyncIterator[Exporter]:
    speak_up()
    engine = command_engine(settings.database)
    try:
        async with read_lines(settings.database, maximum=1) as lines:
            yield Exporter(lines, async_sessionmaker(engine, expire_on_commit=False))
    finally:
        await engine.dispose()


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
