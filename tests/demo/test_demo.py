"""The demo as newcomers meet it: logins, believable identifiers, whole books, each county's story, every queue with work.

One module, so that one worker of a parallel run loads the demo, once.
"""

import multiprocessing
import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from app import demo
from app.demo.county import packaged_counties
from app.serve import DEMO_BOTH, DEMO_ROLES, demo_is_loaded, demo_logins
from domain.contracts import ContractState
from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.identifiers import DEMO_DIVISION, check_credit_code, check_id_number, check_phone
from domain.profiles import COUNTIES
from domain.roles import Role
from domain.statistics import Coverage
from models.base import Base
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
from models.people import Owner
from models.sealed import reveal
from resolvers import funds, statistics
from resolvers.books import verify
from resolvers.unit_of_work import set_fuse
from tests.demo.conftest import Loaded, SignIn
from tests.docs.told import CLIENTS, guide

ROLE_OF = {
    "resident": Role.OWNER,
    "resident2": Role.OWNER,
    "committee": Role.COMMITTEE,
    "company": Role.COMPANY_ADMIN,
    "leader": Role.PROJECT_LEADER,
    "community": Role.COMMUNITY,
    "township": Role.TOWNSHIP,
    "bureau": Role.BUREAU,
    "price": Role.PRICE,
    "market": Role.MARKET,
    "bank": Role.BANK,
    "court": Role.COURT,
}


def test_all_five_counties_are_made(loaded: Loaded) -> None:
    assert loaded.made == list(COUNTIES)
    assert demo_is_loaded(loaded.settings)


def test_two_counties_are_told_at_a_time(loaded: Loaded) -> None:
    labels = list(dict.fromkeys(label for label, _done, _total in loaded.told))
    assert len(labels) == len(COUNTIES)
    second_began = next(place for place, (label, *_far) in enumerate(loaded.told) if label == labels[1])
    first_ended = next(
        place for place, (label, done, total) in enumerate(loaded.told) if label == labels[0] and done == total
    )
    assert second_began < first_ended
    assert {label for label, done, total in loaded.told if done == total} == set(labels)


def test_an_interruption_leaves_nothing(fresh: Loaded) -> None:
    begun: set[str] = set()

    def stop(label: str, done: int, total: int) -> None:
        if done == 3:
            begun.add(label)
        if len(begun) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.load(fresh.settings, stop, now=fresh.now)
    assert multiprocessing.active_children() == []
    assert fresh.rows("SELECT count(*) FROM account") == [(0,)]
    assert not demo_is_loaded(fresh.settings)


def test_a_county_that_cannot_be_made_is_named_and_not_there(fresh: Loaded) -> None:
    with psycopg.connect(fresh.database.superuser_url) as connection:
        connection.execute("DROP TABLE model_text CASCADE")  # a database that is not as this version wants it
    with pytest.raises(demo.DemoError, match=r"451122 was not made: ProgrammingError: .*model_text") as caught:
        demo.load(fresh.settings, now=fresh.now, counties=("451122",))
    assert "Traceback" in caught.value.__notes__[0]
    assert fresh.rows("SELECT count(*) FROM account") == [(0,)]


@pytest.mark.parametrize("county", COUNTIES)
async def test_every_login_is_who_it_says(loaded: Loaded, county: str) -> None:
    assert set(ROLE_OF) == set(DEMO_ROLES)
    for name, role in ROLE_OF.items():
        actor = await loaded.actor(f"{county}-{name}")
        assert role in actor.roles, name
        assert actor.counties == {county}, name


@pytest.mark.parametrize("county", COUNTIES)
def test_a_resident_has_the_name_of_the_register(loaded: Loaded, county: str) -> None:
    found = loaded.rows(
        "SELECT count(*), count(*) FILTER (WHERE a.display_name = o.name) FROM account a"
        f" JOIN owner o ON o.account_id = a.id WHERE a.login LIKE '{county}-%'"
    )
    assert found in ([(2, 2)], [(3, 3)])


