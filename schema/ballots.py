"""The roll, service records, ballots and mandates of votes, as clients see them (V-9 to V-16, V-19, V-26, V-28)."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.ballots import BallotChannel, MandateKind, PaperState
from domain.estates import AreaBasis
from domain.rolls import HeadKind
from domain.tallies import Choice
from domain.votes import ServedPaper, ServiceWay
from models import ballots as models
from models import rolls as roll_models
from schema.common import Area, DateTime
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, descending, entity, filters, listing, many, one, orders
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.attachments import Document
    from schema.committees import Committee
    from schema.estates import Unit
    from schema.people import Owner
    from schema.votes import Vote

for _enumeration in (BallotChannel, PaperState, MandateKind, HeadKind):
    described(_enumeration)

HEAD_ORDERS = orders(
    "RollHeadOrder",
    "How heads are ordered.",
    NUMBER=(ascending(roll_models.RollHead.number), "As the roll has them, by their first unit."),
)


@filters("Which heads. All given conditions must hold.")
class RollHeadFilter:
    kind: HeadKind | None = equal("kind", "Of this kind.")


@entity(
    roll_models.RollHead,
    "One head of the frozen roll (人数): a buyer with all of its units, which casts one ballot.",
    orders=HEAD_ORDERS,
    filters=RollHeadFilter,
)
class RollHead:
    vote: "Vote | None" = one(roll_models.RollHead.vote_id, "The vote.")
    number: int = column(roll_models.RollHead.number, "Its number on the roll.")
    kind: HeadKind = column(roll_models.RollHead.kind, "Whose head it is.")
    area: Area = column(roll_models.RollHead.area, "Area of all its units.")
    unit_count: int = column(roll_models.RollHead.unit_count, "How many units.")
    representative: "Owner | None" = one(
        roll_models.RollHead.representative_id, "The co-owner who casts for all, once one is fixed."
    )
    channel: BallotChannel | None = column(roll_models.RollHead.channel, "How it voted; another channel is refused.")
    voted_at: DateTime | None = column(roll_models.RollHead.voted_at, "When its present ballot was cast.")
    units: Connection["RollUnit"] = many(roll_models.RollUnit.head_id, "Its units.")
    owners: Connection["RollOwner"] = many(roll_models.RollOwner.head_id, "Its owners on the day of the notice.")


ROLL_UNIT_ORDERS = orders(
    "RollUnitOrder", "How units are ordered.", POSITION=(ascending(roll_models.RollUnit.position), "In natural order.")
)


@entity(roll_models.RollUnit, "A unit of the frozen roll, as it stood at the notice.", orders=ROLL_UNIT_ORDERS)
class RollUnit:
    position: int = column(roll_models.RollUnit.position, "Its place on the roll.")
    unit: "Unit | None" = one(roll_models.RollUnit.unit_id, "The unit as it is now.")
    name: str = column(roll_models.RollUnit.name, "Its name.")
    area: Area = column(roll_models.RollUnit.area, "The building area that counts.")
    area_basis: AreaBasis = column(roll_models.RollUnit.area_basis, "Where that area comes from.")
    services: Connection["BallotService"] = many(
        roll_models.BallotService.roll_unit_id, "What was served to its owners."
    )


ROLL_OWNER_ORDERS = orders(
    "RollOwnerOrder", "How owners are ordered.", ENTRY=(ascending(roll_models.RollOwner.id), "As the roll has them.")
)


@entity(roll_models.RollOwner, "An owner of a head on the day of the notice.", orders=ROLL_OWNER_ORDERS)
class RollOwner:
    owner: "Owner | None" = one(roll_models.RollOwner.owner_id, "The owner, where the caller may see the record.")


SERVICE_ORDERS = orders(
    "BallotServiceOrder", "How records are ordered.", OLDEST=(ascending(roll_models.BallotService.id), "As recorded.")
)


@entity(roll_models.BallotService, "That a notice or ballot reached a unit's owners (送达记录).", orders=SERVICE_ORDERS)
class BallotService:
    paper: ServedPaper = column(roll_models.BallotService.paper, "What was served.")
    way: ServiceWay = column(roll_models.BallotService.way, "How.")
    served_on: datetime.date = column(roll_models.BallotService.served_on, "When.")
    printed_last_day: datetime.date | None = column(
        roll_models.BallotService.printed_last_day, "The last day that is printed on the ballot."
    )
    document: "Document | None" = one(roll_models.BallotService.document_id, "The proof.")


BALLOT_ORDERS = orders(
    "BallotOrder", "How ballots are ordered.", NEWEST=(descending(models.Ballot.id), "The present one first.")
)


@entity(
    models.Ballot,
    "One version of a ballot (选票); the last one counts. Only its voter sees it, and an agent the ballots that they cast.",
    orders=BALLOT_ORDERS,
)
class Ballot:
    vote: "Vote | None" = one(models.Ballot.vote_id, "The vote.")
    head: "RollHead | None" = one(models.Ballot.head_id, "The head for which it is cast.")
    version: int = column(models.Ballot.version, "From 1; the last one counts.")
    choices: list[Choice] | None = column(
        models.Ballot.choices, "What it says of each item, in the items' order; null when it was withdrawn."
    )
    channel: BallotChannel = column(models.Ballot.channel, "How it was cast.")
    mandate: "Mandate | None" = one(models.Ballot.mandate_id, "The authority on which somebody cast it for the owner.")
    receipt: str = column(models.Ballot.receipt, "By which the voter finds it again in a recount (选票回执).")
    at: DateTime = column(models.Ballot.at, "When.")


PAPER_ORDERS = orders(
    "BallotPaperOrder", "How papers are ordered.", OLDEST=(ascending(models.BallotPaper.id), "As first entered.")
)


@filters("Which papers. All given conditions must hold.")
class BallotPaperFilter:
    state: PaperState | None = equal("state", "In this state.")


@entity(
    models.BallotPaper,
    "A paper ballot (纸质选票) and how far its entry is. What it says is shown to its voter alone, as a ballot.",
    orders=PAPER_ORDERS,
    filters=BallotPaperFilter,
)
class BallotPaper:
    vote: "Vote | None" = one(models.BallotPaper.vote_id, "The vote.")
    head: "RollHead | None" = one(models.BallotPaper.head_id, "Whose it is.")
    channel: BallotChannel = column(models.BallotPaper.channel, "Written, or at a meeting.")
    received_on: datetime.date = column(models.BallotPaper.received_on, "When it was handed in.")
    state: PaperState = column(models.BallotPaper.state, "Where its entry stands.")
    entries: int = column(models.BallotPaper.entries, "How many people have entered it.")
    updated_at: DateTime = column(models.BallotPaper.updated_at, "Last change.")


MANDATE_ORDERS = orders(
    "MandateOrder", "How authorities are ordered.", NEWEST=(descending(models.Mandate.id), "Latest given first.")
)


@filters("Which authorities. All given conditions must hold.")
class MandateFilter:
    kind: MandateKind | None = equal("kind", "Of this kind.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    vote: strawberry.ID | None = of("Vote", "vote_id", "For this vote.")
    updated_since: DateTime | None = since()


@entity(
    models.Mandate,
    "An owner's written authority to vote for the owner (授权委托). Its two sides see it, and the body and offices.",
    orders=MANDATE_ORDERS,
    filters=MandateFilter,
)
class Mandate:
    kind: MandateKind = column(models.Mandate.kind, "What it is for.")
    area: "PropertyArea | None" = one(models.Mandate.area_id, "The property area.")
    vote: "Vote | None" = one(models.Mandate.vote_id, "The vote that it is for; null for fund matters over some time.")
    principal: "Owner | None" = one(models.Mandate.principal_id, "Who gives it.")
    agent: "Owner | None" = one(models.Mandate.agent_id, "The owner who may vote.")
    committee: "Committee | None" = one(models.Mandate.committee_id, "The body that may vote.")
    valid_from: datetime.date = column(models.Mandate.valid_from, "First day.")
    valid_to: datetime.date = column(models.Mandate.valid_to, "Last day.")
    document: "Document | None" = one(models.Mandate.document_id, "The signed authority.")
    revoked_at: DateTime | None = column(models.Mandate.revoked_at, "When it was taken back.")
    updated_at: DateTime = column(models.Mandate.updated_at, "Last change.")


QUERIES = {"mandates": listing("Mandate", "Authorities to vote that the caller may see.")}
