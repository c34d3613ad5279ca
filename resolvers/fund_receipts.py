"""Deposits by intent: the bank records what came, what no code explains waits in suspense for an official (FUND-4).

Money that came is in the books from the moment that the bank says so, on the account that its code names or in suspense;
once per serial, whatever the bank sends twice. What was posted wrongly is taken off by reversal.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from auth.actor import Grant
from domain.custody import AccountPurpose, MovementKind, check_serial
from domain.errors import ErrorCode, Refusal
from domain.fund_demands import DemandState, code_as_written
from domain.fund_receipts import OpenDemand, ReceiptState, SuspenseCause, suspended_for
from domain.ledger import AccountKind, Line, TransactionKind, credit, debit
from domain.officials import Power
from domain.payment_instructions import InstructionPurpose, Payee
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.custody import BankAccount
from models.fund_demands import FundDemand
from models.fund_receipts import FundReceipt
from models.payment_instructions import PaymentInstruction
from resolvers import custody, fund_claims, fund_demands, ledger
from resolvers.payment_instructions import Spending, effects, instruct
from resolvers.unit_of_work import UnitOfWork

UNIDENTIFIED = "待查维修资金"
"""What stands beside money whose owner is not known yet."""


@dataclass(frozen=True)
class Entry(Record):
    """One credit as the bank's books have it. ``amount`` in fen; ``receipt_number`` of the special receipt (专用票据)."""

    bank_account_id: uuid.UUID
    serial: str
    amount: int
    value_date: date
    code: str | None = None
    payer_name: str | None = None
    receipt_number: str | None = None


async def record(uow: UnitOfWork, **entry: object) -> FundReceipt:
    """Take in what the bank reports (fundDepositRecord, ``Entry``): under an open demand's code to its account, else to
    suspense.

    The same serial with the same amount and code gives the receipt that is there; with others it is refused:
    ``ALREADY_REGISTERED``. Further ``NOT_FOUND`` for an account that the bank does not keep, ``INVALID_INPUT`` for one that
    is not the fund's, ``OUT_OF_RANGE`` for an amount or day that cannot be.
    """
    given = Entry(**entry)  # type: ignore[arg-type]
    account = await uow.load(BankAccount, given.bank_account_id, field="bankAccountId")
    grant = await uow.act((Role.BANK,), BankAccount, account)
    serial = check_serial(given.serial)
    if account.purpose != AccountPurpose.FUND:
        raise Refusal(ErrorCode.INVALID_INPUT, "bankAccountId")
    if given.amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if given.value_date > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "valueDate", most=uow.today)
    written = (given.code or "").strip() or None
    earlier = await _recorded(uow, account.id, serial)
    if earlier is not None:
        if (earlier.amount, earlier.code) != (given.amount, written):
            raise Refusal(ErrorCode.ALREADY_REGISTERED, "serial")
        return earlier
    number = (given.receipt_number or "").strip() or None
    if number is not None and await _handed_out(uow, number):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "receiptNumber")
    receipt = FundReceipt(
        county=uow.county,
        id=new_id(),
        bank_account_id=account.id,
        serial=serial,
        code=written,
        amount=given.amount,
        value_date=given.value_date,
        payer_name=(given.payer_name or "").strip() or None,
        receipt_number=number,
        recorded_by_client=account.client_id,
    )
    await _take_in(uow, receipt)
    uow.session.add(receipt)
    await custody.moved(
        uow,
        account.id,
        serial=serial,
        value_date=given.value_date,
        amount=given.amount,
        kind=MovementKind.DEPOSIT,
        transaction_id=receipt.transaction_id,
        code=written,
    )
    await _tell(uow, "fundDepositRecord", receipt, grant)
    return receipt


