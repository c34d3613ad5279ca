"""Common income (公共收益) as clients see it, and what people do with it (V-22, TQ-106, ZS-21)."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Date, Integer, func

from domain.common_income import CommonIncomeKind, CommonIncomeSplitState
from domain.errors import ErrorCode, Refusal
from models import common_income as models
from resolvers import common_income, common_income_accounts
from schema.acts import act
from schema.cases import document_ids_of
from schema.common import DateTime, Fen
from schema.conditions import equal, of
from schema.engine.declare import (
    answer,
    column,
    derived,
    descending,
    entity,
    filters,
    listing,
    matches,
    one,
    orders,
)
from schema.engine.intents import given, inputs, ref
from schema.engine.types import described, plain_type
from schema.engine.values import Ref, decode_id

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.committees import Committee
    from schema.companies import Company
    from schema.ledger import LedgerTransaction

described(CommonIncomeKind)
described(CommonIncomeSplitState)

ENTRY_ORDERS = orders(
    "CommonIncomeEntryOrder",
    "How entries are ordered.",
    NEWEST=(descending(models.CommonIncomeEntry.occurred_on), "The latest first."),
)


@filters("Which entries of common income. All given conditions must hold.")
class CommonIncomeEntryFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    kind: CommonIncomeKind | None = equal("kind", "Of this kind.")
    occurred_from: datetime.date | None = matches(
        lambda row, value: row.occurred_on >= value, Date(), "Of this day or later."
    )
    occurred_to: datetime.date | None = matches(
        lambda row, value: row.occurred_on <= value, Date(), "Of this day or before."
    )


@entity(
    models.CommonIncomeEntry,
    "One receipt or cost of what common parts earn (公共收益明细): the area's owners, committee and offices read it.",
    orders=ENTRY_ORDERS,
    filters=CommonIncomeEntryFilter,
)
class CommonIncomeEntry:
    area: "PropertyArea | None" = one(models.CommonIncomeEntry.area_id, "The property area.")
    kind: CommonIncomeKind = column(models.CommonIncomeEntry.kind, "Where it came from, or what it was spent on.")
    amount: Fen = column(models.CommonIncomeEntry.amount, "How much, in fen; always positive.")
    occurred_on: datetime.date = column(models.CommonIncomeEntry.occurred_on, "Its day.")
    description: str = column(models.CommonIncomeEntry.description, "What it was, in words.")
    counterparty: str | None = column(models.CommonIncomeEntry.counterparty, "Who paid or was paid.")
    decision: str | None = column(models.CommonIncomeEntry.decision, "The assembly's decision on a use.")
    document_ids: list[strawberry.ID] = document_ids_of(
        models.CommonIncomeEntry, models.CommonIncomeEntry.document_ids, "What proves it, as ids of documents."
    )
    company: "Company | None" = one(models.CommonIncomeEntry.company_id, "The company that recorded it.")
    committee: "Committee | None" = one(models.CommonIncomeEntry.committee_id, "The committee that recorded it.")
    is_reversed: bool = derived(
        lambda row, _env: func.coalesce(row.reversal_id.is_not(None), False), "Whether it was taken back."
    )
    reversed_on: datetime.date | None = column(models.CommonIncomeEntry.reversed_on, "When it was taken back.")
    reversal_reason: str | None = column(models.CommonIncomeEntry.reversal_reason, "Why.")
    created_at: DateTime = column(models.CommonIncomeEntry.created_at, "When it was recorded.")


SPLIT_ORDERS = orders(
    "CommonIncomeSplitOrder",
    "How splits are ordered.",
    NEWEST=(descending(models.CommonIncomeSplit.year), "The latest year first."),
)


@filters("Which splits of common income. All given conditions must hold.")
class CommonIncomeSplitFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    state: CommonIncomeSplitState | None = equal("state", "In this state.")
    year: int | None = equal("year", "Of this year.", Integer())


@entity(
    models.CommonIncomeSplit,
    "What of an area's common income of a year goes to the maintenance fund (公共收益补充维修资金).",
    orders=SPLIT_ORDERS,
    filters=CommonIncomeSplitFilter,
    states=models.CommonIncomeSplit.state,
)
class CommonIncomeSplit:
    area: "PropertyArea | None" = one(models.CommonIncomeSplit.area_id, "The property area.")
    committee: "Committee | None" = one(models.CommonIncomeSplit.committee_id, "The committee that decided.")
    year: int = column(models.CommonIncomeSplit.year, "The year.")
    net: Fen = column(models.CommonIncomeSplit.net, "What there was to split, in fen.")
    to_fund: Fen = column(models.CommonIncomeSplit.to_fund, "What of it goes to the fund.")
    least: Fen = column(models.CommonIncomeSplit.least, "What at least had to.")
    below_mark: bool = column(
        models.CommonIncomeSplit.below_mark, "Whether the fund was below its renewal mark (30% of first deposits) then."
    )
    decision: str | None = column(models.CommonIncomeSplit.decision, "The assembly's decision on the rest.")
    document_ids: list[strawberry.ID] = document_ids_of(
        models.CommonIncomeSplit, models.CommonIncomeSplit.document_ids, "The decision's papers, as ids of documents."
    )
    state: CommonIncomeSplitState = column(models.CommonIncomeSplit.state, "Where it stands.")
    serial: str | None = column(models.CommonIncomeSplit.serial, "The bank's serial of the money's arrival.")
    paid_on: datetime.date | None = column(models.CommonIncomeSplit.paid_on, "Day of the arrival.")
    transaction: "LedgerTransaction | None" = one(
        models.CommonIncomeSplit.transaction_id, "The posting to the units' fund accounts; owners see their own line."
    )
    updated_at: DateTime = column(models.CommonIncomeSplit.updated_at, "Last change.")


plain_type(
    "CommonIncomeOfKind",
    "What one kind came to in a period.",
    {"kind": ("CommonIncomeKind", "The kind."), "amount": ("Fen", "How much, in fen.")},
)
plain_type(
    "CommonIncomeAccount",
    "An area's common income over some time (公共收益账目). Money in fen.",
    {
        "area": ("PropertyArea | None", "The property area."),
        "first": ("datetime.date", "First day."),
        "last": ("datetime.date", "Last day."),
        "opening": ("Fen", "What there was before the first day."),
        "income": ("Fen", "What came in."),
        "costs": ("Fen", "What went out for costs and decided uses."),
        "to_fund": ("Fen", "What went to the maintenance fund."),
        "closing": ("Fen", "What there is after the last day."),
        "by_kind": ("list[CommonIncomeOfKind]", "Receipts and costs by kind."),
    },
)


async def _account(
    run: Any,
    area: Annotated[strawberry.ID, strawberry.argument(description="The property area.")],
    first: Annotated[datetime.date, strawberry.argument(description="First day.")],
    last: Annotated[datetime.date, strawberry.argument(description="Last day.")],
) -> "CommonIncomeAccount | None":  # type: ignore[name-defined] # noqa: F821
    """From the entries that the caller sees."""
    named = decode_id(area, "area")
    if named.type != "PropertyArea":
        raise Refusal(ErrorCode.NOT_FOUND, "area")

    async def work(uow: Any) -> common_income_accounts.Account:
        return await common_income_accounts.account(uow, area_id=named.key, first=first, last=last)  # type: ignore[arg-type]

    found = await run.within(named.county, work)
    names = ("first", "last", "opening", "income", "costs", "to_fund", "closing")
    by_kind = [{"kind": kind, "amount": fen} for kind, fen in sorted(found.by_kind.items()) if fen]
    return {"area": Ref(*named), "by_kind": by_kind, **{name: getattr(found, name) for name in names}}


AREA = "The property area."


@inputs("Record a receipt or cost of common income.")
class CommonIncomeRecordInput:
    area_id: strawberry.ID = ref("PropertyArea", AREA)
    kind: CommonIncomeKind = given("Where it came from, or what it was spent on.")
    amount: Fen = given("How much, in fen; positive.")
    occurred_on: datetime.date = given("Its day; today or before.")
    description: str = given("What it was, in words that owners read.")
    counterparty: str | None = given("Who paid or was paid.")
    decision: str | None = given("For DECIDED_USE: the assembly's decision.")
    document_ids: list[strawberry.ID] | None = ref("Document", "Confirmed documents; a cost needs one that proves it.")


@inputs("Take an entry back.")
class CommonIncomeReverseInput:
    id: strawberry.ID = ref("CommonIncomeEntry", "The entry.")
    reason: str = given("Why, in words that owners read.")


@inputs("Decide what of a year's common income goes to the fund.")
class CommonIncomeSplitInput:
    area_id: strawberry.ID = ref("PropertyArea", AREA)
    year: int = given("A year that is over.")
    to_fund: Fen = given("How much goes to the fund, in fen; all of it where the assembly has decided nothing else.")
    decision: str | None = given("The owners' assembly's decision on the rest: its date and number.")
    document_ids: list[strawberry.ID] | None = ref("Document", "The decision's papers; needed with a decision.")


@inputs("Take a split back that is not paid yet.")
class CommonIncomeSplitWithdrawInput:
    id: strawberry.ID = ref("CommonIncomeSplit", "The split.")
    reason: str = given("Why.")


@inputs("Record that a split's money has arrived at the fund.")
class CommonIncomeSplitPayInput:
    id: strawberry.ID = ref("CommonIncomeSplit", "The split.")
    serial: str = given("The bank's serial of the arrival.")
    value_date: datetime.date = given("Its value date; today or before.")


@inputs("Post a quarter's account on the board.")
class CommonIncomePostInput:
    area_id: strawberry.ID = ref("PropertyArea", AREA)
    year: int = given("The year.")
    quarter: int = given("1 to 4; a quarter that is over.")
    objection_contact: str = given("Where owners object: a phone or an address, as it stands on the board.")


QUERIES = {
    "commonIncomeEntries": listing("CommonIncomeEntry", "Receipts and costs of common income that the caller may see."),
    "commonIncomeSplits": listing("CommonIncomeSplit", "Splits of common income that the caller may see."),
    "commonIncomeAccount": answer(
        _account, "An area's common income over a period, for its owners, committee and offices."
    ),
}

MUTATIONS = [
    act(
        "commonIncomeRecord",
        common_income.record,
        CommonIncomeRecordInput,
        "Record a receipt or cost of common income (公共收益). By the area's committee or the company that serves it; costs are "
        "proven by documents (V-22).",
        {"entry": "CommonIncomeEntry"},
    ),
    act(
        "commonIncomeReverse",
        common_income.reverse,
        CommonIncomeReverseInput,
        "Take an entry back that was wrong. By the area's committee, or the company whose entry it is.",
        {"entry": "CommonIncomeEntry"},
    ),
    act(
        "commonIncomeSplit",
        common_income.split,
        CommonIncomeSplitInput,
        "Decide what of a past year's common income goes to the maintenance fund: all of it, or what the assembly has decided, "
        "and never less than the county's share while the fund is below its renewal mark (V-22, TQ-106). By the committee.",
        {"split": "CommonIncomeSplit"},
    ),
    act(
        "commonIncomeSplitWithdraw",
        common_income.withdraw,
        CommonIncomeSplitWithdrawInput,
        "Take a split back before it is paid. By the committee.",
        {"split": "CommonIncomeSplit"},
    ),
    act(
        "commonIncomeSplitPay",
        common_income.pay,
        CommonIncomeSplitPayInput,
        "Record that a split's money has arrived at the fund's bank: each unit's fund account gets its part by exclusive area "
        "(V-24). By the bureau.",
        {"split": "CommonIncomeSplit"},
    ),
    act(
        "commonIncomePost",
        common_income_accounts.post_quarter,
        CommonIncomePostInput,
        "Post a past quarter's account of common income on the area's board, figures from the books (ZS-21). By the committee or "
        "the company that serves the area.",
        {"disclosure": "Disclosure"},
    ),
]
