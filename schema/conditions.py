"""The conditions that most filters are made of: a column equals a value, a foreign key names a row, changed since."""

from typing import Any

from sqlalchemy import DateTime, Text, Uuid

from schema.engine.declare import matches
from schema.engine.values import key_of


def equal(name: str, description: str, type_: Any = None) -> Any:
    """The column equals the value (a text unless another SQL type is given)."""
    return matches(lambda row, value: getattr(row, name) == value, type_ or Text(), description)


def of(type_name: str, name: str, description: str) -> Any:
    """The foreign key names this row."""
    return matches(lambda row, value: getattr(row, name) == value, Uuid(), description, read=key_of(type_name))


def since(name: str = "updated_at", description: str = "Changed at or after this instant.") -> Any:
    """The polling twin of subscriptions: rows changed from an instant on."""
    return matches(lambda row, value: getattr(row, name) >= value, DateTime(timezone=True), description)
