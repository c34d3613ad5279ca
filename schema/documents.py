"""Documents: parsed, limited and validated once, kept by their text; and the interface to whatever executes them.

The edge (HTTP, WebSocket, SSE) asks ``Documents`` for a ``Document``, checks what it costs with the variables at hand,
and hands both to an ``Executor``. A rejected document is kept too, with its errors: repeating it costs a lookup. Documents
found by a hash instead of their text are in ``schema.persisted``.
"""

import hashlib
import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    MaxIntrospectionDepthRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)

from auth.actor import Actor
from schema.costs import Cost, Costs, Variables, compile_costs
from schema.events import Events
from schema.faults import FormattedError, RequestCode, RequestError, formatted
from schema.limits import INTROSPECTION_ROOTS, Excess, Limits, excesses, measure

Locale = Literal["zh-CN", "en"]
Kind = Literal["query", "mutation", "subscription"]


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a valid document."""

    name: str | None
    kind: Kind
    node: OperationDefinitionNode
    fields: tuple[str, ...]
    """The names of its root fields, fragments written out, each once."""

    cost: Cost

    introspects: bool
    """Whether it reads the schema itself."""

    reads_data: bool
    """Whether a statement is sent at all (``__typename`` and introspection need none)."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a document was rejected: every error has this code."""

    code: RequestCode
    errors: tuple[FormattedError, ...]


@dataclass(slots=True, eq=False, weakref_slot=True)
class Document:
    """A document as it was sent. ``rejection`` is set when it was rejected; then there are no operations."""

    text: str
    sha256: str
    """Lower-case hexadecimal SHA-256 of the text in UTF-8."""

    ast: DocumentNode | None = None
    operations: tuple[Operation, ...] = ()
    rejection: Rejection | None = None
    plans: dict[Any, Any] = field(default_factory=dict)
    """The executor's own: what it compiled from this document. It goes when the document goes."""

    def operation(self, name: str | None) -> Operation:
        """The operation of that name, or the only one; raises ``RequestError`` otherwise."""
        if self.rejection is not None:
            raise RequestError.because(self.rejection.code, self.rejection.errors)
        if name is None and len(self.operations) == 1:
            return self.operations[0]
        for operation in self.operations:
            if name is not None and operation.name == name:
                return operation
        message = "operationName is needed: the document has several operations." if name is None else _UNKNOWN
        raise RequestError(RequestCode.OPERATION_NOT_FOUND, message)


_UNKNOWN = "The document has no operation of that name."


class Documents:
    """The bounded cache of documents of one schema.

    It drops the documents that were used longest ago once it holds more than ``capacity`` of them or more than
    ``characters`` of their text (a parsed document takes up to 200 bytes for each character). Trusted documents are held
    apart, up to as many characters again: whatever else is asked does not drop them.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        limits: Limits | None = None,
        costs: Costs | None = None,
        capacity: int = 1_000,
        characters: int = 400_000,
    ) -> None:
        self.schema = schema
        self.limits = limits or Limits()
        self.costs = costs or Costs()
        self._recent = _Shelf(capacity, characters)
        self._trusted = _Shelf(capacity * 10, characters)

    def __len__(self) -> int:
        return len(self._recent) + len(self._trusted)

    def known(self, text: str) -> Document | None:
        """The document if it has been seen; nothing is parsed."""
        return self._trusted.find(text) or self._recent.find(text)

    def get(self, text: str) -> Document:
        """The document of this text, parsed, measured and validated unless it was before."""
        document = self.known(text)
        if document is None:
            document = self._read(text)
            self._recent.keep(document)
        return document

    def trust(self, text: str) -> Document:
        """The same for the text of a trusted document."""
        document = self._trusted.find(text)
        if document is None:
            document = self._recent.find(text) or self._read(text)
            self._trusted.keep(document)
        return document

    @property
    def has_room(self) -> bool:
        """Whether another trusted document drops none."""
        return self._trusted.has_room

    def _read(self, text: str) -> Document:
        document = Document(text, hashlib.sha256(text.encode()).hexdigest())
        try:
            ast = parse(text, max_lexical_tokens=self.limits.tokens, max_comments=self.limits.tokens)
        except GraphQLError as error:
            document.rejection = _rejection(RequestCode.GRAPHQL_PARSE_FAILED, [error])
            return document
        # Before validation, whose rules take quadratic time on what the limits refuse.
        if found := excesses(measure(ast), self.limits):
            document.rejection = Rejection(RequestCode.LIMIT_EXCEEDED, tuple(_exceeded(each) for each in found))
        elif errors := validate(self.schema, ast, _RULES, max_errors=20, hide_suggestions=True):
            document.rejection = _rejection(RequestCode.GRAPHQL_VALIDATION_FAILED, errors)
        else:
            costs, _ = compile_costs(ast, self.schema, self.costs)
            document.ast = ast
            document.operations = tuple(
                _operation(ast, node, cost) for node, cost in zip(_operations(ast), costs, strict=True)
            )
        return document


class _Shelf:
    """Documents by their text, those used last."""

    def __init__(self, capacity: int, characters: int) -> None:
        self._capacity = capacity
        self._characters = characters
        self._held = 0
        self._documents: OrderedDict[str, Document] = OrderedDict()

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def has_room(self) -> bool:
        return self._held < self._characters and len(self._documents) < self._capacity

    def find(self, text: str) -> Document | None:
        document = self._documents.get(text)
        if document is not None:
            self._documents.move_to_end(text)
        return document

    def keep(self, document: Document) -> None:
        if len(document.text) > self._characters // 4:
            return
        self._documents[document.text] = document
        self._held += len(document.text)
        while len(self._documents) > self._capacity or self._held > self._characters:
            text, _ = self._documents.popitem(last=False)
            self._held -= len(text)


_RULES = [rule for rule in specified_rules if rule is not MaxIntrospectionDepthRule]
"""All of the specification's; the depth of introspection is measured by ``schema.limits`` with everything else."""