async def identify(
    uow: UnitOfWork, *, id: uuid.UUID, demand_id: uuid.UUID, reason: str
) -> tuple[FundReceipt, FundDemand]:
    """Say under which demand money in suspense belongs, and post it there (fundSuspenseIdentify).

    Refuses ``ACTION_NOT_AVAILABLE`` unless the money is in suspense and the demand open, ``OVERPAYMENT`` when it asks for
    less, ``INVALID_INPUT`` when its fund is kept at another bank account.
    """
    receipt, grant, reason = await _decided(uow, id, reason, ReceiptState.SUSPENSE, "fundSuspenseIdentify")
    demand = await uow.load(FundDemand, demand_id, lock=True, field="demandId")
    match suspended_for(demand.code, await _open(uow, demand), receipt.amount, receipt.bank_account_id):
        case SuspenseCause.TOO_MUCH:
            outstanding = demand.amount - demand.paid
            raise Refusal(ErrorCode.OVERPAYMENT, "demandId", amount_fen=receipt.amount, outstanding_fen=outstanding)
        case SuspenseCause.OTHER_BANK:
            raise Refusal(ErrorCode.INVALID_INPUT, "demandId")
        case SuspenseCause():
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "demandId", state=demand.state)
    kept, money = await _kept(uow, receipt), await _money_of(uow, demand)
    receipt.placement_id = await ledger.post(
        uow,
        TransactionKind.TRANSFER,
        [
            debit(kept.suspense, receipt.amount),
            credit(await fund_demands.account_of(uow, demand), receipt.amount),
            debit(money, receipt.amount),
            credit(kept.money, receipt.amount),
        ],
        reason=f"{fund_demands.reason_of(demand)}：{reason}",
        reference=receipt.serial,
    )
    await _give_to(uow, receipt, demand)
    receipt.reason = reason
    await _tell(uow, "fundSuspenseIdentify", receipt, grant)
    return receipt, demand


async def take_off(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FundReceipt:
    """Take money off the account that it was posted to by mistake; it waits in suspense (fundDepositTakeOff).

    ``INSUFFICIENT_BALANCE`` when the account has spent it meanwhile, or a payment under way will.
    """
    receipt, grant, reason = await _decided(uow, id, reason, ReceiptState.POSTED, "fundDepositTakeOff")
    await _take_from_demand(uow, receipt)
    if receipt.placement_id is not None:
        await ledger.reverse(uow, receipt.placement_id, reason)
        receipt.placement_id = None
    else:
        await ledger.reverse(uow, receipt.transaction_id, reason)
        receipt.transaction_id = await _post_to_suspense(uow, receipt, occurred_on=uow.today)
    await _claim_again(uow, receipt)
    receipt.state, receipt.suspense_cause = ReceiptState.SUSPENSE.value, SuspenseCause.TAKEN_OFF.value
    receipt.demand_id = receipt.unit_id = receipt.area_id = None
    receipt.reason = reason
    await _tell(uow, "fundDepositTakeOff", receipt, grant)
    return receipt


@dataclass(frozen=True)
class SendingBack(Record):
    """Where a deposit that nobody could identify goes, and why."""

    id: uuid.UUID
    payee: Payee
    reason: str


async def send_back(uow: UnitOfWork, **wanted: object) -> FundReceipt:
    """Tell the bank to send money in suspense back to its payer (fundSuspenseReturn, ``SendingBack``).

    Nothing is posted before the bank has paid. ``ACTION_NOT_AVAILABLE`` unless the money is in suspense; further as ``instruct``.
    """
    given = SendingBack(**wanted)  # type: ignore[arg-type]
    receipt, grant, reason = await _decided(uow, given.id, given.reason, ReceiptState.SUSPENSE, "fundSuspenseReturn")
    instruction = await instruct(
        uow,
        InstructionPurpose.DEPOSIT_RETURN,
        receipt,
        money_account_id=(await _kept(uow, receipt)).money,
        bank_account_id=receipt.bank_account_id,
        payee=given.payee,
        amount=receipt.amount,
        remark="待查维修资金退回",
    )
    receipt.return_id, receipt.state, receipt.reason = instruction.id, ReceiptState.RETURNING.value, reason
    await _tell(uow, "fundSuspenseReturn", receipt, grant)
    return receipt


async def _sent_back(uow: UnitOfWork, instruction: PaymentInstruction) -> Spending:
    receipt = await _of(uow, instruction)
    receipt.state, receipt.suspense_cause = ReceiptState.RETURNED.value, None
    kept = await _kept(uow, receipt)
    return Spending([debit(kept.suspense, receipt.amount)], reason=f"{UNIDENTIFIED}退回：{receipt.reason}")


async def _not_sent_back(uow: UnitOfWork, instruction: PaymentInstruction) -> None:
    receipt = await _of(uow, instruction)
    receipt.state, receipt.suspense_cause = ReceiptState.SUSPENSE.value, SuspenseCause.NOT_RETURNED.value


effects(InstructionPurpose.DEPOSIT_RETURN, executed=_sent_back, failed=_not_sent_back, returned=_not_sent_back)


async def _of(uow: UnitOfWork, instruction: PaymentInstruction) -> FundReceipt:
    return await uow.session.get_one(FundReceipt, (uow.county, instruction.source_id), with_for_update=True)


async def reverse(uow: UnitOfWork, *, id: uuid.UUID, serial: str, value_date: date, reason: str) -> FundReceipt:
    """Take a deposit back that the bank took off its account again (fundDepositReverse). By the bank that recorded it.

    ``serial`` is the bank's number of its correcting entry. ``ALREADY_REVERSED`` the second time, ``ACTION_NOT_AVAILABLE``
    once it was sent back, ``INSUFFICIENT_BALANCE`` when the account has spent it, or a payment under way will.
    """
    receipt = await uow.load(FundReceipt, id, lock=True)
    grant = await uow.act((Role.BANK,), FundReceipt, receipt)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if receipt.state == ReceiptState.REVERSED:
        raise Refusal(ErrorCode.ALREADY_REVERSED, "id")
    if receipt.state not in (ReceiptState.POSTED, ReceiptState.SUSPENSE):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=receipt.state, action="fundDepositReverse")
    if receipt.state == ReceiptState.POSTED:
        await _take_from_demand(uow, receipt)
    if receipt.placement_id is not None:
        await ledger.reverse(uow, receipt.placement_id, reason.strip())
    taken_back = await ledger.reverse(uow, receipt.transaction_id, reason.strip())
    await _claim_again(uow, receipt)
    await custody.moved(
        uow,
        receipt.bank_account_id,
        serial=serial,
        value_date=value_date,
        amount=-receipt.amount,
        kind=MovementKind.DEPOSIT,
        transaction_id=taken_back,
        code=receipt.code,
    )
    receipt.state, receipt.reason = ReceiptState.REVERSED.value, reason.strip()
    await _tell(uow, "fundDepositReverse", receipt, grant)
    return receipt


