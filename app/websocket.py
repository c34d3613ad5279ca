"""The ``graphql-transport-ws`` protocol: many operations over one WebSocket.

The token comes in ``connection_init`` (``{"authorization": "Bearer …", "actingAs": "…", "acceptLanguage": "…"}``),
because browsers cannot set headers here. Close codes are the protocol's: 4400 bad message, 4401 subscribed before the
handshake, 4403 token refused or no longer good (a client fetches a new one and comes back), 4406 subprotocol, 4408 no
handshake in time, 4409 operation id in use, 4429 second handshake; 1001 when the server stops, 1013 when it is full.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from app.actors import bearer
from app.devices import device_name
from app.negotiation import locale
from app.requests import Parameters, Service, acting_as, refuse_nul
from auth.proxy import client_address, client_certificate
from schema.documents import RequestContext
from schema.faults import RequestCode, RequestError, internal

SUBPROTOCOL = "graphql-transport-ws"


class CloseSocket(Exception):  # noqa: N818 (an instruction, no error)
    """End the connection with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


BAD_MESSAGE = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
SUBPROTOCOL_NOT_ACCEPTABLE = 4406
HANDSHAKE_TIMEOUT = 4408
OPERATION_EXISTS = 4409
TOO_MANY_HANDSHAKES = 4429
GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013


