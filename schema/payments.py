"""Payments as clients see them: money that came in, and how it was spread over bills (FEE-11)."""

import datetime
from typing import TYPE_CHECKING

import strawberry
from sqlalchemy import Date

from auth.policies.fees import OF_A_COMPANY
from domain.payments import Channel, PaymentState
from domain.personal_data import PersonalField
from domain.roles import RESIDENTS, Role
from models import payments as models
from models.fee_invoices import FeeInvoice as FeeInvoiceRow
from models.fee_receipts import FeeReceipt as FeeReceiptRow
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, descending, entity, filters, listing, many, matches, one, orders
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.companies import Company
    from schema.estates import Unit
    from schema.fee_invoices import FeeInvoice
    from schema.fee_receipts import FeeReceipt
    from schema.fees import FeeBill

for _enumeration in (Channel, PaymentState):
    described(_enumeration)

PARTIES = frozenset({*RESIDENTS, *OF_A_COMPANY, Role.PROJECT_LEADER, Role.BANK})
"""Who paid is the parties' affair; an office sees that and how much was paid."""

PAYMENT_ORDERS = orders(
    "PaymentOrder",
    "How payments are ordered.",
    NEWEST=(descending(models.Payment.received_on), "Latest received first."),
    OLDEST=(ascending(models.Payment.received_on), "First received first."),
)


@filters("Which payments. All given conditions must hold.")
class PaymentFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "Of this unit.")
    company: strawberry.ID | None = of("Company", "company_id", "To this company.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    channel: Channel | None = equal("channel", "That came this way.")
    reference: str | None = equal("reference", "With this number of the bank or receipt.")
    state: PaymentState | None = equal("state", "In this state.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    received_from: datetime.date | None = matches(
        lambda row, value: row.received_on >= value, Date(), "Received on this day or later."
    )
    received_to: datetime.date | None = matches(
        lambda row, value: row.received_on <= value, Date(), "Received on this day or before."
    )
    updated_since: DateTime | None = since()


@entity(
    models.Payment,
    "Money that came in for a unit's bills of one company (缴费). Banks see what they recorded themselves; committees see bills, "
    "not payments.",
    orders=PAYMENT_ORDERS,
    filters=PaymentFilter,
    states=models.Payment.state,
    sums={
        "amountSum": (models.Payment.amount, "All amounts."),
        "prepaidSum": (models.Payment.prepaid, "All that no bill has taken yet."),
    },
)
class Payment:
    channel: Channel = column(models.Payment.channel, "How it came.")
    reference: str = column(models.Payment.reference, "The bank's transaction number, or the receipt's number.")
    amount: Fen = column(models.Payment.amount, "How much.")
    prepaid: Fen = column(models.Payment.prepaid, "What no bill has taken: it stays the unit's money until one does.")
    refunded: Fen = column(models.Payment.refunded, "What was paid back of it.")
    payer_name: str | None = column(
        models.Payment.payer_name,
        "Who paid, as it was written down.",
        to=PARTIES,
        personal=PersonalField.NAME,
    )
    received_on: datetime.date = column(models.Payment.received_on, "The day the money came.")
    state: PaymentState = column(models.Payment.state, "Where it stands.")
    reversal_reason: str | None = column(models.Payment.reversal_reason, "Why it was taken back.")
    reversed_at: DateTime | None = column(models.Payment.reversed_at, "When it was taken back.")
    township: str = column(models.Payment.township, "Division code, 9 digits.")
    community: str = column(models.Payment.community, "Division code, 12 digits.")
    unit: "Unit | None" = one(models.Payment.unit_id, "For which unit (a bank does not see units).")
    company: "Company | None" = one(models.Payment.company_id, "To which company.")
    area: "PropertyArea | None" = one(models.Payment.area_id, "The property area.")
    allocations: Connection["Allocation"] = many(models.Allocation.payment_id, "The bills that it settled.")
    receipts: Connection["FeeReceipt"] = many(
        FeeReceiptRow.payment_id,
        "Its receipts: one that counts, and those that were struck out.",
    )
    invoices: Connection["FeeInvoice"] = many(
        FeeInvoiceRow.payment_id,
        "Its electronic invoices: one that lives, and those that were given up or taken back.",
    )
    created_at: DateTime = column(models.Payment.created_at, "When it was recorded.")
    updated_at: DateTime = column(models.Payment.updated_at, "Last change.")


@entity(models.Allocation, "A part of a payment that settles a bill; less than zero where it went back.")
class Allocation:
    payment: Payment = one(models.Allocation.payment_id, "The payment.")
    bill: "FeeBill | None" = one(models.Allocation.bill_id, "The bill.")
    amount: Fen = column(models.Allocation.amount, "How much.")
    occurred_on: datetime.date = column(models.Allocation.occurred_on, "The day it counts from.")


QUERIES = {"payments": listing("Payment", "Payments that the caller may see.")}
