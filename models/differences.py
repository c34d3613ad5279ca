"""Differences between a bank's statements and the books, each a case with its question, answer and resolution (FUND-4)."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.reconciliation import DifferenceKind, DifferenceState, Resolution
from models.base import Fen, index, link, one_of
from models.cases import CaseRow, case_table


class BankDifference(CaseRow):
    """What bank and books differ in: a line, a movement, both, or (``BALANCE``) what none of them explains."""

    __tablename__ = "bank_difference"
    __table_args__ = case_table(
        DifferenceState,
        link("bank_account_id", "bank_account"),
        link("statement_id", "bank_statement"),
        link("line_id", "statement_line"),
        link("movement_id", "bank_movement"),
        link("transaction_id", "ledger_transaction"),
        UniqueConstraint(
            "county",
            "bank_account_id",
            "found_as",
            "line_id",
            "movement_id",
            "balance_of_id",
            name="uq_bank_difference_found",
            postgresql_nulls_not_distinct=True,
        ),
        index("bank_account_id", "id"),
        index("statement_id", "id"),
        index("client_id", "id"),
        index("line_id"),
        index("movement_id"),
        one_of("found_as", DifferenceKind),
        one_of("kind", DifferenceKind),
        CheckConstraint(
            f"resolution IN ({', '.join(repr(each.value) for each in Resolution)})", name="resolution_known"
        ),
    )

    bank_account_id: Mapped[uuid.UUID]
    client_id: Mapped[str]
    """The account's bank, whose queue holds what it is asked."""
    statement_id: Mapped[uuid.UUID]
    """In which comparison it was found."""
    found_as: Mapped[str]
    kind: Mapped[str]
    """What it is by now: something missing that came later was late."""
    line_id: Mapped[uuid.UUID | None]
    movement_id: Mapped[uuid.UUID | None]
    balance_of_id: Mapped[uuid.UUID | None]
    """The statement whose balance nothing explains."""
    serial: Mapped[str | None]
    value_date: Mapped[date]
    bank_amount: Mapped[Fen]
    book_amount: Mapped[Fen]
    amount: Mapped[Fen]
    """Bank less books, in fen."""
    question: Mapped[str | None]
    answer: Mapped[str | None]
    resolution: Mapped[str | None]
    explanation: Mapped[str | None]
    """Why it is resolved so, or how it settled."""
    proposed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    transaction_id: Mapped[uuid.UUID | None]
    """What the books took in by its resolution."""
