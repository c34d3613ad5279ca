"""GraphQL types and enums made of Python classes, domain enumerations and data, and the register of all of them by name."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Mapping
from copy import copy
from enum import EnumMeta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

DEFINITION = "__strawberry_definition__"
TYPES: dict[str, Any] = {"ID": strawberry.ID}
"""Every GraphQL class by name: annotations given as text are resolved here, so that stems may name each other."""

T = TypeVar("T")


class Connection(Generic[T]):
    """Annotation of a list that can grow: ``Connection["Unit"]`` becomes the type ``UnitConnection``."""

    if TYPE_CHECKING:  # a declaration only: clients see edges, nodes, pageInfo and totalCount
        edges: list[T]


def camel(name: str) -> str:
    """``page_info`` → ``pageInfo``."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


@cache
def snake(name: str) -> str:
    """``pageInfo`` → ``page_info``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


# Enums


def described(enum: EnumMeta) -> Any:
    """A domain enumeration as a GraphQL enum. A value's description is its ``description``, or the docstring under it."""
    members: list[Any] = list(enum)
    if TYPES.get(enum.__name__) is enum:  # several stems may use it
        return enum
    texts = {member.name: member.description for member in members if hasattr(member, "description")} or _docstrings(
        enum
    )
    values = [EnumValue(member.name, member.value, description=texts[member.name]) for member in members]
    return enum_type(enum, values, inspect.cleandoc(enum.__doc__ or enum.__name__))


def _docstrings(enum: EnumMeta) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(enum))).body[0].body  # type: ignore[attr-defined]
    members: list[Any] = list(enum)
    texts = {member.name: member.name for member in members}
    for here, after in pairwise(body):
        if isinstance(here, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            texts[here.targets[0].id] = inspect.cleandoc(str(after.value.value))  # type: ignore[attr-defined]
    return texts


def enum_type(enum: Any, values: list[EnumValue], description: str) -> Any:
    """Make the enumeration a GraphQL enum of these values."""
    setattr(enum, DEFINITION, StrawberryEnumDefinition(enum, enum.__name__, values, description))
    TYPES[enum.__name__] = enum
    return enum


# Objects and inputs


def plain_type(name: str, description: str, fields: Mapping[str, tuple[str, str] | StrawberryField]) -> Any:
    """A GraphQL object type made from data: field name → (annotation, description), or a ``listing`` or ``answer``."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for python_name, given in fields.items():
        if isinstance(given, StrawberryField):
            body["__annotations__"][python_name], body[python_name] = None, given
        else:
            body["__annotations__"][python_name], text = given
            body[python_name] = StrawberryField(description=text)
    return defined(type(name, (), body), description)


def root_type(name: str, description: str, fields: Mapping[str, StrawberryField]) -> Any:
    """A root type from its fields, by GraphQL name."""
    for field_name, made in fields.items():
        made.graphql_name = field_name
    return plain_type(name, description, dict(sorted(fields.items())))


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
            text = f"{target_of(annotation)}Connection" if _is_connection(annotation) else annotation
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


def argument(name: str, annotation: Any, description: str, default: Any = strawberry.UNSET) -> StrawberryArgument:
    """A field's argument; its type as text."""
    return StrawberryArgument(name, None, named(annotation), description=description, default=default)


# Annotations


def target_of(annotation: Any) -> str:
    """The name of the type that an annotation is about: ``Unit`` for ``"Unit | None"`` and ``Connection["Unit"]``."""
    if _is_connection(annotation):
        annotation = get_args(annotation)[0]
    text = getattr(annotation, "__forward_arg__", annotation)
    text = text if isinstance(text, str) else getattr(text, "__name__", str(text))
    match = _NAME.search(text)
    return match.group() if match else ""


_NAME = re.compile(r"[A-Za-z_]\w*")


def _is_connection(annotation: Any) -> bool:
    origin: Any = get_origin(annotation)
    return origin is Connection


@cache
def named(annotation: Any, module: str = __name__) -> StrawberryAnnotation:
    """A type as a module names it. One object for all its uses: thousands of fields have a few hundred types."""
    return _Named(annotation, namespace=_Late(module))


class _Named(StrawberryAnnotation):
    def evaluate(self) -> Any:
        """What the text names. Strawberry would parse it and look for its modules: it is one of ours, and names types only."""
        if not isinstance(self.raw_annotation, str):
            return super().evaluate()
        return eval(self.raw_annotation, {}, self.namespace)  # noqa: S307 (written in a stem, never given)


class _Late(dict[str, Any]):
    """The namespace of a module, as it is when a name is asked for, and behind it the types declared anywhere."""

    def __init__(self, module: str) -> None:
        super().__init__()
        self._module = vars(sys.modules[module])

    def __bool__(self) -> bool:
        return True  # an empty namespace counts: it is where the fallback is

    def __missing__(self, name: str) -> Any:
        return self._module[name] if name in self._module else TYPES[name]
