"""Fund requests as clients see them and what people do with them (SM-6, SM-7)."""

import datetime
from typing import TYPE_CHECKING

import strawberry
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy import Text, Uuid, func

from domain.fund_shares import Bearer
from domain.funds import (
    EmergencyCode,
    EmergencyOrder,
    Exclusion,
    FundAction,
    FundKind,
    FundScope,
    FundState,
    FundUse,
    VoteMode,
)
from domain.roles import Role
from models import fund_use as use_models
from models import funds as models
from schema.cases import available_actions_of, document_ids_of, events_of, reviews_of
from schema.common import Area, DateTime, Fen
from schema.engine.declare import (
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
from schema.engine.intents import changes
from schema.engine.types import Connection, described
from schema.engine.values import key_of

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.cases import AuditEvent, AvailableAction, Review
    from schema.committees import Committee
    from schema.companies import Company
    from schema.estates import Building, Estate, Facility, Unit
    from schema.fund_quotas import FundQuota
    from schema.fund_use import FundContract, FundObjection, FundPayment, FundProgress, FundRecovery
    from schema.votes import Vote

for _enumeration in (
    FundState,
    FundAction,
    FundKind,
    FundScope,
    FundUse,
    Exclusion,
    EmergencyCode,
    EmergencyOrder,
    VoteMode,
    Bearer,
):
    described(_enumeration)

REQUEST_ORDERS = orders(
    "FundRequestOrder",
    "How fund requests are ordered.",
    NEWEST=(descending(models.FundRequest.id), "Latest opened first."),
    UPDATED=(descending(models.FundRequest.updated_at), "Last changed first."),
)


@filters("Which fund requests. All given conditions must hold.")
class FundRequestFilter:
    state: FundState | None = matches(lambda row, value: row.state == value, Text(), "In this state.")
    kind: FundKind | None = matches(lambda row, value: row.kind == value, Text(), "Ordinary or emergency.")
    estate: strawberry.ID | None = matches(
        lambda row, value: row.estate_id == value, Uuid(), "Of this estate.", read=key_of("Estate")
    )
    area: strawberry.ID | None = matches(
        lambda row, value: row.area_id == value, Uuid(), "Of this property area.", read=key_of("PropertyArea")
    )
    company: strawberry.ID | None = matches(
        lambda row, value: row.company_id == value, Uuid(), "Of estates of this company.", read=key_of("Company")
    )
    township: str | None = matches(lambda row, value: row.township == value, Text(), "In this township, 9 digits.")
    community: str | None = matches(lambda row, value: row.community == value, Text(), "In this community, 12 digits.")
    updated_since: DateTime | None = matches(
        lambda row, value: row.updated_at >= value, SqlDateTime(timezone=True), "Changed at or after this instant."
    )


@entity(
    models.FundRequest,
    "A request to pay a repair from the maintenance fund (维修资金使用申请). A draft is its applicant's own affair; owners "
    "of the area see it from the posting on, an emergency at once.",
    orders=REQUEST_ORDERS,
    filters=FundRequestFilter,
    states=models.FundRequest.state,
    sums={
        "budgetSum": (models.FundRequest.budget, "Sum of the budgets, in fen."),
        "approvedSum": (models.FundRequest.approved_amount, "Sum of what was approved, in fen."),
    },
)
class FundRequest:
    kind: FundKind = column(models.FundRequest.kind, "Ordinary or emergency.")
    use: FundUse = column(models.FundRequest.use, "What the money buys.")
    title: str = column(models.FundRequest.title, "What is to be repaired.")
    description: str = column(models.FundRequest.description, "What is broken and what shall be done.")
    state: FundState = column(models.FundRequest.state, "Where it stands.")
    state_since: DateTime = column(models.FundRequest.state_since, "Since when.")
    due_on: datetime.date | None = column(models.FundRequest.due_on, "The soonest deadline of the present state.")
    is_overdue: bool | None = derived(lambda row, env: row.due_on < env.today, "Whether that day has passed.")
    version: int = column(models.FundRequest.version, "Counts its changes.")
    township: str | None = column(models.FundRequest.township, "Division code, 9 digits.")
    community: str | None = column(models.FundRequest.community, "Division code, 12 digits.")
    applicant_role: Role = column(models.FundRequest.applicant_role, "In which role it was opened.")
    estate: "Estate | None" = one(models.FundRequest.estate_id, "The estate.")
    area: "PropertyArea | None" = one(models.FundRequest.area_id, "The property area whose fund pays.")
    company: "Company | None" = one(models.FundRequest.company_id, "The company that serves it.")
    committee: "Committee | None" = one(models.FundRequest.committee_id, "The body that acts for its owners.")
    scope: FundScope = column(models.FundRequest.scope, "Whose asset it is, and so who bears the cost.")
    building: "Building | None" = one(
        models.FundRequest.building_id, "The building, for a building's or an entrance's asset."
    )
    entrance: str | None = column(models.FundRequest.entrance, "The entrance (单元), for an asset of one.")
    facility: "Facility | None" = one(models.FundRequest.facility_id, "The shared facility to be repaired.")
    concerned_unit: "Unit | None" = one(models.FundRequest.concerned_unit_id, "The unit of the owner concerned.")
    requested_on: datetime.date = column(models.FundRequest.requested_on, "Day on which it was opened.")
    budget: Fen = column(models.FundRequest.budget, "What the work shall cost, in fen.")
    settled_cost: Fen | None = column(models.FundRequest.settled_cost, "What the work cost in the end, in fen.")
    approved_amount: Fen | None = column(models.FundRequest.approved_amount, "What the bureau approved, in fen.")
    decided_on: datetime.date | None = column(models.FundRequest.decided_on, "Day of the bureau's decision.")
    warranty_checked: bool = column(models.FundRequest.warranty_checked, "Whether the warranty was looked up.")
    warranty_ends_on: datetime.date | None = column(
        models.FundRequest.warranty_ends_on, "Last day of the builder's warranty; null where there is none."
    )
    exclusion: Exclusion | None = column(models.FundRequest.exclusion, "Why the fund may not pay.")
    exclusion_note: str | None = column(models.FundRequest.exclusion_note, "On that reason.")
    contractor: str | None = column(models.FundRequest.contractor, "The proposed contractor.")
    contractor_credit_code: str | None = column(
        models.FundRequest.contractor_credit_code, "The contractor's unified social credit code."
    )
    emergency_code: EmergencyCode | None = column(models.FundRequest.emergency_code, "The matter on the county's list.")
    emergency_order: EmergencyOrder | None = column(
        models.FundRequest.emergency_order, "Whether the county pays before or after the repair is posted."
    )
    origin: "FundRequest | None" = one(models.FundRequest.origin_id, "The emergency report that turned out to be none.")
    returns: int = column(models.FundRequest.returns, "How often it was returned for correction.")
    posted_from: datetime.date | None = column(models.FundRequest.posted_from, "First day of the posting (公示).")
    posted_to: datetime.date | None = column(models.FundRequest.posted_to, "Last day of the posting.")
    posting_document_ids: list[strawberry.ID] = document_ids_of(
        models.FundRequest, models.FundRequest.posting_document_ids, "What hangs on the board, as ids of documents."
    )
    vote: "Vote | None" = one(
        models.FundRequest.vote_id,
        "The vote on the platform, whose result is the request's; null where it is attested.",
    )
    vote_mode: VoteMode | None = column(models.FundRequest.vote_mode, "How the owners vote.")
    voted_on: datetime.date | None = column(models.FundRequest.voted_on, "Day of the vote's result.")
    vote_passed: bool | None = column(models.FundRequest.vote_passed, "The outcome in the mode of the vote.")
    vote_strict_passed: bool | None = column(
        models.FundRequest.vote_strict_passed, "The outcome by the majorities of Civil Code 278."
    )
    vote_scope_area: Area | None = column(models.FundRequest.vote_scope_area, "Area of the owners asked.")
    vote_scope_heads: int | None = column(models.FundRequest.vote_scope_heads, "Heads of the owners asked.")
    vote_participating_area: Area | None = column(models.FundRequest.vote_participating_area, "Area that took part.")
    vote_participating_heads: int | None = column(models.FundRequest.vote_participating_heads, "Heads that took part.")
    vote_for_area: Area | None = column(models.FundRequest.vote_for_area, "Area that is for it.")
    vote_for_heads: int | None = column(models.FundRequest.vote_for_heads, "Heads that are for it.")
    quota: "FundQuota | None" = one(
        models.FundRequest.quota_id, "The quota on which it draws instead of a vote of its own."
    )
    quota_used_on: datetime.date | None = column(models.FundRequest.quota_used_on, "When it was drawn on.")
    quota_drawn: Fen = column(
        models.FundRequest.quota_drawn,
        "What it takes of the quota, in fen: the budget, then the price, then the settled cost; 0 once it is given up.",
    )
    repaired_on: datetime.date | None = column(models.FundRequest.repaired_on, "Day of an emergency repair.")
    accepted_on: datetime.date | None = column(models.FundRequest.accepted_on, "Day on which it was accepted.")
    fund_part: Fen = column(
        models.FundRequest.fund_part, "What the fund pays of the price, later of the settled cost, in fen."
    )
    paid: Fen = column(models.FundRequest.paid, "What the bank has paid, in fen.")
    instructed: Fen = column(models.FundRequest.instructed, "What the bank is told to pay and has not reported on.")
    payable_on: datetime.date | None = column(
        models.FundRequest.payable_on, "Since when something is due that the bank was not told to pay."
    )
    contracted_on: datetime.date | None = column(models.FundRequest.contracted_on, "Day of the contract's entry.")
    certificates: int = column(models.FundRequest.certificates, "How often progress was certified.")
    settled_on: datetime.date | None = column(models.FundRequest.settled_on, "When the settled cost was entered.")
    open_objections: int = column(models.FundRequest.open_objections, "Objections that are not answered yet.")
    open_recoveries: int = column(models.FundRequest.open_recoveries, "Recoveries that are not complete.")
    stopped_on: datetime.date | None = column(
        models.FundRequest.stopped_on, "Since when nothing is paid, because the decision that it rests on was annulled."
    )
    ordered_to: datetime.date | None = column(
        models.FundRequest.ordered_to, "Until when the township ordered idle parties to act."
    )
    organised_on: datetime.date | None = column(
        models.FundRequest.organised_on, "Since when the township organises the repair."
    )
    updated_at: DateTime = column(models.FundRequest.updated_at, "Last change.")
    contract: "FundContract | None" = latest(
        use_models.FundContract.fund_request_id, "Who does the work, and for how much.", by=lambda row: [row.id.desc()]
    )
    payments: Connection["FundPayment"] = many(use_models.FundPayment.fund_request_id, "What was paid, stage by stage.")
    progress: Connection["FundProgress"] = many(use_models.FundProgress.fund_request_id, "How far the work is.")
    objections: Connection["FundObjection"] = many(
        use_models.FundObjection.fund_request_id, "Objections to the posted settlement; owners see their own."
    )
    recoveries: Connection["FundRecovery"] = many(
        use_models.FundRecovery.fund_request_id, "Money that has to come back."
    )
    shares: Connection["FundShare"] = many(
        models.FundShare.fund_request_id, "Who bears what. Residents see the shares of their own units."
    )
    site_checks: Connection["SiteCheck"] = many(models.SiteCheck.fund_request_id, "The joint check on site.")
    earmark: "FundEarmark | None" = latest(
        models.FundEarmark.fund_request_id, "The money promised to it.", by=lambda row: [row.id.desc()]
    )
    reviews: Connection["Review"] = reviews_of(models.FundRequest)
    events: Connection["AuditEvent"] = events_of(models.FundRequest)
    available_actions: "list[AvailableAction]" = available_actions_of(  # type: ignore[valid-type]
        models.FundRequest,
        models.FundRequest.warranty_checked,
        models.FundRequest.warranty_ends_on,
        models.FundRequest.requested_on,
        models.FundRequest.exclusion,
        models.FundRequest.posted_from,
        models.FundRequest.posted_to,
        models.FundRequest.returns,
        models.FundRequest.budget,
        models.FundRequest.settled_cost,
        models.FundRequest.emergency_code,
        models.FundRequest.vote_id,
        models.FundRequest.quota_id,
        models.FundRequest.vote_mode,
        models.FundRequest.vote_passed,
        models.FundRequest.vote_strict_passed,
        models.FundRequest.kind,
        models.FundRequest.use,
        models.FundRequest.contracted_on,
        models.FundRequest.fund_part,
        models.FundRequest.asked,
        models.FundRequest.paid,
        models.FundRequest.instructed,
        models.FundRequest.payable_on,
        models.FundRequest.certificates,
        models.FundRequest.open_objections,
        models.FundRequest.open_recoveries,
        models.FundRequest.settled_on,
        models.FundRequest.stopped_on,
        models.FundRequest.ordered_to,
        models.FundRequest.organised_on,
    )


SHARE_ORDERS = orders(
    "FundShareOrder",
    "How shares are ordered.",
    POSITION=(ascending(models.FundShare.position), "Units in natural order, sellers of public housing after them."),
)


@entity(
    models.FundShare,
    "One bearer's part of the cost (分摊), to the fen: the parts sum to the cost.",
    orders=SHARE_ORDERS,
    sums={"amountSum": (models.FundShare.amount, "Sum of the parts, in fen.")},
)
class FundShare:
    position: int = column(models.FundShare.position, "From 1.")
    bearer: Bearer = column(models.FundShare.bearer, "What it is taken from.")
    unit: "Unit | None" = one(models.FundShare.unit_id, "The unit; null for a seller's account.")
    building: "Building | None" = one(models.FundShare.building_id, "The building.")
    area: Area = column(models.FundShare.area, "The unit's building area.")
    amount: Fen = column(models.FundShare.amount, "The part, in fen.")
    shortfall: Fen = column(
        models.FundShare.shortfall,
        "What the account lacks of what was asked of it, in fen; before the first payment, what it would lack.",
    )
    drawn: Fen = column(models.FundShare.drawn, "What payments took from the account, in fen.")
    restored: Fen = column(models.FundShare.restored, "What recoveries gave back to the account, in fen.")
    cash_paid: Fen = column(
        models.FundShare.cash_paid, "What the developer paid of its part itself, beside the fund, in fen."
    )
    cash_paid_on: datetime.date | None = column(models.FundShare.cash_paid_on, "When it last did.")
    claimed: Fen = column(models.FundShare.claimed, "What the unit's owner owes the fund for it, in fen.")


@entity(models.FundEarmark, "Fund money promised to one approved request (FUND-29).")
class FundEarmark:
    amount: Fen = column(models.FundEarmark.amount, "How much, in fen.")
    used: Fen = column(models.FundEarmark.used, "What payments took of it, in fen.")
    is_released: bool = derived(
        lambda row, _env: func.coalesce(row.released_at.is_not(None), False), "Whether it went back to the fund."
    )
    created_at: DateTime = column(models.FundEarmark.created_at, "When it was promised.")
    released_at: DateTime | None = column(models.FundEarmark.released_at, "When it went back to the fund.")


CHECK_ORDERS = orders(
    "SiteCheckOrder", "How checks are ordered.", OLDEST=(ascending(models.SiteCheck.id), "In the order of visiting.")
)


@entity(models.SiteCheck, "One party's word in the joint check on site (现场查勘).", orders=CHECK_ORDERS)
class SiteCheck:
    role: Role = column(models.SiteCheck.role, "Which party.")
    is_emergency: bool = column(models.SiteCheck.is_emergency, "Whether it finds an emergency.")
    note: str = column(models.SiteCheck.note, "What it found.")
    photo_ids: list[strawberry.ID] = document_ids_of(
        models.SiteCheck, models.SiteCheck.photo_ids, "Photos, as ids of documents."
    )
    at: DateTime = column(models.SiteCheck.at, "When.")


QUERIES = {"fundRequests": listing("FundRequest", "Fund requests that the caller may see.")}

SUBSCRIPTIONS = [changes("fundRequestChanged", "FundRequest", "A fund request that changed.")]
