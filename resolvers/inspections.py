"""Inspections by intent: plan, assign, report, sign, order, submit, re-check, publish (SM-11; INS-1, INS-2, INS-5).

The office that planned an inspection carries it out. Its inspectors report and sign; the company that serves the
estate, or the residents' committee where none does, answers the findings.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, select

from domain import calendar
from domain.contracts import IN_FORCE
from domain.documents import DocumentAudience
from domain.errors import ErrorCode, Refusal
from domain.inspections import INSPECTION, CheckResult, InspectionAction, InspectionKind, InspectionState, Severity
from domain.profiles import profile_version
from domain.records import Record
from domain.roles import Role
from models.accounts import Account, AccountGrant
from models.companies import Company
from models.contracts import ServiceContract
from models.documents import Document
from models.estates import Estate, EstateArea
from models.inspections import (
    CheckedItem,
    ChecklistItem,
    Finding,
    Inspection,
    InspectionPlan,
    InspectionSignature,
    Inspector,
    Rectification,
)
from resolvers import documents as papers
from resolvers.cases import case_kind
from resolvers.unit_of_work import UnitOfWork

MOST_ITEMS = 100
OFFICES = frozenset({Role.BUREAU, Role.TOWNSHIP})
"""Who inspects: the bureau, and a township in its own place (ZD-5, TQ-74)."""


@dataclass(frozen=True)
class Matter(Record):
    """One matter of a checklist and the requirement that it checks."""

    matter: str
    basis: str


@dataclass(frozen=True)
class InspectorDraft(Record):
    """An official who shall inspect, with the number of the law-enforcement certificate (执法证号)."""

    account_id: uuid.UUID
    certificate: str


@dataclass(frozen=True)
class Checked(Record):
    """What was seen on one matter."""

    checklist_item_id: uuid.UUID
    result: CheckResult
    note: str | None = None


@dataclass(frozen=True)
class FindingDraft(Record):
    """A problem that was found, with photos."""

    severity: Severity
    description: str
    basis: str
    checklist_item_id: uuid.UUID | None = None
    photo_ids: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True)
class FindingAnswer(Record):
    """How a finding was put right, with photos of how it is now."""

    finding_id: uuid.UUID
    rectification: str
    photo_ids: tuple[uuid.UUID, ...] = ()


def _facts(row: Any) -> Mapping[str, Any]:
    return {
        "findings": row.finding_count,
        # The time to publish is counted from the visit, until the result is published.
        "inspected_on": row.inspected_on if row.published_on is None else None,
        "rectify_by": row.rectify_by,
        "responsible": row.responsible,
        "extensions": row.extension_count,
        "recheck_passed": row.recheck_passed,
        "published_on": row.published_on,
    }


def _asks(inspection: Any, role: Role) -> bool:
    """Of the offices, the one that planned it is waited for; the other may act all the same."""
    return role not in OFFICES or role.value == inspection.applicant_role


case_kind(
    Inspection,
    (INSPECTION,),
    facts=_facts,
    asks=_asks,
    resting=(
        InspectionState.RECTIFICATION_ORDERED,
        InspectionState.CLEAN,
        InspectionState.CLOSED,
        InspectionState.PENALISED,
        InspectionState.TRANSFERRED,
    ),
)


async def plan_make(
    uow: UnitOfWork,
    *,
    title: str,
    kind: InspectionKind,
    basis: str,
    starts_on: date,
    ends_on: date,
    matters: Sequence[Matter | Mapping[str, Any]],
) -> InspectionPlan:
    """Make a plan with its checklist (inspectionPlan). A township's plan is for its own estates.

    Refuses ``OUT_OF_RANGE`` for days out of order or more than 100 matters, ``REQUIRED`` without any matter.
    """
    grant = await uow.act(OFFICES)
    account_id = _account(uow)
    if not matters:
        raise Refusal(ErrorCode.REQUIRED, "matters")
    if len(matters) > MOST_ITEMS:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "matters", most=MOST_ITEMS)
    if ends_on < max(starts_on, uow.today):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "endsOn", least=max(starts_on, uow.today))
    plan = InspectionPlan(
        county=uow.county,
        title=_text(title, "title"),
        kind=InspectionKind(kind).value,
        basis=_text(basis, "basis"),
        township=grant.township,
        starts_on=starts_on,
        ends_on=ends_on,
        planned_by=account_id,
    )
    uow.session.add(plan)
    await uow.session.flush()  # its checklist names it
    for position, given in enumerate(matters, start=1):
        item = given if isinstance(given, Matter) else Matter(**given)
        uow.session.add(
            ChecklistItem(
                county=uow.county,
                plan_id=plan.id,
                position=position,
                matter=_text(item.matter, f"matters.{position - 1}.matter"),
                basis=_text(item.basis, f"matters.{position - 1}.basis"),
            )
        )
    await uow.audit("inspectionPlan", plan, grant=grant)
    uow.notify(plan)
    return plan


async def open_(uow: UnitOfWork, *, plan_id: uuid.UUID, estate_id: uuid.UUID) -> Inspection:
    """Plan the inspection of one estate, and of the company that serves it now (inspectionOpen)."""
    plan = await uow.load(InspectionPlan, plan_id, field="planId")
    estate = await uow.load(Estate, estate_id, field="estateId")
    grant = await uow.act(OFFICES, Estate, estate)
    if plan.township not in (None, grant.township):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "planId")
    if plan.ends_on < uow.today:
        raise Refusal(ErrorCode.LATE, "planId", deadline=plan.ends_on)
    area_id, company_id = await _served_by(uow, estate.id)
    inspection = Inspection(
        plan_id=plan.id,
        title=f"{estate.name}：{plan.title}",
        target=estate.name,
        estate_id=estate.id,
        area_id=area_id,
        company_id=company_id,
        township=estate.township,
        community=estate.community,
    )
    return await uow.open_case(inspection, INSPECTION, grant=grant)


async def assign(
    uow: UnitOfWork, *, id: uuid.UUID, inspectors: Sequence[InspectorDraft | Mapping[str, Any]]
) -> Inspection:
    """Name the inspectors, or those who replace one who stepped back (inspectionAssign).

    Refuses ``OUT_OF_RANGE`` while fewer than two are named (INS-2), ``INVALID_INPUT`` for an account that is no
    official of the office or is named already, ``REQUIRED`` without certificate number.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    named = {inspector.account_id for inspector in await _inspectors(uow, inspection)}
    for place, given in enumerate(inspectors):
        draft = given if isinstance(given, InspectorDraft) else InspectorDraft(**given)
        field = f"inspectors.{place}"
        if draft.account_id in named:
            raise Refusal(ErrorCode.INVALID_INPUT, f"{field}.accountId")
        named.add(draft.account_id)
        uow.session.add(await _inspector(uow, inspection, draft, field))
    return await uow.advance(inspection, InspectionAction.ASSIGN, facts={"inspectors": len(named)})


