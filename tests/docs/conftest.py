"""The application as ``anju serve`` runs it, on a database of its own with an area in business, for the samples."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.database import command_engine
from app.settings import Settings, load
from auth.actor import Actor
from auth.oauth.clients import hash_secret, new_secret
from auth.tokens import issue_token
from domain.roles import Role
from models.accounts import Account, ClientAuthMethod, OAuthClient
from models.sealed import Kind, seal_into
from tests.conformance.tools import free_port
from tests.database import Cluster
from tests.market import Market
from tests.world import World

COUNTY = "370303"
MONTHS = 7
PATIENCE = 60
"""Seconds until something that does not happen counts as failed; no test depends on how long it takes."""


@dataclass(frozen=True)
class Shop:
    """A running server, the area in business behind it, and what it printed."""

    url: str
    market: Market
    log: Path
    database: str

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A worker beside the server, as in production; the server itself has none."""
        port, folder = self.url.rpartition(":")[2], self.log.parent
        environment = {**os.environ, "DATABASE_URL": self.database, "ANJU_DATA": str(folder), "ANJU_PORT": port}
        with (folder / "worker.log").open("wb") as output:
            worker = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "worker"],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield
            finally:
                os.killpg(worker.pid, signal.SIGINT)
                worker.wait(timeout=PATIENCE)

    async def owner(self, unit: int, name: str) -> tuple[Actor, str]:
        """Somebody who owns the unit of this number and has a phone."""
        actor = await self.market.world.person(Role.OWNER, name, unit_id=self.market.units[unit].id)
        phone = self.market.world.phone()
        async with self.market.world.sessions.begin() as session:
            account = await session.get_one(Account, actor.account_id)
            seal_into(account, "phone", phone, Kind.PHONE, self.market.world.vault)
        return actor, phone

    async def client(self, world: World, role: Role, *scopes: str) -> tuple[str, str]:
        """The id and the secret of a partner's client with this agreement with a county."""
        actor, secret = await world.person(role, scopes=scopes), new_secret()
        async with world.sessions.begin() as session:
            row = await session.get_one(OAuthClient, actor.client_id)
            row.secret_hash = hash_secret(secret)
            return row.client_id, secret

    async def client_with_key(self, world: World, role: Role, jwks: dict[str, Any], *scopes: str) -> str:
        """The id of a partner's client that proves itself with one of these public keys."""
        actor = await world.person(role, scopes=scopes)
        async with world.sessions.begin() as session:
            row = await session.get_one(OAuthClient, actor.client_id)
            row.auth_method, row.jwks, row.secret_hash = ClientAuthMethod.PRIVATE_KEY_JWT, jwks, None
            return row.client_id

    async def token(self, actor: Actor) -> str:
        """A token for somebody."""
        async with self.market.world.sessions.begin() as session:
            return (await issue_token(session, lifetime=timedelta(hours=1), account_id=actor.account_id)).value

    def code_for(self, phone: str) -> str:
        """The one-time code that development prints instead of sending it."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            if found := re.search(rf"sign-in code for {phone}: (\d+)", self.log.read_text("utf-8")):
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"no code was printed:\n{self.log.read_text('utf-8')}")


@pytest.fixture(scope="session")
async def shop(database_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """Two homes with seven months of bills each, made by commands, and the server that shows them."""
    folder = tmp_path_factory.mktemp("samples")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with database_cluster.clone(f"{worker}_samples") as database:
        settings = load(data=folder).with_database(database.url)
        engine = command_engine(database.url)
        market = await open_market(World(async_sessionmaker(engine, expire_on_commit=False), COUNTY), settings)
        with _serving(settings, folder) as url:
            yield Shop(url, market, folder / "server.log", settings.database)
        await engine.dispose()


async def open_market(world: World, settings: Settings) -> Market:
    """Two homes of 90 and 120 m² at ¥1.20 a month, billed for the last ``MONTHS`` months."""
    world.vault = settings.keys.vault()
    world.now = datetime.now(UTC)
    await world.settle()
    market = await Market.open(world, 9_000, 12_000)
    item = await market.item(120)
    for back in range(MONTHS, 0, -1):
        months = world.today.year * 12 + world.today.month - 1 - back
        await market.run(item, world.today.replace(year=months // 12, month=months % 12 + 1, day=1))
    return market


@contextmanager
def _serving(settings: Settings, folder: Path) -> Iterator[str]:
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": settings.database, "ANJU_DATA": str(folder), "ANJU_JOBS": "false"}
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url, server, log)
            yield url
        finally:
            os.killpg(server.pid, signal.SIGINT)
            code = server.wait(timeout=PATIENCE)
    assert code == 0, f"the server ended with {code}:\n{log.read_text('utf-8')}"


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        assert server.poll() is None, log.read_text("utf-8")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not answer:\n{log.read_text('utf-8')}")
