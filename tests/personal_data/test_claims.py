"""Names in claims to units: on record like any other, also where whoever claims holds nothing in the county yet."""

import pytest_asyncio

from auth.actor import Actor
from models.accounts import Account
from models.base import new_id
from models.sealed import Kind, seal_into
from tests.personal_data.conftest import Ask, Home, officials

OPEN = """mutation M($unit: ID!) { unitClaimOpen(input: {unitId: $unit, name: "王小明", idTail: "1234", idempotencyKey: "k"}) {
  claim { id name } userErrors { code field } } }"""
CLAIMS = "{ unitClaims { nodes { name } } }"


@pytest_asyncio.fixture
async def newcomer(home: Home) -> Actor:
    """Somebody signed in who holds nothing anywhere."""
    account = Account(id=new_id(), display_name="新用户")
    seal_into(account, "phone", home.world.phone(), Kind.PHONE, home.world.vault)
    async with home.world.sessions.begin() as session:
        session.add(account)
    return await home.world.actor(account_id=account.id)


async def test_what_is_shown_to_a_newcomer_is_on_record(home: Home, newcomer: Actor, ask: Ask) -> None:
    assert newcomer.grants == ()
    opened = (await ask(newcomer, OPEN, unit=home.id("Unit", home.unit)))["unitClaimOpen"]
    assert (opened["claim"]["name"], opened["userErrors"]) == ("王小明", [])
    (entry,) = await home.reads()
    assert (entry.subject_type, entry.fields, entry.role) == ("UnitClaim", ["NAME"], "APPLICANT")
    assert entry.subject_account_id == entry.account_id == newcomer.account_id
    assert (entry.purpose, entry.operation) == ("OWN_AFFAIRS", "unitClaimOpen")


async def test_applicants_read_their_own_claims_and_who_read_them(home: Home, newcomer: Actor, ask: Ask) -> None:
    await ask(newcomer, OPEN, unit=home.id("Unit", home.unit))
    me = await home.world.actor(account_id=newcomer.account_id)
    assert (await ask(me, CLAIMS))["unitClaims"]["nodes"] == [{"name": "王小明"}]
    assert (await ask(me, "{ personalDataReads { totalCount } }"))["personalDataReads"]["totalCount"] == 2
    for official in (await officials(home.world)).values():
        assert (await ask(official, CLAIMS))["unitClaims"]["nodes"] == [], "begun, not handed in"
    assert len(await home.reads()) == 2
