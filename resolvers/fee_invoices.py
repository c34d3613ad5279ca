"""Electronic invoices for payments: asked for by the payer, issued by the company through an invoice service, and taken back in
red when the money goes back. What the service did not say is looked up until it is known, never assumed."""

import uuid

import structlog
from sqlalchemy import func, select

from auth.actor import Grant
from domain.checkouts import pause_after
from domain.errors import ErrorCode, Refusal
from domain.fee_invoices import (
    ASKERS,
    ISSUERS,
    NOT_ISSUED,
    OVER,
    REVERSERS,
    REVERSIBLE,
    UNKNOWN,
    FeeInvoiceState,
    Invoiced,
    InvoiceWord,
    TitleKind,
    check_email,
    check_tax_number,
    check_title,
    differs,
)
from domain.payments import Channel, PaymentState
from models.base import new_id
from models.companies import Company
from models.fee_invoices import FeeInvoice
from models.fees import FeeBill
from models.payments import Allocation, Payment
from models.sealed import Kind, reveal, seal_into
from resolvers.invoice_services import (
    Buyer,
    InvoiceLine,
    InvoiceOrder,
    RedOrder,
    Service,
    check_offered,
    invoice_service,
    is_offered,
)
from resolvers.jobs import Within, errand
from resolvers.pay_services import UnclearError
from resolvers.unit_of_work import UnitOfWork

IN_ADVANCE = "预收物业费"
"""What no bill has taken yet, on the invoice."""
TITLES = {TitleKind.PERSON: Kind.NAME, TitleKind.ORGANISATION: Kind.ORGANISATION}

log = structlog.get_logger(__name__)


async def fee_invoice_request(
    uow: UnitOfWork,
    *,
    payment_id: uuid.UUID,
    title_kind: TitleKind,
    title: str,
    tax_number: str | None = None,
    email: str | None = None,
) -> FeeInvoice:
    """Ask for the invoice of a payment, over what was not paid back of it (feeInvoiceRequest), by the unit's people or the
    company.

    ``INVOICE_SERVICE_NOT_READY``; ``ACTION_NOT_AVAILABLE`` for a payment that was taken or paid back, or was brought in;
    ``ALREADY_REGISTERED`` while another invoice of it lives. An organisation needs its ``tax_number`` (``REQUIRED``), a person
    has none (``INVALID_INPUT``).
    """
    payment = await uow.load(Payment, payment_id, lock=True, field="paymentId")
    grant = await uow.act(ASKERS, Payment, payment)
    check_offered("paymentId")
    kind, printed = TitleKind(title_kind), check_title(title)
    number = check_tax_number(tax_number) if tax_number else None
    if (kind is TitleKind.ORGANISATION) != (number is not None):
        raise Refusal(ErrorCode.INVALID_INPUT if number else ErrorCode.REQUIRED, "taxNumber")
    address = check_email(email) if email else None
    amount = payment.amount - payment.refunded
    if payment.state != PaymentState.SUCCEEDED or payment.channel == Channel.OPENING or not amount:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "paymentId", state=payment.state)
    if await _living(uow, payment.id):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "paymentId")
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    invoice = FeeInvoice(
        county=uow.county,
        id=new_id(),
        payment_id=payment.id,
        unit_id=payment.unit_id,
        company_id=payment.company_id,
        area_id=payment.area_id,
        account_id=uow.actor.account_id,
        title_kind=kind.value,
        amount=amount,
        state=FeeInvoiceState.REQUESTED.value,
    )
    seal_into(invoice, "title", printed, TITLES[kind], uow.vault)
    seal_into(invoice, "tax_number", number, Kind.TAX_NUMBER, uow.vault)
    seal_into(invoice, "email", address, Kind.EMAIL, uow.vault)
    uow.session.add(invoice)
    await uow.audit("feeInvoiceRequest", invoice, grant=grant, detail={"amount": amount})
    return invoice


async def fee_invoice_issue(uow: UnitOfWork, *, id: uuid.UUID) -> FeeInvoice:
    """Have an invoice issued (feeInvoiceIssue), by the company: one that was asked for, one that failed, once more; one of
    which nothing was heard is looked up again. ``ACTION_NOT_AVAILABLE`` in any other state."""
    invoice, _ = await _take_up(uow, id)
    grant = await uow.act(ISSUERS, FeeInvoice, invoice)
    check_offered("id")
    await _send(uow, invoice, NOT_ISSUED, FeeInvoiceState.ISSUING)
    await uow.audit("feeInvoiceIssue", invoice, grant=grant)
    return invoice


async def fee_invoice_cancel(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FeeInvoice:
    """Give a request up that nothing is under way for (feeInvoiceCancel), by the unit's people or the company, who says why;
    another one can be asked for then. ``ACTION_NOT_AVAILABLE`` once it is being issued."""
    invoice, _ = await _take_up(uow, id)
    grant = await uow.act(ASKERS, FeeInvoice, invoice)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if invoice.state not in NOT_ISSUED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=invoice.state)
    await _cancel(uow, invoice, grant, reason)
    return invoice


