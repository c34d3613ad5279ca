"""What the bank's system does with payment instructions, by polling alone: fetched, taken over, executed once, failed,
returned; and what the books have of it (FUND-28, FUND-29)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.calendar import add_working_days
from domain.custody import MovementKind
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.payment_instructions import InstructionPurpose, Payee
from domain.personal_data import ProcessingPurpose
from domain.roles import Role
from models.custody import BankAccount, BankMovement
from models.estates import PropertyArea
from models.payment_instructions import PaymentInstruction
from models.personal_data import PersonalDataRead
from resolvers import custody, ledger, payment_instructions
from resolvers.payment_instructions import Spending, effects, instruct
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, done, opaque, refusal
from tests.stage import Place, Stage

PAYEE = Payee("演示防水工程（虚构）", "6222020000000000018", "999999000001")
SHOWN = "paymentInstruction { state serial valueDate version }"
POLL = """query Poll($where: PaymentInstructionFilter, $orderBy: PaymentInstructionOrder) {
  paymentInstructions(where: $where, orderBy: $orderBy, first: 100) {
    nodes { id number purpose amount remark state dueOn isOverdue payeeName payeeAccount payeeAccountMask payeeBankCode } } }"""


@dataclass
class Till:
    """An area whose fund of 150.00 yuan lies at a bank; what is paid is taken from its first unit."""

    live: Stage
    ask: Ask
    place: Place
    bureau: Actor
    bank: Actor
    account: BankAccount
    told: list[str] = field(default_factory=list)

    async def instruct(self, amount: int = 5_000, remark: str = "屋面防水维修首付款", payee: Payee = PAYEE) -> str:
        row = await self.live.do(self.bureau, self.issue, amount=amount, remark=remark, payee=payee)
        return opaque(self.live.county, "PaymentInstruction", row)

    async def issue(self, uow: UnitOfWork, *, amount: int, remark: str, payee: Payee) -> PaymentInstruction:
        area = await uow.load(PropertyArea, self.place.area.id)
        return await instruct(
            uow,
            InstructionPurpose.FUND_USE,
            area,
            money_account_id=await custody.fund_money(uow, area_id=area.id),
            bank_account_id=self.account.id,
            payee=payee,
            amount=amount,
            remark=remark,
        )

    async def report(self, what: str, id: str, **given: Any) -> Any:
        return await done(self.ask, self.bank, f"paymentInstruction{what}", SHOWN, id=id, **given)

    async def refused(self, who: Actor, what: str, id: str, **given: Any) -> tuple[str, str | None]:
        before = await self.live.rows(PaymentInstruction), await self.books()
        found = await refusal(self.ask, who, f"paymentInstruction{what}", id=id, **given)
        after = await self.live.rows(PaymentInstruction), await self.books()
        assert [(row.state, row.version) for row in before[0]] == [(row.state, row.version) for row in after[0]]
        assert before[1] == after[1]
        return found

    async def books(self) -> tuple[int, int, list[tuple[str, int, str]]]:
        """The unit's account, the money at the bank, and the movements by serial."""

        async def look(uow: UnitOfWork) -> tuple[int, int]:
            unit = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=self.place.units[0].id)
            money = await custody.fund_money(uow, area_id=self.place.area.id)
            held = await ledger.balances_of(uow.session, uow.county, [unit, money])
            return held[unit], held[money]

        moves = await self.live.rows(BankMovement, bank_account_id=self.account.id)
        reported = [(move.serial, move.amount, move.kind) for move in moves if move.kind != MovementKind.TRANSFER]
        return *await self.live.do(self.bureau, look), reported


@pytest.fixture
async def till(live: Stage, ask: Ask) -> Till:
    place, bureau, bank = await live.place(), await live.actor(Role.BUREAU), await live.bank()
    account = await live.bank_account(bank, place)
    made = Till(live, ask, place, bureau, bank, account)

    async def deposit(uow: UnitOfWork) -> None:
        money = await custody.fund_money(uow, area_id=place.area.id)
        for unit in place.units:
            theirs = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=unit.id)
            await ledger.post(
                uow, TransactionKind.FUND_DEPOSIT, [debit(money, 5_000), credit(theirs, 5_000)], reason="首期交存"
            )

    await live.do(bureau, deposit)
    return made


