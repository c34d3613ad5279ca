"""What surrounds a case: records that nobody changes, queues that only their role sees, offers that follow from the row."""

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.funds import FundScope
from domain.inspections import InspectionKind
from domain.roles import Role
from models.cases import AuditEvent, Review, Task
from models.estates import Estate
from models.funds import FundRequest
from models.inspections import Inspection
from resolvers import funds, inspections
from resolvers.case_kinds import KINDS, available_actions, covers
from resolvers.unit_of_work import UnitOfWork, set_fuse
from tests.stage import Place, Stage

PLAN: dict[str, Any] = {
    "scope": FundScope.ESTATE,
    "title": "屋面防水",
    "description": "重做",
    "budget": 10_000,
    "warranty_checked": True,
}


async def _drafted(stage: Stage) -> tuple[Place, Actor, FundRequest]:
    place = await stage.place()
    company = await stage.actor(Role.COMPANY_ADMIN, company_id=await stage.company(place))
    return place, company, await stage.do(company, funds.draft, estate_id=place.estate.id, **PLAN)


async def _tasks_of(stage: Stage, actor: Actor) -> set[uuid.UUID]:
    async def look(uow: UnitOfWork) -> set[uuid.UUID]:
        return {task.id for task in (await uow.session.execute(uow.select(Task))).scalars()}

    return await stage.do(actor, look)  # type: ignore[no-any-return]


@pytest.mark.parametrize("table", [AuditEvent.__tablename__, Review.__tablename__])
@pytest.mark.parametrize("statement", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}"])
async def test_events_and_reviews_are_never_changed_or_deleted(stage: Stage, table: str, statement: str) -> None:
    await _drafted(stage)
    async with stage.sessions() as session:
        await set_fuse(session, {stage.county})
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text(statement.format(table)))


async def test_a_task_is_seen_by_its_role_in_its_scope_alone(stage: Stage) -> None:
    _place, company, request = await _drafted(stage)
    (mine,) = await stage.rows(Task, case_id=request.id, role="COMPANY_ADMIN")
    assert await _tasks_of(stage, company) == {mine.id}
    others = [
        await stage.actor(Role.COMPANY_ADMIN, company_id=uuid.uuid4()),
        await stage.actor(Role.COMPANY_STAFF, company_id=company.grants[0].company_id),
        await stage.actor(Role.BUREAU),
        await stage.actor(Role.TOWNSHIP),
    ]
    for other in others:
        assert await _tasks_of(stage, other) == set()


async def test_a_project_leaders_queue_is_the_areas_however_many_estates_it_has(stage: Stage) -> None:
    place, company, request = await _drafted(stage)
    (mine,) = await stage.rows(Task, case_id=request.id, role="PROJECT_LEADER")
    own = company.grants[0].company_id
    # A leader's grant names an estate only where the area is just one.
    leader = await stage.actor(Role.PROJECT_LEADER, company_id=own, area_id=place.area.id)
    assert await _tasks_of(stage, leader) == {mine.id}
    others = [
        await stage.actor(Role.PROJECT_LEADER, company_id=own, area_id=uuid.uuid4(), estate_id=place.estate.id),
        await stage.actor(Role.PROJECT_LEADER, company_id=uuid.uuid4(), area_id=place.area.id),
    ]
    for other in others:
        assert await _tasks_of(stage, other) == set()


async def test_residents_see_only_tasks_that_name_them(stage: Stage) -> None:
    place = await stage.place()
    owner, neighbour = await stage.owner(place, 0), await stage.owner(place, 1)
    request = await stage.do(owner, funds.draft, estate_id=place.estate.id, **PLAN)
    (task,) = await stage.rows(Task, case_id=request.id)
    assert (task.role, task.account_id) == ("OWNER", owner.account_id)
    assert await _tasks_of(stage, owner) == {task.id}
    assert await _tasks_of(stage, neighbour) == set()


async def test_what_can_be_done_follows_from_the_row_and_the_actor(stage: Stage) -> None:
    _place, company, request = await _drafted(stage)
    offers = {offer.action: offer for offer in available_actions(FundRequest, request, company, stage.now)}
    assert offers["POST_PLAN"].missing == ("PLAN", "BUDGET", "POSTING_PROOF")
    assert set(offers) == {"POST_PLAN", "CANCEL"}
    for role in (Role.BUREAU, Role.COMMUNITY, Role.OWNER):
        assert available_actions(FundRequest, request, await stage.actor(role), stage.now) == []
    other_firm = await stage.actor(Role.COMPANY_ADMIN, company_id=uuid.uuid4())
    assert available_actions(FundRequest, request, other_firm, stage.now) == []
    # A colleague of the same company may go on with it.
    colleague = await stage.actor(Role.PROJECT_LEADER, company_id=company.grants[0].company_id)
    assert {offer.action for offer in available_actions(FundRequest, request, colleague, stage.now)} == set(offers)


