"""What each county's demo tells, and that every queue has something late, something for today, something returned."""

from datetime import timedelta

import pytest

from domain.contracts import ContractState
from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.profiles import COUNTIES
from domain.statistics import Coverage
from models.cases import Task
from models.committees import Committee
from models.companies import Company
from models.contracts import ContractProblem, ServiceContract
from models.estates import Estate, EstateArea, PropertyArea
from models.fees import FeeBill
from models.filings import Filing
from models.funds import FundRequest
from models.inspections import Inspection
from models.payments import Payment
from resolvers import funds, statistics
from tests.demo.conftest import Loaded, SignIn


@pytest.mark.parametrize("county", COUNTIES)
@pytest.mark.parametrize("desk", ["bureau", "township", "community", "committee", "company"])
async def test_every_queue_has_something_for_today_and_something_overdue(
    loaded: Loaded, sign_in: SignIn, county: str, desk: str
) -> None:
    visit = await sign_in(f"{county}-{desk}")
    dues = [task.due_on for task in await visit.sees(Task, Task.closed_at.is_(None)) if task.due_on]
    assert loaded.today in dues
    assert any(due < loaded.today for due in dues)


@pytest.mark.parametrize("county", COUNTIES)
@pytest.mark.parametrize("desk", ["resident", "committee", "company"])
async def test_every_applicant_has_something_returned(sign_in: SignIn, county: str, desk: str) -> None:
    visit = await sign_in(f"{county}-{desk}")
    assert await visit.sees(Task, Task.closed_at.is_(None), Task.state == "RETURNED")


@pytest.mark.parametrize("county", COUNTIES)
async def test_the_offices_see_what_they_returned(sign_in: SignIn, county: str) -> None:
    for desk in ("bureau", "township", "community"):
        visit = await sign_in(f"{county}-{desk}")
        assert await visit.sees(FundRequest, FundRequest.state == "RETURNED"), desk
    bureau = await sign_in(f"{county}-bureau")
    assert {filing.kind for filing in await bureau.sees(Filing, Filing.state == "RETURNED")} == {
        "COMPANY",
        "SERVICE_CONTRACT",
    }


def test_every_state_that_can_be_reached_is_there(loaded: Loaded) -> None:
    def states(query: str) -> set[str]:
        return {state for (state,) in loaded.rows(query)}

    assert states("SELECT DISTINCT state FROM filing WHERE kind = 'COMPANY'") >= {
        "DRAFT", "SUBMITTED", "UNDER_REVIEW", "RETURNED", "FILED", "CHANGED", "RECTIFYING", "SUSPENDED", "REMOVED",
        "CANCELLED", "LAPSED", "WITHDRAWN",
    }  # fmt: skip
    assert states("SELECT DISTINCT state FROM filing WHERE kind = 'SERVICE_CONTRACT'") >= {
        "DRAFT", "SIGNED", "SUBMITTED", "CHECKED", "RETURNED", "EFFECTIVE", "EXPIRING", "EXPIRED_CONTINUING",
        "IRREGULAR", "TERMINATED", "WITHDRAWN",
    }  # fmt: skip
    assert states("SELECT DISTINCT state FROM inspection") >= {
        "PLANNED", "ASSIGNED", "CLEAN", "ISSUE_FOUND", "RECTIFICATION_ORDERED", "SUBMITTED", "RECHECKED", "OVERDUE",
        "CLOSED", "PENALISED", "TRANSFERRED", "PUBLISHED", "CANCELLED",
    }  # fmt: skip
    assert states("SELECT DISTINCT state FROM fund_request WHERE kind = 'ORDINARY'") == {
        "DRAFT", "PLAN_POSTED", "VOTING", "VOTE_PASSED", "VOTE_FAILED", "COMMITTEE_APPROVED", "COMMUNITY_CHECKED",
        "TOWNSHIP_VERIFIED", "BUREAU_APPROVED", "RETURNED", "REJECTED", "CANCELLED", "LAPSED",
    }  # fmt: skip
    assert states("SELECT DISTINCT state FROM fund_request WHERE kind = 'EMERGENCY'") == {
        "REPORTED", "SITE_CHECKED", "APPROVED_DIRECT", "NOT_EMERGENCY", "REPAIRED", "ACCEPTED", "POSTED",
        "TOWNSHIP_VERIFIED", "BUREAU_APPROVED", "RETURNED", "REJECTED", "CANCELLED",
    }  # fmt: skip


