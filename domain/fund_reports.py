"""What an area's owners are told of their fund each year, and how they ask for a review (FUND-11, FUND-31)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.errors import ErrorCode, Refusal
from domain.ledger import TransactionKind
from domain.money import format_fen
from domain.terms import Term


class ReviewState(Term):
    """Where a request for review stands."""

    OPEN = "OPEN", "Waiting for the bureau's answer (待答复)."
    ANSWERED = "ANSWERED", "Answered (已答复)."


WORDS: Mapping[TransactionKind, str] = {
    TransactionKind.OPENING: "期初转入",
    TransactionKind.FUND_DEPOSIT: "交存",
    TransactionKind.INTEREST: "收益分配",
    TransactionKind.FUND_SPENT: "支出",
    TransactionKind.TRANSFER: "转账",
    TransactionKind.REVERSAL: "冲正",
}
"""How kinds of changes are called on the board; others stand under 其他."""
OTHER = "其他"

AUDIT_DAYS = 30
"""An audited report hangs so many days (FUND-31)."""


@dataclass(frozen=True)
class Expense:
    """One payment from the accounts: ``amount`` in fen, borne by so many accounts."""

    on: date
    reason: str
    amount: int
    accounts: int


@dataclass(frozen=True)
class Year:
    """An area's accounts over a year, in fen: what they held before and after, and what changed them by kind."""

    year: int
    opening: int
    changes: Mapping[str, int]
    expenses: Sequence[Expense]

    @property
    def closing(self) -> int:
        """What the accounts held at the year's end."""
        return self.opening + sum(self.changes.values())


def check_year(year: int, today: date) -> None:
    """A year is reported once it is over. ``TOO_EARLY``."""
    if today.year <= year:
        raise Refusal(ErrorCode.TOO_EARLY, "year", earliest=date(year + 1, 1, 1))


def board_text(report: Year, audit: str | None) -> str:
    """The report as it hangs on the board: totals, each expense with how many accounts bear it, the audit's finding.

    >>> print(board_text(Year(2025, 100, {"交存": 50, "支出": -30}, [Expense(date(2025, 5, 1), "屋面维修", 30, 3)]), None))
    2025年度维修资金：年初¥1.00，交存¥0.50，支出-¥0.30，年末¥1.20。
    2025-05-01 屋面维修：¥0.30，由3个账户分摊。
    """
    changes = "".join(f"{name}{format_fen(fen)}，" for name, fen in report.changes.items())
    totals = f"年初{format_fen(report.opening)}，{changes}年末{format_fen(report.closing)}。"
    lines = [f"{report.year}年度维修资金：{totals}"]
    lines += [
        f"{each.on} {each.reason}：{format_fen(each.amount)}，由{each.accounts}个账户分摊。" for each in report.expenses
    ]
    return "\n".join([*lines, *([f"审计意见：{audit}"] if audit else [])])
