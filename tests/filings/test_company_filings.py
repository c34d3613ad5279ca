"""Company filing (SM-1): who files in which county, what it takes, how it ends; certificates and their check."""

from datetime import timedelta

import pytest

from domain.companies import StaffKind
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.filing_records import CancellationTestKind, digest
from domain.profiles import profile_for_test
from models.cases import AuditEvent, Review, Task
from models.companies import Company
from models.documents import Document
from models.filings import Filing, FilingSubmission
from resolvers import company_filings, filing_partners, filings
from resolvers.cases import timers
from tests.project import COMPANY_PAPERS, Project, paper, papers, without_serial
from tests.world import World


async def _state(project: Project) -> tuple[str, str]:
    (filing,) = await project.world.rows(Filing)
    (company,) = await project.world.rows(Company)
    return filing.state, company.state


@pytest.mark.requirement("GT-7", "GT-8", "GT-15", "GT-19")
async def test_gaotai_has_every_company_reviewed_by_market_township_and_community_before_the_bureau(
    world: World,
) -> None:
    profile_for_test(world.county, copy_of="620724")
    project = await Project.build(world)
    filing = await project.company_filing()
    await world.refused(project.market, filings.take_in, ErrorCode.FORBIDDEN_ROLE, id=filing.id)  # the bureau leads
    await world.do(project.bureau, filings.take_in, id=filing.id)
    opened = [task for task in await world.rows(Task, case_id=filing.id) if task.closed_at is None]
    assert {(task.role, *task.actions) for task in opened} == {
        ("BUREAU", "RETURN"),
        ("MARKET", "REVIEW", "RETURN"),
        ("TOWNSHIP", "REVIEW", "RETURN"),
        ("COMMUNITY", "REVIEW", "RETURN"),
    }
    # Whoever reviews reads the company and its papers, although it is not listed yet.
    papers_of = {document.id for document in await world.rows(Document, subject_id=filing.id)}
    for office in (project.market, project.street, project.community):
        await world.refused(project.bureau, filings.approve, ErrorCode.ACTION_NOT_AVAILABLE, id=filing.id)
        assert project.company.id in await world.sees(office, Company)
        assert papers_of <= await world.sees(office, Document)
        await world.do(office, filings.review, id=filing.id, opinion="属实")
    elsewhere = await world.community_office(world.other_community)
    assert project.company.id not in await world.sees(elsewhere, Company)
    filed = await world.do(project.bureau, filings.approve, id=filing.id)
    assert (filed.state, filed.copied_to) == ("FILED", ["COMMUNITY", "TOWNSHIP"])


@pytest.mark.requirement("GT-7")
async def test_a_reviewing_office_returns_a_company_whose_licence_is_not_in_order(world: World) -> None:
    profile_for_test(world.county, copy_of="620724")
    project = await Project.build(world)
    filing = await project.company_filing()
    await world.do(project.bureau, filings.take_in, id=filing.id)
    await world.do(project.street, filings.review, id=filing.id)
    returned = await world.do(project.market, filings.return_, id=filing.id, reasons=["营业执照已注销"])
    assert (returned.state, returned.returned_reasons) == ("RETURNED", ["营业执照已注销"])


async def test_a_past_suspension_is_no_time_of_effect(project: Project) -> None:
    world = project.world
    filing = await project.filed_company()
    filed_on = world.today
    await world.do(
        project.bureau,
        company_filings.rectification_order,
        id=filing.id,
        reason="项目负责人未到岗",
        rectify_by=world.today + timedelta(days=1),
    )
    world.now += timedelta(days=2)
    await world.do(project.bureau, company_filings.suspend, id=filing.id, reason="逾期未整改")
    suspended_on = world.today
    world.now += timedelta(days=5)
    (filing,) = await world.rows(Filing)
    assert not filing_partners.has_effect(filing, world.today)
    await world.do(project.bureau, company_filings.rectification_clear, id=filing.id)
    (filing,) = await world.rows(Filing)
    effect = {
        day: filing_partners.has_effect(filing, day)
        for day in (filed_on, suspended_on, world.today - timedelta(days=1), world.today)
    }
    assert list(effect.values()) == [True, False, False, True]


