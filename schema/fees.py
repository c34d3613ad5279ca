"""Fees as clients see them: charge items, bill runs, bills, adjustments and disputes (RULES §4)."""

import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import strawberry
from sqlalchemy import Boolean, Date, and_

from auth.policies.fees import OF_A_COMPANY
from domain.bills import (
    ACTIONS,
    BillAction,
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
from domain.estates import UnitUse
from domain.meters import MeterKind
from domain.profiles.parameters import BuildingType
from domain.roles import RESIDENTS, Role
from models import fees as models
from models import payments as payment_models
from schema.common import Area, DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import (
    ascending,
    column,
    computed,
    count,
    derived,
    descending,
    entity,
    filters,
    latest,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.types import Connection, described
from schema.engine.values import Ref, encode_id

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.companies import Company
    from schema.contracts import ServiceContract
    from schema.disclosures import Disclosure
    from schema.estates import Estate, Unit
    from schema.payments import Allocation

for _enumeration in (
    BillAction,
    BillKind,
    BillState,
    ChargeBasis,
    ChargeCategory,
    ChargeItemState,
    ContractMode,
    DisputeState,
    Payer,
    RunState,
    UnitUse,
    BuildingType,
):
    described(_enumeration)

# Charge items

CHARGE_ITEM_ORDERS = orders(
    "ChargeItemOrder",
    "How charge items are ordered.",
    NEWEST=(descending(models.ChargeItem.valid_from), "Latest valid first."),
    OLDEST=(ascending(models.ChargeItem.valid_from), "First valid first."),
)


@filters("Which charge items. All given conditions must hold.")
class ChargeItemFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    contract: strawberry.ID | None = of("ServiceContract", "contract_id", "Under this contract.")
    state: ChargeItemState | None = equal("state", "In this state.")
    category: ChargeCategory | None = equal("category", "For this.")
    code: str | None = equal("code", "With this code.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    updated_since: DateTime | None = since()


@entity(
    models.ChargeItem,
    "A charge item (收费项目) of a company in a property area. Only disclosed items are billed (TQ-73). Owners and committees "
    "see it once it was disclosed.",
    orders=CHARGE_ITEM_ORDERS,
    filters=ChargeItemFilter,
    states=models.ChargeItem.state,
)
class ChargeItem:
    code: str = column(models.ChargeItem.code, "Its code within the area, as on bills and postings.")
    name: str = column(models.ChargeItem.name, "Its name.")
    category: ChargeCategory = column(models.ChargeItem.category, "What it is for.")
    mode: ContractMode = column(models.ChargeItem.mode, "How the company is paid under its contract.")
    basis: ChargeBasis = column(models.ChargeItem.basis, "What the price is multiplied by.")
    utility: MeterKind | None = column(models.ChargeItem.utility, "What the meters count, where it is metered.")
    unit_use: UnitUse | None = column(models.ChargeItem.unit_use, "Only for units of this use; null: all billed uses.")
    unit_price: Fen = column(models.ChargeItem.unit_price, "Fen a month for each m², unit or space; for ONCE, at all.")
    period_months: int = column(models.ChargeItem.period_months, "How many months a bill covers.")
    due_days: int = column(models.ChargeItem.due_days, "Days from a bill's issue to its due date.")
    star: int | None = column(models.ChargeItem.star, "The star of the service that the price is for.")
    building_type: BuildingType | None = column(models.ChargeItem.building_type, "For which buildings (guide price).")
    guide_price: bool = column(models.ChargeItem.guide_price, "Whether it stands under the guide price (FEE-5).")
    late_fee_rate: int | None = column(
        models.ChargeItem.late_fee_rate, "Agreed late fee a day, in 1/100,000 of the principal; null: none (FEE-9)."
    )
    vacancy_percent: int | None = column(
        models.ChargeItem.vacancy_percent,
        "What a vacant unit is charged, in % of the price, as agreed; null: the same (FEE-4).",
    )
    vacancy_after_months: int = column(
        models.ChargeItem.vacancy_after_months, "After how many months of vacancy in a row that begins."
    )
    service_content: str = column(models.ChargeItem.service_content, "Grade and content of the service (ZS-26).")
    valid_from: datetime.date = column(models.ChargeItem.valid_from, "First day that it is charged for.")
    valid_to: datetime.date | None = column(models.ChargeItem.valid_to, "Last day; null: until further notice.")
    state: ChargeItemState = column(models.ChargeItem.state, "Where it stands.")
    township: str = column(models.ChargeItem.township, "Division code, 9 digits.")
    community: str = column(models.ChargeItem.community, "Division code, 12 digits.")
    area: "PropertyArea | None" = one(models.ChargeItem.area_id, "The property area.")
    company: "Company | None" = one(models.ChargeItem.company_id, "Who charges.")
    contract: "ServiceContract | None" = one(
        models.ChargeItem.contract_id, "The contract whose standard it is (ZD-47)."
    )
    replaces: "ChargeItem | None" = one(models.ChargeItem.replaces_id, "The item that it took over from.")
    disclosures: Connection["ChargeItemDisclosure"] = many(
        models.ChargeItemDisclosure.charge_item_id, "Where it was posted, latest first."
    )
    runs: Connection["BillRun"] = many(models.BillRun.charge_item_id, "Its bill runs.")
    version: int = column(models.ChargeItem.version, "Counts its changes.")
    updated_at: DateTime = column(models.ChargeItem.updated_at, "Last change.")


@entity(
    models.ChargeItemDisclosure,
    "A posting that shows a charge item, and at what price (FEE-7).",
    orders=orders(
        "ChargeItemDisclosureOrder",
        "How postings of an item are ordered.",
        NEWEST=(descending(models.ChargeItemDisclosure.created_at), "Latest first."),
    ),
)
class ChargeItemDisclosure:
    item: ChargeItem = one(models.ChargeItemDisclosure.charge_item_id, "The charge item.")
    disclosure: "Disclosure | None" = one(models.ChargeItemDisclosure.disclosure_id, "The posting.")
    unit_price: Fen = column(models.ChargeItemDisclosure.unit_price, "The price that it shows.")


# Bill runs


@entity(
    models.BillRun,
    "A run that issues one charge item's bills of a period (出账): a job with its progress.",
    orders=orders(
        "BillRunOrder", "How runs are ordered.", NEWEST=(descending(models.BillRun.created_at), "Latest first.")
    ),
    states=models.BillRun.state,
)
class BillRun:
    number: str = column(models.BillRun.number, "Its number; its bills' numbers begin with it.")
    item: "ChargeItem | None" = one(models.BillRun.charge_item_id, "The charge item.")
    area: "PropertyArea | None" = one(models.BillRun.area_id, "The property area.")
    company: "Company | None" = one(models.BillRun.company_id, "Who charges.")
    period_from: datetime.date = column(models.BillRun.period_from, "First day of the period.")
    period_to: datetime.date = column(models.BillRun.period_to, "Last day of the period.")
    issued_on: datetime.date = column(models.BillRun.issued_on, "Day of issue of its bills.")
    due_on: datetime.date = column(models.BillRun.due_on, "Last day to pay them.")
    state: RunState = column(models.BillRun.state, "Where it stands.")
    planned: int = column(models.BillRun.planned, "How many units it applies to.")
    done: int = column(models.BillRun.done, "How many of them were looked at so far.")
    skipped: int = column(models.BillRun.skipped, "Of these: billed before, or with nothing to charge.")
    issued: int = column(models.BillRun.issued, "How many bills it issued.")
    amount: Fen = column(models.BillRun.amount, "What they come to.")
    failure: str | None = column(models.BillRun.failure, "The code of the error that stopped it.")
    started_at: DateTime | None = column(models.BillRun.started_at, "When a worker took it up.")
    finished_at: DateTime | None = column(models.BillRun.finished_at, "When it ended.")


# Bills

KNOWS_OF_VACANCIES = frozenset(
    {*RESIDENTS, *OF_A_COMPANY, Role.PROJECT_LEADER, Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU}
)
"""Neighbours and banks are not told which homes are empty."""

FEE_BILL_ORDERS = orders(
    "FeeBillOrder",
    "How bills are ordered.",
    NEWEST=(descending(models.FeeBill.due_on), "Latest due first."),
    OLDEST=(ascending(models.FeeBill.due_on), "First due first."),
)


def _overdue(row: Any, today: Any) -> Any:
    """Something is open on it, and its last day to pay has passed; nothing of this is stored."""
    return and_(
        row.due_on < today,
        row.state != BillState.VOIDED.value,
        row.settled < row.amount + row.adjusted,
    )


@filters("Which bills. All given conditions must hold.")
class FeeBillFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "Of this unit.")
    estate: strawberry.ID | None = of("Estate", "estate_id", "Of this estate.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    item: strawberry.ID | None = of("ChargeItem", "charge_item_id", "For this charge item.")
    run: strawberry.ID | None = of("BillRun", "bill_run_id", "Issued by this run.")
    number: str | None = equal("number", "With this number.")
    state: BillState | None = equal("state", "In this state.")
    kind: BillKind | None = equal("kind", "Of this sort.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    due_from: datetime.date | None = matches(
        lambda row, value: row.due_on >= value, Date(), "Due on this day or later."
    )
    due_to: datetime.date | None = matches(lambda row, value: row.due_on <= value, Date(), "Due on this day or before.")
    overdue: bool | None = matches(
        lambda row, value, env: _overdue(row, env.today) == value, Boolean(), "Overdue today, or not.", opens=True
    )
    updated_since: DateTime | None = since()


@entity(
    models.FeeBill,
    "A bill (账单) of one unit for a charge item and a period. It names the unit and no person. `amount + adjusted` is owed, "
    "`settled` of it is paid.",
    orders=FEE_BILL_ORDERS,
    filters=FeeBillFilter,
    states=models.FeeBill.state,
    sums={
        "amountSum": (models.FeeBill.amount, "All amounts as issued."),
        "adjustedSum": (models.FeeBill.adjusted, "All reductions; zero or less."),
        "settledSum": (models.FeeBill.settled, "All that is paid."),
    },
)
class FeeBill:
    number: str = column(models.FeeBill.number, "Its number.")
    kind: BillKind = column(models.FeeBill.kind, "What sort of claim it is.")
    state: BillState = column(models.FeeBill.state, "Where it stands.")
    title: str = column(models.FeeBill.title, "What it is for, in the charge item's words when it was issued.")
    basis: ChargeBasis = column(models.FeeBill.basis, "What the price was multiplied by.")
    payer: Payer = column(models.FeeBill.payer, "Who owes it; the owner stays liable for a tenant's (PMR 41).")
    period_from: datetime.date = column(models.FeeBill.period_from, "First day of the period.")
    period_to: datetime.date = column(models.FeeBill.period_to, "Last day of the period.")
    area_billed: Area = column(
        models.FeeBill.area,
        "Chargeable area when it was issued, or consumption in 0.01 of the meter's unit; 0 on any other basis.",
    )
    unit_price: Fen = column(models.FeeBill.unit_price, "The price that it was reckoned with.")
    amount: Fen = column(models.FeeBill.amount, "As issued; a discount is taken off.")
    vacancy_discount: Fen | None = column(
        models.FeeBill.vacancy_discount,
        "What was charged less for days on which the unit was vacant (FEE-4).",
        to=KNOWS_OF_VACANCIES,
    )
    adjusted: Fen = column(models.FeeBill.adjusted, "All its reductions; zero or less.")
    settled: Fen = column(models.FeeBill.settled, "What is paid of it.")
    outstanding: Fen | None = derived(
        lambda row, env: row.amount + row.adjusted - row.settled,
        "What is still to be paid (of a voided bill, nothing).",
    )
    issued_on: datetime.date = column(models.FeeBill.issued_on, "Day of issue.")
    due_on: datetime.date = column(models.FeeBill.due_on, "Last day to pay.")
    is_overdue: bool | None = derived(
        lambda row, env: _overdue(row, env.today), "Whether something is open past that day."
    )
    paid_on: datetime.date | None = column(models.FeeBill.paid_on, "When it was paid in full.")
    void_reason: str | None = column(models.FeeBill.void_reason, "Why it was taken back.")
    township: str = column(models.FeeBill.township, "Division code, 9 digits.")
    community: str = column(models.FeeBill.community, "Division code, 12 digits.")
    unit: "Unit | None" = one(models.FeeBill.unit_id, "The unit (a bank does not see units).")
    unit_id: strawberry.ID = computed(
        lambda run, county, unit: encode_id(Ref("Unit", county, UUID(unit))),
        "The unit's id, as `paymentRecord` takes it.",
        needs=[models.FeeBill.county, models.FeeBill.unit_id],
    )
    estate: "Estate | None" = one(models.FeeBill.estate_id, "The estate.")
    area: "PropertyArea | None" = one(models.FeeBill.area_id, "The property area.")
    company: "Company | None" = one(models.FeeBill.company_id, "Who charges.")
    item: "ChargeItem | None" = one(models.FeeBill.charge_item_id, "The charge item.")
    rests_on: "ChargeItemDisclosure | None" = one(
        models.FeeBill.item_disclosure_id, "The posting that it rests on (FEE-7); null for arrears brought in."
    )
    run: "BillRun | None" = one(models.FeeBill.bill_run_id, "The run that issued it.")
    late_for: "FeeBill | None" = one(models.FeeBill.late_for_id, "The bill that it is a late fee on.")
    adjustments: Connection["BillAdjustment"] = many(models.BillAdjustment.bill_id, "Its reductions.")
    disputes: Connection["BillDispute"] = many(models.BillDispute.bill_id, "Its disputes.")
    open_dispute: "BillDispute | None" = latest(
        models.BillDispute.bill_id,
        "The dispute that waits for an answer.",
        by=lambda row: [row.created_at.desc()],
        where=lambda row: row.state == DisputeState.OPEN.value,
    )
    allocations: Connection["Allocation"] = many(
        payment_models.Allocation.bill_id, "Payments of it, and what went back."
    )
    dispute_count: int = count(models.BillDispute.bill_id, "How often it was disputed.")
    available_actions: list[BillAction] = computed(
        lambda run, state: available(run, state),
        "What the caller's roles may do with a bill in this state.",
        needs=[models.FeeBill.state],
    )
    updated_at: DateTime = column(models.FeeBill.updated_at, "Last change.")


def available(run: Any, state: str) -> list[str]:
    """Actions that exist in the state for one of the actor's roles."""
    return [action.value for action, (states, roles) in ACTIONS.items() if state in states and run.actor.roles & roles]


@entity(
    models.BillAdjustment,
    "A reduction of a bill, with its reason.",
    orders=orders(
        "BillAdjustmentOrder",
        "How reductions are ordered.",
        NEWEST=(descending(models.BillAdjustment.created_at), "Latest first."),
    ),
)
class BillAdjustment:
    bill: FeeBill = one(models.BillAdjustment.bill_id, "The bill.")
    amount: Fen = column(models.BillAdjustment.amount, "Less than zero.")
    reason: str = column(models.BillAdjustment.reason, "Why.")
    created_at: DateTime = column(models.BillAdjustment.created_at, "When.")


@entity(
    models.BillDispute,
    "A payer's dispute of a bill (账单异议). The parties and the offices see it, neighbours do not.",
    orders=orders(
        "BillDisputeOrder",
        "How disputes are ordered.",
        NEWEST=(descending(models.BillDispute.created_at), "Latest first."),
    ),
    states=models.BillDispute.state,
)
class BillDispute:
    bill: FeeBill = one(models.BillDispute.bill_id, "The bill.")
    reason: str = column(models.BillDispute.reason, "The payer's reason.")
    state: DisputeState = column(models.BillDispute.state, "What became of it.")
    answer_due_on: datetime.date = column(models.BillDispute.answer_due_on, "The last day to answer it.")
    is_overdue: bool | None = derived(
        lambda row, env: and_(row.state == DisputeState.OPEN.value, row.answer_due_on < env.today),
        "Whether the answer is late.",
    )
    answer: str | None = column(models.BillDispute.answer, "The company's answer.")
    adjustment: "BillAdjustment | None" = one(models.BillDispute.adjustment_id, "The reduction that it led to.")
    created_at: DateTime = column(models.BillDispute.created_at, "When it was raised.")
    closed_at: DateTime | None = column(models.BillDispute.closed_at, "When it ended.")


QUERIES = {
    "chargeItems": listing("ChargeItem", "Charge items that the caller may see."),
    "billRuns": listing("BillRun", "Bill runs that the caller may see."),
    "feeBills": listing("FeeBill", "Bills that the caller may see."),
    "billDisputes": listing("BillDispute", "Disputes of bills that the caller may see."),
}
