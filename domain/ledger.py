"""The ledger's vocabulary: kinds of accounts and transactions, their normal side, what must stay true of every one.

An amount is signed integer fen: positive is a debit (借), negative a credit (贷). A transaction's lines sum to zero.
A *balance* is shown on the account's normal side, so money that is there reads as a positive number on either side
(RULES FUND-4).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.terms import Term


class Side(StrEnum):
    """On which side an account grows."""

    DEBIT = "DEBIT"
    CREDIT = "CREDIT"


class AccountKind(Term):
    """What an account stands for (账户类别). Which columns name its owner follows from the kind (``OWNED_BY``)."""

    UNIT_FUND = "UNIT_FUND", "One unit's part of the maintenance fund (分户账)."
    BUILDING_FUND = (
        "BUILDING_FUND",
        "A building's fund money without units: no property area yet, or the public-housing seller's part (FUND-4).",
    )
    AREA_FUND = "AREA_FUND", "An area's fund money that is not (yet) on units."
    UNDISTRIBUTED_INTEREST = (
        "UNDISTRIBUTED_INTEREST",
        "Interest and value-added income that the bank has credited and no account has been given yet (待分配收益).",
    )
    VALUE_ADDED_POOL = (
        "VALUE_ADDED_POOL",
        "Value-added income kept for property improvement and life services instead of distributed (TQ-103, 增值收益).",
    )
    IN_TRANSIT = "IN_TRANSIT", "Fund money that the books have spent and the bank has not yet paid out (在途)."
    FUND_CLAIM = "FUND_CLAIM", "What a unit's owner owes the maintenance fund: a claim, never money (FUND-18)."
    FUND_CLAIM_CONTRA = "FUND_CLAIM_CONTRA", "The counterpart of an area's claims, so that a claim moves no money."
    COMMON_INCOME = "COMMON_INCOME", "Common income less its costs: the owners' money, not yet split (V-22, 公共收益)."
    COMMON_MONEY = "COMMON_MONEY", "Where an area's common income lies until it is split."
    WARRANTY_DEPOSIT = (
        "WARRANTY_DEPOSIT",
        "What a developer has deposited for an area's quality warranty (FUND-32, 物业质量保修金).",
    )
    WARRANTY_MONEY = "WARRANTY_MONEY", "Where an area's warranty deposit lies."
    BANK = "BANK", "Money at a bank: the fund of an area or building, or a company's collecting account."
    PAYMENT_SERVICE = "PAYMENT_SERVICE", "Takings at a payment service, not yet settled to the company (待结算)."
    CASH = "CASH", "Takings that a company holds in cash."
    RECEIVABLE = "RECEIVABLE", "What a unit owes a company for issued bills (应收)."
    PREPAID = "PREPAID", "What a unit has paid a company in advance of bills (预收)."
    FEE_INCOME = "FEE_INCOME", "Fees a company has billed in an area in lump-sum mode (包干制)."
    FEE_ADVANCE = "FEE_ADVANCE", "Advance funds billed in remuneration mode: still the payers' money (酬金制, FEE-1)."
    EARMARK = "EARMARK", "Fund money promised to approved requests (FUND-29)."
    EARMARK_CONTRA = "EARMARK_CONTRA", "The counterpart of earmarks, so that a promise moves no money."
    SUSPENSE = "SUSPENSE", "Deposits whose payer or purpose is not known yet (待查)."
    OPENING = "OPENING", "The counterpart of attested opening balances (期初)."


class TransactionKind(Term):
    """Why money moved or was owed."""

    OPENING = "OPENING", "A balance brought in and attested."
    BILLS_ISSUED = "BILLS_ISSUED", "Bills of a run were issued."
    BILL_ADJUSTED = "BILL_ADJUSTED", "A bill was reduced."
    BILL_VOIDED = "BILL_VOIDED", "A bill was taken back."
    PAYMENT = "PAYMENT", "Money came in for bills."
    PREPAID_APPLIED = "PREPAID_APPLIED", "Money paid in advance settled bills."
    PREPAID_RELEASED = "PREPAID_RELEASED", "A reduced or voided bill gave back what it had taken."
    REFUND = "REFUND", "Money paid in advance was paid back."
    FUND_DEPOSIT = "FUND_DEPOSIT", "A deposit to the maintenance fund."
    FUND_SPENT = "FUND_SPENT", "A payment from the maintenance fund."
    INTEREST = "INTEREST", "Interest of the fund."
    EARMARKED = "EARMARKED", "Fund money was promised to an approved request."
    COMMON_INCOME = "COMMON_INCOME", "Common parts earned something for the owners together."
    COMMON_COST = "COMMON_COST", "A cost of common income, or a use of it that the owners decided."
    COMMON_SHARE = "COMMON_SHARE", "Common income went to the maintenance fund."
    WARRANTY_PAID_IN = "WARRANTY_PAID_IN", "A developer's quality warranty deposit came in."
    WARRANTY_REPAIR = "WARRANTY_REPAIR", "A warranty repair was paid from the developer's deposit."
    WARRANTY_REFUND = "WARRANTY_REFUND", "A quality warranty deposit went back to the developer."
    EARMARK_USED = "EARMARK_USED", "A payment was made of what was promised, or came back."
    EARMARK_RELEASED = "EARMARK_RELEASED", "What was promised and not needed is free again."
    FUND_CLAIMED = "FUND_CLAIMED", "An owner owes the fund what the unit's account lacked, or has paid it (FUND-18)."
    FUND_RECOVERED = "FUND_RECOVERED", "Overpaid or misused money came back to the fund (FUND-30)."
    TRANSFER = "TRANSFER", "Money moved between accounts of one owner."
    RECONCILED = "RECONCILED", "What a bank had and the books had not was taken in, to be identified (对账补记)."
    REVERSAL = "REVERSAL", "Another transaction was taken back."


NORMAL_SIDE: Mapping[AccountKind, Side] = {
    AccountKind.UNIT_FUND: Side.CREDIT,
    AccountKind.BUILDING_FUND: Side.CREDIT,
    AccountKind.AREA_FUND: Side.CREDIT,
    AccountKind.UNDISTRIBUTED_INTEREST: Side.CREDIT,
    AccountKind.VALUE_ADDED_POOL: Side.CREDIT,
    AccountKind.IN_TRANSIT: Side.CREDIT,
    AccountKind.FUND_CLAIM: Side.DEBIT,
    AccountKind.FUND_CLAIM_CONTRA: Side.CREDIT,
    AccountKind.COMMON_INCOME: Side.CREDIT,
    AccountKind.COMMON_MONEY: Side.DEBIT,
    AccountKind.WARRANTY_DEPOSIT: Side.CREDIT,
    AccountKind.WARRANTY_MONEY: Side.DEBIT,
    AccountKind.BANK: Side.DEBIT,
    AccountKind.PAYMENT_SERVICE: Side.DEBIT,
    AccountKind.CASH: Side.DEBIT,
    AccountKind.RECEIVABLE: Side.DEBIT,
    AccountKind.PREPAID: Side.CREDIT,
    AccountKind.FEE_INCOME: Side.CREDIT,
    AccountKind.FEE_ADVANCE: Side.CREDIT,
    AccountKind.EARMARK: Side.CREDIT,
    AccountKind.EARMARK_CONTRA: Side.DEBIT,
    AccountKind.SUSPENSE: Side.CREDIT,
    AccountKind.OPENING: Side.DEBIT,
}

NEVER_NEGATIVE = frozenset(
    {
        AccountKind.UNIT_FUND,
        AccountKind.BUILDING_FUND,
        AccountKind.AREA_FUND,
        AccountKind.UNDISTRIBUTED_INTEREST,
        AccountKind.VALUE_ADDED_POOL,
        AccountKind.COMMON_INCOME,
        AccountKind.WARRANTY_DEPOSIT,
        AccountKind.PREPAID,
        AccountKind.EARMARK,
    }
)
"""FUND-5: no sub-account goes below zero. ``post`` locks these accounts and looks before it takes from them."""

OWNED_BY: Mapping[AccountKind, tuple[frozenset[str], ...]] = {
    AccountKind.UNIT_FUND: (frozenset({"unit_id"}),),
    AccountKind.BUILDING_FUND: (frozenset({"building_id"}),),
    AccountKind.AREA_FUND: (frozenset({"area_id"}),),
    AccountKind.UNDISTRIBUTED_INTEREST: (frozenset({"bank_account_id"}),),
    AccountKind.VALUE_ADDED_POOL: (frozenset({"bank_account_id"}),),
    AccountKind.IN_TRANSIT: (
        frozenset({"bank_account_id"}),
        frozenset({"area_id", "bank_account_id"}),
        frozenset({"building_id", "bank_account_id"}),
    ),
    AccountKind.FUND_CLAIM: (frozenset({"unit_id"}),),
    AccountKind.FUND_CLAIM_CONTRA: (frozenset({"area_id"}),),
    AccountKind.COMMON_INCOME: (frozenset({"area_id"}),),
    AccountKind.COMMON_MONEY: (frozenset({"area_id"}),),
    AccountKind.WARRANTY_DEPOSIT: (frozenset({"area_id"}),),
    AccountKind.WARRANTY_MONEY: (frozenset({"area_id"}), frozenset({"area_id", "bank_account_id"})),
    AccountKind.BANK: (
        frozenset({"area_id"}),
        frozenset({"building_id"}),
        frozenset({"bank_account_id"}),
        frozenset({"area_id", "bank_account_id"}),
        frozenset({"building_id", "bank_account_id"}),
        frozenset({"company_id"}),
    ),
    AccountKind.PAYMENT_SERVICE: (frozenset({"company_id"}),),
    AccountKind.CASH: (frozenset({"company_id"}),),
    AccountKind.RECEIVABLE: (frozenset({"unit_id", "company_id"}),),
    AccountKind.PREPAID: (frozenset({"unit_id", "company_id"}),),
    AccountKind.FEE_INCOME: (frozenset({"area_id", "company_id"}),),
    AccountKind.FEE_ADVANCE: (frozenset({"area_id", "company_id"}),),
    AccountKind.EARMARK: (frozenset({"area_id"}), frozenset({"building_id"})),
    AccountKind.EARMARK_CONTRA: (frozenset({"area_id"}), frozenset({"building_id"})),
    AccountKind.SUSPENSE: (
        frozenset({"bank_account_id"}),
        frozenset({"area_id"}),
        frozenset({"company_id"}),
        frozenset(),
    ),
    AccountKind.OPENING: (frozenset(),),
}
"""Which owner columns an account of each kind fills: exactly one of the listed sets.

