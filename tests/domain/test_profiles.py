"""County profiles: the table of RULES §10, its dates, its bases, and copies for test counties."""

from datetime import date
from importlib.resources import files

import pytest

from domain.profiles import (
    COUNTIES,
    InvalidProfile,
    UnknownCounty,
    counties,
    parse,
    profile,
    profile_for_test,
    profile_version,
    versions,
)
from domain.profiles.parameters import (
    AssemblySet,
    BuildingType,
    EmergencyCode,
    EmergencyOrder,
    FeeStart,
    FundPrepayment,
    MeetingQuorum,
    ValueAddedIncome,
    VoteMode,
)
from domain.roles import Role

ON = date(2026, 1, 1)
GT, ZS, SL, ZD, TQ = "620724", "451122", "220382", "370303", "410927"

SECTION_10 = {
    "first_assembly_set": {TQ: AssemblySet.HENAN, "*": AssemblySet.SHANDONG},
    "contract_filing_days": {ZD: 10, "*": 15},
    "contract_filing_body": {SL: Role.TOWNSHIP, "*": Role.BUREAU},
    "contract_checks_joined": {GT: True, "*": False},
    "committee_reelection_days": {ZD: 60, "*": 90},
    "committee_meeting_quorum": {ZD: MeetingQuorum.TWO_THIRDS, "*": MeetingQuorum.MORE_THAN_HALF},
    "fund_modes": {
        GT: frozenset(VoteMode) - {VoteMode.STANDARD, VoteMode.SILENCE_WITH_MAJORITY},
        TQ: frozenset({VoteMode.OBJECTION}),
        "*": frozenset(),
    },
    "strict_vote_required": {GT: False, TQ: False, "*": True},
    "delegated_quota": {TQ: True, "*": False},
    "township_seal": {"*": True},
    "emergency_without_committee": {TQ: Role.TOWNSHIP, "*": Role.COMMUNITY},
    "value_added_income": {TQ: ValueAddedIncome.POOL, "*": ValueAddedIncome.DISTRIBUTE},
    "developer_prepays": {
        ZD: FundPrepayment.AT_COMPLETION_FOR_UNSOLD,
        TQ: FundPrepayment.AT_NET_SIGNING,
        "*": FundPrepayment.AT_DELIVERY,
    },
    "fund_buys_insurance": {TQ: True, "*": False},
    "company_filing_body": {SL: Role.TOWNSHIP, "*": Role.BUREAU},
    "emergency_order": {TQ: EmergencyOrder.PAY_FIRST, "*": EmergencyOrder.POST_FIRST},
    "fee_starts": {ZD: FeeStart.DELIVERY, "*": FeeStart.NEXT_MONTH},
    "star_exit_rule": {ZS: True, "*": False},
    "blacklist_ban": {SL: True, "*": False},
    "platform_coverage_kpi_percent": {SL: 50, "*": None},
    "formation_kpi_percent": {TQ: 50, "*": None},
    "service_coverage_kpi_percent": {TQ: 90, "*": None},
    "party_coverage_kpi_percent": {TQ: 90, "*": None},
    "quarterly_report_25th": {ZS: True, "*": False},
    "contact_cadre_required": {ZD: True, "*": False},
    "old_estate_area_001m2": {TQ: 3_000_000, "*": None},
    "model_texts_required": {GT: True, "*": False},
    "adjustment_clause_required": {TQ: True, "*": False},
}


@pytest.mark.parametrize("county", COUNTIES)
@pytest.mark.parametrize("parameter", SECTION_10)
def test_the_table_of_section_10(parameter: str, county: str) -> None:
    row = SECTION_10[parameter]
    assert getattr(profile(county, ON), parameter) == row.get(county, row["*"])


@pytest.mark.parametrize("county", COUNTIES)
def test_each_value_says_where_it_comes_from(county: str) -> None:
    current = profile(county, ON)
    parameters = set(vars(current)) - {"county", "name", "version", "valid_from", "basis"}
    assert set(current.basis) == parameters
    assert all(current.basis.values())


@pytest.mark.parametrize("county", COUNTIES)
def test_money_that_no_source_gives_is_marked_fictitious(county: str) -> None:
    current = profile(county, ON)
    for parameter in ("guide_prices", "guide_parking_fen", "fund_rates"):
        assert "虚构" in current.basis[parameter]
    assert len(current.guide_prices) == len(BuildingType) * 5
    assert sum(current.fund_stages_percent) == 100


