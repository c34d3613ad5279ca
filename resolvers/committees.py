"""Bodies of owners as attested records: entered with members and terms, filed, changed, ended (SM-5, COM-4, COM-9)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from auth.grants import Reach, Source, end_grants, open_grant
from domain.committees import (
    IN_OFFICE,
    MAX_TERM_YEARS,
    POST_ORDER,
    BodyKind,
    CommitteeState,
    MemberPost,
    MemberStatus,
    last_day_of_term,
    size_fault,
)
from domain.errors import ErrorCode, Refusal
from domain.estates import UnitUse
from domain.identifiers import check_phone, mask_name
from domain.records import Record
from domain.roles import Role
from domain.text import pinyin_key
from models.base import new_id
from models.committees import Committee, CommitteeMember
from models.estates import PropertyArea, Unit
from models.sealed import Kind, seal_into
from resolvers import documents
from resolvers.accounts import account_for_phone
from resolvers.unit_of_work import UnitOfWork

ATTESTERS = (Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU)
FILERS = (Role.TOWNSHIP, Role.BUREAU)

OF_A_LIST, ALONE = "members.", ""
"""Where a member's fields stand in an input, for errors to name them."""


@dataclass(frozen=True)
class BodyDraft(Record):
    """What an office attests of a body. ``basis`` names the papers: the filing, the minutes, the posted result."""

    kind: BodyKind
    name: str
    term_from: date
    term_to: date
    basis: str
    filing_number: str | None = None
    filed_on: date | None = None
    commitment_signed: bool = False
    model_text_declared: bool = False


@dataclass(frozen=True)
class MemberDraft(Record):
    """A member. With a phone the person gets a login and, but for reserves, the body's grants for the term."""

    name: str
    post: MemberPost
    phone: str | None = None
    unit_id: uuid.UUID | None = None
    commitment_signed_on: date | None = None
    trained_on: date | None = None


async def attest(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    members: Sequence[Mapping[str, Any] | MemberDraft],
    document_ids: Sequence[uuid.UUID] = (),
    **body: Any,
) -> Committee:
    """Enter the body (``BodyDraft``) that acts for an area's owners (committeeAttest), as its papers show it.

    A committee ends the temporary body before it (COM-18); any other body in office is ended first
    (``ALREADY_REGISTERED``). Refuses ``OUT_OF_RANGE`` for an unlawful size or term (COM-4, COM-9), ``REQUIRED`` for
    what the profile asks of members before office (GT-27, GT-28), ``MODEL_TEXT_REQUIRED`` (GT-18).
    """
    draft = BodyDraft(**body)
    area = await uow.load(PropertyArea, area_id, lock=True, field="areaId")
    grant = await uow.act(ATTESTERS, PropertyArea, area)
    account_id = uow.actor.account_id
    if account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    _check_draft(uow, draft)
    seats = [member if isinstance(member, MemberDraft) else MemberDraft(**member) for member in members]
    _check_members(uow, draft, seats, await _households(uow, area.id))
    await _end_former(uow, area.id, draft)
    committee = Committee(
        county=uow.county,
        id=new_id(),
        area_id=area.id,
        township=area.township,
        community=area.community,
        kind=draft.kind.value,
        name=draft.name.strip(),
        name_sort=pinyin_key(draft.name.strip()),
        term_from=draft.term_from,
        term_to=draft.term_to,
        state=(CommitteeState.FILED if draft.filing_number else CommitteeState.ATTESTED).value,
        filing_number=draft.filing_number,
        filed_on=draft.filed_on,
        commitment_signed=draft.commitment_signed,
        model_text_declared=draft.model_text_declared,
        member_count=sum(member.post is not MemberPost.RESERVE for member in seats),
        attested_by=account_id,
        attested_basis=draft.basis.strip(),
        version=1,
    )
    uow.session.add(committee)
    await uow.session.flush()  # its members refer to it
    for member in seats:
        await _seat(uow, committee, member, OF_A_LIST)
    await documents.attach(uow, document_ids, committee)
    await uow.audit("committeeAttest", committee, grant=grant, reason=committee.attested_basis, documents=document_ids)
    uow.notify(committee)
    return committee


async def filing_record(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    filing_number: str,
    filed_on: date,
    document_ids: Sequence[uuid.UUID] = (),
) -> Committee:
    """Enter the filing of an attested body (committeeFilingRecord): number and day of its certificate (COM-7)."""
    committee = await uow.load(Committee, id, lock=True)
    grant = await uow.act(FILERS, Committee, committee)
    if committee.state != CommitteeState.ATTESTED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="committeeFilingRecord", state=committee.state)
    if not filing_number.strip():
        raise Refusal(ErrorCode.REQUIRED, "filingNumber")
    if not committee.term_from <= filed_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "filedOn", least=committee.term_from, most=uow.today)
    committee.state = CommitteeState.FILED.value
    committee.filing_number = filing_number.strip()
    committee.filed_on = filed_on
    committee.version += 1
    await documents.attach(uow, document_ids, committee)
    await uow.audit("committeeFilingRecord", committee, grant=grant, documents=document_ids)
    uow.notify(committee)
    return committee


