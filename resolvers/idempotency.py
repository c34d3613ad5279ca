"""Idempotent operations: a key is claimed first, in the transaction that does the work, and completed with its outcome.

A second call with the same key waits on the unique key until the first has ended, then replays its outcome or, when the
first rolled back, does the work itself. Another operation or other arguments under the key are refused.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.errors import ErrorCode, Refusal
from models.base import CountyRow, new_id
from models.cases import Operation

if TYPE_CHECKING:
    from resolvers.unit_of_work import UnitOfWork

LONGEST_KEY = 200
"""Characters of an idempotency key."""


@dataclass(frozen=True)
class Outcome:
    """What a command produced: type, id and version of its row (of its first row), and the row itself unless
    replayed."""

    type: str | None
    id: uuid.UUID | None
    version: int | None
    others: Sequence[dict[str, Any]] = ()
    replayed: bool = False
    row: Any = field(default=None, compare=False, repr=False)
    """What the command returned, a row or a tuple of rows; ``None`` in a replay, which is re-read under today's
    policies."""


def input_hash(inputs: Any) -> str:
    """SHA-256 of the canonical JSON: keys sorted, no blanks, one spelling per value."""
    canonical = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_spelled)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _spelled(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON")


async def replay_or_claim(uow: "UnitOfWork", name: str, inputs: Any, key: str | None) -> Outcome | None:
    """The stored outcome of a key that was used before; otherwise claim it (when there is one) and return ``None``."""
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "idempotencyKey", least=1, most=LONGEST_KEY)
    digest = input_hash(inputs)
    claimed = await uow.session.execute(
        insert(Operation)
        .values(
            county=uow.county,
            id=new_id(),
            client_id=uow.actor.client_id,
            account_id=uow.actor.account_id,
            key=key,
            name=name,
            input_hash=digest,
            at=uow.now,
        )
        .on_conflict_do_nothing()
        .returning(Operation.id)
    )
    if claimed.scalar() is not None:
        return None
    earlier = (await uow.session.execute(select(Operation).where(_of_key(uow, key)))).scalar_one()
    if (earlier.name, earlier.input_hash) != (name, digest):
        raise Refusal(ErrorCode.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")
    return _stored(earlier)


async def complete(uow: "UnitOfWork", key: str | None, result: Any) -> Outcome:
    """The command's outcome, stored under its key."""
    # Versions count when the rows are written, and the outcome names them.
    await uow.session.flush()
    rows = [row for row in (result if isinstance(result, tuple | list) else (result,)) if isinstance(row, CountyRow)]
    described = [(type(row).__name__, row.id, getattr(row, "version", None)) for row in rows]
    kind, row_id, version = described[0] if described else (None, None, None)
    others = [{"type": name, "id": str(other), "version": count} for name, other, count in described[1:]]
    if key is not None:
        await uow.session.execute(
            update(Operation)
            .where(_of_key(uow, key))
            .values(outcome_type=kind, outcome_id=row_id, outcome_version=version, others=others)
            .execution_options(synchronize_session=False)
        )
    return Outcome(kind, row_id, version, others=others, row=result)


async def release(uow: "UnitOfWork", key: str | None) -> None:
    """Give a claimed key back, without undoing what else the transaction wrote: nothing was done under it."""
    if key is not None:
        await uow.session.execute(
            update(Operation)
            .where(_of_key(uow, key))
            .values(key=func.concat("released:", Operation.id))
            .execution_options(synchronize_session=False)
        )


async def find(uow: "UnitOfWork", key: str) -> Operation | None:
    """The actor's own operation under a key, for a client that lost its answer (``operationByIdempotencyKey``)."""
    return (await uow.session.execute(select(Operation).where(_of_key(uow, key)))).scalar_one_or_none()


def _of_key(uow: "UnitOfWork", key: str) -> ColumnElement[bool]:
    return and_(
        Operation.county == uow.county,
        Operation.client_id.is_not_distinct_from(uow.actor.client_id),
        Operation.account_id.is_not_distinct_from(uow.actor.account_id),
        Operation.key == key,
    )


def _stored(operation: Operation) -> Outcome:
    return Outcome(
        operation.outcome_type, operation.outcome_id, operation.outcome_version, operation.others, replayed=True
    )
