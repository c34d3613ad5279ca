"""What wraps every request: its id, one log line, and a last net under everything that goes wrong."""

import os
import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.faults import internal

log = structlog.get_logger("anju.access")

_SANE = re.compile(rb"[A-Za-z0-9._:-]{8,128}")
"""A request id that a client or proxy may bring along: nothing that could break a log line or a header."""

SLOW_SECONDS = 1.0
"""From this time on a good request is worth a line in the log."""

FILES = "/files/"
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


def request_id(headers: list[tuple[bytes, bytes]]) -> str:
    """The client's ``X-Request-Id`` if it is sane, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _SANE.fullmatch(value):
            return value.decode("ascii")
    return os.urandom(16).hex()


class RequestIds:
    """Gives each request an id (``scope["state"]["request_id"]``), echoes it, logs the answer and catches the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        identity = request_id(scope["headers"])
        # A dict of its own: what the server hands over may be shared between requests.
        scope["state"] = {**scope.get("state", {}), "request_id": identity}
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        header = (b"x-request-id", identity.encode())
        status = 0

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        try:
            await self.app(scope, receive, with_id)
        except Exception as error:  # noqa: BLE001 (the last net: no trace may reach a client)
            failed = internal(error, identity)
            if not status:
                headers = [(b"content-type", b"application/json; charset=utf-8"), (b"cache-control", b"no-store")]
                await with_id(
                    {"type": "http.response.start", "status": failed.status, "headers": headers + failed.headers}
                )
                await with_id({"type": "http.response.body", "body": failed.body})
        finally:
            seconds = time.perf_counter() - started
            if (status >= 400 or seconds > SLOW_SECONDS) and scope["path"] not in QUIET:
                _access(scope, status, identity, seconds)


def shown_path(path: str) -> str:
    """A path as it may stand in a log: what follows ``/files/`` is a token that opens a file."""
    return f"{FILES}…" if path.startswith(FILES) else path


def _access(scope: Scope, status: int, identity: str, seconds: float) -> None:
    # Neither query string nor address: both can hold personal data. What went well is told by the metrics.
    log.info(
        "request",
        method=scope["method"],
        path=shown_path(scope["path"]),
        status=status,
        request_id=identity,
        ms=round(seconds * 1000, 1),
    )


class Express:
    """Takes requests to one path past routing and CORS, unless a browser's page of some origin sends them.

    These layers cost as much as the rest of a small request, and a mobile app's or partner's request passes them unchanged.
    """

    def __init__(self, app: ASGIApp, path: str, endpoint: ASGIApp) -> None:
        self.app = app
        self.path = path
        self.endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == self.path and not _from_a_page(scope):
            await self.endpoint(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _from_a_page(scope: Scope) -> bool:
    for name, _ in scope["headers"]:  # noqa: SIM110 (a generator costs more than the loop)
        if name == b"origin":
            return True
    return False
