"""The county's accounts at custodian banks, whose money lies in which, and what the banks report as moved (FUND-4, FUND-6)."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from domain.custody import MONEY, AccountHolder, AccountPurpose, BankAccountState, MovementKind
from domain.roles import Role
from models import custody as models
from models.ledger import LedgerAccount, Posting
from resolvers import custody
from schema.acts import COUNTY, act
from schema.cases import events_of
from schema.common import DateTime, Fen
from schema.conditions import equal, since
from schema.engine.declare import ascending, column, derived, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.cases import AuditEvent
    from schema.estates import Building

for _enumeration in (AccountPurpose, AccountHolder, BankAccountState, MovementKind):
    described(_enumeration)

WITH_THE_BANK = frozenset({Role.BUREAU, Role.BANK})
"""What concerns all areas of an account: a committee sees where its own money lies, not how much others have there."""


def _book_balance(row: Any, env: Any) -> ColumnElement[int]:
    account, posting = aliased(LedgerAccount), aliased(Posting)
    return (
        select(func.coalesce(func.sum(posting.amount), 0))
        .select_from(account)
        .join(posting, (posting.county == account.county) & (posting.account_id == account.id))
        .where(
            env.county_of(account),
            env.county_of(posting),
            account.county == row.county,
            account.bank_account_id == row.id,
            or_(*(account.kind == kind.value for kind in MONEY.values())),
        )
        .scalar_subquery()
    )


BANK_ACCOUNT_ORDERS = orders(
    "BankAccountOrder",
    "How bank accounts are ordered.",
    NEWEST=(descending(models.BankAccount.updated_at), "Last changed first."),
)


@filters("Which bank accounts. All given conditions must hold.")
class BankAccountFilter:
    purpose: AccountPurpose | None = equal("purpose", "For this purpose.")
    state: BankAccountState | None = equal("state", "In this state.")
    client_id: str | None = equal("client_id", "Served by this bank's system.")
    updated_since: DateTime | None = since()


@entity(
    models.BankAccount,
    "An account of the county at a custodian bank (专户). Committees see where their area's money lies.",
    orders=BANK_ACCOUNT_ORDERS,
    filters=BankAccountFilter,
    states=models.BankAccount.state,
)
class BankAccount:
    purpose: AccountPurpose = column(models.BankAccount.purpose, "What it is for.")
    holder: AccountHolder = column(models.BankAccount.holder, "Who manages the money in it.")
    name: str = column(models.BankAccount.name, "In whose name it is kept (户名).")
    bank_name: str = column(models.BankAccount.bank_name, "The bank and branch.")
    bank_code: str = column(models.BankAccount.bank_code, "The bank's 12-digit line number (联行号).")
    number: str = column(models.BankAccount.number_mask, "Its number, masked: ****5678.")
    client_id: str | None = column(
        models.BankAccount.client_id, "The bank's system that serves it (`client_id`).", to=WITH_THE_BANK
    )
    state: BankAccountState = column(models.BankAccount.state, "Whether money may leave it.")
    opened_on: datetime.date = column(models.BankAccount.opened_on, "Opened on.")
    closed_on: datetime.date | None = column(models.BankAccount.closed_on, "Closed on.")
    book_balance: Fen | None = derived(
        _book_balance, "What the books have in it now: the sum over areas; never stored.", to=WITH_THE_BANK
    )
    custodies: Connection["Custody"] = many(models.Custody.bank_account_id, "Whose money it holds or held.")
    movements: Connection["BankMovement"] = many(models.BankMovement.bank_account_id, "What the bank reported.")
    version: int = column(models.BankAccount.version, "Counts up with every change.")
    updated_at: DateTime = column(models.BankAccount.updated_at, "Last change.")
    events: Connection["AuditEvent"] = events_of(models.BankAccount)


CUSTODY_ORDERS = orders(
    "CustodyOrder", "How custodies are ordered.", NEWEST=(descending(models.Custody.id), "Latest first.")
)


@entity(
    models.Custody,
    "That an account holds an area's (or a building's) money, from a day to a day (存管关系).",
    orders=CUSTODY_ORDERS,
)
class Custody:
    bank_account: "BankAccount" = one(models.Custody.bank_account_id, "The account.")
    purpose: AccountPurpose = column(models.Custody.purpose, "Which money.")
    area: "PropertyArea | None" = one(models.Custody.area_id, "Whose: the property area.")
    building: "Building | None" = one(models.Custody.building_id, "Whose: the building without an area.")
    valid_from: datetime.date = column(models.Custody.valid_from, "The first day.")
    valid_to: datetime.date | None = column(models.Custody.valid_to, "The first day after it; null while it holds.")


BANK_MOVEMENT_ORDERS = orders(
    "BankMovementOrder",
    "How movements are ordered.",
    NEWEST=(descending(models.BankMovement.value_date), "Latest value date first."),
    OLDEST=(ascending(models.BankMovement.value_date), "Earliest value date first."),
)


@entity(
    models.BankMovement,
    "What a bank reported as moved on an account; statements are reconciled with it (FUND-4). Never changed.",
    orders=BANK_MOVEMENT_ORDERS,
)
class BankMovement:
    bank_account: "BankAccount" = one(models.BankMovement.bank_account_id, "The account.")
    serial: str = column(models.BankMovement.serial, "The bank's own number of it (流水号).")
    value_date: datetime.date = column(models.BankMovement.value_date, "From when it counts (起息日).")
    amount: Fen = column(models.BankMovement.amount, "In fen: positive into the account, negative out of it.")
    kind: MovementKind = column(models.BankMovement.kind, "What it is.")
    code: str | None = column(
        models.BankMovement.code, "The payment code (缴款码) or instruction's number; null where there is none."
    )
    created_at: DateTime = column(models.BankMovement.created_at, "When it was reported.")


@inputs("Register an account at a custodian bank.")
class BankAccountRegisterInput:
    county: str | None = given(COUNTY)
    purpose: AccountPurpose = given("What it is for.")
    holder: AccountHolder | None = given("Who manages the money; the bureau when left out.")
    name: str = given("In whose name it is kept (户名).")
    bank_name: str = given("The bank and branch.")
    bank_code: str = given("The bank's 12-digit line number (联行号).")
    number: str = given("The account's number; it is stored sealed and shown masked.")
    client_id: str = given("The bank's system, from its agreement with the scope `funds:custody`.")
    opened_on: datetime.date = given("The day on which it was opened; today or before.")


@inputs("Say whose money an account holds from today.")
class BankAccountAssignInput:
    id: strawberry.ID = ref("BankAccount", "The account.")
    area_ids: list[strawberry.ID] | None = ref("PropertyArea", "Property areas, at most 100.")
    building_ids: list[strawberry.ID] | None = ref("Building", "Buildings without a property area, at most 100.")


@inputs("Close an account.")
class BankAccountCloseInput:
    id: strawberry.ID = ref("BankAccount", "The account.")
    reason: str = given("Why.")


QUERIES = {"bankAccounts": listing("BankAccount", "Accounts at custodian banks that the caller may see.")}

_ONE = {"bankAccount": "BankAccount"}

MUTATIONS = [
    act(
        "bankAccountRegister",
        custody.register,
        BankAccountRegisterInput,
        "Register an account at a custodian bank. BUREAU, with the power `partners:register`.",
        _ONE,
        sensitive=True,
    ),
    act(
        "bankAccountAssign",
        custody.assign,
        BankAccountAssignInput,
        "Say that an account holds these areas' money from today. BUREAU, with the power `funds:approve`.",
        _ONE,
        sensitive=True,
    ),
    act(
        "bankAccountClose",
        custody.close,
        BankAccountCloseInput,
        "Close an account that holds nothing any more. BUREAU, with the power `partners:register`.",
        _ONE,
        sensitive=True,
    ),
]
