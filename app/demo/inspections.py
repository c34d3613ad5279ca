"""Inspections by the bureau in every state (SM-11): planned, reported, ordered, overdue, re-checked, published."""

import uuid
from dataclasses import dataclass

from app.demo.scene import Scene, Site
from domain.documents import DocumentKind
from domain.inspections import CheckResult, InspectionKind, InspectionState, Severity
from domain.roles import Role
from models.inspections import ChecklistItem, Finding, Inspection
from resolvers import inspections, rectifications
from resolvers.unit_of_work import UnitOfWork

_S = InspectionState
_MATTERS = (
    ("收费项目公示", "TQ-69"),
    ("项目负责人到岗", "SL-10"),
    ("电梯维保记录", "GT-51"),
)


@dataclass(frozen=True)
class Visit:
    """How an inspection goes: days since the visit, and what comes after the report."""

    ago: int
    findings: bool = True
    then: tuple[str, ...] = ()
    deadline: int = 0
    """Days ago of the last day to put it right; negative: to come."""


VISITS = {
    "CLEAN": Visit(6, findings=False),
    "PUBLISHED": Visit(40, findings=False, then=("publish",)),
    "ISSUE_FOUND": Visit(2),
    "ORDERED": Visit(12, then=("order",), deadline=-8),
    "ORDERED_DUE": Visit(14, then=("order",), deadline=0),
    "OVERDUE": Visit(30, then=("order",), deadline=6),
    "SUBMITTED": Visit(34, then=("order", "submit"), deadline=15),
    "RECHECKED": Visit(45, then=("order", "submit", "fail"), deadline=25),
    "CLOSED": Visit(50, then=("order", "submit", "pass"), deadline=30),
    "CLOSED_PUBLISHED": Visit(55, then=("order", "submit", "pass", "publish"), deadline=35),
    "PENALISED": Visit(60, then=("order", "tick", "penalise"), deadline=40),
    "TRANSFERRED": Visit(20, then=("transfer",)),
}


async def plan(scene: Scene) -> uuid.UUID:
    """This season's plan with its checklist."""

    async def make(uow: UnitOfWork) -> uuid.UUID:
        made = await inspections.plan_make(
            uow,
            title="物业服务专项检查（演示）",
            kind=InspectionKind.ROUTINE,
            basis="年度检查计划（演示）",
            starts_on=scene.day(70),
            ends_on=scene.day(-60),
            matters=[{"matter": matter, "basis": basis} for matter, basis in _MATTERS],
        )
        return made.id

    return await scene.run(scene.office(Role.BUREAU), scene.at(70), make)  # type: ignore[no-any-return]


async def inspection(scene: Scene, plan_id: uuid.UUID, site: Site, word: str) -> None:
    """One inspection of an estate, as far as the word says."""
    bureau = scene.office(Role.BUREAU)
    visit = VISITS.get(word)
    ago = visit.ago if visit else 3
    case: Inspection = await scene.do(
        bureau, scene.at(ago + 4), inspections.open_, plan_id=plan_id, estate_id=site.estate_id
    )
    if word == "PLANNED":
        return
    colleague = scene.colleagues[Role.BUREAU, scene.county.code]
    named = [
        {"account_id": account_id, "certificate": f"演示执法{number}号"}
        for number, account_id in enumerate((bureau, colleague), start=1)
    ]
    await scene.do(bureau, scene.at(ago + 3), inspections.assign, id=case.id, inspectors=named)
    if word == "CANCELLED":
        await scene.do(bureau, scene.at(ago + 2), inspections.cancel, id=case.id, reason="与上级检查合并（演示）")
    if word in ("ASSIGNED", "CANCELLED"):
        return
    await _report(scene, case, colleague, ago, findings=visit is None or visit.findings)
    if visit is None:  # one signature is there, the other is not
        return
    await scene.do(bureau, scene.at(ago, 16), inspections.sign, id=case.id)
    for step in visit.then:
        await _step(scene, site, case, visit, step)


