"""What people do about fees: define and post charges, issue bills, pay, dispute, reduce, take back (RULES §4, SM-14)."""

import datetime
from typing import Any

import strawberry

from domain.bills import ChargeBasis, ChargeCategory, DisputeOutcome
from domain.estates import UnitUse
from domain.meters import MeterKind
from domain.payments import Channel
from domain.profiles.parameters import BuildingType
from resolvers import bill_runs, bills, charge_items, due_bill_runs, payments, prepaid, receipts
from resolvers.unit_of_work import UnitOfWork
from schema.acts import COUNTY, act
from schema.common import Fen
from schema.engine.intents import given, inputs, intent, ref
from schema.engine.types import described, plain_type
from schema.engine.values import Ref, encode_id

for _enumeration in (BuildingType, Channel, ChargeBasis, ChargeCategory, DisputeOutcome, UnitUse):
    described(_enumeration)

REASON = "Why, for the record and for whom it concerns."


@inputs("Define what a company charges under its contract.", keyed=False)
class ChargeItemDefineInput:
    contract_id: strawberry.ID = ref("ServiceContract", "The contract whose standard it is (ZD-47).")
    code: str = given("A code within the property area.")
    name: str = given("The name, as it will stand on bills.")
    category: ChargeCategory = given("What it is for.")
    basis: ChargeBasis = given("What the price is multiplied by.")
    unit_price: Fen = given("Fen a month for each m², unit or space; for ONCE, at all.")
    period_months: int = given("How many months a bill covers, 1 to 12.")
    service_content: str = given("Grade and content of the service (ZS-26).")
    valid_from: datetime.date = given("First day that it is charged for.")
    valid_to: datetime.date | None = given("Last day; left out: until further notice.")
    due_days: int | None = given("Days from a bill's issue to its due date; 30 when left out.")
    unit_use: UnitUse | None = given("Only for units of this use; left out: all billed uses.")
    building_type: BuildingType | None = given("For which dwellings, where a guide price applies (FEE-5).")
    star: int | None = given("The star of the service, where a guide price applies.")
    late_fee_rate: int | None = given("Agreed late fee a day in 1/100,000 of the principal; left out: none (FEE-9).")
    late_fee_agreed: bool | None = given("The contract agrees a late fee and names no rate: the county's is taken.")
    vacancy_percent: int | None = given(
        "What the contract agrees for a vacant unit, in % of the price, 1 to 99; left out: the full price (FEE-4)."
    )
    vacancy_after_months: int | None = given("After how many months of vacancy in a row that begins; 0 when left out.")
    utility: MeterKind | None = given("What the meters count; needed where the basis is METERED.")
    replaces_id: strawberry.ID | None = ref("ChargeItem", "The item that it takes over from; that one ends on the eve.")


@inputs("Post charges on the area's board; then they can be billed.")
class ChargeItemsDiscloseInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    charge_item_ids: list[strawberry.ID] = ref("ChargeItem", "Charges to add to those that hang there.")
    objection_contact: str = given("Where an owner objects.")


@inputs("Name the posting that shows a charge item.", keyed=False)
class ChargeItemDiscloseInput:
    id: strawberry.ID = ref("ChargeItem", "The charge item.")
    disclosure_id: strawberry.ID = ref("Disclosure", "The posting, whose content names the price by the item's code.")


@inputs("Charge an item no longer.", keyed=False)
class ChargeItemEndInput:
    id: strawberry.ID = ref("ChargeItem", "The charge item.")
    last_day: datetime.date = given("The last day that it is charged for.")
    reason: str = given(REASON)


@inputs("Start issuing a charge item's bills of a period (出账).")
class BillRunStartInput:
    charge_item_id: strawberry.ID = ref("ChargeItem", "The charge item.")
    period_from: datetime.date = given("First day of the period; not after the start of next month (FEE-4).")
    period_to: datetime.date | None = given("Last day; left out, as long as the item's bills cover.")


