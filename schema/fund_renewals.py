"""Renewal of the maintenance fund: how an area stands, the plan, the decision, and pressing those who are late (FUND-8)."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from domain.fund_renewals import RenewalState
from models import fund_renewals as models
from resolvers import fund_renewals
from schema.acts import act
from schema.cases import document_ids_of
from schema.common import Area, DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import (
    answer,
    ascending,
    column,
    descending,
    entity,
    filters,
    listing,
    many,
    one,
    orders,
)
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described, plain_type
from schema.engine.values import decode_id, key_of
from schema.fund_acts import VoteFiguresInput

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.estates import Unit
    from schema.fund_demands import FundDemand
    from schema.votes import Vote

described(RenewalState)

FUND_RENEWAL_PLAN_ORDERS = orders(
    "FundRenewalPlanOrder",
    "How renewal plans are ordered.",
    NEWEST=(descending(models.FundRenewalPlan.drafted_on), "Last drafted first."),
)


@filters("Which renewal plans. All given conditions must hold.")
class FundRenewalPlanFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    state: RenewalState | None = equal("state", "In this state.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    updated_since: DateTime | None = since()


@entity(
    models.FundRenewalPlan,
    "A plan to renew an area's maintenance fund (续筹方案): its low accounts as they stood, what each unit pays, and the owners' "
    "joint decision (matter 6, three quarters).",
    orders=FUND_RENEWAL_PLAN_ORDERS,
    filters=FundRenewalPlanFilter,
    states=models.FundRenewalPlan.state,
)
class FundRenewalPlan:
    area: "PropertyArea | None" = one(models.FundRenewalPlan.area_id, "The property area.")
    township: str = column(models.FundRenewalPlan.township, "Division code, 9 digits.")
    community: str = column(models.FundRenewalPlan.community, "Division code, 12 digits.")
    below_percent: int = column(
        models.FundRenewalPlan.below_percent, "Below this share of its first deposit an account was too low."
    )
    target_percent: int = column(
        models.FundRenewalPlan.target_percent, "Up to this share of its first deposit each account is filled."
    )
    unit_count: int = column(models.FundRenewalPlan.unit_count, "How many units pay.")
    amount: Fen = column(models.FundRenewalPlan.amount, "What they pay together.")
    drafted_on: datetime.date = column(models.FundRenewalPlan.drafted_on, "When it was drafted.")
    state: RenewalState = column(models.FundRenewalPlan.state, "Where it stands.")
    vote: "Vote | None" = one(
        models.FundRenewalPlan.vote_id,
        "The vote on the platform, whose result is the plan's; null where it is attested.",
    )
    decided_on: datetime.date | None = column(models.FundRenewalPlan.decided_on, "When the owners decided.")
    scope_area: Area | None = column(models.FundRenewalPlan.scope_area, "Area of all who could vote.")
    scope_heads: int | None = column(models.FundRenewalPlan.scope_heads, "Heads of all who could vote.")
    participating_area: Area | None = column(models.FundRenewalPlan.participating_area, "Area of those who voted.")
    participating_heads: int | None = column(models.FundRenewalPlan.participating_heads, "Heads of those who voted.")
    for_area: Area | None = column(models.FundRenewalPlan.for_area, "Area of those who were for it.")
    for_heads: int | None = column(models.FundRenewalPlan.for_heads, "Heads of those who were for it.")
    decision_document_ids: list[strawberry.ID] = document_ids_of(
        models.FundRenewalPlan, models.FundRenewalPlan.decision_document_ids, "The resolution's papers."
    )
    lines: Connection["FundRenewalLine"] = many(
        models.FundRenewalLine.plan_id, "The units that pay; an owner sees the own one."
    )
    created_at: DateTime = column(models.FundRenewalPlan.created_at, "When it was written.")
    updated_at: DateTime = column(models.FundRenewalPlan.updated_at, "Last change.")


FUND_RENEWAL_LINE_ORDERS = orders(
    "FundRenewalLineOrder",
    "How the units of a plan are ordered.",
    POSITION=(ascending(models.FundRenewalLine.position), "In their natural order."),
)


@entity(models.FundRenewalLine, "One unit of a renewal plan.", orders=FUND_RENEWAL_LINE_ORDERS)
class FundRenewalLine:
    plan: "FundRenewalPlan | None" = one(models.FundRenewalLine.plan_id, "The plan.")
    unit: "Unit | None" = one(models.FundRenewalLine.unit_id, "The unit.")
    position: int = column(models.FundRenewalLine.position, "Its place in the plan, from 1.")
    first_deposit: Fen = column(models.FundRenewalLine.first_deposit, "Its first deposit.")
    balance: Fen = column(models.FundRenewalLine.balance, "What its account held when the plan was drafted.")
    amount: Fen = column(models.FundRenewalLine.amount, "What it pays.")
    demand: "FundDemand | None" = one(models.FundRenewalLine.demand_id, "The demand that the decision led to.")


FundRenewalNeed = plain_type(
    "FundRenewalNeed",
    "How an area's accounts stand beside their first deposits.",
    {
        "units": ("int", "Units whose first deposit is in the fund, or was never asked for."),
        "below": ("int", "How many of them are too low."),
        "percent": ("int", "Below this share of its first deposit an account is too low; exactly that share is not."),
        "first_deposits": ("Fen", "All first deposits."),
        "balances": ("Fen", "All balances."),
        "missing": ("Fen", "What the low accounts lack of their whole first deposits."),
    },
)


async def renewal_need(
    run: Any,
    area: Annotated[strawberry.ID, strawberry.argument(description="The property area.")],
) -> "FundRenewalNeed | None":  # type: ignore[valid-type]
    """For the area's committee and the offices of the place."""
    county, area_id = decode_id(area, "area").county, key_of("PropertyArea")(area)

    async def work(uow: Any) -> Any:
        return vars(await fund_renewals.need(uow, UUID(str(area_id))))

    return await run.within(county, work)  # type: ignore[no-any-return]