The fund's money stands in one BANK account per area (or building) and bank account, so the book balance of a bank
account is a sum over areas and no row is hot (FUND-4).
"""

FUND_KINDS = frozenset(
    {
        AccountKind.UNIT_FUND,
        AccountKind.BUILDING_FUND,
        AccountKind.AREA_FUND,
        AccountKind.UNDISTRIBUTED_INTEREST,
        AccountKind.VALUE_ADDED_POOL,
        AccountKind.SUSPENSE,
        AccountKind.IN_TRANSIT,
        AccountKind.BANK,
    }
)
"""FUND-4's identity: the money at the bank and whose it is. Of these accounts those of a company are no part of the fund."""

PAIRS: Mapping[str, frozenset[AccountKind]] = {
    "earmarks_have_their_counterpart": frozenset({AccountKind.EARMARK, AccountKind.EARMARK_CONTRA}),
    "claims_have_their_counterpart": frozenset({AccountKind.FUND_CLAIM, AccountKind.FUND_CLAIM_CONTRA}),
    "common_income_is_its_money": frozenset({AccountKind.COMMON_INCOME, AccountKind.COMMON_MONEY}),
    "warranty_deposits_are_their_money": frozenset({AccountKind.WARRANTY_DEPOSIT, AccountKind.WARRANTY_MONEY}),
}
"""By the name of the check: kinds that mirror each other in every transaction."""


@dataclass(frozen=True)
class Line:
    """One line of a transaction: an account and a signed amount in fen (debit positive)."""

    account_id: UUID
    amount: int


def debit(account_id: UUID, fen: int) -> Line:
    """``fen`` (not negative) on the debit side."""
    return Line(account_id, fen)


def credit(account_id: UUID, fen: int) -> Line:
    """``fen`` (not negative) on the credit side."""
    return Line(account_id, -fen)


def is_balanced(lines: Iterable[Line]) -> bool:
    """Whether the lines sum to zero."""
    return sum(line.amount for line in lines) == 0


def shown_balance(kind: AccountKind, signed_sum: int) -> int:
    """The balance in fen as people read it, on the account's normal side, from the sum of its signed postings."""
    return signed_sum if NORMAL_SIDE[kind] is Side.DEBIT else -signed_sum
