"""Boards (公示): posted by whom it concerns, immutable, superseded, proven, due (RULES §7, DIS-3)."""

from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from domain.disclosures import RULES, TQ_BOARD, DisclosureClass, DisclosureItem, next_due, posted_until
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.roles import Role
from models.disclosures import Disclosure, DisclosureEntry, DisclosureProof
from resolvers import disclosures
from tests.database import Database
from tests.project import Project, paper

I = DisclosureItem  # noqa: E741


def posting(item: DisclosureItem = I.CHARGES, **changes: Any) -> dict[str, Any]:
    return {
        "item": item,
        "title": "收费项目公示",
        "body": "物业服务费 1.20元/㎡·月（虚构）",
        "objection_contact": "社区居委会",
        "content": {"prices": {"WY-01": 120}},
        **changes,
    }


async def serving(project: Project) -> None:
    await project.filed_company()
    await project.effective(starts_on=project.world.today + timedelta(days=1))


@pytest.mark.requirement("ZS-20", "TQ-69")
async def test_a_company_posts_on_the_boards_it_serves(project: Project) -> None:
    world = project.world
    given = {"area_id": project.area.id, **posting()}
    await project.signed()
    await world.refused(project.admin, disclosures.post, ErrorCode.FORBIDDEN_ROLE, "areaId", **given)
    await project.filed_company()
    await project.effective(number="HT-2", starts_on=world.today + timedelta(days=1))
    posted = await world.do(project.admin, disclosures.post, **given)
    assert (posted.version, posted.posted_on, posted.publisher_role) == (1, world.today, "COMPANY_ADMIN")
    assert posted.company_id == project.company.id
    assert posted.content == {"prices": {"WY-01": 120}}
    # Everything that the two policies list hangs on the board and is read there by the owners.
    covenant = {"item": I.COVENANT}
    for item in {*TQ_BOARD, I.COMPANY_AND_LEADER, I.SERVICE_STANDARD, I.CHARGES, I.CONTRACT, I.COMPLAINT_CHANNELS}:
        await world.do(project.admin, disclosures.post, **{**given, "item": item})
    await world.do(project.chair, disclosures.post, **{**given, **covenant})
    board = {entry.item for entry in await world.rows(DisclosureEntry) if entry.current_id is not None}
    assert board >= {
        # TQ-69: leader and phones, content and standard, charges, maintainers, parking, apportionment, accounts, lifts
        "COMPANY_AND_LEADER",
        "SERVICE_STANDARD",
        "CHARGES",
        "MAINTAINERS",
        "PARKING",
        "UTILITY_SHARES",
        "SERVICE_ACCOUNTS",
        "COMMON_INCOME",
        "ELEVATOR_SPENDING",
        # ZS-20 besides: main contract terms, covenant, complaint channels
        "CONTRACT",
        "COVENANT",
        "COMPLAINT_CHANNELS",
    }
    read = await world.sees(project.owner, Disclosure)
    assert {row.item for row in await world.rows(Disclosure) if row.id in read} >= board
    for who, field, changes in (
        (project.owner, None, {}),
        (project.chair, None, {}),
        (project.price, None, {}),
        (project.admin, "title", {"title": " "}),
        (project.admin, "objectionContact", {"objection_contact": ""}),
    ):
        code = ErrorCode.REQUIRED if field else ErrorCode.FORBIDDEN_ROLE
        await world.refused(who, disclosures.post, code, field, **{**given, **changes})


