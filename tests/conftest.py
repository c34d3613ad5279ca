"""What every test may use: a migrated database, a county of its own, and no network but this machine's."""

import itertools
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from hypothesis import settings
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.database import Cluster, Database, cluster
from tests.door import Application, Door
from tests.project import Project
from tests.world import VAULT, World

if TYPE_CHECKING:
    from app.lines import Lines
    from auth.actor import Actor
    from tests.acts import Ask

settings.register_profile("anju", deadline=None)  # how long an example takes is the bench's business, not a test's
settings.load_profile("anju")

_controller = pytest.StashKey[tuple[ExitStack, Cluster]]()
_county_numbers = itertools.count(1)


# -- the server: with xdist the controller owns it, and the workers are told where it is ------------------------------


def pytest_configure_node(node: Any) -> None:
    """Hand the run's server to an xdist worker (called in the controller, before the worker starts)."""
    config = node.config
    if _controller not in config.stash:
        stack = ExitStack()
        config.stash[_controller] = stack, stack.enter_context(cluster())
    made = config.stash[_controller][1]
    node.workerinput["cluster"] = (made.superuser_url, made.owner_url, made.prefix)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _controller in config.stash:
        config.stash[_controller][0].close()


@pytest.fixture(scope="session")
def database_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The run's server and its migrated template. Tests want ``database`` or ``own_database`` instead."""
    given = getattr(request.config, "workerinput", {}).get("cluster")
    if given:
        yield Cluster(*given)
        return
    with cluster() as made:
        yield made


@pytest.fixture(scope="session")
def database(database_cluster: Cluster) -> Iterator[Database]:
    """The worker's migrated database, shared by its tests: write only inside the ``county`` fixture's code."""
    with database_cluster.clone(os.environ.get("PYTEST_XDIST_WORKER", "main")) as clone:
        yield clone


@pytest.fixture
def own_database(database_cluster: Cluster) -> Iterator[Database]:
    """A migrated database for one test: reading global state, breaking things, dropping connections."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with database_cluster.clone(f"{worker}_own_{next(_county_numbers)}") as clone:
        yield clone


@pytest.fixture
def empty_database(database_cluster: Cluster) -> Iterator[Database]:
    """A database without any table, for one test."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with database_cluster.empty(f"{worker}_empty_{next(_county_numbers)}") as fresh:
        yield fresh


# -- a county per test ------------------------------------------------------------------------------------------------

COUNTY_OF = {"GT": "620724", "ZS": "451122", "SL": "220382", "ZD": "370303", "TQ": "410927"}
"""Whose policy a requirement's id is of."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that shows requirements shows each in its own county: once for every county that its marks name."""
    named = any("county" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if named or "county" not in metafunc.fixturenames:
        return
    marks = metafunc.definition.iter_markers("requirement")
    counties = sorted({COUNTY_OF[name[:2]] for mark in marks for name in mark.args})
    if counties:
        metafunc.parametrize("county", counties, indirect=True)


@pytest.fixture
def county(request: pytest.FixtureRequest) -> str:
    """A county of this test's own: a code 99xxxx that no other test of the worker gets.

    It has the profile of the county whose requirement the test shows, and Zhangdian's where it shows none.
    """
    from domain.profiles import profile_for_test

    code = f"99{next(_county_numbers):04d}"
    profile_for_test(code, copy_of=getattr(request, "param", "370303"))
    return code


@pytest_asyncio.fixture(scope="session")
async def command_sessions(database: Database) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Sessions as commands get them: the role ``anju_app``, row-level security forced."""
    from app.database import command_engine

    engine = command_engine(database.url, size=4, overflow=4)
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


@pytest_asyncio.fixture
async def lines(database: Database) -> AsyncIterator["Lines"]:
    """Connections for compiled reads."""
    from app.lines import read_lines

    async with read_lines(database.url, maximum=2) as made:
        yield made


@pytest_asyncio.fixture(scope="session")
async def say(
    database: Database,
    command_sessions: async_sessionmaker[AsyncSession],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator["Ask"]:
    """Run a document as somebody: the whole answer, with its errors. One engine for the worker compiles a document once."""
    import orjson

    from app.lines import read_lines
    from app.settings import Settings
    from schema.api import graphql_schema
    from schema.documents import Documents, RequestContext
    from schema.engine.execute import Executor

    settings = Settings(data=tmp_path_factory.mktemp("api"))
    documents = Documents(graphql_schema())
    async with read_lines(database.url) as lines:
        executor = Executor(graphql_schema(), lines, command_sessions, VAULT, settings)

        async def said(who: "Actor", text: str, **variables: Any) -> dict[str, Any]:
            document = documents.get(text)
            assert document.rejection is None, document.rejection
            answer = await executor.execute(document, document.operation(None), variables, who, RequestContext("test"))
            return orjson.loads(answer.body)  # type: ignore[no-any-return]

        yield said


@pytest.fixture(scope="session")
def ask(say: "Ask") -> "Ask":
    """The same: ``data`` of an answer, which must have no errors."""

    async def asked(who: "Actor", text: str, **variables: Any) -> Any:
        body = await say(who, text, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    return asked


@pytest_asyncio.fixture
async def no_signing_keys(command_sessions: async_sessionmaker[AsyncSession]) -> None:
    """The worker's database without keys that another test's vault sealed."""
    from models.oauth import SigningKey

    async with command_sessions.begin() as session:
        await session.execute(delete(SigningKey))


@pytest_asyncio.fixture
async def world(command_sessions: async_sessionmaker[AsyncSession], county: str) -> World:
    """A county of the test's own with divisions, to be peopled (see ``tests.world``)."""
    return await World(command_sessions, county).settle()


@pytest_asyncio.fixture(scope="session")
async def application(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Application]:
    """The whole application over the worker's database."""
    import httpx
    from pydantic import SecretStr

    from app.asgi import create_app
    from app.settings import Settings

    settings = Settings(data=tmp_path_factory.mktemp("application"), database_url=SecretStr(database.url))
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, client=("203.0.113.1", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield Application(app, http, settings.keys.vault())
            await app.state.service.devices.settle()


@pytest_asyncio.fixture
async def door(application: Application, world: World) -> Door:
    """The application's door to the test's own county, on the day of today (see ``tests.door``)."""
    world.vault, world.now = application.vault, datetime.now(UTC)
    return Door(application, world)


@pytest_asyncio.fixture
async def project(world: World) -> Project:
    """An estate with a company, a committee and the offices around it (see ``tests.project``)."""
    return await Project.build(world)


# -- the network is off -----------------------------------------------------------------------------------------------

_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "testserver")  # noqa: S104 — compared with, not listened on


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse every connection and name look-up that would leave this machine."""
    patch = pytest.MonkeyPatch()
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if isinstance(host, bytes):
            host = host.decode()
        if host and not host.startswith(_LOOPBACK):
            raise OSError(f"the tests' network is off: {address}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *rest: Any, **options: Any) -> Any:
        check((host,))
        return look_up(host, *rest, **options)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield
    patch.undo()
