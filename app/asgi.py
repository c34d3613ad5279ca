"""The composition root of the web application: pools, engine, hub, routes, middleware."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from app import graphiql
from app.graphql import GraphQLEndpoint
from app.middleware import RequestIds
from app.requests import Service
from app.websocket import WebSocketEndpoint

PREFLIGHT_SECONDS = 600
REQUEST_HEADERS = (
    "Accept-Language",
    "Apollo-Require-Preflight",
    "Authorization",
    "Content-Type",
    "GraphQL-Require-Preflight",
    "X-Acting-As",
    "X-Apollo-Operation-Name",
    "X-Request-Id",
)

Ready = Callable[[], Awaitable[Mapping[str, bool]]]
"""What must work before requests should come, by name."""


def assemble(
    service: Service,
    *,
    ready: Ready,
    routes: Sequence[BaseRoute] = (),
    origins: Sequence[str] = (),
    development: bool = False,
    body_bytes: int = 1_000_000,
    lifespan: Callable[[Starlette], Any] | None = None,
    **transport: Any,
) -> Starlette:
    """The application around a service. ``transport`` sets timings of the GraphQL endpoints (tests shorten them)."""
    http = GraphQLEndpoint(service, body_bytes=body_bytes, **transport.get("http", {}))
    sockets = WebSocketEndpoint(service, origins=frozenset(origins), **transport.get("websocket", {}))

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if lifespan is not None:
                await stack.enter_async_context(lifespan(app))
            stack.push_async_callback(sockets.close_all)
            yield

    async def metrics(_: Request) -> Response:
        service.metrics.under_way.set(service.gate.under_way)
        service.metrics.documents.set(len(service.documents))
        return Response(service.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def ask_ready(_: Request) -> Response:
        found = await ready()
        return _json({"ready": all(found.values()), **found}, 200 if all(found.values()) else 503)

    own: list[BaseRoute] = [
        Route("/graphql", http),
        WebSocketRoute("/graphql", sockets),
        Route("/healthz", _healthy),
        Route("/readyz", ask_ready),
        Route("/metrics", metrics),
    ]
    if development:
        own.append(Route("/graphiql", _graphiql))
    cross_origin = Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PUT"],
        allow_headers=list(REQUEST_HEADERS),
        expose_headers=["Retry-After", "X-Request-Id"],
        max_age=PREFLIGHT_SECONDS,
    )
    app = Starlette(routes=[*own, *routes], middleware=[Middleware(RequestIds), cross_origin], lifespan=running)
    app.state.service = service
    return app


async def _healthy(_: Request) -> Response:
    return _json({"alive": True}, 200)


async def _graphiql(_: Request) -> Response:
    return HTMLResponse(graphiql.page())


def _json(content: Mapping[str, bool], status: int) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def read_manifest(path: Path | None) -> dict[str, str]:
    """The trusted documents: JSON, SHA-256 → text."""
    return {} if path is None else dict(orjson.loads(path.read_bytes()))
