"""Accounts at custodian banks: who registers and sees them, whose money they hold, what the bank reports once."""

from datetime import date
from typing import Any

import pytest

from auth.actor import Actor
from domain.custody import AccountPurpose, BankAccountState, MovementKind
from domain.errors import ErrorCode
from domain.identifiers import make_account
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.officials import Power
from domain.roles import Role
from models.custody import BankAccount, BankMovement, Custody
from models.sealed import reveal
from resolvers import custody, ledger
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, done, opaque, refusal
from tests.stage import Stage
from tests.world import VAULT

SHOWN = "bankAccount { id number state bookBalance clientId }"


async def test_an_account_from_its_registration_to_its_end(live: Stage, ask: Ask) -> None:
    bureau, bank, place = await live.actor(Role.BUREAU), await live.bank(), await live.place()
    given: dict[str, Any] = {
        "county": live.county,
        "purpose": "FUND",
        "name": "测试县住宅专项维修资金专户",
        "bankName": "演示银行（虚构）",
        "bankCode": "9999 9900 0001",
        "number": make_account(1),
        "clientId": bank.client_id,
        "openedOn": live.today.isoformat(),
    }
    officer = await live.actor(Role.BUREAU, scopes=())
    collecting = await live.bank("fees:collect")
    for who, changed, expected in (
        (officer, {}, ("POWER_REQUIRED", None)),
        (bank, {}, ("FORBIDDEN_ROLE", None)),
        (bureau, {"clientId": collecting.client_id}, ("NOT_FOUND", "clientId")),
        (bureau, {"bankCode": "12"}, ("INVALID_INPUT", "bankCode")),
        (bureau, {"number": "12"}, ("INVALID_ACCOUNT", "number")),
        (bureau, {"openedOn": "2999-01-01"}, ("OUT_OF_RANGE", "openedOn")),
        (bureau, {"name": " "}, ("REQUIRED", "name")),
    ):
        assert await refusal(ask, who, "bankAccountRegister", **{**given, **changed}) == expected
    assert await live.rows(BankAccount) == []
    account = await done(ask, bureau, "bankAccountRegister", SHOWN, **given)
    masked = f"****{make_account(1)[-4:]}"
    assert account == {**account, "number": masked, "state": "OPEN", "bookBalance": 0, "clientId": bank.client_id}
    stored = await live.row(BankAccount)
    assert make_account(1).encode() not in stored.number_sealed
    assert reveal(stored, "number", VAULT) == make_account(1)
    assert await refusal(ask, bureau, "bankAccountRegister", **given) == ("ALREADY_REGISTERED", "number")

    area = opaque(live.county, "PropertyArea", place.area)
    here = {"id": account["id"]}
    assert await refusal(ask, bureau, "bankAccountAssign", **here) == ("REQUIRED", "areaIds")
    building = opaque(live.county, "Building", place.building)
    assert await refusal(ask, bureau, "bankAccountAssign", **here, buildingIds=[building]) == (
        "INVALID_INPUT",
        "buildingIds",
    )
    appointing = await live.actor(Role.BUREAU, scopes=(Power.PARTNERS_REGISTER,))
    assert await refusal(ask, appointing, "bankAccountAssign", **here, areaIds=[area]) == ("POWER_REQUIRED", None)
    await done(ask, bureau, "bankAccountAssign", SHOWN, **here, areaIds=[area])
    await done(ask, bureau, "bankAccountAssign", SHOWN, **here, areaIds=[area])  # holds it already
    assert len(await live.rows(Custody)) == 1

    assert await refusal(ask, officer, "bankAccountClose", **here, reason="x") == ("POWER_REQUIRED", None)
    assert await refusal(ask, bureau, "bankAccountClose", **here, reason=" ") == ("REQUIRED", "reason")
    assert (await done(ask, bureau, "bankAccountClose", SHOWN, **here, reason="合并专户"))["state"] == "CLOSED"
    assert (await live.row(Custody)).valid_to == live.today
    assert await refusal(ask, bureau, "bankAccountAssign", **here, areaIds=[area]) == ("ACTION_NOT_AVAILABLE", "id")


ACCOUNTS = """{ bankAccounts { nodes {
  number clientId bookBalance custodies { nodes { area { name } } } movements { totalCount }
} } }"""


async def test_each_sees_its_own_accounts(live: Stage, ask: Ask) -> None:
    """The bank its own, the bureau all, a committee where its money lies: not how much others have there."""
    bank, other, mine, theirs = await live.bank(), await live.bank(), await live.place(), await live.place()
    shared, sole = await live.bank_account(bank, mine, theirs), await live.bank_account(other)

    async def seen(who: Actor) -> list[Any]:
        return (await ask(who, ACCOUNTS))["bankAccounts"]["nodes"]  # type: ignore[no-any-return]

    names = [{"area": {"name": place.area.name}} for place in (theirs, mine)]
    whole = {
        "number": shared.number_mask,
        "clientId": bank.client_id,
        "bookBalance": 0,
        "custodies": {"nodes": names},
        "movements": {"totalCount": 0},
    }
    assert await seen(bank) == [whole]
    assert {each["number"] for each in await seen(await live.actor(Role.BUREAU))} == {
        shared.number_mask,
        sole.number_mask,
    }
    masked = {**whole, "clientId": None, "bookBalance": None, "custodies": {"nodes": names[1:]}}
    assert await seen(await live.committee(mine)) == [masked]
    for nobody in (await live.owner(mine), await live.bank("fees:collect"), await live.actor(Role.TOWNSHIP)):
        assert await seen(nobody) == []


