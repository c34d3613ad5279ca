"""Fields declared as data: each declarator makes an ordinary Strawberry field and keeps what the compiler needs.

    @entity(models.Building, "A building (幢) of an estate.", orders=..., filters=BuildingFilter)
    class Building:
        number: str = column(models.Building.number, "The number on the wall, such as 3幢.")
        estate: "Estate" = one(models.Building.estate_id, "The estate that it stands in.")
        units: Connection["Unit"] = many(models.Unit.building_id, "Its units, in natural order.")

``column`` reads one attribute; ``one`` follows a foreign key of this row; ``many`` lists the rows whose foreign key points here
(as a connection), ``count`` counts them and ``latest`` takes the first of them; ``derived`` is an SQL expression over the row;
``computed`` is Python over named columns; ``choice`` is a union over several foreign keys. ``to=`` names a field's audience:
the roles for which a visible row shows the field; others get null, or the ``mask`` attribute.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, EnumMeta
from functools import cache
from typing import Any, TypeVar, get_args

import strawberry
from sqlalchemy import ColumnElement, Text, Uuid
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import EnumValue
from strawberry.types.field import StrawberryField

from domain.personal_data import PersonalField
from domain.roles import Role
from schema.engine.types import DEFINITION, TYPES, argument, camel, defined, enum_type, named, plain_type, target_of

Audience = frozenset[Role] | None
"""Roles that a field is shown to; ``None`` means everybody who sees the row."""

DECLARATION = "anju"
"""Under this key a field's metadata holds what it was declared as."""

T = TypeVar("T")


@dataclass(frozen=True)
class Column:
    attr: Any
    to: Audience = None
    mask: Any = None
    plain: bool = False
    personal: PersonalField | None = None
    """What of a person it shows in plain: each row shown is put on record before the answer is given (PRI-7)."""


@dataclass(frozen=True)
class One:
    column: Any
    to: Audience = None
    target: str = ""


@dataclass(frozen=True)
class Many:
    on: Any
    to: Audience = None
    where: Callable[[Any], ColumnElement[bool]] | None = None
    target: str = ""


@dataclass(frozen=True)
class Count:
    on: Any
    to: Audience = None
    where: Callable[[Any], ColumnElement[bool]] | None = None


@dataclass(frozen=True)
class Through:
    """A link table between a row and others: its key of the row, its key of what the others hang on, and which links hold."""

    near: Any
    far: Any
    where: Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True)
class Latest:
    on: Any
    by: Callable[[Any], Sequence[Any]]
    to: Audience = None
    where: Callable[[Any], ColumnElement[bool]] | None = None
    through: Through | None = None
    target: str = ""


@dataclass(frozen=True)
class Takes:
    """An argument of a ``derived`` field: its GraphQL type as text, the SQL type of its bind, and what it says."""

    annotation: str
    type_: Any
    description: str


@dataclass(frozen=True)
class Derived:
    expression: Callable[..., ColumnElement[Any]]
    to: Audience = None
    takes: Mapping[str, Takes] = field(default_factory=dict)
    """Arguments by their names in Python. The expression gets those that are given as keywords."""


@dataclass(frozen=True)
class Computed:
    function: Callable[..., Any]
    needs: tuple[Any, ...]
    to: Audience = None


@dataclass(frozen=True)
class Choice:
    columns: Mapping[str, Any]
    to: Audience = None


