"""The fund's income through the API: credited, shared by day-weighted balance, pooled and used (FUND-9, FUND-10, TQ-103)."""

import itertools
import random
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.fund_incomes import day_weight, share_interest
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.payment_instructions import InstructionState
from domain.roles import Role
from models.custody import BankAccount
from models.fund_incomes import FundDistribution, FundIncome, FundPoolUse
from models.ledger import LedgerAccount, LedgerTransaction, Posting
from models.payment_instructions import PaymentInstruction
from resolvers import custody, ledger
from resolvers.books import verify
from resolvers.unit_of_work import UnitOfWork, set_fuse
from tests.acts import Ask, done, opaque, refusal
from tests.stage import Place, Stage

_serials = itertools.count(1)
SHARED = "distribution { year amount accountCount fenDays residue distributedOn dueOn isLate }"
PAYEE = {"name": "演示广场舞音响（虚构）", "account": "6222020000000000018", "bankCode": "999999000001"}


def income(live: Stage, account: BankAccount, amount: int, **more: Any) -> dict[str, Any]:
    """One credit as the bank reports it, on the last 21 December."""
    return {
        "bankAccountId": opaque(live.county, "BankAccount", account),
        "serial": f"I-{next(_serials)}",
        "kind": "DEMAND_INTEREST",
        "amount": amount,
        "valueDate": date(live.today.year - 1, 12, 21).isoformat(),
        **more,
    }


async def put(live: Stage, place: Place, *changes: tuple[int, date, int]) -> None:
    """Money on units' accounts, dated: (unit, day, fen), posted as deposits or spendings are."""

    async def move(uow: UnitOfWork) -> None:
        money = await custody.fund_money(uow, area_id=place.area.id)
        for unit, day, fen in changes:
            theirs = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=place.units[unit].id)
            kind = TransactionKind.FUND_DEPOSIT if fen > 0 else TransactionKind.FUND_SPENT
            pair = [debit(money, fen), credit(theirs, fen)]
            await ledger.post(uow, kind, pair, reason="演示", occurred_on=day)

    await live.do(await live.actor(Role.BUREAU), move)


async def balances(live: Stage) -> dict[tuple[str, Any], int]:
    """The fund's accounts by kind and unit, on their normal side."""

    async def look(uow: UnitOfWork) -> dict[tuple[str, Any], int]:
        rows = list(await uow.session.scalars(select(LedgerAccount).where(LedgerAccount.county == uow.county)))
        held = await ledger.balances_of(uow.session, uow.county, [row.id for row in rows])
        sums: dict[tuple[str, Any], int] = defaultdict(int)
        for row in rows:
            sums[row.kind, row.unit_id] += held[row.id]
        return dict(sums)

    found: dict[tuple[str, Any], int] = await live.do(await live.actor(Role.BUREAU), look)
    return found


