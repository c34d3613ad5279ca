"""Ordinary fund requests by intent, from the draft to the bureau's approval (SM-6; FUND-12..19, FUND-24..25).

The emergency path has ``emergency_funds``; both share the steps of the offices: verify, grant, return, reject, cancel.
"""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.errors import ErrorCode, Refusal
from domain.funds import (
    FundAction,
    FundKind,
    FundScope,
    FundState,
)
from domain.ordinary_funds import FUND_REQUEST
from models.estates import Estate
from models.funds import FundRequest
from resolvers import documents as papers
from resolvers import fund_shares
from resolvers.cases import Signature
from resolvers.fund_requests import Asset, FundPlan, applicants_grant, new_request, note_due, put_to_owners, write_plan
from resolvers.unit_of_work import UnitOfWork


async def draft(
    uow: UnitOfWork,
    *,
    estate_id: uuid.UUID,
    scope: FundScope,
    building_id: uuid.UUID | None = None,
    entrance: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
    **plan: Any,
) -> FundRequest:
    """Prepare an ordinary request (fundRequestDraft, ``FundPlan``). ``budget`` in fen.

    Refuses ``FORBIDDEN_ROLE`` for who may not ask in this county, ``REQUIRED`` without a property area, the building or
    entrance of its asset or units to bear it, ``OUT_OF_RANGE`` for a budget that is not positive.
    """
    estate = await uow.load(Estate, estate_id, field="estateId")
    grant = await uow.act(FUND_REQUEST.openers(uow.profile), Estate, estate)
    asset = Asset(scope, building_id, entrance)
    request = await new_request(uow, FundKind.ORDINARY, estate, asset, grant, FundPlan(**plan))
    await uow.open_case(request, FUND_REQUEST, grant=grant, documents=document_ids)
    await fund_shares.apportion(uow, request, request.budget)
    return request


async def change(
    uow: UnitOfWork, *, id: uuid.UUID, expected_version: int, document_ids: Sequence[uuid.UUID] = (), **plan: Any
) -> FundRequest:
    """Correct a draft, or a request that was returned (fundRequestChange). Only its applicant may.

    What was returned costs no more than what was decided on, and stays what it was to buy: ``OVERRUN``, ``ACTION_NOT_AVAILABLE``
    on ``use``. More is a new application (FUND-19, FUND-27), as insurance in an emergency's stead is.
    """
    request = await uow.load(FundRequest, id, lock=True)
    uow.check_version(request, expected_version)
    if request.state not in (FundState.DRAFT, FundState.RETURNED):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=request.state, action="CHANGE")
    grant = await applicants_grant(uow, request)
    corrected = FundPlan(**plan)
    if request.state == FundState.RETURNED:
        if corrected.budget > request.budget:
            raise Refusal(ErrorCode.OVERRUN, "budget", limit_fen=request.budget)
        if corrected.use != request.use:
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "use", state=request.state, action="CHANGE")
    await write_plan(uow, request, corrected)
    request.quota_drawn = request.budget if request.quota_id else 0
    await papers.attach(uow, document_ids, request)
    await fund_shares.apportion(uow, request, request.settled_cost or request.budget)
    await uow.audit("CHANGE", request, grant=grant, documents=document_ids)
    await uow.reschedule(request)
    return request


async def post_plan(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    posted_from: date,
    posted_to: date,
    objection_contact: str,
    document_ids: Sequence[uuid.UUID] = (),
) -> FundRequest:
    """Post plan and budget to the owners for at least the profile's days (fundRequestPostPlan, FUND-24)."""
    return await put_to_owners(uow, id, FundAction.POST_PLAN, (posted_from, posted_to), objection_contact, document_ids)


async def approve(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Approve as the committee or who stands in for it; an emergency as who decides on it (fundRequestApprove)."""
    request = await uow.load(FundRequest, id, lock=True)
    return await uow.advance(request, FundAction.APPROVE, reason=reason, documents=document_ids)


async def check(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Find the materials true, as the residents' committee (fundRequestCheck, SL-6)."""
    request = await uow.load(FundRequest, id, lock=True)
    return await uow.advance(request, FundAction.CHECK, reason=reason, documents=document_ids)


async def verify(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    signed: bool,
    sealed: bool,
    reason: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> FundRequest:
    """Verify procedure and use as the township, with signature and seal (fundRequestVerify, ZD-7).

    Refuses ``SIGNATURES_REQUIRED`` and ``SEAL_REQUIRED`` where the profile asks for them.
    """
    request = await uow.load(FundRequest, id, lock=True)
    return await uow.advance(
        request, FundAction.VERIFY, reason=reason, documents=document_ids, signature=Signature(signed, sealed)
    )


async def grant(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Approve as the bureau and earmark the amount in the fund (fundRequestGrant, ZD-21, FUND-28, FUND-29).

    ``INSUFFICIENT_BALANCE`` when the bearers' accounts, less other earmarks, hold less than the fund must pay. What a
    single unit lacks is noted as a claim on its owner (FUND-18); what the developer bears in cash is not earmarked.
    """
    request = await uow.load(FundRequest, id, lock=True)
    rows = await fund_shares.shares_of(uow, request)
    amount = fund_shares.from_the_fund(rows)
    available = await fund_shares.free_balance(uow, request, rows)
    facts = {"amount_fen": amount, "available_fen": available}
    await uow.advance(request, FundAction.GRANT, facts=facts, reason=reason, documents=document_ids)
    await fund_shares.note_shortfalls(uow, rows)
    if amount:
        await fund_shares.earmark(uow, request, amount)
    request.approved_amount, request.decided_on = amount, uow.today
    request.fund_part = amount
    note_due(uow, request)
    await uow.reschedule(request)
    return request


async def return_(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FundRequest:
    """Return a request for correction, as often as the profile allows (fundRequestReturn, FUND-25)."""
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.RETURN, reason=reason)
    request.returns += 1
    return request


async def resubmit(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    posted_from: date | None = None,
    posted_to: date | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> FundRequest:
    """Hand in a returned request, corrected (fundRequestResubmit). A settlement that changed is posted anew."""
    request = await uow.load(FundRequest, id, lock=True)
    request.posted_from, request.posted_to = posted_from or request.posted_from, posted_to or request.posted_to
    return await uow.advance(request, FundAction.RESUBMIT, documents=document_ids)


async def reject(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FundRequest:
    """Reject with reasons, as the bureau (fundRequestReject)."""
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.REJECT, reason=reason)
    request.decided_on = uow.today
    return request


async def cancel(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FundRequest:
    """Cancel the request before anything is paid; its earmark goes back to the fund (fundRequestCancel, FUND-29)."""
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.CANCEL, reason=reason)
    await fund_shares.release(uow, request, reason)
    return request
