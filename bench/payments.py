"""Payments through GraphQL: how many a second, and how soon each is answered, when everything shares two cores.

The screens' bench keeps the server on a core of its own; here the server, PostgreSQL and the load generator are where the
scheduler puts them, as on one small machine. Each request is ``feeBillPay`` with a key of its own, recorded by a bank: what
is counted must be in the books afterwards.
"""

import os
import random
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import client, contenders, machine
from bench.contenders import BenchError
from bench.screens import PAY
from bench.stage import server, stage

WANTED_A_SECOND, WANTED_P95_MS = 200, 150
CORES = 2
WARM_SECONDS = 5.0


@dataclass(frozen=True)
class Round:
    """What one round showed; times in milliseconds."""

    payments: int
    a_second: float
    p50: float
    p95: float
    p99: float
    server_cpu: float
    """Processor time of the server for one payment."""


def measured(
    folder: Path,
    units: int,
    bills: int,
    rounds: int,
    seconds: float,
    connections: int,
    say: Callable[[str], None],
) -> Sequence[Round]:
    """Rounds of some seconds each, after a first one that is not counted."""
    cores = set(sorted(os.sched_getaffinity(0))[:CORES])
    if len(cores) < CORES:
        raise BenchError(f"{CORES} cores are needed")
    os.sched_setaffinity(0, cores)
    say(machine.describe())
    with ExitStack() as stack:
        running = stack.enter_context(server(folder, cores))
        made = stage(running, units, bills)
        contender = contenders.anju(made.url, folder, cores)
        stack.callback(contender.stop)
        subjects = made.subjects[PAY.name]
        chance = random.Random(1)
        found = []
        for turn in range(rounds + 1):
            before, cpu = _payments(made.superuser_url), contender.cpu_seconds()
            requests = PAY.requests("anju", chance.sample(subjects, len(subjects)), turn)
            sample = client.drive(
                contender.port, requests, connections=connections, seconds=seconds if turn else WARM_SECONDS
            )
            cpu, count = contender.cpu_seconds() - cpu, len(sample.latencies)
            if (written := _payments(made.superuser_url) - before) != count:
                raise BenchError(f"{count} payments were answered, {written} are in the books")
            if turn:
                p50, p95, p99 = (sample.quantile_ms(share) for share in (0.5, 0.95, 0.99))
                found.append(Round(count, sample.rps, p50, p95, p99, cpu * 1000 / count))
            say(f"round {turn} of {rounds}: {sample.rps:,.0f} payments/s" if turn else "warm")
    return found


def _payments(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM payment").fetchone()
    assert row is not None
    return int(row[0])


def report(found: Sequence[Round]) -> list[str]:
    """Medians, Markdown, with what was wanted."""
    middle = _medians(found)
    missed = {
        "a_second": middle["a_second"] < WANTED_A_SECOND,
        "p95": middle["p95"] > WANTED_P95_MS,
    }
    return [
        "",
        "| payments/s | p50 ms | p95 ms | p99 ms | server CPU ms | payments in all |",
        "|---:|---:|---:|---:|---:|---:|",
        f"| {middle['a_second']:,.0f} | {middle['p50']:.1f} | {middle['p95']:.1f} | {middle['p99']:.1f}"
        f" | {middle['server_cpu']:.2f} | {sum(each.payments for each in found):,} |",
        "",
        f"Wanted: at least {WANTED_A_SECOND} a second{' (MISSED)' if missed['a_second'] else ''}, p95 at most"
        f" {WANTED_P95_MS} ms{' (MISSED)' if missed['p95'] else ''}. Slowest round:"
        f" {min(each.a_second for each in found):,.0f}/s; worst p95 {max(each.p95 for each in found):.1f} ms.",
    ]


def as_json(found: Sequence[Round]) -> dict[str, Any]:
    """The form that ``--json`` writes."""
    return {"rounds": [vars(each) for each in found], "medians": _medians(found)}


def _medians(found: Sequence[Round]) -> dict[str, float]:
    return {name: statistics.median(vars(each)[name] for each in found) for name in vars(found[0])}
