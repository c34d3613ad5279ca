"""Payments of fund requests: what is due is put to the bearers, instructed to the bank, and posted when it has paid
(FUND-16..18, FUND-26..29)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from auth.actor import Grant
from domain.errors import ErrorCode, Refusal
from domain.fund_shares import Bearer
from domain.fund_use import due_at, something_due, stage_reached, stages
from domain.funds import FundAction, FundKind
from domain.ledger import Line
from domain.money import apportion
from domain.payment_instructions import (
    ACTIONS,
    InstructionAction,
    InstructionPurpose,
    InstructionState,
    Payee,
    short_remark,
)
from domain.profiles import profile_version
from domain.roles import Role
from models.base import new_id
from models.fund_use import FundContract, FundDraw, FundPayment
from models.funds import FundRequest, FundShare
from models.payment_instructions import PaymentInstruction
from models.sealed import reveal
from resolvers import fund_claims, fund_shares
from resolvers.case_kinds import KINDS
from resolvers.cases import follow
from resolvers.custody import bank_account_of, fund_money
from resolvers.fund_requests import facts_of, note_due
from resolvers.payment_instructions import Spending, effects, instruct, withdraw
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Draw:
    """What a payment asks of one share's bearer and what it takes from its account, in fen."""

    share: FundShare
    asked: int
    amount: int


async def pay(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[FundRequest, FundPayment]:
    """Instruct the bank to pay the contractor what is due by now (fundRequestPay, FUND-26, FUND-28), as the cashier.

    What a bearer's account lacks is left out and becomes a claim on its owner; a later payment makes it up. Refuses
    ``NOT_CONTRACTED``, ``NOTHING_DUE``, ``CUSTODIAN_REQUIRED``, ``INSUFFICIENT_BALANCE`` when the accounts hold nothing,
    ``SAME_REVIEWER`` for who decided in the case.
    """
    request = await uow.load(FundRequest, id, lock=True)
    _check_due(request)
    await uow.advance(request, FundAction.PAY, documents=document_ids, reason=reason)
    await fund_shares.lock_area(uow, request)
    shares = [row for row in await fund_shares.shares_of(uow, request) if row.bearer != Bearer.DEVELOPER]
    stage = _stage(request)
    draws = await _plan(uow, request, shares, stage)
    amount = sum(draw.amount for draw in draws)
    await _check_within_earmark(uow, request, amount)
    payment = FundPayment(
        county=uow.county,
        id=new_id(),
        fund_request_id=request.id,
        stage=stage,
        asked=sum(draw.asked for draw in draws),
        amount=amount,
        state=InstructionState.ISSUED.value,
    )
    uow.session.add(payment)
    await uow.session.flush()  # its draws name it
    for draw in draws:
        draw.share.asked += draw.asked
        uow.session.add(
            FundDraw(
                county=uow.county,
                payment_id=payment.id,
                share_id=draw.share.id,
                asked=draw.asked,
                amount=draw.amount,
            )
        )
    payment.instruction_id = (await _instruct(uow, request, payment)).id
    request.asked, request.instructed = request.asked + payment.asked, request.instructed + amount
    await _changed(uow, request)
    return request, payment


async def contract_of(uow: UnitOfWork, request: FundRequest) -> FundContract | None:
    """Who does the work and is paid for it, once that was entered."""
    found: FundContract | None = await uow.session.scalar(
        select(FundContract).where(FundContract.county == uow.county, FundContract.fund_request_id == request.id)
    )
    return found


def _check_due(request: FundRequest) -> None:
    """Say why nothing is due where payment is a matter at all; elsewhere the list refuses."""
    workflow = KINDS[FundRequest].workflow(request)
    if any(line.action == FundAction.PAY and request.state in line.sources for line in workflow.transitions):
        refusal = something_due(profile_version(request.profile_version), facts_of(request))
        if refusal:
            raise refusal


def _stage(request: FundRequest) -> int:
    profile, kind = profile_version(request.profile_version), FundKind(request.kind)
    return stage_reached(profile, kind, request.state, request.certificates)


async def _plan(uow: UnitOfWork, request: FundRequest, shares: Sequence[FundShare], stage: int) -> list[Draw]:
    """What each bearer is asked for now, and what its account gives.

    The last stage asks for all that is left of each part, so that the sum over the stages is the part to the fen; earlier
    ones ask by what is left. With it comes what earlier payments asked and the account lacked.
    """
    percents = stages(profile_version(request.profile_version), FundKind(request.kind))
    left = {str(share.id): share.amount - share.asked for share in shares}
    asked: Mapping[str, int] = left
    if stage < len(percents):
        due = max(due_at(request.fund_part, percents, stage) - request.asked, 0)
        asked = apportion(due, [(key, max(rest, 0)) for key, rest in left.items()])
    coming, free = await fund_claims.pending(uow, shares), await fund_claims.free_of(uow, shares)
    draws = []
    for share in shares:
        wanted = share.asked - share.drawn - coming.get(share.id, 0) + asked[str(share.id)]
        draw = Draw(share, asked[str(share.id)], min(wanted, max(free[share.id], 0)))
        draws += [draw] if draw.asked or draw.amount else []
    if sum(draw.amount for draw in draws) <= 0:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, available_fen=0)
    return draws


async def _check_within_earmark(uow: UnitOfWork, request: FundRequest, amount: int) -> None:
    """Never above what was approved and is not paid or instructed yet (FUND-28)."""
    promised = await fund_shares.earmark_of(uow, request)
    free = promised.amount - promised.used - request.instructed if promised else 0
    if amount > free:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=max(free, 0), needed_fen=amount)


