"""LEDGER-MODEL, in short: the ledger against plain arithmetic (the long form: ``python -m tests.faults.ledger_model``)."""

import asyncio
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger.model import machine
from tests.market import Market
from tests.world import World


@pytest.mark.rule("FUND-4", "FUND-5")
async def test_the_books_say_what_plain_arithmetic_says(world: World) -> None:
    market = await Market.open(world)
    loop, counted = asyncio.get_running_loop(), Counter[str]()

    def run() -> None:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine(market, lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(), counted),
            settings=settings(
                max_examples=5,
                stateful_step_count=40,
                deadline=None,
                phases=[Phase.generate],  # to shrink a failure, ask the long form for it: here it would take minutes
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )

    await asyncio.to_thread(run)
    assert counted["steps"] >= 150
    # The steps were worth taking: what the model forbids was tried, too.
    assert {"UNBALANCED", "INSUFFICIENT_BALANCE", "ALREADY_REGISTERED"} <= set(counted)
