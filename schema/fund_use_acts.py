"""What people do with a fund request after its approval: one mutation per step (SM-6, SM-7)."""

import datetime

import strawberry

from resolvers import emergency_funds, fund_objections, fund_payments, fund_recoveries, fund_votes, fund_works
from schema import fund_use as types
from schema.acts import act
from schema.common import Fen
from schema.engine.intents import given, inputs, ref
from schema.fund_acts import PAPERS, REQUEST, FundRequestReasonInput, FundRequestStepInput, FundRequestVerifyInput
from schema.payment_instructions import PayeeInput

ENUMERATIONS_FROM = types
"""Its module gives the enumerations below to the schema."""


@inputs("Enter the contractor and the signed contract.")
class FundRequestContractInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    payee: PayeeInput = given("The contractor, and the account that alone is paid.")
    price: Fen = given("The contract's price, in fen; at most the budget and what the profile allows beyond it.")
    signed_on: datetime.date = given("Day of the signatures.")
    credit_code: str | None = given("The contractor's unified social credit code.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Correct the contractor's account.")
class FundRequestAmendContractInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    account: str = given("The number of the contractor's account.")
    bank_code: str = given("The 12-digit line number of its bank (联行号).")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Record what a developer paid in cash of the part that it bears itself.")
class FundShareRecordCashInput:
    id: strawberry.ID = ref("FundShare", "The developer's part.")
    amount: Fen = given("How much, in fen; at most what is open of it.")
    paid_on: datetime.date = given("When; after the contract.")
    document_ids: list[strawberry.ID] = ref("Document", "The contractor's invoice among them, confirmed.")


@inputs("Report or certify how far the work is.")
class FundRequestProgressInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    percent: int = given("How much of it is done, 1 to 100.")
    note: str = given("What was seen.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Enter what the work cost in the end.")
class FundRequestSettleInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    settled_cost: Fen = given("The settled cost, in fen.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Order idle parties to act.")
class FundRequestOrderInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    ordered_to: datetime.date = given("The last day on which they may act themselves.")
    reason: str = given("What they left undone, for the record.")


@inputs("Object to a posted settlement.")
class FundRequestObjectInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    unit_id: strawberry.ID = ref("Unit", "The own unit, which bears a part.")
    reason: str = given("Why.")


@inputs("Answer an objection.")
class FundObjectionAnswerInput:
    id: strawberry.ID = ref("FundObjection", "The objection.")
    upheld: bool = given("Whether the settlement goes back to be made anew.")
    answer: str = given("The answer to the owner.")


@inputs("Demand misused money back.")
class FundRecoveryOpenInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    amount: Fen = given("How much was misused, in fen; at most what was paid.")
    party: str = given("Who has to pay it back.")
    note: str = given("What happened.")
    gains: Fen | None = given("Unlawful gains that are confiscated, in fen.")
    fine: Fen | None = given("The fine, in fen; at most twice the amount.")
    warned_on: datetime.date | None = given("Day of the warning.")
    blacklist: bool | None = given("Whether the party shall be proposed for the black list.")


@inputs("Record recovered money that came in.")
class FundRecoveryReceiveInput:
    id: strawberry.ID = ref("FundRecovery", "The recovery.")
    serial: str = given("The bank's own number of the movement (流水号).")
    value_date: datetime.date = given("The bank's value date.")
    amount: Fen = given("How much came, in fen; at most what is missing.")


@inputs("Go on with a request whose decision was annulled.")
class FundRequestResumeInput:
    id: strawberry.ID = ref("FundRequest", REQUEST)
    vote_id: strawberry.ID = ref(
        "Vote", "The new vote of its owners on this one matter: held here since, passed and final."
    )
    reason: str = given("Why it goes on, for the record.")


_CASE = {"fundRequest": "FundRequest"}
_RECOVERY = {"fundRecovery": "FundRecovery"}
_OBJECTION = {"fundObjection": "FundObjection"}

