"""What follows the approval of a fund request, as clients see it: contract, payments, progress, objections, recoveries."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.fund_use import ObjectionState, RecoveryReason, RecoveryState
from domain.payment_instructions import InstructionState
from domain.roles import Role
from models import fund_use as models
from schema.cases import document_ids_of, events_of
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, descending, entity, filters, listing, one, orders
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.cases import AuditEvent
    from schema.estates import Unit
    from schema.funds import FundRequest
    from schema.payment_instructions import PaymentInstruction

for _enumeration in (ObjectionState, RecoveryReason, RecoveryState):
    described(_enumeration)


@entity(
    models.FundContract, "The contract with whoever does the work; the contractor's account alone is paid (FUND-28)."
)
class FundContract:
    contractor: str = column(models.FundContract.contractor, "The contractor, by the name of its account.")
    credit_code: str | None = column(models.FundContract.credit_code, "Its unified social credit code.")
    price: Fen = column(models.FundContract.price, "The contract's price, in fen.")
    signed_on: datetime.date = column(models.FundContract.signed_on, "Day of the signatures.")
    payee_account_mask: str = column(models.FundContract.payee_account_mask, "The last four digits of its account.")
    payee_bank_code: str = column(models.FundContract.payee_bank_code, "The line number of its bank (联行号).")
    updated_at: DateTime = column(models.FundContract.updated_at, "Last change.")


PAYMENT_ORDERS = orders(
    "FundPaymentOrder", "How payments are ordered.", OLDEST=(ascending(models.FundPayment.id), "In their order.")
)


@entity(
    models.FundPayment,
    "One payment of a request: asked of the bearers, instructed to the bank, posted when it has paid.",
    orders=PAYMENT_ORDERS,
    sums={"amountSum": (models.FundPayment.amount, "Sum of the amounts, in fen, whatever became of them.")},
)
class FundPayment:
    stage: int = column(models.FundPayment.stage, "Up to which of the profile's stages it pays, from 1.")
    asked: Fen = column(
        models.FundPayment.asked, "What it asked of the bearers, in fen; more than the amount where accounts lack it."
    )
    amount: Fen = column(models.FundPayment.amount, "What the bank is to pay, in fen.")
    state: InstructionState = column(models.FundPayment.state, "What became of it; taken over counts as issued.")
    paid_on: datetime.date | None = column(models.FundPayment.paid_on, "Day on which the bank reported it as paid.")
    instruction: "PaymentInstruction | None" = one(models.FundPayment.instruction_id, "The bank's instruction.")
    created_at: DateTime = column(models.FundPayment.created_at, "When it was instructed.")


PROGRESS_ORDERS = orders(
    "FundProgressOrder",
    "How progress is ordered.",
    OLDEST=(ascending(models.FundProgress.id), "In the order of reporting."),
)


@entity(models.FundProgress, "How far the work is, reported or certified.", orders=PROGRESS_ORDERS)
class FundProgress:
    percent: int = column(models.FundProgress.percent, "How much of it is done, in percent.")
    certified: bool = column(
        models.FundProgress.certified, "Whether the owners' side certified it; else it is a report."
    )
    note: str = column(models.FundProgress.note, "What was seen.")
    role: Role = column(models.FundProgress.role, "Who said so.")
    document_ids: list[strawberry.ID] = document_ids_of(
        models.FundProgress, models.FundProgress.document_ids, "Photos and certificates, as ids of documents."
    )
    at: DateTime = column(models.FundProgress.at, "When.")


OBJECTION_ORDERS = orders(
    "FundObjectionOrder",
    "How objections are ordered.",
    OLDEST=(ascending(models.FundObjection.id), "First raised first."),
)


@entity(
    models.FundObjection,
    "An owner's objection to a posted settlement. Owners see their own.",
    orders=OBJECTION_ORDERS,
)
class FundObjection:
    unit: "Unit | None" = one(models.FundObjection.unit_id, "The unit whose owner objects.")
    reason: str = column(models.FundObjection.reason, "Why.")
    state: ObjectionState = column(models.FundObjection.state, "Where it stands.")
    answer: str | None = column(models.FundObjection.answer, "The township's answer.")
    answered_at: DateTime | None = column(models.FundObjection.answered_at, "When it was answered.")
    created_at: DateTime = column(models.FundObjection.created_at, "When it was raised.")


RECOVERY_ORDERS = orders(
    "FundRecoveryOrder",
    "How recoveries are ordered.",
    NEWEST=(descending(models.FundRecovery.id), "Last opened first."),
    UPDATED=(descending(models.FundRecovery.updated_at), "Last changed first."),
)


@filters("Which recoveries. All given conditions must hold.")
class FundRecoveryFilter:
    state: RecoveryState | None = equal("state", "In this state.")
    request: strawberry.ID | None = of("FundRequest", "fund_request_id", "Of this request.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    updated_since: DateTime | None = since()


@entity(
    models.FundRecovery,
    "Money that has to come back to the fund: overpaid, or misused (FUND-30).",
    orders=RECOVERY_ORDERS,
    filters=FundRecoveryFilter,
    states=models.FundRecovery.state,
    sums={
        "amountSum": (models.FundRecovery.amount, "Sum of what is demanded, in fen."),
        "recoveredSum": (models.FundRecovery.recovered, "Sum of what is back, in fen."),
    },
)
class FundRecovery:
    request: "FundRequest | None" = one(models.FundRecovery.fund_request_id, "The request whose money it is.")
    area: "PropertyArea | None" = one(models.FundRecovery.area_id, "The property area whose fund it is.")
    township: str | None = column(models.FundRecovery.township, "Division code, 9 digits.")
    community: str | None = column(models.FundRecovery.community, "Division code, 12 digits.")
    kind: RecoveryReason = column(models.FundRecovery.reason_kind, "Why it has to come back.")
    note: str = column(models.FundRecovery.note, "What happened.")
    party: str = column(models.FundRecovery.party, "Who has to pay it back.")
    amount: Fen = column(models.FundRecovery.amount, "How much, in fen.")
    recovered: Fen = column(models.FundRecovery.recovered, "What is back and on the bearers' accounts, in fen.")
    gains: Fen = column(models.FundRecovery.gains, "Unlawful gains that are confiscated, in fen; not for the fund.")
    fine: Fen = column(models.FundRecovery.fine, "The fine, in fen; at most twice the amount, not for the fund.")
    warned_on: datetime.date | None = column(models.FundRecovery.warned_on, "Day of the warning.")
    blacklist: bool = column(
        models.FundRecovery.blacklist, "Whether it is a reason to propose the party for the black list."
    )
    state: RecoveryState = column(models.FundRecovery.state, "Where it stands.")
    opened_on: datetime.date = column(models.FundRecovery.opened_on, "Day on which it was demanded.")
    version: int = column(models.FundRecovery.version, "Counts its changes.")
    updated_at: DateTime = column(models.FundRecovery.updated_at, "Last change.")
    events: Connection["AuditEvent"] = events_of(models.FundRecovery)


QUERIES = {"fundRecoveries": listing("FundRecovery", "Recoveries that the caller may see.")}
