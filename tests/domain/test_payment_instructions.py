"""Whom a bank is told to pay, and what may stand on the payee's statement."""

import pytest

from domain.errors import Refusal
from domain.payment_instructions import Payee, check_remark, short_remark

GOOD = {"name": " 演示防水  工程（虚构） ", "account": "6222 0200 0000 0000 018", "bank_code": "9999-9900-0001"}


def test_a_payee_is_stored_in_one_spelling() -> None:
    assert Payee(**GOOD).checked() == Payee("演示防水 工程（虚构）", "6222020000000000018", "999999000001")


@pytest.mark.rule("FUND-28")
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": " "}, "REQUIRED (payee.name)"),
        ({"name": "演" * 121}, "OUT_OF_RANGE (payee.name) most=120"),
        ({"account": "1234567"}, "INVALID_ACCOUNT (payee.account)"),
        ({"bank_code": "99999900000"}, "INVALID_INPUT (payee.bankCode) value=99999900000"),
    ],
)
def test_a_payee_that_cannot_be_paid_is_refused(changed: dict[str, str], expected: str) -> None:
    with pytest.raises(Refusal) as refused:
        Payee(**{**GOOD, **changed}).checked()
    assert str(refused.value) == expected


@pytest.mark.parametrize("fits", ["水" * 30, "a" * 60, "屋面防水", "𠮷" * 15])
def test_a_remark_has_sixty_bytes_of_gb18030(fits: str) -> None:
    assert check_remark(fits) == fits
    with pytest.raises(Refusal, match="OUT_OF_RANGE"):
        check_remark(fits + "水" * 30)


def test_a_remark_is_one_byte_too_long_by_its_bytes_not_its_characters() -> None:
    with pytest.raises(Refusal, match="OUT_OF_RANGE"):
        check_remark("水" * 30 + "a")


@pytest.mark.parametrize(
    ("text", "code"), [("  ", "REQUIRED"), ("屋面\n防水", "INVALID_INPUT"), ("\ud800", "INVALID_INPUT")]
)
def test_a_remark_is_plain_text(text: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        check_remark(text)


def test_a_long_title_is_cut_to_whole_characters() -> None:
    made = short_remark("屋面防水维修" * 10, "第2期款")
    assert (made, len(made.encode("gb18030"))) == (("屋面防水维修" * 10)[:26] + "第2期款", 59)
    assert check_remark(made) == made
