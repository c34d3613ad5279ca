"""What the county fuse costs: the screens' compiled statements under row-level security and as a role that passes by it.

The same prepared statements with the same values go to three connections in turn: twice as ``anju_app``, whose policies
are forced, and once as a role with BYPASSRLS and otherwise its rights. What counts is the processor time of the three
backends by the scheduler's own books. The second one under the policies shows how far two equal backends differ.

For the share in a request the application's own processor time is added, as it answers in this process: without HTTP,
so that a request served is dearer and the fuse's share in it smaller than is said here.
"""

import asyncio
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.actors import StoredActors
from app.database import APP_ROLE, command_engine, read_pool, session_options, without_driver
from app.lines import Lines, read_lines
from bench.contenders import BenchError
from bench.screens import Screen, walk_export
from bench.stage import Stage
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor

PASSING_BY = "bench_without_fuse"
TARGET = 0.05
WARM_ROUNDS = 6
"""PostgreSQL plans a prepared statement anew five times before it may keep a plan."""

Sent = tuple[str, tuple[bytes | None, ...]]
"""A statement with its values, as the application sent it."""


@dataclass
class Cost:
    """Processor time of a statement by round, in milliseconds."""

    application: float
    """What one request takes of the application."""

    fused: list[float] = field(default_factory=list)
    control: list[float] = field(default_factory=list)
    passing: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """By how much the policies make a statement dearer (0.03 = 3 %): the median of the rounds."""
        pairs = zip(self.fused, self.control, self.passing, strict=True)
        return statistics.median((one + two) / 2 / without for one, two, without in pairs) - 1

    @property
    def share(self) -> float:
        """The same for a whole request."""
        passing = statistics.median(self.passing)
        return self.ratio * passing / (passing + self.application)

    @property
    def noise(self) -> float:
        """The same between the two equal ones."""
        return statistics.median(one / two for one, two in zip(self.fused, self.control, strict=True)) - 1


def measure(stage: Stage, chosen: Sequence[Screen], rounds: int, say: Callable[[str], None]) -> dict[str, Cost]:
    """Every reading screen's cost of the fuse."""
    _make_role(stage.superuser_url)
    reading = [screen for screen in chosen if not screen.writes]
    recorded = _recorded(stage, reading)
    sent = {name: statements for name, (statements, _) in recorded.items()}
    found = {name: Cost(application) for name, (_, application) in recorded.items()}
    with ExitStack() as stack:
        backends = [stack.enter_context(_connected(stage.url, role)) for role in (APP_ROLE, APP_ROLE, PASSING_BY)]
        _check(backends, sent)
        for turn in range(WARM_ROUNDS + rounds):
            for name, statements in sent.items():
                spent = _round(backends, statements)
                if turn >= WARM_ROUNDS:
                    cost = found[name]
                    for values, value in zip((cost.fused, cost.control, cost.passing), spent, strict=True):
                        values.append(value)
            say(f"fuse, round {turn + 1} of {WARM_ROUNDS + rounds}")
    return found


def table(found: dict[str, Cost]) -> list[str]:
    """One line a screen, Markdown."""
    lines = [
        "| screen | with the fuse | without | of the statement | of a request (< 5 %) | two equal ones |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, cost in found.items():
        fused, passing = statistics.median([*cost.fused, *cost.control]), statistics.median(cost.passing)
        missed = " **missed**" if cost.share >= TARGET else ""
        lines.append(
            f"| {name} | {fused:.3f} ms | {passing:.3f} ms | {cost.ratio:+.1%} | {cost.share:+.1%}{missed}"
            f" | {cost.noise:+.1%} |"
        )
    return lines


def _make_role(superuser_url: str) -> None:
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [PASSING_BY]).fetchone() is None:
            connection.execute(f"CREATE ROLE {PASSING_BY} NOLOGIN BYPASSRLS IN ROLE {APP_ROLE}")
            connection.execute(f"GRANT {PASSING_BY} TO anju")


