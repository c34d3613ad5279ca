"""An estate with a property area, a company, a body of owners and the offices: what contracts, filings and boards need."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from auth.actor import Actor
from domain.committees import BodyKind, MemberPost
from domain.companies import StaffKind
from domain.contracts import ContractKind, ContractMode, SelectionBasis
from domain.documents import PDF, DocumentKind
from domain.estates import BuildingKind, EstateKind, ServiceMode, UnitUse
from domain.filing_records import ModelTextKind
from domain.identifiers import make_credit_code
from domain.profiles import Profile, profile
from domain.roles import Role
from models.committees import Committee, CommitteeMember
from models.companies import Company, CompanyStaff
from models.contracts import ServiceContract
from models.estates import PropertyArea, Unit
from models.filings import Filing, ModelText
from resolvers import (
    areas,
    committees,
    companies,
    company_filings,
    contract_filings,
    contracts,
    documents,
    estates,
    filings,
    model_texts,
    units,
)
from resolvers.cases import timers
from resolvers.committees import MemberDraft
from resolvers.companies import StaffMember
from resolvers.unit_of_work import UnitOfWork
from tests.world import World


def without_serial(number: str | None) -> str:
    """The number of a case or certificate up to its serial, which is drawn."""
    assert number is not None
    assert re.fullmatch(r".+-\d{6}", number), number
    return number[:-6]


COMPANY_PAPERS = (
    DocumentKind.BUSINESS_LICENCE,
    DocumentKind.STAFF_LIST,
    DocumentKind.MANAGER_CERTIFICATE,
    DocumentKind.TRAINING_RECORD,
    DocumentKind.OFFICE_PROOF,
)
SIGNING_PAPERS = (DocumentKind.CONTRACT,)
FILING_PAPERS = (DocumentKind.PRICE_ITEM, DocumentKind.OWNERS_RESOLUTION)


async def paper(world: World, actor: Actor, kind: DocumentKind = DocumentKind.OTHER) -> uuid.UUID:
    """A confirmed document of the actor; its bytes are only recorded."""
    (document_id,) = await papers(world, actor, kind)
    return document_id


async def papers(world: World, actor: Actor, *kinds: DocumentKind) -> list[uuid.UUID]:
    """Confirmed documents of these kinds, in one transaction: tests need many."""

    async def confirmed(uow: UnitOfWork) -> list[uuid.UUID]:
        ids = []
        for kind in kinds:
            document = await documents.upload_create(uow, kind=kind, name=f"{kind.value}.pdf", media_type=PDF, size=5)
            received = documents.Received(key=document.id.hex, size=5, sha256=document.id.hex * 2)
            await documents.receive(uow, document_id=document.id, received=received)
            await documents.upload_confirm(uow, id=document.id)
            ids.append(document.id)
        return ids

    made: list[uuid.UUID] = await world.do(actor, confirmed)
    return made


@dataclass
class Project:
    """Everybody around one property area."""

    world: World
    bureau: Actor
    street: Actor
    community: Actor
    market: Actor
    price: Actor
    area: PropertyArea
    unit: Unit
    owner: Actor
    company: Company
    admin: Actor
    committee: Committee
    chair: Actor
    model_text: ModelText
    offices: dict[Role, Actor] = field(default_factory=dict)

    @classmethod
    async def build(cls, world: World) -> "Project":
        bureau, street, community = await world.bureau(), await world.township_office(), await world.community_office()
        area, unit = await _area(world, bureau)
        company, admin = await a_company(world, bureau)
        model_text = await world.do(
            bureau,
            model_texts.issue,
            kind=ModelTextKind.SERVICE_CONTRACT,
            edition="2024版",
            title="物业服务合同（示范文本）",
            basis="演示文号",
            valid_from=date(2024, 1, 1),
        )
        committee, chair = await attested_committee(world, street, area)
        project = cls(
            world=world,
            bureau=bureau,
            street=street,
            community=community,
            market=await world.person(Role.MARKET, office="市场监督管理局"),
            price=await world.person(Role.PRICE, office="发展和改革局"),
            area=area,
            unit=unit,
            owner=await world.person(Role.OWNER, unit_id=unit.id, area_id=area.id),
            company=company,
            admin=admin,
            committee=committee,
            chair=chair,
            model_text=model_text,
        )
        project.offices = {
            Role.BUREAU: bureau,
            Role.TOWNSHIP: street,
            Role.COMMUNITY: community,
            Role.MARKET: project.market,
        }
        return project

    # -- the company's filing -----------------------------------------------------------------------------------------

    async def company_filing(self) -> Filing:
        """Opened and handed in."""
        world = self.world
        filing: Filing = await world.do(self.admin, company_filings.open_, company_id=self.company.id)
        return await world.do(  # type: ignore[no-any-return]
            self.admin,
            company_filings.submit,
            id=filing.id,
            document_ids=await papers(world, self.admin, *COMPANY_PAPERS),
        )

    async def filed_company(self) -> Filing:
        """Filed by the county's filing body."""
        filing = await self.company_filing()
        profile = self._profile()
        body = self.offices[profile.company_filing_body]
        await self.world.do(body, filings.take_in, id=filing.id)
        for role in profile.company_filing_reviews:
            await self.world.do(self.offices[role], filings.review, id=filing.id)
        return await self.world.do(body, filings.approve, id=filing.id)  # type: ignore[no-any-return]

    # -- a contract with the owners' body -----------------------------------------------------------------------------

    def terms(self, **changes: Any) -> dict[str, Any]:
        return {
            "area_code": self.area.code,
            "kind": ContractKind.NORMAL,
            "mode": ContractMode.LUMP_SUM,
            "title": "演示小区物业服务合同",
            "starts_on": self.world.today + timedelta(days=10),
            "ends_on": self.world.today + timedelta(days=10 + 730),
            "price_terms": "多层住宅1.20元/㎡·月（虚构）",
            "service_terms": "三级服务",
            "selection_basis": SelectionBasis.OWNERS_DECISION,
            "unit_price": 120,
            "model_text_id": self.model_text.id,
            "adjustment_clause": True,
            **changes,
        }

    async def drafted(self, **changes: Any) -> tuple[ServiceContract, Filing]:
        return await self.world.do(self.admin, contracts.draft, **self.terms(**changes))  # type: ignore[no-any-return]

    async def signed(self, **changes: Any) -> tuple[ServiceContract, Filing]:
        contract, _filing = await self.drafted(**changes)
        return await self.world.do(  # type: ignore[no-any-return]
            self.chair,
            contracts.sign,
            id=contract.id,
            signed_on=self.world.today,
            decision_reference="业主大会决议2026-1",
            decided_on=self.world.today - timedelta(days=1),
            document_ids=await papers(self.world, self.chair, *SIGNING_PAPERS),
        )

    async def submitted(self, **changes: Any) -> tuple[ServiceContract, Filing]:
        contract, filing = await self.signed(**changes)
        filing = await self.world.do(
            self.admin,
            contracts.filing_submit,
            id=filing.id,
            document_ids=await papers(self.world, self.admin, *FILING_PAPERS),
        )
        return contract, filing

    async def filed(self, **changes: Any) -> tuple[ServiceContract, Filing]:
        """Checked by the offices that the profile names, then filed."""
        contract, filing = await self.submitted(**changes)
        await self.check(filing.id)
        body = self.offices[self._profile().contract_filing_body]
        await self.world.do(body, filings.approve, id=filing.id)
        return await self.fresh(contract.id)

    async def check(self, filing_id: uuid.UUID) -> None:
        """The offices that check; where one is enough, another one than the filing body."""
        profile = self._profile()
        roles = list(profile.contract_checks)
        if not profile.contract_checks_joined:
            roles = [next(role for role in reversed(roles) if role is not profile.contract_filing_body)]
        for role in roles:
            await self.world.do(self.offices[role], filings.review, id=filing_id)

    async def effective(self, **changes: Any) -> tuple[ServiceContract, Filing]:
        """Filed, and its first day has come."""
        contract, _filing = await self.filed(**changes)
        while self.world.today < contract.starts_on:
            self.world.now += timedelta(days=1)
        await self.world.tick(timers)
        return await self.fresh(contract.id)

    async def published(self, contract: ServiceContract) -> ServiceContract:
        row, _disclosure = await self.world.do(
            self.admin, contract_filings.publish, id=contract.id, objection_contact="社区居委会 0533-0000000"
        )
        return row  # type: ignore[no-any-return]

    async def fresh(self, contract_id: uuid.UUID) -> tuple[ServiceContract, Filing]:
        (contract,) = await self.world.rows(ServiceContract, id=contract_id)
        found = await self.world.rows(Filing, contract_id=contract_id)
        return contract, found[-1]

    async def staff(self, kind: StaffKind = StaffKind.SERVICE, **changes: Any) -> CompanyStaff:
        member = StaffMember(name="孙项目", kind=kind, post="项目经理", employed_from=self.world.today, **changes)
        return await self.world.do(  # type: ignore[no-any-return]
            self.admin, companies.staff_enroll, company_id=self.company.id, **vars(member)
        )

    def _profile(self) -> Profile:
        return profile(self.world.county, self.world.today)