async def test_one_person_lives_here_and_works_there(loaded: Loaded) -> None:
    actor = await loaded.actor(DEMO_BOTH)
    assert {(grant.county, grant.role) for grant in actor.grants} == {
        ("370303", Role.OWNER),
        ("410927", Role.COMPANY_STAFF),
    }


@pytest.mark.parametrize("county", COUNTIES)
async def test_the_two_residents_live_in_different_homes_of_one_estate(loaded: Loaded, county: str) -> None:
    first, second = [(await loaded.actor(f"{county}-{name}")).grants[0] for name in ("resident", "resident2")]
    assert first.estate_id == second.estate_id
    assert first.unit_id != second.unit_id


def test_loading_again_changes_nothing(loaded: Loaded) -> None:
    tables = sorted(table.name for table in Base.metadata.sorted_tables if table.name != "access_token")
    written = " UNION ALL ".join(
        f"SELECT '{table}', count(*), max(xmin::text::bigint) FROM {table}" for table in tables
    )
    before = sorted(loaded.rows(written))
    assert demo.load(loaded.settings, now=loaded.now) == []
    assert sorted(loaded.rows(written)) == before
    assert len(demo_logins()) == 61


def test_whatever_is_invented_says_so(loaded: Loaded) -> None:
    assert [name for (name,) in loaded.rows("SELECT name FROM estate") if "（演示）" not in name] == []
    assert [
        name for (name,) in loaded.rows("SELECT name FROM company") if not re.fullmatch("演示.*（虚构）", name)
    ] == []
    named = "SELECT name FROM owner WHERE kind = 'ORGANISATION'"
    assert [name for (name,) in loaded.rows(named) if not re.fullmatch("演示.*（虚构）", name)] == []
    assert [text for (text,) in loaded.rows("SELECT price_terms FROM service_contract") if "虚构" not in text] == []
    assert [text for (text,) in loaded.rows("SELECT service_content FROM charge_item") if "虚构" not in text] == []


RECORDED = """property_area estate building unit facility company model_text committee bill_run inspection_plan
  inspection filing fund_request referral"""


def test_whatever_there_is_was_done_by_somebody(loaded: Loaded) -> None:
    """Commands put on record what they do: a row without its event would have been written past them."""
    for table in RECORDED.split():
        found = loaded.rows(
            f"SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT FROM audit_event e"
            f" WHERE e.county = t.county AND e.subject_id = t.id)) FROM {table} t"
        )
        assert [(bool(rows), unrecorded) for rows, unrecorded in found] == [(True, 0)], table


def test_what_is_dated_is_dated_relative_to_today(loaded: Loaded) -> None:
    """Nothing is written with a day of its own: the newest events are today's, the oldest bills 24 months before."""
    (newest,) = loaded.rows("SELECT max(at) FROM audit_event")
    assert newest[0] <= loaded.now
    assert loaded.now - newest[0] < timedelta(days=1)
    for (first,) in loaded.rows(
        "SELECT min(period_from) FROM fee_bill b JOIN estate e ON e.county = b.county AND e.id = b.estate_id"
        " WHERE e.code LIKE '%%-main' GROUP BY b.county"
    ):
        assert (loaded.today.year - first.year) * 12 + loaded.today.month - first.month == 24


def test_estates_lie_in_urban_communities(loaded: Loaded) -> None:
    """All but those of 红旗街道, which has villages only."""
    found = loaded.rows(
        "SELECT d.name, e.township FROM estate e LEFT JOIN division d ON d.code = e.community AND d.county = e.county"
    )
    assert found
    assert {name for name, township in found if township != "220382006" and (not name or "村委会" in name)} == set()


async def test_numbers_pass_their_checks_and_belong_to_nobody(loaded: Loaded, sign_in: SignIn) -> None:
    codes = loaded.rows(
        "SELECT credit_code FROM company UNION ALL SELECT credit_code FROM owner WHERE credit_code > ''"
    )
    assert all(check_credit_code(code)[2:8] == DEMO_DIVISION for (code,) in codes)
    vault = loaded.settings.keys.vault()
    bureau = await sign_in("451122-bureau")
    owners = [owner for owner in await bureau.sees(Owner) if owner.document_sealed]
    assert len(owners) > 20
    for owner in owners:
        number = reveal(owner, "document", vault)
        assert check_id_number(number or "").startswith(DEMO_DIVISION)
        if owner.phone_sealed:
            assert check_phone(reveal(owner, "phone", vault) or "").startswith("154")


