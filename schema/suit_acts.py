"""What companies and courts do about suits: prepare, refer, correct; receive, file, decide (SL-36, SL-37, FEE-13..18)."""

import datetime
from typing import Any

import strawberry

from domain.suits import SuitResult
from resolvers import courts, suit_files, suits
from resolvers.unit_of_work import UnitOfWork
from schema.acts import act
from schema.common import Fen
from schema.engine.intents import given, inputs, intent, ref
from schema.engine.types import plain_type
from schema.engine.values import Ref, encode_id

CASE = "The dunning case."

plain_type(
    "SuitDefendant",
    "Who a defendant is. It is read for the purpose that was named, and the read is on record.",
    {
        "party": ("strawberry.ID", "The party's id."),
        "values": ("list[PersonalValue]", "Name, number of the document, phone."),
    },
)
plain_type("SuitDefendants", "The defendants of a suit.", {"defendants": ("list[SuitDefendant]", "In their order.")})


@inputs("Put a case's evidence together for suit.")
class SuitPrepareInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    agent_name: str | None = given("Who acts for the company (诉讼代理人).")
    agent_contact: str | None = given("Where that agent is reached.")
    service_address: str | None = given("Where the debtor is served; the unit's address when left out.")
    document_ids: list[strawberry.ID] | None = ref(
        "Document", "Papers to attach: statement of claim, power of attorney."
    )


@inputs("Refer prepared cases of one company and estate to a court.")
class SuitReferInput:
    case_ids: list[strawberry.ID] = ref("DunningCase", "The cases, up to 100.")
    court_client_id: str = given("The court's client id, as the county's agreement names it.")


@inputs("Have the evidence of similar cases written as one ZIP.", keyed=False)
class SuitPackWriteInput:
    case_ids: list[strawberry.ID] = ref("DunningCase", "Cases of one company and property area, up to 100.")


@inputs("Fetch an evidence pack.", keyed=False)
class SuitPackReadInput:
    id: strawberry.ID = ref("SuitPack", "The pack.")


@inputs("Hand in what the court asked for.")
class SuitCorrectInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    note: str | None = given("In words.")
    document_ids: list[strawberry.ID] | None = ref("Document", "The papers.")


@inputs("A referred case.")
class SuitStepInput:
    id: strawberry.ID = ref("DunningCase", CASE)


@inputs("Ask the company for a correction (补正).")
class SuitCorrectionWantInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    wanted: list[str] = given("What is to be corrected, item by item.")
    due_on: datetime.date = given("By when.")


@inputs("The number under which the court mediates before filing.")
class SuitMediationNumberInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    number: str = given("The number.")


@inputs("File a suit (立案).")
class SuitFileInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    case_number: str = given("The court's case number (案号).")
    filed_on: datetime.date | None = given("The day; today when left out.")
    payment_order: bool | None = given("Whether a payment order was applied for (支付令), instead of a suit.")


@inputs("Issue a payment order (支付令).")
class SuitOrderIssueInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    amount: Fen = given("What the debtor shall pay, in fen.")
    served_on: datetime.date = given("When the debtor got it; the days to object count from then.")


@inputs("A step that needs a reason.")
class SuitReasonInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    reason: str = given("Why.")


@inputs("Record how a suit ended.")
class SuitResultRecordInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    result: SuitResult = given("Judged, settled or withdrawn.")
    result_on: datetime.date = given("The day.")
    amount: Fen | None = given("What is to be paid; needed unless it was withdrawn.")
    effective_on: datetime.date | None = given("From when it has effect.")
    summary: str | None = given("In words.")


@inputs("Record that what took effect is being enforced.")
class SuitEnforceInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    able_debtor: bool = given("Whether the debtor is able to pay and does not.")


@inputs("Why a court reads who the defendants are.", keyed=False)
class SuitPartiesReadInput:
    id: strawberry.ID = ref("DunningCase", CASE)
    purpose: str = given("What for; it is put on record.")
    legal_basis: str = given("On what legal basis.")


async def _parties(uow: UnitOfWork, **given: Any) -> dict[str, Any]:
    found = await courts.parties_read(uow, **given)
    return {
        "defendants": [
            {
                "party": encode_id(Ref("SuitParty", uow.county, one.party_id)),
                "values": [{"field": name, "value": value} for name, value in one.values.items()],
            }
            for one in found
        ]
    }


_CASE = {"case": "DunningCase"}

MUTATIONS = [
    act(
        "suitPrepare",
        suits.suit_prepare,
        SuitPrepareInput,
        "Put a case's evidence together, once its written demand has expired (FEE-13, FEE-14). By the company.",
        _CASE,
    ),
    act(
        "suitRefer",
        suits.suit_refer,
        SuitReferInput,
        "Refer prepared cases to a court as one batch (SL-36). By the company.",
        {"batch": "SuitBatch"},
    ),
    act(
        "suitPackWrite",
        suit_files.suit_pack_write,
        SuitPackWriteInput,
        "Have the evidence of similar cases written as one ZIP (FEE-14); poll it by its id until `finishedAt` is set. By the "
        "company, and by the court that they are before.",
        {"pack": "SuitPack"},
        keyed=False,
    ),
    act(
        "suitPackRead",
        suit_files.suit_pack_read,
        SuitPackReadInput,
        "Open a written pack: `downloadUrl` holds for ten minutes, and each of its cases records who read it. By its asker.",
        {"pack": "SuitPack"},
        keyed=False,
    ),
    act("suitCorrect", suits.suit_correct, SuitCorrectInput, "Hand in a correction. By the company.", _CASE),
    act("suitReceive", courts.receive, SuitStepInput, "Receive a referred case. By its court alone.", _CASE),
    act(
        "suitCorrectionWant",
        courts.want_correction,
        SuitCorrectionWantInput,
        "Ask for a correction by a day. By its court alone.",
        _CASE,
    ),
    act(
        "suitMediationNumber",
        courts.number_mediation,
        SuitMediationNumberInput,
        "Note the number for mediation before filing. By its court alone.",
        _CASE,
    ),
    act(
        "suitFile", courts.file, SuitFileInput, "File it within seven days (FEE-15, SL-37). By its court alone.", _CASE
    ),
    act(
        "suitOrderIssue",
        courts.order_issue,
        SuitOrderIssueInput,
        "Issue the payment order that was applied for (FEE-15). By its court alone.",
        _CASE,
    ),
    act(
        "suitOrderEnd",
        courts.order_end,
        SuitStepInput,
        "End a payment order to which the debtor objected: the case goes on as a suit (FEE-15). By its court alone.",
        _CASE,
    ),
    act("suitReject", courts.reject, SuitReasonInput, "Not take it, with the reason. By its court alone.", _CASE),
    act(
        "suitResultRecord", courts.result_record, SuitResultRecordInput, "Record the result. By its court alone.", _CASE
    ),
    act("suitPerform", courts.perform, SuitStepInput, "Record that it was performed. By its court alone.", _CASE),
    act("suitEnforce", courts.enforce, SuitEnforceInput, "Record the enforcement. By its court alone.", _CASE),
    act(
        "suitCreditList",
        courts.credit_list,
        SuitReasonInput,
        "List a debtor who is able and does not pay what took effect (FEE-18, TQ-45). By its court alone.",
        _CASE,
    ),
    intent(
        "suitPartiesRead",
        _parties,
        SuitPartiesReadInput,
        "Read who the defendants are, for a purpose and on a legal basis; logged before it is handed over. By its court alone.",
        {"parties": "SuitDefendants"},
        keyed=False,
    ),
]
