"""The maintenance fund's income as banks credit it, how it was shared, and the pool's uses (FUND-9, FUND-10, TQ-103)."""

import datetime
from typing import TYPE_CHECKING

import strawberry
from sqlalchemy import Boolean, Integer

from domain.fund_incomes import IncomeKind, PoolUse
from domain.payment_instructions import PayoutState
from models import fund_incomes as models
from resolvers import fund_incomes
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import column, derived, descending, entity, filters, listing, matches, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import described
from schema.payment_instructions import PayeeInput

if TYPE_CHECKING:
    from schema.custody import BankAccount
    from schema.payment_instructions import PaymentInstruction

for _enumeration in (IncomeKind, PoolUse, PayoutState):
    described(_enumeration)

FUND_INCOME_ORDERS = orders(
    "FundIncomeOrder",
    "How credits of income are ordered.",
    NEWEST=(descending(models.FundIncome.value_date), "Latest first."),
)


@filters("Which credits. All given conditions must hold.")
class FundIncomeFilter:
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "At this bank account.")
    kind: IncomeKind | None = equal("kind", "Of this kind.")
    year: int | None = equal("year", "Shared with this year's income.", Integer())
    reversed: bool | None = matches(
        lambda row, value: row.reversal_id.is_not(None) == value, Boolean(), "Whether the bank took it back."
    )
    updated_since: DateTime | None = since()


@entity(
    models.FundIncome,
    "Interest or other income that a bank credited to a fund account (结息、增值收益).",
    orders=FUND_INCOME_ORDERS,
    filters=FundIncomeFilter,
    sums={
        "amountSum": (models.FundIncome.amount, "All that was credited."),
        "pooledSum": (models.FundIncome.pooled, "What of it is in the pool."),
    },
)
class FundIncome:
    bank_account: "BankAccount | None" = one(models.FundIncome.bank_account_id, "The account that it came to.")
    serial: str = column(models.FundIncome.serial, "The bank's number of the credit.")
    kind: IncomeKind = column(models.FundIncome.kind, "What earned it.")
    amount: Fen = column(models.FundIncome.amount, "How much.")
    demand_part: Fen | None = column(
        models.FundIncome.demand_part, "What the same money would have earned at the demand rate, where that was said."
    )
    pooled: Fen = column(models.FundIncome.pooled, "What of it stays in the pool; the rest is shared.")
    value_date: datetime.date = column(models.FundIncome.value_date, "The bank's day of the credit.")
    year: int = column(models.FundIncome.year, "With which year's income it is shared.")
    is_reversed: bool = derived(lambda row, env: row.reversal_id.is_not(None), "Whether the bank took it back.")
    created_at: DateTime = column(models.FundIncome.created_at, "When it was recorded.")
    updated_at: DateTime = column(models.FundIncome.updated_at, "Last change.")


FUND_DISTRIBUTION_ORDERS = orders(
    "FundDistributionOrder",
    "How shared years are ordered.",
    NEWEST=(descending(models.FundDistribution.year), "Latest year first."),
)


@filters("Which years. All given conditions must hold.")
class FundDistributionFilter:
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "Of this bank account.")
    year: int | None = equal("year", "Of this year.", Integer())
    updated_since: DateTime | None = since()


@entity(
    models.FundDistribution,
    "How one year's income of a bank account was shared among the accounts whose money lies there, by day-weighted balance "
    "(收益分配). Each account's own share is a posting on it.",
    orders=FUND_DISTRIBUTION_ORDERS,
    filters=FundDistributionFilter,
    sums={"amountSum": (models.FundDistribution.amount, "All that was shared.")},
)
class FundDistribution:
    bank_account: "BankAccount | None" = one(models.FundDistribution.bank_account_id, "The bank account.")
    year: int = column(models.FundDistribution.year, "The year whose income it is.")
    amount: Fen = column(models.FundDistribution.amount, "What was shared.")
    account_count: int = column(models.FundDistribution.account_count, "How many accounts were given something.")
    fen_days: Fen = column(
        models.FundDistribution.total_weight,
        "All accounts' balances at the end of each day, added up: amount ÷ this is what a fen earned a day.",
    )
    residue: Fen = column(models.FundDistribution.residue, "The fen that did not divide; the largest account got them.")
    distributed_on: datetime.date = column(models.FundDistribution.distributed_on, "When it was shared.")
    due_on: datetime.date = column(
        models.FundDistribution.due_on,
        "The last day to share and publish it: the end of the next year's first quarter.",
    )
    is_late: bool = derived(lambda row, env: row.distributed_on > row.due_on, "Whether that was later than due.")
    created_at: DateTime = column(models.FundDistribution.created_at, "When it was recorded.")


