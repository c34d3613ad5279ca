"""One operation of one request: what is asked with which values, and what its answers may use.

Whatever follows from the document and the *shape* of its variables alone is worked out once and kept with the document.
"""

from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import Any, TypeVar, cast
from uuid import UUID

from graphql import FieldNode, FragmentDefinitionNode, GraphQLField, GraphQLSchema
from graphql.execution.values import VariableValues, get_variable_values
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth.actor import Actor
from auth.standing import Standing
from domain.calendar import today
from domain.personal_data import PersonalField
from domain.profiles import counties
from models.sealed import Vault
from resolvers.at_once import Lines
from resolvers.idempotency import Outcome
from resolvers.personal_data import append_shown
from resolvers.unit_of_work import UnitOfWork, transact
from schema.documents import Document, Operation, RequestContext
from schema.engine.scope import narrowed
from schema.engine.selection import Arg, Selection, shape
from schema.engine.statement import MOST
from schema.engine.variables import PlainVariable, plain_variables, read_plain
from schema.faults import RequestCode, RequestError, formatted

MOST_KEPT = 256
"""What is kept with one document: roles × shapes of variables that really occur are few."""

MOST_OF_PARTNERS = 500
"""Rows that a partner may ask for in one page (DESIGN §3)."""

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """What operations run on."""

    schema: GraphQLSchema
    lines: Lines
    sessions: async_sessionmaker[AsyncSession]
    vault: Vault | None = None
    settings: Any = None
    longest_page: int | None = None
    """The most rows of a page where it is not clients who ask (``schema.sheets.reading``)."""


class Run:
    """An operation as it is run: ``actor``, ``today``, ``context``, ``services`` and ``within`` are there for answers."""

    def __init__(
        self,
        services: Services,
        document: Document,
        operation: Operation,
        raw: dict[str, Any],
        actor: Actor,
        context: RequestContext,
    ) -> None:
        self.services, self.document, self.operation, self.context = services, document, operation, context
        self.schema = services.schema
        self.actor = narrowed(actor, context)
        self.raw = raw
        self.variables = self._plain_variables() or self._coerced()
        self.shape = tuple((name, shape(value)) for name, value in self.variables.coerced.items())
        self.standing = Standing.of(self.actor, context.token)
        self.personal_reads: dict[str, dict[tuple[str, UUID], set[PersonalField]]] = {}
        """By county: of which rows what was shown in plain, to be logged before the answer is given."""

    def by_applicant(self) -> "Run":
        """The same operation of a person who may ask for a capacity in any county, holding a grant there or not."""
        run = copy(self)
        run.actor = self.actor.as_applicant(counties()) if self.actor.account_id else self.actor
        run.personal_reads = {}  # logged by this run: the person alone may write nothing where no grant is held
        return run

    # What is asked

    def _plain_variables(self) -> VariableValues | None:
        """The variables where all are plain scalars in the form that JSON gives them; anything else is graphql-core's."""
        plain: tuple[PlainVariable, ...] = self._kept(
            ("variables", self.operation.name), lambda: plain_variables(self.schema, self.operation.node)
        )
        return read_plain(plain, self.raw) if plain else None

    def _coerced(self) -> VariableValues:
        coerced: Any = get_variable_values(
            self.schema, self.operation.node.variable_definitions or [], self.raw, hide_suggestions=True
        )
        if isinstance(coerced, list):
            errors = [formatted(error, RequestCode.BAD_USER_INPUT) for error in coerced]
            raise RequestError.because(RequestCode.BAD_USER_INPUT, errors)
        return cast(VariableValues, coerced)

    @cached_property
    def fragments(self) -> tuple[FragmentDefinitionNode, ...]:
        assert self.document.ast is not None  # noqa: S101 - only documents that were not rejected have operations
        return tuple(node for node in self.document.ast.definitions if isinstance(node, FragmentDefinitionNode))

    @cached_property
    def selection(self) -> Selection:
        return Selection(self.schema, {node.name.value: node for node in self.fragments}, self.variables)

    @property
    def root_type(self) -> str:
        return self.schema.get_root_type(self.operation.node.operation).name  # type: ignore[union-attr]

    @cached_property
    def roots(self) -> dict[str, list[FieldNode]]:
        """The root fields' nodes by response key."""
        return self.kept("roots", lambda: self.selection.fields(self.root_type, [self.operation.node.selection_set]))

    def definition(self, type_name: str, nodes: list[FieldNode]) -> GraphQLField:
        """The schema's definition of a field."""
        return self.schema.get_type(type_name).fields[nodes[0].name.value]  # type: ignore[union-attr,no-any-return]

    def arguments(self, type_name: str, nodes: list[FieldNode]) -> dict[str, Any]:
        """A field's arguments with this request's values, by their names in the schema."""
        given: dict[str, Arg] = self.kept(
            ("arguments", type_name, place(nodes)), lambda: self.selection.arguments(type_name, nodes[0])
        )
        return {name: arg.read(self.variables) for name, arg in given.items()}

    def kept(self, key: Any, make: Callable[[], T]) -> T:
        """What ``make`` gives for this operation and shape of variables, made at first sight."""
        return self._kept((key, self.operation.name, self.shape), make)

    def _kept(self, key: Any, make: Callable[[], T]) -> T:
        plans = self.document.plans
        if (found := plans.get(key)) is None:
            found = make()
            if len(plans) >= MOST_KEPT:
                plans.clear()
            plans[key] = found
        return cast(T, found)

    # What answers may use

    @property
    def today(self) -> date:
        return today(datetime.now(UTC))

    @property
    def page_cap(self) -> int:
        """The most rows of a page."""
        return self.services.longest_page or (MOST if self.actor.client_id is None else MOST_OF_PARTNERS)

    async def log_personal_reads(self) -> None:
        """Put on record whose personal data the answer shows (PRI-7), with one statement in each county."""
        if not self.personal_reads:
            return
        reads, self.personal_reads = self.personal_reads, {}
        operation = ",".join(sorted({nodes[0].name.value for nodes in self.roots.values()}))
        for county, rows in reads.items():
            await self.within(county, partial(append_shown, reads=rows, operation=operation))

    async def within(self, county: str, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        """Run ``work(uow)`` in a transaction of its own in one county (``NOT_FOUND`` for a county without a grant)."""

        async def answer(_uow: UnitOfWork, outcome: Outcome) -> Any:
            return outcome.row

        return await transact(
            self.services.sessions,
            self.actor,
            county,
            work,
            answer=answer,
            request_id=self.context.request_id,
            vault=self.services.vault,
        )


def place(nodes: list[FieldNode]) -> tuple[int, ...]:
    """Where in the document a field stands, which tells it from others of its name: all its places, since one in a
    fragment may be merged with another here and with none there."""
    return tuple([node.loc.start if node.loc else id(node) for node in nodes])
