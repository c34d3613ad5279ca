"""Disclosures (公示): post a new version, take an entry down, add proof, and note what is due on a board (RULES §7)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from auth.actor import Grant
from domain.contracts import IN_FORCE, ContractState
from domain.disclosures import OF_THE_WHOLE_AREA, RULES, DisclosureItem, next_due, posted_until
from domain.documents import DocumentAudience
from domain.errors import ErrorCode, Refusal
from domain.filing_records import digest
from domain.records import Record
from domain.roles import COMPANY
from models.base import new_id
from models.contracts import ServiceContract
from models.disclosures import Disclosure, DisclosureEntry, DisclosureProof
from models.estates import Estate, EstateArea, PropertyArea
from resolvers import documents
from resolvers.unit_of_work import UnitOfWork

POSTING_CONTRACTS = frozenset({ContractState.FILED}) | IN_FORCE
"""A company posts in areas that it serves, and before it begins: charges hang before they are charged."""


@dataclass(frozen=True)
class Proof(Record):
    """A photo of the posting on the board, where and when it was taken (DIS-3)."""

    document_id: uuid.UUID
    place: str
    taken_at: datetime


@dataclass(frozen=True)
class Posting(Record):
    """What is posted. ``content`` is the same as data where other rules read it; ``posted_days`` may lengthen the period."""

    title: str
    body: str
    objection_contact: str
    content: Mapping[str, Any] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    posted_days: int | None = None
    estate_id: uuid.UUID | None = None
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True)
class About:
    """The thing that an entry is about: a row by its table and id."""

    table: str
    id: uuid.UUID


async def post(
    uow: UnitOfWork, *, area_id: uuid.UUID, item: DisclosureItem, entry_id: uuid.UUID | None = None, **posting: Any
) -> Disclosure:
    """Post a new version of an item on an area's board (disclosurePost, ``Posting``).

    Items that an area has once are found by themselves. Of the others every posting opens an entry of its own, unless
    ``entry_id`` names the one that it continues. Refuses ``FORBIDDEN_ROLE`` for who does not post this item or does not
    serve the area, ``REQUIRED`` for an empty text, ``OUT_OF_RANGE`` for a validity that ends before it begins,
    ``INVALID_INPUT`` for an estate of another area.
    """
    wanted = DisclosureItem(item)
    area = await uow.load(PropertyArea, area_id, field="areaId")
    await _check_estate(uow, area, posting.get("estate_id"))
    grant = await uow.act(RULES[wanted].publishers, PropertyArea, area)
    await check_serving(uow, grant, area)
    about = About("property_area", area.id)
    if entry_id is not None:
        named = await uow.load(DisclosureEntry, entry_id, field="entryId")
        if (named.area_id, named.item) != (area.id, wanted.value):
            raise Refusal(ErrorCode.INVALID_INPUT, "entryId")
        about = About(named.subject_type, named.subject_id)
    elif wanted not in OF_THE_WHOLE_AREA:
        about = About("disclosure_entry", new_id())
    return await put_up(uow, area, wanted, Posting(**posting), grant=grant, about=about)


async def _check_estate(uow: UnitOfWork, area: PropertyArea, estate_id: uuid.UUID | None) -> None:
    """A posting about one estate names one that its reader may see and that lies in the area."""
    if estate_id is None:
        return
    estate = await uow.load(Estate, estate_id, field="estateId")
    link = select(EstateArea.id).where(
        EstateArea.county == uow.county,
        EstateArea.estate_id == estate.id,
        EstateArea.area_id == area.id,
        EstateArea.valid_to.is_(None),
    )
    if await uow.session.scalar(link) is None:
        raise Refusal(ErrorCode.INVALID_INPUT, "estateId")


async def put_up(
    uow: UnitOfWork, area: PropertyArea, item: DisclosureItem, posting: Posting, *, grant: Grant, about: About
) -> Disclosure:
    """Append the next version of an entry. For commands that post as part of what they do; they have checked who."""
    _check(uow, posting)
    entry = await _entry(uow, area, item, about)
    disclosure = _version(
        uow,
        entry,
        posting,
        grant=grant,
        posted_until=posted_until(item, uow.today, posting.posted_days),
        valid_from=posting.valid_from or uow.today,
    )
    await _append(uow, entry, disclosure)
    entry.due_on = next_due(item, uow.today)
    await _prove(uow, disclosure, posting.proofs)
    await uow.audit(
        "disclosurePost", disclosure, grant=grant, detail={"item": item.value, "version": entry.current_version}
    )
    uow.notify(disclosure)
    return disclosure


async def take_down(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Disclosure:
    """Take an entry down (disclosureTakeDown): a last version says why. ``id`` is that of its current posting.

    ``POSTING_PERIOD_NOT_OVER`` while the posting must still hang, ``VERSION_CONFLICT`` when it is not the current one.
    """
    current = await uow.load(Disclosure, id)
    area = await uow.load(PropertyArea, current.area_id, field="id")
    item = DisclosureItem(current.item)
    grant = await uow.act(RULES[item].publishers, PropertyArea, area)
    await check_serving(uow, grant, area)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    entry = await _entry(uow, area, item, About(current.subject_type, current.subject_id))
    if entry.current_id != current.id or current.withdrawn:
        raise Refusal(ErrorCode.VERSION_CONFLICT, "id", expected=current.version, actual=entry.current_version)
    if current.posted_until is not None and uow.today <= current.posted_until:
        raise Refusal(ErrorCode.POSTING_PERIOD_NOT_OVER, "id", until=current.posted_until)
    posting = Posting(title=current.title, body=reason.strip(), objection_contact=current.objection_contact)
    last = _version(uow, entry, posting, grant=grant, posted_until=None, valid_from=uow.today, withdrawn=True)
    await _append(uow, entry, last)
    entry.due_on = None
    await uow.audit("disclosureTakeDown", last, grant=grant, reason=reason)
    uow.notify(last)
    return last


async def proof_add(
    uow: UnitOfWork, *, id: uuid.UUID, document_id: uuid.UUID, place: str, taken_at: datetime
) -> DisclosureProof:
    """Add proof that a posting hangs on the board (disclosureProofAdd): photo, place and time (DIS-3)."""
    disclosure = await uow.load(Disclosure, id)
    area = await uow.load(PropertyArea, disclosure.area_id, field="id")
    grant = await uow.act(RULES[DisclosureItem(disclosure.item)].publishers, PropertyArea, area)
    await check_serving(uow, grant, area)
    (proof,) = await _prove(uow, disclosure, [Proof(document_id=document_id, place=place, taken_at=taken_at)])
    await uow.audit("disclosureProofAdd", disclosure, grant=grant, documents=[document_id])
    uow.notify(disclosure)
    return proof


async def expect(uow: UnitOfWork, area: PropertyArea, item: DisclosureItem, due_on: date, about: About) -> None:
    """Note that an item must be posted, or posted anew, by a day: the facts behind it have changed (TQ-70)."""
    entry = await _entry(uow, area, item, about)
    if entry.due_on is None or due_on < entry.due_on:
        entry.due_on = due_on


async def current(
    uow: UnitOfWork, area_id: uuid.UUID, item: DisclosureItem, subject_id: uuid.UUID
) -> Disclosure | None:
    """The version that hangs on the board today: current, not taken down, valid."""
    found: Disclosure | None = await uow.session.scalar(
        select(Disclosure)
        .join(
            DisclosureEntry,
            (DisclosureEntry.county == Disclosure.county) & (DisclosureEntry.current_id == Disclosure.id),
        )
        .where(
            Disclosure.county == uow.county,
            DisclosureEntry.county == uow.county,
            DisclosureEntry.area_id == area_id,
            DisclosureEntry.item == item.value,
            DisclosureEntry.subject_id == subject_id,
            Disclosure.withdrawn.is_(False),
            Disclosure.valid_from <= uow.today,
        )
    )
    return found if found is None or found.valid_to is None or found.valid_to >= uow.today else None


def _check(uow: UnitOfWork, posting: Posting) -> None:
    for name, value in (
        ("title", posting.title),
        ("body", posting.body),
        ("objectionContact", posting.objection_contact),
    ):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, name)
    if posting.valid_to is not None and posting.valid_to < (posting.valid_from or uow.today):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validTo", least=posting.valid_from or uow.today)


async def check_serving(uow: UnitOfWork, grant: Grant, area: PropertyArea) -> None:
    """``FORBIDDEN_ROLE`` for a company's people where the company has no contract; others pass."""
    if grant.role not in COMPANY:
        return
    serving = select(ServiceContract.id).where(
        ServiceContract.county == uow.county,
        ServiceContract.area_id == area.id,
        ServiceContract.company_id == grant.company_id,
        ServiceContract.state.in_(sorted(POSTING_CONTRACTS)),
    )
    if await uow.session.scalar(serving.limit(1)) is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "areaId")


