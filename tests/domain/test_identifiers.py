"""Check digits, masks, and made-up identifiers that pass them."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import identifiers as ids
from domain.errors import ErrorCode, Refusal


def refused(check: Callable[..., str], text: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        check(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("91350100M000100Y43", "91350100M000100Y43"),  # GB 32100-2015's example
        (" 91350100m000100y43 ", "91350100M000100Y43"),
        ("９１３５０１００Ｍ０００１００Ｙ４３", "91350100M000100Y43"),
    ],
)
def test_credit_codes(text: str, code: str) -> None:
    assert ids.check_credit_code(text) == code


@pytest.mark.parametrize(
    "text", ["91350100M000100Y44", "91350100M000100Y4", "91350100M000100I43", "", "9" * 18, "中" * 18]
)
def test_wrong_credit_codes(text: str) -> None:
    refusal = refused(ids.check_credit_code, text)
    assert (refusal.code, refusal.field) == (ErrorCode.INVALID_CREDIT_CODE, "creditCode")


@pytest.mark.parametrize("text", ["11010519491231002X", "11010519491231002x", "440524188001010014"])
def test_identity_numbers(text: str) -> None:
    assert ids.check_id_number(text) == text.upper()


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # check digit
        "11010519490231002X",  # 31 February
        "01010519491231002X",  # no such province
        "110105491231002",  # the old fifteen digits
        "X1010519491231002X",
    ],
)
def test_wrong_identity_numbers(text: str) -> None:
    assert refused(ids.check_id_number, text).code == ErrorCode.INVALID_ID_NUMBER


def test_a_wrong_birthday_or_province_is_refused_with_a_right_check_digit() -> None:
    for first_17 in ("11010519490231002", "01010519491231002", "11010517491231002"):
        assert refused(ids.check_id_number, first_17 + ids.id_check(first_17)).code == ErrorCode.INVALID_ID_NUMBER


@pytest.mark.parametrize(("text", "number"), [("13812345678", "13812345678"), ("+86 138-1234-5678", "13812345678")])
def test_phones(text: str, number: str) -> None:
    assert ids.check_phone(text) == number


@pytest.mark.parametrize("text", ["12812345678", "1381234567", "138123456789", "+44 7700 900123", "١٣٨١٢٣٤٥٦٧٨"])
def test_wrong_phones(text: str) -> None:
    assert refused(ids.check_phone, text).code == ErrorCode.INVALID_PHONE


@pytest.mark.parametrize("text", ["370303001002GB00001F00010012", "370303001002GB00001W00000000"])
def test_unit_numbers(text: str) -> None:
    assert ids.check_unit_number(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "370303001002GB00001F0001001",
        "70303001002GB00001F00010012",
        "3370303001002GB00001F00010012",
        "370303001002GB0001F00010012",
        "370303001002GB000001F00010012",
        "370303001002XB00001F00010012",
        "370303001002GB00001Z00010012",
        "370303001002GB00001W00000001",
    ],
)
def test_wrong_unit_numbers(text: str) -> None:
    assert refused(ids.check_unit_number, text).code == ErrorCode.INVALID_UNIT_NUMBER


@pytest.mark.parametrize("code", ["37", "3703", "370303", "370303001", "370303001002"])
def test_division_codes(code: str) -> None:
    assert ids.check_division(code) == code
    assert ids.check_division(code, len(code)) == code


def test_wrong_division_codes() -> None:
    for text in ("3", "37030", "37030x", ""):
        assert refused(ids.check_division, text).code == ErrorCode.INVALID_DIVISION
    with pytest.raises(Refusal):
        ids.check_division("370303", 9)


def test_accounts_are_digits_and_cards_have_a_luhn_digit() -> None:
    assert ids.check_account("4111 1111 1111 1111", card=True) == "4111111111111111"
    assert ids.check_account("4111 1111 1111 1112") == "4111111111111112"
    for text, card in (("4111111111111112", True), ("1234567", False), ("12345678a", False), ("1" * 33, False)):
        with pytest.raises(Refusal) as caught:
            ids.check_account(text, card)
        assert caught.value.code == ErrorCode.INVALID_ACCOUNT


@pytest.mark.parametrize(
    ("masked", "shown"),
    [
        (ids.mask_id_number("110105194912311234"), "110***********1234"),
        (ids.mask_id_number("1234567"), "*******"),
        (ids.mask_phone("13812345678"), "138****5678"),
        (ids.mask_phone("8812345"), "*****45"),
        (ids.mask_name("王小明"), "王*"),
        (ids.mask_name("王"), "*"),
        (ids.mask_name(""), "*"),
        (ids.mask_account("6222021234567890"), "****7890"),
        (ids.mask_account("123"), "****"),
        (ids.mask_unit("3", "502"), "3-*-5**"),
    ],
)
def test_masks_of_pri_6(masked: str, shown: str) -> None:
    assert masked == shown


@given(st.integers(0, 99_999_999))
def test_made_up_identifiers_pass_their_checks_and_belong_to_nobody(number: int) -> None:
    code = ids.make_credit_code(number)
    assert ids.check_credit_code(code) == code
    assert code[2:8] == ids.DEMO_DIVISION
    assert code[16] == ids.organisation_check(code[8:16])
    person = ids.make_id_number(number % 1000, date(1950 + number % 60, 2, 28))
    assert ids.check_id_number(person) == person
    assert person.startswith(ids.DEMO_DIVISION)
    assert ids.check_phone(ids.make_phone(number)) == ids.make_phone(number)
    assert ids.check_account(ids.make_account(number), card=True) == ids.make_account(number)
    unit = ids.make_unit_number(number % 10_000, county="991001")
    assert ids.check_unit_number(unit) == unit
    assert unit.startswith("991001")


@given(st.integers(0, 10**8 - 1), st.integers(0, 16), st.integers(1, 30))
def test_one_wrong_character_of_a_credit_code_is_always_seen(number: int, place: int, step: int) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    code = ids.make_credit_code(number)
    other = alphabet[(alphabet.index(code[place]) + step) % 31]
    assert (
        refused(ids.check_credit_code, code[:place] + other + code[place + 1 :]).code == ErrorCode.INVALID_CREDIT_CODE
    )
