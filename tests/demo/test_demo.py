"""The demo as newcomers meet it: every login, believable identifiers, whole books, and nothing twice."""

import re

import pytest

from app import demo
from app.demo.county import packaged_counties
from app.serve import DEMO_BOTH, DEMO_ROLES, demo_is_loaded, demo_logins
from domain.identifiers import DEMO_DIVISION, check_credit_code, check_id_number, check_phone
from domain.profiles import COUNTIES
from domain.roles import Role
from models.base import Base
from models.people import Owner
from models.sealed import reveal
from resolvers.books import verify
from resolvers.unit_of_work import set_fuse
from tests.demo.conftest import Loaded, SignIn

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


@pytest.mark.parametrize("county", COUNTIES)
async def test_every_login_is_who_it_says(loaded: Loaded, county: str) -> None:
    assert set(ROLE_OF) == set(DEMO_ROLES)
    for name, role in ROLE_OF.items():
        actor = await loaded.actor(f"{county}-{name}")
        assert role in actor.roles, name
        assert actor.counties == {county}, name


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
