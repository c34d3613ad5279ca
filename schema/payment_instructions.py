"""Payment instructions as the bank and the offices see them, and what the bank reports about them (FUND-28)."""

import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import strawberry
from sqlalchemy import and_, func, or_

from domain.payment_instructions import OPEN, InstructionPurpose, InstructionState
from domain.personal_data import PersonalField
from domain.roles import Role
from models import payment_instructions as models
from models.sealed import Context
from resolvers import payment_instructions
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import (
    ascending,
    column,
    computed,
    derived,
    descending,
    entity,
    filters,
    listing,
    one,
    orders,
)
from schema.engine.intents import changes, given, inputs, ref
from schema.engine.types import described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.custody import BankAccount

for _enumeration in (InstructionPurpose, InstructionState):
    described(_enumeration)

PAYING = frozenset({Role.BANK, Role.BUREAU})
"""Who is paid in full is for who pays; others see that and how much is paid, and masks (PRI-6)."""

INSTRUCTION_ORDERS = orders(
    "PaymentInstructionOrder",
    "How payment instructions are ordered.",
    NEWEST=(descending(models.PaymentInstruction.id), "Last issued first."),
    OLDEST=(ascending(models.PaymentInstruction.id), "First issued first."),
    UPDATED=(ascending(models.PaymentInstruction.updated_at), "First changed first: for polling with `updatedSince`."),
)


@filters("Which payment instructions. All given conditions must hold.")
class PaymentInstructionFilter:
    state: InstructionState | None = equal("state", "In this state.")
    number: str | None = equal("number", "With this number.")
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "From this account.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area's money.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    updated_since: DateTime | None = since()


def _account_in_plain(run: Any, county: str, row_id: str, sealed: str) -> str:
    """The payee's account as the bank must know it to pay. The read goes on record with the answer (PRI-7)."""
    key = UUID(row_id)
    run.personal_reads.setdefault(county, {}).setdefault(("PaymentInstruction", key), set()).add(
        PersonalField.BANK_ACCOUNT
    )
    context = Context(models.PaymentInstruction.__tablename__, "payee_account", str(key))
    plain: str = run.services.vault.open(bytes.fromhex(sealed.removeprefix("\\x")), county, context)
    return plain


@entity(
    models.PaymentInstruction,
    "An instruction to a custodian bank to pay (支付指令), carried out once or not at all. The bank polls for those of its "
    "accounts; the books move when it has executed one.",
    orders=INSTRUCTION_ORDERS,
    filters=PaymentInstructionFilter,
    states=models.PaymentInstruction.state,
    sums={"amountSum": (models.PaymentInstruction.amount, "Sum of the amounts, in fen.")},
)
class PaymentInstruction:
    number: str = column(models.PaymentInstruction.number, "What the county and the bank call it (指令编号).")
    purpose: InstructionPurpose = column(models.PaymentInstruction.purpose, "What is paid.")
    bank_account: "BankAccount | None" = one(models.PaymentInstruction.bank_account_id, "The account that pays.")
    area: "PropertyArea | None" = one(models.PaymentInstruction.area_id, "The property area whose money it is.")
    township: str | None = column(models.PaymentInstruction.township, "Division code, 9 digits.")
    community: str | None = column(models.PaymentInstruction.community, "Division code, 12 digits.")
    payee_name: str | None = column(
        models.PaymentInstruction.payee_name,
        "The name of the payee's account (户名); masked for others than the bank and the bureau.",
        to=PAYING,
        mask=models.PaymentInstruction.payee_name_mask,
    )
    payee_account: str | None = computed(
        _account_in_plain,
        "The payee's account number in full, for the bank that pays. Reads are logged.",
        needs=[
            models.PaymentInstruction.county,
            models.PaymentInstruction.id,
            models.PaymentInstruction.payee_account_sealed,
        ],
        to=frozenset({Role.BANK}),
    )
    payee_account_mask: str = column(
        models.PaymentInstruction.payee_account_mask, "The last four digits of the payee's account."
    )
    payee_bank_code: str = column(
        models.PaymentInstruction.payee_bank_code, "The 12-digit line number of the payee's bank (联行号)."
    )
    amount: Fen = column(models.PaymentInstruction.amount, "How much, in fen.")
    remark: str = column(
        models.PaymentInstruction.remark, "What stands on the payee's statement (附言); at most 60 bytes of GB18030."
    )
    state: InstructionState = column(models.PaymentInstruction.state, "Where it stands.")
    issued_on: datetime.date = column(
        models.PaymentInstruction.issued_on, "Day on which the bank was told; of its preparation before."
    )
    due_on: datetime.date = column(models.PaymentInstruction.due_on, "The last day to execute it in time.")
    is_overdue: bool = derived(
        lambda row, env: func.coalesce(
            and_(or_(*(row.state == state.value for state in sorted(OPEN))), row.due_on < env.today), False
        ),
        "Whether that day has passed and the bank has not reported.",
    )
    acknowledged_at: DateTime | None = column(
        models.PaymentInstruction.acknowledged_at, "When the bank took it over; it cannot be cancelled since."
    )
    serial: str | None = column(models.PaymentInstruction.serial, "The bank's number of the payment (流水号).")
    value_date: datetime.date | None = column(models.PaymentInstruction.value_date, "The payment's value date.")
    returned_serial: str | None = column(
        models.PaymentInstruction.returned_serial, "The bank's number of the payment's return (退汇)."
    )
    returned_on: datetime.date | None = column(models.PaymentInstruction.returned_on, "The return's value date.")
    failure_code: str | None = column(
        models.PaymentInstruction.failure_code, "The bank's code for why it was not paid or came back."
    )
    reason: str | None = column(
        models.PaymentInstruction.reason, "Why it was not paid, came back or was cancelled, in words."
    )
    version: int = column(models.PaymentInstruction.version, "Counts its changes.")
    created_at: DateTime = column(models.PaymentInstruction.created_at, "When it was issued.")
    updated_at: DateTime = column(models.PaymentInstruction.updated_at, "Last change.")


