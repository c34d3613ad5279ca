"""Mutations and subscriptions declared as data: an input, the command that it calls, the rows that its payload shows.

    @inputs("Why a filing goes back to its applicant.")
    class FilingReturnInput:
        id: strawberry.ID = ref("Filing", "The filing.")
        reasons: str = given("What has to be mended, for the applicant.")

    MUTATIONS = [
        intent("filingReturn", filings.return_to_applicant, FilingReturnInput, "Send a filing back.", {"filing": "Filing"}),
    ]

A command gets the input's fields as keywords (ids as UUIDs) and a unit of work in the county that the ids, or ``county``, name.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from copy import copy
from dataclasses import MISSING, dataclass
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from auth.actor import Actor
from domain.errors import ErrorCode, Refusal
from models.base import CountyRow
from resolvers.at_once import AtOnce
from resolvers.idempotency import Outcome
from schema.engine.declare import DECLARATION, ENTITIES
from schema.engine.types import DEFINITION, argument, camel, defined, named, plain_type, snake
from schema.engine.values import Ref, decode_id

T = TypeVar("T")
INPUTS: dict[str, Mapping[str, StrawberryField]] = {}
"""Input type name → GraphQL field name → its field."""

MOST_ITEMS = 100


@dataclass(frozen=True)
class Reference:
    """An input field that holds the id of a row of this type, or of one of several (``Owner|Occupancy``)."""

    type: str


@dataclass(frozen=True)
class Intent:
    """One mutation: what a person does in one step."""

    name: str
    command: Callable[..., Awaitable[Any]]
    input_type: str
    returns: Mapping[str, str]
    keyed: bool
    payload: str
    items: int = 0
    item_type: str | None = None
    result: str = ""
    newcomers: bool = False
    """Whether somebody signed in may do it in a county in which they hold no grant."""
    at_once: Callable[..., AtOnce | None] | None = None
    """The ordinary case of the command as one statement (``resolvers.payments.pay_at_once``); ``None`` from it: not so."""

    def results(self, outcome: Outcome, county: str) -> dict[str, Any]:
        """The payload's values: a reference for every row that the command returned, anything else as it is."""
        values: dict[str, Any] = {}
        rows = [(outcome.type, outcome.id), *((other["type"], UUID(other["id"])) for other in outcome.others)]
        for (field, type_name), (_, row_id) in zip(self.returns.items(), rows, strict=False):
            if type_name in ENTITIES and row_id is not None:
                values[snake(field)] = Ref(type_name, county, row_id)
        others = outcome.row if isinstance(outcome.row, tuple) else (outcome.row,)
        if isinstance(outcome.row, tuple):  # what is shown once and stored nowhere stands beside the rows
            others = tuple(each for each in others if not isinstance(each, CountyRow))
        plain = [field for field, type_name in self.returns.items() if type_name not in ENTITIES]
        values.update({snake(field): value for field, value in zip(plain, others, strict=False)})
        return values


@dataclass(frozen=True)
class Changes:
    """A subscription to changes of one type's rows."""

    type: str
    model: str

    async def source(self, run: Any, args: Mapping[str, Any]) -> AsyncGenerator[Ref]:
        """The rows as they change: one row by ``id``, or all that the actor sees in ``county``."""
        named = decode_id(args["id"]) if "id" in args else None
        county = named.county if named else args.get("county") or value_county(run.actor)
        if county not in run.actor.counties or (named and named.type != self.type):
            raise Refusal(ErrorCode.NOT_FOUND, "id" if named else "county")
        row_id = str(named.key) if named else None
        async with run.context.events.subscribe(self.model, county, row_id) as events:
            async for event in events:
                yield Ref(self.type, county, UUID(event.id))


def given(description: str, *, default: Any = MISSING) -> Any:
    """An input field. Fields whose annotation admits ``None`` may be left out."""
    return StrawberryField(description=description, default=default)


def ref(type_name: str, description: str, *, default: Any = MISSING) -> Any:
    """An input field that names a row by its id; an id of another type or county is ``NOT_FOUND``.

    Of several types (``ref("Owner|Occupancy", …)``) the command gets a pair: the type's name and the id.
    """
    return StrawberryField(description=description, default=default, metadata={DECLARATION: Reference(type_name)})


def included() -> Any:
    """Of an input: the fields of the class that this is annotated with, at this place."""
    return _INCLUDED


_INCLUDED = object()


def _with_included(cls: type[Any]) -> dict[str, Any]:
    """The annotations of an input, those of included classes in their places."""
    annotations: dict[str, Any] = {}
    for name, annotation in cls.__annotations__.items():
        if vars(cls)[name] is not _INCLUDED:
            annotations[name] = annotation
            continue
        delattr(cls, name)
        for inner, inner_annotation in annotation.__annotations__.items():
            annotations[inner] = inner_annotation
            setattr(cls, inner, copy(vars(annotation)[inner]))  # each input's fields are its own
    return annotations


KEY_TEXT = (
    "A key of the client's own for this act, such as a UUID: sent again with the same input it does nothing twice and "
    "answers `replayed: true`; with another input it is refused."
)


def inputs(description: str, *, keyed: bool = True, item: bool = False) -> Callable[[type[T]], type[T]]:
    """Class decorator for an intent's input. ``keyed``: the idempotency key is required (money, votes, filings move)."""

    def decorate(cls: type[T]) -> type[T]:
        cls.__annotations__ = _with_included(cls)
        if not item:
            cls.__annotations__["idempotency_key"] = str if keyed else "str | None"
            cls.idempotency_key = given(KEY_TEXT)  # type: ignore[attr-defined]
        for name, annotation in cls.__annotations__.items():
            field = vars(cls).get(name)
            optional = "None" in str(annotation)
            if isinstance(field, StrawberryField) and optional and field.default is MISSING:
                field.default = field.default_value = strawberry.UNSET
        made = defined(cls, description, is_input=True)
        INPUTS[cls.__name__] = {camel(each.python_name): each for each in getattr(made, DEFINITION).fields}
        return made

    return decorate


