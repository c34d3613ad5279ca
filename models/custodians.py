"""Custodian banks: tenders with their bids, contracts as cases, yearly assessments, and transfers of what they held (SM-17)."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.custodians import CustodianState, TenderState, TransferState
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique
from models.cases import CaseRow, case_table

_NO_UUIDS = text("'{}'::uuid[]")
_NOTHING = text("'[]'::jsonb")


class CustodianTender(CountyRow):
    """A tender for banks that shall keep the county's accounts (SL-1)."""

    __tablename__ = "custodian_tender"
    __table_args__ = (one_of("state", TenderState), index("updated_at", "id"))

    title: Mapped[str]
    state: Mapped[str]
    published_on: Mapped[date]
    closes_on: Mapped[date]
    scored_on: Mapped[date | None]
    """When scores and ranking were published."""
    awarded_on: Mapped[date | None]
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class CustodianBid(CountyRow):
    """A bank's bid with its points."""

    __tablename__ = "custodian_bid"
    __table_args__ = (link("tender_id", "custodian_tender"), unique("tender_id", "bank_name"), index("tender_id", "id"))

    tender_id: Mapped[uuid.UUID]
    bank_name: Mapped[str]
    scores: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=_NOTHING, default=list)
    """``{"item", "points"}`` each."""
    points: Mapped[int]
    won: Mapped[bool] = mapped_column(server_default="false", default=False)


class CustodianMeasures(CountyRow):
    """The measures by which custodian banks are assessed from a day on (SL-2, 考核办法)."""

    __tablename__ = "custodian_measures"
    __table_args__ = (link("document_id", "document"), index("issued_on", "id"), index("document_id"))

    title: Mapped[str]
    issued_on: Mapped[date]
    document_id: Mapped[uuid.UUID]
    profile_version: Mapped[str]
    """Whose items and points they hold for."""
    issued_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))


class Custodian(CaseRow):
    """A bank that has won, from its award to the closing of its accounts."""

    __tablename__ = "custodian"
    __table_args__ = case_table(
        CustodianState,
        link("bid_id", "custodian_bid"),
        unique("bid_id"),
        index("client_id", "id"),
    )

    bid_id: Mapped[uuid.UUID]
    bank_name: Mapped[str]
    client_id: Mapped[str | None]
    """Its system, known with the contract: the accounts that this serves are those of the contract."""
    contract_number: Mapped[str | None]
    contract_from: Mapped[date | None]
    contract_to: Mapped[date | None]
    year_end: Mapped[date | None]
    """The last day of the year that is assessed next."""
    objection: Mapped[str | None]
    terminated_on: Mapped[date | None]


class CustodianAssessment(CountyRow):
    """What a year's assessment gave (SL-3). Never changed: after an objection another is written."""

    __tablename__ = "custodian_assessment"
    __table_args__ = (
        link("custodian_id", "custodian"),
        link("measures_id", "custodian_measures"),
        index("custodian_id", "id"),
        index("measures_id"),
        {"info": {"append_only": True}},
    )

    custodian_id: Mapped[uuid.UUID]
    measures_id: Mapped[uuid.UUID]
    year: Mapped[int]
    scores: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    points: Mapped[int]
    qualified: Mapped[bool]
    reason: Mapped[str]
    assessed_on: Mapped[date]
    assessed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]


class CustodyTransfer(CountyRow):
    """An owner's money on its way from one account to another (划转)."""

    __tablename__ = "custody_transfer"
    __table_args__ = (
        link("from_account_id", "bank_account"),
        link("to_account_id", "bank_account"),
        link("area_id", "property_area"),
        link("building_id", "building"),
        link("arrival_id", "ledger_transaction"),
        one_of("state", TransferState),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("from_account_id <> to_account_id", name="somewhere_else"),
        CheckConstraint("(area_id IS NULL) <> (building_id IS NULL)", name="of_one_owner"),
        index("from_account_id", "id"),
        index("to_account_id", "id"),
        index("area_id"),
        index("building_id"),
        index("updated_at", "id"),
    )

    from_account_id: Mapped[uuid.UUID]
    to_account_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID | None]
    building_id: Mapped[uuid.UUID | None]
    amount: Mapped[Fen]
    state: Mapped[str]
    serial: Mapped[str | None]
    """The receiving bank's number of it."""
    arrived_on: Mapped[date | None]
    arrival_id: Mapped[uuid.UUID | None]
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
