"""Long-lived connections end before the server does.

Granian answers a stop signal by dropping WebSockets and by waiting for every HTTP answer, so also for event streams, which
never end by themselves; only afterwards it runs the lifespan's shutdown. So its workers' signal is delayed: sockets are
closed with 1001, streams end, and then Granian learns of the signal.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from granian import _signals

SECONDS = 3.0
"""How long connections may take to end; what is left then is dropped by Granian."""

GRACE = 0.1
"""Granian writes in threads of its own: the time that the last frames get to leave."""


def before_stopping(farewell: Callable[[], Awaitable[None]]) -> None:
    """Run ``farewell`` first when a stop signal arrives. Call it in the application's factory, in Granian's worker.

    Granian has no hook for this. Its worker loads the application, then installs its signal handlers through the function
    that is wrapped here; ``tests/conformance/test_stopping.py`` fails should that change.
    """
    install: Callable[[asyncio.AbstractEventLoop], Any] = _signals.set_loop_signals

    def set_loop_signals(loop: asyncio.AbstractEventLoop) -> Any:
        stop = install(loop)
        parting: list[asyncio.Task[None]] = []  # the loop itself holds tasks only weakly

        def part() -> None:
            # Ctrl-C reaches a worker from the terminal and again from its parent; told twice, Granian may hang.
            if not parting:
                parting.append(loop.create_task(_part(farewell, stop)))

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, part)
        return stop

    _signals.set_loop_signals = set_loop_signals


async def _part(farewell: Callable[[], Awaitable[None]], stop: Any) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            await farewell()
            await asyncio.sleep(GRACE)
    finally:
        stop.set()
