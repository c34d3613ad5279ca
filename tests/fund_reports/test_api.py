"""What owners are told of their fund: the yearly report, their own account, a review; and what a buyer takes over."""

from datetime import date
from typing import Any

import pytest

from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.roles import Role
from models.disclosures import Disclosure
from models.fund_reviews import FundReview
from resolvers import custody, ledger
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.fund_incomes.test_api import put
from tests.stage import Place, Stage


async def repaired(live: Stage, place: Place, on: date, fen: int) -> None:
    """A repair that every unit of the place bears alike."""

    async def spend(uow: UnitOfWork) -> None:
        money = await custody.fund_money(uow, area_id=place.area.id)
        shares = [
            debit(await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=unit.id), fen // len(place.units))
            for unit in place.units
        ]
        await ledger.post(
            uow, TransactionKind.FUND_SPENT, [*shares, credit(money, fen)], reason="屋面防水维修", occurred_on=on
        )

    await live.do(await live.actor(Role.BUREAU), spend)


@pytest.mark.rule("FUND-11", "FUND-31")
async def test_each_year_the_board_shows_totals_and_every_expense_with_who_bears_it(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place, far = await live.place(1, 1, bureau=bureau), await live.place(1, 1, bureau=bureau)
    owner, committee = await live.owner(place), await live.committee(place)
    year = live.today.year - 1
    await put(
        live,
        place,
        (0, date(year - 1, 12, 31), 100_000),
        (1, date(year, 1, 1), 60_000),
        (1, date(year + 1, 1, 1), 5_000),
    )
    await put(live, far, (0, date(year, 2, 1), 77_000))
    await repaired(live, place, date(year, 6, 30), 30_000)
    report: dict[str, Any] = {
        "areaId": opaque(live.county, "PropertyArea", place.area),
        "year": year,
        "objectionContact": "社区（演示）",
    }
    assert await refusal(ask, owner, "fundReportPublish", **report) == ("FORBIDDEN_ROLE", None)
    early = await refusal(ask, committee, "fundReportPublish", **{**report, "year": year + 1})
    assert early == ("TOO_EARLY", "year")
    assert await live.rows(Disclosure) == []
    shown = "disclosure { title body content postedOn postedUntil }"
    posted = await done(ask, committee, "fundReportPublish", shown, **report)
    assert posted["content"] == {
        "year": year,
        "opening": 100_000,
        "changes": {"交存": 60_000, "支出": -30_000},
        "closing": 130_000,
        "expenses": [{"on": f"{year}-06-30", "reason": "屋面防水维修", "amount": 30_000, "accounts": 2}],
        "audit": None,
    }
    assert posted["body"].splitlines() == [
        f"{year}年度维修资金：年初¥1,000.00，交存¥600.00，支出-¥300.00，年末¥1,300.00。",
        f"{year}-06-30 屋面防水维修：¥300.00，由2个账户分摊。",
    ]
    assert posted["postedUntil"] is None
    audited = await done(ask, bureau, "fundReportPublish", shown, **report, audit="演示会计师事务所：账实相符")
    assert audited["body"].endswith("审计意见：演示会计师事务所：账实相符")
    days = date.fromisoformat(audited["postedUntil"]) - date.fromisoformat(audited["postedOn"])
    assert days.days == 30
    board = "{ disclosures(where: {item: FUND_ACCOUNT}) { nodes { version } } }"
    assert len((await ask(owner, board))["disclosures"]["nodes"]) == 2


@pytest.mark.rule("FUND-11")
async def test_an_owner_asks_for_a_review_and_is_answered(live: Stage, ask: Ask) -> None:
    bureau = await live.actor(Role.BUREAU)
    place = await live.place(1, 1, bureau=bureau)
    owner, neighbour, committee = await live.owner(place), await live.owner(place, 1), await live.committee(place)
    asked: dict[str, Any] = {"unitId": opaque(live.county, "Unit", place.units[0]), "question": "利息有误"}
    assert await refusal(ask, neighbour, "fundReviewAsk", **asked) == ("NOT_FOUND", "unitId")
    assert await refusal(ask, bureau, "fundReviewAsk", **asked) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, owner, "fundReviewAsk", **{**asked, "question": " "}) == ("REQUIRED", "question")
    assert await live.rows(FundReview) == []
    review = await done(ask, owner, "fundReviewAsk", "review { id state question isOverdue answer }", **asked)
    assert review == {
        "id": review["id"],
        "state": "OPEN",
        "question": "利息有误",
        "isOverdue": False,
        "answer": None,
    }
    for other in (neighbour, committee):
        assert await row_of(ask, other, review["id"], "question") is None
    said = {"id": review["id"], "answer": "已复核，按日计息无误"}
    assert await refusal(ask, owner, "fundReviewAnswer", **said) == ("FORBIDDEN_ROLE", None)
    await done(ask, bureau, "fundReviewAnswer", "review { state }", **said)
    assert await refusal(ask, bureau, "fundReviewAnswer", **said) == ("ACTION_NOT_AVAILABLE", "id")
    answered = await row_of(ask, owner, review["id"], "state answer answeredOn")
    assert answered == {"state": "ANSWERED", "answer": said["answer"], "answeredOn": live.today.isoformat()}
