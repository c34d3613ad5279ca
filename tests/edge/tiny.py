"""A tiny server: the real edge around a small Strawberry schema that graphql-core executes. No database."""

import asyncio
import inspect
import uuid
from collections.abc import AsyncGenerator, Iterable
from datetime import date
from typing import Any

import orjson
import strawberry
from graphql import ExecutionResult, execute, subscribe
from starlette.applications import Starlette
from strawberry import relay
from strawberry.types import Info

from app.actors import unauthenticated
from app.asgi import assemble
from app.farewell import before_stopping
from app.requests import Service
from auth.actor import Actor, Grant, anonymous
from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from schema.costs import Variables
from schema.documents import Answer, Document, Documents, Operation, RequestContext
from schema.faults import RequestCode, RequestError, formatted, formatted_in_execution

TOKEN = "tiny-token"
TODAY = date(2026, 3, 2)
GRANT = Grant(uuid.UUID("01980000-0000-7000-8000-000000000001"), Role.OWNER, "990001")
ACTOR = Actor(uuid.UUID(int=7), None, uuid.UUID(int=8), "王小明", "zh-CN", TODAY, (GRANT,))


@strawberry.type
class Book(relay.Node):
    id: relay.NodeID[str]
    title: str

    @classmethod
    def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        return [BOOKS.get(node_id) for node_id in node_ids]

    @relay.connection(relay.ListConnection["Book"])
    def sequels(self) -> Iterable["Book"]:
        return list(BOOKS.values())

    @strawberry.field
    def sequel(self) -> "Book":
        return BOOKS["1"]


BOOKS = {str(number): Book(id=str(number), title=f"Book {number}") for number in range(1, 26)}


@strawberry.type
class Query:
    node: relay.Node | None = relay.node()

    @relay.connection(relay.ListConnection[Book])
    def books(self) -> Iterable[Book]:
        return list(BOOKS.values())

    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def me(self, info: Info) -> str:
        if info.context["actor"].is_anonymous:
            raise RequestError(RequestCode.UNAUTHENTICATED, "Sign in first.")
        return str(info.context["actor"].display_name)

    @strawberry.field
    def locale(self, info: Info) -> str:
        return str(info.context["context"].locale)

    @strawberry.field
    def broken(self) -> str | None:
        raise LookupError("secret: relation account does not exist")

    @strawberry.field
    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    @strawberry.field
    def shelf(self, ids: list[strawberry.ID]) -> list[Book]:
        return [BOOKS[one] for one in ids if one in BOOKS]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def fee_bill_pay(self, seconds: float = 0) -> str:
        await asyncio.sleep(seconds)
        return "paid"

    @strawberry.mutation
    def rename(self, title: str) -> str:
        return title


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def countdown(self, start: int) -> AsyncGenerator[int]:
        for number in range(start, 0, -1):
            yield number

    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[int]:
        number = 0
        while True:
            number += 1
            yield number
            await asyncio.sleep(0.05)

    @strawberry.subscription
    async def secret_ticks(self, info: Info) -> AsyncGenerator[int]:
        if info.context["actor"].is_anonymous:
            raise RequestError(RequestCode.UNAUTHENTICATED, "Sign in first.")
        for number in range(10):
            yield number

    @strawberry.subscription
    async def silence(self) -> AsyncGenerator[int]:
        await asyncio.Event().wait()
        yield 0

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[int]:
        yield 1
        raise LookupError("secret: relation account does not exist")


SCHEMA = strawberry.Schema(Query, Mutation, Subscription)


class TinyExecutor:
    """graphql-core behind the interface of ``schema.documents.Executor``."""

    verifies_actors = False

    async def execute(
        self, document: Document, operation: Operation, variables: Variables, actor: Actor, context: RequestContext
    ) -> Answer:
        assert document.ast is not None
        result = execute(
            SCHEMA._schema,
            document.ast,
            variable_values=dict(variables),
            operation_name=operation.name,
            context_value={"actor": actor, "context": context},
            hide_suggestions=True,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        return _answer(result, context)

    async def subscribe(
        self, document: Document, operation: Operation, variables: Variables, actor: Actor, context: RequestContext
    ) -> AsyncGenerator[bytes]:
        assert document.ast is not None
        found = subscribe(
            SCHEMA._schema,
            document.ast,
            variable_values=dict(variables),
            operation_name=operation.name,
            context_value={"actor": actor, "context": context},
            hide_suggestions=True,
        )
        if inspect.isawaitable(found):
            found = await found
        if isinstance(found, ExecutionResult):
            for error in found.errors or ():
                if isinstance(error.original_error, RequestError):
                    raise error.original_error
            code = RequestCode.BAD_USER_INPUT
            raise RequestError.because(code, [formatted(error, code) for error in found.errors or ()])
        async for result in found:
            yield _answer(result, context).body


def _answer(result: ExecutionResult, context: RequestContext) -> Answer:
    body: dict[str, Any] = {}
    failed = result.data is None and all(error.path is None for error in result.errors or ())
    if not failed:
        body["data"] = result.data
    if result.errors:
        body["errors"] = [formatted_in_execution(error, context.request_id) for error in result.errors]
    return Answer(orjson.dumps(body)[:-1] + b',"extensions":' + context.extensions + b"}", failed)


class TinyActors:
    """One token, which a test can revoke."""

    def __init__(self) -> None:
        self.actor: Actor | None = ACTOR

    async def find(self, token: str | None, *, fresh: bool) -> Actor:
        if token is None:
            return anonymous(TODAY)
        if token != TOKEN or self.actor is None:
            raise unauthenticated("The token is wrong, expired or revoked.")
        return self.actor


def tiny_service(**options: Any) -> Service:
    documents = options.pop("documents", None)
    if documents is None:
        documents = Documents(SCHEMA._schema)
    return Service(documents, TinyExecutor(), options.pop("actors", None) or TinyActors(), **options)


async def always_ready() -> dict[str, bool]:
    return {"database": True}


def tiny_app(service: Service | None = None, **options: Any) -> Starlette:
    return assemble(service or tiny_service(), ready=always_ready, **options)


def app() -> Starlette:
    """For a server process (``granian --factory``)."""
    made = tiny_app(development=True, origins=["https://app.example.org"])
    before_stopping(made.state.service.part)
    return made


__all__ = ["ACTOR", "GRANT", "TOKEN", "ErrorCode", "Refusal", "TinyActors", "app", "tiny_app", "tiny_service"]