async def test_the_books_balance(loaded: Loaded, sign_in: SignIn) -> None:
    visit = await sign_in("370303-bureau")
    async with visit.sessions() as session:
        assert [finding async for finding in verify(session, COUNTIES)] == []
        await set_fuse(session, set(COUNTIES))


@pytest.mark.parametrize("county", COUNTIES)
def test_twenty_four_months_are_billed_paid_and_owed(loaded: Loaded, county: str) -> None:
    (months,) = loaded.rows(
        "SELECT count(DISTINCT period_from) FROM fee_bill b JOIN estate e ON e.county = b.county AND e.id = b.estate_id"
        " WHERE b.county = %s AND e.code LIKE '%%-main' AND period_to = period_from + interval '1 month - 1 day'",
        county,
    )
    assert months == (24,)
    states = {state for (state,) in loaded.rows("SELECT DISTINCT state FROM fee_bill WHERE county = %s", county)}
    assert states >= {"ISSUED", "PARTIALLY_PAID", "PAID", "DISPUTED"}
    channels = {one for (one,) in loaded.rows("SELECT DISTINCT channel FROM payment WHERE county = %s", county)}
    assert channels >= {"BANK", "CASH"}
    overdue = loaded.rows(
        "SELECT 1 FROM fee_bill WHERE county = %s AND state = 'ISSUED' AND due_on < %s LIMIT 1", county, loaded.today
    )
    assert overdue


def test_every_kind_of_home_and_holder_is_there(loaded: Loaded) -> None:
    def has(what: str) -> bool:
        return bool(loaded.rows(f"SELECT 1 FROM {what} LIMIT 1"))

    assert has("building WHERE kind = 'HIGH_RISE'")
    assert has("building WHERE kind = 'MULTI_STOREY' AND NOT has_elevator")
    assert has("building WHERE public_housing_seller LIKE '%（虚构）'")
    assert has("unit WHERE use = 'SHOP'")
    assert has("unit WHERE parking_right = 'TITLED'")
    assert has("owner WHERE kind = 'ORGANISATION'")
    assert has("ownership WHERE kind = 'JOINT'")
    assert has("ownership WHERE kind = 'SHARES'")
    assert has("owner WHERE is_minor AND guardian_id IS NOT NULL")
    assert has("occupancy WHERE kind = 'TENANT'")
    assert has("owner WHERE document_sealed IS NULL AND kind = 'PERSON'")
    assert has("unit u WHERE use = 'DWELLING' AND building_area IS NULL")


def test_a_county_says_what_it_holds() -> None:
    counties = packaged_counties()
    assert [county.code for county in counties] == list(COUNTIES)
    for county in counties:
        assert {estate.firm for estate in county.estates if estate.firm} <= {firm.key for firm in county.firms}