async def _instruct(uow: UnitOfWork, request: FundRequest, payment: FundPayment) -> PaymentInstruction:
    contract = await contract_of(uow, request)
    at = await bank_account_of(uow, area_id=request.area_id)
    if contract is None:
        raise Refusal(ErrorCode.NOT_CONTRACTED)
    if at is None:
        raise Refusal(ErrorCode.CUSTODIAN_REQUIRED)
    account = reveal(contract, "payee_account", uow.vault) or ""
    return await instruct(
        uow,
        InstructionPurpose.FUND_USE,
        payment,
        money_account_id=await fund_money(uow, area_id=request.area_id),
        bank_account_id=at.id,
        payee=Payee(contract.contractor, account, contract.payee_bank_code),
        amount=payment.amount,
        remark=short_remark(request.title, f"第{payment.stage}期款"),
    )


async def take_back(uow: UnitOfWork, request: FundRequest, reason: str) -> None:
    """Cancel the request's instructions that the bank has not taken over; what it has, it pays (V-21)."""
    waiting = (
        select(PaymentInstruction)
        .join(
            FundPayment,
            (FundPayment.county == PaymentInstruction.county) & (FundPayment.instruction_id == PaymentInstruction.id),
        )
        .where(
            PaymentInstruction.county == uow.county,
            FundPayment.county == uow.county,
            FundPayment.fund_request_id == request.id,
            PaymentInstruction.state.in_(sorted(ACTIONS[InstructionAction.CANCEL][0])),
        )
        .order_by(PaymentInstruction.id)
        .with_for_update(of=PaymentInstruction)
    )
    for instruction in list(await uow.session.scalars(waiting)):
        await withdraw(uow, instruction, Grant(new_id(), Role.SYSTEM, uow.county), reason)
    await _changed(uow, request)


async def forgo(uow: UnitOfWork, request: FundRequest) -> None:
    """Ask no bearer for more than payments took: the rest is neither paid nor claimed any more."""
    shares = await _from_the_fund(uow, request)
    for share in shares:
        share.asked = share.drawn
    request.asked, request.fund_part = sum(share.drawn for share in shares), request.paid
    await fund_claims.recount(uow, request, shares)
    await _changed(uow, request)


# --- what follows from the bank's report -------------------------------------------------------------------------------


async def _executed(uow: UnitOfWork, instruction: PaymentInstruction) -> Spending:
    payment, request, draws = await _behind(uow, instruction)
    accounts = await fund_shares.accounts_of(uow, [draw.share for draw in draws])
    # Whoever never had an account holds nothing, and nothing was drawn from it.
    lines = [Line(accounts[fund_shares.bearer_key(draw.share)], draw.amount) for draw in draws if draw.amount]
    await fund_claims.recount(uow, request, await _from_the_fund(uow, request))
    for draw in draws:
        draw.share.drawn += draw.amount
    payment.state, payment.paid_on = InstructionState.EXECUTED.value, uow.today
    request.instructed, request.paid = request.instructed - payment.amount, request.paid + payment.amount
    await fund_shares.draw_down(uow, request, payment.amount)
    await _follow(uow, request, FundAction.MARK_PAID, payment)
    return Spending(lines, reason=f"{request.title}：第{payment.stage}期款")


async def _failed(uow: UnitOfWork, instruction: PaymentInstruction) -> None:
    payment, request, draws = await _behind(uow, instruction)
    payment.state = instruction.state
    for draw in draws:
        draw.share.asked -= draw.asked
    request.instructed, request.asked = request.instructed - payment.amount, request.asked - payment.asked
    await _changed(uow, request)


async def _returned(uow: UnitOfWork, instruction: PaymentInstruction) -> None:
    payment, request, draws = await _behind(uow, instruction)
    payment.state = instruction.state
    for draw in draws:
        draw.share.asked -= draw.asked
        draw.share.drawn -= draw.amount
    request.paid, request.asked = request.paid - payment.amount, request.asked - payment.asked
    await fund_claims.recount(uow, request, await _from_the_fund(uow, request))
    await fund_shares.draw_down(uow, request, -payment.amount)
    await _follow(uow, request, FundAction.MARK_RETURNED, payment)


effects(InstructionPurpose.FUND_USE, executed=_executed, failed=_failed, returned=_returned)


async def _behind(uow: UnitOfWork, instruction: PaymentInstruction) -> tuple[FundPayment, FundRequest, Sequence[Draw]]:
    """The payment that an instruction is for, its request (locked) and its draws; the bank itself sees none of them."""
    key = (uow.county, instruction.source_id)
    payment = await uow.session.get_one(FundPayment, key, with_for_update=True)
    request = await uow.session.get_one(FundRequest, (uow.county, payment.fund_request_id), with_for_update=True)
    rows = await uow.session.execute(
        select(FundDraw, FundShare)
        .join(FundShare, (FundShare.county == FundDraw.county) & (FundShare.id == FundDraw.share_id))
        .where(FundDraw.county == uow.county, FundDraw.payment_id == payment.id)
        .order_by(FundShare.position)
    )
    return payment, request, [Draw(share, draw.asked, draw.amount) for draw, share in rows]


async def _from_the_fund(uow: UnitOfWork, request: FundRequest) -> list[FundShare]:
    return [row for row in await fund_shares.shares_of(uow, request) if row.bearer != Bearer.DEVELOPER]


async def _follow(uow: UnitOfWork, request: FundRequest, action: FundAction, payment: FundPayment) -> None:
    await follow(uow, request, action, facts={"paid_stage": payment.stage})
    await _changed(uow, request)


async def _changed(uow: UnitOfWork, request: FundRequest) -> None:
    note_due(uow, request)
    await uow.reschedule(request)
