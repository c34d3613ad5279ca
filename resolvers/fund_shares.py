"""Who bears what of a fund request, what its bearers' accounts hold free, and the earmark (FUND-15..18, FUND-28,
FUND-29)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from domain.errors import ErrorCode, Refusal
from domain.estates import UnitUse
from domain.fund_shares import Bearer, Beneficiary, PublicHousing, debit, shares
from domain.funds import FundScope
from domain.ledger import AccountKind, Line, TransactionKind
from models.estates import PropertyArea, Unit
from models.funds import FundEarmark, FundRequest, FundShare
from models.ledger import LedgerAccount, LedgerTransaction, Posting
from resolvers import ledger
from resolvers.unit_of_work import UnitOfWork

NO_BEARERS = (UnitUse.PUBLIC.value,)
"""Rooms for everybody are common parts themselves."""

DEPOSITS = (TransactionKind.OPENING, TransactionKind.FUND_DEPOSIT, TransactionKind.TRANSFER)
"""How deposits come to an account: with its opening, from the bank, or out of suspense once somebody knows whose they are."""


async def apportion(uow: UnitOfWork, request: FundRequest, cost: int) -> list[FundShare]:
    """Share ``cost`` fen among the beneficiary units and write the shares; what was drawn on them stays (FUND-15..18).

    Refuses ``REQUIRED`` on ``units`` when no unit of the scope has an area.
    """
    units = await _units(uow, request)
    held = await _paid_in(uow, AccountKind.UNIT_FUND, LedgerAccount.unit_id, [unit.id for unit in units])
    buildings = {unit.building_id for unit in units}
    sellers = await _paid_in(uow, AccountKind.BUILDING_FUND, LedgerAccount.building_id, buildings)
    bearers = _beneficiaries(units, held, sellers)
    by_id = {str(unit.id): unit for unit in units}
    await uow.session.flush()
    known = {(row.unit_id, row.building_id): row for row in await shares_of(uow, request)}
    rows = []
    for position, share in enumerate(shares(cost, bearers), start=1):
        unit = by_id.get(share.key)
        building_id = unit.building_id if unit else uuid.UUID(share.key)
        row = known.pop((unit.id if unit else None, building_id), None) or FundShare(
            county=uow.county, fund_request_id=request.id, unit_id=unit.id if unit else None, building_id=building_id
        )
        row.position, row.bearer, row.amount = position, share.bearer.value, share.amount
        row.area = unit.building_area or 0 if unit else 0
        rows.append(row)
    for gone in known.values():
        if (
            gone.asked or gone.cash_paid
        ):  # it bore a part while the request ran: what was taken goes back with the last payment
            gone.position, gone.amount = len(rows) + 1, 0
            rows.append(gone)
        else:
            await uow.session.delete(gone)
    uow.session.add_all(rows)
    return rows


async def shares_of(uow: UnitOfWork, request: FundRequest) -> list[FundShare]:
    """The shares as they were last written, in their order."""
    found = await uow.session.scalars(
        select(FundShare)
        .where(FundShare.county == uow.county, FundShare.fund_request_id == request.id)
        .order_by(FundShare.position)
    )
    return list(found)


def from_the_fund(rows: Sequence[FundShare]) -> int:
    """What the fund pays, in fen: all shares but those that the developer bears in cash (FUND-17)."""
    return sum(row.amount for row in rows if row.bearer != Bearer.DEVELOPER)


async def lock_area(uow: UnitOfWork, request: FundRequest) -> None:
    """Of two that promise an area's fund at once the second sees what the first promised."""
    await uow.session.execute(
        select(PropertyArea.id)
        .where(PropertyArea.county == uow.county, PropertyArea.id == request.area_id)
        .with_for_update(key_share=True)
    )


async def free_balance(uow: UnitOfWork, request: FundRequest, rows: Sequence[FundShare]) -> int:
    """What the bearers' accounts hold less what other approved requests may still take from them, in fen.

    Locks the property area first (``lock_area``).
    """
    await lock_area(uow, request)
    accounts = await accounts_of(uow, rows)
    balances = await ledger.balances_of(uow.session, uow.county, list(accounts.values()))
    held = sum(balances.values())
    others = (
        select(func.coalesce(func.sum(FundShare.amount - FundShare.drawn), 0))
        .join(
            FundEarmark,
            (FundEarmark.county == FundShare.county) & (FundEarmark.fund_request_id == FundShare.fund_request_id),
        )
        .where(
            FundShare.county == uow.county,
            FundEarmark.released_at.is_(None),
            FundShare.fund_request_id != request.id,
            FundShare.bearer != Bearer.DEVELOPER.value,
            FundShare.unit_id.in_([row.unit_id for row in rows if row.unit_id])
            | FundShare.unit_id.is_(None) & FundShare.building_id.in_([row.building_id for row in rows]),
        )
    )
    return held - int(await uow.session.scalar(others) or 0)


