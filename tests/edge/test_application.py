"""The application as it is put together for a deployment: its parts meet, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette

from app.asgi import create_app
from app.database import command_engine
from app.requests import PAYMENTS
from app.settings import load
from auth.tokens import issue_token, revoke_token
from domain.documents import DocumentKind
from domain.roles import Role
from models.accounts import Account
from resolvers import emergency_funds
from schema.api import graphql_schema
from tests.acts import opaque
from tests.database import Database
from tests.edge.asgi_client import Socket, running, until
from tests.estates import places
from tests.funds.test_emergency import PLAN
from tests.project import Project
from tests.stage import Stage
from tests.world import World

HEADERS = {"accept": "application/graphql-response+json"}


@dataclass
class Deployment:
    """The running application, a client of it, and an official's token."""

    app: Starlette
    client: httpx.AsyncClient
    sessions: async_sessionmaker[AsyncSession]
    world: World
    account_id: Any
    token: str

    async def ask(self, query: str, **headers: str) -> httpx.Response:
        given = {**HEADERS, "authorization": f"Bearer {self.token}", **headers}
        return await self.client.post("/graphql", json={"query": query}, headers=given)


@pytest.fixture
async def deployment(
    database: Database, county: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Deployment]:
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("ANJU_DATA", str(tmp_path))
    monkeypatch.setenv("ANJU_READ_CONNECTIONS", "2")
    app = create_app(load())
    engine = command_engine(database.url, size=1)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    world = await World(sessions, county).settle()
    official = await world.bureau()
    async with sessions.begin() as session:
        issued = await issue_token(session, lifetime=timedelta(hours=1), account_id=official.account_id)
    transport = httpx.ASGITransport(app)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield Deployment(app, client, sessions, world, official.account_id, issued.value)
    await engine.dispose()


