"""Money paid in advance (预缴): what payments left over, put towards bills (FEE-4, FEE-11); refunds stand in ``fee_refunds``."""

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select

from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.payments import OpenBill, Share, allocate
from domain.roles import COMPANY
from models.payments import Payment
from resolvers.ledger import post
from resolvers.receipts import Part, open_bills, settle, towards
from resolvers.unit_of_work import UnitOfWork


async def prepaid_apply(uow: UnitOfWork, *, id: uuid.UUID, bill_ids: Sequence[uuid.UUID] = ()) -> Payment:
    """Put what a payment left over towards the unit's open bills of that company, oldest due first, or towards the bills
    that the payer names (FEE-11). By the company; a forced prepayment does not exist (FEE-4).

    Refuses ``INSUFFICIENT_BALANCE`` when nothing is left over, ``BILL_NOT_PAYABLE`` when nothing is open or a named bill
    is not an open one of this unit and company.
    """
    payment = await uow.load(Payment, id, lock=True)
    grant = await uow.act(COMPANY, Payment, payment)
    if not payment.prepaid:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "id", available_fen=0)
    wanted = set(bill_ids)
    bills = await open_bills(uow, payment.unit_id, payment.company_id, wanted or None)
    if not bills or (wanted and {bill.id for bill in bills} != wanted):
        raise Refusal(ErrorCode.BILL_NOT_PAYABLE, "billIds" if wanted else "id")
    applied = await _apply(uow, [payment], list(bills))
    await uow.audit("prepaidApply", payment, grant=grant, detail={"amount": sum(part.amount for part in applied)})
    return payment


async def apply_to_unit(uow: UnitOfWork, *, unit_id: uuid.UUID, company_id: uuid.UUID) -> list[Payment]:
    """Settle a unit's open bills with what it paid in advance, oldest money first. The payments that gave something.

    Bill runs do this for every unit they bill.
    """
    payments = await _with_prepaid(uow, unit_id, company_id)
    bills = list(await open_bills(uow, unit_id, company_id)) if payments else []
    gave = {part.payment_id for part in await _apply(uow, payments, bills)}
    return [payment for payment in payments if payment.id in gave]


async def _apply(uow: UnitOfWork, payments: Sequence[Payment], bills: list[OpenBill]) -> list[Part]:
    """Spread the payments' rest over locked bills of their one unit and company, in one transaction of the ledger."""
    parts: list[Part] = []
    for payment in payments:
        shares, left = allocate(payment.prepaid, bills)
        if not shares:
            break
        parts += [Part(payment.id, share.bill_id, share.amount) for share in shares]
        payment.prepaid = left
        bills = _still_open(bills, shares)
    if parts:
        applied = sum(part.amount for part in parts)
        await post(
            uow,
            TransactionKind.PREPAID_APPLIED,
            [
                debit(await towards(uow, AccountKind.PREPAID, payments[0]), applied),
                credit(await towards(uow, AccountKind.RECEIVABLE, payments[0]), applied),
            ],
            reason=TransactionKind.PREPAID_APPLIED.value,
        )
        await settle(uow, parts, uow.today)
    return parts


def _still_open(bills: Sequence[OpenBill], shares: Iterable[Share]) -> list[OpenBill]:
    taken = {share.bill_id: share.amount for share in shares}
    reduced = [
        OpenBill(bill.id, bill.kind, bill.due_on, bill.number, bill.outstanding - taken.get(bill.id, 0))
        for bill in bills
    ]
    return [bill for bill in reduced if bill.outstanding]


async def _with_prepaid(uow: UnitOfWork, unit_id: uuid.UUID, company_id: uuid.UUID) -> list[Payment]:
    statement = (
        select(Payment)
        .where(
            Payment.county == uow.county,
            Payment.unit_id == unit_id,
            Payment.company_id == company_id,
            Payment.prepaid > 0,
        )
        .order_by(Payment.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = (await uow.session.execute(statement)).scalars().all()
    return sorted(found, key=lambda payment: (payment.received_on, payment.id))
