"""Owners' choices of who manages their maintenance fund, as clients see them and what people do with them (FUND-6)."""

import datetime
from typing import TYPE_CHECKING

import strawberry
from sqlalchemy import and_

from domain.custody import AccountHolder
from domain.custody_choices import CustodyChoiceState
from models import custody_choices as models
from resolvers import custody_choices
from schema.acts import act
from schema.common import DateTime
from schema.engine.declare import column, derived, descending, entity, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.votes import Vote

described(CustodyChoiceState)

CUSTODY_CHOICE_ORDERS = orders(
    "CustodyChoiceOrder", "How choices are ordered.", NEWEST=(descending(models.CustodyChoice.id), "Latest first.")
)


@entity(
    models.CustodyChoice,
    "What an area's owners decide on who manages their maintenance fund (管理方式): themselves in their own supervised "
    "account, or the bureau. Owners see it once they decided.",
    orders=CUSTODY_CHOICE_ORDERS,
)
class CustodyChoice:
    area: "PropertyArea | None" = one(models.CustodyChoice.area_id, "The property area.")
    holder: AccountHolder = column(models.CustodyChoice.holder, "Who shall manage it.")
    state: CustodyChoiceState = column(models.CustodyChoice.state, "Where it stands.")
    vote: "Vote | None" = one(models.CustodyChoice.vote_id, "The vote that decides.")
    decided_on: datetime.date | None = column(models.CustodyChoice.decided_on, "When the decision became final.")
    transfer_due_on: datetime.date | None = column(
        models.CustodyChoice.transfer_due_on, "By when the bureau has the money transferred; null where it lies there."
    )
    is_overdue: bool = derived(
        lambda row, env: and_(
            row.state == CustodyChoiceState.DECIDED.value,
            row.transfer_due_on.is_not(None),
            row.transfer_due_on < env.today,
        ),
        "Whether that day has passed and the money is not there.",
    )
    carried_out_on: datetime.date | None = column(models.CustodyChoice.carried_out_on, "Since when it is carried out.")
    created_at: DateTime = column(models.CustodyChoice.created_at, "When it was proposed.")
    updated_at: DateTime = column(models.CustodyChoice.updated_at, "Last change.")


@inputs("Put to the owners' vote who manages their maintenance fund.")
class CustodyChoiceProposeInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    holder: AccountHolder = given("Who shall manage it.")


@inputs("Order the area's money to the account that the owners chose.")
class CustodyChoiceTransferInput:
    id: strawberry.ID = ref("CustodyChoice", "The decision.")
    to_account_id: strawberry.ID = ref("BankAccount", "The account, open and of the holder whom they chose.")


_CHOICE = {"custodyChoice": "CustodyChoice"}

MUTATIONS = [
    act(
        "custodyChoicePropose",
        custody_choices.propose,
        CustodyChoiceProposeInput,
        "Put to the vote who manages the fund; a draft of the vote is made. Who convenes.",
        _CHOICE,
    ),
    act(
        "custodyChoiceTransfer",
        custody_choices.transfer,
        CustodyChoiceTransferInput,
        "Order the area's money to the account that its owners chose. BUREAU, with the power `funds:approve`.",
        _CHOICE,
        sensitive=True,
    ),
]
