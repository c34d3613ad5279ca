"""A GraphQL request, however it arrived (HTTP, WebSocket, SSE): its parameters, who asks, whether it may run."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.actors import Actors, admitted
from app.admission import Gate
from app.deadlines import Deadlines
from app.devices import Devices
from app.metrics import Metrics
from app.quotas import Quotas
from app.revocation import until_worthless
from app.texts import error_body
from auth.actor import Actor
from auth.proxy import TrustedProxy
from auth.standing import StaleActorError
from domain.errors import Refusal
from schema.documents import (
    Answer,
    Document,
    Documents,
    Executor,
    Operation,
    RequestContext,
    limit_exceeded,
)
from schema.events import Events
from schema.faults import RequestCode, RequestError, internal
from schema.limits import Excess
from schema.persisted import Manifest, Persisted

PAYMENTS = frozenset({"feeBillPay", "paymentRecord"})
"""Mutations that may use the places reserved for payments."""

ATTEMPTS = 3
"""How often an operation is tried with an actor whose grants change under it."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a GraphQL request, checked for their types only."""

    query: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    sha256: str | None = None
    """The hash of an automatic persisted query, or of a ``documentId``."""

    @classmethod
    def of(cls, payload: object) -> "Parameters":
        """Read them from parsed JSON; ``BAD_REQUEST`` for anything out of form."""
        if not isinstance(payload, dict):
            batch = " Batches are not taken." if isinstance(payload, list) else ""
            raise _malformed(f"The body must be a JSON object.{batch}")
        query, operation_name = payload.get("query"), payload.get("operationName")
        variables, extensions = payload.get("variables"), payload.get("extensions")
        if query is not None and not isinstance(query, str):
            raise _malformed("The parameter query must be a string.")
        if operation_name is not None and not isinstance(operation_name, str):
            raise _malformed("The parameter operationName must be a string.")
        if variables is not None and not isinstance(variables, dict):
            raise _malformed("The parameter variables must be an object.")
        if extensions is not None and not isinstance(extensions, dict):
            raise _malformed("The parameter extensions must be an object.")
        sha256 = _persisted(extensions.get("persistedQuery")) if extensions else None
        if query is None and sha256 is None:
            sha256 = _identified(payload.get("documentId"))
        return cls(query, operation_name or None, variables or {}, sha256)


def _identified(document_id: object) -> str:
    if document_id is None:
        raise _malformed("The parameter query is missing.")
    if not isinstance(document_id, str):
        raise _malformed("The parameter documentId must be a string.")
    return document_id.removeprefix("sha256:")


def _persisted(entry: object) -> str | None:
    if entry is None:
        return None
    if not isinstance(entry, dict) or entry.get("version") != 1 or not isinstance(entry.get("sha256Hash"), str):
        raise _malformed('extensions.persistedQuery must be {"version": 1, "sha256Hash": "…"}.')
    return str(entry["sha256Hash"]).lower()


def _malformed(message: str) -> RequestError:
    return RequestError(RequestCode.BAD_REQUEST, message)


def refuse_nul(parsed: object) -> None:
    """Refuse the character U+0000 anywhere in parsed JSON: PostgreSQL cannot store it."""
    pending = [parsed]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str) and "\0" in value:
            raise _malformed("The character U+0000 is not allowed.")


