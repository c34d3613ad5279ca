"""Statements are handed in: in pages by a bank's system, as a file by the bureau; once whole they are reconciled (FUND-11).

A statement that is handed in again in the same words changes nothing; other words under its number are refused.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import select, text

from auth.actor import Grant
from domain.custody import AccountPurpose
from domain.documents import STATEMENTS, DocumentState
from domain.errors import ErrorCode, Refusal
from domain.register_jobs import MOST_SHOWN
from domain.register_rows import Faults
from domain.roles import Role
from domain.statements import (
    MOST_LINES,
    PAGE_LINES,
    Direction,
    GivenStatement,
    Header,
    StatementFileState,
    StatementFormat,
    StatementLine,
    StatementState,
    check_sum,
    content_hash,
    line_of,
)
from models.base import new_id
from models.custody import BankAccount
from models.documents import Document
from models.sealed import Kind
from models.statements import BankStatement, StatementFile
from models.statements import StatementLine as LineRow
from resolvers import documents as papers
from resolvers.carriers import carrier
from resolvers.jobs import job
from resolvers.unit_of_work import UnitOfWork

HANDERS = (Role.BANK, Role.BUREAU)
_CHUNK = 20_000

_WRITE_LINES = text(
    """
    INSERT INTO statement_line (county, id, statement_id, bank_account_id, position, serial, value_date, amount, code,
                                counterparty_name, counterparty_account, remark, is_reversal)
    SELECT :county, g.id, :statement, :account, g.position, g.serial, g.value_date, g.amount, g.code,
           g.counterparty_name, g.counterparty_account, g.remark, g.is_reversal
    FROM unnest(CAST(:ids AS uuid[]), CAST(:positions AS int[]), CAST(:serials AS text[]), CAST(:days AS date[]),
                CAST(:amounts AS bigint[]), CAST(:codes AS text[]), CAST(:names AS text[]), CAST(:accounts AS text[]),
                CAST(:remarks AS text[]), CAST(:reversals AS boolean[]))
         AS g (id, position, serial, value_date, amount, code, counterparty_name, counterparty_account, remark,
               is_reversal)
    """
)


async def hand_in(
    uow: UnitOfWork,
    *,
    bank_account_id: uuid.UUID,
    number: str,
    period_from: date,
    period_to: date,
    opening_balance: int,
    closing_balance: int,
    line_count: int,
    first_line: int = 1,
    lines: Sequence[Mapping[str, Any]] = (),
) -> BankStatement:
    """Hand in one page of a statement (bankStatementHandIn). With its last page it is whole and is reconciled.

    Balances in fen; ``first_line`` is the place of the page's first line, from 1. A page that is there already changes
    nothing. Refuses ``ALREADY_REGISTERED`` at ``number`` for other words under a number that is there and at a line that
    was another before, ``OUT_OF_RANGE`` for pages that are too long, ``UNBALANCED`` when its lines do not come to its
    closing balance.
    """
    account, grant = await _account(uow, bank_account_id)
    header = Header(number.strip(), period_from, period_to, opening_balance, closing_balance)
    header.check(uow.today)
    if not 0 <= line_count <= MOST_LINES:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "lineCount", least=0, most=MOST_LINES)
    if len(lines) > PAGE_LINES:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "lines", most=PAGE_LINES)
    if first_line < 1 or first_line + len(lines) - 1 > line_count:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "firstLine", least=1, most=line_count)
    page = [_line(line, f"lines.{place}.") for place, line in enumerate(lines)]
    statement = await _found(uow, account, header.number)
    if statement is None:
        statement = await _begun(uow, account, grant, header, line_count, StatementFormat.PAGES)
    elif _header(statement) != header or statement.line_count != line_count:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "number")
    await _add(uow, statement, first_line, page)
    if statement.state == StatementState.RECEIVING:
        await _complete(uow, statement)
    return statement


async def file_hand_in(
    uow: UnitOfWork,
    *,
    bank_account_id: uuid.UUID,
    document_id: uuid.UUID,
    number: str | None = None,
    period_from: date | None = None,
    period_to: date | None = None,
    opening_balance: int | None = None,
    closing_balance: int | None = None,
) -> StatementFile:
    """Hand in a statement as an uploaded file (bankStatementFileHandIn): CSV, or camt.053, which holds its header itself.

    A worker reads it: all of it, or nothing and every fault at its row and column. Refuses ``DOCUMENT_NOT_READY``,
    ``INVALID_INPUT`` for another kind of file, ``REQUIRED`` where a CSV file comes without number, period or balances.
    """
    account, grant = await _account(uow, bank_account_id)
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    document = await uow.load(Document, document_id, field="documentId")
    if document.state != DocumentState.READY:
        raise Refusal(ErrorCode.DOCUMENT_NOT_READY, "documentId", name=document.name)
    if document.media_type not in STATEMENTS:
        raise Refusal(ErrorCode.INVALID_INPUT, "documentId", value=document.media_type)
    given = {
        "number": number,
        "period_from": period_from,
        "period_to": period_to,
        "opening_balance": opening_balance,
        "closing_balance": closing_balance,
    }
    row = StatementFile(
        county=uow.county,
        id=new_id(),
        bank_account_id=account.id,
        document_id=document.id,
        given={name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()},
        requested_by=uow.actor.account_id,
    )
    uow.session.add(row)
    await uow.session.flush()  # the job and the event name it
    await papers.attach(uow, [document.id], row)
    await uow.audit("bankStatementFileHandIn", row, grant=grant, documents=[document.id])
    await uow.enqueue("statement_file", lock=f"bank/{account.id}", file_id=row.id)
    return row


@job("statement_file")
async def read_file(uow: UnitOfWork, *, file_id: uuid.UUID) -> bool:
    """Read a file that was handed in; what it says becomes a statement, or its faults are kept and nothing else."""
    row = await uow.load(StatementFile, file_id, lock=True)
    if row.state != StatementFileState.QUEUED:
        return False
    document = await uow.session.get_one(Document, (uow.county, row.document_id))
    account = await uow.session.get_one(BankAccount, (uow.county, row.bank_account_id))
    assert document.key is not None  # noqa: S101 - a confirmed document has its bytes
    faults = Faults()
    files = carrier()
    async with files.fetched(document.key, document.name) as path:
        given = await asyncio.to_thread(files.statement, path, document.media_type, faults)
    if given is not None and not faults:
        try:
            async with uow.session.begin_nested():
                row.statement_id = (await _whole(uow, row, account, given)).id
        except Refusal as refusal:
            faults.note(given.format.value, None, refusal.field, refusal)
    row.fault_count = faults.count
    row.faults = [
        {"row": fault.row, "column": fault.column, "code": fault.code.value, "reason": files.sentence(fault.refusal)}
        for fault in faults.kept[:MOST_SHOWN]
    ]
    row.state = (StatementFileState.REFUSED if faults else StatementFileState.DONE).value
    row.finished_at = row.updated_at = uow.now
    uow.notify(row)
    return False


async def _whole(uow: UnitOfWork, row: StatementFile, account: BankAccount, given: GivenStatement) -> BankStatement:
    """The statement that a file holds: a new one, or the one that is there in the same words."""
    if (
        given.account is not None
        and uow.vault.index(given.account, Kind.BANK_ACCOUNT, uow.county) != account.number_index
    ):
        raise Refusal(ErrorCode.INVALID_INPUT, "bankAccountId", value=f"****{given.account[-4:]}")
    grant = Grant(new_id(), Role.BUREAU, uow.county, account_id=row.requested_by)
    return await take_whole(uow, account, grant, _agreed(row.given, given.header), given)


async def take_whole(
    uow: UnitOfWork, account: BankAccount, grant: Grant, header: Header, given: GivenStatement
) -> BankStatement:
    """Store a statement of which all lines are at hand, unless it is there in the same words; then it is compared.

    Refuses as ``Header.check`` and ``check_sum`` do, and ``ALREADY_REGISTERED`` for other words under its number.
    """
    header.check(uow.today)
    check_sum(header, given.lines)
    there = await _found(uow, account, header.number)
    if there is not None:
        if there.content_hash != content_hash(header, given.lines):
            raise Refusal(ErrorCode.ALREADY_REGISTERED, "number")
        return there
    statement = await _begun(uow, account, grant, header, len(given.lines), given.format)
    await _write(uow, statement, 1, given.lines)
    await _received(uow, statement, content_hash(header, given.lines))
    return statement


def _agreed(stated: Mapping[str, Any], read: Header | None) -> Header:
    """What was stated with the file and what stands in it: neither may be missing in both, nor differ."""
    held = asdict(read) if read else {}
    values: dict[str, Any] = {}
    for name in ("number", "period_from", "period_to", "opening_balance", "closing_balance"):
        said = stated.get(name)
        if said is not None and name.startswith("period"):
            said = date.fromisoformat(said)
        in_api = _API_NAMES[name]
        if said is None and name not in held:
            raise Refusal(ErrorCode.REQUIRED, in_api)
        if said is not None and name in held and said != held[name]:
            raise Refusal(ErrorCode.INVALID_INPUT, in_api, value=held[name])
        values[name] = held.get(name, said)
    return Header(**values)


_API_NAMES = {
    "number": "number",
    "period_from": "periodFrom",
    "period_to": "periodTo",
    "opening_balance": "openingBalance",
    "closing_balance": "closingBalance",
}


async def _account(uow: UnitOfWork, bank_account_id: uuid.UUID) -> tuple[BankAccount, Grant]:
    """The account, and in which capacity its statement is handed in. The fund's only: nothing else is booked by account."""
    account = await uow.load(BankAccount, bank_account_id, lock=True, field="bankAccountId")
    grant = await uow.act(HANDERS, BankAccount, account)
    if account.purpose != AccountPurpose.FUND:
        raise Refusal(ErrorCode.INVALID_INPUT, "bankAccountId", value=account.purpose)
    return account, grant


