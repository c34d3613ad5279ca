"""Identifiers with their check digits, how they are masked (PRI-6), and made-up ones for demonstrations.

The ``check_*`` functions return the identifier in its canonical form or raise a ``Refusal``. The ``make_*`` functions
give well-formed identifiers that belong to nobody: under the division code 990000, or in a number range not in use.
"""

import re
import unicodedata
from datetime import date

from domain.errors import ErrorCode, Refusal

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, n, 31) for n in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ID_WEIGHTS = tuple(pow(2, 17 - n, 11) for n in range(17))
_ID_CHECK = "10X98765432"
_PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|99")
DEMO_DIVISION = "990000"
"""No province has the code 99; it is accepted here for demonstrations and tests."""

_CREDIT_CODE = re.compile(f"[{_CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}")
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_PHONE = re.compile(r"1[3-9][0-9]{9}")
_UNIT_NUMBER = re.compile(r"[0-9]{12}[GJZ][ABCDEFGHLNSWXY][0-9]{5}(?:[FLQ][0-9]{8}|W0{8})")
_DIVISION_LENGTHS = frozenset({2, 4, 6, 9, 12})


def check_credit_code(text: str, field: str | None = "creditCode") -> str:
    """A unified social credit code (统一社会信用代码, GB 32100-2015), its last character checked. INVALID_CREDIT_CODE.

    >>> check_credit_code("91350100m000100y43")  # the standard's own example
    '91350100M000100Y43'
    """
    code = _plain(text)
    if not _CREDIT_CODE.fullmatch(code) or code[17] != credit_check(code[:17]):
        raise Refusal(ErrorCode.INVALID_CREDIT_CODE, field)
    return code


def credit_check(first_17: str) -> str:
    """The check character of a credit code: weights 3ⁿ, modulo 31."""
    weighted = sum(_CREDIT_ALPHABET.index(c) * w for c, w in zip(first_17, _CREDIT_WEIGHTS, strict=True))
    return _CREDIT_ALPHABET[-weighted % 31]


def organisation_check(first_8: str) -> str:
    """The check character of an organisation code (GB 11714), characters 9 to 17 of a credit code."""
    values = (int(c) if c.isdigit() else ord(c) - ord("A") + 10 for c in first_8)
    remainder = -sum(value * weight for value, weight in zip(values, _ORGANISATION_WEIGHTS, strict=True)) % 11
    return "X" if remainder == 10 else str(remainder)


def check_id_number(text: str, field: str | None = "idNumber") -> str:
    """A resident identity number (公民身份号码, GB 11643-1999): province, birthday and check digit. INVALID_ID_NUMBER.

    >>> check_id_number("11010519491231002x")  # the standard's own example
    '11010519491231002X'
    """
    number = _plain(text)
    formed = _ID_NUMBER.fullmatch(number) and _PROVINCE.match(number) and _is_day(number[6:14])
    if not formed or number[17] != id_check(number[:17]):
        raise Refusal(ErrorCode.INVALID_ID_NUMBER, field)
    return number


def id_check(first_17: str) -> str:
    """The check character of an identity number: ISO 7064 MOD 11-2."""
    return _ID_CHECK[sum(int(c) * w for c, w in zip(first_17, _ID_WEIGHTS, strict=True)) % 11]


def check_phone(text: str, field: str | None = "phone") -> str:
    """A mainland mobile number (手机号码) without country code, blanks and hyphens. INVALID_PHONE.

    >>> check_phone("+86 138-1234-5678")
    '13812345678'
    """
    number = _plain(text)
    number = number.removeprefix("+86") if number.startswith("+") else number
    if not _PHONE.fullmatch(number):
        raise Refusal(ErrorCode.INVALID_PHONE, field)
    return number


def check_unit_number(text: str, field: str | None = "unitNumber") -> str:
    """A real-estate unit number (不动产单元号, GB/T 37346-2019), 28 characters. INVALID_UNIT_NUMBER.

    County 6, cadastral district 3, sub-district 3, kind of parcel 2, parcel 5, then kind of fixture and its 8 digits.

    >>> check_unit_number("370303 001 002 GB 00001 F 0001 0012")
    '370303001002GB00001F00010012'
    """
    number = _plain(text)
    if not _UNIT_NUMBER.fullmatch(number):
        raise Refusal(ErrorCode.INVALID_UNIT_NUMBER, field)
    return number


