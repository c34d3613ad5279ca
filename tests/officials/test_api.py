"""Officials' postings over HTTP with a token of whoever asks: every act allowed and refused, and grants that follow at once."""

from datetime import timedelta
from typing import Any

from auth.actor import Actor, system_actor
from domain.errors import ErrorCode
from domain.roles import Role
from models.cases import AuditEvent
from models.officials import Official
from resolvers import officials
from schema.officials import MUTATIONS
from tests.door import Door

OFFICIAL = "id state validTo endedOn actingFor { id }"
GRANTS = "{ viewer { grants { role community powers actingFor } } }"


def post(door: Door, role: str, duty: str = "OFFICER", **given: Any) -> dict[str, Any]:
    """An appointment's input."""
    return {
        "county": door.world.county,
        "name": "王演示",
        "phone": door.world.phone(),
        "role": role,
        "duty": duty,
        "office": "演示办公室",
        "validFrom": door.world.today.isoformat(),
        "basis": "演任〔2026〕1号",
        **given,
    }


async def administrator(door: Door) -> Actor:
    clock = system_actor(door.world.county, door.world.today)
    given = {"name": "李演示", "phone": door.world.phone(), "office": "演示局", "basis": "开通函"}
    made = await door.world.do(clock, officials.appoint_by_console, **given)
    return await door.world.actor(account_id=made.account_id)


async def holder(door: Door, official: dict[str, Any]) -> Actor:
    """Who holds a posting, as a caller."""
    (row,) = [each for each in await door.world.rows(Official) if door.id("Official", each) == official["id"]]
    return await door.world.actor(account_id=row.account_id)


async def test_postings_from_the_bureau_to_the_community(door: Door) -> None:
    world, here = door.world, {"township": door.world.township}
    first, second = await administrator(door), await administrator(door)
    next_week, today = (world.today + timedelta(days=7)).isoformat(), world.today.isoformat()

    # The bureau appoints a township's administrator, who appoints the community's; nobody appoints above or beside.
    street_post = await door.did(first, "officialAppoint", OFFICIAL, **post(door, "TOWNSHIP", "ADMINISTRATOR", **here))
    street = await holder(door, street_post)
    clerk_post = await door.did(
        street, "officialAppoint", OFFICIAL, **post(door, "COMMUNITY", community=world.community)
    )
    clerk = await holder(door, clerk_post)
    assert (await door.ask(clerk, GRANTS))["viewer"]["grants"] == [
        {"role": "COMMUNITY", "community": world.community, "powers": [], "actingFor": None}
    ]
    for by, given, code in (
        (clerk, post(door, "COMMUNITY", community=world.community), ErrorCode.POWER_REQUIRED),
        (street, post(door, "BUREAU"), ErrorCode.FORBIDDEN_ROLE),
        (street, post(door, "COMMUNITY", community=world.other_community), ErrorCode.INVALID_DIVISION),
    ):
        await door.refused(by, "officialAppoint", code, **given)

    # The bureau's approval takes two: until another administrator confirms, the posting gives nothing.
    proposed = await door.did(first, "officialAppoint", OFFICIAL, **post(door, "BUREAU", "APPROVER"))
    assert proposed["state"] == "PROPOSED"
    approver = await holder(door, proposed)
    assert (await door.ask(approver, GRANTS))["viewer"]["grants"] == []
    await door.refused(first, "officialConfirm", ErrorCode.SECOND_PERSON_REQUIRED, id=proposed["id"])
    await door.refused(street, "officialConfirm", ErrorCode.NOT_FOUND, "id", id=proposed["id"])
    await door.did(second, "officialConfirm", OFFICIAL, id=proposed["id"])
    (grant,) = (await door.ask(approver, GRANTS))["viewer"]["grants"]
    assert (grant["role"], grant["powers"]) == ("BUREAU", ["funds:approve"])
    another = await door.did(first, "officialAppoint", OFFICIAL, **post(door, "BUREAU", "APPROVER"))
    await door.refused(second, "officialRefuse", ErrorCode.REQUIRED, "reason", id=another["id"], reason=" ")
    assert (await door.did(second, "officialRefuse", OFFICIAL, id=another["id"], reason="重复"))["state"] == "REFUSED"

    # A deputy acts for somebody, and what the deputy does says so.
    standing_in = {
        "id": street_post["id"],
        "name": "代理人",
        "phone": world.phone(),
        "validFrom": today,
        "validTo": next_week,
        "basis": "代理通知",
    }
    await door.refused(clerk, "officialDeputise", ErrorCode.NOT_FOUND, "id", **standing_in)
    deputy = await holder(door, await door.did(first, "officialDeputise", OFFICIAL, **standing_in))
    assert (await door.ask(deputy, GRANTS))["viewer"]["grants"][0]["actingFor"] == "王演示"
    await door.did(deputy, "officialAppoint", OFFICIAL, **post(door, "COMMUNITY", community=world.community))
    *_, event = await world.rows(AuditEvent, action="officialAppoint")
    assert (event.account_id, event.acting_for) == (deputy.account_id, "王演示")

    # Extended, handed over, ended: the grant is another one with the next request.
    await door.refused(
        clerk, "officialExtend", ErrorCode.POWER_REQUIRED, id=clerk_post["id"], validTo=None, reason="续任"
    )
    extended = await door.did(street, "officialExtend", OFFICIAL, id=clerk_post["id"], validTo=next_week, reason="续任")
    assert extended["validTo"] == next_week
    passing_on = {"id": clerk_post["id"], "name": "继任", "phone": world.phone(), "on": today, "basis": "调令"}
    await door.refused(clerk, "officialHandOver", ErrorCode.POWER_REQUIRED, **passing_on)
    successor_post = await door.did(street, "officialHandOver", OFFICIAL, **passing_on)
    assert (await door.ask(clerk, GRANTS))["viewer"]["grants"] == []
    successor = await holder(door, successor_post)
    assert len((await door.ask(successor, GRANTS))["viewer"]["grants"]) == 1
    ending = {"id": street_post["id"], "on": today, "reason": "调离"}
    await door.refused(street, "officialEnd", ErrorCode.FORBIDDEN_ROLE, **ending)
    assert (await door.did(second, "officialEnd", OFFICIAL, **ending))["endedOn"] == today
    for former in (street, deputy):  # who stood in goes with whom they stood in for
        assert (await door.ask(former, GRANTS))["viewer"]["grants"] == []
    door.covers(MUTATIONS)


async def test_a_posting_with_a_last_day_ends_on_that_day(door: Door) -> None:
    """Nothing has to happen on the day: the grant holds to its eve and no longer."""
    world, bureau = door.world, await administrator(door)
    tomorrow = (world.today + timedelta(days=1)).isoformat()
    made = await door.did(bureau, "officialAppoint", OFFICIAL, **post(door, "BUREAU", validTo=tomorrow))
    clerk = await holder(door, made)
    assert [grant.role for grant in clerk.grants] == [Role.BUREAU]
    world.now += timedelta(days=1)
    assert (await world.actor(account_id=clerk.account_id)).grants == ()
