"""Running operations: compiled reads, intents and their payloads, subscriptions. graphql-core parses, validates, coerces and
answers introspection; it executes nothing else."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Protocol, cast
from uuid import UUID

import orjson
import psycopg
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
    get_named_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_variable_values
from psycopg.raw_cursor import AsyncRawCursor
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth.actor import Actor
from auth.tokens import token_hash
from auth.visibility import bind_values, single
from domain.calendar import today
from domain.errors import ErrorCode, Refusal
from models.sealed import Vault
from resolvers.idempotency import Outcome
from resolvers.unit_of_work import UnitOfWork, transact
from schema.documents import Answer, Document, Operation, RequestContext, StaleActorError
from schema.engine.compile import Compiler, Fill, Plan
from schema.engine.declare import DECLARATION, ENTITIES, TYPES, Listing, camel
from schema.engine.declare import Answer as Answered
from schema.engine.intents import Intent, read_input, value_county
from schema.engine.messages import message
from schema.engine.selection import Arg, Selection, shape, sub_selections
from schema.engine.values import Ref, dumped, encode_id
from schema.engine.variables import PlainVariable, plain_variables, read_plain
from schema.faults import FormattedError, RequestCode, RequestError, formatted, internal

MOST_PLANS = 256
"""Plans kept for one document: roles × shapes of variables that really occur are few."""

EMPTY_PAGE = {
    "edges": [],
    "nodes": [],
    "page_info": {"has_next_page": False, "has_previous_page": False, "start_cursor": None, "end_cursor": None},
    "total_count": 0,
    "counts_by_state": [],
}


@dataclass(frozen=True)
class ReadScope:
    """What an actor may read of some counties: roles decide the statement, values are bound."""

    counties: frozenset[str]
    roles: frozenset[Any]
    values: dict[str, Any]
    singles: frozenset[str]
    """Names of the values that are one value instead of an array."""

    fuse: str

    @cached_property
    def kind(self) -> tuple[Any, ...]:
        """What of the scope decides the statement."""
        return self.roles, self.mode, self.singles

    @cached_property
    def dumped(self) -> dict[str, bytes | None]:
        """The values as parameters: the same for every request of the actor."""
        return {name: dumped(value) for name, value in self.values.items()}

    @cached_property
    def dumped_fuse(self) -> bytes:
        return self.fuse.encode()

    @property
    def mode(self) -> Any:
        return "one" if len(self.counties) == 1 else "many"


class Executor:
    """Executes operations of one schema over one database."""

    verifies_actors = True
    longest_page: int | None = None
    """The most rows of a page where it is not clients who ask (``schema.sheets.reading``)."""

    def __init__(
        self,
        schema: GraphQLSchema,
        lines: "ReadLines",
        sessions: async_sessionmaker[AsyncSession],
        vault: Vault | None = None,
        settings: Any = None,
    ) -> None:
        self.schema = schema
        self.lines = lines
        self.sessions = sessions
        self.vault = vault
        self.settings = settings

    async def execute(
        self,
        document: Document,
        operation: Operation,
        variables: Mapping[str, Any],
        actor: Actor,
        context: RequestContext,
    ) -> Answer:
        """Run a query or a mutation; the answer is complete."""
        run = Run(self, document, operation, dict(variables), actor, context)
        data, errors = await (run.mutation() if operation.kind == "mutation" else run.query())
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
        run = Run(self, document, operation, dict(variables), actor, context)
        if run.actor.is_anonymous:
            raise RequestError(RequestCode.UNAUTHENTICATED, "Sign in first: send a bearer token.")
        key, nodes = next(iter(run.roots.items()))
        shown_type = run.selection.definition(run.root_type, nodes[0].name.value).type
        async with aclosing(run.declaration(nodes).source(run, run.arguments(nodes))) as values:
            async for value in values:
                if isinstance(value, Ref):
                    # A connection is held for the read only: a subscription may wait for hours.
                    async with run._connection(snapshot=False):
                        read = await run.read_ref(value, sub_selections(nodes), run.path_key(nodes))
                else:
                    read = await run._show(value, shown_type, nodes)
                if read is not None:
                    yield body(b'{"%s":%s}' % (key.encode(), read), [], context)


def body(data: bytes | None, errors: list[FormattedError], context: RequestContext) -> bytes:
    """The response's JSON."""
    listed = b'"errors":%s,' % orjson.dumps(errors) if errors else b""
    return b'{%s"data":%s,"extensions":%s}' % (listed, data or b"null", context.extensions)