async def note_shortfalls(uow: UnitOfWork, rows: Sequence[FundShare]) -> None:
    """Write on each share what its bearer's account lacks now; it becomes a claim when the share is debited
    (FUND-18)."""
    accounts = await accounts_of(uow, rows)
    balances = await ledger.balances_of(uow.session, uow.county, list(accounts.values()))
    for row in rows:
        if row.bearer != Bearer.DEVELOPER:
            account_id = accounts.get(bearer_key(row))
            row.shortfall = debit(row.amount, balances[account_id] if account_id else 0)[1]


async def earmark(uow: UnitOfWork, request: FundRequest, amount: int) -> FundEarmark:
    """Promise ``amount`` fen of the area's fund to an approved request (FUND-29)."""
    if request.area_id is None:
        raise Refusal(ErrorCode.REQUIRED, "areaId")
    row = FundEarmark(
        county=uow.county,
        fund_request_id=request.id,
        area_id=request.area_id,
        amount=amount,
        transaction_id=await _promise(uow, request.area_id, amount, TransactionKind.EARMARKED, request),
    )
    uow.session.add(row)
    return row


async def earmark_of(uow: UnitOfWork, request: FundRequest) -> FundEarmark | None:
    """The request's earmark, locked; released or not."""
    found: FundEarmark | None = await uow.session.scalar(
        select(FundEarmark)
        .where(FundEarmark.county == uow.county, FundEarmark.fund_request_id == request.id)
        .with_for_update()
    )
    return found


async def raise_earmark(uow: UnitOfWork, row: FundEarmark, request: FundRequest, rows: Sequence[FundShare]) -> None:
    """Promise more where the price exceeds what was approved (FUND-27 says by how much it may).

    ``INSUFFICIENT_BALANCE`` when the bearers' accounts do not hold it.
    """
    wanted = from_the_fund(rows)
    if wanted <= row.amount:
        return
    available = await free_balance(uow, request, rows) + sum(share.drawn for share in rows)
    if wanted > available:
        raise Refusal(ErrorCode.INSUFFICIENT_BALANCE, "amount", available_fen=available, needed_fen=wanted)
    await _promise(uow, row.area_id, wanted - row.amount, TransactionKind.EARMARKED, request)
    row.amount = wanted


async def draw_down(uow: UnitOfWork, request: FundRequest, amount: int) -> None:
    """A payment of ``amount`` fen was made of what was promised; less than zero: it came back, and is promised again."""
    row = await earmark_of(uow, request)
    if row is None:
        raise AssertionError("what is paid was promised")
    if row.released_at is not None:
        row.amount, row.released_at, row.release_id = row.used, None, None
    row.used += amount
    await _promise(uow, row.area_id, -amount, TransactionKind.EARMARK_USED, request)


async def release(uow: UnitOfWork, request: FundRequest, reason: str) -> None:
    """Give what is left of an earmark back to the fund, where the request has one that still stands (FUND-29)."""
    row = await earmark_of(uow, request)
    if row is None or row.released_at is not None:
        return
    row.released_at = uow.now
    if rest := row.amount - row.used:
        row.release_id = await _promise(
            uow, row.area_id, -rest, TransactionKind.EARMARK_RELEASED, request, f"{request.title}：{reason}"
        )


async def _promise(
    uow: UnitOfWork,
    area_id: uuid.UUID,
    amount: int,
    kind: TransactionKind,
    request: FundRequest,
    reason: str | None = None,
) -> uuid.UUID:
    """More of the area's fund is promised to a request, or less: a memo that moves no money."""
    promised = await ledger.account(uow, AccountKind.EARMARK, area_id=area_id)
    contra = await ledger.account(uow, AccountKind.EARMARK_CONTRA, area_id=area_id)
    return await ledger.post(
        uow,
        kind,
        [Line(contra, amount), Line(promised, -amount)],
        reason=reason or request.title,
        reference=str(request.id),
    )


