"""Inspections through their commands: two signatures, one extension, overdue by the clock, publication to everybody."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio

from auth.actor import Actor
from auth.grants import Reach, Source, open_grant
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.inspections import CheckResult, InspectionKind, InspectionState, Severity
from domain.roles import Role
from models.base import new_id
from models.cases import AuditEvent, Task
from models.documents import Document
from models.inspections import ChecklistItem, Finding, Inspection, InspectionSignature, Inspector, Rectification
from resolvers import inspections, rectifications
from resolvers.unit_of_work import UnitOfWork
from tests.stage import Place, Stage

S = InspectionState


@dataclass
class Case:
    """An inspection of a served estate, with its people."""

    stage: Stage
    place: Place
    chief: Actor
    first: Actor
    second: Actor
    company: Actor
    items: list[ChecklistItem]
    id: uuid.UUID

    async def now(self) -> Inspection:
        return await self.stage.row(Inspection, id=self.id)  # type: ignore[no-any-return]

    async def do(self, actor: Actor, command: Any, **given: Any) -> Any:
        return await self.stage.do(actor, command, id=self.id, **given)

    async def refused(self, actor: Actor, command: Any, **given: Any) -> Refusal:
        """The refusal; the case must be as it was before."""
        before = await self.now()
        refusal = await self.stage.refused(actor, command, id=self.id, **given)
        assert (await self.now()).version == before.version
        return refusal

    async def named(self) -> None:
        await self.do(self.chief, inspections.assign, inspectors=[_draft(self.first), _draft(self.second)])

    async def report(self, actor: Actor, *, issue: bool, **changes: Any) -> Inspection:
        result = CheckResult.ISSUE if issue else CheckResult.CONFORMS
        findings = []
        if issue:
            photo = await self.stage.paper(actor, DocumentKind.PHOTO)
            findings = [
                {
                    "severity": Severity.MAJOR,
                    "description": "公示栏无收费标准",
                    "basis": "TQ-69",
                    "checklist_item_id": self.items[0].id,
                    "photo_ids": [photo.id],
                }
            ]
        given = {
            "inspected_on": self.stage.now.date(),
            "report": "现场检查情况",
            "checked": [
                {"checklist_item_id": self.items[0].id, "result": result},
                {"checklist_item_id": self.items[1].id, "result": CheckResult.NOT_APPLICABLE},
            ],
            "findings": findings,
        }
        return await self.do(actor, inspections.report, **{**given, **changes})  # type: ignore[no-any-return]

    async def found(self) -> None:
        """Up to ISSUE_FOUND."""
        await self.named()
        await self.report(self.first, issue=True)
        await self.do(self.second, inspections.sign)

    async def ordered(self, days: int = 10) -> None:
        await self.found()
        deadline = self.stage.now.date() + timedelta(days=days)
        await self.do(self.chief, rectifications.order, requirement="补充公示", deadline=deadline)

    async def submitted(self) -> Finding:
        await self.ordered()
        finding: Finding = await self.stage.row(Finding)
        photo = await self.stage.paper(self.company, DocumentKind.PHOTO)
        answer = {"finding_id": finding.id, "rectification": "已张贴", "photo_ids": [photo.id]}
        await self.do(self.company, rectifications.submit, note="整改完毕", answers=[answer])
        return finding


def _draft(actor: Actor) -> dict[str, Any]:
    return {"account_id": actor.account_id, "certificate": f"执法{actor.display_name}"}


async def _official(stage: Stage, role: Role = Role.BUREAU, **reach: Any) -> Actor:
    """An official whose grant is in the database, as assignment asks for it."""
    actor = await stage.actor(role, **reach)
    (grant,) = actor.grants
    async with stage.sessions.begin() as session:
        await open_grant(
            session,
            role,
            stage.county,
            Source("posting", new_id()),
            account_id=actor.account_id,
            reach=Reach(office=grant.office, township=grant.township, community=grant.community),
            valid_from=date(2020, 1, 1),
        )
    return actor


async def _case(stage: Stage, office: Role) -> Case:
    place = await stage.place()
    chief = await _official(stage, office)
    company_id = await stage.company(place)
    plan = await stage.do(
        chief,
        inspections.plan_make,
        title="2026年春季检查",
        kind=InspectionKind.ROUTINE,
        basis="INS-1",
        starts_on=stage.now.date(),
        ends_on=stage.now.date() + timedelta(days=30),
        matters=[{"matter": "收费公示", "basis": "TQ-69"}, {"matter": "电梯维保", "basis": "GT-51"}],
    )
    opened = await stage.do(chief, inspections.open_, plan_id=plan.id, estate_id=place.estate.id)
    return Case(
        stage,
        place,
        chief,
        await _official(stage, office, name="甲"),
        await _official(stage, office, name="乙"),
        await stage.actor(Role.COMPANY_ADMIN, company_id=company_id),
        sorted(await stage.rows(ChecklistItem), key=lambda item: item.position),
        opened.id,
    )


@pytest_asyncio.fixture
async def case(stage: Stage) -> Case:
    """The bureau's inspection."""
    return await _case(stage, Role.BUREAU)


