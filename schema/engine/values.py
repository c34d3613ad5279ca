"""How stored values, ids and cursors look in an answer: the same in SQL (compiled reads) and in Python (everything else)."""

import base64
import binascii
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Text,
    Uuid,
    case,
    cast,
    func,
)
from sqlalchemy import literal_column as sql
from sqlalchemy.sql.functions import Function

from domain.errors import ErrorCode, Refusal

NULL: ColumnElement[str] = sql("'null'", Text())


class Ref(NamedTuple):
    """A row named from outside: GraphQL type, county (empty for reference data) and key."""

    type: str
    county: str
    key: uuid.UUID | str


def text(value: str) -> ColumnElement[str]:
    """A constant of the statement's own text."""
    return sql("'" + value.replace("'", "''") + "'", Text())


def concat(pieces: list[str | ColumnElement[Any]]) -> ColumnElement[str]:
    """One ``concat`` of constants and expressions (PostgreSQL takes at most 100 arguments to a call)."""
    merged: list[str | ColumnElement[Any]] = []
    for piece in flat(pieces):
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        elif piece != "" or not isinstance(piece, str):
            merged.append(piece)
    parts = [text(piece) if isinstance(piece, str) else piece for piece in merged]
    while len(parts) > 90:
        parts = [func.concat(*parts[at : at + 90]) for at in range(0, len(parts), 90)]
    return func.concat(*parts)


def flat(pieces: Iterable[Any]) -> Iterator[str | ColumnElement[Any]]:
    """The pieces, with those of quoted values in their place: a call less for each."""
    for piece in pieces:
        if isinstance(piece, Quoted):
            yield from ('"', piece.inner, '"')
        else:
            yield piece


class Quoted(Function[str]):
    """A value between quotes: ``concat('"', value, '"')``, by itself or as a part of a longer one."""

    inherit_cache = True

    def __init__(self, inner: ColumnElement[Any]) -> None:
        self.inner = inner
        super().__init__("concat", text('"'), inner, text('"'), type_=Text())


def to_json(value: ColumnElement[Any], *, plain_text: bool = False) -> ColumnElement[Any]:
    """JSON text of a value that is not null. ``plain_text``: a text that needs no escaping (a state, an id)."""
    kind = value.type
    if isinstance(kind, Boolean):
        return cast(value, Text)
    if isinstance(kind, Integer | BigInteger):
        return value
    if isinstance(kind, Date):
        return Quoted(value)
    if isinstance(kind, DateTime):
        return Quoted(func.to_char(value, text('YYYY-MM-DD"T"HH24:MI:SS.MSTZH:TZM')))
    if isinstance(kind, JSON):
        return cast(value, Text)
    if isinstance(kind, Uuid):
        return Quoted(value)
    if isinstance(kind, ARRAY) or not plain_text:
        return func.to_json(value)
    return Quoted(value)


def nullable(value: ColumnElement[Any], shown: ColumnElement[Any]) -> ColumnElement[Any]:
    """``shown``, or JSON null where ``value`` is null."""
    return case((value.is_(None), NULL), else_=cast(shown, Text))


def id_pieces(name: str, row: Any, key: Any = None) -> list[str | ColumnElement[Any]]:
    """JSON text of a row's opaque id."""
    if key is not None:
        return [f'"{name}_', getattr(row, key.key), '"']
    return [f'"{name}_', row.county, "_", func.encode(func.uuid_send(row.id), text("hex")), '"']


def encode_id(ref: Ref) -> str:
    if isinstance(ref.key, uuid.UUID):
        return f"{ref.type}_{ref.county}_{ref.key.hex}"
    return f"{ref.type}_{ref.key}"


def decode_id(value: str, field: str = "id") -> Ref:
    """The row that an opaque id names; ``NOT_FOUND`` for anything that is not one, exactly as for a row that is not there."""
    parts = value.split("_")
    try:
        if len(parts) == 3:
            return Ref(parts[0], parts[1], uuid.UUID(hex=parts[2]))
        if len(parts) == 2 and parts[1]:
            return Ref(parts[0], "", parts[1])
    except ValueError:
        pass
    raise Refusal(ErrorCode.NOT_FOUND, field=field)


SEPARATOR = "\x1f"


def cursor_keys(order: str, keys: list[Any]) -> ColumnElement[str]:
    """What a cursor says, to be ``packed`` when the row is the one whose cursor is shown."""
    pieces: list[str | ColumnElement[Any]] = [order]
    for key in keys:
        pieces += [SEPARATOR, key]
    return concat(pieces)


def packed(cursor: ColumnElement[Any]) -> ColumnElement[str]:
    """A cursor as clients carry it: base64url."""
    encoded = func.encode(func.convert_to(cursor, text("UTF8")), text("base64"))
    return func.translate(encoded, sql("E'+/=\\n'"), text("-_"))


def read_cursor(value: str, order: str, types: list[Any], field: str) -> list[Any]:
    """The sort keys in a cursor; ``INVALID_INPUT`` when it was not made by the same list and order."""
    try:
        packed = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
        made_for, *keys = packed.split(SEPARATOR)
        if made_for != order or len(keys) != len(types):
            raise ValueError
        return [_READERS[_python_type(kind)](key) for kind, key in zip(types, keys, strict=True)]
    except (ValueError, binascii.Error):
        raise Refusal(ErrorCode.INVALID_INPUT, field=field) from None


def _python_type(kind: Any) -> type[Any]:
    return kind.python_type  # type: ignore[no-any-return]


_READERS: dict[type[Any], Any] = {
    str: str,
    int: int,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    uuid.UUID: uuid.UUID,
}


def key_of(type_name: str) -> Callable[[str], uuid.UUID | str]:
    """Reads a filter's id: its key, or ``NOT_FOUND`` when it is not the id of such a row."""

    def read(value: str) -> uuid.UUID | str:
        ref = decode_id(value)
        if ref.type != type_name:
            raise Refusal(ErrorCode.NOT_FOUND, field="where")
        return ref.key

    return read


def dumped(value: Any) -> bytes | None:
    """A parameter in PostgreSQL's text format; the statement casts it to its type."""
    if value is None:
        return None
    if (dump := _DUMPS.get(type(value))) is not None:
        return dump(value)
    if isinstance(value, Enum):
        return dumped(value.value)
    if isinstance(value, str):
        return value.encode()
    raise TypeError(f"a parameter cannot be a {type(value).__name__}")


def _array(values: Sequence[Any]) -> bytes:
    parts = []
    for value in values:
        part = dumped(value)
        if part is None:
            parts.append(b"NULL")
        else:
            parts.append(b'"%s"' % part.replace(b"\\", b"\\\\").replace(b'"', b'\\"'))
    return b"{%s}" % b",".join(parts)


_DUMPS: dict[type[Any], Callable[[Any], bytes]] = {
    str: str.encode,
    int: lambda value: b"%d" % value,
    float: lambda value: repr(value).encode(),
    bool: lambda value: b"t" if value else b"f",
    uuid.UUID: lambda value: value.hex.encode(),
    date: lambda value: value.isoformat().encode(),
    datetime: lambda value: value.isoformat().encode(),
    list: _array,
    tuple: _array,
}