def check_division(text: str, digits: int | None = None, field: str | None = "division") -> str:
    """The code of an administrative division: 2, 4, 6, 9 (township) or 12 digits (community). INVALID_DIVISION."""
    code = _plain(text)
    wanted = _DIVISION_LENGTHS if digits is None else {digits}
    if not (code.isascii() and code.isdigit()) or len(code) not in wanted:
        raise Refusal(ErrorCode.INVALID_DIVISION, field)
    return code


def check_account(text: str, card: bool = False, field: str | None = "account") -> str:
    """A bank account number of 8 to 32 digits; with ``card``, its Luhn digit is checked. INVALID_ACCOUNT."""
    number = _plain(text)
    if not (number.isascii() and number.isdigit() and 8 <= len(number) <= 32) or (
        card and luhn(number[:-1]) != number[-1]
    ):
        raise Refusal(ErrorCode.INVALID_ACCOUNT, field)
    return number


def luhn(digits: str) -> str:
    """The Luhn check digit for digits without one."""
    doubled = (int(c) * 2 if n % 2 == 0 else int(c) for n, c in enumerate(reversed(digits)))
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def mask_id_number(number: str) -> str:
    """The first three and the last four characters: ``110***********1234``."""
    return f"{number[:3]}{'*' * max(len(number) - 7, 0)}{number[-4:]}" if len(number) > 7 else "*" * len(number)


def mask_phone(number: str) -> str:
    """``138****5678``; shorter numbers are hidden but for two digits."""
    return f"{number[:3]}****{number[-4:]}" if len(number) == 11 else f"{'*' * max(len(number) - 2, 0)}{number[-2:]}"


def mask_name(name: str) -> str:
    """``王*`` for every name, so that its length is not told; of one character, nothing is."""
    return f"{name[0]}*" if len(name) > 1 else "*"


def mask_account(number: str) -> str:
    """The last four digits: ``****5678``."""
    return f"****{number[-4:]}" if len(number) > 4 else "****"


def mask_email(address: str) -> str:
    """``w***@example.com``: the first character and the domain."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}"


def mask_tax_number(number: str) -> str:
    """An organisation's number is public; one of 20 characters has a person's identity number in it, and is masked."""
    return number if len(number) < 20 else f"{number[:3]}{'*' * 13}{number[-4:]}"


def mask_unit(building: str, room: str) -> str:
    """A unit in a public list: building, no entrance (a lone masked one is guessable), the room's first character.

    >>> mask_unit("3", "502")
    '3-*-5**'
    """
    return f"{building}-*-{room[:1]}**"


def make_credit_code(number: int) -> str:
    """The credit code of made-up firm ``number`` (0 to 99,999,999), with both check characters right."""
    organisation = f"{number:08d}"
    first_17 = f"91{DEMO_DIVISION}{organisation}{organisation_check(organisation)}"
    return first_17 + credit_check(first_17)


def make_id_number(number: int, born: date = date(1980, 1, 1)) -> str:
    """The identity number of made-up person ``number`` (0 to 999) of that birthday."""
    first_17 = f"{DEMO_DIVISION}{born:%Y%m%d}{number:03d}"
    return first_17 + id_check(first_17)


def make_phone(number: int) -> str:
    """A mobile number (``number`` 0 to 99,999,999) under 154, which no carrier uses."""
    return f"154{number:08d}"


def make_unit_number(number: int, building: int = 1, county: str = DEMO_DIVISION) -> str:
    """The real-estate unit number of flat ``number`` in a made-up building, both 1 to 9999."""
    return f"{county}001001GB00001F{building:04d}{number:04d}"


def make_account(number: int) -> str:
    """A made-up card number with a right Luhn digit, under the issuer number 999999."""
    digits = f"999999{number:012d}"
    return digits + luhn(digits)


def _plain(text: str) -> str:
    """Upper case, half width, without blanks and hyphens, as people copy numbers from paper."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()


def _is_day(text: str) -> bool:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).year >= 1850
    except ValueError:
        return False
