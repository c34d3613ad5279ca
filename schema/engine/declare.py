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

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from enum import Enum, EnumMeta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin

import strawberry
from sqlalchemy import ColumnElement
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

from domain.roles import Role

Audience = frozenset[Role] | None
"""Roles that a field is shown to; ``None`` means everybody who sees the row."""

DECLARATION = "anju"
DEFINITION = "__strawberry_definition__"
TYPES: dict[str, Any] = {"ID": strawberry.ID}
"""Every GraphQL class by name: annotations given as text are resolved here, so that stems may name each other."""

T = TypeVar("T")


class Connection(Generic[T]):
    """Annotation of a list that can grow: ``Connection["Unit"]`` becomes the type ``UnitConnection``."""

    if TYPE_CHECKING:  # a declaration only: clients see edges, nodes, pageInfo and totalCount
        edges: list[T]


@dataclass(frozen=True)
class Column:
    attr: Any
    to: Audience = None
    mask: Any = None
    plain: bool = False


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
class Latest:
    on: Any
    by: Callable[[Any], Sequence[Any]]
    to: Audience = None
    where: Callable[[Any], ColumnElement[bool]] | None = None
    target: str = ""


@dataclass(frozen=True)
class Derived:
    expression: Callable[[Any, Any], ColumnElement[Any]]
    to: Audience = None


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


ENTITIES: dict[str, Entity] = {}
FILTERS: dict[str, Mapping[str, Filter]] = {}
"""Input type name → GraphQL field name → filter."""


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def _field(declaration: Declaration, description: str, annotation: str | None = None) -> Any:
    given = named(annotation) if annotation else None
    audience = getattr(declaration, "to", None)
    if audience is not None:
        shown = ", ".join(sorted(audience))
        description = f"{description} Shown to: {shown}."
    return StrawberryField(description=description, type_annotation=given, metadata={DECLARATION: declaration})


def column(attr: Any, description: str, *, to: Audience = None, mask: Any = None) -> Any:
    """A stored value; ``mask`` is the attribute that others than ``to`` get instead of null."""
    return _field(Column(attr, to, mask), description)


def one(column: Any, description: str, *, to: Audience = None) -> Any:
    """The row that a foreign key of this row points at (null where the key is, or where the actor may not see it)."""
    return _field(One(column, to), description)


def many(on: Any, description: str, *, where: Any = None, to: Audience = None) -> Any:
    """The rows whose foreign key ``on`` points at this row, as a connection."""
    return _field(Many(on, to, where), description)


def count(on: Any, description: str, *, where: Any = None, to: Audience = None) -> Any:
    """How many visible rows point here."""
    return _field(Count(on, to, where), description)


def latest(on: Any, description: str, *, by: Any, where: Any = None, to: Audience = None) -> Any:
    """The first visible row that points here, in the order ``by(row)`` (SQL order expressions)."""
    return _field(Latest(on, by, to, where), description)


def derived(expression: Any, description: str, *, to: Audience = None) -> Any:
    """An SQL expression ``(row, env)``; ``env.today`` and ``env.account`` are binds."""
    return _field(Derived(expression, to), description)


def computed(function: Any, description: str, *, needs: Sequence[Any], to: Audience = None) -> Any:
    """Python over the named columns: ``function(context, *values)`` gives a plain value; never a query per row."""
    return _field(Computed(function, tuple(needs), to), description)


def choice(description: str, *, by: Mapping[str, Any], to: Audience = None) -> Any:
    """A union: by type name the foreign key of this row; the first that is set and visible is shown."""
    return _field(Choice(by, to), description)


def orders(name: str, description: str, **ways: tuple[Order, str]) -> tuple[type[Enum], dict[str, Order]]:
    """The order enum of a list and what its values mean; the first is the default."""
    enum = Enum(name, {key: key for key in ways})  # type: ignore[misc]
    values = [EnumValue(key, key, description=text) for key, (_, text) in ways.items()]
    setattr(enum, DEFINITION, StrawberryEnumDefinition(enum, name, values, description))
    TYPES[name] = enum
    return enum, {key: order for key, (order, _) in ways.items()}


def ascending(*attributes: Any) -> Order:
    return Order(attributes)


def descending(*attributes: Any) -> Order:
    return Order(attributes, descending=True)


def described(enum: EnumMeta) -> Any:
    """A domain enumeration as a GraphQL enum. A value's description is its ``description``, or the docstring under it."""
    members: list[Any] = list(enum)
    if TYPES.get(enum.__name__) is enum:  # several stems may use it
        return enum
    texts = {member.name: member.description for member in members if hasattr(member, "description")} or _docstrings(
        enum
    )
    values = [EnumValue(member.name, member.value, description=texts[member.name]) for member in members]
    doc = inspect.cleandoc(enum.__doc__ or enum.__name__)
    setattr(enum, DEFINITION, StrawberryEnumDefinition(enum, enum.__name__, values, doc))
    TYPES[enum.__name__] = enum
    return enum


