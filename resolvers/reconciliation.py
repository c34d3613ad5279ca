"""Comparing an account's statements with the books, over whole sets; every difference is a case (FUND-4, FUND-11).

It may be done at any time and again: what was recognised stays recognised, a difference is noted once, and what both sides
agree on by now settles by itself. It locks nobody's writing out.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, text

from domain.reconciliation import DIFFERENCE, DifferenceKind, DifferenceState, Resolution, settled_by
from domain.roles import Role
from domain.statements import StatementState
from models.base import new_id
from models.custody import BankAccount
from models.differences import BankDifference
from models.statements import BankStatement
from resolvers.cases import case_kind, follow, open_cases
from resolvers.jobs import job, nightly
from resolvers.reconciliation_sql import CONTINUITY, DIFFERENCES, FIGURES, MATCHES
from resolvers.unit_of_work import UnitOfWork
from resolvers.whole_sets import whole_sets

TITLES: Mapping[DifferenceKind, str] = {
    DifferenceKind.MISSING_IN_BOOKS: "银行已记、账面未记",
    DifferenceKind.MISSING_AT_BANK: "账面已记、银行未记",
    DifferenceKind.DUPLICATE: "重复记账",
    DifferenceKind.ALTERED_AMOUNT: "金额不符",
    DifferenceKind.LATE: "起息日不符",
    DifferenceKind.REVERSED: "单边冲正",
    DifferenceKind.BALANCE: "余额不符",
}
_OVER = frozenset({DifferenceState.RESOLVED.value, DifferenceState.SETTLED.value})

case_kind(BankDifference, (DIFFERENCE,), facts=lambda row: {"amount_fen": row.amount, "resolution": row.resolution})


@dataclass(frozen=True)
class Found:
    """A difference as a comparison finds it; amounts in fen."""

    kind: DifferenceKind
    line_id: uuid.UUID | None
    movement_id: uuid.UUID | None
    serial: str | None
    value_date: date
    bank: int
    books: int
    posted_by: uuid.UUID | None = None
    statement_id: uuid.UUID | None = None
    balance_of_id: uuid.UUID | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """By which it is noted once."""
        return self.kind.value, self.line_id, self.movement_id, self.balance_of_id


@job("bank_reconcile")
async def reconcile(uow: UnitOfWork, *, bank_account_id: uuid.UUID) -> bool:
    """Compare all that an account's statements say with the books; note what is new and settle what agrees by now."""
    # One comparison of an account at a time; whoever records, pays or hands in is not held up.
    await uow.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"{uow.county}/bank/{bank_account_id}", 0)))
    )
    account = await uow.session.get_one(BankAccount, (uow.county, bank_account_id))
    binds = {"county": uow.county, "account": account.id, "now": uow.now}
    async with whole_sets(uow.session):
        for statement in MATCHES:
            await uow.session.execute(text(statement), _named(statement, binds))
        await uow.session.execute(text(CONTINUITY), _named(CONTINUITY, binds))
        statements = await _statements(uow, account.id)
        if not statements:
            return False
        until = max(statement.period_to for statement in statements)
        balances = await _weigh(uow, statements, binds)
        rows = await uow.session.execute(
            text(DIFFERENCES), _named(DIFFERENCES, {**binds, "until": until, "booked_until": uow.today})
        )
        found = [Found(DifferenceKind(kind), *rest) for kind, *rest in rows]
    await _note(uow, account, statements[-1], [*found, *balances])
    return False


@nightly
async def reconcile_what_is_open(uow: UnitOfWork) -> bool:
    """Compare accounts with open differences again: what was recorded or taken back since settles them."""
    accounts = await uow.session.scalars(
        select(BankDifference.bank_account_id)
        .where(BankDifference.county == uow.county, BankDifference.state.not_in(_OVER))
        .distinct()
    )
    for account_id in accounts.all():
        await uow.enqueue("bank_reconcile", lock=f"bank/{account_id}", bank_account_id=account_id)
    return False


