"""The fund's income by intent: the bank credits it, the bureau shares a year's among the accounts, uses of the pool are
paid and recorded (FUND-9, FUND-10, TQ-103)."""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from domain.custody import AccountPurpose, MovementKind, check_serial
from domain.errors import ErrorCode, Refusal
from domain.fund_incomes import (
    IncomeKind,
    PoolUse,
    check_pool_use,
    check_year,
    distribution_due,
    income_year,
    pooled,
)
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.officials import Power
from domain.payment_instructions import InstructionPurpose, Payee, PayoutState, short_remark
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.custody import BankAccount
from models.fund_incomes import FundDistribution, FundIncome, FundPoolUse
from models.payment_instructions import PaymentInstruction
from resolvers import custody, fund_income_shares, ledger
from resolvers.payment_instructions import Spending, effects, instruct
from resolvers.unit_of_work import UnitOfWork

REASONS = {
    IncomeKind.DEMAND_INTEREST: "维修资金活期利息",
    IncomeKind.VALUE_ADDED: "维修资金增值收益",
    IncomeKind.BOND_GAIN: "维修资金国债收益",
}


@dataclass(frozen=True)
class Credit(Record):
    """One credit of income as the bank's books have it, in fen. ``demand_part``: see ``domain.fund_incomes.pooled``."""

    bank_account_id: uuid.UUID
    serial: str
    kind: IncomeKind
    amount: int
    value_date: date
    demand_part: int | None = None


async def record(uow: UnitOfWork, **credited: object) -> FundIncome:
    """Take in interest or other income that the bank credited (fundIncomeRecord, ``Credit``).

    It belongs to all accounts whose money lies there, and waits undistributed; what the county pools goes to the pool.
    Refuses ``ALREADY_REGISTERED`` for a serial that was reported, ``INVALID_INPUT`` for an account that is not the fund's,
    ``OUT_OF_RANGE``, and ``REQUIRED`` as ``pooled`` does.
    """
    given = Credit(**credited)  # type: ignore[arg-type]
    account = await uow.load(BankAccount, given.bank_account_id, lock=True, field="bankAccountId")
    grant = await uow.act((Role.BANK,), BankAccount, account)
    serial = check_serial(given.serial)
    if account.purpose != AccountPurpose.FUND:
        raise Refusal(ErrorCode.INVALID_INPUT, "bankAccountId")
    if given.amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if given.value_date > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "valueDate", most=uow.today)
    kept = pooled(uow.profile, given.kind, given.amount, given.demand_part)
    at = {"bank_account_id": account.id}
    lines = [debit(await ledger.account(uow, AccountKind.BANK, **at), given.amount)]
    for kind, part in ((AccountKind.UNDISTRIBUTED_INTEREST, given.amount - kept), (AccountKind.VALUE_ADDED_POOL, kept)):
        lines.append(credit(await ledger.account(uow, kind, **at), part))
    transaction_id = await ledger.post(
        uow,
        TransactionKind.INTEREST,
        lines,
        reason=REASONS[given.kind],
        reference=serial,
        occurred_on=given.value_date,
    )
    await custody.moved(
        uow,
        account.id,
        serial=serial,
        value_date=given.value_date,
        amount=given.amount,
        kind=MovementKind.INTEREST,
        transaction_id=transaction_id,
    )
    income = FundIncome(
        county=uow.county,
        id=new_id(),
        bank_account_id=account.id,
        serial=serial,
        kind=given.kind.value,
        amount=given.amount,
        demand_part=given.demand_part,
        pooled=kept,
        value_date=given.value_date,
        year=income_year(given.value_date, await _distributed(uow, account.id)),
        transaction_id=transaction_id,
    )
    uow.session.add(income)
    await uow.session.flush()  # the event names it
    await uow.audit("fundIncomeRecord", income, grant=grant, detail={"amount": income.amount, "pooled": kept})
    return income


async def reverse(uow: UnitOfWork, *, id: uuid.UUID, serial: str, value_date: date, reason: str) -> FundIncome:
    """Take income back that the bank took off its account again (fundIncomeReverse), as long as it is not shared.

    ``ACTION_NOT_AVAILABLE`` once it is, ``ALREADY_REVERSED`` the second time.
    """
    income = await uow.load(FundIncome, id, lock=True)
    grant = await uow.act((Role.BANK,), FundIncome, income)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if income.reversal_id is not None:
        raise Refusal(ErrorCode.ALREADY_REVERSED, "id")
    await uow.load(BankAccount, income.bank_account_id, lock=True)  # sharing waits, or has been
    if income.year in await _distributed(uow, income.bank_account_id):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="fundIncomeReverse", state="DISTRIBUTED")
    income.reversal_id = await ledger.reverse(uow, income.transaction_id, reason.strip())
    await custody.moved(
        uow,
        income.bank_account_id,
        serial=serial,
        value_date=value_date,
        amount=-income.amount,
        kind=MovementKind.INTEREST,
        transaction_id=income.reversal_id,
    )
    await uow.audit("fundIncomeReverse", income, grant=grant, reason=reason.strip())
    return income