async def fee_invoice_reverse(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FeeInvoice:
    """Take an issued invoice back in red (feeInvoiceReverse), by the company's admin or project leader: one with a wrong title,
    say; and once more where that failed. ``ACTION_NOT_AVAILABLE`` for one that is not there, or is taken back already."""
    invoice, _ = await _take_up(uow, id)
    grant = await uow.act(REVERSERS, FeeInvoice, invoice)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    check_offered("id")
    await _send(uow, invoice, REVERSIBLE, FeeInvoiceState.REVERSING, reason)
    await uow.audit("feeInvoiceReverse", invoice, grant=grant, reason=reason)
    return invoice


async def take_invoice_back(uow: UnitOfWork, payment: Payment, grant: Grant, reason: str) -> None:
    """Money that goes back takes the payment's invoice along: asked for, it is given up; issued, it goes red; of one that is
    being issued that is done as soon as it is there. The caller holds the payment's lock."""
    invoice = await _living(uow, payment.id)
    if invoice is None:
        return
    if invoice.state in NOT_ISSUED:
        await _cancel(uow, invoice, grant, reason)
    elif invoice.state == FeeInvoiceState.ISSUED:
        await _send(uow, invoice, REVERSIBLE, FeeInvoiceState.REVERSING, reason)
        await uow.audit("feeInvoiceReverse", invoice, grant=grant, reason=reason)
    else:
        invoice.reason = invoice.reason or reason


@errand("fee_invoice_look")
async def look(within: Within, *, invoice_id: uuid.UUID) -> None:
    """Ask the invoice service what became of an invoice, or of its red one, sending what it does not know of, until that is
    known. It knows each by its number: sending it again sends it once."""
    wanted: InvoiceOrder | RedOrder | None = await within(lambda uow: _wanted(uow, invoice_id))
    if wanted is None:
        return
    said = await _ask(invoice_service(), wanted) if is_offered() else None

    async def record(uow: UnitOfWork) -> None:
        invoice, payment = await _take_up(uow, invoice_id)
        if invoice.number != wanted.number or invoice.state not in _NEXT:
            return
        if said is None or not await _settle(uow, invoice, payment, wanted, said):
            await _look_again(uow, invoice)

    await within(record)


_NEXT = {
    FeeInvoiceState.ISSUING.value: (FeeInvoiceState.ISSUED.value, FeeInvoiceState.FAILED.value),
    FeeInvoiceState.REVERSING.value: (FeeInvoiceState.REVERSED.value, FeeInvoiceState.REVERSAL_FAILED.value),
}
"""What is under way, and what it becomes when it is done, or refused."""


async def _settle(
    uow: UnitOfWork, invoice: FeeInvoice, payment: Payment, wanted: InvoiceOrder | RedOrder, said: Invoiced
) -> bool:
    """Take the service's word, if it decides anything; whether it did."""
    if differs(said, number=wanted.number, seller=wanted.seller, amount=wanted.amount):
        log.error("an invoice service and the books disagree", invoice=str(invoice.id))
        return False
    done, refused = _NEXT[invoice.state]
    if said.word is InvoiceWord.REFUSED:
        invoice.state, invoice.problem = refused, said.problem or InvoiceWord.REFUSED.value
    elif said.word is InvoiceWord.ISSUED:
        if await _is_anothers(uow, invoice, said.invoice_number):
            log.error("an invoice service gave a number twice", invoice=str(invoice.id))
            return False
        invoice.state, invoice.problem = done, None
        if done == FeeInvoiceState.REVERSED:
            invoice.red_number, invoice.red_on = said.invoice_number, said.issued_on
        else:
            invoice.invoice_number, invoice.issued_on, invoice.url = said.invoice_number, said.issued_on, said.url
    else:
        return False
    uow.notify(invoice)
    await _catch_up(uow, invoice, payment)
    return True


async def _catch_up(uow: UnitOfWork, invoice: FeeInvoice, payment: Payment) -> None:
    """What was to be done with an invoice while the service was making it: its money had gone back."""
    if invoice.amount == payment.amount - payment.refunded and payment.state == PaymentState.SUCCEEDED:
        return
    reason = invoice.reason or payment.reversal_reason
    if invoice.state == FeeInvoiceState.FAILED:
        invoice.state, invoice.reason = FeeInvoiceState.CANCELLED.value, reason
    elif invoice.state == FeeInvoiceState.ISSUED:
        await _send(uow, invoice, REVERSIBLE, FeeInvoiceState.REVERSING, reason)


async def _look_again(uow: UnitOfWork, invoice: FeeInvoice) -> None:
    pause = pause_after(invoice.looks)
    invoice.looks += 1
    if pause is not None:
        await uow.enqueue("fee_invoice_look", invoice_id=invoice.id, at=uow.now + pause)
    else:
        invoice.problem = UNKNOWN
        uow.notify(invoice)


async def _send(
    uow: UnitOfWork,
    invoice: FeeInvoice,
    states: frozenset[FeeInvoiceState],
    under_way: FeeInvoiceState,
    reason: str | None = None,
) -> None:
    """Have the service asked: under a new number, unless nothing was heard of the last one."""
    if invoice.state in states:
        invoice.state, invoice.attempt = under_way.value, invoice.attempt + 1
    elif invoice.state != under_way or invoice.problem != UNKNOWN:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=invoice.state)
    invoice.problem, invoice.looks, invoice.reason = None, 0, reason or invoice.reason
    await uow.enqueue("fee_invoice_look", invoice_id=invoice.id)
    uow.notify(invoice)


