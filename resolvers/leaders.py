"""Project leaders (项目负责人): one per property area, with the grants of the post (COM-20, SL-8, SL-10)."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from auth.actor import Grant
from auth.grants import Reach, Source, end_grants, open_grant
from domain.calendar import add_working_days
from domain.companies import CAN_SERVE, MAX_PROJECTS_PER_LEADER, CompanyState, LeaderState, may_take_new_project
from domain.contracts import IN_FORCE, ContractState
from domain.disclosures import DisclosureItem
from domain.errors import ErrorCode, Refusal
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.companies import Company, CompanyStaff, ProjectLeader
from models.contracts import ServiceContract
from models.estates import EstateArea, PropertyArea
from resolvers.disclosures import About, expect
from resolvers.leader_filings import end_with_post
from resolvers.unit_of_work import UnitOfWork

OPEN_CONTRACTS = frozenset({ContractState.SIGNED, ContractState.FILED}) | IN_FORCE


@dataclass(frozen=True)
class Appointment(Record):
    """Who leads a project from when. ``work_phone`` is posted on the disclosure board (TQ-69)."""

    staff_id: uuid.UUID
    certificate_number: str
    appointed_on: date
    work_phone: str | None = None


async def appoint(uow: UnitOfWork, *, area_id: uuid.UUID, **appointment: Any) -> ProjectLeader:
    """Appoint the leader (``Appointment``) of a project that has none in post (projectLeaderAppoint).

    Refuses ``FIRM_NOT_FILED``; ``BLACKLISTED`` for a project that is new to a listed company (CR-5);
    ``ALREADY_REGISTERED`` where one is in post; ``OUT_OF_RANGE`` when the person leads as many projects as allowed.
    """
    wanted = Appointment(**appointment)
    area = await uow.load(PropertyArea, area_id, lock=True, field="areaId")
    staff, company, grant = await _appointee(uow, wanted)
    await _check_project(uow, company, area)
    if await _in_post(uow, area.id) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "areaId", value=area.name)
    leader = await _appoint(uow, area, staff, company, wanted)
    await _board_is_stale(uow, area)
    await uow.audit("projectLeaderAppoint", leader, grant=grant)
    uow.notify(leader)
    return leader


async def replace(uow: UnitOfWork, *, id: uuid.UUID, reason: str, **appointment: Any) -> ProjectLeader:
    """Put another leader in the post (projectLeaderReplace), who is returned; the former stays on record.

    Refuses as ``appoint`` does, and ``REQUIRED`` without a reason. The board's posting is due anew (TQ-70).
    """
    wanted = Appointment(**appointment)
    former = await uow.load(ProjectLeader, id, lock=True)
    if former.ended_on is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="projectLeaderReplace", state=former.state)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    area = await uow.load(PropertyArea, former.area_id, field="id")
    staff, company, grant = await _appointee(uow, wanted)
    if company.id != former.company_id:
        raise Refusal(ErrorCode.INVALID_INPUT, "staffId")
    if wanted.appointed_on < former.appointed_on:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "appointedOn", least=former.appointed_on)
    await _check_project(uow, company, area)
    await _end(uow, former, LeaderState.REPLACED, wanted.appointed_on)
    await uow.session.flush()  # one leader in post at a time is a key of the table
    leader = await _appoint(uow, area, staff, company, wanted)
    former.replaced_by_id = leader.id
    await _board_is_stale(uow, area)
    await uow.audit("projectLeaderReplace", leader, grant=grant, reason=reason, detail={"replaces": str(former.id)})
    uow.notify(leader)
    uow.notify(former)
    return leader


async def report(uow: UnitOfWork, *, id: uuid.UUID, reported_on: date | None = None) -> ProjectLeader:
    """The residents' committee notes that a new leader reported to it (projectLeaderReport): within five days.

    A late report is noted as it is: the dates stand side by side.
    """
    leader = await uow.load(ProjectLeader, id, lock=True)
    grant = await uow.act((Role.COMMUNITY,), ProjectLeader, leader)
    if leader.state != LeaderState.APPOINTED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="projectLeaderReport", state=leader.state)
    on = reported_on or uow.today
    if not leader.appointed_on <= on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "reportedOn", least=leader.appointed_on, most=uow.today)
    leader.state = LeaderState.REPORTED.value
    leader.reported_on = on
    await uow.audit("projectLeaderReport", leader, grant=grant)
    uow.notify(leader)
    return leader


async def end_posts(uow: UnitOfWork, company_id: uuid.UUID, area_id: uuid.UUID, on: date) -> None:
    """End the posts of a company in an area: its contract ended on ``on``, the last day of service."""
    leader = await _in_post(uow, area_id)
    if leader is not None and leader.company_id == company_id:
        await _end(uow, leader, LeaderState.ENDED, max(on + timedelta(days=1), leader.appointed_on))


async def _appointee(uow: UnitOfWork, appointment: Appointment) -> tuple[CompanyStaff, Company, Grant]:
    staff = await uow.load(CompanyStaff, appointment.staff_id, lock=True, field="staffId")
    company = await uow.load(Company, staff.company_id, field="staffId")
    grant = await uow.act((Role.COMPANY_ADMIN,), Company, company)
    if staff.employed_to is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "staffId", action="projectLeaderAppoint", state="ENDED")
    if not appointment.certificate_number.strip():
        raise Refusal(ErrorCode.REQUIRED, "certificateNumber")
    if not staff.employed_from <= appointment.appointed_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "appointedOn", least=staff.employed_from, most=uow.today)
    return staff, company, grant


async def _check_project(uow: UnitOfWork, company: Company, area: PropertyArea) -> None:
    """The company is filed and has a contract for the area; a listed company only where it is in service already."""
    if CompanyState(company.state) not in CAN_SERVE:
        raise Refusal(ErrorCode.FIRM_NOT_FILED)
    states = set(
        await uow.session.scalars(
            select(ServiceContract.state).where(
                ServiceContract.county == uow.county,
                ServiceContract.company_id == company.id,
                ServiceContract.area_id == area.id,
            )
        )
    )
    if not states & OPEN_CONTRACTS:
        raise Refusal(ErrorCode.NOT_FOUND, "areaId")
    is_new = not states & IN_FORCE
    listed = company.blacklisted_on if uow.profile.blacklist_ban else None
    if is_new and not may_take_new_project(listed, company.blacklist_corrected_on, uow.today):
        raise Refusal(ErrorCode.BLACKLISTED)


async def _board_is_stale(uow: UnitOfWork, area: PropertyArea) -> None:
    """The leader's name and phone hang on the board: it is due anew within the profile's working days (TQ-69, TQ-70)."""
    last_day = add_working_days(uow.today, uow.profile.disclosure_update_working_days)
    await expect(uow, area, DisclosureItem.COMPANY_AND_LEADER, last_day, About("property_area", area.id))


async def _in_post(uow: UnitOfWork, area_id: uuid.UUID) -> ProjectLeader | None:
    found: ProjectLeader | None = await uow.session.scalar(
        select(ProjectLeader)
        .where(ProjectLeader.county == uow.county, ProjectLeader.area_id == area_id, ProjectLeader.ended_on.is_(None))
        .with_for_update()
    )
    return found


async def _appoint(
    uow: UnitOfWork, area: PropertyArea, staff: CompanyStaff, company: Company, appointment: Appointment
) -> ProjectLeader:
    leads = await uow.session.scalar(
        select(func.count()).where(
            ProjectLeader.county == uow.county,
            ProjectLeader.staff_id == staff.id,
            ProjectLeader.ended_on.is_(None),
        )
    )
    if (leads or 0) >= MAX_PROJECTS_PER_LEADER:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "staffId", most=MAX_PROJECTS_PER_LEADER)
    leader = ProjectLeader(
        county=uow.county,
        id=new_id(),
        company_id=company.id,
        area_id=area.id,
        staff_id=staff.id,
        township=area.township,
        community=area.community,
        name=staff.name,
        certificate_number=appointment.certificate_number.strip(),
        work_phone=appointment.work_phone,
        state=LeaderState.APPOINTED.value,
        appointed_on=appointment.appointed_on,
    )
    if staff.account_id is not None:
        await open_grant(
            uow.session,
            Role.PROJECT_LEADER,
            uow.county,
            Source("project_leader", leader.id),
            account_id=staff.account_id,
            reach=Reach(
                office=company.name, company_id=company.id, area_id=area.id, estate_id=await _only_estate(uow, area)
            ),
            valid_from=appointment.appointed_on,
        )
    uow.session.add(leader)
    await uow.session.flush()  # one leader in post at a time is a key of the table
    return leader


async def _only_estate(uow: UnitOfWork, area: PropertyArea) -> uuid.UUID | None:
    """The estate of an area that covers just one."""
    estates = set(
        await uow.session.scalars(
            select(EstateArea.estate_id).where(
                EstateArea.county == uow.county, EstateArea.area_id == area.id, EstateArea.valid_to.is_(None)
            )
        )
    )
    return estates.pop() if len(estates) == 1 else None


async def _end(uow: UnitOfWork, leader: ProjectLeader, state: LeaderState, first_day_without: date) -> None:
    leader.state = state.value
    leader.ended_on = first_day_without
    await end_grants(uow.session, Source("project_leader", leader.id), first_day_without)
    await end_with_post(uow, leader, first_day_without)