async def recuse(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    inspector_id: uuid.UUID,
    reason: str,
    replacement: InspectorDraft | Mapping[str, Any] | None = None,
) -> Inspection:
    """Take an inspector with an interest off the case and name another (inspectorRecuse, INS-2).

    ``OUT_OF_RANGE`` when too few would be left. A report that was written but not handed in must be written anew.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    named = await _inspectors(uow, inspection)
    inspector = next((each for each in named if each.id == inspector_id), None)
    if inspector is None:
        raise Refusal(ErrorCode.NOT_FOUND, "inspectorId")
    inspector.recused_at, inspector.recusal_reason = uow.now, _text(reason, "reason")
    left = len(named) - 1
    if replacement is not None:
        draft = replacement if isinstance(replacement, InspectorDraft) else InspectorDraft(**replacement)
        if draft.account_id in {each.account_id for each in named}:
            raise Refusal(ErrorCode.INVALID_INPUT, "replacement.accountId")
        uow.session.add(await _inspector(uow, inspection, draft, "replacement"))
        left += 1
    inspection.report_revision += 1
    inspection.report = None
    return await uow.advance(inspection, InspectionAction.RECUSE, facts={"inspectors": left}, reason=reason)


async def report(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    inspected_on: date,
    report: str,
    checked: Sequence[Checked | Mapping[str, Any]],
    findings: Sequence[FindingDraft | Mapping[str, Any]] = (),
    document_ids: Sequence[uuid.UUID] = (),
) -> Inspection:
    """Write and sign the report of a visit: every matter of the checklist, and the findings (inspectionReport).

    Only a named inspector may, until it is signed by enough; writing it again replaces it and its signatures. Refuses
    ``OUT_OF_RANGE`` for a day that cannot be, ``REQUIRED`` for a matter left out, a finding without photo, or an issue
    without finding.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    inspector = await _acting_inspector(uow, inspection, InspectionState.ASSIGNED, InspectionAction.REPORT)
    earliest = calendar.today(inspection.state_since)
    if not earliest <= inspected_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "inspectedOn", least=earliest, most=uow.today)
    seen = [given if isinstance(given, Checked) else Checked(**given) for given in checked]
    found = [given if isinstance(given, FindingDraft) else FindingDraft(**given) for given in findings]
    await _check_whole(uow, inspection, seen, found)
    for draft_row in (CheckedItem, Finding):
        await uow.session.execute(
            delete(draft_row).where(draft_row.county == uow.county, draft_row.inspection_id == inspection.id)
        )
    uow.session.add_all(_checked_item(uow, inspection, item) for item in seen)
    for position, draft in enumerate(found, start=1):
        photos = await papers.attach(uow, draft.photo_ids, inspection, field=f"findings.{position - 1}.photoIds")
        uow.session.add(_finding(uow, inspection, position, draft, photos))
    await papers.attach(uow, document_ids, inspection)
    inspection.inspected_on, inspection.report = inspected_on, _text(report, "report")
    inspection.finding_count = len(found)
    inspection.report_revision += 1
    return await _sign(uow, inspection, inspector, None, "REPORT_WRITE")


