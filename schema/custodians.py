"""Custodian banks: tenders and bids, contracts with their assessments, transfers of what they held (SM-17, SL-1 to SL-4)."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.custodians import CustodianState, TenderState, TransferState
from domain.profiles.parameters import BankItem
from models import custodians as models
from resolvers import custodians, custody_transfers
from schema.acts import COUNTY, act
from schema.cases import available_actions_of, document_ids_of, events_of
from schema.common import JSON, DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import column, derived, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.attachments import Document
    from schema.cases import AuditEvent, AvailableAction
    from schema.custody import BankAccount
    from schema.estates import Building

for _enumeration in (BankItem, CustodianState, TenderState, TransferState):
    described(_enumeration)

_SCORES = "Points by item: `item`, `points`."

CUSTODIAN_TENDER_ORDERS = orders(
    "CustodianTenderOrder",
    "How tenders are ordered.",
    NEWEST=(descending(models.CustodianTender.updated_at), "Last changed first."),
)


@entity(
    models.CustodianTender,
    "A tender for banks that shall keep the county's accounts (专户管理银行招标); its scores are published.",
    orders=CUSTODIAN_TENDER_ORDERS,
    states=models.CustodianTender.state,
)
class CustodianTender:
    title: str = column(models.CustodianTender.title, "What is tendered.")
    state: TenderState = column(models.CustodianTender.state, "Where it stands.")
    published_on: datetime.date = column(models.CustodianTender.published_on, "Published on.")
    closes_on: datetime.date = column(models.CustodianTender.closes_on, "The last day for bids.")
    scored_on: datetime.date | None = column(models.CustodianTender.scored_on, "When scores were published.")
    awarded_on: datetime.date | None = column(models.CustodianTender.awarded_on, "When it was awarded.")
    document_ids: list[strawberry.ID] = document_ids_of(
        models.CustodianTender, models.CustodianTender.document_ids, "Its papers, as ids of documents."
    )
    bids: Connection["CustodianBid"] = many(models.CustodianBid.tender_id, "The bids, once they are scored.")
    version: int = column(models.CustodianTender.version, "Counts up with every change.")
    updated_at: DateTime = column(models.CustodianTender.updated_at, "Last change.")
    events: Connection["AuditEvent"] = events_of(models.CustodianTender)


CUSTODIAN_BID_ORDERS = orders(
    "CustodianBidOrder",
    "How bids are ordered.",
    NEWEST=(descending(models.CustodianBid.id), "Last entered first."),
)


@entity(models.CustodianBid, "A bank's bid with its points (投标).", orders=CUSTODIAN_BID_ORDERS)
class CustodianBid:
    tender: "CustodianTender" = one(models.CustodianBid.tender_id, "The tender.")
    bank_name: str = column(models.CustodianBid.bank_name, "The bank.")
    scores: JSON = column(models.CustodianBid.scores, _SCORES)
    points: int = column(models.CustodianBid.points, "Of 100.")
    won: bool = column(models.CustodianBid.won, "Whether it won.")


CUSTODIAN_MEASURES_ORDERS = orders(
    "CustodianMeasuresOrder",
    "How measures are ordered.",
    NEWEST=(descending(models.CustodianMeasures.issued_on), "Latest first."),
)


@entity(
    models.CustodianMeasures,
    "The measures by which custodian banks are assessed from a day on (考核办法, SL-2).",
    orders=CUSTODIAN_MEASURES_ORDERS,
)
class CustodianMeasures:
    title: str = column(models.CustodianMeasures.title, "What they are called.")
    issued_on: datetime.date = column(models.CustodianMeasures.issued_on, "From this day on.")
    document: "Document | None" = one(models.CustodianMeasures.document_id, "The paper.")
    profile_version: str = column(models.CustodianMeasures.profile_version, "Whose items and points they hold for.")


CUSTODIAN_ORDERS = orders(
    "CustodianOrder",
    "How custodian banks are ordered.",
    NEWEST=(descending(models.Custodian.updated_at), "Last changed first."),
)


@filters("Which custodian banks. All given conditions must hold.")
class CustodianFilter:
    state: CustodianState | None = equal("state", "In this state.")
    updated_since: DateTime | None = since()


@entity(
    models.Custodian,
    "A bank that has won a tender, from its award to the closing of its accounts (SM-17).",
    orders=CUSTODIAN_ORDERS,
    filters=CustodianFilter,
    states=models.Custodian.state,
)
class Custodian:
    bank_name: str = column(models.Custodian.bank_name, "The bank.")
    bid: "CustodianBid | None" = one(models.Custodian.bid_id, "The bid that won.")
    state: CustodianState = column(models.Custodian.state, "Where it stands.")
    state_since: DateTime = column(models.Custodian.state_since, "Since when.")
    due_on: datetime.date | None = column(models.Custodian.due_on, "The last day for the next step.")
    is_overdue: bool | None = derived(lambda row, env: row.due_on < env.today, "Whether that day has passed.")
    client_id: str | None = column(models.Custodian.client_id, "Its system: the accounts that this serves are its own.")
    contract_number: str | None = column(models.Custodian.contract_number, "The contract's number.")
    contract_from: datetime.date | None = column(models.Custodian.contract_from, "The contract's first day.")
    contract_to: datetime.date | None = column(models.Custodian.contract_to, "Its last day.")
    year_end: datetime.date | None = column(models.Custodian.year_end, "The last day of the year assessed next.")
    objection: str | None = column(models.Custodian.objection, "What the bank says against being found unqualified.")
    terminated_on: datetime.date | None = column(models.Custodian.terminated_on, "Terminated on.")
    assessments: Connection["CustodianAssessment"] = many(models.CustodianAssessment.custodian_id, "Year by year.")
    version: int = column(models.Custodian.version, "Counts its changes.")
    updated_at: DateTime = column(models.Custodian.updated_at, "Last change.")
    available_actions: "list[AvailableAction]" = available_actions_of(  # type: ignore[valid-type]
        models.Custodian,
        models.Custodian.client_id,
        models.Custodian.contract_from,
        models.Custodian.year_end,
        models.Custodian.objection,
    )
    events: Connection["AuditEvent"] = events_of(models.Custodian)


CUSTODIAN_ASSESSMENT_ORDERS = orders(
    "CustodianAssessmentOrder",
    "How assessments are ordered.",
    NEWEST=(descending(models.CustodianAssessment.id), "Latest first."),
)


@entity(
    models.CustodianAssessment,
    "What a year's assessment of a custodian bank gave (年度考核, SL-3).",
    orders=CUSTODIAN_ASSESSMENT_ORDERS,
)
class CustodianAssessment:
    custodian: "Custodian" = one(models.CustodianAssessment.custodian_id, "The bank.")
    measures: "CustodianMeasures" = one(models.CustodianAssessment.measures_id, "By which measures.")
    year: int = column(models.CustodianAssessment.year, "The year assessed.")
    scores: JSON = column(models.CustodianAssessment.scores, _SCORES)
    points: int = column(models.CustodianAssessment.points, "Of 100.")
    qualified: bool = column(models.CustodianAssessment.qualified, "Whether they are enough.")
    reason: str = column(models.CustodianAssessment.reason, "Why.")
    assessed_on: datetime.date = column(models.CustodianAssessment.assessed_on, "Assessed on.")


CUSTODY_TRANSFER_ORDERS = orders(
    "CustodyTransferOrder",
    "How transfers are ordered.",
    NEWEST=(descending(models.CustodyTransfer.updated_at), "Last changed first."),
)


@filters("Which transfers. All given conditions must hold.")
class CustodyTransferFilter:
    state: TransferState | None = equal("state", "In this state.")
    from_account: strawberry.ID | None = of("BankAccount", "from_account_id", "From this account.")
    to_account: strawberry.ID | None = of("BankAccount", "to_account_id", "To this account.")
    updated_since: DateTime | None = since()


@entity(
    models.CustodyTransfer,
    "An owner's money on its way from one account of the county to another (专户划转).",
    orders=CUSTODY_TRANSFER_ORDERS,
    filters=CustodyTransferFilter,
    states=models.CustodyTransfer.state,
    sums={"amountSum": (models.CustodyTransfer.amount, "Sum of the amounts, in fen.")},
)
class CustodyTransfer:
    from_account: "BankAccount | None" = one(
        models.CustodyTransfer.from_account_id, "Where it was; null for the bank that gets it."
    )
    to_account: "BankAccount | None" = one(
        models.CustodyTransfer.to_account_id, "Where it goes; null for the bank that had it."
    )
    area: "PropertyArea | None" = one(models.CustodyTransfer.area_id, "Whose: the property area.")
    building: "Building | None" = one(models.CustodyTransfer.building_id, "Whose: the building without an area.")
    amount: Fen = column(models.CustodyTransfer.amount, "In fen: all that it had there.")
    state: TransferState = column(models.CustodyTransfer.state, "Where it stands.")
    serial: str | None = column(models.CustodyTransfer.serial, "The receiving bank's number of it.")
    arrived_on: datetime.date | None = column(models.CustodyTransfer.arrived_on, "Value date of its arrival.")
    version: int = column(models.CustodyTransfer.version, "Counts up with every change.")
    updated_at: DateTime = column(models.CustodyTransfer.updated_at, "Last change.")


_PAPERS = "Confirmed documents to attach."
_THE_BANK = "The custodian bank."


@inputs("Points for one item.", item=True)
class BankScoreInput:
    item: BankItem = given("The item.")
    points: int = given("Its points, at most what the county's profile says.")


@inputs("A bank's bid.", item=True)
class CustodianBidInput:
    bank_name: str = given("The bank.")
    scores: list[BankScoreInput] = given("Points for each item of the profile, once.")


@inputs("Publish a tender for custodian banks.")
class CustodianTenderOpenInput:
    county: str | None = given(COUNTY)
    title: str = given("What is tendered.")
    closes_on: datetime.date = given("The last day for bids; today or later.")
    document_ids: list[strawberry.ID] | None = ref("Document", _PAPERS)


@inputs("Score a tender's bids.")
class CustodianTenderEvaluateInput:
    id: strawberry.ID = ref("CustodianTender", "The tender.")
    bids: list[CustodianBidInput] = given("All bids; three at least.")
    document_ids: list[strawberry.ID] | None = ref("Document", _PAPERS)


@inputs("Award a tender.")
class CustodianTenderAwardInput:
    id: strawberry.ID = ref("CustodianTender", "The tender.")
    bid_ids: list[strawberry.ID] = ref("CustodianBid", "Who wins: one bank or several, those with the most points.")
    document_ids: list[strawberry.ID] = ref(
        "Document", "Confirmed documents, the award notice (中标通知书) among them."
    )


@inputs("Record a custodian's contract.")
class CustodianSignInput:
    id: strawberry.ID = ref("Custodian", _THE_BANK)
    client_id: str = given("Its system, from its agreement with the scope `funds:custody`.")
    contract_number: str = given("The contract's number.")
    contract_from: datetime.date = given("The contract's first day: it begins by itself.")
    contract_to: datetime.date = given("Its last day.")
    document_ids: list[strawberry.ID] = ref("Document", "Confirmed documents, the contract among them.")


@inputs("Issue measures of assessment.")
class CustodianMeasuresIssueInput:
    county: str | None = given(COUNTY)
    title: str = given("What they are called.")
    document_id: strawberry.ID = ref("Document", "The paper: a confirmed document of the kind ASSESSMENT_MEASURES.")


@inputs("Assess a custodian bank for the past year.")
class CustodianAssessInput:
    id: strawberry.ID = ref("Custodian", _THE_BANK)
    scores: list[BankScoreInput] = given("Points for each item of the profile, once.")
    reason: str = given("What was found.")


@inputs("Object to being found unqualified.")
class CustodianObjectInput:
    id: strawberry.ID = ref("Custodian", _THE_BANK)
    objection: str = given("What speaks against it.")


@inputs("Terminate an unqualified custodian's contract.")
class CustodianTerminateInput:
    id: strawberry.ID = ref("Custodian", _THE_BANK)
    reason: str = given("Why.")
    document_ids: list[strawberry.ID] = ref("Document", "Confirmed documents, the termination notice among them.")


@inputs("Find that nothing is left on a terminated custodian's accounts.")
class CustodianRecordTransferInput:
    id: strawberry.ID = ref("Custodian", _THE_BANK)


@inputs("Close a terminated custodian's accounts.")
class CustodianCloseInput:
    id: strawberry.ID = ref("Custodian", _THE_BANK)
    reason: str = given("Why, for the record.")


@inputs("Order all that an account holds to another one.")
class CustodyTransferOrderInput:
    from_account_id: strawberry.ID = ref("BankAccount", "Where it is.")
    to_account_id: strawberry.ID = ref("BankAccount", "Where it goes: an open account for the same purpose.")


@inputs("Report the arrival of a transfer.")
class CustodyTransferArrivedInput:
    id: strawberry.ID = ref("CustodyTransfer", "The transfer.")
    serial: str = given("The receiving bank's own number of it (流水号).")
    value_date: datetime.date = given("From when it counts (起息日).")


QUERIES = {
    "custodianTenders": listing("CustodianTender", "Tenders for custodian banks."),
    "custodians": listing("Custodian", "Custodian banks that the caller may see."),
    "custodianMeasures": listing("CustodianMeasures", "Measures by which custodian banks are assessed."),
    "custodyTransfers": listing("CustodyTransfer", "Transfers between accounts that the caller may see."),
}

_TENDER, _ONE = {"tender": "CustodianTender"}, {"custodian": "Custodian"}

MUTATIONS = [
    act("custodianTenderOpen", custodians.tender_open, CustodianTenderOpenInput, "Publish a tender. BUREAU.", _TENDER),
    act(
        "custodianTenderEvaluate",
        custodians.tender_evaluate,
        CustodianTenderEvaluateInput,
        "Score the bids and publish them. BUREAU.",
        _TENDER,
    ),
    act(
        "custodianTenderAward",
        custodians.tender_award,
        CustodianTenderAwardInput,
        "Award it to one or more banks. BUREAU, with the power `funds:approve`.",
        _TENDER,
        sensitive=True,
    ),
    act(
        "custodianSign",
        custodians.sign,
        CustodianSignInput,
        "Record the signed contract. BUREAU.",
        _ONE,
        sensitive=True,
    ),
    act(
        "custodianMeasuresIssue",
        custodians.measures_issue,
        CustodianMeasuresIssueInput,
        "Issue the measures of assessment. BUREAU.",
        {"measures": "CustodianMeasures"},
    ),
    act(
        "custodianAssess",
        custodians.assess,
        CustodianAssessInput,
        "Assess the past year by 31 January, or again after an objection. BUREAU.",
        _ONE,
    ),
    act("custodianObject", custodians.object_, CustodianObjectInput, "Object within ten days. BANK.", _ONE),
    act(
        "custodianTerminate",
        custodians.terminate,
        CustodianTerminateInput,
        "Terminate the contract: the accounts pay nothing but the transfer. BUREAU, with the power `funds:approve`.",
        _ONE,
        sensitive=True,
    ),
    act(
        "custodianRecordTransfer",
        custodians.record_transfer,
        CustodianRecordTransferInput,
        "Find that not a fen is left on its accounts. BUREAU.",
        _ONE,
    ),
    act("custodianClose", custodians.close, CustodianCloseInput, "Close its accounts. BUREAU.", _ONE, sensitive=True),
    act(
        "custodyTransferOrder",
        custody_transfers.order,
        CustodyTransferOrderInput,
        "Order all that an account holds for areas to another one, an instruction each. BUREAU, with the power `funds:approve`.",
        {"bankAccount": "BankAccount"},
        sensitive=True,
    ),
    act(
        "custodyTransferArrived",
        custody_transfers.arrived,
        CustodyTransferArrivedInput,
        "Report the arrival of a transfer, as the bank that gets it. BANK.",
        {"transfer": "CustodyTransfer"},
    ),
]
