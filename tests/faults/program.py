"""``anju`` with a fail point: ``python -m tests.faults.program serve|worker …``. Nothing of it is in the product.

- ``FAULTS_ANSWERS=n``: the server, its parent included, is killed when the n-th answer of ``/graphql`` is about to be sent:
  what it tells is committed, and nobody is told.
- ``FAULTS_ARMED=file``: once that file is there, PostgreSQL is killed when the next payment is committed, and its word of it
  is lost on the way to the server. The file goes with it.
- ``FAULTS_PORTIONS=n``: the worker is killed right after the COMMIT of the n-th portion of a job, before it notes that the job
  is done. ``FAULTS_PORTION_SIZE``: units in a portion of a bill run, so that a small run has several.
"""

import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Set the fail points that the environment names, then run the command line."""
    if sys.argv[1] == "serve":
        gc.disable()  # as the command itself does before it loads what is wrapped here
    if answers := os.environ.get("FAULTS_ANSWERS"):
        from app import serve

        make = serve.application
        serve.application = lambda: BeforeTheAnswer(make(), int(answers))
    if armed := os.environ.get("FAULTS_ARMED"):
        from app import lines

        lines.Line.together = losing_its_word(lines.Line.together, Path(armed))  # type: ignore[method-assign]
    if portions := os.environ.get("FAULTS_PORTIONS"):
        from app import worker

        worker.transact = AfterThePortion(worker.transact, int(portions))  # type: ignore[attr-defined,assignment]
    if size := os.environ.get("FAULTS_PORTION_SIZE"):
        from resolvers import bill_runs

        bill_runs.PORTION = int(size)
    from app import cli

    cli.main()


class BeforeTheAnswer:
    """ASGI: answers ``left - 1`` requests, and dies when the next is answered."""

    def __init__(self, app: Any, left: int) -> None:
        self.app, self.left = app, left

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.left -= 1
                if not self.left:
                    os.killpg(0, signal.SIGKILL)
            await send(message)

        counted = scope["type"] == "http" and scope["path"] == "/graphql"
        await self.app(scope, receive, sending if counted else send)


def losing_its_word(together: Any, armed: Path) -> Any:
    """``Line.together``: PostgreSQL dies after a COMMIT, and the line is as broken as if nothing had been heard of it."""
    import psycopg

    from tests.faults.processes import kill_postgres

    folder = Path(os.environ["ANJU_DATA"])

    def struck() -> bool:
        if armed.exists():
            kill_postgres(folder)
            armed.unlink()
            return True
        return False

    async def cut(line: Any, statements: Any) -> Any:
        rows = await together(line, statements)
        if struck():
            line.broken = True
            raise psycopg.OperationalError("the server closed the connection unexpectedly")
        return rows

    return cut


class AfterThePortion:
    """``transact`` of the worker: commits ``left`` times, and dies."""

    def __init__(self, transact: Any, left: int) -> None:
        self.transact, self.left = transact, left

    async def __call__(self, *arguments: Any, **named: Any) -> Any:
        outcome = await self.transact(*arguments, **named)
        self.left -= 1
        if not self.left:
            os.killpg(0, signal.SIGKILL)
        return outcome


if __name__ == "__main__":
    main()
