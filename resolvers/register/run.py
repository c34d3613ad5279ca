"""One import from its rows to its report, all or nothing."""

import gc
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import delete

from domain.estates import SearchKind
from domain.register import Fault, Row
from domain.register_business import COMPANIES
from domain.register_rows import Faults
from domain.register_sheets import AREAS, ESTATES
from domain.roles import Role
from domain.search import grams
from models.search import SearchGram
from resolvers.register import business, holders, openings, places
from resolvers.register.store import Stored, upsert
from resolvers.register.work import Progress, Work
from resolvers.unit_of_work import UnitOfWork

STEPS: tuple[Callable[[Work], Awaitable[None]], ...] = (
    places.areas,
    places.estates,
    places.buildings,
    places.units,
    places.facilities,
    holders.owners,
    business.companies,
    business.contracts,
    business.leaders,
    openings.committees,
    business.charge_items,
    openings.arrears,
    openings.prepaid,
    openings.funds,
)
"""In the order in which the sheets build on each other."""


@dataclass(frozen=True)
class Report:
    """What an import did, or would do in a dry run; with faults it did nothing."""

    dry_run: bool
    counts: Mapping[str, Stored] = field(default_factory=dict)
    """By sheet; ``persons`` counts the owners behind the holdings."""
    faults: Sequence[Fault] = ()
    fault_count: int = 0


class NothingKept(Exception):  # noqa: N818 - no failure: a dry run or faults end the transaction without a trace
    """Rolls the transaction back and carries what was found."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage: hundreds of thousands of rows live to the end, and looking through them finds nothing."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


async def import_register(
    uow: UnitOfWork,
    rows: dict[str, list[Row]],
    faults: Faults,
    *,
    dry_run: bool = False,
    progress: Progress = lambda _label, _done, _total: None,
) -> Report:
    """Write the sheets that were read. The bureau's own act (ZS-1); natural keys find what is there already.

    The large sheets are let go as they are worked off: who tries again reads the file again.

    Raises ``NothingKept`` with the report when there are faults, from reading or from checking, and after a dry run:
    the caller's transaction then leaves nothing behind.
    """
    await uow.act((Role.BUREAU,))
    with uncollected():
        return await _import(uow, rows, faults, dry_run, progress)


async def _import(
    uow: UnitOfWork, rows: dict[str, list[Row]], faults: Faults, dry_run: bool, progress: Progress
) -> Report:
    work = Work(uow, rows, faults, progress)
    await work.recall()
    for step in STEPS:
        await step(work)
    await _index(work)
    counts = {} if faults else work.counts
    report = Report(dry_run, counts, faults.kept, faults.count)
    if faults or dry_run:
        raise NothingKept(report)
    return report


async def _index(work: Work) -> None:
    """Make the file's areas, estates and companies findable by the texts they have now."""
    county, session = work.uow.county, work.uow.session
    if work.faults:
        return
    texts: dict[SearchKind, dict[uuid.UUID, tuple[str, ...]]] = {
        SearchKind.AREA: {work.areas[row["code"]]: (row["name"], row["code"]) for row in work.read(AREAS)},
        SearchKind.ESTATE: {
            work.estates[row["code"]]: (row["name"], row["code"], row["address"]) for row in work.read(ESTATES)
        },
        SearchKind.COMPANY: {
            work.companies[row["credit_code"]]: (row["name"], row["credit_code"]) for row in work.read(COMPANIES)
        },
    }
    for kind, by_id in texts.items():
        if not by_id:
            continue
        await session.execute(
            delete(SearchGram).where(
                SearchGram.county == county, SearchGram.kind == kind.value, SearchGram.subject_id.in_(list(by_id))
            )
        )
        lines = [
            {"county": county, "kind": kind.value, "gram": gram, "subject_id": row_id}
            for row_id, found in by_id.items()
            for gram in grams(*found)
        ]
        await upsert(session, SearchGram, lines, known=0)