@pytest.mark.rule("FUND-4")
async def test_an_areas_fund_is_booked_where_it_lies(stage: Stage) -> None:
    """The book balance of a bank account is the sum over its areas; what had no account is put to it, once."""
    bureau, bank, place, other = (
        await stage.actor(Role.BUREAU),
        await stage.bank(),
        await stage.place(),
        await stage.place(),
    )

    async def deposit(uow: UnitOfWork, *, area: Any, fen: int) -> None:
        money = await custody.fund_money(uow, area_id=area.id)
        fund = await ledger.account(uow, AccountKind.AREA_FUND, area_id=area.id)
        lines = [debit(money, fen), credit(fund, fen)]
        await ledger.post(uow, TransactionKind.FUND_DEPOSIT, lines, reason="缴存（演示）")

    async def held(uow: UnitOfWork, *, account: BankAccount) -> int:
        return await custody.book_balance(uow, account.id)

    async def found(uow: UnitOfWork, *, area: Any) -> Any:
        return await custody.bank_account_of(uow, area_id=area.id)

    async def of_building(uow: UnitOfWork, *, building: Any) -> Any:
        return await custody.bank_account_of(uow, building_id=building.id)

    await stage.do(bureau, deposit, area=place.area, fen=700)
    assert await stage.do(bureau, found, area=place.area) is None
    account, second = await stage.bank_account(bank, place, other), await stage.bank_account(bank)
    assert await stage.do(bureau, held, account=account) == 700
    assert (await stage.do(bureau, of_building, building=place.building)).id == account.id
    await stage.do(bureau, deposit, area=place.area, fen=11)
    await stage.do(bureau, deposit, area=other.area, fen=5)
    assert await stage.do(bureau, held, account=account) == 716
    assert (await stage.do(bureau, found, area=other.area)).id == account.id

    # Money that lies at one bank passes to another by a transfer only; an area without any simply gets another account.
    refused = await stage.refused(bureau, custody.assign, id=second.id, area_ids=[place.area.id])
    assert (refused.code, refused.field) == (ErrorCode.ACTION_NOT_AVAILABLE, "areaIds")
    refused = await stage.refused(bureau, custody.close, id=account.id, reason="x")
    assert refused.code is ErrorCode.ACTION_NOT_AVAILABLE
    common = await stage.bank_account(bank, place, purpose=AccountPurpose.COMMON_INCOME)
    assert await stage.do(bureau, held, account=common) == 0
    empty = await stage.place()
    await stage.do(bureau, custody.assign, id=account.id, area_ids=[empty.area.id])
    await stage.do(bureau, custody.assign, id=second.id, area_ids=[empty.area.id])
    assert (await stage.do(bureau, found, area=empty.area)).id == second.id


async def test_a_movement_is_recorded_once_per_serial(stage: Stage) -> None:
    bureau, bank, place = await stage.actor(Role.BUREAU), await stage.bank(), await stage.place()
    account, twin = await stage.bank_account(bank, place), await stage.bank_account(bank)

    async def report(uow: UnitOfWork, *, at: BankAccount, serial: str, on: date) -> BankMovement:
        money = await custody.fund_money(uow, area_id=place.area.id)
        fund = await ledger.account(uow, AccountKind.AREA_FUND, area_id=place.area.id)
        lines = [debit(money, 5), credit(fund, 5)]
        fact = await ledger.post(uow, TransactionKind.FUND_DEPOSIT, lines, reason="缴存（演示）")
        given = {"serial": serial, "value_date": on, "amount": 5, "kind": MovementKind.DEPOSIT}
        return await custody.moved(uow, at.id, transaction_id=fact, code=" JK-1 ", **given)  # type: ignore[arg-type]

    movement = await stage.do(bank, report, at=account, serial=" S1 ", on=stage.today)
    assert (movement.serial, movement.code, movement.amount) == ("S1", "JK-1", 5)
    for serial, on, code, field in (
        ("S1", stage.today, ErrorCode.ALREADY_REGISTERED, "serial"),
        ("  ", stage.today, ErrorCode.REQUIRED, "serial"),
        ("S" * 65, stage.today, ErrorCode.OUT_OF_RANGE, "serial"),
        ("S2", date(2999, 1, 1), ErrorCode.OUT_OF_RANGE, "valueDate"),
    ):
        refused = await stage.refused(bank, report, at=account, serial=serial, on=on)
        assert (refused.code, refused.field) == (code, field)
    assert [row.serial for row in await stage.rows(BankMovement)] == ["S1"]
    await stage.do(bank, report, at=twin, serial="S1", on=stage.today)  # another account counts for itself

    refused = await stage.refused(bureau, frozen, id=account.id)
    assert (refused.code, refused.params) == (ErrorCode.BANK_TERMINATED, {"account": account.number_mask})


async def frozen(uow: UnitOfWork, *, id: Any) -> None:
    account = await uow.load(BankAccount, id)
    custody.check_pays(account)
    account.state = BankAccountState.FROZEN.value
    custody.check_pays(account)