async def test_it_says_when_it_is_ready(deployment: Deployment) -> None:
    async with asyncio.timeout(10):
        while (answer := await deployment.client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert answer.json() == {"ready": True, "database": True, "events": True}


async def test_a_read_through_every_layer(deployment: Deployment) -> None:
    answer = await deployment.ask("{estates(first:5){nodes{name}}}")
    cost = {"requested": 5, "left": 5_999_995, "capacity": 6_000_000, "perSecond": 30_000}
    body = {"data": {"estates": {"nodes": []}}, "extensions": {"cost": cost}}
    assert (answer.status_code, answer.json()) == (200, body)


NAMELESS = """mutation{contactCadreAppoint(input:{estateId:"%s",name:" ",office:"x"}){estate{id}
  userErrors{code field retryable message}}}"""


@pytest.mark.parametrize(
    ("language", "message"),
    [("zh-CN,zh;q=0.9", "此项必填,请填写。"), ("en-GB", "Please fill this in.")],
)
async def test_a_refusal_says_what_to_do_in_the_callers_language(
    deployment: Deployment, language: str, message: str
) -> None:
    world = deployment.world
    estate = opaque(world.county, "Estate", await places.estate(world))
    answer = await deployment.ask(NAMELESS % estate, **{"accept-language": language})
    assert answer.status_code == 200
    assert answer.json()["data"]["contactCadreAppoint"] == {
        "estate": None,
        "userErrors": [{"code": "REQUIRED", "field": "name", "retryable": False, "message": message}],
    }


async def test_what_people_call_the_values_of_an_enum(deployment: Deployment) -> None:
    """In the language asked for, else the request's; what is no enum of the schema is not found."""

    async def called(argument: str, **headers: str) -> list[Any]:
        answer = await deployment.ask(f"{{enumLabels(name:{argument}){{value label}}}}", **headers)
        return answer.json()["data"]["enumLabels"]  # type: ignore[no-any-return]

    chinese = await called('"UnitUse"')
    assert {each["value"]: each["label"] for each in chinese} == {
        "DWELLING": "住宅",
        "SHOP": "商业",
        "OFFICE": "办公",
        "PARKING": "车位、车库",
        "STORAGE": "储藏室",
        "PUBLIC": "公共用房",
    }
    english = await called('"UnitUse",locale:"en"')
    assert english[0] == {"value": "DWELLING", "label": "Dwelling"}
    assert await called('"UnitUse"', **{"accept-language": "en"}) == english
    answer = await deployment.ask('{enumLabels(name:"Estate"){value}}')
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["NOT_FOUND"]


async def test_a_kept_actor_whose_token_is_revoked_is_refused_at_once(deployment: Deployment) -> None:
    query = "{estates(first:5){nodes{name}}}"
    for _ in range(3):
        assert (await deployment.ask(query)).status_code == 200
    async with deployment.sessions.begin() as session:
        await revoke_token(session, deployment.token)
    answer = await deployment.ask(query)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_a_kept_actor_whose_grants_change_is_loaded_again(deployment: Deployment) -> None:
    query = "{estates(first:5){nodes{name}}}"
    await deployment.ask(query)
    async with deployment.sessions.begin() as session:
        count = Account.grants_version + 1
        await session.execute(update(Account).where(Account.id == deployment.account_id).values(grants_version=count))
    assert (await deployment.ask(query)).status_code == 200


async def test_a_kept_actor_writes_as_long_as_it_holds(deployment: Deployment) -> None:
    """The act's own transaction asks: with other grants it is done by the actor as it is now, without a token it is not."""
    act = '{listExport(input:{county:"%s",list:ESTATES,idempotencyKey:"k-1"}){replayed userErrors{code}}}'
    mutation = f"mutation{act % deployment.world.county}"
    done = {"listExport": {"replayed": False, "userErrors": []}}
    assert (await deployment.ask(mutation)).json()["data"] == done
    async with deployment.sessions.begin() as session:
        count = Account.grants_version + 1
        await session.execute(update(Account).where(Account.id == deployment.account_id).values(grants_version=count))
    answer = (await deployment.ask(mutation)).json()["data"]
    assert answer == {"listExport": {"replayed": True, "userErrors": []}}
    async with deployment.sessions.begin() as session:
        await revoke_token(session, deployment.token)
    refused = await deployment.ask(mutation)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


@pytest.mark.parametrize(
    ("path", "status"),
    [("/healthz", 200), ("/metrics", 200), ("/graphiql", 200), ("/nothing", 404), ("/auth/token", 405)],
)
async def test_its_routes(deployment: Deployment, path: str, status: int) -> None:
    assert (await deployment.client.get(path)).status_code == status


async def test_heartbeats_by_socket(deployment: Deployment) -> None:
    socket = await Socket(deployment.app).greeted(authorization=f"Bearer {deployment.token}")
    socket.subscribe("h", "subscription{beat:heartbeat(count:1){n:number __typename}}")
    cost = {"requested": 1, "left": 5_999_999, "capacity": 6_000_000, "perSecond": 30_000}
    payload = {"data": {"beat": {"n": 1, "__typename": "Heartbeat"}}, "extensions": {"cost": cost}}
    assert await socket.message() == {"id": "h", "type": "next", "payload": payload}
    assert await socket.message() == {"id": "h", "type": "complete"}
    socket.subscribe("h", "subscription{heartbeat(count:0){number}}")
    (told,) = (await socket.message())["payload"]
    assert told["extensions"] == {"code": "OUT_OF_RANGE", "field": "count", "retryable": False}
    socket.leave()
    await socket.ended()


async def test_subscriptions_are_for_signed_in_callers(deployment: Deployment) -> None:
    socket = await Socket(deployment.app).greeted()
    socket.subscribe("h", "subscription{heartbeat{number}}")
    (told,) = (await socket.message())["payload"]
    assert told["extensions"] == {"code": "UNAUTHENTICATED"}
    socket.leave()
    await socket.ended()


async def test_a_filing_is_followed_as_it_changes(deployment: Deployment) -> None:
    world = deployment.world
    world.now = datetime.now(UTC)
    project = await Project.build(world)
    socket = await Socket(deployment.app).greeted(authorization=f"Bearer {deployment.token}")
    socket.subscribe("f", f'subscription{{filingChanged(county:"{world.county}"){{state company{{name}}}}}}')
    await until(lambda: _subscriptions(deployment.app) == 1)
    await project.filed_company()
    states = []
    while not states or states[-1] != "FILED":
        message = await socket.message()
        assert message["type"] == "next", message
        states.append(message["payload"]["data"]["filingChanged"]["state"])
    socket.leave()
    await socket.ended()
    assert _subscriptions(deployment.app) == 0


async def test_a_fund_request_is_followed_and_polled(deployment: Deployment) -> None:
    """The subscription tells of it when it changes; its polling twin lists what changed since."""
    world = deployment.world
    stage = await Stage.build(world.sessions, world.county)
    stage.now = datetime.now(UTC)
    place = await stage.place(8_000)
    company = await stage.actor(Role.COMPANY_ADMIN, company_id=await stage.company(place))
    socket = await Socket(deployment.app).greeted(authorization=f"Bearer {deployment.token}")
    socket.subscribe("r", f'subscription{{fundRequestChanged(county:"{world.county}"){{kind state title}}}}')
    await until(lambda: _subscriptions(deployment.app) == 1)
    photo = await stage.paper(company, DocumentKind.PHOTO)
    await stage.do(company, emergency_funds.report, estate_id=place.estate.id, document_ids=[photo.id], **PLAN)
    message = await socket.message()
    assert message["payload"]["data"]["fundRequestChanged"] == {
        "kind": "EMERGENCY",
        "state": "REPORTED",
        "title": PLAN["title"],
    }
    socket.leave()
    await socket.ended()
    since = "{ fundRequests(where: {updatedSince: %s}) { nodes { title } } }"
    for ago, found in ((timedelta(minutes=5), [{"title": PLAN["title"]}]), (timedelta(minutes=-5), [])):
        instant = f'"{(stage.now - ago).isoformat()}"'
        answer = (await deployment.ask(since % instant)).json()
        assert answer["data"]["fundRequests"]["nodes"] == found


def _subscriptions(app: Starlette) -> float:
    return app.state.service.metrics.registry.get_sample_value("anju_subscriptions") or 0


def test_reserved_places_are_for_mutations_that_exist() -> None:
    mutation = graphql_schema().mutation_type
    assert mutation is not None
    assert set(mutation.fields) >= PAYMENTS
