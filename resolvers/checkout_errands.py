"""Errands to payment services: tell them of an order, and look what became of it until that is known (SM-14).

An answer that does not come, or cannot be believed, changes nothing: the order is looked at again, after longer and longer
pauses. What no look has told, the service's bill of the day does (``resolvers.pay_bills``).
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from domain.checkouts import (
    OPEN,
    CheckoutFailure,
    CheckoutState,
    Next,
    PayService,
    Trade,
    next_step,
    pause_after,
)
from models.checkouts import Checkout, PayMerchant
from resolvers.checkouts import fail_checkout, settle_checkout
from resolvers.jobs import Within, errand
from resolvers.pay_services import Order, RefusedError, Service, UnclearError, pay_service
from resolvers.unit_of_work import UnitOfWork

DESCRIPTION = "物业费"
"""What the payer reads at the service; nothing that says whose or what for."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Seen:
    """An order before the service was asked."""

    county: str
    state: str
    merchant: str
    checkout: Checkout
    ending: bool
    """Whether it is to be closed: given up, or its time is over."""


async def _seen(uow: UnitOfWork, checkout_id: uuid.UUID) -> _Seen:
    checkout = await uow.load(Checkout, checkout_id)
    merchant = await uow.session.get_one(PayMerchant, (uow.county, checkout.merchant_id))
    ending = checkout.ending is not None or uow.now >= checkout.expires_at
    return _Seen(uow.county, checkout.state, merchant.number, checkout, ending)


@errand("checkout_place")
async def place(within: Within, *, checkout_id: uuid.UUID, code: str) -> None:
    """Tell the service of an order. Who pays is known by their sign-in code, which is good for once."""
    seen: _Seen = await within(lambda uow: _seen(uow, checkout_id))
    if seen.state != CheckoutState.CREATED:
        return
    service = pay_service(PayService.WECHAT)
    checkout = seen.checkout
    prepay_id, refusal = None, None
    try:
        payer = await service.payer(checkout.appid, code)
        order = Order(
            county=seen.county,
            number=checkout_id.hex,
            merchant=seen.merchant,
            appid=checkout.appid,
            payer=payer,
            amount=checkout.amount,
            description=DESCRIPTION,
            expires_at=checkout.expires_at,
        )
        prepay_id = await _twice(lambda: service.place(order))
    except RefusedError as error:
        refusal = error.code
    except UnclearError:
        # Nobody holds what it takes to pay this order, whether the service knows it or not: looks at it end it.
        log.warning("a payment service did not take an order in time", checkout=str(checkout_id))
        return

    async def record(uow: UnitOfWork) -> None:
        row = await uow.load(Checkout, checkout_id, lock=True)
        if refusal is not None:
            await fail_checkout(uow, row, CheckoutFailure.REFUSED, refusal)
        elif row.state == CheckoutState.CREATED:
            row.state, row.prepay_id = CheckoutState.PENDING.value, prepay_id
            uow.notify(row)

    await within(record)


async def _twice(ask: Callable[[], Awaitable[str]]) -> str:
    """The same order may be told again: the service knows it by its number."""
    try:
        return await ask()
    except UnclearError:
        return await ask()


@errand("checkout_look")
async def look(within: Within, *, checkout_id: uuid.UUID) -> None:
    """Ask the service what became of an order: book it, close it, or come back later."""
    seen: _Seen = await within(lambda uow: _seen(uow, checkout_id))
    if seen.state not in OPEN:
        return
    service = pay_service(PayService.WECHAT)
    said = await _said(service, seen.merchant, checkout_id.hex)
    step = next_step(said.state if said else None, ending=seen.ending)
    if step is Next.CLOSE:
        step = Next.FAIL if await _closed(service, seen.merchant, checkout_id.hex) else Next.WAIT

    async def record(uow: UnitOfWork) -> Any:
        row = await uow.load(Checkout, checkout_id, lock=True)
        if step is Next.SETTLE and said is not None:
            return await settle_checkout(uow, checkout_id, said)
        if step is Next.FAIL:
            return await fail_checkout(uow, row, CheckoutFailure(row.ending or CheckoutFailure.EXPIRED))
        return await _look_again(uow, row)

    await within(record)


async def _said(service: Service, merchant: str, number: str) -> Trade | None:
    try:
        return await service.look_up(merchant, number)
    except (UnclearError, RefusedError):
        return None


async def _closed(service: Service, merchant: str, number: str) -> bool:
    """Whether nobody can pay it any more. One that was paid a moment ago refuses, and the next look finds it paid."""
    try:
        await service.close(merchant, number)
    except (UnclearError, RefusedError):
        return False
    return True


async def _look_again(uow: UnitOfWork, checkout: Checkout) -> None:
    pause = pause_after(checkout.looks)
    checkout.looks += 1
    if pause is None or checkout.state not in OPEN:
        return
    at = uow.now + pause
    if uow.now < checkout.expires_at < at:
        at = checkout.expires_at
    await uow.enqueue("checkout_look", checkout_id=checkout.id, at=at)