FUND_POOL_USE_ORDERS = orders(
    "FundPoolUseOrder",
    "How uses of the pool are ordered.",
    NEWEST=(descending(models.FundPoolUse.created_at), "Last first."),
)


@filters("Which uses. All given conditions must hold.")
class FundPoolUseFilter:
    bank_account: strawberry.ID | None = of("BankAccount", "bank_account_id", "From this bank account.")
    purpose: PoolUse | None = equal("purpose", "For this.")
    state: PayoutState | None = equal("state", "In this state.")


@entity(
    models.FundPoolUse,
    "What value-added income kept in the pool was used for (增值收益使用, TQ-103).",
    orders=FUND_POOL_USE_ORDERS,
    filters=FundPoolUseFilter,
    states=models.FundPoolUse.state,
    sums={"amountSum": (models.FundPoolUse.amount, "All amounts.")},
)
class FundPoolUse:
    bank_account: "BankAccount | None" = one(models.FundPoolUse.bank_account_id, "The bank account.")
    purpose: PoolUse = column(models.FundPoolUse.purpose, "What for.")
    description: str = column(models.FundPoolUse.description, "What was done or bought.")
    basis: str = column(models.FundPoolUse.basis, "Who decided it, and how.")
    amount: Fen = column(models.FundPoolUse.amount, "How much.")
    state: PayoutState = column(models.FundPoolUse.state, "Whether it is paid.")
    instruction: "PaymentInstruction | None" = one(models.FundPoolUse.instruction_id, "What the bank was told to pay.")
    created_at: DateTime = column(models.FundPoolUse.created_at, "When it was decided.")


@inputs("Report interest or other income that was credited to a fund account.")
class FundIncomeRecordInput:
    bank_account_id: strawberry.ID = ref("BankAccount", "The account.")
    serial: str = given("The bank's number of the credit.")
    kind: IncomeKind = given("What earned it.")
    amount: Fen = given("How much.")
    value_date: datetime.date = given("The bank's day of the credit.")
    demand_part: Fen | None = given(
        "Of VALUE_ADDED: what the same money would have earned at the demand rate; needed where the county pools the rest."
    )


@inputs("Take income back that the bank took off its account again.")
class FundIncomeReverseInput:
    id: strawberry.ID = ref("FundIncome", "The credit.")
    serial: str = given("The bank's number of its correcting entry.")
    value_date: datetime.date = given("That entry's day.")
    reason: str = given("Why.")


@inputs("Share a year's income among the accounts whose money lies at a bank account.")
class FundIncomeDistributeInput:
    bank_account_id: strawberry.ID = ref("BankAccount", "The bank account.")
    year: int = given("The year, which must be over.")


@inputs("Pay from the pool of value-added income.")
class FundPoolUseInput:
    bank_account_id: strawberry.ID = ref("BankAccount", "The bank account whose pool it is.")
    purpose: PoolUse = given("What for.")
    description: str = given("What is done or bought, for everybody to read.")
    basis: str = given("Who decided it, and how.")
    amount: Fen = given("How much.")
    payee: PayeeInput = given("Who is paid.")


QUERIES = {
    "fundIncomes": listing("FundIncome", "Income credited to fund accounts that the caller may see."),
    "fundDistributions": listing("FundDistribution", "Years whose income was shared, as far as the caller may see."),
    "fundPoolUses": listing("FundPoolUse", "Uses of pooled value-added income that the caller may see."),
}

MUTATIONS = [
    act(
        "fundIncomeRecord",
        fund_incomes.record,
        FundIncomeRecordInput,
        "Report interest or other income; it waits undistributed. By the bank.",
        {"income": "FundIncome"},
    ),
    act(
        "fundIncomeReverse",
        fund_incomes.reverse,
        FundIncomeReverseInput,
        "Take income back that the bank took off its account again, before it is shared. By the bank.",
        {"income": "FundIncome"},
    ),
    act(
        "fundIncomeDistribute",
        fund_incomes.distribute,
        FundIncomeDistributeInput,
        "Share a year's income by day-weighted balance, once a year, exact to the fen. By the bureau.",
        {"distribution": "FundDistribution"},
        sensitive=True,
    ),
    act(
        "fundPoolUse",
        fund_incomes.use_pool,
        FundPoolUseInput,
        "Pay from the pool for better property or residents' services, where the county pools value-added income. By the bureau.",
        {"use": "FundPoolUse"},
        sensitive=True,
    ),
]