async def _found(uow: UnitOfWork, account: BankAccount, number: str) -> BankStatement | None:
    found: BankStatement | None = await uow.session.scalar(
        select(BankStatement)
        .where(
            BankStatement.county == uow.county,
            BankStatement.bank_account_id == account.id,
            BankStatement.number == number,
        )
        .with_for_update()
    )
    return found


def _header(statement: BankStatement) -> Header:
    return Header(
        statement.number,
        statement.period_from,
        statement.period_to,
        statement.opening_balance,
        statement.closing_balance,
    )


async def _begun(
    uow: UnitOfWork, account: BankAccount, grant: Grant, header: Header, line_count: int, form: StatementFormat
) -> BankStatement:
    statement = BankStatement(
        county=uow.county,
        id=new_id(),
        bank_account_id=account.id,
        client_id=account.client_id,
        line_count=line_count,
        format=form.value,
        state=StatementState.RECEIVING.value,
        handed_in_by=grant.account_id,
        handed_in_by_client=grant.client_id,
        version=1,
        **asdict(header),
    )
    uow.session.add(statement)
    await uow.session.flush()  # its lines name it
    await uow.audit("bankStatementHandIn", statement, grant=grant, to_state=statement.state)
    return statement


async def _add(uow: UnitOfWork, statement: BankStatement, first: int, page: Sequence[StatementLine]) -> None:
    """Write a page; lines that are there already must be the same."""
    if not page:
        return
    there = await uow.session.scalars(
        select(LineRow).where(
            LineRow.county == uow.county,
            LineRow.statement_id == statement.id,
            LineRow.position.between(first, first + len(page) - 1),
        )
    )
    known = {row.position: _read(row) for row in there}
    for place, line in enumerate(page):
        if known.get(first + place, line) != line:
            raise Refusal(ErrorCode.ALREADY_REGISTERED, f"lines.{place}")
    if not known:
        await _write(uow, statement, first, page)
    elif len(known) < len(page):  # pages were cut differently: what is missing is written one stretch at a time
        for place, line in enumerate(page):
            if first + place not in known:
                await _write(uow, statement, first + place, [line])


