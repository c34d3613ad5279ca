"""Refunds by intent: a destroyed unit's account is paid back to its owner through the bank (FUND-7, ZD-21)."""

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select

from domain.errors import ErrorCode, Refusal
from domain.fund_shares import Bearer
from domain.ledger import AccountKind, debit
from domain.officials import Power
from domain.payment_instructions import InstructionPurpose, Payee, PayoutState
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.estates import PropertyArea, Unit
from models.fund_refunds import FundRefund
from models.funds import FundEarmark, FundShare
from models.payment_instructions import PaymentInstruction
from resolvers import custody, documents, ledger
from resolvers.payment_instructions import Spending, effects, instruct
from resolvers.unit_of_work import UnitOfWork

REASON = "房屋灭失退还维修资金"


@dataclass(frozen=True)
class Wanted(Record):
    """Whose account is paid back and to whom; ``document_ids`` show that the unit is gone."""

    unit_id: uuid.UUID
    basis: str
    payee: Payee
    document_ids: tuple[uuid.UUID, ...] = ()


async def refund(uow: UnitOfWork, **wanted: object) -> FundRefund:
    """Tell the bank to pay back what a destroyed unit's account holds (fundUnitRefund, ``Wanted``).

    What approved requests may still take from the account stays. The former landlord's part of sold public housing stays
    on the building's account. Refuses ``MISSING_DOCUMENT`` without papers, ``ALREADY_REGISTERED`` while another refund is
    under way, ``INSUFFICIENT_BALANCE`` where nothing is free, ``ACTION_NOT_AVAILABLE`` where no bank keeps the fund.
    """
    given = Wanted(**wanted)  # type: ignore[arg-type]
    unit = await uow.load(Unit, given.unit_id, field="unitId")
    grant = await uow.act((Role.BUREAU,), Unit, unit, power=Power.FUNDS_APPROVE)
    if not given.basis.strip():
        raise Refusal(ErrorCode.REQUIRED, "basis")
    if not given.document_ids:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds")
    await _queue(uow, unit)
    under_way = select(FundRefund.id).where(
        FundRefund.county == uow.county,
        FundRefund.unit_id == unit.id,
        FundRefund.state == PayoutState.INSTRUCTED.value,
    )
    if await uow.session.scalar(under_way):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "unitId")
    building_id = None if unit.area_id else unit.building_id
    held_at = await custody.bank_account_of(uow, area_id=unit.area_id, building_id=building_id)
    if held_at is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "unitId", action="fundUnitRefund", state="NO_BANK_ACCOUNT")
    account_id = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=unit.id)
    free = await ledger.balance(uow.session, uow.county, account_id) - await _promised(uow, unit.id)
    if free <= 0:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "unitId", available_fen=max(free, 0))
    row = FundRefund(
        county=uow.county,
        id=new_id(),
        unit_id=unit.id,
        area_id=unit.area_id,
        basis=given.basis.strip(),
        amount=free,
        state=PayoutState.INSTRUCTED.value,
    )
    instruction = await instruct(
        uow,
        InstructionPurpose.FUND_REFUND,
        row,
        money_account_id=await custody.fund_money(uow, area_id=unit.area_id, building_id=building_id),
        bank_account_id=held_at.id,
        payee=given.payee,
        amount=free,
        remark=REASON,
    )
    row.instruction_id = instruction.id
    uow.session.add(row)
    await uow.session.flush()  # papers and event name it
    await documents.attach(uow, given.document_ids, row)
    await uow.audit("fundUnitRefund", row, grant=grant, documents=given.document_ids, detail={"amount": free})
    return row


async def _paid(uow: UnitOfWork, instruction: PaymentInstruction) -> Spending:
    row = await _of(uow, instruction)
    row.state = PayoutState.PAID.value
    account_id = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=row.unit_id)
    return Spending([debit(account_id, row.amount)], reason=f"{REASON}：{row.basis}")


async def _not_paid(uow: UnitOfWork, instruction: PaymentInstruction) -> None:
    (await _of(uow, instruction)).state = PayoutState.FAILED.value


effects(InstructionPurpose.FUND_REFUND, executed=_paid, failed=_not_paid, returned=_not_paid)


async def _of(uow: UnitOfWork, instruction: PaymentInstruction) -> FundRefund:
    return await uow.session.get_one(FundRefund, (uow.county, instruction.source_id), with_for_update=True)


async def _queue(uow: UnitOfWork, unit: Unit) -> None:
    """Whoever promises the area's money waits here, so that approval and refund do not promise the same."""
    if unit.area_id is not None:
        await uow.session.get_one(PropertyArea, (uow.county, unit.area_id), with_for_update={"key_share": True})


async def _promised(uow: UnitOfWork, unit_id: uuid.UUID) -> int:
    """What approved requests may still take from the unit's account, in fen: what they took is gone already (FUND-29)."""
    total = await uow.session.scalar(
        select(func.coalesce(func.sum(func.greatest(FundShare.amount - FundShare.drawn, 0)), 0))
        .join(
            FundEarmark,
            (FundEarmark.county == FundShare.county) & (FundEarmark.fund_request_id == FundShare.fund_request_id),
        )
        .where(
            FundShare.county == uow.county,
            FundEarmark.county == uow.county,
            FundShare.unit_id == unit_id,
            FundShare.bearer == Bearer.UNIT_ACCOUNT.value,
            FundEarmark.released_at.is_(None),
        )
    )
    return int(total or 0)
