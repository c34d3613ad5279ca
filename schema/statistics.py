"""Figures by division: the counties' coverage rates."""

from typing import Annotated, Any

import strawberry

from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.roles import OFFICIALS
from domain.statistics import Coverage, CoverageRate
from resolvers import statistics
from schema.engine.declare import answer
from schema.engine.intents import value_county
from schema.engine.types import described, plain_type
from schema.engine.values import Ref

described(Coverage)

DivisionCoverage = plain_type(
    "DivisionCoverage",
    "How many estates of a division are covered.",
    {
        "division": ("Division | None", "The division."),
        "covered": ("int", "Estates that count as covered."),
        "total": ("int", "Estates that are counted."),
        "basis_points": ("int | None", "The share in hundredths of a percent; null where there is no estate."),
        "target_percent": ("int | None", "The county's target; null where it has none."),
        "passes": ("bool | None", "Whether the target is reached; null without target or estates."),
    },
)


async def coverage(
    run: Any,
    measure: Annotated[Coverage, strawberry.argument(description="What is counted.")],
    by: Annotated[DivisionLevel, strawberry.argument(description="Per county, township or community.")],
    county: Annotated[
        str | None, strawberry.argument(description="The county; needed only by who acts in several.")
    ] = None,
) -> "list[DivisionCoverage] | None":  # type: ignore[valid-type]
    """Officials only; each sees the estates of its own division."""
    here = county or value_county(run.actor)
    if not run.actor.eligible(OFFICIALS, here):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, roles=OFFICIALS)
    if DivisionLevel(by) not in (DivisionLevel.COUNTY, DivisionLevel.TOWNSHIP, DivisionLevel.COMMUNITY):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "by")

    async def work(uow: Any) -> list[CoverageRate]:
        return await statistics.coverage(uow, measure=measure, by=by)

    return [_shown(rate) for rate in await run.within(here, work)]


def _shown(rate: CoverageRate) -> Any:
    return {
        "division": Ref("Division", "", rate.division),
        "covered": rate.covered,
        "total": rate.total,
        "basis_points": rate.basis_points,
        "target_percent": rate.target_percent,
        "passes": rate.passes,
    }


QUERIES = {"statistics": answer(coverage, "Coverage of estates by division, for officials.")}
