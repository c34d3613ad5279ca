"""Bills after they are issued: disputed and answered, reduced, taken back (SM-14). What was paid too much is given back."""

import uuid

from sqlalchemy import or_, select, update

from auth.actor import Grant
from domain.bills import ACTIONS, BILLERS, BillAction, BillKind, BillState, DisputeOutcome, DisputeState, settled_state
from domain.calendar import deadline
from domain.contracts import ContractMode
from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, Line, TransactionKind, credit, debit
from models.base import new_id
from models.cases import Task
from models.fees import BillAdjustment, BillDispute, ChargeItem, FeeBill
from models.payments import Allocation, Payment
from resolvers.late_fees import accrued
from resolvers.ledger import account, post
from resolvers.receipts import release
from resolvers.unit_of_work import UnitOfWork


async def bill_dispute(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> tuple[FeeBill, BillDispute]:
    """Dispute a bill, paid or not, with a reason. It rests until the company answers, within the profile's days (SM-14)."""
    bill, grant = await _take_up(uow, id, BillAction.DISPUTE)
    _need(reason, "reason")
    raised_by = uow.actor.account_id
    if raised_by is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    dispute = BillDispute(
        county=uow.county,
        id=new_id(),
        bill_id=bill.id,
        unit_id=bill.unit_id,
        company_id=bill.company_id,
        township=bill.township,
        community=bill.community,
        reason=reason,
        state=DisputeState.OPEN.value,
        answer_due_on=deadline(uow.today, uow.profile.dispute_answer_days),
        raised_by=raised_by,
    )
    uow.session.add(dispute)
    uow.session.add_all(_answers_wanted(uow, bill, dispute))
    former, bill.state = bill.state, BillState.DISPUTED.value
    await uow.audit("billDispute", bill, grant=grant, reason=reason, from_state=former, to_state=bill.state)
    return bill, dispute


async def bill_dispute_withdraw(uow: UnitOfWork, *, id: uuid.UUID) -> tuple[FeeBill, BillDispute]:
    """Take the open dispute of a bill back."""
    bill, grant = await _take_up(uow, id, BillAction.WITHDRAW_DISPUTE)
    dispute = await _open_dispute(uow, bill)
    await _close(uow, dispute, DisputeState.WITHDRAWN)
    _follow_money(bill)
    await uow.audit("billDisputeWithdraw", bill, grant=grant, to_state=bill.state)
    return bill, dispute


async def bill_dispute_answer(
    uow: UnitOfWork, *, id: uuid.UUID, outcome: DisputeOutcome, answer: str, reduction: int | None = None
) -> tuple[FeeBill, BillDispute]:
    """Answer the open dispute of a bill: it stands (``UPHELD``), or is reduced by ``reduction`` fen (``ADJUSTED``).

    ``OUT_OF_RANGE`` for a reduction of nothing or of more than is owed.
    """
    outcome = DisputeOutcome(outcome)
    bill, grant = await _take_up(uow, id, BillAction.ANSWER_DISPUTE)
    _need(answer, "answer")
    dispute = await _open_dispute(uow, bill)
    if outcome is DisputeOutcome.ADJUSTED:
        adjustment = await _reduce(uow, bill, reduction or 0, answer)
        dispute.adjustment_id = adjustment.id
    elif reduction:
        raise Refusal(ErrorCode.INVALID_INPUT, "reduction")
    else:
        _follow_money(bill)
    dispute.answer = answer
    await _close(uow, dispute, DisputeState(outcome.value))
    if outcome is DisputeOutcome.ADJUSTED:
        await _late_fees_follow(uow, bill, answer, grant)
    await uow.audit(
        "billDisputeAnswer",
        bill,
        grant=grant,
        reason=answer,
        from_state=BillState.DISPUTED.value,
        to_state=bill.state,
        detail={"outcome": outcome.value, "reduction": reduction or 0},
    )
    return bill, dispute


async def bill_adjust(uow: UnitOfWork, *, id: uuid.UUID, reduction: int, reason: str) -> tuple[FeeBill, BillAdjustment]:
    """Reduce a bill by ``reduction`` fen. What was paid above the new amount becomes the unit's advance money (FEE-7), and
    its late fees come down with it (FEE-9).

    Bills only go down: a higher claim is a new bill on a disclosed price. ``OUT_OF_RANGE`` beyond what is owed.
    """
    bill, grant = await _take_up(uow, id, BillAction.ADJUST)
    _need(reason, "reason")
    former = bill.state
    adjustment = await _reduce(uow, bill, reduction, reason)
    await _late_fees_follow(uow, bill, reason, grant)
    await uow.audit(
        "billAdjust",
        bill,
        grant=grant,
        reason=reason,
        from_state=former,
        to_state=bill.state,
        detail={"reduction": reduction},
    )
    return bill, adjustment


async def bill_void(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FeeBill:
    """Take a bill back, and the late fees on it. What was paid on them becomes the unit's advance money; its period may be
    billed anew."""
    bill, grant = await _take_up(uow, id, BillAction.VOID)
    _need(reason, "reason")
    await _void(uow, bill, reason, grant)
    await _late_fees_follow(uow, bill, reason, grant)
    return bill


async def _void(uow: UnitOfWork, bill: FeeBill, reason: str, grant: Grant) -> None:
    former, owed, paid = bill.state, bill.amount + bill.adjusted, bill.settled
    if former == BillState.DISPUTED:
        dispute = await _open_dispute(uow, bill)
        dispute.answer = reason
        await _close(uow, dispute, DisputeState.VOIDED)
    lines = [*await _claim_lines(uow, bill, owed), *await _advance_lines(uow, bill, paid)]
    if lines:
        await post(uow, TransactionKind.BILL_VOIDED, lines, reason=reason, reference=bill.number)
    # While the bill still counts as disputed, giving back does not work its state out.
    bill.state = BillState.DISPUTED.value
    if paid:
        await release(uow, bill, paid)
        await uow.session.refresh(bill)
    bill.state, bill.void_reason, bill.paid_on = BillState.VOIDED.value, reason, None
    await uow.audit("billVoid", bill, grant=grant, reason=reason, from_state=former, to_state=bill.state)


async def _late_fees_follow(uow: UnitOfWork, bill: FeeBill, reason: str, grant: Grant) -> None:
    """Bring a bill's late fees down to what accrues on what is left of it, the newest first; of a bill that was taken back
    none are left (FEE-9)."""
    late = uow.select(FeeBill).where(FeeBill.late_for_id == bill.id, FeeBill.state != BillState.VOIDED.value)
    fees = (await uow.session.scalars(late.order_by(FeeBill.id.desc()).with_for_update(key_share=True))).all()
    if bill.state == BillState.VOIDED:
        for fee in fees:
            await _void(uow, fee, reason, grant)
        return
    accrues = sum(one.fee for one in await accrued(uow, [bill.id])) if fees else 0
    too_much = sum(fee.amount + fee.adjusted for fee in fees) - accrues
    for fee in fees:
        off = min(too_much, fee.amount + fee.adjusted)
        # A late fee that is disputed rests like any bill; its answer says what becomes of it.
        if off > 0 and fee.state != BillState.DISPUTED:
            await _reduce(uow, fee, off, reason)
            await uow.audit("billAdjust", fee, grant=grant, reason=reason, detail={"reduction": off})
            too_much -= off


async def _take_up(uow: UnitOfWork, bill_id: uuid.UUID, action: BillAction) -> tuple[FeeBill, Grant]:
    """The bill, locked, when this action exists in its state and for the actor.

    Payments come before bills wherever both are locked: those that it or its late fees could give back are locked first.
    """
    states, roles = ACTIONS[action]
    seen = await uow.load(FeeBill, bill_id)
    grant = await uow.act(roles, FeeBill, seen)
    if action in {BillAction.ADJUST, BillAction.VOID, BillAction.ANSWER_DISPUTE}:
        late_fees = select(FeeBill.id).where(FeeBill.county == uow.county, FeeBill.late_for_id == bill_id)
        payments = select(Allocation.payment_id).where(
            Allocation.county == uow.county, or_(Allocation.bill_id == bill_id, Allocation.bill_id.in_(late_fees))
        )
        await uow.session.execute(
            select(Payment.id)
            .where(Payment.county == uow.county, Payment.id.in_(payments))
            .order_by(Payment.id)
            .with_for_update(key_share=True)
        )
    bill = await uow.load(FeeBill, bill_id, lock=True)
    if bill.state not in states:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=bill.state)
    return bill, grant


async def _open_dispute(uow: UnitOfWork, bill: FeeBill) -> BillDispute:
    return (
        await uow.session.execute(
            select(BillDispute).where(
                BillDispute.county == uow.county,
                BillDispute.bill_id == bill.id,
                BillDispute.state == DisputeState.OPEN.value,
            )
        )
    ).scalar_one()


async def _close(uow: UnitOfWork, dispute: BillDispute, state: DisputeState) -> None:
    dispute.state = state.value
    dispute.closed_by = uow.actor.account_id
    dispute.closed_at = uow.now
    await uow.session.execute(
        update(Task)
        .where(
            Task.county == uow.county,
            Task.case_type == BillDispute.__name__,
            Task.case_id == dispute.id,
            Task.closed_at.is_(None),
        )
        .values(closed_at=uow.now)
        .execution_options(synchronize_session=False)
    )


def _answers_wanted(uow: UnitOfWork, bill: FeeBill, dispute: BillDispute) -> list[Task]:
    """The dispute in the work queue of everybody who may answer it; the first answer closes it for all."""
    return [
        Task(
            county=uow.county,
            id=new_id(),
            case_type=BillDispute.__name__,
            case_id=dispute.id,
            role=role.value,
            actions=[BillAction.ANSWER_DISPUTE.value],
            title=f"{bill.title} {bill.number}",
            state=dispute.state,
            township=bill.township,
            community=bill.community,
            estate_id=bill.estate_id,
            area_id=bill.area_id,
            company_id=bill.company_id,
            due_on=dispute.answer_due_on,
            due_order=dispute.answer_due_on,
            opened_at=uow.now,
        )
        for role in sorted(BILLERS)
    ]


async def _reduce(uow: UnitOfWork, bill: FeeBill, reduction: int, reason: str) -> BillAdjustment:
    """Post and record a reduction, and give back what was paid above the new amount."""
    owed = bill.amount + bill.adjusted
    if not 0 < reduction <= owed:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "reduction", least=1, most=owed)
    adjusted_by = uow.actor.account_id
    if adjusted_by is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    too_much = max(0, bill.settled - (owed - reduction))
    transaction_id = await post(
        uow,
        TransactionKind.BILL_ADJUSTED,
        [*await _claim_lines(uow, bill, reduction), *await _advance_lines(uow, bill, too_much)],
        reason=reason,
        reference=bill.number,
    )
    adjustment = BillAdjustment(
        county=uow.county,
        id=new_id(),
        bill_id=bill.id,
        transaction_id=transaction_id,
        amount=-reduction,
        reason=reason,
        adjusted_by=adjusted_by,
        created_at=uow.now,
    )
    uow.session.add(adjustment)
    # Disputed for the moment: neither statement below has both amounts right, and only then is the state worked out.
    bill.state, paid_on = BillState.DISPUTED.value, bill.paid_on
    if too_much:
        await release(uow, bill, too_much)
        await uow.session.refresh(bill)
    bill.adjusted -= reduction
    bill.paid_on = paid_on or uow.today  # what was paid in full stays so; else the reduction may be what settles it
    _follow_money(bill)
    return adjustment