@pytest.mark.rule("FUND-9", "FUND-10")
async def test_a_years_interest_is_shared_by_day_weighted_balance_once(live: Stage, ask: Ask) -> None:
    bureau, clerk = await live.actor(Role.BUREAU), await live.actor(Role.BUREAU, scopes=())
    bank, stranger = await live.bank(), await live.bank()
    place, far = await live.place(1, 1, 1, bureau=bureau), await live.place(1, 1, bureau=bureau)
    account = await live.bank_account(bank, place)
    await live.bank_account(stranger, far)
    year = live.today.year - 1
    days = (date(year, 12, 31) - date(year, 1, 1)).days + 1
    await put(
        live,
        place,
        (0, date(year - 1, 5, 1), 100_000),  # all year
        (1, date(year, 12, 31), 100_000),  # the last day alone
        (2, date(year, 1, 1), 30_000),
        (2, date(year, 1, 11), -10_000),  # ten days of 300, the rest of 200 yuan
        (2, live.today, 500_000),  # not in that year
    )
    await put(live, far, (0, date(year, 1, 1), 900_000))
    weights = [100_000 * days, 100_000, 30_000 * 10 + 20_000 * (days - 10)]
    credited = income(live, account, 700)
    assert await refusal(ask, stranger, "fundIncomeRecord", **credited) == ("NOT_FOUND", "bankAccountId")
    assert await refusal(ask, bureau, "fundIncomeRecord", **credited) == ("FORBIDDEN_ROLE", None)
    zero = await refusal(ask, bank, "fundIncomeRecord", **{**credited, "amount": 0})
    assert zero == ("OUT_OF_RANGE", "amount")
    assert await live.rows(FundIncome) == []
    for given in (credited, income(live, account, 301, kind="BOND_GAIN")):
        shown = "income { amount pooled year isReversed }"
        assert (await done(ask, bank, "fundIncomeRecord", shown, **given))["year"] == year
    again = await refusal(ask, bank, "fundIncomeRecord", **credited)
    assert again == ("ALREADY_REGISTERED", "serial")
    sharing = {"bankAccountId": opaque(live.county, "BankAccount", account), "year": year}
    assert await refusal(ask, bank, "fundIncomeDistribute", **sharing) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, clerk, "fundIncomeDistribute", **sharing) == ("POWER_REQUIRED", None)
    early = {**sharing, "year": live.today.year}
    assert await refusal(ask, bureau, "fundIncomeDistribute", **early) == ("TOO_EARLY", "year")
    nothing = {**sharing, "year": year - 1}
    assert await refusal(ask, bureau, "fundIncomeDistribute", **nothing) == ("NOTHING_TO_DISTRIBUTE", "year")
    before = await balances(live)
    expected = share_interest(1_001, [(str(place), weight) for place, weight in enumerate(weights)])
    shared = await done(ask, bureau, "fundIncomeDistribute", SHARED, **sharing)
    assert shared == {
        "year": year,
        "amount": 1_001,
        "accountCount": sum(1 for fen in expected.values() if fen),
        "fenDays": sum(weights),
        "residue": 1_001 - sum(1_001 * weight // sum(weights) for weight in weights),
        "distributedOn": live.today.isoformat(),
        "dueOn": date(year + 1, 3, 31).isoformat(),
        "isLate": live.today > date(year + 1, 3, 31),
    }
    after = await balances(live)
    for number, unit in enumerate(place.units):
        gained = after["UNIT_FUND", unit.id] - before["UNIT_FUND", unit.id]
        assert gained == expected[str(number)]
    unit = far.units[0].id  # kept at another bank
    assert after["UNIT_FUND", unit] == before["UNIT_FUND", unit]
    assert before["UNDISTRIBUTED_INTEREST", None] == 1_001
    assert after["UNDISTRIBUTED_INTEREST", None] == 0
    assert await refusal(ask, bureau, "fundIncomeDistribute", **sharing) == ("ALREADY_REGISTERED", "year")
    assert len(await live.rows(FundDistribution)) == 1
    assert await balances(live) == after
    owner, committee = await live.owner(place), await live.committee(place)
    listed = "{ fundDistributions { nodes { year } } fundIncomes { nodes { amount } } }"
    both = {
        "fundDistributions": {"nodes": [{"year": year}]},
        "fundIncomes": {"nodes": [{"amount": 301}, {"amount": 700}]},
    }
    seen = {who: await ask(actor, listed) for who, actor in {"committee": committee, "bank": bank}.items()}
    for data in seen.values():
        assert data["fundDistributions"] == both["fundDistributions"]
        assert sorted(node["amount"] for node in data["fundIncomes"]["nodes"]) == [301, 700]
    for nobody in (owner, stranger):
        assert await ask(nobody, listed) == {"fundDistributions": {"nodes": []}, "fundIncomes": {"nodes": []}}
    reason = f"{year}年度维修资金收益分配"
    assert [row.reason for row in await live.rows(LedgerTransaction, reason=reason)] == [reason]
    late = await done(ask, bank, "fundIncomeRecord", "income { id year }", **income(live, account, 5))
    assert late["year"] == year + 1
    async with live.sessions() as session:
        assert [str(finding) async for finding in verify(session, [live.county])] == []


@pytest.mark.rule("FUND-9")
async def test_a_credit_that_the_bank_takes_back_is_not_shared(live: Stage, ask: Ask) -> None:
    bureau, bank = await live.actor(Role.BUREAU), await live.bank()
    place = await live.place(1, 1, bureau=bureau)
    account = await live.bank_account(bank, place)
    year = live.today.year - 1
    await put(live, place, (0, date(year, 1, 1), 100_000))
    wrong = await done(ask, bank, "fundIncomeRecord", "income { id }", **income(live, account, 900))
    back = {"id": wrong["id"], "serial": "B-1", "valueDate": live.today.isoformat(), "reason": "计息有误"}
    assert await refusal(ask, bureau, "fundIncomeReverse", **back) == ("FORBIDDEN_ROLE", None)
    reversed_ = await done(ask, bank, "fundIncomeReverse", "income { isReversed }", **back)
    assert reversed_ == {"isReversed": True}
    assert await refusal(ask, bank, "fundIncomeReverse", **{**back, "serial": "B-2"}) == ("ALREADY_REVERSED", "id")
    right = await done(ask, bank, "fundIncomeRecord", "income { id }", **income(live, account, 600))
    sharing = {"bankAccountId": opaque(live.county, "BankAccount", account), "year": year}
    assert (await done(ask, bureau, "fundIncomeDistribute", SHARED, **sharing))["amount"] == 600
    assert await refusal(ask, bank, "fundIncomeReverse", **{**back, "id": right["id"]}) == (
        "ACTION_NOT_AVAILABLE",
        "id",
    )


@pytest.mark.rule("FUND-10")
@pytest.mark.requirement("TQ-103")
async def test_a_county_that_pools_uses_what_exceeds_demand_interest(live: Stage, ask: Ask) -> None:
    bureau, bank = await live.actor(Role.BUREAU), await live.bank()
    place = await live.place(1, 1, bureau=bureau)
    account = await live.bank_account(bank, place)
    year = live.today.year - 1
    await put(live, place, (0, date(year, 1, 1), 100_000))
    earned = income(live, account, 1_000, kind="VALUE_ADDED")
    assert await refusal(ask, bank, "fundIncomeRecord", **earned) == ("REQUIRED", "demandPart")
    kept = await done(ask, bank, "fundIncomeRecord", "income { pooled }", **earned, demandPart=200)
    assert kept == {"pooled": 800}
    sharing = {"bankAccountId": opaque(live.county, "BankAccount", account), "year": year}
    assert (await done(ask, bureau, "fundIncomeDistribute", SHARED, **sharing))["amount"] == 200
    use: dict[str, Any] = {
        "bankAccountId": sharing["bankAccountId"],
        "purpose": "LIFE_SERVICES",
        "description": "小区活动室音响",
        "basis": "县住建局〔2026〕1号（演示）",
        "amount": 800,
        "payee": PAYEE,
    }
    assert await refusal(ask, bank, "fundPoolUse", **use) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, bureau, "fundPoolUse", **{**use, "amount": 801}) == ("INSUFFICIENT_BALANCE", "amount")
    assert await refusal(ask, bureau, "fundPoolUse", **{**use, "basis": " "}) == ("REQUIRED", "basis")
    assert await live.rows(FundPoolUse) == []
    wanted = await done(ask, bureau, "fundPoolUse", "use { id state instruction { id amount remark } }", **use)
    assert (wanted["state"], wanted["instruction"]["amount"]) == ("INSTRUCTED", 800)
    assert wanted["instruction"]["remark"] == "小区活动室音响（增值收益）"
    assert await refusal(ask, bureau, "fundPoolUse", **{**use, "amount": 1}) == ("INSUFFICIENT_BALANCE", "amount")
    instruction = {"id": wanted["instruction"]["id"]}
    released = await refusal(ask, bureau, "paymentInstructionRelease", **instruction)
    assert released == ("SECOND_PERSON_REQUIRED", "id")
    cashier = await live.actor(Role.BUREAU)
    await done(ask, cashier, "paymentInstructionRelease", "paymentInstruction { state }", **instruction)
    await done(ask, bank, "paymentInstructionAcknowledge", "paymentInstruction { state }", **instruction)
    paid = {**instruction, "serial": "P-1", "valueDate": live.today.isoformat()}
    await done(ask, bank, "paymentInstructionExecuted", "paymentInstruction { state }", **paid)
    pool = "{ fundPoolUses { nodes { state purpose } } ledgerAccounts(where: {kind: VALUE_ADDED_POOL}) { nodes { balance } } }"
    assert await ask(bureau, pool) == {
        "fundPoolUses": {"nodes": [{"state": "PAID", "purpose": "LIFE_SERVICES"}]},
        "ledgerAccounts": {"nodes": [{"balance": 0}]},
    }
    came_back = {**paid, "serial": "P-2", "code": "R01", "reason": "户名不符"}
    await done(ask, bank, "paymentInstructionReturned", "paymentInstruction { state }", **came_back)
    assert [row.state for row in await live.rows(PaymentInstruction)] == [InstructionState.RETURNED]
    assert await ask(bureau, pool) == {
        "fundPoolUses": {"nodes": [{"state": "FAILED", "purpose": "LIFE_SERVICES"}]},
        "ledgerAccounts": {"nodes": [{"balance": 800}]},
    }


