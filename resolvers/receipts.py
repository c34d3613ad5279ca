"""Takings: money recorded and spread over bills, or taken back (FEE-7, FEE-11, SM-14). What is left over: ``prepaid``."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from auth.actor import Grant
from domain.bills import COLLECTORS, PAYABLE, BillKind
from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.payments import CHANNELS_OF, MONEY_ACCOUNT, REVERSIBLE_BY, Channel, OpenBill, PaymentState, allocate
from models.base import new_id
from models.estates import Unit
from models.fees import ChargeItem, FeeBill
from models.ledger import Posting
from models.payments import Allocation, Payment
from resolvers.fee_invoices import take_invoice_back
from resolvers.fee_receipts import void_receipt_of
from resolvers.ledger import account, post, reverse
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Part:
    """What one payment gives to one bill, in fen; negative when it takes it back."""

    payment_id: uuid.UUID
    bill_id: uuid.UUID
    amount: int


# A bill's ``settled`` and ``state`` change only here and in ``resolvers.payments``, in the statement that writes the
# allocations. A disputed bill keeps its state: the dispute's end works it out anew.
_SETTLE = text("""
WITH given AS (
  SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:payments AS uuid[]), CAST(:bills AS uuid[]),
                       CAST(:amounts AS bigint[])) AS part (id, payment_id, bill_id, amount)
),
allocations AS (
  INSERT INTO allocation (county, id, payment_id, bill_id, amount, occurred_on, created_at)
  SELECT :county, id, payment_id, bill_id, amount, CAST(:occurred_on AS date), CAST(:now AS timestamptz) FROM given
)
UPDATE fee_bill b
SET settled = b.settled + part.amount,
    state = CASE WHEN b.state IN ('DISPUTED', 'VOIDED') THEN b.state
                 WHEN b.settled + part.amount = b.amount + b.adjusted THEN 'PAID'
                 WHEN b.settled + part.amount > 0 THEN 'PARTIALLY_PAID' ELSE 'ISSUED' END,
    paid_on = CASE WHEN b.settled + part.amount = b.amount + b.adjusted THEN CAST(:occurred_on AS date) END,
    updated_at = CAST(:now AS timestamptz)
FROM (SELECT bill_id, CAST(sum(amount) AS bigint) AS amount FROM given GROUP BY bill_id) part
WHERE b.county = :county AND b.id = part.bill_id
""")


async def settle(uow: UnitOfWork, parts: Sequence[Part], occurred_on: date) -> None:
    """Write allocations and move the bills' ``settled`` and ``state`` with them. The bills are locked by the caller."""
    if not parts:
        return
    await uow.session.flush()
    await uow.session.execute(
        _SETTLE,
        {
            "county": uow.county,
            "ids": [new_id() for _ in parts],
            "payments": [part.payment_id for part in parts],
            "bills": [part.bill_id for part in parts],
            "amounts": [part.amount for part in parts],
            "occurred_on": occurred_on,
            "now": uow.now,
        },
    )