class Run:
    """One operation of one request."""

    def __init__(
        self,
        executor: Executor,
        document: Document,
        operation: Operation,
        raw: dict[str, Any],
        actor: Actor,
        context: RequestContext,
    ) -> None:
        self.executor, self.document, self.operation, self.context = executor, document, operation, context
        self.schema = executor.schema
        self.actor = narrowed(actor, context)
        self.raw = raw
        coerced: Any = self._plain_variables() or get_variable_values(
            self.schema, operation.node.variable_definitions or [], raw, hide_suggestions=True
        )
        if isinstance(coerced, list):
            raise RequestError.because(
                RequestCode.BAD_USER_INPUT, [formatted(error, RequestCode.BAD_USER_INPUT) for error in coerced]
            )
        self.variables: VariableValues = coerced
        self.shape = tuple((name, shape(value)) for name, value in coerced.coerced.items())

    def _plain_variables(self) -> VariableValues | None:
        """The variables where all are plain scalars in the form that JSON gives them; anything else is graphql-core's."""
        key = ("variables", self.operation.name)
        plain: tuple[PlainVariable, ...] | None = self.document.plans.get(key)
        if plain is None:
            plain = plain_variables(self.schema, self.operation.node)
            self._keep(key, plain)
        return read_plain(plain, self.raw) if plain else None

    @cached_property
    def selection(self) -> Selection:
        assert self.document.ast is not None  # noqa: S101 - only documents that were not rejected have operations
        fragments = {n.name.value: n for n in self.document.ast.definitions if isinstance(n, FragmentDefinitionNode)}
        return Selection(self.schema, fragments, self.variables)

    @property
    def root_type(self) -> str:
        return self.schema.get_root_type(self.operation.node.operation).name  # type: ignore[union-attr]

    @cached_property
    def roots(self) -> dict[str, list[FieldNode]]:
        cached = self.document.plans.get(("roots", self.operation.name, self.shape))
        if cached is None:
            cached = self.selection.fields(self.root_type, [self.operation.node.selection_set])
            self._keep(("roots", self.operation.name, self.shape), cached)
        return cast(dict[str, list[FieldNode]], cached)

    def _keep(self, key: Any, value: Any) -> None:
        if len(self.document.plans) >= MOST_PLANS:
            self.document.plans.clear()
        self.document.plans[key] = value

    def declaration(self, nodes: list[FieldNode], type_name: str | None = None) -> Any:
        return declaration_of(type_name or self.root_type, nodes[0].name.value)

    def arguments(self, nodes: list[FieldNode], type_name: str | None = None) -> dict[str, Any]:
        type_name = type_name or self.root_type
        key = ("arguments", type_name, self.operation.name, self.path_key(nodes), self.shape)
        given: dict[str, Arg] | None = self.document.plans.get(key)
        if given is None:
            given = self.selection.arguments(type_name, nodes[0])
            self._keep(key, given)
        return {name: arg.read(self.variables) for name, arg in given.items()}

    def path_key(self, nodes: list[FieldNode]) -> Any:
        return nodes[0].loc.start if nodes[0].loc else id(nodes[0])

    # Queries

    async def query(self) -> tuple[bytes | None, list[FormattedError]]:
        """All root fields; each may fail for itself. Several of them share one read-only snapshot."""
        data_roots = [nodes for nodes in self.roots.values() if not nodes[0].name.value.startswith("__")]
        introspected = self._introspect() if self.operation.introspects else {}
        parts: list[bytes] = []
        errors: list[FormattedError] = []
        async with self._connection(snapshot=len(data_roots) > 1):
            for key, nodes in self.roots.items():
                name = nodes[0].name.value
                if name == "__typename":
                    value: bytes | None = b'"Query"'
                elif name.startswith("__"):
                    value = orjson.dumps(introspected.get(key))
                else:
                    value = await self._root(key, nodes, errors)
                parts.append(b'"%s":%s' % (key.encode(), value or b"null"))
        return b"{%s}" % b",".join(parts), errors

    def _introspect(self) -> dict[str, Any]:
        only = SelectionSetNode(
            selections=tuple(n for nodes in self.roots.values() for n in nodes if n.name.value.startswith("__"))
        )
        node = self.operation.node
        operation = OperationDefinitionNode(
            operation=node.operation, name=node.name, variable_definitions=node.variable_definitions, selection_set=only
        )
        assert self.document.ast is not None  # noqa: S101
        rest = tuple(n for n in self.document.ast.definitions if isinstance(n, FragmentDefinitionNode))
        result = execute_sync(self.schema, DocumentNode(definitions=(operation, *rest)), variable_values=self.raw)
        return result.data or {}

    async def _root(self, key: str, nodes: list[FieldNode], errors: list[FormattedError]) -> bytes | None:
        try:
            return await self._field(self.root_type, nodes, None)
        except (StaleActorError, RequestError):
            raise
        except Refusal as refusal:
            errors.append(refused(refusal, key, nodes, self.context))
        except GraphQLError as error:
            errors.append({**formatted(error, RequestCode.BAD_USER_INPUT), "path": [key]})
        except Exception as error:  # noqa: BLE001 - one root's fault must not take the others with it
            errors.append({**internal(error, self.context.request_id).errors[0], "path": [key]})
        return None

    async def _field(self, type_name: str, nodes: list[FieldNode], value: Any) -> bytes:
        """One field of a type that is not an entity: a listing, an answer, or a plain value."""
        declared = self.declaration(nodes, type_name)
        definition = self.selection.definition(type_name, nodes[0].name.value)
        match declared:
            case Listing():
                return await self._listing(declared, type_name, nodes)
            case Answered(function):
                given = {snake(name): arg for name, arg in self.arguments(nodes, type_name).items()}
                owner = () if value is None else (value,)
                return await self._show(await function(self, *owner, **given), definition.type, nodes)
        found = value.get(snake(nodes[0].name.value)) if isinstance(value, Mapping) else None
        if found is None and not isinstance(value, Mapping):
            found = getattr(value, snake(nodes[0].name.value))
        return await self._show(found, definition.type, nodes)

    async def _show(self, value: Any, type_: Any, nodes: list[FieldNode]) -> bytes:
        """A Python value as JSON, with the fields that were selected; ``Ref`` is read by the engine."""
        if is_non_null_type(type_):
            type_ = type_.of_type
        if value is None:
            return b"null"
        if is_list_type(type_):
            if value and get_named_type(type_).name == "Node":
                return await self.nodes(value, nodes)
            return b"[%s]" % b",".join([await self._show(each, type_.of_type, nodes) for each in value])
        if is_leaf_type(type_):
            shown = getattr(value, "value", value) if is_enum_type(type_) else type_.serialize(value)
            return orjson.dumps(shown)
        if isinstance(value, Ref):
            return await self.read_ref(value, sub_selections(nodes), self.path_key(nodes)) or b"null"
        name = get_named_type(type_).name
        parts = []
        for key, inner in self.selection.fields(name, sub_selections(nodes)).items():
            if inner[0].name.value == "__typename":
                shown_part = b'"%s"' % name.encode()
            else:
                shown_part = await self._field(name, inner, value)
            parts.append(b'"%s":%s' % (key.encode(), shown_part))
        return b"{%s}" % b",".join(parts)

    # Reads

    async def _listing(self, declared: Listing, type_name: str, nodes: list[FieldNode]) -> bytes:
        args = self.arguments(nodes, type_name)
        if declared.before is not None:
            await declared.before(self, args)
        entity = ENTITIES[declared.target]
        scope = self.scope(self._counties(args.get("county")))
        if not entity.shared and not scope.roles:
            definition = self.selection.definition(type_name, nodes[0].name.value)
            return await self._show({**EMPTY_PAGE, **dict.fromkeys(map(snake, entity.sums), 0)}, definition.type, nodes)
        key = ("list", self.operation.name, self.path_key(nodes), scope.kind, self.shape)
        plan = self._plan(key, scope, lambda compiler: compiler.listing(declared, type_name, nodes))
        return await self.run(plan, scope) or b"null"

    def _counties(self, county: str | None) -> frozenset[str]:
        return self.actor.counties if county is None else self.actor.counties & {county}

    async def read_ref(self, ref: Ref, sets: list[SelectionSetNode], place: Any) -> bytes | None:
        """One row as JSON; ``None`` where it is not there or the actor may not see it."""
        entity = ENTITIES.get(ref.type)
        if entity is None or entity.shared != (ref.county == ""):
            return None
        scope = self.scope(self._counties(None) if entity.shared else self._counties(ref.county))
        if not entity.shared and not scope.roles:
            return None
        key = ("node", ref.type, self.operation.name, place, scope.kind, self.shape)
        plan = self._plan(key, scope, lambda compiler: compiler.node(ref, sets))
        return await self.run(plan, scope, {"key": ref.key})

    async def nodes(self, refs: list[Ref | None], nodes: list[FieldNode]) -> bytes:
        """Rows by id in the order asked for, null where one is not there or not visible; one statement per type."""
        found: dict[str, bytes] = {}
        for type_name, county in {(ref.type, ref.county) for ref in refs if ref is not None}:
            entity = ENTITIES.get(type_name)
            if entity is None or entity.shared != (county == ""):
                continue
            scope = self.scope(self._counties(county or None))
            if not scope.roles and not entity.shared:
                continue
            key = ("nodes", type_name, self.operation.name, self.path_key(nodes), scope.kind, self.shape)
            plan = self._plan(key, scope, lambda c, t=type_name: c.many_nodes(t, sub_selections(nodes)))
            keys = [ref.key for ref in refs if ref is not None and (ref.type, ref.county) == (type_name, county)]
            read = await self.run(plan, scope, {"keys": keys})
            found |= {key: orjson.dumps(value) for key, value in orjson.loads(read or b"{}").items()}
        return b"[%s]" % b",".join(found.get(encode_id(ref), b"null") if ref else b"null" for ref in refs)

    def scope(self, counties: frozenset[str]) -> ReadScope:
        """The actor's scope in these counties, kept with the actor (which is kept between requests)."""
        kept: dict[Any, ReadScope] = self.actor.__dict__.setdefault("_scopes", {})
        found = kept.get(counties)
        if found is None:
            roles = frozenset(grant.role for grant in self.actor.grants if grant.county in counties)
            values = bind_values(self.actor.grants, counties, self.actor.today)
            singles = frozenset(name for name, value in values.items() if name != "today" and len(set(value)) == 1)
            values |= {name: values[name][0] for name in singles}
            values |= {"counties": sorted(counties), "account": self.actor.account_id}
            if len(counties) == 1:
                values["county"] = next(iter(counties))
            found = kept[counties] = ReadScope(counties, roles, values, singles, ",".join(sorted(counties)))
        return found

    def _plan(self, key: Any, scope: ReadScope, compile_: Any) -> Plan:
        plan = self.document.plans.get(key)
        if plan is None:
            with single(scope.singles):
                plan = compile_(Compiler(self.selection, scope.roles, scope.mode, self.page_cap))
            self._keep(key, plan)
        return cast(Plan, plan)

    @property
    def page_cap(self) -> int:
        """Partners' export pages may be longer (DESIGN §3)."""
        return self.executor.longest_page or (500 if self.actor.client_id is not None else 100)

    async def run(self, plan: Plan, scope: ReadScope, extra: Mapping[str, Any] | None = None) -> bytes | None:
        """Run a compiled read: one statement with the county fuse, which also checks that the actor is still what it was."""
        if self._line is not None:  # the same, in a transaction on a line
            row = await self._line.fetch(plan.body, plan.bind_dumped(self.variables, scope.dumped, extra or {}))
            read = row[0] if row else None
        elif self._inside is not None:  # in a command's transaction the fuse is set and the actor was checked
            values = plan.bind(self.variables, {**scope.values, **extra} if extra else scope.values)
            read = await fetch(self._inside, plan.body, values)
        else:
            parameters = plan.bind_dumped(self.variables, scope.dumped, extra or {})
            parameters.append(scope.dumped_fuse)
            statement = plan.statement
            if self.context.token is not None:
                statement = plan.checked_statement
                # As text, like every parameter: a bytea in hexadecimal.
                parameters.append(b"\\x" + token_hash(self.context.token).hex().encode())
                parameters.append(b"%d" % self.actor.grants_version)
            assert self._reading is not None  # noqa: S101
            row = await self._reading.fetch(statement, parameters)
            if row is None or row[0] != b"\x01":
                raise StaleActorError
            read = row[1]
        if read is not None and plan.fills:
            return await self._fill(plan, read)
        return read

    async def _fill(self, plan: Plan, read: bytes) -> bytes:
        data = orjson.loads(read)
        for fill in plan.fills:
            await self._fill_at(fill, data, fill.path)
        return orjson.dumps(data)

    async def _fill_at(self, fill: Fill, data: Any, path: tuple[str, ...]) -> None:
        if data is None:
            return
        head, *rest = path
        if head == "*":
            for each in data.values() if isinstance(data, dict) else data:
                await self._fill_at(fill, each, tuple(rest))
        elif rest:
            await self._fill_at(fill, data.get(head), tuple(rest))
        elif isinstance(given := data.get(head), list) and given and given[0] == fill.mark:
            definition = self.selection.definition(fill.type_name, fill.nodes[0].name.value)
            arguments = {snake(k): v for k, v in self.arguments(list(fill.nodes), fill.type_name).items()}
            value = fill.function(self, *given[1:], **arguments)
            data[head] = orjson.loads(await self._show(value, definition.type, list(fill.nodes)))

    _reading: "_Reading | None" = None
    _inside: psycopg.AsyncConnection[Any] | None = None
    _line: "ReadLine | None" = None

    def _connection(self, *, snapshot: bool) -> "_Reading":
        return _Reading(self, snapshot)

    # Intents

    async def mutation(self) -> tuple[bytes | None, list[FormattedError]]:
        """The root fields one after the other, each in a transaction of its own."""
        if self.actor.is_anonymous:
            raise RequestError(RequestCode.UNAUTHENTICATED, "Sign in first: send a bearer token.")
        parts: list[bytes] = []
        errors: list[FormattedError] = []
        for key, nodes in self.roots.items():
            if nodes[0].name.value == "__typename":
                value: bytes | None = b'"Mutation"'
            else:
                value = await self._root_intent(key, nodes, errors)
            parts.append(b'"%s":%s' % (key.encode(), value or b"null"))
        return b"{%s}" % b",".join(parts), errors

    async def _root_intent(self, key: str, nodes: list[FieldNode], errors: list[FormattedError]) -> bytes | None:
        try:
            return await self._intent(self.declaration(nodes), nodes)
        except RequestError:
            raise
        except Exception as error:  # noqa: BLE001 - one root's fault must not hide what the others did
            errors.append({**internal(error, self.context.request_id).errors[0], "path": [key]})
            return None

    async def _intent(self, intent: Intent, nodes: list[FieldNode]) -> bytes:
        raw = self.arguments(nodes)["input"]
        if not intent.items:
            return await self._one_intent(intent, raw, raw.get("idempotencyKey"), nodes, intent.payload)
        key = raw.get("idempotencyKey")
        shared = {name: value for name, value in raw.items() if name not in ("items", "idempotencyKey")}
        try:
            if not 1 <= len(raw["items"]) <= intent.items:
                raise Refusal(ErrorCode.OUT_OF_RANGE, "items", least=1, most=intent.items)
        except Refusal as refusal:
            return await self._payload(
                intent.payload, nodes, {"results": [], "user_errors": self.user_errors(refusal)}, None
            )
        results: dict[str, list[bytes]] = {}
        selected = self.selection.fields(intent.payload, sub_selections(nodes))
        lists = {k: inner for k, inner in selected.items() if inner[0].name.value == "results"}
        for at, item in enumerate(raw["items"]):
            each = {**shared, **item}
            for response_key, inner in lists.items():
                done = await self._one_intent(
                    intent, each, f"{key}:{at}" if key else None, inner, intent.result, index=at
                )
                results.setdefault(response_key, []).append(done)
            if not lists:
                await self._one_intent(intent, each, f"{key}:{at}" if key else None, [], intent.result, index=at)
        parts = []
        for response_key, inner in selected.items():
            match inner[0].name.value:
                case "results":
                    shown = b"[%s]" % b",".join(results[response_key])
                case "__typename":
                    shown = b'"%s"' % intent.payload.encode()
                case _:
                    shown = b"[]"
            parts.append(b'"%s":%s' % (response_key.encode(), shown))
        return b"{%s}" % b",".join(parts)

    async def _one_intent(
        self,
        intent: Intent,
        raw: dict[str, Any],
        key: str | None,
        nodes: list[FieldNode],
        payload: str,
        index: int | None = None,
    ) -> bytes:
        try:
            if intent.keyed and not key:
                raise Refusal(ErrorCode.IDEMPOTENCY_KEY_REQUIRED, "idempotencyKey")
            read_type = intent.item_type or intent.input_type
            county, given = read_input(read_type, intent.input_type, raw, self.actor.counties)
            county = county or value_county(self.actor)
            if intent.at_once is not None and key:
                done = await self._at_once(intent, county, given, raw, key, nodes, payload, index)
                if done is not None:
                    return done

            async def answer(uow: UnitOfWork, outcome: Outcome) -> bytes:
                connection = await (await uow.session.connection()).get_raw_connection()
                self._inside = cast(Any, connection.driver_connection)
                try:
                    shown = {
                        "user_errors": [],
                        "replayed": outcome.replayed,
                        "index": index,
                        **intent.results(outcome, county),
                    }
                    return await self._payload(payload, nodes, shown, index)
                finally:
                    self._inside = None

            made = await transact(
                self.executor.sessions,
                self.actor,
                county,
                lambda uow: intent.command(uow, **given),
                name=intent.name,
                inputs=raw,
                idempotency_key=key,
                answer=answer,
                now=datetime.now(UTC),
                request_id=self.context.request_id,
                vault=self.executor.vault,
            )
            return cast(bytes, made)
        except Refusal as refusal:
            shown = {"user_errors": self.user_errors(refusal), "replayed": False, "index": index}
            return await self._payload(payload, nodes, shown, index)

    async def _at_once(
        self,
        intent: Intent,
        county: str,
        given: dict[str, Any],
        raw: dict[str, Any],
        key: str,
        nodes: list[FieldNode],
        payload: str,
        index: int | None,
    ) -> bytes | None:
        """The act's ordinary case in few round trips; ``None`` when it is not the ordinary case and nothing was written."""
        lines = self.executor.lines
        line = await lines.take()

        async def answer(outcome: Outcome) -> bytes:
            shown = {"user_errors": [], "replayed": False, "index": index, **intent.results(outcome, county)}
            self._line = line
            try:
                return await self._payload(payload, nodes, shown, index)
            finally:
                self._line = None

        try:
            return await intent.at_once(  # type: ignore[misc,no-any-return]
                line,
                self.actor,
                county,
                given,
                key=key,
                name=intent.name,
                inputs=raw,
                now=datetime.now(UTC),
                answer=answer,
                request_id=self.context.request_id,
            )
        finally:
            lines.give(line)

    async def _payload(self, name: str, nodes: list[FieldNode], value: dict[str, Any], _index: int | None) -> bytes:
        parts = []
        for key, inner in self.selection.fields(name, sub_selections(nodes)).items():
            field = inner[0].name.value
            if field == "__typename":
                shown = b'"%s"' % name.encode()
            else:
                shown = await self._show(value.get(snake(field)), self.selection.definition(name, field).type, inner)
            parts.append(b'"%s":%s' % (key.encode(), shown))
        return b"{%s}" % b",".join(parts)

    def user_errors(self, refusal: Refusal) -> list[dict[str, Any]]:
        return [
            {
                "code": str(refusal.code),
                "message": message(refusal, self.context.locale),
                "field": refusal.field,
                "retryable": refusal.retryable,
            }
        ]

    # What answers may use

    @property
    def today(self) -> date:
        return today(datetime.now(UTC))

    async def within(self, county: str, work: Any) -> Any:
        """Run ``work(uow)`` in a transaction of its own in one county (``NOT_FOUND`` for a county without a grant)."""

        async def answer(_uow: UnitOfWork, outcome: Outcome) -> Any:
            return outcome.row

        return await transact(
            self.executor.sessions,
            self.actor,
            county,
            work,
            answer=answer,
            request_id=self.context.request_id,
            vault=self.executor.vault,
        )