INSTRUCTION = "The instruction."
VALUE_DATE = "The bank's value date; not before the issue and not in the future."


@inputs("Who is paid.", item=True)
class PayeeInput:
    name: str = given("The name of the account (户名).")
    account: str = given("The account's number.")
    bank_code: str = given("The 12-digit line number of its bank (联行号).")


@inputs("A step that needs nothing but the instruction.")
class PaymentInstructionStepInput:
    id: strawberry.ID = ref("PaymentInstruction", INSTRUCTION)


@inputs("Report a payment as made.")
class PaymentInstructionExecutedInput:
    id: strawberry.ID = ref("PaymentInstruction", INSTRUCTION)
    serial: str = given("The bank's own number of the payment (流水号), unique on the account.")
    value_date: datetime.date = given(VALUE_DATE)


@inputs("Report that an instruction cannot be paid.")
class PaymentInstructionFailedInput:
    id: strawberry.ID = ref("PaymentInstruction", INSTRUCTION)
    code: str = given("The bank's code.")
    reason: str = given("The bank's reason, in words.")


@inputs("Report that a payment came back (退汇).")
class PaymentInstructionReturnedInput:
    id: strawberry.ID = ref("PaymentInstruction", INSTRUCTION)
    serial: str = given("The bank's own number of the return.")
    value_date: datetime.date = given(VALUE_DATE)
    code: str = given("The bank's code.")
    reason: str = given("The bank's reason, in words.")


@inputs("Take an instruction back.")
class PaymentInstructionCancelInput:
    id: strawberry.ID = ref("PaymentInstruction", INSTRUCTION)
    reason: str = given("Why, for the record.")


_SHOWN = {"paymentInstruction": "PaymentInstruction"}

QUERIES = {"paymentInstructions": listing("PaymentInstruction", "Payment instructions that the caller may see.")}

MUTATIONS = [
    act(
        "paymentInstructionRelease",
        payment_instructions.release,
        PaymentInstructionStepInput,
        "Release a prepared instruction to the bank: a cashier who did not prepare it. BUREAU with the power to release.",
        _SHOWN,
        sensitive=True,
    ),
    act(
        "paymentInstructionAcknowledge",
        payment_instructions.acknowledge,
        PaymentInstructionStepInput,
        "Take an instruction over; it cannot be cancelled then. Repeating it changes nothing. BANK.",
        _SHOWN,
    ),
    act(
        "paymentInstructionExecuted",
        payment_instructions.executed,
        PaymentInstructionExecutedInput,
        "Report the payment as made: the books move, once. The same report again changes nothing. BANK.",
        _SHOWN,
    ),
    act(
        "paymentInstructionFailed",
        payment_instructions.failed,
        PaymentInstructionFailedInput,
        "Report that it cannot be paid. BANK.",
        _SHOWN,
    ),
    act(
        "paymentInstructionReturned",
        payment_instructions.returned,
        PaymentInstructionReturnedInput,
        "Report that an executed payment came back: its postings are reversed. BANK.",
        _SHOWN,
    ),
    act(
        "paymentInstructionCancel",
        payment_instructions.cancel,
        PaymentInstructionCancelInput,
        "Take an instruction back before the bank took it over. BUREAU.",
        _SHOWN,
        sensitive=True,
    ),
]

SUBSCRIPTIONS = [changes("paymentInstructionChanged", "PaymentInstruction", "A payment instruction that changed.")]