async def test_a_company_files_with_the_bureau(project: Project) -> None:
    filing = await project.company_filing()
    assert (filing.state, filing.round, filing.published) == ("SUBMITTED", 1, False)
    assert without_serial(filing.number) == "QYBA-2026-"
    await project.world.do(project.bureau, filings.take_in, id=filing.id)
    filed = await project.world.do(project.bureau, filings.approve, id=filing.id)
    assert (filed.state, filed.published) == ("FILED", True)
    assert without_serial(filed.certificate_number) == f"物企备{project.world.county}-2026-"
    assert (filed.decided_on, filed.effective_from, filed.effective_to) == (
        project.world.today,
        project.world.today,
        None,
    )
    (company,) = await project.world.rows(Company)
    assert (company.state, company.listed) == ("FILED", True)
    (review,) = await project.world.rows(Review)
    assert (review.action, review.role, review.decision) == ("FILE", "BUREAU", "FILED")


@pytest.mark.requirement("SL-17", "SL-19")
async def test_in_shuangliao_the_street_files_and_the_bureau_holds_a_copy(world: World) -> None:
    profile_for_test(world.county, copy_of="220382")
    project = await Project.build(world)
    await project.staff(StaffKind.TECHNICIAN, certificate_number="T-1")
    await project.staff(StaffKind.MANAGER, training_name="物业经理培训")
    filing = await project.company_filing()
    await world.refused(project.bureau, filings.take_in, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    await world.do(project.street, filings.take_in, id=filing.id)
    await world.refused(project.bureau, filings.approve, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    filed = await world.do(project.street, filings.approve, id=filing.id)
    assert without_serial(filed.certificate_number) == f"物企备{world.township}-2026-"
    assert filed.copied_to == ["BUREAU"]


@pytest.mark.requirement("SL-18")
async def test_shuangliao_asks_for_technical_staff_and_a_certified_manager(world: World) -> None:
    profile_for_test(world.county, copy_of="220382")
    project = await Project.build(world)
    filing = await world.do(project.admin, company_filings.open_, company_id=project.company.id)
    all_papers = await papers(world, project.admin, *COMPANY_PAPERS)
    await world.refused(
        project.admin, company_filings.submit, ErrorCode.STAFF_REQUIRED, id=filing.id, document_ids=all_papers
    )
    await project.staff(StaffKind.TECHNICIAN, certificate_number="T-1")
    await project.staff(StaffKind.MANAGER)
    await world.refused(
        project.admin, company_filings.submit, ErrorCode.STAFF_REQUIRED, id=filing.id, document_ids=all_papers
    )
    await project.staff(StaffKind.MANAGER, training_name="物业经理培训")
    submitted = await world.do(project.admin, company_filings.submit, id=filing.id, document_ids=all_papers)
    assert submitted.state == "SUBMITTED"


@pytest.mark.requirement("SL-18")
async def test_every_paper_is_needed(project: Project) -> None:
    world = project.world
    filing = await world.do(project.admin, company_filings.open_, company_id=project.company.id)
    some = await papers(world, project.admin, *COMPANY_PAPERS[:-1])
    refusal = await world.refused(
        project.admin, company_filings.submit, ErrorCode.MISSING_DOCUMENT, id=filing.id, document_ids=some
    )
    assert refusal.params["documents"] == [DocumentKind.OFFICE_PROOF]
    await world.refused(
        project.admin, company_filings.open_, ErrorCode.ALREADY_REGISTERED, "companyId", company_id=project.company.id
    )


async def test_a_returned_filing_comes_back_or_lapses(project: Project) -> None:
    world = project.world
    filing = await project.company_filing()
    await world.do(project.bureau, filings.take_in, id=filing.id)
    await world.refused(project.bureau, filings.return_, ErrorCode.REQUIRED, "reason", id=filing.id, reasons=[" "])
    returned = await world.do(project.bureau, filings.return_, id=filing.id, reasons=["营业执照不清晰", "缺人员证书"])
    assert (returned.state, returned.returned_reasons) == ("RETURNED", ["营业执照不清晰", "缺人员证书"])
    assert returned.resubmit_by == world.today + timedelta(days=10)
    tasks = [task for task in await world.rows(Task) if task.closed_at is None]
    assert [(task.role, task.actions, task.due_on) for task in tasks] == [
        ("COMPANY_ADMIN", ["RESUBMIT"], returned.resubmit_by)
    ]
    again = await world.do(
        project.admin,
        filings.resubmit,
        id=filing.id,
        document_ids=[await paper(world, project.admin, DocumentKind.BUSINESS_LICENCE)],
    )
    assert (again.state, again.round, again.returned_reasons, again.resubmit_by) == ("SUBMITTED", 2, [], None)
    first, second = await world.rows(FilingSubmission)
    assert len(first.content["documents"]) == 5
    assert len(second.content["documents"]) == 6
    assert again.digest == second.digest == digest(second.content) != first.digest

    await world.do(project.bureau, filings.take_in, id=filing.id)
    await world.do(project.bureau, filings.return_, id=filing.id, reasons=["再补正"])
    world.now += timedelta(days=11)
    await world.refused(project.admin, filings.resubmit, ErrorCode.LATE, id=filing.id)
    await world.tick(timers)
    assert await _state(project) == ("LAPSED", "UNFILED")


async def test_the_applicant_withdraws_what_is_not_decided(project: Project) -> None:
    world = project.world
    filing = await project.company_filing()
    await world.refused(project.bureau, filings.withdraw, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    withdrawn = await world.do(project.admin, filings.withdraw, id=filing.id, reason="材料有误")
    assert withdrawn.state == "WITHDRAWN"
    again = await world.do(project.admin, company_filings.open_, company_id=project.company.id)
    assert without_serial(again.number) == "QYBA-2026-"


async def test_a_change_is_reported_and_filed_under_the_same_certificate(project: Project) -> None:
    world = project.world
    filed = await project.filed_company()
    reported = await world.do(
        project.admin,
        company_filings.change_report,
        id=filed.id,
        changed_on=world.today,
        what="办公地址变更",
        document_ids=[await paper(world, project.admin, DocumentKind.OFFICE_PROOF)],
    )
    assert (reported.state, reported.digest) == ("CHANGED", filed.digest)
    accepted = await world.do(project.bureau, company_filings.change_decide, id=filed.id, accepted=True)
    assert (accepted.state, accepted.certificate_number) == ("FILED", filed.certificate_number)
    assert accepted.digest != filed.digest
    old = await world.do(project.owner, filing_partners.verify, number=filed.certificate_number, digest=filed.digest)
    assert (old.matches, old.current, old.effective) == (True, False, True)


async def test_an_order_unheeded_suspends_and_removes(project: Project) -> None:
    world = project.world
    filed = await project.filed_company()
    by = world.today + timedelta(days=5)
    await world.refused(
        project.bureau,
        company_filings.rectification_order,
        ErrorCode.OUT_OF_RANGE,
        id=filed.id,
        reason="未公示",
        rectify_by=world.today,
    )
    ordered = await world.do(
        project.bureau, company_filings.rectification_order, id=filed.id, reason="未公示收费", rectify_by=by
    )
    assert (ordered.state, ordered.rectify_by, ordered.due_on) == ("RECTIFYING", by, by)
    await world.refused(project.bureau, company_filings.suspend, ErrorCode.TOO_EARLY, id=filed.id, reason="逾期未整改")
    world.now += timedelta(days=6)
    await world.do(project.bureau, company_filings.suspend, id=filed.id, reason="逾期未整改")
    assert await _state(project) == ("SUSPENDED", "SUSPENDED")
    removed = await world.do(project.bureau, company_filings.remove, id=filed.id, reason="清退")
    assert await _state(project) == ("REMOVED", "REMOVED")
    assert removed.effective_to == world.today


@pytest.mark.requirement("GT-11")
async def test_a_dead_company_is_cancelled_by_both_offices_after_all_three_tests(project: Project) -> None:
    world = project.world
    filed = await project.filed_company()

    async def record(test: CancellationTestKind, met: bool = True) -> None:
        await world.do(
            project.market,
            company_filings.cancellation_test_record,
            id=filed.id,
            test=test,
            met=met,
            finding="现场核查",
        )

    await record(CancellationTestKind.NO_BUSINESS_RECORD)
    await record(CancellationTestKind.NO_STAFF)
    refusal = await world.refused(
        project.bureau, company_filings.cancel_zombie, ErrorCode.TESTS_NOT_RECORDED, id=filed.id, reason="三无企业"
    )
    assert refusal.params["tests"] == ["no_office"]
    await record(CancellationTestKind.NO_OFFICE, met=False)
    await world.refused(
        project.bureau, company_filings.cancel_zombie, ErrorCode.TESTS_NOT_RECORDED, id=filed.id, reason="三无企业"
    )
    await record(CancellationTestKind.NO_OFFICE)
    await world.refused(
        project.street, company_filings.cancel_zombie, ErrorCode.FORBIDDEN_ROLE, id=filed.id, reason="三无企业"
    )
    await world.do(project.market, company_filings.cancel_zombie, id=filed.id, reason="三无企业")
    assert await _state(project) == ("FILED", "FILED")
    await world.do(project.bureau, company_filings.cancel_zombie, id=filed.id, reason="三无企业")
    assert await _state(project) == ("CANCELLED", "CANCELLED")


async def test_the_certificate_is_checked_without_trying_numbers_out(project: Project) -> None:
    world = project.world
    filed = await project.filed_company()
    number = filed.certificate_number
    good = await world.do(project.owner, filing_partners.verify, number=number, digest=filed.digest.upper())
    assert (good.matches, good.current, good.effective, good.title) == (True, True, True, project.company.name)
    wrong_digest = await world.do(project.owner, filing_partners.verify, number=number, digest="0" * 64)
    wrong_number = await world.do(project.owner, filing_partners.verify, number=number + "9", digest=filed.digest)
    assert wrong_digest == wrong_number
    assert wrong_digest.matches is False
    assert wrong_digest.title is None


async def test_every_step_is_an_event(project: Project) -> None:
    await project.filed_company()
    (filing,) = await project.world.rows(Filing)
    events = await project.world.rows(AuditEvent, subject_id=filing.id)
    assert [(event.action, event.to_state, event.role) for event in events] == [
        ("OPEN", "DRAFT", "COMPANY_ADMIN"),
        ("SUBMIT", "SUBMITTED", "COMPANY_ADMIN"),
        ("TAKE_IN", "UNDER_REVIEW", "BUREAU"),
        ("FILE", "FILED", "BUREAU"),
    ]


async def test_who_sees_a_company_filing(project: Project) -> None:
    world = project.world
    draft = await world.do(project.admin, company_filings.open_, company_id=project.company.id)
    for who in (project.bureau, project.street, project.market, project.owner, project.price):
        assert await world.sees(who, Filing) == set()
    assert await world.sees(project.admin, Filing) == {draft.id}
    await world.do(
        project.admin,
        company_filings.submit,
        id=draft.id,
        document_ids=await papers(world, project.admin, *COMPANY_PAPERS),
    )
    for who in (project.bureau, project.street, project.market, project.community):
        assert await world.sees(who, Filing) == {draft.id}
    other_street = await world.township_office(world.other_township)
    for who in (project.owner, project.price, project.chair, other_street):
        assert await world.sees(who, Filing) == set()


async def test_a_serial_is_drawn_until_it_is_free(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted serials would tell a company how many others filed between two filings of its own."""
    drawn = iter([90_312, 90_312, 17])
    monkeypatch.setattr("resolvers.filings.secrets.randbelow", lambda _serials: next(drawn))
    world, company = project.world, {"company_id": project.company.id}
    first = await world.do(project.admin, company_filings.open_, **company)
    await world.do(project.admin, filings.withdraw, id=first.id)
    second = await world.do(project.admin, company_filings.open_, **company)
    assert (first.number, second.number) == ("QYBA-2026-090312", "QYBA-2026-000017")
