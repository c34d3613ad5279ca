"""Verification of the books: silent on whole ones, and every check finds the fault that it is there for."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.database import with_driver
from app.worker import Workshop
from auth.actor import system_actor
from domain.bills import RunState
from domain.custody import AccountHolder, AccountPurpose
from domain.errors import ErrorCode, Refusal
from domain.identifiers import make_account
from domain.ledger import AccountKind, TransactionKind, credit, debit
from models.base import new_id
from models.books import LedgerCheck
from models.custody import BankAccount
from models.sealed import Kind, seal_into
from resolvers import ledger
from resolvers.bills import bill_adjust, bill_void
from resolvers.books import CHECKS, STOPPING, Finding, check, check_asked, verify
from resolvers.openings import OpeningFund, fund_open
from resolvers.payments import fee_bill_pay
from resolvers.receipts import payment_record, payment_reverse
from resolvers.unit_of_work import UnitOfWork
from tests.database import Database
from tests.door import Door
from tests.market import Market
from tests.world import World


async def findings(world: World) -> list[Finding]:
    async with world.sessions() as session:
        return [finding async for finding in verify(session, [world.county])]


async def custodians_account(market: Market) -> BankAccount:
    """An account at the bank, as the county has registered it."""
    account = BankAccount(
        county=market.world.county,
        id=new_id(),
        purpose=AccountPurpose.FUND.value,
        holder=AccountHolder.BUREAU.value,
        name="维修资金专户（演示）",
        bank_name="演示银行（虚构）",
        bank_code="999999000001",
        client_id=market.bank.client_id,
        opened_on=market.world.today,
        registered_by=market.bureau.account_id,
    )
    seal_into(account, "number", make_account(1), Kind.BANK_ACCOUNT, market.world.vault)
    await market.world.write([account])
    return account


@pytest.fixture
async def books(world: World) -> Market:
    """Bills paid, paid in advance, reduced, taken back and reversed; fund money deposited, claimed and earmarked; money of the
    owners in common and of a developer."""
    market = await Market.open(world)
    bill = await market.bill()
    await world.do(market.bank, fee_bill_pay, id=bill.id, **market.paying(2_000))
    payment = await world.do(market.bank, payment_record, **market.for_unit(15_000))
    await world.do(market.bank, payment_reverse, id=payment.id, reason="退票")
    await world.do(market.admin, bill_adjust, id=bill.id, reduction=1_000, reason="停水")
    await world.do(market.bank, payment_record, **market.for_unit(15_000))
    other = await market.bill(price=10)
    await world.do(market.admin, bill_void, id=other.id, reason="重复")

    held_at = await custodians_account(market)

    async def post(uow: UnitOfWork) -> None:
        area, unit = {"area_id": market.area.id}, {"unit_id": market.units[0].id}
        custodian = {"bank_account_id": held_at.id}
        for fen, (debited, owner), (credited, other) in (
            (500, (AccountKind.EARMARK_CONTRA, area), (AccountKind.EARMARK, area)),
            (501, (AccountKind.BANK, area | custodian), (AccountKind.UNIT_FUND, unit)),
            (502, (AccountKind.FUND_CLAIM, unit), (AccountKind.FUND_CLAIM_CONTRA, area)),
            (503, (AccountKind.COMMON_MONEY, area), (AccountKind.COMMON_INCOME, area)),
            (504, (AccountKind.WARRANTY_MONEY, area), (AccountKind.WARRANTY_DEPOSIT, area)),
            (505, (AccountKind.BANK, custodian), (AccountKind.UNDISTRIBUTED_INTEREST, custodian)),
            (506, (AccountKind.OPENING, {}), (AccountKind.UNIT_FUND, unit)),
        ):
            lines = [
                debit(await ledger.account(uow, debited, **owner), fen),
                credit(await ledger.account(uow, credited, **other), fen),
            ]
            kind = TransactionKind.OPENING if debited is AccountKind.OPENING else TransactionKind.TRANSFER
            await ledger.post(uow, kind, lines, reason="test")

    await world.do(market.bureau, post)
    brought = [OpeningFund((await market.unit(8_000)).id, 507)]
    await world.do(market.bureau, fund_open, lines=brought, as_of=world.today, attested_by="test")
    return market


@pytest.mark.rule("FUND-4")
async def test_whole_books_give_no_findings(books: Market) -> None:
    assert await findings(books.world) == []


@pytest.fixture
async def vandal(database: Database) -> AsyncIterator[Any]:
    """A superuser who changes what the application cannot."""
    engine = create_async_engine(with_driver(database.superuser_url))

    async def damage(statements: Sequence[str], values: dict[str, Any]) -> None:
        async with async_sessionmaker(engine).begin() as session:
            await session.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers, no foreign keys
            for statement in statements:
                await session.execute(text(statement), values)

    yield damage
    await engine.dispose()


DAMAGE: dict[str, list[str]] = {
    "transaction_balances": [
        "UPDATE posting SET amount = amount + 1 WHERE county = :county AND amount = 500",
    ],
    "transaction_has_lines": [
        "INSERT INTO ledger_transaction (county, id, kind, occurred_on, reason)"
        " VALUES (:county, :id, 'TRANSFER', :today, 'x')",
    ],
    "lines_bear_their_transactions_day": [
        "UPDATE posting SET occurred_on = :yesterday WHERE county = :county AND amount = 500",
    ],
    "account_not_below_zero": [
        "UPDATE posting SET amount = -amount WHERE county = :county AND abs(amount) = 500",
    ],
    "reversal_mirrors_its_original": [
        "UPDATE posting SET amount = amount + sign(amount) WHERE county = :county AND transaction_id ="
        " (SELECT id FROM ledger_transaction WHERE county = :county AND reverses_id IS NOT NULL)",
    ],
    "bill_settled_by_its_allocations": [
        "UPDATE allocation SET amount = amount + 1 WHERE county = :county AND amount = 2000",
    ],
    "bill_adjusted_by_its_adjustments": [
        "UPDATE bill_adjustment SET amount = amount - 1 WHERE county = :county",
    ],
    "payment_is_where_it_went": [
        "UPDATE payment SET amount = amount + 1 WHERE county = :county AND amount = 2000",
    ],
    "receivables_are_what_bills_owe": [
        "UPDATE fee_bill SET amount = amount + 1, state = 'DISPUTED' WHERE county = :county AND state = 'PAID'",
    ],
    "advance_money_is_what_payments_left": [
        "UPDATE payment SET prepaid = prepaid - 1 WHERE county = :county AND prepaid > 0",
    ],
    "earmarks_have_their_counterpart": [
        "UPDATE posting SET amount = 600 WHERE county = :county AND amount = 500",
    ],
    # Deposited for a unit and never paid in: the company's money instead of the bank's.
    "fund_money_stays_in_the_fund": [
        "UPDATE posting SET account_id = (SELECT id FROM ledger_account WHERE county = :county AND kind = 'BANK'"
        " AND company_id IS NOT NULL) WHERE county = :county AND amount = 501",
    ],
    # Whole altogether, but an area's money stands at the bank account as nobody's.
    "area_fund_is_its_money": [
        "UPDATE posting SET account_id = (SELECT id FROM ledger_account WHERE county = :county AND kind = 'BANK'"
        " AND area_id IS NULL AND bank_account_id IS NOT NULL) WHERE county = :county AND amount = 501",
    ],
    "bank_accounts_rest_is_its_money": [
        "UPDATE posting SET account_id = (SELECT id FROM ledger_account WHERE county = :county AND kind = 'BANK'"
        " AND area_id IS NOT NULL AND bank_account_id IS NOT NULL) WHERE county = :county AND amount = 505",
    ],
    "claims_have_their_counterpart": [
        "UPDATE posting SET amount = 600 WHERE county = :county AND amount = 502",
    ],
    "common_income_is_its_money": [
        "UPDATE posting SET amount = 600 WHERE county = :county AND amount = 503",
    ],
    "warranty_deposits_are_their_money": [
        "UPDATE posting SET amount = 600 WHERE county = :county AND amount = 504",
    ],
}


def test_every_check_is_shown() -> None:
    assert DAMAGE.keys() == CHECKS.keys()


@pytest.mark.rule("FUND-4", "FUND-5")
@pytest.mark.parametrize("check", sorted(DAMAGE))
async def test_each_check_finds_its_fault(books: Market, vandal: Any, check: str) -> None:
    world = books.world
    values = {"county": world.county, "id": new_id(), "today": world.today}
    values["yesterday"] = world.today - timedelta(days=1)
    await vandal(DAMAGE[check], {name: value for name, value in values.items() if f":{name}" in DAMAGE[check][0]})
    found = await findings(world)
    assert check in {finding.check for finding in found}
    assert all(finding.county == world.county and finding.expected != finding.found for finding in found)
    if check in ("area_fund_is_its_money", "bank_accounts_rest_is_its_money"):
        assert not {finding.check for finding in found} & STOPPING


@pytest.mark.rule("FUND-4")
async def test_an_opening_that_brought_balances_without_their_money_is_found(books: Market, vandal: Any) -> None:
    """What is attested against the opening account alone is left out; an opening with its money is not."""
    elsewhere = (
        "UPDATE posting SET account_id = (SELECT id FROM ledger_account WHERE county = :county AND kind = 'BANK'"
        " AND company_id IS NOT NULL) WHERE county = :county AND amount = 507"
    )
    await vandal([elsewhere], {"county": books.world.county})
    found = {finding.check: (finding.expected, finding.found) for finding in await findings(books.world)}
    assert found == {"fund_money_stays_in_the_fund": (0, -507), "area_fund_is_its_money": (501, 1_008)}


OFF_BY_ONE = "UPDATE posting SET amount = amount + {} WHERE county = :county AND amount = {}"
CHECKS_SHOWN = """{ ledgerChecks(first: 1) { nodes { findingCount stopsPostings finishedAt
  findings { nodes { checkName expected found stopsPostings } } } } }"""


@pytest.mark.rule("FUND-4")
async def test_books_that_do_not_balance_stop_postings_until_a_check_finds_them_whole(door: Door, vandal: Any) -> None:
    market = await Market.open(door.world)
    world, county = market.world, {"county": market.world.county}
    bill = await market.bill()
    area = {"area_id": market.area.id}

    async def deposit(uow: UnitOfWork) -> Any:
        lines = [
            debit(await ledger.account(uow, AccountKind.BANK, **area), 707),
            credit(await ledger.account(uow, AccountKind.AREA_FUND, **area), 707),
        ]
        return await ledger.post(uow, TransactionKind.FUND_DEPOSIT, lines, reason="test")

    right = await world.do(market.bureau, deposit)
    await vandal([OFF_BY_ONE.format(1, 707)], county)
    asked = await door.did(market.bureau, "ledgerVerify", "finishedAt", county=world.county)
    assert asked == {"finishedAt": None}
    [run] = await world.rows(LedgerCheck)
    clock = system_actor(world.county, world.today)
    await world.do(clock, check_asked, ledger_check_id=run.id)

    shown = await door.ask(market.bureau, CHECKS_SHOWN)
    [found] = shown["ledgerChecks"]["nodes"]
    assert found.pop("finishedAt") is not None
    assert found["stopsPostings"] is True
    assert {"checkName": "transaction_balances", "expected": 0, "found": 1, "stopsPostings": True} in found["findings"][
        "nodes"
    ]
    assert await door.ask(await market.resident(), "{ ledgerChecks { totalCount } }") == {
        "ledgerChecks": {"totalCount": 0}
    }

    # Nobody posts: neither a command, nor the busy statement of payments, nor a bill run.
    with pytest.raises(Refusal) as refused:
        await world.do(market.bureau, deposit)
    assert refused.value.code is ErrorCode.LEDGER_STOPPED
    paying = {name: value for name, value in market.paying(1_000).items() if name != "received_on"}
    paying |= {"receivedOn": world.today.isoformat(), "id": door.id("FeeBill", bill)}
    await door.refused(market.bank, "feeBillPay", ErrorCode.LEDGER_STOPPED, **paying)
    billing = await market.run(await market.item(50))
    assert (billing.state, billing.failure, billing.issued) == (RunState.FAILED, "LEDGER_STOPPED", 0)
    # A reversal goes through: mistakes are corrected by it.
    await vandal([OFF_BY_ONE.format(-1, 708)], county)
    await world.do(market.bureau, ledger.reverse, transaction_id=right, reason="test")

    assert await world.do(clock, check) == []
    await door.did(market.bank, "feeBillPay", "state", **paying, idempotencyKey="after")
    await world.do(market.bureau, deposit)


async def test_only_the_bureau_asks_for_a_check(door: Door) -> None:
    market = await Market.open(door.world)
    await door.refused(market.admin, "ledgerVerify", ErrorCode.FORBIDDEN_ROLE, county=door.world.county)


async def test_a_night_in_which_one_county_refuses_goes_on_in_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    async def run(_self: Workshop, county: str, handler: Any) -> None:
        done.append(county)
        if county == "990001":
            raise Refusal(ErrorCode.LEDGER_STOPPED)

    monkeypatch.setattr(Workshop, "run", run)
    workshop = Workshop(None, lambda: ["990001", "990002"])  # type: ignore[arg-type]
    await workshop.night()
    assert set(done) == {"990001", "990002"}
