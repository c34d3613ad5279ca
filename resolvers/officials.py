"""Officials' postings: appointed, confirmed by a second person, extended, handed over, ended; their grants follow.

Who may appoint whom is ``domain.officials``. Nobody appoints, confirms or extends themselves.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from auth.actor import Grant
from auth.grants import Reach, Source, end_grants, extend_grants, open_grant
from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.officials import LIVE, PostingDuty, PostingState, Power, appointers, check_term, needs_two, powers
from domain.records import Record
from domain.roles import OFFICIALS, Role
from models.accounts import Account
from models.base import new_id
from models.divisions import Division
from models.officials import Official
from resolvers.accounts import account_for_phone
from resolvers.reauthentication import require_fresh_sign_in
from resolvers.unit_of_work import UnitOfWork

CONSOLE_ADMINISTRATORS = 2
"""Until a county's bureau has so many administrators the operator's console appoints them; then two can appoint more."""


@dataclass(frozen=True)
class Appointment(Record):
    """Who serves where, as what, and on which paper. ``valid_to`` is the first day after the posting."""

    name: str
    role: Role
    duty: PostingDuty
    office: str
    valid_from: date
    basis: str
    township: str | None = None
    community: str | None = None
    valid_to: date | None = None


async def appoint(uow: UnitOfWork, *, phone: str, **appointment: Any) -> Official:
    """Appoint an official (``Appointment``, officialAppoint), who signs in with the phone.

    At the bureau an administrator or approver is only proposed; another administrator confirms. Refuses
    ``FORBIDDEN_ROLE`` and ``POWER_REQUIRED`` to whoever may not appoint there, ``INVALID_DIVISION`` for a place outside
    the own office's, ``OWN_APPLICATION`` for oneself, ``ALREADY_REGISTERED`` for a posting that the person holds.
    """
    wanted = await _placed(uow, Appointment(**appointment))
    grant = await _giving(uow, wanted)
    account = await account_for_phone(uow, phone, wanted.name.strip())
    return await _enter(uow, grant, "officialAppoint", wanted, account)


async def deputise(
    uow: UnitOfWork, *, id: uuid.UUID, name: str, phone: str, valid_from: date, valid_to: date, basis: str
) -> Official:
    """Let somebody stand in for an official (代理) until the day before ``valid_to`` (officialDeputise).

    The deputy has the posting's place and duty, no longer than it lasts; every event names whom they stood in for.
    Refuses as ``appoint`` does.
    """
    stood_for = await _in_post(uow, id, "officialDeputise")
    wanted = _same_post(stood_for, name, valid_from, valid_to, basis)
    grant = await _giving(uow, wanted)
    if stood_for.valid_to is not None and valid_to > stood_for.valid_to:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validTo", most=stood_for.valid_to)
    account = await account_for_phone(uow, phone, name.strip())
    if account.id == stood_for.account_id:
        raise Refusal(ErrorCode.INVALID_INPUT, "phone")
    return await _enter(uow, grant, "officialDeputise", wanted, account, acting_for=stood_for)


async def hand_over(
    uow: UnitOfWork, *, id: uuid.UUID, name: str, phone: str, on: date, basis: str, valid_to: date | None = None
) -> Official:
    """Pass a posting on (officialHandOver): the successor's begins on ``on``, when the former ends (交接).

    Where two persons are needed the former lasts until the successor is confirmed. Refuses as ``appoint`` does, and
    ``OUT_OF_RANGE`` for a day that is past.
    """
    former = await _in_post(uow, id, "officialHandOver")
    wanted = _same_post(former, name, on, valid_to, basis)
    grant = await _giving(uow, wanted)
    if on < uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "on", least=uow.today)
    account = await account_for_phone(uow, phone, name.strip())
    return await _enter(uow, grant, "officialHandOver", wanted, account, predecessor=former)


async def extend(uow: UnitOfWork, *, id: uuid.UUID, reason: str, valid_to: date | None = None) -> Official:
    """Let a posting hold until the day before ``valid_to``, or until further notice (officialExtend).

    One that two persons gave is extended by two: a posting that follows it is proposed, and returned.
    """
    official = await _in_post(uow, id, "officialExtend")
    wanted = _same_post(official, official.name, uow.today, valid_to, reason)
    grant = await _giving(uow, wanted)
    _not_oneself(uow, official.account_id)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    check_term(official.valid_from, valid_to, today=uow.today)
    if needs_two(wanted.role, wanted.duty):
        account = await uow.session.get_one(Account, official.account_id)
        return await _enter(uow, grant, "officialExtend", wanted, account, predecessor=official)
    official.valid_to = valid_to
    _changed(uow, official)
    await extend_grants(uow.session, Source("official", official.id), valid_to)
    await uow.audit("officialExtend", official, grant=grant, reason=reason.strip())
    uow.notify(official)
    return official


async def confirm(uow: UnitOfWork, *, id: uuid.UUID) -> Official:
    """Confirm a proposed posting (officialConfirm): another administrator than who proposed it, and not the appointee.

    Refuses ``SECOND_PERSON_REQUIRED`` and ``OWN_APPLICATION``, ``LATE`` when its last day has passed meanwhile.
    """
    official = await uow.load(Official, id, lock=True)
    grant = await _deciding(uow, official, "officialConfirm")
    _not_oneself(uow, official.account_id)
    if uow.actor.account_id is None or uow.actor.account_id == official.proposed_by:
        raise Refusal(ErrorCode.SECOND_PERSON_REQUIRED)
    if official.valid_to is not None and official.valid_to <= uow.today:
        raise Refusal(ErrorCode.LATE, deadline=official.valid_to)
    official.state = PostingState.IN_POST.value
    official.confirmed_by, official.confirmed_at = uow.actor.account_id, uow.now
    # Nobody had the power on the days before the second person agreed.
    official.valid_from = max(official.valid_from, uow.today)
    _changed(uow, official)
    await _take_up(uow, official)
    await uow.audit("officialConfirm", official, grant=grant, from_state=PostingState.PROPOSED, to_state=official.state)
    uow.notify(official)
    return official


async def refuse(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Official:
    """Refuse a proposed posting, or take the own proposal back (officialRefuse)."""
    official = await uow.load(Official, id, lock=True)
    grant = await _deciding(uow, official, "officialRefuse")
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    official.state = PostingState.REFUSED.value
    official.ended_reason = reason.strip()
    _changed(uow, official)
    states: dict[str, Any] = {"from_state": PostingState.PROPOSED.value, "to_state": official.state}
    await uow.audit("officialRefuse", official, grant=grant, reason=reason.strip(), **states)
    uow.notify(official)
    return official


async def end(uow: UnitOfWork, *, id: uuid.UUID, on: date, reason: str) -> Official:
    """End a posting (officialEnd): ``on`` is the first day without it. Those who stand in for its holder end with it.

    One administrator is enough to take powers away. Refuses ``OUT_OF_RANGE`` for a day that is past: who acted then
    did so in office.
    """
    official = await _in_post(uow, id, "officialEnd")
    grant = await _appointing(uow, official)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if on < uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "on", least=uow.today)
    await _end(uow, official, on, reason.strip())
    states: dict[str, Any] = {"from_state": PostingState.IN_POST.value, "to_state": official.state}
    await uow.audit("officialEnd", official, grant=grant, reason=reason.strip(), **states)
    return official


async def appoint_by_console(uow: UnitOfWork, *, name: str, phone: str, office: str, basis: str) -> Official:
    """The first administrators of a county's bureau (``anju official appoint``), made by the county's clock.

    Refuses ``ACTION_NOT_AVAILABLE`` once there are two: they appoint the others, one proposing, one confirming.
    """
    grant = await uow.act((Role.SYSTEM,))
    in_post = select(Official.account_id).where(
        Official.county == uow.county,
        Official.role == Role.BUREAU.value,
        Official.duty == PostingDuty.ADMINISTRATOR.value,
        Official.state == PostingState.IN_POST.value,
        or_(Official.valid_to.is_(None), Official.valid_to > uow.today),
    )
    known = set((await uow.session.scalars(in_post)).all())
    if len(known) >= CONSOLE_ADMINISTRATORS:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, action="officialAppoint", state="TWO_ADMINISTRATORS")
    wanted = Appointment(
        name=name,
        role=Role.BUREAU,
        duty=PostingDuty.ADMINISTRATOR,
        office=office,
        valid_from=uow.today,
        basis=basis,
    )
    account = await account_for_phone(uow, phone, name.strip())
    return await _enter(uow, grant, "officialAppoint", wanted, account)


async def _appointing(uow: UnitOfWork, post: Appointment | Official) -> Grant:
    """The grant under which an administrator appoints to this post, or ends what was given there."""
    roles = appointers(Role(post.role), PostingDuty(post.duty))
    grant = await uow.act(roles, power=Power.OFFICIALS_APPOINT)
    outside_township = grant.role is Role.TOWNSHIP and grant.township != post.township
    outside_community = grant.role is Role.COMMUNITY and grant.community != post.community
    if outside_township or outside_community:
        field = "community" if post.community else "township"
        raise Refusal(ErrorCode.INVALID_DIVISION, field, value=getattr(post, field))
    return grant


async def _giving(uow: UnitOfWork, wanted: Appointment) -> Grant:
    """``_appointing``; what two persons give needs a fresh sign-in of each."""
    grant = await _appointing(uow, wanted)
    if needs_two(wanted.role, wanted.duty):
        await require_fresh_sign_in(uow)
    return grant


def _same_post(official: Official, name: str, valid_from: date, valid_to: date | None, basis: str) -> Appointment:
    return Appointment(
        name=name,
        role=Role(official.role),
        duty=PostingDuty(official.duty),
        office=official.office,
        township=official.township,
        community=official.community,
        valid_from=valid_from,
        valid_to=valid_to,
        basis=basis,
    )


async def _deciding(uow: UnitOfWork, official: Official, action: str) -> Grant:
    if official.state != PostingState.PROPOSED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action=action, state=official.state)
    return await _appointing(uow, official)


async def _in_post(uow: UnitOfWork, official_id: uuid.UUID, action: str) -> Official:
    official = await uow.load(Official, official_id, lock=True)
    over = official.valid_to is not None and official.valid_to <= uow.today
    if official.state != PostingState.IN_POST or over:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action=action, state="ENDED" if over else official.state)
    return official


def _not_oneself(uow: UnitOfWork, account_id: uuid.UUID) -> None:
    if account_id == uow.actor.account_id:
        raise Refusal(ErrorCode.OWN_APPLICATION)


async def _enter(
    uow: UnitOfWork,
    grant: Grant,
    action: str,
    wanted: Appointment,
    account: Account,
    *,
    acting_for: Official | None = None,
    predecessor: Official | None = None,
) -> Official:
    _not_oneself(uow, account.id)
    await _check(uow, wanted, account.id, besides=predecessor)
    proposed = needs_two(wanted.role, wanted.duty) and grant.role is not Role.SYSTEM
    official = Official(
        county=uow.county,
        id=new_id(),
        account_id=account.id,
        name=wanted.name.strip(),
        role=wanted.role.value,
        duty=wanted.duty.value,
        office=wanted.office.strip(),
        township=wanted.township,
        community=wanted.community,
        state=(PostingState.PROPOSED if proposed else PostingState.IN_POST).value,
        valid_from=wanted.valid_from,
        valid_to=wanted.valid_to,
        basis=wanted.basis.strip(),
        acting_for_id=acting_for.id if acting_for else None,
        predecessor_id=predecessor.id if predecessor else None,
        proposed_by=uow.actor.account_id,
        version=1,
    )
    uow.session.add(official)
    await uow.session.flush()  # its event and its grant name it
    if not proposed:
        await _take_up(uow, official)
    await uow.audit(
        action, official, grant=grant, reason=official.basis, to_state=official.state, detail={"duty": official.duty}
    )
    uow.notify(official)
    return official


async def _check(uow: UnitOfWork, wanted: Appointment, account_id: uuid.UUID, besides: Official | None) -> None:
    for field in ("name", "office", "basis"):
        if not getattr(wanted, field).strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    check_term(wanted.valid_from, wanted.valid_to, today=uow.today)
    same = select(Official.id).where(
        Official.county == uow.county,
        Official.account_id == account_id,
        Official.role == wanted.role.value,
        Official.duty == wanted.duty.value,
        Official.township.is_not_distinct_from(wanted.township),
        Official.community.is_not_distinct_from(wanted.community),
        Official.state.in_([state.value for state in LIVE]),
        or_(Official.valid_to.is_(None), Official.valid_to > uow.today),
    )
    if besides is not None:
        same = same.where(Official.id != besides.id)
    if await uow.session.scalar(same.limit(1)) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "phone", value=wanted.name)


async def _placed(uow: UnitOfWork, wanted: Appointment) -> Appointment:
    """The appointment with its office's place: a township, or a community with its township; departments have none."""
    if wanted.role not in OFFICIALS:
        raise Refusal(ErrorCode.INVALID_INPUT, "role")
    field, level = _PLACES.get(wanted.role, (None, None))
    given = {"township": wanted.township, "community": wanted.community}
    if field is None or level is None:
        if any(given.values()):
            raise Refusal(ErrorCode.INVALID_INPUT, "community" if wanted.community else "township")
        return wanted
    code = given[field]
    if code is None:
        raise Refusal(ErrorCode.REQUIRED, field)
    division = await uow.session.get(Division, code)
    if division is None or division.county != uow.county or division.level != level.value:
        raise Refusal(ErrorCode.INVALID_DIVISION, field, value=code)
    township = code if field == "township" else division.parent_code
    return replace(wanted, township=township, community=code if field == "community" else None)


