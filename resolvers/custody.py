"""Custody of the county's money: bank accounts, whose money lies in which, and what banks report as moved (FUND-4, FUND-6)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, any_, func, literal, or_, select

from domain.agreements import PartnerScope
from domain.custody import (
    MONEY,
    AccountHolder,
    AccountPurpose,
    BankAccountState,
    MovementKind,
    check_bank_code,
    check_serial,
)
from domain.custody_choices import CustodyChoiceState
from domain.errors import ErrorCode, Refusal
from domain.identifiers import check_account
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.officials import Power
from domain.records import Record
from domain.roles import Role
from models.accounts import AccountGrant
from models.base import new_id
from models.custody import BankAccount, BankMovement, Custody
from models.custody_choices import CustodyChoice
from models.estates import Building, PropertyArea
from models.ledger import LedgerAccount, Posting
from models.sealed import Kind, seal_into
from resolvers import ledger
from resolvers.unit_of_work import UnitOfWork

MOST_OWNERS = 100
"""So many areas, and so many buildings, are assigned at a time."""


@dataclass(frozen=True)
class Particulars(Record):
    """What is known of a bank account when it is registered; ``bank_code`` is the 12-digit line number (联行号)."""

    purpose: AccountPurpose
    name: str
    bank_name: str
    bank_code: str
    client_id: str
    opened_on: date
    holder: AccountHolder = AccountHolder.BUREAU


async def register(uow: UnitOfWork, *, number: str, **particulars: Any) -> BankAccount:
    """Register an account at a custodian bank (bankAccountRegister, ``Particulars``). The number is sealed.

    Refuses ``POWER_REQUIRED``, ``NOT_FOUND`` for a system that the county has not let keep its accounts,
    ``INVALID_ACCOUNT``, ``ALREADY_REGISTERED`` for a number that the county has.
    """
    given = Particulars(**particulars)
    grant = await uow.act((Role.BUREAU,), power=Power.PARTNERS_REGISTER)
    for name in ("name", "bank_name"):
        if not getattr(given, name).strip():
            raise Refusal(ErrorCode.REQUIRED, "bankName" if name == "bank_name" else name)
    if given.opened_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "openedOn", most=uow.today)
    number = check_account(number, field="number")
    if await uow.session.scalar(
        select(BankAccount.id).where(
            BankAccount.county == uow.county,
            BankAccount.number_index == uow.vault.index(number, Kind.BANK_ACCOUNT, uow.county),
        )
    ):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "number")
    await check_keeps(uow, given.client_id)
    account = BankAccount(
        county=uow.county,
        id=new_id(),
        purpose=given.purpose.value,
        holder=given.holder.value,
        name=given.name.strip(),
        bank_name=given.bank_name.strip(),
        bank_code=check_bank_code(given.bank_code),
        client_id=given.client_id,
        opened_on=given.opened_on,
        registered_by=grant.account_id,
    )
    seal_into(account, "number", number, Kind.BANK_ACCOUNT, uow.vault)
    uow.session.add(account)
    await uow.session.flush()  # the event names it
    await uow.audit("bankAccountRegister", account, grant=grant, detail={"purpose": account.purpose})
    return account


async def assign(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    area_ids: Sequence[uuid.UUID] = (),
    building_ids: Sequence[uuid.UUID] = (),
) -> BankAccount:
    """Say that an account holds the money of these areas, or of buildings without an area, from today (bankAccountAssign).

    What the books have of the fund without a bank account is put to it. Refuses ``ACTION_NOT_AVAILABLE`` where the
    account is not open, and where another account still holds some of the money: that passes by a transfer only.
    """
    account = await uow.load(BankAccount, id, lock=True)
    grant = await uow.act((Role.BUREAU,), BankAccount, account, power=Power.FUNDS_APPROVE)
    if not area_ids and not building_ids:
        raise Refusal(ErrorCode.REQUIRED, "areaIds")
    for field, ids in (("areaIds", area_ids), ("buildingIds", building_ids)):
        if len(ids) > MOST_OWNERS:
            raise Refusal(ErrorCode.OUT_OF_RANGE, field, most=MOST_OWNERS)
    if account.state != BankAccountState.OPEN:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="bankAccountAssign", state=account.state)
    for area in await uow.load_all(PropertyArea, area_ids, lock=True, field="areaIds"):
        await _hold(uow, account, "areaIds", area_id=area.id)
    for building in await uow.load_all(Building, building_ids, lock=True, field="buildingIds"):
        if building.area_id is not None:
            raise Refusal(ErrorCode.INVALID_INPUT, "buildingIds", value=building.number)
        await _hold(uow, account, "buildingIds", building_id=building.id)
    await _changed(uow, account)
    await uow.audit(
        "bankAccountAssign",
        account,
        grant=grant,
        detail={"areas": [str(each) for each in area_ids], "buildings": [str(each) for each in building_ids]},
    )
    return account


async def close(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> BankAccount:
    """Close an account (bankAccountClose). ``ACTION_NOT_AVAILABLE`` while the books still have money on it."""
    account = await uow.load(BankAccount, id, lock=True)
    grant = await uow.act((Role.BUREAU,), BankAccount, account, power=Power.PARTNERS_REGISTER)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if account.state == BankAccountState.CLOSED or await book_balance(uow, account.id):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="bankAccountClose", state=account.state)
    former, account.state, account.closed_on = account.state, BankAccountState.CLOSED.value, uow.today
    for custody in await _current(uow, Custody.bank_account_id == account.id):
        custody.valid_to = uow.today
    await _changed(uow, account)
    await uow.audit(
        "bankAccountClose", account, grant=grant, reason=reason.strip(), from_state=former, to_state=account.state
    )
    return account


async def bank_account_of(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID | None = None,
    building_id: uuid.UUID | None = None,
    purpose: AccountPurpose = AccountPurpose.FUND,
) -> BankAccount | None:
    """The account that holds the owner's money of this purpose now; ``None`` where the county has registered none.

    A building in a property area has its money (the public-housing seller's part) where the area has it.
    """
    of_its_area = select(Building.area_id).where(Building.county == uow.county, Building.id == building_id)
    owned = or_(Custody.building_id == building_id, Custody.area_id == of_its_area.scalar_subquery())
    found: BankAccount | None = await uow.session.scalar(
        select(BankAccount)
        .join(Custody, (Custody.county == BankAccount.county) & (Custody.bank_account_id == BankAccount.id))
        .where(
            BankAccount.county == uow.county,
            Custody.county == uow.county,
            Custody.purpose == purpose.value,
            Custody.valid_to.is_(None),
            Custody.area_id == area_id if area_id else owned,
        )
    )
    return found


async def fund_money(
    uow: UnitOfWork, *, area_id: uuid.UUID | None = None, building_id: uuid.UUID | None = None
) -> uuid.UUID:
    """The ledger account of an area's (or building's) fund money, at the bank account that holds it now."""
    return await money(uow, AccountPurpose.FUND, area_id=area_id, building_id=building_id)


async def money(
    uow: UnitOfWork,
    purpose: AccountPurpose,
    *,
    area_id: uuid.UUID | None = None,
    building_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """The ledger account of an owner's money of a purpose, at the bank account that holds it now."""
    held_at = await bank_account_of(uow, area_id=area_id, building_id=building_id, purpose=purpose)
    owner = {"area_id": area_id} if area_id else {"building_id": building_id}
    at = {"bank_account_id": held_at.id} if held_at else {}
    return await ledger.account(uow, MONEY[purpose], **owner, **at)


