"""Who pays a deposit to the maintenance fund, how much, and the codes that money comes under (FUND-1 to FUND-3)."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ErrorCode, Refusal
from domain.estates import BuildingKind, UnitUse
from domain.fund_demands import (
    DemandPayer,
    DemandState,
    check_delivery,
    check_net_signing,
    code_as_written,
    first_deposit,
    first_payer,
    new_code,
    owes_deposit,
    seller_deposit,
)
from domain.fund_receipts import OpenDemand, SuspenseCause, suspended_for
from domain.profiles import parse, profile

GT, ZD, TQ = "620724", "370303", "410927"
ON = date(2026, 3, 2)
HERE, ELSEWHERE = UUID(int=1), UUID(int=2)


@pytest.mark.rule("FUND-1")
@pytest.mark.parametrize(
    ("use", "stands_alone", "owes"),
    [
        (UnitUse.DWELLING, False, True),
        (UnitUse.DWELLING, True, False),
        (UnitUse.SHOP, False, True),
        (UnitUse.SHOP, True, True),
        (UnitUse.PARKING, False, True),
        (UnitUse.PUBLIC, False, False),
    ],
)
def test_who_pays_into_the_fund(use: UnitUse, stands_alone: bool, owes: bool) -> None:
    assert owes_deposit(use, stands_alone=stands_alone) is owes


@pytest.mark.rule("FUND-2")
def test_the_first_deposit_is_the_rate_of_the_type_of_building_by_the_building_area() -> None:
    zhangdian = profile(ZD, ON)
    deposit = first_deposit(zhangdian, BuildingKind.MULTI_STOREY, 8_875)
    assert (deposit.rate, deposit.amount) == (6_000, 532_500)
    assert first_deposit(zhangdian, BuildingKind.HIGH_RISE, 8_875).amount == 887_500
    odd = replace(zhangdian, fund_rates=tuple(replace(line, fen=33) for line in zhangdian.fund_rates))
    assert first_deposit(odd, BuildingKind.MID_RISE, 8_850).amount == 2_921  # 2920.5, half up
    none = replace(zhangdian, fund_rates=())
    with pytest.raises(Refusal) as refused:
        first_deposit(none, BuildingKind.MID_RISE, 8_875)
    assert (refused.value.code, refused.value.field) == (ErrorCode.REQUIRED, "fundRates")


@pytest.mark.rule("FUND-2")
def test_rates_are_dated() -> None:
    packaged = """
name = "演示县"
[[version]]
number = 1
valid_from = 2020-01-01
[[version]]
number = 2
valid_from = 2026-01-01
fund_rates = { value = [{ building_type = "MULTI_STOREY", fen = 7_000 }], basis = "虚构" }
"""
    from importlib.resources import files

    defaults = files("domain.profiles").joinpath("defaults.toml").read_text("utf-8")
    before, after = parse("990000", packaged, defaults)
    amounts = [first_deposit(each, BuildingKind.MULTI_STOREY, 10_000).amount for each in (before, after)]
    assert amounts == [600_000, 700_000]


@pytest.mark.rule("FUND-2")
def test_sold_public_housing_pays_two_percent_of_the_reform_cost_and_its_seller_a_share_of_the_proceeds() -> None:
    zhangdian = replace(profile(ZD, ON), fund_reform_cost_fen=123_450)
    owner = first_deposit(zhangdian, BuildingKind.MULTI_STOREY, 5_050, public_housing=True)
    assert (owner.rate, owner.amount) == (2_469, 124_685)  # 2 % of ¥1,234.50; × 50.50 m² = 124,684.5, half up
    assert seller_deposit(zhangdian, BuildingKind.MULTI_STOREY, 10_000_001) == 2_000_001  # at least a fifth
    assert seller_deposit(zhangdian, BuildingKind.HIGH_RISE, 10_000_000) == 3_000_000


@pytest.mark.rule("FUND-3")
@pytest.mark.parametrize(
    ("county", "unsold", "payer"),
    [
        (TQ, True, DemandPayer.DEVELOPER),
        (TQ, False, DemandPayer.DEVELOPER),
        (ZD, True, DemandPayer.DEVELOPER),
        (ZD, False, DemandPayer.OWNER),
        (GT, True, None),
        (GT, False, DemandPayer.OWNER),
    ],
)
def test_who_pays_the_first_deposit_is_the_countys_rule(county: str, unsold: bool, payer: DemandPayer | None) -> None:
    assert first_payer(profile(county, ON), unsold=unsold) is payer


@pytest.mark.rule("FUND-3")
@pytest.mark.parametrize(("owes", "paid", "refused"), [(True, False, True), (True, True, False), (False, False, False)])
def test_nothing_is_handed_over_before_it_is_paid(owes: bool, paid: bool, refused: bool) -> None:
    def code(check: object, *arguments: object) -> ErrorCode | None:
        try:
            check(*arguments, owes=owes, paid=paid)  # type: ignore[operator]
        except Refusal as refusal:
            return refusal.code
        return None

    wanted = ErrorCode.DEPOSIT_NOT_PAID if refused else None
    assert code(check_delivery) is wanted
    assert code(check_net_signing, profile(TQ, ON)) is wanted
    assert code(check_net_signing, profile(ZD, ON)) is None


@given(st.integers(0, 15), st.integers(1, 9))
def test_a_payment_code_with_one_wrong_digit_is_none(place: int, off: int) -> None:
    code = new_code("370303")
    assert code.startswith("370303")
    assert code_as_written(f" {code[:4]}-{code[4:]} ") == code
    wrong = code[:place] + str((int(code[place]) + off) % 10) + code[place + 1 :]
    assert code_as_written(wrong) is None
    assert code_as_written(code[:-1]) is None


def test_codes_are_drawn_not_counted() -> None:
    codes = [int(new_code("370303")[6:15]) for _ in range(20)]
    assert len(set(codes)) == 20
    assert codes != sorted(codes)


@pytest.mark.rule("FUND-4")
@pytest.mark.parametrize(
    ("code", "demand", "amount", "cause"),
    [
        (None, None, 100, SuspenseCause.NO_CODE),
        ("1", None, 100, SuspenseCause.UNKNOWN_CODE),
        ("1", OpenDemand(DemandState.PAID, 0, HERE), 100, SuspenseCause.CLOSED_CODE),
        ("1", OpenDemand(DemandState.CANCELLED, 100, HERE), 100, SuspenseCause.CLOSED_CODE),
        ("1", OpenDemand(DemandState.OPEN, 100, HERE), 101, SuspenseCause.TOO_MUCH),
        ("1", OpenDemand(DemandState.OPEN, 100, ELSEWHERE), 100, SuspenseCause.OTHER_BANK),
        ("1", OpenDemand(DemandState.OPEN, 100, None), 100, SuspenseCause.OTHER_BANK),
        ("1", OpenDemand(DemandState.OPEN, 100, HERE), 100, None),
        ("1", OpenDemand(DemandState.OPEN, 100, HERE), 60, None),
    ],
)
def test_money_that_fits_no_demand_is_kept_apart(
    code: str | None, demand: OpenDemand | None, amount: int, cause: SuspenseCause | None
) -> None:
    assert suspended_for(code, demand, amount, HERE) is cause