def _follow_money(bill: FeeBill) -> None:
    bill.state = settled_state(bill.amount, bill.adjusted, bill.settled).value
    bill.paid_on = bill.paid_on if bill.state == BillState.PAID else None


async def _claim_lines(uow: UnitOfWork, bill: FeeBill, fen: int) -> list[Line]:
    """Take ``fen`` of the claim off the books: from the receivable and from what it was booked against."""
    if not fen:
        return []
    receivable = await account(uow, AccountKind.RECEIVABLE, unit_id=bill.unit_id, company_id=bill.company_id)
    if bill.kind == BillKind.OPENING_ARREARS:
        against = await account(uow, AccountKind.OPENING)
    else:
        item = await uow.session.get_one(ChargeItem, (uow.county, bill.charge_item_id))
        income = AccountKind.FEE_INCOME if item.mode == ContractMode.LUMP_SUM else AccountKind.FEE_ADVANCE
        against = await account(uow, income, area_id=bill.area_id, company_id=bill.company_id)
    return [debit(against, fen), credit(receivable, fen)]


async def _advance_lines(uow: UnitOfWork, bill: FeeBill, fen: int) -> list[Line]:
    """Turn ``fen`` that the bill had taken into advance money of its unit."""
    if not fen:
        return []
    receivable = await account(uow, AccountKind.RECEIVABLE, unit_id=bill.unit_id, company_id=bill.company_id)
    prepaid = await account(uow, AccountKind.PREPAID, unit_id=bill.unit_id, company_id=bill.company_id)
    return [debit(receivable, fen), credit(prepaid, fen)]


def _need(text: str, field: str) -> None:
    if not text.strip():
        raise Refusal(ErrorCode.REQUIRED, field)
