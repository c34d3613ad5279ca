"""Banks' statements: handed in by page or file, read by a worker, compared with the books (FUND-4, FUND-11)."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from domain.reconciliation import MatchBasis
from domain.statements import Continuity, Direction, StatementFileState, StatementFormat, StatementState
from models import statements as models
from models.differences import BankDifference as DifferenceRow
from resolvers import differences, statements
from schema.acts import act
from schema.cases import events_of
from schema.common import JSON, DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, derived, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.attachments import Document
    from schema.cases import AuditEvent
    from schema.custody import BankAccount
    from schema.differences import BankDifference

for _enumeration in (Continuity, Direction, StatementFileState, StatementFormat, StatementState, MatchBasis):
    described(_enumeration)


def _match_basis(row: Any, env: Any) -> ColumnElement[str]:
    match = aliased(models.StatementMatch)
    return (
        select(match.basis)
        .where(env.county_of(match), match.county == row.county, match.line_id == row.id)
        .scalar_subquery()
    )


BANK_STATEMENT_ORDERS = orders(
    "BankStatementOrder",
    "How statements are ordered.",
    NEWEST=(descending(models.BankStatement.period_from), "Latest period first."),
    OLDEST=(ascending(models.BankStatement.period_from), "Earliest period first."),
)


@filters("Which statements. All given conditions must hold.")
class BankStatementFilter:
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "Of this account.")
    state: StatementState | None = equal("state", "In this state.")
    continuity: Continuity | None = equal("continuity", "That follow the one before so.")
    number: str | None = equal("number", "With this number.")
    updated_since: DateTime | None = since()


@entity(
    models.BankStatement,
    "A bank's statement of one account and period (对账单). `closingBalance = bookBalance + atBankOnly + inBooksOnly + altered "
    "+ unexplained`, to the fen.",
    orders=BANK_STATEMENT_ORDERS,
    filters=BankStatementFilter,
    states=models.BankStatement.state,
)
class BankStatement:
    bank_account: "BankAccount" = one(models.BankStatement.bank_account_id, "The account.")
    number: str = column(models.BankStatement.number, "The bank's own number of it; one each on an account.")
    period_from: datetime.date = column(models.BankStatement.period_from, "Its first day.")
    period_to: datetime.date = column(models.BankStatement.period_to, "Its last day.")
    opening_balance: Fen = column(models.BankStatement.opening_balance, "Before its first line, in fen.")
    closing_balance: Fen = column(models.BankStatement.closing_balance, "After its last line, in fen.")
    line_count: int = column(models.BankStatement.line_count, "How many lines it has.")
    format: StatementFormat = column(models.BankStatement.format, "How it was handed in.")
    state: StatementState = column(models.BankStatement.state, "Where it stands.")
    continuity: Continuity | None = column(
        models.BankStatement.continuity, "How it follows the one before; null until it is compared."
    )
    book_balance: Fen | None = column(
        models.BankStatement.book_balance, "What the books had at the bank on its last day; null until it is compared."
    )
    at_bank_only: Fen | None = column(models.BankStatement.at_bank_only, "Plus what only the bank had by then.")
    in_books_only: Fen | None = column(
        models.BankStatement.in_books_only, "Plus what only the books had by then, with the other sign."
    )
    altered: Fen | None = column(models.BankStatement.altered, "Plus what the bank had with another amount.")
    unexplained: Fen | None = column(
        models.BankStatement.unexplained, "Plus what no line explains; zero when all is well."
    )
    reconciled_at: DateTime | None = column(models.BankStatement.reconciled_at, "When the comparison last changed.")
    lines: Connection["StatementLine"] = many(models.StatementLine.statement_id, "Its lines, in the bank's order.")
    differences: Connection["BankDifference"] = many(DifferenceRow.statement_id, "What was found with it.")
    version: int = column(models.BankStatement.version, "Counts up with every change.")
    created_at: DateTime = column(models.BankStatement.created_at, "When its first part was handed in.")
    updated_at: DateTime = column(models.BankStatement.updated_at, "Last change.")
    events: Connection["AuditEvent"] = events_of(models.BankStatement)


STATEMENT_LINE_ORDERS = orders(
    "StatementLineOrder",
    "How a statement's lines are ordered.",
    POSITION=(ascending(models.StatementLine.position), "As the bank booked them."),
)


@entity(
    models.StatementLine,
    "One booked entry of a statement, as the bank wrote it. Counterparties are kept masked.",
    orders=STATEMENT_LINE_ORDERS,
)
class StatementLine:
    statement: "BankStatement" = one(models.StatementLine.statement_id, "The statement.")
    position: int = column(models.StatementLine.position, "Its place, from 1.")
    serial: str = column(models.StatementLine.serial, "The bank's own number of it (流水号).")
    value_date: datetime.date = column(models.StatementLine.value_date, "From when it counts (起息日).")
    amount: Fen = column(models.StatementLine.amount, "In fen: positive into the account, negative out of it.")
    code: str | None = column(
        models.StatementLine.code, "The payment code (缴款码) or instruction's number, if passed on."
    )
    counterparty_name: str | None = column(models.StatementLine.counterparty_name, "Who paid or was paid, masked.")
    counterparty_account: str | None = column(models.StatementLine.counterparty_account, "From or to where, masked.")
    remark: str | None = column(models.StatementLine.remark, "The bank's remark (摘要).")
    is_reversal: bool = column(models.StatementLine.is_reversal, "Whether the bank takes an earlier entry back (冲正).")
    match_basis: MatchBasis | None = derived(
        _match_basis, "By what it was recognised; null where the books have nothing of it."
    )


STATEMENT_FILE_ORDERS = orders(
    "StatementFileOrder",
    "How files of statements are ordered.",
    NEWEST=(descending(models.StatementFile.created_at), "The latest first."),
)


@filters("Which files of statements. All given conditions must hold.")
class StatementFileFilter:
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "Of this account.")
    state: StatementFileState | None = equal("state", "In this state.")


@entity(
    models.StatementFile,
    "A statement's file that was handed in: read by a worker, all of it or nothing.",
    orders=STATEMENT_FILE_ORDERS,
    filters=StatementFileFilter,
    states=models.StatementFile.state,
)
class StatementFile:
    bank_account: "BankAccount" = one(models.StatementFile.bank_account_id, "The account.")
    document: "Document | None" = one(models.StatementFile.document_id, "The file.")
    state: StatementFileState = column(models.StatementFile.state, "Where its reading stands.")
    statement: "BankStatement | None" = one(
        models.StatementFile.statement_id,
        "What it holds: a new statement, or the one that was there in the same words.",
    )
    fault_count: int = column(models.StatementFile.fault_count, "How many faults it has.")
    faults: JSON = column(
        models.StatementFile.faults,
        "The first 200 faults: `row` (line of the file), `column` (its header or XML path), error `code` and `reason`.",
    )
    created_at: DateTime = column(models.StatementFile.created_at, "When it was handed in.")
    finished_at: DateTime | None = column(models.StatementFile.finished_at, "When it was read.")


@inputs("One entry of a statement.", item=True)
class StatementLineInput:
    serial: str = given("The bank's own number of it (流水号), at most 64 characters.")
    value_date: datetime.date = given("From when it counts (起息日).")
    amount: Fen = given("In fen, without sign.")
    direction: Direction = given("Into the account or out of it.")
    code: str | None = given("The payment code (缴款码) or instruction's number.")
    counterparty_name: str | None = given("Who paid or was paid; kept masked.")
    counterparty_account: str | None = given("From or to where; kept masked.")
    remark: str | None = given("The bank's remark (摘要).")
    is_reversal: bool | None = given("Whether it takes an earlier entry back (冲正).")


@inputs("Hand in a statement, or a page of one.")
class BankStatementHandInInput:
    bank_account_id: strawberry.ID = ref("BankAccount", "The account.")
    number: str = given("The bank's own number of it, at most 35 characters.")
    period_from: datetime.date = given("Its first day.")
    period_to: datetime.date = given("Its last day; today or before.")
    opening_balance: Fen = given("Before its first line, in fen.")
    closing_balance: Fen = given("After its last line, in fen.")
    line_count: int = given("How many lines the whole statement has: with the last of them it is whole.")
    first_line: int | None = given("The place of this page's first line, from 1; 1 when left out.")
    lines: list[StatementLineInput] | None = given("This page's lines, at most 500.")


@inputs("Hand in a statement as an uploaded file.")
class BankStatementFileHandInInput:
    bank_account_id: strawberry.ID = ref("BankAccount", "The account.")
    document_id: strawberry.ID = ref(
        "Document", "The confirmed upload: CSV in UTF-8 or GB18030, or camt.053.001.02 / camt.053.001.08."
    )
    number: str | None = given("The bank's own number of it. A CSV file holds lines only; camt.053 says it itself.")
    period_from: datetime.date | None = given("Its first day; needed for CSV.")
    period_to: datetime.date | None = given("Its last day; needed for CSV.")
    opening_balance: Fen | None = given("Before its first line, in fen; needed for CSV.")
    closing_balance: Fen | None = given("After its last line, in fen; needed for CSV.")


@inputs("Compare an account's statements with the books once more.")
class BankReconcileInput:
    id: strawberry.ID = ref("BankAccount", "The account.")


QUERIES = {
    "bankStatements": listing("BankStatement", "Banks' statements that the caller may see."),
    "statementFiles": listing("StatementFile", "Files of statements that were handed in, for the bureau."),
}

MUTATIONS = [
    act(
        "bankStatementHandIn",
        statements.hand_in,
        BankStatementHandInInput,
        "Hand in a statement, in pages if it is long: whole, it is compared with the books. Again in the same words, it changes "
        "nothing. BANK, BUREAU.",
        {"statement": "BankStatement"},
    ),
    act(
        "bankStatementFileHandIn",
        statements.file_hand_in,
        BankStatementFileHandInInput,
        "Hand in a statement as a file: all of it, or nothing and every fault at its row and column. BUREAU.",
        {"file": "StatementFile"},
    ),
    act(
        "bankReconcile",
        differences.compare,
        BankReconcileInput,
        "Compare an account's statements with the books once more; every night that is done where a difference is open. BUREAU.",
        {"bankAccount": "BankAccount"},
    ),
]
