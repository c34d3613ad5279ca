"""Top-level errors: malformed requests, missing authentication and faults. Expected failures are ``userErrors``.

Their texts are English, for the developer of the client; the code tells the client what to do. Nothing from inside (a
trace, a database message, a suggestion of names) reaches a client: an unforeseen exception becomes ``INTERNAL`` with
the request id, unless the database is out of reach.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Self

import orjson
import structlog
from graphql import GraphQLError

from resolvers.outages import is_outage

log = structlog.get_logger(__name__)

_HTTP = False
_GRAPHQL = True


class RequestCode(StrEnum):
    """Codes of top-level errors (``extensions.code``), each with its HTTP status and meaning.

    ``well_formed`` says that the request was GraphQL in due form; then a client that accepts only ``application/json``
    gets the error with status 200 (GraphQL over HTTP, the legacy media type).
    """

    _value_: str
    status: int
    well_formed: bool
    doc: str

    def __new__(cls, value: str, status: int, well_formed: bool, doc: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.status = status
        member.well_formed = well_formed
        member.doc = doc
        return member

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in (408, 429, 503)

    BAD_REQUEST = "BAD_REQUEST", 400, _HTTP, "The HTTP request is not a GraphQL request."
    UNAUTHENTICATED = "UNAUTHENTICATED", 401, _HTTP, "The token is missing, wrong, expired or revoked."
    FORBIDDEN = "FORBIDDEN", 403, _HTTP, "The origin, the acting grant or the kind of request is not allowed."
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED", 405, _HTTP, "The HTTP method does not fit; Allow names those that do."
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE", 406, _HTTP, "None of the media types in Accept can be given."
    TOO_SLOW = "TOO_SLOW", 408, _HTTP, "The body did not arrive in time."
    TOO_LARGE = "TOO_LARGE", 413, _HTTP, "The body is larger than this server takes."
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE", 415, _HTTP, "The body must be application/json in UTF-8."
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS", 429, _HTTP, "This caller has too many requests under way; wait, repeat."
    OVER_QUOTA = "OVER_QUOTA", 429, _HTTP, "The caller's quota is used up; wait as Retry-After says, repeat."
    INTERNAL = "INTERNAL", 500, _HTTP, "A fault of the server; report the request id."
    OVERLOADED = "OVERLOADED", 503, _HTTP, "Too many requests are under way; wait as Retry-After says, repeat."
    UNAVAILABLE = "UNAVAILABLE", 503, _HTTP, "The database is out of reach; wait, repeat, a write under its key."
    TIMEOUT = "TIMEOUT", 503, _HTTP, "The request was given up for its time; a write may be repeated under its key."
    EVENTS_LOST = "EVENTS_LOST", 503, _HTTP, "Events may have been missed: poll with updatedSince, subscribe anew."
    SLOW_CONSUMER = "SLOW_CONSUMER", 503, _HTTP, "Events came faster than they were taken: poll, subscribe anew."

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED", 400, _GRAPHQL, "The document is not GraphQL."
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED", 400, _GRAPHQL, "The document does not fit the schema."
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED", 400, _GRAPHQL, "More than one request may ask for: limit, allowed, measured."
    OPERATION_NOT_FOUND = "OPERATION_NOT_FOUND", 400, _GRAPHQL, "operationName names no operation of the document."
    BAD_USER_INPUT = "BAD_USER_INPUT", 400, _GRAPHQL, "A variable or argument does not fit its type or range."
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND", 400, _GRAPHQL, "Unknown id or hash: send the text once."
    PERSISTED_QUERY_MISMATCH = "PERSISTED_QUERY_MISMATCH", 400, _GRAPHQL, "The hash is not that of the text."
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED", 400, _GRAPHQL, "Only documents of its manifest run for this client."
    INTROSPECTION_REFUSED = "INTROSPECTION_REFUSED", 400, _GRAPHQL, "Only signed-in callers may introspect."


FormattedError = dict[str, Any]


class RequestError(Exception):
    """The request as a whole fails: one or more errors, no data."""

    def __init__(self, code: RequestCode, message: str, *, status: int | None = None, **extensions: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status or code.status
        self.headers: list[tuple[bytes, bytes]] = []
        self.errors: list[FormattedError] = [
            {"message": message, "extensions": {"code": str(code)} | extensions},
        ]

    @classmethod
    def because(cls, code: RequestCode, errors: Iterable[FormattedError]) -> "RequestError":
        """The same with ready-made errors, all of one code."""
        made = list(errors)
        failed = cls(code, made[0]["message"])
        failed.errors = made
        return failed

    def with_header(self, name: bytes, value: bytes) -> "RequestError":
        """The same with an HTTP header (``Allow``, ``Retry-After``, ``WWW-Authenticate``)."""
        self.headers.append((name, value))
        return self

    @property
    def body(self) -> bytes:
        """``{"errors": […]}``, without a ``data`` entry."""
        return orjson.dumps({"errors": self.errors})


RETRY_AFTER_OUTAGE = 1
"""Seconds that clients are told to wait while the database is out of reach."""


def internal(error: BaseException, request_id: str) -> RequestError:
    """An unforeseen exception: logged here with its trace, told to the client by its request id only.

    While the database is out of reach it is ``UNAVAILABLE``, with ``Retry-After``: nothing is wrong with the request.
    """
    if is_outage(error):
        log.warning("the database is out of reach", request_id=request_id, fault=type(error).__name__)
        unavailable = RequestError(RequestCode.UNAVAILABLE, RequestCode.UNAVAILABLE.doc, requestId=request_id)
        return unavailable.with_header(b"retry-after", b"%d" % RETRY_AFTER_OUTAGE)
    log.error("request failed", request_id=request_id, exc_info=error)
    return RequestError(RequestCode.INTERNAL, "Internal error.", requestId=request_id)


def formatted(error: GraphQLError, code: RequestCode) -> FormattedError:
    """A graphql-core error of parsing, validation or coercion as the client sees it."""
    made: FormattedError = {"message": error.message}
    if error.locations:
        made["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    made["extensions"] = {"code": str(code)} | (error.extensions or {})
    return made


def formatted_in_execution(error: GraphQLError, request_id: str) -> FormattedError:
    """An error of a field. What a resolver raised on purpose keeps its message; anything else is ``INTERNAL``."""
    cause = error.original_error
    if isinstance(cause, RequestError):
        made = dict(cause.errors[0])
    elif cause is None or isinstance(cause, GraphQLError):
        made = formatted(error, RequestCode.BAD_USER_INPUT)
    else:
        made = dict(internal(cause, request_id).errors[0])
    if error.locations:
        made["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        made["path"] = error.path
    return made
