"""What people do in votes: convene, give notice, serve, vote, enter papers, count, publish, object, cancel (SM-8)."""

import datetime

import strawberry

from domain.ballots import BallotChannel, MandateKind
from domain.profiles.parameters import VoteMode
from domain.tallies import Choice, Matter
from domain.votes import Occasion, ServedPaper, ServiceWay
from resolvers import ballot_papers, ballots, mandates, mode_clauses, rolls, tallies, vote_exports, votes
from schema import ballots as ballot_types
from schema import votes as types
from schema.acts import VERSION, act
from schema.engine.intents import given, inputs, intent, ref
from schema.engine.types import plain_type

ENUMERATIONS_FROM = (types, ballot_types)
"""Their modules give the enumerations below to the schema."""

VOTE = "The vote."
PAPERS = "Confirmed documents to attach."
CONTACT = "Where owners ask or object: a phone or an address, as it stands on the board."
SAID = "What is read for each item; left out when it is no valid ballot."


@inputs("One item of a vote.", item=True)
class VoteItemInput:
    matter: Matter = given("Its number in Civil Code 278.")
    title: str = given("What is asked.")
    text: str = given("In full.")
    mode: VoteMode | None = given("How silence is read; by the law's majorities alone when left out.")
    clause_id: strawberry.ID | None = ref("ModeClause", "The adopted clause that allows a special mode.")


@inputs("Prepare a vote.")
class VoteDraftInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    building_id: strawberry.ID | None = ref("Building", "The building, where it concerns one alone.")
    entrance: str | None = given("The entrance (单元), where it concerns one alone.")
    title: str = given("What it is about.")
    agenda: list[VoteItemInput] = given("What owners are asked; 30 items at most.")
    occasion: Occasion | None = given("Why owners are asked; a regular meeting when left out.")
    occasion_note: str | None = given("On that reason; needed unless it is regular or by the rules.")
    proposers: int | None = given("How many heads proposed it.")


@inputs("Correct a draft: all of its particulars anew.")
class VoteChangeInput:
    id: strawberry.ID = ref("Vote", VOTE)
    expected_version: int = given(VERSION)
    title: str = given("What it is about.")
    agenda: list[VoteItemInput] = given("What owners are asked; 30 items at most.")
    occasion_note: str | None = given("On the reason why owners are asked.")
    proposers: int | None = given("How many heads proposed it.")


@inputs("Give notice of a vote (表决通知).")
class VoteGiveNoticeInput:
    id: strawberry.ID = ref("Vote", VOTE)
    opens_on: datetime.date = given("First day; the county's days of notice away at least.")
    closes_on: datetime.date = given("Last day, which runs to its 24:00.")
    contact: str = given(CONTACT)
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("A step that needs nothing but the vote.")
class VoteStepInput:
    id: strawberry.ID = ref("Vote", VOTE)


@inputs("Put off the last day.")
class VoteExtendInput:
    id: strawberry.ID = ref("Vote", VOTE)
    closes_on: datetime.date = given("The new last day.")
    reason: str = given("Why.")


@inputs("Call a vote off.")
class VoteCancelInput:
    id: strawberry.ID = ref("Vote", VOTE)
    reason: str = given("Why.")


@inputs("Post the result (结果公示).")
class VotePublishInput:
    id: strawberry.ID = ref("Vote", VOTE)
    contact: str = given(CONTACT)
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Object to a published result.")
class VoteObjectInput:
    id: strawberry.ID = ref("Vote", VOTE)
    reason: str = given("What is wrong with it.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Let a recount stand.")
class VoteConfirmInput:
    id: strawberry.ID = ref("Vote", VOTE)
    reason: str = given("The answer to the objections; it is posted.")
    contact: str = given(CONTACT)


@inputs("Cancel a decision.")
class VoteAnnulInput:
    id: strawberry.ID = ref("Vote", VOTE)
    reason: str = given("Why it is unlawful; owners are told.")
    contact: str = given(CONTACT)
    judgment: str | None = given("The case number, where a court cancelled it and the office records it.")
    document_ids: list[strawberry.ID] | None = ref("Document", PAPERS)


