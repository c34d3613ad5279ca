"""Receipts for fees and cashiers' closed days, as clients see them."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth.actor import system_actor
from auth.policies.fees import OF_A_COMPANY
from domain.calendar import today
from domain.daily_closes import CloseState
from domain.fee_receipts import FeeReceiptState, county_of_code
from domain.payments import Channel
from domain.personal_data import PersonalField
from domain.profiles import counties
from domain.roles import RESIDENTS, Role
from models import fee_receipts as models
from resolvers import daily_closes, fee_receipts
from resolvers.fee_receipts import ReceiptVerification
from resolvers.unit_of_work import UnitOfWork, transact
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import answer, column, descending, entity, filters, listing, one, orders
from schema.engine.intents import changes, given, inputs, ref
from schema.engine.run import Run
from schema.engine.types import described, plain_type
from schema.fee_acts import REASON

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.attachments import Document
    from schema.companies import Company
    from schema.estates import Unit
    from schema.payments import Payment

for _enumeration in (CloseState, FeeReceiptState):
    described(_enumeration)

FEE_RECEIPT_ORDERS = orders(
    "FeeReceiptOrder",
    "How receipts are ordered.",
    NEWEST=(descending(models.FeeReceipt.created_at), "Last issued first."),
)


@filters("Which receipts. All given conditions must hold.")
class FeeReceiptFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "For this unit.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    number: str | None = equal("number", "With this number.")
    state: FeeReceiptState | None = equal("state", "In this state.")
    updated_since: DateTime | None = since()


@entity(
    models.FeeReceipt,
    "A receipt for one payment (收据). Numbers of a company and year have no gaps; one that is wrong is struck out, not changed.",
    orders=FEE_RECEIPT_ORDERS,
    filters=FeeReceiptFilter,
    states=models.FeeReceipt.state,
    sums={"amountSum": (models.FeeReceipt.amount, "All amounts.")},
)
class FeeReceipt:
    number: str = column(models.FeeReceipt.number, "Its number, by the county's pattern.")
    code: str = column(
        models.FeeReceipt.code, "The verification code (`feeReceiptVerify`), which its QR code leads to."
    )
    payer_name: str | None = column(
        models.FeeReceipt.payer_name,
        "Who paid, as the paper says.",
        to=frozenset({*RESIDENTS, *OF_A_COMPANY, Role.PROJECT_LEADER}),
        personal=PersonalField.NAME,
    )
    amount: Fen = column(models.FeeReceipt.amount, "How much.")
    channel: Channel = column(models.FeeReceipt.channel, "How it came.")
    received_on: datetime.date = column(models.FeeReceipt.received_on, "The day the money came.")
    state: FeeReceiptState = column(models.FeeReceipt.state, "Whether it counts.")
    void_reason: str | None = column(models.FeeReceipt.void_reason, "Why it was struck out (冲红).")
    voided_at: DateTime | None = column(models.FeeReceipt.voided_at, "When it was struck out.")
    document: "Document | None" = one(
        models.FeeReceipt.document_id, "The paper (PDF) as it stands; null for the moment until it is written."
    )
    payment: "Payment" = one(models.FeeReceipt.payment_id, "The payment.")
    unit: "Unit" = one(models.FeeReceipt.unit_id, "For which unit.")
    company: "Company" = one(models.FeeReceipt.company_id, "Of which company.")
    area: "PropertyArea" = one(models.FeeReceipt.area_id, "The property area.")
    created_at: DateTime = column(models.FeeReceipt.created_at, "When it was issued.")
    updated_at: DateTime = column(models.FeeReceipt.updated_at, "Last change.")


DAILY_CLOSE_ORDERS = orders(
    "DailyCloseOrder",
    "How closed days are ordered.",
    NEWEST=(descending(models.DailyClose.day), "The latest day first."),
)


@filters("Which closed days. All given conditions must hold.")
class DailyCloseFilter:
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    state: CloseState | None = equal("state", "In this state.")


@entity(
    models.DailyClose,
    "A cashier's closed day (日结). What comes in later counts in the next one.",
    orders=DAILY_CLOSE_ORDERS,
    filters=DailyCloseFilter,
    states=models.DailyClose.state,
)
class DailyClose:
    company: "Company" = one(models.DailyClose.company_id, "The company.")
    day: datetime.date = column(models.DailyClose.day, "The day.")
    cash: Fen = column(models.DailyClose.cash, "In cash by the books: taken less taken back.")
    pos: Fen = column(models.DailyClose.pos, "By card, likewise.")
    transfer: Fen = column(models.DailyClose.transfer, "By transfer, likewise.")
    entries: int = column(models.DailyClose.entries, "Payments taken or taken back, and refunds paid.")
    cash_counted: Fen = column(models.DailyClose.cash_counted, "What was counted in the drawer.")
    difference: Fen = column(models.DailyClose.difference, "Counted less books (长款 if positive, 短款 if negative).")
    reason: str | None = column(models.DailyClose.reason, "Why they differ.")
    state: CloseState = column(models.DailyClose.state, "Whether a second person has signed.")
    signed_at: DateTime | None = column(models.DailyClose.signed_at, "When a second person signed.")
    created_at: DateTime = column(models.DailyClose.created_at, "When it was closed.")


FeeReceiptVerification = plain_type(
    "FeeReceiptVerification",
    "What a receipt's code stands for: enough to compare the paper, and nobody's name.",
    {
        "matches": ("bool", "There is a receipt with this code."),
        "number": ("str | None", "Its number."),
        "state": ("FeeReceiptState | None", "Whether it counts, or was struck out."),
        "amount": ("Fen | None", "How much."),
        "received_on": ("datetime.date | None", "The day the money came."),
        "company": ("str | None", "The company's name."),
        "unit": ("str | None", "The unit, masked."),
        "payer": ("str | None", "Who paid, masked."),
    },
)


async def verified(sessions: async_sessionmaker[AsyncSession], code: str) -> ReceiptVerification:
    """What a code stands for. Anybody may ask, so the question is asked as the county's own."""
    county = county_of_code(code)
    if county is None or county not in counties():
        return ReceiptVerification(matches=False)

    async def check(uow: UnitOfWork) -> ReceiptVerification:
        return await fee_receipts.verify(uow, code=code)

    now = datetime.datetime.now(datetime.UTC)
    found: ReceiptVerification = (
        await transact(sessions, system_actor(county, today(now)), county, check, now=now)
    ).row
    return found


