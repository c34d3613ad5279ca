"""Late fees (违约金, FEE-9): charged as bills of their own, when the company asks or once the late principal is paid.

A bill is charged what has accrued on it less what was charged before, so charging twice charges nothing twice.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Integer, Select, case, func, select, type_coerce
from sqlalchemy.orm import aliased

from domain.bills import BILLERS, BillKind, BillState
from domain.contracts import ContractMode
from domain.errors import ErrorCode, Refusal
from domain.late_fees import late_fee
from domain.ledger import AccountKind, Line, TransactionKind, credit, debit
from domain.payments import PaymentState
from models.base import new_id
from models.fees import ChargeItem, FeeBill
from models.payments import Allocation, Payment
from resolvers.jobs import nightly
from resolvers.ledger import account, post
from resolvers.unit_of_work import UnitOfWork

PORTION = 500
"""Bills that the county's clock charges in one transaction."""

TITLE = "违约金"
_OWED_LATE = frozenset({BillState.ISSUED, BillState.PARTIALLY_PAID, BillState.PAID})
"""A disputed bill rests, and so does what would accrue on it; a voided one owes nothing."""


@dataclass(frozen=True)
class Accrued:
    """What one bill's lateness comes to: ``fee`` in fen altogether, ``charged`` of it before, until the day ``until``."""

    bill: FeeBill
    mode: str
    fee: int
    charged: int
    times: int
    until: date

    @property
    def to_charge(self) -> int:
        """What is still to be charged, in fen."""
        return max(0, self.fee - self.charged)


async def late_fee_charge(uow: UnitOfWork, *, bill_id: uuid.UUID) -> FeeBill:
    """Charge what has accrued until today on one overdue bill and was not charged before (lateFeeCharge).

    Refuses ``LATE_FEE_NOT_AGREED`` for a bill whose charge item agrees none and for one that is itself a late fee (FEE-9),
    ``ACTION_NOT_AVAILABLE`` for a disputed or voided one, ``TOO_EARLY`` where nothing has accrued.
    """
    late = await uow.load(FeeBill, bill_id, lock=True, field="billId")
    grant = await uow.act(BILLERS, FeeBill, late)
    if late.state not in _OWED_LATE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "billId", state=late.state)
    found = await accrued(uow, [late.id])
    if not found:
        raise Refusal(ErrorCode.LATE_FEE_NOT_AGREED, "billId")
    charged = await _charge(uow, found)
    if not charged:
        raise Refusal(ErrorCode.TOO_EARLY, "billId", earliest=late.due_on + timedelta(days=1))
    (fee,) = charged
    await uow.audit("lateFeeCharge", fee, grant=grant, to_state=fee.state, detail={"amount": fee.amount})
    return fee


@nightly
async def charge_what_was_paid_late(uow: UnitOfWork) -> bool:
    """Charge the late fee of bills that were paid in full after their last day; ``True`` while there are more."""
    fee = aliased(FeeBill)
    charged_until = select(func.max(fee.period_to)).where(
        fee.county == FeeBill.county, fee.late_for_id == FeeBill.id, fee.state != BillState.VOIDED.value
    )
    paid_late = (
        select(FeeBill.id)
        .join(ChargeItem, (ChargeItem.county == FeeBill.county) & (ChargeItem.id == FeeBill.charge_item_id))
        .where(
            FeeBill.county == uow.county,
            ChargeItem.county == uow.county,
            ChargeItem.late_fee_rate.is_not(None),
            FeeBill.kind == BillKind.PRINCIPAL.value,
            FeeBill.state == BillState.PAID.value,
            FeeBill.paid_on > FeeBill.due_on,
            func.coalesce(charged_until.scalar_subquery(), FeeBill.due_on) < FeeBill.paid_on,
        )
        .order_by(FeeBill.id)
        .limit(PORTION)
        .with_for_update(of=FeeBill, skip_locked=True)
    )
    ids = list((await uow.session.scalars(paid_late)).all())
    charged = await _charge(uow, await accrued(uow, ids)) if ids else []
    # Bills whose late fee rounds to nothing stay; a portion that charged nothing would find them for ever.
    return len(ids) == PORTION and bool(charged)


async def accrued(uow: UnitOfWork, bill_ids: Sequence[uuid.UUID]) -> list[Accrued]:
    """What has accrued on each of these bills until today, or until it was paid; bills without an agreed rate are left out."""
    rows = await uow.session.execute(_figures(uow, bill_ids))
    found = []
    for bill, rate, mode, paid_late, charged, times in rows:
        owed = bill.amount + bill.adjusted
        until = bill.paid_on if bill.state == BillState.PAID else uow.today
        open_days = max(0, (uow.today - bill.due_on).days)
        fen_days = int(paid_late) + (owed - bill.settled) * open_days
        fee = late_fee(owed, fen_days, rate, uow.profile.late_fee_cap_percent)
        found.append(Accrued(bill, mode, fee, int(charged), int(times), until))
    return found


