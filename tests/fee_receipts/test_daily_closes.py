"""A cashier's day: books against drawer, signed by somebody else, and closed for good (日结)."""

from datetime import timedelta
from typing import Any

from domain.errors import ErrorCode
from domain.payments import Channel
from domain.roles import Role
from models.fee_receipts import DailyClose
from models.payments import Payment
from resolvers.daily_closes import daily_close
from resolvers.receipts import payment_record, payment_reverse
from tests.acts import Ask, done, opaque, refusal
from tests.market import Market, days, paid_back

SHOWN = "close { id day cash pos transfer entries cashCounted difference reason state }"


async def take(market: Market, amount: int, channel: Channel = Channel.CASH) -> Payment:
    given = market.for_unit(amount, channel=channel)
    return await market.world.do(market.cashier, payment_record, **given)  # type: ignore[no-any-return]


async def test_a_day_is_closed_signed_and_takes_no_more(ask: Ask, market: Market) -> None:
    world, cashier = market.world, market.cashier
    await take(market, 5_000)
    wrong = await take(market, 1_000)
    await world.do(cashier, payment_reverse, id=wrong.id, reason="重复录入")
    await take(market, 2_000, Channel.POS)
    await take(market, 700, Channel.TRANSFER)
    await world.do(market.bank, payment_record, **market.for_unit(9_999))
    company = opaque(world.county, "Company", market.company)
    given: dict[str, Any] = {"companyId": company, "cashCounted": 4_900}
    before = await world.fingerprint()
    assert await refusal(ask, cashier, "dailyClose", **given) == ("REQUIRED", "reason")
    tomorrow = (world.today + days(1)).isoformat()
    assert await refusal(ask, cashier, "dailyClose", **given, day=tomorrow) == ("OUT_OF_RANGE", "day")
    assert await refusal(ask, cashier, "dailyClose", companyId=company, cashCounted=-1) == (
        "OUT_OF_RANGE",
        "cashCounted",
    )
    assert await refusal(ask, market.bureau, "dailyClose", **given) == ("FORBIDDEN_ROLE", None)
    assert await world.fingerprint() == before

    closed = await done(ask, cashier, "dailyClose", SHOWN, **given, reason="找零差错")
    ident = closed.pop("id")
    assert closed == {
        "day": world.today.isoformat(),
        "cash": 5_000,
        "pos": 2_000,
        "transfer": 700,
        "entries": 5,
        "cashCounted": 4_900,
        "difference": -100,
        "reason": "找零差错",
        "state": "CLOSED",
    }
    assert await refusal(ask, cashier, "dailyClose", **given) == ("ALREADY_REGISTERED", "day")
    assert await refusal(ask, cashier, "dailyCloseSign", id=ident) == ("FORBIDDEN_ROLE", None)
    assert await done(ask, market.admin, "dailyCloseSign", "close { state }", id=ident) == {"state": "SIGNED"}
    assert await refusal(ask, market.admin, "dailyCloseSign", id=ident) == ("ACTION_NOT_AVAILABLE", "id")

    late = await take(market, 300)
    await paid_back(market, cashier, late, 100)
    resident = await market.resident()
    await paid_back(market, resident, late, 50)
    [early] = await world.rows(Payment, amount=5_000)
    await world.do(cashier, payment_reverse, id=early.id, reason="退现")
    world.now += timedelta(days=1)
    following = await world.do(cashier, daily_close, company_id=market.company.id, cash_counted=0, reason="款已上缴")
    assert (following.cash, following.entries, following.difference) == (300 - 100 - 5_000, 3, 4_800)
    granted = await world.do(market.admin, daily_close, company_id=market.company.id, cash_counted=0, reason="退现")
    assert (granted.cash, granted.entries) == (-50, 1), "what the payer asked for left the drawer of who granted it"
    [first, second, _] = await world.rows(DailyClose)
    assert (first.cash, first.state) == (5_000, "SIGNED"), "a closed day stays as it is"
    [late] = await world.rows(Payment, id=late.id)
    assert late.daily_close_id == second.id


async def test_nobody_signs_for_the_own_day_and_sees_another_companys(ask: Ask, market: Market) -> None:
    world = market.world
    close = await world.do(market.admin, daily_close, company_id=market.company.id, cash_counted=0)
    ident = opaque(world.county, "DailyClose", close)
    assert await refusal(ask, market.admin, "dailyCloseSign", id=ident) == ("SECOND_PERSON_REQUIRED", "id")
    stranger = await world.person(Role.COMPANY_ADMIN, company_id=market.units[0].id)
    assert await refusal(ask, stranger, "dailyCloseSign", id=ident) == ("NOT_FOUND", "id")
    seen = "{ dailyCloses { nodes { state } } }"
    assert (await ask(market.cashier, seen))["dailyCloses"]["nodes"] == [{"state": "CLOSED"}]
    assert (await ask(market.bureau, seen))["dailyCloses"]["nodes"] == []
    await world.refused(
        market.admin, daily_close, ErrorCode.OUT_OF_RANGE, "day",
        company_id=market.company.id, cash_counted=0, day=world.today - days(1),
    )  # fmt: skip