@inputs("Draft what the owners of an area's low accounts shall pay.")
class FundRenewalDraftInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    target_percent: int | None = given(
        "Up to which share of its first deposit each account is filled; left out: the whole."
    )


@inputs("Put a renewal plan to the owners' vote.")
class FundRenewalOpenVoteInput:
    id: strawberry.ID = ref("FundRenewalPlan", "The plan.")


@inputs("Record the owners' joint decision on a renewal plan.")
class FundRenewalDecideInput:
    id: strawberry.ID = ref("FundRenewalPlan", "The plan.")
    decided_on: datetime.date = given("When they decided.")
    figures: VoteFiguresInput = given("What was counted.")
    document_ids: list[strawberry.ID] = ref("Document", "The resolution (业主大会决议).")


@inputs("Demand a deposit in writing that was not paid in time.")
class FundDemandPressInput:
    id: strawberry.ID = ref("FundDemand", "The demand.")
    document_ids: list[strawberry.ID] | None = ref("Document", "The letter, and the proof that it was served.")


@inputs("Post on an area's board which units have not paid after the written demand.")
class FundRenewalPostLateInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    objection_contact: str = given("Where an owner objects.")


QUERIES = {
    "fundRenewalPlans": listing("FundRenewalPlan", "Plans to renew the maintenance fund that the caller may see."),
    "fundRenewalNeed": answer(renewal_need, "How far an area's maintenance fund needs renewal (FUND-8)."),
}

MUTATIONS = [
    act(
        "fundRenewalDraft",
        fund_renewals.draft,
        FundRenewalDraftInput,
        "Draft a renewal plan from the accounts as they stand. By the committee, the community in its stead, or the bureau.",
        {"plan": "FundRenewalPlan"},
    ),
    act(
        "fundRenewalOpenVote",
        fund_renewals.open_vote,
        FundRenewalOpenVoteInput,
        "Prepare the owners' vote on a plan; where it passes, every unit of the plan is asked to pay. Who convenes.",
        {"plan": "FundRenewalPlan"},
    ),
    act(
        "fundRenewalDecide",
        fund_renewals.decide,
        FundRenewalDecideInput,
        "Record the owners' joint decision; where three quarters are for it, every unit of the plan is asked to pay.",
        {"plan": "FundRenewalPlan"},
    ),
    act(
        "fundDemandPress",
        fund_renewals.press,
        FundDemandPressInput,
        "Demand a deposit in writing that was not paid in time.",
        {"demand": "FundDemand"},
    ),
    act(
        "fundRenewalPostLate",
        fund_renewals.post_late,
        FundRenewalPostLateInput,
        "Post which units, masked, have not paid after the written demand.",
        {"disclosure": "Disclosure"},
    ),
]
