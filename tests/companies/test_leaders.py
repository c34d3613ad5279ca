"""Project leaders: appointed in served areas, reported, replaced; the board is due anew (COM-20, TQ-69, TQ-70)."""

from datetime import timedelta
from typing import Any

import pytest

from domain.calendar import add_working_days
from domain.errors import ErrorCode
from domain.roles import Role
from models.companies import ProjectLeader
from models.disclosures import DisclosureEntry
from resolvers import companies, leaders
from tests.project import Project


def appointment(project: Project, staff: Any, **changes: Any) -> dict[str, Any]:
    return {
        "staff_id": staff.id,
        "certificate_number": "P-1",
        "appointed_on": project.world.today,
        "work_phone": "0533-1234567",
        **changes,
    }


async def test_a_leader_is_appointed_where_the_company_serves(project: Project) -> None:
    world = project.world
    staff = await project.staff(phone=world.phone())
    given = {"area_id": project.area.id, **appointment(project, staff)}
    await world.refused(project.admin, leaders.appoint, ErrorCode.NOT_FOUND, "areaId", **given)
    await project.signed()
    await world.refused(project.admin, leaders.appoint, ErrorCode.FIRM_NOT_FILED, **given)
    await project.filed_company()
    await world.refused(project.admin, leaders.appoint, ErrorCode.REQUIRED, **{**given, "certificate_number": " "})
    leader = await world.do(project.admin, leaders.appoint, **given)
    person = await world.actor(account_id=staff.account_id)
    assert {(grant.role, grant.area_id) for grant in person.grants} == {
        (Role.COMPANY_STAFF, None),
        (Role.PROJECT_LEADER, project.area.id),
    }
    await world.refused(project.admin, leaders.appoint, ErrorCode.ALREADY_REGISTERED, "areaId", **given)
    await world.refused(
        project.admin,
        companies.staff_dismiss,
        ErrorCode.ACTION_NOT_AVAILABLE,
        "id",
        id=staff.id,
        employed_to=world.today,
    )
    for who, seen in ((project.owner, True), (project.chair, True), (project.community, True)):
        assert (leader.id in await world.sees(who, ProjectLeader)) is seen
    stranger = await world.community_office(world.other_community)
    assert await world.sees(stranger, ProjectLeader) == set()


@pytest.mark.requirement("TQ-70")
async def test_a_new_leader_makes_the_board_due_within_three_working_days(project: Project) -> None:
    world = project.world
    await project.filed_company()
    await project.signed()
    first, second = await project.staff(phone=world.phone()), await project.staff(phone=world.phone())
    leader = await world.do(project.admin, leaders.appoint, area_id=project.area.id, **appointment(project, first))
    (entry,) = await world.rows(DisclosureEntry, item="COMPANY_AND_LEADER")
    assert entry.due_on == add_working_days(world.today, 3)
    reported = await world.do(project.community, leaders.report, id=leader.id)
    assert (reported.state, reported.reported_on) == ("REPORTED", world.today)
    await world.refused(project.community, leaders.report, ErrorCode.ACTION_NOT_AVAILABLE, id=leader.id)
    world.now += timedelta(days=1)
    await world.refused(
        project.admin,
        leaders.replace,
        ErrorCode.REQUIRED,
        "reason",
        id=leader.id,
        reason=" ",
        **appointment(project, second),
    )
    successor = await world.do(
        project.admin, leaders.replace, id=leader.id, reason="调岗", **appointment(project, second)
    )
    (former,) = await world.rows(ProjectLeader, id=leader.id)
    assert (former.state, former.ended_on, former.replaced_by_id) == ("REPLACED", world.today, successor.id)
    assert Role.PROJECT_LEADER not in (await world.actor(account_id=first.account_id)).roles
    assert Role.PROJECT_LEADER in (await world.actor(account_id=second.account_id)).roles
    await world.refused(
        project.admin,
        leaders.replace,
        ErrorCode.ACTION_NOT_AVAILABLE,
        id=leader.id,
        reason="x",
        **appointment(project, first),
    )
