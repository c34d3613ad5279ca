"""Statements through the API: in pages, as files in three spellings, in bad order, again, and about what differs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore

from app.register_job import StoreCarrier
from app.statement_files import read as read_statement
from auth.actor import Actor, system_actor
from domain.documents import CSV, XML, DocumentKind
from domain.errors import ErrorCode
from domain.register_rows import Faults
from domain.roles import Role
from models.custody import BankMovement
from models.differences import BankDifference
from models.ledger import LedgerTransaction
from models.sealed import reveal
from models.statements import BankStatement, StatementFile, StatementLine
from resolvers import carriers, documents
from resolvers.carriers import provide
from resolvers.statements import read_file
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, act, done, opaque, refusal, row_of
from tests.custody.counter import Counter
from tests.stage import VAULT, Stage

STATEMENT = "statement { id state lineCount closingBalance }"


def header(counter: Counter, **changed: Any) -> dict[str, Any]:
    return {
        "bankAccountId": opaque(counter.stage.county, "BankAccount", counter.account),
        "number": "2026-03",
        "periodFrom": counter.day(10).isoformat(),
        "periodTo": counter.day(0).isoformat(),
        "openingBalance": 0,
        "closingBalance": 130,
        **changed,
    }


def line(counter: Counter, serial: str, fen: int, **more: Any) -> dict[str, Any]:
    given = {"serial": serial, "amount": abs(fen), "direction": "IN" if fen > 0 else "OUT"}
    return {**given, "valueDate": counter.day(5).isoformat(), **more}


@pytest.mark.rule("FUND-11")
async def test_a_statement_in_pages_is_taken_once(live: Stage, ask: Ask) -> None:
    counter = await Counter.open(live)
    lines = [
        line(counter, "S1", 100, counterpartyName="演示业主", counterpartyAccount="6222020200001234"),
        line(counter, "S2", 50),
        line(counter, "S3", -20),
    ]
    whole = header(counter, lineCount=3)
    other = await live.bank()
    for who, changed, expected in (
        (other, {}, ("NOT_FOUND", "bankAccountId")),
        (await live.actor(Role.TOWNSHIP), {}, ("NOT_FOUND", "bankAccountId")),
        (counter.bank, {"number": " "}, ("REQUIRED", "number")),
        (counter.bank, {"number": "N" * 36}, ("OUT_OF_RANGE", "number")),
        (counter.bank, {"periodTo": "2999-01-01"}, ("OUT_OF_RANGE", "periodTo")),
        (counter.bank, {"periodFrom": counter.day(-1).isoformat()}, ("OUT_OF_RANGE", "periodTo")),
        (counter.bank, {"firstLine": 2}, ("OUT_OF_RANGE", "firstLine")),
        (counter.bank, {"closingBalance": 131}, ("UNBALANCED", "closingBalance")),
        (counter.bank, {"lines": [*lines[:2], line(counter, " ", 1)]}, ("REQUIRED", "lines.2.serial")),
        (counter.bank, {"lines": [line(counter, "S", 0)]}, ("OUT_OF_RANGE", "lines.0.amount")),
    ):
        assert await refusal(ask, who, "bankStatementHandIn", **{**whole, "lines": lines, **changed}) == expected
    assert await live.rows(BankStatement) == []

    first = await done(ask, counter.bank, "bankStatementHandIn", STATEMENT, **whole, lines=lines[:2])
    assert first["state"] == "RECEIVING"
    changed_line = {**whole, "lines": [line(counter, "S1", 101)]}
    assert await refusal(ask, counter.bank, "bankStatementHandIn", **changed_line) == ("ALREADY_REGISTERED", "lines.0")
    again = await done(ask, counter.bank, "bankStatementHandIn", STATEMENT, **whole, lines=lines[:1])
    assert again == first
    last = await done(ask, counter.bank, "bankStatementHandIn", STATEMENT, **whole, firstLine=2, lines=lines[1:])
    assert last == {**first, "state": "RECEIVED"}
    before = await live.rows(StatementLine)
    assert [(row.position, row.serial, row.amount) for row in sorted(before, key=lambda row: row.position)] == [
        (1, "S1", 100),
        (2, "S2", 50),
        (3, "S3", -20),
    ]
    assert (before[0].counterparty_name, before[0].counterparty_account) == ("演*", "****1234")
    assert await done(ask, counter.bank, "bankStatementHandIn", STATEMENT, **whole, lines=lines) == last
    assert len(await live.rows(StatementLine)) == 3
    for changed in ({"closingBalance": 131}, {"lineCount": 4}):
        given = {**whole, **changed, "lines": []}
        assert await refusal(ask, counter.bank, "bankStatementHandIn", **given) == ("ALREADY_REGISTERED", "number")

    await counter.compared()
    shown = await row_of(
        ask,
        counter.bank,
        last["id"],
        "state atBankOnly lines { nodes { serial matchBasis } } differences { totalCount }",
    )
    assert shown["state"] == "RECONCILED"
    assert shown["atBankOnly"] == 130
    assert shown["lines"]["nodes"][0] == {"serial": "S1", "matchBasis": None}
    assert shown["differences"]["totalCount"] == 3
    assert await row_of(ask, other, last["id"], "state") is None


@pytest.fixture
def files(live: Stage) -> Iterator[StoreCarrier]:
    """Where jobs of this test fetch their files from."""
    former = list(carriers._carriers)
    made = StoreCarrier(MemoryStore(), live.sessions)
    provide(made)
    yield made
    carriers._carriers[:] = former


async def uploaded(stage: Stage, files: StoreCarrier, who: Actor, content: bytes, media_type: str) -> str:
    """A file as it lies after its upload; the API's id of its document."""

    async def store(uow: UnitOfWork) -> Any:
        document = await documents.upload_create(
            uow, kind=DocumentKind.BANK_STATEMENT, name="statement", media_type=media_type, size=len(content)
        )
        key = f"test/{document.id}"
        await obstore.put_async(files.store, key, content)
        await documents.receive(
            uow, document_id=document.id, received=documents.Received(key=key, size=len(content), sha256="0" * 64)
        )
        await uow.session.refresh(document)
        return await documents.upload_confirm(uow, id=document.id)

    return opaque(stage.county, "Document", await stage.do(who, store))