Row = tuple[bytes | None, ...] | None
"""The first row of an answer, if any; its values binary."""


class ReadLine(Protocol):
    """A connection for compiled reads (``app.lines``)."""

    broken: bool

    async def fetch(self, statement: str, parameters: Sequence[bytes | None]) -> Row:
        """The first row, its values binary."""
        ...

    async def run(self, statement: str) -> None:
        """A statement without an answer."""
        ...


class ReadLines(Protocol):
    """Where lines come from."""

    async def take(self) -> Any:
        """A ``ReadLine`` for oneself."""
        ...

    def give(self, line: Any) -> None:
        """Give it back."""
        ...


SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class _Reading:
    """The line of a query's statements; with ``snapshot`` they all see the same state of the data."""

    def __init__(self, run: Run, snapshot: bool) -> None:
        self.run, self.snapshot = run, snapshot
        self.lines = run.executor.lines
        self.line: Any = None

    async def fetch(self, statement: str, parameters: Sequence[bytes | None]) -> Row:
        try:
            return cast(Row, await self.line.fetch(statement, parameters))
        except psycopg.Error as error:
            if self.snapshot and not self.line.broken:
                # The roots that follow are read all the same, in a snapshot of their own.
                await self.line.run("ROLLBACK")
                await self.line.run(SNAPSHOT)
            if self.snapshot or not self.line.broken or not isinstance(error, psycopg.OperationalError):
                raise
        # The server went away between two requests (a restart): a read is simply sent again, on a new connection.
        self.lines.give(self.line)
        self.line = None
        self.line = await self.lines.take()
        return cast(Row, await self.line.fetch(statement, parameters))

    async def __aenter__(self) -> None:
        self.line = await self.lines.take()
        self.run._reading = self
        if self.snapshot:
            try:
                await self.line.run(SNAPSHOT)
            except BaseException:
                self._over()
                raise

    async def __aexit__(self, *raised: Any) -> None:
        try:
            if self.snapshot and not self.line.broken:
                await self.line.run("COMMIT")
        finally:
            self._over()

    def _over(self) -> None:
        self.run._reading = None
        if self.line is not None:
            self.lines.give(self.line)


