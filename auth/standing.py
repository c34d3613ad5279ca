"""Whether an actor kept from an earlier request still is what it was, asked along with what it wants (ADR 0003).

Reads ask in their own statement (``schema.engine.plan``). Writes ask with the statement that opens the county fuse: for an
actor whose grants changed, or whose token ended, the fuse stays closed, and row-level security lets nothing through.
"""

from dataclasses import dataclass

from auth.actor import FRESH_SQL, Actor
from auth.tokens import token_hash


class StaleActorError(Exception):
    """The actor that was kept from an earlier request no longer holds: its grants changed or its token ended.

    Raised before anything is answered or written; the edge loads the actor again and repeats. Raised from a subscription
    it ends that: the client subscribes anew.
    """


@dataclass
class Standing:
    """What a kept actor rests on: its token, and the version of the grants that were read with it."""

    token: bytes
    """The token's hash."""

    version: int
    sure: bool = False
    """Whether the database has said in this operation that both still hold: it is asked once."""

    @classmethod
    def of(cls, actor: Actor, token: str | None) -> "Standing | None":
        """``None`` without a token: then there is nobody to be checked, or somebody has been by other means."""
        return None if token is None else cls(token_hash(token), actor.grants_version)

    @property
    def binds(self) -> tuple[bytes, bytes]:
        """Token and version as texts that PostgreSQL reads (a bytea in hexadecimal)."""
        return b"\\x" + self.token.hex().encode(), b"%d" % self.version

    def judge(self, still: bool) -> None:
        """Take the database's word; ``StaleActorError`` when it no longer holds."""
        if not still:
            raise StaleActorError
        self.sure = True


STILL_SQL = f"SELECT coalesce({FRESH_SQL.format(token='$1')} = $2, false)"  # noqa: S106 (a placeholder)
"""One boolean; binds ``Standing.binds``."""

OPEN_SQL = "SELECT set_config('anju.counties', {counties}, true)"
"""Opens the fuse for these counties until the transaction ends; its one value names those that are open."""

OPEN_IF_STILL_SQL = OPEN_SQL.format(counties=f"CASE WHEN {FRESH_SQL} = {{version}} THEN {{counties}} ELSE '' END")
"""The same, which opens none for an actor that no longer holds."""


def opening(counties: str, standing: Standing | None) -> tuple[str, list[bytes | None]]:
    """The statement that opens the fuse on a line, and its binds; it asks for a standing that is in doubt."""
    if standing is None or standing.sure:
        return _OPEN, [counties.encode()]
    return _OPEN_IF_STILL, [counties.encode(), *standing.binds]


_OPEN = OPEN_SQL.format(counties="$1")
_OPEN_IF_STILL = OPEN_IF_STILL_SQL.format(counties="$1", token="$2", version="$3")  # noqa: S106 (a placeholder)