async def read(stage: Stage, ask: Ask, who: Actor, document: str, **given: Any) -> dict[str, Any]:
    """Hand a file in and let the worker read it: what came of it."""
    made = await done(ask, who, "bankStatementFileHandIn", "file { id state }", documentId=document, **given)
    assert made["state"] == "QUEUED"
    row = (await stage.rows(StatementFile))[-1]
    await stage.do(system_actor(stage.county, stage.today), read_file, file_id=row.id)
    shown = "state faultCount faults statement { id number lineCount format lines { nodes { serial amount code } } }"
    return await row_of(ask, who, made["id"], shown)  # type: ignore[no-any-return]


def csv_of(counter: Counter, *rows: str) -> str:
    return "\n".join(["流水号,起息日,收支方向,金额,业务编号,对方户名,摘要", *rows]) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_csv_file_in_every_encoding(live: Stage, ask: Ask, files: StoreCarrier, encoding: str) -> None:
    counter = await Counter.open(live)
    day = counter.day(5).isoformat()
    text = csv_of(counter, f"S1,{day},收入,1.00,JK-1,演示业主,缴存", f"S2,{day},贷,0.50,,,", f"S3,{day},DBIT,0.20,,,")
    document = await uploaded(live, files, counter.bureau, text.encode(encoding), CSV)
    found = await read(live, ask, counter.bureau, document, **header(counter))
    assert (found["state"], found["faultCount"]) == ("DONE", 0)
    assert found["statement"]["format"] == "CSV"
    assert found["statement"]["lines"]["nodes"] == [
        {"serial": "S1", "amount": 100, "code": "JK-1"},
        {"serial": "S2", "amount": 50, "code": None},
        {"serial": "S3", "amount": -20, "code": None},
    ]
    copy = await uploaded(live, files, counter.bureau, text.encode(), CSV)  # the same words: the same statement
    again = await read(live, ask, counter.bureau, copy, **header(counter))
    assert again["statement"] == found["statement"]
    assert len(await live.rows(StatementLine)) == 3
    other = await uploaded(live, files, counter.bureau, text.replace("S3", "S4").encode(encoding), CSV)
    refused = await read(live, ask, counter.bureau, other, **header(counter))
    assert (refused["state"], refused["faults"][0]["code"]) == ("REFUSED", "ALREADY_REGISTERED")


