"""The conditions that most filters are made of: a value, the row that a foreign key names, changed since, keywords."""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, DateTime, Text, Uuid, any_, func, select
from sqlalchemy.orm import aliased

from domain.estates import SearchKind
from domain.search import keyword_grams
from models.search import SearchGram
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


def found_by(kind: SearchKind) -> Any:
    """A keyword condition: the row's texts hold all grams of the keyword."""

    def predicate(row: Any, grams: Any, env: Any) -> ColumnElement[bool]:
        held = aliased(SearchGram)
        holding_all = (
            select(held.subject_id)
            .where(env.county_of(held), held.kind == kind.value, held.gram == any_(grams))
            .group_by(held.subject_id)
            .having(func.count() == func.cardinality(grams))
        )
        return row.id.in_(holding_all)  # type: ignore[no-any-return]

    return matches(
        predicate,
        ARRAY(Text(collation="C")),
        "Words that occur in its name, code or address; any order.",
        read=lambda keyword: list(keyword_grams(keyword)),
        opens=True,
    )