def _docstrings(enum: EnumMeta) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(enum))).body[0].body  # type: ignore[attr-defined]
    members: list[Any] = list(enum)
    texts = {member.name: member.name for member in members}
    for here, after in pairwise(body):
        if isinstance(here, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            texts[here.targets[0].id] = inspect.cleandoc(str(after.value.value))  # type: ignore[attr-defined]
    return texts


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
    for name, entity_ in ENTITIES.items():
        fields = TYPES[name].__strawberry_definition__.fields
        for made in fields:
            declared = entity_.fields.get(camel(made.python_name))
            if isinstance(declared, Many):
                made.arguments = LIST_ARGUMENTS[declared.target]
            if isinstance(declared, Many | One | Latest) and declared.target not in ENTITIES:
                raise TypeError(f"{entity_.name}.{made.python_name}: no entity {declared.target}")


def root_type(name: str, description: str, fields: Mapping[str, StrawberryField]) -> Any:
    """A root type from its fields, by GraphQL name."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for field_name, made in sorted(fields.items()):
        with_list_arguments(made).graphql_name = field_name
        body["__annotations__"][field_name], body[field_name] = None, made
    return defined(type(name, (), body), description)


def _declared(cls: type[Any]) -> dict[str, StrawberryField]:
    return {n: v for n, v in vars(cls).items() if isinstance(v, StrawberryField) and DECLARATION in v.metadata}


_NAME = re.compile(r"[A-Za-z_]\w*")


def _is_connection(annotation: Any) -> bool:
    origin: Any = get_origin(annotation)
    return origin is Connection


def _target(annotation: Any) -> str:
    if _is_connection(annotation):
        annotation = get_args(annotation)[0]
    text = getattr(annotation, "__forward_arg__", annotation)
    text = text if isinstance(text, str) else getattr(text, "__name__", str(text))
    match = _NAME.search(text)
    return match.group() if match else ""


def _with_target(declaration: Any, annotation: Any) -> Any:
    if isinstance(declaration, One | Many | Latest):
        return replace(declaration, target=_target(annotation))
    if isinstance(declaration, Column):
        kinds = (annotation, *get_args(annotation))
        return replace(declaration, plain=any(isinstance(kind, EnumMeta) for kind in kinds))
    return declaration


def defined(cls: type[T], description: str, *, is_input: bool = False, interface: Any = None) -> type[T]:
    """Make the class a GraphQL type of its fields; types named as text are looked up when the schema is built.

    Strawberry's own decorators would also make a dataclass of each, and none of ours is ever instantiated: for 500 types
    that took more time than everything else at the start of a server.
    """
    fields = [copy(each) for each in getattr(interface, DEFINITION).fields] if interface is not None else []
    for name, annotation in cls.__annotations__.items():
        made = vars(cls)[name]
        made.python_name, made.origin = name, cls
        if annotation is not None:
            text = f"{_target(annotation)}Connection" if _is_connection(annotation) else annotation
            made.type_annotation = named(text, cls.__module__)
        fields.append(made)
    definition = _Definition(
        name=cls.__name__,
        is_input=is_input,
        is_interface=False,
        origin=cls,
        description=description,
        interfaces=[getattr(interface, DEFINITION)] if interface is not None else [],
        extend=False,
        directives=(),
        is_type_of=None,
        resolve_type=None,
        fields=fields,
    )
    setattr(cls, DEFINITION, definition)
    TYPES[cls.__name__] = cls
    return cls


class _Definition(StrawberryObjectDefinition):
    def __post_init__(self) -> None:
        """Look up no type yet. Strawberry would, for ``Self``, which none of ours uses, and later do it again."""


class _Late(dict[str, Any]):
    """The namespace of a module, as it is when a name is asked for, and behind it the types declared anywhere."""

    def __init__(self, module: str) -> None:
        super().__init__()
        self._module = vars(sys.modules[module])

    def __bool__(self) -> bool:
        return True  # an empty namespace counts: it is where the fallback is

    def __missing__(self, name: str) -> Any:
        return self._module[name] if name in self._module else TYPES[name]


@cache
def named(annotation: Any, module: str = __name__) -> StrawberryAnnotation:
    """A type as a module names it. One object for all its uses: thousands of fields have a few hundred types."""
    return StrawberryAnnotation(annotation, namespace=_Late(module))


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


def plain_type(name: str, description: str, fields: Mapping[str, tuple[str, str] | StrawberryField]) -> Any:
    """A GraphQL object type made from data: field name → (annotation, description), or a ``listing`` or ``answer``."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for python_name, given in fields.items():
        if isinstance(given, StrawberryField):
            body["__annotations__"][python_name], body[python_name] = None, with_list_arguments(given)
        else:
            body["__annotations__"][python_name], text = given
            body[python_name] = StrawberryField(description=text)
    return defined(type(name, (), body), description)


def with_list_arguments(made: StrawberryField) -> StrawberryField:
    """A ``listing`` with the arguments of its entity's lists; other fields as they are."""
    declared = made.metadata.get(DECLARATION)
    if isinstance(declared, Listing):
        county = [] if ENTITIES[declared.target].shared else [argument("county", "str | None", COUNTY_ARGUMENT)]
        made.arguments = [*county, *LIST_ARGUMENTS[declared.target], *declared.arguments]
    return made


def argument(name: str, annotation: Any, description: str, default: Any = strawberry.UNSET) -> StrawberryArgument:
    return StrawberryArgument(name, None, named(annotation), description=description, default=default)


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