@pytest.fixture(autouse=True)
def first_unit_bears(till: Till) -> Iterator[None]:
    """What follows from an instruction here; the fund's own effects have their tests with the requests."""
    known = dict(payment_instructions._EFFECTS)

    async def executed(uow: UnitOfWork, paid: PaymentInstruction) -> Spending:
        unit = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=till.place.units[0].id)
        return Spending([debit(unit, paid.amount)], reason="屋面防水维修首付款")

    async def followed(_uow: UnitOfWork, instruction: PaymentInstruction) -> None:
        till.told.append(instruction.state)

    effects(InstructionPurpose.FUND_USE, executed=executed, failed=followed, returned=followed)
    yield
    payment_instructions._EFFECTS.clear()
    payment_instructions._EFFECTS.update(known)


@pytest.mark.rule("FUND-28", "FUND-29")
async def test_an_instruction_is_fetched_taken_over_and_executed_exactly_once(till: Till) -> None:
    live = till.live
    id = await till.instruct(5_000)
    assert await till.books() == (5_000, 15_000, [])  # nothing is posted before the bank has paid
    fetched = (await till.ask(till.bank, POLL, where={"state": "ISSUED"}))["paymentInstructions"]["nodes"]
    assert fetched == [
        {
            "id": id,
            "number": fetched[0]["number"],
            "purpose": "FUND_USE",
            "amount": 5_000,
            "remark": "屋面防水维修首付款",
            "state": "ISSUED",
            "dueOn": add_working_days(live.today, 3).isoformat(),
            "isOverdue": False,
            "payeeName": PAYEE.name,
            "payeeAccount": PAYEE.account,
            "payeeAccountMask": "****0018",
            "payeeBankCode": PAYEE.bank_code,
        }
    ]
    paid = {"serial": "B-1", "valueDate": live.today.isoformat()}
    assert await till.refused(till.bank, "Executed", id, **paid) == ("ACTION_NOT_AVAILABLE", "id")
    assert (await till.report("Acknowledge", id))["state"] == "ACKNOWLEDGED"
    assert (await till.report("Acknowledge", id))["version"] == 2  # said twice, done once
    assert await till.refused(till.bureau, "Cancel", id, reason="改期") == ("ACTION_NOT_AVAILABLE", "id")
    for given, expected in (
        ({**paid, "serial": " "}, ("REQUIRED", "serial")),
        ({**paid, "valueDate": (live.today + timedelta(days=1)).isoformat()}, ("OUT_OF_RANGE", "valueDate")),
        ({**paid, "valueDate": (live.today - timedelta(days=1)).isoformat()}, ("OUT_OF_RANGE", "valueDate")),
    ):
        assert await till.refused(till.bank, "Executed", id, **given) == expected
    done_ = await till.report("Executed", id, **paid)
    assert done_ == {"state": "EXECUTED", "version": 3, **paid}
    assert await till.books() == (0, 10_000, [("B-1", -5_000, "PAYMENT")])
    assert await till.report("Executed", id, **paid) == done_
    assert await till.refused(till.bank, "Executed", id, **{**paid, "serial": "B-2"}) == (
        "ALREADY_REGISTERED",
        "serial",
    )
    yesterday = (live.today - timedelta(days=1)).isoformat()
    assert await till.refused(till.bank, "Executed", id, **{**paid, "valueDate": yesterday}) == (
        "ALREADY_REGISTERED",
        "valueDate",
    )
    assert await till.books() == (0, 10_000, [("B-1", -5_000, "PAYMENT")])


@pytest.mark.rule("FUND-28")
async def test_a_serial_pays_for_one_instruction_only(till: Till) -> None:
    first, second = await till.instruct(1_000), await till.instruct(1_000)
    paid = {"serial": "B-1", "valueDate": till.live.today.isoformat()}
    for id in (first, second):
        await till.report("Acknowledge", id)
    await till.report("Executed", first, **paid)
    assert await till.refused(till.bank, "Executed", second, **paid) == ("ALREADY_REGISTERED", "serial")


@pytest.mark.rule("FUND-28")
async def test_open_instructions_never_promise_more_than_there_is(till: Till) -> None:
    with_first = await till.instruct(10_000)
    refused = await till.live.refused(till.bureau, till.issue, amount=5_001, remark="尾款", payee=PAYEE)
    assert (refused.code, refused.params) == ("INSUFFICIENT_BALANCE", {"available_fen": 5_000, "needed_fen": 5_001})
    cancelled = await done(till.ask, till.bureau, "paymentInstructionCancel", SHOWN, id=with_first, reason="改期")
    assert (cancelled["state"], till.told) == ("CANCELLED", ["CANCELLED"])
    await till.instruct(5_001)
    assert await till.refused(till.bank, "Acknowledge", with_first) == ("ACTION_NOT_AVAILABLE", "id")