async def fetch(connection: Any, statement: str, values: list[Any]) -> bytes | None:
    """The one value of a statement that builds an answer."""
    cursor = AsyncRawCursor(connection)
    await cursor.execute(statement, values, prepare=True, binary=True)
    row = await cursor.fetchone()
    return row[0] if row else None


def narrowed(actor: Actor, context: RequestContext) -> Actor:
    """The actor with the one grant that ``X-Acting-As`` names."""
    if context.acting_as is None:
        return actor
    kept: dict[UUID, Actor] = actor.__dict__.setdefault("_narrowed", {})
    if context.acting_as not in kept:
        try:
            kept[context.acting_as] = actor.narrowed(context.acting_as)
        except Refusal:
            raise RequestError(RequestCode.FORBIDDEN, "X-Acting-As names no grant of yours.") from None
    return kept[context.acting_as]


def refused(refusal: Refusal, key: str, nodes: list[FieldNode], context: RequestContext) -> FormattedError:
    """A refusal of a query: a top-level error with its code and the argument at fault."""
    extensions: dict[str, Any] = {"code": str(refusal.code)}
    if refusal.field:
        extensions["field"] = refusal.field
    return {"message": message(refusal, context.locale), "path": [key], "extensions": extensions}


_SNAKE: dict[str, str] = {}


def snake(name: str) -> str:
    found = _SNAKE.get(name)
    if found is None:
        found = _SNAKE[name] = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return found


_DECLARATIONS: dict[tuple[str, str], Any] = {}


def declaration_of(type_name: str, field_name: str) -> Any:
    """How a field of a type that is not an entity was declared; ``None`` for a plain value."""
    key = (type_name, field_name)
    if key not in _DECLARATIONS:
        fields = TYPES[type_name].__strawberry_definition__.fields
        found = next(f for f in fields if (f.graphql_name or camel(f.python_name)) == field_name)
        _DECLARATIONS[key] = found.metadata.get(DECLARATION)
    return _DECLARATIONS[key]