MUTATIONS = [
    act(
        "fundRequestContract",
        fund_works.contract,
        FundRequestContractInput,
        "Enter the contractor and the contract. COMMITTEE, or who stands in for it.",
        {**_CASE, "fundContract": "FundContract"},
        sensitive=True,
    ),
    act(
        "fundRequestAmendContract",
        fund_works.amend_contract,
        FundRequestAmendContractInput,
        "Correct the contractor's account. COMMITTEE, or who stands in for it.",
        {**_CASE, "fundContract": "FundContract"},
        sensitive=True,
    ),
    act(
        "fundRequestPay",
        fund_payments.pay,
        FundRequestStepInput,
        "Instruct the bank to pay what is due. BUREAU, the cashier; not who decided in the case.",
        {**_CASE, "fundPayment": "FundPayment"},
        sensitive=True,
    ),
    act("fundRequestStart", fund_works.start, FundRequestStepInput, "Say that the work begins.", _CASE),
    act(
        "fundRequestReportProgress",
        fund_works.report_progress,
        FundRequestProgressInput,
        "Report how far the work is. The company, the committee or who stands in for it.",
        {**_CASE, "fundProgress": "FundProgress"},
    ),
    act(
        "fundRequestCertify",
        fund_works.certify,
        FundRequestProgressInput,
        "Certify the progress, which makes the next stage due. COMMITTEE, or who stands in for it.",
        {**_CASE, "fundProgress": "FundProgress"},
    ),
    act(
        "fundRequestSettle",
        fund_works.settle,
        FundRequestSettleInput,
        "Enter the settled cost with its papers; above the profile's amount with the audit.",
        _CASE,
    ),
    act(
        "fundRequestVerifyUse",
        fund_works.verify_use,
        FundRequestVerifyInput,
        "Verify what the money was used for, with signature and seal. TOWNSHIP.",
        _CASE,
    ),
    act(
        "fundRequestApportion",
        fund_works.apportion,
        FundRequestStepInput,
        "Make every bearer's part final; what was overpaid is demanded back. BUREAU.",
        _CASE,
    ),
    act(
        "fundRequestClose",
        fund_works.close,
        FundRequestStepInput,
        "Close it and free the rest of its earmark. BUREAU.",
        _CASE,
    ),
    act(
        "fundShareRecordCash",
        fund_works.record_cash,
        FundShareRecordCashInput,
        "Record what a developer without a deposit paid of its part itself, beside the fund. COMMITTEE, BUREAU.",
        {**_CASE, "fundShare": "FundShare"},
    ),
    act(
        "fundRequestResume",
        fund_votes.resume,
        FundRequestResumeInput,
        "Go on with what was stopped because its decision was annulled, on a new vote. BUREAU.",
        _CASE,
    ),
    act(
        "fundRequestTerminate",
        fund_votes.terminate,
        FundRequestReasonInput,
        "End what was stopped because its decision was annulled. BUREAU.",
        _CASE,
    ),
    act(
        "fundRequestOrder",
        emergency_funds.order,
        FundRequestOrderInput,
        "Order parties that leave a danger alone to act until a day. TOWNSHIP.",
        _CASE,
    ),
    act(
        "fundRequestOrganise",
        emergency_funds.organise,
        FundRequestStepInput,
        "Organise the repair after an order in vain, charged to the fund. TOWNSHIP.",
        _CASE,
    ),
    act(
        "fundRequestObject",
        fund_objections.object_,
        FundRequestObjectInput,
        "Object to a posted settlement; the last payment waits. OWNER of a unit that bears a part.",
        _OBJECTION,
    ),
    act(
        "fundObjectionAnswer",
        fund_objections.answer,
        FundObjectionAnswerInput,
        "Answer an objection: dismissed, or upheld and the settlement goes back. TOWNSHIP.",
        _OBJECTION,
    ),
    act(
        "fundRecoveryOpen",
        fund_recoveries.open_,
        FundRecoveryOpenInput,
        "Demand misused money back. TOWNSHIP or BUREAU.",
        _RECOVERY,
    ),
    act(
        "fundRecoveryReceive",
        fund_recoveries.receive,
        FundRecoveryReceiveInput,
        "Record recovered money that came in: the bearers' accounts have it again. BUREAU, the cashier.",
        _RECOVERY,
        sensitive=True,
    ),
]