@pytest.mark.rule("FUND-10")
async def test_a_county_that_distributes_has_no_pool(live: Stage, ask: Ask) -> None:
    bureau, bank = await live.actor(Role.BUREAU), await live.bank()
    place = await live.place(1, 1, bureau=bureau)
    account = await live.bank_account(bank, place)
    earned = income(live, account, 1_000, kind="VALUE_ADDED", demandPart=200)
    assert await done(ask, bank, "fundIncomeRecord", "income { pooled }", **earned) == {"pooled": 0}
    use = {"purpose": "LIFE_SERVICES", "description": "音响", "basis": "演示", "amount": 1, "payee": PAYEE}
    refused = await refusal(ask, bureau, "fundPoolUse", bankAccountId=earned["bankAccountId"], **use)
    assert refused == ("NO_POOL", None)


@pytest.mark.rule("FUND-9")
async def test_the_statement_shares_as_the_rule_does(live: Stage, ask: Ask) -> None:
    """Accounts with random histories: what SQL posted is what the pure rule says, account by account."""
    bureau, bank = await live.actor(Role.BUREAU), await live.bank()
    place = await live.place(*[1] * 8, bureau=bureau)
    account = await live.bank_account(bank, place)
    year, dice = live.today.year - 1, random.Random(9)  # noqa: S311 - a made-up history
    histories: dict[int, list[tuple[date, int]]] = {}
    for unit in range(len(place.units)):
        first = date(year - 1, 7, 1)
        histories[unit] = [(first + timedelta(days=dice.randrange(500)), dice.randrange(1, 10**7)) for _ in range(4)]
    await put(live, place, *((unit, day, fen) for unit, changes in histories.items() for day, fen in changes))
    await done(ask, bank, "fundIncomeRecord", "income { id }", **income(live, account, 123_457))
    sharing = {"bankAccountId": opaque(live.county, "BankAccount", account), "year": year}
    await done(ask, bureau, "fundIncomeDistribute", SHARED, **sharing)
    (distribution,) = await live.rows(FundDistribution)
    by_account = {row.id: row.unit_id for row in await live.rows(LedgerAccount, kind="UNIT_FUND")}
    async with live.sessions.begin() as session:
        await set_fuse(session, {live.county})
        posted = list(
            await session.scalars(
                select(Posting).where(
                    Posting.county == live.county, Posting.transaction_id == distribution.transaction_id
                )
            )
        )
    accounts = {unit_id: account_id for account_id, unit_id in by_account.items()}
    weights = [(str(accounts[place.units[unit].id]), day_weight(changes, year)) for unit, changes in histories.items()]
    got = {str(line.account_id): -line.amount for line in posted if line.account_id in by_account}
    assert got == {key: fen for key, fen in share_interest(123_457, weights).items() if fen}
    assert len(posted) == len(got) + 3  # the area's money, the bank account's, what was undistributed
