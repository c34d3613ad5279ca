"""Payment instructions by intent: prepared, released to the custodian bank, taken over, executed, failed, returned (FUND-28,
FUND-29).

What is paid for says once what follows, in its own module::

    effects(InstructionPurpose.FUND_USE, executed=..., failed=..., returned=...)

``executed`` gives the ``Spending``: which accounts bear the amount. The credit of the money account, the bank's movement and
the reversal of a payment that comes back are made here, so that they are the same for every purpose.
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from auth.actor import Grant
from domain.calendar import add_working_days
from domain.custody import MovementKind, check_serial
from domain.errors import ErrorCode, Refusal
from domain.identifiers import mask_name
from domain.ledger import Line, TransactionKind, credit
from domain.officials import Power
from domain.payment_instructions import (
    ACTIONS,
    ISSUED_AT_ONCE,
    OPEN,
    InstructionAction,
    InstructionPurpose,
    InstructionState,
    Payee,
    check_remark,
)
from models.base import CountyRow, new_id
from models.custody import BankAccount
from models.estates import PropertyArea
from models.ledger import LedgerAccount
from models.payment_instructions import PaymentInstruction
from models.sealed import Kind, seal_into
from resolvers import ledger
from resolvers.custody import check_pays, moved
from resolvers.filings import free_number
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Spending:
    """What an executed payment is taken from: debit lines (fen) that sum to the instruction's amount, and the reason in
    words for those whose accounts they are."""

    lines: Sequence[Line]
    reason: str
    kind: TransactionKind = TransactionKind.FUND_SPENT


Executed = Callable[[UnitOfWork, PaymentInstruction], Awaitable[Spending]]
Followed = Callable[[UnitOfWork, PaymentInstruction], Awaitable[None]]


@dataclass(frozen=True)
class Effects:
    """What follows from the fate of a purpose's instructions."""

    executed: Executed
    failed: Followed
    """Nothing was paid: the bank refused it, or it was cancelled before."""
    returned: Followed
    """It was paid and came back; the postings are reversed already."""


_EFFECTS: dict[InstructionPurpose, Effects] = {}


def effects(purpose: InstructionPurpose, *, executed: Executed, failed: Followed, returned: Followed) -> None:
    """Say once what follows when an instruction of this purpose is executed, is not, or comes back."""
    _EFFECTS[purpose] = Effects(executed, failed, returned)


async def instruct(
    uow: UnitOfWork,
    purpose: InstructionPurpose,
    source: CountyRow,
    *,
    money_account_id: uuid.UUID,
    bank_account_id: uuid.UUID,
    payee: Payee,
    amount: int,
    remark: str,
) -> PaymentInstruction:
    """Issue an instruction to pay ``amount`` fen for ``source`` out of the money account, whose area's people see it.

    Another official releases it to the bank (``release``) unless its purpose is ``ISSUED_AT_ONCE``. Nothing is posted yet.
    ``INSUFFICIENT_BALANCE`` when the money account holds less than this and all open instructions together (FUND-28);
    ``BANK_TERMINATED`` for an account that pays nothing but the transfer (SM-17); ``OUT_OF_RANGE`` for an amount that is not
    positive; further as ``Payee.checked`` and ``check_remark`` do.
    """
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    payee, remark = payee.checked(), check_remark(remark)
    if purpose is not InstructionPurpose.CUSTODY_TRANSFER:
        check_pays(await uow.session.get_one(BankAccount, (uow.county, bank_account_id)), "bankAccountId")
    money = await _lock_money(uow, money_account_id)
    await _check_covered(uow, money, amount)
    area = None if money.area_id is None else await uow.session.get_one(PropertyArea, (uow.county, money.area_id))
    day = uow.today
    instruction = PaymentInstruction(
        county=uow.county,
        id=new_id(),
        number=await free_number(
            uow, PaymentInstruction.number, lambda serial: f"{uow.county}{day:%Y%m%d}{serial:06d}"
        ),
        purpose=purpose.value,
        source_type=source.__tablename__,
        source_id=source.id,
        bank_account_id=bank_account_id,
        money_account_id=money_account_id,
        area_id=area and area.id,
        township=area and area.township,
        community=area and area.community,
        payee_name=payee.name,
        payee_name_mask=mask_name(payee.name),
        payee_bank_code=payee.bank_code,
        amount=amount,
        remark=remark,
        state=(InstructionState.ISSUED if purpose in ISSUED_AT_ONCE else InstructionState.PREPARED).value,
        issued_by=uow.actor.account_id,
        version=1,
    )
    _due_from(uow, instruction)
    seal_into(instruction, "payee_account", payee.account, Kind.BANK_ACCOUNT, uow.vault)
    uow.session.add(instruction)
    await uow.session.flush()
    uow.notify(instruction)
    return instruction


