"""The demo counties: invented throughout, dated relative to today, made by the commands that people use (issue 2, §3).

Each county is one transaction: its logins work from its commit on, an interruption leaves no half of it, and a county
that is there stays as it is. ``anju demo`` and ``anju serve --demo`` run ``load``, which has two processes do the work;
``app.demo.loading`` is what they do.
"""

import asyncio
import multiprocessing
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait

from app.progress import Progress, silent
from app.settings import Settings
from domain.profiles import COUNTIES

HANDS = 2
"""Processes that load, a county at a time: telling a county is mostly Python's work."""

_STOP_SECONDS = 10


class DemoError(Exception):
    """A demo county could not be made. Nothing of it is there; what was there before, and other counties, stay."""

    def __init__(self, county: str, why: str) -> None:
        said = f"the demo county {county} was not made: {why}"
        super().__init__(f"{said} (what is there stays; an empty database is loaded whole)")


@dataclass(frozen=True)
class _Failure:
    """Why a process gave up. Exceptions themselves do not all survive the way to another process."""

    why: str
    trace: str


def load(
    settings: Settings,
    show: Progress = silent,
    *,
    seed: int = 1,
    now: datetime | None = None,
    counties: Sequence[str] = COUNTIES,
) -> list[str]:
    """Load the demo counties that are not there yet, and return their codes.

    ``seed`` varies names and figures; ``now`` is the instant that the demo is relative to. Raises ``DemoError`` when
    something keeps a county from being made; what was not committed by then is not there.
    """
    instant = now or datetime.now(UTC)
    waiting = iter(counties)
    made: list[str] = []
    with ExitStack() as stack:
        busy = {stack.enter_context(_hand(settings, seed, instant)): "" for _ in range(min(HANDS, len(counties)))}
        for pipe in list(busy):
            _next(pipe, waiting, busy)
        while busy:
            said_something = wait(list(busy))
            for pipe in [pipe for pipe in busy if pipe in said_something]:
                said = _heard(pipe, busy[pipe])
                if isinstance(said, tuple):
                    show(*said)
                    continue
                if said:
                    made.append(busy[pipe])
                _next(pipe, waiting, busy)
    return sorted(made)


def _next(pipe: Connection, waiting: Iterator[str], busy: dict[Connection, str]) -> None:
    """Give a process the next county; None sends it home."""
    county = next(waiting, None)
    pipe.send(county)
    if county is None:
        del busy[pipe]
    else:
        busy[pipe] = county


def _heard(pipe: Connection, county: str) -> tuple[str, int, int] | bool:
    """How far a process is, or whether the county was made by it."""
    try:
        said = pipe.recv()
    except EOFError:
        raise DemoError(county, "the process that loaded it was stopped") from None
    if isinstance(said, _Failure):
        error = DemoError(county, said.why)
        error.add_note(said.trace)
        raise error
    return said  # type: ignore[no-any-return]


@contextmanager
def _hand(settings: Settings, seed: int, now: datetime) -> Iterator[Connection]:
    """A process that loads the counties sent through the pipe. It ends with the block, whatever it is at."""
    # Spawned, not forked: the caller may have threads, and a copy of its end of the pipe would outlive it.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, settings, seed, now), daemon=True)
    # Ctrl-C reaches all processes of a terminal and is for the caller, who stops this one. A child keeps the mask.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    process.start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    there.close()
    try:
        yield here
    except BaseException:
        process.terminate()
        raise
    finally:
        here.close()
        process.join(_STOP_SECONDS)


def _work(pipe: Connection, settings: Settings, seed: int, now: datetime) -> None:
    """What the process does: a county after the other, until it is sent home or nobody listens any more."""
    with suppress(EOFError, ConnectionError):
        try:
            asyncio.run(_load(pipe, settings, seed, now))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 -- is told to whoever asked
            first_line = str(error).partition("\n")[0]
            pipe.send(_Failure(f"{type(error).__name__}: {first_line}", traceback.format_exc()))


async def _load(pipe: Connection, settings: Settings, seed: int, now: datetime) -> None:
    # What this needs takes a second to load, and the caller of ``load`` needs none of it.
    from app.demo.county import packaged_counties
    from app.demo.loading import load_county, ready

    counties = {county.code: county for county in packaged_counties()}
    async with ready(settings) as engine:
        for code in iter(pipe.recv, None):
            made = await load_county(engine, settings, counties[code], lambda *far: pipe.send(far), seed=seed, now=now)
            pipe.send(made)
