"""Load is shed early, and payments still get through."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.admission import Gate
from app.requests import Service
from schema.faults import RequestError
from tests.edge.asgi_client import until
from tests.edge.tiny import TOKEN, tiny_app, tiny_service

HEADERS = {"accept": "application/graphql-response+json"}
PAY = "mutation{feeBillPay}"


@pytest.fixture
def service() -> Service:
    return tiny_service(gate=Gate(capacity=3, reserved=1, per_caller=3, retry_after=2))


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(tiny_app(service)), base_url="http://testserver"
    ) as made:
        yield made


async def ask(client: httpx.AsyncClient, query: str, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json={"query": query}, headers={**HEADERS, **headers})


async def occupied(client: httpx.AsyncClient, service: Service, places: int, **headers: str) -> list[asyncio.Task[Any]]:
    """Requests that hold so many places until they are cancelled."""
    tasks = [asyncio.create_task(ask(client, "{slow(seconds:60)}", **headers)) for _ in range(places)]
    await until(lambda: service.gate.under_way == places)
    return tasks


async def released(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_places_that_are_left_are_for_payments(client: httpx.AsyncClient, service: Service) -> None:
    assert (await ask(client, "{hello}")).status_code == 200
    tasks = await occupied(client, service, 2)
    refused = await ask(client, "{hello}")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert refused.json()["errors"][0]["extensions"] == {"code": "OVERLOADED"}
    assert (await ask(client, 'mutation{rename(title:"x")}')).status_code == 503
    await released(tasks)
    assert service.gate.under_way == 0
    assert (await ask(client, "{hello}")).status_code == 200


async def test_a_known_payment_gets_a_reserved_place(client: httpx.AsyncClient, service: Service) -> None:
    assert (await ask(client, PAY)).status_code == 200
    tasks = await occupied(client, service, 2)
    paid = await ask(client, PAY)
    assert (paid.status_code, paid.json()["data"]) == (200, {"feeBillPay": "paid"})
    await released(tasks)


async def test_a_crowded_server_parses_nothing_new(client: httpx.AsyncClient, service: Service) -> None:
    tasks = await occupied(client, service, 2)
    assert (await ask(client, "mutation New{feeBillPay}")).status_code == 503
    assert service.documents.known("mutation New{feeBillPay}") is None
    await released(tasks)


async def test_even_payments_end_at_the_capacity(client: httpx.AsyncClient, service: Service) -> None:
    await ask(client, PAY)
    with service.gate.enter("a"), service.gate.enter("a"), service.gate.enter("b", reserved=True):
        assert (await ask(client, PAY)).status_code == 503


async def test_one_caller_cannot_take_all_places() -> None:
    service = tiny_service(gate=Gate(capacity=5, reserved=1, per_caller=2))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(tiny_app(service)), base_url="http://testserver"
    ) as client:
        tasks = await occupied(client, service, 2, authorization=f"Bearer {TOKEN}")
        refused = await ask(client, "{hello}", authorization=f"Bearer {TOKEN}")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["errors"][0]["extensions"] == {"code": "TOO_MANY_REQUESTS"}
        assert (await ask(client, "{hello}")).status_code == 200
        await released(tasks)


def test_places_are_given_back_after_failures() -> None:
    gate = Gate(capacity=2, reserved=1, per_caller=1)
    for _ in range(3):
        with pytest.raises(LookupError), gate.enter("a"):
            raise LookupError
    assert gate.under_way == 0
    assert not gate._callers
    with gate.enter("a"), pytest.raises(RequestError), gate.enter("b"):
        pass


def test_some_places_must_be_free_for_all() -> None:
    with pytest.raises(ValueError, match="some places"):
        Gate(capacity=4, reserved=4)
