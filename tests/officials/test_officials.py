"""Officials' postings: who appoints whom, two persons for the bureau's powers, deputies, and grants that end with them."""

from datetime import date, timedelta
from typing import Any

import pytest

from auth.actor import Actor, system_actor
from domain.errors import ErrorCode, Refusal
from domain.officials import PostingDuty, PostingState, Power, appointers, needs_two, powers
from domain.roles import OFFICIALS, Role
from models.cases import AuditEvent
from models.officials import Official
from resolvers import officials
from tests.world import World

ADMINISTRATOR, APPROVER, OFFICER = PostingDuty.ADMINISTRATOR, PostingDuty.APPROVER, PostingDuty.OFFICER


def post(world: World, role: Role, duty: PostingDuty = OFFICER, **given: Any) -> dict[str, Any]:
    """An appointment's inputs."""
    return {
        "name": "王演示",
        "phone": world.phone(),
        "role": role,
        "duty": duty,
        "office": f"演示{role.value}",
        "valid_from": world.today,
        "basis": "演任〔2026〕1号",
        **given,
    }


async def administrator(world: World) -> Actor:
    """One of the bureau's first administrators, made by the operator."""
    clock = system_actor(world.county, world.today)
    official = await world.do(
        clock, officials.appoint_by_console, name="李演示", phone=world.phone(), office="演示局", basis="开通函"
    )
    return await world.actor(account_id=official.account_id)


async def appointed(world: World, by: Actor, role: Role, duty: PostingDuty = OFFICER, **given: Any) -> Actor:
    official = await world.do(by, officials.appoint, **post(world, role, duty, **given))
    return await world.actor(account_id=official.account_id)


def refused_on(day: date) -> dict[str, Any]:
    return {"on": day, "reason": "调任"}


# -- who appoints whom ------------------------------------------------------------------------------------------------


def test_the_rules_of_appointing() -> None:
    table = {
        (Role.BUREAU, ADMINISTRATOR): ({Role.BUREAU}, True, {Power.OFFICIALS_APPOINT, Power.PARTNERS_REGISTER}),
        (Role.BUREAU, APPROVER): ({Role.BUREAU}, True, {Power.FUNDS_APPROVE}),
        (Role.BUREAU, PostingDuty.CASHIER): ({Role.BUREAU}, True, {Power.FUNDS_RELEASE}),
        (Role.BUREAU, OFFICER): ({Role.BUREAU}, False, set()),
        (Role.TOWNSHIP, ADMINISTRATOR): ({Role.BUREAU}, False, {Power.OFFICIALS_APPOINT}),
        (Role.TOWNSHIP, OFFICER): ({Role.TOWNSHIP}, False, set()),
        (Role.COMMUNITY, ADMINISTRATOR): ({Role.TOWNSHIP}, False, {Power.OFFICIALS_APPOINT}),
        (Role.COMMUNITY, OFFICER): ({Role.TOWNSHIP, Role.COMMUNITY}, False, set()),
        (Role.PRICE, ADMINISTRATOR): ({Role.BUREAU}, False, {Power.OFFICIALS_APPOINT}),
        (Role.PRICE, OFFICER): ({Role.PRICE}, False, set()),
        (Role.MARKET, ADMINISTRATOR): ({Role.BUREAU}, False, {Power.OFFICIALS_APPOINT}),
        (Role.MARKET, OFFICER): ({Role.MARKET}, False, set()),
    }
    for role in Role:
        for duty in PostingDuty:
            if (role, duty) not in table:
                with pytest.raises(Refusal):
                    appointers(role, duty)
                continue
            by, two, opened = table[role, duty]
            assert appointers(role, duty) == by, (role, duty)
            assert needs_two(role, duty) is two
            assert set(powers(role, duty)) == opened
    assert {role for role, _duty in table} == OFFICIALS


async def test_from_the_operator_down_to_the_community(world: World) -> None:
    bureau = await administrator(world)
    street = await appointed(world, bureau, Role.TOWNSHIP, ADMINISTRATOR, township=world.township)
    clerk = await appointed(world, street, Role.TOWNSHIP, township=world.township)
    community = await appointed(world, street, Role.COMMUNITY, ADMINISTRATOR, community=world.community)
    neighbour = await appointed(world, community, Role.COMMUNITY, community=world.community)
    market = await appointed(world, bureau, Role.MARKET, ADMINISTRATOR)
    inspector = await appointed(world, market, Role.MARKET)

    assert [grant.role for grant in inspector.grants] == [Role.MARKET]
    (grant,) = neighbour.grants
    assert (grant.township, grant.community, grant.scopes) == (world.township, world.community, ())
    assert (grant.source_type, grant.office) == ("official", "演示COMMUNITY")
    assert clerk.grants[0].scopes == ()
    assert street.grants[0].scopes == (Power.OFFICIALS_APPOINT,)
    # Each office sees its own officials and those below it.
    assert len(await world.sees(bureau, Official)) == 7
    assert len(await world.sees(street, Official)) == 4
    assert len(await world.sees(community, Official)) == 2
    assert len(await world.sees(inspector, Official)) == 2