async def _area(world: World, bureau: Actor) -> tuple[PropertyArea, Unit]:
    estate = await world.do(
        bureau,
        estates.estate_register,
        code=f"{world.county}E1",
        township=world.township,
        community=world.community,
        service_mode=ServiceMode.COMPANY,
        name="演示小区",
        address="演示路1号",
        kind=EstateKind.COMMODITY,
    )
    building = await world.do(
        bureau, estates.building_register, estate_id=estate.id, number="1", kind=BuildingKind.MULTI_STOREY
    )
    unit = await world.do(
        bureau,
        units.unit_register,
        building_id=building.id,
        room="101",
        floor=1,
        use=UnitUse.DWELLING,
        registered_area=10_000,
    )
    area = await world.do(
        bureau,
        areas.area_register,
        code=f"A{world.county}1",
        name="演示小区物业管理区域",
        township=world.township,
        community=world.community,
        estates=({"estate_id": estate.id},),
        consulted_offices=frozenset({"PLANNING", "CONSTRUCTION", "HOUSING"}),
    )
    (unit,) = await world.rows(Unit, id=unit.id)
    return area, unit


async def a_company(world: World, bureau: Actor, number: int = 7) -> tuple[Company, Actor]:
    company = await world.do(
        bureau,
        companies.register,
        credit_code=make_credit_code(number),
        name=f"演示物业服务有限公司{number}",
        township=world.township,
        community=world.community,
        admin=StaffMember(
            name="李管理", kind=StaffKind.ADMIN, post="经理", employed_from=world.today, phone=world.phone()
        ),
    )
    (staff,) = await world.rows(CompanyStaff, company_id=company.id)
    return company, await world.actor(account_id=staff.account_id)


async def second_company(world: World, bureau: Actor) -> tuple[Company, Actor]:
    """A company that serves nobody here."""
    return await a_company(world, bureau, 8)


async def attested_committee(world: World, street: Actor, area: PropertyArea) -> tuple[Committee, Actor]:
    posts = [MemberPost.CHAIR, MemberPost.MEMBER, MemberPost.MEMBER]
    committee = await world.do(
        street,
        committees.attest,
        area_id=area.id,
        kind=BodyKind.COMMITTEE,
        name="演示小区业主委员会",
        term_from=world.today - timedelta(days=100),
        term_to=world.today + timedelta(days=1000),
        basis="备案材料",
        model_text_declared=True,
        commitment_signed=True,
        members=[
            MemberDraft(
                name=f"委员{place}",
                post=post,
                phone=world.phone(),
                commitment_signed_on=world.today,
                trained_on=world.today,
            )
            for place, post in enumerate(posts)
        ],
    )
    (first, *_others) = await world.rows(CommitteeMember, committee_id=committee.id, post=MemberPost.CHAIR.value)
    return committee, await world.actor(account_id=first.account_id)
