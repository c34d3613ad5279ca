"""Quality warranty deposits (物业质量保修金) as clients see them, and what people do with them (FUND-32, ZD-22)."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.warranty_deposits import WarrantyDepositState, WarrantyPayoutKind, WarrantyPayoutState
from models import warranty_deposits as models
from resolvers import warranty_deposits
from schema.acts import act
from schema.cases import document_ids_of
from schema.common import DateTime, Fen
from schema.conditions import equal, of
from schema.engine.declare import column, descending, entity, filters, listing, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import described
from schema.payment_instructions import PayeeInput

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.custody import BankAccount
    from schema.disclosures import Disclosure
    from schema.ledger import LedgerTransaction
    from schema.payment_instructions import PaymentInstruction

for _enumeration in (WarrantyDepositState, WarrantyPayoutKind, WarrantyPayoutState):
    described(_enumeration)

AREA = "The property area."

WARRANTY_DEPOSIT_ORDERS = orders(
    "WarrantyDepositOrder",
    "How payments into warranty deposits are ordered.",
    NEWEST=(descending(models.WarrantyDeposit.value_date), "The latest first."),
)


@filters("Which payments into warranty deposits. All given conditions must hold.")
class WarrantyDepositFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "For this property area.")
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "At this bank account.")
    state: WarrantyDepositState | None = equal("state", "In this state.")


@entity(
    models.WarrantyDeposit,
    "A developer's payment for an area's quality warranty (物业质量保修金), as its bank has it.",
    orders=WARRANTY_DEPOSIT_ORDERS,
    filters=WarrantyDepositFilter,
    states=models.WarrantyDeposit.state,
    sums={"amountSum": (models.WarrantyDeposit.amount, "All amounts.")},
)
class WarrantyDeposit:
    area: "PropertyArea | None" = one(models.WarrantyDeposit.area_id, AREA)
    bank_account: "BankAccount | None" = one(models.WarrantyDeposit.bank_account_id, "The account that it came to.")
    developer: str = column(models.WarrantyDeposit.developer, "The development enterprise that paid.")
    amount: Fen = column(models.WarrantyDeposit.amount, "How much, in fen.")
    serial: str = column(models.WarrantyDeposit.serial, "The bank's number of the entry.")
    value_date: datetime.date = column(models.WarrantyDeposit.value_date, "Its value date.")
    refundable_from: datetime.date = column(
        models.WarrantyDeposit.refundable_from, "The first day after the warranty: earlier nothing goes back."
    )
    state: WarrantyDepositState = column(models.WarrantyDeposit.state, "Where it stands.")
    reason: str | None = column(models.WarrantyDeposit.reason, "Why it was reversed.")
    transaction: "LedgerTransaction | None" = one(
        models.WarrantyDeposit.transaction_id, "Its posting, for who reads the area's books."
    )
    created_at: DateTime = column(models.WarrantyDeposit.created_at, "When it was recorded.")
    updated_at: DateTime = column(models.WarrantyDeposit.updated_at, "Last change.")


WARRANTY_PAYOUT_ORDERS = orders(
    "WarrantyPayoutOrder",
    "How payments out of warranty deposits are ordered.",
    NEWEST=(descending(models.WarrantyPayout.created_at), "Last asked for first."),
)


@filters("Which payments out of warranty deposits. All given conditions must hold.")
class WarrantyPayoutFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    kind: WarrantyPayoutKind | None = equal("kind", "For this.")
    state: WarrantyPayoutState | None = equal("state", "In this state.")


@entity(
    models.WarrantyPayout,
    "A payment out of an area's warranty deposit: a repair that the developer owes, or the rest back to the developer.",
    orders=WARRANTY_PAYOUT_ORDERS,
    filters=WarrantyPayoutFilter,
    states=models.WarrantyPayout.state,
    sums={"amountSum": (models.WarrantyPayout.amount, "All amounts.")},
)
class WarrantyPayout:
    area: "PropertyArea | None" = one(models.WarrantyPayout.area_id, AREA)
    kind: WarrantyPayoutKind = column(models.WarrantyPayout.kind, "What for.")
    basis: str = column(
        models.WarrantyPayout.basis, "The defect and what the developer did, or why the rest goes back."
    )
    amount: Fen = column(models.WarrantyPayout.amount, "How much, in fen.")
    demanded_on: datetime.date | None = column(
        models.WarrantyPayout.demanded_on, "For a repair: when the developer was asked to perform it."
    )
    document_ids: list[strawberry.ID] = document_ids_of(
        models.WarrantyPayout, models.WarrantyPayout.document_ids, "What proves it, as ids of documents."
    )
    posted_to: datetime.date | None = column(
        models.WarrantyPayout.posted_to, "For a refund: the last day of its posting, until which owners object."
    )
    disclosure: "Disclosure | None" = one(
        models.WarrantyPayout.disclosure_id, "For a refund: its posting on the board."
    )
    state: WarrantyPayoutState = column(models.WarrantyPayout.state, "Where it stands.")
    reason: str | None = column(models.WarrantyPayout.reason, "Why it was declined.")
    instruction: "PaymentInstruction | None" = one(
        models.WarrantyPayout.instruction_id, "What the bank was told to pay."
    )
    created_at: DateTime = column(models.WarrantyPayout.created_at, "When it was asked for.")
    updated_at: DateTime = column(models.WarrantyPayout.updated_at, "Last change.")


WARRANTY_OBJECTION_ORDERS = orders(
    "WarrantyObjectionOrder",
    "How objections to refunds are ordered.",
    NEWEST=(descending(models.WarrantyObjection.created_at), "Last first."),
)


@filters("Which objections to refunds. All given conditions must hold.")
class WarrantyObjectionFilter:
    payout: strawberry.ID | None = of("WarrantyPayout", "payout_id", "To this refund.")


@entity(
    models.WarrantyObjection,
    "What somebody has against the refund of a warranty deposit while it is posted (异议). It says no name.",
    orders=WARRANTY_OBJECTION_ORDERS,
    filters=WarrantyObjectionFilter,
)
class WarrantyObjection:
    payout: "WarrantyPayout | None" = one(models.WarrantyObjection.payout_id, "The refund.")
    role: str = column(models.WarrantyObjection.role, "The role in which it was made.")
    text: str = column(models.WarrantyObjection.text, "What speaks against the refund.")
    created_at: DateTime = column(models.WarrantyObjection.created_at, "When it was made.")


@inputs("Record what a developer paid for an area's warranty.")
class WarrantyDepositRecordInput:
    bank_account_id: strawberry.ID = ref(
        "BankAccount", "The account that it came to: it holds the area's warranty deposit."
    )
    area_id: strawberry.ID = ref("PropertyArea", AREA)
    developer: str = given("The development enterprise that paid, by its registered name.")
    amount: Fen = given("How much, in fen.")
    serial: str = given("The bank's number of the entry: one payment each, however often it is reported.")
    value_date: datetime.date = given("Its value date; today or before.")
    refundable_from: datetime.date = given("The first day after the warranty.")


@inputs("Take a payment back that the bank took off the account again.")
class WarrantyDepositReverseInput:
    id: strawberry.ID = ref("WarrantyDeposit", "The payment.")
    serial: str = given("The bank's number of its correcting entry.")
    value_date: datetime.date = given("That entry's value date.")
    reason: str = given("Why, in words that owners read.")


@inputs("Ask that the deposit pays a repair which the developer did not perform.")
class WarrantyRepairRequestInput:
    area_id: strawberry.ID = ref("PropertyArea", AREA)
    basis: str = given("The defect, and how the developer answered the demand; owners read it.")
    demanded_on: datetime.date = given("When the developer was asked to perform it; today or before.")
    amount: Fen = given("What the repair costs, in fen.")
    document_ids: list[strawberry.ID] = ref("Document", "Confirmed documents that show the defect and the demand.")


@inputs("Post that the rest of a deposit goes back to the developer.")
class WarrantyRefundPostInput:
    area_id: strawberry.ID = ref("PropertyArea", AREA)
    basis: str = given("Why, as it stands on the board.")
    objection_contact: str = given("Where owners object: a phone or an address, as it stands on the board.")


@inputs("Object to a refund that is posted.")
class WarrantyRefundObjectInput:
    id: strawberry.ID = ref("WarrantyPayout", "The refund.")
    text: str = given("What speaks against it.")


@inputs("Grant a repair or refund, and tell the bank to pay it.")
class WarrantyPayoutApproveInput:
    id: strawberry.ID = ref("WarrantyPayout", "The repair or refund.")
    payee: PayeeInput = given("The contractor's or developer's account.")


@inputs("Do not grant a repair or refund.")
class WarrantyPayoutDeclineInput:
    id: strawberry.ID = ref("WarrantyPayout", "The repair or refund.")
    reason: str = given("Why; who asked for it and the owners read it.")


QUERIES = {
    "warrantyDeposits": listing("WarrantyDeposit", "Developers' payments for the warranty that the caller may see."),
    "warrantyPayouts": listing("WarrantyPayout", "Payments out of warranty deposits that the caller may see."),
    "warrantyObjections": listing("WarrantyObjection", "Objections to refunds that the caller may see."),
}

MUTATIONS = [
    act(
        "warrantyDepositRecord",
        warranty_deposits.record,
        WarrantyDepositRecordInput,
        "Record what a developer paid for an area's quality warranty (物业质量保修金交存). By the bank that keeps the "
        "account, or the bureau from the bank's record.",
        {"deposit": "WarrantyDeposit"},
    ),
    act(
        "warrantyDepositReverse",
        warranty_deposits.reverse,
        WarrantyDepositReverseInput,
        "Take a payment back that the bank took off the account again. By the bank or the bureau.",
        {"deposit": "WarrantyDeposit"},
    ),
    act(
        "warrantyRepairRequest",
        warranty_deposits.request_repair,
        WarrantyRepairRequestInput,
        "Ask that the deposit pays a repair under warranty which the developer did not perform. By the area's committee, the "
        "company that serves it, or the bureau.",
        {"payout": "WarrantyPayout"},
    ),
    act(
        "warrantyRefundPost",
        warranty_deposits.post_refund,
        WarrantyRefundPostInput,
        "Post on the area's board that the rest of its warranty deposit goes back to the developer, thirty days unless the "
        "county says otherwise. By the bureau.",
        {"payout": "WarrantyPayout"},
    ),
    act(
        "warrantyRefundObject",
        warranty_deposits.object_to_refund,
        WarrantyRefundObjectInput,
        "Object to a refund while it is posted: it is not paid then. By owners, the committee, and the community or township for "
        "owners at their desk.",
        {"objection": "WarrantyObjection"},
    ),
    act(
        "warrantyPayoutApprove",
        warranty_deposits.approve,
        WarrantyPayoutApproveInput,
        "Grant a repair, or a refund to which nobody has objected, and tell the bank to pay it. By another official of the "
        "bureau than asked for it.",
        {"payout": "WarrantyPayout"},
        sensitive=True,
    ),
    act(
        "warrantyPayoutDecline",
        warranty_deposits.decline,
        WarrantyPayoutDeclineInput,
        "Do not grant a repair or refund. By the bureau; a refund may be posted anew once what was objected to is settled.",
        {"payout": "WarrantyPayout"},
    ),
]
