"""Electronic invoices: asked for, issued through a gateway that signs, never assumed, and red when the money goes back."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from app.invoice_double import PATH, InvoiceDouble, Trouble
from app.invoice_gateway import InvoiceGateway
from auth.actor import Actor, system_actor
from domain.checkouts import MOST_LOOKS
from domain.errors import ErrorCode, Refusal
from domain.fee_invoices import check_email, check_tax_number
from domain.identifiers import make_credit_code, make_id_number
from domain.payments import Channel
from models.fee_invoices import FeeInvoice
from models.payments import Payment
from models.personal_data import PersonalDataRead
from resolvers import fee_invoices, invoice_services
from resolvers.receipts import payment_record, payment_reverse
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, act, done, opaque, refusal, row_of
from tests.loopback import serving
from tests.market import Market, paid_back
from tests.world import World

SECRET = "whsec_" + "QW5q" * 8
TAX_NUMBER = make_credit_code(9)
FIRM = {"titleKind": "ORGANISATION", "title": "淄博（演示）商贸有限公司 A座", "taxNumber": f" {TAX_NUMBER.lower()}"}
PERSON = {"titleKind": "PERSON", "title": "王小明", "email": "Wang.xm@example.com"}
SHOWN = "id state problem invoiceNumber redNumber"


@pytest_asyncio.fixture(scope="module")
async def served() -> AsyncIterator[tuple[InvoiceDouble, InvoiceGateway]]:
    """The double of a gateway over real HTTP; no tax platform is asked."""
    double = InvoiceDouble(SECRET)
    async with serving(Starlette(routes=[double.route()])) as url:
        yield double, InvoiceGateway(url + PATH, SECRET)


@pytest.fixture
def double(served: tuple[InvoiceDouble, InvoiceGateway]) -> Iterator[InvoiceDouble]:
    """In good order, and nothing asked yet."""
    made, gateway = served
    made.trouble = Trouble()
    made.invoices.clear()
    made.asked.clear()
    invoice_services.provide(lambda: gateway)
    yield made
    invoice_services.provide(None)


@dataclass
class Office:
    """A market where a resident has paid 150.00 yuan at the desk, 30.00 of it in advance, and wants an invoice."""

    market: Market
    ask: Ask
    resident: Actor
    payment: Payment

    @property
    def world(self) -> World:
        return self.market.world

    def id(self, type_name: str, row: Any) -> str:
        return opaque(self.world.county, type_name, row)

    async def requested(self, **buyer: Any) -> Any:
        given = {"paymentId": self.id("Payment", self.payment), **(buyer or FIRM)}
        return await done(self.ask, self.resident, "feeInvoiceRequest", f"invoice {{ {SHOWN} }}", **given)

    async def sent(self, mutation: str = "feeInvoiceIssue", **given: Any) -> Any:
        """Have the company send what lives of the payment."""
        invoice = await self.row()
        given = {"id": self.id("FeeInvoice", invoice), **given}
        return await done(self.ask, self.market.admin, mutation, f"invoice {{ {SHOWN} }}", **given)

    async def look(self) -> Any:
        """Run the errand as the worker does, and show the invoice to its asker."""
        clock = system_actor(self.world.county, self.world.today)

        async def within(work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
            return await self.world.do(clock, work)

        invoice = await self.row()
        await fee_invoices.look(within, invoice_id=invoice.id)
        return await self.shown(invoice)

    async def shown(self, invoice: FeeInvoice, who: Actor | None = None, fields: str = SHOWN) -> Any:
        return await row_of(self.ask, who or self.resident, self.id("FeeInvoice", invoice), fields)

    async def row(self) -> FeeInvoice:
        """The last invoice that was asked for."""
        [*_, invoice] = sorted(await self.world.rows(FeeInvoice), key=lambda row: row.id)
        return invoice


@pytest.fixture
async def office(ask: Ask, world: World, double: InvoiceDouble) -> Office:
    world.now = datetime.now(UTC)
    market = await Market.open(world)
    await market.run(await market.item(), world.today.replace(day=1))
    given = market.for_unit(15_000, channel=Channel.CASH, payer_name="王小明")
    payment = await world.do(market.cashier, payment_record, **given)
    return Office(market, ask, await market.resident(), payment)


async def test_a_payer_asks_the_company_issues_and_the_paper_is_there(office: Office, double: InvoiceDouble) -> None:
    invoice = await office.requested()
    assert (invoice["state"], invoice["invoiceNumber"]) == ("REQUESTED", None)
    waiting = "{ feeInvoices(where: { state: REQUESTED }) { totalCount amountSum nodes { id } } }"
    queue = (await office.ask(office.market.cashier, waiting))["feeInvoices"]
    assert queue == {"totalCount": 1, "amountSum": 15_000, "nodes": [{"id": invoice["id"]}]}
    assert (await office.sent())["state"] == "ISSUING"
    issued = await office.look()
    [(number, told)] = double.invoices.items()
    assert issued == {**invoice, "state": "ISSUED", "invoiceNumber": told["invoiceNumber"]}
    asked = told["asked"]
    assert asked["buyer"] == {
        "kind": "ORGANISATION",
        "title": "淄博（演示）商贸有限公司 A座",
        "taxNumber": TAX_NUMBER,
        "email": None,
    }, "as it was written, but for the number"
    assert (asked["seller"], asked["amount"]) == (office.market.company.credit_code, 15_000)
    assert [(line["name"], line["amount"]) for line in asked["lines"]] == [
        ("物业服务费", 12_000),
        ("预收物业费", 3_000),
    ]
    assert number.startswith((await office.row()).id.hex)

    of_payment = "invoices { nodes { title taxNumber email url issuedOn } }"
    paper = {"title": FIRM["title"], "taxNumber": TAX_NUMBER, "email": None, "url": told["url"]}
    for who, url in ((office.resident, told["url"]), (office.market.admin, told["url"]), (office.market.bureau, None)):
        seen = await row_of(office.ask, who, office.id("Payment", office.payment), of_payment)
        assert seen["invoices"]["nodes"] == [{**paper, "url": url, "issuedOn": office.world.today.isoformat()}]
    stranger = await office.market.resident(await office.market.unit(9_000))
    assert await office.shown(await office.row(), stranger) is None


async def test_a_person_is_sealed_and_read_with_a_reason(office: Office, double: InvoiceDouble) -> None:
    invoice = await office.requested(**PERSON)
    row = await office.row()
    assert all(text.encode() not in row.title_sealed + (row.email_sealed or b"") for text in ("王", "Wang", "example"))
    masked = {"title": "王*", "email": "W***@example.com", "taxNumber": None}
    for who in (office.resident, office.market.admin, office.market.bureau):
        assert await office.shown(row, who, "title email taxNumber") == masked
    given = {"subject": invoice["id"], "fields": ["NAME", "EMAIL"], "purpose": "FEES", "reason": "核对发票抬头"}
    values = "revealed { values { field value } }"
    text = (
        "mutation ($i: PersonalDataRevealInput!) { personalDataReveal(input: $i) { userErrors { code } "
        f"{values} }} }}"
    )
    plain = [{"field": "NAME", "value": PERSON["title"]}, {"field": "EMAIL", "value": PERSON["email"]}]
    answer = (await office.ask(office.market.admin, text, i=given))["personalDataReveal"]
    assert answer == {"userErrors": [], "revealed": {"values": plain}}
    [read] = await office.world.rows(PersonalDataRead, subject_type="FeeInvoice")
    assert (read.fields, read.subject_account_id) == (["EMAIL", "NAME"], office.resident.account_id)
    for who, code in ((office.market.cashier, "FORBIDDEN_ROLE"), (office.market.bureau, "FORBIDDEN_ROLE")):
        answer = (await office.ask(who, text, i=given))["personalDataReveal"]
        assert answer == {"userErrors": [{"code": code}], "revealed": None}
    await office.sent()
    await office.look()
    [told] = double.invoices.values()
    assert (told["asked"]["buyer"]["title"], told["asked"]["buyer"]["email"]) == (PERSON["title"], PERSON["email"])


async def test_what_is_not_known_is_looked_up_and_never_made_twice(office: Office, double: InvoiceDouble) -> None:
    await office.requested()
    await office.sent()
    double.trouble = Trouble(lost=1, slow=True)
    assert (await office.look())["state"] == "ISSUING"
    for trouble in (Trouble(down=1), Trouble(forged=True), Trouble(another=True)):
        double.trouble = trouble
        assert (await office.look())["state"] == "ISSUING", trouble
    double.trouble = Trouble()
    [number] = double.invoices
    assert (await office.look())["state"] == "ISSUING", "under way"
    told = double.invoices[number]
    double.finish(number)
    told["amount"] += 1
    assert (await office.look())["state"] == "ISSUING", "another amount is no word"
    told["amount"] -= 1

    row = await office.row()

    async def tire(uow: UnitOfWork) -> None:
        (await uow.load(FeeInvoice, row.id)).looks = MOST_LOOKS

    await office.world.do(system_actor(office.world.county, office.world.today), tire)
    double.trouble = Trouble(down=2)
    assert (await office.look())["problem"] == "UNKNOWN"
    again = await office.sent()
    assert (again["state"], again["problem"]) == ("ISSUING", None)
    double.trouble = Trouble()
    assert (await office.look())["state"] == "ISSUED"
    assert double.asked.count("invoice.issue") == 1, "asked for once, looked up after that"
    assert list(double.invoices) == [number]
    before = await office.world.fingerprint()
    await office.look()
    assert await office.world.fingerprint() == before, "what is decided is not asked for again"


async def test_what_the_service_refuses_is_sent_again_or_given_up(office: Office, double: InvoiceDouble) -> None:
    await office.requested()
    await office.sent()
    double.trouble = Trouble(refusal="购买方税号与名称不一致")
    failed = await office.look()
    assert (failed["state"], failed["problem"]) == ("FAILED", "购买方税号与名称不一致")
    failures = "{ feeInvoices(where: { state: FAILED }) { nodes { problem } countsByState { state count } } }"
    queue = (await office.ask(office.market.cashier, failures))["feeInvoices"]
    assert queue["countsByState"] == [{"state": "FAILED", "count": 1}]
    double.trouble = Trouble()
    await office.sent()
    assert (await office.look())["state"] == "ISSUED"
    assert len(double.invoices) == 2, "under a number of its own: the refused one is over"

    double.trouble = Trouble(refusal="发票已用于抵扣")
    assert (await office.sent("feeInvoiceReverse", reason="抬头有误"))["state"] == "REVERSING"
    assert (await office.look())["state"] == "REVERSAL_FAILED"
    double.trouble = Trouble()
    await office.sent("feeInvoiceReverse", reason="抬头有误")
    red = await office.look()
    assert (red["state"], red["problem"]) == ("REVERSED", None)
    assert red["redNumber"] not in (None, red["invoiceNumber"])
    await office.requested(**PERSON)
    given_up = await done(
        office.ask, office.resident, "feeInvoiceCancel", "invoice { state reason }",
        id=office.id("FeeInvoice", await office.row()), reason="改开单位抬头",
    )  # fmt: skip
    assert given_up == {"state": "CANCELLED", "reason": "改开单位抬头"}
    assert (await office.requested())["state"] == "REQUESTED"


async def test_money_that_goes_back_takes_its_invoice_along(office: Office, double: InvoiceDouble) -> None:
    market = office.market
    await office.requested()
    await office.sent()
    await office.look()
    await paid_back(market, office.resident, office.payment, 1_000)
    first = await office.row()
    assert (await office.shown(first))["state"] == "REVERSING"
    assert await refusal(
        office.ask, office.resident, "feeInvoiceRequest", paymentId=office.id("Payment", office.payment), **FIRM
    ) == ("ALREADY_REGISTERED", "paymentId")
    red = await office.look()
    [_, told] = double.invoices.values()
    assert (red["state"], told["asked"]["invoiceNumber"]) == ("REVERSED", red["invoiceNumber"])
    assert (told["asked"]["amount"], told["asked"]["reason"]) == (15_000, "退预收")

    await office.requested()
    assert (await office.row()).amount == 14_000, "what was paid, and not paid back"
    await paid_back(market, office.resident, office.payment, 500)
    assert (await office.shown(await office.row()))["state"] == "CANCELLED"

    await office.requested()
    await office.sent()
    await paid_back(market, office.resident, office.payment, 1_500)
    assert (await office.row()).state == "ISSUING", "it may be there or not: nothing is assumed"
    assert (await office.look())["state"] == "REVERSING", "it was, and is not over this amount"
    assert (await office.look())["state"] == "REVERSED"
    assert (await office.shown(await office.row(), fields="reason")) == {"reason": "退预收"}


async def test_a_payment_that_is_taken_back_leaves_no_invoice(office: Office, double: InvoiceDouble) -> None:
    await office.requested()
    await office.sent()
    await office.look()
    await office.world.do(office.market.admin, payment_reverse, id=office.payment.id, reason="重复收款")
    assert (await office.look())["state"] == "REVERSED"
    [_, told] = double.invoices.values()
    assert told["asked"]["reason"] == "重复收款"
    given = {"paymentId": office.id("Payment", office.payment), **FIRM}
    assert await refusal(office.ask, office.resident, "feeInvoiceRequest", **given) == (
        "ACTION_NOT_AVAILABLE",
        "paymentId",
    )


async def test_a_failed_one_of_money_that_went_back_is_over(office: Office, double: InvoiceDouble) -> None:
    await office.requested()
    await office.sent()
    await office.world.do(office.market.admin, payment_reverse, id=office.payment.id, reason="重复收款")
    double.trouble = Trouble(refusal="已停用")
    assert (await office.look())["state"] == "CANCELLED"


async def test_what_is_refused_changes_nothing(office: Office) -> None:
    ask, market, payment = office.ask, office.market, office.id("Payment", office.payment)
    neighbour = await market.resident(await market.unit(9_000))
    before = await office.world.fingerprint()
    cases: list[tuple[Actor, dict[str, Any], tuple[str, str | None]]] = [
        (office.resident, {**FIRM, "taxNumber": None}, ("REQUIRED", "taxNumber")),
        (office.resident, {**FIRM, "taxNumber": TAX_NUMBER[:-1] + "0"}, ("INVALID_TAX_NUMBER", "taxNumber")),
        (office.resident, {**PERSON, "taxNumber": TAX_NUMBER}, ("INVALID_INPUT", "taxNumber")),
        (office.resident, {**PERSON, "title": " "}, ("REQUIRED", "title")),
        (office.resident, {**PERSON, "title": "长" * 101}, ("OUT_OF_RANGE", "title")),
        (office.resident, {**PERSON, "email": "王@"}, ("INVALID_EMAIL", "email")),
        (neighbour, PERSON, ("NOT_FOUND", "paymentId")),
        (market.bureau, PERSON, ("FORBIDDEN_ROLE", None)),
    ]
    for who, given, expected in cases:
        assert await refusal(ask, who, "feeInvoiceRequest", paymentId=payment, **given) == expected, given
    assert await office.world.fingerprint() == before

    invoice = await office.requested()
    replay = await act(
        ask, office.resident, "feeInvoiceRequest", "replayed invoice { id }", paymentId=payment, idempotencyKey="once",
        **PERSON,
    )  # fmt: skip
    assert replay["userErrors"] == [{"code": "ALREADY_REGISTERED", "field": "paymentId"}]
    before = await office.world.fingerprint()
    acts: list[tuple[Actor, str, dict[str, Any], tuple[str, str | None]]] = [
        (office.resident, "feeInvoiceIssue", {}, ("FORBIDDEN_ROLE", None)),
        (market.bureau, "feeInvoiceIssue", {}, ("FORBIDDEN_ROLE", None)),
        (neighbour, "feeInvoiceCancel", {"reason": "x"}, ("NOT_FOUND", "id")),
        (market.admin, "feeInvoiceCancel", {"reason": " "}, ("REQUIRED", "reason")),
        (market.cashier, "feeInvoiceReverse", {"reason": "x"}, ("FORBIDDEN_ROLE", None)),
        (market.admin, "feeInvoiceReverse", {"reason": "x"}, ("ACTION_NOT_AVAILABLE", "id")),
    ]
    for who, mutation, given, expected in acts:
        assert await refusal(ask, who, mutation, id=invoice["id"], **given) == expected, mutation
    invoice_services.provide(None)
    assert await refusal(ask, market.admin, "feeInvoiceIssue", id=invoice["id"]) == ("INVOICE_SERVICE_NOT_READY", "id")
    assert await office.world.fingerprint() == before


@pytest.mark.parametrize("number", [TAX_NUMBER, "370303751234567", make_id_number(7) + "01"])
def test_a_tax_number(number: str) -> None:
    assert check_tax_number(f"{number[:4]} {number[4:].lower()}") == number


@pytest.mark.parametrize(
    "number", ["", "3703037512345678", make_credit_code(1)[:-1] + "I", make_id_number(7)[:-1] + "Q01"]
)
def test_no_tax_number(number: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_tax_number(number)
    assert (refused.value.code, refused.value.field) == (ErrorCode.INVALID_TAX_NUMBER, "taxNumber")


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b", "a@.cn", "a b@c.cn", "王@example.com", "a@b.cn>", "<a@b.cn>", '"a b"@c.cn', "a@b.cn,c@d.cn"],
)
def test_no_address(address: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_email(address)
    assert refused.value.code is ErrorCode.INVALID_EMAIL
