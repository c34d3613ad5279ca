"""Receipts for payments: issued under the next number, written as PDF, verified by anybody, struck out in red (冲红)."""

import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from auth.actor import Grant
from domain.documents import PDF, DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.fee_receipts import FeeReceiptState, new_code, receipt_number
from domain.identifiers import mask_name
from domain.payments import Channel, PaymentState
from domain.roles import COMPANY, RESIDENTS, Role
from models.base import new_id
from models.companies import Company
from models.documents import Document
from models.estates import Estate, Unit
from models.fee_receipts import FeeReceipt, ReceiptCounter
from models.fees import FeeBill
from models.payments import Allocation, Payment
from resolvers.carriers import carrier, kept
from resolvers.jobs import job
from resolvers.unit_of_work import UnitOfWork

LONGEST_NAME = 60


@dataclass(frozen=True)
class ReceiptFacts:
    """What a receipt says on paper; amounts in fen."""

    number: str
    code: str
    company: str
    credit_code: str
    unit: str
    payer_name: str | None
    received_on: date
    channel: str
    amount: int
    lines: tuple[tuple[str, int], ...]
    """What it was for: a bill's title and period, and its part; the rest is kept for later bills."""
    issued_on: date
    voided_on: date | None
    void_reason: str | None


@dataclass(frozen=True)
class ReceiptVerification:
    """What anybody learns who holds a receipt's code: enough to compare the paper, nobody's name."""

    matches: bool
    number: str | None = None
    state: FeeReceiptState | None = None
    amount: int | None = None
    received_on: date | None = None
    company: str | None = None
    unit: str | None = None
    payer: str | None = None


async def fee_receipt_issue(uow: UnitOfWork, *, payment_id: uuid.UUID, payer_name: str | None = None) -> FeeReceipt:
    """Issue the receipt for a payment (feeReceiptIssue), by the company or the unit's people; the one that counts if there
    is one already. ``payer_name`` is what the paper says; left out, who was written down as paying.

    ``ACTION_NOT_AVAILABLE`` for a payment that was taken back, or that was no money at all (brought in).
    """
    payment = await uow.load(Payment, payment_id, lock=True, field="paymentId")
    grant = await uow.act(COMPANY | RESIDENTS, Payment, payment)
    if payment.state != PaymentState.SUCCEEDED or payment.channel == Channel.OPENING:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "paymentId", state=payment.state)
    if payer_name is not None and not 0 < len(payer_name.strip()) <= LONGEST_NAME:
        raise Refusal(ErrorCode.INVALID_INPUT, "payerName")
    if counting := await _counting(uow, payment.id):
        return counting
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    company = await uow.session.get_one(Company, (uow.county, payment.company_id))
    year = uow.today.year
    serial = await _next_serial(uow, payment.company_id, year)
    receipt = FeeReceipt(
        county=uow.county,
        id=new_id(),
        payment_id=payment.id,
        unit_id=payment.unit_id,
        company_id=payment.company_id,
        area_id=payment.area_id,
        number=receipt_number(uow.profile.receipt_number, credit_code=company.credit_code, year=year, serial=serial),
        year=year,
        serial=serial,
        code=new_code(uow.county),
        payer_name=payer_name or payment.payer_name,
        amount=payment.amount,
        channel=payment.channel,
        received_on=payment.received_on,
        issued_by=uow.actor.account_id,
        state=FeeReceiptState.ISSUED.value,
        created_at=uow.now,
    )
    uow.session.add(receipt)
    await uow.audit("feeReceiptIssue", receipt, grant=grant)
    await uow.enqueue("fee_receipt_write", receipt_id=receipt.id)
    return receipt


