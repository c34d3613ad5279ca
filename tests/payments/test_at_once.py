"""A payment through the API in one round trip: who may no longer pay, and what is left when something fails on the way."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.actors import StoredActors
from app.database import read_pool, without_driver
from app.lines import Line, Lines
from auth.actor import Actor
from auth.standing import StaleActorError
from auth.tokens import issue_token, revoke_token
from models.accounts import OAuthClient
from models.cases import Operation
from models.fees import FeeBill
from models.payments import Payment
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from schema.engine.values import Ref, encode_id
from tests.database import Database
from tests.market import Market
from tests.world import World

PAY = """mutation ($input: FeeBillPayInput!) { feeBillPay(input: $input) {
  payment { id amount } bill { id settled } replayed userErrors { code field } } }"""
_keys = itertools.count(1)


@dataclass
class Counted:
    """Lines that count what is sent on them, and may do a statement of their own instead of the last one."""

    lines: Lines
    sent: list[str] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)
    """Whether what went together asked for the actor's token."""

    last: str | None = None

    async def take(self) -> Any:
        return CountedLine(self, await self.lines.take())

    def give(self, line: "CountedLine") -> None:
        self.lines.give(line.line)


@dataclass
class CountedLine:
    of: Counted
    line: Line

    @property
    def broken(self) -> bool:
        return self.line.broken

    async def fetch(self, statement: str, parameters: Any) -> Any:
        self.of.sent.append("fetch")
        return await self.line.fetch(statement, parameters)

    async def run(self, statement: str) -> None:
        self.of.sent.append(statement)
        await self.line.run(statement)

    async def together(self, statements: Any) -> Any:
        self.of.sent.append(f"{len(statements)} together")
        self.of.asked.append("access_token" in statements[0][0])
        if self.of.last is not None:
            statements = [*statements[:-1], (self.of.last, [])]
        return await self.line.together(statements)


@dataclass
class Counter:
    """The bank's counter: it pays with a token, as an actor that was kept from before."""

    market: Market
    executor: Executor
    documents: Documents
    lines: Counted
    sessions: async_sessionmaker[AsyncSession]
    actor: Actor
    token: str

    async def ask(self, text: str, **variables: Any) -> dict[str, Any]:
        document = self.documents.get(text)
        assert document.rejection is None, document.rejection
        context = RequestContext("r-1", token=self.token)
        answer = await self.executor.execute(document, document.operation(None), variables, self.actor, context)
        return orjson.loads(answer.body)  # type: ignore[no-any-return]

    def paying(self, bill: FeeBill, amount: int = 1_000, **changes: Any) -> dict[str, Any]:
        given = {
            "id": encode_id(Ref("FeeBill", self.market.world.county, bill.id)),
            "amount": amount,
            "channel": "BANK",
            "reference": f"T-{next(_keys)}",
            "receivedOn": self.market.world.today.isoformat(),
            "idempotencyKey": f"k-{next(_keys)}",
        }
        return {**given, **changes}

    async def pay(self, given: dict[str, Any]) -> dict[str, Any]:
        body = await self.ask(PAY, input=given)
        assert "errors" not in body, body
        return body["data"]["feeBillPay"]  # type: ignore[no-any-return]

    async def revoke(self) -> None:
        async with self.sessions.begin() as session:
            await revoke_token(session, self.token)

    async def change_grants(self) -> None:
        async with self.sessions.begin() as session:
            count = OAuthClient.grants_version + 1
            client = OAuthClient.client_id == self.actor.client_id
            await session.execute(update(OAuthClient).where(client).values(grants_version=count))


@pytest.fixture
async def market(world: World) -> Market:
    world.now = datetime.now(UTC)  # the engine reads with the real clock
    return await Market.open(world)


