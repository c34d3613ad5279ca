"""Accounts at custodian banks, whose money lies in which, and what the banks report as moved (FUND-4, FUND-6)."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.custody import AccountHolder, AccountPurpose, BankAccountState, MovementKind
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique
from models.sealed import sealed_columns


class BankAccount(CountyRow):
    """An account of the county at a bank (专户). Its book balance is the sum of the ledger's accounts that name it."""

    __tablename__ = "bank_account"
    __table_args__ = (
        unique("number_index"),
        index("client_id", "id"),
        index("updated_at", "id"),
        one_of("purpose", AccountPurpose),
        one_of("holder", AccountHolder),
        one_of("state", BankAccountState),
        CheckConstraint("(state = 'CLOSED') = (closed_on IS NOT NULL)", name="closed_on_a_day"),
    )

    purpose: Mapped[str]
    holder: Mapped[str]
    name: Mapped[str]
    """In whose name it is kept (户名)."""
    bank_name: Mapped[str]
    bank_code: Mapped[str]
    """The bank's 12-digit line number (联行号)."""
    number_sealed, number_index, number_mask = sealed_columns(required=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.client_id"))
    """The bank's system that serves the account."""
    state: Mapped[str] = mapped_column(server_default=BankAccountState.OPEN, default=BankAccountState.OPEN.value)
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    registered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Custody(CountyRow):
    """That an account holds an area's (or a building's) money from a day on, until the day before ``valid_to``."""

    __tablename__ = "custody"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        link("area_id", "property_area"),
        link("building_id", "building"),
        one_of("purpose", AccountPurpose),
        CheckConstraint("(area_id IS NULL) <> (building_id IS NULL)", name="of_one_owner"),
        CheckConstraint("valid_to >= valid_from", name="dates_in_order"),
        unique("purpose", "area_id", where=text("valid_to IS NULL"), name="uq_custody_area_now"),
        unique("purpose", "building_id", where=text("valid_to IS NULL"), name="uq_custody_building_now"),
        index("bank_account_id", "id"),
        index("area_id", "id"),
        index("building_id", "id"),
    )

    bank_account_id: Mapped[uuid.UUID]
    purpose: Mapped[str]
    """The account's, so that an area has one account of each purpose at a time."""
    area_id: Mapped[uuid.UUID | None]
    building_id: Mapped[uuid.UUID | None]
    """A building without a property area (FUND-4)."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class BankMovement(CountyRow):
    """What a bank reported as moved on an account, and the transaction that the books have for it. Never changed."""

    __tablename__ = "bank_movement"
    __table_args__ = (
        link("bank_account_id", "bank_account"),
        link("transaction_id", "ledger_transaction"),
        unique("bank_account_id", "serial"),
        index("bank_account_id", "value_date", "id"),
        index("transaction_id"),
        one_of("kind", MovementKind),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        {"info": {"append_only": True}},
    )

    bank_account_id: Mapped[uuid.UUID]
    serial: Mapped[str]
    """The bank's own number of it (流水号)."""
    value_date: Mapped[date]
    amount: Mapped[Fen]
    """Positive into the account, negative out of it."""
    kind: Mapped[str]
    code: Mapped[str | None]
    """By what the books know it besides: the payment code (缴款码) of a deposit, the number of an instruction."""
    transaction_id: Mapped[uuid.UUID]
    created_at: Mapped[CreatedAt]
