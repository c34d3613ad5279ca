"""Receipts: numbered without gaps, on paper, verified by anybody, struck out in red; and never another's."""

import asyncio
import re
import zlib
from base64 import a85decode
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from starlette.applications import Starlette

from app import receipt_pages
from auth.actor import system_actor
from domain.errors import ErrorCode
from domain.payments import Channel
from domain.roles import Role
from models.base import new_id
from models.documents import Document
from models.fee_receipts import FeeReceipt
from models.payments import Payment
from resolvers import fee_receipts
from resolvers.receipts import payment_record, payment_reverse
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, done, opaque, refusal
from tests.market import Market


async def paid(market: Market, amount: int = 12_000, **changes: Any) -> Payment:
    given = market.for_unit(amount, channel=Channel.CASH, payer_name="王小明", **changes)
    return await market.world.do(market.cashier, payment_record, **given)  # type: ignore[no-any-return]


def words(pdf: bytes) -> str:
    """The texts that a PDF of ours shows, in their order."""
    shown = []
    for stream in re.findall(rb"stream\r?\n(.*?)~>\s*endstream", pdf, re.DOTALL):
        data = zlib.decompress(a85decode(stream))
        for text in re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", data, re.DOTALL):
            plain = re.sub(rb"\\(\d{3}|.)", lambda m: bytes([int(m[1], 8)]) if m[1].isdigit() else m[1], text)
            shown.append(plain.decode("utf-16-be", "replace"))
    return "\n".join(shown)


async def test_a_receipt_is_written_verified_and_struck_out(ask: Ask, market: Market, folder: Path) -> None:
    payment = await paid(market, 15_000)
    county = market.world.county
    given = {"paymentId": opaque(county, "Payment", payment)}
    shown = "receipt { id number code amount state payerName document { name downloadUrl } }"
    receipt = await done(ask, market.cashier, "feeReceiptIssue", shown, **given)
    year, organisation = market.world.today.year, market.company.credit_code[8:17]
    assert receipt["number"] == f"SJ{year}-{organisation}-000001"
    assert (receipt["amount"], receipt["state"], receipt["payerName"]) == (15_000, "ISSUED", "王小明")
    resident = await market.resident()
    assert (await done(ask, resident, "feeReceiptIssue", shown, **given))["id"] == receipt["id"], "one counts"

    async def write() -> str:
        [row] = await market.world.rows(FeeReceipt)
        clock = system_actor(county, market.world.today)
        await market.world.do(clock, fee_receipts.write, receipt_id=row.id)
        [row] = await market.world.rows(FeeReceipt)
        [document] = await market.world.rows(Document, id=row.document_id)
        assert (document.name, document.media_type, document.state) == (f"{row.number}.pdf", "application/pdf", "READY")
        return words((folder / document.key).read_bytes())

    paper = await write()
    for text in (
        receipt["number"],
        receipt["code"],
        "王小明",
        "¥120.00",
        "预收　¥30.00",
        "壹佰伍拾元整",
        "现金",
        "盖章",
    ):
        assert text in paper, text
    assert "冲红" not in paper
    seen = await ask(resident, "{ feeReceipts { nodes { document { name downloadUrl } } } }")
    [node] = seen["feeReceipts"]["nodes"]
    assert "/files/" in node["document"]["downloadUrl"]

    verify = (
        "query ($code: String!) { feeReceiptVerify(code: $code) { matches number state amount company unit payer } }"
    )
    expected = {
        "matches": True,
        "number": receipt["number"],
        "state": "ISSUED",
        "amount": 15_000,
        "company": market.company.name,
        "unit": market.units[0].name_mask,
        "payer": "王*",
    }
    stranger = await market.world.person(Role.TENANT, unit_id=new_id())
    assert (await ask(stranger, verify, code=receipt["code"].lower()))["feeReceiptVerify"] == expected

    await market.world.do(market.cashier, payment_reverse, id=payment.id, reason="记错房号")
    assert (await ask(stranger, verify, code=receipt["code"]))["feeReceiptVerify"] == {**expected, "state": "VOIDED"}
    assert "已冲红" in await write()
    again = await refusal(ask, market.cashier, "feeReceiptIssue", **given)
    assert again == ("ACTION_NOT_AVAILABLE", "paymentId")


