"""Refunds of fees: asked for by the payer or the company, decided by another person, paid the way the money came (FEE-7).

Only money that no bill holds is paid back: a bill that was wrong is reduced or taken back first, and its money is the unit's
again. What a payment service pays back goes to whoever paid it, also after the unit changed hands.
"""

import uuid
from collections.abc import Sequence

import structlog
from sqlalchemy import func, select

from domain.checkouts import CheckoutState, PayService, pause_after
from domain.daily_closes import AT_THE_DESK
from domain.errors import ErrorCode, Refusal
from domain.fee_refunds import ASKERS, DECIDERS, RefundState, RefundWord, Repayment, differs
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.payments import MONEY_ACCOUNT, Channel, PaymentState
from domain.roles import COMPANY, Role
from models.base import new_id
from models.checkouts import Checkout
from models.fee_refunds import FeeRefund
from models.payments import Payment
from resolvers.documents import attach
from resolvers.fee_invoices import take_invoice_back
from resolvers.fee_receipts import void_receipt_of
from resolvers.jobs import Within, errand
from resolvers.ledger import account, post, reverse
from resolvers.pay_services import RefusedError, Return, Service, UnclearError, pay_service
from resolvers.receipts import towards
from resolvers.unit_of_work import UnitOfWork

REFUNDED_FROM = {**MONEY_ACCOUNT, Channel.OPENING: AccountKind.BANK}
"""Money leaves the account that it came to; what was brought in, the company's bank account."""

log = structlog.get_logger(__name__)


async def fee_refund_request(uow: UnitOfWork, *, payment_id: uuid.UUID, amount: int, reason: str) -> FeeRefund:
    """Ask for ``amount`` fen of a payment back (feeRefundRequest), by the unit's people or the company.

    ``INSUFFICIENT_BALANCE`` for more than no bill holds and nobody has asked back before; ``ACTION_NOT_AVAILABLE`` for a
    payment that was taken back.
    """
    payment = await uow.load(Payment, payment_id, lock=True, field="paymentId")
    grant = await uow.act(ASKERS, Payment, payment)
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if payment.state != PaymentState.SUCCEEDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "paymentId", state=payment.state)
    asked = await uow.session.scalar(
        select(func.coalesce(func.sum(FeeRefund.amount), 0)).where(
            FeeRefund.county == uow.county,
            FeeRefund.payment_id == payment.id,
            FeeRefund.state == RefundState.REQUESTED.value,
        )
    )
    left = payment.prepaid - int(asked or 0)
    if amount > left:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=left, needed_fen=amount)
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    refund = FeeRefund(
        county=uow.county,
        id=new_id(),
        payment_id=payment.id,
        unit_id=payment.unit_id,
        company_id=payment.company_id,
        area_id=payment.area_id,
        amount=amount,
        channel=payment.channel,
        reason=reason,
        state=RefundState.REQUESTED.value,
        requested_by=uow.actor.account_id,
        cashier_id=uow.actor.account_id if payment.channel in AT_THE_DESK and grant.role in COMPANY else None,
    )
    uow.session.add(refund)
    await uow.audit("feeRefundRequest", refund, grant=grant, reason=reason, detail={"amount": amount})
    return refund


async def fee_refund_grant(
    uow: UnitOfWork, *, id: uuid.UUID, reference: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FeeRefund:
    """Grant a refund (feeRefundGrant), by the company's admin or project leader, never by who asked for it.

    What came by WeChat Pay goes back through it. Anything else the company has paid itself: ``reference`` (of the transfer, or
    the signed slip) and its paper are ``REQUIRED``. What came to a desk leaves the drawer of the cashier who asked for it; when
    the payer asked, of who grants it. ``INSUFFICIENT_BALANCE`` when bills have taken the money since.
    """
    refund, payment = await _take_up(uow, id)
    grant = await uow.act(DECIDERS, FeeRefund, refund)
    _another(uow, refund)
    through_service = refund.channel == Channel.WECHAT
    if not through_service and not (reference and reference.strip()):
        raise Refusal(ErrorCode.REQUIRED, "reference")
    if not through_service and not document_ids:
        raise Refusal(ErrorCode.REQUIRED, "documentIds")
    if refund.amount > payment.prepaid:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "id", available_fen=payment.prepaid, needed_fen=refund.amount)
    await attach(uow, document_ids, refund)
    money = await account(uow, REFUNDED_FROM[Channel(refund.channel)], company_id=refund.company_id)
    refund.transaction_id = await post(
        uow,
        TransactionKind.REFUND,
        [debit(await towards(uow, AccountKind.PREPAID, payment), refund.amount), credit(money, refund.amount)],
        reason=refund.reason,
        reference=reference or payment.reference,
    )
    payment.prepaid -= refund.amount
    payment.refunded += refund.amount
    await take_invoice_back(uow, payment, grant, refund.reason)
    refund.decided_by, refund.reference = uow.actor.account_id, reference
    if refund.channel in AT_THE_DESK:
        refund.cashier_id = refund.cashier_id or uow.actor.account_id
    refund.state = RefundState.PROCESSING.value
    await uow.audit("feeRefundGrant", refund, grant=grant, documents=document_ids, detail={"amount": refund.amount})
    if through_service:
        await uow.enqueue("fee_refund_look", refund_id=refund.id)
    else:
        await _succeed(uow, refund, payment)
    return refund