async def moved(
    uow: UnitOfWork,
    bank_account_id: uuid.UUID,
    *,
    serial: str,
    value_date: date,
    amount: int,
    kind: MovementKind,
    transaction_id: uuid.UUID,
    code: str | None = None,
) -> BankMovement:
    """Record what a bank reported as moved: ``amount`` in fen, positive into the account.

    Exactly once per serial: ``ALREADY_REGISTERED`` otherwise, also when two report at once. ``code`` is the payment
    code or instruction's number, by which a statement's line is found that has lost its serial.
    """
    serial = check_serial(serial)
    if value_date > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "valueDate", most=uow.today)
    same = select(BankMovement.id).where(
        BankMovement.county == uow.county,
        BankMovement.bank_account_id == bank_account_id,
        BankMovement.serial == serial,
    )
    if await uow.session.scalar(same):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "serial")
    movement = BankMovement(
        county=uow.county,
        id=new_id(),
        bank_account_id=bank_account_id,
        serial=serial,
        value_date=value_date,
        amount=amount,
        kind=kind.value,
        code=(code or "").strip() or None,
        transaction_id=transaction_id,
    )
    uow.session.add(movement)
    await uow.session.flush()  # two at once: the second is run again, and then refused
    return movement


async def open_choice(uow: UnitOfWork, area_id: uuid.UUID) -> CustodyChoice | None:
    """What the area's owners are asked about who manages their fund, or have decided and is not carried out; locked."""
    waiting = (CustodyChoiceState.PROPOSED.value, CustodyChoiceState.DECIDED.value)
    found: CustodyChoice | None = await uow.session.scalar(
        select(CustodyChoice)
        .where(CustodyChoice.county == uow.county, CustodyChoice.area_id == area_id, CustodyChoice.state.in_(waiting))
        .with_for_update()
    )
    return found


async def came_to(uow: UnitOfWork, area_id: uuid.UUID | None, account: BankAccount) -> None:
    """An area's fund lies at this account from now on: that may be what its owners decided (FUND-6)."""
    choice = await open_choice(uow, area_id) if area_id and account.purpose == AccountPurpose.FUND else None
    if choice is not None and choice.state == CustodyChoiceState.DECIDED and choice.holder == account.holder:
        choice.state, choice.carried_out_on = CustodyChoiceState.CARRIED_OUT.value, uow.today
        choice.updated_at = uow.now


