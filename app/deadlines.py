"""Time limits for many short tasks at once.

``asyncio.timeout`` sets and cancels one timer per use, which costs as much as the rest of a small request. Here all uses
have the same length, so they end in the order in which they began, and one timer for the oldest of them suffices.
"""

import asyncio
from types import TracebackType
from typing import Any

Task = asyncio.Task[Any]


class Deadlines:
    """``async with deadlines:`` raises ``TimeoutError`` after ``seconds``, as ``asyncio.timeout(seconds)`` would.

    A task may be inside the same ``Deadlines`` only once at a time.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._running: dict[Task, tuple[float, int]] = {}
        """Each task's end by the loop's clock, and how many cancellations it had pending when it began."""

        self._overdue: set[Task] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (coroutines of this application run in tasks)
        end = loop.time() + self.seconds
        self._running[task] = end, task.cancelling()
        if self._timer is None:
            self._timer = loop.call_at(end, self._look, loop)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        _, cancelling = self._running.pop(task)
        if task in self._overdue:
            self._overdue.discard(task)
            # Somebody else's cancellation at the same time goes on as a cancellation.
            if task.uncancel() <= cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        for task, (end, _) in self._running.items():
            if end > loop.time():
                self._timer = loop.call_at(end, self._look, loop)
                return
            if task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
