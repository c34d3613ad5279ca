"""Owners' votes as clients see them (SM-8): what is asked, who is on the roll, how many took part, what was counted."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.tallies import Choice, Matter, Outcome
from domain.votes import Authority, Occasion, ServedPaper, ServiceWay, VoteScope, VoteState
from models import ballots as ballot_models
from models import rolls as roll_models
from models import votes as models
from schema.cases import available_actions_of, document_ids_of, events_of
from schema.common import Area, DateTime
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, derived, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import changes
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.ballots import Ballot, BallotPaper, RollHead
    from schema.cases import AuditEvent, AvailableAction
    from schema.committees import Committee
    from schema.estates import Building
    from schema.filings import Filing

for _enumeration in (
    VoteState,
    VoteScope,
    Occasion,
    Matter,
    Choice,
    Outcome,
    ServiceWay,
    ServedPaper,
    Authority,
):
    described(_enumeration)

VOTE_ORDERS = orders(
    "VoteOrder",
    "How votes are ordered.",
    NEWEST=(descending(models.Vote.id), "Latest prepared first."),
    UPDATED=(descending(models.Vote.updated_at), "Last changed first."),
)


@filters("Which votes. All given conditions must hold.")
class VoteFilter:
    state: VoteState | None = equal("state", "In this state.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    updated_since: DateTime | None = since()


def _took_part(measure: Any) -> Any:
    """How much of the roll has a standing ballot: a figure without choices, whoever may see the vote (PRI-9)."""

    def figure(row: Any, env: Any) -> Any:
        head = aliased(roll_models.RollHead)
        voted = (
            select(measure(head))
            .where(env.county_of(head), head.county == row.county, head.vote_id == row.id, head.voted_at.is_not(None))
            .correlate(row)
        )
        return func.coalesce(voted.scalar_subquery(), 0)

    return figure


@entity(
    models.Vote,
    "A vote of the owners (业主共同决定). A draft is its convener's; owners see it from the notice on. Who voted is seen by the "
    "body and the offices, what somebody voted by nobody else.",
    orders=VOTE_ORDERS,
    filters=VoteFilter,
    states=models.Vote.state,
)
class Vote:
    title: str = column(models.Vote.title, "What it is about.")
    state: VoteState = column(models.Vote.state, "Where it stands.")
    state_since: DateTime = column(models.Vote.state_since, "Since when.")
    due_on: datetime.date | None = column(models.Vote.due_on, "The soonest deadline of the present state.")
    version: int = column(models.Vote.version, "Counts its changes; ballots are none.")
    township: str | None = column(models.Vote.township, "Division code, 9 digits.")
    community: str | None = column(models.Vote.community, "Division code, 12 digits.")
    applicant_role: Role = column(models.Vote.applicant_role, "In which role it is convened.")
    area: "PropertyArea | None" = one(models.Vote.area_id, "The property area.")
    committee: "Committee | None" = one(models.Vote.committee_id, "The body in office when it was prepared.")
    scope: VoteScope = column(models.Vote.scope, "Whom it concerns.")
    building: "Building | None" = one(models.Vote.building_id, "The building, where it concerns one alone.")
    entrance: str | None = column(models.Vote.entrance, "The entrance (单元), where it concerns one alone.")
    occasion: Occasion = column(models.Vote.occasion, "Why owners are asked.")
    occasion_note: str | None = column(models.Vote.occasion_note, "On that reason.")
    proposers: int = column(models.Vote.proposers, "How many heads proposed it.")
    opens_on: datetime.date | None = column(models.Vote.opens_on, "First day.")
    closes_on: datetime.date | None = column(models.Vote.closes_on, "Last day, which runs to its 24:00.")
    extended_from: datetime.date | None = column(models.Vote.extended_from, "The last day before it was put off.")
    noticed_at: DateTime | None = column(models.Vote.noticed_at, "When notice was given and the roll frozen.")
    acknowledged_at: DateTime | None = column(
        models.Vote.acknowledged_at, "When the residents' committee took note of it."
    )
    item_count: int = column(models.Vote.item_count, "How many items it has.")
    scope_area: Area = column(models.Vote.scope_area, "Area on the frozen roll; 0 before the notice.")
    scope_heads: int = column(models.Vote.scope_heads, "Heads on the frozen roll; 0 before the notice.")
    participating_area: Area = derived(
        _took_part(lambda head: func.sum(head.area)),
        "Area of the heads that have voted so far, live and without choices.",
    )
    participating_heads: int = derived(
        _took_part(lambda head: func.count(head.id)), "Heads that have voted so far, live and without choices."
    )
    published_on: datetime.date | None = column(models.Vote.published_on, "When the result was posted.")
    final_on: datetime.date | None = column(models.Vote.final_on, "Since when the result stands.")
    annulled_as: Authority | None = column(models.Vote.annulled_as, "Who cancelled the decision.")
    judgment: str | None = column(models.Vote.judgment, "The court's case number, where a court did.")
    updated_at: DateTime = column(models.Vote.updated_at, "Last change; ballots are none.")
    items: Connection["VoteItem"] = many(models.VoteItem.vote_id, "What owners are asked.")
    results: Connection["VoteResult"] = many(
        models.VoteResult.vote_id, "What was counted, the recount after the count."
    )
    objections: Connection["VoteObjection"] = many(
        models.VoteObjection.vote_id, "Objections to the result. An owner sees the own ones."
    )
    roll: Connection["RollHead"] = many(
        roll_models.RollHead.vote_id, "The frozen roll: who is asked and whether they voted. Owners see themselves."
    )
    ballots: Connection["Ballot"] = many(ballot_models.Ballot.vote_id, "The caller's own ballots, every version.")
    papers: Connection["BallotPaper"] = many(ballot_models.BallotPaper.vote_id, "Paper ballots and their entry.")
    events: Connection["AuditEvent"] = events_of(models.Vote)
    available_actions: "list[AvailableAction]" = available_actions_of(  # type: ignore[valid-type]
        models.Vote,
        models.Vote.occasion,
        models.Vote.proposers,
        models.Vote.scope_heads,
        models.Vote.item_count,
        models.Vote.by_objection,
        models.Vote.opens_on,
        models.Vote.closes_on,
        models.Vote.extended_from,
        models.Vote.acknowledged_at,
    )


ITEM_ORDERS = orders(
    "VoteItemOrder", "How items are ordered.", POSITION=(ascending(models.VoteItem.position), "As the notice has them.")
)


@entity(models.VoteItem, "One item of a vote (表决事项).", orders=ITEM_ORDERS)
class VoteItem:
    position: int = column(models.VoteItem.position, "From 1.")
    matter: Matter = column(models.VoteItem.matter, "Its number in Civil Code 278, which fixes the majority.")
    title: str = column(models.VoteItem.title, "What is asked.")
    text: str = column(models.VoteItem.text, "In full.")
    mode: VoteMode = column(models.VoteItem.mode, "How silence is read.")
    clause: "ModeClause | None" = one(models.VoteItem.clause_id, "The adopted clause that allows a special mode.")


RESULT_ORDERS = orders(
    "VoteResultOrder",
    "How results are ordered.",
    POSITION=(ascending(models.VoteResult.round, models.VoteResult.position), "By round, then as the notice has them."),
)


@entity(
    models.VoteResult,
    "What one item's count gave: the strict tally of Civil Code 278, and the mode's beside it.",
    orders=RESULT_ORDERS,
)
class VoteResult:
    item: "VoteItem | None" = one(models.VoteResult.item_id, "The item.")
    round: int = column(models.VoteResult.round, "1 for the count, 2 for the recount.")
    position: int = column(models.VoteResult.position, "The item's place.")
    scope_area: Area = column(models.VoteResult.scope_area, "Area asked.")
    scope_heads: int = column(models.VoteResult.scope_heads, "Heads asked.")
    for_area: Area = column(models.VoteResult.for_area, "Area for it.")
    for_heads: int = column(models.VoteResult.for_heads, "Heads for it.")
    against_area: Area = column(models.VoteResult.against_area, "Area against it.")
    against_heads: int = column(models.VoteResult.against_heads, "Heads against it.")
    abstained_area: Area = column(models.VoteResult.abstained_area, "Area that abstained: it took part.")
    abstained_heads: int = column(models.VoteResult.abstained_heads, "Heads that abstained.")
    silent_area: Area = column(models.VoteResult.silent_area, "Area of the served and silent.")
    silent_heads: int = column(models.VoteResult.silent_heads, "Heads of the served and silent.")
    strict_outcome: Outcome = column(models.VoteResult.strict_outcome, "By Civil Code 278.")
    mode_outcome: Outcome = column(models.VoteResult.mode_outcome, "By the item's mode.")
    outcome: Outcome = column(models.VoteResult.outcome, "Which of the two counts here.")
    legal_basis: str = column(models.VoteResult.legal_basis, "What the mode's outcome rests on.")
    profile_version: str = column(models.VoteResult.profile_version, "The county's rules that it was counted by.")
    counted_at: DateTime = column(models.VoteResult.counted_at, "When.")


OBJECTION_ORDERS = orders(
    "VoteObjectionOrder", "How objections are ordered.", OLDEST=(ascending(models.VoteObjection.id), "As they came.")
)


@entity(
    models.VoteObjection,
    "An objection to a published result (异议), or an office's order to correct it.",
    orders=OBJECTION_ORDERS,
)
class VoteObjection:
    role: Role = column(models.VoteObjection.role, "Who objects: an owner, or an office.")
    reason: str = column(models.VoteObjection.reason, "Why.")
    document_ids: list[strawberry.ID] = document_ids_of(
        models.VoteObjection, models.VoteObjection.document_ids, "Its papers, as ids of documents."
    )
    at: DateTime = column(models.VoteObjection.at, "When.")


CLAUSE_ORDERS = orders(
    "ModeClauseOrder", "How clauses are ordered.", NEWEST=(descending(models.ModeClause.id), "Latest recorded first.")
)


@entity(
    models.ModeClause,
    "An adopted clause that allows a special mode for fund use (V-25), or the committee's own decision within limits (V-32).",
    orders=CLAUSE_ORDERS,
)
class ModeClause:
    area: "PropertyArea | None" = one(models.ModeClause.area_id, "The property area whose owners adopted it.")
    mode: VoteMode | None = column(
        models.ModeClause.mode, "The mode that it allows; null where it lets the committee decide within limits."
    )
    source: Matter = column(models.ModeClause.source, "Which text holds it: rules of procedure or covenant.")
    article: str = column(models.ModeClause.article, "Where it stands, and its words.")
    adopted_on: datetime.date = column(models.ModeClause.adopted_on, "When owners adopted it.")
    filing: "Filing | None" = one(models.ModeClause.filing_id, "The filing of the covenant that holds it.")
    vote: "Vote | None" = one(
        models.ModeClause.vote_id, "The vote that adopted the rules of procedure, where it was held here."
    )
    document_ids: list[strawberry.ID] = document_ids_of(
        models.ModeClause, models.ModeClause.document_ids, "The text, as ids of documents."
    )


QUERIES = {"votes": listing("Vote", "Votes that the caller may see.")}

SUBSCRIPTIONS = [
    changes(
        "voteChanged",
        "Vote",
        "A vote that changed or that somebody voted in; `participatingHeads` and `participatingArea` are live.",
    )
]