async def distribute(uow: UnitOfWork, *, bank_account_id: uuid.UUID, year: int) -> FundDistribution:
    """Share a year's undistributed income among the accounts whose money lies at the bank account (fundIncomeDistribute).

    By day-weighted balance, exact to the fen, once a year: ``ALREADY_REGISTERED`` for a year that is shared. ``TOO_EARLY``
    before its end, ``NOTHING_TO_DISTRIBUTE`` where the bank credited nothing or no account held anything.
    """
    account = await uow.load(BankAccount, bank_account_id, lock=True, field="bankAccountId")
    grant = await uow.act((Role.BUREAU,), BankAccount, account, power=Power.FUNDS_APPROVE)
    check_year(year, uow.today)
    if year in await _distributed(uow, account.id):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "year")
    amount = await _undistributed(uow, account.id, year)
    shared = await fund_income_shares.share(uow, account.id, year, amount) if amount else None
    if shared is None:
        raise Refusal(ErrorCode.NOTHING_TO_DISTRIBUTE, "year")
    distribution = FundDistribution(
        county=uow.county,
        id=new_id(),
        bank_account_id=account.id,
        year=year,
        amount=amount,
        account_count=shared.accounts,
        total_weight=shared.total_weight,
        residue=shared.residue,
        largest_account_id=shared.largest_account_id,
        transaction_id=shared.transaction_id,
        distributed_on=uow.today,
        due_on=distribution_due(year),
    )
    uow.session.add(distribution)
    await uow.session.flush()  # the event names it
    detail = {"year": year, "amount": amount, "accounts": shared.accounts}
    await uow.audit("fundIncomeDistribute", distribution, grant=grant, detail=detail)
    return distribution


@dataclass(frozen=True)
class Wanted(Record):
    """What is to be paid from the pool, in fen, and on whose decision."""

    bank_account_id: uuid.UUID
    purpose: PoolUse
    description: str
    basis: str
    amount: int
    payee: Payee


async def use_pool(uow: UnitOfWork, **wanted: object) -> FundPoolUse:
    """Pay from the pool for better property or residents' services (fundPoolUse, ``Wanted``, TQ-103).

    ``NO_POOL`` where the county distributes, ``INSUFFICIENT_BALANCE`` beyond what the pool holds free, further as ``instruct``.
    """
    given = Wanted(**wanted)  # type: ignore[arg-type]
    account = await uow.load(BankAccount, given.bank_account_id, lock=True, field="bankAccountId")
    grant = await uow.act((Role.BUREAU,), BankAccount, account, power=Power.FUNDS_APPROVE)
    check_pool_use(uow.profile)
    for field in ("description", "basis"):
        if not getattr(given, field).strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    pool = await ledger.account(uow, AccountKind.VALUE_ADDED_POOL, bank_account_id=account.id)
    free = await ledger.balance(uow.session, uow.county, pool) - await _promised(uow, account.id)
    if given.amount > free:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=free, needed_fen=given.amount)
    use = FundPoolUse(
        county=uow.county,
        id=new_id(),
        bank_account_id=account.id,
        purpose=given.purpose.value,
        description=given.description.strip(),
        basis=given.basis.strip(),
        amount=given.amount,
        state=PayoutState.INSTRUCTED.value,
    )
    instruction = await instruct(
        uow,
        InstructionPurpose.POOL_USE,
        use,
        money_account_id=await ledger.account(uow, AccountKind.BANK, bank_account_id=account.id),
        bank_account_id=account.id,
        payee=given.payee,
        amount=given.amount,
        remark=short_remark(use.description, "（增值收益）"),
    )
    use.instruction_id = instruction.id
    uow.session.add(use)
    await uow.session.flush()  # the event names it
    await uow.audit("fundPoolUse", use, grant=grant, detail={"amount": use.amount})
    return use


async def _paid(uow: UnitOfWork, instruction: PaymentInstruction) -> Spending:
    use = await _use_of(uow, instruction)
    use.state = PayoutState.PAID.value
    pool = await ledger.account(uow, AccountKind.VALUE_ADDED_POOL, bank_account_id=use.bank_account_id)
    return Spending([debit(pool, use.amount)], reason=use.description)


async def _not_paid(uow: UnitOfWork, instruction: PaymentInstruction) -> None:
    (await _use_of(uow, instruction)).state = PayoutState.FAILED.value


effects(InstructionPurpose.POOL_USE, executed=_paid, failed=_not_paid, returned=_not_paid)


async def _use_of(uow: UnitOfWork, instruction: PaymentInstruction) -> FundPoolUse:
    return await uow.session.get_one(FundPoolUse, (uow.county, instruction.source_id), with_for_update=True)


async def _promised(uow: UnitOfWork, bank_account_id: uuid.UUID) -> int:
    """What uses that the bank has not paid yet will take from the pool, in fen."""
    total = await uow.session.scalar(
        select(func.coalesce(func.sum(FundPoolUse.amount), 0)).where(
            FundPoolUse.county == uow.county,
            FundPoolUse.bank_account_id == bank_account_id,
            FundPoolUse.state == PayoutState.INSTRUCTED.value,
        )
    )
    return int(total or 0)


async def _distributed(uow: UnitOfWork, bank_account_id: uuid.UUID) -> frozenset[int]:
    """The years whose income is shared already."""
    years = await uow.session.scalars(
        select(FundDistribution.year).where(
            FundDistribution.county == uow.county, FundDistribution.bank_account_id == bank_account_id
        )
    )
    return frozenset(years)


async def _undistributed(uow: UnitOfWork, bank_account_id: uuid.UUID, year: int) -> int:
    """What the bank credited for a year and the accounts have not been given yet, in fen."""
    total = await uow.session.scalar(
        select(func.coalesce(func.sum(FundIncome.amount - FundIncome.pooled), 0)).where(
            FundIncome.county == uow.county,
            FundIncome.bank_account_id == bank_account_id,
            FundIncome.year == year,
            FundIncome.reversal_id.is_(None),
        )
    )
    return int(total or 0)