@pytest.mark.parametrize("county", COUNTIES)
@pytest.mark.parametrize("desk", ["bureau", "township", "community", "committee", "company", "leader"])
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
        "TOWNSHIP_VERIFIED", "BUREAU_APPROVED", "RETURNED", "REJECTED", "CANCELLED", "LAPSED", "CLOSED",
    }  # fmt: skip
    assert states("SELECT DISTINCT state FROM fund_request WHERE kind = 'EMERGENCY'") == {
        "REPORTED", "SITE_CHECKED", "APPROVED_DIRECT", "NOT_EMERGENCY", "REPAIRED", "ACCEPTED", "POSTED",
        "TOWNSHIP_VERIFIED", "BUREAU_APPROVED", "RETURNED", "REJECTED", "CANCELLED", "CLOSED",
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


def test_gaotai_tells_a_year_of_a_fund(loaded: Loaded) -> None:
    county = "county = '620724'"
    results = loaded.rows(
        "SELECT strict_outcome, mode, mode_outcome, legal_basis FROM vote_result r "
        f"JOIN vote_item i USING (county) WHERE r.{county} AND i.id = r.item_id ORDER BY r.id"
    )
    assert [row[:3] for row in results] == [
        ("PASSED", "STANDARD", "PASSED"),
        ("FAILED_QUORUM", "OBJECTION", "PASSED"),
    ]
    stages = (
        "SELECT p.stage, p.state FROM fund_payment p JOIN fund_request r USING (county) "
        f"WHERE p.{county} AND r.id = p.fund_request_id ORDER BY r.requested_on, p.stage"
    )
    assert loaded.rows(stages) == [(1, "EXECUTED"), (2, "EXECUTED"), (3, "EXECUTED"), (1, "EXECUTED")]
    receipts = f"SELECT state, suspense_cause FROM fund_receipt WHERE {county}"
    assert loaded.rows(receipts) == [("POSTED", None), ("POSTED", None)]
    assert loaded.rows(f"SELECT amount FROM fund_distribution WHERE {county}") == [(318_640,)]
    differences = f"SELECT found_as, state FROM bank_difference WHERE {county} ORDER BY found_as"
    assert loaded.rows(differences) == [("MISSING_AT_BANK", "SETTLED"), ("MISSING_IN_BOOKS", "RESOLVED")]


async def test_the_guide_shows_gaotais_year_to_everybody_who_has_a_part_in_it(sign_in: SignIn) -> None:
    told = guide(CLIENTS)

    async def shown(role: str, operation: str) -> Any:
        return await (await sign_in(f"620724-{role}")).ask(told[operation][0], first=50)

    votes = (await shown("resident", "Votes"))["votes"]["nodes"]
    results = [[each["strictOutcome"], each["outcome"]] for vote in votes for each in vote["results"]["nodes"]]
    assert results == [["FAILED_QUORUM", "PASSED"], ["PASSED", "PASSED"]]
    assert [each["choices"] for vote in votes for each in vote["ballots"]["nodes"]] == [["FOR"], ["FOR"]]
    assert [len(vote["roll"]["nodes"]) for vote in votes] == [1, 1]
    status = (await shown("committee", "VoteStatus"))["votes"]["nodes"]
    assert [(vote["participatingHeads"], vote["roll"]["totalCount"]) for vote in status] == [(2, 6), (6, 6)]
    for role, shares in (("resident", 1), ("committee", 6), ("company", 6), ("bureau", 6)):
        requests = (await shown(role, "FollowRequest"))["fundRequests"]["nodes"]
        [closed] = [request for request in requests if request["state"] == "CLOSED"]
        assert [payment["state"] for payment in closed["payments"]["nodes"]] == ["EXECUTED"] * 3, role
        assert len(closed["shares"]["nodes"]) == shares, role
    [account] = (await shown("resident", "MyFund"))["ledgerAccounts"]["nodes"]
    kinds = [line["transaction"]["kind"] for line in account["postings"]["nodes"]]
    assert kinds == [*["FUND_SPENT"] * 4, "INTEREST", "OPENING"]
    reasons = [line["transaction"]["reason"] for line in account["postings"]["nodes"]]
    assert reasons[1:4] == [f"屋面防水翻修（湿地花园）：第{stage}期款" for stage in (3, 2, 1)]
    desk = await shown("bureau", "CustodyDesk")
    assert [each["unexplained"] for each in desk["bankStatements"]["nodes"]] == [0, 0]
    assert [each["resolution"] for each in desk["bankDifferences"]["nodes"]] == ["BOOKED", "ARRIVED"]


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
    bills = await resident.sees(FeeBill)
    assert {bill.state for bill in bills} == {"ISSUED", "PAID", "DISPUTED"}
    assert [bill for bill in bills if bill.state == "ISSUED" and bill.due_on < resident.loaded.today]
    assert len(await resident.sees(Estate)) == 1
    assert await resident.sees(Company)
    assert await resident.sees(Inspection, Inspection.published_on.is_not(None))
