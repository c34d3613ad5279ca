"""One person, two capacities: an owner in one estate, on the committee of another, sees each with that capacity's eyes."""

from datetime import date

from auth.grants import Reach, Source, open_grant
from domain.estates import OwnershipKind
from domain.roles import Role
from models.base import new_id
from models.people import Owner
from resolvers import people
from resolvers.areas import EstatePart
from tests.door import Door
from tests.estates import places

ASKED = """{ estates { nodes { code units { nodes { name ownerships { nodes { owner { name document phone } } } } } } }
  owners { totalCount nodes { name document phone } } }"""


async def test_each_estates_rows_with_that_grants_audience(door: Door) -> None:
    world = door.world
    areas, phone = {}, world.phone()
    for number, code in ((61, "E1"), (62, "E2")):
        estate = await places.estate(world, code, name=f"{code}小区")
        areas[code] = await places.area(world, f"A-{code}", EstatePart(estate.id))
        building = await places.building(world, estate)
        for room, holder in (("101", number), ("102", number + 10)):
            unit = await places.unit(world, building, room)
            person = places.person(holder, phone=phone if holder == 61 else world.phone())
            given = {"kind": OwnershipKind.SOLE, "holders": [{"person": person}], "since": world.today}
            await world.do(await world.bureau(), people.ownership_register, unit_id=unit.id, **given)
    (record,) = await world.rows(Owner, name="测试61")
    async with world.sessions.begin() as session:
        await open_grant(
            session,
            Role.COMMITTEE,
            world.county,
            Source("committee_member", new_id()),
            account_id=record.account_id,
            reach=Reach(committee_id=new_id(), area_id=areas["E2"].id),
            valid_from=date(2020, 1, 1),
        )
    me = await world.actor(account_id=record.account_id)
    assert me.roles == {Role.OWNER, Role.COMMITTEE}

    own = {"name": "测试61", "document": record.document_mask, "phone": record.phone_mask}
    assert None not in own.values()
    neighbours = [{"name": f"测试{number}", "document": None, "phone": None} for number in (62, 72)]

    def home(name: str, owner: dict[str, str | None]) -> dict[str, object]:
        return {"name": name, "ownerships": {"nodes": [{"owner": owner}]}}

    shown = await door.ask(me, ASKED)
    assert {estate["code"]: estate["units"]["nodes"] for estate in shown["estates"]["nodes"]} == {
        "E1": [home("1幢101", own)],
        "E2": [home("1幢101", neighbours[0]), home("1幢102", neighbours[1])],
    }
    assert shown["owners"]["totalCount"] == 3
    assert sorted(shown["owners"]["nodes"], key=lambda owner: owner["name"]) == [own, *neighbours]
