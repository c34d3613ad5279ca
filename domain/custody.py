"""Custody of the county's money at banks (专户管理): accounts, whose money lies where, what a bank reports (FUND-4, FUND-6).

The fund, common income and warranty deposits lie in accounts at custodian banks. Which account holds an area's money is
dated; what the bank reports as moved is recorded once per serial and is what statements are reconciled with.
"""

import re
from collections.abc import Mapping

from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind
from domain.terms import Term


class AccountPurpose(Term):
    """What a bank account is for."""

    FUND = "FUND", "The maintenance fund (维修资金专户)."
    COMMON_INCOME = "COMMON_INCOME", "Income from common parts (公共收益)."
    WARRANTY_DEPOSIT = "WARRANTY_DEPOSIT", "Developers' quality warranty deposits (物业质量保修金)."


MONEY: Mapping[AccountPurpose, AccountKind] = {
    AccountPurpose.FUND: AccountKind.BANK,
    AccountPurpose.COMMON_INCOME: AccountKind.COMMON_MONEY,
    AccountPurpose.WARRANTY_DEPOSIT: AccountKind.WARRANTY_MONEY,
}
"""The kind of ledger account in which money of each purpose lies."""


class AccountHolder(Term):
    """Who manages the money in the account (FUND-6)."""

    BUREAU = "BUREAU", "The bureau, until the owners' assembly decides otherwise (代管)."
    ASSEMBLY = "ASSEMBLY", "The owners' assembly itself, under supervision (业主大会自管)."


class BankAccountState(Term):
    """Whether money may leave the account."""

    OPEN = "OPEN", "In use."
    FROZEN = "FROZEN", "The bank's contract is terminated: it pays nothing but the transfer (SM-17)."
    CLOSED = "CLOSED", "Closed, with nothing left on it (销户)."


class MovementKind(Term):
    """What a bank reports as moved."""

    DEPOSIT = "DEPOSIT", "Money came in from a payer (缴存)."
    PAYMENT = "PAYMENT", "An instruction was executed (支付)."
    RETURNED = "RETURNED", "An executed payment came back (退汇)."
    INTEREST = "INTEREST", "Interest or value-added income was credited (结息)."
    TRANSFER = "TRANSFER", "Money moved between accounts of the county (划转)."
    OTHER = "OTHER", "Something else, which the transaction's reason tells."


_BANK_CODE = re.compile(r"[0-9]{12}")
SERIAL_CHARACTERS = 64


def check_bank_code(text: str, field: str = "bankCode") -> str:
    """A bank's 12-digit line number in the payment system (联行号). ``INVALID_INPUT``.

    >>> check_bank_code("1034 5678 9012")
    '103456789012'
    """
    code = re.sub(r"[\s\-]", "", text)
    if not _BANK_CODE.fullmatch(code):
        raise Refusal(ErrorCode.INVALID_INPUT, field, value=text)
    return code


def check_serial(text: str, field: str = "serial") -> str:
    """A bank's own number of a movement (流水号), 1 to 64 characters. ``REQUIRED``, ``OUT_OF_RANGE``."""
    serial = text.strip()
    if not serial:
        raise Refusal(ErrorCode.REQUIRED, field)
    if len(serial) > SERIAL_CHARACTERS:
        raise Refusal(ErrorCode.OUT_OF_RANGE, field, most=SERIAL_CHARACTERS)
    return serial