@inputs("Record an adopted clause that allows a special mode, or the committee's own decision within limits.")
class ModeClauseRecordInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area whose owners adopted it.")
    mode: VoteMode | None = given(
        "The mode that it allows; left out for one that lets the committee decide within limits."
    )
    source: Matter = given("Which text holds it: RULES_OF_PROCEDURE or COVENANT.")
    article: str = given("Where it stands, and its words.")
    filing_id: strawberry.ID | None = ref("Filing", "Of the covenant: its filing, which is in force.")
    vote_id: strawberry.ID | None = ref("Vote", "Of the rules: the vote that adopted them, where it was held here.")
    adopted_on: datetime.date | None = given(
        "When owners adopted it; needed where neither filing nor vote says it, and the resolution is attached."
    )
    document_ids: list[strawberry.ID] = ref("Document", "The text, as confirmed documents.")


@inputs("Record that something reached owners.")
class VoteServeInput:
    vote_id: strawberry.ID = ref("Vote", VOTE)
    unit_ids: list[strawberry.ID] = ref("Unit", "The units whose owners were served; 500 at most.")
    paper: ServedPaper = given("What was served.")
    way: ServiceWay = given("How.")
    served_on: datetime.date = given("When; today or before.")
    printed_last_day: datetime.date | None = given("The last day that is printed on the ballot; needed for ballots.")
    document_id: strawberry.ID = ref("Document", "The proof, a confirmed document.")


@inputs("What a ballot says of one item.", item=True)
class ItemChoiceInput:
    item_id: strawberry.ID = ref("VoteItem", "The item.")
    choice: Choice = given("The choice.")


@inputs("Cast a ballot, or another one instead of it.")
class BallotCastInput:
    vote_id: strawberry.ID = ref("Vote", VOTE)
    choices: list[ItemChoiceInput] = given("A choice for every item.")
    head_id: strawberry.ID | None = ref("RollHead", "The head, needed by who votes in several.")
    mandate_id: strawberry.ID | None = ref("Mandate", "The authority, where one votes for another owner.")


@inputs("Enter a paper ballot for the first time.")
class BallotPaperEnterInput:
    vote_id: strawberry.ID = ref("Vote", VOTE)
    unit_id: strawberry.ID = ref("Unit", "A unit of the owner whose ballot it is.")
    elector_id: strawberry.ID | None = ref("Owner", "The owner who signed, needed where co-owners hold the unit.")
    channel: BallotChannel = given("PAPER or MEETING.")
    received_on: datetime.date = given("When it was handed in, between the vote's first and last day.")
    document_id: strawberry.ID = ref("Document", "Its scanned image, a confirmed document; only its uploader sees it.")
    choices: list[ItemChoiceInput] | None = given(SAID)


@inputs("Enter a paper ballot as another person.")
class BallotPaperConfirmInput:
    id: strawberry.ID = ref("BallotPaper", "The paper.")
    choices: list[ItemChoiceInput] | None = given(SAID)


@inputs("Decide as a third person what a paper says.")
class BallotPaperDecideInput:
    id: strawberry.ID = ref("BallotPaper", "The paper.")
    reason: str = given("Why it is read so.")
    choices: list[ItemChoiceInput] | None = given(SAID)


@inputs("Give, or record, an owner's written authority to vote.")
class MandateGiveInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    kind: MandateKind = given("What it is for.")
    principal_id: strawberry.ID = ref("Owner", "The owner who gives it.")
    agent_id: strawberry.ID | None = ref("Owner", "The owner who may vote.")
    committee_id: strawberry.ID | None = ref("Committee", "For a delegation: the body that may vote.")
    vote_id: strawberry.ID | None = ref("Vote", "The vote that it is for; left out for a delegation.")
    valid_from: datetime.date = given("First day.")
    valid_to: datetime.date = given("Last day.")
    document_id: strawberry.ID = ref("Document", "The signed authority, a confirmed document of the kind MANDATE.")


