"""Documents that clients name instead of sending them: those of their manifests, and those that they sent before.

A client's manifest (``domain.manifests``) is uploaded by an operator. Other clients use automatic persisted queries: they
send the hash alone, are told ``PersistedQueryNotFound`` at first, send text and hash once, and from then on the hash. Each client
has a store of its own, so that none can crowd out what another keeps; the hash is checked, so that none can plant a text.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from auth.actor import Actor, ClientTerms
from domain.manifests import document_id
from schema.documents import Document, Documents
from schema.faults import RequestCode, RequestError

MOST_TEXTS = 1_000
MOST_CHARACTERS = 200_000
"""Of the texts that one client's store keeps, in one process. There are as many stores as clients were registered, and two."""


@dataclass(frozen=True)
class Manifest:
    """The trusted documents of a client: all versions that count, by id, at one revision."""

    revision: int = 0
    documents: Mapping[str, str] = field(default_factory=dict)
    texts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", frozenset(self.documents.values()))


_NOTHING = Manifest()

Load = Callable[[str], Awaitable[Manifest]]
"""Reads a client's manifest as it is now."""


class Persisted:
    """The manifests and stores of one process."""

    def __init__(self, documents: Documents, load: Load) -> None:
        self._documents = documents
        self._load = load
        self._manifests: dict[str, Manifest] = {}
        self._stores: dict[str | None, _Store] = {}

    def trust(self, client_id: str, manifest: Manifest) -> None:
        """Hold a manifest, and read its documents as far as there is room."""
        self._manifests[client_id] = manifest
        for text in manifest.documents.values():
            if self._documents.has_room:
                self._documents.trust(text)

    async def manifest(self, terms: ClientTerms | None) -> Manifest:
        """A client's manifest; what an operator has changed since is read first."""
        if terms is None or terms.documents_revision == 0:
            return _NOTHING
        held = self._manifests.get(terms.client_id)
        if held is None or held.revision < terms.documents_revision:
            held = self._manifests[terms.client_id] = await self._load(terms.client_id)
        return held

    async def permit(self, actor: Actor, text: str) -> None:
        """Refuse what is not in the manifest of a client for which nothing else runs (``DOCUMENT_NOT_TRUSTED``)."""
        terms = actor.terms
        if terms is not None and terms.only_trusted and text not in (await self.manifest(terms)).texts:
            raise RequestError(RequestCode.DOCUMENT_NOT_TRUSTED, RequestCode.DOCUMENT_NOT_TRUSTED.doc)

    async def named(self, actor: Actor, name: str) -> Document:
        """The document of this id or hash. ``PERSISTED_QUERY_NOT_FOUND`` asks for its text, ``DOCUMENT_NOT_TRUSTED`` does not."""
        wanted = document_id(name)
        text = (await self.manifest(actor.terms)).documents.get(wanted)
        if text is not None:
            return self._documents.trust(text)
        if actor.terms is not None and actor.terms.only_trusted:
            raise RequestError(RequestCode.DOCUMENT_NOT_TRUSTED, RequestCode.DOCUMENT_NOT_TRUSTED.doc)
        text = self._store(actor).find(wanted)
        if text is None:
            # The message is part of the protocol of automatic persisted queries.
            raise RequestError(RequestCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        return self._documents.get(text)

    async def keep(self, actor: Actor, text: str, sha256: str) -> Document:
        """The document of this text, from now on found by its hash as long as the client's store keeps it."""
        await self.permit(actor, text)
        if hashlib.sha256(text.encode()).hexdigest() != sha256:
            raise RequestError(RequestCode.PERSISTED_QUERY_MISMATCH, "The hash is not the SHA-256 of the document.")
        document = self._documents.get(text)
        if document.rejection is None and (actor.terms is None or not actor.terms.only_trusted):
            self._store(actor).keep(sha256, text)
        return document

    def _store(self, actor: Actor) -> "_Store":
        whose = None if actor.is_anonymous else "" if actor.terms is None else actor.terms.client_id
        return self._stores.setdefault(whose, _Store())


class _Store:
    """The texts that a client has sent with their hash, those used last."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def find(self, sha256: str) -> str | None:
        text = self._texts.get(sha256)
        if text is not None:
            self._texts.move_to_end(sha256)
        return text

    def keep(self, sha256: str, text: str) -> None:
        if sha256 not in self._texts and len(text) <= MOST_CHARACTERS // 4:
            self._texts[sha256] = text
            self._characters += len(text)
        while len(self._texts) > MOST_TEXTS or self._characters > MOST_CHARACTERS:
            _, dropped = self._texts.popitem(last=False)
            self._characters -= len(dropped)