@pytest_asyncio.fixture
async def counter(
    database: Database, market: Market, lines: Lines, command_sessions: async_sessionmaker[AsyncSession]
) -> AsyncIterator[Counter]:
    async with command_sessions.begin() as session:
        issued = await issue_token(
            session, lifetime=timedelta(hours=1), client_id=market.bank.client_id, scopes=["fees:collect"]
        )
    async with read_pool(database.url, minimum=1, maximum=1) as pool:
        actor = await StoredActors(pool).find(issued.value, fresh=False)
    counted = Counted(lines)
    executor = Executor(graphql_schema(), counted, command_sessions)
    documents = Documents(graphql_schema())
    yield Counter(market, executor, documents, counted, command_sessions, actor, issued.value)


async def test_a_payment_is_one_round_trip(counter: Counter) -> None:
    """The actor's standing with the fuse, the rows, both rows of the payload, COMMIT."""
    bill = await counter.market.bill()
    paid = await counter.pay(counter.paying(bill, 5_000))
    assert (paid["payment"]["amount"], paid["bill"]["settled"]) == (5_000, 5_000)
    assert (paid["replayed"], paid["userErrors"]) == (False, [])
    assert counter.lines.sent == ["4 together"]
    assert [row.amount for row in await counter.market.world.rows(Payment)] == [5_000]


async def test_what_is_not_asked_for_is_not_read(counter: Counter) -> None:
    bill = await counter.market.bill()
    text = "mutation ($input: FeeBillPayInput!) { feeBillPay(input: $input) { done: __typename bill { settled } } }"
    body = await counter.ask(text, input=counter.paying(bill, 5_000))
    assert body["data"] == {"feeBillPay": {"done": "FeeBillPayPayload", "bill": {"settled": 5_000}}}
    assert counter.lines.sent == ["3 together"]


@pytest.mark.parametrize("end", ["revoke", "change_grants"])
@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({}, ["4 together"]),
        ({"amount": 0}, []),  # refused before the bill is looked at: the command's own transaction asks
        ({"id": "nonsense"}, ["fetch"]),  # refused before anything is sent
        ({"idempotencyKey": ""}, ["fetch"]),
    ],
)
async def test_a_stale_actor_can_neither_pay_nor_is_told_anything(
    counter: Counter, end: str, changes: dict[str, Any], sent: list[str]
) -> None:
    bill = await counter.market.bill()
    await getattr(counter, end)()
    before = await counter.market.world.fingerprint()
    with pytest.raises(StaleActorError):
        await counter.pay({**counter.paying(bill), **changes})
    assert counter.lines.sent == sent
    assert await counter.market.world.fingerprint() == before


async def test_an_ordinary_act_asks_for_the_actor_along_with_its_fuse(counter: Counter) -> None:
    bill = await counter.market.bill()
    given = counter.paying(bill, 1_000_000)
    refused = await counter.pay(given)
    assert refused["userErrors"] == [{"code": "OVERPAYMENT", "field": "amount"}]
    assert counter.lines.sent == ["4 together"]  # nothing was asked on a line of its own
    text = "mutation ($input: BillDisputeInput!) { billDispute(input: $input) { userErrors { code } } }"
    dispute = {"id": given["id"], "reason": "面积有误", "idempotencyKey": "d-1"}
    counter.lines.sent.clear()
    assert (await counter.ask(text, input=dispute))["data"]["billDispute"]["userErrors"] == [{"code": "FORBIDDEN_ROLE"}]
    assert counter.lines.sent == []
    await counter.revoke()
    before = await counter.market.world.fingerprint()
    with pytest.raises(StaleActorError):
        await counter.ask(text, input=dispute)
    assert counter.lines.sent == []
    assert await counter.market.world.fingerprint() == before