@pytest_asyncio.fixture
async def townships(stage: Stage) -> Case:
    """The township's inspection in its own place."""
    return await _case(stage, Role.TOWNSHIP)


async def _visible(stage: Stage, actor: Actor, inspection_id: uuid.UUID) -> bool:
    async def look(uow: UnitOfWork) -> bool:
        return (
            await uow.session.execute(uow.select(Inspection).where(Inspection.id == inspection_id))
        ).scalar() is not None

    return await stage.do(actor, look)  # type: ignore[no-any-return]


async def test_a_new_inspection_knows_whom_it_is_about_and_asks_the_planning_office(case: Case) -> None:
    row = await case.now()
    assert (row.state, row.estate_id, row.company_id) == (
        S.PLANNED,
        case.place.estate.id,
        case.company.grants[0].company_id,
    )
    assert (row.township, row.community) == (case.stage.township, case.stage.community)
    (task,) = await case.stage.rows(Task, closed_at=None)
    assert (task.role, task.actions, task.title) == ("BUREAU", ["ASSIGN"], row.title)


async def test_fewer_than_two_inspectors_are_refused(case: Case) -> None:
    refusal = await case.refused(case.chief, inspections.assign, inspectors=[_draft(case.first)])
    assert (refusal.code, refusal.params["least"]) == (ErrorCode.OUT_OF_RANGE, 2)
    twice = [_draft(case.first), _draft(case.first)]
    assert (await case.refused(case.chief, inspections.assign, inspectors=twice)).code is ErrorCode.INVALID_INPUT
    assert await case.stage.rows(Inspector) == []


async def test_only_officials_of_the_office_are_named(case: Case) -> None:
    stranger = await _official(case.stage, Role.TOWNSHIP)
    given = [_draft(case.first), _draft(stranger)]
    refusal = await case.refused(case.chief, inspections.assign, inspectors=given)
    assert refusal == Refusal(ErrorCode.INVALID_INPUT, "inspectors.1.accountId")


async def test_one_signature_settles_nothing_and_two_do(case: Case) -> None:
    await case.named()
    await case.report(case.first, issue=False)
    assert (await case.now()).state == S.ASSIGNED
    again = await case.refused(case.first, inspections.sign)
    assert again.code is ErrorCode.SIGNATURES_REQUIRED
    other = await case.refused(case.chief, inspections.sign)
    assert other.code is ErrorCode.FORBIDDEN_ROLE
    await case.do(case.second, inspections.sign)
    row = await case.now()
    assert (row.state, row.reported_at) == (S.CLEAN, case.stage.now)
    assert len(await case.stage.rows(InspectionSignature)) == 2


async def test_a_report_that_is_written_again_is_signed_again(case: Case) -> None:
    await case.named()
    await case.report(case.first, issue=True)
    await case.report(case.second, issue=False)
    assert (await case.now()).state == S.ASSIGNED
    assert await case.stage.rows(Finding) == []
    await case.do(case.first, inspections.sign)
    assert (await case.now()).state == S.CLEAN


