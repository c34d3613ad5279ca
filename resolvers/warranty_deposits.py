"""Quality warranty deposits (物业质量保修金): what comes in and what an official lets go out again (FUND-32, ZD-22).

The money lies in a bank account of the purpose ``WARRANTY_DEPOSIT`` and in the books apart from every other; it goes out only
by a payment instruction, and the books follow what the bank reports.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, func, select

from auth.actor import Grant
from domain.custody import AccountPurpose, MovementKind, check_serial
from domain.disclosures import DisclosureItem
from domain.documents import DocumentAudience
from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.money import format_fen
from domain.officials import Power
from domain.payment_instructions import Payee
from domain.records import Record
from domain.roles import Role
from domain.warranty_deposits import (
    CLAIMS,
    OPENS,
    PURPOSE,
    REMARK,
    TRANSACTION,
    UNDECIDED,
    WarrantyDepositState,
    WarrantyPayoutKind,
    WarrantyPayoutState,
    check_unopposed,
    posting_text,
)
from models.base import new_id
from models.custody import BankAccount
from models.estates import PropertyArea
from models.payment_instructions import PaymentInstruction
from models.warranty_deposits import WarrantyDeposit, WarrantyObjection, WarrantyPayout
from resolvers import custody, disclosures, documents, ledger
from resolvers.payment_instructions import Spending, effects, instruct
from resolvers.unit_of_work import UnitOfWork

ASKERS = frozenset({Role.COMMITTEE, Role.COMPANY_ADMIN, Role.PROJECT_LEADER, Role.BUREAU})
"""Who asks for a repair that the developer owes."""

OBJECTORS = frozenset({Role.OWNER, Role.COMMITTEE, Role.COMMUNITY, Role.TOWNSHIP})
"""Who objects to a refund; an office also for owners who come to its desk."""


async def record(
    uow: UnitOfWork,
    *,
    bank_account_id: uuid.UUID,
    area_id: uuid.UUID,
    developer: str,
    amount: int,
    serial: str,
    value_date: date,
    refundable_from: date,
) -> WarrantyDeposit:
    """Take in what a developer paid for an area's warranty (warrantyDepositRecord); ``amount`` in fen. By the bank or the bureau.

    The same serial with the same amount and area gives the row that is there, with others ``ALREADY_REGISTERED``. Further
    ``INVALID_INPUT`` for a bank account that does not hold the area's warranty deposit, ``OUT_OF_RANGE``, ``REQUIRED``.
    """
    account = await uow.load(BankAccount, bank_account_id, field="bankAccountId")
    grant = await _keeper(uow, BankAccount, account)
    area = await uow.load(PropertyArea, area_id, field="areaId")
    serial = check_serial(serial)
    held_at = await custody.bank_account_of(uow, area_id=area.id, purpose=AccountPurpose.WARRANTY_DEPOSIT)
    if held_at is None or held_at.id != account.id:
        raise Refusal(ErrorCode.INVALID_INPUT, "areaId")
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if value_date > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "valueDate", most=uow.today)
    developer = _said(developer, "developer")
    earlier = await uow.session.scalar(
        select(WarrantyDeposit).where(
            WarrantyDeposit.county == uow.county,
            WarrantyDeposit.bank_account_id == account.id,
            WarrantyDeposit.serial == serial,
        )
    )
    if earlier is not None:
        if (earlier.amount, earlier.area_id) != (amount, area.id):
            raise Refusal(ErrorCode.ALREADY_REGISTERED, "serial")
        return earlier
    owed, money = await _accounts(uow, area.id)
    transaction_id = await ledger.post(
        uow,
        TransactionKind.WARRANTY_PAID_IN,
        [debit(money, amount), credit(owed, amount)],
        reason=f"物业质量保修金交存：{developer}",
        reference=serial,
        occurred_on=value_date,
    )
    deposit = WarrantyDeposit(
        county=uow.county,
        id=new_id(),
        area_id=area.id,
        township=area.township,
        community=area.community,
        bank_account_id=account.id,
        developer=developer,
        amount=amount,
        serial=serial,
        value_date=value_date,
        refundable_from=refundable_from,
        state=WarrantyDepositState.RECORDED.value,
        transaction_id=transaction_id,
    )
    uow.session.add(deposit)
    await _moved(uow, deposit, serial, value_date, amount, transaction_id)
    await uow.audit("warrantyDepositRecord", deposit, grant=grant, detail={"amount": amount})
    return deposit


async def reverse(uow: UnitOfWork, *, id: uuid.UUID, serial: str, value_date: date, reason: str) -> WarrantyDeposit:
    """Take a payment back that the bank took off the account again (warrantyDepositReverse), under the bank's own serial of that.

    ``ALREADY_REVERSED`` the second time, ``INSUFFICIENT_BALANCE`` where the deposit was spent meanwhile.
    """
    deposit = await uow.load(WarrantyDeposit, id, lock=True)
    grant = await _keeper(uow, WarrantyDeposit, deposit)
    reason = _said(reason, "reason")
    if deposit.state == WarrantyDepositState.REVERSED:
        raise Refusal(ErrorCode.ALREADY_REVERSED, "id")
    reversal_id = await ledger.reverse(uow, deposit.transaction_id, reason)
    await _moved(uow, deposit, serial, value_date, -deposit.amount, reversal_id)
    former, deposit.state, deposit.reason = deposit.state, WarrantyDepositState.REVERSED.value, reason
    deposit.reversal_id = reversal_id
    await uow.audit(
        "warrantyDepositReverse", deposit, grant=grant, reason=reason, from_state=former, to_state=deposit.state
    )
    return deposit


async def request_repair(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    basis: str,
    demanded_on: date,
    amount: int,
    document_ids: Sequence[uuid.UUID],
) -> WarrantyPayout:
    """Ask that the deposit pays a repair which the developer did not perform (warrantyRepairRequest).

    By the area's committee, the company that serves it, or the bureau.

    ``MISSING_DOCUMENT`` without papers that show the defect and the demand, ``OUT_OF_RANGE`` for a demand in the future,
    ``INSUFFICIENT_BALANCE`` for more than the deposit has beside other repairs.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId", lock=True)
    grant = await uow.act(ASKERS, PropertyArea, area)
    await disclosures.check_serving(uow, grant, area)
    if demanded_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "demandedOn", most=uow.today)
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if not document_ids:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", kinds=["PHOTO", "OTHER"])
    free = await _free(uow, area.id)
    if amount > free:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=max(free, 0), needed_fen=amount)
    payout = _payout(uow, area, WarrantyPayoutKind.REPAIR, basis, amount, document_ids)
    payout.demanded_on = demanded_on
    uow.session.add(payout)
    await documents.attach(uow, document_ids, payout, audience=DocumentAudience.PUBLISHED)
    await uow.audit("warrantyRepairRequest", payout, grant=grant, to_state=payout.state, documents=document_ids)
    return payout


