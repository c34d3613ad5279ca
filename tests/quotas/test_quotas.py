"""Quotas of callers: what several server processes let through together, what it costs them, and what the caller is told."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import Lines
from app.quotas import Buckets, Quotas, Spent, StoredBuckets
from app.requests import Service
from auth.actor import Actor, ClientTerms, anonymous
from auth.quotas import forget_buckets
from domain.quotas import PORTION, Quota
from models.sealed import DerivedVault
from schema.documents import RequestContext
from schema.faults import RequestCode, RequestError
from tests.edge.asgi_client import Socket, Stream
from tests.edge.tiny import ACTOR, TODAY, TOKEN, tiny_app, tiny_service

VAULT = DerivedVault({1: bytes(range(32))})
QUOTA = Quota(1_000, 1)
BEARER = {"authorization": f"Bearer {TOKEN}", "accept": "application/graphql-response+json"}


def process(shared: Buckets, quota: Quota = QUOTA, **given: Any) -> Quotas:
    """The quotas of one server process, which settles only when it has to or is told to."""
    kinds = {"person": quota, "partner": quota, "anonymous": quota}
    return Quotas(shared, VAULT, **{**kinds, **given})


def person(account: uuid.UUID | None = None, app: str | None = None, own: Quota | None = None) -> Actor:
    """Somebody who asks, through an app or without one."""
    terms = None if app is None else ClientTerms(app, own)
    return Actor(account or uuid.uuid4(), None, None, "王小明", "zh-CN", TODAY, terms=terms)


def partner(client_id: str) -> Actor:
    return Actor(None, client_id, None, "演示银行", "zh-CN", TODAY, terms=ClientTerms(client_id))


async def took(quotas: Quotas, actor: Actor, cost: int, *, address: str = "", payment: bool = False) -> bool:
    """Whether a request of this cost was let through."""
    try:
        await quotas.charge(actor, RequestContext("r", cost=cost, client_ip=address), payment=payment)
    except RequestError as error:
        if error.code is not RequestCode.OVER_QUOTA:
            raise
        return False
    return True


class Counted(StoredBuckets):
    """The buckets of the database, with the statements that were sent: how many callers each was about."""

    def __init__(self, lines: Lines) -> None:
        super().__init__(lines)
        self.statements: list[int] = []

    async def pour(self, spent: list[Spent]) -> Mapping[str, float]:
        self.statements.append(len(spent))
        return await super().pour(spent)

    async def take(self, holder: str, points: int, brim: int) -> float | None:
        self.statements.append(1)
        return await super().take(holder, points, brim)


@pytest.mark.parametrize("cost", [1, 37, 300])
async def test_processes_together_pass_the_bucket_by_no_more_than_their_portions(lines: Lines, cost: int) -> None:
    processes = [process(StoredBuckets(lines)) for _ in range(4)]
    actor, began = person(), time.monotonic()
    asked = [took(processes[number % 4], actor, cost) for number in range(4 * 1_200 // cost)]
    let_through = sum(await asyncio.gather(*asked)) * cost
    leaked = int(time.monotonic() - began + 1) * QUOTA.per_second
    assert let_through <= QUOTA.points + leaked + 4 * QUOTA.points // PORTION
    assert let_through > QUOTA.points - 4 * cost
    for quotas in processes:
        await quotas.settle()
    assert not any([await took(quotas, actor, max(cost, 60)) for quotas in processes]), (
        "what was let through is not forgotten"
    )


async def test_an_ordinary_request_costs_no_statement(lines: Lines) -> None:
    shared = Counted(lines)
    quotas = process(shared)
    people = [person() for _ in range(30)]
    for actor in people:
        assert [await took(quotas, actor, cost) for cost in (20, 29)] == [True, True]
    assert shared.statements == []
    await quotas.settle()
    assert shared.statements == [30], "one statement for everybody"
    await quotas.settle()
    assert shared.statements == [30], "nothing to settle, nothing sent"


async def test_a_request_beyond_the_portion_is_judged_by_what_others_have_let_through(lines: Lines) -> None:
    here, elsewhere, actor = process(Counted(lines)), process(StoredBuckets(lines)), person()
    assert await took(elsewhere, actor, 900)
    assert await took(here, actor, 50), "one portion on trust"
    assert not await took(here, actor, 51), "more is looked up"
    assert await took(here, actor, 48), "what was refused is not charged"


async def test_refused_requests_cost_no_statement(lines: Lines) -> None:
    shared = Counted(lines)
    quotas, actor = process(shared), person()
    assert await took(quotas, actor, 1_000)
    assert shared.statements == [1, 1], "told what was let through, then asked"
    assert not any([await took(quotas, actor, 100) for _ in range(50)])
    assert shared.statements == [1, 1]


async def test_who_has_a_bucket_of_their_own(lines: Lines) -> None:
    quotas, account = process(StoredBuckets(lines)), uuid.uuid4()
    bank = f"bank-{account}"
    assert await took(quotas, person(account, "app-a"), 1_000)
    assert not await took(quotas, person(account, "app-a"), 100), "the same person through the same app"
    assert await took(quotas, person(account, "app-b"), 1_000), "another app"
    assert await took(quotas, person(None, "app-a"), 1_000), "another person with the same app"
    assert await took(quotas, partner(bank), 1_000)
    assert not await took(quotas, partner(bank), 100)
    nobody = anonymous(TODAY)
    assert await took(quotas, nobody, 1_000, address="2001:db8:1:2::3")
    assert not await took(quotas, nobody, 100, address="2001:db8:1:2:ffff::4"), "one subscriber's network"
    assert await took(quotas, nobody, 1_000, address="192.0.2.1")


async def test_a_client_may_have_a_quota_of_its_own(lines: Lines) -> None:
    quotas = process(StoredBuckets(lines))
    assert await took(quotas, person(app="app", own=Quota(5_000, 1)), 4_000)
    with pytest.raises(RequestError) as raised:
        await quotas.charge(person(app="app", own=Quota(100, 1)), RequestContext("r", cost=101))
    assert raised.value.errors[0]["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "quota",
        "allowed": 100,
        "measured": 101,
    }


async def test_buckets_leak_and_the_database_agrees(
    lines: Lines, command_sessions: async_sessionmaker[AsyncSession]
) -> None:
    """Half an hour passes by moving the row back, not by waiting."""
    actor = person()
    assert await took(process(StoredBuckets(lines), Quota(1_000, 2)), actor, 1_000)
    assert not await took(process(StoredBuckets(lines), Quota(1_000, 2)), actor, 500)
    back = text("UPDATE quota_bucket SET settled_at = settled_at - interval '300 s' WHERE holder = :holder")
    async with command_sessions.begin() as session:
        await session.execute(back, {"holder": f"{actor.account_id}/"})
    assert not await took(process(StoredBuckets(lines), Quota(1_000, 2)), actor, 700)
    assert await took(process(StoredBuckets(lines), Quota(1_000, 2)), actor, 590)


async def test_a_failed_settling_loses_nothing(lines: Lines) -> None:
    class Away(StoredBuckets):
        away = True

        async def pour(self, spent: list[Spent]) -> Mapping[str, float]:
            if self.away:
                raise OSError("the database is away")
            return await super().pour(spent)

    shared, actor = Away(lines), person()
    quotas = process(shared)
    assert await took(quotas, actor, 40)
    with pytest.raises(OSError, match="away"):
        await quotas.settle()
    with pytest.raises(OSError, match="away"):
        await took(quotas, actor, 60)
    shared.away = False
    await quotas.settle()
    assert not await took(process(shared), actor, 970), "the 40 arrived"
    assert await took(process(shared), actor, 955), "the 60 never ran"


async def test_old_buckets_are_swept(lines: Lines, command_sessions: async_sessionmaker[AsyncSession]) -> None:
    old, new = person(), person()
    for actor in (old, new):
        assert await took(process(StoredBuckets(lines)), actor, 100)
    held = text("SELECT holder FROM quota_bucket WHERE holder = ANY (:holders)")
    holders = [f"{actor.account_id}/" for actor in (old, new)]
    async with command_sessions.begin() as session:
        await session.execute(
            text("UPDATE quota_bucket SET settled_at = settled_at - interval '2 d' WHERE holder = :holder"),
            {"holder": holders[0]},
        )
        now = (await session.execute(text("SELECT now() - interval '1 d'"))).scalar_one()
        await forget_buckets(session, now)
        assert (await session.execute(held, {"holders": holders})).scalars().all() == [holders[1]]


# -- what the caller is told -------------------------------------------------------------------------------------------


class Remembered:
    """Shared buckets for the tiny server: nothing leaks, so that figures are exact."""

    def __init__(self) -> None:
        self.levels: Counter[str] = Counter()

    async def pour(self, spent: list[Spent]) -> Mapping[str, float]:
        for each in spent:
            self.levels[each.holder] += each.points
        return {each.holder: float(self.levels[each.holder]) for each in spent}

    async def take(self, holder: str, points: int, brim: int) -> float | None:
        if self.levels[holder] + points > brim:
            return None
        self.levels[holder] += points
        return float(self.levels[holder])


@pytest.fixture
def service() -> Service:
    return tiny_service(quotas=process(Remembered(), Quota(40, 3), clock=lambda: 0.0))


@pytest.fixture
def http(service: Service) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(tiny_app(service)), base_url="http://testserver")


async def post(http: httpx.AsyncClient, query: str, **headers: str) -> httpx.Response:
    return await http.post("/graphql", json={"query": query}, headers={**BEARER, **headers})


BOOKS = "{books(first:15){edges{node{title}}}}"


def refusal(requested: int, left: int, seconds: int) -> dict[str, Any]:
    return {
        "message": "The caller's quota is used up; wait as Retry-After says, repeat.",
        "extensions": {
            "code": "OVER_QUOTA",
            "retryAfter": seconds,
            "cost": {"requested": requested, "left": left, "capacity": 40, "perSecond": 3},
        },
    }


@pytest.mark.parametrize("accept", ["application/graphql-response+json", "application/json"])
async def test_over_the_quota_is_429_and_nothing_runs(http: httpx.AsyncClient, accept: str) -> None:
    for left in (25, 10):
        answer = await post(http, BOOKS, accept=accept)
        cost = {"requested": 15, "left": left, "capacity": 40, "perSecond": 3}
        assert (answer.status_code, answer.json()["extensions"]) == (200, {"cost": cost})
    answer = await post(http, BOOKS, accept=accept)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json() == {"errors": [refusal(15, 10, 2)]}
    assert (await post(http, "{hello}", accept=accept)).json()["extensions"]["cost"]["left"] == 9


async def test_browsers_may_read_when_to_come_back(service: Service) -> None:
    app = tiny_app(service, origins=["https://app.example.org"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as http:
        for _ in range(3):
            answer = await post(http, BOOKS, origin="https://app.example.org")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


async def test_over_a_socket_the_operation_fails_with_the_same_code(service: Service) -> None:
    socket = await Socket(tiny_app(service)).greeted(authorization=f"Bearer {TOKEN}")
    for number in range(2):
        socket.subscribe(f"q{number}", BOOKS)
        assert (await socket.message())["type"] == "next"
        assert (await socket.message())["type"] == "complete"
    socket.subscribe("q2", BOOKS)
    assert await socket.message() == {"id": "q2", "type": "error", "payload": [refusal(15, 10, 2)]}
    socket.subscribe("s", "subscription{countdown(start:1)}")
    assert (await socket.message())["payload"]["extensions"]["cost"]["left"] == 9, "the connection goes on"
    socket.leave()
    await socket.ended()


async def test_over_server_sent_events_the_request_is_refused(service: Service) -> None:
    app = tiny_app(service)
    for _ in range(2):
        await Stream(app, BOOKS, authorization=f"Bearer {TOKEN}").ended()
    start = await (stream := Stream(app, BOOKS, authorization=f"Bearer {TOKEN}")).hear()
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (429, b"2")
    assert b'"code":"OVER_QUOTA"' in await stream.piece()


async def test_payments_go_on_beyond_the_brim_and_then_stop(http: httpx.AsyncClient) -> None:
    for _ in range(2):
        await post(http, BOOKS)
    for _ in range(10):
        assert (await post(http, "{hello}")).status_code == 200
    assert (await post(http, "{hello}")).status_code == 429
    assert (await post(http, 'mutation{rename(title:"x")}')).status_code == 429
    assert (await post(http, "mutation{feeBillPay}")).json()["data"] == {"feeBillPay": "paid"}
    assert (await post(http, 'mutation{feeBillPay rename(title:"x")}')).status_code == 429, "only payments"
    for _ in range(39):
        assert (await post(http, "mutation{feeBillPay}")).status_code == 200
    assert (await post(http, "mutation{feeBillPay}")).status_code == 429, "as much again, no more"


async def test_rejected_documents_cost_a_point(http: httpx.AsyncClient) -> None:
    for query in ("{helo}", "{hello", "query A{hello} query B{me}"):
        assert (await post(http, query)).status_code == 400
    assert (await post(http, "{hello}")).json()["extensions"]["cost"]["left"] == 36
    for _ in range(36):
        assert (await post(http, "{helo}")).status_code == 400
    assert (await post(http, "{helo}")).status_code == 429


async def test_a_used_up_quota_is_nobody_elses(http: httpx.AsyncClient) -> None:
    """Who has used up their quota is told so; who comes with a wrong token, or with none, is not."""
    for _ in range(2):
        await post(http, BOOKS)
    assert (await post(http, BOOKS)).status_code == 429
    assert (await post(http, BOOKS, authorization="Bearer wrong")).status_code == 401
    assert (await http.post("/graphql", json={"query": BOOKS}, headers={"accept": "*/*"})).status_code == 200


def test_actors_without_a_client_have_no_terms() -> None:
    assert ACTOR.terms is None
