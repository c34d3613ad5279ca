"""Banks' statements, their lines, the files that they came in, and which line is which movement (FUND-4, FUND-11)."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.reconciliation import MatchBasis
from domain.statements import Continuity, StatementFileState, StatementFormat, StatementState
from models.base import Base, County, CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class BankStatement(CountyRow):
    """What a bank says of one account and period. What it said never changes; how it compares with the books does.

    ``closing_balance = book_balance + at_bank_only + in_books_only + altered + unexplained``, to the fen.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        unique("bank_account_id", "number"),
        index("bank_account_id", "period_from", "id"),
        index("client_id", "period_from", "id"),
        index("updated_at", "id"),
        one_of("format", StatementFormat),
        one_of("state", StatementState),
        one_of("continuity", Continuity),
        CheckConstraint("period_to >= period_from", name="period_in_order"),
        CheckConstraint("line_count >= 0", name="lines_counted"),
        CheckConstraint(
            "closing_balance = book_balance + at_bank_only + in_books_only + altered + unexplained",
            name="explained_to_the_fen",
        ),
    )

    bank_account_id: Mapped[uuid.UUID]
    client_id: Mapped[str]
    """The account's bank, so that its own statements are found without opening the account."""
    number: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    opening_balance: Mapped[Fen]
    closing_balance: Mapped[Fen]
    line_count: Mapped[int]
    content_hash: Mapped[str | None]
    """``domain.statements.content_hash`` once it is whole."""
    format: Mapped[str]
    state: Mapped[str]
    continuity: Mapped[str | None]
    book_balance: Mapped[Fen | None]
    """What the books had at the bank account on the period's last day."""
    at_bank_only: Mapped[Fen | None]
    in_books_only: Mapped[Fen | None]
    altered: Mapped[Fen | None]
    unexplained: Mapped[Fen | None]
    reconciled_at: Mapped[datetime | None]
    handed_in_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    handed_in_by_client: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class StatementLine(CountyRow):
    """One entry of a statement, as the bank wrote it; the counterparty masked."""

    __tablename__ = "statement_line"
    __table_args__ = (
        link("statement_id", "bank_statement"),
        link("bank_account_id", "bank_account"),
        unique("statement_id", "position"),
        index("bank_account_id", "serial"),
        index("bank_account_id", "value_date", "id"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        {"info": {"append_only": True}},
    )

    statement_id: Mapped[uuid.UUID]
    bank_account_id: Mapped[uuid.UUID]
    position: Mapped[int]
    """Its place in the statement, from 1."""
    serial: Mapped[str]
    value_date: Mapped[date]
    amount: Mapped[Fen]
    """Positive into the account, negative out of it."""
    code: Mapped[str | None]
    counterparty_name: Mapped[str | None]
    counterparty_account: Mapped[str | None]
    remark: Mapped[str | None]
    is_reversal: Mapped[bool] = mapped_column(server_default="false", default=False)


class StatementMatch(Base):
    """What a statement's line is: the movement that the books have, or the repetition of an earlier line."""

    __tablename__ = "statement_match"
    __table_args__ = (
        link("line_id", "statement_line"),
        link("movement_id", "bank_movement"),
        link("repeats_id", "statement_line"),
        unique("movement_id", where=text("movement_id IS NOT NULL"), name="uq_statement_match_movement"),
        index("repeats_id"),
        index("bank_account_id"),
        one_of("basis", MatchBasis),
        CheckConstraint("(movement_id IS NULL) <> (repeats_id IS NULL)", name="of_one_thing"),
        {"info": {"append_only": True}},
    )

    county: Mapped[County]
    line_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    bank_account_id: Mapped[uuid.UUID]
    movement_id: Mapped[uuid.UUID | None]
    repeats_id: Mapped[uuid.UUID | None]
    basis: Mapped[str]
    matched_at: Mapped[CreatedAt]


class StatementFile(CountyRow):
    """A statement's file that was handed in: what came of reading it."""

    __tablename__ = "statement_file"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        link("document_id", "document"),
        link("statement_id", "bank_statement"),
        index("created_at", "id"),
        index("bank_account_id", "id"),
        index("document_id"),
        index("statement_id"),
        one_of("state", StatementFileState),
    )

    bank_account_id: Mapped[uuid.UUID]
    document_id: Mapped[uuid.UUID]
    given: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    """The header as it was given with the file: a CSV file holds lines only."""
    state: Mapped[str] = mapped_column(
        server_default=StatementFileState.QUEUED, default=StatementFileState.QUEUED.value
    )
    statement_id: Mapped[uuid.UUID | None]
    fault_count: Mapped[int] = mapped_column(server_default="0", default=0)
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"), default=list)
    """The first faults: ``{"row", "column", "code", "reason"}`` each."""
    requested_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    finished_at: Mapped[datetime | None]
