"""Companies, staff and project leaders: entered, employed, appointed, replaced, barred; who sees them."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.companies import StaffKind, banned_until, may_take_new_project
from domain.errors import ErrorCode
from domain.identifiers import make_credit_code, make_phone
from domain.roles import Role
from models.cases import AuditEvent
from models.companies import Company, CompanyStaff
from models.sealed import reveal
from resolvers import companies
from resolvers.companies import StaffMember
from tests.world import World


def particulars(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "name": "测试物业服务有限公司（演示）",
        "township": world.township,
        "community": world.community,
        "licence_number": "L-1",
        "contact_name": "王小明",
        "contact_phone": make_phone(1),
        **changes,
    }


def admin(world: World) -> StaffMember:
    return StaffMember("李管理", StaffKind.ADMIN, "经理", world.today, phone=world.phone())


async def test_the_bureau_enters_a_company_with_its_first_administrator(world: World) -> None:
    bureau = await world.bureau()
    company = await world.do(
        bureau, companies.register, credit_code=make_credit_code(7), **particulars(world), admin=admin(world)
    )
    assert (company.state, company.listed, company.staff_count) == ("UNFILED", False, 1)
    assert company.contact_phone_mask == "154****0001"
    assert reveal(company, "contact_phone", world.vault) == make_phone(1)
    (staff,) = await world.rows(CompanyStaff)
    person = await world.actor(account_id=staff.account_id)
    assert [(grant.role, grant.company_id) for grant in person.grants] == [(Role.COMPANY_ADMIN, company.id)]
    (event,) = await world.rows(AuditEvent)
    assert (event.action, event.subject_id, event.role) == ("companyRegister", company.id, "BUREAU")


async def test_what_is_entered_must_be_true_to_form(world: World) -> None:
    bureau = await world.bureau()
    street = await world.township_office()
    given: dict[str, Any] = {"credit_code": make_credit_code(7), **particulars(world)}
    await world.do(bureau, companies.register, **given)
    for who, changes, code, field in (
        (bureau, {}, ErrorCode.ALREADY_REGISTERED, "creditCode"),
        (bureau, {"credit_code": "91990000000000071X"}, ErrorCode.INVALID_CREDIT_CODE, "creditCode"),
        (
            bureau,
            {"credit_code": make_credit_code(8), **particulars(world, community=world.other_community)},
            ErrorCode.INVALID_DIVISION,
            "community",
        ),
        (
            bureau,
            {"credit_code": make_credit_code(8), **particulars(world, contact_phone="12")},
            ErrorCode.INVALID_PHONE,
            "contactPhone",
        ),
        (
            street,
            {
                "credit_code": make_credit_code(8),
                **particulars(world, township=world.other_township, community=world.other_community),
            },
            ErrorCode.INVALID_DIVISION,
            "township",
        ),
        (await world.community_office(), {"credit_code": make_credit_code(8)}, ErrorCode.FORBIDDEN_ROLE, None),
    ):
        await world.refused(who, companies.register, code, field, **{**given, **changes})


async def test_grants_follow_employment(world: World) -> None:
    bureau = await world.bureau()
    company = await world.do(
        bureau, companies.register, credit_code=make_credit_code(7), **particulars(world), admin=admin(world)
    )
    (first,) = await world.rows(CompanyStaff)
    boss = await world.actor(account_id=first.account_id)
    clerk = StaffMember(
        "赵技工",
        StaffKind.TECHNICIAN,
        "水电工",
        world.today,
        world.phone(),
        certificate_number="C-1",
        trained_on=world.today,
    )
    staff = await world.do(boss, companies.staff_enroll, company_id=company.id, **vars(clerk))
    assert staff.trained_on == world.today
    person = await world.actor(account_id=staff.account_id)
    assert [grant.role for grant in person.grants] == [Role.COMPANY_STAFF]
    await world.refused(
        boss, companies.staff_enroll, ErrorCode.ALREADY_REGISTERED, "phone", company_id=company.id, **vars(clerk)
    )
    await world.refused(
        person, companies.staff_enroll, ErrorCode.FORBIDDEN_ROLE, company_id=company.id, **vars(admin(world))
    )
    await world.do(boss, companies.staff_dismiss, id=staff.id, employed_to=world.today)
    assert [grant.role for grant in (await world.actor(account_id=staff.account_id)).grants] == [Role.COMPANY_STAFF]
    world.now += timedelta(days=1)
    assert (await world.actor(account_id=staff.account_id)).grants == ()
    assert [row.staff_count for row in await world.rows(Company)] == [1]
    await world.refused(
        boss, companies.staff_dismiss, ErrorCode.ACTION_NOT_AVAILABLE, "id", id=staff.id, employed_to=world.today
    )


async def test_an_office_gives_a_company_no_second_administrator(world: World) -> None:
    bureau, street = await world.bureau(), await world.township_office()
    company = await world.do(bureau, companies.register, credit_code=make_credit_code(7), **particulars(world))
    first = await world.do(street, companies.staff_enroll, company_id=company.id, **vars(admin(world)))
    for office in (bureau, street):
        await world.refused(
            office,
            companies.staff_enroll,
            ErrorCode.FORBIDDEN_ROLE,
            "kind",
            company_id=company.id,
            **vars(admin(world)),
        )
    boss = await world.actor(account_id=first.account_id)
    await world.do(boss, companies.staff_enroll, company_id=company.id, **vars(admin(world)))
    await world.refused(street, companies.staff_dismiss, ErrorCode.FORBIDDEN_ROLE, id=first.id, employed_to=world.today)


async def test_one_login_serves_two_companies(world: World) -> None:
    bureau = await world.bureau()
    same = admin(world)
    for number in (7, 8):
        await world.do(
            bureau,
            companies.register,
            credit_code=make_credit_code(number),
            **particulars(world),
            admin=same,
        )
    first, second = await world.rows(CompanyStaff)
    assert first.account_id == second.account_id
    assert len((await world.actor(account_id=first.account_id)).grants) == 2


async def test_who_sees_companies_and_staff(world: World) -> None:
    bureau = await world.bureau()
    company = await world.do(
        bureau, companies.register, credit_code=make_credit_code(7), **particulars(world), admin=admin(world)
    )
    (staff,) = await world.rows(CompanyStaff)
    boss = await world.actor(account_id=staff.account_id)
    rival = await world.person(Role.COMPANY_ADMIN, company_id=staff.id)
    street, other_street = await world.township_office(), await world.township_office(world.other_township)
    bank = await world.person(Role.BANK, scopes=("filings:public",))
    for who, sees_company, sees_staff in (
        (boss, True, True),
        (bureau, True, True),
        (street, True, True),
        (other_street, False, False),
        (rival, False, False),
        (bank, False, False),
    ):
        assert await world.sees(who, Company) == ({company.id} if sees_company else set())
        assert await world.sees(who, CompanyStaff) == ({staff.id} if sees_staff else set())


@pytest.mark.parametrize(
    ("listed_on", "corrected_on", "on", "allowed"),
    [
        (None, None, date(2025, 5, 10), True),
        (date(2024, 5, 10), date(2024, 8, 1), date(2025, 5, 10), False),
        (date(2024, 5, 10), date(2024, 8, 1), date(2025, 5, 11), True),
        (date(2024, 5, 10), None, date(2026, 1, 1), False),
        (date(2024, 5, 10), date(2026, 1, 2), date(2026, 1, 1), False),
    ],
)
def test_the_ban_lasts_a_year_and_until_correction(
    listed_on: date | None, corrected_on: date | None, on: date, allowed: bool
) -> None:
    assert may_take_new_project(listed_on, corrected_on, on) is allowed


def test_a_ban_from_a_leap_day_ends_with_february() -> None:
    assert banned_until(date(2024, 2, 29), corrected=True) == date(2025, 2, 28)


async def test_the_bureau_records_the_black_list(world: World) -> None:
    bureau = await world.bureau()
    company = await world.do(bureau, companies.register, credit_code=make_credit_code(7), **particulars(world))
    listed = await world.do(
        bureau, companies.blacklist_record, id=company.id, listed_on=world.today, reason="挪用公共收益"
    )
    assert (listed.blacklisted_on, listed.blacklist_corrected_on) == (world.today, None)
    await world.refused(
        await world.township_office(),
        companies.blacklist_record,
        ErrorCode.FORBIDDEN_ROLE,
        id=company.id,
        listed_on=world.today,
        reason="x",
    )
    await world.refused(
        bureau,
        companies.blacklist_record,
        ErrorCode.OUT_OF_RANGE,
        "correctedOn",
        id=company.id,
        listed_on=world.today,
        reason="x",
        corrected_on=world.today - timedelta(days=1),
    )