class _Backend:
    """A connection whose statements are prepared at first sight, as on the application's lines."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._names: dict[str, bytes] = {}
        self._books = Path(f"/proc/{connection.info.backend_pid}/schedstat")

    def run(self, statement: str, values: Sequence[Any]) -> bytes | None:
        libpq = self.connection.pgconn
        name = self._names.get(statement)
        if name is None:
            name = self._names[statement] = b"read_%d" % len(self._names)
            _good(libpq.prepare(name, statement.encode()))
        result = libpq.exec_prepared(name, values, result_format=pq.Format.BINARY)
        found: bytes | None = _good(result).get_value(0, 1)
        return found

    def spent(self) -> int:
        """Nanoseconds on a processor so far."""
        return int(self._books.read_text().split()[0])

    def is_fused(self) -> bool:
        row = self.connection.execute("SELECT row_security_active('estate')").fetchone()
        return bool(row and row[0])


def _good(result: Any) -> Any:
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        raise BenchError(result.error_message.decode())
    return result


@contextmanager
def _connected(url: str, role: str) -> Iterator[_Backend]:
    with psycopg.connect(without_driver(url), autocommit=True, options=session_options(role=role)) as connection:
        yield _Backend(connection)


def _check(backends: Sequence[_Backend], sent: dict[str, list[Sent]]) -> None:
    """The comparison is one: policies here, none there, and the same answers."""
    if [backend.is_fused() for backend in backends] != [True, True, False]:
        raise BenchError("the roles do not differ in their policies")
    for name, statements in sent.items():
        for statement, values in statements[:10]:
            answers = {backend.run(statement, values) for backend in backends}
            if len(answers) != 1 or None in answers:
                raise BenchError(f"{name}: the answers differ")


def _round(backends: Sequence[_Backend], statements: Sequence[Sent]) -> list[float]:
    """Milliseconds of one statement on each backend. They take turns at each, so that a disturbance meets them all."""
    before = [backend.spent() for backend in backends]
    for at, (statement, values) in enumerate(statements):
        first = at % len(backends)
        for backend in (*backends[first:], *backends[:first]):
            backend.run(statement, values)
    return [(backend.spent() - was) / 1e6 / len(statements) for backend, was in zip(backends, before, strict=True)]


class _Recording:
    """Lines that also write down what they are sent."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.sent: list[Sent] = []

    async def take(self) -> Any:
        return _Recorder(await self.lines.take(), self.sent)

    def give(self, recorder: Any) -> None:
        self.lines.give(recorder.line)


@dataclass
class _Recorder:
    line: Any
    sent: list[Sent]
    broken: bool = False

    async def fetch(self, statement: str, values: Sequence[bytes | None]) -> Any:
        self.sent.append((statement, tuple(values)))
        return await self.line.fetch(statement, values)

    async def run(self, statement: str) -> None:
        await self.line.run(statement)


def _recorded(stage: Stage, reading: Sequence[Screen]) -> dict[str, tuple[list[Sent], float]]:
    """By screen what the application sends to the database for its subjects, and its own milliseconds for a request."""
    schema = graphql_schema()
    documents = Documents(schema)
    found = {}
    with asyncio.Runner() as runner:
        lines = read_lines(stage.url, maximum=1)
        recording = _Recording(lines)
        pool = read_pool(stage.url, minimum=1, maximum=1)
        engine = command_engine(stage.url, size=1)  # for acts, of which there are none here
        executor = Executor(schema, recording, async_sessionmaker(engine))
        actors = StoredActors(pool)

        async def answer(request: bytes) -> bytes:
            head, _, text = request.partition(b"\r\n\r\n")
            token = re.search(rb"Bearer (\S+)", head)[1].decode()  # type: ignore[index]
            body = json.loads(text)
            document = documents.get(body["query"])
            actor = await actors.find(token, fresh=False)
            context = RequestContext("bench", token=token)
            answered = await executor.execute(document, document.operation(None), body["variables"], actor, context)
            if b'"errors"' in answered.body:
                raise BenchError(answered.body[:500].decode())
            return answered.body

        async def answer_all(requests: Sequence[bytes]) -> None:
            for request in requests:
                await answer(request)

        def send(request: bytes) -> bytes:
            return bytes(json.dumps(json.loads(runner.run(answer(request)))["data"]).encode())

        runner.run(pool.open(wait=True))
        try:
            walk_export("anju", stage.subjects["export page"], send)
            for screen in reading:
                requests = [screen.build["anju"](subject) for subject in stage.subjects[screen.name]]
                runner.run(answer_all(requests))  # compiled and planned now
                recording.sent.clear()
                began = time.process_time()
                runner.run(answer_all(requests))
                found[screen.name] = recording.sent.copy(), (time.process_time() - began) * 1e3 / len(requests)
        finally:
            runner.run(lines.close())
            runner.run(pool.close())
            runner.run(engine.dispose())
    return found
