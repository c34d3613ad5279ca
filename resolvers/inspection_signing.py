"""Who inspects and what they sign: a report, or a re-check, settles with the signatures of enough inspectors
(INS-2)."""

from sqlalchemy import select

from domain.errors import ErrorCode, Refusal
from domain.inspections import InspectionAction, InspectionState
from domain.profiles import profile_version
from domain.roles import Role
from models.inspections import (
    Inspection,
    InspectionSignature,
    Inspector,
    Rectification,
)
from resolvers.unit_of_work import UnitOfWork

OFFICES = frozenset({Role.BUREAU, Role.TOWNSHIP})
"""Who inspects: the bureau, and a township in its own place (ZD-5, TQ-74)."""


def text_of(value: str, field: str) -> str:
    if not value.strip():
        raise Refusal(ErrorCode.REQUIRED, field)
    return value.strip()


async def inspectors_of(uow: UnitOfWork, inspection: Inspection) -> list[Inspector]:
    """Those who are named and did not step back."""
    found = await uow.session.scalars(
        select(Inspector)
        .where(
            Inspector.county == uow.county,
            Inspector.inspection_id == inspection.id,
            Inspector.recused_at.is_(None),
        )
        .order_by(Inspector.id)
    )
    return list(found)


async def latest_order(uow: UnitOfWork, inspection: Inspection) -> Rectification:
    """The inspection's order."""
    found = await uow.session.scalar(
        select(Rectification)
        .where(Rectification.county == uow.county, Rectification.inspection_id == inspection.id)
        .order_by(Rectification.id.desc())
        .limit(1)
        .with_for_update()
    )
    if found is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=inspection.state)
    return found


async def acting_inspector(
    uow: UnitOfWork, inspection: Inspection, state: InspectionState, action: InspectionAction
) -> Inspector:
    """The actor as one of the inspectors of a case that stands in ``state``."""
    if inspection.state != state:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=inspection.state, action=action)
    await uow.act(OFFICES, Inspection, inspection)
    named = await inspectors_of(uow, inspection)
    mine = next((inspector for inspector in named if inspector.account_id == uow.actor.account_id), None)
    if mine is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, action=action, roles="inspector")
    return mine


async def sign_paper(
    uow: UnitOfWork, inspection: Inspection, inspector: Inspector, order_: Rectification | None, action: str
) -> Inspection:
    """Put the inspector's signature under the report or the re-check, and settle it once there are enough."""
    revision = inspection.report_revision if order_ is None else order_.recheck_revision
    paper = {"inspection_id": inspection.id, "rectification_id": order_ and order_.id, "revision": revision}
    await uow.session.flush()  # the signature names the inspector and the order
    signed = await uow.session.scalars(
        select(InspectionSignature.inspector_id).where(
            InspectionSignature.county == uow.county,
            *(getattr(InspectionSignature, name).is_not_distinct_from(value) for name, value in paper.items()),
        )
    )
    signatures = set(signed)
    if inspector.id in signatures:
        raise Refusal(ErrorCode.SIGNATURES_REQUIRED, least=uow.profile.inspectors_least)
    uow.session.add(InspectionSignature(county=uow.county, inspector_id=inspector.id, signed_at=uow.now, **paper))
    grant = await uow.act(OFFICES, Inspection, inspection)
    await uow.audit(action, inspection, grant=grant, detail={"revision": revision})
    uow.notify(inspection)
    count = len(signatures) + 1
    if count < profile_version(inspection.profile_version).inspectors_least:
        return inspection
    facts = {"signatures": count}
    if order_ is not None:
        await uow.advance(inspection, InspectionAction.RECHECK, facts=facts)
        return await uow.advance(inspection, InspectionAction.CLOSE) if order_.passed else inspection
    inspection.reported_at = uow.now
    await uow.advance(inspection, InspectionAction.REPORT, facts=facts)
    found = InspectionAction.FIND_ISSUES if inspection.finding_count else InspectionAction.FIND_CLEAN
    return await uow.advance(inspection, found)