class WebSocketEndpoint:
    """The WebSocket side of ``/graphql``. ``origins`` may connect from browsers, besides the server's own."""

    def __init__(
        self,
        service: Service,
        *,
        origins: frozenset[str] = frozenset(),
        handshake_seconds: float = 10.0,
        keepalive: float = 25.0,
        operations: int = 50,
        message_bytes: int = 1_000_000,
    ) -> None:
        self.service = service
        self.origins = origins
        self.handshake_seconds = handshake_seconds
        self.keepalive = keepalive
        self.operations = operations
        self.message_bytes = message_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        headers = dict(scope["headers"])
        if not self._welcome(headers):
            await send({"type": "websocket.close", "code": FORBIDDEN, "reason": "Forbidden"})
            return
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.accept"})
            await send(_close(SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable"))
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        if self.service.connections_full:
            await send(_close(TRY_AGAIN_LATER, "Try again later"))
            return
        context = RequestContext(
            request_id=scope.get("state", {}).get("request_id", ""),
            locale=locale(headers.get(b"accept-language", b"")),
            client_ip=client_address(scope, self.service.proxy),
            device=device_name(headers),
            certificate=client_certificate(scope, self.service.proxy),
            events=self.service.events,
        )
        connection = Connection(self, context, receive, send)
        with self.service.connected():
            await connection.serve()

    def _welcome(self, headers: Mapping[bytes, bytes]) -> bool:
        origin = headers.get(b"origin")
        if origin is None or origin.decode("latin-1") in self.origins or "*" in self.origins:
            return True
        return origin.partition(b"://")[2] == headers.get(b"host")


class Connection:
    """One socket. ``serve`` reads; every operation writes from its own task, one whole message at a time."""

    def __init__(self, endpoint: WebSocketEndpoint, context: RequestContext, receive: Receive, send: Send) -> None:
        self.endpoint = endpoint
        self.service = endpoint.service
        self.context = context
        self._receive = receive
        self._send = send
        self._ended: asyncio.Future[CloseSocket | None] = asyncio.get_running_loop().create_future()
        self._heard = False
        self._shaking_hands = False
        self._acknowledged = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()

    def stop(self, close: CloseSocket | None) -> None:
        """End the connection; the first reason counts, ``None`` is for a client that left."""
        if not self._ended.done():
            self._ended.set_result(close)

    async def serve(self) -> None:
        """Serve until either side closes."""
        self._start(self._read)
        self._start(self._handshake_timeout)
        self._start(self._server_stop)
        try:
            close = await self._ended
        finally:
            tasks = list(self._background)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if close is not None:
            with suppress(Exception):  # the client may be gone already
                await self._send(_close(close.code, close.reason))

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except CloseSocket as close:
            self.stop(close)
        except Exception as error:  # noqa: BLE001 (one socket's fault must not end in silence)
            internal(error, self.context.request_id)
            self.stop(CloseSocket(4500, "Internal error"))

    async def _read(self) -> None:
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                self.stop(None)
                return
            self._heard = True
            text = event.get("text")
            if text is None or len(text) > self.endpoint.message_bytes:
                raise CloseSocket(BAD_MESSAGE, "Messages must be text of bounded size")
            try:
                message = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise CloseSocket(BAD_MESSAGE, "The message is not JSON") from None
            if not isinstance(message, dict):
                raise CloseSocket(BAD_MESSAGE, "The message is no object")
            await self._take(message)

    async def _take(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                self._shake_hands(message.get("payload"))
            case "ping":
                await self._write("pong", payload=message.get("payload"))
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message.get("id"), message.get("payload"))
            case "complete":
                if (task := self._running.pop(str(message.get("id")), None)) is not None:
                    task.cancel()
            case _:
                raise CloseSocket(BAD_MESSAGE, "Unknown message type")

    async def _handshake_timeout(self) -> None:
        await asyncio.sleep(self.endpoint.handshake_seconds)
        if not self._acknowledged:
            raise CloseSocket(HANDSHAKE_TIMEOUT, "Connection initialisation timeout")

    async def _server_stop(self) -> None:
        await self.service.stopping.wait()
        raise CloseSocket(GOING_AWAY, "Going away")

    def _shake_hands(self, payload: object) -> None:
        if self._shaking_hands:
            raise CloseSocket(TOO_MANY_HANDSHAKES, "Too many initialisation requests")
        self._shaking_hands = True
        # Not awaited: a second handshake must be noticed while the first one asks the database.
        self._start(partial(self._acknowledge, {} if payload is None else payload))

    async def _acknowledge(self, payload: object) -> None:
        if not isinstance(payload, dict):
            raise CloseSocket(BAD_MESSAGE, "The payload of connection_init must be an object")
        told = {name.lower(): value for name, value in payload.items() if isinstance(value, str)}
        try:
            token = bearer(told["authorization"].encode()) if "authorization" in told else None
            self.context.acting_as = acting_as(told.get("actingas"))
            self.context.token = token
            await self.service.actor(self.context, fresh=True)
        except RequestError as error:
            raise CloseSocket(FORBIDDEN, str(error)[:100]) from None
        if "acceptlanguage" in told:
            self.context.locale = locale(told["acceptlanguage"].encode())
        await self._write("connection_ack")
        self._acknowledged = True
        self._start(self._expire)
        self._start(self._keep_alive)

    async def _expire(self) -> None:
        await self.service.until_worthless(self.context)
        raise CloseSocket(FORBIDDEN, "The token or a grant ended")

    async def _keep_alive(self) -> None:
        while True:
            self._heard = False
            await asyncio.sleep(self.endpoint.keepalive)
            if not self._heard:
                await self._write("ping")
                await asyncio.sleep(self.endpoint.keepalive)
                if not self._heard:
                    raise CloseSocket(GOING_AWAY, "No sign of life")

    async def _subscribe(self, operation_id: object, payload: object) -> None:
        if not self._acknowledged:
            raise CloseSocket(UNAUTHORIZED, "Unauthorized")
        if not isinstance(operation_id, str) or not operation_id or not isinstance(payload, dict):
            raise CloseSocket(BAD_MESSAGE, "subscribe needs an id and a payload")
        if operation_id in self._running:
            raise CloseSocket(OPERATION_EXISTS, f"Subscriber for {operation_id[:60]} already exists")
        if len(self._running) >= self.endpoint.operations:
            await self._errors(operation_id, self.service.gate.turned_away(RequestCode.TOO_MANY_REQUESTS))
            return
        task = asyncio.create_task(self._operate(operation_id, payload))
        self._running[operation_id] = task
        self._background.add(task)  # "complete" takes it off the running ones before its end has been awaited
        task.add_done_callback(self._background.discard)

    async def _operate(self, operation_id: str, payload: dict[str, Any]) -> None:
        try:
            await self._run(operation_id, payload)
        except RequestError as error:
            self.service.metrics.failed(error.code)
            await self._errors(operation_id, error)
        except Exception as error:  # noqa: BLE001 (the edge: whatever it is, the client gets one clear answer)
            await self._errors(operation_id, internal(error, self.context.request_id))
        else:
            await self._write("complete", operation_id)
        finally:
            if self._running.get(operation_id) is asyncio.current_task():
                del self._running[operation_id]

    async def _run(self, operation_id: str, payload: dict[str, Any]) -> None:
        refuse_nul(payload)
        parameters = Parameters.of(payload)
        context = replace(self.context)
        document, operation = await self.service.find(parameters, context)
        if operation.kind != "subscription":
            answer = await self.service.run(document, operation, parameters, context)
            if answer.failed:
                raise RequestError.because(RequestCode.BAD_USER_INPUT, orjson.loads(answer.body)["errors"])
            await self._next(operation_id, answer.body)
            return
        bodies = await self.service.open(document, operation, parameters, context)
        try:
            async for body in bodies:
                await self._next(operation_id, body)
        finally:
            await bodies.aclose()

    async def _next(self, operation_id: str, body: bytes) -> None:
        text = f'{{"id":{orjson.dumps(operation_id).decode()},"type":"next","payload":{body.decode()}}}'
        await self._send({"type": "websocket.send", "text": text})

    async def _errors(self, operation_id: str, error: RequestError) -> None:
        await self._write("error", operation_id, error.errors)

    async def _write(self, kind: str, operation_id: str | None = None, payload: Any = None) -> None:
        message = {"id": operation_id, "type": kind, "payload": payload}
        text = orjson.dumps({name: value for name, value in message.items() if value is not None}).decode()
        await self._send({"type": "websocket.send", "text": text})


def _close(code: int, reason: str) -> dict[str, Any]:
    return {"type": "websocket.close", "code": code, "reason": reason}
