"""A fund request as a record: what it says, whose fund pays, what hangs on the board (FUND-4, FUND-14, ZS-21).

Both paths use it: ``funds`` the ordinary one (SM-6), ``emergency_funds`` the other (SM-7).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from auth.actor import Grant
from domain.contracts import IN_FORCE
from domain.disclosures import DisclosureItem
from domain.documents import DocumentAudience, DocumentKind
from domain.emergency_funds import EMERGENCY_FUND_REQUEST
from domain.errors import ErrorCode, Refusal
from domain.fund_use import something_due
from domain.funds import (
    GIVEN_UP,
    EmergencyCode,
    Exclusion,
    FundAction,
    FundKind,
    FundScope,
    FundState,
    FundUse,
    VoteMode,
)
from domain.ordinary_funds import FUND_REQUEST
from domain.profiles import profile_version
from domain.records import Record
from domain.roles import COMPANY, OFFICIALS, Role
from models.contracts import ServiceContract
from models.documents import Document
from models.estates import Building, Estate, Facility, PropertyArea
from models.funds import FundRequest
from resolvers.case_kinds import is_applicant
from resolvers.cases import case_kind
from resolvers.committees import body_in_office
from resolvers.disclosures import About, Posting, put_up
from resolvers.estates import whole_area
from resolvers.unit_of_work import UnitOfWork

POSTED_KINDS = (DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.SETTLEMENT, DocumentKind.POSTING_PROOF)
"""What hangs on the board and so is shown to every owner; the list of households stays with the case (PRI-5)."""


@dataclass(frozen=True)
class FundPlan(Record):
    """What a request says of the work. ``budget`` in fen; the warranty's end is empty where there is none (FUND-14)."""

    title: str
    description: str
    budget: int
    facility_id: uuid.UUID | None = None
    warranty_checked: bool = False
    warranty_ends_on: date | None = None
    exclusion: Exclusion | None = None
    exclusion_note: str | None = None
    contractor: str | None = None
    contractor_credit_code: str | None = None
    use: FundUse = FundUse.REPAIR


@dataclass(frozen=True)
class Asset(Record):
    """Whose asset is to be repaired, and so who bears the cost: the estate's, a building's, or an entrance's (FUND-15)."""

    scope: FundScope
    building_id: uuid.UUID | None = None
    entrance: str | None = None


def facts_of(row: Any) -> Mapping[str, Any]:
    """What a request's row says to its workflow."""
    known: dict[str, Any] = {
        "kind": FundKind(row.kind),
        "state": row.state,
        "use": FundUse(row.use),
        "has_committee": row.committee_id is not None,
        "vote_on_platform": row.vote_id is not None,
        "on_quota": row.quota_id is not None,
        "has_company": row.company_id is not None,
        "contracted": row.contracted_on is not None,
        "budget_fen": row.budget,
        "fund_part_fen": row.fund_part,
        "asked_fen": row.asked,
        "paid_fen": row.paid,
        "instructed_fen": row.instructed,
        "payable_on": row.payable_on,
        "certificates": row.certificates,
        "open_objections": row.open_objections,
        "open_recoveries": row.open_recoveries,
        "settled": row.settled_on is not None,
        "settled_on": row.settled_on,
        "stopped_on": row.stopped_on,
        "ordered_to": row.ordered_to,
        "organised": row.organised_on is not None,
        "warranty_checked": row.warranty_checked,
        "warranty_ends_on": row.warranty_ends_on,
        "requested_on": row.requested_on,
        "exclusion": row.exclusion,
        "posted_from": row.posted_from,
        "posted_to": row.posted_to,
        "returns": row.returns,
        "amount_fen": row.settled_cost or row.budget,
    }
    if row.emergency_code is not None:
        known["emergency_code"] = EmergencyCode(row.emergency_code)
    if row.vote_mode is not None:
        known["vote_mode"] = VoteMode(row.vote_mode)
    if row.vote_passed is not None:
        known |= {"vote_passed": row.vote_passed, "vote_strict_passed": row.vote_strict_passed}
    return known


def note_due(uow: UnitOfWork, request: FundRequest) -> None:
    """Note since when something is due that the bank was not told to pay: the cashier's days count from it."""
    due = something_due(profile_version(request.profile_version), facts_of(request)) is None
    request.payable_on = (request.payable_on or uow.today) if due else None


async def _moved(uow: UnitOfWork, request: FundRequest, _former: str) -> None:
    if request.state in GIVEN_UP:
        request.quota_drawn = 0
    note_due(uow, request)


case_kind(
    FundRequest,
    (FUND_REQUEST, EMERGENCY_FUND_REQUEST),
    facts=facts_of,
    resting=(FundState.APPORTIONED, FundState.CLOSED),
    moved=_moved,
)


