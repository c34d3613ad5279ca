"""Bodies of owners as attested records: lawful size and term, grants for the term, filing, end (COM-4..9, COM-18, COM-19)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.committees import BodyKind, MemberPost, MemberStatus, last_day_of_term, size_fault
from domain.errors import ErrorCode
from domain.profiles import profile_for_test
from domain.roles import Role
from models.base import new_id
from models.committees import Committee, CommitteeMember
from models.estates import PropertyArea
from resolvers import areas, committees
from resolvers.committees import MemberDraft
from tests.world import World


async def an_area(world: World) -> PropertyArea:
    bureau = await world.bureau()
    area: PropertyArea = await world.do(
        bureau,
        areas.area_register,
        code=f"A{world.county}",
        name="演示区域",
        township=world.township,
        community=world.community,
        consulted_offices=frozenset({"PLANNING", "CONSTRUCTION", "HOUSING"}),
    )
    return area


def seats(world: World, number: int = 5, **changes: Any) -> list[MemberDraft]:
    chair = MemberDraft(
        name="王主任",
        post=MemberPost.CHAIR,
        phone=world.phone(),
        commitment_signed_on=world.today,
        trained_on=world.today,
    )
    others = [replace(chair, name=f"委员{place}", post=MemberPost.MEMBER, phone=None) for place in range(number - 1)]
    return [replace(member, **changes) for member in (chair, *others)]


def body(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "kind": BodyKind.COMMITTEE,
        "name": "演示业主委员会",
        "term_from": world.today - timedelta(days=30),
        "term_to": world.today + timedelta(days=1000),
        "basis": "业主大会记录",
        **changes,
    }


async def test_an_office_attests_a_body_and_its_members_act_for_the_term(world: World) -> None:
    area, street = await an_area(world), await world.township_office()
    members = [*seats(world), MemberDraft(name="候补", post=MemberPost.RESERVE, phone=world.phone())]
    committee = await world.do(
        street, committees.attest, area_id=area.id, members=[vars(member) for member in members], **body(world)
    )
    assert (committee.state, committee.member_count) == ("ATTESTED", 5)
    (chair,) = await world.rows(CommitteeMember, post="CHAIR")
    assert (chair.name_mask, chair.phone_mask[-4:]) == ("王*", members[0].phone[-4:])  # type: ignore[index]
    person = await world.actor(account_id=chair.account_id)
    assert [(grant.role, grant.committee_id, grant.area_id) for grant in person.grants] == [
        (Role.COMMITTEE, committee.id, area.id)
    ]
    (reserve,) = await world.rows(CommitteeMember, post="RESERVE")
    assert (await world.actor(account_id=reserve.account_id)).grants == ()
    world.now += timedelta(days=1000)
    assert (await world.actor(account_id=chair.account_id)).grants != ()
    world.now += timedelta(days=1)
    assert (await world.actor(account_id=chair.account_id)).grants == ()


async def test_what_is_attested_must_be_lawful(world: World) -> None:
    area, street = await an_area(world), await world.township_office()
    given: dict[str, Any] = {"area_id": area.id, "members": seats(world), **body(world)}
    for changes, code, field in (
        ({"members": seats(world, 3)}, ErrorCode.OUT_OF_RANGE, "members"),
        ({"members": seats(world, 6)}, ErrorCode.OUT_OF_RANGE, "members"),
        ({"members": seats(world, 13)}, ErrorCode.OUT_OF_RANGE, "members"),
        ({"members": seats(world, post=MemberPost.MEMBER)}, ErrorCode.REQUIRED, "members"),
        ({"term_to": world.today + timedelta(days=5 * 366)}, ErrorCode.OUT_OF_RANGE, "termTo"),
        ({"term_from": world.today + timedelta(days=1)}, ErrorCode.OUT_OF_RANGE, "termFrom"),
        ({"basis": ""}, ErrorCode.REQUIRED, "basis"),
        ({"filing_number": "业备1"}, ErrorCode.REQUIRED, "filedOn"),
    ):
        await world.refused(street, committees.attest, code, field, **{**given, **changes})
    await world.refused(
        await world.township_office(world.other_township), committees.attest, ErrorCode.NOT_FOUND, **given
    )
    await world.do(street, committees.attest, **given)
    await world.refused(street, committees.attest, ErrorCode.ALREADY_REGISTERED, "areaId", **given)


@pytest.mark.requirement("GT-18")
async def test_gaotai_asks_a_new_committee_for_model_texts_letters_and_training(world: World) -> None:
    profile_for_test(world.county, copy_of="620724")
    area, street = await an_area(world), await world.township_office()
    given: dict[str, Any] = {"area_id": area.id, "members": seats(world), **body(world)}
    await world.refused(street, committees.attest, ErrorCode.MODEL_TEXT_REQUIRED, "modelTextDeclared", **given)
    given["model_text_declared"] = True
    await world.refused(street, committees.attest, ErrorCode.REQUIRED, "commitmentSigned", **given)
    given["commitment_signed"] = True
    for missing in ("commitment_signed_on", "trained_on"):
        without = {**given, "members": seats(world, **{missing: None})}
        await world.refused(street, committees.attest, ErrorCode.REQUIRED, None, **without)
    assert (await world.do(street, committees.attest, **given)).model_text_declared


async def test_a_committee_takes_the_place_of_the_temporary_body(world: World) -> None:
    area, street = await an_area(world), await world.township_office()
    group = await world.do(
        street,
        committees.attest,
        area_id=area.id,
        members=seats(world, 1),
        **body(world, kind=BodyKind.SELF_MANAGEMENT_GROUP, name="物业自管小组"),
    )
    (lead,) = await world.rows(CommitteeMember, committee_id=group.id)
    committee = await world.do(
        street, committees.attest, area_id=area.id, members=seats(world), **body(world, term_from=world.today)
    )
    (ended,) = await world.rows(Committee, id=group.id)
    assert (ended.state, ended.ended_on, committee.state) == ("ENDED", world.today - timedelta(days=1), "ATTESTED")
    assert (await world.actor(account_id=lead.account_id)).grants == ()


async def test_the_filing_is_recorded_and_may_be_revoked(world: World) -> None:
    area, street = await an_area(world), await world.township_office()
    committee = await world.do(street, committees.attest, area_id=area.id, members=seats(world), **body(world))
    early = {"id": committee.id, "ended_on": world.today, "reason": "x"}
    await world.refused(street, committees.end, ErrorCode.ACTION_NOT_AVAILABLE, "revoked", **early, revoked=True)
    filed = await world.do(
        street, committees.filing_record, id=committee.id, filing_number="业备2026-1", filed_on=world.today
    )
    assert (filed.state, filed.filing_number) == ("FILED", "业备2026-1")
    await world.refused(
        street,
        committees.filing_record,
        ErrorCode.ACTION_NOT_AVAILABLE,
        id=committee.id,
        filing_number="x",
        filed_on=world.today,
    )
    revoked = await world.do(
        street, committees.end, id=committee.id, ended_on=world.today, reason="程序违法", revoked=True
    )
    assert revoked.state == "REVOKED"
    (chair,) = await world.rows(CommitteeMember, post="CHAIR")
    world.now += timedelta(days=1)
    assert (await world.actor(account_id=chair.account_id)).grants == ()


async def test_members_come_and_go(world: World) -> None:
    area, street = await an_area(world), await world.township_office()
    committee = await world.do(street, committees.attest, area_id=area.id, members=seats(world), **body(world))
    (chair,) = await world.rows(CommitteeMember, post="CHAIR")
    leaving: dict[str, Any] = {"id": chair.id, "ended_on": world.today, "reason": "书面辞职"}
    await world.refused(
        street, committees.member_end, ErrorCode.ACTION_NOT_AVAILABLE, **leaving, status=MemberStatus.IN_OFFICE
    )
    gone = await world.do(street, committees.member_end, **leaving, status=MemberStatus.ENDED)
    assert (gone.status, gone.ended_on) == ("ENDED", world.today)
    await world.refused(street, committees.member_end, ErrorCode.ACTION_NOT_AVAILABLE, **leaving, status="ENDED")
    alone: dict[str, Any] = {"committee_id": committee.id, "name": "赵候补", "post": MemberPost.CHAIR}
    for changes, code, field in (  # named as they stand in this input, not as in a list of members
        ({"name": " "}, ErrorCode.REQUIRED, "name"),
        ({"unit_id": new_id()}, ErrorCode.NOT_FOUND, "unitId"),
        ({"phone": "123"}, ErrorCode.INVALID_PHONE, "phone"),
    ):
        await world.refused(street, committees.member_seat, code, field, **{**alone, **changes})
    seated = await world.do(
        street,
        committees.member_seat,
        committee_id=committee.id,
        name="赵候补",
        post=MemberPost.CHAIR,
        phone=world.phone(),
    )
    assert (seated.term_from, seated.term_to) == (world.today, committee.term_to)
    (row,) = await world.rows(Committee)
    assert row.member_count == 5


async def test_who_sees_a_body(world: World) -> None:
    area, street = await an_area(world), await world.township_office()
    committee = await world.do(street, committees.attest, area_id=area.id, members=seats(world), **body(world))
    (chair,) = await world.rows(CommitteeMember, post="CHAIR")
    members = {row.id for row in await world.rows(CommitteeMember)}
    for who in (
        street,
        await world.bureau(),
        await world.community_office(),
        await world.actor(account_id=chair.account_id),
        await world.person(Role.PROJECT_LEADER, company_id=area.id, area_id=area.id),
    ):
        assert await world.sees(who, Committee) == {committee.id}
        assert await world.sees(who, CommitteeMember) == members
    for who in (
        await world.community_office(world.sibling_community),
        await world.person(Role.OWNER, unit_id=area.id),
        await world.person(Role.COMPANY_ADMIN, company_id=area.id),
        await world.person(Role.BANK),
        await world.person(Role.PRICE),
    ):
        assert await world.sees(who, Committee) == set()
        assert await world.sees(who, CommitteeMember) == set()


@pytest.mark.parametrize(
    ("kind", "members", "households", "fault"),
    [
        (BodyKind.COMMITTEE, 5, None, None),
        (BodyKind.COMMITTEE, 3, 99, None),
        (BodyKind.COMMITTEE, 3, 100, "TOO_FEW"),
        (BodyKind.COMMITTEE, 11, 500, None),
        (BodyKind.COMMITTEE, 13, 500, "TOO_MANY"),
        (BodyKind.COMMITTEE, 6, 500, "EVEN"),
        (BodyKind.PMC, 5, 500, "TOO_FEW"),
        (BodyKind.PMC, 7, 500, None),
        (BodyKind.PMC, 8, 500, "EVEN"),
        (BodyKind.PMC, 13, 500, None),
        (BodyKind.SELF_MANAGEMENT_GROUP, 2, 500, None),
        (BodyKind.SELF_MANAGEMENT_GROUP, 0, 500, "TOO_FEW"),
    ],
)
def test_lawful_sizes(kind: BodyKind, members: int, households: int | None, fault: str | None) -> None:
    assert size_fault(kind, members, households) == fault


def test_terms_end_the_day_before_their_anniversary() -> None:
    assert last_day_of_term(date(2021, 3, 1), 5) == date(2026, 2, 28)
    assert last_day_of_term(date(2024, 2, 29), 5) == date(2029, 2, 28)
