"""Payment services' bills: had every day, compared with the books, and their differences listed for the company.

A merchant's days are taken in order, each once. An order that no answer decided is settled by its bill; so is a refund.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, select

from domain.calendar import end_of, start_of
from domain.calendar import today as day_of
from domain.checkouts import CURRENCY, OPEN, CheckoutFailure, MerchantState, PayService, Trade, TradeState
from domain.errors import ErrorCode, Refusal
from domain.fee_refunds import RefundState, RefundWord, Repayment
from domain.pay_bills import (
    MOST_DAYS,
    RESOLVERS,
    BilledPayment,
    Booked,
    DayBill,
    PayDifferenceState,
    differences,
    first_day,
    ready_at,
)
from models.base import new_id
from models.checkouts import Checkout, PayMerchant
from models.fee_refunds import FeeRefund
from models.pay_bills import PayBill, PayDifference
from models.payments import Payment
from resolvers.checkouts import fail_checkout, settle_checkout
from resolvers.fee_refunds import settle_refund
from resolvers.jobs import Within, errand, nightly
from resolvers.pay_services import RefusedError, UnclearError, pay_service
from resolvers.unit_of_work import UnitOfWork

BOOKED_REFUNDS = frozenset({RefundState.PROCESSING, RefundState.SUCCEEDED})

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Wanted:
    """A merchant's next day without a bill."""

    merchant: str
    day: date


@nightly
async def ask_for_bills(uow: UnitOfWork) -> bool:
    """Have the bills fetched, once they are made, of every merchant number that is used or was until lately."""
    lately = uow.now - timedelta(days=MOST_DAYS)
    merchants = await uow.session.scalars(
        select(PayMerchant.id).where(
            PayMerchant.county == uow.county,
            PayMerchant.confirmed_at.is_not(None),
            or_(PayMerchant.state == MerchantState.CONFIRMED.value, PayMerchant.ended_at > lately),
        )
    )
    for merchant_id in merchants.all():
        await uow.enqueue("pay_bill_fetch", merchant_id=merchant_id, at=ready_at(uow.today - timedelta(days=1)))
    return False


@errand("pay_bill_fetch")
async def fetch(within: Within, *, merchant_id: uuid.UUID) -> None:
    """Have a merchant's bills, the oldest that is missing first, and compare each with the books.

    One that cannot be had, or not be believed, ends it: the next night asks again, from that day on.
    """
    wanted: _Wanted | None
    while wanted := await within(lambda uow: _next_day(uow, merchant_id)):
        day = wanted.day
        try:
            bill = await pay_service(PayService.WECHAT).bill(wanted.merchant, day)
        except (UnclearError, RefusedError) as error:
            log.warning(
                "a payment service's bill cannot be had", merchant=str(merchant_id), day=str(day), fault=str(error)
            )
            return
        await within(lambda uow, day=day, bill=bill: compare(uow, merchant_id, day, bill))


async def _next_day(uow: UnitOfWork, merchant_id: uuid.UUID) -> _Wanted | None:
    merchant = await uow.load(PayMerchant, merchant_id)
    if merchant.confirmed_at is None:
        return None
    first = first_day(day_of(merchant.confirmed_at), uow.today)
    last = await uow.session.scalar(
        select(func.max(PayBill.day)).where(PayBill.county == uow.county, PayBill.merchant_id == merchant_id)
    )
    day = first if last is None else max(first, last + timedelta(days=1))
    return _Wanted(merchant.number, day) if ready_at(day) <= uow.now else None


async def compare(uow: UnitOfWork, merchant_id: uuid.UUID, day: date, bill: DayBill) -> PayBill | None:
    """Compare a day's bill with the books: settle what it decides, list what differs. Nothing, when it was done before."""
    merchant = await uow.load(PayMerchant, merchant_id, lock=True)
    known = select(PayBill.id).where(
        PayBill.county == uow.county, PayBill.merchant_id == merchant_id, PayBill.day == day
    )
    if await uow.session.scalar(known) is not None:
        return None
    await _settle(uow, merchant, day, bill)
    made = PayBill(
        county=uow.county,
        id=new_id(),
        merchant_id=merchant.id,
        company_id=merchant.company_id,
        day=day,
        payments=len(bill.payments),
        paid=sum(one.amount for one in bill.payments),
        refunds=len(bill.refunds),
        refunded=sum(one.amount for one in bill.refunds),
        fees=bill.fees,
    )
    uow.session.add(made)
    await uow.session.flush()  # its differences refer to it
    orders, refunds = await _booked_orders(uow, merchant, day, bill), await _booked_refunds(uow, merchant, day, bill)
    for one in differences(bill, orders, refunds):
        ours = _id_of(one.number)
        uow.session.add(
            PayDifference(
                county=uow.county,
                id=new_id(),
                bill_id=made.id,
                company_id=merchant.company_id,
                kind=one.kind.value,
                number=one.number,
                billed=one.billed,
                booked=one.booked,
                checkout_id=ours if one.number in orders else None,
                refund_id=ours if one.number in refunds else None,
                state=PayDifferenceState.OPEN.value,
            )
        )
    return made


