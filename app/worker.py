"""The background worker: runs the jobs that commands enqueued, the cases' timers, and the rescue of stalled jobs.

``anju serve`` runs one inside; ``anju worker`` runs it alone, as many as wanted. Every portion of work is a
transaction of its own, as the county's own clock, and jobs are idempotent: one whose worker died is simply done
again.
"""

import asyncio
import inspect
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_type_hints

import procrastinate
import psycopg
from obstore.store import ObjectStore
from procrastinate import JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.database import session_options, without_driver
from app.files import sweep_uploads
from auth.actor import system_actor
from auth.attempts import forget_attempts
from auth.codes import forget_old_codes
from auth.identities import forget_ended_bindings
from auth.oauth.keys import forget_old_keys
from auth.oauth.sessions import forget_ended_sessions
from auth.quotas import forget_buckets
from auth.sessions import KEEP_DEVICES, forget_devices
from auth.tokens import forget_expired_tokens
from domain.calendar import today
from domain.errors import Refusal
from models.sealed import Vault
from resolvers import registered as registered  # the worker imports no schema
from resolvers.cases import timers
from resolvers.jobs import ERRANDS, HANDLERS, NIGHTLY, Errand, Handler
from resolvers.outages import is_outage
from resolvers.unit_of_work import Command, UnitOfWork, transact