async def test_an_inspector_with_an_interest_steps_back_and_is_replaced(case: Case) -> None:
    await case.named()
    (mine,) = await case.stage.rows(Inspector, account_id=case.first.account_id)
    alone = await case.refused(case.chief, inspections.recuse, inspector_id=mine.id, reason="近亲属在该公司任职")
    assert (alone.code, alone.field) == (ErrorCode.OUT_OF_RANGE, "inspectors")
    third = await _official(case.stage)
    await case.do(
        case.chief, inspections.recuse, inspector_id=mine.id, reason="近亲属在该公司任职", replacement=_draft(third)
    )
    assert (await case.refused(case.first, inspections.sign)).code is ErrorCode.FORBIDDEN_ROLE
    await case.report(third, issue=False)
    await case.do(case.second, inspections.sign)
    assert (await case.now()).state == S.CLEAN
    (stepped,) = await case.stage.rows(Inspector, id=mine.id)
    assert (stepped.recusal_reason, stepped.recused_at) == ("近亲属在该公司任职", case.stage.now)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"checked": []}, (ErrorCode.REQUIRED, "checked")),
        ({"findings": []}, (ErrorCode.REQUIRED, "findings")),
        ({"inspected_on": date(2026, 3, 3)}, (ErrorCode.OUT_OF_RANGE, "inspectedOn")),
        ({"report": "  "}, (ErrorCode.REQUIRED, "report")),
    ],
)
async def test_a_report_with_gaps_is_refused(
    case: Case, changes: dict[str, Any], expected: tuple[ErrorCode, str]
) -> None:
    await case.named()
    with pytest.raises(Refusal) as caught:
        await case.report(case.first, issue=True, **changes)
    assert (caught.value.code, caught.value.field) == expected
    assert (await case.now()).report is None


async def test_a_finding_without_photo_is_refused(case: Case) -> None:
    await case.named()
    finding = {"severity": "MINOR", "description": "路灯不亮", "basis": "ZS-44", "photo_ids": []}
    with pytest.raises(Refusal) as caught:
        await case.report(case.first, issue=False, findings=[finding])
    assert caught.value == Refusal(ErrorCode.REQUIRED, "findings.0.photoIds")


@pytest.mark.requirement("ZS-10", "TQ-80")
async def test_what_is_found_is_ordered_put_right_rechecked_by_two_and_closed(case: Case) -> None:
    finding = await case.submitted()
    row = await case.now()
    assert (row.state, row.responsible) == (S.SUBMITTED, "演示物业（虚构）有限公司")
    missed = await case.refused(case.first, rectifications.recheck, passed=True, note="复查", cleared_ids=[])
    assert (missed.code, missed.params["positions"]) == (ErrorCode.NOT_RECTIFIED, [1])
    await case.do(case.first, rectifications.recheck, passed=True, note="复查合格", cleared_ids=[finding.id])
    assert (await case.now()).state == S.SUBMITTED
    await case.do(case.second, inspections.sign)
    assert (await case.now()).state == S.CLOSED
    (cleared,) = await case.stage.rows(Finding)
    assert (cleared.cleared_on, cleared.rectification) == (case.stage.now.date(), "已张贴")
    actions = [event.action for event in await case.stage.rows(AuditEvent, subject_id=case.id)]
    expected = (
        "OPEN ASSIGN REPORT_WRITE REPORT_SIGN REPORT FIND_ISSUES ORDER SUBMIT RECHECK_WRITE RECHECK_SIGN RECHECK CLOSE"
    )
    assert actions == expected.split()


@pytest.mark.requirement("TQ-74")
async def test_the_township_supervises_its_estates_and_has_problems_put_right(townships: Case) -> None:
    case = townships
    (task,) = await case.stage.rows(Task, closed_at=None)
    assert (task.role, task.township) == ("TOWNSHIP", case.stage.township)
    finding = await case.submitted()
    await case.do(case.first, rectifications.recheck, passed=True, note="已张贴", cleared_ids=[finding.id])
    await case.do(case.second, inspections.sign)
    assert (await case.now()).state == S.CLOSED


