"""What a report says: every matter of the checklist, and findings with their photos (INS-1, SM-11)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from domain.errors import ErrorCode, Refusal
from domain.inspections import CheckResult, Severity
from domain.records import Record
from models.documents import Document
from models.inspections import (
    CheckedItem,
    ChecklistItem,
    Finding,
    Inspection,
)
from resolvers.inspection_signing import text_of
from resolvers.unit_of_work import UnitOfWork


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


async def check_whole(
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


def checked_row(uow: UnitOfWork, inspection: Inspection, item: Checked) -> CheckedItem:
    return CheckedItem(
        county=uow.county,
        inspection_id=inspection.id,
        checklist_item_id=item.checklist_item_id,
        result=item.result.value,
        note=item.note,
    )


def finding_row(
    uow: UnitOfWork, inspection: Inspection, position: int, draft: FindingDraft, photos: Sequence[Document]
) -> Finding:
    return Finding(
        county=uow.county,
        inspection_id=inspection.id,
        checklist_item_id=draft.checklist_item_id,
        position=position,
        severity=draft.severity.value,
        description=text_of(draft.description, f"findings.{position - 1}.description"),
        basis=text_of(draft.basis, f"findings.{position - 1}.basis"),
        photo_ids=[photo.id for photo in photos],
    )
