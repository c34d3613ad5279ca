"""A key that a hidden row has is taken, and that is all that anybody learns: no holder, in words as dry as ever."""

from typing import Any

from domain.identifiers import make_credit_code, make_id_number
from models.estates import Estate, Unit
from schema.engine.values import Ref, encode_id
from tests.door import Door
from tests.estates import places

REAL_ESTATE = "370303001001GB00001F00010077"
SENTENCE = "本县已有该登记,请直接打开已有的记录。"
SECRET = "不可见"  # in the name of whatever holds a key


async def test_a_taken_key_is_refused_without_its_holder(door: Door) -> None:
    world = door.world
    here, there = await world.township_office(), await world.township_office(world.other_township)
    at_home = {"county": world.county, "township": world.township, "community": world.community}
    elsewhere = {"county": world.county, "township": world.other_township, "community": world.other_community}

    company = {"creditCode": make_credit_code(77), "name": f"{SECRET}公司"}
    estate = {
        "code": "E-77",
        "address": "路1号",
        "serviceMode": "COMPANY",
        "kind": "COMMODITY",
        "name": f"{SECRET}小区",
    }
    room = {"room": "101", "floor": 1, "use": "DWELLING", "houseCode": "3703030010001", "realEstateUnitNo": REAL_ESTATE}
    owner = {"name": f"{SECRET}某", "documentKind": "ID_CARD", "documentNumber": make_id_number(77)}

    async def building_of(by: Any, given: dict[str, Any]) -> str:
        made = await door.did(by, "estateRegister", "id", **given)
        row = await places.building(
            world, next(e for e in await world.rows(Estate) if door.id("Estate", e) == made["id"])
        )
        return door.id("Building", row)

    async def unit_of(by: Any, building: str, **item: Any) -> Any:
        return await door.errors(by, "unitsRegister", buildingId=building, items=[item])

    # In the other township everything is entered once …
    await door.did(there, "companyRegister", "id", **company, **elsewhere)
    hidden = await building_of(there, {**estate, **elsewhere})
    assert await unit_of(there, hidden, **room) == []
    (flat,) = await world.rows(Unit)
    holding = {"kind": "SOLE", "since": world.today.isoformat(), "holders": [{"person": owner}]}
    await door.did(there, "ownershipRegister", "id", unitId=encode_id(Ref("Unit", world.county, flat.id)), **holding)
    assert (await door.ask(here, "{ estates { totalCount } units { totalCount } owners { totalCount } }")) == {
        "estates": {"totalCount": 0},
        "units": {"totalCount": 0},
        "owners": {"totalCount": 0},
    }

    # … and here the same keys are taken, under other names, by nobody that is named.
    mine = await building_of(here, {**estate, "code": "E-78", "name": "本街小区", **at_home})
    assert await unit_of(here, mine, room="201", floor=2, use="DWELLING") == []
    own = next(unit for unit in await world.rows(Unit) if unit.id != flat.id)
    holding["holders"] = [{"person": {**owner, "name": "别的名字"}}]
    before = await world.fingerprint()
    tries = {
        "creditCode": await door.errors(here, "companyRegister", **{**company, **at_home, "name": "本街公司"}),
        "code": await door.errors(here, "estateRegister", **{**estate, **at_home, "name": "本街第二小区"}),
        "items.0.houseCode": await unit_of(here, mine, **{**room, "realEstateUnitNo": None}),
        "items.0.realEstateUnitNo": await unit_of(here, mine, **{**room, "houseCode": None}),
        "holders.0.person.documentNumber": await door.errors(
            here, "ownershipRegister", unitId=encode_id(Ref("Unit", world.county, own.id)), **holding
        ),
    }
    for field, errors in tries.items():
        found = [{**error, "field": error["field"].removeprefix("items.0.")} for error in errors]
        expected = {"code": "ALREADY_REGISTERED", "field": field.removeprefix("items.0."), "message": SENTENCE}
        assert found == [{**expected, "retryable": False}], field
    assert await world.fingerprint() == before
