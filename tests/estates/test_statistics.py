"""Coverage rates by division: what counts, what does not, and nothing divided by zero."""

from datetime import timedelta
from typing import Any

import pytest

from domain.committees import BodyKind, CommitteeState
from domain.companies import CompanyState, LeaderState
from domain.contracts import ContractState
from domain.divisions import DivisionLevel
from domain.estates import PartyCoverage, ServiceMode
from domain.identifiers import make_credit_code
from domain.profiles import profile_for_test
from domain.statistics import Coverage, CoverageRate
from models.committees import Committee
from models.companies import Company, CompanyStaff, ProjectLeader
from models.contracts import ServiceContract
from models.estates import PropertyArea
from resolvers import statistics
from resolvers.areas import EstatePart
from tests.estates import places
from tests.world import World


async def rates(world: World, measure: Coverage, by: DivisionLevel = DivisionLevel.TOWNSHIP) -> list[CoverageRate]:
    return await world.do(await world.bureau(), statistics.coverage, measure=measure, by=by)  # type: ignore[no-any-return]


def figures(found: list[CoverageRate]) -> list[tuple[int, int, int | None]]:
    return [(rate.covered, rate.total, rate.basis_points) for rate in found]


async def estate_with_area(world: World, code: str, **changes: Any) -> PropertyArea:
    estate = await places.estate(world, code, **changes)
    return await places.area(world, code, EstatePart(estate.id))


async def firm(world: World, number: int = 1, state: CompanyState = CompanyState.FILED) -> Company:
    company = Company(
        county=world.county,
        name="演示物业（虚构）",
        name_sort="yanshi",
        credit_code=make_credit_code(number),
        township=world.township,
        community=world.community,
        state=state.value,
    )
    await world.write([company])
    return company


async def contract(
    world: World, area: PropertyArea, company: Company, state: ContractState = ContractState.EFFECTIVE
) -> None:
    drafter = await world.bureau()
    row = ServiceContract(
        county=world.county,
        number=f"{area.code}-1",
        area_id=area.id,
        company_id=company.id,
        township=area.township,
        community=area.community,
        kind="NORMAL",
        mode="LUMP_SUM",
        title="物业服务合同",
        starts_on=world.today,
        ends_on=world.today + timedelta(days=1000),
        price_terms="虚构",
        service_terms="二级",
        model_text=True,
        adjustment_clause=True,
        selection_basis="OWNERS_DECISION",
        state=state.value,
        drafted_by=drafter.account_id,
    )
    await world.write([row])


async def body(world: World, area: PropertyArea, state: CommitteeState) -> None:
    attested_by = (await world.bureau()).account_id
    row = Committee(
        county=world.county,
        area_id=area.id,
        township=area.township,
        community=area.community,
        kind=BodyKind.PMC.value,
        name=f"{area.name}物管会",
        name_sort=area.code,
        term_from=world.today,
        term_to=world.today + timedelta(days=1000),
        state=state.value,
        member_count=5,
        attested_by=attested_by,
        attested_basis="纸质备案",
        ended_on=world.today if state is CommitteeState.ENDED else None,
    )
    await world.write([row])


@pytest.mark.requirement("ZS-3", "TQ-7")
async def test_formation_counts_filed_bodies_of_estates_in_the_county_town(world: World) -> None:
    profile_for_test(world.county, copy_of="410927")
    for code, state in (("E1", CommitteeState.FILED), ("E2", CommitteeState.ATTESTED), ("E3", CommitteeState.ENDED)):
        await body(world, await estate_with_area(world, code), state)
    outside = await estate_with_area(world, "E4", in_county_town=False)
    await body(world, outside, CommitteeState.FILED)
    found = await rates(world, Coverage.FORMATION)
    assert figures(found) == [(1, 3, 3333), (0, 0, None)]
    assert [rate.passes for rate in found] == [False, None]
    assert figures(await rates(world, Coverage.FORMATION, DivisionLevel.COUNTY)) == [(1, 3, 3333)]