plain_type(
    "BillRunRefused",
    "A charge item whose run was not started.",
    {
        "item": ("strawberry.ID", "The charge item's id."),
        "name": ("str", "Its name."),
        "code": ("str", "Why, as the code of an error, such as ITEM_NOT_DISCLOSED."),
    },
)
plain_type(
    "BillRunsStarted",
    "What came of starting the due bill runs.",
    {
        "started": ("int", "How many runs were started; `billRuns` shows how each gets on."),
        "left": ("int", "How many due items are left for a further call."),
        "refused": ("list[BillRunRefused]", "Items that may not be billed as things stand."),
    },
)


@inputs("Start all due bill runs of a period at once.", keyed=False)
class BillRunsStartInput:
    period_from: datetime.date = given("First day of the period; not after the start of next month (FEE-4).")
    county: str | None = given(COUNTY)


@inputs("Record that one bill was paid.")
class FeeBillPayInput:
    id: strawberry.ID = ref("FeeBill", "The bill.")
    amount: Fen = given("How much; at most what is open on it.")
    channel: Channel = given("How the money came: BANK for a bank, CASH, POS or TRANSFER for the company.")
    reference: str = given("The bank's transaction number, or the receipt's number: one payment each.")
    received_on: datetime.date = given("The day the money came.")
    payer_name: str | None = given("Who paid.")


@inputs("One payment of a list.", item=True)
class PaymentRecordItem:
    unit_id: strawberry.ID = ref("Unit", "The unit that it is for.")
    company_id: strawberry.ID = ref("Company", "The company that it is paid to.")
    amount: Fen = given("How much.")
    channel: Channel = given("How the money came: BANK for a bank, CASH, POS or TRANSFER for the company.")
    reference: str = given("The bank's transaction number, or the receipt's number: one payment each.")
    received_on: datetime.date = given("The day the money came.")
    payer_name: str | None = given("Who paid.")
    bill_ids: list[strawberry.ID] | None = ref("FeeBill", "The bills that the payer named; otherwise the oldest first.")


@inputs("Record payments, up to 100; each settles what is due first and keeps the rest for later bills (FEE-11).")
class PaymentRecordInput:
    items: list[PaymentRecordItem] = given("The payments.")


@inputs("Take a payment back: its bills are open again.")
class PaymentReverseInput:
    id: strawberry.ID = ref("Payment", "The payment.")
    reason: str = given(REASON)


@inputs("Put what a payment left over towards open bills.")
class PrepaidApplyInput:
    id: strawberry.ID = ref("Payment", "The payment.")
    bill_ids: list[strawberry.ID] | None = ref("FeeBill", "The bills that the payer named; otherwise the oldest first.")


@inputs("Dispute a bill; it rests until the company answers (账单异议).")
class BillDisputeInput:
    id: strawberry.ID = ref("FeeBill", "The bill.")
    reason: str = given("What is wrong with it.")


@inputs("Take the open dispute of a bill back.")
class BillDisputeWithdrawInput:
    id: strawberry.ID = ref("FeeBill", "The bill.")


@inputs("Answer the open dispute of a bill.")
class BillDisputeAnswerInput:
    id: strawberry.ID = ref("FeeBill", "The bill.")
    outcome: DisputeOutcome = given("Whether the bill stands or is reduced.")
    answer: str = given("The answer to the payer.")
    reduction: Fen | None = given("By how much it is reduced, where it is.")


@inputs("Reduce a bill. What was paid above the new amount is kept for later bills.")
class BillAdjustInput:
    id: strawberry.ID = ref("FeeBill", "The bill.")
    reduction: Fen = given("By how much.")
    reason: str = given(REASON)


@inputs("Take a bill back. What was paid on it is kept for later bills.")
class BillVoidInput:
    id: strawberry.ID = ref("FeeBill", "The bill.")
    reason: str = given(REASON)


_DISPUTED = {"bill": "FeeBill", "dispute": "BillDispute"}