async def fee_refund_refuse(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FeeRefund:
    """Refuse a refund with a reason (feeRefundRefuse), by the company's admin or project leader."""
    refund, _ = await _take_up(uow, id)
    grant = await uow.act(DECIDERS, FeeRefund, refund)
    _another(uow, refund)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    refund.state, refund.decision, refund.finished_at = RefundState.REFUSED.value, reason, uow.now
    refund.decided_by = uow.actor.account_id
    await uow.audit("feeRefundRefuse", refund, grant=grant, reason=reason)
    uow.notify(refund)
    return refund


async def settle_refund(uow: UnitOfWork, refund_id: uuid.UUID, said: Repayment) -> None:
    """What a payment service says of a refund: done, stuck, or closed, upon which the books take it back. Once, however often
    it is said; a word about another merchant or amount changes nothing."""
    seen = await uow.load(FeeRefund, refund_id)
    payment = await uow.load(Payment, seen.payment_id, lock=True)
    refund = await uow.load(FeeRefund, refund_id, lock=True)
    if refund.state != RefundState.PROCESSING:
        return
    if differs(said, number=refund.id.hex, merchant=payment.issuer, amount=refund.amount):
        log.error("a payment service and the books disagree", refund=str(refund_id))
        return
    refund.reference = said.reference or refund.reference
    if said.word is RefundWord.DONE:
        refund.problem = None
        await _succeed(uow, refund, payment)
    elif said.word is RefundWord.CLOSED:
        await _fail(uow, refund, payment, "CLOSED")
    elif said.word is RefundWord.STUCK and refund.problem is None:
        refund.problem = "ABNORMAL"
        uow.notify(refund)


@errand("fee_refund_look")
async def look(within: Within, *, refund_id: uuid.UUID) -> None:
    """Send a refund to the payment service, or ask what became of it, until that is known. The service knows it by its number,
    so sending it again sends it once."""
    wanted: Return | None = await within(lambda uow: _wanted(uow, refund_id))
    if wanted is None:
        return
    said, refusal = await _ask(pay_service(PayService.WECHAT), wanted)

    async def record(uow: UnitOfWork) -> None:
        if refusal is not None:
            seen = await uow.load(FeeRefund, refund_id)
            payment = await uow.load(Payment, seen.payment_id, lock=True)
            refund = await uow.load(FeeRefund, refund_id, lock=True)
            if refund.state == RefundState.PROCESSING:
                await _fail(uow, refund, payment, refusal)
            return
        if said is not None:
            await settle_refund(uow, refund_id, said)
        refund = await uow.load(FeeRefund, refund_id, lock=True)
        pause = pause_after(refund.looks)
        refund.looks += 1
        if refund.state == RefundState.PROCESSING and pause is not None:
            await uow.enqueue("fee_refund_look", refund_id=refund_id, at=uow.now + pause)

    await within(record)


async def _wanted(uow: UnitOfWork, refund_id: uuid.UUID) -> Return | None:
    refund = await uow.load(FeeRefund, refund_id)
    if refund.state != RefundState.PROCESSING:
        return None
    payment = await uow.load(Payment, refund.payment_id)
    return Return(uow.county, refund.id.hex, payment.issuer, payment.reference, refund.amount, payment.amount)


async def _ask(service: Service, wanted: Return) -> tuple[Repayment | None, str | None]:
    """What the service says of the refund, sending it if it does not know it; or its code, if it refuses to pay it back.

    A look that is refused says nothing of a refund that may be under way: it is looked for again.
    """
    try:
        said = await service.look_up_refund(wanted.merchant, wanted.number)
    except (UnclearError, RefusedError):
        return None, None
    if said.word is not RefundWord.ABSENT:
        return said, None
    try:
        return await service.give_back(wanted), None
    except UnclearError:
        return None, None
    except RefusedError as error:
        return None, error.code


async def _take_up(uow: UnitOfWork, refund_id: uuid.UUID) -> tuple[FeeRefund, Payment]:
    """A refund that waits for a decision, and its payment, which is locked first as everywhere."""
    seen = await uow.load(FeeRefund, refund_id)
    payment = await uow.load(Payment, seen.payment_id, lock=True)
    refund = await uow.load(FeeRefund, refund_id, lock=True)
    if refund.state != RefundState.REQUESTED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=refund.state)
    return refund, payment


def _another(uow: UnitOfWork, refund: FeeRefund) -> None:
    if uow.actor.account_id in (None, refund.requested_by):
        raise Refusal(ErrorCode.SECOND_PERSON_REQUIRED, "id")


async def _succeed(uow: UnitOfWork, refund: FeeRefund, payment: Payment) -> None:
    """Paid back. A payment that is paid back in full takes its receipt with it, and its order at the service ends."""
    refund.state, refund.finished_at = RefundState.SUCCEEDED.value, uow.now
    uow.notify(refund)
    if payment.refunded < payment.amount:
        return
    grant = uow.grant or await uow.act({Role.SYSTEM})
    await void_receipt_of(uow, payment, grant, refund.reason)
    order = await uow.session.scalar(
        select(Checkout).where(Checkout.county == uow.county, Checkout.payment_id == payment.id)
    )
    if order is not None:
        order.state = CheckoutState.REFUNDED.value
        uow.notify(order)


async def _fail(uow: UnitOfWork, refund: FeeRefund, payment: Payment, problem: str) -> None:
    if refund.transaction_id is not None:
        await reverse(uow, refund.transaction_id, problem)
    payment.refunded -= refund.amount
    payment.prepaid += refund.amount
    refund.state, refund.problem, refund.finished_at = RefundState.FAILED.value, problem, uow.now
    uow.notify(refund)
