"""Differences between banks' statements and the books: what was found, asked, answered, and how it was resolved (FUND-4)."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.reconciliation import DifferenceKind, DifferenceState, Resolution
from domain.roles import Role
from models import differences as models
from resolvers import differences
from schema.acts import act
from schema.cases import available_actions_of, events_of
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, derived, descending, entity, filters, listing, one, orders
from schema.engine.intents import changes, given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.cases import AuditEvent, AvailableAction
    from schema.custody import BankAccount, BankMovement
    from schema.statements import BankStatement, StatementLine

for _enumeration in (DifferenceKind, DifferenceState, Resolution):
    described(_enumeration)

OF_THE_BUREAU = frozenset({Role.BUREAU})
"""How the county resolves a difference is not the bank's business; what it is asked is."""

BANK_DIFFERENCE_ORDERS = orders(
    "BankDifferenceOrder",
    "How differences are ordered.",
    NEWEST=(descending(models.BankDifference.id), "Last found first."),
    OLDEST=(ascending(models.BankDifference.id), "First found first."),
)


@filters("Which differences. All given conditions must hold.")
class BankDifferenceFilter:
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "Of this account.")
    statement: strawberry.ID | None = of("BankStatement", "statement_id", "Found with this statement.")
    state: DifferenceState | None = equal("state", "In this state.")
    updated_since: DateTime | None = since()


@entity(
    models.BankDifference,
    "A difference between a bank's statement and the books (对账差异). It stops nobody; it is resolved, or settles by itself.",
    orders=BANK_DIFFERENCE_ORDERS,
    filters=BankDifferenceFilter,
    states=models.BankDifference.state,
)
class BankDifference:
    title: str = column(models.BankDifference.title, "What it is, as queues show it.")
    kind: DifferenceKind = column(models.BankDifference.kind, "What it is by now: what was missing and came is late.")
    found_as: DifferenceKind = column(models.BankDifference.found_as, "What it was found as.")
    state: DifferenceState = column(models.BankDifference.state, "Where it stands.")
    state_since: DateTime = column(models.BankDifference.state_since, "Since when.")
    due_on: datetime.date | None = column(models.BankDifference.due_on, "The last day for the next step.")
    is_overdue: bool | None = derived(lambda row, env: row.due_on < env.today, "Whether that day has passed.")
    bank_account: "BankAccount" = one(models.BankDifference.bank_account_id, "The account.")
    statement: "BankStatement" = one(models.BankDifference.statement_id, "The statement with which it was found.")
    line: "StatementLine | None" = one(models.BankDifference.line_id, "The bank's entry; null where it has none.")
    movement: "BankMovement | None" = one(models.BankDifference.movement_id, "What the books have; null for nothing.")
    serial: str | None = column(models.BankDifference.serial, "The serial in question; null for a balance.")
    value_date: datetime.date = column(models.BankDifference.value_date, "Its value date.")
    bank_amount: Fen = column(models.BankDifference.bank_amount, "What the bank has, in fen.")
    book_amount: Fen = column(models.BankDifference.book_amount, "What the books have, in fen.")
    amount: Fen = column(models.BankDifference.amount, "Bank less books, in fen.")
    question: str | None = column(models.BankDifference.question, "What the bank was asked.")
    answer: str | None = column(models.BankDifference.answer, "What it answered.")
    resolution: Resolution | None = column(models.BankDifference.resolution, "How it is resolved, or proposed to be.")
    explanation: str | None = column(models.BankDifference.explanation, "Why.", to=OF_THE_BUREAU)
    version: int = column(models.BankDifference.version, "Counts its changes.")
    created_at: DateTime = column(models.BankDifference.created_at, "When it was found.")
    updated_at: DateTime = column(models.BankDifference.updated_at, "Last change.")
    available_actions: "list[AvailableAction]" = available_actions_of(  # type: ignore[valid-type]
        models.BankDifference,
        models.BankDifference.client_id,
        models.BankDifference.amount,
        models.BankDifference.resolution,
    )
    events: Connection["AuditEvent"] = events_of(models.BankDifference)


_THE_DIFFERENCE = "The difference."
_PAPERS = "Confirmed documents to attach."


@inputs("Ask the bank about a difference.")
class BankDifferenceAskInput:
    id: strawberry.ID = ref("BankDifference", _THE_DIFFERENCE)
    question: str = given("What it is asked.")
    document_ids: list[strawberry.ID] | None = ref("Document", _PAPERS)


@inputs("Answer what was asked.")
class BankDifferenceAnswerInput:
    id: strawberry.ID = ref("BankDifference", _THE_DIFFERENCE)
    answer: str = given("The answer.")


@inputs("Propose how a difference is resolved.")
class BankDifferenceProposeInput:
    id: strawberry.ID = ref("BankDifference", _THE_DIFFERENCE)
    resolution: Resolution = given(
        "BOOKED takes its amount into the books, to the account's suspense; EXPLAINED lets it stand. The others show themselves."
    )
    explanation: str = given("Why; of a booking, it stands in the ledger.")
    document_ids: list[strawberry.ID] | None = ref("Document", _PAPERS)


@inputs("Confirm a proposed resolution.")
class BankDifferenceConfirmInput:
    id: strawberry.ID = ref("BankDifference", _THE_DIFFERENCE)
    reason: str | None = given("A remark.")
    document_ids: list[strawberry.ID] | None = ref("Document", _PAPERS)


@inputs("Refuse a proposed resolution.")
class BankDifferenceRejectInput:
    id: strawberry.ID = ref("BankDifference", _THE_DIFFERENCE)
    reason: str = given("Why.")


QUERIES = {"bankDifferences": listing("BankDifference", "Differences with banks that the caller may see.")}

_ONE = {"difference": "BankDifference"}

MUTATIONS = [
    act("bankDifferenceAsk", differences.ask_bank, BankDifferenceAskInput, "Ask the account's bank. BUREAU.", _ONE),
    act("bankDifferenceAnswer", differences.answer, BankDifferenceAnswerInput, "Answer, as the bank. BANK.", _ONE),
    act(
        "bankDifferencePropose",
        differences.propose,
        BankDifferenceProposeInput,
        "Propose how it is resolved. BUREAU.",
        _ONE,
    ),
    act(
        "bankDifferenceConfirm",
        differences.confirm,
        BankDifferenceConfirmInput,
        "Confirm what a colleague proposed: neither who proposed it nor who recorded what it is about may. BUREAU.",
        _ONE,
        sensitive=True,
    ),
    act(
        "bankDifferenceReject", differences.reject, BankDifferenceRejectInput, "Refuse what is proposed. BUREAU.", _ONE
    ),
]
SUBSCRIPTIONS = [changes("bankDifferenceChanged", "BankDifference", "A difference that was found or moved on.")]
