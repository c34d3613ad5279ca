"""Rounds: every contender in turn on every screen, again and again, so that what disturbs one disturbs all."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg

from bench import client, screens
from bench.contenders import BenchError, Contender
from bench.screens import Screen
from bench.stage import Stage

Say = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How long and how often."""

    rounds: int
    seconds: float
    warm_seconds: float
    connections: int = 16


@dataclass
class Figures:
    """What the rounds of one contender on one screen showed."""

    rps: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    body_bytes: int = 0

    def summary(self, name: str) -> dict[str, Any]:
        """Medians over the rounds."""
        middle = {
            each: round(statistics.median(getattr(self, each)), 3) for each in ("rps", "p50_ms", "p99_ms", "cpu_ms")
        }
        return {"name": name, **middle}


def verify(stage: Stage, contenders: Sequence[Contender], chosen: Sequence[Screen], say: Say) -> None:
    """Every contender gives the same values for the same questions; raises ``BenchError`` where one does not."""
    for contender in contenders:
        screens.walk_export(contender.name, stage.subjects["export page"], partial(_good, contender))
    for screen in chosen:
        if screen.writes:
            _verify_writes(stage, contenders, screen)
            continue
        for subject in stage.subjects[screen.name][:5]:
            answers = {c.name: screens.leaves(_data(_good(c, screen.build[c.name](subject)))) for c in contenders}
            first = next(iter(answers.values()))
            if not first:
                raise BenchError(f"{screen.name}: an empty answer")
            for name, found in answers.items():
                if found != first:
                    other = next(iter(answers))
                    only = sorted(set(found) ^ set(first))[:10]
                    raise BenchError(f"{screen.name}: {name} ({len(found)}) and {other} ({len(first)}) differ: {only}")
    say("all contenders give the same answers")


def _data(body: bytes) -> Any:
    parsed = json.loads(body)
    return parsed.get("data", parsed)


def _good(contender: Contender, sent: bytes) -> bytes:
    status, body = client.ask(contender.port, sent)
    if status != 200 or b'"errors"' in body[:60] or b'"userErrors":[{' in body:
        raise BenchError(f"{contender.name} answers {status}: {body[:1500].decode('utf-8', 'replace')}")
    return body


WRITTEN = ("operation", "ledger_transaction", "posting", "payment", "allocation", "audit_event")


def _written(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return {
            name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])  # type: ignore[index]
            for name in WRITTEN
        }


def _verify_writes(stage: Stage, contenders: Sequence[Contender], screen: Screen) -> None:
    """A payment adds the same rows whoever records it."""
    added: dict[str, dict[str, int]] = {}
    for contender in contenders:
        before = _written(stage.superuser_url)
        _good(contender, screen.build[contender.name](stage.subjects[screen.name][0]))
        after = _written(stage.superuser_url)
        added[contender.name] = {name: after[name] - before[name] for name in WRITTEN}
    if len({json.dumps(rows) for rows in added.values()}) != 1 or not all(added[contenders[0].name].values()):
        raise BenchError(f"{screen.name}: different rows are written: {added}")


def measure(
    stage: Stage, contenders: Sequence[Contender], chosen: Sequence[Screen], effort: Effort, say: Say
) -> Mapping[str, Mapping[str, Figures]]:
    """Medians of interleaved rounds, by screen and contender."""
    found = {screen.name: {contender.name: Figures() for contender in contenders} for screen in chosen}
    for turn in range(effort.rounds + 1):
        warming = turn == 0
        for screen in chosen:
            # Another order every time: nobody always follows the same neighbour.
            order = [*contenders[turn % len(contenders) :], *contenders[: turn % len(contenders)]]
            for contender in order:
                _round(stage, contender, screen, effort, turn, None if warming else found[screen.name][contender.name])
        say("warm" if warming else f"round {turn} of {effort.rounds}")
    return found


def _round(
    stage: Stage, contender: Contender, screen: Screen, effort: Effort, turn: int, figures: Figures | None
) -> None:
    subjects = stage.subjects[screen.name]
    if not screen.writes:
        subjects = subjects[:200]
    requests = screen.requests(contender.name, subjects, turn)
    before = contender.cpu_seconds()
    seconds = effort.warm_seconds if figures is None else effort.seconds
    sample = client.drive(contender.port, requests, connections=effort.connections, seconds=seconds)
    if figures is None:
        return
    figures.rps.append(sample.rps)
    figures.p50_ms.append(sample.quantile_ms(0.5))
    figures.p99_ms.append(sample.quantile_ms(0.99))
    figures.cpu_ms.append((contender.cpu_seconds() - before) * 1000 / len(sample.latencies))
    figures.body_bytes = sample.body_bytes // len(sample.latencies)