async def post_refund(uow: UnitOfWork, *, area_id: uuid.UUID, basis: str, objection_contact: str) -> WarrantyPayout:
    """Post on the area's board that the rest goes back to the developer (warrantyRefundPost). By the bureau.

    Refuses ``TOO_EARLY`` before the warranty of every payment is over, ``ALREADY_REGISTERED`` while another refund is under
    way, ``INSUFFICIENT_BALANCE`` where repairs need everything or nothing is there.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId", lock=True)
    grant = await uow.act({Role.BUREAU}, PropertyArea, area)
    under_way = _claims(uow, area.id, WarrantyPayoutKind.REFUND).with_only_columns(WarrantyPayout.id)
    if await uow.session.scalar(under_way.limit(1)):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "areaId")
    free = await _free(uow, area.id)
    if free <= 0:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "areaId", available_fen=0, needed_fen=1)
    deposits = await _deposits(uow, area.id)
    earliest = max(deposit.refundable_from for deposit in deposits)
    if uow.today < earliest:
        raise Refusal(ErrorCode.TOO_EARLY, "areaId", earliest=earliest)
    payout = _payout(uow, area, WarrantyPayoutKind.REFUND, basis, free)
    days = uow.profile.warranty_refund_posting_days
    payout.posted_to = uow.today + timedelta(days=days)
    uow.session.add(payout)
    await uow.session.flush()  # the posting is about it
    developers = "、".join(dict.fromkeys(deposit.developer for deposit in deposits))
    posting = disclosures.Posting(
        title=REMARK[WarrantyPayoutKind.REFUND],
        body=posting_text(developers, format_fen(free), payout.posted_to, payout.basis),
        objection_contact=objection_contact,
        posted_days=days,
    )
    about = disclosures.About("warranty_payout", payout.id)
    posted = await disclosures.put_up(uow, area, DisclosureItem.DECISION, posting, grant=grant, about=about)
    payout.disclosure_id = posted.id
    await uow.audit("warrantyRefundPost", payout, grant=grant, to_state=payout.state, detail={"amount": free})
    return payout


async def object_to_refund(uow: UnitOfWork, *, id: uuid.UUID, text: str) -> WarrantyObjection:
    """Object to a refund while it is posted (warrantyRefundObject): it is not paid then.

    ``ACTION_NOT_AVAILABLE`` for what is not posted, ``LATE`` after the posting's last day, ``ALREADY_REGISTERED`` for a second
    objection of the same person.
    """
    payout = await uow.load(WarrantyPayout, id, lock=True)
    grant = await uow.act(OBJECTORS, WarrantyPayout, payout)
    text = _said(text, "text")
    if payout.state != WarrantyPayoutState.POSTED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="warrantyRefundObject", state=payout.state)
    if payout.posted_to is not None and uow.today > payout.posted_to:
        raise Refusal(ErrorCode.LATE, "id", deadline=payout.posted_to)
    own = _objections(uow, payout).where(WarrantyObjection.account_id == grant.account_id)
    if await uow.session.scalar(own):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "id")
    objection = WarrantyObjection(
        county=uow.county,
        id=new_id(),
        payout_id=payout.id,
        area_id=payout.area_id,
        township=payout.township,
        community=payout.community,
        account_id=grant.account_id,
        role=grant.role.value,
        text=text,
    )
    uow.session.add(objection)
    await uow.audit("warrantyRefundObject", objection, grant=grant)
    return objection


@dataclass(frozen=True)
class Approval(Record):
    """What is granted, and to whose account it is paid."""

    id: uuid.UUID
    payee: Payee


async def approve(uow: UnitOfWork, **wanted: object) -> WarrantyPayout:
    """Grant a repair or refund and tell the bank to pay it (warrantyPayoutApprove, ``Approval``). By another official than asked.

    Refuses ``SECOND_PERSON_REQUIRED``, ``POSTING_PERIOD_NOT_OVER``, ``ACTION_NOT_AVAILABLE`` for what is decided or objected
    to, ``INSUFFICIENT_BALANCE`` where the money is promised or spent meanwhile; further as ``instruct``.
    """
    given = Approval(**wanted)  # type: ignore[arg-type]
    payout, grant = await _to_decide(uow, given.id, "warrantyPayoutApprove")
    if payout.requested_by == grant.account_id:
        raise Refusal(ErrorCode.SECOND_PERSON_REQUIRED, "id")
    objections = await uow.session.scalar(_objections(uow, payout).with_only_columns(func.count()))
    check_unopposed(payout.posted_to, int(objections or 0), uow.today)
    free = await _free(uow, payout.area_id, besides=payout.id)
    if payout.amount > free:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "id", available_fen=max(free, 0), needed_fen=payout.amount)
    held_at = await custody.bank_account_of(uow, area_id=payout.area_id, purpose=AccountPurpose.WARRANTY_DEPOSIT)
    if held_at is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="warrantyPayoutApprove", state="NO_BANK_ACCOUNT")
    kind, former = WarrantyPayoutKind(payout.kind), payout.state
    _owed, money = await _accounts(uow, payout.area_id)
    instruction = await instruct(
        uow,
        PURPOSE[kind],
        payout,
        money_account_id=money,
        bank_account_id=held_at.id,
        payee=given.payee,
        amount=payout.amount,
        remark=REMARK[kind],
    )
    payout.instruction_id, payout.decided_by = instruction.id, grant.account_id
    payout.state = WarrantyPayoutState.INSTRUCTED.value
    await uow.audit("warrantyPayoutApprove", payout, grant=grant, from_state=former, to_state=payout.state)
    return payout


async def decline(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> WarrantyPayout:
    """Do not grant a repair or refund (warrantyPayoutDecline), also after objections; a refund may be posted anew."""
    payout, grant = await _to_decide(uow, id, "warrantyPayoutDecline")
    payout.reason, payout.decided_by = _said(reason, "reason"), grant.account_id
    former, payout.state = payout.state, WarrantyPayoutState.DECLINED.value
    await uow.audit(
        "warrantyPayoutDecline", payout, grant=grant, reason=payout.reason, from_state=former, to_state=payout.state
    )
    return payout


async def _paid(uow: UnitOfWork, instruction: PaymentInstruction) -> Spending:
    payout = await _of(uow, instruction)
    payout.state = WarrantyPayoutState.PAID.value
    owed, _money = await _accounts(uow, payout.area_id)
    kind = WarrantyPayoutKind(payout.kind)
    return Spending([debit(owed, payout.amount)], reason=f"{REMARK[kind]}：{payout.basis}", kind=TRANSACTION[kind])


async def _not_paid(uow: UnitOfWork, instruction: PaymentInstruction) -> None:
    (await _of(uow, instruction)).state = WarrantyPayoutState.FAILED.value


for _purpose in PURPOSE.values():
    effects(_purpose, executed=_paid, failed=_not_paid, returned=_not_paid)


async def _of(uow: UnitOfWork, instruction: PaymentInstruction) -> WarrantyPayout:
    return await uow.session.get_one(WarrantyPayout, (uow.county, instruction.source_id), with_for_update=True)


async def _keeper(uow: UnitOfWork, model: type[BankAccount | WarrantyDeposit], row: object) -> Grant:
    """The bank's system, or an official who may decide about money: whoever records what a bank has reported."""
    power = None if Role.BANK in uow.roles else Power.FUNDS_APPROVE
    return await uow.act({Role.BANK, Role.BUREAU}, model, row, power=power)  # type: ignore[arg-type]


