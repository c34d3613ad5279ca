"""Paying at a payment service: an order is opened for bills, its payer confirms it, and what the service says decides (SM-14).

The service is told and asked by errands (``resolvers.checkout_errands``); here is what each of its words does to the books.
"""

import uuid
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from domain.calendar import today
from domain.checkouts import (
    FIRST_LOOK,
    LIFE,
    OPEN,
    CheckoutFailure,
    CheckoutState,
    MerchantState,
    PayService,
    Trade,
    disagreement,
    most_in_advance,
)
from domain.contracts import IN_FORCE
from domain.errors import ErrorCode, Refusal
from domain.payments import Channel
from domain.roles import RESIDENTS, Role
from models.base import new_id
from models.checkouts import Checkout, CheckoutBill, PayMerchant
from models.contracts import ServiceContract
from models.estates import PropertyArea, Unit
from models.fees import ChargeItem, FeeBill
from models.payments import Payment
from resolvers.pay_services import pay_service
from resolvers.receipts import open_bills, served, take
from resolvers.unit_of_work import UnitOfWork

MOST_BILLS = 100

log = structlog.get_logger(__name__)


async def checkout_open(
    uow: UnitOfWork,
    *,
    unit_id: uuid.UUID,
    company_id: uuid.UUID,
    appid: str,
    code: str,
    bill_ids: Sequence[uuid.UUID] = (),
    advance: int = 0,
) -> Checkout:
    """Open an order at WeChat Pay for what is open on these bills, and for ``advance`` fen of later ones (checkoutOpen).

    ``code`` is what ``wx.login`` gave in the mini-program ``appid`` just now. Once the order is ``PENDING`` it has what
    ``wx.requestPayment`` takes. Refuses ``NOT_FOUND``; ``PAY_SERVICE_NOT_READY`` where the company takes nothing this way;
    ``BILL_NOT_PAYABLE``; ``CHECKOUT_UNDER_WAY`` while another order for one of the bills may still be paid; ``OUT_OF_RANGE``
    for more in advance than the contract agrees (FEE-4).
    """
    unit = await uow.load(Unit, unit_id, field="unitId")
    grant = await uow.act(RESIDENTS, Unit, unit)
    item = await served(uow, unit_id, company_id)
    merchant = await _merchant(uow, company_id)
    if uow.actor.account_id is None or not pay_service(PayService.WECHAT, "companyId").serves(appid):
        raise Refusal(ErrorCode.PAY_SERVICE_NOT_READY, "appid")
    if not code.strip():
        raise Refusal(ErrorCode.REQUIRED, "code")
    if not (bill_ids or advance):
        raise Refusal(ErrorCode.REQUIRED, "billIds")
    if len(bill_ids) > MOST_BILLS:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "billIds", most=MOST_BILLS)
    bills = await open_bills(uow, unit_id, company_id, bill_ids)
    if {bill.id for bill in bills} != set(bill_ids):
        raise Refusal(ErrorCode.BILL_NOT_PAYABLE, "billIds")
    await _nobody_else_pays(uow, bill_ids)
    if advance:
        await _check_advance(uow, item, unit_id, advance)
    checkout = Checkout(
        county=uow.county,
        id=new_id(),
        unit_id=unit_id,
        company_id=company_id,
        area_id=item.area_id,
        merchant_id=merchant.id,
        amount=sum(bill.outstanding for bill in bills) + advance,
        advance=advance,
        appid=appid,
        state=CheckoutState.CREATED.value,
        opened_by=uow.actor.account_id,
        expires_at=uow.now + LIFE,
    )
    uow.session.add(checkout)
    await uow.session.flush()  # its bills refer to it
    for bill in bills:
        uow.session.add(
            CheckoutBill(county=uow.county, checkout_id=checkout.id, bill_id=bill.id, amount=bill.outstanding)
        )
    await uow.audit("checkoutOpen", checkout, grant=grant, detail={"amount": checkout.amount, "bills": len(bills)})
    await uow.enqueue("checkout_place", checkout_id=checkout.id, code=code)
    await uow.enqueue("checkout_look", checkout_id=checkout.id, at=uow.now + FIRST_LOOK)
    return checkout


async def checkout_cancel(uow: UnitOfWork, *, id: uuid.UUID) -> Checkout:
    """Give an order up (checkoutCancel): it is closed at the service, unless it turns out to be paid. By the unit's people.
    ``ACTION_NOT_AVAILABLE`` once it is decided, or while the service does not know it yet."""
    checkout = await uow.load(Checkout, id, lock=True)
    grant = await uow.act(RESIDENTS, Checkout, checkout)
    if checkout.state != CheckoutState.PENDING:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=checkout.state)
    checkout.ending = CheckoutFailure.CANCELLED.value
    await uow.audit("checkoutCancel", checkout, grant=grant)
    await uow.enqueue("checkout_look", checkout_id=checkout.id)
    return checkout