def test_only_henan_lists_guardrails_and_only_zibo_curtain_walls_and_basements() -> None:
    lists = {county: profile(county, ON).emergency_codes for county in COUNTIES}
    assert {county for county in COUNTIES if EmergencyCode.GUARDRAIL in lists[county]} == {TQ}
    assert {county for county in COUNTIES if EmergencyCode.CURTAIN_WALL in lists[county]} == {ZD}
    assert {county for county in COUNTIES if EmergencyCode.BASEMENT_FLOOD in lists[county]} == {ZD}
    assert {county for county in COUNTIES if EmergencyCode.WATER_SUPPLY_FLOOD in lists[county]} == {TQ}
    assert all(EmergencyCode.ELEVATOR in codes for codes in lists.values())


def test_gaotai_files_contracts_with_bureau_township_and_community() -> None:
    gaotai = profile(GT, ON)
    assert {gaotai.contract_filing_body, *gaotai.contract_filing_copies} == {Role.BUREAU, Role.TOWNSHIP, Role.COMMUNITY}
    assert set(gaotai.contract_checks) == {Role.TOWNSHIP, Role.COMMUNITY}


def test_prices_and_rates_are_looked_up_by_type_and_star() -> None:
    zhangdian = profile(ZD, ON)
    assert zhangdian.guide_price(BuildingType.HIGH_RISE, 3) == 120
    assert zhangdian.guide_price(BuildingType.HIGH_RISE, 6) is None
    assert zhangdian.fund_rate(BuildingType.MULTI_STOREY) == 6_000


def test_an_unknown_county_or_a_day_before_the_first_version_is_named() -> None:
    with pytest.raises(UnknownCounty, match="110000 has no profile"):
        profile("110000", ON)
    with pytest.raises(UnknownCounty, match="2019-12-31"):
        profile(GT, date(2019, 12, 31))
    with pytest.raises(UnknownCounty, match="620724/99"):
        profile_version("620724/99")


def test_a_case_finds_the_version_it_started_on() -> None:
    assert profile_version(profile(ZD, ON).version) is profile(ZD, ON)


def packaged(name: str) -> str:
    return files("domain.profiles").joinpath(f"{name}.toml").read_text("utf-8")


TWO_VERSIONS = """
name = "甲县"
[[version]]
number = 1
valid_from = 2020-01-01
contract_filing_days = { value = 10, basis = "first" }
star_exit_rule = { value = true, basis = "first" }
[[version]]
number = 2
valid_from = 2025-07-01
contract_filing_days = { value = 20, basis = "second" }
"""


def test_a_later_version_takes_over_what_it_does_not_name() -> None:
    first, second = parse("991000", TWO_VERSIONS, packaged("defaults"))
    assert (first.version, first.contract_filing_days) == ("991000/1", 10)
    assert (second.version, second.contract_filing_days, second.basis["contract_filing_days"]) == (
        "991000/2",
        20,
        "second",
    )
    assert second.star_exit_rule
    assert second.basis["star_exit_rule"] == "first"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('contract_filing_days = { value = "ten", basis = "b" }', "'ten' is not int"),
        ('star_exit_rule = { value = 1, basis = "b" }', "1 is not bool"),
        ('contract_filing_body = { value = "MAYOR", basis = "b" }', "MAYOR"),
        ("star_exit_rule = { value = true }", "basis"),
        ('no_such_parameter = { value = 1, basis = "b" }', "no_such_parameter"),
        ('fund_rates = { value = [{ star = 1 }], basis = "b" }', "fund_rates"),
    ],
)
def test_a_faulty_file_is_refused_with_the_parameter_named(line: str, fault: str) -> None:
    text = f'name = "甲县"\n[[version]]\nnumber = 1\nvalid_from = 2020-01-01\n{line}\n'
    with pytest.raises(InvalidProfile, match=fault):
        parse("991000", text, packaged("defaults"))


def test_versions_stand_in_order() -> None:
    swapped = TWO_VERSIONS.replace("2025-07-01", "2019-07-01")
    with pytest.raises(InvalidProfile, match="oldest first"):
        parse("991000", swapped, packaged("defaults"))


def test_a_test_county_is_a_copy_with_its_own_code() -> None:
    copied = profile_for_test("991234", TQ)
    assert (copied.county, copied.version) == ("991234", "991234/1")
    assert copied.emergency_order == EmergencyOrder.PAY_FIRST
    assert profile("991234", ON) is copied
    assert profile_version("991234/1") is copied
    assert "991234" in counties()
    assert versions(TQ)[-1].county == TQ


def test_a_test_county_may_change_parameters_and_never_shadows_a_real_one() -> None:
    assert profile_for_test("991235", ZD, township_seal=False).township_seal is False
    assert profile(ZD, ON).township_seal is True
    with pytest.raises(ValueError, match="990000"):
        profile_for_test(ZD, TQ)