async def test_nobody_appoints_where_it_is_not_theirs(world: World) -> None:
    bureau = await administrator(world)
    street = await appointed(world, bureau, Role.TOWNSHIP, ADMINISTRATOR, township=world.township)
    clerk = await appointed(world, street, Role.TOWNSHIP, township=world.township)
    owner = await world.person(Role.COMPANY_ADMIN, company_id=bureau.account_id)
    here = {"township": world.township}
    for by, given, code in (
        (clerk, post(world, Role.TOWNSHIP, **here), ErrorCode.POWER_REQUIRED),
        (street, post(world, Role.TOWNSHIP, ADMINISTRATOR, **here), ErrorCode.FORBIDDEN_ROLE),
        (street, post(world, Role.BUREAU), ErrorCode.FORBIDDEN_ROLE),
        (street, post(world, Role.TOWNSHIP, township=world.other_township), ErrorCode.INVALID_DIVISION),
        (street, post(world, Role.COMMUNITY, community=world.other_community), ErrorCode.INVALID_DIVISION),
        (bureau, post(world, Role.COMMUNITY, community=world.community), ErrorCode.FORBIDDEN_ROLE),
        (bureau, post(world, Role.TOWNSHIP, ADMINISTRATOR, township="990000001"), ErrorCode.INVALID_DIVISION),
        (bureau, post(world, Role.TOWNSHIP, ADMINISTRATOR), ErrorCode.REQUIRED),
        (bureau, post(world, Role.MARKET, ADMINISTRATOR, **here), ErrorCode.INVALID_INPUT),
        (bureau, post(world, Role.MARKET, APPROVER), ErrorCode.INVALID_INPUT),
        (bureau, post(world, Role.OWNER), ErrorCode.INVALID_INPUT),
        (owner, post(world, Role.TOWNSHIP, ADMINISTRATOR, **here), ErrorCode.FORBIDDEN_ROLE),
        (bureau, post(world, Role.BUREAU, valid_to=world.today), ErrorCode.OUT_OF_RANGE),
        (bureau, post(world, Role.BUREAU, phone="12345"), ErrorCode.INVALID_PHONE),
        (bureau, post(world, Role.BUREAU, basis=" "), ErrorCode.REQUIRED),
    ):
        await world.refused(by, officials.appoint, code, **given)


async def test_one_person_has_a_posting_once(world: World) -> None:
    bureau = await administrator(world)
    given = post(world, Role.BUREAU)
    await world.do(bureau, officials.appoint, **given)
    await world.refused(bureau, officials.appoint, ErrorCode.ALREADY_REGISTERED, "phone", **given)


# -- the operator's console ---------------------------------------------------------------------------------------------


async def test_the_console_stops_at_two_administrators(world: World) -> None:
    first, second = await administrator(world), await administrator(world)
    given = {"name": "三", "phone": world.phone(), "office": "演示局", "basis": "函"}
    clock = system_actor(world.county, world.today)
    await world.refused(clock, officials.appoint_by_console, ErrorCode.ACTION_NOT_AVAILABLE, **given)
    await world.refused(first, officials.appoint_by_console, ErrorCode.FORBIDDEN_ROLE, **given)
    events = await world.rows(AuditEvent, action="officialAppoint")
    assert [(event.role, event.account_id) for event in events] == [("SYSTEM", None)] * 2
    assert first.account_id != second.account_id


# -- two persons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duty", [APPROVER, ADMINISTRATOR])
async def test_the_bureaus_powers_are_given_by_two(world: World, duty: PostingDuty) -> None:
    first, second = await administrator(world), await administrator(world)
    given = post(world, Role.BUREAU, duty)
    proposed = await world.do(first, officials.appoint, **given)
    assert proposed.state == PostingState.PROPOSED
    appointee = await world.actor(account_id=proposed.account_id)
    assert appointee.grants == ()

    await world.refused(first, officials.confirm, ErrorCode.SECOND_PERSON_REQUIRED, id=proposed.id)
    officer = await appointed(world, first, Role.BUREAU)
    await world.refused(officer, officials.confirm, ErrorCode.POWER_REQUIRED, id=proposed.id)

    world.now += timedelta(days=2)
    confirmed = await world.do(second, officials.confirm, id=proposed.id)
    assert confirmed.state == PostingState.IN_POST
    assert (confirmed.proposed_by, confirmed.confirmed_by) == (first.account_id, second.account_id)
    (grant,) = (await world.actor(account_id=proposed.account_id)).grants
    assert set(grant.scopes) == set(powers(Role.BUREAU, duty))
    assert grant.valid_from == world.today, "nobody had the power before the second person agreed"
    await world.refused(second, officials.confirm, ErrorCode.ACTION_NOT_AVAILABLE, id=proposed.id)


