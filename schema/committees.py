"""Bodies of owners and their members, as clients see and attest them."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from domain.committees import BodyKind, CommitteeState, MemberPost, MemberStatus
from domain.roles import OFFICIALS, Role
from models import committees as models
from models.documents import Document as DocumentRow
from resolvers import committees
from schema.acts import act
from schema.common import DateTime
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import given, included, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.attachments import Document
    from schema.estates import Unit

for _enumeration in (BodyKind, CommitteeState, MemberPost, MemberStatus):
    described(_enumeration)

NAMES_TO = OFFICIALS | {Role.OWNER, Role.COMMITTEE}
"""Owners know who acts for them; others see masked names (PRI-5, PRI-9)."""
OFFICES = OFFICIALS | {Role.COMMITTEE}

COMMITTEE_ORDERS = orders(
    "CommitteeOrder",
    "How bodies are ordered.",
    NAME=(ascending(models.Committee.name_sort), "By name, in pinyin."),
    NEWEST=(descending(models.Committee.updated_at), "Last changed first."),
)


@filters("Which bodies. All given conditions must hold.")
class CommitteeFilter:
    kind: BodyKind | None = equal("kind", "Of this kind.")
    state: CommitteeState | None = equal("state", "In this state.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    township: str | None = equal("township", "Township or subdistrict code, 9 digits.")
    community: str | None = equal("community", "Community code, 12 digits.")
    updated_since: DateTime | None = since()


@entity(
    models.Committee,
    "The body that acts for the owners of a property area: committee, 物管会 or 自管小组.",
    orders=COMMITTEE_ORDERS,
    filters=CommitteeFilter,
    states=models.Committee.state,
)
class Committee:
    name: str = column(models.Committee.name, "Its name.")
    kind: BodyKind = column(models.Committee.kind, "Which body it is.")
    area: "PropertyArea | None" = one(models.Committee.area_id, "The property area.")
    township: str = column(models.Committee.township, "Township or subdistrict code, 9 digits.")
    community: str = column(models.Committee.community, "Community code, 12 digits.")
    state: CommitteeState = column(models.Committee.state, "Where it stands.")
    term_from: datetime.date = column(models.Committee.term_from, "First day of its term.")
    term_to: datetime.date = column(models.Committee.term_to, "Last day of its term.")
    filing_number: str | None = column(models.Committee.filing_number, "Number of its filing certificate (备案证明).")
    filed_on: datetime.date | None = column(models.Committee.filed_on, "Day of its filing.")
    commitment_signed: bool = column(models.Committee.commitment_signed, "Its members signed commitment letters.")
    model_text_declared: bool = column(models.Committee.model_text_declared, "It declared to use the model texts.")
    member_count: int = column(models.Committee.member_count, "Members in office, reserves not counted.")
    attested_basis: str | None = column(models.Committee.attested_basis, "What the record rests on.", to=OFFICES)
    ended_on: datetime.date | None = column(models.Committee.ended_on, "Its last day.")
    ended_reason: str | None = column(models.Committee.ended_reason, "Why it ended.")
    version: int = column(models.Committee.version, "Counts up with every change.")
    updated_at: DateTime = column(models.Committee.updated_at, "Last change.")
    members: Connection["CommitteeMember"] = many(
        models.CommitteeMember.committee_id, "Its members, the chair first, those who left included."
    )
    documents: Connection["Document"] = many(
        DocumentRow.subject_id, "Its papers.", where=lambda row: row.subject_type == "committee"
    )


MEMBER_ORDERS = orders(
    "CommitteeMemberOrder",
    "How members are ordered.",
    POST=(ascending(models.CommitteeMember.post_order), "The chair first, reserves last."),
)


@entity(models.CommitteeMember, "A member of a body for one term.", orders=MEMBER_ORDERS)
class CommitteeMember:
    committee: "Committee | None" = one(models.CommitteeMember.committee_id, "The body.")
    name: str | None = column(
        models.CommitteeMember.name, "Name; masked for others.", to=NAMES_TO, mask=models.CommitteeMember.name_mask
    )
    phone: str | None = column(models.CommitteeMember.phone_mask, "Phone, masked.", to=OFFICES)
    post: MemberPost = column(models.CommitteeMember.post, "The post.")
    status: MemberStatus = column(models.CommitteeMember.status, "Whether in office.")
    term_from: datetime.date = column(models.CommitteeMember.term_from, "First day in office.")
    term_to: datetime.date = column(models.CommitteeMember.term_to, "Last day of the term.")
    commitment_signed_on: datetime.date | None = column(
        models.CommitteeMember.commitment_signed_on, "Day of the commitment letter.", to=OFFICES
    )
    trained_on: datetime.date | None = column(
        models.CommitteeMember.trained_on, "Day of the training before office.", to=OFFICES
    )
    ended_on: datetime.date | None = column(models.CommitteeMember.ended_on, "Last day in office, once it is over.")
    unit: "Unit | None" = one(models.CommitteeMember.unit_id, "The unit that makes the member an owner.", to=OFFICES)


class MemberParticulars:
    """Who takes a seat in a body."""

    name: str = given("Name.")
    post: MemberPost = given("The post.")
    phone: str | None = given("Mobile number; stored sealed.")
    unit_id: strawberry.ID | None = ref("Unit", "The unit that makes the member an owner.")
    commitment_signed_on: datetime.date | None = given("Day of the commitment letter.")
    trained_on: datetime.date | None = given("Day of the training before office.")


@inputs("A member of a body. With a phone the person can sign in and act for the body.", item=True)
class CommitteeMemberInput:
    member: MemberParticulars = included()


@inputs("Enter the body that acts for an area's owners, as its papers show it.", keyed=True)
class CommitteeAttestInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    kind: BodyKind = given("Which body it is.")
    name: str = given("Its name.")
    term_from: datetime.date = given("First day of its term.")
    term_to: datetime.date = given("Last day of its term; five years at most, three for the stand-ins.")
    basis: str = given("What the record rests on: the filing, the minutes, the posted result.")
    filing_number: str | None = given("Number of its filing certificate.")
    filed_on: datetime.date | None = given("Day of its filing.")
    commitment_signed: bool | None = given("Its members signed commitment letters.")
    model_text_declared: bool | None = given("It declared to use the model texts.")
    members: list[CommitteeMemberInput] = given("Its members; one chair.")
    document_ids: list[strawberry.ID] | None = ref("Document", "Its papers, uploaded and confirmed.")


@inputs("Record the filing of an attested body.", keyed=True)
class CommitteeFilingRecordInput:
    id: strawberry.ID = ref("Committee", "The body.")
    filing_number: str = given("Number of its filing certificate.")
    filed_on: datetime.date = given("Day of its filing.")
    document_ids: list[strawberry.ID] | None = ref("Document", "Its papers, uploaded and confirmed.")


@inputs("Seat another member for the rest of the term.", keyed=False)
class CommitteeMemberSeatInput:
    committee_id: strawberry.ID = ref("Committee", "The body.")
    member: MemberParticulars = included()


@inputs("Note that a member left office or is suspended.", keyed=False)
class CommitteeMemberEndInput:
    id: strawberry.ID = ref("CommitteeMember", "The member.")
    status: MemberStatus = given("What the member is now; any but IN_OFFICE.")
    ended_on: datetime.date = given("Last day in office.")
    reason: str = given("Why.")


@inputs("End a body's record.", keyed=True)
class CommitteeEndInput:
    id: strawberry.ID = ref("Committee", "The body.")
    ended_on: datetime.date = given("Its last day.")
    reason: str = given("Why: its term ran out, it was dissolved, its filing was revoked.")
    revoked: bool | None = given("Its filing was revoked (GT-30).")


QUERIES = {"committees": listing("Committee", "Bodies of owners that the caller may see.")}

_BODY, _MEMBER = {"committee": "Committee"}, {"member": "CommitteeMember"}

MUTATIONS = [
    act("committeeAttest", committees.attest, CommitteeAttestInput, "Enter a body of owners.", _BODY),
    act("committeeFilingRecord", committees.filing_record, CommitteeFilingRecordInput, "Record its filing.", _BODY),
    act("committeeEnd", committees.end, CommitteeEndInput, "End a body's record.", _BODY),
    act(
        "committeeMemberSeat",
        committees.member_seat,
        CommitteeMemberSeatInput,
        "Seat another member.",
        _MEMBER,
        keyed=False,
    ),
    act(
        "committeeMemberEnd",
        committees.member_end,
        CommitteeMemberEndInput,
        "Note that a member left office.",
        _MEMBER,
        keyed=False,
    ),
]
