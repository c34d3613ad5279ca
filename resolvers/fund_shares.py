"""Who bears what of a fund request, what its bearers' accounts hold free, and the earmark (FUND-15..18, FUND-28,
FUND-29)."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, delete, func, select

from domain.errors import ErrorCode, Refusal
from domain.estates import UnitUse
from domain.fund_shares import Bearer, Beneficiary, PublicHousing, beneficiaries, debit, shares
from domain.funds import FundScope
from domain.ledger import AccountKind, TransactionKind
from domain.ledger import credit as credit_line
from domain.ledger import debit as debit_line
from models.estates import PropertyArea, Unit
from models.funds import FundEarmark, FundRequest, FundShare
from models.ledger import LedgerAccount, Posting
from resolvers import ledger
from resolvers.unit_of_work import UnitOfWork

NO_BEARERS = (UnitUse.PUBLIC.value,)
"""Rooms for everybody are common parts themselves."""


async def apportion(uow: UnitOfWork, request: FundRequest, cost: int) -> list[FundShare]:
    """Share ``cost`` fen among the beneficiary units and write the shares, in place of those before.

    Refuses ``REQUIRED`` on ``units`` when no unit of the scope has an area.
    """
    units = await _units(uow, request)
    held = await _deposits(uow, Unit.id.in_(select(Unit.id).where(*_scope(uow, request))))
    sellers = await _seller_deposits(uow, {unit.building_id for unit in units})
    scope = FundScope(request.scope)
    building = str(request.building_id) if request.building_id else None
    bearers = beneficiaries(scope, building, _beneficiaries(units, held, sellers))
    by_id = {str(unit.id): unit for unit in units}
    await uow.session.flush()
    await uow.session.execute(
        delete(FundShare).where(FundShare.county == uow.county, FundShare.fund_request_id == request.id)
    )
    rows = []
    for position, share in enumerate(shares(cost, bearers), start=1):
        unit = by_id.get(share.key)
        rows.append(
            FundShare(
                county=uow.county,
                fund_request_id=request.id,
                position=position,
                bearer=share.bearer.value,
                unit_id=unit.id if unit else None,
                building_id=unit.building_id if unit else uuid.UUID(share.key),
                area=unit.building_area or 0 if unit else 0,
                amount=share.amount,
            )
        )
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


async def free_balance(uow: UnitOfWork, request: FundRequest, rows: Sequence[FundShare]) -> int:
    """What the bearers' accounts hold less what other approved requests may take from them, in fen.

    Locks the property area first, so that of two approvals at once the second sees the first's earmark.
    """
    await uow.session.execute(
        select(PropertyArea.id)
        .where(PropertyArea.county == uow.county, PropertyArea.id == request.area_id)
        .with_for_update(key_share=True)
    )
    accounts = await _accounts(uow, rows)
    balances = await ledger.balances_of(uow.session, uow.county, list(accounts.values()))
    held = sum(balances.values())
    others = (
        select(func.coalesce(func.sum(FundShare.amount), 0))
        .join(
            FundEarmark,
            (FundEarmark.county == FundShare.county) & (FundEarmark.fund_request_id == FundShare.fund_request_id),
        )
        .where(
            FundShare.county == uow.county,
            FundEarmark.released_at.is_(None),
            FundShare.bearer != Bearer.DEVELOPER.value,
            FundShare.unit_id.in_([row.unit_id for row in rows if row.unit_id])
            | FundShare.unit_id.is_(None) & FundShare.building_id.in_([row.building_id for row in rows]),
        )
    )
    return held - int(await uow.session.scalar(others) or 0)


async def note_shortfalls(uow: UnitOfWork, rows: Sequence[FundShare]) -> None:
    """Write on each share what its bearer's account lacks now; it becomes a claim when the share is debited
    (FUND-18)."""
    accounts = await _accounts(uow, rows)
    balances = await ledger.balances_of(uow.session, uow.county, list(accounts.values()))
    for row in rows:
        if row.bearer != Bearer.DEVELOPER:
            account_id = accounts.get(_bearer_key(row))
            row.shortfall = debit(row.amount, balances[account_id] if account_id else 0)[1]


async def earmark(uow: UnitOfWork, request: FundRequest, amount: int) -> FundEarmark:
    """Promise ``amount`` fen of the area's fund to an approved request (FUND-29)."""
    if request.area_id is None:
        raise Refusal(ErrorCode.REQUIRED, "areaId")
    promised = await ledger.account(uow, AccountKind.EARMARK, area_id=request.area_id)
    contra = await ledger.account(uow, AccountKind.EARMARK_CONTRA, area_id=request.area_id)
    transaction_id = await ledger.post(
        uow,
        TransactionKind.EARMARKED,
        [debit_line(contra, amount), credit_line(promised, amount)],
        reason=request.title,
        reference=str(request.id),
    )
    row = FundEarmark(
        county=uow.county,
        fund_request_id=request.id,
        area_id=request.area_id,
        amount=amount,
        transaction_id=transaction_id,
    )
    uow.session.add(row)
    return row


