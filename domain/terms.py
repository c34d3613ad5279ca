"""Enumerations whose members carry their description: one sentence serves GraphQL, the docs and readers."""

from enum import StrEnum
from typing import Self


class Term(StrEnum):
    """A member is written ``NAME = "NAME", "what it means"``; ``.description`` is what the API shows.

    >>> class Colour(Term):
    ...     RED = "RED", "Of the red list."
    >>> Colour.RED.description
    'Of the red list.'
    """

    _value_: str
    description: str

    def __new__(cls, value: str, description: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member