def check_pays(account: BankAccount, field: str = "id") -> None:
    """``BANK_TERMINATED`` unless payments may leave the account; the transfer to another bank does not ask (SM-17)."""
    if account.state != BankAccountState.OPEN:
        raise Refusal(ErrorCode.BANK_TERMINATED, field, account=account.number_mask)


async def book_balance(uow: UnitOfWork, bank_account_id: uuid.UUID, as_of: date | None = None) -> int:
    """What the books have at a bank account, in fen, at the end of ``as_of`` (null: everything posted)."""
    day = [] if as_of is None else [Posting.occurred_on <= as_of]
    total = await uow.session.scalar(
        select(func.coalesce(func.sum(Posting.amount), 0))
        .join(LedgerAccount, (LedgerAccount.county == Posting.county) & (LedgerAccount.id == Posting.account_id))
        .where(
            Posting.county == uow.county,
            LedgerAccount.county == uow.county,
            LedgerAccount.kind.in_(sorted(kind.value for kind in MONEY.values())),
            LedgerAccount.bank_account_id == bank_account_id,
            *day,
        )
    )
    return int(total or 0)


async def _hold(uow: UnitOfWork, account: BankAccount, field: str, **owner: uuid.UUID) -> None:
    """The account holds the owner's money from today: the dated fact, and the fund's plain book balance put to it."""
    ((column, owner_id),) = owner.items()
    same_owner = getattr(Custody, column) == owner_id
    for former in await _current(uow, same_owner, Custody.purpose == account.purpose):
        if former.bank_account_id == account.id:
            return
        if await _held(uow, AccountPurpose(account.purpose), bank_account_id=former.bank_account_id, **owner):
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, field, action="bankAccountAssign", state="HELD_ELSEWHERE")
        former.valid_to = uow.today
        await uow.session.flush()  # one account at a time
    uow.session.add(
        Custody(
            county=uow.county,
            bank_account_id=account.id,
            purpose=account.purpose,
            valid_from=uow.today,
            **owner,
        )
    )
    await uow.session.flush()
    await came_to(uow, owner.get("area_id"), account)
    if account.purpose == AccountPurpose.FUND and (
        fen := await _held(uow, AccountPurpose.FUND, bank_account_id=None, **owner)
    ):
        plain = await ledger.account(uow, AccountKind.BANK, **owner)
        here = await ledger.account(uow, AccountKind.BANK, bank_account_id=account.id, **owner)
        await ledger.post(
            uow,
            TransactionKind.TRANSFER,
            [debit(here, fen), credit(plain, fen)],
            reason=f"专户存管：{account.bank_name} {account.number_mask}",
        )


async def _held(
    uow: UnitOfWork, purpose: AccountPurpose, *, bank_account_id: uuid.UUID | None, **owner: uuid.UUID
) -> int:
    """What the books have of an owner's money of a purpose at a bank account (``None``: at none), in fen."""
    ((column, owner_id),) = owner.items()
    total = await uow.session.scalar(
        select(func.coalesce(func.sum(Posting.amount), 0))
        .join(LedgerAccount, (LedgerAccount.county == Posting.county) & (LedgerAccount.id == Posting.account_id))
        .where(
            Posting.county == uow.county,
            LedgerAccount.county == uow.county,
            LedgerAccount.kind == MONEY[purpose].value,
            getattr(LedgerAccount, column) == owner_id,
            LedgerAccount.bank_account_id.is_not_distinct_from(bank_account_id),
        )
    )
    return int(total or 0)


async def _current(uow: UnitOfWork, *conditions: ColumnElement[bool]) -> list[Custody]:
    rows = await uow.session.scalars(
        select(Custody)
        .where(Custody.county == uow.county, Custody.valid_to.is_(None), *conditions)
        .order_by(Custody.id)
        .with_for_update()
    )
    return list(rows)


async def check_keeps(uow: UnitOfWork, client_id: str) -> None:
    """The system acts for a bank that the county has let keep its accounts (``funds:custody``)."""
    held = await uow.session.scalar(
        select(AccountGrant.id).where(
            AccountGrant.client_id == client_id,
            AccountGrant.county == uow.county,
            AccountGrant.role == Role.BANK.value,
            literal(PartnerScope.FUNDS_CUSTODY.value) == any_(AccountGrant.scopes),
            AccountGrant.valid_from <= uow.today,
            or_(AccountGrant.valid_to.is_(None), AccountGrant.valid_to > uow.today),
        )
    )
    if held is None:
        raise Refusal(ErrorCode.NOT_FOUND, "clientId")


async def _changed(uow: UnitOfWork, account: BankAccount) -> None:
    account.version += 1
    account.updated_at = uow.now
    uow.notify(account)