async def pay_difference_resolve(uow: UnitOfWork, *, id: uuid.UUID, note: str) -> PayDifference:
    """Explain a difference between a service's bill and the books (payDifferenceResolve). By the company's admin.

    It moves no money: what is to be booked, refunded or claimed is done where such things are done, and the note says where.
    ``REQUIRED`` without a note, ``ACTION_NOT_AVAILABLE`` the second time.
    """
    found = await uow.load(PayDifference, id, lock=True)
    grant = await uow.act(RESOLVERS, PayDifference, found)
    if not note.strip():
        raise Refusal(ErrorCode.REQUIRED, "note")
    if found.state != PayDifferenceState.OPEN:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=found.state)
    found.state, found.note = PayDifferenceState.RESOLVED.value, note
    found.resolved_by, found.resolved_at = uow.actor.account_id, uow.now
    await uow.audit("payDifferenceResolve", found, grant=grant, reason=note)
    return found


async def _settle(uow: UnitOfWork, merchant: PayMerchant, day: date, bill: DayBill) -> None:
    """Book what the bill says was paid or paid back and the books do not know yet; close what it does not say was paid."""
    orders = await _rows(uow, Checkout, [one.number for one in bill.payments])
    for paid in bill.payments:
        if (order := orders.get(paid.number)) is not None and order.payment_id is None:
            await settle_checkout(uow, order.id, _trade(paid, merchant.number))
    refunds = await _rows(uow, FeeRefund, [one.number for one in bill.refunds])
    for back in bill.refunds:
        if back.done and back.number in refunds:
            said = Repayment(back.number, merchant.number, RefundWord.DONE, back.amount, back.reference)
            await settle_refund(uow, refunds[back.number].id, said)
    for refund in refunds.values():
        refund.billed_on = refund.billed_on or day
    unpaid = await uow.session.scalars(
        select(Checkout)
        .where(
            Checkout.county == uow.county,
            Checkout.merchant_id == merchant.id,
            Checkout.state.in_(sorted(OPEN)),
            Checkout.expires_at < end_of(day),
            Checkout.id.not_in([order.id for order in orders.values()]),
        )
        .order_by(Checkout.id)
        .with_for_update()
    )
    for order in unpaid.all():
        await fail_checkout(uow, order, CheckoutFailure(order.ending or CheckoutFailure.EXPIRED))
    await uow.session.flush()


async def _booked_orders(uow: UnitOfWork, merchant: PayMerchant, day: date, bill: DayBill) -> Mapping[str, Booked]:
    named = [one for paid in bill.payments if (one := _id_of(paid.number))]
    rows = await uow.session.execute(
        select(Checkout.id, Checkout.amount, Payment.reference)
        .outerjoin(Payment, (Payment.county == Checkout.county) & (Payment.id == Checkout.payment_id))
        .where(
            Checkout.county == uow.county,
            Checkout.company_id == merchant.company_id,
            or_(
                Checkout.id.in_(named),
                (Checkout.merchant_id == merchant.id)
                & Checkout.payment_id.is_not(None)
                & (Checkout.paid_at >= start_of(day))
                & (Checkout.paid_at < end_of(day)),
            ),
        )
    )
    return {order_id.hex: Booked(amount, reference) for order_id, amount, reference in rows}


async def _booked_refunds(uow: UnitOfWork, merchant: PayMerchant, day: date, bill: DayBill) -> Mapping[str, Booked]:
    """Those that the bill names, and those that were done by the end of the day and are on no bill: a bill names a refund on
    the day on which it was sent."""
    named = [one for back in bill.refunds if (one := _id_of(back.number))]
    rows = await uow.session.execute(
        select(FeeRefund.id, FeeRefund.amount, FeeRefund.reference)
        .join(Checkout, (Checkout.county == FeeRefund.county) & (Checkout.payment_id == FeeRefund.payment_id))
        .where(
            FeeRefund.county == uow.county,
            FeeRefund.company_id == merchant.company_id,
            FeeRefund.state.in_(sorted(BOOKED_REFUNDS)),
            or_(
                FeeRefund.id.in_(named),
                (Checkout.merchant_id == merchant.id)
                & FeeRefund.billed_on.is_(None)
                & (FeeRefund.finished_at >= start_of(day))
                & (FeeRefund.finished_at < end_of(day)),
            ),
        )
    )
    return {refund_id.hex: Booked(amount, reference) for refund_id, amount, reference in rows}


async def _rows(uow: UnitOfWork, model: Any, numbers: list[str]) -> dict[str, Any]:
    """Rows by their number at the service."""
    ids = [one for number in numbers if (one := _id_of(number))]
    rows = await uow.session.scalars(select(model).where(model.county == uow.county, model.id.in_(ids)))
    return {row.id.hex: row for row in rows.all()}


def _trade(paid: BilledPayment, merchant: str) -> Trade:
    return Trade(paid.number, merchant, TradeState.PAID, paid.amount, CURRENCY, paid.reference, paid.paid_at)


def _id_of(number: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(hex=number)
    except ValueError:
        return None  # a number of somebody else's making
