"""Whatever arrives: HTTP answers with JSON below 500, a socket closes with a code of the protocol, neither breaks."""

import json
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edge.asgi_client import Socket
from tests.edge.tiny import tiny_app, tiny_service

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
queries = st.sampled_from(
    ["{hello}", "{", "query A{hello} query B{me}", "subscription{ticks}", "mutation{feeBillPay}", ""]
)
persisted = st.fixed_dictionaries({}, optional={"version": values, "sha256Hash": values | st.just("0" * 64)})
parameters = st.fixed_dictionaries(
    {},
    optional={
        "query": queries | values,
        "operationName": values,
        "variables": values,
        "extensions": values | st.fixed_dictionaries({"persistedQuery": persisted | values}),
        "documentId": values,
    },
)
bodies = st.binary(max_size=60) | (parameters | values).map(lambda value: json.dumps(value).encode())
accepts = st.sampled_from(["", "*/*", "application/json", "application/graphql-response+json", "text/html", ";;,=q"])
types = st.sampled_from(["application/json"] * 5 + ["", "text/plain", "application/json; charset=x", ";"])
headers = st.fixed_dictionaries(
    {"accept": accepts, "content-type": types},
    optional={
        "authorization": st.sampled_from(["Bearer tiny-token", "Bearer x", "x", ""]),
        "x-acting-as": st.sampled_from(["", "x", "01980000-0000-7000-8000-000000000001"]),
        "accept-language": st.sampled_from(["en", ";q=", "zh;q=x,*"]),
    },
)  # fmt: skip

SERVICE = tiny_service()
APP = tiny_app(SERVICE)


@settings(max_examples=300, deadline=None)
@given(body=bodies, headers=headers)
async def test_any_post(body: bytes, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://testserver") as client:
        answer = await client.post("/graphql", content=body, headers=headers)
    assert answer.status_code < 500, answer.text
    told = answer.json()
    assert set(told) <= {"data", "errors", "extensions"}
    assert told.get("errors") or told["data"] is not None
    assert SERVICE.gate.under_way == 0


@settings(max_examples=200, deadline=None)
@given(
    query_string=st.text(max_size=60)
    | st.dictionaries(st.sampled_from(["query", "variables", "extensions"]), st.text())
)
async def test_any_get(query_string: Any) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://testserver") as client:
        answer = await client.get("/graphql", params=query_string, headers={"accept": "application/json"})
    assert answer.status_code < 500, answer.text
    assert answer.json()["errors"]


messages = st.text(max_size=40) | values.map(json.dumps) | st.fixed_dictionaries(
    {"type": st.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete"]) | values},
    optional={"id": values | st.just("1"), "payload": values | parameters},
).map(json.dumps)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(sent=st.lists(messages, max_size=6))
async def test_any_messages(sent: list[str]) -> None:
    socket = Socket(APP)
    await socket.hear()
    for text in sent:
        socket.tell(type="websocket.receive", text=text)
    socket.leave()
    await socket.ended()
    while not socket._from_app.empty():
        event = await socket.hear()
        assert event.get("code", 1000) in (1000, 4400, 4401, 4403, 4409, 4429), event
        assert "Internal error" not in event.get("text", "")
    assert SERVICE.connections == 0
