"""Rectification by intent: order, extend, submit, re-check, punish or hand over (SM-11; INS-5, GT-13, ZS-10)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from domain import calendar
from domain.errors import ErrorCode, Refusal
from domain.inspections import InspectionAction, InspectionState
from domain.records import Record
from models.companies import Company
from models.inspections import (
    Finding,
    Inspection,
    Rectification,
)
from resolvers import documents as papers
from resolvers.inspection_signing import acting_inspector, latest_order, sign_paper, text_of
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class FindingAnswer(Record):
    """How a finding was put right, with photos of how it is now."""

    finding_id: uuid.UUID
    rectification: str
    photo_ids: tuple[uuid.UUID, ...] = ()


async def order(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    requirement: str,
    deadline: date | None = None,
    responsible: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> Inspection:
    """Order rectification by a day (rectificationOrder, INS-5, ZS-10); without one, by the profile's number of days.

    After a re-check that did not find everything put right it orders again. ``responsible`` is the serving company
    unless named; ``REQUIRED`` where neither is there.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    again = inspection.state == InspectionState.RECHECKED
    inspection.rectify_by = deadline or calendar.deadline(uow.today, uow.profile.rectification_days)
    inspection.responsible = responsible or await _company_name(uow, inspection)
    await uow.advance(
        inspection,
        InspectionAction.ORDER_AGAIN if again else InspectionAction.ORDER,
        documents=document_ids,
        reason=requirement,
    )
    uow.session.add(
        Rectification(
            county=uow.county,
            inspection_id=inspection.id,
            ordered_on=uow.today,
            deadline=inspection.rectify_by,
            requirement=text_of(requirement, "requirement"),
            responsible=inspection.responsible,
        )
    )
    return inspection


async def extend(uow: UnitOfWork, *, id: uuid.UUID, deadline: date, reason: str) -> Inspection:
    """Extend the deadline of an order, once (rectificationExtend, INS-5)."""
    inspection = await uow.load(Inspection, id, lock=True)
    order_ = await latest_order(uow, inspection)
    former = order_.deadline
    if deadline <= former:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "deadline", least=former + timedelta(days=1))
    inspection.rectify_by = deadline
    await uow.advance(inspection, InspectionAction.EXTEND, reason=reason)
    inspection.extension_count += 1
    order_.deadline, order_.extended_from, order_.extension_reason = deadline, former, text_of(reason, "reason")
    return inspection


async def submit(
    uow: UnitOfWork, *, id: uuid.UUID, note: str, answers: Sequence[FindingAnswer | Mapping[str, Any]]
) -> Inspection:
    """Hand in how each finding was put right, with photos (rectificationSubmit).

    Refuses ``REQUIRED`` for a finding without answer or photo, ``NOT_FOUND`` for a finding of another inspection.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    order_ = await latest_order(uow, inspection)
    findings = {finding.id: finding for finding in await findings_of(uow, inspection)}
    for place, given in enumerate(answers):
        answer = given if isinstance(given, FindingAnswer) else FindingAnswer(**given)
        finding = findings.get(answer.finding_id)
        if finding is None:
            raise Refusal(ErrorCode.NOT_FOUND, f"answers.{place}.findingId")
        if not answer.photo_ids:
            raise Refusal(ErrorCode.REQUIRED, f"answers.{place}.photoIds")
        photos = await papers.attach(uow, answer.photo_ids, inspection, field=f"answers.{place}.photoIds")
        finding.rectification = text_of(answer.rectification, f"answers.{place}.rectification")
        finding.rectified_on = uow.today
        finding.rectified_photo_ids = [photo.id for photo in photos]
    given_for = {answer.finding_id if isinstance(answer, FindingAnswer) else answer["finding_id"] for answer in answers}
    open_ = [finding for finding in findings.values() if finding.cleared_on is None and finding.id not in given_for]
    if open_:
        raise Refusal(ErrorCode.REQUIRED, "answers", positions=[finding.position for finding in open_])
    order_.submitted_on, order_.submission = uow.today, text_of(note, "note")
    return await uow.advance(inspection, InspectionAction.SUBMIT, reason=note)


async def recheck(
    uow: UnitOfWork, *, id: uuid.UUID, passed: bool, note: str, cleared_ids: Sequence[uuid.UUID] = ()
) -> Inspection:
    """Write and sign the re-check of what was handed in (rectificationRecheck).

    ``cleared_ids`` are the findings that were put right; ``passed`` while one is not is refused with ``NOT_RECTIFIED``.
    With enough signatures a passed re-check closes the case; otherwise the office orders again, punishes or transfers.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    inspector = await acting_inspector(uow, inspection, InspectionState.SUBMITTED, InspectionAction.RECHECK)
    order_ = await latest_order(uow, inspection)
    findings = await findings_of(uow, inspection)
    cleared = set(cleared_ids or ())
    if not cleared <= {finding.id for finding in findings}:
        raise Refusal(ErrorCode.NOT_FOUND, "clearedIds")
    for finding in findings:
        finding.cleared_on = (finding.cleared_on or uow.today) if finding.id in cleared else None
    uncleared = [finding.position for finding in findings if finding.cleared_on is None]
    if passed and uncleared:
        raise Refusal(ErrorCode.NOT_RECTIFIED, "clearedIds", positions=uncleared)
    order_.rechecked_on, order_.recheck_note, order_.passed = uow.today, text_of(note, "note"), passed
    order_.recheck_revision += 1
    inspection.recheck_passed = passed
    return await sign_paper(uow, inspection, inspector, order_, "RECHECK_WRITE")


async def penalise(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str, document_ids: Sequence[uuid.UUID] = ()
) -> Inspection:
    """Record the penalty for an order that was not followed (inspectionPenalise)."""
    inspection = await uow.load(Inspection, id, lock=True)
    return await uow.advance(inspection, InspectionAction.PENALISE, reason=reason, documents=document_ids)


async def transfer(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str, document_ids: Sequence[uuid.UUID] = ()
) -> Inspection:
    """Hand an order that was not followed over to the office in charge (inspectionTransfer, ZD-5)."""
    inspection = await uow.load(Inspection, id, lock=True)
    return await uow.advance(inspection, InspectionAction.TRANSFER, reason=reason, documents=document_ids)


async def findings_of(uow: UnitOfWork, inspection: Inspection) -> list[Finding]:
    found = await uow.session.scalars(
        select(Finding)
        .where(Finding.county == uow.county, Finding.inspection_id == inspection.id)
        .order_by(Finding.position)
        .with_for_update()
    )
    return list(found)


async def _company_name(uow: UnitOfWork, inspection: Inspection) -> str | None:
    """The name of the company that serves the estate."""
    if inspection.company_id is None:
        return None
    return await uow.session.scalar(
        select(Company.name).where(Company.county == uow.county, Company.id == inspection.company_id)
    )
