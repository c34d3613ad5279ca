"""KILL-DB: PostgreSQL is killed, all of its processes, while clients pay; Anju itself starts it again."""

import asyncio
import random
import signal
import time

import httpx
import psutil

from tests.conformance.tools import free_port
from tests.faults import books
from tests.faults.figures import Figures
from tests.faults.kill_app import Say, count, judge
from tests.faults.payers import Payers
from tests.faults.processes import Victim, until_ready
from tests.faults.stage import Stage

AGAIN_SECONDS = 10.0
LOAD_SECONDS = (0.3, 1.5)
"""Of undisturbed work between two kills."""


def run(
    stage: Stage, *, kills: int, clients: int, seed: int, say: Say, load_seconds: tuple[float, float] = LOAD_SECONDS
) -> Figures:
    """Kill the postmaster and its children under ``anju serve``, which nobody touches."""
    return asyncio.run(_run(stage, kills, clients, seed, say, load_seconds))


async def _run(
    stage: Stage, kills: int, clients: int, seed: int, say: Say, load_seconds: tuple[float, float]
) -> Figures:
    chance = random.Random(seed)  # noqa: S311 - when to kill is no secret
    port, log = free_port(), stage.folder.parent / "server.log"
    before, tokens = books.settled(stage), await stage.tokens(clients)
    answering, ready = [], []
    url = f"http://127.0.0.1:{port}"
    with Victim("serve", "--port", str(port), environment=stage.environment, log=log) as victim:
        async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as http:
            await until_ready(http, victim)
            async with Payers(stage, url, tokens, seed=seed) as payers:
                for kill in range(1, kills + 1):
                    await payers.acknowledged_since(time.monotonic())
                    await asyncio.sleep(chance.uniform(*load_seconds))
                    kill_postgres(stage)
                    killed = time.monotonic()
                    await payers.acknowledged_since(killed)
                    answering.append(time.monotonic() - killed)
                    await until_ready(http, victim)
                    ready.append(time.monotonic() - killed)
                    say(f"kill {kill} of {kills}: paid again after {answering[-1]:.2f} s, ready {ready[-1]:.2f} s")
                await payers.finish()
        await victim.stop()
    figures = Figures("KILL-DB")
    figures.say("kills", kills)
    count(figures, payers.tally)
    figures.say("committed but unanswered, found by the retry", payers.tally.found_done)
    await judge(figures, stage, payers.tally, before)
    figures.times("first payment again", answering, most=AGAIN_SECONDS)
    figures.times("ready again", ready, most=AGAIN_SECONDS)
    return figures


def kill_postgres(stage: Stage) -> None:
    """SIGKILL to the postmaster, before it can tell its children anything, and to each of them."""
    postmaster = psutil.Process(stage.postmaster)
    for process in [postmaster, *postmaster.children(recursive=True)]:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