@pytest.mark.requirement("ZD-5")
async def test_a_township_reports_violations_that_it_found_to_the_office_in_charge(townships: Case) -> None:
    case = townships
    await case.found()
    bare = await case.refused(case.chief, rectifications.transfer, reason="")
    assert (bare.code, bare.field) == (ErrorCode.REQUIRED, "reason")
    await case.do(case.chief, rectifications.transfer, reason="擅自提高收费，移送市场监管部门")
    row = await case.now()
    assert row.state == S.TRANSFERRED
    market = await case.stage.actor(Role.MARKET)
    assert await _visible(case.stage, market, case.id)
    (event,) = await case.stage.rows(AuditEvent, to_state="TRANSFERRED")
    assert (event.role, event.reason) == ("TOWNSHIP", "擅自提高收费，移送市场监管部门")


async def test_what_was_not_put_right_is_ordered_again(case: Case) -> None:
    await case.submitted()
    await case.do(case.first, rectifications.recheck, passed=False, note="仍无收费标准")
    await case.do(case.second, inspections.sign)
    assert (await case.now()).state == S.RECHECKED
    deadline = case.stage.now.date() + timedelta(days=5)
    await case.do(case.chief, rectifications.order, requirement="再次整改", deadline=deadline)
    row = await case.now()
    assert (row.state, row.rectify_by, row.due_on) == (S.RECTIFICATION_ORDERED, deadline, deadline)
    assert len(await case.stage.rows(Rectification)) == 2


async def test_an_answer_without_photo_or_for_no_finding_is_refused(case: Case) -> None:
    await case.ordered()
    (finding,) = await case.stage.rows(Finding)
    nothing = await case.refused(case.company, rectifications.submit, note="完毕", answers=[])
    assert (nothing.code, nothing.params["positions"]) == (ErrorCode.REQUIRED, [1])
    answer = {"finding_id": finding.id, "rectification": "已张贴", "photo_ids": []}
    bare = await case.refused(case.company, rectifications.submit, note="完毕", answers=[answer])
    assert bare == Refusal(ErrorCode.REQUIRED, "answers.0.photoIds")


async def test_a_deadline_is_extended_once(case: Case) -> None:
    await case.ordered(days=10)
    first = (await case.now()).rectify_by
    assert first is not None
    back = await case.refused(case.chief, rectifications.extend, deadline=first, reason="材料未到")
    assert (back.code, back.field) == (ErrorCode.OUT_OF_RANGE, "deadline")
    later = first + timedelta(days=7)
    await case.do(case.chief, rectifications.extend, deadline=later, reason="材料未到")
    row = await case.now()
    assert (row.rectify_by, row.extension_count) == (later, 1)
    (order,) = await case.stage.rows(Rectification)
    assert (order.deadline, order.extended_from, order.extension_reason) == (later, first, "材料未到")
    (task,) = await case.stage.rows(Task, closed_at=None, role="COMPANY_ADMIN")
    assert task.due_on == later
    again = await case.refused(case.chief, rectifications.extend, deadline=later + timedelta(days=1), reason="再延")
    assert again.code is ErrorCode.OUT_OF_RANGE


async def test_the_clock_makes_an_order_overdue_the_day_after_its_deadline_and_not_before(case: Case) -> None:
    await case.ordered(days=10)
    case.stage.later(days=10)
    await case.stage.tick()
    assert (await case.now()).state == S.RECTIFICATION_ORDERED
    case.stage.later(days=1)
    await case.stage.tick()
    row = await case.now()
    assert row.state == S.OVERDUE
    (event,) = await case.stage.rows(AuditEvent, to_state="OVERDUE")
    assert (event.role, event.account_id) == ("SYSTEM", None)
    await case.do(case.chief, rectifications.transfer, reason="移送综合执法")
    assert (await case.now()).state == S.TRANSFERRED