async def _take_in(uow: UnitOfWork, receipt: FundReceipt) -> None:
    """Post money that came, and write on the receipt where it went."""
    code = None if receipt.code is None else code_as_written(receipt.code)
    demand = None if code is None else await _under(uow, code)
    open_demand = None if demand is None else await _open(uow, demand)
    cause = suspended_for(receipt.code, open_demand, receipt.amount, receipt.bank_account_id)
    if demand is None or cause is not None:
        receipt.state, receipt.suspense_cause = ReceiptState.SUSPENSE.value, cause.value if cause else None
        receipt.transaction_id = await _post_to_suspense(uow, receipt, occurred_on=receipt.value_date)
        return
    lines = [
        debit(await _money_of(uow, demand), receipt.amount),
        credit(await fund_demands.account_of(uow, demand), receipt.amount),
    ]
    receipt.transaction_id = await _posted(uow, receipt, lines, fund_demands.reason_of(demand), receipt.value_date)
    await _give_to(uow, receipt, demand)


async def _post_to_suspense(uow: UnitOfWork, receipt: FundReceipt, occurred_on: date) -> uuid.UUID:
    kept = await _kept(uow, receipt)
    lines = [debit(kept.money, receipt.amount), credit(kept.suspense, receipt.amount)]
    return await _posted(uow, receipt, lines, UNIDENTIFIED, occurred_on)


async def _posted(uow: UnitOfWork, receipt: FundReceipt, lines: list[Line], reason: str, on: date) -> uuid.UUID:
    return await ledger.post(
        uow, TransactionKind.FUND_DEPOSIT, lines, reason=reason, reference=receipt.serial, occurred_on=on
    )


@dataclass(frozen=True)
class _Kept:
    """Where a bank account's unidentified money stands in the books: what it is owed to, and the money itself."""

    suspense: uuid.UUID
    money: uuid.UUID


