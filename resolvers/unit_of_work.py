"""One command in one transaction: who acts, in which county, when; and the only place where transactions are opened.

``transact`` opens the transaction, sets the county fuse, runs the command, stores the outcome under the idempotency
key, sends the notices and commits. Commands get a ``UnitOfWork`` and never commit; raising rolls everything back.
"""

import asyncio
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm.exc import StaleDataError

import auth.policies  # noqa: F401 - every load needs the visibility of its model
from auth.actor import Actor, Grant, one_capacity
from auth.standing import OPEN_IF_STILL_SQL, OPEN_SQL, Standing
from auth.visibility import bind_values, visible, visible_in
from domain.calendar import today
from domain.errors import CountedRefusal, ErrorCode, Refusal
from domain.profiles import profile
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.workflow import Workflow
from models.base import CountyRow
from models.cases import AuditEvent, CaseRow
from models.sealed import Vault
from resolvers import cases, idempotency, jobs
from resolvers.idempotency import Outcome
from resolvers.outages import is_outage

if TYPE_CHECKING:
    from resolvers.cases import Signature

ATTEMPTS = 4
"""How often a transaction is tried before its deadlock or lost connection, or the database out of reach, is reported as
``TRY_AGAIN``."""

Row = TypeVar("Row", bound=CountyRow)
Case = TypeVar("Case", bound=CaseRow)
Answer = TypeVar("Answer")

_SERIALIZATION_FAILURE, _DEADLOCK, _UNIQUE_VIOLATION = "40001", "40P01", "23505"


