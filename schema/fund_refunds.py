"""Refunds of the maintenance fund for units that are gone (FUND-7)."""

from typing import TYPE_CHECKING

import strawberry

from domain.payment_instructions import PayoutState
from models import fund_refunds as models
from resolvers import fund_refunds
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of
from schema.engine.declare import column, descending, entity, filters, listing, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import described
from schema.payment_instructions import PayeeInput

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.estates import Unit
    from schema.payment_instructions import PaymentInstruction

described(PayoutState)

FUND_REFUND_ORDERS = orders(
    "FundRefundOrder",
    "How refunds are ordered.",
    NEWEST=(descending(models.FundRefund.created_at), "Last first."),
)


@filters("Which refunds. All given conditions must hold.")
class FundRefundFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "Of this unit.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    state: PayoutState | None = equal("state", "In this state.")


@entity(
    models.FundRefund,
    "The rest of a destroyed unit's account, paid back to its owner (维修资金退还).",
    orders=FUND_REFUND_ORDERS,
    filters=FundRefundFilter,
    states=models.FundRefund.state,
    sums={"amountSum": (models.FundRefund.amount, "All amounts.")},
)
class FundRefund:
    unit: "Unit | None" = one(models.FundRefund.unit_id, "The unit.")
    area: "PropertyArea | None" = one(models.FundRefund.area_id, "Its property area.")
    basis: str = column(models.FundRefund.basis, "How it is known that the unit is gone.")
    amount: Fen = column(models.FundRefund.amount, "How much.")
    state: PayoutState = column(models.FundRefund.state, "Whether it is paid.")
    instruction: "PaymentInstruction | None" = one(models.FundRefund.instruction_id, "What the bank was told to pay.")
    created_at: DateTime = column(models.FundRefund.created_at, "When it was decided.")
    updated_at: DateTime = column(models.FundRefund.updated_at, "Last change.")


@inputs("Pay a destroyed unit's account back to its owner.")
class FundUnitRefundInput:
    unit_id: strawberry.ID = ref("Unit", "The unit.")
    basis: str = given("How it is known that the unit is gone; the owner reads it.")
    payee: PayeeInput = given("The owner's account.")
    document_ids: list[strawberry.ID] = ref("Document", "The papers that show it.")


QUERIES = {"fundRefunds": listing("FundRefund", "Refunds of the maintenance fund that the caller may see.")}

MUTATIONS = [
    act(
        "fundUnitRefund",
        fund_refunds.refund,
        FundUnitRefundInput,
        "Pay what a destroyed unit's account holds back to its owner, through the bank. By the bureau.",
        {"refund": "FundRefund"},
        sensitive=True,
    ),
]
