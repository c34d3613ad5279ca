"""Electronic invoices for payments, as clients see them."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from auth.policies.fees import OF_A_COMPANY
from domain.fee_invoices import FeeInvoiceState, TitleKind
from domain.roles import RESIDENTS, Role
from models import fee_invoices as models
from resolvers import fee_invoices
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

for _enumeration in (FeeInvoiceState, TitleKind):
    described(_enumeration)

PARTIES = frozenset({*RESIDENTS, *OF_A_COMPANY, Role.PROJECT_LEADER})
"""The paper names its buyer in full."""

FEE_INVOICE_ORDERS = orders(
    "FeeInvoiceOrder",
    "How invoices are ordered.",
    NEWEST=(descending(models.FeeInvoice.created_at), "Last asked for first."),
)


@filters("Which invoices. All given conditions must hold.")
class FeeInvoiceFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "For this unit.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    state: FeeInvoiceState | None = equal("state", "In this state: REQUESTED and FAILED wait for the company.")
    invoice_number: str | None = equal("invoice_number", "With this number.")
    updated_since: DateTime | None = since()


@entity(
    models.FeeInvoice,
    "An electronic invoice (电子发票) for a payment, issued by the company through an invoice service. Money that is paid back "
    "or taken back takes it along: it goes red, and another can be asked for over what is left.",
    orders=FEE_INVOICE_ORDERS,
    filters=FeeInvoiceFilter,
    states=models.FeeInvoice.state,
    sums={"amountSum": (models.FeeInvoice.amount, "All amounts.")},
)
class FeeInvoice:
    payment: "Payment" = one(models.FeeInvoice.payment_id, "For which payment.")
    amount: Fen = column(models.FeeInvoice.amount, "How much: what was paid, and not paid back.")
    state: FeeInvoiceState = column(models.FeeInvoice.state, "Where it stands.")
    title_kind: TitleKind = column(models.FeeInvoice.title_kind, "Whom it is made out to.")
    title: str = column(
        models.FeeInvoice.title_mask, "The buyer's name (抬头): an organisation's in full, a person's masked."
    )
    tax_number: str | None = column(
        models.FeeInvoice.tax_number_mask,
        "The organisation's tax number; one that holds an identity number is masked.",
    )
    email: str | None = column(models.FeeInvoice.email_mask, "Where it is sent, masked.")
    reason: str | None = column(models.FeeInvoice.reason, "Why it was given up, or is taken back.")
    problem: str | None = column(
        models.FeeInvoice.problem,
        "Why the invoice service did not do it, in its words. UNKNOWN while ISSUING or REVERSING: it has said nothing for more "
        "than a day; sending it again looks it up again.",
    )
    invoice_number: str | None = column(models.FeeInvoice.invoice_number, "The invoice's number (发票号码).")
    issued_on: datetime.date | None = column(models.FeeInvoice.issued_on, "The day on which it was issued.")
    url: str | None = column(models.FeeInvoice.url, "Where the invoice service has its paper.", to=PARTIES)
    red_number: str | None = column(models.FeeInvoice.red_number, "The number of the red invoice that took it back.")
    red_on: datetime.date | None = column(models.FeeInvoice.red_on, "The day of the red invoice.")
    unit: "Unit" = one(models.FeeInvoice.unit_id, "For which unit.")
    company: "Company" = one(models.FeeInvoice.company_id, "By which company.")
    area: "PropertyArea" = one(models.FeeInvoice.area_id, "The property area.")
    created_at: DateTime = column(models.FeeInvoice.created_at, "When it was asked for.")
    updated_at: DateTime = column(models.FeeInvoice.updated_at, "Last change.")


@inputs("Ask for the electronic invoice of a payment.")
class FeeInvoiceRequestInput:
    payment_id: strawberry.ID = ref("Payment", "The payment.")
    title_kind: TitleKind = given("Whom it is made out to.")
    title: str = given("The buyer's name, at most 100 characters.")
    tax_number: str | None = given(
        "The tax number: an organisation's, needed there. 18 characters; older ones have 15 or 20."
    )
    email: str | None = given("Where the invoice service sends it, too.")


@inputs("Have an invoice issued.")
class FeeInvoiceIssueInput:
    id: strawberry.ID = ref("FeeInvoice", "The invoice.")


@inputs("Give up an invoice that is not issued.")
class FeeInvoiceCancelInput:
    id: strawberry.ID = ref("FeeInvoice", "The invoice.")
    reason: str = given(REASON)


@inputs("Take an issued invoice back.")
class FeeInvoiceReverseInput:
    id: strawberry.ID = ref("FeeInvoice", "The invoice.")
    reason: str = given(REASON)


QUERIES = {"feeInvoices": listing("FeeInvoice", "Electronic invoices that the caller may see.")}
MUTATIONS = [
    act(
        "feeInvoiceRequest",
        fee_invoices.fee_invoice_request,
        FeeInvoiceRequestInput,
        "Ask for the electronic invoice of a payment. By the unit's people, or the company.",
        {"invoice": "FeeInvoice"},
    ),
    act(
        "feeInvoiceIssue",
        fee_invoices.fee_invoice_issue,
        FeeInvoiceIssueInput,
        "Have an invoice issued that was asked for, once more where it failed. By the company.",
        {"invoice": "FeeInvoice"},
    ),
    act(
        "feeInvoiceCancel",
        fee_invoices.fee_invoice_cancel,
        FeeInvoiceCancelInput,
        "Give up an invoice that is not issued. By the unit's people, or the company, which says why.",
        {"invoice": "FeeInvoice"},
    ),
    act(
        "feeInvoiceReverse",
        fee_invoices.fee_invoice_reverse,
        FeeInvoiceReverseInput,
        "Take an issued invoice back in red (红冲), for a wrong title, say. By the company's admin or project leader.",
        {"invoice": "FeeInvoice"},
    ),
]
SUBSCRIPTIONS = [changes("feeInvoiceChanged", "FeeInvoice", "An electronic invoice, as it changes.")]
