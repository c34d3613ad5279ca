"""Common income (公共收益): what the common parts earn belongs to the owners together, less costs that are proven (V-22).

A year's net goes to the maintenance fund, unless the owners' assembly decides otherwise (V-2, item 9; TQ-106); while the fund
is below its renewal mark, the profile's least share goes there whatever is decided.
"""

from collections.abc import Mapping

from domain.errors import ErrorCode, Refusal
from domain.ledger import TransactionKind
from domain.money import format_fen, ratio_at_least
from domain.terms import Term


class CommonIncomeKind(Term):
    """Where common income comes from, or what it was spent on (收益来源、支出类别)."""

    PARKING = "PARKING", "Parking on common ground (公共停车)."
    ADVERTISING = "ADVERTISING", "Advertising in lifts, on walls and screens (广告)."
    RENT = "RENT", "Rent of common or ancillary commercial rooms (公共用房租金)."
    VENUE = "VENUE", "Use of common places: stalls, cabinets, masts (场地使用)."
    VENDING = "VENDING", "Shares of machines and charging points (自助设备)."
    COMPENSATION = "COMPENSATION", "Compensation for damage to common parts (赔偿)."
    SCRAP_VALUE = (
        "SCRAP_VALUE",
        "What replaced shared equipment was sold for (残值): all of it goes to the fund (FUND-9).",
    )
    OTHER_INCOME = "OTHER_INCOME", "Other income."
    OPERATING_COST = "OPERATING_COST", "Reasonable cost of earning it (合理成本): proven by documents."
    DECIDED_USE = "DECIDED_USE", "A use that the owners' assembly has decided (业主大会决定的用途)."


COSTS = frozenset({CommonIncomeKind.OPERATING_COST, CommonIncomeKind.DECIDED_USE})


class CommonIncomeSplitState(Term):
    """Where a year's split stands."""

    DECIDED = "DECIDED", "How much goes to the fund is decided; the money is not there yet."
    PAID = "PAID", "It has arrived at the fund's bank and stands on the units' accounts."
    WITHDRAWN = "WITHDRAWN", "Taken back before it was paid."


def transaction_kind(kind: CommonIncomeKind) -> TransactionKind:
    """How the ledger names an entry."""
    return TransactionKind.COMMON_COST if kind in COSTS else TransactionKind.COMMON_INCOME


def below_renewal_mark(balance: int, first_deposits: int, percent: int) -> bool:
    """Whether an area's fund is below the mark: less than ``percent`` of the first deposits (all in fen). Exactly at it is not
    below (FUND-8); where no first deposit is known, it counts as below.

    >>> [below_renewal_mark(balance, 1_000, 30) for balance in (299, 300)], below_renewal_mark(0, 0, 30)
    ([True, False], True)
    """
    return not ratio_at_least(balance, first_deposits, percent, 100)


def least_to_fund(net: int, percent: int, *, below_mark: bool, decided: bool, scrap: int = 0) -> int:
    """The least part of a year's net, in fen, that goes to the fund; a broken fen counts for the fund.

    Without a decision of the assembly nothing is kept for other uses. With one, the profile's share binds while the fund is
    below its mark. ``scrap``, the value of what was replaced, is the fund's whatever is decided (FUND-9).

    >>> least_to_fund(1_001, 50, below_mark=True, decided=True), least_to_fund(1_001, 50, below_mark=False, decided=True)
    (501, 0)
    >>> least_to_fund(1_001, 50, below_mark=False, decided=False)
    1001
    >>> [least_to_fund(net, 50, below_mark=True, decided=True, scrap=401) for net in (1_001, 300)]
    [701, 300]
    """
    if not decided:
        return net
    scrap = min(scrap, net)
    return scrap + (-(-(net - scrap) * percent // 100) if below_mark else 0)


def check_split(net: int, to_fund: int, least: int) -> None:
    """Refuse ``INSUFFICIENT_BALANCE`` above the net, ``COMMON_INCOME_SHARE`` below ``least``, and a split of nothing."""
    if to_fund <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "toFund", least=1)
    if to_fund > net:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "toFund", available_fen=net, needed_fen=to_fund)
    if to_fund < least:
        raise Refusal(ErrorCode.COMMON_INCOME_SHARE, "toFund", least_fen=least)


BOARD_NAMES: Mapping[CommonIncomeKind, str] = {
    CommonIncomeKind.PARKING: "公共停车收入",
    CommonIncomeKind.ADVERTISING: "广告收入",
    CommonIncomeKind.RENT: "公共用房租金",
    CommonIncomeKind.VENUE: "场地使用收入",
    CommonIncomeKind.VENDING: "自助设备收入",
    CommonIncomeKind.COMPENSATION: "赔偿收入",
    CommonIncomeKind.SCRAP_VALUE: "共用设施设备残值",
    CommonIncomeKind.OTHER_INCOME: "其他收入",
    CommonIncomeKind.OPERATING_COST: "合理成本",
    CommonIncomeKind.DECIDED_USE: "业主大会决定的支出",
}
"""What an area's board calls them; a board hangs in China and is written in Chinese whatever its reader's language."""


def board_text(opening: int, by_kind: Mapping[CommonIncomeKind, int], to_fund: int, closing: int) -> str:
    """A period's account as it hangs on the board; amounts in fen.

    >>> print(board_text(0, {CommonIncomeKind.PARKING: 100_000, CommonIncomeKind.OPERATING_COST: 20_000}, 50_000, 30_000))
    期初结余：¥0.00
    收入：公共停车收入 ¥1,000.00
    支出：合理成本 ¥200.00
    补充维修资金：¥500.00
    期末结余：¥300.00
    """
    moved = [
        f"{'支出' if kind in COSTS else '收入'}：{BOARD_NAMES[kind]} {format_fen(by_kind[kind])}"
        for kind in CommonIncomeKind
        if by_kind.get(kind)
    ]
    ends = [f"补充维修资金：{format_fen(to_fund)}", f"期末结余：{format_fen(closing)}"]
    return "\n".join([f"期初结余：{format_fen(opening)}", *moved, *ends])
