"""Demands for deposits to the maintenance fund as clients see and issue them (FUND-1 to FUND-3, TQ-104, TQ-105)."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import Boolean, ColumnElement, and_

from domain.fund_demands import DemandPayer, DemandPurpose, DemandState
from models import fund_demands as models
from models.fund_receipts import FundReceipt as FundReceiptRow
from resolvers import fund_demands
from resolvers.unit_of_work import UnitOfWork
from schema.acts import act
from schema.common import Area, DateTime, Fen
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
from schema.engine.intents import given, inputs, intent, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.estates import Building, Estate, Unit
    from schema.fund_receipts import FundReceipt

for _enumeration in (DemandPayer, DemandPurpose, DemandState):
    described(_enumeration)

FUND_DEMAND_ORDERS = orders(
    "FundDemandOrder",
    "How demands for deposits are ordered.",
    NEWEST=(descending(models.FundDemand.issued_on), "Last issued first."),
    DUE=(ascending(models.FundDemand.due_on), "First due first."),
    CHANGED=(ascending(models.FundDemand.updated_at), "First changed first, for polling."),
)


def _is_overdue(row: Any, env: Any) -> ColumnElement[bool]:
    return and_(row.state == DemandState.OPEN.value, row.due_on < env.today)


@filters("Which demands. All given conditions must hold.")
class FundDemandFilter:
    code: str | None = equal("code", "With this payment code.")
    purpose: DemandPurpose | None = equal("purpose", "For this.")
    payer: DemandPayer | None = equal("payer", "To be paid by such a payer.")
    state: DemandState | None = equal("state", "In this state.")
    unit: strawberry.ID | None = of("Unit", "unit_id", "For this unit's account.")
    building: strawberry.ID | None = of("Building", "building_id", "In this building.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    overdue: bool | None = matches(
        lambda row, value, env: _is_overdue(row, env) == value,
        Boolean(),
        "Whether its due date has passed and it is not paid.",
        opens=True,
    )
    updated_since: DateTime | None = since()


@entity(
    models.FundDemand,
    "A demand for a deposit to the maintenance fund (应缴维修资金): how much, by when, and the code that the money must bear.",
    orders=FUND_DEMAND_ORDERS,
    filters=FundDemandFilter,
    states=models.FundDemand.state,
    sums={
        "amountSum": (models.FundDemand.amount, "All that is asked for."),
        "paidSum": (models.FundDemand.paid, "All that has been paid of it."),
    },
)
class FundDemand:
    code: str = column(models.FundDemand.code, "The payment code (缴款码), 16 digits: the bank posts by it.")
    purpose: DemandPurpose = column(models.FundDemand.purpose, "What the deposit is for.")
    payer: DemandPayer = column(models.FundDemand.payer, "Who has to pay.")
    payer_name: str | None = column(
        models.FundDemand.payer_name, "The developer, former landlord or firm that pays; null for an owner."
    )
    unit: "Unit | None" = one(models.FundDemand.unit_id, "The unit whose account it fills (a bank does not see units).")
    building: "Building | None" = one(models.FundDemand.building_id, "The building.")
    area: "PropertyArea | None" = one(models.FundDemand.area_id, "The property area.")
    estate: "Estate | None" = one(models.FundDemand.estate_id, "The estate.")
    township: str = column(models.FundDemand.township, "Division code, 9 digits.")
    community: str = column(models.FundDemand.community, "Division code, 12 digits.")
    charged_area: Area | None = column(
        models.FundDemand.charged_area, "The building area that the rate was applied to."
    )
    rate: Fen | None = column(models.FundDemand.rate, "Fen per m²; null where no rate gives the amount.")
    basis: str = column(models.FundDemand.basis, "What the amount rests on, in words.")
    amount: Fen = column(models.FundDemand.amount, "What is asked for.")
    paid: Fen = column(models.FundDemand.paid, "What has been paid of it.")
    outstanding: Fen = derived(lambda row, env: row.amount - row.paid, "What is still to be paid.")
    issued_on: datetime.date = column(models.FundDemand.issued_on, "When it was issued.")
    due_on: datetime.date = column(models.FundDemand.due_on, "The last day to pay.")
    is_overdue: bool = derived(_is_overdue, "Whether that day has passed and something is still to be paid.")
    state: DemandState = column(models.FundDemand.state, "Where it stands.")
    cancelled_for: str | None = column(models.FundDemand.cancelled_for, "Why it was taken back.")
    pressed_on: datetime.date | None = column(
        models.FundDemand.pressed_on, "When it was demanded in writing, because it was not paid in time (书面催交)."
    )
    press_due_on: datetime.date | None = column(models.FundDemand.press_due_on, "The last day to pay after that.")
    posted_on: datetime.date | None = column(
        models.FundDemand.posted_on, "When the unit was first posted, masked, as not having paid (FUND-8)."
    )
    receipts: Connection["FundReceipt"] = many(FundReceiptRow.demand_id, "The money that came for it.")
    created_at: DateTime = column(models.FundDemand.created_at, "When it was written.")
    updated_at: DateTime = column(models.FundDemand.updated_at, "Last change.")


DUE = "The last day to pay; not before today."


@inputs("One unit's first deposit.", item=True)
class FundFirstDemandItem:
    unit_id: strawberry.ID = ref("Unit", "The unit.")
    due_on: datetime.date = given(f"{DUE} For a unit not handed over: before it is.")
    payer_name: str | None = given("The developer that pays, where it is not the estate's.")


@inputs("Ask for the first deposits of units, up to 100.")
class FundFirstDemandIssueInput:
    items: list[FundFirstDemandItem] = given("The units.")


@inputs("Ask a building's former landlord for its part.")
class FundSellerDemandIssueInput:
    building_id: strawberry.ID = ref("Building", "The building, whose register entry names the former landlord.")
    proceeds: Fen = given("What the landlord took for the dwellings it sold; its part is a share of that (FUND-2).")
    due_on: datetime.date = given(DUE)
    document_ids: list[strawberry.ID] | None = ref("Document", "Papers on the sale.")


@inputs("Ask a developer or firm for fund money that it holds.")
class FundCollectionDemandIssueInput:
    estate_id: strawberry.ID = ref("Estate", "The estate whose money it is.")
    area_id: strawberry.ID = ref("PropertyArea", "Its property area, to whose account the money goes.")
    unit_id: strawberry.ID | None = ref("Unit", "The unit to whose account it goes instead.")
    holder: str = given("Who holds the money.")
    amount: Fen = given("How much.")
    basis: str = given("How it is known that it holds it: an audit, receipts, a judgment.")
    due_on: datetime.date = given(DUE)
    document_ids: list[strawberry.ID] | None = ref("Document", "The papers that show it.")


@inputs("Take a demand back of which nothing is paid.")
class FundDemandCancelInput:
    id: strawberry.ID = ref("FundDemand", "The demand.")
    reason: str = given("Why, for the record and for whom it concerns.")


async def _issue_first(uow: UnitOfWork, **item: Any) -> Any:
    return await fund_demands.issue_first(uow, **item)


QUERIES = {
    "fundDemands": listing("FundDemand", "Demands for deposits to the maintenance fund that the caller may see.")
}

MUTATIONS = [
    intent(
        "fundFirstDemandIssue",
        _issue_first,
        FundFirstDemandIssueInput,
        "Ask for units' first deposits at the county's rate, each under a payment code of its own. By the bureau.",
        {"demand": "FundDemand"},
        items=FundFirstDemandItem,
    ),
    act(
        "fundSellerDemandIssue",
        fund_demands.issue_seller,
        FundSellerDemandIssueInput,
        "Ask a building's former landlord for its part of sold public housing. By the bureau.",
        {"demand": "FundDemand"},
    ),
    act(
        "fundCollectionDemandIssue",
        fund_demands.issue_collection,
        FundCollectionDemandIssueInput,
        "Ask a developer or firm for fund money that it holds (清缴). By the bureau.",
        {"demand": "FundDemand"},
    ),
    act(
        "fundDemandCancel",
        fund_demands.cancel,
        FundDemandCancelInput,
        "Take a demand back of which nothing is paid; its code takes no money any more. By the bureau.",
        {"demand": "FundDemand"},
    ),
]