async def settle_checkout(uow: UnitOfWork, checkout_id: uuid.UUID, trade: Trade) -> str | None:
    """Book a trade that the service says is paid: once, however often it is said (FEE-11).

    The state moves only when number, merchant, amount and currency are the order's; otherwise nothing is written, and the
    name of what differs is returned. Bills that were paid otherwise in the meantime take nothing, and what is left is the
    unit's advance money. Money that comes after the order was given up is taken all the same: it is there.
    """
    checkout = await uow.load(Checkout, checkout_id, lock=True)
    merchant = await uow.session.get_one(PayMerchant, (uow.county, checkout.merchant_id))
    wrong = disagreement(trade, number=checkout.id.hex, merchant=merchant.number, amount=checkout.amount)
    if wrong is None and checkout.payment_id is not None:
        payment = await uow.session.get_one(Payment, (uow.county, checkout.payment_id))
        wrong = None if payment.reference == trade.reference else "reference"
        if wrong is None:
            return None
    if wrong is not None or trade.paid_at is None:
        log.error("a payment service and the books disagree", checkout=str(checkout_id), about=wrong)
        return wrong
    payment = Payment(
        county=uow.county,
        id=new_id(),
        unit_id=checkout.unit_id,
        company_id=checkout.company_id,
        area_id=checkout.area_id,
        **await _place_of(uow, checkout),
        channel=Channel.WECHAT.value,
        issuer=merchant.number,
        reference=trade.reference,
        amount=checkout.amount,
        received_on=min(today(trade.paid_at), uow.today),
        recorded_by=checkout.opened_by,
    )
    bills = await open_bills(uow, checkout.unit_id, checkout.company_id, await _bills(uow, checkout))
    grant = await uow.act({Role.SYSTEM})
    await take(uow, payment, grant=grant, only=[bill.id for bill in bills])
    await uow.session.flush()
    former, checkout.state = checkout.state, CheckoutState.SUCCEEDED.value
    checkout.payment_id, checkout.paid_at, checkout.failure = payment.id, trade.paid_at, None
    await uow.audit("checkoutSettle", checkout, grant=grant, from_state=former, to_state=checkout.state)
    uow.notify(checkout)
    return None


async def fail_checkout(
    uow: UnitOfWork, checkout: Checkout, failure: CheckoutFailure, refusal: str | None = None
) -> None:
    """An order that can no longer be paid; its bills can be paid otherwise. Nothing is done to one that is decided."""
    if checkout.state not in OPEN:
        return
    former, checkout.state = checkout.state, CheckoutState.FAILED.value
    checkout.failure, checkout.refusal = failure.value, refusal
    grant = await uow.act({Role.SYSTEM})
    await uow.audit(
        "checkoutFail", checkout, grant=grant, reason=failure.value, from_state=former, to_state=checkout.state
    )
    uow.notify(checkout)


async def _merchant(uow: UnitOfWork, company_id: uuid.UUID) -> PayMerchant:
    found = await uow.session.scalar(
        select(PayMerchant).where(
            PayMerchant.county == uow.county,
            PayMerchant.company_id == company_id,
            PayMerchant.service == PayService.WECHAT.value,
            PayMerchant.state == MerchantState.CONFIRMED.value,
        )
    )
    if found is None:
        raise Refusal(ErrorCode.PAY_SERVICE_NOT_READY, "companyId")
    return found


async def _nobody_else_pays(uow: UnitOfWork, bill_ids: Sequence[uuid.UUID]) -> None:
    """The caller has locked the bills: of two orders for one bill the second sees the first."""
    under_way = await uow.session.scalar(
        select(Checkout.id)
        .join(CheckoutBill, (CheckoutBill.county == Checkout.county) & (CheckoutBill.checkout_id == Checkout.id))
        .where(
            Checkout.county == uow.county, CheckoutBill.bill_id.in_(list(bill_ids)), Checkout.state.in_(sorted(OPEN))
        )
        .limit(1)
    )
    if under_way is not None:
        raise Refusal(ErrorCode.CHECKOUT_UNDER_WAY, "billIds")


async def _check_advance(uow: UnitOfWork, item: ChargeItem, unit_id: uuid.UUID, advance: int) -> None:
    """Nobody is made to pay in advance; who wants to may, as far as the contract agrees (FEE-4).

    A month is what the unit's last bill of each charge makes for one.
    """
    months = await uow.session.scalar(
        select(func.max(ServiceContract.advance_months)).where(
            ServiceContract.county == uow.county,
            ServiceContract.area_id == item.area_id,
            ServiceContract.company_id == item.company_id,
            ServiceContract.state.in_(sorted(IN_FORCE)),
        )
    )
    if months is None:
        raise Refusal(ErrorCode.ADVANCE_NOT_AGREED, "advance")
    last = (
        select(FeeBill.amount, ChargeItem.period_months)
        .join(ChargeItem, (ChargeItem.county == FeeBill.county) & (ChargeItem.id == FeeBill.charge_item_id))
        .where(
            FeeBill.county == uow.county,
            FeeBill.unit_id == unit_id,
            FeeBill.company_id == item.company_id,
            FeeBill.kind == "PRINCIPAL",
            FeeBill.state != "VOIDED",
            ChargeItem.basis != "ONCE",
            ChargeItem.state == "DISCLOSED",
        )
        .ext(distinct_on(FeeBill.charge_item_id))
        .order_by(FeeBill.charge_item_id, FeeBill.period_from.desc())
        .subquery()
    )
    monthly = await uow.session.scalar(select(func.coalesce(func.sum(last.c.amount / last.c.period_months), 0)))
    held = await uow.session.scalar(
        select(func.coalesce(func.sum(Payment.prepaid), 0)).where(
            Payment.county == uow.county, Payment.unit_id == unit_id, Payment.company_id == item.company_id
        )
    )
    most = most_in_advance(months, int(monthly or 0), int(held or 0))
    if not 0 < advance <= most:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "advance", least=1, most=most)


async def _bills(uow: UnitOfWork, checkout: Checkout) -> list[uuid.UUID]:
    found = select(CheckoutBill.bill_id).where(
        CheckoutBill.county == uow.county, CheckoutBill.checkout_id == checkout.id
    )
    return list((await uow.session.scalars(found)).all())


async def _place_of(uow: UnitOfWork, checkout: Checkout) -> dict[str, Any]:
    area = await uow.session.get_one(PropertyArea, (uow.county, checkout.area_id))
    return {"township": area.township, "community": area.community}
