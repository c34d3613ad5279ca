"""The double-entry ledger: accounts, transactions and their postings (RULES FUND-4, FUND-5).

Postings are only ever added, by ``resolvers.ledger`` alone. A statement trigger (in the migration) refuses postings of
a transaction that do not sum to zero. No balance is stored, so no row is hot: a balance is a sum of postings.
"""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, Computed, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.ledger import AccountKind, TransactionKind
from models.base import CountyRow, CreatedAt, Fen, index, link, one_of, unique

_POSTING_ID = (
    """(left(transaction_id::text, 24) || right(md5(transaction_id::text || '/'::text || line::text), 12))::uuid"""
)
"""A line's id: the first 80 bits of its transaction's, which hold the instant, and 48 of a digest of transaction and line."""


class LedgerAccount(CountyRow):
    """An account (科目账户) of a unit, building, property area, company or bank account, or of a pair of these."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint(
            "county",
            "kind",
            "unit_id",
            "company_id",
            "area_id",
            "building_id",
            "bank_account_id",
            name="uq_ledger_account_owner",
            postgresql_nulls_not_distinct=True,
        ),
        index("unit_id"),
        index("area_id", "kind"),
        index("company_id", "kind"),
        index("bank_account_id", "kind"),
        link("unit_id", "unit"),
        link("building_id", "building"),
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("bank_account_id", "bank_account"),
        one_of("kind", AccountKind),
    )

    kind: Mapped[str]
    unit_id: Mapped[uuid.UUID | None]
    building_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID | None]
    company_id: Mapped[uuid.UUID | None]
    bank_account_id: Mapped[uuid.UUID | None]
    """The custodian's account (a bank_account) whose money or liability this is; null for all that is at no such bank."""
    opened_on: Mapped[date]


class LedgerTransaction(CountyRow):
    """One business fact that moved money or a claim. It never changes; ``reverses_id`` names what it takes back."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (
        unique("reverses_id", where=text("reverses_id IS NOT NULL"), name="uq_ledger_transaction_reverses_id"),
        link("reverses_id", "ledger_transaction"),
        one_of("kind", TransactionKind),
        CheckConstraint("(kind = 'REVERSAL') = (reverses_id IS NOT NULL)", name="reversal_names_its_original"),
        {"info": {"append_only": True}},
    )

    kind: Mapped[str]
    occurred_on: Mapped[date]
    reason: Mapped[str]
    reference: Mapped[str | None]
    """What the fact is known by outside: a bank's transaction number, a run's number, an attestation's document."""
    reverses_id: Mapped[uuid.UUID | None]
    posted_by: Mapped[uuid.UUID | None]
    """The account that acted; null for the county's own clock."""
    posted_by_client: Mapped[str | None]
    posted_at: Mapped[CreatedAt]


class Posting(CountyRow):
    """One line of a transaction: an account and a signed amount in fen (debit positive, credit negative)."""

    __tablename__ = "posting"
    __table_args__ = (
        unique("transaction_id", "line"),
        # An account's balance and its statement: the lines in their running order, amounts along with them.
        Index("ix_posting_balance", "county", "account_id", "occurred_on", "id", postgresql_include=["amount"]),
        link("transaction_id", "ledger_transaction"),
        link("account_id", "ledger_account"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        {"info": {"append_only": True}},
    )

    # Made by the database, so that those who write thousands need not; it sorts as its transaction's id does.
    id: Mapped[uuid.UUID] = mapped_column(Computed(_POSTING_ID, persisted=True), primary_key=True, sort_order=-1)
    transaction_id: Mapped[uuid.UUID]
    line: Mapped[int]
    account_id: Mapped[uuid.UUID]
    occurred_on: Mapped[date]
    amount: Mapped[Fen]
