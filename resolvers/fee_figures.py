"""Figures of fees: the collection rate (收缴率, FEE-10, SL-35) and a unit's statement (对账单)."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select

from domain.bills import BillState
from domain.collection import Collection, RateBy
from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind
from models.companies import Company
from models.divisions import Division
from models.estates import Estate, PropertyArea
from models.fees import FeeBill
from models.ledger import LedgerAccount, LedgerTransaction, Posting
from models.payments import Allocation
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class CollectionRate:
    """The collection of the bills due in a period, how many they are, and what of them is overdue today (fen)."""

    collection: Collection
    bills: int
    overdue: int


async def collection_rate(
    uow: UnitOfWork,
    *,
    due_from: date,
    due_to: date,
    company_id: uuid.UUID | None = None,
    area_id: uuid.UUID | None = None,
    township: str | None = None,
    community: str | None = None,
) -> CollectionRate:
    """The collection rate over the bills that the actor may see, of one company, area or office's division if named.

    The same as ``domain.collection.collection``, counted by the database: refunds and reversals are deducted (a bill's
    ``settled`` is the sum of its allocations), voided bills do not count, reductions lower what is due.
    """
    if due_to < due_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "dueTo", least=due_from)
    scope = _scope(company_id=company_id, area_id=area_id, township=township, community=community)
    owed = FeeBill.amount + FeeBill.adjusted
    is_open = case(
        ((FeeBill.due_on < uow.today) & (FeeBill.state != BillState.PAID.value), owed - FeeBill.settled), else_=0
    )
    figures: Select[Any] = (
        uow.select(FeeBill)
        .where(FeeBill.due_on.between(due_from, due_to), FeeBill.state != BillState.VOIDED.value, *scope)
        .with_only_columns(
            func.count(),
            func.coalesce(func.sum(owed), 0),
            func.coalesce(func.sum(FeeBill.settled), 0),
            func.coalesce(func.sum(is_open), 0),
        )
    )
    bills, due, collected, overdue = (await uow.session.execute(figures)).one()
    prior: Select[Any] = (
        uow.select(FeeBill)
        .join(Allocation, (Allocation.county == FeeBill.county) & (Allocation.bill_id == FeeBill.id))
        .where(
            Allocation.county == uow.county,
            Allocation.occurred_on.between(due_from, due_to),
            FeeBill.due_on < due_from.replace(month=1, day=1),
            FeeBill.state != BillState.VOIDED.value,
            *scope,
        )
        .with_only_columns(func.coalesce(func.sum(Allocation.amount), 0))
    )
    recovered = await uow.session.scalar(prior)
    return CollectionRate(Collection(int(due), int(collected), int(recovered or 0)), bills, int(overdue))


_COLUMNS: dict[RateBy, tuple[Any, Any, Any]] = {
    RateBy.ESTATE: (FeeBill.estate_id, Estate.id, Estate.name),
    RateBy.AREA: (FeeBill.area_id, PropertyArea.id, PropertyArea.name),
    RateBy.COMPANY: (FeeBill.company_id, Company.id, Company.name),
    RateBy.TOWNSHIP: (FeeBill.township, Division.code, Division.name),
    RateBy.COMMUNITY: (FeeBill.community, Division.code, Division.name),
}
MOST_GROUPS = 500


@dataclass(frozen=True)
class GroupRate:
    """The rate of one group: its name, how many bills, what they come to and what was paid of them, in fen."""

    key: str
    name: str
    bills: int
    collection: Collection


async def collection_rates(uow: UnitOfWork, *, by: RateBy, due_from: date, due_to: date) -> list[GroupRate]:
    """Collection rates told apart, the lowest first, over the bills that the actor may see (FEE-10, K-8); 500 at most.

    What the period brought in of earlier years' bills is not told here: it lifts no rate.
    """
    if due_to < due_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "dueTo", least=due_from)
    column, key, name = _COLUMNS[RateBy(by)]
    owed = func.sum(FeeBill.amount + FeeBill.adjusted)
    grouped: Select[Any] = (
        uow.select(FeeBill)
        .where(FeeBill.due_on.between(due_from, due_to), FeeBill.state != BillState.VOIDED.value)
        .with_only_columns(
            column.label("key"), func.count().label("bills"), owed.label("due"), func.sum(FeeBill.settled).label("paid")
        )
        .group_by(column)
    )
    found = grouped.subquery()
    of_county = [key.class_.county == uow.county] if hasattr(key.class_, "county") else []
    rows = await uow.session.execute(
        select(found.c.key, name, found.c.bills, found.c.due, found.c.paid)
        .join(key.class_, key == found.c.key)
        .where(*of_county)
        .order_by((found.c.paid * 10_000 / func.nullif(found.c.due, 0)).nulls_last(), found.c.key)
        .limit(MOST_GROUPS)
    )
    return [
        GroupRate(str(row_key), shown, bills, Collection(int(due), int(paid), 0))
        for row_key, shown, bills, due, paid in rows
    ]


def _scope(**named: Any) -> list[ColumnElement[bool]]:
    return [getattr(FeeBill, column) == value for column, value in named.items() if value is not None]


@dataclass(frozen=True)
class StatementLine:
    """One entry of a unit's statement: ``owed`` and ``balance`` in fen; a negative balance is money in advance."""

    occurred_on: date
    kind: str
    reason: str
    reference: str | None
    owed: int
    balance: int