@dataclass(frozen=True)
class Listing:
    """A root connection over every visible row of an entity."""

    target: str
    where: Callable[[Any, Any], ColumnElement[bool]] | None = None
    before: Callable[[Any, Mapping[str, Any]], Awaitable[None]] | None = None
    """Called with the run and the arguments before the statement is sent: refuses, or logs who asked and why."""

    arguments: tuple[StrawberryArgument, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A field answered by a Python function: plain values, or ``Ref`` where the type is an entity."""

    function: Callable[..., Any]


Declaration = Column | One | Many | Count | Latest | Derived | Computed | Choice | Listing | Answer


@dataclass(frozen=True)
class Order:
    """One way to order a list: attributes, all ascending or all descending, none of them nullable."""

    attributes: tuple[Any, ...]
    descending: bool = False


@dataclass(frozen=True)
class Filter:
    """How an input field restricts rows; ``predicate(row, value)`` uses equality or order only (DESIGN §3)."""

    predicate: Callable[..., ColumnElement[bool]]
    type_: Any
    read: Callable[[Any], Any] | None = None
    opens: bool = False
    """The predicate opens another table: it gets ``env`` third, for ``env.county_of(alias)``."""


@dataclass(frozen=True)
class Entity:
    """One GraphQL object type over one table."""

    name: str
    model: type[Any]
    fields: Mapping[str, Declaration]
    orders: Mapping[str, Order] = field(default_factory=dict)
    sums: Mapping[str, Any] = field(default_factory=dict)
    states: Any = None
    key: Any = None
    to: Audience = None

    @property
    def shared(self) -> bool:
        """Reference data: no county in its key."""
        return self.key is not None

    @property
    def key_type(self) -> Any:
        return Text() if self.shared else Uuid()

    def key_of(self, row: Any) -> Any:
        """What a row's id says besides its county."""
        return getattr(row, self.key.key) if self.shared else row.id


ENTITIES: dict[str, Entity] = {}
FILTERS: dict[str, Mapping[str, Filter]] = {}
"""Input type name → GraphQL field name → filter."""


def _field(declaration: Declaration, description: str, annotation: str | None = None) -> Any:
    given = named(annotation) if annotation else None
    audience = getattr(declaration, "to", None)
    if audience is not None:
        shown = ", ".join(sorted(audience))
        description = f"{description} Shown to: {shown}."
    return StrawberryField(description=description, type_annotation=given, metadata={DECLARATION: declaration})


def column(
    attr: Any, description: str, *, to: Audience = None, mask: Any = None, personal: PersonalField | None = None
) -> Any:
    """A stored value; ``mask`` is the attribute that others than ``to`` get instead of null. Whoever is shown what is
    ``personal`` is put on record."""
    if personal is not None:
        description = f"{description} Reads are logged."
    return _field(Column(attr, to, mask, personal=personal), description)


def one(column: Any, description: str, *, to: Audience = None) -> Any:
    """The row that a foreign key of this row points at (null where the key is, or where the actor may not see it)."""
    return _field(One(column, to), description)


def many(on: Any, description: str, *, where: Any = None, to: Audience = None) -> Any:
    """The rows whose foreign key ``on`` points at this row, as a connection."""
    return _field(Many(on, to, where), description)


def count(on: Any, description: str, *, where: Any = None, to: Audience = None) -> Any:
    """How many visible rows point here."""
    return _field(Count(on, to, where), description)


def latest(
    on: Any, description: str, *, by: Any, where: Any = None, through: Through | None = None, to: Audience = None
) -> Any:
    """The first visible row that points here, or at what ``through`` links here, in the order ``by(row)`` (SQL expressions)."""
    return _field(Latest(on, by, to, where, through), description)


def derived(expression: Any, description: str, *, to: Audience = None, **takes: Takes) -> Any:
    """An SQL expression ``(row, env)``; ``env.today`` and ``env.account`` are binds. ``takes`` are optional arguments of the
    field: the expression gets the bind of each that is given as a keyword."""
    return _field(Derived(expression, to, takes), description)


def computed(function: Any, description: str, *, needs: Sequence[Any], to: Audience = None) -> Any:
    """Python over the named columns: ``function(context, *values)`` gives a plain value; never a query per row."""
    return _field(Computed(function, tuple(needs), to), description)


def choice(description: str, *, by: Mapping[str, Any], to: Audience = None) -> Any:
    """A union: by type name the foreign key of this row; the first that is set and visible is shown."""
    return _field(Choice(by, to), description)


def orders(name: str, description: str, **ways: tuple[Order, str]) -> tuple[type[Enum], dict[str, Order]]:
    """The order enum of a list and what its values mean; the first is the default."""
    values = [EnumValue(key, key, description=text) for key, (_, text) in ways.items()]
    enum = enum_type(Enum(name, {key: key for key in ways}), values, description)
    return enum, {key: order for key, (order, _) in ways.items()}


def ascending(*attributes: Any) -> Order:
    return Order(attributes)


def descending(*attributes: Any) -> Order:
    return Order(attributes, descending=True)


def matches(predicate: Any, type_: Any, description: str, *, read: Any = None, opens: bool = False) -> Any:
    """A filter's field: ``predicate(row, value)``; ``read`` turns the client's value into the bound one.

    With ``opens`` the predicate opens another table and is called as ``predicate(row, value, env)``.
    """
    declared = Filter(predicate, type_, read, opens)
    return StrawberryField(description=description, default=strawberry.UNSET, metadata={DECLARATION: declared})


def filters(description: str) -> Callable[[type[T]], type[T]]:
    """Class decorator for an input type whose fields are ``matches(...)``; all given fields must hold."""

    def decorate(cls: type[T]) -> type[T]:
        declared = {camel(name): value.metadata[DECLARATION] for name, value in _declared(cls).items()}
        FILTERS[cls.__name__] = declared
        return defined(cls, description, is_input=True)

    return decorate


def entity(
    model: type[Any],
    description: str,
    *,
    orders: tuple[type[Enum], dict[str, Order]] | None = None,
    filters: type[Any] | None = None,
    sums: Mapping[str, tuple[Any, str]] | None = None,
    states: Any = None,
    key: Any = None,
    to: Audience = None,
) -> Callable[[type[T]], type[T]]:
    """Class decorator: the GraphQL type over ``model``, with its edge and connection types.

    ``orders`` and ``filters`` are the arguments of every list of it; ``sums`` are totals that its connection offers; ``states``
    is the column that ``countsByState`` counts by; ``key`` marks shared reference data and names its key column.
    """

    def decorate(cls: type[T]) -> type[T]:
        name = cls.__name__
        declared = {
            camel(n): _with_target(f.metadata[DECLARATION], cls.__annotations__[n]) for n, f in _declared(cls).items()
        }
        made = defined(cls, description, interface=TYPES["Node"])
        ways = orders[1] if orders else {"ID": Order(())}
        ENTITIES[name] = Entity(
            name, model, declared, ways, {k: v[0] for k, v in (sums or {}).items()}, states, key, to
        )
        _connection(name, {k: v[1] for k, v in (sums or {}).items()}, states is not None)
        LIST_ARGUMENTS[name] = _list_arguments(orders[0] if orders else None, filters)
        return made

    return decorate


LIST_ARGUMENTS: dict[str, list[StrawberryArgument]] = {}
COUNTY_ARGUMENT = "Only this county, by its six-digit code; otherwise every county that the caller's grants name."


def listing(
    target: str,
    description: str,
    *,
    where: Any = None,
    before: Any = None,
    arguments: Sequence[StrawberryArgument] = (),
) -> StrawberryField:
    """A root field, or a field of a plain type: a connection over every visible row of the entity ``target``."""
    declared = Listing(target, where, before, tuple(arguments))
    return _field(declared, description, f"{target}Connection | None")  # type: ignore[no-any-return]


def answer(
    function: Callable[..., Awaitable[Any]], description: str, *, shows: str | None = None, of: bool = False
) -> StrawberryField:
    """A field answered by ``async function(run, **arguments)``; its type is ``shows`` or the return annotation.

    Its arguments are its keywords, described by ``Annotated[..., strawberry.argument(description=...)]``. With ``of`` it is a
    field of a plain type and gets that value second.
    """
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[2 if of else 1 :]
    field = _field(Answer(function), description)
    field.type_annotation = named(shows or signature.return_annotation, function.__module__)
    field.arguments = [
        StrawberryArgument(
            parameter.name,
            None,
            named(parameter.annotation, function.__module__),
            default=strawberry.UNSET if parameter.default in (inspect.Parameter.empty, None) else parameter.default,
        )
        for parameter in parameters
    ]
    return field  # type: ignore[no-any-return]


def finish() -> None:
    """Give every list its arguments, once all types are known."""
    for name, type_ in TYPES.items():
        definition = getattr(type_, DEFINITION, None)
        if isinstance(definition, StrawberryObjectDefinition):
            fields = ENTITIES[name].fields if name in ENTITIES else {}
            for made in definition.fields:
                _finish(name, made, fields.get(camel(made.python_name)) or made.metadata.get(DECLARATION))


def _finish(type_name: str, made: StrawberryField, declared: Any) -> None:
    match declared:
        case One() | Many() | Latest() if declared.target not in ENTITIES:
            raise TypeError(f"{type_name}.{made.python_name}: no entity {declared.target}")
        case Many():
            made.arguments = LIST_ARGUMENTS[declared.target]
        case Derived(takes=takes) if takes:
            made.arguments = [argument(name, each.annotation, each.description) for name, each in takes.items()]
        case Listing():
            county = [] if ENTITIES[declared.target].shared else [argument("county", "str | None", COUNTY_ARGUMENT)]
            made.arguments = [*county, *LIST_ARGUMENTS[declared.target], *declared.arguments]


@cache
def declaration_of(type_name: str, field_name: str) -> Any:
    """How a field of a type that is not an entity was declared; ``None`` for a plain value."""
    fields = getattr(TYPES[type_name], DEFINITION).fields
    found = next(f for f in fields if (f.graphql_name or camel(f.python_name)) == field_name)
    return found.metadata.get(DECLARATION)


def _declared(cls: type[Any]) -> dict[str, StrawberryField]:
    return {n: v for n, v in vars(cls).items() if isinstance(v, StrawberryField) and DECLARATION in v.metadata}


def _with_target(declaration: Any, annotation: Any) -> Any:
    if isinstance(declaration, One | Many | Latest):
        return replace(declaration, target=target_of(annotation))
    if isinstance(declaration, Column):
        kinds = (annotation, *get_args(annotation))
        return replace(declaration, plain=any(isinstance(kind, EnumMeta) for kind in kinds))
    return declaration


def _connection(name: str, sums: Mapping[str, str], states: bool) -> None:
    edge: dict[str, tuple[str, str]] = {
        "node": (name, "The row itself."),
        "cursor": ("str", "Where this row stands in the list: give it as `after` or `before`."),
    }
    plain_type(f"{name}Edge", f"One {name} of a page, with its cursor.", edge)
    fields: dict[str, tuple[str, str]] = {
        "edges": (f"list[{name}Edge]", "The page's rows with their cursors."),
        "nodes": (f"list[{name}]", "The page's rows without cursors."),
        "page_info": ("PageInfo", "Whether there is more, and from where."),
        "total_count": ("int", "How many rows the actor may see under these filters, over all pages."),
    }
    if states:
        fields["counts_by_state"] = ("list[StateCount]", "How many visible rows are in each state under these filters.")
    fields |= {camel_name: ("Fen", text) for camel_name, text in sums.items()}
    plain_type(f"{name}Connection", f"A page of {name} rows and figures over all of them.", fields)


def _list_arguments(order: type[Enum] | None, where: type[Any] | None) -> list[StrawberryArgument]:
    found = [
        argument(
            "first",
            "int | None",
            "Rows of the page from the start (at most 100; 20 when neither first nor last is given).",
        ),
        argument("after", "str | None", "Cursor to go on after."),
        argument("last", "int | None", "Rows of the page from the end (at most 100)."),
        argument("before", "str | None", "Cursor to stop before."),
    ]
    if where is not None:
        found.append(argument("where", f"{where.__name__} | None", "Only rows for which every given condition holds."))
    if order is not None:
        found.append(argument("order_by", f"{order.__name__} | None", "How the rows are ordered."))
    return found