async def member_seat(uow: UnitOfWork, *, committee_id: uuid.UUID, **member: Any) -> CommitteeMember:
    """Seat another member (``MemberDraft``) for the rest of the term (committeeMemberSeat): a reserve fills in, a by-election."""
    committee = await _in_office(uow, committee_id, "committeeMemberSeat", field="committeeId")
    grant = await uow.act(ATTESTERS, Committee, committee)
    wanted = MemberDraft(**member)
    _check_letters(uow, BodyKind(committee.kind), wanted, ALONE)
    seated = await _seat(uow, committee, wanted, ALONE, term_from=uow.today)
    committee.member_count += wanted.post is not MemberPost.RESERVE
    committee.version += 1
    await uow.audit("committeeMemberSeat", seated, grant=grant)
    uow.notify(committee)
    return seated


async def member_end(
    uow: UnitOfWork, *, id: uuid.UUID, status: MemberStatus, ended_on: date, reason: str
) -> CommitteeMember:
    """Note that a member left office or is suspended (committeeMemberEnd); the grants end with ``ended_on`` (COM-13).

    ``ended_on`` is the last day in office. ``status`` is any but ``IN_OFFICE``; a decision of the owners removes.
    """
    member = await uow.load(CommitteeMember, id, lock=True)
    committee = await _in_office(uow, member.committee_id, "committeeMemberEnd")
    grant = await uow.act(ATTESTERS, Committee, committee)
    becomes = MemberStatus(status)
    if member.status != MemberStatus.IN_OFFICE or becomes is MemberStatus.IN_OFFICE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="committeeMemberEnd", state=member.status)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if not member.term_from <= ended_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "endedOn", least=member.term_from, most=uow.today)
    member.status = becomes.value
    member.ended_on = ended_on
    committee.member_count -= member.post != MemberPost.RESERVE
    committee.version += 1
    await end_grants(uow.session, Source("committee_member", member.id), ended_on + timedelta(days=1))
    await uow.audit("committeeMemberEnd", member, grant=grant, reason=reason, to_state=becomes.value)
    uow.notify(committee)
    return member


async def end(uow: UnitOfWork, *, id: uuid.UUID, ended_on: date, reason: str, revoked: bool = False) -> Committee:
    """End a body's record (committeeEnd): its term ran out, it was dissolved, or its filing was revoked (GT-30).

    ``ended_on`` is its last day. The members' grants end with it. Only a filed body's filing can be revoked.
    """
    committee = await _in_office(uow, id, "committeeEnd")
    grant = await uow.act(FILERS, Committee, committee)
    if revoked and committee.state != CommitteeState.FILED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "revoked", action="committeeEnd", state=committee.state)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if not committee.term_from <= ended_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "endedOn", least=committee.term_from, most=uow.today)
    former = committee.state
    await _close(uow, committee, CommitteeState.REVOKED if revoked else CommitteeState.ENDED, ended_on, reason.strip())
    await uow.audit("committeeEnd", committee, grant=grant, reason=reason, from_state=former, to_state=committee.state)
    uow.notify(committee)
    return committee


async def _in_office(uow: UnitOfWork, committee_id: uuid.UUID, action: str, field: str = "id") -> Committee:
    committee = await uow.load(Committee, committee_id, lock=True, field=field)
    if CommitteeState(committee.state) not in IN_OFFICE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, field, action=action, state=committee.state)
    return committee


async def _households(uow: UnitOfWork, area_id: uuid.UUID) -> int | None:
    """Dwellings of the area; ``None`` where none are entered yet."""
    dwellings = await uow.session.scalar(
        select(func.count()).where(
            Unit.county == uow.county, Unit.area_id == area_id, Unit.use == UnitUse.DWELLING.value
        )
    )
    return dwellings or None


def _check_draft(uow: UnitOfWork, draft: BodyDraft) -> None:
    for name, value in (("name", draft.name), ("basis", draft.basis)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, name)
    if (draft.filing_number is None) != (draft.filed_on is None):
        raise Refusal(ErrorCode.REQUIRED, "filedOn" if draft.filing_number else "filingNumber")
    if draft.term_from > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "termFrom", most=uow.today)
    longest = last_day_of_term(draft.term_from, MAX_TERM_YEARS[draft.kind])
    if not draft.term_from < draft.term_to <= longest:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "termTo", least=draft.term_from, most=longest)
    if uow.profile.model_texts_required and draft.kind is BodyKind.COMMITTEE and not draft.model_text_declared:
        raise Refusal(ErrorCode.MODEL_TEXT_REQUIRED, "modelTextDeclared")
    if uow.profile.committee_commitment_letters and draft.kind is BodyKind.COMMITTEE and not draft.commitment_signed:
        raise Refusal(ErrorCode.REQUIRED, "commitmentSigned")


