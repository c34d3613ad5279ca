"""Disclosure boards (公示栏) as clients read and fill them."""

import datetime
from typing import TYPE_CHECKING

import strawberry
from sqlalchemy import Boolean, Date, func

from domain.disclosures import DisclosureClass, DisclosureItem
from domain.roles import Role
from models import disclosures as models
from models.documents import Document as DocumentRow
from resolvers import disclosures
from schema.acts import act
from schema.common import JSON, DateTime
from schema.conditions import equal, of, since
from schema.engine.declare import (
    ascending,
    column,
    derived,
    descending,
    entity,
    filters,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.attachments import Document
    from schema.committees import Committee
    from schema.companies import Company
    from schema.estates import Estate

for _enumeration in (DisclosureItem, DisclosureClass, Role):
    described(_enumeration)

DISCLOSURE_ORDERS = orders(
    "DisclosureOrder",
    "How postings are ordered.",
    NEWEST=(descending(models.Disclosure.posted_on), "Last posted first."),
)


@filters("Which postings. All given conditions must hold.")
class DisclosureFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "On the board of this property area.")
    item: DisclosureItem | None = equal("item", "Of this item.")
    township: str | None = equal("township", "Township or subdistrict code, 9 digits.")
    community: str | None = equal("community", "Community code, 12 digits.")
    posted_from: datetime.date | None = matches(
        lambda row, value: row.posted_on >= value, Date(), "Posted on or after this day."
    )
    updated_since: DateTime | None = since("published_at", "Posted at or after this instant.")


@entity(
    models.Disclosure,
    "One version of a posting (公示). It never changes: a new version supersedes it.",
    orders=DISCLOSURE_ORDERS,
    filters=DisclosureFilter,
    states=models.Disclosure.item,
)
class Disclosure:
    entry: "DisclosureEntry | None" = one(models.Disclosure.entry_id, "Its entry of the board.")
    item: DisclosureItem = column(models.Disclosure.item, "The item of the board.")
    version: int = column(models.Disclosure.version, "Its place among the entry's versions, from 1.")
    supersedes: "Disclosure | None" = one(models.Disclosure.supersedes_id, "The version before it.")
    area: "PropertyArea | None" = one(models.Disclosure.area_id, "The property area.")
    estate: "Estate | None" = one(models.Disclosure.estate_id, "The estate, where it concerns just one.")
    title: str = column(models.Disclosure.title, "Its title.")
    body: str = column(models.Disclosure.body, "The posting in words.")
    content: JSON = column(models.Disclosure.content, "The same as data, in the form of its item; may be empty.")
    digest: str = column(models.Disclosure.digest, "SHA-256 over what was posted, in hexadecimal.")
    withdrawn: bool = column(models.Disclosure.withdrawn, "This version took the entry down; `body` says why.")
    valid_from: datetime.date = column(models.Disclosure.valid_from, "First day for which it holds.")
    valid_to: datetime.date | None = column(models.Disclosure.valid_to, "Last day; null until changed.")
    posted_on: datetime.date = column(models.Disclosure.posted_on, "Day of posting.")
    posted_until: datetime.date | None = column(
        models.Disclosure.posted_until, "Last day of the posting period (公示期); null without one."
    )
    published_at: DateTime = column(models.Disclosure.published_at, "When it was posted.")
    publisher_role: Role = column(models.Disclosure.publisher_role, "In which capacity it was posted.")
    publisher_name: str = column(models.Disclosure.publisher_name, "Who posted it.")
    company: "Company | None" = one(models.Disclosure.company_id, "The company that posted it.")
    committee: "Committee | None" = one(models.Disclosure.committee_id, "The body that posted it.")
    objection_contact: str = column(models.Disclosure.objection_contact, "Where an owner objects.")
    proofs: Connection["DisclosureProof"] = many(models.DisclosureProof.disclosure_id, "Proof that it hung.")
    documents: Connection["Document"] = many(
        DocumentRow.subject_id, "Its photos.", where=lambda row: row.subject_type == "disclosure"
    )


ENTRY_ORDERS = orders(
    "DisclosureEntryOrder",
    "How a board's entries are ordered.",
    ITEM=(ascending(models.DisclosureEntry.item), "By item."),
)


@filters("Which entries of boards. All given conditions must hold.")
class DisclosureEntryFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "On the board of this property area.")
    item: DisclosureItem | None = equal("item", "Of this item.")
    due_before: datetime.date | None = matches(
        lambda row, value: row.due_on < value, Date(), "Whose next version is due before this day."
    )
    posted: bool | None = matches(
        lambda row, value: (row.current_version > 0) == value, Boolean(), "Posted at least once, or still expected."
    )


