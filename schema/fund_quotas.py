"""Quotas on which fund requests draw without a vote of their own, and what people do with them (V-27, V-32, TQ-42)."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from domain.estates import FacilityKind
from domain.fund_quotas import QuotaKind, QuotaState
from models import fund_quotas as models
from models.funds import FundRequest as FundRequestRow
from resolvers import fund_quotas
from schema.acts import act
from schema.common import DateTime, Fen
from schema.engine.declare import column, derived, descending, entity, many, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.estates import Building
    from schema.funds import FundRequest
    from schema.votes import ModeClause, Vote

for _enumeration in (QuotaKind, QuotaState):
    described(_enumeration)

FUND_QUOTA_ORDERS = orders(
    "FundQuotaOrder", "How quotas are ordered.", NEWEST=(descending(models.FundQuota.id), "Latest first.")
)


def _drawn_this_year(row: Any, env: Any) -> Any:
    """The sum over all draws of the calendar year: a figure, whoever may see the quota."""
    request = aliased(FundRequestRow)
    drawn = (
        select(func.sum(request.quota_drawn))
        .where(
            env.county_of(request),
            request.county == row.county,
            request.quota_id == row.id,
            func.date_part("year", request.quota_used_on) == func.date_part("year", env.today),
        )
        .correlate(row)
    )
    return func.coalesce(drawn.scalar_subquery(), 0)


@entity(
    models.FundQuota,
    "What owners agreed to once for many repairs (集合表决、授权额度): within its limits and its term fund requests draw on it "
    "without a vote of their own. Owners see it once they decided.",
    orders=FUND_QUOTA_ORDERS,
)
class FundQuota:
    kind: QuotaKind = column(models.FundQuota.kind, "Whose decision a draw is.")
    state: QuotaState = column(models.FundQuota.state, "Where it stands.")
    area: "PropertyArea | None" = one(models.FundQuota.area_id, "The property area.")
    building: "Building | None" = one(
        models.FundQuota.building_id, "The building whose owners agreed; null where it holds for the whole area."
    )
    township: str = column(models.FundQuota.township, "Division code, 9 digits.")
    community: str = column(models.FundQuota.community, "Division code, 12 digits.")
    works: str = column(models.FundQuota.works, "The class of repairs, in words.")
    facility_kinds: list[FacilityKind] = column(
        models.FundQuota.facility_kinds, "The shared facilities that it is for; empty where it is not confined to some."
    )
    item_limit: Fen = column(models.FundQuota.item_limit, "What one repair may cost, in fen.")
    year_limit: Fen = column(models.FundQuota.year_limit, "What all repairs of one calendar year may cost, in fen.")
    drawn_this_year: Fen = derived(_drawn_this_year, "What requests draw on it in the present calendar year, in fen.")
    valid_from: datetime.date = column(models.FundQuota.valid_from, "First day of its term.")
    valid_to: datetime.date = column(models.FundQuota.valid_to, "Last day of its term.")
    vote: "Vote | None" = one(models.FundQuota.vote_id, "The vote that adopts it.")
    clause: "ModeClause | None" = one(
        models.FundQuota.clause_id, "The clause that allows the collective mode, or the adopted rule itself."
    )
    ended_on: datetime.date | None = column(models.FundQuota.ended_on, "When it ended before its term was over.")
    end_reason: str | None = column(models.FundQuota.end_reason, "Why; ANNULLED where its decision was.")
    created_at: DateTime = column(models.FundQuota.created_at, "When it was written.")
    updated_at: DateTime = column(models.FundQuota.updated_at, "Last change.")
    draws: Connection["FundRequest"] = many(FundRequestRow.quota_id, "The requests that draw on it.")


WORKS = "The class of repairs, in words."
KINDS = "The shared facilities that it is for; left out where it is not confined to some."
ITEM, YEAR = "What one repair may cost, in fen.", "What all repairs of one calendar year may cost, in fen."
FROM, TO = "First day of the term.", "Last day of the term."


@inputs("Put a quota to the owners' vote.")
class FundQuotaProposeInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    building_id: strawberry.ID | None = ref("Building", "The building, where it is for its repairs alone.")
    kind: QuotaKind = given("Whose decision a draw shall be.")
    works: str = given(WORKS)
    facility_kinds: list[FacilityKind] | None = given(KINDS)
    item_limit: Fen = given(ITEM)
    year_limit: Fen = given(YEAR)
    valid_from: datetime.date = given(FROM)
    valid_to: datetime.date = given(TO)
    clause_id: strawberry.ID | None = ref("ModeClause", "For a collective one: the clause that allows that mode.")


@inputs("Enter the limits that an adopted clause sets the committee.")
class FundQuotaRecordInput:
    clause_id: strawberry.ID = ref("ModeClause", "The clause that lets the committee decide.")
    works: str = given(WORKS)
    facility_kinds: list[FacilityKind] | None = given(KINDS)
    item_limit: Fen = given(ITEM)
    year_limit: Fen = given(YEAR)
    valid_from: datetime.date = given(FROM)
    valid_to: datetime.date = given(TO)


@inputs("End a quota before its term is over.")
class FundQuotaEndInput:
    id: strawberry.ID = ref("FundQuota", "The quota.")
    reason: str = given("Why, for the record.")


_QUOTA = {"fundQuota": "FundQuota"}

MUTATIONS = [
    act(
        "fundQuotaPropose",
        fund_quotas.propose,
        FundQuotaProposeInput,
        "Put a quota to the owners' vote, of which a draft is made. Who convenes.",
        _QUOTA,
    ),
    act(
        "fundQuotaRecord",
        fund_quotas.record,
        FundQuotaRecordInput,
        "Enter the limits that an adopted clause sets the committee. TOWNSHIP, BUREAU.",
        _QUOTA,
    ),
    act("fundQuotaEnd", fund_quotas.end, FundQuotaEndInput, "End it. COMMITTEE, TOWNSHIP, BUREAU.", _QUOTA),
]
