"""Dunning (催缴): one case for each debtor, the bills in it, what was done towards it, and instalment plans (SM-14, FEE-12)."""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.bills import Payer
from domain.dunning import GATHERING, DunningMeans, DunningState, DunningStep
from domain.roles import Role
from models.base import CountyRow, CreatedAt, Fen, index, link, one_of, unique
from models.cases import APPEND_ONLY, CaseRow, case_table

_NO_UUIDS = text("'{}'::uuid[]")
_NO_TEXTS = text("'{}'::text[]")
_GATHERING = ", ".join(f"'{state}'" for state in sorted(GATHERING))


class DunningCase(CaseRow):
    """The dunning of one debtor: a unit and its payer towards one company. Its columns of the court are the court's alone."""

    __tablename__ = "dunning_case"
    __table_args__ = case_table(
        DunningState,
        link("unit_id", "unit"),
        link("batch_id", "suit_batch"),
        one_of("payer", Payer),
        # Until the written demand names the bills, a debtor's further bills join the one case.
        unique(
            "unit_id",
            "company_id",
            "payer",
            where=text(f"state IN ({_GATHERING})"),
            name="uq_dunning_case_one_gathers",
        ),
        index("unit_id", "id"),
        index("batch_id", "id"),
        index("due_since", "id"),
        index(
            "court_client_id", "state", "id", where=text("court_client_id IS NOT NULL"), name="ix_dunning_case_court"
        ),
        CheckConstraint("demand_ends_on > demand_served_on", name="demand_in_order"),
        CheckConstraint("(demand_served_on IS NULL) = (demand_ends_on IS NULL)", name="demand_whole"),
        CheckConstraint("(referred_on IS NULL) = (court_client_id IS NULL)", name="referred_to_a_court"),
    )

    unit_id: Mapped[uuid.UUID]
    payer: Mapped[str]
    due_since: Mapped[date]
    """The due date of its oldest bill."""
    notice_on: Mapped[date]
    """From which day the notice is given."""
    demand_on: Mapped[date]
    """By which day the written demand is served."""
    demand_served_on: Mapped[date | None]
    demand_ends_on: Mapped[date | None]
    """Last day of the last written demand's period."""
    plan: Mapped[int] = mapped_column(server_default="0", default=0)
    """How many instalment plans were agreed; the last one counts."""
    plan_total: Mapped[int | None] = mapped_column(BigInteger)
    """What was open when it was agreed, in fen: the sum of its instalments."""
    broken_on: Mapped[date | None]
    paid_on: Mapped[date | None]
    """When the county's clock found all its bills paid."""
    referrals: Mapped[int] = mapped_column(server_default="0", default=0)
    """How often its evidence was put together; lines, parties and evidence of the last time count."""
    agent_name: Mapped[str | None]
    """Who acts for the company in the suit (诉讼代理人)."""
    agent_contact: Mapped[str | None]
    """An office's address or phone of the agent, as it stands in the papers."""
    service_address: Mapped[str | None]
    """Where the court serves the debtor (送达地址)."""
    batch_id: Mapped[uuid.UUID | None]
    referred_on: Mapped[date | None]
    court_client_id: Mapped[str | None] = mapped_column(ForeignKey("oauth_client.client_id"))
    """The court's client that it was referred to; no other sees it."""
    received_on: Mapped[date | None]
    correction_items: Mapped[list[str]] = mapped_column(
        ARRAY(Text(collation="C")), server_default=_NO_TEXTS, default=list
    )
    correction_due_on: Mapped[date | None]
    mediation_number: Mapped[str | None]
    court_case_number: Mapped[str | None]
    filed_on: Mapped[date | None]
    order_due_on: Mapped[date | None]
    """By when the court issues the payment order that was applied for; none is in a suit."""
    order_served_on: Mapped[date | None]
    """When the debtor got the payment order."""
    result_on: Mapped[date | None]
    result_amount: Mapped[int | None] = mapped_column(BigInteger)
    """What the debtor must pay by judgment, settlement or payment order, in fen."""
    result_summary: Mapped[str | None]
    effective_on: Mapped[date | None]
    able_debtor: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    """Whether the court found that the debtor could pay (FEE-18)."""
    credit_listed_on: Mapped[date | None]
    court_reason: Mapped[str | None]
    """Why the court did not take it, or listed the debtor."""


class DunningClaim(CountyRow):
    """A bill in a dunning case; a bill is dunned in one case at a time."""

    __tablename__ = "dunning_claim"
    __table_args__ = (
        link("case_id", "dunning_case"),
        link("bill_id", "fee_bill"),
        unique("bill_id", where=text("ended_on IS NULL"), name="uq_dunning_claim_one_case"),
        index("case_id", "id"),
    )

    case_id: Mapped[uuid.UUID]
    bill_id: Mapped[uuid.UUID]
    ended_on: Mapped[date | None]
    """When it was found paid with its case; a payment that is reversed later starts anew."""
    created_at: Mapped[CreatedAt]


class DunningRecord(CountyRow):
    """One step towards a debtor (催缴记录): what, when, how, with which papers. Never changed."""

    __tablename__ = "dunning_record"
    __table_args__ = (
        link("case_id", "dunning_case"),
        index("case_id", "id"),
        one_of("step", DunningStep),
        one_of("means", DunningMeans),
        one_of("role", Role),
        APPEND_ONLY,
    )

    case_id: Mapped[uuid.UUID]
    step: Mapped[str]
    taken_on: Mapped[date]
    means: Mapped[str]
    note: Mapped[str | None]
    outstanding: Mapped[Fen]
    """What was open on the case's bills then."""
    ends_on: Mapped[date | None]
    """The last day that the step gives (a demand's period)."""
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=_NO_UUIDS, default=list)
    role: Mapped[str]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]


class Instalment(CountyRow):
    """One part of an instalment plan (分期)."""

    __tablename__ = "instalment"
    __table_args__ = (
        link("case_id", "dunning_case"),
        unique("case_id", "plan", "position"),
        CheckConstraint("amount > 0", name="amount_positive"),
        APPEND_ONLY,
    )

    case_id: Mapped[uuid.UUID]
    plan: Mapped[int]
    position: Mapped[int]
    due_on: Mapped[date]
    """The last day to pay it."""
    amount: Mapped[Fen]
    created_at: Mapped[CreatedAt]