@entity(
    models.DisclosureEntry,
    "One entry of a property area's board: an item, about one thing, and its current posting.",
    orders=ENTRY_ORDERS,
    filters=DisclosureEntryFilter,
    states=models.DisclosureEntry.item,
)
class DisclosureEntry:
    area: "PropertyArea | None" = one(models.DisclosureEntry.area_id, "The property area.")
    item: DisclosureItem = column(models.DisclosureEntry.item, "The item.")
    current: "Disclosure | None" = one(
        models.DisclosureEntry.current_id, "The latest version; null while nothing was posted."
    )
    current_version: int = column(models.DisclosureEntry.current_version, "How many versions there are.")
    posted_on: datetime.date | None = column(models.DisclosureEntry.posted_on, "Day of the latest version.")
    due_on: datetime.date | None = column(
        models.DisclosureEntry.due_on, "When the next version must hang; null when nothing is due."
    )
    is_overdue: bool = derived(
        lambda row, env: func.coalesce(row.due_on < env.today, False), "Whether that day has passed."
    )
    versions: Connection["Disclosure"] = many(models.Disclosure.entry_id, "All versions, the latest first.")


PROOF_ORDERS = orders(
    "DisclosureProofOrder",
    "How proofs are ordered.",
    NEWEST=(descending(models.DisclosureProof.taken_at), "Last taken first."),
)


@entity(models.DisclosureProof, "Proof that a posting hung on the board: photo, place and time.", orders=PROOF_ORDERS)
class DisclosureProof:
    document: "Document | None" = one(models.DisclosureProof.document_id, "The photo.")
    place: str = column(models.DisclosureProof.place, "Where it was taken.")
    taken_at: DateTime = column(models.DisclosureProof.taken_at, "When.")


@inputs("A photo of the posting on the board.", item=True)
class ProofInput:
    document_id: strawberry.ID = ref("Document", "The photo, uploaded and confirmed.")
    place: str = given("Where it was taken.")
    taken_at: DateTime = given("When.")


@inputs("Post a new version of an item on an area's board.", keyed=True)
class DisclosurePostInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    item: DisclosureItem = given("The item; only its publishers post it.")
    entry_id: strawberry.ID | None = ref(
        "DisclosureEntry", "The entry to continue, of items that an area has several of; a new one when left out."
    )
    title: str = given("Its title.")
    body: str = given("The posting in words.")
    objection_contact: str = given("Where an owner objects.")
    content: JSON | None = given('The same as data. For CHARGES: `{"prices": {"<item code>": <fen>}}`.')
    valid_from: datetime.date | None = given("First day for which it holds; today when left out.")
    valid_to: datetime.date | None = given("Last day for which it holds.")
    posted_days: int | None = given("Days that it hangs; never less than the item's rule.")
    estate_id: strawberry.ID | None = ref("Estate", "The estate, where it concerns just one.")
    proofs: list[ProofInput] | None = given("Photos of the posting on the board.")


@inputs("Take an entry down.", keyed=True)
class DisclosureTakeDownInput:
    id: strawberry.ID = ref("Disclosure", "The entry's current posting.")
    reason: str = given("Why.")


@inputs("Add proof that a posting hangs on the board.", keyed=False)
class DisclosureProofAddInput:
    id: strawberry.ID = ref("Disclosure", "The posting.")
    document_id: strawberry.ID = ref("Document", "The photo, uploaded and confirmed.")
    place: str = given("Where it was taken.")
    taken_at: DateTime = given("When.")


QUERIES = {
    "disclosures": listing("Disclosure", "Postings, all versions, that the caller may see."),
    "disclosureEntries": listing("DisclosureEntry", "Boards: what hangs, and what is due."),
}

_POSTED = {"disclosure": "Disclosure"}

MUTATIONS = [
    act("disclosurePost", disclosures.post, DisclosurePostInput, "Post a new version of an item.", _POSTED),
    act("disclosureTakeDown", disclosures.take_down, DisclosureTakeDownInput, "Take an entry down.", _POSTED),
    act(
        "disclosureProofAdd",
        disclosures.proof_add,
        DisclosureProofAddInput,
        "Add proof of a posting.",
        {"proof": "DisclosureProof"},
        keyed=False,
    ),
]
