"""KILL-APP: the server is killed while clients pay; most times between COMMIT and the answer."""

import asyncio
import random
import time
from collections.abc import Callable

import httpx

from tests.conformance.tools import free_port
from tests.faults import books
from tests.faults.figures import Figures
from tests.faults.payers import Payers, Tally
from tests.faults.processes import Victim, until_ready
from tests.faults.stage import Stage

READY_SECONDS = 5.0
LEAST_HIT = 0.4
"""Committed-but-unanswered orders for each kill: twenty of fifty."""

ANSWERS = (20, 250)
"""Of a server before it is killed at its fail point."""

Say = Callable[[str], None]


def run(stage: Stage, *, kills: int, clients: int, seed: int, say: Say, answers: tuple[int, int] = ANSWERS) -> Figures:
    """Kill ``anju serve``, parent and server process at once, and start it again each time."""
    return asyncio.run(_run(stage, kills, clients, seed, say, answers))


async def _run(stage: Stage, kills: int, clients: int, seed: int, say: Say, answers: tuple[int, int]) -> Figures:
    chance = random.Random(seed)  # noqa: S311 - when to kill is no secret
    port, log = free_port(), stage.folder.parent / "server.log"
    before, database = books.settled(stage), stage.postmaster
    url, recoveries, killed = f"http://127.0.0.1:{port}", [], 0.0

    def serving(**fail: str) -> Victim:
        return Victim("serve", "--port", str(port), environment={**stage.environment, **fail}, log=log)

    async with (
        httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as http,
        Payers(stage, url, await stage.tokens(clients), seed=seed) as payers,
    ):
        for kill in range(kills):
            # Two of three at the fail point; the third whenever it happens to be.
            at_the_point = kill % 3 != 2
            with serving(FAULTS_ANSWERS=str(chance.randint(*answers) if at_the_point else "")) as victim:
                await until_ready(http, victim)
                if kill:
                    recoveries.append(time.monotonic() - killed)
                    say(f"kill {kill} of {kills}: ready after {recoveries[-1]:.2f} s")
                if at_the_point:
                    await victim.died()
                else:
                    await payers.acknowledged_since(time.monotonic())
                    await asyncio.sleep(chance.uniform(0.0, 1.0))
            killed = time.monotonic()
        with serving() as victim:
            await until_ready(http, victim)
            recoveries.append(time.monotonic() - killed)
            await payers.finish()
            await victim.stop()
    figures = Figures("KILL-APP")
    figures.say("kills", kills)
    count(figures, payers.tally)
    figures.demand("committed but unanswered, found by the retry", payers.tally.found_done, least=LEAST_HIT * kills)
    await judge(figures, stage, payers.tally, before)
    figures.demand("PostgreSQL started anew (it is adopted)", int(stage.postmaster != database), most=0)
    figures.times("ready again", recoveries, most=READY_SECONDS)
    return figures


def count(figures: Figures, tally: Tally) -> None:
    """What the clients met."""
    figures.say("orders", len(tally.orders))
    figures.say("acknowledged", len(tally.acknowledged))
    figures.say("requests without an answer", dict(tally.unanswered))
    figures.say("answers that ask for the same again", dict(tally.told_to_retry))
    figures.demand("wrong answers", len(tally.wrong), most=0)
    if tally.wrong:
        figures.say("the first of them", tally.wrong[0])


async def judge(figures: Figures, stage: Stage, tally: Tally, settled_before: int) -> None:
    """What the database says of it."""
    found = books.compare(stage, tally.orders, settled_before)
    figures.demand("acknowledged and lost", found.lost, most=0)
    figures.demand("doubled", found.doubled, most=0)
    figures.demand("orders that never ended", found.unknown, most=0)
    figures.demand(books.VERIFIED, await books.ledger_faults(stage), most=0)
