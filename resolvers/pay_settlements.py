"""Settlements: money leaves a payment service for the company's bank account, as the company reads it on its statement.

What the service keeps for itself (手续费) stays on the books' account of the service: no settlement says it.
"""

import uuid
from datetime import date

from sqlalchemy import select

from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.roles import Role
from models.base import new_id
from models.checkouts import PayMerchant
from models.ledger import LedgerAccount
from models.pay_settlements import PaySettlement
from resolvers.ledger import account, balance, post, reverse
from resolvers.unit_of_work import UnitOfWork

REASON = "支付机构结算到账"


async def pay_settlement_record(
    uow: UnitOfWork, *, merchant_id: uuid.UUID, amount: int, settled_on: date, reference: str
) -> PaySettlement:
    """Record that ``amount`` fen came from the service to the company's bank account (paySettlementRecord).

    By the company's admin or staff. ``INSUFFICIENT_BALANCE`` for more than the books have at the service;
    ``ALREADY_REGISTERED`` for a number on the statement that was recorded before; ``OUT_OF_RANGE`` for a day to come.
    """
    merchant = await uow.load(PayMerchant, merchant_id, lock=True, field="merchantId")
    grant = await uow.act({Role.COMPANY_ADMIN, Role.COMPANY_STAFF}, PayMerchant, merchant)
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if settled_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "settledOn", most=uow.today)
    if not reference.strip():
        raise Refusal(ErrorCode.REQUIRED, "reference")
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    there = await account(uow, AccountKind.PAYMENT_SERVICE, company_id=merchant.company_id)
    bank = await account(uow, AccountKind.BANK, company_id=merchant.company_id)
    held = await _held(uow, there)
    if amount > held:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=held, needed_fen=amount)
    transaction_id = await post(
        uow,
        TransactionKind.TRANSFER,
        [debit(bank, amount), credit(there, amount)],
        reason=REASON,
        reference=reference,
        occurred_on=settled_on,
    )
    settlement = PaySettlement(
        county=uow.county,
        id=new_id(),
        merchant_id=merchant.id,
        company_id=merchant.company_id,
        amount=amount,
        settled_on=settled_on,
        reference=reference.strip(),
        transaction_id=transaction_id,
        recorded_by=uow.actor.account_id,
    )
    uow.session.add(settlement)
    await uow.audit("paySettlementRecord", settlement, grant=grant, detail={"amount": amount})
    return settlement


async def pay_settlement_reverse(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> PaySettlement:
    """Take a settlement back that was recorded wrongly (paySettlementReverse). By the company's admin;
    ``ALREADY_REVERSED`` the second time."""
    settlement = await uow.load(PaySettlement, id, lock=True)
    grant = await uow.act({Role.COMPANY_ADMIN}, PaySettlement, settlement)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if settlement.reversed_at is not None:
        raise Refusal(ErrorCode.ALREADY_REVERSED, "id")
    await reverse(uow, settlement.transaction_id, reason)
    settlement.reversed_at, settlement.reversal_reason = uow.now, reason
    await uow.audit("paySettlementReverse", settlement, grant=grant, reason=reason)
    return settlement


async def _held(uow: UnitOfWork, account_id: uuid.UUID) -> int:
    """What the account holds; two that take from it at once take one after the other."""
    await uow.session.execute(
        select(LedgerAccount.id)
        .where(LedgerAccount.county == uow.county, LedgerAccount.id == account_id)
        .with_for_update(key_share=True)
    )
    return await balance(uow.session, uow.county, account_id)