def _check_members(uow: UnitOfWork, draft: BodyDraft, members: Sequence[MemberDraft], households: int | None) -> None:
    posts = [member.post for member in members]
    seats = sum(post is not MemberPost.RESERVE for post in posts)
    if fault := size_fault(draft.kind, seats, households):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "members", fault=fault, members=seats)
    if posts.count(MemberPost.CHAIR) != 1:
        raise Refusal(ErrorCode.REQUIRED, "members", post=MemberPost.CHAIR)
    for member in members:
        _check_letters(uow, draft.kind, member, OF_A_LIST)


def _check_letters(uow: UnitOfWork, kind: BodyKind, member: MemberDraft, path: str) -> None:
    """Commitment letter and training come before office where the profile says so (COM-6).

    ``path`` is where the member's fields stand in the input: under ``members.`` or at the top.
    """
    if not member.name.strip():
        raise Refusal(ErrorCode.REQUIRED, f"{path}name")
    if kind is not BodyKind.COMMITTEE or member.post is MemberPost.RESERVE:
        return
    if uow.profile.committee_commitment_letters and member.commitment_signed_on is None:
        raise Refusal(ErrorCode.REQUIRED, f"{path}commitmentSignedOn")
    if uow.profile.committee_pre_term_training and member.trained_on is None:
        raise Refusal(ErrorCode.REQUIRED, f"{path}trainedOn")


async def body_in_office(uow: UnitOfWork, area_id: uuid.UUID) -> uuid.UUID | None:
    """The committee, or the body in its place, that is in office for the area."""
    return await uow.session.scalar(
        select(Committee.id)
        .where(
            Committee.county == uow.county,
            Committee.area_id == area_id,
            Committee.state.in_(sorted(IN_OFFICE)),
            Committee.term_from <= uow.today,
            Committee.term_to >= uow.today,
        )
        .order_by(Committee.term_from.desc(), Committee.id)
        .limit(1)
    )


async def _end_former(uow: UnitOfWork, area_id: uuid.UUID, draft: BodyDraft) -> None:
    former = await uow.session.scalar(
        select(Committee)
        .where(
            Committee.county == uow.county,
            Committee.area_id == area_id,
            Committee.state.in_([state.value for state in IN_OFFICE]),
        )
        .with_for_update()
    )
    if former is None:
        return
    temporary = former.kind != BodyKind.COMMITTEE and draft.kind is BodyKind.COMMITTEE
    if not temporary or draft.term_from <= former.term_from:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "areaId", value=former.name)
    await _close(uow, former, CommitteeState.ENDED, draft.term_from - timedelta(days=1), draft.name)
    await uow.session.flush()  # one body in office at a time is a key of the table
    uow.notify(former)


async def _close(uow: UnitOfWork, committee: Committee, state: CommitteeState, ended_on: date, reason: str) -> None:
    committee.state = state.value
    committee.ended_on = ended_on
    committee.ended_reason = reason
    committee.version += 1
    members = await uow.session.scalars(
        select(CommitteeMember)
        .where(
            CommitteeMember.county == uow.county,
            CommitteeMember.committee_id == committee.id,
            CommitteeMember.status == MemberStatus.IN_OFFICE.value,
        )
        .order_by(CommitteeMember.id)
    )
    for member in members:
        member.status = MemberStatus.ENDED.value
        member.ended_on = ended_on
        await end_grants(uow.session, Source("committee_member", member.id), ended_on + timedelta(days=1))


async def _seat(
    uow: UnitOfWork, committee: Committee, draft: MemberDraft, path: str, *, term_from: date | None = None
) -> CommitteeMember:
    if draft.unit_id is not None:
        unit = await uow.load(Unit, draft.unit_id, field=f"{path}unitId")
        if unit.area_id != committee.area_id:
            raise Refusal(ErrorCode.INVALID_INPUT, f"{path}unitId")
    account_id = None
    if draft.phone:
        account_id = (await account_for_phone(uow, draft.phone, draft.name, field=f"{path}phone")).id
    member = CommitteeMember(
        county=uow.county,
        id=new_id(),
        committee_id=committee.id,
        account_id=account_id,
        unit_id=draft.unit_id,
        name=draft.name.strip(),
        name_mask=mask_name(draft.name.strip()),
        post=draft.post.value,
        post_order=POST_ORDER[draft.post],
        status=MemberStatus.IN_OFFICE.value,
        term_from=term_from or committee.term_from,
        term_to=committee.term_to,
        commitment_signed_on=draft.commitment_signed_on,
        trained_on=draft.trained_on,
    )
    seal_into(member, "phone", check_phone(draft.phone) if draft.phone else None, Kind.PHONE, uow.vault)
    if account_id is not None and draft.post is not MemberPost.RESERVE:
        await open_grant(
            uow.session,
            Role.COMMITTEE,
            uow.county,
            Source("committee_member", member.id),
            account_id=account_id,
            reach=Reach(office=committee.name, committee_id=committee.id, area_id=committee.area_id),
            valid_from=member.term_from,
            valid_to=committee.term_to + timedelta(days=1),
        )
    uow.session.add(member)
    return member
