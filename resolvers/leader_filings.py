"""The filing of project leaders (项目负责人备案, SM-2): open, hand in; it ends with the post."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from domain.companies import CompanyState
from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind
from domain.leader_filings import LEADER_FILING
from domain.roles import Role
from domain.simple_filings import SimpleFilingState as State
from models.companies import Company, ProjectLeader
from models.estates import PropertyArea
from models.filings import Filing
from resolvers import simple_filings
from resolvers.filings import SUBJECTS, Subject
from resolvers.unit_of_work import UnitOfWork

KIND = FilingKind.PROJECT_LEADER


async def open_(uow: UnitOfWork, *, project_leader_id: uuid.UUID, document_ids: Sequence[uuid.UUID] = ()) -> Filing:
    """Begin the filing of a leader in post as a draft (projectLeaderFilingOpen).

    ``ALREADY_REGISTERED`` while the leader's filing is under way or in effect, ``ACTION_NOT_AVAILABLE`` after the post.
    """
    leader = await uow.load(ProjectLeader, project_leader_id, lock=True, field="projectLeaderId")
    grant = await uow.act((Role.COMPANY_ADMIN,), ProjectLeader, leader)
    if leader.ended_on is not None:
        raise Refusal(
            ErrorCode.ACTION_NOT_AVAILABLE, "projectLeaderId", action="projectLeaderFilingOpen", state=leader.state
        )
    if (live := await _live(uow, leader.id)) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "projectLeaderId", value=live.number)
    company = await _company(uow, leader)
    area = await uow.load(PropertyArea, leader.area_id, field="projectLeaderId")
    return await simple_filings.open_for_area(
        uow,
        KIND,
        LEADER_FILING,
        area,
        grant=grant,
        title=f"{area.name} {leader.name}",
        documents=document_ids,
        project_leader_id=leader.id,
        company_id=leader.company_id,
        credit_code=company.credit_code,
    )


async def submit(
    uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = (), expected_version: int | None = None
) -> Filing:
    """Hand a leader's filing in (projectLeaderFilingSubmit): certificate and letter of appointment."""
    filing = await simple_filings.load(uow, id, KIND)
    return await simple_filings.submit(uow, filing, document_ids, expected_version)


async def end_with_post(uow: UnitOfWork, leader: ProjectLeader, first_day_without: date) -> None:
    """A filed leader has left the post: the filing ends with it. One that is undecided is not filed any more (its guard)."""
    filing = await _live(uow, leader.id)
    if filing is not None and filing.state == State.FILED:
        await simple_filings.end(uow, filing, first_day_without)


async def _live(uow: UnitOfWork, leader_id: uuid.UUID) -> Filing | None:
    found: Filing | None = await uow.session.scalar(
        select(Filing)
        .where(
            Filing.county == uow.county,
            Filing.kind == KIND.value,
            Filing.project_leader_id == leader_id,
            Filing.state.not_in(sorted(LEADER_FILING.terminal)),
        )
        .with_for_update()
    )
    return found


async def _facts(uow: UnitOfWork, filing: Filing) -> Mapping[str, Any]:
    leader = await _leader(uow, filing)
    company = await _company(uow, leader)
    led = select(func.count()).where(
        ProjectLeader.county == uow.county,
        ProjectLeader.staff_id == leader.staff_id,
        ProjectLeader.ended_on.is_(None),
    )
    return {
        "company_state": CompanyState(company.state),
        "in_post": leader.ended_on is None,
        "projects_led": await uow.session.scalar(led),
    }


async def _content(uow: UnitOfWork, filing: Filing) -> dict[str, Any]:
    leader = await _leader(uow, filing)
    company, area = await _company(uow, leader), await simple_filings.area_of(uow, filing)
    return {
        "kind": filing.kind,
        "county": filing.county,
        "number": filing.number,
        "name": leader.name,
        "certificateNumber": leader.certificate_number,
        "appointedOn": leader.appointed_on.isoformat(),
        "company": {"creditCode": company.credit_code, "name": company.name},
        "area": {"code": area.code, "name": area.name},
        "submittedOn": uow.today.isoformat(),
    }


async def _moved(uow: UnitOfWork, filing: Filing, former: str) -> None:
    """A leader's filing is not published: the name hangs on the estate's board (TQ-69) and goes no further (PRI-5)."""
    if filing.state == State.FILED:
        await simple_filings.take_effect(uow, filing)


async def _leader(uow: UnitOfWork, filing: Filing) -> ProjectLeader:
    found = await uow.session.execute(
        select(ProjectLeader).where(ProjectLeader.county == uow.county, ProjectLeader.id == filing.project_leader_id)
    )
    return found.scalar_one()


async def _company(uow: UnitOfWork, leader: ProjectLeader) -> Company:
    found = await uow.session.execute(
        select(Company).where(Company.county == uow.county, Company.id == leader.company_id)
    )
    return found.scalar_one()


SUBJECTS[KIND] = Subject(facts=_facts, content=_content, moved=_moved)
