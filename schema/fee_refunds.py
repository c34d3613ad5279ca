"""Refunds of fees as clients see them (FEE-7)."""

from typing import TYPE_CHECKING

import strawberry

from domain.fee_refunds import RefundState
from domain.payments import Channel
from models import fee_refunds as models
from resolvers import fee_refunds
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import column, descending, entity, filters, listing, one, orders
from schema.engine.intents import changes, given, inputs, ref
from schema.engine.types import described
from schema.fee_acts import REASON

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.companies import Company
    from schema.estates import Unit
    from schema.payments import Payment

described(RefundState)

FEE_REFUND_ORDERS = orders(
    "FeeRefundOrder",
    "How refunds are ordered.",
    NEWEST=(descending(models.FeeRefund.created_at), "Last asked for first."),
)


@filters("Which refunds. All given conditions must hold.")
class FeeRefundFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "For this unit.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    state: RefundState | None = equal("state", "In this state.")
    updated_since: DateTime | None = since()


@entity(
    models.FeeRefund,
    "A refund (退费) of money that no bill holds, back the way it came: to whoever paid, also after the unit changed hands.",
    orders=FEE_REFUND_ORDERS,
    filters=FeeRefundFilter,
    states=models.FeeRefund.state,
    sums={"amountSum": (models.FeeRefund.amount, "All amounts.")},
)
class FeeRefund:
    payment: "Payment" = one(models.FeeRefund.payment_id, "Of which payment.")
    amount: Fen = column(models.FeeRefund.amount, "How much.")
    channel: Channel = column(models.FeeRefund.channel, "How the money came, and goes back.")
    reason: str = column(models.FeeRefund.reason, "Why it is asked for.")
    state: RefundState = column(models.FeeRefund.state, "Where it stands.")
    decision: str | None = column(models.FeeRefund.decision, "Why the company refused.")
    reference: str | None = column(
        models.FeeRefund.reference, "The number of the transfer or slip, or the payment service's own."
    )
    problem: str | None = column(
        models.FeeRefund.problem,
        "The payment service's code where it failed; ABNORMAL while PROCESSING: it did not reach the payer, and the company "
        "settles it at the service.",
    )
    finished_at: DateTime | None = column(models.FeeRefund.finished_at, "When it was paid back, refused or given up.")
    unit: "Unit" = one(models.FeeRefund.unit_id, "For which unit.")
    company: "Company" = one(models.FeeRefund.company_id, "By which company.")
    area: "PropertyArea" = one(models.FeeRefund.area_id, "The property area.")
    created_at: DateTime = column(models.FeeRefund.created_at, "When it was asked for.")
    updated_at: DateTime = column(models.FeeRefund.updated_at, "Last change.")


@inputs("Ask for money back that no bill holds.")
class FeeRefundRequestInput:
    payment_id: strawberry.ID = ref("Payment", "The payment.")
    amount: Fen = given("How much; at most its `prepaid`, less what was asked for before.")
    reason: str = given(REASON)


@inputs("Grant a refund.")
class FeeRefundGrantInput:
    id: strawberry.ID = ref("FeeRefund", "The refund.")
    reference: str | None = given(
        "The number of the transfer or signed slip; needed unless a payment service pays back."
    )
    document_ids: list[strawberry.ID] | None = ref("Document", "Its paper; needed likewise.")


@inputs("Refuse a refund.")
class FeeRefundRefuseInput:
    id: strawberry.ID = ref("FeeRefund", "The refund.")
    reason: str = given(REASON)


QUERIES = {"feeRefunds": listing("FeeRefund", "Refunds that the caller may see.")}
MUTATIONS = [
    act(
        "feeRefundRequest",
        fee_refunds.fee_refund_request,
        FeeRefundRequestInput,
        "Ask for money back that no bill holds (FEE-7). By the unit's people, or the company.",
        {"refund": "FeeRefund"},
    ),
    act(
        "feeRefundGrant",
        fee_refunds.fee_refund_grant,
        FeeRefundGrantInput,
        "Grant a refund; what came by WeChat Pay goes back through it. By the company's admin or leader, not by who asked.",
        {"refund": "FeeRefund"},
        sensitive=True,
    ),
    act(
        "feeRefundRefuse",
        fee_refunds.fee_refund_refuse,
        FeeRefundRefuseInput,
        "Refuse a refund, with a reason for who asked.",
        {"refund": "FeeRefund"},
    ),
]
SUBSCRIPTIONS = [changes("feeRefundChanged", "FeeRefund", "A refund, as it changes.")]
