"""Dunning as clients see it: one case for each debtor, its bills, its record, its instalment plan (SM-14, FEE-12)."""

import datetime
from typing import TYPE_CHECKING

import strawberry
from sqlalchemy import Uuid, func, select
from sqlalchemy.orm import aliased

from domain.bills import BillState, Payer
from domain.documents import DocumentKind
from domain.dunning import DunningAction, DunningMeans, DunningState, DunningStep
from domain.roles import Role
from models import dunning as models
from models import suits as suit_models
from models.fees import FeeBill as FeeBillRow
from resolvers.dunning_cases import FACTS
from schema.cases import available_actions_of, document_ids_of, events_of
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import (
    ascending,
    column,
    derived,
    descending,
    entity,
    filters,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.intents import changes
from schema.engine.types import Connection, described
from schema.engine.values import key_of

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.cases import AuditEvent, AvailableAction
    from schema.committees import Committee
    from schema.companies import Company
    from schema.estates import Estate, Unit
    from schema.fees import FeeBill
    from schema.suits import SuitBatch, SuitEvidence, SuitLine, SuitParty

for _enumeration in (DunningAction, DunningMeans, DunningState, DunningStep, DocumentKind, Payer):
    described(_enumeration)

CASE_ORDERS = orders(
    "DunningCaseOrder",
    "How dunning cases are ordered.",
    NEWEST=(descending(models.DunningCase.id), "Latest opened first."),
    OLDEST_DEBT=(ascending(models.DunningCase.due_since), "By the oldest unpaid bill."),
)


@filters("Which dunning cases. All given conditions must hold.")
class DunningCaseFilter:
    state: DunningState | None = equal("state", "In this state.")
    unit: strawberry.ID | None = of("Unit", "unit_id", "Of this unit.")
    estate: strawberry.ID | None = of("Estate", "estate_id", "Of this estate.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    batch: strawberry.ID | None = matches(
        lambda row, value: row.batch_id == value, Uuid(), "Referred in this batch.", read=key_of("SuitBatch")
    )
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    updated_since: DateTime | None = since()


def _open(row, env):  # type: ignore[no-untyped-def]
    """What is open on the case's bills that are not voided."""
    claim, bill = aliased(models.DunningClaim), aliased(FeeBillRow)
    open_fen = func.coalesce(func.sum(bill.amount + bill.adjusted - bill.settled), 0)
    return (
        select(open_fen)
        .join(claim, (claim.county == bill.county) & (claim.bill_id == bill.id))
        .where(
            env.county_of(claim),
            env.county_of(bill),
            claim.county == row.county,
            claim.case_id == row.id,
            bill.state != BillState.VOIDED.value,
        )
        .correlate(row)
        .scalar_subquery()
    )


@entity(
    models.DunningCase,
    "The dunning of one debtor (催缴): the payer of a unit towards a company, with all bills that were unpaid when the written "
    "demand was served, and the suit that may follow. A court sees it from the referral on.",
    orders=CASE_ORDERS,
    filters=DunningCaseFilter,
    states=models.DunningCase.state,
)
class DunningCase:
    title: str = column(models.DunningCase.title, "Which unit is dunned.")
    state: DunningState = column(models.DunningCase.state, "Where it stands.")
    state_since: DateTime = column(models.DunningCase.state_since, "Since when.")
    due_on: datetime.date | None = column(models.DunningCase.due_on, "The last day for the next act.")
    version: int = column(models.DunningCase.version, "Counts its changes.")
    payer: Payer = column(models.DunningCase.payer, "Who owes the bills; the owner is liable beside a tenant (PMR 41).")
    unit: "Unit | None" = one(models.DunningCase.unit_id, "The unit (a court does not see the register).")
    estate: "Estate | None" = one(models.DunningCase.estate_id, "The estate.")
    area: "PropertyArea | None" = one(models.DunningCase.area_id, "The property area.")
    company: "Company | None" = one(models.DunningCase.company_id, "To whom it is owed.")
    committee: "Committee | None" = one(models.DunningCase.committee_id, "The body that may urge payment.")
    township: str | None = column(models.DunningCase.township, "Division code, 9 digits.")
    community: str | None = column(models.DunningCase.community, "Division code, 12 digits.")
    outstanding: Fen | None = derived(_open, "What is open on its bills.")
    due_since: datetime.date = column(models.DunningCase.due_since, "Due date of its oldest bill.")
    notice_on: datetime.date = column(models.DunningCase.notice_on, "From this day the notice is given.")
    demand_on: datetime.date = column(models.DunningCase.demand_on, "By this day the written demand is served.")
    demand_served_on: datetime.date | None = column(
        models.DunningCase.demand_served_on, "When the last written demand was served (催告函)."
    )
    demand_ends_on: datetime.date | None = column(models.DunningCase.demand_ends_on, "Last day of its period.")
    plan: int = column(models.DunningCase.plan, "How many instalment plans were agreed.")
    plan_total: Fen | None = column(models.DunningCase.plan_total, "What the last plan comes to.")
    broken_on: datetime.date | None = column(models.DunningCase.broken_on, "When it was found broken.")
    paid_on: datetime.date | None = column(models.DunningCase.paid_on, "When all its bills were found paid.")
    agent_name: str | None = column(models.DunningCase.agent_name, "Who acts for the company in the suit.")
    agent_contact: str | None = column(models.DunningCase.agent_contact, "Where that agent is reached.")
    service_address: str | None = column(models.DunningCase.service_address, "Where the court serves the debtor.")
    edition: int = column(models.DunningCase.referrals, "The edition of its evidence pack; 0 before there is one.")
    batch: "SuitBatch | None" = one(models.DunningCase.batch_id, "The batch that it was referred in.")
    referred_on: datetime.date | None = column(models.DunningCase.referred_on, "When it was referred to the court.")
    received_on: datetime.date | None = column(models.DunningCase.received_on, "When the court received it.")
    correction_items: list[str] = column(models.DunningCase.correction_items, "What the court wants corrected.")
    correction_due_on: datetime.date | None = column(models.DunningCase.correction_due_on, "By when.")
    mediation_number: str | None = column(models.DunningCase.mediation_number, "The court's number for mediation.")
    court_case_number: str | None = column(models.DunningCase.court_case_number, "The court's case number (案号).")
    filed_on: datetime.date | None = column(models.DunningCase.filed_on, "When the court filed it (立案).")
    order_due_on: datetime.date | None = column(
        models.DunningCase.order_due_on, "By when the court issues the payment order that was applied for (支付令)."
    )
    order_served_on: datetime.date | None = column(
        models.DunningCase.order_served_on, "When the debtor got the payment order."
    )
    result_on: datetime.date | None = column(
        models.DunningCase.result_on, "Day of judgment, settlement, payment order or withdrawal."
    )
    result_amount: Fen | None = column(models.DunningCase.result_amount, "What is to be paid by it.")
    result_summary: str | None = column(models.DunningCase.result_summary, "The court's summary.")
    effective_on: datetime.date | None = column(models.DunningCase.effective_on, "From when it has effect.")
    able_debtor: bool = column(models.DunningCase.able_debtor, "Whether the court found the debtor able to pay.")
    credit_listed_on: datetime.date | None = column(
        models.DunningCase.credit_listed_on, "When the court listed the debtor (FEE-18)."
    )
    court_reason: str | None = column(
        models.DunningCase.court_reason, "Why the court rejected it or listed the debtor."
    )
    updated_at: DateTime = column(models.DunningCase.updated_at, "Last change.")
    claims: Connection["DunningClaim"] = many(models.DunningClaim.case_id, "Its bills.")
    records: Connection["DunningRecord"] = many(models.DunningRecord.case_id, "What was done, oldest first.")
    instalments: Connection["Instalment"] = many(models.Instalment.case_id, "Its instalment plans, part by part.")
    lines: Connection["SuitLine"] = many(suit_models.SuitLine.case_id, "The claim tables of its suit, by edition.")
    parties: Connection["SuitParty"] = many(suit_models.SuitParty.case_id, "The parties of its suit, by edition.")
    evidence: Connection["SuitEvidence"] = many(suit_models.SuitEvidence.case_id, "Its evidence, by edition.")
    events: Connection["AuditEvent"] = events_of(models.DunningCase)
    available_actions: "list[AvailableAction]" = available_actions_of(  # type: ignore[valid-type]
        models.DunningCase,
        models.DunningCase.court_client_id,
        *(getattr(models.DunningCase, name) for name in FACTS),
    )


@entity(
    models.DunningClaim,
    "A bill in a dunning case.",
    orders=orders(
        "DunningClaimOrder",
        "How a case's bills are ordered.",
        OLDEST=(ascending(models.DunningClaim.id), "As they joined it."),
    ),
)
class DunningClaim:
    bill: "FeeBill | None" = one(models.DunningClaim.bill_id, "The bill.")
    ended_on: datetime.date | None = column(models.DunningClaim.ended_on, "When it was found paid with its case.")


@entity(
    models.DunningRecord,
    "One step towards a debtor (催缴记录): what was done, when, how. Never changed.",
    orders=orders(
        "DunningRecordOrder",
        "How steps are ordered.",
        OLDEST=(ascending(models.DunningRecord.id), "In the order of recording."),
    ),
)
class DunningRecord:
    step: DunningStep = column(models.DunningRecord.step, "What was done.")
    taken_on: datetime.date = column(models.DunningRecord.taken_on, "On which day.")
    means: DunningMeans = column(models.DunningRecord.means, "How the debtor was reached.")
    note: str | None = column(models.DunningRecord.note, "In words.")
    outstanding: Fen = column(models.DunningRecord.outstanding, "What was open then.")
    ends_on: datetime.date | None = column(models.DunningRecord.ends_on, "The last day that it gives.")
    role: Role = column(models.DunningRecord.role, "In which role; `SYSTEM` is the county's own clock.")
    document_ids: list[strawberry.ID] = document_ids_of(
        models.DunningRecord, models.DunningRecord.document_ids, "Its papers, as ids of documents."
    )
    at: DateTime = column(models.DunningRecord.at, "When it was recorded.")


@entity(
    models.Instalment,
    "One part of an instalment plan (分期).",
    orders=orders(
        "InstalmentOrder",
        "How instalments are ordered.",
        OLDEST=(ascending(models.Instalment.id), "By plan and day."),
    ),
    sums={"amountSum": (models.Instalment.amount, "All parts.")},
)
class Instalment:
    plan: int = column(models.Instalment.plan, "The plan, from 1; the last one counts.")
    position: int = column(models.Instalment.position, "From 1.")
    due_on: datetime.date = column(models.Instalment.due_on, "The last day to pay it.")
    amount: Fen = column(models.Instalment.amount, "How much.")


QUERIES = {"dunningCases": listing("DunningCase", "Dunning cases that the caller may see.")}

SUBSCRIPTIONS = [changes("dunningCaseChanged", "DunningCase", "A dunning case that changed.")]
