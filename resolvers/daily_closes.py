"""Cashiers' days: closed by who took the money, with what was counted, and signed by somebody else (日结).

A close counts what the cashier took, took back or paid back, and no earlier close has counted. So a closed day takes no
more: what comes later is in the next one, also what another request was writing while the day was closed.
"""

import uuid
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from domain.daily_closes import AT_THE_DESK, SIGNERS, CloseState
from domain.errors import ErrorCode, Refusal
from domain.fee_refunds import RefundState
from domain.payments import Channel, PaymentState
from domain.roles import COMPANY
from models.base import new_id
from models.companies import Company
from models.fee_receipts import DailyClose
from models.fee_refunds import FeeRefund
from models.payments import Payment
from resolvers.unit_of_work import UnitOfWork

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def daily_close(
    uow: UnitOfWork, *, company_id: uuid.UUID, cash_counted: int, day: date | None = None, reason: str | None = None
) -> DailyClose:
    """Close the caller's own day at a company's desk (dailyClose): ``cash_counted`` fen are in the drawer.

    ``day`` is today unless a forgotten one is closed. ``REQUIRED`` reason where books and drawer differ; ``OUT_OF_RANGE``
    for a day to come or one before the last that was closed; ``ALREADY_REGISTERED`` for one that is closed.
    """
    company = await uow.load(Company, company_id, field="companyId")
    grant = await uow.act(COMPANY, Company, company)
    cashier = uow.actor.account_id
    if cashier is None or grant.company_id != company.id:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    closed_on = day or uow.today
    last = await _last_closed(uow, company_id, cashier)
    if last == closed_on:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "day")
    if closed_on > uow.today or (last is not None and closed_on < last):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "day", least=last, most=uow.today)
    if cash_counted < 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "cashCounted", least=0)
    close = DailyClose(
        county=uow.county,
        id=new_id(),
        company_id=company_id,
        cashier_id=cashier,
        day=closed_on,
        cash=0,
        pos=0,
        transfer=0,
        entries=0,
        cash_counted=0,
        difference=0,
        state=CloseState.CLOSED.value,
    )
    uow.session.add(close)
    await uow.session.flush()  # what it counts refers to it
    sums, close.entries = await _count(uow, close)
    close.cash, close.pos, close.transfer = (sums[one] for one in (Channel.CASH, Channel.POS, Channel.TRANSFER))
    close.cash_counted, close.difference = cash_counted, cash_counted - close.cash
    close.reason = reason.strip() or None if reason else None
    if close.difference and close.reason is None:
        raise Refusal(ErrorCode.REQUIRED, "reason")
    await uow.audit("dailyClose", close, grant=grant, reason=reason, detail={"difference": close.difference})
    return close


async def daily_close_sign(uow: UnitOfWork, *, id: uuid.UUID) -> DailyClose:
    """Sign for another's closed day (dailyCloseSign). By the company's admin or a project leader; never by its cashier
    (``SECOND_PERSON_REQUIRED``); ``ACTION_NOT_AVAILABLE`` the second time."""
    close = await uow.load(DailyClose, id, lock=True)
    grant = await uow.act(SIGNERS, DailyClose, close)
    if close.state != CloseState.CLOSED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=close.state)
    if uow.actor.account_id in (None, close.cashier_id):
        raise Refusal(ErrorCode.SECOND_PERSON_REQUIRED, "id")
    close.state, close.signed_by, close.signed_at = CloseState.SIGNED.value, uow.actor.account_id, uow.now
    await uow.audit("dailyCloseSign", close, grant=grant)
    return close


async def _last_closed(uow: UnitOfWork, company_id: uuid.UUID, cashier: uuid.UUID) -> date | None:
    return await uow.session.scalar(
        select(DailyClose.day)
        .where(DailyClose.county == uow.county, DailyClose.company_id == company_id, DailyClose.cashier_id == cashier)
        .order_by(DailyClose.day.desc())
        .limit(1)
    )


async def _count(uow: UnitOfWork, close: DailyClose) -> tuple[Counter[str], int]:
    """Take over what no close has counted until the end of the day; sums by channel, and how many there were."""
    until = datetime.combine(close.day + timedelta(days=1), time(), SHANGHAI)
    own: list[Any] = [
        Payment.county == uow.county,
        Payment.company_id == close.company_id,
        Payment.recorded_by == close.cashier_id,
        Payment.channel.in_(sorted(AT_THE_DESK)),
    ]
    given = update(Payment).execution_options(synchronize_session=False).returning(Payment.channel, Payment.amount)
    taken = await uow.session.execute(
        given.where(*own, Payment.daily_close_id.is_(None), Payment.created_at < until).values(daily_close_id=close.id)
    )
    back = await uow.session.execute(
        given.where(
            *own,
            Payment.state == PaymentState.REVERSED.value,
            Payment.daily_close_id.is_not(None),
            Payment.reversal_close_id.is_(None),
            Payment.reversed_at < until,
        ).values(reversal_close_id=close.id)
    )
    refunded = await uow.session.execute(
        update(FeeRefund)
        .execution_options(synchronize_session=False)
        .where(
            FeeRefund.county == uow.county,
            FeeRefund.company_id == close.company_id,
            FeeRefund.cashier_id == close.cashier_id,
            FeeRefund.state == RefundState.SUCCEEDED.value,
            FeeRefund.daily_close_id.is_(None),
            FeeRefund.finished_at < until,
        )
        .values(daily_close_id=close.id)
        .returning(FeeRefund.channel, FeeRefund.amount)
    )
    sums: Counter[str] = Counter()
    entries = 0
    for sign, rows in ((1, taken.all()), (-1, back.all()), (-1, refunded.all())):
        for channel, amount in rows:
            sums[channel] += sign * amount
            entries += 1
    return sums, entries
