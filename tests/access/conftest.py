"""Two demo counties, loaded once for the run, and the engine over them: the world on which the access matrix is executed."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import NullPool, create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

import auth.policies  # noqa: F401 - declares every policy
from app.database import command_engine, session_options, with_driver, without_driver
from app.demo.county import packaged_counties
from app.demo.loading import load_county, ready
from app.lines import read_lines
from app.serve import DEMO_BOTH, DEMO_ROLES
from app.settings import Settings
from app.signin import development_token
from auth.actor import Actor, load_actor
from domain.calendar import today
from models.accounts import Account
from models.base import new_id
from models.disclosures import Disclosure, DisclosureProof
from models.documents import Document
from models.estates import AreaSuccession, PropertyArea
from models.filings import CancellationTest, Filing, ReferralSubject, ServicePremises
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from tests.access import votes
from tests.database import Cluster, Database
from tests.engine.conftest import Ask, asking
from tests.engine.reference import World

HOME, OTHER = "370303", "410927"
"""The county whose people ask, and one more: the demo has somebody who lives in the first and works in the second."""


@dataclass
class Demo:
    """The two counties' database, every row of them, and who signs in by login."""

    database: Database
    settings: Settings
    now: datetime
    world: World
    actors: dict[str, Actor] = field(default_factory=dict)


@pytest.fixture(scope="session")
def demo_settings(
    database_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, Settings]]:
    with database_cluster.clone(f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_access") as database:
        yield database, Settings(data=tmp_path_factory.mktemp("access"), database_url=SecretStr(database.url))


@pytest_asyncio.fixture(scope="session")
async def town(demo_settings: tuple[Database, Settings]) -> Demo:
    database, settings = demo_settings
    now = datetime.now(UTC)
    async with ready(settings) as engine:
        for county in packaged_counties():
            if county.code in (HOME, OTHER):
                await load_county(engine, settings, county, now=now)
    graphql_schema()
    give_examples(database.superuser_url)
    with psycopg.connect(without_driver(database.superuser_url)) as connection:
        unchecked(connection)
    made = Demo(database, settings, now, World.load(database.superuser_url, {HOME, OTHER}, ReferralSubject))
    logins = [f"{county}-{name}" for county in (HOME, OTHER) for name in DEMO_ROLES] + [DEMO_BOTH]
    options = session_options()
    async with await psycopg.AsyncConnection.connect(database.url, options=options) as connection:
        for login in logins:
            token = await development_token(settings, login)
            actor = await load_actor(connection, token.value, today(now))
            assert actor is not None, login
            made.actors[login] = actor
    return made


def unchecked(connection: psycopg.Connection[Any]) -> None:
    """Take off what tables check: doubles, and rows of a county's code alone, are of no kind that the product would write."""
    checks = """SELECT relname, conname FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
        WHERE contype = 'c' AND t.relnamespace = 'public'::regnamespace"""
    for table, check in connection.execute(checks).fetchall():
        statement = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
        connection.execute(statement.format(sql.Identifier(table), sql.Identifier(check)))


def give_examples(superuser_url: str) -> None:
    """Rows of the kinds that the demo's stories do not come to, so that the matrix has something to show of each."""
    engine = create_engine(with_driver(superuser_url), poolclass=NullPool)
    with Session(engine) as session, session.begin():
        if session.scalar(select(AreaSuccession.id).limit(1)) is not None:
            return  # somebody keeps the database between runs
        by = session.scalars(select(Account.id).limit(1)).one()
        at = datetime.now(UTC)
        for county in (HOME, OTHER):
            old, *areas = session.scalars(select(PropertyArea).where(PropertyArea.county == county))
            for area in areas:
                given = {"kind": "MERGE", "happened_on": today(at), "reason": "示例"}
                ids = {"predecessor_id": old.id, "successor_id": area.id}
                session.add(AreaSuccession(county=county, id=new_id(), **ids, **given))
            for filing in session.scalars(select(Filing).where(Filing.county == county)):
                found = {
                    "test": "NO_STAFF",
                    "met": True,
                    "finding": "示例",
                    "recorded_role": "BUREAU",
                    "recorded_at": at,
                }
                session.add(CancellationTest(county=county, id=new_id(), filing_id=filing.id, recorded_by=by, **found))
                room = {"position": 1, "purpose": "OFFICE", "location": "示例1幢101", "floor": 1, "area": 10_000}
                session.add(ServicePremises(county=county, id=new_id(), filing_id=filing.id, **room))
            document = session.scalars(select(Document).where(Document.county == county).limit(1)).one()
            votes.examples(session, county, by, document)
            for posted in session.scalars(select(Disclosure).where(Disclosure.county == county)):
                seen = {"document_id": document.id, "place": "小区大门", "taken_at": at, "recorded_by": by}
                session.add(DisclosureProof(county=county, id=new_id(), disclosure_id=posted.id, **seen))


@pytest_asyncio.fixture(scope="session")
async def demo_executor(town: Demo) -> AsyncIterator[Executor]:
    engine = command_engine(town.database.url)
    sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine, expire_on_commit=False)
    async with read_lines(town.database.url) as lines:
        yield Executor(graphql_schema(), lines, sessions, town.settings.keys.vault(), town.settings)
    await engine.dispose()


@pytest.fixture(scope="session")
def demo_documents() -> Documents:
    return Documents(graphql_schema())


@pytest.fixture(scope="session")
def demo_ask(demo_executor: Executor, demo_documents: Documents) -> Ask:
    return asking(demo_executor, demo_documents)


Bytes = Callable[..., Awaitable[bytes]]


@pytest.fixture(scope="session")
def demo_bytes(demo_executor: Executor, demo_documents: Documents) -> Bytes:
    """As ``demo_ask``, the answer as it goes out."""

    async def run(who: Actor, text: str, **variables: Any) -> bytes:
        document = demo_documents.get(text)
        assert document.rejection is None, (text, document.rejection)
        operation, context = document.operation(None), RequestContext("test")
        return (await demo_executor.execute(document, operation, variables, who, context)).body

    return run
