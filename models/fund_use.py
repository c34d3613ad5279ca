"""What follows the approval of a fund request: contract, payments and their draws, progress, objections, recoveries (SM-6,
SM-7). Money is integer fen."""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.fund_use import ObjectionState, RecoveryReason, RecoveryState
from domain.payment_instructions import InstructionState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique
from models.cases import APPEND_ONLY
from models.sealed import sealed_columns

_NO_UUIDS = text("'{}'::uuid[]")


class FundContract(CountyRow):
    """The contract with whoever does the work, and the account that alone is paid (FUND-28)."""

    __tablename__ = "fund_contract"
    __table_args__ = (
        link("fund_request_id", "fund_request"),
        unique("fund_request_id"),
        CheckConstraint("price > 0", name="price_positive"),
    )

    fund_request_id: Mapped[uuid.UUID]
    contractor: Mapped[str]
    credit_code: Mapped[str | None]
    price: Mapped[Fen]
    signed_on: Mapped[date]
    payee_account_sealed, payee_account_index, payee_account_mask = sealed_columns(required=True)
    payee_bank_code: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class FundPayment(CountyRow):
    """One payment of a request: what it asked of the bearers, what it takes, and what the bank made of it."""

    __tablename__ = "fund_payment"
    __table_args__ = (
        link("fund_request_id", "fund_request"),
        link("instruction_id", "payment_instruction"),
        index("fund_request_id", "id"),
        index("instruction_id"),
        one_of("state", InstructionState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("stage > 0", name="stage_counts"),
    )

    fund_request_id: Mapped[uuid.UUID]
    stage: Mapped[int]
    """Up to which stage of the profile's it pays, from 1."""
    asked: Mapped[Fen]
    """What it asked of the bearers, also of those whose accounts lacked it."""
    amount: Mapped[Fen]
    """What the bank is to pay: the sum of its draws."""
    state: Mapped[str]
    """The instruction's."""
    instruction_id: Mapped[uuid.UUID | None]
    paid_on: Mapped[date | None]
    created_at: Mapped[CreatedAt]


class FundDraw(CountyRow):
    """What one payment asks of one bearer and takes from its account; less than zero where it gives back a fen."""

    __tablename__ = "fund_draw"
    __table_args__ = (
        link("payment_id", "fund_payment"),
        link("share_id", "fund_share"),
        unique("payment_id", "share_id"),
        index("share_id"),
        APPEND_ONLY,
    )

    payment_id: Mapped[uuid.UUID]
    share_id: Mapped[uuid.UUID]
    asked: Mapped[Fen]
    amount: Mapped[Fen]


class FundProgress(CountyRow):
    """How far the work is, as the company reports and the owners' side certifies. Append-only."""

    __tablename__ = "fund_progress"
    __table_args__ = (
        link("fund_request_id", "fund_request"),
        index("fund_request_id", "id"),
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent_counts"),
        APPEND_ONLY,
    )

    fund_request_id: Mapped[uuid.UUID]
    percent: Mapped[int]
    certified: Mapped[bool]
    """By the owners' side, which opens the next stage; else a report."""
    note: Mapped[str]
    role: Mapped[str]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    at: Mapped[datetime]


class FundObjection(CountyRow):
    """An owner's objection to a posted settlement, and its answer."""

    __tablename__ = "fund_objection"
    __table_args__ = (
        link("fund_request_id", "fund_request"),
        link("unit_id", "unit"),
        index("fund_request_id", "id"),
        index("unit_id"),
        one_of("state", ObjectionState),
        CheckConstraint("(state = 'OPEN') = (answered_at IS NULL)", name="answered_once"),
    )

    fund_request_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    raised_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=ObjectionState.OPEN, default=ObjectionState.OPEN.value)
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class FundRecovery(CountyRow):
    """Money that has to come back to the fund: overpaid, or misused (FUND-30)."""

    __tablename__ = "fund_recovery"
    __table_args__ = (
        link("fund_request_id", "fund_request"),
        index("fund_request_id", "id"),
        index("state", "id"),
        index("township", "id"),
        index("community", "id"),
        index("updated_at", "id"),
        one_of("reason_kind", RecoveryReason),
        one_of("state", RecoveryState),
        CheckConstraint("amount > 0 AND recovered BETWEEN 0 AND amount", name="recovered_within"),
        CheckConstraint("gains >= 0 AND fine BETWEEN 0 AND 2 * amount", name="fine_lawful"),
    )

    fund_request_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    township: Mapped[str | None]
    community: Mapped[str | None]
    reason_kind: Mapped[str]
    note: Mapped[str]
    party: Mapped[str]
    """Who has to pay it back."""
    amount: Mapped[Fen]
    recovered: Mapped[Fen] = mapped_column(server_default="0", default=0)
    gains: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """Unlawful gains that are confiscated: they do not go to the fund."""
    fine: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """At most twice the amount; it does not go to the fund either."""
    warned_on: Mapped[date | None]
    blacklist: Mapped[bool] = mapped_column(server_default="false", default=False)
    """Whether it is a reason to propose the party for the black list."""
    state: Mapped[str] = mapped_column(server_default=RecoveryState.OPEN, default=RecoveryState.OPEN.value)
    opened_on: Mapped[date]
    opened_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
