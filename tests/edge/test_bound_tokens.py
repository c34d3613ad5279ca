"""A token that is bound to a client certificate opens nothing without it, by no transport (RFC 8705 §3)."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import update
from sqlalchemy.ext.asyncio import async_sessionmaker
from starlette.applications import Starlette

from app.asgi import create_app
from app.database import command_engine
from app.settings import load
from auth.tokens import issue_token, token_hash
from models.accounts import AccessToken
from tests.auth.test_certificates import BANK, OTHER, PROXY_SECRET, from_proxy
from tests.database import Database
from tests.edge.asgi_client import Socket, running
from tests.world import World

pytestmark = pytest.mark.usefixtures("no_signing_keys")

QUERY = {"query": "{estates(first:5){nodes{name}}}"}


@dataclass
class Bound:
    """The application behind a proxy, and a token bound to a certificate."""

    app: Starlette
    client: httpx.AsyncClient
    authorization: dict[str, str]


@pytest.fixture
async def bound(
    database: Database, county: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bound]:
    for name, value in {
        "DATABASE_URL": database.url,
        "ANJU_DATA": str(tmp_path),
        "ANJU_PROXY_ADDRESSES": "127.0.0.0/8",
        "ANJU_PROXY_SECRET": PROXY_SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    app = create_app(load())
    engine = command_engine(database.url, size=1)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    official = await (await World(sessions, county).settle()).bureau()
    async with sessions.begin() as session:
        issued = await issue_token(session, lifetime=timedelta(hours=1), account_id=official.account_id)
        thumbprint = hashlib.sha256(BANK.public_bytes(Encoding.DER)).digest()
        binding = update(AccessToken).where(AccessToken.token_hash == token_hash(issued.value))
        await session.execute(binding.values(certificate=thumbprint))
    transport = httpx.ASGITransport(app)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield Bound(app, client, {"authorization": f"Bearer {issued.value}"})
    await engine.dispose()


async def test_by_http(bound: Bound) -> None:
    good = await bound.client.post("/graphql", json=QUERY, headers={**bound.authorization, **from_proxy(BANK)})
    assert (good.status_code, good.json()["data"]) == (200, {"estates": {"nodes": []}})
    spoofed: list[dict[str, str]] = [
        {},
        {"Client-Cert": from_proxy(BANK)["Client-Cert"]},
        from_proxy(BANK, "x" * 40),
        from_proxy(OTHER),
    ]
    for headers in [*spoofed, *spoofed]:  # the actor is kept by now, and still refused
        answer = await bound.client.post("/graphql", json=QUERY, headers={**bound.authorization, **headers})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert (await bound.client.get("/oauth/userinfo", headers=bound.authorization)).status_code == 401


async def test_by_reauthentication(bound: Bound) -> None:
    for path in ("/auth/reauthenticate/code", "/auth/reauthenticate"):
        good = await bound.client.post(path, headers={**bound.authorization, **from_proxy(BANK)})
        assert good.json()["error"]["code"] == "ACTION_NOT_AVAILABLE", "known, but without a phone"
        for headers in ({}, {"Client-Cert": from_proxy(BANK)["Client-Cert"]}, from_proxy(OTHER)):
            answer = await bound.client.post(path, headers={**bound.authorization, **headers})
            assert (answer.status_code, answer.content) == (401, b"")
            assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_by_socket(bound: Bound) -> None:
    with_certificate = {name.lower(): value for name, value in from_proxy(BANK).items()}
    socket = await Socket(bound.app, with_certificate).greeted(**bound.authorization)
    socket.leave()
    await socket.ended()
    refused = Socket(bound.app)
    assert (await refused.hear())["type"] == "websocket.accept"
    refused.send({"type": "connection_init", "payload": bound.authorization})
    assert (await refused.close())[0] == 4403


async def test_by_stream(bound: Bound) -> None:
    asked = {"query": "subscription{heartbeat(count:1){number}}"}
    stream = {**bound.authorization, "accept": "text/event-stream"}
    good = await bound.client.post("/graphql", json=asked, headers={**stream, **from_proxy(BANK)})
    assert '"number":1' in good.text
    assert (await bound.client.post("/graphql", json=asked, headers=stream)).status_code == 401


def test_the_header_is_that_of_rfc_9440() -> None:
    value = from_proxy(BANK)["Client-Cert"]
    assert base64.b64decode(value.strip(":")) == BANK.public_bytes(Encoding.DER)
