"""Owners' votes (业主共同决定, SM-8): the case, what is asked, what was counted, who objected; and the clauses that allow a mode.

Areas are in 0.01 m², heads as V-9 counts them. The roll is in ``models.rolls``, ballots are in ``models.ballots``.
"""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.profiles.parameters import VoteMode
from domain.tallies import Matter, Outcome
from domain.votes import Authority, Occasion, VoteScope, VoteState
from models.base import Area, CountyRow, CreatedAt, index, link, one_of, unique
from models.cases import APPEND_ONLY, CaseRow, case_table

_NO_UUIDS = text("'{}'::uuid[]")


class ModeClause(CountyRow):
    """An adopted clause of the rules of procedure or the covenant that allows a special mode (V-25), or lets the committee
    decide on fund use within limits (V-32). Append-only."""

    __tablename__ = "mode_clause"
    __table_args__ = (
        link("area_id", "property_area"),
        link("filing_id", "filing"),
        link("vote_id", "vote"),
        one_of("mode", VoteMode),
        one_of("source", (Matter.RULES_OF_PROCEDURE, Matter.COVENANT)),
        index("area_id", "id"),
        index("filing_id"),
        index("vote_id"),
        APPEND_ONLY,
    )

    area_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    mode: Mapped[str | None]
    """The mode that it allows; null where it delegates fund use within limits to the committee (TQ-42)."""
    source: Mapped[str]
    """Which text holds it, as the matter by which it was adopted."""
    article: Mapped[str]
    """Where it stands, and its words."""
    adopted_on: Mapped[date]
    filing_id: Mapped[uuid.UUID | None]
    """The filing of the covenant that holds it: it stands as long as that covenant does."""
    vote_id: Mapped[uuid.UUID | None]
    """The vote on the platform that adopted the rules of procedure; null where the resolution is attested."""
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


class Vote(CaseRow):
    """One vote of the owners of an area, a building or an entrance."""

    __tablename__ = "vote"
    __table_args__ = case_table(
        VoteState,
        link("building_id", "building"),
        one_of("scope", VoteScope),
        one_of("occasion", Occasion),
        one_of("annulled_as", Authority),
        index("subject_id"),
        index("building_id"),
        CheckConstraint("area_id IS NOT NULL", name="area_named"),
        CheckConstraint("(scope = 'AREA') = (building_id IS NULL)", name="building_named"),
        CheckConstraint("(scope = 'ENTRANCE') = (entrance IS NOT NULL)", name="entrance_named"),
        CheckConstraint("closes_on >= opens_on", name="days_in_order"),
        CheckConstraint("(subject_type IS NULL) = (subject_id IS NULL)", name="subject_whole"),
    )

    scope: Mapped[str]
    building_id: Mapped[uuid.UUID | None]
    entrance: Mapped[str | None]
    occasion: Mapped[str]
    occasion_note: Mapped[str | None]
    proposers: Mapped[int] = mapped_column(server_default="0", default=0)
    """How many heads proposed the meeting (V-18)."""
    subject_type: Mapped[str | None]
    """The table of the row that waits for the result (``fund_request``)."""
    subject_id: Mapped[uuid.UUID | None]
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    """The last day, which runs to its 24:00."""
    extended_from: Mapped[date | None]
    """The last day before it was put off."""
    noticed_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    """When the residents' committee took note (V-17)."""
    item_count: Mapped[int] = mapped_column(server_default="0", default=0)
    by_objection: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    scope_area: Mapped[Area] = mapped_column(server_default="0", default=0)
    scope_heads: Mapped[int] = mapped_column(server_default="0", default=0)
    """The roll's sums, 0 before the notice."""
    counted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    published_on: Mapped[date | None]
    final_on: Mapped[date | None]
    annulled_as: Mapped[str | None]
    judgment: Mapped[str | None]
    """A court's case number, where it cancelled the decision."""
    salt: Mapped[str]
    """Makes the keys under which heads stand in an export; shown to nobody."""


class VoteItem(CountyRow):
    """One question of a vote, with the number of Civil Code 278 that fixes its majority (V-1)."""

    __tablename__ = "vote_item"
    __table_args__ = (
        link("vote_id", "vote"),
        link("clause_id", "mode_clause"),
        one_of("matter", Matter),
        one_of("mode", VoteMode),
        unique("vote_id", "position"),
        index("clause_id"),
        CheckConstraint("(mode = 'STANDARD') = (clause_id IS NULL)", name="mode_has_clause"),
        CheckConstraint("mode = 'STANDARD' OR matter = 'FUND_USE'", name="mode_for_fund_use"),
        {"info": {"deletable": True}},
    )

    vote_id: Mapped[uuid.UUID]
    position: Mapped[int]
    """From 1."""
    matter: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    mode: Mapped[str]
    clause_id: Mapped[uuid.UUID | None]


class VoteResult(CountyRow):
    """What one item's count gave: the strict tally and the mode's, always both (V-31). Append-only; a recount adds a round."""

    __tablename__ = "vote_result"
    __table_args__ = (
        link("vote_id", "vote"),
        link("item_id", "vote_item"),
        *(one_of(column, Outcome) for column in ("strict_outcome", "mode_outcome", "outcome")),
        unique("vote_id", "round", "item_id"),
        index("item_id", "round"),
        APPEND_ONLY,
    )

    vote_id: Mapped[uuid.UUID]
    item_id: Mapped[uuid.UUID]
    round: Mapped[int]
    """1: the count; 2: the recount."""
    position: Mapped[int]
    scope_area: Mapped[Area]
    scope_heads: Mapped[int]
    for_area: Mapped[Area]
    for_heads: Mapped[int]
    against_area: Mapped[Area]
    against_heads: Mapped[int]
    abstained_area: Mapped[Area]
    abstained_heads: Mapped[int]
    silent_area: Mapped[Area]
    """Of heads that were served at every unit and cast no valid ballot (V-28)."""
    silent_heads: Mapped[int]
    strict_outcome: Mapped[str]
    """By Civil Code 278."""
    mode_outcome: Mapped[str]
    outcome: Mapped[str]
    """Which of the two counts in this county."""
    legal_basis: Mapped[str]
    """What the mode's outcome rests on."""
    profile_version: Mapped[str]
    counted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    counted_at: Mapped[datetime]


class VoteObjection(CountyRow):
    """An owner's objection to a published result, or an office's order to correct it (V-20, V-21). Append-only."""

    __tablename__ = "vote_objection"
    __table_args__ = (link("vote_id", "vote"), index("vote_id", "id"), APPEND_ONLY)

    vote_id: Mapped[uuid.UUID]
    role: Mapped[str]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str]
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    at: Mapped[datetime]