async def sign(uow: UnitOfWork, *, id: uuid.UUID) -> Inspection:
    """Sign the report, or the re-check, as one of the inspectors; enough signatures settle it (inspectionSign, INS-2).

    Refuses ``FORBIDDEN_ROLE`` for everybody else, ``SIGNATURES_REQUIRED`` for a second signature of the same person,
    ``ACTION_NOT_AVAILABLE`` while nothing is written to sign.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    if inspection.state == InspectionState.SUBMITTED:
        inspector = await _acting_inspector(uow, inspection, InspectionState.SUBMITTED, InspectionAction.RECHECK)
        order_ = await _order(uow, inspection)
        if order_.passed is None:
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=inspection.state, action="SIGN")
        return await _sign(uow, inspection, inspector, order_, "RECHECK_SIGN")
    inspector = await _acting_inspector(uow, inspection, InspectionState.ASSIGNED, InspectionAction.REPORT)
    if inspection.report is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=inspection.state, action="SIGN")
    return await _sign(uow, inspection, inspector, None, "REPORT_SIGN")


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
            requirement=_text(requirement, "requirement"),
            responsible=inspection.responsible,
        )
    )
    return inspection


async def extend(uow: UnitOfWork, *, id: uuid.UUID, deadline: date, reason: str) -> Inspection:
    """Extend the deadline of an order, once (rectificationExtend, INS-5)."""
    inspection = await uow.load(Inspection, id, lock=True)
    order_ = await _order(uow, inspection)
    former = order_.deadline
    if deadline <= former:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "deadline", least=former + timedelta(days=1))
    inspection.rectify_by = deadline
    await uow.advance(inspection, InspectionAction.EXTEND, reason=reason)
    inspection.extension_count += 1
    order_.deadline, order_.extended_from, order_.extension_reason = deadline, former, _text(reason, "reason")
    return inspection


async def submit(
    uow: UnitOfWork, *, id: uuid.UUID, note: str, answers: Sequence[FindingAnswer | Mapping[str, Any]]
) -> Inspection:
    """Hand in how each finding was put right, with photos (rectificationSubmit).

    Refuses ``REQUIRED`` for a finding without answer or photo, ``NOT_FOUND`` for a finding of another inspection.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    order_ = await _order(uow, inspection)
    findings = {finding.id: finding for finding in await _findings(uow, inspection)}
    for place, given in enumerate(answers):
        answer = given if isinstance(given, FindingAnswer) else FindingAnswer(**given)
        finding = findings.get(answer.finding_id)
        if finding is None:
            raise Refusal(ErrorCode.NOT_FOUND, f"answers.{place}.findingId")
        if not answer.photo_ids:
            raise Refusal(ErrorCode.REQUIRED, f"answers.{place}.photoIds")
        photos = await papers.attach(uow, answer.photo_ids, inspection, field=f"answers.{place}.photoIds")
        finding.rectification = _text(answer.rectification, f"answers.{place}.rectification")
        finding.rectified_on = uow.today
        finding.rectified_photo_ids = [photo.id for photo in photos]
    given_for = {answer.finding_id if isinstance(answer, FindingAnswer) else answer["finding_id"] for answer in answers}
    open_ = [finding for finding in findings.values() if finding.cleared_on is None and finding.id not in given_for]
    if open_:
        raise Refusal(ErrorCode.REQUIRED, "answers", positions=[finding.position for finding in open_])
    order_.submitted_on, order_.submission = uow.today, _text(note, "note")
    return await uow.advance(inspection, InspectionAction.SUBMIT, reason=note)