async def open_bills(
    uow: UnitOfWork, unit_id: uuid.UUID, company_id: uuid.UUID, only: Iterable[uuid.UUID] | None = None
) -> tuple[OpenBill, ...]:
    """What a unit can pay to a company now, locked in order of id; disputed bills rest."""
    statement = (
        select(FeeBill)
        .where(
            FeeBill.county == uow.county,
            FeeBill.unit_id == unit_id,
            FeeBill.company_id == company_id,
            FeeBill.state.in_(sorted(PAYABLE)),
        )
        .order_by(FeeBill.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if only is not None:
        statement = statement.where(FeeBill.id.in_(list(only)))
    return tuple(
        OpenBill(bill.id, BillKind(bill.kind), bill.due_on, bill.number, bill.amount + bill.adjusted - bill.settled)
        for bill in (await uow.session.execute(statement)).scalars()
    )


async def payment_record(
    uow: UnitOfWork,
    *,
    unit_id: uuid.UUID,
    company_id: uuid.UUID,
    amount: int,
    channel: Channel,
    reference: str,
    received_on: date,
    payer_name: str | None = None,
    bill_ids: Sequence[uuid.UUID] = (),
) -> Payment:
    """Record money (fen) that a unit paid to a company, and settle its bills with it: principal before late fees, oldest
    due first, or the bills that the payer designates (FEE-11). What no bill takes is kept for later ones.

    The same reference with the same unit, company and amount gives the payment that is there (a bank may report twice);
    with others it is refused (``ALREADY_REGISTERED``), and once that payment was taken back (``ALREADY_REVERSED``): the money
    is not in the books. Further ``NOT_FOUND``, ``OUT_OF_RANGE``, ``INVALID_INPUT``.
    """
    channel = Channel(channel)
    item = await served(uow, unit_id, company_id)
    grant = await uow.act(COLLECTORS, ChargeItem, item)
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if received_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "receivedOn", most=uow.today)
    if not reference.strip():
        raise Refusal(ErrorCode.REQUIRED, "reference")
    if channel not in CHANNELS_OF[grant.role]:
        raise Refusal(ErrorCode.INVALID_INPUT, "channel")
    issuer = uow.actor.client_id or str(company_id)
    earlier = await _recorded(uow, channel, issuer, reference)
    if earlier is None:
        payment = Payment(
            county=uow.county,
            id=new_id(),
            unit_id=unit_id,
            company_id=company_id,
            area_id=item.area_id,
            township=item.township,
            community=item.community,
            channel=channel.value,
            issuer=issuer,
            reference=reference,
            amount=amount,
            payer_name=payer_name,
            received_on=received_on,
            recorded_by=uow.actor.account_id,
            recorded_by_client=uow.actor.client_id,
        )
        try:
            async with uow.session.begin_nested():
                return await take(uow, payment, grant=grant, only=bill_ids or None)
        except IntegrityError as error:
            if "uq_payment" not in str(error.orig):
                raise
            # The other report of the same money was faster.
            earlier = await _recorded(uow, channel, issuer, reference)
    if earlier is None or (earlier.unit_id, earlier.company_id, earlier.amount) != (unit_id, company_id, amount):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "reference")
    if earlier.state != PaymentState.SUCCEEDED:
        raise Refusal(ErrorCode.ALREADY_REVERSED, "reference")
    return earlier


async def take(uow: UnitOfWork, payment: Payment, *, grant: Grant, only: Iterable[uuid.UUID] | None = None) -> Payment:
    """Write a new payment: its allocation, its transaction, its event. ``only`` are the bills that the payer designates."""
    wanted = None if only is None else list(only)
    bills = await open_bills(uow, payment.unit_id, payment.company_id, wanted)
    if wanted is not None and {bill.id for bill in bills} != set(wanted):
        raise Refusal(ErrorCode.BILL_NOT_PAYABLE, "billIds")
    shares, left = allocate(payment.amount, bills)
    money = MONEY_ACCOUNT[Channel(payment.channel)]
    owner = {} if money is AccountKind.OPENING else {"company_id": payment.company_id}
    payment.prepaid = left
    lines = [debit(await account(uow, money, **owner), payment.amount)]
    for kind, part in ((AccountKind.RECEIVABLE, payment.amount - left), (AccountKind.PREPAID, left)):
        if part:
            lines.append(credit(await towards(uow, kind, payment), part))
    payment.transaction_id = await post(
        uow,
        TransactionKind.PAYMENT,
        lines,
        reason=payment.channel,
        reference=payment.reference,
        occurred_on=payment.received_on,
    )
    uow.session.add(payment)
    await settle(uow, [Part(payment.id, share.bill_id, share.amount) for share in shares], payment.received_on)
    await uow.audit("paymentRecord", payment, grant=grant, detail={"bills": len(shares), "prepaid": left})
    return payment


async def payment_reverse(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Payment:
    """Take a payment back: its bills are open again by what it gave them, its money leaves the account (SM-14).

    By whoever answers for its channel: the bank for its own, the company for its own, the bureau for what was attested
    when it was brought in (``FORBIDDEN_ROLE`` for others). ``ALREADY_REVERSED`` the second time; ``ACTION_NOT_AVAILABLE``
    once part of it was paid back.
    """
    payment = await uow.load(Payment, id, lock=True)
    grant = await uow.act(REVERSIBLE_BY.keys(), Payment, payment)
    if Channel(payment.channel) not in REVERSIBLE_BY[grant.role]:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "id")
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if payment.state != PaymentState.SUCCEEDED:
        raise Refusal(ErrorCode.ALREADY_REVERSED, "id")
    if payment.refunded:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=payment.state)
    given = await _net_allocations(uow, Allocation.payment_id == payment.id)
    await lock_bills(uow, [part.bill_id for part in given])
    prepaid_account = await towards(uow, AccountKind.PREPAID, payment)
    # Since it came in, bills may have taken from what it left over, or given back to it. First put that straight, then
    # the original entry can be mirrored as it was.
    since = await _prepaid_at_receipt(uow, payment, prepaid_account) - payment.prepaid
    if since:
        receivable = await towards(uow, AccountKind.RECEIVABLE, payment)
        taken = since > 0
        await post(
            uow,
            TransactionKind.PREPAID_RELEASED if taken else TransactionKind.PREPAID_APPLIED,
            [debit(receivable, since), credit(prepaid_account, since)],
            reason=reason,
        )
    await reverse(uow, payment.transaction_id, reason)
    await settle(uow, [Part(part.payment_id, part.bill_id, -part.amount) for part in given], uow.today)
    payment.state = PaymentState.REVERSED.value
    payment.prepaid = 0
    payment.reversal_reason = reason
    payment.reversed_at = uow.now
    await void_receipt_of(uow, payment, grant, reason)
    await take_invoice_back(uow, payment, grant, reason)
    await uow.audit("paymentReverse", payment, grant=grant, reason=reason)
    return payment