async def _statements(uow: UnitOfWork, account_id: uuid.UUID) -> list[BankStatement]:
    rows = await uow.session.scalars(
        select(BankStatement)
        .where(
            BankStatement.county == uow.county,
            BankStatement.bank_account_id == account_id,
            BankStatement.state != StatementState.RECEIVING.value,
        )
        .order_by(BankStatement.period_from, BankStatement.period_to, BankStatement.id)
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def _weigh(uow: UnitOfWork, statements: Sequence[BankStatement], binds: Mapping[str, Any]) -> list[Found]:
    """Explain each closing balance from the books, from the first statement on that is new or not explained (else the last).

    Gives the balances that nothing explains: of each statement what the ones before had not left open already.
    """
    unsure = (
        place for place, each in enumerate(statements) if each.state == StatementState.RECEIVED or each.unexplained != 0
    )
    found: list[Found] = []
    former = 0
    for statement in statements[next(unsure, len(statements) - 1) :]:
        # What was booked for want of an explanation is in the books now: it was apart all the same.
        until_then = await _explain(uow, statement, binds)
        if apart := until_then - former:
            found.append(_unexplained(statement, apart))
        former = until_then
    return found


async def _explain(uow: UnitOfWork, statement: BankStatement, binds: Mapping[str, Any]) -> int:
    """Write down how the books explain the closing balance; gives what nothing ever explained, in fen."""
    given = _named(FIGURES, {**binds, "until": statement.period_to, "booked_until": statement.period_to})
    book, bank_only, books_only, altered, booked = (await uow.session.execute(text(FIGURES), given)).one()
    unexplained = statement.closing_balance - book - bank_only - books_only - altered
    figures = {
        "book_balance": book,
        "at_bank_only": bank_only,
        "in_books_only": books_only,
        "altered": altered,
        "unexplained": unexplained,
        "state": StatementState.RECONCILED.value,
    }
    if any(getattr(statement, name) != value for name, value in figures.items()):
        for name, value in figures.items():
            setattr(statement, name, value)
        statement.reconciled_at = statement.updated_at = uow.now
        statement.version += 1
        uow.notify(statement)
    return int(unexplained + booked)


def _unexplained(statement: BankStatement, apart: int) -> Found:
    bank = statement.closing_balance
    return Found(
        DifferenceKind.BALANCE,
        None,
        None,
        None,
        statement.period_to,
        bank,
        bank - apart,
        statement_id=statement.id,
        balance_of_id=statement.id,
    )


async def _note(uow: UnitOfWork, account: BankAccount, latest: BankStatement, found: Sequence[Found]) -> None:
    """Open a case for what is new, and settle open ones that are no longer found."""
    rows = await uow.session.scalars(
        select(BankDifference).where(BankDifference.county == uow.county, BankDifference.bank_account_id == account.id)
    )
    known = {(row.found_as, row.line_id, row.movement_id, row.balance_of_id): row for row in rows}
    arrived = {row.movement_id or row.line_id for row in known.values() if row.resolution == Resolution.ARRIVED}
    still = {each.key for each in found}
    for key, row in known.items():
        if row.state not in _OVER and key not in still:
            await _settle(uow, row)
            arrived.add(row.movement_id or row.line_id)
    new = [each for each in found if each.key not in known and not _was_only_late(each, arrived)]
    grant = await uow.act((Role.SYSTEM,))
    await open_cases(uow, [_case(account, latest, each) for each in new], DIFFERENCE, grant=grant)


def _was_only_late(found: Found, arrived: Iterable[uuid.UUID | None]) -> bool:
    """Both sides have it, on different days, and that it was late was noted when it was missing."""
    return (
        found.kind is DifferenceKind.LATE
        and found.bank == found.books
        and not {found.line_id, found.movement_id}.isdisjoint(arrived)
    )


async def _settle(uow: UnitOfWork, row: BankDifference) -> None:
    how = settled_by(DifferenceKind(row.kind), books_reversed=await _books_reversed(uow, row))
    row.resolution = how.value
    if how is Resolution.ARRIVED:
        row.kind = DifferenceKind.LATE.value
    await follow(uow, row, "SETTLE")


async def _books_reversed(uow: UnitOfWork, row: BankDifference) -> bool:
    """Whether the books have taken back the transaction of the movement in question."""
    if row.movement_id is None:
        return False
    taken_back = text(
        """SELECT 1 FROM bank_movement b
           JOIN ledger_transaction r ON r.county = :county AND r.reverses_id = b.transaction_id
           WHERE b.county = :county AND b.id = :movement"""
    )
    found = await uow.session.scalar(taken_back, {"county": uow.county, "movement": row.movement_id})
    return found is not None


def _case(account: BankAccount, latest: BankStatement, found: Found) -> BankDifference:
    serial = f" {found.serial}" if found.serial else ""
    return BankDifference(
        id=new_id(),
        title=f"{TITLES[found.kind]}{serial}",
        bank_account_id=account.id,
        client_id=account.client_id,
        statement_id=found.statement_id or latest.id,
        found_as=found.kind.value,
        kind=found.kind.value,
        line_id=found.line_id,
        movement_id=found.movement_id,
        balance_of_id=found.balance_of_id,
        serial=found.serial,
        value_date=found.value_date,
        bank_amount=found.bank,
        book_amount=found.books,
        amount=found.bank - found.books,
        # The clock has no account: a case stands in the name of who recorded its matter, else of who registered the account.
        applicant_id=found.posted_by or account.registered_by,
    )


def _named(statement: str, binds: Mapping[str, Any]) -> dict[str, Any]:
    """The binds that a statement names; it takes no others."""
    return {name: value for name, value in binds.items() if f":{name}" in statement}