def _figures(uow: UnitOfWork, bill_ids: Sequence[uuid.UUID]) -> Select[Any]:
    """Bills with their rate, what was paid of them late in fen × days (``domain.late_fees.late_fen_days``), and charged fees."""
    fee = aliased(FeeBill)
    # What a reduction gave back was never owed, and counts with the day it was paid; a payment that was taken back was
    # there from its day to the day it went.
    first = func.min(Allocation.occurred_on).over(partition_by=(Allocation.bill_id, Allocation.payment_id))
    paid = (
        select(
            Allocation.bill_id,
            Allocation.amount,
            case((Payment.state == PaymentState.SUCCEEDED.value, first), else_=Allocation.occurred_on).label("day"),
        )
        .join(Payment, (Payment.county == Allocation.county) & (Payment.id == Allocation.payment_id))
        .where(Allocation.county == uow.county, Payment.county == uow.county, Allocation.bill_id.in_(bill_ids))
        .subquery()
    )
    days = func.greatest(type_coerce(paid.c.day - FeeBill.due_on, Integer), 0)
    paid_late = select(func.coalesce(func.sum(paid.c.amount * days), 0)).where(paid.c.bill_id == FeeBill.id)
    counts = (fee.county == uow.county, fee.late_for_id == FeeBill.id)
    charged = select(func.coalesce(func.sum(fee.amount), 0)).where(*counts, fee.state != BillState.VOIDED.value)
    times = select(func.count()).where(*counts)
    return (
        select(
            FeeBill,
            ChargeItem.late_fee_rate,
            ChargeItem.mode,
            paid_late.scalar_subquery(),
            charged.scalar_subquery(),
            times.scalar_subquery(),
        )
        .join(ChargeItem, (ChargeItem.county == FeeBill.county) & (ChargeItem.id == FeeBill.charge_item_id))
        .where(
            FeeBill.county == uow.county,
            ChargeItem.county == uow.county,
            FeeBill.id.in_(bill_ids),
            FeeBill.kind == BillKind.PRINCIPAL.value,
            ChargeItem.late_fee_rate.is_not(None),
        )
        .order_by(FeeBill.id)
    )


async def _charge(uow: UnitOfWork, found: Sequence[Accrued]) -> list[FeeBill]:
    """Issue the late fees as bills: one ledger transaction for each area, company and way of being paid."""
    groups: dict[tuple[uuid.UUID, uuid.UUID, str], list[Accrued]] = defaultdict(list)
    for one in found:
        if one.to_charge:
            groups[one.bill.area_id, one.bill.company_id, one.mode].append(one)
    charged: list[FeeBill] = []
    for (area_id, company_id, mode), members in sorted(groups.items()):
        kind = AccountKind.FEE_INCOME if mode == ContractMode.LUMP_SUM else AccountKind.FEE_ADVANCE
        income = await account(uow, kind, area_id=area_id, company_id=company_id)
        owing: dict[uuid.UUID, int] = defaultdict(int)
        for one in members:
            owing[one.bill.receivable_id] += one.to_charge
        total = sum(owing.values())
        lines: list[Line] = [debit(receivable, fen) for receivable, fen in sorted(owing.items())]
        first = members[0].bill.number
        reference = first if len(members) == 1 else f"{first} (+{len(members) - 1})"
        transaction_id = await post(
            uow, TransactionKind.BILLS_ISSUED, [*lines, credit(income, total)], reason=TITLE, reference=reference
        )
        charged += [_bill(uow, one, transaction_id) for one in members]
    uow.session.add_all(charged)
    await uow.session.flush()
    return charged


def _bill(uow: UnitOfWork, one: Accrued, transaction_id: uuid.UUID) -> FeeBill:
    """The late fee of one bill, due with it: nothing accrues on it again."""
    late = one.bill
    return FeeBill(
        county=uow.county,
        id=new_id(),
        number=f"{late.number}-W{one.times + 1}",
        kind=BillKind.LATE_FEE.value,
        late_for_id=late.id,
        transaction_id=transaction_id,
        title=f"{TITLE}：{late.title}",
        period_from=late.due_on + timedelta(days=1),
        period_to=one.until,
        area=0,
        unit_price=one.to_charge,
        amount=one.to_charge,
        state=BillState.ISSUED.value,
        issued_on=uow.today,
        due_on=uow.today,
        **{
            name: getattr(late, name)
            for name in (
                "unit_id",
                "estate_id",
                "area_id",
                "company_id",
                "township",
                "community",
                "charge_item_id",
                "item_disclosure_id",
                "receivable_id",
                "payer",
                "basis",
            )
        },
    )