async def recheck(
    uow: UnitOfWork, *, id: uuid.UUID, passed: bool, note: str, cleared_ids: Sequence[uuid.UUID] = ()
) -> Inspection:
    """Write and sign the re-check of what was handed in (rectificationRecheck).

    ``cleared_ids`` are the findings that were put right; ``passed`` while one is not is refused with ``NOT_RECTIFIED``.
    With enough signatures a passed re-check closes the case; otherwise the office orders again, punishes or transfers.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    inspector = await _acting_inspector(uow, inspection, InspectionState.SUBMITTED, InspectionAction.RECHECK)
    order_ = await _order(uow, inspection)
    findings = await _findings(uow, inspection)
    if not set(cleared_ids) <= {finding.id for finding in findings}:
        raise Refusal(ErrorCode.NOT_FOUND, "clearedIds")
    for finding in findings:
        finding.cleared_on = (finding.cleared_on or uow.today) if finding.id in set(cleared_ids) else None
    uncleared = [finding.position for finding in findings if finding.cleared_on is None]
    if passed and uncleared:
        raise Refusal(ErrorCode.NOT_RECTIFIED, "clearedIds", positions=uncleared)
    order_.rechecked_on, order_.recheck_note, order_.passed = uow.today, _text(note, "note"), passed
    order_.recheck_revision += 1
    inspection.recheck_passed = passed
    return await _sign(uow, inspection, inspector, order_, "RECHECK_WRITE")


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


async def publish(uow: UnitOfWork, *, id: uuid.UUID, text: str) -> Inspection:
    """Publish matter and result, with the findings' photos, to everybody in the county (inspectionPublish, INS-1)."""
    inspection = await uow.load(Inspection, id, lock=True)
    await uow.advance(inspection, InspectionAction.PUBLISH)
    inspection.published_on, inspection.published_text = uow.today, _text(text, "text")
    shown = await uow.session.scalars(
        select(Document)
        .where(
            Document.county == uow.county,
            Document.subject_type == Inspection.__tablename__,
            Document.subject_id == inspection.id,
        )
        .order_by(Document.id)
        .with_for_update()
    )
    for document in shown:
        document.audience = DocumentAudience.PUBLISHED.value
    await uow.reschedule(inspection)
    return inspection


async def cancel(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Inspection:
    """Give an inspection up before the visit (inspectionCancel)."""
    inspection = await uow.load(Inspection, id, lock=True)
    return await uow.advance(inspection, InspectionAction.CANCEL, reason=reason)


def _account(uow: UnitOfWork) -> uuid.UUID:
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    return uow.actor.account_id


def _text(value: str, field: str) -> str:
    if not value.strip():
        raise Refusal(ErrorCode.REQUIRED, field)
    return value.strip()


async def _served_by(uow: UnitOfWork, estate_id: uuid.UUID) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The estate's property area and the company with a contract in force there; the oldest where there are several."""
    found = await uow.session.execute(
        select(EstateArea.area_id, ServiceContract.company_id)
        .outerjoin(
            ServiceContract,
            (ServiceContract.county == EstateArea.county)
            & (ServiceContract.area_id == EstateArea.area_id)
            & ServiceContract.state.in_(sorted(IN_FORCE)),
        )
        .where(EstateArea.county == uow.county, EstateArea.estate_id == estate_id, EstateArea.valid_to.is_(None))
        .order_by(ServiceContract.company_id.is_(None), EstateArea.id, ServiceContract.id)
        .limit(1)
    )
    row = found.one_or_none()
    return (row[0], row[1]) if row else (None, None)


async def _inspectors(uow: UnitOfWork, inspection: Inspection) -> list[Inspector]:
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


async def _acting_inspector(
    uow: UnitOfWork, inspection: Inspection, state: InspectionState, action: InspectionAction
) -> Inspector:
    """The actor as one of the inspectors of a case that stands in ``state``."""
    if inspection.state != state:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=inspection.state, action=action)
    await uow.act(OFFICES, Inspection, inspection)
    named = await _inspectors(uow, inspection)
    mine = next((inspector for inspector in named if inspector.account_id == uow.actor.account_id), None)
    if mine is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, action=action, roles="inspector")
    return mine