@pytest.mark.rule("FUND-28", "FUND-29")
async def test_what_fails_says_why_and_what_comes_back_is_reversed(till: Till) -> None:
    live = till.live
    id, day = await till.instruct(3_000), live.today.isoformat()
    assert await till.refused(till.bank, "Failed", id, code="E7", reason="户名不符") == ("ACTION_NOT_AVAILABLE", "id")
    await till.report("Acknowledge", id)
    assert await till.refused(till.bank, "Failed", id, code="E7", reason=" ") == ("REQUIRED", "reason")
    assert await till.refused(till.bank, "Failed", id, code="", reason="户名不符") == ("REQUIRED", "code")
    assert (await till.report("Failed", id, code="E7", reason="户名不符"))["state"] == "FAILED"
    assert (await till.books())[:2] == (5_000, 15_000)

    again = await till.instruct(3_000)
    await till.report("Acknowledge", again)
    back = {"serial": "R-1", "valueDate": day, "code": "E9", "reason": "收款账户已销户"}
    assert (await till.refused(till.bank, "Returned", again, **back))[0] == "ACTION_NOT_AVAILABLE"
    await till.report("Executed", again, serial="B-1", valueDate=day)
    assert (await till.books())[:2] == (2_000, 12_000)
    assert (await till.report("Returned", again, **back))["state"] == "RETURNED"
    assert (await till.report("Returned", again, **back))["version"] == 4
    assert await till.refused(till.bank, "Returned", again, **{**back, "serial": "R-2"}) == (
        "ALREADY_REGISTERED",
        "serial",
    )
    assert await till.books() == (5_000, 15_000, [("B-1", -3_000, "PAYMENT"), ("R-1", 3_000, "RETURNED")])
    assert (await till.report("Executed", again, serial="B-1", valueDate=day))[
        "state"
    ] == "RETURNED"  # a late repetition
    assert till.told == ["FAILED", "RETURNED"]


async def test_the_bank_alone_reads_the_account_and_its_reads_are_on_record(till: Till) -> None:
    await till.instruct()
    committee = await till.live.committee(till.place)
    community, elsewhere = (
        await till.live.actor(Role.COMMUNITY),
        await till.live.actor(Role.TOWNSHIP, township="990000002"),
    )
    other_bank = await till.live.bank()
    seen = {}
    for name, who in (
        ("bank", till.bank),
        ("bureau", till.bureau),
        ("committee", committee),
        ("community", community),
        ("elsewhere", elsewhere),
        ("other bank", other_bank),
    ):
        nodes = (await till.ask(who, POLL))["paymentInstructions"]["nodes"]
        seen[name] = [(node["payeeName"], node["payeeAccount"]) for node in nodes]
    assert seen == {
        "bank": [(PAYEE.name, PAYEE.account)],
        "bureau": [(PAYEE.name, None)],
        "committee": [("演*", None)],
        "community": [("演*", None)],
        "elsewhere": [],
        "other bank": [],
    }
    reads = await till.live.rows(PersonalDataRead)
    assert {(read.client_id, read.purpose, *read.fields) for read in reads} == {
        (till.bank.client_id, ProcessingPurpose.PAYMENT.value, "BANK_ACCOUNT")
    }


async def test_polling_finds_what_changed_since(till: Till) -> None:
    first, second = await till.instruct(1_000), await till.instruct(1_000)
    rows = await till.live.rows(PaymentInstruction)
    since = max(row.updated_at for row in rows)
    await till.report("Acknowledge", first)
    where = {"updatedSince": (since + timedelta(microseconds=1)).isoformat()}
    changed = (await till.ask(till.bank, POLL, where=where, orderBy="UPDATED"))["paymentInstructions"]["nodes"]
    assert [node["id"] for node in changed] == [first]
    open_ = (await till.ask(till.bank, POLL, where={"state": "ISSUED"}))["paymentInstructions"]["nodes"]
    assert [node["id"] for node in open_] == [second]
