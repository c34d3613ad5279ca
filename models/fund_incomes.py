"""Income of the maintenance fund as banks credit it, how each year's was shared, and what was used of the pool (FUND-9,
FUND-10)."""

import uuid
from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.fund_incomes import IncomeKind, PoolUse
from domain.payment_instructions import PayoutState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class FundIncome(CountyRow):
    """One credit of interest or other income at a fund account."""

    __tablename__ = "fund_income"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        link("transaction_id", "ledger_transaction"),
        link("reversal_id", "ledger_transaction"),
        unique("bank_account_id", "serial"),
        index("bank_account_id", "year", "id"),
        index("bank_account_id", "value_date", "id"),
        index("value_date", "id"),
        index("updated_at", "id"),
        one_of("kind", IncomeKind),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("pooled >= 0 AND pooled <= amount", name="pooled_within_amount"),
    )

    bank_account_id: Mapped[uuid.UUID]
    serial: Mapped[str]
    """The bank's own number of the credit."""
    kind: Mapped[str]
    amount: Mapped[Fen]
    demand_part: Mapped[int | None] = mapped_column(BigInteger)
    """What the same money would have earned at the demand rate, where the bank said so."""
    pooled: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What of it stays in the pool; the rest is shared among the accounts."""
    value_date: Mapped[date]
    year: Mapped[int]
    """With which year's income it is shared."""
    transaction_id: Mapped[uuid.UUID]
    reversal_id: Mapped[uuid.UUID | None]
    """Set where the bank took it back."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class FundDistribution(CountyRow):
    """One year's income of a bank account, shared among the accounts whose money lies there (FUND-9). Never changed."""

    __tablename__ = "fund_distribution"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        link("largest_account_id", "ledger_account"),
        link("transaction_id", "ledger_transaction"),
        unique("bank_account_id", "year"),
        index("year", "id"),
        index("updated_at", "id"),
        CheckConstraint("amount > 0 AND total_weight > 0 AND account_count > 0", name="something_shared"),
    )

    bank_account_id: Mapped[uuid.UUID]
    year: Mapped[int]
    amount: Mapped[Fen]
    account_count: Mapped[int]
    """How many accounts were given something."""
    total_weight: Mapped[int] = mapped_column(BigInteger)
    """The sum of all day-weighted balances, fen × days: amount ÷ this is what a fen earned a day."""
    residue: Mapped[Fen]
    """The fen that did not divide."""
    largest_account_id: Mapped[uuid.UUID]
    """The account that got them."""
    transaction_id: Mapped[uuid.UUID]
    distributed_on: Mapped[date]
    due_on: Mapped[date]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class FundPoolUse(CountyRow):
    """What value-added income in the pool was used for (TQ-103)."""

    __tablename__ = "fund_pool_use"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        link("instruction_id", "payment_instruction"),
        unique("instruction_id", where=text("instruction_id IS NOT NULL"), name="uq_fund_pool_use_instruction"),
        index("bank_account_id", "id"),
        index("created_at", "id"),
        one_of("purpose", PoolUse),
        one_of("state", PayoutState),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    bank_account_id: Mapped[uuid.UUID]
    purpose: Mapped[str]
    description: Mapped[str]
    """What was done or bought, for everybody to read."""
    basis: Mapped[str]
    """Who decided it, and how."""
    amount: Mapped[Fen]
    state: Mapped[str]
    instruction_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
