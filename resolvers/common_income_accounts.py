"""Accounts of common income: a period's opening, receipts, costs, share of the fund and closing; and a quarter's on the board
(ZS-21, TQ-69, ZD-46)."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func

from domain.common_income import COSTS, CommonIncomeKind, CommonIncomeSplitState, board_text
from domain.disclosures import DisclosureItem
from domain.errors import ErrorCode, Refusal
from models.common_income import CommonIncomeEntry, CommonIncomeSplit
from models.disclosures import Disclosure
from models.estates import PropertyArea
from resolvers import disclosures
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Account:
    """An area's common income from a day to another, both included; fen."""

    area_id: uuid.UUID
    first: date
    last: date
    opening: int
    by_kind: Mapping[CommonIncomeKind, int]
    """What came in or went out of each kind; what was taken back in the period counts against it then."""
    to_fund: int

    @property
    def income(self) -> int:
        return sum(fen for kind, fen in self.by_kind.items() if kind not in COSTS)

    @property
    def costs(self) -> int:
        return sum(fen for kind, fen in self.by_kind.items() if kind in COSTS)

    @property
    def closing(self) -> int:
        return self.opening + self.income - self.costs - self.to_fund


async def account(uow: UnitOfWork, *, area_id: uuid.UUID, first: date, last: date) -> Account:
    """The account of a period, from the entries and splits that the actor sees.

    ``OUT_OF_RANGE`` when it ends before it begins.
    """
    if last < first:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "last", least=first)
    await uow.load(PropertyArea, area_id, field="area")
    before, until_then = await _sums(uow, area_id, date.min, first - timedelta(days=1))
    by_kind, to_fund = await _sums(uow, area_id, first, last)
    start = Account(area_id, date.min, first, 0, before, until_then)
    return Account(area_id, first, last, start.closing, by_kind, to_fund)


async def _sums(
    uow: UnitOfWork, area_id: uuid.UUID, first: date, last: date
) -> tuple[dict[CommonIncomeKind, int], int]:
    """What each kind came to, and what went to the fund, in a period."""
    by_kind: dict[CommonIncomeKind, int] = defaultdict(int)
    for day, sign in ((CommonIncomeEntry.occurred_on, 1), (CommonIncomeEntry.reversed_on, -1)):
        seen = uow.select(CommonIncomeEntry).where(CommonIncomeEntry.area_id == area_id, day.between(first, last))
        summed = seen.with_only_columns(CommonIncomeEntry.kind, func.sum(CommonIncomeEntry.amount))
        for kind, fen in await uow.session.execute(summed.group_by(CommonIncomeEntry.kind)):
            by_kind[CommonIncomeKind(kind)] += sign * int(fen)
    paid = uow.select(CommonIncomeSplit).where(
        CommonIncomeSplit.area_id == area_id,
        CommonIncomeSplit.state == CommonIncomeSplitState.PAID.value,
        CommonIncomeSplit.paid_on.between(first, last),
    )
    to_fund = await uow.session.scalar(paid.with_only_columns(func.coalesce(func.sum(CommonIncomeSplit.to_fund), 0)))
    return by_kind, int(to_fund or 0)


async def post_quarter(
    uow: UnitOfWork, *, area_id: uuid.UUID, year: int, quarter: int, objection_contact: str
) -> Disclosure:
    """Post a past quarter's account on the area's board (commonIncomePost), figures and words from the books.

    By the committee or the company that serves the area, as ``disclosures.post``. ``TOO_EARLY`` before the quarter is over.
    """
    if not 1 <= quarter <= 4:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "quarter", least=1, most=4)
    first = date(year, 3 * quarter - 2, 1)
    following = date(year + quarter // 4, 3 * quarter % 12 + 1, 1)
    if following > uow.today:
        raise Refusal(ErrorCode.TOO_EARLY, "quarter", earliest=following)
    shown = await account(uow, area_id=area_id, first=first, last=following - timedelta(days=1))
    content = {
        "first": shown.first.isoformat(),
        "last": shown.last.isoformat(),
        "opening": shown.opening,
        "income": shown.income,
        "costs": shown.costs,
        "toFund": shown.to_fund,
        "closing": shown.closing,
        "byKind": {kind.value: fen for kind, fen in shown.by_kind.items()},
    }
    return await disclosures.post(
        uow,
        area_id=area_id,
        item=DisclosureItem.COMMON_INCOME,
        title=f"公共收益收支情况（{year}年第{quarter}季度）",
        body=board_text(shown.opening, shown.by_kind, shown.to_fund, shown.closing),
        objection_contact=objection_contact,
        content=content,
    )
