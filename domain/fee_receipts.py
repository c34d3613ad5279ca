"""Receipts for fees (收据): numbered without gaps, verified by a code, struck out in red and never deleted (冲红)."""

import secrets
from base64 import b32encode

from domain.terms import Term

CODE_CHARS = 12
"""Of a verification code behind the county: 60 bits, which nobody tries out."""


class FeeReceiptState(Term):
    """Whether a receipt counts."""

    ISSUED = "ISSUED", "It counts (有效)."
    VOIDED = "VOIDED", "Struck out in red: its number stays taken (已冲红)."


def receipt_number(pattern: str, *, credit_code: str, year: int, serial: int) -> str:
    """A receipt's number by the county's pattern: ``{company}`` is the organisation's part of its credit code.

    >>> receipt_number("SJ{year}-{company}-{serial:06}", credit_code="91370303000000075J", year=2026, serial=42)
    'SJ2026-000000075-000042'
    """
    return pattern.format(company=credit_code[8:17], year=year, serial=serial)


def new_code(county: str) -> str:
    """A verification code; its county can be told from it, and nothing else."""
    drawn = b32encode(secrets.token_bytes(8)).decode()[:CODE_CHARS]
    return f"{county}-{drawn}"


def county_of_code(code: str) -> str | None:
    """The county that a verification code names; ``None`` for what is none.

    >>> county_of_code(" 370303-abcdefgh2345 "), county_of_code("370303")
    ('370303', None)
    """
    county, dash, drawn = code.strip().upper().partition("-")
    return county if dash and len(drawn) == CODE_CHARS else None


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "兆")


def capital(fen: int) -> str:
    """An amount in the capitals that papers about money carry (大写金额); ``fen`` not negative.

    >>> capital(12_000), capital(100_305), capital(1_000_000_50), capital(5), capital(0)
    ('壹佰贰拾元整', '壹仟零叁元零伍分', '壹佰万元零伍角', '伍分', '零元整')
    """
    yuan, jiao, cent = fen // 100, fen // 10 % 10, fen % 10
    whole = _yuan(yuan)
    if not (jiao or cent):
        return f"{whole or '零元'}整"
    tenths = f"{_DIGITS[jiao]}角" if jiao else ""
    # A zero stands where places between what is there are empty.
    gap = "零" if whole and (not jiao or yuan % 10 == 0) else ""
    return f"{whole}{gap}{tenths}" + (f"{_DIGITS[cent]}分" if cent else "")


def _yuan(yuan: int) -> str:
    said, zero = "", False
    text = f"{yuan:d}"
    for place, digit in zip(range(len(text) - 1, -1, -1), map(int, text), strict=True):
        if digit:
            said += ("零" if zero and said else "") + _DIGITS[digit] + _PLACES[place % 4]
        zero = digit == 0 and bool(said)
        if place % 4 == 0 and place and yuan // 10**place % 10_000:
            said += _GROUPS[place // 4]
            zero = False if digit else zero
    return f"{said}元" if yuan else ""
