"""The composition root of the web application: pools, engine, hub, routes, middleware."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import psycopg
from graphql import GraphQLSchema
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from app import graphiql, pay_notices, receipt_pages, signin, wechat
from app.actors import StoredActors
from app.admission import Gate
from app.authorize import Authorize
from app.database import ReadPool, command_engine, read_pool, session_options, without_driver
from app.devices import Devices
from app.files import Files, open_store
from app.files import routes as file_routes
from app.forms import FormTokens
from app.graphql import GraphQLEndpoint
from app.invoice_gateway import provide_invoices
from app.lines import read_lines
from app.manifests import all_manifests, load_from
from app.middleware import Express, RequestIds
from app.pay_services import provide_services
from app.quotas import Quotas
from app.reauthentication import Reauthentication
from app.requests import Service
from app.settings import Settings
from app.sso_providers import Provider, read_providers
from app.subscriptions import Hub
from app.texts import speak_up
from app.websocket import WebSocketEndpoint
from app.wechat_double import WeChatDouble
from auth.file_tokens import FileTokens
from auth.oauth.endpoints import Endpoints, Issuer, issuer_of
from auth.oauth.issuing import Lifetimes
from auth.oauth.server import Means
from models.sealed import Vault
from schema.api import graphql_schema
from schema.documents import Documents
from schema.engine.declare import Listing, declaration_of
from schema.engine.execute import Executor
from schema.persisted import Persisted

READ_BY_ID = frozenset({"node", "nodes"})
PREFLIGHT_SECONDS = 600
READY_SECONDS = 2
REQUEST_HEADERS = (
    "Accept-Language",
    "Apollo-Require-Preflight",
    "Authorization",
    "Content-Type",
    "GraphQL-Require-Preflight",
    "X-Acting-As",
    "X-Apollo-Operation-Name",
    "X-Device-Id",
    "X-Device-Name",
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
            yield
            await service.part()

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
    middleware = [Middleware(RequestIds), Middleware(Express, "/graphql", http), cross_origin]
    app = Starlette(routes=[*own, *routes], middleware=middleware, lifespan=running)
    app.state.service = service
    return app


async def _healthy(_: Request) -> Response:
    return _json({"alive": True}, 200)


async def _graphiql(_: Request) -> Response:
    return HTMLResponse(graphiql.page())


def _json(content: Mapping[str, bool], status: int) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def create_app(settings: Settings) -> Starlette:
    """The whole application of one server process. Pools connect when it starts and close when it stops."""
    longest = f"{settings.statement_seconds * 1000:.0f}"
    pool = read_pool(settings.database, minimum=1, maximum=2, statement_timeout=longest)
    lines = read_lines(settings.database, maximum=settings.read_connections, statement_timeout=longest)
    engine = command_engine(settings.database, size=settings.command_connections, overflow=0, statement_timeout=longest)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    vault = settings.keys.vault()
    hub = Hub(without_driver(settings.database), options=session_options())
    speak_up()
    schema = graphql_schema()
    devices = Devices(sessions)
    actors = StoredActors(pool, lines)
    quotas = Quotas.of(settings, lines, vault)
    documents = Documents(schema)
    persisted = Persisted(documents, load_from(sessions))
    service = Service(
        documents,
        Executor(schema, lines, sessions, vault, settings),
        actors,
        gate=Gate(
            capacity=settings.max_concurrency,
            reserved=settings.payment_slots,
            per_caller=settings.max_concurrency - settings.payment_slots,
        ),
        events=hub,
        seconds=settings.request_seconds,
        public_introspection=settings.development,
        proxy=settings.proxy,
        devices=devices,
        unverified=told_roots(schema),
        quotas=quotas,
        persisted=persisted,
    )

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        await pool.open(wait=True)
        await lines.open()
        async for client_id, manifest in all_manifests(sessions):
            persisted.trust(client_id, manifest)
        await hub.start()
        quotas.start()
        try:
            yield
        finally:
            await devices.settle()
            await quotas.stop()
            await hub.stop()
            await lines.close()
            await pool.close()
            await engine.dispose()

    async def ready() -> dict[str, bool]:
        return {"database": await _answers(pool), "events": hub.listening}

    files = Files(open_store(settings.files_url), FileTokens(settings.keys.key("file links")), sessions)
    issuer = issuer_of(None if settings.development and settings.public_url is None else settings.url)
    means = Means(vault, lifetimes(settings), wechat.programs(settings))
    phones = signin.Phones(sessions, vault, signin.sender(settings), settings.proxy, settings.lockouts)
    providers = read_providers(settings.sso)
    forms = FormTokens(settings.keys.key("sign-in pages"))
    return assemble(
        service,
        ready=ready,
        routes=[
            *signin.SignIn(settings, phones).routes(),
            *Reauthentication(phones, actors).routes(),
            *Endpoints(sessions, means, issuer, settings.proxy, settings.lockouts).routes(),
            *Authorize(sessions, means, issuer, phones, forms, providers).routes(),
            *_county_sign_in(settings, sessions, vault, issuer, providers),
            *file_routes(files),
            *receipt_pages.routes(sessions),
            *([WeChatDouble().mount()] if settings.development and not settings.wechat_secrets else []),
            *_payments(settings, sessions),
            *_invoices(settings),
        ],
        origins=settings.cors_origins,
        development=settings.development,
        body_bytes=settings.max_body_bytes,
        lifespan=running,
    )


def _payments(settings: Settings, sessions: async_sessionmaker[AsyncSession]) -> list[BaseRoute]:
    """Where payment services send their notices; in development the double besides."""
    if not provide_services(settings):
        return []
    from app.wechat_pay_double import DoubleKeys, WeChatPayDouble

    doubled = settings.wechat_pay is None
    double = [WeChatPayDouble(lambda: DoubleKeys.kept(settings.data)).mount()] if doubled else []
    return [*pay_notices.routes(sessions), *double]


def _invoices(settings: Settings) -> list[BaseRoute]:
    """In development, the double of an invoice gateway."""
    if not provide_invoices(settings) or settings.invoice_gateway is not None:
        return []
    from app.invoice_double import InvoiceDouble
    from app.invoice_gateway import double_secret

    return [InvoiceDouble(double_secret(settings)).route()]


def _county_sign_in(
    settings: Settings,
    sessions: async_sessionmaker[AsyncSession],
    vault: Vault,
    issuer: Issuer,
    providers: Mapping[str, Provider],
) -> list[Route]:
    if not providers:
        return []
    from app.sso import CountySignIn  # loads Authlib's client, which most deployments do without

    secure = settings.url.startswith("https:")
    key = settings.keys.key("counties' sign-in")
    return CountySignIn(sessions, vault, issuer, providers, key, secure, settings.proxy, settings.lockouts).routes()


def told_roots(schema: GraphQLSchema) -> frozenset[str]:
    """The queries whose answers Python makes: unlike the compiled ones they do not check by themselves that the caller's
    token and grants still hold, so an actor kept from an earlier request must be checked before."""
    names = schema.query_type.fields if schema.query_type else {}
    return frozenset(name for name in names if not isinstance(declaration_of("Query", name), Listing)) - READ_BY_ID


def lifetimes(settings: Settings) -> Lifetimes:
    """How long tokens hold, as it is set."""
    return Lifetimes(
        person=timedelta(minutes=settings.person_token_minutes),
        partner=timedelta(minutes=settings.partner_token_minutes),
        session=timedelta(days=settings.session_days),
    )


async def _answers(pool: ReadPool) -> bool:
    try:
        async with asyncio.timeout(READY_SECONDS), pool.connection() as connection:
            await connection.execute("SELECT 1")
    except (TimeoutError, psycopg.Error):
        return False
    return True
