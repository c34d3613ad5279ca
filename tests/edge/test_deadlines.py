"""Deadlines end what takes too long, and only that."""

import asyncio

import pytest

from app.deadlines import Deadlines


async def wait(deadlines: Deadlines, seconds: float) -> str:
    try:
        async with deadlines:
            await asyncio.sleep(seconds)
    except TimeoutError:
        return "late"
    return "done"


async def test_what_takes_too_long_ends() -> None:
    deadlines = Deadlines(0.02)
    ends = await asyncio.gather(wait(deadlines, 60), wait(deadlines, 0), wait(deadlines, 60))
    assert ends == ["late", "done", "late"]
    assert await wait(deadlines, 0) == "done"
    assert not deadlines._running
    assert not deadlines._overdue


async def test_each_has_its_own_end() -> None:
    deadlines = Deadlines(0.05)
    first = asyncio.create_task(wait(deadlines, 60))
    await asyncio.sleep(0.03)
    second = asyncio.create_task(wait(deadlines, 60))
    assert await first == "late"
    assert not second.done()
    assert await second == "late"


async def test_a_cancellation_from_outside_stays_one() -> None:
    task = asyncio.create_task(wait(Deadlines(60), 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_other_errors_pass() -> None:
    with pytest.raises(LookupError):
        async with Deadlines(60):
            raise LookupError


async def test_a_task_may_enter_again_and_again() -> None:
    deadlines = Deadlines(60)
    for _ in range(3):
        async with deadlines:
            await asyncio.sleep(0)
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
    deadlines._timer.cancel()  # type: ignore[union-attr]
