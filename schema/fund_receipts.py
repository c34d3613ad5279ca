"""Deposits that came into the maintenance fund, as banks report and officials place them (FUND-4)."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import Date

from domain.fund_receipts import ReceiptState, SuspenseCause
from domain.personal_data import PersonalField
from domain.roles import Role
from models import fund_receipts as models
from resolvers import fund_receipts
from resolvers.unit_of_work import UnitOfWork
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, descending, entity, filters, listing, matches, one, orders
from schema.engine.intents import given, inputs, intent, ref
from schema.engine.types import described
from schema.payment_instructions import PayeeInput

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.custody import BankAccount
    from schema.estates import Unit
    from schema.fund_demands import FundDemand
    from schema.payment_instructions import PaymentInstruction

for _enumeration in (ReceiptState, SuspenseCause):
    described(_enumeration)

WHO_KNOWS_THE_PAYER = frozenset({Role.OWNER, Role.BUREAU, Role.BANK})
"""Who paid is the owner's, the bank's and the office's that identifies money; the neighbours see that it came."""

FUND_RECEIPT_ORDERS = orders(
    "FundReceiptOrder",
    "How deposits are ordered.",
    NEWEST=(descending(models.FundReceipt.value_date), "Latest first."),
    CHANGED=(ascending(models.FundReceipt.updated_at), "First changed first, for polling."),
)


@filters("Which deposits. All given conditions must hold.")
class FundReceiptFilter:
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "At this bank account.")
    serial: str | None = equal("serial", "With this number of the bank.")
    code: str | None = equal("code", "That came with this code, right or wrong.")
    state: ReceiptState | None = equal("state", "In this state.")
    suspense_cause: SuspenseCause | None = equal("suspense_cause", "In suspense for this.")
    unit: strawberry.ID | None = of("Unit", "unit_id", "On this unit's account.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    value_from: datetime.date | None = matches(
        lambda row, value: row.value_date >= value, Date(), "Of this day or later."
    )
    value_to: datetime.date | None = matches(
        lambda row, value: row.value_date <= value, Date(), "Of this day or before."
    )
    updated_since: DateTime | None = since()


@entity(
    models.FundReceipt,
    "Money that came into the maintenance fund (交存), as its bank reported it: posted by its code, or in suspense (待查).",
    orders=FUND_RECEIPT_ORDERS,
    filters=FundReceiptFilter,
    states=models.FundReceipt.state,
    sums={"amountSum": (models.FundReceipt.amount, "All amounts.")},
)
class FundReceipt:
    bank_account: "BankAccount | None" = one(models.FundReceipt.bank_account_id, "The account that it came to.")
    serial: str = column(models.FundReceipt.serial, "The bank's number of the entry.")
    code: str | None = column(models.FundReceipt.code, "The payment code that came with it, right or wrong.")
    amount: Fen = column(models.FundReceipt.amount, "How much.")
    value_date: datetime.date = column(models.FundReceipt.value_date, "The day from which it bears interest (起息日).")
    payer_name: str | None = column(
        models.FundReceipt.payer_name,
        "Who paid, as the bank wrote it.",
        to=WHO_KNOWS_THE_PAYER,
        personal=PersonalField.NAME,
    )
    receipt_number: str | None = column(
        models.FundReceipt.receipt_number, "Number of the special receipt handed out for it (专用票据号)."
    )
    demand: "FundDemand | None" = one(models.FundReceipt.demand_id, "The demand that it pays.")
    unit: "Unit | None" = one(
        models.FundReceipt.unit_id, "The unit on whose account it is (a bank does not see units)."
    )
    area: "PropertyArea | None" = one(models.FundReceipt.area_id, "The property area.")
    state: ReceiptState = column(models.FundReceipt.state, "Where the money is.")
    suspense_cause: SuspenseCause | None = column(models.FundReceipt.suspense_cause, "Why it is in suspense.")
    reason: str | None = column(
        models.FundReceipt.reason, "Why it was identified, taken off, sent back or reversed: the last of these."
    )
    return_instruction: "PaymentInstruction | None" = one(
        models.FundReceipt.return_id, "What the bank was told to send back."
    )
    created_at: DateTime = column(models.FundReceipt.created_at, "When it was recorded.")
    updated_at: DateTime = column(models.FundReceipt.updated_at, "Last change.")