async def release(uow: UnitOfWork, bill: FeeBill, amount: int) -> None:
    """Give back ``amount`` fen that a bill has taken, newest allocations first; it becomes its payers' advance money.

    The caller has locked the bill and posts the transaction (receivable to prepaid) with its own.
    """
    given = sorted(
        await _net_allocations(uow, Allocation.bill_id == bill.id), key=lambda part: part.payment_id, reverse=True
    )
    parts: list[Part] = []
    left = amount
    for part in given:
        back = min(left, part.amount)
        if back:
            parts.append(Part(part.payment_id, bill.id, -back))
            left -= back
    for part in parts:
        payment = await uow.session.get_one(
            Payment, (uow.county, part.payment_id), with_for_update={"key_share": True}, populate_existing=True
        )
        payment.prepaid -= part.amount
    await settle(uow, parts, uow.today)


async def lock_bills(uow: UnitOfWork, ids: Iterable[uuid.UUID]) -> None:
    """Lock bills in the order that everybody locks them in."""
    await uow.session.execute(
        select(FeeBill.id)
        .where(FeeBill.county == uow.county, FeeBill.id.in_(list(ids)))
        .order_by(FeeBill.id)
        .with_for_update(key_share=True)
    )


async def served(uow: UnitOfWork, unit_id: uuid.UUID, company_id: uuid.UUID) -> ChargeItem:
    """One of the company's charge items in the unit's area: that it serves the unit, and where the unit lies."""
    statement = (
        uow.select(ChargeItem)
        .join(Unit, (Unit.county == ChargeItem.county) & (Unit.area_id == ChargeItem.area_id))
        .where(Unit.county == uow.county, Unit.id == unit_id, ChargeItem.company_id == company_id)
        .order_by(ChargeItem.id)
        .limit(1)
    )
    found = (await uow.session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise Refusal(ErrorCode.NOT_FOUND, "unitId")
    return found


async def _recorded(uow: UnitOfWork, channel: Channel, issuer: str, reference: str) -> Payment | None:
    return (
        await uow.session.execute(
            select(Payment).where(
                Payment.county == uow.county,
                Payment.channel == channel.value,
                Payment.issuer == issuer,
                Payment.reference == reference,
            )
        )
    ).scalar_one_or_none()


async def towards(uow: UnitOfWork, kind: AccountKind, payment: Payment) -> uuid.UUID:
    """The account of a kind between the payment's unit and its company."""
    return await account(uow, kind, unit_id=payment.unit_id, company_id=payment.company_id)


async def _net_allocations(uow: UnitOfWork, about: object) -> list[Part]:
    rows = await uow.session.execute(
        select(Allocation.payment_id, Allocation.bill_id, func.sum(Allocation.amount))
        .where(Allocation.county == uow.county, about)  # type: ignore[arg-type]
        .group_by(Allocation.payment_id, Allocation.bill_id)
        .having(func.sum(Allocation.amount) != 0)
    )
    return [Part(payment_id, bill_id, int(amount)) for payment_id, bill_id, amount in rows]


async def _prepaid_at_receipt(uow: UnitOfWork, payment: Payment, prepaid_account: uuid.UUID) -> int:
    signed = await uow.session.scalar(
        select(func.coalesce(func.sum(Posting.amount), 0)).where(
            Posting.county == uow.county,
            Posting.transaction_id == payment.transaction_id,
            Posting.account_id == prepaid_account,
        )
    )
    return -int(signed or 0)