async def test_a_bad_file_leaves_nothing_and_says_where(live: Stage, ask: Ask, files: StoreCarrier) -> None:
    counter = await Counter.open(live)
    day = counter.day(5).isoformat()
    text = csv_of(counter, f"S1,{day},收入,1.00,,,", f",{day},收入,abc,,,", "S3,2026-13-01,向左,0,,,")
    document = await uploaded(live, files, counter.bureau, text.encode(), CSV)
    found = await read(live, ask, counter.bureau, document, **header(counter))
    assert found["state"] == "REFUSED"
    assert found["statement"] is None
    assert {(fault["row"], fault["column"], fault["code"]) for fault in found["faults"]} == {
        (3, "流水号", "REQUIRED"),
        (3, "金额", "INVALID_INPUT"),
        (4, "起息日", "INVALID_INPUT"),
        (4, "收支方向", "INVALID_INPUT"),
    }
    assert all(fault["reason"] for fault in found["faults"])
    well = csv_of(counter, f"S1,{day},收入,1.00,,,").encode()
    for changed, code, column in (
        ({"number": None}, "REQUIRED", "number"),
        ({"closingBalance": 1}, "UNBALANCED", "closingBalance"),
    ):
        good = await uploaded(live, files, counter.bureau, well, CSV)
        refused = await read(live, ask, counter.bureau, good, **header(counter, closingBalance=100) | changed)
        assert [(fault["code"], fault["column"]) for fault in refused["faults"]] == [(code, column)]
    bytes_of_neither = await uploaded(live, files, counter.bureau, b"\xff\xfe\x00\xd8", CSV)
    refused = await read(live, ask, counter.bureau, bytes_of_neither, **header(counter))
    assert refused["faults"][0]["code"] == "FILE_ENCODING"
    assert await live.rows(BankStatement) == []
    assert await live.rows(StatementLine) == []

    photo = opaque(live.county, "Document", await live.paper(counter.bureau, DocumentKind.PHOTO))
    given = header(counter)
    assert await refusal(ask, counter.bureau, "bankStatementFileHandIn", documentId=photo, **given) == (
        "INVALID_INPUT",
        "documentId",
    )
    assert await refusal(ask, counter.bank, "bankStatementFileHandIn", documentId=good, **given) == (
        "FORBIDDEN_ROLE",
        None,
    )


CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-02T20:00:00+08:00</CreDtTm></GrpHdr>
  <Stmt>
   <Id>2026-03</Id><CreDtTm>2026-03-02T20:00:00+08:00</CreDtTm>
   <FrToDt><FrDtTm>{first}T00:00:00</FrDtTm><ToDtTm>{last}T23:59:59</ToDtTm></FrToDt>
   <Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>
   <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
    <Dt><Dt>{first}</Dt></Dt></Bal>
   <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">0.80</Amt><CdtDbtInd>CRDT</CdtDbtInd>
    <Dt><Dt>{last}</Dt></Dt></Bal>
   <Ntry><NtryRef>1</NtryRef><Amt Ccy="CNY">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>{booked}<BookgDt><Dt>{day}</Dt></BookgDt>
    <ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>S1</AcctSvcrRef><BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>
    <NtryDtls><TxDtls><Refs><EndToEndId>JK-1</EndToEndId></Refs>
     <RltdPties><Dbtr>{name}</Dbtr><DbtrAcct><Id><Othr><Id>6222020200001234</Id></Othr></Id></DbtrAcct></RltdPties>
     <RmtInf><Ustrd>缴存</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
   <Ntry><Amt Ccy="CNY">0.20</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd>{booked}
    <ValDt><DtTm>{day}T16:30:00Z</DtTm></ValDt><AcctSvcrRef>S2</AcctSvcrRef><BkTxCd/></Ntry>
   <Ntry><Amt Ccy="CNY">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>{pending}<AcctSvcrRef>S3</AcctSvcrRef><BkTxCd/></Ntry>
  </Stmt>
 </BkToCstmrStmt>