async def _write(uow: UnitOfWork, statement: BankStatement, first: int, lines: Sequence[StatementLine]) -> None:
    for start in range(0, len(lines), _CHUNK):
        part = lines[start : start + _CHUNK]
        await uow.session.execute(
            _WRITE_LINES,
            {
                "county": uow.county,
                "statement": statement.id,
                "account": statement.bank_account_id,
                "ids": [new_id() for _ in part],
                "positions": list(range(first + start, first + start + len(part))),
                "serials": [line.serial for line in part],
                "days": [line.value_date for line in part],
                "amounts": [line.amount for line in part],
                "codes": [line.code for line in part],
                "names": [line.counterparty_name for line in part],
                "accounts": [line.counterparty_account for line in part],
                "remarks": [line.remark for line in part],
                "reversals": [line.is_reversal for line in part],
            },
        )


async def _complete(uow: UnitOfWork, statement: BankStatement) -> None:
    """Once all of its lines are there they must come to its closing balance."""
    rows = await uow.session.scalars(
        select(LineRow)
        .where(LineRow.county == uow.county, LineRow.statement_id == statement.id)
        .order_by(LineRow.position)
    )
    lines = [_read(row) for row in rows]
    if len(lines) == statement.line_count:
        header = _header(statement)
        check_sum(header, lines)
        await _received(uow, statement, content_hash(header, lines))


async def _received(uow: UnitOfWork, statement: BankStatement, digest: str) -> None:
    statement.state, statement.content_hash = StatementState.RECEIVED.value, digest
    statement.version += 1
    statement.updated_at = uow.now
    uow.notify(statement)
    account = statement.bank_account_id
    await uow.enqueue("bank_reconcile", lock=f"bank/{account}", bank_account_id=account)


def _read(row: LineRow) -> StatementLine:
    return StatementLine(
        row.serial,
        row.value_date,
        row.amount,
        row.code,
        row.counterparty_name,
        row.counterparty_account,
        row.remark,
        row.is_reversal,
    )


def _line(given: Mapping[str, Any], at: str) -> StatementLine:
    """A line of a page; refusals name its place."""
    values = {name: value for name, value in given.items() if value is not None}
    try:
        return line_of(**{**values, "direction": Direction(values["direction"])})
    except Refusal as refusal:
        raise Refusal(refusal.code, f"{at}{refusal.field}", **refusal.params) from None