async def release(uow: UnitOfWork, *, id: uuid.UUID) -> PaymentInstruction:
    """Release a prepared instruction to the bank, as a cashier who did not prepare it (paymentInstructionRelease).

    The bank's days count from now. Refuses ``POWER_REQUIRED``, ``SECOND_PERSON_REQUIRED``, ``BANK_TERMINATED``.
    """
    instruction = await uow.load(PaymentInstruction, id, lock=True)
    grant = await _may(uow, instruction, InstructionAction.RELEASE, power=Power.FUNDS_RELEASE)
    if instruction.issued_by == uow.actor.account_id:
        raise Refusal(ErrorCode.SECOND_PERSON_REQUIRED, "id")
    check_pays(await uow.session.get_one(BankAccount, (uow.county, instruction.bank_account_id)))
    _due_from(uow, instruction)
    return await _move(uow, instruction, InstructionAction.RELEASE, grant=grant)


async def acknowledge(uow: UnitOfWork, *, id: uuid.UUID) -> PaymentInstruction:
    """Take an instruction over, as the bank (paymentInstructionAcknowledge): from now on it cannot be cancelled.

    Repeating it changes nothing.
    """
    instruction = await uow.load(PaymentInstruction, id, lock=True)
    if instruction.acknowledged_at is not None:
        return instruction
    grant = await _may(uow, instruction, InstructionAction.ACKNOWLEDGE)
    instruction.acknowledged_at = uow.now
    return await _move(uow, instruction, InstructionAction.ACKNOWLEDGE, grant=grant)


async def executed(uow: UnitOfWork, *, id: uuid.UUID, serial: str, value_date: date) -> PaymentInstruction:
    """Report the payment as made, as the bank (paymentInstructionExecuted): the books move, once (FUND-28, FUND-29).

    The same report again changes nothing; another serial or day for what was executed is ``ALREADY_REGISTERED``, as is a
    serial that the bank used for another movement. ``OUT_OF_RANGE`` for a day before its issue or in the future.
    """
    instruction = await uow.load(PaymentInstruction, id, lock=True)
    serial = check_serial(serial)
    if instruction.serial is not None:
        _check_same(instruction.serial, serial, "serial")
        _check_same(instruction.value_date, value_date, "valueDate")
        return instruction
    grant = await _may(uow, instruction, InstructionAction.EXECUTE)
    _check_day(uow, value_date, instruction.issued_on)
    spending = await _effects(instruction).executed(uow, instruction)
    transaction_id = await ledger.post(
        uow,
        spending.kind,
        [*spending.lines, credit(instruction.money_account_id, instruction.amount)],
        reason=spending.reason,
        reference=instruction.number,
        occurred_on=value_date,
    )
    await moved(
        uow,
        instruction.bank_account_id,
        serial=serial,
        value_date=value_date,
        amount=-instruction.amount,
        kind=MovementKind.PAYMENT,
        transaction_id=transaction_id,
        code=instruction.number,
    )
    instruction.serial, instruction.value_date, instruction.transaction_id = serial, value_date, transaction_id
    return await _move(uow, instruction, InstructionAction.EXECUTE, grant=grant)


async def failed(uow: UnitOfWork, *, id: uuid.UUID, code: str, reason: str) -> PaymentInstruction:
    """Report that it cannot be paid, as the bank (paymentInstructionFailed), with the bank's code and reason."""
    instruction = await uow.load(PaymentInstruction, id, lock=True)
    grant = await _may(uow, instruction, InstructionAction.FAIL)
    instruction.failure_code, instruction.reason = _said(code, "code"), _said(reason, "reason")
    await _move(uow, instruction, InstructionAction.FAIL, grant=grant, reason=instruction.reason)
    await _effects(instruction).failed(uow, instruction)
    return instruction


