"""Long-lived connections end before the server does.

Granian answers a stop signal by dropping WebSockets and by waiting for every HTTP answer, so also for event streams, which
never end by themselves; only afterwards it runs the lifespan's shutdown. So the signal is caught first: sockets are closed
with 1001, streams end, and then Granian's own handler gets its turn.
"""

import asyncio
import signal
from asyncio import Handle
from collections.abc import Awaitable, Callable

SECONDS = 3.0
"""How long connections may take to end; what is left then is dropped by Granian."""


def before_stopping(farewell: Callable[[], Awaitable[None]]) -> None:
    """Run ``farewell`` when a stop signal arrives, before the handlers that the server set. Call it at start-up."""
    loop = asyncio.get_running_loop()
    # asyncio has no public way to ask for a handler. Without the attribute (another loop), stopping is merely less kind.
    handlers: dict[int, Handle] = getattr(loop, "_signal_handlers", {})
    for number in (signal.SIGINT, signal.SIGTERM):
        if (servers := handlers.get(number)) is not None:
            loop.add_signal_handler(number, _part, farewell, servers)


def _part(farewell: Callable[[], Awaitable[None]], servers: Handle) -> None:
    async def say() -> None:
        try:
            async with asyncio.timeout(SECONDS):
                await farewell()
        finally:
            servers._run()

    _under_way.add(task := asyncio.ensure_future(say()))
    task.add_done_callback(_under_way.discard)


_under_way: set["asyncio.Future[None]"] = set()
"""The loop itself holds tasks only weakly."""