</Document>
"""
VERSIONS = {
    "02": {"booked": "<Sts>BOOK</Sts>", "pending": "<Sts>PDNG</Sts>", "name": "<Nm>演示业主</Nm>"},
    "08": {
        "booked": "<Sts><Cd>BOOK</Cd></Sts>",
        "pending": "<Sts><Cd>PDNG</Cd></Sts>",
        "name": "<Pty><Nm>演示业主</Nm></Pty>",
    },
}


async def camt(counter: Counter, version: str) -> str:
    days = {"first": counter.day(10).isoformat(), "last": counter.day(0).isoformat(), "day": counter.day(5).isoformat()}
    return CAMT.format(version=version, account=reveal(counter.account, "number", VAULT), **days, **VERSIONS[version])


@pytest.mark.parametrize("version", ["02", "08"])
async def test_camt_053_says_everything_itself(live: Stage, ask: Ask, files: StoreCarrier, version: str) -> None:
    counter = await Counter.open(live)
    text = await camt(counter, version)
    here = {"bankAccountId": header(counter)["bankAccountId"]}
    document = await uploaded(live, files, counter.bureau, text.encode(), XML)
    found = await read(live, ask, counter.bureau, document, **here)
    assert (found["state"], found["faults"]) == ("DONE", [])
    assert found["statement"]["format"] == "CAMT_053"
    assert found["statement"]["number"] == "2026-03"
    rows = sorted(await live.rows(StatementLine), key=lambda row: row.position)
    assert [(row.serial, row.amount, row.code, row.is_reversal) for row in rows] == [
        ("S1", 100, "JK-1", False),
        ("S2", -20, None, True),
    ]  # what is not booked yet is no line
    assert (rows[0].counterparty_name, rows[0].counterparty_account, rows[0].remark) == ("演*", "****1234", "缴存")
    assert (rows[0].value_date, rows[1].value_date) == (
        counter.day(5),
        counter.day(4),
    )  # 16:30Z is tomorrow in Shanghai

    # What is said with it must be what it says; another account's, another money, another format are refused.
    for content, given, code in (
        (text.replace("2026-03<", "2026-04<"), {"number": "2026-05"}, "INVALID_INPUT"),
        (text.replace("2026-03<", "2026-04<").replace("<Othr><Id>9", "<Othr><Id>8"), {}, "INVALID_INPUT"),
        (text.replace("2026-03<", "2026-04<").replace('Ccy="CNY">1.00', 'Ccy="USD">1.00'), {}, "INVALID_INPUT"),
        (text.replace(f"001.{version}", "001.13"), {}, "FILE_NO_STATEMENT"),
        (text[:-30], {}, "FILE_DAMAGED"),
        (
            text.replace("<Document", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document'),
            {},
            "FILE_UNSAFE",
        ),
        (text.replace("<ValDt><Dt>", "<ValDt><Dt>x"), {}, "INVALID_INPUT"),
    ):
        wrong = await uploaded(live, files, counter.bureau, content.encode(), XML)
        refused = await read(live, ask, counter.bureau, wrong, **here, **given)
        assert (refused["state"], refused["faults"][0]["code"]) == ("REFUSED", code), (code, refused)
    assert len(await live.rows(BankStatement)) == 1


async def test_a_bomb_of_entities_is_not_expanded(tmp_path: Path) -> None:
    """The parser does not go along where the root's own attribute is one; everywhere else it is not even asked."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    path = tmp_path / "bomb.xml"
    for content, code in (
        ('<d a="&l11;"/>', ErrorCode.FILE_DAMAGED),
        ('<d><e a="&l11;">&l11;</e></d>', ErrorCode.FILE_UNSAFE),
    ):
        path.write_text(f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "boom">{levels}]>{content}')
        faults = Faults()
        assert read_statement(path, XML, faults) is None
        assert [fault.code for fault in faults.kept] == [code]


