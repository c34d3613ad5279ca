"""Media types and languages: what a client sent, and what it wants back (RFC 9110 §8.3, §12.5)."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from schema.documents import Locale

JSON = b"application/json; charset=utf-8"
GRAPHQL_JSON = b"application/graphql-response+json; charset=utf-8"
EVENT_STREAM = b"text/event-stream; charset=utf-8"


class Wanted(NamedTuple):
    """What ``Accept`` allows: the media type of a single answer (``None``: none), and whether events may stream."""

    answer: bytes | None
    events: bool


_BY_TYPE = {
    "application/graphql-response+json": GRAPHQL_JSON,
    "application/json": JSON,
    "application/*": JSON,
    "*/*": JSON,
}


@lru_cache(maxsize=256)
def wanted(accept: bytes) -> Wanted:
    """Read an ``Accept`` header. Absent (empty), it means JSON; between equals, the GraphQL media type wins.

    >>> wanted(b"application/json;q=0.9, application/graphql-response+json").answer
    b'application/graphql-response+json; charset=utf-8'
    """
    if not accept.strip():
        return Wanted(JSON, False)
    best: tuple[float, bool] = (0.0, False)
    answer = None
    events = False
    for name, parameters in _items(accept.decode("latin-1")):
        quality = _quality(parameters.get("q", "1"))
        if quality <= 0 or parameters.get("charset", "utf-8") not in ("utf-8", "utf8"):
            continue
        events = events or name in ("text/event-stream", "text/*")
        if (candidate := _BY_TYPE.get(name)) is not None and (quality, candidate is GRAPHQL_JSON) > best:
            best = (quality, candidate is GRAPHQL_JSON)
            answer = candidate
    return Wanted(answer, events)


@lru_cache(maxsize=256)
def is_json(content_type: bytes) -> bool:
    """Whether a ``Content-Type`` is JSON in UTF-8, the only body that is read."""
    items = list(_items(content_type.decode("latin-1")))
    if len(items) != 1:
        return False
    name, parameters = items[0]
    return name == "application/json" and parameters.get("charset", "utf-8") in ("utf-8", "utf8")


@lru_cache(maxsize=256)
def locale(accept_language: bytes) -> Locale:
    """Chinese unless English is preferred to it.

    >>> locale(b"en-GB,en;q=0.9,zh;q=0.8"), locale(b"fr"), locale(b"")
    ('en', 'zh-CN', 'zh-CN')
    """
    preferred: dict[str, float] = {}
    for name, parameters in _items(accept_language.decode("latin-1")):
        language = name.partition("-")[0]
        preferred[language] = max(preferred.get(language, 0.0), _quality(parameters.get("q", "1")))
    return "en" if preferred.get("en", 0.0) > max(preferred.get("zh", 0.0), preferred.get("*", 0.0)) else "zh-CN"


def _items(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    for item in header.split(","):
        name, *rest = item.split(";")
        if name.strip():
            pairs = (parameter.partition("=") for parameter in rest)
            parameters = {key.strip().lower(): value.strip().strip('"').lower() for key, _, value in pairs}
            yield name.strip().lower(), parameters


def _quality(value: str) -> float:
    try:
        return min(float(value), 1.0) if value not in ("nan", "inf") else 0.0
    except ValueError:
        return 0.0