@pytest.mark.requirement("ZS-3", "TQ-8", "TQ-47")
async def test_service_coverage_by_contract_or_registered_mode(world: World) -> None:
    company = await firm(world)
    for code, mode, state in (
        ("E1", ServiceMode.COMPANY, ContractState.EFFECTIVE),
        ("E2", ServiceMode.COMPANY, ContractState.TERMINATED),
        ("E3", ServiceMode.UNMANAGED, ContractState.EXPIRED_CONTINUING),
        ("E4", ServiceMode.COMPANY, ContractState.EXPIRED_CONTINUING),
    ):
        await contract(world, await estate_with_area(world, code, service_mode=mode), company, state)
    for number, mode in enumerate(ServiceMode):
        await places.estate(world, f"M{number}", service_mode=mode)
    # Two by contract; owners, committee, both custodies and simple mode without one; neither unmanaged estate.
    assert figures(await rates(world, Coverage.SERVICE))[0] == (2 + 5, 4 + len(ServiceMode), 5385)


@pytest.mark.requirement("ZS-3", "TQ-9")
async def test_party_coverage_own_or_joint(world: World) -> None:
    profile_for_test(world.county, copy_of="410927")
    for number, kind in enumerate((PartyCoverage.OWN, *[PartyCoverage.JOINT] * 8, PartyCoverage.NONE)):
        organisation = None if kind is PartyCoverage.NONE else "演示联合党支部"
        await places.estate(world, f"E{number}", party_coverage=kind, party_organisation=organisation)
    found = await rates(world, Coverage.PARTY, DivisionLevel.COMMUNITY)
    assert figures(found)[0] == (9, 10, 9000)
    assert found[0].passes is True
    assert {rate.total for rate in found[1:]} == {0}


@pytest.mark.requirement("SL-14")
async def test_platform_coverage_needs_firm_leader_and_contract(world: World) -> None:
    profile_for_test(world.county, copy_of="220382")
    filed, unfiled = await firm(world), await firm(world, 2, CompanyState.UNFILED)
    for code, company, leader in (
        ("E1", filed, LeaderState.REPORTED),
        ("E2", filed, None),
        ("E3", unfiled, LeaderState.REPORTED),
    ):
        area = await estate_with_area(world, code)
        await contract(world, area, company)
        if leader is not None:
            await lead(world, area, company, leader)
    draft = await places.estate(world, "E4")
    assert draft.state == "APPROVED"
    found = await rates(world, Coverage.PLATFORM)
    assert figures(found)[0] == (1, 4, 2500)
    assert found[0].passes is False
    assert found[0].target_percent == 50


async def lead(world: World, area: PropertyArea, company: Company, state: LeaderState) -> None:
    staff = CompanyStaff(
        county=world.county,
        company_id=company.id,
        name="李经理",
        name_sort="li",
        kind="MANAGER",
        post="项目经理",
        employed_from=world.today,
    )
    await world.write([staff])
    leader = ProjectLeader(
        county=world.county,
        company_id=company.id,
        area_id=area.id,
        staff_id=staff.id,
        township=area.township,
        community=area.community,
        name="李经理",
        certificate_number="C1",
        state=state.value,
        appointed_on=world.today,
    )
    await world.write([leader])


async def test_a_township_counts_its_own_estates(world: World) -> None:
    await places.estate(world, party_coverage="OWN", party_organisation="演示党支部")
    office = await world.township_office(world.other_township)
    found = await world.do(office, statistics.coverage, measure="PARTY", by="TOWNSHIP")
    assert [(rate.division, rate.total) for rate in found] == [(world.other_township, 0)]
    own = await world.do(await world.township_office(), statistics.coverage, measure="PARTY", by="TOWNSHIP")
    assert [(rate.division, rate.covered, rate.total) for rate in own] == [(world.township, 1, 1)]
