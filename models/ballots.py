"""Ballots of a vote, the papers that they were entered from, and the authority to cast them for others (V-11 to V-13, V-26).

What a ballot says is shown to its voter alone (PRI-9): the other tables say only that, how and when somebody voted.
"""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from domain.ballots import BallotChannel, MandateKind, PaperState
from models.base import CountyRow, CreatedAt, UpdatedAt, index, link, one_of, unique
from models.cases import APPEND_ONLY


class Mandate(CountyRow):
    """An owner's written authority to vote for the owner, until its last day or its revocation."""

    __tablename__ = "mandate"
    __table_args__ = (
        one_of("kind", MandateKind),
        link("area_id", "property_area"),
        link("vote_id", "vote"),
        link("principal_id", "owner"),
        link("agent_id", "owner"),
        link("committee_id", "committee"),
        link("document_id", "document"),
        CheckConstraint("num_nonnulls(agent_id, committee_id) = 1", name="agent_named"),
        CheckConstraint("kind = 'DELEGATION' OR (vote_id IS NOT NULL AND agent_id IS NOT NULL)", name="for_one_vote"),
        CheckConstraint("valid_to >= valid_from", name="days_in_order"),
        index("area_id", "id"),
        index("vote_id", "id"),
        index("principal_id", "id"),
        index("agent_id", "id"),
        index("committee_id"),
        index("document_id"),
        index("township", "id"),
        index("community", "id"),
        index("updated_at", "id"),
    )

    kind: Mapped[str]
    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    vote_id: Mapped[uuid.UUID | None]
    principal_id: Mapped[uuid.UUID]
    """The owner who gives it."""
    agent_id: Mapped[uuid.UUID | None]
    """The owner who may vote for the principal."""
    committee_id: Mapped[uuid.UUID | None]
    """The body that may, in a delegation (V-26)."""
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    """The last day."""
    document_id: Mapped[uuid.UUID]
    """The signed authority: matter, powers, term (Civil Code 165)."""
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class BallotPaper(CountyRow):
    """A paper ballot (纸质选票) with its image; what is written on it two people enter without seeing each other's entry."""

    __tablename__ = "ballot_paper"
    __table_args__ = (
        link("vote_id", "vote"),
        link("head_id", "roll_head"),
        link("elector_id", "owner"),
        link("document_id", "document"),
        one_of("channel", (BallotChannel.PAPER, BallotChannel.MEETING)),
        one_of("state", PaperState),
        unique("document_id"),
        index("vote_id", "state", "id"),
        index("head_id", "id"),
        index("elector_id"),
    )

    vote_id: Mapped[uuid.UUID]
    head_id: Mapped[uuid.UUID]
    elector_id: Mapped[uuid.UUID | None]
    """The owner who signed it; null for the developer's or an unknown owner's."""
    channel: Mapped[str]
    received_on: Mapped[date]
    document_id: Mapped[uuid.UUID]
    """Its scanned image."""
    state: Mapped[str]
    entries: Mapped[int]
    """How many people have entered it."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class PaperEntry(CountyRow):
    """What one person read on a paper ballot. Append-only, and shown to nobody: the next one must look at the image."""

    __tablename__ = "paper_entry"
    __table_args__ = (
        link("paper_id", "ballot_paper"),
        unique("paper_id", "account_id"),
        APPEND_ONLY,
    )

    paper_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    choices: Mapped[list[str] | None] = mapped_column(ARRAY(Text(collation="C")))
    """By item; null: not a valid ballot."""
    at: Mapped[datetime]


class Ballot(CountyRow):
    """One version of what an elector says: the last one counts (SM-8). Append-only."""

    __tablename__ = "ballot"
    __table_args__ = (
        link("vote_id", "vote"),
        link("head_id", "roll_head"),
        link("elector_id", "owner"),
        link("mandate_id", "mandate"),
        link("paper_id", "ballot_paper"),
        one_of("channel", BallotChannel),
        unique("head_id", "elector_key", "version"),
        index("vote_id", "head_id", "elector_key", "version", name="ix_ballot_count"),
        index("cast_by", "id"),
        index("elector_account_id", "id"),
        index("elector_id"),
        index("mandate_id"),
        index("paper_id"),
        APPEND_ONLY,
    )

    vote_id: Mapped[uuid.UUID]
    head_id: Mapped[uuid.UUID]
    elector_id: Mapped[uuid.UUID | None]
    """The owner in whose right it is cast; null for the developer's or an unknown owner's."""
    elector_key: Mapped[uuid.UUID]
    """The elector, or the head where it has none: whose versions these are."""
    version: Mapped[int]
    """From 1."""
    choices: Mapped[list[str] | None] = mapped_column(ARRAY(Text(collation="C")))
    """By item, in their order; null: withdrawn."""
    channel: Mapped[str]
    mandate_id: Mapped[uuid.UUID | None]
    paper_id: Mapped[uuid.UUID | None]
    cast_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    """Who cast it, or completed its entry."""
    elector_account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    """The elector's own login, who reads it whoever cast it."""
    receipt: Mapped[str]
    """By which the voter finds the ballot again (选票回执)."""
    at: Mapped[datetime]
