"""What bearers' accounts lack: held for payments under way, and claimed from the owners (FUND-5, FUND-18, FUND-28).

A claim is a memo in the ledger, never money: the contractor waits for what an account lacks until its owner has paid it in.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, func, select

from domain.errors import ErrorCode, Refusal
from domain.fund_shares import Bearer
from domain.ledger import AccountKind, Line, TransactionKind
from domain.payment_instructions import InstructionState
from models.fund_use import FundDraw, FundPayment
from models.funds import FundRequest, FundShare
from resolvers import ledger
from resolvers.fund_shares import accounts_of, bearer_key
from resolvers.unit_of_work import UnitOfWork

BearerKey = tuple[str, uuid.UUID]


async def pending(uow: UnitOfWork, shares: Sequence[FundShare]) -> Mapping[uuid.UUID, int]:
    """What payments under way will take for each share, in fen."""
    found = await uow.session.execute(
        select(FundDraw.share_id, func.sum(FundDraw.amount))
        .join(FundPayment, (FundPayment.county == FundDraw.county) & (FundPayment.id == FundDraw.payment_id))
        .where(
            FundDraw.county == uow.county,
            FundDraw.share_id.in_([share.id for share in shares]),
            FundPayment.state == InstructionState.ISSUED.value,
        )
        .group_by(FundDraw.share_id)
    )
    return {share_id: int(amount) for share_id, amount in found}


async def held(uow: UnitOfWork, shares: Iterable[FundShare]) -> Mapping[BearerKey, int]:
    """What payments of all requests under way will take from the shares' bearers, in fen.

    What such a payment will give back to a bearer is not there before the bank has paid.
    """
    shares = list(shares)
    return await _under_way(
        uow,
        FundShare.unit_id.in_([share.unit_id for share in shares if share.unit_id])
        | FundShare.unit_id.is_(None) & FundShare.building_id.in_([share.building_id for share in shares]),
    )


async def check_free(uow: UnitOfWork, unit_id: uuid.UUID, amount: int) -> None:
    """``INSUFFICIENT_BALANCE`` unless a unit's account holds ``amount`` fen beside what payments under way will take from it:
    the bank may have paid them already."""
    account_id = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=unit_id)
    balance = await ledger.balance(uow.session, uow.county, account_id)
    free = balance - sum((await _under_way(uow, FundShare.unit_id == unit_id)).values())
    if amount > free:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "id", available_fen=max(free, 0), needed_fen=amount)


async def _under_way(uow: UnitOfWork, whose: ColumnElement[bool]) -> Mapping[BearerKey, int]:
    found = await uow.session.execute(
        select(
            FundShare.bearer,
            FundShare.unit_id,
            FundShare.building_id,
            func.sum(func.greatest(FundDraw.amount, 0)),
        )
        .join(FundDraw, (FundDraw.county == FundShare.county) & (FundDraw.share_id == FundShare.id))
        .join(FundPayment, (FundPayment.county == FundDraw.county) & (FundPayment.id == FundDraw.payment_id))
        .where(FundShare.county == uow.county, FundPayment.state == InstructionState.ISSUED.value, whose)
        .group_by(FundShare.bearer, FundShare.unit_id, FundShare.building_id)
    )
    return {(bearer, unit_id or building_id): int(amount) for bearer, unit_id, building_id, amount in found}


async def free_of(uow: UnitOfWork, shares: Sequence[FundShare]) -> Mapping[uuid.UUID, int]:
    """What each share's account holds beyond what payments under way will take from it, in fen; by share."""
    accounts = await accounts_of(uow, shares)
    balances = await ledger.balances_of(uow.session, uow.county, list(accounts.values()))
    promised = await held(uow, shares)
    free = {}
    for share in shares:
        key = bearer_key(share)
        account_id = accounts.get(key)
        free[share.id] = (balances[account_id] if account_id else 0) - promised.get(key, 0)
    return free


async def recount(uow: UnitOfWork, request: FundRequest, shares: Sequence[FundShare]) -> None:
    """Write on each share what its account lacks of what was asked of it, and claim it from the unit's owner (FUND-18)."""
    await uow.session.flush()
    coming, free = await pending(uow, shares), await free_of(uow, shares)
    changes = []
    for share in shares:
        open_ = share.asked - share.drawn - coming.get(share.id, 0)
        share.shortfall = max(open_ - max(free[share.id], 0), 0)
        if share.bearer == Bearer.UNIT_ACCOUNT and share.unit_id is not None and share.shortfall != share.claimed:
            changes.append((share, share.shortfall - share.claimed))
    await _claim(uow, request, changes)


async def claim_again(uow: UnitOfWork, unit_id: uuid.UUID) -> None:
    """Money was taken off a unit's account: what requests still ask of it is claimed from its owner as far as it lacks."""
    asked = FundShare.asked > FundShare.drawn
    found = await uow.session.scalars(
        select(FundShare)
        .where(FundShare.county == uow.county, FundShare.unit_id == unit_id, asked)
        .order_by(FundShare.id)
        .with_for_update()
    )
    for share in found.all():
        await recount(uow, await uow.session.get_one(FundRequest, (uow.county, share.fund_request_id)), [share])


async def settle(uow: UnitOfWork, unit_id: uuid.UUID, came: int) -> None:
    """``came`` fen have come into a unit's account: what was claimed from its owner is settled with them, oldest first.

    The money stays on the account until the next payment of the request takes it: what an earlier deposit has settled a later
    one does not settle with.
    """
    owing = select(FundShare).where(FundShare.county == uow.county, FundShare.unit_id == unit_id, FundShare.claimed > 0)
    found = await uow.session.scalars(owing.order_by(FundShare.id).with_for_update())
    left: int | None = None
    for share in found:
        if left is None:
            left = min(came, max((await free_of(uow, [share]))[share.id], 0))
        paid = min(left, share.claimed)
        left -= paid
        if paid:
            request = await uow.session.get_one(FundRequest, (uow.county, share.fund_request_id))
            share.shortfall -= paid
            await _claim(uow, request, [(share, -paid)])


async def _claim(uow: UnitOfWork, request: FundRequest, changes: Sequence[tuple[FundShare, int]]) -> None:
    """So many fen more are claimed from the owner of each share's unit; less than zero: paid in, or no longer asked."""
    if not changes or request.area_id is None:
        return
    units = [share.unit_id for share, _ in changes if share.unit_id is not None]
    theirs = await ledger.unit_accounts(uow, AccountKind.FUND_CLAIM, units)
    contra = await ledger.account(uow, AccountKind.FUND_CLAIM_CONTRA, area_id=request.area_id)
    lines = []
    for share, fen in changes:
        if share.unit_id is not None:
            lines += [Line(theirs[share.unit_id], fen), Line(contra, -fen)]
            share.claimed += fen
    await ledger.post(
        uow,
        TransactionKind.FUND_CLAIMED,
        lines,
        reason=f"{request.title}：分户账余额不足部分",
        reference=str(request.id),
    )
