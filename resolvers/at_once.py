"""A command's ordinary case as one statement, done in one round trip: fuse, rows, answer and COMMIT.

The statement claims the idempotency key and writes all of the command's rows, or none. It is sent between the one that
opens the fuse and those that read the answer, and the server takes all of them as one transaction: it commits when the last
has run, and undoes everything when one fails (libpq's pipeline; without BEGIN the transaction ends where the pipeline does).
Whatever is not ordinary is left to the command itself, which knows how to refuse, to replay and to try again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
from psycopg.errors import UniqueViolation

from auth.standing import Standing, opening
from resolvers.idempotency import Outcome

Row = tuple[bytes | None, ...]
"""The first row of an answer, its values binary."""

Sent = tuple[str, Sequence[bytes | None]]
"""A statement with numbered binds, and their values as texts."""


@dataclass(frozen=True)
class AtOnce:
    """A command ready to be sent."""

    statement: Sent
    outcome: Outcome
    done: Callable[[Row], bool]
    """Whether the statement's row says that it was done; otherwise nothing was written."""


class Line(Protocol):
    """A connection spoken to without ceremony (``app.lines``)."""

    async def together(self, statements: Sequence[Sent]) -> list[Row | None]:
        """The first rows of statements that are one transaction, in one round trip."""
        ...


class Lines(Protocol):
    """Where lines come from."""

    async def take(self) -> Any:
        """A ``Line`` for oneself."""
        ...

    def give(self, line: Any) -> None:
        """Give it back."""
        ...


async def do(
    lines: Lines, act: AtOnce, county: str, reads: Sequence[Sent] = (), *, standing: Standing | None = None
) -> list[Row | None] | None:
    """Do it; what the ``reads`` of its answer gave, once it is committed.

    ``None`` means that nothing is known to be written, and the ordinary way has to be taken: a refusal, a key or a reference
    that was used before, a deadlock, no connection, or one that was lost, perhaps with the COMMIT under way. The key was
    claimed in the same transaction, so the ordinary way finds out: it replays what was done, or does it. Any other error of a
    statement is raised, and nothing is written. ``StaleActorError`` where the actor's ``standing`` no longer holds.
    """
    try:
        line = await lines.take()
        try:
            opened, row, *read = await line.together([opening(county, standing), act.statement, *reads])
        finally:
            lines.give(line)
    except (UniqueViolation, psycopg.OperationalError):
        return None
    if standing is not None:
        standing.judge(opened == (county.encode(),))
    return read if row is not None and act.done(row) else None
