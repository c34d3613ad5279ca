"""Bill runs' time and memory: ``python -m bench --bill-run``.

A copy of the large demo (past bills beside the units that are to be billed). Each company starts its due runs of next month by the
command behind ``billRunsStart``; the worker, a process of its own with its usual concurrency, takes the jobs from the queue until
none is left. The time is from the first start to the last bill; what the runs say they issued must be in the books.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import postgres, worker
from app.database import command_engine
from auth.actor import Actor, Grant
from bench import machine
from bench.contenders import BenchError
from bench.stage import stage
from domain.calendar import today
from domain.profiles import counties
from domain.roles import Role
from resolvers import due_bill_runs
from resolvers.bill_runs import latest_start
from resolvers.unit_of_work import UnitOfWork, transact

DATABASE = "bench_billing"
WANTED_SECONDS = 60
CONCURRENCY = 2
"""Jobs at a time: what ``anju serve`` takes by default."""


@dataclass(frozen=True)
class Figures:
    """What it took: seconds by step, MiB at the worker's peak; fen billed."""

    bills: int
    runs: int
    amount: int
    started: float
    issued: float
    peak_mib: int

    @property
    def seconds(self) -> float:
        return self.started + self.issued


def measured(folder: Path, bills: int, say: Any) -> Figures:
    """Bill so many units, of which some have two years of bills."""
    with postgres.start(folder) as running:
        made = stage(running, bills, bills)
        _copy(running, made.superuser_url)
        url = running.url_for(DATABASE, user=postgres.OWNER)
        say("billing")
        given = [sys.executable, "-m", "bench.billing", url]
        done = subprocess.run(given, stdout=subprocess.PIPE, check=True)
        found = _in_the_books(running.url_for(DATABASE, user="postgres"))
    figures = Figures(**found, **json.loads(done.stdout))
    if figures.bills != bills:
        raise BenchError(f"{figures.bills} bills were issued to {bills} units")
    return figures


def _copy(running: postgres.EmbeddedPostgres, url: str) -> None:
    """The demo as it was loaded: a second measurement finds nothing billed."""
    with psycopg.connect(url) as connection:
        name = connection.info.dbname
    with psycopg.connect(running.superuser_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}"')
        connection.execute(f'CREATE DATABASE "{DATABASE}" TEMPLATE "{name}" OWNER "{postgres.OWNER}"')
        connection.execute("CHECKPOINT")


def _in_the_books(url: str) -> dict[str, int]:
    """Next month's runs and bills; raises ``BenchError`` where runs, bills and postings differ."""
    period = latest_start(today(datetime.now(UTC)))
    with psycopg.connect(url) as connection:
        said = connection.execute(
            "SELECT count(*), sum(issued), sum(amount), count(*) FILTER (WHERE state <> 'DONE') FROM bill_run"
            " WHERE period_from = %s",
            [period],
        ).fetchone()
        there = connection.execute(
            "SELECT count(*), sum(b.amount) FROM fee_bill b JOIN bill_run r ON (r.county, r.id) = (b.county, b.bill_run_id)"
            " WHERE r.period_from = %s",
            [period],
        ).fetchone()
        posted = connection.execute(
            "SELECT sum(p.amount) FROM posting p WHERE p.amount > 0 AND (p.county, p.transaction_id) IN"
            " (SELECT DISTINCT b.county, b.transaction_id FROM fee_bill b"
            "  JOIN bill_run r ON (r.county, r.id) = (b.county, b.bill_run_id) WHERE r.period_from = %s)",
            [period],
        ).fetchone()
    assert said is not None
    assert posted is not None
    runs, issued, amount, unfinished = said
    if unfinished or (issued, amount) != there or posted[0] != amount:
        raise BenchError(f"runs {said}, bills {there}, postings {posted} differ")
    return {"bills": int(issued), "runs": int(runs), "amount": int(amount)}


async def _bill(url: str) -> dict[str, float]:
    engine = command_engine(url, size=CONCURRENCY + 1)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    day = today(datetime.now(UTC))
    began = time.perf_counter()
    for actor in _administrators(url, day):
        left = 1
        while left:
            left = await _start(sessions, actor, latest_start(day))
    started = time.perf_counter() - began
    await worker.run(worker.build(url, worker.Workshop(sessions, counties)), concurrency=CONCURRENCY, wait=False)
    issued = time.perf_counter() - began - started
    await engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"started": round(started, 1), "issued": round(issued, 1), "peak_mib": peak}


async def _start(sessions: Any, actor: Actor, period_from: date) -> int:
    async def start(uow: UnitOfWork) -> int:
        found = await due_bill_runs.start_due(uow, period_from=period_from)
        assert not found.refused, found.refused[0].refusal.code
        return found.left

    (county,) = actor.counties
    return int((await transact(sessions, actor, county, start)).row)


def _administrators(url: str, day: date) -> list[Actor]:
    """Who bills for each company."""
    with psycopg.connect(url) as connection:
        held = connection.execute(
            "SELECT DISTINCT ON (county, company_id) county, id, account_id, company_id FROM account_grant"
            " WHERE role = %s AND county = ANY (%s) ORDER BY county, company_id, id",
            [Role.COMPANY_ADMIN.value, list(counties())],
        ).fetchall()
    return [_actor(*row, day) for row in held]


def _actor(county: str, grant: UUID, account: UUID, company: UUID, day: date) -> Actor:
    held = Grant(grant, Role.COMPANY_ADMIN, county, account_id=account, company_id=company)
    return Actor(account, None, None, "", "zh-CN", day, (held,))


def report(found: Figures) -> list[str]:
    """The figures as lines of a table."""
    missed = " (MISSED)" if found.seconds > WANTED_SECONDS else ""
    return [
        machine.describe(),
        "| bills | runs | started | issued | altogether | bills a second | peak memory |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        f"| {found.bills:,} | {found.runs:,} | {found.started} s | {found.issued} s | {found.seconds:.1f} s"
        f" | {found.bills / found.seconds:,.0f} | {found.peak_mib} MiB |",
        f"Wanted: 100,000 bills in at most {WANTED_SECONDS} s{missed}. In the books: {found.amount:,} fen.",
    ]


def as_json(found: Figures) -> dict[str, Any]:
    """The figures for ``--json``."""
    return {"bill_run": {**asdict(found), "seconds": round(found.seconds, 1)}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_bill(sys.argv[1]))))
