"""Common income (公共收益): receipts and proven costs are recorded, a year's net is split, its share reaches the units' fund
accounts, and each quarter's account is posted on the board (V-22, V-24, FUND-9, TQ-106, ZS-21, ZD-46)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from domain.common_income import (
    COSTS,
    CommonIncomeKind,
    CommonIncomeSplitState,
    below_renewal_mark,
    check_split,
    least_to_fund,
    transaction_kind,
)
from domain.custody import MovementKind
from domain.documents import DocumentAudience
from domain.errors import ErrorCode, Refusal
from domain.fund_demands import NO_DEPOSIT_USES, DemandPurpose, DemandState
from domain.ledger import AccountKind, Line, TransactionKind, credit, debit
from domain.money import apportion
from domain.officials import Power
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.common_income import CommonIncomeEntry, CommonIncomeSplit
from models.estates import PropertyArea, Unit
from models.fund_demands import FundDemand
from models.ledger import LedgerAccount, Posting
from resolvers import custody, documents, ledger
from resolvers.disclosures import check_serving
from resolvers.unit_of_work import UnitOfWork

KEEPERS = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER, Role.COMMITTEE})
"""Who keeps an area's common income and answers for it on the board."""


@dataclass(frozen=True)
class Entry(Record):
    """What is recorded of one receipt or cost; ``amount`` in fen."""

    kind: CommonIncomeKind
    amount: int
    occurred_on: date
    description: str
    counterparty: str | None = None
    decision: str | None = None


async def record(
    uow: UnitOfWork, *, area_id: uuid.UUID, document_ids: Sequence[uuid.UUID] = (), **particulars: Any
) -> CommonIncomeEntry:
    """Record one receipt or cost of an area (commonIncomeRecord, ``Entry``). By its committee or the company that serves it.

    Refuses ``MISSING_DOCUMENT`` for a cost that nothing proves (V-22), ``REQUIRED`` for a decided use without its decision,
    ``INSUFFICIENT_BALANCE`` for one that the area's income does not cover, ``FORBIDDEN_ROLE`` for who does not serve there.
    """
    given = Entry(**particulars)
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(KEEPERS, PropertyArea, area)
    await check_serving(uow, grant, area)
    _check_entry(uow, given, document_ids)
    income, money = await _accounts(uow, area.id)
    earned = [debit(money, given.amount), credit(income, given.amount)]
    spent = [debit(income, given.amount), credit(money, given.amount)]
    transaction_id = await ledger.post(
        uow,
        transaction_kind(given.kind),
        spent if given.kind in COSTS else earned,
        reason=given.description.strip(),
        occurred_on=given.occurred_on,
    )
    entry = CommonIncomeEntry(
        county=uow.county,
        id=new_id(),
        area_id=area.id,
        township=area.township,
        community=area.community,
        kind=given.kind.value,
        amount=given.amount,
        occurred_on=given.occurred_on,
        description=given.description.strip(),
        counterparty=_text(given.counterparty),
        decision=_text(given.decision),
        document_ids=list(document_ids),
        company_id=grant.company_id,
        committee_id=grant.committee_id,
        recorded_by=grant.account_id,
        transaction_id=transaction_id,
    )
    uow.session.add(entry)
    await documents.attach(uow, document_ids, entry, audience=DocumentAudience.PUBLISHED)
    await uow.audit("commonIncomeRecord", entry, grant=grant, detail={"kind": entry.kind}, documents=document_ids)
    return entry


async def reverse(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> CommonIncomeEntry:
    """Take an entry back that was wrong (commonIncomeReverse). Once: ``ALREADY_REVERSED``.

    By the company or committee that recorded it; ``FORBIDDEN_ROLE`` for the other.
    """
    entry = await uow.load(CommonIncomeEntry, id, lock=True)
    area = await uow.load(PropertyArea, entry.area_id)
    grant = await uow.act(KEEPERS, CommonIncomeEntry, entry)
    await check_serving(uow, grant, area)
    if (entry.company_id, entry.committee_id) != (grant.company_id, grant.committee_id):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "id")
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if entry.reversal_id is not None:
        raise Refusal(ErrorCode.ALREADY_REVERSED, "id")
    entry.reversal_id = await ledger.reverse(uow, entry.transaction_id, reason.strip())
    entry.reversed_on, entry.reversal_reason = uow.today, reason.strip()
    await uow.audit("commonIncomeReverse", entry, grant=grant, reason=reason.strip())
    return entry