async def _kept(uow: UnitOfWork, receipt: FundReceipt) -> _Kept:
    at = {"bank_account_id": receipt.bank_account_id}
    return _Kept(
        await ledger.account(uow, AccountKind.SUSPENSE, **at), await ledger.account(uow, AccountKind.BANK, **at)
    )


async def _money_of(uow: UnitOfWork, demand: FundDemand) -> uuid.UUID:
    if demand.area_id is not None:
        return await custody.fund_money(uow, area_id=demand.area_id)
    return await custody.fund_money(uow, building_id=demand.building_id)


async def _open(uow: UnitOfWork, demand: FundDemand) -> OpenDemand:
    place = {"area_id": demand.area_id} if demand.area_id else {"building_id": demand.building_id}
    held_at = await custody.bank_account_of(uow, **place)
    return OpenDemand(DemandState(demand.state), demand.amount - demand.paid, held_at.id if held_at else None)


async def _under(uow: UnitOfWork, code: str) -> FundDemand | None:
    """The county's demand with this code, locked, whoever may see it: the code itself is what the payer was given."""
    found: FundDemand | None = await uow.session.scalar(
        select(FundDemand)
        .where(FundDemand.county == uow.county, FundDemand.code == code)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found


async def _give_to(uow: UnitOfWork, receipt: FundReceipt, demand: FundDemand) -> None:
    """Write on receipt and demand that the money went there, and settle with it what was claimed from the unit's owner."""
    demand.paid += receipt.amount
    demand.state = DemandState.PAID.value if demand.paid == demand.amount else DemandState.OPEN.value
    receipt.state, receipt.suspense_cause = ReceiptState.POSTED.value, None
    receipt.demand_id, receipt.unit_id, receipt.area_id = demand.id, demand.unit_id, demand.area_id
    if demand.unit_id is not None:
        await fund_claims.settle(uow, demand.unit_id, receipt.amount)


async def _take_from_demand(uow: UnitOfWork, receipt: FundReceipt) -> None:
    if receipt.unit_id is not None:
        await fund_claims.check_free(uow, receipt.unit_id, receipt.amount)
    demand = await uow.session.get_one(
        FundDemand, (uow.county, receipt.demand_id), with_for_update={"key_share": True}, populate_existing=True
    )
    demand.paid -= receipt.amount
    demand.state = DemandState.OPEN.value
    uow.notify(demand)


async def _claim_again(uow: UnitOfWork, receipt: FundReceipt) -> None:
    if receipt.unit_id is not None:
        await fund_claims.claim_again(uow, receipt.unit_id)


async def _decided(
    uow: UnitOfWork, receipt_id: uuid.UUID, reason: str, wanted: ReceiptState, action: str
) -> tuple[FundReceipt, Grant, str]:
    """A receipt that an official with the power over fund money decides on now, and the reason."""
    receipt = await uow.load(FundReceipt, receipt_id, lock=True)
    grant = await uow.act((Role.BUREAU,), FundReceipt, receipt, power=Power.FUNDS_APPROVE)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if receipt.state != wanted:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=receipt.state, action=action)
    return receipt, grant, reason.strip()


async def _recorded(uow: UnitOfWork, bank_account_id: uuid.UUID, serial: str) -> FundReceipt | None:
    found: FundReceipt | None = await uow.session.scalar(
        select(FundReceipt).where(
            FundReceipt.county == uow.county,
            FundReceipt.bank_account_id == bank_account_id,
            FundReceipt.serial == serial,
        )
    )
    return found


async def _handed_out(uow: UnitOfWork, receipt_number: str) -> bool:
    """Whether another deposit that stands bears the number of this special receipt."""
    same = select(FundReceipt.id).where(
        FundReceipt.county == uow.county,
        FundReceipt.receipt_number == receipt_number,
        FundReceipt.state != ReceiptState.REVERSED.value,
    )
    return await uow.session.scalar(same) is not None


async def _tell(uow: UnitOfWork, action: str, receipt: FundReceipt, grant: Grant) -> None:
    await uow.session.flush()  # the event names it
    await uow.audit(action, receipt, grant=grant, reason=receipt.reason, to_state=receipt.state)
    uow.notify(receipt)
