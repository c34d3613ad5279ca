"""What counting callers' quotas costs a request: the application in this process, with its quotas and without, in turn.

No HTTP server: the requests go straight to the ASGI application, four at a time, so that a request served is dearer and the
share of the quotas in it smaller than is said here. What counts is the processor time of this process. Each batch with
quotas ends with a settling, which a server has once a second only; its statement's own time is told apart.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from app.asgi import create_app
from app.quotas import Quotas
from app.requests import Service
from app.settings import load
from bench.contenders import UNREACHED, BenchError
from bench.screens import Screen
from bench.stage import Stage

BATCH = 1_500
AT_ONCE = 4
EXPORT = "export page"

Asked = tuple[dict[str, Any], bytes]
"""An ASGI scope and a body."""


@dataclass
class Cost:
    """Processor time of a request by batch, in microseconds. ``again`` is a second one with quotas: the noise."""

    counted: list[float] = field(default_factory=list)
    without: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    settling_ms: list[float] = field(default_factory=list)
    callers: int = 0


def measure(stage: Stage, chosen: Sequence[Screen], data: Path, rounds: int, say: Callable[[str], None]) -> Any:
    """The reading screens' costs, by name; the export is left out, whose pages are asked for by cursors of earlier ones."""
    settings = {"DATABASE_URL": stage.url, "ANJU_DATA": str(data), "ANJU_LOG_LEVEL": "warning"}
    os.environ.update({**settings, "ANJU_PERSON_QUOTA": UNREACHED, "ANJU_PARTNER_QUOTA": UNREACHED})
    reading = [screen for screen in chosen if not screen.writes and screen.name != EXPORT]
    return asyncio.run(_measure(stage, reading, rounds, say))


def table(found: dict[str, Cost]) -> list[str]:
    """One line a screen, Markdown."""
    lines = [
        "| screen | with quotas, least / median | without | more | two equal ones | callers settled | settling |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, cost in found.items():
        counted, without = [*cost.counted, *cost.again], cost.without
        more, middle = min(counted) - min(without), statistics.median(counted) - statistics.median(without)
        equal = [abs(figure(cost.counted) - figure(cost.again)) for figure in (min, statistics.median)]
        lines.append(
            f"| {name} | {min(counted):.0f} / {statistics.median(counted):.0f} µs"
            f" | {min(without):.0f} / {statistics.median(without):.0f} µs | {more:.1f} / {middle:.1f} µs"
            f" | {equal[0]:.1f} / {equal[1]:.1f} µs | {cost.callers} | {statistics.median(cost.settling_ms):.1f} ms |"
        )
    return lines


async def _measure(stage: Stage, reading: Sequence[Screen], rounds: int, say: Callable[[str], None]) -> dict[str, Cost]:
    app = create_app(load())
    service: Service = app.state.service
    quotas = service.quotas
    if quotas is None:
        raise BenchError("the application has no quotas")
    found = {screen.name: Cost() for screen in reading}
    async with app.router.lifespan_context(app):
        for turn in range(rounds + 1):
            for screen in reading:
                subjects = stage.subjects[screen.name][:200]
                asked = [_asked(sent) for sent in islice(screen.requests("anju", subjects, turn), BATCH)]
                cost = found[screen.name]
                kinds = [(cost.counted, quotas), (cost.without, None), (cost.again, quotas)]
                for into, used in [*kinds[turn % 3 :], *kinds[: turn % 3]]:
                    service.quotas = used
                    spent, settled = await _batch(app, asked, used)
                    if turn:
                        into.append(spent)
                        cost.settling_ms += settled
                cost.callers = len({subject.caller.token for subject in subjects})
            say(f"quotas, round {turn} of {rounds}" if turn else "warm")
        service.quotas = quotas
    return found


async def _batch(app: Any, asked: Iterable[Asked], quotas: Quotas | None) -> tuple[float, list[float]]:
    """Microseconds of one request, and milliseconds of the settling."""
    waiting = iter(asked)
    settled = []

    async def caller() -> None:
        for scope, body in waiting:
            await _ask(app, scope, body)

    before = time.process_time()
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    if quotas is not None:
        began = time.perf_counter()
        await quotas.settle()
        settled.append((time.perf_counter() - began) * 1e3)
    return (time.process_time() - before) * 1e6 / BATCH, settled


async def _ask(app: Any, scope: dict[str, Any], body: bytes) -> None:
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    await app({**scope}, receive, send)
    if status != 200:
        raise BenchError(f"an answer has status {status}")


def _asked(sent: bytes) -> Asked:
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines)]
    path = first.split()[1].decode()
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "client": ("127.0.0.1", 5000),
        "headers": headers,
    }, body