class Service:
    """What the three transports share: one per process."""

    def __init__(
        self,
        documents: Documents,
        executor: Executor,
        actors: Actors,
        *,
        gate: Gate | None = None,
        events: Events | None = None,
        metrics: Metrics | None = None,
        seconds: float = 30.0,
        recheck_seconds: float = 60.0,
        most_connections: int = 5_000,
        public_introspection: bool = False,
        payments: frozenset[str] = PAYMENTS,
        proxy: TrustedProxy | None = None,
        devices: Devices | None = None,
        unverified: frozenset[str] = frozenset(),
        quotas: Quotas | None = None,
        persisted: Persisted | None = None,
    ) -> None:
        self.documents = documents
        self.executor = executor
        self.actors = actors
        self.gate = gate or Gate()
        self.events = events
        self.metrics = metrics or Metrics()
        self.deadlines = Deadlines(seconds)
        self.recheck_seconds = recheck_seconds
        self.most_connections = most_connections
        self.connections = 0
        self.stopping = asyncio.Event()
        """Set when connections that stay open must end."""
        self.public_introspection = public_introspection
        self.payments = payments
        self.proxy = proxy
        self.devices = devices
        self.unverified = unverified
        """Queries that are answered by other means than the executor's own statements, which check the actor."""
        self.quotas = quotas
        self.persisted = persisted or Persisted(documents, _no_manifest)

    async def find(self, parameters: Parameters, context: RequestContext) -> tuple[Document, Operation]:
        """The document and the operation meant, parsed if need be. What is rejected costs a point of the quota."""
        try:
            document = await self._document(parameters, context)
            return document, document.operation(parameters.operation_name)
        except RequestError:
            # Who holds a wrong token learns that first, and nothing about documents.
            actor = await self.actor(context, fresh=False)
            if parameters.query is not None:
                await self.persisted.permit(actor, parameters.query)
            if self.quotas is not None:
                context.cost = 1
                await self.quotas.charge(actor, context)
            raise
        except Exception as error:
            raise internal(error, context.request_id) from error

    async def _document(self, parameters: Parameters, context: RequestContext) -> Document:
        """The document meant; on a crowded server only one that is known."""
        text, name = parameters.query, parameters.sha256
        if text is not None and self.gate.crowded and self.documents.known(text) is None:
            raise self.gate.turned_away(RequestCode.OVERLOADED)
        if name is None:
            return self.documents.get(text or "")
        actor = await self.actor(context, fresh=False)
        if text is not None:
            return await self.persisted.keep(actor, text, name)
        try:
            return await self.persisted.named(actor, name)
        except RequestError:
            if actor.terms is None:
                raise
            # The actor was kept from an earlier request: its client may have another manifest by now.
            return await self.persisted.named(await self.actor(context, fresh=True), name)

    def is_payment(self, operation: Operation) -> bool:
        """Whether it may use the reserved places."""
        return operation.kind == "mutation" and not self.payments.isdisjoint(operation.fields)

    async def actor(self, context: RequestContext, *, fresh: bool) -> Actor:
        """Who asks. The grant that the request names must be one of theirs; the executor narrows to it."""
        actor = await admitted(self.actors, context.token, context.certificate, fresh=fresh)
        if self.devices is not None:
            self.devices.note(actor, context)
        if context.acting_as is None or any(grant.id == context.acting_as for grant in actor.grants):
            return actor
        if not fresh:
            return await self.actor(context, fresh=True)
        raise RequestError(RequestCode.FORBIDDEN, "X-Acting-As names none of the caller's grants.")

    def price(self, operation: Operation, parameters: Parameters, context: RequestContext) -> None:
        """Set the context's cost, at least 1; refuse what is above the limit."""
        context.cost = max(1, operation.cost.of(parameters.variables))
        allowed = self.documents.limits.cost
        if context.cost > allowed:
            raise limit_exceeded(Excess("cost", allowed, context.cost))

    async def charge(self, actor: Actor, operation: Operation, context: RequestContext) -> None:
        """Take the context's cost from the caller's quota, once a request; raises ``OVER_QUOTA``."""
        if self.quotas is None or context.allowance:
            return
        paying = operation.kind == "mutation" and self.payments.issuperset(operation.fields)
        try:
            await self.quotas.charge(actor, context, payment=paying)
        except RequestError:
            if not self.quotas.doubtful(actor, context):
                raise
            # The actor was kept from an earlier request: the client may have been given another quota since then.
            await self.quotas.charge(await self.actor(context, fresh=True), context, payment=paying)

    async def permit(self, document: Document, operation: Operation, actor: Actor) -> None:
        """Refuse what the client may not run, and introspection by nobody, unless the deployment publishes its schema."""
        await self.persisted.permit(actor, document.text)
        if operation.introspects and actor.is_anonymous and not self.public_introspection:
            raise RequestError(RequestCode.INTROSPECTION_REFUSED, "Sign in to introspect the schema.")

    async def run(
        self, document: Document, operation: Operation, parameters: Parameters, context: RequestContext
    ) -> Answer:
        """Run a query or a mutation in one of the gate's places and within its time. Raises ``RequestError``."""
        started = time.perf_counter()
        with self.gate.enter(context.token or context.client_ip, reserved=self.is_payment(operation)):
            try:
                async with self.deadlines:
                    answer = await self._executed(document, operation, parameters, context)
            except TimeoutError:
                raise self.gate.turned_away(RequestCode.TIMEOUT) from None
            except RequestError:
                raise
            except Refusal as refusal:
                raise refused(refusal, context) from None
            except Exception as error:
                raise internal(error, context.request_id) from error
        self.metrics.answered(operation.kind, time.perf_counter() - started)
        return answer

    async def _executed(
        self, document: Document, operation: Operation, parameters: Parameters, context: RequestContext
    ) -> Answer:
        verified = operation.reads_data and self.unverified.isdisjoint(operation.fields)
        fresh = not (self.executor.verifies_actors and verified)
        for _ in range(ATTEMPTS):
            actor = await self.actor(context, fresh=fresh)
            await self.permit(document, operation, actor)
            self.price(operation, parameters, context)
            await self.charge(actor, operation, context)
            try:
                return await self.executor.execute(document, operation, parameters.variables, actor, context)
            except StaleActorError:
                fresh = True
        raise self.gate.turned_away(RequestCode.OVERLOADED)

    async def open(
        self, document: Document, operation: Operation, parameters: Parameters, context: RequestContext
    ) -> AsyncGenerator[bytes]:
        """Start a subscription: its stream of bodies. Raises ``RequestError`` here or in the stream."""
        if self.connections_full:
            raise self.gate.turned_away(RequestCode.OVERLOADED)
        with self.gate.enter(context.token or context.client_ip):
            actor = await self.actor(context, fresh=True)
            await self.permit(document, operation, actor)
            self.price(operation, parameters, context)
            await self.charge(actor, operation, context)
        return self._watched(document, operation, parameters, actor, context)

    async def _watched(
        self,
        document: Document,
        operation: Operation,
        parameters: Parameters,
        actor: Actor,
        context: RequestContext,
    ) -> AsyncGenerator[bytes]:
        bodies = self.executor.subscribe(document, operation, parameters.variables, actor, context)
        self.metrics.subscriptions.inc()
        try:
            async for body in bodies:
                yield body
        except Refusal as refusal:
            raise refused(refusal, context) from None
        except StaleActorError:
            # Grants changed since the subscription began; who holds others now subscribes anew with them.
            await self.actor(context, fresh=True)
            raise RequestError(RequestCode.EVENTS_LOST, RequestCode.EVENTS_LOST.doc) from None
        finally:
            self.metrics.subscriptions.dec()
            await bodies.aclose()

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Hold one of the places for connections that stay open."""
        self.connections += 1
        self.metrics.connections.inc()
        try:
            yield
        finally:
            self.connections -= 1
            self.metrics.connections.dec()

    @property
    def connections_full(self) -> bool:
        """Whether no more connections may stay open."""
        return self.connections >= self.most_connections or self.stopping.is_set()

    async def part(self) -> None:
        """Tell connections that stay open to end, and return when they have."""
        self.stopping.set()
        while self.connections:  # noqa: ASYNC110 (each takes itself off the count as it ends)
            await asyncio.sleep(0.01)

    async def until_worthless(self, context: RequestContext) -> None:
        """Return once the token, or a grant that it had at first, no longer holds: what it listens to must end then."""
        if context.token is None:
            await asyncio.Event().wait()
        await until_worthless(partial(self.actor, context, fresh=True), self.events, self.recheck_seconds)


async def _no_manifest(_client_id: str) -> Manifest:
    return Manifest()


def refused(refusal: Refusal, context: RequestContext) -> RequestError:
    """An expected failure outside a mutation's payload, under its own code and in the caller's language."""
    told = error_body(refusal, context.locale)
    return RequestError.because(RequestCode.BAD_USER_INPUT, [{"message": told.pop("message"), "extensions": told}])


def acting_as(value: str | None) -> uuid.UUID | None:
    """The grant id of ``X-Acting-As``."""
    if not value:
        return None
    try:
        return uuid.UUID(value)
    except ValueError:
        raise _malformed("X-Acting-As must be the id of a grant.") from None
