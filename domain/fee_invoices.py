"""Electronic invoices for payments (电子发票): who they are made out to, and what becomes of a request for one.

The tax platform's word counts: an invoice is there, or is taken back in red (红冲), when the service says so. One invoice of a
payment lives at a time, over what was paid and not paid back; money that goes back takes it along.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from email.errors import HeaderParseError
from email.headerregistry import Address
from enum import StrEnum

from domain.errors import ErrorCode, Refusal
from domain.identifiers import check_credit_code, check_id_number
from domain.roles import COMPANY, RESIDENTS, Role
from domain.terms import Term


class FeeInvoiceState(Term):
    """Where an electronic invoice stands."""

    REQUESTED = "REQUESTED", "Asked for; the company has not sent it to be issued (待开票)."
    ISSUING = "ISSUING", "Sent to the invoice service, which has not said what became of it (开票中)."
    ISSUED = "ISSUED", "Issued: it has a number (已开票)."
    FAILED = "FAILED", "The invoice service did not issue it; it can be sent again, or given up (开票失败)."
    CANCELLED = "CANCELLED", "Given up before it was issued (已取消)."
    REVERSING = "REVERSING", "Issued, and being taken back in red (红冲中)."
    REVERSAL_FAILED = "REVERSAL_FAILED", "The invoice service did not take it back; to be tried again (红冲失败)."
    REVERSED = "REVERSED", "Taken back by a red invoice (已红冲)."


class TitleKind(Term):
    """Whom an invoice is made out to (抬头类型)."""

    PERSON = "PERSON", "A person (个人)."
    ORGANISATION = "ORGANISATION", "An organisation, under its tax number (单位)."


S = FeeInvoiceState
OVER = frozenset({S.CANCELLED, S.REVERSED})
"""Another one may be asked for."""
NOT_ISSUED = frozenset({S.REQUESTED, S.FAILED})
"""Nothing is under way for it."""
REVERSIBLE = frozenset({S.ISSUED, S.REVERSAL_FAILED})
"""There, and not on its way back."""

ASKERS = COMPANY | RESIDENTS
ISSUERS = COMPANY
REVERSERS = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER})

LONGEST_TITLE = 100
"""Characters of a title. An assumption."""
LONGEST_EMAIL = 254
UNKNOWN = "UNKNOWN"
"""The problem of what the service has said nothing of for more than a day: to be asked for again, never assumed."""

_OLD_NUMBER = re.compile(r"[0-9]{6}[0-9A-Z]{9}")


class InvoiceWord(StrEnum):
    """What an invoice service says of what it was asked for."""

    ABSENT = "ABSENT"
    """It was never asked."""
    UNDER_WAY = "UNDER_WAY"
    ISSUED = "ISSUED"
    """The invoice, blue or red, is there."""
    REFUSED = "REFUSED"
    """It is not made, and will not be under this number."""


@dataclass(frozen=True)
class Invoiced:
    """An invoice as the service knows it. ``number`` is ours, ``invoice_number`` the tax platform's; ``amount`` in fen."""

    number: str
    seller: str
    word: InvoiceWord
    amount: int | None = None
    invoice_number: str | None = None
    issued_on: date | None = None
    url: str | None = None
    problem: str | None = None


def differs(said: Invoiced, *, number: str, seller: str, amount: int) -> bool:
    """Whether what is said is about another invoice, or tells less of an issued one than makes it one.

    >>> said = Invoiced("A1", "91…", InvoiceWord.ISSUED, 100, "2537…", date(2026, 3, 2))
    >>> differs(said, number="A1", seller="91…", amount=100), differs(said, number="A1", seller="91…", amount=99)
    (False, True)
    """
    if (said.number, said.seller) != (number, seller):
        return True
    whole = said.amount == amount and said.invoice_number and said.issued_on
    return said.word is InvoiceWord.ISSUED and not whole


def check_title(title: str, field: str | None = "title") -> str:
    """A title without blanks around it, as it is to be printed. ``REQUIRED``, or ``OUT_OF_RANGE`` when it is too long."""
    printed = title.strip()
    if not printed:
        raise Refusal(ErrorCode.REQUIRED, field)
    if len(printed) > LONGEST_TITLE:
        raise Refusal(ErrorCode.OUT_OF_RANGE, field, most=LONGEST_TITLE)
    return printed


def check_tax_number(text: str, field: str | None = "taxNumber") -> str:
    """A taxpayer's number (纳税人识别号): a unified social credit code of 18 characters, or an older number of 15 (division and
    organisation code) or 20 (a sole trader's identity number and two digits). ``INVALID_TAX_NUMBER``.

    >>> check_tax_number("91350100m000100y43")
    '91350100M000100Y43'
    """
    number = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    try:
        if len(number) == 18:
            return check_credit_code(number)
        if len(number) == 20 and number[18:].isdigit():
            return check_id_number(number[:18]) + number[18:]
    except Refusal:
        raise Refusal(ErrorCode.INVALID_TAX_NUMBER, field) from None
    if not _OLD_NUMBER.fullmatch(number):
        raise Refusal(ErrorCode.INVALID_TAX_NUMBER, field)
    return number


def check_email(text: str, field: str | None = "email") -> str:
    """An e-mail address (电子邮箱) to which invoices can be sent. ``INVALID_EMAIL``.

    >>> check_email(" wang@example.com ")
    'wang@example.com'
    """
    address = text.strip()
    try:
        read = Address(addr_spec=address)
    except (HeaderParseError, ValueError, IndexError):
        raise Refusal(ErrorCode.INVALID_EMAIL, field) from None
    plain = address.isascii() and len(address) <= LONGEST_EMAIL and f"{read.username}@{read.domain}" == address
    if not plain or "." not in read.domain.strip("."):
        raise Refusal(ErrorCode.INVALID_EMAIL, field)
    return address
