"""A property area in business: units, a company with a contract, its staff, a bank, residents; and how fees come about.

Used by the tests of fees and payments. ``Market.open(world)`` builds it; ``bills`` defines, posts and bills an item.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from auth.actor import Actor, system_actor
from domain.bills import ChargeBasis, ChargeCategory
from domain.contracts import ContractKind, ContractMode, ContractState, SelectionBasis
from domain.disclosures import DisclosureItem
from domain.estates import BuildingKind, EstateKind, ServiceMode, UnitUse
from domain.identifiers import make_credit_code
from domain.payments import Channel
from domain.roles import Role
from models.base import new_id
from models.companies import Company
from models.contracts import ServiceContract
from models.disclosures import Disclosure, DisclosureEntry
from models.estates import Building, Estate, PropertyArea, Unit
from models.fee_refunds import FeeRefund
from models.fees import BillRun, ChargeItem, FeeBill
from models.payments import Payment
from resolvers import bill_runs, charge_items
from resolvers.fee_refunds import fee_refund_grant, fee_refund_request
from tests.project import paper
from tests.world import World

COLLECTING = ("fees:collect",)
MARCH = date(2026, 3, 1)


@dataclass
class Market:
    """What a test needs of one area. Areas in 0.01 m², money in fen."""

    world: World
    area: PropertyArea
    estate: Estate
    building: Building
    company: Company
    contract: ServiceContract
    admin: Actor
    cashier: Actor
    bank: Actor
    bureau: Actor
    units: list[Unit] = field(default_factory=list)
    _numbers: int = 0

    @classmethod
    async def open(cls, world: World, *chargeable: int, kind: ContractKind = ContractKind.NORMAL) -> "Market":
        """An area whose dwellings have these chargeable areas (one of 100 m² by default)."""
        place = {"county": world.county, "township": world.township, "community": world.community}
        name = "演示花园（演示）"
        area = PropertyArea(id=new_id(), code="A1", name=name, name_sort="yanshi", **place)
        estate = Estate(
            id=new_id(),
            code="E1",
            name=name,
            name_sort="yanshi",
            address="演示路1号",
            service_mode=ServiceMode.COMPANY.value,
            kind=EstateKind.COMMODITY.value,
            **place,
        )
        building = Building(
            id=new_id(),
            county=world.county,
            estate_id=estate.id,
            area_id=area.id,
            number="1",
            name="1幢",
            sort_key="0001",
            kind=BuildingKind.MULTI_STOREY.value,
        )
        company = Company(
            id=new_id(), credit_code=make_credit_code(7), name="演示物业（演示）", name_sort="yanshi", **place
        )
        await world.write([area, estate, building, company])
        admin = await world.person(Role.COMPANY_ADMIN, company_id=company.id)
        contract = ServiceContract(
            id=new_id(),
            number="HT-1",
            area_id=area.id,
            company_id=company.id,
            kind=kind.value,
            mode=ContractMode.LUMP_SUM.value,
            title="物业服务合同（演示）",
            starts_on=date(2025, 1, 1),
            ends_on=date(2027, 12, 31),
            price_terms="虚构",
            service_terms="虚构",
            model_text=True,
            adjustment_clause=True,
            selection_basis=SelectionBasis.OWNERS_DECISION.value,
            state=ContractState.EFFECTIVE.value,
            signed_on=date(2024, 12, 1),
            drafted_by=admin.account_id,
            **place,
        )
        await world.write([contract])
        market = cls(
            world,
            area,
            estate,
            building,
            company,
            contract,
            admin,
            await world.person(Role.COMPANY_STAFF, company_id=company.id),
            await world.person(Role.BANK, scopes=COLLECTING),
            await world.bureau(),
        )
        for fen in chargeable or (10_000,):
            await market.unit(fen)
        return market

    async def unit(self, chargeable: int | None, **changes: Any) -> Unit:
        """One more unit; the next room of the building."""
        self._numbers += 1
        room = f"{self._numbers}01"
        values = {
            "use": UnitUse.DWELLING.value,
            "chargeable_area": chargeable,
            "name": f"1幢{room}",
            "name_mask": "1-***",
            "sort_key": f"0001{self._numbers:06d}",
            **changes,
        }
        unit = Unit(
            county=self.world.county,
            id=new_id(),
            building_id=self.building.id,
            estate_id=self.estate.id,
            area_id=self.area.id,
            floor=self._numbers,
            room=room,
            **values,
        )
        await self.world.write([unit])
        self.units.append(unit)
        return unit

    async def resident(self, unit: Unit | None = None, role: Role = Role.OWNER) -> Actor:
        """Somebody who owns or uses a unit (the first by default)."""
        return await self.world.person(role, unit_id=(unit or self.units[0]).id)

    async def item(self, price: int = 120, *, posted: int | None = None, **changes: Any) -> ChargeItem:
        """A charge item at ``price``, posted at ``posted`` (at its own price by default; 0: not posted)."""
        self._numbers += 1
        given: dict[str, Any] = {
            "contract_id": self.contract.id,
            "code": f"WY-{self._numbers}",
            "name": "物业服务费",
            "category": ChargeCategory.PROPERTY_SERVICE,
            "basis": ChargeBasis.AREA,
            "unit_price": price,
            "period_months": 1,
            "service_content": "三星（演示）",
            "valid_from": date(2025, 1, 1),
            **changes,
        }
        item: ChargeItem = await self.world.do(self.admin, charge_items.charge_item_define, **given)
        if posted == 0:
            return item
        disclosure = await self.post_prices({item.code: posted or price})
        item, _ = await self.world.do(
            self.admin, charge_items.charge_item_disclose, id=item.id, disclosure_id=disclosure.id
        )
        return item

    async def post_prices(self, prices: dict[str, int]) -> Disclosure:
        """A posting on the area's board that shows these prices."""
        world = self.world
        place = {"county": world.county, "township": world.township, "community": world.community}
        about = {"item": CHARGES.value, "subject_type": "charge_item", "subject_id": new_id()}
        entry = DisclosureEntry(id=new_id(), area_id=self.area.id, **about, **place)
        disclosure = Disclosure(
            id=new_id(),
            entry_id=entry.id,
            version=1,
            area_id=self.area.id,
            title="收费公示",
            body="收费公示（演示）",
            content={"prices": prices},
            digest="0" * 64,
            valid_from=date(2025, 1, 1),
            posted_on=date(2025, 1, 1),
            published_at=world.now,
            publisher_role=Role.COMPANY_ADMIN.value,
            publisher_name="演示物业",
            company_id=self.company.id,
            objection_contact="社区",
            **about,
            **place,
        )
        await world.write([entry, disclosure])
        async with world.sessions.begin() as session:
            from resolvers.unit_of_work import set_fuse

            await set_fuse(session, {world.county})
            stored = await session.get_one(DisclosureEntry, (world.county, entry.id))
            stored.current_id, stored.current_version = disclosure.id, 1
        return disclosure

    async def run(self, item: ChargeItem, period_from: date = MARCH, period_to: date | None = None) -> BillRun:
        """Start a run and let the worker finish it."""
        run = await self.world.do(
            self.admin,
            bill_runs.bill_run_start,
            charge_item_id=item.id,
            period_from=period_from,
            period_to=period_to,
        )
        return await self.work(run)

    async def work(self, run: BillRun) -> BillRun:
        """Do the run's job as the worker does, portion by portion."""
        clock = system_actor(self.world.county, self.world.today)
        while await self.world.do(clock, bill_runs.issue, bill_run_id=run.id):
            pass
        [done] = await self.world.rows(BillRun, id=run.id)
        return done  # type: ignore[no-any-return]

    async def bill(self, price: int = 120, **options: Any) -> FeeBill:
        """A bill of the first unit for March."""
        await self.run(await self.item(price, **options))
        [*_, bill] = await self.bills(unit_id=self.units[0].id)
        return bill

    async def bills(self, **where: Any) -> list[FeeBill]:
        return await self.world.rows(FeeBill, **where)

    def paying(self, amount: int, **changes: Any) -> dict[str, Any]:
        """Input of a payment by the bank, today, under a reference of its own."""
        return {
            "amount": amount,
            "channel": Channel.BANK,
            "reference": new_id().hex,
            "received_on": self.world.today,
            **changes,
        }

    def for_unit(self, amount: int, unit: Unit | None = None, **changes: Any) -> dict[str, Any]:
        """Input of ``payment_record``."""
        who: dict[str, UUID] = {"unit_id": (unit or self.units[0]).id, "company_id": self.company.id}
        return {**who, **self.paying(amount, **changes)}


CHARGES = next(item for item in DisclosureItem if "CHARGE" in item.value)


async def paid_back(market: Market, asker: Actor, payment: Payment, amount: int, reason: str = "退预收") -> FeeRefund:
    """A refund of ``amount`` fen that ``asker`` wants and the admin grants, on the signed slip."""
    world = market.world
    refund = await world.do(asker, fee_refund_request, payment_id=payment.id, amount=amount, reason=reason)
    given = {"id": refund.id, "reference": "TK-1", "document_ids": [await paper(world, market.admin)]}
    return await world.do(market.admin, fee_refund_grant, **given)  # type: ignore[no-any-return]


def days(count: int) -> timedelta:
    return timedelta(days=count)
