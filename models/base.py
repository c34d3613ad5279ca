"""What every table shares: the county first in each key, ids made in Python, names for every constraint.

A county table has the primary key ``(county, id)``. Unique keys, indexes and foreign keys start with ``county`` too, so that
the same schema can be distributed by county (DESIGN §8). ``link``, ``unique`` and ``index`` keep that to one line each.
"""

import os
import threading
import time
import uuid
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The declarative base: named constraints, texts in C order, instants with a zone."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(collation="C"),
        datetime: DateTime(timezone=True),
        date: Date(),
    }


def new_id() -> uuid.UUID:
    """A UUIDv7: ids sort by the time of their making (the embedded PostgreSQL has no generator of its own).

    Two of one millisecond sort too: the later one goes on from the earlier by a step that nobody knows, so that two ids
    do not tell how many rows were made between them.
    """
    drawn = int.from_bytes(os.urandom(13))
    made = (time.time_ns() // 1_000_000 << 80) | drawn >> 24
    made = made & ~_VERSION_BITS | _VERSION_7
    with _one_at_a_time:
        made = _latest[0] = max(made, _latest[0] + 1 + (drawn & 0xFFFFFF))
    return uuid.UUID(int=made)


_VERSION_BITS = (0xF << 76) | (0b11 << 62)
_VERSION_7 = (0x7 << 76) | (0b10 << 62)
_one_at_a_time = threading.Lock()
_latest = [0]


County = Annotated[str, mapped_column(Text(collation="C"), primary_key=True)]
"""The tenant key: a county's six-digit code, first in every key and never reassigned."""

Id = Annotated[uuid.UUID, mapped_column(primary_key=True, default=new_id)]
Fen = Annotated[int, mapped_column(BigInteger)]
"""Money in integer fen."""

Area = Annotated[int, mapped_column(BigInteger)]
"""Area in integer 0.01 m²."""

CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]
UpdatedAt = Annotated[datetime, mapped_column(server_default=func.now(), onupdate=func.now())]


class CountyRow(Base):
    """The two columns that every row of a county starts with. Rows never change county."""

    __abstract__ = True

    county: Mapped[County] = mapped_column(sort_order=-2)
    id: Mapped[Id] = mapped_column(sort_order=-1)


def link(column: str, target: str) -> ForeignKeyConstraint:
    """A foreign key inside the county: ``link("estate_id", "estate")``."""
    return ForeignKeyConstraint(["county", column], [f"{target}.county", f"{target}.id"])


def unique(*columns: str, where: Any = None, name: str | None = None) -> UniqueConstraint | Index:
    """A key that is unique inside the county; with ``where``, a partial unique index (then ``name`` is required)."""
    if where is None:
        return UniqueConstraint("county", *columns, name=name)
    return Index(name, "county", *columns, unique=True, postgresql_where=where)


def index(*columns: Any, name: str | None = None, where: Any = None) -> Index:
    """An index inside the county. Columns given as expressions (``desc("x")``) need a ``name``."""
    return Index(name, "county", *columns, postgresql_where=where)


def one_of(column: str, values: Any) -> CheckConstraint:
    """A CHECK that a text column holds one of an enumeration's values (states are text with CHECK, DESIGN §2)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def is_county_table(table: Any) -> bool:
    """Whether a table belongs to counties (its primary key starts with ``county``) or is shared reference data."""
    keys = list(table.primary_key.columns)
    return bool(keys) and keys[0].name == "county"
