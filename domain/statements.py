"""Banks' statements (对账单): what one says, how its lines are read, whether it agrees with itself (FUND-11).

A statement is of one bank account and one period; its lines explain its closing balance from its opening balance to the
fen. A file is CSV (``SHEET``) or camt.053 (ISO 20022); small statements come in pages through the API.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from domain.custody import SERIAL_CHARACTERS
from domain.errors import ErrorCode, Refusal
from domain.identifiers import mask_account, mask_name
from domain.register import CellKind, Column, Row, Sheet
from domain.terms import Term

MOST_LINES = 200_000
"""A statement with more is handed in by shorter periods."""

PAGE_LINES = 500
NUMBER_CHARACTERS = 35
"""As long as camt.053 lets a statement's identification be."""


class Direction(Term):
    """Which way a line moved money, as the account's owner reads it."""

    IN = "IN", "Into the account (收入、贷、贷方、收、CRDT、C)."
    OUT = "OUT", "Out of the account (支出、借、借方、支、付、DBIT、D)."


class StatementFormat(Term):
    """How a statement was handed in."""

    PAGES = "PAGES", "In pages through the API."
    CSV = "CSV", "As a CSV file in UTF-8 or GB18030."
    CAMT_053 = "CAMT_053", "As camt.053.001.02 or camt.053.001.08 (ISO 20022)."


class StatementState(Term):
    """Where a statement stands."""

    RECEIVING = "RECEIVING", "Pages of it are still to come."
    RECEIVED = "RECEIVED", "Whole; to be reconciled."
    RECONCILED = "RECONCILED", "Compared with the books; its differences are cases."


class Continuity(Term):
    """How a statement follows the one before it."""

    FIRST = "FIRST", "The first of its account."
    CONTINUOUS = "CONTINUOUS", "It begins where the one before ends, in time and balance."
    GAP = "GAP", "Days, or a part of the balance, between it and the one before are in no statement."
    OVERLAP = "OVERLAP", "Some of its days are in the one before as well."


class StatementFileState(Term):
    """Where the reading of a file stands."""

    QUEUED = "QUEUED", "Waiting for a worker."
    DONE = "DONE", "Read; its statement is there."
    REFUSED = "REFUSED", "It has faults, and nothing of it was kept."


@dataclass(frozen=True)
class Header:
    """What a statement says of itself; balances in fen, both days included."""

    number: str
    period_from: date
    period_to: date
    opening_balance: int
    closing_balance: int

    def check(self, today: date) -> None:
        """Refuses ``REQUIRED``, ``OUT_OF_RANGE`` for a period that is turned round or has not ended."""
        if not self.number.strip():
            raise Refusal(ErrorCode.REQUIRED, "number")
        if len(self.number) > NUMBER_CHARACTERS:
            raise Refusal(ErrorCode.OUT_OF_RANGE, "number", most=NUMBER_CHARACTERS)
        if self.period_from > self.period_to:
            raise Refusal(ErrorCode.OUT_OF_RANGE, "periodTo", least=self.period_from)
        if self.period_to > today:
            raise Refusal(ErrorCode.OUT_OF_RANGE, "periodTo", most=today)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One booked entry; ``amount`` in fen, positive into the account. The counterparty is kept masked."""

    serial: str
    value_date: date
    amount: int
    code: str | None = None
    counterparty_name: str | None = None
    counterparty_account: str | None = None
    remark: str | None = None
    is_reversal: bool = False
    """The bank takes an earlier entry back (冲正)."""


@dataclass(frozen=True)
class GivenStatement:
    """A statement as it was read; ``header`` parts that the file does not hold are ``None`` until they are given."""

    format: StatementFormat
    header: Header | None
    lines: list[StatementLine] = field(default_factory=list)
    account: str | None = None
    """The number of the account that a file names."""


def line_of(
    *,
    serial: str,
    value_date: date,
    amount: int,
    direction: Direction,
    code: str | None = None,
    counterparty_name: str | None = None,
    counterparty_account: str | None = None,
    remark: str | None = None,
    is_reversal: bool = False,
) -> StatementLine:
    """A line from what a bank writes: ``amount`` in fen without sign. ``REQUIRED`` and ``OUT_OF_RANGE`` at its field."""
    serial = serial.strip()
    if not serial:
        raise Refusal(ErrorCode.REQUIRED, "serial")
    if len(serial) > SERIAL_CHARACTERS:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "serial", most=SERIAL_CHARACTERS)
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    return StatementLine(
        serial=serial,
        value_date=value_date,
        amount=amount if direction is Direction.IN else -amount,
        code=_text(code),
        counterparty_name=(name := _text(counterparty_name)) and mask_name(name),
        counterparty_account=(number := _text(counterparty_account)) and mask_account(number),
        remark=_text(remark),
        is_reversal=is_reversal,
    )


def _text(text: str | None) -> str | None:
    return (text or "").strip() or None


def check_sum(header: Header, lines: Iterable[StatementLine], field: str = "closingBalance") -> None:
    """``UNBALANCED`` unless opening balance and lines come to the closing balance, to the fen."""
    found = header.opening_balance + sum(line.amount for line in lines)
    if found != header.closing_balance:
        raise Refusal(ErrorCode.UNBALANCED, field, found_fen=found, stated_fen=header.closing_balance)


def content_hash(header: Header, lines: Iterable[StatementLine]) -> str:
    """SHA-256 of what a statement says, the same in whichever form it was handed in."""
    digest = hashlib.sha256(
        json.dumps(
            [
                header.number,
                header.period_from.isoformat(),
                header.period_to.isoformat(),
                header.opening_balance,
                header.closing_balance,
            ]
        ).encode()
    )
    for line in lines:
        digest.update(f"\n{line.serial}\t{line.value_date}\t{line.amount}\t{line.code or ''}".encode())
    return digest.hexdigest()


SHEET = Sheet(
    "Statement",
    "对账单明细",
    "一行一笔，按银行记账顺序。文件为 CSV（UTF-8 或 GB18030），首行为表头。",
    (),
    (
        Column("serial", "流水号", CellKind.CODE, required=True, example="20260302000001", note="银行的交易流水号"),
        Column("valueDate", "起息日", CellKind.DAY, required=True, example="2026-03-02"),
        Column("direction", "收支方向", CellKind.CHOICE, required=True, example="收入", terms=Direction),
        Column("amount", "金额", CellKind.MONEY, required=True, example="6400.00", note="元，不带正负号"),
        Column("code", "业务编号", CellKind.CODE, note="缴款码或支付指令编号"),
        Column("counterpartyName", "对方户名", CellKind.TEXT, note="脱敏保存"),
        Column("counterpartyAccount", "对方账号", CellKind.CODE, note="脱敏保存"),
        Column("remark", "摘要", CellKind.TEXT),
        Column("isReversal", "冲正", CellKind.YES_NO, default=False),
    ),
)
"""The columns of a CSV statement, by Chinese or English header; others in a file are faults."""


def line_of_row(row: Row) -> StatementLine:
    """A line from a row of ``SHEET``. Refusals name the column."""
    return line_of(
        serial=row["serial"],
        value_date=row["valueDate"],
        amount=row["amount"],
        direction=row["direction"],
        code=row["code"],
        counterparty_name=row["counterpartyName"],
        counterparty_account=row["counterpartyAccount"],
        remark=row["remark"],
        is_reversal=row["isReversal"],
    )
