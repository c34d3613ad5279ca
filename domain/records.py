"""What a command is given: frozen dataclasses whose enumerations may arrive as values and whose parts as mappings.

>>> @dataclass(frozen=True)
... class Part(Record):
...     size: int
>>> @dataclass(frozen=True)
... class Whole(Record):
...     name: str
...     parts: tuple[Part, ...] = ()
>>> Whole(name="x", parts=[{"size": 1}])
Whole(name='x', parts=(Part(size=1),))
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_SEQUENCES = (tuple, frozenset)


@dataclass(frozen=True)
class Record:
    """Base of command inputs: reads plain values (from GraphQL, files, jobs) into the types that its fields declare.

    Unknown names are a ``TypeError`` and unknown enumeration values a ``ValueError``: the schema lets neither through.
    """

    def __post_init__(self) -> None:
        record: Any = type(self)
        for name, default, kind in _plan(record):
            given = value = getattr(self, name)
            if value is None and default is not MISSING:
                value = default  # an explicit null says no more than leaving it out
            if kind is not None:
                value = _read(kind, value)
            if value is not given:
                object.__setattr__(self, name, value)


@cache
def _plan(record: Any) -> tuple[tuple[str, Any, Any], ...]:
    """Each field's name, default, and type where a value of another type may have to be read into it."""
    hints = get_type_hints(record)
    return tuple(
        (field.name, field.default, hints[field.name] if _reads(hints[field.name]) else None)
        for field in fields(record)
    )


def _reads(kind: Any) -> bool:
    """Whether the type names an enumeration, a record or a sequence anywhere."""
    if get_origin(kind) in _SEQUENCES:
        return True
    if args := get_args(kind):
        return any(_reads(part) for part in args)
    return isinstance(kind, type) and issubclass(kind, Enum | Record)


def _read(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _read(next(part for part in get_args(kind) if part is not NoneType), value)
    if origin in _SEQUENCES:
        return origin(_read(get_args(kind)[0], item) for item in value)
    if isinstance(kind, type):
        if issubclass(kind, Record) and isinstance(value, Mapping):
            return kind(**value)
        if issubclass(kind, Enum) and not isinstance(value, kind):
            return kind(value)
    return value
