"""GraphQL over HTTP, to the letter of the specification: POST and GET, media types, status codes.

A plain ASGI endpoint: the path of a request is short, headers are read once, and the executor's bytes go out as they
are. Whatever malformed request arrives, the answer is a 4xx with one clear message, and never a trace.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from app import sse
from app.actors import bearer
from app.deadlines import Deadlines
from app.devices import device_name
from app.negotiation import JSON, Wanted, is_json, locale, wanted
from app.requests import Parameters, Service, acting_as, refuse_nul
from auth.proxy import client_address, client_certificate
from schema.documents import Document, Operation, RequestContext
from schema.faults import RequestCode, RequestError

Headers = Mapping[bytes, bytes]

PREFLIGHT_HEADERS = frozenset({b"apollo-require-preflight", b"graphql-require-preflight", b"x-apollo-operation-name"})
"""Headers that a page of a foreign origin can send only after a CORS preflight; so can it ``Authorization``."""


class ClientGoneError(Exception):
    """The client hung up before its request was complete; there is nobody to answer."""


class GraphQLEndpoint:
    """The HTTP side of ``/graphql``."""

    def __init__(
        self, service: Service, *, body_bytes: int = 1_000_000, body_seconds: float = 10.0, keepalive: float = 12.0
    ) -> None:
        self.service = service
        self.body_bytes = body_bytes
        self.body_deadlines = Deadlines(body_seconds)
        self.keepalive = keepalive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        accept = wanted(headers.get(b"accept", b""))
        try:
            await self._answer(scope, headers, accept, receive, send)
        except RequestError as error:
            await self._fail(error, accept, send)
        except ClientGoneError:
            return

    async def _answer(self, scope: Scope, headers: Headers, accept: Wanted, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in ("POST", "GET"):
            raise RequestError(RequestCode.METHOD_NOT_ALLOWED, "Use POST, or GET for queries.").with_header(
                b"allow", b"GET, POST"
            )
        if accept.answer is None and not accept.events:
            raise RequestError(
                RequestCode.NOT_ACCEPTABLE,
                "Accept must allow application/graphql-response+json, application/json or text/event-stream.",
            )
        if method == "POST":
            parameters = await self._posted(headers, receive)
        else:
            parameters = _queried(scope["query_string"], headers)
        context = RequestContext(
            request_id=scope.get("state", {}).get("request_id", ""),
            locale=locale(headers.get(b"accept-language", b"")),
            acting_as=acting_as(headers[b"x-acting-as"].decode("latin-1")) if b"x-acting-as" in headers else None,
            client_ip=client_address(scope, self.service.proxy),
            device=device_name(headers),
            token=bearer(headers.get(b"authorization")),
            certificate=client_certificate(scope, self.service.proxy),
            events=self.service.events,
        )
        document, operation = await self.service.find(parameters, context)
        if method == "GET" and operation.kind == "mutation":
            raise RequestError(RequestCode.METHOD_NOT_ALLOWED, "Mutations need POST.").with_header(b"allow", b"POST")
        if operation.kind == "subscription" or accept.answer is None:
            await self._stream(document, operation, parameters, context, accept, receive, send)
            return
        answer = await self.service.run(document, operation, parameters, context)
        status = 400 if answer.failed and accept.answer is not JSON else 200
        await _respond(send, status, accept.answer, answer.body)

    async def _stream(
        self,
        document: Document,
        operation: Operation,
        parameters: Parameters,
        context: RequestContext,
        accept: Wanted,
        receive: Receive,
        send: Send,
    ) -> None:
        if not accept.events:
            raise RequestError(
                RequestCode.NOT_ACCEPTABLE, "Subscriptions need Accept: text/event-stream, or a WebSocket."
            )
        if operation.kind == "subscription":
            bodies = await self.service.open(document, operation, parameters, context)
        else:
            answer = await self.service.run(document, operation, parameters, context)
            bodies = sse.once(answer.body)
        await sse.stream(bodies, self.service, context, receive, send, keepalive=self.keepalive)

    async def _posted(self, headers: Headers, receive: Receive) -> Parameters:
        if (
            not is_json(headers.get(b"content-type", b""))
            or headers.get(b"content-encoding", b"identity") != b"identity"
        ):
            raise RequestError(RequestCode.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json in UTF-8.")
        try:
            async with self.body_deadlines:
                body = await self._body(headers, receive)
        except TimeoutError:
            raise RequestError(RequestCode.TOO_SLOW, "The body did not arrive in time.") from None
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise RequestError(RequestCode.BAD_REQUEST, "The body is not JSON in UTF-8.") from None
        if b"\\u0000" in body:
            refuse_nul(payload)
        return Parameters.of(payload)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self.body_bytes:
            raise self._too_large()
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self.body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return b"".join(chunks) + chunk if chunks else bytes(chunk)
            chunks.append(chunk)

    def _too_large(self) -> RequestError:
        return RequestError(RequestCode.TOO_LARGE, f"The body must not exceed {self.body_bytes} bytes.")

    async def _fail(self, error: RequestError, accept: Wanted, send: Send) -> None:
        self.service.metrics.failed(error.code)
        status = 200 if error.code.well_formed and accept.answer is JSON else error.status
        if error.code is RequestCode.UNAUTHENTICATED and not error.headers:
            error.with_header(b"www-authenticate", b"Bearer")
        await _respond(send, status, accept.answer or JSON, error.body, error.headers)


def _queried(query_string: bytes, headers: Headers) -> Parameters:
    """The parameters of a GET. Refused where a foreign page could have sent it without asking (CSRF, XS-Search)."""
    if not _asked_for(headers):
        raise RequestError(
            RequestCode.BAD_REQUEST, "A GET needs one of the headers Apollo-Require-Preflight or Authorization."
        )
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise RequestError(RequestCode.BAD_REQUEST, "The query string is not URL-encoded UTF-8.") from None
    payload: dict[str, Any] = {}
    for name, value in pairs:
        if name in payload:
            raise RequestError(RequestCode.BAD_REQUEST, f"The parameter {name} comes twice.")
        payload[name] = value
        if name in ("variables", "extensions"):
            try:
                payload[name] = orjson.loads(value) if value else None
            except orjson.JSONDecodeError:
                raise RequestError(RequestCode.BAD_REQUEST, f"The parameter {name} is not JSON.") from None
    refuse_nul(payload)
    return Parameters.of(payload)


def _asked_for(headers: Headers) -> bool:
    if b"authorization" in headers or not PREFLIGHT_HEADERS.isdisjoint(headers):
        return True
    # Browsers say how a request came about: a link, an image or a script sends "navigate" or "no-cors".
    if (mode := headers.get(b"sec-fetch-mode")) is not None:
        return mode in (b"cors", b"same-origin")
    return b"application/" in headers.get(b"accept", b"")


async def _respond(
    send: Send, status: int, media_type: bytes, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    fixed = [
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept, Accept-Language, Authorization"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": fixed + headers if headers else fixed})
    await send({"type": "http.response.body", "body": body})
