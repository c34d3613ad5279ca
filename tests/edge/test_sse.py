"""Subscriptions over server-sent events: the bytes of the stream, its end, and who ends it."""

from typing import Any

import httpx
import pytest

from app.requests import Service
from tests.edge.asgi_client import Stream, until
from tests.edge.asgi_client import running as lifespan
from tests.edge.tiny import TOKEN, TinyActors, tiny_app

COMPLETE = b"event: complete\ndata:\n\n"


def event(body: bytes) -> bytes:
    return b"event: next\ndata: " + body + b"\n\n"


def app(service: Service, **http: Any) -> Any:
    return tiny_app(service, http=http)


async def started(stream: Stream) -> Stream:
    head = await stream.hear()
    assert head["status"] == 200
    assert dict(head["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert await stream.piece() == b":\n\n"
    return stream


def running(service: Service) -> tuple[float | None, int]:
    return service.metrics.registry.get_sample_value("anju_subscriptions"), service.connections


async def test_a_subscription_to_its_end(service: Service) -> None:
    stream = await started(Stream(app(service), "subscription{countdown(start:2)}"))
    assert await stream.piece() == event(b'{"data":{"countdown":2},"extensions":{"cost":{"requested":1}}}')
    assert await stream.piece() == event(b'{"data":{"countdown":1},"extensions":{"cost":{"requested":1}}}')
    assert await stream.piece() == COMPLETE
    await stream.ended()
    assert running(service) == (0, 0)


async def test_a_query_is_a_stream_of_one(service: Service) -> None:
    stream = await started(Stream(app(service), "{hello}"))
    assert await stream.piece() == event(b'{"data":{"hello":"hello world"},"extensions":{"cost":{"requested":1}}}')
    assert await stream.piece() == COMPLETE


async def test_comments_keep_the_connection(service: Service) -> None:
    stream = await started(Stream(app(service, keepalive=0.01), "subscription{silence}"))
    assert [await stream.piece() for _ in range(3)] == [b":\n\n"] * 3
    stream.leave()
    await stream.ended()


async def test_a_client_that_hangs_up_ends_the_subscription(service: Service) -> None:
    stream = await started(Stream(app(service), "subscription{silence}"))
    await until(lambda: running(service) == (1, 1))
    stream.leave()
    await stream.ended()
    assert running(service) == (0, 0)


async def test_a_stream_that_fails_says_so_in_it(service: Service) -> None:
    stream = await started(Stream(app(service), "subscription{broken}"))
    await stream.piece()
    failure = await stream.piece()
    assert b'"message":"Internal error."' in failure
    assert b"secret" not in failure
    assert await stream.piece() == COMPLETE


async def test_a_revoked_token_ends_the_stream(service: Service, actors: TinyActors) -> None:
    service.recheck_seconds = 0.01
    stream = await started(Stream(app(service), "subscription{silence}", authorization=f"Bearer {TOKEN}"))
    actors.actor = None
    message = b'{"errors":[{"message":"The token is wrong, expired or revoked.",'
    assert (await stream.piece()).startswith(b"event: next\ndata: " + message)
    assert await stream.piece() == COMPLETE
    await stream.ended()


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("subscription{nothing}", {}, 400),
        ("subscription{ticks}", {"authorization": "Bearer wrong"}, 401),
    ],
)
async def test_errors_before_the_stream_are_plain_answers(
    service: Service, query: str, headers: dict[str, str], status: int
) -> None:
    transport = httpx.ASGITransport(app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        given = {"accept": "text/event-stream", **headers}
        answer = await client.post("/graphql", json={"query": query}, headers=given)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json; charset=utf-8")


async def test_a_stopping_server_breaks_the_stream_off(service: Service) -> None:
    made = app(service)
    async with lifespan(made):
        stream = await started(Stream(made, "subscription{silence}"))
    assert await stream.hear() == {"type": "http.response.body", "body": b"", "more_body": False}
    await stream.ended()
    assert running(service) == (0, 0)


async def test_a_full_server_starts_no_stream(service: Service) -> None:
    service.most_connections = 0
    stream = Stream(app(service), "subscription{ticks}")
    head = await stream.hear()
    assert (head["status"], dict(head["headers"])[b"retry-after"]) == (503, b"1")