async def release(uow: UnitOfWork, request: FundRequest, reason: str) -> None:
    """Give an earmark back to the fund, where the request has one that still stands."""
    row = await uow.session.scalar(
        select(FundEarmark)
        .where(
            FundEarmark.county == uow.county,
            FundEarmark.fund_request_id == request.id,
            FundEarmark.released_at.is_(None),
        )
        .with_for_update()
    )
    if row is None:
        return
    row.release_id = await ledger.reverse(uow, row.transaction_id, reason)
    row.released_at = uow.now


def _scope(uow: UnitOfWork, request: FundRequest) -> list[ColumnElement[bool]]:
    """The units that bear: those of the building, or all of the property area."""
    place = (
        Unit.building_id == request.building_id
        if request.scope == FundScope.BUILDING
        else Unit.area_id == request.area_id
    )
    return [Unit.county == uow.county, place, Unit.use.not_in(NO_BEARERS), Unit.building_area > 0]


async def _units(uow: UnitOfWork, request: FundRequest) -> list[Unit]:
    found = await uow.session.scalars(select(Unit).where(*_scope(uow, request)).order_by(Unit.sort_key, Unit.id))
    return list(found)


async def _deposits(uow: UnitOfWork, which: ColumnElement[bool]) -> Mapping[uuid.UUID, int]:
    """What was ever paid into each unit's account, in fen."""
    paid_in = await uow.session.execute(
        select(LedgerAccount.unit_id, func.coalesce(func.sum(-Posting.amount).filter(Posting.amount < 0), 0))
        .join(Unit, (Unit.county == LedgerAccount.county) & (Unit.id == LedgerAccount.unit_id))
        .outerjoin(Posting, (Posting.county == LedgerAccount.county) & (Posting.account_id == LedgerAccount.id))
        .where(LedgerAccount.county == uow.county, LedgerAccount.kind == AccountKind.UNIT_FUND.value, which)
        .group_by(LedgerAccount.unit_id)
    )
    return {unit_id: int(fen) for unit_id, fen in paid_in if unit_id is not None}


async def _seller_deposits(uow: UnitOfWork, buildings: set[uuid.UUID]) -> Mapping[uuid.UUID, int]:
    """What the former landlords paid into their buildings' accounts, in fen."""
    paid_in = await uow.session.execute(
        select(LedgerAccount.building_id, func.coalesce(func.sum(-Posting.amount).filter(Posting.amount < 0), 0))
        .outerjoin(Posting, (Posting.county == LedgerAccount.county) & (Posting.account_id == LedgerAccount.id))
        .where(
            LedgerAccount.county == uow.county,
            LedgerAccount.kind == AccountKind.BUILDING_FUND.value,
            LedgerAccount.building_id.in_(buildings),
        )
        .group_by(LedgerAccount.building_id)
    )
    return {building_id: int(fen) for building_id, fen in paid_in if building_id is not None}


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


def _bearer_key(row: FundShare) -> tuple[str, uuid.UUID]:
    return (row.bearer, row.unit_id or row.building_id)


async def _accounts(uow: UnitOfWork, rows: Sequence[FundShare]) -> Mapping[tuple[str, uuid.UUID], uuid.UUID]:
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
