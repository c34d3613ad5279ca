"""Callers' quotas across all server processes, without a round trip on the way of an ordinary request.

A process counts what callers ask of it by itself, and once a second settles with the others: one statement pours what it
has counted into the buckets of the database and brings back how full they are. Only a request that would take more than a
portion of the bucket since then (``domain.quotas.PORTION``) asks the bucket itself first.

So what N processes let through in any w seconds is at most ``points + w × per_second + N × portion``; what was let through
beyond the bucket stays in it, and is waited for by the next requests.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

import orjson
import psycopg
import structlog

from app.lines import Lines
from auth.actor import Actor
from auth.proxy import subscriber
from domain.quotas import PORTION, Quota
from models.sealed import SHARED, Vault
from schema.documents import RequestContext, limit_exceeded
from schema.faults import RequestCode, RequestError
from schema.limits import Excess

if TYPE_CHECKING:
    from app.settings import Settings

MOST_BUCKETS = 100_000
"""Of a process; those that nobody has asked from for longest go first, once they are settled."""

FORGET_EVERY = 30
"""Settlings between two looks for buckets that have run empty."""

log = structlog.get_logger(__name__)


class Spent(NamedTuple):
    """What is poured into one bucket."""

    holder: str
    points: int
    per_second: int


class Buckets(Protocol):
    """The buckets that all processes share."""

    async def pour(self, spent: list[Spent]) -> Mapping[str, float]:
        """Pour in what was let through; how full each bucket is then, by its holder."""
        ...

    async def take(self, holder: str, points: int, brim: int) -> float | None:
        """Pour in only if it stays below the brim: how full it is then, ``None`` when it does not."""
        ...


Holder = tuple[uuid.UUID | None, str]
"""An account and the client through which it asks; a partner's client, or an address."""

_DRAINED = "greatest(0, b.level - b.per_second * greatest(0, extract(epoch FROM {now} - b.settled_at)))"

_POUR = f"""
WITH poured AS (
  INSERT INTO quota_bucket AS b (holder, level, per_second, settled_at)
  SELECT holder, points, per_second, clock_timestamp()
  FROM jsonb_to_recordset($1::jsonb) AS spent (holder text COLLATE "C", points float8, per_second float8)
  ORDER BY holder
  ON CONFLICT (holder) DO UPDATE SET
    level = excluded.level + {_DRAINED.format(now="excluded.settled_at")},
    per_second = excluded.per_second,
    settled_at = greatest(excluded.settled_at, b.settled_at)
  RETURNING holder, level
)
SELECT CAST(jsonb_object_agg(holder, level) AS text) FROM poured
"""  # noqa: S608 (constants only)
# In one order: two processes that pour for the same callers do not wait for each other in a circle.

_DRAINED_NOW = _DRAINED.format(now="clock_timestamp()")
_TAKE = f"""
UPDATE quota_bucket AS b SET level = $2::float8 + {_DRAINED_NOW}, settled_at = greatest(clock_timestamp(), b.settled_at)
WHERE b.holder = $1 AND $2::float8 + {_DRAINED_NOW} <= $3::float8
RETURNING CAST(level AS text)
"""  # noqa: S608 (constants only)
# What the row holds is judged once more after a wait for its lock, so that two cannot both take the last of it.


