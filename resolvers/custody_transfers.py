"""Money passes from one bank account of the county to another, owner by owner, to the fen (FUND-6, SM-17).

The bank that has it is instructed like for every payment; once it has paid, the money is in transit, until the bank that gets it
reports its arrival. Then the area's custody is that bank's. Every balance is the same before and after.
"""

import uuid
from datetime import date

from sqlalchemy import func, or_, select

from domain.custodians import TransferState
from domain.custody import AccountPurpose, BankAccountState, MovementKind
from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.officials import Power
from domain.payment_instructions import InstructionPurpose, Payee
from domain.roles import Role
from models.base import new_id
from models.custodians import CustodyTransfer
from models.custody import BankAccount, Custody
from models.estates import Building
from models.ledger import LedgerAccount, Posting
from models.payment_instructions import PaymentInstruction
from models.sealed import reveal
from resolvers import custody, ledger
from resolvers.payment_instructions import Spending, effects, instruct
from resolvers.unit_of_work import UnitOfWork

REMARK = "专户余额划转"


async def order(uow: UnitOfWork, *, from_account_id: uuid.UUID, to_account_id: uuid.UUID) -> BankAccount:
    """Order all that an account holds for areas and buildings to another account (custodyTransferOrder).

    One instruction each to the bank that has it. Owners without money there change over at once. Refuses
    ``ACTION_NOT_AVAILABLE`` while money is there that is nobody's yet (suspense, undistributed income: identify or distribute
    it first), and for a receiving account that is not open.
    """
    source, target = await uow.load_all(BankAccount, [from_account_id, to_account_id], lock=True, field="fromAccountId")
    grant = await uow.act((Role.BUREAU,), BankAccount, source, power=Power.FUNDS_APPROVE)
    if source.id == target.id or target.state != BankAccountState.OPEN or target.purpose != source.purpose:
        raise Refusal(ErrorCode.INVALID_INPUT, "toAccountId", value=target.number_mask)
    if source.purpose != AccountPurpose.FUND or source.state == BankAccountState.CLOSED:
        raise Refusal(
            ErrorCode.ACTION_NOT_AVAILABLE, "fromAccountId", action="custodyTransferOrder", state=source.state
        )
    holdings = await _holdings(uow, source)
    if any(account.area_id is None and account.building_id is None for account, _ in holdings):
        raise Refusal(
            ErrorCode.ACTION_NOT_AVAILABLE, "fromAccountId", action="custodyTransferOrder", state="UNIDENTIFIED"
        )
    await _order(uow, source, target, holdings)
    for empty in await _without_money(uow, source, holdings):
        await _pass_on(uow, empty, target)
    await uow.audit("custodyTransferOrder", source, grant=grant, detail={"to": str(target.id)})
    return source


async def order_for(uow: UnitOfWork, source: BankAccount, target: BankAccount, area_id: uuid.UUID) -> None:
    """Order what one area has at an account to another, what sellers of public housing have in its buildings included (FUND-6,
    TQ-107). Without money the area changes over at once."""
    rows = await uow.session.scalars(
        select(Building.id).where(Building.county == uow.county, Building.area_id == area_id)
    )
    buildings = set(rows)
    theirs = [
        (account, fen)
        for account, fen in await _holdings(uow, source)
        if account.area_id == area_id or account.building_id in buildings
    ]
    under_way = select(CustodyTransfer.id).where(
        CustodyTransfer.county == uow.county,
        or_(CustodyTransfer.area_id == area_id, CustodyTransfer.building_id.in_(buildings)),
        CustodyTransfer.state.in_([TransferState.ORDERED.value, TransferState.SENT.value]),
    )
    if await uow.session.scalar(under_way.limit(1)):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="custodyTransferOrder", state=TransferState.ORDERED)
    await _order(uow, source, target, theirs)
    for empty in await _without_money(uow, source, theirs):
        if empty.area_id == area_id:
            await _pass_on(uow, empty, target)


async def _order(
    uow: UnitOfWork, source: BankAccount, target: BankAccount, holdings: list[tuple[LedgerAccount, int]]
) -> None:
    payee = Payee(target.name, reveal(target, "number", uow.vault) or "", target.bank_code)
    for money, fen in holdings:
        transfer = CustodyTransfer(
            county=uow.county,
            id=new_id(),
            from_account_id=source.id,
            to_account_id=target.id,
            area_id=money.area_id,
            building_id=money.building_id,
            amount=fen,
            state=TransferState.ORDERED.value,
        )
        uow.session.add(transfer)
        await uow.session.flush()  # the instruction names it
        await instruct(
            uow,
            InstructionPurpose.CUSTODY_TRANSFER,
            transfer,
            money_account_id=money.id,
            bank_account_id=source.id,
            payee=payee,
            amount=fen,
            remark=REMARK,
        )