@inputs("One credit of the fund's account.", item=True)
class FundDepositRecordItem:
    bank_account_id: strawberry.ID = ref("BankAccount", "The account that it came to.")
    serial: str = given("The bank's number of the entry: one deposit each, however often it is reported.")
    amount: Fen = given("How much.")
    value_date: datetime.date = given("The day from which it bears interest.")
    code: str | None = given("The payment code as the payer wrote it; left out, the money waits in suspense.")
    payer_name: str | None = given("Who paid.")
    receipt_number: str | None = given("Number of the special receipt handed out for it (专用票据号).")


@inputs("Report deposits, up to 100.")
class FundDepositRecordInput:
    items: list[FundDepositRecordItem] = given("The deposits.")


@inputs("Say under which demand money in suspense belongs.")
class FundSuspenseIdentifyInput:
    id: strawberry.ID = ref("FundReceipt", "The deposit.")
    demand_id: strawberry.ID = ref("FundDemand", "The demand that it pays.")
    reason: str = given("How that is known; the account's holder reads it.")


@inputs("Send money that nobody could identify back to its payer.")
class FundSuspenseReturnInput:
    id: strawberry.ID = ref("FundReceipt", "The deposit.")
    payee: PayeeInput = given("The payer's account.")
    reason: str = given("Why it cannot be identified, or to whom it belongs.")


@inputs("Take money off the account that it was posted to by mistake.")
class FundDepositTakeOffInput:
    id: strawberry.ID = ref("FundReceipt", "The deposit.")
    reason: str = given("What was wrong; the account's holder reads it.")


@inputs("Take a deposit back that the bank took off its account again.")
class FundDepositReverseInput:
    id: strawberry.ID = ref("FundReceipt", "The deposit.")
    serial: str = given("The bank's number of its correcting entry.")
    value_date: datetime.date = given("That entry's day.")
    reason: str = given("Why; the account's holder reads it.")


async def _record(uow: UnitOfWork, **item: Any) -> Any:
    return await fund_receipts.record(uow, **item)


QUERIES = {"fundReceipts": listing("FundReceipt", "Deposits to the maintenance fund that the caller may see.")}

MUTATIONS = [
    intent(
        "fundDepositRecord",
        _record,
        FundDepositRecordInput,
        "Report deposits to the maintenance fund. An open demand's code posts them at once; all others wait in suspense. "
        "Reporting the same money twice gives the deposit that is there. By the bank.",
        {"receipt": "FundReceipt"},
        items=FundDepositRecordItem,
    ),
    act(
        "fundSuspenseIdentify",
        fund_receipts.identify,
        FundSuspenseIdentifyInput,
        "Post money in suspense under the demand that it belongs to. By the bureau.",
        {"receipt": "FundReceipt", "demand": "FundDemand"},
    ),
    act(
        "fundSuspenseReturn",
        fund_receipts.send_back,
        FundSuspenseReturnInput,
        "Tell the bank to send money in suspense back to its payer. By the bureau.",
        {"receipt": "FundReceipt"},
        sensitive=True,
    ),
    act(
        "fundDepositTakeOff",
        fund_receipts.take_off,
        FundDepositTakeOffInput,
        "Take a deposit off the account that it was posted to by mistake; it waits in suspense. By the bureau.",
        {"receipt": "FundReceipt"},
        sensitive=True,
    ),
    act(
        "fundDepositReverse",
        fund_receipts.reverse,
        FundDepositReverseInput,
        "Take a deposit back that the bank took off its account again. By the bank.",
        {"receipt": "FundReceipt"},
    ),
]
