"""The administrative divisions of the five counties: shared reference data, dated, replaced but never deleted."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from domain.divisions import DivisionLevel
from models.accounts import SHARED_TABLE
from models.base import Base, one_of


class Division(Base):
    """An administrative division (行政区划) under its official code.

    ``county`` is the six-digit code of the county that it is or lies in (null above counties). When codes are reformed
    the old row gets ``valid_to`` and ``replaced_by``; rows that carry the old code move by command, never the division.
    """

    __tablename__ = "division"
    __table_args__ = (
        one_of("level", DivisionLevel),
        CheckConstraint("valid_to > valid_from", name="dates_in_order"),
        Index("ix_division_parent_code", "parent_code", "code"),
        Index("ix_division_county_level", "county", "level", "code"),
        SHARED_TABLE,
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_sort: Mapped[str]
    """The name in pinyin, for sorting."""
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("division.code"))
    county: Mapped[str | None]
    valid_from: Mapped[date] = mapped_column(server_default="2000-01-01")
    valid_to: Mapped[date | None]
    replaced_by: Mapped[str | None] = mapped_column(ForeignKey("division.code"))
