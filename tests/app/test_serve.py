"""``anju serve`` as a newcomer runs it: it answers, says where, stops cleanly, and starts again on the same data.

What a start finds after a kill is shown by ``tests/faults``.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app import postgres
from app.serve import banner, demo_logins
from app.settings import load

PATIENCE = 120
"""Seconds until a start counts as failed; how long it takes is shown by the bench, not here."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="anju-") as name:
        Path(name).chmod(0o711)
        yield Path(name)
        postgres.start(Path(name)).stop()


class Serving:
    """A running ``anju serve`` and what it printed."""

    def __init__(self, folder: Path, *options: str, program: tuple[str, str] = ("-m", "app.cli")) -> None:
        self.port = _free_port()
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.process = subprocess.Popen(
            [sys.executable, *program, "serve", "--port", str(self.port), *options],
            env={**environment, "ANJU_DATA": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def fetch(self, path: str) -> tuple[int, bytes]:
        """GET, again until the server answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, self.process.communicate()[0]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                    return answer.status, answer.read()
            except OSError:
                assert time.monotonic() < deadline, f"{path} is not answered"
                time.sleep(0.1)

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C in the terminal, once everything is said: the whole foreground group gets the signal."""
        assert self.process.stdout
        said = ""
        while "Ctrl-C stops" not in said and (line := self.process.stdout.readline()):
            said += line
        os.killpg(self.process.pid, signal.SIGINT)
        output, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said + output

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


Start = Callable[..., Serving]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start a server on the module's data folder; what a failed test leaves running is killed."""
    started: list[Serving] = []

    def begin(*options: str, **how: Any) -> Serving:
        started.append(Serving(folder, *options, **how))
        return started[-1]

    yield begin
    for serving in started:
        if serving.process.poll() is None:
            serving.kill()


def test_it_answers_says_where_and_ctrl_c_stops_everything(folder: Path, start: Start) -> None:
    serving = start()
    assert serving.fetch("/healthz")[0] == 200
    assert serving.fetch("/readyz")[0] == 200
    code, output = serving.interrupt()
    assert code == 0, output
    assert f"http://127.0.0.1:{serving.port}/graphql" in output
    assert f"http://127.0.0.1:{serving.port}/graphiql" in output
    assert "Traceback" not in output
    assert not (folder / "postgres" / "postmaster.pid").exists()


def _of_group(group: int, *words: str) -> list[int]:
    """The processes of a group whose command has these words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):  # it may have ended meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text().split("\0")
            if int(fields[2]) == group and fields[0] != "Z" and set(words) <= set(command):
                found.append(int(folder.name))
    return found


def test_the_demo_is_loaded_beside_a_server_that_answers_and_stops_with_it(folder: Path, start: Start) -> None:
    serving = start("--demo")
    assert serving.fetch("/readyz")[0] == 200
    deadline = time.monotonic() + PATIENCE
    while not _of_group(serving.process.pid, "app.cli", "demo"):
        assert time.monotonic() < deadline, "the demo is not loaded"
        time.sleep(0.1)
    code, output = serving.interrupt()
    assert code == 0, output
    assert all(login in output for login in demo_logins())
    assert _of_group(serving.process.pid) == []
    assert not (folder / "postgres" / "postmaster.pid").exists()


SAYING_WHAT_IS_LOADED = """
import os, signal, sys
from app import cli, serve
from schema import api

def said(who, *names):
    loaded = [name for name in names if name in sys.modules]
    sys.stdout.write(f"{who}: {' '.join(loaded)}; schemas {api.schema.cache_info().currsize}\\n")
    sys.stdout.flush()

make = serve.application
def application():
    said("server process", "app.asgi")
    return make()
serve.application = application

async def work(settings, **options):
    said("parent", "alembic", "migrations.env", "app.demo", "pypinyin.phrases_dict")
    os.kill(os.getpid(), signal.SIGTERM)
serve.work = work
cli.main()
"""


def test_a_second_start_migrates_nothing_and_loads_the_application_once(folder: Path, start: Start) -> None:
    """What a start may cost follows from what it does: see docs/performance.md. SIGTERM ends it like Ctrl-C."""
    first = start()
    first.fetch("/readyz")
    assert first.interrupt()[0] == 0
    serving = start(program=("-c", SAYING_WHAT_IS_LOADED))
    output, _ = serving.process.communicate(timeout=PATIENCE)
    assert serving.process.returncode == 0, output
    assert "server process: app.asgi; schemas 1\n" in output
    assert re.search(r"^parent: ; schemas 1$", output, re.MULTILINE), output
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_several_processes_serve_and_stop_alike(folder: Path, start: Start) -> None:
    serving = start("--workers", "2")
    assert serving.fetch("/readyz")[0] == 200
    code, output = serving.interrupt()
    assert code == 0, output
    assert not (folder / "postgres" / "postmaster.pid").exists()


BROKEN = """
from app import cli, serve
async def work(settings, **options):
    raise RuntimeError("no jobs today")
serve.work = work
cli.main()
"""


def test_a_worker_that_fails_ends_the_deployment_with_its_reason(folder: Path, start: Start) -> None:
    """A server that works on no jobs would let deadlines pass unseen."""
    serving = start(program=("-c", BROKEN))
    output, _ = serving.process.communicate(timeout=PATIENCE)
    assert serving.process.returncode == 70
    assert "no jobs today" in output
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_a_port_that_is_taken_is_said_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = subprocess.run(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
            env={**os.environ, "ANJU_DATA": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.returncode == 3
    assert re.fullmatch(
        rf"anju: cannot listen on 127\.0\.0\.1:{port} \(.*\); choose another with --port\n", answer.stderr
    )


def test_the_banner_shows_every_demo_login_and_a_first_query() -> None:
    shown = banner(load(), demo=True)
    assert len(demo_logins()) == 61
    assert all(login in shown for login in demo_logins())
    assert "curl -s http://127.0.0.1:8000/dev/login" in shown


def test_production_shows_neither_graphiql_nor_logins() -> None:
    shown = banner(load(environment="production"), demo=True)
    assert "graphiql" not in shown.lower()
    assert "370303-bureau" not in shown
