"""Payment services' bills and their differences from the books, as companies see them."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.pay_bills import PayDifferenceKind, PayDifferenceState
from models import pay_bills as models
from resolvers import pay_bills
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of
from schema.engine.declare import column, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.checkouts import Checkout, PayMerchant
    from schema.companies import Company
    from schema.fee_refunds import FeeRefund

for _enumeration in (PayDifferenceKind, PayDifferenceState):
    described(_enumeration)

PAY_BILL_ORDERS = orders(
    "PayBillOrder",
    "How payment services' bills are ordered.",
    NEWEST=(descending(models.PayBill.day), "Last day first."),
)


@filters("Which bills of payment services. All given conditions must hold.")
class PayBillFilter:
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")


@entity(
    models.PayBill,
    "A payment service's bill of one merchant's day (交易账单), compared with the books. It is had after 10:30 of the next day.",
    orders=PAY_BILL_ORDERS,
    filters=PayBillFilter,
)
class PayBill:
    merchant: "PayMerchant" = one(models.PayBill.merchant_id, "The merchant number.")
    company: "Company" = one(models.PayBill.company_id, "Whose it is.")
    day: datetime.date = column(models.PayBill.day, "The day in China.")
    payments: int = column(models.PayBill.payments, "How many orders were paid.")
    paid: Fen = column(models.PayBill.paid, "Their amounts.")
    refunds: int = column(models.PayBill.refunds, "How many refunds were sent.")
    refunded: Fen = column(models.PayBill.refunded, "Their amounts.")
    fees: Fen = column(models.PayBill.fees, "What the service keeps (手续费).")
    differences: Connection["PayDifference"] = many(models.PayDifference.bill_id, "How it differs from the books.")
    created_at: DateTime = column(models.PayBill.created_at, "When it was compared.")


PAY_DIFFERENCE_ORDERS = orders(
    "PayDifferenceOrder",
    "How differences are ordered.",
    NEWEST=(descending(models.PayDifference.created_at), "Last found first."),
)


@filters("Which differences from payment services' bills. All given conditions must hold.")
class PayDifferenceFilter:
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    kind: PayDifferenceKind | None = equal("kind", "Of this kind.")
    state: PayDifferenceState | None = equal("state", "In this state.")


@entity(
    models.PayDifference,
    "A difference (对账差异) between a payment service's bill and the books, for the company to explain.",
    orders=PAY_DIFFERENCE_ORDERS,
    filters=PayDifferenceFilter,
    states=models.PayDifference.state,
)
class PayDifference:
    bill: PayBill = one(models.PayDifference.bill_id, "The bill.")
    company: "Company" = one(models.PayDifference.company_id, "Whose it is.")
    kind: PayDifferenceKind = column(models.PayDifference.kind, "How they differ.")
    number: str = column(models.PayDifference.number, "The number of the order or refund, as the service was told it.")
    billed: Fen | None = column(models.PayDifference.billed, "The service's amount; null where it has none.")
    booked: Fen | None = column(models.PayDifference.booked, "The books' amount; null where they have none.")
    checkout: "Checkout | None" = one(models.PayDifference.checkout_id, "The order, where the books know it.")
    refund: "FeeRefund | None" = one(models.PayDifference.refund_id, "The refund, where the books know it.")
    state: PayDifferenceState = column(models.PayDifference.state, "Where it stands.")
    note: str | None = column(models.PayDifference.note, "The company's explanation, and what it did.")
    resolved_at: DateTime | None = column(models.PayDifference.resolved_at, "When it was explained.")
    created_at: DateTime = column(models.PayDifference.created_at, "When it was found.")


@inputs("Explain a difference between a payment service's bill and the books.")
class PayDifferenceResolveInput:
    id: strawberry.ID = ref("PayDifference", "The difference.")
    note: str = given("What it was, and what was done about it.")


QUERIES = {
    "payBills": listing("PayBill", "Payment services' bills that the caller may see."),
    "payDifferences": listing("PayDifference", "Differences from payment services' bills that the caller may see."),
}
MUTATIONS = [
    act(
        "payDifferenceResolve",
        pay_bills.pay_difference_resolve,
        PayDifferenceResolveInput,
        "Explain a difference between a payment service's bill and the books; moves no money. By the company's admin.",
        {"difference": "PayDifference"},
    ),
]
