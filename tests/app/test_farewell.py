"""A worker that is told to stop says goodbye once and tells Granian once, however often it is told."""

import asyncio
import os
import signal

import pytest
from granian import _signals

from app import farewell


class _Stop:
    def __init__(self) -> None:
        self.told = 0
        self.event = asyncio.Event()

    def set(self) -> None:
        self.told += 1
        self.event.set()


async def test_two_signals_are_one_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    # Ctrl-C: the terminal signals every process of the group, and the parent then ends its workers.
    stop, goodbyes = _Stop(), []
    monkeypatch.setattr(_signals, "set_loop_signals", lambda _loop: stop)
    monkeypatch.setattr(farewell, "GRACE", 0.0)

    async def say_goodbye() -> None:
        goodbyes.append(1)

    farewell.before_stopping(say_goodbye)
    loop = asyncio.get_running_loop()
    _signals.set_loop_signals(loop)
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGTERM):
            os.kill(os.getpid(), number)
            await asyncio.sleep(0)
        await asyncio.wait_for(stop.event.wait(), 5)
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(5):
            await asyncio.sleep(0)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    assert (stop.told, len(goodbyes)) == (1, 1)
