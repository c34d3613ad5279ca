"""``anju serve``: the database, the server, the worker and the demo job, started together and stopped together.

The server's processes are Granian's children; the worker has a thread of the parent, so that no job delays a request.
The demo is loaded by a process of its own.
"""

import asyncio
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import structlog
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import logs
from app.database import command_engine, embedded_folder, opened, without_driver
from app.guard import keep_running, kept_running
from app.settings import Settings, load
from domain import profiles

log = structlog.get_logger(__name__)

DEMO_ROLES = (
    "resident", "resident2", "committee", "company", "leader", "community", "township", "bureau", "price", "market",
    "bank", "court",
)  # fmt: skip
DEMO_BOTH = "370303-both"
"""A resident here and company staff there."""

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C stopped."""

STOP_SECONDS = 25
"""How long requests and jobs under way may take to end before they are cut off."""


class PortTakenError(Exception):
    """Somebody else listens where Anju should."""


def demo_logins() -> list[str]:
    """Every login that the demo makes."""
    return [f"{county}-{role}" for county in profiles.COUNTIES for role in DEMO_ROLES] + [DEMO_BOTH]


def serve(settings: Settings, *, demo: bool = False) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises what keeps it from starting; stops everything it started in any case.

    The caller has turned garbage collection off; it is on again as soon as everything is loaded.
    """
    _check_port(settings)
    _ = settings.keys  # a deployment without its keys fails here and not at the first request
    # The application takes longest to load; meanwhile the database starts.
    loading_application = threading.Thread(target=_load_application, daemon=True)
    if _forks(settings):
        loading_application.start()
    with opened(settings, up_to_date=True) as ready, _exported(ready):
        wanting_demo = demo and not demo_is_loaded(ready)
        if _forks(settings):
            loading_application.join()
        _serve(ready, loading=wanting_demo, embedded=embedded_folder(settings))


def _forks(settings: Settings) -> bool:
    """Whether server processes go on with what is loaded here, or start afresh.

    Production's start afresh, since one that died is replaced while the worker's thread runs. Development forks once,
    before there is such a thread, and so loads the application once.
    """
    return settings.development and sys.platform == "linux"


def _load_application() -> None:
    import app.asgi  # noqa: F401 (its import takes most of a start)
    from schema.api import graphql_schema

    graphql_schema()


class _Server(Granian):  # type: ignore[misc,valid-type]
    """Granian that calls ``beside`` when its processes are there: a fork amid threads may inherit a lock for ever."""

    beside: Callable[[], None]

    def _spawn_workers(self, *arguments: Any) -> None:
        super()._spawn_workers(*arguments)
        self.beside()


def _serve(settings: Settings, *, loading: bool, embedded: Path | None) -> None:
    multiprocessing.set_start_method("fork" if _forks(settings) else "spawn", force=True)
    server = _Server(
        "app.serve:application",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=64 * 1024),
        workers=settings.workers,
        backlog=settings.backlog,
        respawn_failed_workers=not settings.development,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
    )
    beside = _Beside(settings, loading, embedded)
    server.on_startup(_keep_what_is_loaded)
    server.beside = beside.start
    try:
        server.serve()
    finally:
        beside.stop()
    if beside.error is not None:
        raise beside.error


def demo_is_loaded(settings: Settings) -> bool:
    """Whether every demo login is there: accounts, and the partners' clients."""
    logins = demo_logins()
    with psycopg.connect(without_driver(settings.database)) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM account WHERE login = ANY (%(logins)s))"
            " + (SELECT count(*) FROM oauth_client WHERE client_id = ANY (%(logins)s))",
            {"logins": logins},
        ).fetchone()
    return found == (len(logins),)


def banner(settings: Settings, *, demo: bool) -> str:
    """What the terminal shows when the server answers."""
    lines = [f"Anju answers at   {settings.url}/graphql"]
    if settings.development:
        lines.append(f"GraphiQL page     {settings.url}/graphiql")
    lines.append(f"Health            {settings.url}/healthz  {settings.url}/readyz")
    if demo and settings.development:
        lines += ["", "Demo logins (<county>-<role>):", *_login_table(), "", "A first query:", *_first_query(settings)]
    lines += ["", "Ctrl-C stops the server and its database; the data stays."]
    return "\n".join(lines)


def _login_table() -> Iterator[str]:
    from datetime import date

    names = {county: profiles.profile(county, date.today()).name for county in profiles.COUNTIES}  # noqa: DTZ011
    half = len(DEMO_ROLES) // 2
    for county, name in names.items():
        yield f"  {county} {name}   {'  '.join(f'{county}-{role}' for role in DEMO_ROLES[:half])}"
        yield f"  {'':6} {'　' * len(name)}   {'  '.join(f'{county}-{role}' for role in DEMO_ROLES[half:])}"
    yield f"  {DEMO_BOTH}: a resident there and company staff in another county"