def intent(
    name: str,
    command: Callable[..., Awaitable[Any]],
    input_type: type[Any],
    description: str,
    returns: Mapping[str, str],
    *,
    keyed: bool = True,
    items: type[Any] | None = None,
    newcomers: bool = False,
    at_once: Callable[..., AtOnce | None] | None = None,
) -> tuple[str, StrawberryField]:
    """A mutation. ``returns``: payload field → type, in the order in which the command returns its rows.

    With ``items`` (the type of ``input.items``) the command runs once per item, each in its own transaction and under the key
    ``<key>:<index>``, and the payload answers per item.
    """
    title = name[0].upper() + name[1:]
    shown = {
        snake(field): (
            f"{type_name} | None",
            f"{f'The {type_name}' if type_name[0].isupper() else 'The number'} after the act; null when it was refused.",
        )
        for field, type_name in returns.items()
    }
    outcome: dict[str, tuple[str, str]] = {
        **shown,
        "replayed": ("bool", "Whether the idempotency key had done this before."),
        "user_errors": ("list[UserError]", "Why it was refused; empty when it was done."),
    }
    result = ""
    if items is None:
        plain_type(f"{title}Payload", f"What came of `{name}`.", outcome)
    else:
        result = f"{title}Result"
        at = {"index": ("int", "The item's place in `items`, from 0.")}
        plain_type(result, f"What came of one item of `{name}`.", {**at, **outcome})
        over = {
            "results": (f"list[{result}]", "One result per item, in their order."),
            "user_errors": ("list[UserError]", "Why the whole list was refused; empty otherwise."),
        }
        plain_type(f"{title}Payload", f"What came of `{name}`, item by item.", over)
    declared = Intent(
        name,
        command,
        input_type.__name__,
        returns,
        keyed,
        f"{title}Payload",
        MOST_ITEMS if items else 0,
        items.__name__ if items else None,
        result,
        newcomers,
        at_once,
    )
    annotation = named(f"{title}Payload | None")
    field = StrawberryField(description=description, type_annotation=annotation, metadata={DECLARATION: declared})
    field.arguments = [argument("input", input_type.__name__, "What to do.", default=strawberry.UNSET)]
    return name, field


def changes(name: str, type_name: str, description: str, *, model: str | None = None) -> tuple[str, StrawberryField]:
    """A subscription that shows a row each time it changes."""
    annotation = named(f"{type_name} | None")
    declared = Changes(type_name, model or type_name)
    field = StrawberryField(description=description, type_annotation=annotation, metadata={DECLARATION: declared})
    field.is_subscription = False
    field.arguments = [
        argument("id", "ID | None", "Only this row."),
        argument("county", "str | None", "Every visible row of this county, by its six-digit code; ignored with `id`."),
    ]
    return name, field


def read_input(
    type_name: str, outer: str, raw: Mapping[str, Any], allowed: frozenset[str]
) -> tuple[str | None, dict[str, Any]]:
    """The command's keywords, and the county that the ids (or ``county``) name.

    ``allowed`` are the counties of the actor's grants. An id of another county, or of two counties in one input, is
    ``NOT_FOUND`` at its own field, exactly as one that is not an id at all.
    """
    counties: dict[str, str] = {}
    merged = {**INPUTS[outer], **INPUTS[type_name]}
    values = _read(merged, raw, counties, "")
    values.pop("idempotency_key", None)
    values.pop("items", None)
    named = values.pop("county", None) if "county" in merged else None
    values.pop("county", None)
    first = named or next((county for county in counties if county in allowed), None)
    for county, at in counties.items():
        if county != first:
            raise Refusal(ErrorCode.NOT_FOUND, at)
    return first, values


def _read(
    fields: Mapping[str, StrawberryField], raw: Mapping[str, Any], counties: dict[str, str], path: str
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in raw.items():
        field = fields[name]
        declared = field.metadata.get(DECLARATION)
        at = f"{path}{name}"
        if isinstance(declared, Reference) and value is not None:
            values[field.python_name] = _keys(declared, value, counties, at)
        else:
            values[field.python_name] = _plain(value, _input_name(field), counties, at)
    return values


def _keys(declared: Reference, value: Any, counties: dict[str, str], at: str) -> Any:
    if isinstance(value, list):
        return [_keys(declared, each, counties, f"{at}.{index}") for index, each in enumerate(value)]
    found = decode_id(value, at)
    types = declared.type.split("|")
    if found.type not in types:
        raise Refusal(ErrorCode.NOT_FOUND, at)
    if found.county:
        counties.setdefault(found.county, at)
    return found.key if len(types) == 1 else (found.type, found.key)


def _plain(value: Any, input_name: str | None, counties: dict[str, str], at: str) -> Any:
    if isinstance(value, list):
        return [_plain(each, input_name, counties, f"{at}.{index}") for index, each in enumerate(value)]
    if isinstance(value, Mapping) and input_name is not None:
        return _read(INPUTS[input_name], value, counties, f"{at}.")
    return value


def _input_name(field: StrawberryField) -> str | None:
    type_ = field.type
    while hasattr(type_, "of_type"):
        type_ = type_.of_type
    return type_.__name__ if isinstance(type_, type) and type_.__name__ in INPUTS else None


def value_county(actor: Actor) -> str:
    """The county of an input that names none: the actor's only one."""
    if len(actor.counties) != 1:
        raise Refusal(ErrorCode.REQUIRED, "county")
    return next(iter(actor.counties))
