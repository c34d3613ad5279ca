"""LEDGER-RACE and IDEMPOTENCY: many clients at once, over HTTP, on one unit's accounts and under one key."""

import asyncio
from collections import Counter
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, update

from auth.actor import Actor
from auth.grants import Reach, Source, open_grant
from domain.profiles import profile_for_test
from domain.roles import Role
from models.accounts import OAuthClient
from models.base import new_id
from models.payments import Payment
from resolvers.books import verify
from resolvers.unit_of_work import set_fuse
from tests.door import Door
from tests.market import COLLECTING, Market
from tests.world import World

RECORD = """mutation ($input: PaymentRecordInput!) { paymentRecord(input: $input) {
  userErrors { code } results { userErrors { code } payment { id amount prepaid } } } }"""
REVERSE = """mutation ($input: PaymentReverseInput!) { paymentReverse(input: $input) {
  userErrors { code } payment { state } } }"""
PAY = """mutation ($input: FeeBillPayInput!) { feeBillPay(input: $input) {
  userErrors { code } replayed bill { settled outstanding } payment { id amount } } }"""
CLIENTS = 32


async def _ask(door: Door, actor: Actor, text: str, given: dict[str, Any]) -> Any:
    """As clients do: who is told that too much is under way comes again."""
    while True:
        body = await door.say(actor, text, input=given)
        if [error["extensions"]["code"] for error in body.get("errors", [])] != ["OVERLOADED"]:
            assert "errors" not in body, body["errors"]
            return body["data"]
        await asyncio.sleep(0.02)  # less than Retry-After says: the test has no time


def _paying(door: Door, market: Market, amount: int) -> dict[str, Any]:
    return {
        "unitId": door.id("Unit", market.units[0]),
        "companyId": door.id("Company", market.company),
        "amount": amount,
        "channel": "BANK",
        "reference": new_id().hex,
        "receivedOn": market.world.today.isoformat(),
    }


async def _record(door: Door, market: Market, amount: int) -> Any:
    given = {"idempotencyKey": new_id().hex, "items": [_paying(door, market, amount)]}
    data = await _ask(door, market.bank, RECORD, given)
    assert data["paymentRecord"]["userErrors"] == []
    [result] = data["paymentRecord"]["results"]
    return result


@pytest.mark.rule("FUND-4")
async def test_many_pay_one_unit_while_others_take_the_same_payment_back(door: Door) -> None:
    market = await Market.open(door.world)
    await market.bill()
    first = (await _record(door, market, 1_000))["payment"]

    async def take_back(number: int) -> Counter[str]:
        given = {"idempotencyKey": f"back-{number}", "id": first["id"], "reason": "退票"}
        errors = (await _ask(door, market.bank, REVERSE, given))["paymentReverse"]["userErrors"]
        return Counter(error["code"] for error in errors) or Counter(["reversed"])

    async def pay(_number: int) -> Counter[str]:
        result = await _record(door, market, 500)
        return Counter(error["code"] for error in result["userErrors"]) or Counter(["paid"])

    backs = 8
    each = [take_back(n) if n % (CLIENTS // backs) == 0 else pay(n) for n in range(CLIENTS)]
    told = sum(await asyncio.gather(*each), Counter[str]())

    assert told == {"paid": CLIENTS - backs, "reversed": 1, "ALREADY_REVERSED": backs - 1}
    # 24 payments of five yuan: 120 yuan are the whole bill, and none of it is there twice.
    figures = "{ ledgerAccounts { nodes { kind balance } } feeBills { nodes { settled state } } }"
    seen = await door.ask(await market.resident(), figures)
    balances = {account["kind"]: account["balance"] for account in seen["ledgerAccounts"]["nodes"]}
    assert {kind: fen for kind, fen in balances.items() if fen} == {}
    assert seen["feeBills"]["nodes"] == [{"settled": 12_000, "state": "PAID"}]
    async with door.world.sessions() as session:
        assert [finding async for finding in verify(session, [door.world.county])] == []


async def _payments(world: World, county: str) -> int:
    async with world.sessions.begin() as session:
        await set_fuse(session, {county})
        return await session.scalar(select(func.count()).where(Payment.county == county)) or 0


async def test_a_hundred_at_once_under_one_key_are_one(door: Door) -> None:
    market = await Market.open(door.world)
    bill = await market.bill()
    elsewhere = await Market.open(await _neighbour(door.world))
    both = [door.world.county, elsewhere.world.county]
    async with door.world.sessions.begin() as session:
        client = update(OAuthClient).where(OAuthClient.client_id == market.bank.client_id)
        await session.execute(client.values(counties=both))
        await open_grant(
            session,
            Role.BANK,
            elsewhere.world.county,
            Source("test", new_id()),
            client_id=market.bank.client_id,
            reach=Reach(),
            scopes=COLLECTING,
            valid_from=date(2020, 1, 1),
        )
    given = {name: value for name, value in _paying(door, market, 700).items() if name not in ("unitId", "companyId")}
    given |= {"id": door.id("FeeBill", bill), "idempotencyKey": "one"}

    answers = await asyncio.gather(*(_ask(door, market.bank, PAY, given) for _ in range(100)))
    replayed = Counter(answer["feeBillPay"].pop("replayed") for answer in answers)
    assert replayed == {False: 1, True: 99}
    assert all(answer == answers[0] for answer in answers)
    paid = answers[0]["feeBillPay"]
    assert (paid["userErrors"], paid["bill"]) == ([], {"settled": 700, "outstanding": 11_300})
    assert await _payments(door.world, door.world.county) == 1

    # Another input under the key is refused, at once and later; the same key of the same client in another county is free.
    other = given | {"amount": 701, "reference": "another"}
    refused = await asyncio.gather(*(_ask(door, market.bank, PAY, other) for _ in range(10)))
    assert [answer["feeBillPay"]["userErrors"] for answer in refused] == [[{"code": "IDEMPOTENCY_KEY_REUSED"}]] * 10
    assert await _payments(door.world, door.world.county) == 1

    there = Door(door.application, elsewhere.world)
    theirs = given | {"id": there.id("FeeBill", await elsewhere.bill())}
    answer = await _ask(door, market.bank, PAY, theirs)
    assert (answer["feeBillPay"]["userErrors"], answer["feeBillPay"]["replayed"]) == ([], False)
    assert await _payments(door.world, elsewhere.world.county) == 1
    assert await _payments(door.world, door.world.county) == 1


async def _neighbour(world: World) -> World:
    """Another county of the same platform."""
    code = f"99{int(world.county[2:]) + 5_000:04d}"
    profile_for_test(code, copy_of="370303")
    return await World(world.sessions, code, now=world.now, vault=world.vault).settle()