async def returned(
    uow: UnitOfWork, *, id: uuid.UUID, serial: str, value_date: date, code: str, reason: str
) -> PaymentInstruction:
    """Report that an executed payment came back, as the bank (paymentInstructionReturned, 退汇): its postings are reversed.

    ``serial`` is the bank's own number of the return. Repeated with the same serial it changes nothing.
    """
    instruction = await uow.load(PaymentInstruction, id, lock=True)
    serial = check_serial(serial)
    if instruction.returned_serial is not None:
        _check_same(instruction.returned_serial, serial, "serial")
        return instruction
    grant = await _may(uow, instruction, InstructionAction.RETURN)
    if instruction.transaction_id is None or instruction.value_date is None:
        raise AssertionError("what was executed has a transaction and a day")
    _check_day(uow, value_date, instruction.value_date)
    code, reason = _said(code, "code"), _said(reason, "reason")
    reversal_id = await ledger.reverse(uow, instruction.transaction_id, reason)
    await moved(
        uow,
        instruction.bank_account_id,
        serial=serial,
        value_date=value_date,
        amount=instruction.amount,
        kind=MovementKind.RETURNED,
        transaction_id=reversal_id,
        code=instruction.number,
    )
    instruction.failure_code, instruction.reason = code, reason
    instruction.returned_serial, instruction.returned_on = serial, value_date
    instruction.reversal_id = reversal_id
    await _move(uow, instruction, InstructionAction.RETURN, grant=grant, reason=reason)
    await _effects(instruction).returned(uow, instruction)
    return instruction


async def cancel(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> PaymentInstruction:
    """Take an instruction back before the bank took it over, as the bureau (paymentInstructionCancel)."""
    instruction = await uow.load(PaymentInstruction, id, lock=True)
    grant = await _may(uow, instruction, InstructionAction.CANCEL)
    await withdraw(uow, instruction, grant, _said(reason, "reason"))
    return instruction


async def withdraw(uow: UnitOfWork, instruction: PaymentInstruction, grant: Grant, reason: str) -> None:
    """Take back an instruction that the bank has not taken over; the caller has locked it and answers for why."""
    instruction.reason = reason
    await _move(uow, instruction, InstructionAction.CANCEL, grant=grant, reason=reason)
    await _effects(instruction).failed(uow, instruction)


async def _may(
    uow: UnitOfWork, instruction: PaymentInstruction, action: InstructionAction, power: str | None = None
) -> Grant:
    """The grant under which the actor takes this action now. ``FORBIDDEN_ROLE``, ``POWER_REQUIRED``, ``ACTION_NOT_AVAILABLE``."""
    sources, role, _target = ACTIONS[action]
    grant = await uow.act({role}, PaymentInstruction, instruction, power=power)
    if instruction.state not in sources:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=instruction.state, action=action)
    return grant


def _due_from(uow: UnitOfWork, instruction: PaymentInstruction) -> None:
    """The bank has the county's days to pay from today on."""
    instruction.issued_on = uow.today
    instruction.due_on = add_working_days(uow.today, uow.profile.fund_payment_working_days)


async def _move(
    uow: UnitOfWork,
    instruction: PaymentInstruction,
    action: InstructionAction,
    *,
    grant: Grant,
    reason: str | None = None,
) -> PaymentInstruction:
    former, instruction.state = instruction.state, ACTIONS[action][2].value
    instruction.updated_at = uow.now
    instruction.version += 1
    await uow.audit(action, instruction, grant=grant, reason=reason, from_state=former, to_state=instruction.state)
    uow.notify(instruction)
    return instruction


async def _lock_money(uow: UnitOfWork, account_id: uuid.UUID) -> LedgerAccount:
    """Two instructions at once must not promise the same money: the account's row is the queue."""
    locked = select(LedgerAccount).where(LedgerAccount.county == uow.county, LedgerAccount.id == account_id)
    return (await uow.session.execute(locked.with_for_update(key_share=True))).scalar_one()


async def _check_covered(uow: UnitOfWork, money: LedgerAccount, amount: int) -> None:
    held = await ledger.balance(uow.session, uow.county, money.id)
    promised = await uow.session.scalar(
        select(func.coalesce(func.sum(PaymentInstruction.amount), 0)).where(
            PaymentInstruction.county == uow.county,
            PaymentInstruction.money_account_id == money.id,
            PaymentInstruction.state.in_(sorted(OPEN)),
        )
    )
    free = held - int(promised or 0)
    if amount > free:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=max(free, 0), needed_fen=amount)


def _effects(instruction: PaymentInstruction) -> Effects:
    return _EFFECTS[InstructionPurpose(instruction.purpose)]


def _check_day(uow: UnitOfWork, day: date, least: date) -> None:
    if not least <= day <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "valueDate", least=least, most=uow.today)


def _check_same(known: object, given: object, field: str) -> None:
    if known != given:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, field, value=str(given))


def _said(text: str, field: str) -> str:
    if not text.strip():
        raise Refusal(ErrorCode.REQUIRED, field)
    return text.strip()
