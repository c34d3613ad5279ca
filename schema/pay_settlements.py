"""Settlements of payment services as companies see them."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from models import pay_settlements as models
from resolvers import pay_settlements
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import of
from schema.engine.declare import column, descending, entity, filters, listing, one, orders
from schema.engine.intents import given, inputs, ref
from schema.fee_acts import REASON

if TYPE_CHECKING:
    from schema.checkouts import PayMerchant
    from schema.companies import Company

PAY_SETTLEMENT_ORDERS = orders(
    "PaySettlementOrder",
    "How settlements are ordered.",
    NEWEST=(descending(models.PaySettlement.settled_on), "Last day first."),
)


@filters("Which settlements. All given conditions must hold.")
class PaySettlementFilter:
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")


@entity(
    models.PaySettlement,
    "A settlement (结算到账): what came from a payment service to the company's bank account.",
    orders=PAY_SETTLEMENT_ORDERS,
    filters=PaySettlementFilter,
)
class PaySettlement:
    merchant: "PayMerchant" = one(models.PaySettlement.merchant_id, "The merchant number.")
    company: "Company" = one(models.PaySettlement.company_id, "Whose it is.")
    amount: Fen = column(models.PaySettlement.amount, "How much came.")
    settled_on: datetime.date = column(models.PaySettlement.settled_on, "The day on the bank's statement.")
    reference: str = column(models.PaySettlement.reference, "The number on the bank's statement.")
    reversed_at: DateTime | None = column(models.PaySettlement.reversed_at, "When it was taken back.")
    reversal_reason: str | None = column(models.PaySettlement.reversal_reason, "Why.")
    created_at: DateTime = column(models.PaySettlement.created_at, "When it was recorded.")


@inputs("Record that a payment service has settled.")
class PaySettlementRecordInput:
    merchant_id: strawberry.ID = ref("PayMerchant", "The merchant number.")
    amount: Fen = given("How much came to the bank account; at most what the books have at the service.")
    settled_on: datetime.date = given("The day on the bank's statement.")
    reference: str = given("The number on the bank's statement.")


@inputs("Take a settlement back that was recorded wrongly.")
class PaySettlementReverseInput:
    id: strawberry.ID = ref("PaySettlement", "The settlement.")
    reason: str = given(REASON)


QUERIES = {"paySettlements": listing("PaySettlement", "Settlements of payment services that the caller may see.")}
MUTATIONS = [
    act(
        "paySettlementRecord",
        pay_settlements.pay_settlement_record,
        PaySettlementRecordInput,
        "Record what a payment service has paid out to the company's bank account. By the company's admin or staff.",
        {"settlement": "PaySettlement"},
    ),
    act(
        "paySettlementReverse",
        pay_settlements.pay_settlement_reverse,
        PaySettlementReverseInput,
        "Take a settlement back that was recorded wrongly. By the company's admin.",
        {"settlement": "PaySettlement"},
        sensitive=True,
    ),
]
