"""Tokens to actors: loaded with one statement, kept only as long as they are known to be good."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.actors import StoredActors, bearer
from app.database import ReadPool, command_engine, read_pool
from auth.actor import Actor
from auth.tokens import issue_token, revoke_token
from schema.faults import RequestError
from tests.database import Database
from tests.world import World


@dataclass
class Desk:
    """Stored actors over a database, the statements they send, and a token to ask with."""

    actors: StoredActors
    pool: ReadPool
    sessions: async_sessionmaker[AsyncSession]
    official: Actor
    token: str

    @property
    def statements(self) -> int:
        return self.pool.get_stats().get("requests_num", 0)


@pytest.fixture
def day() -> list[date]:
    return [date(2026, 3, 2)]


@pytest.fixture
async def desk(database: Database, county: str, day: list[date]) -> AsyncIterator[Desk]:
    engine = command_engine(database.url)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    official = await World(sessions, county).bureau()
    async with sessions.begin() as session:
        issued = await issue_token(session, lifetime=timedelta(hours=1), account_id=official.account_id)
    async with read_pool(database.url, minimum=1, maximum=1) as pool:
        yield Desk(StoredActors(pool, kept=2, day=lambda: day[0]), pool, sessions, official, issued.value)
    await engine.dispose()


async def test_a_kept_actor_costs_no_statement(desk: Desk) -> None:
    first = await desk.actors.find(desk.token, fresh=False)
    assert first.account_id == desk.official.account_id
    before = desk.statements
    assert await desk.actors.find(desk.token, fresh=False) is first
    assert desk.statements == before
    assert await desk.actors.find(desk.token, fresh=True) == first
    assert desk.statements == before + 1


async def test_nobody_costs_no_statement(desk: Desk) -> None:
    before = desk.statements
    assert (await desk.actors.find(None, fresh=True)).is_anonymous
    assert desk.statements == before


async def test_a_new_day_is_looked_up_anew(desk: Desk, day: list[date]) -> None:
    assert (await desk.actors.find(desk.token, fresh=False)).today == date(2026, 3, 2)
    day[0] = date(2026, 3, 3)
    assert (await desk.actors.find(desk.token, fresh=False)).today == date(2026, 3, 3)


async def test_a_revoked_token_is_forgotten_once_found_out(desk: Desk) -> None:
    await desk.actors.find(desk.token, fresh=False)
    async with desk.sessions.begin() as session:
        await revoke_token(session, desk.token)
    for fresh in (True, False):
        with pytest.raises(RequestError) as raised:
            await desk.actors.find(desk.token, fresh=fresh)
        assert raised.value.headers == [(b"www-authenticate", b'Bearer error="invalid_token"')]


async def test_few_actors_are_kept(desk: Desk) -> None:
    tokens = [desk.token]
    async with desk.sessions.begin() as session:
        for _ in range(2):
            issued = await issue_token(session, lifetime=timedelta(hours=1), account_id=desk.official.account_id)
            tokens.append(issued.value)
    for token in tokens:
        await desk.actors.find(token, fresh=False)
    before = desk.statements
    await desk.actors.find(tokens[2], fresh=False)
    await desk.actors.find(tokens[1], fresh=False)
    assert desk.statements == before
    await desk.actors.find(tokens[0], fresh=False)
    assert desk.statements == before + 1


def test_the_scheme_is_read_without_regard_to_case() -> None:
    assert bearer(b"bearer  abc ") == "abc"
    assert bearer(None) is None
