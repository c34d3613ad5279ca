"""Figures of fees: the collection rate (收缴率, FEE-10, SL-35) and a unit's statement (对账单)."""

import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from domain.collection import RateBy
from domain.errors import ErrorCode, Refusal
from resolvers import fee_figures
from schema.engine.declare import answer
from schema.engine.intents import value_county
from schema.engine.run import Run
from schema.engine.types import described, plain_type
from schema.engine.values import Ref, decode_id, encode_id

described(RateBy)

plain_type(
    "CollectionRate",
    "How much of what fell due was collected (收缴率, FEE-10). Money in fen.",
    {
        "due_from": ("datetime.date", "First due date that counts."),
        "due_to": ("datetime.date", "Last due date that counts."),
        "bills": ("int", "How many bills fell due; voided ones do not count."),
        "due": ("Fen", "What they come to after reductions."),
        "collected": ("Fen", "What is paid of them, whenever it came; refunds deducted."),
        "basis_points": (
            "int | None",
            "The rate in hundredths of a percent, rounded down; null when nothing fell due.",
        ),
        "recovered": ("Fen", "What the period brought in of bills of earlier years; apart, it does not lift the rate."),
        "overdue": ("Fen", "What is open today on bills of the period past their due date."),
    },
)
plain_type(
    "CollectionGroup",
    "The collection rate of one estate, area, company or division (FEE-10).",
    {
        "id": ("strawberry.ID | None", "The row's id; null for a division."),
        "code": ("str | None", "The division's code; null for a row."),
        "name": ("str", "Its name."),
        "bills": ("int", "How many bills fell due."),
        "due": ("Fen", "What they come to after reductions."),
        "collected": ("Fen", "What is paid of them."),
        "basis_points": ("int | None", "The rate in hundredths of a percent; null when nothing fell due (K-8)."),
    },
)
plain_type(
    "FeeStatementLine",
    "One entry of a statement.",
    {
        "occurred_on": ("datetime.date", "Its day."),
        "kind": ("TransactionKind", "What it was."),
        "reason": ("str", "In words."),
        "reference": ("str | None", "What it is known by outside: a bill run, a bank's number, a receipt."),
        "owed": ("Fen", "What it added to what is owed; less than zero for money that came in."),
        "balance": ("Fen", "What was owed after it; less than zero: money in advance."),
    },
)
plain_type(
    "FeeStatement",
    "A unit's account with a company over some time (对账单), from the ledger.",
    {
        "opening": ("Fen", "What was owed before the first day."),
        "lines": ("list[FeeStatementLine]", "Every entry, oldest first."),
        "closing": ("Fen", "What is owed after the last day; less than zero: money in advance."),
    },
)

_COUNTY = Annotated[
    str | None, strawberry.argument(description="The county; needed only by who acts in several and names no row.")
]


async def _collection_rate(
    run: Run,
    due_from: Annotated[datetime.date, strawberry.argument(description="First due date that counts.")],
    due_to: Annotated[datetime.date, strawberry.argument(description="Last due date that counts.")],
    company: Annotated[strawberry.ID | None, strawberry.argument(description="Only this company's bills.")] = None,
    area: Annotated[strawberry.ID | None, strawberry.argument(description="Only this property area's.")] = None,
    township: Annotated[str | None, strawberry.argument(description="Only this township's, 9 digits.")] = None,
    community: Annotated[str | None, strawberry.argument(description="Only this community's, 12 digits.")] = None,
    county: _COUNTY = None,
) -> "CollectionRate | None":  # type: ignore[name-defined] # noqa: F821
    """Over the bills that the caller sees."""
    named = {
        "company_id": _named("Company", company, "company"),
        "area_id": _named("PropertyArea", area, "area"),
    }
    here = county or next((found.county for found in named.values() if found), None) or value_county(run.actor)
    keys = {column: found.key for column, found in named.items() if found}

    async def work(uow: Any) -> Any:
        return await fee_figures.collection_rate(
            uow, due_from=due_from, due_to=due_to, township=township, community=community, **keys
        )

    found = await run.within(here, work)
    shown = found.collection
    return {
        "due_from": due_from,
        "due_to": due_to,
        "bills": found.bills,
        "due": shown.due,
        "collected": shown.collected,
        "basis_points": shown.basis_points,
        "recovered": shown.recovered,
        "overdue": found.overdue,
    }


_ROW_TYPES = {RateBy.ESTATE: "Estate", RateBy.AREA: "PropertyArea", RateBy.COMPANY: "Company"}


async def _collection_rates(
    run: Run,
    by: Annotated[RateBy, strawberry.argument(description="What is told apart.")],
    due_from: Annotated[datetime.date, strawberry.argument(description="First due date that counts.")],
    due_to: Annotated[datetime.date, strawberry.argument(description="Last due date that counts.")],
    county: _COUNTY = None,
) -> "list[CollectionGroup] | None":  # type: ignore[name-defined] # noqa: F821
    """The lowest first, 500 at most, over the bills that the caller sees."""
    here = county or value_county(run.actor)

    async def work(uow: Any) -> Any:
        return await fee_figures.collection_rates(uow, by=RateBy(by), due_from=due_from, due_to=due_to)

    row_type = _ROW_TYPES.get(RateBy(by))
    return [
        {
            "id": encode_id(Ref(row_type, here, UUID(group.key))) if row_type else None,
            "code": None if row_type else group.key,
            "name": group.name,
            "bills": group.bills,
            "due": group.collection.due,
            "collected": group.collection.collected,
            "basis_points": group.collection.basis_points,
        }
        for group in await run.within(here, work)
    ]


async def _fee_statement(
    run: Run,
    unit: Annotated[strawberry.ID, strawberry.argument(description="The unit.")],
    company: Annotated[strawberry.ID, strawberry.argument(description="The company.")],
    first: Annotated[datetime.date, strawberry.argument(description="First day.")],
    last: Annotated[datetime.date, strawberry.argument(description="Last day.")],
) -> "FeeStatement | None":  # type: ignore[name-defined] # noqa: F821
    """Bills raise what is owed, payments and reductions lower it."""
    home, firm = _named("Unit", unit, "unit"), _named("Company", company, "company")

    async def work(uow: Any) -> Any:
        return await fee_figures.unit_statement(uow, unit_id=home.key, company_id=firm.key, first=first, last=last)

    return await run.within(home.county, work)


def _named(type_name: str, value: str | None, field: str) -> Any:
    """The row that an argument names, of this type and no other."""
    if value is None:
        return None
    found = decode_id(value, field)
    if found.type != type_name:
        raise Refusal(ErrorCode.NOT_FOUND, field)
    return found


QUERIES = {
    "collectionRate": answer(_collection_rate, "The collection rate over the bills that the caller sees (SL-35)."),
    "collectionRates": answer(
        _collection_rates, "Collection rates by estate, area, company or division, the lowest first (SL-35, FEE-10)."
    ),
    "feeStatement": answer(_fee_statement, "A unit's statement with a company."),
}
