"""Filings of project leaders (SM-2), covenants (SM-4) and service premises (ZD-24): handed in, checked, filed, replaced."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.companies import StaffKind
from domain.covenant_filings import CovenantKind
from domain.disclosures import DisclosureItem
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind, ModelTextKind
from domain.identifiers import make_credit_code
from domain.premises_filings import PremisesPurpose, Room, counted_area, premises_large_enough, required_area
from domain.profiles import profile, profile_for_test
from domain.roles import Role
from models.cases import Review, Task
from models.companies import ProjectLeader
from models.disclosures import DisclosureEntry
from models.documents import Document
from models.filings import Filing, ServicePremises
from resolvers import covenant_filings, filings, leader_filings, leaders, model_texts, premises_filings
from resolvers.cases import timers
from tests.project import Project, paper, papers, without_serial
from tests.world import NOON, World

LEADER_PAPERS = (DocumentKind.MANAGER_CERTIFICATE, DocumentKind.APPOINTMENT)
COVENANT_PAPERS = (DocumentKind.COVENANT, DocumentKind.OWNERS_RESOLUTION)
PREMISES_PAPERS = (DocumentKind.PLANNING_PERMIT, DocumentKind.FLOOR_PLAN)


async def county_like(world: World, code: str, **changes: Any) -> Project:
    profile_for_test(world.county, copy_of=code, **changes)
    project = await Project.build(world)
    if code == "220382":
        await project.staff(StaffKind.TECHNICIAN, certificate_number="T-1")
        await project.staff(StaffKind.MANAGER, training_name="培训")
    await project.filed_company()
    return project


async def open_tasks(world: World, filing: Filing) -> list[tuple[str, list[str]]]:
    tasks = await world.rows(Task, case_id=filing.id)
    return [(task.role, task.actions) for task in tasks if task.closed_at is None]


# -- project leaders --------------------------------------------------------------------------------------------------


async def appointed(project: Project) -> ProjectLeader:
    """A leader in post: the company is filed and has a contract for the area."""
    world = project.world
    if not await world.rows(Filing, kind=FilingKind.SERVICE_CONTRACT.value):
        await project.effective(starts_on=world.today + timedelta(days=1))
    member = await project.staff(StaffKind.MANAGER, training_name="培训", phone=world.phone())
    return await world.do(  # type: ignore[no-any-return]
        project.admin,
        leaders.appoint,
        area_id=project.area.id,
        staff_id=member.id,
        certificate_number="P-1",
        appointed_on=world.today,
    )


async def leader_handed_in(project: Project, leader: ProjectLeader) -> Filing:
    world = project.world
    filing = await world.do(project.admin, leader_filings.open_, project_leader_id=leader.id)
    return await world.do(  # type: ignore[no-any-return]
        project.admin,
        leader_filings.submit,
        id=filing.id,
        document_ids=await papers(world, project.admin, *LEADER_PAPERS),
    )


@pytest.mark.requirement("SL-8", "SL-10")
async def test_the_street_files_a_project_leader(world: World) -> None:
    project = await county_like(world, "220382")
    leader = await appointed(project)
    filing = await world.do(project.admin, leader_filings.open_, project_leader_id=leader.id)
    assert (filing.state, without_serial(filing.number), filing.area_id) == ("DRAFT", "FZBA-2026-", project.area.id)
    assert filing.id not in await world.sees(project.street, Filing)
    assert filing.id not in await world.sees(project.chair, Filing)  # a draft is the company's own affair
    again = {"project_leader_id": leader.id}
    await world.refused(project.admin, leader_filings.open_, ErrorCode.ALREADY_REGISTERED, "projectLeaderId", **again)
    refusal = await world.refused(project.admin, leader_filings.submit, ErrorCode.MISSING_DOCUMENT, id=filing.id)
    assert refusal.params["documents"] == ["MANAGER_CERTIFICATE", "APPOINTMENT"]
    given = await papers(world, project.admin, *LEADER_PAPERS)
    filing = await world.do(project.admin, leader_filings.submit, id=filing.id, document_ids=given)
    assert (filing.state, filing.due_on) == ("SUBMITTED", date(2026, 3, 9))  # five days, the last a Sunday
    assert await open_tasks(world, filing) == [("TOWNSHIP", ["FILE", "RETURN"])]
    await world.refused(project.bureau, filings.approve, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    filed = await world.do(project.street, filings.approve, id=filing.id)
    assert without_serial(filed.certificate_number) == f"物负备{world.township}-2026-"
    assert (filed.state, filed.copied_to, filed.published) == ("FILED", ["BUREAU"], False)
    assert filed.content["area"] == {"code": project.area.code, "name": project.area.name}
    assert filing.id in await world.sees(project.chair, Filing)
    assert await open_tasks(world, filed) == []


async def test_a_leaders_filing_ends_with_the_post(project: Project) -> None:
    world = project.world
    await project.filed_company()
    leader = await appointed(project)
    filing = await leader_handed_in(project, leader)
    await world.do(project.street, filings.approve, id=filing.id)
    other = await project.staff(StaffKind.MANAGER, training_name="培训")
    world.now += timedelta(days=3)
    await world.do(
        project.admin,
        leaders.replace,
        id=leader.id,
        staff_id=other.id,
        certificate_number="P-2",
        appointed_on=world.today,
        reason="调岗",
    )
    await world.tick(timers)
    (ended,) = await world.rows(Filing, id=filing.id)
    assert (ended.state, ended.effective_to) == ("TERMINATED", world.today - timedelta(days=1))
    (successor,) = await world.rows(ProjectLeader, ended_on=None)
    assert (await leader_handed_in(project, successor)).state == "SUBMITTED"


async def test_nobody_is_filed_who_left_the_post_or_whose_firm_is_not_filed(project: Project) -> None:
    world = project.world
    await project.filed_company()
    leader = await appointed(project)
    filing = await leader_handed_in(project, leader)
    other = await project.staff(StaffKind.MANAGER, training_name="培训")
    appointment: dict[str, Any] = {"certificate_number": "P-2", "appointed_on": world.today, "reason": "调岗"}
    await world.do(project.admin, leaders.replace, id=leader.id, staff_id=other.id, **appointment)
    await world.refused(project.street, filings.approve, ErrorCode.ACTION_NOT_AVAILABLE, id=filing.id)
    await world.refused(
        project.admin, leader_filings.open_, ErrorCode.ACTION_NOT_AVAILABLE, project_leader_id=leader.id
    )
    returned = await world.do(project.street, filings.return_, id=filing.id, reasons=["已离任"])
    assert returned.state == "RETURNED"
    world.now += timedelta(days=15)
    await world.tick(timers)
    assert [one.state for one in await world.rows(Filing, id=filing.id)] == ["LAPSED"]


# -- covenants --------------------------------------------------------------------------------------------------------


def covenant(project: Project, **changes: Any) -> dict[str, Any]:
    return {
        "area_code": project.area.code,
        "kind": CovenantKind.COVENANT,
        "adopted_on": project.world.today,
        "decision_reference": "业主大会决议2026-2",
        **changes,
    }


async def covenant_handed_in(project: Project, **changes: Any) -> Filing:
    world = project.world
    filing = await world.do(project.chair, covenant_filings.open_, **covenant(project, **changes))
    given = await papers(world, project.chair, *COVENANT_PAPERS)
    return await world.do(project.chair, covenant_filings.submit, id=filing.id, document_ids=given)  # type: ignore[no-any-return]


@pytest.mark.requirement("SL-8")
async def test_the_street_files_the_owners_covenant_and_it_is_published(world: World) -> None:
    project = await county_like(world, "220382")
    filing = await world.do(project.chair, covenant_filings.open_, **covenant(project))
    assert (without_serial(filing.number), filing.due_on) == ("GYBA-2026-", world.today + timedelta(days=30))
    refusal = await world.refused(project.chair, covenant_filings.submit, ErrorCode.MISSING_DOCUMENT, id=filing.id)
    assert refusal.params["documents"] == ["COVENANT", "OWNERS_RESOLUTION"]
    given = await papers(world, project.chair, *COVENANT_PAPERS)
    filing = await world.do(project.chair, covenant_filings.submit, id=filing.id, document_ids=given)
    assert await open_tasks(world, filing) == [("TOWNSHIP", ["FILE", "RETURN"])]
    assert filing.id not in await world.sees(project.owner, Filing)
    filed = await world.do(project.street, filings.approve, id=filing.id)
    assert without_serial(filed.certificate_number) == f"物约备{world.township}-2026-"
    assert (filed.published, filed.copied_to, filed.effective_from) == (True, ["BUREAU"], world.today)
    # The owners read it and its text, not the resolution with its signatures; the board is due anew (ZS-20).
    assert filing.id in await world.sees(project.owner, Filing)
    (text,) = await world.rows(Document, subject_id=filing.id, kind="COVENANT")
    (resolution,) = await world.rows(Document, subject_id=filing.id, kind="OWNERS_RESOLUTION")
    seen = await world.sees(project.owner, Document)
    assert (text.id in seen, resolution.id in seen) == (True, False)
    (entry,) = await world.rows(DisclosureEntry, item=DisclosureItem.COVENANT.value)
    assert entry.due_on == world.today + timedelta(days=3)


async def test_an_amended_covenant_takes_the_place_of_the_former(project: Project) -> None:
    world = project.world
    first = await covenant_handed_in(project)
    await world.refused(
        project.chair, covenant_filings.open_, ErrorCode.ALREADY_REGISTERED, "areaCode", **covenant(project)
    )
    await world.do(project.street, filings.approve, id=first.id)
    world.now += timedelta(days=40)
    second = await covenant_handed_in(project, adopted_on=world.today - timedelta(days=35))
    assert second.late_days == 4  # the thirtieth day was in the Qingming holiday
    await world.do(project.street, filings.approve, id=second.id)
    await world.tick(timers)
    states = {one.id: (one.state, one.effective_to) for one in await world.rows(Filing)}
    assert states == {
        first.id: ("TERMINATED", world.today - timedelta(days=1)),
        second.id: ("FILED", None),
    }


async def test_a_covenant_needs_the_owners_decision_and_the_body_of_the_area(project: Project) -> None:
    world = project.world
    undecided = covenant(project, decision_reference=" ")
    filing = await world.do(project.chair, covenant_filings.open_, **undecided)
    given = await papers(world, project.chair, *COVENANT_PAPERS)
    refused = {"id": filing.id, "document_ids": given}
    await world.refused(project.chair, covenant_filings.submit, ErrorCode.VOTE_NOT_PASSED, **refused)
    for who, changes, code, field in (
        (project.admin, {}, ErrorCode.FORBIDDEN_ROLE, None),
        (project.chair, {"kind": CovenantKind.TEMPORARY_COVENANT}, ErrorCode.FORBIDDEN_ROLE, None),
        (project.admin, {"kind": CovenantKind.TEMPORARY_COVENANT}, ErrorCode.REQUIRED, "developerName"),
        (project.chair, {"area_code": "nowhere"}, ErrorCode.NOT_FOUND, "areaCode"),
        (project.chair, {"adopted_on": world.today + timedelta(days=1)}, ErrorCode.OUT_OF_RANGE, "adoptedOn"),
        (project.chair, {"model_text_id": project.model_text.id}, ErrorCode.INVALID_INPUT, "modelTextId"),
    ):
        await world.refused(who, covenant_filings.open_, code, field, **covenant(project, **changes))


async def test_a_temporary_covenant_comes_from_the_developers_company(project: Project) -> None:
    world = project.world
    given = covenant(
        project, kind=CovenantKind.TEMPORARY_COVENANT, decision_reference=None, developer_name="演示开发公司"
    )
    filing = await world.do(project.admin, covenant_filings.open_, **given)
    refusal = await world.refused(project.admin, covenant_filings.submit, ErrorCode.MISSING_DOCUMENT, id=filing.id)
    assert refusal.params["documents"] == ["COVENANT", "DEVELOPER_MANDATE"]
    with_papers = await papers(world, project.admin, DocumentKind.COVENANT, DocumentKind.DEVELOPER_MANDATE)
    filing = await world.do(project.admin, covenant_filings.submit, id=filing.id, document_ids=with_papers)
    filed = await world.do(project.street, filings.approve, id=filing.id)
    assert (filed.state, filed.content["developer"]) == ("FILED", "演示开发公司")


@pytest.mark.requirement("GT-15", "GT-18", "GT-19")
async def test_gaotai_registers_covenants_and_leaders_with_all_three_offices(world: World) -> None:
    project = await county_like(world, "620724")
    without = await world.do(project.chair, covenant_filings.open_, **covenant(project))
    given = await papers(world, project.chair, *COVENANT_PAPERS)
    await world.refused(
        project.chair, covenant_filings.submit, ErrorCode.MODEL_TEXT_REQUIRED, id=without.id, document_ids=given
    )
    await world.do(project.chair, filings.withdraw, id=without.id)
    text = await world.do(
        project.bureau,
        model_texts.issue,
        kind=ModelTextKind.COVENANT,
        edition="2024版",
        title="管理规约（示范文本）",
        basis="演示文号",
        valid_from=world.today,
    )
    of_committee = await covenant_handed_in(project, model_text_id=text.id)
    of_project = await leader_handed_in(project, await appointed(project))
    for filing in (of_committee, of_project):
        await world.refused(project.bureau, filings.approve, ErrorCode.ACTION_NOT_AVAILABLE, id=filing.id)
        await world.do(project.street, filings.review, id=filing.id)
        checked = await world.do(project.community, filings.review, id=filing.id)
        assert checked.state == "CHECKED"
        filed = await world.do(project.bureau, filings.approve, id=filing.id)
        assert (filed.state, filed.copied_to) == ("FILED", ["COMMUNITY", "TOWNSHIP"])
        roles = {review.role for review in await world.rows(Review, case_id=filing.id)}
        assert roles == {"TOWNSHIP", "COMMUNITY", "BUREAU"}


# -- service premises -------------------------------------------------------------------------------------------------

SHOPFRONT = {"purpose": PremisesPurpose.OFFICE, "location": "1幢1层101", "floor": 1, "area": 22_000}
COMMITTEE_ROOM = {"purpose": PremisesPurpose.COMMITTEE, "location": "1幢1层102", "floor": 1, "area": 2_000}
BASEMENT = {"purpose": PremisesPurpose.STORAGE, "location": "1幢负1层", "floor": -1, "area": 90_000}
DEVELOPER = make_credit_code(424242)


def development(project: Project, **changes: Any) -> dict[str, Any]:
    """80,000.00 m²: 3 per mille are 240.00 m², just what these rooms have."""
    return {
        "area_code": project.area.code,
        "developer_name": "演示开发公司",
        "developer_credit_code": DEVELOPER,
        "permit_number": "建字第演示1号",
        "total_area": 8_000_000,
        "premises": [SHOPFRONT, COMMITTEE_ROOM, BASEMENT],
        **changes,
    }


@pytest.mark.requirement("ZD-24")
async def test_zhangdian_pre_files_the_service_premises_of_a_development(world: World) -> None:
    project = await county_like(world, "370303")
    filing = await world.do(project.admin, premises_filings.open_, **development(project))
    assert (filing.state, without_serial(filing.number), filing.required_area) == ("DRAFT", "YFBA-2026-", 24_000)
    assert filing.id not in await world.sees(project.bureau, Filing)
    refusal = await world.refused(project.admin, premises_filings.submit, ErrorCode.MISSING_DOCUMENT, id=filing.id)
    assert refusal.params["documents"] == ["PLANNING_PERMIT", "FLOOR_PLAN", "DEVELOPER_MANDATE"]
    given = await papers(world, project.admin, *PREMISES_PAPERS, DocumentKind.DEVELOPER_MANDATE)
    filing = await world.do(project.admin, premises_filings.submit, id=filing.id, document_ids=given)
    assert (filing.state, filing.credit_code, filing.content["requiredArea"]) == ("SUBMITTED", DEVELOPER, 24_000)
    assert [room["location"] for room in filing.content["premises"]] == ["1幢1层101", "1幢1层102", "1幢负1层"]
    assert await open_tasks(world, filing) == [("BUREAU", ["FILE", "RETURN"])]
    await world.refused(project.street, filings.approve, ErrorCode.FORBIDDEN_ROLE, id=filing.id)
    filed = await world.do(project.bureau, filings.approve, id=filing.id)
    assert without_serial(filed.certificate_number) == f"物房备{world.county}-2026-"
    assert (filed.state, filed.published, filed.effective_from) == ("FILED", True, world.today)
    rooms = {room.id for room in await world.rows(ServicePremises)}
    for who in (project.owner, project.chair, project.admin, project.street, project.bureau):
        assert await world.sees(who, ServicePremises) == rooms
    assert await world.sees(project.price, ServicePremises) == set()


@pytest.mark.requirement("ZD-24")
async def test_premises_below_the_lawful_share_are_not_taken(project: Project) -> None:
    world = project.world
    given = await papers(world, project.admin, *PREMISES_PAPERS, DocumentKind.DEVELOPER_MANDATE)
    small = {**SHOPFRONT, "area": 21_999}
    filing = await world.do(
        project.admin,
        premises_filings.open_,
        document_ids=given,
        **development(project, premises=[small, COMMITTEE_ROOM, BASEMENT]),
    )
    refusal = await world.refused(project.admin, premises_filings.submit, ErrorCode.PREMISES_TOO_SMALL, id=filing.id)
    assert refusal.sentence("{given_001m2} < {least_001m2}") == "239.99 m² < 240.00 m²"
    changed = development(project, premises=[{**SHOPFRONT, "area": 30_000}])
    del changed["area_code"]
    await world.do(project.admin, premises_filings.change, id=filing.id, **changed)
    await world.refused(project.admin, premises_filings.submit, ErrorCode.COMMITTEE_ROOM_TOO_SMALL, id=filing.id)
    changed["premises"] = [SHOPFRONT, COMMITTEE_ROOM]
    await world.do(project.admin, premises_filings.change, id=filing.id, **changed)
    submitted = await world.do(project.admin, premises_filings.submit, id=filing.id)
    assert (submitted.state, len(await world.rows(ServicePremises))) == ("SUBMITTED", 2)
    await world.refused(
        project.admin, premises_filings.change, ErrorCode.ACTION_NOT_AVAILABLE, "id", id=filing.id, **changed
    )


@pytest.mark.requirement("ZD-24")
async def test_the_bureaus_window_enters_what_a_developer_brings_and_a_colleague_decides(project: Project) -> None:
    world = project.world
    clerk = await world.bureau()
    filing = await world.do(clerk, premises_filings.open_, **development(project))
    assert filing.id in await world.sees(clerk, Filing)
    assert filing.id not in await world.sees(project.bureau, Filing)
    assert await open_tasks(world, filing) == [("BUREAU", ["SUBMIT"])]
    given = await papers(world, clerk, *PREMISES_PAPERS)  # the developer itself is here: no mandate
    filing = await world.do(clerk, premises_filings.submit, id=filing.id, document_ids=given)
    await world.refused(clerk, filings.approve, ErrorCode.OWN_APPLICATION, id=filing.id)
    returned = await world.do(project.bureau, filings.return_, id=filing.id, reasons=["平面图不清晰"])
    assert (returned.state, returned.resubmit_by) == ("RETURNED", world.today + timedelta(days=10))
    plan = await paper(world, clerk, DocumentKind.FLOOR_PLAN)
    again = await world.do(clerk, filings.resubmit, id=filing.id, document_ids=[plan])
    assert (again.state, again.round) == ("SUBMITTED", 2)
    filed = await world.do(project.bureau, filings.approve, id=filing.id)
    assert filed.state == "FILED"
    world.now += timedelta(days=1)
    later = await world.do(clerk, premises_filings.open_, **development(project, permit_number="建字第演示2号"))
    await world.do(
        clerk, premises_filings.submit, id=later.id, document_ids=await papers(world, clerk, *PREMISES_PAPERS)
    )
    await world.do(project.bureau, filings.approve, id=later.id)
    await world.tick(timers)
    assert [one.state for one in await world.rows(Filing, kind="PREMISES")] == ["TERMINATED", "FILED"]


async def test_premises_are_checked_when_they_are_entered(project: Project) -> None:
    world = project.world
    for changes, code, field in (
        ({"area_code": "nowhere"}, ErrorCode.NOT_FOUND, "areaCode"),
        ({"developer_name": " "}, ErrorCode.REQUIRED, "developerName"),
        ({"permit_number": " "}, ErrorCode.REQUIRED, "permitNumber"),
        ({"developer_credit_code": "91350100M000100Y44"}, ErrorCode.INVALID_CREDIT_CODE, "developerCreditCode"),
        ({"total_area": 0}, ErrorCode.OUT_OF_RANGE, "totalArea"),
    ):
        await world.refused(project.admin, premises_filings.open_, code, field, **development(project, **changes))
    await world.do(project.admin, premises_filings.open_, **development(project))
    await world.refused(
        project.admin, premises_filings.open_, ErrorCode.ALREADY_REGISTERED, "areaCode", **development(project)
    )
    (filing,) = await world.rows(Filing, kind="PREMISES")
    foreign = {**SHOPFRONT, "unit_id": filing.id}
    for premises, code, field in (
        ([], ErrorCode.REQUIRED, "premises"),
        ([{**SHOPFRONT, "location": " "}], ErrorCode.REQUIRED, "premises.location"),
        ([{**SHOPFRONT, "area": 0}], ErrorCode.OUT_OF_RANGE, "premises.area"),
        ([{**SHOPFRONT, "floor": 0}], ErrorCode.INVALID_INPUT, "premises.floor"),
        ([foreign], ErrorCode.NOT_FOUND, "premises.unitId"),
    ):
        changed = development(project, premises=premises)
        del changed["area_code"]
        await world.refused(project.admin, premises_filings.change, code, field, id=filing.id, **changed)
    await world.refused(project.chair, premises_filings.open_, ErrorCode.FORBIDDEN_ROLE, **development(project))


async def test_other_counties_pre_file_no_premises(world: World) -> None:
    project = await county_like(world, "451122")
    for who in (project.admin, project.bureau):
        await world.refused(who, premises_filings.open_, ErrorCode.FORBIDDEN_ROLE, **development(project))


ZHANGDIAN = profile("370303", NOON.date())


@given(
    total=st.integers(1, 10**9),
    rooms=st.lists(st.builds(Room, st.sampled_from(PremisesPurpose), st.integers(1, 10**6), st.booleans()), max_size=6),
)
def test_premises_suffice_exactly_when_three_per_mille_and_a_hundred_square_metres_are_above_ground(
    total: int, rooms: list[Room]
) -> None:
    counted = counted_area(ZHANGDIAN, rooms)
    assert counted == sum(room.area for room in rooms if room.above_ground)
    least = required_area(ZHANGDIAN, total)
    assert least >= 10_000
    assert least * 1000 >= total * 3
    assert least == 10_000 or (least - 1) * 1000 < total * 3
    refusal = premises_large_enough(ZHANGDIAN, {"rooms": rooms, "total_area": total})
    enough = counted >= 10_000 and counted * 1000 >= total * 3
    assert (refusal is None) is enough
    assert enough or refusal == Refusal(
        ErrorCode.PREMISES_TOO_SMALL, "premises", given_001m2=counted, least_001m2=least
    )


def test_every_office_that_a_profile_names_exists_in_the_tests() -> None:
    """``Role`` values only: a typo in a profile would be a role that nobody holds."""
    for code in ("220382", "370303", "410927", "451122", "620724"):
        county = profile(code, NOON.date())
        for kind in ("leader", "covenant", "premises"):
            named = {getattr(county, f"{kind}_filing_body"), *getattr(county, f"{kind}_checks")}
            assert named <= {Role.BUREAU, Role.TOWNSHIP, Role.COMMUNITY}
