"""Emergency fund requests through their commands, in both orders (SM-7; FUND-20..23)."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.funds import EmergencyCode, FundScope, FundState
from domain.profiles import profile_for_test
from domain.roles import Role
from models.cases import Task
from models.funds import FundEarmark, FundRequest, FundShare, SiteCheck
from resolvers import emergency_funds, funds
from tests.stage import Place, Stage

S = FundState
PLAN = {
    "scope": FundScope.ESTATE,
    "emergency_code": EmergencyCode.ELEVATOR,
    "title": "1号电梯停梯",
    "description": "曳引机故障，停梯困人。",
    "budget": 9_000,
    "warranty_checked": True,
}


@dataclass
class Case:
    """A reported emergency with everybody it takes."""

    stage: Stage
    place: Place
    company: Actor
    owner: Actor
    committee: Actor | None
    community: Actor
    township: Actor
    bureau: Actor
    id: uuid.UUID

    async def now(self) -> FundRequest:
        return await self.stage.row(FundRequest, id=self.id)  # type: ignore[no-any-return]

    async def do(self, actor: Actor, command: Any, **given: Any) -> Any:
        return await self.stage.do(actor, command, id=self.id, **given)

    async def refused(self, actor: Actor, command: Any, **given: Any) -> Refusal:
        before = await self.now()
        refusal = await self.stage.refused(actor, command, id=self.id, **given)
        assert (await self.now()).version == before.version
        return refusal

    @property
    def body(self) -> Actor:
        return self.committee or self.community

    async def papers(self, actor: Actor, *kinds: DocumentKind) -> list[uuid.UUID]:
        return [(await self.stage.paper(actor, kind)).id for kind in kinds]

    async def site_checked(self) -> None:
        for actor in (self.owner, self.body, self.company):
            await self.do(actor, emergency_funds.check_site, is_emergency=True, note="现场属实")

    async def posted(self) -> None:
        await self.site_checked()
        await self.do(self.body, funds.approve)
        bills = await self.papers(self.company, DocumentKind.INVOICE)
        await self.do(
            self.company,
            emergency_funds.record_repair,
            repaired_on=self.stage.now.date(),
            settled_cost=9_900,
            document_ids=bills,
        )
        record = await self.papers(self.owner, DocumentKind.ACCEPTANCE)
        await self.do(self.owner, emergency_funds.accept, note="已恢复运行", document_ids=record)
        await self.do(self.body, emergency_funds.accept)
        papers = await self.papers(
            self.company, DocumentKind.SETTLEMENT, DocumentKind.APPORTIONMENT, DocumentKind.POSTING_PROOF
        )
        await self.do(self.company, emergency_funds.post, document_ids=papers, **self.posting())

    def posting(self, days: int = 5) -> dict[str, Any]:
        first = self.stage.now.date()
        return {"posted_from": first, "posted_to": first + timedelta(days=days), "objection_contact": "0533-1234567"}


async def _report(stage: Stage, *, committee: bool = True, **changes: Any) -> Case:
    place = await stage.place()
    company = await stage.actor(Role.COMPANY_ADMIN, company_id=await stage.company(place))
    await stage.fund(place, 5_000, 5_000, 5_000)
    chair = await stage.committee(place) if committee else None
    photo = await stage.paper(company, DocumentKind.PHOTO)
    request = await stage.do(
        company, emergency_funds.report, estate_id=place.estate.id, document_ids=[photo.id], **{**PLAN, **changes}
    )
    return Case(
        stage,
        place,
        company,
        await stage.owner(place),
        chair,
        await stage.actor(Role.COMMUNITY),
        await stage.actor(Role.TOWNSHIP),
        await stage.actor(Role.BUREAU),
        request.id,
    )


@pytest_asyncio.fixture
async def case(stage: Stage) -> Case:
    """In a county that repairs and posts before it pays (Zhangdian)."""
    return await _report(stage)


@pytest_asyncio.fixture
async def pay_first(stage: Stage) -> Case:
    """In a county that pays at once, in an estate without a committee (Taiqian)."""
    profile_for_test(stage.county, copy_of="410927")
    return await _report(stage, committee=False)


async def test_a_report_needs_a_photo_and_a_matter_on_the_countys_list(stage: Stage) -> None:
    place = await stage.place()
    company = await stage.actor(Role.COMPANY_ADMIN, company_id=await stage.company(place))
    given = {"estate_id": place.estate.id, **PLAN}
    bare = await stage.refused(company, emergency_funds.report, **given)
    assert (bare.code, bare.params["documents"]) == (ErrorCode.MISSING_DOCUMENT, ["PHOTO"])
    photo = await stage.paper(company, DocumentKind.PHOTO)
    # Railings stand in Henan's list only.
    other = {**given, "emergency_code": EmergencyCode.GUARDRAIL, "document_ids": [photo.id]}
    refusal = await stage.refused(company, emergency_funds.report, **other)
    assert (refusal.code, refusal.field) == (ErrorCode.NOT_EMERGENCY, "emergencyCode")
    assert await stage.rows(FundRequest) == []


async def test_the_check_on_site_is_done_when_all_three_parties_took_part(case: Case) -> None:
    await case.do(case.company, emergency_funds.check_site, is_emergency=True, note="现场属实")
    await case.do(case.owner, emergency_funds.check_site, is_emergency=True, note="被困一次")
    row = await case.now()
    assert (row.state, row.reviewed_by) == (S.REPORTED, ["COMPANY_ADMIN", "OWNER"])
    twice = await case.refused(case.owner, emergency_funds.check_site, is_emergency=True, note="再来")
    assert twice.code is ErrorCode.ACTION_NOT_AVAILABLE
    assert case.committee is not None
    await case.do(case.committee, emergency_funds.check_site, is_emergency=True, note="属实")
    assert (await case.now()).state == S.SITE_CHECKED
    checks = [(check.role, check.is_emergency, check.note) for check in await case.stage.rows(SiteCheck)]
    assert checks == [
        ("COMPANY_ADMIN", True, "现场属实"),
        ("OWNER", True, "被困一次"),
        ("COMMITTEE", True, "属实"),
    ]


async def test_the_check_is_due_within_a_day_and_asks_only_who_has_not_been_there(case: Case) -> None:
    tasks = await case.stage.rows(Task, closed_at=None)
    assert {task.role for task in tasks} == {"COMMITTEE", "COMPANY_ADMIN", "PROJECT_LEADER", "COMPANY_STAFF"}
    assert {task.due_on for task in tasks} == {date(2026, 3, 3)}
    await case.do(case.company, emergency_funds.check_site, is_emergency=True, note="现场属实")
    assert {task.role for task in await case.stage.rows(Task, closed_at=None)} == {"COMMITTEE"}


@pytest.mark.rule("V-23")
async def test_repair_acceptance_and_posting_come_before_the_money(case: Case) -> None:
    early = await case.refused(case.township, funds.verify, signed=True, sealed=True)
    assert early.code is ErrorCode.ACTION_NOT_AVAILABLE
    await case.posted()
    waiting = await case.refused(case.township, funds.verify, signed=True, sealed=True)
    assert waiting.code is ErrorCode.POSTING_PERIOD_NOT_OVER
    case.stage.later(days=6)
    assert (await case.refused(case.township, funds.verify, signed=True, sealed=False)).code is ErrorCode.SEAL_REQUIRED
    await case.do(case.township, funds.verify, signed=True, sealed=True)
    await case.do(case.bureau, funds.grant)
    row = await case.now()
    assert (row.state, row.approved_amount, row.settled_cost) == (S.BUREAU_APPROVED, 9_900, 9_900)
    (mark,) = await case.stage.rows(FundEarmark)
    assert mark.amount == 9_900
    assert sum(share.amount for share in await case.stage.rows(FundShare)) == 9_900


@pytest.mark.requirement("TQ-100")
async def test_where_the_county_pays_first_the_township_decides_for_an_estate_without_committee(
    pay_first: Case,
) -> None:
    case = pay_first
    await case.site_checked()
    assert (await case.refused(case.community, funds.approve)).code is ErrorCode.FORBIDDEN_ROLE
    await case.do(case.township, funds.approve)
    papers = await case.papers(case.township, DocumentKind.PLAN, DocumentKind.BUDGET)
    signed = {"signed": True, "sealed": True, "document_ids": papers}
    assert (await case.refused(case.township, funds.verify, **signed)).code is ErrorCode.SAME_REVIEWER
    another = await case.stage.actor(Role.TOWNSHIP)
    signed["document_ids"] = await case.papers(another, DocumentKind.PLAN, DocumentKind.BUDGET)
    await case.do(another, funds.verify, **signed)
    assert (await case.now()).state == S.TOWNSHIP_VERIFIED


@pytest.mark.requirement("TQ-99")
async def test_where_the_county_pays_first_the_bureau_approves_within_a_working_day(stage: Stage) -> None:
    profile_for_test(stage.county, copy_of="410927")
    case = await _report(stage)
    await case.site_checked()
    await case.do(case.body, funds.approve)
    papers = await case.papers(case.township, DocumentKind.PLAN, DocumentKind.BUDGET)
    await case.do(case.township, funds.verify, signed=True, sealed=True, document_ids=papers)
    waiting = {task.role: (task.actions, task.due_on) for task in await case.stage.rows(Task, closed_at=None)}
    assert waiting == {"BUREAU": (["GRANT", "RETURN", "REJECT"], date(2026, 3, 3)), "COMMITTEE": (["CONTRACT"], None)}
    await case.do(case.bureau, funds.grant)
    assert (await case.now()).approved_amount == 9_000


async def test_another_danger_is_decided_by_the_township_not_by_the_committee(stage: Stage) -> None:
    case = await _report(stage, emergency_code=EmergencyCode.OTHER_SAFETY)
    await case.site_checked()
    assert (await case.refused(case.body, funds.approve)).code is ErrorCode.FORBIDDEN_ROLE
    await case.do(case.township, funds.approve)
    assert (await case.now()).state == S.APPROVED_DIRECT


async def test_what_is_no_emergency_goes_on_as_an_ordinary_request(case: Case) -> None:
    await case.site_checked()
    early = await case.refused(case.company, emergency_funds.continue_ordinary)
    assert early.code is ErrorCode.ACTION_NOT_AVAILABLE
    await case.do(case.body, emergency_funds.decline, reason="仅异响，不影响安全")
    assert (await case.now()).state == S.NOT_EMERGENCY
    await case.do(case.company, emergency_funds.continue_ordinary)
    (ordinary,) = await case.stage.rows(FundRequest, kind="ORDINARY")
    assert (ordinary.state, ordinary.origin_id, ordinary.budget) == (S.DRAFT, case.id, 9_000)


async def test_a_unit_of_another_estate_is_not_the_one_concerned(case: Case) -> None:
    elsewhere = await case.stage.place(name="另一小区（演示）")
    photo = await case.stage.paper(case.bureau, DocumentKind.PHOTO)
    refusal = await case.stage.refused(
        case.company,
        emergency_funds.report,
        estate_id=case.place.estate.id,
        concerned_unit_id=elsewhere.units[0].id,
        document_ids=[photo.id],
        **PLAN,
    )
    assert refusal == Refusal(ErrorCode.NOT_FOUND, "concernedUnitId")
