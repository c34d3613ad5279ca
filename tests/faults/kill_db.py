"""KILL-DB: PostgreSQL is killed, all of its processes, while clients pay; most times before its word of a COMMIT is heard.

Anju itself starts it again.
"""

import asyncio
import random
import time

import httpx

from tests.conformance.tools import free_port
from tests.faults import books
from tests.faults.figures import Figures
from tests.faults.kill_app import LEAST_HIT, Say, count, judge
from tests.faults.payers import Payers
from tests.faults.processes import Victim, kill_postgres, until_ready
from tests.faults.stage import Stage
from tests.loopback import until

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
    armed = stage.folder.parent / "armed"
    environment = {**stage.environment, "FAULTS_ARMED": str(armed)}
    with Victim("serve", "--port", str(port), environment=environment, log=log) as victim:
        async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as http:
            await until_ready(http, victim)
            async with Payers(stage, url, tokens, seed=seed) as payers:
                for kill in range(1, kills + 1):
                    await payers.acknowledged_since(time.monotonic())
                    await asyncio.sleep(chance.uniform(*load_seconds))
                    if kill % 3:
                        armed.touch()  # the server itself does it, at its next COMMIT (``program.losing_its_word``)
                        await until(lambda: not armed.exists())
                    else:
                        kill_postgres(stage.folder)
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
    hit = payers.tally.found_in_between
    figures.demand("committed while the connection broke, found by the key", hit, least=LEAST_HIT * kills)
    await judge(figures, stage, payers.tally, before)
    figures.times("first payment again", answering, most=AGAIN_SECONDS)
    figures.times("ready again", ready, most=AGAIN_SECONDS)
    return figures
