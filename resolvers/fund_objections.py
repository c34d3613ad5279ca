"""Owners' objections to what a fund request posts, and their answers by the township (SM-6, SL-6)."""

import uuid

from sqlalchemy import select

from domain.errors import ErrorCode, Refusal
from domain.fund_use import ObjectionState
from domain.funds import FundAction, FundState
from domain.roles import Role
from models.base import new_id
from models.estates import Unit
from models.fund_use import FundObjection
from models.funds import FundRequest, FundShare
from resolvers.unit_of_work import UnitOfWork


async def object_(uow: UnitOfWork, *, id: uuid.UUID, unit_id: uuid.UUID, reason: str) -> FundObjection:
    """Object to a posted settlement as an owner of a unit that bears a part (fundRequestObject).

    The last payment waits for the answer. ``LATE`` when the posting is over, ``FORBIDDEN_ROLE`` for who bears nothing.
    """
    request = await uow.load(FundRequest, id, lock=True)
    unit = await uow.load(Unit, unit_id, field="unitId")
    grant = await uow.act((Role.OWNER,), Unit, unit)
    if request.state != FundState.POSTED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=request.state, action="OBJECT")
    if request.posted_to is None or uow.today > request.posted_to:
        raise Refusal(ErrorCode.LATE, deadline=request.posted_to)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    bears = select(FundShare.id).where(
        FundShare.county == uow.county,
        FundShare.fund_request_id == request.id,
        FundShare.unit_id == unit.id,
        FundShare.amount > 0,
    )
    if await uow.session.scalar(bears) is None or uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "unitId")
    row = FundObjection(
        county=uow.county,
        id=new_id(),
        fund_request_id=request.id,
        unit_id=unit.id,
        raised_by=uow.actor.account_id,
        reason=reason.strip(),
        state=ObjectionState.OPEN.value,
    )
    uow.session.add(row)
    request.open_objections += 1
    await uow.audit("fundRequestObject", request, grant=grant, reason=row.reason)
    await uow.reschedule(request)
    return row


async def answer(uow: UnitOfWork, *, id: uuid.UUID, upheld: bool, answer: str) -> FundObjection:
    """Answer an objection as the township (fundObjectionAnswer): dismissed, or upheld and the settlement goes back."""
    row = await uow.load(FundObjection, id, lock=True)
    request = await uow.load(FundRequest, row.fund_request_id, lock=True)
    grant = await uow.act((Role.TOWNSHIP,), FundRequest, request)
    if row.state != ObjectionState.OPEN:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=row.state, action="ANSWER")
    if not answer.strip():
        raise Refusal(ErrorCode.REQUIRED, "answer")
    row.state = (ObjectionState.UPHELD if upheld else ObjectionState.DISMISSED).value
    row.answer, row.answered_at = answer.strip(), uow.now
    request.open_objections -= 1
    await uow.audit("fundObjectionAnswer", request, grant=grant, reason=row.answer, detail={"upheld": upheld})
    if upheld and request.state == FundState.POSTED:
        await uow.advance(request, FundAction.REVISE, reason=row.answer)
    await uow.reschedule(request)
    return row