async def test_nobody_gives_power_to_themselves(world: World) -> None:
    first, second = await administrator(world), await administrator(world)
    own_phone = world.phone()
    third = await world.do(first, officials.appoint, **post(world, Role.BUREAU, ADMINISTRATOR, phone=own_phone))
    await world.do(second, officials.confirm, id=third.id)
    actor = await world.actor(account_id=third.account_id)
    await world.refused(
        actor, officials.appoint, ErrorCode.OWN_APPLICATION, **post(world, Role.BUREAU, APPROVER, phone=own_phone)
    )
    proposed = await world.do(first, officials.appoint, **post(world, Role.BUREAU, APPROVER, phone=own_phone))
    await world.refused(actor, officials.confirm, ErrorCode.OWN_APPLICATION, id=proposed.id)
    await world.refused(actor, officials.extend, ErrorCode.OWN_APPLICATION, id=third.id, reason="再任")


async def test_a_proposal_may_be_refused_and_gives_nothing(world: World) -> None:
    first, second = await administrator(world), await administrator(world)
    proposed = await world.do(first, officials.appoint, **post(world, Role.BUREAU, APPROVER))
    await world.refused(second, officials.refuse, ErrorCode.REQUIRED, "reason", id=proposed.id, reason=" ")
    refused = await world.do(second, officials.refuse, id=proposed.id, reason="不符合条件")
    assert refused.state == PostingState.REFUSED
    await world.refused(second, officials.confirm, ErrorCode.ACTION_NOT_AVAILABLE, id=proposed.id)
    assert (await world.actor(account_id=proposed.account_id)).grants == ()


async def test_extending_a_power_needs_two_again(world: World) -> None:
    first, second = await administrator(world), await administrator(world)
    until = world.today + timedelta(days=30)
    proposed = await world.do(first, officials.appoint, **post(world, Role.BUREAU, APPROVER, valid_to=until))
    await world.do(second, officials.confirm, id=proposed.id)
    longer = until + timedelta(days=300)
    follows = await world.do(first, officials.extend, id=proposed.id, valid_to=longer, reason="续任")
    assert (follows.state, follows.predecessor_id) == (PostingState.PROPOSED, proposed.id)
    assert [grant.valid_to for grant in (await world.actor(account_id=proposed.account_id)).grants] == [until]
    await world.do(second, officials.confirm, id=follows.id)
    assert [grant.valid_to for grant in (await world.actor(account_id=proposed.account_id)).grants] == [longer]


# -- ends, extensions, hand-overs, deputies ---------------------------------------------------------------------------


async def test_a_posting_ends_and_its_grant_with_it(world: World) -> None:
    bureau = await administrator(world)
    official = await world.do(bureau, officials.appoint, **post(world, Role.BUREAU))
    yesterday = world.today - timedelta(days=1)
    await world.refused(bureau, officials.end, ErrorCode.OUT_OF_RANGE, "on", id=official.id, **refused_on(yesterday))
    ended = await world.do(bureau, officials.end, id=official.id, **refused_on(world.today))
    assert (ended.state, ended.ended_on) == (PostingState.ENDED, world.today)
    assert (await world.actor(account_id=official.account_id)).grants == ()
    await world.refused(
        bureau, officials.end, ErrorCode.ACTION_NOT_AVAILABLE, id=official.id, **refused_on(world.today)
    )


async def test_a_term_runs_out_by_itself(world: World) -> None:
    bureau = await administrator(world)
    until = world.today + timedelta(days=10)
    official = await world.do(bureau, officials.appoint, **post(world, Role.BUREAU, valid_to=until))
    world.now += timedelta(days=9)
    assert len((await world.actor(account_id=official.account_id)).grants) == 1
    longer = await world.do(bureau, officials.extend, id=official.id, valid_to=until + timedelta(days=5), reason="续")
    assert longer.valid_to == until + timedelta(days=5)
    world.now += timedelta(days=5)
    assert len((await world.actor(account_id=official.account_id)).grants) == 1
    world.now += timedelta(days=1)
    assert (await world.actor(account_id=official.account_id)).grants == ()
    await world.refused(
        bureau, officials.extend, ErrorCode.ACTION_NOT_AVAILABLE, id=official.id, reason="续", valid_to=None
    )