async def test_an_order_that_was_not_followed_is_punished(case: Case) -> None:
    await case.ordered(days=10)
    case.stage.later(days=11)
    await case.stage.tick()
    await case.do(case.chief, rectifications.penalise, reason="逾期未改，警告")
    assert (await case.now()).state == S.PENALISED


async def test_the_company_sees_an_inspection_from_the_signed_report_on_and_everybody_what_is_published(
    case: Case,
) -> None:
    stage = case.stage
    resident = await stage.actor(Role.OWNER, unit_id=case.place.units[0].id, area_id=case.place.area.id)
    await case.named()
    await case.report(case.first, issue=True)
    assert not await _visible(stage, case.company, case.id)
    await case.do(case.second, inspections.sign)
    assert await _visible(stage, case.company, case.id)
    assert not await _visible(stage, resident, case.id)
    await case.do(case.chief, inspections.publish, text="发现一项问题，已责令整改")
    assert await _visible(stage, resident, case.id)
    row = await case.now()
    assert (row.state, row.published_on) == (S.ISSUE_FOUND, stage.now.date())
    assert {document.audience for document in await stage.rows(Document)} == {"PUBLISHED"}
    twice = await case.refused(case.chief, inspections.publish, text="再次公布")
    assert twice.code is ErrorCode.ALREADY_REGISTERED


async def test_a_clean_result_is_due_for_publication_within_twenty_working_days(case: Case) -> None:
    await case.named()
    await case.report(case.first, issue=False)
    await case.do(case.second, inspections.sign)
    (task,) = await case.stage.rows(Task, closed_at=None)
    assert (task.role, task.actions, task.due_on) == ("BUREAU", ["PUBLISH"], date(2026, 3, 30))
    await case.do(case.chief, inspections.publish, text="未发现问题")
    assert (await case.now()).state == S.PUBLISHED
    assert await case.stage.rows(Task, closed_at=None) == []


async def test_a_township_inspects_its_own_estates_only(case: Case) -> None:
    stage = case.stage
    plan = {
        "title": "日常巡查",
        "kind": InspectionKind.ROUTINE,
        "basis": "ZD-5",
        "starts_on": stage.now.date(),
        "ends_on": stage.now.date(),
        "matters": [{"matter": "保洁", "basis": "ZS-47"}],
    }
    away = await stage.actor(Role.TOWNSHIP, township=f"{stage.county}002")
    theirs = await stage.do(away, inspections.plan_make, **plan)
    refusal = await stage.refused(away, inspections.open_, plan_id=theirs.id, estate_id=case.place.estate.id)
    assert refusal == Refusal(ErrorCode.NOT_FOUND, "estateId")
    here = await stage.actor(Role.TOWNSHIP)
    mine = await stage.do(here, inspections.plan_make, **plan)
    opened = await stage.do(here, inspections.open_, plan_id=mine.id, estate_id=case.place.estate.id)
    assert (opened.state, opened.applicant_role) == (S.PLANNED, "TOWNSHIP")
    foreign = await stage.refused(here, inspections.open_, plan_id=theirs.id, estate_id=case.place.estate.id)
    assert foreign == Refusal(ErrorCode.FORBIDDEN_ROLE, "planId")


async def test_a_plan_needs_matters_and_days_in_order(case: Case) -> None:
    plan = {
        "title": "x",
        "kind": InspectionKind.ROUTINE,
        "basis": "INS-1",
        "starts_on": case.stage.now.date(),
        "ends_on": case.stage.now.date() - timedelta(days=1),
        "matters": [{"matter": "a", "basis": "b"}],
    }
    late = await case.stage.refused(case.chief, inspections.plan_make, **plan)
    assert (late.code, late.field) == (ErrorCode.OUT_OF_RANGE, "endsOn")
    empty = await case.stage.refused(case.chief, inspections.plan_make, **{**plan, "matters": []})
    assert empty == Refusal(ErrorCode.REQUIRED, "matters")