def _first_query(settings: Settings) -> Iterator[str]:
    sign_in = (
        f"curl -s {settings.url}/dev/login -H 'content-type: application/json' -d '{{\"login\":\"370303-bureau\"}}'"
    )
    pick = 'sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\''
    query = '{"query":"{ viewer { displayName } estates(first: 3) { nodes { name } } }"}'
    yield f"  TOKEN=$({sign_in} | {pick})"
    yield f"  curl -s {settings.url}/graphql -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\"
    yield f"    -d '{query}'"


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            place = f"{settings.host}:{settings.port}"
            raise PortTakenError(f"cannot listen on {place} ({error.strerror}); choose another with --port") from error


@contextmanager
def _exported(settings: Settings) -> Iterator[None]:
    """Children (server processes, the demo job) read the same settings, with the database that was started for them."""
    given = {
        "DATABASE_URL": settings.database,
        "ANJU_HOST": settings.host,
        "ANJU_PORT": str(settings.port),
        "ANJU_WORKERS": str(settings.workers),
    }
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def work_alone(settings: Settings, embedded: Path | None) -> None:
    """``anju worker``: work on jobs until Ctrl-C or SIGTERM, and look after the ``embedded`` server of a data folder."""
    working = asyncio.current_task()
    assert working is not None  # noqa: S101 (coroutines of this application run in tasks)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    with suppress(asyncio.CancelledError):
        async with kept_running(embedded):
            await work(settings)


async def work(settings: Settings) -> None:
    """Work on jobs until cancelled."""
    import schema.api  # noqa: F401 — registers every job's handler
    from app import worker
    from app.files import open_store
    from app.invoice_gateway import provide_invoices
    from app.lines import read_lines
    from app.pay_services import provide_services
    from app.register_job import StoreCarrier
    from app.signin import sender
    from app.texts import speak_up
    from resolvers import codes
    from resolvers.carriers import provide

    engine = command_engine(settings.database, size=settings.job_concurrency + 1)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    workshop = worker.Workshop(sessions, profiles.counties, settings.keys.vault(), open_store(settings.files_url))
    lines = read_lines(settings.database, maximum=settings.job_concurrency)
    speak_up()
    provide(StoreCarrier(open_store(settings.files_url), sessions, lines, settings.url))
    codes.provide(sender(settings))
    provide_services(settings)
    provide_invoices(settings)
    try:
        app = worker.build(settings.database, workshop)
        await worker.run(app, concurrency=settings.job_concurrency)
    finally:
        await lines.close()
        await engine.dispose()


def application() -> Any:
    """The ASGI application of one server process, as Granian's child makes it from the exported settings."""
    gc.disable()
    from app.asgi import create_app
    from app.farewell import before_stopping

    settings = load()
    logs.configure(settings)
    made = create_app(settings)
    before_stopping(made.state.service.part)
    _keep_what_is_loaded()
    return made


def _keep_what_is_loaded() -> None:
    """What is loaded by now is no garbage: leaving it alone keeps its pages shared with forked children."""
    gc.freeze()
    gc.enable()


class _Beside:
    """The event loop beside the server: a thread of the parent with the worker, the demo job and the banner.

    It also looks after the embedded PostgreSQL of the data folder, where there is one.
    """

    def __init__(self, settings: Settings, loading: bool, embedded: Path | None) -> None:
        self._settings, self._loading, self._embedded = settings, loading, embedded
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="beside", daemon=True)
        self._task: asyncio.Task[None] | None = None
        self.error: Exception | None = None
        """What ended the work before its time."""

    def start(self) -> None:
        """Begin; once is enough."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """Let what is under way end; returns when it has, or when its time is up."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._cancel)
            self._thread.join(STOP_SECONDS)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner, suppress(asyncio.CancelledError):
            try:
                runner.run(self._work())
            except Exception as error:
                # The jobs' end is the deployment's end: a supervisor restarts it, a person reads why.
                log.exception("worker_failed")
                self.error = error
                os.kill(os.getpid(), signal.SIGTERM)

    async def _work(self) -> None:
        self._task = asyncio.current_task()
        async with asyncio.TaskGroup() as group:
            await self._announce()
            if self._embedded is not None:
                group.create_task(keep_running(self._embedded))
            if self._loading:
                group.create_task(_load_demo())
            if self._settings.jobs:
                group.create_task(work(self._settings))

    async def _announce(self) -> None:
        await _answers(self._settings)
        demo = self._loading or demo_is_loaded(self._settings)
        sys.stdout.write(banner(self._settings, demo=demo) + "\n")
        sys.stdout.flush()


async def _answers(settings: Settings) -> None:
    """Return when a server process answers. The parent listens from the start, so a connection alone says nothing."""
    while True:
        with suppress(OSError, asyncio.TimeoutError):
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection(settings.host, settings.port)
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                status = await reader.readline()
                writer.close()
                if status.startswith(b"HTTP/1.1 "):
                    return
        await asyncio.sleep(0.05)


async def _load_demo() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "app.cli", "demo")
    try:
        code = await process.wait()
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()  # the database goes next
    if code not in (0, INTERRUPTED):
        log.error("demo_failed", exit_code=code, hint="the line above says why; the server goes on")
