"""The demo, loaded once for the run into a database of its own; tests only read it, or are refused."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app import demo
from app.database import command_engine, session_options
from app.lines import read_lines
from app.settings import Settings, load
from app.signin import development_token
from auth.actor import Actor, load_actor
from domain.calendar import today
from resolvers.unit_of_work import UnitOfWork, transact
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from tests.database import Cluster, Database


@dataclass
class Loaded:
    """The loaded demo."""

    database: Database
    settings: Settings
    now: datetime
    made: list[str]
    told: list[tuple[str, int, int]]
    """The progress that was shown, in order."""

    @property
    def today(self) -> date:
        return today(self.now)

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """What a query finds in all counties."""
        with psycopg.connect(self.database.superuser_url) as connection:
            return connection.execute(query, arguments or None).fetchall()

    async def actor(self, login: str) -> Actor:
        """Who signs in with a login, as the server knows it."""
        token = await development_token(self.settings, login)
        options = session_options()
        async with await psycopg.AsyncConnection.connect(self.database.url, options=options) as connection:
            actor = await load_actor(connection, token.value, self.today)
        assert actor is not None
        return actor


@dataclass
class Visit:
    """Somebody signed in, in one county."""

    loaded: Loaded
    sessions: async_sessionmaker[AsyncSession]
    actor: Actor
    county: str

    async def do(self, command: Callable[..., Awaitable[Any]], **given: Any) -> Any:
        """Run a command as of the demo's day."""
        outcome = await transact(
            self.sessions,
            self.actor,
            self.county,
            lambda uow: command(uow, **given),
            now=self.loaded.now,
            vault=self.loaded.settings.keys.vault(),
        )
        return outcome.row

    async def ask(self, text: str, **variables: Any) -> Any:
        """The data of an operation, which must have no errors."""
        document = Documents(graphql_schema()).get(text)
        assert document.rejection is None, (text, document.rejection)
        vault = self.loaded.settings.keys.vault()
        async with read_lines(self.loaded.database.url, maximum=1) as lines:
            executor = Executor(graphql_schema(), lines, self.sessions, vault, self.loaded.settings)
            operation, context = document.operation(None), RequestContext("test")
            answer = json.loads((await executor.execute(document, operation, variables, self.actor, context)).body)
        assert "errors" not in answer, (self.actor.display_name, text, answer["errors"])
        return answer["data"]

    async def sees(self, model: type[Any], *where: Any) -> list[Any]:
        """The rows of a model that the visitor sees."""

        async def look(uow: UnitOfWork) -> list[Any]:
            return list((await uow.session.scalars(uow.select(model).where(*where).order_by(model.id))).all())

        return await self.do(look)  # type: ignore[no-any-return]


SignIn = Callable[[str], Awaitable[Visit]]


@pytest.fixture(scope="session")
def loaded(database_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    with database_cluster.clone(f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_demo") as database:
        settings = load(data=tmp_path_factory.mktemp("demo"), database_url=database.url)
        now = datetime.now(UTC)
        told: list[tuple[str, int, int]] = []
        made = demo.load(settings, lambda *far: told.append(far), now=now)
        yield Loaded(database, settings, now, made, told)


@pytest.fixture
def fresh(database_cluster: Cluster, tmp_path: Path) -> Iterator[Loaded]:
    """A database in which nothing has been loaded yet."""
    with database_cluster.clone(f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_fresh") as database:
        yield Loaded(database, load(data=tmp_path, database_url=database.url), datetime.now(UTC), [], [])


@pytest_asyncio.fixture
async def sign_in(loaded: Loaded) -> AsyncIterator[SignIn]:
    """``await sign_in("370303-bureau")``."""
    engine = command_engine(loaded.database.url, size=2)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def enter(login: str) -> Visit:
        return Visit(loaded, sessions, await loaded.actor(login), login.partition("-")[0])

    yield enter
    await engine.dispose()