async def new_request(
    uow: UnitOfWork,
    kind: FundKind,
    estate: Estate,
    asset: Asset,
    grant: Grant,
    plan: FundPlan,
) -> FundRequest:
    """A request of an estate with its area, company and committee, not stored yet.

    ``REQUIRED`` without the building or entrance of its asset, ``NOT_FOUND`` for a building elsewhere.
    """
    area_id = await _area(uow, estate, asset)
    entrance = (asset.entrance or "").strip() or None
    if asset.scope is FundScope.ENTRANCE and entrance is None:
        raise Refusal(ErrorCode.REQUIRED, "entrance")
    request = FundRequest(
        kind=kind.value,
        scope=asset.scope.value,
        building_id=None if asset.scope is FundScope.ESTATE else asset.building_id,
        entrance=entrance if asset.scope is FundScope.ENTRANCE else None,
        estate_id=estate.id,
        area_id=area_id,
        township=estate.township,
        community=estate.community,
        company_id=grant.company_id if grant.role in COMPANY else await _serving_company(uow, area_id),
        committee_id=await body_in_office(uow, area_id),
        requested_on=uow.today,
        returns=0,
    )
    await write_plan(uow, request, plan)
    return request


async def put_to_owners(
    uow: UnitOfWork,
    request_id: uuid.UUID,
    action: FundAction,
    days: tuple[date, date],
    objection_contact: str,
    document_ids: Sequence[uuid.UUID],
) -> FundRequest:
    """Post a request from the first to the last of ``days``: on the area's board, its papers open to the owners
    (RULES §7, ZS-21).

    Refuses ``ACTION_NOT_AVAILABLE`` where the area was merged or split since the draft: its owners are others now.
    """
    request = await uow.load(FundRequest, request_id, lock=True)
    request.posted_from, request.posted_to = days
    await uow.advance(request, action, documents=document_ids)
    area = await uow.load(PropertyArea, request.area_id or uuid.UUID(int=0), field="id")
    if area.ended_on is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=area.state)
    if uow.grant is None:
        raise AssertionError("a step is taken under a grant")
    posting = Posting(
        title=request.title,
        body=request.description,
        objection_contact=objection_contact,
        content={
            "fundRequest": str(request.id),
            "state": request.state,
            "budget": request.budget,
            "amountUsed": request.settled_cost,
        },
        posted_days=(days[1] - uow.today).days,
        estate_id=request.estate_id,
    )
    await put_up(uow, area, DisclosureItem.FUND_PLAN, posting, grant=uow.grant, about=About("fund_request", request.id))
    request.posting_document_ids = await _publish_papers(uow, request)
    return request


def _text(value: str, field: str) -> str:
    if not value.strip():
        raise Refusal(ErrorCode.REQUIRED, field)
    return value.strip()


async def write_plan(uow: UnitOfWork, request: FundRequest, plan: FundPlan) -> None:
    if plan.budget <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "budget", least=1)
    if plan.facility_id is not None:
        facility = await uow.load(Facility, plan.facility_id, field="facilityId")
        if facility.estate_id != request.estate_id:
            raise Refusal(ErrorCode.NOT_FOUND, "facilityId")
    request.title, request.description = _text(plan.title, "title"), _text(plan.description, "description")
    request.budget, request.facility_id = plan.budget, plan.facility_id
    request.warranty_checked, request.warranty_ends_on = plan.warranty_checked, plan.warranty_ends_on
    request.exclusion = plan.exclusion.value if plan.exclusion else None
    request.exclusion_note = plan.exclusion_note
    request.use = plan.use.value
    request.contractor, request.contractor_credit_code = plan.contractor, plan.contractor_credit_code


async def _area(uow: UnitOfWork, estate: Estate, asset: Asset) -> uuid.UUID:
    """The property area whose fund pays (FUND-4)."""
    building_id = asset.building_id
    building = None if building_id is None else await uow.load(Building, building_id, field="buildingId")
    if building is not None and building.estate_id != estate.id:
        raise Refusal(ErrorCode.NOT_FOUND, "buildingId")
    if asset.scope is FundScope.ESTATE:
        area_id = await whole_area(uow, estate.id)
    elif building is None:
        raise Refusal(ErrorCode.REQUIRED, "buildingId")
    else:
        area_id = building.area_id
    if area_id is None:
        raise Refusal(ErrorCode.REQUIRED, "areaId")
    return area_id


async def _serving_company(uow: UnitOfWork, area_id: uuid.UUID) -> uuid.UUID | None:
    return await uow.session.scalar(
        select(ServiceContract.company_id)
        .where(
            ServiceContract.county == uow.county,
            ServiceContract.area_id == area_id,
            ServiceContract.state.in_(sorted(IN_FORCE)),
        )
        .order_by(ServiceContract.starts_on.desc(), ServiceContract.id)
        .limit(1)
    )


async def applicants_grant(uow: UnitOfWork, request: FundRequest) -> Grant:
    """The grant under which the actor acts for the request's applicant."""
    found = await uow.act({Role(request.applicant_role), *COMPANY, *OFFICIALS, Role.COMMITTEE}, FundRequest, request)
    if not is_applicant(request, uow.actor, found):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, roles="applicant")
    return found


async def _publish_papers(uow: UnitOfWork, request: FundRequest) -> list[uuid.UUID]:
    found = await uow.session.scalars(
        select(Document)
        .where(
            Document.county == uow.county,
            Document.subject_type == FundRequest.__tablename__,
            Document.subject_id == request.id,
            Document.kind.in_([kind.value for kind in POSTED_KINDS]),
        )
        .order_by(Document.id)
        .with_for_update()
    )
    shown = list(found)
    for paper in shown:
        paper.audience = DocumentAudience.PUBLISHED.value
    return [paper.id for paper in shown]