async def _sign(
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


async def _inspector(uow: UnitOfWork, inspection: Inspection, draft: InspectorDraft, field: str) -> Inspector:
    """A named inspector, who must be an official of the office that inspects."""
    found = await uow.session.execute(
        select(Account.display_name, AccountGrant.office)
        .join(AccountGrant, AccountGrant.account_id == Account.id)
        .where(
            Account.id == draft.account_id,
            AccountGrant.county == uow.county,
            AccountGrant.role == inspection.applicant_role,
            AccountGrant.ended_at.is_(None),
            AccountGrant.township.is_(None) | (AccountGrant.township == inspection.township),
        )
        .limit(1)
    )
    official = found.one_or_none()
    if official is None:
        raise Refusal(ErrorCode.INVALID_INPUT, f"{field}.accountId")
    return Inspector(
        county=uow.county,
        inspection_id=inspection.id,
        account_id=draft.account_id,
        name=official.display_name,
        office=official.office or Role(inspection.applicant_role).value,
        certificate=_text(draft.certificate, f"{field}.certificate"),
        assigned_at=uow.now,
    )


async def _check_whole(
    uow: UnitOfWork, inspection: Inspection, seen: Sequence[Checked], found: Sequence[FindingDraft]
) -> None:
    """The report answers the whole checklist; what deviates is a finding, and a finding shows a photo."""
    items = select(ChecklistItem.id, ChecklistItem.position).where(
        ChecklistItem.county == uow.county, ChecklistItem.plan_id == inspection.plan_id
    )
    positions = dict((await uow.session.execute(items)).all())
    answered = [item.checklist_item_id for item in seen]
    if len(set(answered)) != len(answered) or not set(answered) <= set(positions):
        raise Refusal(ErrorCode.INVALID_INPUT, "checked")
    if left_out := sorted(positions[item] for item in set(positions) - set(answered)):
        raise Refusal(ErrorCode.REQUIRED, "checked", positions=left_out)
    deviating = {item.checklist_item_id for item in seen if item.result is CheckResult.ISSUE}
    if not {draft.checklist_item_id for draft in found if draft.checklist_item_id} <= set(positions):
        raise Refusal(ErrorCode.INVALID_INPUT, "findings")
    if undescribed := sorted(positions[item] for item in deviating - {draft.checklist_item_id for draft in found}):
        raise Refusal(ErrorCode.REQUIRED, "findings", positions=undescribed)
    for place, draft in enumerate(found):
        if not draft.photo_ids:
            raise Refusal(ErrorCode.REQUIRED, f"findings.{place}.photoIds")


def _checked_item(uow: UnitOfWork, inspection: Inspection, item: Checked) -> CheckedItem:
    return CheckedItem(
        county=uow.county,
        inspection_id=inspection.id,
        checklist_item_id=item.checklist_item_id,
        result=item.result.value,
        note=item.note,
    )


def _finding(
    uow: UnitOfWork, inspection: Inspection, position: int, draft: FindingDraft, photos: Sequence[Document]
) -> Finding:
    return Finding(
        county=uow.county,
        inspection_id=inspection.id,
        checklist_item_id=draft.checklist_item_id,
        position=position,
        severity=draft.severity.value,
        description=_text(draft.description, f"findings.{position - 1}.description"),
        basis=_text(draft.basis, f"findings.{position - 1}.basis"),
        photo_ids=[photo.id for photo in photos],
    )


async def _findings(uow: UnitOfWork, inspection: Inspection) -> list[Finding]:
    found = await uow.session.scalars(
        select(Finding)
        .where(Finding.county == uow.county, Finding.inspection_id == inspection.id)
        .order_by(Finding.position)
        .with_for_update()
    )
    return list(found)


async def _order(uow: UnitOfWork, inspection: Inspection) -> Rectification:
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


async def _company_name(uow: UnitOfWork, inspection: Inspection) -> str | None:
    """The name of the company that serves the estate."""
    if inspection.company_id is None:
        return None
    return await uow.session.scalar(
        select(Company.name).where(Company.county == uow.county, Company.id == inspection.company_id)
    )
