"""The frozen roll of a vote (V-16): heads, the units that make them, the owners who held them, and what was served to whom."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.ballots import BallotChannel
from domain.estates import AreaBasis
from domain.rolls import HeadKind
from domain.votes import ServedPaper, ServiceWay
from models.base import Area, CountyRow, index, link, one_of, unique
from models.cases import APPEND_ONLY


class RollHead(CountyRow):
    """One head (人数, V-9): whoever casts one ballot for all of its units (V-12). Only whether and how it voted ever changes.

    The row is what simultaneous ballots of one head wait for.
    """

    __tablename__ = "roll_head"
    __table_args__ = (
        link("vote_id", "vote"),
        link("area_id", "property_area"),
        one_of("kind", HeadKind),
        one_of("channel", BallotChannel),
        link("representative_id", "owner"),
        unique("vote_id", "number"),
        index("vote_id", "voted_at"),
        index("area_id", "id"),
        index("township", "id"),
        index("community", "id"),
        index("representative_id"),
    )

    vote_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    number: Mapped[int]
    """From 1, by the first of its units in natural order."""
    kind: Mapped[str]
    area: Mapped[Area]
    """Of all its units in scope."""
    unit_count: Mapped[int]
    representative_id: Mapped[uuid.UUID | None]
    """The co-owner who casts for all, once one is fixed (V-11)."""
    channel: Mapped[str | None]
    """How it voted first; another channel is refused (V-19)."""
    voted_at: Mapped[datetime | None]
    """When its present ballot was cast; null while there is none."""


class RollUnit(CountyRow):
    """A unit as it stood on the day of the notice (V-8, V-16). Append-only."""

    __tablename__ = "roll_unit"
    __table_args__ = (
        link("vote_id", "vote"),
        link("head_id", "roll_head"),
        link("unit_id", "unit"),
        one_of("area_basis", AreaBasis),
        unique("vote_id", "unit_id"),
        index("head_id", "position", "id", name="ix_roll_unit_head"),
        index("unit_id"),
        APPEND_ONLY,
    )

    vote_id: Mapped[uuid.UUID]
    head_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    position: Mapped[int]
    """From 1, in natural order."""
    name: Mapped[str]
    name_mask: Mapped[str]
    area: Mapped[Area]
    area_basis: Mapped[str]


class RollOwner(CountyRow):
    """An owner of a head on the day of the notice. Append-only: later transfers do not change who is asked (V-16)."""

    __tablename__ = "roll_owner"
    __table_args__ = (
        link("vote_id", "vote"),
        link("head_id", "roll_head"),
        link("owner_id", "owner"),
        unique("head_id", "owner_id"),
        index("owner_id"),
        index("vote_id"),
        APPEND_ONLY,
    )

    vote_id: Mapped[uuid.UUID]
    head_id: Mapped[uuid.UUID]
    owner_id: Mapped[uuid.UUID]


class BallotService(CountyRow):
    """That a notice or ballot was served at a unit, how, and its proof (送达, V-28). Append-only."""

    __tablename__ = "ballot_service"
    __table_args__ = (
        link("vote_id", "vote"),
        link("roll_unit_id", "roll_unit"),
        link("document_id", "document"),
        one_of("paper", ServedPaper),
        one_of("way", ServiceWay),
        unique("roll_unit_id", "paper"),
        index("vote_id", "id"),
        index("document_id"),
        APPEND_ONLY,
    )

    vote_id: Mapped[uuid.UUID]
    roll_unit_id: Mapped[uuid.UUID]
    paper: Mapped[str]
    way: Mapped[str]
    served_on: Mapped[date]
    printed_last_day: Mapped[date | None]
    """The last day that is printed on the ballot."""
    document_id: Mapped[uuid.UUID]
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
