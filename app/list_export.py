"""Exported lists as workbooks: the list queries' rows, read in one snapshot and written as they come."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import Line, Lines
from app.progress import Progress, silent
from app.workbooks import Book, Page, workbook
from auth.actor import Actor
from domain.exports import ExportedList
from domain.register_business import SHEETS
from schema.api import graphql_schema
from schema.engine.execute import Executor
from schema.sheets import LISTS, REGISTER
from schema.sheets.declare import Listed
from schema.sheets.reading import MOST_EACH, query

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@dataclass(frozen=True)
class _Held:
    """The one line of a snapshot, as the executor takes and gives lines."""

    line: Line

    async def take(self) -> Line:
        return self.line

    def give(self, line: Line) -> None:
        """It is given back when the snapshot ends."""


@dataclass(frozen=True)
class Exporter:
    """Writes lists as an actor sees them. ``lines`` are read on one at a time."""

    lines: Lines
    sessions: async_sessionmaker[AsyncSession]

    async def write(
        self,
        target: Path,
        name: ExportedList,
        actor: Actor,
        county: str,
        *,
        where: Mapping[str, Any] | None = None,
        locale: str = "zh-CN",
        progress: Progress = silent,
    ) -> int:
        """Write one list; the number of its rows. Raises ``Refusal`` (``LIST_TOO_LONG``, ``NOT_FOUND`` …)."""
        listed = LISTS[name]
        async with self._snapshot() as executor:
            with workbook(target) as book:
                pages = [_page(book, listed, at, locale) for at in range(len(listed.parts))]
                await _fill(executor, listed, pages, actor, county, where, locale, progress)
        return sum(page.rows for page in pages)

    async def write_register(
        self, target: Path, actor: Actor, county: str, *, progress: Progress = silent
    ) -> dict[str, int]:
        """Write all that an import brings in, in the import's sheets; rows by sheet."""
        async with self._snapshot() as executor:
            with workbook(target) as book:
                book.legend()
                pages = {sheet.name: book.sheet(sheet) for sheet in SHEETS}
                for listed in REGISTER:
                    sheets = [pages[part.sheet.name] if part.sheet else None for part in listed.parts]
                    await _fill(executor, listed, sheets, actor, county, None, "zh-CN", progress)
        return {name: page.rows for name, page in pages.items()}

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Executor]:
        """An executor whose reads all see the same state of the data."""
        line = await self.lines.take()
        try:
            await line.run(SNAPSHOT)
            yield Executor(graphql_schema(), _Held(line), self.sessions, longest_page=MOST_EACH)
        finally:
            if not line.broken:
                await line.run("ROLLBACK")  # nothing was written
            self.lines.give(line)


def _page(book: Book, listed: Listed, at: int, locale: str) -> Page:
    part = listed.parts[at]
    if part.sheet is not None:
        return book.sheet(part.sheet, locale)
    title = part.title if locale == "zh-CN" else part.english
    headers = [head.title if locale == "zh-CN" else head.english for head in part.heads]
    return book.plain(title, headers, [form.style for form in query(listed).forms[at]])


async def _fill(
    executor: Executor,
    listed: Listed,
    pages: Sequence[Page | None],
    actor: Actor,
    county: str,
    where: Mapping[str, Any] | None,
    locale: str,
    progress: Progress,
) -> None:
    """Write a list's rows to its sheets; a sheet that is not wanted is left out."""
    done = total = 0
    async for read in query(listed).pages(executor, actor, county, where, locale):
        for page, rows in zip(pages, read.cells, strict=True):
            if page is not None:
                await asyncio.to_thread(page.write, rows)
        done, total = done + read.rows, read.total
        progress(listed.title, min(done, total), total)
