"""What the maintenance fund holds, for officials: by division here, by estate and bank account on these themselves."""

import datetime
from typing import Annotated, Any

import strawberry

from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.roles import FUND_OFFICES
from resolvers import fund_balances
from resolvers.fund_balances import FundBalance
from schema.engine.declare import answer
from schema.engine.intents import value_county
from schema.engine.types import plain_type
from schema.engine.values import Ref

plain_type(
    "DivisionFundBalance",
    "What the maintenance fund of a division comes to. Money in fen; by estate see `Estate.fundBalance`, by bank account "
    "`BankAccount.bookBalance`.",
    {
        "division": ("Division | None", "The division."),
        "units": ("Fen", "On the sub-accounts of units (分户账)."),
        "public_housing": (
            "Fen",
            "Of these on sub-accounts of sold public housing, managed together with all else (并轨).",
        ),
        "buildings": ("Fen", "On buildings' accounts: public-housing sellers' parts, buildings without an area."),
        "areas": ("Fen", "On property areas' own accounts."),
        "total": ("Fen", "The money altogether."),
        "earmarked": ("Fen", "Of that, promised to approved requests."),
        "claims": ("Fen", "Besides: what owners owe the fund. No money."),
    },
)


async def _fund_balances(
    run: Any,
    by: Annotated[DivisionLevel, strawberry.argument(description="Per county, township or community.")],
    as_of: Annotated[
        datetime.date | None,
        strawberry.argument(description="At the end of this day; of everything posted when left out."),
    ] = None,
    county: Annotated[
        str | None, strawberry.argument(description="The county; needed only by who acts in several.")
    ] = None,
) -> Any:
    """Officials only; each sees its own division."""
    here = county or value_county(run.actor)
    if not run.actor.eligible(FUND_OFFICES, here):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, roles=FUND_OFFICES)
    if DivisionLevel(by) not in (DivisionLevel.COUNTY, DivisionLevel.TOWNSHIP, DivisionLevel.COMMUNITY):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "by")

    async def work(uow: Any) -> list[FundBalance]:
        return await fund_balances.fund_balances(uow, by=by, as_of=as_of)

    return [_shown(balance) for balance in await run.within(here, work)]


def _shown(balance: FundBalance) -> Any:
    figures = ("units", "public_housing", "buildings", "areas", "total", "earmarked", "claims")
    return {"division": Ref("Division", "", balance.division), **{name: getattr(balance, name) for name in figures}}


QUERIES = {
    "fundBalances": answer(
        _fund_balances,
        "What the maintenance fund holds by division, for the offices that it passes through.",
        shows="list[DivisionFundBalance] | None",
    )
}
