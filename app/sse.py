"""GraphQL over server-sent events, the distinct-connections mode of the ``graphql-sse`` protocol.

One request, one operation: ``next`` events carry complete response bodies, ``complete`` ends the stream. A comment is
sent whenever nothing else was for a while, so that proxies keep the connection and a vanished client is noticed.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Protocol

from starlette.types import Receive, Send

from app.actors import unauthenticated
from app.negotiation import EVENT_STREAM
from app.requests import Service
from schema.documents import RequestContext
from schema.faults import RequestError, internal


class Write(Protocol):
    """Sends a piece of the body."""

    async def __call__(self, chunk: bytes, *, more: bool = True) -> None: ...


COMPLETE = b"event: complete\ndata:\n\n"
COMMENT = b":\n\n"


async def once(body: bytes) -> AsyncGenerator[bytes]:
    """The stream of a query or a mutation: its one answer."""
    yield body


async def stream(
    bodies: AsyncGenerator[bytes],
    service: Service,
    context: RequestContext,
    receive: Receive,
    send: Send,
    *,
    keepalive: float,
) -> None:
    """Send bodies until they end, the token does, or the client goes away. ``keepalive`` is in seconds."""
    headers = [(b"content-type", EVENT_STREAM), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(chunk: bytes, *, more: bool = True) -> None:
        await send({"type": "http.response.body", "body": chunk, "more_body": more})

    await write(COMMENT)  # some clients wait for the first byte of the body
    sending = asyncio.create_task(_pump(bodies, context, write, keepalive))
    leaving = asyncio.create_task(_left(receive))
    expiring = asyncio.create_task(service.until_worthless(context))
    stopping = asyncio.create_task(service.stopping.wait())
    tasks = (sending, leaving, expiring, stopping)
    with service.connected():
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            over, expired = sending.done() or leaving.done(), expiring.done()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await bodies.aclose()
        if expired and not over:
            await write(_event(unauthenticated("The token is wrong, expired or revoked.").body))
            await write(COMPLETE, more=False)
        elif not over:
            # No "complete": to the client this is a broken connection, which it makes anew.
            await write(b"", more=False)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pump(bodies: AsyncGenerator[bytes], context: RequestContext, write: Write, keepalive: float) -> None:
    try:
        async for body in quietly(bodies, keepalive):
            await write(COMMENT if body is None else _event(body))
    except RequestError as error:
        await write(_event(error.body))
    except Exception as error:  # noqa: BLE001 (the stream has begun: the fault can only be told in it)
        await write(_event(internal(error, context.request_id).body))
    await write(COMPLETE, more=False)


async def quietly(bodies: AsyncGenerator[bytes], seconds: float) -> AsyncGenerator[bytes | None]:
    """The bodies, and ``None`` whenever none came for so many seconds."""
    coming = asyncio.ensure_future(anext(bodies, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=seconds)
            if not coming.done():
                yield None
            elif (body := coming.result()) is None:
                return
            else:
                coming = asyncio.ensure_future(anext(bodies, None))
                yield body
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def _event(body: bytes) -> bytes:
    # JSON in one line: no body holds a raw line break.
    return b"event: next\ndata: " + body + b"\n\n"