async def test_attached_papers_are_no_longer_missing(stage: Stage) -> None:
    place = await stage.place()
    company = await stage.actor(Role.COMPANY_ADMIN, company_id=await stage.company(place))
    plan = await stage.paper(company, DocumentKind.PLAN)
    request = await stage.do(company, funds.draft, estate_id=place.estate.id, document_ids=[plan.id], **PLAN)
    assert request.document_kinds == ["PLAN"]
    offers = {offer.action: offer.missing for offer in available_actions(FundRequest, request, company, stage.now)}
    assert offers["POST_PLAN"] == ("BUDGET", "POSTING_PROOF")


async def test_a_grant_covers_a_case_by_its_own_columns(stage: Stage) -> None:
    place, company, request = await _drafted(stage)
    company_id = company.grants[0].company_id
    area = place.area.id

    async def grant(role: Role, **reach: Any) -> Any:
        return (await stage.actor(role, **reach)).grants[0]

    assert covers(await grant(Role.PROJECT_LEADER, company_id=company_id, area_id=area), request)
    assert not covers(await grant(Role.PROJECT_LEADER, company_id=company_id, area_id=uuid.uuid4()), request)
    assert covers(await grant(Role.TOWNSHIP), request)
    assert not covers(await grant(Role.TOWNSHIP, township=f"{stage.county}002"), request)
    assert not covers(await grant(Role.COMMITTEE, committee_id=uuid.uuid4(), area_id=area), request)
    assert not covers(await grant(Role.BANK), request)
    # What concerns an area is offered to each owner there; what concerns a home, to its own.
    unit = place.units[0].id
    owner = await grant(Role.OWNER, unit_id=unit, area_id=area)
    assert covers(owner, request)
    assert not covers(await grant(Role.OWNER, unit_id=unit, area_id=uuid.uuid4()), request)
    home = SimpleNamespace(county=stage.county, unit_id=unit, area_id=area, applicant_id=None)
    assert covers(owner, home)
    home.unit_id = uuid.uuid4()
    assert not covers(owner, home)


async def _ordered(stage: Stage, count: int = 1) -> tuple[Actor, list[Inspection]]:
    """Inspections whose order runs out today."""
    place = await stage.place()
    bureau = await stage.actor(Role.BUREAU)
    plan = await stage.do(
        bureau,
        inspections.plan_make,
        title="检查",
        kind=InspectionKind.ROUTINE,
        basis="INS-1",
        starts_on=stage.today,
        ends_on=stage.today + timedelta(days=5),
        matters=[{"matter": "a", "basis": "b"}],
    )
    made = []
    for _ in range(count):
        opened = await stage.do(bureau, inspections.open_, plan_id=plan.id, estate_id=place.estate.id)

        async def due_now(uow: UnitOfWork, row_id: uuid.UUID) -> None:
            row = await uow.load(Inspection, row_id, lock=True)
            row.state, row.rectify_by, row.wake_at = "RECTIFICATION_ORDERED", stage.today, stage.now

        await stage.do(bureau, due_now, row_id=opened.id)
        made.append(opened)
    return bureau, made


async def test_one_case_that_cannot_be_moved_does_not_stop_the_clock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _bureau, (stuck, other) = await _ordered(stage, 2)
    stage.later(days=1)

    async def moved(_uow: UnitOfWork, case: Any, _former: str) -> None:
        if case.id == stuck.id:
            raise LookupError("what follows from the move is not there")

    monkeypatch.setitem(KINDS, Inspection, replace(KINDS[Inspection], moved=moved))
    await stage.tick()
    assert (await stage.row(Inspection, id=other.id)).state == "OVERDUE"
    left = await stage.row(Inspection, id=stuck.id)
    assert (left.state, left.wake_at) == ("RECTIFICATION_ORDERED", stage.now + timedelta(hours=1))
    assert await stage.rows(AuditEvent, subject_id=stuck.id, to_state="OVERDUE") == []


async def test_the_clock_passes_over_a_case_that_somebody_holds(stage: Stage) -> None:
    bureau, (opened,) = await _ordered(stage)
    stage.later(days=1)
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold(uow: UnitOfWork) -> None:
        await uow.load(Inspection, opened.id, lock=True)
        held.set()
        await let_go.wait()

    holding = asyncio.create_task(stage.do(bureau, hold))
    await held.wait()
    await stage.tick()
    assert (await stage.row(Inspection, id=opened.id)).state == "RECTIFICATION_ORDERED"
    let_go.set()
    await holding
    await stage.tick()
    assert (await stage.row(Inspection, id=opened.id)).state == "OVERDUE"


async def test_load_all_keeps_the_order_asked_for_and_misses_nothing(stage: Stage) -> None:
    one, two = await stage.place(), await stage.place()
    bureau = await stage.actor(Role.BUREAU)

    async def load(uow: UnitOfWork, ids: list[uuid.UUID]) -> list[uuid.UUID]:
        return [estate.id for estate in await uow.load_all(Estate, ids, lock=True)]

    wanted = [two.estate.id, one.estate.id]
    assert await stage.do(bureau, load, ids=wanted) == wanted
    absent = uuid.uuid4()
    refusal = await stage.refused(bureau, load, ids=[*wanted, absent])
    assert (refusal.field, refusal.params["ids"]) == ("ids", [str(absent)])