@pytest.mark.requirement("TQ-70")
async def test_a_new_version_supersedes_and_nothing_posted_changes(project: Project, database: Database) -> None:
    world = project.world
    await serving(project)
    about_once = {"area_id": project.area.id, **posting(I.SERVICE_STANDARD)}
    first = await world.do(project.admin, disclosures.post, **about_once)
    second = await world.do(project.admin, disclosures.post, **{**about_once, "body": "二级服务"})
    assert (second.entry_id, second.version, second.supersedes_id) == (first.entry_id, 2, first.id)
    assert second.digest != first.digest
    (entry,) = await world.rows(DisclosureEntry, item="SERVICE_STANDARD")
    assert (entry.current_id, entry.current_version) == (second.id, 2)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("SET ROLE anju_app")
        connection.execute("SELECT set_config('anju.counties', %s, false)", [world.county])
        for statement in ("UPDATE disclosure SET body = 'x'", "DELETE FROM disclosure"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    kept = await world.rows(Disclosure, entry_id=first.entry_id)
    assert [row.body for row in kept] == [first.body, "二级服务"]


async def test_one_entry_for_each_list_unless_it_continues_one(project: Project) -> None:
    world = project.world
    await serving(project)
    given = {"area_id": project.area.id, **posting()}
    first = await world.do(project.admin, disclosures.post, **given)
    other = await world.do(project.admin, disclosures.post, **given)
    more = await world.do(project.admin, disclosures.post, **given, entry_id=first.entry_id)
    assert (other.version, other.entry_id == first.entry_id) == (1, False)
    assert (more.version, more.entry_id) == (2, first.entry_id)
    await world.refused(
        project.admin,
        disclosures.post,
        ErrorCode.INVALID_INPUT,
        "entryId",
        **{**given, "item": I.EXTRA_SERVICES},
        entry_id=first.entry_id,
    )


async def test_an_entry_is_taken_down_when_its_period_is_over(project: Project) -> None:
    world = project.world
    given = {"area_id": project.area.id, **posting(I.FUND_PLAN), "posted_days": 3}
    posted = await world.do(project.chair, disclosures.post, **given)
    assert posted.posted_until == world.today + timedelta(days=7)  # the rule's seven days are the least
    await world.refused(
        project.chair, disclosures.take_down, ErrorCode.POSTING_PERIOD_NOT_OVER, id=posted.id, reason="x"
    )
    world.now += timedelta(days=8)
    await world.refused(project.chair, disclosures.take_down, ErrorCode.REQUIRED, "reason", id=posted.id, reason=" ")
    last = await world.do(project.chair, disclosures.take_down, id=posted.id, reason="公示期满")
    assert (last.version, last.withdrawn, last.body) == (2, True, "公示期满")
    await world.refused(project.chair, disclosures.take_down, ErrorCode.VERSION_CONFLICT, id=posted.id, reason="again")


async def test_proof_is_a_photo_with_place_and_time(project: Project) -> None:
    world = project.world
    posted = await world.do(project.chair, disclosures.post, area_id=project.area.id, **posting(I.COMMITTEE_REPORT))
    shown = await paper(world, project.chair, DocumentKind.OTHER)
    given: dict[str, Any] = {"id": posted.id, "document_id": shown, "place": "1号楼公示栏", "taken_at": world.now}
    later = {**given, "taken_at": world.now + timedelta(hours=1)}
    await world.refused(project.chair, disclosures.proof_add, ErrorCode.OUT_OF_RANGE, "takenAt", **later)
    await world.refused(project.chair, disclosures.proof_add, ErrorCode.REQUIRED, "place", **{**given, "place": ""})
    proof = await world.do(project.chair, disclosures.proof_add, **given)
    assert isinstance(proof.taken_at, datetime)
    assert await world.sees(project.owner, DisclosureProof) == {proof.id}


@pytest.mark.requirement("ZS-22", "TQ-71")
async def test_the_area_reads_its_board_on_the_network(project: Project) -> None:
    world = project.world
    await serving(project)
    posted = await world.do(project.admin, disclosures.post, area_id=project.area.id, **posting(I.SERVICE_STANDARD))
    charges = await world.do(project.admin, disclosures.post, area_id=project.area.id, **posting())
    both = {posted.id, charges.id}
    for who in (project.owner, project.chair, project.admin, project.community, project.street, project.bureau):
        assert await world.sees(who, Disclosure) == both
    for office in (project.price, project.market):
        assert await world.sees(office, Disclosure) == {charges.id}
    tenant = await world.person(Role.TENANT, unit_id=project.unit.id)
    assert await world.sees(tenant, Disclosure) == both
    stranger = await world.person(Role.OWNER, unit_id=posted.id)
    bank = await world.person(Role.BANK, scopes=("filings:public",))
    elsewhere = await world.community_office(world.other_community)
    for who in (stranger, bank, elsewhere):
        assert await world.sees(who, Disclosure) == set()


@pytest.mark.requirement("TQ-72")
async def test_extra_services_are_posted_with_their_prices(project: Project) -> None:
    world = project.world
    await serving(project)
    posted = await world.do(
        project.admin,
        disclosures.post,
        area_id=project.area.id,
        **posting(I.EXTRA_SERVICES, content={"prices": {"YL-01": 5_000}}),
    )
    hanging = await world.do(
        project.admin, disclosures.current, area_id=project.area.id, item=I.EXTRA_SERVICES, subject_id=project.area.id
    )
    assert hanging.id == posted.id


async def test_validity_runs_out(project: Project) -> None:
    world = project.world
    await serving(project)
    given = {"area_id": project.area.id, **posting(I.PARKING)}
    await world.refused(
        project.admin,
        disclosures.post,
        ErrorCode.OUT_OF_RANGE,
        "validTo",
        **given,
        valid_to=world.today - timedelta(days=1),
    )
    await world.do(project.admin, disclosures.post, **given, valid_to=world.today + timedelta(days=1))
    look: dict[str, Any] = {"area_id": project.area.id, "item": I.PARKING, "subject_id": project.area.id}
    assert await world.do(project.admin, disclosures.current, **look) is not None
    world.now += timedelta(days=2)
    assert await world.do(project.admin, disclosures.current, **look) is None


def test_every_item_has_a_rule() -> None:
    assert set(RULES) == set(DisclosureItem)
    assert {item for item, rule in RULES.items() if rule.sort is DisclosureClass.LONG_TERM} >= {I.CONTRACT, I.CHARGES}


@pytest.mark.parametrize(
    ("item", "posted", "due"),
    [
        (I.COMMON_INCOME, date(2026, 1, 5), date(2026, 4, 30)),
        (I.COMMON_INCOME, date(2026, 12, 31), date(2027, 2, 1)),  # 31 January 2027 is a Sunday
        (I.PARKING, date(2026, 6, 30), date(2026, 7, 31)),
        (I.PARKING, date(2026, 7, 1), date(2027, 2, 1)),
        (I.SERVICE_ACCOUNTS, date(2026, 5, 1), date(2027, 3, 31)),
        (I.CHARGES, date(2026, 5, 1), None),
    ],
)
def test_periodic_items_come_due_after_their_period(item: DisclosureItem, posted: date, due: date | None) -> None:
    assert next_due(item, posted) == due


@pytest.mark.parametrize(
    ("item", "days", "until"),
    [
        (I.FUND_PLAN, None, date(2026, 3, 9)),
        (I.FUND_PLAN, 5, date(2026, 3, 9)),
        (I.FUND_PLAN, 10, date(2026, 3, 12)),
        (I.CHARGES, None, None),
        (I.CHARGES, 2, date(2026, 3, 4)),
    ],
)
def test_a_posting_hangs_at_least_its_days(item: DisclosureItem, days: int | None, until: date | None) -> None:
    assert posted_until(item, date(2026, 3, 2), days) == until
