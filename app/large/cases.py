"""The large demo's inspections with findings, and fund requests: ended ones, which wait for nobody."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from app.large import plan
from app.large.copying import Loading, Row
from app.large.plan import Large, Place
from app.large.register import code
from domain.funds import FundKind, FundScope, FundState
from domain.inspections import INSPECTION, InspectionKind, InspectionState, Severity
from domain.ordinary_funds import FUND_REQUEST
from domain.profiles import COUNTIES, profile
from domain.roles import Role
from domain.workflow import Workflow
from models.funds import FundRequest
from models.inspections import Finding, Inspection, InspectionPlan

MODELS = (InspectionPlan, Inspection, Finding, FundRequest)

INSPECTIONS, FINDINGS, REQUESTS = 10, 3, 5
"""Inspections of an estate, findings of each, and fund requests of an estate."""

_MATTERS = ("消防通道堵塞", "公示栏内容过期", "楼道照明损坏", "电梯维保记录缺失", "垃圾清运不及时", "门禁系统失灵")
_REPAIRS = ("屋面防水维修", "外墙脱落修复", "电梯大修", "消防设施更换", "雨污管网疏通")
_ENDS = (FundState.REJECTED, FundState.CANCELLED, FundState.LAPSED)

_CASE = (
    "county", "id", "title", "state", "state_since", "workflow", "workflow_version", "profile_version", "version",
    "township", "community", "estate_id", "area_id", "company_id", "applicant_id", "applicant_role", "created_at",
    "updated_at",
)  # fmt: skip


def load(large: Large, loading: Loading) -> None:
    """Plans, inspections, findings and fund requests of every estate."""
    start = large.months[-1] - timedelta(days=300)
    loading.copy(
        InspectionPlan,
        ("county", "id", "title", "kind", "basis", "starts_on", "ends_on", "planned_by"),
        [
            (
                county, large.ident(plan.PLAN, at), "年度日常检查计划（演示）", InspectionKind.ROUTINE, "ZD-5", start,
                large.today, large.bureau(county),
            )
            for at, county in enumerate(COUNTIES)
        ],
        len(COUNTIES),
    )  # fmt: skip
    places = len(large.places)
    loading.copy(
        Inspection,
        (*_CASE, "plan_id", "target", "reported_at", "inspected_on", "report", "finding_count", "published_on",
         "published_text"),
        _inspections(large),
        places * INSPECTIONS,
    )  # fmt: skip
    loading.copy(
        Finding,
        ("county", "id", "inspection_id", "position", "severity", "description", "basis", "rectified_on", "cleared_on"),
        _findings(large),
        places * INSPECTIONS * FINDINGS,
    )
    loading.copy(
        FundRequest,
        (*_CASE, "kind", "description", "scope", "budget", "requested_on", "posted_from", "posted_to"),
        _requests(large),
        places * REQUESTS,
    )


def _case(
    large: Large, p: Place, ident: UUID, title: str, state: str, workflow: Workflow, at: datetime, holder: UUID
) -> list[object]:
    role = Role.BUREAU if holder == large.bureau(p.county) else Role.COMPANY_ADMIN
    return [
        p.county, ident, title, state, at, workflow.id, workflow.version, profile(p.county, large.today).version, 3,
        p.township, p.community, p.estate_id, p.area_id, p.company.id, holder, role, at, at,
    ]  # fmt: skip


def _inspections(large: Large) -> Iterator[Row]:
    for at in range(INSPECTIONS):
        for p in large.places:
            day = large.months[-1] - timedelta(days=280 - at * 28 + p.number % 7)
            moment = large.at(day, 15)
            case = _case(
                large, p, large.ident(plan.INSPECTION, p.number * 100 + at, day), f"{p.name}日常检查",
                InspectionState.PUBLISHED, INSPECTION, moment, large.bureau(p.county),
            )  # fmt: skip
            yield (
                *case, large.ident(plan.PLAN, COUNTIES.index(p.county)), p.name, moment, day, "检查报告（演示）", FINDINGS,
                day + timedelta(days=15), "已完成整改（演示）",
            )  # fmt: skip


def _findings(large: Large) -> Iterator[Row]:
    for at in range(INSPECTIONS):
        for p in large.places:
            day = large.months[-1] - timedelta(days=280 - at * 28 + p.number % 7)
            inspection = large.ident(plan.INSPECTION, p.number * 100 + at, day)
            for position in range(1, FINDINGS + 1):
                number = (p.number * 100 + at) * 10 + position
                yield (
                    p.county, large.ident(plan.FINDING, number, day), inspection, position,
                    Severity.MINOR if position > 1 else Severity.MAJOR, _MATTERS[number % len(_MATTERS)], "TQ-69",
                    day + timedelta(days=7), day + timedelta(days=10),
                )  # fmt: skip


def _requests(large: Large) -> Iterator[Row]:
    for at in range(REQUESTS):
        for p in large.places:
            day = large.months[-1] - timedelta(days=250 - at * 40 + p.number % 11)
            title = f"{p.name}{_REPAIRS[at % len(_REPAIRS)]}"
            case = _case(
                large, p, large.ident(plan.REQUEST, p.number * 100 + at, day), title, _ENDS[(p.number + at) % 3],
                FUND_REQUEST, large.at(day, 11), p.company.admin,
            )  # fmt: skip
            yield (
                *case, FundKind.ORDINARY, f"{code('LR', large, p)}：{title}（演示）", FundScope.ESTATE,
                5_000_000 + p.number * 1_000, day, day, day + timedelta(days=7),
            )  # fmt: skip
