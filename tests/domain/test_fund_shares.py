"""Sharing the cost of repairs: by area, by deposits, and to the fen (FUND-16 to FUND-18)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ErrorCode, Refusal
from domain.fund_shares import Bearer, Beneficiary, PublicHousing, Share, debit, shares

A = Beneficiary("a", "1", 8050)
B = Beneficiary("b", "1", 12025)
C = Beneficiary("c", "2", 9999)


@pytest.mark.rule("FUND-16", "FUND-18", "G-3")
def test_g3_commodity_housing_bears_by_area() -> None:
    assert shares(10_000, [A, B, C]) == (
        Share(Bearer.UNIT_ACCOUNT, "a", 2677),
        Share(Bearer.UNIT_ACCOUNT, "b", 3998),
        Share(Bearer.UNIT_ACCOUNT, "c", 3325),
    )


@pytest.mark.rule("FUND-16")
def test_sold_public_housing_shares_with_its_seller_by_deposits_and_among_owners_by_area() -> None:
    flats = [
        Beneficiary("x", "1", 5000, public_housing=PublicHousing(owner_deposit=2_000, seller_deposit=8_000)),
        Beneficiary("y", "1", 10000, public_housing=PublicHousing(owner_deposit=4_000, seller_deposit=6_000)),
    ]
    # Owners deposited 6,000 of 20,000: they bear 30 %, one third and two thirds of it by area.
    assert shares(10_000, flats) == (
        Share(Bearer.UNIT_ACCOUNT, "x", 1_000),
        Share(Bearer.UNIT_ACCOUNT, "y", 2_000),
        Share(Bearer.SELLER_ACCOUNT, "1", 7_000),
    )


@pytest.mark.rule("FUND-16")
def test_mixed_housing_is_shared_by_area_first() -> None:
    shop = Beneficiary("s", "1", 10000)
    flat = Beneficiary("f", "1", 10000, public_housing=PublicHousing(owner_deposit=1, seller_deposit=3))
    assert shares(1_000, [shop, flat]) == (
        Share(Bearer.UNIT_ACCOUNT, "s", 500),
        Share(Bearer.UNIT_ACCOUNT, "f", 125),
        Share(Bearer.SELLER_ACCOUNT, "1", 375),
    )


def test_public_housing_without_deposits_bears_by_area_alone() -> None:
    flat = Beneficiary("f", "1", 1, public_housing=PublicHousing(0, 0))
    assert shares(7, [flat]) == (Share(Bearer.UNIT_ACCOUNT, "f", 7),)


@pytest.mark.rule("FUND-17")
@pytest.mark.parametrize(
    ("unsold", "deposited", "bearer"),
    [
        (False, True, Bearer.UNIT_ACCOUNT),
        (False, False, Bearer.UNIT_ACCOUNT),
        (True, True, Bearer.UNIT_ACCOUNT),
        (True, False, Bearer.DEVELOPER),
    ],
)
def test_an_unsold_unit_without_deposit_is_paid_by_the_developer_in_cash(
    unsold: bool, deposited: bool, bearer: Bearer
) -> None:
    (share,) = shares(100, [Beneficiary("a", "1", 1, unsold=unsold, deposited=deposited)])
    assert share == Share(bearer, "a", 100)


def test_without_any_area_nobody_can_bear() -> None:
    for units in ([], [Beneficiary("a", "1", 0)]):
        with pytest.raises(Refusal) as caught:
            shares(100, units)
        assert caught.value.code == ErrorCode.REQUIRED


@pytest.mark.parametrize(
    ("share", "balance", "paid", "claim"),
    [(500, 320, 320, 180), (500, 500, 500, 0), (500, 0, 0, 500), (500, -9, 0, 500)],
)
def test_an_account_never_goes_below_zero(share: int, balance: int, paid: int, claim: int) -> None:
    assert debit(share, balance) == (paid, claim)


UNITS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3"]),
        st.integers(1, 50_000),
        st.booleans(),
        st.one_of(st.none(), st.builds(PublicHousing, st.integers(0, 10**6), st.integers(0, 10**6))),
    ),
    min_size=1,
    max_size=30,
).map(
    lambda rows: [
        Beneficiary(f"u{n:02d}", building, area, unsold=unsold, deposited=not unsold, public_housing=housing)
        for n, (building, area, unsold, housing) in enumerate(rows)
    ]
)


@pytest.mark.rule("FUND-18")
@given(st.integers(0, 10**10), UNITS)
def test_shares_sum_to_the_fen_whatever_the_housing(cost: int, units: list[Beneficiary]) -> None:
    shared = shares(cost, units)
    assert sum(share.amount for share in shared) == cost
    assert [share.key for share in shared[: len(units)]] == [unit.unit for unit in units]
    assert all(share.amount >= 0 for share in shared)
    total = sum(unit.area for unit in units)
    for unit, share in zip(units, shared, strict=False):
        if unit.public_housing is None:
            assert abs(share.amount * total - cost * unit.area) < total
