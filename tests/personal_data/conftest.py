"""A home with its people: an owner, a co-owner, a tenant, and everybody who may or may not read about them."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio

from auth.actor import Actor
from domain.estates import OccupancyKind, OwnershipKind
from domain.identifiers import make_id_number
from domain.roles import Role
from models.estates import Occupancy, Unit
from models.people import Owner
from models.personal_data import PersonalDataRead
from resolvers import people
from schema.engine.values import Ref, encode_id
from tests.acts import Ask as Ask
from tests.estates import places
from tests.market import Market
from tests.world import World


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


async def officials(world: World) -> dict[Role, Actor]:
    """An official of each office that answers for the home."""
    return {
        Role.BUREAU: await world.bureau(),
        Role.TOWNSHIP: await world.township_office(),
        Role.COMMUNITY: await world.community_office(),
    }
