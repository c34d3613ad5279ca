"""Clients' manifests of trusted documents, as they are stored. Servers that run take every change up with the next request."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.errors import ErrorCode, Refusal
from domain.manifests import ManifestError
from models.accounts import OAuthClient
from models.manifests import DocumentManifest


def add_manifest(session: Session, client_id: str, version: str, documents: dict[str, str]) -> None:
    """Store the documents of one version of a client's app, beside those of its other versions.

    Refuses ``NOT_FOUND``; raises ``ManifestError`` for a version that there is, and for ids that mean another document in
    a version that counts.
    """
    client = _changed(session, client_id)
    if session.get(DocumentManifest, (client_id, version)) is not None:
        raise ManifestError(f"version {version} is there already: a build has a version of its own")
    held = {
        name: (text, each.version)
        for each in live_manifests(session, client_id)
        for name, text in each.documents.items()
    }
    faults = [
        f"{name}: in version {held[name][1]} this id means another document"
        for name, text in documents.items()
        if name in held and held[name][0] != text
    ]
    if faults:
        raise ManifestError(*faults)
    session.add(DocumentManifest(client_id=client.client_id, version=version, documents=documents))


def retire_manifest(session: Session, client_id: str, version: str) -> None:
    """Let a version count no more. Refuses ``NOT_FOUND``; raises ``ManifestError`` for the last of a client for which
    nothing else runs."""
    client = _changed(session, client_id)
    live = live_manifests(session, client_id)
    retired = next((each for each in live if each.version == version), None)
    if retired is None:
        raise Refusal(ErrorCode.NOT_FOUND, "version")
    if client.only_trusted and len(live) == 1:
        raise ManifestError(f"{version} is the last version, and nothing else runs for {client_id}")
    retired.retired_at = datetime.now(UTC)


def trust_only(session: Session, client_id: str, only: bool) -> None:
    """Whether nothing but its trusted documents runs for the client. Refuses ``NOT_FOUND``; raises ``ManifestError`` when
    it has none."""
    client = _changed(session, client_id)
    if only and not live_manifests(session, client_id):
        raise ManifestError(f"{client_id} has no documents: upload them first")
    client.only_trusted = only


def live_manifests(session: Session, client_id: str) -> Sequence[DocumentManifest]:
    """The versions that count, oldest first."""
    return [each for each in manifests(session, client_id) if each.retired_at is None]


def manifests(session: Session, client_id: str) -> Sequence[DocumentManifest]:
    """All versions, oldest first."""
    of_client = select(DocumentManifest).where(DocumentManifest.client_id == client_id)
    return session.scalars(of_client.order_by(DocumentManifest.uploaded_at, DocumentManifest.version)).all()


def _changed(session: Session, client_id: str) -> OAuthClient:
    client = session.get(OAuthClient, client_id, with_for_update=True)
    if client is None:
        raise Refusal(ErrorCode.NOT_FOUND, "clientId")
    client.documents_revision += 1
    client.grants_version += 1  # kept actors carry the revision
    return client
