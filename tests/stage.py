"""A county to play in: places and people made by commands, a clock to set, and two ways to call a command.

stage = await Stage.build(sessions, county)
bureau = await stage.actor(Role.BUREAU)
estate = await stage.estate()
inspection = await stage.do(bureau, inspections.plan, ...)
refusal = await stage.refused(township, funds.verify, id=request.id)
"""

import itertools
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth.actor import Actor, Grant, system_actor
from auth.grants import Source, open_grant
from domain.agreements import PartnerScope
from domain.calendar import today
from domain.committees import BodyKind, CommitteeState
from domain.companies import CompanyState
from domain.contracts import ContractKind, ContractMode, ContractState, SelectionBasis
from domain.custody import AccountPurpose
from domain.divisions import DivisionLevel
from domain.documents import DocumentKind
from domain.errors import Refusal
from domain.estates import BuildingKind, EstateKind, ServiceMode, UnitUse
from domain.identifiers import make_account
from domain.ledger import AccountKind
from domain.officials import BUREAU_POWERS
from domain.roles import Role
from models.accounts import Account, OAuthClient
from models.base import new_id
from models.committees import Committee
from models.companies import Company
from models.contracts import ServiceContract
from models.custody import BankAccount
from models.documents import Document
from models.estates import Building, Estate, PropertyArea, Unit
from resolvers import areas, cases, custody, documents, estates, ledger, units
from resolvers.divisions import DivisionLine, seed_divisions
from resolvers.unit_of_work import UnitOfWork, set_fuse, transact
from tests.world import VAULT

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday, nine in the morning in Shanghai."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """An estate that is a property area of its own, with one building."""

    area: PropertyArea
    estate: Estate
    building: Building
    units: tuple[Unit, ...]


@dataclass
class Stage:
    """One test county."""

    sessions: async_sessionmaker[AsyncSession]
    county: str
    now: datetime = MONDAY
    actors: list[Actor] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return today(self.now)

    @property
    def township(self) -> str:
        return f"{self.county}001"

    @property
    def community(self) -> str:
        return f"{self.county}001001"

    @classmethod
    async def build(cls, sessions: async_sessionmaker[AsyncSession], county: str) -> "Stage":
        """The county with its division tree: two townships of one community each."""
        tree = [DivisionLine(county, "测试县", DivisionLevel.COUNTY, None)]
        for number in ("001", "002"):
            tree.append(DivisionLine(f"{county}{number}", f"测试{number}街道", DivisionLevel.TOWNSHIP, county))
            code = f"{county}{number}001"
            tree.append(DivisionLine(code, f"测试{number}社区", DivisionLevel.COMMUNITY, code[:9]))
        async with sessions.begin() as session:
            await seed_divisions(session, tree)
        return cls(sessions, county)

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    async def actor(self, *roles: Role, name: str = "", **reach: Any) -> Actor:
        """A new person with one grant per role, reaching the first township and community unless told otherwise."""
        account = Account(
            id=new_id(), display_name=name or f"演示{next(_numbers)}", login=f"test-{secrets.token_hex(8)}"
        )
        async with self.sessions.begin() as session:
            session.add(account)
        grants = tuple(self._grant(account, role, reach) for role in roles)
        actor = Actor(account.id, None, None, account.display_name, "zh-CN", today(self.now), grants)
        self.actors.append(actor)
        return actor

    def _grant(self, account: Account, role: Role, reach: dict[str, Any]) -> Grant:
        places: dict[str, Any] = {}
        if role is Role.TOWNSHIP:
            places = {"township": self.township, "office": "测试001街道办事处"}
        elif role is Role.COMMUNITY:
            places = {"township": self.township, "community": self.community, "office": "测试001社区居委会"}
        elif role is Role.BUREAU:
            places = {"office": "测试县住房和城乡建设局", "scopes": BUREAU_POWERS}
        return Grant(new_id(), role, self.county, account_id=account.id, **{**places, **reach})

    async def bank(self, *scopes: str) -> Actor:
        """A bank's system that the county lets keep its accounts (or do what the scopes say)."""
        client_id = f"bank-{secrets.token_hex(6)}"
        async with self.sessions.begin() as session:
            session.add(
                OAuthClient(
                    client_id=client_id,
                    name="演示银行（虚构）",
                    secret_hash="none",
                    counties=[self.county],
                    purpose="test",
                    legal_basis="test",
                )
            )
            await session.flush()
            grant = await open_grant(
                session,
                Role.BANK,
                self.county,
                Source("test", new_id()),
                client_id=client_id,
                scopes=sorted(scopes or (PartnerScope.FUNDS_CUSTODY,)),
                valid_from=date(2020, 1, 1),
            )
        held = Grant(grant.id, Role.BANK, self.county, client_id=client_id, scopes=tuple(grant.scopes))
        return Actor(None, client_id, None, client_id, "zh-CN", today(self.now), (held,))

    async def bank_account(
        self, bank: Actor, *places: Place, purpose: AccountPurpose = AccountPurpose.FUND
    ) -> BankAccount:
        """An account at the bank that holds the places' money."""
        official = await self.actor(Role.BUREAU)
        account = await self.do(
            official,
            custody.register,
            number=make_account(next(_numbers)),
            purpose=purpose,
            name="测试县住宅专项维修资金专户",
            bank_name="演示银行（虚构）测试支行",
            bank_code="999999000001",
            client_id=bank.client_id,
            opened_on=date(2020, 1, 1),
        )
        if places:
            area_ids = [place.area.id for place in places]
            account = await self.do(official, custody.assign, id=account.id, area_ids=area_ids)
        return account  # type: ignore[no-any-return]

    async def do(
        self, actor: Actor, command: Callable[..., Awaitable[Any]], *, key: str | None = None, **given: Any
    ) -> Any:
        """Run a command in a transaction of its own and return what it returns."""
        outcome = await transact(
            self.sessions,
            actor,
            self.county,
            lambda uow: command(uow, **given),
            name=command.__name__,
            inputs=given,
            idempotency_key=key,
            now=self.now,
            vault=VAULT,
        )
        return outcome.row

    async def refused(self, actor: Actor, command: Callable[..., Awaitable[Any]], **given: Any) -> Refusal:
        """Run a command that must be refused, and return the refusal."""
        with pytest.raises(Refusal) as caught:
            await self.do(actor, command, **given)
        return caught.value

    async def tick(self) -> None:
        """Let the county's clock work off what is due now."""
        clock = system_actor(self.county, today(self.now))
        while (await transact(self.sessions, clock, self.county, cases.timers, now=self.now)).row:
            pass

    async def rows(self, model: type[Any], **equal: Any) -> list[Any]:
        """Rows of the county as they are stored, oldest first."""
        async with self.sessions.begin() as session:
            await set_fuse(session, {self.county})
            found = await session.execute(select(model).filter_by(county=self.county, **equal).order_by(model.id))
            return list(found.scalars())

    async def row(self, model: type[Any], **equal: Any) -> Any:
        """The only such row."""
        (found,) = await self.rows(model, **equal)
        return found

    async def paper(self, actor: Actor, kind: DocumentKind) -> Document:
        """A confirmed document of the actor's."""

        async def upload(uow: UnitOfWork) -> Document:
            photo = kind in (DocumentKind.PHOTO, DocumentKind.POSTING_PROOF)
            document = await documents.upload_create(
                uow, kind=kind, name="a.jpg", media_type="image/jpeg" if photo else "application/pdf", size=3
            )
            received = documents.Received(key=f"test/{document.id}", size=3, sha256="0" * 64)
            await documents.receive(uow, document_id=document.id, received=received)
            await uow.session.refresh(document)
            return await documents.upload_confirm(uow, id=document.id)

        return await self.do(actor, upload)  # type: ignore[no-any-return]

    async def company(self, place: Place) -> uuid.UUID:
        """A filed company with a contract in force for the place. Written as it stands after filing, which has its tests."""
        registrar = await self.actor(Role.BUREAU)
        company = Company(
            county=self.county,
            id=new_id(),
            credit_code=f"TEST{secrets.token_hex(7)}",
            name="演示物业（虚构）有限公司",
            name_sort="yan",
            township=self.township,
            community=self.community,
            state=CompanyState.FILED.value,
            listed=True,
        )
        contract = ServiceContract(
            county=self.county,
            number=secrets.token_hex(6),
            area_id=place.area.id,
            company_id=company.id,
            township=self.township,
            community=self.community,
            kind=ContractKind.NORMAL.value,
            mode=ContractMode.LUMP_SUM.value,
            title="物业服务合同",
            signed_on=date(2025, 1, 1),
            starts_on=date(2025, 1, 1),
            ends_on=date(2027, 12, 31),
            price_terms="虚构",
            service_terms="虚构",
            model_text=True,
            adjustment_clause=True,
            selection_basis=SelectionBasis.OWNERS_DECISION.value,
            state=ContractState.EFFECTIVE.value,
            published=True,
            drafted_by=registrar.account_id,
        )
        async with self.sessions.begin() as session:
            await set_fuse(session, {self.county})
            session.add(company)
            await session.flush()
            session.add(contract)
        return company.id

    async def committee(self, place: Place) -> Actor:
        """The chair of a filed committee of the place. Written as attested, which has its tests."""
        registrar = await self.actor(Role.BUREAU)
        committee = Committee(
            county=self.county,
            id=new_id(),
            area_id=place.area.id,
            township=self.township,
            community=self.community,
            kind=BodyKind.COMMITTEE.value,
            name="测试花园业主委员会（演示）",
            name_sort="ce",
            term_from=date(2025, 1, 1),
            term_to=date(2029, 12, 31),
            state=CommitteeState.ATTESTED.value,
            member_count=5,
            attested_by=registrar.account_id,
            attested_basis="演示",
        )
        async with self.sessions.begin() as session:
            await set_fuse(session, {self.county})
            session.add(committee)
        return await self.actor(Role.COMMITTEE, committee_id=committee.id, area_id=place.area.id)

    async def owner(self, place: Place, unit: int = 0) -> Actor:
        """An owner of one of the place's units."""
        return await self.actor(
            Role.OWNER, unit_id=place.units[unit].id, estate_id=place.estate.id, area_id=place.area.id
        )

    async def fund(self, place: Place, *fen: int) -> None:
        """Opening balances of the units' accounts in the maintenance fund."""
        official = await self.actor(Role.BUREAU)

        async def deposit(uow: UnitOfWork) -> None:
            for unit, amount in zip(place.units, fen, strict=True):
                account_id = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=unit.id)
                await ledger.open_balance(uow, account_id, amount, as_of=uow.today, attested_by="演示")

        await self.do(official, deposit)

    async def place(self, *unit_areas: int, name: str = "测试花园（演示）", bureau: Actor | None = None) -> Place:
        """An estate with one building whose units have these building areas (0.01 m²; default three of 100 m²)."""
        official = bureau or await self.actor(Role.BUREAU)
        number = next(_numbers)
        estate = await self.do(
            official,
            estates.estate_register,
            code=f"{self.county}{number:06d}",
            township=self.township,
            community=self.community,
            service_mode=ServiceMode.COMPANY,
            name=name,
            address="测试路1号",
            kind=EstateKind.COMMODITY,
        )
        building = await self.do(
            official, estates.building_register, estate_id=estate.id, number="1", kind=BuildingKind.MULTI_STOREY
        )
        made = [
            await self.do(
                official,
                units.unit_register,
                building_id=building.id,
                room=f"{floor}01",
                floor=floor,
                use=UnitUse.DWELLING,
                registered_area=area,
            )
            for floor, area in enumerate(unit_areas or (10_000, 10_000, 10_000), start=1)
        ]
        area = await self.do(
            official,
            areas.area_register,
            code=f"A{number:06d}",
            name=name,
            township=self.township,
            community=self.community,
            consulted_offices=frozenset(areas.ConsultedOffice),
            estates=[areas.EstatePart(estate.id)],
        )
        return Place(area, estate, building, tuple(made))