async def _to_decide(uow: UnitOfWork, id: uuid.UUID, action: str) -> tuple[WarrantyPayout, Grant]:
    payout = await uow.load(WarrantyPayout, id)
    grant = await uow.act({Role.BUREAU}, WarrantyPayout, payout, power=Power.FUNDS_APPROVE)
    # The area's row is the queue for all who promise its money; whoever waited there reads the payout anew.
    await uow.load(PropertyArea, payout.area_id, lock=True)
    payout = await uow.load(WarrantyPayout, id, lock=True)
    if payout.state not in UNDECIDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action=action, state=payout.state)
    return payout, grant


def _payout(
    uow: UnitOfWork,
    area: PropertyArea,
    kind: WarrantyPayoutKind,
    basis: str,
    amount: int,
    document_ids: Sequence[uuid.UUID] = (),
) -> WarrantyPayout:
    return WarrantyPayout(
        county=uow.county,
        id=new_id(),
        area_id=area.id,
        township=area.township,
        community=area.community,
        kind=kind.value,
        basis=_said(basis, "basis"),
        amount=amount,
        document_ids=list(document_ids),
        state=OPENS[kind].value,
        requested_by=uow.actor.account_id,
    )


async def _moved(
    uow: UnitOfWork, deposit: WarrantyDeposit, serial: str, on: date, amount: int, transaction_id: uuid.UUID
) -> None:
    await custody.moved(
        uow,
        deposit.bank_account_id,
        serial=serial,
        value_date=on,
        amount=amount,
        kind=MovementKind.DEPOSIT,
        transaction_id=transaction_id,
    )


