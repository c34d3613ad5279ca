"""What surrounds GraphQL: request ids, CORS, health, metrics, GraphiQL, the last net."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.routing import Route

from app.negotiation import locale
from tests.edge.tiny import tiny_app, tiny_service

ORIGIN = "https://app.example.org"


async def fail(_: Request) -> None:
    raise LookupError("secret: relation account does not exist")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = tiny_app(origins=[ORIGIN], development=True, routes=[Route("/fail", fail)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as made:
        yield made


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/graphql"])
async def test_a_sane_request_id_is_echoed(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"x-request-id": "wx-7f3a.2026:03_02"})
    assert answer.headers.get_list("x-request-id") == ["wx-7f3a.2026:03_02"]


@pytest.mark.parametrize("given", ["", "short", "x" * 200, "a b c d e f g h", "日志注入", 'quote"quote"'])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/healthz", headers={"x-request-id": given.encode()})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_a_fault_anywhere_says_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail", headers={"x-request-id": "request-0001"})
    assert answer.status_code == 500
    extensions = {"code": "INTERNAL", "requestId": "request-0001"}
    assert answer.json() == {"errors": [{"message": "Internal error.", "extensions": extensions}]}


async def test_listed_origins_may_call(client: httpx.AsyncClient) -> None:
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-acting-as",
    }
    preflight = await client.options("/graphql", headers=asked)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, ORIGIN)
    answer = await client.post("/graphql", json={"query": "{hello}"}, headers={"origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in answer.headers["access-control-expose-headers"].lower()


async def test_other_origins_may_not(client: httpx.AsyncClient) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    preflight = await client.options("/graphql", headers=asked)
    assert preflight.status_code == 400
    answer = await client.post("/graphql", json={"query": "{hello}"}, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_health(client: httpx.AsyncClient) -> None:
    alive, ready = await client.get("/healthz"), await client.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "database": True})


async def test_not_ready() -> None:
    from app.asgi import assemble

    async def ready() -> dict[str, bool]:
        return {"database": False, "events": True}

    app = assemble(tiny_service(), ready=ready)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "database": False, "events": True})


async def test_metrics_count_answers_and_failures(client: httpx.AsyncClient) -> None:
    await client.post("/graphql", json={"query": "{hello}"})
    await client.post("/graphql", json={"query": "{"})
    lines = (await client.get("/metrics")).text.splitlines()
    assert 'anju_request_seconds_count{kind="query"} 1.0' in lines
    assert 'anju_request_failures_total{code="GRAPHQL_PARSE_FAILED"} 1.0' in lines
    assert "anju_documents 2.0" in lines


async def test_graphiql_asks_this_server(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphiql")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'new URL("/graphql", window.location.href).href' in page.text
    assert "if (!window.GraphiQL)" in page.text


async def test_there_is_no_graphiql_in_production() -> None:
    transport = httpx.ASGITransport(tiny_app(development=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        assert (await client.get("/graphiql")).status_code == 404


@pytest.mark.parametrize(
    ("header", "expected"),
    [(b"en", "en"), (b"*", "zh-CN"), (b"en;q=nan", "zh-CN"), (b"en-US, zh;q=0.5", "en"), (b"\xff\xfe;;=", "zh-CN")],
)
def test_locales(header: bytes, expected: str) -> None:
    assert locale(header) == expected
