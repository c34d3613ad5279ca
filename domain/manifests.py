"""Manifests of trusted documents (可信文档清单) as build tools write them: an id for each document of an app.

Taken are a JSON object of id → text (GraphQL Code Generator's client preset, Relay's compiler) and Apollo's
``apollo-persisted-query-manifest``. An id of 64 hexadecimal digits is the SHA-256 of its text.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

MOST_DOCUMENTS = 1_000
MOST_CHARACTERS = 400_000
"""Of all documents of a manifest together."""

_SHA_256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[\w.:/+=-]{1,200}", re.ASCII)
_APOLLO = "apollo-persisted-query-manifest"


class ManifestError(ValueError):
    """A manifest cannot be taken; ``faults`` says all that is wrong with it."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def document_id(given: str) -> str:
    """An id as it is stored: without the prefix that names SHA-256 (``sha256:``)."""
    return given.removeprefix("sha256:")


def read_manifest(parsed: Any) -> dict[str, str]:
    """The documents by their ids. Raises ``ManifestError`` with every fault of form."""
    given = _apollo(parsed) if isinstance(parsed, Mapping) and parsed.get("format") == _APOLLO else parsed
    if not isinstance(given, Mapping) or not given:
        raise ManifestError("a manifest is a JSON object of id and document, with one at least")
    faults = [fault for name, text in given.items() if (fault := _fault(name, text)) is not None]
    if len(given) > MOST_DOCUMENTS:
        faults.append(f"{len(given)} documents: at most {MOST_DOCUMENTS} are taken")
    if (size := sum(len(text) for text in given.values() if isinstance(text, str))) > MOST_CHARACTERS:
        faults.append(f"{size} characters: at most {MOST_CHARACTERS} are taken")
    if faults:
        raise ManifestError(*faults)
    return {document_id(name): text for name, text in given.items()}


def _apollo(parsed: Mapping[str, Any]) -> Any:
    operations = parsed.get("operations")
    if not isinstance(operations, list) or not all(isinstance(each, Mapping) for each in operations):
        raise ManifestError("the manifest has no list of operations")
    return {str(each.get("id")): each.get("body") for each in operations}


def _fault(name: str, text: Any) -> str | None:
    if not isinstance(text, str):
        return f"{name}: the document is not a text"
    if not _ID.fullmatch(name):
        return f"{name[:80]!r}: an id has letters, digits and . : / + = - _, at most 200"
    wanted = document_id(name)
    if _SHA_256.fullmatch(wanted) and hashlib.sha256(text.encode()).hexdigest() != wanted:
        return f"{name}: the id is not the SHA-256 of its document"
    return None