@pytest.mark.rule("FUND-4")
async def test_a_difference_from_question_to_resolution(live: Stage, ask: Ask) -> None:
    """Asked, answered, proposed by one official, confirmed by another; the booking goes to suspense, through the ledger."""
    counter = await Counter.open(live)
    await counter.stated("1", (10, 0), 0, ("S7", 130, 3, "JK-7"))
    await counter.compared()
    (row,) = await live.rows(BankDifference)
    here = {"id": opaque(live.county, "BankDifference", row)}
    state = "difference { state }"
    colleague, officer = await live.actor(Role.BUREAU), await live.actor(Role.TOWNSHIP)

    async def refused(who: Actor, step: str, **given: Any) -> tuple[str, str | None]:
        before = await live.row(BankDifference)
        found = await refusal(ask, who, f"bankDifference{step}", **here, **given)
        assert (await live.row(BankDifference)).version == before.version
        return found

    async def took(who: Actor, step: str, **given: Any) -> str:
        shown = await done(ask, who, f"bankDifference{step}", state, **here, **given)
        return shown["state"]  # type: ignore[no-any-return]

    assert await refused(officer, "Ask", question="?") == ("NOT_FOUND", "id")
    assert await refused(counter.bank, "Ask", question="?") == ("FORBIDDEN_ROLE", None)
    assert await refused(counter.bank, "Answer", answer="x") == ("ACTION_NOT_AVAILABLE", None)
    queue = "{ viewer { tasks(first: 5) { nodes { caseType actions state } } } }"
    assert (await ask(counter.bank, queue))["viewer"]["tasks"]["nodes"] == []
    assert await took(counter.bureau, "Ask", question="该笔缴存人是谁?") == "BANK_ASKED"
    assert (await ask(counter.bank, queue))["viewer"]["tasks"]["nodes"] == [
        {"caseType": "BankDifference", "actions": ["ANSWER"], "state": "BANK_ASKED"}
    ]
    assert (await ask(await live.bank(), queue))["viewer"]["tasks"]["nodes"] == []
    seen = await row_of(ask, counter.bank, here["id"], "question explanation availableActions { action }")
    assert seen == {"question": "该笔缴存人是谁?", "explanation": None, "availableActions": [{"action": "ANSWER"}]}
    assert await refused(counter.bank, "Answer", answer=" ") == ("REQUIRED", "reason")
    assert await took(counter.bank, "Answer", answer="柜面现金缴存") == "ANSWERED"

    assert await refused(counter.bank, "Propose", resolution="BOOKED", explanation="x") == ("FORBIDDEN_ROLE", None)
    for nobodys in ("ARRIVED", "REVERSED", "BANK_CORRECTED"):
        assert await refused(counter.bureau, "Propose", resolution=nobodys, explanation="x") == (
            "INVALID_INPUT",
            "resolution",
        )
    assert await took(counter.bureau, "Propose", resolution="EXPLAINED", explanation="次月入账") == "PROPOSED"
    assert await refused(colleague, "Reject", reason=" ") == ("REQUIRED", "reason")
    assert await took(colleague, "Reject", reason="应先补记") == "OPEN"
    assert (await live.row(BankDifference)).resolution is None
    assert await took(counter.bureau, "Propose", resolution="BOOKED", explanation="柜面现金缴存，待认领") == "PROPOSED"
    assert await refused(counter.bureau, "Confirm") == ("SECOND_PERSON_REQUIRED", None)
    assert await took(colleague, "Confirm") == "RESOLVED"
    assert await refused(colleague, "Confirm") == ("ACTION_NOT_AVAILABLE", None)

    (booked,) = await live.rows(BankMovement)
    fact = await live.row(LedgerTransaction, id=booked.transaction_id)
    assert (booked.serial, booked.amount, booked.code) == ("S7", 130, "JK-7")
    assert (fact.kind, fact.reason) == ("RECONCILED", "对账补记：柜面现金缴存，待认领")
    accounts = "{ ledgerAccounts(first: 10) { nodes { kind balance } } }"
    nodes = (await ask(counter.bureau, accounts))["ledgerAccounts"]["nodes"]
    assert {(each["kind"], each["balance"]) for each in nodes} >= {("SUSPENSE", 130), ("BANK", 130)}
    statement = await counter.compared()
    assert (statement.book_balance, statement.at_bank_only, statement.unexplained) == (130, 0, 0)
    assert len(await live.rows(BankDifference)) == 1

    compare = {"id": header(counter)["bankAccountId"]}
    assert await refusal(ask, counter.bank, "bankReconcile", **compare) == ("FORBIDDEN_ROLE", None)
    assert (await act(ask, counter.bureau, "bankReconcile", "bankAccount { id }", **compare))["userErrors"] == []


@pytest.mark.rule("FUND-4")
async def test_who_recorded_it_does_not_confirm_alone_and_amounts_are_corrected_by_a_new_record(
    live: Stage, ask: Ask
) -> None:
    counter = await Counter.open(live)
    await counter.booked("S1", 100, 9, who=counter.bureau)
    await counter.stated("1", (10, 0), 0, ("S1", 90, 9))
    await counter.compared()
    (row,) = await live.rows(BankDifference)
    here = {"id": opaque(live.county, "BankDifference", row)}
    colleague, third = await live.actor(Role.BUREAU), await live.actor(Role.BUREAU)
    proposal = {"resolution": "BOOKED", "explanation": "银行实收 0.90 元"}
    await done(ask, colleague, "bankDifferencePropose", "difference { state }", **here, **proposal)
    assert await refusal(ask, counter.bureau, "bankDifferenceConfirm", **here) == ("SECOND_PERSON_REQUIRED", None)
    await done(ask, third, "bankDifferenceConfirm", "difference { state }", **here)
    statement = await counter.compared()
    assert (statement.book_balance, statement.altered, statement.unexplained) == (90, 0, 0)
    assert [each.amount for each in await live.rows(BankMovement)] == [100]  # what the bank reported stays as it was
    assert [each.state for each in await live.rows(BankDifference)] == ["RESOLVED"]