class StoredBuckets:
    """Buckets of the database, each act one statement."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def pour(self, spent: list[Spent]) -> Mapping[str, float]:
        found = await self._fetch(_POUR, orjson.dumps([each._asdict() for each in spent]))
        return orjson.loads(found or b"{}")  # type: ignore[no-any-return]

    async def take(self, holder: str, points: int, brim: int) -> float | None:
        found = await self._fetch(_TAKE, holder.encode(), b"%d" % points, b"%d" % brim)
        return None if found is None else float(found)

    async def _fetch(self, statement: str, *parameters: bytes) -> bytes | None:
        line = await self._lines.take()
        try:
            row = await line.fetch(statement, parameters)
        finally:
            self._lines.give(line)
        return None if row is None else row[0]


class _Bucket:
    """A bucket as this process knows it."""

    __slots__ = ("at", "doubted_at", "level", "quota", "sending", "unsettled")

    def __init__(self, quota: Quota, now: float) -> None:
        self.quota = quota
        self.level = 0.0
        self.at = now
        self.unsettled = 0
        self.sending = 0
        self.doubted_at = -inf

    def full(self, now: float) -> float:
        """At least so full it is: others may have filled it since it was settled."""
        return max(0.0, self.level - self.quota.per_second * (now - self.at)) + self.unsettled + self.sending


class Quotas:
    """The buckets of one process. ``start`` and ``stop`` it with the server."""

    def __init__(
        self,
        shared: Buckets,
        vault: Vault,
        *,
        person: Quota,
        partner: Quota,
        anonymous: Quota,
        seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._vault = vault
        self._person, self._partner, self._anonymous = person, partner, anonymous
        self._seconds = seconds
        self._clock = clock
        self._buckets: dict[Holder, _Bucket] = {}
        self._touched: set[Holder] = set()
        """What has been asked from since the last settling."""
        self._settling = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, settings: "Settings", lines: Lines, vault: Vault) -> "Quotas":
        """As the deployment is set."""
        return cls(
            StoredBuckets(lines),
            vault,
            person=settings.quota("person"),
            partner=settings.quota("partner"),
            anonymous=settings.quota("anonymous"),
        )

    async def charge(self, actor: Actor, context: RequestContext, *, payment: bool = False) -> None:
        """Take ``context.cost`` and note what is left in the context.

        Raises ``OVER_QUOTA`` with ``Retry-After``, or ``LIMIT_EXCEEDED`` for what the bucket could never hold.
        """
        holder, quota = self._holder(actor, context)
        cost = context.cost
        bucket = self._buckets.get(holder)
        if bucket is None:
            bucket = self._buckets[holder] = _Bucket(quota, self._clock())
        bucket.quota = quota
        self._touched.add(holder)
        if cost > quota.points:
            raise limit_exceeded(Excess("quota", quota.points, cost))
        full = bucket.full(self._clock())
        if seconds := quota.wait(full, cost, payment=payment):
            raise _exceeded(quota, full, cost, seconds)
        if bucket.unsettled + bucket.sending + cost <= quota.points // PORTION:
            bucket.unsettled += cost
        else:
            await self._take(holder, bucket, cost, payment=payment)
        left = max(0, int(quota.points - bucket.full(self._clock())))
        context.allowance = b',"left":%d,"capacity":%d,"perSecond":%d' % (left, quota.points, quota.per_second)

    def doubtful(self, actor: Actor, context: RequestContext) -> bool:
        """Whether to look again at what the caller of a refused request may ask: once in a while, not for each of them."""
        bucket, now = self._buckets[self._holder(actor, context)[0]], self._clock()
        if actor.terms is None or now - bucket.doubted_at < self._seconds:
            return False
        bucket.doubted_at = now
        return True

    async def _take(self, holder: Holder, bucket: _Bucket, cost: int, *, payment: bool) -> None:
        """Ask the shared bucket, after telling it what this process has let through."""
        quota = bucket.quota
        async with self._settling:
            await self._settle({holder: bucket})
            level = await self._shared.take(_text(holder), cost, quota.brim(payment=payment))
            if level is None:
                full = bucket.full(self._clock())
                raise _exceeded(quota, full, cost, max(1, quota.wait(full, cost, payment=payment)))
            bucket.level, bucket.at = level, self._clock()

    def _holder(self, actor: Actor, context: RequestContext) -> tuple[Holder, Quota]:
        terms = actor.terms
        own = None if terms is None else terms.quota
        if actor.account_id is not None:
            return (actor.account_id, "" if terms is None else terms.client_id), own or self._person
        if actor.client_id is not None:
            return (None, f"client/{actor.client_id}"), own or self._partner
        address = self._vault.index(subscriber(context.client_ip), "quota-address", SHARED)
        return (None, f"address/{address.hex()}"), self._anonymous

    async def settle(self) -> None:
        """Settle the buckets that were asked from since the last time. One statement, or none."""
        async with self._settling:
            touched, self._touched = self._touched, set()
            await self._settle({holder: self._buckets[holder] for holder in touched})

    async def _settle(self, buckets: dict[Holder, _Bucket]) -> None:
        if not buckets:
            return
        for bucket in buckets.values():
            bucket.sending, bucket.unsettled = bucket.unsettled, 0
        try:
            levels = await self._shared.pour(
                [Spent(_text(holder), each.sending, each.quota.per_second) for holder, each in buckets.items()]
            )
        except BaseException:
            self._touched |= buckets.keys()
            for bucket in buckets.values():
                bucket.unsettled += bucket.sending
                bucket.sending = 0
            raise
        now = self._clock()
        for holder, bucket in buckets.items():
            bucket.level, bucket.at, bucket.sending = levels[_text(holder)], now, 0

    def forget(self) -> None:
        """Drop the buckets that are empty, and of too many the oldest."""
        now, too_many = self._clock(), len(self._buckets) - MOST_BUCKETS
        for number, (holder, bucket) in enumerate(list(self._buckets.items())):
            settled = holder not in self._touched and not (bucket.unsettled or bucket.sending)
            if settled and (number < too_many or bucket.full(now) <= 0):
                del self._buckets[holder]

    def start(self) -> None:
        """Begin to settle every so many seconds."""
        self._task = asyncio.create_task(self._every())

    async def stop(self) -> None:
        """Settle for the last time."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._tried()

    async def _every(self) -> None:
        for turn in count(1):
            await asyncio.sleep(self._seconds)
            await self._tried()
            if turn % FORGET_EVERY == 0:
                self.forget()

    async def _tried(self) -> None:
        try:
            await self.settle()
        except (psycopg.Error, OSError, RequestError) as error:
            log.warning("quotas were not settled; they are the next time", fault=type(error).__name__)


def _exceeded(quota: Quota, full: float, cost: int, seconds: int) -> RequestError:
    left = max(0, int(quota.points - full))
    shown = {"requested": cost, "left": left, "capacity": quota.points, "perSecond": quota.per_second}
    error = RequestError(RequestCode.OVER_QUOTA, RequestCode.OVER_QUOTA.doc, retryAfter=seconds, cost=shown)
    return error.with_header(b"retry-after", b"%d" % seconds)


def _text(holder: Holder) -> str:
    account, through = holder
    return through if account is None else f"{account}/{through}"