async def _wanted(uow: UnitOfWork, invoice_id: uuid.UUID) -> InvoiceOrder | RedOrder | None:
    """What the service is to do now, read anew each time; nothing, when that is decided."""
    invoice = await uow.load(FeeInvoice, invoice_id)
    company = await uow.session.get_one(Company, (uow.county, invoice.company_id))
    if invoice.state == FeeInvoiceState.REVERSING and invoice.invoice_number is not None:
        return RedOrder(
            invoice.number, company.credit_code, invoice.invoice_number, invoice.amount, invoice.reason or ""
        )
    if invoice.state != FeeInvoiceState.ISSUING:
        return None
    buyer = Buyer(
        TitleKind(invoice.title_kind),
        reveal(invoice, "title", uow.vault) or "",
        reveal(invoice, "tax_number", uow.vault),
        reveal(invoice, "email", uow.vault),
    )
    lines = await _lines(uow, invoice)
    return InvoiceOrder(invoice.number, company.credit_code, company.name, buyer, invoice.amount, lines)


async def _lines(uow: UnitOfWork, invoice: FeeInvoice) -> list[InvoiceLine]:
    """What the amount was paid for: the bills' parts as they stand, and the rest in advance."""
    part = func.sum(Allocation.amount)
    held = await uow.session.execute(
        select(FeeBill.title, FeeBill.period_from, FeeBill.period_to, part)
        .join(FeeBill, (FeeBill.county == Allocation.county) & (FeeBill.id == Allocation.bill_id))
        .where(Allocation.county == uow.county, Allocation.payment_id == invoice.payment_id)
        .group_by(FeeBill.id, FeeBill.title, FeeBill.period_from, FeeBill.period_to)
        .having(part > 0)
        .order_by(FeeBill.period_from, FeeBill.id)
    )
    lines = [InvoiceLine(title, int(fen), first, last) for title, first, last, fen in held]
    rest = invoice.amount - sum(line.amount for line in lines)
    return [*lines, InvoiceLine(IN_ADVANCE, rest)] if rest > 0 else lines


async def _ask(service: Service, wanted: InvoiceOrder | RedOrder) -> Invoiced | None:
    """What the service says, asking it to do what it does not know of; ``None`` where it said nothing to believe."""
    try:
        said = await service.look_up(wanted.seller, wanted.number)
        if said.word is not InvoiceWord.ABSENT:
            return said
        return await (service.issue(wanted) if isinstance(wanted, InvoiceOrder) else service.take_back(wanted))
    except UnclearError:
        return None


async def _take_up(uow: UnitOfWork, invoice_id: uuid.UUID) -> tuple[FeeInvoice, Payment]:
    """An invoice and its payment, which is locked first as everywhere."""
    seen = await uow.load(FeeInvoice, invoice_id)
    payment = await uow.load(Payment, seen.payment_id, lock=True)
    return await uow.load(FeeInvoice, invoice_id, lock=True), payment


async def _cancel(uow: UnitOfWork, invoice: FeeInvoice, grant: Grant, reason: str) -> None:
    invoice.state, invoice.reason = FeeInvoiceState.CANCELLED.value, reason
    await uow.audit("feeInvoiceCancel", invoice, grant=grant, reason=reason)
    uow.notify(invoice)


async def _living(uow: UnitOfWork, payment_id: uuid.UUID) -> FeeInvoice | None:
    return await uow.session.scalar(
        select(FeeInvoice)
        .where(FeeInvoice.county == uow.county, FeeInvoice.payment_id == payment_id, FeeInvoice.state.not_in(OVER))
        .with_for_update()
    )


async def _is_anothers(uow: UnitOfWork, invoice: FeeInvoice, number: str | None) -> bool:
    found = await uow.session.scalar(
        select(FeeInvoice.id).where(
            FeeInvoice.county == uow.county,
            (FeeInvoice.invoice_number == number) | (FeeInvoice.red_number == number),
        )
    )
    return found is not None
