"""The ledger as clients see it: accounts with their balances of any day and every posting with its reason (FUND-4).

Money moves through the intents of other stems.
"""

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import BigInteger, ColumnElement, Date, Text, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import aliased

from domain.ledger import NORMAL_SIDE, AccountKind, Side, TransactionKind
from models import ledger as models
from models.estates import Building as BuildingRow
from models.estates import Unit as UnitRow
from schema.common import DateTime, Fen
from schema.conditions import of
from schema.engine.declare import (
    Takes,
    ascending,
    column,
    derived,
    descending,
    entity,
    filters,
    latest,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.companies import Company
    from schema.estates import Building, Unit

described(AccountKind)
described(TransactionKind)

_DEBIT_KINDS = sorted(kind.value for kind, side in NORMAL_SIDE.items() if side is Side.DEBIT)


def _shown(kind: Any, signed: Any) -> ColumnElement[int]:
    """A signed amount or sum on the side where an account of this kind grows."""
    return case(*((kind == debit, signed) for debit in _DEBIT_KINDS), else_=-signed)


def _balance(row: Any, env: Any, *, as_of: Any = None) -> ColumnElement[int]:
    posting = aliased(models.Posting)
    counted = [env.county_of(posting), posting.county == row.county, posting.account_id == row.id]
    if as_of is not None:
        counted.append(posting.occurred_on <= as_of)
    return _shown(row.kind, select(func.coalesce(func.sum(posting.amount), 0)).where(*counted).scalar_subquery())


def _of_its_account(row: Any, env: Any, value: Callable[[Any], Any]) -> ColumnElement[int]:
    """``value(account)`` of a posting's account."""
    account = aliased(models.LedgerAccount)
    its = [env.county_of(account), account.county == row.county, account.id == row.account_id]
    return select(value(account)).where(*its).scalar_subquery()


def _change(row: Any, env: Any) -> ColumnElement[int]:
    return _of_its_account(row, env, lambda account: _shown(account.kind, row.amount))


def _balance_after(row: Any, env: Any) -> ColumnElement[int]:
    earlier = aliased(models.Posting)
    until = or_(
        earlier.occurred_on < row.occurred_on, and_(earlier.occurred_on == row.occurred_on, earlier.id <= row.id)
    )
    of_it = [env.county_of(earlier), earlier.county == row.county, earlier.account_id == row.account_id]
    total = select(func.sum(earlier.amount)).where(*of_it, until).correlate(row).scalar_subquery()
    # A bank's or a company's account has hundreds of thousands of lines: to add them up for each would be for nobody's use.
    return _of_its_account(
        row, env, lambda account: case((account.unit_id.is_not(None), _shown(account.kind, total)), else_=None)
    )


def fund_of_estate(estate: Any, env: Any, *, as_of: Any = None) -> ColumnElement[int]:
    """What the fund accounts of an estate's units and buildings hold together, in fen."""
    total: ColumnElement[int] = literal(0)
    for kind, owner_model, owned in (
        (AccountKind.UNIT_FUND, UnitRow, models.LedgerAccount.unit_id),
        (AccountKind.BUILDING_FUND, BuildingRow, models.LedgerAccount.building_id),
    ):
        owner: Any = aliased(owner_model)
        account, posting = aliased(models.LedgerAccount), aliased(models.Posting)
        of_it = [
            *(env.county_of(each) for each in (owner, account, posting)),
            *(each.county == estate.county for each in (owner, account, posting)),
            owner.estate_id == estate.id,
            getattr(account, owned.key) == owner.id,
            account.kind == kind.value,
            posting.account_id == account.id,
        ]
        if as_of is not None:
            of_it.append(posting.occurred_on <= as_of)
        total = (
            total - select(func.coalesce(func.sum(posting.amount), 0)).where(*of_it).correlate(estate).scalar_subquery()
        )
    return cast(total, BigInteger)


def as_of_day() -> Takes:
    """The argument of balances."""
    return Takes("datetime.date | None", Date(), "At the end of this day; of everything posted when left out.")


LEDGER_ACCOUNT_ORDERS = orders(
    "LedgerAccountOrder",
    "How ledger accounts are ordered.",
    NEWEST=(descending(models.LedgerAccount.id), "Last opened first."),
)


@filters("Which ledger accounts. All given conditions must hold.")
class LedgerAccountFilter:
    kind: AccountKind | None = matches(lambda row, value: row.kind == value, Text(), "Of this kind.")
    unit: strawberry.ID | None = of("Unit", "unit_id", "Of this unit.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company, or of units towards it.")


@entity(
    models.LedgerAccount,
    "An account of the double-entry ledger (账户): owners see their unit's, companies their own, committees their area's.",
    orders=LEDGER_ACCOUNT_ORDERS,
    filters=LedgerAccountFilter,
)
class LedgerAccount:
    kind: AccountKind = column(models.LedgerAccount.kind, "What it stands for.")
    unit: "Unit | None" = one(models.LedgerAccount.unit_id, "Whose it is: the unit.")
    building: "Building | None" = one(models.LedgerAccount.building_id, "Whose it is: the building.")
    area: "PropertyArea | None" = one(models.LedgerAccount.area_id, "Whose it is: the property area.")
    company: "Company | None" = one(
        models.LedgerAccount.company_id, "Whose it is, or towards whom a unit has it: the company."
    )
    opened_on: datetime.date = column(models.LedgerAccount.opened_on, "Since when it exists.")
    balance: Fen = derived(
        _balance,
        "All its postings together, on the side where it grows, in fen; never stored.",
        as_of=as_of_day(),
    )
    postings: Connection["LedgerPosting"] = many(
        models.Posting.account_id,
        "Its lines in their running order: with those of a period and the balances before and after.",
    )


POSTING_ORDERS = orders(
    "LedgerPostingOrder",
    "How lines are ordered.",
    OLDEST=(ascending(models.Posting.occurred_on, models.Posting.id), "In the order in which balances run."),
    NEWEST=(descending(models.Posting.occurred_on, models.Posting.id), "Last first."),
)


@filters("Which lines. All given conditions must hold.")
class LedgerPostingFilter:
    occurred_from: datetime.date | None = matches(
        lambda row, value: row.occurred_on >= value, Date(), "Of this day or later."
    )
    occurred_to: datetime.date | None = matches(
        lambda row, value: row.occurred_on <= value, Date(), "Of this day or before."
    )


@entity(
    models.Posting,
    "One line (分录) of a transaction, on one account: whoever sees the account sees its lines.",
    orders=POSTING_ORDERS,
    filters=LedgerPostingFilter,
)
class LedgerPosting:
    account: "LedgerAccount" = one(models.Posting.account_id, "The account.")
    transaction: "LedgerTransaction" = one(models.Posting.transaction_id, "What happened, and why.")
    occurred_on: datetime.date = column(models.Posting.occurred_on, "Its day.")
    change: Fen = derived(_change, "What it changed the account's balance by, in fen: less than zero takes from it.")
    balance_after: Fen | None = derived(
        _balance_after, "What the account held after it, in fen; for the accounts of a unit only."
    )


@entity(
    models.LedgerTransaction,
    "One fact that moved money or a claim (记账凭证). It never changes: a mistake is taken back by a reversal (冲正).",
)
class LedgerTransaction:
    kind: TransactionKind = column(models.LedgerTransaction.kind, "What it was.")
    occurred_on: datetime.date = column(models.LedgerTransaction.occurred_on, "Its day.")
    posted_at: DateTime = column(models.LedgerTransaction.posted_at, "When it was written into the books.")
    reason: str = column(models.LedgerTransaction.reason, "Why, in words.")
    reference: str | None = column(
        models.LedgerTransaction.reference, "What it is known by outside: a bank's serial, a receipt, a bill run."
    )
    reverses: "LedgerTransaction | None" = one(models.LedgerTransaction.reverses_id, "What it takes back.")
    reversed_by: "LedgerTransaction | None" = latest(
        models.LedgerTransaction.reverses_id, "What took it back.", by=lambda row: [row.id]
    )
    postings: Connection["LedgerPosting"] = many(
        models.Posting.transaction_id, "Its lines, on accounts that the caller sees."
    )


QUERIES = {"ledgerAccounts": listing("LedgerAccount", "Ledger accounts that the caller may see.")}
