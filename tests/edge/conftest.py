"""Clients of the tiny server, in process."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.requests import Service
from tests.edge.tiny import TinyActors, tiny_app, tiny_service


@pytest.fixture
def actors() -> TinyActors:
    return TinyActors()


@pytest.fixture
def service(actors: TinyActors) -> Service:
    return tiny_service(actors=actors)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(tiny_app(service, origins=["https://app.example.org"], body_bytes=100_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as made:
        yield made
