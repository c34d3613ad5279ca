"""Late fees through the API: agreed or not, with part payments, capped, once the bill is paid, never twice (FEE-9)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from domain.late_fees import late_fee, late_fen_days
from domain.ledger import AccountKind
from models.fees import FeeBill
from models.payments import Allocation, Payment
from resolvers.bills import bill_adjust, bill_void
from resolvers.books import verify
from resolvers.late_fees import charge_what_was_paid_late
from resolvers.payments import fee_bill_pay
from resolvers.unit_of_work import set_fuse
from tests.acts import Ask, act, opaque
from tests.market import Market, days
from tests.world import World


@pytest.fixture
async def market(world: World) -> Market:
    """Three dwellings of 100 m² with bills of ¥120.00 due 40 days ago, a late fee of 0.05 % a day agreed."""
    world.now = datetime.now(UTC)
    market = await Market.open(world, 10_000, 10_000, 10_000)
    await market.run(await market.item(late_fee_rate=50), world.today.replace(day=1))
    await due(market, 40)
    return market


async def due(market: Market, ago: int) -> None:
    """Let the bills have been due so many days ago (a run's bills are due in the future)."""
    async with market.world.sessions.begin() as session:
        await set_fuse(session, {market.world.county})
        values = {"due_on": market.world.today - days(ago), "issued_on": market.world.today - days(ago + 30)}
        await session.execute(update(FeeBill).where(FeeBill.county == market.world.county).values(**values))


async def charge(ask: Ask, market: Market, *bills: FeeBill, who: Any = None) -> list[Any]:
    shown = "results { userErrors { code field } bill { kind number amount lateFor { number } title payer isOverdue } }"
    items = [{"billId": opaque(market.world.county, "FeeBill", bill)} for bill in bills]
    return (await act(ask, who or market.admin, "lateFeeCharge", shown, items=items))["results"]  # type: ignore[no-any-return]


@pytest.mark.rule("FEE-9")
async def test_late_fees_are_charged_once_for_what_accrued(ask: Ask, market: Market) -> None:
    world = market.world
    bill, paid, _ = await market.bills()
    await world.do(market.bank, fee_bill_pay, id=bill.id, **market.paying(2_000, received_on=world.today - days(30)))
    [first] = await charge(ask, market, bill)
    # ¥20.00 ten days late and ¥100.00 forty: 2,000 × 10 + 10,000 × 40 = 420,000 fen-days at 0.05 %.
    fee = {
        "kind": "LATE_FEE",
        "number": f"{bill.number}-W1",
        "amount": 210,
        "lateFor": {"number": bill.number},
        "title": "违约金：物业服务费",
        "payer": "OWNER",
        "isOverdue": False,
    }
    assert first == {"userErrors": [], "bill": fee}
    allocations = [(row.occurred_on, row.amount) for row in await world.rows(Allocation, bill_id=bill.id)]
    assert late_fee(12_000, late_fen_days(12_000, allocations, world.today - days(40), world.today), 50, 30) == 210

    before = await world.fingerprint()
    [again], [of_fee] = await charge(ask, market, bill), await charge(ask, market, *(await _fees(market)))
    assert again["userErrors"] == [{"code": "TOO_EARLY", "field": "billId"}]
    assert of_fee["userErrors"] == [{"code": "LATE_FEE_NOT_AGREED", "field": "billId"}]  # never on itself
    assert before == await world.fingerprint()

    await due(market, 4_000)
    [rest, other] = await charge(ask, market, bill, paid)
    assert (rest["bill"]["amount"], rest["bill"]["number"]) == (3_600 - 210, f"{bill.number}-W2")  # 30 % in all
    assert other["bill"]["amount"] == 3_600


@pytest.mark.rule("FEE-9")
async def test_what_was_paid_late_is_charged_the_night_after(ask: Ask, market: Market) -> None:
    world = market.world
    late, in_time, _ = await market.bills()
    await world.do(market.bank, fee_bill_pay, id=late.id, **market.paying(12_000))
    await world.do(
        market.bank, fee_bill_pay, id=in_time.id, **market.paying(12_000, received_on=world.today - days(40))
    )
    await world.tick(charge_what_was_paid_late)
    await world.tick(charge_what_was_paid_late)
    [fee] = await _fees(market)
    assert (fee.late_for_id, fee.amount, fee.period_to) == (late.id, 240, world.today)  # 12,000 × 40 × 0.05 %
    assert (fee.period_from, fee.due_on) == (world.today - days(39), world.today)
    books = "{ ledgerAccounts { nodes { kind balance } } }"
    balances = {node["kind"]: node["balance"] for node in (await ask(market.bureau, books))["ledgerAccounts"]["nodes"]}
    assert balances[AccountKind.FEE_INCOME] == 3 * 12_000 + 240


@pytest.mark.rule("FEE-9")
async def test_late_fees_follow_the_bill_that_they_are_on(ask: Ask, market: Market) -> None:
    """The cap is of what is owed: a bill that was reduced, or taken back, takes its late fees with it."""
    world = market.world
    first, second, untouched = await market.bills()
    await world.do(market.bank, fee_bill_pay, id=first.id, **market.paying(12_000, received_on=world.today - days(20)))
    await world.do(market.bank, fee_bill_pay, id=untouched.id, **market.paying(12_000))
    charged = await charge(ask, market, first, second)
    assert [one["bill"]["amount"] for one in charged] == [120, 240]
    fee = next(one for one in await _fees(market) if one.late_for_id == first.id)
    await world.do(market.bank, fee_bill_pay, id=fee.id, **market.paying(120))
    await world.do(market.admin, bill_adjust, id=first.id, reduction=3_000, reason="停梯")
    [first] = await market.bills(id=first.id)
    assert (first.state, first.paid_on) == ("PAID", world.today - days(20))  # 9,000 fen, twenty days late
    [fee] = await market.bills(id=fee.id)
    assert (fee.amount, fee.adjusted, fee.settled, fee.state) == (120, -30, 90, "PAID")
    given_back = {payment.amount: payment.prepaid for payment in await world.rows(Payment, unit_id=first.unit_id)}
    assert given_back == {12_000: 3_000, 120: 30}

    await world.do(market.admin, bill_void, id=second.id, reason="重复")
    assert [one.state for one in await market.bills(late_for_id=second.id)] == ["VOIDED"]
    # Reduced before its late fee is charged: only what is left was late.
    await world.do(market.admin, bill_adjust, id=untouched.id, reduction=6_000, reason="停梯")
    [late] = await charge(ask, market, untouched)
    assert late["bill"]["amount"] == 120
    async with world.sessions() as session:
        assert [finding async for finding in verify(session, [world.county])] == []


@pytest.mark.rule("FEE-9")
async def test_no_late_fee_but_by_contract_and_only_by_the_company(ask: Ask, market: Market) -> None:
    world = market.world
    agreed = (await market.bills())[0]
    await market.run(await market.item(), world.today.replace(day=1))
    await due(market, 40)
    not_agreed = next(bill for bill in await market.bills() if bill.charge_item_id != agreed.charge_item_id)
    before = await world.fingerprint()
    [refused] = await charge(ask, market, not_agreed)
    assert refused["userErrors"] == [{"code": "LATE_FEE_NOT_AGREED", "field": "billId"}]
    for who, code in ((market.bank, "FORBIDDEN_ROLE"), (await market.resident(), "FORBIDDEN_ROLE")):
        [refused] = await charge(ask, market, agreed, who=who)
        assert refused["userErrors"][0]["code"] in (code, "NOT_FOUND")
    assert before == await world.fingerprint()


async def _fees(market: Market) -> list[FeeBill]:
    return await market.bills(kind="LATE_FEE")