async def _accounts(uow: UnitOfWork, area_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """What the area's developer is owed back, and where the money lies now."""
    return (
        await ledger.account(uow, AccountKind.WARRANTY_DEPOSIT, area_id=area_id),
        await custody.money(uow, AccountPurpose.WARRANTY_DEPOSIT, area_id=area_id),
    )


async def _deposits(uow: UnitOfWork, area_id: uuid.UUID) -> Sequence[WarrantyDeposit]:
    found = select(WarrantyDeposit).where(
        WarrantyDeposit.county == uow.county,
        WarrantyDeposit.area_id == area_id,
        WarrantyDeposit.state == WarrantyDepositState.RECORDED.value,
    )
    return (await uow.session.scalars(found.order_by(WarrantyDeposit.value_date, WarrantyDeposit.id))).all()


def _claims(uow: UnitOfWork, area_id: uuid.UUID, kind: WarrantyPayoutKind) -> Select[WarrantyPayout]:
    return select(WarrantyPayout).where(
        WarrantyPayout.county == uow.county,
        WarrantyPayout.area_id == area_id,
        WarrantyPayout.kind == kind.value,
        WarrantyPayout.state.in_(sorted(CLAIMS)),
    )


async def _free(uow: UnitOfWork, area_id: uuid.UUID, besides: uuid.UUID | None = None) -> int:
    """What an area's deposit has, in fen, less what repairs may still take but the one ``besides``: repairs come first."""
    owed, _money = await _accounts(uow, area_id)
    held = await ledger.balance(uow.session, uow.county, owed)
    repairs = _claims(uow, area_id, WarrantyPayoutKind.REPAIR).where(WarrantyPayout.id.is_distinct_from(besides))
    taken = await uow.session.scalar(repairs.with_only_columns(func.coalesce(func.sum(WarrantyPayout.amount), 0)))
    return held - int(taken or 0)


def _objections(uow: UnitOfWork, payout: WarrantyPayout) -> Select[WarrantyObjection]:
    return select(WarrantyObjection).where(
        WarrantyObjection.county == uow.county, WarrantyObjection.payout_id == payout.id
    )


def _said(text: str, field: str) -> str:
    if not text.strip():
        raise Refusal(ErrorCode.REQUIRED, field)
    return text.strip()
