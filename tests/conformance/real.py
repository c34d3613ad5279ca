"""The application itself in a process of its own, on a database with one small county, and a token of its bureau."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import async_sessionmaker

from app.database import command_engine
from auth.tokens import issue_token
from domain.roles import Role
from tests.conformance.tools import serving
from tests.database import Database
from tests.stage import Stage
from tests.world import World

COUNTY = "370303"
ESTATES = 25


@dataclass(frozen=True)
class Deployment:
    """A running server and the token of an official who sees its county."""

    url: str
    token: str


async def settle(database: Database) -> str:
    """Estates enough for three pages, made by commands; a token of the bureau."""
    engine = command_engine(database.url)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    stage = await Stage.build(sessions, COUNTY)
    official = await stage.actor(Role.BUREAU)
    for number in range(ESTATES):
        await stage.place(name=f"测试花园{number}号（演示）", bureau=official)
    bureau = await World(sessions, COUNTY).bureau()
    async with sessions.begin() as session:
        token = await issue_token(session, lifetime=timedelta(days=1), account_id=bureau.account_id)
    await engine.dispose()
    return token.value


@contextmanager
def deployed(database: Database, token: str, folder: Path) -> Iterator[Deployment]:
    """The application on this database, as ``anju serve`` starts it (without worker and demo)."""
    environment = {"DATABASE_URL": database.url, "ANJU_DATA": str(folder), "ANJU_ENVIRONMENT": "development"}
    with serving("app.serve:application", environment, folder / "server.log") as server:
        yield Deployment(server.url, token)