async def fee_receipt_void(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FeeReceipt:
    """Strike a receipt out in red (feeReceiptVoid); another one can be issued then. By the company's admin or project leader;
    ``ALREADY_REVERSED`` the second time."""
    receipt = await uow.load(FeeReceipt, id, lock=True)
    grant = await uow.act(COMPANY - {Role.COMPANY_STAFF}, FeeReceipt, receipt)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if receipt.state == FeeReceiptState.VOIDED:
        raise Refusal(ErrorCode.ALREADY_REVERSED, "id")
    await _void(uow, receipt, grant, reason)
    return receipt


async def void_receipt_of(uow: UnitOfWork, payment: Payment, grant: Grant, reason: str) -> None:
    """A payment that is taken back takes its receipt with it. The caller holds the payment's lock."""
    if counting := await _counting(uow, payment.id):
        await _void(uow, counting, grant, reason)


async def verify(uow: UnitOfWork, *, code: str) -> ReceiptVerification:
    """What a verification code stands for (feeReceiptVerify); whoever asks needs no sign-in."""
    found = await uow.session.scalar(
        select(FeeReceipt).where(FeeReceipt.county == uow.county, FeeReceipt.code == code.strip().upper())
    )
    if found is None:
        return ReceiptVerification(matches=False)
    company = await uow.session.get_one(Company, (uow.county, found.company_id))
    unit = await uow.session.get_one(Unit, (uow.county, found.unit_id))
    return ReceiptVerification(
        matches=True,
        number=found.number,
        state=FeeReceiptState(found.state),
        amount=found.amount,
        received_on=found.received_on,
        company=company.name,
        unit=unit.name_mask,
        payer=mask_name(found.payer_name) if found.payer_name else None,
    )


@job("fee_receipt_write")
async def write(uow: UnitOfWork, *, receipt_id: uuid.UUID) -> None:
    """Write the paper of a receipt as it stands now; of one that was voided meanwhile, struck out."""
    receipt = await uow.load(FeeReceipt, receipt_id, lock=True)
    path: Path = await carrier().receipt(await facts_of(uow, receipt))
    receipt.document_id = await kept(
        uow, path, f"{receipt.number}.pdf", receipt.issued_by, media_type=PDF, kind=DocumentKind.RECEIPT
    )
    document = await uow.session.get_one(Document, (uow.county, receipt.document_id))
    document.subject_type, document.subject_id = FeeReceipt.__tablename__, receipt.id
    document.unit_id, document.company_id, document.area_id = receipt.unit_id, receipt.company_id, None
    uow.notify(receipt)


async def facts_of(uow: UnitOfWork, receipt: FeeReceipt) -> ReceiptFacts:
    """What the paper says: the payment as it came in, whatever became of it since."""
    company = await uow.session.get_one(Company, (uow.county, receipt.company_id))
    unit = await uow.session.get_one(Unit, (uow.county, receipt.unit_id))
    estate = await uow.session.get_one(Estate, (uow.county, unit.estate_id))
    return ReceiptFacts(
        number=receipt.number,
        code=receipt.code,
        company=company.name,
        credit_code=company.credit_code,
        unit=f"{estate.name} {unit.name}",
        payer_name=receipt.payer_name,
        received_on=receipt.received_on,
        channel=receipt.channel,
        amount=receipt.amount,
        lines=await _lines(uow, receipt),
        issued_on=receipt.created_at.date(),
        voided_on=receipt.voided_at.date() if receipt.voided_at else None,
        void_reason=receipt.void_reason,
    )


async def _lines(uow: UnitOfWork, receipt: FeeReceipt) -> tuple[tuple[str, int], ...]:
    taken = await uow.session.execute(
        select(FeeBill.title, FeeBill.period_from, FeeBill.period_to, Allocation.amount)
        .join(FeeBill, (FeeBill.county == Allocation.county) & (FeeBill.id == Allocation.bill_id))
        .where(Allocation.county == uow.county, Allocation.payment_id == receipt.payment_id, Allocation.amount > 0)
        .order_by(Allocation.id)
    )
    return tuple((f"{title} {first:%Y-%m-%d}—{last:%Y-%m-%d}", int(fen)) for title, first, last, fen in taken)


async def _counting(uow: UnitOfWork, payment_id: uuid.UUID) -> FeeReceipt | None:
    return await uow.session.scalar(
        select(FeeReceipt).where(
            FeeReceipt.county == uow.county,
            FeeReceipt.payment_id == payment_id,
            FeeReceipt.state == FeeReceiptState.ISSUED.value,
        )
    )


async def _next_serial(uow: UnitOfWork, company_id: uuid.UUID, year: int) -> int:
    """The next number in the row. Whoever asks next waits until this transaction is over: one that is undone leaves no gap."""
    given = insert(ReceiptCounter).values(county=uow.county, id=new_id(), company_id=company_id, year=year, last=1)
    counted = given.on_conflict_do_update(
        index_elements=["county", "company_id", "year"], set_={"last": ReceiptCounter.last + 1}
    ).returning(ReceiptCounter.last)
    return (await uow.session.execute(counted)).scalar_one()


async def _void(uow: UnitOfWork, receipt: FeeReceipt, grant: Grant, reason: str) -> None:
    receipt.state, receipt.void_reason, receipt.voided_at = FeeReceiptState.VOIDED.value, reason, uow.now
    await uow.audit("feeReceiptVoid", receipt, grant=grant, reason=reason)
    await uow.enqueue("fee_receipt_write", receipt_id=receipt.id)