@inputs("Take an authority back.")
class MandateRevokeInput:
    id: strawberry.ID = ref("Mandate", "The authority.")


VoteExportFile = plain_type(
    "VoteExportFile",
    "The frozen roll and the ballots of a vote under pseudonyms, as JSON, for `votes/recount.py`.",
    {
        "name": ("str", "File name."),
        "media_type": ("str", "Its type."),
        "content": ("str", "The bytes in Base64."),
        "digest": ("str", "Their SHA-256, hexadecimal."),
    },
)

_VOTE, _PAPER, _MANDATE = {"vote": "Vote"}, {"ballotPaper": "BallotPaper"}, {"mandate": "Mandate"}

MUTATIONS = [
    act("voteDraft", votes.draft, VoteDraftInput, "Prepare a vote. Who convenes.", _VOTE),
    act("voteChange", votes.change, VoteChangeInput, "Correct a draft. Who convenes.", _VOTE),
    act(
        "voteGiveNotice",
        votes.give_notice,
        VoteGiveNoticeInput,
        "Tell owners and the residents' committee, and freeze the roll. Who convenes.",
        _VOTE,
    ),
    act("voteAcknowledge", votes.acknowledge, VoteStepInput, "Take note of a vote. COMMUNITY.", _VOTE),
    act("voteServe", rolls.serve, VoteServeInput, "Record that notice or ballot reached owners. Who convenes.", _VOTE),
    act("voteExtend", votes.extend, VoteExtendInput, "Put off the last day, once. Who convenes.", _VOTE),
    act("voteCancel", votes.cancel, VoteCancelInput, "Call it off before it opens. Who convenes.", _VOTE),
    act("voteTally", tallies.count, VoteStepInput, "Count the ballots, strictly and by mode. Who convenes.", _VOTE),
    act("votePublish", votes.publish, VotePublishInput, "Post the result, units masked. Who convenes.", _VOTE),
    act(
        "voteObject",
        votes.object_,
        VoteObjectInput,
        "Object to the result in time. OWNER; as an order of correction TOWNSHIP and BUREAU.",
        {"vote": "Vote", "objection": "VoteObjection"},
    ),
    act("voteRecount", tallies.recount, VoteStepInput, "Count again, by others than who counted.", _VOTE),
    intent(
        "voteExport",
        vote_exports.export,
        VoteStepInput,
        "Get what another count needs: roll and ballots under pseudonyms, units masked. Who may recount; it is recorded.",
        {"file": "VoteExportFile"},
        keyed=False,
    ),
    act("voteConfirm", votes.confirm, VoteConfirmInput, "Let the recount stand, with an answer.", _VOTE),
    act("voteAnnul", votes.annul, VoteAnnulInput, "Cancel an unlawful decision. TOWNSHIP, BUREAU.", _VOTE),
    act(
        "modeClauseRecord",
        mode_clauses.record,
        ModeClauseRecordInput,
        "Record the clause that allows a special mode, or a committee's quota. Who convenes.",
        {"modeClause": "ModeClause"},
    ),
    act("ballotCast", ballots.cast, BallotCastInput, "Vote, until the last day. OWNER.", {"ballot": "Ballot"}),
    act(
        "ballotPaperEnter",
        ballot_papers.enter,
        BallotPaperEnterInput,
        "Enter a paper ballot with its image. COMMITTEE, COMMUNITY, TOWNSHIP.",
        _PAPER,
    ),
    act(
        "ballotPaperConfirm",
        ballot_papers.confirm,
        BallotPaperConfirmInput,
        "Enter it as another person; it is cast when both agree.",
        _PAPER,
    ),
    act(
        "ballotPaperDecide",
        ballot_papers.decide,
        BallotPaperDecideInput,
        "Decide as a third person what it says.",
        _PAPER,
    ),
    act("mandateGive", mandates.give, MandateGiveInput, "Give or record an authority to vote.", _MANDATE),
    act("mandateRevoke", mandates.revoke, MandateRevokeInput, "Take an authority back.", _MANDATE),
]