async def test_acts_that_share_a_fragment_show_each_its_own_fields(counter: Counter) -> None:
    one, two = await counter.market.bill(), await counter.market.bill()
    text = """mutation ($a: FeeBillPayInput!, $b: FeeBillPayInput!) {
      a: feeBillPay(input: $a) { ...Paid payment { amount } } b: feeBillPay(input: $b) { ...Paid } }
    fragment Paid on FeeBillPayPayload { payment { reference } userErrors { code } }"""
    first, second = counter.paying(one, 1_000, reference="A"), counter.paying(two, 2_000, reference="B")
    body = await counter.ask(text, a=first, b=second)
    assert body["data"] == {
        "a": {"payment": {"reference": "A", "amount": 1_000}, "userErrors": []},
        "b": {"payment": {"reference": "B"}, "userErrors": []},
    }
    # The second act need not ask for the actor again: an operation that has begun goes on.
    assert counter.lines.sent == ["3 together", "3 together"]
    assert counter.lines.asked == [True, False]


async def test_a_payload_that_cannot_be_read_leaves_nothing_written(counter: Counter) -> None:
    bill = await counter.market.bill()
    given = counter.paying(bill)
    before = await counter.market.world.fingerprint()
    counter.lines.last = "SELECT 1 / 0"
    body = await counter.ask(PAY, input=given)
    assert body["data"] == {"feeBillPay": None}
    assert [(error["path"], error["extensions"]["code"]) for error in body["errors"]] == [(["feeBillPay"], "INTERNAL")]
    assert await counter.market.world.fingerprint() == before

    counter.lines.last = None
    paid = await counter.pay(given)  # the key is free, and the line as good as before
    assert (paid["replayed"], paid["bill"]["settled"]) == (False, 1_000)


async def test_a_payload_that_may_not_be_asked_for_like_this_pays_nothing(counter: Counter) -> None:
    bill = await counter.market.bill()
    text = """mutation ($input: FeeBillPayInput!) { feeBillPay(input: $input) {
      payment { allocations(first: -1) { totalCount nodes { amount } } } userErrors { code field } } }"""
    before = await counter.market.world.fingerprint()
    body = await counter.ask(text, input=counter.paying(bill))
    assert body["data"]["feeBillPay"] == {
        "payment": None,
        "userErrors": [{"code": "OUT_OF_RANGE", "field": "first"}],
    }
    assert counter.lines.sent == ["fetch"]  # whether the actor still may be told
    assert await counter.market.world.fingerprint() == before


async def test_a_key_replays_and_is_bound_to_its_input(counter: Counter) -> None:
    bill = await counter.market.bill()
    given = counter.paying(bill)
    first, again = await counter.pay(given), await counter.pay(given)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["payment"] == first["payment"]
    other = await counter.pay({**given, "amount": 2_000})
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert [row.amount for row in await counter.market.world.rows(Payment)] == [1_000]


async def test_a_server_that_goes_away_on_the_way_is_asked_again_by_the_key(
    counter: Counter, database: Database
) -> None:
    """The backend is ended while the payment waits for the bill: its transaction is undone, and the command does it."""
    world = counter.market.world
    bill = await counter.market.bill()
    with (
        psycopg.connect(without_driver(database.superuser_url)) as holder,
        psycopg.connect(without_driver(database.superuser_url), autocommit=True) as administrator,
    ):
        holder.execute("SELECT FROM fee_bill WHERE county = %s AND id = %s FOR UPDATE", [world.county, bill.id])
        paying = asyncio.create_task(counter.pay(counter.paying(bill)))
        holder_pid = holder.info.backend_pid
        waits = "SELECT pid FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        while not (found := administrator.execute(waits, [holder_pid]).fetchall()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        administrator.execute("SELECT pg_terminate_backend(%s)", found[0])
        while (now := administrator.execute(waits, [holder_pid]).fetchall()) in ([], found):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert len(now) == 1  # the ordinary way waits for the bill
        holder.rollback()
    paid = await paying
    assert (paid["replayed"], paid["userErrors"], paid["bill"]["settled"]) == (False, [], 1_000)
    assert len(await world.rows(Payment)) == 1
    assert len(await world.rows(Operation, name="feeBillPay")) == 1
