"""Talks ASGI by hand, where httpx's transport cannot: streams that go on, sockets, a client that hangs up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import orjson
from starlette.types import ASGIApp

PATIENCE = 5.0
"""Seconds after which a test that waits for something has failed."""


async def until(condition: Callable[[], bool]) -> None:
    """Return once something that the application does by itself has happened."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (nothing announces it)
            await asyncio.sleep(0.001)


class Exchange:
    """One scope under way: what the application sends, and what it is told."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task = asyncio.ensure_future(app(scope, self._to_app.get, self._from_app.put))  # type: ignore[arg-type]

    def tell(self, **message: Any) -> None:
        """An event for the application."""
        self._to_app.put_nowait(message)

    async def hear(self) -> dict[str, Any]:
        """The next event from the application."""
        async with asyncio.timeout(PATIENCE):
            return await self._from_app.get()

    async def ended(self) -> None:
        """Return when the application has."""
        async with asyncio.timeout(PATIENCE):
            await self.task


def _scope(kind: str, headers: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "http_version": "1.1",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "client": ("127.0.0.1", 5000),
        "headers": [(name.encode(), value.encode()) for name, value in {"host": "testserver", **headers}.items()],
        **more,
    }


class Socket(Exchange):
    """A WebSocket client of ``/graphql``."""

    def __init__(
        self,
        app: ASGIApp,
        headers: dict[str, str] | None = None,
        protocols: tuple[str, ...] = ("graphql-transport-ws",),
    ) -> None:
        super().__init__(app, _scope("websocket", headers or {}, scheme="ws", subprotocols=list(protocols)))
        self.tell(type="websocket.connect")

    def send(self, message: Any) -> None:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        self.tell(type="websocket.receive", text=text)

    async def message(self) -> Any:
        """The next message; a close is a failure."""
        event = await self.hear()
        assert event["type"] == "websocket.send", event
        return orjson.loads(event["text"])

    async def close(self) -> tuple[int, str]:
        """The code and reason of the close, which must come next."""
        event = await self.hear()
        assert event["type"] == "websocket.close", event
        await self.ended()
        return event["code"], event["reason"]

    def leave(self) -> None:
        """The client hangs up."""
        self.tell(type="websocket.disconnect", code=1001)

    async def greeted(self, **payload: str) -> Self:
        """The socket after its handshake."""
        assert await self.hear() == {"type": "websocket.accept", "subprotocol": "graphql-transport-ws"}
        self.send({"type": "connection_init", "payload": payload})
        assert await self.message() == {"type": "connection_ack"}
        return self

    def subscribe(self, identity: str, query: str, **variables: Any) -> None:
        self.send({"id": identity, "type": "subscribe", "payload": {"query": query, "variables": variables}})


class Stream(Exchange):
    """A POST whose answer is read piece by piece."""

    def __init__(self, app: ASGIApp, query: str, **headers: str) -> None:
        given = {"content-type": "application/json", "accept": "text/event-stream", **headers}
        super().__init__(app, _scope("http", given, scheme="http", method="POST"))
        self.tell(type="http.request", body=orjson.dumps({"query": query}), more_body=False)

    async def piece(self) -> bytes:
        """The next piece of the body."""
        event = await self.hear()
        assert event["type"] == "http.response.body", event
        return bytes(event["body"])

    def leave(self) -> None:
        """The client hangs up."""
        self.tell(type="http.disconnect")


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[None]:
    """The application between its start and its stop."""
    async with app.router.lifespan_context(app):
        yield
