"""The ledger as clients see it: accounts with their balances (FUND-4). Money moves through the intents of other stems."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import ColumnElement, Text, case, func, select
from sqlalchemy.orm import aliased

from domain.ledger import NORMAL_SIDE, AccountKind, Side
from models import ledger as models
from schema.common import Fen
from schema.conditions import of
from schema.engine.declare import column, derived, descending, entity, filters, listing, matches, one, orders
from schema.engine.types import described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.companies import Company
    from schema.estates import Building, Unit

described(AccountKind)

_DEBIT_KINDS = sorted(kind.value for kind, side in NORMAL_SIDE.items() if side is Side.DEBIT)


def _balance(row: Any, env: Any) -> ColumnElement[int]:
    posting = aliased(models.Posting)
    signed = (
        select(func.coalesce(func.sum(posting.amount), 0))
        .where(env.county_of(posting), posting.county == row.county, posting.account_id == row.id)
        .scalar_subquery()
    )
    sides = [(row.kind == kind, signed) for kind in _DEBIT_KINDS]
    return case(*sides, else_=-signed)


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
    balance: Fen = derived(_balance, "All its postings together, on the side where it grows; never stored.")


QUERIES = {"ledgerAccounts": listing("LedgerAccount", "Ledger accounts that the caller may see.")}
