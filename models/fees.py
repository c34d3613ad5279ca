"""Fees: charge items and where they were disclosed, bill runs, bills, adjustments and disputes (RULES §4)."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.bills import (
    BillKind,
    BillState,
    ChargeBasis,
    ChargeCategory,
    ChargeItemState,
    DisputeState,
    Payer,
    RunState,
)
from domain.contracts import ContractMode
from domain.meters import MeterKind
from models.base import Area, CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class ChargeItem(CountyRow):
    """A charge item (收费项目) of a company in a property area; only these are billed (TQ-73, ZD-47)."""

    __tablename__ = "charge_item"
    __table_args__ = (
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("contract_id", "service_contract"),
        link("replaces_id", "charge_item"),
        unique("area_id", "code"),
        index("area_id", "valid_from", "id"),
        index("company_id", "valid_from", "id"),
        index("contract_id"),
        index("replaces_id"),
        index("township", "valid_from", "id"),
        index("community", "valid_from", "id"),
        index("valid_from", "id"),
        one_of("category", ChargeCategory),
        one_of("mode", ContractMode),
        one_of("basis", ChargeBasis),
        one_of("utility", MeterKind),
        CheckConstraint("(basis = 'METERED') = (utility IS NOT NULL)", name="metered_names_utility"),
        one_of("state", ChargeItemState),
        CheckConstraint("unit_price > 0", name="price_positive"),
        CheckConstraint("period_months BETWEEN 1 AND 12", name="period_months_in_year"),
        CheckConstraint("valid_to >= valid_from", name="dates_in_order"),
        CheckConstraint("vacancy_percent BETWEEN 1 AND 99", name="vacancy_percent_less_than_all"),
        CheckConstraint("vacancy_after_months BETWEEN 0 AND 24", name="vacancy_after_months_in_range"),
    )

    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    contract_id: Mapped[uuid.UUID]
    """The contract whose standard this is; the company charges nothing beside it (ZD-47)."""
    replaces_id: Mapped[uuid.UUID | None]
    township: Mapped[str]
    community: Mapped[str]
    code: Mapped[str]
    """Natural key within the property area, as used in imports and on bills."""
    name: Mapped[str]
    category: Mapped[str]
    mode: Mapped[str]
    basis: Mapped[str]
    utility: Mapped[str | None]
    """What the meters count that a ``METERED`` item bills."""
    unit_use: Mapped[str | None]
    """The use of the units it applies to (``DWELLING``, ``SHOP`` …); null for every billed use."""
    unit_price: Mapped[Fen]
    """Fen a month for each m², unit or space; fen altogether for ``ONCE``, for one of the meter's unit where it is metered."""
    period_months: Mapped[int]
    """How many months one bill covers (1 monthly, 3 quarterly, 12 yearly)."""
    due_days: Mapped[int]
    """Days from a bill's issue to its due date."""
    star: Mapped[int | None]
    building_type: Mapped[str | None]
    """With ``star``: what the guide price depends on (FEE-5)."""
    guide_price: Mapped[bool]
    """Whether the profile listed this charge under guide price when it was defined."""
    late_fee_rate: Mapped[int | None]
    """Daily late fee in 1/100,000 of the principal (30 = 0.03 %); null where the contract agrees none (FEE-9)."""
    vacancy_percent: Mapped[int | None]
    """What a vacant unit is charged, in % of the price; null where the contract agrees no discount (FEE-4)."""
    vacancy_after_months: Mapped[int] = mapped_column(server_default="0", default=0)
    """After how many months of vacancy in a row."""
    service_content: Mapped[str]
    """Grade and content that the price is for (ZS-26)."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    state: Mapped[str] = mapped_column(server_default=ChargeItemState.DEFINED)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    version: Mapped[int] = mapped_column(server_default="1")


class ChargeItemDisclosure(CountyRow):
    """A posting of a charge item at a price: a bill rests on one whose disclosure is current (FEE-7, ZS-26)."""

    __tablename__ = "charge_item_disclosure"
    __table_args__ = (
        link("charge_item_id", "charge_item"),
        link("disclosure_id", "disclosure"),
        unique("charge_item_id", "disclosure_id"),
        index("disclosure_id"),
        index("charge_item_id", "created_at", "id"),
        CheckConstraint("unit_price > 0", name="price_positive"),
        {"info": {"append_only": True}},
    )

    charge_item_id: Mapped[uuid.UUID]
    disclosure_id: Mapped[uuid.UUID]
    unit_price: Mapped[Fen]
    """The price that the posting shows."""
    created_at: Mapped[CreatedAt]


class BillRun(CountyRow):
    """A bill run (出账): one charge item, one period, all its units. Progress is committed portion by portion."""

    __tablename__ = "bill_run"
    __table_args__ = (
        link("charge_item_id", "charge_item"),
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("item_disclosure_id", "charge_item_disclosure"),
        unique("number"),
        unique(
            "charge_item_id",
            "period_from",
            where=text("state IN ('QUEUED', 'RUNNING')"),
            name="uq_bill_run_one_at_a_time",
        ),
        index("charge_item_id", "period_from"),
        index("area_id", "created_at", "id"),
        index("company_id", "created_at", "id"),
        index("item_disclosure_id"),
        one_of("state", RunState),
        CheckConstraint("period_to >= period_from", name="period_in_order"),
        CheckConstraint("done BETWEEN 0 AND planned AND skipped BETWEEN 0 AND done", name="counts_within_plan"),
    )

    number: Mapped[str]
    charge_item_id: Mapped[uuid.UUID]
    item_disclosure_id: Mapped[uuid.UUID]
    """The posting that was current when the run was started."""
    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    issued_on: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default=RunState.QUEUED)
    planned: Mapped[int] = mapped_column(server_default="0", default=0)
    """How many units the charge item applies to."""
    done: Mapped[int] = mapped_column(server_default="0", default=0)
    """How many of them were looked at so far."""
    skipped: Mapped[int] = mapped_column(server_default="0", default=0)
    """Units of these that were billed for the period before, or have nothing to charge (no chargeable area)."""
    issued: Mapped[int] = mapped_column(server_default="0", default=0)
    """Bills; a unit that changed hands within the period has two."""
    amount: Mapped[Fen] = mapped_column(server_default="0", default=0)
    after_unit_id: Mapped[uuid.UUID | None]
    """The last unit that was looked at; the next portion starts behind it."""
    failure: Mapped[str | None]
    started_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class FeeBill(CountyRow):
    """One unit's bill (账单) for a charge item and period. ``amount + adjusted`` is owed, ``settled`` of it is paid."""

    __tablename__ = "fee_bill"
    __table_args__ = (
        link("unit_id", "unit"),
        link("estate_id", "estate"),
        link("area_id", "property_area"),
        link("company_id", "company"),
        link("charge_item_id", "charge_item"),
        link("item_disclosure_id", "charge_item_disclosure"),
        link("late_for_id", "fee_bill"),
        link("receivable_id", "ledger_account"),
        unique("number"),
        unique(
            "charge_item_id",
            "unit_id",
            "period_from",
            where=text("state <> 'VOIDED' AND kind = 'PRINCIPAL'"),
            name="uq_fee_bill_once_per_period",
        ),
        index("unit_id", "due_on", "id"),
        index("company_id", "due_on", "id"),
        index("area_id", "due_on", "id"),
        index("township", "due_on", "id"),
        index("community", "due_on", "id"),
        index("due_on", "id"),
        index("late_for_id", name="ix_fee_bill_late_for", where=text("late_for_id IS NOT NULL")),
        one_of("kind", BillKind),
        one_of("state", BillState),
        one_of("payer", Payer),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("vacancy_discount >= 0", name="vacancy_discount_not_negative"),
        CheckConstraint("adjusted BETWEEN -amount AND 0", name="adjusted_within_amount"),
        CheckConstraint("settled BETWEEN 0 AND amount + adjusted", name="settled_within_owed"),
        CheckConstraint(
            "CASE state WHEN 'PAID' THEN settled = amount + adjusted"
            " WHEN 'PARTIALLY_PAID' THEN settled > 0 AND settled < amount + adjusted"
            " WHEN 'ISSUED' THEN settled = 0 AND amount + adjusted > 0"
            " WHEN 'VOIDED' THEN settled = 0 ELSE true END",
            name="state_follows_money",
        ),
        CheckConstraint("period_to >= period_from", name="period_in_order"),
        CheckConstraint("(kind = 'LATE_FEE') = (late_for_id IS NOT NULL)", name="late_fee_names_its_bill"),
        CheckConstraint("kind = 'OPENING_ARREARS' OR item_disclosure_id IS NOT NULL", name="rests_on_disclosure"),
        # Payments change three unindexed columns: with room on the page such an update touches no index (HOT).
        {"postgresql_with": {"fillfactor": 85}},
    )

    number: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default=BillKind.PRINCIPAL)
    unit_id: Mapped[uuid.UUID]
    estate_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    charge_item_id: Mapped[uuid.UUID]
    item_disclosure_id: Mapped[uuid.UUID | None]
    """The posting (``charge_item_disclosure``) that the bill rests on (FEE-7); none for arrears brought in."""
    bill_run_id: Mapped[uuid.UUID | None]
    transaction_id: Mapped[uuid.UUID]
    """The ledger transaction that put it on the books."""
    receivable_id: Mapped[uuid.UUID]
    """The ledger account of its unit towards its company, where it stands until it is paid."""
    late_for_id: Mapped[uuid.UUID | None]
    payer: Mapped[str] = mapped_column(server_default=Payer.OWNER)
    title: Mapped[str]
    """The charge item's name when it was billed."""
    basis: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    area: Mapped[Area]
    """Chargeable area in 0.01 m² when it was billed, or consumption in 0.01 of the meter's unit; 0 on any other basis."""
    unit_price: Mapped[Fen]
    amount: Mapped[Fen]
    """As issued, the discount taken off; never changed."""
    vacancy_discount: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """What was charged less for days on which the unit was vacant (FEE-4)."""
    adjusted: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """Sum of its adjustments, zero or less."""
    settled: Mapped[Fen] = mapped_column(server_default="0", default=0)
    """Sum of its allocations; changed only in the statement that inserts them."""
    state: Mapped[str] = mapped_column(server_default=BillState.ISSUED)
    issued_on: Mapped[date]
    due_on: Mapped[date]
    """The last day to pay; overdue from the day after."""
    paid_on: Mapped[date | None]
    void_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class BillAdjustment(CountyRow):
    """A reduction of a bill, with its reason. A higher amount is a new bill (FEE-7)."""

    __tablename__ = "bill_adjustment"
    __table_args__ = (
        link("bill_id", "fee_bill"),
        link("transaction_id", "ledger_transaction"),
        index("bill_id", "created_at", "id"),
        CheckConstraint("amount < 0", name="only_reduces"),
        {"info": {"append_only": True}},
    )

    bill_id: Mapped[uuid.UUID]
    transaction_id: Mapped[uuid.UUID]
    amount: Mapped[Fen]
    reason: Mapped[str]
    adjusted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


class BillDispute(CountyRow):
    """A payer's dispute of a bill, answered within seven days: upheld, or adjusted (SM-14)."""

    __tablename__ = "bill_dispute"
    __table_args__ = (
        link("bill_id", "fee_bill"),
        link("adjustment_id", "bill_adjustment"),
        index("bill_id", "created_at", "id"),
        index("company_id", "answer_due_on", "id", where=text("state = 'OPEN'"), name="ix_bill_dispute_queue"),
        unique("bill_id", where=text("state = 'OPEN'"), name="uq_bill_dispute_one_open"),
        one_of("state", DisputeState),
        CheckConstraint("(state = 'OPEN') = (closed_at IS NULL)", name="open_until_closed"),
        CheckConstraint("(state = 'ADJUSTED') = (adjustment_id IS NOT NULL)", name="adjusted_names_adjustment"),
    )

    bill_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    township: Mapped[str]
    community: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=DisputeState.OPEN)
    answer_due_on: Mapped[date]
    answer: Mapped[str | None]
    adjustment_id: Mapped[uuid.UUID | None]
    raised_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
