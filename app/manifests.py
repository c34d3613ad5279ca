"""Trusted documents between the database, the schema and the command line."""

from collections.abc import AsyncIterator

from graphql import GraphQLSchema
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from domain.manifests import ManifestError
from models.accounts import OAuthClient
from models.manifests import DocumentManifest
from schema.documents import Documents
from schema.persisted import Load, Manifest


def check(schema: GraphQLSchema, documents: dict[str, str]) -> None:
    """Raise ``ManifestError`` with everything that this schema and its limits have against the documents."""
    reading = Documents(schema)
    faults = []
    for name, text in documents.items():
        rejection = reading.get(text).rejection
        faults += [f"{name}: {error['message']}" for error in (rejection.errors if rejection else ())]
    if faults:
        raise ManifestError(*faults)


def load_from(sessions: async_sessionmaker[AsyncSession]) -> Load:
    """How a server process reads one client's manifest."""

    async def load(client_id: str) -> Manifest:
        async with sessions.begin() as session:
            return await _manifest(session, client_id)

    return load


async def all_manifests(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[tuple[str, Manifest]]:
    """Every client that has a manifest, with it (when a server process starts)."""
    async with sessions.begin() as session:
        having = select(DocumentManifest.client_id).where(DocumentManifest.retired_at.is_(None)).distinct()
        for client_id in (await session.scalars(having)).all():
            yield client_id, await _manifest(session, client_id)


async def _manifest(session: AsyncSession, client_id: str) -> Manifest:
    live = (DocumentManifest.client_id == OAuthClient.client_id) & DocumentManifest.retired_at.is_(None)
    rows = await session.execute(
        select(OAuthClient.documents_revision, DocumentManifest.documents)
        .outerjoin(DocumentManifest, live)
        .where(OAuthClient.client_id == client_id)
        .order_by(DocumentManifest.uploaded_at.desc())  # of the newest version first, should not all find room
    )
    documents: dict[str, str] = {}
    read = 0
    for revision, held in rows:
        read = revision
        documents |= held or {}  # an id means one document in all versions that count
    return Manifest(read, documents)