async def _start_due(uow: UnitOfWork, **given: Any) -> dict[str, Any]:
    found = await due_bill_runs.start_due(uow, **given)
    return {
        "started": len(found.runs),
        "left": found.left,
        "refused": [
            {
                "item": encode_id(Ref("ChargeItem", uow.county, one.item.id)),
                "name": one.item.name,
                "code": one.refusal.code.value,
            }
            for one in found.refused
        ],
    }


async def _record(uow: UnitOfWork, **item: Any) -> Any:
    return await receipts.payment_record(uow, **{name: value for name, value in item.items() if value is not None})


MUTATIONS = [
    act(
        "chargeItemDefine",
        charge_items.charge_item_define,
        ChargeItemDefineInput,
        "Define a charge item. Where a guide price applies, not above its ceiling (FEE-5).",
        {"item": "ChargeItem"},
        keyed=False,
    ),
    act(
        "chargeItemsDisclose",
        charge_items.charge_items_disclose,
        ChargeItemsDiscloseInput,
        "Post charges on the area's board (ZS-26, TQ-69, TQ-73).",
        {"disclosure": "Disclosure"},
    ),
    act(
        "chargeItemDisclose",
        charge_items.charge_item_disclose,
        ChargeItemDiscloseInput,
        "Name the posting that shows a charge item, where it was posted otherwise.",
        {"item": "ChargeItem", "shown": "ChargeItemDisclosure"},
        keyed=False,
    ),
    act(
        "chargeItemEnd",
        charge_items.charge_item_end,
        ChargeItemEndInput,
        "End a charge item; what was billed stays.",
        {"item": "ChargeItem"},
        keyed=False,
    ),
    act(
        "billRunStart",
        bill_runs.bill_run_start,
        BillRunStartInput,
        "Start a bill run; follow its progress on the run.",
        {"run": "BillRun"},
    ),
    act(
        "billRunsStart",
        _start_due,
        BillRunsStartInput,
        "Start the runs of all charges by the calendar that are due and not billed yet, in all areas of the company, up to "
        "500 at once. What is billed already is left alone, so calling again starts nothing twice.",
        {"runs": "BillRunsStarted"},
        keyed=False,
    ),
    act(
        "feeBillPay",
        payments.fee_bill_pay,
        FeeBillPayInput,
        "Record that one bill was paid, in full or in part: by the bank's client, or by the company that took the money.",
        {"payment": "Payment", "bill": "FeeBill"},
        at_once=payments.pay_at_once,
    ),
    intent(
        "paymentRecord",
        _record,
        PaymentRecordInput,
        "Record payments that name no bill, or several. Reporting the same money twice gives the payment that is there.",
        {"payment": "Payment"},
        items=PaymentRecordItem,
    ),
    act(
        "paymentReverse",
        receipts.payment_reverse,
        PaymentReverseInput,
        "Take a payment back: by the bank its own, by the company its own, by the bureau what was brought in.",
        {"payment": "Payment"},
        sensitive=True,
    ),
    act(
        "prepaidApply",
        prepaid.prepaid_apply,
        PrepaidApplyInput,
        "Put what a payment left over towards the unit's open bills of that company (FEE-11). By the company.",
        {"payment": "Payment"},
    ),
    act("billDispute", bills.bill_dispute, BillDisputeInput, "Dispute a bill, paid or not.", _DISPUTED),
    act(
        "billDisputeWithdraw",
        bills.bill_dispute_withdraw,
        BillDisputeWithdrawInput,
        "Take the open dispute of a bill back.",
        _DISPUTED,
    ),
    act(
        "billDisputeAnswer",
        bills.bill_dispute_answer,
        BillDisputeAnswerInput,
        "Answer the open dispute of a bill, within the county's days (SM-14).",
        _DISPUTED,
    ),
    act(
        "billAdjust",
        bills.bill_adjust,
        BillAdjustInput,
        "Reduce a bill, with a reason.",
        {"bill": "FeeBill", "adjustment": "BillAdjustment"},
    ),
    act("billVoid", bills.bill_void, BillVoidInput, "Take a bill back, with a reason.", {"bill": "FeeBill"}),
]