class UnitOfWork:
    """What a command works with. ``now`` is the same instant for the whole transaction; ``today`` its day in
    Shanghai."""

    def __init__(
        self,
        session: AsyncSession,
        actor: Actor,
        county: str,
        now: datetime,
        *,
        request_id: str | None = None,
        vault: Vault | None = None,
    ) -> None:
        self.session = session
        self.actor = actor
        self.county = county
        self.now = now
        self.today: date = today(now)
        self.request_id = request_id
        self._vault = vault
        self.grant: Grant | None = None
        """The grant under which the actor acted last (``act``, ``advance``)."""
        self._notices: dict[tuple[str, uuid.UUID], None] = {}
        self.afterwards: list[Callable[[], Awaitable[None]]] = []
        """What goes out into the world once the transaction is committed, and must not fail."""

    @cached_property
    def profile(self) -> Profile:
        """The county's profile of today. A case that runs finishes on the version it stored."""
        return profile(self.county, self.today)

    @property
    def vault(self) -> Vault:
        """Seals and opens personal data; ``RuntimeError`` where the caller of ``transact`` gave none."""
        if self._vault is None:
            raise RuntimeError("this unit of work was opened without a vault")
        return self._vault

    @property
    def roles(self) -> frozenset[Role]:
        """The actor's roles in this county."""
        return frozenset(grant.role for grant in self.actor.grants if grant.county == self.county)

    def select(self, model: type[Row]) -> Select[Row]:
        """The rows of ``model`` in this county that the actor may see, to be narrowed further."""
        statement = select(model).where(model.county == self.county)
        if Role.SYSTEM in self.roles:
            return statement
        values = {**bind_values(self.actor.grants, frozenset({self.county}), self.today), "county": self.county}
        return _bound(statement.where(visible(model, model, self.roles, "one")), values)

    async def load(self, model: type[Row], row_id: uuid.UUID, *, lock: bool = False, field: str = "id") -> Row:
        """One visible row; ``NOT_FOUND`` when there is none or the actor may not see it. ``lock`` takes it for
        update."""
        statement = self.select(model).where(model.id == row_id)
        if lock:
            # What an earlier read left in the session may be older than the lock.
            statement = statement.with_for_update(of=model).execution_options(populate_existing=True)
        row = (await self.session.execute(statement)).scalar_one_or_none()
        if row is None:
            raise Refusal(ErrorCode.NOT_FOUND, field)
        return row

    async def load_all(
        self, model: type[Row], ids: Iterable[uuid.UUID], *, lock: bool = False, field: str = "ids"
    ) -> list[Row]:
        """Visible rows in the order of ``ids``; ``NOT_FOUND`` unless all are there. Locks are taken in order of id."""
        wanted = list(ids)
        if not wanted:
            return []
        statement = self.select(model).where(model.id.in_(wanted)).order_by(model.id)
        if lock:
            statement = statement.with_for_update(of=model).execution_options(populate_existing=True)
        found = {row.id: row for row in (await self.session.execute(statement)).scalars()}
        if missing := [row_id for row_id in wanted if row_id not in found]:
            raise Refusal(ErrorCode.NOT_FOUND, field, ids=[str(row_id) for row_id in missing])
        return [found[row_id] for row_id in wanted]

    async def act(
        self,
        roles: Iterable[Role],
        model: type[Row] | None = None,
        row: Row | None = None,
        field: str | None = None,
        *,
        power: str | None = None,
    ) -> Grant:
        """The one grant under which the actor acts (on ``row``, which that very grant must make visible).

        ``FORBIDDEN_ROLE`` when there is none, ``POWER_REQUIRED`` when none opens ``power``, ``ACTING_GRANT_REQUIRED``
        when the actor could act in several capacities and the request names none.
        """
        eligible = self.actor.eligible(roles, self.county)
        if row is not None and len(self.actor.grants) > 1 and Role.SYSTEM not in self.roles:
            eligible = tuple([grant for grant in eligible if await self._covers(grant, model or type(row), row)])
        if not eligible:
            raise Refusal(ErrorCode.FORBIDDEN_ROLE, field)
        if power is not None:
            eligible = tuple(grant for grant in eligible if power in grant.scopes)
            if not eligible:
                raise Refusal(ErrorCode.POWER_REQUIRED, field, power=power)
        eligible = one_capacity(eligible)
        if len(eligible) > 1:
            raise Refusal(ErrorCode.ACTING_GRANT_REQUIRED, field)
        self.grant = eligible[0]
        return self.grant

    async def _covers(self, grant: Grant, model: type[Any], row: Any) -> bool:
        values = {**bind_values((grant,), frozenset({self.county}), self.today), "county": self.county}
        statement = select(literal(1)).where(
            model.county == self.county, model.id == row.id, visible_in(model, model, grant.role, "one")
        )
        return (await self.session.execute(_bound(statement, values))).scalar() is not None

    async def open_case(
        self,
        case: Case,
        workflow: Workflow,
        *,
        grant: Grant,
        documents: Sequence[uuid.UUID] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> Case:
        """Store a new case in its workflow's first state (see ``resolvers.cases.open_case``)."""
        return await cases.open_case(self, case, workflow, grant=grant, documents=documents, facts=facts)

    async def advance(
        self,
        case: Case,
        action: str,
        *,
        facts: Mapping[str, Any] | None = None,
        documents: Sequence[uuid.UUID] = (),
        reason: str | None = None,
        signature: "Signature | None" = None,
        expected_version: int | None = None,
    ) -> Case:
        """Take ``action`` in the case's workflow (see ``resolvers.cases.advance``)."""
        return await cases.advance(
            self,
            case,
            action,
            facts=facts or {},
            documents=documents,
            reason=reason,
            signature=signature,
            expected_version=expected_version,
        )

    async def reschedule(self, case: CaseRow) -> None:
        """Compute a case's deadlines, queue and timer anew, after a day that they count from has changed."""
        await cases.reschedule(self, case)

    async def audit(
        self,
        action: str,
        row: CountyRow,
        *,
        grant: Grant,
        detail: Mapping[str, Any] | None = None,
        reason: str | None = None,
        documents: Sequence[uuid.UUID] = (),
        from_state: str | None = None,
        to_state: str | None = None,
    ) -> AuditEvent:
        """Append an event about ``row``: who, as what, when, why (C-7). Nothing personal belongs into ``detail``."""
        event = AuditEvent(
            county=self.county,
            account_id=self.actor.account_id,
            client_id=self.actor.client_id,
            grant_id=grant.id,
            role=grant.role,
            office=grant.office,
            acting_for=grant.acting_for,
            action=action,
            subject_type=type(row).__name__,
            subject_id=row.id,
            township=getattr(row, "township", None),
            community=getattr(row, "community", None),
            from_state=from_state,
            to_state=to_state,
            reason=reason,
            document_ids=list(documents),
            detail=dict(detail or {}),
            request_id=self.request_id,
            at=self.now,
        )
        self.session.add(event)
        return event

    def notify(self, row: CountyRow) -> None:
        """Tell subscribers, once the transaction commits, that ``row`` changed."""
        self._notices[type(row).__name__, row.id] = None

    async def enqueue(self, name: str, *, at: datetime | None = None, lock: str | None = None, **ids: Any) -> int:
        """Add a background job to this transaction; its handler gets ``county`` and the ids."""
        return await jobs.enqueue(self.session, name, {"county": self.county, **ids}, at=at, lock=lock)

    async def enqueue_each(self, name: str, **ids: Iterable[uuid.UUID]) -> None:
        """Add a job for each of the ids, which are named as its handler's argument, in one statement."""
        ((argument, each),) = ids.items()
        wanted = [{"county": self.county, argument: row_id} for row_id in each]
        await jobs.enqueue_all(self.session, name, wanted)

    def check_version(self, row: Any, expected: int | None, field: str = "expectedVersion") -> None:
        """``VERSION_CONFLICT`` when the client decided on an older state of the row than there is."""
        if expected is not None and row.version != expected:
            raise Refusal(ErrorCode.VERSION_CONFLICT, field, expected=expected, actual=row.version)

    async def send_notices(self) -> None:
        """Hand the collected notices to PostgreSQL, which delivers them at COMMIT. Called by ``transact``."""
        if not self._notices:
            return
        notices = [
            json.dumps({"type": kind, "county": self.county, "id": str(row_id)}, separators=(",", ":"))
            for kind, row_id in self._notices
        ]
        await self.session.execute(_NOTIFY, {"notices": notices})
        self._notices.clear()


_NOTIFY = text("SELECT pg_notify('anju', notice) FROM unnest(CAST(:notices AS text[])) AS notice")


def _bound(statement: Select[Any], values: Mapping[str, Any]) -> Select[Any]:
    # ``params`` refuses nothing it does not know, but binds only what the statement names.
    return statement.params(**values)


async def set_fuse(session: AsyncSession, counties: Iterable[str], standing: Standing | None = None) -> None:
    """Open the row-level-security fuse for these counties until the transaction ends (DESIGN §5).

    Where the actor's ``standing`` is in doubt it is asked for along with it; ``StaleActorError`` when it no longer holds.
    """
    named = ",".join(sorted(counties))
    if standing is None or standing.sure:
        await session.execute(_OPEN, {"counties": named})
        return
    given = {"counties": named, "token": standing.token, "version": standing.version}
    standing.judge(await session.scalar(_OPEN_IF_STILL, given) == named)


_OPEN = text(OPEN_SQL.format(counties=":counties"))
_OPEN_IF_STILL = text(OPEN_IF_STILL_SQL.format(counties=":counties", token=":token", version=":version"))  # noqa: S106 (a bind)


Command = Callable[[UnitOfWork], Awaitable[Any]]


async def transact(
    sessions: async_sessionmaker[AsyncSession],
    actor: Actor,
    county: str,
    work: Command,
    *,
    name: str = "",
    inputs: Any = None,
    idempotency_key: str | None = None,
    answer: Callable[[UnitOfWork, Outcome], Awaitable[Answer]] | None = None,
    now: datetime | None = None,
    request_id: str | None = None,
    vault: Vault | None = None,
    standing: Standing | None = None,
) -> Any:
    """Run one command in one transaction and return its ``Outcome``, or what ``answer`` reads from it before the
    commit.

    ``name`` and ``inputs`` (the mutation's field and JSON-able arguments) are what an idempotency key is bound to. A
    replay runs no command: ``answer`` reads the stored outcome, ``Outcome.replayed`` is true. Deadlocks and
    connections lost before COMMIT are retried; a refusal (``Refusal``) rolls back and is never stored. Two commands that
    write the same natural key at once both find it free: the second is run again, and its own check then refuses it.
    Where the actor's ``standing`` is in doubt nothing is done before the database has confirmed it (``StaleActorError``).
    """
    if county not in actor.counties:
        raise Refusal(ErrorCode.NOT_FOUND, "county")
    for attempt in range(1, ATTEMPTS + 1):
        committing = False
        try:
            async with sessions() as session:
                await set_fuse(session, {county}, standing)
                instant = now or datetime.now(UTC)
                uow = UnitOfWork(session, actor, county, instant, request_id=request_id, vault=vault)
                outcome = await idempotency.replay_or_claim(uow, name, inputs, idempotency_key)
                if outcome is None:
                    try:
                        done = await work(uow)
                    except CountedRefusal:
                        await idempotency.release(uow, idempotency_key)
                        await session.commit()
                        raise
                    outcome = await idempotency.complete(uow, idempotency_key, done)
                await session.flush()
                answered = outcome if answer is None else await answer(uow, outcome)
                await uow.send_notices()
                committing = True
                await session.commit()
            for act in uow.afterwards:
                await act()
            return answered
        except (DBAPIError, NoConnectionError, StaleDataError) as error:
            # After COMMIT was sent nobody knows whether it happened; only a key makes asking again safe.
            safe = not committing or idempotency_key is not None
            if not (safe and _passing(error)):
                raise
            if attempt == ATTEMPTS:
                taken = _sqlstate(error) == _UNIQUE_VIOLATION
                raise Refusal(ErrorCode.ALREADY_REGISTERED if taken else ErrorCode.TRY_AGAIN) from error
        await asyncio.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311 - spreads retries, no secret
    raise AssertionError("unreachable")


def _passing(error: Exception) -> bool:
    """Whether the same work may succeed when it is simply done again."""
    if isinstance(error, StaleDataError) or is_outage(error):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or _sqlstate(error) in {
        _SERIALIZATION_FAILURE,
        _DEADLOCK,
        _UNIQUE_VIOLATION,
    }


def _sqlstate(error: Exception) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)
