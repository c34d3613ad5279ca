"""Enqueue background jobs on the business connection: a job exists exactly when the transaction that asked for it
commits.

A handler is a command that the worker runs as the county's own clock, registered by name. Its arguments are ids, so
it reads the present state itself, and it is idempotent: after a crash it runs again. Long work returns ``True`` after
each portion, which is then committed (progress becomes visible), and is called again until it returns something
else::

    @job("bill_run_issue")
    async def issue(uow: UnitOfWork, *, bill_run_id: UUID) -> bool: ...

    await uow.enqueue("bill_run_issue", bill_run_id=run.id)

An errand goes out into the world, to somebody else's server, and no transaction is open while it waits there: it gets
``within``, which runs a piece of work in a transaction of its own::

    @errand("checkout_place")
    async def place(within: Within, *, checkout_id: UUID) -> None: ...
"""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

Handler = Callable[..., Awaitable[bool | None]]
HandlerOf = TypeVar("HandlerOf", bound=Handler)

HANDLERS: dict[str, Handler] = {}
"""Every job by its name; the worker serves exactly these, and the errands."""

Within = Callable[[Callable[..., Awaitable[Any]]], Awaitable[Any]]
"""``await within(work)`` runs ``work(uow)`` as the county's clock, commits, and gives what it returned."""

Errand = Callable[..., Awaitable[None]]
ErrandOf = TypeVar("ErrandOf", bound=Errand)

ERRANDS: dict[str, Errand] = {}
"""Every errand by its name."""


NIGHTLY: list[Callable[..., Awaitable[bool]]] = []
"""What the county's clock does once a night, in the order of registration; each is run again while it returns ``True``."""

NightlyOf = TypeVar("NightlyOf", bound=Callable[..., Awaitable[bool]])


def nightly(handler: NightlyOf) -> NightlyOf:
    """Register what is to be done every night: portion by portion, idempotent, with no argument but the unit of work."""
    NIGHTLY.append(handler)
    return handler


def job(name: str) -> Callable[[HandlerOf], HandlerOf]:
    """Register the handler of a job. Names are never reused: jobs written by an older version may still wait."""

    def register(handler: HandlerOf) -> HandlerOf:
        _check_new(name)
        HANDLERS[name] = handler
        return handler

    return register


def errand(name: str) -> Callable[[ErrandOf], ErrandOf]:
    """Register an errand, which is enqueued like a job. One that raises is done again, a few times."""

    def register(made: ErrandOf) -> ErrandOf:
        _check_new(name)
        ERRANDS[name] = made
        return made

    return register


def _check_new(name: str) -> None:
    if name in HANDLERS or name in ERRANDS:
        raise ValueError(f"the job {name} has a handler already")


async def enqueue(
    session: AsyncSession,
    name: str,
    arguments: Mapping[str, Any],
    *,
    queue: str = "default",
    lock: str | None = None,
    at: datetime | None = None,
) -> int:
    """Add a job to the session's transaction; returns its number. Jobs with one ``lock`` run one after another."""
    (number,) = await enqueue_all(session, name, [arguments], queue=queue, lock=lock, at=at)
    return number


async def enqueue_all(
    session: AsyncSession,
    name: str,
    arguments: Iterable[Mapping[str, Any]],
    *,
    queue: str = "default",
    lock: str | None = None,
    at: datetime | None = None,
) -> list[int]:
    """Add jobs of one name in one statement; returns their numbers."""
    if name not in HANDLERS and name not in ERRANDS:
        raise LookupError(f"no handler is registered for the job {name}")
    # With the first job only: they bring libraries for cron and dates that a server's start need not wait for.
    from procrastinate import PsycopgConnector
    from procrastinate.jobs import Job
    from procrastinate.manager import JobManager

    wanted = [
        Job(
            id=None,
            queue=queue,
            lock=lock,
            queueing_lock=None,
            task_name=name,
            task_kwargs={key: _plain(value) for key, value in each.items()},
            scheduled_at=at,
        )
        for each in arguments
    ]
    if not wanted:
        return []
    connection = await (await session.connection()).get_raw_connection()
    # Never opened: it only writes procrastinate's own statement on the connection that it is handed.
    deferred = await JobManager(PsycopgConnector()).batch_defer_jobs_async(
        wanted, connection=cast("psycopg.AsyncConnection[Any]", connection.driver_connection)
    )
    numbers = [each.id for each in deferred if each.id is not None]
    if len(numbers) < len(wanted):
        raise RuntimeError(f"a job {name} got no number")
    return numbers


def _plain(value: Any) -> Any:
    """A JSON value for a job's argument."""
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value