async def _entry(uow: UnitOfWork, area: PropertyArea, item: DisclosureItem, about: About) -> DisclosureEntry:
    """The entry, locked; made when the board has none."""
    key = {"county": uow.county, "area_id": area.id, "item": item.value, "subject_id": about.id}
    await uow.session.execute(
        insert(DisclosureEntry)
        .values(
            **key,
            id=new_id(),
            township=area.township,
            community=area.community,
            subject_type=about.table,
            current_version=0,
        )
        .on_conflict_do_nothing(index_elements=list(key))
    )
    entry = await uow.session.execute(
        select(DisclosureEntry).filter_by(**key).with_for_update().execution_options(populate_existing=True)
    )
    return entry.scalar_one()


def _version(
    uow: UnitOfWork,
    entry: DisclosureEntry,
    posting: Posting,
    *,
    grant: Grant,
    posted_until: date | None,
    valid_from: date,
    withdrawn: bool = False,
) -> Disclosure:
    said = {
        "item": entry.item,
        "subject": str(entry.subject_id),
        "title": posting.title.strip(),
        "body": posting.body.strip(),
        "content": dict(posting.content or {}),
        "validFrom": valid_from.isoformat(),
        "validTo": posting.valid_to.isoformat() if posting.valid_to else None,
    }
    return Disclosure(
        county=uow.county,
        id=new_id(),
        entry_id=entry.id,
        version=entry.current_version + 1,
        supersedes_id=entry.current_id,
        area_id=entry.area_id,
        estate_id=posting.estate_id,
        township=entry.township,
        community=entry.community,
        item=entry.item,
        subject_type=entry.subject_type,
        subject_id=entry.subject_id,
        title=said["title"],
        body=said["body"],
        content=said["content"],
        digest=digest(said),
        withdrawn=withdrawn,
        valid_from=valid_from,
        valid_to=posting.valid_to,
        posted_on=uow.today,
        posted_until=posted_until,
        published_at=uow.now,
        publisher_role=grant.role.value,
        publisher_name=grant.office or uow.actor.display_name,
        publisher_id=uow.actor.account_id,
        company_id=grant.company_id,
        committee_id=grant.committee_id,
        objection_contact=posting.objection_contact.strip(),
    )


async def _append(uow: UnitOfWork, entry: DisclosureEntry, disclosure: Disclosure) -> None:
    uow.session.add(disclosure)
    entry.current_id, entry.current_version = disclosure.id, disclosure.version
    entry.posted_on, entry.valid_to = disclosure.posted_on, disclosure.valid_to
    await uow.session.flush()  # proofs refer to the version


async def _prove(uow: UnitOfWork, disclosure: Disclosure, proofs: Iterable[Proof]) -> Sequence[DisclosureProof]:
    proven: list[DisclosureProof] = []
    for proof in proofs:
        if not proof.place.strip():
            raise Refusal(ErrorCode.REQUIRED, "place")
        if proof.taken_at > uow.now:
            raise Refusal(ErrorCode.OUT_OF_RANGE, "takenAt", most=uow.today)
        await documents.attach(
            uow, [proof.document_id], disclosure, audience=DocumentAudience.PUBLISHED, field="documentId"
        )
        row = DisclosureProof(
            county=uow.county,
            disclosure_id=disclosure.id,
            document_id=proof.document_id,
            place=proof.place.strip(),
            taken_at=proof.taken_at,
            recorded_by=uow.actor.account_id,
        )
        uow.session.add(row)
        proven.append(row)
    return proven
