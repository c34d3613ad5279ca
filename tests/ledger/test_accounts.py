"""The books through the API: an account of any day, its lines with their reasons, and nobody else's (FUND-4, FUND-11)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.roles import Role
from resolvers import ledger
from resolvers.unit_of_work import UnitOfWork
from tests.door import Door
from tests.market import Market

FUND = """query ($first: Date!, $last: Date!, $before: Date!) {
  ledgerAccounts(where: {kind: UNIT_FUND}) { nodes {
    unit { name } balance opening: balance(asOf: $before) closing: balance(asOf: $last)
    postings(where: {occurredFrom: $first, occurredTo: $last}) { totalCount nodes {
      occurredOn change balanceAfter
      transaction { kind reason reference reverses { reason } reversedBy { reason } postings { totalCount } } } } } } }"""


@pytest.fixture
async def market(door: Door) -> Market:
    """Two owners' fund accounts with a deposit of both, a payment out of one, and one that was taken back."""
    market = await Market.open(door.world, 10_000, 10_000)

    async def book(uow: UnitOfWork) -> UUID:
        bank = await ledger.account(uow, AccountKind.BANK, area_id=market.area.id)
        mine, other = [await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=unit.id) for unit in market.units[:2]]
        day = uow.today - timedelta(days=10)
        deposit = {"reason": "首期维修资金", "reference": "JK-1", "occurred_on": day}
        lines = [debit(bank, 30_000), credit(mine, 10_000), credit(other, 20_000)]
        await ledger.post(uow, TransactionKind.FUND_DEPOSIT, lines, **deposit)
        spent = [debit(mine, 2_500), credit(bank, 2_500)]
        await ledger.post(
            uow, TransactionKind.FUND_SPENT, spent, reason="电梯钢丝绳更换", occurred_on=day + timedelta(days=5)
        )
        return await ledger.post(uow, TransactionKind.FUND_SPENT, spent, reason="重复支付")

    twice = await door.world.do(market.bureau, book)
    await door.world.do(market.bureau, ledger.reverse, transaction_id=twice, reason="重复支付冲正")
    return market


def _period(market: Market) -> dict[str, str]:
    today = market.world.today
    first = today - timedelta(days=7)
    return {
        name: day.isoformat()
        for name, day in {"first": first, "before": first - timedelta(days=1), "last": today}.items()
    }


@pytest.mark.rule("FUND-4", "FUND-11")
async def test_an_owner_reads_every_line_of_the_own_fund_account_and_why(door: Door, market: Market) -> None:
    owner = await market.resident()
    data = await door.ask(owner, FUND, **_period(market))
    [account] = data["ledgerAccounts"]["nodes"]
    lines = account.pop("postings")
    assert account == {"unit": {"name": market.units[0].name}, "balance": 7_500, "opening": 10_000, "closing": 7_500}
    assert lines["totalCount"] == 3
    shown = [(each["change"], each["balanceAfter"], each["transaction"]["reason"]) for each in lines["nodes"]]
    assert shown == [
        (-2_500, 7_500, "电梯钢丝绳更换"),
        (-2_500, 5_000, "重复支付"),
        (2_500, 7_500, "重复支付冲正"),
    ]
    repaired, doubled, back = [each["transaction"] for each in lines["nodes"]]
    assert repaired["reversedBy"] is None
    assert doubled["reversedBy"] == {"reason": "重复支付冲正"}
    assert (back["kind"], back["reverses"]) == ("REVERSAL", {"reason": "重复支付"})


@pytest.mark.rule("FUND-11")
async def test_of_a_transaction_of_many_an_owner_sees_the_own_line_only(door: Door, market: Market) -> None:
    lines = "postings(first: 1) { nodes { transaction { postings { nodes { change } } } } }"
    deposit = f"{{ ledgerAccounts(where: {{kind: UNIT_FUND}}) {{ nodes {{ {lines} }} }} }}"

    async def seen(who: Any) -> Any:
        data = await door.ask(who, deposit)
        return [
            [line["change"] for line in account["postings"]["nodes"][0]["transaction"]["postings"]["nodes"]]
            for account in data["ledgerAccounts"]["nodes"]
        ]

    assert await seen(await market.resident()) == [[10_000]]
    assert await seen(await market.resident(market.units[1])) == [[20_000]]
    assert await seen(await market.resident(role=Role.TENANT)) == []
    assert [sorted(lines) for lines in await seen(market.bureau)] == [[10_000, 20_000, 30_000]] * 2


async def test_a_line_is_found_by_its_id_by_who_sees_its_account(door: Door, market: Market) -> None:
    owner, neighbour = await market.resident(), await market.resident(market.units[1])
    listed = "{ ledgerAccounts(where: {kind: UNIT_FUND}) { nodes { postings(last: 1) { nodes { id transaction { id } } } } } }"
    data = await door.ask(owner, listed)
    [line] = data["ledgerAccounts"]["nodes"][0]["postings"]["nodes"]
    node = "query ($line: ID!, $transaction: ID!) { line: node(id: $line) { id } transaction: node(id: $transaction) { id } }"
    named = {"line": line["id"], "transaction": line["transaction"]["id"]}
    assert await door.ask(owner, node, **named) == {
        "line": {"id": named["line"]},
        "transaction": {"id": named["transaction"]},
    }
    assert await door.ask(neighbour, node, **named) == {"line": None, "transaction": None}


async def test_balances_of_a_banks_lines_are_not_added_up(door: Door, market: Market) -> None:
    lines = "postings(orderBy: NEWEST) { nodes { change balanceAfter } }"
    text = f"{{ ledgerAccounts(where: {{kind: BANK}}) {{ nodes {{ balance {lines} }} }} }}"
    [account] = (await door.ask(market.bureau, text))["ledgerAccounts"]["nodes"]
    assert account["balance"] == 27_500
    assert [line["change"] for line in account["postings"]["nodes"]] == [2_500, -2_500, -2_500, 30_000]
    assert {line["balanceAfter"] for line in account["postings"]["nodes"]} == {None}


async def test_offices_read_what_the_fund_of_their_division_holds(door: Door, market: Market) -> None:
    world = market.world
    text = """query ($by: DivisionLevel!, $day: Date) {
      fundBalances(by: $by, asOf: $day) { division { code } units areas total earmarked }
      estates { nodes { fundBalance(asOf: $day) } } }"""

    async def seen(who: Any, level: str, day: Any = None) -> tuple[Any, list[int]]:
        data = await door.ask(who, text, by=level, day=day and day.isoformat())
        found = {each["division"]["code"]: each["total"] for each in data["fundBalances"]}
        return found, [each["fundBalance"] for each in data["estates"]["nodes"]]

    before = world.today - timedelta(days=6)
    assert await seen(market.bureau, "COUNTY") == ({world.county: 27_500}, [27_500])
    assert await seen(market.bureau, "COUNTY", before) == ({world.county: 30_000}, [30_000])
    communities, estates = await seen(market.bureau, "COMMUNITY")
    assert (communities[world.community], set(communities.values()), estates) == (27_500, {0, 27_500}, [27_500])
    here, elsewhere = await world.community_office(), await world.community_office(world.other_community)
    assert await seen(here, "COMMUNITY") == ({world.community: 27_500}, [27_500])
    assert await seen(elsewhere, "COMMUNITY") == ({world.other_community: 0}, [])

    refused = await door.say(await market.resident(), text, by="COUNTY")
    assert refused["data"]["fundBalances"] is None
    assert refused["data"]["estates"]["nodes"] == [{"fundBalance": None}]
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["FORBIDDEN_ROLE"]