async def test_gaotai_has_five_pilots_a_returned_contract_on_its_own_text_and_a_self_management_group(
    sign_in: SignIn,
) -> None:
    visit = await sign_in("620724-bureau")
    assert len(await visit.sees(Estate, Estate.is_pilot)) == 5
    own_text = await visit.sees(ServiceContract, ServiceContract.model_text.is_(False))
    (filing,) = await visit.sees(Filing, Filing.contract_id == own_text[0].id)
    assert (len(own_text), filing.state) == (1, "RETURNED")
    assert "示范文本" in filing.returned_reasons[0]
    assert [body.kind for body in await visit.sees(Committee)].count("SELF_MANAGEMENT_GROUP") == 1


async def test_zhongshan_has_unmanaged_estates_and_an_expired_contract_on_the_problem_list(sign_in: SignIn) -> None:
    visit = await sign_in("451122-bureau")
    assert len(await visit.sees(Estate, Estate.service_mode == "UNMANAGED")) >= 2
    (problem,) = await visit.sees(ContractProblem, ContractProblem.reason == "EXPIRED", ContractProblem.open)
    (contract,) = await visit.sees(ServiceContract, ServiceContract.id == problem.contract_id)
    assert contract.state == ContractState.EXPIRED_CONTINUING
    assert contract.ends_on == visit.loaded.today - timedelta(days=20)


async def test_shuangliao_has_a_street_above_and_one_below_half_on_the_platform(sign_in: SignIn) -> None:
    visit = await sign_in("220382-bureau")
    rates = await visit.do(statistics.coverage, measure=Coverage.PLATFORM, by=DivisionLevel.TOWNSHIP)
    streets = {rate.division: rate for rate in rates if rate.total}
    assert sorted(streets) == [f"22038200{number}" for number in range(1, 7)]
    above = [code for code, rate in streets.items() if 2 * rate.covered > rate.total]
    below = [code for code, rate in streets.items() if 2 * rate.covered < rate.total]
    assert (above, below) == (["220382001"], ["220382002"])


async def test_zhangdian_names_a_contact_cadre_for_every_estate(sign_in: SignIn) -> None:
    visit = await sign_in("370303-bureau")
    estates = await visit.sees(Estate)
    assert estates
    assert all(estate.contact_cadre and estate.contact_cadre_office == "公园街道办事处" for estate in estates)


@pytest.mark.requirement("ZD-7")
async def test_zhangdians_street_cannot_verify_without_its_seal(sign_in: SignIn) -> None:
    visit = await sign_in("370303-township")
    (held,) = await visit.sees(FundRequest, FundRequest.title.contains("待街道盖章"))
    assert held.state == "COMMUNITY_CHECKED"
    with pytest.raises(Refusal) as refused:
        await visit.do(funds.verify, id=held.id, signed=True, sealed=False)
    assert refused.value.code is ErrorCode.SEAL_REQUIRED
    (task,) = await visit.sees(Task, Task.case_id == held.id, Task.closed_at.is_(None))
    assert task.due_on is not None
    assert task.due_on < visit.loaded.today


async def test_taiqian_has_a_management_committee_for_several_courtyards_of_the_countys_size(sign_in: SignIn) -> None:
    visit = await sign_in("410927-bureau")
    (body,) = await visit.sees(Committee, Committee.kind == "PMC")
    (area,) = await visit.sees(PropertyArea, PropertyArea.id == body.area_id)
    assert (area.floor_area, area.warning) == (3_000_000, None)
    assert len(await visit.sees(EstateArea, EstateArea.area_id == area.id)) == 4


async def test_taiqians_street_filed_an_elevator_emergency_where_there_is_no_body(sign_in: SignIn) -> None:
    visit = await sign_in("410927-township")
    (request,) = await visit.sees(FundRequest, FundRequest.applicant_role == "TOWNSHIP")
    assert (request.kind, request.emergency_code, request.committee_id) == ("EMERGENCY", "ELEVATOR", None)
    assert request.facility_id is not None


async def test_banks_find_bills_and_their_own_payments_and_residents_what_is_theirs(sign_in: SignIn) -> None:
    bank = await sign_in("370303-bank")
    assert await bank.sees(FeeBill, FeeBill.state == "ISSUED")
    assert {payment.channel for payment in await bank.sees(Payment)} == {"BANK"}
    resident = await sign_in("370303-resident")
    assert len(await resident.sees(Estate)) == 1
    assert await resident.sees(Company)
    assert await resident.sees(Inspection, Inspection.published_on.is_not(None))