_PLACES = {
    Role.TOWNSHIP: ("township", DivisionLevel.TOWNSHIP),
    Role.COMMUNITY: ("community", DivisionLevel.COMMUNITY),
}


async def _take_up(uow: UnitOfWork, official: Official) -> None:
    """The posting holds: its predecessor ends, its grant begins."""
    if official.predecessor_id is not None:
        former = await uow.session.get_one(Official, (uow.county, official.predecessor_id))
        if former.state == PostingState.IN_POST:
            await _end(uow, former, official.valid_from, official.basis)
    stood_for = None
    if official.acting_for_id is not None:
        stood_for = (await uow.session.get_one(Official, (uow.county, official.acting_for_id))).name
    role = Role(official.role)
    await open_grant(
        uow.session,
        role,
        uow.county,
        Source("official", official.id),
        account_id=official.account_id,
        reach=Reach(
            office=official.office,
            township=official.township,
            community=official.community,
            acting_for=stood_for,
        ),
        scopes=powers(role, PostingDuty(official.duty)),
        valid_from=official.valid_from,
        valid_to=official.valid_to,
    )


async def _end(uow: UnitOfWork, official: Official, on: date, reason: str) -> None:
    """The posting's grants end on ``on``, and with them those of whoever stands in for its holder."""
    deputies = await uow.session.scalars(
        select(Official)
        .where(
            Official.county == uow.county,
            Official.acting_for_id == official.id,
            Official.state.in_([state.value for state in LIVE]),
        )
        .order_by(Official.id)
    )
    for posting in (official, *deputies.all()):
        posting.state = PostingState.ENDED.value
        posting.ended_on, posting.ended_reason = on, reason
        _changed(uow, posting)
        await end_grants(uow.session, Source("official", posting.id), on)
        uow.notify(posting)


def _changed(uow: UnitOfWork, official: Official) -> None:
    official.version += 1
    official.updated_at = uow.now
