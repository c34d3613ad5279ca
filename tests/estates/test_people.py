"""Owners and occupants: entered, passed on, ended, with the grants that follow; personal data stays sealed."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.errors import ErrorCode
from domain.estates import OccupancyKind, OwnershipKind
from domain.identifiers import make_credit_code, make_id_number, make_phone
from domain.roles import Role
from models.accounts import Account
from models.base import new_id
from models.estates import Occupancy, Ownership, Unit
from models.people import Owner
from models.sealed import SHARED, Kind, reveal, seal_into
from resolvers import people
from resolvers.unit_of_work import set_fuse
from tests.estates import places
from tests.world import World


async def flat_of(world: World) -> Unit:
    return await places.unit(world, await places.building(world, await places.estate(world)))


async def account_with_phone(world: World, phone: str) -> Any:
    account = Account(id=new_id(), display_name="某人")
    seal_into(account, "phone", phone, Kind.PHONE, world.vault)
    async with world.sessions.begin() as session:
        known = await session.execute(
            text("SELECT id FROM account WHERE phone_index = :index"), {"index": account.phone_index}
        )
        if (row := known.first()) is not None:
            return row[0]
        session.add(account)
    return account.id


@pytest.mark.requirement("ZS-1", "TQ-118")
async def test_a_sole_owner_is_entered_with_sealed_documents(world: World) -> None:
    flat = await flat_of(world)
    await places.owned(world, flat, 7)
    (owner,) = await world.rows(Owner)
    assert (owner.kind, owner.name, owner.name_mask) == ("PERSON", "测试7", "测*")
    assert owner.document_mask == make_id_number(7)[:3] + "*" * 11 + make_id_number(7)[-4:]
    assert reveal(owner, "document", world.vault) == make_id_number(7)
    (held,) = await world.rows(Ownership)
    assert (held.unit_id, held.owner_id, held.kind, held.is_representative) == (flat.id, owner.id, "SOLE", True)
    async with world.sessions() as session:
        await set_fuse(session, {world.county})
        stored = (
            await session.execute(text("SELECT o::text FROM owner o WHERE county = :c"), {"c": world.county})
        ).scalar()
    assert make_id_number(7) not in str(stored)
    assert make_phone(7) not in str(stored)


async def test_the_same_document_is_the_same_owner(world: World) -> None:
    block = await places.building(world, await places.estate(world))
    first, second = await places.unit(world, block, "101"), await places.unit(world, block, "102")
    await places.owned(world, first, 7)
    await places.owned(world, second, 7, 8)
    owners = {owner.name: owner.id for owner in await world.rows(Owner)}
    assert sorted(owners) == ["测试7", "测试8"]
    held = await world.rows(Ownership, owner_id=owners["测试7"])
    assert {row.unit_id for row in held} == {first.id, second.id}


async def test_who_may_hold_a_unit_together(world: World) -> None:
    flat, bureau = await flat_of(world), await world.bureau()
    one, two = {"person": places.person(1)}, {"person": places.person(2)}
    third = {"numerator": 1, "denominator": 3}
    minor = {"person": places.person(3, document_number=make_id_number(3, date(2015, 1, 1)))}
    firm = {"name": "演示公司（虚构）", "credit_code": make_credit_code(1), "agent_name": "李代理"}
    for code, field, kind, holders in (
        (ErrorCode.OUT_OF_RANGE, "holders", "SOLE", [one, two]),
        (ErrorCode.OUT_OF_RANGE, "holders", "JOINT", [one]),
        (ErrorCode.OUT_OF_RANGE, "holders", "SOLE", []),
        (ErrorCode.INVALID_INPUT, "holders", "SHARES", [one | third, two | third]),
        (ErrorCode.INVALID_INPUT, "holders", "SHARES", [one, two]),
        (ErrorCode.INVALID_INPUT, "holders", "JOINT", [one | third, two]),
        (ErrorCode.INVALID_INPUT, "holders", "JOINT", [one, one]),
        (ErrorCode.INVALID_INPUT, "holders", "JOINT", [h | {"is_representative": True} for h in (one, two)]),
        (ErrorCode.REQUIRED, "holders.0.person", "SOLE", [{}]),
        (ErrorCode.REQUIRED, "holders.0.person.guardian", "SOLE", [minor]),
        (
            ErrorCode.INVALID_ID_NUMBER,
            "holders.0.person.documentNumber",
            "SOLE",
            [{"person": places.person(1, document_number="1")}],
        ),
        (ErrorCode.INVALID_PHONE, "holders.1.person.phone", "JOINT", [one, {"person": places.person(2, phone="1")}]),
        (
            ErrorCode.INVALID_CREDIT_CODE,
            "holders.0.organisation.creditCode",
            "SOLE",
            [{"organisation": firm | {"credit_code": "9"}}],
        ),
        (ErrorCode.REQUIRED, "holders.0.organisation.agentName", "SOLE", [{"organisation": firm | {"agent_name": ""}}]),
    ):
        await world.refused(
            bureau,
            people.ownership_register,
            code,
            field,
            unit_id=flat.id,
            kind=kind,
            holders=holders,
            since=world.today,
        )
    shares = [one | third, two | {"numerator": 2, "denominator": 3, "is_representative": True}]
    await world.do(bureau, people.ownership_register, unit_id=flat.id, kind="SHARES", holders=shares, since=world.today)
    held = await world.rows(Ownership)
    assert sorted((row.numerator, row.denominator, row.is_representative) for row in held) == [
        (1, 3, False),
        (2, 3, True),
    ]


async def test_a_registered_unit_does_not_tell_who_holds_it(world: World) -> None:
    flat, bureau = await flat_of(world), await world.bureau()
    await places.owned(world, flat, 1)
    given: dict[str, Any] = {"unit_id": flat.id, "kind": "SOLE", "since": world.today}
    refusal = await world.refused(
        bureau,
        people.ownership_register,
        ErrorCode.ALREADY_REGISTERED,
        "unitId",
        holders=[{"person": places.person(2)}],
        **given,
    )
    assert refusal.params == {}
    other = await places.unit(world, await places.building(world, await places.estate(world, "E2")))
    impostor = {"person": places.person(1, name="别人")}
    await world.refused(
        bureau,
        people.ownership_register,
        ErrorCode.ALREADY_REGISTERED,
        "holders.0.person.documentNumber",
        **given | {"unit_id": other.id, "holders": [impostor]},
    )


async def test_an_organisation_holds_a_unit_through_its_agent(world: World) -> None:
    flat = await flat_of(world)
    account_id = await account_with_phone(world, make_phone(9))
    firm = {
        "name": "演示公司（虚构）",
        "credit_code": make_credit_code(1),
        "agent_name": "李代理",
        "agent_phone": make_phone(9),
    }
    await world.do(
        await world.bureau(),
        people.ownership_register,
        unit_id=flat.id,
        kind=OwnershipKind.SOLE,
        holders=[{"organisation": firm}],
        since=world.today,
        basis="POSSESSION",
    )
    (owner,) = await world.rows(Owner)
    assert (owner.kind, owner.credit_code, owner.agent_name) == ("ORGANISATION", make_credit_code(1), "李代理")
    assert owner.agent_phone_mask == "154****0009"
    (held,) = await world.rows(Ownership)
    assert held.basis == "POSSESSION"
    agent = await world.actor(account_id=account_id)
    here = [(grant.role, grant.unit_id) for grant in agent.grants if grant.county == world.county]
    assert here == [(Role.OWNER, flat.id)]
    assert await world.sees(agent, Ownership) == {held.id}


async def test_an_account_with_the_owners_phone_acts_for_the_unit_until_it_passes_on(world: World) -> None:
    flat = await flat_of(world)
    account_id = await account_with_phone(world, make_phone(21))
    await places.owned(world, flat, 21)
    resident = await world.actor(account_id=account_id)
    here = [grant for grant in resident.grants if grant.county == world.county]
    assert [(grant.role, grant.unit_id, grant.estate_id) for grant in here] == [(Role.OWNER, flat.id, flat.estate_id)]
    bureau = await world.bureau()
    transfer: dict[str, Any] = {
        "unit_id": flat.id,
        "kind": "SOLE",
        "holders": [{"person": places.person(22)}],
        "reason": "买卖",
    }
    for day in (world.today - timedelta(days=1), world.today + timedelta(days=1)):
        await world.refused(bureau, people.ownership_transfer, ErrorCode.OUT_OF_RANGE, "on", on=day, **transfer)
    world.now += timedelta(days=10)
    bureau = await world.bureau()
    await world.do(bureau, people.ownership_transfer, on=world.today, **transfer)
    rows = await world.rows(Ownership)
    assert [row.valid_to for row in rows] == [world.today, None]
    again = await world.actor(account_id=account_id)
    assert [grant for grant in again.grants if grant.county == world.county] == []


async def test_a_unit_without_owners_cannot_pass_on(world: World) -> None:
    flat = await flat_of(world)
    await world.refused(
        await world.bureau(),
        people.ownership_transfer,
        ErrorCode.NOT_FOUND,
        "unitId",
        unit_id=flat.id,
        kind="SOLE",
        holders=[{"person": places.person(1)}],
        on=world.today,
        reason="买卖",
    )


async def test_a_minors_guardian_acts_for_the_unit(world: World) -> None:
    flat = await flat_of(world)
    account_id = await account_with_phone(world, make_phone(31))
    child = places.person(32, document_number=make_id_number(32, date(2015, 1, 1)), phone=None)
    child["guardian"] = places.person(31)
    await world.do(
        await world.bureau(),
        people.ownership_register,
        unit_id=flat.id,
        kind="SOLE",
        holders=[{"person": child}],
        since=world.today,
    )
    owners = {owner.name: owner for owner in await world.rows(Owner)}
    assert owners["测试32"].is_minor
    assert owners["测试32"].guardian_id == owners["测试31"].id
    guardian = await world.actor(account_id=account_id)
    assert [grant.unit_id for grant in guardian.grants if grant.county == world.county] == [flat.id]
    assert await world.sees(guardian, Owner) == {owners["测试31"].id, owners["测试32"].id}
    assert len(await world.sees(guardian, Ownership)) == 1


async def test_an_owner_enters_a_tenant_who_pays_and_ends_it(world: World) -> None:
    flat = await flat_of(world)
    owner = await world.person(Role.OWNER, unit_id=flat.id, estate_id=flat.estate_id)
    account_id = await account_with_phone(world, make_phone(41))
    row = await world.do(
        owner,
        people.occupancy_register,
        unit_id=flat.id,
        kind=OccupancyKind.TENANT,
        name="赵租客",
        phone=make_phone(41),
        since=world.today,
        pays_fees=True,
    )
    assert (row.pays_fees, row.phone_mask, row.account_id) == (True, "154****0041", account_id)
    tenant = await world.actor(account_id=account_id)
    assert [(grant.role, grant.unit_id) for grant in tenant.grants if grant.county == world.county] == [
        (Role.TENANT, flat.id)
    ]
    assert await world.sees(tenant, Unit) == {flat.id}
    assert await world.sees(tenant, Ownership) == set()
    assert await world.sees(tenant, Occupancy) == {row.id}
    world.now += timedelta(days=30)
    owner = await world.actor(account_id=owner.account_id)
    await world.refused(
        owner, people.occupancy_end, ErrorCode.OUT_OF_RANGE, "on", id=row.id, on=world.today - timedelta(days=31)
    )
    await world.do(owner, people.occupancy_end, id=row.id, on=world.today)
    again = await world.actor(account_id=account_id)
    assert [grant for grant in again.grants if grant.county == world.county] == []
    await world.refused(owner, people.occupancy_end, ErrorCode.ACTION_NOT_AVAILABLE, id=row.id, on=world.today)


async def test_a_neighbour_enters_nobody_into_a_unit_of_others(world: World) -> None:
    flat = await flat_of(world)
    other = await places.unit(world, await places.building(world, await places.estate(world, "E2")))
    neighbour = await world.person(Role.OWNER, unit_id=other.id, estate_id=other.estate_id)
    await world.refused(
        neighbour,
        people.occupancy_register,
        ErrorCode.NOT_FOUND,
        "unitId",
        unit_id=flat.id,
        kind="TENANT",
        name="赵",
        since=world.today,
    )


def test_documents_of_two_counties_do_not_compare(world: World) -> None:
    number = make_id_number(1)
    assert world.vault.index(number, Kind.ID_NUMBER, "370303") != world.vault.index(number, Kind.ID_NUMBER, "620724")
    assert world.vault.index(number, Kind.ID_NUMBER, SHARED) != world.vault.index(number, Kind.PHONE, SHARED)
