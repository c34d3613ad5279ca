"""A home with its people: an owner, a co-owner, a tenant, and everybody who may or may not read about them."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import read_lines
from app.settings import Settings
from auth.actor import Actor
from domain.estates import OccupancyKind, OwnershipKind
from domain.identifiers import make_id_number
from domain.roles import Role
from models.estates import Occupancy, Unit
from models.people import Owner
from models.personal_data import PersonalDataRead
from resolvers import people
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from schema.engine.values import Ref, encode_id
from tests.database import Database
from tests.estates import places
from tests.market import Market
from tests.world import World

Ask = Callable[..., Awaitable[dict[str, Any]]]


@dataclass
class Home:
    """One unit of a served area, who holds it and who lives in it, with the plain values that only the test knows."""

    world: World
    market: Market
    unit: Unit
    owner: Owner
    document: str
    phone: str
    holder: Actor
    co_owner: Owner
    co_holder: Actor
    occupancy: Occupancy
    tenant_phone: str
    tenant: Actor

    def id(self, kind: str, row: Any) -> str:
        """A row's id as the API has it."""
        return encode_id(Ref(kind, self.world.county, row if isinstance(row, uuid.UUID) else row.id))

    @property
    def owner_id(self) -> str:
        return self.id("Owner", self.owner)

    async def reads(self, **where: Any) -> list[PersonalDataRead]:
        """The log, in the order in which it was written."""
        return await self.world.rows(PersonalDataRead, **where)


@pytest_asyncio.fixture
async def home(world: World) -> Home:
    world.now = datetime.now(UTC)
    market = await Market.open(world, 10_000)
    phone, co_phone, tenant_phone = world.phone(), world.phone(), world.phone()
    numbers = 7, 8
    bureau = await world.bureau()
    unit = market.units[0]
    await world.do(
        bureau,
        people.ownership_register,
        unit_id=unit.id,
        kind=OwnershipKind.JOINT,
        holders=[
            {"person": places.person(number, phone=called), "is_representative": called == phone}
            for number, called in zip(numbers, (phone, co_phone), strict=True)
        ],
        since=world.today,
    )
    occupancy = await world.do(
        bureau,
        people.occupancy_register,
        unit_id=unit.id,
        kind=OccupancyKind.TENANT,
        name="租客",
        since=world.today,
        phone=tenant_phone,
    )
    owners = {owner.name: owner for owner in await world.rows(Owner)}
    owner, co_owner = (owners[f"测试{number}"] for number in numbers)
    return Home(
        world=world,
        market=market,
        unit=unit,
        owner=owner,
        document=make_id_number(numbers[0]),
        phone=phone,
        holder=await world.actor(account_id=owner.account_id),
        co_owner=co_owner,
        co_holder=await world.actor(account_id=co_owner.account_id),
        occupancy=occupancy,
        tenant_phone=tenant_phone,
        tenant=await world.actor(account_id=occupancy.account_id),
    )


@pytest_asyncio.fixture
async def say(
    database: Database, command_sessions: async_sessionmaker[AsyncSession], world: World, tmp_path: Path
) -> AsyncIterator[Ask]:
    """Run a document as somebody: the whole answer, with its errors."""
    documents = Documents(graphql_schema())
    async with read_lines(database.url) as lines:
        executor = Executor(graphql_schema(), lines, command_sessions, world.vault, Settings(data=tmp_path))

        async def said(who: Actor, text: str, **variables: Any) -> dict[str, Any]:
            document = documents.get(text)
            assert document.rejection is None, document.rejection
            answer = await executor.execute(document, document.operation(None), variables, who, RequestContext("test"))
            return orjson.loads(answer.body)  # type: ignore[no-any-return]

        yield said


@pytest_asyncio.fixture
async def ask(say: Ask) -> Ask:
    """The same: the data of an answer that must have no errors."""

    async def asked(who: Actor, text: str, **variables: Any) -> dict[str, Any]:
        answer = await say(who, text, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]  # type: ignore[no-any-return]

    return asked


async def officials(world: World) -> dict[Role, Actor]:
    """An official of each office that answers for the home."""
    return {
        Role.BUREAU: await world.bureau(),
        Role.TOWNSHIP: await world.township_office(),
        Role.COMMUNITY: await world.community_office(),
    }
