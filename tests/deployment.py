"""The whole application on a test's database, with settings of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette

from app.asgi import create_app
from app.database import command_engine
from app.settings import load
from auth.oauth.clients import register_client
from auth.tokens import issue_token
from models.accounts import ClientAuthMethod, OAuthClient
from models.base import new_id
from tests.database import Database
from tests.edge.asgi_client import running
from tests.world import World

HEADERS = {"accept": "application/graphql-response+json"}


@dataclass
class Deployed:
    """A running application and a county of the test's own in its database."""

    app: Starlette
    http: httpx.AsyncClient
    sessions: async_sessionmaker[AsyncSession]
    world: World

    async def ask(self, token: str | None, query: str | None, **body: Any) -> httpx.Response:
        """POST a request; ``query=None`` leaves the text out (persisted documents)."""
        given = HEADERS if token is None else {**HEADERS, "authorization": f"Bearer {token}"}
        return await self.http.post(
            "/graphql", json={**({} if query is None else {"query": query}), **body}, headers=given
        )

    async def client(self, *, app: bool = False, **given: Any) -> str:
        """Register a client: a partner's system, or a public app of people."""
        client_id = f"{self.world.county}-{new_id().hex[-8:]}"
        method = ClientAuthMethod.NONE if app else ClientAuthMethod.BASIC
        async with self.sessions.begin() as session:
            register_client(
                session,  # type: ignore[arg-type] (it only adds a row)
                client_id,
                "演示客户端",
                counties=[self.world.county],
                scopes=["api"],
                purpose="测试",
                legal_basis="测试",
                auth_method=method,
                secret=None if app else "secret",
                grant_types=["authorization_code"] if app else ["client_credentials"],
                **given,
            )
        return client_id

    async def token(self, account_id: Any = None, client_id: str | None = None) -> str:
        """A token of an account, of an account through an app, or of a client for itself."""
        async with self.sessions.begin() as session:
            issued = await issue_token(
                session, lifetime=timedelta(hours=1), account_id=account_id, client_id=client_id, scopes=["api"]
            )
        return issued.value

    async def row(self, client_id: str) -> OAuthClient:
        """A client as it is stored."""
        async with self.sessions.begin() as session:
            return await session.get_one(OAuthClient, client_id)


@asynccontextmanager
async def deployed(database: Database, county: str, data: Path, patch: Any, **settings: str) -> AsyncIterator[Deployed]:
    """Start it, with ``ANJU_…`` settings by their names in lower case."""
    patch.setenv("DATABASE_URL", database.url)
    patch.setenv("ANJU_DATA", str(data))
    patch.setenv("ANJU_READ_CONNECTIONS", "2")
    for name, value in settings.items():
        patch.setenv(f"ANJU_{name.upper()}", value)
    app = create_app(load())
    engine = command_engine(database.url, size=1)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    transport = httpx.ASGITransport(app)
    try:
        world = await World(sessions, county).settle()
        async with running(app), httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield Deployed(app, http, sessions, world)
    finally:
        await engine.dispose()