def root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """The names of an operation's root fields, fragments written out, each name once, in the order of the text."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    names: dict[str, None] = {}
    entered: set[str] = set()
    pending = list(reversed(operation.selection_set.selections))
    while pending:
        node = pending.pop()
        if isinstance(node, FieldNode):
            names[node.name.value] = None
        elif isinstance(node, FragmentSpreadNode):
            if node.name.value not in entered:
                entered.add(node.name.value)
                pending.extend(reversed(fragments[node.name.value].selection_set.selections))
        elif isinstance(node, InlineFragmentNode):
            pending.extend(reversed(node.selection_set.selections))
    return tuple(names)


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def _operation(document: DocumentNode, node: OperationDefinitionNode, cost: Cost) -> Operation:
    fields = root_fields(document, node)
    return Operation(
        name=node.name.value if node.name else None,
        kind=node.operation.value,
        node=node,
        fields=fields,
        cost=cost,
        introspects=not INTROSPECTION_ROOTS.isdisjoint(fields),
        reads_data=any(not name.startswith("__") for name in fields),
    )


def _rejection(code: RequestCode, errors: Iterable[GraphQLError]) -> Rejection:
    return Rejection(code, tuple(formatted(error, code) for error in errors))


def _exceeded(excess: Excess) -> FormattedError:
    return limit_exceeded(excess).errors[0]


def limit_exceeded(excess: Excess) -> RequestError:
    """The error for one limit that was not kept."""
    return RequestError(
        RequestCode.LIMIT_EXCEEDED,
        f"The document exceeds the limit of {excess.limit}: {excess.measured}, allowed are {excess.allowed}.",
        limit=excess.limit,
        allowed=excess.allowed,
        measured=excess.measured,
    )


@dataclass(slots=True)
class RequestContext:
    """What the edge knows about a request besides its document."""

    request_id: str
    locale: Locale = "zh-CN"
    acting_as: uuid.UUID | None = None
    """The grant named by ``X-Acting-As``, one of the actor's; the executor narrows the actor to it."""

    client_ip: str = ""
    device: str = ""
    """What the caller's app or browser calls itself."""

    token: str | None = None
    """The bearer token as it came, for ``auth.actor.FRESH_SQL``."""

    certificate: bytes | None = None
    """The SHA-256 of the client certificate, where a trusted proxy vouches for one."""

    cost: int = 0
    """Rows that the operation could return; the executor reports it in ``extensions``."""

    allowance: bytes = b""
    """What is left of the caller's quota, as further entries of ``extensions.cost``."""

    events: Events | None = None
    """Where a subscription listens."""

    @property
    def extensions(self) -> bytes:
        """The value of the response's ``extensions`` entry."""
        return b'{"cost":{"requested":%d%s}}' % (self.cost, self.allowance)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response body, ``{"data": …, "errors": …, "extensions": …}`` as JSON in UTF-8.

    ``failed`` says that the request failed as a whole before anything was executed, and the body has no ``data`` entry.
    """

    body: bytes
    failed: bool = False


class Executor(Protocol):
    """What runs operations (``schema.engine.execute.Executor``).

    It coerces the raw variables, executes, and masks what went wrong inside (``schema.faults.formatted_in_execution``).
    ``RequestError`` may be raised at any time before the answer; any other exception is a fault of the server.
    """

    verifies_actors: bool
    """Whether queries and mutations check with their own statements that the actor is fresh, before they answer or write
    anything, and raise ``StaleActorError`` (``auth.standing``). Only then are actors kept between requests; otherwise every
    request loads its actor."""

    async def execute(
        self, document: Document, operation: Operation, variables: Variables, actor: Actor, context: RequestContext
    ) -> Answer:
        """Run a query or a mutation."""
        ...

    def subscribe(
        self, document: Document, operation: Operation, variables: Variables, actor: Actor, context: RequestContext
    ) -> AsyncGenerator[bytes]:
        """Run a subscription: one complete response body for each event. Closed when the client goes away."""
        ...