async def test_anybody_sees_what_a_code_stands_for_and_nobodys_name(ask: Ask, market: Market) -> None:
    payment = await paid(market)
    receipt = await market.world.do(market.cashier, fee_receipts.fee_receipt_issue, payment_id=payment.id)
    app = Starlette(routes=receipt_pages.routes(market.world.sessions))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as http:
        found = await http.get(f"/receipts/{receipt.code}")
        assert (found.status_code, "该收据有效" in found.text, "¥120.00" in found.text) == (200, True, True)
        assert "王*" in found.text
        assert "王小明" not in found.text
        for code in (f"{receipt.code[:-1]}{'A' if receipt.code[-1] != 'A' else 'B'}", "000000-ABCDEFGH2345", "x"):
            wrong = await http.get(f"/receipts/{code}")
            assert (wrong.status_code, "查无此收据" in wrong.text) == (404, True)


async def test_numbers_have_no_gaps_however_many_ask_at_once(market: Market) -> None:
    payments = [await paid(market, 100) for _ in range(8)]

    async def issue(payment: Payment, undone: bool) -> None:
        async def work(uow: UnitOfWork) -> FeeReceipt:
            receipt = await fee_receipts.fee_receipt_issue(uow, payment_id=payment.id)
            await uow.session.flush()
            if undone:
                raise ZeroDivisionError
            return receipt

        await market.world.do(market.cashier, work)

    undone = await asyncio.gather(*(issue(one, n % 2 == 0) for n, one in enumerate(payments)), return_exceptions=True)
    assert [type(one) for one in undone[:2]] == [ZeroDivisionError, type(None)]
    await asyncio.gather(*(issue(one, False) for one in payments))
    serials = sorted(row.serial for row in await market.world.rows(FeeReceipt))
    assert serials == list(range(1, 9))


async def test_who_strikes_out_and_what_takes_its_place(ask: Ask, market: Market) -> None:
    payment = await paid(market)
    county = market.world.county
    given = {"paymentId": opaque(county, "Payment", payment)}
    receipt = await done(ask, market.cashier, "feeReceiptIssue", "receipt { id }", **given)
    before = await market.world.fingerprint()
    cases: list[tuple[Any, dict[str, Any], tuple[str, str | None]]] = [
        (market.cashier, {"reason": "抬头有误"}, ("FORBIDDEN_ROLE", None)),
        (await market.resident(), {"reason": "抬头有误"}, ("FORBIDDEN_ROLE", None)),
        (market.admin, {"reason": " "}, ("REQUIRED", "reason")),
        (await market.resident(await market.unit(1)), {"reason": "x"}, ("NOT_FOUND", "id")),
    ]
    before = await market.world.fingerprint()
    for who, changes, expected in cases:
        assert await refusal(ask, who, "feeReceiptVoid", id=receipt["id"], **changes) == expected
    assert await market.world.fingerprint() == before
    voided = await done(
        ask, market.admin, "feeReceiptVoid", "receipt { state voidReason }", id=receipt["id"], reason="抬头有误"
    )
    assert voided == {"state": "VOIDED", "voidReason": "抬头有误"}
    assert await refusal(ask, market.admin, "feeReceiptVoid", id=receipt["id"], reason="x") == (
        "ALREADY_REVERSED",
        "id",
    )
    other = await done(
        ask, market.cashier, "feeReceiptIssue", "receipt { number payerName }", payerName="王大明", **given
    )
    assert (other["number"][-6:], other["payerName"]) == ("000002", "王大明")
    seen = await ask(market.bureau, "{ payments { nodes { receipts(first: 5) { nodes { state payerName } } } } }")
    receipts = seen["payments"]["nodes"][0]["receipts"]["nodes"]
    assert sorted(one["state"] for one in receipts) == ["ISSUED", "VOIDED"]
    assert {one["payerName"] for one in receipts} == {None}, "an office sees no payer's name"


async def test_what_was_no_money_has_no_receipt(market: Market) -> None:
    payment = await paid(market)

    async def brought_in(uow: UnitOfWork) -> None:
        row = (await uow.session.execute(select(Payment).where(Payment.county == uow.county))).scalar_one()
        row.channel = Channel.OPENING.value

    await market.world.do(market.bureau, brought_in)
    await market.world.refused(
        market.cashier,
        fee_receipts.fee_receipt_issue,
        ErrorCode.ACTION_NOT_AVAILABLE,
        "paymentId",
        payment_id=payment.id,
    )