TIMERS = "case_timers"
RESCUE = "rescue_stalled_jobs"
NIGHT = "nightly"
SWEEP = "sweep_sign_in"
SWEEP_FILES = "sweep_files"
STALLED_AFTER = 60
"""Seconds without a sign of life after which a worker counts as dead."""
AGAIN_SECONDS = 1.0
"""After the database was lost, before it is tried again."""
KEEP_HOURS = 24 * 7
"""How long finished jobs stay for inspection."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workshop:
    """What jobs need to run: sessions, the counties served, the vault, the files."""

    sessions: async_sessionmaker[AsyncSession]
    counties: Callable[[], Iterable[str]]
    vault: Vault | None = None
    files: ObjectStore | None = None
    """Where uploads are kept; without it nobody sweeps them."""

    async def run(self, county: str, handler: Handler, **arguments: Any) -> None:
        """Run a handler as the county's clock, portion by portion until it has nothing left to do."""

        async def portion(uow: UnitOfWork) -> bool:
            return await handler(uow, **arguments) is True

        more = True
        while more:
            actor = system_actor(county, today(datetime.now(UTC)))
            outcome = await transact(self.sessions, actor, county, portion, vault=self.vault)
            more = outcome.row
            await asyncio.sleep(0)

    async def night(self) -> None:
        """Do in every county what is done once a night. What one county refuses keeps nobody else's from being done."""
        for county in self.counties():
            for handler in NIGHTLY:
                try:
                    await self.run(county, handler)
                except Refusal as refusal:
                    log.error("%s in %s: %s", handler.__name__, county, refusal)

    async def send(self, county: str, errand: Errand, **arguments: Any) -> None:
        """Run an errand, whose every transaction is the county's clock's."""

        async def within(work: Command) -> Any:
            actor = system_actor(county, today(datetime.now(UTC)))
            return (await transact(self.sessions, actor, county, work, vault=self.vault)).row

        await errand(within, **arguments)

    def tasks(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Every job and errand by its name, as the queue calls it."""
        for name, handler in HANDLERS.items():
            yield name, _served(self.run, handler)
        for name, errand in ERRANDS.items():
            yield name, _served(self.send, errand)


def build(database_url: str, workshop: Workshop) -> procrastinate.App:
    """The worker's app with every registered job, the timers, the rescuer and the sweep; open it before it runs."""
    # The next job is the first of an index. Where thousands of finished jobs tell PostgreSQL that few can be waiting, it sorts
    # all that wait instead, for each job that is fetched.
    kwargs = {"options": session_options(enable_sort="off")}
    connector = PsycopgConnector(conninfo=without_driver(database_url), kwargs=kwargs, min_size=1, max_size=4)
    app = procrastinate.App(connector=connector)
    retry = RetryStrategy(max_attempts=5, exponential_wait=4)
    for name, task in workshop.tasks():
        app.task(name=name, retry=retry)(task)

    @app.periodic(cron="*/5 * * * *")
    @app.task(name=TIMERS, queueing_lock=TIMERS)
    async def case_timers(timestamp: int) -> None:
        for county in workshop.counties():
            await workshop.run(county, timers)

    @app.periodic(cron="* * * * *")
    @app.task(name=RESCUE, queueing_lock=RESCUE, pass_context=True)
    async def rescue_stalled_jobs(context: JobContext, timestamp: int) -> None:
        await rescue(context.app)

    @app.periodic(cron="7 17 * * *")  # 01:07 in Shanghai
    @app.task(name=NIGHT, queueing_lock=NIGHT)
    async def nightly(timestamp: int) -> None:
        await workshop.night()

    @app.periodic(cron="17 19 * * *")  # 03:17 in Shanghai
    @app.task(name=SWEEP, queueing_lock=SWEEP)
    async def sweep_sign_in(timestamp: int) -> None:
        await sweep(workshop)

    @app.periodic(cron="37 19 * * *")  # 03:37 in Shanghai
    @app.task(name=SWEEP_FILES, queueing_lock=SWEEP_FILES)
    async def sweep_files(timestamp: int) -> None:
        if workshop.files is None:
            return
        for county in workshop.counties():
            await sweep_uploads(workshop.sessions, workshop.files, county, datetime.now(UTC))

    return app


async def sweep(workshop: Workshop) -> int:
    """Delete tokens, sign-ins, codes and keys that expired over a day ago; returns how many rows went."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    async with workshop.sessions.begin() as session:
        tokens = await forget_expired_tokens(session, yesterday)
        tokens += await forget_ended_sessions(session, yesterday)
        tokens += await session.run_sync(forget_old_keys, yesterday)
        await forget_buckets(session, yesterday)
        await forget_attempts(session, yesterday)
        await forget_devices(session, yesterday - KEEP_DEVICES)
        await forget_ended_bindings(session, yesterday)
        return tokens + await forget_old_codes(session, yesterday)


async def rescue(app: procrastinate.App) -> int:
    """Put back the jobs whose worker gave no sign of life, drop old finished ones; returns how many were put back.

    A recurring job whose successor waits in the queue already is ended instead: the successor does its work.
    """
    put_back = 0
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:
            log.warning("job %s (%s) stalled and is ended: the next one waits", job.id, job.task_name)
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        else:
            log.warning("job %s (%s) stalled and is put back", job.id, job.task_name)
            put_back += 1
    await app.job_manager.delete_old_jobs(nb_hours=KEEP_HOURS)
    return put_back


async def run(app: procrastinate.App, *, concurrency: int = 4, wait: bool = True) -> None:
    """Work until cancelled (or, with ``wait=False``, until no job is left). A database out of reach is waited for.

    Jobs that ran when it was lost stay with this worker's old registration and are put back by the rescuer.
    """
    while True:
        try:
            await _run(app, concurrency, wait)
        except (ConnectorException, psycopg.Error) as error:
            task = asyncio.current_task()
            told_to_stop = task is not None and task.cancelling()
            if not wait or told_to_stop or not is_outage(error.__cause__ or error):
                raise
            log.warning("the worker lost the database: %s", error.__cause__ or error)
        if not wait:
            return
        # Without an error, too: procrastinate stops when a task beside its jobs (the heartbeat) has lost the database.
        await asyncio.sleep(AGAIN_SECONDS)


async def _run(app: procrastinate.App, concurrency: int, wait: bool) -> None:
    try:
        await app.open_async()
        await app.run_worker_async(
            concurrency=concurrency,
            wait=wait,
            install_signal_handlers=False,
            shutdown_graceful_timeout=20,
            stalled_worker_timeout=STALLED_AFTER,
            listen_notify=wait,
        )
    finally:
        # Also after an opening that was cancelled midway: its pool has a task by then that outlives a cancellation.
        await app.close_async()


def _served(do: Callable[..., Awaitable[None]], handler: Handler | Errand) -> Callable[..., Any]:
    kinds = get_type_hints(handler)
    kinds.pop("return", None)
    accepted = inspect.signature(handler).parameters

    async def task(county: str, **arguments: Any) -> None:
        known = {name: _read(kinds.get(name), value) for name, value in arguments.items() if name in accepted}
        await do(county, handler, **known)

    return task


def _read(kind: Any, value: Any) -> Any:
    """A job's argument as its handler declares it (JSON knows neither ids nor dates)."""
    if kind is uuid.UUID:
        return uuid.UUID(value)
    return kind.fromisoformat(value) if kind in (date, datetime) else value
