"""Inspections by intent: plan, assign, report, sign, order, submit, re-check, publish (SM-11; INS-1, INS-2, INS-5).

The office that planned an inspection carries it out. Its inspectors report and sign; the company that serves the
estate, or the residents' committee where none does, answers the findings.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, select

from domain import calendar
from domain.contracts import IN_FORCE
from domain.documents import DocumentAudience
from domain.errors import ErrorCode, Refusal
from domain.inspections import INSPECTION, InspectionAction, InspectionKind, InspectionState
from domain.records import Record
from domain.roles import Role
from models.accounts import Account, AccountGrant, AccountStatus
from models.contracts import ServiceContract
from models.documents import Document
from models.estates import Estate, EstateArea
from models.inspections import (
    CheckedItem,
    ChecklistItem,
    Finding,
    Inspection,
    InspectionPlan,
    Inspector,
)
from resolvers import documents as papers
from resolvers.cases import case_kind
from resolvers.inspection_reports import Checked, FindingDraft, check_whole, checked_row, finding_row
from resolvers.inspection_signing import OFFICES, acting_inspector, inspectors_of, latest_order, sign_paper, text_of
from resolvers.unit_of_work import UnitOfWork

MOST_ITEMS = 100
MOST_CANDIDATES = 500


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

    def __post_init__(self) -> None:
        super().__post_init__()
        # Accounts are reference data: their ids arrive as the text in them.
        object.__setattr__(self, "account_id", uuid.UUID(str(self.account_id)))


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
        title=text_of(title, "title"),
        kind=InspectionKind(kind).value,
        basis=text_of(basis, "basis"),
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
                matter=text_of(item.matter, f"matters.{position - 1}.matter"),
                basis=text_of(item.basis, f"matters.{position - 1}.basis"),
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


async def candidates(uow: UnitOfWork) -> list[tuple[uuid.UUID, str, str | None]]:
    """Account, name and office of everybody who can be named as inspector: the officials of the actor's own office."""
    grant = await uow.act(OFFICES)
    found = await uow.session.execute(
        select(Account.id, Account.display_name, AccountGrant.office)
        .join(AccountGrant, AccountGrant.account_id == Account.id)
        .where(
            AccountGrant.county == uow.county,
            AccountGrant.role == grant.role.value,
            AccountGrant.township.is_not_distinct_from(grant.township),
            AccountGrant.ended_at.is_(None),
            AccountGrant.valid_from <= uow.today,
            AccountGrant.valid_to.is_(None) | (AccountGrant.valid_to > uow.today),
            Account.status == AccountStatus.ACTIVE.value,
        )
        .order_by(Account.display_name, Account.id)
        .limit(MOST_CANDIDATES)
    )
    return [(row.id, row.display_name, row.office) for row in found]


async def assign(
    uow: UnitOfWork, *, id: uuid.UUID, inspectors: Sequence[InspectorDraft | Mapping[str, Any]]
) -> Inspection:
    """Name the inspectors, or those who replace one who stepped back (inspectionAssign).

    Refuses ``OUT_OF_RANGE`` while fewer than two are named (INS-2), ``INVALID_INPUT`` for an account that is no
    official of the office or is named already, ``REQUIRED`` without certificate number.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    named = {inspector.account_id for inspector in await inspectors_of(uow, inspection)}
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
    named = await inspectors_of(uow, inspection)
    inspector = next((each for each in named if each.id == inspector_id), None)
    if inspector is None:
        raise Refusal(ErrorCode.NOT_FOUND, "inspectorId")
    inspector.recused_at, inspector.recusal_reason = uow.now, text_of(reason, "reason")
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
    inspector = await acting_inspector(uow, inspection, InspectionState.ASSIGNED, InspectionAction.REPORT)
    earliest = calendar.today(inspection.state_since)
    if not earliest <= inspected_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "inspectedOn", least=earliest, most=uow.today)
    seen = [given if isinstance(given, Checked) else Checked(**given) for given in checked]
    found = [given if isinstance(given, FindingDraft) else FindingDraft(**given) for given in findings or ()]
    await check_whole(uow, inspection, seen, found)
    for draft_row in (CheckedItem, Finding):
        await uow.session.execute(
            delete(draft_row).where(draft_row.county == uow.county, draft_row.inspection_id == inspection.id)
        )
    uow.session.add_all(checked_row(uow, inspection, item) for item in seen)
    for position, draft in enumerate(found, start=1):
        photos = await papers.attach(uow, draft.photo_ids, inspection, field=f"findings.{position - 1}.photoIds")
        uow.session.add(finding_row(uow, inspection, position, draft, photos))
    await papers.attach(uow, document_ids or (), inspection)
    inspection.inspected_on, inspection.report = inspected_on, text_of(report, "report")
    inspection.finding_count = len(found)
    inspection.report_revision += 1
    return await sign_paper(uow, inspection, inspector, None, "REPORT_WRITE")


async def sign(uow: UnitOfWork, *, id: uuid.UUID) -> Inspection:
    """Sign the report, or the re-check, as one of the inspectors; enough signatures settle it (inspectionSign, INS-2).

    Refuses ``FORBIDDEN_ROLE`` for everybody else, ``SIGNATURES_REQUIRED`` for a second signature of the same person,
    ``ACTION_NOT_AVAILABLE`` while nothing is written to sign.
    """
    inspection = await uow.load(Inspection, id, lock=True)
    if inspection.state == InspectionState.SUBMITTED:
        inspector = await acting_inspector(uow, inspection, InspectionState.SUBMITTED, InspectionAction.RECHECK)
        order_ = await latest_order(uow, inspection)
        if order_.passed is None:
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=inspection.state, action="SIGN")
        return await sign_paper(uow, inspection, inspector, order_, "RECHECK_SIGN")
    inspector = await acting_inspector(uow, inspection, InspectionState.ASSIGNED, InspectionAction.REPORT)
    if inspection.report is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=inspection.state, action="SIGN")
    return await sign_paper(uow, inspection, inspector, None, "REPORT_SIGN")


async def publish(uow: UnitOfWork, *, id: uuid.UUID, text: str) -> Inspection:
    """Publish matter and result, with the findings' photos, to everybody in the county (inspectionPublish, INS-1)."""
    inspection = await uow.load(Inspection, id, lock=True)
    await uow.advance(inspection, InspectionAction.PUBLISH)
    inspection.published_on, inspection.published_text = uow.today, text_of(text, "text")
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
        certificate=text_of(draft.certificate, f"{field}.certificate"),
        assigned_at=uow.now,
    )