@dataclass(frozen=True)
class Statement:
    """What a unit owed a company before a day, every entry until another day, and what it owes then; fen."""

    opening: int
    lines: tuple[StatementLine, ...]
    closing: int


async def unit_statement(
    uow: UnitOfWork, *, unit_id: uuid.UUID, company_id: uuid.UUID, first: date, last: date
) -> Statement:
    """A unit's account with a company from ``first`` to ``last``: bills raise what is owed, payments lower it.

    It is read from the ledger, so opening arrears, reductions and reversals are in it. ``NOT_FOUND`` when the actor sees
    none of the unit's accounts with the company.
    """
    accounts = uow.select(LedgerAccount).where(
        LedgerAccount.unit_id == unit_id,
        LedgerAccount.company_id == company_id,
        LedgerAccount.kind.in_([AccountKind.RECEIVABLE.value, AccountKind.PREPAID.value]),
    )
    ids = [account.id for account in (await uow.session.scalars(accounts)).all()]
    if not ids:
        raise Refusal(ErrorCode.NOT_FOUND, "unitId")
    of_these = [Posting.county == uow.county, Posting.account_id.in_(ids)]
    opening = int(
        await uow.session.scalar(
            select(func.coalesce(func.sum(Posting.amount), 0)).where(*of_these, Posting.occurred_on < first)
        )
        or 0
    )
    rows = await uow.session.execute(
        select(
            LedgerTransaction.occurred_on,
            LedgerTransaction.kind,
            LedgerTransaction.reason,
            LedgerTransaction.reference,
            func.sum(Posting.amount),
        )
        .join(
            LedgerTransaction,
            (LedgerTransaction.county == Posting.county) & (LedgerTransaction.id == Posting.transaction_id),
        )
        .where(*of_these, LedgerTransaction.county == uow.county, Posting.occurred_on.between(first, last))
        .group_by(LedgerTransaction.county, LedgerTransaction.id)
        # Moves between the two accounts change nothing that is owed.
        .having(func.sum(Posting.amount) != 0)
        .order_by(LedgerTransaction.occurred_on, LedgerTransaction.id)
    )
    lines: list[StatementLine] = []
    balance = opening
    for occurred_on, kind, reason, reference, owed in rows:
        balance += int(owed)
        lines.append(StatementLine(occurred_on, kind, reason, reference, int(owed), balance))
    return Statement(opening, tuple(lines), balance)
