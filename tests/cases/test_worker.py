"""The worker: jobs run as the county's clock in portions, survive a dead worker, and the timers and rescuer take part."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import worker
from app.database import command_engine
from domain.roles import Role
from models.accounts import AccessToken
from models.cases import AuditEvent
from models.estates import Estate
from resolvers import jobs
from resolvers.unit_of_work import UnitOfWork
from tests.database import Database
from tests.stage import Stage


@pytest_asyncio.fixture
async def shop(own_database: Database, county: str) -> AsyncIterator[tuple[Stage, worker.Workshop, str]]:
    """A database of the test's own: a worker takes every job that it finds."""
    engine = command_engine(own_database.url, size=4, overflow=4)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    stage = await Stage.build(sessions, county)
    yield stage, worker.Workshop(sessions, lambda: (county,)), own_database.url
    await engine.dispose()


DIED = """
WITH worker AS (
    INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes') RETURNING id
)
UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM worker)
"""
"""A worker took every job that waits, and gave no sign of life since."""


async def _work(shop: tuple[Stage, worker.Workshop, str]) -> None:
    _stage, workshop, url = shop
    await worker.run(worker.build(url, workshop), wait=False)


async def _enqueue(stage: Stage, name: str, **ids: Any) -> None:
    async def ask(uow: UnitOfWork) -> None:
        await uow.enqueue(name, **ids)

    await stage.do(await stage.actor(Role.BUREAU), ask)


async def _states(stage: Stage, name: str) -> list[str]:
    async with stage.sessions() as session:
        rows = await session.execute(
            text("SELECT status::text FROM procrastinate_jobs WHERE task_name = :name ORDER BY id"), {"name": name}
        )
        return list(rows.scalars())


async def test_a_job_runs_in_portions_each_committed(
    shop: tuple[Stage, worker.Workshop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = shop[0]
    place = await stage.place()
    seen: list[tuple[str, int]] = []

    async def handler(uow: UnitOfWork, *, estate_id: uuid.UUID) -> bool:
        estate = await uow.load(Estate, estate_id)
        done = await stage.rows(AuditEvent, action="portion")
        seen.append((uow.county, len(done)))
        await uow.audit("portion", estate, grant=await uow.act({Role.SYSTEM}))
        return len(done) < 2

    monkeypatch.setitem(jobs.HANDLERS, "portions", handler)
    await _enqueue(stage, "portions", estate_id=place.estate.id)
    await _work(shop)
    # The second and third portion saw what the ones before had committed.
    assert seen == [(stage.county, 0), (stage.county, 1), (stage.county, 2)]
    assert await _states(stage, "portions") == ["succeeded"]
    assert {event.role for event in await stage.rows(AuditEvent, action="portion")} == {"SYSTEM"}


async def test_a_job_whose_worker_died_is_put_back_and_done(
    shop: tuple[Stage, worker.Workshop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, workshop, url = shop
    ran = 0

    async def handler(_uow: UnitOfWork) -> None:
        nonlocal ran
        ran += 1

    monkeypatch.setitem(jobs.HANDLERS, "fragile", handler)
    await _enqueue(stage, "fragile")
    async with stage.sessions.begin() as session:
        await session.execute(text(DIED))
    app = worker.build(url, workshop)
    async with app.open_async():
        assert await worker.rescue(app) == 1
        assert await worker.rescue(app) == 0
    await _work(shop)
    assert ran == 1
    assert await _states(stage, "fragile") == ["succeeded"]


async def test_a_recurring_job_whose_successor_waits_is_ended_and_the_others_are_put_back(
    shop: tuple[Stage, worker.Workshop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, workshop, url = shop

    async def handler(_uow: UnitOfWork) -> None: ...

    monkeypatch.setitem(jobs.HANDLERS, "fragile", handler)
    app = worker.build(url, workshop)
    async with app.open_async():
        await app.configure_task(worker.SWEEP, queueing_lock=worker.SWEEP).defer_async(timestamp=0)
        await _enqueue(stage, "fragile")
        async with stage.sessions.begin() as session:
            await session.execute(text(DIED))
        await app.configure_task(worker.SWEEP, queueing_lock=worker.SWEEP).defer_async(timestamp=60)
        assert await worker.rescue(app) == 1
        assert await worker.rescue(app) == 0
    assert await _states(stage, worker.SWEEP) == ["failed", "todo"]
    assert await _states(stage, "fragile") == ["todo"]


async def test_expired_tokens_are_swept_and_others_stay(shop: tuple[Stage, worker.Workshop, str]) -> None:
    stage, workshop, _url = shop
    holder = await stage.actor(Role.BUREAU)
    now = datetime.now(UTC)
    async with stage.sessions.begin() as session:
        session.add_all(
            AccessToken(
                token_hash=bytes([hours % 256]) * 32,
                account_id=holder.account_id,
                expires_at=now + timedelta(hours=hours),
            )
            for hours in (-25, -23, 1)
        )
    assert await worker.sweep(workshop) == 1
    assert await worker.sweep(workshop) == 0


async def test_the_worker_knows_every_job_the_timers_and_the_rescuer(
    shop: tuple[Stage, worker.Workshop, str],
) -> None:
    app = worker.build(shop[2], shop[1])
    periodic = {worker.TIMERS, worker.RESCUE, worker.NIGHT, worker.SWEEP, worker.SWEEP_FILES}
    assert {*jobs.HANDLERS, *periodic} <= set(app.tasks)
    assert {task.task.name for task in app.periodic_registry.periodic_tasks.values()} == periodic


class _NeverOpen:
    """A database that is being reached when the worker is told to stop."""

    def __init__(self) -> None:
        self.reaching = asyncio.Event()
        self.closed = False

    async def open_async(self) -> None:
        self.reaching.set()
        await asyncio.Event().wait()

    async def close_async(self) -> None:
        self.closed = True


async def test_stopped_while_it_connects_it_closes_what_is_half_open() -> None:
    """The pool's own tasks outlive a cancellation then: Ctrl-C just after the start used to wait for them in vain."""
    app = _NeverOpen()
    running = asyncio.create_task(worker.run(app))  # type: ignore[arg-type]
    await app.reaching.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert app.closed
