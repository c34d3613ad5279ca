"""Documents: announce an upload, receive its bytes, confirm it, attach it to its row (DESIGN §7, Files)."""

import re
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from auth.file_tokens import Upload
from domain.documents import (
    MEDIA_TYPES,
    PHOTO_KINDS,
    PHOTOS,
    STATEMENTS,
    ZIP,
    DocumentAudience,
    DocumentKind,
    DocumentState,
    largest,
)
from domain.errors import ErrorCode, Refusal
from domain.roles import PARTNERS, Role
from models.base import CountyRow
from models.cases import CaseRow
from models.documents import Document

if TYPE_CHECKING:
    from resolvers.unit_of_work import UnitOfWork

LONGEST_NAME = 120
SWEPT_AT_ONCE = 200
UPLOADERS = frozenset(Role) - PARTNERS - {Role.SYSTEM}
PLACES = ("township", "community", "area_id", "estate_id", "unit_id", "company_id", "committee_id")
"""What a document takes over from the row it is attached to, so that its visibility is an equality."""


@dataclass(frozen=True)
class Received:
    """What the edge measured while it stored the bytes under ``key``."""

    key: str
    size: int
    sha256: str


async def upload_create(uow: "UnitOfWork", *, kind: DocumentKind, name: str, media_type: str, size: int) -> Document:
    """Announce a file (uploadCreate). The answer carries the address and the form in which to send its bytes.

    ``size`` in bytes. Refuses types that are not accepted, files over the type's limit, and photos that are none.
    """
    if media_type not in MEDIA_TYPES or (kind in PHOTO_KINDS and media_type not in PHOTOS):
        raise Refusal(ErrorCode.INVALID_INPUT, "mediaType")
    if media_type == ZIP and not (kind == DocumentKind.OTHER and Role.BUREAU in uow.roles):
        raise Refusal(ErrorCode.INVALID_INPUT, "mediaType")  # nobody looks into one but the register's import
    if media_type in STATEMENTS and not (kind == DocumentKind.BANK_STATEMENT and Role.BUREAU in uow.roles):
        raise Refusal(ErrorCode.INVALID_INPUT, "mediaType")  # nor into these but the reading of statements
    if not 0 < size <= largest(media_type):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "size", least=1, most=largest(media_type))
    if uow.actor.account_id is None or not uow.roles & UPLOADERS:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    document = Document(
        county=uow.county,
        kind=kind.value,
        name=clean_name(name),
        media_type=media_type,
        declared_size=size,
        state=DocumentState.PENDING.value,
        uploaded_by=uow.actor.account_id,
    )
    uow.session.add(document)
    await uow.session.flush()  # the token names the document's id
    return document


def upload_of(document: Document) -> Upload:
    """What the upload's token allows."""
    return Upload(document.county, document.id, document.media_type, document.declared_size)


async def receive(uow: "UnitOfWork", *, document_id: uuid.UUID, received: Received) -> bool:
    """Record received bytes; ``False`` when the document has bytes already, which never change."""
    recorded = await uow.session.execute(
        update(Document)
        .where(
            Document.county == uow.county,
            Document.id == document_id,
            Document.state == DocumentState.PENDING.value,
            Document.key.is_(None),
        )
        .values(key=received.key, size=received.size, sha256=received.sha256)
        .returning(Document.id)
    )
    return recorded.scalar_one_or_none() is not None


async def upload_confirm(uow: "UnitOfWork", *, id: uuid.UUID, sha256: str | None = None) -> Document:
    """Take a sent file as a document (uploadConfirm). Confirming twice is confirming once.

    The bytes' type was recognised while they were received. ``sha256`` (hexadecimal), where given, must be theirs.
    """
    document = await uow.load(Document, id, lock=True)
    if document.uploaded_by != uow.actor.account_id:
        raise Refusal(ErrorCode.NOT_FOUND, "id")
    if document.key is None:
        raise Refusal(ErrorCode.DOCUMENT_NOT_READY, "id")
    if document.size != document.declared_size:
        raise Refusal(ErrorCode.INVALID_INPUT, "size")
    if sha256 is not None and sha256.lower() != document.sha256:
        raise Refusal(ErrorCode.INVALID_INPUT, "sha256")
    if document.state == DocumentState.PENDING.value:
        document.state = DocumentState.READY.value
        document.ready_at = uow.now
    return document


async def give_up_unconfirmed(uow: "UnitOfWork", *, before: datetime) -> list[str | None]:
    """Refuse the documents that were announced before an instant and never confirmed; the keys of bytes they had.

    The rows stay, without bytes. A confirmed document keeps its bytes, used or not.
    """
    stale = (
        select(Document)
        .where(
            Document.county == uow.county,
            Document.state == DocumentState.PENDING.value,
            Document.created_at < before,
        )
        .order_by(Document.created_at, Document.id)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    keys: list[str | None] = []
    for document in (await uow.session.scalars(stale)).all():
        keys.append(document.key)
        document.state, document.refused_reason, document.key = DocumentState.REFUSED.value, "UNCONFIRMED", None
    return keys


async def attach(
    uow: "UnitOfWork",
    ids: Iterable[uuid.UUID],
    subject: CountyRow,
    *,
    audience: DocumentAudience = DocumentAudience.CASE,
    field: str = "documentIds",
) -> list[Document]:
    """Attach confirmed documents to the row they belong to, with its places and parties; a case knows their kinds.

    Refuses documents that are not confirmed (``DOCUMENT_NOT_READY``) or belong to another row (``INVALID_INPUT``). Only
    the uploader attaches a file; one that is attached to this row already may be named again by anybody who sees it.
    """
    documents = await uow.load_all(Document, ids, lock=True, field=field)
    for document in documents:
        if document.state != DocumentState.READY.value:
            raise Refusal(ErrorCode.DOCUMENT_NOT_READY, field, name=document.name)
        if document.subject_id == subject.id:
            continue
        if document.subject_id is not None or document.uploaded_by != uow.actor.account_id:
            raise Refusal(ErrorCode.INVALID_INPUT, field, name=document.name)
        document.subject_type = subject.__tablename__
        document.subject_id = subject.id
        document.audience = audience.value
        for place in PLACES:
            setattr(document, place, getattr(subject, place, None))
    if isinstance(subject, CaseRow):
        there = sorted({*subject.document_kinds, *(document.kind for document in documents)})
        if there != subject.document_kinds:
            subject.document_kinds = there
    return documents


def clean_name(name: str) -> str:
    """A file name without folders, control characters and characters that are special in headers or file systems.

    >>> clean_name("C:\\\\tmp\\\\合同<1>.pdf")
    '合同_1_.pdf'
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    plain = "".join("_" if unicodedata.category(char)[0] == "C" or char in '<>:"|?*;%' else char for char in last)
    plain = plain.strip(" .")
    if len(plain) > LONGEST_NAME:
        stem, dot, ending = plain.rpartition(".")
        plain = plain[:LONGEST_NAME] if len(ending) > 8 else stem[: LONGEST_NAME - len(ending) - 1] + dot + ending
    if not plain:
        raise Refusal(ErrorCode.INVALID_INPUT, "name")
    return plain