async def _verify(
    run: Run, code: Annotated[str, strawberry.argument(description="The verification code printed on it.")]
) -> Any:
    return await verified(run.services.sessions, code)


@inputs("Issue the receipt for a payment.")
class FeeReceiptIssueInput:
    payment_id: strawberry.ID = ref("Payment", "The payment.")
    payer_name: str | None = given("Who paid, for the paper; left out: as it was written down with the payment.")


@inputs("Strike a receipt out; another one can be issued then.")
class FeeReceiptVoidInput:
    id: strawberry.ID = ref("FeeReceipt", "The receipt.")
    reason: str = given(REASON)


@inputs("Close the caller's own day at the desk.")
class DailyCloseInput:
    company_id: strawberry.ID = ref("Company", "The company.")
    cash_counted: Fen = given("What was counted in the drawer.")
    day: datetime.date | None = given("The day; today when left out.")
    reason: str | None = given("Why counted and books differ; needed when they do.")


@inputs("Sign for another's closed day.")
class DailyCloseSignInput:
    id: strawberry.ID = ref("DailyClose", "The closed day.")


QUERIES = {
    "feeReceipts": listing("FeeReceipt", "Receipts that the caller may see."),
    "feeReceiptVerify": answer(
        _verify, "Check a receipt by its code; needs no sign-in.", shows="FeeReceiptVerification | None"
    ),
    "dailyCloses": listing("DailyClose", "Closed days of the caller's company."),
}
MUTATIONS = [
    act(
        "feeReceiptIssue",
        fee_receipts.fee_receipt_issue,
        FeeReceiptIssueInput,
        "Issue the receipt for a payment, or get the one that counts. By the company, or the unit's people.",
        {"receipt": "FeeReceipt"},
    ),
    act(
        "feeReceiptVoid",
        fee_receipts.fee_receipt_void,
        FeeReceiptVoidInput,
        "Strike a receipt out in red (冲红). A payment that is taken back does that by itself.",
        {"receipt": "FeeReceipt"},
    ),
    act(
        "dailyClose",
        daily_closes.daily_close,
        DailyCloseInput,
        "Close the caller's own day: books against drawer. What comes in later counts in the next one.",
        {"close": "DailyClose"},
    ),
    act(
        "dailyCloseSign",
        daily_closes.daily_close_sign,
        DailyCloseSignInput,
        "Sign for another's closed day. By the company's admin or a project leader.",
        {"close": "DailyClose"},
    ),
]
SUBSCRIPTIONS = [changes("feeReceiptChanged", "FeeReceipt", "A receipt whose paper was written.")]
