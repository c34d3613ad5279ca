"""LEDGER-MODEL in its long form: ``python -m tests.faults.ledger_model [--steps 10000]``.

The state machine of ``tests.ledger.model`` on a database of its own: rounds of 250 steps, each on accounts of its own, every
balance held against the model after every step, the whole books checked after every round.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from datetime import UTC, datetime

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.database import command_engine
from bench import machine as this
from domain.profiles import profile_for_test
from tests.database import cluster
from tests.ledger.model import machine
from tests.market import Market
from tests.world import World

ROUND, ROUNDS = 250, 8
"""Steps of a round, and rounds that Hypothesis plans together."""
COUNTY = "990001"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.ledger_model", description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000, help="at least so many steps (default 10,000)")
    given = parser.parse_args()
    profile_for_test(COUNTY, copy_of="370303")
    with cluster() as made, made.clone("model") as database:
        began = time.perf_counter()
        counted = asyncio.run(_run(database.url, given.steps))
        took = time.perf_counter() - began
    refused = ", ".join(f"{name} {count}" for name, count in sorted(counted.items()) if name.isupper())
    sys.stdout.write(f"{this.describe()}\n{counted['steps']} steps in {counted['runs']} rounds, {took:.0f} s: ")
    sys.stdout.write(f"every balance of every step the model's, {refused} as foretold\n")
    return 0


async def _run(url: str, steps: int) -> Counter[str]:
    engine = command_engine(url, size=2)
    loop, counted = asyncio.get_running_loop(), Counter[str]()
    try:
        world = await World(async_sessionmaker(engine, expire_on_commit=False), COUNTY, now=datetime.now(UTC)).settle()
        market = await Market.open(world)
        walk = machine(market, lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(), counted)
        chosen = settings(
            max_examples=ROUNDS,
            stateful_step_count=ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        while counted["steps"] < steps:
            await asyncio.to_thread(run_state_machine_as_test, walk, settings=chosen)
        return counted
    finally:
        await engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
