"""Documents as clients see them: announced, sent to an expiring address, confirmed, fetched (DESIGN §7, Files)."""

import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

import strawberry

from auth.file_tokens import DOWNLOAD_SECONDS, Download, FileTokens, Upload
from domain.documents import DocumentAudience, DocumentKind, DocumentState
from models.documents import Document as Row
from resolvers import documents
from schema.acts import COUNTY, act
from schema.common import DateTime
from schema.conditions import equal
from schema.engine.declare import column, computed, descending, entity, filters, listing, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.run import Run
from schema.engine.types import described, plain_type

for _enumeration in (DocumentKind, DocumentState, DocumentAudience):
    described(_enumeration)

FormField = plain_type(
    "FormField",
    "A name and its value: a header, or a field of a form.",
    {"name": ("str", "The name."), "value": ("str", "The value.")},
)

UploadAddress = plain_type(
    "UploadAddress",
    "How to send a file's bytes. Either as the raw body of `method`, or as a form of one file by POST, which is what "
    "`wx.uploadFile` does. The address serves once, for half an hour.",
    {
        "method": ("str", "PUT: the bytes are the body."),
        "url": ("str", "Where to. POST a `multipart/form-data` of one file to the same address instead, if need be."),
        "headers": ("list[FormField]", "Headers to send with a raw body."),
        "file_field": ("str", "The name of the file's field in a form (`name` of `wx.uploadFile`)."),
        "form_fields": ("list[FormField]", "Other fields of the form (`formData` of `wx.uploadFile`)."),
    },
)


@cache
def _tokens(secret: bytes) -> FileTokens:
    return FileTokens(secret)


def file_tokens(run: Run) -> FileTokens:
    """The deployment's tokens for files."""
    return _tokens(run.services.settings.keys.key("file links"))


def _address(run: Run, token: str) -> str:
    return f"{run.services.settings.url}/files/{token}"


def _upload(
    run: Run, county: str, row_id: str, state: str, key: str | None, media_type: str, size: int, uploader: str
) -> dict[str, Any] | None:
    """Only its uploader may send a document's bytes, and only once."""
    if state != DocumentState.PENDING or key is not None or str(run.actor.account_id) != uploader:
        return None
    upload = Upload(county, uuid.UUID(row_id), media_type, int(size))
    return {
        "method": "PUT",
        "url": _address(run, file_tokens(run).for_upload(upload, datetime.now(UTC))),
        "headers": [{"name": "Content-Type", "value": media_type}],
        "file_field": "file",
        "form_fields": [],
    }


def download_address(run: Run, download: Download, since: datetime) -> str:
    """Where a stored file is fetched from, for ``DOWNLOAD_SECONDS`` since an instant."""
    return _address(run, file_tokens(run).for_download(download, since))


def _download(run: Run, state: str, key: str | None, name: str, media_type: str) -> str | None:
    if state != DocumentState.READY or key is None:
        return None
    return download_address(run, Download(key, name, media_type), datetime.now(UTC))


DOCUMENT_ORDERS = orders(
    "DocumentOrder", "How documents are ordered.", NEWEST=(descending(Row.created_at), "Latest first.")
)


@filters("Which documents. All given conditions must hold.")
class DocumentFilter:
    kind: DocumentKind | None = equal("kind", "Of this kind.")
    state: DocumentState | None = equal("state", "In this state.")


@entity(
    Row,
    "A document: a file that was uploaded to a case, a posting or a record.",
    orders=DOCUMENT_ORDERS,
    filters=DocumentFilter,
)
class Document:
    kind: DocumentKind = column(Row.kind, "What it is, as the workflows ask for it.")
    name: str = column(Row.name, "Its file name.")
    media_type: str = column(Row.media_type, "Its media type, recognised by its first bytes.")
    size: int | None = column(Row.size, "Bytes; null until they were received.")
    sha256: str | None = column(Row.sha256, "SHA-256 of the bytes in hexadecimal; null until they were received.")
    state: DocumentState = column(Row.state, "Whether it can be used.")
    audience: DocumentAudience = column(Row.audience, "Who sees it besides its uploader.")
    created_at: DateTime = column(Row.created_at, "When it was announced.")
    ready_at: DateTime | None = column(Row.ready_at, "When it was confirmed.")
    upload: "UploadAddress | None" = computed(  # type: ignore[valid-type]
        _upload,
        "How to send its bytes; null once they were received, and for everybody but its uploader.",
        needs=[Row.county, Row.id, Row.state, Row.key, Row.media_type, Row.declared_size, Row.uploaded_by],
    )
    download_url: str | None = computed(
        _download,
        f"An address to fetch it from, good for {DOWNLOAD_SECONDS // 60} minutes; null until it is confirmed.",
        needs=[Row.state, Row.key, Row.name, Row.media_type],
    )


@inputs("Announce a file.", keyed=False)
class UploadCreateInput:
    county: str | None = given(COUNTY)
    kind: DocumentKind = given("What the document is.")
    name: str = given("Its file name; folders and control characters are dropped.")
    media_type: str = given(
        "image/jpeg, image/png, image/webp, application/pdf, the types of .xlsx and .docx; for a register, application/zip; "
        "for a bank's statement, text/csv and application/xml."
    )
    size: int = given("Bytes that will be sent, exactly. Photos up to 10 MiB, other files up to 20 MiB.")


@inputs("Take a sent file as a document.", keyed=False)
class UploadConfirmInput:
    id: strawberry.ID = ref("Document", "The announced document.")
    sha256: str | None = given("SHA-256 of the bytes in hexadecimal, to be sure that they arrived as they are.")


QUERIES = {"documents": listing("Document", "Documents that the caller may see.")}

MUTATIONS = [
    act(
        "uploadCreate",
        documents.upload_create,
        UploadCreateInput,
        "Announce a file; `document.upload` says where and how to send its bytes.",
        {"document": "Document"},
        keyed=False,
    ),
    act(
        "uploadConfirm",
        documents.upload_confirm,
        UploadConfirmInput,
        "Take a sent file as a document: from then on it can be attached.",
        {"document": "Document"},
        keyed=False,
    ),
]
