"""The model-text library (示范文本, GT-14): the bureau issues editions; contracts and bodies refer to them."""

import uuid
from datetime import date

from sqlalchemy import select

from domain.documents import DocumentAudience
from domain.errors import ErrorCode, Refusal
from domain.filing_records import ModelTextKind
from domain.roles import Role
from models.base import new_id
from models.filings import ModelText
from resolvers import documents
from resolvers.unit_of_work import UnitOfWork


async def issue(
    uow: UnitOfWork,
    *,
    kind: ModelTextKind,
    edition: str,
    title: str,
    basis: str,
    valid_from: date,
    document_id: uuid.UUID | None = None,
) -> ModelText:
    """Issue an edition of a model text (modelTextIssue). Editions are never changed; ``ALREADY_REGISTERED`` for a name in use."""
    grant = await uow.act((Role.BUREAU,))
    for field, value in (("edition", edition), ("title", title), ("basis", basis)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    what = ModelTextKind(kind).value
    taken = select(ModelText.id).where(
        ModelText.county == uow.county, ModelText.kind == what, ModelText.edition == edition.strip()
    )
    if await uow.session.scalar(taken) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "edition", value=edition)
    text = ModelText(
        county=uow.county,
        id=new_id(),
        kind=what,
        edition=edition.strip(),
        title=title.strip(),
        basis=basis.strip(),
        document_id=document_id,
        valid_from=valid_from,
        issued_by=uow.actor.account_id,
    )
    if document_id is not None:
        await documents.attach(uow, [document_id], text, audience=DocumentAudience.PUBLISHED, field="documentId")
    uow.session.add(text)
    await uow.session.flush()  # its event names it
    await uow.audit("modelTextIssue", text, grant=grant)
    uow.notify(text)
    return text