async def arrived(uow: UnitOfWork, *, id: uuid.UUID, serial: str, value_date: date) -> CustodyTransfer:
    """Report the arrival of a transfer, as the bank that gets it (custodyTransferArrived): the owner's custody is its own now.

    The same report again changes nothing. ``ACTION_NOT_AVAILABLE`` for what has not been sent.
    """
    transfer = await uow.load(CustodyTransfer, id, lock=True)
    target = await uow.load(BankAccount, transfer.to_account_id)
    grant = await uow.act((Role.BANK,), BankAccount, target)
    if transfer.state == TransferState.ARRIVED and (transfer.serial, transfer.arrived_on) == (
        serial.strip(),
        value_date,
    ):
        return transfer
    if transfer.state != TransferState.SENT:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="custodyTransferArrived", state=transfer.state)
    owner = _owner(transfer)
    here = await ledger.account(uow, AccountKind.BANK, bank_account_id=target.id, **owner)
    fact = await ledger.post(
        uow,
        TransactionKind.TRANSFER,
        [debit(here, transfer.amount), credit(await _transit(uow, transfer), transfer.amount)],
        reason=f"专户划转到账：{target.bank_name} {target.number_mask}",
        occurred_on=value_date,
    )
    await custody.moved(
        uow,
        target.id,
        serial=serial,
        value_date=value_date,
        amount=transfer.amount,
        kind=MovementKind.TRANSFER,
        transaction_id=fact,
    )
    transfer.serial, transfer.arrived_on, transfer.arrival_id = serial.strip(), value_date, fact
    for held in await _custodies(uow, transfer):
        await _pass_on(uow, held, target)
    await _move(uow, transfer, TransferState.ARRIVED)
    await uow.audit("custodyTransferArrived", transfer, grant=grant, to_state=transfer.state)
    return transfer


async def _sent(uow: UnitOfWork, instruction: PaymentInstruction) -> Spending:
    transfer = await uow.session.get_one(CustodyTransfer, (uow.county, instruction.source_id))
    await _move(uow, transfer, TransferState.SENT)
    return Spending(
        lines=[debit(await _transit(uow, transfer), transfer.amount)],
        reason="专户余额划转，在途",
        kind=TransactionKind.TRANSFER,
    )


async def _not_sent(uow: UnitOfWork, instruction: PaymentInstruction) -> None:
    transfer = await uow.session.get_one(CustodyTransfer, (uow.county, instruction.source_id))
    if transfer.state == TransferState.ARRIVED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=transfer.state, action="RETURN")
    await _move(uow, transfer, TransferState.FAILED)


effects(InstructionPurpose.CUSTODY_TRANSFER, executed=_sent, failed=_not_sent, returned=_not_sent)


async def _holdings(uow: UnitOfWork, source: BankAccount) -> list[tuple[LedgerAccount, int]]:
    """The ledger's accounts at a bank account with what they hold, in fen, those that are not empty."""
    held = func.sum(Posting.amount)
    rows = await uow.session.execute(
        select(LedgerAccount, held)
        .join(Posting, (Posting.county == LedgerAccount.county) & (Posting.account_id == LedgerAccount.id))
        .where(
            LedgerAccount.county == uow.county,
            Posting.county == uow.county,
            LedgerAccount.kind == AccountKind.BANK.value,
            LedgerAccount.bank_account_id == source.id,
        )
        .group_by(LedgerAccount.county, LedgerAccount.id)
        .having(held != 0)
        .order_by(LedgerAccount.id)
    )
    return [(account, int(fen)) for account, fen in rows]


async def _without_money(
    uow: UnitOfWork, source: BankAccount, holdings: list[tuple[LedgerAccount, int]]
) -> list[Custody]:
    with_money = {(account.area_id, account.building_id) for account, _ in holdings}
    rows = await uow.session.scalars(
        select(Custody)
        .where(Custody.county == uow.county, Custody.bank_account_id == source.id, Custody.valid_to.is_(None))
        .order_by(Custody.id)
        .with_for_update()
    )
    return [row for row in rows if (row.area_id, row.building_id) not in with_money]


async def _custodies(uow: UnitOfWork, transfer: CustodyTransfer) -> list[Custody]:
    rows = await uow.session.scalars(
        select(Custody)
        .where(
            Custody.county == uow.county,
            Custody.bank_account_id == transfer.from_account_id,
            Custody.valid_to.is_(None),
            Custody.area_id.is_not_distinct_from(transfer.area_id),
            Custody.building_id.is_not_distinct_from(transfer.building_id),
        )
        .with_for_update()
    )
    return list(rows)


async def _pass_on(uow: UnitOfWork, held: Custody, target: BankAccount) -> None:
    """End one account's custody and begin another's, today."""
    held.valid_to = uow.today
    await uow.session.flush()  # one account at a time
    uow.session.add(
        Custody(
            county=uow.county,
            bank_account_id=target.id,
            purpose=held.purpose,
            area_id=held.area_id,
            building_id=held.building_id,
            valid_from=uow.today,
        )
    )
    await custody.came_to(uow, held.area_id, target)


async def _transit(uow: UnitOfWork, transfer: CustodyTransfer) -> uuid.UUID:
    bank_account_id = transfer.from_account_id
    return await ledger.account(uow, AccountKind.IN_TRANSIT, bank_account_id=bank_account_id, **_owner(transfer))


def _owner(transfer: CustodyTransfer) -> dict[str, uuid.UUID]:
    if transfer.area_id is not None:
        return {"area_id": transfer.area_id}
    assert transfer.building_id is not None  # noqa: S101 - the table's check: it is of one owner
    return {"building_id": transfer.building_id}


async def _move(uow: UnitOfWork, transfer: CustodyTransfer, state: TransferState) -> None:
    transfer.state, transfer.updated_at = state.value, uow.now
    transfer.version += 1
    uow.notify(transfer)