async def split(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    year: int,
    to_fund: int,
    decision: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> CommonIncomeSplit:
    """Decide what of a past year's net goes to the fund (commonIncomeSplit). By the area's committee.

    All of it, or what the owners' assembly has decided: then its ``decision`` is named and proven, and while the fund is below
    its renewal mark the profile's least share binds (V-22). Refuses ``TOO_EARLY`` for a year that is not over,
    ``ALREADY_REGISTERED`` for one that is split, ``COMMON_INCOME_SHARE`` below the least, ``INSUFFICIENT_BALANCE`` above the net.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId", lock=True)
    grant = await uow.act({Role.COMMITTEE}, PropertyArea, area)
    if year >= uow.today.year:
        raise Refusal(ErrorCode.TOO_EARLY, "year", earliest=date(year + 1, 1, 1))
    if await uow.session.scalar(_splits(uow, area.id).where(CommonIncomeSplit.year == year)):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "year")
    decided = _text(decision)
    if decided is not None and not document_ids:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", kinds=["OWNERS_RESOLUTION"])
    net = await _net(uow, area.id, date(year, 12, 31))
    percent = uow.profile.fund_renewal_below_percent
    below = below_renewal_mark(*await _fund_of(uow, area.id), percent)
    least = least_to_fund(
        net,
        uow.profile.common_income_fund_percent,
        below_mark=below,
        decided=decided is not None,
        scrap=await _scrap(uow, area.id, year),
    )
    check_split(net, to_fund, least)
    made = CommonIncomeSplit(
        county=uow.county,
        id=new_id(),
        area_id=area.id,
        township=area.township,
        community=area.community,
        committee_id=grant.committee_id,
        year=year,
        net=net,
        to_fund=to_fund,
        least=least,
        below_mark=below,
        decision=decided,
        document_ids=list(document_ids),
        state=CommonIncomeSplitState.DECIDED.value,
        decided_by=grant.account_id,
    )
    uow.session.add(made)
    await documents.attach(uow, document_ids, made, audience=DocumentAudience.PUBLISHED)
    await uow.audit("commonIncomeSplit", made, grant=grant, to_state=made.state, documents=document_ids)
    return made


async def withdraw(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> CommonIncomeSplit:
    """Take a split back that is not paid yet (commonIncomeSplitWithdraw). By the committee; the year is free again."""
    found = await uow.load(CommonIncomeSplit, id, lock=True)
    grant = await uow.act({Role.COMMITTEE}, CommonIncomeSplit, found)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    _check_decided(found, "commonIncomeSplitWithdraw")
    former, found.state = found.state, CommonIncomeSplitState.WITHDRAWN.value
    await uow.audit(
        "commonIncomeSplitWithdraw",
        found,
        grant=grant,
        reason=reason.strip(),
        from_state=former,
        to_state=found.state,
    )
    return found


async def pay(uow: UnitOfWork, *, id: uuid.UUID, serial: str, value_date: date) -> CommonIncomeSplit:
    """Record that a split's money has arrived at the fund's bank (commonIncomeSplitPay), and give each unit its part.

    By the bureau, which keeps the fund. The parts are by exclusive area (V-24) and sum to the fen; a unit without one counts
    with its building area. Refuses ``ALREADY_REGISTERED`` for a serial that the bank account has,
    ``INSUFFICIENT_BALANCE`` where the income was spent meanwhile, ``REQUIRED`` where no unit's area is known.
    """
    found = await uow.load(CommonIncomeSplit, id, lock=True)
    grant = await uow.act({Role.BUREAU}, CommonIncomeSplit, found, power=Power.FUNDS_APPROVE)
    _check_decided(found, "commonIncomeSplitPay")
    if value_date > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "valueDate", most=uow.today)
    income, money = await _accounts(uow, found.area_id)
    at_bank = await custody.fund_money(uow, area_id=found.area_id)
    parts = await _parts(uow, found)
    accounts = await ledger.unit_accounts(uow, AccountKind.UNIT_FUND, [unit_id for unit_id, _ in parts])
    lines: list[Line] = [debit(income, found.to_fund), credit(money, found.to_fund), debit(at_bank, found.to_fund)]
    transaction_id = await ledger.post(
        uow,
        TransactionKind.COMMON_SHARE,
        lines + [credit(accounts[unit_id], fen) for unit_id, fen in parts],
        reason=f"{found.year}年公共收益补充维修资金",
        reference=serial.strip(),
        occurred_on=value_date,
    )
    held_at = await custody.bank_account_of(uow, area_id=found.area_id)
    if held_at is not None:
        await custody.moved(
            uow,
            held_at.id,
            serial=serial,
            value_date=value_date,
            amount=found.to_fund,
            kind=MovementKind.DEPOSIT,
            transaction_id=transaction_id,
        )
    found.state, found.transaction_id = CommonIncomeSplitState.PAID.value, transaction_id
    found.serial, found.paid_on, found.paid_at = serial.strip(), value_date, uow.now
    await uow.audit(
        "commonIncomeSplitPay",
        found,
        grant=grant,
        from_state=CommonIncomeSplitState.DECIDED.value,
        to_state=found.state,
    )
    return found


def _check_entry(uow: UnitOfWork, given: Entry, document_ids: Sequence[uuid.UUID]) -> None:
    if given.amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    if given.occurred_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "occurredOn", most=uow.today)
    if not given.description.strip():
        raise Refusal(ErrorCode.REQUIRED, "description")
    if given.kind is CommonIncomeKind.DECIDED_USE and _text(given.decision) is None:
        raise Refusal(ErrorCode.REQUIRED, "decision")
    if given.kind in COSTS and not document_ids:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", kinds=["INVOICE", "CONTRACT", "OWNERS_RESOLUTION"])


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


async def _accounts(uow: UnitOfWork, area_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    return (
        await ledger.account(uow, AccountKind.COMMON_INCOME, area_id=area_id),
        await ledger.account(uow, AccountKind.COMMON_MONEY, area_id=area_id),
    )


def _splits(uow: UnitOfWork, area_id: uuid.UUID) -> Any:
    return select(CommonIncomeSplit.id).where(
        CommonIncomeSplit.county == uow.county,
        CommonIncomeSplit.area_id == area_id,
        CommonIncomeSplit.state != CommonIncomeSplitState.WITHDRAWN.value,
    )


async def _net(uow: UnitOfWork, area_id: uuid.UUID, last: date) -> int:
    """What an area had to split at the end of a day and still has, less what is decided and not paid yet, in fen."""
    income, _ = await _accounts(uow, area_id)
    then = await ledger.balance(uow.session, uow.county, income, last)
    now = await ledger.balance(uow.session, uow.county, income)
    promised = await uow.session.scalar(
        select(func.coalesce(func.sum(CommonIncomeSplit.to_fund), 0)).where(
            CommonIncomeSplit.county == uow.county,
            CommonIncomeSplit.area_id == area_id,
            CommonIncomeSplit.state == CommonIncomeSplitState.DECIDED.value,
        )
    )
    return max(0, min(then, now) - int(promised or 0))


async def _scrap(uow: UnitOfWork, area_id: uuid.UUID, year: int) -> int:
    """What replaced equipment was sold for since the last year that was split, up to the end of this one, in fen (FUND-9)."""
    former = select(func.max(CommonIncomeSplit.year)).where(
        CommonIncomeSplit.county == uow.county,
        CommonIncomeSplit.area_id == area_id,
        CommonIncomeSplit.year < year,
        CommonIncomeSplit.state != CommonIncomeSplitState.WITHDRAWN.value,
    )
    since = date((await uow.session.scalar(former) or 1900) + 1, 1, 1)
    sold = select(func.coalesce(func.sum(CommonIncomeEntry.amount), 0)).where(
        CommonIncomeEntry.county == uow.county,
        CommonIncomeEntry.area_id == area_id,
        CommonIncomeEntry.kind == CommonIncomeKind.SCRAP_VALUE.value,
        CommonIncomeEntry.reversal_id.is_(None),
        CommonIncomeEntry.occurred_on.between(since, date(year, 12, 31)),
    )
    return int(await uow.session.scalar(sold) or 0)


async def _fund_of(uow: UnitOfWork, area_id: uuid.UUID) -> tuple[int, int]:
    """What the units of an area have in the fund, and their first deposits, in fen."""
    held = await uow.session.scalar(
        select(func.coalesce(-func.sum(Posting.amount), 0))
        .join(LedgerAccount, (LedgerAccount.county == Posting.county) & (LedgerAccount.id == Posting.account_id))
        .join(Unit, (Unit.county == LedgerAccount.county) & (Unit.id == LedgerAccount.unit_id))
        .where(
            Posting.county == uow.county,
            LedgerAccount.county == uow.county,
            Unit.county == uow.county,
            Unit.area_id == area_id,
            LedgerAccount.kind == AccountKind.UNIT_FUND.value,
        )
    )
    deposits = await uow.session.scalar(
        select(func.coalesce(func.sum(FundDemand.amount), 0)).where(
            FundDemand.county == uow.county,
            FundDemand.area_id == area_id,
            FundDemand.purpose == DemandPurpose.FIRST.value,
            FundDemand.state != DemandState.CANCELLED.value,
        )
    )
    return int(held or 0), int(deposits or 0)


async def _parts(uow: UnitOfWork, found: CommonIncomeSplit) -> list[tuple[uuid.UUID, int]]:
    """Each unit's part of a split in fen, by exclusive area, largest fraction first (V-24, FUND-18)."""
    rows = await uow.session.execute(
        select(Unit.id, func.coalesce(Unit.exclusive_area, Unit.building_area, 0)).where(
            Unit.county == uow.county,
            Unit.area_id == found.area_id,
            Unit.use.not_in(sorted(use.value for use in NO_DEPOSIT_USES)),
        )
    )
    weights = [(str(unit_id), int(area)) for unit_id, area in rows if area]
    if not weights:
        raise Refusal(ErrorCode.REQUIRED, "exclusiveArea")
    return [(uuid.UUID(unit_id), fen) for unit_id, fen in apportion(found.to_fund, weights).items() if fen]


def _check_decided(found: CommonIncomeSplit, action: str) -> None:
    if found.state != CommonIncomeSplitState.DECIDED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action=action, state=found.state)
