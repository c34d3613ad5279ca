"""KILL-WORKER: the worker is killed while it issues bills and writes exports; most times right after a COMMIT.

The runs have a hundred homes in portions of twenty, so that a job is killed within, between and after its portions. A dead
worker counts as dead after a minute without a sign of life, and the rescuer looks once a minute. So as not to wait for both
fifty times, the harness moves the dead worker's last sign of life two minutes back and calls the product's own ``rescue``;
the last kill of a long run is left to the product alone, and timed.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import procrastinate
import psycopg
from procrastinate import PsycopgConnector
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import worker
from app.database import command_engine
from app.large.plan import Place
from auth.actor import Actor, load_actor
from domain.calendar import today
from domain.exports import ExportedList
from resolvers import bill_runs, exports
from resolvers.unit_of_work import transact
from tests.faults import books
from tests.faults.figures import Figures
from tests.faults.kill_app import Say
from tests.faults.processes import PATIENCE, FaultError, Victim
from tests.faults.stage import Stage

PORTION = 20
"""Homes in a portion of a bill run."""

PORTIONS = (1, 12)
"""Of a worker before it is killed at its fail point."""

WAITING = 3
"""Bill runs that wait for the worker when it starts, beside an export."""

JOBS = ("bill_run_issue", "list_export")

DONE_AGAIN_SECONDS = 150.0
"""A minute until the worker counts as dead, a minute until the rescuer looks, and the work itself."""


def run(stage: Stage, *, kills: int, seed: int, say: Say, left_alone: bool = True) -> Figures:
    """Kill ``anju worker`` and start it again. ``left_alone``: one more kill after which the product rescues by itself."""
    return asyncio.run(_run(stage, kills, seed, say, left_alone))


async def _run(stage: Stage, kills: int, seed: int, say: Say, left_alone: bool) -> Figures:
    chance = random.Random(seed)  # noqa: S311 - when to kill is no secret
    shift = Shift(stage, chance)
    figures = Figures("KILL-WORKER")
    async with Office(stage) as office:
        for kill in range(1, kills + 1):
            await office.ask()
            caught = await shift.killed(at_the_point=kill % 3 != 0)
            rescued = await _rescue(stage)
            say(f"kill {kill} of {kills}: {caught} jobs under way, {rescued} put back")
            if caught != rescued:
                raise FaultError(f"of {caught} stalled jobs {rescued} were put back")
        if left_alone:
            await office.ask()
            await shift.killed(at_the_point=True)
        killed = time.monotonic()
        await shift.to_the_end()
        alone = time.monotonic() - killed
    figures.say("kills", kills + left_alone)
    figures.say("jobs under way when the worker died", shift.caught)
    figures.say("bill runs asked for", len(office.runs))
    figures.say("exports asked for", len(office.exports))
    office.judge(figures)
    figures.demand(books.VERIFIED, await books.ledger_faults(stage), most=0)
    if left_alone:
        figures.times("everything done after a kill without help", [alone], most=DONE_AGAIN_SECONDS)
    return figures


@dataclass
class Shift:
    """One worker after the other."""

    stage: Stage
    chance: random.Random
    caught: int = 0
    """Jobs that were under way when their worker was killed."""

    async def killed(self, *, at_the_point: bool) -> int:
        """Start a worker and kill it at work; how many jobs it left under way."""
        fail = {"FAULTS_PORTIONS": str(self.chance.randint(*PORTIONS))} if at_the_point else {}
        with self._begin(fail) as victim:
            if at_the_point:
                await victim.died()
            else:
                await self._until("some job is under way", "status = 'doing'", lambda count: count > 0)
                await asyncio.sleep(self.chance.uniform(0.0, 0.3))
        left = self._count("status = 'doing'")
        self.caught += left
        return left

    async def to_the_end(self) -> None:
        """Let a worker do all that is left, and stop it."""
        with self._begin({}) as victim:
            await self._until("all jobs are done", "status IN ('todo', 'doing')", lambda count: count == 0)
            await victim.stop()

    def _begin(self, fail: dict[str, str]) -> Victim:
        environment = {**self.stage.environment, "FAULTS_PORTION_SIZE": str(PORTION), **fail}
        return Victim("worker", environment=environment, log=self.stage.folder.parent / "worker.log")

    async def _until(self, what: str, condition: str, met: Any) -> None:
        end = time.monotonic() + DONE_AGAIN_SECONDS + PATIENCE
        while not met(self._count(condition)):
            if time.monotonic() > end:
                raise FaultError(f"it does not come about that {what}")
            await asyncio.sleep(0.02)

    def _count(self, condition: str) -> int:
        with self.stage.connect() as connection:
            [(count,)] = connection.execute(
                f"SELECT count(*) FROM procrastinate_jobs WHERE task_name = ANY (%s) AND {condition}".encode(),
                [list(JOBS)],
            ).fetchall()
        return int(str(count))


async def _rescue(stage: Stage) -> int:
    """Two minutes later: what ``rescue`` puts back."""
    with stage.connect() as connection:
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '2 minutes'")
        before = connection.execute(_DOING).fetchall()
    async with procrastinate.App(connector=PsycopgConnector(conninfo=stage.settings.database)).open_async() as app:
        await worker.rescue(app)
    with stage.connect() as connection:
        return len(before) - len(connection.execute(_DOING).fetchall())


_DOING = "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND task_name IN ('bill_run_issue', 'list_export')"


@dataclass
class Office:
    """Who asks for the work: companies bill, bureaus export. Each through the command, in a transaction of its own."""

    stage: Stage
    runs: dict[UUID, Place] = field(default_factory=dict)
    exports: dict[UUID, str] = field(default_factory=dict)
    """The county of each."""

    _actors: dict[UUID, Actor] = field(default_factory=dict)

    async def __aenter__(self) -> "Office":
        self._engine = command_engine(self.stage.settings.database, size=1)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._periods = deque(_periods(self.stage))
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._engine.dispose()

    async def ask(self) -> None:
        """See to it that the next worker has enough to do: bill runs in several estates, and an export."""
        for _ in range(WAITING - self._under_way("bill_run", "QUEUED", "RUNNING")):
            place, first = self._periods.popleft()
            asked = {"charge_item_id": place.item_id, "period_from": first}
            run = await self._do(place.company.admin, place.county, bill_runs.bill_run_start, **asked)
            self.runs[run.id] = place
        if not self._under_way("list_export", "QUEUED", "RUNNING"):
            county = self.stage.places()[len(self.exports) % 5].county
            bureau = self.stage.large.bureau(county)
            row = await self._do(bureau, county, exports.list_export, name=ExportedList.ESTATES)
            self.exports[row.id] = county

    def _under_way(self, table: str, *states: str) -> int:
        with self.stage.connect() as connection:
            [(count,)] = connection.execute(
                f"SELECT count(*) FROM {table} WHERE state = ANY (%s)".encode(), [list(states)]
            ).fetchall()
        return int(str(count))

    async def _do(self, account_id: UUID, county: str, command: Any, **given: Any) -> Any:
        actor = await self._actor(account_id)
        outcome = await transact(self._sessions, actor, county, lambda uow: command(uow, **given))
        return outcome.row

    async def _actor(self, account_id: UUID) -> Actor:
        if account_id not in self._actors:
            [token] = await self.stage.tokens(1, account_id=account_id)
            async with await psycopg.AsyncConnection.connect(self.stage.settings.database) as connection:
                actor = await load_actor(connection, token, today(datetime.now(UTC)))
            if actor is None:
                raise FaultError("the demo lacks somebody")
            self._actors[account_id] = actor
        return self._actors[account_id]

    def judge(self, figures: Figures) -> None:
        """Each run has billed each home once, each export is one document: as the database has it."""
        with self.stage.connect() as connection:
            billed = connection.execute(
                """SELECT r.id, r.state, r.issued, r.amount, count(b.id), count(DISTINCT b.unit_id), sum(b.amount)::bigint
                   FROM bill_run r LEFT JOIN fee_bill b ON (b.county, b.bill_run_id) = (r.county, r.id)
                   WHERE r.id = ANY (%s) GROUP BY r.county, r.id""",
                [list(self.runs)],
            ).fetchall()
            written = connection.execute(
                "SELECT e.id, e.state, e.row_count FROM list_export e WHERE e.id = ANY (%s)", [list(self.exports)]
            ).fetchall()
            [(documents,)] = connection.execute(
                "SELECT count(*) FROM document WHERE name LIKE 'estates_%%'", []
            ).fetchall()
            states = connection.execute(
                "SELECT status::text, count(*) FROM procrastinate_jobs WHERE task_name = ANY (%s) GROUP BY 1",
                [list(JOBS)],
            ).fetchall()
        estates = {
            county: sum(place.county == county for place in self.stage.places()) for county in self.exports.values()
        }
        right = sum(
            (state, issued, bills, homes, amount) == ("DONE", self.runs[UUID(str(id_))].units, issued, issued, total)
            for id_, state, issued, amount, bills, homes, total in billed
        )
        right += sum((state, rows) == ("DONE", estates[self.exports[UUID(str(id_))]]) for id_, state, rows in written)
        wanted = len(self.runs) + len(self.exports)
        homes = sum(place.units for place in self.runs.values())
        figures.say("bills issued", sum(int(str(bills)) for *_, bills, _homes, _total in billed))
        figures.demand("effects missing or incomplete", wanted - right, most=0)
        doubled = sum(int(str(bills)) for *_, bills, _homes, _total in billed) - homes
        doubled += int(str(documents)) - len(self.exports)
        figures.demand("effects doubled (bills, documents)", max(0, doubled), most=0)
        figures.say("jobs by their state in the end", {str(state): count for state, count in states})


def _periods(stage: Stage) -> Iterator[tuple[Place, date]]:
    """Estates and months that nobody has billed, latest months first, another estate each time."""
    places = [place for place in stage.places() if not place.billed]
    months = [*stage.large.months, (stage.large.months[-1] + timedelta(days=32)).replace(day=1)]
    return ((place, month) for month in reversed(months) for place in places)
