"""Emergency fund requests by intent (SM-7; FUND-20..23, TQ-99..101, Civil Code 281): no vote, but a check on site and a
posting. The offices' steps are those of ``funds``.
"""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.emergency_funds import EMERGENCY_FUND_REQUEST
from domain.errors import ErrorCode, Refusal
from domain.funds import EmergencyCode, FundAction, FundKind, FundScope, FundState
from domain.ordinary_funds import FUND_REQUEST
from models.estates import Estate, Unit
from models.funds import FundRequest, SiteCheck
from resolvers import fund_shares
from resolvers.fund_requests import Asset, FundPlan, new_request, put_to_owners
from resolvers.fund_works import cost_is
from resolvers.unit_of_work import UnitOfWork


async def report(
    uow: UnitOfWork,
    *,
    estate_id: uuid.UUID,
    emergency_code: EmergencyCode,
    scope: FundScope,
    building_id: uuid.UUID | None = None,
    entrance: str | None = None,
    concerned_unit_id: uuid.UUID | None = None,
    document_ids: Sequence[uuid.UUID] = (),
    **plan: Any,
) -> FundRequest:
    """Report a danger that must be repaired at once, with photos (fundRequestReport, ``FundPlan``).

    ``budget`` is the estimate in fen. Refuses ``NOT_EMERGENCY`` for what is not on the county's list (FUND-22),
    ``MISSING_DOCUMENT`` without a photo, and as ``fundRequestDraft`` does.
    """
    estate = await uow.load(Estate, estate_id, field="estateId")
    grant = await uow.act(EMERGENCY_FUND_REQUEST.openers(uow.profile), Estate, estate)
    asset = Asset(scope, building_id, entrance)
    request = await new_request(uow, FundKind.EMERGENCY, estate, asset, grant, FundPlan(**plan))
    request.emergency_code = EmergencyCode(emergency_code).value
    request.emergency_order = uow.profile.emergency_order.value
    if concerned_unit_id is not None:
        unit = await uow.load(Unit, concerned_unit_id, field="concernedUnitId")
        if unit.estate_id != estate.id:
            raise Refusal(ErrorCode.NOT_FOUND, "concernedUnitId")
        request.concerned_unit_id = unit.id
    await uow.open_case(request, EMERGENCY_FUND_REQUEST, grant=grant, documents=document_ids)
    await fund_shares.apportion(uow, request, request.budget)
    return request


async def check_site(
    uow: UnitOfWork, *, id: uuid.UUID, is_emergency: bool, note: str, photo_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Take part in the joint check on site (fundRequestCheckSite, FUND-21): an owner, committee or community, company.

    Each says whether it is an emergency; with the last of them the check is done.
    """
    request = await uow.load(FundRequest, id, lock=True)
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    if not note.strip():
        raise Refusal(ErrorCode.REQUIRED, "note")
    await uow.advance(request, FundAction.CHECK_SITE, documents=photo_ids, reason=note)
    if uow.grant is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    uow.session.add(
        SiteCheck(
            county=uow.county,
            fund_request_id=request.id,
            role=uow.grant.role.value,
            account_id=uow.actor.account_id,
            is_emergency=is_emergency,
            note=note.strip(),
            photo_ids=list(photo_ids),
            at=uow.now,
        )
    )
    return request


async def decline(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FundRequest:
    """Find that it is no emergency (fundRequestDecline, FUND-22): it may go on as an ordinary request."""
    request = await uow.load(FundRequest, id, lock=True)
    return await uow.advance(request, FundAction.DECLINE, reason=reason)


async def continue_ordinary(uow: UnitOfWork, *, id: uuid.UUID) -> FundRequest:
    """Go on with what was no emergency as an ordinary request, in its draft (fundRequestContinue, SM-7)."""
    former = await uow.load(FundRequest, id, lock=True)
    if former.state != FundState.NOT_EMERGENCY:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=former.state, action="CONTINUE")
    estate = await uow.load(Estate, former.estate_id or uuid.UUID(int=0), field="id")
    grant = await uow.act(FUND_REQUEST.openers(uow.profile), Estate, estate)
    plan = FundPlan(
        title=former.title,
        description=former.description,
        budget=former.budget,
        facility_id=former.facility_id,
        warranty_checked=former.warranty_checked,
        warranty_ends_on=former.warranty_ends_on,
        exclusion=former.exclusion,  # type: ignore[arg-type]  # a Record reads the value
        exclusion_note=former.exclusion_note,
        contractor=former.contractor,
        contractor_credit_code=former.contractor_credit_code,
    )
    asset = Asset(FundScope(former.scope), former.building_id, former.entrance)
    request = await new_request(uow, FundKind.ORDINARY, estate, asset, grant, plan)
    request.origin_id = former.id
    await uow.open_case(request, FUND_REQUEST, grant=grant)
    await fund_shares.apportion(uow, request, request.budget)
    return request


async def record_repair(
    uow: UnitOfWork, *, id: uuid.UUID, repaired_on: date, settled_cost: int, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Record the repair and what it cost, in fen (fundRequestRecordRepair, FUND-21)."""
    request = await uow.load(FundRequest, id, lock=True)
    if not request.requested_on <= repaired_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "repairedOn", least=request.requested_on, most=uow.today)
    if settled_cost <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "settledCost", least=1)
    request.repaired_on, request.settled_cost = repaired_on, settled_cost
    await uow.advance(request, FundAction.RECORD_REPAIR, facts={"amount_fen": settled_cost}, documents=document_ids)
    request.settled_on = uow.today
    await cost_is(uow, request, settled_cost)
    return request


async def order(uow: UnitOfWork, *, id: uuid.UUID, ordered_to: date, reason: str) -> FundRequest:
    """Order parties that leave a danger alone to act until a day, as the township (fundRequestOrder, FUND-23)."""
    request = await uow.load(FundRequest, id, lock=True)
    if ordered_to < uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "orderedTo", least=uow.today)
    request.ordered_to = ordered_to
    return await uow.advance(request, FundAction.ORDER_ACTION, reason=reason)


async def organise(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Organise the repair, charged to the fund, once an order's day has passed in vain (fundRequestOrganise, FUND-23)."""
    request = await uow.load(FundRequest, id, lock=True)
    request.organised_on = uow.today
    return await uow.advance(request, FundAction.ORGANISE, documents=document_ids, reason=reason)


async def accept(
    uow: UnitOfWork, *, id: uuid.UUID, note: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Accept the work as an owner, and as the committee or who stands in for it (fundRequestAccept, FUND-21)."""
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.ACCEPT, documents=document_ids, reason=note)
    if request.state == FundState.ACCEPTED:
        request.accepted_on = uow.today
    return request


async def post(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    posted_from: date,
    posted_to: date,
    objection_contact: str,
    document_ids: Sequence[uuid.UUID] = (),
) -> FundRequest:
    """Post settlement, households and shares to the owners (fundRequestPost, FUND-21): at least the profile's days."""
    return await put_to_owners(uow, id, FundAction.POST, (posted_from, posted_to), objection_contact, document_ids)
