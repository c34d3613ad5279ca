"""Debtors for tests of dunning and suits: units whose bills fell due long ago, and what a company does about them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.estates import IdentityDocument, OwnerKind
from domain.roles import Role
from models.base import new_id
from models.dunning import DunningCase
from models.estates import Ownership, Unit
from models.fees import FeeBill
from models.people import Owner
from models.sealed import Kind, seal_into
from resolvers.cases import timers
from resolvers.dunning_clock import look_after_cases, remind
from resolvers.unit_of_work import set_fuse
from tests.acts import Ask, done, opaque
from tests.market import Market, days
from tests.project import papers
from tests.world import World

DEMAND = (DocumentKind.DEMAND_LETTER, DocumentKind.SERVICE_PROOF)


@dataclass
class Debtors:
    """An area whose units owe ¥120.00 each, due 100 days ago; the company's late fee is 0.05 % a day."""

    market: Market
    ask: Ask
    committee: Actor

    @classmethod
    async def owe(cls, world: World, ask: Ask, *, units: int = 1) -> "Debtors":
        world.now = datetime.now(UTC)
        market = await Market.open(world, *([10_000] * units))
        committee = await world.person(Role.COMMITTEE, committee_id=new_id(), area_id=market.area.id)
        made = cls(market, ask, committee)
        await made.bill()
        return made

    @property
    def world(self) -> World:
        return self.market.world

    async def bill(self, *, due: int = 100) -> None:
        """One more charge of every unit, due so many days ago."""
        market, world = self.market, self.world
        before = {bill.id for bill in await market.bills()}
        await market.run(await market.item(late_fee_rate=50), world.today.replace(day=1))
        fresh = [bill.id for bill in await market.bills() if bill.id not in before]
        values = {"due_on": world.today - days(due), "issued_on": world.today - days(due + 30)}
        async with world.sessions.begin() as session:
            await set_fuse(session, {world.county})
            await session.execute(
                update(FeeBill).where(FeeBill.county == world.county, FeeBill.id.in_(fresh)).values(**values)
            )

    async def night(self, later: int = 0) -> None:
        """Let a night pass, so many days from now."""
        self.world.now += days(later)
        await self.world.tick(remind)
        await self.world.tick(look_after_cases)
        await self.world.tick(timers)
        self.world.now -= days(later)

    async def case(self, unit: Unit | None = None) -> DunningCase:
        """The latest case of a unit, the first by default."""
        *_, found = await self.world.rows(DunningCase, unit_id=(unit or self.market.units[0]).id)
        return found  # type: ignore[no-any-return]

    def id(self, case: DunningCase) -> str:
        return opaque(self.world.county, "DunningCase", case)

    async def papers(self, *kinds: DocumentKind, by: Actor | None = None) -> list[str]:
        made = await papers(self.world, by or self.market.admin, *kinds)
        return [opaque(self.world.county, "Document", key) for key in made]

    async def demand(self, case: DunningCase, *, ago: int = 20, gives: int = 15, **changes: Any) -> dict[str, Any]:
        """Input of a written demand served so many days ago."""
        today = self.world.today
        return {
            "id": self.id(case),
            "servedOn": (today - days(ago)).isoformat(),
            "endsOn": (today - days(ago) + days(gives)).isoformat(),
            "means": "LETTER",
            "documentIds": await self.papers(*DEMAND),
            **changes,
        }

    async def demanded(self) -> DunningCase:
        """A case whose written demand has expired."""
        await self.night()
        await self.night(later=30)
        case = await self.case()
        given = await self.demand(case)
        state = await done(self.ask, self.market.admin, "dunningDemandServe", "case { state }", **given)
        assert state == {"state": "DEMAND_SERVED"}
        return await self.case()

    async def owner(self, unit: Unit, name: str = "王小明") -> Owner:
        """Whoever holds a unit, with what a court needs to know."""
        world = self.world
        owner = Owner(
            county=world.county,
            id=new_id(),
            kind=OwnerKind.PERSON.value,
            name=name,
            name_sort="wang",
            name_mask=f"{name[0]}*",
            document_kind=IdentityDocument.ID_CARD.value,
        )
        seal_into(owner, "document", "11010519491231002X", Kind.ID_NUMBER, world.vault)
        seal_into(owner, "phone", "13812345678", Kind.PHONE, world.vault)
        held = Ownership(
            county=world.county,
            id=new_id(),
            unit_id=unit.id,
            owner_id=owner.id,
            kind="SOLE",
            basis="REGISTERED",
            valid_from=world.today - days(900),
        )
        await world.write([owner, held])
        return owner
