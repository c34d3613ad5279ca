"""Money that has to come back to the fund: overpaid, or misused; what comes back is on the bearers' accounts again (FUND-30)."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from domain.custody import MovementKind
from domain.errors import ErrorCode, Refusal
from domain.fund_shares import Bearer
from domain.fund_use import FINE_TIMES, RecoveryReason, RecoveryState
from domain.ledger import Line, TransactionKind, debit
from domain.money import apportion
from domain.officials import Power
from domain.roles import Role
from models.base import new_id
from models.fund_use import FundRecovery
from models.funds import FundRequest, FundShare
from resolvers import fund_shares, ledger
from resolvers.custody import bank_account_of, fund_money, moved
from resolvers.unit_of_work import UnitOfWork

SUPERVISORS = (Role.TOWNSHIP, Role.BUREAU)


async def open_for(
    uow: UnitOfWork, request: FundRequest, kind: RecoveryReason, amount: int, *, party: str, note: str
) -> FundRecovery:
    """Demand ``amount`` fen of a request's payments back from ``party``; the request stays open until they are there."""
    if request.area_id is None:
        raise Refusal(ErrorCode.REQUIRED, "areaId")
    row = FundRecovery(
        county=uow.county,
        id=new_id(),
        fund_request_id=request.id,
        area_id=request.area_id,
        township=request.township,
        community=request.community,
        reason_kind=kind.value,
        note=note,
        party=party,
        amount=amount,
        recovered=0,
        state=RecoveryState.OPEN.value,
        opened_on=uow.today,
        opened_by=uow.actor.account_id,
        version=1,
    )
    uow.session.add(row)
    request.open_recoveries += 1
    await uow.session.flush()
    uow.notify(row)
    return row


async def open_(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    amount: int,
    party: str,
    note: str,
    gains: int = 0,
    fine: int = 0,
    warned_on: date | None = None,
    blacklist: bool = False,
) -> FundRecovery:
    """Demand misused money back (fundRecoveryOpen, FUND-30, PMR 60), as the township or the bureau.

    ``amount`` in fen, at most what was paid and is not demanded yet; ``gains`` and ``fine`` (at most twice the amount) are
    recorded and go to the treasury, not to the fund. ``blacklist`` notes the reason to propose the party for the black list.
    """
    request = await uow.load(FundRequest, id, lock=True)
    grant = await uow.act(SUPERVISORS, FundRequest, request)
    for field, text in (("party", party), ("note", note)):
        if not text.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    least_left = request.paid - await _demanded(uow, request)
    if not 0 < amount <= least_left:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1, most=max(least_left, 0))
    if gains < 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "gains", least=0)
    if not 0 <= fine <= FINE_TIMES * amount:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "fine", least=0, most=FINE_TIMES * amount)
    row = await open_for(uow, request, RecoveryReason.MISUSE, amount, party=party.strip(), note=note.strip())
    row.gains, row.fine, row.warned_on, row.blacklist = gains, fine, warned_on, blacklist
    await uow.audit("fundRecoveryOpen", row, grant=grant, reason=row.note, detail={"amount": amount, "fine": fine})
    await uow.reschedule(request)
    return row


async def receive(uow: UnitOfWork, *, id: uuid.UUID, serial: str, value_date: date, amount: int) -> FundRecovery:
    """Record money that came back into the fund's account, as the cashier (fundRecoveryReceive).

    ``serial`` is the bank's own number of the movement (``ALREADY_REGISTERED`` when it is known). ``amount`` in fen, at
    most what is still missing; it goes back to the bearers by what was taken from them too much.
    """
    row = await uow.load(FundRecovery, id, lock=True)
    grant = await uow.act((Role.BUREAU,), FundRecovery, row, power=Power.FUNDS_RELEASE)
    request = await uow.load(FundRequest, row.fund_request_id, lock=True)
    missing = row.amount - row.recovered
    if not 0 < amount <= missing:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1, most=missing)
    at = await bank_account_of(uow, area_id=row.area_id)
    if at is None:
        raise Refusal(ErrorCode.CUSTODIAN_REQUIRED)
    transaction_id = await ledger.post(
        uow,
        TransactionKind.FUND_RECOVERED,
        [debit(await fund_money(uow, area_id=row.area_id), amount), *await _restored(uow, request, row, amount)],
        reason=f"{request.title}：追回资金",
        reference=serial,
        occurred_on=value_date,
    )
    await moved(
        uow,
        at.id,
        serial=serial,
        value_date=value_date,
        amount=amount,
        kind=MovementKind.OTHER,
        transaction_id=transaction_id,
    )
    row.recovered += amount
    if row.recovered == row.amount:
        row.state = RecoveryState.RECOVERED.value
        request.open_recoveries -= 1
    row.version, row.updated_at = row.version + 1, uow.now
    await uow.audit("fundRecoveryReceive", row, grant=grant, detail={"amount": amount}, to_state=row.state)
    await uow.reschedule(request)
    uow.notify(row)
    return row


async def _demanded(uow: UnitOfWork, request: FundRequest) -> int:
    rows = await recoveries_of(uow, request)
    return sum(row.amount for row in rows)


async def recoveries_of(uow: UnitOfWork, request: FundRequest) -> Sequence[FundRecovery]:
    """All recoveries of a request, oldest first."""
    found = await uow.session.scalars(
        select(FundRecovery)
        .where(FundRecovery.county == uow.county, FundRecovery.fund_request_id == request.id)
        .order_by(FundRecovery.id)
    )
    return list(found)


async def _restored(uow: UnitOfWork, request: FundRequest, recovery: FundRecovery, amount: int) -> list[Line]:
    """Credits of the bearers' accounts: by what was drawn beyond the final part, or by all that was drawn."""
    shares = [row for row in await fund_shares.shares_of(uow, request) if row.bearer != Bearer.DEVELOPER]
    overpaid = recovery.reason_kind == RecoveryReason.OVERPAID
    weights = [
        (str(share.id), max(share.drawn - share.restored - (share.amount if overpaid else 0), 0)) for share in shares
    ]
    parts = apportion(amount, weights)
    accounts = await fund_shares.accounts_of(uow, shares)
    lines = []
    for share in shares:
        if part := parts[str(share.id)]:
            share.restored += part
            lines.append(Line(_known(accounts.get(fund_shares.bearer_key(share)), share), -part))
    return lines


def _known(account_id: uuid.UUID | None, share: FundShare) -> uuid.UUID:
    if account_id is None:
        raise AssertionError(f"share {share.id} was drawn from an account")
    return account_id