async def _report(scene: Scene, case: Inspection, who: uuid.UUID, ago: int, *, findings: bool) -> None:
    async def report(uow: UnitOfWork) -> Inspection:
        items = (
            await uow.session.scalars(
                uow.select(ChecklistItem).where(ChecklistItem.plan_id == case.plan_id).order_by(ChecklistItem.position)
            )
        ).all()
        found = [
            {
                "severity": Severity.MAJOR,
                "description": "公示栏未张贴收费标准（演示）",
                "basis": items[0].basis,
                "checklist_item_id": items[0].id,
                "photo_ids": (await scene.paper(uow, DocumentKind.PHOTO),),
            }
        ]
        results = (
            CheckResult.ISSUE if findings else CheckResult.CONFORMS,
            CheckResult.CONFORMS,
            CheckResult.NOT_APPLICABLE,
        )
        return await inspections.report(
            uow,
            id=case.id,
            inspected_on=scene.day(ago),
            report="现场检查情况记录（演示）",
            checked=[
                {"checklist_item_id": item.id, "result": result} for item, result in zip(items, results, strict=True)
            ],
            findings=found if findings else [],
        )

    await scene.run(who, scene.at(ago), report)


async def _step(scene: Scene, site: Site, case: Inspection, visit: Visit, step: str) -> None:
    bureau = scene.office(Role.BUREAU)
    colleague = scene.colleagues[Role.BUREAU, scene.county.code]
    ordered = visit.ago - 1
    if step == "order":
        await scene.do(
            bureau,
            scene.at(ordered),
            rectifications.order,
            id=case.id,
            requirement="限期补充公示（演示）",
            deadline=scene.day(visit.deadline),
            responsible=None if site.contract_id else "演示责任单位（虚构）",
        )
    elif step == "submit":
        await _submit(scene, site, case, ordered - 5)
    elif step in ("pass", "fail"):
        await _recheck(scene, case, ordered - 8, (colleague, bureau), passed=step == "pass")
    elif step == "tick":
        await scene.tick(scene.at(visit.deadline - 1, 1))
    elif step == "penalise":
        await scene.do(
            bureau, scene.at(visit.deadline - 10), rectifications.penalise, id=case.id, reason="逾期未改，罚款（虚构）"
        )
    elif step == "transfer":
        await scene.do(
            bureau, scene.at(ordered), rectifications.transfer, id=case.id, reason="移送消防救援机构（演示）"
        )
    else:
        text = "检查结果已公布（演示）"
        await scene.do(bureau, scene.at(max(visit.ago - 25, 1)), inspections.publish, id=case.id, text=text)


async def _submit(scene: Scene, site: Site, case: Inspection, ago: int) -> None:
    async def submit(uow: UnitOfWork) -> Inspection:
        findings = (await uow.session.scalars(uow.select(Finding).where(Finding.inspection_id == case.id))).all()
        answers = [
            {
                "finding_id": finding.id,
                "rectification": "已补充张贴（演示）",
                "photo_ids": (await scene.paper(uow, DocumentKind.PHOTO),),
            }
            for finding in findings
        ]
        return await rectifications.submit(uow, id=case.id, note="整改完毕（演示）", answers=answers)

    await scene.run(scene.firms[site.plan.firm or ""].admin_id, scene.at(ago), submit)


async def _recheck(
    scene: Scene, case: Inspection, ago: int, inspectors: tuple[uuid.UUID, uuid.UUID], *, passed: bool
) -> None:
    first, second = inspectors

    async def recheck(uow: UnitOfWork) -> Inspection:
        findings = (await uow.session.scalars(uow.select(Finding).where(Finding.inspection_id == case.id))).all()
        cleared = [finding.id for finding in findings] if passed else []
        note = "复查合格（演示）" if passed else "仍未公示（演示）"
        return await rectifications.recheck(uow, id=case.id, passed=passed, note=note, cleared_ids=cleared)

    await scene.run(first, scene.at(ago), recheck)
    await scene.do(second, scene.at(ago, 16), inspections.sign, id=case.id)
