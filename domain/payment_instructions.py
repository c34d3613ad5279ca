"""Payment instructions (支付指令): what the county tells a custodian bank to pay, and what the bank reports back (FUND-28).

An instruction is carried out once or not at all. The books move when the bank has executed it, not before (FUND-29), and
move back when the payment is returned (退汇).
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from domain.custody import check_bank_code
from domain.errors import ErrorCode, Refusal
from domain.identifiers import check_account
from domain.records import Record
from domain.roles import Role
from domain.terms import Term


class InstructionPurpose(Term):
    """What is paid. Each purpose has its own effects on the books and on the case behind it."""

    FUND_USE = "FUND_USE", "A contractor, for work that a fund request pays (维修资金使用)."
    FUND_REFUND = "FUND_REFUND", "An owner, the rest of a unit's account (维修资金退还, FUND-7)."
    POOL_USE = "POOL_USE", "A supplier, from pooled value-added income (增值收益使用, TQ-103)."
    DEPOSIT_RETURN = "DEPOSIT_RETURN", "A payer, a deposit that nobody could identify (待查款退回, FUND-4)."
    WARRANTY_REPAIR = "WARRANTY_REPAIR", "A contractor, from a developer's warranty deposit (保修金使用, FUND-32)."
    WARRANTY_REFUND = "WARRANTY_REFUND", "A developer, the rest of a warranty deposit (保修金退还, FUND-32)."
    CUSTODY_TRANSFER = "CUSTODY_TRANSFER", "Another account of the county or the owners (专户划转, FUND-6, SM-17)."


class InstructionState(Term):
    """Where an instruction stands."""

    PREPARED = "PREPARED", "Prepared by one official; the bank may not pay before another has released it (待复核)."
    ISSUED = "ISSUED", "Issued; the bank has not taken it over yet."
    ACKNOWLEDGED = "ACKNOWLEDGED", "The bank has taken it over and will execute it; it can no longer be cancelled."
    EXECUTED = "EXECUTED", "Paid: the bank has named its serial and the value date (已支付)."
    RETURNED = "RETURNED", "Paid and come back from the payee's bank; the postings are reversed (退汇)."
    FAILED = "FAILED", "Not paid, with the bank's code and reason."
    CANCELLED = "CANCELLED", "Taken back before the bank took it over."


class PayoutState(Term):
    """Where that stands which an instruction pays for, as people ask about it."""

    INSTRUCTED = "INSTRUCTED", "The bank is told to pay it (待支付)."
    PAID = "PAID", "Paid (已支付)."
    FAILED = "FAILED", "Not paid, or come back; the money is where it was (未支付)."


class InstructionAction(Term):
    """What is done with an instruction."""

    RELEASE = "RELEASE", "Release it to the bank, as the bureau's cashier who did not prepare it."
    ACKNOWLEDGE = "ACKNOWLEDGE", "Take it over, as the bank."
    EXECUTE = "EXECUTE", "Report that it was paid, as the bank."
    FAIL = "FAIL", "Report that it cannot be paid, as the bank."
    RETURN = "RETURN", "Report that the payment came back, as the bank."
    CANCEL = "CANCEL", "Take it back, as the bureau."


_S, _A = InstructionState, InstructionAction

ACTIONS: Mapping[InstructionAction, tuple[frozenset[InstructionState], Role, InstructionState]] = {
    _A.RELEASE: (frozenset({_S.PREPARED}), Role.BUREAU, _S.ISSUED),
    _A.ACKNOWLEDGE: (frozenset({_S.ISSUED}), Role.BANK, _S.ACKNOWLEDGED),
    _A.EXECUTE: (frozenset({_S.ACKNOWLEDGED}), Role.BANK, _S.EXECUTED),
    _A.FAIL: (frozenset({_S.ACKNOWLEDGED}), Role.BANK, _S.FAILED),
    _A.RETURN: (frozenset({_S.EXECUTED}), Role.BANK, _S.RETURNED),
    _A.CANCEL: (frozenset({_S.PREPARED, _S.ISSUED}), Role.BUREAU, _S.CANCELLED),
}
"""In which states an action exists, for whom, and where it leads."""

OPEN = frozenset({_S.PREPARED, _S.ISSUED, _S.ACKNOWLEDGED})
"""These may still be paid: their amounts are no longer free."""

ISSUED_AT_ONCE = frozenset({InstructionPurpose.FUND_USE, InstructionPurpose.CUSTODY_TRANSFER})
"""What needs no release of its own: a request that others have approved is paid by a cashier who decided nothing in it, and a
transfer goes to another account of the county. All else leaves the county on the word of who prepares it."""

REMARK_BYTES = 60
"""The longest remark (附言) that the payment system carries, in bytes of GB18030."""

NAME_CHARACTERS = 120


@dataclass(frozen=True)
class Payee(Record):
    """Who is paid: the account's name (户名), its number, and the 12-digit line number of its bank (联行号)."""

    name: str
    account: str
    bank_code: str

    def checked(self, field: str = "payee") -> "Payee":
        """The payee in the one spelling that is stored. ``REQUIRED``, ``OUT_OF_RANGE``, ``INVALID_ACCOUNT``,
        ``INVALID_INPUT``, each with the field at fault below ``field``."""
        name = " ".join(self.name.split())
        if not name:
            raise Refusal(ErrorCode.REQUIRED, f"{field}.name")
        if len(name) > NAME_CHARACTERS:
            raise Refusal(ErrorCode.OUT_OF_RANGE, f"{field}.name", most=NAME_CHARACTERS)
        account = check_account(self.account, field=f"{field}.account")
        return Payee(name, account, check_bank_code(self.bank_code, f"{field}.bankCode"))


def check_remark(text: str, field: str = "remark") -> str:
    """What stands on the payee's statement (附言), at most 60 bytes of GB18030. ``REQUIRED``, ``OUT_OF_RANGE``,
    ``INVALID_INPUT`` for line breaks and other control characters.

    >>> check_remark(" 屋面防水维修首付款 ")
    '屋面防水维修首付款'
    """
    remark = text.strip()
    if not remark:
        raise Refusal(ErrorCode.REQUIRED, field)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in remark):
        raise Refusal(ErrorCode.INVALID_INPUT, field)
    if len(remark.encode("gb18030")) > REMARK_BYTES:
        raise Refusal(ErrorCode.OUT_OF_RANGE, field, most=REMARK_BYTES)
    return remark


def short_remark(title: str, ending: str) -> str:
    """A title cut to whole characters so that it fits a remark together with ``ending``.

    >>> short_remark("屋面防水", "首付款"), len(short_remark("水" * 40, "首付款"))
    ('屋面防水首付款', 30)
    """
    room = REMARK_BYTES - len(ending.encode("gb18030"))
    kept = "".join(title.split())
    while len(kept.encode("gb18030")) > room:
        kept = kept[:-1]
    return kept + ending