def _scope(uow: UnitOfWork, request: FundRequest) -> list[ColumnElement[bool]]:
    """The units that bear, which are those that the asset serves (FUND-15): all of the property area, of the building, or of
    its entrance."""
    whole, building = Unit.area_id == request.area_id, Unit.building_id == request.building_id
    served = {
        FundScope.ESTATE: [whole],
        FundScope.BUILDING: [building],
        FundScope.ENTRANCE: [building, Unit.entrance == request.entrance],
    }
    return [
        Unit.county == uow.county,
        *served[FundScope(request.scope)],
        Unit.use.not_in(NO_BEARERS),
        Unit.building_area > 0,
    ]


async def _units(uow: UnitOfWork, request: FundRequest) -> list[Unit]:
    found = await uow.session.scalars(select(Unit).where(*_scope(uow, request)).order_by(Unit.sort_key, Unit.id))
    return list(found)


async def _paid_in(
    uow: UnitOfWork, kind: AccountKind, owner: InstrumentedAttribute[uuid.UUID | None], ids: Iterable[uuid.UUID]
) -> Mapping[uuid.UUID, int]:
    """What was deposited on accounts of a kind and not taken off again, in fen, by their owner.

    Interest is no deposit, nor is what a failed payment or a recovery brought back (FUND-16, FUND-17).
    """
    taken_back = aliased(LedgerTransaction)
    found = await uow.session.execute(
        select(owner, -func.sum(Posting.amount))
        .join(Posting, (Posting.county == LedgerAccount.county) & (Posting.account_id == LedgerAccount.id))
        .join(
            LedgerTransaction,
            (LedgerTransaction.county == Posting.county) & (LedgerTransaction.id == Posting.transaction_id),
        )
        .outerjoin(
            taken_back,
            (taken_back.county == LedgerTransaction.county) & (taken_back.id == LedgerTransaction.reverses_id),
        )
        .where(
            LedgerAccount.county == uow.county,
            LedgerAccount.kind == kind.value,
            owner.in_(list(ids)),
            Posting.county == uow.county,
            func.coalesce(taken_back.kind, LedgerTransaction.kind).in_([deposit.value for deposit in DEPOSITS]),
        )
        .group_by(owner)
    )
    return {owner_id: int(fen) for owner_id, fen in found if owner_id is not None}


def _beneficiaries(
    units: Sequence[Unit], held: Mapping[uuid.UUID, int], sellers: Mapping[uuid.UUID, int]
) -> list[Beneficiary]:
    unclaimed = dict(sellers)
    made = []
    for unit in units:
        public = None
        if unit.sold_public_housing:
            # A seller's deposit is the building's: it is counted once, with the first of its units.
            public = PublicHousing(held.get(unit.id, 0), unclaimed.pop(unit.building_id, 0))
        made.append(
            Beneficiary(
                unit=str(unit.id),
                building=str(unit.building_id),
                area=unit.building_area or 0,
                unsold=unit.developer_held,
                deposited=held.get(unit.id, 0) > 0,
                public_housing=public,
            )
        )
    return made


def bearer_key(row: FundShare) -> tuple[str, uuid.UUID]:
    """What the share is taken from: the kind of bearer, and the unit or building."""
    return (row.bearer, row.unit_id or row.building_id)


async def accounts_of(uow: UnitOfWork, rows: Sequence[FundShare]) -> Mapping[tuple[str, uuid.UUID], uuid.UUID]:
    """The bearers' accounts, as far as they were ever opened."""
    unit_ids = [row.unit_id for row in rows if row.bearer == Bearer.UNIT_ACCOUNT]
    building_ids = [row.building_id for row in rows if row.bearer == Bearer.SELLER_ACCOUNT]
    found = await uow.session.execute(
        select(LedgerAccount.id, LedgerAccount.kind, LedgerAccount.unit_id, LedgerAccount.building_id).where(
            LedgerAccount.county == uow.county,
            (LedgerAccount.kind == AccountKind.UNIT_FUND.value) & LedgerAccount.unit_id.in_(unit_ids)
            | (LedgerAccount.kind == AccountKind.BUILDING_FUND.value) & LedgerAccount.building_id.in_(building_ids),
        )
    )
    accounts: dict[tuple[str, uuid.UUID], uuid.UUID] = {}
    for account_id, kind, unit_id, building_id in found:
        bearer = Bearer.UNIT_ACCOUNT if kind == AccountKind.UNIT_FUND else Bearer.SELLER_ACCOUNT
        if owner := unit_id or building_id:
            accounts[bearer.value, owner] = account_id
    return accounts
