"""Companies' merchant numbers at payment services: recorded by the company, confirmed by the bureau, ended by either.

A wrong number would send owners' money to a stranger: so two people of two bodies agree on it, and it is never changed, only
ended and recorded anew.
"""

import uuid

from domain.checkouts import MerchantState, PayService
from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from models.base import new_id
from models.checkouts import PayMerchant
from models.companies import Company
from resolvers.unit_of_work import UnitOfWork

LONGEST_NUMBER = 32


async def pay_merchant_record(
    uow: UnitOfWork, *, company_id: uuid.UUID, number: str, service: PayService = PayService.WECHAT
) -> PayMerchant:
    """Name the company's merchant number at a service (payMerchantRecord); it counts once the bureau has confirmed it.

    By the company's admin. ``INVALID_INPUT`` for what is no number, ``ALREADY_REGISTERED`` where the company has one at this
    service already, or another company has this one.
    """
    company = await uow.load(Company, company_id, field="companyId")
    grant = await uow.act({Role.COMPANY_ADMIN}, Company, company)
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
        raise Refusal(ErrorCode.INVALID_INPUT, "number")
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    merchant = PayMerchant(
        county=uow.county,
        id=new_id(),
        company_id=company.id,
        service=PayService(service).value,
        number=number,
        state=MerchantState.RECORDED.value,
        recorded_by=uow.actor.account_id,
    )
    uow.session.add(merchant)
    await uow.audit("payMerchantRecord", merchant, grant=grant, detail={"service": merchant.service})
    return merchant


async def pay_merchant_confirm(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> PayMerchant:
    """Confirm, on the paper that ``reason`` names, that a merchant number is the company's (payMerchantConfirm). By the
    bureau; ``ACTION_NOT_AVAILABLE`` unless it is recorded, ``FORBIDDEN_ROLE`` for whoever recorded it."""
    merchant = await uow.load(PayMerchant, id, lock=True)
    grant = await uow.act({Role.BUREAU}, PayMerchant, merchant)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if merchant.state != MerchantState.RECORDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=merchant.state)
    if uow.actor.account_id in (None, merchant.recorded_by):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "id")
    former, merchant.state = merchant.state, MerchantState.CONFIRMED.value
    merchant.confirmed_by, merchant.confirmed_at = uow.actor.account_id, uow.now
    await uow.audit(
        "payMerchantConfirm", merchant, grant=grant, reason=reason, from_state=former, to_state=merchant.state
    )
    return merchant


async def pay_merchant_end(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> PayMerchant:
    """Use a merchant number no longer (payMerchantEnd). By the company's admin or the bureau. Orders on their way go on,
    what was paid can still be paid back; ``ACTION_NOT_AVAILABLE`` when it was ended before."""
    merchant = await uow.load(PayMerchant, id, lock=True)
    grant = await uow.act({Role.COMPANY_ADMIN, Role.BUREAU}, PayMerchant, merchant)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if merchant.state == MerchantState.ENDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=merchant.state)
    former, merchant.state, merchant.ended_at = merchant.state, MerchantState.ENDED.value, uow.now
    await uow.audit("payMerchantEnd", merchant, grant=grant, reason=reason, from_state=former, to_state=merchant.state)
    return merchant
