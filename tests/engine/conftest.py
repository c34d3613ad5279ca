"""The engine by itself, on a small county: two townships, three estates, buildings and units, and actors of several roles."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

import auth.policies  # noqa: F401 - declares every policy
from app.database import command_engine
from app.lines import read_lines
from auth.actor import Actor, Grant
from domain.calendar import today
from domain.roles import Role
from models.base import new_id
from models.estates import Building, Estate, EstateArea, PropertyArea, Unit
from resolvers.unit_of_work import set_fuse
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from tests.database import Database

TODAY = today(datetime.now(UTC))


def grant(role: Role, county: str, **scope: Any) -> Grant:
    return Grant(new_id(), role, county, valid_from=date(2020, 1, 1), **scope)


def actor(*grants: Grant) -> Actor:
    return Actor(new_id(), None, None, "某人", "zh-CN", TODAY, grants)


@dataclass
class Town:
    """What the county holds, by name."""

    county: str
    north: str
    south: str
    estates: dict[str, Estate] = field(default_factory=dict)
    buildings: dict[str, Building] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    areas: dict[str, PropertyArea] = field(default_factory=dict)

    @property
    def bureau(self) -> Actor:
        return actor(grant(Role.BUREAU, self.county))

    @property
    def township(self) -> Actor:
        return actor(grant(Role.TOWNSHIP, self.county, township=self.north))

    def owner(self, *names: str) -> Actor:
        units = [self.units[name] for name in names]
        return actor(
            *(grant(Role.OWNER, self.county, unit_id=u.id, estate_id=u.estate_id, area_id=u.area_id) for u in units)
        )


@pytest_asyncio.fixture(scope="session")
async def sessions(database: Database) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = command_engine(database.url)
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def executor(database: Database, sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[Executor]:
    schema = graphql_schema()
    async with read_lines(database.url) as lines:
        yield Executor(schema, lines, sessions)


@pytest.fixture(scope="session")
def documents() -> Documents:
    return Documents(graphql_schema())


Ask = Callable[..., Awaitable[dict[str, Any]]]


def asking(executor: Executor, documents: Documents) -> Ask:
    """Run a document as an actor: ``await ask(actor, "{ estates { totalCount } }", n=1)``."""

    async def run(who: Actor, text: str, **variables: Any) -> dict[str, Any]:
        document = documents.get(text)
        assert document.rejection is None, document.rejection
        answer = await executor.execute(document, document.operation(None), variables, who, RequestContext("test"))
        return orjson.loads(answer.body)  # type: ignore[no-any-return]

    return run


@pytest.fixture
def ask(executor: Executor, documents: Documents) -> Ask:
    return asking(executor, documents)


@pytest_asyncio.fixture
async def town(county: str, sessions: async_sessionmaker[AsyncSession]) -> Town:
    """Three estates: Alder and Birch in the north, Cedar in the south; Alder has buildings 2, 9 and 10 with two units each."""
    made = Town(county, f"{county}001", f"{county}002")
    async with sessions() as session:
        await set_fuse(session, [county])
        for at, (name, township) in enumerate((("Alder", made.north), ("Birch", made.north), ("Cedar", made.south))):
            area = PropertyArea(
                county=county,
                id=new_id(),
                code=f"A{at}",
                name=name,
                name_sort=name,
                township=township,
                community=f"{township}001",
            )
            estate = Estate(
                county=county,
                id=new_id(),
                code=f"E{at}",
                name=f"{name}“小区”\\{at}",
                name_sort=name,
                address="",
                township=township,
                community=f"{township}001",
                state="APPROVED",
                service_mode="COMPANY",
                kind="COMMODITY",
                year_built=2001 + at if at else None,
                building_area=2**40 + at,
            )
            session.add_all([area, estate])
            made.areas[name], made.estates[name] = area, estate
            await session.flush()
            session.add(
                EstateArea(
                    county=county, id=new_id(), estate_id=estate.id, area_id=area.id, valid_from=date(2020, 1, 1)
                )
            )
        alder = made.estates["Alder"]
        for number in (10, 9, 2):
            building = Building(
                county=county,
                id=new_id(),
                estate_id=alder.id,
                area_id=made.areas["Alder"].id,
                number=str(number),
                name=f"{number}幢",
                sort_key=f"{number:08}",
                kind="MULTI_STOREY",
            )
            session.add(building)
            await session.flush()
            made.buildings[str(number)] = building
            for room in ("101", "201"):
                unit = Unit(
                    county=county,
                    id=new_id(),
                    building_id=building.id,
                    estate_id=alder.id,
                    area_id=building.area_id,
                    entrance="1",
                    floor=int(room[0]),
                    room=room,
                    name=f"{number}幢1单元{room}",
                    name_mask=f"{number}-*-{room[0]}**",
                    sort_key=f"{number:08}{room}",
                    use="DWELLING",
                )
                session.add(unit)
                made.units[f"{number}-{room}"] = unit
        await session.commit()
    return made


def key(type_name: str, row: Any) -> str:
    """The opaque id of a row."""
    identity: uuid.UUID = row.id
    return f"{type_name}_{row.county}_{identity.hex}"
