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
        hints = _hints(record)
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.default is not MISSING:
                value = field.default  # an explicit null says no more than leaving it out
            read = _read(hints[field.name], value)
            if read is not getattr(self, field.name):
                object.__setattr__(self, field.name, read)


@cache
def _hints(record: Any) -> Mapping[str, Any]:
    return get_type_hints(record)


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
