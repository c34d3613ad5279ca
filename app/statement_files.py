"""Files of banks' statements: CSV in UTF-8 or GB18030, and camt.053 (ISO 20022), read whole or refused with every fault.

Of camt.053 both 001.02 and 001.08 are read, which differ where it matters here in two places: the status of an entry
(``Sts`` is a code there, ``Sts/Cd`` here) and the name of a party (``Dbtr/Nm`` there, ``Dbtr/Pty/Nm`` here).
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from lxml import etree

from app.csv_files import UnreadableFile, csv_lines
from domain.calendar import today
from domain.documents import CSV
from domain.errors import ErrorCode, Refusal
from domain.register_rows import Faults, read_sheet
from domain.statements import (
    MOST_LINES,
    SHEET,
    Direction,
    GivenStatement,
    Header,
    StatementFormat,
    StatementLine,
    line_of,
    line_of_row,
)

NAMESPACES = {f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}" for version in ("02", "08")}
CURRENCY = "CNY"
_DIRECTIONS = {"CRDT": Direction.IN, "DBIT": Direction.OUT}
_BOOKED = "BOOK"


def read(path: Path, media_type: str, faults: Faults) -> GivenStatement | None:
    """The statement in a file; what is wrong with it is noted in ``faults`` with row (line of the file) and column."""
    try:
        return _csv(path, faults) if media_type == CSV else _Camt(path, faults).read()
    except UnreadableFile as error:
        faults.note(path.name, error.params.get("row"), None, error)
        return None


def _csv(path: Path, faults: Faults) -> GivenStatement:
    rows = read_sheet(SHEET, csv_lines(path.name, lambda: path.open("rb")), faults)
    if len(rows) > MOST_LINES:
        faults.note(SHEET, None, None, Refusal(ErrorCode.LIST_TOO_LONG, most=MOST_LINES))
        return GivenStatement(StatementFormat.CSV, None)
    lines: list[StatementLine] = []
    for row in rows:
        try:
            lines.append(line_of_row(row))
        except Refusal as refusal:
            faults.note(SHEET, row.number, refusal.field, refusal)
    return GivenStatement(StatementFormat.CSV, None, lines)


class _Camt:
    """One camt.053 file, read as a stream: entries are dropped as soon as they are taken over."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self.path, self.faults = path, faults
        self.namespace = ""
        self.lines: list[StatementLine] = []

    def read(self) -> GivenStatement:
        """The file's only statement. Raises ``UnreadableFile`` for what is no such file, or could do harm."""
        header = account = None
        statements = 0
        try:
            for element in self._finished():
                name = etree.QName(element).localname
                if name == "Ntry":
                    self._entry(element)
                    element.clear()
                elif name == "Stmt":
                    statements += 1
                    header, account = self._header(element), self._account(element)
        except etree.XMLSyntaxError as error:
            raise UnreadableFile(ErrorCode.FILE_DAMAGED, self.path.name, row=error.lineno) from error
        if statements != 1:
            self._note(None, "Stmt", Refusal(ErrorCode.OUT_OF_RANGE, least=1, most=1))
        return GivenStatement(StatementFormat.CAMT_053, header, self.lines, account)

    def _finished(self) -> Iterator[Any]:
        """Elements as they end. Nothing is fetched, and a file that brings a document type of its own is not read."""
        with self.path.open("rb") as file:
            events = etree.iterparse(
                file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
            )
            for event, element in events:
                if not self.namespace:
                    self._check_root(element)
                if event == "end" and isinstance(element.tag, str):
                    yield element

    def _check_root(self, root: Any) -> None:
        if root.getroottree().docinfo.internalDTD is not None:
            raise UnreadableFile(ErrorCode.FILE_UNSAFE, self.path.name)
        self.namespace = etree.QName(root).namespace or ""
        if self.namespace not in NAMESPACES:
            raise UnreadableFile(ErrorCode.FILE_NO_STATEMENT, self.path.name)

    def _header(self, statement: Any) -> Header | None:
        """Number, period and booked balances; ``None`` with their faults noted."""
        try:
            return Header(
                number=self._text(statement, "ElctrncSeqNb") or self._needed(statement, "Id"),
                period_from=self._day(statement, "FrToDt/FrDtTm"),
                period_to=self._day(statement, "FrToDt/ToDtTm"),
                opening_balance=self._balance(statement, "OPBD", "PRCD"),
                closing_balance=self._balance(statement, "CLBD"),
            )
        except Refusal as refusal:
            self._note(statement.sourceline, refusal.field, refusal)
            return None

    def _balance(self, statement: Any, *codes: str) -> int:
        """The booked balance of the first of these types that is there (``PRCD``: the closing one of the day before)."""
        for code in codes:
            for balance in statement.iterfind(self._path("Bal")):
                if self._text(balance, "Tp/CdOrPrtry/Cd") == code:
                    fen = self._amount(balance)
                    return fen if self._direction(balance) is Direction.IN else -fen
        raise Refusal(ErrorCode.REQUIRED, f"Bal/{codes[0]}")

    def _account(self, statement: Any) -> str | None:
        return self._text(statement, "Acct/Id/Othr/Id") or self._text(statement, "Acct/Id/IBAN")

    def _entry(self, entry: Any) -> None:
        """One entry, if it is booked; its fault is noted at its line in the file."""
        try:
            if self._status(entry) != _BOOKED:
                return
            if len(self.lines) >= MOST_LINES:
                raise Refusal(ErrorCode.LIST_TOO_LONG, "Ntry", most=MOST_LINES)
            direction = self._direction(entry)
            other = "Dbtr" if direction is Direction.IN else "Cdtr"
            detail = f"NtryDtls/TxDtls/RltdPties/{other}"
            name = self._text(entry, f"{detail}/Pty/Nm") or self._text(entry, f"{detail}/Nm")
            self.lines.append(
                line_of(
                    serial=self._text(entry, "AcctSvcrRef")
                    or self._text(entry, "NtryDtls/TxDtls/Refs/AcctSvcrRef")
                    or self._needed(entry, "NtryRef"),
                    value_date=self._day(entry, "ValDt/Dt", "ValDt/DtTm", "BookgDt/Dt", "BookgDt/DtTm"),
                    amount=self._amount(entry),
                    direction=direction,
                    code=self._code(entry),
                    counterparty_name=name,
                    counterparty_account=self._text(entry, f"{detail}Acct/Id/Othr/Id"),
                    remark=self._text(entry, "NtryDtls/TxDtls/RmtInf/Ustrd") or self._text(entry, "AddtlNtryInf"),
                    is_reversal=self._text(entry, "RvslInd") in ("true", "1"),
                )
            )
        except Refusal as refusal:
            self._note(entry.sourceline, refusal.field, refusal)

    def _status(self, entry: Any) -> str | None:
        return self._text(entry, "Sts/Cd") or self._text(entry, "Sts")

    def _code(self, entry: Any) -> str | None:
        """The payer's or our own reference, where the bank passes it on (``NOTPROVIDED`` says that it does not)."""
        code = self._text(entry, "NtryDtls/TxDtls/Refs/EndToEndId")
        return None if code == "NOTPROVIDED" else code

    def _amount(self, element: Any) -> int:
        found = element.find(self._path("Amt"))
        raw = "" if found is None else (found.text or "").strip()
        if not raw:
            raise Refusal(ErrorCode.REQUIRED, "Amt")
        if found.get("Ccy") != CURRENCY:
            raise Refusal(ErrorCode.INVALID_INPUT, "Amt", value=found.get("Ccy"))
        try:
            fen = Decimal(raw) * 100
        except InvalidOperation:
            raise Refusal(ErrorCode.INVALID_INPUT, "Amt", value=raw) from None
        if not fen.is_finite() or fen < 0 or fen != fen.to_integral_value():
            raise Refusal(ErrorCode.INVALID_INPUT, "Amt", value=raw)
        return int(fen)

    def _direction(self, element: Any) -> Direction:
        mark = self._needed(element, "CdtDbtInd")
        if mark not in _DIRECTIONS:
            raise Refusal(ErrorCode.INVALID_INPUT, "CdtDbtInd", value=mark)
        return _DIRECTIONS[mark]

    def _day(self, element: Any, *paths: str) -> date:
        raw = next((found for path in paths if (found := self._text(element, path))), None)
        if raw is None:
            raise Refusal(ErrorCode.REQUIRED, paths[0])
        try:
            if "T" not in raw:
                return date.fromisoformat(raw[:10])
            instant = datetime.fromisoformat(raw)
        except ValueError:
            raise Refusal(ErrorCode.INVALID_INPUT, paths[0], value=raw) from None
        return today(instant) if instant.tzinfo else instant.date()

    def _needed(self, element: Any, path: str) -> str:
        found = self._text(element, path)
        if not found:
            raise Refusal(ErrorCode.REQUIRED, path)
        return found

    def _text(self, element: Any, path: str) -> str | None:
        found = element.find(self._path(path))
        return None if found is None or found.text is None else found.text.strip() or None

    def _path(self, path: str) -> str:
        return "/".join(f"{{{self.namespace}}}{part}" for part in path.split("/"))

    def _note(self, row: int | None, column: str | None, refusal: Refusal) -> None:
        self.faults.note(self.path.name, row, column, refusal)