async def test_a_hand_over_leaves_no_day_without_an_official(world: World) -> None:
    bureau = await administrator(world)
    former = await world.do(bureau, officials.appoint, **post(world, Role.MARKET, ADMINISTRATOR))
    on = world.today + timedelta(days=3)
    successor = await world.do(
        bureau, officials.hand_over, id=former.id, name="赵接任", phone=world.phone(), on=on, basis="演任〔2026〕2号"
    )
    assert (successor.office, successor.duty, successor.valid_from) == (former.office, former.duty, on)
    for days, holders in ((2, [former]), (1, [successor])):
        world.now += timedelta(days=days)
        held = [
            official for official in (former, successor) if (await world.actor(account_id=official.account_id)).grants
        ]
        assert held == holders


async def test_a_powers_hand_over_waits_for_the_second_person(world: World) -> None:
    first, second = await administrator(world), await administrator(world)
    approver = await world.do(first, officials.appoint, **post(world, Role.BUREAU, APPROVER))
    await world.do(second, officials.confirm, id=approver.id)
    successor = await world.do(
        first, officials.hand_over, id=approver.id, name="赵", phone=world.phone(), on=world.today, basis="令"
    )
    assert (await world.actor(account_id=approver.account_id)).grants
    await world.do(second, officials.confirm, id=successor.id)
    assert not (await world.actor(account_id=approver.account_id)).grants
    assert (await world.actor(account_id=successor.account_id)).grants[0].scopes == (Power.FUNDS_APPROVE,)


async def test_a_deputy_acts_for_somebody_and_every_event_says_so(world: World) -> None:
    bureau = await administrator(world)
    until = world.today + timedelta(days=14)
    head = await world.do(
        bureau, officials.appoint, **post(world, Role.TOWNSHIP, ADMINISTRATOR, township=world.township)
    )
    given = {"name": "代理人", "phone": world.phone(), "valid_from": world.today, "valid_to": until, "basis": "代理函"}
    deputy = await world.do(bureau, officials.deputise, id=head.id, **given)
    acting = await world.actor(account_id=deputy.account_id)
    assert [grant.acting_for for grant in acting.grants] == [head.name]
    clerk = await world.do(acting, officials.appoint, **post(world, Role.TOWNSHIP, township=world.township))
    (event,) = await world.rows(AuditEvent, subject_id=clerk.id)
    assert (event.role, event.office, event.acting_for) == ("TOWNSHIP", "演示TOWNSHIP", head.name)
    assert event.grant_id == acting.grants[0].id
    # When whom they stand in for leaves, there is nobody to stand in for.
    await world.do(bureau, officials.end, id=head.id, **refused_on(world.today))
    assert (await world.actor(account_id=deputy.account_id)).grants == ()
    (row,) = await world.rows(Official, id=deputy.id)
    assert row.state == PostingState.ENDED


async def test_a_deputy_stays_no_longer_than_the_posting_and_is_somebody_else(world: World) -> None:
    bureau = await administrator(world)
    until = world.today + timedelta(days=14)
    phone = world.phone()
    head = await world.do(bureau, officials.appoint, **post(world, Role.BUREAU, phone=phone, valid_to=until))
    given = {"name": "代", "valid_from": world.today, "basis": "函"}
    await world.refused(
        bureau,
        officials.deputise,
        ErrorCode.OUT_OF_RANGE,
        "validTo",
        id=head.id,
        phone=world.phone(),
        valid_to=until + timedelta(days=1),
        **given,
    )
    await world.refused(
        bureau, officials.deputise, ErrorCode.INVALID_INPUT, "phone", id=head.id, phone=phone, valid_to=until, **given
    )


async def test_two_duties_in_one_office_are_one_capacity(world: World) -> None:
    first, second = await administrator(world), await administrator(world)
    phone = world.phone()
    for duty in (APPROVER, ADMINISTRATOR):
        proposed = await world.do(first, officials.appoint, **post(world, Role.BUREAU, duty, phone=phone))
        await world.do(second, officials.confirm, id=proposed.id)
    both = await world.actor(account_id=proposed.account_id)
    assert len(both.grants) == 2
    # No ACTING_GRANT_REQUIRED: it is the same office whichever grant is meant.
    await world.do(both, officials.appoint, **post(world, Role.BUREAU))
    grants = [grant for grant in both.grants if Power.OFFICIALS_APPOINT in grant.scopes]
    (event,) = await world.rows(AuditEvent, account_id=both.account_id)
    assert event.grant_id == grants[0].id


async def test_the_database_holds_the_second_person_too(world: World) -> None:
    """What the command refuses, a faulty one could not write: proposer, confirmer and appointee differ by CHECK."""
    first = await administrator(world)
    official = await world.do(first, officials.appoint, **post(world, Role.BUREAU))
    wrong = Official(
        county=world.county,
        account_id=official.account_id,
        name="x",
        role="BUREAU",
        duty="APPROVER",
        office="x",
        state="IN_POST",
        valid_from=world.today,
        basis="x",
        proposed_by=first.account_id,
        confirmed_by=first.account_id,
    )
    with pytest.raises(Exception, match="two_persons"):
        await world.write([wrong])
