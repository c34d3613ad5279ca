"""Running operations. graphql-core parses, validates, coerces and answers introspection; it executes nothing else."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
)
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth.actor import Actor
from auth.standing import STILL_SQL, StaleActorError
from domain.errors import Refusal
from models.sealed import Vault
from resolvers.at_once import Lines
from resolvers.outages import is_outage
from schema.documents import Answer, Document, Operation, RequestContext
from schema.engine.acts import act
from schema.engine.declare import declaration_of
from schema.engine.fields import Fields
from schema.engine.messages import message
from schema.engine.reading import FusedReader
from schema.engine.run import Run, Services
from schema.engine.values import Ref
from schema.faults import FormattedError, RequestCode, RequestError, formatted, internal


class Executor:
    """Executes operations of one schema over one database."""

    verifies_actors = True

    def __init__(
        self,
        schema: GraphQLSchema,
        lines: Lines,
        sessions: async_sessionmaker[AsyncSession],
        vault: Vault | None = None,
        settings: Any = None,
        *,
        longest_page: int | None = None,
    ) -> None:
        self.services = Services(schema, lines, sessions, vault, settings, longest_page)

    async def execute(
        self,
        document: Document,
        operation: Operation,
        variables: Mapping[str, Any],
        actor: Actor,
        context: RequestContext,
    ) -> Answer:
        """Run a query or a mutation; the answer is complete."""
        run = Run(self.services, document, operation, dict(variables), actor, context)
        data, errors = await (mutation(run) if operation.kind == "mutation" else query(run))
        await run.log_personal_reads()
        return Answer(body(data, errors, context))

    async def subscribe(
        self,
        document: Document,
        operation: Operation,
        variables: Mapping[str, Any],
        actor: Actor,
        context: RequestContext,
    ) -> AsyncGenerator[bytes]:
        """Run a subscription: a row is read again, under the actor's own policies, each time it changes."""
        run = Run(self.services, document, operation, dict(variables), actor, context)
        refuse_anonymous(run)
        key, nodes = next(iter(run.roots.items()))
        declared = declaration_of(run.root_type, nodes[0].name.value)
        async with aclosing(declared.source(run, run.arguments(run.root_type, nodes))) as values:
            async for value in values:
                if isinstance(value, Ref):
                    # A connection is held for the read only: a subscription may wait for hours.
                    async with reading(run) as reader:
                        read = await Fields(run, reader).row(value, nodes)
                else:
                    read = await Fields(run).show(value, run.definition(run.root_type, nodes).type, nodes)
                await run.log_personal_reads()
                if read is not None:
                    yield body(b'{"%s":%s}' % (key.encode(), read), [], context)


Data = tuple[bytes, list[FormattedError]]
"""The JSON of ``data``, and the errors."""


async def query(run: Run) -> Data:
    """All root fields; each may fail for itself. Several of them share one read-only snapshot."""
    introspected = introspect(run) if run.operation.introspects else {}
    names = [nodes[0].name.value for nodes in run.roots.values()]
    parts: list[bytes] = []
    errors: list[FormattedError] = []
    async with reading(run, snapshot=sum(not name.startswith("__") for name in names) > 1) as reader:
        fields = Fields(run, reader)
        for (key, nodes), name in zip(run.roots.items(), names, strict=True):
            if name == "__typename":
                value = b'"Query"'
            elif name.startswith("__"):
                value = orjson.dumps(introspected.get(key))
            else:
                try:
                    value = await fields.field(run.root_type, nodes)
                except (StaleActorError, RequestError):
                    raise
                except Exception as error:
                    if is_outage(error):
                        raise
                    # One root's fault must not take the others with it.
                    errors.append(failed(error, key, run.context))
                    value = b"null"
            parts.append(b'"%s":%s' % (key.encode(), value))
    return b"{%s}" % b",".join(parts), errors


async def mutation(run: Run) -> Data:
    """The root fields one after the other, each in a transaction of its own."""
    refuse_anonymous(run)
    parts: list[bytes] = []
    errors: list[FormattedError] = []
    for key, nodes in run.roots.items():
        if nodes[0].name.value == "__typename":
            value = b'"Mutation"'
        else:
            try:
                value = await act(run, nodes)
            except (StaleActorError, RequestError):
                raise
            except Exception as error:  # noqa: BLE001 - one root's fault must not hide what the others did
                errors.append(failed(error, key, run.context))
                value = b"null"
        parts.append(b'"%s":%s' % (key.encode(), value))
    await assure(run)
    return b"{%s}" % b",".join(parts), errors


async def assure(run: Run) -> None:
    """Whoever is told something is still who they were, even where all was refused before the database was asked."""
    if run.standing is None or run.standing.sure:
        return
    line = await run.services.lines.take()
    try:
        run.standing.judge(await line.fetch(STILL_SQL, run.standing.binds) == (b"\x01",))
    finally:
        run.services.lines.give(line)


def introspect(run: Run) -> dict[str, Any]:
    """What graphql-core answers for the root fields that ask for the schema itself."""
    only = [node for nodes in run.roots.values() for node in nodes if node.name.value.startswith("__")]
    node = run.operation.node
    operation = OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        variable_definitions=node.variable_definitions,
        selection_set=SelectionSetNode(selections=tuple(only)),
    )
    document = DocumentNode(definitions=(operation, *run.fragments))
    return execute_sync(run.schema, document, variable_values=run.raw).data or {}


def reading(run: Run, *, snapshot: bool = False) -> FusedReader:
    return FusedReader(run.services.lines, run.standing, snapshot=snapshot)


def refuse_anonymous(run: Run) -> None:
    if run.actor.is_anonymous:
        raise RequestError(RequestCode.UNAUTHENTICATED, "Sign in first: send a bearer token.")


def failed(error: Exception, key: str, context: RequestContext) -> FormattedError:
    """Why a root field has no answer: a refusal with its code and the argument at fault, or a fault of ours."""
    match error:
        case Refusal():
            extensions = {"code": str(error.code)} | ({"field": error.field} if error.field else {})
            made: FormattedError = {"message": message(error, context.locale), "extensions": extensions}
        case GraphQLError():
            made = formatted(error, RequestCode.BAD_USER_INPUT)
        case _:
            made = internal(error, context.request_id).errors[0]
    return {**made, "path": [key]}


def body(data: bytes | None, errors: list[FormattedError], context: RequestContext) -> bytes:
    """The response's JSON."""
    listed = b'"errors":%s,' % orjson.dumps(errors) if errors else b""
    return b'{%s"data":%s,"extensions":%s}' % (listed, data or b"null", context.extensions)
